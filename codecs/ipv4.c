/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4_kernel.h"

#include "codecs/cpu.h"

enum slu_reason slu_ipv4_match(struct slu_view text, struct slu_cidr *out_cidr,
                               bool *out_normalised)
{
#if defined(__x86_64__)
    if (slu_cpu_has_sse42()) {
        return slu_ipv4_match_sse42(text, out_cidr, out_normalised);
    }
#endif
    return slu_ipv4_match_portable(text, out_cidr, out_normalised);
}

struct slu_ipv4_kernel slu_ipv4_kernel_at(unsigned index)
{
    struct slu_ipv4_kernel kernels[3] = {{NULL, NULL}};
    unsigned count = 0;

#if defined(__x86_64__)
    if (slu_cpu_has_sse42()) {
        kernels[count++] =
            (struct slu_ipv4_kernel){"sse4.2", slu_ipv4_match_sse42};
    }
#endif
    kernels[count++] =
        (struct slu_ipv4_kernel){"portable", slu_ipv4_match_portable};
    return kernels[index < count ? index : count];
}

/*
 * Writes four bytes, "7.", "42." or "255." and whatever, and says how many of
 * them count: no branch on the number of digits.
 */
static size_t put_octet(uint32_t value, char *out)
{
    uint32_t hundreds = value * 41 >> 12; /* right up to 1098 */
    uint32_t rest = value - 100 * hundreds;
    uint32_t tens = rest * 103 >> 10; /* right up to 178 */
    uint32_t digits = 1 + (uint32_t)(value > 9) + (uint32_t)(value > 99);
    uint32_t word = ('0' + hundreds) | ('0' + tens) << 8 |
                    ('0' + rest - 10 * tens) << 16 | (uint32_t)'.' << 24;

    word >>= 8 * (3 - digits);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif
    memcpy(out, &word, sizeof(word));
    return digits + 1;
}

size_t slu_ipv4_format(struct slu_cidr cidr, char out[SLU_IPV4_TEXT_MAX])
{
    size_t len = 0;

    for (int shift = 24; shift >= 0; shift -= 8) {
        len += put_octet(cidr.address >> shift & 0xff, out + len);
    }
    if (cidr.prefix == 32) {
        return len - 1;
    }
    out[len - 1] = '/';
    if (cidr.prefix > 9) {
        out[len++] = (char)('0' + cidr.prefix / 10);
    }
    out[len++] = (char)('0' + cidr.prefix % 10);
    return len;
}

size_t slu_ipv4_text_length(struct slu_cidr cidr)
{
    size_t len = 7; /* four digits, three dots */

    for (int shift = 24; shift >= 0; shift -= 8) {
        uint32_t octet = cidr.address >> shift & 0xff;

        len += (size_t)(octet > 9) + (size_t)(octet > 99);
    }
    return cidr.prefix == 32 ? len : len + 2 + (cidr.prefix > 9);
}

uint32_t slu_cidr_last(struct slu_cidr cidr)
{
    return cidr.address | (uint32_t)(UINT64_C(0xffffffff) >> cidr.prefix);
}
