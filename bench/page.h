/* SPDX-License-Identifier: Apache-2.0 */
/* What: the report as one HTML file that needs no other. */
#ifndef SLU_BENCH_PAGE_H
#define SLU_BENCH_PAGE_H

#include "bench/output.h"

void slu_bench_html(FILE *to, const struct slu_bench_report *report);

extern const char slu_bench_style[];

#endif
