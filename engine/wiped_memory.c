/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/wiped_memory.h"

#include <curl/curl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What is freed is another library's: its size is malloc's to know. */
static void put(void *ptr)
{
    if (ptr != NULL) {
        explicit_bzero(ptr, malloc_usable_size(ptr));
        free(ptr);
    }
}

/* Never by realloc, which frees the old place as it is. */
static void *resize(void *ptr, size_t len)
{
    size_t old_len = ptr == NULL ? 0 : malloc_usable_size(ptr);
    void *moved;

    if (ptr != NULL && len <= old_len && len >= old_len / 2) {
        return ptr;
    }
    moved = malloc(len);
    if (moved != NULL && ptr != NULL) {
        memcpy(moved, ptr, len < old_len ? len : old_len);
        put(ptr);
    }
    return moved;
}

/* ---- as libcurl wants it ---- */

static char *copy_text(const char *text)
{
    size_t len = strlen(text) + 1;
    char *copy = malloc(len);

    return copy == NULL ? NULL : memcpy(copy, text, len);
}

/* ---- as OpenSSL wants it: no bytes are NULL ---- */

static void *crypto_get(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return len == 0 ? NULL : malloc(len);
}

static void crypto_put(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    put(ptr);
}

static void *crypto_resize(void *ptr, size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    if (len == 0) {
        put(ptr);
        return NULL;
    }
    return resize(ptr, len);
}

bool slu_wiped_memory_start(void)
{
    /* OpenSSL first: libcurl begins by using it. A refusal means that it has
     * memory already. */
    (void)CRYPTO_set_mem_functions(crypto_get, crypto_resize, crypto_put);
    return curl_global_init_mem(CURL_GLOBAL_DEFAULT, malloc, put, resize,
                                copy_text, calloc) == CURLE_OK;
}
