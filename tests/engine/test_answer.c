/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/answer.h"
#include "engine/store_support.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>

static char dir[64];
static struct slu_store *store;
static struct slu_answer answer;

static void start(void)
{
    struct slu_store_options options = small_options(make_folder(dir));
    struct slu_error error = {0};

    options.queue_bytes = 8u << 20;
    cr_assert_eq(slu_store_open(&options, &store, &error), SLU_ERR_OK, "%s",
                 error.text);
    slu_answer_init(&answer, slu_alloc_default(), store);
    slu_answer_begin(&answer);
}

static void stop(void)
{
    slu_answer_fini(&answer);
    slu_store_close(store);
    remove_tree(dir);
}

static enum slu_err add(unsigned number, uint8_t score)
{
    char key[64];
    struct slu_record record = {.kind = SLU_RECORD_DOMAIN,
                                .verdict = SLU_VERDICT_MALICIOUS,
                                .score = score,
                                .sources = 4,
                                .first_seen = 9,
                                .last_seen = 9,
                                .assessed_at = 9};

    (void)snprintf(key, sizeof(key), "n%06u.example.com", number);
    record.key = slu_view_str(key);
    return slu_answer_add(&answer, &record);
}

static enum slu_err put(const char *key, const char *value)
{
    return slu_answer_put(&answer, "x/", slu_view_str(key),
                          slu_view_str(value));
}

static enum slu_err count_one(void *ctx, const struct slu_record *record)
{
    (void)record;
    (*(unsigned *)ctx)++;
    return SLU_ERR_OK;
}

static unsigned count_stored(void)
{
    unsigned count = 0;

    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    cr_assert_eq(slu_store_scan(store, SLU_RECORD_DOMAIN, count_one, &count),
                 SLU_ERR_OK);
    return count;
}

static const char *stored_entry(const char *key)
{
    static struct found_entry found;

    found = (struct found_entry){.count = 0};
    cr_assert_eq(slu_store_entries(store, key, note_entry, &found), SLU_ERR_OK);
    return found.count == 0 ? NULL : found.value;
}

Test(answer, stores_records_and_entries_together_and_only_on_commit)
{
    start();
    cr_assert_eq(add(1, 90), SLU_ERR_OK);
    cr_assert_eq(add(2, 90), SLU_ERR_OK);
    cr_assert_eq(put("a", "one"), SLU_ERR_OK);
    cr_assert_eq(put("b", "two"), SLU_ERR_OK);
    cr_assert_eq(count_stored(), 0);
    cr_assert_null(stored_entry("x/"));
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    cr_assert_eq(count_stored(), 2);
    cr_assert_str_eq(stored_entry("x/a"), "one");
    cr_assert_str_eq(stored_entry("x/b"), "two");
    stop();
}

