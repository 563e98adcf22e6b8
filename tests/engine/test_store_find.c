/* SPDX-License-Identifier: Apache-2.0 */
/* What is known now, folded or pending: against the model, while a run goes on,
 * with windows that are too small for what is pending, and when it fails. */
#include "store_scene.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>

static struct model model;
static struct test_record drawn[MODEL_MAX * 2];

static void start(void)
{
    make_dir();
    model.count = 0;
}

TestSuite(store_find, .init = start, .fini = remove_dir);

static struct slu_store *open_store(size_t shard_bytes, bool read_only,
                                    const struct slu_alloc *alloc)
{
    struct slu_store_options opts = small_options(dir);

    opts.shard_bytes = shard_bytes;
    opts.read_only = read_only;
    opts.alloc = alloc;
    return open_with(&opts);
}

/* Records of `keys` numbers, in answers of 100; what `folded` says of them is
 * folded, the rest stays pending. */
static void fill(struct slu_store *store, struct dice *dice, size_t count,
                 size_t folded, uint32_t keys)
{
    cr_assert_leq(count, sizeof(drawn) / sizeof(drawn[0]));
    for (size_t i = 0; i < count; i++) {
        drawn[i] = make_test(dice, keys);
    }
    model_add_all(&model, drawn, count);
    for (size_t i = 0; i < count; i += 100) {
        size_t some = count - i < 100 ? count - i : 100;

        cr_assert_eq(commit_tests(store, slu_store_answer_id(store), drawn + i,
                                  some, NULL, NULL),
                     SLU_ERR_OK);
        if (i < folded && i + 100 >= folded) {
            cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
        }
    }
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
}

/* NULL, or what is different of scan_all and the model. */
static const char *compare_all(struct slu_store *store)
{
    struct comparison comparison = {.model = &model};

    for (unsigned kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        comparison.any = false;
        if (slu_store_scan_all(store, (enum slu_record_kind)kind, compare_one,
                               &comparison) != SLU_ERR_OK) {
            return comparison.fault != NULL ? comparison.fault
                                            : slu_store_error(store)->text;
        }
    }
    return comparison.seen == model.count ? NULL : "a record is missing";
}

static void check_all(struct slu_store *store)
{
    const char *fault = compare_all(store);

    cr_assert_null(fault, "%s", fault);
}

/* Of all, every step-th: each is a walk over what is pending. */
static void check_each(struct slu_store *store, size_t step)
{
    for (size_t i = 0; i < model.count; i += step) {
        struct slu_record own = view_test(&model.records[i]);
        struct slu_record record;
        bool found;

        cr_assert_eq(slu_store_find(store, own.kind, own.key, &record, &found),
                     SLU_ERR_OK);
        cr_assert(found);
        cr_assert(same_test(&model.records[i], &record));
        cr_assert_eq(record.key.ptr, own.key.ptr);
    }
}

Test(store_find, merges_what_is_pending_with_what_is_folded)
{
    struct dice dice = {.state = 11};
    struct slu_store *store = open_store(512, false, slu_alloc_default());

    for (int round = 0; round < 5; round++) {
        fill(store, &dice, 700, round % 2 == 0 ? 300 : 0, 250);
        check_all(store);
    }
    check_each(store, 1);
    slu_store_close(store);
}

Test(store_find, reads_all_the_same_without_the_lock)
{
    struct dice dice = {.state = 5};
    struct slu_store *writer = open_store(512, false, slu_alloc_default());
    struct slu_store *reader;

    fill(writer, &dice, 900, 500, 200);
    reader = open_store(512, true, slu_alloc_default());
    check_all(reader);
    check_each(reader, 1);
    slu_store_close(reader);
    slu_store_close(writer);
}

Test(store_find, finds_nothing_where_there_is_nothing)
{
    struct slu_store *store = open_store(512, false, slu_alloc_default());
    static char longest[SLU_RECORD_KEY_MAX + 1];
    struct slu_record record;
    bool found = true;

    check_all(store);
    cr_assert_eq(slu_store_find(store, SLU_RECORD_DOMAIN,
                                slu_view_str("example.com"), &record, &found),
                 SLU_ERR_OK);
    cr_assert_not(found);
    found = true;
    cr_assert_eq(slu_store_find(store, SLU_RECORD_INVALID_DOMAIN,
                                slu_view_make(longest, sizeof(longest)),
                                &record, &found),
                 SLU_ERR_OK);
    cr_assert_not(found);
    slu_store_close(store);
}

/* Of one key, many times: no window is ever short enough by a cut alone. */
Test(store_find, keeps_a_window_that_one_key_would_fill)
{
    struct dice dice = {.state = 3};
    struct slu_store *store = open_store(16, false, slu_alloc_default());

    fill(store, &dice, 3000, 0, 1);
    cr_assert_leq(model.count, 4);
    check_all(store);
    slu_store_close(store);
}

