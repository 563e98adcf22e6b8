/* SPDX-License-Identifier: Apache-2.0 */
/* What a delivery takes over, tells without doing it, and keeps. */
#include "engine/delivery_scene.h"

#include <dirent.h>

TestSuite(delivery_plan, .init = start, .fini = stop);

/* ---- taking over ---- */

static uint64_t records;

static enum slu_err take_over(struct slu_checkpoint *checkpoint, bool *found)
{
    struct slu_publish_options options = publish_options();

    bench.error = (struct slu_error){0};
    return slu_delivery_take_over(bench.delivery, &options, checkpoint, found,
                                  &bench.error);
}

Test(delivery_plan, takes_over_lists_and_checkpoint_of_a_bucket_once)
{
    struct slu_checkpoint checkpoint;
    bool found = false;

    cloud_put(&bench.cloud, KEY(IP), "10.0.0.1\n10.0.0.2\n");
    cloud_put(&bench.cloud, KEY(OTHER), "");
    cloud_put(&bench.cloud, KEY(ENTITY), "old.example.com\n");
    cloud_put(&bench.cloud, KEY(SLU_CHECKPOINT_FILE),
              "{\"ioc_stream\": {\"ip_address\": \"2025080700\"}}");
    cr_assert_eq(take_over(&checkpoint, &found), SLU_ERR_OK, "%s",
                 bench.error.text);
    cr_assert(found);
    cr_assert_eq(slu_store_fold(bench.store), SLU_ERR_OK);
    cr_assert_eq(
        slu_store_scan(bench.store, SLU_RECORD_IP, count_record, &records),
        SLU_ERR_OK);
    cr_assert_eq(records, 2);
    begin_next();
    cr_assert_eq(take_over(&checkpoint, &found), SLU_ERR_OK);
    cr_assert_not(found);
    cr_assert_eq(bench.cloud.gets, 0);
}

Test(delivery_plan, an_empty_bucket_is_asked_once)
{
    struct slu_checkpoint checkpoint;
    bool found = true;

    cr_assert_eq(take_over(&checkpoint, &found), SLU_ERR_OK, "%s",
                 bench.error.text);
    cr_assert_not(found);
    cr_assert_gt(bench.cloud.gets, 0);
}

Test(delivery_plan, what_another_writer_put_is_taken_over_and_not_lost)
{
    struct slu_checkpoint checkpoint;
    bool found = false;

    publish_well(make_lines("10.0.0.", 3), "{}");
    prepare(make_lines("10.0.0.", 4), "{\"a\":2}");
    cloud_put(&bench.cloud, KEY(IP), "10.7.7.7\n");
    assert_error(send_all(), SLU_ERR_INCOMPLETE, IP);
    assert_object(KEY(IP), "10.7.7.7\n");
    assert_object(KEY(SLU_CHECKPOINT_FILE), "{}");
    begin_next();
    cr_assert_eq(take_over(&checkpoint, &found), SLU_ERR_OK, "%s",
                 bench.error.text);
    cr_assert_eq(slu_store_fold(bench.store), SLU_ERR_OK);
    cr_assert_eq(
        slu_store_scan(bench.store, SLU_RECORD_IP, count_record, &records),
        SLU_ERR_OK);
    cr_assert_eq(records, 1);
}

Test(delivery_plan, nothing_is_published_where_nothing_may_be_read)
{
    struct slu_checkpoint checkpoint;
    bool found = true;

    bench.cloud.denies = true;
    assert_error(take_over(&checkpoint, &found), SLU_ERR_AUTH, "s3:GetObject");
    cr_assert_not(found);
    cr_assert_str_eq(bench.cloud.log, "");
}

/* ---- room ---- */

Test(delivery_plan, names_the_sets_that_leave_no_room)
{
    static const uint64_t none[SLU_KIND_COUNT] = {0};
    static const uint64_t exceeded[SLU_KIND_COUNT] = {[SLU_KIND_IP] = 70};

    bench.cloud.set_limit = 6;
    for (unsigned i = 0; i < 6; i++) {
        cloud_add_set(&bench.cloud, false, i == 0 ? "office-vpn" : "partner",
                      "s3://other/x.txt");
    }
    prepare(make_lines("10.0.0.", 3), "{}");
    cr_assert_eq(slu_delivery_judge_room(bench.delivery, none, &bench.error),
                 SLU_ERR_OK);
    assert_error(
        slu_delivery_judge_room(bench.delivery, exceeded, &bench.error),
        SLU_ERR_INCOMPLETE,
        "GuardDuty has no room for all threat intel sets: 70 indicators are in "
        "no list (see exceeded_ip_address.txt); sets that are not ours: "
        "office-vpn");
}

Test(delivery_plan, has_room_where_every_list_has_its_set)
{
    static const uint64_t exceeded[SLU_KIND_COUNT] = {70, 70};

    prepare(make_lines("10.0.0.", 3), "{}");
    cr_assert_eq(slu_delivery_usable(bench.delivery, SLU_KIND_IP) & 3, 3);
    cr_assert_eq(
        slu_delivery_judge_room(bench.delivery, exceeded, &bench.error),
        SLU_ERR_OK, "%s", bench.error.text);
}

