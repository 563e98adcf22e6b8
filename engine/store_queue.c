/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/store_queue.h"
#include "engine/store_records.h"

#include <assert.h>

#define SMALL_LAYERS 4

/* ---- operations ---- */

static size_t measure_op(const struct slu_op *op)
{
    return sizeof(*op) + op->records.len + op->entries.len;
}

static struct slu_view copy_behind(char **at, struct slu_view bytes)
{
    struct slu_view copy = slu_view_make(*at, bytes.len);

    if (bytes.len != 0) {
        memcpy(*at, bytes.ptr, bytes.len);
    }
    *at += bytes.len;
    return copy;
}

static struct slu_op *copy_op(const struct slu_alloc *alloc,
                              const struct slu_op *op)
{
    struct slu_op *copy = slu_alloc_get(alloc, measure_op(op));
    char *at;

    if (copy != NULL) {
        *copy = *op;
        at = (char *)(copy + 1);
        copy->records = copy_behind(&at, op->records);
        copy->entries = copy_behind(&at, op->entries);
        copy->next = NULL;
    }
    return copy;
}

/* Returns the number of bytes that were queued. */
static size_t free_ops(const struct slu_alloc *alloc, struct slu_op *op)
{
    size_t bytes = 0;

    while (op != NULL) {
        struct slu_op *next = op->next;

        bytes += measure_op(op);
        slu_alloc_put(alloc, op, measure_op(op));
        op = next;
    }
    return bytes;
}

/* ---- what the thread does ---- */

static enum slu_err apply_op(struct slu_db *db, const struct slu_op *op,
                             uint64_t *out_pending)
{
    switch (op->kind) {
    case SLU_OP_STAGE:
        return slu_db_stage(db, op->answer, op->records, op->count);
    case SLU_OP_ABANDON:
        return slu_db_abandon(db, op->answer);
    case SLU_OP_COMMIT:
        return slu_db_answer(db, op->answer, op->records, op->count,
                             op->entries, out_pending);
    }
    assert(!"an operation of no kind");
    return SLU_ERR_OK;
}

static void write_group(struct slu_store_queue *self, const struct slu_op *op)
{
    struct slu_db *db = self->db;
    uint64_t pending = 0;
    enum slu_err err = slu_db_begin(db);

    for (; err == SLU_ERR_OK && op != NULL; op = op->next) {
        err = apply_op(db, op, &pending);
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
        self->bytes -= free_ops(self->alloc, self->first);
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
    self->bytes -= free_ops(self->alloc, group);
}

/* The first layers are small: of a pull that brings no more than some of them,
 * little is left to be sorted when it has ended. */
static uint64_t choose_fold_at(const struct slu_store_queue *self)
{
    return self->db->layer_count < SMALL_LAYERS
               ? (self->fold_at + SMALL_LAYERS - 1) / SMALL_LAYERS
               : self->fold_at;
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

static void run_tidy(struct slu_store_queue *self)
{
    self->tidy_wanted = false;
    (void)pthread_mutex_unlock(&self->mutex);
    slu_db_tidy(self->db);
    (void)pthread_mutex_lock(&self->mutex);
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

static void wait_for_work(struct slu_store_queue *self)
{
    while (self->owner_working || (self->first == NULL && !self->stopping &&
                                   !self->tidy_wanted && !want_fold(self))) {
        (void)pthread_cond_wait(&self->work, &self->mutex);
    }
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

static void *run_thread(void *arg)
{
    struct slu_store_queue *self = arg;
    bool folded = false;

    (void)pthread_mutex_lock(&self->mutex);
    for (;;) {
        bool failed_before = self->failed;

        wait_for_work(self);
        if (self->first == NULL && self->stopping) {
            break;
        }
        self->working = true;
        /* Turn by turn: a queue that is never empty must not keep what is
         * pending from being folded, nor the other way round. */
        if (self->first == NULL && !want_fold(self)) {
            run_tidy(self);
        } else if (self->first == NULL || (!folded && want_fold(self))) {
            run_fold(self);
            folded = true;
        } else {
            run_group(self);
            folded = false;
        }
        finish_turn(self, failed_before);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

/* ---- the owner's side ---- */

enum slu_err slu_store_queue_start(struct slu_store_queue *self,
                                   struct slu_db *db,
                                   const struct slu_store_options *opts)
{
    *self = (struct slu_store_queue){.db = db,
                                     .alloc = opts->alloc,
                                     .max_bytes = opts->queue_bytes,
                                     .fold_at = opts->fold_at,
                                     .ctx = opts->ctx,
                                     .on_room = opts->on_room,
                                     .before_commit = opts->before_commit};
    (void)pthread_mutex_init(&self->mutex, NULL);
    (void)pthread_cond_init(&self->work, NULL);
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

static void append_op(struct slu_store_queue *self, struct slu_op *op)
{
    if (self->last == NULL) {
        self->first = op;
    } else {
        self->last->next = op;
    }
    self->last = op;
    self->bytes += measure_op(op);
    (void)pthread_cond_signal(&self->work);
}

enum slu_err slu_store_queue_push(struct slu_store_queue *self,
                                  const struct slu_op *op,
                                  struct slu_error *out_error)
{
    struct slu_op *copy = copy_op(self->alloc, op);
    enum slu_err err = SLU_ERR_OK;

    if (copy == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM,
                             "out of memory for an answer of %zu bytes",
                             op->records.len + op->entries.len);
    }
    (void)pthread_mutex_lock(&self->mutex);
    while (!self->failed && self->bytes != 0 &&
           self->bytes + measure_op(copy) > self->max_bytes) {
        (void)pthread_cond_wait(&self->done, &self->mutex);
    }
    if (self->failed) {
        *out_error = self->failure;
        err = self->failure.code;
        (void)free_ops(self->alloc, copy);
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
