/* SPDX-License-Identifier: Apache-2.0 */
#include "cursor.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "entity.h"
#include "mix.h"

#define CURSOR_CAP 2048

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(const void *data, size_t len, const char *alphabet, bool pad,
                   struct sim_text *out)
{
    const unsigned char *byte = data;

    for (size_t i = 0; i < len; i += 3) {
        size_t have = len - i < 3 ? len - i : 3;
        unsigned bits = (unsigned)byte[i] << 16 |
                        (have > 1 ? (unsigned)byte[i + 1] << 8 : 0) |
                        (have > 2 ? byte[i + 2] : 0u);

        for (size_t digit = 0; digit < 4; digit++) {
            if (digit <= have) {
                sim_text_byte(out, alphabet[bits >> (18 - 6 * digit) & 63]);
            } else if (pad) {
                sim_text_byte(out, '=');
            }
        }
    }
}

/* Padding is optional; anything else outside the alphabet is refused. The
   decoded length or -1. */
static long decode(const char *text, size_t len, const char *alphabet,
                   unsigned char *out, size_t cap)
{
    unsigned bits = 0;
    unsigned held = 0;
    size_t to = 0;

    while (len > 0 && text[len - 1] == '=') {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        const char *digit = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;

        if (digit == NULL || to == cap) {
            return -1;
        }
        bits = bits << 6 | (unsigned)(digit - alphabet);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[to++] = (unsigned char)(bits >> held & 255);
        }
    }
    return (long)to;
}

/* Not cryptography: it tells an honest cursor from a foreign one. */
static void make_seal(const char *inner, size_t len, uint64_t binding,
                      char *out)
{
    sim_entity_hex(sim_mix_bytes(binding, inner, len), 64, out);
}

void sim_cursor_write(const struct sim_cursor *cursor, uint64_t binding,
                      struct sim_text *out)
{
    struct sim_text inner = {0};
    struct sim_text outer = {0};
    unsigned char packed[CURSOR_CAP];
    uLongf packed_len = sizeof(packed);
    char position[128];
    char seal[65];
    int len = snprintf(position, sizeof(position),
                       "{\"offset\":0,\"provider\":\"DPS\",\"sort\":[%" PRId64
                       ",\"%s\"]}",
                       cursor->date, cursor->id);

    encode(position, (size_t)len, standard, true, &inner);
    sim_text_printf(&inner, "||v3||%" PRId64 "||", cursor->issued);
    make_seal(inner.data, inner.len, binding, seal);
    sim_text_str(&inner, seal);
    sim_text_byte(&outer, '|');
    encode(inner.data, inner.len, url_safe, false, &outer);
    compress(packed, &packed_len, (const Bytef *)outer.data, outer.len);
    encode(packed, packed_len, url_safe, true, out);
    sim_text_fini(&inner);
    sim_text_fini(&outer);
}

/* Reads what is under the two outer layers: position, time and seal. */
static bool read_inner(const char *inner, uint64_t binding,
                       struct sim_cursor *out)
{
    const char *mark = strstr(inner, "||v3||");
    const char *last = mark != NULL ? strstr(mark + 6, "||") : NULL;
    unsigned char position[256];
    char seal[65];
    long len;

    if (last == NULL || strlen(last + 2) != 64) {
        return false;
    }
    make_seal(inner, (size_t)(last + 2 - inner), binding, seal);
    if (strcmp(seal, last + 2) != 0) {
        return false;
    }
    len = decode(inner, (size_t)(mark - inner), standard, position,
                 sizeof(position) - 1);
    if (len < 0) {
        return false;
    }
    position[len] = '\0';
    return sscanf((const char *)position,
                  "{\"offset\":0,\"provider\":\"DPS\",\"sort\":[%" SCNd64
                  ",\"%23[0-9]\"]}",
                  &out->date, out->id) == 2 &&
           sscanf(mark + 6, "%" SCNd64, &out->issued) == 1;
}

bool sim_cursor_read(const char *text, uint64_t binding, struct sim_cursor *out)
{
    unsigned char packed[CURSOR_CAP];
    unsigned char outer[CURSOR_CAP];
    unsigned char inner[CURSOR_CAP];
    uLongf outer_len = sizeof(outer);
    long len = decode(text, strlen(text), url_safe, packed, sizeof(packed));

    if (len <= 0 || uncompress(outer, &outer_len, packed, (uLong)len) != Z_OK ||
        outer_len < 2 || outer[0] != '|') {
        return false;
    }
    len = decode((const char *)outer + 1, outer_len - 1, url_safe, inner,
                 sizeof(inner) - 1);
    if (len < 0) {
        return false;
    }
    inner[len] = '\0';
    return read_inner((const char *)inner, binding, out);
}
