/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the bulk of a real object, which is what engines and registries say
 * about it. The text is made once and copied at the speed of memory; it holds
 * what a splitter may trip over: brackets, quotes, backslashes and commas
 * inside strings, escapes, nested objects with members named like the wanted
 * ones. A part of it is noise, and each block is larger than deflate's window,
 * so that it packs about four to one, as recorded answers do.
 */
#include <stdio.h>
#include <string.h>

#include "mix.h"
#include "render.h"

#define ENTRIES 4096
#define WHOIS_LINES 2048

/* Entries of last_analysis_results, each with a leading comma. */
static struct sim_text results;
static size_t entry_end[ENTRIES];

/* A registry's answer: the inside of a long string with escapes. */
static struct sim_text whois;

static void make_results(void)
{
    static const char *const verdicts[] = {
        "\"undetected\",\"result\":null", "\"harmless\",\"result\":\"clean\"",
        "\"malicious\",\"result\":\"trojan.win32/a!ml\"",
        "\"suspicious\",\"result\":\"{\\\"data\\\":[1,2\\\\\""};
    char noise[32];

    for (int i = 0; i < ENTRIES; i++) {
        sim_entity_hex(sim_mix((uint64_t)i), 28, noise);
        sim_text_printf(&results,
                        ",\"Engine %d\":{\"method\":\"blacklist\","
                        "\"engine_version\":\"%s\",\"category\":%s,"
                        "\"id\":\"decoy-%d.example\"}",
                        i, noise, verdicts[i % 4], i);
        entry_end[i] = results.len;
    }
}

static void make_whois(void)
{
    char noise[48];

    for (int i = 0; i < WHOIS_LINES; i++) {
        sim_entity_hex(sim_mix((uint64_t)i ^ 0x3d), 40, noise);
        sim_text_printf(&whois,
                        "Registrar URL: https:\\/\\/r.example\\/%s\\r\\n"
                        "Status: \\\"clientTransferProhibited\\\" ]}],[{\\\\"
                        "\\nCity: M\\u00fcnchen \xc3\xa9\\n",
                        noise);
    }
}

/* The line that ends at or before `bytes`: a cut inside a line might part an
   escape or a character. */
static size_t whole_lines(size_t bytes)
{
    size_t line = whois.len / WHOIS_LINES;

    return bytes / line * line;
}

static void put_whois(struct sim_json *json, int64_t bytes)
{
    struct sim_text *text = json->text;

    sim_json_key(json, "whois");
    sim_text_byte(text, '"');
    for (; bytes > (int64_t)whois.len; bytes -= (int64_t)whois.len) {
        sim_text_add(text, whois.data, whois.len);
    }
    sim_text_add(text, whois.data,
                 whole_lines((size_t)(bytes > 0 ? bytes : 0)));
    sim_text_byte(text, '"');
}

/* As many entries as fit into `bytes`; the length that they have. */
static int64_t put_results(struct sim_json *json, int64_t bytes)
{
    int entries = 0;
    size_t start;

    while (entries < ENTRIES && (int64_t)entry_end[entries] < bytes) {
        entries++;
    }
    if (entries == 0) {
        return 0;
    }
    sim_json_key(json, "last_analysis_results");
    start = json->text->len;
    sim_text_add(json->text, results.data, entry_end[entries - 1]);
    json->text->data[start] = '{';
    sim_text_byte(json->text, '}');
    return (int64_t)entry_end[entries - 1];
}

void sim_pad(struct sim_json *json, int64_t bytes)
{
    if (bytes < 200) {
        return;
    }
    if (results.len == 0) {
        make_results();
        make_whois();
    }
    put_whois(json, bytes - put_results(json, bytes * 3 / 4));
}
