/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/alloc.h"

#include <stdlib.h>
#include <string.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif

static void *reallocate(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    (void)ctx;
    (void)old_len;
    if (new_len == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, new_len);
}

const struct slu_alloc *slu_alloc_default(void)
{
    static const struct slu_alloc alloc = {reallocate, NULL};

    return &alloc;
}

void *slu_alloc_get(const struct slu_alloc *alloc, size_t len)
{
    return alloc->realloc_fn(alloc->ctx, NULL, 0, len);
}

void *slu_alloc_zero(const struct slu_alloc *alloc, size_t len)
{
    void *ptr = slu_alloc_get(alloc, len);

    if (ptr != NULL) {
        memset(ptr, 0, len);
    }
    return ptr;
}

void *slu_alloc_resize(const struct slu_alloc *alloc, void *ptr, size_t old_len,
                       size_t new_len)
{
    return alloc->realloc_fn(alloc->ctx, ptr, old_len, new_len);
}

void slu_alloc_put(const struct slu_alloc *alloc, void *ptr, size_t len)
{
    if (ptr != NULL) {
        (void)alloc->realloc_fn(alloc->ctx, ptr, len, 0);
    }
}

void slu_alloc_trim(const struct slu_alloc *alloc)
{
#if defined(__GLIBC__)
    if (alloc->realloc_fn == reallocate) {
        (void)malloc_trim(0);
    }
#else
    (void)alloc;
#endif
}
