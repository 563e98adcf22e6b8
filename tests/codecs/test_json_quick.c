/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way of every kernel that has one: what it takes and what it gives
 * up at, and that it never differs from simdjson.
 */
#include "codecs/json_read.h"
#include "codecs/json_scan.h"
#include "codecs/json_split.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

/* The last path makes slu_json_read() use simdjson, and read to the end. */
static const struct slu_json_field fields[] = {
    {"a"}, {"b.c"}, {"b.d.e"}, {"b"}, {"long_name_of_a"}, {"z[]"}};
#define PLAIN_COUNT 5u
#define WANTED ((UINT64_C(1) << PLAIN_COUNT) - 1)

static struct slu_json_paths paths;
static struct slu_json_reader *reference;

static void set_up(void)
{
    reference =
        slu_json_reader_new(slu_alloc_default(), fields, PLAIN_COUNT + 1);
    cr_assert_not_null(reference);
    cr_assert_eq(
        slu_json_paths_init(&paths, slu_alloc_default(), fields, PLAIN_COUNT),
        SLU_ERR_OK);
}

static void tear_down(void)
{
    slu_json_paths_fini(&paths);
    slu_json_reader_free(reference);
}

TestSuite(json_quick, .init = set_up, .fini = tear_down);

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

/* Whether every kernel takes the text; they must agree. */
static bool is_taken(const char *text)
{
    size_t len = strlen(text);
    char *copy = copy_padded(text, len);
    struct slu_json_quick quick;
    int taken = -1;

    for (unsigned i = 0; slu_json_kernel_at(i) != NULL; i++) {
        slu_json_quick_fn read = slu_json_kernel_at(i)->quick;
        bool good;

        if (read == NULL) {
            continue;
        }
        good = read(&paths, slu_view_make(copy, len), WANTED, &quick);
        cr_assert(taken < 0 || good == (taken == 1), "%s", text);
        taken = good;
    }
    free(copy);
    return taken != 0;
}

static bool has_short_way(void)
{
    bool has = slu_json_kernel_best()->quick != NULL;

    if (!has) {
        cr_log_warn("skipped: no kernel of this CPU has a short way");
    }
    return has;
}

Test(json_quick, takes_what_is_common)
{
    static const char *const texts[] = {
        "{}",
        "{\"a\":1}",
        "{\"a\":\"x\",\"b\":{\"d\":{\"e\":0},\"c\":[1,{}]}}",
        "{\"x\":[[{\"a\":\"]\"}]],\"y\":\"}\",\"a\":1}",
        "{\"x\":null,\"y\":-1.5e3,\"t\":true,\"a\":123456789012345678}",
        "{\"long_name_of_a\":\"\",\"long_name_of_b\":\"\"}",
        "{\"x\":\"\\\\\",\"y\":\"\\\"}\",\"a\":1,\"long_name_of_a\":1,"
        "\"b\":{\"c\":1,\"d\":{\"e\":1}}}",
        /* Everything was met: what is behind isn't looked at. */
        "{\"a\":1,\"b\":{\"c\":1,\"d\":{\"e\":1}},\"long_name_of_a\":1,"
        "\"\\u0061\":\xff!",
    };

    if (!has_short_way()) {
        return;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert(is_taken(texts[i]), "%s", texts[i]);
    }
}

Test(json_quick, gives_up_at_what_is_uncommon)
{
    static const char *const texts[] = {
        "",
        "[]",
        "[{\"a\":1}]",
        " {}",
        "{ \"a\":1}",
        "{\"a\" :1}",
        "{\"a\": 1}",
        "{\"a\":1 }",
        "{\"a\":1 ,\"x\":1}",
        "{\"x\":1, \"a\":1}",
        "{\"x\":{} }",
        "{} ",
        "{\"\\u0061\":1}",
        "{\"a\":\"\\n\"}",
        "{\"a\":\"\xc3\xa9\"}",
        "{\"x\":\"\xc3\xa9\"}",
        "{\"a\":\"\t\"}",
        "{\"x\":\"\t\"}",
        "{\"a\":-1}",
        "{\"a\":1.0}",
        "{\"a\":01}",
        "{\"a\":1234567890123456789}",
        "{\"a\":9999999999999999999}",
        "{\"a\":null}",
        "{\"a\":true}",
        "{\"b\":tru}",
        "{\"a\":}",
        "{\"a\":,\"x\":1}",
        "{\"a\" 1}",
        "{\"a\":1 \"x\":2}",
        "{\"x\":1 \"a\":2}",
        "{\"x\":\"1\" \"a\":2}",
        "{\"x\":1,2,\"a\":2}",
        "{\"x\":1,}",
        "{\"x\",\"a\":1}",
        "{,\"a\":1}",
        "{x\"a\":1}",
        "{1:2}",
        "{\"a\":[1}",
        "{\"a\":\"x",
        "{\"x\":{\"a\":1}",
        "{\"a\":1]",
        "{\"x\":12345678901234567,\"a\":1}",
    };

    if (!has_short_way()) {
        return;
    }
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        cr_assert_not(is_taken(texts[i]), "%s", texts[i]);
    }
}

