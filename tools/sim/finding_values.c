/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the values that templates name. Addresses, names and digests come
 * from the same space of entities as those of the threat lists, --gd-odd of
 * a thousand of them odd.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "entity.h"
#include "finding.h"
#include "mix.h"

/* One of these is a value: it appends itself. */
typedef void (*value_fn)(struct sim_template *template, const char *arg);

const char *sim_partition_of(const char *region)
{
    return strncmp(region, "cn-", 3) == 0       ? "aws-cn"
           : strncmp(region, "us-gov-", 7) == 0 ? "aws-us-gov"
                                                : "aws";
}

/* A string's inside. JSON allows any character to be written as its number,
   and one value in 64 does so somewhere. */
static void put_text(struct sim_template *template, const char *text)
{
    uint64_t chance = sim_template_draw(template);
    size_t len = strlen(text);
    size_t at = sim_one_in(chance, 64) && len > 0 ? chance / 64 % len : len;

    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (i == at && byte < 0x80) {
            sim_text_printf(template->out, "\\u%04x", byte);
        } else {
            sim_text_byte(template->out, (char)byte);
        }
    }
}

static struct sim_entity_space space_of(const struct sim_template *template)
{
    const struct sim_options *options = template->world->options;

    return (struct sim_entity_space){options->seed, (uint64_t)options->gd_odd,
                                     (uint64_t)options->hot};
}

static void draw_entity(struct sim_template *template, enum sim_type type,
                        char *out)
{
    struct sim_entity_space space = space_of(template);
    uint64_t where = sim_template_draw(template);

    sim_entity_value(&space, type, sim_entity_at(&space, type, where), out);
}

static void put_ip4(struct sim_template *template, const char *arg)
{
    char value[SIM_VALUE_CAP];

    (void)arg;
    do { /* the space's IPv6 addresses belong elsewhere */
        draw_entity(template, SIM_IP, value);
    } while (strncmp(value, "2a0", 3) == 0);
    put_text(template, value);
}

static void put_ip6(struct sim_template *template, const char *arg)
{
    uint64_t chance = sim_template_draw(template);
    char value[64];

    (void)arg;
    snprintf(value, sizeof(value),
             chance % 3 == 0   ? "2a0%u:%x::%x"
             : chance % 3 == 1 ? "2a0%u:%x:0:0:0:0:0:%X"
                               : "2a0%u:%04x:00ab:0:0:8a2e:370:%x",
             (unsigned)(chance >> 8 & 7), (unsigned)(chance >> 16 & 0xfff) + 1,
             (unsigned)(chance >> 32 & 0xffff));
    put_text(template, value);
}

static void put_ip_private(struct sim_template *template, const char *arg)
{
    uint64_t chance = sim_template_draw(template);

    (void)arg;
    sim_text_printf(template->out, "10.%u.%u.%u", (unsigned)(chance & 255),
                    (unsigned)(chance >> 8 & 255),
                    (unsigned)(chance >> 16 & 255));
}

/* Lower case as a rule; some with capitals, some with the root's dot. */
static void put_domain(struct sim_template *template, const char *arg)
{
    char value[SIM_VALUE_CAP];
    uint64_t chance = sim_template_draw(template);
    bool odd_form = strcmp(arg, "odd") == 0;

    draw_entity(template, SIM_DOMAIN, value);
    for (char *at = value; odd_form && chance % 3 == 0 && *at != '\0'; at++) {
        *at = (char)toupper((unsigned char)*at);
    }
    if (odd_form && chance % 4 < 2) {
        strncat(value, ".", sizeof(value) - strlen(value) - 1);
    }
    put_text(template, value);
}

static void put_odd_hash(struct sim_template *template, uint64_t chance)
{
    size_t cut[] = {63, 40, 32, 0};

    if (chance % 6 < 4) {
        template->hash[cut[chance % 6]] = '\0';
    } else if (chance % 6 == 4) {
        memcpy(template->hash + 62, "0x", 2);
    } else {
        strcpy(template->hash + 64, "00");
    }
}

static void put_hash(struct sim_template *template, const char *arg)
{
    uint64_t chance = sim_template_draw(template);

    (void)arg;
    draw_entity(template, SIM_FILE, template->hash);
    if (chance % 1000 < (uint64_t) template->world->options->gd_odd) {
        put_odd_hash(template, chance / 1000);
    } else if (chance / 1000 % 8 == 0) {
        for (char *at = template->hash; *at != '\0'; at++) {
            *at = (char)toupper((unsigned char)*at);
        }
    }
    put_text(template, template->hash);
}

