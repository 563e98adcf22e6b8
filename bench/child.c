/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that a case runs. One whose cost is wanted is started by the
 * launcher: sluice-bench itself, executed anew and therefore small, as
 * `sluice-bench --launch FD PROGRAM ARGUMENT...`. It forks, executes, waits,
 * and writes a struct launched to FD. Without it a program that needs 10 MB
 * would be booked with the gigabyte of the case that started it: exec() keeps
 * the peak of what was there before (ru_maxrss, getrusage(2)).
 */
#include "bench/server.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_DIGITS 12

struct launched {
    int sys; /* errno of exec(); 0: it ran */
    struct slu_bench_cost cost;
};

/* ---- the launcher ---- */

static double read_seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Executes it in a child; errno's number if that fails, told over a pipe that
 * a good exec() closes. */
static int start_program(char **args, pid_t *out_pid)
{
    int ends[2];
    int sys = 0;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return errno;
    }
    *out_pid = fork();
    if (*out_pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)execvp(args[0], args);
        sys = errno;
        (void)!write(ends[1], &sys, sizeof(sys));
        _exit(127);
    }
    (void)close(ends[1]);
    if (*out_pid < 0) {
        sys = errno;
    } else {
        (void)!read(ends[0], &sys, sizeof(sys));
    }
    (void)close(ends[0]);
    return sys;
}

