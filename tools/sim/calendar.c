/* SPDX-License-Identifier: Apache-2.0 */
#include "calendar.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

struct sim_date sim_date_of(int64_t unix_s)
{
    time_t seconds = (time_t)unix_s;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    return (struct sim_date){tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
                             tm.tm_hour,        tm.tm_min,     tm.tm_sec};
}

/* Seconds of a date whose every field must survive the way back: so 31
   April, hour 24 and second 60 are refused. */
static bool seconds_of(const struct sim_date *date, int64_t *out_unix_s)
{
    struct tm tm = {.tm_year = date->year - 1900,
                    .tm_mon = date->month - 1,
                    .tm_mday = date->day,
                    .tm_hour = date->hour,
                    .tm_min = date->minute,
                    .tm_sec = date->second};
    struct sim_date back;

    *out_unix_s = timegm(&tm);
    back = sim_date_of(*out_unix_s);
    return memcmp(&back, date, sizeof(back)) == 0;
}

/* `width` digits at `text`, or -1. */
static int read_digits(const char *text, int width)
{
    int value = 0;

    for (int i = 0; i < width; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return -1;
        }
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

bool sim_date_parse_hour(const char *text, int64_t *out_unix_s)
{
    struct sim_date date;

    if (strlen(text) != 10 || read_digits(text, 10 - 2) < 0) {
        return false;
    }
    date =
        (struct sim_date){read_digits(text, 4), read_digits(text + 4, 2),
                          read_digits(text + 6, 2), read_digits(text + 8, 2)};
    return seconds_of(&date, out_unix_s);
}

bool sim_date_parse_iso(const char *text, size_t len, int64_t *out_unix_s)
{
    struct sim_date date;

    if (len != 19 || text[4] != '-' || text[7] != '-' || text[10] != 'T' ||
        text[13] != ':' || text[16] != ':') {
        return false;
    }
    date =
        (struct sim_date){read_digits(text, 4),      read_digits(text + 5, 2),
                          read_digits(text + 8, 2),  read_digits(text + 11, 2),
                          read_digits(text + 14, 2), read_digits(text + 17, 2)};
    return seconds_of(&date, out_unix_s);
}

void sim_date_http(int64_t unix_s, char *out, size_t cap)
{
    time_t seconds = (time_t)unix_s;
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(out, cap, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}
