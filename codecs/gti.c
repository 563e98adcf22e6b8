/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/gti.h"

#include "codecs/buf.h"
#include "codecs/json_read.h"
#include "codecs/json_split.h"
#include "codecs/plain_text.h"

#include <assert.h>
#include <stdio.h>

/* An error body longer than this isn't read as JSON. */
#define BODY_MAX 65536

/* The order of the three tables of an item's paths. */
enum item_field {
    ITEM_TYPE,
    ITEM_ID,
    ITEM_ASSESSMENT,
    ITEM_VERDICT,
    ITEM_SCORE,
    ITEM_MODIFIED,
    ITEM_NOTIFICATION_ID,
    ITEM_NOTIFICATION_DATE,
};

static const struct slu_json_field stream_fields[] = {
    [ITEM_TYPE] = {"type"},
    [ITEM_ID] = {"id"},
    [ITEM_ASSESSMENT] = {"attributes.gti_assessment"},
    [ITEM_VERDICT] = {"attributes.gti_assessment.verdict.value"},
    [ITEM_SCORE] = {"attributes.gti_assessment.threat_score.value"},
    [ITEM_MODIFIED] = {"attributes.last_modification_date"},
    [ITEM_NOTIFICATION_ID] = {"context_attributes.notification_id"},
    [ITEM_NOTIFICATION_DATE] = {"context_attributes.notification_date"},
};

static const struct slu_json_field list_fields[] = {
    [ITEM_TYPE] = {"data.type"},
    [ITEM_ID] = {"data.id"},
    [ITEM_ASSESSMENT] = {"data.attributes.gti_assessment"},
    [ITEM_VERDICT] = {"data.attributes.gti_assessment.verdict.value"},
    [ITEM_SCORE] = {"data.attributes.gti_assessment.threat_score.value"},
    [ITEM_MODIFIED] = {"data.attributes.last_modification_date"},
};

enum meta_field {
    META_COUNT,
    META_CURSOR,
};

static const struct slu_json_field meta_fields[] = {
    [META_COUNT] = {"count"},
    [META_CURSOR] = {"cursor"},
};

enum error_field {
    ERROR_CODE,
    ERROR_MESSAGE,
};

static const struct slu_json_field error_fields[] = {
    [ERROR_CODE] = {"error.code"},
    [ERROR_MESSAGE] = {"error.message"},
};

/* A table of paths and how many they are. */
#define TABLE(fields) fields, sizeof(fields) / sizeof((fields)[0])

struct slu_gti_reader {
    const struct slu_alloc *alloc;
    struct slu_json_reader *items[2]; /* by enum slu_gti_shape */
    struct slu_json_reader *meta;
    struct slu_json_reader *error;
    struct slu_buf body; /* an error body with padding behind it */
    char digits[24];     /* a notification id that came as a number */
};

struct slu_gti_reader *slu_gti_reader_new(const struct slu_alloc *alloc)
{
    struct slu_gti_reader *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    slu_buf_init(&self->body, alloc, BODY_MAX + SLU_JSON_PADDING);
    self->items[SLU_GTI_STREAM_ITEM] =
        slu_json_reader_new(alloc, TABLE(stream_fields));
    self->items[SLU_GTI_LIST_ITEM] =
        slu_json_reader_new(alloc, TABLE(list_fields));
    self->meta = slu_json_reader_new(alloc, TABLE(meta_fields));
    self->error = slu_json_reader_new(alloc, TABLE(error_fields));
    if (self->items[0] == NULL || self->items[1] == NULL ||
        self->meta == NULL || self->error == NULL) {
        slu_gti_reader_free(self);
        return NULL;
    }
    return self;
}

void slu_gti_reader_free(struct slu_gti_reader *self)
{
    if (self != NULL) {
        slu_json_reader_free(self->items[0]);
        slu_json_reader_free(self->items[1]);
        slu_json_reader_free(self->meta);
        slu_json_reader_free(self->error);
        slu_buf_fini(&self->body);
        slu_alloc_put(self->alloc, self, sizeof(*self));
    }
}

/* --- values ------------------------------------------------------------- */

/* At most 18 digits, which always fit; false for anything else. */
static bool parse_digits(struct slu_view text, int64_t *out)
{
    int64_t number = 0;

    if (text.len == 0 || text.len > 18) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        number = number * 10 + (text.ptr[i] - '0');
    }
    *out = number;
    return true;
}

