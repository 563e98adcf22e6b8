/* SPDX-License-Identifier: Apache-2.0 */
/* Ids of several pages in one request. */
#include "sources/guardduty_pull.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define LEAVES_MAX 32

struct world {
    struct slu_guardduty_context ctx;
    struct slu_guardduty_target target;
    struct slu_guardduty_detector detector;
    struct slu_guardduty_detector other;
    struct slu_guardduty_window window;
    struct slu_guardduty_get *leaves[LEAVES_MAX];
    unsigned leaf_count;
};

static void init(struct world *self, const struct slu_alloc *alloc)
{
    *self = (struct world){0};
    self->ctx.alloc = alloc;
    self->target.ctx = &self->ctx;
    self->window.detector = &self->detector;
}

/* A leaf with ids "N-0", "N-1" and so on, which waits; NULL: no memory. */
static struct slu_guardduty_get *add(struct world *self, unsigned count)
{
    unsigned number = self->leaf_count;
    struct slu_guardduty_get *get = slu_guardduty_get_of(
        slu_guardduty_unit_acquire(&self->ctx, SLU_GUARDDUTY_GET));
    enum slu_err err = SLU_ERR_OK;

    if (get == NULL) {
        return NULL;
    }
    get->unit.target = &self->target;
    get->window = &self->window;
    get->page_number = number;
    for (unsigned i = 0; i < count && err == SLU_ERR_OK; i++) {
        err = slu_buf_append_str(&get->ids, i > 0 ? "," : "");
        get->starts[i] = (uint16_t)get->ids.len;
        if (err == SLU_ERR_OK) {
            err = slu_buf_printf(&get->ids, "\"%u-%u\"", number, i);
        }
        get->lens[i] = (uint16_t)(get->ids.len - get->starts[i]);
        get->updated_ms[i] = INT64_MIN;
    }
    get->count = count;
    self->window.gets++;
    self->leaves[self->leaf_count++] = get;
    slu_guardduty_queue_push(&self->target.leaves, &get->unit);
    self->ctx.leaves++;
    return err == SLU_ERR_OK ? get : NULL;
}

/* Takes the first that waits and joins others to it. */
static enum slu_err join(struct world *self, struct slu_guardduty_get **out_get)
{
    uint64_t until = UINT64_MAX;
    struct slu_guardduty_unit *unit =
        slu_guardduty_queue_take(&self->target.leaves, 1000, &until);

    cr_assert_not_null(unit);
    self->ctx.leaves--;
    *out_get = slu_guardduty_get_of(unit);
    return slu_guardduty_join(*out_get, 1000);
}

static unsigned count_ids(const struct slu_guardduty_get *get)
{
    unsigned count = 0;

    for (size_t i = 0; i < get->ids.len; i++) {
        count += get->ids.ptr[i] == '-';
    }
    return count;
}

static bool has_id(const struct slu_guardduty_get *get, unsigned number,
                   unsigned index)
{
    char id[32];
    int len = snprintf(id, sizeof(id), "\"%u-%u\"", number, index);

    return memmem(get->ids.ptr, get->ids.len, id, (size_t)len) != NULL;
}

static void bury_waiting(struct world *self)
{
    while (self->target.leaves.first != NULL) {
        struct slu_guardduty_unit *unit = self->target.leaves.first;

        slu_guardduty_queue_remove(&self->target.leaves, unit);
        slu_guardduty_get_bury(slu_guardduty_get_of(unit));
    }
}

static void fini(struct world *self)
{
    bury_waiting(self);
    slu_guardduty_pools_fini(&self->ctx);
}

Test(guardduty_join, fills_a_request_with_what_waits)
{
    struct world world;
    struct slu_guardduty_get *get;

    init(&world, slu_alloc_default());
    (void)add(&world, 20);
    (void)add(&world, 7);
    (void)add(&world, 23);
    (void)add(&world, 1);
    cr_assert_eq(join(&world, &get), SLU_ERR_OK);
    cr_assert_eq(count_ids(get), 50);
    cr_assert_eq(get->count, 20);
    cr_assert_eq(get->joined, world.leaves[1]);
    cr_assert_eq(get->joined->joined, world.leaves[2]);
    cr_assert_null(get->joined->joined->joined);
    cr_assert_eq(world.target.leaves.count, 1);
    cr_assert_eq(world.ctx.leaves, 1);
    cr_assert_eq(world.window.gets, 4);
    slu_guardduty_get_bury(get);
    fini(&world);
}

