/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_read.h"
#include "codecs/json_split.h"
#include "support/failing_alloc.h"
#include "support/failing_new.h"
#include "support/json_dom.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* What the callback wrote down: "field=value" for each value, with blanks. */
struct notes {
    char text[2000];
    size_t len;
    unsigned stop_after; /* 0: never */
    unsigned count;
};

static bool write_note(void *ctx, unsigned field,
                       const struct slu_json_value *value)
{
    struct notes *notes = ctx;
    char *at = notes->text + notes->len;
    size_t room = sizeof(notes->text) - notes->len;
    static const char *const names[] = {"null", "bool", "", "", "", "{}", "[]"};

    switch (value->kind) {
    case SLU_JSON_BOOL:
        (void)snprintf(at, room, "%u=%s ", field,
                       value->boolean ? "true" : "false");
        break;
    case SLU_JSON_INT:
        (void)snprintf(at, room, "%u=%lld ", field, (long long)value->integer);
        break;
    case SLU_JSON_DOUBLE:
        (void)snprintf(at, room, "%u=%g~%lld ", field, value->number,
                       (long long)value->integer);
        break;
    case SLU_JSON_STRING:
        (void)snprintf(at, room, "%u='%.*s'%u ", field,
                       SLU_VIEW_ARGS(value->text), value->element);
        break;
    default:
        (void)snprintf(at, room, "%u=%s ", field, names[value->kind]);
        break;
    }
    notes->len += strlen(at);
    notes->count++;
    return notes->count != notes->stop_after;
}

static struct slu_json_reader *make_reader(const char *const paths[])
{
    struct slu_json_field fields[SLU_JSON_FIELDS_MAX];
    unsigned count = 0;
    struct slu_json_reader *reader;

    for (; paths[count] != NULL; count++) {
        fields[count].path = paths[count];
    }
    reader = slu_json_reader_new(slu_alloc_default(), fields, count);
    cr_assert_not_null(reader);
    return reader;
}

/* The text in an allocation of its own with exactly the padding behind it,
 * which is filled with quotes and brackets to tempt the reader. */
static enum slu_err read_text(struct slu_json_reader *reader, const char *text,
                              struct notes *notes, struct slu_error *error)
{
    size_t len = strlen(text);
    char *copy = malloc(len + SLU_JSON_PADDING);
    enum slu_err err;

    memcpy(copy, text, len);
    memset(copy + len, '"', SLU_JSON_PADDING);
    memcpy(copy + len, ",]}\\{[", 6);
    err = slu_json_read(reader, slu_view_make(copy, len), write_note, notes,
                        error);
    free(copy);
    return err;
}

static void check_notes(const char *const paths[], const char *text,
                        const char *want)
{
    struct slu_json_reader *reader = make_reader(paths);
    struct notes notes = {{0}, 0, 0, 0};
    struct slu_error error = {0};

    cr_assert_eq(read_text(reader, text, &notes, &error), SLU_ERR_OK, "%s: %s",
                 text, error.text);
    cr_assert_str_eq(notes.text, want, "%s: %s", text, notes.text);
    slu_json_reader_free(reader);
}

#define PATHS(...)                                                             \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

Test(json_read, finds_members_in_any_order)
{
    check_notes(PATHS("a", "b.c", "b.d"),
                "{\"a\":1,\"b\":{\"c\":\"x\",\"d\":true}}",
                "0=1 1='x'0 2=true ");
    check_notes(PATHS("a", "b.c", "b.d"),
                "{\"z\":[{\"a\":9}],\"b\":{\"d\":null,\"y\":{},\"c\":\"\"},"
                "\"a\":-1}",
                "2=null 1=''0 0=-1 ");
}

Test(json_read, takes_names_that_share_a_length_or_a_beginning_apart)
{
    check_notes(PATHS("ab", "ac", "abc", "a"),
                "{\"abcd\":0,\"ad\":1,\"ac\":2,\"ab\":3,\"a\":4,\"abc\":5}",
                "1=2 0=3 3=4 2=5 ");
    check_notes(PATHS("a_rather_long_name_of_a_member_indeed"),
                "{\"a_rather_long_name_of_a_member_indeee\":1,"
                "\"a_rather_long_name_of_a_member_indeed\":2}",
                "0=2 ");
}

