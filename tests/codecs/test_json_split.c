/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_scan.h"
#include "support/failing_alloc.h"
#include "support/json_dom.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORD_MAX 1000

/* One text, cut in every way that matters, must always give this log. */
static void check_log_with(struct slu_json_split *split, struct slu_view text,
                           const char *want)
{
    for (unsigned way = 0; way < 12; way++) {
        struct json_cuts cuts = {way < 2 ? way : way * way, 77 + way};
        struct json_log log = json_run(split, text, cuts);

        cr_assert_str_eq(log.text, want, "piece_max %zu: %s instead of %s",
                         cuts.piece_max, log.text, want);
        free(log.text);
    }
}

static void check_view(struct slu_view text, const char *want)
{
    struct slu_json_split *split =
        json_split_make("iocs", "meta", "error", RECORD_MAX);

    check_log_with(split, text, want);
    slu_json_split_free(split);
}

static void check_log(const char *text, const char *want)
{
    check_view(slu_view_str(text), want);
}

Test(json_split, hands_out_records_and_members_in_the_order_of_the_text)
{
    check_log(
        "{\"meta\":{\"count\":2},\"iocs\":[{\"a\":1},{\"b\":[]}],\"x\":0}",
        "M0@8 {\"count\":2}\nR@28 {\"a\":1}\nR@36 {\"b\":[]}\nDONE\n");
    check_log(" {\n\"iocs\" :\t[ {} ,\r\n{ } ] , \"error\" : \"x\" } \n",
              "R@14 {}\nR@20 { }\nM1@38 \"x\"\nDONE\n");
}

Test(json_split, hands_out_elements_of_any_kind)
{
    check_log("{\"iocs\":[1,\"two\", [3] ,null,true,-1.5e+7,{}]}",
              "R@9 1\nR@11 \"two\"\nR@18 [3]\nR@23 null\nR@28 true\n"
              "R@33 -1.5e+7\nR@41 {}\nDONE\n");
    check_log("{\"iocs\":[\"\",[],[[]]]}",
              "R@9 \"\"\nR@12 []\nR@15 [[]]\nDONE\n");
}

Test(json_split, skips_what_nobody_asked_for)
{
    check_log("{\"links\":{\"iocs\":[1],\"s\":\"}]\\\"\"},\"iocs\":[2],"
              "\"z\":[[{}]],\"meta\":3}",
              "R@41 2\nM0@62 3\nDONE\n");
}

Test(json_split, takes_a_null_or_absent_or_empty_array_as_no_records)
{
    struct slu_json_split *split = json_split_make("iocs", NULL, NULL, 10);

    check_log_with(split, slu_view_str("{\"iocs\":null}"), "DONE\n");
    cr_assert_not(slu_json_split_saw_array(split));
    check_log_with(split, slu_view_str("{}"), "DONE\n");
    cr_assert_not(slu_json_split_saw_array(split));
    check_log_with(split, slu_view_str("{\"iocs\":[]}"), "DONE\n");
    cr_assert(slu_json_split_saw_array(split));
    slu_json_split_reset(split);
    cr_assert_not(slu_json_split_saw_array(split));
    slu_json_split_free(split);
}

Test(json_split, undoes_escapes_in_names)
{
    check_log("{\"\\u0069\\u006F\\u0063s\":[1],\"met\\u0061\":2}",
              "R@24 1\nM0@39 2\nDONE\n");
    check_log("{\"iocs\\u0000\":[1],\"met\\q\":2,\"met\\u00e1\":3,\"ioc\":4,"
              "\"iocss\":5,\"\\n\":6,\"\":7}",
              "DONE\n");
}

struct fault {
    const char *text;
    const char *log;
};

