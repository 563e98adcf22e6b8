/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dates are counted in years that begin on the first of March, so that the
 * leap day is the last of its year and the month lengths follow one linear
 * formula: (153 * month + 2) / 5 days lie before month 0 (March), 1 (April)...
 */
#include "codecs/time_text.h"

#define DAY_SECONDS 86400
#define YEAR_FIRST 1970
#define YEAR_LAST 9999
/* 9999-12-31T23:59:59Z */
#define SECONDS_LAST INT64_C(253402300799)
/* Days from the first of March of year 0 to the first of January 1970. */
#define EPOCH_DAYS 719468
/* Days of 400 years: the Gregorian calendar repeats after them. */
#define ERA_DAYS 146097

static int64_t count_days(int year, int month, int day)
{
    int64_t march_year = month <= 2 ? year - 1 : year;
    int64_t march_month = month <= 2 ? month + 9 : month - 3;

    return march_year * 365 + march_year / 4 - march_year / 100 +
           march_year / 400 + (153 * march_month + 2) / 5 + day - 1 -
           EPOCH_DAYS;
}

struct slu_civil slu_time_civil(int64_t seconds)
{
    int64_t clamped = seconds < 0              ? 0
                      : seconds > SECONDS_LAST ? SECONDS_LAST
                                               : seconds;
    int64_t days = clamped / DAY_SECONDS + EPOCH_DAYS;
    int64_t era = days / ERA_DAYS;
    int64_t in_era = days % ERA_DAYS;
    int64_t year =
        (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * year + year / 4 - year / 100);
    int64_t march_month = (5 * in_year + 2) / 153;
    int rest = (int)(clamped % DAY_SECONDS);
    struct slu_civil civil;

    civil.day = (int)(in_year - (153 * march_month + 2) / 5) + 1;
    civil.month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    civil.year = (int)(era * 400 + year) + (civil.month <= 2 ? 1 : 0);
    civil.hour = rest / 3600;
    civil.minute = rest / 60 % 60;
    civil.second = rest % 60;
    return civil;
}

static int count_month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool is_within(int value, int least, int most)
{
    return value >= least && value <= most;
}

bool slu_time_from_civil(struct slu_civil civil, int64_t *out_seconds)
{
    if (!is_within(civil.year, YEAR_FIRST, YEAR_LAST) ||
        !is_within(civil.month, 1, 12) || civil.day < 1 ||
        civil.day > count_month_days(civil.year, civil.month) ||
        !is_within(civil.hour, 0, 23) || !is_within(civil.minute, 0, 59) ||
        !is_within(civil.second, 0, 59)) {
        return false;
    }
    *out_seconds =
        count_days(civil.year, civil.month, civil.day) * DAY_SECONDS +
        civil.hour * 3600 + civil.minute * 60 + civil.second;
    return true;
}

/* Writes value as exactly `len` decimal digits. */
static void put_digits(char *out, int value, int len)
{
    for (int i = len - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
}

void slu_time_format_hour(int64_t seconds, char out[SLU_HOUR_TEXT_LEN])
{
    struct slu_civil civil = slu_time_civil(seconds);

    put_digits(out, civil.year, 4);
    put_digits(out + 4, civil.month, 2);
    put_digits(out + 6, civil.day, 2);
    put_digits(out + 8, civil.hour, 2);
}

void slu_time_format_iso(int64_t seconds, char out[SLU_ISO_TEXT_LEN])
{
    struct slu_civil civil = slu_time_civil(seconds);

    memcpy(out, "0000-00-00T00:00:00Z", SLU_ISO_TEXT_LEN);
    put_digits(out, civil.year, 4);
    put_digits(out + 5, civil.month, 2);
    put_digits(out + 8, civil.day, 2);
    put_digits(out + 11, civil.hour, 2);
    put_digits(out + 14, civil.minute, 2);
    put_digits(out + 17, civil.second, 2);
}

void slu_time_format_aws(int64_t seconds, char out[SLU_AWS_TEXT_LEN])
{
    struct slu_civil civil = slu_time_civil(seconds);

    memcpy(out, "00000000T000000Z", SLU_AWS_TEXT_LEN);
    put_digits(out, civil.year, 4);
    put_digits(out + 4, civil.month, 2);
    put_digits(out + 6, civil.day, 2);
    put_digits(out + 9, civil.hour, 2);
    put_digits(out + 11, civil.minute, 2);
    put_digits(out + 13, civil.second, 2);
}

/* Takes exactly `len` decimal digits from the front of *text. */
static bool take_digits(struct slu_view *text, size_t len, int *out_value)
{
    int value = 0;

    if (text->len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9') {
            return false;
        }
        value = value * 10 + (text->ptr[i] - '0');
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    *out_value = value;
    return true;
}

static bool take_text(struct slu_view *text, const char *expected)
{
    size_t len = strlen(expected);

    if (text->len < len || memcmp(text->ptr, expected, len) != 0) {
        return false;
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    return true;
}

/* Takes one of the names and says which; false when none fits. */
static bool take_name(struct slu_view *text, const char *const *names,
                      int count, int *out_index)
{
    for (int i = 0; i < count; i++) {
        if (take_text(text, names[i])) {
            *out_index = i;
            return true;
        }
    }
    return false;
}

bool slu_time_parse_hour(struct slu_view text, int64_t *out_seconds)
{
    struct slu_civil civil = {0};

    return take_digits(&text, 4, &civil.year) &&
           take_digits(&text, 2, &civil.month) &&
           take_digits(&text, 2, &civil.day) &&
           take_digits(&text, 2, &civil.hour) && text.len == 0 &&
           slu_time_from_civil(civil, out_seconds);
}

static bool take_month(struct slu_view *text, int *out_month)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr",
                                         "May", "Jun", "Jul", "Aug",
                                         "Sep", "Oct", "Nov", "Dec"};
    int index;

    if (!take_name(text, months, 12, &index)) {
        return false;
    }
    *out_month = index + 1;
    return true;
}

