/* SPDX-License-Identifier: Apache-2.0 */
/* Gathering what is more than one thread sorts, and more than is held. */
#include "engine/store_records.h"
#include "store_support.h"

#include <criterion/criterion.h>

#define ANSWERS 40
#define ANSWER_RECORDS 7000
/* An odd number, and a power of two: every address once in as many. */
#define STEP 40503u
#define ADDRESSES (1u << 18)

static char dir[64];

static void set_up(void)
{
    (void)make_folder(dir);
}

static void tear_down(void)
{
    remove_tree(dir);
}

TestSuite(store_held, .init = set_up, .fini = tear_down);

static struct slu_store *open_store(size_t hold_bytes)
{
    const struct slu_store_options opts = {.alloc = slu_alloc_default(),
                                           .dir = dir,
                                           .fold_at = 50000,
                                           .hold_bytes = hold_bytes};
    struct slu_store *store;
    struct slu_error error = {0};

    cr_assert_eq(slu_store_open(&opts, &store, &error), SLU_ERR_OK, "%s",
                 error.text);
    return store;
}

/* The nth that comes; it was seen at second n + 1. Their lengths differ. */
static void pack_nth(uint32_t n, struct slu_buf *packed)
{
    char key[SLU_RECORD_IP_KEY_LEN] = {0};
    struct slu_record record = {.kind = SLU_RECORD_IP,
                                .key = slu_view_make(key, sizeof(key)),
                                .sources = 1u << n % 20,
                                .first_seen = n + 1,
                                .last_seen = n + 1};

    slu_record_key_from_cidr((struct slu_cidr){n * STEP % ADDRESSES << 8, 32},
                             key);
    cr_assert_eq(slu_record_pack(&record, packed), SLU_ERR_OK);
}

static const struct slu_buf nothing;

static void commit(struct slu_store *store, uint64_t answer,
                   const struct slu_buf *packed, uint64_t count)
{
    cr_assert_eq(slu_store_commit(store, answer, slu_buf_view(packed), count,
                                  slu_view_make(NULL, 0)),
                 SLU_ERR_OK);
}

static void commit_all(struct slu_store *store)
{
    struct slu_buf packed;

    slu_buf_init(&packed, slu_alloc_default(), (size_t)1 << 20);
    for (uint32_t i = 0; i < ANSWERS; i++) {
        slu_buf_clear(&packed);
        for (uint32_t j = 0; j < ANSWER_RECORDS; j++) {
            pack_nth(i * ANSWER_RECORDS + j, &packed);
        }
        commit(store, i + 1, &packed, ANSWER_RECORDS);
    }
    slu_buf_fini(&packed);
}

struct count {
    uint32_t records;
    uint32_t repeated;
};

/* Addresses come in order, so the nth is n; those that came twice were seen as
 * often apart as there are addresses. */
static enum slu_err check_record(void *ctx, const struct slu_record *record)
{
    struct count *self = ctx;
    struct slu_cidr cidr = slu_record_cidr(record);
    uint32_t span = record->last_seen - record->first_seen;

    cr_assert_eq(cidr.address, self->records << 8);
    cr_assert_eq((record->first_seen - 1) * STEP % ADDRESSES, self->records);
    cr_assert(span == 0 || span == ADDRESSES, "%u", span);
    self->records++;
    self->repeated += span != 0;
    return SLU_ERR_OK;
}

static void check_all(struct slu_store *store)
{
    struct count count = {0};

    cr_assert_eq(slu_store_scan(store, SLU_RECORD_IP, check_record, &count),
                 SLU_ERR_OK);
    cr_assert_eq(count.records, ADDRESSES);
    cr_assert_eq(count.repeated, ANSWERS * ANSWER_RECORDS - ADDRESSES);
    cr_assert_eq(slu_store_scan(store, SLU_RECORD_DOMAIN, check_record, &count),
                 SLU_ERR_OK);
    cr_assert_eq(count.records, ADDRESSES, "an address is no domain");
}

static enum slu_err refuse(void *ctx, struct slu_record *record,
                           enum slu_store_change *out_change)
{
    (void)ctx;
    (void)record;
    (void)out_change;
    return SLU_ERR_LIMIT;
}

static enum slu_err keep(void *ctx, struct slu_record *record,
                         enum slu_store_change *out_change)
{
    (void)ctx;
    (void)record;
    *out_change = SLU_STORE_KEEP;
    return SLU_ERR_OK;
}