Test(json_read, undoes_escapes_in_names_and_strings)
{
    check_notes(PATHS("id", "x\"y", "z"),
                "{\"\\u0069d\":\"a\\n\\u00e1\\ud834\\udd1e\\\\\","
                "\"x\\\"y\":\"\\\"\",\"z\":\"\"}",
                "0='a\n\xc3\xa1\xf0\x9d\x84\x9e\\'0 1='\"'0 2=''0 ");
}

static bool keep_views(void *ctx, unsigned field,
                       const struct slu_json_value *value)
{
    ((struct slu_view *)ctx)[field] = value->text;
    return true;
}

Test(json_read, keeps_unescaped_strings_until_the_next_read)
{
    struct slu_json_reader *reader = make_reader(PATHS("a", "b", "c"));
    static const char text[200] =
        "{\"a\":\"\\n\",\"b\":\"\\t\\t\\t\\t\\t\\t\",\"c\":\"plain\"}";
    struct slu_view views[3];

    cr_assert_eq(
        slu_json_read(reader, slu_view_str(text), keep_views, views, NULL),
        SLU_ERR_OK);
    cr_assert(slu_view_equal_str(views[0], "\n"));
    cr_assert(slu_view_equal_str(views[1], "\t\t\t\t\t\t"));
    cr_assert(slu_view_equal_str(views[2], "plain"));
    cr_assert(views[2].ptr > text && views[2].ptr < text + sizeof(text));
    slu_json_reader_free(reader);
}

/* The long way, which is gone where a name has an escape, writes them anew. */
Test(json_read, keeps_them_when_it_changes_its_way)
{
    struct slu_json_reader *reader = make_reader(PATHS("a", "n.x", "b", "c"));
    static const char text[200] = "{\"a\":\"\\n1\",\"n\":\"\\t\\t\\t\\t\","
                                  "\"b\":\"\\n2\",\"\\u0063\":\"\\n34\"}";
    struct slu_view views[4];

    cr_assert_eq(
        slu_json_read(reader, slu_view_str(text), keep_views, views, NULL),
        SLU_ERR_OK);
    cr_assert(slu_view_equal_str(views[0], "\n1"));
    cr_assert(slu_view_equal_str(views[2], "\n2"));
    cr_assert(slu_view_equal_str(views[3], "\n34"));
    slu_json_reader_free(reader);
}

Test(json_read, tells_kinds_of_numbers_apart)
{
    check_notes(PATHS("n[]"),
                "{\"n\":[0,-0,7, 9223372036854775807 ,-9223372036854775808]}",
                "0=0 0=0 0=7 0=9223372036854775807 0=-9223372036854775808 ");
    check_notes(PATHS("n[]"),
                "{\"n\":[1.5,-2.75,1e2,1E-2,9223372036854775808,1e300,1.0]}",
                "0=1.5~1 0=-2.75~-2 0=100~100 0=0.01~0 0=9.22337e+18~0 "
                "0=1e+300~0 0=1~1 ");
}

Test(json_read, reads_doubles_of_many_digits)
{
    check_notes(PATHS("a"), "{\"a\":0.0090101010042424249818725}",
                "0=0.0090101~0 ");
    check_notes(PATHS("a"), "{\"a\":123456789012345678901234567890 }",
                "0=1.23457e+29~0 ");
    check_notes(PATHS("a"), "{\"a\":1.00000000000000000000000000000e3}",
                "0=1000~1000 ");
}

Test(json_read, goes_into_every_element_and_counts_them)
{
    check_notes(PATHS("s[].label", "s[]", "t"),
                "{\"s\":[{\"label\":\"x\"},{\"q\":1},{\"label\":\"y\"},\"z\"],"
                "\"t\":\"end\"}",
                "1={} 0='x'0 1={} 1={} 0='y'2 1='z'3 2='end'0 ");
    check_notes(PATHS("m[][]"), "{\"m\":[[\"a\",\"b\"],[],[\"c\"]]}",
                "0='a'0 0='b'1 0='c'0 ");
    check_notes(PATHS("s[].a[].b", "s[].c"),
                "{\"s\":[{\"c\":\"0\"},{\"a\":[{\"b\":\"1\"},{\"b\":\"2\"}],"
                "\"c\":\"3\"}]}",
                "1='0'0 0='1'0 0='2'1 1='3'1 ");
}

