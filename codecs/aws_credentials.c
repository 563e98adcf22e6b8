/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_credentials.h"

#include "codecs/json_read.h"
#include "codecs/json_split.h"
#include "codecs/time_text.h"

#include <openssl/crypto.h>

/* What a form's paths lead to. */
enum part {
    PART_KEY_ID,
    PART_SECRET,
    PART_TOKEN,
    PART_EXPIRATION,
    PART_STATE, /* Code or Version */
    PART_UPDATED,
    PART_COUNT,
};

struct form {
    const char *name; /* in a sentence */
    struct slu_json_field fields[PART_COUNT];
    unsigned field_count;
    bool expires; /* Expiration must be there */
};

static const struct form forms[] = {
    [SLU_AWS_KEYS_METADATA] = {"the answer",
                               {[PART_KEY_ID] = {"AccessKeyId"},
                                [PART_SECRET] = {"SecretAccessKey"},
                                [PART_TOKEN] = {"Token"},
                                [PART_EXPIRATION] = {"Expiration"},
                                [PART_STATE] = {"Code"},
                                [PART_UPDATED] = {"LastUpdated"}},
                               6,
                               true},
    [SLU_AWS_KEYS_CONTAINER] = {"the answer",
                                {[PART_KEY_ID] = {"AccessKeyId"},
                                 [PART_SECRET] = {"SecretAccessKey"},
                                 [PART_TOKEN] = {"Token"},
                                 [PART_EXPIRATION] = {"Expiration"}},
                                4,
                                false},
    [SLU_AWS_KEYS_PROCESS] = {"its output",
                              {[PART_KEY_ID] = {"AccessKeyId"},
                               [PART_SECRET] = {"SecretAccessKey"},
                               [PART_TOKEN] = {"SessionToken"},
                               [PART_EXPIRATION] = {"Expiration"},
                               [PART_STATE] = {"Version"}},
                              5,
                              false},
    [SLU_AWS_KEYS_ANYWHERE] =
        {"the answer",
         {[PART_KEY_ID] = {"credentialSet[].credentials.accessKeyId"},
          [PART_SECRET] = {"credentialSet[].credentials.secretAccessKey"},
          [PART_TOKEN] = {"credentialSet[].credentials.sessionToken"},
          [PART_EXPIRATION] = {"credentialSet[].credentials.expiration"}},
         4,
         true},
};

struct pass {
    const struct form *form;
    enum slu_aws_keys_form kind;
    struct slu_aws_keys *keys;
    struct slu_error *error;
    enum slu_err err;
    bool has_state;
};

void slu_aws_keys_wipe(struct slu_aws_keys *self)
{
    OPENSSL_cleanse(self, sizeof(*self));
}

enum slu_err slu_aws_keys_set(char *room, size_t max, const char *what,
                              struct slu_view value,
                              struct slu_error *out_error)
{
    if (value.len == 0) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED, "%s is empty", what);
    }
    if (value.len > max) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "%s has %zu bytes: at most %zu are possible", what,
                             value.len, max);
    }
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= 0x20 || value.ptr[i] >= 0x7F) {
            return slu_error_set(out_error, SLU_ERR_MALFORMED,
                                 "%s holds a space, a line break or another "
                                 "byte that no key has",
                                 what);
        }
    }
    memcpy(room, value.ptr, value.len);
    room[value.len] = '\0';
    return SLU_ERR_OK;
}

enum slu_err slu_aws_keys_set_time(int64_t *out_seconds, const char *what,
                                   struct slu_view value,
                                   struct slu_error *out_error)
{
    int64_t ms;

    if (!slu_time_parse_iso(value, &ms)) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "%s \"%.*s\" is no time: expected "
                             "2026-01-01T06:00:00Z",
                             what, value.len > 40 ? 40 : (int)value.len,
                             value.ptr);
    }
    *out_seconds = ms / 1000;
    return SLU_ERR_OK;
}

