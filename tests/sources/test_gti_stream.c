/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/gti_drive.h"
#include "sources/gti_stream.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW INT64_C(1754543409)
#define DAY INT64_C(86400)
#define LOOKBACK (5 * DAY)

static struct fake_gti fake;
static struct drive drive;

enum history {
    EVEN,   /* spread over five days */
    BURSTY, /* most of it in a few seconds */
    TINY,   /* all within a few hundred seconds */
};

static int64_t draw_date(uint64_t *random, enum history history)
{
    uint64_t dice = fake_random(random);

    switch (history) {
    case BURSTY:
        return NOW - LOOKBACK + 1000 + (int64_t)(dice % 3) * 100000 +
               (int64_t)(dice / 3 % 4) +
               (dice / 12 % 10 == 0 ? (int64_t)(dice / 120 % 200000) : 0);
    case TINY:
        return NOW - 700 + (int64_t)(dice % 600);
    default:
        return NOW - LOOKBACK + 900 + (int64_t)(dice % (5 * 86400 - 1000));
    }
}

static void fill(size_t count, uint64_t seed, enum history history)
{
    fake_init(&fake, count, seed);
    for (size_t i = 0; i < count; i++) {
        fake.items[i] = (struct fake_item){
            .domain = fake_random(&fake.random) % 3 != 0,
            .list = -1,
            .date = draw_date(&fake.random, history),
            .order = (int)(fake_random(&fake.random) % 1000000),
            .score = (int)(fake_random(&fake.random) % 102) - 1,
        };
    }
    drive_init(&drive, &fake, seed + 77);
}

static void empty(void)
{
    drive_fini(&drive);
    fake_fini(&fake);
}

static int64_t checkpoint_of(const struct drive *self, bool domain)
{
    return drive_number(self, domain ? "stream/domain" : "stream/ip_address");
}

/* Whatever lies before a checkpoint is durable; the checkpoint is never beyond
 * what the server has. */
static void check_checkpoints(struct drive *self)
{
    int64_t newest[2] = {0, 0};

    for (size_t i = 0; i < self->fake->count; i++) {
        const struct fake_item *item = &self->fake->items[i];

        if (item->date > newest[item->domain]) {
            newest[item->domain] = item->date;
        }
        cr_assert(self->committed[i] ||
                      item->date >= checkpoint_of(self, item->domain),
                  "item %zu of %lld is lost behind %lld", i,
                  (long long)item->date,
                  (long long)checkpoint_of(self, item->domain));
    }
    cr_assert_leq(checkpoint_of(self, true), newest[1]);
    cr_assert_leq(checkpoint_of(self, false), newest[0]);
}

/* Commits while fewer than four requests were under way. */
static unsigned lonely;

static void note_flights(struct drive *self)
{
    lonely += self->flight_count < 4;
}

static void expect_clean(void)
{
    drive_assert_whole(&drive);
    cr_assert_eq(drive_count(&drive, "stream/domain/"), 0);
    cr_assert_eq(drive_count(&drive, "stream/ip_address/"), 0);
}

static int64_t newest_of(bool domain)
{
    int64_t newest = 0;

    for (size_t i = 0; i < fake.count; i++) {
        if (fake.items[i].domain == domain && fake.items[i].date > newest) {
            newest = fake.items[i].date;
        }
    }
    return newest;
}

static void expect_newest(void)
{
    cr_assert_eq(checkpoint_of(&drive, true), newest_of(true));
    cr_assert_eq(checkpoint_of(&drive, false), newest_of(false));
    cr_assert_eq(drive.checkpoint.stream[SLU_KIND_DOMAIN], newest_of(true));
    cr_assert_eq(drive.checkpoint.stream[SLU_KIND_IP], newest_of(false));
}

Test(gti_stream, pulls_everything_in_windows_and_ends_at_the_newest_date)
{
    fill(3000, 1, EVEN);
    drive.check = check_checkpoints;
    drive.width = 32;
    drive_run(&drive, NULL);
    expect_clean();
    expect_newest();
    cr_assert_geq(drive.peak, 8, "%u at once", drive.peak);
    /* 75 pages would be the least; windows cost some. */
    cr_assert_lt(fake.requests, 160, "%zu", fake.requests);
    cr_assert(drive_logged(&drive, "[INFO] Using lookback days: 5\n"));
    cr_assert(drive_logged(&drive, "[INFO] Fetching IOC Stream (domain) | "
                                   "last_date=1754111409\n"));
    cr_assert(drive_logged(&drive, "[DEBUG] Fetched page with 40 items | "
                                   "next_cursor="));
    empty();
}

