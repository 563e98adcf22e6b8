/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader of one small JSON document by hand: the names inside
 * "threat_lists" are the user's, and json_read.h only finds names that are
 * known beforehand. Strings aren't unescaped: no name or value that means
 * something to us has an escape in it.
 */
#include "codecs/checkpoint.h"

#include "codecs/time_text.h"

#define DEPTH_MAX 16
#define SECONDS_MAX INT64_C(253402300799)

struct reader {
    const char *at;
    const char *begin;
    const char *end;
    const char *expected; /* what was expected where it stopped; NULL: fine */
    struct slu_checkpoint *checkpoint;
};

static bool fail(struct reader *self, const char *expected)
{
    if (self->expected == NULL) {
        self->expected = expected;
    }
    return false;
}

/* The next byte that is no white space, or 0 at the end. */
static char peek(struct reader *self)
{
    while (self->at < self->end && (*self->at == ' ' || *self->at == '\t' ||
                                    *self->at == '\n' || *self->at == '\r')) {
        self->at++;
    }
    return self->at < self->end ? *self->at : '\0';
}

static bool take_byte(struct reader *self, char byte)
{
    if (peek(self) != byte || self->at == self->end) {
        return false;
    }
    self->at++;
    return true;
}

/* The text between the quotes, as it stands. */
static bool read_string(struct reader *self, struct slu_view *out_text)
{
    const char *start;

    if (!take_byte(self, '"')) {
        return fail(self, "a string");
    }
    start = self->at;
    while (self->at < self->end && *self->at != '"') {
        if ((unsigned char)*self->at < 0x20) {
            return fail(self, "no control character in a string");
        }
        /* What is escaped is skipped with its backslash. */
        self->at += *self->at == '\\' && self->end - self->at > 1 ? 2 : 1;
    }
    if (self->at >= self->end) {
        self->at = self->end;
        return fail(self, "the end of a string");
    }
    *out_text = slu_view_make(start, (size_t)(self->at - start));
    self->at++;
    return true;
}

static bool is_scalar_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           byte == '+' || byte == '-' || byte == '.' || byte == 'E';
}

static bool is_number(struct slu_view text)
{
    size_t digits = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] >= '0' && text.ptr[i] <= '9') {
            digits++;
        } else if (text.ptr[i] >= 'a' && text.ptr[i] != 'e') {
            return false;
        }
    }
    return digits > 0 &&
           (text.ptr[0] == '-' || (text.ptr[0] >= '0' && text.ptr[0] <= '9'));
}

/* A number or one of the three words, as it stands. */
static bool read_scalar(struct reader *self, struct slu_view *out_text)
{
    const char *start;

    (void)peek(self);
    start = self->at;
    while (self->at < self->end && is_scalar_byte(*self->at)) {
        self->at++;
    }
    *out_text = slu_view_make(start, (size_t)(self->at - start));
    if (out_text->len == 0 ||
        !(is_number(*out_text) || slu_view_equal_str(*out_text, "null") ||
          slu_view_equal_str(*out_text, "true") ||
          slu_view_equal_str(*out_text, "false"))) {
        self->at = start;
        return fail(self, "a value");
    }
    return true;
}

typedef bool (*member_fn)(struct reader *self, struct slu_view name,
                          unsigned depth);

static bool read_object(struct reader *self, member_fn on_member,
                        unsigned depth)
{
    struct slu_view name;

    if (depth > DEPTH_MAX || !take_byte(self, '{')) {
        return fail(self, "an object");
    }
    if (take_byte(self, '}')) {
        return true;
    }
    do {
        if (!read_string(self, &name)) {
            return false;
        }
        if (!take_byte(self, ':')) {
            return fail(self, "a colon");
        }
        if (!on_member(self, name, depth + 1)) {
            return false;
        }
    } while (take_byte(self, ','));
    return take_byte(self, '}') || fail(self, "a comma or a closing brace");
}

static bool skip_value(struct reader *self, unsigned depth);

