/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/record.h"

#include <criterion/criterion.h>

static uint64_t random_state = 88172645463325252u;

static uint32_t draw(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 32) % below;
}

static const char address_key[] = {1, 2, 3, 4, 32};

static struct slu_record make_domain(const char *name)
{
    struct slu_record record = {.kind = SLU_RECORD_DOMAIN,
                                .key = slu_view_str(name),
                                .sources = SLU_SOURCE_STREAM,
                                .first_seen = 1700000000,
                                .last_seen = 1700000000};
    return record;
}

/* Few different values, so that ties are frequent. */
static struct slu_record make_random(enum slu_record_kind kind)
{
    struct slu_record record = {.kind = kind};

    record.key = kind == SLU_RECORD_IP ? slu_view_make(address_key, 5)
                                       : slu_view_str("a.example");
    record.first_seen = 100 + draw(4);
    record.last_seen = record.first_seen + draw(4);
    record.sources = 1u << draw(8);
    if (draw(3) != 0) {
        record.verdict = (enum slu_verdict)(1 + draw(5));
        record.score = (uint8_t)draw(3);
        record.assessed_at = draw(5);
    }
    if (draw(2) != 0) {
        record.place_file = (uint8_t)(1 + draw(2));
        record.place_seat = draw(3);
    }
    if (kind >= SLU_RECORD_INVALID_IP) {
        record.reason = (enum slu_reason)(1 + draw(3));
    }
    return record;
}

static void pack(const struct slu_record *record, struct slu_buf *buf)
{
    slu_buf_clear(buf);
    cr_assert_eq(slu_record_pack(record, buf), SLU_ERR_OK);
}

static bool equal(const struct slu_record *a, const struct slu_record *b)
{
    return slu_record_compare(a, b) == 0 && a->reason == b->reason &&
           a->verdict == b->verdict && a->score == b->score &&
           a->sources == b->sources && a->first_seen == b->first_seen &&
           a->last_seen == b->last_seen && a->assessed_at == b->assessed_at &&
           a->place_file == b->place_file && a->place_seat == b->place_seat;
}

static struct slu_record merge(struct slu_record a, struct slu_record b)
{
    slu_record_merge(&a, &b);
    return a;
}

/* ---- packed form ---- */

Test(record, comes_back_as_it_was_packed)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 10000);
    for (unsigned i = 0; i < 20000; i++) {
        struct slu_record record = make_random(draw(SLU_RECORD_KIND_COUNT));
        struct slu_record back;
        struct slu_view view;

        if (draw(4) == 0) { /* the ends of every range */
            record.first_seen = draw(2) ? UINT32_MAX : 0;
            record.last_seen = draw(2) ? UINT32_MAX : 0;
            record.sources = draw(2) ? UINT32_MAX : 0;
            record.place_file = 6;
            record.place_seat = UINT32_MAX;
            record.verdict = SLU_VERDICT_MALICIOUS;
            record.score = 100;
            record.assessed_at = draw(2) ? UINT32_MAX : 0;
        }
        pack(&record, &buf);
        view = slu_buf_view(&buf);
        cr_assert_eq(slu_record_unpack(&view, &back), SLU_ERR_OK);
        cr_assert_eq(view.len, 0);
        cr_assert(equal(&record, &back), "record %u", i);
        cr_assert(back.key.ptr >= buf.ptr && back.key.ptr < buf.ptr + buf.len);
    }
    slu_buf_fini(&buf);
}

/* Byte by byte, as the comment in record.c has it. */
static size_t write_varint(unsigned char *out, uint32_t value)
{
    size_t len = 0;

    for (; value > 127; value >>= 7) {
        out[len++] = (unsigned char)(128 | (value & 127));
    }
    out[len++] = (unsigned char)value;
    return len;
}