/* 64-byte shards make windows of 8 KiB: some 350 records. */
Test(store_find, goes_on_with_the_next_window)
{
    struct dice dice = {.state = 77};
    struct slu_store *store = open_store(64, false, slu_alloc_default());

    fill(store, &dice, 6000, 900, 1000);
    cr_assert_gt(model.count, 3000);
    check_all(store);
    check_each(store, 41);
    slu_store_close(store);
}

#define LONG_KEYS 1000
#define LONG_KEY_LEN 900

static enum slu_err count_in_order(void *ctx, const struct slu_record *record)
{
    unsigned *count = ctx;
    char number[8];

    (void)snprintf(number, sizeof(number), "%06u", *count);
    cr_assert_eq(record->key.len, LONG_KEY_LEN);
    cr_assert_eq(memcmp(record->key.ptr, number, 6), 0);
    ++*count;
    return SLU_ERR_OK;
}

/* 0.9 MB are pending; the windows of 8 KiB, and what goes with them, are all
 * that is ever held. */
Test(store_find, holds_a_window_and_no_more)
{
    struct slu_store *writer = open_store(64, false, slu_alloc_default());
    struct failing_alloc counting;
    struct slu_store *reader;
    struct slu_buf packed;
    unsigned count = 0;

    slu_buf_init(&packed, slu_alloc_default(), 1 << 16);
    for (unsigned i = 0; i < LONG_KEYS; i++) {
        char key[LONG_KEY_LEN + 1];
        struct slu_record record = {.kind = SLU_RECORD_INVALID_DOMAIN,
                                    .key = slu_view_make(key, LONG_KEY_LEN),
                                    .reason = SLU_REASON_DOMAIN_SPACE};

        memset(key, 'x', sizeof(key));
        (void)snprintf(key, sizeof(key), "%06u", i * 999 % LONG_KEYS);
        cr_assert_eq(slu_record_pack(&record, &packed), SLU_ERR_OK);
        if (i % 50 == 49) {
            cr_assert_eq(slu_store_commit(writer, slu_store_answer_id(writer),
                                          slu_buf_view(&packed), 50,
                                          slu_view_make(NULL, 0)),
                         SLU_ERR_OK);
            slu_buf_clear(&packed);
        }
    }
    slu_buf_fini(&packed);
    cr_assert_eq(slu_store_drain(writer), SLU_ERR_OK);
    failing_alloc_init(&counting, 0);
    reader = open_store(64, true, &counting.alloc);
    cr_assert_eq(slu_store_scan_all(reader, SLU_RECORD_INVALID_DOMAIN,
                                    count_in_order, &count),
                 SLU_ERR_OK);
    cr_assert_eq(count, LONG_KEYS);
    cr_assert_lt(counting.peak, (size_t)300 << 10);
    slu_store_close(reader);
    slu_store_close(writer);
}

/* ---- while a run goes on ---- */

struct meddler {
    struct comparison comparison; /* first */
    struct slu_store *writer;
    struct dice dice;
    unsigned left; /* records until it meddles, then again */
    bool folds;
};

/* More sightings of what is known, and a fold: nothing new comes to be. */
static enum slu_err meddle(void *ctx, const struct slu_record *record)
{
    struct meddler *self = ctx;
    size_t seen = self->comparison.seen;

    if (self->left-- == 0) {
        struct test_record again[20];

        self->left = 150;
        for (size_t i = 0; i < 20; i++) {
            again[i] = model.records[roll(&self->dice, (uint32_t)model.count)];
        }
        cr_assert_eq(commit_tests(self->writer,
                                  slu_store_answer_id(self->writer), again, 20,
                                  NULL, NULL),
                     SLU_ERR_OK);
        if (self->folds) {
            cr_assert_eq(slu_store_fold(self->writer), SLU_ERR_OK);
        }
    }
    cr_assert_eq(compare_one(&self->comparison, record), SLU_ERR_OK, "%s",
                 self->comparison.fault);
    cr_assert_eq(self->comparison.seen, seen + 1);
    return SLU_ERR_OK;
}

Test(store_find, leaves_out_nothing_that_is_folded_meanwhile)
{
    struct meddler meddler = {.dice = {.state = 9}, .left = 40, .folds = true};
    struct dice dice = {.state = 21};
    struct slu_store *writer = open_store(64, false, slu_alloc_default());
    struct slu_store *reader;

    fill(writer, &dice, 4000, 1500, 700);
    reader = open_store(64, true, slu_alloc_default());
    meddler.writer = writer;
    meddler.comparison.model = &model;
    for (unsigned kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        meddler.comparison.any = false;
        cr_assert_eq(slu_store_scan_all(reader, (enum slu_record_kind)kind,
                                        meddle, &meddler),
                     SLU_ERR_OK, "%s", slu_store_error(reader)->text);
    }
    cr_assert_eq(meddler.comparison.seen, model.count);
    slu_store_close(reader);
    slu_store_close(writer);
}