static bool skip_member(struct reader *self, struct slu_view name,
                        unsigned depth)
{
    (void)name;
    return skip_value(self, depth);
}

static bool skip_array(struct reader *self, unsigned depth)
{
    if (depth > DEPTH_MAX) {
        return fail(self, "less nesting");
    }
    (void)take_byte(self, '[');
    if (take_byte(self, ']')) {
        return true;
    }
    do {
        if (!skip_value(self, depth + 1)) {
            return false;
        }
    } while (take_byte(self, ','));
    return take_byte(self, ']') || fail(self, "a comma or a closing bracket");
}

static bool skip_value(struct reader *self, unsigned depth)
{
    struct slu_view text;

    switch (peek(self)) {
    case '{':
        return read_object(self, skip_member, depth);
    case '[':
        return skip_array(self, depth);
    case '"':
        return read_string(self, &text);
    default:
        return read_scalar(self, &text);
    }
}

/* A string's or a scalar's text. */
static bool read_text(struct reader *self, struct slu_view *out_text)
{
    return peek(self) == '"' ? read_string(self, out_text)
                             : read_scalar(self, out_text);
}

/* Seconds, as a number or its text; a fraction is cut off. null is 0. */
static bool read_seconds(struct reader *self, int64_t *out_seconds)
{
    struct slu_view text;
    int64_t seconds = 0;
    size_t i = 0;

    if (!read_text(self, &text)) {
        return false;
    }
    if (slu_view_equal_str(text, "null")) {
        *out_seconds = 0;
        return true;
    }
    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9' &&
           seconds <= SECONDS_MAX) {
        seconds = seconds * 10 + (text.ptr[i] - '0');
        i++;
    }
    if (i == 0 || seconds > SECONDS_MAX ||
        (i < text.len && text.ptr[i] != '.')) {
        return fail(self, "seconds since 1970 before this");
    }
    *out_seconds = seconds;
    return true;
}

static bool read_list(struct reader *self, struct slu_view name, unsigned depth)
{
    struct slu_view text;
    int64_t hour;

    (void)depth;
    if (!read_text(self, &text)) {
        return false;
    }
    if (slu_view_equal_str(text, "null")) {
        return true;
    }
    if (!slu_time_parse_hour(text, &hour)) {
        return fail(self, "an hour as YYYYMMDDHH before this");
    }
    if (name.len == 0 || name.len >= SLU_CHECKPOINT_LIST_ID_MAX ||
        memchr(name.ptr, '\\', name.len) != NULL) {
        return true; /* no list that we know */
    }
    return slu_checkpoint_set_list(self->checkpoint, name, hour) ==
               SLU_ERR_OK ||
           fail(self, "at most 32 threat lists");
}

static bool read_lists(struct reader *self, unsigned depth)
{
    struct slu_view text;

    if (peek(self) == '{') {
        return read_object(self, read_list, depth);
    }
    return (read_scalar(self, &text) && slu_view_equal_str(text, "null")) ||
           fail(self, "an object as threat_lists before this");
}

static bool read_member(struct reader *self, struct slu_view name,
                        unsigned depth)
{
    int64_t *stream = self->checkpoint->stream;

    if (slu_view_equal_str(name, "domain_last_notification_date")) {
        return read_seconds(self, &stream[SLU_KIND_DOMAIN]);
    }
    if (slu_view_equal_str(name, "ip_address_last_notification_date")) {
        return read_seconds(self, &stream[SLU_KIND_IP]);
    }
    if (slu_view_equal_str(name, "threat_lists")) {
        return read_lists(self, depth);
    }
    return skip_value(self, depth);
}

enum slu_err slu_checkpoint_parse(struct slu_checkpoint *self,
                                  const struct slu_alloc *alloc,
                                  struct slu_view text,
                                  struct slu_error *out_error)
{
    struct reader reader = {.at = text.ptr,
                            .begin = text.ptr,
                            .end = text.ptr + text.len,
                            .checkpoint = self};