/* A number, or a string of digits, that isn't negative. */
static bool take_count(const struct slu_json_value *value, int64_t *out)
{
    switch (value->kind) {
    case SLU_JSON_INT:
    case SLU_JSON_DOUBLE:
        if (value->number < 0) {
            return false;
        }
        *out = value->integer;
        return true;
    case SLU_JSON_STRING:
        return parse_digits(value->text, out);
    default:
        return false;
    }
}

static uint8_t clamp_score(const struct slu_json_value *value)
{
    int64_t digits;

    if (value->kind == SLU_JSON_STRING && parse_digits(value->text, &digits)) {
        return digits >= 100 ? 100 : (uint8_t)digits;
    }
    if (value->kind != SLU_JSON_INT && value->kind != SLU_JSON_DOUBLE) {
        return 0;
    }
    if (value->number <= 0) {
        return 0;
    }
    return value->number >= 100 ? 100 : (uint8_t)value->number;
}

/* A verdict that we don't know, and one that isn't a string, is of an
 * assessment all the same. */
static enum slu_verdict take_verdict(const struct slu_json_value *value)
{
    enum slu_verdict verdict;

    if (value->kind == SLU_JSON_STRING &&
        slu_verdict_parse(value->text, &verdict)) {
        return verdict;
    }
    return SLU_VERDICT_UNKNOWN;
}

static enum slu_gti_type take_type(const struct slu_json_value *value)
{
    if (value->kind == SLU_JSON_STRING) {
        if (slu_view_equal_str(value->text, "ip_address")) {
            return SLU_GTI_IP_ADDRESS;
        }
        if (slu_view_equal_str(value->text, "domain")) {
            return SLU_GTI_DOMAIN;
        }
    }
    return SLU_GTI_OTHER;
}

static struct slu_view take_string(const struct slu_json_value *value)
{
    return value->kind == SLU_JSON_STRING ? value->text
                                          : slu_view_make(NULL, 0);
}

/* --- items -------------------------------------------------------------- */

struct item_pass {
    struct slu_gti_reader *reader;
    struct slu_gti_item *item;
};

/* The API sends a string of digits; a number means the same. */
static struct slu_view take_notification_id(struct slu_gti_reader *reader,
                                            const struct slu_json_value *value)
{
    if (value->kind != SLU_JSON_INT) {
        return take_string(value);
    }
    (void)snprintf(reader->digits, sizeof(reader->digits), "%lld",
                   (long long)value->integer);
    return slu_view_str(reader->digits);
}

static bool on_item_value(void *ctx, unsigned field,
                          const struct slu_json_value *value)
{
    struct item_pass *pass = ctx;
    struct slu_gti_item *item = pass->item;

    switch ((enum item_field)field) {
    case ITEM_TYPE:
        item->type = take_type(value);
        break;
    case ITEM_ID:
        item->id = take_string(value);
        break;
    case ITEM_ASSESSMENT:
        if (value->kind == SLU_JSON_OBJECT) {
            item->verdict = SLU_VERDICT_UNKNOWN;
        }
        break;
    case ITEM_VERDICT:
        item->verdict = take_verdict(value);
        break;
    case ITEM_SCORE:
        item->score = clamp_score(value);
        break;
    case ITEM_MODIFIED:
        (void)take_count(value, &item->last_modification_date);
        break;
    case ITEM_NOTIFICATION_ID:
        item->notification_id = take_notification_id(pass->reader, value);
        break;
    case ITEM_NOTIFICATION_DATE:
        (void)take_count(value, &item->notification_date);
        break;
    }
    return true;
}

static bool is_object(struct slu_view text)
{
    return text.len > 0 && text.ptr[0] == '{';
}

enum slu_err slu_gti_read_item(struct slu_gti_reader *self,
                               enum slu_gti_shape shape,
                               const struct slu_json_event *event,
                               struct slu_gti_item *out_item,
                               struct slu_error *out_error)
{
    struct item_pass pass = {self, out_item};

    *out_item = (struct slu_gti_item){0};
    if (!is_object(event->text)) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "an item is no object");
    }
    return slu_json_read_event(self->items[shape], event, on_item_value, &pass,
                               out_error);
}

/* --- meta --------------------------------------------------------------- */

static bool on_meta_value(void *ctx, unsigned field,
                          const struct slu_json_value *value)
{
    struct slu_gti_meta *meta = ctx;

    if (field == META_COUNT) {
        meta->has_count = take_count(value, &meta->count);
    } else {
        meta->cursor = take_string(value);
        meta->has_cursor = meta->cursor.len > 0;
    }
    return true;
}