Test(json_read, reads_an_array_at_the_root)
{
    check_notes(PATHS("[].a"), "[{\"a\":1},{\"b\":2},{\"a\":3}]", "0=1 0=3 ");
    check_notes(PATHS("a"), "[{\"a\":1}]", "");
    check_notes(PATHS("[]"), "[]", "");
}

Test(json_read, reports_containers_where_a_path_ends_in_one)
{
    check_notes(PATHS("a", "a.b", "a.b.c"), "{\"a\":{\"b\":{\"c\":1}},\"d\":0}",
                "0={} 1={} 2=1 ");
    check_notes(PATHS("a", "b"), "{\"a\":[1,{\"b\":2}],\"b\":{}}",
                "0=[] 1={} ");
}

Test(json_read, passes_by_null_and_scalars_where_a_path_leads_on)
{
    check_notes(PATHS("a.b", "c[].d", "e"), "{\"a\":null,\"c\":null,\"e\":1}",
                "2=1 ");
    check_notes(PATHS("a.b", "c[].d", "e"),
                "{\"a\":\"b\",\"c\":{\"d\":1},\"e\":1}", "2=1 ");
    check_notes(PATHS("a.b", "c[].d", "e"),
                "{\"a\":[{\"b\":1}],\"c\":[1,null,[],{\"d\":2}],\"e\":1}",
                "1=2 2=1 ");
}

Test(json_read, reports_a_member_that_occurs_twice_twice)
{
    check_notes(PATHS("a", "b"), "{\"a\":1,\"a\":2,\"b\":3}", "0=1 0=2 1=3 ");
}

Test(json_read, stops_when_told_to)
{
    struct slu_json_reader *reader = make_reader(PATHS("a[]", "b"));
    struct notes notes = {{0}, 0, 2, 0};

    cr_assert_eq(read_text(reader, "{\"a\":[1,2,3],\"b\":4}", &notes, NULL),
                 SLU_ERR_OK);
    cr_assert_str_eq(notes.text, "0=1 0=2 ");
    slu_json_reader_free(reader);
}

Test(json_read, leaves_early_once_everything_was_met)
{
    /* The fault behind shows that it wasn't looked at. */
    check_notes(PATHS("a", "b"), "{\"a\":1,\"b\":2,\"c\" \"d\"}", "0=1 1=2 ");
}

static void check_fault(const char *const paths[], const char *text,
                        uint64_t offset)
{
    struct slu_json_reader *reader = make_reader(paths);
    struct notes notes = {{0}, 0, 0, 0};
    struct slu_error error = {0};

    cr_assert_eq(read_text(reader, text, &notes, &error), SLU_ERR_MALFORMED,
                 "%s: %s", text, notes.text);
    cr_assert_eq(error.code, SLU_ERR_MALFORMED);
    cr_assert_eq(error.offset, offset, "%s: %s", text, error.text);
    /* The reader is as good as new. */
    cr_assert_eq(read_text(reader, "{\"a\":null}", &notes, NULL), SLU_ERR_OK);
    slu_json_reader_free(reader);
}

Test(json_read, reports_faults_of_visited_members_with_their_offset)
{
    check_fault(PATHS("a", "z"), "{\"a\":01}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":1x}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":-}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":1e999}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":tru}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":nul}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":nulll}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":@}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":\"\\q\"}", 9);
    check_fault(PATHS("a", "z"), "{\"a\":\"\\u12x4\"}", 13);
    check_fault(PATHS("a", "z"), "{\"a\" 1}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":1 \"z\":2}", 7);
    check_fault(PATHS("a", "z"), "{1:2}", 1);
}

