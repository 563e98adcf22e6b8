/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a flow. One whose sink has `finish` is a spool in the state
 * folder, of which the file is made anew at the end of a run; any other is
 * appended to where it lies.
 */
#include "engine/crash.h"
#include "engine/rows_state.h"

#include <assert.h>
#include <stdio.h>

#define KEY_PREFIX "rows/"
#define CHUNK_BYTES 65536

/* ---- open ---- */

static enum slu_err open_output(struct slu_rows *self,
                                struct slu_row_output *output,
                                struct slu_error *error)
{
    const struct slu_rows_options *options = &self->options;
    char spool[64];

    if (output->sink->finish == NULL) {
        return slu_row_file_open(&output->file, options->output_dir,
                                 output->sink->path, 0644, error);
    }
    (void)snprintf(spool, sizeof(spool), "%s.spool", output->sink->name);
    return slu_row_file_open(&output->file, options->state_dir, spool, 0600,
                             error);
}

struct stored_mark {
    bool found;
    struct slu_row_mark mark;
};

/* The prefix may begin other keys too: ours has nothing behind it. */
struct mark_search {
    const char *key;
    struct stored_mark *out;
};

static enum slu_err note_mark(void *ctx, struct slu_view key,
                              struct slu_view value)
{
    struct mark_search *search = ctx;

    if (slu_view_equal_str(key, search->key)) {
        search->out->found = slu_row_mark_parse(value, &search->out->mark);
    }
    return SLU_ERR_OK;
}

static enum slu_err load_mark(struct slu_rows *self, const char *name,
                              struct stored_mark *out_mark)
{
    char key[64];
    struct mark_search search = {key, out_mark};

    (void)snprintf(key, sizeof(key), KEY_PREFIX "%s", name);
    *out_mark = (struct stored_mark){0};
    return slu_store_entries(self->options.store, key, note_mark, &search);
}

static enum slu_err put_mark(struct slu_answer *answer,
                             const struct slu_row_output *output)
{
    char text[SLU_ROW_MARK_TEXT_MAX];
    size_t len = slu_row_mark_format(&output->file.mark, text);

    return slu_answer_put(answer, KEY_PREFIX, slu_view_str(output->sink->name),
                          slu_view_make(text, len));
}

static enum slu_err resume_output(struct slu_rows *self,
                                  struct slu_row_output *output,
                                  struct slu_error *error)
{
    struct stored_mark known;
    enum slu_err err = load_mark(self, output->sink->name, &known);

    if (err == SLU_ERR_OK) {
        err = open_output(self, output, error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_row_file_resume(
            &output->file, known.found ? &known.mark : NULL, output->sink->head,
            &self->options.logger, error);
    }
    output->begun = output->file.mark;
    output->known = known.found;
    return err;
}

/* The marks are in the state before anything is appended: else what a crash
 * leaves of the very first answer would be taken for somebody's rows. */
static enum slu_err commit_marks(struct slu_rows *self)
{
    enum slu_err err = SLU_ERR_OK;

    slu_answer_begin(&self->scratch);
    for (unsigned i = 0; i < self->output_count && err == SLU_ERR_OK; i++) {
        err = put_mark(&self->scratch, &self->outputs[i]);
    }
    if (err == SLU_ERR_OK) {
        err = slu_answer_commit(&self->scratch, NULL);
    }
    return err == SLU_ERR_OK ? slu_store_drain(self->options.store) : err;
}

/* A sink that a flow gets later. */
static void tell_new(const struct slu_rows *self)
{
    bool ran = false;

    for (unsigned i = 0; i < self->output_count; i++) {
        ran |= self->outputs[i].known;
    }
    for (unsigned i = 0; i < self->output_count && ran; i++) {
        if (!self->outputs[i].known) {
            slu_logger_print(
                &self->options.logger, SLU_LOG_WARN,
                "%s is new to this flow: findings that were pulled before are "
                "not in it and don't come again; to have them, begin with "
                "another state_dir and output_dir",
                self->outputs[i].sink->path);
        }
    }
}

static enum slu_err open_all(struct slu_rows *self, struct slu_error *error)
{
    const struct slu_rows_options *options = &self->options;
    enum slu_err err =
        slu_files_open(self->alloc, options->output_dir, &self->files, error);

