/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/place.h"

#include "sinks/chance.h"
#include "sinks/place_oracle.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>

#define COUNT_MAX 48

static const struct slu_place_limits one_file = {1, 5, 100, 1};

/* An item by its score, the length of its entry, and its place. */
static struct slu_candidate make_item(unsigned score, unsigned length,
                                      unsigned file, unsigned seat)
{
    struct slu_record record = {.verdict = SLU_VERDICT_MALICIOUS,
                                .score = (uint8_t)score,
                                .last_seen = 1,
                                .sources = 1};

    return (struct slu_candidate){
        .rank = slu_rank_make(&record, length, 0),
        .place = file == 0 ? 0 : slu_place_code(file, seat)};
}

static void place(const struct slu_place_limits *limits,
                  struct slu_candidate *items, unsigned count,
                  struct slu_place_file files[SLU_LIST_FILES_MAX])
{
    cr_assert_eq(slu_place(slu_alloc_default(), limits, items, count, files),
                 SLU_ERR_OK);
}

static void assert_place(const struct slu_candidate *item, unsigned file,
                         unsigned seat)
{
    cr_assert_eq(slu_place_file(item->place), file, "file is %u, not %u",
                 slu_place_file(item->place), file);
    cr_assert(file == 0 || slu_place_seat(item->place) == seat,
              "seat is %u, not %u", slu_place_seat(item->place), seat);
}

/* ---- one promise each ---- */

Test(place, nothing_gives_empty_files)
{
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}};

    place(&one_file, NULL, 0, files);
    cr_assert_eq(files[0].lines, 0);
    cr_assert_eq(files[0].bytes, 0);
}

Test(place, newcomers_sit_down_best_first)
{
    struct slu_candidate items[] = {
        make_item(10, 9, 0, 0), make_item(30, 9, 0, 0), make_item(20, 9, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}};

    place(&one_file, items, 3, files);
    assert_place(&items[0], 1, 2);
    assert_place(&items[1], 1, 0);
    assert_place(&items[2], 1, 1);
    cr_assert_eq(files[0].lines, 3);
    cr_assert_eq(files[0].bytes, 30);
}

Test(place, of_equals_the_smaller_value_sits_first)
{
    struct slu_candidate items[] = {make_item(10, 9, 0, 0),
                                    make_item(10, 9, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}};

    place(&one_file, items, 2, files);
    assert_place(&items[0], 1, 0);
    assert_place(&items[1], 1, 1);
}

Test(place, a_newcomer_takes_the_lowest_seat_that_was_left)
{
    const struct slu_place_limits two_files = {2, 5, 100, 3};
    struct slu_candidate items[] = {
        make_item(90, 9, 1, 0), make_item(80, 9, 2, 0), make_item(70, 9, 2, 3),
        make_item(50, 9, 0, 0), make_item(40, 9, 0, 0), make_item(30, 9, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 1},
                                                       {.seats = 4}};

    place(&two_files, items, 6, files);
    assert_place(&items[3], 2, 1);
    assert_place(&items[4], 2, 2);
    assert_place(&items[5], 1, 1);
}

Test(place, the_last_seat_of_a_file_is_left_like_any_other)
{
    const struct slu_place_limits two_files = {2, 5, 100, 3};
    struct slu_candidate items[] = {make_item(90, 9, 2, 0),
                                    make_item(50, 9, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}, {.seats = 2}};

    place(&two_files, items, 2, files);
    assert_place(&items[1], 2, 1);
    cr_assert_eq(files[0].lines, 0);
}

Test(place, of_two_in_one_seat_the_better_stays)
{
    struct slu_candidate items[] = {make_item(10, 9, 1, 0),
                                    make_item(20, 9, 1, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 1}};

    place(&one_file, items, 2, files);
    assert_place(&items[0], 1, 1);
    assert_place(&items[1], 1, 0);
}

Test(place, a_lowered_line_cap_moves_the_worst_to_another_file)
{
    const struct slu_place_limits lowered = {2, 2, 100, 3};
    struct slu_candidate items[] = {
        make_item(10, 9, 1, 0), make_item(30, 9, 1, 1), make_item(20, 9, 1, 2)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 3}};

    place(&lowered, items, 3, files);
    assert_place(&items[0], 2, 0);
    assert_place(&items[1], 1, 1);
    assert_place(&items[2], 1, 2);
}

