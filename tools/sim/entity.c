/* SPDX-License-Identifier: Apache-2.0 */
#include "entity.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "mix.h"

static const char *const type_names[SIM_TYPES] = {"domain", "file",
                                                  "ip_address", "url"};

const char *sim_type_name(enum sim_type type)
{
    return type_names[type];
}

enum sim_type sim_type_parse(const char *name, unsigned long len)
{
    for (int type = 0; type < SIM_TYPES; type++) {
        if (strlen(type_names[type]) == len &&
            memcmp(type_names[type], name, len) == 0) {
            return (enum sim_type)type;
        }
    }
    return SIM_TYPES;
}

uint64_t sim_entity_at(const struct sim_entity_space *space, enum sim_type type,
                       uint64_t where)
{
    uint64_t chance = sim_mix3(space->seed ^ 0xe7717, type, where);

    if (sim_one_in(chance, 8)) {
        return SIM_HOT_BIT | (sim_mix(chance) % space->hot);
    }
    return sim_mix2(chance, where) & ~SIM_HOT_BIT;
}

void sim_entity_hex(uint64_t from, unsigned digits, char *out)
{
    for (unsigned i = 0; i < digits; i++) {
        if (i > 0 && i % 16 == 0) {
            from = sim_mix(from);
        }
        out[i] = "0123456789abcdef"[from >> (i % 16 * 4) & 15];
    }
    out[digits] = '\0';
}

/* The number in base 36, the shortest way: at most 13 characters. */
static void write_base36(uint64_t number, char *out)
{
    char digits[14];
    unsigned len = 0;

    do {
        digits[len++] = "0123456789abcdefghijklmnopqrstuvwxyz"[number % 36];
        number /= 36;
    } while (number > 0);
    for (unsigned i = 0; i < len; i++) {
        out[i] = digits[len - 1 - i];
    }
    out[len] = '\0';
}

static void write_plain_domain(uint64_t mixed, uint64_t entity, char *out)
{
    static const char *const words[] = {
        "login", "cdn",  "update", "secure", "mail",   "api", "static",
        "panel", "dl",   "vpn",    "office", "wallet", "pay", "gate",
        "node",  "host", "img",    "docs",   "news",   "shop"};
    static const char *const suffixes[] = {
        "top",         "xyz",         "com",      "net",    "ru",
        "cn",          "info",        "online",   "site",   "shop",
        "co.uk",       "org",         "click",    "com.br", "icu",
        "duckdns.org", "workers.dev", "xn--p1ai", "live",   "io"};
    char tag[16];

    write_base36(entity & 0xffffffffffff, tag);
    snprintf(out, SIM_VALUE_CAP, "%s%s-%s.%s",
             (mixed >> 40 & 3) == 0 ? "www." : "", words[mixed % 20], tag,
             suffixes[mixed / 20 % 20]);
}

/* One of the forms that real feeds hold and a matcher must judge, around a
   plain name. About half of them are valid as they are or after repair. */
static void write_odd_domain(uint64_t mixed, const char *plain, char *out)
{
    static const struct {
        const char *before;
        const char *after;
    } forms[] = {
        {"_dmarc.", ""},
        {"http://", "/index.php?a=1"},
        {"", "."},
        {"b\xc3\xbc"
         "cher-",
         ""},                      /* u with diaeresis, in UTF-8 */
        {"", ".\xd1\x80\xd1\x84"}, /* the Cyrillic top-level domain */
        {"*.", ""},
        {"", ":8080"},
        {"a..", ""},
        {"-", ""},
        {"", " "},
        {"", ".123"}, /* a last label of digits */
    };
    unsigned count = sizeof(forms) / sizeof(forms[0]);
    unsigned form = (unsigned)(mixed % (count + 5));
    unsigned more = (unsigned)(mixed >> 32);
    char label[65];

    if (form < count) {
        snprintf(out, SIM_VALUE_CAP, "%s%s%s", forms[form].before, plain,
                 forms[form].after);
    } else if (form == count) {
        snprintf(out, SIM_VALUE_CAP, "localhost-%u", more % 1000);
    } else if (form == count + 1) {
        snprintf(out, SIM_VALUE_CAP, "*.co.uk");
    } else if (form == count + 2) {
        snprintf(out, SIM_VALUE_CAP, "198.51.100.%u", more % 256);
    } else if (form == count + 3) {
        sim_entity_hex(mixed, 64, label); /* one more than a label may have */
        snprintf(out, SIM_VALUE_CAP, "%s.%s", label, plain);
    } else {
        for (size_t i = 0; i <= strlen(plain); i++) {
            out[i] = (char)toupper((unsigned char)plain[i]);
        }
    }
}

static void write_ip(uint64_t mixed, char *out)
{
    /* First octets that are global unicast, whatever follows. */
    static const unsigned char first[] = {
        5,   8,   23,  31,  45,  62,  77,  80,  91,  94,  103, 109,
        134, 138, 146, 159, 176, 178, 185, 193, 195, 209, 212, 217};
    uint64_t low = sim_mix(mixed);

    if (sim_one_in(mixed >> 32, 40)) {
        snprintf(out, SIM_VALUE_CAP, "2a0%u:%x:%x::%x", (unsigned)(low % 10),
                 (unsigned)(low >> 8 & 0xfff) + 1,
                 (unsigned)(low >> 20 & 0xffff) + 1,
                 (unsigned)(low >> 36 & 0xffff) + 1);
        return;
    }
    snprintf(out, SIM_VALUE_CAP, "%u.%u.%u.%u", first[mixed % sizeof(first)],
             (unsigned)(low & 255), (unsigned)(low >> 8 & 255),
             (unsigned)(low >> 16 & 255));
}

