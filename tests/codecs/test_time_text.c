/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/time_text.h"

#include <criterion/criterion.h>
#include <time.h>

Test(time_text, civil_agrees_with_gmtime_on_every_day_to_2200)
{
    for (int64_t seconds = 0; seconds < INT64_C(7258118400);
         seconds += 86400 - 61) {
        time_t clock = (time_t)seconds;
        struct tm tm;
        struct slu_civil civil = slu_time_civil(seconds);
        int64_t back = -1;

        gmtime_r(&clock, &tm);
        cr_assert_eq(civil.year, tm.tm_year + 1900);
        cr_assert_eq(civil.month, tm.tm_mon + 1);
        cr_assert_eq(civil.day, tm.tm_mday);
        cr_assert_eq(civil.hour, tm.tm_hour);
        cr_assert_eq(civil.minute, tm.tm_min);
        cr_assert_eq(civil.second, tm.tm_sec);
        cr_assert(slu_time_from_civil(civil, &back));
        cr_assert_eq(back, seconds);
    }
}

Test(time_text, civil_is_clamped_to_its_range)
{
    cr_assert_eq(slu_time_civil(-5).year, 1970);
    cr_assert_eq(slu_time_civil(INT64_MAX).year, 9999);
    cr_assert_eq(slu_time_civil(INT64_MAX).second, 59);
}

Test(time_text, parts_out_of_range_are_refused)
{
    static const struct slu_civil bad[] = {
        {1969, 12, 31, 0, 0, 0}, {10000, 1, 1, 0, 0, 0}, {2025, 0, 1, 0, 0, 0},
        {2025, 13, 1, 0, 0, 0},  {2025, 1, 0, 0, 0, 0},  {2025, 2, 30, 0, 0, 0},
        {2025, 2, 29, 0, 0, 0},  {2100, 2, 29, 0, 0, 0}, {2025, 4, 31, 0, 0, 0},
        {2025, 1, 1, 24, 0, 0},  {2025, 1, 1, 0, 60, 0}, {2025, 1, 1, 0, 0, 60},
        {2025, 1, 1, -1, 0, 0},
    };
    int64_t seconds = 77;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(slu_time_from_civil(bad[i], &seconds));
    }
    cr_assert_eq(seconds, 77);
    cr_assert(slu_time_from_civil((struct slu_civil){2000, 2, 29, 0, 0, 0},
                                  &seconds));
    cr_assert(slu_time_from_civil((struct slu_civil){2024, 2, 29, 0, 0, 0},
                                  &seconds));
}

static bool parse_hour(const char *text, int64_t *out_seconds)
{
    return slu_time_parse_hour(slu_view_str(text), out_seconds);
}

Test(time_text, hours_round_trip)
{
    char text[SLU_HOUR_TEXT_LEN];
    int64_t seconds;

    cr_assert(parse_hour("2024012015", &seconds));
    cr_assert_eq(seconds, 1705762800);
    slu_time_format_hour(seconds + 3599, text);
    cr_assert_eq(memcmp(text, "2024012015", sizeof(text)), 0);
}

Test(time_text, hours_are_strictly_ten_digits)
{
    static const char *const bad[] = {"",           "202401201",  "20240120155",
                                      "2024-12015", "2024013215", "2024012024",
                                      "2024130100", " 024012015", "202401201x",
                                      "1969010100", "2023022900"};
    int64_t seconds;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(parse_hour(bad[i], &seconds), "%s", bad[i]);
    }
}

Test(time_text, iso_has_every_part)
{
    char text[SLU_ISO_TEXT_LEN];

    slu_time_format_iso(1754542809, text);
    cr_assert_eq(memcmp(text, "2025-08-07T05:00:09Z", sizeof(text)), 0);
}

Test(time_text, aws_has_every_part)
{
    char text[SLU_AWS_TEXT_LEN];

    slu_time_format_aws(1754542809, text);
    cr_assert_eq(memcmp(text, "20250807T050009Z", sizeof(text)), 0);
}

static int64_t parse_http(const char *text)
{
    int64_t seconds;

    return slu_time_parse_http(slu_view_str(text), &seconds) ? seconds : -1;
}

