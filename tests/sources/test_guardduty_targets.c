/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and regions: how each of them ends, what is told of it, and that one
 * never stops the others. */
#include "sources/guardduty_drive.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)
#define DETECTOR "12abc34d567e8fa901bc2d34e56789f0"

static const char *const two_regions[] = {"us-east-1", "eu-south-2"};
static const struct slu_account two_accounts[] = {
    {"111122223333", "arn:aws:iam::111122223333:role/r", ""},
    {"444455556666", "arn:aws:iam::444455556666:role/r", ""},
};

struct world {
    struct fake_guardduty fake;
    struct drive drive;
};

/* Two accounts in two regions, 120 findings each: places 0 to 3. */
static void build(struct world *world, uint64_t seed)
{
    struct fake_guardduty *fake = &world->fake;

    fake_init(fake, seed);
    for (unsigned i = 0; i < 4; i++) {
        struct fake_place *place =
            fake_add(fake, 1 + i / 2, two_regions[i % 2], 120);

        fake_spread(fake, place, fake->now_ms - 5 * DAY_MS,
                    fake->now_ms - HOUR_MS);
    }
    drive_init(&world->drive, fake, seed);
    world->drive.config.regions = (struct slu_strings){two_regions, 2, false};
    world->drive.config.accounts = (struct slu_maps){two_accounts, 2};
    world->drive.attempts_max = 5;
}

static void tear_down(struct world *world)
{
    drive_fini(&world->drive);
    fake_fini(&world->fake);
}

static const struct slu_source_result *run(struct world *world)
{
    drive_run(&world->drive);
    return &world->drive.result;
}

static void assert_text(const char *text, const char *part)
{
    cr_assert_not_null(strstr(text, part), "\"%s\" in \"%s\"", part, text);
}

static bool say_yes(void *ctx, unsigned lane, unsigned identity)
{
    (void)ctx;
    (void)lane;
    (void)identity;
    return true;
}

static void say_nothing(void *ctx, enum slu_log_level level, const char *text)
{
    (void)ctx;
    (void)level;
    (void)text;
}

Test(guardduty_targets, pull_all_accounts_and_regions)
{
    struct world world;
    const struct slu_source_result *result;

    build(&world, 1);
    result = run(&world);
    cr_assert_eq(result->units, 4);
    cr_assert_eq(result->failed_units + result->denied_units, 0);
    cr_assert_not(result->all_denied);
    drive_assert_whole(&world.drive, -1);
    cr_assert_eq(drive_count(&world.drive, "planned/"), 4);
    cr_assert_eq(
        drive_count(&world.drive, "planned/444455556666/eu-south-2/" DETECTOR),
        1);
    cr_assert_eq(world.drive.lane_max, 12);
    tear_down(&world);
}

Test(guardduty_targets, are_told_of_when_a_permission_is_missing)
{
    static const char *const names[] = {"ListDetectors", "ListFindings",
                                        "GetFindings"};

    for (int call = 0; call < FAKE_CALLS; call++) {
        struct world world;
        const struct slu_source_result *result;
        char text[200];

        build(&world, 2);
        world.fake.places[1].denied[call] = true;
        result = run(&world);
        cr_assert_eq(result->denied_units, 1);
        cr_assert_eq(result->failed_units, 0);
        cr_assert_not(result->all_denied);
        (void)snprintf(text, sizeof(text),
                       "Access Denied, Verify the permissions provided: "
                       "guardduty:%s is missing for account 111122223333 in "
                       "eu-south-2 (User: arn:aws:iam::1:user/u",
                       names[call]);
        assert_text(result->first.text, text);
        cr_assert_eq(result->first.code, SLU_ERR_DENIED);
        cr_assert_eq(drive_times_logged(&world.drive, "[ERROR]"), 1, "%s",
                     world.drive.log);
        drive_assert_whole(&world.drive, 1);
        /* What is not pulled stays open or unplanned: the next run has it. */
        world.fake.places[1].denied[call] = false;
        result = run(&world);
        cr_assert_eq(result->denied_units, 0);
        drive_assert_whole(&world.drive, -1);
        tear_down(&world);
    }
}