static void put_again(struct sim_template *template, const char *arg)
{
    (void)arg;
    put_text(template, template->hash);
}

static void put_hex(struct sim_template *template, const char *arg)
{
    char digits[80];
    unsigned long count = strtoul(arg, NULL, 10);

    sim_entity_hex(sim_template_draw(template), (unsigned)count, digits);
    sim_text_str(template->out, digits);
}

static void put_uuid(struct sim_template *template, const char *arg)
{
    static const char *const parts[] = {"8", "4", "4", "4", "12"};

    (void)arg;
    for (size_t i = 0; i < 5; i++) {
        if (i > 0) {
            sim_text_byte(template->out, '-');
        }
        put_hex(template, parts[i]);
    }
}

/* An integer from 0 to below `arg`. */
static void put_number(struct sim_template *template, const char *arg)
{
    uint64_t bound = strtoull(arg, NULL, 10);

    sim_text_printf(template->out, "%llu",
                    (unsigned long long)(sim_template_draw(template) % bound));
}

static void put_word(struct sim_template *template, const char *arg)
{
    static const char *const words[] = {
        "prod",  "web-1",    "payments",         "Team Bl\xc3\xa4u",
        "audit", "db",       "caf\\u00e9",       "eu\\/central",
        "batch", "x, y; z",  "\\\"quoted\\\"",   "a:b=c",
        "k8s",   "frontend", "\xf0\x9f\x94\xa5", "\\ud83d\\ude00"};

    (void)arg;
    sim_text_str(template->out, words[sim_template_draw(template) % 16]);
}

/* YYYY-MM-DDTHH:MM:SS with the fraction that is there; whole seconds are
   written with and without one. */
static void put_iso(struct sim_template *template, int64_t ms)
{
    struct sim_date date = sim_date_of(ms / 1000);
    uint64_t chance = sim_template_draw(template);

    sim_text_printf(template->out, "%04d-%02d-%02dT%02d:%02d:%02d", date.year,
                    date.month, date.day, date.hour, date.minute, date.second);
    if (ms % 1000 != 0 || chance % 3 != 0) {
        sim_text_printf(template->out, ".%03d", (int)(ms % 1000));
    }
    sim_text_byte(template->out, 'Z');
}

static void put_created(struct sim_template *template, const char *arg)
{
    (void)arg;
    put_iso(template, sim_finding_created_ms(template->finding));
}

static void put_updated(struct sim_template *template, const char *arg)
{
    (void)arg;
    put_iso(template, template->finding->updated_ms);
}

static void put_first(struct sim_template *template, const char *arg)
{
    (void)arg;
    put_iso(template, sim_finding_first_ms(template->finding));
}

static void put_last(struct sim_template *template, const char *arg)
{
    (void)arg;
    put_iso(template, sim_finding_last_ms(template->finding));
}

static void put_past(struct sim_template *template, const char *arg)
{
    int64_t ago = (int64_t)(sim_template_draw(template) % 8640000);

    (void)arg;
    put_iso(template,
            (sim_finding_first_ms(template->finding) / 1000 - ago) * 1000);
}

/* A `timestamp` of the model: seconds as a number, in the forms that Java's
   and others' writers give it. */
static void put_seconds(struct sim_template *template, const char *arg)
{
    uint64_t chance = sim_template_draw(template);
    long long second = sim_finding_first_ms(template->finding) / 1000 -
                       (long long)(chance >> 8) % 100000;
    unsigned ms = (unsigned)(chance & 0xff) + 101;

    (void)arg;
    second = second < 1000000000 ? 1000000000 : second;
    switch (chance >> 40 & 3) {
    case 0:
        sim_text_printf(template->out, "%lld", second);
        return;
    case 1:
        sim_text_printf(template->out, "%lld.%03u", second, ms);
        return;
    case 2:
        sim_text_printf(template->out, "%lld.%09lld%03uE9", second / 1000000000,
                        second % 1000000000, ms);
        return;
    default:
        sim_text_printf(template->out, "%lld.0", second);
        return;
    }
}

