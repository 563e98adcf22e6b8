/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/guard.h"

#include "codecs/allow_list.h"

#include <assert.h>
#include <libpsl.h>
#include <sluice/indicator.h>

struct slu_guard {
    const struct slu_alloc *alloc;
    struct slu_guard_options options;
    struct slu_allow_list allowed;
    uint64_t blocks[4]; /* bit i: some of i.0.0.0/8 is guarded */
};

struct guarded_range {
    uint32_t first;
    uint32_t last;
    enum slu_reason reason;
};

/*
 * What no host of the Internet has, in ascending order, after the IANA IPv4
 * Special-Purpose Address Registry (RFC 6890 and its updates) and, for the
 * last two, the IANA IPv4 Address Space Registry. Left out are the entries that
 * the registry calls globally reachable: AS112 (192.31.196.0/24,
 * 192.175.48.0/24) and AMT (192.52.193.0/24). 192.0.0.0/24 is guarded whole,
 * although its two anycast addresses (192.0.0.9, 192.0.0.10) are reachable:
 * they are whatever router is nearest, never one party's host. 233.252.0.0/24
 * (documentation, RFC 6676) is within multicast. The last range ends with the
 * last address: find_guarded() relies on it.
 */
static const struct guarded_range guarded_ranges[] = {
    /* 0.0.0.0/8, this network, RFC 791 */
    {0x00000000, 0x00ffffff, SLU_REASON_GUARD_RESERVED},
    /* 10.0.0.0/8, private use, RFC 1918 */
    {0x0a000000, 0x0affffff, SLU_REASON_GUARD_PRIVATE},
    /* 100.64.0.0/10, shared by carriers, RFC 6598 */
    {0x64400000, 0x647fffff, SLU_REASON_GUARD_SHARED},
    /* 127.0.0.0/8, loopback, RFC 1122 */
    {0x7f000000, 0x7fffffff, SLU_REASON_GUARD_LOOPBACK},
    /* 169.254.0.0/16, link local, RFC 3927 */
    {0xa9fe0000, 0xa9feffff, SLU_REASON_GUARD_LINK_LOCAL},
    /* 172.16.0.0/12, private use, RFC 1918 */
    {0xac100000, 0xac1fffff, SLU_REASON_GUARD_PRIVATE},
    /* 192.0.0.0/24, IETF protocol assignments, RFC 6890 */
    {0xc0000000, 0xc00000ff, SLU_REASON_GUARD_RESERVED},
    /* 192.0.2.0/24, TEST-NET-1, RFC 5737 */
    {0xc0000200, 0xc00002ff, SLU_REASON_GUARD_DOCUMENTATION},
    /* 192.88.99.0/24, deprecated 6to4 relay anycast, RFC 7526 */
    {0xc0586300, 0xc05863ff, SLU_REASON_GUARD_RESERVED},
    /* 192.168.0.0/16, private use, RFC 1918 */
    {0xc0a80000, 0xc0a8ffff, SLU_REASON_GUARD_PRIVATE},
    /* 198.18.0.0/15, benchmarking, RFC 2544 */
    {0xc6120000, 0xc613ffff, SLU_REASON_GUARD_RESERVED},
    /* 198.51.100.0/24, TEST-NET-2, RFC 5737 */
    {0xc6336400, 0xc63364ff, SLU_REASON_GUARD_DOCUMENTATION},
    /* 203.0.113.0/24, TEST-NET-3, RFC 5737 */
    {0xcb007100, 0xcb0071ff, SLU_REASON_GUARD_DOCUMENTATION},
    /* 224.0.0.0/4, multicast, RFC 5771 */
    {0xe0000000, 0xefffffff, SLU_REASON_GUARD_MULTICAST},
    /* 240.0.0.0/4, future use, and 255.255.255.255, limited broadcast */
    {0xf0000000, 0xffffffff, SLU_REASON_GUARD_RESERVED},
};

/*
 * The same for IPv6, after the IANA IPv6 Special-Purpose Address Registry: the
 * first prefix that fits decides. What is left at the end is global unicast
 * (2000::/3) or not assigned. Left out are the entries that the registry calls
 * globally reachable or doesn't say so of (6to4: 2002::/16). 2001::/23 is
 * guarded whole, as 192.0.0.0/24 is.
 */
