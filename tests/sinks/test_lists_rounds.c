/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many runs one after the other over one store that changes by chance:
 * arrivals, new verdicts and scores, expiry, caps and file counts that go up
 * and down. After each run everything that came out is compared with what the
 * oracle says it must be, to the byte.
 */
#include "sinks/chance.h"
#include "sinks/lists_world.h"
#include "sinks/place_oracle.h"

#include "codecs/time_text.h"

#define NAMES_MAX 45
#define ROUNDS 25
#define WORLDS 40

struct expected {
    struct oracle oracles[SLU_KIND_COUNT];
    struct oracle_entry entries[SLU_KIND_COUNT][NAMES_MAX];
    unsigned index[SLU_KIND_COUNT][NAMES_MAX]; /* of entries in the world */
    struct slu_lists_counts counts;
    struct slu_buf side[SLU_SIDE_FILE_COUNT];
};

/* ---- what may stand in the store ---- */

/* Half of the names are rejected by something. */
static const char *guarded_reason(const char *text)
{
    if (strncmp(text, "10.", 3) == 0) {
        return "guard_private";
    }
    if (strncmp(text, "127.", 4) == 0) {
        return "guard_loopback";
    }
    if (strncmp(text, "9.9.9.", 6) == 0 ||
        strstr(text, "allowed.org") != NULL) {
        return "allowed";
    }
    return NULL;
}

static void make_text(enum slu_record_kind kind, unsigned i, char text[64])
{
    static const char *const first[] = {"1", "10", "127", "9.9", "45", "200"};

    switch (kind) {
    case SLU_RECORD_IP:
        (void)snprintf(text, 64, i % 6 == 3 ? "%s.9.%u" : "%s.%u.0.0/%u",
                       first[i % 6], i * 5 + 1, 16 + i % 9);
        break;
    case SLU_RECORD_DOMAIN:
        (void)snprintf(text, 64, "%s%c%.*s%s", i % 5 == 0 ? "*." : "",
                       'a' + (int)(i % 26), (int)(i * 3 % 17),
                       "x0123456789-abcdefgh",
                       i % 7 == 0 ? ".allowed.org" : ".com");
        break;
    default:
        (void)snprintf(text, 64, "bad_%u", i);
    }
}

static void add_sighting(struct world *world, uint64_t *seed)
{
    enum slu_record_kind kind =
        (enum slu_record_kind)chance(seed, SLU_RECORD_KIND_COUNT);
    unsigned names = kind <= SLU_RECORD_DOMAIN ? NAMES_MAX : 5;
    struct slu_record *record;
    char text[64];

    make_text(kind, chance(seed, names), text);
    record = world_find(world, text);
    if (record == NULL || record->kind != kind) {
        if (record != NULL) {
            return;
        }
        record = world_add(world, kind, text, 0);
    }
    record->verdict =
        chance(seed, 4) == 0 ? SLU_VERDICT_SUSPICIOUS : SLU_VERDICT_MALICIOUS;
    record->score = (uint8_t)(chance(seed, 4) * 25);
    record->sources |= 1u << chance(seed, 4);
    record->last_seen = (uint32_t)world->options.now - chance(seed, 4) * 3600;
    if (chance(seed, 8) == 0) {
        record->verdict = SLU_VERDICT_BENIGN;
    }
}

static void change_settings(struct world *world, uint64_t *seed)
{
    world_set_files(world, 1 + chance(seed, 6), 1 + chance(seed, 6));
    world->config.ip_file_lines = 1 + chance(seed, 5);
    world->config.entity_file_lines = 1 + chance(seed, 5);
    world->config.file_bytes =
        chance(seed, 3) == 0 ? 1000 : 10 + chance(seed, 71);
    world->config.side_file_bytes =
        chance(seed, 3) == 0 ? chance(seed, 300) : 100000;
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        world->options.usable[kind] =
            chance(seed, 2) == 0 ? 0 : 1 + chance(seed, 63);
    }
    for (unsigned bit = 0; bit < 4; bit++) {
        world->options.category_age_ms[bit] =
            chance(seed, 2) == 0 ? 0 : (1 + chance(seed, 20)) * 1800 * 1000;
    }
    world->options.min_score = (uint8_t)(chance(seed, 3) * 25);
    world->options.verdicts = WORLD_MALICIOUS;
    if (chance(seed, 3) == 0) {
        world->options.verdicts |= 1u << SLU_VERDICT_SUSPICIOUS;
    }
}

/* ---- what must come out ---- */

static bool is_wanted(const struct world *world,
                      const struct slu_record *record)
{
    return (world->options.verdicts >> record->verdict & 1) != 0 &&
           record->score >= world->options.min_score;
}

