/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/lists.h"

#include "sinks/lists_world.h"
#include "support/failing_alloc.h"

#define IP SLU_KIND_IP
#define DOMAIN SLU_KIND_DOMAIN

/* ---- what is on a list ---- */

Test(lists, without_records_all_twelve_files_are_empty)
{
    struct world world;

    world_init(&world);
    world_must_run(&world);
    for (unsigned i = 0; i < SLU_LIST_FILES_MAX; i++) {
        ASSERT_FILE(&world, IP, i, "");
        ASSERT_FILE(&world, DOMAIN, i, "");
        cr_assert_eq(world.lines[IP][i] + world.lines[DOMAIN][i], 0);
    }
    cr_assert_eq(world.pieces, 0);
    world_fini(&world);
}

Test(lists, the_best_stand_first_and_the_kinds_apart)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 50);
    world_add(&world, SLU_RECORD_IP, "2.2.2.0/24", 80);
    world_add(&world, SLU_RECORD_DOMAIN, "*.b.com", 10);
    world_add(&world, SLU_RECORD_DOMAIN, "a.com", 20);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "2.2.2.0/24\n1.1.1.1\n");
    ASSERT_FILE(&world, DOMAIN, 0, "a.com\n*.b.com\n");
    cr_assert_eq(world.lines[IP][0], 2);
    cr_assert_eq(world.counts.listed[IP], 2);
    cr_assert_eq(world.counts.added[DOMAIN], 2);
    cr_assert_eq(world.counts.removed[DOMAIN], 0);
    cr_assert_eq(world.updates, 4);
    world_fini(&world);
}

Test(lists, a_second_run_without_news_changes_nothing)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 50);
    world_add(&world, SLU_RECORD_DOMAIN, "a.com", 20);
    world_must_run(&world);
    world_must_run(&world);
    cr_assert_eq(world.updates, 0);
    cr_assert_eq(world.counts.added[IP], 0);
    cr_assert_eq(world.counts.listed[IP], 1);
    ASSERT_FILE(&world, IP, 0, "1.1.1.1\n");
    world_fini(&world);
}

Test(lists, ips_of_one_rank_are_in_numeric_order)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "100.0.0.1", 5);
    world_add(&world, SLU_RECORD_IP, "9.0.0.1", 5);
    world_add(&world, SLU_RECORD_IP, "200.0.0.0/16", 5);
    world_add(&world, SLU_RECORD_IP, "200.0.0.0/15", 5);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0,
                "9.0.0.1\n100.0.0.1\n200.0.0.0/15\n200.0.0.0/16\n");
    world_fini(&world);
}

/* The text is made of plain addresses some at a time, the others one by one. */
Test(lists, addresses_and_ranges_stand_in_one_order)
{
    struct world world;
    struct slu_buf expected;

    world_init(&world);
    slu_buf_init(&expected, slu_alloc_default(), 1 << 16);
    for (unsigned i = 0; i < 1200; i++) {
        char text[24];

        (void)snprintf(text, sizeof(text),
                       i % 401 == 7 || i > 1000 ? "%u.%u.%u.0/24"
                                                : "%u.%u.%u.9",
                       41 + i / 256, i % 256, i % 100);
        world_add(&world, SLU_RECORD_IP, text, 5);
        cr_assert_eq(slu_buf_printf(&expected, "%s\n", text), SLU_ERR_OK);
    }
    cr_assert_eq(slu_buf_append(&expected, slu_view_make("", 1)), SLU_ERR_OK);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, expected.ptr);
    slu_buf_fini(&expected);
    world_fini(&world);
}

/* ---- what leaves ---- */

