/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/guard_checks.h"
#include "support/failing_alloc.h"

#include <stdio.h>

/* The first and the last address of each range, and the neighbours outside. */
Test(guard, rejects_each_range_of_the_registry_from_first_to_last)
{
    static const struct {
        const char *before;
        const char *first;
        const char *last;
        const char *behind;
        enum slu_reason reason;
    } cases[] = {
        {NULL, "0.0.0.0", "0.255.255.255", "1.0.0.0",
         SLU_REASON_GUARD_RESERVED},
        {"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0",
         SLU_REASON_GUARD_PRIVATE},
        {"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0",
         SLU_REASON_GUARD_SHARED},
        {"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0",
         SLU_REASON_GUARD_LOOPBACK},
        {"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0",
         SLU_REASON_GUARD_LINK_LOCAL},
        {"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0",
         SLU_REASON_GUARD_PRIVATE},
        {"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0",
         SLU_REASON_GUARD_RESERVED},
        {"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0",
         SLU_REASON_GUARD_DOCUMENTATION},
        {"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0",
         SLU_REASON_GUARD_RESERVED},
        {"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0",
         SLU_REASON_GUARD_PRIVATE},
        {"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0",
         SLU_REASON_GUARD_RESERVED},
        {"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0",
         SLU_REASON_GUARD_DOCUMENTATION},
        {"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0",
         SLU_REASON_GUARD_DOCUMENTATION},
        {"223.255.255.255", "224.0.0.0", "239.255.255.255", NULL,
         SLU_REASON_GUARD_MULTICAST},
        {NULL, "240.0.0.0", "255.255.255.255", NULL, SLU_REASON_GUARD_RESERVED},
    };
    struct slu_guard *guard = make_guard("");

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        expect_ip(guard, cases[i].first, cases[i].reason);
        expect_ip(guard, cases[i].last, cases[i].reason);
        if (cases[i].before != NULL) {
            expect_ip(guard, cases[i].before, SLU_REASON_NONE);
        }
        if (cases[i].behind != NULL) {
            expect_ip(guard, cases[i].behind, SLU_REASON_NONE);
        }
    }
    /* Reachable by the registry: AS112 and AMT. */
    EXPECT_IPS(guard, SLU_REASON_NONE, "192.31.196.1", "192.52.193.1",
               "192.175.48.1", "8.8.8.8");
    slu_guard_free(guard);
}

Test(guard, a_cidr_that_overlaps_a_guarded_range_is_rejected_whole)
{
    struct slu_guard *guard = make_guard("");

    expect_ip(guard, "10.20.0.0/16", SLU_REASON_GUARD_PRIVATE);
    expect_ip(guard, "10.0.0.0/8", SLU_REASON_GUARD_PRIVATE);
    /* Around, not inside: 192.168.0.0/16 is a part of it. */
    expect_ip(guard, "192.160.0.0/11", SLU_REASON_GUARD_PRIVATE);
    /* Two of them inside; the lower one names the reason. */
    expect_ip(guard, "192.0.0.0/16", SLU_REASON_GUARD_RESERVED);
    expect_ip(guard, "192.0.2.128/25", SLU_REASON_GUARD_DOCUMENTATION);
    EXPECT_IPS(guard, SLU_REASON_NONE, "192.0.1.0/24", "11.0.0.0/8");
    slu_guard_free(guard);
}

Test(guard, a_cidr_wider_than_the_limit_is_rejected_first)
{
    struct slu_guard_options options = {.cidr_min_prefix = 24};
    struct slu_guard *guard = make_guard("");

    EXPECT_IPS(guard, SLU_REASON_GUARD_WIDE_CIDR, "0.0.0.0/0", "10.0.0.0/7",
               "64.0.0.0/7");
    expect_ip(guard, "64.0.0.0/8", SLU_REASON_NONE);
    slu_guard_free(guard);
    guard = slu_guard_new(slu_alloc_default(), &options);
    expect_ip(guard, "64.0.0.0/23", SLU_REASON_GUARD_WIDE_CIDR);
    expect_ip(guard, "64.0.0.0/24", SLU_REASON_NONE);
    slu_guard_free(guard);
}

