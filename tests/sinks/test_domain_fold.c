/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Folding is judged from outside, by an oracle that asks every parent, from the
 * deepest up, which names end with it, and knows the few public suffixes of
 * these tests by heart.
 */
#include "sinks/domain_fold.h"

#include "sinks/chance.h"
#include "sinks/lists_world.h"
#include "support/failing_alloc.h"

#define DOMAIN SLU_KIND_DOMAIN
#define LINES_MAX 400

static void fold_world(struct world *world, int64_t least)
{
    world_init(world);
    world->config.fold_domains = least;
    cr_assert_eq(
        slu_guard_allow(world->guard, slu_view_str("ok.good.com\n"), NULL),
        SLU_ERR_OK);
}

static void add(struct world *world, const char *name, uint8_t score)
{
    world_add(world, SLU_RECORD_DOMAIN, name, score);
}

/* ---- one promise each ---- */

Test(domain_fold, enough_names_below_a_parent_become_one_line)
{
    struct world world;

    fold_world(&world, 3);
    add(&world, "a.evil.com", 10);
    add(&world, "b.evil.com", 90);
    add(&world, "c.evil.com", 20);
    add(&world, "evil.com", 5);
    add(&world, "a.bad.com", 50);
    add(&world, "b.bad.com", 40);
    add(&world, "x.a.bad.com", 30);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0,
                "*.evil.com\na.bad.com\nb.bad.com\nx.a.bad.com\nevil.com\n");
    cr_assert_eq(world.counts.folded, 3);
    cr_assert_eq(world.counts.listed[DOMAIN], 7);
    cr_assert_eq(world.counts.exceeded[DOMAIN], 0);
    cr_assert_eq(world.counts.merged, 0);
    world_fini(&world);
}

Test(domain_fold, is_off_unless_it_is_asked_for)
{
    struct world world;

    fold_world(&world, 0);
    add(&world, "*.evil.com", 10);
    add(&world, "a.evil.com", 10);
    add(&world, "b.evil.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.evil.com\na.evil.com\nb.evil.com\n");
    cr_assert_eq(world.counts.folded, 0);
    world_fini(&world);
}

Test(domain_fold, a_wildcard_takes_in_every_name_below_it)
{
    struct world world;

    fold_world(&world, 1000);
    add(&world, "*.evil.com", 10);
    add(&world, "*.x.evil.com", 10);
    add(&world, "a.evil.com", 70);
    add(&world, "a.b.c.evil.com", 80);
    add(&world, "evil.com", 1);
    add(&world, "a.notevil.com", 2);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.evil.com\na.notevil.com\nevil.com\n");
    cr_assert_eq(world.counts.folded, 3);
    world_fini(&world);
}

Test(domain_fold, the_deepest_parents_are_folded_first)
{
    struct world world;

    fold_world(&world, 2);
    add(&world, "a.x.evil.com", 10);
    add(&world, "b.x.evil.com", 10);
    add(&world, "c.y.evil.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.x.evil.com\nc.y.evil.com\n");
    add(&world, "d.evil.com", 10);
    add(&world, "e.evil.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.evil.com\n");
    cr_assert_eq(world.counts.folded, 5);
    world_fini(&world);
}

Test(domain_fold, never_on_a_public_suffix_nor_above_one)
{
    struct world world;

    fold_world(&world, 2);
    add(&world, "a.co.uk", 10);
    add(&world, "a.github.io", 10);
    add(&world, "b.co.uk", 10);
    add(&world, "b.github.io", 10);
    add(&world, "c.com", 10);
    add(&world, "d.com", 10);
    /* s3.amazonaws.com is a public suffix, its parent isn't. */
    add(&world, "s3.amazonaws.com", 10);
    add(&world, "t.amazonaws.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0,
                "a.co.uk\na.github.io\nb.co.uk\nb.github.io\nc.com\nd.com\n"
                "s3.amazonaws.com\nt.amazonaws.com\n");
    cr_assert_eq(world.counts.folded, 0);
    world_fini(&world);
}

