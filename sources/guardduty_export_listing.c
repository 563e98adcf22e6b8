/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The unit that lists. A folder is one request, whose lines are queued as they
 * come. What the queue can't hold is passed over, and when the queue is empty
 * the folder is listed once more, from the last queued name on, for its lines
 * are sorted. S3 has pages; one is asked for when the queue has run low.
 */
#include "codecs/url.h"
#include "codecs/view_take.h"
#include "sources/guardduty_export.h"

#include <stdio.h>

#define QUEUE_LOW 1000u /* a page more is then two at most */
#define LINE_MAX_BYTES (SLU_EXPORT_NAME_MAX + 64)

/* ---- what is listed ---- */

static bool is_wanted(const struct slu_strings *names, struct slu_view name)
{
    bool wanted = names->all;

    for (unsigned i = 0; i < names->count; i++) {
        wanted |= slu_view_ends_with(name, names->items[i]);
    }
    return wanted;
}

enum slu_err slu_export_offer(struct slu_source *self,
                              const struct slu_export_entry *entry)
{
    char key[SLU_EXPORT_KEY_LEN];
    struct slu_export_entry cut = *entry;
    enum slu_err err;

    if (!is_wanted(&self->config.export_names, entry->name)) {
        self->others++;
        return SLU_ERR_OK;
    }
    if (cut.version.len > SLU_EXPORT_VERSION_MAX) {
        cut.version.len = SLU_EXPORT_VERSION_MAX;
    }
    slu_export_done_key(&self->done, slu_buf_view(&self->place), cut.name, key);
    if (self->port.tell == NULL &&
        slu_export_done_has(&self->done, slu_view_make(key, sizeof(key)),
                            cut.version)) {
        self->known++;
        return SLU_ERR_OK;
    }
    err = slu_export_queue_push(&self->queue, &cut);
    self->result.units += err == SLU_ERR_OK;
    return err;
}

/* ---- the unit ---- */

void slu_export_listing_init(struct slu_export_listing *self,
                             struct slu_source *source)
{
    const struct slu_alloc *alloc = source->alloc;

    *self = (struct slu_export_listing){.state = SLU_EXPORT_READY};
    slu_buf_init(&self->answer.body, alloc, SLU_EXPORT_ERROR_BODY_MAX);
    slu_buf_init(&self->target, alloc, 4 * SLU_EXPORT_TOKEN_MAX);
    slu_buf_init(&self->page, alloc, SLU_EXPORT_PAGE_MAX);
    slu_buf_init(&self->token, alloc, SLU_EXPORT_TOKEN_MAX);
    slu_buf_init(&self->last, alloc, SLU_EXPORT_NAME_MAX);
    slu_line_split_init(&self->lines, alloc, LINE_MAX_BYTES);
    (void)snprintf(self->unit.name, sizeof(self->unit.name), "the list of %s",
                   source->config.export_from);
}

void slu_export_listing_fini(struct slu_export_listing *self)
{
    slu_buf_fini(&self->answer.body);
    slu_buf_fini(&self->target);
    slu_buf_fini(&self->page);
    slu_buf_fini(&self->token);
    slu_buf_fini(&self->last);
    slu_line_split_fini(&self->lines);
}

bool slu_export_listing_wants(const struct slu_export_listing *self,
                              const struct slu_source *source)
{
    return self->state == SLU_EXPORT_READY &&
           source->queue.count < (source->s3 ? QUEUE_LOW : 1);
}

/* ---- the request ---- */

static enum slu_err append_parameter(struct slu_buf *target, const char *name,
                                     struct slu_view value)
{
    enum slu_err err = slu_buf_append_str(target, name);

    return err == SLU_ERR_OK ? slu_url_append_encoded(target, value) : err;
}

static enum slu_err write_target(struct slu_export_listing *self,
                                 const struct slu_source *source)
{
    struct slu_view token = slu_buf_view(&self->token);
    enum slu_err err;

    slu_buf_clear(&self->target);
    if (!source->s3) {
        return slu_buf_append_str(&self->target, source->config.export_from);
    }
    err = slu_buf_append_str(&self->target,
                             "/?list-type=2&encoding-type=url&max-keys=1000");
    if (err == SLU_ERR_OK && source->prefix.len > 0) {
        err = append_parameter(&self->target, "&prefix=", source->prefix);
    }
    if (err == SLU_ERR_OK && token.len > 0) {
        err = append_parameter(&self->target, "&continuation-token=", token);
    }
    return err;
}