Test(lists, an_expired_entry_leaves_and_is_dropped)
{
    struct world world;
    struct slu_record *record;

    world_init(&world);
    record = world_add(&world, SLU_RECORD_IP, "1.1.1.1", 50);
    record->last_seen = WORLD_NOW - 90 * WORLD_DAY;
    world_add(&world, SLU_RECORD_INVALID_IP, "bad", 50)->last_seen =
        WORLD_NOW - 90 * WORLD_DAY;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "1.1.1.1\n");
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "bad\n");
    world.options.now++;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "");
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "");
    cr_assert_eq(world.drops, 2);
    cr_assert_eq(world.count, 0);
    cr_assert_eq(world.counts.removed[IP], 1);
    cr_assert_eq(world.counts.reasons[SLU_REASON_EXPIRED], 2);
    world_fini(&world);
}

Test(lists, minutes_are_enough_for_an_age)
{
    struct world world;

    world_init(&world);
    world.config.max_age_ms = 60000;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 5)->last_seen = WORLD_NOW - 60;
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 5)->last_seen = WORLD_NOW - 61;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "1.1.1.1\n");
    world_fini(&world);
}

Test(lists, a_sighting_from_the_future_has_not_expired)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 5)->last_seen = UINT32_MAX;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "1.1.1.1\n");
    world_fini(&world);
}

Test(lists, a_revoked_entry_leaves_but_is_remembered)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_DOMAIN, "a.com", 50);
    world_must_run(&world);
    world_find(&world, "a.com")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "");
    cr_assert_eq(world.counts.reasons[SLU_REASON_REVOKED], 1);
    cr_assert_eq(world.counts.reasons[SLU_REASON_VERDICT], 0);
    cr_assert_eq(world.counts.removed[DOMAIN], 1);
    cr_assert_eq(world.updates, 1);
    cr_assert_eq(world.count, 1);
    world_must_run(&world);
    cr_assert_eq(world.counts.reasons[SLU_REASON_REVOKED], 0);
    cr_assert_eq(world.counts.reasons[SLU_REASON_VERDICT], 1);
    cr_assert_eq(world.updates, 0);
    world_fini(&world);
}

Test(lists, verdict_and_score_are_filtered)
{
    struct world world;

    world_init(&world);
    world.options.min_score = 40;
    world.options.verdicts |= 1u << SLU_VERDICT_SUSPICIOUS;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 39);
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 40);
    world_add(&world, SLU_RECORD_IP, "3.1.1.1", 90)->verdict =
        SLU_VERDICT_SUSPICIOUS;
    world_add(&world, SLU_RECORD_IP, "4.1.1.1", 99)->verdict =
        SLU_VERDICT_UNDETECTED;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "2.1.1.1\n3.1.1.1\n");
    cr_assert_eq(world.counts.reasons[SLU_REASON_SCORE], 1);
    cr_assert_eq(world.counts.reasons[SLU_REASON_VERDICT], 1);
    cr_assert_eq(world.counts.reasons[SLU_REASON_NONE], 0);
    ASSERT_SIDE(&world, SLU_SIDE_REASONS, "");
    world_fini(&world);
}

Test(lists, a_line_taken_over_is_wanted_and_the_first_to_go)
{
    struct world world;
    struct slu_record *record;

    world_init(&world);
    world_set_files(&world, 1, 1);
    world.config.entity_file_lines = 1;
    record = world_add(&world, SLU_RECORD_DOMAIN, "old.com", 0);
    record->verdict = SLU_VERDICT_NONE;
    record->sources = SLU_SOURCE_TAKEN_OVER;
    record->last_seen = WORLD_NOW;
    record->place_file = 1;
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "old.com\n");
    cr_assert_eq(world.counts.added[DOMAIN], 0);
    world_add(&world, SLU_RECORD_DOMAIN, "new.com", 0);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "new.com\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_DOMAIN, "old.com\n");
    cr_assert_eq(world.counts.removed[DOMAIN], 1);
    cr_assert_eq(world.counts.exceeded[DOMAIN], 1);
    world_fini(&world);
}

/* ---- guard rails and invalid values ---- */

