/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a child is the end of both its pipes; then waitpid is asked until
 * it knows, every POLL_MS, which it nearly always does at once. What it left
 * running may keep the pipes open: so it is looked every LOOK_MS whether it has
 * ended itself, and one look later what has come is all. No handler of SIGCHLD:
 * that signal is the embedder's.
 */
#include "engine/child.h"

#include "codecs/buf.h"

#include <errno.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define POLL_MS 5
#define LOOK_MS 250
#define DROP_BYTES 1024

extern char **environ;

enum stream { OUTPUT, DIAGNOSTICS, STREAMS };

struct pipe_end {
    struct slu_child *child;
    struct event event;
    struct slu_buf buf;
    int fd; /* -1: closed */
    bool has_event;
    bool drop; /* what is over the cap is dropped, not an error */
};

struct slu_child {
    struct slu_child_options options;
    slu_child_end_fn on_end;
    void *ctx;
    pid_t pid; /* 0: none, or its end has been taken */
    struct pipe_end pipes[STREAMS];
    struct event deadline;
    struct event poll;
    bool has_ended; /* seen by a look, and not yet taken */
    struct slu_child_end end;
};

/* --- spawning ----------------------------------------------------------- */

struct spawn_plan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

static int plan_files(struct spawn_plan *plan, const int write_ends[STREAMS])
{
    posix_spawn_file_actions_t *actions = &plan->actions;
    int bad = posix_spawn_file_actions_addopen(actions, STDIN_FILENO,
                                               "/dev/null", O_RDONLY, 0);

    bad = bad != 0 ? bad
                   : posix_spawn_file_actions_adddup2(
                         actions, write_ends[OUTPUT], STDOUT_FILENO);
    bad = bad != 0 ? bad
                   : posix_spawn_file_actions_adddup2(
                         actions, write_ends[DIAGNOSTICS], STDERR_FILENO);
    /* Whatever the embedder left open is none of its business. */
    return bad != 0 ? bad
                    : posix_spawn_file_actions_addclosefrom_np(
                          actions, STDERR_FILENO + 1);
}

/* A group of its own, and signals as a shell would give them. */
static int plan_signals(struct spawn_plan *plan)
{
    posix_spawnattr_t *attributes = &plan->attributes;
    sigset_t none;
    sigset_t all;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    (void)posix_spawnattr_setpgroup(attributes, 0);
    (void)posix_spawnattr_setsigmask(attributes, &none);
    (void)posix_spawnattr_setsigdefault(attributes, &all);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
                                                    POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF);
}

static int spawn(struct slu_child *self, const int write_ends[STREAMS])
{
    char *const *argv = self->options.argv;
    struct spawn_plan plan;
    int bad = posix_spawn_file_actions_init(&plan.actions);

    if (bad != 0) {
        return bad;
    }
    bad = posix_spawnattr_init(&plan.attributes);
    if (bad == 0) {
        bad = plan_files(&plan, write_ends);
        bad = bad != 0 ? bad : plan_signals(&plan);
        if (bad == 0) {
            bad = posix_spawnp(&self->pid, argv[0], &plan.actions,
                               &plan.attributes, argv, environ);
        }
        (void)posix_spawnattr_destroy(&plan.attributes);
    }
    (void)posix_spawn_file_actions_destroy(&plan.actions);
    if (bad != 0) {
        self->pid = 0;
    }
    return bad;
}

/* --- the end ------------------------------------------------------------ */

static void close_pipe(struct pipe_end *pipe)
{
    if (pipe->has_event) {
        (void)event_del(&pipe->event);
        pipe->has_event = false;
    }
    if (pipe->fd >= 0) {
        (void)close(pipe->fd);
        pipe->fd = -1;
    }
}

