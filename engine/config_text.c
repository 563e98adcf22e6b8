/* SPDX-License-Identifier: Apache-2.0 */
/* What the configuration's messages and its reference say of a field. */
#include "engine/config_reader.h"

#include <inttypes.h>
#include <stdio.h>

#define NEAR_LEN_MIN 3 /* every other short word is near to a shorter one */
#define NEAR_LEN_MAX 40

struct slu_config_quote slu_config_quote_make(struct slu_view text)
{
    struct slu_config_quote quote;
    size_t most = sizeof(quote.text) - 4;
    size_t len = text.len < most ? text.len : most;

    /* Never cut inside a character: step back over its later bytes. */
    while (len < text.len && len > 0 && (text.ptr[len] & 0xC0) == 0x80) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        bool control = byte < 0x20 || byte == 0x7F;

        quote.text[i] = control ? '?' : text.ptr[i];
    }
    (void)snprintf(quote.text + len, 4, "%s", len < text.len ? "..." : "");
    return quote;
}

const char *slu_config_section_label(const struct slu_section *section)
{
    return section->name[0] == '\0' ? "the top level" : section->name;
}

struct slu_view slu_config_choice(const char *choices, unsigned index)
{
    const char *start = choices == NULL ? "" : choices;

    while (index > 0 && *start != '\0') {
        start += strcspn(start, "|");
        start += *start == '|';
        index--;
    }
    return slu_view_make(start, strcspn(start, "|"));
}

/* ---- nearness ---- */