Test(lists, what_a_guard_rail_holds_back_is_in_reasons_only)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "10.0.0.1", 50)->place_file = 1;
    world_add(&world, SLU_RECORD_IP, "9.9.9.9", 50);
    world_add(&world, SLU_RECORD_DOMAIN, "x.allowed.org", 50);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "");
    ASSERT_FILE(&world, DOMAIN, 0, "");
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "");
    ASSERT_SIDE(&world, SLU_SIDE_REASONS,
                "{\"type\":\"ip_address\",\"value\":\"9.9.9.9\","
                "\"reason\":\"allowed\","
                "\"last_seen\":\"2025-08-06T05:00:00Z\"}\n"
                "{\"type\":\"ip_address\",\"value\":\"10.0.0.1\","
                "\"reason\":\"guard_private\","
                "\"last_seen\":\"2025-08-06T05:00:00Z\"}\n"
                "{\"type\":\"domain\",\"value\":\"x.allowed.org\","
                "\"reason\":\"allowed\","
                "\"last_seen\":\"2025-08-06T05:00:00Z\"}\n");
    cr_assert_eq(world.counts.reasons[SLU_REASON_ALLOWED], 2);
    cr_assert_eq(world.counts.reasons[SLU_REASON_GUARD_PRIVATE], 1);
    cr_assert_eq(world.counts.removed[IP], 1);
    cr_assert_eq(world_find(&world, "10.0.0.1")->place_file, 0);
    world_fini(&world);
}

Test(lists, invalid_values_are_shown_bare_with_their_reason)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_INVALID_IP, "1.2.3", 50);
    world_add(&world, SLU_RECORD_INVALID_DOMAIN, "a\001_\\b", 50);
    world_must_run(&world);
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "1.2.3\n");
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_DOMAIN, "a\\x01_\\\\b\n");
    ASSERT_SIDE(&world, SLU_SIDE_REASONS,
                "{\"type\":\"ip_address\",\"value\":\"1.2.3\","
                "\"reason\":\"ip_syntax\","
                "\"last_seen\":\"2025-08-06T05:00:00Z\"}\n"
                "{\"type\":\"domain\",\"value\":\"a\\u0001_\\\\b\","
                "\"reason\":\"domain_underscore\","
                "\"last_seen\":\"2025-08-06T05:00:00Z\"}\n");
    cr_assert_eq(world.counts.reasons[SLU_REASON_IP_SYNTAX], 1);
    cr_assert_eq(world.counts.exceeded[IP] + world.counts.listed[IP], 0);
    world_fini(&world);
}

Test(lists, an_invalid_value_that_is_not_wanted_is_not_shown)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_INVALID_IP, "1.2.3", 50)->verdict =
        SLU_VERDICT_BENIGN;
    world_must_run(&world);
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "");
    ASSERT_SIDE(&world, SLU_SIDE_REASONS, "");
    cr_assert_eq(world.counts.reasons[SLU_REASON_VERDICT], 1);
    cr_assert_eq(world.count, 1);
    world_fini(&world);
}

Test(lists, an_empty_value_makes_no_blank_line)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_INVALID_IP, "", 50)->reason = SLU_REASON_EMPTY;
    world_must_run(&world);
    ASSERT_SIDE(&world, SLU_SIDE_INVALID_IP, "");
    cr_assert_not_null(
        strstr(world.side[SLU_SIDE_REASONS].ptr, "\"reason\":\"empty\""));
    world_fini(&world);
}

/* ---- capacity ---- */

Test(lists, over_capacity_the_best_stay_and_the_rest_is_named)
{
    struct world world;

    world_init(&world);
    world_set_files(&world, 2, 1);
    world.config.ip_file_lines = 1;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 10);
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 30);
    world_add(&world, SLU_RECORD_IP, "30.1.1.1", 10);
    world_add(&world, SLU_RECORD_IP, "4.1.1.1", 20);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "2.1.1.1\n");
    ASSERT_FILE(&world, IP, 1, "4.1.1.1\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "1.1.1.1\n30.1.1.1\n");
    cr_assert_eq(world.counts.exceeded[IP], 2);
    cr_assert_eq(world.counts.listed[IP], 2);
    world_fini(&world);
}