Test(json_read, takes_a_number_too_small_as_zero)
{
    check_notes(PATHS("n[]"),
                "{\"n\":[0.0000E9070021693035439645117,1e-999 ,-0e99999,"
                "0.00000000000000000000000000000000001e-400]}",
                "0=0~0 0=0~0 0=-0~0 0=0~0 ");
    check_notes(PATHS("a", "b"), "{\"a\":1e-999,\"b\":7,\"c\":3}",
                "0=0~0 1=7 ");
}

Test(json_read, refuses_long_numbers_that_are_none_or_too_large)
{
    check_fault(PATHS("a", "z"), "{\"a\":1234567890123456789012e400}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":01234567890123456789012}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":12345678901234567890.e5}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":12345678901234567890e+}", 5);
    check_fault(PATHS("a", "z"), "{\"a\":12345678901234567890x}", 5);
}

Test(json_read, reports_what_is_no_object_or_array_and_bytes_behind)
{
    check_fault(PATHS("a"), "", 0);
    check_fault(PATHS("a"), "7", 0);
    check_fault(PATHS("a"), "\"a\"", 0);
    check_fault(PATHS("a"), "{\"b\":1} 2", 0);
    check_fault(PATHS("a"), "{\"b\":1}}", 7);
    check_fault(PATHS("a"), "{\"b\":1", 0);
    check_fault(PATHS("[]"), "[1] []", 4);
}

Test(json_read, finds_the_byte_of_a_bad_string)
{
    check_fault(PATHS("a"), "{\"b\":\"\x01\"}", 6);
    check_fault(PATHS("a"), "{\"b\":\"\xff\"}", 6);
    check_fault(PATHS("a"), "{\"b\":\"", 6);
}

Test(json_read, survives_every_failing_allocation)
{
    static const struct slu_json_field fields[] = {{"a"}, {"b[].c"}};
    struct slu_error error;
    struct notes notes;
    bool done = false;

    for (unsigned nth = 1; !done; nth++) {
        struct failing_alloc failing;
        struct slu_json_reader *reader;

        cr_assert(nth < 20);
        failing_alloc_init(&failing, nth);
        reader = slu_json_reader_new(&failing.alloc, fields, 2);
        if (reader != NULL) {
            enum slu_err err;

            memset(&notes, 0, sizeof(notes));
            err = read_text(reader, "{\"a\":\"\\n\"}", &notes, &error);
            done = err == SLU_ERR_OK;
            cr_assert(done || err == SLU_ERR_NOMEM);
            cr_assert_eq(done, nth > failing.calls);
        }
        slu_json_reader_free(reader);
        cr_assert_eq(failing.live, 0);
    }
}

Test(json_read, reports_that_simdjson_found_no_memory)
{
    unsigned failures = 0;
    bool done = false;

    for (long nth = 1; !done; nth++) {
        struct slu_json_reader *reader = make_reader(PATHS("a", "b"));
        struct notes notes = {{0}, 0, 0, 0};
        struct slu_error error = {0};
        enum slu_err err;

        cr_assert(nth < 20);
        failing_new_at(nth);
        err = read_text(reader, "{\"\\u0061\":\"\\n\",\"b\":2e0}", &notes,
                        &error);
        done = !failing_new_happened();
        failing_new_at(0);
        /* The string buffer, which we don't use, may be missing unnoticed. */
        cr_assert(err == SLU_ERR_NOMEM || err == SLU_ERR_OK);
        failures += err == SLU_ERR_NOMEM;
        memset(&notes, 0, sizeof(notes));
        cr_assert_eq(
            read_text(reader, "{\"\\u0061\":\"\\n\",\"b\":2e0}", &notes, NULL),
            SLU_ERR_OK);
        cr_assert_str_eq(notes.text, "0='\n'0 1=2~2 ");
        slu_json_reader_free(reader);
    }
    cr_assert(failures > 0);
}