Test(guardduty_targets, are_all_denied_only_when_none_was_let_in)
{
    struct world world;

    build(&world, 3);
    for (unsigned i = 0; i < 4; i++) {
        world.fake.places[i].denied[FAKE_LIST] = true;
    }
    cr_assert(run(&world)->all_denied);
    cr_assert_eq(world.drive.result.denied_units, 4);
    world.fake.places[3].denied[FAKE_LIST] = false;
    cr_assert_not(run(&world)->all_denied);
    cr_assert_eq(world.drive.result.denied_units, 3);
    tear_down(&world);
}

Test(guardduty_targets, of_an_identity_without_credentials_are_told_once)
{
    struct world world;
    const struct slu_source_result *result;

    build(&world, 4);
    world.fake.places[0].no_sign_in = true;
    world.fake.places[1].no_sign_in = true;
    result = run(&world);
    cr_assert_eq(result->denied_units, 2);
    cr_assert_not(result->all_denied);
    cr_assert_eq(
        drive_times_logged(&world.drive, "Check the IAM Role attached"), 1,
        "%s", world.drive.log);
    cr_assert_eq(world.drive.committed[250],
                 fake_find(&world.fake, 250)->updated_ms);
    world.fake.places[2].no_sign_in = true;
    world.fake.places[3].no_sign_in = true;
    cr_assert(run(&world)->all_denied);
    tear_down(&world);
}

/* eu-south-2 has to be enabled first, us-east-1 always is. */
Test(guardduty_targets, that_are_not_enabled_are_left_out)
{
    struct world world;
    const struct slu_source_result *result;

    build(&world, 5);
    world.fake.places[1].not_enabled = true;
    result = run(&world);
    cr_assert_eq(result->denied_units + result->failed_units, 0);
    cr_assert(drive_logged(&world.drive,
                           "[WARN] region eu-south-2 is not enabled in account "
                           "111122223333; it is left out"),
              "%s", world.drive.log);
    cr_assert_not(drive_logged(&world.drive, "[ERROR]"));
    cr_assert_eq(world.fake.places[1].calls[FAKE_DETECTORS], 1);
    drive_assert_whole(&world.drive, 1);
    tear_down(&world);
}

Test(guardduty_targets, with_a_wrong_key_are_not_called_not_enabled)
{
    for (unsigned also = 0; also < 2; also++) {
        struct world world;
        const struct slu_source_result *result;

        /* Nothing of the identity works, or the region needs no enabling. */
        build(&world, 6);
        world.fake.places[0].not_enabled = true;
        world.fake.places[1].not_enabled = also == 1;
        result = run(&world);
        cr_assert_eq(result->denied_units, 1 + also);
        assert_text(result->first.text,
                    "the credentials are not accepted for account 111122223333 "
                    "in us-east-1 (UnrecognizedClientException: The security "
                    "token included");
        cr_assert_eq(result->first.code, SLU_ERR_AUTH);
        tear_down(&world);
    }
}

Test(guardduty_targets, without_a_detector_are_left_out)
{
    struct world world;
    const struct slu_source_result *result;

    build(&world, 7);
    world.fake.places[2].detector = NULL;
    result = run(&world);
    cr_assert_eq(result->denied_units + result->failed_units, 0);
    cr_assert(drive_logged(&world.drive, "[WARN] account 444455556666 in "
                                         "us-east-1 has no detector"));
    drive_assert_whole(&world.drive, 2);
    tear_down(&world);
}

Test(guardduty_targets, name_a_detector_that_is_not_theirs)
{
    struct world world;
    const struct slu_source_result *result;

    build(&world, 8);
    world.fake.places[3].bad_detector = true;
    result = run(&world);
    cr_assert_eq(result->failed_units, 1);
    assert_text(result->first.text,
                "Bad Request, Verify Detector ID and Region Name: "
                "detector " DETECTOR ", account 444455556666 in eu-south-2: "
                "The request is rejected because the input detectorId is not "
                "owned by the current account.");
    drive_assert_whole(&world.drive, 3);
    tear_down(&world);
}

Test(guardduty_targets, that_only_fail_are_given_up_alone)
{
    struct world world;
    const struct slu_source_result *result;

    build(&world, 9);
    world.fake.places[0].broken = true;
    result = run(&world);
    cr_assert_eq(result->failed_units, 1);
    assert_text(result->first.text, "HTTP 500 for the detectors of account "
                                    "111122223333 in us-east-1: broken");
    drive_assert_whole(&world.drive, 0);
    tear_down(&world);
}

