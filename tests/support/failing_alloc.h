/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that counts, watches its peak, and fails one of its calls, or
 * that one and all that follow, so that a test can walk through every failure
 * there is. */
#ifndef SLU_TESTS_SUPPORT_FAILING_ALLOC_H
#define SLU_TESTS_SUPPORT_FAILING_ALLOC_H

#include <sluice/alloc.h>
#include <stdbool.h>
#include <stdlib.h>

struct failing_alloc {
    struct slu_alloc alloc;
    unsigned calls;   /* that asked for memory */
    unsigned fail_at; /* the n-th call, from 1; 0: none */
    bool for_good;    /* and every call after it */
    size_t live;      /* bytes */
    size_t peak;
};

/* The library may call from several threads at once. */
static inline void failing_alloc_note(struct failing_alloc *self,
                                      size_t old_len, size_t new_len)
{
    size_t live =
        __atomic_add_fetch(&self->live, new_len - old_len, __ATOMIC_RELAXED);
    size_t peak = __atomic_load_n(&self->peak, __ATOMIC_RELAXED);

    while (live > peak && new_len > old_len &&
           !__atomic_compare_exchange_n(&self->peak, &peak, live, false,
                                        __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
}

static void *failing_alloc_realloc(void *ctx, void *ptr, size_t old_len,
                                   size_t new_len)
{
    struct failing_alloc *self = (struct failing_alloc *)ctx;
    unsigned call;

    if (ptr == NULL) {
        old_len = 0;
    }
    if (new_len == 0) {
        failing_alloc_note(self, old_len, 0);
        free(ptr);
        return NULL;
    }
    call = __atomic_add_fetch(&self->calls, 1, __ATOMIC_RELAXED);
    if (call == self->fail_at || (self->for_good && call > self->fail_at)) {
        return NULL;
    }
    failing_alloc_note(self, old_len, new_len);
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
    self->for_good = false;
    self->live = 0;
    self->peak = 0;
}

#endif
