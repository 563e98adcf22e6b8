/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/lists.h"

#include <criterion/criterion.h>

#define RECORDS_MAX 16
#define NOW 1754542800

struct taken {
    struct slu_record records[RECORDS_MAX];
    char keys[RECORDS_MAX][SLU_RECORD_KEY_MAX];
    unsigned count;
    unsigned fail_at; /* 1 is the first; 0: never */
};

static enum slu_err keep_record(void *ctx, const struct slu_record *record)
{
    struct taken *taken = ctx;
    unsigned i = taken->count;

    if (taken->fail_at == i + 1) {
        return SLU_ERR_IO;
    }
    cr_assert_lt(i, RECORDS_MAX);
    taken->records[i] = *record;
    memcpy(taken->keys[i], record->key.ptr, record->key.len);
    taken->records[i].key.ptr = taken->keys[i];
    taken->count++;
    return SLU_ERR_OK;
}

static struct taken take(enum slu_kind kind, unsigned index, const char *text)
{
    struct taken taken = {.count = 0};
    struct slu_take_over options = {kind, index, NOW, &taken, keep_record};

    cr_assert_eq(slu_lists_take_over(&options, slu_view_str(text)), SLU_ERR_OK);
    for (unsigned i = 0; i < taken.count; i++) {
        cr_assert_eq(taken.records[i].sources, SLU_SOURCE_TAKEN_OVER);
        cr_assert_eq(taken.records[i].first_seen, NOW);
        cr_assert_eq(taken.records[i].last_seen, NOW);
        cr_assert_eq(taken.records[i].verdict, SLU_VERDICT_NONE);
        cr_assert_eq(taken.records[i].score, 0);
        cr_assert_eq(taken.records[i].assessed_at, 0);
    }
    return taken;
}

static void assert_ip(const struct taken *taken, unsigned i, uint32_t address,
                      uint8_t prefix, uint32_t seat)
{
    struct slu_record record = taken->records[i];
    struct slu_cidr cidr;

    record.key.ptr = taken->keys[i];
    cr_assert_eq(record.kind, SLU_RECORD_IP);
    cidr = slu_record_cidr(&record);
    cr_assert_eq(cidr.address, address);
    cr_assert_eq(cidr.prefix, prefix);
    cr_assert_eq(record.place_seat, seat);
}

static void assert_text(const struct taken *taken, unsigned i,
                        enum slu_record_kind kind, const char *key)
{
    cr_assert_eq(taken->records[i].kind, kind);
    cr_assert(slu_view_equal_str(
        slu_view_make(taken->keys[i], taken->records[i].key.len), key));
}

Test(take_over, an_empty_file_has_no_records)
{
    cr_assert_eq(take(SLU_KIND_IP, 0, "").count, 0);
    cr_assert_eq(take(SLU_KIND_DOMAIN, 5, "\n\r\n\n").count, 0);
}

Test(take_over, every_line_keeps_its_file_and_its_line)
{
    struct taken taken = take(SLU_KIND_IP, 2, "1.2.3.4\n5.6.0.0/16\n9.9.9.9");

    cr_assert_eq(taken.count, 3);
    assert_ip(&taken, 0, 0x01020304, 32, 0);
    assert_ip(&taken, 1, 0x05060000, 16, 1);
    assert_ip(&taken, 2, 0x09090909, 32, 2);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(taken.records[i].place_file, 3);
    }
}

Test(take_over, lines_become_canonical)
{
    struct taken ips = take(SLU_KIND_IP, 0, "1.2.3.4/32\r\n5.6.7.8/24\r\n");
    struct taken names =
        take(SLU_KIND_DOMAIN, 5, "Evil.Example.COM\n*.b.net.\n");

    cr_assert_eq(ips.count, 2);
    assert_ip(&ips, 0, 0x01020304, 32, 0);
    assert_ip(&ips, 1, 0x05060700, 24, 1);
    cr_assert_eq(names.count, 2);
    assert_text(&names, 0, SLU_RECORD_DOMAIN, "evil.example.com");
    assert_text(&names, 1, SLU_RECORD_DOMAIN, "*.b.net");
    cr_assert_eq(names.records[1].place_file, 6);
    cr_assert_eq(names.records[1].place_seat, 1);
}

Test(take_over, two_spellings_become_one_record_with_the_first_place)
{
    struct taken taken = take(SLU_KIND_DOMAIN, 1, "a.com\nb.com\nA.COM\n");
    struct slu_record first = taken.records[0];
    struct slu_record last = taken.records[2];

    first.key.ptr = taken.keys[0];
    last.key.ptr = taken.keys[2];
    cr_assert_eq(taken.count, 3);
    cr_assert_eq(slu_record_compare(&first, &last), 0);
    slu_record_merge(&last, &first);
    cr_assert_eq(last.place_file, 2);
    cr_assert_eq(last.place_seat, 0);
}

Test(take_over, what_is_not_valid_is_an_invalid_record_without_a_place)
{
    struct taken ips =
        take(SLU_KIND_IP, 0, "1.2.3.4\nexample.com\n01.2.3.4\n::1\n5.6.7.8\n");
    struct taken names =
        take(SLU_KIND_DOMAIN, 0, "http://a.com/\na_b.com\nok.com\n1.2.3.4\n");

    cr_assert_eq(ips.count, 5);
    assert_text(&ips, 1, SLU_RECORD_INVALID_IP, "example.com");
    cr_assert_eq(ips.records[1].reason, SLU_REASON_IP_SYNTAX);
    cr_assert_eq(ips.records[2].reason, SLU_REASON_IP_LEADING_ZERO);
    cr_assert_eq(ips.records[3].reason, SLU_REASON_IPV6);
    cr_assert_eq(ips.records[1].place_file, 0);
    /* The valid ones around them stay on their lines. */
    assert_ip(&ips, 4, 0x05060708, 32, 4);
    cr_assert_eq(names.count, 4);
    cr_assert_eq(names.records[0].reason, SLU_REASON_URL);
    cr_assert_eq(names.records[1].reason, SLU_REASON_DOMAIN_UNDERSCORE);
    cr_assert_eq(names.records[3].reason, SLU_REASON_IP_AS_DOMAIN);
    assert_text(&names, 2, SLU_RECORD_DOMAIN, "ok.com");
    cr_assert_eq(names.records[2].place_seat, 2);
}

Test(take_over, stops_at_the_first_record_that_is_refused)
{
    for (unsigned fail_at = 1; fail_at <= 3; fail_at++) {
        struct taken taken = {.fail_at = fail_at};
        struct slu_take_over options = {SLU_KIND_IP, 0, NOW, &taken,
                                        keep_record};

        cr_assert_eq(slu_lists_take_over(
                         &options, slu_view_str("1.1.1.1\n2.2.2.2\n3.3.3.3\n")),
                     SLU_ERR_IO);
        cr_assert_eq(taken.count, fail_at - 1);
    }
}
