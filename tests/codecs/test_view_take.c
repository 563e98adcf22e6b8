/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/view_take.h"

#include <criterion/criterion.h>

static const char *const nothing[] = {"", "a", "/", "stream", "Stream/x"};

static void assert_rest(struct slu_view text, const char *rest)
{
    cr_assert(slu_view_equal_str(text, rest), "\"%.*s\" is left, not \"%s\"",
              SLU_VIEW_ARGS(text), rest);
}

Test(view_take, a_prefix_is_taken_once)
{
    struct slu_view text = slu_view_str("stream/stream/x");

    cr_assert(slu_view_starts_with(text, "stream/"));
    cr_assert(slu_view_take_prefix(&text, "stream/"));
    assert_rest(text, "stream/x");
}

Test(view_take, a_whole_text_is_its_prefix)
{
    struct slu_view text = slu_view_str("done");

    cr_assert(slu_view_take_prefix(&text, "done"));
    assert_rest(text, "");
    cr_assert(slu_view_take_prefix(&text, ""));
    cr_assert_not(slu_view_take_prefix(&text, "d"));
}

Test(view_take, what_is_no_prefix_leaves_the_text)
{
    for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++) {
        struct slu_view text = slu_view_str(nothing[i]);

        cr_assert_not(slu_view_starts_with(text, "stream/"));
        cr_assert_not(slu_view_take_prefix(&text, "stream/"));
        assert_rest(text, nothing[i]);
    }
}

Test(view_take, an_empty_view_without_bytes_is_fine)
{
    struct slu_view text = {0};
    struct slu_view part;
    int64_t number;

    cr_assert(slu_view_take_prefix(&text, ""));
    cr_assert_not(slu_view_take_prefix(&text, "a"));
    cr_assert_not(slu_view_take_until(&text, '/', &part));
    cr_assert_not(slu_view_take_number(&text, &number));
}

Test(view_take, a_part_ends_before_the_first_end)
{
    struct slu_view text = slu_view_str("one//three");
    struct slu_view part;

    cr_assert(slu_view_take_until(&text, '/', &part));
    assert_rest(part, "one");
    cr_assert(slu_view_take_until(&text, '/', &part));
    assert_rest(part, "");
    assert_rest(text, "three");
    cr_assert_not(slu_view_take_until(&text, '/', &part));
    assert_rest(text, "three");
}

Test(view_take, a_number_ends_at_what_is_no_digit)
{
    static const struct {
        const char *text;
        int64_t number;
        const char *rest;
    } cases[] = {
        {"0", 0, ""},
        {"17-18", 17, "-18"},
        {"007 ", 7, " "},
        {"12:", 12, ":"}, /* the byte behind '9' */
        {"12/", 12, "/"}, /* the byte before '0' */
        {"9007199254740992x", INT64_C(1) << 53, "x"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slu_view text = slu_view_str(cases[i].text);
        int64_t number = -1;

        cr_assert(slu_view_take_number(&text, &number), "%s", cases[i].text);
        cr_assert_eq(number, cases[i].number, "%s", cases[i].text);
        assert_rest(text, cases[i].rest);
    }
}

Test(view_take, what_is_no_number_leaves_all)
{
    static const char *const texts[] = {
        "", "-1", " 1", "x1", "9007199254740993", "99999999999999999999999",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slu_view text = slu_view_str(texts[i]);
        int64_t number = -1;

        cr_assert_not(slu_view_take_number(&text, &number), "%s", texts[i]);
        cr_assert_eq(number, -1, "%s", texts[i]);
        assert_rest(text, texts[i]);
    }
}
