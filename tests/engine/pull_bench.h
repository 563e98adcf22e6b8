/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: all that one pull needs in a test: a store in a folder of its own, the
 * fake source, a server on its thread, and what the pull said and did.
 *
 * Life cycle: start, change what is not as usual, run (any number of times),
 * stop.
 */
#ifndef TESTS_ENGINE_PULL_BENCH_H
#define TESTS_ENGINE_PULL_BENCH_H

#include "engine/fake_source.h"
#include "engine/pull.h"
#include "engine/served.h"
#include "support/failing_alloc.h"

#define BENCH_LINES_MAX 512
#define BENCH_NAMES_MAX 64

struct bench_line {
    enum slu_log_level level;
    char text[512];
};

struct bench {
    char dir[64];
    struct fake_world world;
    struct served served;
    struct slu_store *store;
    struct slu_store_options store_options;
    struct slu_guard *guard;
    struct slu_wake stop;
    struct slu_wake room;
    struct slu_http_config http;
    struct slu_limits_config limits;
    struct slu_options callbacks;
    struct slu_pull_options options;
    /* What came of it. */
    struct slu_report report;
    struct slu_pull_result result;
    struct slu_error error;
    struct raw_counts counts; /* after bench_stop_server */
    unsigned line_count;
    struct bench_line lines[BENCH_LINES_MAX];
};

/* connections 4, max_wait 10 s, one unit of one page; fn answers with ctx. */
void bench_start(struct bench *self, raw_answer_fn fn, void *ctx);
/* Opens the store; run does it otherwise. */
void bench_open(struct bench *self);
enum slu_err bench_run(struct bench *self);
/* Runs again and again, each allocation failing in turn, until there is none
 * left to fail: how often that was. prepare, or NULL, comes before each run.
 * Asserts that a run that failed did so for want of memory, and left none. */
unsigned bench_run_short(struct bench *self,
                         void (*prepare)(struct bench *self));
void bench_stop_server(struct bench *self);
void bench_stop(struct bench *self);

/* The number of lines of the log at least this grave that hold the text. */
unsigned bench_count_lines(const struct bench *self, enum slu_log_level level,
                           const char *text);

/* Folded records of a kind in the store; their keys, each with a blank behind
 * it, are in out (as far as they fit). */
unsigned bench_scan(struct bench *self, enum slu_record_kind kind, char *out,
                    size_t room);

/* The value of an entry; NULL when there is none. */
const char *bench_entry(struct bench *self, const char *key);

/* Runs SQL on the state from outside; the connection is to be closed. */
struct sqlite3;
struct sqlite3 *bench_connect(const struct bench *self, const char *sql);

/* "GET /u/<unit>/<page>" */
void bench_parse(const char *request, unsigned *out_unit, unsigned *out_page);

#endif
