/* SPDX-License-Identifier: Apache-2.0 */
/* The list `flows`: which source feeds which sinks. */
#include "engine/config_reader.h"
#include "engine/registry.h"

#include <ctype.h>

#define FLOW_NAME_MAX 40

static enum slu_err fail_here(const struct slu_config_reader *reader,
                              const char *sentence)
{
    return slu_config_reader_fail(reader, slu_config_reader_line(reader), "%s",
                                  sentence);
}

static enum slu_err fail_nomem(const struct slu_config_reader *reader)
{
    return slu_error_set(reader->error, SLU_ERR_NOMEM,
                         "out of memory while reading %s", reader->name);
}

static enum slu_err copy_scalar(struct slu_config_reader *reader,
                                const char **out)
{
    *out = slu_config_copy(reader->config, slu_config_reader_scalar(reader));
    return *out == NULL ? fail_nomem(reader) : SLU_ERR_OK;
}

/* Letters, digits, - and _; not digits alone, for `--flow 2` is an index. */
static bool is_flow_name(struct slu_view name)
{
    bool digits_only = true;

    if (name.len == 0 || name.len > FLOW_NAME_MAX) {
        return false;
    }
    for (size_t i = 0; i < name.len; i++) {
        unsigned char byte = (unsigned char)name.ptr[i];

        if (byte >= 0x80 || (!isalnum(byte) && byte != '-' && byte != '_')) {
            return false;
        }
        digits_only = digits_only && isdigit(byte);
    }
    return !digits_only;
}

static enum slu_err read_name(struct slu_config_reader *reader,
                              struct slu_flow_config *flow)
{
    struct slu_view name = slu_config_reader_scalar(reader);

    if (!is_flow_name(name)) {
        return fail_here(reader,
                         "the name of a flow is 1 to 40 letters, digits, - "
                         "and _, and not a number");
    }
    for (unsigned i = 0; i < reader->config->flow_count; i++) {
        if (slu_view_equal_str(name, reader->config->flows[i].name)) {
            return slu_config_reader_fail(
                reader, slu_config_reader_line(reader),
                "a second flow `%.*s`; the first is on line %u",
                SLU_VIEW_ARGS(name), reader->config->flows[i].line);
        }
    }
    return copy_scalar(reader, &flow->name);
}

static enum slu_err read_source(struct slu_config_reader *reader,
                                struct slu_flow_config *flow)
{
    enum slu_err err = copy_scalar(reader, &flow->source);

    if (err != SLU_ERR_OK || slu_registry_has_source(flow->source)) {
        return err;
    }
    return slu_config_reader_fail(
        reader, slu_config_reader_line(reader),
        "there is no source `%s`; this version has: %s",
        slu_config_quote_make(slu_config_reader_scalar(reader)).text,
        slu_registry_source_names());
}

static enum slu_err add_sink(struct slu_config_reader *reader,
                             struct slu_flow_config *flow)
{
    const char *name;
    enum slu_err err = copy_scalar(reader, &name);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (!slu_registry_has_sink(name)) {
        return slu_config_reader_fail(
            reader, slu_config_reader_line(reader),
            "there is no sink `%s`; this version has: %s",
            slu_config_quote_make(slu_config_reader_scalar(reader)).text,
            slu_registry_sink_names());
    }
    for (unsigned i = 0; i < flow->sink_count; i++) {
        if (strcmp(flow->sinks[i], name) == 0) {
            return slu_config_reader_fail(
                reader, slu_config_reader_line(reader),
                "the sink `%s` stands twice in this flow", name);
        }
    }
    if (flow->sink_count == SLU_FLOW_SINKS_MAX) {
        return fail_here(reader, "too many sinks in one flow");
    }
    flow->sinks[flow->sink_count++] = name;
    return SLU_ERR_OK;
}

static enum slu_err read_sinks(struct slu_config_reader *reader,
                               struct slu_flow_config *flow)
{
    if (!slu_config_reader_is(reader, YAML_SEQUENCE_START_EVENT)) {
        return fail_here(reader,
                         "`sinks` of a flow: expected a list such as [files]");
    }
    for (;;) {
        enum slu_err err = slu_config_reader_next(reader);

        if (err != SLU_ERR_OK ||
            slu_config_reader_is(reader, YAML_SEQUENCE_END_EVENT)) {
            return err;
        }
        if (!slu_config_reader_is(reader, YAML_SCALAR_EVENT)) {
            return fail_here(reader, "a sink of a flow is a name");
        }
        err = add_sink(reader, flow);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
}

enum flow_key {
    FLOW_NAME,
    FLOW_SOURCE,
    FLOW_SINKS,
    FLOW_KEY_COUNT,
};

static const char *const flow_keys[FLOW_KEY_COUNT] = {"name", "source",
                                                      "sinks"};

static enum slu_err read_key(struct slu_config_reader *reader,
                             unsigned lines[FLOW_KEY_COUNT],
                             enum flow_key *out_key)
{
    struct slu_view text;
    unsigned line = slu_config_reader_line(reader);

