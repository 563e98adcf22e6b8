/* SPDX-License-Identifier: Apache-2.0 */
/* Against a sort that knows nothing of words: qsort by slu_record_compare. */
#include "count_alloc.h"
#include "engine/store_records.h"
#include "store_support.h"

#include <criterion/criterion.h>

static struct slu_db db;
static struct count_alloc counter;

static void start(void)
{
    count_alloc_init(&counter);
    memset(&db, 0, sizeof(db));
    db.alloc = &counter.alloc;
    slu_buf_init(&db.piece, db.alloc, (size_t)64 << 20);
    slu_buf_init(&db.chunk.records, db.alloc, (size_t)64 << 20);
}

static void stop(void)
{
    slu_buf_fini(&db.chunk.records);
    slu_buf_fini(&db.piece);
    cr_assert_eq(counter.live, 0);
}

/* Seen at any time, by any source, assessed or not. */
static void add(enum slu_record_kind kind, const char *key, size_t len)
{
    static struct dice dice = {77};
    struct slu_record record = {.kind = kind,
                                .key = slu_view_make(key, len),
                                .sources = 1u << roll(&dice, 9),
                                .last_seen = 1700000000 + roll(&dice, 99)};

    record.reason =
        kind < SLU_RECORD_INVALID_IP ? SLU_REASON_NONE : SLU_REASON_URL;
    record.first_seen = record.last_seen - roll(&dice, 3) * 40;
    if (roll(&dice, 2) == 0) {
        record.verdict = SLU_VERDICT_MALICIOUS;
        record.score = (uint8_t)roll(&dice, 101);
        record.assessed_at = record.last_seen - roll(&dice, 5);
    }
    cr_assert_eq(slu_record_pack(&record, &db.chunk.records), SLU_ERR_OK);
}

static int compare(const void *a, const void *b)
{
    return slu_record_compare(a, b);
}

/* All of the bytes, in order and merged, packed; kinds: where each begins. */
static struct slu_buf sort_plainly(size_t *kinds)
{
    struct slu_view rest = slu_buf_view(&db.chunk.records);
    struct slu_record *records =
        calloc(rest.len / 7 + 1, sizeof(struct slu_record));
    struct slu_buf packed;
    size_t count = 0;
    size_t kind = 0;

    cr_assert_not_null(records);
    slu_buf_init(&packed, slu_alloc_default(), (size_t)64 << 20);
    while (rest.len > 0) {
        cr_assert_eq(slu_record_unpack(&rest, &records[count++]), SLU_ERR_OK);
    }
    qsort(records, count, sizeof(*records), compare);
    for (size_t i = 0, next; i < count; i = next) {
        for (next = i + 1;
             next < count && compare(&records[i], &records[next]) == 0;
             next++) {
            slu_record_merge(&records[i], &records[next]);
        }
        for (; kind <= records[i].kind; kind++) {
            kinds[kind] = packed.len;
        }
        cr_assert_eq(slu_record_pack(&records[i], &packed), SLU_ERR_OK);
    }
    for (; kind < SLU_RECORD_KIND_COUNT; kind++) {
        kinds[kind] = packed.len;
    }
    free(records);
    return packed;
}

/* Where a record ends, about there. */
static size_t find_end(size_t about)
{
    struct slu_view rest = slu_buf_view(&db.chunk.records);
    struct slu_record record;

    while (rest.len > 0 && db.chunk.records.len - rest.len < about) {
        cr_assert_eq(slu_record_unpack(&rest, &record), SLU_ERR_OK);
    }
    return db.chunk.records.len - rest.len;
}

static void check_with_middle(const char *what, size_t middle,
                              struct slu_view expected, const size_t *kinds)
{
    cr_assert_eq(slu_sort_records(&db, &db.chunk, middle), SLU_ERR_OK);
    cr_assert(slu_view_equal(slu_buf_view(&db.chunk.records), expected),
              "%s, in the middle %zu: %zu bytes, expected %zu", what, middle,
              db.chunk.records.len, expected.len);
    if (expected.len != 0) {
        cr_assert_arr_eq(db.chunk.kinds, kinds, sizeof(db.chunk.kinds));
    }
}

/* On one thread and on two, and once more what is in order already. */
static void check_sorted(const char *what)
{
    size_t kinds[SLU_RECORD_KIND_COUNT];
    struct slu_buf *records = &db.chunk.records;
    struct slu_buf expected = sort_plainly(kinds);
    struct slu_buf before;

    slu_buf_init(&before, slu_alloc_default(), (size_t)64 << 20);
    cr_assert_eq(slu_buf_append(&before, slu_buf_view(records)), SLU_ERR_OK);
    for (unsigned quarter = 0; quarter < 5; quarter++) {
        size_t middle = find_end(before.len * quarter / 4);

        check_with_middle(what, middle, slu_buf_view(&expected), kinds);
        check_with_middle(what, 0, slu_buf_view(&expected), kinds);
        slu_buf_clear(records);
        cr_assert_eq(slu_buf_append(records, slu_buf_view(&before)),
                     SLU_ERR_OK);
    }
    slu_buf_fini(&before);
    slu_buf_fini(&expected);
}