static const struct fault faults[] = {
    /* The top level. */
    {"", "MALFORMED@0\n"},
    {" ", "MALFORMED@1\n"},
    {"[]", "MALFORMED@0\n"},
    {"null", "MALFORMED@0\n"},
    {"<html>", "MALFORMED@0\n"},
    {"{} x", "MALFORMED@3\n"},
    {"{}{}", "MALFORMED@2\n"},
    {"{}}", "MALFORMED@2\n"},
    {"{", "MALFORMED@1\n"},
    {"{\"a\":1", "MALFORMED@6\n"},
    /* Separators between members. */
    {"{,}", "MALFORMED@1\n"},
    {"{\"a\" 1}", "MALFORMED@5\n"},
    {"{\"a\"}", "MALFORMED@4\n"},
    {"{\"a\":}", "MALFORMED@5\n"},
    {"{\"a\":1,}", "MALFORMED@7\n"},
    {"{\"a\":1,,\"b\":2}", "MALFORMED@7\n"},
    {"{\"a\":1 \"b\":2}", "MALFORMED@7\n"},
    {"{\"a\"::1}", "MALFORMED@5\n"},
    {"{a:1}", "MALFORMED@1\n"},
    {"{1:1}", "MALFORMED@1\n"},
    /* Separators between elements. */
    {"{\"iocs\":[,1]}", "MALFORMED@9\n"},
    {"{\"iocs\":[1,]}", "R@9 1\nMALFORMED@11\n"},
    {"{\"iocs\":[1,,2]}", "R@9 1\nMALFORMED@11\n"},
    {"{\"iocs\":[1 2]}", "R@9 1\nMALFORMED@11\n"},
    {"{\"iocs\":[{}{}]}", "R@9 {}\nMALFORMED@11\n"},
    {"{\"iocs\":[{}:{}]}", "R@9 {}\nMALFORMED@11\n"},
    {"{\"iocs\":[@]}", "MALFORMED@9\n"},
    /* Brackets. */
    {"{\"iocs\":[1}", "R@9 1\nMALFORMED@10\n"},
    {"{\"iocs\":[{\"a\":[}]}]}", "MALFORMED@15\n"},
    {"{\"iocs\":[{\"a\":1]]}", "MALFORMED@15\n"},
    {"{\"a\":[[1]}", "MALFORMED@9\n"},
    {"{\"a\":1]", "MALFORMED@6\n"},
    {"{\"iocs\":[{\"a\":[1]}", "R@9 {\"a\":[1]}\nMALFORMED@18\n"},
    /* Strings. */
    {"{\"a", "MALFORMED@3\n"},
    {"{\"a\":\"b", "MALFORMED@7\n"},
    {"{\"a\":\"b\\\"}", "MALFORMED@10\n"},
    {"{\"iocs\":[{\"a\":\"b}]}", "MALFORMED@19\n"},
    {"{\"a\":\"\n\"}", "MALFORMED@6\n"},
    {"{\"\t\":1}", "MALFORMED@2\n"},
    {"{\"iocs\":[{\"a\":\"\x1f\"}]}", "MALFORMED@15\n"},
    {"{\"a\":{\"b\":[\"\\\x01\"]}}", "MALFORMED@13\n"},
    /* The array member. */
    {"{\"iocs\":{}}", "MALFORMED@8\n"},
    {"{\"iocs\":1}", "MALFORMED@8\n"},
    {"{\"iocs\":nul}", "MALFORMED@11\n"},
    {"{\"iocs\":nulll}", "MALFORMED@12\n"},
    {"{\"iocs\":nuLl}", "MALFORMED@10\n"},
    {"{\"iocs\":[1],\"iocs\":[2]}", "R@9 1\nMALFORMED@19\n"},
    {"{\"iocs\":null,\"iocs\":[2]}", "MALFORMED@20\n"},
};

Test(json_split, reports_each_fault_with_its_offset_however_it_is_cut)
{
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        check_log(faults[i].text, faults[i].log);
    }
}

Test(json_split, names_what_was_expected)
{
    struct slu_json_split *split = json_split_make("iocs", NULL, NULL, 10);
    struct json_log log = json_run(split, slu_view_str("{\"iocs\":[1 2]}"),
                                   (struct json_cuts){0});

    cr_assert_str_eq(log.error.text, "JSON, byte 11: expected a comma or ]");
    free(log.text);
    slu_json_split_free(split);
}

/* {"iocs":[{"a":"..."}]} with the bytes in the string, the first at 15. */
static void check_string(const char *bytes, const char *fault)
{
    char text[200];
    char want[200];

    (void)snprintf(text, sizeof(text), "{\"iocs\":[{\"a\":\"%s\"}]}", bytes);
    if (fault == NULL) {
        (void)snprintf(want, sizeof(want), "R@9 {\"a\":\"%s\"}\nDONE\n", bytes);
    } else {
        (void)snprintf(want, sizeof(want), "MALFORMED@%s\n", fault);
    }
    check_log(text, want);
}