enum slu_err slu_gti_read_meta(struct slu_gti_reader *self,
                               struct slu_view text,
                               struct slu_gti_meta *out_meta,
                               struct slu_error *out_error)
{
    *out_meta = (struct slu_gti_meta){0};
    if (slu_view_equal_str(text, "null")) {
        return SLU_ERR_OK;
    }
    if (!is_object(text)) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED, "meta is no object");
    }
    return slu_json_read(self->meta, text, on_meta_value, out_meta, out_error);
}

/* --- the error body ----------------------------------------------------- */

/* The names without "Error" at their end, which some answers lack. */
static const struct {
    const char *name;
    enum slu_gti_error_code code;
} error_codes[] = {
    {"BadRequest", SLU_GTI_ERROR_BAD_REQUEST},
    {"InvalidArgument", SLU_GTI_ERROR_INVALID_ARGUMENT},
    {"NotAvailableYet", SLU_GTI_ERROR_NOT_AVAILABLE_YET},
    {"AuthenticationRequired", SLU_GTI_ERROR_AUTHENTICATION_REQUIRED},
    {"WrongCredentials", SLU_GTI_ERROR_WRONG_CREDENTIALS},
    {"UserNotActive", SLU_GTI_ERROR_USER_NOT_ACTIVE},
    {"Forbidden", SLU_GTI_ERROR_FORBIDDEN},
    {"NotFound", SLU_GTI_ERROR_NOT_FOUND},
    {"QuotaExceeded", SLU_GTI_ERROR_QUOTA_EXCEEDED},
    {"TooManyRequests", SLU_GTI_ERROR_TOO_MANY_REQUESTS},
    {"Transient", SLU_GTI_ERROR_TRANSIENT},
    {"DeadlineExceeded", SLU_GTI_ERROR_DEADLINE_EXCEEDED},
};

static enum slu_gti_error_code find_error_code(struct slu_view name)
{
    static const struct slu_view suffix = SLU_VIEW_LITERAL("Error");

    if (name.len > suffix.len &&
        memcmp(name.ptr + name.len - suffix.len, suffix.ptr, suffix.len) == 0) {
        name.len -= suffix.len;
    }
    for (size_t i = 0; i < sizeof(error_codes) / sizeof(error_codes[0]); i++) {
        if (slu_view_equal_str(name, error_codes[i].name)) {
            return error_codes[i].code;
        }
    }
    return SLU_GTI_ERROR_UNKNOWN;
}

static void copy_message(struct slu_gti_error *out, struct slu_view text)
{
    slu_plain_text_copy(text, out->message, sizeof(out->message));
}

struct error_pass {
    struct slu_gti_error *out;
    struct slu_view code;
    bool has_message;
};

static bool on_error_value(void *ctx, unsigned field,
                           const struct slu_json_value *value)
{
    struct error_pass *pass = ctx;

    if (value->kind == SLU_JSON_STRING && field == ERROR_CODE) {
        pass->code = value->text;
        pass->out->code = find_error_code(value->text);
    } else if (value->kind == SLU_JSON_STRING && value->text.len > 0) {
        copy_message(pass->out, value->text);
        pass->has_message = true;
    }
    return true;
}

/* Puts the body where padding is behind it. False when it is no object, too
 * long, or memory is short. */
static bool pad_body(struct slu_gti_reader *self, struct slu_view body)
{
    char *padding;

    slu_buf_clear(&self->body);
    if (body.len == 0 || body.len > BODY_MAX ||
        slu_buf_append(&self->body, body) != SLU_ERR_OK ||
        slu_buf_reserve(&self->body, SLU_JSON_PADDING, &padding) !=
            SLU_ERR_OK) {
        return false;
    }
    memset(padding, 0, SLU_JSON_PADDING);
    return true;
}

void slu_gti_read_error(struct slu_gti_reader *self, struct slu_view body,
                        struct slu_gti_error *out_error)
{
    struct error_pass pass = {.out = out_error};

    *out_error = (struct slu_gti_error){0};
    if (!pad_body(self, body) ||
        slu_json_read(self->error, slu_buf_view(&self->body), on_error_value,
                      &pass, NULL) != SLU_ERR_OK) {
        *out_error = (struct slu_gti_error){0};
        copy_message(out_error, body);
        return;
    }
    if (!pass.has_message) {
        /* The code says more than nothing; without it, the body does. */
        copy_message(out_error, pass.code.len > 0 ? pass.code : body);
    }
}