static bool is_expired(const struct world *world,
                       const struct slu_record *record)
{
    for (unsigned bit = 0; bit < SLU_LISTS_CATEGORIES_MAX; bit++) {
        int64_t age = world->options.category_age_ms[bit];

        age = age == 0 ? world->config.max_age_ms : age;
        if ((record->sources & 1u << bit) != 0 &&
            record->last_seen >= world->options.now - age / 1000) {
            return false;
        }
    }
    return true;
}

/* One line, unless the file is or would be full. */
static void expect_line(struct world *world, struct expected *expected,
                        enum slu_side_file file, const char *line)
{
    struct slu_buf *buf = &expected->side[file];

    if (expected->counts.side_omitted[file] > 0 ||
        buf->len + strlen(line) > world->config.side_file_bytes) {
        expected->counts.side_omitted[file]++;
    } else {
        cr_assert_eq(slu_buf_append_str(buf, line), SLU_ERR_OK);
    }
}

static void expect_reason(struct world *world, struct expected *expected,
                          const struct world_record *entry, const char *reason)
{
    char iso[SLU_ISO_TEXT_LEN];
    char line[400];

    slu_time_format_iso(entry->record.last_seen, iso);
    (void)snprintf(line, sizeof(line),
                   "{\"type\":\"%s\",\"value\":\"%s\",\"reason\":\"%s\","
                   "\"last_seen\":\"%.*s\"}\n",
                   entry->record.kind % 2 == 0 ? "ip_address" : "domain",
                   entry->text, reason, (int)sizeof(iso), iso);
    expect_line(world, expected, SLU_SIDE_REASONS, line);
}

static void expect_candidate(struct expected *expected, unsigned at,
                             const struct world_record *entry)
{
    int kind = entry->record.kind % 2;
    struct oracle *oracle = &expected->oracles[kind];
    bool in_files = entry->record.place_file <= oracle->files;

    expected->index[kind][oracle->count] = at;
    expected->entries[kind][oracle->count++] = (struct oracle_entry){
        .verdict = (int)entry->record.verdict,
        .score = entry->record.score,
        .last_seen = entry->record.last_seen,
        .sources = __builtin_popcount(entry->record.sources),
        .length = (unsigned)strlen(entry->text),
        .file = in_files ? entry->record.place_file : 0,
        .seat = entry->record.place_seat,
    };
}

static void expect_record(struct world *world, struct expected *expected,
                          unsigned at)
{
    const struct world_record *entry = &world->records[at];
    const struct slu_record *record = &entry->record;
    struct oracle *oracle = &expected->oracles[record->kind % 2];
    bool valid = record->kind <= SLU_RECORD_DOMAIN;
    bool wanted = !is_expired(world, record) && is_wanted(world, record);
    char line[400];

    if (valid && record->place_file != 0 &&
        record->place_file <= oracle->files &&
        record->place_seat >= oracle->tops[record->place_file]) {
        oracle->tops[record->place_file] = record->place_seat + 1;
    }
    if (wanted && valid && guarded_reason(entry->text) != NULL) {
        expect_reason(world, expected, entry, guarded_reason(entry->text));
    } else if (wanted && valid) {
        expect_candidate(expected, at, entry);
    } else if (wanted) {
        (void)snprintf(line, sizeof(line), "%s\n", entry->text);
        expect_line(world, expected,
                    record->kind == SLU_RECORD_INVALID_IP
                        ? SLU_SIDE_INVALID_IP
                        : SLU_SIDE_INVALID_DOMAIN,
                    line);
        expect_reason(world, expected, entry, slu_reason_name(record->reason));
    }
}

static void expect_coverage(struct expected *expected,
                            const struct slu_record *record, bool listed)
{
    for (unsigned bit = 0; bit < SLU_LISTS_CATEGORIES_MAX; bit++) {
        struct slu_lists_category *category = &expected->counts.categories[bit];
        int cut = (int)category->cut_verdict * 1000 + category->cut_score;
        int is = (int)record->verdict * 1000 + record->score;

        if ((record->sources & 1u << bit) == 0) {
            continue;
        }
        category->listed += listed;
        category->exceeded += !listed;
        if (!listed && (!category->has_cut || is > cut)) {
            category->has_cut = true;
            category->cut_verdict = record->verdict;
            category->cut_score = record->score;
        }
    }
}

