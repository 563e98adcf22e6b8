/* SPDX-License-Identifier: Apache-2.0 */
/*
 * More than GuardDuty takes: 2,000,000 addresses and 10,000 names, made one at
 * a time and never kept. All have the same age, so what stays is known
 * beforehand: whoever scores above the cut, and of those at the cut the first.
 */
#include "sinks/chance.h"
#include "sinks/lists.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define NOW 1754542800
#define SCORES 101

struct crowd {
    unsigned ips;
    unsigned domains;
    struct slu_lists_config config;
    struct slu_guard *guard;
    uint64_t side_lines[SLU_SIDE_FILE_COUNT];
};

struct member {
    struct slu_record record;
    char key[64];
};

static enum slu_err count_side(void *ctx, enum slu_side_file file,
                               struct slu_view bytes)
{
    struct crowd *self = ctx;

    for (size_t i = 0; i < bytes.len; i++) {
        self->side_lines[file] += bytes.ptr[i] == '\n';
    }
    return SLU_ERR_OK;
}

static void init_crowd(struct crowd *self, unsigned ips, unsigned domains)
{
    const struct slu_guard_options guard = {.cidr_min_prefix = 8};

    *self = (struct crowd){
        .ips = ips,
        .domains = domains,
        .config = {.ip_file_lines = SLU_LIST_IP_LINES_MAX,
                   .entity_file_lines = SLU_LIST_DOMAIN_LINES_MAX,
                   .file_bytes = SLU_LIST_BYTES_MAX,
                   .side_file_bytes = SLU_LIST_BYTES_MAX,
                   .max_age_ms = INT64_C(90) * 86400 * 1000},
        .guard = slu_guard_new(slu_alloc_default(), &guard),
    };
    cr_assert_not_null(self->guard);
}

static uint8_t score_of(unsigned i)
{
    uint64_t seed = i;

    return (uint8_t)chance(&seed, SCORES);
}

/* The i-th of a kind, in key order. A name has 12 bytes, one of the first
 * thousand addresses 14. */
static void make_member(const struct crowd *self, unsigned i,
                        struct member *member)
{
    bool ip = i < self->ips;
    unsigned n = ip ? i : i - self->ips;

    member->record = (struct slu_record){
        .kind = ip ? SLU_RECORD_IP : SLU_RECORD_DOMAIN,
        .verdict = SLU_VERDICT_MALICIOUS,
        .score = score_of(n),
        .sources = SLU_SOURCE_STREAM,
        .first_seen = NOW,
        .last_seen = NOW,
        .assessed_at = NOW,
        .key = {member->key, ip ? SLU_RECORD_IP_KEY_LEN : 12},
    };
    if (ip) {
        slu_record_key_from_cidr(
            (struct slu_cidr){0x2d646464u + (n / 100 << 8) + n % 100, 32},
            member->key);
    } else {
        (void)snprintf(member->key, sizeof(member->key), "n%07u.com", n);
    }
}

/* By how many of a kind score what. */
static void find_cut(unsigned count, uint64_t room, unsigned *out_score,
                     uint64_t *out_ties)
{
    unsigned scores[SCORES] = {0};
    unsigned score = SCORES;

    for (unsigned i = 0; i < count; i++) {
        scores[score_of(i)]++;
    }
    while (score > 0 && scores[score - 1] <= room) {
        score--;
        room -= scores[score];
    }
    *out_score = score; /* all from here on */
    *out_ties = room;   /* and so many of the one below */
}

static void consider(const struct crowd *self, struct slu_lists *lists)
{
    enum slu_err err = SLU_ERR_OK;
    struct member member;

    for (unsigned i = 0; i < self->ips + self->domains; i++) {
        make_member(self, i, &member);
        err =
            err == SLU_ERR_OK ? slu_lists_consider(lists, &member.record) : err;
    }
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_eq(slu_lists_decide(lists), SLU_ERR_OK);
}

static void settle(const struct crowd *self, struct slu_lists *lists,
                   const uint64_t room[SLU_KIND_COUNT])
{
    unsigned cuts[SLU_KIND_COUNT];
    uint64_t ties[SLU_KIND_COUNT];
    unsigned wrong = 0;

    find_cut(self->ips, room[SLU_KIND_IP], &cuts[0], &ties[0]);
    find_cut(self->domains, room[SLU_KIND_DOMAIN], &cuts[1], &ties[1]);
    for (unsigned i = 0; i < self->ips + self->domains; i++) {
        unsigned kind = i >= self->ips;
        enum slu_lists_action action;
        struct member member;
        bool tie;

        make_member(self, i, &member);
        wrong += slu_lists_settle(lists, &member.record, &action) != SLU_ERR_OK;
        tie = member.record.score + 1u == cuts[kind] && ties[kind] > 0;
        ties[kind] -= tie;
        wrong += (member.record.score >= cuts[kind] || tie) !=
                 (member.record.place_file != 0);
    }
    cr_assert_eq(wrong, 0);
}

