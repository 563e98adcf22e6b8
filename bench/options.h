/* SPDX-License-Identifier: Apache-2.0 */
/* What: the options of sluice-bench. */
#ifndef SLU_BENCH_OPTIONS_H
#define SLU_BENCH_OPTIONS_H

#include "bench/bench.h"

#include <stdio.h>

#define SLU_BENCH_CASES_MAX 64

struct slu_bench_options {
    enum slu_bench_size size;
    bool help;
    bool list;
    bool json;             /* on stdout, in place of the table */
    const char *json_path; /* or into this file */
    const char *html_path;
    const char *baseline_path; /* instructions are compared with it */
    bool renew;                /* or put there anew */
    uint64_t seed;
    unsigned rounds; /* 0: as each case thinks fit */
    size_t count;    /* of cases to be run, in the table's order */
    const struct slu_bench_case *cases[SLU_BENCH_CASES_MAX];
};

/* False with one sentence on `errors`. */
bool slu_bench_options_parse(struct slu_bench_options *self, int argc,
                             char **argv, FILE *errors);

void slu_bench_help(FILE *to);
void slu_bench_list(FILE *to);

#endif
