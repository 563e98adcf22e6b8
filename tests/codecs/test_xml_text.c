/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/xml_text.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>

static struct slu_view find(const char *text, const char *name)
{
    struct slu_view inner = {"(none)", 6};

    if (!slu_xml_find(slu_view_str(text), name, &inner)) {
        return slu_view_str("(none)");
    }
    return inner;
}

static void check_find(const char *text, const char *name, const char *expected)
{
    cr_assert(slu_view_equal_str(find(text, name), expected),
              "%s in %s: %.*s, expected %s", name, text,
              SLU_VIEW_ARGS(find(text, name)), expected);
}

Test(xml_text, finds_an_element_at_any_depth)
{
    check_find("<a><b>x</b></a>", "a", "<b>x</b>");
    check_find("<a><b>x</b></a>", "b", "x");
    check_find("<?xml version=\"1.0\"?>\n<a xmlns=\"http://s3/\">x</a>", "a",
               "x");
    check_find("<a ><b\n>x</b ></a>", "b", "x");
    check_find("<a></a>", "a", "");
}

Test(xml_text, an_empty_tag_is_empty_text)
{
    check_find("<x><a/><b>y</b></x>", "a", "");
    check_find("<x><a id=\"1\"/></x>", "a", "");
    check_find("<x><a/><b>y</b></x>", "b", "y");
}

Test(xml_text, a_name_is_matched_whole)
{
    check_find("<Keys>no</Keys><Key>yes</Key>", "Key", "yes");
    check_find("<Ke>no</Ke>", "Key", "(none)");
    check_find("<key>no</key>", "Key", "(none)");
}

Test(xml_text, an_element_within_one_of_the_same_name_is_its_content)
{
    check_find("<a><a>x</a>y</a>z", "a", "<a>x</a>y");
    check_find("<a><a/>y</a>z</a>", "a", "<a/>y");
}

Test(xml_text, what_is_not_closed_is_not_there)
{
    static const char whole[] = "<a t='1'><b>x</b></a>";

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct slu_view inner;

        cr_assert_not(slu_xml_find(slu_view_make(whole, len), "a", &inner),
                      "%zu", len);
    }
    check_find("</a>", "a", "(none)");
    check_find("<a", "a", "(none)");
    check_find("<", "a", "(none)");
    check_find("<>x</>", "a", "(none)");
}

Test(xml_text, quotes_hide_brackets_and_comments_hide_tags)
{
    check_find("<a t='<a>' u=\"/>\">x</a>", "a", "x");
    check_find("<!-- <a>no</a> --><a>x</a>", "a", "x");
    check_find("<a>x<!-- </a> -->y</a>", "a", "x<!-- </a> -->y");
    check_find("<!-- <a>no</a>", "a", "(none)");
    check_find("<? <a>no</a>", "a", "(none)");
}

Test(xml_text, next_walks_from_one_to_the_next)
{
    struct slu_view text =
        slu_view_str("<r><c>1</c><d><c>2</c></d><c/><c>4</c></r>");
    static const char *const expected[] = {"1", "2", "", "4"};
    struct slu_view inner;
    size_t at = 0;

    for (unsigned i = 0; i < 4; i++) {
        cr_assert(slu_xml_next(text, "c", &at, &inner));
        cr_assert(slu_view_equal_str(inner, expected[i]), "%u", i);
    }
    cr_assert_not(slu_xml_next(text, "c", &at, &inner));
    at = text.len;
    cr_assert_not(slu_xml_next(text, "c", &at, &inner));
    cr_assert_not(slu_xml_find(slu_view_make(NULL, 0), "c", &inner));
}

static void check_unescape(const char *raw, enum slu_err expected_err,
                           const char *expected)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    cr_assert_eq(slu_buf_append_str(&buf, "+"), SLU_ERR_OK);
    cr_assert_eq(slu_xml_unescape(&buf, slu_view_str(raw)), expected_err, "%s",
                 raw);
    cr_assert(buf.len > 0 && buf.ptr[0] == '+');
    cr_assert(
        slu_view_equal_str(slu_view_make(buf.ptr + 1, buf.len - 1), expected),
        "%s: %.*s", raw, SLU_VIEW_ARGS(slu_buf_view(&buf)));
    slu_buf_fini(&buf);
}

Test(xml_text, resolves_the_five_entities_and_numbers)
{
    check_unescape("", SLU_ERR_OK, "");
    check_unescape("plain", SLU_ERR_OK, "plain");
    check_unescape("&lt;a&gt; &amp; &quot;b&quot; &apos;", SLU_ERR_OK,
                   "<a> & \"b\" '");
    check_unescape("&amp;lt;", SLU_ERR_OK, "&lt;");
    check_unescape("&#65;&#x42;&#x63;", SLU_ERR_OK, "ABc");
    check_unescape("&#xe9;&#8364;&#x1F600;", SLU_ERR_OK,
                   "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    check_unescape("&#x7f;&#x80;&#x7ff;&#x800;&#xffff;&#x10000;&#x10ffff;",
                   SLU_ERR_OK,
                   "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf"
                   "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
}

Test(xml_text, refuses_tags_and_what_it_does_not_know)
{
    static const char *const bad[] = {
        "a<b",   "&",       "&amp",       "&nbsp;",   "&;",
        "&#;",   "&#x;",    "&#0;",       "&#xd800;", "&#xdfff;",
        "&#1a;", "&#x11g;", "&#x110000;", "&AMP;",    "x&#99999999999999;",
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_unescape(bad[i], SLU_ERR_MALFORMED, "");
    }
}

Test(xml_text, a_full_buffer_and_no_memory_leave_it_as_it_was)
{
    struct failing_alloc failing;
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 4);
    cr_assert_eq(slu_xml_unescape(&buf, slu_view_str("abc&lt;e")),
                 SLU_ERR_LIMIT);
    cr_assert_eq(buf.len, 0);
    slu_buf_fini(&buf);
    failing_alloc_init(&failing, 1);
    slu_buf_init(&buf, &failing.alloc, 100);
    cr_assert_eq(slu_xml_unescape(&buf, slu_view_str("abc")), SLU_ERR_NOMEM);
    cr_assert_eq(slu_xml_unescape(&buf, slu_view_str("abc")), SLU_ERR_OK);
    slu_buf_fini(&buf);
    cr_assert_eq(failing.live, 0);
}
