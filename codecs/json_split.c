/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record splitter. A byte is handled in one of two ways:
 *
 *   - between the values at depth one and between the array's elements, one by
 *     one by a small grammar (the states below): these are few bytes;
 *   - inside a string or a container, by the scan (json_scan.h), which runs to
 *     its end 64 bytes at a time: these are nearly all.
 *
 *     { "meta" : {...} , "iocs" : [ {...} , {...} ] , "x" : 1 }
 *     g ssssss g sssss g ssssss g g sssss g sssss g g sss g g g
 *
 * Elements that begin and end in one piece, which are most of them, aren't even
 * seen by the states: they are found by their tokens (json_records.h), which go
 * out with them. What becomes of others, json_split_value.c knows.
 */
#include "codecs/json_split_state.h"

#include <assert.h>

_Static_assert(SLU_JSON_DEPTH_MAX == SLU_JSON_SCAN_DEPTH_MAX,
               "the bit stack of the scan is the depth cap");

enum slu_json_split_step slu_json_split_fail_at(struct slu_json_split *self,
                                                enum slu_err code,
                                                uint64_t offset,
                                                const char *what)
{
    (void)slu_error_set(&self->error, code, "JSON, byte %llu: %s",
                        (unsigned long long)offset, what);
    self->error.offset = offset;
    return SLU_JSON_STEP_FAILED;
}

enum slu_json_split_step slu_json_split_fail(struct slu_json_split *self,
                                             const char *what)
{
    return slu_json_split_fail_at(self, SLU_ERR_MALFORMED,
                                  slu_json_split_offset(self), what);
}

enum slu_json_split_step slu_json_split_fail_scan(struct slu_json_split *self)
{
    switch (self->scan.status) {
    case SLU_JSON_SCAN_CONTROL:
        return slu_json_split_fail(self, "a control character in a string");
    case SLU_JSON_SCAN_UTF8:
        return slu_json_split_fail(self, "invalid UTF-8");
    case SLU_JSON_SCAN_MISMATCH:
        return slu_json_split_fail(self, "a bracket that doesn't match");
    default:
        return slu_json_split_fail_at(self, SLU_ERR_LIMIT,
                                      slu_json_split_offset(self),
                                      "brackets more than 64 deep");
    }
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static enum slu_json_split_step step_top(struct slu_json_split *self, char c)
{
    if (c != '{') {
        return slu_json_split_fail(self, "expected an object");
    }
    return slu_json_split_go_on(self, SLU_JSON_STATE_KEY_OR_END);
}

static enum slu_json_split_step step_key(struct slu_json_split *self, char c)
{
    if (c == '}' && self->state == SLU_JSON_STATE_KEY_OR_END) {
        return slu_json_split_go_on(self, SLU_JSON_STATE_END);
    }
    if (c != '"') {
        return slu_json_split_fail(self, "expected a name in quotes");
    }
    slu_json_scan_init(&self->scan, 1);
    slu_json_names_start(&self->names);
    return slu_json_split_go_on(self, SLU_JSON_STATE_KEY_TEXT);
}

static enum slu_json_split_step step_key_text(struct slu_json_split *self,
                                              char c)
{
    const char *text = self->piece.ptr + self->pos;
    size_t len =
        self->kernel->string(&self->scan, text, self->piece.len - self->pos);
    bool closed = self->scan.status == SLU_JSON_SCAN_CLOSED;

    (void)c;
    self->pos += len;
    if (!closed && self->scan.status != SLU_JSON_SCAN_MORE) {
        return slu_json_split_fail_scan(self);
    }
    slu_json_names_feed(&self->names,
                        slu_view_make(text, closed ? len - 1 : len));
    if (closed) {
        self->key = slu_json_names_match(&self->names);
        self->state = SLU_JSON_STATE_COLON;
    }
    return SLU_JSON_STEP_ON;
}

static enum slu_json_split_step step_colon(struct slu_json_split *self, char c)
{
    if (c != ':') {
        return slu_json_split_fail(self, "expected a colon");
    }
    return slu_json_split_go_on(self, SLU_JSON_STATE_VALUE);
}

static enum slu_json_split_step open_array(struct slu_json_split *self, char c)
{
    if (self->saw_array_member) {
        return slu_json_split_fail(self, "the array occurs twice");
    }
    self->saw_array_member = true;
    if (c == '[') {
        self->saw_array = true;
        return slu_json_split_go_on(self, SLU_JSON_STATE_ELEMENT_FIRST);
    }
    if (c != 'n') {
        return slu_json_split_fail(self, "expected an array or null");
    }
    return slu_json_value_open(self, c, SLU_JSON_TARGET_NULL);
}

static enum slu_json_split_step step_value(struct slu_json_split *self, char c)
{
    self->in_array = false;
    if (self->key < 0) {
        return slu_json_value_open(self, c, SLU_JSON_TARGET_SKIP);
    }
    if ((unsigned)self->key < self->member_count) {
        return slu_json_value_open(self, c, SLU_JSON_TARGET_MEMBER);
    }
    return open_array(self, c);
}

static enum slu_json_split_step step_value_end(struct slu_json_split *self,
                                               char c)
{
    if (c == ',') {
        return slu_json_split_go_on(self, SLU_JSON_STATE_KEY);
    }
    if (c != '}') {
        return slu_json_split_fail(self, "expected a comma or }");
    }
    return slu_json_split_go_on(self, SLU_JSON_STATE_END);
}

/*
 * Hands out the element at hand by its tokens, and passes it. Where there are
 * none (the end of the piece or a fault lies ahead), or it is too long, the
 * states go on from its first byte.
 */
static enum slu_json_split_step step_records(struct slu_json_split *self)
{
    struct slu_json_record record;
    bool found = slu_json_records_next(&self->records, &record);