Test(json_read, allocates_nothing_for_the_texts_that_follow)
{
    static const struct slu_json_field fields[] = {{"a"}};
    struct failing_alloc counting;
    struct slu_json_reader *reader;
    struct notes notes = {{0}, 0, 0, 0};
    unsigned calls;

    failing_alloc_init(&counting, 0);
    reader = slu_json_reader_new(&counting.alloc, fields, 1);
    cr_assert_eq(read_text(reader, "{\"a\":\"1234567890\\n\"}", &notes, NULL),
                 SLU_ERR_OK);
    calls = counting.calls;
    failing_new_at(1);
    for (unsigned i = 0; i < 50; i++) {
        cr_assert_eq(read_text(reader, "{\"a\":\"12345\\n\"}", &notes, NULL),
                     SLU_ERR_OK);
    }
    cr_assert_not(failing_new_happened());
    failing_new_at(0);
    cr_assert_eq(counting.calls, calls);
    slu_json_reader_free(reader);
    slu_json_reader_free(NULL);
}

/* --- a random object against the DOM ------------------------------------ */

static void write_value(FILE *out, uint32_t *state, unsigned depth)
{
    static const char *const scalars[] = {
        "null",     "true",        "-12",   "3.5e2",
        "\"\"",     "\"a\\\\b\"",  "\"x\"", "\"\\u0061\\n\"",
        "\"}{][\"", "\"\xc3\xa9\""};
    unsigned kind = json_random(state) % (depth < 5 ? 4 : 2);
    unsigned count = json_random(state) % 5;

    if (kind < 2) {
        (void)fputs(scalars[json_random(state) % 10], out);
        return;
    }
    (void)fputc(kind == 2 ? '{' : '[', out);
    for (unsigned i = 0; i < count; i++) {
        (void)fputs(i == 0 ? " " : ",\n", out);
        if (kind == 2) {
            /* Each name once: the DOM gives the first one only. */
            (void)fprintf(out, "\"%c\" : ", "abcde"[i]);
        }
        write_value(out, state, depth + 1);
    }
    (void)fputc(kind == 2 ? '}' : ']', out);
}

struct comparison {
    struct slu_view text;
    const char *const *paths;
    unsigned met;
};

static bool compare_value(void *ctx, unsigned field,
                          const struct slu_json_value *value)
{
    struct comparison *comparison = ctx;
    char *want = json_dom_get(comparison->text, comparison->paths[field]);
    char got[64];

    cr_assert_not_null(want);
    comparison->met |= 1u << field;
    switch (value->kind) {
    case SLU_JSON_STRING:
        cr_assert(slu_view_equal_str(value->text, want));
        break;
    case SLU_JSON_INT:
    case SLU_JSON_DOUBLE:
        (void)snprintf(got, sizeof(got), "%g", value->number);
        cr_assert(atof(got) == atof(want));
        break;
    case SLU_JSON_BOOL:
        cr_assert_str_eq(want, "true");
        break;
    case SLU_JSON_NULL:
        cr_assert_str_eq(want, "null");
        break;
    default:
        cr_assert_eq(want[0], value->kind == SLU_JSON_OBJECT ? '{' : '[');
        break;
    }
    free(want);
    return true;
}

Test(json_read, agrees_with_the_dom_on_random_texts)
{
    static const char *const paths[] = {"a",   "b",     "c.a",   "c.b.a",
                                        "a.b", "a.c.d", "b.a.a", NULL};
    struct slu_json_reader *reader = make_reader(paths);
    uint32_t state = 4711;
    unsigned met = 0;

    for (unsigned round = 0; round < 400; round++) {
        struct comparison comparison = {.paths = paths};
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);

        (void)fputs("{\"a\":", out);
        write_value(out, &state, 1);
        (void)fputs(",\"b\":", out);
        write_value(out, &state, 1);
        (void)fputs(",\"c\":", out);
        write_value(out, &state, 1);
        (void)fprintf(out, "}%64s", "");
        (void)fclose(out);
        comparison.text = slu_view_make(text, len - 64);
        cr_assert_eq(slu_json_read(reader, comparison.text, compare_value,
                                   &comparison, NULL),
                     SLU_ERR_OK, "%s", text);
        for (unsigned i = 0; paths[i] != NULL; i++) {
            char *want = json_dom_get(comparison.text, paths[i]);

            cr_assert_eq(want != NULL, (comparison.met >> i & 1) != 0, "%s",
                         text);
            free(want);
        }
        met |= comparison.met;
        free(text);
    }
    cr_assert_eq(met, 0x7f, "every path was met at least once: %x", met);
    slu_json_reader_free(reader);
}