/* The examples of RFC 9110, 5.6.7. */
Test(time_text, http_dates_have_three_forms)
{
    cr_assert_eq(parse_http("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
    cr_assert_eq(parse_http("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
    cr_assert_eq(parse_http("Sun Nov  6 08:49:37 1994"), 784111777);
    cr_assert_eq(parse_http("Wed Nov 16 08:49:37 1994"), 784975777);
    cr_assert_eq(parse_http("Thursday, 07-Aug-25 05:00:09 GMT"), 1754542809);
    cr_assert_eq(parse_http("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228799);
}

Test(time_text, other_http_dates_are_refused)
{
    static const char *const bad[] = {
        "",
        "Sun",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "1994-11-06T08:49:37Z",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(parse_http(bad[i]), -1, "%s", bad[i]);
    }
}

/* Every cut of a valid date is no date and reads nothing behind its end. */
Test(time_text, cut_http_dates_are_refused)
{
    static const char text[] = "Sun, 06 Nov 1994 08:49:37 GMT";

    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        char *copy = malloc(len + 1);
        int64_t seconds;

        memcpy(copy, text, len);
        cr_assert_not(slu_time_parse_http(slu_view_make(copy, len), &seconds));
        free(copy);
    }
}

static int64_t parse_retry(const char *text, int64_t now)
{
    int64_t wait;

    return slu_time_parse_retry_after(slu_view_str(text), now, &wait) ? wait
                                                                      : -1;
}

Test(time_text, retry_after_is_seconds_or_a_date)
{
    cr_assert_eq(parse_retry("0", 5), 0);
    cr_assert_eq(parse_retry("120", 5), 120000);
    cr_assert_eq(parse_retry("Sun, 06 Nov 1994 08:49:37 GMT", 784111770), 7000);
    cr_assert_eq(parse_retry("Sun, 06 Nov 1994 08:49:37 GMT", 784111780), 0);
    cr_assert_eq(parse_retry("", 5), -1);
    cr_assert_eq(parse_retry("-1", 5), -1);
    cr_assert_eq(parse_retry("1.5", 5), -1);
    cr_assert_eq(parse_retry("soon", 5), -1);
    cr_assert_eq(parse_retry("99999999999999999999999", 5), -1);
}

static int64_t parse_duration(const char *text)
{
    int64_t ms;

    return slu_time_parse_duration(slu_view_str(text), &ms) ? ms : -1;
}

Test(time_text, durations_are_a_number_and_a_unit)
{
    cr_assert_eq(parse_duration("90d"), INT64_C(7776000000));
    cr_assert_eq(parse_duration("36h"), 129600000);
    cr_assert_eq(parse_duration("15m"), 900000);
    cr_assert_eq(parse_duration("30s"), 30000);
    cr_assert_eq(parse_duration("0s"), 0);
    cr_assert_eq(parse_duration("250ms"), 250);
}

Test(time_text, other_durations_are_refused)
{
    static const char *const bad[] = {
        "",   "5",   "d",    "5 s", "5S",    "-5s",
        "1w", "5ss", "1.5h", "+5s", "5s ",   "99999999999999999999ms",
        "",   "s5",  "0x5s", "5µs", "1h30m", "106751991168d"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(parse_duration(bad[i]), -1, "%s", bad[i]);
    }
    cr_assert_eq(parse_duration("106751991167d"),
                 INT64_C(106751991167) * 86400000);
}

Test(time_text, iso_is_read_with_and_without_a_fraction)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2017-12-08T15:32:49Z", INT64_C(1512747169000)},
        {"2017-12-08T15:32:49.865Z", INT64_C(1512747169865)},
        {"2017-12-08T15:32:49.8Z", INT64_C(1512747169800)},
        {"2017-12-08T15:32:49.86599999Z", INT64_C(1512747169865)},
        {"2017-12-08T16:32:49+01:00", INT64_C(1512747169000)},
        {"2017-12-08T11:02:49.5-04:30", INT64_C(1512747169500)},
        {"2016-12-31T23:59:60Z", INT64_C(1483228799000)},
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        int64_t ms = -1;

        cr_assert(slu_time_parse_iso(slu_view_str(good[i].text), &ms), "%s",
                  good[i].text);
        cr_assert_eq(ms, good[i].ms, "%s: %lld", good[i].text, (long long)ms);
    }
}

Test(time_text, what_is_no_iso_time_is_refused)
{
    static const char *const bad[] = {
        "",
        "2017-12-08",
        "2017-12-08 15:32:49Z",
        "2017-12-08T15:32:49",
        "2017-12-08T15:32:49.Z",
        "2017-12-08T15:32:49z",
        "2017-12-08T15:32:49Z ",
        "2017-02-30T15:32:49Z",
        "2017-12-08T24:32:49Z",
        "2017-12-08T15:32:49+1:00",
        "2017-12-08T15:32:49+24:00",
        "2017-12-08T15:32:49+01:60",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "17-12-08T15:32:49Z",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int64_t ms;

        cr_assert_not(slu_time_parse_iso(slu_view_str(bad[i]), &ms), "%s",
                      bad[i]);
    }
}
