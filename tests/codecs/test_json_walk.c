/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk of every kernel that has one: what it takes and what it gives up at,
 * and that it never differs from simdjson, whatever the memo holds.
 */
#include "codecs/json_read.h"
#include "codecs/json_scan.h"
#include "codecs/json_split.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {
    "a", "b.c", "b.d.e", "b", "long_name_of_a", "z[]", "z[].a", "z[].b[].c"};
#define NAME_COUNT 8u
/* Those without "[]" come first. */
#define PLAIN_COUNT 5u
#define KERNELS_MAX 3u

static struct slu_json_field fields[NAME_COUNT];
static struct slu_json_paths paths;
static struct slu_json_paths plain_paths;
static struct slu_json_memo memos[KERNELS_MAX];
static struct slu_json_memo plain_memos[KERNELS_MAX];
static struct slu_json_index indexes[KERNELS_MAX];
/* By kernel; the last one is simdjson's. */
static struct slu_json_reader *readers[KERNELS_MAX + 1];
static struct slu_json_reader *plain_readers[KERNELS_MAX + 1];

static struct slu_json_reader *make_reader(unsigned kernel, unsigned count)
{
    struct slu_json_reader *reader =
        slu_json_reader_new(slu_alloc_default(), fields, count);

    cr_assert_not_null(reader);
    slu_json_reader_use(
        reader, kernel < KERNELS_MAX ? slu_json_kernel_at(kernel) : NULL);
    return reader;
}

static void set_up(void)
{
    const struct slu_alloc *alloc = slu_alloc_default();
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < NAME_COUNT; i++) {
        fields[i].path = names[i];
    }
    err |= slu_json_paths_init(&paths, alloc, fields, NAME_COUNT);
    err |= slu_json_paths_init(&plain_paths, alloc, fields, PLAIN_COUNT);
    for (unsigned i = 0; i <= KERNELS_MAX; i++) {
        readers[i] = make_reader(i, NAME_COUNT);
        plain_readers[i] = make_reader(i, PLAIN_COUNT);
    }
    for (unsigned i = 0; i < KERNELS_MAX; i++) {
        slu_json_index_init(&indexes[i], alloc);
        err |= slu_json_index_reserve(&indexes[i]);
        err |= slu_json_memo_init(&memos[i], alloc, paths.node_count);
        err |=
            slu_json_memo_init(&plain_memos[i], alloc, plain_paths.node_count);
    }
    cr_assert_eq(err, SLU_ERR_OK);
}

static void tear_down(void)
{
    slu_json_paths_fini(&paths);
    slu_json_paths_fini(&plain_paths);
    for (unsigned i = 0; i <= KERNELS_MAX; i++) {
        slu_json_reader_free(readers[i]);
        slu_json_reader_free(plain_readers[i]);
    }
    for (unsigned i = 0; i < KERNELS_MAX; i++) {
        slu_json_index_fini(&indexes[i]);
        slu_json_memo_fini(&memos[i]);
        slu_json_memo_fini(&plain_memos[i]);
    }
}

TestSuite(json_walk, .init = set_up, .fini = tear_down);

/* The text with exactly the padding behind it, which is filled with what may
 * tempt the walk. */
static char *copy_padded(const char *text, size_t len)
{
    char *copy = malloc(len + SLU_JSON_PADDING);

    memcpy(copy, text, len);
    memset(copy + len, '"', SLU_JSON_PADDING);
    memcpy(copy + len, "},1\"a\":{", 8);
    return copy;
}

/* --- values as text ------------------------------------------------------ */

struct tape {
    char text[4000];
    size_t len;
    unsigned count;
};

static bool note_value(void *ctx, unsigned field,
                       const struct slu_json_value *value)
{
    struct tape *tape = ctx;
    char *at = tape->text + tape->len;
    size_t room = sizeof(tape->text) - tape->len;

    (void)snprintf(at, room, "%u:%d %u %d %lld %.17g '%.*s'\n", field,
                   (int)value->kind, value->element, value->boolean,
                   (long long)value->integer, value->number,
                   SLU_VIEW_ARGS(value->text));
    tape->len += strlen(at);
    tape->count++;
    cr_assert(tape->len + 1 < sizeof(tape->text));
    return true;
}

static char *make_room(void *ctx)
{
    static char room[4000];

    (void)ctx;
    return room;
}

static char *find_no_room(void *ctx)
{
    (void)ctx;
    return NULL;
}

/* Whether the index is of a whole text. */
static bool make_index(const struct slu_json_kernel *kernel,
                       struct slu_json_index *index, struct slu_view text)
{
    slu_json_index_start(index, text.ptr, 0);
    kernel->index(index, text.len);
    return !index->failed && index->judged > 0 && index->done == text.len &&
           kernel->find_depth(index, 1, 1) + 1 == index->judged;
}

