/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One pass of one flow: open state and folder, take over what stands there,
 * pull, publish, and remember the run.
 */
#include "engine/clock.h"
#include "engine/registry.h"
#include "engine/secret_fetch.h"
#include "engine/sync_state.h"

#include <stdio.h>

#define QUEUE_BYTES (8u * 1024 * 1024)
#define FOLD_AT 500000
#define SHARD_BYTES (64u * 1024)

static void on_room(void *ctx)
{
    struct slu_sync *self = ctx;

    slu_wake_raise(&self->room);
}

/* On the store's thread, which runs before there are rows. */
static enum slu_err before_commit(void *ctx, struct slu_error *out_error)
{
    struct slu_sync *self = ctx;

    return self->rows == NULL ? SLU_ERR_OK
                              : slu_rows_sync(self->rows, out_error);
}

bool slu_sync_has_sink(const struct slu_sync *self, const char *sink)
{
    for (unsigned i = 0; i < self->flow->sink_count; i++) {
        if (strcmp(self->flow->sinks[i], sink) == 0) {
            return true;
        }
    }
    return false;
}

static enum slu_err open_store(struct slu_sync *self)
{
    struct slu_engine *engine = self->engine;
    struct slu_store_options options = {
        .alloc = engine->alloc,
        .dir = self->state_dir,
        .queue_bytes = QUEUE_BYTES,
        .fold_at = FOLD_AT,
        .shard_bytes = SHARD_BYTES,
        .ctx = self,
        .on_room = on_room,
        .before_commit = before_commit,
    };

    return slu_store_open(&options, &self->store, &engine->error);
}

static enum slu_err open_rows(struct slu_sync *self)
{
    struct slu_engine *engine = self->engine;
    const struct slu_row_sink *sinks[SLU_FLOW_SINKS_MAX];
    struct slu_rows_options options = {
        .alloc = engine->alloc,
        .store = self->store,
        .state_dir = self->state_dir,
        .output_dir = self->output_dir,
        .source = self->ops->name,
        .durable_claims = self->ops->horizon != NULL,
        .sinks = sinks,
        .sink_count = self->flow->sink_count,
        .logger = engine->logger,
    };

    for (unsigned i = 0; i < options.sink_count; i++) {
        sinks[i] = slu_registry_row_sink(self->flow->sinks[i]);
    }
    return slu_rows_open(&options, &self->rows, &engine->error);
}

static enum slu_err open_sync(struct slu_sync *self)
{
    struct slu_engine *engine = self->engine;
    enum slu_err err = slu_engine_require_key(engine, &self->access);

    if (err == SLU_ERR_OK) {
        err = slu_engine_guard(engine, &self->guard);
    }
    if (err == SLU_ERR_OK) {
        err = slu_wake_open(&self->room);
        if (err != SLU_ERR_OK) {
            (void)slu_error_set(&engine->error, err, "cannot make an eventfd");
        }
    }
    if (err == SLU_ERR_OK) {
        err = open_store(self);
    }
    if (err == SLU_ERR_OK) {
        err = self->ops->rows ? open_rows(self) : slu_sync_open_lists(self);
    }
    return err;
}

static void close_sync(struct slu_sync *self)
{
    /* Before what it may still send from. */
    slu_pull_session_close(&self->session);
    slu_delivery_close(self->delivery);
    if (self->store != NULL) {
        slu_store_close(self->store);
    }
    slu_rows_close(self->rows);
    if (self->files != NULL) {
        slu_files_close(self->files);
    }
    slu_guard_free(self->guard);
    slu_wake_close(&self->room);
}

/* ---- the pass ---- */

static enum slu_err pull(struct slu_sync *self, struct slu_pull_result *result)
{
    struct slu_engine *engine = self->engine;
    struct slu_pull_options options = {
        .alloc = engine->alloc,
        .http = engine->http,
        .limits = engine->limits,
        .ops = self->ops,
        .source_config = self->source_config,
        .aws = slu_config_section(engine->config, "aws"),
        .found = self->has_found ? &self->found : NULL,
        .store = self->store,
        .rows = self->rows,
        .own_list_prefix = slu_view_str(engine->lists->set_name_prefix),
        .guard = self->guard,
        .logger = engine->logger,
        .stop = &engine->stop,
        .room = &self->room,
        .callbacks = &engine->callbacks,
        .session = self->ops->rows ? NULL : &self->session,
        .profile = self->profile,
    };
    enum slu_err err = slu_keyed_pull_run(engine, self->access.api_key,
                                          &options, self->report, result);

    self->report->pull_seconds =
        (double)(slu_clock_mono_us() - self->started_us) / 1e6;
    return err;
}