Test(lists, what_is_longer_than_a_file_takes_no_others_place)
{
    struct world world;

    world_init(&world);
    world_set_files(&world, 1, 1);
    world.config.entity_file_lines = 1;
    world.config.file_bytes = 6;
    world_add(&world, SLU_RECORD_DOMAIN, "long.com", 90);
    world_add(&world, SLU_RECORD_DOMAIN, "a.com", 10);
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "a.com\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_DOMAIN, "long.com\n");
    world_fini(&world);
}

Test(lists, the_files_that_are_no_longer_configured_move_in)
{
    struct world world;

    world_init(&world);
    world_set_files(&world, 3, 1);
    world.config.ip_file_lines = 2;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 10)->place_file = 1;
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 30)->place_file = 3;
    world_add(&world, SLU_RECORD_IP, "3.1.1.1", 20)->place_file = 6;
    world_set_files(&world, 2, 1);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "1.1.1.1\n2.1.1.1\n");
    ASSERT_FILE(&world, IP, 1, "3.1.1.1\n");
    cr_assert_eq(world.counts.added[IP] + world.counts.removed[IP], 0);
    world_fini(&world);
}

Test(lists, a_seat_beyond_all_bounds_is_lost)
{
    struct world world;
    struct slu_record *record;

    world_init(&world);
    record = world_add(&world, SLU_RECORD_IP, "1.1.1.1", 10);
    record->place_file = 1;
    record->place_seat = UINT32_MAX;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "1.1.1.1\n");
    cr_assert_eq(world_find(&world, "1.1.1.1")->place_seat, 0);
    world_fini(&world);
}

/* ---- usable files ---- */

Test(lists, entries_of_a_file_that_is_not_usable_compete_for_the_others)
{
    struct world world;

    world_init(&world);
    world_set_files(&world, 3, 1);
    world.config.ip_file_lines = 2;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 60);
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 50);
    world_add(&world, SLU_RECORD_IP, "3.1.1.1", 40);
    world_add(&world, SLU_RECORD_IP, "4.1.1.1", 30);
    world_add(&world, SLU_RECORD_IP, "5.1.1.1", 20);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 2, "5.1.1.1\n");
    world.options.usable[IP] = 6;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "");
    ASSERT_FILE(&world, IP, 1, "3.1.1.1\n4.1.1.1\n");
    ASSERT_FILE(&world, IP, 2, "1.1.1.1\n2.1.1.1\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "5.1.1.1\n");
    cr_assert_eq(world.lines[IP][0], 0);
    cr_assert_eq(world.counts.removed[IP], 1);
    cr_assert_eq(world.counts.added[IP], 0);
    world.options.usable[IP] = 0;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "5.1.1.1\n");
    ASSERT_FILE(&world, IP, 1, "3.1.1.1\n4.1.1.1\n");
    ASSERT_FILE(&world, IP, 2, "1.1.1.1\n2.1.1.1\n");
    world_fini(&world);
}

Test(lists, without_a_usable_file_all_exceeds)
{
    struct world world;

    world_init(&world);
    world_set_files(&world, 2, 1);
    world.options.usable[IP] = 1u << 5;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 60)->place_file = 1;
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 50);
    world_add(&world, SLU_RECORD_DOMAIN, "a.com", 50);
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "");
    ASSERT_FILE(&world, IP, 1, "");
    ASSERT_FILE(&world, DOMAIN, 0, "a.com\n");
    ASSERT_SIDE(&world, SLU_SIDE_EXCEEDED_IP, "1.1.1.1\n2.1.1.1\n");
    cr_assert_eq(world.counts.exceeded[IP], 2);
    world_fini(&world);
}

/* ---- categories ---- */

#define LIST_A 2 /* the index of a list's bit */