enum slu_err slu_export_listing_request(struct slu_export_listing *self,
                                        struct slu_source *source,
                                        struct slu_request *out_request)
{
    enum slu_err err = write_target(self, source);

    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_export_answer_begin(&self->answer, source);
    slu_buf_clear(&self->page);
    slu_line_split_reset(&self->lines);
    self->overflowed = false;
    self->state = SLU_EXPORT_ASKED;
    *out_request = (struct slu_request){
        .unit = &self->unit,
        .channel = SLU_CHANNEL_FOLDER,
        .target = slu_buf_view(&self->target),
        .lane = SLU_EXPORT_LANE_LIST,
    };
    slu_export_address(source, out_request);
    return SLU_ERR_OK;
}

/* ---- lines of a folder ---- */

/* "123 " from the front of *rest. */
static bool take_number(struct slu_view *rest, struct slu_view *out_number)
{
    return slu_view_take_until(rest, ' ', out_number) && out_number->len > 0;
}

/* By bytes, as the folder is sorted. */
static bool is_behind(struct slu_view name, struct slu_view last)
{
    size_t len = name.len < last.len ? name.len : last.len;
    int order = len == 0 ? 0 : memcmp(name.ptr, last.ptr, len);

    return order > 0 || (order == 0 && name.len > last.len);
}

static enum slu_err take_file(struct slu_export_listing *self,
                              struct slu_source *source, struct slu_view line)
{
    struct slu_export_entry entry;
    char version[SLU_EXPORT_VERSION_MAX];
    struct slu_view size;
    struct slu_view time;
    int len;
    enum slu_err err;

    entry.name = line;
    if (!take_number(&entry.name, &size) || !take_number(&entry.name, &time)) {
        return slu_error_set(&self->answer.error, SLU_ERR_MALFORMED,
                             "a line of the folder's list can't be read");
    }
    if (self->overflowed || !is_behind(entry.name, slu_buf_view(&self->last))) {
        return SLU_ERR_OK;
    }
    len = snprintf(version, sizeof(version), "%.*s-%.*s",
                   (int)(size.len < 40 ? size.len : 40), size.ptr,
                   (int)(time.len < 40 ? time.len : 40), time.ptr);
    entry.version = slu_view_make(version, (size_t)len);
    entry.size = 0;
    err = slu_export_offer(source, &entry);
    if (err == SLU_ERR_LIMIT) {
        self->overflowed = true;
        return SLU_ERR_OK;
    }
    slu_buf_clear(&self->last);
    return err == SLU_ERR_OK ? slu_buf_append(&self->last, entry.name) : err;
}

/* "! SENTENCE": the run has a gap that it can't close. */
static void take_gap(struct slu_source *source, struct slu_view sentence)
{
    struct slu_error error;

    (void)slu_error_set(&error, SLU_ERR_INCOMPLETE, "%s: %.*s",
                        source->config.export_from, SLU_VIEW_ARGS(sentence));
    slu_source_log(&source->port, SLU_LOG_WARN, "%s", error.text);
    slu_export_tell(source, SLU_CHECK_WARN, error.text);
    slu_export_note_gap(source, &error);
}

static enum slu_err take_line(struct slu_export_listing *self,
                              struct slu_source *source, struct slu_view line)
{
    if (line.len >= 2 && line.ptr[0] == '!') {
        /* Listed again, it has the same gaps. */
        if (self->pages == 0) {
            take_gap(source, slu_view_make(line.ptr + 2, line.len - 2));
        }
        return SLU_ERR_OK;
    }
    return take_file(self, source, line);
}

static enum slu_err drain_lines(struct slu_export_listing *self,
                                struct slu_source *source)
{
    struct slu_line line;

    for (;;) {
        enum slu_line_kind kind = slu_line_split_next(&self->lines, &line);
        enum slu_err err = SLU_ERR_OK;

        if (kind == SLU_LINE_MORE) {
            return SLU_ERR_OK;
        }
        if (kind == SLU_LINE_RECORD) {
            err = take_line(self, source, line.text);
        } else if (kind == SLU_LINE_TOO_LONG) {
            take_gap(source, slu_view_str("a path is too long"));
        } else {
            err = SLU_ERR_NOMEM;
        }
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
}

/* ---- the answer ---- */

enum slu_err slu_export_listing_body(struct slu_export_listing *self,
                                     struct slu_source *source,
                                     struct slu_view bytes)
{
    if (self->answer.status != 200) {
        return slu_export_answer_body(&self->answer, bytes);
    }
    if (source->s3) {
        return slu_buf_append(&self->page, bytes);
    }
    slu_line_split_feed(&self->lines, bytes);
    return drain_lines(self, source);
}

static enum slu_err take_answer(struct slu_export_listing *self,
                                struct slu_source *source,
                                struct slu_step *out_step)
{
    size_t queued = source->queue.count;
    struct slu_error *error = &self->answer.error;
    enum slu_err err =
        source->s3 ? slu_export_page_read(self, source, error) : SLU_ERR_OK;

