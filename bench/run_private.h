/* SPDX-License-Identifier: Apache-2.0 */
/* What: the child's side of a case, shared by run.c, turn.c and child.c. */
#ifndef SLU_BENCH_RUN_PRIVATE_H
#define SLU_BENCH_RUN_PRIVATE_H

#include "bench/bench.h"

#include <sys/types.h>

#define SLU_BENCH_SERVERS_MAX 8

struct slu_bench_server {
    pid_t pid; /* 0: none */
    int out;   /* its stdout, read end; -1: none */
};

struct slu_bench_run {
    int report; /* the pipe to the parent, write end */
    bool rounding;
    unsigned rounds; /* done of this count */
    double began;    /* when this count began */
    unsigned figures;
    struct slu_bench_server servers[SLU_BENCH_SERVERS_MAX];
};

/* A message to the parent is this, and `len` bytes. */
enum slu_bench_word {
    SLU_BENCH_WORD_ROUND = 1, /* unsigned: rounds done */
    SLU_BENCH_WORD_FIGURE,    /* the struct, and behind it its texts, each ended
                                 by a zero byte: name, unit, note ("": NULL),
                                 the rivals' names */
    SLU_BENCH_WORD_FAILED,    /* a sentence */
    SLU_BENCH_WORD_DONE,
};

struct slu_bench_message {
    uint32_t word;
    uint32_t len;
};

#define SLU_BENCH_MESSAGE_MAX (1 << 16)

void slu_bench_tell(struct slu_bench *bench, enum slu_bench_word word,
                    const void *bytes, size_t len);

void slu_bench_servers_stop(struct slu_bench *bench);

/* The main() of `sluice-bench --launch`, child.c's own. */
int slu_bench_launch(int argc, char **argv);

#endif