    for (unsigned i = 0; i < options->sink_count && err == SLU_ERR_OK; i++) {
        self->outputs[i].sink = options->sinks[i];
        self->outputs[i].file.fd = -1;
        self->output_count++;
        err = resume_output(self, &self->outputs[i], error);
    }
    if (err == SLU_ERR_OK) {
        tell_new(self);
        err = slu_claims_load(&self->claims, options->store);
    }
    return err == SLU_ERR_OK ? commit_marks(self) : err;
}

/* A failure that nobody gave a sentence is the store's, or has only a code. */
static void explain(const struct slu_rows *self, enum slu_err err,
                    const char *verb, struct slu_error *error)
{
    if (error->code == err) {
        return;
    }
    *error = *slu_store_error(self->options.store);
    if (error->code != err) {
        (void)slu_error_set(error, err, "cannot %s the rows of findings: %s",
                            verb, slu_err_sentence(err));
    }
}

enum slu_err slu_rows_open(const struct slu_rows_options *options,
                           struct slu_rows **out_rows,
                           struct slu_error *out_error)
{
    struct slu_rows *self = slu_alloc_zero(options->alloc, sizeof(*self));
    struct slu_error error = {0};
    enum slu_err err;

    assert(options->sink_count <= SLU_ROW_SINKS_MAX);
    *out_rows = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM,
                             "out of memory while opening the files of rows");
    }
    self->alloc = options->alloc;
    self->options = *options;
    slu_claims_init(&self->claims, options);
    slu_answer_init(&self->scratch, options->alloc, options->store);
    err = open_all(self, &error);
    if (err != SLU_ERR_OK) {
        explain(self, err, "open", &error);
        if (out_error != NULL) {
            *out_error = error;
        }
        slu_rows_close(self);
        return err;
    }
    *out_rows = self;
    return SLU_ERR_OK;
}

void slu_rows_close(struct slu_rows *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->output_count; i++) {
        slu_row_file_close(&self->outputs[i].file);
    }
    slu_files_close(self->files);
    slu_claims_fini(&self->claims);
    slu_answer_fini(&self->scratch);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

const struct slu_error *slu_rows_error(const struct slu_rows *self)
{
    return &self->error;
}

/* ---- commit ---- */

enum slu_err slu_rows_sync(struct slu_rows *self, struct slu_error *out_error)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < self->output_count && err == SLU_ERR_OK; i++) {
        err = slu_row_file_sync(&self->outputs[i].file, out_error);
    }
    return err;
}

static uint64_t count_rows(const struct slu_answer_counts *counts)
{
    uint64_t rows = 0;

    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        rows += counts->rows[kind];
    }
    return rows;
}

static enum slu_err append_all(struct slu_rows *self,
                               struct slu_row_batch *batch,
                               struct slu_answer *answer)
{
    uint64_t rows = count_rows(&answer->counts);
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < self->output_count && err == SLU_ERR_OK; i++) {
        struct slu_row_output *output = &self->outputs[i];

        err = slu_row_file_append(&output->file, slu_buf_view(&batch->texts[i]),
                                  rows, &self->error);
        if (err == SLU_ERR_OK && rows > 0) {
            err = put_mark(answer, output);
        }
    }
    slu_crash_point("rows: appended");
    return err;
}

/* Nothing of the answer stays in any of the files. */
static void cut_all(struct slu_rows *self, const struct slu_row_mark *marks)
{
    for (unsigned i = 0; i < self->output_count; i++) {
        struct slu_error unused;

        if (slu_row_file_cut(&self->outputs[i].file, &marks[i], &unused) !=
            SLU_ERR_OK) {
            /* The next open does it. */
            continue;
        }
    }
}

enum slu_err slu_rows_commit(struct slu_rows *self, struct slu_row_batch *batch,
                             struct slu_answer *answer)
{
    struct slu_row_mark marks[SLU_ROW_SINKS_MAX];
    enum slu_err err =
        slu_row_batch_settle(batch, &self->claims, &answer->counts);

    for (unsigned i = 0; i < self->output_count; i++) {
        marks[i] = self->outputs[i].file.mark;
    }
    if (err == SLU_ERR_OK) {
        err = append_all(self, batch, answer);
    }
    if (err == SLU_ERR_OK) {
        err = slu_claims_put(&self->claims, answer);
    }
    if (err != SLU_ERR_OK) {
        cut_all(self, marks);
        slu_buf_clear(&self->claims.fresh);
        explain(self, err, "write", &self->error);
    }
    return err;
}