    self->pos = record.pos;
    if (!found || record.len > self->record_max) {
        self->records.is_open = false;
        return slu_json_value_open(self, self->piece.ptr[self->pos],
                                   SLU_JSON_TARGET_RECORD);
    }
    *self->event = (struct slu_json_event){
        .kind = SLU_JSON_RECORD,
        .text = slu_view_make(self->piece.ptr + record.pos, record.len),
        .offset = slu_json_split_offset(self),
        .tokens = {&self->records.index, record.first}};
    self->pos += record.len;
    self->state = SLU_JSON_STATE_ELEMENT_END;
    return SLU_JSON_STEP_EVENT;
}

static enum slu_json_split_step step_element(struct slu_json_split *self,
                                             char c)
{
    if (c == ']' && self->state == SLU_JSON_STATE_ELEMENT_FIRST) {
        return slu_json_split_go_on(self, SLU_JSON_STATE_VALUE_END);
    }
    self->in_array = true;
    if ((c != '{' && c != '[') ||
        !slu_json_records_can_start(&self->records, self->piece, self->pos)) {
        return slu_json_value_open(self, c, SLU_JSON_TARGET_RECORD);
    }
    if (slu_json_records_start(&self->records, self->piece, self->pos) !=
        SLU_ERR_OK) {
        return slu_json_split_fail_at(self, SLU_ERR_NOMEM,
                                      slu_json_split_offset(self),
                                      "no memory for a record");
    }
    return step_records(self);
}

static enum slu_json_split_step step_element_end(struct slu_json_split *self,
                                                 char c)
{
    if (c == ',') {
        return slu_json_split_go_on(self, SLU_JSON_STATE_ELEMENT);
    }
    if (c != ']') {
        return slu_json_split_fail(self, "expected a comma or ]");
    }
    return slu_json_split_go_on(self, SLU_JSON_STATE_VALUE_END);
}

static enum slu_json_split_step step_end(struct slu_json_split *self, char c)
{
    (void)c;
    return slu_json_split_fail(self, "bytes after the end");
}

typedef enum slu_json_split_step (*step_fn)(struct slu_json_split *self,
                                            char c);

static const step_fn steps[] = {
    [SLU_JSON_STATE_TOP] = step_top,
    [SLU_JSON_STATE_KEY_OR_END] = step_key,
    [SLU_JSON_STATE_KEY] = step_key,
    [SLU_JSON_STATE_KEY_TEXT] = step_key_text,
    [SLU_JSON_STATE_COLON] = step_colon,
    [SLU_JSON_STATE_VALUE] = step_value,
    [SLU_JSON_STATE_VALUE_END] = step_value_end,
    [SLU_JSON_STATE_ELEMENT_FIRST] = step_element,
    [SLU_JSON_STATE_ELEMENT] = step_element,
    [SLU_JSON_STATE_ELEMENT_END] = step_element_end,
    [SLU_JSON_STATE_END] = step_end,
    [SLU_JSON_STATE_CONTAINER] = slu_json_value_container,
    [SLU_JSON_STATE_STRING] = slu_json_value_string,
    [SLU_JSON_STATE_SCALAR] = slu_json_value_scalar,
};

static bool is_between(enum slu_json_split_state state)
{
    return state < SLU_JSON_STATE_CONTAINER && state != SLU_JSON_STATE_KEY_TEXT;
}

static enum slu_json_split_step run_steps(struct slu_json_split *self)
{
    while (self->pos < self->piece.len) {
        char c = self->piece.ptr[self->pos];
        enum slu_json_split_step step;

        if (is_space(c) && is_between(self->state)) {
            self->pos++;
            continue;
        }
        step = steps[self->state](self, c);
        if (step != SLU_JSON_STEP_ON) {
            return step;
        }
    }
    return slu_json_value_end_piece(self);
}

enum slu_json_event_kind slu_json_split_next(struct slu_json_split *self,
                                             struct slu_json_event *out_event)
{
    enum slu_json_split_step step = SLU_JSON_STEP_FAILED;

