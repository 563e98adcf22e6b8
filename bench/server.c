/* SPDX-License-Identifier: Apache-2.0 */
/* What: programs that live as long as the case. */
#include "bench/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LINE_WAIT_MS 20000
#define STOP_WAIT_MS 5000
#define STOP_LOOK_MS 5

static struct slu_bench_server *find_place(struct slu_bench *bench)
{
    for (int i = 0; i < SLU_BENCH_SERVERS_MAX; i++) {
        if (bench->run->servers[i].pid == 0) {
            return &bench->run->servers[i];
        }
    }
    slu_bench_require(bench, false, "too many servers");
    return NULL;
}

static struct slu_bench_server *
start(struct slu_bench *bench, const struct slu_bench_command *command, int out)
{
    struct slu_bench_server *self = find_place(bench);
    char *args[SLU_BENCH_ARGS_MAX];
    char path[SLU_BENCH_PATH_BYTES];

    slu_bench_add_args(bench, command,
                       slu_bench_find_program(bench, command->args[0], path),
                       args, 0);
    self->out = -1;
    self->pid = fork();
    if (self->pid == 0) {
        slu_bench_prepare(bench, command, out);
        (void)execvp(args[0], args);
        (void)dprintf(STDERR_FILENO, "%s: %s\n", args[0], strerror(errno));
        _exit(127);
    }
    slu_bench_require(bench, self->pid > 0, "no process: %s", strerror(errno));
    return self;
}

struct slu_bench_server *
slu_bench_server_start_quietly(struct slu_bench *bench,
                               const struct slu_bench_command *command)
{
    return start(bench, command, -1);
}

/* A line, without its end; false when none came in time. */
static bool read_line(int fd, char *out, size_t size)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    size_t len = 0;

    while (len + 1 < size && poll(&ready, 1, LINE_WAIT_MS) > 0 &&
           read(fd, out + len, 1) == 1) {
        if (out[len] == '\n') {
            out[len] = '\0';
            return true;
        }
        len++;
    }
    out[len] = '\0';
    return false;
}

struct slu_bench_server *
slu_bench_server_start(struct slu_bench *bench,
                       const struct slu_bench_command *command, char *out_line,
                       size_t out_size)
{
    struct slu_bench_server *self;
    char said[400] = "";
    int ends[2];
    bool spoke;

    slu_bench_require(bench, pipe2(ends, O_CLOEXEC) == 0, "no pipe: %s",
                      strerror(errno));
    self = start(bench, command, ends[1]);
    (void)close(ends[1]);
    self->out = ends[0]; /* stays open: a second line is no SIGPIPE */
    spoke = read_line(self->out, out_line, out_size);
    if (!spoke) {
        slu_bench_last_words(bench, command, said, sizeof(said));
    }
    slu_bench_require(bench, spoke, "%s doesn't say where it listens%s",
                      command->args[0], said);
    return self;
}

double slu_bench_server_cpu_s(struct slu_bench *bench,
                              const struct slu_bench_server *self)
{
    struct timespec used = {0};
    clockid_t clock = 0;
    bool known = clock_getcpuclockid(self->pid, &clock) == 0 &&
                 clock_gettime(clock, &used) == 0;

    slu_bench_require(bench, known, "a server has ended by itself");
    return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
}

bool slu_bench_server_has_ended(struct slu_bench_server *self, int *out_status)
{
    int status = 0;

    if (waitpid(self->pid, &status, WNOHANG) != self->pid) {
        return false;
    }
    *out_status =
        WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    self->pid = 0;
    return true;
}

/* Whether it ended in time. */
static bool wait_for(pid_t pid)
{
    const struct timespec pause = {.tv_nsec = STOP_LOOK_MS * 1000000L};

    for (int waited = 0; waited < STOP_WAIT_MS; waited += STOP_LOOK_MS) {
        if (waitpid(pid, NULL, WNOHANG) != 0) {
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

void slu_bench_server_stop(struct slu_bench_server *take_self)
{
    if (take_self == NULL || take_self->pid == 0) {
        return;
    }
    (void)kill(take_self->pid, SIGTERM);
    if (!wait_for(take_self->pid)) {
        (void)kill(take_self->pid, SIGKILL);
        (void)waitpid(take_self->pid, NULL, 0);
    }
    if (take_self->out >= 0) {
        (void)close(take_self->out);
    }
    take_self->pid = 0;
}

void slu_bench_servers_stop(struct slu_bench *bench)
{
    for (int i = 0; i < SLU_BENCH_SERVERS_MAX; i++) {
        slu_bench_server_stop(&bench->run->servers[i]);
    }
}
