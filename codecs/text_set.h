/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: texts with a number each, gathered, then sorted and made unique: names
 * and values that are no address, of which there are fewer.
 * Life cycle: init, add..., sort, read; fini, safe on a zeroed struct.
 * Limits: `max` bytes of texts, and 16 bytes each beside them. A text is at
 * most SLU_TEXT_SET_LEN_MAX bytes.
 * Errors: NOMEM; LIMIT, and then nothing was added.
 */
#ifndef SLU_CODECS_TEXT_SET_H
#define SLU_CODECS_TEXT_SET_H

#include "codecs/buf.h"

#include <stdint.h>

#define SLU_TEXT_SET_LEN_MAX 65535

struct slu_text_set {
    struct slu_buf bytes;
    struct slu_buf refs;
    size_t count; /* of texts; of different ones, when sorted */
};

void slu_text_set_init(struct slu_text_set *self, const struct slu_alloc *alloc,
                       size_t max);
void slu_text_set_fini(struct slu_text_set *self);

SLU_MUST_CHECK enum slu_err slu_text_set_add(struct slu_text_set *self,
                                             struct slu_view text,
                                             uint16_t number);

/* By their bytes. Of equal texts one stays, with the number of one of them. */
void slu_text_set_sort(struct slu_text_set *self);

/* index < count; *out_number may be NULL. */
struct slu_view slu_text_set_at(const struct slu_text_set *self, size_t index,
                                uint16_t *out_number);

#endif
