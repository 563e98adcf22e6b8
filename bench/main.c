/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sluice-bench`: the cases one after the other, each in a process of its own,
 * and what came of them as a table, as JSON and as a page.
 */
#include "bench/baseline.h"
#include "bench/options.h"
#include "bench/page.h"
#include "bench/run_private.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct session {
    struct slu_bench_options options;
    struct slu_bench_report report;
    struct slu_bench_result results[SLU_BENCH_CASES_MAX];
    char bin_dir[4096];
    bool terminal; /* stderr is one: progress is shown */
    size_t at;     /* the case that runs */
};

/* A Ctrl-C ends the case by itself, as it reaches its process too; we are left
 * to take its folder away. */
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    interrupted = number;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};

    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
}

static void show_progress(void *ctx, unsigned rounds)
{
    struct session *self = ctx;

    if (!self->terminal) {
        return;
    }
    (void)fprintf(stderr, "\r\033[K[%zu/%zu] %s", self->at + 1,
                  self->options.count, self->options.cases[self->at]->title);
    if (rounds > 0) {
        (void)fprintf(stderr, ", round %u", rounds);
    }
    (void)fflush(stderr);
}

static void clear_progress(const struct session *self)
{
    if (self->terminal) {
        (void)fputs("\r\033[K", stderr);
    }
}

static bool has_colour(void)
{
    return isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL;
}

static struct slu_bench_wish make_wish(const struct session *self)
{
    return (struct slu_bench_wish){
        .alloc = slu_alloc_default(),
        .size = self->options.size,
        .seed = self->options.seed,
        .rounds = self->options.rounds,
        .bin_dir = self->bin_dir,
    };
}

static void run_cases(struct session *self)
{
    const struct slu_bench_wish wish = make_wish(self);
    bool text = !self->options.json;

    for (self->at = 0; self->at < self->options.count && !interrupted;
         self->at++) {
        struct slu_bench_result *result = &self->results[self->at];

        show_progress(self, 0);
        slu_bench_run_case(&wish, self->options.cases[self->at], show_progress,
                           self, result);
        self->report.count++;
        clear_progress(self);
        if (text) {
            slu_bench_text_case(stdout, &self->report, result, has_colour());
            (void)fflush(stdout);
        }
    }
}

static bool write_file(const char *path,
                       void (*write)(FILE *to,
                                     const struct slu_bench_report *report),
                       const struct slu_bench_report *report)
{
    FILE *to = path == NULL ? NULL : fopen(path, "we");
    bool good = path == NULL;

    if (to != NULL) {
        write(to, report);
        good = ferror(to) == 0;
        good = fclose(to) == 0 && good;
    }
    if (!good) {
        (void)fprintf(stderr, "sluice-bench: cannot write %s: %s\n", path,
                      strerror(errno));
    }
    return good;
}

/* Before anything is measured: what can't be written would come to nothing. */
static bool can_write(const char *path)
{
    int fd = -1;

    if (path == NULL) {
        return true;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0) {
        (void)fprintf(stderr, "sluice-bench: cannot write %s: %s\n", path,
                      strerror(errno));
        return false;
    }
    return close(fd) == 0;
}

static bool write_all(struct session *self)
{
    const struct slu_bench_report *report = &self->report;

    if (self->options.json) {
        slu_bench_json(stdout, report);
    } else {
        slu_bench_text_end(stdout, report);
    }
    return fflush(stdout) == 0 &&
           write_file(self->options.json_path, slu_bench_json, report) &&
           write_file(self->options.html_path, slu_bench_html, report);
}

/* The folder of this program, where sluice is too. */
static void find_bin_dir(struct session *self)
{
    ssize_t len =
        readlink("/proc/self/exe", self->bin_dir, sizeof(self->bin_dir) - 1);
    char *slash = len > 0 ? strrchr(self->bin_dir, '/') : NULL;

    if (slash != NULL) {
        *slash = '\0';
    }
}

static int run_session(struct session *self)
{
    bool written;

    self->terminal = isatty(STDERR_FILENO);
    self->report.size = self->options.size;
    self->report.seed = self->options.seed;
    self->report.results = self->results;
    slu_bench_machine_read(&self->report.machine);
    catch_signals();
    if (!self->options.json) {
        slu_bench_text_begin(stdout, &self->report);
    }
    run_cases(self);
    written = write_all(self);
    for (size_t i = 0; i < self->report.count; i++) {
        slu_bench_result_fini(&self->results[i]);
    }
    if (interrupted) {
        return 128 + interrupted;
    }
    return written && slu_bench_report_count(&self->report).failed == 0 ? 0 : 1;
}

static int run_baseline(const struct session *self)
{
    const struct slu_bench_wish wish = make_wish(self);
    const char *path = self->options.baseline_path;

    return self->options.renew
               ? (int)slu_bench_baseline_renew(&wish, path, stdout)
               : (int)slu_bench_baseline_compare(&wish, path, stdout);
}

int main(int argc, char **argv)
{
    static struct session session;

    if (argc > 1 && strcmp(argv[1], "--launch") == 0) {
        return slu_bench_launch(argc, argv);
    }
    if (argc == 2 && strcmp(argv[1], "--count") == 0) {
        return slu_bench_baseline_count();
    }
    if (!slu_bench_options_parse(&session.options, argc, argv, stderr)) {
        return 2;
    }
    if (session.options.help) {
        slu_bench_help(stdout);
        return 0;
    }
    if (session.options.list) {
        slu_bench_list(stdout);
        return 0;
    }
    if (!can_write(session.options.json_path) ||
        !can_write(session.options.html_path) ||
        (session.options.renew && !can_write(session.options.baseline_path))) {
        return 2;
    }
    find_bin_dir(&session);
    if (session.options.baseline_path != NULL) {
        return run_baseline(&session);
    }
    return run_session(&session);
}
