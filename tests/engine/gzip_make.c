/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/gzip_make.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

char *gzip_make(const char *block, size_t block_len, size_t times,
                size_t *out_len)
{
    z_stream stream = {0};
    size_t len = block_len * times;
    size_t capacity;
    char *plain = malloc(len + 1);
    char *out;
    int answer = deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8,
                              Z_DEFAULT_STRATEGY);

    assert(answer == Z_OK && plain != NULL);
    for (size_t i = 0; i < times; i++) {
        memcpy(plain + i * block_len, block, block_len);
    }
    capacity = deflateBound(&stream, len);
    out = malloc(capacity);
    assert(out != NULL);
    stream.next_in = (Bytef *)plain;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)capacity;
    answer = deflate(&stream, Z_FINISH);
    assert(answer == Z_STREAM_END);
    (void)answer;
    *out_len = (size_t)stream.total_out;
    (void)deflateEnd(&stream);
    free(plain);
    return out;
}
