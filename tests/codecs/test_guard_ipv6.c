/* SPDX-License-Identifier: Apache-2.0 */
/* The guard rails of IPv6 addresses; test_guard.c has the others. */
#include "codecs/guard.h"

#include <criterion/criterion.h>

Test(guard, keeps_ipv6_addresses_that_are_not_global_off)
{
    static const struct {
        const char *text;
        enum slu_reason reason;
    } cases[] = {
        {"::", SLU_REASON_GUARD_RESERVED},
        {"::1", SLU_REASON_GUARD_LOOPBACK},
        {"::2", SLU_REASON_GUARD_RESERVED},
        {"::ffff:8.8.8.8", SLU_REASON_GUARD_RESERVED},
        {"64:ff9b::808:808", SLU_REASON_NONE},
        {"64:ff9b:1::1", SLU_REASON_GUARD_RESERVED},
        {"100::1", SLU_REASON_GUARD_RESERVED},
        {"1fff:ffff::", SLU_REASON_GUARD_RESERVED},
        {"2001::1", SLU_REASON_GUARD_RESERVED},
        {"2001:1ff:ffff::", SLU_REASON_GUARD_RESERVED},
        {"2001:200::1", SLU_REASON_NONE},
        {"2001:db7:ffff::", SLU_REASON_NONE},
        {"2001:db8::", SLU_REASON_GUARD_DOCUMENTATION},
        {"2001:db9::", SLU_REASON_NONE},
        {"2002::1", SLU_REASON_NONE},
        {"2606:4700::1111", SLU_REASON_NONE},
        {"3fff:fff::1", SLU_REASON_GUARD_DOCUMENTATION},
        {"3fff:1000::1", SLU_REASON_NONE},
        {"4000::1", SLU_REASON_GUARD_RESERVED},
        {"5f00::1", SLU_REASON_GUARD_RESERVED},
        {"fbff::1", SLU_REASON_GUARD_RESERVED},
        {"fc00::1", SLU_REASON_GUARD_PRIVATE},
        {"fdff::1", SLU_REASON_GUARD_PRIVATE},
        {"fe7f::1", SLU_REASON_GUARD_RESERVED},
        {"fe80::1", SLU_REASON_GUARD_LINK_LOCAL},
        {"febf::1", SLU_REASON_GUARD_LINK_LOCAL},
        {"fec0::1", SLU_REASON_GUARD_PRIVATE},
        {"ff02::1", SLU_REASON_GUARD_MULTICAST},
    };
    struct slu_guard_options off = {.allow_non_global = true};
    struct slu_guard_options on = {.cidr_min_prefix = 8};
    struct slu_guard *open = slu_guard_new(slu_alloc_default(), &off);
    struct slu_guard *closed = slu_guard_new(slu_alloc_default(), &on);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned char address[SLU_IPV6_LEN];

        cr_assert_eq(slu_ipv6_match(slu_view_str(cases[i].text), address),
                     SLU_REASON_NONE);
        cr_assert_eq(slu_guard_check_ipv6(closed, address), cases[i].reason,
                     "%s", cases[i].text);
        cr_assert_eq(slu_guard_check_ipv6(open, address), SLU_REASON_NONE);
    }
    slu_guard_free(open);
    slu_guard_free(closed);
}
