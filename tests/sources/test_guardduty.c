/* SPDX-License-Identifier: Apache-2.0 */
/* The whole source against a fake server: nothing is lost, whatever the order
 * of answers, the faults, the kills and the updates. */
#include "sources/guardduty_drive.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

static const char *const one_region[] = {"us-east-1"};

static void use_one_region(struct drive *drive)
{
    drive->config.regions = (struct slu_strings){one_region, 1, false};
}

static void assert_done(const struct drive *drive)
{
    cr_assert_eq(drive->result.failed_units, 0, "%s", drive->log);
    cr_assert_eq(drive->result.incomplete_units, 0, "%s", drive->log);
    cr_assert_eq(drive->result.denied_units, 0, "%s", drive->log);
    cr_assert_eq(drive_count(drive, "open/"), 0);
}

Test(guardduty, pulls_a_history_once)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;

    fake_init(&fake, 1);
    place = fake_add(&fake, 0, "us-east-1", 3000);
    fake_spread(&fake, place, fake.now_ms - 29 * DAY_MS, fake.now_ms);
    drive_init(&drive, &fake, 1);
    use_one_region(&drive);
    drive_run(&drive);
    assert_done(&drive);
    drive_assert_whole(&drive, -1);
    cr_assert_eq(drive_count(&drive, "planned/base/us-east-1/"
                                     "12abc34d567e8fa901bc2d34e56789f0"),
                 1);
    cr_assert_eq(drive.result.units, 1);
    drive_fini(&drive);
    fake_fini(&fake);
}

/* The figure that the design promises: 20,000 findings that fill `width_ms` of
 * 30 days, at 100 ms an answer. */
static void pull_in_parallel(uint64_t seed, int64_t width_ms)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;
    int64_t from;
    size_t lists;
    size_t gets;

    fake_init(&fake, seed);
    from = fake.now_ms - 10 * DAY_MS - width_ms / 2;
    place = fake_add(&fake, 0, "us-east-1", 20000);
    fake_spread(&fake, place, from, from + width_ms);
    drive_init(&drive, &fake, seed);
    use_one_region(&drive);
    drive.width = 64;
    drive.latency_ms = 100;
    drive.whole = true;
    drive_run(&drive);
    assert_done(&drive);
    drive_assert_whole(&drive, -1);
    lists = fake_calls(&fake, FAKE_LIST);
    gets = fake_calls(&fake, FAKE_GET);
    (void)printf("20000 findings of %lld s: %zu lists, %zu gets, %llu ms, %u "
                 "in flight at most, %.1f on average\n",
                 (long long)width_ms / 1000, lists, gets,
                 (unsigned long long)drive.mono_ms, drive.peak,
                 (double)drive.flown_ms / (double)drive.mono_ms);
    cr_assert_eq(drive.peak, 64);
    cr_assert_leq(lists + gets, 900);
    cr_assert_leq(drive.mono_ms, 1700);
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty, pulls_a_burst_in_parallel_with_few_wasted_calls)
{
    pull_in_parallel(2, HOUR_MS);
}

Test(guardduty, pulls_a_spread_history_in_parallel_with_few_wasted_calls)
{
    pull_in_parallel(3, 20 * DAY_MS - 2);
}

/* Random schedules: order of answers, cuts of bodies, faults, kills, empty
 * pages, and findings that are updated while the run is on. */
static void run_at_random(uint64_t seed)
{
    struct fake_guardduty fake;
    struct drive drive;
    uint64_t random = seed * 7919 + 3;

    fake_init(&fake, seed);
    for (unsigned i = 0; i < 3; i++) {
        static const char *const regions[] = {"us-east-1", "eu-west-1",
                                              "sa-east-1"};
        size_t count = fake_random(&random) % 1500;
        struct fake_place *place = fake_add(&fake, 0, regions[i], count);
        int64_t width = INT64_C(1) << (fake_random(&random) % 31);
        int64_t to =
            fake.now_ms - (int64_t)(fake_random(&random) % 3) * HOUR_MS;

        fake_spread(&fake, place, to - width - 1, to);
    }
    fake.fault_percent = seed % 3 == 0 ? 0 : 10;
    fake.empty_percent = seed % 4 == 0 ? 10 : 0;
    fake.empty_last_token = seed % 2 == 0;
    fake.null_last_token = seed % 5 == 1;
    fake.escaped_tokens = seed % 3 == 1;
    fake.oldest_first = seed % 7 == 2;
    fake.detector_pages = (unsigned)(seed % 3);
    fake.by_offset = seed % 6 == 5;
    fake.updates_left = seed % 5 == 0 ? 0 : 20;
    drive_init(&drive, &fake, seed);
    drive.config.regions = (struct slu_strings){
        (const char *const[]){"us-east-1", "eu-west-1", "sa-east-1"}, 3, false};
    drive.width = 1 + (unsigned)(seed * 5 % 40);
    drive.kill_permille = seed % 2 == 0 ? 30 : 0;
    drive.kills_max = 12;
    drive_run(&drive);
    assert_done(&drive);
    if (seed % 5 != 0 || drive.kills > 0) {
        /* What was updated when a place had been read, the next one has. */
        fake.updates_left = 0;
        drive.kills_max = 0;
        fake.now_ms += 1000;
        drive.wall_s = fake.now_ms / 1000;
        drive_run(&drive);
        assert_done(&drive);
    }
    drive_assert_whole(&drive, -1);
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty, loses_nothing_whatever_comes_in_between)
{
    for (uint64_t seed = 1; seed <= 42; seed++) {
        run_at_random(seed);
    }
}

