/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the index (json_index.h), for a kernel file to include behind
 * json_scan_loop.h after it has defined
 *
 *     append_tokens(run, block, tokens, start)
 *                                 their starts, counted from `start`, and bytes
 *     measure_depths(self, at, keep, out)
 *                                 the depths of 64 tokens, of which those in
 *                                 `keep` are some
 *     match_depths(depths, depth) which of 64 depths are that one
 *
 * There are two passes over what is at hand: over the text, in blocks of 64
 * bytes, and over the tokens found, 64 at a time. Neither has a branch that
 * depends on what the text says, but for the rare: a backslash, a byte above
 * 0x7f, many tokens in a block, a new deepest bracket. For a mispredicted
 * branch costs as much as a block.
 *
 * Brackets match if on each depth the closing ones are of the kind of those
 * that were opened last. On one depth they alternate, so the XOR of all curly
 * bits up to a closing one must be 0.
 *
 *     tokens      { [ ] } [ { } ]
 *     depth 1     {     } [     ]
 *     curly       1     1 0     0
 *     prefix XOR  1     0 0     0     0 wherever one closes
 *
 * Cost: some 50 instructions for 64 bytes, and for 64 tokens some 40 and nine
 * for each depth. Where the text lies in memory, fetching it ahead of time
 * saves a quarter of the time (0.92 to 0.66 us for 2.6 KB), and it costs
 * nothing where it doesn't.
 */
#ifndef SLU_CODECS_JSON_INDEX_LOOP_H
#define SLU_CODECS_JSON_INDEX_LOOP_H

#include "codecs/json_index.h"
#include "codecs/json_scan_loop.h"

/* Where the index is. Nobody gets its address, so that it can stay in
 * registers. */
struct index_run {
    struct slu_json_scan scan;
    uint64_t backslash;
    uint32_t *starts; /* where the next token goes */
    uint8_t *bytes;
};

struct bracket_masks {
    uint64_t open;
    uint64_t close;
    uint64_t curly;
    uint64_t deep; /* deeper than depth_top */
};

INLINE void append_tokens(struct index_run *run, const char *block,
                          uint64_t tokens, uint32_t start);
INLINE void measure_depths(const struct slu_json_index *self, unsigned at,
                           uint64_t keep, struct bracket_masks *out);
INLINE uint64_t match_depths(const uint8_t *depths, unsigned depth);

/* How far ahead of the block at hand the text is fetched: the processor by
 * itself looks no further than the page of 4 KB. Nothing is read there. */
#define AHEAD_BYTES 4096u

INLINE void fetch_ahead(const char *block)
{
    __builtin_prefetch((const void *)((uintptr_t)block + AHEAD_BYTES));
}

/* False: there is a fault in the block, and its tokens are not told. */
INLINE bool index_block(struct index_run *run, const char *block,
                        uint32_t start, unsigned n)
{
    struct masks masks;
    uint64_t quotes, strings, bad, tokens;

    fetch_ahead(block);
    classify(block, &masks);
    if (n < BLOCK) {
        cut_masks(&masks, low_bits(n));
    }
    quotes = masks.quote & ~find_escaped(&run->scan, masks.backslash, BLOCK);
    strings = xor_prefix(quotes) ^ run->scan.in_string; /* first quote, not
                                                           the last */
    tokens = ((masks.open | masks.close) & ~strings) | (quotes & strings);
    bad = masks.control & strings;
    if ((masks.high | run->scan.utf8_need) != 0) {
        bad |= find_bad_utf8(&run->scan, block, masks.high, n);
    }
    if (bad != 0) {
        return false;
    }
    run->scan.in_string = 0 - (strings >> (BLOCK - 1));
    run->backslash |= masks.backslash;
    append_tokens(run, block, tokens, start);
    return true;
}

/* The first pass; false where it met a fault. */
INLINE bool index_blocks(struct slu_json_index *self, struct index_run *run,
                         size_t len)
{
    const uint32_t *full = self->starts + SLU_JSON_INDEX_MAX - BLOCK;
    const char *base = self->base;
    size_t done = self->done;
    bool good = true;

    while (good && len - done >= BLOCK && run->starts <= full) {
        good = index_block(run, base + done, (uint32_t)done, BLOCK);
        done += BLOCK;
    }
    if (good && len - done < BLOCK && done < len && run->starts <= full) {
        good = index_block(run, base + done, (uint32_t)done,
                           (unsigned)(len - done));
        done = len;
    }
    self->done = done;
    return good;
}

/* Raises depth_top to what these 64 tokens need; false beyond the cap, and
 * where a bracket closes that nobody opened: its depth is then below 0. */
static SCAN_TARGET bool raise_top(struct slu_json_index *self, unsigned at,
                                  uint64_t brackets)
{
    for (; brackets != 0; brackets &= brackets - 1) {
        unsigned depth = self->depths[at + __builtin_ctzll(brackets)];

        if (depth > SLU_JSON_SCAN_DEPTH_MAX) {
            return false;
        }
        self->depth_top = depth > self->depth_top ? depth : self->depth_top;
    }
    return true;
}

/* Gives the 64 tokens from `at` their depths, as far as there are any. */
INLINE bool judge_tokens(struct slu_json_index *self, unsigned at)
{
    unsigned left = self->count - at;
    unsigned count = left < 64 ? left : 64;
    struct bracket_masks masks;
    uint64_t bad = 0;

    measure_depths(self, at, low_bits(count), &masks);
    if (masks.deep != 0 && !raise_top(self, at, masks.deep)) {
        return false;
    }
    for (unsigned depth = self->depth_low; depth <= self->depth_top; depth++) {
        uint64_t level = match_depths(self->depths + at, depth);
        uint64_t open = xor_prefix(level & masks.curly) ^ self->curly[depth];

        bad |= open & level & masks.close;
        self->curly[depth] = 0 - (open >> 63);
    }
    self->depth += (unsigned)__builtin_popcountll(masks.open) -
                   (unsigned)__builtin_popcountll(masks.close);
    self->judged = at + count;
    return bad == 0;
}

static SCAN_TARGET void index_text(struct slu_json_index *self, size_t len)
{
    struct index_run run = {.scan = {.escaped = self->escaped,
                                     .in_string = self->in_string,
                                     .utf8_need = self->utf8_need,
                                     .utf8_lead = self->utf8_lead},
                            .starts = self->starts + self->count,
                            .bytes = self->bytes + self->count};

    if (self->failed) {
        return;
    }
    self->failed = !index_blocks(self, &run, len);
    self->count = (unsigned)(run.starts - self->starts);
    self->backslash |= run.backslash != 0;
    self->escaped = run.scan.escaped;
    self->in_string = run.scan.in_string;
    self->utf8_need = run.scan.utf8_need;
    self->utf8_lead = run.scan.utf8_lead;
    while (self->judged < self->count) {
        unsigned at = self->judged;

        if (!judge_tokens(self, at)) {
            self->failed = true;
            self->judged = at;
            self->count = at;
        }
    }
}

static SCAN_TARGET unsigned find_depth(const struct slu_json_index *self,
                                       unsigned from, unsigned depth)
{
    for (unsigned at = from; at < self->judged; at += 64) {
        uint64_t hits = match_depths(self->depths + at, depth);

        if (hits != 0) {
            at += (unsigned)__builtin_ctzll(hits);
            return at < self->judged ? at : self->judged;
        }
    }
    return self->judged;
}

#endif