static bool room_is_short;

/* Whether that kernel takes the text. */
static bool walk_text(unsigned kernel, struct slu_view text, bool plain,
                      struct tape *tape)
{
    struct slu_json_walk_task task = {
        .paths = plain ? &plain_paths : &paths,
        .memo = plain ? &plain_memos[kernel] : &memos[kernel],
        .wanted = plain ? (UINT64_C(1) << PLAIN_COUNT) - 1 : 0,
        .on_value = note_value,
        .ctx = tape,
        .make_room = room_is_short ? find_no_room : make_room};
    const struct slu_json_kernel *self = slu_json_kernel_at(kernel);
    unsigned reported = 0;
    bool good;

    *tape = (struct tape){.len = 0};
    if (!make_index(self, &indexes[kernel], text)) {
        return false;
    }
    good = self->walk(&task, &indexes[kernel], 0, &reported);
    cr_assert_eq(reported, tape->count);
    return good;
}

static bool has_walk(unsigned kernel)
{
    return slu_json_kernel_at(kernel) != NULL &&
           slu_json_kernel_at(kernel)->walk != NULL;
}

/* Whether every kernel takes the text; they must agree, also when they have
 * seen it before. */
static bool is_taken(const char *text)
{
    size_t len = strlen(text);
    char *copy = copy_padded(text, len);
    struct tape tape;
    int taken = -1;

    for (unsigned i = 0; has_walk(i / 2); i++) {
        bool good = walk_text(i / 2, slu_view_make(copy, len), true, &tape);

        cr_assert(taken < 0 || good == (taken == 1), "%s", text);
        taken = good;
    }
    free(copy);
    return taken != 0;
}

static unsigned check_text(const char *text, size_t len);

static bool is_here(void)
{
    if (!has_walk(0)) {
        cr_log_warn("skipped: no kernel of this CPU walks");
    }
    return has_walk(0);
}

Test(json_walk, takes_what_is_right)
{
    static const char *const texts[] = {
        "{}",
        "[]",
        "[{\"a\":1}]",
        "{\"a\":1}",
        "{\"a\":\"x\",\"b\":{\"d\":{\"e\":0},\"c\":[1,{}]}}",
        "{\"x\":[[{\"a\":\"]\"}]],\"y\":\"}\",\"a\":1}",
        "{\"x\":null,\"y\":-1.5e3,\"t\":true,\"a\":123456789012345678}",
        "{\"long_name_of_a\":\"\",\"long_name_of_b\":\"\"}",
        "{\"x\":\"\\\\\",\"y\":\"\\\"}\",\"a\":\"\\\\\"}",
        " { \"a\" : 1 ,\n\t\"b\" : { \"c\" : \"x\" } } ",
        "{ \"x\" : { } , \"a\" : [ ] , \"b\" : { } }",
        "{\"a\":\"\xc3\xa9\",\"x\":\"\xf0\x9d\x84\x9e\"}",
        "{\"a\":-1}",
        "{\"a\":-0}",
        "{\"a\":1.5}",
        "{\"a\":-0.25,\"b\":{\"c\":123456.125}}",
        "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}",
        "{\"a\":\"\\u0041\\u00e9\\u20Ac\\ud834\\uDD1E\",\"b\":{\"c\":\"\\n\"}}",
        "{\"a\":\"\\udbff\\udfff\\ud800\\udc00\\uffff\\ud7ff\\ue000\"}",
        "{\"b\":\"\\\"\",\"a\":\"0123456789012345678901234567890123456789"
        "012345678901234567890123456789\\n0123456789\"}",
        "{\"a\":5.0E0}",
        "{\"a\":-1e3,\"b\":{\"c\":9.2e18}}",
        "{\"a\":12.5e-3,\"b\":{\"c\":-9.2e18}}",
        "{\"a\":1E+22,\"b\":{\"c\":123456789012345e-22}}",
        "{\"a\":0e0,\"b\":{\"c\":-0.0E-21}}",
        "{\"a\":null}",
        "{\"a\":true}",
        "{\"b\":{\"c\":false}}",
        "{\"b\":null}",
        "{\"x\":tru}", /* of which nobody wants to know what it is */
    };

    if (!is_here()) {
        return;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (texts[i][0] != '[') {
            cr_assert(is_taken(texts[i]), "%s", texts[i]);
        }
        (void)check_text(texts[i], strlen(texts[i]));
    }
}