Test(domain_fold, nor_where_wildcards_on_public_suffixes_are_let_through)
{
    const struct slu_guard_options lax = {.allow_public_suffixes = true};
    struct world world;

    fold_world(&world, 2);
    slu_guard_free(world.guard);
    world.guard = slu_guard_new(slu_alloc_default(), &lax);
    add(&world, "*.uk", 5);
    add(&world, "a.co.uk", 10);
    add(&world, "a.com", 10);
    add(&world, "b.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.uk\na.com\nb.com\n");
    cr_assert_eq(world.counts.folded, 1);
    world_fini(&world);
}

Test(domain_fold, never_over_an_allowed_name)
{
    struct world world;

    fold_world(&world, 2);
    add(&world, "a.good.com", 10);
    add(&world, "b.good.com", 10);
    add(&world, "a.x.good.com", 10);
    add(&world, "b.x.good.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.x.good.com\na.good.com\nb.good.com\n");
    world_fini(&world);
}

Test(domain_fold, members_of_a_line_are_covered_in_their_categories)
{
    struct world world;

    fold_world(&world, 2);
    world_set_files(&world, 1, 1);
    world.config.entity_file_lines = 1;
    world_add(&world, SLU_RECORD_DOMAIN, "a.evil.com", 90)->sources = 1u << 2;
    world_add(&world, SLU_RECORD_DOMAIN, "b.evil.com", 1)->sources = 1u << 3;
    world_add(&world, SLU_RECORD_DOMAIN, "c.com", 80)->sources = 1u << 3;
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "*.evil.com\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_DOMAIN, "c.com\n");
    cr_assert_eq(world.counts.categories[2].listed, 1);
    cr_assert_eq(world.counts.categories[3].listed, 1);
    cr_assert_eq(world.counts.categories[3].exceeded, 1);
    cr_assert_eq(world.counts.categories[3].cut_score, 80);
    world_fini(&world);
}

/* ---- places ---- */

/* A line in the second file, behind a free seat in the first one. */
static void add_lines(struct world *world)
{
    fold_world(world, 2);
    world_set_files(world, 1, 3);
    world->config.entity_file_lines = 2;
    add(world, "one.com", 90);
    add(world, "two.com", 80);
    add(world, "a.evil.com", 10);
    add(world, "b.evil.com", 70);
    add(world, "c.evil.com", 5);
    add(world, "four.com", 60);
    world_must_run(world);
    ASSERT_FILE(world, DOMAIN, 1, "*.evil.com\nfour.com\n");
    world_find(world, "one.com")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(world);
    ASSERT_FILE(world, DOMAIN, 0, "two.com\n");
    world_assert_seat(world, "a.evil.com", 2, 0);
    world_assert_seat(world, "b.evil.com", 0, 0);
}

Test(domain_fold, a_line_keeps_its_seat_whoever_comes_or_leaves)
{
    struct world world;

    add_lines(&world);
    add(&world, "d.evil.com", 99);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "two.com\n");
    ASSERT_FILE(&world, DOMAIN, 1, "*.evil.com\nfour.com\n");
    world_find(&world, "a.evil.com")->last_seen = 0;
    world_must_run(&world);
    cr_assert_eq(world.counts.expired[DOMAIN], 1);
    ASSERT_FILE(&world, DOMAIN, 0, "two.com\n");
    ASSERT_FILE(&world, DOMAIN, 1, "*.evil.com\nfour.com\n");
    world_assert_seat(&world, "b.evil.com", 2, 0);
    add(&world, "*.evil.com", 1);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 1, "*.evil.com\nfour.com\n");
    world_assert_seat(&world, "*.evil.com", 2, 0);
    cr_assert_eq(world.counts.removed[DOMAIN], 0);
    world_find(&world, "*.evil.com")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 1, "*.evil.com\nfour.com\n");
    world_assert_seat(&world, "b.evil.com", 2, 0);
    world_fini(&world);
}

Test(domain_fold, a_line_that_falls_apart_leaves_its_seat_to_its_first)
{
    struct world world;

    add_lines(&world);
    world_find(&world, "c.evil.com")->last_seen = 0;
    world_find(&world, "b.evil.com")->last_seen = 0;
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "two.com\n");
    ASSERT_FILE(&world, DOMAIN, 1, "a.evil.com\nfour.com\n");
    world_fini(&world);
}