Test(guardduty_targets, survive_tokens_that_expire)
{
    struct world world;

    build(&world, 10);
    for (unsigned i = 0; i < 4; i++) {
        world.fake.places[i].expires = 2;
    }
    cr_assert_eq(run(&world)->denied_units, 0, "%s", world.drive.log);
    drive_assert_whole(&world.drive, -1);
    world.fake.places[0].expires = 1000;
    cr_assert_eq(run(&world)->denied_units, 1);
    assert_text(world.drive.result.first.text, "ExpiredTokenException");
    tear_down(&world);
}

Test(guardduty_targets, are_not_fooled_by_a_proxy)
{
    for (int json = 0; json < 2; json++) {
        struct world world;
        const struct slu_source_result *result;

        build(&world, 11);
        world.fake.html = json == 0;
        world.fake.other_json = json == 1;
        result = run(&world);
        cr_assert_eq(result->failed_units, 4);
        cr_assert_eq(result->first.code, SLU_ERR_MALFORMED);
        assert_text(result->first.text, "check that http.proxy and "
                                        "AWS_ENDPOINT_URL lead to GuardDuty");
        cr_assert_eq(world.drive.entry_count, 0);
        tear_down(&world);
    }
}

Test(guardduty_targets, refuse_more_ids_than_were_asked_for)
{
    struct world world;

    build(&world, 12);
    world.fake.too_many = true;
    cr_assert_eq(run(&world)->failed_units, 4);
    assert_text(world.drive.result.first.text,
                "more findingIds than the 50 asked for");
    tear_down(&world);
}

Test(guardduty_targets, end_a_list_of_detectors_that_repeats_itself)
{
    struct world world;

    build(&world, 13);
    world.fake.repeat_tokens = true;
    world.fake.detector_pages = 3;
    cr_assert_eq(run(&world)->failed_units, 4);
    assert_text(world.drive.result.first.text,
                "the list of detectors of account");
    tear_down(&world);
}

Test(guardduty_targets, wait_for_their_own_lane_only)
{
    for (int lane = 0; lane < 12; lane++) {
        struct world world;

        build(&world, 14);
        world.drive.closed_lane = lane;
        drive_run(&world.drive);
        drive_assert_whole(&world.drive, lane / 3);
        cr_assert_eq(world.fake.places[lane / 3].calls[lane % 3], 0);
        cr_assert_eq(world.drive.result.units, 0, "not at its end");
        tear_down(&world);
    }
}

/* Gets that can't be sent hold the lists back, so that ids don't pile up. */
Test(guardduty_targets, list_no_further_than_gets_follow)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;
    static const char *const regions[] = {"us-east-1"};

    fake_init(&fake, 15);
    place = fake_add(&fake, 0, "us-east-1", 20000);
    fake_spread(&fake, place, fake.now_ms - DAY_MS, fake.now_ms - DAY_MS + 1);
    drive_init(&drive, &fake, 15);
    drive.config.regions = (struct slu_strings){regions, 1, false};
    /* A window of one millisecond: followed by its token from the start. */
    drive_store(&drive, "planned/base/us-east-1/" DETECTOR, "1763800000000");
    {
        char key[200];

        (void)snprintf(key, sizeof(key),
                       "open/base/us-east-1/" DETECTOR "/%lld-%lld",
                       (long long)(fake.now_ms - DAY_MS),
                       (long long)(fake.now_ms - DAY_MS + 1));
        drive_store(&drive, key, "1");
    }
    drive.closed_lane = 2;
    drive_run(&drive);
    cr_assert_geq(place->calls[FAKE_LIST], 250);
    cr_assert_leq(place->calls[FAKE_LIST], 260);
    drive.closed_lane = -1;
    drive_run(&drive);
    drive_assert_whole(&drive, -1);
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty_targets, take_turns)
{
    struct world world;

    build(&world, 16);
    world.drive.width = 1;
    world.drive.stop_after = 9;
    drive_run(&world.drive);
    for (unsigned i = 0; i < 4; i++) {
        size_t calls = 0;

        for (int call = 0; call < FAKE_CALLS; call++) {
            calls += world.fake.places[i].calls[call];
        }
        cr_assert_geq(calls, 2, "%u", i);
        cr_assert_leq(calls, 3, "%u", i);
    }
    tear_down(&world);
}

