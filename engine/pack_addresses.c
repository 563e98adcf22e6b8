/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pack_addresses.h"

#include "engine/both.h"

/* Fewer are sorted before a thread has begun. */
#define MANY 131072

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

enum slu_err slu_pack_addresses_add(struct slu_pack_addresses *self,
                                    const uint32_t *addresses, size_t count)
{
    return slu_ipv4_set_add(&self->halves[0], addresses, count);
}

/* ---- finishing ---- */

struct task {
    struct slu_ipv4_set *half;
    enum slu_err err;
};

static void run_task(void *ctx)
{
    struct task *self = ctx;

    self->err = slu_ipv4_set_finish(self->half);
}

static enum slu_err finish_both(struct slu_ipv4_set *halves)
{
    struct task lower = {.half = &halves[0]};
    struct task upper = {.half = &halves[1]};

    slu_run_both(run_task, &lower, &upper);
    return lower.err == SLU_ERR_OK ? upper.err : lower.err;
}

enum slu_err slu_pack_addresses_finish(struct slu_pack_addresses *self)
{
    enum slu_err err;

    if (self->halves[0].len <= MANY) {
        return slu_ipv4_set_finish(&self->halves[0]);
    }
    err = slu_ipv4_set_halve(&self->halves[0], &self->halves[1]);
    return err == SLU_ERR_OK ? finish_both(self->halves) : err;
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
