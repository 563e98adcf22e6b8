/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/time_text.h"
#include "sources/gti_drive.h"
#include "sources/gti_lists.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR INT64_C(3600)
/* 2025-08-07T03:00:00Z: the newest package at the drive's time. */
#define NEWEST INT64_C(1754535600)

static struct fake_gti fake;
static struct drive drive;
static const char *names[] = {"malware", "phishing"};

/* Items of the last `hours` hours of two lists; scores crowd at 80-100. */
static void fill(size_t count, uint64_t seed, int64_t hours)
{
    fake_init(&fake, count, seed);
    fake.lists[0] = names[0];
    fake.lists[1] = names[1];
    for (size_t i = 0; i < count; i++) {
        fake.items[i] = (struct fake_item){
            .domain = fake_random(&fake.random) % 2 == 0,
            .list = (int)(fake_random(&fake.random) % 2),
            .date = NEWEST - HOUR * (int64_t)(fake_random(&fake.random) %
                                              (uint64_t)hours),
            .score = (int)(fake_random(&fake.random) % 6 == 0
                               ? 1 + fake_random(&fake.random) % 100
                               : 80 + fake_random(&fake.random) % 21),
            .positives = (int)(fake_random(&fake.random) % 60),
            .has = (unsigned)(1 + fake_random(&fake.random) % 15),
        };
    }
    drive_init(&drive, &fake, seed + 5);
    drive.config.streams = (struct slu_strings){NULL, 0, false};
    drive.config.threat_lists = (struct slu_strings){names, 2, false};
}

static void empty(void)
{
    drive_fini(&drive);
    fake_fini(&fake);
}

static int64_t hour_of(const struct drive *self, const char *list)
{
    char key[100];
    const struct drive_entry *entry;
    int64_t hour;

    (void)snprintf(key, sizeof(key), "list/%s", list);
    entry = drive_find(self, key);
    if (entry == NULL) {
        return 0;
    }
    cr_assert(slu_time_parse_hour(slu_view_make(entry->value, entry->value_len),
                                  &hour));
    return hour;
}

/* Whatever a checkpoint covers is durable. */
static void check_checkpoints(struct drive *self)
{
    for (size_t i = 0; i < self->fake->count; i++) {
        const struct fake_item *item = &self->fake->items[i];

        cr_assert(self->committed[i] ||
                      item->date > hour_of(self, names[item->list]),
                  "item %zu is lost", i);
    }
    cr_assert_leq(hour_of(self, names[0]), NEWEST + HOUR);
}

static void expect_clean(void)
{
    drive_assert_whole(&drive);
    cr_assert_not(drive.result.unknown_name);
    for (int i = 0; i < 2; i++) {
        char prefix[80];

        (void)snprintf(prefix, sizeof(prefix), "list/%s/", names[i]);
        cr_assert_eq(drive_count(&drive, prefix), 0);
        cr_assert_geq(hour_of(&drive, names[i]), NEWEST);
        cr_assert_eq(
            slu_checkpoint_list_hour(&drive.checkpoint, slu_view_str(names[i])),
            hour_of(&drive, names[i]));
    }
}

Test(gti_lists, pulls_every_hour_and_type_of_the_look_back)
{
    fill(3000, 1, 119);
    drive.width = 64;
    drive.check = check_checkpoints;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_eq(hour_of(&drive, "malware"), NEWEST);
    cr_assert_eq(fake.requests, 2 * 2 * 119);
    cr_assert_geq(drive.peak, 28);
    cr_assert_eq(drive.result.units, fake.requests);
    cr_assert(drive_logged(&drive, "[INFO] Fetching Threat List (malware) | "
                                   "last_hour=2025080205"));
    /* Whole packages: nobody need look for repeats. */
    cr_assert_eq(drive.commits, fake.requests);
    cr_assert_eq(drive.distinct, drive.commits);
    /* At once again: nothing is new. */
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 2 * 2 * 119);
    /* An hour later: one package for each list and type. */
    drive.wall_s += HOUR;
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 2 * 2 * 120);
    cr_assert_eq(hour_of(&drive, "malware"), NEWEST + HOUR);
    empty();
}

