/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what a case of sluice-bench is, and what it may use. A case measures
 * one or more figures: it makes its input from the seed, checks the result of
 * every way it measures, times ours and its rivals in turns (slu_bench_round),
 * and hands the figures in. The case NAME is `slu_bench_case_NAME`, defined in
 * bench/case_NAME.c and named in the table of bench/cases.c, nowhere else.
 *
 *     static void run(struct slu_bench *bench)
 *     {
 *         struct slu_bench_series ours = {0}, theirs = {0};
 *         ... make the input; run both once (warm-up) and compare the results:
 *         slu_bench_require(bench, same, "what differs, and how");
 *         while (slu_bench_round(bench, 11, 1.0)) {
 *             slu_bench_add(&ours, ns of ours);
 *             slu_bench_add(&theirs, ns of theirs);
 *         }
 *         slu_bench_figure(bench, &(struct slu_bench_figure){...});
 *     }
 *
 * Life cycle: each case runs in a process of its own, forked from a small one:
 * what it leaves behind (memory, servers, files of its folder) goes with it.
 * Errors: a wrong result, a missing program, a failed call, a crash end the
 * case, never a time: the sentence is printed, the case has no figures, the
 * program goes on with the next and exits with 1.
 * Threads: one.
 */
#ifndef SLU_BENCH_BENCH_H
#define SLU_BENCH_BENCH_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How much is measured. */
enum slu_bench_size {
    SLU_BENCH_SMOKE,  /* CI: seconds in all; results are checked, times mean
                         nothing */
    SLU_BENCH_NORMAL, /* minutes in all */
    SLU_BENCH_FULL,   /* what takes long too: 100 million IOCs */
};

struct slu_bench {
    const struct slu_alloc *alloc;
    enum slu_bench_size size;
    uint64_t seed;
    unsigned rounds;      /* wanted by the user; 0: as the case thinks fit */
    const char *bin_dir;  /* where sluice and sluice-sim are */
    const char *work_dir; /* an empty folder for this case alone, on a disk
                             (TMPDIR or /var/tmp), removed after it */
    struct slu_bench_run *run; /* bench/run.c's own */
};

/* The values of one way, one a round, in rounds' order. */
#define SLU_BENCH_ROUNDS_MAX 101
struct slu_bench_series {
    unsigned count;
    double values[SLU_BENCH_ROUNDS_MAX];
};

enum slu_bench_better {
    SLU_BENCH_LESS, /* nanoseconds, bytes: the limit is an upper one */
    SLU_BENCH_MORE, /* rates, ratios: the limit is a lower one */
};

/* What stands beside ours. */
#define SLU_BENCH_RIVALS_MAX 4
struct slu_bench_rival {
    const char *name;               /* "inet_pton"; NULL ends the table */
    struct slu_bench_series series; /* in the figure's unit */
};

/*
 * One line of the table. A ratio is a figure of its own with unit "x", its
 * series made round by round (ours and rival of the same round), since the
 * machine's clock wanders between rounds.
 */
struct slu_bench_figure {
    const char *name; /* "list of domains: splitter": behind the case's title
                         it is understood without the lines above; 38
                         characters fit the table */
    const char *unit; /* "ns", "GB/s", "M/s", "s", "MB", "x", "bytes" */
    enum slu_bench_better better;
    double limit;     /* 0: none; what the value must reach */
    const char *note; /* a fact about the measurement, or NULL */
    struct slu_bench_series ours;
    struct slu_bench_rival rivals[SLU_BENCH_RIVALS_MAX];
};

struct slu_bench_case {
    const char *name;  /* for --only: "json", "ipv4", "pull" */
    const char *title; /* "JSON: splitter and reader" */
    const char *what;  /* what is measured and how, in one or two sentences */
    const char *needs; /* programs it runs, blank between: "nginx iprange"; ""
                          for none */
    bool normal;       /* false: only with --full or --only */
    void (*run)(struct slu_bench *bench);
};

/* In the order of the table; ended by NULL. */
extern const struct slu_bench_case *const slu_bench_cases[];

/* Ends the case with that sentence unless `holds`. Doesn't return then. */
void slu_bench_require(struct slu_bench *bench, bool holds, const char *format,
                       ...) __attribute__((format(printf, 3, 4)));

/* True while another round is to be run: bench->rounds of them, else `least`
 * and more until `seconds` have passed, at most SLU_BENCH_ROUNDS_MAX; two with
 * SMOKE. The count begins anew when it has returned false. */
