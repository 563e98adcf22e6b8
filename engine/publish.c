/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/publish.h"

#include <stdio.h>

#define CHECKPOINT_BYTES_MAX (64u * 1024)
#define BYTES_PER_MB 1048576.0

struct publication {
    const struct slu_publish_options *options;
    struct slu_lists *lists;
    struct slu_file_writer *side[SLU_SIDE_FILE_COUNT];
    uint64_t side_lines[SLU_SIDE_FILE_COUNT];
    uint64_t side_bytes[SLU_SIDE_FILE_COUNT];
    struct slu_report *report;
    struct slu_error *error;
};

/* Copies the detail of the object that failed, or makes one. */
static enum slu_err fail(struct slu_error *out, enum slu_err err,
                         const struct slu_error *detail, const char *what)
{
    if (detail != NULL && detail->code != SLU_ERR_OK) {
        *out = *detail;
        return detail->code;
    }
    return slu_error_set(out, err, "%s: %s", what, slu_err_sentence(err));
}

/* ---- the two scans ---- */

static enum slu_err consider(void *ctx, const struct slu_record *record)
{
    struct publication *self = ctx;

    return slu_lists_consider(self->lists, record);
}

static enum slu_err settle(void *ctx, struct slu_record *record,
                           enum slu_store_change *out_change)
{
    static const enum slu_store_change changes[] = {
        [SLU_LISTS_KEEP] = SLU_STORE_KEEP,
        [SLU_LISTS_UPDATE] = SLU_STORE_UPDATE,
        [SLU_LISTS_DROP] = SLU_STORE_DELETE,
    };
    struct publication *self = ctx;
    enum slu_lists_action action = SLU_LISTS_KEEP;
    enum slu_err err = slu_lists_settle(self->lists, record, &action);

    *out_change = changes[action];
    return err;
}

static uint64_t count_lines(struct slu_view bytes)
{
    uint64_t lines = 0;

    for (size_t i = 0; i < bytes.len; i++) {
        lines += bytes.ptr[i] == '\n';
    }
    return lines;
}

static enum slu_err write_side(void *ctx, enum slu_side_file file,
                               struct slu_view bytes)
{
    struct publication *self = ctx;

    self->side_lines[file] += count_lines(bytes);
    self->side_bytes[file] += bytes.len;
    return slu_file_append(self->side[file], bytes);
}