Test(lists, the_longest_age_of_an_indicators_categories_counts)
{
    struct world world;

    world_init(&world);
    world.config.max_age_ms = 10 * 60000;
    world.options.category_age_ms[0] = 60000;
    world.options.category_age_ms[LIST_A] = 20 * 60000;
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 5)->sources =
        SLU_SOURCE_TAKEN_OVER;
    world_add(&world, SLU_RECORD_IP, "2.1.1.1", 5)->sources = SLU_SOURCE_STREAM;
    world_add(&world, SLU_RECORD_IP, "3.1.1.1", 5)->sources =
        SLU_SOURCE_STREAM | 1u << LIST_A;
    world_add(&world, SLU_RECORD_IP, "4.1.1.1", 5)->sources = 0;
    for (unsigned i = 0; i < world.count; i++) {
        world.records[i].record.last_seen = WORLD_NOW;
    }
    world.options.now = WORLD_NOW + 60;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "3.1.1.1\n1.1.1.1\n2.1.1.1\n4.1.1.1\n");
    world.options.now = WORLD_NOW + 61;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "3.1.1.1\n2.1.1.1\n4.1.1.1\n");
    world.options.now = WORLD_NOW + 10 * 60 + 1;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "3.1.1.1\n");
    cr_assert_eq(world.counts.expired[IP], 2);
    world.options.now = WORLD_NOW + 20 * 60 + 1;
    world_must_run(&world);
    ASSERT_FILE(&world, IP, 0, "");
    cr_assert_eq(world.count, 0);
    world_fini(&world);
}

/* So many names, of which the pool lets most go before their end is known. */
Test(lists, the_cut_of_a_category_is_that_of_the_best_left_out)
{
    struct world world;
    const struct slu_lists_category *stream = &world.counts.categories[1];
    const struct slu_lists_category *list = &world.counts.categories[LIST_A];
    char text[32];

    world_init(&world);
    world_set_files(&world, 1, 1);
    world.config.entity_file_lines = 3;
    for (unsigned i = 0; i < 90; i++) {
        (void)snprintf(text, sizeof(text), "n%02u.com", i);
        world_add(&world, SLU_RECORD_DOMAIN, text, (uint8_t)(90 - i))->sources =
            i % 30 == 20 ? SLU_SOURCE_STREAM | 1u << LIST_A : SLU_SOURCE_STREAM;
    }
    world_must_run(&world);
    ASSERT_FILE(&world, DOMAIN, 0, "n00.com\nn01.com\nn02.com\n");
    cr_assert_eq(stream->listed, 3);
    cr_assert_eq(stream->exceeded, 87);
    cr_assert(stream->has_cut);
    cr_assert_eq(stream->cut_score, 87);
    cr_assert_eq(stream->cut_verdict, SLU_VERDICT_MALICIOUS);
    cr_assert_eq(list->listed, 0);
    cr_assert_eq(list->exceeded, 3);
    cr_assert_eq(list->cut_score, 70);
    cr_assert_not(world.counts.categories[0].has_cut);
    world_fini(&world);
}

Test(lists, says_why_a_record_is_no_candidate)
{
    struct world world;
    struct slu_record *record;

    world_init(&world);
    world.options.config = &world.config;
    world.options.guard = world.guard;
    record = world_add(&world, SLU_RECORD_IP, "1.1.1.1", 50);
    cr_assert_eq(slu_lists_classify(&world.options, record), SLU_REASON_NONE);
    record->verdict = SLU_VERDICT_BENIGN;
    record->place_file = 1;
    cr_assert_eq(slu_lists_classify(&world.options, record),
                 SLU_REASON_VERDICT);
    record->last_seen = 0;
    cr_assert_eq(slu_lists_classify(&world.options, record),
                 SLU_REASON_EXPIRED);
    record = world_add(&world, SLU_RECORD_IP, "9.9.9.9", 50);
    cr_assert_eq(slu_lists_classify(&world.options, record),
                 SLU_REASON_ALLOWED);
    world.options.min_score = 51;
    cr_assert_eq(slu_lists_classify(&world.options, record), SLU_REASON_SCORE);
    record = world_add(&world, SLU_RECORD_INVALID_DOMAIN, "a_b", 90);
    cr_assert_eq(slu_lists_classify(&world.options, record),
                 SLU_REASON_DOMAIN_UNDERSCORE);
    world_fini(&world);
}