static void check_files(struct slu_lists *lists, const struct crowd *self,
                        const unsigned lines[SLU_KIND_COUNT])
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), self->config.file_bytes);
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
            uint64_t count = 0;
            uint64_t said = 0;

            cr_assert_eq(
                slu_lists_file(lists, (enum slu_kind)kind, i, &buf, &said),
                SLU_ERR_OK);
            for (size_t k = 0; k < buf.len; k++) {
                count += buf.ptr[k] == '\n';
            }
            cr_assert_eq(count, lines[kind], "kind %u, file %u: %u lines", kind,
                         i, (unsigned)count);
            cr_assert_eq(said, count);
        }
    }
    slu_buf_fini(&buf);
}

/* Every file ends up with so many lines. */
static void run_crowd(struct crowd *self, unsigned ip_lines,
                      unsigned domain_lines)
{
    const unsigned lines[SLU_KIND_COUNT] = {ip_lines, domain_lines};
    const uint64_t room[SLU_KIND_COUNT] = {
        (uint64_t)ip_lines * SLU_LIST_FILES_MAX,
        (uint64_t)domain_lines * SLU_LIST_FILES_MAX};
    const struct slu_lists_options options = {
        .alloc = slu_alloc_default(),
        .config = &self->config,
        .guard = self->guard,
        .verdicts = 1u << SLU_VERDICT_MALICIOUS,
        .now = NOW,
        .ctx = self,
        .write_side = count_side,
    };
    struct slu_lists *lists = slu_lists_new(&options);
    const struct slu_lists_counts *counts = slu_lists_counts(lists);

    cr_assert_not_null(lists);
    consider(self, lists);
    settle(self, lists, room);
    check_files(lists, self, lines);
    cr_assert_eq(counts->listed[SLU_KIND_IP], room[SLU_KIND_IP]);
    cr_assert_eq(counts->listed[SLU_KIND_DOMAIN], room[SLU_KIND_DOMAIN]);
    cr_assert_eq(self->side_lines[SLU_SIDE_EXCEEDED_IP],
                 self->ips - room[SLU_KIND_IP]);
    cr_assert_eq(self->side_lines[SLU_SIDE_EXCEEDED_DOMAIN],
                 self->domains - room[SLU_KIND_DOMAIN]);
    cr_assert_eq(counts->categories[1].exceeded,
                 counts->exceeded[SLU_KIND_IP] +
                     counts->exceeded[SLU_KIND_DOMAIN]);
    slu_lists_free(lists);
    slu_guard_free(self->guard);
}

Test(lists_capacity, two_million_ips_and_ten_thousand_names_fill_all_files)
{
    struct crowd crowd;

    init_crowd(&crowd, 2000000, 10000);
    run_crowd(&crowd, 250000, 1000);
}

/* Merged they need fewer lines than there are. */
Test(lists_capacity, merged_lines_are_bounded_by_the_same_caps)
{
    struct crowd crowd;

    init_crowd(&crowd, 100000, 7000);
    crowd.config.ip_file_lines = 1000;
    crowd.config.merge_cidrs = true;
    {
        const struct slu_lists_options options = {
            .alloc = slu_alloc_default(),
            .config = &crowd.config,
            .guard = crowd.guard,
            .verdicts = 1u << SLU_VERDICT_MALICIOUS,
            .now = NOW,
            .ctx = &crowd,
            .write_side = count_side,
        };
        struct slu_lists *lists = slu_lists_new(&options);
        const struct slu_lists_counts *counts = slu_lists_counts(lists);
        unsigned files = 0;

        consider(&crowd, lists);
        for (unsigned i = 0; i < crowd.ips + crowd.domains; i++) {
            enum slu_lists_action action;
            struct member member;

            make_member(&crowd, i, &member);
            cr_assert_eq(slu_lists_settle(lists, &member.record, &action),
                         SLU_ERR_OK);
            files += i < crowd.ips && member.record.place_file != 0;
        }
        cr_assert_eq(slu_lists_finish(lists), SLU_ERR_OK);
        cr_assert_leq(files, 6000);
        cr_assert_gt(counts->listed[SLU_KIND_IP], 6 * files);
        cr_assert_eq(counts->listed[SLU_KIND_IP] +
                         counts->exceeded[SLU_KIND_IP],
                     crowd.ips);
        slu_lists_free(lists);
        slu_guard_free(crowd.guard);
    }
}

Test(lists_capacity, so_do_files_of_three_lines)
{
    struct crowd crowd;

    init_crowd(&crowd, 20000, 10000);
    crowd.config.ip_file_lines = 3;
    crowd.config.entity_file_lines = 3;
    run_crowd(&crowd, 3, 3);
}

/* Two lines of 14 bytes and "\n" are 30, three of 12 are 39. */
Test(lists_capacity, so_do_files_of_forty_bytes)
{
    struct crowd crowd;

    init_crowd(&crowd, 1000, 1000);
    crowd.config.file_bytes = 40;
    run_crowd(&crowd, 2, 3);
}