Test(json_walk, gives_up_at_what_is_uncommon_or_wrong)
{
    static const char *const texts[] = {
        "",
        "1",
        "\"x\"",
        "{\"\\u0061\":1}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"\\\xc3\xa9\"}",
        "{\"a\":\"\\u00g0\"}",
        "{\"a\":\"\\u00\"}",
        "{\"a\":\"\\u:000\"}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\ud800\\n\"}",
        "{\"a\":\"\\ud800\\ud800\"}",
        "{\"a\":\"\\ud800\\ue000\"}",
        "{\"a\":\"\\udc00\"}",
        "{\"a\":\"\t\"}",
        "{\"x\":\"\t\"}",
        "{\"x\":\"\xc3\"}",
        "{\"a\":01}",
        "{\"a\":1e23}",
        "{\"a\":1e-23}",
        "{\"a\":1.5e24}",
        "{\"a\":123456789012345678e1}",
        "{\"a\":1e}",
        "{\"a\":1e+}",
        "{\"a\":1e1.5}",
        "{\"a\":1e0x}",
        "{\"a\":1e0001}",
        "{\"a\":1.e1}",
        "{\"a\":1.}",
        "{\"a\":.5}",
        "{\"a\":-}",
        "{\"a\":1.2345678901234567}",
        "{\"a\":1234567890123456789}",
        "{\"a\":9999999999999999999}",
        "{\"a\":nul}",
        "{\"a\":nulll}",
        "{\"b\":tru}",
        "{\"a\":1x}",
        "{\"a\":}",
        "{\"a\":,\"x\":1}",
        "{\"x\":,\"a\":1}",
        "{\"x\"::1,\"a\":1}",
        "{\"a\" 1}",
        "{\"a\":1 \"x\":2}",
        "{\"a\":1,,\"x\":2}",
        "{\"a\":1, ,\"x\":2}",
        "{\"a\":1:\"x\":2}",
        "{\"x\":1 \"a\":2}",
        "{\"x\":\"1\" \"a\":2}",
        "{\"x\":{} \"a\":2}",
        "{\"x\":{},}",
        "{\"x\":\"\",}",
        "{\"x\":1,}",
        "{\"x\":1 , }",
        "{\"x\",\"a\":1}",
        "{,\"a\":1}",
        "{ , \"a\":1}",
        "{x\"a\":1}",
        "{1:2}",
        "{\"a\"}",
        "{\"x\"}",
        "{[]}",
        "{\"a\":[1}",
        "{\"a\":\"x",
        "{\"x\":{\"a\":1}",
        "{\"a\":1]",
        "{}{}",
    };

    if (!is_here()) {
        return;
    }
    /* What the memo has learnt must not make it accept them. */
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
            cr_assert_not(is_taken(texts[i]), "%s", texts[i]);
        }
        cr_assert(is_taken("{\"a\":1,\"x\":2}"));
        cr_assert(is_taken("{\"x\":1,\"a\":2}"));
        cr_assert(is_taken("{\"x\":{},\"a\":2}"));
        cr_assert(is_taken("{ \"a\":1, \"x\":2}"));
    }
}

Test(json_walk, gives_up_when_there_is_no_room_for_a_string)
{
    if (is_here()) {
        room_is_short = true;
        cr_assert_not(is_taken("{\"a\":\"\\n\"}"));
        cr_assert(is_taken("{\"a\":\"n\"}"));
        room_is_short = false;
    }
}

Test(json_walk, leaves_when_all_is_met)
{
    static const char text[] = "{\"a\":1,\"b\":{\"c\":1,\"d\":{\"e\":1}},"
                               "\"long_name_of_a\":1,\"\\u0061\":1 2}";
    char *copy = copy_padded(text, sizeof(text) - 1);
    struct slu_view view = slu_view_make(copy, sizeof(text) - 1);
    struct tape tape;

    for (unsigned i = 0; has_walk(i); i++) {
        cr_assert(walk_text(i, view, true, &tape));
        cr_assert_eq(tape.count, PLAIN_COUNT);
        cr_assert_not(walk_text(i, view, false, &tape));
    }
    free(copy);
}

/* --- against simdjson ---------------------------------------------------- */

static enum slu_err read_text(struct slu_json_reader *reader,
                              struct slu_view text, struct tape *tape,
                              struct slu_error *error)
{
    *tape = (struct tape){.len = 0};
    return slu_json_read(reader, text, note_value, tape, error);
}

/*
 * One reader of each kernel and one of simdjson must say the same. What
 * simdjson refuses a kernel may accept, when nobody wants to know of the place,
 * and so may simdjson's values be fewer, also when both refuse it in the end.
 */
