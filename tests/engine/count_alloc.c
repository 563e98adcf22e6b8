/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/count_alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool holds(const void *ptr, size_t len, const char *secret)
{
    return secret != NULL && memmem(ptr, len, secret, strlen(secret)) != NULL;
}

static void forget(struct count_alloc *self, void *ptr, size_t len)
{
    for (size_t i = 0; i < COUNT_BLOCKS; i++) {
        if (self->blocks[i].ptr == ptr) {
            assert(self->blocks[i].len == len);
            self->freed_secret =
                self->freed_secret || holds(ptr, len, self->secret);
            self->blocks[i].ptr = NULL;
            self->live -= len;
            return;
        }
    }
    assert(!"freed what was never given");
}

static void *remember(struct count_alloc *self, void *ptr, size_t len)
{
    for (size_t i = 0; i < COUNT_BLOCKS; i++) {
        if (self->blocks[i].ptr == NULL) {
            self->blocks[i].ptr = ptr;
            self->blocks[i].len = len;
            self->live += len;
            if (self->live > self->live_max) {
                self->live_max = self->live;
            }
            return ptr;
        }
    }
    assert(!"more blocks than the test has room for");
    return NULL;
}

/* Resizing always moves, so that what is left behind is looked at. */
static void *reallocate(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    struct count_alloc *self = ctx;
    void *moved = NULL;

    if (new_len > 0) {
        self->calls++;
        if (self->calls == self->fail_at) {
            return NULL;
        }
        moved = malloc(new_len);
        assert(moved != NULL);
        memset(moved, 0xa5, new_len);
        if (ptr != NULL) {
            memcpy(moved, ptr, old_len < new_len ? old_len : new_len);
        }
        (void)remember(self, moved, new_len);
    }
    if (ptr != NULL) {
        forget(self, ptr, old_len);
        free(ptr);
    }
    return moved;
}

void count_alloc_init(struct count_alloc *self)
{
    memset(self, 0, sizeof(*self));
    self->alloc.realloc_fn = reallocate;
    self->alloc.ctx = self;
}

bool count_alloc_has_secret(const struct count_alloc *self)
{
    for (size_t i = 0; i < COUNT_BLOCKS; i++) {
        if (self->blocks[i].ptr != NULL &&
            holds(self->blocks[i].ptr, self->blocks[i].len, self->secret)) {
            return true;
        }
    }
    return false;
}
