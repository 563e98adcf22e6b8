/* SPDX-License-Identifier: Apache-2.0 */
/* What is sent beyond the output folder, held back and put back. */
#include "engine/delivery_scene.h"

TestSuite(delivery, .init = start, .fini = stop);

/* ---- sending ---- */

Test(delivery, sends_objects_then_the_checkpoint_then_the_sets)
{
    const char *log = bench.cloud.log;
    const char *last;

    cr_assert_eq(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_OK, "%s",
                 bench.error.text);
    assert_object(KEY(IP), "10.0.0.0\n10.0.0.1\n10.0.0.2\n");
    assert_object(KEY(SIDE), "c.example\n");
    last = strstr(log, "PUT /lists/gd/" SLU_CHECKPOINT_FILE "\n");
    cr_assert_not_null(last, "%s", log);
    cr_assert_null(strstr(last + 1, "PUT "), "%s", log);
    cr_assert_not_null(strstr(last, "POST /detector/d1/threatintelset\n"));
    cr_assert_not_null(strstr(last, "POST /detector/d1/threatentityset\n"));
    cr_assert_eq(bench.report.objects_sent, 5);
    cr_assert_eq(bench.report.objects_held, 0);
    cr_assert_str_eq(bench.report.bucket, "s3://lists/gd/");
    cr_assert(find_row(IP)->created);
    cr_assert_str_eq(find_row(IP)->region, "eu-west-1");
    cr_assert_str_eq(find_row(IP)->name, SET("threat-ip-1"));
    /* The empty one has no set. */
    cr_assert_eq(bench.cloud.set_count, 2);
    cr_assert_eq(bench.report.set_count, 2);
}

Test(delivery, sends_nothing_when_nothing_is_new)
{
    publish_well(make_lines("10.0.0.", 3), "{}");
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_OK);
    cr_assert_str_eq(bench.cloud.log, "");
    cr_assert_eq(bench.report.objects_sent, 0);
    cr_assert_str_eq(find_row(IP)->status, "unchanged");
}

Test(delivery, one_list_is_one_object_and_one_set)
{
    publish_well(make_lines("10.0.0.", 3), "{}");
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 4), "{}"), SLU_ERR_OK);
    cr_assert_str_eq(bench.cloud.log, "PUT /lists/gd/" IP "\n"
                                      "POST /detector/d1/threatintelset/1\n");
    cr_assert_eq(bench.report.objects_sent, 1);
    cr_assert(find_row(IP)->activated);
    cr_assert_not(find_row(IP)->created);
}

Test(delivery, a_file_added_again_replaces_what_was_added)
{
    prepare(make_lines("10.0.0.", 3), "{}");
    add(IP, SLU_ARTIFACT_LIST, "10.9.9.9\n");
    cr_assert_eq(send_all(), SLU_ERR_OK, "%s", bench.error.text);
    assert_object(KEY(IP), "10.9.9.9\n");
    cr_assert_eq(bench.report.objects_sent, 5);
}

Test(delivery, counts_its_requests_once)
{
    uint64_t requests;

    cr_assert_eq(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_OK);
    requests = bench.report.requests;
    cr_assert_gt(requests, 10);
    slu_delivery_report(bench.delivery, &bench.report, &bench.sets);
    cr_assert_eq(bench.report.requests, requests);
}

Test(delivery, takes_so_many_files_and_not_one_more)
{
    struct slu_artifact file = {.role = SLU_ARTIFACT_SIDE};
    static char paths[SLU_BUCKET_PATHS_MAX + 1][16];
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i <= SLU_BUCKET_PATHS_MAX; i++) {
        cr_assert_eq(err, SLU_ERR_OK, "%u: %s", i, bench.error.text);
        (void)snprintf(paths[i], sizeof(paths[i]), "%u.txt", i);
        file.path = paths[i];
        err = slu_delivery_add(bench.delivery, &file, slu_view_str("x\n"),
                               &bench.error);
    }
    assert_error(err, SLU_ERR_LIMIT, "more than 32 files to publish");
}

/* ---- without sets ---- */

Test(delivery, leaves_guardduty_alone_where_the_flow_has_no_such_sink)
{
    static const uint64_t exceeded[SLU_KIND_COUNT] = {9, 9};

    bench.options.sets = false;
    begin_next();
    cr_assert_eq(slu_delivery_usable(bench.delivery, SLU_KIND_IP), UINT32_MAX);
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_OK);
    cr_assert_eq(bench.report.objects_sent, 5);
    cr_assert_eq(bench.report.set_count, 0);
    cr_assert_null(strstr(bench.cloud.log, "detector"));
    cr_assert_eq(
        slu_delivery_judge_room(bench.delivery, exceeded, &bench.error),
        SLU_ERR_OK);
}

