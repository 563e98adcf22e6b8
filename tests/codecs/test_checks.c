/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/checks.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct slu_record check(enum slu_kind kind, const char *value,
                               char scratch[SLU_VALUE_MAX],
                               enum slu_reason reason)
{
    struct slu_record record = {.score = 7, .last_seen = 9};

    cr_assert_eq(slu_check_value(kind, slu_view_str(value), scratch, &record),
                 reason, "%s", value);
    cr_assert_eq(record.reason, reason);
    /* What is not said to be set stays. */
    cr_assert_eq(record.score, 7);
    cr_assert_eq(record.last_seen, 9u);
    return record;
}

Test(checks, a_valid_value_becomes_its_canonical_key)
{
    char scratch[SLU_VALUE_MAX];
    struct slu_record record;

    record = check(SLU_KIND_IP, "10.1.2.3/8", scratch, SLU_REASON_NONE);
    cr_assert_eq(record.kind, SLU_RECORD_IP);
    cr_assert_eq(record.key.len, (size_t)SLU_RECORD_IP_KEY_LEN);
    cr_assert_eq(slu_record_cidr(&record).address, 0x0a000000u);
    cr_assert_eq(slu_record_cidr(&record).prefix, 8);
    record = check(SLU_KIND_IP, "1.2.3.4/32", scratch, SLU_REASON_NONE);
    cr_assert_eq(slu_record_cidr(&record).prefix, 32);
    record = check(SLU_KIND_DOMAIN,
                   "*.B\xc3\x9c"
                   "CHER.de.",
                   scratch, SLU_REASON_NONE);
    cr_assert_eq(record.kind, SLU_RECORD_DOMAIN);
    cr_assert(slu_view_equal_str(record.key, "*.xn--bcher-kva.de"));
    cr_assert_eq(record.key.ptr, scratch);
}

Test(checks, an_invalid_value_is_its_own_key_with_the_reason)
{
    char scratch[SLU_VALUE_MAX];
    struct slu_record record;

    record = check(SLU_KIND_IP, "::1", scratch, SLU_REASON_IPV6);
    cr_assert_eq(record.kind, SLU_RECORD_INVALID_IP);
    cr_assert(slu_view_equal_str(record.key, "::1"));
    record = check(SLU_KIND_IP, "a.com", scratch, SLU_REASON_IP_SYNTAX);
    cr_assert_eq(record.kind, SLU_RECORD_INVALID_IP);
    record = check(SLU_KIND_DOMAIN, "A_b.com", scratch,
                   SLU_REASON_DOMAIN_UNDERSCORE);
    cr_assert_eq(record.kind, SLU_RECORD_INVALID_DOMAIN);
    cr_assert(slu_view_equal_str(record.key, "A_b.com"));
    record = check(SLU_KIND_DOMAIN, "", scratch, SLU_REASON_EMPTY);
    cr_assert_eq(record.kind, SLU_RECORD_INVALID_DOMAIN);
    cr_assert_eq(record.key.len, 0u);
}

Test(checks, a_long_invalid_value_is_cut_at_the_key_maximum)
{
    char *value = malloc(SLU_RECORD_KEY_MAX + 2);
    char scratch[SLU_VALUE_MAX];

    for (size_t len = SLU_RECORD_KEY_MAX - 1; len <= SLU_RECORD_KEY_MAX + 1;
         len++) {
        struct slu_record record = {0};

        memset(value, 'a', len);
        cr_assert_eq(slu_check_value(SLU_KIND_DOMAIN, slu_view_make(value, len),
                                     scratch, &record),
                     SLU_REASON_TOO_LONG);
        cr_assert_eq(record.key.len,
                     len < SLU_RECORD_KEY_MAX ? len : SLU_RECORD_KEY_MAX);
        cr_assert_eq(record.key.ptr, value);
    }
    free(value);
}