static void check_gather(size_t hold_bytes)
{
    struct slu_store *store = open_store(hold_bytes);

    commit_all(store);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    check_all(store);
    cr_assert_eq(slu_store_rewrite(store, keep, NULL), SLU_ERR_OK);
    check_all(store);
    slu_store_close(store);
    store = open_store(hold_bytes);
    check_all(store);
    slu_store_close(store);
}

/* 3.5 MB: both threads have something to do. */
Test(store_held, gathers_what_two_threads_sort)
{
    check_gather(0);
}

/* What is held is forgotten when it has become more than may be, read again and
 * made layers. */
Test(store_held, gathers_what_is_more_than_is_held)
{
    check_gather((size_t)1 << 20);
}

/* What is in order already has other rows' ends. */
Test(store_held, gathers_and_folds_what_was_gathered)
{
    struct slu_store *store = open_store(0);
    struct slu_buf packed;

    slu_buf_init(&packed, slu_alloc_default(), (size_t)1 << 20);
    commit_all(store);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    check_all(store);
    for (uint32_t n = 0; n < 100; n++) {
        pack_nth(n, &packed);
    }
    commit(store, ANSWERS + 1, &packed, 100);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    check_all(store);
    cr_assert_eq(slu_store_rewrite(store, refuse, NULL), SLU_ERR_LIMIT);
    check_all(store);
    cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    check_all(store);
    slu_buf_fini(&packed);
    slu_store_close(store);
}

/* Rows that begin to count when others behind them are held. */
Test(store_held, gathers_what_was_staged_before)
{
    struct slu_store *store = open_store(0);
    uint64_t answer = slu_store_answer_id(store);
    struct count count = {0};
    struct slu_buf packed;

    slu_buf_init(&packed, slu_alloc_default(), (size_t)1 << 20);
    pack_nth(0, &packed);
    cr_assert_eq(slu_store_stage(store, answer, slu_buf_view(&packed), 1),
                 SLU_ERR_OK);
    slu_buf_clear(&packed);
    pack_nth(ADDRESSES, &packed);
    for (unsigned i = 0; i < 2; i++) {
        commit(store, slu_store_answer_id(store), &packed, 1);
        cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    }
    commit(store, answer, &nothing, 0);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    cr_assert_eq(slu_store_scan(store, SLU_RECORD_IP, check_record, &count),
                 SLU_ERR_OK);
    cr_assert_eq(count.records, 1);
    cr_assert_eq(count.repeated, 1, "the staged one is missing");
    slu_buf_fini(&packed);
    slu_store_close(store);
}

Test(store_held, gathers_answers_of_nothing)
{
    struct slu_store *store = open_store(0);
    uint64_t answer = slu_store_answer_id(store);
    struct count count = {0};
    struct slu_buf packed;

    slu_buf_init(&packed, slu_alloc_default(), (size_t)1 << 20);
    pack_nth(0, &packed);
    commit(store, slu_store_answer_id(store), &packed, 1);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    cr_assert_eq(slu_store_rewrite(store, keep, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_stage(store, answer, slu_view_make(NULL, 0), 0),
                 SLU_ERR_OK);
    commit(store, answer, &nothing, 0);
    cr_assert_eq(slu_store_gather(store), SLU_ERR_OK);
    cr_assert_eq(slu_store_scan(store, SLU_RECORD_IP, check_record, &count),
                 SLU_ERR_OK);
    cr_assert_eq(slu_store_scan(store, SLU_RECORD_DOMAIN, check_record, &count),
                 SLU_ERR_OK);
    cr_assert_eq(count.records, 1);
    slu_buf_fini(&packed);
    slu_store_close(store);
}

Test(store_held, finds_a_middle_where_a_row_ends)
{
    struct slu_chunk chunk = {.ends = {[0] = 1000000, [2] = 3000000}};

    chunk.records.len = 2 * SLU_CHUNK_STRETCH - 1;
    cr_assert_eq(slu_chunk_middle(&chunk), 0);
    chunk.records.len = 2 * SLU_CHUNK_STRETCH;
    cr_assert_eq(slu_chunk_middle(&chunk), 1000000);
    chunk.records.len = 5 * SLU_CHUNK_STRETCH;
    cr_assert_eq(slu_chunk_middle(&chunk), 3000000);
    chunk.records.len = 2 * SLU_CHUNK_STRETCHES * SLU_CHUNK_STRETCH;
    cr_assert_eq(slu_chunk_middle(&chunk), 0);
    memset(&chunk.ends, 0, sizeof(chunk.ends));
    chunk.records.len = 5 * SLU_CHUNK_STRETCH;
    cr_assert_eq(slu_chunk_middle(&chunk), 0);
}