/* The objects are none of its business. */
Test(delivery, is_denied_when_no_region_lets_it_in)
{
    bench.cloud.denies_sets = true;
    assert_error(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_AUTH,
                 "eu-west-1");
    cr_assert_eq(bench.report.objects_sent, 5);
    assert_object(KEY(IP), make_lines("10.0.0.", 3));
}

/* ---- the shrink guard ---- */

Test(delivery, holds_a_list_that_would_shrink_too_much)
{
    publish_well(make_lines("10.0.0.", 10), "{\"a\":1}");
    assert_error(sync_lists(make_lines("10.0.0.", 6), "{\"a\":2}"),
                 SLU_ERR_INCOMPLETE,
                 IP " would shrink by more than publish.max_shrink");
    cr_assert_str_eq(bench.cloud.log, "");
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":1}");
    cr_assert_eq(bench.report.objects_held, 1);
    cr_assert_not_null(strstr(bench.lines, IP " would shrink from 10 to 6 "
                                              "lines"));
    cr_assert_str_eq(find_row(IP)->status, "unchanged");
}

Test(delivery, publishes_a_list_that_shrinks_as_much_as_it_may)
{
    publish_well(make_lines("10.0.0.", 10), "{\"a\":1}");
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 7), "{\"a\":2}"), SLU_ERR_OK,
                 "%s", bench.error.text);
    assert_object(KEY(IP), make_lines("10.0.0.", 7));
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":2}");
}

Test(delivery, publishes_what_shrinks_when_it_is_forced_to)
{
    publish_well(make_lines("10.0.0.", 10), "{\"a\":1}");
    bench.options.force = true;
    begin_next();
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 1), "{\"a\":2}"), SLU_ERR_OK,
                 "%s", bench.error.text);
    assert_object(KEY(IP), "10.0.0.0\n");
    cr_assert_eq(bench.report.objects_held, 0);
}

Test(delivery, deactivates_the_set_of_a_list_that_is_empty)
{
    publish_well(make_lines("10.0.0.", 3), "{}");
    bench.options.force = true;
    begin_next();
    cr_assert_eq(sync_lists("", "{}"), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_str_eq(cloud_find_set(&bench.cloud, SET("threat-ip-1"))->status,
                     "INACTIVE");
    cr_assert_str_eq(find_row(IP)->status, "deactivated");
}

/* ---- a content that GuardDuty refuses ---- */

/* Published: three lines; then a line more, which the service refuses. */
static enum slu_err be_refused(void)
{
    publish_well(make_lines("10.0.0.", 3), "{\"a\":1}");
    bench.cloud.refuses = "10.6.6.6";
    return sync_lists("10.0.0.0\n10.0.0.1\n10.0.0.2\n10.6.6.6\n", "{\"a\":2}");
}

Test(delivery, puts_the_last_good_content_back_after_an_error)
{
    assert_error(be_refused(), SLU_ERR_INCOMPLETE,
                 "GuardDuty refuses the content of " IP);
    assert_object(KEY(IP), make_lines("10.0.0.", 3));
    cr_assert_str_eq(cloud_find_set(&bench.cloud, SET("threat-ip-1"))->status,
                     "ACTIVE");
    cr_assert_str_eq(cloud_find_set(&bench.cloud, SET("threat-ip-1"))->said,
                     make_lines("10.0.0.", 3));
    cr_assert_not_null(strstr(bench.lines,
                              IP ": putting its last good content back (3 "
                                 "lines)"),
                       "%s", bench.lines);
    cr_assert_str_eq(find_row(IP)->status, "restored");
    cr_assert_not_null(strstr(find_row(IP)->detail, "Line 1 is bad"), "%s",
                       find_row(IP)->detail);
}

/* It would tell of indicators that are no longer in the bucket. */
Test(delivery, puts_the_checkpoint_back_with_the_list)
{
    (void)be_refused();
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":1}");
    cr_assert_not_null(strstr(bench.lines, SLU_CHECKPOINT_FILE
                              ": putting its last good content"));
}

