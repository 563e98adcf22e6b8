/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel in portable C. Eight bytes at a time: a byte test is done on all
 * lanes of a 64-bit word at once, leaving 0x80 in each lane that passes, and a
 * multiplication gathers those eight bits into one byte. No carry leaves a
 * lane, so there are no false positives.
 */
#define MATCH_TARGET
#include "codecs/domain_match.h"

#define LANES(byte) (UINT64_C(0x0101010101010101) * (byte))
#define LOW7 LANES(0x7f)
#define TOP LANES(0x80)

/* Byte i of the name is lane i, whatever the byte order of the machine is. */
INLINE uint64_t load_lanes(const char *ptr, size_t len)
{
    uint64_t word = 0;

    memcpy(&word, ptr, len);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

INLINE void store_lanes(char *out, uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    memcpy(out, &word, sizeof(word));
}

/* Lanes from `first` to `last`, both below 0x80. */
INLINE uint64_t lanes_between(uint64_t word, unsigned first, unsigned last)
{
    uint64_t low = word & LOW7;

    return (low + LANES(0x80 - first)) & ~(low + LANES(0x7f - last)) & ~word &
           TOP;
}

/* The top bits of the lanes, as a byte. */
INLINE uint64_t gather_lanes(uint64_t lanes)
{
    return (lanes >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

INLINE void classify(const char *ptr, size_t len, char *out,
                     struct masks *out_masks)
{
    *out_masks = (struct masks){.others = low_bits(len)};
    for (size_t at = 0; at < len; at += 8) {
        /* Whole words from the front; of a name of eight bytes and more the
         * last one is moved back, so that it ends with the name. */
        size_t from = at + 8 <= len || len < 8 ? at : len - 8;
        uint64_t word = load_lanes(ptr + from, len < 8 ? len : 8);
        uint64_t letters = lanes_between(word | LANES(0x20), 'a', 'z');
        uint64_t digits = lanes_between(word, '0', '9');
        uint64_t dots = lanes_between(word, '.', '.');
        uint64_t hyphens = lanes_between(word, '-', '-');
        uint64_t known = gather_lanes(letters | digits | dots | hyphens);

        store_lanes(out + from, word | letters >> 2);
        out_masks->letters |= gather_lanes(letters) << from;
        out_masks->dots |= gather_lanes(dots) << from;
        out_masks->hyphens |= gather_lanes(hyphens) << from;
        out_masks->others &= ~(known << from);
    }
}

enum slu_reason slu_domain_match_portable(struct slu_view text,
                                          char out[SLU_VALUE_MAX],
                                          size_t *out_len)
{
    return match_text(text, out, out_len);
}
