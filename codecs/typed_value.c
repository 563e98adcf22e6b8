/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/typed_value.h"

#include "codecs/checks.h"

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

struct slu_view slu_typed_value_trim(struct slu_view text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

static bool starts_with_any_case(struct slu_view text, const char *start)
{
    for (size_t i = 0; start[i] != '\0'; i++) {
        char byte = i < text.len ? text.ptr[i] : '\0';

        byte = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
        if (byte != start[i]) {
            return false;
        }
    }
    return true;
}

/* The length of what stands for a dot at the front of the text; 0: none. */
static size_t measure_dot(struct slu_view text)
{
    static const char *const dots[] = {"[.]",   "(.)",   "{.}", "[dot]",
                                       "(dot)", "{dot}", "\\."};

    for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++) {
        if (starts_with_any_case(text, dots[i])) {
            return strlen(dots[i]);
        }
    }
    return 0;
}

static struct slu_view write_dots(struct slu_view text,
                                  char out[SLU_RECORD_KEY_MAX])
{
    size_t len = 0;

    while (text.len > 0) {
        size_t dot = measure_dot(text);
        size_t taken = dot == 0 ? 1 : dot;

        out[len++] = dot == 0 ? text.ptr[0] : '.';
        text = slu_view_make(text.ptr + taken, text.len - taken);
    }
    return slu_view_make(out, len);
}

static void keep_key(struct slu_typed_value *out, enum slu_kind kind,
                     const struct slu_record *record)
{
    out->kind = kind;
    out->reason = SLU_REASON_NONE;
    out->key_len = record->key.len;
    memcpy(out->key, record->key.ptr, record->key.len);
}

enum slu_reason slu_typed_value_check(struct slu_view text,
                                      struct slu_typed_value *out)
{
    char scratch[SLU_VALUE_MAX];
    struct slu_record record = {0};
    enum slu_reason as_ip;
    enum slu_reason as_domain;

    as_ip = slu_check_value(SLU_KIND_IP, text, scratch, &record);
    if (as_ip == SLU_REASON_NONE) {
        keep_key(out, SLU_KIND_IP, &record);
        return SLU_REASON_NONE;
    }
    as_domain = slu_check_value(SLU_KIND_DOMAIN, text, scratch, &record);
    if (as_domain == SLU_REASON_NONE) {
        keep_key(out, SLU_KIND_DOMAIN, &record);
        return SLU_REASON_NONE;
    }
    /* What is nearly an address is told as one. */
    out->kind =
        as_ip == SLU_REASON_IP_SYNTAX && as_domain != SLU_REASON_IP_AS_DOMAIN
            ? SLU_KIND_DOMAIN
            : SLU_KIND_IP;
    out->reason = out->kind == SLU_KIND_IP ? as_ip : as_domain;
    return out->reason;
}

enum slu_reason slu_typed_value_read(struct slu_view text,
                                     struct slu_typed_value *out)
{
    char plain[SLU_RECORD_KEY_MAX];

    text = slu_typed_value_trim(text);
    if (text.len > sizeof(plain)) {
        out->kind = SLU_KIND_DOMAIN;
        out->reason = SLU_REASON_TOO_LONG;
        return out->reason;
    }
    return slu_typed_value_check(write_dots(text, plain), out);
}
