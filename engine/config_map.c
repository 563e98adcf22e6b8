/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A map of keys against a section's fields: a section of the document, a map
 * in a section (aws.static), and an item of a list of maps
 * (guardduty.accounts). Tables nest, the document doesn't decide how deep.
 *
 * Defaults go through the same code as the file's values: each field's
 * default_text is read as a YAML value of its own.
 */
#include "engine/config_reader.h"
#include "engine/registry.h"

#include <assert.h>
#include <stdio.h>

#define NAMES_BYTES_MAX 160

static enum slu_err fail_nomem(const struct slu_config_reader *reader)
{
    return slu_error_set(reader->error, SLU_ERR_NOMEM,
                         "out of memory while reading %s", reader->name);
}

/* ---- keys that no field has ---- */

static bool is_top(const struct slu_section *section)
{
    return section == slu_registry_section(0);
}

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

    if (near != NULL || !is_top(section)) {
        return near;
    }
    for (unsigned i = 0; slu_registry_section(i) != NULL; i++) {
        if (slu_config_is_near(key, slu_registry_section(i)->name)) {
            return slu_registry_section(i)->name;
        }
    }
    return slu_config_is_near(key, "flows") ? "flows" : NULL;
}

/* Finds a key in the maps of a section. */
static bool find_inner_owner(const struct slu_section *section,
                             struct slu_view key, char out[SLU_LABEL_MAX])
{
    for (unsigned i = 0; i < section->field_count; i++) {
        const struct slu_field *field = &section->fields[i];

        if (field->type == SLU_FIELD_MAP &&
            slu_config_find_field(field->inner, key) >= 0) {
            (void)snprintf(out, SLU_LABEL_MAX, "%s.%s", section->name,
                           field->key);
            return true;
        }
    }
    return false;
}

/* The section, or the map in one, that does have a key of that name. */
static bool find_owner(struct slu_view key, char out[SLU_LABEL_MAX])
{
    const struct slu_section *section;

    for (unsigned i = 0; (section = slu_registry_section(i)) != NULL; i++) {
        if (slu_config_find_field(section, key) >= 0) {
            (void)snprintf(out, SLU_LABEL_MAX, "%s",
                           slu_config_section_label(section));
            return true;
        }
    }
    for (unsigned i = 0; (section = slu_registry_section(i)) != NULL; i++) {
        if (find_inner_owner(section, key, out)) {
            return true;
        }
    }
    return false;
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
    if (!is_top(section)) {
        return;
    }
    for (unsigned i = 1; slu_registry_section(i) != NULL; i++) {
        add_name(out, slu_registry_section(i)->name);
    }
    add_name(out, "flows");
}

enum slu_err slu_config_fail_unknown(const struct slu_config_reader *reader,
                                     const struct slu_config_map *map)
{
    struct slu_view key = slu_config_reader_scalar(reader);
    struct slu_config_quote quote = slu_config_quote_make(key);
    const char *near = find_near(map->section, key);
    unsigned line = slu_config_reader_line(reader);
    char owner[SLU_LABEL_MAX];
    bool owned = find_owner(key, owner);
    struct names names;

    if (near != NULL) {
        return slu_config_reader_fail(
            reader, line, "unknown key `%s` in %s; did you mean `%s`?%s%s%s",
            quote.text, map->label, near, owned ? " (It belongs to " : "",
            owned ? owner : "", owned ? ".)" : "");
    }
    if (owned) {
        return slu_config_reader_fail(
            reader, line, "unknown key `%s` in %s; it belongs to %s",
            quote.text, map->label, owner);
    }
    list_names(map->section, &names);
    return slu_config_reader_fail(
        reader, line,
        "unknown key `%s` in %s; expected %s (`sluice help config`)",
        quote.text, map->label, names.text);
}

/* ---- the keys of a map ---- */

struct slu_config_map slu_config_section_map(struct slu_config *config,
                                             unsigned index)
{
    const struct slu_section *section = slu_registry_section(index);

    return (struct slu_config_map){section, config->sections[index],
                                   config->lines[index],
                                   slu_config_section_label(section)};
}

