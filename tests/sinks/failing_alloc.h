/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that counts, watches its peak, and fails from a given call on,
 * so that a test can walk through every failure there is. */
#ifndef TESTS_SINKS_FAILING_ALLOC_H
#define TESTS_SINKS_FAILING_ALLOC_H

#include <sluice/alloc.h>

#include <stdlib.h>

struct failing_alloc {
    struct slu_alloc alloc;
    long calls;   /* that asked for memory */
    long fail_at; /* from this call on (1 is the first); 0: never */
    size_t live;  /* bytes */
    size_t peak;
};

static inline void *failing_realloc(void *ctx, void *ptr, size_t old_len,
                                    size_t new_len)
{
    struct failing_alloc *self = ctx;

    if (new_len == 0) {
        self->live -= ptr == NULL ? 0 : old_len;
        free(ptr);
        return NULL;
    }
    self->calls++;
    if (self->fail_at != 0 && self->calls >= self->fail_at) {
        return NULL;
    }
    self->live += new_len - (ptr == NULL ? 0 : old_len);
    self->peak = self->live > self->peak ? self->live : self->peak;
    return realloc(ptr, new_len);
}

static inline void failing_alloc_init(struct failing_alloc *self, long fail_at)
{
    *self = (struct failing_alloc){.fail_at = fail_at};
    self->alloc.realloc_fn = failing_realloc;
    self->alloc.ctx = self;
}

#endif
