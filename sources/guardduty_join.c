/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gets that ask for the ids of several pages. A window ends with a page that is
 * rarely full, and GetFindings takes 50 ids of whatever window. Only leaves are
 * joined: gets that end their windows, on which nothing waits. The first of
 * them has the ids of all, and is what is sent, retried and answered. Of the
 * last there may be a part: the rest of its ids goes with another, and its
 * window ends with both.
 *
 *     get -- joined -> get -- joined -> get
 *     ids of all three
 *
 * Ids that are refused together are asked for page by page, so that one bad id
 * costs its own window only.
 */
#include "sources/guardduty_pull.h"

static bool may_join(const struct slu_guardduty_get *get,
                     const struct slu_guardduty_get *other, uint64_t mono_ms)
{
    return !other->alone && other->joined == NULL &&
           other->unit.head.not_before_ms <= mono_ms &&
           other->window->detector == get->window->detector;
}

/* Takes the last ids of a leaf that waits, as a get of its own. */
static struct slu_guardduty_get *split_off(struct slu_guardduty_get *get,
                                           unsigned count)
{
    struct slu_guardduty_context *ctx = get->unit.target->ctx;
    struct slu_guardduty_get *part = slu_guardduty_get_of(
        slu_guardduty_unit_acquire(ctx, SLU_GUARDDUTY_GET));
    unsigned first = get->count - count;
    uint16_t begin = get->starts[first];

    if (part == NULL) {
        return NULL;
    }
    if (slu_buf_append(&part->ids, slu_view_make(get->ids.ptr + begin,
                                                 get->ids.len - begin)) !=
        SLU_ERR_OK) {
        slu_guardduty_unit_release(ctx, &part->unit);
        return NULL;
    }
    part->unit.target = get->unit.target;
    part->window = get->window;
    part->listed_ms = get->listed_ms;
    part->page_number = get->page_number;
    part->count = count;
    for (unsigned i = 0; i < count; i++) {
        part->starts[i] = (uint16_t)(get->starts[first + i] - begin);
        part->lens[i] = get->lens[first + i];
        part->updated_ms[i] = INT64_MIN;
    }
    get->window->gets++;
    get->count = first;
    get->ids.len = begin - 1u; /* and the comma */
    return part;
}

static enum slu_err add_ids(struct slu_guardduty_get *get,
                            const struct slu_guardduty_get *other)
{
    enum slu_err err = slu_buf_append_str(&get->ids, ",");

    return err == SLU_ERR_OK
               ? slu_buf_append(&get->ids, slu_buf_view(&other->ids))
               : err;
}

/* The leaf, or what there is room for of it. */
static struct slu_guardduty_get *take_leaf(struct slu_guardduty_get *leaf,
                                           unsigned room)
{
    struct slu_guardduty_target *target = leaf->unit.target;

    if (leaf->count > room) {
        return split_off(leaf, room);
    }
    slu_guardduty_queue_remove(&target->leaves, &leaf->unit);
    target->ctx->leaves--;
    return leaf;
}

/* How far it looks: leaves are many only when the server is slow. */
#define LOOKED_AT_MAX 64

enum slu_err slu_guardduty_join(struct slu_guardduty_get *get, uint64_t mono_ms)
{
    struct slu_guardduty_get **end = &get->joined;
    struct slu_guardduty_unit *next = get->unit.target->leaves.first;
    unsigned room = SLU_GUARDDUTY_PAGE - get->count;
    enum slu_err err = SLU_ERR_OK;

    if (get->divides || get->alone || get->joined != NULL ||
        get->window->newest == get) {
        return SLU_ERR_OK;
    }
    get->own_len = get->ids.len;
    for (unsigned i = 0;
         i < LOOKED_AT_MAX && next != NULL && room > 0 && err == SLU_ERR_OK;
         i++) {
        struct slu_guardduty_get *leaf = slu_guardduty_get_of(next);

        next = next->next;
        if (!may_join(get, leaf, mono_ms)) {
            continue;
        }
        *end = take_leaf(leaf, room);
        if (*end == NULL) {
            return SLU_ERR_NOMEM;
        }
        room -= (*end)->count;
        err = add_ids(get, *end);
        end = &(*end)->joined;
    }
    return err;
}

static void wait_alone(struct slu_guardduty_get *get)
{
    struct slu_guardduty_target *target = get->unit.target;

    get->joined = NULL;
    get->alone = true;
    slu_guardduty_queue_push(&target->leaves, &get->unit);
    target->ctx->leaves++;
}

bool slu_guardduty_unjoin(struct slu_guardduty_get *get)
{
    struct slu_guardduty_get *joined = get->joined;

    if (joined == NULL) {
        return false;
    }
    get->ids.len = get->own_len;
    wait_alone(get);
    while (joined != NULL) {
        struct slu_guardduty_get *next = joined->joined;

        wait_alone(joined);
        joined = next;
    }
    return true;
}

void slu_guardduty_get_bury(struct slu_guardduty_get *get)
{
    while (get != NULL) {
        struct slu_guardduty_get *next = get->joined;

        get->joined = NULL;
        slu_guardduty_unit_bury(get->unit.target->ctx, &get->unit);
        get = next;
    }
}