static int read_status(int status)
{
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Ends the group and takes the child's status. It was given a signal that
 * can't be caught, so waiting is short. */
static void kill_child(struct slu_child *self)
{
    int status = 0;

    if (self->pid == 0) {
        return;
    }
    (void)kill(-self->pid, SIGKILL);
    while (waitpid(self->pid, &status, 0) < 0 && errno == EINTR) {
    }
    self->end.status = read_status(status);
    self->pid = 0;
}

static void free_child(struct slu_child *self)
{
    for (int i = 0; i < STREAMS; i++) {
        struct slu_buf *buf = &self->pipes[i].buf;

        close_pipe(&self->pipes[i]);
        if (buf->ptr != NULL) {
            explicit_bzero(buf->ptr, buf->capacity);
        }
        slu_buf_fini(buf);
    }
    (void)event_del(&self->deadline);
    (void)event_del(&self->poll);
    slu_alloc_put(self->options.alloc, self, sizeof(*self));
}

static void finish(struct slu_child *self)
{
    kill_child(self);
    self->end.output = slu_buf_view(&self->pipes[OUTPUT].buf);
    self->end.diagnostics = slu_buf_view(&self->pipes[DIAGNOSTICS].buf);
    self->on_end(self->ctx, &self->end);
    free_child(self);
}

static void on_deadline(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_child *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_error_set(&self->end.error, SLU_ERR_TIMEOUT,
                        "\"%.100s\" did not end within %lld s",
                        self->options.argv[0],
                        (long long)(self->options.time_limit_ms / 1000));
    finish(self);
}

static void ask_for_status(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_child *self = ctx;
    struct timeval soon = {.tv_usec = POLL_MS * 1000};
    int status = 0;
    pid_t pid = waitpid(self->pid, &status, WNOHANG);

    (void)fd;
    (void)what;
    if (pid == 0) {
        (void)event_add(&self->poll, &soon);
        return;
    }
    if (pid < 0) {
        (void)slu_error_set(&self->end.error, SLU_ERR_IO,
                            "the end of \"%.100s\" is not known: %s",
                            self->options.argv[0], strerror(errno));
    }
    self->end.status = read_status(status);
    self->pid = 0;
    finish(self);
}

static void look_again(struct slu_child *self)
{
    struct timeval wait = {.tv_usec = LOOK_MS * 1000};

    (void)event_add(&self->poll, &wait);
}

/* Its status is left where it is, for so long its number, which is the group's,
 * is nobody else's. */
static void look(struct slu_child *self)
{
    siginfo_t info = {0};

    if (waitid(P_PID, (id_t)self->pid, &info, WEXITED | WNOHANG | WNOWAIT) !=
            0 ||
        info.si_pid == 0) {
        look_again(self);
    } else if (!self->has_ended) {
        self->has_ended = true;
        look_again(self);
    } else {
        finish(self);
    }
}

static bool has_pipes(const struct slu_child *self)
{
    return self->pipes[OUTPUT].fd >= 0 || self->pipes[DIAGNOSTICS].fd >= 0;
}

static void on_poll(evutil_socket_t fd, short what, void *ctx)
{
    if (has_pipes(ctx)) {
        look(ctx);
    } else {
        ask_for_status(fd, what, ctx);
    }
}

/* --- reading ------------------------------------------------------------ */

/* Takes what is there: its count, 0 at the end, -1 with errno. */
static ssize_t read_some(struct pipe_end *pipe)
{
    struct slu_buf *buf = &pipe->buf;
    char dropped[DROP_BYTES];
    bool full = buf->len == buf->capacity;
    ssize_t got =
        full ? read(pipe->fd, dropped, sizeof(dropped))
             : read(pipe->fd, buf->ptr + buf->len, buf->capacity - buf->len);

    if (full) {
        explicit_bzero(dropped, sizeof(dropped));
    } else if (got > 0) {
        slu_buf_commit(buf, (size_t)got);
    }
    if (full && got > 0 && !pipe->drop) {
        errno = EFBIG;
        return -1;
    }
    return got;
}

static void fail_reading(struct slu_child *self)
{
    if (errno == EFBIG) {
        (void)slu_error_set(&self->end.error, SLU_ERR_LIMIT,
                            "\"%.100s\" wrote more than %zu bytes",
                            self->options.argv[0], self->options.output_max);
    } else {
        (void)slu_error_set(&self->end.error, SLU_ERR_IO,
                            "the output of \"%.100s\" cannot be read: %s",
                            self->options.argv[0], strerror(errno));
    }
    finish(self);
}

static void on_readable(evutil_socket_t fd, short what, void *ctx)
{
    struct pipe_end *pipe = ctx;
    struct slu_child *self = pipe->child;
    ssize_t got = read_some(pipe);

    (void)fd;
    (void)what;
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got < 0) {
        fail_reading(self);
        return;
    }
    if (got == 0) {
        close_pipe(pipe);
        if (!has_pipes(self)) {
            ask_for_status(-1, 0, self);
        }
    }
}

