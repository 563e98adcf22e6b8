/* SPDX-License-Identifier: Apache-2.0 */
/* What: numbers as people read them. */
#ifndef SLU_CLI_NUMBER_TEXT_H
#define SLU_CLI_NUMBER_TEXT_H

#include <stdint.h>

struct slu_cli_number {
    char text[32];
};

/* "1,234,567" */
struct slu_cli_number slu_cli_number_count(uint64_t number);

/* "713 bytes", "12.3 MB": powers of 1000. */
struct slu_cli_number slu_cli_number_bytes(uint64_t bytes);

/* "0.42 s", "12.3 s", "4 min 05 s" */
struct slu_cli_number slu_cli_number_seconds(double seconds);

/* "2025-08-07 05:00:00Z" */
struct slu_cli_number slu_cli_number_time(int64_t seconds);

#endif
