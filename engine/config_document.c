/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document: sections and their keys against the tables. Defaults go
 * through the same code as the file's values: each field's default_text is
 * read as a YAML value of its own.
 */
#include "engine/config_reader.h"
#include "engine/registry.h"

#include <stdio.h>

#define NAMES_BYTES_MAX 160

/* ---- finding sections and fields ---- */

static const char *find_near_field(const struct slu_section *section,
                                   struct slu_view key)
{
    for (unsigned i = 0; i < section->field_count; i++) {
        if (slu_config_is_near(key, section->fields[i].key)) {
            return section->fields[i].key;
        }
    }
    return NULL;
}

/* At the top level the sections' names are keys as well. */
static const char *find_near(const struct slu_section *section,
                             struct slu_view key)
{
    const char *near = find_near_field(section, key);

    if (near != NULL || section->name[0] != '\0') {
        return near;
    }
    for (unsigned i = 0; slu_registry_section(i) != NULL; i++) {
        if (slu_config_is_near(key, slu_registry_section(i)->name)) {
            return slu_registry_section(i)->name;
        }
    }
    return slu_config_is_near(key, "flows") ? "flows" : NULL;
}

/* The section that does have a key of that name. */
static const struct slu_section *find_owner(struct slu_view key)
{
    for (unsigned i = 0; slu_registry_section(i) != NULL; i++) {
        if (slu_config_find_field(slu_registry_section(i), key) >= 0) {
            return slu_registry_section(i);
        }
    }
    return NULL;
}

/* "a, b, c"; ends in "..." where not all fit. */
struct names {
    size_t len;
    char text[NAMES_BYTES_MAX];
};

static void add_name(struct names *self, const char *name)
{
    size_t room = sizeof(self->text) - self->len;
    const char *comma = self->len > 0 ? ", " : "";

    if (strlen(name) + sizeof(", , ...") <= room) {
        self->len +=
            (size_t)snprintf(self->text + self->len, room, "%s%s", comma, name);
    } else if (self->len < 3 || self->text[self->len - 1] != '.') {
        self->len += (size_t)snprintf(self->text + self->len, room, ", ...");
    }
}

/* What may stand there: at the top level the sections' names as well. */
static void list_names(const struct slu_section *section, struct names *out)
{
    *out = (struct names){0};
    for (unsigned i = 0; i < section->field_count; i++) {
        add_name(out, section->fields[i].key);
    }
    for (unsigned i = 0; section->name[0] == '\0'; i++) {
        const struct slu_section *other = slu_registry_section(i);

        if (other == NULL) {
            add_name(out, "flows");
            return;
        }
        if (other->name[0] != '\0') {
            add_name(out, other->name);
        }
    }
}

static enum slu_err fail_unknown(const struct slu_config_reader *reader,
                                 const struct slu_section *section,
                                 struct slu_view key)
{
    struct slu_config_quote quote = slu_config_quote_make(key);
    const char *near = find_near(section, key);
    const struct slu_section *owner = find_owner(key);
    const char *label = slu_config_section_label(section);
    unsigned line = slu_config_reader_line(reader);
    struct names names;

    if (owner != NULL) {
        return slu_config_reader_fail(
            reader, line, "unknown key `%s` in %s; it belongs to %s",
            quote.text, label, slu_config_section_label(owner));
    }
    if (near != NULL) {
        return slu_config_reader_fail(
            reader, line, "unknown key `%s` in %s; did you mean `%s`?",
            quote.text, label, near);
    }
    list_names(section, &names);
    return slu_config_reader_fail(
        reader, line,
        "unknown key `%s` in %s; expected %s (`sluice help config`)",
        quote.text, label, names.text);
}

/* ---- sections ---- */

static enum slu_err fail_duplicate(const struct slu_config_reader *reader,
                                   const char *key, const char *label,
                                   unsigned first)
{
    return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                  "duplicate key `%s` in %s; first on line %u",
                                  key, label, first);
}