/* Not all of these begin in a block of which something is guarded. */
Test(guard, a_wide_cidr_is_searched_whole)
{
    struct slu_guard_options options = {.cidr_min_prefix = 0};
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);

    expect_ip(guard, "0.0.0.0/0", SLU_REASON_GUARD_RESERVED);
    expect_ip(guard, "64.0.0.0/2", SLU_REASON_GUARD_SHARED);
    expect_ip(guard, "160.0.0.0/3", SLU_REASON_GUARD_LINK_LOCAL);
    expect_ip(guard, "8.0.0.0/6", SLU_REASON_GUARD_PRIVATE);
    expect_ip(guard, "202.0.0.0/7", SLU_REASON_GUARD_DOCUMENTATION);
    EXPECT_IPS(guard, SLU_REASON_NONE, "128.0.0.0/3", "8.0.0.0/7");
    slu_guard_free(guard);
}

Test(guard, switches_turn_the_rails_off)
{
    struct slu_guard_options options = {.allow_non_global = true,
                                        .allow_public_suffixes = true,
                                        .cidr_min_prefix = 0};
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);

    expect_ip(guard, "0.0.0.0/0", SLU_REASON_NONE);
    expect_ip(guard, "127.0.0.1", SLU_REASON_NONE);
    expect_domain(guard, "*.com", SLU_REASON_NONE);
    cr_assert_eq(slu_guard_allow(guard, slu_view_str("8.8.8.8\nx.com"), NULL),
                 SLU_ERR_OK);
    expect_ip(guard, "0.0.0.0/0", SLU_REASON_ALLOWED);
    expect_domain(guard, "*.com", SLU_REASON_ALLOWED);
    slu_guard_free(guard);
}

Test(guard, a_wildcard_on_a_public_suffix_is_rejected_and_a_plain_one_is_not)
{
    struct slu_guard *guard = make_guard("");
    static const char *const suffixes[] = {
        "com",          "co.uk",       "github.io",
        "xn--p1ai",     "foo.ck",      "xn--55qx5d.cn",
        "blogspot.com", "no-such-tld", "s3.amazonaws.com"};
    static const char *const others[] = {"example.com", "example.co.uk",
                                         "me.github.io", "www.ck",
                                         "a.b.c.example.org"};
    char text[64];

    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
        snprintf(text, sizeof(text), "*.%s", suffixes[i]);
        expect_domain(guard, text, SLU_REASON_GUARD_PUBLIC_SUFFIX);
        expect_domain(guard, suffixes[i], SLU_REASON_NONE);
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        snprintf(text, sizeof(text), "*.%s", others[i]);
        expect_domain(guard, text, SLU_REASON_NONE);
        expect_domain(guard, others[i], SLU_REASON_NONE);
    }
    slu_guard_free(guard);
}

Test(guard, the_longest_name_fits)
{
    struct slu_guard *guard = make_guard("");
    char name[256];

    memset(name, 'a', 255);
    memcpy(name, "*.", 2);
    for (int at = 60; at < 250; at += 60) {
        name[at] = '.';
    }
    name[255] = '\0';
    expect_domain(guard, name, SLU_REASON_NONE);
    slu_guard_free(guard);
}

Test(guard, every_failing_allocation_is_survived)
{
    char text[8000];
    size_t len = 0;
    unsigned fail_at = 1;
    bool passed = false;

    for (int i = 0; i < 150; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len,
                                "11.%d.0.1\nh%d.example.com\n", i, i);
    }
    for (; !passed && fail_at < 100; fail_at++) {
        struct failing_alloc failing;
        struct slu_guard *guard;
        struct slu_error error = {0};

        failing_alloc_init(&failing, fail_at);
        guard = slu_guard_new(&failing.alloc, &defaults);
        if (guard != NULL) {
            enum slu_err err =
                slu_guard_allow(guard, slu_view_make(text, len), &error);

            passed = err == SLU_ERR_OK;
            cr_assert(passed || err == SLU_ERR_NOMEM);
            cr_assert_eq(error.code, err);
            (void)check_ip(guard, "11.7.0.1");
            expect_domain(guard, "other.org", SLU_REASON_NONE);
        }
        slu_guard_free(guard);
        cr_assert_eq(failing.live, 0);
    }
    cr_assert(passed);
    cr_assert_gt(fail_at, 10);
    slu_guard_free(NULL);
}

