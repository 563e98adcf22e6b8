/* SPDX-License-Identifier: Apache-2.0 */
/* All kernels of the domain matcher, the scan and a naive reading of rule R2 on
 * generated texts. */
#include "codecs/domain_exact.h"
#include "codecs/domain_scan.h"
#include "draw.h"

#include <ctype.h>

/*
 * An independent, slow reading of rule R2 for ASCII: the labels are split with
 * plain loops over a terminated copy. False when it is no domain.
 */
static bool naive_valid(const char *text, size_t len, char canonical[300])
{
    bool wildcard = len >= 2 && text[0] == '*' && text[1] == '.';
    size_t labels = 0;
    char *label = canonical;
    char *end;

    if (len > 256 || memchr(text, '\0', len) != NULL) {
        return false;
    }
    memcpy(canonical, text, len);
    canonical[len] = '\0';
    if (len > 0 && canonical[len - 1] == '.') {
        canonical[len - 1] = '\0';
    }
    if (wildcard) {
        label += 2;
    }
    if (strlen(label) == 0 || strlen(label) > 253 || (wildcard && len < 3)) {
        return false;
    }
    for (;; label = end + 1) {
        size_t count = strcspn(label, ".");
        bool letters = true;

        end = label + count;
        if (count < 1 || count > 63 || label[0] == '-' || end[-1] == '-') {
            return false;
        }
        labels++;
        for (char *byte = label; byte < end; byte++) {
            if ((unsigned char)*byte >= 0x80 ||
                (!isalnum((unsigned char)*byte) && *byte != '-')) {
                return false;
            }
            *byte = (char)tolower((unsigned char)*byte);
            letters &= isalpha((unsigned char)*byte) != 0;
        }
        if (*end == '\0') {
            return (letters || (count > 4 && strncmp(label, "xn--", 4) == 0)) &&
                   labels >= (wildcard ? 1 : 2);
        }
    }
}

/*
 * The kernels, the scan and the naive reading agree on an ASCII text.
 */
static bool agree(const char *text, size_t len)
{
    char canonical[300] = "";
    char out[SLU_VALUE_MAX];
    char scanned[SLU_DOMAIN_MAX];
    size_t out_len;
    size_t scanned_len;
    bool valid = naive_valid(text, len, canonical);
    enum slu_reason reason =
        match_exact(slu_view_make(text, len), out, &out_len);

    cr_assert_eq(reason == SLU_REASON_NONE, valid, "'%.*s' is %s", (int)len,
                 text, slu_reason_name(reason));
    cr_assert(!valid ||
                  slu_view_equal_str(slu_view_make(out, out_len), canonical),
              "'%.*s' became '%.*s'", (int)len, text, (int)out_len, out);
    if (len < 2 || text[0] != '*') {
        cr_assert_eq(
            slu_domain_scan(slu_view_make(text, len), 2, scanned, &scanned_len),
            reason, "'%.*s'", (int)len, text);
        cr_assert(
            !valid ||
            slu_view_equal_str(slu_view_make(scanned, scanned_len), canonical));
    }
    return valid;
}

/* All texts of up to seven bytes over the bytes that matter. */
Test(domain_kernels, agrees_with_a_naive_reading_on_all_short_texts)
{
    static const char alphabet[] = {'a', 'Z', '5', '-', '.', '_'};
    int accepted = 0;
    uint32_t count = 1;

    for (size_t len = 0; len <= 7; len++, count *= sizeof(alphabet)) {
        for (uint32_t number = 0; number < count; number++) {
            char text[8];
            uint32_t rest = number;

            for (size_t i = 0; i < len; i++, rest /= sizeof(alphabet)) {
                text[i] = alphabet[rest % sizeof(alphabet)];
            }
            accepted += agree(text, len);
        }
    }
    cr_assert_gt(accepted, 4000);
}

/* Each ASCII byte at each place of names around every block length. */
Test(domain_kernels, agrees_with_a_naive_reading_on_every_byte_at_every_place)
{
    for (size_t len = 4; len <= 70; len++) {
        char text[80];

        for (size_t at = 0; at < len; at++) {
            memset(text, 'a', len);
            text[1] = '.';
            text[len / 2] = '.';
            for (int byte = 0; byte < 128; byte++) {
                text[at] = (char)byte;
                (void)agree(text, len);
            }
        }
    }
}

static size_t random_name(char *text)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-";
    size_t len = 0;

    if (random_below(8) == 0) {
        text[len++] = '*';
        text[len++] = '.';
    }
    for (uint32_t labels = 1 + random_below(5); labels > 0; labels--) {
        uint32_t count = 1 + random_below(random_below(12) == 0 ? 64 : 12);

        if (labels == 1 && random_below(4) == 0) {
            memcpy(text + len, "xn--", 4);
            len += 4;
        }
        for (; count > 0; count--) {
            uint32_t bound = labels == 1 ? 32 : sizeof(plain) - 1;

            text[len++] = plain[random_below(bound)];
        }
        text[len++] = '.';
    }
    return len - (random_below(4) != 0);
}

Test(domain_kernels, agrees_with_a_naive_reading_on_random_and_mutated_names)
{
    int accepted = 0;

    random_state = 20250807;
    for (int round = 0; round < 300000; round++) {
        char text[400];
        size_t len = random_name(text);

        for (uint32_t i = random_below(3); i > 0; i--) {
            size_t at = random_below((uint32_t)len);
            char byte = "a-.._* A0:x"[random_below(11)];

            if (random_below(2) == 0) {
                text[at] = byte;
            } else if (random_below(2) == 0) {
                memmove(text + at + 1, text + at, len++ - at);
                text[at] = byte;
            } else if (len > 1) {
                memmove(text + at, text + at + 1, --len - at);
            }
        }
        accepted += agree(text, len);
    }
    cr_assert_gt(accepted, 100000);
}

/* What is accepted is its own canonical form, non-ASCII names included. */
Test(domain_kernels, canonical_names_match_themselves)
{
    static const char *const pieces[] = {"\xc3\xbc",
                                         "\xc3\x9f",
                                         "\xd1\x80",
                                         "\xe4\xb8\xad",
                                         "\xef\xbd\x81",
                                         "\xe3\x80\x82",
                                         "a",
                                         "B",
                                         "9",
                                         "-",
                                         ".",
                                         "xn--",
                                         "\xf0\x9f\x92\xa9",
                                         "\xe2\x89\xa0",
                                         "\xd8\xa7",
                                         "\xcc\x88",
                                         "\xe2\x80\x8d",
                                         "\xf3\xa0\x84\x80",
                                         "\xc3",
                                         "com"};
    int accepted = 0;

    random_state = 99;
    for (int round = 0; round < 30000; round++) {
        char text[100] = "";
        char out[SLU_VALUE_MAX];
        char again[300];
        size_t len;
        size_t again_len;

        for (uint32_t i = 2 + random_below(6); i > 0; i--) {
            strcat(text, pieces[random_below(20)]);
        }
        strcat(text, ".de");
        if (match_exact(slu_view_str(text), out, &len) != SLU_REASON_NONE) {
            continue;
        }
        accepted++;
        cr_assert(naive_valid(out, len, again), "'%s'", text);
        cr_assert_eq(match_exact(slu_view_make(out, len), again, &again_len),
                     SLU_REASON_NONE);
        cr_assert(slu_view_equal(slu_view_make(out, len),
                                 slu_view_make(again, again_len)));
    }
    cr_assert_gt(accepted, 1000);
}
