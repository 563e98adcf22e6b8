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
 * out with them.
 *
 * A value that is to be handed out is known by the offset of its first byte
 * only. When a piece ends inside it, what the piece has of it goes to the
 * carry buffer.
 */
#include "codecs/json_split.h"

#include "codecs/buf.h"
#include "codecs/json_names.h"
#include "codecs/json_records.h"
#include "codecs/json_scan.h"

#include <assert.h>

_Static_assert(SLU_JSON_DEPTH_MAX == SLU_JSON_SCAN_DEPTH_MAX,
               "the bit stack of the scan is the depth cap");

enum state {
    STATE_TOP,           /* before the top-level value */
    STATE_KEY_OR_END,    /* behind {: a key or } */
    STATE_KEY,           /* behind a comma: a key */
    STATE_KEY_TEXT,      /* inside a key */
    STATE_COLON,         /* behind a key */
    STATE_VALUE,         /* behind a colon */
    STATE_VALUE_END,     /* behind a member's value: , or } */
    STATE_ELEMENT_FIRST, /* behind [: an element or ] */
    STATE_ELEMENT,       /* behind a comma: an element */
    STATE_ELEMENT_END,   /* behind an element: , or ] */
    STATE_END,           /* behind the top-level value */
    /* From here on a value is open, and white space is part of it or ends
     * it. */
    STATE_CONTAINER,
    STATE_STRING,
    STATE_SCALAR,
};

enum target {
    TARGET_SKIP,
    TARGET_RECORD,
    TARGET_MEMBER,
    TARGET_NULL, /* the array member, when it isn't an array */
};

enum step {
    STEP_ON,
    STEP_EVENT,
    STEP_FAILED,
};

struct slu_json_split {
    const struct slu_alloc *alloc;
    const struct slu_json_kernel *kernel;
    size_t record_max;
    struct slu_json_names names; /* the members, then the array */
    unsigned member_count;

    enum state state;
    bool saw_array_member; /* null or not */
    bool saw_array;
    int key; /* index in names, or -1 */

    struct slu_view piece;
    size_t pos;            /* in the piece */
    uint64_t piece_offset; /* of the piece in the text */

    struct slu_json_records records; /* the elements, as far as they go on */

    enum target target;    /* of the open value */
    bool in_array;         /* the open value is an element */
    uint64_t value_offset; /* its first byte, in the text */
    struct slu_json_scan scan;
    struct slu_buf carry;         /* what earlier pieces had of it */
    bool carry_is_out;            /* the last event's text is in there */
    struct slu_json_event *event; /* where next wants it */

    struct slu_error error;
};

static uint64_t current_offset(const struct slu_json_split *self)
{
    return self->piece_offset + self->pos;
}

static enum step fail_at(struct slu_json_split *self, enum slu_err code,
                         uint64_t offset, const char *what)
{
    (void)slu_error_set(&self->error, code, "JSON, byte %llu: %s",
                        (unsigned long long)offset, what);
    self->error.offset = offset;
    return STEP_FAILED;
}

static enum step fail_here(struct slu_json_split *self, const char *what)
{
    return fail_at(self, SLU_ERR_MALFORMED, current_offset(self), what);
}

static enum step go_on(struct slu_json_split *self, enum state state)
{
    self->state = state;
    self->pos++;
    return STEP_ON;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

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
    return self->target == TARGET_RECORD || self->target == TARGET_MEMBER;
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

static enum step emit_value(struct slu_json_split *self)
{
    size_t start = find_start(self);
    enum slu_err err;

    *self->event = (struct slu_json_event){
        .kind =
            self->target == TARGET_RECORD ? SLU_JSON_RECORD : SLU_JSON_MEMBER,
        .index = self->target == TARGET_RECORD ? 0 : (unsigned)self->key,
        .offset = self->value_offset};
    if (self->carry.len == 0 &&
        self->piece.len - self->pos >= SLU_JSON_PADDING) {
        self->event->text =
            slu_view_make(self->piece.ptr + start, self->pos - start);
        return STEP_EVENT;
    }
    err = close_carry(self, &self->event->text);
    if (err != SLU_ERR_OK) {
        return fail_at(self, err, self->value_offset, "no memory for a record");
    }
    return STEP_EVENT;
}

/* The open value ends just before pos. */
static enum step close_value(struct slu_json_split *self)
{
    self->state = self->in_array ? STATE_ELEMENT_END : STATE_VALUE_END;
    return is_kept(self) ? emit_value(self) : STEP_ON;
}

/*
 * How many bytes of the piece the open value may take. Looking no further
 * keeps the first fault the same however the text is cut.
 */
static size_t find_room(const struct slu_json_split *self)
{
    size_t left = self->piece.len - self->pos;
    uint64_t taken = current_offset(self) - self->value_offset;

    if (is_kept(self) && left > self->record_max - taken) {
        return self->record_max - (size_t)taken;
    }
    return left;
}

static enum step fail_too_long(struct slu_json_split *self)
{
    return fail_at(self, SLU_ERR_LIMIT, self->value_offset,
                   self->target == TARGET_RECORD
                       ? "a record exceeds limits.record_bytes"
                       : "a member exceeds limits.record_bytes");
}

static enum step fail_scan(struct slu_json_split *self)
{
    switch (self->scan.status) {
    case SLU_JSON_SCAN_CONTROL:
        return fail_here(self, "a control character in a string");
    case SLU_JSON_SCAN_UTF8:
        return fail_here(self, "invalid UTF-8");
    case SLU_JSON_SCAN_MISMATCH:
        return fail_here(self, "a bracket that doesn't match");
    default:
        return fail_at(self, SLU_ERR_LIMIT, current_offset(self),
                       "brackets more than 64 deep");
    }
}

static enum step run_scan(struct slu_json_split *self, slu_json_scan_fn scan)
{
    size_t room = find_room(self);

