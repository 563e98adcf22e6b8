/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The algorithm, over the candidates in the order of their rank:
 *
 * 1. Every entry that has a place is seated there. Of two in one seat (which
 *    only a damaged state has) the better one is.
 * 2. Where a cap was lowered, the worst entries of a file that is too full
 *    lose their places until it isn't.
 * 3. From the best to the worst, each entry without a place gets one:
 *      a. the lowest free seat below the highest of a file ("left by one that
 *         is gone"), in the first file that has such a seat and room;
 *      b. else the next seat of the first file with room;
 *      c. else room is made. From the worst seated entry upwards, as far as
 *         they rank below the newcomer, we add up what each file would win;
 *         the first file to win enough gives up those entries, and no other
 *         file any. So the best of what is lost is as bad as can be.
 *      d. When even that isn't enough, it has none.
 *    An entry that loses its place in c ranks below the one that it made room
 *    for, so its turn is still to come: a shorter hole may be left for it. That
 *    is the only way for an entry to move, and it needs a byte cap that binds.
 *
 * What follows from it:
 * - A newcomer has a place if and only if there is a file in which the better
 *   entries leave room for it. Later turns change only what ranks below it, so
 *   the outcome is a fixed point: placing it once more moves nothing.
 * - When bytes don't bind, all have a place, for they are at most as many as
 *   there are lines, and whoever had one within the caps keeps it.
 * - A seat is at most the number of lines, or a seat that was there before.
 *
 * Cost: one radix sort, a bit per seat, and a constant for each newcomer: step
 * c looks at no more entries of a file than the newcomer has bytes. Where no
 * seat is contested and bytes can't run short, which is every run that no cap
 * was lowered for, only the newcomers are sorted and looked at by rank: reading
 * a million items out of order costs more than all the rest.
 */
#include "sinks/place.h"

#include <assert.h>
#include <string.h>

#define WORD_BITS 64

/* One file's seats: a bit for each, set when taken. */
struct seats {
    uint64_t *words;
    uint32_t word_count;
    uint32_t first_free; /* no free seat in the words before */
};

/* The entries of one file that may have to make room: their positions in
 * `order`, so the worst one is on top. */
struct stack {
    const uint32_t *positions;
    uint32_t count;
};

struct placement {
    const struct slu_alloc *alloc;
    const struct slu_place_limits *limits;
    struct slu_candidate *items;
    uint32_t count;
    bool newcomers;   /* there are items without a place */
    uint64_t longest; /* bytes of a line */
    uint32_t *order; /* indices of items, best first: of all, or of newcomers */
    uint32_t *scratch; /* for sorting; then the stacks */
    uint32_t turns;    /* as many have their turn */
    struct slu_place_file *files;
    struct seats seats[SLU_LIST_FILES_MAX];
    struct stack stacks[SLU_LIST_FILES_MAX];
    bool has_stacks;
};

static struct slu_candidate *item_at(const struct placement *self,
                                     uint32_t position)
{
    return &self->items[self->order[position]];
}

/* What an entry takes of a file: its bytes and "\n". */
static uint64_t line_bytes(const struct slu_candidate *item)
{
    return (uint64_t)slu_rank_length(item->rank) + 1;
}

/* ---- seats ---- */

static bool seat_taken(const struct seats *seats, uint32_t seat)
{
    return seats->words[seat / WORD_BITS] >> (seat % WORD_BITS) & 1;
}

/* There is one: the words reach further than the lines. */
static uint32_t find_free_seat(struct seats *seats)
{
    while (seats->words[seats->first_free] == UINT64_MAX) {
        seats->first_free++;
    }
    return seats->first_free * WORD_BITS +
           (uint32_t)__builtin_ctzll(~seats->words[seats->first_free]);
}

static void take_seat(struct placement *self, struct slu_candidate *item,
                      unsigned file, uint32_t seat)
{
    self->seats[file].words[seat / WORD_BITS] |= UINT64_C(1)
                                                 << (seat % WORD_BITS);
    self->files[file].bytes += line_bytes(item);
    self->files[file].lines++;
    if (seat >= self->files[file].seats) {
        self->files[file].seats = seat + 1;
    }
    item->place = slu_place_code(file + 1, seat);
}

static void leave_seat(struct placement *self, struct slu_candidate *item)
{
    unsigned file = slu_place_file(item->place) - 1;
    uint32_t seat = slu_place_seat(item->place);
    struct seats *seats = &self->seats[file];

    seats->words[seat / WORD_BITS] &= ~(UINT64_C(1) << (seat % WORD_BITS));
    if (seat / WORD_BITS < seats->first_free) {
        seats->first_free = seat / WORD_BITS;
    }
    self->files[file].bytes -= line_bytes(item);
    self->files[file].lines--;
    item->place = 0;
}

/* ---- steps 1 and 2 ---- */

/* Seats them as they come; false when two have one seat, which must go to the
 * better one. */
static bool seat_unsorted(struct placement *self)
{
    for (uint32_t i = 0; i < self->count; i++) {
        struct slu_candidate *item = &self->items[i];
        uint32_t place = item->place;
        uint64_t bytes = line_bytes(item);

        self->longest = bytes > self->longest ? bytes : self->longest;
        if (place == 0) {
            self->newcomers = true;
            continue;
        }
        assert(slu_place_file(place) <= self->limits->files);
        assert(slu_place_usable(self->limits, slu_place_file(place) - 1));
        if (seat_taken(&self->seats[slu_place_file(place) - 1],
                       slu_place_seat(place))) {
            return false;
        }
        take_seat(self, item, slu_place_file(place) - 1, slu_place_seat(place));
    }
    return true;
}

/* Frees all seats; the items still know theirs. */
static void unseat_all(struct placement *self)
{
    for (unsigned file = 0; file < self->limits->files; file++) {
        struct seats *seats = &self->seats[file];

        memset(seats->words, 0, seats->word_count * sizeof(*seats->words));
        seats->first_free = 0;
        self->files[file].bytes = 0;
        self->files[file].lines = 0;
    }
}

static void seat_incumbents(struct placement *self)
{
    for (uint32_t i = 0; i < self->turns; i++) {
        struct slu_candidate *item = item_at(self, i);
        uint32_t place = item->place;

        if (place == 0) {
            continue;
        }
        if (seat_taken(&self->seats[slu_place_file(place) - 1],
                       slu_place_seat(place))) {
            item->place = 0;
        } else {
            take_seat(self, item, slu_place_file(place) - 1,
                      slu_place_seat(place));
        }
    }
}

static bool over_cap(const struct placement *self, unsigned file)
{
    return self->files[file].lines > self->limits->lines ||
           self->files[file].bytes > self->limits->bytes;
}

static bool any_over_cap(const struct placement *self)
{
    bool any = false;

    for (unsigned file = 0; file < self->limits->files; file++) {
        any = any || over_cap(self, file);
    }
    return any;
}

static void empty_overfull_files(struct placement *self)
{
    bool any = any_over_cap(self);

    for (uint32_t i = self->turns; any && i > 0; i--) {
        struct slu_candidate *item = item_at(self, i - 1);

        if (item->place != 0 &&
            over_cap(self, slu_place_file(item->place) - 1)) {
            leave_seat(self, item);
        }
    }
}

/* ---- step 3 ---- */

static bool has_room(const struct placement *self, unsigned file,
                     uint64_t bytes)
{
    return slu_place_usable(self->limits, file) &&
           self->files[file].lines < self->limits->lines &&
           self->files[file].bytes + bytes <= self->limits->bytes;
}

static bool place_in_room(struct placement *self, struct slu_candidate *item)
{
    unsigned first = self->limits->files;

    for (unsigned file = 0; file < self->limits->files; file++) {
        const struct slu_place_file *own = &self->files[file];

        if (!has_room(self, file, line_bytes(item))) {
            continue;
        }
        if (own->lines < own->seats) {
            take_seat(self, item, file, find_free_seat(&self->seats[file]));
            return true;
        }
        first = file < first ? file : first;
    }
    if (first == self->limits->files) {
        return false;
    }
    take_seat(self, item, first, self->files[first].seats);
    return true;
}

/* Sorts the seated entries from a position on into a stack for each file. Made
 * once, when bytes first turn out to be short: an entry that gets a place later
 * outranks all whose turn comes after it, so it is never asked to leave. */
static void make_stacks(struct placement *self, uint32_t position)
{
    uint32_t starts[SLU_LIST_FILES_MAX];
    uint32_t sum = 0;

    for (unsigned file = 0; file < self->limits->files; file++) {
        starts[file] = sum;
        self->stacks[file] = (struct stack){self->scratch + sum, 0};
        sum += self->files[file].lines;
    }
    for (uint32_t i = position; i < self->turns; i++) {
        uint32_t place = item_at(self, i)->place;

        if (place != 0) {
            unsigned file = slu_place_file(place) - 1;

            self->scratch[starts[file] + self->stacks[file].count++] = i;
        }
    }
    self->has_stacks = true;
}

/* The file whose topmost entry is the worst of all, and worse than the one at
 * `position`; the number of files when there is none. */
static unsigned find_worst(const struct placement *self,
                           const struct stack tops[SLU_LIST_FILES_MAX],
                           uint32_t position)
{
    unsigned found = self->limits->files;
    uint32_t worst = position;

    for (unsigned file = 0; file < self->limits->files; file++) {
        uint32_t count = tops[file].count;

        if (count > 0 && tops[file].positions[count - 1] > worst) {
            worst = tops[file].positions[count - 1];
            found = file;
        }
    }
    return found;
}

/* Step c, the search: the file to take room from, and in *out_left how many
 * are left on its stack; the number of files when there is none. */
static unsigned find_victims(const struct placement *self, uint32_t position,
                             uint32_t *out_left)
{
    uint64_t need = line_bytes(item_at(self, position));
    uint64_t won[SLU_LIST_FILES_MAX] = {0};
    struct stack tops[SLU_LIST_FILES_MAX];
    unsigned file;

    for (unsigned i = 0; i < self->limits->files; i++) {
        tops[i] = self->stacks[i];
    }
    do {
        file = find_worst(self, tops, position);
        if (file == self->limits->files) {
            return file;
        }
        tops[file].count--;
        won[file] +=
            line_bytes(item_at(self, tops[file].positions[tops[file].count]));
    } while (self->files[file].bytes - won[file] + need > self->limits->bytes);
    *out_left = tops[file].count;
    return file;
}

static bool place_by_eviction(struct placement *self, uint32_t position)
{
    uint32_t left = 0;
    unsigned file;
    struct stack *stack;

    if (!self->has_stacks) {
        make_stacks(self, position);
    }
    file = find_victims(self, position, &left);
    if (file == self->limits->files) {
        return false;
    }
    stack = &self->stacks[file];
    while (stack->count > left) {
        stack->count--;
        leave_seat(self, item_at(self, stack->positions[stack->count]));
    }
    take_seat(self, item_at(self, position), file,
              find_free_seat(&self->seats[file]));
    return true;
}

static void place_newcomers(struct placement *self)
{
    for (uint32_t i = 0; i < self->turns; i++) {
        struct slu_candidate *item = item_at(self, i);

        if (i + SLU_RANK_AHEAD < self->turns) {
            __builtin_prefetch(item_at(self, i + SLU_RANK_AHEAD), 1);
        }
        if (item->place == 0 && !place_in_room(self, item)) {
            (void)place_by_eviction(self, i);
        }
    }
}

/* ---- the whole ---- */

static enum slu_err init(struct placement *self)
{
    for (unsigned file = 0; file < self->limits->files; file++) {
        struct seats *seats = &self->seats[file];
        uint32_t most = self->files[file].seats > self->limits->lines
                            ? self->files[file].seats
                            : self->limits->lines;

        /* One bit more than seats, so that there is always a free one. */
        seats->word_count = most / WORD_BITS + 1;
        seats->words = slu_alloc_zero(self->alloc, seats->word_count *
                                                       sizeof(*seats->words));
        if (seats->words == NULL) {
            return SLU_ERR_NOMEM;
        }
    }
    return SLU_ERR_OK;
}

static size_t index_bytes(const struct placement *self)
{
    return ((size_t)self->count + 1) * sizeof(uint32_t);
}

static void fini(struct placement *self)
{
    for (unsigned file = 0; file < self->limits->files; file++) {
        slu_alloc_put(self->alloc, self->seats[file].words,
                      self->seats[file].word_count * sizeof(uint64_t));
    }
    slu_alloc_put(self->alloc, self->order, index_bytes(self));
    slu_alloc_put(self->alloc, self->scratch, index_bytes(self));
}

static enum slu_err sort(struct placement *self, bool newcomers_alone)
{
    self->order = slu_alloc_get(self->alloc, index_bytes(self));
    self->scratch = slu_alloc_get(self->alloc, index_bytes(self));
    if (self->order == NULL || self->scratch == NULL) {
        return SLU_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < self->count; i++) {
        if (!newcomers_alone || self->items[i].place == 0) {
            self->order[self->turns++] = i;
        }
    }
    slu_rank_sort(self->items, self->order, self->turns, self->scratch);
    return SLU_ERR_OK;
}

/* Nobody has to leave a seat for another: then the newcomers' turns are all
 * there is, and their ranks all that must be known. */
static enum slu_err place_simply(struct placement *self)
{
    enum slu_err err = SLU_ERR_OK;

    if (self->newcomers) {
        err = sort(self, true);
        if (err == SLU_ERR_OK) {
            place_newcomers(self);
        }
    }
    return err;
}

static enum slu_err place_by_rank(struct placement *self)
{
    enum slu_err err = sort(self, false);

    if (err == SLU_ERR_OK) {
        unseat_all(self);
        seat_incumbents(self);
        empty_overfull_files(self);
        place_newcomers(self);
    }
    return err;
}

/* Whether newcomers may find lines enough but bytes too few. */
static bool may_lack_bytes(const struct placement *self)
{
    return self->newcomers &&
           self->longest * self->limits->lines > self->limits->bytes;
}

enum slu_err slu_place(const struct slu_alloc *alloc,
                       const struct slu_place_limits *limits,
                       struct slu_candidate *items, uint32_t count,
                       struct slu_place_file files[SLU_LIST_FILES_MAX])
{
    struct placement self = {.alloc = alloc,
                             .limits = limits,
                             .items = items,
                             .count = count,
                             .files = files};
    enum slu_err err = init(&self);

    if (err == SLU_ERR_OK) {
        err = !seat_unsorted(&self) || any_over_cap(&self) ||
                      may_lack_bytes(&self)
                  ? place_by_rank(&self)
                  : place_simply(&self);
    }
    fini(&self);
    return err;
}