Test(json_split, accepts_exactly_the_utf8_of_rfc_3629)
{
    check_string("\xc2\x80 \xdf\xbf", NULL);
    check_string("\xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf", NULL);
    check_string("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf", NULL);
    check_string("\x80", "15");             /* no lead */
    check_string("\xc0\x80", "15");         /* overlong */
    check_string("\xc1\xbf", "15");         /* overlong */
    check_string("\xc3", "16");             /* cut off by the quote */
    check_string("\xc3\xc3\x80", "16");     /* lead where none may be */
    check_string("\xe0\x9f\xbf", "16");     /* overlong */
    check_string("\xed\xa0\x80", "16");     /* surrogate */
    check_string("\xe2\x82", "17");         /* too short */
    check_string("\xe2\x82\x41", "17");     /* too short */
    check_string("\xf0\x8f\xbf\xbf", "16"); /* overlong */
    check_string("\xf4\x90\x80\x80", "16"); /* above 10ffff */
    check_string("\xf0\x90\x80", "18");     /* too short */
    check_string("\xf5\x80\x80\x80", "15"); /* no lead */
    check_string("\xff", "15");
    check_string("\xc3\xa1\x80", "17"); /* one continuation too many */
}

/* A string of fill bytes with something at each distance from the start, so
 * that it falls on every bit of a block, and across two. */
static void check_at_every_bit(const char *what, bool good)
{
    struct slu_json_split *split = json_split_make("iocs", NULL, NULL, 1000);

    for (int fill = 0; fill < 150; fill++) {
        char text[400];
        char want[400];

        (void)snprintf(text, sizeof(text), "{\"iocs\":[[\"%*s%s\",1]]}", fill,
                       "", what);
        (void)snprintf(want, sizeof(want), "R@9 [\"%*s%s\",1]\nDONE\n", fill,
                       "", what);
        if (!good) {
            /* Everything behind the open quote is taken for the string. */
            (void)snprintf(want, sizeof(want), "MALFORMED@%zu\n", strlen(text));
        }
        for (unsigned way = 0; way < 4; way++) {
            struct json_cuts cuts = {way < 2 ? way : way * 20, 5};
            struct json_log log = json_run(split, slu_view_str(text), cuts);

            cr_assert_str_eq(log.text, want, "fill %d, piece_max %zu: %s", fill,
                             cuts.piece_max, log.text);
            free(log.text);
        }
    }
    slu_json_split_free(split);
}

Test(json_split, keeps_the_escape_state_at_every_bit_of_a_block)
{
    check_at_every_bit("\\\"", true);
    check_at_every_bit("\\\\", true);
    check_at_every_bit("\\\\\\\"]", true);
    check_at_every_bit("\\\\\\\\\\\\\\\\", true);
    check_at_every_bit("\\\"\\\\\\\"}\\n{", true);
    check_at_every_bit("\\", false);
    check_at_every_bit("\\\\\\", false);
    check_at_every_bit("\\\"\\\\\\", false);
}

