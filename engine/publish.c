/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/publish.h"
#include "codecs/line_diff.h"
#include "engine/delivery.h"

#include <stdio.h>
#include <unistd.h>

#define CHECKPOINT_BYTES_MAX (64u * 1024)
#define BYTES_PER_MB 1048576.0

struct publication {
    const struct slu_publish_options *options;
    struct slu_lists *lists;
    struct slu_file_writer *side[SLU_SIDE_FILE_COUNT];
    uint64_t side_lines[SLU_SIDE_FILE_COUNT];
    uint64_t side_bytes[SLU_SIDE_FILE_COUNT];
    struct slu_report *report;
    enum slu_log_level levels[SLU_REPORT_FILES_MAX]; /* to tell of its files */
    unsigned told;                                   /* so many of them */
    struct slu_error *error; /* code OK until something has failed */
};

/* Copies the detail of the object that failed, or makes one. What failed
 * first, inside a callback, has been told already: the store's own account of
 * it would only say that the callback failed. */
static enum slu_err fail(struct slu_error *out, enum slu_err err,
                         const struct slu_error *detail, const char *what)
{
    if (out->code != SLU_ERR_OK) {
        return out->code;
    }
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

static enum slu_err write_side(void *ctx, enum slu_side_file file,
                               struct slu_view bytes)
{
    struct publication *self = ctx;
    enum slu_err err;

    self->side_lines[file] += slu_line_count(bytes);
    self->side_bytes[file] += bytes.len;
    err = slu_file_append(self->side[file], bytes);
    if (err != SLU_ERR_OK) {
        err = fail(self->error, err, slu_files_error(self->options->files),
                   slu_side_file_path(file));
    }
    return err;
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
    struct slu_profile *profile = self->options->profile;
    enum slu_stage before = slu_profile_enter(profile, SLU_STAGE_FOLD);
    struct slu_store *store = self->options->store;
    enum slu_err err = slu_store_gather(store);

    /* The pull and the fold are over, and placing needs as much as they had. */
    slu_alloc_trim(self->options->alloc);
    (void)slu_profile_enter(profile, SLU_STAGE_PLACE);
    if (err == SLU_ERR_OK) {
        err = scan_all(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_lists_decide(self->lists);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_rewrite(store, settle, self);
    }
    if (err == SLU_ERR_OK) {
        slu_store_tidy(store); /* while the files are written */
    }
    slu_profile_leave(profile, before);
    return err;
}

/* ---- files ---- */

static enum slu_err hand_on(struct publication *self,
                            const struct slu_artifact *artifact,
                            struct slu_view bytes)
{
    struct slu_delivery *delivery = self->options->delivery;

    return delivery == NULL
               ? SLU_ERR_OK
               : slu_delivery_add(delivery, artifact, bytes, self->error);
}

/* `level`: users search the log for the lists that changed, so side files and
 * lists that were made empty are for the curious only. */
static void add_to_report(struct publication *self,
                          const struct slu_report_file *file,
                          enum slu_log_level level)
{
    struct slu_report *report = self->report;

    if (report->file_count < SLU_REPORT_FILES_MAX) {
        self->levels[report->file_count] = level;
        report->files[report->file_count++] = *file;
    }
}

/* Of the files that have come to their places since it was last called. */
static void tell_files(struct publication *self)
{
    for (; self->told < self->report->file_count; self->told++) {
        const struct slu_report_file *file = &self->report->files[self->told];

        if (file->changed) {
            slu_logger_print(&self->options->logger,
                             self->options->plan ? SLU_LOG_DEBUG
                                                 : self->levels[self->told],
                             "Updated file: %s | Records: %llu | Size: %.2f MB",
                             file->path, (unsigned long long)file->lines,
                             (double)file->bytes / BYTES_PER_MB);
        }
    }
}

static enum slu_err write_list(struct publication *self, enum slu_kind kind,
                               unsigned index, struct slu_buf *buf)
{
    const char *path = slu_lists_file_path(self->lists, kind, index);
    struct slu_report_file file = {.path = path};
    enum slu_err err =
        slu_lists_file(self->lists, kind, index, buf, &file.lines);
    bool news;

    if (err != SLU_ERR_OK) {
        return fail(self->error, err, NULL, path);
    }
    err = slu_files_replace(self->options->files, path, slu_buf_view(buf),
                            &file.changed);
    if (err != SLU_ERR_OK) {
        return fail(self->error, err, slu_files_error(self->options->files),
                    path);
    }
    file.bytes = buf->len;
    err = hand_on(self,
                  &(struct slu_artifact){.path = path,
                                         .role = SLU_ARTIFACT_LIST,
                                         .kind = kind,
                                         .index = index,
                                         .lines = file.lines},
                  slu_buf_view(buf));
    /* A list that has lost its last line is news, too. */
    news = file.lines > 0 || slu_lists_counts(self->lists)->removed[kind] > 0;
    add_to_report(self, &file, news ? SLU_LOG_INFO : SLU_LOG_DEBUG);
    return err;
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

/* A file that was written in pieces is handed on in pieces. */
static enum slu_err hand_on_side_file(struct publication *self,
                                      enum slu_side_file side)
{
    const struct slu_artifact artifact = {.path = slu_side_file_path(side),
                                          .role = SLU_ARTIFACT_SIDE,
                                          .lines = self->side_lines[side]};
    struct slu_files *files = self->options->files;
    int fd = -1;
    enum slu_err err = slu_files_open_file(files, artifact.path, &fd);

    if (err != SLU_ERR_OK) {
        return fail(self->error, err, slu_files_error(files), artifact.path);
    }
    err = slu_delivery_add_file(self->options->delivery, &artifact, fd,
                                self->error);
    (void)close(fd);
    return err;
}

static enum slu_err hand_on_side_files(struct publication *self)
{
    enum slu_err err = SLU_ERR_OK;

    for (int i = 0; self->options->delivery != NULL && err == SLU_ERR_OK &&
                    i < SLU_SIDE_FILE_COUNT;
         i++) {
        err = hand_on_side_file(self, (enum slu_side_file)i);
    }
    return err;
}

static enum slu_err commit_side_files(struct publication *self)
{
    const struct slu_lists_counts *counts = slu_lists_counts(self->lists);

    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        const char *path = slu_side_file_path((enum slu_side_file)i);
        struct slu_file_writer *writer = self->side[i];
        struct slu_report_file file = {.path = path,
                                       .lines = self->side_lines[i],
                                       .bytes = self->side_bytes[i]};
        enum slu_err err;

        self->side[i] = NULL;
        err = slu_file_commit(writer, &file.changed);
        if (err != SLU_ERR_OK) {
            return fail(self->error, err, slu_files_error(self->options->files),
                        path);
        }
        add_to_report(self, &file, SLU_LOG_DEBUG);
        if (counts->side_omitted[i] > 0) {
            slu_logger_print(&self->options->logger, SLU_LOG_WARN,
                             "%s is full: %llu line(s) were left out; raise "
                             "lists.side_file_bytes to see them",
                             path, (unsigned long long)counts->side_omitted[i]);
        }
    }
    return SLU_ERR_OK;
}

/* All but the checkpoint, which tells of what they hold: it is begun when they
 * are durable. They come to their places when the state is, for what they show
 * must be what it says. */
static enum slu_err write_files(struct publication *self)
{
    struct slu_files *files = self->options->files;
    enum slu_err err;

    err = write_lists(self);
    if (err == SLU_ERR_OK) {
        err = commit_side_files(self);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_store_drain(self->options->store);
    if (err != SLU_ERR_OK) {
        return fail(self->error, err, slu_store_error(self->options->store),
                    "cannot keep the places");
    }
    err = slu_files_release(files);
    if (err != SLU_ERR_OK) {
        return fail(self->error, err, slu_files_error(files),
                    "cannot write the lists");
    }
    tell_files(self);
    return hand_on_side_files(self);
}

static enum slu_err write_checkpoint(struct publication *self,
                                     const struct slu_checkpoint *checkpoint)
{
    struct slu_report_file file = {.path = SLU_CHECKPOINT_FILE};
    struct slu_buf buf;
    enum slu_err err;

    slu_buf_init(&buf, self->options->alloc, CHECKPOINT_BYTES_MAX);
    err = slu_checkpoint_format(checkpoint, &buf);
    if (err == SLU_ERR_OK) {
        err = slu_files_replace(self->options->files, SLU_CHECKPOINT_FILE,
                                slu_buf_view(&buf), &file.changed);
    }
    if (err != SLU_ERR_OK) {
        err = fail(self->error, err, slu_files_error(self->options->files),
                   SLU_CHECKPOINT_FILE);
    } else {
        file.lines = slu_line_count(slu_buf_view(&buf));
        file.bytes = buf.len;
        add_to_report(self, &file, SLU_LOG_DEBUG);
        tell_files(self);
        err = hand_on(self,
                      &(struct slu_artifact){.path = file.path,
                                             .role = SLU_ARTIFACT_CHECKPOINT,
                                             .lines = file.lines},
                      slu_buf_view(&buf));
    }
    slu_buf_fini(&buf);
    return err;
}

/* ---- the whole ---- */

static void fill_categories(const struct slu_lists_counts *counts,
                            struct slu_report *report)
{
    report->category_count = 0;
    for (unsigned i = 0; i < SLU_LISTS_CATEGORIES_MAX; i++) {
        const struct slu_lists_category *category = &counts->categories[i];

        if (category->listed + category->exceeded == 0) {
            continue;
        }
        report->categories[report->category_count++] =
            (struct slu_report_category){
                .name = slu_source_name(1u << i),
                .listed = category->listed,
                .exceeded = category->exceeded,
                .cut_verdict = category->has_cut
                                   ? slu_verdict_name(category->cut_verdict)
                                   : NULL,
                .cut_score = category->cut_score,
            };
    }
}

/* What a user can do about it depends on what was left out, and why. */
static void print_categories(const struct publication *self)
{
    const struct slu_report *report = self->report;

    for (unsigned i = 0; i < report->category_count; i++) {
        const struct slu_report_category *category = &report->categories[i];

        if (category->exceeded > 0) {
            slu_logger_print(
                &self->options->logger, SLU_LOG_INFO,
                "Left out of %s: %llu of %llu; the best of them has %s, score "
                "%u",
                category->name, (unsigned long long)category->exceeded,
                (unsigned long long)(category->exceeded + category->listed),
                category->cut_verdict, category->cut_score);
        }
    }
}

static void fill_report(struct publication *self)
{
    const struct slu_lists_counts *counts = slu_lists_counts(self->lists);
    struct slu_report *report = self->report;

    fill_categories(counts, report);
    report->merged = counts->merged;
    report->folded = counts->folded;
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        report->listed[kind] = counts->listed[kind];
        report->added[kind] = counts->added[kind];
        report->removed[kind] = counts->removed[kind];
        report->revoked[kind] = counts->revoked[kind];
        report->expired[kind] = counts->expired[kind];
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
    print_categories(self);
}

static enum slu_err run(struct publication *self,
                        const struct slu_checkpoint *checkpoint)
{
    enum slu_err err;

    slu_files_hold(self->options->files);
    err = open_side_files(self);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = place_all(self);
    if (err != SLU_ERR_OK) {
        return fail(self->error, err, slu_store_error(self->options->store),
                    "cannot settle the lists");
    }
    err = write_files(self);
    if (err == SLU_ERR_OK) {
        err = write_checkpoint(self, checkpoint);
    }
    if (err == SLU_ERR_OK) {
        fill_report(self);
    }
    return err;
}

/* 0 says all of them to the lists; so that none can be said, the bit of no file
 * is always set. */
static uint32_t usable_files(const struct slu_publish_options *options,
                             enum slu_kind kind)
{
    return options->delivery == NULL
               ? 0
               : slu_delivery_usable(options->delivery, kind) | 1u << 31;
}

enum slu_err slu_publish_lists(const struct slu_publish_options *options,
                               const struct slu_checkpoint *checkpoint,
                               struct slu_report *report,
                               struct slu_error *out_error)
{
    enum slu_stage before =
        slu_profile_enter(options->profile, SLU_STAGE_WRITE);
    struct publication self = {
        .options = options, .report = report, .error = out_error};
    struct slu_lists_options lists = {
        .alloc = options->alloc,
        .config = options->lists,
        .guard = options->guard,
        .verdicts = options->verdicts,
        .min_score = options->min_score,
        .now = options->now,
        .usable = {usable_files(options, SLU_KIND_IP),
                   usable_files(options, SLU_KIND_DOMAIN)},
        .ctx = &self,
        .write_side = write_side,
    };
    enum slu_err err;

    *out_error = (struct slu_error){0};
    memcpy(lists.category_age_ms, options->category_age_ms,
           sizeof(lists.category_age_ms));
    report->file_count = 0;
    self.lists = slu_lists_new(&lists);
    err = self.lists != NULL
              ? run(&self, checkpoint)
              : slu_error_set(out_error, SLU_ERR_NOMEM,
                              "cannot settle the lists: out of memory");
    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        if (self.side[i] != NULL) {
            slu_file_abandon(self.side[i]);
        }
    }
    slu_files_drop(options->files);
    slu_lists_free(self.lists);
    slu_profile_leave(options->profile, before);
    return err;
}
