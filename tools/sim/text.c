/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void end_without_memory(void)
{
    fprintf(stderr, "sluice-sim: out of memory\n");
    exit(70);
}

void *sim_alloc(size_t bytes)
{
    void *memory = calloc(1, bytes > 0 ? bytes : 1);

    if (memory == NULL) {
        end_without_memory();
    }
    return memory;
}

void sim_text_fini(struct sim_text *text)
{
    free(text->data);
    memset(text, 0, sizeof(*text));
}

void sim_text_clear(struct sim_text *text)
{
    text->len = 0;
}

char *sim_text_reserve(struct sim_text *text, size_t more)
{
    if (text->cap - text->len < more) {
        size_t cap = text->cap < 256 ? 256 : text->cap * 2;

        while (cap - text->len < more) {
            cap *= 2;
        }
        text->data = realloc(text->data, cap);
        if (text->data == NULL) {
            end_without_memory();
        }
        text->cap = cap;
    }
    return text->data + text->len;
}

void sim_text_add(struct sim_text *text, const void *data, size_t len)
{
    if (len > 0) {
        memcpy(sim_text_reserve(text, len), data, len);
        text->len += len;
    }
}

void sim_text_str(struct sim_text *text, const char *string)
{
    sim_text_add(text, string, strlen(string));
}

void sim_text_byte(struct sim_text *text, char byte)
{
    sim_text_add(text, &byte, 1);
}

void sim_text_printf(struct sim_text *text, const char *format, ...)
{
    va_list args;
    char *end = sim_text_reserve(text, 256);
    int len;

    va_start(args, format);
    len = vsnprintf(end, 256, format, args);
    va_end(args);
    if (len >= 256) {
        end = sim_text_reserve(text, (size_t)len + 1);
        va_start(args, format);
        len = vsnprintf(end, (size_t)len + 1, format, args);
        va_end(args);
    }
    text->len += len > 0 ? (size_t)len : 0;
}

void sim_text_urlencode(struct sim_text *text, const char *data, int plus)
{
    for (; *data != '\0'; data++) {
        unsigned char byte = (unsigned char)*data;

        if (byte == ' ' && plus) {
            sim_text_byte(text, '+');
        } else if (byte < 128 &&
                   (isalnum(byte) || strchr("-._~", byte) != NULL)) {
            sim_text_byte(text, (char)byte);
        } else {
            sim_text_printf(text, "%%%02X", byte);
        }
    }
}