/* What is on disk must stay readable: numbers around each length. */
Test(record, numbers_keep_their_bytes)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    for (unsigned bits = 0; bits <= 32; bits++) {
        for (unsigned back = 0; back < 3; back++) {
            uint32_t value = (uint32_t)(((uint64_t)1 << bits) - back);
            struct slu_record record = {
                .kind = SLU_RECORD_IP,
                .key = slu_view_make(address_key, 5),
                .sources = value,
                .last_seen = 0x04030201,
                .first_seen = 0x04030201 - value,
                .place_file = 6,
                .place_seat = value,
            };
            unsigned char expected[64] = {16, 1, 2, 3, 4, 32, 1, 2, 3, 4};
            size_t len = 10 + write_varint(expected + 10, value);

            if (value != 0) {
                expected[0] |= 4;
                len += write_varint(expected + len, value);
            }
            expected[len++] = 6;
            len += write_varint(expected + len, value);
            pack(&record, &buf);
            cr_assert_eq(buf.len, len);
            cr_assert_arr_eq(buf.ptr, expected, len, "%u", value);
        }
    }
    slu_buf_fini(&buf);
}

Test(record, is_small)
{
    struct slu_record ip = {.kind = SLU_RECORD_IP,
                            .key = slu_view_make(address_key, 5),
                            .sources = SLU_SOURCE_STREAM,
                            .first_seen = 1700000000,
                            .last_seen = 1700000000,
                            .verdict = SLU_VERDICT_MALICIOUS,
                            .score = 80,
                            .assessed_at = 1700000000 - 3600};
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    pack(&ip, &buf);
    cr_assert_leq(buf.len, 16);
    ip.first_seen -= 86400 * 30;
    ip.assessed_at -= 86400 * 30;
    ip.place_file = 6;
    ip.place_seat = 249999;
    pack(&ip, &buf);
    cr_assert_leq(buf.len, 26);
    slu_buf_fini(&buf);
}

Test(record, holds_the_longest_key_within_its_stated_maximum)
{
    char key[SLU_RECORD_KEY_MAX + 1];
    struct slu_record record = make_domain("");
    struct slu_buf buf;

    memset(key, 0xff, sizeof(key));
    record.key = slu_view_make(key, SLU_RECORD_KEY_MAX);
    record.kind = SLU_RECORD_INVALID_DOMAIN;
    record.reason = SLU_REASON_OUTSIDE_WINDOW;
    record.verdict = SLU_VERDICT_MALICIOUS;
    record.place_file = 6;
    record.place_seat = UINT32_MAX;
    record.sources = UINT32_MAX;
    record.last_seen = 0;
    slu_buf_init(&buf, slu_alloc_default(), SLU_RECORD_PACKED_MAX);
    pack(&record, &buf);
    record.key.len++;
    cr_assert_eq(slu_record_pack(&record, &buf), SLU_ERR_USAGE);
    slu_buf_fini(&buf);
}

Test(record, refuses_to_pack_what_could_not_be_read_back)
{
    struct slu_record good = make_domain("a.example");
    struct slu_record bad[6];
    struct slu_buf buf;

    for (unsigned i = 0; i < 6; i++) {
        bad[i] = good;
    }
    bad[0].score = 101;
    bad[1].place_file = 7;
    bad[2].verdict = (enum slu_verdict)6;
    bad[3].reason = SLU_REASON_COUNT;
    bad[4].kind = (enum slu_record_kind)4;
    bad[5].kind = SLU_RECORD_IP; /* its key is not five bytes */
    slu_buf_init(&buf, slu_alloc_default(), 1000);
    for (unsigned i = 0; i < 6; i++) {
        cr_assert_eq(slu_record_pack(&bad[i], &buf), SLU_ERR_USAGE, "%u", i);
    }
    cr_assert_eq(buf.len, 0);
    slu_buf_fini(&buf);
}

Test(record, tells_when_the_buffer_is_too_small)
{
    struct slu_record record = make_domain("a.example");
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 20);
    cr_assert_eq(slu_record_pack(&record, &buf), SLU_ERR_LIMIT);
    slu_buf_fini(&buf);
}

/* ---- malformed bytes ---- */

static enum slu_err try_unpack(const void *bytes, size_t len)
{
    struct slu_view view;
    struct slu_record record;
    /* Exactly as large as the input: the sanitizer sees a byte too far. */
    char *copy = slu_alloc_get(slu_alloc_default(), len == 0 ? 1 : len);
    enum slu_err err;