Test(gti_stream, an_empty_stream_is_one_request_and_no_checkpoint)
{
    fill(0, 1, EVEN);
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 2);
    cr_assert_eq(drive.entry_count, 0);
    fake.null_data = true;
    drive_run(&drive, NULL);
    fake.null_data = false;
    fake.no_data = true;
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 6);
    cr_assert_eq(drive.result.failed_units, 0);
    empty();
}

Test(gti_stream, the_second_run_asks_only_for_what_is_new)
{
    fill(2000, 3, EVEN);
    fake.count = 1900;
    for (size_t i = 1900; i < 2000; i++) {
        fake.items[i].date = NOW + 10 + (int64_t)(i % 60);
    }
    drive_run(&drive, NULL);
    expect_clean();
    fake.count = 2000;
    fake.requests = 0;
    drive.wall_s += 300;
    drive_run(&drive, NULL);
    expect_clean();
    expect_newest();
    cr_assert_leq(fake.requests, 8, "%zu", fake.requests);
    empty();
}

/* What arrives late, with a date before the checkpoint, is found by the
 * overlap; and so is a second item in the very second of the checkpoint. */
Test(gti_stream, the_overlap_finds_what_arrived_late)
{
    fill(102, 3, EVEN);
    fake.count = 100;
    drive_run(&drive, NULL);
    fake.items[100] = (struct fake_item){
        .domain = true, .list = -1, .date = newest_of(true) - 50, .score = 1};
    fake.items[101] = (struct fake_item){
        .domain = true, .list = -1, .date = newest_of(true), .score = 1};
    fake.count = 102;
    drive_run(&drive, NULL);
    expect_clean();
    empty();
}

Test(gti_stream, every_reading_of_the_date_terms_gives_the_same)
{
    for (int reading = 0; reading < 4; reading++) {
        for (int history = EVEN; history <= TINY; history++) {
            fill(1500, 10 + (uint64_t)reading, (enum history)history);
            fake.from_exclusive = (reading & 1) != 0;
            fake.until_inclusive = (reading & 2) != 0;
            drive.check = check_checkpoints;
            drive_run(&drive, NULL);
            expect_clean();
            expect_newest();
            empty();
        }
    }
}

/* One division for each connection at the beginning, and some at the end: the
 * windows in between are pulled by their cursors. */
Test(gti_stream, a_long_history_costs_little_more_than_its_pages)
{
    fill(16000, 6, EVEN);
    drive.width = 16;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_geq(fake.requests, 400);
    cr_assert_lt(fake.requests, 440, "%zu", fake.requests);
    empty();
}

/* Who asks for one request at a time, as a narrow limit makes the engine do, is
 * never left without a window: nothing is divided but the beginning. */
Test(gti_stream, what_is_pulled_one_by_one_is_not_divided_for_nothing)
{
    fill(8000, 6, EVEN);
    drive.width = 1;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_lt(fake.requests, 210, "%zu", fake.requests);
    empty();
}

/* A window that is a hundred times as full as the others is divided when they
 * have ended, so that it isn't pulled alone. */
Test(gti_stream, the_fullest_window_is_divided_when_connections_are_free)
{
    fill(4000, 7, EVEN);
    for (size_t i = 0; i < fake.count - 200; i++) {
        fake.items[i].domain = true;
        fake.items[i].date = NOW - 2 * DAY + (int64_t)(i % 600);
    }
    drive.width = 16;
    drive.check = note_flights;
    lonely = 0;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_lt(lonely, 20, "%u commits with hardly a request besides",
                 lonely);
    empty();
}

/* A burst of many pages in one second isn't divided, and its neighbours don't
 * pull it again to its end. */
Test(gti_stream, a_bursty_history_costs_little_more_than_its_pages)
{
    fill(4000, 5, BURSTY);
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_lt(fake.requests, 500, "%zu", fake.requests);
    empty();
}

Test(gti_stream, all_in_one_second_is_pulled_by_its_cursor)
{
    fill(1000, 5, EVEN);
    for (size_t i = 0; i < fake.count; i++) {
        fake.items[i].date = NOW - 1000;
    }
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_lt(fake.requests, 300, "%zu", fake.requests);
    empty();
}

/* Checkpoints must not depend on the order that was asked for. */
Test(gti_stream, newest_first_gives_the_same_result)
{
    for (int history = EVEN; history <= TINY; history++) {
        fill(1500, 6, (enum history)history);
        fake.newest_first = true;
        drive.check = check_checkpoints;
        drive_run(&drive, NULL);
        expect_clean();
        expect_newest();
        empty();
    }
}