static void all_but_one_forbidden(void)
{
    fill(0, 1, 1);
    drive.config.threat_lists = (struct slu_strings){NULL, 0, true};
    for (unsigned i = 0; i < 7; i++) {
        fake.lists[i] = slu_gti_category(i);
    }
    fake.forbidden[3] = true;
    drive.width = 1;
}

Test(gti_lists, all_is_the_seven_that_can_hold_them)
{
    all_but_one_forbidden();
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 6 * 2 * 119 + 1);
    cr_assert_eq(drive.result.denied_units, 0);
    cr_assert_eq(drive.result.failed_units, 0);
    cr_assert_not(drive.result.all_denied);
    cr_assert(
        drive_logged(&drive, "[WARN] Threat List (trending) is left out"));
    cr_assert_eq(drive_count(&drive, "list/"), 6);
    empty();
}

/* The others have nothing new in this hour, so the refused one is the only one
 * that is asked. */
Test(gti_lists, a_refused_list_is_no_failure_when_the_others_are_up_to_date)
{
    all_but_one_forbidden();
    drive_run(&drive, NULL);
    cr_assert_not(drive.result.all_denied);
    drive_run(&drive, NULL);
    cr_assert_not(drive.result.all_denied);
    cr_assert_eq(drive.result.denied_units, 0);
    for (unsigned i = 0; i < 7; i++) {
        fake.forbidden[i] = true;
    }
    drive.wall_s += HOUR;
    drive_run(&drive, NULL);
    cr_assert(drive.result.all_denied);
    empty();
}

Test(gti_lists, a_date_that_is_no_seconds_is_not_believed)
{
    fill(100, 13, 5);
    fake.milliseconds = true;
    drive_run(&drive, NULL);
    expect_clean();
    empty();
}

Test(gti_lists, a_named_list_that_is_refused_is_denied)
{
    fill(300, 2, 20);
    fake.forbidden[1] = true;
    drive.width = 30;
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.denied_units, 1);
    cr_assert_eq(drive.result.first.code, SLU_ERR_DENIED);
    cr_assert_not_null(strstr(drive.result.first.text, "HTTP 403"));
    cr_assert_eq(hour_of(&drive, "malware"), NEWEST);
    cr_assert_eq(hour_of(&drive, "phishing"), 0);
    cr_assert_leq(fake.requests, 2 * 119 + 30);
    empty();
}

Test(gti_lists, an_hour_that_is_not_there_yet_never_advances)
{
    fill(500, 3, 20);
    fake.not_yet = NEWEST - HOUR;
    for (size_t i = 0; i < fake.count; i++) {
        if (fake.items[i].date >= fake.not_yet) {
            drive.committed[i] = true;
        }
    }
    drive.check = check_checkpoints;
    drive_run(&drive, NULL);
    cr_assert_eq(hour_of(&drive, "malware"), NEWEST - 2 * HOUR);
    cr_assert_eq(drive.result.failed_units, 0);
    cr_assert_eq(drive_missing(&drive), 0);
    memset(drive.committed, 0, fake.count);
    drive.check = NULL;
    fake.not_yet = FAKE_NEVER;
    fake.requests = 0;
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 8);
    cr_assert_eq(hour_of(&drive, "malware"), NEWEST);
    empty();
}

Test(gti_lists, a_hole_advances)
{
    fill(500, 4, 20);
    fake.hole = NEWEST - 5 * HOUR;
    for (size_t i = 0; i < fake.count; i++) {
        drive.committed[i] = fake.items[i].date == fake.hole;
    }
    drive_run(&drive, NULL);
    expect_clean();
    empty();
}

Test(gti_lists, a_list_of_which_every_hour_is_404_is_unknown)
{
    static const char *const wrong[] = {"malwear"};

    fill(0, 5, 1);
    drive.config.threat_lists = (struct slu_strings){wrong, 1, false};
    drive.kill_permille = 100;
    drive_run(&drive, NULL);
    cr_assert(drive.result.unknown_name);
    cr_assert_not_null(strstr(drive.result.first.text, "malwear"));
    cr_assert_eq(drive.entry_count, 0);
    cr_assert_geq(drive.kills, 1);
    empty();
    /* It had a checkpoint once: then it is only a row of holes. */
    struct slu_checkpoint found = {.list_count = 1,
                                   .lists = {{"malwear", NEWEST - 3 * HOUR}}};
    fill(0, 5, 1);
    drive.config.threat_lists = (struct slu_strings){wrong, 1, false};
    drive_run(&drive, &found);
    cr_assert_not(drive.result.unknown_name);
    cr_assert_eq(fake.requests, 6);
    cr_assert_eq(hour_of(&drive, "malwear"), NEWEST);
    empty();
}

