/* SPDX-License-Identifier: Apache-2.0 */
/* libyaml's events, one at a time, and its errors as sentences. */
#include "engine/config_reader.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

/* A long path keeps its end, which is the part that tells files apart. */
#define NAME_SHOWN 100

enum slu_err slu_config_reader_fail(const struct slu_config_reader *self,
                                    unsigned line, const char *format, ...)
{
    char sentence[SLU_ERROR_TEXT_MAX];
    const char *name = self->name;
    size_t len = strlen(name);
    va_list args;

    va_start(args, format);
    (void)vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    return slu_error_set(self->error, SLU_ERR_CONFIG, "%s%s, line %u: %s",
                         len > NAME_SHOWN ? "..." : "",
                         len > NAME_SHOWN ? name + len - NAME_SHOWN : name,
                         line, sentence);
}

enum slu_err slu_config_reader_init(struct slu_config_reader *self,
                                    struct slu_config *config, const char *name,
                                    struct slu_view text,
                                    struct slu_error *error)
{
    *self = (struct slu_config_reader){
        .config = config, .name = name, .text = text, .error = error};
    if (yaml_parser_initialize(&self->parser) == 0) {
        return slu_error_set(error, SLU_ERR_NOMEM,
                             "out of memory while reading %s", name);
    }
    self->parser_live = true;
    yaml_parser_set_input_string(&self->parser, (const unsigned char *)text.ptr,
                                 text.len);
    return SLU_ERR_OK;
}

static void drop_event(struct slu_config_reader *self)
{
    if (self->event_live) {
        yaml_event_delete(&self->event);
        self->event_live = false;
    }
}

void slu_config_reader_fini(struct slu_config_reader *self)
{
    drop_event(self);
    if (self->parser_live) {
        yaml_parser_delete(&self->parser);
        self->parser_live = false;
    }
}

/* The line of a byte; libyaml gives its reader's errors an offset only. */
static unsigned find_line(struct slu_view text, size_t offset)
{
    unsigned line = 1;

    for (size_t i = 0; i < offset && i < text.len; i++) {
        line += text.ptr[i] == '\n';
    }
    return line;
}

/* True when the blanks before the first word of a line hold a tab. libyaml's
 * own sentence about it ("cannot start any token") helps nobody. */
static bool is_indented_by_tab(struct slu_view text, unsigned line)
{
    size_t i = 0;

    for (unsigned at = 1; at < line && i < text.len; i++) {
        at += text.ptr[i] == '\n';
    }
    while (i < text.len && text.ptr[i] == ' ') {
        i++;
    }
    return i < text.len && text.ptr[i] == '\t';
}

static enum slu_err fail_syntax(struct slu_config_reader *self)
{
    const yaml_parser_t *parser = &self->parser;
    unsigned line = (unsigned)parser->problem_mark.line + 1;

    switch (parser->error) {
    case YAML_MEMORY_ERROR:
        return slu_error_set(self->error, SLU_ERR_NOMEM,
                             "out of memory while reading %s", self->name);
    case YAML_READER_ERROR:
        return slu_config_reader_fail(
            self, find_line(self->text, parser->problem_offset),
            "the file is not valid UTF-8 text (%s)", parser->problem);
    default:
        break;
    }
    if (is_indented_by_tab(self->text, line)) {
        return slu_config_reader_fail(
            self, line, "a tab indents this line; YAML wants spaces");
    }
    return slu_config_reader_fail(
        self, line, "not valid YAML: %s%s%s",
        parser->problem == NULL ? "syntax error" : parser->problem,
        parser->context == NULL ? "" : " ",
        parser->context == NULL ? "" : parser->context);
}

static enum slu_err refuse_extras(struct slu_config_reader *self,
                                  const yaml_char_t *anchor,
                                  const yaml_char_t *tag)
{
    unsigned line = slu_config_reader_line(self);

    if (anchor != NULL) {
        return slu_config_reader_fail(
            self, line,
            "anchors (&name) and aliases (*name) are not supported; write "
            "the value out");
    }
    if (tag != NULL) {
        return slu_config_reader_fail(
            self, line, "tags (!name) are not supported; leave it out");
    }
    return SLU_ERR_OK;
}

static enum slu_err check_event(struct slu_config_reader *self)
{
    const yaml_event_t *event = &self->event;

    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return refuse_extras(self, event->data.alias.anchor, NULL);
    case YAML_SEQUENCE_START_EVENT:
        return refuse_extras(self, event->data.sequence_start.anchor,
                             event->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return refuse_extras(self, event->data.mapping_start.anchor,
                             event->data.mapping_start.tag);
    case YAML_SCALAR_EVENT:
        if (memchr(event->data.scalar.value, 0, event->data.scalar.length) !=
            NULL) {
            return slu_config_reader_fail(self, slu_config_reader_line(self),
                                          "a text holds a zero byte");
        }
        return refuse_extras(self, event->data.scalar.anchor,
                             event->data.scalar.tag);
    default:
        return SLU_ERR_OK;
    }
}

enum slu_err slu_config_reader_next(struct slu_config_reader *self)
{
    drop_event(self);
    if (yaml_parser_parse(&self->parser, &self->event) == 0) {
        return fail_syntax(self);
    }
    self->event_live = true;
    return check_event(self);
}

unsigned slu_config_reader_line(const struct slu_config_reader *self)
{
    return (unsigned)self->event.start_mark.line + 1;
}

bool slu_config_reader_is(const struct slu_config_reader *self,
                          yaml_event_type_t type)
{
    return self->event.type == type;
}

struct slu_view slu_config_reader_scalar(const struct slu_config_reader *self)
{
    assert(slu_config_reader_is(self, YAML_SCALAR_EVENT));
    return slu_view_make((const char *)self->event.data.scalar.value,
                         self->event.data.scalar.length);
}

bool slu_config_reader_is_null(const struct slu_config_reader *self)
{
    struct slu_view text;

    if (!slu_config_reader_is(self, YAML_SCALAR_EVENT) ||
        self->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE) {
        return false;
    }
    text = slu_config_reader_scalar(self);
    return text.len == 0 || slu_view_equal_str(text, "~") ||
           slu_view_equal_str(text, "null");
}
