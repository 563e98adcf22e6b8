/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merging is judged from outside: the addresses that the files cover are
 * painted one by one and compared with those of the entries, and the fewest
 * CIDRs are counted by halving a block until it is full or empty.
 */
#include "sinks/cidr_merge.h"

#include "sinks/chance.h"
#include "sinks/lists_world.h"
#include "support/failing_alloc.h"

#define IP SLU_KIND_IP

/* The universe: 45.1.2.0/23. */
#define BASE 0x2d010200u
#define BITS 9
#define SIZE (1u << BITS)

static void merge_world(struct world *world)
{
    world_init(world);
    world->config.merge_cidrs = true;
}

static void print_cidr(char text[32], uint32_t address, unsigned prefix)
{
    int len = snprintf(text, 32, "%u.%u.%u.%u", address >> 24,
                       address >> 16 & 255, address >> 8 & 255, address & 255);

    if (prefix < 32) {
        (void)snprintf(text + len, 32 - (size_t)len, "/%u", prefix);
    }
}

static struct slu_cidr parse_cidr(const char *text)
{
    unsigned o[4] = {0};
    unsigned prefix = 32;

    cr_assert_geq(
        sscanf(text, "%u.%u.%u.%u/%u", &o[0], &o[1], &o[2], &o[3], &prefix), 4);
    return (struct slu_cidr){o[0] << 24 | o[1] << 16 | o[2] << 8 | o[3],
                             (uint8_t)prefix};
}

/* ---- the universe, address by address ---- */

struct paint {
    unsigned char count[SIZE]; /* lines that cover the address */
};

static void paint_cidr(struct paint *paint, struct slu_cidr cidr)
{
    uint32_t size = UINT32_C(1) << (32 - cidr.prefix);

    for (uint32_t i = 0; i < size; i++) {
        cr_assert_lt(cidr.address + i - BASE, SIZE);
        paint->count[cidr.address + i - BASE]++;
    }
}

/* Paints what stands in the files; returns the number of lines. */
static unsigned paint_files(const struct world *world, struct paint *paint)
{
    unsigned lines = 0;

    *paint = (struct paint){{0}};
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        struct slu_view rest = slu_buf_view(&world->files[IP][i]);

        while (rest.len > 0) {
            size_t len =
                (size_t)((char *)memchr(rest.ptr, '\n', rest.len) - rest.ptr);
            char text[32];

            (void)snprintf(text, sizeof(text), "%.*s", (int)len, rest.ptr);
            paint_cidr(paint, parse_cidr(text));
            rest = slu_view_make(rest.ptr + len + 1, rest.len - len - 1);
            lines++;
        }
    }
    return lines;
}

static void paint_records(const struct world *world, struct paint *paint)
{
    *paint = (struct paint){{0}};
    for (unsigned i = 0; i < world->count; i++) {
        paint_cidr(paint, parse_cidr(world->records[i].text));
    }
}

static unsigned count_fewest(const struct paint *paint, uint32_t first,
                             uint32_t size)
{
    uint32_t covered = 0;

    for (uint32_t i = 0; i < size; i++) {
        covered += paint->count[first + i] > 0;
    }
    if (covered == 0 || covered == size) {
        return covered != 0;
    }
    return count_fewest(paint, first, size / 2) +
           count_fewest(paint, first + size / 2, size / 2);
}

/* Mostly addresses, close together. */
static void add_entry(struct world *world, uint64_t *seed, unsigned spread)
{
    unsigned prefix =
        chance(seed, 6) == 0 ? 32 - BITS + chance(seed, BITS) : 32;
    uint32_t address = BASE + chance(seed, spread);
    char text[32];

    if (prefix < 26) {
        prefix += chance(seed, 5);
    }
    address &= ~((UINT64_C(1) << (32 - prefix)) - 1);
    print_cidr(text, address, prefix);
    if (world_find(world, text) == NULL) {
        world_add(world, SLU_RECORD_IP, text, (uint8_t)chance(seed, 100))
            ->last_seen = WORLD_NOW - chance(seed, 10);
    }
}

static void fill_world(struct world *world, uint64_t *seed)
{
    unsigned entries = chance(seed, 120);
    unsigned spread = 1 + chance(seed, SIZE);

    for (unsigned i = 0; i < entries; i++) {
        add_entry(world, seed, spread);
    }
}

/* ---- exactly the same, and the fewest ---- */