/* A key of letters and zeros, as likely short as long. */
static size_t roll_key(struct dice *dice, unsigned letters, size_t len_max,
                       char *out)
{
    size_t len = roll(dice, (unsigned)len_max + 1);

    for (size_t i = 0; i < len; i++) {
        unsigned letter = roll(dice, letters);

        out[i] = letter == 0 ? '\0' : (char)(250 - letter * 7);
    }
    return len;
}

Test(store_sort, orders_any_keys_by_kind_and_bytes)
{
    static const size_t counts[] = {0, 1, 2, 3, 39, 40, 41, 42, 300, 5000};
    struct dice dice = {7};

    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (unsigned letters = 1; letters < 30; letters += 4) {
            char what[64];

            (void)snprintf(what, sizeof(what), "%zu of %u letters", counts[i],
                           letters);
            start();
            for (size_t n = 0; n < counts[i]; n++) {
                char key[64];
                size_t len = roll_key(&dice, letters, letters * 2, key);

                add((enum slu_record_kind)(1 + roll(&dice, 3)), key, len);
            }
            check_sorted(what);
            stop();
        }
    }
}

/* What differs behind a long common beginning, and keys that are the beginnings
 * of others. */
Test(store_sort, orders_keys_that_begin_alike)
{
    static char key[SLU_RECORD_KEY_MAX];
    struct dice dice = {8};

    memset(key, 'a', sizeof(key));
    for (size_t same = 0; same < sizeof(key) - 12; same = same * 3 + 1) {
        start();
        for (unsigned n = 0; n < 700; n++) {
            size_t len = same + roll_key(&dice, 5, 12, key + same);

            add(SLU_RECORD_DOMAIN, key, len);
            memset(key + same, 'a', 12);
        }
        check_sorted("behind a beginning");
        stop();
    }
    start();
    for (size_t len = 0; len <= sizeof(key); len++) {
        add(SLU_RECORD_INVALID_DOMAIN, key, len);
    }
    check_sorted("beginnings of one");
    stop();
}

Test(store_sort, orders_addresses_by_number)
{
    struct dice dice = {9};

    start();
    for (unsigned n = 0; n < 20000; n++) {
        struct slu_cidr cidr = {.address = roll(&dice, 60000) * 65521u,
                                .prefix = (uint8_t)(32 - roll(&dice, 3))};
        char key[SLU_RECORD_IP_KEY_LEN];

        slu_record_key_from_cidr(cidr, key);
        add(SLU_RECORD_IP, key, sizeof(key));
    }
    check_sorted("addresses");
    stop();
}

Test(store_sort, refuses_what_is_no_record)
{
    start();
    add(SLU_RECORD_DOMAIN, "a.example", 9);
    db.chunk.records.len--;
    cr_assert_eq(slu_sort_records(&db, &db.chunk, 0), SLU_ERR_STATE);
    cr_assert_not_null(strstr(db.error.text, "not made of records"));
    stop();
}

/* Neither of two that share the work tells the other. */
Test(store_sort, refuses_what_is_no_record_in_either_half)
{
    for (unsigned half = 0; half < 2; half++) {
        size_t middle;

        start();
        for (unsigned n = 0; n < 50; n++) {
            add(SLU_RECORD_DOMAIN, "a.example", 9);
        }
        middle = find_end(db.chunk.records.len / 2);
        db.chunk.records.ptr[half == 0 ? 0 : middle] = (char)0xff;
        cr_assert_eq(slu_sort_records(&db, &db.chunk, middle), SLU_ERR_STATE);
        stop();
    }
}

/* Two that differ in all they may, merged, are longer than both were: the most
 * that can be, for every key that is so short. */
Test(store_sort, has_room_for_what_grows)
{
    for (unsigned n = 0; n < 2; n++) {
        start();
        for (int byte = -1; byte < 256; byte++) {
            char key = (char)byte;
            struct slu_record record = {.kind = SLU_RECORD_DOMAIN,
                                        .key = slu_view_make(&key, byte >= 0),
                                        .verdict = SLU_VERDICT_MALICIOUS,
                                        .last_seen = 7,
                                        .first_seen = 7,
                                        .assessed_at = 7};

            cr_assert_eq(slu_record_pack(&record, &db.chunk.records),
                         SLU_ERR_OK);
            record.verdict = SLU_VERDICT_NONE;
            record.assessed_at = 0;
            record.last_seen = UINT32_MAX / 2 + 9;
            record.first_seen = record.last_seen;
            cr_assert_eq(slu_record_pack(&record, &db.chunk.records),
                         SLU_ERR_OK);
        }
        check_sorted("what grows");
        stop();
    }
}

Test(store_sort, leaks_nothing_without_memory)
{
    unsigned failed = 0;
    enum slu_err err = SLU_ERR_NOMEM;

    start();
    for (unsigned n = 0; n < 3; n++) {
        add(SLU_RECORD_DOMAIN, "a.example", 9);
    }
    for (unsigned long left = 1; err == SLU_ERR_NOMEM; left++) {
        size_t middle = find_end(db.chunk.records.len / 2);
        size_t before =
            counter.live - db.piece.capacity - db.chunk.records.capacity;

        counter.fail_at = counter.calls + left;
        err = slu_sort_records(&db, &db.chunk, middle);
        cr_assert_eq(counter.live - db.piece.capacity -
                         db.chunk.records.capacity,
                     before);
        failed += err == SLU_ERR_NOMEM;
    }
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_gt(failed, 4);
    counter.fail_at = 0;
    check_sorted("after it");
    stop();
}
