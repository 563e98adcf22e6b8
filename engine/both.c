/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/both.h"

#include <pthread.h>
#include <stddef.h>

struct task {
    void (*fn)(void *ctx);
    void *ctx;
};

static void *run_task(void *arg)
{
    const struct task *self = arg;

    self->fn(self->ctx);
    return NULL;
}

void slu_run_both(void (*fn)(void *ctx), void *first, void *second)
{
    struct task task = {fn, second};
    pthread_t thread;

    if (pthread_create(&thread, NULL, run_task, &task) != 0) {
        fn(first);
        fn(second);
        return;
    }
    fn(first);
    (void)pthread_join(thread, NULL);
}