    memcpy(copy, bytes, len);
    view = slu_view_make(copy, len);
    err = slu_record_unpack(&view, &record);
    if (err != SLU_ERR_OK) {
        cr_assert_eq(err, SLU_ERR_STATE);
        cr_assert_eq(view.len, len, "a failed unpack takes nothing");
    }
    slu_alloc_put(slu_alloc_default(), copy, len);
    return err;
}

Test(record, every_cut_of_a_record_is_refused)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    for (unsigned i = 0; i < 200; i++) {
        struct slu_record record = make_random(draw(SLU_RECORD_KIND_COUNT));

        pack(&record, &buf);
        for (size_t len = 0; len < buf.len; len++) {
            cr_assert_eq(try_unpack(buf.ptr, len), SLU_ERR_STATE);
        }
        cr_assert_eq(try_unpack(buf.ptr, buf.len), SLU_ERR_OK);
    }
    slu_buf_fini(&buf);
}

#define REFUSED(...)                                                           \
    do {                                                                       \
        const unsigned char bytes[] = {__VA_ARGS__};                           \
        cr_assert_eq(try_unpack(bytes, sizeof(bytes)), SLU_ERR_STATE);         \
    } while (0)

Test(record, refuses_values_out_of_range)
{
    REFUSED(0x40, 1, 2, 3, 4, 32, 0, 0, 0, 0, 2);    /* unknown head bit */
    REFUSED(0x00, 1, 2, 3, 4, 33, 0, 0, 0, 0, 2);    /* prefix */
    REFUSED(0x01, 0x81, 0x08, 'a', 0, 0, 0, 0, 2);   /* length 1025 */
    REFUSED(0x01, 0xff, 0xff, 0xff, 0xff, 0x7f, 'a', /* varint over 32 bits */
            0, 0, 0, 0, 2);
    REFUSED(0x01, 1, 'a', 0, 0, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x80, 1);
    REFUSED(0x09, 1, 'a', 0, 0, 0, 0, 2, 0, 50, 0);  /* verdict none */
    REFUSED(0x09, 1, 'a', 0, 0, 0, 0, 2, 6, 50, 0);  /* verdict */
    REFUSED(0x09, 1, 'a', 0, 0, 0, 0, 2, 5, 101, 0); /* score */
    REFUSED(0x11, 1, 'a', 0, 0, 0, 0, 2, 0, 1);      /* file 0 */
    REFUSED(0x11, 1, 'a', 0, 0, 0, 0, 2, 7, 1);      /* file 7 */
    REFUSED(0x22, 1, 'a', 0, 0, 0, 0, 2, 0);         /* reason none */
    REFUSED(0x22, 1, 'a', 0, 0, 0, 0, 2, SLU_REASON_COUNT);
}

Test(record, random_bytes_give_a_record_or_a_refusal)
{
    unsigned char bytes[64];
    unsigned good = 0;

    for (unsigned i = 0; i < 100000; i++) {
        size_t len = draw(sizeof(bytes));

        for (size_t j = 0; j < len; j++) {
            bytes[j] = (unsigned char)draw(256);
        }
        bytes[0] &= 0x3f;
        good += try_unpack(bytes, len) == SLU_ERR_OK;
    }
    cr_assert_gt(good, 0);
}

Test(record, what_unpacks_packs_again_to_the_same_record)
{
    unsigned char bytes[64];
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 2000);
    for (unsigned i = 0; i < 100000; i++) {
        struct slu_view view = slu_view_make((char *)bytes, sizeof(bytes));
        struct slu_record record;
        struct slu_record back;

        for (size_t j = 0; j < sizeof(bytes); j++) {
            bytes[j] = (unsigned char)draw(j == 0 ? 64 : 256);
        }
        if (slu_record_unpack(&view, &record) != SLU_ERR_OK) {
            continue;
        }
        pack(&record, &buf);
        view = slu_buf_view(&buf);
        cr_assert_eq(slu_record_unpack(&view, &back), SLU_ERR_OK);
        cr_assert(equal(&record, &back));
    }
    slu_buf_fini(&buf);
}

