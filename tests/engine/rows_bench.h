/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of rows share: a store and the rows of a flow in a folder, and
 * answers made of a few words. */
#ifndef TESTS_ENGINE_ROWS_BENCH_H
#define TESTS_ENGINE_ROWS_BENCH_H

#include "engine/rows.h"
#include "engine/store_support.h"

struct rows_bench {
    char dir[64];
    const struct slu_alloc *alloc;
    struct slu_store *store;
    struct slu_rows *rows;
    struct slu_row_batch *batch;
    struct slu_answer answer;
    struct slu_answer_counts counts; /* of the last commit */
    struct slu_error error;
    char lines[4096];
    const struct slu_row_sink *sinks[8];
    unsigned sink_count;
    bool durable;
};

UNUSED_FN static void rows_note_line(void *ctx, enum slu_log_level level,
                                     const char *text)
{
    struct rows_bench *self = ctx;
    size_t len = strlen(self->lines);

    (void)snprintf(self->lines + len, sizeof(self->lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

UNUSED_FN static enum slu_err rows_before_commit(void *ctx,
                                                 struct slu_error *out_error)
{
    struct rows_bench *self = ctx;

    return self->rows == NULL ? SLU_ERR_OK
                              : slu_rows_sync(self->rows, out_error);
}

UNUSED_FN static void rows_close(struct rows_bench *self)
{
    if (self->batch != NULL) {
        slu_row_batch_free(self->batch);
        slu_answer_fini(&self->answer);
    }
    slu_store_close(self->store);
    slu_rows_close(self->rows);
    self->batch = NULL;
    self->store = NULL;
    self->rows = NULL;
}

/* Opens again what was open. */
UNUSED_FN static enum slu_err rows_open(struct rows_bench *self)
{
    struct slu_store_options store = {.alloc = slu_alloc_default(),
                                      .dir = self->dir,
                                      .ctx = self,
                                      .before_commit = rows_before_commit};
    char out[80];
    struct slu_rows_options options = {
        .alloc = self->alloc,
        .state_dir = self->dir,
        .output_dir = out,
        .source = "fake",
        .durable_claims = self->durable,
        .sinks = self->sinks,
        .sink_count = self->sink_count,
        .logger = {rows_note_line, self, SLU_LOG_DEBUG},
    };
    enum slu_err err;

    rows_close(self);
    self->lines[0] = '\0';
    (void)snprintf(out, sizeof(out), "%s/out", self->dir);
    err = slu_store_open(&store, &self->store, &self->error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    options.store = self->store;
    err = slu_rows_open(&options, &self->rows, &self->error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    self->batch = slu_row_batch_new(self->rows);
    slu_answer_init(&self->answer, self->alloc, self->store);
    return self->batch == NULL ? SLU_ERR_NOMEM : SLU_ERR_OK;
}

UNUSED_FN static void rows_start(struct rows_bench *self)
{
    memset(self, 0, sizeof(*self));
    (void)make_folder(self->dir);
    self->alloc = slu_alloc_default();
    self->sinks[0] = &slu_ndjson_sink;
    self->sink_count = 1;
    self->durable = true;
}

UNUSED_FN static void rows_stop(struct rows_bench *self)
{
    rows_close(self);
    remove_tree(self->dir);
}

UNUSED_FN static struct slu_row rows_row(const char *value, const char *id)
{
    static const struct slu_view tag = SLU_VIEW_LITERAL("GuardDuty-public");

    return (struct slu_row){
        .value = slu_view_str(value),
        .kind = strlen(value) == 64             ? SLU_ROW_SHA256
                : strpbrk(value, "xyz") != NULL ? SLU_ROW_DOMAIN
                                                : SLU_ROW_IPV4,
        .ce_type = "url",
        .severity = "high",
        .reputation = 5,
        .tags = &tag,
        .tag_count = 1,
        .comments = slu_view_str("c"),
        .first_seen = slu_view_str("2025-08-07T05:00:00.000Z"),
        .last_seen = slu_view_str("2025-08-07T06:00:00.000Z"),
        .finding_id = slu_view_str(id),
        .finding_arn = slu_view_str("arn"),
        .finding_type = slu_view_str("type"),
        .account = slu_view_str("111122223333"),
        .region = slu_view_str("eu-west-1"),
    };
}

UNUSED_FN static void rows_begin(struct rows_bench *self)
{
    slu_answer_begin(&self->answer);
    slu_row_batch_clear(self->batch);
}

UNUSED_FN static enum slu_err rows_finding(struct rows_bench *self,
                                           const char *id, int64_t updated_ms)
{
    struct slu_finding_key key = {slu_view_str(id), updated_ms};

    return slu_row_batch_finding(self->batch, &key);
}

UNUSED_FN static enum slu_err rows_add(struct rows_bench *self,
                                       const char *value, const char *id)
{
    struct slu_row row = rows_row(value, id);

    return slu_row_batch_add(self->batch, &row);
}

UNUSED_FN static enum slu_err rows_commit(struct rows_bench *self)
{
    enum slu_err err = slu_rows_commit(self->rows, self->batch, &self->answer);

    self->counts = self->answer.counts;
    return err == SLU_ERR_OK ? slu_answer_commit(&self->answer, NULL) : err;
}

/* One answer of one finding with one row. */
UNUSED_FN static enum slu_err rows_one(struct rows_bench *self, const char *id,
                                       int64_t updated_ms, const char *value)
{
    enum slu_err err;

    rows_begin(self);
    err = rows_finding(self, id, updated_ms);
    if (err == SLU_ERR_OK) {
        err = rows_add(self, value, id);
    }
    return err == SLU_ERR_OK ? rows_commit(self) : err;
}

UNUSED_FN static const char *rows_read(const struct rows_bench *self,
                                       const char *name)
{
    return read_text(self->dir, name);
}

/* "value id\nvalue id\n...": what the NDJSON file has, in its order. */
UNUSED_FN static const char *rows_written(const struct rows_bench *self)
{
    static char out[1 << 16];
    const char *at = rows_read(self, "out/indicators.ndjson");
    size_t len = 0;

    out[0] = '\0';
    while (at != NULL && *at != '\0') {
        char value[80] = "?";
        char id[80] = "?";
        const char *found = strstr(at, "\"finding_id\":");

        if (sscanf(at, "{\"value\":\"%79[^\"]", value) != 1 || found == NULL ||
            sscanf(found, "\"finding_id\":\"%79[^\"]", id) != 1) {
            return "torn";
        }
        len += (size_t)snprintf(out + len, sizeof(out) - len, "%s %s\n", value,
                                id);
        at = strchr(at, '\n');
        if (at == NULL) {
            return "torn";
        }
        at++;
    }
    return out;
}

#endif