/* Levenshtein's distance, with a swap of two neighbours counted as two. */
static unsigned measure_distance(struct slu_view a, struct slu_view b)
{
    unsigned row[NEAR_LEN_MAX + 1];

    for (unsigned j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (unsigned i = 1; i <= a.len; i++) {
        unsigned corner = row[0];

        row[0] = i;
        for (unsigned j = 1; j <= b.len; j++) {
            unsigned best = corner + (a.ptr[i - 1] != b.ptr[j - 1]);

            corner = row[j];
            best = row[j] + 1 < best ? row[j] + 1 : best;
            row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
        }
    }
    return row[b.len];
}

bool slu_config_is_near(struct slu_view a, const char *b)
{
    struct slu_view other = slu_view_str(b);

    if (a.len == 0 || a.len > NEAR_LEN_MAX || other.len < NEAR_LEN_MIN ||
        other.len > NEAR_LEN_MAX) {
        return false;
    }
    return measure_distance(a, other) <= (other.len < 6 ? 1 : 2);
}

/* ---- expectations ---- */

struct unit_name {
    int64_t size;
    const char *name;
};

/* The largest unit that divides the number: "35MB", "10m". */
static void format_unit(int64_t number, const struct unit_name *units,
                        char *out, size_t out_len)
{
    while (units->size > 1 && number % units->size != 0) {
        units++;
    }
    (void)snprintf(out, out_len, "%" PRId64 "%s", number / units->size,
                   units->name);
}

static void format_bound(enum slu_field_type type, int64_t number, char *out,
                         size_t out_len)
{
    static const struct unit_name sizes[] = {
        {1000000000, "GB"}, {1000000, "MB"}, {1000, "KB"}, {1, ""}, {0, NULL}};
    static const struct unit_name durations[] = {
        {86400000, "d"}, {3600000, "h"}, {60000, "m"},
        {1000, "s"},     {1, "ms"},      {0, NULL}};
    static const struct unit_name percent[] = {{1, "%"}, {0, NULL}};
    static const struct unit_name plain[] = {{1, ""}, {0, NULL}};

    if (number == 0) {
        (void)snprintf(out, out_len, "%s",
                       type == SLU_FIELD_DURATION ? "0s" : "0");
        return;
    }
    format_unit(number,
                type == SLU_FIELD_SIZE       ? sizes
                : type == SLU_FIELD_DURATION ? durations
                : type == SLU_FIELD_PERCENT  ? percent
                                             : plain,
                out, out_len);
}

static void expect_range(const struct slu_field *field, const char *what,
                         char out[SLU_EXPECTATION_MAX])
{
    char low[32];
    char high[32];

    format_bound(field->type, field->min, low, sizeof(low));
    format_bound(field->type, field->max, high, sizeof(high));
    if (field->min == 0 && field->max == 0) {
        (void)snprintf(out, SLU_EXPECTATION_MAX, "%s", what);
    } else if (field->max == INT64_MAX) {
        (void)snprintf(out, SLU_EXPECTATION_MAX, "%s from %s up", what, low);
    } else if (field->min == field->max) {
        (void)snprintf(out, SLU_EXPECTATION_MAX, "%s (nothing else yet)", low);
    } else {
        (void)snprintf(out, SLU_EXPECTATION_MAX, "%s from %s to %s", what, low,
                       high);
    }
}

/* "one of a, b, c" behind a lead. */
static void expect_choices(const char *lead, const char *choices,
                           char out[SLU_EXPECTATION_MAX])
{
    int used = snprintf(out, SLU_EXPECTATION_MAX, "%s", lead);

    for (unsigned i = 0; used > 0 && used < SLU_EXPECTATION_MAX; i++) {
        struct slu_view choice = slu_config_choice(choices, i);

        if (choice.len == 0) {
            return;
        }
        used += snprintf(out + used, (size_t)(SLU_EXPECTATION_MAX - used),
                         "%s%.*s", i == 0 ? " " : ", ", SLU_VIEW_ARGS(choice));
    }
}

static void expect_strings(const struct slu_field *field,
                           char out[SLU_EXPECTATION_MAX])
{
    const char *all = field->or_all ? "all, or " : "";
    char lead[80];
    char count[40] = "";

    if (field->max > 0) {
        (void)snprintf(count, sizeof(count), "%" PRId64 " to %" PRId64 " ",
                       field->min, field->max);
    } else if (field->min > 0) {
        (void)snprintf(count, sizeof(count), "at least %" PRId64 " ",
                       field->min);
    }
    (void)snprintf(lead, sizeof(lead), "%sa list of %s%s", all, count,
                   field->choices == NULL ? "texts, such as [a, b]" : "of");
    expect_choices(lead, field->choices, out);
}

/* "a list of 0 to 1000 maps" and "with id, role_arn". */
static void expect_keys(const struct slu_field *field, const char *what,
                        char out[SLU_EXPECTATION_MAX])
{
    const struct slu_section *inner = field->inner;
    int used = snprintf(out, SLU_EXPECTATION_MAX, "%s", what);

    for (unsigned i = 0; i < inner->field_count; i++) {
        if (used < 0 || used >= SLU_EXPECTATION_MAX) {
            return;
        }
        used += snprintf(out + used, (size_t)(SLU_EXPECTATION_MAX - used),
                         "%s%s", i == 0 ? " " : ", ", inner->fields[i].key);
    }
}

static void expect_maps(const struct slu_field *field,
                        char out[SLU_EXPECTATION_MAX])
{
    char count[40] = "";
    char lead[80];

    if (field->max > 0) {
        (void)snprintf(count, sizeof(count), "%" PRId64 " to %" PRId64 " ",
                       field->min, field->max);
    }
    (void)snprintf(lead, sizeof(lead), "a list of %smaps with", count);
    expect_keys(field, lead, out);
}

void slu_config_expectation(const struct slu_field *field,
                            char out[SLU_EXPECTATION_MAX])
{
    switch (field->type) {
    case SLU_FIELD_BOOL:
        (void)snprintf(out, SLU_EXPECTATION_MAX, "true or false");
        return;
    case SLU_FIELD_INT:
        expect_range(field, "a whole number", out);
        return;
    case SLU_FIELD_SIZE:
        expect_range(field, "a size such as 64KB or 1MB", out);
        return;
    case SLU_FIELD_DURATION:
        expect_range(field, "a time such as 30s, 10m or 5d", out);
        return;
    case SLU_FIELD_PERCENT:
        expect_range(field, "a percentage", out);
        return;
    case SLU_FIELD_STRING:
        expect_choices(field->choices == NULL ? "a text" : "one of",
                       field->choices, out);
        return;
    case SLU_FIELD_PATH:
        (void)snprintf(out, SLU_EXPECTATION_MAX, "a path");
        return;
    case SLU_FIELD_SECRET:
        (void)snprintf(out, SLU_EXPECTATION_MAX, "%s",
                       field->manager ? "{env: NAME}, {file: PATH} or {secret: "
                                        "NAME_OR_ARN, key: MEMBER}"
                                      : "{env: NAME} or {file: PATH}");
        return;
    case SLU_FIELD_STRINGS:
        expect_strings(field, out);
        return;
    case SLU_FIELD_MAP:
        expect_keys(field, "a map with", out);
        return;
    case SLU_FIELD_MAPS:
        expect_maps(field, out);
        return;
    }
}