Test(json_quick, has_bounds_that_it_keeps)
{
    static const struct slu_json_field deep[] = {{"a.a.a.a.a.a.a.a.a.a"}};
    char text[400] = "";

    if (!has_short_way()) {
        return;
    }
    for (unsigned i = 0; i < SLU_JSON_QUICK_MAX + 1; i++) {
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
                       "%s\"a\":1", i == 0 ? "{" : ",");
        (void)snprintf(text + strlen(text), 2, "}");
        cr_assert_eq(is_taken(text), i < SLU_JSON_QUICK_MAX, "%s", text);
        text[strlen(text) - 1] = '\0';
    }
    slu_json_paths_fini(&paths);
    cr_assert_eq(slu_json_paths_init(&paths, slu_alloc_default(), deep, 1),
                 SLU_ERR_OK);
    for (unsigned depth = 8; depth <= 10; depth++) {
        text[0] = '\0';
        for (unsigned i = 0; i < depth; i++) {
            strcat(text, "{\"a\":");
        }
        strcat(text, "1");
        for (unsigned i = 0; i < depth; i++) {
            strcat(text, "}");
        }
        cr_assert_eq(is_taken(text), depth <= SLU_JSON_QUICK_DEPTH + 1);
    }
}

/* --- against simdjson ---------------------------------------------------- */

struct tape {
    struct slu_json_quick values;
    unsigned count; /* of all, also of those for which there was no room */
};

static bool note_value(void *ctx, unsigned field,
                       const struct slu_json_value *value)
{
    struct tape *tape = ctx;

    if (tape->count < SLU_JSON_QUICK_MAX) {
        tape->values.fields[tape->count] = field;
        tape->values.values[tape->count] = *value;
    }
    tape->count++;
    return true;
}

static bool is_same(const struct slu_json_value *a,
                    const struct slu_json_value *b)
{
    if (a->kind != b->kind || a->element != b->element ||
        (a->kind != SLU_JSON_STRING && a->text.len != b->text.len)) {
        return false;
    }
    switch (a->kind) {
    case SLU_JSON_INT:
        return a->integer == b->integer && a->number == b->number;
    case SLU_JSON_STRING:
        return a->text.ptr == b->text.ptr && a->text.len == b->text.len;
    default:
        return true;
    }
}

static void compare(struct slu_view text, const struct slu_json_quick *quick,
                    enum slu_err err, const struct tape *tape)
{
    uint64_t unmet = WANTED;

    for (unsigned i = 0; i < quick->count; i++) {
        unmet &= ~(UINT64_C(1) << quick->fields[i]);
        if (i >= tape->count && err != SLU_ERR_OK) {
            break; /* simdjson saw a fault before it came there */
        }
        cr_assert(i < tape->count &&
                      tape->values.fields[i] == quick->fields[i] &&
                      is_same(&tape->values.values[i], &quick->values[i]),
                  "%.*s", SLU_VIEW_ARGS(text));
    }
    cr_assert(err != SLU_ERR_OK || unmet == 0 || tape->count == quick->count,
              "%.*s", SLU_VIEW_ARGS(text));
}

/* How many kernels took it. */
static unsigned check_text(const char *text, size_t len)
{
    char *copy = copy_padded(text, len);
    struct slu_view view = slu_view_make(copy, len);
    struct tape tape = {.count = 0};
    enum slu_err err = slu_json_read(reference, view, note_value, &tape, NULL);
    unsigned taken = 0;

    for (unsigned i = 0; slu_json_kernel_at(i) != NULL; i++) {
        slu_json_quick_fn read = slu_json_kernel_at(i)->quick;
        struct slu_json_quick quick;

        if (read != NULL && read(&paths, view, WANTED, &quick)) {
            compare(view, &quick, err, &tape);
            taken++;
        }
    }
    free(copy);
    return taken;
}

static void write_blanks(FILE *out, uint32_t *state)
{
    if (json_random(state) % 64 == 0) {
        (void)fprintf(out, "%.*s", (int)(json_random(state) % 40),
                      " \n \t                                       ");
    }
}

static void write_value(FILE *out, uint32_t *state, unsigned depth)
{
    static const char *const scalars[] = {
        "0",        "7",    "1700000000", "\"\"",  "\"a,b\"",
        "\"}{][\"", "null", "\"a\\\"\"",  "-12.5", "\"\xc3\xa9\"",
        "true"};
    static const char *const names[] = {
        "a", "b", "c", "d", "e", "x", "long_name_of_a", "long_name_of_b"};
    unsigned kind = json_random(state) % (depth < 5 ? 5 : 2);
    unsigned count = json_random(state) % 6;

    if (kind < 2 && depth > 0) {
        /* The common ones more often. */
        (void)fputs(scalars[json_random(state) % (1 + json_random(state) % 11)],
                    out);
        return;
    }
    kind = depth == 0 ? 3 : kind;
    (void)fputc(kind >= 3 ? '{' : '[', out);
    for (unsigned i = 0; i < count; i++) {
        (void)fputs(i == 0 ? "" : ",", out);
        write_blanks(out, state);
        if (kind >= 3) {
            (void)fprintf(out, "\"%s\":", names[json_random(state) % 8]);
            write_blanks(out, state);
        }
        write_value(out, state, depth + 1);
        write_blanks(out, state);
    }
    (void)fputc(kind >= 3 ? '}' : ']', out);
}

Test(json_quick, never_differs_from_simdjson)
{
    uint32_t state = 20251122;
    unsigned taken = 0, left = 0;

    for (unsigned round = 0; round < 60000; round++) {
        char *text = NULL;
        size_t len = 0;
        FILE *out = open_memstream(&text, &len);
        unsigned changes = json_random(&state) % 3;

        write_value(out, &state, 0);
        (void)fclose(out);
        for (; changes > 1 && len > 0; changes--) {
            text[json_random(&state) % len] =
                "\"\\{}[]:, 0a\n\xff"[json_random(&state) % 13];
        }
        if (check_text(text, len) > 0) {
            taken++;
        } else {
            left++;
        }
        free(text);
    }
    cr_assert(!has_short_way() || (taken > 10000 && left > 10000), "%u, %u",
              taken, left);
}