    self->pos += scan(&self->scan, self->piece.ptr + self->pos, room);
    if (self->scan.status == SLU_JSON_SCAN_CLOSED) {
        return close_value(self);
    }
    if (self->scan.status != SLU_JSON_SCAN_MORE) {
        return fail_scan(self);
    }
    return self->pos < self->piece.len ? fail_too_long(self) : STEP_ON;
}

static enum step step_container(struct slu_json_split *self, char c)
{
    (void)c;
    return run_scan(self, self->kernel->container);
}

static enum step step_string(struct slu_json_split *self, char c)
{
    (void)c;
    return run_scan(self, self->kernel->string);
}

static enum step step_scalar(struct slu_json_split *self, char c)
{
    static const char null[] = "null";
    uint64_t len = current_offset(self) - self->value_offset;

    if (!is_scalar(c)) {
        if (self->target == TARGET_NULL && len != 4) {
            return fail_here(self, "expected an array or null");
        }
        return close_value(self);
    }
    if (is_kept(self) && len == self->record_max) {
        return fail_too_long(self);
    }
    if (self->target == TARGET_NULL && (len >= 4 || c != null[len])) {
        return fail_here(self, "expected an array or null");
    }
    self->pos++;
    return STEP_ON;
}

static enum step open_value(struct slu_json_split *self, char c,
                            enum target target)
{
    self->target = target;
    self->value_offset = current_offset(self);
    slu_json_scan_init(&self->scan, self->in_array ? 2 : 1);
    if (c == '{' || c == '[') {
        self->state = STATE_CONTAINER;
        return STEP_ON;
    }
    if (c == '"') {
        return go_on(self, STATE_STRING);
    }
    if (is_scalar(c)) {
        self->state = STATE_SCALAR;
        return STEP_ON;
    }
    return fail_here(self, "expected a value");
}

static enum step step_top(struct slu_json_split *self, char c)
{
    if (c != '{') {
        return fail_here(self, "expected an object");
    }
    return go_on(self, STATE_KEY_OR_END);
}

static enum step step_key(struct slu_json_split *self, char c)
{
    if (c == '}' && self->state == STATE_KEY_OR_END) {
        return go_on(self, STATE_END);
    }
    if (c != '"') {
        return fail_here(self, "expected a name in quotes");
    }
    slu_json_scan_init(&self->scan, 1);
    slu_json_names_start(&self->names);
    return go_on(self, STATE_KEY_TEXT);
}

static enum step step_key_text(struct slu_json_split *self, char c)
{
    const char *text = self->piece.ptr + self->pos;
    size_t len =
        self->kernel->string(&self->scan, text, self->piece.len - self->pos);
    bool closed = self->scan.status == SLU_JSON_SCAN_CLOSED;

    (void)c;
    self->pos += len;
    if (!closed && self->scan.status != SLU_JSON_SCAN_MORE) {
        return fail_scan(self);
    }
    slu_json_names_feed(&self->names,
                        slu_view_make(text, closed ? len - 1 : len));
    if (closed) {
        self->key = slu_json_names_match(&self->names);
        self->state = STATE_COLON;
    }
    return STEP_ON;
}

static enum step step_colon(struct slu_json_split *self, char c)
{
    if (c != ':') {
        return fail_here(self, "expected a colon");
    }
    return go_on(self, STATE_VALUE);
}

static enum step open_array(struct slu_json_split *self, char c)
{
    if (self->saw_array_member) {
        return fail_here(self, "the array occurs twice");
    }
    self->saw_array_member = true;
    if (c == '[') {
        self->saw_array = true;
        return go_on(self, STATE_ELEMENT_FIRST);
    }
    if (c != 'n') {
        return fail_here(self, "expected an array or null");
    }
    return open_value(self, c, TARGET_NULL);
}

static enum step step_value(struct slu_json_split *self, char c)
{
    self->in_array = false;
    if (self->key < 0) {
        return open_value(self, c, TARGET_SKIP);
    }
    if ((unsigned)self->key < self->member_count) {
        return open_value(self, c, TARGET_MEMBER);
    }
    return open_array(self, c);
}

static enum step step_value_end(struct slu_json_split *self, char c)
{
    if (c == ',') {
        return go_on(self, STATE_KEY);
    }
    if (c != '}') {
        return fail_here(self, "expected a comma or }");
    }
    return go_on(self, STATE_END);
}

/*
 * Hands out the element at hand by its tokens, and passes it. Where there are
 * none (the end of the piece or a fault lies ahead), or it is too long, the
 * states go on from its first byte.
 */
static enum step step_records(struct slu_json_split *self)
{
    struct slu_json_record record;
    bool found = slu_json_records_next(&self->records, &record);