Test(cidr_merge, lines_cover_exactly_the_entries_and_are_the_fewest)
{
    uint64_t seed = 31;
    unsigned saved = 0;

    for (unsigned round = 0; round < 400; round++) {
        struct world world;
        struct paint must;
        struct paint is;
        unsigned lines;

        merge_world(&world);
        fill_world(&world, &seed);
        world_must_run(&world);
        lines = paint_files(&world, &is);
        paint_records(&world, &must);
        for (unsigned i = 0; i < SIZE; i++) {
            cr_assert_eq(is.count[i], must.count[i] > 0, "address %u", i);
        }
        cr_assert_eq(lines, count_fewest(&must, 0, SIZE));
        cr_assert_eq(world.counts.listed[IP], world.count);
        cr_assert_eq(world.counts.exceeded[IP], 0);
        ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "");
        saved += world.count - lines;
        world_fini(&world);
    }
    cr_assert_gt(saved, 1000);
}

Test(cidr_merge, is_off_unless_it_is_asked_for)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "45.1.2.0", 5);
    world_add(&world, SLU_RECORD_IP, "45.1.2.1", 5);
    world_add(&world, SLU_RECORD_IP, "45.1.2.0/24", 5);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "45.1.2.0/24\n45.1.2.0\n45.1.2.1\n");
    cr_assert_eq(world.counts.merged, 0);
    world.config.merge_cidrs = true;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "45.1.2.0/24\n");
    cr_assert_eq(world.counts.merged, 2);
    cr_assert_eq(world.counts.listed[IP], 3);
    cr_assert_eq(world.counts.removed[IP], 0);
    world.config.merge_cidrs = false;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "45.1.2.0/24\n45.1.2.0\n45.1.2.1\n");
    world_fini(&world);
}

/* ---- over capacity ---- */

struct line {
    uint32_t first;
    uint32_t last;
    uint64_t rank;
    bool kept;
};

static unsigned find_lines(const struct paint *paint, uint32_t first,
                           uint32_t size, struct line *lines)
{
    unsigned fewest = count_fewest(paint, first, size);
    unsigned left;

    if (fewest == 0) {
        return 0;
    }
    if (fewest == 1 && paint->count[first] > 0 &&
        paint->count[first + size - 1] > 0) {
        lines[0] = (struct line){first, first + size - 1, 0, false};
        return 1;
    }
    left = find_lines(paint, first, size / 2, lines);
    return left + find_lines(paint, first + size / 2, size / 2, lines + left);
}

/* The line that holds a record. */
static struct line *find_line(struct line *lines,
                              const struct world_record *record)
{
    uint32_t address = parse_cidr(record->text).address - BASE;

    while (lines->first > address || lines->last < address) {
        lines++;
    }
    return lines;
}

/* The best `keep`, of equals the first. */
static void keep_best(struct line *lines, unsigned count, unsigned keep)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned above = 0;

        for (unsigned k = 0; k < count; k++) {
            above += lines[k].rank > lines[i].rank ||
                     (lines[k].rank == lines[i].rank && k < i);
        }
        lines[i].kept = above < keep;
    }
}

static void check_capacity(struct world *world, unsigned keep)
{
    static struct line lines[SIZE];
    struct paint paint;
    struct paint is;
    unsigned count;
    unsigned listed = 0;

    paint_records(world, &paint);
    count = find_lines(&paint, 0, SIZE, lines);
    for (unsigned i = 0; i < world->count; i++) {
        const struct slu_record *record = &world->records[i].record;
        struct line *line = find_line(lines, &world->records[i]);
        uint64_t rank = (uint64_t)record->score << 32 | record->last_seen;

        line->rank = rank > line->rank ? rank : line->rank;
    }
    keep_best(lines, count, keep);
    cr_assert_eq(paint_files(world, &is), count < keep ? count : keep);
    for (unsigned i = 0; i < world->count; i++) {
        struct line *line = find_line(lines, &world->records[i]);

        listed += line->kept;
        cr_assert_eq(is.count[line->first], line->kept);
    }
    cr_assert_eq(world->counts.listed[IP], listed);
    cr_assert_eq(world->counts.exceeded[IP], world->count - listed);
}

/* Few lines fit, and the pool overflows many times: yet a line is as wide as
 * all its members, however late and bad they are. */
Test(cidr_merge, over_capacity_the_best_whole_lines_stay)
{
    uint64_t seed = 32;
    unsigned exceeded = 0;

    for (unsigned round = 0; round < 200; round++) {
        struct world world;
        unsigned files = 1 + chance(&seed, 3);

        merge_world(&world);
        world_set_files(&world, files, 1);
        world.config.ip_file_lines = 1 + chance(&seed, 8);
        fill_world(&world, &seed);
        world_must_run(&world);
        check_capacity(&world, files * (unsigned)world.config.ip_file_lines);
        exceeded += (unsigned)world.counts.exceeded[IP];
        world_fini(&world);
    }
    cr_assert_gt(exceeded, 500);
}

