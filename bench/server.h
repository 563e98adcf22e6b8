/* SPDX-License-Identifier: Apache-2.0 */
/* What: what child.c, server.c and nginx.c share. */
#ifndef SLU_BENCH_SERVER_H
#define SLU_BENCH_SERVER_H

#include "bench/run_private.h"

#define SLU_BENCH_PATH_BYTES 4096
#define SLU_BENCH_ARGS_MAX 128

/* Between fork and exec: the child's files, folder and environment. out_fd:
 * its stdout, or -1 for what the command says. */
void slu_bench_prepare(const struct slu_bench *bench,
                       const struct slu_bench_command *command, int out_fd);

/* args[0] as execvp() takes it. */
const char *slu_bench_find_program(const struct slu_bench *bench,
                                   const char *name,
                                   char path[SLU_BENCH_PATH_BYTES]);

/* Puts the command's arguments behind the `before` that are in args. */
void slu_bench_add_args(struct slu_bench *bench,
                        const struct slu_bench_command *command,
                        const char *program, char **args, size_t before);

/* ": " and the last line of what it said on stderr, or "". */
void slu_bench_last_words(const struct slu_bench *bench,
                          const struct slu_bench_command *command, char *out,
                          size_t size);

/* No line is waited for. */
struct slu_bench_server *
slu_bench_server_start_quietly(struct slu_bench *bench,
                               const struct slu_bench_command *command);

/* Whether it has ended by itself; then *out_status is its exit code, or 128 +
 * signal, and its place is free. */
bool slu_bench_server_has_ended(struct slu_bench_server *self, int *out_status);

#endif
