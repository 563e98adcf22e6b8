/* SPDX-License-Identifier: Apache-2.0 */
/* What: the parent's side of a case. The child's is turn.c. */
#include "bench/run.h"

#include "bench/run_private.h"
#include "engine/scratch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(struct slu_bench_result *result, const char *what,
                 const char *why)
{
    (void)snprintf(result->sentence, sizeof(result->sentence), "%s%s%s", what,
                   why[0] == '\0' ? "" : ": ", why);
}

/* ---- before ---- */

const char *slu_bench_package(const char *program)
{
    static const char *const others[][2] = {
        {"sort", "coreutils"},
    };

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(others[i][0], program) == 0) {
            return others[i][1];
        }
    }
    return program;
}

static bool is_in_path(const char *program)
{
    const char *path = getenv("PATH");
    char file[4096];

    path = path == NULL ? "/usr/bin:/bin" : path;
    while (*path != '\0') {
        size_t len = strcspn(path, ":");

        (void)snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, program);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':');
    }
    return false;
}

/* The first program that is needed and not there, in `out`. */
static bool has_programs(const char *needs, char *out, size_t size)
{
    while (*needs != '\0') {
        size_t len = strcspn(needs, " ");

        (void)snprintf(out, size, "%.*s", (int)len, needs);
        if (len > 0 && !is_in_path(out)) {
            return false;
        }
        needs += len + (needs[len] == ' ');
    }
    return true;
}

/* ---- the child ---- */

static void run_child(const struct slu_bench_wish *wish,
                      const struct slu_bench_case *bench_case,
                      const char *work_dir, int report)
{
    struct slu_bench_run run = {.report = report};
    struct slu_bench bench = {
        .alloc = wish->alloc,
        .size = wish->size,
        .seed = wish->seed,
        .rounds = wish->rounds,
        .bin_dir = wish->bin_dir,
        .work_dir = work_dir,
        .run = &run,
    };

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    bench_case->run(&bench);
    slu_bench_servers_stop(&bench);
    slu_bench_tell(&bench, SLU_BENCH_WORD_DONE, NULL, 0);
}

/* ---- what it says ---- */

static bool read_all(int fd, void *out, size_t len)
{
    char *at = out;

    while (len > 0) {
        ssize_t got = read(fd, at, len);

        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
        at += got > 0 ? got : 0;
        len -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static const char *take_text(const char **at)
{
    const char *text = *at;

    *at += strlen(text) + 1;
    return *text == '\0' ? NULL : text;
}

static void take_figure(struct slu_bench_result *result,
                        const struct slu_bench_message *message,
                        const char *bytes)
{
    struct slu_bench_figure *figure;
    const char *at;

    if (result->count == SLU_BENCH_FIGURES_MAX) {
        fail(result, "the case has too many figures", "");
        return;
    }
    figure = slu_alloc_get(result->alloc, message->len);
    if (figure == NULL) {
        fail(result, "out of memory", "");
        return;
    }
    memcpy(figure, bytes, message->len);
    at = (const char *)figure + sizeof(*figure);
    figure->name = take_text(&at);
    figure->unit = take_text(&at);
    figure->note = take_text(&at);
    for (int i = 0; i < SLU_BENCH_RIVALS_MAX; i++) {
        figure->rivals[i].name = take_text(&at);
    }
    result->figures[result->count].figure = figure;
    result->figures[result->count++].size = message->len;
}

/* To the end of the pipe. */
static void listen_to(int report, slu_bench_progress_fn on_round, void *ctx,
                      struct slu_bench_result *result)
{
    struct slu_bench_message message;
    char bytes[SLU_BENCH_MESSAGE_MAX + 1];
    unsigned rounds = 0;

    while (read_all(report, &message, sizeof(message)) &&
           message.len <= SLU_BENCH_MESSAGE_MAX &&
           read_all(report, bytes, message.len)) {
        bytes[message.len] = '\0';
        switch ((enum slu_bench_word)message.word) {
        case SLU_BENCH_WORD_ROUND:
            memcpy(&rounds, bytes, sizeof(rounds));
            on_round(ctx, rounds);
            break;
        case SLU_BENCH_WORD_FIGURE:
            take_figure(result, &message, bytes);
            break;
        case SLU_BENCH_WORD_FAILED:
            fail(result, bytes, "");
            break;
        case SLU_BENCH_WORD_DONE:
            result->done = true;
            break;
        }
    }
}

/* How a child that didn't say its last word ended. */
static void judge_end(struct slu_bench_result *result, int status)
{
    char how[64];

    if (result->sentence[0] != '\0') {
        result->done = false;
        return;
    }
    if (WIFSIGNALED(status)) {
        (void)snprintf(how, sizeof(how), "signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(how, sizeof(how), "exit code %d", WEXITSTATUS(status));
    }
    if (!result->done || status != 0) {
        result->done = false;
        fail(result, "the case broke off", how);
    }
}

/* ---- the whole ---- */

static void drop_figures(struct slu_bench_result *self)
{
    for (unsigned i = 0; i < self->count; i++) {
        slu_alloc_put(self->alloc, self->figures[i].figure,
                      self->figures[i].size);
    }
    self->count = 0;
}

static void run_in(const struct slu_bench_wish *wish, const char *work_dir,
                   slu_bench_progress_fn on_round, void *ctx,
                   struct slu_bench_result *result)
{
    int ends[2];
    int status = 0;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        fail(result, "no pipe", strerror(errno));
        return;
    }
    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        (void)close(ends[0]);
        run_child(wish, result->of, work_dir, ends[1]);
        exit(0); /* not _exit: a leak is to be spoken of */
    }
    (void)close(ends[1]);
    if (pid < 0) {
        fail(result, "no process", strerror(errno));
    } else {
        listen_to(ends[0], on_round, ctx, result);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
        }
        judge_end(result, status);
    }
    (void)close(ends[0]);
}

void slu_bench_run_case(const struct slu_bench_wish *wish,
                        const struct slu_bench_case *bench_case,
                        slu_bench_progress_fn on_round, void *ctx,
                        struct slu_bench_result *out_result)
{
    struct slu_scratch scratch;
    struct slu_error error = {0};
    double began = slu_bench_wall_s();
    char missing[64];

    *out_result =
        (struct slu_bench_result){.alloc = wish->alloc, .of = bench_case};
    if (!has_programs(bench_case->needs, missing, sizeof(missing))) {
        (void)snprintf(out_result->sentence, sizeof(out_result->sentence),
                       "%s is not installed: apt-get install %s, or let "
                       "tools/bench do it",
                       missing, slu_bench_package(missing));
        return;
    }
    if (slu_scratch_open(&scratch, &error) == SLU_ERR_OK) {
        run_in(wish, scratch.output_dir, on_round, ctx, out_result);
    } else {
        fail(out_result, error.text, "");
    }
    slu_scratch_close(&scratch);
    if (!out_result->done) {
        drop_figures(out_result);
    }
    out_result->seconds = slu_bench_wall_s() - began;
}

void slu_bench_result_fini(struct slu_bench_result *self)
{
    drop_figures(self);
}