Test(gti_lists, names_that_cannot_be_are_refused)
{
    static const char *const bad[] = {"", "a/b", "A", "a b", "../x"};

    for (size_t i = 0; i < 5; i++) {
        struct slu_gti_config config = {.lookback_days = 5,
                                        .threat_list_limit = 10,
                                        .threat_lists = {&bad[i], 1, false}};
        struct slu_source_port port = {0};
        struct slu_source *source = NULL;
        struct slu_error error = {0};

        cr_assert_eq(slu_gti_source.create(slu_alloc_default(), &config, &port,
                                           &source, &error),
                     SLU_ERR_CONFIG);
        cr_assert_not_null(strstr(error.text, "gti.threat_lists"));
    }
}

/* ---- answers that are cut ---- */

/* All items in one hour of one list, so that its packages overflow. */
static void crowd(size_t count, uint64_t seed)
{
    fill(count, seed, 1);
    for (size_t i = 0; i < count; i++) {
        fake.items[i].list = 0;
        fake.items[i].date = NEWEST;
    }
    drive.config.threat_list_limit = 100;
}

Test(gti_lists, a_full_answer_is_divided_by_score_and_positives)
{
    for (int reading = 0; reading < 4; reading++) {
        crowd(1600, 6);
        for (size_t i = 0; i < fake.count; i += 2) {
            fake.items[i].score = 85 + (int)(i / 2 % 3);
        }
        fake.from_exclusive = (reading & 1) != 0;
        fake.until_inclusive = (reading & 2) != 0;
        drive.check = check_checkpoints;
        drive.width = 16;
        drive_run(&drive, NULL);
        expect_clean();
        cr_assert_lt(fake.requests, 2 * 2 * 119 + 300, "%zu", fake.requests);
        /* Neither the cut answers nor the bands are distinct. */
        cr_assert_gt(drive.distinct, 2 * 2 * 100);
        cr_assert_lt(drive.distinct, 2 * 2 * 119);
        cr_assert_gt(drive.commits - drive.distinct, 15);
        empty();
    }
}

Test(gti_lists, one_score_and_one_number_is_divided_by_association)
{
    crowd(260, 7);
    for (size_t i = 0; i < fake.count; i++) {
        fake.items[i].score = 90;
        fake.items[i].positives = 30;
        fake.items[i].domain = true;
        fake.items[i].has = 1u << i % 4;
    }
    drive_run(&drive, NULL);
    expect_clean();
    empty();
}

Test(gti_lists, what_cannot_be_divided_is_incomplete)
{
    crowd(900, 8);
    for (size_t i = 0; i < fake.count; i++) {
        fake.items[i].score = 90;
        fake.items[i].positives = 30;
        fake.items[i].domain = true;
        fake.items[i].has = 1;
    }
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.incomplete_units, 1);
    cr_assert_eq(drive.result.first.code, SLU_ERR_INCOMPLETE);
    cr_assert_not_null(strstr(drive.result.first.text,
                              "Threat List (malware) 2025080703 domain"));
    cr_assert_eq(hour_of(&drive, "malware"), NEWEST);
    empty();
}

/* Every tenth item has no assessment, and the package is cut. */
static void crowd_unscored(const char **verdicts, unsigned count)
{
    crowd(600, 12);
    for (size_t i = 0; i < fake.count; i++) {
        fake.items[i].domain = true;
        fake.items[i].score = i % 10 == 0 ? -1 : (int)(i % 100);
    }
    drive.config.verdicts = (struct slu_strings){verdicts, count, false};
}

