/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two objects are read, one in the other: the answer, and, where the secret is
 * JSON, the secret. Decoding never makes a text longer, so the key may take the
 * place of the object that it is in.
 */
#include "codecs/secret_text.h"
#include "codecs/hex_digit.h"
#include "codecs/utf8_put.h"

#include <openssl/crypto.h>

#define DEPTH_MAX 64
#define NAME_MAX_BYTES 512

/* ---- a scanner ---- */

struct scan {
    const char *at;
    const char *end;
};

static bool has(const struct scan *self, char byte)
{
    return self->at < self->end && *self->at == byte;
}

static bool take(struct scan *self, char byte)
{
    bool there = has(self, byte);

    self->at += there;
    return there;
}

static void skip_space(struct scan *self)
{
    while (has(self, ' ') || has(self, '\t') || has(self, '\n') ||
           has(self, '\r')) {
        self->at++;
    }
}

/* At a string: *out_raw is what stands between its quotes. */
static bool take_string(struct scan *self, struct slu_view *out_raw)
{
    const char *from = self->at + 1;

    if (!take(self, '"')) {
        return false;
    }
    while (self->at < self->end && *self->at != '"') {
        self->at += *self->at == '\\' ? 2 : 1;
    }
    if (self->at >= self->end) {
        return false;
    }
    *out_raw = slu_view_make(from, (size_t)(self->at - from));
    self->at++;
    return true;
}

static bool is_scalar_byte(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
           byte == 'E' || byte == '+' || byte == '-' || byte == '.';
}

/* A number, true, false or null; which it is matters to nobody here. */
static bool skip_scalar(struct scan *self)
{
    const char *from = self->at;

    while (self->at < self->end && is_scalar_byte(*self->at)) {
        self->at++;
    }
    return self->at > from;
}

/* Of an object or array only strings and brackets are looked at. */
static bool skip_nested(struct scan *self)
{
    char closing[DEPTH_MAX];
    size_t depth = 0;

    do {
        struct slu_view ignored;

        if (has(self, '{') || has(self, '[')) {
            if (depth == DEPTH_MAX) {
                return false;
            }
            closing[depth++] = has(self, '{') ? '}' : ']';
            self->at++;
        } else if (has(self, '"')) {
            if (!take_string(self, &ignored)) {
                return false;
            }
        } else if (has(self, '}') || has(self, ']')) {
            if (!take(self, closing[--depth])) {
                return false;
            }
        } else if (self->at == self->end) {
            return false;
        } else {
            self->at++;
        }
    } while (depth > 0);
    return true;
}

static bool skip_value(struct scan *self)
{
    struct slu_view ignored;

    if (has(self, '"')) {
        return take_string(self, &ignored);
    }
    return has(self, '{') || has(self, '[') ? skip_nested(self)
                                            : skip_scalar(self);
}

/* ---- strings ---- */

static bool read_unit(struct scan *self, uint32_t *out_unit)
{
    *out_unit = 0;
    if (self->end - self->at < 4) {
        return false;
    }
    for (int i = 0; i < 4; i++) {
        int digit = slu_hex_digit(*self->at++);

        if (digit < 0) {
            return false;
        }
        *out_unit = *out_unit * 16 + (uint32_t)digit;
    }
    return true;
}

/* Behind "\u"; two of them where one is half of a character. */
static bool read_code(struct scan *self, uint32_t *out_code)
{
    uint32_t low;

    if (!read_unit(self, out_code) ||
        (*out_code >= 0xdc00 && *out_code < 0xe000)) {
        return false;
    }
    if (*out_code < 0xd800 || *out_code >= 0xe000) {
        return true;
    }
    if (!take(self, '\\') || !take(self, 'u') || !read_unit(self, &low) ||
        low < 0xdc00 || low >= 0xe000) {
        return false;
    }
    *out_code = 0x10000 + ((*out_code - 0xd800) << 10) + (low - 0xdc00);
    return true;
}

/* Behind the backslash. 0: no escape of JSON's. */
static size_t decode_escape(struct scan *self, char *out)
{
    static const char names[] = "\"\\/bfnrt";
    static const char bytes[] = "\"\\/\b\f\n\r\t";
    const char *found = self->at < self->end && *self->at != '\0'
                            ? strchr(names, *self->at)
                            : NULL;
    uint32_t code;

    if (found != NULL) {
        self->at++;
        *out = bytes[found - names];
        return 1;
    }
    return take(self, 'u') && read_code(self, &code) ? slu_utf8_put(code, out)
                                                     : 0;
}

/* out may be where raw lies, or before it. False: it is no string, or there is
 * no room. */
static bool decode(struct slu_view raw, char *out, size_t room, size_t *out_len)
{
    struct scan scan = {raw.ptr, raw.ptr + raw.len};
    size_t len = 0;

    while (scan.at < scan.end) {
        char bytes[SLU_UTF8_MAX];
        size_t count = 1;

        bytes[0] = *scan.at++;
        if ((unsigned char)bytes[0] < 0x20) {
            return false;
        }
        if (bytes[0] == '\\') {
            count = decode_escape(&scan, bytes);
        }
        if (count == 0 || count > room - len) {
            return false;
        }
        memcpy(out + len, bytes, count);
        len += count;
    }
    *out_len = len;
    return true;
}

static bool is_name(struct slu_view raw, const char *name)
{
    char text[NAME_MAX_BYTES];
    size_t len;

    return decode(raw, text, sizeof(text), &len) &&
           slu_view_equal_str(slu_view_make(text, len), name);
}

/* ---- objects ---- */

/* What was found in an object. Of members of one name the last counts. */
struct found {
    struct slu_view value; /* of the member that was looked for, or the last */
    bool there;
    unsigned count; /* members */
};