Test(checks, the_guard_sees_both_kinds)
{
    struct slu_guard_options options = {.cidr_min_prefix = 8};
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);
    char scratch[SLU_VALUE_MAX];
    struct slu_record record;

    cr_assert_eq(slu_guard_allow(guard, slu_view_str("ok.org"), NULL),
                 SLU_ERR_OK);
    record = check(SLU_KIND_IP, "127.0.0.1", scratch, SLU_REASON_NONE);
    cr_assert_eq(slu_check_guard(guard, &record), SLU_REASON_GUARD_LOOPBACK);
    record = check(SLU_KIND_IP, "1.0.0.0/7", scratch, SLU_REASON_NONE);
    cr_assert_eq(slu_check_guard(guard, &record), SLU_REASON_GUARD_WIDE_CIDR);
    record = check(SLU_KIND_IP, "8.8.8.8", scratch, SLU_REASON_NONE);
    cr_assert_eq(slu_check_guard(guard, &record), SLU_REASON_NONE);
    record = check(SLU_KIND_DOMAIN, "*.co.uk", scratch, SLU_REASON_NONE);
    cr_assert_eq(slu_check_guard(guard, &record),
                 SLU_REASON_GUARD_PUBLIC_SUFFIX);
    record = check(SLU_KIND_DOMAIN, "a.OK.org", scratch, SLU_REASON_NONE);
    cr_assert_eq(slu_check_guard(guard, &record), SLU_REASON_ALLOWED);
    slu_guard_free(guard);
}

static enum slu_reason wanted(enum slu_verdict verdict, uint8_t score,
                              uint32_t sources, uint32_t verdicts,
                              uint8_t min_score)
{
    struct slu_record record = {
        .verdict = verdict, .score = score, .sources = sources};

    return slu_check_wanted(&record, verdicts, min_score);
}

Test(checks, every_verdict_is_wanted_exactly_when_its_bit_is_set)
{
    for (uint32_t verdicts = 0; verdicts < 64; verdicts++) {
        for (int v = SLU_VERDICT_UNKNOWN; v <= SLU_VERDICT_MALICIOUS; v++) {
            bool set = (verdicts & 1u << v) != 0;

            cr_assert_eq(
                wanted((enum slu_verdict)v, 0, SLU_SOURCE_STREAM, verdicts, 0),
                set ? SLU_REASON_NONE : SLU_REASON_VERDICT);
        }
    }
}

Test(checks, a_missing_assessment_counts_as_unknown_unless_taken_over)
{
    const uint32_t malicious = 1u << SLU_VERDICT_MALICIOUS;
    const uint32_t unknown = 1u << SLU_VERDICT_UNKNOWN;

    cr_assert_eq(wanted(SLU_VERDICT_NONE, 0, SLU_SOURCE_STREAM, unknown, 0),
                 SLU_REASON_NONE);
    cr_assert_eq(wanted(SLU_VERDICT_NONE, 0, SLU_SOURCE_STREAM, malicious, 0),
                 SLU_REASON_VERDICT);
    cr_assert_eq(wanted(SLU_VERDICT_NONE, 0, SLU_SOURCE_STREAM, unknown, 1),
                 SLU_REASON_SCORE);
    cr_assert_eq(
        wanted(SLU_VERDICT_NONE, 0, SLU_SOURCE_TAKEN_OVER, malicious, 50),
        SLU_REASON_NONE);
    cr_assert_eq(wanted(SLU_VERDICT_NONE, 0,
                        SLU_SOURCE_TAKEN_OVER | SLU_SOURCE_STREAM, malicious,
                        0),
                 SLU_REASON_NONE);
    /* Once assessed, it is like any other. */
    cr_assert_eq(
        wanted(SLU_VERDICT_BENIGN, 0, SLU_SOURCE_TAKEN_OVER, malicious, 0),
        SLU_REASON_VERDICT);
}

Test(checks, the_score_limit_is_inclusive)
{
    const uint32_t malicious = 1u << SLU_VERDICT_MALICIOUS;

    for (int score = 0; score <= 100; score++) {
        cr_assert_eq(wanted(SLU_VERDICT_MALICIOUS, (uint8_t)score,
                            SLU_SOURCE_STREAM, malicious, 60),
                     score < 60 ? SLU_REASON_SCORE : SLU_REASON_NONE);
    }
}
