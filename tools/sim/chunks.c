/* SPDX-License-Identifier: Apache-2.0 */
#include "chunks.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void sim_chunks_fini(struct sim_chunks *chunks)
{
    sim_text_fini(&chunks->line);
    sim_text_fini(&chunks->trailer);
    memset(chunks, 0, sizeof(*chunks));
}

static void spoil(struct sim_chunks *chunks)
{
    chunks->state = SIM_CHUNK_BAD;
}

/* `HEX` or `HEX;...`, at most eight digits. */
static void end_size(struct sim_chunks *chunks)
{
    const char *line = chunks->line.data;
    size_t digits = strspn(line, "0123456789abcdefABCDEF");

    if (digits == 0 || digits > 8 ||
        (line[digits] != '\0' && line[digits] != ';')) {
        spoil(chunks);
        return;
    }
    chunks->left = strtoull(line, NULL, 16);
    chunks->state = chunks->left > 0 ? SIM_CHUNK_DATA : SIM_CHUNK_TRAILERS;
}

static void end_trailer(struct sim_chunks *chunks)
{
    const char *line = chunks->line.data;

    if (line[0] == '\0') {
        chunks->state = SIM_CHUNK_DONE;
    } else if (strchr(line, ':') == NULL ||
               chunks->trailer.len + strlen(line) > SIM_CHUNK_TRAILER) {
        spoil(chunks);
    } else {
        sim_text_str(&chunks->trailer, line);
        sim_text_byte(&chunks->trailer, '\n');
    }
}

/* The line is whole: without its CRLF, with NUL. */
static void end_line(struct sim_chunks *chunks)
{
    struct sim_text *line = &chunks->line;

    if (line->len < 2 || line->data[line->len - 2] != '\r') {
        spoil(chunks);
        return;
    }
    line->data[line->len - 2] = '\0';
    switch (chunks->state) {
    case SIM_CHUNK_SIZE:
        end_size(chunks);
        break;
    case SIM_CHUNK_DATA_END:
        chunks->state = SIM_CHUNK_SIZE;
        if (line->len != 2) {
            spoil(chunks);
        }
        break;
    default:
        end_trailer(chunks);
    }
    sim_text_clear(line);
}

static size_t take_line(struct sim_chunks *chunks, const char *data, size_t len)
{
    const char *end = memchr(data, '\n', len);
    size_t part = end != NULL ? (size_t)(end - data) + 1 : len;

    if (memchr(data, '\0', part) != NULL ||
        chunks->line.len + part > SIM_CHUNK_LINE) {
        spoil(chunks);
        return part;
    }
    sim_text_add(&chunks->line, data, part);
    if (end != NULL) {
        end_line(chunks);
    }
    return part;
}

static size_t take_data(struct sim_chunks *chunks, const char *data, size_t len,
                        size_t max, struct sim_text *out)
{
    size_t part = chunks->left < len ? (size_t)chunks->left : len;

    if (part > max - out->len) {
        spoil(chunks);
        return len;
    }
    sim_text_add(out, data, part);
    chunks->left -= part;
    if (chunks->left == 0) {
        chunks->state = SIM_CHUNK_DATA_END;
    }
    return part;
}

size_t sim_chunks_feed(struct sim_chunks *chunks, const char *data, size_t len,
                       size_t max, struct sim_text *out)
{
    size_t at = 0;

    while (at < len && chunks->state != SIM_CHUNK_DONE &&
           chunks->state != SIM_CHUNK_BAD) {
        at += chunks->state == SIM_CHUNK_DATA
                  ? take_data(chunks, data + at, len - at, max, out)
                  : take_line(chunks, data + at, len - at);
    }
    return at;
}

bool sim_chunks_trailer(const struct sim_chunks *chunks, const char *name,
                        struct sim_text *out)
{
    const char *at = chunks->trailer.data;
    const char *end = at + chunks->trailer.len;
    size_t name_len = strlen(name);

    sim_text_clear(out);
    while (chunks->trailer.len > 0 && at < end) {
        size_t len =
            (size_t)((char *)memchr(at, '\n', (size_t)(end - at)) - at);

        if (len > name_len && at[name_len] == ':' &&
            strncasecmp(at, name, name_len) == 0) {
            const char *value = at + name_len + 1;

            while (isspace((unsigned char)*value) && value < at + len) {
                value++;
            }
            sim_text_add(out, value, (size_t)(at + len - value));
            sim_text_byte(out, '\0');
            return true;
        }
        at += len + 1;
    }
    return false;
}
