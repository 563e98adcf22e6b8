/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/threat_set.h"

#include "codecs/escape.h"
#include "codecs/json_read.h"
#include "codecs/plain_text.h"

static const struct {
    const char *path;
    const char *name;
    const char *id;
    const char *ids;
    const char *each;
} nouns[SLU_THREAT_NOUN_COUNT] = {
    [SLU_THREAT_INTEL_SET] = {"threatintelset", "ThreatIntelSet",
                              "threatIntelSetId", "threatIntelSetIds",
                              "threatIntelSetIds[]"},
    [SLU_THREAT_ENTITY_SET] = {"threatentityset", "ThreatEntitySet",
                               "threatEntitySetId", "threatEntitySetIds",
                               "threatEntitySetIds[]"},
    [SLU_THREAT_DETECTOR] = {"detector", "Detector", "detectorId",
                             "detectorIds", "detectorIds[]"},
};

static const struct {
    const char *text;
    enum slu_threat_status status;
} statuses[] = {
    {"INACTIVE", SLU_THREAT_INACTIVE},
    {"ACTIVATING", SLU_THREAT_ACTIVATING},
    {"ACTIVE", SLU_THREAT_ACTIVE},
    {"DEACTIVATING", SLU_THREAT_DEACTIVATING},
    {"ERROR", SLU_THREAT_ERROR},
    {"DELETE_PENDING", SLU_THREAT_DELETE_PENDING},
    {"DELETED", SLU_THREAT_DELETED},
};

const char *slu_threat_noun_path(enum slu_threat_noun noun)
{
    return nouns[noun].path;
}

const char *slu_threat_noun_name(enum slu_threat_noun noun)
{
    return nouns[noun].name;
}

/* ---- bodies ---- */

/* `before` is what stands before the value: "\"name\":". Nothing is written of
 * an empty text. */
static enum slu_err append_member(struct slu_buf *out, const char *before,
                                  const char *text)
{
    enum slu_err err = SLU_ERR_OK;

    if (text[0] == '\0') {
        return SLU_ERR_OK;
    }
    err = slu_buf_append_str(out, before);
    return err != SLU_ERR_OK ? err
                             : slu_json_append_string(out, slu_view_str(text));
}

enum slu_err
slu_threat_set_write_create(struct slu_buf *out,
                            const struct slu_threat_set_create *create)
{
    enum slu_err err = append_member(out, "{\"name\":", create->name);

    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(out, ",\"format\":\"TXT\"");
    }
    if (err == SLU_ERR_OK) {
        err = append_member(out, ",\"location\":", create->location);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(out, ",\"activate\":true");
    }
    if (err == SLU_ERR_OK) {
        err = append_member(out, ",\"expectedBucketOwner\":", create->owner);
    }
    if (err == SLU_ERR_OK) {
        err = append_member(out, ",\"clientToken\":", create->token);
    }
    return err == SLU_ERR_OK ? slu_buf_append_str(out, "}") : err;
}

enum slu_err slu_threat_set_write_update(struct slu_buf *out,
                                         const char *location,
                                         const char *owner, bool activate)
{
    enum slu_err err =
        slu_buf_printf(out, "{\"activate\":%s", activate ? "true" : "false");

    if (err == SLU_ERR_OK) {
        err = append_member(out, ",\"location\":", location);
    }
    if (err == SLU_ERR_OK) {
        err = append_member(out, ",\"expectedBucketOwner\":", owner);
    }
    return err == SLU_ERR_OK ? slu_buf_append_str(out, "}") : err;
}

enum slu_err slu_threat_detector_write_create(struct slu_buf *out,
                                              const char *token)
{
    enum slu_err err = slu_buf_append_str(out, "{\"enable\":true");

    if (err == SLU_ERR_OK) {
        err = append_member(out, ",\"clientToken\":", token);
    }
    return err == SLU_ERR_OK ? slu_buf_append_str(out, "}") : err;
}

/* ---- answers ---- */

static struct slu_view skip_blanks(struct slu_view text)
{
    while (text.len > 0 && (text.ptr[0] == ' ' || text.ptr[0] == '\n' ||
                            text.ptr[0] == '\r' || text.ptr[0] == '\t')) {
        text = slu_view_make(text.ptr + 1, text.len - 1);
    }
    return text;
}

struct pass {
    const struct slu_json_field *fields;
    unsigned field_count;
    slu_json_value_fn on_value;
    void *ctx;
};

static enum slu_err read_object(const struct slu_alloc *alloc,
                                struct slu_view text, const struct pass *pass,
                                struct slu_error *out_error)
{
    struct slu_json_reader *reader;
    enum slu_err err;

    text = skip_blanks(text);
    if (text.len == 0 || text.ptr[0] != '{') {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "the answer is no JSON object");
    }
    reader = slu_json_reader_new(alloc, pass->fields, pass->field_count);
    if (reader == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    err = slu_json_read(reader, text, pass->on_value, pass->ctx, out_error);
    slu_json_reader_free(reader);
    return err;
}

/* It goes into a path and into what is stored. */
static bool is_id(const struct slu_json_value *value)
{
    if (value->kind != SLU_JSON_STRING || value->text.len == 0 ||
        value->text.len > SLU_THREAT_SET_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < value->text.len; i++) {
        unsigned char byte = (unsigned char)value->text.ptr[i];

        if (byte <= ' ' || byte > '~') {
            return false;
        }
    }
    return true;
}

enum list_field {
    LIST_EACH,
    LIST_ARRAY,
    LIST_TOKEN,
};

struct list_pass {
    struct slu_buf *ids;
    struct slu_buf *token;
    bool has_array;
    enum slu_err err;
};