Test(json_split, keeps_the_utf8_state_at_every_bit_of_a_block)
{
    check_at_every_bit("\xc3\xa1", true);
    check_at_every_bit("\xe2\x82\xac\xed\x9f\xbf\xe0\xa0\x80", true);
    check_at_every_bit("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true);
}

/* An escaped quote at every distance from a cut, in pieces of one size. */
Test(json_split, keeps_the_escape_state_at_every_cut)
{
    const char *text = "{\"iocs\":[{\"k\":\"aaa\\\\\\\"bbb\\\\\"},{}]}";
    struct slu_json_split *split = json_split_make("iocs", NULL, NULL, 1000);
    size_t len = strlen(text);

    for (size_t cut = 0; cut <= len; cut++) {
        struct slu_json_event event;

        slu_json_split_reset(split);
        slu_json_split_feed(split, slu_view_make(text, cut));
        while (slu_json_split_next(split, &event) == SLU_JSON_RECORD) {
        }
        cr_assert_eq(event.kind, cut == len ? SLU_JSON_DONE : SLU_JSON_MORE);
        slu_json_split_feed(split, slu_view_make(text + cut, len - cut));
        while (slu_json_split_next(split, &event) == SLU_JSON_RECORD) {
        }
        cr_assert_eq(event.kind, SLU_JSON_DONE);
        cr_assert_eq(slu_json_split_finish(split), SLU_ERR_OK);
    }
    slu_json_split_free(split);
}

/* {"iocs":[ and `depth - 2` brackets that close again. */
static char *make_deep(unsigned depth, char open, char close)
{
    char *text = calloc(1, 400);
    size_t len = (size_t)sprintf(text, "{\"iocs\":[");

    for (unsigned i = 0; i < depth - 2; i++) {
        text[len++] = open;
    }
    for (unsigned i = 0; i < depth - 2; i++) {
        text[len++] = close;
    }
    memcpy(text + len, "]}", 2);
    return text;
}

Test(json_split, goes_64_brackets_deep_and_no_further)
{
    char *text = make_deep(64, '[', ']');
    char want[200];

    (void)snprintf(want, sizeof(want), "R@9 %.124s\nDONE\n", text + 9);
    check_log(text, want);
    free(text);
    text = make_deep(65, '[', ']');
    check_log(text, "LIMIT@71\n");
    free(text);
    text = make_deep(65, '{', '}');
    check_log(text, "LIMIT@71\n");
    free(text);
}

Test(json_split, refuses_a_record_over_its_maximum_at_its_first_byte)
{
    struct slu_json_split *split = json_split_make("iocs", "meta", NULL, 8);

    check_log_with(split, slu_view_str("{\"iocs\":[{\"a\":12},{\"a\":123}]}"),
                   "R@9 {\"a\":12}\nLIMIT@18\n");
    check_log_with(split, slu_view_str("{\"iocs\":[12345678,123456789]}"),
                   "R@9 12345678\nLIMIT@18\n");
    check_log_with(split,
                   slu_view_str("{\"meta\":\"123456\",\"iocs\":[\"1234567\"]}"),
                   "M0@8 \"123456\"\nLIMIT@25\n");
    check_log_with(split, slu_view_str("{\"meta\":123456789}"), "LIMIT@8\n");
    /* The fault behind the maximum isn't looked at; a skipped member has no
     * maximum. */
    check_log_with(split, slu_view_str("{\"iocs\":[[1234567}"), "LIMIT@9\n");
    check_log_with(split, slu_view_str("{\"x\":[1,2,3,4,5,6,7,8,9,0]}"),
                   "DONE\n");
    slu_json_split_free(split);
}

Test(json_split, hands_out_in_place_when_64_bytes_are_behind)
{
    char text[200] = {0};
    struct slu_json_split *split = json_split_make("iocs", NULL, NULL, 100);
    struct slu_json_event event;

    (void)snprintf(text, sizeof(text), "{\"iocs\":[{\"a\":1}%62s]}", "");
    slu_json_split_feed(split, slu_view_str(text));
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_RECORD);
    cr_assert_eq(event.text.ptr, text + 9);
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_DONE);
    slu_json_split_reset(split);
    (void)snprintf(text, sizeof(text), "{\"iocs\":[{\"a\":1}%61s]}", "");
    slu_json_split_feed(split, slu_view_str(text));
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_RECORD);
    cr_assert_neq(event.text.ptr, text + 9);
    cr_assert(slu_view_equal_str(event.text, "{\"a\":1}"));
    slu_json_split_free(split);
}

Test(json_split, repeats_done_and_error_and_starts_anew_after_reset)
{
    struct slu_json_split *split = json_split_make("iocs", NULL, NULL, 100);
    struct slu_json_event event;

    slu_json_split_feed(split, slu_view_str("{}"));
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_DONE);
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_DONE);
    slu_json_split_feed(split, slu_view_str(" \n"));
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_DONE);
    cr_assert_eq(slu_json_split_finish(split), SLU_ERR_OK);
    slu_json_split_feed(split, slu_view_str(" ]"));
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_ERROR);
    cr_assert_eq(slu_json_split_next(split, &event), SLU_JSON_ERROR);
    cr_assert_eq(event.offset, 5);
    cr_assert_eq(slu_json_split_finish(split), SLU_ERR_MALFORMED);
    slu_json_split_reset(split);
    cr_assert_eq(slu_json_split_error(split)->code, SLU_ERR_OK);
    check_log_with(split, slu_view_str("{\"iocs\":[7]}"), "R@9 7\nDONE\n");
    slu_json_split_free(split);
    slu_json_split_free(NULL);
}

Test(json_split, works_without_an_array_or_without_members)
{
    struct slu_json_split *split =
        json_split_make(NULL, "error", "meta", RECORD_MAX);

    check_log_with(split,
                   slu_view_str("{\"error\":{\"code\":\"x\"},\"iocs\":[1]}"),
                   "M0@9 {\"code\":\"x\"}\nDONE\n");
    slu_json_split_free(split);
}

