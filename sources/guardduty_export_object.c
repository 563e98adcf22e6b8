/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object: its bytes, inflated when they begin as gzip does (whatever its
 * name says), and what becomes of its answer.
 */
#include "codecs/url.h"
#include "sources/guardduty_export.h"

#include <stdio.h>

struct slu_export_object *slu_export_object_new(struct slu_source *source)
{
    const struct slu_alloc *alloc = source->alloc;
    struct slu_export_object *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self != NULL) {
        slu_buf_init(&self->answer.body, alloc, SLU_EXPORT_ERROR_BODY_MAX);
        slu_buf_init(&self->name, alloc, SLU_EXPORT_NAME_MAX);
        slu_buf_init(&self->version, alloc, SLU_EXPORT_VERSION_MAX);
        slu_buf_init(&self->target, alloc, 4 * SLU_EXPORT_NAME_MAX);
        slu_line_split_init(&self->lines, alloc, source->port.record_bytes);
        slu_value_split_init(&self->values, alloc, source->port.record_bytes);
    }
    return self;
}

void slu_export_object_free(struct slu_export_object *self,
                            const struct slu_alloc *alloc)
{
    if (self == NULL) {
        return;
    }
    slu_inflate_free(self->inflate);
    slu_line_split_fini(&self->lines);
    slu_value_split_fini(&self->values);
    slu_buf_fini(&self->answer.body);
    slu_buf_fini(&self->name);
    slu_buf_fini(&self->version);
    slu_buf_fini(&self->target);
    slu_alloc_put(alloc, self, sizeof(*self));
}

/* ---- the request ---- */

/* The end of a long name tells more than its beginning. */
static void name_unit(struct slu_export_object *self,
                      const struct slu_source *source)
{
    size_t room = sizeof(self->unit.name);
    struct slu_view place = slu_buf_view(&source->place);
    struct slu_view name = slu_buf_view(&self->name);

    if (place.len + name.len < room) {
        (void)snprintf(self->unit.name, room, "%.*s%.*s", SLU_VIEW_ARGS(place),
                       SLU_VIEW_ARGS(name));
    } else {
        size_t len = name.len < room - 4 ? name.len : room - 4;

        (void)snprintf(self->unit.name, room, "...%.*s", (int)len,
                       name.ptr + name.len - len);
    }
}

static enum slu_err write_target(struct slu_export_object *self,
                                 const struct slu_source *source)
{
    enum slu_err err =
        source->s3
            ? slu_buf_append_str(&self->target, "/")
            : slu_buf_append(&self->target, slu_buf_view(&source->place));

    if (err != SLU_ERR_OK) {
        return err;
    }
    return source->s3
               ? slu_url_append_path(&self->target, slu_buf_view(&self->name))
               : slu_buf_append(&self->target, slu_buf_view(&self->name));
}

/* How far an earlier run got. */
static void find_part(struct slu_export_object *self, struct slu_source *source)
{
    char key[SLU_EXPORT_KEY_LEN];

    slu_export_done_key(&source->done, slu_buf_view(&source->place),
                        slu_buf_view(&self->name), key);
    slu_export_part_key(key);
    self->has_part =
        slu_export_parts_find(&source->parts, slu_view_make(key, sizeof(key)),
                              slu_buf_view(&self->version), &self->part);
}

enum slu_err slu_export_object_take(struct slu_export_object *self,
                                    struct slu_source *source,
                                    const struct slu_export_entry *entry)
{
    enum slu_err err;

    slu_buf_clear(&self->name);
    slu_buf_clear(&self->version);
    slu_buf_clear(&self->target);
    err = slu_buf_append(&self->name, entry->name);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->version, entry->version);
    }
    if (err == SLU_ERR_OK) {
        err = write_target(self, source);
    }
    self->unit = (struct slu_unit){0};
    name_unit(self, source);
    self->size = entry->size;
    self->by_line = slu_view_ends_with(entry->name, ".jsonl") ||
                    slu_view_ends_with(entry->name, ".jsonl.gz");
    find_part(self, source);
    self->state = err == SLU_ERR_OK ? SLU_EXPORT_READY : SLU_EXPORT_IDLE;
    return err;
}

