/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: an allocator for tests: it counts bytes and calls, fails the n-th, and
 * looks for a secret in every block, live or given back.
 */
#ifndef TESTS_ENGINE_COUNT_ALLOC_H
#define TESTS_ENGINE_COUNT_ALLOC_H

#include <sluice/alloc.h>
#include <stdbool.h>

#define COUNT_BLOCKS 4096

struct count_alloc {
    struct slu_alloc alloc;
    unsigned long calls;   /* allocations and resizes */
    unsigned long fail_at; /* the call with this number fails; 0: none */
    size_t live;           /* bytes */
    size_t live_max;
    const char *secret;
    bool freed_secret; /* a block was given back with the secret in it */
    struct {
        void *ptr;
        size_t len;
    } blocks[COUNT_BLOCKS];
};

void count_alloc_init(struct count_alloc *self);

/* True: some live block holds the secret. */
bool count_alloc_has_secret(const struct count_alloc *self);

#endif