/* They move out of windows that were not listed yet, to the end. */
Test(guardduty, gets_in_this_run_what_is_updated_during_it)
{
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct fake_guardduty fake;
        struct drive drive;
        struct fake_place *place;

        fake_init(&fake, seed);
        place = fake_add(&fake, 0, "us-east-1", 2000);
        fake_spread(&fake, place, fake.now_ms - 20 * DAY_MS,
                    fake.now_ms - HOUR_MS);
        fake.updates_left = 20; /* long before the last window is done */
        drive_init(&drive, &fake, seed);
        use_one_region(&drive);
        drive_run(&drive);
        assert_done(&drive);
        cr_assert_eq(fake.updates_left, 0);
        drive_assert_whole(&drive, -1);
        drive_fini(&drive);
        fake_fini(&fake);
    }
}

Test(guardduty, follows_one_instant_by_its_token)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;

    fake_init(&fake, 4);
    place = fake_add(&fake, 0, "us-east-1", 1200);
    for (size_t i = 0; i < place->count; i++) {
        place->findings[i].updated_ms =
            fake.now_ms - DAY_MS + (i < 30 || i > 1100 ? (int64_t)i : 500);
    }
    fake_sort(place);
    drive_init(&drive, &fake, 4);
    use_one_region(&drive);
    drive_run(&drive);
    assert_done(&drive);
    drive_assert_whole(&drive, -1);
    cr_assert_leq(fake_calls(&fake, FAKE_LIST), 150, "%zu",
                  fake_calls(&fake, FAKE_LIST));
    drive_fini(&drive);
    fake_fini(&fake);
}

/* 400 findings of one instant. One that is touched after it was listed leaves
 * it, and with a server that counts what it has served the one behind it is not
 * listed. */
static void build_moving_instant(struct fake_guardduty *fake,
                                 struct drive *drive, unsigned updates)
{
    struct fake_place *place;

    fake_init(fake, updates);
    place = fake_add(fake, 0, "us-east-1", 400);
    for (size_t i = 0; i < place->count; i++) {
        place->findings[i].updated_ms = fake->now_ms - DAY_MS;
    }
    fake_sort(place);
    fake->by_offset = true;
    fake->update_listed = true;
    fake->updates_left = updates;
    drive_init(drive, fake, updates);
    use_one_region(drive);
}

Test(guardduty, lists_an_instant_until_it_stands_still)
{
    for (unsigned updates = 0; updates < 20; updates++) {
        struct fake_guardduty fake;
        struct drive drive;

        build_moving_instant(&fake, &drive, updates);
        drive_run(&drive);
        assert_done(&drive);
        cr_assert_eq(fake.updates_left, 0);
        drive_assert_whole(&drive, -1);
        if (updates == 0) {
            /* The newest page and the oldest, twice; its 8 pages, once. */
            cr_assert_eq(fake_calls(&fake, FAKE_GET), 1 + 2 + 8);
        }
        drive_fini(&drive);
        fake_fini(&fake);
    }
}

Test(guardduty, leaves_an_instant_that_never_stands_still_to_the_next_run)
{
    struct fake_guardduty fake;
    struct drive drive;

    build_moving_instant(&fake, &drive, 1000000);
    drive_run(&drive);
    cr_assert_eq(drive.result.incomplete_units, 1, "%s", drive.log);
    cr_assert_eq(drive.result.failed_units, 0);
    cr_assert(drive_logged(&drive, "it changes whenever it is listed"));
    cr_assert_eq(drive_count(&drive, "open/"), 1);
    fake.updates_left = 0;
    fake.now_ms += 1000;
    drive.wall_s = fake.now_ms / 1000;
    drive_run(&drive);
    assert_done(&drive);
    drive_assert_whole(&drive, -1);
    drive_fini(&drive);
    fake_fini(&fake);
}

