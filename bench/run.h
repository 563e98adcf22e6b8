/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one case run to its end, in a process and a folder of its own, and what
 * came of it. The child hands each figure over a pipe when it is done; a child
 * that ends without its last word has failed, whatever killed it.
 * Life cycle: slu_bench_run_case fills a result, fini frees it; safe on a
 * zeroed one.
 * Limits: 64 figures of a case.
 */
#ifndef SLU_BENCH_RUN_H
#define SLU_BENCH_RUN_H

#include "bench/bench.h"

#define SLU_BENCH_FIGURES_MAX 64
#define SLU_BENCH_SENTENCE_MAX 640

/* What the user asked for. */
struct slu_bench_wish {
    const struct slu_alloc *alloc;
    enum slu_bench_size size;
    uint64_t seed;
    unsigned rounds; /* 0: as the case thinks fit */
    const char *bin_dir;
};

struct slu_bench_result {
    const struct slu_alloc *alloc;
    const struct slu_bench_case *of;
    bool done;                             /* all was right */
    char sentence[SLU_BENCH_SENTENCE_MAX]; /* what was not, or "" */
    double seconds;                        /* that it took */
    unsigned count;
    struct {
        struct slu_bench_figure *figure; /* its texts are behind it */
        size_t size;
    } figures[SLU_BENCH_FIGURES_MAX];
};

/* Called from the parent after each round of the child. */
typedef void (*slu_bench_progress_fn)(void *ctx, unsigned rounds);

void slu_bench_run_case(const struct slu_bench_wish *wish,
                        const struct slu_bench_case *bench_case,
                        slu_bench_progress_fn on_round, void *ctx,
                        struct slu_bench_result *out_result);
void slu_bench_result_fini(struct slu_bench_result *self);

/* The Debian package that has this program. */
const char *slu_bench_package(const char *program);

#endif
