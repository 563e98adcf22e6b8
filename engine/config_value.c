/* SPDX-License-Identifier: Apache-2.0 */
/* One value of the configuration: checked against its field, then written. */
#include "codecs/time_text.h"
#include "engine/config_reader.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

static struct slu_config_quote
describe_event(const struct slu_config_reader *reader,
               const struct slu_field *field)
{
    struct slu_config_quote found;

    if (slu_config_reader_is(reader, YAML_SEQUENCE_START_EVENT)) {
        return slu_config_quote_make(slu_view_str("a list"));
    }
    if (slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        return slu_config_quote_make(slu_view_str("a map"));
    }
    if (slu_config_reader_is_null(reader)) {
        return slu_config_quote_make(slu_view_str("nothing"));
    }
    if (field->type == SLU_FIELD_MAP) {
        /* Not quoted: it may be a secret that belongs below. */
        return slu_config_quote_make(slu_view_str("a single value"));
    }
    found = slu_config_quote_make(slu_config_reader_scalar(reader));
    return found;
}

/* The choice that a wrong one may be a slip for; none where a right one
 * stands alone instead of in a list. */
static bool find_near_choice(const struct slu_config_reader *reader,
                             const struct slu_field *field,
                             char out[SLU_LABEL_MAX])
{
    struct slu_view text = slu_config_reader_scalar(reader);
    struct slu_view choice;
    bool near = false;

    for (unsigned i = 0;
         !near && (choice = slu_config_choice(field->choices, i)).len > 0;
         i++) {
        (void)snprintf(out, SLU_LABEL_MAX, "%.*s", SLU_VIEW_ARGS(choice));
        near = slu_config_is_near(text, out);
    }
    return near && !slu_view_equal_str(text, out);
}

enum slu_err slu_config_fail_value(const struct slu_config_reader *reader,
                                   const struct slu_config_slot *slot)
{
    struct slu_config_quote found = describe_event(reader, slot->field);
    bool text = slu_config_reader_is(reader, YAML_SCALAR_EVENT) &&
                !slu_config_reader_is_null(reader) &&
                slot->field->type != SLU_FIELD_MAP;
    char expected[SLU_EXPECTATION_MAX];
    char near[SLU_LABEL_MAX];
    bool slip = text && find_near_choice(reader, slot->field, near);

    slu_config_expectation(slot->field, expected);
    return slu_config_reader_fail(
        reader, slu_config_reader_line(reader),
        "`%s` in %s: found %s%s%s%s%s%s, expected %s", slot->field->key,
        slot->label, text ? "`" : "", found.text, text ? "`" : "",
        slip ? " (did you mean `" : "", slip ? near : "", slip ? "`?)" : "",
        expected);
}

static enum slu_err fail_nomem(const struct slu_config_reader *reader)
{
    return slu_error_set(reader->error, SLU_ERR_NOMEM,
                         "out of memory while reading %s", reader->name);
}

static void *find_target(const struct slu_config_slot *slot)
{
    return (char *)slot->base + slot->field->offset;
}

/* ---- numbers ---- */

/* Digits at the start of the text; false without any, or over 2^63 - 1. */
static bool parse_digits(struct slu_view text, int64_t *out_number,
                         struct slu_view *out_rest)
{
    int64_t number = 0;
    size_t i = 0;

    while (i < text.len && text.ptr[i] >= '0' && text.ptr[i] <= '9') {
        int digit = text.ptr[i] - '0';

        if (number > (INT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
        i++;
    }
    *out_number = number;
    *out_rest = slu_view_make(text.ptr + i, text.len - i);
    return i > 0;
}

static bool parse_int(struct slu_view text, int64_t *out_number)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    struct slu_view rest;

    if (negative) {
        text = slu_view_make(text.ptr + 1, text.len - 1);
    }
    if (!parse_digits(text, out_number, &rest) || rest.len > 0) {
        return false;
    }
    *out_number = negative ? -*out_number : *out_number;
    return true;
}

static bool parse_percent(struct slu_view text, int64_t *out_number)
{
    struct slu_view rest;

    return parse_digits(text, out_number, &rest) &&
           (rest.len == 0 || slu_view_equal_str(rest, "%"));
}

static bool parse_size(struct slu_view text, int64_t *out_number)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } units[] = {
        {"", 1},
        {"B", 1},
        {"KB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"KiB", INT64_C(1) << 10},
        {"MiB", INT64_C(1) << 20},
        {"GiB", INT64_C(1) << 30},
    };
    struct slu_view rest;

    if (!parse_digits(text, out_number, &rest)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (rest.len == strlen(units[i].name) &&
            (rest.len == 0 ||
             strncasecmp(rest.ptr, units[i].name, rest.len) == 0)) {
            if (*out_number > INT64_MAX / units[i].bytes) {
                return false;
            }
            *out_number *= units[i].bytes;
            return true;
        }
    }
    return false;
}

