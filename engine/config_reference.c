/* SPDX-License-Identifier: Apache-2.0 */
/* The reference of all keys, printed from the tables as YAML that loads: every
 * default written out, its help and what it accepts above it. */
#include "engine/config_reader.h"
#include "engine/registry.h"

#include <sluice/engine.h>
#include <stdio.h>

#define WIDTH 78

struct printer {
    void (*write)(void *ctx, const char *text);
    void *ctx;
};

/* One paragraph of comment, broken at blanks. */
static void print_comment(const struct printer *to, const char *indent,
                          const char *text)
{
    size_t room = WIDTH - strlen(indent) - 2;

    while (*text != '\0') {
        char line[WIDTH + 4];
        size_t len = strlen(text);

        if (len > room) {
            len = room;
            while (len > 0 && text[len] != ' ') {
                len--;
            }
            len = len == 0 ? room : len;
        }
        (void)snprintf(line, sizeof(line), "%s# %.*s\n", indent, (int)len,
                       text);
        to->write(to->ctx, line);
        text += len;
        text += strspn(text, " ");
    }
}

static const char *find_default(const struct slu_field *field)
{
    if (field->default_text != NULL && field->default_text[0] != '\0') {
        return field->default_text;
    }
    return field->type == SLU_FIELD_STRINGS || field->type == SLU_FIELD_MAPS
               ? "[]"
               : "\"\"";
}

static void print_expectation(const struct printer *to, const char *indent,
                              const struct slu_field *field)
{
    char expected[SLU_EXPECTATION_MAX];
    char text[SLU_EXPECTATION_MAX + 16];

    if (field->help != NULL) {
        print_comment(to, indent, field->help);
    }
    slu_config_expectation(field, expected);
    (void)snprintf(text, sizeof(text), "Takes %s.", expected);
    print_comment(to, indent, text);
}

static void print_key(const struct printer *to, const char *indent,
                      const char *key, const char *value)
{
    to->write(to->ctx, indent);
    to->write(to->ctx, key);
    to->write(to->ctx, value[0] == '\0' ? ":" : ": ");
    to->write(to->ctx, value);
    to->write(to->ctx, "\n");
}

static void print_field(const struct printer *to, const char *indent,
                        const struct slu_field *field)
{
    print_expectation(to, indent, field);
    print_key(to, indent, field->key, find_default(field));
}

/* The keys of an item, one paragraph each, and an example. */
static void print_item(const struct printer *to, const char *indent,
                       const struct slu_field *field)
{
    char text[SLU_EXPECTATION_MAX];

    for (unsigned i = 0; i < field->inner->field_count; i++) {
        const struct slu_field *key = &field->inner->fields[i];

        (void)snprintf(text, sizeof(text), "%s: %s", key->key,
                       key->help == NULL ? "" : key->help);
        print_comment(to, indent, text);
    }
    if (field->example != NULL) {
        to->write(to->ctx, indent);
        to->write(to->ctx, "# - ");
        to->write(to->ctx, field->example);
        to->write(to->ctx, "\n");
    }
}

/* A field of a section; those of a map in it stand below its key. */
static void print_any(const struct printer *to, const char *indent,
                      const struct slu_field *field)
{
    if (field->type == SLU_FIELD_MAP) {
        if (field->help != NULL) {
            print_comment(to, indent, field->help);
        }
        print_key(to, indent, field->key, "");
        for (unsigned i = 0; i < field->inner->field_count; i++) {
            print_field(to, "        ", &field->inner->fields[i]);
        }
        return;
    }
    if (field->type == SLU_FIELD_MAPS) {
        print_expectation(to, indent, field);
        print_item(to, indent, field);
        print_key(to, indent, field->key, find_default(field));
        return;
    }
    print_field(to, indent, field);
}

static void print_section(const struct printer *to,
                          const struct slu_section *section)
{
    const char *indent = section->name[0] == '\0' ? "" : "    ";

    if (section->name[0] != '\0') {
        to->write(to->ctx, "\n");
        to->write(to->ctx, section->name);
        to->write(to->ctx, ":\n");
    }
    for (unsigned i = 0; i < section->field_count; i++) {
        print_any(to, indent, &section->fields[i]);
    }
}

void slu_config_reference(void (*write)(void *ctx, const char *text), void *ctx)
{
    struct printer to = {write, ctx};
    char text[200];

    print_comment(&to, "",
                  "Every key of sluice's configuration with its default. A "
                  "key that is left out has the value that stands here.");
    to.write(ctx, "\n");
    for (unsigned i = 0; slu_registry_section(i) != NULL; i++) {
        print_section(&to, slu_registry_section(i));
    }
    (void)snprintf(text, sizeof(text),
                   "What runs, one flow after the other. Sources: %s. Sinks: "
                   "%s; [] for none.",
                   slu_registry_source_names(), slu_registry_sink_names());
    to.write(ctx, "\nflows:\n");
    print_comment(&to, "    ", text);
    to.write(ctx, "    - {name: lists, source: gti, sinks: [files]}\n");
}
