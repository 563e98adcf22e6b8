/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "finding.h"
#include "mix.h"

#define NAME_CAP 64

uint64_t sim_template_draw(struct sim_template *template)
{
    template->chance = sim_mix(template->chance);
    return template->chance;
}

static void expand_range(struct sim_template *template, const char *at,
                         const char *end);

/* Where the group that is open at `at` (after its sign) is closed. */
static const char *find_close(const char *at, const char *end, char open,
                              char close)
{
    unsigned depth = 1;

    for (; at < end; at++) {
        depth += *at == open;
        depth -= *at == close;
        if (depth == 0) {
            return at;
        }
    }
    assert(!"a group of a template is not closed");
    return end;
}

/* The end of the alternative that begins at `at`: its bar, or `end`. */
static const char *find_bar(const char *at, const char *end)
{
    unsigned depth = 0;

    for (; at < end; at++) {
        depth += *at == '<';
        depth -= *at == '>';
        if (depth == 0 && *at == '|') {
            return at;
        }
    }
    return end;
}

static void expand_choice(struct sim_template *template, const char *at,
                          const char *end)
{
    uint64_t count = 1;
    uint64_t chosen;
    const char *bar;

    for (const char *scan = find_bar(at, end); scan < end;
         scan = find_bar(scan + 1, end)) {
        count++;
    }
    chosen = sim_template_draw(template) % count;
    bar = find_bar(at, end);
    for (; chosen > 0; chosen--) {
        at = bar + 1;
        bar = find_bar(at, end);
    }
    expand_range(template, at, bar);
}

/* The text of a part; every name in a template is one or is a value. */
static const char *find_part(const char *name, size_t len)
{
    static const struct sim_finding_part *const tables[] = {
        sim_resource_parts, sim_service_parts, sim_sequence_parts};

    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        for (const struct sim_finding_part *part = tables[i];
             part->name != NULL; part++) {
            if (strlen(part->name) == len &&
                memcmp(part->name, name, len) == 0) {
                return part->text;
            }
        }
    }
    assert(!"a template names what isn't there");
    return "";
}

/* `$(name:arg)`, without its frame. */
static void expand_name(struct sim_template *template, const char *at,
                        const char *end)
{
    size_t len = (size_t)(end - at);
    const char *colon = memchr(at, ':', len);
    char arg[NAME_CAP] = "";

    if (colon != NULL) {
        assert((size_t)(end - colon - 1) < sizeof(arg));
        memcpy(arg, colon + 1, (size_t)(end - colon - 1));
        len = (size_t)(colon - at);
    }
    if (sim_value_expand(template, at, len, arg)) {
        return;
    }
    sim_template_expand(template, find_part(at, len));
}

/* `^14(` ... `^)`, from after the first sign; returns what follows. */
static const char *expand_repeat(struct sim_template *template, const char *at,
                                 const char *end)
{
    uint64_t low = (uint64_t)(at[0] - '0');
    uint64_t high = (uint64_t)(at[1] - '0');
    uint64_t count = low + sim_template_draw(template) % (high - low + 1);
    const char *close = at + 3;
    unsigned depth = 1;

    assert(at[2] == '(');
    for (; close < end; close++) {
        depth += *close == '^' ? (close[1] == ')' ? -1u : 1u) : 0;
        if (depth == 0) {
            break;
        }
    }
    assert(depth == 0);
    for (; count > 0; count--) {
        expand_range(template, at + 3, close);
    }
    return close + 2;
}

/* Structure: a comma that nothing comes before is left out, and one that
   nothing comes after is taken back. */
static void put_byte(struct sim_template *template, char byte)
{
    struct sim_text *out = template->out;
    char last = out->len > 0 ? out->data[out->len - 1] : '{';

    if (byte == '\'') {
        byte = '"';
    } else if (byte == ',' && (last == '{' || last == '[' || last == ',')) {
        return;
    } else if ((byte == '}' || byte == ']') && last == ',') {
        out->len--;
    }
    sim_text_byte(out, byte);
}

static void expand_range(struct sim_template *template, const char *at,
                         const char *end)
{
    while (at < end) {
        if (*at == '<') {
            const char *close = find_close(at + 1, end, '<', '>');

            expand_choice(template, at + 1, close);
            at = close + 1;
        } else if (*at == '$') {
            const char *close = find_close(at + 2, end, '(', ')');

            expand_name(template, at + 2, close);
            at = close + 1;
        } else if (*at == '^') {
            at = expand_repeat(template, at + 1, end);
        } else if (template->quoted && *at != '\'') {
            sim_text_byte(template->out, *at++);
        } else {
            template->quoted ^= *at == '\'';
            put_byte(template, *at++);
        }
    }
}

void sim_template_expand(struct sim_template *template, const char *text)
{
    expand_range(template, text, text + strlen(text));
}
