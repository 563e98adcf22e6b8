/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4_kernel.h"
#include "draw.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * What all kernels say of a text. It goes into a block of exactly its length,
 * so that AddressSanitizer sees a byte read before or behind it.
 */
static enum slu_reason match_exact(const char *text, size_t len,
                                   struct slu_cidr *out_cidr,
                                   bool *out_normalised)
{
    char *copy = malloc(len == 0 ? 1 : len);
    enum slu_reason reason = SLU_REASON_COUNT;
    struct slu_ipv4_kernel kernel;

    memcpy(copy, text, len);
    for (unsigned i = 0; (kernel = slu_ipv4_kernel_at(i)).name != NULL; i++) {
        struct slu_cidr cidr = {0};
        bool normalised = false;
        enum slu_reason got =
            kernel.match(slu_view_make(copy, len), &cidr, &normalised);

        if (i == 0) {
            reason = got;
            *out_cidr = cidr;
            if (out_normalised != NULL) {
                *out_normalised = normalised;
            }
        }
        cr_assert_eq(got, reason, "%s: '%.*s' is %s", kernel.name, (int)len,
                     text, slu_reason_name(got));
        cr_assert_eq(cidr.address, out_cidr->address, "%s: '%.*s'", kernel.name,
                     (int)len, text);
        cr_assert_eq(cidr.prefix, out_cidr->prefix);
        cr_assert(out_normalised == NULL || normalised == *out_normalised);
    }
    free(copy);
    return reason;
}

static enum slu_reason match_text(const char *text)
{
    struct slu_cidr cidr;

    return match_exact(text, strlen(text), &cidr, NULL);
}

/*
 * The independent answer: inet_pton, which takes exactly four decimal octets
 * without leading zeros in glibc, and strict rules for the prefix.
 */
static bool naive_match(const char *text, size_t len, struct slu_cidr *out_cidr)
{
    char copy[32];
    char *slash;
    struct in_addr address;
    unsigned prefix = 32;

    if (len >= sizeof(copy) || memchr(text, '\0', len) != NULL) {
        return false;
    }
    memcpy(copy, text, len);
    copy[len] = '\0';
    slash = strchr(copy, '/');
    if (slash != NULL) {
        char again[8];

        *slash = '\0';
        prefix = (unsigned)strtoul(slash + 1, NULL, 10);
        snprintf(again, sizeof(again), "%u", prefix);
        if (prefix > 32 || strcmp(again, slash + 1) != 0) {
            return false;
        }
    }
    if (inet_pton(AF_INET, copy, &address) != 1) {
        return false;
    }
    out_cidr->prefix = (uint8_t)prefix;
    out_cidr->address = ntohl(address.s_addr);
    for (unsigned bit = 0; bit < 32 - prefix; bit++) {
        out_cidr->address &= ~(1u << bit);
    }
    return true;
}

static void naive_format(struct slu_cidr cidr, char out[32])
{
    int len = snprintf(out, 32, "%u.%u.%u.%u", cidr.address >> 24,
                       cidr.address >> 16 & 255, cidr.address >> 8 & 255,
                       cidr.address & 255);

    if (cidr.prefix != 32) {
        snprintf(out + len, 32 - (size_t)len, "/%u", cidr.prefix);
    }
}

/* Asserts that both agree on a text, its value, and the canonical text. */
static bool agree(const char *text, size_t len)
{
    struct slu_cidr cidr = {0};
    struct slu_cidr expected = {0};
    bool normalised = false;
    bool valid = naive_match(text, len, &expected);
    enum slu_reason reason = match_exact(text, len, &cidr, &normalised);
    char canonical[32];
    char printed[SLU_IPV4_TEXT_MAX];
    size_t printed_len;

    cr_assert_eq(reason == SLU_REASON_NONE, valid, "'%.*s' is %s", (int)len,
                 text, slu_reason_name(reason));
    if (!valid) {
        return false;
    }
    cr_assert_eq(cidr.address, expected.address, "'%.*s'", (int)len, text);
    cr_assert_eq(cidr.prefix, expected.prefix, "'%.*s'", (int)len, text);
    naive_format(expected, canonical);
    printed_len = slu_ipv4_format(cidr, printed);
    cr_assert(
        slu_view_equal_str(slu_view_make(printed, printed_len), canonical),
        "'%.*s' printed as '%.*s'", (int)len, text, (int)printed_len, printed);
    cr_assert_eq(normalised,
                 !slu_view_equal_str(slu_view_make(text, len), canonical),
                 "'%.*s'", (int)len, text);
    return true;
}