Test(gti_stream, without_a_count_there_is_one_serial_cursor)
{
    fill(1500, 7, EVEN);
    fake.no_count = true;
    drive.check = check_checkpoints;
    drive_run(&drive, NULL);
    expect_clean();
    expect_newest();
    cr_assert_leq(drive.peak, 2);
    cr_assert_eq(fake.first_pages, 2);
    cr_assert(drive_logged(&drive, "sends no count"));
    empty();
}

/* The server ignores the date terms, and has items older than the look-back:
 * they are counted and never handed on. */
Test(gti_stream, an_ignored_date_term_falls_back_to_one_serial_cursor)
{
    fill(1500, 8, EVEN);
    for (size_t i = 0; i < 300; i++) {
        fake.items[i].date -= 6 * DAY;
        drive.committed[i] = true;
    }
    fake.ignore_date = true;
    drive.check = check_checkpoints;
    drive_run(&drive, NULL);
    expect_clean();
    expect_newest();
    cr_assert_leq(drive.peak, 2);
    cr_assert_geq(drive.counts[SLU_REASON_OUTSIDE_WINDOW], 300);
    cr_assert(drive_logged(&drive, "ignores the date term"));
    empty();
}

Test(gti_stream, items_of_another_type_are_counted_and_left_out)
{
    fill(600, 9, EVEN);
    fake.ignore_type = true;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_geq(drive.counts[SLU_REASON_OTHER_TYPE], 600);
    empty();
}

Test(gti_stream, a_repeated_cursor_restarts_the_window)
{
    for (size_t nth = 1; nth < 12; nth += 2) {
        fill(1500, 11, EVEN);
        fake.repeat_cursor = nth;
        fake.no_count = true;
        drive_run(&drive, NULL);
        expect_clean();
        cr_assert(drive_logged(&drive, "cursor is dropped"));
        empty();
    }
}

Test(gti_stream, a_dead_cursor_restarts_or_halves_its_window)
{
    for (size_t dead = 1; dead < 20; dead += 3) {
        fill(1500, 12, EVEN);
        fake.dead_cursors = dead;
        fake.no_count = true;
        fake.dead_is_404 = dead % 2 == 0;
        drive.check = check_checkpoints;
        drive_run(&drive, NULL);
        expect_clean();
        expect_newest();
        empty();
    }
}

static void expect_only_missing_near(int64_t second)
{
    for (size_t i = 0; i < fake.count; i++) {
        cr_assert(drive.committed[i] || fake.items[i].date == second,
                  "item %zu is missing, %lld from the poison", i,
                  (long long)(fake.items[i].date - second));
    }
}

Test(gti_stream, a_poisoned_second_is_isolated_skipped_and_reported)
{
    for (int reading = 0; reading < 4; reading++) {
        fill(3000, 13, TINY);
        fake.from_exclusive = (reading & 1) != 0;
        fake.until_inclusive = (reading & 2) != 0;
        fake.poisoned = fake.items[5].date;
        drive.check = NULL;
        drive_run(&drive, NULL);
        expect_only_missing_near(fake.poisoned);
        cr_assert_geq(drive.result.incomplete_units, 1);
        cr_assert_leq(drive.result.incomplete_units, 2);
        cr_assert_eq(drive.result.failed_units, 0);
        cr_assert_eq(drive.result.first.code, SLU_ERR_INCOMPLETE);
        cr_assert(drive_logged(&drive, "can't be read and is skipped"));
        cr_assert_eq(drive_count(&drive, "stream/domain/"), 0);
        expect_newest();
        empty();
    }
}

Test(gti_stream, a_poisoned_first_page_is_isolated_too)
{
    fill(1000, 14, EVEN);
    fake.items[0].date = NOW - LOOKBACK + 3;
    fake.items[0].domain = true;
    fake.poisoned = fake.items[0].date;
    drive_run(&drive, NULL);
    expect_only_missing_near(fake.poisoned);
    cr_assert_eq(drive.result.failed_units, 0);
    cr_assert_geq(drive.result.incomplete_units, 1);
    /* The seconds beside it may be doubtful, never more than those. */
    cr_assert_leq(drive.result.incomplete_units, 4);
    empty();
}