/* --- starting ----------------------------------------------------------- */

/* The read end is ours and doesn't block; the write end is the child's. */
static enum slu_err open_pipe(struct slu_child *self, enum stream stream,
                              size_t max, int *out_write_end)
{
    struct pipe_end *pipe = &self->pipes[stream];
    int ends[2];
    char *room;

    slu_buf_init(&pipe->buf, self->options.alloc, max);
    if (slu_buf_reserve(&pipe->buf, max, &room) != SLU_ERR_OK) {
        return SLU_ERR_NOMEM;
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return SLU_ERR_IO;
    }
    pipe->fd = ends[0];
    *out_write_end = ends[1];
    (void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
    (void)event_assign(&pipe->event, self->options.base, pipe->fd,
                       EV_READ | EV_PERSIST, on_readable, pipe);
    if (event_add(&pipe->event, NULL) != 0) {
        return SLU_ERR_NOMEM;
    }
    pipe->has_event = true;
    return SLU_ERR_OK;
}

static enum slu_err fail_start(int sys, const char *program,
                               struct slu_error *out_error)
{
    enum slu_err code = sys == ENOENT   ? SLU_ERR_NOT_FOUND
                        : sys == ENOMEM ? SLU_ERR_NOMEM
                                        : SLU_ERR_IO;

    (void)slu_error_set(out_error, code, "\"%.100s\" cannot be run: %s",
                        program, strerror(sys));
    if (out_error != NULL) {
        out_error->sys = sys;
    }
    return code;
}

static int start_child(struct slu_child *self)
{
    struct timeval limit = {.tv_sec = self->options.time_limit_ms / 1000,
                            .tv_usec =
                                self->options.time_limit_ms % 1000 * 1000};
    int write_ends[STREAMS] = {-1, -1};
    enum slu_err err;
    int sys;

    errno = 0;
    err =
        open_pipe(self, OUTPUT, self->options.output_max, &write_ends[OUTPUT]);
    if (err == SLU_ERR_OK) {
        err = open_pipe(self, DIAGNOSTICS, self->options.diagnostics_max,
                        &write_ends[DIAGNOSTICS]);
    }
    sys = err == SLU_ERR_IO ? errno : err == SLU_ERR_OK ? 0 : ENOMEM;
    if (sys == 0 && event_add(&self->deadline, &limit) != 0) {
        sys = ENOMEM;
    }
    if (sys == 0) {
        sys = spawn(self, write_ends);
    }
    for (int i = 0; i < STREAMS; i++) {
        if (write_ends[i] >= 0) {
            (void)close(write_ends[i]);
        }
    }
    return sys;
}

enum slu_err slu_child_start(const struct slu_child_options *options,
                             slu_child_end_fn on_end, void *ctx,
                             struct slu_child **out_child,
                             struct slu_error *out_error)
{
    struct slu_child *self = slu_alloc_zero(options->alloc, sizeof(*self));
    int sys;

    *out_child = NULL;
    if (self == NULL) {
        return fail_start(ENOMEM, options->argv[0], out_error);
    }
    self->options = *options;
    self->on_end = on_end;
    self->ctx = ctx;
    for (int i = 0; i < STREAMS; i++) {
        self->pipes[i].child = self;
        self->pipes[i].fd = -1;
        self->pipes[i].drop = i == DIAGNOSTICS;
    }
    (void)evtimer_assign(&self->deadline, options->base, on_deadline, self);
    (void)evtimer_assign(&self->poll, options->base, on_poll, self);
    sys = start_child(self);
    if (sys != 0) {
        free_child(self);
        return fail_start(sys, options->argv[0], out_error);
    }
    look_again(self);
    *out_child = self;
    return SLU_ERR_OK;
}

void slu_child_cancel(struct slu_child *take_self)
{
    if (take_self != NULL) {
        kill_child(take_self);
        free_child(take_self);
    }
}
