/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the program itself as a case runs it: `sluice sync` in a process of its
 * own, with a state and an output folder that nothing was in before, and what
 * its report says. A sync that fails ends the case.
 */
#ifndef SLU_BENCH_SYNC_RUN_H
#define SLU_BENCH_SYNC_RUN_H

#include "bench/bench.h"
#include <sluice/indicator.h>

struct slu_bench_sync_report {
    struct slu_bench_cost cost; /* of the whole process */
    double pull_seconds;
    uint64_t requests;
    uint64_t body_bytes;
    uint64_t items;
    uint64_t accepted[SLU_KIND_COUNT];
    uint64_t listed[SLU_KIND_COUNT];
    uint64_t exceeded[SLU_KIND_COUNT];
    char folder[256]; /* below the case's: "state", "out" and the report as
                         JSON, "report", are in it */
};

/* config: the sections of the configuration but for the two folders. The key is
 * the simulator's. */
void slu_bench_sync(struct slu_bench *bench, const char *config,
                    struct slu_bench_sync_report *out_report);

/* Another sync of the folder of the one before, whose report it replaces. */
void slu_bench_sync_again(struct slu_bench *bench,
                          struct slu_bench_sync_report *io_report);

/* Lines of the list files of one kind, all together. *io_sum gets the sum of
 * the hashes of the lines, in whatever order they are: that of a set. */
uint64_t slu_bench_sync_lines(struct slu_bench *bench,
                              const struct slu_bench_sync_report *report,
                              enum slu_kind kind, uint64_t *io_sum);

/* Takes the folder of a run away: the disk has no room for many. */
void slu_bench_sync_remove(struct slu_bench *bench,
                           const struct slu_bench_sync_report *report);

/* The hash of one line. */
uint64_t slu_bench_sync_hash(const char *line, size_t len);

#endif
