/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv6.h"

#include "codecs/ipv4.h"

#define GROUPS 8
#define INPUT_MAX 45

struct groups {
    uint16_t items[GROUPS];
    int count;
    int gap; /* the group that "::" stands before; -1: none */
};

static int hex_value(char c)
{
    char lower = (char)(c | 0x20);

    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static struct slu_view skip(struct slu_view text, size_t len)
{
    return slu_view_make(text.ptr + len, text.len - len);
}

/* One to four digits from the front; 0: there are none, or five. */
static size_t take_group(struct slu_view text, uint16_t *out_group)
{
    unsigned group = 0;
    size_t len = 0;

    while (len < text.len && hex_value(text.ptr[len]) >= 0) {
        if (len == 4) {
            return 0;
        }
        group = group << 4 | (unsigned)hex_value(text.ptr[len]);
        len++;
    }
    *out_group = (uint16_t)group;
    return len;
}

static bool take_ipv4(struct slu_view text, struct groups *groups)
{
    struct slu_cidr cidr;

    if (groups->count > GROUPS - 2 || memchr(text.ptr, '/', text.len) != NULL ||
        slu_ipv4_match(text, &cidr, NULL) != SLU_REASON_NONE) {
        return false;
    }
    groups->items[groups->count++] = (uint16_t)(cidr.address >> 16);
    groups->items[groups->count++] = (uint16_t)cidr.address;
    return true;
}

/* The colon or colons behind a group; there must be a group, or the end after
 * "::", behind them. */
static bool take_colons(struct slu_view *text, struct groups *groups)
{
    if (text->len < 2 || text->ptr[0] != ':') {
        return false;
    }
    *text = skip(*text, 1);
    if (text->ptr[0] != ':') {
        return true;
    }
    if (groups->gap >= 0) {
        return false;
    }
    groups->gap = groups->count;
    *text = skip(*text, 1);
    return true;
}

static bool take_groups(struct slu_view text, struct groups *groups)
{
    if (text.len >= 2 && text.ptr[0] == ':' && text.ptr[1] == ':') {
        groups->gap = 0;
        text = skip(text, 2);
    }
    while (text.len > 0) {
        uint16_t group;
        size_t len = take_group(text, &group);

        if (len == 0 || groups->count == GROUPS) {
            return false;
        }
        if (len < text.len && text.ptr[len] == '.') {
            return take_ipv4(text, groups);
        }
        groups->items[groups->count++] = group;
        text = skip(text, len);
        if (text.len > 0 && !take_colons(&text, groups)) {
            return false;
        }
    }
    return true;
}

/* "::" stands for one group at least. */
static bool is_complete(const struct groups *groups)
{
    return groups->gap < 0 ? groups->count == GROUPS : groups->count < GROUPS;
}

enum slu_reason slu_ipv6_match(struct slu_view text,
                               unsigned char out[SLU_IPV6_LEN])
{
    struct groups groups = {.gap = -1};
    int missing;

    if (text.len == 0) {
        return SLU_REASON_EMPTY;
    }
    if (text.len > INPUT_MAX || !take_groups(text, &groups) ||
        !is_complete(&groups)) {
        return SLU_REASON_IP_SYNTAX;
    }
    missing = GROUPS - groups.count;
    memset(out, 0, SLU_IPV6_LEN);
    for (int i = 0; i < groups.count; i++) {
        int at = groups.gap >= 0 && i >= groups.gap ? i + missing : i;

        out[2 * at] = (unsigned char)(groups.items[i] >> 8);
        out[2 * at + 1] = (unsigned char)groups.items[i];
    }
    return SLU_REASON_NONE;
}

/* ---- and back ---- */

static unsigned group_at(const unsigned char *address, int at)
{
    return (unsigned)address[2 * at] << 8 | address[2 * at + 1];
}

/* The first of the longest runs of zero groups; *out_len 0: none of two. */
static int find_gap(const unsigned char *address, int *out_len)
{
    int best = GROUPS;
    int len = 0;

    *out_len = 0;
    for (int i = 0; i < GROUPS; i++) {
        len = group_at(address, i) == 0 ? len + 1 : 0;
        if (len >= 2 && len > *out_len) {
            *out_len = len;
            best = i + 1 - len;
        }
    }
    return best;
}

static char *write_group(char *at, unsigned group)
{
    static const char digits[] = "0123456789abcdef";
    int shift = 12;

    while (shift > 0 && group >> shift == 0) {
        shift -= 4;
    }
    for (; shift >= 0; shift -= 4) {
        *at++ = digits[group >> shift & 15];
    }
    return at;
}

static bool is_mapped(const unsigned char *address)
{
    static const unsigned char prefix[12] = {[10] = 0xff, [11] = 0xff};

    return memcmp(address, prefix, sizeof(prefix)) == 0;
}

static size_t format_mapped(const unsigned char *address, char *out)
{
    struct slu_cidr cidr = {
        .address = group_at(address, 6) << 16 | group_at(address, 7),
        .prefix = 32,
    };
    char text[SLU_IPV4_TEXT_MAX];
    size_t len = slu_ipv4_format(cidr, text);

    memcpy(out, "::ffff:", 7);
    memcpy(out + 7, text, len);
    return 7 + len;
}

size_t slu_ipv6_format(const unsigned char address[SLU_IPV6_LEN],
                       char out[SLU_IPV6_TEXT_MAX])
{
    int gap_len;
    int gap = find_gap(address, &gap_len);
    char *at = out;

    if (is_mapped(address)) {
        return format_mapped(address, out);
    }
    for (int i = 0; i < GROUPS; i++) {
        if (i == gap) {
            *at++ = ':';
            *at++ = ':';
            i += gap_len - 1;
            continue;
        }
        if (i > 0 && i != gap + gap_len) {
            *at++ = ':';
        }
        at = write_group(at, group_at(address, i));
    }
    return (size_t)(at - out);
}
