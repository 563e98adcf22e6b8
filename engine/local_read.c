/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads that may go on wait in a queue; a timer of zero runs each of them once
 * per turn of the loop, so that sockets have their turns between. A paused read
 * is in no queue, and one whose handler is being called is in none either: it
 * is `current`, and a cancel from within is noted there.
 */
#include "engine/local_read.h"
#include "engine/local_walk.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct slu_local_read {
    struct slu_local *local;
    struct slu_local_read *next; /* of all */
    struct slu_local_read *previous;
    struct slu_local_read *next_ready;
    struct slu_http_handler handler;
    void *ctx;
    enum slu_channel channel;
    int fd;
    struct slu_walk *walk;
    bool begun; /* on_head was called */
    bool ready; /* in the queue */
    bool paused;
    bool resumed; /* while on_body ran */
    size_t path_len;
    char path[];
};

struct slu_local {
    const struct slu_alloc *alloc;
    struct slu_profile *profile; /* NULL: none */
    struct event *timer;
    struct slu_local_read *all;
    struct slu_local_read *first_ready;
    struct slu_local_read *last_ready;
    struct slu_local_read *current; /* NULL once it was cancelled */
    char piece[SLU_LOCAL_PIECE_BYTES];
};

/* ---- the queue ---- */

static void wake(struct slu_local *self)
{
    static const struct timeval at_once = {0, 0};

    if (self->first_ready != NULL) {
        (void)event_add(self->timer, &at_once);
    }
}

static void push_ready(struct slu_local_read *read)
{
    struct slu_local *self = read->local;

    assert(!read->ready);
    read->ready = true;
    read->next_ready = NULL;
    if (self->first_ready == NULL) {
        self->first_ready = read;
    } else {
        self->last_ready->next_ready = read;
    }
    self->last_ready = read;
}

static struct slu_local_read *pop_ready(struct slu_local *self)
{
    struct slu_local_read *read = self->first_ready;

    self->first_ready = read->next_ready;
    read->ready = false;
    return read;
}

static void drop_ready(struct slu_local_read *read)
{
    struct slu_local *self = read->local;
    struct slu_local_read **link = &self->first_ready;
    struct slu_local_read *last = NULL;

    while (*link != read) {
        last = *link;
        link = &last->next_ready;
    }
    *link = read->next_ready;
    if (self->last_ready == read) {
        self->last_ready = last;
    }
    read->ready = false;
}

static void free_read(struct slu_local_read *read)
{
    struct slu_local *self = read->local;

    if (read->ready) {
        drop_ready(read);
    }
    if (self->current == read) {
        self->current = NULL;
    }
    if (read->previous == NULL) {
        self->all = read->next;
    } else {
        read->previous->next = read->next;
    }
    if (read->next != NULL) {
        read->next->previous = read->previous;
    }
    slu_walk_free(read->walk);
    if (read->fd >= 0) {
        (void)close(read->fd);
    }
    slu_alloc_put(self->alloc, read, sizeof(*read) + read->path_len + 1);
}

/* ---- one turn of one read ---- */

/* It is gone before its handler is called, which may start another. */
static void end_read(struct slu_local_read *read, const struct slu_error *error)
{
    struct slu_http_handler handler = read->handler;
    void *ctx = read->ctx;

    free_read(read);
    handler.on_end(ctx, error);
}

static void end_ok(struct slu_local_read *read)
{
    static const struct slu_error none = {0};

    end_read(read, &none);
}

static void end_with(struct slu_local_read *read, enum slu_err err, int sys)
{
    struct slu_error error;

    (void)slu_error_set(&error, err, "%.200s can't be read: %s", read->path,
                        sys != 0 ? strerror(sys) : slu_err_sentence(err));
    error.sys = sys;
    end_read(read, &error);
}

/* False when the handler has cancelled it. */
static bool call_head(struct slu_local_read *read, int status)
{
    struct slu_local *self = read->local;
    struct slu_http_head head = {.status = status};

    read->begun = true;
    read->handler.on_head(read->ctx, &head);
    return self->current == read;
}

static void hand_on(struct slu_local_read *read, struct slu_view bytes)
{
    struct slu_local *self = read->local;
    struct slu_error error;
    enum slu_http_flow flow;

    read->resumed = false;
    flow = read->handler.on_body(read->ctx, bytes);
    if (self->current != read) {
        return;
    }
    if (flow == SLU_HTTP_ERROR) {
        (void)slu_error_set(&error, SLU_ERR_STOPPED,
                            "%.200s: the rest was not wanted", read->path);
        end_read(read, &error);
        return;
    }
    read->paused = flow == SLU_HTTP_PAUSE && !read->resumed;
}

static int status_of(int sys)
{
    switch (sys) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return 404;
    case EACCES:
    case EPERM:
    case ELOOP:
        return 403;
    default:
        return 0;
    }
}