static void write_odd_ip(uint64_t mixed, const char *plain, char *out)
{
    unsigned low = (unsigned)(mixed >> 40 & 255);

    switch (mixed % 12) {
    case 0:
        snprintf(out, SIM_VALUE_CAP, "10.%u.0.1", low);
        return;
    case 1:
        snprintf(out, SIM_VALUE_CAP, "192.168.1.%u", low);
        return;
    case 2:
        snprintf(out, SIM_VALUE_CAP, "203.0.113.%u", low);
        return;
    case 3:
        snprintf(out, SIM_VALUE_CAP, "127.0.0.%u", low);
        return;
    case 4:
        snprintf(out, SIM_VALUE_CAP, "100.64.%u.7", low);
        return;
    case 5: /* host bits set */
        snprintf(out, SIM_VALUE_CAP, "45.9.%u.77/24", low);
        return;
    case 6:
        snprintf(out, SIM_VALUE_CAP, "91.0.0.0/7");
        return;
    case 7: /* a leading zero */
        snprintf(out, SIM_VALUE_CAP, "45.09.%u.1", low);
        return;
    case 8:
        snprintf(out, SIM_VALUE_CAP, "%.40s:443", plain);
        return;
    case 9:
        snprintf(out, SIM_VALUE_CAP, "::ffff:45.9.1.%u", low);
        return;
    case 10:
        snprintf(out, SIM_VALUE_CAP, "45.9.20.%u/32", low);
        return;
    default:
        snprintf(out, SIM_VALUE_CAP, "256.1.%u.1", low);
        return;
    }
}

void sim_entity_value(const struct sim_entity_space *space, enum sim_type type,
                      uint64_t entity, char *out)
{
    uint64_t mixed = sim_mix3(space->seed ^ 0x7a1e, type, entity);
    uint64_t chance = sim_mix(mixed);
    bool odd = chance % 1000 < space->odd;
    char plain[SIM_VALUE_CAP - 120];

    if (type == SIM_FILE || type == SIM_URL) {
        sim_entity_hex(mixed, 64, out);
        return;
    }
    if (type == SIM_DOMAIN) {
        write_plain_domain(mixed, entity, out);
    } else {
        write_ip(mixed, out);
    }
    if (odd) {
        snprintf(plain, sizeof(plain), "%.190s", out);
        (type == SIM_DOMAIN ? write_odd_domain : write_odd_ip)(chance / 1000,
                                                               plain, out);
    }
}

/* Verdict, score and detections drawn from one number. Shares roughly as in
   the delivered lists: most malicious, a few of each other kind. */
static void draw_verdict(uint64_t chance, struct sim_assessment *out)
{
    static const int bands[] = {30, 35, 60, 60, 80, 90, 95, 100};
    unsigned share = (unsigned)(chance % 100);
    unsigned more = (unsigned)(chance >> 32);

    out->positives = (int)(more % 3);
    if (share < 78) {
        out->verdict = "VERDICT_MALICIOUS";
        out->score = bands[more % 8] - (int)(more / 8 % 5);
        out->positives = 1 + (int)(more / 64 % 60);
    } else if (share < 84) {
        out->verdict = "VERDICT_SUSPICIOUS";
        out->score = 20 + (int)(more % 30);
    } else if (share < 91) {
        out->verdict = "VERDICT_UNDETECTED";
        out->score = 1;
    } else if (share < 95) {
        out->verdict = "VERDICT_BENIGN";
        out->score = 0;
    } else {
        out->verdict = "VERDICT_UNKNOWN";
        out->score = 0;
    }
    out->present = share < 97;
    out->has_verdict = share < 99 && !sim_one_in(chance >> 20, 97);
    out->severity = out->score >= 80   ? "SEVERITY_HIGH"
                    : out->score >= 50 ? "SEVERITY_MEDIUM"
                    : out->score >= 20 ? "SEVERITY_LOW"
                                       : "SEVERITY_NONE";
}

void sim_entity_assess(const struct sim_entity_space *space, enum sim_type type,
                       uint64_t entity, int64_t when, bool stale,
                       struct sim_assessment *out)
{
    uint64_t base = sim_mix3(space->seed ^ 0xa55e55, type, entity);
    int64_t offset = (int64_t)(base >> 24) % SIM_PERIOD_S;
    int64_t period;
    uint64_t chance = base;

    offset = offset < 0 ? -offset : offset;
    memset(out, 0, sizeof(*out));
    period = (when - offset) / SIM_PERIOD_S - (stale ? 1 : 0);
    if ((entity & SIM_HOT_BIT) != 0 && entity % 4 == 0) {
        /* One of those that change their mind, mostly to benign and back. */
        chance = sim_mix2(base, (uint64_t)period);
        if (period % 3 == 0) {
            chance = chance - chance % 100 + 92;
        }
    }
    draw_verdict(chance, out);
    out->modified = period * SIM_PERIOD_S + offset;
    out->has_modified = stale || !sim_one_in(base >> 8, 64);
}
