/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what two texts of lines don't share. */
#include "codecs/line_diff.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slu_line_diff diff(const char *before, const char *after)
{
    struct slu_line_diff out;

    cr_assert_eq(slu_line_diff(slu_alloc_default(), slu_view_str(before),
                               slu_view_str(after), NULL, NULL, &out),
                 SLU_ERR_OK);
    return out;
}

static void expect(const char *before, const char *after, uint64_t added,
                   uint64_t removed)
{
    struct slu_line_diff out = diff(before, after);

    cr_assert_eq(out.added, added, "%s -> %s: added %llu", before, after,
                 (unsigned long long)out.added);
    cr_assert_eq(out.removed, removed, "%s -> %s: removed %llu", before, after,
                 (unsigned long long)out.removed);
}

Test(line_diff, counts_what_only_one_text_has)
{
    expect("", "", 0, 0);
    expect("a\n", "a\n", 0, 0);
    expect("", "a\nb\n", 2, 0);
    expect("a\nb\n", "", 0, 2);
    expect("a\nb\nc\n", "b\nd\n", 1, 2);
}

Test(line_diff, heeds_neither_order_nor_a_missing_last_line_end)
{
    expect("a\nb\nc", "c\na\nb\n", 0, 0);
    expect("b\na", "a\nb", 0, 0);
}

Test(line_diff, counts_each_of_equal_lines)
{
    expect("a\na\n", "a\n", 0, 1);
    expect("\n\n", "\n", 0, 1);
}

Test(line_diff, counts_lines)
{
    cr_assert_eq(slu_line_count(slu_view_str("")), 0);
    cr_assert_eq(slu_line_count(slu_view_str("a")), 1);
    cr_assert_eq(slu_line_count(slu_view_str("a\n")), 1);
    cr_assert_eq(slu_line_count(slu_view_str("a\n\nb")), 3);
}

/* Of two random sets of numbers, by a table that can't be wrong. */
Test(line_diff, agrees_with_a_table_over_random_sets)
{
    enum { NUMBERS = 200 };

    srand(7);
    for (int round = 0; round < 200; round++) {
        bool in[2][NUMBERS];
        char text[2][NUMBERS * 6] = {"", ""};
        uint64_t added = 0;
        uint64_t removed = 0;

        for (int i = 0; i < NUMBERS; i++) {
            for (int side = 0; side < 2; side++) {
                /* The second text has them from the other end. */
                int number = side == 0 ? i : NUMBERS - 1 - i;
                size_t len = strlen(text[side]);

                in[side][number] = rand() % 3 != 0;
                if (in[side][number]) {
                    (void)snprintf(text[side] + len, sizeof(text[side]) - len,
                                   "%d\n", number);
                }
            }
        }
        for (int i = 0; i < NUMBERS; i++) {
            added += in[1][i] && !in[0][i];
            removed += in[0][i] && !in[1][i];
        }
        expect(text[0], text[1], added, removed);
    }
}

Test(line_diff, says_that_memory_is_out)
{
    for (unsigned n = 1; n <= 2; n++) {
        struct failing_alloc failing;
        struct slu_line_diff out;

        failing_alloc_init(&failing, n);
        cr_assert_eq(slu_line_diff(&failing.alloc, slu_view_str("a\n"),
                                   slu_view_str("b\n"), NULL, NULL, &out),
                     SLU_ERR_NOMEM, "allocation %u", n);
    }
}

static void note_line(void *ctx, bool added, struct slu_view line)
{
    char *text = ctx;
    size_t len = strlen(text);

    (void)snprintf(text + len, 200 - len, "%c%.*s ", added ? '+' : '-',
                   SLU_VIEW_ARGS(line));
}

Test(line_diff, names_the_lines_in_their_order)
{
    char text[200] = "";
    struct slu_line_diff out;

    cr_assert_eq(slu_line_diff(slu_alloc_default(), slu_view_str("z\nb\na\n"),
                               slu_view_str("n\nb\nm"), note_line, text, &out),
                 SLU_ERR_OK);
    cr_assert_str_eq(text, "-z -a +n +m ");
    cr_assert_eq(out.added, 2);
    cr_assert_eq(out.removed, 2);
}

Test(line_diff, names_every_line_where_the_other_text_is_empty)
{
    char text[200] = "";
    struct slu_line_diff out;

    cr_assert_eq(slu_line_diff(slu_alloc_default(), slu_view_str(""),
                               slu_view_str("a\nb\n"), note_line, text, &out),
                 SLU_ERR_OK);
    cr_assert_str_eq(text, "+a +b ");
}