static enum slu_err scan_all(struct publication *self)
{
    for (int kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        enum slu_err err = slu_store_scan(
            self->options->store, (enum slu_record_kind)kind, consider, self);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err place_all(struct publication *self)
{
    struct slu_store *store = self->options->store;
    enum slu_err err = slu_store_fold(store);

    if (err == SLU_ERR_OK) {
        err = scan_all(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_lists_decide(self->lists);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_rewrite(store, settle, self);
    }
    return err;
}

/* ---- files ---- */

static void add_to_report(struct publication *self, const char *path,
                          uint64_t lines, uint64_t bytes, bool changed)
{
    struct slu_report *report = self->report;

    if (changed) {
        slu_logger_print(&self->options->logger, SLU_LOG_INFO,
                         "Updated file: %s | Records: %llu | Size: %.2f MB",
                         path, (unsigned long long)lines,
                         (double)bytes / BYTES_PER_MB);
    }
    if (report->file_count < SLU_REPORT_FILES_MAX) {
        report->files[report->file_count++] = (struct slu_report_file){
            .path = path, .lines = lines, .bytes = bytes, .changed = changed};
    }
}

static enum slu_err write_list(struct publication *self, enum slu_kind kind,
                               unsigned index, struct slu_buf *buf)
{
    const char *path = slu_lists_file_path(self->lists, kind, index);
    uint64_t lines = 0;
    bool changed = false;
    enum slu_err err = slu_lists_file(self->lists, kind, index, buf, &lines);

    if (err != SLU_ERR_OK) {
        return fail(self->error, err, NULL, path);
    }
    err = slu_files_replace(self->options->files, path, slu_buf_view(buf),
                            &changed);
    if (err != SLU_ERR_OK) {
        return fail(self->error, err, slu_files_error(self->options->files),
                    path);
    }
    add_to_report(self, path, lines, buf->len, changed);
    return SLU_ERR_OK;
}

static enum slu_err write_lists(struct publication *self)
{
    struct slu_buf buf;
    enum slu_err err = SLU_ERR_OK;

    slu_buf_init(&buf, self->options->alloc, SLU_LIST_BYTES_MAX);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        unsigned count = slu_lists_file_count(self->lists, (enum slu_kind)kind);

        for (unsigned i = 0; err == SLU_ERR_OK && i < count; i++) {
            err = write_list(self, (enum slu_kind)kind, i, &buf);
        }
    }
    slu_buf_fini(&buf);
    return err;
}

static enum slu_err open_side_files(struct publication *self)
{
    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        const char *path = slu_side_file_path((enum slu_side_file)i);
        enum slu_err err =
            slu_file_begin(self->options->files, path, &self->side[i]);

        if (err != SLU_ERR_OK) {
            return fail(self->error, err, slu_files_error(self->options->files),
                        path);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err commit_side_files(struct publication *self)
{
    const struct slu_lists_counts *counts = slu_lists_counts(self->lists);

    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        const char *path = slu_side_file_path((enum slu_side_file)i);
        struct slu_file_writer *writer = self->side[i];
        bool changed = false;
        enum slu_err err;

        self->side[i] = NULL;
        err = slu_file_commit(writer, &changed);
        if (err != SLU_ERR_OK) {
            return fail(self->error, err, slu_files_error(self->options->files),
                        path);
        }
        add_to_report(self, path, self->side_lines[i], self->side_bytes[i],
                      changed);
        if (counts->side_omitted[i] > 0) {
            slu_logger_print(&self->options->logger, SLU_LOG_WARN,
                             "%s is full: %llu line(s) were left out; raise "
                             "lists.side_file_bytes to see them",
                             path, (unsigned long long)counts->side_omitted[i]);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err write_checkpoint(struct publication *self,
                                     const struct slu_checkpoint *checkpoint)
{
    struct slu_buf buf;
    bool changed = false;
    enum slu_err err;

    slu_buf_init(&buf, self->options->alloc, CHECKPOINT_BYTES_MAX);
    err = slu_checkpoint_format(checkpoint, &buf);
    if (err == SLU_ERR_OK) {
        err = slu_files_replace(self->options->files, SLU_CHECKPOINT_FILE,
                                slu_buf_view(&buf), &changed);
    }
    if (err != SLU_ERR_OK) {
        err = fail(self->error, err, slu_files_error(self->options->files),
                   SLU_CHECKPOINT_FILE);
    } else {
        add_to_report(self, SLU_CHECKPOINT_FILE,
                      count_lines(slu_buf_view(&buf)), buf.len, changed);
    }
    slu_buf_fini(&buf);
    return err;
}

/* ---- the whole ---- */

static void fill_report(struct publication *self)
{
    const struct slu_lists_counts *counts = slu_lists_counts(self->lists);
    struct slu_report *report = self->report;

    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        report->listed[kind] = counts->listed[kind];
        report->added[kind] = counts->added[kind];
        report->removed[kind] = counts->removed[kind];
        report->exceeded[kind] = counts->exceeded[kind];
        if (counts->exceeded[kind] > 0) {
            const char *name = slu_kind_name((enum slu_kind)kind);

            slu_logger_print(
                &self->options->logger, SLU_LOG_WARN,
                "Exceeded max GuardDuty %s files | %llu left out, the best "
                "stay; see exceeded_%s.txt, raise min_score or shorten max_age",
                name, (unsigned long long)counts->exceeded[kind], name);
        }
    }
}

static enum slu_err run(struct publication *self,
                        const struct slu_checkpoint *checkpoint)
{
    enum slu_err err = open_side_files(self);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = place_all(self);
    if (err != SLU_ERR_OK) {
        const struct slu_error *detail = slu_store_error(self->options->store);

        if (detail->code == SLU_ERR_OK) {
            detail = slu_files_error(self->options->files);
        }
        return fail(self->error, err, detail, "cannot settle the lists");
    }
    err = write_lists(self);
    if (err == SLU_ERR_OK) {
        err = commit_side_files(self);
    }
    if (err == SLU_ERR_OK) {
        err = write_checkpoint(self, checkpoint);
    }
    if (err == SLU_ERR_OK) {
        fill_report(self);
    }
    return err;
}

enum slu_err slu_publish_lists(const struct slu_publish_options *options,
                               const struct slu_checkpoint *checkpoint,
                               struct slu_report *report,
                               struct slu_error *out_error)
{
    struct publication self = {
        .options = options, .report = report, .error = out_error};
    struct slu_lists_options lists = {
        .alloc = options->alloc,
        .config = options->lists,
        .guard = options->guard,
        .verdicts = options->verdicts,
        .min_score = options->min_score,
        .now = options->now,
        .ctx = &self,
        .write_side = write_side,
    };
    enum slu_err err;

    self.lists = slu_lists_new(&lists);
    if (self.lists == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM,
                             "cannot settle the lists: out of memory");
    }
    err = run(&self, checkpoint);
    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        if (self.side[i] != NULL) {
            slu_file_abandon(self.side[i]);
        }
    }
    slu_lists_free(self.lists);
    return err;
}
