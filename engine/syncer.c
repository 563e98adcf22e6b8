/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/syncer.h"
#include "engine/crash.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* The first that nobody has begun; NULL when there is none. */
static struct slu_sync_job *take_job(struct slu_syncer *self)
{
    struct slu_sync_job *job = self->first;

    if (job != NULL) {
        self->first = job->next;
        if (self->first == NULL) {
            self->last = NULL;
        }
    }
    return job;
}

/* Called with the mutex held; the work is done without it. */
static void run_jobs(struct slu_syncer *self)
{
    struct slu_sync_job *job;

    while ((job = take_job(self)) != NULL) {
        (void)pthread_mutex_unlock(&self->mutex);
        job->sys = fsync(job->fd) == 0 ? 0 : errno;
        slu_crash_point("files: synced");
        (void)pthread_mutex_lock(&self->mutex);
    }
}

static void *run_thread(void *arg)
{
    struct slu_syncer *self = arg;

    (void)pthread_mutex_lock(&self->mutex);
    for (;;) {
        run_jobs(self);
        if (self->ending) {
            break;
        }
        (void)pthread_cond_wait(&self->work, &self->mutex);
    }
    (void)pthread_mutex_unlock(&self->mutex);
    return NULL;
}

static void open_syncer(struct slu_syncer *self)
{
    if (self->open) {
        return;
    }
    *self = (struct slu_syncer){.open = true};
    (void)pthread_mutex_init(&self->mutex, NULL);
    (void)pthread_cond_init(&self->work, NULL);
}

/* One for each of the first jobs: few files take few threads. */
static void add_thread(struct slu_syncer *self)
{
    if (self->thread_count < SLU_SYNCER_THREADS &&
        pthread_create(&self->threads[self->thread_count], NULL, run_thread,
                       self) == 0) {
        self->thread_count++;
    }
}

void slu_syncer_push(struct slu_syncer *self, struct slu_sync_job *job)
{
    open_syncer(self);
    job->next = NULL;
    job->sys = 0;
    (void)pthread_mutex_lock(&self->mutex);
    if (self->last == NULL) {
        self->first = job;
    } else {
        self->last->next = job;
    }
    self->last = job;
    (void)pthread_cond_signal(&self->work);
    (void)pthread_mutex_unlock(&self->mutex);
    add_thread(self);
}

void slu_syncer_wait(struct slu_syncer *self)
{
    if (!self->open) {
        return;
    }
    (void)pthread_mutex_lock(&self->mutex);
    self->ending = true;
    (void)pthread_cond_broadcast(&self->work);
    run_jobs(self);
    (void)pthread_mutex_unlock(&self->mutex);
    for (unsigned i = 0; i < self->thread_count; i++) {
        (void)pthread_join(self->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&self->work);
    (void)pthread_mutex_destroy(&self->mutex);
    self->open = false;
}
