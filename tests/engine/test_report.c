/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/report.h"

#include <criterion/criterion.h>

Test(report, lists_only_reasons_that_occurred_under_their_names)
{
    struct slu_answer_counts counts = {.items = 12, .duplicates = 2};
    struct slu_report report = {0};

    counts.accepted[SLU_KIND_DOMAIN] = 5;
    counts.reasons[SLU_REASON_IPV6] = 3;
    counts.reasons[SLU_REASON_VERDICT] = 4;
    slu_report_counts(&report, &counts);
    cr_assert_eq(report.items, 12u);
    cr_assert_eq(report.accepted[SLU_KIND_DOMAIN], 5u);
    cr_assert_eq(report.duplicates, 2u);
    cr_assert_eq(report.reason_count, 2u);
    cr_assert_str_eq(report.reasons[0].reason, "ipv6");
    cr_assert_eq(report.reasons[0].count, 3u);
    cr_assert_str_eq(report.reasons[1].reason, "verdict");
    cr_assert_eq(report.reasons[1].count, 4u);
}

Test(report, counting_again_replaces_and_does_not_add)
{
    struct slu_answer_counts counts = {.items = 1};
    struct slu_report report = {0};

    counts.reasons[SLU_REASON_URL] = 1;
    slu_report_counts(&report, &counts);
    slu_report_counts(&report, &counts);
    cr_assert_eq(report.reason_count, 1u);
    cr_assert_eq(report.reasons[0].count, 1u);
}

Test(report, shows_what_the_transport_counted)
{
    struct slu_http_stats stats = {.requests = 9,
                                   .wire_bytes = 10,
                                   .body_bytes = 11,
                                   .in_flight = 12,
                                   .in_flight_max = 13};
    struct slu_report report = {0};

    slu_report_http(&report, &stats);
    cr_assert_eq(report.requests, 9u);
    cr_assert_eq(report.wire_bytes, 10u);
    cr_assert_eq(report.body_bytes, 11u);
    cr_assert_eq(report.in_flight, 12u);
    cr_assert_eq(report.in_flight_max, 13u);
}