    self->pos = record.pos;
    if (!found || record.len > self->record_max) {
        self->records.is_open = false;
        return open_value(self, self->piece.ptr[self->pos], TARGET_RECORD);
    }
    *self->event = (struct slu_json_event){
        .kind = SLU_JSON_RECORD,
        .text = slu_view_make(self->piece.ptr + record.pos, record.len),
        .offset = current_offset(self),
        .tokens = {&self->records.index, record.first}};
    self->pos += record.len;
    self->state = STATE_ELEMENT_END;
    return STEP_EVENT;
}

static enum step step_element(struct slu_json_split *self, char c)
{
    if (c == ']' && self->state == STATE_ELEMENT_FIRST) {
        return go_on(self, STATE_VALUE_END);
    }
    self->in_array = true;
    if ((c != '{' && c != '[') ||
        !slu_json_records_can_start(&self->records, self->piece, self->pos)) {
        return open_value(self, c, TARGET_RECORD);
    }
    if (slu_json_records_start(&self->records, self->piece, self->pos) !=
        SLU_ERR_OK) {
        return fail_at(self, SLU_ERR_NOMEM, current_offset(self),
                       "no memory for a record");
    }
    return step_records(self);
}

static enum step step_element_end(struct slu_json_split *self, char c)
{
    if (c == ',') {
        return go_on(self, STATE_ELEMENT);
    }
    if (c != ']') {
        return fail_here(self, "expected a comma or ]");
    }
    return go_on(self, STATE_VALUE_END);
}

static enum step step_end(struct slu_json_split *self, char c)
{
    (void)c;
    return fail_here(self, "bytes after the end");
}

typedef enum step (*step_fn)(struct slu_json_split *self, char c);

static const step_fn steps[] = {
    [STATE_TOP] = step_top,
    [STATE_KEY_OR_END] = step_key,
    [STATE_KEY] = step_key,
    [STATE_KEY_TEXT] = step_key_text,
    [STATE_COLON] = step_colon,
    [STATE_VALUE] = step_value,
    [STATE_VALUE_END] = step_value_end,
    [STATE_ELEMENT_FIRST] = step_element,
    [STATE_ELEMENT] = step_element,
    [STATE_ELEMENT_END] = step_element_end,
    [STATE_END] = step_end,
    [STATE_CONTAINER] = step_container,
    [STATE_STRING] = step_string,
    [STATE_SCALAR] = step_scalar,
};

static bool is_between(enum state state)
{
    return state < STATE_CONTAINER && state != STATE_KEY_TEXT;
}

/* Keeps what the piece has of an open value, and forgets the piece. */
static enum step end_piece(struct slu_json_split *self)
{
    if (self->state >= STATE_CONTAINER && is_kept(self)) {
        enum slu_err err = append_carry(self, self->piece.len);

        if (err != SLU_ERR_OK) {
            return fail_at(self, err, self->value_offset,
                           "no memory for a record");
        }
    }
    self->piece_offset += self->piece.len;
    self->piece = slu_view_make(NULL, 0);
    self->pos = 0;
    return STEP_ON;
}

static enum step run_steps(struct slu_json_split *self)
{
    while (self->pos < self->piece.len) {
        char c = self->piece.ptr[self->pos];
        enum step step;

        if (is_space(c) && is_between(self->state)) {
            self->pos++;
            continue;
        }
        step = steps[self->state](self, c);
        if (step != STEP_ON) {
            return step;
        }
    }
    return end_piece(self);
}

enum slu_json_event_kind slu_json_split_next(struct slu_json_split *self,
                                             struct slu_json_event *out_event)
{
    enum step step = STEP_FAILED;

    if (self->carry_is_out) {
        slu_buf_clear(&self->carry);
        self->carry_is_out = false;
    }
    self->event = out_event;
    if (self->error.code == SLU_ERR_OK) {
        step = self->records.is_open ? step_records(self) : STEP_ON;
        step = step == STEP_ON ? run_steps(self) : step;
    }
    if (step == STEP_EVENT) {
        return out_event->kind;
    }
    *out_event = (struct slu_json_event){.kind = SLU_JSON_ERROR};
    if (step == STEP_ON) {
        out_event->kind =
            self->state == STATE_END ? SLU_JSON_DONE : SLU_JSON_MORE;
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
    if (self->error.code == SLU_ERR_OK && self->state != STATE_END) {
        (void)fail_at(self, SLU_ERR_MALFORMED, current_offset(self),
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
    self->state = STATE_TOP;
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