Test(cidr_merge, caps_hold_and_a_second_run_moves_nothing)
{
    uint64_t seed = 33;

    for (unsigned round = 0; round < 150; round++) {
        struct world world;

        merge_world(&world);
        world_set_files(&world, 1 + chance(&seed, 4), 1);
        world.config.ip_file_lines = 1 + chance(&seed, 12);
        world.config.file_bytes = 5 + chance(&seed, 90);
        fill_world(&world, &seed);
        world_must_run(&world);
        for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
            cr_assert_leq(world.files[IP][i].len, world.config.file_bytes);
            cr_assert_leq(world.lines[IP][i], world.config.ip_file_lines);
        }
        cr_assert_eq(world.counts.listed[IP] + world.counts.exceeded[IP],
                     world.count);
        world_must_run(&world);
        cr_assert_eq(world.updates, 0);
        cr_assert_eq(world.counts.added[IP] + world.counts.removed[IP], 0);
        world_fini(&world);
    }
}

/* ---- many runs over one store that changes ---- */

static void change_by_chance(struct world *world, uint64_t *seed)
{
    for (unsigned i = 0; i < world->count; i++) {
        struct slu_record *record = &world->records[i].record;

        switch (chance(seed, 12)) {
        case 0:
            record->verdict = SLU_VERDICT_BENIGN;
            break;
        case 1:
            record->verdict = SLU_VERDICT_MALICIOUS;
            break;
        case 2:
            record->last_seen = chance(seed, 4) == 0 ? 0 : record->last_seen;
            break;
        case 3:
            record->score = (uint8_t)chance(seed, 100);
            break;
        default:
            break;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        add_entry(world, seed, 64 + chance(seed, 64));
    }
}

static void change_caps(struct world *world, uint64_t *seed)
{
    world_set_files(world, 1 + chance(seed, 6), 1);
    world->config.ip_file_lines = 1 + chance(seed, 12);
    world->config.file_bytes =
        chance(seed, 2) == 0 ? 10000 : 20 + chance(seed, 100);
    world->options.usable[IP] = chance(seed, 2) == 0 ? 0 : chance(seed, 64);
}

/* Every line is disjoint from the others, within the caps, and has exactly one
 * member with its place; who is covered is listed, and nobody else is. */
static void check_round(struct world *world)
{
    struct paint is;
    unsigned lines = paint_files(world, &is);
    unsigned placed = 0;
    unsigned listed = 0;

    for (unsigned i = 0; i < SIZE; i++) {
        cr_assert_leq(is.count[i], 1);
    }
    for (unsigned i = 0; i < world->count; i++) {
        const struct slu_record *record = &world->records[i].record;
        uint32_t address = parse_cidr(world->records[i].text).address;

        placed += record->place_file != 0;
        if (record->verdict == SLU_VERDICT_MALICIOUS) {
            listed += is.count[address - BASE];
        } else {
            cr_assert_eq(record->place_file, 0);
        }
    }
    cr_assert_eq(placed, lines);
    cr_assert_eq(world->counts.listed[IP], listed);
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        cr_assert_leq(world->files[IP][i].len, world->config.file_bytes);
        cr_assert_leq(world->lines[IP][i], world->config.ip_file_lines);
        slu_buf_clear(&world->files[IP][i]);
        world->lines[IP][i] = 0;
    }
}

/* Nothing is covered that no candidate covers. */
static void check_addresses(const struct world *world)
{
    struct paint is;
    struct paint must = {{0}};

    (void)paint_files(world, &is);
    for (unsigned i = 0; i < world->count; i++) {
        if (world->records[i].record.verdict == SLU_VERDICT_MALICIOUS) {
            paint_cidr(&must, parse_cidr(world->records[i].text));
        }
    }
    for (unsigned i = 0; i < SIZE; i++) {
        cr_assert(is.count[i] == 0 || must.count[i] > 0);
    }
}

Test(cidr_merge, lines_and_their_members_agree_through_many_runs)
{
    uint64_t seed = 34;

    for (unsigned i = 0; i < 25; i++) {
        struct world world;

        merge_world(&world);
        change_caps(&world, &seed);
        for (unsigned round = 0; round < 25; round++) {
            change_by_chance(&world, &seed);
            if (chance(&seed, 4) == 0) {
                change_caps(&world, &seed);
            }
            world_must_run(&world);
            check_addresses(&world);
            check_round(&world);
            world_must_run(&world);
            cr_assert_eq(world.updates, 0);
            check_round(&world);
        }
        world_fini(&world);
    }
}