/* 8, 8.0, 5.5, 8.0E0. */
static void put_severity(struct sim_template *template, const char *arg)
{
    int tenths = sim_finding_severity(template->finding);
    uint64_t chance = sim_template_draw(template);

    (void)arg;
    if (tenths % 10 == 0 && chance % 2 == 0) {
        sim_text_printf(template->out, "%d", tenths / 10);
    } else {
        sim_text_printf(template->out, "%d.%d%s", tenths / 10, tenths % 10,
                        chance % 16 == 1 && tenths < 100 ? "E0" : "");
    }
}

static void put_account(struct sim_template *template, const char *arg)
{
    (void)arg;
    sim_text_str(template->out, template->home->account);
}

static void put_region(struct sim_template *template, const char *arg)
{
    (void)arg;
    sim_text_str(template->out, template->home->region);
}

static void put_partition(struct sim_template *template, const char *arg)
{
    (void)arg;
    sim_text_str(template->out, sim_partition_of(template->home->region));
}

/* The beginning of the ARN of something of a service here. */
static void put_arn(struct sim_template *template, const char *arg)
{
    const struct sim_detector *home = template->home;

    sim_text_printf(template->out,
                    "arn:%s:%s:%s:%s:", sim_partition_of(home->region), arg,
                    home->region, home->account);
}

static void put_detector(struct sim_template *template, const char *arg)
{
    (void)arg;
    sim_text_str(template->out, template->home->id);
}

static void put_id(struct sim_template *template, const char *arg)
{
    char id[SIM_ID_LEN + 1];

    (void)arg;
    sim_world_id(template->world, template->ref, id);
    sim_text_str(template->out, id);
}

static void put_count(struct sim_template *template, const char *arg)
{
    (void)arg;
    sim_text_printf(template->out, "%lld",
                    (long long)sim_finding_events(template->finding));
}

static void put_archived(struct sim_template *template, const char *arg)
{
    (void)arg;
    sim_text_str(template->out, template->finding->archived ? "true" : "false");
}

/* The type: Java's cautious writers put \u0026 for an ampersand. */
static void put_type(struct sim_template *template, const char *arg)
{
    const char *type = sim_finding_kinds[template->finding->kind].type;
    bool escaped = (sim_template_draw(template) & 1) != 0;

    (void)arg;
    for (; *type != '\0'; type++) {
        if (*type == '&' && escaped) {
            sim_text_str(template->out, "\\u0026");
        } else {
            sim_text_byte(template->out, *type);
        }
    }
}

/* `--gd-finding-bytes` of prose in one description of sixteen. */
static void put_padding(struct sim_template *template, const char *arg)
{
    static const char prose[] =
        " The instance has been seen to do so before, see \\\"What now?\\\" "
        "in the user\\u2019s guide {[,]} C:\\\\logs\\\\a.txt \xe2\x80\x94 \\n";
    int64_t left = template->world->options->gd_finding_bytes;

    (void)arg;
    if (!sim_one_in(sim_template_draw(template), 16)) {
        return;
    }
    for (left = left > 0 ? left : 2048; left > 0;
         left -= (int64_t)sizeof(prose) - 1) {
        sim_text_str(template->out, prose);
    }
}

static const struct {
    const char *name;
    value_fn put;
} values[] = {
    {"ip4", put_ip4},
    {"ip6", put_ip6},
    {"ip-private", put_ip_private},
    {"domain", put_domain},
    {"hash", put_hash},
    {"again", put_again},
    {"hex", put_hex},
    {"uuid", put_uuid},
    {"n", put_number},
    {"word", put_word},
    {"seconds", put_seconds},
    {"created", put_created},
    {"updated", put_updated},
    {"first", put_first},
    {"last", put_last},
    {"past", put_past},
    {"severity", put_severity},
    {"account", put_account},
    {"region", put_region},
    {"partition", put_partition},
    {"arn", put_arn},
    {"detector", put_detector},
    {"id", put_id},
    {"count", put_count},
    {"archived", put_archived},
    {"type", put_type},
    {"padding", put_padding},
};

bool sim_value_expand(struct sim_template *template, const char *name,
                      size_t len, const char *arg)
{
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        if (strlen(values[i].name) == len &&
            memcmp(values[i].name, name, len) == 0) {
            values[i].put(template, arg);
            return true;
        }
    }
    return false;
}