Test(gti_stream, too_many_poisoned_seconds_end_the_stream)
{
    fill(3000, 15, TINY);
    fake.poisoned = NOW - 400;
    fake.poisoned_to = NOW - 300;
    drive.check = check_checkpoints;
    /* Skipped seconds are behind a checkpoint and missing, as reported. */
    for (size_t i = 0; i < fake.count; i++) {
        drive.committed[i] = fake.items[i].date >= fake.poisoned &&
                             fake.items[i].date <= fake.poisoned_to;
    }
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.failed_units, 2);
    cr_assert_eq(drive.result.incomplete_units, 2 * SLU_GTI_ISOLATED_MAX);
    cr_assert(drive_logged(&drive, "[ERROR] IOC Stream (domain) ended"));
    cr_assert_lt(checkpoint_of(&drive, true), newest_of(true));
    /* What is wrong is mended: the next run goes on behind what was skipped. */
    fake.poisoned = FAKE_NEVER;
    fake.poisoned_to = 0;
    drive_run(&drive, NULL);
    expect_clean();
    expect_newest();
    empty();
}

Test(gti_stream, a_rejected_query_fails_with_the_server_s_words_after_probes)
{
    fill(100, 16, EVEN);
    fake.reject_all = true;
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.failed_units, 2);
    cr_assert_eq(drive.result.incomplete_units, 0);
    cr_assert_eq(drive.result.first.http_status, 400);
    cr_assert_not_null(
        strstr(drive.result.first.text, "this page is not to be had"));
    cr_assert_leq(fake.requests, 24, "%zu", fake.requests);
    cr_assert_eq(drive.entry_count, 0);
    empty();
}

Test(gti_stream, endless_empty_pages_are_incomplete)
{
    fill(10, 17, EVEN);
    fake.endless = true;
    drive_run(&drive, NULL);
    cr_assert_eq(drive.result.incomplete_units, 2);
    cr_assert_leq(fake.requests, 2 * SLU_GTI_EMPTY_PAGES_MAX);
    cr_assert_eq(checkpoint_of(&drive, true), 0);
    cr_assert_not_null(strstr(drive.result.first.text, "empty pages"));
    empty();
}

Test(gti_stream, refusals_end_the_run_or_the_stream)
{
    fill(10, 18, EVEN);
    fake.status = 401;
    drive_run(&drive, NULL);
    cr_assert(drive.denied);
    cr_assert(drive.result.all_denied);
    empty();
    fill(10, 18, EVEN);
    fake.status = 403;
    drive_run(&drive, NULL);
    cr_assert_not(drive.denied);
    cr_assert_eq(drive.result.denied_units, 2);
    cr_assert(drive.result.all_denied);
    cr_assert(drive_logged(&drive, "HTTP 403"));
    cr_assert_leq(fake.requests, 2);
    empty();
}

Test(gti_stream, what_is_no_answer_is_asked_again_and_given_up)
{
    static const int statuses[] = {429, 500, 503, 504, 408};

    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        fill(10, 19, EVEN);
        fake.status = statuses[i];
        drive.attempts_max = 3;
        drive_run(&drive, NULL);
        cr_assert_eq(fake.requests, 6);
        cr_assert_eq(drive.result.failed_units, 2);
        cr_assert_not(drive.result.all_denied);
        empty();
    }
    fill(10, 19, EVEN);
    fake.html = true;
    drive.attempts_max = 3;
    drive_run(&drive, NULL);
    cr_assert_eq(fake.requests, 6);
    cr_assert_eq(drive.result.first.code, SLU_ERR_MALFORMED);
    cr_assert_eq(drive.result.first.offset, 0);
    empty();
}

/* ---- configuration of the start ---- */

Test(gti_stream, a_long_look_back_is_clamped_unless_allowed)
{
    fill(0, 1, EVEN);
    drive.config.lookback_days = 9;
    drive_run(&drive, NULL);
    cr_assert(drive_logged(&drive, "[WARN] gti.lookback_days is 9"));
    cr_assert(drive_logged(&drive, "[INFO] Using lookback days: 5\n"));
    empty();
    fill(0, 1, EVEN);
    drive.config.lookback_days = 9;
    drive.config.allow_long_lookback = true;
    drive_run(&drive, NULL);
    cr_assert(drive_logged(&drive, "[INFO] Using lookback days: 9\n"));
    cr_assert_not(drive_logged(&drive, "[WARN]"));
    empty();
}

