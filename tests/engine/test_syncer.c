/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/syncer.h"
#include "store_support.h"
#include "support/forked.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define JOBS 100
#define NOBODY 65534

static char dir[64];
static struct slu_sync_job jobs[JOBS];
static int no_file[2]; /* a pipe: nothing of it can be made durable */

static void open_jobs(void)
{
    (void)make_folder(dir);
    cr_assert_eq(pipe(no_file), 0);
    for (int i = 0; i < JOBS; i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s/%d", dir, i);
        jobs[i].fd = open(path, O_WRONLY | O_CREAT, 0600);
        jobs[i].sys = -1;
        cr_assert(jobs[i].fd >= 0);
        cr_assert_eq(write(jobs[i].fd, "x", 1), 1);
    }
}

static void close_jobs(void)
{
    for (int i = 0; i < JOBS; i++) {
        (void)close(jobs[i].fd);
    }
    (void)close(no_file[0]);
    (void)close(no_file[1]);
    remove_tree(dir);
}

TestSuite(syncer, .init = open_jobs, .fini = close_jobs);

static bool sync_all(struct slu_syncer *self, int count)
{
    bool all = true;

    for (int i = 0; i < count; i++) {
        slu_syncer_push(self, &jobs[i]);
    }
    slu_syncer_wait(self);
    for (int i = 0; i < count; i++) {
        all &= jobs[i].sys == 0;
    }
    return all;
}

Test(syncer, has_tried_every_file_when_the_wait_ends)
{
    struct slu_syncer syncer = {0};

    cr_assert(sync_all(&syncer, JOBS));
    for (int count = 0; count <= SLU_SYNCER_THREADS + 1; count++) {
        cr_assert(sync_all(&syncer, count), "%d files", count);
    }
}

Test(syncer, tells_which_file_is_not_durable_and_why)
{
    struct slu_syncer syncer = {0};
    struct slu_sync_job pipe_job = {.fd = no_file[1]};
    struct slu_sync_job closed_job = {.fd = -1};

    slu_syncer_push(&syncer, &jobs[0]);
    slu_syncer_push(&syncer, &pipe_job);
    slu_syncer_push(&syncer, &jobs[1]);
    slu_syncer_push(&syncer, &closed_job);
    slu_syncer_push(&syncer, &jobs[2]);
    slu_syncer_wait(&syncer);
    cr_assert_eq(pipe_job.sys, EINVAL);
    cr_assert_eq(closed_job.sys, EBADF);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(jobs[i].sys, 0);
    }
}

Test(syncer, waits_for_nothing_where_nothing_was_pushed)
{
    struct slu_syncer syncer = {0};

    slu_syncer_wait(&syncer);
    slu_syncer_wait(&syncer);
}

static int sync_alone(void *ctx)
{
    struct rlimit none = {0, 0};
    struct slu_syncer syncer = {0};

    (void)ctx;
    if (setrlimit(RLIMIT_NPROC, &none) != 0 ||
        (geteuid() == 0 && setuid(NOBODY) != 0)) {
        return 1;
    }
    slu_syncer_push(&syncer, &jobs[0]);
    return syncer.thread_count == 0 && sync_all(&syncer, JOBS) ? 0 : 2;
}

Test(syncer, works_on_the_callers_thread_where_no_other_can_be_made)
{
    forked_must(sync_alone, NULL, "no thread");
}
