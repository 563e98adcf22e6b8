/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_split.h"
#include "codecs/line_split.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 100

/* What came out, as text: "1:abc|3:TOO_LONG|". */
struct outcome {
    char text[20000];
    size_t len;
    enum slu_line_kind last;
};

static void note(struct outcome *outcome, enum slu_line_kind kind,
                 const struct slu_line *line)
{
    /* The padding must be readable; ASan sees to it. */
    for (unsigned i = 0; i < SLU_JSON_PADDING && kind == SLU_LINE_RECORD; i++) {
        volatile char byte = line->text.ptr[line->text.len + i];

        (void)byte;
    }
    outcome->len += (size_t)snprintf(
        outcome->text + outcome->len, sizeof(outcome->text) - outcome->len,
        "%u:%.*s|", (unsigned)line->number,
        kind == SLU_LINE_TOO_LONG ? 8 : (int)line->text.len,
        kind == SLU_LINE_TOO_LONG ? "TOO_LONG" : line->text.ptr);
}

static void drain(struct slu_line_split *split, struct outcome *outcome)
{
    struct slu_line line;

    while ((outcome->last = slu_line_split_next(split, &line)) ==
               SLU_LINE_RECORD ||
           outcome->last == SLU_LINE_TOO_LONG) {
        note(outcome, outcome->last, &line);
    }
}

/* Pieces of 1..piece_max bytes, or exactly -piece_max, each in memory of its
 * own length. */
static void run(struct slu_line_split *split, const char *text, size_t len,
                int piece_max, struct outcome *outcome)
{
    size_t at = 0;

    outcome->len = 0;
    outcome->text[0] = '\0';
    outcome->last = SLU_LINE_MORE;
    while (at < len && outcome->last == SLU_LINE_MORE) {
        size_t piece = piece_max < 0 ? (size_t)-piece_max
                                     : (size_t)(rand() % piece_max + 1);
        char *copy;

        piece = piece < len - at ? piece : len - at;
        copy = malloc(piece);
        memcpy(copy, text + at, piece);
        slu_line_split_feed(split, slu_view_make(copy, piece));
        drain(split, outcome);
        free(copy);
        at += piece;
    }
    if (outcome->last == SLU_LINE_MORE) {
        slu_line_split_finish(split);
        drain(split, outcome);
    }
}

static void check(const char *text, const char *expected)
{
    static const int pieces[] = {-10000, -1, -2, -3, -7, 5, 20, 90};
    static struct outcome outcome;
    struct slu_line_split split;

    slu_line_split_init(&split, slu_alloc_default(), LINE_MAX_BYTES);
    for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        run(&split, text, strlen(text), pieces[i], &outcome);
        cr_assert_str_eq(outcome.text, expected, "pieces of %d", pieces[i]);
        cr_assert_eq(outcome.last, SLU_LINE_MORE);
        slu_line_split_reset(&split);
    }
    slu_line_split_fini(&split);
}

Test(line_split, hands_out_every_line_with_its_number)
{
    check("", "");
    check("a", "1:a|");
    check("a\n", "1:a|");
    check("a\nbb\nccc", "1:a|2:bb|3:ccc|");
    check("{\"a\":\"b\\n\"}\n{}\n", "1:{\"a\":\"b\\n\"}|2:{}|");
}

Test(line_split, takes_either_end_and_passes_over_blanks)
{
    check("a\r\nb\r\n", "1:a|2:b|");
    check("a\r", "1:a|");
    check("\n\n \t\na\n\r\n\nb\n\n  ", "4:a|7:b|");
    check("a\r\r\nb", "1:a\r|2:b|");
}

static const char *fill(char *out, unsigned len, const char *end)
{
    memset(out, 'x', len);
    memcpy(out + len, end, strlen(end) + 1);
    return out;
}

Test(line_split, holds_lines_up_to_the_limit_and_tells_longer_ones_once)
{
    char text[2000];
    char expected[2000];

    for (unsigned crlf = 0; crlf < 2; crlf++) {
        char end[10];

        (void)snprintf(end, sizeof(end), "%s\ny\n", crlf ? "\r" : "");
        (void)snprintf(expected, sizeof(expected), "1:%s|2:y|",
                       fill(text, LINE_MAX_BYTES, ""));
        check(fill(text, LINE_MAX_BYTES, end), expected);
        check(fill(text, LINE_MAX_BYTES + 1, end), "1:TOO_LONG|2:y|");
        check(fill(text, 1000, end), "1:TOO_LONG|2:y|");
    }
    check(fill(text, 1000, ""), "1:TOO_LONG|");
    check(fill(text, LINE_MAX_BYTES, "\rz\ny"), "1:TOO_LONG|2:y|");
    (void)snprintf(expected, sizeof(expected), "a\n%s",
                   fill(text, 500, "\nb\n"));
    check(expected, "1:a|2:TOO_LONG|3:b|");
}

