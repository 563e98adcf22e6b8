/* SPDX-License-Identifier: Apache-2.0 */
/* The document: its top level, and which sections stand there. */
#include "engine/config_reader.h"
#include "engine/registry.h"

/* ---- sections ---- */

/* The value of a section: a map, or nothing (all its keys commented out). */
static enum slu_err read_section(struct slu_config_reader *reader,
                                 unsigned index)
{
    const struct slu_section *section = slu_registry_section(index);
    struct slu_config_map map = slu_config_section_map(reader->config, index);

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
    return slu_config_read_map(reader, &map);
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
    static const char *const later[] = {"netskope"};

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
        return slu_config_fail_duplicate(reader, name, "the top level", *line);
    }
    *line = slu_config_reader_line(reader);
    return slu_config_reader_next(reader);
}

static enum slu_err read_top_key(struct slu_config_reader *reader,
                                 struct top_lines *lines)
{
    struct slu_config_map top = slu_config_section_map(reader->config, 0);
    struct slu_view key = slu_config_reader_scalar(reader);
    int field = slu_config_find_field(top.section, key);
    int section = key.len == 0 ? -1 : slu_config_find_section(key);
    enum slu_err err;

    if (field >= 0) {
        return slu_config_read_field(reader, &top, (unsigned)field);
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
    return slu_config_fail_unknown(reader, &top);
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
        err = slu_config_next_key(reader, &end);
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

enum slu_err slu_config_find_root(struct slu_config_reader *reader,
                                  bool *out_empty)
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
        err = slu_config_find_root(&reader, &empty);
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
