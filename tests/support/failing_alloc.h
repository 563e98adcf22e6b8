/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that counts its calls and fails one of them. */
#ifndef SLU_TESTS_SUPPORT_FAILING_ALLOC_H
#define SLU_TESTS_SUPPORT_FAILING_ALLOC_H

#include <sluice/alloc.h>
#include <stdlib.h>

struct failing_alloc {
    struct slu_alloc alloc;
    unsigned calls;   /* that asked for memory */
    unsigned fail_at; /* the n-th call, from 1; 0: none */
    long live;        /* allocations not freed */
};

static void *failing_alloc_realloc(void *ctx, void *ptr, size_t old_len,
                                   size_t new_len)
{
    struct failing_alloc *self = (struct failing_alloc *)ctx;

    (void)old_len;
    if (new_len == 0) {
        self->live -= ptr != NULL;
        free(ptr);
        return NULL;
    }
    self->calls++;
    if (self->calls == self->fail_at) {
        return NULL;
    }
    self->live += ptr == NULL;
    return realloc(ptr, new_len);
}

/* self must stay where it is. */
static inline void failing_alloc_init(struct failing_alloc *self,
                                      unsigned fail_at)
{
    self->alloc.realloc_fn = failing_alloc_realloc;
    self->alloc.ctx = self;
    self->calls = 0;
    self->fail_at = fail_at;
    self->live = 0;
}

#endif
