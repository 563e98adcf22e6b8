/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/large_alloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

static bool is_large(size_t len)
{
    return len >= SLU_LARGE_ALLOC_MIN;
}

/* The kernel takes whole pages, at both ends. */
static size_t round_up(size_t len)
{
    return (len + 4095) & ~(size_t)4095;
}

/* Only a hint: where it isn't taken, the pages are small. */
static void advise(char *ptr, size_t len)
{
    if (len >= SLU_LARGE_ALLOC_HUGE) {
        (void)madvise(ptr, round_up(len), MADV_HUGEPAGE);
    }
}

/* Maps more than is wanted and gives back what lies outside of the boundary. */
static char *map_block(size_t len)
{
    size_t slack = len >= SLU_LARGE_ALLOC_HUGE ? SLU_LARGE_ALLOC_HUGE : 0;
    size_t wanted = round_up(len);
    size_t before;
    char *ptr;

    if (len > SIZE_MAX / 2) {
        return NULL;
    }
    ptr = mmap(NULL, wanted + slack, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (ptr == MAP_FAILED) {
        return NULL;
    }
    before = slack == 0 ? 0 : (0 - (uintptr_t)ptr) & (slack - 1);
    if (before > 0) {
        (void)munmap(ptr, before);
    }
    if (slack - before > 0) {
        (void)munmap(ptr + before + wanted, slack - before);
    }
    advise(ptr + before, len);
    return ptr + before;
}

/* It may come to stand off the boundary: a copy would cost more. */
static char *remap_block(char *ptr, size_t old_len, size_t new_len)
{
    char *moved;

    if (new_len > SIZE_MAX / 2) {
        return NULL;
    }
    moved = mremap(ptr, round_up(old_len), round_up(new_len), MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) {
        return NULL;
    }
    advise(moved, new_len);
    return moved;
}

static void free_block(void *ptr, size_t len)
{
    if (is_large(len)) {
        (void)munmap(ptr, round_up(len));
    } else {
        slu_alloc_put(slu_alloc_default(), ptr, len);
    }
}

static void *get_block(size_t len)
{
    return is_large(len) ? map_block(len)
                         : slu_alloc_get(slu_alloc_default(), len);
}

/* From a block of one sort to one of the other. */
static void *change_block(void *ptr, size_t old_len, size_t new_len)
{
    void *block = get_block(new_len);

    if (block != NULL) {
        memcpy(block, ptr, old_len < new_len ? old_len : new_len);
        free_block(ptr, old_len);
    }
    return block;
}

static void *reallocate(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    (void)ctx;
    if (ptr == NULL) {
        return get_block(new_len);
    }
    if (new_len == 0) {
        free_block(ptr, old_len);
        return NULL;
    }
    if (is_large(old_len) != is_large(new_len)) {
        return change_block(ptr, old_len, new_len);
    }
    return is_large(new_len)
               ? remap_block(ptr, old_len, new_len)
               : slu_alloc_resize(slu_alloc_default(), ptr, old_len, new_len);
}

static const struct slu_alloc large = {reallocate, NULL};

const struct slu_alloc *slu_large_alloc(const struct slu_alloc *alloc)
{
    return alloc == slu_alloc_default() ? &large : alloc;
}

void *slu_large_alloc_zero(const struct slu_alloc *alloc, size_t len)
{
    char *block;

    if (alloc != &large || !is_large(len)) {
        return slu_alloc_zero(alloc, len);
    }
    block = map_block(len);
    if (block != NULL) {
        /* All pages at once cost less than one fault each. */
        (void)madvise(block, round_up(len), MADV_POPULATE_WRITE);
    }
    return block;
}
