/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: records sorted in memory by references to them. Known to
 * engine/store_refs.c and store_sort.c only.
 */
#ifndef SLU_ENGINE_STORE_SORT_H
#define SLU_ENGINE_STORE_SORT_H

#include "engine/store_records.h"

/* A record: a word of its key, and where it is. */
struct slu_sort_ref {
    uint64_t word;
    uint32_t offset;
    uint32_t len : 12;
    uint32_t key_len : 11;
    uint32_t key_at : 8;  /* in the record */
    uint32_t is_same : 1; /* its key is that of the one before */
};

/* base: what offsets are counted from; the record begins less than 4 GiB
 * behind it. */
static inline struct slu_sort_ref
slu_sort_make_ref(const char *base, const struct slu_packed *packed)
{
    return (struct slu_sort_ref){
        .word = slu_sort_word_packed(packed),
        .offset = (uint32_t)(packed->bytes.ptr - base),
        .len = (uint32_t)packed->bytes.len,
        .key_len = (uint32_t)packed->key.len,
        .key_at = (uint8_t)(packed->key.ptr - packed->bytes.ptr)};
}

/* Puts them in order and sets is_same. */
void slu_sort_refs(struct slu_sort_ref *refs, size_t count, const char *base);

#endif
