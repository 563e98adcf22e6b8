/* SPDX-License-Identifier: Apache-2.0 */
/* What: all that alters the world while it is looked at. */
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "mix.h"
#include "text.h"
#include "world.h"

#define MINUTE_MS 60000

/* Doubles an array that is full. */
static void *grow(void *data, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return data;
    }
    *cap = *cap * 2 + 64;
    data = realloc(data, *cap * size);
    if (data == NULL) {
        abort();
    }
    return data;
}

/* The place of `ref` in a view that is sorted but for `ref` itself, which is
   not in it. */
static size_t find_place(const struct sim_world *world,
                         const struct sim_detector *view,
                         struct sim_finding_ref ref)
{
    size_t low = 0;
    size_t high = view->order_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sim_world_compare(world, &view->order[middle], &ref) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static void insert_ref(const struct sim_world *world, struct sim_detector *view,
                       struct sim_finding_ref ref)
{
    size_t place = find_place(world, view, ref);

    view->order = grow(view->order, view->order_count, &view->order_cap,
                       sizeof(*view->order));
    memmove(view->order + place + 1, view->order + place,
            (view->order_count - place) * sizeof(*view->order));
    view->order[place] = ref;
    view->order_count++;
}

static void remove_ref(const struct sim_world *world, struct sim_detector *view,
                       struct sim_finding_ref ref)
{
    size_t place = find_place(world, view, ref);

    view->order_count--;
    memmove(view->order + place, view->order + place + 1,
            (view->order_count - place) * sizeof(*view->order));
}

/* Takes `ref` out of all views that show it, or puts it in. */
static void update_views(struct sim_world *world, struct sim_finding_ref ref,
                         void (*change)(const struct sim_world *,
                                        struct sim_detector *,
                                        struct sim_finding_ref))
{
    const struct sim_detector *home = &world->detector[ref.home];

    for (size_t i = 0; i < world->count; i++) {
        if (sim_world_shows(world, &world->detector[i], home)) {
            change(world, &world->detector[i], ref);
        }
    }
    world->version++;
}

void sim_world_add(struct sim_world *world, struct sim_detector *home,
                   const struct sim_finding *finding)
{
    struct sim_finding_ref ref = {(uint32_t)(home - world->detector),
                                  (uint32_t)home->count};

    home->finding =
        grow(home->finding, home->count, &home->cap, sizeof(*home->finding));
    home->finding[home->count++] = *finding;
    update_views(world, ref, insert_ref);
}

void sim_world_touch(struct sim_world *world, struct sim_finding_ref ref,
                     int64_t now_ms)
{
    struct sim_finding *finding = sim_world_finding(world, ref);

    update_views(world, ref, remove_ref);
    finding->updated_ms =
        now_ms > finding->updated_ms ? now_ms : finding->updated_ms + 1;
    finding->updates++;
    update_views(world, ref, insert_ref);
}

/* The first finding that no list has told of, in the order in which they were
   made, which has nothing to do with their times. */
static bool find_unlisted(struct sim_world *world, struct sim_detector *home,
                          struct sim_finding_ref *out)
{
    for (; home->unlisted < home->count; home->unlisted++) {
        const struct sim_finding *finding = &home->finding[home->unlisted];

        if (!finding->listed && !finding->vanished && finding->updates == 0) {
            *out = (struct sim_finding_ref){(uint32_t)(home - world->detector),
                                            (uint32_t)home->unlisted};
            return true;
        }
    }
    return false;
}

static bool find_listed(struct sim_world *world, struct sim_detector *home,
                        struct sim_finding_ref *out)
{
    for (size_t i = 0; i < home->count; i++) {
        const struct sim_finding *finding = &home->finding[i];

        if (finding->listed && !finding->vanished && finding->updates == 0) {
            *out = (struct sim_finding_ref){(uint32_t)(home - world->detector),
                                            (uint32_t)i};
            return true;
        }
    }
    return false;
}

/* A finding that was made some minutes ago, and shows only now. */
static void add_late(struct sim_world *world, struct sim_detector *home,
                     int64_t now_ms)
{
    uint64_t place = sim_mix_bytes(world->options->seed, home->id, SIM_ID_LEN);
    struct sim_finding finding = {
        .chance = sim_mix3(place, 0x1a7e, ++home->late_count)};

    finding.kind = (uint16_t)(finding.chance % sim_finding_kind_count);
    finding.born_ms = now_ms - world->options->gd_late_minutes * MINUTE_MS +
                      (int64_t)(finding.chance % MINUTE_MS);
    finding.updated_ms = finding.born_ms;
    sim_world_add(world, home, &finding);
}

void sim_world_turn(struct sim_world *world, struct sim_detector *view,
                    int64_t now_ms)
{
    const struct sim_options *options = world->options;
    bool listed = strcmp(options->gd_touch, "listed") == 0;
    struct sim_finding_ref ref;

    view->lists++;
    if (options->gd_touch_every > 0 &&
        view->lists % (uint64_t)options->gd_touch_every == 0 &&
        (listed ? find_listed : find_unlisted)(world, view, &ref)) {
        sim_world_touch(world, ref, now_ms);
    }
    if (options->gd_late_every > 0 &&
        view->lists % (uint64_t)options->gd_late_every == 0 &&
        view->late_count < (uint64_t)options->gd_late_max) {
        add_late(world, view, now_ms);
    }
}

void sim_world_sample(struct sim_world *world, struct sim_detector *home,
                      uint16_t kind, int64_t now_ms)
{
    uint64_t place = sim_mix_bytes(world->options->seed, home->id, SIM_ID_LEN);
    struct sim_finding finding = {.chance = sim_mix3(place, 0x5a3f, kind),
                                  .kind = kind,
                                  .born_ms = now_ms,
                                  .updated_ms = now_ms,
                                  .sample = true};

    for (size_t i = 0; i < home->count; i++) {
        if (home->finding[i].sample && home->finding[i].kind == kind) {
            sim_world_touch(
                world,
                (struct sim_finding_ref){(uint32_t)(home - world->detector),
                                         (uint32_t)i},
                now_ms);
            return;
        }
    }
    sim_world_add(world, home, &finding);
}
