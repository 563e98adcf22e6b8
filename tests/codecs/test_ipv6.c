/* SPDX-License-Identifier: Apache-2.0 */
/* Against the C library's inet_pton and inet_ntop, and the cases of RFC 5952,
 * where the library has another form. */
#include "codecs/ipv6.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* In an allocation of its own length, so that a read behind it is seen. */
static enum slu_reason match(const char *text, unsigned char out[SLU_IPV6_LEN])
{
    size_t len = strlen(text);
    char *copy = malloc(len == 0 ? 1 : len);
    enum slu_reason reason;

    memcpy(copy, text, len);
    reason = slu_ipv6_match(slu_view_make(copy, len), out);
    free(copy);
    return reason;
}

/* Both say the same: valid or not, and which address. */
static bool compare(const char *text)
{
    unsigned char ours[SLU_IPV6_LEN];
    unsigned char theirs[SLU_IPV6_LEN];
    bool valid = inet_pton(AF_INET6, text, theirs) == 1;

    cr_assert_eq(match(text, ours) == SLU_REASON_NONE, valid, "%s", text);
    cr_assert(!valid || memcmp(ours, theirs, SLU_IPV6_LEN) == 0, "%s", text);
    return valid;
}

static void expect_canonical(const char *text, const char *canonical)
{
    unsigned char address[SLU_IPV6_LEN];
    char out[SLU_IPV6_TEXT_MAX];
    size_t len;

    cr_assert_eq(match(text, address), SLU_REASON_NONE, "%s", text);
    len = slu_ipv6_format(address, out);
    cr_assert(slu_view_equal_str(slu_view_make(out, len), canonical),
              "%s: %.*s, not %s", text, (int)len, out, canonical);
}

Test(ipv6, takes_every_form_of_the_rfc)
{
    static const char *const good[] = {
        "::",
        "::1",
        "1::",
        "1::8",
        "1:2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "2001:DB8::00ff:0:42",
        "::ffff:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255",
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert(compare(good[i]), "%s", good[i]);
    }
}

Test(ipv6, refuses_what_is_none)
{
    static const char *const bad[] = {
        ":",
        ":::",
        "1:",
        ":1",
        "1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4::5:6:7:8",
        "::1::",
        "1::2::3",
        "12345::",
        "g::",
        "fe80::1%eth0",
        "2001:db8::/32",
        "::1.2.3.4/32",
        "::01.2.3.4",
        "::1.2.3",
        "::1.2.3.4.5",
        "1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "1:2:3:4:5:6:7:1.2.3.4",
        "[::1]",
        " ::1",
        "::1 ",
        "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550",
    };
    unsigned char out[SLU_IPV6_LEN];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(compare(bad[i]), "%s", bad[i]);
        cr_assert_eq(match(bad[i], out), SLU_REASON_IP_SYNTAX, "%s", bad[i]);
    }
    cr_assert_eq(match("", out), SLU_REASON_EMPTY);
    cr_assert_eq(slu_ipv6_match(slu_view_make("::1\0", 4), out),
                 SLU_REASON_IP_SYNTAX);
}

/* RFC 5952, 4 and 5. */
Test(ipv6, writes_the_canonical_form)
{
    expect_canonical("2001:0db8::0001", "2001:db8::1");
    expect_canonical("2001:db8:0:0:0:0:2:1", "2001:db8::2:1");
    expect_canonical("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
    expect_canonical("2001:0:0:1:0:0:0:1", "2001:0:0:1::1");
    expect_canonical("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
    expect_canonical("2001:DB8::AB", "2001:db8::ab");
    expect_canonical("0:0:0:0:0:0:0:0", "::");
    expect_canonical("0:0:0:0:0:0:0:1", "::1");
    expect_canonical("1:0:0:0:0:0:0:0", "1::");
    expect_canonical("0:0:3:4:5:6:7:8", "::3:4:5:6:7:8");
    expect_canonical("1:2:3:4:5:6:0:0", "1:2:3:4:5:6::");
    expect_canonical("::ffff:c000:0201", "::ffff:192.0.2.1");
    expect_canonical("::1.2.3.4", "::102:304");
    expect_canonical("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0",
                     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fff0");
}

static uint32_t roll(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Few different groups, so that runs of zeros of every length come. */
static void make_address(uint64_t *state, unsigned char address[SLU_IPV6_LEN])
{
    static const unsigned groups[] = {0, 0, 0, 1, 0x10, 0xffff, 0xabc, 0x1234};

    for (int i = 0; i < 8; i++) {
        unsigned group = groups[roll(state) % 8];

        address[2 * i] = (unsigned char)(group >> 8);
        address[2 * i + 1] = (unsigned char)group;
    }
}

Test(ipv6, agrees_with_the_c_library_on_any_address)
{
    uint64_t state = 1;

    for (unsigned i = 0; i < 20000; i++) {
        unsigned char address[SLU_IPV6_LEN];
        char theirs[64];
        char ours[SLU_IPV6_TEXT_MAX + 1];

        make_address(&state, address);
        ours[slu_ipv6_format(address, ours)] = '\0';
        cr_assert(compare(ours));
        (void)inet_ntop(AF_INET6, address, theirs, sizeof(theirs));
        /* It writes the deprecated IPv4-compatible ones with dots. */
        if (strchr(theirs, '.') == NULL || strchr(ours, '.') != NULL) {
            cr_assert_str_eq(ours, theirs);
        }
    }
}

/* Texts of the right letters, most of them wrong. */
Test(ipv6, agrees_with_the_c_library_on_any_text)
{
    static const char letters[] = "::::01fA.2";
    uint64_t state = 7;
    unsigned valid = 0;

    for (unsigned i = 0; i < 200000; i++) {
        char text[24] = "";
        size_t len = 2 + roll(&state) % 20;

        for (size_t j = 0; j < len; j++) {
            text[j] = letters[roll(&state) % (sizeof(letters) - 1)];
        }
        valid += compare(text);
    }
    cr_assert_gt(valid, 100u);
}