/* ---- against the oracle ---- */

struct line {
    char text[300];
    uint64_t rank;
    bool gone;
    bool kept;
};

struct oracle {
    struct line lines[LINES_MAX];
    unsigned count;
    unsigned least;
};

static const char *parent_of(const char *name)
{
    const char *dot = strchr(name, '.');

    return dot == NULL ? NULL : dot + 1;
}

static bool is_below(const char *name, const char *parent)
{
    size_t len = strlen(name);
    size_t parent_len = strlen(parent);

    return len > parent_len + 1 && name[len - parent_len - 1] == '.' &&
           strcmp(name + len - parent_len, parent) == 0;
}

/* The length of a name's public suffix. */
static size_t suffix_length(const char *name)
{
    static const char *const suffixes[] = {"co.uk", "github.io", "com",
                                           "uk",    "io",        "org"};

    for (unsigned i = 0; i < 6; i++) {
        if (strcmp(name, suffixes[i]) == 0 || is_below(name, suffixes[i])) {
            return strlen(suffixes[i]);
        }
    }
    cr_assert_fail("%s", name);
    return 0;
}

static unsigned count_labels(const char *name)
{
    unsigned labels = 1;

    for (; *name != '\0'; name++) {
        labels += *name == '.';
    }
    return labels;
}

static bool oracle_folds(const struct oracle *self, const char *parent)
{
    unsigned below = 0;
    bool forbidden = strcmp(parent, "good.com") == 0;

    for (unsigned i = 0; i < self->count; i++) {
        const char *name = self->lines[i].text;

        if (self->lines[i].gone || !is_below(name, parent)) {
            continue;
        }
        if (name[0] == '*' && strcmp(name + 2, parent) == 0) {
            return true;
        }
        below += name[0] != '*' && strcmp(parent_of(name), parent) == 0;
        forbidden = forbidden || suffix_length(name) >= strlen(parent);
    }
    return below >= self->least && !forbidden;
}

static void oracle_fold(struct oracle *self, const char *parent)
{
    uint64_t rank = 0;

    for (unsigned i = 0; i < self->count; i++) {
        struct line *line = &self->lines[i];

        if (!line->gone && is_below(line->text, parent)) {
            rank = line->rank > rank ? line->rank : rank;
            line->gone = true;
        }
    }
    cr_assert_lt(self->count, LINES_MAX);
    (void)snprintf(self->lines[self->count].text, 300, "*.%s", parent);
    self->lines[self->count].gone = false;
    self->lines[self->count++].rank = rank;
}

static void oracle_run(struct oracle *self)
{
    unsigned names = self->count;

    for (unsigned labels = 6; labels > 0; labels--) {
        for (unsigned i = 0; i < names; i++) {
            char copy[300];
            const char *parent = copy;

            (void)snprintf(copy, sizeof(copy), "%s", self->lines[i].text);
            while (parent != NULL && count_labels(parent) > labels) {
                parent = parent_of(parent);
            }
            if (parent != copy && count_labels(parent) == labels &&
                oracle_folds(self, parent)) {
                oracle_fold(self, parent);
            }
        }
    }
}

static void oracle_keep(struct oracle *self, unsigned keep)
{
    for (unsigned i = 0; i < self->count; i++) {
        struct line *line = &self->lines[i];
        unsigned above = 0;

        for (unsigned k = 0; k < self->count; k++) {
            const struct line *other = &self->lines[k];

            above += !other->gone && (other->rank > line->rank ||
                                      (other->rank == line->rank &&
                                       strcmp(other->text, line->text) < 0));
        }
        line->kept = !line->gone && above < keep;
    }
}

static void oracle_init(struct oracle *self, struct world *world)
{
    *self = (struct oracle){.least = (unsigned)world->config.fold_domains};
    world->options.config = &world->config;
    world->options.guard = world->guard;
    for (unsigned i = 0; i < world->count; i++) {
        const struct slu_record *record = &world->records[i].record;
        struct line *line = &self->lines[self->count];

        if (slu_lists_classify(&world->options, record) == SLU_REASON_NONE) {
            (void)snprintf(line->text, sizeof(line->text), "%s",
                           world->records[i].text);
            line->rank = (uint64_t)record->score << 32 | record->last_seen;
            self->count++;
        }
    }
}