Test(place, a_lowered_byte_cap_drops_the_worst)
{
    const struct slu_place_limits lowered = {1, 5, 20, 1};
    struct slu_candidate items[] = {
        make_item(10, 9, 1, 0), make_item(30, 9, 1, 1), make_item(20, 9, 1, 2)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 3}};

    place(&lowered, items, 3, files);
    assert_place(&items[0], 0, 0);
    assert_place(&items[1], 1, 1);
    assert_place(&items[2], 1, 2);
}

Test(place, a_better_newcomer_evicts_as_many_as_it_needs)
{
    const struct slu_place_limits limits = {1, 5, 30, 1};
    struct slu_candidate items[] = {
        make_item(50, 9, 1, 0), make_item(20, 9, 1, 1), make_item(10, 9, 1, 2),
        make_item(40, 19, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 3}};

    place(&limits, items, 4, files);
    assert_place(&items[0], 1, 0);
    assert_place(&items[1], 0, 0);
    assert_place(&items[2], 0, 0);
    assert_place(&items[3], 1, 1);
    cr_assert_eq(files[0].bytes, 30);
}

Test(place, none_is_evicted_when_it_would_not_be_enough)
{
    const struct slu_place_limits limits = {1, 5, 30, 1};
    struct slu_candidate items[] = {make_item(50, 19, 1, 0),
                                    make_item(10, 9, 1, 1),
                                    make_item(40, 19, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 2}};

    place(&limits, items, 3, files);
    assert_place(&items[0], 1, 0);
    assert_place(&items[1], 1, 1);
    assert_place(&items[2], 0, 0);
}

Test(place, room_is_made_where_the_worst_are)
{
    const struct slu_place_limits limits = {2, 5, 20, 3};
    struct slu_candidate items[] = {
        make_item(50, 9, 1, 0), make_item(20, 9, 1, 1), make_item(60, 9, 2, 0),
        make_item(10, 9, 2, 1), make_item(40, 9, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 2},
                                                       {.seats = 2}};

    place(&limits, items, 5, files);
    assert_place(&items[1], 1, 1);
    assert_place(&items[3], 0, 0);
    assert_place(&items[4], 2, 1);
}

Test(place, an_evicted_entry_may_find_a_shorter_hole)
{
    const struct slu_place_limits limits = {1, 5, 30, 1};
    struct slu_candidate items[] = {
        make_item(50, 9, 1, 0), make_item(20, 14, 1, 1), make_item(10, 3, 1, 2),
        make_item(40, 14, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 3}};

    place(&limits, items, 4, files);
    assert_place(&items[0], 1, 0);
    assert_place(&items[1], 0, 0);
    assert_place(&items[2], 1, 2);
    assert_place(&items[3], 1, 1);
}

Test(place, a_file_that_is_not_usable_stays_empty)
{
    const struct slu_place_limits limits = {3, 2, 100, 5};
    struct slu_candidate items[] = {
        make_item(10, 9, 3, 1), make_item(30, 9, 0, 0), make_item(20, 9, 0, 0),
        make_item(40, 9, 0, 0)};
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}, {0}, {.seats = 2}};

    place(&limits, items, 4, files);
    assert_place(&items[0], 3, 1);
    assert_place(&items[1], 1, 0);
    assert_place(&items[2], 1, 1);
    assert_place(&items[3], 3, 0);
    cr_assert_eq(files[1].lines, 0);
    cr_assert_eq(files[1].bytes, 0);
}

Test(place, without_a_usable_file_none_has_a_place)
{
    const struct slu_place_limits limits = {2, 5, 100, 0};
    struct slu_candidate item = make_item(10, 9, 0, 0);
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}};

    place(&limits, &item, 1, files);
    assert_place(&item, 0, 0);
    cr_assert_eq(files[0].lines + files[1].lines, 0);
}

/* 130 seats are three words of bits: one that is left in a word that was found
 * full is found again. */
