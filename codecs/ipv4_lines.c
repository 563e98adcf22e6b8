/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4_lines.h"

#include "codecs/ipv4.h"

/* x86-64 always has SSE2; tests build the other way too. */
#if defined(__x86_64__) && !defined(SLU_PORTABLE)
#define USE_SSE2 1
#include <emmintrin.h>
#endif

#define NO_END SLU_IPV4_LINES_AHEAD

/* Where the line ends among the next 17 bytes; NO_END: it doesn't. */
static size_t find_end(const char *line)
{
#ifdef USE_SSE2
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)line);
    unsigned ends =
        (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));

    if (ends != 0) {
        return (size_t)__builtin_ctz(ends);
    }
    return line[16] == '\n' ? 16 : NO_END;
#else
    const char *end = memchr(line, '\n', SLU_IPV4_LINES_AHEAD);

    return end != NULL ? (size_t)(end - line) : NO_END;
#endif
}

size_t slu_ipv4_lines_read(struct slu_view *text, uint32_t *out, size_t room)
{
    const char *line = text->ptr;
    const char *end = text->ptr + text->len;
    size_t count = 0;

    while (count < room && end - line >= SLU_IPV4_LINES_AHEAD) {
        size_t line_end = find_end(line);
        size_t len = line_end;
        struct slu_cidr cidr;

        /* A name is told by its first letter, without a match in vain. */
        if (line_end == NO_END || line[0] > '9') {
            break;
        }
        len -= len > 0 && line[len - 1] == '\r';
        if (slu_ipv4_match(slu_view_make(line, len), &cidr, NULL) !=
                SLU_REASON_NONE ||
            cidr.prefix != 32) {
            break;
        }
        out[count++] = cidr.address;
        line += line_end + 1;
    }
    *text = slu_view_make(line, (size_t)(end - line));
    return count;
}

void slu_ipv4_octets_init(struct slu_ipv4_octets *self)
{
    for (unsigned octet = 0; octet < 256; octet++) {
        char *text = self->texts[octet];
        size_t len = 0;

        memset(text, 0, sizeof(self->texts[octet]));
        if (octet > 99) {
            text[len++] = (char)('0' + octet / 100);
        }
        if (octet > 9) {
            text[len++] = (char)('0' + octet / 10 % 10);
        }
        text[len++] = (char)('0' + octet % 10);
        text[len++] = '.';
        self->lens[octet] = (uint8_t)len;
    }
}

/* Four bytes are written, as many count as the octet has. */
static char *put_octet(const struct slu_ipv4_octets *octets, uint32_t octet,
                       char *out)
{
    memcpy(out, octets->texts[octet], 4);
    return out + octets->lens[octet];
}

size_t slu_ipv4_lines_write(const struct slu_ipv4_octets *octets,
                            const uint32_t *addresses, size_t count, char *out)
{
    char *at = out;

    for (size_t i = 0; i < count; i++) {
        uint32_t address = addresses[i];

        at = put_octet(octets, address >> 24, at);
        at = put_octet(octets, address >> 16 & 255, at);
        at = put_octet(octets, address >> 8 & 255, at);
        at = put_octet(octets, address & 255, at);
        at[-1] = '\n';
    }
    return (size_t)(at - out);
}
