/* SPDX-License-Identifier: Apache-2.0 */
/* What: on what, and by what, the figures were made. */
#ifndef SLU_BENCH_MACHINE_H
#define SLU_BENCH_MACHINE_H

struct slu_bench_machine {
    char date[32];         /* "2026-11-22 15:50 UTC" */
    char cpu[96];          /* the model's name */
    unsigned cores;        /* on line */
    double memory_gb;      /* 1 GB = 1,000,000,000 bytes */
    char kernels[96];      /* "AVX-512, AVX2, SSE4.2": what may be chosen */
    char kernels_used[96]; /* "JSON avx512, IPv4 sse4.2, domains avx512" */
    char system[192];      /* "Debian GNU/Linux 12 (bookworm), Linux 6.1.0" */
    char compiler[96];     /* "gcc 12.2.0, Release" */
    char version[32];      /* of sluice */
};

void slu_bench_machine_read(struct slu_bench_machine *out);

#endif