static const struct guarded_prefix {
    unsigned char bytes[SLU_IPV6_LEN];
    uint8_t bits;
    enum slu_reason reason;
} guarded_prefixes[] = {
    /* ::1, loopback, RFC 4291 */
    {{[15] = 1}, 128, SLU_REASON_GUARD_LOOPBACK},
    /* 64:ff9b::/96, translation of IPv4, RFC 6052: global */
    {{0x00, 0x64, 0xff, 0x9b}, 96, SLU_REASON_NONE},
    /* 2001:db8::/32, RFC 3849, and 3fff::/20, RFC 9637, documentation */
    {{0x20, 0x01, 0x0d, 0xb8}, 32, SLU_REASON_GUARD_DOCUMENTATION},
    {{0x3f, 0xff}, 20, SLU_REASON_GUARD_DOCUMENTATION},
    /* 2001::/23, IETF protocol assignments, RFC 2928 */
    {{0x20, 0x01}, 23, SLU_REASON_GUARD_RESERVED},
    /* 2000::/3, the rest of global unicast */
    {{0x20}, 3, SLU_REASON_NONE},
    /* fc00::/7, unique local, RFC 4193; fec0::/10, site local, RFC 3879 */
    {{0xfc}, 7, SLU_REASON_GUARD_PRIVATE},
    {{0xfe, 0xc0}, 10, SLU_REASON_GUARD_PRIVATE},
    /* fe80::/10, link local, RFC 4291 */
    {{0xfe, 0x80}, 10, SLU_REASON_GUARD_LINK_LOCAL},
    /* ff00::/8, multicast, RFC 4291 */
    {{0xff}, 8, SLU_REASON_GUARD_MULTICAST},
    /* ::/0: unspecified, IPv4-mapped (::ffff:0:0/96), discard-only (100::/64),
     * segment identifiers (5f00::/16), and what is not assigned */
    {{0}, 0, SLU_REASON_GUARD_RESERVED},
};

#define GUARDED_COUNT (sizeof(guarded_ranges) / sizeof(guarded_ranges[0]))

static void note_blocks(struct slu_guard *self)
{
    for (size_t i = 0; i < GUARDED_COUNT; i++) {
        uint32_t last = guarded_ranges[i].last >> 24;

        for (uint32_t at = guarded_ranges[i].first >> 24; at <= last; at++) {
            self->blocks[at / 64] |= (uint64_t)1 << at % 64;
        }
    }
}

struct slu_guard *slu_guard_new(const struct slu_alloc *alloc,
                                const struct slu_guard_options *options)
{
    struct slu_guard *self = slu_alloc_zero(alloc, sizeof(*self));

    assert(options->cidr_min_prefix <= 32);
    if (self != NULL) {
        self->alloc = alloc;
        self->options = *options;
        slu_allow_list_init(&self->allowed, alloc);
        note_blocks(self);
    }
    return self;
}

void slu_guard_free(struct slu_guard *self)
{
    if (self != NULL) {
        slu_allow_list_fini(&self->allowed);
        slu_alloc_put(self->alloc, self, sizeof(*self));
    }
}

enum slu_err slu_guard_allow(struct slu_guard *self, struct slu_view text,
                             struct slu_error *out_error)
{
    return slu_allow_list_parse(&self->allowed, text, out_error);
}

/* Whether a search is worth while: most addresses are in a block of which
 * nothing is guarded. */
static bool may_be_guarded(const struct slu_guard *self, struct slu_cidr cidr)
{
    uint32_t block = cidr.address >> 24;

    return cidr.prefix < 8 || (self->blocks[block / 64] >> block % 64 & 1) != 0;
}

/* The lowest guarded range that the CIDR overlaps: all ends are compared and
 * counted, which costs less than one branch that was guessed wrong. */
static enum slu_reason find_guarded(struct slu_cidr cidr)
{
    size_t at = 0;

    for (size_t i = 0; i < GUARDED_COUNT; i++) {
        at += guarded_ranges[i].last < cidr.address;
    }
    return guarded_ranges[at].first <= slu_cidr_last(cidr)
               ? guarded_ranges[at].reason
               : SLU_REASON_NONE;
}