Test(place, a_seat_that_is_left_later_is_found_behind_full_ones)
{
    const struct slu_place_limits limits = {1, 200, 131 * 10, 1};
    struct slu_candidate items[132];
    struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 130}};

    for (unsigned i = 0; i < 130; i++) {
        items[i] = make_item(i == 5 ? 10 : 50, 9, 1, i);
    }
    items[130] = make_item(99, 9, 0, 0);
    items[131] = make_item(98, 9, 0, 0);
    place(&limits, items, 132, files);
    assert_place(&items[130], 1, 130);
    assert_place(&items[131], 1, 5);
    assert_place(&items[5], 0, 0);
    cr_assert_eq(files[0].lines, 131);
}

/* ---- against the oracle ---- */

struct world {
    struct oracle_entry entries[COUNT_MAX];
    struct slu_candidate items[COUNT_MAX];
    unsigned index[COUNT_MAX]; /* of items in entries */
    struct oracle oracle;
    struct slu_place_file files[SLU_LIST_FILES_MAX];
    unsigned item_count;
};

/* A population with places that could have come from a run with other caps:
 * any file, any seat, each taken once. */
static void make_world(struct world *world, uint64_t *seed)
{
    struct oracle *oracle = &world->oracle;

    *oracle = (struct oracle){.entries = world->entries,
                              .count = chance(seed, COUNT_MAX),
                              .files = 1 + (int)chance(seed, 6),
                              .usable = 1 + chance(seed, 63),
                              .lines = 1 + chance(seed, 5),
                              .bytes = 10 + chance(seed, 71)};
    if (chance(seed, 2) == 0) {
        oracle->usable = 63;
    }
    for (unsigned i = 0; i < oracle->count; i++) {
        struct oracle_entry *entry = &world->entries[i];
        unsigned seat = chance(seed, 7);
        int file = (int)chance(seed, 7);

        *entry = (struct oracle_entry){.verdict = (int)chance(seed, 3),
                                       .score = (int)chance(seed, 3),
                                       .last_seen = chance(seed, 3),
                                       .sources = (int)chance(seed, 2),
                                       .length = 4 + chance(seed, 20)};
        if (file != 0 && oracle_seat_free(oracle, file, seat)) {
            oracle_seat(oracle, i, file, seat);
        }
    }
}

/* What the pool would hand to slu_place. */
static void make_items(struct world *world)
{
    world->item_count = 0;
    memset(world->files, 0, sizeof(world->files));
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        world->files[i].seats = world->oracle.tops[i + 1];
    }
    oracle_choose_pool(&world->oracle);
    for (unsigned i = 0; i < world->oracle.count; i++) {
        const struct oracle_entry *entry = &world->entries[i];
        struct slu_record record = {
            .verdict = (enum slu_verdict)entry->verdict,
            .score = (uint8_t)entry->score,
            .last_seen = entry->last_seen,
            .sources = (1u << entry->sources) - 1,
        };

        if (entry->pooled) {
            world->index[world->item_count] = i;
            world->items[world->item_count++] = (struct slu_candidate){
                .rank = slu_rank_make(&record, entry->length, 0),
                .place =
                    entry->file == 0
                        ? 0
                        : slu_place_code((unsigned)entry->file, entry->seat)};
        }
    }
}

static void place_world(struct world *world)
{
    struct slu_place_limits limits = {(unsigned)world->oracle.files,
                                      world->oracle.lines, world->oracle.bytes,
                                      world->oracle.usable};

    place(&limits, world->items, world->item_count, world->files);
}

static void compare_world(const struct world *world, unsigned round)
{
    for (unsigned i = 0; i < world->item_count; i++) {
        const struct oracle_entry *entry = &world->entries[world->index[i]];
        uint32_t place = world->items[i].place;

        cr_assert_eq(slu_place_file(place), (unsigned)entry->file,
                     "round %u, entry %u: file %u, not %d", round, i,
                     slu_place_file(place), entry->file);
        cr_assert(entry->file == 0 || slu_place_seat(place) == entry->seat,
                  "round %u, entry %u: seat %u, not %u", round, i,
                  slu_place_seat(place), entry->seat);
    }
    for (int file = 1; file <= world->oracle.files; file++) {
        const struct slu_place_file *got = &world->files[file - 1];

        cr_assert_eq(got->lines, oracle_file_lines(&world->oracle, file));
        cr_assert_eq(got->bytes, oracle_file_bytes(&world->oracle, file));
        cr_assert_leq(got->lines, world->oracle.lines);
        cr_assert_leq(got->bytes, world->oracle.bytes);
    }
}