static bool parse_number(enum slu_field_type type, struct slu_view text,
                         int64_t *out_number)
{
    switch (type) {
    case SLU_FIELD_INT:
        return parse_int(text, out_number);
    case SLU_FIELD_SIZE:
        return parse_size(text, out_number);
    case SLU_FIELD_DURATION:
        return slu_time_parse_duration(text, out_number);
    default:
        assert(type == SLU_FIELD_PERCENT);
        return parse_percent(text, out_number);
    }
}

/* A field whose table gives neither bound takes every number. */
static bool is_in_range(const struct slu_field *field, int64_t number)
{
    return (field->min == 0 && field->max == 0) ||
           (number >= field->min && number <= field->max);
}

static enum slu_err read_number(struct slu_config_reader *reader,
                                const struct slu_config_slot *slot)
{
    struct slu_view text = slu_config_reader_scalar(reader);
    int64_t number;

    if (!parse_number(slot->field->type, text, &number) ||
        !is_in_range(slot->field, number)) {
        return slu_config_fail_value(reader, slot);
    }
    if (slot->field->type == SLU_FIELD_SIZE) {
        *(uint64_t *)find_target(slot) = (uint64_t)number;
    } else {
        *(int64_t *)find_target(slot) = number;
    }
    return SLU_ERR_OK;
}

static enum slu_err read_bool(struct slu_config_reader *reader,
                              const struct slu_config_slot *slot)
{
    struct slu_view text = slu_config_reader_scalar(reader);
    bool value = slu_view_equal_str(text, "true");

    if (!value && !slu_view_equal_str(text, "false")) {
        return slu_config_fail_value(reader, slot);
    }
    *(bool *)find_target(slot) = value;
    return SLU_ERR_OK;
}

/* ---- texts ---- */

static bool has_control(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        if (byte < 0x20 || byte == 0x7F) {
            return true;
        }
    }
    return false;
}

static bool is_choice(const struct slu_field *field, struct slu_view text)
{
    if (field->choices == NULL) {
        return true;
    }
    for (unsigned i = 0; slu_config_choice(field->choices, i).len > 0; i++) {
        if (slu_view_equal(slu_config_choice(field->choices, i), text)) {
            return true;
        }
    }
    return false;
}

/* A text may be empty only where that is its default. */
static enum slu_err read_text(struct slu_config_reader *reader,
                              const struct slu_config_slot *slot)
{
    const struct slu_field *field = slot->field;
    struct slu_view text = slu_config_reader_scalar(reader);
    bool may_be_empty = field->default_text == NULL ||
                        field->default_text[0] == '\0' ||
                        strcmp(field->default_text, "\"\"") == 0;
    const char *copy;

    if (text.len == 0 && may_be_empty) {
        *(const char **)find_target(slot) = "";
        return SLU_ERR_OK;
    }
    if (text.len == 0) {
        return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                      "`%s` in %s is empty", field->key,
                                      slot->label);
    }
    if (has_control(text) || !is_choice(field, text)) {
        return slu_config_fail_value(reader, slot);
    }
    copy = slu_config_copy(reader->config, text);
    if (copy == NULL) {
        return fail_nomem(reader);
    }
    *(const char **)find_target(slot) = copy;
    return SLU_ERR_OK;
}

/* ---- lists of texts ---- */

static bool is_listed(const char *const *items, unsigned count,
                      struct slu_view text)
{
    for (unsigned i = 0; i < count; i++) {
        if (slu_view_equal_str(text, items[i])) {
            return true;
        }
    }
    return false;
}

enum slu_err slu_config_fail_many(const struct slu_config_reader *reader,
                                  const struct slu_config_slot *slot)
{
    return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                  "`%s` in %s has more than %d items",
                                  slot->field->key, slot->label,
                                  SLU_CONFIG_ITEMS_MAX);
}