/* Whole, cut short, and of random bytes. */
Test(record, is_taken_as_it_is_unpacked)
{
    unsigned char bytes[60];

    for (unsigned i = 0; i < 100000; i++) {
        struct slu_view whole =
            slu_view_make((char *)bytes, 1 + draw(sizeof(bytes) - 1));
        struct slu_view rest = whole;
        struct slu_view taken = whole;
        struct slu_record record;
        struct slu_packed packed;
        enum slu_err err;

        for (size_t j = 0; j < sizeof(bytes); j++) {
            bytes[j] = (unsigned char)draw(j == 0 ? 64 : j < 3 ? 9 : 256);
        }
        err = slu_record_unpack(&rest, &record);
        cr_assert_eq(slu_record_take(&taken, &packed), err);
        cr_assert_eq(taken.ptr, rest.ptr);
        cr_assert_eq(taken.len, rest.len);
        if (err == SLU_ERR_OK) {
            cr_assert_eq(packed.kind, record.kind);
            cr_assert_eq(packed.key.ptr, record.key.ptr);
            cr_assert_eq(packed.key.len, record.key.len);
            cr_assert_eq(packed.bytes.ptr, whole.ptr);
            cr_assert_eq(packed.bytes.len, whole.len - rest.len);
        }
    }
}

/* ---- order ---- */

Test(record, sorts_by_kind_then_key_shorter_first)
{
    struct slu_record a = make_domain("a");
    struct slu_record ab = make_domain("ab");
    struct slu_record b = make_domain("b");
    struct slu_record high = make_domain("\xff");
    struct slu_record invalid = make_domain("a");
    struct slu_record none = make_domain("");

    invalid.kind = SLU_RECORD_INVALID_DOMAIN;
    cr_assert_lt(slu_record_compare(&a, &ab), 0);
    cr_assert_gt(slu_record_compare(&b, &ab), 0);
    cr_assert_lt(slu_record_compare(&b, &high), 0);
    cr_assert_lt(slu_record_compare(&high, &invalid), 0);
    cr_assert_lt(slu_record_compare(&none, &a), 0);
    cr_assert_eq(slu_record_compare(&a, &a), 0);
}

Test(record, addresses_sort_by_number_and_come_back)
{
    struct slu_cidr small = {0x01020304, 32};
    struct slu_cidr large = {0xfffefdfc, 30};
    char small_key[SLU_RECORD_IP_KEY_LEN];
    char large_key[SLU_RECORD_IP_KEY_LEN];
    struct slu_record a = {.kind = SLU_RECORD_IP};
    struct slu_record b = {.kind = SLU_RECORD_IP};

    slu_record_key_from_cidr(small, small_key);
    slu_record_key_from_cidr(large, large_key);
    a.key = slu_view_make(small_key, 5);
    b.key = slu_view_make(large_key, 5);
    cr_assert_lt(slu_record_compare(&a, &b), 0);
    cr_assert_eq(slu_record_cidr(&b).address, 0xfffefdfc);
    cr_assert_eq(slu_record_cidr(&b).prefix, 30);
    cr_assert_eq(memcmp(small_key, address_key, 5), 0);
}

/* ---- merge ---- */

Test(record, merge_is_commutative_associative_and_idempotent)
{
    for (unsigned i = 0; i < 200000; i++) {
        enum slu_record_kind kind = draw(SLU_RECORD_KIND_COUNT);
        struct slu_record a = make_random(kind);
        struct slu_record b = make_random(kind);
        struct slu_record c = make_random(kind);
        struct slu_record ab = merge(a, b);
        struct slu_record ba = merge(b, a);
        struct slu_record left = merge(ab, c);
        struct slu_record right = merge(a, merge(b, c));
        struct slu_record again = merge(ab, b);

        cr_assert(equal(&ab, &ba), "commutative, %u", i);
        cr_assert(equal(&left, &right), "associative, %u", i);
        cr_assert(equal(&again, &ab), "idempotent, %u", i);
    }
}

Test(record, merge_takes_the_span_and_the_union)
{
    struct slu_record a = make_domain("a.example");
    struct slu_record b = a;

    a.first_seen = 10;
    a.last_seen = 20;
    b.first_seen = 5;
    b.last_seen = 15;
    b.sources = SLU_SOURCE_LIST_FIRST;
    slu_record_merge(&a, &b);
    cr_assert_eq(a.first_seen, 5);
    cr_assert_eq(a.last_seen, 20);
    cr_assert_eq(a.sources, SLU_SOURCE_STREAM | SLU_SOURCE_LIST_FIRST);
}