/* ---- one change, one file ---- */

static unsigned count_changed(struct world *world, struct slu_buf before[3])
{
    unsigned changed = 0;

    for (unsigned i = 0; i < 3; i++) {
        changed += !slu_view_equal(slu_buf_view(&world->files[IP][i]),
                                   slu_buf_view(&before[i]));
        slu_buf_clear(&before[i]);
        cr_assert_eq(
            slu_buf_append(&before[i], slu_buf_view(&world->files[IP][i])),
            SLU_ERR_OK);
    }
    return changed;
}

Test(lists, one_changed_indicator_changes_one_file)
{
    struct world world;
    struct slu_buf before[3];
    char text[32];

    world_init(&world);
    world_set_files(&world, 3, 1);
    world.config.ip_file_lines = 4;
    for (unsigned i = 0; i < 3; i++) {
        slu_buf_init(&before[i], slu_alloc_default(), 1000);
    }
    for (unsigned i = 1; i <= 14; i++) {
        (void)snprintf(text, sizeof(text), "%u.1.1.1", i == 10 ? 110 : i);
        if (i != 9) {
            world_add(&world, SLU_RECORD_IP, text, (uint8_t)(50 - i));
        }
    }
    world_must_run(&world);
    cr_assert_eq(count_changed(&world, before), 3);
    /* A better one comes, one is revoked, one that waits gets better, one
     * expires, one is seen again. */
    world_add(&world, SLU_RECORD_IP, "20.1.1.1", 99);
    world_must_run(&world);
    cr_assert_eq(count_changed(&world, before), 1);
    world_find(&world, "6.1.1.1")->verdict = SLU_VERDICT_BENIGN;
    world_must_run(&world);
    cr_assert_eq(count_changed(&world, before), 1);
    world_find(&world, "14.1.1.1")->score = 98;
    world_must_run(&world);
    cr_assert_eq(count_changed(&world, before), 1);
    world_find(&world, "2.1.1.1")->last_seen = 0;
    world_must_run(&world);
    cr_assert_eq(count_changed(&world, before), 1);
    world_find(&world, "3.1.1.1")->last_seen = WORLD_NOW;
    world_must_run(&world);
    cr_assert_eq(count_changed(&world, before), 0);
    for (unsigned i = 0; i < 3; i++) {
        slu_buf_fini(&before[i]);
    }
    world_fini(&world);
}

/* ---- order of arrival ---- */

Test(lists, the_order_of_merging_changes_nothing)
{
    static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                         {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    const struct slu_record seen[] = {
        {.verdict = SLU_VERDICT_MALICIOUS,
         .score = 60,
         .sources = 2,
         .first_seen = 100,
         .last_seen = WORLD_NOW,
         .assessed_at = 100},
        {.verdict = SLU_VERDICT_MALICIOUS,
         .score = 40,
         .sources = 4,
         .first_seen = 50,
         .last_seen = 200,
         .assessed_at = 300},
        {.verdict = SLU_VERDICT_NONE,
         .sources = 1,
         .place_file = 1,
         .first_seen = 70,
         .last_seen = 70,
         .place_seat = 3},
    };

    for (unsigned i = 0; i < 6; i++) {
        struct world world;
        struct slu_record merged = seen[orders[i][0]];
        struct slu_record *record;

        world_init(&world);
        slu_record_merge(&merged, &seen[orders[i][1]]);
        slu_record_merge(&merged, &seen[orders[i][2]]);
        world_add(&world, SLU_RECORD_IP, "1.1.1.1", 39);
        world_add(&world, SLU_RECORD_IP, "3.1.1.1", 41);
        record = world_add(&world, SLU_RECORD_IP, "2.1.1.1", 0);
        merged.kind = record->kind;
        merged.key = record->key;
        *record = merged;
        world_must_run(&world);
        ASSERT_FILE(&world, IP, 0, "3.1.1.1\n1.1.1.1\n2.1.1.1\n");
        cr_assert_eq(world_find(&world, "2.1.1.1")->place_seat, 3);
        world_fini(&world);
    }
}

/* ---- memory, failures ---- */

static void add_crowd(struct world *world, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char text[64];

        (void)snprintf(text, sizeof(text), "name-%05u.com", i);
        world_add(world, SLU_RECORD_DOMAIN, text, (uint8_t)(i * 7 % 100));
    }
}

