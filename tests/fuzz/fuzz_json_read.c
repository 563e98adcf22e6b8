/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader must read every object and array that simdjson's DOM accepts, and
 * find at its paths what the DOM finds there. What the DOM rejects may pass
 * where no path leads, but no read may leave the text and its padding.
 */
#include "codecs/json_read.h"
#include "codecs/json_split.h"
#include "fuzz/demand.h"
#include "support/json_dom.h"

static const struct slu_json_field fields[] = {
    {"a"}, {"b.c"}, {"b.d.e"}, {"b"}, {"f[].g"}, {"f[]"}, {"[].a"},
};
#define FIELD_COUNT (sizeof(fields) / sizeof(fields[0]))
/* The first ones have no "[]": json_dom_get knows them. */
#define PLAIN_COUNT 4

struct tally {
    unsigned count[FIELD_COUNT];
    struct slu_json_value last[FIELD_COUNT];
};

static bool note_value(void *ctx, unsigned field,
                       const struct slu_json_value *value)
{
    struct tally *tally = ctx;
    volatile unsigned sum = 0;

    for (size_t i = 0; i < value->text.len; i++) {
        sum += (unsigned char)value->text.ptr[i];
    }
    tally->count[field]++;
    tally->last[field] = *value;
    return true;
}

static bool is_same(const struct slu_json_value *value, const char *want)
{
    switch (value->kind) {
    case SLU_JSON_NULL:
        return strcmp(want, "null") == 0;
    case SLU_JSON_BOOL:
        return strcmp(want, value->boolean ? "true" : "false") == 0;
    case SLU_JSON_INT:
        return atoll(want) == value->integer;
    case SLU_JSON_DOUBLE:
        return atof(want) == value->number;
    case SLU_JSON_STRING:
        /* The DOM's answer ends at a zero byte. */
        return memchr(value->text.ptr, '\0', value->text.len) != NULL ||
               slu_view_equal_str(value->text, want);
    case SLU_JSON_OBJECT:
        return want[0] == '{';
    default:
        return want[0] == '[';
    }
}

/* The paths without "[]" alone may take the reader's short way; of a text that
 * the DOM accepts they must find the same. */
static void check_plain(struct slu_view text, const struct tally *tally)
{
    static struct slu_json_reader *reader;
    struct tally plain = {0};
    bool met_all = true;
    enum slu_err err;

    if (reader == NULL) {
        reader = slu_json_reader_new(slu_alloc_default(), fields, PLAIN_COUNT);
        demand(reader != NULL, "memory");
    }
    err = slu_json_read(reader, text, note_value, &plain, NULL);
    for (unsigned i = 0; i < PLAIN_COUNT; i++) {
        met_all = met_all && plain.count[i] > 0;
    }
    demand(err == SLU_ERR_OK, "fewer paths are read as well");
    for (unsigned i = 0; i < PLAIN_COUNT; i++) {
        demand(plain.count[i] == tally->count[i] ||
                   (met_all && plain.count[i] < tally->count[i]),
               "as many values, but for leaving early");
        demand(plain.count[i] != tally->count[i] ||
                   plain.last[i].kind == tally->last[i].kind,
               "the same kind");
    }
}

static void check_dom(struct slu_view text, enum slu_err err,
                      const struct tally *tally)
{
    char *whole = json_dom_minify(text);

    if (whole == NULL || (whole[0] != '{' && whole[0] != '[')) {
        free(whole);
        return;
    }
    free(whole);
    demand(err == SLU_ERR_OK, "what the DOM accepts is read");
    check_plain(text, tally);
    for (unsigned i = 0; i < PLAIN_COUNT; i++) {
        char *want = json_dom_get(text, fields[i].path);

        demand(want == NULL || tally->count[i] > 0,
               "what the DOM finds is found");
        demand(want == NULL || tally->count[i] > 1 ||
                   is_same(&tally->last[i], want),
               "the same value");
        free(want);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slu_json_reader *reader;
    struct tally tally = {0};
    struct slu_error error = {0};
    char *text = malloc(size + SLU_JSON_PADDING);
    enum slu_err err;

    if (reader == NULL) {
        reader = slu_json_reader_new(slu_alloc_default(), fields, FIELD_COUNT);
    }
    demand(text != NULL && reader != NULL, "memory");
    if (size > 0) {
        memcpy(text, data, size);
    }
    memset(text + size, '{', SLU_JSON_PADDING);
    err = slu_json_read(reader, slu_view_make(text, size), note_value, &tally,
                        &error);
    demand(error.code == err && error.offset <= size, "an offset in the text");
    check_dom(slu_view_make(text, size), err, &tally);
    free(text);
    return 0;
}