void slu_export_object_request(struct slu_export_object *self,
                               struct slu_source *source,
                               struct slu_request *out_request)
{
    slu_export_answer_begin(&self->answer, source);
    slu_export_text_begin(self);
    if (self->inflate != NULL) {
        slu_inflate_reset(self->inflate);
    }
    self->form = SLU_EXPORT_FORM_UNKNOWN;
    self->held = false;
    self->received = 0;
    self->probed = false;
    self->state = SLU_EXPORT_ASKED;
    *out_request = (struct slu_request){
        .unit = &self->unit,
        .channel = SLU_CHANNEL_FILE,
        .target = slu_buf_view(&self->target),
        .lane = SLU_EXPORT_LANE_GET,
    };
    slu_export_address(source, out_request);
}

static enum slu_err fail_reading(struct slu_export_object *self,
                                 enum slu_err err)
{
    return self->answer.error.code != SLU_ERR_OK
               ? err
               : slu_error_set(&self->answer.error, err, "%s",
                               slu_err_sentence(err));
}

/* ---- gzip or not ---- */

static enum slu_err take_gzip(struct slu_export_object *self,
                              struct slu_source *source, struct slu_view bytes)
{
    struct slu_view text;
    enum slu_err err;

    slu_inflate_feed(self->inflate, bytes);
    do {
        err = slu_inflate_next(self->inflate, &text);
        if (err != SLU_ERR_OK) {
            self->answer.error = *slu_inflate_error(self->inflate);
            return err;
        }
        err = slu_export_text_take(self, source, text);
    } while (err == SLU_ERR_OK && text.len > 0);
    return err;
}

static enum slu_err make_inflate(struct slu_export_object *self,
                                 const struct slu_source *source)
{
    struct slu_inflate_options options = {
        .alloc = source->alloc,
        .out_max = SLU_EXPORT_OBJECT_MAX,
        .ratio_max = SLU_INFLATE_RATIO_MAX,
    };

    if (self->inflate == NULL) {
        self->inflate = slu_inflate_new(&options);
    }
    return self->inflate == NULL ? fail_reading(self, SLU_ERR_NOMEM)
                                 : SLU_ERR_OK;
}

static enum slu_err take_bytes(struct slu_export_object *self,
                               struct slu_source *source, struct slu_view bytes)
{
    return self->form == SLU_EXPORT_FORM_GZIP
               ? take_gzip(self, source, bytes)
               : slu_export_text_take(self, source, bytes);
}

/* RFC 1952: a member begins with 1f 8b. JSON never does. */
static enum slu_err recognise(struct slu_export_object *self,
                              struct slu_source *source, struct slu_view bytes)
{
    static const struct slu_view first = SLU_VIEW_LITERAL("\x1f");
    char second = self->held      ? bytes.ptr[0]
                  : bytes.len > 1 ? bytes.ptr[1]
                                  : '\0';
    bool may_be = self->held || bytes.ptr[0] == '\x1f';
    bool was_held = self->held;
    enum slu_err err = SLU_ERR_OK;

    if (may_be && !self->held && bytes.len == 1) {
        self->held = true;
        return SLU_ERR_OK;
    }
    self->held = false;
    self->form = may_be && second == '\x8b' ? SLU_EXPORT_FORM_GZIP
                                            : SLU_EXPORT_FORM_PLAIN;
    if (self->form == SLU_EXPORT_FORM_GZIP) {
        err = make_inflate(self, source);
    }
    if (err == SLU_ERR_OK && was_held) {
        err = take_bytes(self, source, first);
    }
    return err == SLU_ERR_OK ? take_bytes(self, source, bytes) : err;
}

enum slu_err slu_export_object_body(struct slu_export_object *self,
                                    struct slu_source *source,
                                    struct slu_view bytes)
{
    if (self->answer.status != 200) {
        return slu_export_answer_body(&self->answer, bytes);
    }
    if (bytes.len == 0) {
        return SLU_ERR_OK;
    }
    self->received += bytes.len;
    if (source->port.tell != NULL) {
        /* It may be read: that was the question. */
        self->probed = true;
        return SLU_ERR_STOPPED;
    }
    return self->form == SLU_EXPORT_FORM_UNKNOWN
               ? recognise(self, source, bytes)
               : take_bytes(self, source, bytes);
}

/* ---- the end ---- */