static void expect_exceeded(struct world *world, struct expected *expected,
                            int kind)
{
    struct oracle *oracle = &expected->oracles[kind];

    for (unsigned i = 0; i < oracle->count; i++) {
        const struct world_record *entry =
            &world->records[expected->index[kind][i]];
        char line[400];

        expect_coverage(expected, &entry->record,
                        expected->entries[kind][i].file != 0);
        if (expected->entries[kind][i].file != 0) {
            expected->counts.listed[kind]++;
            expected->counts.added[kind] += entry->record.place_file == 0;
            continue;
        }
        expected->counts.exceeded[kind]++;
        (void)snprintf(line, sizeof(line), "%s\n", entry->text);
        expect_line(world, expected,
                    kind == 0 ? SLU_SIDE_EXCEEDED_IP : SLU_SIDE_EXCEEDED_DOMAIN,
                    line);
    }
}

static void expect_all(struct world *world, struct expected *expected)
{
    *expected = (struct expected){.counts = {{0}}};
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        expected->oracles[kind] = (struct oracle){
            .entries = expected->entries[kind],
            .files = (int)(kind == 0 ? world->config.ip_files.count
                                     : world->config.entity_files.count),
            .usable = world->options.usable[kind] == 0
                          ? 63
                          : world->options.usable[kind],
            .lines = (unsigned)(kind == 0 ? world->config.ip_file_lines
                                          : world->config.entity_file_lines),
            .bytes = (unsigned)world->config.file_bytes,
        };
    }
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        slu_buf_init(&expected->side[i], slu_alloc_default(), 1u << 20);
    }
    for (unsigned i = 0; i < world->count; i++) {
        expect_record(world, expected, i);
    }
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        oracle_place(&expected->oracles[kind]);
        expect_exceeded(world, expected, kind);
    }
}

/* ---- comparing ---- */

/* The text of a file, by asking every seat for its entry. The texts are those
 * of before the run, for an expired record is gone after it. */
static void expect_file(const struct world_record *before,
                        const struct expected *expected, int kind, int file,
                        struct slu_buf *out)
{
    const struct oracle *oracle = &expected->oracles[kind];

    for (unsigned seat = 0; seat < oracle->tops[file]; seat++) {
        for (unsigned i = 0; i < oracle->count; i++) {
            if (expected->entries[kind][i].file == file &&
                expected->entries[kind][i].seat == seat) {
                cr_assert_eq(
                    slu_buf_printf(out, "%s\n",
                                   before[expected->index[kind][i]].text),
                    SLU_ERR_OK);
            }
        }
    }
}

static void compare_files(const struct world *world,
                          const struct world_record *before,
                          const struct expected *expected, int kind)
{
    const struct oracle *oracle = &expected->oracles[kind];

    for (int file = 1; file <= oracle->files; file++) {
        const struct slu_buf *got = &world->files[kind][file - 1];
        struct slu_buf text;

        slu_buf_init(&text, slu_alloc_default(), 1u << 16);
        expect_file(before, expected, kind, file, &text);
        cr_assert(slu_view_equal(slu_buf_view(got), slu_buf_view(&text)),
                  "kind %d, file %d is\n%.*s\nnot\n%.*s", kind, file,
                  (int)got->len, got->ptr, (int)text.len, text.ptr);
        cr_assert_leq(got->len, world->config.file_bytes);
        cr_assert_leq(world->lines[kind][file - 1], oracle->lines);
        cr_assert_eq(world->lines[kind][file - 1],
                     oracle_file_lines(oracle, file));
        slu_buf_fini(&text);
    }
}

static void compare(const struct world *world,
                    const struct world_record *before,
                    const struct expected *expected)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        compare_files(world, before, expected, kind);
        cr_assert_eq(world->counts.listed[kind], expected->counts.listed[kind]);
        cr_assert_eq(world->counts.added[kind], expected->counts.added[kind]);
        cr_assert_eq(world->counts.exceeded[kind],
                     expected->counts.exceeded[kind]);
        cr_assert_eq(world->counts.listed[kind] + world->counts.exceeded[kind],
                     expected->oracles[kind].count);
    }
    for (unsigned bit = 0; bit < SLU_LISTS_CATEGORIES_MAX; bit++) {
        const struct slu_lists_category *is = &world->counts.categories[bit];
        const struct slu_lists_category *must =
            &expected->counts.categories[bit];

        cr_assert_eq(is->listed, must->listed);
        cr_assert_eq(is->exceeded, must->exceeded);
        cr_assert_eq(is->has_cut, must->has_cut);
        cr_assert_eq(is->cut_verdict, must->cut_verdict);
        cr_assert_eq(is->cut_score, must->cut_score);
    }
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        cr_assert(slu_view_equal(slu_buf_view(&world->side[i]),
                                 slu_buf_view(&expected->side[i])),
                  "side file %u is\n%.*s\nnot\n%.*s", i,
                  (int)world->side[i].len, world->side[i].ptr,
                  (int)expected->side[i].len, expected->side[i].ptr);
        cr_assert_eq(world->counts.side_omitted[i],
                     expected->counts.side_omitted[i]);
    }
}

