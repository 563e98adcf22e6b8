/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a source and of an errand differ in what a source emits, in who
 * makes the instance, and in what lies around the exchange; the exchange itself
 * is handed through.
 */
#include "engine/errand.h"

/* The instance of the source that the pull sees: on the stack of go. */
struct slu_source {
    const struct slu_errand_run *run;
    const struct slu_errand_ops *ops;
    void *errand;
    const struct slu_source_port *pull_port;
    struct slu_errand_port port;
};

/* The pull takes its source's configuration as const, and so this stands
 * between. */
struct errand_config {
    struct slu_source *source;
};

/* ---- the port ---- */

static bool keeps(const struct slu_errand_run *run)
{
    return run->store != NULL && !run->read_only;
}

static enum slu_err put(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value)
{
    const struct slu_source_port *port = ((struct slu_source *)ctx)->pull_port;

    return keeps(((struct slu_source *)ctx)->run)
               ? port->put(port->ctx, unit, key, value)
               : SLU_ERR_OK;
}

static void print_log(void *ctx, enum slu_log_level level, const char *text)
{
    const struct slu_source_port *port = ((struct slu_source *)ctx)->pull_port;

    port->log(port->ctx, level, text);
}

static bool may_send(void *ctx, unsigned lane, unsigned identity)
{
    const struct slu_source_port *port = ((struct slu_source *)ctx)->pull_port;

    return port->may_send(port->ctx, lane, identity);
}

/* ---- the source ---- */

static void tell_access(const void *config,
                        struct slu_source_access *out_access)
{
    const struct slu_source *self =
        ((const struct errand_config *)config)->source;

    *out_access = (struct slu_source_access){
        .lanes = self->ops->lanes != NULL ? self->ops->lanes(self->errand) : 1,
        .aws = true,
    };
}

static enum slu_err create(const struct slu_alloc *alloc, const void *config,
                           const struct slu_source_port *port,
                           struct slu_source **out_source,
                           struct slu_error *out_error)
{
    struct slu_source *self = ((const struct errand_config *)config)->source;

    (void)alloc;
    (void)out_error;
    self->pull_port = port;
    self->port = (struct slu_errand_port){
        .ctx = self,
        .put = put,
        .log = print_log,
        .may_send = may_send,
        .aws_region = port->aws_region,
        .read_only = self->run->read_only,
    };
    *out_source = self;
    return SLU_ERR_OK;
}

static void destroy(struct slu_source *self)
{
    self->pull_port = NULL;
}

static enum slu_err load(struct slu_source *self, struct slu_view key,
                         struct slu_view value)
{
    return self->ops->load == NULL ? SLU_ERR_OK
                                   : self->ops->load(self->errand, key, value);
}

static enum slu_err load_entry(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    return load(ctx, key, value);
}

/* The pull is not told of a store that nothing may be written to; what is in it
 * is read all the same. */
static enum slu_err load_unwritten(struct slu_source *self,
                                   struct slu_error *out_error)
{
    struct slu_store *store = self->run->store;

    return store == NULL || keeps(self->run)
               ? SLU_ERR_OK
               : slu_store_entries_of(store, self->ops->name, load_entry, self,
                                      out_error);
}

static enum slu_err start(struct slu_source *self,
                          const struct slu_checkpoint *found,
                          struct slu_now now, struct slu_error *out_error)
{
    enum slu_err err = load_unwritten(self, out_error);

    (void)found;
    return err != SLU_ERR_OK
               ? err
               : self->ops->start(self->errand, &self->port, now, out_error);
}

static enum slu_turn next_request(struct slu_source *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    *out_request = (struct slu_request){0};
    return self->ops->next_request(self->errand, now, out_request,
                                   out_wait_until_ms);
}

static void on_head(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    self->ops->on_head(self->errand, unit, head);
}

static enum slu_body_verdict
on_body(struct slu_source *self, struct slu_unit *unit, struct slu_view bytes)
{
    return self->ops->on_body(self->errand, unit, bytes);
}

static void on_end(struct slu_source *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    self->ops->on_end(self->errand, unit, end, now, out_step);
}

static void give_up(struct slu_source *self, struct slu_unit *unit,
                    const struct slu_error *error)
{
    self->ops->give_up(self->errand, unit, error);
}

/* Of an errand its owner asks. */
static void tell_result(const struct slu_source *self,
                        struct slu_source_result *out_result)
{
    (void)self;
    *out_result = (struct slu_source_result){0};
}

static struct slu_source_ops make_ops(const struct slu_errand_ops *ops)
{
    return (struct slu_source_ops){
        .name = ops->name,
        .access = tell_access,
        .create = create,
        .destroy = destroy,
        .load = load,
        .start = start,
        .next_request = next_request,
        .on_head = on_head,
        .on_body = on_body,
        .on_end = on_end,
        .give_up = give_up,
        .result = tell_result,
    };
}

enum slu_err slu_errand_go(const struct slu_errand_run *run,
                           const struct slu_errand_ops *ops, void *errand,
                           uint64_t *requests, struct slu_error *out_error)
{
    static const struct slu_options no_callbacks;
    struct slu_source source = {.run = run, .ops = ops, .errand = errand};
    const struct errand_config config = {&source};
    const struct slu_source_ops source_ops = make_ops(ops);
    struct slu_pull_options options = {
        .alloc = run->alloc,
        .http = run->http,
        .limits = run->limits,
        .ops = &source_ops,
        .source_config = &config,
        .store = keeps(run) ? run->store : NULL,
        .logger = run->logger,
        .stop = run->stop,
        .room = run->room,
        .callbacks = &no_callbacks,
        .aws = run->aws,
        .aws_port = run->aws_port,
        .sign_in = run->sign_in,
        .session = run->session,
        .profile = run->profile,
    };
    struct slu_pull_result result;
    enum slu_err err = slu_pull_run(&options, NULL, &result, out_error);

    if (requests != NULL) {
        *requests += result.http.requests;
    }
    return err;
}