/* At from, just before from, at to: the edges of what is asked. */
Test(guardduty, begins_where_it_says)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;
    int64_t from;

    fake_init(&fake, 5);
    from = fake.now_ms - 30 * DAY_MS;
    place = fake_add(&fake, 0, "us-east-1", 4);
    place->findings[0].updated_ms = from - 1;
    place->findings[1].updated_ms = from;
    place->findings[2].updated_ms = fake.now_ms;
    place->findings[3].updated_ms = fake.now_ms + 5000; /* clocks differ */
    fake_sort(place);
    drive_init(&drive, &fake, 5);
    use_one_region(&drive);
    drive_run(&drive);
    assert_done(&drive);
    cr_assert_eq(drive.commits[0], 0);
    cr_assert_eq(drive.commits[1], 1);
    cr_assert_eq(drive.commits[2], 1);
    cr_assert_eq(drive.commits[3], 1);
    /* A single list is a picture of one moment: no second pass. Its newest
     * page was asked for at the same time. */
    cr_assert_eq(fake_calls(&fake, FAKE_LIST), 2);
    cr_assert_eq(fake_calls(&fake, FAKE_GET), 1);
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty, goes_on_from_what_is_planned_and_open)
{
    static const char planned[] =
        "planned/base/us-east-1/12abc34d567e8fa901bc2d34e56789f0";
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;
    char text[200];
    int64_t now_ms;

    fake_init(&fake, 6);
    now_ms = fake.now_ms;
    place = fake_add(&fake, 0, "us-east-1", 5);
    place->findings[0].updated_ms = fake.now_ms - 3 * DAY_MS; /* committed */
    place->findings[1].updated_ms = fake.now_ms - 2 * DAY_MS; /* open */
    place->findings[2].updated_ms = fake.now_ms - HOUR_MS - 300001;
    place->findings[3].updated_ms = fake.now_ms - HOUR_MS - 300000;
    place->findings[4].updated_ms = fake.now_ms - HOUR_MS;
    fake_sort(place);
    drive_init(&drive, &fake, 6);
    use_one_region(&drive);
    (void)snprintf(text, sizeof(text), "%lld",
                   (long long)(fake.now_ms - HOUR_MS));
    drive_store(&drive, planned, text);
    (void)snprintf(text, sizeof(text),
                   "open/base/us-east-1/12abc34d567e8fa901bc2d34e56789f0/"
                   "%lld-%lld",
                   (long long)(fake.now_ms - 2 * DAY_MS),
                   (long long)(fake.now_ms - 2 * DAY_MS + 1));
    drive_store(&drive, text, "1");
    drive_run(&drive);
    assert_done(&drive);
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(drive.commits[i], i == 1 || i >= 3 ? 1 : 0, "%u", i);
    }
    (void)snprintf(text, sizeof(text), "%lld", (long long)now_ms);
    cr_assert_str_eq(drive_find(&drive, planned)->value, text);
    cr_assert_eq(drive.horizon, now_ms - 300000 - 15 * 60000);
    drive_fini(&drive);
    fake_fini(&fake);
}

