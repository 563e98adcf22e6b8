/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/ipv4.h"
#include "codecs/ipv4_lines.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So much behind the lines, that the last of them is looked at, too. */
#define TAIL "#################"

/* The addresses of the front, as text, and where it stopped. The text has
 * memory of its own length. */
static void check(const char *text, const char *expected, const char *rest)
{
    size_t len = strlen(text) + strlen(TAIL);
    char *copy = calloc(1, len);
    struct slu_view view = slu_view_make(copy, len);
    uint32_t out[100];
    char told[2000] = "";
    size_t count;

    memcpy(copy, text, strlen(text));
    memcpy(copy + strlen(text), TAIL, strlen(TAIL));
    count = slu_ipv4_lines_read(&view, out, 100);
    for (size_t i = 0; i < count; i++) {
        size_t at = strlen(told);

        (void)snprintf(told + at, sizeof(told) - at, "%u.%u.%u.%u ",
                       out[i] >> 24, out[i] >> 16 & 255, out[i] >> 8 & 255,
                       out[i] & 255);
    }
    cr_assert_str_eq(told, expected, "of %s", text);
    cr_assert_eq(view.len, strlen(rest) + strlen(TAIL), "of %s", text);
    cr_assert_eq(memcmp(view.ptr, rest, strlen(rest)), 0, "of %s", text);
    free(copy);
}

Test(ipv4_lines, takes_addresses_with_either_end)
{
    check("1.2.3.4\n", "1.2.3.4 ", "");
    check("1.2.3.4\r\n0.0.0.0\n255.255.255.255\r\n255.255.255.255\n",
          "1.2.3.4 0.0.0.0 255.255.255.255 255.255.255.255 ", "");
}

Test(ipv4_lines, stops_before_what_is_anything_else)
{
    static const char *const others[] = {
        "",           " 1.2.3.4",   "1.2.3.4 ",    "1.2.3",
        "1.2.3.4.5",  "01.2.3.4",   "256.1.1.1",   "1.2.3.0/24",
        "1.2.3.4/32", "# c",        "example.com", "1.2.3.4\r\r",
        "::1",        "1.2.3.4 #c", "\r",          "9.example.com",
    };

    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        char text[100];
        char rest[60];

        (void)snprintf(rest, sizeof(rest), "%s\n9.9.9.9\n", others[i]);
        (void)snprintf(text, sizeof(text), "8.8.8.8\n%s", rest);
        /* "/32" is the plain address. */
        if (strcmp(others[i], "1.2.3.4/32") == 0) {
            check(text, "8.8.8.8 1.2.3.4 9.9.9.9 ", "");
        } else {
            check(text, "8.8.8.8 ", rest);
        }
    }
}

Test(ipv4_lines, stops_before_an_end_that_it_cannot_see)
{
    char text[] = "1.2.3.4\n5.6.7.8";
    struct slu_view view = slu_view_str(text);
    uint32_t out[3];

    cr_assert_eq(slu_ipv4_lines_read(&view, out, 3), 0);
    cr_assert_eq(view.len, strlen(text));
    view = slu_view_make(NULL, 0);
    cr_assert_eq(slu_ipv4_lines_read(&view, out, 3), 0);
}

Test(ipv4_lines, takes_no_more_than_there_is_room_for)
{
    char text[] = "1.2.3.4\n5.6.7.8\n9.9.9.9\n" TAIL;
    struct slu_view view = slu_view_str(text);
    uint32_t out[3];

    cr_assert_eq(slu_ipv4_lines_read(&view, out, 2), 2);
    cr_assert_eq(out[1], 0x05060708);
    cr_assert_eq(slu_ipv4_lines_read(&view, out, 0), 0);
    cr_assert_eq(slu_ipv4_lines_read(&view, out, 3), 1);
    cr_assert_eq(out[0], 0x09090909);
}

static uint64_t state = 1;

static uint32_t next(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 32);
}

/* Octets of every length, all values; what is written is what the matcher's
 * own printer writes, and is read again. */
Test(ipv4_lines, writes_what_it_reads)
{
    static uint32_t addresses[5000];
    static uint32_t again[5000];
    static char text[5000 * SLU_IPV4_LINE_MAX + 64];
    struct slu_ipv4_octets octets;
    struct slu_view view;
    size_t len;
    size_t at = 0;

    slu_ipv4_octets_init(&octets);
    for (size_t i = 0; i < 5000; i++) {
        uint32_t octet = (uint32_t)i & 255;

        addresses[i] = i < 256 ? octet * 0x01010101 : next() >> (i % 4 * 8);
    }
    len = slu_ipv4_lines_write(&octets, addresses, 5000, text);
    for (size_t i = 0; i < 5000; i++) {
        char expected[SLU_IPV4_TEXT_MAX];
        size_t expected_len =
            slu_ipv4_format((struct slu_cidr){addresses[i], 32}, expected);

        cr_assert_eq(memcmp(text + at, expected, expected_len), 0);
        cr_assert_eq(text[at + expected_len], '\n');
        at += expected_len + 1;
    }
    cr_assert_eq(at, len);
    memset(text + len, '#', SLU_IPV4_LINES_AHEAD);
    view = slu_view_make(text, len + SLU_IPV4_LINES_AHEAD);
    cr_assert_eq(slu_ipv4_lines_read(&view, again, 5000), 5000);
    cr_assert_eq(memcmp(addresses, again, sizeof(again)), 0);
    cr_assert_eq(slu_ipv4_lines_write(&octets, addresses, 0, text), 0);
}