Test(gti_stream, a_look_back_of_none_is_refused)
{
    struct slu_gti_config config = {.threat_list_limit = 4000};
    struct slu_source_port port = {0};
    struct slu_source *source = NULL;
    struct slu_error error = {0};

    cr_assert_eq(slu_gti_source.create(slu_alloc_default(), &config, &port,
                                       &source, &error),
                 SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "lookback_days"));
    cr_assert_null(source);
    slu_gti_source.destroy(NULL);
}

Test(gti_stream, an_old_checkpoint_is_clamped_and_the_lost_range_told)
{
    struct slu_checkpoint found = {
        .stream = {[SLU_KIND_DOMAIN] = NOW - 7 * DAY}};

    fill(100, 20, EVEN);
    drive_run(&drive, &found);
    expect_clean();
    cr_assert(drive_logged(&drive, "from 2025-07-31T05:10:09Z to "
                                   "2025-08-02T05:10:09Z"));
    empty();
}

/* The checkpoint is the newest date, which grows old in a stream without news:
 * nothing was lost while it was asked often enough. */
Test(gti_stream, a_stream_without_news_has_lost_nothing)
{
    fill(100, 20, EVEN);
    for (int day = 0; day < 8; day++) {
        drive_run(&drive, NULL);
        expect_clean();
        drive.wall_s += DAY;
    }
    cr_assert_not(drive_logged(&drive, "older than the look-back"));
    /* Nobody has asked since the eighth day. */
    drive.wall_s += 9 * DAY;
    drive_run(&drive, NULL);
    cr_assert(drive_logged(&drive, "from 2025-08-14T05:10:09Z to "
                                   "2025-08-19T05:10:09Z"));
    empty();
}

Test(gti_stream, a_checkpoint_in_the_future_is_told)
{
    static const char *names[] = {"malware"};
    struct slu_checkpoint found = {
        .stream = {[SLU_KIND_DOMAIN] = NOW + DAY, [SLU_KIND_IP] = NOW + 60}};

    fill(10, 20, EVEN);
    drive.config.threat_lists = (struct slu_strings){names, 1, false};
    cr_assert_eq(slu_checkpoint_set_list(&found, slu_view_str("malware"),
                                         NOW / 3600 * 3600 + DAY),
                 SLU_ERR_OK);
    drive_run(&drive, &found);
    cr_assert(drive_logged(&drive, "[WARN] IOC Stream (domain): the checkpoint "
                                   "2025-08-08T05:10:09Z lies in the future"));
    cr_assert(drive_logged(&drive, "[WARN] Threat List (malware): the "
                                   "checkpoint 2025-08-08T05:00:00Z lies"));
    cr_assert_not(drive_logged(&drive, "IOC Stream (ip_address): the check"));
    empty();
}

Test(gti_stream, a_found_checkpoint_counts_only_where_none_is_stored)
{
    struct slu_checkpoint found = {
        .stream = {[SLU_KIND_DOMAIN] = NOW - 100, [SLU_KIND_IP] = NOW - 50}};

    fill(0, 20, EVEN);
    drive.entries = calloc(1, sizeof(struct drive_entry));
    drive.entry_count = 1;
    strcpy(drive.entries[0].key, "stream/domain");
    drive.entries[0].value = strdup("1754543000");
    drive.entries[0].value_len = 10;
    drive_run(&drive, &found);
    cr_assert(drive_logged(&drive, "(domain) | last_date=1754543000"));
    cr_assert(drive_logged(&drive, "(ip_address) | last_date=1754543359"));
    cr_assert_eq(drive.checkpoint.stream[SLU_KIND_IP], NOW - 50);
    empty();
}

Test(gti_stream, damaged_entries_are_refused)
{
    static const char *const bad[][2] = {
        {"stream/domain", "x"},
        {"stream/domain", ""},
        {"stream/domain", "12x"},
        {"stream/domain", "99999999999999999999"},
        {"stream/domain/", "done 1"},
        {"stream/domain/5", "done 1"},
        {"stream/domain/5-4", "done 1"},
        {"stream/domain/5-6x", "done 1"},
        {"stream/domain/5-6", "done"},
        {"stream/domain/5-6", "done x"},
        {"stream/domain/5-6", "what"},
        {"stream/url", "5"},
        {"asked/url", "5"},
        {"asked/domain", "x"},
        {"other", "5"},
        {"list/malware", "5"},
        {"list/malware/2025080705/url", "done"},
    };
    static const char *const lists[] = {"malware"};

    fill(0, 1, EVEN);
    drive.config.threat_lists = (struct slu_strings){lists, 1, false};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slu_source_port port = {0};
        struct slu_source *source = NULL;
        struct slu_error error = {0};

        cr_assert_eq(slu_gti_source.create(slu_alloc_default(), &drive.config,
                                           &port, &source, &error),
                     SLU_ERR_OK);
        cr_assert_eq(slu_gti_source.load(source, slu_view_str(bad[i][0]),
                                         slu_view_str(bad[i][1])),
                     SLU_ERR_STATE, "%s = %s", bad[i][0], bad[i][1]);
        slu_gti_source.destroy(source);
    }
    empty();
}