Test(place, agrees_with_the_oracle_for_any_population_and_caps)
{
    uint64_t seed = 11;
    struct world world;

    for (unsigned round = 0; round < 3000; round++) {
        make_world(&world, &seed);
        make_items(&world);
        oracle_place(&world.oracle);
        place_world(&world);
        compare_world(&world, round);
    }
}

Test(place, placing_again_moves_nothing)
{
    uint64_t seed = 12;
    struct world world;
    struct slu_candidate before[COUNT_MAX];

    for (unsigned round = 0; round < 2000; round++) {
        make_world(&world, &seed);
        make_items(&world);
        place_world(&world);
        memcpy(before, world.items, sizeof(before));
        memset(world.files, 0, sizeof(world.files));
        for (unsigned i = 0; i < world.item_count; i++) {
            uint32_t code = world.items[i].place;
            struct slu_place_file *file =
                &world.files[code == 0 ? 0 : slu_place_file(code) - 1];

            if (code != 0 && slu_place_seat(code) >= file->seats) {
                file->seats = slu_place_seat(code) + 1;
            }
        }
        place_world(&world);
        for (unsigned i = 0; i < world.item_count; i++) {
            cr_assert_eq(world.items[i].place, before[i].place, "round %u",
                         round);
        }
    }
}

Test(place, whoever_stays_keeps_its_seat_when_bytes_do_not_bind)
{
    uint64_t seed = 13;
    struct world world;
    unsigned stayed = 0;

    for (unsigned round = 0; round < 1000; round++) {
        make_world(&world, &seed);
        world.oracle.bytes = 1000;
        world.oracle.lines = 7;
        make_items(&world);
        place_world(&world);
        for (unsigned i = 0; i < world.item_count; i++) {
            const struct oracle_entry *entry = &world.entries[world.index[i]];

            cr_assert_neq(world.items[i].place, 0, "all have room");
            if (entry->file != 0) {
                stayed++;
                assert_place(&world.items[i], (unsigned)entry->file,
                             entry->seat);
            }
        }
    }
    cr_assert_gt(stayed, 1000);
}

Test(place, a_seat_is_never_above_the_lines_or_what_was_taken)
{
    const struct slu_place_limits limits = {3, 4, 1000, 7};
    uint64_t seed = 14;

    for (unsigned round = 0; round < 300; round++) {
        struct slu_candidate items[12];
        struct slu_place_file files[SLU_LIST_FILES_MAX] = {{0}};
        unsigned count = chance(&seed, 13);

        for (unsigned i = 0; i < count; i++) {
            items[i] = make_item(chance(&seed, 100), 9, 0, 0);
        }
        place(&limits, items, count, files);
        for (unsigned i = 0; i < count; i++) {
            cr_assert_lt(slu_place_seat(items[i].place), 4);
        }
    }
}

Test(place, says_when_memory_is_short_and_changes_nothing)
{
    const struct slu_place_limits limits = {2, 5, 100, 3};

    for (unsigned fail_at = 1; fail_at <= 4; fail_at++) {
        struct failing_alloc failing;
        struct slu_candidate items[] = {make_item(10, 9, 1, 0),
                                        make_item(20, 9, 0, 0)};
        struct slu_place_file files[SLU_LIST_FILES_MAX] = {{.seats = 1}};

        failing_alloc_init(&failing, fail_at);
        failing.for_good = true;
        cr_assert_eq(slu_place(&failing.alloc, &limits, items, 2, files),
                     SLU_ERR_NOMEM);
        cr_assert_eq(failing.live, 0);
        assert_place(&items[0], 1, 0);
        assert_place(&items[1], 0, 0);
    }
}