/* How many of a kind are in a file, of before and after. */
static uint64_t count_placed(const struct world_record *records, unsigned count,
                             unsigned kind)
{
    uint64_t placed = 0;

    for (unsigned i = 0; i < count; i++) {
        placed +=
            records[i].record.kind == kind && records[i].record.place_file != 0;
    }
    return placed;
}

static void run_round(struct world *world)
{
    unsigned count = world->count;
    size_t bytes = (count + 1) * sizeof(struct world_record);
    struct world_record *before = malloc(bytes);
    static struct expected expected;

    cr_assert_not_null(before);
    memcpy(before, world->records, count * sizeof(*before));
    expect_all(world, &expected);
    world_must_run(world);
    compare(world, before, &expected);
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        uint64_t had = count_placed(before, count, kind);

        cr_assert_eq(count_placed(world->records, world->count, kind),
                     world->counts.listed[kind]);
        cr_assert_eq(had + world->counts.added[kind] -
                         world->counts.removed[kind],
                     world->counts.listed[kind]);
    }
    for (unsigned i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        slu_buf_fini(&expected.side[i]);
    }
    free(before);
}

Test(lists_rounds, agree_with_the_oracle_to_the_byte)
{
    uint64_t seed = 21;

    for (unsigned i = 0; i < WORLDS; i++) {
        struct world world;

        world_init(&world);
        world.config.max_age_ms = 10 * 3600 * 1000;
        change_settings(&world, &seed);
        world_add(&world, SLU_RECORD_IP, "45.1.2.3", 1);
        for (unsigned round = 0; round < ROUNDS; round++) {
            unsigned sightings = chance(&seed, 12);

            world.options.now += chance(&seed, 2) * 1800;
            for (unsigned k = 0; k < sightings; k++) {
                add_sighting(&world, &seed);
            }
            if (chance(&seed, 6) == 0) {
                change_settings(&world, &seed);
            }
            run_round(&world);
        }
        world_fini(&world);
    }
}

Test(lists_rounds, come_to_rest_after_one_run)
{
    uint64_t seed = 22;

    for (unsigned i = 0; i < WORLDS; i++) {
        struct world world;

        world_init(&world);
        change_settings(&world, &seed);
        for (unsigned k = 0; k < 60; k++) {
            add_sighting(&world, &seed);
        }
        world_must_run(&world);
        world_must_run(&world);
        cr_assert_eq(world.updates, 0);
        cr_assert_eq(world.counts.added[SLU_KIND_IP], 0);
        cr_assert_eq(world.counts.removed[SLU_KIND_DOMAIN], 0);
        world_fini(&world);
    }
}

/* Listed are exactly those that have fewer than `seats` above them. */
static void expect_best(const struct world *world, struct expected *expected,
                        int kind, unsigned seats)
{
    struct oracle *oracle = &expected->oracles[kind];
    unsigned listed = 0;

    for (unsigned k = 0; k < oracle->count; k++) {
        const struct slu_record *record =
            &world->records[expected->index[kind][k]].record;
        unsigned above = 0;

        for (unsigned m = 0; m < oracle->count; m++) {
            above += oracle_above(oracle, m, k);
        }
        cr_assert_eq(record->place_file != 0, above < seats);
        listed += record->place_file != 0;
    }
    cr_assert_eq(listed, world->counts.listed[kind]);
}

/* When bytes don't bind, who stays keeps file and seat, and the kept are the
 * best: nobody outside ranks above anybody inside. */
Test(lists_rounds, keep_exactly_the_best_where_they_stand)
{
    uint64_t seed = 23;

    for (unsigned i = 0; i < WORLDS; i++) {
        struct world world;

        world_init(&world);
        world_set_files(&world, 3, 3);
        world.config.ip_file_lines = 2;
        world.config.entity_file_lines = 2;
        for (unsigned round = 0; round < ROUNDS; round++) {
            static struct expected expected;

            for (unsigned k = 0; k < 8; k++) {
                add_sighting(&world, &seed);
            }
            expect_all(&world, &expected);
            world_must_run(&world);
            for (unsigned k = 0; k < SLU_SIDE_FILE_COUNT; k++) {
                slu_buf_fini(&expected.side[k]);
            }
            for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
                expect_best(&world, &expected, kind, 6);
            }
        }
        world_fini(&world);
    }
}