/* --- values ------------------------------------------------------------- */

/* The last name of a path: "accessKeyId". */
static const char *last_name(const struct pass *pass, unsigned field)
{
    const char *path = pass->form->fields[field].path;
    const char *dot = strrchr(path, '.');

    return dot == NULL ? path : dot + 1;
}

static enum slu_err take_state(struct pass *pass,
                               const struct slu_json_value *value)
{
    pass->has_state = true;
    if (pass->kind == SLU_AWS_KEYS_PROCESS) {
        if (value->kind == SLU_JSON_INT && value->integer == 1) {
            return SLU_ERR_OK;
        }
        return slu_error_set(pass->error, SLU_ERR_MALFORMED,
                             "its output has another Version than 1");
    }
    if (value->kind == SLU_JSON_STRING &&
        slu_view_equal_str(value->text, "Success")) {
        return SLU_ERR_OK;
    }
    return slu_error_set(pass->error, SLU_ERR_AUTH, "Code is \"%.*s\"",
                         value->text.len > 60 ? 60 : (int)value->text.len,
                         value->kind == SLU_JSON_STRING ? value->text.ptr : "");
}

static enum slu_err take_value(struct pass *pass, unsigned field,
                               const struct slu_json_value *value)
{
    struct slu_aws_keys *keys = pass->keys;
    const char *what = last_name(pass, field);

    if (field == PART_STATE) {
        return take_state(pass, value);
    }
    if (value->kind == SLU_JSON_NULL) {
        return SLU_ERR_OK;
    }
    if (value->kind != SLU_JSON_STRING) {
        return slu_error_set(pass->error, SLU_ERR_MALFORMED, "%s is no string",
                             what);
    }
    switch (field) {
    case PART_KEY_ID:
        return slu_aws_keys_set(keys->access_key_id, SLU_AWS_KEY_ID_MAX, what,
                                value->text, pass->error);
    case PART_SECRET:
        return slu_aws_keys_set(keys->secret_access_key, SLU_AWS_SECRET_MAX,
                                what, value->text, pass->error);
    case PART_TOKEN: /* an empty one is none */
        return value->text.len == 0
                   ? SLU_ERR_OK
                   : slu_aws_keys_set(keys->session_token, SLU_AWS_TOKEN_MAX,
                                      what, value->text, pass->error);
    case PART_EXPIRATION:
        return slu_aws_keys_set_time(&keys->expires_s, what, value->text,
                                     pass->error);
    default: /* only told: one that can't be read is none */
        if (slu_aws_keys_set_time(&keys->updated_s, what, value->text, NULL) !=
            SLU_ERR_OK) {
            keys->updated_s = 0;
        }
        return SLU_ERR_OK;
    }
}

static bool on_value(void *ctx, unsigned field,
                     const struct slu_json_value *value)
{
    struct pass *pass = ctx;

    if (value->element == 0) {
        pass->err = take_value(pass, field, value);
    }
    return pass->err == SLU_ERR_OK;
}

/* --- the whole ---------------------------------------------------------- */

