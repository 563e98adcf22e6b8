/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which entries are on the lists, and where, worked out the slow way: every
 * question is answered by looking at all entries. Shares no code and no data
 * structure with sinks/; entries stand in the order of their values.
 */
#ifndef TESTS_SINKS_PLACE_ORACLE_H
#define TESTS_SINKS_PLACE_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

struct oracle_entry {
    int verdict;
    int score;
    uint32_t last_seen;
    int sources;
    unsigned length;
    int file; /* 1-6; 0: none */
    unsigned seat;
    bool pooled; /* one of the best as many as there are lines */
    bool tried;
};

struct oracle {
    struct oracle_entry *entries;
    unsigned count;
    int files;
    unsigned usable; /* bit i: file i + 1 may have entries */
    unsigned lines;
    unsigned bytes;
    unsigned tops[7]; /* by file: one more than the highest seat, ever */
};

/* Does a rank above b? */
static inline bool oracle_above(const struct oracle *self, unsigned a,
                                unsigned b)
{
    const struct oracle_entry *x = &self->entries[a];
    const struct oracle_entry *y = &self->entries[b];

    if (x->verdict != y->verdict) {
        return x->verdict > y->verdict;
    }
    if (x->score != y->score) {
        return x->score > y->score;
    }
    if (x->last_seen != y->last_seen) {
        return x->last_seen > y->last_seen;
    }
    return x->sources != y->sources ? x->sources > y->sources : a < b;
}

static inline bool oracle_usable(const struct oracle *self, int file)
{
    return (self->usable & 1u << (file - 1)) != 0;
}

static inline unsigned oracle_usable_count(const struct oracle *self)
{
    unsigned count = 0;

    for (int file = 1; file <= self->files; file++) {
        count += oracle_usable(self, file);
    }
    return count;
}

static inline unsigned oracle_file_lines(const struct oracle *self, int file)
{
    unsigned lines = 0;

    for (unsigned i = 0; i < self->count; i++) {
        lines += self->entries[i].file == file;
    }
    return lines;
}

static inline unsigned oracle_file_bytes(const struct oracle *self, int file)
{
    unsigned bytes = 0;

    for (unsigned i = 0; i < self->count; i++) {
        if (self->entries[i].file == file) {
            bytes += self->entries[i].length + 1;
        }
    }
    return bytes;
}

static inline bool oracle_seat_free(const struct oracle *self, int file,
                                    unsigned seat)
{
    for (unsigned i = 0; i < self->count; i++) {
        if (self->entries[i].file == file && self->entries[i].seat == seat) {
            return false;
        }
    }
    return true;
}

static inline unsigned oracle_free_seat(const struct oracle *self, int file)
{
    unsigned seat = 0;

    while (!oracle_seat_free(self, file, seat)) {
        seat++;
    }
    return seat;
}

/* The worst entry of a file (0: of all), or -1. */
static inline int oracle_worst(const struct oracle *self, int file)
{
    int worst = -1;

    for (unsigned i = 0; i < self->count; i++) {
        int at = self->entries[i].file;

        if (at != 0 && (file == 0 || at == file) &&
            (worst < 0 || oracle_above(self, (unsigned)worst, i))) {
            worst = (int)i;
        }
    }
    return worst;
}

static inline void oracle_seat(struct oracle *self, unsigned i, int file,
                               unsigned seat)
{
    self->entries[i].file = file;
    self->entries[i].seat = seat;
    if (seat + 1 > self->tops[file]) {
        self->tops[file] = seat + 1;
    }
}

static inline bool oracle_has_room(const struct oracle *self, int file,
                                   unsigned i)
{
    return oracle_usable(self, file) &&
           oracle_file_lines(self, file) < self->lines &&
           oracle_file_bytes(self, file) + self->entries[i].length + 1 <=
               self->bytes;
}

static inline bool oracle_place_in_room(struct oracle *self, unsigned i)
{
    for (int file = 1; file <= self->files; file++) {
        unsigned seat = oracle_free_seat(self, file);

        if (oracle_has_room(self, file, i) && seat < self->tops[file]) {
            oracle_seat(self, i, file, seat);
            return true;
        }
    }
    for (int file = 1; file <= self->files; file++) {
        if (oracle_has_room(self, file, i)) {
            oracle_seat(self, i, file, self->tops[file]);
            return true;
        }
    }
    return false;
}

/* Takes the worst out of a file, as far as they rank below i, until i fits, and
 * says which went last; -1 when i can't fit. Puts them back when only asking.
 */
static inline int oracle_empty(struct oracle *self, int file, unsigned i,
                               bool keep)
{
    int gone[64];
    int count = 0;
    int last = -1;

    while (!oracle_has_room(self, file, i)) {
        int worst = oracle_worst(self, file);

        if (worst < 0 || !oracle_above(self, i, (unsigned)worst)) {
            last = -1;
            keep = false;
            break;
        }
        self->entries[worst].file = 0;
        gone[count++] = last = worst;
    }
    for (int k = 0; !keep && k < count; k++) {
        self->entries[gone[k]].file = file;
    }
    return last;
}

/* Makes room where the best one of those that go is the worst. */
static inline void oracle_evict(struct oracle *self, unsigned i)
{
    int best_file = 0;
    int best_last = -1;

    for (int file = 1; file <= self->files; file++) {
        int last = oracle_empty(self, file, i, false);

        if (last >= 0 &&
            (best_last < 0 ||
             oracle_above(self, (unsigned)best_last, (unsigned)last))) {
            best_last = last;
            best_file = file;
        }
    }
    if (best_file != 0) {
        (void)oracle_empty(self, best_file, i, true);
        oracle_seat(self, i, best_file, oracle_free_seat(self, best_file));
    }
}

/* The best one not tried yet, or -1. */
static inline int oracle_next(const struct oracle *self)
{
    int next = -1;

    for (unsigned i = 0; i < self->count; i++) {
        if (!self->entries[i].tried && self->entries[i].pooled &&
            (next < 0 || oracle_above(self, i, (unsigned)next))) {
            next = (int)i;
        }
    }
    return next;
}

static inline void oracle_choose_pool(struct oracle *self)
{
    for (unsigned i = 0; i < self->count; i++) {
        struct oracle_entry *entry = &self->entries[i];
        unsigned above = 0;

        for (unsigned k = 0; k < self->count; k++) {
            above += self->entries[k].length + 1 <= self->bytes &&
                     oracle_above(self, k, i);
        }
        entry->pooled = entry->length + 1 <= self->bytes &&
                        above < self->lines * oracle_usable_count(self);
        entry->tried = false;
        if (!entry->pooled || entry->file > self->files ||
            (entry->file != 0 && !oracle_usable(self, entry->file))) {
            entry->file = 0;
        }
    }
}

/* Places all. tops[] holds what was taken before. */
static inline void oracle_place(struct oracle *self)
{
    int i;

    oracle_choose_pool(self);
    for (int file = 1; file <= self->files; file++) {
        while (oracle_file_lines(self, file) > self->lines ||
               oracle_file_bytes(self, file) > self->bytes) {
            self->entries[oracle_worst(self, file)].file = 0;
        }
    }
    while ((i = oracle_next(self)) >= 0) {
        struct oracle_entry *entry = &self->entries[i];

        entry->tried = true;
        if (entry->file == 0 && !oracle_place_in_room(self, (unsigned)i)) {
            oracle_evict(self, (unsigned)i);
        }
    }
}

#endif