Test(guardduty_targets, use_the_detector_that_is_named)
{
    struct fake_guardduty fake;
    struct drive drive;
    struct fake_place *place;
    static const char *const regions[] = {"us-east-1"};

    fake_init(&fake, 17);
    place = fake_add(&fake, 0, "us-east-1", 100);
    fake_spread(&fake, place, fake.now_ms - DAY_MS, fake.now_ms);
    drive_init(&drive, &fake, 17);
    drive.config.regions = (struct slu_strings){regions, 1, false};
    drive.config.detector = DETECTOR;
    drive_run(&drive);
    drive_assert_whole(&drive, -1);
    cr_assert_eq(place->calls[FAKE_DETECTORS], 0);
    drive_fini(&drive);
    fake_fini(&fake);
}

Test(guardduty_targets, count_all_regions_of_a_partition)
{
    struct slu_account accounts[2] = {
        two_accounts[0],
        {"444455556666", "arn:aws-cn:iam::444455556666:role/r", ""},
    };
    struct slu_guardduty_config config = {
        .regions = {NULL, 0, true},
        .accounts = {accounts, 2},
    };
    struct slu_source_access access;
    unsigned total = 0;
    bool opt_in;

    while (slu_guardduty_region("aws", total, &opt_in) != NULL) {
        total++;
    }
    for (unsigned i = 0; slu_guardduty_region("aws-cn", i, &opt_in) != NULL;
         i++) {
        total++;
    }
    slu_guardduty_source.access(&config, &access);
    cr_assert_eq(access.lanes, total * 3);
    cr_assert(access.aws);
    cr_assert_eq(access.account_count, 2);
}

/* One id that the server can't stand doesn't stop what is around it. */
Test(guardduty_targets, go_on_around_a_get_that_is_refused)
{
    struct world world;
    const struct slu_source_result *result;
    unsigned missing = 0;

    build(&world, 23);
    world.fake.bad_id = "\"00000000000000000000000000000011\""; /* place 0's */
    result = run(&world);
    cr_assert_eq(result->failed_units, 0);
    cr_assert_eq(result->incomplete_units, 1);
    cr_assert_not(result->all_denied);
    assert_text(result->first.text, "the ids are not valid");
    drive_assert_whole(&world.drive, 0);
    for (unsigned i = 0; i < 120; i++) {
        missing += world.drive.committed[i] == 0;
    }
    cr_assert_geq(missing, 1);
    cr_assert_eq(drive_count(&world.drive, "open/"), 1);
    world.fake.bad_id = NULL;
    result = run(&world);
    cr_assert_eq(result->incomplete_units, 0);
    drive_assert_whole(&world.drive, -1);
    tear_down(&world);
}

/* ---- sluice check ---- */

Test(guardduty_targets, are_checked_in_three_requests_each)
{
    struct world world;

    build(&world, 18);
    world.drive.check = true;
    world.fake.places[1].denied[FAKE_GET] = true;
    world.fake.places[2].detector = NULL;
    world.fake.places[3].not_enabled = true;
    (void)run(&world);
    cr_assert_eq(world.drive.told_count, 4);
    cr_assert_eq(world.drive.told[0].kind, SLU_CHECK_OK);
    assert_text(world.drive.told[0].text,
                "account 111122223333 in us-east-1: list and get findings: "
                "permitted");
    cr_assert_eq(world.drive.told[1].kind, SLU_CHECK_FAIL);
    assert_text(world.drive.told[1].text, "guardduty:GetFindings is missing");
    cr_assert_eq(world.drive.told[2].kind, SLU_CHECK_WARN);
    assert_text(world.drive.told[2].text, "has no detector");
    cr_assert_eq(world.drive.told[3].kind, SLU_CHECK_WARN);
    assert_text(world.drive.told[3].text, "region eu-south-2 is not enabled");
    for (int call = 0; call < FAKE_CALLS; call++) {
        cr_assert_eq(world.fake.places[0].calls[call], 1);
    }
    cr_assert_eq(world.drive.entry_count, 0);
    tear_down(&world);
}

Test(guardduty_targets, are_checked_without_a_get_when_there_is_no_finding)
{
    struct fake_guardduty fake;
    struct drive drive;
    static const char *const regions[] = {"us-east-1"};

    fake_init(&fake, 19);
    (void)fake_add(&fake, 0, "us-east-1", 0);
    drive_init(&drive, &fake, 19);
    drive.config.regions = (struct slu_strings){regions, 1, false};
    drive.check = true;
    drive_run(&drive);
    cr_assert_eq(drive.told_count, 1);
    cr_assert_eq(drive.told[0].kind, SLU_CHECK_OK);
    assert_text(drive.told[0].text,
                "the own account in us-east-1: list and get findings");
    cr_assert_eq(fake_calls(&fake, FAKE_GET), 0);
    drive_fini(&drive);
    fake_fini(&fake);
}

