/* SPDX-License-Identifier: Apache-2.0 */
#include "page_token.h"

#include <string.h>

#include "mix.h"

#define BYTES 34
#define DIGITS 48 /* (34 + 2) / 3 * 4, the last two of them = */

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_base64(const unsigned char *bytes, char *out)
{
    for (int i = 0; i < BYTES; i += 3) {
        unsigned group = (unsigned)bytes[i] << 16;

        group |= i + 1 < BYTES ? (unsigned)bytes[i + 1] << 8 : 0;
        group |= i + 2 < BYTES ? (unsigned)bytes[i + 2] : 0;
        for (int j = 0; j < 4; j++) {
            *out++ = alphabet[group >> (18 - 6 * j) & 63];
        }
    }
    memcpy(out - 2, "==", 3);
}

static bool read_base64(const char *text, unsigned char *out)
{
    if (strlen(text) != DIGITS || strcmp(text + DIGITS - 2, "==") != 0) {
        return false;
    }
    for (int i = 0; i < BYTES; i += 3) {
        unsigned group = 0;

        for (int j = 0; j < 4; j++) {
            const char *digit = strchr(alphabet, *text);

            if (digit == NULL && *text != '=') {
                return false;
            }
            group =
                group << 6 | (digit != NULL ? (unsigned)(digit - alphabet) : 0);
            text++;
        }
        for (int j = 0; j < 3 && i + j < BYTES; j++) {
            out[i + j] = (unsigned char)(group >> (16 - 8 * j));
        }
    }
    return true;
}

static void put_number(unsigned char *at, uint64_t number, int bytes)
{
    for (int i = 0; i < bytes; i++) {
        at[i] = (unsigned char)(number >> (8 * i));
    }
}

static uint64_t get_number(const unsigned char *at, int bytes)
{
    uint64_t number = 0;

    for (int i = bytes - 1; i >= 0; i--) {
        number = number << 8 | at[i];
    }
    return number;
}

static void mask(unsigned char *bytes)
{
    uint64_t stream = sim_mix2(bytes[0], 0x5a17);

    for (int i = 1; i < BYTES; i++) {
        bytes[i] ^= (unsigned char)stream;
        stream = sim_mix(stream);
    }
}

void sim_page_token_write(const struct sim_page_token *token, uint64_t binding,
                          char *out)
{
    unsigned char plain[BYTES] = {0};

    put_number(plain + 1, binding, 8);
    put_number(plain + 9, (uint64_t)token->updated_ms, 8);
    put_number(plain + 17, token->ref.home, 4);
    put_number(plain + 21, token->ref.index, 4);
    plain[25] = (unsigned char)(token->begun + 2 * token->paused);
    put_number(plain + 26, sim_mix_bytes(0x70ce, plain + 1, 25), 8);
    for (int salt = 0; salt < 256; salt++) {
        unsigned char bytes[BYTES];

        memcpy(bytes, plain, BYTES);
        bytes[0] = (unsigned char)salt;
        mask(bytes);
        write_base64(bytes, out);
        if (strchr(out, '+') != NULL && strchr(out, '/') != NULL) {
            return;
        }
    }
}

bool sim_page_token_read(const char *text, uint64_t binding,
                         struct sim_page_token *out)
{
    unsigned char bytes[BYTES];
    char again[SIM_PAGE_TOKEN_CAP];

    if (!read_base64(text, bytes)) {
        return false;
    }
    mask(bytes);
    out->updated_ms = (int64_t)get_number(bytes + 9, 8);
    out->ref.home = (uint32_t)get_number(bytes + 17, 4);
    out->ref.index = (uint32_t)get_number(bytes + 21, 4);
    out->begun = (bytes[25] & 1) != 0;
    out->paused = (bytes[25] & 2) != 0;
    sim_page_token_write(out, binding, again);
    return strcmp(again, text) == 0;
}