/* ---- what is never made ---- */

Test(cidr_merge, nothing_is_made_that_the_guard_would_reject)
{
    struct world world;

    merge_world(&world);
    world_add(&world, SLU_RECORD_IP, "44.0.0.0/8", 5);
    world_add(&world, SLU_RECORD_IP, "45.0.0.0/8", 5);
    world_add(&world, SLU_RECORD_IP, "46.0.0.0/9", 5);
    world_add(&world, SLU_RECORD_IP, "46.128.0.0/9", 5);
    world_add(&world, SLU_RECORD_IP, "47.0.0.0/8", 5);
    /* 9.9.9.0/24 is allowed. */
    world_add(&world, SLU_RECORD_IP, "9.9.8.0/24", 5);
    world_add(&world, SLU_RECORD_IP, "9.9.9.0/24", 5);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0,
                "9.9.8.0/24\n44.0.0.0/8\n45.0.0.0/8\n46.0.0.0/8\n"
                "47.0.0.0/8\n");
    cr_assert_eq(world.counts.reasons[SLU_REASON_ALLOWED], 1);
    cr_assert_eq(world.counts.merged, 2);
    world_fini(&world);
}

Test(cidr_merge, the_whole_space_is_one_line_where_all_is_allowed)
{
    const struct slu_guard_options anything = {.allow_non_global = true};
    struct world world;

    merge_world(&world);
    slu_guard_free(world.guard);
    world.guard = slu_guard_new(slu_alloc_default(), &anything);
    for (unsigned i = 0; i < 256; i++) {
        char text[32];

        print_cidr(text, i << 24, 8);
        world_add(&world, SLU_RECORD_IP, text, 5);
    }
    world_add(&world, SLU_RECORD_IP, "255.255.255.255", 5);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "0.0.0.0/0\n");
    cr_assert_eq(world.counts.merged, 257);
    world_fini(&world);
}

Test(cidr_merge, halves_stay_two_where_the_whole_is_longer_than_a_file)
{
    struct world world;

    merge_world(&world);
    world.config.file_bytes = 9;
    world_add(&world, SLU_RECORD_IP, "45.1.2.0", 5);
    world_add(&world, SLU_RECORD_IP, "45.1.2.1", 5);
    world_add(&world, SLU_RECORD_IP, "45.1.2.0/31", 5);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "45.1.2.0\n");
    ASSERT_FILE(&world, IP, 1, "45.1.2.1\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "45.1.2.0/31\n");
    world_fini(&world);
}

/* ---- places ---- */

Test(cidr_merge, a_line_ranks_like_its_best_and_its_first_has_the_place)
{
    struct world world;

    merge_world(&world);
    world_add(&world, SLU_RECORD_IP, "45.1.2.0", 1);
    world_add(&world, SLU_RECORD_IP, "45.1.2.1", 90);
    world_add(&world, SLU_RECORD_IP, "45.1.3.7", 50);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "45.1.2.0/31\n45.1.3.7\n");
    world_assert_seat(&world, "45.1.2.0", 1, 0);
    world_assert_seat(&world, "45.1.2.1", 0, 0);
    world_assert_seat(&world, "45.1.3.7", 1, 1);
    cr_assert_eq(world.counts.added[IP], 2);
    world_fini(&world);
}

static void add_lines(struct world *world)
{
    merge_world(world);
    world_set_files(world, 3, 1);
    world->config.ip_file_lines = 2;
    world_add(world, SLU_RECORD_IP, "41.0.0.1", 90);
    world_add(world, SLU_RECORD_IP, "42.0.0.1", 80);
    world_add(world, SLU_RECORD_IP, "43.0.0.4", 70);
    world_add(world, SLU_RECORD_IP, "43.0.0.5", 10);
    world_add(world, SLU_RECORD_IP, "44.0.0.1", 60);
    world_must_run(world);
    ASSERT_FILE(world, IP, 0, "41.0.0.1\n42.0.0.1\n");
    ASSERT_FILE(world, IP, 1, "43.0.0.4/31\n44.0.0.1\n");
    /* A free seat before that line. */
    world_find(world, "41.0.0.1")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(world);
    ASSERT_FILE(world, IP, 0, "42.0.0.1\n");
}

