/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries come by address, of one address the widest first. Pending is a
 * run of ranges without a gap, which the next entry may complete:
 *
 *     [ 1.2.0.0/24 ][ 1.2.1.0/25 ][ .128/26 ]   <- the next one begins here
 *
 * - An entry inside the last range adds nothing but its rank and place. (Only
 *   the last one can hold it: it begins where the last entry did, or later.)
 * - One behind a gap ends the run: what is pending can't be completed any more.
 * - So does one behind an upper half that found no lower one: whatever is wider
 *   than that has a hole before it.
 * - Else it is put behind. While the last two are the halves of one range they
 *   become that range.
 *
 * So pending are lower halves, each smaller than the one before, at most one
 * for each prefix, and perhaps an upper half behind them. Every range that goes
 * to the pool is whole, and no two of them are halves of one range (unless the
 * guard or the length forbids it), which is what the fewest CIDRs are. As the
 * run is made before the pool, what the pool drops are lines, and no line lacks
 * a member for want of room.
 *
 * Of the guard rails only the width can newly apply to a merged range: another
 * range overlaps it if and only if it overlaps a half. It is asked all the
 * same, so that there is one truth.
 *
 * Place: a line's seat is stored with its first member in key order. When that
 * one leaves, what is left of the line begins inside its range, or right behind
 * it in the other half; `leave` hands the seat to the first that comes there.
 */
#include "sinks/cidr_merge.h"

#include "sinks/place.h"

#include <assert.h>

void slu_cidr_merge_init(struct slu_cidr_merge *self,
                         const struct slu_guard *guard, struct slu_pool *pool,
                         uint64_t length_max)
{
    *self = (struct slu_cidr_merge){
        .guard = guard, .pool = pool, .length_max = length_max};
}

/* ---- ranges ---- */

static bool is_upper_half(struct slu_cidr cidr)
{
    return cidr.prefix > 0 && (cidr.address >> (32 - cidr.prefix) & 1) != 0;
}

/* The range that it is a half of; its prefix is not 0. */
static struct slu_cidr widen(struct slu_cidr cidr)
{
    uint32_t bit = UINT32_C(1) << (32 - cidr.prefix);

    return (struct slu_cidr){cidr.address & ~bit, (uint8_t)(cidr.prefix - 1)};
}

static struct slu_candidate *last_pending(struct slu_cidr_merge *self)
{
    return &self->pending[self->depth - 1];
}

/* ---- merging ---- */

/* Makes *into what both are together: `cidr`, which ranks like the better one
 * and has the lower one's place, in the order of files and seats. */
static void unite(struct slu_candidate *into, const struct slu_candidate *other,
                  struct slu_cidr cidr)
{
    uint64_t a = slu_rank_order_bits(into->rank);
    uint64_t b = slu_rank_order_bits(other->rank);

    into->rank = (a > b ? a : b) << SLU_RANK_SHIFT | cidr.prefix;
    into->value = cidr.address;
    into->place = slu_place_first(into->place, other->place);
}

static bool may_list(const struct slu_cidr_merge *self, struct slu_cidr cidr)
{
    return slu_guard_check_ip(self->guard, cidr) == SLU_REASON_NONE &&
           slu_ipv4_text_length(cidr) <= self->length_max;
}

/* Makes one of the last two; false when they stay two. */
static bool merge_last(struct slu_cidr_merge *self)
{
    struct slu_candidate *upper = last_pending(self);
    struct slu_candidate *lower = upper - 1;
    struct slu_cidr half = slu_cidr_merge_line(upper);
    struct slu_cidr whole;

    if (self->depth < 2 || !is_upper_half(half) ||
        slu_rank_prefix(lower->rank) != half.prefix) {
        return false;
    }
    whole = widen(half);
    if (whole.address != lower->value || !may_list(self, whole)) {
        return false;
    }
    unite(lower, upper, whole);
    self->depth--;
    return true;
}

static bool is_inside(struct slu_cidr cidr, const struct slu_candidate *item)
{
    return slu_cidr_last(cidr) <= slu_cidr_last(slu_cidr_merge_line(item));
}

enum slu_err slu_cidr_merge_flush(struct slu_cidr_merge *self)
{
    const struct slu_view no_name = {0};

    for (unsigned i = 0; i < self->depth; i++) {
        struct slu_candidate *item = &self->pending[i];
        uint64_t length = slu_ipv4_text_length(slu_cidr_merge_line(item));
        enum slu_err err;

        item->rank |= length << 8;
        err = slu_pool_add(self->pool, *item, no_name);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    self->depth = 0;
    return SLU_ERR_OK;
}

static void inherit(struct slu_cidr_merge *self, struct slu_candidate *item)
{
    if (self->left_place != 0 && item->place == 0 &&
        item->value >= self->left_first && item->value <= self->left_last) {
        item->place = self->left_place;
        self->left_place = 0;
    }
}

/* Can what is pending become wider by an entry that begins there? */
static bool can_grow(const struct slu_cidr_merge *self, uint32_t address)
{
    struct slu_cidr last;

    if (self->depth == 0) {
        return true;
    }
    last = slu_cidr_merge_line(&self->pending[self->depth - 1]);
    return !is_upper_half(last) && slu_cidr_last(last) + 1 == address;
}

enum slu_err slu_cidr_merge_add(struct slu_cidr_merge *self,
                                struct slu_candidate candidate)
{
    struct slu_cidr cidr = slu_cidr_merge_line(&candidate);

    inherit(self, &candidate);
    if (self->depth > 0 && is_inside(cidr, last_pending(self))) {
        struct slu_candidate *last = last_pending(self);

        unite(last, &candidate, slu_cidr_merge_line(last));
        return SLU_ERR_OK;
    }
    if (!can_grow(self, cidr.address)) {
        enum slu_err err = slu_cidr_merge_flush(self);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    assert(self->depth < SLU_CIDR_MERGE_DEPTH);
    candidate.rank &= ~UINT64_C(0xff00); /* the length is found at the end */
    self->pending[self->depth++] = candidate;
    while (merge_last(self)) {
    }
    return SLU_ERR_OK;
}

void slu_cidr_merge_leave(struct slu_cidr_merge *self, struct slu_cidr cidr,
                          uint32_t place)
{
    struct slu_cidr range =
        cidr.prefix == 0 || is_upper_half(cidr) ? cidr : widen(cidr);

    self->left_place = place;
    self->left_first = range.address;
    self->left_last = slu_cidr_last(range);
}