/* Findings are kept for 90 days: what is older need not be asked for. */
Test(guardduty, clamps_an_old_checkpoint)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;

    fake_init(&fake, 7);
    place = fake_add(&fake, 0, "us-east-1", 2);
    place->findings[0].updated_ms = fake.now_ms - 90 * DAY_MS - 1;
    place->findings[1].updated_ms = fake.now_ms - 90 * DAY_MS;
    fake_sort(place);
    drive_init(&drive, &fake, 7);
    use_one_region(&drive);
    drive_store(&drive,
                "planned/base/us-east-1/12abc34d567e8fa901bc2d34e56789f0",
                "1000000");
    drive_run(&drive);
    assert_done(&drive);
    cr_assert_eq(drive.commits[0], 0);
    cr_assert_eq(drive.commits[1], 1);
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty, refuses_damaged_entries_and_leaves_others_alone)
{
    static const char *const damaged[] = {
        "planned/base/us-east-1",     "planned/base/us-east-1/d=x",
        "open/base/us-east-1/d/5",    "open/base/us-east-1/d/7-5",
        "open/base/us-east-1/d/5-7x", "open/base/us-east-1/d/99999999999999999",
        "planned/base/us-east-1/=5",  "other/x"};
    struct fake_guardduty fake;
    struct drive drive;

    fake_init(&fake, 8);
    (void)fake_add(&fake, 0, "us-east-1", 0);
    drive_init(&drive, &fake, 8);
    use_one_region(&drive);
    drive_store(&drive, "planned/123456789012/eu-west-1/d", "5");
    drive_store(&drive, "open/123456789012/eu-west-1/d/5-6", "1");
    drive_run(&drive);
    cr_assert_eq(drive.entry_count, 3);
    for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
        struct slu_source_port port = {.record_bytes = 1000};
        struct slu_source *source;
        struct slu_error error;
        size_t len = strcspn(damaged[i], "=");
        const char *value = damaged[i] + len;

        cr_assert_eq(slu_guardduty_source.create(drive.alloc, &drive.config,
                                                 &port, &source, &error),
                     SLU_ERR_OK);
        cr_assert_eq(slu_guardduty_source.load(
                         source, slu_view_make(damaged[i], len),
                         slu_view_str(value[0] == '=' ? value + 1 : value)),
                     SLU_ERR_STATE, "%s", damaged[i]);
        slu_guardduty_source.destroy(source);
    }
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty, leaves_archived_findings_to_the_server)
{
    for (int wanted = 0; wanted < 3; wanted++) {
        struct fake_guardduty fake;
        struct drive drive;
        struct fake_place *place;

        fake_init(&fake, 9);
        place = fake_add(&fake, 0, "us-east-1", 10);
        fake_spread(&fake, place, fake.now_ms - DAY_MS, fake.now_ms);
        place->findings[3].archived = true;
        drive_init(&drive, &fake, 9);
        use_one_region(&drive);
        drive.config.include_archived = wanted == 1;
        drive.config.finding_compat = wanted == 2 ? "netskope" : "none";
        drive_run(&drive);
        assert_done(&drive);
        cr_assert_eq(drive.commits[place->findings[3].number],
                     wanted > 0 ? 1 : 0);
        drive_assert_whole(&drive, -1);
        drive_fini(&drive);
        fake_fini(&fake);
    }
}

Test(guardduty, is_not_led_astray_by_a_server_with_its_own_mind)
{
    for (int mind = 0; mind < 3; mind++) {
        struct fake_guardduty fake;
        struct drive drive;
        struct fake_place *place;

        fake_init(&fake, 10);
        place = fake_add(&fake, 0, "us-east-1", 700);
        fake_spread(&fake, place, fake.now_ms - 20 * DAY_MS,
                    fake.now_ms - 19 * DAY_MS);
        fake.newest_first = mind != 1;
        fake.ignore_criteria = mind != 0;
        drive_init(&drive, &fake, 10);
        use_one_region(&drive);
        drive_run(&drive);
        assert_done(&drive);
        drive_assert_whole(&drive, -1);
        cr_assert_leq(fake_calls(&fake, FAKE_LIST), 2000, "mind %d: %zu", mind,
                      fake_calls(&fake, FAKE_LIST));
        drive_fini(&drive);
        fake_fini(&fake);
    }
}

/* 8 ms hold 900 findings: at one of each no window can be divided. */
Test(guardduty, tells_of_a_token_that_leads_nowhere)
{
    for (int refuse = 0; refuse < 2; refuse++) {
        struct fake_guardduty fake;
        struct drive drive;
        struct fake_place *place;

        fake_init(&fake, 11);
        place = fake_add(&fake, 0, "us-east-1", 200);
        (void)fake_add(&fake, 0, "eu-west-1", 100);
        fake_spread(&fake, place, fake.now_ms - DAY_MS,
                    fake.now_ms - DAY_MS + 1);
        fake_spread(&fake, &fake.places[1], fake.now_ms - DAY_MS, fake.now_ms);
        fake.repeat_tokens = refuse == 0;
        fake.refuse_tokens = refuse == 1;
        drive_init(&drive, &fake, 11);
        drive.config.regions = (struct slu_strings){
            (const char *const[]){"us-east-1", "eu-west-1"}, 2, false};
        drive_run(&drive);
        cr_assert_eq(drive.result.incomplete_units, 1, "%s", drive.log);
        cr_assert_eq(drive.result.failed_units, 0);
        cr_assert(drive_logged(
            &drive, refuse == 1 ? "Bad Request" : "nextToken repeats itself"));
        cr_assert_eq(drive_count(&drive, "open/base/us-east-1/"), 1);
        cr_assert_eq(drive_count(&drive, "open/base/eu-west-1/"), 0);
        drive_assert_whole(&drive, 0);
        /* The next run has it. */
        fake.repeat_tokens = false;
        fake.refuse_tokens = false;
        drive_run(&drive);
        assert_done(&drive);
        drive_assert_whole(&drive, -1);
        drive_fini(&drive);
        fake_fini(&fake);
    }
}
