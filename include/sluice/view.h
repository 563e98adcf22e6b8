/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a borrowed run of bytes, passed by value.
 * Ownership: none; it dies with the call it was handed to, unless the function
 * that returned it says otherwise. Not terminated by a zero byte.
 */
#ifndef SLU_VIEW_H
#define SLU_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slu_view {
    const char *ptr;
    size_t len;
};

/* A view of a string literal, usable in static initialisers. */
#define SLU_VIEW_LITERAL(text)                                                 \
    {                                                                          \
        (text), sizeof(text) - 1                                               \
    }

/* Arguments for "%.*s". */
#define SLU_VIEW_ARGS(view) (int)(view).len, (view).ptr

static inline struct slu_view slu_view_make(const char *ptr, size_t len)
{
    struct slu_view view = {ptr, len};
    return view;
}

/* NULL gives the empty view. */
static inline struct slu_view slu_view_str(const char *text)
{
    return slu_view_make(text, text == NULL ? 0 : strlen(text));
}

static inline bool slu_view_equal(struct slu_view a, struct slu_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static inline bool slu_view_equal_str(struct slu_view a, const char *text)
{
    return slu_view_equal(a, slu_view_str(text));
}

static inline bool slu_view_ends_with(struct slu_view text, const char *end)
{
    size_t len = strlen(end);

    return len == 0 || (text.len >= len &&
                        memcmp(text.ptr + text.len - len, end, len) == 0);
}

#endif
