/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: files made durable by threads of its own, while the caller writes the
 * next ones. A disk takes its time for each fsync whatever the file's size, and
 * serves several as fast as one.
 *
 * Life cycle: a zeroed struct is ready; push..., then wait. After it, or
 * before the first push, it may be used again or forgotten.
 * Limits: SLU_SYNCER_THREADS threads, made by the first pushes; where none can
 * be made, wait does it all.
 * Ownership: a job, and its descriptor, are the caller's, who leaves them alone
 * from push until wait.
 * Threads: one thread pushes and waits.
 * Errors: errno of fsync in each job.
 */
#ifndef SLU_ENGINE_SYNCER_H
#define SLU_ENGINE_SYNCER_H

#include <pthread.h>
#include <stdbool.h>

#define SLU_SYNCER_THREADS 2

struct slu_sync_job {
    struct slu_sync_job *next; /* the syncer's */
    int fd;
    int sys; /* after wait: 0, or why it isn't durable */
};

struct slu_syncer {
    bool open;
    unsigned thread_count;
    pthread_t threads[SLU_SYNCER_THREADS];
    pthread_mutex_t mutex; /* guards all that follows */
    pthread_cond_t work;
    struct slu_sync_job *first; /* nobody has begun */
    struct slu_sync_job *last;
    bool ending;
};

void slu_syncer_push(struct slu_syncer *self, struct slu_sync_job *job);

/* Until all that was pushed has been tried; ends the threads. */
void slu_syncer_wait(struct slu_syncer *self);

#endif
