/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of one object. JSON Lines by their names are split at the ends of
 * lines, for behind a damaged line the next one is whole; any other text is
 * split at its objects. Each is a finding or an event with one; what is neither
 * is left out.
 *
 *     text:   | part, committed |     | part |      the rest
 *     read:     skipped after a retry or in a later run
 *
 * A part ends behind a finding, and is stored as how many bytes of text are
 * before it.
 */
#include "sources/guardduty_export.h"

#include <stdio.h>

#define TOLD_MAX 10u

void slu_export_text_begin(struct slu_export_object *self)
{
    slu_line_split_reset(&self->lines);
    slu_value_split_reset(&self->values);
    self->skip = self->part.bytes;
    self->text_bytes = 0;
    self->row_bytes = 0;
    self->findings = 0;
    self->faults.count = 0;
}

static enum slu_err fail(struct slu_export_object *self, enum slu_err err)
{
    return slu_error_set(&self->answer.error, err, "%s", slu_err_sentence(err));
}

/* ---- what is left out ---- */

static void note_fault(struct slu_export_object *self, uint64_t number,
                       const char *why)
{
    struct slu_export_faults *faults = &self->faults;

    if (faults->count++ == 0) {
        faults->number = self->part.records + number;
        (void)snprintf(faults->why, sizeof(faults->why), "%s", why);
    }
}

static void note_too_long(struct slu_export_object *self,
                          struct slu_source *source, uint64_t number)
{
    char why[100];

    (void)snprintf(why, sizeof(why),
                   "it is longer than limits.record_bytes "
                   "(%zu)",
                   source->port.record_bytes);
    source->port.count(source->port.ctx, &self->unit, SLU_REASON_UNREADABLE);
    note_fault(self, number, why);
}

void slu_export_text_tell(struct slu_export_object *self,
                          struct slu_source *source)
{
    const struct slu_export_faults *faults = &self->faults;
    const char *word = self->by_line ? "line" : "object";
    struct slu_error error;
    char more[60] = "";

    if (faults->count == 0) {
        return;
    }
    if (faults->count > 1) {
        (void)snprintf(more, sizeof(more), ", and %llu more of its %ss",
                       (unsigned long long)(faults->count - 1), word);
    }
    (void)slu_error_set(&error, SLU_ERR_INCOMPLETE,
                        "%.119s: %s %llu%s left out: %.120s", self->unit.name,
                        word, (unsigned long long)faults->number, more,
                        faults->why);
    slu_source_log(&source->port,
                   source->damaged++ < TOLD_MAX ? SLU_LOG_WARN : SLU_LOG_DEBUG,
                   "%s", error.text);
    source->faults += faults->count;
    slu_export_note_gap(source, &error);
}

/* ---- parts ---- */

static enum slu_err put_part(struct slu_export_object *self,
                             struct slu_source *source)
{
    const struct slu_source_port *port = &source->port;
    char key[SLU_EXPORT_KEY_LEN];
    struct slu_buf value;
    enum slu_err err;

    slu_buf_init(&value, source->alloc, 2 * SLU_EXPORT_VERSION_MAX);
    err = slu_export_part_write(&self->part, slu_buf_view(&self->version),
                                &value);
    if (err == SLU_ERR_OK) {
        slu_export_done_key(&source->done, slu_buf_view(&source->place),
                            slu_buf_view(&self->name), key);
        slu_export_part_key(key);
        err = port->put(port->ctx, &self->unit, slu_view_make(key, sizeof(key)),
                        slu_buf_view(&value));
    }
    slu_buf_fini(&value);
    return err == SLU_ERR_OK ? port->part(port->ctx, &self->unit) : err;
}

struct part_end {
    struct slu_export_object *object;
    struct slu_source *source;
    uint64_t number;
};