    if (err == SLU_ERR_MALFORMED && source->queue.count == queued) {
        /* Nothing of it was taken: what answered may not have been S3. */
        out_step->kind = SLU_STEP_RETRY;
        (void)slu_error_set(&out_step->error, err, "%s: %.200s",
                            self->unit.name, error->text);
        self->state = SLU_EXPORT_READY;
        return SLU_ERR_OK;
    }
    if (err != SLU_ERR_OK) {
        out_step->kind = SLU_STEP_FAILED;
        out_step->error = *error;
        return err;
    }
    self->pages++;
    self->state = (source->s3 ? self->token.len > 0 : self->overflowed)
                      ? SLU_EXPORT_READY
                      : SLU_EXPORT_OVER;
    return SLU_ERR_OK;
}

/* One page tells enough. */
static void end_check(struct slu_export_listing *self,
                      const struct slu_source *source)
{
    char text[SLU_ERROR_TEXT_MAX];
    unsigned long long count = source->queue.count;

    self->state = SLU_EXPORT_OVER;
    (void)snprintf(text, sizeof(text),
                   "%.200s can be listed: %llu file(s) of findings%s%s",
                   source->config.export_from, count,
                   source->s3 ? " on the first page" : "",
                   count == 0 ? "; expected names that end as "
                                "guardduty.export_names says"
                              : "");
    slu_export_tell(source, count == 0 ? SLU_CHECK_WARN : SLU_CHECK_OK, text);
}

static void end_refused(struct slu_export_listing *self,
                        struct slu_source *source,
                        enum slu_export_outcome outcome,
                        struct slu_step *out_step)
{
    struct slu_source_result *result = &source->result;
    struct slu_error *error = &out_step->error;

    self->state = SLU_EXPORT_OVER;
    out_step->kind = SLU_STEP_FAILED;
    if (outcome == SLU_EXPORT_GONE ||
        (outcome == SLU_EXPORT_DENIED && !source->s3)) {
        (void)slu_error_set(error, SLU_ERR_NOT_FOUND,
                            "guardduty.export: %.250s", error->text);
        result->unknown_name = true;
    } else if (self->pages == 0 && (outcome == SLU_EXPORT_DENIED ||
                                    outcome == SLU_EXPORT_NO_SIGN_IN)) {
        result->all_denied = error->code != SLU_ERR_CONFIG;
        result->unknown_name = error->code == SLU_ERR_CONFIG;
        result->denied_units++;
    }
    slu_export_note_failure(source, error);
}

void slu_export_listing_end(struct slu_export_listing *self,
                            struct slu_source *source,
                            const struct slu_answer_end *end,
                            struct slu_step *out_step)
{
    char thing[SLU_UNIT_NAME_MAX + 40];
    struct slu_export_asked asked = {"s3:ListBucket", thing,
                                     self->unit.attempts};
    enum slu_export_outcome outcome;
    enum slu_err err = SLU_ERR_OK;

    (void)snprintf(thing, sizeof(thing), "%s%.110s",
                   source->s3 ? "bucket s3://" : "folder ",
                   source->s3 ? source->bucket : source->config.export_from);
    outcome = slu_export_judge(source, &self->answer, &asked, end, out_step);
    if (outcome == SLU_EXPORT_GOOD) {
        err = take_answer(self, source, out_step);
    } else if (outcome == SLU_EXPORT_AGAIN || outcome == SLU_EXPORT_RETRY) {
        self->state = SLU_EXPORT_READY;
        return;
    }
    if (err != SLU_ERR_OK) {
        outcome = SLU_EXPORT_FAILED;
    }
    if (outcome != SLU_EXPORT_GOOD) {
        end_refused(self, source, outcome, out_step);
    } else if (source->port.tell != NULL && out_step->kind == SLU_STEP_COMMIT) {
        end_check(self, source);
    }
}