Test(record, merge_takes_the_newest_assessment_even_a_milder_one)
{
    struct slu_record a = make_domain("a.example");
    struct slu_record b = a;

    a.verdict = SLU_VERDICT_MALICIOUS;
    a.score = 90;
    a.assessed_at = 100;
    b.verdict = SLU_VERDICT_BENIGN;
    b.score = 0;
    b.assessed_at = 101;
    slu_record_merge(&a, &b);
    cr_assert_eq(a.verdict, SLU_VERDICT_BENIGN);
    cr_assert_eq(a.score, 0);
    cr_assert_eq(a.assessed_at, 101);
}

Test(record, merge_never_lets_a_missing_assessment_win)
{
    struct slu_record a = make_domain("a.example");
    struct slu_record b = a;

    b.last_seen += 1000;
    a.verdict = SLU_VERDICT_UNKNOWN; /* the lowest, of the earliest time */
    a.assessed_at = 0;
    slu_record_merge(&b, &a);
    cr_assert_eq(b.verdict, SLU_VERDICT_UNKNOWN);
    slu_record_merge(&a, &b);
    cr_assert_eq(a.verdict, SLU_VERDICT_UNKNOWN);
}

Test(record, merge_keeps_a_place_and_of_two_the_smaller)
{
    struct slu_record a = make_domain("a.example");
    struct slu_record b = a;

    b.place_file = 2;
    b.place_seat = 0;
    slu_record_merge(&a, &b);
    cr_assert_eq(a.place_file, 2);
    b.place_file = 1;
    b.place_seat = 7;
    slu_record_merge(&a, &b);
    cr_assert_eq(a.place_file, 1);
    cr_assert_eq(a.place_seat, 7);
    b.place_file = 0;
    b.place_seat = 0;
    slu_record_merge(&a, &b);
    cr_assert_eq(a.place_file, 1);
}

Test(record, merge_takes_the_reason_of_the_newest_sighting)
{
    struct slu_record a = make_domain("a");
    struct slu_record b = a;

    a.kind = SLU_RECORD_INVALID_DOMAIN;
    b.kind = SLU_RECORD_INVALID_DOMAIN;
    a.reason = SLU_REASON_ALLOWED;
    b.reason = SLU_REASON_DOMAIN_TLD;
    b.last_seen = a.last_seen + 1;
    slu_record_merge(&a, &b);
    cr_assert_eq(a.reason, SLU_REASON_DOMAIN_TLD);
}

Test(record, tells_an_embedder_all_but_its_place)
{
    struct slu_record record = {
        .kind = SLU_RECORD_IP,
        .verdict = SLU_VERDICT_MALICIOUS,
        .score = 88,
        .sources = SLU_SOURCE_STREAM,
        .first_seen = 11,
        .last_seen = 22,
        .assessed_at = 33,
        .place_file = 2,
    };
    struct slu_indicator told =
        slu_record_indicator(&record, slu_view_str("192.0.2.1"));

    cr_assert_eq(told.kind, SLU_KIND_IP);
    cr_assert(slu_view_equal_str(told.value, "192.0.2.1"));
    cr_assert_eq(told.verdict, SLU_VERDICT_MALICIOUS);
    cr_assert_eq(told.score, 88);
    cr_assert_eq(told.sources, SLU_SOURCE_STREAM);
    cr_assert_eq(told.first_seen, 11);
    cr_assert_eq(told.last_seen, 22);
    cr_assert_eq(told.assessed_at, 33);
}

Test(record, knows_what_an_invalid_value_was_to_be)
{
    static const enum slu_kind kinds[SLU_RECORD_KIND_COUNT] = {
        SLU_KIND_IP, SLU_KIND_DOMAIN, SLU_KIND_IP, SLU_KIND_DOMAIN};

    for (unsigned i = 0; i < SLU_RECORD_KIND_COUNT; i++) {
        struct slu_record record = {.kind = (enum slu_record_kind)i};

        cr_assert_eq(slu_record_indicator_kind(&record), kinds[i]);
        cr_assert_eq(slu_record_is_valid(&record), i < 2);
    }
}
