/* SPDX-License-Identifier: Apache-2.0 */
/* What: eight bytes of a text as the lanes of a word, for kernels in portable
 * C: the first byte in the lowest lane, whatever the byte order of the machine.
 */
#ifndef SLU_CODECS_LANES_H
#define SLU_CODECS_LANES_H

#include <stdint.h>
#include <string.h>

/* Eight bytes are readable. */
static inline __attribute__((always_inline)) uint64_t
slu_lanes_load(const char *ptr)
{
    uint64_t word;

    memcpy(&word, ptr, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#endif