/* A source that ended with a gap: which exit code, and which sentence. */
static enum slu_err judge(struct slu_sync *self,
                          const struct slu_source_result *result)
{
    struct slu_engine *engine = self->engine;
    enum slu_err err = slu_engine_judge(result);

    self->report->units = result->units;
    self->report->failed_units = result->failed_units;
    self->report->incomplete_units = result->incomplete_units;
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&engine->error, err, "%s",
                            result->first.text[0] != '\0'
                                ? result->first.text
                                : slu_err_sentence(err));
    }
    return err;
}

/* Nothing is published after a pull that failed (a refused sign-in, a stop, a
 * store that failed), nor when every request was refused: the lists stay as
 * they are. A pull with gaps is published: what came is true, and the
 * checkpoint tells where the gap begins. */
static bool may_publish(enum slu_err err)
{
    return err == SLU_ERR_OK || err == SLU_ERR_INCOMPLETE ||
           err == SLU_ERR_NOT_FOUND;
}

static enum slu_err publish(struct slu_sync *self,
                            const struct slu_pull_result *result,
                            struct slu_error *error)
{
    if (self->rows != NULL) {
        enum slu_stage before =
            slu_profile_enter(self->profile, SLU_STAGE_WRITE);
        enum slu_err err =
            slu_rows_finish(self->rows, result->horizon_ms, self->now, error);

        slu_profile_leave(self->profile, before);
        return err;
    }
    return slu_sync_publish_lists(self, &result->checkpoint, error);
}

static enum slu_err run_sync(struct slu_sync *self)
{
    struct slu_pull_result result;
    enum slu_err err = pull(self, &result);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = judge(self, &result.source);
    if (may_publish(err)) {
        struct slu_error error = {0};
        enum slu_err published = publish(self, &result, &error);

        if (slu_exit_code(published) > slu_exit_code(err)) {
            self->engine->error = error;
            err = published;
        }
    }
    return err;
}

static void describe_rows(const struct slu_report *report,
                          struct slu_store_run *run)
{
    const uint64_t *rows = report->rows;

    (void)snprintf(
        run->summary, sizeof(run->summary),
        "%llu requests, %llu findings; written: %llu IP, %llu "
        "domain and %llu SHA-256 rows, %llu repeats left out",
        (unsigned long long)report->requests,
        (unsigned long long)report->findings,
        (unsigned long long)(rows[SLU_ROW_IPV4] + rows[SLU_ROW_IPV6]),
        (unsigned long long)rows[SLU_ROW_DOMAIN],
        (unsigned long long)rows[SLU_ROW_SHA256],
        (unsigned long long)report->duplicates);
}

/* Behind what the lists are. */
static void describe_publication(const struct slu_report *report,
                                 struct slu_store_run *run)
{
    size_t len = strlen(run->summary);
    unsigned activated = 0;

    for (unsigned i = 0; i < report->set_count; i++) {
        activated += report->sets[i].activated;
    }
    if (report->bucket != NULL) {
        (void)snprintf(run->summary + len, sizeof(run->summary) - len,
                       "; %u objects sent, %u sets activated",
                       report->objects_sent, activated);
    }
}

static void describe(const struct slu_sync *self, enum slu_err err,
                     struct slu_store_run *run)
{
    const struct slu_report *report = self->report;

    run->started = self->now;
    run->ended = slu_clock_wall_s();
    run->exit_code = slu_exit_code(err);
    (void)snprintf(run->flow, sizeof(run->flow), "%s", self->flow->name);
    if (err != SLU_ERR_OK) {
        (void)snprintf(run->summary, sizeof(run->summary), "%.250s",
                       self->engine->error.text);
        return;
    }
    if (self->ops->rows) {
        describe_rows(report, run);
        return;
    }
    (void)snprintf(
        run->summary, sizeof(run->summary),
        "%llu requests, %llu items; %llu IPs (+%llu) and %llu domains (+%llu) "
        "listed",
        (unsigned long long)report->requests, (unsigned long long)report->items,
        (unsigned long long)report->listed[SLU_KIND_IP],
        (unsigned long long)report->added[SLU_KIND_IP],
        (unsigned long long)report->listed[SLU_KIND_DOMAIN],
        (unsigned long long)report->added[SLU_KIND_DOMAIN]);
    describe_publication(report, run);
}

/* A run that can't be remembered has still been made. */
static void end_run(struct slu_sync *self, enum slu_err err)
{
    enum slu_stage before = slu_profile_enter(self->profile, SLU_STAGE_COMMIT);
    struct slu_store_run run = {0};

    describe(self, err, &run);
    if (self->run_id != 0 &&
        slu_store_run_end(self->store, self->run_id, &run) != SLU_ERR_OK) {
        slu_logger_print(&self->engine->logger, SLU_LOG_WARN,
                         "cannot record this run: %s",
                         slu_store_error(self->store)->text);
    }
    slu_profile_leave(self->profile, before);
}

