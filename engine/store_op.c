/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/store_op.h"

#include <assert.h>

size_t slu_op_measure(const struct slu_op *op)
{
    return sizeof(*op) + op->records.len + op->entries.len;
}

static struct slu_view copy_behind(char **at, struct slu_view bytes)
{
    struct slu_view copy = slu_view_make(*at, bytes.len);

    if (bytes.len != 0) {
        memcpy(*at, bytes.ptr, bytes.len);
    }
    *at += bytes.len;
    return copy;
}

struct slu_op *slu_op_copy(const struct slu_alloc *alloc,
                           const struct slu_op *op)
{
    struct slu_op *copy = slu_alloc_get(alloc, slu_op_measure(op));
    char *at;

    if (copy != NULL) {
        *copy = *op;
        at = (char *)(copy + 1);
        copy->records = copy_behind(&at, op->records);
        copy->entries = copy_behind(&at, op->entries);
        copy->next = NULL;
    }
    return copy;
}

size_t slu_op_free_all(const struct slu_alloc *alloc, struct slu_op *op)
{
    size_t bytes = 0;

    while (op != NULL) {
        struct slu_op *next = op->next;

        bytes += slu_op_measure(op);
        slu_alloc_put(alloc, op, slu_op_measure(op));
        op = next;
    }
    return bytes;
}

enum slu_err slu_op_apply(struct slu_db *db, const struct slu_op *op,
                          uint64_t *out_pending)
{
    switch (op->kind) {
    case SLU_OP_STAGE:
        return slu_db_stage(db, op->answer, op->records, op->count);
    case SLU_OP_ABANDON:
        return slu_db_abandon(db, op->answer);
    case SLU_OP_COMMIT:
        return slu_db_answer(db, op->answer, op->records, op->count,
                             op->entries, out_pending);
    }
    assert(!"an operation of no kind");
    return SLU_ERR_OK;
}
