/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/checks.h"
#include "engine/taken_lines.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_taken_lines lines;

static void open_lines(enum slu_kind kind, unsigned index, const char *text)
{
    cr_assert_eq(slu_taken_lines_open(&lines, slu_alloc_default(), kind, index,
                                      slu_view_str(text)),
                 SLU_ERR_OK);
}

static void stop(void)
{
    slu_taken_lines_close(&lines);
}

TestSuite(taken_lines, .fini = stop);

static struct slu_record record_of(enum slu_kind kind, const char *value)
{
    static char scratch[8][SLU_VALUE_MAX];
    static unsigned turn;
    struct slu_record record = {.place_file = 9, .place_seat = 9};

    turn = (turn + 1) % 8;
    (void)slu_check_value(kind, slu_view_str(value), scratch[turn], &record);
    return record;
}

static bool is_new(enum slu_kind kind, const char *value)
{
    struct slu_record record = record_of(kind, value);

    return slu_taken_lines_is_new(&lines, &record);
}

Test(taken_lines, all_are_new_where_nothing_is_known)
{
    open_lines(SLU_KIND_DOMAIN, 0, "b.example\na.example\n");
    cr_assert(is_new(SLU_KIND_DOMAIN, "a.example"));
    cr_assert(is_new(SLU_KIND_DOMAIN, "b.example"));
}

Test(taken_lines, one_that_the_state_has_is_known_and_takes_its_place)
{
    struct slu_record record = record_of(SLU_KIND_DOMAIN, "a.example");
    struct slu_record stranger = record_of(SLU_KIND_DOMAIN, "c.example");

    record.last_seen = 77;
    open_lines(SLU_KIND_DOMAIN, 2, "b.example\nA.Example.\nb.example\n");
    cr_assert(slu_taken_lines_meet(&lines, &record));
    cr_assert_eq(record.place_file, 3);
    cr_assert_eq(record.place_seat, 1);
    cr_assert_eq(record.last_seen, 77);
    cr_assert_eq(record.sources, 0);
    cr_assert_not(is_new(SLU_KIND_DOMAIN, "a.example"));
    cr_assert(is_new(SLU_KIND_DOMAIN, "b.example"));
    /* Again, it stands where it stood. */
    cr_assert_not(slu_taken_lines_meet(&lines, &record));
    cr_assert_not(slu_taken_lines_meet(&lines, &stranger));
    cr_assert_eq(stranger.place_file, 9);
}

Test(taken_lines, of_a_line_that_stands_twice_the_first_place_counts)
{
    struct slu_record record = record_of(SLU_KIND_IP, "1.1.1.1");

    open_lines(SLU_KIND_IP, 0, "9.9.9.9\n1.1.1.1\n2.2.2.0/24\n1.1.1.1/32\n");
    cr_assert(slu_taken_lines_meet(&lines, &record));
    cr_assert_eq(record.place_seat, 1);
    cr_assert_not(is_new(SLU_KIND_IP, "1.1.1.1"));
    cr_assert(is_new(SLU_KIND_IP, "2.2.2.0/24"));
}

Test(taken_lines, what_stood_there_before_is_no_news)
{
    open_lines(SLU_KIND_IP, 0, "1.1.1.1\n2.2.2.2\n3.3.3.3\n");
    cr_assert_eq(slu_taken_lines_note_text(&lines, SLU_KIND_IP,
                                           slu_view_str("2.2.2.2\n4.4.4.4\n")),
                 SLU_ERR_OK);
    cr_assert(is_new(SLU_KIND_IP, "1.1.1.1"));
    cr_assert_not(is_new(SLU_KIND_IP, "2.2.2.2"));
    cr_assert(is_new(SLU_KIND_IP, "3.3.3.3"));
}

Test(taken_lines, values_that_are_none_are_told_apart_too)
{
    struct slu_record record = record_of(SLU_KIND_IP, "no address");

    open_lines(SLU_KIND_IP, 0, "no address\nneither\n");
    record.place_file = 0;
    record.place_seat = 0;
    cr_assert_not(slu_taken_lines_meet(&lines, &record));
    cr_assert_not(is_new(SLU_KIND_IP, "no address"));
    cr_assert(is_new(SLU_KIND_IP, "neither"));
}

Test(taken_lines, an_empty_list_has_none)
{
    struct slu_record record = record_of(SLU_KIND_IP, "1.1.1.1");

    open_lines(SLU_KIND_IP, 0, "");
    cr_assert_not(slu_taken_lines_meet(&lines, &record));
    cr_assert(is_new(SLU_KIND_IP, "1.1.1.1"));
    cr_assert_eq(
        slu_taken_lines_note_text(&lines, SLU_KIND_IP, slu_view_make("", 0)),
        SLU_ERR_OK);
}

Test(taken_lines, finds_each_of_many)
{
    static char text[200000];
    size_t len = 0;

    for (unsigned i = 0; i < 10000; i++) {
        unsigned mixed = i * 7919 % 10000;

        len += (size_t)snprintf(text + len, sizeof(text) - len, "45.1.%u.%u\n",
                                mixed / 100, mixed % 100);
    }
    open_lines(SLU_KIND_IP, 1, text);
    for (unsigned i = 0; i < 10000; i++) {
        char value[20];
        struct slu_record record;

        (void)snprintf(value, sizeof(value), "45.1.%u.%u", i / 100, i % 100);
        record = record_of(SLU_KIND_IP, value);
        cr_assert(slu_taken_lines_meet(&lines, &record));
        cr_assert_eq(record.place_seat * 7919 % 10000, i);
    }
}

Test(taken_lines, every_allocation_may_fail)
{
    unsigned failed = 0;

    for (unsigned n = 1; n < 20; n++) {
        struct failing_alloc alloc;
        enum slu_err err;

        failing_alloc_init(&alloc, n);
        err = slu_taken_lines_open(&lines, &alloc.alloc, SLU_KIND_IP, 0,
                                   slu_view_str("1.1.1.1\n2.2.2.2\n"));
        slu_taken_lines_close(&lines);
        cr_assert_eq(alloc.live, 0);
        if (err == SLU_ERR_OK) {
            break;
        }
        cr_assert_eq(err, SLU_ERR_NOMEM);
        failed++;
    }
    cr_assert_geq(failed, 2);
    lines.alloc = slu_alloc_default();
}