/* What only the end can tell: a cut object, a cut gzip, and the last line. */
static enum slu_err finish_text(struct slu_export_object *self,
                                struct slu_source *source)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->received < self->size) {
        return slu_error_set(&self->answer.error, SLU_ERR_TRUNCATED,
                             "%llu bytes came of %llu that are listed",
                             (unsigned long long)self->received,
                             (unsigned long long)self->size);
    }
    if (self->held) {
        return slu_error_set(&self->answer.error, SLU_ERR_TRUNCATED,
                             "it is one byte, the first of gzip");
    }
    if (self->form == SLU_EXPORT_FORM_GZIP) {
        err = slu_inflate_finish(self->inflate);
        if (err != SLU_ERR_OK) {
            self->answer.error = *slu_inflate_error(self->inflate);
        }
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return slu_export_text_finish(self, source);
}

static enum slu_err commit(struct slu_export_object *self,
                           struct slu_source *source)
{
    const struct slu_source_port *port = &source->port;
    char key[SLU_EXPORT_KEY_LEN];
    struct slu_view key_view;
    enum slu_err err;

    slu_export_done_key(&source->done, slu_buf_view(&source->place),
                        slu_buf_view(&self->name), key);
    key_view = slu_view_make(key, sizeof(key));
    err = port->put(port->ctx, &self->unit, key_view,
                    slu_buf_view(&self->version));
    if (err == SLU_ERR_OK && self->has_part) {
        slu_export_part_key(key);
        err =
            port->put(port->ctx, &self->unit, key_view, slu_view_make(NULL, 0));
    }
    return err;
}

static void end_gone(struct slu_export_object *self, struct slu_source *source,
                     struct slu_step *out_step)
{
    source->gone++;
    slu_source_log(&source->port, SLU_LOG_WARN,
                   "%s was listed and is not there any more", self->unit.name);
    out_step->kind = SLU_STEP_COMMIT;
}

static void end_refused(struct slu_source *source,
                        enum slu_export_outcome outcome,
                        struct slu_step *out_step)
{
    if (outcome == SLU_EXPORT_DENIED || outcome == SLU_EXPORT_NO_SIGN_IN) {
        source->refused++;
        source->result.denied_units += outcome == SLU_EXPORT_DENIED;
    }
    out_step->kind = SLU_STEP_FAILED;
    slu_export_note_failure(source, &out_step->error);
}

static void end_good(struct slu_export_object *self, struct slu_source *source,
                     struct slu_step *out_step)
{
    enum slu_err err = commit(self, source);

    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&out_step->error, err, "%s: %s", self->unit.name,
                            slu_err_sentence(err));
        end_refused(source, SLU_EXPORT_FAILED, out_step);
        return;
    }
    source->read++;
    source->findings += self->findings;
    slu_export_text_tell(self, source);
    slu_source_log(&source->port, SLU_LOG_DEBUG, "%s: %llu finding(s)",
                   self->unit.name, (unsigned long long)self->findings);
}

static void end_check(struct slu_export_object *self, struct slu_source *source,
                      struct slu_step *out_step)
{
    char text[SLU_ERROR_TEXT_MAX];

    (void)snprintf(text, sizeof(text), "%s can be read", self->unit.name);
    slu_export_tell(source, SLU_CHECK_OK, text);
    *out_step = (struct slu_step){.kind = SLU_STEP_FAILED};
    (void)slu_error_set(&out_step->error, SLU_ERR_STOPPED,
                        "a check keeps nothing of %s", self->unit.name);
}

void slu_export_object_end(struct slu_export_object *self,
                           struct slu_source *source,
                           const struct slu_answer_end *end,
                           struct slu_step *out_step)
{
    bool whole = end->err == SLU_ERR_OK && self->answer.status == 200 &&
                 self->answer.error.code == SLU_ERR_OK;
    struct slu_export_asked asked = {"s3:GetObject", self->unit.name,
                                     self->unit.attempts};
    enum slu_export_outcome outcome;

    self->state = SLU_EXPORT_IDLE;
    if (source->port.tell != NULL && self->answer.status == 200 &&
        (self->probed || whole)) {
        end_check(self, source, out_step);
        return;
    }
    if (whole) {
        /* Judged with what it finds. */
        (void)finish_text(self, source);
    }
    outcome = slu_export_judge(source, &self->answer, &asked, end, out_step);
    switch (outcome) {
    case SLU_EXPORT_GOOD:
        end_good(self, source, out_step);
        break;
    case SLU_EXPORT_AGAIN:
    case SLU_EXPORT_RETRY:
        self->state = SLU_EXPORT_READY;
        break;
    case SLU_EXPORT_GONE:
        end_gone(self, source, out_step);
        break;
    default:
        end_refused(source, outcome, out_step);
        break;
    }
}