enum slu_err slu_config_fail_count(const struct slu_config_reader *reader,
                                   const struct slu_config_slot *slot,
                                   unsigned count, unsigned line)
{
    char expected[SLU_EXPECTATION_MAX];

    slu_config_expectation(slot->field, expected);
    return slu_config_reader_fail(
        reader, line, "`%s` in %s: found %u items, expected %s",
        slot->field->key, slot->label, count, expected);
}

static enum slu_err check_item(const struct slu_config_reader *reader,
                               const struct slu_config_slot *slot,
                               const char *const *items, unsigned count)
{
    struct slu_view text;

    if (!slu_config_reader_is(reader, YAML_SCALAR_EVENT) ||
        slu_config_reader_is_null(reader)) {
        return slu_config_fail_value(reader, slot);
    }
    text = slu_config_reader_scalar(reader);
    if (text.len == 0 || has_control(text) || !is_choice(slot->field, text)) {
        return slu_config_fail_value(reader, slot);
    }
    if (is_listed(items, count, text)) {
        return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                      "`%s` in %s names `%s` twice",
                                      slot->field->key, slot->label,
                                      slu_config_quote_make(text).text);
    }
    return count == SLU_CONFIG_ITEMS_MAX ? slu_config_fail_many(reader, slot)
                                         : SLU_ERR_OK;
}

static enum slu_err finish_items(const struct slu_config_reader *reader,
                                 const struct slu_config_slot *slot,
                                 const char *const *items, unsigned count,
                                 unsigned line)
{
    const struct slu_field *field = slot->field;
    struct slu_strings strings = {.count = count};
    const char **copy;

    if ((int64_t)count < field->min ||
        (field->max > 0 && (int64_t)count > field->max)) {
        return slu_config_fail_count(reader, slot, count, line);
    }
    if (count > 0) {
        copy = slu_config_get(reader->config, count * sizeof(*copy));
        if (copy == NULL) {
            return fail_nomem(reader);
        }
        memcpy(copy, items, count * sizeof(*copy));
        strings.items = copy;
    }
    *(struct slu_strings *)find_target(slot) = strings;
    return SLU_ERR_OK;
}

static enum slu_err read_items(struct slu_config_reader *reader,
                               const struct slu_config_slot *slot)
{
    const char *items[SLU_CONFIG_ITEMS_MAX];
    unsigned count = 0;
    unsigned line = slu_config_reader_line(reader);
    enum slu_err err;

    for (;;) {
        err = slu_config_reader_next(reader);
        if (err != SLU_ERR_OK) {
            return err;
        }
        if (slu_config_reader_is(reader, YAML_SEQUENCE_END_EVENT)) {
            return finish_items(reader, slot, items, count, line);
        }
        err = check_item(reader, slot, items, count);
        if (err != SLU_ERR_OK) {
            return err;
        }
        items[count] =
            slu_config_copy(reader->config, slu_config_reader_scalar(reader));
        if (items[count] == NULL) {
            return fail_nomem(reader);
        }
        count++;
    }
}

static enum slu_err read_strings(struct slu_config_reader *reader,
                                 const struct slu_config_slot *slot)
{
    if (slu_config_reader_is(reader, YAML_SEQUENCE_START_EVENT)) {
        return read_items(reader, slot);
    }
    if (slot->field->or_all &&
        slu_config_reader_is(reader, YAML_SCALAR_EVENT) &&
        slu_view_equal_str(slu_config_reader_scalar(reader), "all")) {
        *(struct slu_strings *)find_target(slot) =
            (struct slu_strings){.all = true};
        return SLU_ERR_OK;
    }
    return slu_config_fail_value(reader, slot);
}

enum slu_err slu_config_read_value(struct slu_config_reader *reader,
                                   const struct slu_config_slot *slot)
{
    switch (slot->field->type) {
    case SLU_FIELD_SECRET:
        return slu_config_read_secret(reader, slot);
    case SLU_FIELD_STRINGS:
        return read_strings(reader, slot);
    case SLU_FIELD_MAP:
        return slu_config_read_inner(reader, slot);
    case SLU_FIELD_MAPS:
        return slu_config_read_maps(reader, slot);
    default:
        break;
    }
    if (!slu_config_reader_is(reader, YAML_SCALAR_EVENT) ||
        slu_config_reader_is_null(reader)) {
        return slu_config_fail_value(reader, slot);
    }
    switch (slot->field->type) {
    case SLU_FIELD_BOOL:
        return read_bool(reader, slot);
    case SLU_FIELD_STRING:
    case SLU_FIELD_PATH:
        return read_text(reader, slot);
    default:
        return read_number(reader, slot);
    }
}