/* On the key; returns on the last event of its value. */
static enum slu_err read_field(struct slu_config_reader *reader, unsigned index,
                               unsigned field)
{
    struct slu_config *config = reader->config;
    const struct slu_section *section = slu_registry_section(index);
    struct slu_config_slot slot = {section, &section->fields[field],
                                   config->sections[index]};
    enum slu_err err;

    if (config->lines[index][field] != 0) {
        return fail_duplicate(reader, section->fields[field].key,
                              slu_config_section_label(section),
                              config->lines[index][field]);
    }
    config->lines[index][field] = slu_config_reader_line(reader);
    err = slu_config_reader_next(reader);
    return err != SLU_ERR_OK ? err : slu_config_read_value(reader, &slot);
}

/* Steps on, and asks for a key or the end of the map. */
static enum slu_err next_key(struct slu_config_reader *reader, bool *out_end)
{
    enum slu_err err = slu_config_reader_next(reader);

    if (err != SLU_ERR_OK) {
        return err;
    }
    *out_end = slu_config_reader_is(reader, YAML_MAPPING_END_EVENT);
    if (!*out_end && !slu_config_reader_is(reader, YAML_SCALAR_EVENT)) {
        return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                      "a key is a plain word");
    }
    return SLU_ERR_OK;
}

