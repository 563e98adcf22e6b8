/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/allow_list.h"

#include "codecs/domain.h"
#include "codecs/guard_checks.h"
#include "draw.h"

#include <stdio.h>
#include <stdlib.h>

Test(allow_list, an_allowed_domain_allows_the_names_below_it_and_no_other)
{
    struct slu_guard *guard =
        make_guard("Example.com.\n*.star.net\ndeep.sub.org\nb\xc3\xbc.de\n");

    EXPECT_DOMAINS(guard, SLU_REASON_ALLOWED, "example.com", "a.b.example.com",
                   "*.example.com", "*.a.example.com", "star.net", "x.star.net",
                   "xn--b-eha.de");
    EXPECT_DOMAINS(guard, SLU_REASON_NONE, "badexample.com",
                   "example.com.evil.net", "sub.org");
    slu_guard_free(guard);
}

Test(allow_list, a_wildcard_that_covers_an_allowed_name_is_rejected)
{
    struct slu_guard *guard = make_guard("a.deep.sub.org\n");

    EXPECT_DOMAINS(guard, SLU_REASON_ALLOWED, "*.deep.sub.org", "*.sub.org");
    EXPECT_DOMAINS(guard, SLU_REASON_NONE, "*.b.deep.sub.org", "*.other.org",
                   "deep.sub.org");
    slu_guard_free(guard);
}

Test(allow_list, an_overlap_with_an_allowed_range_is_rejected)
{
    struct slu_guard *guard = make_guard("52.1.2.3\n53.0.0.0/16\n53.1.0.0/16\n"
                                         "53.0.7.0/24\n54.0.0.255/31\n");

    EXPECT_IPS(guard, SLU_REASON_ALLOWED, "52.1.2.3", "52.0.0.0/8", "53.0.0.0",
               "53.1.255.255", "53.0.9.0/24", "54.0.0.254");
    EXPECT_IPS(guard, SLU_REASON_NONE, "52.1.2.2", "52.1.2.4", "52.1.2.0/31",
               "53.2.0.0", "54.0.1.0");
    expect_ip(guard, "255.255.255.0/24", SLU_REASON_GUARD_RESERVED);
    slu_guard_free(guard);
}

Test(allow_list, reads_comments_blanks_crlf_and_a_byte_order_mark)
{
    struct slu_guard *guard =
        make_guard("\xef\xbb\xbf# ours\r\n\r\n  52.1.2.3\t# office\r\n \t \r\n"
                   "#\nexample.com#no blank before\n\n\nlast.org");

    expect_ip(guard, "52.1.2.3", SLU_REASON_ALLOWED);
    expect_domain(guard, "example.com", SLU_REASON_ALLOWED);
    expect_domain(guard, "last.org", SLU_REASON_ALLOWED);
    slu_guard_free(guard);
}

Test(allow_list, a_bad_line_is_named_with_its_number_place_and_reason)
{
    static const struct {
        const char *text;
        const char *sentence; /* a part of it */
        uint64_t offset;
    } cases[] = {
        {"exa_mple.com",
         "line 1: 'exa_mple.com' is not an IPv4 address, a "
         "CIDR range or a domain (domain_underscore)",
         0},
        {"# x\r\n\r\n1.2.3.4\r\n1.2.3.256\r\n",
         "line 4: '1.2.3.256' has an octet over 255 (ip_octet_range)", 16},
        {"a.com\n::1/128",
         "line 2: '::1/128' is IPv6, and the lists hold "
         "IPv4 only: remove the line (ipv6)",
         6},
        {"\xef\xbb\xbf\n1.2.3.04", "leading zero (ip_leading_zero)", 4},
        {"1.2.3.4/33", "a prefix that is not /0 to /32 (cidr_prefix)", 0},
        {"1.2.3", "(domain_tld)", 0},
        {"1.2.3.4:80", "(ip_syntax)", 0},
        {"https://a.com/", "is a URL: write the domain only (url)", 0},
        {"localhost", "only one label", 0},
        {"a.*.com", "a leading \"*.\"", 0},
        {"a.com b.com", "one entry a line (domain_space)", 0},
        {"a\x01\xff\"b", "'a??\"b'", 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &defaults);
        struct slu_error error;

        cr_assert_eq(
            slu_guard_allow(guard, slu_view_str(cases[i].text), &error),
            SLU_ERR_CONFIG);
        cr_assert_eq(error.code, SLU_ERR_CONFIG);
        cr_assert_not_null(strstr(error.text, cases[i].sentence), "%s",
                           error.text);
        cr_assert_eq(error.offset, cases[i].offset, "%s: %d", error.text,
                     (int)error.offset);
        cr_assert_eq(slu_guard_allow(guard, slu_view_str(cases[i].text), NULL),
                     SLU_ERR_CONFIG);
        slu_guard_free(guard);
    }
}

Test(allow_list, the_lines_before_a_bad_one_are_in_force)
{
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &defaults);

    cr_assert_eq(slu_guard_allow(
                     guard, slu_view_str("9.9.9.9\n5.5.5.5\n!\n6.6.6.6"), NULL),
                 SLU_ERR_CONFIG);
    expect_ip(guard, "5.5.5.5", SLU_REASON_ALLOWED);
    expect_ip(guard, "9.9.9.9", SLU_REASON_ALLOWED);
    expect_ip(guard, "6.6.6.6", SLU_REASON_NONE);
    slu_guard_free(guard);
}

