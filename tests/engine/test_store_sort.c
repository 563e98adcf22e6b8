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
    slu_buf_init(&db.raw, db.alloc, (size_t)64 << 20);
}

static void stop(void)
{
    slu_sort_free(&db);
    slu_buf_fini(&db.raw);
    cr_assert_eq(counter.live, 0);
}

static void add(enum slu_record_kind kind, const char *key, size_t len)
{
    struct slu_record record = {.kind = kind,
                                .key = slu_view_make(key, len),
                                .reason = kind < SLU_RECORD_INVALID_IP
                                              ? SLU_REASON_NONE
                                              : SLU_REASON_URL,
                                .sources = 4,
                                .first_seen = 1700000000,
                                .last_seen = 1700000000};

    cr_assert_eq(slu_record_pack(&record, &db.raw), SLU_ERR_OK);
}

static int compare(const void *a, const void *b)
{
    return slu_record_compare(a, b);
}

/* All of db.raw, in order; *out_count of them, for free(). */
static struct slu_record *sort_plainly(size_t *out_count)
{
    struct slu_record *records =
        calloc(db.raw.len / 8 + 1, sizeof(struct slu_record));
    struct slu_view rest = slu_buf_view(&db.raw);
    size_t count = 0;

    cr_assert_not_null(records);
    while (rest.len > 0) {
        cr_assert_eq(slu_record_unpack(&rest, &records[count++]), SLU_ERR_OK);
    }
    qsort(records, count, sizeof(*records), compare);
    *out_count = count;
    return records;
}

/* Equal keys may stand in any order, but each record is there once. */
static void check_sorted(const char *what)
{
    size_t count;
    struct slu_record *records = sort_plainly(&count);
    bool *met = calloc(db.raw.len + 1, sizeof(*met));

    cr_assert_not_null(met);
    cr_assert_eq(slu_sort_records(&db), SLU_ERR_OK);
    cr_assert_eq(db.ref_count, count);
    for (size_t i = 0; i < count; i++) {
        struct slu_packed packed;

        slu_sort_packed(slu_buf_view(&db.raw), &db.refs[i], &packed);
        cr_assert_eq(packed.kind, records[i].kind, "%s: kind of %zu", what, i);
        cr_assert(slu_view_equal(packed.key, records[i].key), "%s: key of %zu",
                  what, i);
        cr_assert_not(met[db.refs[i].offset], "%s: %zu is there twice", what,
                      i);
        met[db.refs[i].offset] = true;
    }
    free(met);
    free(records);
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
    db.raw.len--;
    cr_assert_eq(slu_sort_records(&db), SLU_ERR_STATE);
    cr_assert_not_null(strstr(db.error.text, "not made of records"));
    stop();
}

Test(store_sort, leaks_nothing_without_memory)
{
    start();
    add(SLU_RECORD_DOMAIN, "a.example", 9);
    for (unsigned long left = 1; left <= 2; left++) {
        counter.fail_at = counter.calls + left;
        cr_assert_eq(slu_sort_records(&db), SLU_ERR_NOMEM);
        cr_assert_null(db.refs);
    }
    check_sorted("after it");
    stop();
}