    (void)alloc;
    *self = (struct slu_checkpoint){0};
    if (text.len > 0 && read_object(&reader, read_member, 0) &&
        peek(&reader) == '\0' && reader.at == reader.end) {
        return SLU_ERR_OK;
    }
    *self = (struct slu_checkpoint){0};
    (void)slu_error_set(out_error, SLU_ERR_CONFIG,
                        "the checkpoint is damaged at byte %zu: expected %s; "
                        "restore the file, or remove it for a full pull",
                        (size_t)(reader.at - reader.begin),
                        text.len == 0             ? "an object"
                        : reader.expected != NULL ? reader.expected
                                                  : "its end");
    if (out_error != NULL) {
        out_error->offset = (uint64_t)(reader.at - reader.begin);
    }
    return SLU_ERR_CONFIG;
}

enum slu_err slu_checkpoint_format(const struct slu_checkpoint *self,
                                   struct slu_buf *buf)
{
    static const struct {
        const char *name;
        enum slu_kind kind;
    } streams[] = {
        {"domain_last_notification_date", SLU_KIND_DOMAIN},
        {"ip_address_last_notification_date", SLU_KIND_IP},
    };
    enum slu_err err = slu_buf_append_str(buf, "{");

    for (unsigned i = 0; i < SLU_KIND_COUNT && err == SLU_ERR_OK; i++) {
        if (self->stream[streams[i].kind] > 0) {
            err = slu_buf_printf(buf, "\n  \"%s\": %lld,", streams[i].name,
                                 (long long)self->stream[streams[i].kind]);
        }
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(buf, "\n  \"threat_lists\": {");
    }
    for (unsigned i = 0; i < self->list_count && err == SLU_ERR_OK; i++) {
        char hour[SLU_HOUR_TEXT_LEN];

        slu_time_format_hour(self->lists[i].hour, hour);
        err = slu_buf_printf(buf, "%s\n    \"%s\": \"%.*s\"", i == 0 ? "" : ",",
                             self->lists[i].id, SLU_HOUR_TEXT_LEN, hour);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return slu_buf_append_str(buf,
                              self->list_count == 0 ? "}\n}\n" : "\n  }\n}\n");
}

static struct slu_checkpoint_list *find_list(const struct slu_checkpoint *self,
                                             struct slu_view id)
{
    for (unsigned i = 0; i < self->list_count; i++) {
        if (slu_view_equal_str(id, self->lists[i].id)) {
            return (struct slu_checkpoint_list *)&self->lists[i];
        }
    }
    return NULL;
}

/* Keeps the table sorted, so that the same dates are the same text. */
static struct slu_checkpoint_list *insert_list(struct slu_checkpoint *self,
                                               struct slu_view id)
{
    struct slu_checkpoint_list entry = {0};
    unsigned i = self->list_count++;

    memcpy(entry.id, id.ptr, id.len);
    while (i > 0 && strcmp(self->lists[i - 1].id, entry.id) > 0) {
        self->lists[i] = self->lists[i - 1];
        i--;
    }
    self->lists[i] = entry;
    return &self->lists[i];
}

enum slu_err slu_checkpoint_set_list(struct slu_checkpoint *self,
                                     struct slu_view id, int64_t hour)
{
    struct slu_checkpoint_list *list = find_list(self, id);

    if (list == NULL) {
        if (self->list_count == SLU_CHECKPOINT_LISTS_MAX || id.len == 0 ||
            id.len >= SLU_CHECKPOINT_LIST_ID_MAX) {
            return SLU_ERR_LIMIT;
        }
        list = insert_list(self, id);
    }
    list->hour = hour;
    return SLU_ERR_OK;
}

int64_t slu_checkpoint_list_hour(const struct slu_checkpoint *self,
                                 struct slu_view id)
{
    const struct slu_checkpoint_list *list = find_list(self, id);

    return list != NULL ? list->hour : 0;
}