int slu_bench_launch(int argc, char **argv)
{
    struct launched launched = {0};
    double began = slu_bench_wall_s();
    struct rusage usage = {0};
    int status = 0;
    pid_t pid = -1;
    int report;

    if (argc < 4) {
        return 2;
    }
    report = atoi(argv[2]);
    (void)fcntl(report, F_SETFD, FD_CLOEXEC);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    launched.sys = start_program(argv + 3, &pid);
    while (pid > 0 && wait4(pid, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    launched.cost.wall_s = slu_bench_wall_s() - began;
    launched.cost.cpu_s =
        read_seconds(usage.ru_utime) + read_seconds(usage.ru_stime);
    launched.cost.peak_mb = (double)usage.ru_maxrss * 1024 / 1e6;
    launched.cost.status =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return write(report, &launched, sizeof(launched)) ==
                   (ssize_t)sizeof(launched)
               ? 0
               : 1;
}

/* ---- between fork and exec ---- */

static void say_and_exit(const char *what)
{
    (void)dprintf(STDERR_FILENO, "%s: %s\n", what, strerror(errno));
    _exit(127);
}

static void open_as(int fd, const char *path, int flags)
{
    int file = open(path == NULL ? "/dev/null" : path, flags, 0600);

    if (file < 0 || dup2(file, fd) < 0) {
        say_and_exit(path);
    }
    if (file != fd) {
        (void)close(file);
    }
}

void slu_bench_prepare(const struct slu_bench *bench,
                       const struct slu_bench_command *command, int out_fd)
{
    char errors[SLU_BENCH_PATH_BYTES];

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)snprintf(errors, sizeof(errors), "%s/stderr", bench->work_dir);
    open_as(STDERR_FILENO,
            command->stderr_path == NULL ? errors : command->stderr_path,
            O_WRONLY | O_CREAT | O_APPEND);
    open_as(STDIN_FILENO, command->stdin_path, O_RDONLY);
    if (out_fd >= 0) {
        (void)dup2(out_fd, STDOUT_FILENO);
    } else {
        open_as(STDOUT_FILENO, command->stdout_path,
                O_WRONLY | O_CREAT | O_TRUNC);
    }
    if (chdir(bench->work_dir) != 0) {
        say_and_exit(bench->work_dir);
    }
    for (size_t i = 0; command->env != NULL && command->env[i] != NULL; i++) {
        (void)putenv((char *)(uintptr_t)command->env[i]);
    }
}

const char *slu_bench_find_program(const struct slu_bench *bench,
                                   const char *name,
                                   char path[SLU_BENCH_PATH_BYTES])
{
    if (strchr(name, '/') != NULL) {
        return name;
    }
    (void)snprintf(path, SLU_BENCH_PATH_BYTES, "%s/%s", bench->bin_dir, name);
    return access(path, X_OK) == 0 ? path : name;
}

void slu_bench_add_args(struct slu_bench *bench,
                        const struct slu_bench_command *command,
                        const char *program, char **args, size_t before)
{
    size_t count = 0;

    while (command->args[count] != NULL) {
        count++;
    }
    slu_bench_require(bench, before + count < SLU_BENCH_ARGS_MAX,
                      "too many arguments for %s", program);
    args[before] = (char *)(uintptr_t)program;
    for (size_t i = 1; i <= count; i++) {
        args[before + i] = (char *)(uintptr_t)command->args[i];
    }
}

void slu_bench_last_words(const struct slu_bench *bench,
                          const struct slu_bench_command *command, char *out,
                          size_t size)
{
    char path[SLU_BENCH_PATH_BYTES];
    char tail[512];
    ssize_t got;
    int fd;

    (void)snprintf(path, sizeof(path), "%s/stderr", bench->work_dir);
    fd = open(command->stderr_path == NULL ? path : command->stderr_path,
              O_RDONLY | O_CLOEXEC);
    out[0] = '\0';
    if (fd < 0) {
        return;
    }
    if (lseek(fd, -(off_t)(sizeof(tail) - 1), SEEK_END) < 0) {
        (void)lseek(fd, 0, SEEK_SET);
    }
    got = read(fd, tail, sizeof(tail) - 1);
    (void)close(fd);
    while (got > 0 && tail[got - 1] == '\n') {
        got--;
    }
    if (got > 0) {
        char *line;

        tail[got] = '\0';
        line = strrchr(tail, '\n');
        (void)snprintf(out, size, ": %s", line == NULL ? tail : line + 1);
    }
}

/* ---- a program to its end ---- */

static pid_t start_launcher(struct slu_bench *bench,
                            const struct slu_bench_command *command, int report)
{
    char program[SLU_BENCH_PATH_BYTES];
    char digits[FD_DIGITS];
    char *args[SLU_BENCH_ARGS_MAX] = {"sluice-bench", "--launch", digits};
    pid_t pid;

    (void)snprintf(digits, sizeof(digits), "%d", report);
    slu_bench_add_args(bench, command,
                       slu_bench_find_program(bench, command->args[0], program),
                       args, 3);
    pid = fork();
    if (pid == 0) {
        slu_bench_prepare(bench, command, -1);
        (void)fcntl(report, F_SETFD, 0);
        (void)execv("/proc/self/exe", args);
        say_and_exit("sluice-bench");
    }
    return pid;
}

void slu_bench_spawn(struct slu_bench *bench,
                     const struct slu_bench_command *command,
                     struct slu_bench_cost *out_cost)
{
    struct launched launched = {0};
    char said[400] = "";
    ssize_t got = -1;
    int ends[2];
    pid_t pid;

    slu_bench_require(bench, pipe2(ends, O_CLOEXEC) == 0, "no pipe: %s",
                      strerror(errno));
    pid = start_launcher(bench, command, ends[1]);
    (void)close(ends[1]);
    if (pid > 0) {
        do {
            got = read(ends[0], &launched, sizeof(launched));
        } while (got < 0 && errno == EINTR);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    (void)close(ends[0]);
    if (got != (ssize_t)sizeof(launched)) {
        slu_bench_last_words(bench, command, said, sizeof(said));
    }
    slu_bench_require(bench, got == (ssize_t)sizeof(launched),
                      "%s can't be started%s", command->args[0], said);
    slu_bench_require(bench, launched.sys == 0, "%s can't be run: %s",
                      command->args[0], strerror(launched.sys));
    *out_cost = launched.cost;
}

void slu_bench_spawn_well(struct slu_bench *bench,
                          const struct slu_bench_command *command,
                          struct slu_bench_cost *out_cost)
{
    char said[400] = "";

    slu_bench_spawn(bench, command, out_cost);
    if (out_cost->status != 0) {
        slu_bench_last_words(bench, command, said, sizeof(said));
    }
    slu_bench_require(bench, out_cost->status == 0, "%s ended with %d%s",
                      command->args[0], out_cost->status, said);
}
