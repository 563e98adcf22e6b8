/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/store_queue.h"
#include "engine/clock.h"
#include "engine/store_records.h"

#include <time.h>

/* Of max_bytes, what is a large group. Far below what makes the queue full, so
 * that no room is ever waited for while a group pauses. */
#define LARGE_PART 8
#define NS_PER_MS 1000000u
#define NS_PER_S 1000000000u

/* ---- what the thread does ---- */

static void write_group(struct slu_store_queue *self, const struct slu_op *op)
{
    struct slu_db *db = self->db;
    uint64_t pending = 0;
    enum slu_err err = slu_db_begin(db);

    for (; err == SLU_ERR_OK && op != NULL; op = op->next) {
        err = slu_op_apply(db, op, &pending);
    }
    if (err == SLU_ERR_OK && self->before_commit != NULL) {
        err = self->before_commit(self->ctx, &db->error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(db);
    }
    if (err == SLU_ERR_OK) {
        db->pending += pending;
    } else {
        slu_db_rollback(db);
        db->failed = true;
    }
}

/* Notes a failed write. What is queued behind it would not be durable in its
 * order: it goes. */
static void note_failure(struct slu_store_queue *self)
{
    if (self->db->failed && !self->failed) {
        self->failed = true;
        self->failure = self->db->error;
    }
    if (self->failed) {
        self->bytes -= slu_op_free_all(self->alloc, self->first);
        self->first = NULL;
        self->last = NULL;
    }
}

static void run_group(struct slu_store_queue *self)
{
    struct slu_op *group = self->first;

    self->first = NULL;
    self->last = NULL;
    (void)pthread_mutex_unlock(&self->mutex);
    write_group(self, group);
    (void)pthread_mutex_lock(&self->mutex);
    self->bytes -= slu_op_free_all(self->alloc, group);
}

static uint64_t choose_fold_at(const struct slu_store_queue *self)
{
    return slu_db_fold_at(self->db, self->fold_at);
}

static void run_fold(struct slu_store_queue *self)
{
    bool chunk = self->db->pending >= choose_fold_at(self);

    (void)pthread_mutex_unlock(&self->mutex);
    if (slu_db_fold_turn(self->db, chunk) != SLU_ERR_OK) {
        /* finish_turn sees db->failed */
    }
    (void)pthread_mutex_lock(&self->mutex);
}

static void run_sync(struct slu_store_queue *self)
{
    (void)pthread_mutex_unlock(&self->mutex);
    if (slu_db_sync(self->db) != SLU_ERR_OK) {
        /* finish_turn sees db->failed */
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->sync_wanted = false;
}

static void run_tidy(struct slu_store_queue *self)
{
    self->tidy_wanted = false;
    self->tidying = true;
    (void)pthread_mutex_unlock(&self->mutex);
    slu_db_tidy(self->db);
    (void)pthread_mutex_lock(&self->mutex);
    self->tidying = false;
}

/* ---- the thread ---- */

/* The database is the owner's while it works, so it is looked at only when the
 * owner doesn't. */
static bool want_fold(const struct slu_store_queue *self)
{
    return !self->failed && !self->stopping && !self->owner_waiting &&
           (self->db->pending >= choose_fold_at(self) ||
            slu_db_has_turn(self->db));
}

static bool is_due(const struct slu_store_queue *self)
{
    return self->first != NULL &&
           (self->stopping || self->owner_waiting || self->waiting != 0 ||
            self->bytes >= self->max_bytes / LARGE_PART ||
            slu_clock_mono_ns() >= self->due_ns);
}

enum turn {
    TURN_NONE,
    TURN_GROUP,
    TURN_FOLD,
    TURN_SYNC,
    TURN_TIDY,
    TURN_END,
};

/* Fold and group turn by turn: a queue that is never empty must not keep what
 * is pending from being folded, nor the other way round. */
static enum turn choose_turn(const struct slu_store_queue *self)
{
    bool due;

    if (self->owner_working) {
        return TURN_NONE;
    }
    if (self->sync_wanted && !self->failed) {
        return TURN_SYNC;
    }
    due = is_due(self);
    if (want_fold(self) && !(due && self->folded)) {
        return TURN_FOLD;
    }
    if (due) {
        return TURN_GROUP;
    }
    if (self->first != NULL) {
        return TURN_NONE;
    }
    if (self->stopping) {
        return TURN_END;
    }
    return self->tidy_wanted ? TURN_TIDY : TURN_NONE;
}

/* Until a signal, or until what is queued is due. */
static void pause_thread(struct slu_store_queue *self)
{
    struct timespec due = {.tv_sec = (time_t)(self->due_ns / NS_PER_S),
                           .tv_nsec = (long)(self->due_ns % NS_PER_S)};

    if (self->first == NULL || self->owner_working) {
        (void)pthread_cond_wait(&self->work, &self->mutex);
    } else {
        (void)pthread_cond_timedwait(&self->work, &self->mutex, &due);
    }
}

static enum turn wait_for_turn(struct slu_store_queue *self)
{
    enum turn turn = choose_turn(self);

    while (turn == TURN_NONE) {
        pause_thread(self);
        turn = choose_turn(self);
    }
    return turn;
}

static bool take_room_call(struct slu_store_queue *self)
{
    bool call = self->room_wanted &&
                (self->failed || self->bytes < self->max_bytes / 2);

    if (call) {
        self->room_wanted = false;
    }
    return call && self->on_room != NULL;
}

/* Called with the mutex held; on_room is called without it. */
static void finish_turn(struct slu_store_queue *self, bool failed_before)
{
    bool call;

    note_failure(self);
    self->working = false;
    call = take_room_call(self);
    if (self->failed && !failed_before) {
        call = self->on_room != NULL;
    }
    (void)pthread_cond_broadcast(&self->done);
    if (call) {
        (void)pthread_mutex_unlock(&self->mutex);
        self->on_room(self->ctx);
        (void)pthread_mutex_lock(&self->mutex);
    }
}

static void run_turn(struct slu_store_queue *self, enum turn turn)
{
    self->working = true;
    self->folded = turn == TURN_FOLD;
    if (turn == TURN_GROUP) {
        run_group(self);
    } else if (turn == TURN_FOLD) {
        run_fold(self);
    } else if (turn == TURN_SYNC) {
        run_sync(self);
    } else {
        run_tidy(self);
    }
}

static void *run_thread(void *arg)
{
    struct slu_store_queue *self = arg;
    enum turn turn;

    (void)pthread_mutex_lock(&self->mutex);
    turn = wait_for_turn(self);
    while (turn != TURN_END) {
        bool failed_before = self->failed;

        run_turn(self, turn);
        finish_turn(self, failed_before);
        turn = wait_for_turn(self);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

/* ---- the owner's side ---- */

/* One whose timed wait goes by the monotonic clock. */
static void init_clocked(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;

    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(cond, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

enum slu_err slu_store_queue_start(struct slu_store_queue *self,
                                   struct slu_db *db,
                                   const struct slu_store_options *opts)
{
    *self = (struct slu_store_queue){.db = db,
                                     .alloc = opts->alloc,
                                     .max_bytes = opts->queue_bytes,
                                     .pause_ns =
                                         (uint64_t)opts->pause_ms * NS_PER_MS,
                                     .fold_at = opts->fold_at,
                                     .ctx = opts->ctx,
                                     .on_room = opts->on_room,
                                     .before_commit = opts->before_commit};
    (void)pthread_mutex_init(&self->mutex, NULL);
    init_clocked(&self->work);
    (void)pthread_cond_init(&self->done, NULL);
    if (pthread_create(&self->thread, NULL, run_thread, self) != 0) {
        return slu_error_set(&db->error, SLU_ERR_NOMEM,
                             "cannot start the store's thread");
    }
    self->started = true;
    return SLU_ERR_OK;
}

void slu_store_queue_stop(struct slu_store_queue *self)
{
    if (!self->started) {
        return;
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->stopping = true;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
    (void)pthread_join(self->thread, NULL);
    (void)pthread_cond_destroy(&self->done);
    (void)pthread_cond_destroy(&self->work);
    (void)pthread_mutex_destroy(&self->mutex);
    self->started = false;
}

/* Wakes the thread for the first of a group, whose pause begins, and for what
 * makes the group large. */
static void append_op(struct slu_store_queue *self, struct slu_op *op)
{
    size_t large = self->max_bytes / LARGE_PART;
    size_t before = self->bytes;
    bool first = self->first == NULL;

    if (first) {
        self->first = op;
        self->due_ns = slu_clock_mono_ns() + self->pause_ns;
    } else {
        self->last->next = op;
    }
    self->last = op;
    self->bytes += slu_op_measure(op);
    if (first || (before < large && self->bytes >= large)) {
        (void)pthread_cond_signal(&self->work);
    }
}

/* Waits while there is no room for so many bytes. */
static void wait_for_room(struct slu_store_queue *self, size_t bytes)
{
    self->waiting++;
    while (!self->failed && self->bytes != 0 &&
           self->bytes + bytes > self->max_bytes) {
        (void)pthread_cond_signal(&self->work);
        (void)pthread_cond_wait(&self->done, &self->mutex);
    }
    self->waiting--;
}

enum slu_err slu_store_queue_push(struct slu_store_queue *self,
                                  const struct slu_op *op,
                                  struct slu_error *out_error)
{
    struct slu_op *copy = slu_op_copy(self->alloc, op);
    enum slu_err err = SLU_ERR_OK;

    if (copy == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM,
                             "out of memory for an answer of %zu bytes",
                             op->records.len + op->entries.len);
    }
    (void)pthread_mutex_lock(&self->mutex);
    wait_for_room(self, slu_op_measure(copy));
    if (self->failed) {
        *out_error = self->failure;
        err = self->failure.code;
        (void)slu_op_free_all(self->alloc, copy);
    } else {
        append_op(self, copy);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return err;
}

/* At three quarters: what units already hold still finds room. */
bool slu_store_queue_full(struct slu_store_queue *self)
{
    bool full;

    (void)pthread_mutex_lock(&self->mutex);
    full = !self->failed && self->bytes >= self->max_bytes / 4 * 3;
    if (full) {
        self->room_wanted = true;
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return full;
}

enum slu_err slu_store_queue_acquire(struct slu_store_queue *self,
                                     struct slu_error *out_error)
{
    enum slu_err err = SLU_ERR_OK;

    (void)pthread_mutex_lock(&self->mutex);
    self->owner_waiting = true;
    (void)pthread_cond_signal(&self->work);
    while (self->working || (self->first != NULL && !self->failed)) {
        (void)pthread_cond_wait(&self->done, &self->mutex);
    }
    self->owner_waiting = false;
    if (self->failed) {
        *out_error = self->failure;
        err = self->failure.code;
        (void)pthread_cond_signal(&self->work);
    } else {
        self->owner_working = true;
        self->db->error = (struct slu_error){0};
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return err;
}

void slu_store_queue_release(struct slu_store_queue *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->owner_working = false;
    note_failure(self);
    (void)pthread_cond_broadcast(&self->done); /* who waits for room */
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
}

/* Tidying changes nothing of what is durable. */
static bool is_draining(const struct slu_store_queue *self)
{
    return (self->working && !self->tidying) ||
           (!self->failed && (self->first != NULL || self->sync_wanted));
}

enum slu_err slu_store_queue_drain(struct slu_store_queue *self,
                                   struct slu_error *out_error)
{
    enum slu_err err = SLU_ERR_OK;

    (void)pthread_mutex_lock(&self->mutex);
    self->owner_waiting = true;
    (void)pthread_cond_signal(&self->work);
    while (is_draining(self)) {
        (void)pthread_cond_wait(&self->done, &self->mutex);
    }
    self->owner_waiting = false;
    if (self->failed) {
        *out_error = self->failure;
        err = self->failure.code;
    }
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
    return err;
}

void slu_store_queue_sync(struct slu_store_queue *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->sync_wanted = true;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
}

void slu_store_queue_tidy(struct slu_store_queue *self)
{
    (void)pthread_mutex_lock(&self->mutex);
    self->tidy_wanted = true;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
}

void slu_store_queue_failure(struct slu_store_queue *self,
                             struct slu_error *out_error)
{
    (void)pthread_mutex_lock(&self->mutex);
    if (self->failed) {
        *out_error = self->failure;
    }
    (void)pthread_mutex_unlock(&self->mutex);
}