Test(cidr_merge, a_line_keeps_its_seat_when_it_grows_and_shrinks)
{
    struct world world;

    add_lines(&world);
    world_add(&world, SLU_RECORD_IP, "43.0.0.6/31", 1);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "42.0.0.1\n");
    ASSERT_FILE(&world, IP, 1, "43.0.0.4/30\n44.0.0.1\n");
    world_find(&world, "43.0.0.6/31")->last_seen = 0;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 1, "43.0.0.4/31\n44.0.0.1\n");
    world_find(&world, "43.0.0.5")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "42.0.0.1\n");
    ASSERT_FILE(&world, IP, 1, "43.0.0.4\n44.0.0.1\n");
    world_fini(&world);
}

Test(cidr_merge, what_is_left_of_a_line_inherits_the_seat_of_its_first)
{
    struct world world;

    add_lines(&world);
    world_find(&world, "43.0.0.4")->last_seen = 0;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "42.0.0.1\n");
    ASSERT_FILE(&world, IP, 1, "43.0.0.5\n44.0.0.1\n");
    world_assert_seat(&world, "43.0.0.5", 2, 0);
    world_fini(&world);
}

Test(cidr_merge, entries_inside_a_range_that_leaves_inherit_its_seat)
{
    struct world world;

    add_lines(&world);
    world_add(&world, SLU_RECORD_IP, "43.0.0.0/24", 1);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 1, "43.0.0.0/24\n44.0.0.1\n");
    world_assert_seat(&world, "43.0.0.0/24", 2, 0);
    world_assert_seat(&world, "43.0.0.4", 0, 0);
    world_find(&world, "43.0.0.0/24")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "42.0.0.1\n");
    ASSERT_FILE(&world, IP, 1, "43.0.0.4/31\n44.0.0.1\n");
    world_fini(&world);
}

Test(cidr_merge, a_member_that_comes_before_the_first_takes_its_place_over)
{
    struct world world;

    add_lines(&world);
    world_add(&world, SLU_RECORD_IP, "43.0.0.0/30", 1);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "43.0.0.0/30\n42.0.0.1\n");
    world_find(&world, "43.0.0.4")->last_seen = WORLD_NOW;
    world_add(&world, SLU_RECORD_IP, "43.0.0.6/31", 1);
    world_must_run(&world);
    cr_assert_eq(world.counts.removed[IP], 0);
    ASSERT_FILE(&world, IP, 0, "43.0.0.0/29\n42.0.0.1\n");
    ASSERT_FILE(&world, IP, 1, "44.0.0.1\n");
    world_assert_seat(&world, "43.0.0.0/30", 1, 0);
    world_assert_seat(&world, "43.0.0.4", 0, 0);
    world_fini(&world);
}

/* ---- categories, memory ---- */

Test(cidr_merge, members_of_a_line_are_covered_in_their_categories)
{
    struct world world;

    merge_world(&world);
    world_set_files(&world, 1, 1);
    world.config.ip_file_lines = 1;
    world_add(&world, SLU_RECORD_IP, "45.1.2.0", 90)->sources = 1u << 2;
    world_add(&world, SLU_RECORD_IP, "45.1.2.1", 1)->sources = 1u << 3;
    world_add(&world, SLU_RECORD_IP, "45.1.2.9", 80)->sources = 1u << 3;
    world_must_run(&world);
    cr_assert_eq(world.counts.categories[2].listed, 1);
    cr_assert_not(world.counts.categories[2].has_cut);
    cr_assert_eq(world.counts.categories[3].listed, 1);
    cr_assert_eq(world.counts.categories[3].exceeded, 1);
    cr_assert_eq(world.counts.categories[3].cut_score, 80);
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "45.1.2.9\n");
    world_fini(&world);
}

Test(cidr_merge, takes_no_memory_but_the_pools)
{
    const struct slu_guard_options options = {.cidr_min_prefix = 8};
    struct failing_alloc failing;
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);
    struct slu_pool pool;
    struct slu_cidr_merge merge;

    failing_alloc_init(&failing, 1);
    failing.for_good = true;
    slu_pool_init(&pool, &failing.alloc, 10);
    slu_cidr_merge_init(&merge, guard, &pool, 100);
    for (uint32_t i = 0; i < 65536; i++) {
        struct slu_candidate item = {.rank = 32, .value = 0x2d000000 + i};

        cr_assert_eq(slu_cidr_merge_add(&merge, item), SLU_ERR_OK);
        cr_assert_leq(merge.depth, 17);
    }
    cr_assert_eq(failing.calls, 0);
    cr_assert_eq(slu_cidr_merge_flush(&merge), SLU_ERR_NOMEM);
    slu_pool_fini(&pool);
    slu_guard_free(guard);
}
