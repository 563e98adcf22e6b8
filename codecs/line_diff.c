/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/line_diff.h"

#include <stdlib.h>
#include <xxhash.h>

/* The fingerprints of a text's lines, sorted. */
struct prints {
    uint64_t *items;
    size_t count;
    size_t capacity;
};

static size_t find_line_end(struct slu_view rest)
{
    const char *end = memchr(rest.ptr, '\n', rest.len);

    return end == NULL ? rest.len : (size_t)(end - rest.ptr);
}

uint64_t slu_line_count(struct slu_view text)
{
    uint64_t lines = text.len > 0 && text.ptr[text.len - 1] != '\n';

    for (size_t i = 0; i < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    return lines;
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

static enum slu_err make_prints(const struct slu_alloc *alloc,
                                struct slu_view text, struct prints *out)
{
    out->capacity = slu_line_count(text);
    if (out->capacity == 0) {
        return SLU_ERR_OK;
    }
    out->items = slu_alloc_get(alloc, out->capacity * sizeof(*out->items));
    if (out->items == NULL) {
        return SLU_ERR_NOMEM;
    }
    while (text.len > 0) {
        size_t len = find_line_end(text);
        size_t step = len < text.len ? len + 1 : len;

        out->items[out->count++] = XXH3_64bits(text.ptr, len);
        text = slu_view_make(text.ptr + step, text.len - step);
    }
    qsort(out->items, out->count, sizeof(*out->items), compare);
    return SLU_ERR_OK;
}

static void free_prints(const struct slu_alloc *alloc, struct prints *self)
{
    slu_alloc_put(alloc, self->items, self->capacity * sizeof(*self->items));
}

static void compare_prints(const struct prints *before,
                           const struct prints *after,
                           struct slu_line_diff *out)
{
    size_t i = 0;
    size_t k = 0;

    while (i < before->count && k < after->count) {
        if (before->items[i] == after->items[k]) {
            i++;
            k++;
        } else if (before->items[i] < after->items[k]) {
            i++;
            out->removed++;
        } else {
            k++;
            out->added++;
        }
    }
    out->removed += before->count - i;
    out->added += after->count - k;
}

static bool has_print(const struct prints *self, uint64_t print)
{
    return self->count > 0 && bsearch(&print, self->items, self->count,
                                      sizeof(print), compare) != NULL;
}

static void tell_lines(struct slu_view text, const struct prints *other,
                       bool added, slu_line_diff_fn on_line, void *ctx)
{
    while (text.len > 0) {
        size_t len = find_line_end(text);
        size_t step = len < text.len ? len + 1 : len;

        if (!has_print(other, XXH3_64bits(text.ptr, len))) {
            on_line(ctx, added, slu_view_make(text.ptr, len));
        }
        text = slu_view_make(text.ptr + step, text.len - step);
    }
}

enum slu_err slu_line_diff(const struct slu_alloc *alloc,
                           struct slu_view before, struct slu_view after,
                           slu_line_diff_fn on_line, void *ctx,
                           struct slu_line_diff *out_diff)
{
    struct prints old = {0};
    struct prints new = {0};
    enum slu_err err = make_prints(alloc, before, &old);

    *out_diff = (struct slu_line_diff){0};
    if (err == SLU_ERR_OK) {
        err = make_prints(alloc, after, &new);
    }
    if (err == SLU_ERR_OK) {
        compare_prints(&old, &new, out_diff);
        if (on_line != NULL) {
            tell_lines(before, &new, false, on_line, ctx);
            tell_lines(after, &old, true, on_line, ctx);
        }
    }
    free_prints(alloc, &old);
    free_prints(alloc, &new);
    return err;
}
