/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_memo.h"
#include "codecs/json_paths.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_json_memo memo;

static void set_up(void)
{
    cr_assert_eq(slu_json_memo_init(&memo, slu_alloc_default(), 3), SLU_ERR_OK);
}

static void tear_down(void)
{
    slu_json_memo_fini(&memo);
}

TestSuite(json_memo, .init = set_up, .fini = tear_down);

/* The name is the last six bytes; eight more are readable. */
static unsigned find(unsigned node, const char *text)
{
    struct slu_json_line line = {.before = (uint8_t)(strlen(text) - 6),
                                 .after = 6,
                                 .tokens = 1,
                                 .from = node,
                                 .node = 2,
                                 .child = 7};
    char padded[80] = {0};

    memcpy(padded, text, strlen(text));
    return slu_json_memo_find(&memo, padded, &line);
}

Test(json_memo, finds_a_line_again)
{
    unsigned a = find(1, ",  \"abc\":");
    unsigned b = find(1, ",  \"abd\":");

    cr_assert(a != 0 && b != 0 && a != b);
    cr_assert_eq(find(1, ",  \"abc\":"), a);
    cr_assert_eq(find(1, ",  \"abd\":"), b);
    cr_assert_eq(memo.lines[a].before, 3);
    cr_assert_eq(memo.lines[a].after, 6);
    cr_assert_eq(memo.lines[a].child, 7);
    cr_assert_eq(memo.lines[a].from, 1);
    cr_assert_eq(memo.lines[a].node, 2);
    cr_assert_eq(memo.lines[a].tokens, 1);
    cr_assert_eq(memo.lines[a].next, 0);
    cr_assert_eq(memo.lines[a].mask, 0x1ff);
    cr_assert_eq(memcmp(memo.lines[a].text, ",  \"abc\":", 9), 0);
}

Test(json_memo, keeps_nodes_and_white_space_apart)
{
    unsigned a = find(1, ",\"abc\":");

    cr_assert_neq(find(2, ",\"abc\":"), a);
    cr_assert_neq(find(1, ", \"abc\":"), a);
    cr_assert_neq(find(1, "\"abc\":"), a);
}

/* What is behind the quote that ends the name may be anything. */
Test(json_memo, has_all_that_a_line_has_in_one_bucket)
{
    static const char *const same[][3] = {
        {"\"id\":\"8a", "\"id\":\"9b", "\"id\" : 1,\"x\""},
        {"},\"id\":12", "},\"id\":\"1", "},\"id\" : {"},
        {"\"\":123456", "\"\": 12345", "\"\" :\"x\"y"},
        {"\"longname\":1", "\"longname\":2", "\"longname_too\":1"},
    };

    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        unsigned bucket = slu_json_memo_bucket(3, same[i][0]);

        cr_assert_lt(bucket, SLU_JSON_MEMO_BUCKETS);
        cr_assert_eq(slu_json_memo_bucket(3, same[i][1]), bucket);
        cr_assert_eq(slu_json_memo_bucket(3, same[i][2]), bucket);
        cr_assert_neq(slu_json_memo_bucket(4, same[i][0]), bucket);
    }
    cr_assert_neq(slu_json_memo_bucket(3, "\"ida\":\"8"),
                  slu_json_memo_bucket(3, same[0][0]));
}

Test(json_memo, has_no_line_for_what_is_too_long)
{
    char text[80];
    struct slu_json_line line = {.before = 58, .after = 6};

    memset(text, ' ', sizeof(text));
    cr_assert_neq(slu_json_memo_find(&memo, text, &line), 0);
    line.after = 7;
    cr_assert_eq(slu_json_memo_find(&memo, text, &line), 0);
}

Test(json_memo, forgets_between_texts_when_it_is_full)
{
    char text[20];
    unsigned first = 0;

    for (unsigned i = 0; i < SLU_JSON_MEMO_MAX; i++) {
        (void)snprintf(text, sizeof(text), ",\"%03u\":", i);
        cr_assert_neq(find(0, text), 0);
        first = i == 0 ? find(0, text) : first;
        if (i + 1 < SLU_JSON_MEMO_MAX) {
            slu_json_memo_start(&memo);
        }
    }
    cr_assert_eq(first, 1);
    cr_assert_eq(find(0, ",\"new\":"), 0);
    slu_json_memo_start(&memo);
    for (unsigned i = 0; i < SLU_JSON_MEMO_BUCKETS; i++) {
        cr_assert_eq(memo.buckets[i], 0);
    }
    cr_assert_eq(find(0, ",\"new\":"), 1);
    cr_assert_eq(memo.lines[1].sibling, 0);
}

Test(json_memo, begins_with_a_line_that_no_text_equals)
{
    cr_assert_eq(memo.lines[0].mask, 1);
    cr_assert_eq(memo.lines[0].text[0], 0);
    cr_assert_eq(memo.lines[0].before, 0);
}

Test(json_memo, says_so_when_memory_is_short)
{
    struct failing_alloc failing;
    struct slu_json_memo other;

    failing_alloc_init(&failing, 1);
    cr_assert_eq(slu_json_memo_init(&other, &failing.alloc, 3), SLU_ERR_NOMEM);
    slu_json_memo_fini(&other);
}