/* The client's clock is two hours ahead of the server's: the checkpoint stays
 * with what was seen, and what comes later is found. */
Test(gti_stream, a_clock_that_is_ahead_loses_nothing)
{
    fill(1100, 21, EVEN);
    for (size_t i = 0; i < 1100; i++) {
        if (fake.items[i].date > NOW - 7200) {
            fake.items[i].date -= 7200;
        }
        if (i >= 1000) {
            fake.items[i].date = NOW - 7100 + (int64_t)(i % 500);
            drive.committed[i] = false;
        }
    }
    fake.count = 1000;
    drive.check = check_checkpoints;
    drive.kill_permille = 100;
    drive_run(&drive, NULL);
    fake.count = 1100;
    drive.kill_permille = 0;
    drive_run(&drive, NULL);
    expect_clean();
    empty();
}

/* ---- properties ---- */

static void run_property(uint64_t seed)
{
    fill(200 + seed % 7 * 250, seed, (enum history)(seed % 3));
    fake.from_exclusive = (seed & 1) != 0;
    fake.until_inclusive = (seed & 2) != 0;
    fake.newest_first = seed % 5 == 0;
    fake.no_count = seed % 7 == 0;
    fake.ignore_date = seed % 11 == 0;
    fake.null_data = seed % 3 == 0;
    fake.repeat_cursor = seed % 4 == 0 ? 5 : 0;
    /* A serial window is restarted once: it can't be halved. */
    fake.dead_cursors = seed % 6 == 0 && !fake.ignore_date ? 2 : 0;
    fake.fault_percent = (unsigned)(seed % 4) * 10;
    drive.kill_permille = (unsigned)(seed % 3) * 60;
    drive.width = 1 + (unsigned)(seed % 16);
    drive.check = check_checkpoints;
    drive_run(&drive, NULL);
    cr_assert_eq(drive_missing(&drive), 0, "seed %d: %s", (int)seed,
                 drive.result.first.text);
    expect_clean();
    /* The newest date comes first then, and a kill forgets it: the checkpoint
     * stays behind, which costs a request and loses nothing. */
    if (!fake.newest_first || drive.kills == 0) {
        expect_newest();
    }
    empty();
}

/* Faults, kills at any moment, answers in any order: the union of what was
 * committed is the whole, and no checkpoint was ever ahead of it. */
Test(gti_stream, whatever_happens_nothing_is_lost)
{
    for (uint64_t seed = 100; seed < 170; seed++) {
        run_property(seed);
    }
}

/* A finished window isn't pulled again: kills cost what was under way and one
 * overlap, not the run. */
Test(gti_stream, a_killed_run_goes_on_where_it_was)
{
    size_t undisturbed;

    fill(4000, 31, EVEN);
    drive_run(&drive, NULL);
    undisturbed = fake.requests;
    empty();
    fill(4000, 31, EVEN);
    drive.kill_permille = 50;
    drive_run(&drive, NULL);
    expect_clean();
    cr_assert_geq(drive.kills, 3);
    cr_assert_lt(fake.requests, undisturbed + drive.kills * 20, "%zu, %zu",
                 fake.requests, undisturbed);
    empty();
}

/* ---- memory ---- */

Test(gti_stream, out_of_memory_at_any_point_loses_nothing)
{
    bool broken = true;

    for (unsigned nth = 1; broken; nth++) {
        struct failing_alloc failing;

        fill(400, 41, TINY);
        failing_alloc_init(&failing, nth);
        failing.for_good = true;
        drive.alloc = &failing.alloc;
        drive.check = check_checkpoints;
        drive_run(&drive, NULL);
        broken = drive.broken || drive.result.failed_units > 0;
        cr_assert_eq(failing.live, 0, "%zu bytes leak at %u", failing.live,
                     nth);
        if (!broken) {
            expect_clean();
        }
        drive.alloc = slu_alloc_default();
        drive_run(&drive, NULL);
        expect_clean();
        empty();
        cr_assert_lt(nth, 5000);
    }
}
