/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grammar is by lines, and only a line's indent joins it to the key above:
 * a line deeper than its key goes on with the key's value, or holds a sub-key
 * where that value is empty. So one line is looked at a time, and only the
 * value that may go on looks ahead.
 */
#include "codecs/aws_profile.h"

struct line {
    struct slu_view text; /* without blanks around it */
    size_t indent;
    size_t start; /* offset of its first byte */
    size_t next;  /* of the line behind it */
};

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' ||
           byte == '\v';
}

static struct slu_view trim(struct slu_view text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = slu_view_make(text.ptr + 1, text.len - 1);
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

static bool peek_line(const struct slu_aws_profile_reader *self, size_t offset,
                      struct line *out)
{
    const char *start;
    const char *end;
    struct slu_view whole;

    if (offset >= self->text.len) {
        return false;
    }
    start = self->text.ptr + offset;
    end = memchr(start, '\n', self->text.len - offset);
    whole = slu_view_make(start, end == NULL ? self->text.len - offset
                                             : (size_t)(end - start));
    *out = (struct line){
        .text = trim(whole),
        .start = offset,
        .next = offset + whole.len + (end != NULL),
    };
    out->indent = (size_t)(out->text.ptr - start);
    return true;
}

/* Nothing stands in it but a comment. */
static bool is_void(const struct line *line)
{
    return line->text.len == 0 || line->text.ptr[0] == '#' ||
           line->text.ptr[0] == ';';
}

/* Cuts a comment, which begins behind a blank, and the blanks around the rest.
 */
static struct slu_view cut_comment(struct slu_view text)
{
    for (size_t i = 1; i < text.len; i++) {
        if ((text.ptr[i] == '#' || text.ptr[i] == ';') &&
            is_blank(text.ptr[i - 1])) {
            text.len = i;
            break;
        }
    }
    return trim(text);
}

static enum slu_err fail_line(const struct slu_aws_profile_reader *self,
                              const struct line *line, struct slu_error *error,
                              const char *sentence)
{
    (void)slu_error_set(error, SLU_ERR_CONFIG, "line %u: %s", self->line,
                        sentence);
    if (error != NULL) {
        error->offset = line->start;
    }
    return SLU_ERR_CONFIG;
}

/* ---- sections ---- */

/* "profile x" and "services x": true and the name, without quotes around it. */
static bool take_word(struct slu_view text, const char *word,
                      struct slu_view *out_name)
{
    size_t len = strlen(word);
    struct slu_view name;

    if (text.len <= len || memcmp(text.ptr, word, len) != 0 ||
        !is_blank(text.ptr[len])) {
        return false;
    }
    name = trim(slu_view_make(text.ptr + len, text.len - len));
    if (name.len >= 2 && (name.ptr[0] == '"' || name.ptr[0] == '\'') &&
        name.ptr[name.len - 1] == name.ptr[0]) {
        name = slu_view_make(name.ptr + 1, name.len - 2);
    }
    if (name.len == 0) {
        return false;
    }
    *out_name = name;
    return true;
}

static void set_section(struct slu_aws_profile_reader *self,
                        struct slu_view text)
{
    struct slu_aws_entry *entry = &self->entry;

    *entry =
        (struct slu_aws_entry){.section = SLU_AWS_SECTION_OTHER, .name = text};
    if (self->file == SLU_AWS_FILE_CREDENTIALS ||
        slu_view_equal_str(text, "default")) {
        entry->section = SLU_AWS_SECTION_PROFILE;
    } else if (take_word(text, "profile", &entry->name)) {
        entry->section = SLU_AWS_SECTION_PROFILE;
        entry->prefixed = true;
    } else if (take_word(text, "services", &entry->name)) {
        entry->section = SLU_AWS_SECTION_SERVICES;
    }
}

static enum slu_err read_section(struct slu_aws_profile_reader *self,
                                 const struct line *line,
                                 struct slu_error *error)
{
    const char *end = memchr(line->text.ptr, ']', line->text.len);
    struct slu_view name;
    struct slu_view rest;

    if (end == NULL) {
        return fail_line(self, line, error,
                         "a section without its closing bracket");
    }
    name = trim(
        slu_view_make(line->text.ptr + 1, (size_t)(end - line->text.ptr) - 1));
    if (name.len == 0) {
        return fail_line(self, line, error, "a section without a name");
    }
    rest = trim(slu_view_make(end + 1, line->text.len -
                                           (size_t)(end - line->text.ptr) - 1));
    if (rest.len > 0 && rest.ptr[0] != '#' && rest.ptr[0] != ';') {
        return fail_line(self, line, error,
                         "expected nothing behind the bracket of a section");
    }
    set_section(self, name);
    self->in_section = true;
    self->in_key = false;
    return SLU_ERR_OK;
}

/* ---- keys ---- */

/* Takes the lines that go on with the present value. */
static void extend_value(struct slu_aws_profile_reader *self)
{
    size_t offset = self->offset;
    unsigned passed = 0;
    struct line line;

    while (peek_line(self, offset, &line)) {
        if (!is_void(&line) && line.indent <= self->indent) {
            return;
        }
        offset = line.next;
        passed++;
        if (!is_void(&line)) {
            const char *end = line.text.ptr + line.text.len;

            self->entry.value.len = (size_t)(end - self->entry.value.ptr);
            self->offset = offset;
            self->line += passed;
            passed = 0;
        }
    }
}

static enum slu_err split_key(struct slu_aws_profile_reader *self,
                              const struct line *line, struct slu_error *error)
{
    const char *equals = memchr(line->text.ptr, '=', line->text.len);
    size_t len = equals == NULL ? 0 : (size_t)(equals - line->text.ptr);

    self->entry.key = trim(slu_view_make(line->text.ptr, len));
    if (self->entry.key.len == 0) {
        return fail_line(self, line, error, "expected key = value");
    }
    self->entry.value =
        cut_comment(slu_view_make(equals + 1, line->text.len - len - 1));
    self->entry.line = self->line;
    return SLU_ERR_OK;
}

static enum slu_err read_key(struct slu_aws_profile_reader *self,
                             const struct line *line, struct slu_error *error)
{
    bool below = self->in_key && line->indent > self->indent;
    enum slu_err err;

    if (!self->in_section) {
        return fail_line(self, line, error,
                         "a key stands before the first [section]");
    }
    err = split_key(self, line, error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    self->entry.parent = below ? self->open_key : slu_view_make(NULL, 0);
    if (below) {
        return SLU_ERR_OK;
    }
    self->in_key = true;
    self->indent = line->indent;
    self->open_key = self->entry.key;
    if (self->entry.value.len > 0) {
        extend_value(self);
    }
    return SLU_ERR_OK;
}

/* ---- the reader ---- */

void slu_aws_profile_reader_init(struct slu_aws_profile_reader *self,
                                 enum slu_aws_file file, struct slu_view text)
{
    static const char mark[] = "\xef\xbb\xbf";

    *self = (struct slu_aws_profile_reader){.file = file, .text = text};
    if (text.len >= 3 && memcmp(text.ptr, mark, 3) == 0) {
        self->offset = 3;
    }
}

enum slu_err slu_aws_profile_reader_next(struct slu_aws_profile_reader *self,
                                         struct slu_aws_entry *out_entry,
                                         bool *out_end,
                                         struct slu_error *out_error)
{
    struct line line;
    enum slu_err err;

    *out_end = false;
    do {
        if (!peek_line(self, self->offset, &line)) {
            *out_end = true;
            return SLU_ERR_OK;
        }
        self->offset = line.next;
        self->line++;
    } while (is_void(&line));
    if (line.text.ptr[0] == '[' &&
        !(self->in_key && line.indent > self->indent)) {
        err = read_section(self, &line, out_error);
        self->entry.line = self->line;
    } else {
        err = read_key(self, &line, out_error);
    }
    if (err == SLU_ERR_OK) {
        *out_entry = self->entry;
    }
    return err;
}