Test(lists, memory_is_bounded_by_capacity)
{
    struct world world;
    struct failing_alloc counting;
    size_t peaks[2];

    for (unsigned i = 0; i < 2; i++) {
        world_init(&world);
        world_set_files(&world, 1, 2);
        world.config.entity_file_lines = 50;
        failing_alloc_init(&counting, 0);
        world.options.alloc = &counting.alloc;
        add_crowd(&world, i == 0 ? 1000 : 3000);
        /* No lines, so that only the candidates count. */
        world.config.side_file_bytes = 0;
        world_must_run(&world);
        cr_assert_eq(world.counts.listed[DOMAIN], 100);
        cr_assert_eq(world.counts.exceeded[DOMAIN], i == 0 ? 900 : 2900);
        cr_assert_eq(counting.live, 0);
        peaks[i] = counting.peak;
        world_fini(&world);
    }
    cr_assert_eq(peaks[0], peaks[1]);
}

Test(lists, every_allocation_that_fails_is_told)
{
    unsigned fail_at = 0;
    enum slu_err err;

    do {
        struct world world;
        struct failing_alloc failing;

        world_init(&world);
        add_crowd(&world, 40);
        world_add(&world, SLU_RECORD_IP, "1.1.1.1", 5);
        world_add(&world, SLU_RECORD_IP, "10.1.1.1", 5);
        world_add(&world, SLU_RECORD_INVALID_IP, "x", 5);
        world_set_files(&world, 2, 2);
        world.config.entity_file_lines = 9;
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

Test(lists, free_takes_null)
{
    slu_lists_free(NULL);
}

Test(lists, a_second_scan_that_differs_is_damaged_state)
{
    struct world world;
    struct slu_lists *lists;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 5);
    world.options.config = &world.config;
    world.options.guard = world.guard;
    world.options.ctx = &world;
    lists = slu_lists_new(&world.options);
    cr_assert_not_null(lists);
    cr_assert_eq(world_consider(&world, lists), SLU_ERR_OK);
    cr_assert_eq(slu_lists_finish(lists), SLU_ERR_STATE);
    slu_lists_free(lists);
    world_fini(&world);
}

Test(lists, a_file_that_does_not_fit_the_buffer_is_refused)
{
    struct world world;

    world_init(&world);
    world_add(&world, SLU_RECORD_IP, "1.1.1.1", 5);
    world.files[IP][0].max = 7;
    cr_assert_eq(world_run(&world), SLU_ERR_LIMIT);
    world.files[IP][0].max = 8;
    cr_assert_eq(world_run(&world), SLU_ERR_OK);
    world_fini(&world);
}

Test(lists, names_its_files)
{
    struct world world;
    struct slu_lists *lists;

    world_init(&world);
    world.config.entity_files.count = 0;
    world_set_files(&world, 2, 0);
    world.options.config = &world.config;
    lists = slu_lists_new(&world.options);
    cr_assert_not_null(lists);
    cr_assert_eq(slu_lists_file_count(lists, IP), 2);
    cr_assert_eq(slu_lists_file_count(lists, DOMAIN), 6);
    cr_assert_str_eq(slu_lists_file_path(lists, IP, 1), "i2");
    cr_assert_null(slu_lists_file_path(lists, IP, 2));
    cr_assert_str_eq(slu_lists_file_path(lists, DOMAIN, 5),
                     "guard_duty/threat-entity-6.txt");
    slu_lists_free(lists);
    world_fini(&world);
}