enum slu_err slu_config_fail_duplicate(const struct slu_config_reader *reader,
                                       const char *key, const char *label,
                                       unsigned first)
{
    return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                  "duplicate key `%s` in %s; first on line %u",
                                  key, label, first);
}

enum slu_err slu_config_read_field(struct slu_config_reader *reader,
                                   const struct slu_config_map *map,
                                   unsigned field)
{
    struct slu_config_slot slot = {&map->section->fields[field], map->base,
                                   map->label};
    enum slu_err err;

    if (map->lines[field] != 0) {
        return slu_config_fail_duplicate(reader, slot.field->key, map->label,
                                         map->lines[field]);
    }
    map->lines[field] = slu_config_reader_line(reader);
    err = slu_config_reader_next(reader);
    return err != SLU_ERR_OK ? err : slu_config_read_value(reader, &slot);
}

enum slu_err slu_config_next_key(struct slu_config_reader *reader,
                                 bool *out_end)
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

enum slu_err slu_config_read_map(struct slu_config_reader *reader,
                                 const struct slu_config_map *map)
{
    for (;;) {
        bool end;
        int field;
        enum slu_err err = slu_config_next_key(reader, &end);

        if (err != SLU_ERR_OK || end) {
            return err;
        }
        field = slu_config_find_field(map->section,
                                      slu_config_reader_scalar(reader));
        if (field < 0) {
            return slu_config_fail_unknown(reader, map);
        }
        err = slu_config_read_field(reader, map, (unsigned)field);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
}

/* ---- maps in maps ---- */

/* The map that a field describes, at `base`: "aws.static". */
static void enter_inner(const struct slu_config_slot *slot, void *base,
                        unsigned lines[SLU_MAP_FIELDS_MAX],
                        char label[SLU_LABEL_MAX], struct slu_config_map *out)
{
    assert(slot->field->inner->field_count <= SLU_MAP_FIELDS_MAX);
    memset(lines, 0, SLU_MAP_FIELDS_MAX * sizeof(lines[0]));
    (void)snprintf(label, SLU_LABEL_MAX, "%s.%s", slot->label,
                   slot->field->key);
    *out = (struct slu_config_map){slot->field->inner, base, lines, label};
}

enum slu_err slu_config_read_inner(struct slu_config_reader *reader,
                                   const struct slu_config_slot *slot)
{
    unsigned lines[SLU_MAP_FIELDS_MAX];
    char label[SLU_LABEL_MAX];
    struct slu_config_map map;
    enum slu_err err = SLU_ERR_OK;

    if (!slu_config_reader_is(reader, YAML_MAPPING_START_EVENT) &&
        !slu_config_reader_is_null(reader)) {
        return slu_config_fail_value(reader, slot);
    }
    enter_inner(slot, (char *)slot->base + slot->field->offset, lines, label,
                &map);
    if (slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        err = slu_config_read_map(reader, &map);
    }
    return err != SLU_ERR_OK
               ? err
               : slu_config_set_missing(reader->config, &map, reader->error);
}

/* What has no default must be given in an item. */
static enum slu_err check_required(const struct slu_config_reader *reader,
                                   const struct slu_config_slot *slot,
                                   const struct slu_config_map *map,
                                   unsigned line)
{
    for (unsigned i = 0; i < map->section->field_count; i++) {
        const struct slu_field *field = &map->section->fields[i];

        if (field->default_text == NULL && map->lines[i] == 0) {
            return slu_config_reader_fail(
                reader, line, "an item of `%s` in %s has no `%s`",
                slot->field->key, slot->label, field->key);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err read_item(struct slu_config_reader *reader,
                              const struct slu_config_slot *slot, void *item)
{
    unsigned lines[SLU_MAP_FIELDS_MAX];
    unsigned line = slu_config_reader_line(reader);
    char label[SLU_LABEL_MAX];
    struct slu_config_map map;
    enum slu_err err;

    if (!slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        return slu_config_fail_value(reader, slot);
    }
    enter_inner(slot, item, lines, label, &map);
    err = slu_config_read_map(reader, &map);
    if (err == SLU_ERR_OK) {
        err = check_required(reader, slot, &map, line);
    }
    return err != SLU_ERR_OK
               ? err
               : slu_config_set_missing(reader->config, &map, reader->error);
}

static enum slu_err finish_maps(const struct slu_config_reader *reader,
                                const struct slu_config_slot *slot,
                                void *const *items, unsigned count,
                                unsigned line)
{
    const struct slu_field *field = slot->field;
    size_t size = field->inner->size;
    struct slu_maps maps = {.count = count};

    if ((int64_t)count < field->min ||
        (field->max > 0 && (int64_t)count > field->max)) {
        return slu_config_fail_count(reader, slot, count, line);
    }
    if (count > 0) {
        char *copy = slu_config_get(reader->config, count * size);

        if (copy == NULL) {
            return fail_nomem(reader);
        }
        for (unsigned i = 0; i < count; i++) {
            memcpy(copy + i * size, items[i], size);
        }
        maps.items = copy;
    }
    memcpy((char *)slot->base + field->offset, &maps, sizeof(maps));
    return SLU_ERR_OK;
}

enum slu_err slu_config_read_maps(struct slu_config_reader *reader,
                                  const struct slu_config_slot *slot)
{
    void *items[SLU_CONFIG_ITEMS_MAX];
    unsigned count = 0;
    unsigned line = slu_config_reader_line(reader);

    if (!slu_config_reader_is(reader, YAML_SEQUENCE_START_EVENT)) {
        return slu_config_fail_value(reader, slot);
    }
    for (;;) {
        enum slu_err err = slu_config_reader_next(reader);

        if (err != SLU_ERR_OK) {
            return err;
        }
        if (slu_config_reader_is(reader, YAML_SEQUENCE_END_EVENT)) {
            return finish_maps(reader, slot, items, count, line);
        }
        if (count == SLU_CONFIG_ITEMS_MAX) {
            return slu_config_fail_many(reader, slot);
        }
        items[count] = slu_config_get(reader->config, slot->field->inner->size);
        if (items[count] == NULL) {
            return fail_nomem(reader);
        }
        err = read_item(reader, slot, items[count]);
        if (err != SLU_ERR_OK) {
            return err;
        }
        count++;
    }
}

/* ---- defaults ---- */

static const char *find_default(const struct slu_field *field)
{
    if (field->default_text != NULL && field->default_text[0] != '\0') {
        return field->default_text;
    }
    switch (field->type) {
    case SLU_FIELD_STRINGS:
    case SLU_FIELD_MAPS:
        return "[]";
    case SLU_FIELD_MAP:
        return "{}";
    default:
        return "\"\"";
    }
}

static enum slu_err set_default(struct slu_config *config,
                                const struct slu_config_slot *slot,
                                struct slu_error *error)
{
    struct slu_config_reader reader;
    bool empty;
    enum slu_err err =
        slu_config_reader_init(&reader, config, "the built-in default",
                               slu_view_str(find_default(slot->field)), error);

    if (err == SLU_ERR_OK) {
        err = slu_config_find_root(&reader, &empty);
    }
    if (err == SLU_ERR_OK) {
        err = slu_config_read_value(&reader, slot);
    }
    slu_config_reader_fini(&reader);
    return err;
}

enum slu_err slu_config_set_missing(struct slu_config *config,
                                    const struct slu_config_map *map,
                                    struct slu_error *error)
{
    for (unsigned i = 0; i < map->section->field_count; i++) {
        struct slu_config_slot slot = {&map->section->fields[i], map->base,
                                       map->label};
        enum slu_err err =
            map->lines[i] != 0 ? SLU_ERR_OK : set_default(config, &slot, error);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return SLU_ERR_OK;
}