static enum slu_err begin_run(struct slu_sync *self)
{
    struct slu_store_run run = {.started = self->now, .exit_code = -1};
    enum slu_err err;

    (void)snprintf(run.flow, sizeof(run.flow), "%s", self->flow->name);
    err = slu_store_run_begin(self->store, &run, &self->run_id);
    if (err != SLU_ERR_OK) {
        self->engine->error = *slu_store_error(self->store);
    }
    return err;
}

static const char *name_pass(const struct slu_sync *self)
{
    if (self->on_row != NULL) {
        return "Plan";
    }
    return self->ops->rows ? "Findings Sync" : "IOC Sync";
}

/* The cause is told once: here, unless it was where it happened. Of several
 * errors it is named again: it is the one that counts. */
static void tell_end(struct slu_sync *self, enum slu_err err)
{
    struct slu_engine *engine = self->engine;
    const char *what = name_pass(self);

    if (err == SLU_ERR_OK) {
        slu_logger_print(&engine->logger, SLU_LOG_INFO,
                         "\xe2\x9c\x94 %s Completed Successfully", what);
    } else if (engine->told.count == 1 &&
               slu_log_once_has(&engine->told, engine->error.text)) {
        slu_logger_print(&engine->logger, SLU_LOG_ERROR,
                         "%s ended: see the error above", what);
    } else {
        slu_logger_print(&engine->logger, SLU_LOG_ERROR, "%s ended: %s", what,
                         engine->error.text);
    }
}

static void tell_start(const struct slu_sync *self)
{
    const struct slu_logger *logger = &self->engine->logger;

    if (self->on_row != NULL) {
        slu_logger_print(logger, SLU_LOG_INFO,
                         "===== Plan Starting: nothing will be written =====");
    } else {
        slu_logger_print(logger, SLU_LOG_INFO,
                         self->ops->rows
                             ? "===== GuardDuty Findings Sync Starting ====="
                             : "===== GTI IOC Sync Lambda Starting =====");
    }
}

static enum slu_err run_all(struct slu_sync *self)
{
    enum slu_err err;

    slu_log_once_clear(&self->engine->told);
    tell_start(self);
    err = open_sync(self);
    if (err == SLU_ERR_OK) {
        err = begin_run(self);
    }
    if (err == SLU_ERR_OK) {
        err = run_sync(self);
        end_run(self, err);
    }
    if (self->rows != NULL) {
        slu_rows_report(self->rows, self->report);
    }
    tell_end(self, err);
    return err;
}

static void tell_time(struct slu_sync *self)
{
    struct slu_report *report = self->report;

    if (self->profile == NULL) {
        report->seconds =
            (double)(slu_clock_mono_us() - self->started_us) / 1e6;
        return;
    }
    report->profiled = true;
    report->seconds = slu_profile_stop(self->profile, report->stage_seconds);
}

enum slu_err slu_sync_run(struct slu_sync *self, unsigned flow)
{
    struct slu_engine *engine = self->engine;
    enum slu_err err;

    self->ops = slu_engine_source(engine, flow, &self->source_config);
    if (self->ops == NULL) {
        return engine->error.code;
    }
    self->flow = slu_config_flow(engine->config, flow);
    if (self->on_row != NULL && self->ops->rows) {
        return slu_error_set(&engine->error, SLU_ERR_CONFIG,
                             "the flow %s has no lists to plan for",
                             self->flow->name);
    }
    self->report->flow = self->flow->name;
    self->report->has_rows = self->ops->rows;
    self->report->output_dir = engine->top->output_dir;
    self->ops->access(self->source_config, &self->access);
    err = run_all(self);
    tell_time(self);
    close_sync(self);
    if (err == SLU_ERR_STOPPED) {
        /* This sync has heard it; the next one is another matter. */
        slu_wake_clear(&engine->stop);
    }
    return err;
}

enum slu_err slu_engine_sync(struct slu_engine *self, unsigned flow,
                             struct slu_report *out_report)
{
    struct slu_report unused;
    struct slu_sync sync = {
        .engine = self,
        .state_dir = self->top->state_dir,
        .output_dir = self->top->output_dir,
        .room = {.fd = -1},
        .now = slu_clock_wall_s(),
        .started_us = slu_clock_mono_us(),
        .report = out_report != NULL ? out_report : &unused,
    };

    self->error = (struct slu_error){0};
    *sync.report = (struct slu_report){0};
    if (self->callbacks.profile) {
        sync.profile = &sync.profile_room;
        slu_profile_start(sync.profile);
    }
    return slu_sync_run(&sync, flow);
}