/* Every text of one to three digits, and four, at each of the four places,
 * beside neighbours of one, two and three digits. */
Test(ipv4, takes_exactly_0_to_255_at_every_octet)
{
    static const char *const others[] = {"7", "42", "255"};
    int accepted = 0;

    for (int width = 1; width <= 4; width++) {
        static const int limits[] = {0, 10, 100, 1000, 10000};

        for (int value = 0; value < limits[width]; value++) {
            for (int at = 0; at < 12; at++) {
                char octet[16];
                char text[64];
                const char *other = others[at / 4];

                snprintf(octet, sizeof(octet), "%0*d", width, value);
                snprintf(
                    text, sizeof(text), "%s.%s.%s.%s",
                    at % 4 == 0 ? octet : other, at % 4 == 1 ? octet : other,
                    at % 4 == 2 ? octet : other, at % 4 == 3 ? octet : other);
                accepted += agree(text, strlen(text));
            }
        }
    }
    cr_assert_eq(accepted, 256 * 12);
}

/* All 81 layouts, of the least and the greatest octets of their lengths, with
 * each kind of tail. */
Test(ipv4, takes_every_layout_of_octets)
{
    static const char *const octets[] = {"0", "9", "10", "99", "100", "255"};
    static const char *const tails[] = {"", "/0", "/9", "/10", "/31", "/32"};
    int accepted = 0;

    for (int number = 0; number < 6 * 6 * 6 * 6 * 6; number++) {
        char text[32];

        snprintf(text, sizeof(text), "%s.%s.%s.%s%s", octets[number % 6],
                 octets[number / 6 % 6], octets[number / 36 % 6],
                 octets[number / 216 % 6], tails[number / 1296]);
        accepted += agree(text, strlen(text));
    }
    cr_assert_eq(accepted, 6 * 6 * 6 * 6 * 6);
}

Test(ipv4, takes_every_prefix_of_up_to_three_digits_and_no_other)
{
    int accepted = 0;

    for (int width = 1; width <= 3; width++) {
        static const int limits[] = {0, 10, 100, 1000};

        for (int value = 0; value < limits[width]; value++) {
            char text[64];

            snprintf(text, sizeof(text), "203.119.255.77/%0*d", width, value);
            accepted += agree(text, strlen(text));
            snprintf(text, sizeof(text), "1.0.0.0/%0*d", width, value);
            accepted += agree(text, strlen(text));
        }
    }
    cr_assert_eq(accepted, 33 * 2);
}

Test(ipv4, masks_host_bits_and_counts_them_as_normalised)
{
    struct slu_cidr cidr;
    bool normalised;

    cr_assert_eq(slu_ipv4_match(slu_view_str("10.1.2.3/8"), &cidr, &normalised),
                 SLU_REASON_NONE);
    cr_assert_eq(cidr.address, 0x0a000000u);
    cr_assert_eq(cidr.prefix, 8);
    cr_assert(normalised);
    cr_assert_eq(slu_cidr_last(cidr), 0x0affffffu);
    cr_assert_eq(slu_ipv4_match(slu_view_str("10.0.0.0/8"), &cidr, &normalised),
                 SLU_REASON_NONE);
    cr_assert_not(normalised);
    cr_assert_eq(slu_ipv4_match(slu_view_str("1.2.3.4/32"), &cidr, &normalised),
                 SLU_REASON_NONE);
    cr_assert(normalised);
    cr_assert_eq(slu_cidr_last(cidr), cidr.address);
    cr_assert_eq(slu_ipv4_match(slu_view_str("9.9.9.9/0"), &cidr, &normalised),
                 SLU_REASON_NONE);
    cr_assert_eq(slu_cidr_last(cidr), 0xffffffffu);
}

