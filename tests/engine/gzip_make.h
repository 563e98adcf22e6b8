/* SPDX-License-Identifier: Apache-2.0 */
/* What: gzip members for the tests, made by zlib's other half. */
#ifndef TESTS_ENGINE_GZIP_MAKE_H
#define TESTS_ENGINE_GZIP_MAKE_H

#include <stddef.h>

/* A gzip member of len bytes, the same block again and again, in memory that
 * the caller frees. */
char *gzip_make(const char *block, size_t block_len, size_t times,
                size_t *out_len);

#endif