/* Ranges in a small space, added in three texts, against a plain loop. */
Test(allow_list, ranges_agree_with_a_plain_loop)
{
    random_state = 5;
    for (int round = 0; round < 200; round++) {
        struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &defaults);
        struct slu_cidr kept[24];
        uint32_t count = random_below(24);

        for (uint32_t i = 0; i < count; i++) {
            char text[SLU_IPV4_TEXT_MAX];
            uint8_t prefix = (uint8_t)(24 + random_below(9));
            uint32_t mask = prefix == 32 ? 0 : 0xffffffffu >> prefix;

            kept[i] = (struct slu_cidr){
                (0x34000000 + random_below(1024)) & ~mask, prefix};
            cr_assert_eq(
                slu_guard_allow(
                    guard, slu_view_make(text, slu_ipv4_format(kept[i], text)),
                    NULL),
                SLU_ERR_OK);
        }
        for (uint32_t address = 0x34000000; address < 0x34000400; address++) {
            struct slu_cidr cidr = {address & ~3u, 30};
            bool allowed = false;

            for (uint32_t i = 0; i < count; i++) {
                allowed |= kept[i].address <= slu_cidr_last(cidr) &&
                           slu_cidr_last(kept[i]) >= cidr.address;
            }
            cr_assert_eq(slu_guard_check_ip(guard, cidr),
                         allowed ? SLU_REASON_ALLOWED : SLU_REASON_NONE);
        }
        slu_guard_free(guard);
    }
}

/* "b" is "a" or below it. */
static bool is_at_or_below(const char *b, const char *a)
{
    size_t b_len = strlen(b);
    size_t a_len = strlen(a);

    return b_len >= a_len && strcmp(b + b_len - a_len, a) == 0 &&
           (b_len == a_len || b[b_len - a_len - 1] == '.');
}

static void random_name(char text[64])
{
    text[0] = '\0';
    for (uint32_t labels = 1 + random_below(4); labels > 0; labels--) {
        strcat(text, (const char *const[]){"a.", "b.", "ab.",
                                           "ba."}[random_below(4)]);
    }
    strcat(text, "xy");
}

Test(allow_list, names_agree_with_a_plain_loop)
{
    random_state = 6;
    for (int round = 0; round < 400; round++) {
        struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &defaults);
        char kept[12][64];
        uint32_t count = random_below(12);

        for (uint32_t i = 0; i < count; i++) {
            random_name(kept[i]);
            cr_assert_eq(slu_guard_allow(guard, slu_view_str(kept[i]), NULL),
                         SLU_ERR_OK);
        }
        for (int i = 0; i < 200; i++) {
            char text[70] = "*.";
            bool plain = false;
            bool covered = false;

            random_name(text + 2);
            for (uint32_t k = 0; k < count; k++) {
                plain |= is_at_or_below(text + 2, kept[k]);
                covered |= is_at_or_below(kept[k], text + 2);
            }
            expect_domain(guard, text + 2,
                          plain ? SLU_REASON_ALLOWED : SLU_REASON_NONE);
            expect_domain(guard, text,
                          plain || covered ? SLU_REASON_ALLOWED
                                           : SLU_REASON_NONE);
        }
        slu_guard_free(guard);
    }
}

/* A look-up that walked the entries would need 10^10 steps here. */
Test(allow_list, a_hundred_thousand_lines_are_no_burden)
{
    enum { LINES = 100000 };
    char *text = malloc(LINES * 40);
    struct slu_guard *guard;
    size_t len = 0;

    for (unsigned i = 0; i < LINES; i++) {
        len += (size_t)sprintf(
            text + len, i % 2 == 0 ? "h%u.example%u.com\n" : "%u.%u.7.9\n",
            20 + i % 60, i % 250);
    }
    text[len] = '\0';
    guard = make_guard(text);
    for (unsigned i = 0; i < LINES; i++) {
        char name[40];

        snprintf(name, sizeof(name), "x.h%u.example%u.com", 20 + i % 60,
                 i % 250 & ~1u);
        (void)slu_guard_check_domain(guard, slu_view_str(name));
        (void)slu_guard_check_ip(guard, (struct slu_cidr){i << 12, 32});
    }
    expect_domain(guard, "h20.example0.com", SLU_REASON_ALLOWED);
    expect_ip(guard, "21.1.7.9", SLU_REASON_ALLOWED);
    slu_guard_free(guard);
    free(text);
}

Test(allow_list, limits_are_stated_and_kept)
{
    struct slu_allow_list list;
    struct slu_error error;

    slu_allow_list_init(&list, slu_alloc_default());
    cr_assert_eq(slu_allow_list_parse(&list, slu_view_str("a.com"), &error),
                 SLU_ERR_OK);
    /* As if that many had come before. */
    list.name_count = SLU_ALLOW_ENTRIES_MAX;
    cr_assert_eq(
        slu_allow_list_parse(&list, slu_view_str("a.com\nb.com"), &error),
        SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text,
                     "line 2: more than 2000000 entries, or 64 MiB of names");
    slu_allow_list_fini(&list);
    slu_allow_list_fini(&(struct slu_allow_list){0});
}