/* --- memory -------------------------------------------------------------- */

static struct slu_json_split *make_with(const struct slu_alloc *alloc)
{
    struct slu_json_split_options options = {
        .alloc = alloc, .array = "iocs", .record_max = 100000};

    return slu_json_split_new(&options);
}

Test(json_split, survives_every_failing_allocation)
{
    char text[3000];
    bool done = false;

    (void)snprintf(text, sizeof(text), "{\"iocs\":[\"%2000s\"]}", "");
    for (unsigned nth = 1; !done; nth++) {
        struct failing_alloc failing;
        struct slu_json_split *split;

        cr_assert(nth < 30);
        failing_alloc_init(&failing, nth);
        split = make_with(&failing.alloc);
        cr_assert_eq(split == NULL, nth == 1);
        if (split != NULL) {
            struct json_log log =
                json_run(split, slu_view_str(text), (struct json_cuts){300, 1});

            done = log.error.code == SLU_ERR_OK;
            cr_assert(done || log.error.code == SLU_ERR_NOMEM);
            cr_assert(done || log.error.offset == 9);
            cr_assert_eq(done, nth > failing.calls);
            free(log.text);
        }
        slu_json_split_free(split);
        cr_assert_eq(failing.live, 0);
    }
}

Test(json_split, allocates_nothing_once_the_carry_buffer_has_grown)
{
    struct failing_alloc counting;
    struct slu_json_split *split;
    unsigned calls = 0;

    failing_alloc_init(&counting, 0);
    split = make_with(&counting.alloc);
    for (unsigned round = 0; round < 20; round++) {
        struct json_log log = json_run(
            split,
            slu_view_str("{\"iocs\":[{\"a\":\"bcdefg\"},{\"a\":\"h\"}]}"),
            (struct json_cuts){3, round});

        cr_assert_eq(log.records, 2);
        free(log.text);
        if (round == 0) {
            calls = counting.calls;
        }
    }
    cr_assert_eq(counting.calls, calls);
    slu_json_split_free(split);
}

/* --- random pages against the DOM ---------------------------------------- */

static void write_random(FILE *out, uint32_t *state, unsigned depth)
{
    static const char *const scalars[] = {
        "null",       "true",      "-12.5e-3",        "\"\"",
        "\"}{][,:\"", "\"a\\\\\"", "\"\\\"\\u0041\"", "\"\xe2\x82\xac\"",
        "[]",         "{}"};
    unsigned kind = json_random(state) % (depth < 6 ? 4 : 2);
    unsigned count = json_random(state) % 6;

    if (kind < 2) {
        (void)fputs(scalars[json_random(state) % 10], out);
        return;
    }
    (void)fputc(kind == 2 ? '{' : '[', out);
    for (unsigned i = 0; i < count; i++) {
        (void)fprintf(out, "%s%*s", i == 0 ? "" : ",",
                      (int)(json_random(state) % 4), "");
        if (kind == 2) {
            (void)fprintf(out, "\"iocs%u\":", i);
        }
        write_random(out, state, depth + 1);
    }
    (void)fputc(kind == 2 ? '}' : ']', out);
}

static char *write_page(uint32_t *state)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    unsigned count = json_random(state) % 20;

    (void)fputs("{ \"meta\": ", out);
    write_random(out, state, 1);
    (void)fputs(", \"iocs\" : [", out);
    for (unsigned i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ", ", out);
        write_random(out, state, 2);
    }
    (void)fputs("], \"other\": ", out);
    write_random(out, state, 1);
    (void)fputs("}", out);
    (void)fclose(out);
    return text;
}

/* The text of each event minified; records of these pages hold no line feed. */
static void check_page(struct slu_json_split *split, const char *text,
                       struct json_cuts cuts)
{
    struct slu_view view = slu_view_str(text);
    struct json_log log = json_run(split, view, cuts);
    char *elements = json_dom_elements(view, "iocs");
    const char *want = elements;

    cr_assert_eq(log.error.code, SLU_ERR_OK, "%s", text);
    cr_assert_eq(log.members, 1);
    for (char *line = strtok(log.text, "\n"); line[0] != 'D';
         line = strtok(NULL, "\n")) {
        char *got = json_dom_minify(slu_view_str(strchr(line, ' ') + 1));

        if (line[0] == 'R') {
            cr_assert_eq(strncmp(want, got, strlen(got)), 0, "%s", line);
            cr_assert_eq(want[strlen(got)], '\n');
            want += strlen(got) + 1;
        }
        free(got);
    }
    cr_assert_eq(*want, '\0', "every element was handed out");
    free(elements);
    free(log.text);
}