/* ---- finish ---- */

/* What a sink's finish reads from and writes to. */
struct finishing {
    struct slu_rows *rows;
    struct slu_row_output *output;
    struct slu_file_writer *writer;
    uint64_t at;
    char chunk[CHUNK_BYTES];
};

static enum slu_err read_spool(void *ctx, struct slu_view *out_bytes)
{
    struct finishing *self = ctx;
    size_t len = 0;
    enum slu_err err =
        slu_row_file_read(&self->output->file, &self->at, self->chunk,
                          sizeof(self->chunk), &len, &self->rows->error);

    *out_bytes = slu_view_make(self->chunk, len);
    return err;
}

static enum slu_err write_file(void *ctx, struct slu_view bytes)
{
    struct finishing *self = ctx;

    self->output->made_bytes += bytes.len;
    for (size_t i = 0; i < bytes.len; i++) {
        self->output->made_lines += bytes.ptr[i] == '\n';
    }
    return slu_file_append(self->writer, bytes);
}

static enum slu_err make_file(struct finishing *self, int64_t now,
                              struct slu_error *error)
{
    struct slu_row_output *output = self->output;
    struct slu_row_finish finish = {
        .alloc = self->rows->alloc,
        .now = now,
        .ctx = self,
        .read = read_spool,
        .write = write_file,
    };
    enum slu_err err =
        slu_file_begin(self->rows->files, output->sink->path, &self->writer);

    if (err != SLU_ERR_OK) {
        return err;
    }
    output->made_bytes = 0;
    output->made_lines = 0;
    err = output->sink->finish(&finish, error);
    if (err != SLU_ERR_OK) {
        slu_file_abandon(self->writer);
        return err;
    }
    return slu_file_commit(self->writer, &output->made_changed);
}

static enum slu_err finish_output(struct slu_rows *self,
                                  struct slu_row_output *output, int64_t now)
{
    struct finishing *finishing;
    struct slu_error error = {0};
    enum slu_err err;

    if (output->sink->finish == NULL) {
        return SLU_ERR_OK;
    }
    finishing = slu_alloc_zero(self->alloc, sizeof(*finishing));
    if (finishing == NULL) {
        return SLU_ERR_NOMEM;
    }
    finishing->rows = self;
    finishing->output = output;
    err = make_file(finishing, now, &error);
    slu_alloc_put(self->alloc, finishing, sizeof(*finishing));
    if (err != SLU_ERR_OK && self->error.code != err) {
        /* The sink's own sentence, else the file's. */
        self->error = error.code == err ? error : *slu_files_error(self->files);
    }
    return err;
}

/* From here on whatever is behind the marks is somebody else's. */
static enum slu_err commit_whole(struct slu_rows *self)
{
    for (unsigned i = 0; i < self->output_count; i++) {
        self->outputs[i].file.mark.whole = true;
    }
    return commit_marks(self);
}

enum slu_err slu_rows_finish(struct slu_rows *self, int64_t horizon_ms,
                             int64_t now, struct slu_error *out_error)
{
    enum slu_err err = slu_store_drain(self->options.store);

    for (unsigned i = 0; i < self->output_count && err == SLU_ERR_OK; i++) {
        err = finish_output(self, &self->outputs[i], now);
    }
    if (err == SLU_ERR_OK) {
        err = slu_claims_forget(&self->claims, &self->scratch, horizon_ms);
    }
    if (err == SLU_ERR_OK) {
        err = commit_whole(self);
    }
    if (err != SLU_ERR_OK) {
        explain(self, err, "finish", &self->error);
        if (out_error != NULL) {
            *out_error = self->error;
        }
    }
    return err;
}

/* ---- report ---- */

void slu_rows_report(const struct slu_rows *self, struct slu_report *report)
{
    for (unsigned i = 0; i < self->output_count; i++) {
        const struct slu_row_output *output = &self->outputs[i];
        bool made = output->sink->finish != NULL;

        if (report->file_count == SLU_REPORT_FILES_MAX) {
            return;
        }
        report->files[report->file_count++] = (struct slu_report_file){
            .path = output->sink->path,
            .lines = made ? output->made_lines : output->file.mark.lines,
            .bytes = made ? output->made_bytes : output->file.mark.bytes,
            .changed = made ? output->made_changed
                            : output->file.mark.bytes != output->begun.bytes,
        };
    }
}