static enum slu_err end_part_at_home(void *arg)
{
    const struct part_end *end = arg;
    struct slu_export_object *self = end->object;
    struct slu_source *source = end->source;
    struct slu_export_part before = self->part;
    size_t left =
        self->by_line ? self->lines.piece.len : self->values.piece.len;
    enum slu_err err;

    self->part = (struct slu_export_part){self->text_bytes - left,
                                          before.records + end->number};
    err = put_part(self, source);
    if (err != SLU_ERR_OK) {
        self->part = before;
        return fail(self, err);
    }
    self->has_part = true;
    slu_export_text_tell(self, source);
    self->faults.count = 0;
    self->row_bytes = 0;
    source->findings += self->findings;
    self->findings = 0;
    /* They count on: what is known of their numbers is before the part. */
    self->lines.number = 0;
    self->values.number = 0;
    return SLU_ERR_OK;
}

/* The object numbered `number` since the last part has ended, and nothing of
 * the next one was read. */
static enum slu_err end_part(struct slu_export_object *self,
                             struct slu_source *source, uint64_t number)
{
    const struct slu_source_port *port = &source->port;
    struct part_end end = {self, source, number};

    return port->at_home != NULL
               ? port->at_home(port->ctx, end_part_at_home, &end)
               : end_part_at_home(&end);
}

static bool is_part(const struct slu_export_object *self)
{
    return self->row_bytes >= SLU_EXPORT_PART_ROWS ||
           self->text_bytes - self->part.bytes >= SLU_EXPORT_PART_TEXT;
}

/* ---- lines and objects ---- */

static enum slu_err take_record(struct slu_export_object *self,
                                struct slu_source *source,
                                const struct slu_line *line)
{
    struct slu_json_event record = slu_json_event_of(line->text);
    struct slu_extracted extracted;
    enum slu_err err =
        slu_extract_record(source->extract, &self->unit, &record, &extracted);

    if (err != SLU_ERR_OK) {
        return fail(self, err);
    }
    if (extracted.id.len == 0) {
        note_fault(self, line->number, extracted.fault);
    } else {
        self->findings++;
    }
    self->row_bytes += extracted.row_bytes;
    return is_part(self) ? end_part(self, source, line->number) : SLU_ERR_OK;
}

static enum slu_err drain(struct slu_export_object *self,
                          struct slu_source *source)
{
    struct slu_line line;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK) {
        switch (self->by_line ? slu_line_split_next(&self->lines, &line)
                              : slu_value_split_next(&self->values, &line)) {
        case SLU_LINE_MORE:
            return SLU_ERR_OK;
        case SLU_LINE_RECORD:
            err = take_record(self, source, &line);
            break;
        case SLU_LINE_TOO_LONG:
            note_too_long(self, source, line.number);
            break;
        default:
            err = fail(self, SLU_ERR_NOMEM);
            break;
        }
    }
    return err;
}

enum slu_err slu_export_text_take(struct slu_export_object *self,
                                  struct slu_source *source,
                                  struct slu_view bytes)
{
    size_t skipped = self->skip < bytes.len ? (size_t)self->skip : bytes.len;

    self->text_bytes += bytes.len;
    if (self->text_bytes > SLU_EXPORT_OBJECT_MAX) {
        return slu_error_set(&self->answer.error, SLU_ERR_LIMIT,
                             "it is larger than 64 GB");
    }
    self->skip -= skipped;
    bytes = slu_view_make(bytes.ptr + skipped, bytes.len - skipped);
    if (bytes.len == 0) {
        return SLU_ERR_OK;
    }
    if (self->by_line) {
        slu_line_split_feed(&self->lines, bytes);
    } else {
        slu_value_split_feed(&self->values, bytes);
    }
    return drain(self, source);
}

enum slu_err slu_export_text_finish(struct slu_export_object *self,
                                    struct slu_source *source)
{
    if (self->by_line) {
        slu_line_split_finish(&self->lines);
    } else {
        slu_value_split_finish(&self->values);
    }
    return drain(self, source);
}
