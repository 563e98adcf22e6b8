/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the bulk of a real object, which is what engines and registries say
 * about it. The text is the same in every item, so it is made once and copied
 * at the speed of memory; it holds what a splitter may trip over: brackets,
 * quotes, backslashes and commas inside strings, escapes, nested objects with
 * members named like the wanted ones.
 */
#include <stdio.h>
#include <string.h>

#include "render.h"

#define BLOCK_ENTRIES 512

/* Entries of last_analysis_results, each with a leading comma. */
static struct sim_text block;
static size_t entry_end[BLOCK_ENTRIES];

static void make_block(void)
{
    static const char *const verdicts[] = {
        "\"undetected\",\"result\":null", "\"harmless\",\"result\":\"clean\"",
        "\"malicious\",\"result\":\"trojan.win32/a!ml\"",
        "\"suspicious\",\"result\":\"{\\\"data\\\":[1,2\\\\\""};

    for (int i = 0; i < BLOCK_ENTRIES; i++) {
        sim_text_printf(&block,
                        ",\"Engine %d\":{\"method\":\"blacklist\","
                        "\"engine_name\":\"Engine %d\",\"category\":%s,"
                        "\"id\":\"decoy-%d.example\"}",
                        i, i, verdicts[i % 4], i);
        entry_end[i] = block.len;
    }
}

/* A registry's answer: a long string with escapes. */
static void write_whois(struct sim_json *json, int64_t bytes)
{
    static const char line[] =
        "Registrar URL: https:\\/\\/registrar.example\\r\\nStatus: "
        "\\\"clientTransferProhibited\\\" ]}],[{\\\\\\r\\nCity: "
        "M\\u00fcnchen \xc3\xa9\\n";
    struct sim_text *text = json->text;

    sim_json_key(json, "whois");
    sim_text_byte(text, '"');
    for (int64_t done = 0; done < bytes; done += (int64_t)sizeof(line) - 1) {
        sim_text_add(text, line, sizeof(line) - 1);
    }
    sim_text_byte(text, '"');
}

void sim_pad(struct sim_json *json, int64_t bytes)
{
    int entries = 0;
    int64_t largest = bytes * 3 / 4;

    if (bytes < 200) {
        return;
    }
    if (block.len == 0) {
        make_block();
    }
    while (entries < BLOCK_ENTRIES && (int64_t)entry_end[entries] < largest) {
        entries++;
    }
    if (entries > 0) {
        size_t len = entry_end[entries - 1];
        size_t start;

        sim_json_key(json, "last_analysis_results");
        start = json->text->len;
        sim_text_add(json->text, block.data, len);
        json->text->data[start] = '{';
        sim_text_byte(json->text, '}');
        bytes -= (int64_t)len;
    }
    write_whois(json, bytes);
}
