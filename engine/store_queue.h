/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the store's thread and the queue in front of it.
 *
 * The thread takes all that is queued as one group, one transaction. A group is
 * due a pause after the first of it was queued; at once when it is large, or
 * when anybody waits: acquire, stop, a push for which there is no room. Nobody
 * ever waits for the pause, and `full` speaks of no queue that is not due. When
 * enough is pending the thread holds it or makes a layer of a chunk, with
 * groups in between, and in the pauses.
 *
 * Life cycle: start, push..., acquire and release around every other use of
 * the database, stop. stop is safe on a zeroed struct.
 * Limits: queue_bytes; a push that would exceed it waits. A single operation
 * larger than that goes in alone.
 * Threads: one owner thread, and the queue's own. A struct slu_db belongs to
 * the queue's thread except between acquire and release.
 */
#ifndef SLU_ENGINE_STORE_QUEUE_H
#define SLU_ENGINE_STORE_QUEUE_H

#include "engine/store_op.h"
#include <pthread.h>

struct slu_store_queue {
    struct slu_db *db;
    const struct slu_alloc *alloc;
    size_t max_bytes;
    uint64_t pause_ns;
    uint64_t fold_at;
    void *ctx;
    void (*on_room)(void *ctx);
    enum slu_err (*before_commit)(void *ctx, struct slu_error *out_error);
    pthread_t thread;
    bool started;

    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t work;   /* the thread has something to do */
    pthread_cond_t done;   /* it did something */
    struct slu_op *first;
    struct slu_op *last;
    size_t bytes;       /* queued, and of the group under way */
    uint64_t due_ns;    /* of the monotonic clock; when `first` is set */
    unsigned waiting;   /* pushes without room */
    bool working;       /* the thread is at the database */
    bool folded;        /* by its last turn */
    bool owner_waiting; /* acquire is waiting: begin no fold */
    bool owner_working; /* between acquire and release */
    bool sync_wanted;
    bool tidy_wanted;
    bool tidying; /* `working` is for that */
    bool stopping;
    bool room_wanted; /* `full` has said so */
    bool failed;
    struct slu_error failure;
};

SLU_MUST_CHECK enum slu_err
slu_store_queue_start(struct slu_store_queue *self, struct slu_db *db,
                      const struct slu_store_options *opts);
/* Waits for what was queued. */
void slu_store_queue_stop(struct slu_store_queue *self);

/* Copies the views of *op. */
SLU_MUST_CHECK enum slu_err slu_store_queue_push(struct slu_store_queue *self,
                                                 const struct slu_op *op,
                                                 struct slu_error *out_error);

bool slu_store_queue_full(struct slu_store_queue *self);

/* Waits until the queue is empty and takes the database. */
SLU_MUST_CHECK enum slu_err
slu_store_queue_acquire(struct slu_store_queue *self,
                        struct slu_error *out_error);
void slu_store_queue_release(struct slu_store_queue *self);

/* Waits until all that was queued, or wanted by sync, is durable. */
SLU_MUST_CHECK enum slu_err slu_store_queue_drain(struct slu_store_queue *self,
                                                  struct slu_error *out_error);

/* Has the thread do slu_db_sync next. */
void slu_store_queue_sync(struct slu_store_queue *self);

/* Has the thread do slu_db_tidy when it has nothing else to do. */
void slu_store_queue_tidy(struct slu_store_queue *self);

/* The failed write, if there was one. */
void slu_store_queue_failure(struct slu_store_queue *self,
                             struct slu_error *out_error);

#endif