static int read_hex(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The byte that an escape of `len` bytes stands for, when it is one that may
 * stand in a string as it is; else 0. */
static char plain_byte(const char *text, size_t len)
{
    int high;
    int low;
    int code;

    if (len >= 2 && text[1] == '/') {
        return '/';
    }
    if (len < 6 || memcmp(text, "\\u00", 4) != 0) {
        return 0;
    }
    high = read_hex(text[4]);
    low = read_hex(text[5]);
    if (high < 0 || low < 0) {
        return 0;
    }
    code = high * 16 + low;
    return code > 0x20 && code < 0x7F && code != '"' && code != '\\'
               ? (char)code
               : 0;
}

/*
 * Copies with needless escapes resolved: "\/" and "\u003d", as some encoders
 * write them in tokens. A string without a backslash is read in place; one with
 * would be copied to memory of the JSON reader's, which nobody wipes.
 */
static size_t copy_plain(struct slu_view body, char *out)
{
    size_t len = 0;
    size_t at = 0;

    while (at < body.len) {
        char byte = body.ptr[at];
        size_t left = body.len - at;

        if (byte != '\\') {
            out[len++] = byte;
            at++;
            continue;
        }
        byte = plain_byte(body.ptr + at, left);
        if (byte != 0) {
            out[len++] = byte;
            at += body.ptr[at + 1] == '/' ? 2 : 6;
            continue;
        }
        out[len++] = body.ptr[at++];
        if (left > 1) {
            out[len++] = body.ptr[at++];
        }
    }
    return len;
}

static enum slu_err check_whole(const struct pass *pass)
{
    const struct slu_aws_keys *keys = pass->keys;
    const char *missing = NULL;

    if (pass->kind == SLU_AWS_KEYS_PROCESS && !pass->has_state) {
        missing = "Version";
    } else if (keys->access_key_id[0] == '\0') {
        missing = last_name(pass, PART_KEY_ID);
    } else if (keys->secret_access_key[0] == '\0') {
        missing = last_name(pass, PART_SECRET);
    } else if (pass->form->expires && keys->session_token[0] == '\0') {
        missing = last_name(pass, PART_TOKEN);
    } else if (pass->form->expires && keys->expires_s == 0) {
        missing = last_name(pass, PART_EXPIRATION);
    }
    return missing == NULL
               ? SLU_ERR_OK
               : slu_error_set(pass->error, SLU_ERR_MALFORMED, "%s has no %s",
                               pass->form->name, missing);
}

static enum slu_err read_text(struct pass *pass, const struct slu_alloc *alloc,
                              struct slu_view text)
{
    struct slu_error fault = {0};
    struct slu_json_reader *reader =
        slu_json_reader_new(alloc, pass->form->fields, pass->form->field_count);
    enum slu_err err;

    if (reader == NULL) {
        return slu_error_set(pass->error, SLU_ERR_NOMEM, "out of memory");
    }
    err = slu_json_read(reader, text, on_value, pass, &fault);
    slu_json_reader_free(reader);
    if (err == SLU_ERR_NOMEM) {
        return slu_error_set(pass->error, err, "out of memory");
    }
    if (err != SLU_ERR_OK) {
        return slu_error_set(pass->error, SLU_ERR_MALFORMED,
                             "%s is no JSON object (at byte %llu)",
                             pass->form->name,
                             (unsigned long long)fault.offset);
    }
    return pass->err != SLU_ERR_OK ? pass->err : check_whole(pass);
}

static struct slu_view trim(struct slu_view text)
{
    while (text.len > 0 && (unsigned char)text.ptr[0] <= 0x20) {
        text.ptr++;
        text.len--;
    }
    return text;
}

enum slu_err slu_aws_keys_read(const struct slu_alloc *alloc,
                               enum slu_aws_keys_form form,
                               struct slu_view body,
                               struct slu_aws_keys *out_keys,
                               struct slu_error *out_error)
{
    struct pass pass = {&forms[form], form, out_keys, out_error, SLU_ERR_OK};
    size_t room_len;
    char *room;
    size_t len;
    enum slu_err err;

    *out_keys = (struct slu_aws_keys){0};
    body = trim(body);
    if (body.len == 0 || body.len > SLU_AWS_KEYS_BODY_MAX ||
        body.ptr[0] != '{') {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "%s is no JSON object", pass.form->name);
    }
    room_len = body.len + SLU_JSON_PADDING;
    room = slu_alloc_zero(alloc, room_len);
    if (room == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    len = copy_plain(body, room);
    err = read_text(&pass, alloc, slu_view_make(room, len));
    if (err != SLU_ERR_OK) {
        slu_aws_keys_wipe(out_keys);
    }
    OPENSSL_cleanse(room, room_len);
    slu_alloc_put(alloc, room, room_len);
    return err;
}
