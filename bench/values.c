/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/values.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define ROOM(at) (SLU_BENCH_VALUE_MAX - (at))

/* Adds text to what is there. */
static void add(char *out, const char *text)
{
    size_t len = strlen(out);

    (void)snprintf(out + len, ROOM(len), "%s", text);
}

static void add_number(char *out, const char *format, unsigned number)
{
    char text[24];

    (void)snprintf(text, sizeof(text), format, number);
    add(out, text);
}

/* ---- addresses ---- */

static void make_address(struct slu_bench_random *random, char *out)
{
    uint32_t bits = (uint32_t)slu_bench_next(random);

    (void)snprintf(out, SLU_BENCH_VALUE_MAX, "%u.%u.%u.%u", bits >> 24,
                   bits >> 16 & 255, bits >> 8 & 255, bits & 255);
}

static void make_wrong_address(struct slu_bench_random *random, char *out)
{
    unsigned some = slu_bench_below(random, 250);
    char text[SLU_BENCH_VALUE_MAX];

    make_address(random, out);
    memcpy(text, out, sizeof(text));
    switch (slu_bench_below(random, 10)) {
    case 0: /* three octets */
        *strrchr(out, '.') = '\0';
        break;
    case 1:
        *strrchr(out, '.') = '\0';
        add_number(out, ".%u", 256 + some);
        break;
    case 2:
        *strrchr(out, '.') = '\0';
        add_number(out, ".0%u", some);
        break;
    case 3:
        *strrchr(out, '.') = '\0';
        add(out, "..7");
        break;
    case 4:
        add(out, " ");
        break;
    case 5:
        add_number(out, ":%u", 80 + some);
        break;
    case 6:
        (void)snprintf(out, SLU_BENCH_VALUE_MAX, "2001:db8:%x::%x", some,
                       slu_bench_below(random, 65536));
        break;
    case 7:
        (void)snprintf(out, SLU_BENCH_VALUE_MAX, "host%u.example.com", some);
        break;
    case 8:
        (void)snprintf(out, SLU_BENCH_VALUE_MAX, "http://%.32s/x", text);
        break;
    default:
        out[0] = '\0';
    }
}

static void make_range(struct slu_bench_random *random, char *out)
{
    bool usual = slu_bench_below(random, 2) == 0;

    make_address(random, out);
    add_number(out, "/%u", usual ? 24 : 8 + slu_bench_below(random, 25));
}

static void make_wrong_range(struct slu_bench_random *random, char *out)
{
    make_address(random, out);
    switch (slu_bench_below(random, 4)) {
    case 0:
        add_number(out, "/%u", 33 + slu_bench_below(random, 60));
        break;
    case 1:
        add_number(out, "/0%u", slu_bench_below(random, 10));
        break;
    case 2:
        add(out, "/");
        break;
    default:
        make_wrong_address(random, out);
        add_number(out, "/%u", slu_bench_below(random, 33));
    }
}

/* ---- names ---- */

static void add_label(struct slu_bench_random *random, char *out,
                      unsigned shortest, unsigned longest)
{
    static const char bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789-e";
    unsigned count = shortest + slu_bench_below(random, longest - shortest + 1);
    char label[64];

    for (unsigned i = 0; i < count; i++) {
        bool edge = i == 0 || i == count - 1;

        label[i] = bytes[slu_bench_below(random, edge ? 36 : 38)];
    }
    label[count] = '\0';
    add(out, label);
}

static void make_name(struct slu_bench_random *random, char *out)
{
    static const char *const ends[] = {".com",   ".net",    ".org", ".info",
                                       ".xyz",   ".top",    ".ru",  ".de",
                                       ".co.uk", ".online", ".io",  ".com.br"};
    unsigned sort = slu_bench_below(random, 100);

    out[0] = '\0';
    if (sort < 25) {
        add(out, "www.");
    } else if (sort < 55) {
        add_label(random, out, sort < 45 ? 3 : 8, sort < 45 ? 10 : 32);
        add(out, ".");
    }
    add_label(random, out, 4, 18);
    add(out, ends[slu_bench_below(random, 12)]);
    if (slu_bench_below(random, 20) == 0) {
        for (char *at = out; *at != '\0'; at++) {
            *at = (char)toupper((unsigned char)*at);
        }
    }
}

static void make_wrong_name(struct slu_bench_random *random, char *out)
{
    char name[SLU_BENCH_VALUE_MAX];

    make_name(random, name);
    memcpy(out, name, sizeof(name));
    switch (slu_bench_below(random, 10)) {
    case 0:
        (void)snprintf(out, SLU_BENCH_VALUE_MAX, "http://%.64s/x", name);
        break;
    case 1:
        make_address(random, out);
        break;
    case 2:
        out[1 + slu_bench_below(random, 3)] = '_';
        break;
    case 3:
        add(out, " ");
        break;
    case 4: /* a single label */
        *strchr(out, '.') = '\0';
        break;
    case 5:
        *strchr(out, '.') = '\0';
        add(out, "..com");
        break;
    case 6:
        (void)snprintf(out, SLU_BENCH_VALUE_MAX, "-%.64s", name);
        break;
    case 7:
        add(out, ":8080");
        break;
    case 8:
        add(out, ".123");
        break;
    default:
        out[0] = '\0';
    }
}

size_t slu_bench_value(struct slu_bench_random *random,
                       enum slu_bench_value kind, char out[SLU_BENCH_VALUE_MAX])
{
    static void (*const makers[][2])(struct slu_bench_random *, char *) = {
        [SLU_BENCH_ADDRESS] = {make_address, make_wrong_address},
        [SLU_BENCH_RANGE] = {make_range, make_wrong_range},
        [SLU_BENCH_NAME] = {make_name, make_wrong_name},
    };

    makers[kind][slu_bench_below(random, 10) == 0](random, out);
    return strlen(out);
}

size_t slu_bench_spoil(struct slu_bench_random *random,
                       char text[SLU_BENCH_VALUE_MAX + 2], size_t len)
{
    static const char bytes[] = "0125.:/-_ aFxz%*";

    for (unsigned left = slu_bench_below(random, 3); left > 0; left--) {
        size_t at = slu_bench_below(random, (uint32_t)len + 1);
        char byte = bytes[slu_bench_below(random, sizeof(bytes) - 1)];

        switch (slu_bench_below(random, 3)) {
        case 0:
            text[at] = byte;
            len += at == len;
            break;
        case 1:
            memmove(text + at + 1, text + at, len++ - at);
            text[at] = byte;
            break;
        default:
            len -= at < len;
            memmove(text + at, text + at + 1, len - (at < len ? at : len));
        }
    }
    return len;
}