/* The writer has layers, which it makes one, or folds, while the reader is in
 * the midst of them. */
static void meddle_with_layers(uint64_t fold_at, size_t layers_max, bool folds)
{
    struct slu_store_options opts = small_options(dir);
    struct meddler meddler = {.dice = {.state = 9}, .left = 40, .folds = folds};
    struct dice dice = {.state = 22};
    struct slu_store *reader;
    struct slu_error error;

    opts.shard_bytes = 32;
    opts.fold_at = fold_at;
    opts.layers_max = layers_max;
    cr_assert_eq(slu_store_open(&opts, &meddler.writer, &error), SLU_ERR_OK);
    fill(meddler.writer, &dice, 4000, 1500, 700);
    reader = open_store(32, true, slu_alloc_default());
    meddler.comparison.model = &model;
    for (unsigned kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        meddler.comparison.any = false;
        cr_assert_eq(slu_store_scan_all(reader, (enum slu_record_kind)kind,
                                        meddle, &meddler),
                     SLU_ERR_OK, "%s", slu_store_error(reader)->text);
    }
    cr_assert_eq(meddler.comparison.seen, model.count);
    check_each(reader, 17);
    slu_store_close(reader);
    slu_store_close(meddler.writer);
}

Test(store_find, leaves_out_nothing_of_layers_that_are_folded_meanwhile)
{
    meddle_with_layers(100, 1000, true);
}

Test(store_find, leaves_out_nothing_of_layers_that_become_one_meanwhile)
{
    meddle_with_layers(1, 3, false);
}

/* ---- failures ---- */

static enum slu_err refuse_third(void *ctx, const struct slu_record *record)
{
    unsigned *count = ctx;

    (void)record;
    return ++*count == 3 ? SLU_ERR_STOPPED : SLU_ERR_OK;
}

Test(store_find, ends_with_the_error_of_its_callback)
{
    struct dice dice = {.state = 2};
    struct slu_store *store = open_store(512, false, slu_alloc_default());
    unsigned count = 0;

    fill(store, &dice, 300, 100, 100);
    cr_assert_eq(slu_store_scan_all(store, SLU_RECORD_IP, refuse_third, &count),
                 SLU_ERR_STOPPED);
    cr_assert_eq(count, 3);
    check_all(store); /* and can be asked again */
    slu_store_close(store);
}

Test(store_find, tells_of_a_row_that_is_not_made_of_records)
{
    struct slu_store *store = open_store(512, false, slu_alloc_default());
    struct slu_record record;
    unsigned count = 0;
    bool found;

    cr_assert_eq(slu_store_commit(store, slu_store_answer_id(store),
                                  slu_view_make("\xff\xff", 2), 1,
                                  slu_view_make(NULL, 0)),
                 SLU_ERR_OK);
    cr_assert_eq(slu_store_find(store, SLU_RECORD_DOMAIN,
                                slu_view_str("a.example"), &record, &found),
                 SLU_ERR_STATE);
    cr_assert_not(found);
    cr_assert_not_null(strstr(slu_store_error(store)->text, "is damaged"));
    cr_assert_eq(slu_store_scan_all(store, SLU_RECORD_IP, refuse_third, &count),
                 SLU_ERR_STATE);
    cr_assert_eq(count, 0);
    slu_store_close(store);
}

Test(store_find, survives_every_failed_allocation)
{
    struct dice dice = {.state = 8};
    struct slu_store *writer = open_store(512, false, slu_alloc_default());
    struct failing_alloc failing;
    unsigned failures = 0;

    fill(writer, &dice, 600, 300, 150);
    for (unsigned n = 2; failures == n - 2; n++) {
        struct slu_store *reader;
        struct slu_record own = view_test(&model.records[0]);
        struct slu_record record;
        bool found;

        failing_alloc_init(&failing, 0);
        reader = open_store(512, true, &failing.alloc);
        failing.fail_at = failing.calls + n - 1;
        if (compare_all(reader) != NULL) {
            cr_assert_eq(slu_store_error(reader)->code, SLU_ERR_NOMEM);
            failures++;
        }
        failing.fail_at = failing.calls + 1;
        if (slu_store_find(reader, own.kind, own.key, &record, &found) ==
            SLU_ERR_OK) {
            cr_assert(found);
        }
        slu_store_close(reader);
        cr_assert_eq(failing.live, 0);
    }
    cr_assert_gt(failures, 3);
    slu_store_close(writer);
}