bool slu_bench_round(struct slu_bench *bench, unsigned least, double seconds);

void slu_bench_add(struct slu_bench_series *self, double value);

/* Copies all of it, the texts too. At most 64 of a case. */
void slu_bench_figure(struct slu_bench *bench,
                      const struct slu_bench_figure *figure);

/* ---- clocks ---- */

double slu_bench_wall_s(void); /* since an arbitrary point */
double slu_bench_cpu_s(void);  /* of this process, all its threads */

/* Keeps a value from being optimised away. */
static inline void slu_bench_keep(const void *value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* ---- inputs ---- */

/* splitmix64: the same numbers for the same seed everywhere. */
struct slu_bench_random {
    uint64_t state;
};
uint64_t slu_bench_next(struct slu_bench_random *self);
uint32_t slu_bench_below(struct slu_bench_random *self, uint32_t bound);

/* ---- children ---- */

/* What a program cost, from wait4(): the kernel's own accounts, of it and the
 * children that it waited for. It is started by a small process, as the kernel
 * counts what the one that calls exec() had resident as the program's own. */
struct slu_bench_cost {
    int status;     /* exit code; 128 + signal */
    double wall_s;  /* from before fork() to its end */
    double cpu_s;   /* user and system */
    double peak_mb; /* resident, 1 MB = 1,000,000 bytes */
};

struct slu_bench_command {
    const char *const *args; /* ended by NULL; args[0] is looked up in
                                bench->bin_dir, then in PATH, unless it has a
                                slash */
    const char *const *env;  /* more "NAME=value", ended by NULL; or NULL */
    const char *stdin_path;  /* NULL: /dev/null */
    const char *stdout_path; /* the same; emptied first */
    const char *stderr_path; /* NULL: bench->work_dir/stderr, appended to; its
                                last line is quoted when the status is told */
};

/* Runs it to its end, in the case's folder. One that can't be started ends the
 * case; its status is the caller's to judge. */
void slu_bench_spawn(struct slu_bench *bench,
                     const struct slu_bench_command *command,
                     struct slu_bench_cost *out_cost);

/* The same, and ends the case unless its status is 0. */
void slu_bench_spawn_well(struct slu_bench *bench,
                          const struct slu_bench_command *command,
                          struct slu_bench_cost *out_cost);

/* A server that lives until the case ends (or stop), 8 at most; *out_line is
 * the first line that it prints on stdout within 20 s, which says where it
 * listens. stdout_path isn't used. */
struct slu_bench_server;
struct slu_bench_server *
slu_bench_server_start(struct slu_bench *bench,
                       const struct slu_bench_command *command, char *out_line,
                       size_t out_size);
double slu_bench_server_cpu_s(struct slu_bench *bench,
                              const struct slu_bench_server *self);
void slu_bench_server_stop(struct slu_bench_server *take_self);

/* nginx on a free port of loopback, one process, access log off, sendfile on,
 * keep-alive without end, that serves the files below `root`, found anew for
 * each request. /a/b?c=d is answered with the file "root/a/b?c=d" if there is
 * one, else with root/a/b; all are application/json. *out_base is
 * "http://127.0.0.1:PORT". */
struct slu_bench_server *slu_bench_nginx(struct slu_bench *bench,
                                         const char *root, char out_base[64]);

/* A file in the case's folder, whose folders are made; path is relative to it
 * (or absolute). */
void slu_bench_write(struct slu_bench *bench, const char *path,
                     struct slu_view bytes);

/* The whole of a file, zero-terminated; slu_alloc_put(..., ptr, len + 1). */
struct slu_view slu_bench_read(struct slu_bench *bench, const char *path);

/* What libcurl's multi interface needs for the same URLs, `parallel` at a
 * time, thrown away: seconds of wall time. T of the limit T + P. An answer
 * that isn't a 200 ends the case. */
double slu_bench_fetch(struct slu_bench *bench, const char *const *urls,
                       size_t count, unsigned parallel, uint64_t *out_bytes);

/* Appends the body that a URL is answered with. Anything but a 200 ends the
 * case. */
struct slu_buf; /* codecs/buf.h */
void slu_bench_get(struct slu_bench *bench, const char *url,
                   struct slu_buf *io_body);

#ifdef __cplusplus
}
#endif
#endif
