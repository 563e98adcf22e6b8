/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's two threads at full speed: small queue, folds all the time, calls
 * that wait in between. A plain program, so that it runs under ThreadSanitizer
 * too. What was committed is counted in the end: each record has a key of its
 * own.
 */
#include "store_support.h"

#include <stdatomic.h>

#define ROUNDS 40
#define PAGES 6
#define PAGE_RECORDS 60

static atomic_uint room_calls;

static void note_room(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&room_calls, 1);
}

static void check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "stress_store: %s\n", what);
        exit(1);
    }
}

static uint32_t next_key;

static void fill_page(struct test_record *page)
{
    memset(page, 0, PAGE_RECORDS * sizeof(*page));
    for (unsigned i = 0; i < PAGE_RECORDS; i++) {
        make_key(&page[i], SLU_RECORD_DOMAIN, next_key++);
        page[i].record.last_seen = next_key;
    }
}

/* Returns the number of records that count. */
static uint64_t push_pages(struct slu_store *store, struct dice *dice)
{
    static struct test_record page[PAGE_RECORDS];
    uint64_t counted = 0;

    for (unsigned i = 0; i < PAGES; i++) {
        uint64_t id = slu_store_answer_id(store);
        bool abandon = roll(dice, 4) == 0;

        fill_page(page);
        check(stage_tests(store, id, page, PAGE_RECORDS) == SLU_ERR_OK,
              "stage");
        (void)slu_store_full(store);
        if (abandon) {
            check(slu_store_abandon(store, id) == SLU_ERR_OK, "abandon");
            continue;
        }
        fill_page(page);
        check(commit_tests(store, id, page, PAGE_RECORDS, "unit", "x") ==
                  SLU_ERR_OK,
              "commit");
        counted += 2 * PAGE_RECORDS;
    }
    return counted;
}

static enum slu_err place_record(void *ctx, struct slu_record *record,
                                 enum slu_store_change *out_change)
{
    ++*(uint64_t *)ctx;
    record->place_file = 1;
    record->place_seat = record->last_seen;
    *out_change = SLU_STORE_UPDATE;
    return SLU_ERR_OK;
}

static void wait_somehow(struct slu_store *store, struct dice *dice)
{
    struct found_entry found = {.count = 0};
    uint64_t count = 0;

    switch (roll(dice, 7)) {
    case 0:
        check(slu_store_drain(store) == SLU_ERR_OK, "drain");
        break;
    case 1:
        check(slu_store_scan(store, SLU_RECORD_DOMAIN, count_record, &count) ==
                  SLU_ERR_OK,
              "scan");
        break;
    case 2:
        check(slu_store_entries(store, "", note_entry, &found) == SLU_ERR_OK,
              "entries");
        break;
    case 3:
        check(slu_store_rewrite(store, place_record, &count) == SLU_ERR_OK,
              "rewrite");
        break;
    case 4:
        check(slu_store_gather(store) == SLU_ERR_OK, "gather");
        check(slu_store_rewrite(store, place_record, &count) == SLU_ERR_OK,
              "rewrite of all");
        slu_store_tidy(store);
        break;
    case 5:
        check(slu_store_error(store)->code == SLU_ERR_OK, "no error");
        break;
    default:
        check(slu_store_fold(store) == SLU_ERR_OK, "fold");
    }
}

static void run(struct slu_store_options *opts, uint64_t *expected)
{
    struct dice dice = {next_key + 17};
    struct slu_store *store;
    struct slu_error error;

    check(slu_store_open(opts, &store, &error) == SLU_ERR_OK, "open");
    for (unsigned round = 0; round < ROUNDS; round++) {
        *expected += push_pages(store, &dice);
        wait_somehow(store, &dice);
    }
    slu_store_close(store);
}

int main(void)
{
    char dir[64];
    struct slu_store_options opts = small_options(make_folder(dir));
    struct slu_store *store;
    struct slu_error error;
    uint64_t expected = 0;
    uint64_t found = 0;

    opts.queue_bytes = 20000;
    opts.fold_at = 500;
    opts.shard_bytes = 2048;
    opts.hold_bytes = 60000; /* which many pages exceed */
    opts.on_room = note_room;
    run(&opts, &expected);
    opts.hold_bytes = 1;
    opts.shard_bytes = 64; /* layers all the time, and few enough */
    opts.layers_max = 3;
    run(&opts, &expected);
    check(slu_store_open(&opts, &store, &error) == SLU_ERR_OK, "open");
    check(slu_store_fold(store) == SLU_ERR_OK, "fold");
    check(slu_store_scan(store, SLU_RECORD_DOMAIN, count_record, &found) ==
              SLU_ERR_OK,
          "scan");
    slu_store_close(store);
    remove_tree(dir);
    check(found == expected, "a record is missing or too many");
    check(atomic_load(&room_calls) > 0, "on_room was never called");
    return 0;
}