static enum slu_err take_id(struct slu_buf *ids,
                            const struct slu_json_value *value)
{
    enum slu_err err = SLU_ERR_MALFORMED;

    if (is_id(value)) {
        err = slu_buf_append(ids, value->text);
        if (err == SLU_ERR_OK) {
            err = slu_buf_append(ids, slu_view_make("", 1));
        }
    }
    return err;
}

static enum slu_err take_token(struct slu_buf *token,
                               const struct slu_json_value *value)
{
    if (value->kind == SLU_JSON_NULL) {
        return SLU_ERR_OK;
    }
    slu_buf_clear(token);
    return value->kind == SLU_JSON_STRING ? slu_buf_append(token, value->text)
                                          : SLU_ERR_MALFORMED;
}

static bool on_list_value(void *ctx, unsigned field,
                          const struct slu_json_value *value)
{
    struct list_pass *pass = ctx;

    switch ((enum list_field)field) {
    case LIST_EACH:
        pass->err = take_id(pass->ids, value);
        break;
    case LIST_ARRAY:
        pass->has_array |=
            value->kind == SLU_JSON_ARRAY || value->kind == SLU_JSON_NULL;
        break;
    case LIST_TOKEN:
        pass->err = take_token(pass->token, value);
        break;
    }
    return pass->err == SLU_ERR_OK;
}

enum slu_err slu_threat_set_read_list(const struct slu_alloc *alloc,
                                      enum slu_threat_noun noun,
                                      struct slu_view text,
                                      struct slu_buf *out_ids,
                                      struct slu_buf *out_token,
                                      struct slu_error *out_error)
{
    const struct slu_json_field fields[] = {
        [LIST_EACH] = {nouns[noun].each},
        [LIST_ARRAY] = {nouns[noun].ids},
        [LIST_TOKEN] = {"nextToken"},
    };
    struct list_pass found = {out_ids, out_token, false, SLU_ERR_OK};
    const struct pass pass = {fields, 3, on_list_value, &found};
    enum slu_err err;

    slu_buf_clear(out_token);
    err = read_object(alloc, text, &pass, out_error);
    if (err == SLU_ERR_OK && found.err != SLU_ERR_OK) {
        return slu_error_set(
            out_error, found.err, "%s",
            found.err == SLU_ERR_MALFORMED
                ? "the answer has an id or a nextToken that is none"
                : slu_err_sentence(found.err));
    }
    if (err == SLU_ERR_OK && !found.has_array) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "the answer has no %s", nouns[noun].ids);
    }
    return err;
}

static bool on_created_value(void *ctx, unsigned field,
                             const struct slu_json_value *value)
{
    char *id = ctx;

    (void)field;
    if (is_id(value)) {
        memcpy(id, value->text.ptr, value->text.len);
        id[value->text.len] = '\0';
    }
    return true;
}

enum slu_err slu_threat_set_read_created(const struct slu_alloc *alloc,
                                         enum slu_threat_noun noun,
                                         struct slu_view text,
                                         char out_id[SLU_THREAT_SET_ID_MAX + 1],
                                         struct slu_error *out_error)
{
    const struct slu_json_field field = {nouns[noun].id};
    const struct pass pass = {&field, 1, on_created_value, out_id};
    enum slu_err err;

    out_id[0] = '\0';
    err = read_object(alloc, text, &pass, out_error);
    if (err == SLU_ERR_OK && out_id[0] == '\0') {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "the answer has no %s", nouns[noun].id);
    }
    return err;
}

/* ---- Get ---- */

enum get_field {
    GET_NAME,
    GET_FORMAT,
    GET_LOCATION,
    GET_STATUS,
    GET_ERROR,
};

static const struct slu_json_field get_fields[] = {
    [GET_NAME] = {"name"},          [GET_FORMAT] = {"format"},
    [GET_LOCATION] = {"location"},  [GET_STATUS] = {"status"},
    [GET_ERROR] = {"errorDetails"},
};

static enum slu_threat_status find_status(struct slu_view text)
{
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (slu_view_equal_str(text, statuses[i].text)) {
            return statuses[i].status;
        }
    }
    return SLU_THREAT_UNKNOWN;
}

/* A cut one could be taken for another. */
static void copy_whole(struct slu_view text, char *out, size_t room)
{
    out[0] = '\0';
    if (text.len < room) {
        slu_plain_text_copy(text, out, room);
    }
}

static bool on_get_value(void *ctx, unsigned field,
                         const struct slu_json_value *value)
{
    struct slu_threat_set *set = ctx;

    if (value->kind != SLU_JSON_STRING) {
        return true;
    }
    switch ((enum get_field)field) {
    case GET_NAME:
        copy_whole(value->text, set->name, sizeof(set->name));
        break;
    case GET_FORMAT:
        slu_plain_text_copy(value->text, set->format, sizeof(set->format));
        break;
    case GET_LOCATION:
        copy_whole(value->text, set->location, sizeof(set->location));
        break;
    case GET_STATUS:
        set->status = find_status(value->text);
        slu_plain_text_copy(value->text, set->status_text,
                            sizeof(set->status_text));
        break;
    case GET_ERROR:
        slu_plain_text_copy_hiding(value->text, set->error_details,
                                   sizeof(set->error_details));
        break;
    }
    return true;
}

enum slu_err slu_threat_set_read_get(const struct slu_alloc *alloc,
                                     struct slu_view text,
                                     struct slu_threat_set *out_set,
                                     struct slu_error *out_error)
{
    const struct pass pass = {get_fields,
                              sizeof(get_fields) / sizeof(get_fields[0]),
                              on_get_value, out_set};
    enum slu_err err;

    *out_set = (struct slu_threat_set){0};
    err = read_object(alloc, text, &pass, out_error);
    if (err == SLU_ERR_OK && out_set->status_text[0] == '\0') {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "the answer has no status");
    }
    return err;
}