static bool is_in_files(const struct world *world, const char *text)
{
    char line[310];
    bool found = false;

    (void)snprintf(line, sizeof(line), "%s\n", text);
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        struct slu_view rest = slu_buf_view(&world->files[DOMAIN][i]);

        while (rest.len > 0) {
            size_t len =
                (size_t)((char *)memchr(rest.ptr, '\n', rest.len) - rest.ptr) +
                1;

            found = found ||
                    (len == strlen(line) && memcmp(rest.ptr, line, len) == 0);
            rest = slu_view_make(rest.ptr + len, rest.len - len);
        }
    }
    return found;
}

static void add_by_chance(struct world *world, uint64_t *seed)
{
    static const char *const bases[] = {"evil.com", "bad.co.uk",   "github.io",
                                        "co.uk",    "u.github.io", "x.evil.com",
                                        "good.com", "a.b.net.org"};
    unsigned depth = chance(seed, 3);
    char text[100] = "";
    char name[200];

    if (depth > 0 && chance(seed, 12) == 0) {
        (void)strcat(text, "*.");
    }
    for (unsigned i = 0; i < depth; i++) {
        char label[3] = {(char)('a' + chance(seed, 5)), '.', '\0'};

        (void)strcat(text, label);
    }
    (void)snprintf(name, sizeof(name), "%s%s", text, bases[chance(seed, 8)]);
    if (world_find(world, name) == NULL) {
        world_add(world, SLU_RECORD_DOMAIN, name, (uint8_t)chance(seed, 30))
            ->last_seen = WORLD_NOW - chance(seed, 10);
    }
}

static unsigned compare(const struct world *world, const struct oracle *oracle)
{
    unsigned kept = 0;
    unsigned lines = 0;

    for (unsigned i = 0; i < oracle->count; i++) {
        const struct line *line = &oracle->lines[i];

        cr_assert(!line->kept || is_in_files(world, line->text),
                  "%s is missing", line->text);
        kept += line->kept;
    }
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        cr_assert_leq(world->lines[DOMAIN][i], world->config.entity_file_lines);
        lines += (unsigned)world->lines[DOMAIN][i];
    }
    cr_assert_eq(lines, kept);
    return kept;
}

/* Listed is who is a line that was kept, or below one. */
static void compare_records(struct world *world, const struct oracle *oracle)
{
    unsigned listed = 0;
    unsigned folded = 0;

    for (unsigned i = 0; i < world->count; i++) {
        const char *name = world->records[i].text;

        if (slu_lists_classify(&world->options, &world->records[i].record) !=
            SLU_REASON_NONE) {
            continue;
        }
        for (unsigned k = 0; k < oracle->count; k++) {
            const struct line *line = &oracle->lines[k];
            bool own = strcmp(line->text, name) == 0;
            bool below = line->text[0] == '*' && is_below(name, line->text + 2);

            listed += line->kept && (own || below);
            folded += line->kept && !own && below;
        }
    }
    cr_assert_eq(world->counts.listed[DOMAIN], listed);
    cr_assert_eq(world->counts.folded, folded);
}

Test(domain_fold, agrees_with_the_oracle)
{
    static struct oracle oracle;
    uint64_t seed = 41;
    unsigned folded = 0;

    for (unsigned round = 0; round < 250; round++) {
        struct world world;
        unsigned names = chance(&seed, 120);
        unsigned files = 1 + chance(&seed, 6);

        fold_world(&world, 2 + chance(&seed, 5));
        world_set_files(&world, 1, files);
        world.config.entity_file_lines = 4 + chance(&seed, 20);
        for (unsigned i = 0; i < names; i++) {
            add_by_chance(&world, &seed);
        }
        oracle_init(&oracle, &world);
        oracle_run(&oracle);
        oracle_keep(&oracle, files * (unsigned)world.config.entity_file_lines);
        world_must_run(&world);
        (void)compare(&world, &oracle);
        compare_records(&world, &oracle);
        folded += (unsigned)world.counts.folded;
        world_must_run(&world);
        cr_assert_eq(world.updates, 0);
        (void)compare(&world, &oracle);
        world_fini(&world);
    }
    cr_assert_gt(folded, 1000);
}

