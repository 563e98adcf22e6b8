/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text is stored as [u16 length][u16 number][bytes]. What is sorted are
 * references: where the text is, and its first eight bytes as a number, which
 * decide nearly always.
 */
#include "codecs/text_set.h"

#include <assert.h>
#include <stdlib.h>

#define HEAD 4

struct ref {
    uint64_t front;
    uint64_t at;
};

void slu_text_set_init(struct slu_text_set *self, const struct slu_alloc *alloc,
                       size_t max)
{
    *self = (struct slu_text_set){0};
    slu_buf_init(&self->bytes, alloc, max);
    /* A text of no bytes takes HEAD of them. */
    slu_buf_init(&self->refs, alloc, max / HEAD * sizeof(struct ref));
}

void slu_text_set_fini(struct slu_text_set *self)
{
    slu_buf_fini(&self->bytes);
    slu_buf_fini(&self->refs);
    self->count = 0;
}

static uint64_t read_front(struct slu_view text)
{
    uint64_t front = 0;

    for (size_t i = 0; i < 8; i++) {
        front = front << 8 | (i < text.len ? (unsigned char)text.ptr[i] : 0u);
    }
    return front;
}

enum slu_err slu_text_set_add(struct slu_text_set *self, struct slu_view text,
                              uint16_t number)
{
    struct ref ref = {read_front(text), self->bytes.len};
    uint16_t head[2] = {(uint16_t)text.len, number};
    char *room;
    enum slu_err err;

    assert(text.len <= SLU_TEXT_SET_LEN_MAX);
    err = slu_buf_reserve(&self->bytes, HEAD + text.len, &room);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->refs,
                             slu_view_make((const char *)&ref, sizeof(ref)));
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    memcpy(room, head, HEAD);
    if (text.len > 0) {
        memcpy(room + HEAD, text.ptr, text.len);
    }
    slu_buf_commit(&self->bytes, HEAD + text.len);
    self->count++;
    return SLU_ERR_OK;
}

static struct slu_view read_text(const char *at, uint16_t *out_number)
{
    uint16_t head[2];

    memcpy(head, at, HEAD);
    if (out_number != NULL) {
        *out_number = head[1];
    }
    return slu_view_make(at + HEAD, head[0]);
}

static int compare(const void *a, const void *b, void *bytes)
{
    const struct ref *left = a;
    const struct ref *right = b;
    struct slu_view left_text;
    struct slu_view right_text;
    size_t len;
    int order;

    if (left->front != right->front) {
        return left->front < right->front ? -1 : 1;
    }
    left_text = read_text((const char *)bytes + left->at, NULL);
    right_text = read_text((const char *)bytes + right->at, NULL);
    len = left_text.len < right_text.len ? left_text.len : right_text.len;
    order = memcmp(left_text.ptr, right_text.ptr, len);
    return order != 0 ? order
                      : (left_text.len > right_text.len) -
                            (left_text.len < right_text.len);
}

void slu_text_set_sort(struct slu_text_set *self)
{
    struct ref *refs = (void *)self->refs.ptr;
    size_t kept = 0;

    if (self->count == 0) {
        return;
    }
    qsort_r(refs, self->count, sizeof(*refs), compare, self->bytes.ptr);
    for (size_t i = 0; i < self->count; i++) {
        if (kept == 0 ||
            compare(&refs[kept - 1], &refs[i], self->bytes.ptr) != 0) {
            refs[kept++] = refs[i];
        }
    }
    self->count = kept;
    self->refs.len = kept * sizeof(*refs);
}

struct slu_view slu_text_set_at(const struct slu_text_set *self, size_t index,
                                uint16_t *out_number)
{
    const struct ref *refs = (const void *)self->refs.ptr;

    assert(index < self->count);
    return read_text(self->bytes.ptr + refs[index].at, out_number);
}