/* Never waits: a pipe that nobody writes would stop the loop. */
static int open_path(const struct slu_local_read *read)
{
    int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    struct stat info;
    int fd;

    if (read->channel == SLU_CHANNEL_FOLDER) {
        return open(read->path, flags | O_DIRECTORY);
    }
    fd = open(read->path, flags);
    if (fd >= 0 && (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))) {
        (void)close(fd);
        errno = ENOENT;
        return -1;
    }
    if (fd >= 0) {
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    }
    return fd;
}

static void begin(struct slu_local_read *read)
{
    int status = 200;

    /* A path with a zero byte in it names no file. */
    errno = ENOENT;
    if (strlen(read->path) == read->path_len) {
        read->fd = open_path(read);
    }
    if (read->fd < 0) {
        status = status_of(errno);
    }
    if (status == 0) {
        end_with(read, SLU_ERR_IO, errno);
        return;
    }
    if (read->fd >= 0 && read->channel == SLU_CHANNEL_FOLDER) {
        read->walk = slu_walk_new(read->local->alloc, read->fd);
        read->fd = -1;
        if (read->walk == NULL) {
            end_with(read, SLU_ERR_NOMEM, 0);
            return;
        }
    }
    if (call_head(read, status) && status != 200) {
        end_ok(read);
    }
}

static void go_on_file(struct slu_local_read *read_)
{
    struct slu_local *self = read_->local;
    ssize_t got;

    do {
        got = read(read_->fd, self->piece, sizeof(self->piece));
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        end_with(read_, SLU_ERR_IO, errno);
    } else if (got == 0) {
        end_ok(read_);
    } else {
        hand_on(read_, slu_view_make(self->piece, (size_t)got));
    }
}

static void go_on_folder(struct slu_local_read *read)
{
    struct slu_view lines;
    int sys = 0;
    enum slu_err err = slu_walk_next(read->walk, &lines, &sys);

    if (err != SLU_ERR_OK) {
        end_with(read, err, sys);
    } else if (lines.len > 0) {
        hand_on(read, lines);
    } else if (slu_walk_is_done(read->walk)) {
        end_ok(read);
    }
}

static void take_turn(struct slu_local *self, struct slu_local_read *read)
{
    self->current = read;
    if (!read->begun) {
        begin(read);
    } else if (read->walk != NULL) {
        go_on_folder(read);
    } else {
        go_on_file(read);
    }
    if (self->current == read && !read->paused) {
        push_ready(read);
    }
    self->current = NULL;
}

/* What becomes ready from now on waits for the next turn of the loop. */
static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_local *self = ctx;
    unsigned turns = 0;

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->profile, SLU_STAGE_RECEIVE);
    for (struct slu_local_read *read = self->first_ready; read != NULL;
         read = read->next_ready) {
        turns++;
    }
    while (turns-- > 0 && self->first_ready != NULL) {
        take_turn(self, pop_ready(self));
    }
    wake(self);
    slu_profile_sleep(self->profile);
}

/* ---- life cycle ---- */

struct slu_local *slu_local_new(const struct slu_alloc *alloc,
                                struct event_base *base)
{
    struct slu_local *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    self->timer = evtimer_new(base, on_timer, self);
    if (self->timer == NULL) {
        slu_alloc_put(alloc, self, sizeof(*self));
        return NULL;
    }
    return self;
}

void slu_local_set_profile(struct slu_local *self, struct slu_profile *profile)
{
    self->profile = profile;
}

void slu_local_free(struct slu_local *self)
{
    if (self == NULL) {
        return;
    }
    while (self->all != NULL) {
        free_read(self->all);
    }
    event_free(self->timer);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

enum slu_err slu_local_start(struct slu_local *self, enum slu_channel channel,
                             struct slu_view path,
                             const struct slu_http_handler *handler, void *ctx,
                             struct slu_local_read **out_read)
{
    struct slu_local_read *read =
        slu_alloc_zero(self->alloc, sizeof(*read) + path.len + 1);

    assert(channel == SLU_CHANNEL_FILE || channel == SLU_CHANNEL_FOLDER);
    if (read == NULL) {
        return SLU_ERR_NOMEM;
    }
    read->local = self;
    read->channel = channel;
    read->handler = *handler;
    read->ctx = ctx;
    read->fd = -1;
    read->path_len = path.len;
    if (path.len > 0) {
        memcpy(read->path, path.ptr, path.len);
    }
    read->next = self->all;
    if (self->all != NULL) {
        self->all->previous = read;
    }
    self->all = read;
    push_ready(read);
    wake(self);
    *out_read = read;
    return SLU_ERR_OK;
}

void slu_local_resume(struct slu_local_read *self)
{
    self->resumed = true;
    if (self->paused) {
        self->paused = false;
        push_ready(self);
        wake(self->local);
    }
}

void slu_local_cancel(struct slu_local_read *take_self)
{
    free_read(take_self);
}
