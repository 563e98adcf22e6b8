/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The output folder of an earlier run whose state is gone, or of the Lambda:
 * its lines become records that keep their file and seat, and its checkpoint
 * says where the pull goes on. The state remembers, under the folder's path,
 * that this was done: from then on the state is the only truth.
 */
#include "codecs/time_text.h"
#include "engine/answer.h"
#include "engine/publish.h"
#include "engine/taken_lines.h"

#include <stdio.h>
#include <xxhash.h>

#define PREFIX "taken_over/"
/* What of a folder's path stands in its key; the whole is in the hash. */
#define SHOWN_MAX 160
#define KEY_MAX (sizeof(PREFIX) + 16 + 1 + SHOWN_MAX)
#define CHECKPOINT_BYTES_MAX (1024u * 1024)

struct search {
    struct slu_view key;
    bool found;
};

/* The store lists whatever begins with the key, but "out" is not "out2". */
static enum slu_err note_entry(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    struct search *search = ctx;

    (void)value;
    search->found |= slu_view_equal(key, search->key);
    return SLU_ERR_OK;
}

/* "taken_over/<hash of the path>/<its end>" */
static void format_key(const char *dir, char key[KEY_MAX])
{
    size_t len = strlen(dir);

    (void)snprintf(key, KEY_MAX, PREFIX "%016llx/%s",
                   (unsigned long long)XXH3_64bits(dir, len),
                   dir + (len > SHOWN_MAX ? len - SHOWN_MAX : 0));
}

struct taking {
    struct slu_taken_lines lines;
    struct slu_answer *answer;
};

static enum slu_err add_new(void *ctx, const struct slu_record *record)
{
    struct taking *self = ctx;

    return slu_taken_lines_is_new(&self->lines, record)
               ? slu_answer_add(self->answer, record)
               : SLU_ERR_OK;
}

static enum slu_err meet_record(void *ctx, struct slu_record *record,
                                enum slu_store_change *out_change)
{
    struct taking *self = ctx;

    *out_change = slu_taken_lines_meet(&self->lines, record) ? SLU_STORE_UPDATE
                                                             : SLU_STORE_KEEP;
    return SLU_ERR_OK;
}

/* Folded first: a place that is pending would count beside the new one. */
static enum slu_err take_new_lines(const struct slu_publish_options *options,
                                   const struct slu_publish_lines *lines,
                                   struct slu_answer *answer)
{
    struct taking taking = {.answer = answer};
    struct slu_take_over take = {lines->kind, lines->index, options->now,
                                 &taking, add_new};
    enum slu_err err = slu_taken_lines_open(
        &taking.lines, options->alloc, lines->kind, lines->index, lines->text);

    if (err == SLU_ERR_OK) {
        err = slu_taken_lines_note_text(&taking.lines, lines->kind,
                                        lines->before);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_fold(options->store);
    }
    if (err == SLU_ERR_OK) {
        err = slu_store_rewrite(options->store, meet_record, &taking);
    }
    if (err == SLU_ERR_OK) {
        err = slu_lists_take_over(&take, lines->text);
    }
    slu_taken_lines_close(&taking.lines);
    return err;
}

enum slu_err slu_publish_take_lines(const struct slu_publish_options *options,
                                    const struct slu_publish_lines *lines,
                                    struct slu_answer *answer,
                                    struct slu_error *out_error)
{
    enum slu_err err;

    if (lines->text.len == 0) {
        return SLU_ERR_OK;
    }
    err = take_new_lines(options, lines, answer);
    if (err != SLU_ERR_OK) {
        return slu_error_set(out_error, err, "cannot take over %s: %s",
                             lines->from, slu_err_sentence(err));
    }
    slu_logger_print(&options->logger, SLU_LOG_INFO,
                     "Taking over existing file: %s | Size: %.2f MB",
                     lines->from, (double)lines->text.len / 1048576);
    return SLU_ERR_OK;
}

static enum slu_err take_file(const struct slu_publish_options *options,
                              struct slu_answer *answer, enum slu_kind kind,
                              unsigned index, struct slu_error *out_error)
{
    const char *path =
        slu_lists_config_files(options->lists, kind)->items[index];
    struct slu_buf buf;
    enum slu_err err;

    /* Another program may have written more than GuardDuty takes. */
    slu_buf_init(&buf, options->alloc, 4u * SLU_LIST_BYTES_MAX);
    err = slu_files_read(options->files, path, &buf);
    if (err == SLU_ERR_NOT_FOUND) {
        err = SLU_ERR_OK;
    } else if (err != SLU_ERR_OK) {
        *out_error = *slu_files_error(options->files);
    } else {
        struct slu_publish_lines lines = {
            kind, index, path, slu_buf_view(&buf), {0}};

        err = slu_publish_take_lines(options, &lines, answer, out_error);
    }
    slu_buf_fini(&buf);
    return err;
}