Test(guardduty_join, takes_a_part_of_a_page_that_has_more_than_there_is_room)
{
    struct world world;
    struct slu_guardduty_get *get;
    struct slu_guardduty_get *part;

    init(&world, slu_alloc_default());
    (void)add(&world, 45);
    (void)add(&world, 30);
    cr_assert_eq(join(&world, &get), SLU_ERR_OK);
    cr_assert_eq(count_ids(get), 50);
    part = get->joined;
    cr_assert_neq(part, world.leaves[1]);
    cr_assert_eq(part->count, 5);
    cr_assert_eq(part->window, &world.window);
    cr_assert_eq(part->page_number, 1);
    cr_assert_eq(count_ids(part), 5);
    for (unsigned i = 0; i < 30; i++) {
        cr_assert_neq(has_id(get, 1, i), has_id(world.leaves[1], 1, i), "%u",
                      i);
    }
    /* It ends when both have: one more get of the window. */
    cr_assert_eq(world.window.gets, 3);
    cr_assert_eq(world.leaves[1]->count, 25);
    cr_assert_eq(count_ids(world.leaves[1]), 25);
    cr_assert_eq(world.target.leaves.count, 1);
    /* The rest goes with the next. */
    slu_guardduty_get_bury(get);
    cr_assert_eq(join(&world, &get), SLU_ERR_OK);
    cr_assert_eq(get, world.leaves[1]);
    cr_assert_null(get->joined);
    slu_guardduty_get_bury(get);
    fini(&world);
}

/* Where each id is told, so that what they tell is put down to the right one.
 */
Test(guardduty_join, knows_the_ids_of_a_part)
{
    struct world world;
    struct slu_guardduty_get *get;

    init(&world, slu_alloc_default());
    (void)add(&world, 48);
    (void)add(&world, 11);
    cr_assert_eq(join(&world, &get), SLU_ERR_OK);
    for (unsigned i = 0; i < 2; i++) {
        const struct slu_guardduty_get *part = get->joined;
        char id[16];

        (void)snprintf(id, sizeof(id), "\"1-%u\"", 9 + i);
        cr_assert(slu_view_equal_str(
            slu_view_make(part->ids.ptr + part->starts[i], part->lens[i]), id));
        cr_assert_eq(part->updated_ms[i], INT64_MIN);
    }
    slu_guardduty_get_bury(get);
    fini(&world);
}

Test(guardduty_join, leaves_alone_what_divides_waits_or_belongs_elsewhere)
{
    struct world world;
    struct slu_guardduty_window elsewhere = {.detector = &world.other};
    struct slu_guardduty_get *get;

    init(&world, slu_alloc_default());
    (void)add(&world, 10);
    add(&world, 10)->alone = true;
    add(&world, 10)->unit.head.not_before_ms = 1001;
    add(&world, 10)->window = &elsewhere;
    (void)add(&world, 10);
    cr_assert_eq(join(&world, &get), SLU_ERR_OK);
    cr_assert_eq(count_ids(get), 20);
    cr_assert_eq(get->joined, world.leaves[4]);
    slu_guardduty_get_bury(get);
    bury_waiting(&world);
    world.leaf_count = 0;
    for (int i = 0; i < 3; i++) {
        get = add(&world, 10);
        (void)add(&world, 10);
        get->divides = i == 0;
        get->alone = i == 1;
        world.window.newest = i == 2 ? get : NULL;
        cr_assert_eq(join(&world, &get), SLU_ERR_OK);
        cr_assert_null(get->joined, "%d", i);
        slu_guardduty_get_bury(get);
        bury_waiting(&world);
    }
    fini(&world);
}

Test(guardduty_join, asks_for_each_page_alone_when_all_are_refused)
{
    struct world world;
    struct slu_guardduty_get *get;
    unsigned ids = 0;

    init(&world, slu_alloc_default());
    (void)add(&world, 20);
    (void)add(&world, 20);
    (void)add(&world, 20);
    cr_assert_eq(join(&world, &get), SLU_ERR_OK);
    cr_assert(slu_guardduty_unjoin(get));
    /* The first, the second, and the third in two parts. */
    cr_assert_eq(world.target.leaves.count, 4);
    cr_assert_eq(world.ctx.leaves, 4);
    for (unsigned i = 0; i < 4; i++) {
        cr_assert_eq(join(&world, &get), SLU_ERR_OK);
        cr_assert_null(get->joined);
        cr_assert_eq(count_ids(get), get->count);
        ids += get->count;
        /* What was not joined is not to be taken apart. */
        cr_assert_not(slu_guardduty_unjoin(get));
        slu_guardduty_get_bury(get);
    }
    cr_assert_eq(ids, 60);
    fini(&world);
}

/* The n-th allocation fails: everything is freed, and no id is lost. */
static bool join_with(unsigned fail_at)
{
    struct failing_alloc failing;
    struct slu_guardduty_get *get = NULL;
    struct world world;
    bool made;
    bool joined = false;

    failing_alloc_init(&failing, fail_at);
    init(&world, &failing.alloc);
    made = add(&world, 45) != NULL && add(&world, 3) != NULL &&
           add(&world, 30) != NULL;
    if (made) {
        enum slu_err err = join(&world, &get);

        joined = err == SLU_ERR_OK;
        cr_assert(joined || err == SLU_ERR_NOMEM);
        cr_assert_eq(
            world.leaves[2]->count + (world.window.gets == 4 ? 2u : 0u), 30);
    }
    slu_guardduty_get_bury(get);
    fini(&world);
    cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
    return joined;
}

Test(guardduty_join, gives_back_all_when_memory_runs_out)
{
    unsigned fail_at = 1;

    while (!join_with(fail_at)) {
        fail_at++;
        cr_assert_lt(fail_at, 100);
    }
    cr_assert_gt(fail_at, 4, "%u", fail_at);
}