Test(json_split, agrees_with_the_dom_on_random_pages)
{
    struct slu_json_split *split =
        json_split_make("iocs", "meta", NULL, 1000000);
    uint32_t state = 31337;

    for (unsigned round = 0; round < 150; round++) {
        char *text = write_page(&state);

        check_page(split, text, (struct json_cuts){0});
        check_page(split, text, (struct json_cuts){1, 0});
        check_page(split, text, (struct json_cuts){200, round});
        free(text);
    }
    slu_json_split_free(split);
}

/* --- kernels ------------------------------------------------------------- */

/* By the portable kernel, a byte at a time, there is no index. */
static void check_kernels(struct slu_json_split *const *splits,
                          const char *text, uint32_t seed)
{
    struct slu_view view = slu_view_str(text);
    struct json_log want = json_run(splits[0], view, (struct json_cuts){1, 0});

    for (unsigned i = 0; splits[i] != NULL; i++) {
        static const size_t piece_maxes[] = {0, 300, 2000};

        for (unsigned k = 0; k < 3; k++) {
            struct json_log got = json_run(
                splits[i], view, (struct json_cuts){piece_maxes[k], seed});

            cr_assert_str_eq(got.text, want.text, "kernel %u, %zu: %s", i,
                             piece_maxes[k], text);
            free(got.text);
        }
    }
    free(want.text);
}

/* The last one is the portable kernel's; the caller wants it first. */
static void make_splits(struct slu_json_split *splits[4])
{
    unsigned count = 0;

    while (slu_json_kernel_at(count) != NULL) {
        count++;
    }
    for (unsigned i = 0; i < count; i++) {
        splits[i] = slu_json_split_new(&(struct slu_json_split_options){
            .alloc = slu_alloc_default(),
            .array = "iocs",
            .members = {"meta"},
            .record_max = 700,
            .kernel = slu_json_kernel_at(count - 1 - i)});
        cr_assert_not_null(splits[i]);
    }
    splits[count] = NULL;
}

Test(json_split, says_the_same_by_every_kernel_whatever_is_wrong)
{
    struct slu_json_split *splits[4];
    uint32_t state = 4711;

    make_splits(splits);
    for (unsigned round = 0; round < 400; round++) {
        char *text = write_page(&state);
        size_t len = strlen(text);

        check_kernels(splits, text, round);
        for (unsigned i = 0; i < 3; i++) {
            text[json_random(&state) % len] =
                "\"\\{}[]:, 0a\n\xff"[json_random(&state) % 13];
            check_kernels(splits, text, round);
        }
        free(text);
    }
    for (unsigned i = 0; splits[i] != NULL; i++) {
        slu_json_split_free(splits[i]);
    }
}

/* More tokens than the index holds, and records that fill it. */
Test(json_split, hands_out_records_of_more_tokens_than_are_indexed)
{
    struct slu_json_split *splits[4];

    make_splits(splits);
    for (unsigned i = 0; splits[i] != NULL; i++) {
        slu_json_split_free(splits[i]);
        splits[i] = slu_json_split_new(
            &(struct slu_json_split_options){.alloc = slu_alloc_default(),
                                             .array = "iocs",
                                             .record_max = 100000,
                                             .kernel = slu_json_kernel_at(i)});
    }
    for (unsigned size = SLU_JSON_INDEX_MAX - 130;
         size < SLU_JSON_INDEX_MAX + 70; size += 21) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);

        (void)fprintf(out, "{\"iocs\":[{}");
        for (unsigned i = 0; i < 3; i++) {
            (void)fprintf(out, ",[0");
            for (unsigned k = 0; k < size / 2; k++) {
                (void)fprintf(out, k % 7 == 0 ? ",{\"a\":1}" : ",[]");
            }
            (void)fprintf(out, "],{}");
        }
        (void)fprintf(out, "]}%200s", "");
        (void)fclose(out);
        check_kernels(splits, text, size);
        free(text);
    }
    for (unsigned i = 0; splits[i] != NULL; i++) {
        slu_json_split_free(splits[i]);
    }
}
