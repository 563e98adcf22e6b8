/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value that is open: a record, a member, or one that is skipped. It is
 * known by the offset of its first byte only; when a piece ends inside it, what
 * the piece has of it goes to the carry buffer.
 */
#include "codecs/json_split_state.h"

/* What a number, true, false or null can consist of. */
static bool is_scalar(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

/* Where the open value begins in this piece. */
static size_t find_start(const struct slu_json_split *self)
{
    return self->value_offset > self->piece_offset
               ? (size_t)(self->value_offset - self->piece_offset)
               : 0;
}

static bool is_kept(const struct slu_json_split *self)
{
    return self->target == SLU_JSON_TARGET_RECORD ||
           self->target == SLU_JSON_TARGET_MEMBER;
}

static enum slu_err append_carry(struct slu_json_split *self, size_t end)
{
    size_t start = find_start(self);

    return slu_buf_append(&self->carry,
                          slu_view_make(self->piece.ptr + start, end - start));
}

/* Completes the value in the carry buffer, with zeroed padding behind it. */
static enum slu_err close_carry(struct slu_json_split *self,
                                struct slu_view *out_text)
{
    char *padding;
    enum slu_err err = append_carry(self, self->pos);

    if (err == SLU_ERR_OK) {
        err = slu_buf_reserve(&self->carry, SLU_JSON_PADDING, &padding);
    }
    if (err == SLU_ERR_OK) {
        memset(padding, 0, SLU_JSON_PADDING);
        *out_text = slu_buf_view(&self->carry);
        self->carry_is_out = true;
    }
    return err;
}

static enum slu_json_split_step emit_value(struct slu_json_split *self)
{
    size_t start = find_start(self);
    enum slu_err err;

    *self->event = (struct slu_json_event){
        .kind = self->target == SLU_JSON_TARGET_RECORD ? SLU_JSON_RECORD
                                                       : SLU_JSON_MEMBER,
        .index =
            self->target == SLU_JSON_TARGET_RECORD ? 0 : (unsigned)self->key,
        .offset = self->value_offset};
    if (self->carry.len == 0 &&
        self->piece.len - self->pos >= SLU_JSON_PADDING) {
        self->event->text =
            slu_view_make(self->piece.ptr + start, self->pos - start);
        return SLU_JSON_STEP_EVENT;
    }
    err = close_carry(self, &self->event->text);
    if (err != SLU_ERR_OK) {
        return slu_json_split_fail_at(self, err, self->value_offset,
                                      "no memory for a record");
    }
    return SLU_JSON_STEP_EVENT;
}

/* The open value ends just before pos. */
static enum slu_json_split_step close_value(struct slu_json_split *self)
{
    self->state =
        self->in_array ? SLU_JSON_STATE_ELEMENT_END : SLU_JSON_STATE_VALUE_END;
    return is_kept(self) ? emit_value(self) : SLU_JSON_STEP_ON;
}

/*
 * How many bytes of the piece the open value may take. Looking no further
 * keeps the first fault the same however the text is cut.
 */
static size_t find_room(const struct slu_json_split *self)
{
    size_t left = self->piece.len - self->pos;
    uint64_t taken = slu_json_split_offset(self) - self->value_offset;

    if (is_kept(self) && left > self->record_max - taken) {
        return self->record_max - (size_t)taken;
    }
    return left;
}

static enum slu_json_split_step fail_too_long(struct slu_json_split *self)
{
    return slu_json_split_fail_at(self, SLU_ERR_LIMIT, self->value_offset,
                                  self->target == SLU_JSON_TARGET_RECORD
                                      ? "a record exceeds limits.record_bytes"
                                      : "a member exceeds limits.record_bytes");
}

static enum slu_json_split_step run_scan(struct slu_json_split *self,
                                         slu_json_scan_fn scan)
{
    size_t room = find_room(self);

    self->pos += scan(&self->scan, self->piece.ptr + self->pos, room);
    if (self->scan.status == SLU_JSON_SCAN_CLOSED) {
        return close_value(self);
    }
    if (self->scan.status != SLU_JSON_SCAN_MORE) {
        return slu_json_split_fail_scan(self);
    }
    return self->pos < self->piece.len ? fail_too_long(self) : SLU_JSON_STEP_ON;
}

enum slu_json_split_step slu_json_value_container(struct slu_json_split *self,
                                                  char c)
{
    (void)c;
    return run_scan(self, self->kernel->container);
}

enum slu_json_split_step slu_json_value_string(struct slu_json_split *self,
                                               char c)
{
    (void)c;
    return run_scan(self, self->kernel->string);
}

enum slu_json_split_step slu_json_value_scalar(struct slu_json_split *self,
                                               char c)
{
    static const char null[] = "null";
    uint64_t len = slu_json_split_offset(self) - self->value_offset;

    if (!is_scalar(c)) {
        if (self->target == SLU_JSON_TARGET_NULL && len != 4) {
            return slu_json_split_fail(self, "expected an array or null");
        }
        return close_value(self);
    }
    if (is_kept(self) && len == self->record_max) {
        return fail_too_long(self);
    }
    if (self->target == SLU_JSON_TARGET_NULL && (len >= 4 || c != null[len])) {
        return slu_json_split_fail(self, "expected an array or null");
    }
    self->pos++;
    return SLU_JSON_STEP_ON;
}

enum slu_json_split_step slu_json_value_open(struct slu_json_split *self,
                                             char c,
                                             enum slu_json_split_target target)
{
    self->target = target;
    self->value_offset = slu_json_split_offset(self);
    slu_json_scan_init(&self->scan, self->in_array ? 2 : 1);
    if (c == '{' || c == '[') {
        self->state = SLU_JSON_STATE_CONTAINER;
        return SLU_JSON_STEP_ON;
    }
    if (c == '"') {
        return slu_json_split_go_on(self, SLU_JSON_STATE_STRING);
    }
    if (is_scalar(c)) {
        self->state = SLU_JSON_STATE_SCALAR;
        return SLU_JSON_STEP_ON;
    }
    return slu_json_split_fail(self, "expected a value");
}

enum slu_json_split_step slu_json_value_end_piece(struct slu_json_split *self)
{
    if (self->state >= SLU_JSON_STATE_CONTAINER && is_kept(self)) {
        enum slu_err err = append_carry(self, self->piece.len);

        if (err != SLU_ERR_OK) {
            return slu_json_split_fail_at(self, err, self->value_offset,
                                          "no memory for a record");
        }
    }
    self->piece_offset += self->piece.len;
    self->piece = slu_view_make(NULL, 0);
    self->pos = 0;
    return SLU_JSON_STEP_ON;
}
