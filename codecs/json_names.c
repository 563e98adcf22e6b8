/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_names.h"

#include <assert.h>

#define BEHIND_BACKSLASH 5

void slu_json_names_add(struct slu_json_names *self, const char *name)
{
    assert(self->count < SLU_JSON_NAMES_MAX);
    self->names[self->count++] = slu_view_str(name);
}

void slu_json_names_start(struct slu_json_names *self)
{
    self->alive = (1u << self->count) - 1;
    self->len = 0;
    self->pending = 0;
}

static void take_character(struct slu_json_names *self, unsigned code)
{
    for (unsigned i = 0; i < self->count; i++) {
        struct slu_view name = self->names[i];

        if (self->len >= name.len ||
            (unsigned char)name.ptr[self->len] != code) {
            self->alive &= ~(1u << i);
        }
    }
    self->len++;
}

static void take_escape(struct slu_json_names *self, char c)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char values[] = "\"\\/\b\f\n\r\t";
    const char *at = c == '\0' ? NULL : strchr(letters, c);

    self->pending = 0;
    if (c == 'u') {
        self->pending = 4;
        self->code = 0;
    } else if (at != NULL) {
        take_character(self, (unsigned char)values[at - letters]);
    } else {
        self->alive = 0;
    }
}

static void take_digit(struct slu_json_names *self, char c)
{
    unsigned lower = (unsigned char)c | 0x20;
    unsigned digit = 16;

    if (c >= '0' && c <= '9') {
        digit = (unsigned)(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
        digit = lower - 'a' + 10;
    }
    if (digit == 16) {
        self->alive = 0;
        return;
    }
    self->code = self->code * 16 + digit;
    self->pending--;
    if (self->pending == 0) {
        /* Beyond ASCII it can be no name of ours: no byte equals it. */
        take_character(self, self->code < 0x80 ? self->code : 0x100);
    }
}

void slu_json_names_feed(struct slu_json_names *self, struct slu_view text)
{
    for (size_t i = 0; i < text.len && self->alive != 0; i++) {
        char c = text.ptr[i];

        if (self->pending == BEHIND_BACKSLASH) {
            take_escape(self, c);
        } else if (self->pending != 0) {
            take_digit(self, c);
        } else if (c == '\\') {
            self->pending = BEHIND_BACKSLASH;
        } else {
            take_character(self, (unsigned char)c);
        }
    }
}

int slu_json_names_match(const struct slu_json_names *self)
{
    for (unsigned i = 0; i < self->count && self->pending == 0; i++) {
        if ((self->alive >> i & 1) != 0 && self->names[i].len == self->len) {
            return (int)i;
        }
    }
    return -1;
}