    if (self->carry_is_out) {
        slu_buf_clear(&self->carry);
        self->carry_is_out = false;
    }
    self->event = out_event;
    if (self->error.code == SLU_ERR_OK) {
        step = self->records.is_open ? step_records(self) : SLU_JSON_STEP_ON;
        step = step == SLU_JSON_STEP_ON ? run_steps(self) : step;
    }
    if (step == SLU_JSON_STEP_EVENT) {
        return out_event->kind;
    }
    *out_event = (struct slu_json_event){.kind = SLU_JSON_ERROR};
    if (step == SLU_JSON_STEP_ON) {
        out_event->kind =
            self->state == SLU_JSON_STATE_END ? SLU_JSON_DONE : SLU_JSON_MORE;
        out_event->offset = self->piece_offset;
    } else {
        out_event->offset = self->error.offset;
    }
    return out_event->kind;
}

void slu_json_split_feed(struct slu_json_split *self, struct slu_view piece)
{
    assert(self->piece.len == 0 || self->error.code != SLU_ERR_OK);
    self->piece = piece;
    self->pos = 0;
}

enum slu_err slu_json_split_finish(struct slu_json_split *self)
{
    if (self->error.code == SLU_ERR_OK && self->state != SLU_JSON_STATE_END) {
        (void)slu_json_split_fail_at(self, SLU_ERR_MALFORMED,
                                     slu_json_split_offset(self),
                                     "ended early");
    }
    return self->error.code;
}

bool slu_json_split_saw_array(const struct slu_json_split *self)
{
    return self->saw_array;
}

const struct slu_error *slu_json_split_error(const struct slu_json_split *self)
{
    return &self->error;
}

struct slu_json_split *
slu_json_split_new(const struct slu_json_split_options *options)
{
    struct slu_json_split *self = slu_alloc_zero(options->alloc, sizeof(*self));

    assert(options->record_max > 0 &&
           options->record_max <= SIZE_MAX - SLU_JSON_PADDING);
    if (self == NULL) {
        return NULL;
    }
    self->alloc = options->alloc;
    self->kernel =
        options->kernel != NULL ? options->kernel : slu_json_kernel_best();
    slu_json_records_init(&self->records, options->alloc, self->kernel);
    self->record_max = options->record_max;
    slu_buf_init(&self->carry, options->alloc,
                 options->record_max + SLU_JSON_PADDING);
    while (self->member_count < SLU_JSON_MEMBERS_MAX &&
           options->members[self->member_count] != NULL) {
        slu_json_names_add(&self->names,
                           options->members[self->member_count++]);
    }
    if (options->array != NULL) {
        slu_json_names_add(&self->names, options->array);
    }
    slu_json_split_reset(self);
    return self;
}

void slu_json_split_free(struct slu_json_split *self)
{
    if (self != NULL) {
        slu_buf_fini(&self->carry);
        slu_json_records_fini(&self->records);
        slu_alloc_put(self->alloc, self, sizeof(*self));
    }
}

void slu_json_split_reset(struct slu_json_split *self)
{
    self->state = SLU_JSON_STATE_TOP;
    self->saw_array_member = false;
    self->saw_array = false;
    self->piece = slu_view_make(NULL, 0);
    self->pos = 0;
    self->piece_offset = 0;
    self->records.is_open = false;
    slu_buf_clear(&self->carry);
    self->carry_is_out = false;
    self->error = (struct slu_error){0};
}