enum slu_reason slu_guard_check_ip(const struct slu_guard *self,
                                   struct slu_cidr cidr)
{
    if (cidr.prefix < self->options.cidr_min_prefix) {
        return SLU_REASON_GUARD_WIDE_CIDR;
    }
    if (!self->options.allow_non_global && may_be_guarded(self, cidr)) {
        enum slu_reason reason = find_guarded(cidr);

        if (reason != SLU_REASON_NONE) {
            return reason;
        }
    }
    return self->allowed.range_count > 0 &&
                   slu_allow_list_has_ip(&self->allowed, cidr)
               ? SLU_REASON_ALLOWED
               : SLU_REASON_NONE;
}

/* The answer for an address between two edges of a range's kind; *last is moved
 * to where the range ends, or to before where the next begins. */
static bool is_within(uint32_t first, uint32_t end, uint32_t address,
                      uint32_t *last)
{
    bool within = first <= address;
    uint32_t edge = within ? end : first - 1;

    *last = edge < *last ? edge : *last;
    return within;
}

enum slu_reason slu_guard_check_run(const struct slu_guard *self,
                                    uint32_t address, uint32_t *out_last)
{
    const struct slu_allow_range *allowed =
        slu_allow_list_next(&self->allowed, address);
    const struct guarded_range *guarded = guarded_ranges;

    *out_last = UINT32_MAX;
    while (guarded->last < address) {
        guarded++;
    }
    if (!self->options.allow_non_global &&
        is_within(guarded->first, guarded->last, address, out_last)) {
        return guarded->reason;
    }
    return allowed != NULL &&
                   is_within(allowed->first, allowed->last, address, out_last)
               ? SLU_REASON_ALLOWED
               : SLU_REASON_NONE;
}

static bool has_prefix(const unsigned char *address,
                       const struct guarded_prefix *prefix)
{
    unsigned whole = prefix->bits / 8;
    unsigned rest = prefix->bits % 8;
    unsigned mask = 0xff00u >> rest & 0xff;

    return memcmp(address, prefix->bytes, whole) == 0 &&
           (rest == 0 || (address[whole] & mask) == prefix->bytes[whole]);
}

enum slu_reason slu_guard_check_ipv6(const struct slu_guard *self,
                                     const unsigned char address[SLU_IPV6_LEN])
{
    const struct guarded_prefix *prefix = guarded_prefixes;

    if (self->options.allow_non_global) {
        return SLU_REASON_NONE;
    }
    /* The last one fits all. */
    while (!has_prefix(address, prefix)) {
        prefix++;
    }
    return prefix->reason;
}

/*
 * Both sections of the Public Suffix List count: "*.github.io" blocks as many
 * strangers' sites as "*.co.uk". A single label is a suffix by the list's
 * implicit rule "*", whether listed or not, and also when libpsl was built
 * without a list. The list is the one built into libpsl: reading a newer one
 * from disk is not for this folder.
 */
static bool is_public_suffix(struct slu_view name)
{
    char text[SLU_VALUE_MAX + 1];

    if (memchr(name.ptr, '.', name.len) == NULL) {
        return true;
    }
    assert(name.len <= SLU_VALUE_MAX);
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    return psl_is_public_suffix2(psl_builtin(), text, PSL_TYPE_ANY) != 0;
}

struct slu_view slu_guard_public_suffix(struct slu_view name)
{
    while (!is_public_suffix(name)) {
        const char *dot = memchr(name.ptr, '.', name.len);

        /* There is one: a single label is a public suffix. */
        name = slu_view_make(dot + 1, name.len - (size_t)(dot + 1 - name.ptr));
    }
    return name;
}

enum slu_reason slu_guard_check_domain(const struct slu_guard *self,
                                       struct slu_view domain)
{
    bool wildcard = domain.len > 2 && domain.ptr[0] == '*';

    if (wildcard && !self->options.allow_public_suffixes &&
        is_public_suffix(slu_view_make(domain.ptr + 2, domain.len - 2))) {
        return SLU_REASON_GUARD_PUBLIC_SUFFIX;
    }
    return slu_allow_list_has_domain(&self->allowed, domain)
               ? SLU_REASON_ALLOWED
               : SLU_REASON_NONE;
}