static void check_readers(struct slu_json_reader *const *all,
                          struct slu_view text)
{
    struct tape want, got;
    struct slu_error error, fault;
    enum slu_err err = read_text(all[KERNELS_MAX], text, &want, &error);

    for (unsigned i = 0; has_walk(i); i++) {
        enum slu_err other = read_text(all[i], text, &got, &fault);

        cr_assert(other == err || other == SLU_ERR_OK, "%.*s",
                  SLU_VIEW_ARGS(text));
        cr_assert(other == SLU_ERR_OK || fault.offset == error.offset);
        cr_assert(got.len == want.len ||
                      (err != SLU_ERR_OK && got.len > want.len),
                  "%.*s\n%s\n%s", SLU_VIEW_ARGS(text), got.text, want.text);
        cr_assert_eq(memcmp(got.text, want.text, want.len), 0, "%.*s\n%s\n%s",
                     SLU_VIEW_ARGS(text), got.text, want.text);
    }
}

/* How many kernels took it. */
static unsigned check_text(const char *text, size_t len)
{
    char *copy = copy_padded(text, len);
    struct slu_view view = slu_view_make(copy, len);
    unsigned taken = 0;

    check_readers(readers, view);
    check_readers(plain_readers, view);
    for (unsigned i = 0; has_walk(i); i++) {
        struct tape tape;

        taken += walk_text(i, view, false, &tape);
    }
    free(copy);
    return taken;
}

struct style {
    unsigned blanks; /* one in so many places has some; 0: none */
    bool indented;
};

static void write_gap(FILE *out, uint32_t *state, const struct style *style,
                      unsigned depth)
{
    if (style->indented) {
        (void)fprintf(out, "\n%*s", (int)(2 * depth), "");
    } else if (style->blanks > 0 && json_random(state) % style->blanks == 0) {
        (void)fprintf(out, "%.*s", (int)(json_random(state) % 80),
                      " \n \t                                        "
                      "                                              ");
    }
}

static void write_value(FILE *out, uint32_t *state, const struct style *style,
                        unsigned depth)
{
    static const char *const scalars[] = {"0",
                                          "7",
                                          "1700000000",
                                          "\"\"",
                                          "\"a,b\"",
                                          "\"}{][\"",
                                          "null",
                                          "\"a\\\"\"",
                                          "-12.5",
                                          "\"\xc3\xa9\"",
                                          "true",
                                          "1.5e3",
                                          "0.1",
                                          "2.0E0",
                                          "-7E-3",
                                          "9.3e18",
                                          "1e999",
                                          "922e16",
                                          "\"\\u00e9\\n\"",
                                          "\"\\ud83d\\ude80\\/\"",
                                          "\"\\ud83d\"",
                                          "\"\\x\"",
                                          "\"more than sixty-four bytes, then "
                                          "a quote, and some more \\\"\\\" \""};
    static const char *const members[] = {
        "a", "b", "c", "d", "e", "z", "long_name_of_a", "long_name_of_b"};
    unsigned kind = json_random(state) % (depth < 5 ? 5 : 2);
    unsigned count = json_random(state) % 6;

    if (kind < 2 && depth > 0) {
        /* The common ones more often. */
        (void)fputs(scalars[json_random(state) % (1 + json_random(state) % 23)],
                    out);
        return;
    }
    kind = depth == 0 ? 3 : kind;
    (void)fputc(kind >= 3 ? '{' : '[', out);
    for (unsigned i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        write_gap(out, state, style, depth + 1);
        if (kind >= 3) {
            (void)fprintf(out, "\"%s\":%s", members[json_random(state) % 8],
                          style->indented ? " " : "");
        }
        write_value(out, state, style, depth + 1);
    }
    write_gap(out, state, style, depth);
    (void)fputc(kind >= 3 ? '}' : ']', out);
}

Test(json_walk, never_differs_from_simdjson)
{
    static const struct style styles[] = {{0, false}, {20, false}, {0, true}};
    uint32_t state = 20251122;
    unsigned taken = 0, left = 0;

    for (unsigned round = 0; round < 20000; round++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        unsigned changes = json_random(&state) % 3;

        write_value(out, &state, &styles[round % 3], 0);
        (void)fclose(out);
        for (; changes > 1 && len > 0; changes--) {
            text[json_random(&state) % len] =
                "\"\\{}[]:, 0a\n\xff"[json_random(&state) % 13];
        }
        if (len < 1500) {
            *(check_text(text, len) > 0 ? &taken : &left) += 1;
        }
        free(text);
    }
    cr_assert(!has_walk(0) || (taken > 10000 && left > 2000), "%u, %u", taken,
              left);
}