/* A bomb in one line must not be held. */
Test(line_split, memory_stays_within_the_limit)
{
    static char block[50000];
    struct slu_line_split split;
    struct slu_line line;
    unsigned told = 0;

    memset(block, 'x', sizeof(block));
    slu_line_split_init(&split, slu_alloc_default(), LINE_MAX_BYTES);
    for (unsigned i = 0; i < 100; i++) {
        enum slu_line_kind kind;

        slu_line_split_feed(&split, slu_view_make(block, sizeof(block)));
        while ((kind = slu_line_split_next(&split, &line)) != SLU_LINE_MORE) {
            cr_assert_eq(kind, SLU_LINE_TOO_LONG);
            told++;
        }
        cr_assert_leq(split.carry.capacity,
                      LINE_MAX_BYTES + 1 + SLU_JSON_PADDING);
    }
    cr_assert_eq(told, 1);
    slu_line_split_fini(&split);
}

Test(line_split, only_a_line_that_straddles_is_copied)
{
    static const char text[] = "{\"id\":1}\n"
                               "..............................................."
                               "........................."
                               "\nend";
    struct slu_line_split split;
    struct slu_line line;

    slu_line_split_init(&split, slu_alloc_default(), 1000);
    slu_line_split_feed(&split, slu_view_make(text, sizeof(text) - 1));
    cr_assert_eq(slu_line_split_next(&split, &line), SLU_LINE_RECORD);
    cr_assert_eq(line.text.ptr, text);
    cr_assert_eq(slu_line_split_next(&split, &line), SLU_LINE_RECORD);
    cr_assert_neq(line.text.ptr, text + 9);
    cr_assert_eq(slu_line_split_next(&split, &line), SLU_LINE_MORE);
    slu_line_split_finish(&split);
    cr_assert_eq(slu_line_split_next(&split, &line), SLU_LINE_RECORD);
    cr_assert(slu_view_equal_str(line.text, "end"));
    cr_assert_eq(slu_line_split_next(&split, &line), SLU_LINE_MORE);
    slu_line_split_fini(&split);
    slu_line_split_fini(&(struct slu_line_split){0});
}

/* Lines of random lengths come out the same at any cuts. */
Test(line_split, random_cuts_change_nothing)
{
    static char text[8000];
    static struct outcome whole;
    static struct outcome cut;
    struct slu_line_split split;

    slu_line_split_init(&split, slu_alloc_default(), LINE_MAX_BYTES);
    for (unsigned round = 0; round < 200; round++) {
        size_t len = (size_t)(rand() % 4000);

        for (size_t i = 0; i < len; i++) {
            int chance = rand() % 60;

            text[i] = chance == 0   ? '\n'
                      : chance == 1 ? '\r'
                      : chance == 2 ? ' '
                                    : (char)('a' + i % 26);
        }
        run(&split, text, len, -8000, &whole);
        slu_line_split_reset(&split);
        run(&split, text, len, 200, &cut);
        slu_line_split_reset(&split);
        cr_assert_str_eq(whole.text, cut.text);
    }
    slu_line_split_fini(&split);
}

Test(line_split, no_memory_is_said_and_reset_mends_it)
{
    static struct outcome outcome;
    struct failing_alloc failing;
    struct slu_line_split split;

    for (unsigned n = 1; n <= 2; n++) {
        char text[400];

        failing_alloc_init(&failing, n);
        slu_line_split_init(&split, &failing.alloc, 5000);
        run(&split, fill(text, 300, "\n"), 301, -30, &outcome);
        cr_assert_eq(outcome.last, SLU_LINE_NOMEM, "%u", n);
        slu_line_split_reset(&split);
        run(&split, "a\n", 2, -2, &outcome);
        cr_assert_str_eq(outcome.text, "1:a|");
        slu_line_split_fini(&split);
        cr_assert_eq(failing.live, 0);
    }
}