/* "08:49:37"; a leap second counts as the one before it. */
static bool take_clock(struct slu_view *text, struct slu_civil *civil)
{
    bool ok = take_digits(text, 2, &civil->hour) && take_text(text, ":") &&
              take_digits(text, 2, &civil->minute) && take_text(text, ":") &&
              take_digits(text, 2, &civil->second);

    if (ok && civil->second == 60) {
        civil->second = 59;
    }
    return ok;
}

/* ".5" or ".123456789"; nothing is 0. False for a dot without a digit. */
static bool take_fraction(struct slu_view *text, int *out_ms)
{
    static const int weights[] = {100, 10, 1};
    int digit;
    unsigned count = 0;

    *out_ms = 0;
    if (!take_text(text, ".")) {
        return true;
    }
    for (; take_digits(text, 1, &digit); count++) {
        *out_ms += count < 3 ? digit * weights[count] : 0;
    }
    return count > 0;
}

/* "Z", or "+02:00" and "-02:00" as minutes. */
static bool take_offset(struct slu_view *text, int *out_minutes)
{
    int hours = 0;
    int minutes = 0;
    int sign = 1;

    *out_minutes = 0;
    if (take_text(text, "Z")) {
        return true;
    }
    if (take_text(text, "-")) {
        sign = -1;
    } else if (!take_text(text, "+")) {
        return false;
    }
    if (!take_digits(text, 2, &hours) || !take_text(text, ":") ||
        !take_digits(text, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *out_minutes = sign * (hours * 60 + minutes);
    return true;
}

/* Two digits; *io_bad is set where there are none. */
static int read_pair(const char *at, bool *io_bad)
{
    unsigned tens = (unsigned char)at[0] - (unsigned)'0';
    unsigned ones = (unsigned char)at[1] - (unsigned)'0';

    *io_bad |= (tens > 9) | (ones > 9);
    return (int)(tens * 10 + ones);
}

#define STAMP_LEN 19

/* "2025-08-07T05:00:00", without a branch on what it says, for there are three
 * in each finding. A leap second counts as the one before it. */
static bool read_stamp(const char *at, struct slu_civil *out)
{
    bool bad = (at[4] != '-') | (at[7] != '-') | (at[10] != 'T') |
               (at[13] != ':') | (at[16] != ':');

    out->year = 100 * read_pair(at, &bad);
    out->year += read_pair(at + 2, &bad);
    out->month = read_pair(at + 5, &bad);
    out->day = read_pair(at + 8, &bad);
    out->hour = read_pair(at + 11, &bad);
    out->minute = read_pair(at + 14, &bad);
    out->second = read_pair(at + 17, &bad);
    out->second -= out->second == 60;
    return !bad;
}

bool slu_time_parse_iso(struct slu_view text, int64_t *out_ms)
{
    struct slu_civil civil;
    int64_t seconds;
    int ms, offset;

    if (text.len < STAMP_LEN || !read_stamp(text.ptr, &civil)) {
        return false;
    }
    text = slu_view_make(text.ptr + STAMP_LEN, text.len - STAMP_LEN);
    if (!take_fraction(&text, &ms) || !take_offset(&text, &offset) ||
        text.len != 0 || !slu_time_from_civil(civil, &seconds)) {
        return false;
    }
    seconds -= offset * 60;
    *out_ms = seconds * 1000 + ms;
    return seconds >= 0;
}

/* "06 Nov 1994 08:49:37 GMT", behind "Sun, " */
static bool read_fixdate(struct slu_view text, struct slu_civil *civil)
{
    return take_digits(&text, 2, &civil->day) && take_text(&text, " ") &&
           take_month(&text, &civil->month) && take_text(&text, " ") &&
           take_digits(&text, 4, &civil->year) && take_text(&text, " ") &&
           take_clock(&text, civil) && take_text(&text, " GMT") &&
           text.len == 0;
}

/* "06-Nov-94 08:49:37 GMT", behind "Sunday, ". Without a clock the century is
 * a rule: 70-99 are of the twentieth, for nothing here is older than 1970. */
static bool read_rfc850(struct slu_view text, struct slu_civil *civil)
{
    bool ok = take_digits(&text, 2, &civil->day) && take_text(&text, "-") &&
              take_month(&text, &civil->month) && take_text(&text, "-") &&
              take_digits(&text, 2, &civil->year) && take_text(&text, " ") &&
              take_clock(&text, civil) && take_text(&text, " GMT") &&
              text.len == 0;

    if (ok) {
        civil->year += civil->year >= 70 ? 1900 : 2000;
    }
    return ok;
}

/* "Nov  6 08:49:37 1994", behind "Sun " */
static bool read_asctime(struct slu_view text, struct slu_civil *civil)
{
    return take_month(&text, &civil->month) && take_text(&text, " ") &&
           (take_text(&text, " ") ? take_digits(&text, 1, &civil->day)
                                  : take_digits(&text, 2, &civil->day)) &&
           take_text(&text, " ") && take_clock(&text, civil) &&
           take_text(&text, " ") && take_digits(&text, 4, &civil->year) &&
           text.len == 0;
}

bool slu_time_parse_http(struct slu_view text, int64_t *out_seconds)
{
    static const char *const long_days[] = {"Monday",   "Tuesday", "Wednesday",
                                            "Thursday", "Friday",  "Saturday",
                                            "Sunday"};
    static const char *const days[] = {"Mon", "Tue", "Wed", "Thu",
                                       "Fri", "Sat", "Sun"};
    struct slu_civil civil = {0};
    int day;
    bool ok;

    if (take_name(&text, long_days, 7, &day)) {
        ok = take_text(&text, ", ") && read_rfc850(text, &civil);
    } else if (!take_name(&text, days, 7, &day)) {
        ok = false;
    } else if (take_text(&text, ", ")) {
        ok = read_fixdate(text, &civil);
    } else {
        ok = take_text(&text, " ") && read_asctime(text, &civil);
    }
    return ok && slu_time_from_civil(civil, out_seconds);
}

/* A whole number of decimal digits, at most `most`, from the front. */
static bool take_number(struct slu_view *text, int64_t most, int64_t *out_value)
{
    int64_t value = 0;
    size_t len = 0;

    while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9') {
        int digit = text->ptr[len] - '0';

        if (value > (most - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
        len++;
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    *out_value = value;
    return len > 0;
}

bool slu_time_parse_retry_after(struct slu_view text, int64_t now_seconds,
                                int64_t *out_wait_ms)
{
    struct slu_view rest = text;
    int64_t seconds;

    if (take_number(&rest, SECONDS_LAST, &seconds) && rest.len == 0) {
        *out_wait_ms = seconds * 1000;
        return true;
    }
    if (!slu_time_parse_http(text, &seconds)) {
        return false;
    }
    *out_wait_ms = seconds > now_seconds ? (seconds - now_seconds) * 1000 : 0;
    return true;
}

bool slu_time_parse_duration(struct slu_view text, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t number;

    if (!take_number(&text, INT64_MAX, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (slu_view_equal_str(text, units[i].unit)) {
            if (number > INT64_MAX / units[i].ms) {
                return false;
            }
            *out_ms = number * units[i].ms;
            return true;
        }
    }
    return false;
}
