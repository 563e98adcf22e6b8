/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: an operation of the owner's on its way to the store's thread.
 * Ownership: a copy is one allocation, with its bytes behind the struct.
 */
#ifndef SLU_ENGINE_STORE_OP_H
#define SLU_ENGINE_STORE_OP_H

#include "engine/store_db.h"

enum slu_op_kind {
    SLU_OP_STAGE,
    SLU_OP_ABANDON,
    SLU_OP_COMMIT,
};

struct slu_op {
    struct slu_op *next;
    enum slu_op_kind kind;
    uint64_t answer;
    uint64_t count;
    struct slu_view records;
    struct slu_view entries;
};

/* With all that it points to, of the allocator; NULL: out of memory. */
struct slu_op *slu_op_copy(const struct slu_alloc *alloc,
                           const struct slu_op *op);
/* Bytes of a copy. */
size_t slu_op_measure(const struct slu_op *op);
/* Of it and all behind it. Returns how many bytes they were. */
size_t slu_op_free_all(const struct slu_alloc *alloc, struct slu_op *op);

/* Within a transaction. *out_pending grows by what it makes pending. */
SLU_MUST_CHECK enum slu_err
slu_op_apply(struct slu_db *db, const struct slu_op *op, uint64_t *out_pending);

#endif
