/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/view_take.h"

#define NUMBER_MAX (INT64_C(1) << 53)

bool slu_view_starts_with(struct slu_view text, const char *prefix)
{
    size_t len = strlen(prefix);

    return text.len >= len && (len == 0 || memcmp(text.ptr, prefix, len) == 0);
}

bool slu_view_take_prefix(struct slu_view *text, const char *prefix)
{
    size_t len = strlen(prefix);

    if (!slu_view_starts_with(*text, prefix)) {
        return false;
    }
    if (len > 0) {
        *text = slu_view_make(text->ptr + len, text->len - len);
    }
    return true;
}

bool slu_view_take_until(struct slu_view *text, char end,
                         struct slu_view *out_part)
{
    const char *at = text->len == 0 ? NULL : memchr(text->ptr, end, text->len);
    size_t len;

    if (at == NULL) {
        return false;
    }
    len = (size_t)(at - text->ptr);
    *out_part = slu_view_make(text->ptr, len);
    *text = slu_view_make(at + 1, text->len - len - 1);
    return true;
}

bool slu_view_take_number(struct slu_view *text, int64_t *out_number)
{
    int64_t number = 0;
    size_t len = 0;

    while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9') {
        number = number * 10 + (text->ptr[len] - '0');
        len++;
        if (number > NUMBER_MAX) {
            return false;
        }
    }
    if (len == 0) {
        return false;
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    *out_number = number;
    return true;
}