Test(ipv4, names_what_is_wrong)
{
    static const struct {
        const char *text;
        enum slu_reason reason;
    } cases[] = {
        {"", SLU_REASON_EMPTY},
        {" ", SLU_REASON_IP_SYNTAX},
        {"1.2.3", SLU_REASON_IP_SYNTAX},
        {"1.2.3.", SLU_REASON_IP_SYNTAX},
        {".1.2.3", SLU_REASON_IP_SYNTAX},
        {"1..2.3", SLU_REASON_IP_SYNTAX},
        {"1.2.3.4.5", SLU_REASON_IP_SYNTAX},
        {"1.2.3.4 ", SLU_REASON_IP_SYNTAX},
        {" 1.2.3.4", SLU_REASON_IP_SYNTAX},
        {"1.2.3.4\n", SLU_REASON_IP_SYNTAX},
        {"1.2.3.4.", SLU_REASON_IP_SYNTAX},
        {"+1.2.3.4", SLU_REASON_IP_SYNTAX},
        {"-1.2.3.4", SLU_REASON_IP_SYNTAX},
        {"0x1.2.3.4", SLU_REASON_IP_SYNTAX},
        {"1.2.3.4:80", SLU_REASON_IP_SYNTAX},
        {"16909060", SLU_REASON_IP_SYNTAX},
        {"example.com", SLU_REASON_IP_SYNTAX},
        {"/24", SLU_REASON_IP_SYNTAX},
        {"1.2.3/24", SLU_REASON_IP_SYNTAX},
        {"\xd9\xa1.2.3.4", SLU_REASON_IP_SYNTAX},
        {"01.2.3.4", SLU_REASON_IP_LEADING_ZERO},
        {"1.2.3.00", SLU_REASON_IP_LEADING_ZERO},
        {"1.2.003.4", SLU_REASON_IP_LEADING_ZERO},
        {"1.2.3.0000000000000000000004", SLU_REASON_IP_LEADING_ZERO},
        {"01.256.3.4", SLU_REASON_IP_LEADING_ZERO},
        {"256.01.3.4", SLU_REASON_IP_OCTET_RANGE},
        {"1.2.3.256", SLU_REASON_IP_OCTET_RANGE},
        {"1.2.3.999", SLU_REASON_IP_OCTET_RANGE},
        {"1.2.3.4294967297", SLU_REASON_IP_OCTET_RANGE},
        {"256.2.3.4/8", SLU_REASON_IP_OCTET_RANGE},
        {"1.2.3.4/", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/33", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/99", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/08", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/00", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/-1", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/a", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/8/8", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/24 ", SLU_REASON_CIDR_PREFIX},
        {"1.2.3.4/255.0.0.0", SLU_REASON_CIDR_PREFIX},
        {"::", SLU_REASON_IPV6},
        {"::1", SLU_REASON_IPV6},
        {"2001:DB8::1", SLU_REASON_IPV6},
        {"2001:db8::/32", SLU_REASON_IPV6},
        {"fe80::1%eth0", SLU_REASON_IPV6},
        {"::ffff:1.2.3.4", SLU_REASON_IPV6},
        {"1:2", SLU_REASON_IP_SYNTAX},
        {"2001:db8::g", SLU_REASON_IP_SYNTAX},
        {"[::1]", SLU_REASON_IP_SYNTAX},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum slu_reason reason = match_text(cases[i].text);

        cr_assert_eq(reason, cases[i].reason, "'%s' is %s", cases[i].text,
                     slu_reason_name(reason));
    }
}

Test(ipv4, a_zero_byte_is_a_byte_like_any_other)
{
    struct slu_cidr cidr;

    cr_assert_eq(match_exact("1.2.3.4\0", 8, &cidr, NULL),
                 SLU_REASON_IP_SYNTAX);
    cr_assert_eq(match_exact("1.2.\0.4", 7, &cidr, NULL), SLU_REASON_IP_SYNTAX);
    cr_assert_eq(match_exact("\0", 1, &cidr, NULL), SLU_REASON_IP_SYNTAX);
    cr_assert_eq(slu_ipv4_match(slu_view_make(NULL, 0), &cidr, NULL),
                 SLU_REASON_EMPTY);
}

/* Each byte value at each place of texts of every valid length. */
Test(ipv4, agrees_with_inet_pton_on_every_byte_at_every_place)
{
    static const char *const seeds[] = {
        "1.2.3.4",         "10.2.3.4",       "10.20.3.4",
        "10.20.30.4",      "10.20.30.40",    "110.20.30.40",
        "110.120.30.40",   "110.120.130.40", "110.120.130.140",
        "1.2.3.4/7",       "110.120.1.4/17", "110.120.130.140/9",
        "110.120.130.0/24"};

    for (size_t s = 0; s < sizeof(seeds) / sizeof(seeds[0]); s++) {
        char text[32];
        size_t len = strlen(seeds[s]);

        for (size_t at = 0; at < len; at++) {
            memcpy(text, seeds[s], len);
            for (int byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                (void)agree(text, len);
            }
        }
    }
}