/* ---- a plan ---- */

static void note_row(void *ctx, const struct slu_plan_row *row)
{
    static const char *const kinds[] = {
        [SLU_PLAN_LIST] = "list",
        [SLU_PLAN_LINE] = "line",
        [SLU_PLAN_SET] = "set",
        [SLU_PLAN_CALL] = "call",
    };
    size_t len = strlen(bench.rows);

    (void)ctx;
    (void)snprintf(bench.rows + len, sizeof(bench.rows) - len,
                   "%s %s %s +%u -%u %s\n", kinds[row->kind], row->action,
                   row->path, (unsigned)row->added, (unsigned)row->removed,
                   row->text);
}

static void plan(const char *ips, const char *checkpoint)
{
    bench.options.run.read_only = true;
    begin_next();
    prepare(ips, checkpoint);
    bench.rows[0] = '\0';
    cr_assert_eq(
        slu_delivery_plan(bench.delivery, note_row, NULL, &bench.error),
        SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_str_eq(bench.cloud.log, "");
}

static void assert_row(const char *text)
{
    cr_assert_not_null(strstr(bench.rows, text), "%s not in:\n%s", text,
                       bench.rows);
}

Test(delivery_plan, a_plan_tells_what_a_send_would_do_and_writes_nothing)
{
    publish_well(make_lines("10.0.0.", 3), "{\"a\":1}");
    plan("10.0.0.0\n10.0.0.1\n10.0.0.9\n10.0.0.8\n", "{\"a\":2}");
    assert_row("list send " IP " +2 -1 \n");
    assert_row("list unchanged " ENTITY " +0 -0 \n");
    assert_row("call PutObject " IP " ");
    assert_row("call PutObject " SLU_CHECKPOINT_FILE " ");
    assert_row("call UpdateThreatIntelSet " IP " ");
    cr_assert_null(strstr(bench.rows, "PutObject " ENTITY));
    cr_assert_null(strstr(bench.rows, "UpdateThreatEntitySet"));
}

Test(delivery_plan, a_plan_tells_what_would_be_held_and_the_checkpoint_with_it)
{
    publish_well(make_lines("10.0.0.", 10), "{\"a\":1}");
    plan(make_lines("10.0.0.", 2), "{\"a\":2}");
    assert_row("list held " IP
               " +0 -8 it would shrink by more than publish.max_shrink\n");
    cr_assert_null(strstr(bench.rows, "PutObject"), "%s", bench.rows);
    cr_assert_null(strstr(bench.rows, "UpdateThreatIntelSet"));
}

Test(delivery_plan, a_plan_of_the_first_sync_sends_and_creates_all)
{
    plan(make_lines("10.0.0.", 3), "{}");
    assert_row("list send " IP " +3 -0 \n");
    assert_row("call PutObject " SLU_CHECKPOINT_FILE " ");
    assert_row("call CreateThreatIntelSet " IP " ");
    assert_row("call CreateThreatEntitySet " ENTITY " ");
    cr_assert_null(strstr(bench.rows, "CreateThreatIntelSet " OTHER));
}

/* What the object was is fetched where it is not among the contents. */
Test(delivery_plan, a_plan_compares_with_the_object_itself)
{
    char path[128];

    publish_well(make_lines("10.0.0.", 3), "{}");
    (void)snprintf(path, sizeof(path), "%s/published", bench.dir);
    remove_tree(path);
    plan(make_lines("10.0.0.", 4), "{}");
    assert_row("list send " IP " +1 -0 \n");
}

/* ---- what is kept ---- */

static unsigned count_contents(void)
{
    char path[128];
    unsigned count = 0;
    DIR *folder;
    const struct dirent *item;

    (void)snprintf(path, sizeof(path), "%s/published", bench.dir);
    folder = opendir(path);
    cr_assert_not_null(folder);
    while ((item = readdir(folder)) != NULL) {
        count += item->d_name[0] != '.';
    }
    (void)closedir(folder);
    return count;
}

Test(delivery_plan, keeps_what_is_published_and_what_was_last_good)
{
    unsigned published;

    publish_well(make_lines("10.0.0.", 3), "{}");
    published = count_contents();
    cr_assert_eq(published, 5);
    bench.cloud.slow = true;
    cr_assert_eq(sync_lists(make_lines("10.0.0.", 4), "{}"), SLU_ERR_OK);
    slu_delivery_sweep(bench.delivery);
    /* The new one, and the one that was last ACTIVE. */
    cr_assert_eq(count_contents(), published + 1);
}

Test(delivery_plan, keeps_all_until_the_sets_are_settled)
{
    publish_well(make_lines("10.0.0.", 3), "{}");
    prepare(make_lines("10.0.0.", 4), "{}");
    slu_delivery_sweep(bench.delivery);
    cr_assert_eq(count_contents(), 6);
}
