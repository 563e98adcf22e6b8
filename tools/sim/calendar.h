/* SPDX-License-Identifier: Apache-2.0 */
/* What: UTC dates to and from Unix seconds, and the forms that the API's
   texts use. All strict: no zone, no leap second, full width. */
#ifndef SIM_CALENDAR_H
#define SIM_CALENDAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_HOUR 3600
#define SIM_DAY 86400

struct sim_date {
    int year;
    int month;
    int day;
    int hour;
    int minute;
    int second;
};

struct sim_date sim_date_of(int64_t unix_s);

/* `YYYYMMDDHH` whole; the hour's first second. */
bool sim_date_parse_hour(const char *text, int64_t *out_unix_s);

/* `YYYY-MM-DDTHH:MM:SS` whole, of `len` bytes. */
bool sim_date_parse_iso(const char *text, size_t len, int64_t *out_unix_s);

/* An HTTP date (RFC 9110, IMF-fixdate); 32 bytes suffice. */
void sim_date_http(int64_t unix_s, char *out, size_t cap);

#endif
