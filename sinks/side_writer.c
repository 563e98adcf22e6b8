/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/side_writer.h"

#include "codecs/list_text.h"

#define PIECE_BYTES 32768

/* The longest line: every byte of a value as "\u0000", and the rest of its row
 * in reasons.ndjson. */
#define LINE_BYTES_MAX (SLU_RECORD_KEY_MAX * 6 + 512)

void slu_side_writer_init(struct slu_side_writer *self,
                          const struct slu_lists_options *options)
{
    *self = (struct slu_side_writer){
        .ctx = options->ctx,
        .write_fn = options->write_side,
        .max_bytes = options->config->side_file_bytes,
    };
    for (unsigned file = 0; file < SLU_SIDE_FILE_COUNT; file++) {
        slu_buf_init(&self->bufs[file], options->alloc,
                     PIECE_BYTES + LINE_BYTES_MAX);
    }
}

void slu_side_writer_fini(struct slu_side_writer *self)
{
    for (unsigned file = 0; file < SLU_SIDE_FILE_COUNT; file++) {
        slu_buf_fini(&self->bufs[file]);
    }
}

static enum slu_err hand_on(struct slu_side_writer *self,
                            enum slu_side_file file)
{
    struct slu_buf *buf = &self->bufs[file];
    enum slu_err err;

    if (buf->len == 0) {
        return SLU_ERR_OK;
    }
    err = self->write_fn(self->ctx, file, slu_buf_view(buf));
    if (err == SLU_ERR_OK) {
        self->handed_on[file] += buf->len;
        slu_buf_clear(buf);
    }
    return err;
}

/* True when the file has been cut: the line is counted and need not be made. */
static bool skip_line(struct slu_side_writer *self, enum slu_side_file file)
{
    if (self->omitted[file] == 0) {
        return false;
    }
    self->omitted[file]++;
    return true;
}

/* Ends a line that began at `start` of the buffer: keeps it, or takes it back
 * when the file is full. */
static enum slu_err end_line(struct slu_side_writer *self,
                             enum slu_side_file file, size_t start)
{
    struct slu_buf *buf = &self->bufs[file];

    if (self->handed_on[file] + buf->len > self->max_bytes) {
        buf->len = start;
        self->omitted[file]++;
        return SLU_ERR_OK;
    }
    return buf->len >= PIECE_BYTES ? hand_on(self, file) : SLU_ERR_OK;
}

enum slu_err slu_side_writer_exceeded(struct slu_side_writer *self,
                                      enum slu_kind kind,
                                      const struct slu_record *record)
{
    enum slu_side_file file =
        kind == SLU_KIND_IP ? SLU_SIDE_EXCEEDED_IP : SLU_SIDE_EXCEEDED_DOMAIN;
    struct slu_buf *buf = &self->bufs[file];
    size_t start = buf->len;
    size_t length;
    char *room;
    enum slu_err err;

    if (skip_line(self, file)) {
        return SLU_ERR_OK;
    }
    err = slu_buf_reserve(buf, SLU_VALUE_MAX + 1, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    length = slu_list_entry(record, room);
    room[length] = '\n';
    slu_buf_commit(buf, length + 1);
    return end_line(self, file, start);
}

enum slu_err slu_side_writer_invalid(struct slu_side_writer *self,
                                     enum slu_kind kind, struct slu_view value)
{
    enum slu_side_file file =
        kind == SLU_KIND_IP ? SLU_SIDE_INVALID_IP : SLU_SIDE_INVALID_DOMAIN;
    struct slu_buf *buf = &self->bufs[file];
    size_t start = buf->len;
    enum slu_err err;

    if (value.len == 0 || skip_line(self, file)) {
        return SLU_ERR_OK;
    }
    err = slu_side_append(buf, value);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(buf, "\n");
    }
    return err == SLU_ERR_OK ? end_line(self, file, start) : err;
}

enum slu_err slu_side_writer_reason(struct slu_side_writer *self,
                                    enum slu_kind kind, struct slu_view value,
                                    enum slu_reason reason, uint32_t last_seen)
{
    struct slu_buf *buf = &self->bufs[SLU_SIDE_REASONS];
    size_t start = buf->len;
    enum slu_err err;

    if (skip_line(self, SLU_SIDE_REASONS)) {
        return SLU_ERR_OK;
    }
    err = slu_reason_append(buf, kind, value, reason, last_seen);
    return err == SLU_ERR_OK ? end_line(self, SLU_SIDE_REASONS, start) : err;
}

enum slu_err slu_side_writer_flush(struct slu_side_writer *self)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned file = 0; file < SLU_SIDE_FILE_COUNT; file++) {
        if (err == SLU_ERR_OK) {
            err = hand_on(self, (enum slu_side_file)file);
        }
    }
    return err;
}
