/* SPDX-License-Identifier: Apache-2.0 */
/* Files are read by engine/local_read.h, whose reads behave as transfers do;
 * here they are named and counted. */
#include "bench/replay.h"

#include "engine/local_read.h"

#include <sys/queue.h>
#include <unistd.h>

struct slu_transfer {
    struct slu_http *http;
    LIST_ENTRY(slu_transfer) link;
    struct slu_local_read *read;
    struct slu_http_handler handler;
    void *ctx;
    size_t room; /* of path */
    char path[];
};

struct slu_http {
    const struct slu_alloc *alloc;
    const char *root;
    struct slu_local *local;
    LIST_HEAD(, slu_transfer) running;
    struct slu_http_stats stats;
};

static void free_transfer(struct slu_transfer *transfer)
{
    struct slu_http *http = transfer->http;

    LIST_REMOVE(transfer, link);
    http->stats.in_flight--;
    slu_alloc_put(http->alloc, transfer, sizeof(*transfer) + transfer->room);
}

/* ---- a read's calls, handed through ---- */

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct slu_transfer *transfer = ctx;
    struct slu_http_head answer = *head;

    answer.http_version = 11;
    transfer->http->stats.http_version = 11;
    transfer->handler.on_head(transfer->ctx, &answer);
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct slu_transfer *transfer = ctx;

    transfer->http->stats.wire_bytes += bytes.len;
    transfer->http->stats.body_bytes += bytes.len;
    return transfer->handler.on_body(transfer->ctx, bytes);
}

/* Its place is free before the handler is called, which may start another. */
static void on_end(void *ctx, const struct slu_error *error)
{
    struct slu_transfer *transfer = ctx;
    struct slu_http_handler handler = transfer->handler;
    void *handler_ctx = transfer->ctx;

    free_transfer(transfer);
    handler.on_end(handler_ctx, error);
}

/* ---- the table ---- */

/* "root/a/b?c=d", cut to "root/a/b" when there is no such file. */
static struct slu_transfer *make_transfer(struct slu_http *http,
                                          struct slu_view target)
{
    size_t root_len = strlen(http->root);
    size_t room = root_len + target.len + 1;
    struct slu_transfer *transfer =
        slu_alloc_zero(http->alloc, sizeof(*transfer) + room);
    char *query;

    if (transfer == NULL) {
        return NULL;
    }
    transfer->http = http;
    transfer->room = room;
    memcpy(transfer->path, http->root, root_len);
    memcpy(transfer->path + root_len, target.ptr, target.len);
    query = memchr(transfer->path + root_len, '?', target.len);
    if (query != NULL && access(transfer->path, R_OK) != 0) {
        *query = '\0';
    }
    LIST_INSERT_HEAD(&http->running, transfer, link);
    http->stats.requests++;
    http->stats.in_flight++;
    if (http->stats.in_flight > http->stats.in_flight_max) {
        http->stats.in_flight_max = http->stats.in_flight;
    }
    return transfer;
}

static enum slu_err start(struct slu_http *self,
                          const struct slu_http_request *request,
                          const struct slu_http_handler *handler, void *ctx,
                          struct slu_transfer **out_transfer)
{
    static const struct slu_http_handler own = {on_head, on_body, on_end};
    struct slu_transfer *transfer = make_transfer(self, request->target);
    enum slu_err err;

    if (transfer == NULL) {
        return SLU_ERR_NOMEM;
    }
    transfer->handler = *handler;
    transfer->ctx = ctx;
    err = slu_local_start(self->local, SLU_CHANNEL_FILE,
                          slu_view_str(transfer->path), &own, transfer,
                          &transfer->read);
    if (err != SLU_ERR_OK) {
        free_transfer(transfer);
        return err;
    }
    *out_transfer = transfer;
    return SLU_ERR_OK;
}

static void resume(struct slu_transfer *transfer)
{
    slu_local_resume(transfer->read);
}

static void cancel(struct slu_transfer *take_transfer)
{
    slu_local_cancel(take_transfer->read);
    free_transfer(take_transfer);
}

static void get_stats(const struct slu_http *self,
                      struct slu_http_stats *out_stats)
{
    *out_stats = self->stats;
}

static void free_all(struct slu_http *self)
{
    if (self == NULL) {
        return;
    }
    slu_local_free(self->local);
    while (!LIST_EMPTY(&self->running)) {
        free_transfer(LIST_FIRST(&self->running));
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

static enum slu_err open_replay(const struct slu_transport_ops *self,
                                const struct slu_transport_options *options,
                                struct slu_http **out_http,
                                struct slu_error *out_error)
{
    struct slu_http *http = slu_alloc_zero(options->alloc, sizeof(*http));

    if (http == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    http->alloc = options->alloc;
    http->root = ((const struct slu_replay *)self)->root;
    LIST_INIT(&http->running);
    http->local = slu_local_new(options->alloc, options->base);
    if (http->local == NULL) {
        free_all(http);
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    *out_http = http;
    return SLU_ERR_OK;
}

void slu_replay_init(struct slu_replay *self, const char *root)
{
    *self = (struct slu_replay){
        .ops = {.open = open_replay,
                .free = free_all,
                .start = start,
                .resume = resume,
                .cancel = cancel,
                .get_stats = get_stats},
        .root = root,
    };
}