/* The value of a section: a map, or nothing (all its keys commented out). */
static enum slu_err read_section(struct slu_config_reader *reader,
                                 unsigned index)
{
    const struct slu_section *section = slu_registry_section(index);
    bool end;
    enum slu_err err;

    if (slu_config_reader_is_null(reader)) {
        return SLU_ERR_OK;
    }
    if (!slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        return slu_config_reader_fail(
            reader, slu_config_reader_line(reader),
            "`%s` is a section: expected keys and values below it, found %s",
            section->name,
            slu_config_reader_is(reader, YAML_SCALAR_EVENT) ? "a single value"
                                                            : "a list");
    }
    for (;;) {
        struct slu_view key;
        int field;

        err = next_key(reader, &end);
        if (err != SLU_ERR_OK || end) {
            return err;
        }
        key = slu_config_reader_scalar(reader);
        field = slu_config_find_field(section, key);
        if (field < 0) {
            return fail_unknown(reader, section, key);
        }
        err = read_field(reader, index, (unsigned)field);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
}

/* ---- the top level ---- */

/* Lines of the sections' names and of `flows`, for duplicates. */
struct top_lines {
    unsigned sections[SLU_SECTIONS_MAX];
    unsigned flows;
};

/* Sections of sluice's design whose flows this version does not have yet. */
static bool is_later_section(struct slu_view key)
{
    static const char *const later[] = {"aws", "guardduty", "netskope",
                                        "publish"};

    for (size_t i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
        if (slu_view_equal_str(key, later[i])) {
            return true;
        }
    }
    return false;
}

/* A section or `flows`; on its key. */
static enum slu_err enter(struct slu_config_reader *reader, const char *name,
                          unsigned *line)
{
    if (*line != 0) {
        return fail_duplicate(reader, name, "the top level", *line);
    }
    *line = slu_config_reader_line(reader);
    return slu_config_reader_next(reader);
}

static enum slu_err read_top_key(struct slu_config_reader *reader,
                                 struct top_lines *lines)
{
    const struct slu_section *top = slu_registry_section(0);
    struct slu_view key = slu_config_reader_scalar(reader);
    int field = slu_config_find_field(top, key);
    int section = key.len == 0 ? -1 : slu_config_find_section(key);
    enum slu_err err;

    if (field >= 0) {
        return read_field(reader, 0, (unsigned)field);
    }
    if (section > 0) {
        err = enter(reader, slu_registry_section((unsigned)section)->name,
                    &lines->sections[section]);
        return err != SLU_ERR_OK ? err
                                 : read_section(reader, (unsigned)section);
    }
    if (slu_view_equal_str(key, "flows")) {
        err = enter(reader, "flows", &lines->flows);
        return err != SLU_ERR_OK ? err : slu_config_read_flows(reader);
    }
    if (is_later_section(key)) {
        return slu_config_reader_fail(
            reader, slu_config_reader_line(reader),
            "the section `%.*s` is not in this version", SLU_VIEW_ARGS(key));
    }
    return fail_unknown(reader, top, key);
}

static enum slu_err read_root(struct slu_config_reader *reader)
{
    struct top_lines lines = {{0}, 0};
    bool end;
    enum slu_err err;

    if (!slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        return slu_config_reader_fail(
            reader, slu_config_reader_line(reader),
            "expected keys and values at the top level, such as gti: {...}");
    }
    for (;;) {
        err = next_key(reader, &end);
        if (err != SLU_ERR_OK) {
            return err;
        }
        if (end) {
            break;
        }
        err = read_top_key(reader, &lines);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    if (lines.flows == 0) {
        slu_config_default_flows(reader->config);
    }
    return SLU_ERR_OK;
}

/* Steps over the start of stream and document to the first event of the
 * value; *out_empty when there is no document. */
static enum slu_err find_root(struct slu_config_reader *reader, bool *out_empty)
{
    enum slu_err err;

    do {
        err = slu_config_reader_next(reader);
        if (err != SLU_ERR_OK) {
            return err;
        }
    } while (slu_config_reader_is(reader, YAML_STREAM_START_EVENT) ||
             slu_config_reader_is(reader, YAML_DOCUMENT_START_EVENT));
    *out_empty = slu_config_reader_is(reader, YAML_STREAM_END_EVENT) ||
                 slu_config_reader_is_null(reader);
    return SLU_ERR_OK;
}

/* Behind the value only the end may come. */
static enum slu_err check_end(struct slu_config_reader *reader)
{
    enum slu_err err;

    do {
        err = slu_config_reader_next(reader);
        if (err != SLU_ERR_OK) {
            return err;
        }
        if (slu_config_reader_is(reader, YAML_DOCUMENT_START_EVENT)) {
            return slu_config_reader_fail(
                reader, slu_config_reader_line(reader),
                "a second document starts here; one is allowed");
        }
    } while (!slu_config_reader_is(reader, YAML_STREAM_END_EVENT));
    return SLU_ERR_OK;
}

enum slu_err slu_config_read_document(struct slu_config *config,
                                      const char *name, struct slu_view text,
                                      struct slu_error *error)
{
    struct slu_config_reader reader;
    bool empty;
    enum slu_err err =
        slu_config_reader_init(&reader, config, name, text, error);

    if (err == SLU_ERR_OK) {
        err = find_root(&reader, &empty);
    }
    if (err == SLU_ERR_OK && empty) {
        /* An empty file is more often a lost one than a wish for defaults. */
        err = slu_config_reader_fail(&reader, 1,
                                     "the file is empty; write {} if every "
                                     "default is meant");
    }
    if (err == SLU_ERR_OK) {
        err = read_root(&reader);
    }
    if (err == SLU_ERR_OK) {
        err = check_end(&reader);
    }
    slu_config_reader_fini(&reader);
    return err;
}

/* ---- defaults ---- */

static enum slu_err set_default(struct slu_config *config,
                                const struct slu_config_slot *slot,
                                struct slu_error *error)
{
    const char *text = slot->field->default_text;
    struct slu_config_reader reader;
    bool empty;
    enum slu_err err;

    if (text == NULL || text[0] == '\0') {
        text = slot->field->type == SLU_FIELD_STRINGS ? "[]" : "\"\"";
    }
    err = slu_config_reader_init(&reader, config, "the built-in default",
                                 slu_view_str(text), error);
    if (err == SLU_ERR_OK) {
        err = find_root(&reader, &empty);
    }
    if (err == SLU_ERR_OK) {
        err = slu_config_read_value(&reader, slot);
    }
    slu_config_reader_fini(&reader);
    return err;
}

enum slu_err slu_config_set_missing(struct slu_config *config, unsigned index,
                                    struct slu_error *error)
{
    const struct slu_section *section = slu_registry_section(index);

    for (unsigned i = 0; i < section->field_count; i++) {
        struct slu_config_slot slot = {section, &section->fields[i],
                                       config->sections[index]};
        enum slu_err err = config->lines[index][i] != 0
                               ? SLU_ERR_OK
                               : set_default(config, &slot, error);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return SLU_ERR_OK;
}