/* Texts made of the rule's own alphabet, which is where mistakes would be. */
Test(ipv4, agrees_with_inet_pton_on_random_texts)
{
    static const char alphabet[] = "0123456789012345678901255....../:a ";
    int accepted = 0;

    random_state = 20250807;
    for (int round = 0; round < 600000; round++) {
        char text[32];
        size_t len = 6 + random_below(14);

        for (size_t i = 0; i < len; i++) {
            text[i] = alphabet[random_below(sizeof(alphabet) - 1)];
        }
        accepted += agree(text, len);
    }
    cr_assert_gt(accepted, 100);
}

/* Valid texts with up to two bytes changed, put in or taken out. */
Test(ipv4, agrees_with_inet_pton_on_mutated_texts)
{
    int accepted = 0;

    random_state = 7;
    for (int round = 0; round < 400000; round++) {
        struct slu_cidr cidr = {0, (uint8_t)(8 + random_below(25))};
        char text[40];
        size_t len;

        for (int i = 0; i < 4; i++) {
            cidr.address =
                cidr.address << 8 | random_below(256) >> random_below(7);
        }
        len = slu_ipv4_format(cidr, text);
        for (uint32_t i = random_below(3); i > 0; i--) {
            size_t at = random_below((uint32_t)len);
            char byte = "0123456789./"[random_below(12)];

            if (random_below(2) == 0) {
                text[at] = byte;
            } else if (random_below(2) == 0) {
                memmove(text + at + 1, text + at, len++ - at);
                text[at] = byte;
            } else {
                memmove(text + at, text + at + 1, --len - at);
            }
        }
        accepted += agree(text, len);
    }
    cr_assert_gt(accepted, 100000);
}

/* What is wrong, and no more than that, is the same for all kernels: on texts
 * of every length that a kernel takes, made of what the reasons tell apart. */
Test(ipv4, kernels_agree_on_what_is_wrong)
{
    static const char *const pieces[] = {
        "0", "1", "7", "25", "255", "256", "300", "01",  "000", "1234",
        ".", ".", ".", ".",  ".",   ":",   "::",  "/",   "/24", "/33",
        "a", "f", "g", "F",  "db8", "%",   " ",   "\xff"};
    unsigned seen[SLU_REASON_COUNT] = {0};

    random_state = 11;
    for (int round = 0; round < 300000; round++) {
        char text[128] = "";
        struct slu_cidr cidr;
        bool near = round % 3 != 0;

        /* Half of those that are nearly an address have one in front. */
        if (round % 3 == 1) {
            strcat(text, "19.2.168.30");
        }
        for (uint32_t i = 1 + random_below(round % 3 == 1 ? 2 : 12); i > 0;
             i--) {
            strcat(text, pieces[random_below(near ? 19 : 28)]);
        }
        seen[match_exact(text, strlen(text), &cidr, NULL)]++;
    }
    for (int reason = SLU_REASON_IPV6; reason <= SLU_REASON_CIDR_PREFIX;
         reason++) {
        cr_assert_gt(seen[reason], 20, "%s", slu_reason_name(reason));
    }
}

Test(ipv4, the_best_kernel_comes_first_and_the_portable_one_last)
{
    struct slu_cidr cidr;
    bool normalised;
    unsigned count = 0;

    while (slu_ipv4_kernel_at(count).name != NULL) {
        count++;
    }
    cr_assert_eq(slu_ipv4_kernel_at(count - 1).match, slu_ipv4_match_portable);
    cr_assert_eq(slu_ipv4_match(slu_view_str("1.2.3.4/31"), &cidr, &normalised),
                 slu_ipv4_kernel_at(0).match(slu_view_str("1.2.3.4/31"), &cidr,
                                             &normalised));
    cr_assert_null(slu_ipv4_kernel_at(count + 1).name);
}

/* Every octet value and every prefix, back and forth. */
Test(ipv4, prints_what_it_reads)
{
    for (uint32_t value = 0; value < 256; value++) {
        for (int shift = 0; shift < 32; shift += 8) {
            for (int prefix = 0; prefix <= 32; prefix++) {
                struct slu_cidr cidr = {value << shift, (uint8_t)prefix};
                struct slu_cidr back;
                char text[SLU_IPV4_TEXT_MAX];
                char expected[32];
                size_t len = slu_ipv4_format(cidr, text);

                naive_format(cidr, expected);
                cr_assert_eq(slu_ipv4_text_length(cidr), len);
                cr_assert(
                    slu_view_equal_str(slu_view_make(text, len), expected));
                cr_assert_eq(
                    slu_ipv4_match(slu_view_make(text, len), &back, NULL),
                    SLU_REASON_NONE);
            }
        }
    }
}