/* The checks allocate nothing, whatever they find. */
Test(guard, checks_do_not_allocate)
{
    struct failing_alloc counting;
    struct slu_guard *guard;
    unsigned calls;

    failing_alloc_init(&counting, 0);
    guard = slu_guard_new(&counting.alloc, &defaults);
    cr_assert_eq(slu_guard_allow(guard, slu_view_str("a.com\n9.9.9.9"), NULL),
                 SLU_ERR_OK);
    calls = counting.calls;
    expect_domain(guard, "x.a.com", SLU_REASON_ALLOWED);
    expect_domain(guard, "*.com", SLU_REASON_GUARD_PUBLIC_SUFFIX);
    expect_ip(guard, "9.9.9.9", SLU_REASON_ALLOWED);
    cr_assert_eq(counting.calls, calls);
    slu_guard_free(guard);
}

static void assert_suffix(const char *name, const char *expected)
{
    struct slu_view suffix = slu_guard_public_suffix(slu_view_str(name));

    cr_assert(slu_view_equal_str(suffix, expected), "%s: %.*s", name,
              (int)suffix.len, suffix.ptr);
}

Test(guard, knows_the_public_suffix_of_a_name)
{
    assert_suffix("a.b.evil.com", "com");
    assert_suffix("evil.co.uk", "co.uk");
    assert_suffix("co.uk", "co.uk");
    assert_suffix("x.y.github.io", "github.io");
    assert_suffix("com", "com");
    assert_suffix("a.b.not-a-real-tld", "not-a-real-tld");
    assert_suffix("amazonaws.com", "com");
    assert_suffix("a.s3.amazonaws.com", "s3.amazonaws.com");
}

/* ---- runs ---- */

/* All addresses of a run have its answer, and the next one begins another. */
static void check_runs(const struct slu_guard *guard, unsigned least)
{
    enum slu_reason before = SLU_REASON_COUNT;
    uint64_t address = 0;
    unsigned runs = 0;

    while (address <= UINT32_MAX) {
        uint32_t last;
        enum slu_reason reason =
            slu_guard_check_run(guard, (uint32_t)address, &last);
        uint64_t ends[] = {address, last, address + (last - address) / 2};

        cr_assert_geq(last, address);
        for (unsigned i = 0; i < 3; i++) {
            struct slu_cidr cidr = {(uint32_t)ends[i], 32};
            uint32_t again;

            cr_assert_eq(slu_guard_check_ip(guard, cidr), reason, "%08x",
                         cidr.address);
            cr_assert_eq(slu_guard_check_run(guard, cidr.address, &again),
                         reason);
            cr_assert_eq(again, last, "%08x", cidr.address);
        }
        before = reason;
        address = (uint64_t)last + 1;
        runs++;
    }
    cr_assert_neq(before, SLU_REASON_COUNT);
    cr_assert_geq(runs, least);
}

Test(guard, a_run_ends_where_the_answer_changes)
{
    const struct slu_guard_options open = {.allow_non_global = true};
    struct slu_guard *guard = make_guard("");

    check_runs(guard, 25);
    slu_guard_free(guard);
    guard = make_guard("8.8.8.8\n9.0.0.0/16\n11.0.0.0\n10.1.0.0/16\n"
                       "223.255.255.255\n");
    check_runs(guard, 30);
    slu_guard_free(guard);
    guard = slu_guard_new(slu_alloc_default(), &open);
    cr_assert_not_null(guard);
    check_runs(guard, 1);
    cr_assert_eq(
        slu_guard_allow(guard, slu_view_str("0.0.0.0/24\n255.0.0.0/8"), NULL),
        SLU_ERR_OK);
    check_runs(guard, 3);
    slu_guard_free(guard);
}