static bool read_member(struct scan *self, const char *name,
                        struct found *found)
{
    struct slu_view raw;
    const char *from;

    skip_space(self);
    if (!take_string(self, &raw)) {
        return false;
    }
    skip_space(self);
    if (!take(self, ':')) {
        return false;
    }
    skip_space(self);
    from = self->at;
    if (!skip_value(self)) {
        return false;
    }
    found->count++;
    if (name == NULL || is_name(raw, name)) {
        found->there = true;
        found->value = slu_view_make(from, (size_t)(self->at - from));
    }
    skip_space(self);
    return true;
}

/* name NULL: any. False: it is no object. */
static bool find_member(struct slu_view text, const char *name,
                        struct found *out_found)
{
    struct scan scan = {text.ptr, text.ptr + text.len};

    *out_found = (struct found){.there = false};
    skip_space(&scan);
    if (!take(&scan, '{')) {
        return false;
    }
    skip_space(&scan);
    if (!has(&scan, '}')) {
        do {
            if (!read_member(&scan, name, out_found)) {
                return false;
            }
        } while (take(&scan, ','));
    }
    if (!take(&scan, '}')) {
        return false;
    }
    skip_space(&scan);
    return scan.at == scan.end;
}

static bool is_string(struct slu_view value)
{
    return value.len >= 2 && value.ptr[0] == '"';
}

static struct slu_view unquote(struct slu_view value)
{
    return slu_view_make(value.ptr + 1, value.len - 2);
}

/* ---- the secret ---- */

void slu_secret_text_wipe(struct slu_secret_text *self)
{
    OPENSSL_cleanse(self, sizeof(*self));
}

static enum slu_err read_answer(struct slu_view answer,
                                struct slu_secret_text *out, size_t *out_len,
                                struct slu_error *error)
{
    struct found found;

    if (!find_member(answer, "SecretString", &found)) {
        return slu_error_set(error, SLU_ERR_MALFORMED,
                             "the answer is no JSON object");
    }
    if (found.there && is_string(found.value)) {
        return decode(unquote(found.value), out->text, SLU_SECRET_TEXT_MAX,
                      out_len)
                   ? SLU_ERR_OK
                   : slu_error_set(error, SLU_ERR_MALFORMED,
                                   "the answer's SecretString is no JSON "
                                   "string of at most %u bytes",
                                   SLU_SECRET_TEXT_MAX);
    }
    if (find_member(answer, "SecretBinary", &found) && found.there &&
        is_string(found.value)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "it is binary: store the key as text");
    }
    return slu_error_set(error, SLU_ERR_MALFORMED,
                         "the answer has no SecretString");
}

static enum slu_err find_key(struct slu_view object, const char *member,
                             struct slu_view *out_value,
                             struct slu_error *error)
{
    struct found found;

    if (!find_member(object, member, &found)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "it begins as JSON but is no JSON object");
    }
    if (member != NULL && !found.there) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "its JSON has no member `%.100s`, which `key` "
                             "names",
                             member);
    }
    if (found.count == 0) {
        return slu_error_set(error, SLU_ERR_CONFIG, "its JSON has no member");
    }
    if (member == NULL && found.count > 1) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "its JSON has %u members: name one, as in "
                             "{secret: NAME, key: MEMBER}",
                             found.count);
    }
    if (!is_string(found.value)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "the key in its JSON is no text: put it in "
                             "quotes");
    }
    *out_value = unquote(found.value);
    return SLU_ERR_OK;
}

/* From the secret to the key in it. */
static enum slu_err pick(struct slu_secret_text *self, size_t *len,
                         const char *member, struct slu_error *error)
{
    struct scan scan = {self->text, self->text + *len};
    struct slu_view value;
    enum slu_err err;

    skip_space(&scan);
    if (!has(&scan, '{')) {
        return member == NULL
                   ? SLU_ERR_OK
                   : slu_error_set(error, SLU_ERR_CONFIG,
                                   "it is no JSON object, and so it has no "
                                   "member `%.100s`, which `key` names",
                                   member);
    }
    err = find_key(slu_view_make(self->text, *len), member, &value, error);
    if (err == SLU_ERR_OK &&
        !decode(value, self->text, SLU_SECRET_TEXT_MAX, len)) {
        err = slu_error_set(error, SLU_ERR_CONFIG,
                            "the key in its JSON is no JSON string");
    }
    return err;
}

/* A key goes into a header, where a line break would start another one. */
static enum slu_err check_key(struct slu_secret_text *self, size_t len,
                              struct slu_error *error)
{
    while (len > 0 &&
           (self->text[len - 1] == '\n' || self->text[len - 1] == '\r')) {
        len--;
    }
    if (len == 0) {
        return slu_error_set(error, SLU_ERR_CONFIG, "it is empty");
    }
    if (len > SLU_SECRET_KEY_MAX) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "it is too large for a key");
    }
    for (size_t i = 0; i < len; i++) {
        if (self->text[i] <= 0x20 || self->text[i] >= 0x7F) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "it holds a space, a line break or another "
                                 "byte that no key has");
        }
    }
    OPENSSL_cleanse(self->text + len, sizeof(self->text) - len);
    return SLU_ERR_OK;
}

enum slu_err slu_secret_text_read(struct slu_view answer, const char *member,
                                  struct slu_secret_text *out_text,
                                  struct slu_error *out_error)
{
    size_t len = 0;
    enum slu_err err = read_answer(answer, out_text, &len, out_error);

    if (err == SLU_ERR_OK) {
        err = pick(out_text, &len, member, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = check_key(out_text, len, out_error);
    }
    if (err != SLU_ERR_OK) {
        slu_secret_text_wipe(out_text);
    }
    return err;
}