    if (!slu_config_reader_is(reader, YAML_SCALAR_EVENT)) {
        return fail_here(reader, "a key of a flow is a plain word");
    }
    text = slu_config_reader_scalar(reader);
    for (unsigned i = 0; i < FLOW_KEY_COUNT; i++) {
        if (!slu_view_equal_str(text, flow_keys[i])) {
            continue;
        }
        if (lines[i] != 0) {
            return slu_config_reader_fail(
                reader, line, "duplicate key `%s` in a flow; first on line %u",
                flow_keys[i], lines[i]);
        }
        lines[i] = line;
        *out_key = (enum flow_key)i;
        return SLU_ERR_OK;
    }
    return slu_config_reader_fail(
        reader, line,
        "unknown key `%s` in a flow; expected name, source and sinks",
        slu_config_quote_make(text).text);
}

static enum slu_err read_member(struct slu_config_reader *reader,
                                enum flow_key key, struct slu_flow_config *flow)
{
    enum slu_err err = slu_config_reader_next(reader);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (key == FLOW_SINKS) {
        return read_sinks(reader, flow);
    }
    if (!slu_config_reader_is(reader, YAML_SCALAR_EVENT)) {
        return slu_config_reader_fail(reader, slu_config_reader_line(reader),
                                      "`%s` of a flow: expected a name",
                                      flow_keys[key]);
    }
    return key == FLOW_NAME ? read_name(reader, flow)
                            : read_source(reader, flow);
}

/* Lists go to the sink of lists, rows of findings to those of rows. */
static enum slu_err check_sinks(struct slu_config_reader *reader,
                                const unsigned lines[FLOW_KEY_COUNT],
                                const struct slu_flow_config *flow)
{
    const struct slu_source_ops *source = slu_registry_source(flow->source);

    for (unsigned i = 0; i < flow->sink_count; i++) {
        bool takes_rows = slu_registry_row_sink(flow->sinks[i]) != NULL;

        if (takes_rows != source->rows) {
            return slu_config_reader_fail(
                reader, lines[FLOW_SINKS],
                "the sink `%s` takes %s; the source `%s` makes %s: use one of "
                "%s",
                flow->sinks[i],
                takes_rows ? "rows of findings" : "lists of indicators",
                flow->source,
                source->rows ? "rows of findings" : "lists of indicators",
                slu_registry_sinks_of(source));
        }
    }
    return SLU_ERR_OK;
}

static bool has_sink(const struct slu_flow_config *flow, const char *name)
{
    for (unsigned i = 0; i < flow->sink_count; i++) {
        if (strcmp(flow->sinks[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* A sink of lists sends on what the one before it in the chain has made. */
static enum slu_err check_chain(struct slu_config_reader *reader,
                                const unsigned lines[FLOW_KEY_COUNT],
                                const struct slu_flow_config *flow)
{
    const char *before = slu_registry_list_sink(0);
    const char *name;

    for (unsigned i = 1; (name = slu_registry_list_sink(i)) != NULL; i++) {
        if (has_sink(flow, name) && !has_sink(flow, before)) {
            return slu_config_reader_fail(
                reader, lines[FLOW_SINKS],
                "the sink `%s` needs `%s`, whose work it sends on: expected "
                "sinks: [%s]",
                name, before, i == 1 ? "files, s3" : "files, s3, guardduty");
        }
        before = name;
    }
    return SLU_ERR_OK;
}

static enum slu_err finish_flow(struct slu_config_reader *reader,
                                const unsigned lines[FLOW_KEY_COUNT],
                                const struct slu_flow_config *flow)
{
    enum slu_err err;

    for (unsigned i = 0; i < FLOW_KEY_COUNT; i++) {
        if (lines[i] == 0) {
            return slu_config_reader_fail(
                reader, flow->line,
                "this flow has no `%s`; expected {name: lists, source: gti, "
                "sinks: [files]}",
                flow_keys[i]);
        }
    }
    reader->config->flows[reader->config->flow_count++] = *flow;
    err = check_sinks(reader, lines, flow);
    return err == SLU_ERR_OK ? check_chain(reader, lines, flow) : err;
}

static enum slu_err read_flow(struct slu_config_reader *reader)
{
    struct slu_flow_config flow = {.line = slu_config_reader_line(reader)};
    unsigned lines[FLOW_KEY_COUNT] = {0};
    enum flow_key key = FLOW_NAME;
    enum slu_err err;

    if (!slu_config_reader_is(reader, YAML_MAPPING_START_EVENT)) {
        return fail_here(reader, "a flow is a map such as {name: lists, "
                                 "source: gti, sinks: [files]}");
    }
    if (reader->config->flow_count == SLU_FLOWS_MAX) {
        return slu_config_reader_fail(reader, flow.line, "more than %d flows",
                                      SLU_FLOWS_MAX);
    }
    for (;;) {
        err = slu_config_reader_next(reader);
        if (err != SLU_ERR_OK) {
            return err;
        }
        if (slu_config_reader_is(reader, YAML_MAPPING_END_EVENT)) {
            return finish_flow(reader, lines, &flow);
        }
        err = read_key(reader, lines, &key);
        if (err == SLU_ERR_OK) {
            err = read_member(reader, key, &flow);
        }
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
}

enum slu_err slu_config_read_flows(struct slu_config_reader *reader)
{
    unsigned line = slu_config_reader_line(reader);
    enum slu_err err;

    if (!slu_config_reader_is(reader, YAML_SEQUENCE_START_EVENT)) {
        return fail_here(reader, "`flows` is a list of maps such as {name: "
                                 "lists, source: gti, sinks: [files]}");
    }
    for (;;) {
        err = slu_config_reader_next(reader);
        if (err != SLU_ERR_OK) {
            return err;
        }
        if (slu_config_reader_is(reader, YAML_SEQUENCE_END_EVENT)) {
            break;
        }
        err = read_flow(reader);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    if (reader->config->flow_count == 0) {
        return slu_config_reader_fail(
            reader, line,
            "`flows` is empty; leave it out for {name: lists, source: gti, "
            "sinks: [files]}");
    }
    return SLU_ERR_OK;
}

void slu_config_default_flows(struct slu_config *self)
{
    self->flows[0] = (struct slu_flow_config){
        .name = "lists", .source = "gti", .sink_count = 1, .sinks = {"files"}};
    self->flow_count = 1;
}