/* What that run had sent is not known as its own any more. */
Test(delivery, puts_the_checkpoint_back_that_a_run_before_has_sent)
{
    const char *lines = "10.0.0.0\n10.0.0.1\n10.0.0.2\n10.6.6.6\n";

    publish_well(make_lines("10.0.0.", 3), "{\"a\":1}");
    bench.cloud.slow = true;
    cr_assert_eq(sync_lists(lines, "{\"a\":2}"), SLU_ERR_OK);
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":2}");
    slu_delivery_sweep(bench.delivery);
    bench.cloud.slow = false;
    (void)snprintf(cloud_find_set(&bench.cloud, SET("threat-ip-1"))->status, 20,
                   "ERROR");
    begin_next();
    assert_error(sync_lists(lines, "{\"a\":2}"), SLU_ERR_INCOMPLETE,
                 "GuardDuty refuses the content of " IP);
    assert_object(KEY(IP), make_lines("10.0.0.", 3));
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":1}");
}

Test(delivery, does_not_send_a_refused_content_again)
{
    (void)be_refused();
    begin_next();
    assert_error(
        sync_lists("10.0.0.0\n10.0.0.1\n10.0.0.2\n10.6.6.6\n", "{\"a\":2}"),
        SLU_ERR_INCOMPLETE, "GuardDuty refuses the content of " IP);
    assert_object(KEY(IP), make_lines("10.0.0.", 3));
    cr_assert_null(strstr(bench.cloud.log, "PUT /lists/gd/" IP), "%s",
                   bench.cloud.log);
    cr_assert_eq(bench.report.objects_held, 1);
    cr_assert_not_null(
        strstr(bench.lines, "GuardDuty has refused this content before"));
}

Test(delivery, sends_a_refused_content_when_it_is_forced_to)
{
    (void)be_refused();
    bench.cloud.refuses = NULL;
    bench.options.force = true;
    begin_next();
    cr_assert_eq(
        sync_lists("10.0.0.0\n10.0.0.1\n10.0.0.2\n10.6.6.6\n", "{\"a\":2}"),
        SLU_ERR_OK, "%s", bench.error.text);
    assert_object(KEY(IP), "10.0.0.0\n10.0.0.1\n10.0.0.2\n10.6.6.6\n");
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":2}");
}

Test(delivery, sends_another_content_after_a_refused_one)
{
    (void)be_refused();
    begin_next();
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 5), "{\"a\":3}"), SLU_ERR_OK,
                 "%s", bench.error.text);
    assert_object(KEY(IP), make_lines("10.0.0.", 5));
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{\"a\":3}");
}

Test(delivery, an_error_without_a_last_good_content_is_told)
{
    bench.cloud.refuses = "10.0.0.1";
    (void)sync_lists(make_lines("10.0.0.", 3), "{}");
    begin_next();
    assert_error(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_INCOMPLETE,
                 "Line 1 is bad");
    cr_assert_str_eq(find_row(IP)->status, "error");
    assert_object(KEY(IP), make_lines("10.0.0.", 3));
    /* It is what the object has, so nothing is held back. */
    begin_next();
    (void)sync_lists(make_lines("10.0.0.", 3), "{}");
    cr_assert_eq(bench.report.objects_held, 0);
    cr_assert_null(strstr(bench.lines, "last good content stays"));
}

/* ---- sets that are slow ---- */

Test(delivery, leaves_a_set_that_is_busy_to_the_next_sync)
{
    bench.cloud.slow = true;
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 3), "{}"), SLU_ERR_OK, "%s",
                 bench.error.text);
    cr_assert_str_eq(find_row(IP)->status, "pending");
    begin_next();
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 4), "{}"), SLU_ERR_OK);
    cr_assert_null(strstr(bench.cloud.log, "POST"), "%s", bench.cloud.log);
    assert_object(KEY(IP), make_lines("10.0.0.", 4));
    bench.cloud.slow = false;
    for (unsigned i = 0; i < bench.cloud.set_count; i++) {
        (void)snprintf(bench.cloud.sets[i].status, 20, "ACTIVE");
    }
    begin_next();
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 4), "{}"), SLU_ERR_OK);
    cr_assert_str_eq(bench.cloud.log, "POST /detector/d1/threatintelset/1\n");
    cr_assert_str_eq(bench.cloud.sets[0].said, make_lines("10.0.0.", 4));
}

/* ---- stopped ---- */

Test(delivery, stops_when_it_is_asked_to)
{
    prepare(make_lines("10.0.0.", 3), "{}");
    slu_wake_raise(&bench.stop);
    cr_assert_eq(send_all(), SLU_ERR_STOPPED);
    cr_assert_str_eq(bench.cloud.log, "");
}
