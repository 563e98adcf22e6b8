/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pack_addresses.h"

#include <pthread.h>

#define BATCH 1024

/* Fewer are sorted before a thread has begun. */
#define MANY 65536

void slu_pack_addresses_init(struct slu_pack_addresses *self,
                             const struct slu_alloc *alloc)
{
    for (unsigned i = 0; i < SLU_PACK_HALVES; i++) {
        slu_ipv4_set_init(&self->halves[i], alloc);
    }
}

void slu_pack_addresses_fini(struct slu_pack_addresses *self)
{
    for (unsigned i = 0; i < SLU_PACK_HALVES; i++) {
        slu_ipv4_set_fini(&self->halves[i]);
    }
}

/* ---- adding ---- */

/* At most BATCH. Each is written to both halves and counts in one: which one is
 * as good as random, and a branch on it would be guessed wrong. */
static enum slu_err add_batch(struct slu_pack_addresses *self,
                              const uint32_t *addresses, size_t count)
{
    uint32_t below[BATCH];
    uint32_t above[BATCH];
    size_t above_count = 0;
    enum slu_err err;

    for (size_t i = 0; i < count; i++) {
        below[i - above_count] = addresses[i];
        above[above_count] = addresses[i];
        above_count += addresses[i] >> 31;
    }
    err = slu_ipv4_set_add(&self->halves[0], below, count - above_count);
    return err == SLU_ERR_OK
               ? slu_ipv4_set_add(&self->halves[1], above, above_count)
               : err;
}

enum slu_err slu_pack_addresses_add(struct slu_pack_addresses *self,
                                    const uint32_t *addresses, size_t count)
{
    enum slu_err err = SLU_ERR_OK;

    while (count > 0 && err == SLU_ERR_OK) {
        size_t len = count < BATCH ? count : BATCH;

        err = add_batch(self, addresses, len);
        addresses += len;
        count -= len;
    }
    return err;
}

/* ---- finishing ---- */

struct task {
    struct slu_ipv4_set *half;
    enum slu_err err;
};

static void *run_task(void *ctx)
{
    struct task *self = ctx;

    self->err = slu_ipv4_set_finish(self->half);
    return NULL;
}

enum slu_err slu_pack_addresses_finish(struct slu_pack_addresses *self)
{
    struct slu_ipv4_set *halves = self->halves;
    struct task task = {.half = &halves[1]};
    bool many = halves[0].len > MANY && halves[1].len > MANY;
    pthread_t thread;
    enum slu_err err;

    many = many && pthread_create(&thread, NULL, run_task, &task) == 0;
    err = slu_ipv4_set_finish(&halves[0]);
    if (many) {
        (void)pthread_join(thread, NULL);
    } else {
        (void)run_task(&task);
    }
    return err == SLU_ERR_OK ? task.err : err;
}

/* ---- reading ---- */

uint64_t slu_pack_addresses_count(const struct slu_pack_addresses *self)
{
    return slu_ipv4_set_count(&self->halves[0]) +
           slu_ipv4_set_count(&self->halves[1]);
}

size_t slu_pack_addresses_read(const struct slu_pack_addresses *self,
                               struct slu_pack_cursor *cursor, uint32_t *out,
                               size_t room)
{
    size_t count = 0;

    while (count == 0 && cursor->half < SLU_PACK_HALVES) {
        count = slu_ipv4_set_read(&self->halves[cursor->half], &cursor->at, out,
                                  room);
        if (count == 0) {
            cursor->half++;
            cursor->at = 0;
        }
    }
    return count;
}
