/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_split.h"
#include "codecs/value_split.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define VALUE_MAX 100

/* What came out, as text: "1:{}|3:TOO_LONG|". */
struct outcome {
    char text[20000];
    size_t len;
    enum slu_line_kind last;
};

static void note(struct outcome *outcome, const struct slu_line *value)
{
    bool record = outcome->last == SLU_LINE_RECORD;

    /* The padding must be readable; ASan sees to it. */
    for (unsigned i = 0; i < SLU_JSON_PADDING && record; i++) {
        volatile char byte = value->text.ptr[value->text.len + i];

        (void)byte;
    }
    outcome->len += (size_t)snprintf(
        outcome->text + outcome->len, sizeof(outcome->text) - outcome->len,
        "%u:%.*s|", (unsigned)value->number, record ? (int)value->text.len : 8,
        record ? value->text.ptr : "TOO_LONG");
}

static void drain(struct slu_value_split *split, struct outcome *outcome)
{
    struct slu_line value;

    while ((outcome->last = slu_value_split_next(split, &value)) ==
               SLU_LINE_RECORD ||
           outcome->last == SLU_LINE_TOO_LONG) {
        note(outcome, &value);
    }
}

/* In pieces of 1..piece_max bytes, or exactly -piece_max, each in memory of its
 * own length. */
static void run(struct slu_value_split *split, const char *text, int piece_max,
                struct outcome *outcome)
{
    size_t len = strlen(text);
    size_t at = 0;

    *outcome = (struct outcome){.last = SLU_LINE_MORE};
    while (at < len && outcome->last == SLU_LINE_MORE) {
        size_t piece = piece_max < 0 ? (size_t)-piece_max
                                     : (size_t)(rand() % piece_max + 1);
        char *copy;

        piece = piece < len - at ? piece : len - at;
        copy = malloc(piece);
        memcpy(copy, text + at, piece);
        slu_value_split_feed(split, slu_view_make(copy, piece));
        drain(split, outcome);
        free(copy);
        at += piece;
    }
    if (outcome->last == SLU_LINE_MORE) {
        slu_value_split_finish(split);
        drain(split, outcome);
    }
}

static void check(const char *text, const char *expected)
{
    static const int pieces[] = {-10000, -1, -2, -3, -7, 5, 20, 90};
    static struct outcome outcome;
    struct slu_value_split split;

    slu_value_split_init(&split, slu_alloc_default(), VALUE_MAX);
    for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        slu_value_split_reset(&split);
        run(&split, text, pieces[i], &outcome);
        cr_assert_str_eq(outcome.text, expected, "%s in pieces of %d: %s", text,
                         pieces[i], outcome.text);
        cr_assert_eq(outcome.last, SLU_LINE_MORE);
    }
    slu_value_split_fini(&split);
}

Test(value_split, finds_objects_however_they_stand)
{
    check("", "");
    check(" \r\n\t", "");
    check("{}", "1:{}|");
    check("{\"a\":1}{\"b\":2}", "1:{\"a\":1}|2:{\"b\":2}|");
    check("{\"a\":1}\n{\"b\":2}\r\n", "1:{\"a\":1}|2:{\"b\":2}|");
    check("[{\"a\":1},{\"b\":2}]", "1:{\"a\":1}|2:{\"b\":2}|");
    check("[\n  {\"a\":[1,\n {}]} ,\n {}\n]\n", "1:{\"a\":[1,\n {}]}|2:{}|");
    check("[]", "");
    check("[{}][{}]", "1:{}|2:{}|");
}

Test(value_split, strings_hide_brackets)
{
    check("{\"a\":\"}{\"}{\"b\\\"}\":\"\\\\\"}",
          "1:{\"a\":\"}{\"}|2:{\"b\\\"}\":\"\\\\\"}|");
    check("{\"\\\\\":\"[\"}{}", "1:{\"\\\\\":\"[\"}|2:{}|");
}

Test(value_split, hands_out_what_is_no_object)
{
    check("x{}", "1:x|2:{}|");
    check("null", "1:null|");
    check("\"a\" b\n{}\n5\n", "1:\"a\" b|2:{}|3:5|");
    check("}{}", "1:}|2:{}|");
}

Test(value_split, goes_on_behind_a_line_that_was_cut)
{
    check("{\"a\":\"cut\n{\"b\":2}\n", "1:{\"a\":\"cut|2:{\"b\":2}|");
    check("{\"a\":\"cut\\\n{}", "1:{\"a\":\"cut\\|2:{}|");
    check("{\"a\":{", "1:{\"a\":{|");
    check("{}{\"a\":\"", "1:{}|2:{\"a\":\"|");
}

Test(value_split, tells_of_a_long_one_once_and_goes_on)
{
    char text[1000] = "{}{\"a\":\"";
    char just[VALUE_MAX + 10];
    char expected[VALUE_MAX + 10];

    memset(text + 8, 'x', 200);
    (void)snprintf(text + 208, 100, "{\"}{\"b\":1}");
    check(text, "1:{}|2:TOO_LONG|3:{\"b\":1}|");
    text[208] = '\0';
    check(text, "1:{}|2:TOO_LONG|");
    memset(text, 'x', 300);
    text[300] = '\0';
    check(text, "1:TOO_LONG|");
    (void)snprintf(just, sizeof(just), "{\"%0*d\"}", VALUE_MAX - 4, 0);
    (void)snprintf(expected, sizeof(expected), "1:%s|", just);
    check(just, expected);
    (void)snprintf(just, sizeof(just), "{\"%0*d\"}", VALUE_MAX - 3, 0);
    check(just, "1:TOO_LONG|");
}

Test(value_split, says_when_memory_is_out)
{
    struct failing_alloc failing;
    static struct outcome outcome;
    struct slu_value_split split;

    failing_alloc_init(&failing, 1);
    slu_value_split_init(&split, &failing.alloc, VALUE_MAX);
    run(&split, "{\"a\":1}", -3, &outcome);
    cr_assert_eq(outcome.last, SLU_LINE_NOMEM);
    slu_value_split_fini(&split);
}

Test(value_split, fini_of_nothing_is_fine)
{
    struct slu_value_split split = {0};

    slu_value_split_fini(&split);
}
