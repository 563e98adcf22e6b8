/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a set of texts, each once, with the numbers 0, 1, 2, ... in the order
 * in which they came. Life cycle: init, add..., fini (safe on a zeroed struct).
 * Limits: text_max bytes of text in all, and 2^31 texts; 20 to 30 bytes of
 * memory beside each.
 * Errors: NOMEM, LIMIT; the set is then as it was.
 */
#ifndef SLU_CODECS_INTERN_H
#define SLU_CODECS_INTERN_H

#include "codecs/buf.h"
#include <stdint.h>

struct slu_intern {
    struct slu_buf text;
    struct slu_buf ends; /* uint64_t: of each text in `text` */
    uint32_t *slots;     /* number + 1; 0: empty */
    size_t capacity;     /* a power of two, or 0 */
    uint32_t count;
};

void slu_intern_init(struct slu_intern *self, const struct slu_alloc *alloc,
                     size_t text_max);
void slu_intern_fini(struct slu_intern *self);

SLU_MUST_CHECK enum slu_err slu_intern_add(struct slu_intern *self,
                                           struct slu_view text,
                                           uint32_t *out_number, bool *out_new);

/* Valid until the next add. */
struct slu_view slu_intern_text(const struct slu_intern *self, uint32_t number);

/* The numbers in the byte order of their texts; count of them. */
void slu_intern_sort(const struct slu_intern *self, uint32_t *out_numbers);

#endif