static enum slu_err take_files(const struct slu_publish_options *options,
                               struct slu_answer *answer,
                               struct slu_error *out_error)
{
    for (int i = 0; i < SLU_KIND_COUNT; i++) {
        enum slu_kind kind = (enum slu_kind)i;
        unsigned count = slu_lists_config_files(options->lists, kind)->count;

        for (unsigned index = 0; index < count; index++) {
            enum slu_err err =
                take_file(options, answer, kind, index, out_error);

            if (err != SLU_ERR_OK) {
                return err;
            }
        }
    }
    return SLU_ERR_OK;
}

/* All of it, durably, or nothing. */
enum slu_err slu_publish_commit_lines(const struct slu_publish_options *options,
                                      struct slu_answer *answer,
                                      const char *from,
                                      struct slu_error *out_error)
{
    enum slu_err err = slu_answer_commit(answer, NULL);

    if (err == SLU_ERR_OK) {
        err = slu_store_drain(options->store);
    }
    if (err != SLU_ERR_OK) {
        const struct slu_error *detail = slu_store_error(options->store);

        (void)slu_error_set(
            out_error, err, "cannot record the lists of %s: %s", from,
            detail->code != SLU_ERR_OK ? detail->text : slu_err_sentence(err));
    }
    return err;
}

static enum slu_err commit(const struct slu_publish_options *options,
                           struct slu_answer *answer, const char *key,
                           const char *dir, struct slu_error *out_error)
{
    char iso[SLU_ISO_TEXT_LEN];
    enum slu_err err;

    slu_time_format_iso(options->now, iso);
    err = slu_answer_put(answer, "", slu_view_str(key),
                         slu_view_make(iso, sizeof(iso)));
    if (err != SLU_ERR_OK) {
        return slu_error_set(out_error, err,
                             "cannot record the lists of %s: %s", dir,
                             slu_err_sentence(err));
    }
    return slu_publish_commit_lines(options, answer, dir, out_error);
}

enum slu_err slu_publish_take_over(const struct slu_publish_options *options,
                                   const char *output_dir,
                                   struct slu_error *out_error)
{
    struct slu_answer answer;
    char key[KEY_MAX];
    struct search search = {0};
    enum slu_err err;

    format_key(output_dir, key);
    search.key = slu_view_str(key);
    err = slu_store_entries(options->store, key, note_entry, &search);
    if (err != SLU_ERR_OK) {
        *out_error = *slu_store_error(options->store);
        return err;
    }
    if (search.found) {
        return SLU_ERR_OK;
    }
    slu_answer_init(&answer, options->alloc, options->store);
    slu_answer_begin(&answer);
    err = take_files(options, &answer, out_error);
    if (err == SLU_ERR_OK) {
        err = commit(options, &answer, key, output_dir, out_error);
    } else if (slu_answer_abandon(&answer) != SLU_ERR_OK) {
        /* The next open of the store deletes what was staged. */
    }
    slu_answer_fini(&answer);
    return err;
}

enum slu_err
slu_publish_parse_checkpoint(const struct slu_publish_options *options,
                             struct slu_view bytes, const char *where,
                             struct slu_checkpoint *out_checkpoint,
                             struct slu_error *out_error)
{
    struct slu_error why = {0};
    enum slu_err err =
        slu_checkpoint_parse(out_checkpoint, options->alloc, bytes, &why);

    if (err == SLU_ERR_OK) {
        return err;
    }
    (void)slu_error_set(out_error, err,
                        "%s in %s: %.150s; mend it, or remove it to pull the "
                        "whole look-back again",
                        SLU_CHECKPOINT_FILE, where, why.text);
    if (err != SLU_ERR_CONFIG || !options->knows_checkpoint) {
        return err;
    }
    slu_logger_print(&options->logger, SLU_LOG_WARN,
                     "%s; the state has its own, the file is made anew",
                     out_error->text);
    return SLU_ERR_NOT_FOUND;
}

enum slu_err
slu_publish_read_checkpoint(const struct slu_publish_options *options,
                            struct slu_checkpoint *out_checkpoint,
                            bool *out_found, struct slu_error *out_error)
{
    struct slu_buf buf;
    enum slu_err err;

    *out_found = false;
    slu_buf_init(&buf, options->alloc, CHECKPOINT_BYTES_MAX);
    err = slu_files_read(options->files, SLU_CHECKPOINT_FILE, &buf);
    if (err == SLU_ERR_OK) {
        err = slu_publish_parse_checkpoint(options, slu_buf_view(&buf),
                                           "the output folder", out_checkpoint,
                                           out_error);
        *out_found = err == SLU_ERR_OK;
        err = err == SLU_ERR_NOT_FOUND ? SLU_ERR_OK : err;
    } else if (err == SLU_ERR_NOT_FOUND) {
        err = SLU_ERR_OK;
    } else {
        *out_error = *slu_files_error(options->files);
    }
    slu_buf_fini(&buf);
    return err;
}
