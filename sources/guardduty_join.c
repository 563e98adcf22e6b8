/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gets that ask for the ids of several pages. A window ends with a page that is
 * rarely full, and GetFindings takes 50 ids of whatever window. Only leaves are
 * joined: gets that end their windows, on which nothing waits. The first of
 * them has the ids of all, and is what is sent, retried and answered.
 *
 *     get -- joined -> get -- joined -> get
 *     ids of all three
 *
 * Ids that are refused together are asked for page by page, so that one bad id
 * costs its own window only.
 */
#include "sources/guardduty_pull.h"

static bool fits(const struct slu_guardduty_get *get, unsigned count,
                 const struct slu_guardduty_unit *unit, uint64_t mono_ms)
{
    const struct slu_guardduty_get *other =
        (const struct slu_guardduty_get *)unit;

    return !other->alone && other->joined == NULL &&
           other->unit.head.not_before_ms <= mono_ms &&
           other->window->detector == get->window->detector &&
           count + other->count <= SLU_GUARDDUTY_PAGE;
}

static enum slu_err add_ids(struct slu_guardduty_get *get,
                            const struct slu_guardduty_get *other)
{
    enum slu_err err = slu_buf_append_str(&get->ids, ",");

    return err == SLU_ERR_OK
               ? slu_buf_append(&get->ids, slu_buf_view(&other->ids))
               : err;
}

/* How far it looks: leaves are many only when the server is slow. */
#define LOOKED_AT_MAX 64

enum slu_err slu_guardduty_join(struct slu_guardduty_get *get, uint64_t mono_ms)
{
    struct slu_guardduty_target *target = get->unit.target;
    struct slu_guardduty_get **end = &get->joined;
    struct slu_guardduty_unit *next = target->leaves.first;
    unsigned count = get->count;
    unsigned joined = 1;
    enum slu_err err = SLU_ERR_OK;

    if (get->divides || get->alone || get->joined != NULL ||
        get->window->newest == get) {
        return SLU_ERR_OK;
    }
    get->own_len = get->ids.len;
    for (unsigned i = 0; i < LOOKED_AT_MAX && next != NULL &&
                         joined < SLU_GUARDDUTY_JOINED_MAX && err == SLU_ERR_OK;
         i++) {
        struct slu_guardduty_unit *unit = next;

        next = unit->next;
        if (fits(get, count, unit, mono_ms)) {
            slu_guardduty_queue_remove(&target->leaves, unit);
            target->ctx->leaves--;
            *end = slu_guardduty_get_of(unit);
            count += (*end)->count;
            joined++;
            err = add_ids(get, *end);
            end = &(*end)->joined;
        }
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
