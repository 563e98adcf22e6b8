/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/json_text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#define COLUMNS 80

static bool is_tail(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

/* Length of the UTF-8 character at text (RFC 3629), 0 when it is none. Stops
 * at the terminating zero by itself: that is no tail byte. */
static size_t measure_character(const unsigned char *text)
{
    unsigned char first = text[0];

    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return is_tail(text[1]) ? 2 : 0;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        bool overlong = first == 0xE0 && text[1] < 0xA0;
        bool surrogate = first == 0xED && text[1] > 0x9F;

        return is_tail(text[1]) && !overlong && !surrogate && is_tail(text[2])
                   ? 3
                   : 0;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        bool overlong = first == 0xF0 && text[1] < 0x90;
        bool beyond = first == 0xF4 && text[1] > 0x8F;

        return is_tail(text[1]) && !overlong && !beyond && is_tail(text[2]) &&
                       is_tail(text[3])
                   ? 4
                   : 0;
    }
    return 0;
}

void slu_cli_json_string(FILE *to, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    if (text == NULL) {
        (void)fputs("null", to);
        return;
    }
    (void)fputc('"', to);
    while (*at != '\0') {
        size_t len = measure_character(at);

        if (len == 0) {
            (void)fputs("\xEF\xBF\xBD", to);
            at++;
            continue;
        }
        if (*at == '"' || *at == '\\') {
            (void)fputc('\\', to);
        }
        if (*at < 0x20 || *at == 0x7F) {
            (void)fprintf(to, "\\u%04x", *at);
        } else {
            (void)fwrite(at, 1, len, to);
        }
        at += len;
    }
    (void)fputc('"', to);
}

void slu_cli_json_member(FILE *to, const char *key, const char *text)
{
    (void)fprintf(to, ",\"%s\":", key);
    slu_cli_json_string(to, text);
}

void slu_cli_json_count(FILE *to, const char *key, uint64_t number)
{
    (void)fprintf(to, ",\"%s\":%" PRIu64, key, number);
}

void slu_cli_json_kinds(FILE *to, const char *key,
                        const uint64_t counts[SLU_KIND_COUNT])
{
    (void)fprintf(to, ",\"%s\":{", key);
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        (void)fprintf(to, "%s\"%s\":%" PRIu64, kind == 0 ? "" : ",",
                      slu_kind_name((enum slu_kind)kind), counts[kind]);
    }
    (void)fputc('}', to);
}

void slu_cli_plain_text(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        (void)fputc(byte < 0x20 || byte == 0x7F ? '?' : byte, to);
    }
}

void slu_cli_column_text(FILE *to, unsigned width, const char *text)
{
    char cut[1024];
    unsigned count = 0;
    size_t len = 0;

    while (text[len] != '\0' && len + 1 < sizeof(cut) &&
           (count < width || is_tail((unsigned char)text[len]))) {
        count += !is_tail((unsigned char)text[len]);
        cut[len] = text[len];
        len++;
    }
    cut[len] = '\0';
    slu_cli_plain_text(to, cut);
    (void)fprintf(to, "%*s", (int)(width - count), "");
}

/* The bytes of the next line: as many words as fit, at least one piece. */
static size_t measure_line(const char *text, size_t room)
{
    size_t len = strlen(text);

    if (len <= room) {
        return len;
    }
    len = room;
    while (len > 0 && text[len] != ' ') {
        len--;
    }
    return len == 0 ? room : len;
}

void slu_cli_hanging_text(FILE *to, unsigned indent, const char *text)
{
    while (*text != '\0') {
        char line[COLUMNS + 1];
        size_t len = measure_line(text, COLUMNS - indent);

        (void)snprintf(line, sizeof(line), "%.*s", (int)len, text);
        slu_cli_plain_text(to, line);
        (void)fputc('\n', to);
        text += len;
        text += strspn(text, " ");
        if (*text != '\0') {
            (void)fprintf(to, "%*s", (int)indent, "");
        }
    }
}

void slu_cli_wrapped_text(FILE *to, const char *text)
{
    (void)fputs("    ", to);
    slu_cli_hanging_text(to, 4, text);
}