Test(answer, deletes_an_entry_by_an_empty_value)
{
    start();
    cr_assert_eq(put("a", "one"), SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    slu_answer_begin(&answer);
    cr_assert_eq(put("a", ""), SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    cr_assert_null(stored_entry("x/a"));
    stop();
}

Test(answer, refuses_an_entry_over_its_limits_and_keeps_the_rest)
{
    static char long_key[240];
    static char long_value[8194];

    memset(long_key, 'k', sizeof(long_key) - 1);
    memset(long_value, 'v', sizeof(long_value) - 1);
    start();
    cr_assert_eq(put("a", "one"), SLU_ERR_OK);
    cr_assert_eq(put(long_key, "v"), SLU_ERR_LIMIT);
    cr_assert_eq(put("b", long_value), SLU_ERR_LIMIT);
    long_key[238] = '\0';
    long_value[8192] = '\0';
    cr_assert_eq(put(long_key, long_value), SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    cr_assert_str_eq(stored_entry("x/a"), "one");
    cr_assert_null(stored_entry("x/b"));
    cr_assert_not_null(stored_entry("x/kkk"));
    stop();
}

Test(answer, drops_only_what_is_the_same_in_every_field)
{
    struct slu_fingerprints seen;

    slu_fingerprints_init(&seen, slu_alloc_default(), 1000);
    start();
    cr_assert_eq(add(1, 90), SLU_ERR_OK);
    cr_assert_eq(add(2, 90), SLU_ERR_OK);
    cr_assert_eq(add(1, 90), SLU_ERR_OK);
    cr_assert_eq(add(1, 91), SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, &seen), SLU_ERR_OK);
    cr_assert_eq(answer.counts.duplicates, 1);
    cr_assert_eq(answer.count, 3);
    /* The next one brings nothing new, but its entry counts. */
    slu_answer_begin(&answer);
    cr_assert_eq(add(2, 90), SLU_ERR_OK);
    cr_assert_eq(put("a", "one"), SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, &seen), SLU_ERR_OK);
    cr_assert_eq(answer.counts.duplicates, 1);
    cr_assert_eq(count_stored(), 2);
    cr_assert_str_eq(stored_entry("x/a"), "one");
    slu_fingerprints_fini(&seen);
    stop();
}

static void add_chunks(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        cr_assert_eq(add(i, 90), SLU_ERR_OK);
    }
    cr_assert(answer.staged);
    cr_assert_lt(answer.records.len, SLU_ANSWER_CHUNK_BYTES);
}

Test(answer, commits_what_was_staged_with_the_rest)
{
    start();
    add_chunks(20000);
    cr_assert_eq(put("a", "one"), SLU_ERR_OK);
    cr_assert_eq(count_stored(), 0);
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    cr_assert_eq(count_stored(), 20000);
    stop();
}

Test(answer, abandons_all_and_can_begin_again)
{
    uint64_t id;

    start();
    id = answer.id;
    add_chunks(20000);
    cr_assert_eq(put("a", "one"), SLU_ERR_OK);
    cr_assert_eq(slu_answer_abandon(&answer), SLU_ERR_OK);
    slu_answer_begin(&answer);
    cr_assert_neq(answer.id, id);
    cr_assert_eq(add(7, 90), SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    cr_assert_eq(count_stored(), 1);
    cr_assert_null(stored_entry("x/a"));
    stop();
}

Test(answer, adds_up_its_counts)
{
    struct slu_answer_counts total = {.items = 1};
    struct slu_answer_counts part = {
        .items = 2, .duplicates = 3, .accepted = {4, 5}};

    part.reasons[SLU_REASON_COUNT - 1] = 6;
    slu_answer_counts_add(&total, &part);
    slu_answer_counts_add(&total, &part);
    cr_assert_eq(total.items, 5);
    cr_assert_eq(total.duplicates, 6);
    cr_assert_eq(total.accepted[0], 8);
    cr_assert_eq(total.accepted[1], 10);
    cr_assert_eq(total.reasons[SLU_REASON_COUNT - 1], 12);
}

Test(answer, says_that_memory_is_out_and_leaks_nothing)
{
    struct failing_alloc failing;

    /* The records, their lengths, the entries. */
    for (unsigned fail_at = 1; fail_at < 5; fail_at++) {
        start();
        failing_alloc_init(&failing, fail_at);
        slu_answer_fini(&answer);
        slu_answer_init(&answer, &failing.alloc, store);
        slu_answer_begin(&answer);
        if (fail_at <= 2) {
            cr_assert_eq(add(1, 90), SLU_ERR_NOMEM);
            cr_assert_eq(add(1, 90), SLU_ERR_OK);
        } else if (fail_at == 3) {
            cr_assert_eq(add(1, 90), SLU_ERR_OK);
            cr_assert_eq(put("a", "one"), SLU_ERR_NOMEM);
        }
        cr_assert_eq(slu_answer_abandon(&answer), SLU_ERR_OK);
        slu_answer_fini(&answer);
        cr_assert_eq(failing.live, 0);
        stop();
    }
}