/* ---- bodies and memory ---- */

/* A body cut in two at every byte reads the same. */
Test(guardduty_targets, read_answers_cut_at_any_byte)
{
    for (size_t cut = 1; cut < 600; cut++) {
        struct fake_guardduty fake;
        struct drive drive;
        struct fake_place *place;
        static const char *const regions[] = {"us-east-1"};

        fake_init(&fake, 20);
        place = fake_add(&fake, 0, "us-east-1", 1);
        place->findings[0].updated_ms = fake.now_ms - 1;
        fake.escaped_tokens = true;
        fake.detector_pages = 1;
        fake.empty_last_token = cut % 2 == 0;
        drive_init(&drive, &fake, 20);
        drive.config.regions = (struct slu_strings){regions, 1, false};
        drive.cut = cut;
        drive_run(&drive);
        cr_assert_eq(drive.result.failed_units, 0, "%zu: %s", cut, drive.log);
        drive_assert_whole(&drive, -1);
        drive_fini(&drive);
        fake_fini(&fake);
    }
}

/* Each failure ends the run and nothing else; what was committed is gone on
 * with. */
Test(guardduty_targets, survive_each_failing_allocation)
{
    bool whole = false;

    for (unsigned n = 1; !whole; n++) {
        struct fake_guardduty fake;
        struct drive drive;
        struct failing_alloc failing;
        struct fake_place *place;
        static const char *const regions[] = {"us-east-1"};

        fake_init(&fake, 21);
        place = fake_add(&fake, 0, "us-east-1", 130);
        fake_spread(&fake, place, fake.now_ms - DAY_MS, fake.now_ms - HOUR_MS);
        fake.detector_pages = 1;
        fake.escaped_tokens = true;
        drive_init(&drive, &fake, 21);
        failing_alloc_init(&failing, n);
        drive.config.regions = (struct slu_strings){regions, 1, false};
        drive.alloc = &failing.alloc;
        drive.width = 3;
        drive.whole = true;
        drive_run(&drive);
        whole = failing.calls < n;
        cr_assert_eq(drive.broken || drive.result.first.code == SLU_ERR_NOMEM,
                     !whole, "%u", n);
        cr_assert_eq(failing.live, 0, "%u: %zu", n, failing.live);
        drive.alloc = slu_alloc_default();
        drive_run(&drive);
        cr_assert_eq(drive.result.failed_units, 0);
        drive_assert_whole(&drive, -1);
        cr_assert_lt(n, 2000);
        drive_fini(&drive);
        fake_fini(&fake);
    }
}

/* A unit that was handed out, and never sent. */
Test(guardduty_targets, may_be_given_up_before_they_are_asked)
{
    struct world world;
    struct slu_source_port port = {.record_bytes = 1000};
    struct slu_now now = {0, 1763800000};
    struct slu_source *source;
    struct slu_request request;
    struct slu_error error;
    struct slu_source_result result;
    uint64_t until;

    build(&world, 22);
    port = (struct slu_source_port){
        .ctx = &world.drive,
        .may_send = say_yes,
        .log = say_nothing,
        .record_bytes = 1000,
    };
    cr_assert_eq(slu_guardduty_source.create(slu_alloc_default(),
                                             &world.drive.config, &port,
                                             &source, &error),
                 SLU_ERR_OK);
    cr_assert_eq(slu_guardduty_source.start(source, NULL, now, &error),
                 SLU_ERR_OK);
    (void)slu_error_set(&error, SLU_ERR_NETWORK, "no way through");
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(
            slu_guardduty_source.next_request(source, now, &request, &until),
            SLU_TURN_REQUEST);
        cr_assert_eq(request.lane, (unsigned)i * 3);
        slu_guardduty_source.give_up(source, request.unit, &error);
    }
    cr_assert_eq(
        slu_guardduty_source.next_request(source, now, &request, &until),
        SLU_TURN_DONE);
    slu_guardduty_source.result(source, &result);
    cr_assert_eq(result.failed_units, 4);
    cr_assert_str_eq(result.first.text, "no way through");
    slu_guardduty_source.destroy(source);
    tear_down(&world);
}
