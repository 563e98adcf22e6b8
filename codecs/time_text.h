/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: seconds since 1970 (UTC) to and from the texts that the APIs use. No
 * clock, no time zone, no locale: strptime and timegm are not used.
 */
#ifndef SLU_CODECS_TIME_TEXT_H
#define SLU_CODECS_TIME_TEXT_H

#include <sluice/view.h>
#include <stdint.h>

#define SLU_HOUR_TEXT_LEN 10 /* "2025080705" */
#define SLU_ISO_TEXT_LEN 20  /* "2025-08-07T05:00:00Z" */
#define SLU_AWS_TEXT_LEN 16  /* "20250807T050000Z" */

struct slu_civil {
    int year;   /* 1970-9999 */
    int month;  /* 1-12 */
    int day;    /* 1-31 */
    int hour;   /* 0-23 */
    int minute; /* 0-59 */
    int second; /* 0-59 */
};

struct slu_civil slu_time_civil(int64_t seconds);

/* False when a part is out of range (a 30th of February included). */
bool slu_time_from_civil(struct slu_civil civil, int64_t *out_seconds);

/* "YYYYMMDDHH", not terminated; and back, strictly ten digits. */
void slu_time_format_hour(int64_t seconds, char out[SLU_HOUR_TEXT_LEN]);
bool slu_time_parse_hour(struct slu_view text, int64_t *out_seconds);

/* "YYYY-MM-DDTHH:MM:SSZ", not terminated. */
void slu_time_format_iso(int64_t seconds, char out[SLU_ISO_TEXT_LEN]);

/* "YYYYMMDDTHHMMSSZ", not terminated: x-amz-date. Its first eight bytes are the
 * date of a signature's scope. */
void slu_time_format_aws(int64_t seconds, char out[SLU_AWS_TEXT_LEN]);

/*
 * RFC 3339: "2025-08-07T05:00:00Z", the fraction of a second optional and cut
 * to milliseconds, or with "+02:00" for "Z". Milliseconds since 1970.
 */
bool slu_time_parse_iso(struct slu_view text, int64_t *out_ms);

/* The three forms of HTTP-date of RFC 9110, 5.6.7. */
bool slu_time_parse_http(struct slu_view text, int64_t *out_seconds);

/* Retry-After: delay seconds (RFC 9110, 10.2.3) or an HTTP-date; *out_wait_ms
 * counts from now_seconds and is never negative. */
bool slu_time_parse_retry_after(struct slu_view text, int64_t now_seconds,
                                int64_t *out_wait_ms);

/* "90d", "36h", "15m", "30s", "0s", "250ms": a whole number and a unit. */
bool slu_time_parse_duration(struct slu_view text, int64_t *out_ms);

#endif