/* Names come, are revoked and come back, and the settings change: the lines are
 * the oracle's in each run, and each has one member with its place. */
Test(domain_fold, agrees_with_the_oracle_through_many_runs)
{
    static struct oracle oracle;
    uint64_t seed = 43;

    for (unsigned i = 0; i < 12; i++) {
        struct world world;

        fold_world(&world, 2);
        for (unsigned round = 0; round < 20; round++) {
            unsigned files = 1 + chance(&seed, 6);
            unsigned placed = 0;

            world_set_files(&world, 1, files);
            world.config.entity_file_lines = 6 + chance(&seed, 20);
            world.config.fold_domains = 2 + chance(&seed, 5);
            for (unsigned k = 0; k < world.count; k++) {
                if (chance(&seed, 8) == 0) {
                    world.records[k].record.verdict =
                        chance(&seed, 2) == 0 ? SLU_VERDICT_MALICIOUS
                                              : SLU_VERDICT_BENIGN;
                }
            }
            for (unsigned k = 0; k < 10; k++) {
                add_by_chance(&world, &seed);
            }
            oracle_init(&oracle, &world);
            oracle_run(&oracle);
            oracle_keep(&oracle,
                        files * (unsigned)world.config.entity_file_lines);
            world_must_run(&world);
            for (unsigned k = 0; k < world.count; k++) {
                placed += world.records[k].record.place_file != 0;
            }
            cr_assert_eq(placed, compare(&world, &oracle));
            compare_records(&world, &oracle);
            for (unsigned k = 0; k < SLU_LIST_FILES_MAX; k++) {
                slu_buf_clear(&world.files[DOMAIN][k]);
                world.lines[DOMAIN][k] = 0;
            }
        }
        world_fini(&world);
    }
}

/* More names than are held: which fold is then a matter of rank, but the best
 * one is on the list, caps hold, and a second run changes nothing. */
Test(domain_fold, holds_its_caps_however_many_names_there_are)
{
    uint64_t seed = 42;

    for (unsigned round = 0; round < 20; round++) {
        struct world world;
        char text[64];

        fold_world(&world, 3);
        world_set_files(&world, 1, 1);
        world.config.entity_file_lines = 2;
        for (unsigned i = 0; i < 500; i++) {
            (void)snprintf(text, sizeof(text), "n%03u.p%u.com", i,
                           chance(&seed, 150));
            add(&world, text, (uint8_t)chance(&seed, 90));
        }
        add(&world, "best.com", 100);
        world_must_run(&world);
        cr_assert_eq(world.lines[DOMAIN][0], 2);
        cr_assert(is_in_files(&world, "best.com"));
        cr_assert_eq(world.counts.listed[DOMAIN] +
                         world.counts.exceeded[DOMAIN],
                     world.count);
        world_must_run(&world);
        cr_assert_eq(world.updates, 0);
        world_fini(&world);
    }
}

Test(domain_fold, says_when_memory_is_short_and_changes_nothing)
{
    unsigned fail_at = 0;
    enum slu_err err;

    do {
        struct world world;
        struct failing_alloc failing;

        fold_world(&world, 2);
        world.config.merge_cidrs = true;
        world_set_files(&world, 1, 1);
        world.config.entity_file_lines = 2;
        for (unsigned i = 0; i < 100; i++) {
            char text[64];

            (void)snprintf(text, sizeof(text), "n%u.p%u.com", i, i / 3);
            add(&world, text, 5);
            (void)snprintf(text, sizeof(text), "45.1.1.%u", i);
            world_add(&world, SLU_RECORD_IP, text, 5);
        }
        failing_alloc_init(&failing, ++fail_at);
        failing.for_good = true;
        world.options.alloc = &failing.alloc;
        err = world_run(&world);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        cr_assert_eq(failing.live, 0, "call %u", fail_at);
        world_fini(&world);
    } while (err != SLU_ERR_OK && fail_at < 200);
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_gt(fail_at, 15);
}