Test(gti_lists, what_has_no_score_is_incomplete_when_wanted_and_apart)
{
    static const char *verdicts[] = {"VERDICT_MALICIOUS", "VERDICT_UNKNOWN"};

    for (int run = 0; run < 4; run++) {
        crowd_unscored(verdicts, run == 1 ? 1 : 2);
        fake.unscored_apart = run != 2;
        drive.config.min_score = run == 3 ? 1 : 0;
        drive_run(&drive, NULL);
        cr_assert_eq(drive.result.incomplete_units, run == 0 ? 1 : 0, "%d",
                     run);
        cr_assert_eq(drive_missing(&drive) > 0, fake.unscored_apart);
        cr_assert_eq(hour_of(&drive, "malware"), NEWEST);
        empty();
    }
}

Test(gti_lists, a_server_that_ignores_the_query_is_not_asked_for_ever)
{
    crowd(900, 9);
    fake.ignore_query = true;
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.incomplete_units, 2);
    cr_assert_lt(fake.requests, 2 * 2 * 119 + 400, "%zu", fake.requests);
    empty();
}

Test(gti_lists, more_items_than_asked_for_are_taken)
{
    crowd(900, 10);
    fake.more_than_limit = true;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_eq(fake.requests, 2 * 2 * 119);
    empty();
}

Test(gti_lists, items_of_another_type_are_counted)
{
    fill(200, 11, 5);
    fake.ignore_type = true;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_eq(drive.counts[SLU_REASON_OTHER_TYPE], 200);
    empty();
}

/* ---- faults ---- */

Test(gti_lists, a_package_given_up_holds_the_checkpoint_and_is_asked_again)
{
    fill(200, 12, 5);
    fake.status = 500;
    drive.attempts_max = 2;
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.failed_units, 2 * 2 * 119);
    cr_assert_eq(drive.entry_count, 0);
    cr_assert_not(drive.result.unknown_name);
    fake.status = 400;
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.failed_units, 2 * 2 * 119);
    fake.status = 0;
    drive_run(&drive, NULL);
    expect_clean();
    empty();
}

Test(gti_lists, an_old_checkpoint_is_clamped_and_the_lost_hours_told)
{
    struct slu_checkpoint found = {.list_count = 1,
                                   .lists = {{"malware", NEWEST - 200 * HOUR}}};

    fill(200, 13, 5);
    drive_run(&drive, &found);
    expect_clean();
    cr_assert(drive_logged(&drive, "from 2025-07-29T20:00:00Z to "
                                   "2025-08-02T05:00:00Z"));
    empty();
}

Test(gti_lists, whatever_happens_nothing_is_lost)
{
    for (uint64_t seed = 1; seed <= 16; seed++) {
        fill(600, seed, seed % 2 == 0 ? 2 : 30);
        drive.config.threat_list_limit = seed % 2 == 0 ? 50 : 4000;
        fake.from_exclusive = (seed & 1) != 0;
        fake.until_inclusive = (seed & 2) != 0;
        fake.fault_percent = (unsigned)(seed % 4) * 10;
        drive.kill_permille = (unsigned)(seed % 3) * 20;
        drive.width = 1 + (unsigned)(seed % 32);
        drive.check = check_checkpoints;
        drive_run(&drive, NULL);
        expect_clean();
        empty();
    }
}

Test(gti_lists, out_of_memory_at_any_point_loses_nothing)
{
    bool broken = true;

    for (unsigned nth = 1; broken; nth += nth <= 60 ? 1 : 97) {
        struct failing_alloc failing;
        struct slu_checkpoint found = {
            .list_count = 2,
            .lists = {{"malware", NEWEST - 4 * HOUR},
                      {"phishing", NEWEST - 4 * HOUR}}};

        fill(300, 41, 4);
        drive.config.threat_list_limit = 20;
        failing_alloc_init(&failing, nth);
        failing.for_good = true;
        drive.alloc = &failing.alloc;
        drive.check = check_checkpoints;
        drive_run(&drive, &found);
        broken = drive.broken || drive.result.failed_units > 0;
        cr_assert_eq(failing.live, 0, "%zu bytes leak at %u", failing.live,
                     nth);
        drive.alloc = slu_alloc_default();
        drive_run(&drive, &found);
        expect_clean();
        empty();
        cr_assert_lt(nth, 50000);
    }
}
