/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what GuardDuty finds in a file. Refused is what the user guide says
 * that a list must not have: IPv6, URLs, domains in a list of addresses, more
 * entries or bytes than the quotas. What it is silent about (a blank line,
 * CRLF, host bits in a CIDR) is refused too, unless --gd-lax lets it pass.
 * The other formats than TXT are known by how they begin; their entries aren't
 * read.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guardduty_sets.h"

/* An octet without leading zeros; what follows, NULL if it is none. */
static const char *read_octet(const char *at, const char *end, unsigned *out)
{
    const char *begin = at;

    for (*out = 0; at < end && at - begin < 3 && isdigit((unsigned char)*at);
         at++) {
        *out = *out * 10 + (unsigned)(*at - '0');
    }
    return at == begin || *out > 255 || (*begin == '0' && at - begin > 1) ? NULL
                                                                          : at;
}

static bool is_prefix(const char *at, const char *end, uint32_t address,
                      bool host_bits)
{
    unsigned bits = 0;
    const char *rest = read_octet(at, end, &bits);

    return rest == end && bits <= 32 &&
           (host_bits || bits == 32 || (address << bits) == 0);
}

/* A.B.C.D or A.B.C.D/N */
static bool is_address(const char *at, size_t len, bool host_bits)
{
    const char *end = at + len;
    uint32_t address = 0;

    for (int i = 0; i < 4; i++) {
        unsigned octet;

        if (i > 0 && (at == end || *at++ != '.')) {
            return false;
        }
        at = read_octet(at, end, &octet);
        if (at == NULL) {
            return false;
        }
        address = address << 8 | octet;
    }
    return at == end ||
           (*at == '/' && is_prefix(at + 1, end, address, host_bits));
}

static bool is_label(const char *at, size_t len, bool *numeric)
{
    *numeric = true;
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)at[i]) && at[i] != '-') {
            return false;
        }
        *numeric = *numeric && isdigit((unsigned char)at[i]);
    }
    return len >= 1 && len <= 63 && at[0] != '-' && at[len - 1] != '-';
}

/* example.com or *.example.com; an all-numeric end would be an address. */
static bool is_domain(const char *at, size_t len)
{
    const char *end = at + len;
    unsigned labels = 0;
    bool numeric = false;

    if (len > 253) {
        return false;
    }
    if (len > 2 && at[0] == '*' && at[1] == '.') {
        at += 2;
    }
    for (;; at++) {
        const char *dot = memchr(at, '.', (size_t)(end - at));
        size_t size = (size_t)((dot != NULL ? dot : end) - at);

        if (!is_label(at, size, &numeric)) {
            return false;
        }
        labels++;
        at += size;
        if (dot == NULL) {
            return labels >= 2 && !numeric;
        }
    }
}

/* NULL, or what this line is. */
static const char *judge_line(const struct sim_options *options, bool entity,
                              const char *line, size_t len)
{
    if (len > 0 && line[len - 1] == '\r') {
        if (!sim_options_has(options->gd_lax, "crlf")) {
            return "ends in CRLF";
        }
        len--;
    }
    if (len == 0) {
        return sim_options_has(options->gd_lax, "blank") ? NULL : "is blank";
    }
    if (is_address(line, len, sim_options_has(options->gd_lax, "host-bits"))) {
        return NULL;
    }
    if (entity) {
        return is_domain(line, len)
                   ? NULL
                   : "is not an IPv4 address, a CIDR or a domain";
    }
    return "is not an IPv4 address or a CIDR";
}

static bool is_poison(const struct sim_options *options, const char *line,
                      size_t len)
{
    char word[256];

    snprintf(word, sizeof(word), "%.*s", (int)(len < 255 ? len : 255), line);
    return sim_options_has(options->gd_set_poison, word);
}

/* What is told of a line: its first bytes, those that can't be shown as ?. */
static void tell(struct sim_set_content *out, const char *wrong,
                 const char *line, size_t len)
{
    char shown[81];
    size_t size = len < sizeof(shown) - 1 ? len : sizeof(shown) - 1;

    for (size_t i = 0; i < size; i++) {
        shown[i] = isprint((unsigned char)line[i]) ? line[i] : '?';
    }
    shown[size] = '\0';
    snprintf(out->wrong, sizeof(out->wrong), "Line %zu %s: %s", out->lines + 1,
             wrong, shown);
}

/* All lines; the first wrong one is told. */
static void judge_lines(const struct sim_options *options,
                        const struct sim_set *set, const char *data, size_t len,
                        struct sim_set_content *out)
{
    bool text = strcmp(set->format, "TXT") == 0;
    bool poisoned = options->gd_set_poison[0] != '\0';
    const char *end = data + len;

    for (const char *line = data; line < end; out->lines++) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));
        size_t size = (size_t)((stop != NULL ? stop : end) - line);
        const char *wrong = NULL;

        if (text) {
            wrong = judge_line(options, sim_set_nouns[set->kind].entity, line,
                               size);
        }
        if (wrong == NULL && poisoned && is_poison(options, line, size)) {
            wrong = "can't be processed";
        }
        if (wrong != NULL && out->wrong[0] == '\0') {
            tell(out, wrong, line, size);
        }
        line += size + 1;
    }
}

static bool begins_as(const char *format, const char *data, size_t len)
{
    static const char *const begins[][2] = {{"STIX", "<"},
                                            {"OTX_CSV", "Indicator type"},
                                            {"PROOF_POINT", "ip,"},
                                            {"PROOF_POINT", "domain,"},
                                            {"FIRE_EYE", "reportId"}};

    if (strcmp(format, "TXT") == 0) {
        return true;
    }
    if (strcmp(format, "ALIEN_VAULT") == 0) {
        const char *stop = memchr(data, '\n', len);

        return memchr(data, '#', stop != NULL ? (size_t)(stop - data) : len) !=
               NULL;
    }
    for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++) {
        size_t size = strlen(begins[i][1]);

        if (strcmp(begins[i][0], format) == 0 && size <= len &&
            memcmp(begins[i][1], data, size) == 0) {
            return true;
        }
    }
    return false;
}

void sim_set_content_judge(const struct sim_options *options,
                           const struct sim_set *set, const char *data,
                           size_t len, struct sim_set_content *out)
{
    size_t lines_max = sim_set_nouns[set->kind].lines_max;

    memset(out, 0, sizeof(*out));
    sim_sha256_hex(data, len, out->sha256);
    judge_lines(options, set, data, len, out);
    if (len == 0) {
        snprintf(out->wrong, sizeof(out->wrong), "The file is empty");
    } else if (len > SIM_SET_FILE_MAX) {
        snprintf(out->wrong, sizeof(out->wrong),
                 "The file is larger than 35 MB: %zu bytes", len);
    } else if (out->lines > lines_max) {
        snprintf(out->wrong, sizeof(out->wrong),
                 "The list has more than %zu entries: %zu", lines_max,
                 out->lines);
    } else if (!begins_as(set->format, data, len)) {
        snprintf(out->wrong, sizeof(out->wrong),
                 "The file is not in the format %s", set->format);
    }
    out->good = out->wrong[0] == '\0';
}
