/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/number_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct slu_cli_number slu_cli_number_count(uint64_t number)
{
    struct slu_cli_number out = {""};
    char digits[24];
    size_t len = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, number);
    char *to = out.text;

    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

struct slu_cli_number slu_cli_number_bytes(uint64_t bytes)
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    struct slu_cli_number out;
    double value = (double)bytes / 1000;
    size_t unit = 0;

    if (bytes < 1000) {
        (void)snprintf(out.text, sizeof(out.text), "%" PRIu64 " bytes", bytes);
        return out;
    }
    /* What would round to 1000.0 belongs to the next unit. */
    while (value >= 999.95 && unit < 3) {
        value /= 1000;
        unit++;
    }
    (void)snprintf(out.text, sizeof(out.text), "%.1f %s", value, units[unit]);
    return out;
}

struct slu_cli_number slu_cli_number_seconds(double seconds)
{
    struct slu_cli_number out;

    if (seconds >= 120) {
        uint64_t whole = (uint64_t)seconds;

        (void)snprintf(out.text, sizeof(out.text), "%" PRIu64 " min %02u s",
                       whole / 60, (unsigned)(whole % 60));
    } else {
        (void)snprintf(out.text, sizeof(out.text),
                       seconds < 10 ? "%.2f s" : "%.1f s", seconds);
    }
    return out;
}

struct slu_cli_number slu_cli_number_time(int64_t seconds)
{
    struct slu_cli_number out = {"?"};
    time_t time = (time_t)seconds;
    struct tm civil;

    if (gmtime_r(&time, &civil) != NULL) {
        (void)strftime(out.text, sizeof(out.text), "%Y-%m-%d %H:%M:%SZ",
                       &civil);
    }
    return out;
}
