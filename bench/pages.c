/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The i-th value is a permutation of i: i times a stride that has no factor in
 * common with the room, modulo the room. It is scattered, none comes twice, and
 * nothing has to be remembered.
 */
#include "bench/pages.h"

#include <stdio.h>
#include <string.h>

#define GROUP 32 /* items; the first of each is malicious and valid */
#define ITEM_MAX 4096
#define FILLING 90 /* bytes of one member of it, about */
#define HALF_FILLING (FILLING / 2)
#define STRIDE 2654435761u /* a prime */

/* First octets all of whose addresses are global, but for none. */
#define OCTETS 210
#define ROOM ((uint64_t)OCTETS << 24)

struct item {
    uint64_t index;   /* of all pages */
    uint64_t value;   /* the index whose value it has */
    bool wrong;       /* the value is for no list */
    unsigned verdict; /* of verdicts[] */
    struct slu_bench_random chance;
};

struct verdict {
    const char *name; /* NULL: no assessment */
    const char *severity;
    unsigned score;
    unsigned percent;
};

static const struct verdict verdicts[] = {
    {"MALICIOUS", "HIGH", 80, 72},
    {"UNDETECTED", "NONE", 1, 12},
    {"SUSPICIOUS", "LOW", 30, 8},
    {"BENIGN", "NONE", 0, 5},
    {NULL, NULL, 0, 3},
};

/* ---- values ---- */

/* 1 to 223 without those that hold a range which isn't global. */
static uint32_t find_octet(uint32_t index)
{
    static const uint8_t left_out[] = {10, 100, 127, 169, 172, 192, 198, 203};
    uint32_t octet = index + 1;

    for (size_t i = 0; i < sizeof(left_out); i++) {
        octet += octet >= left_out[i];
    }
    return octet;
}

static uint64_t permute(uint64_t seed, uint64_t i)
{
    return (i * STRIDE + seed * 7919 % ROOM) % ROOM;
}

uint32_t slu_bench_address(uint64_t seed, uint64_t i)
{
    uint64_t place = permute(seed, i);

    return find_octet((uint32_t)(place >> 24)) << 24 |
           (uint32_t)(place & 0xffffff);
}

size_t slu_bench_name(uint64_t seed, uint64_t i, char out[SLU_BENCH_NAME_MAX])
{
    static const char *const words[] = {"update", "secure", "login",   "cdn",
                                        "mail",   "static", "account", "verify",
                                        "cloud",  "node",   "portal",  "files",
                                        "track",  "api",    "shop",    "news"};
    static const char *const ends[] = {"com", "net",  "top",  "xyz",
                                       "org", "info", "site", "co.uk"};
    static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
    uint64_t place = permute(seed, i);
    char label[8];

    for (int at = 0; at < 7; at++) { /* 35 bits, more than ROOM has */
        label[at] = digits[place >> (5 * at) & 31];
    }
    label[7] = '\0';
    return (size_t)snprintf(out, SLU_BENCH_NAME_MAX, "%s%s%s.%s",
                            words[place >> 3 & 15], place & 1 ? "-" : ".",
                            label, ends[place >> 7 & 7]);
}

static void write_address(char out[SLU_BENCH_NAME_MAX], uint32_t address)
{
    (void)snprintf(out, SLU_BENCH_NAME_MAX, "%u.%u.%u.%u", address >> 24,
                   address >> 16 & 255, address >> 8 & 255, address & 255);
}

static void write_wrong_value(const struct slu_bench_pages *pages,
                              struct item *item, char out[SLU_BENCH_NAME_MAX])
{
    uint32_t number = slu_bench_below(&item->chance, 1 << 24);

    if (pages->domains) {
        (void)snprintf(out, SLU_BENCH_NAME_MAX,
                       number & 1 ? "under_score%u.com" : "localhost%u",
                       number);
    } else if (number & 1) {
        write_address(out, 10u << 24 | number);
    } else {
        (void)snprintf(out, SLU_BENCH_NAME_MAX, "2a00:1450:4001:%x::%x",
                       number & 0xffff, number >> 8);
    }
}

static void write_value(const struct slu_bench_pages *pages, struct item *item,
                        char out[SLU_BENCH_NAME_MAX])
{
    if (item->wrong) {
        write_wrong_value(pages, item, out);
    } else if (pages->domains) {
        (void)slu_bench_name(pages->seed, item->value, out);
    } else {
        write_address(out, slu_bench_address(pages->seed, item->value));
    }
}

/* ---- items ---- */

static unsigned draw_verdict(struct slu_bench_random *chance)
{
    unsigned draw = slu_bench_below(chance, 100);
    unsigned verdict = 0;

    while (draw >= verdicts[verdict].percent) {
        draw -= verdicts[verdict++].percent;
    }
    return verdict;
}

static struct item draw_item(const struct slu_bench_pages *pages,
                             uint64_t index)
{
    struct item item = {.index = index, .value = index};
    unsigned draw;

    item.chance.state = pages->seed * 0x100000001b3u ^ index << 1;
    draw = slu_bench_below(&item.chance, 100);
    if (pages->clean || index % GROUP == 0) {
        return item;
    }
    item.verdict = draw_verdict(&item.chance);
    if (draw < 3) {
        item.value = index - index % GROUP;
        item.verdict = 0;
    }
    item.wrong = draw >= 98;
    return item;
}

static size_t write_assessment(const struct item *item, char *out, size_t size)
{
    const struct verdict *verdict = &verdicts[item->verdict];

    if (verdict->name == NULL) {
        return 0;
    }
    return (size_t)snprintf(
        out, size,
        "\"gti_assessment\":{\"verdict\":{\"value\":\"VERDICT_%s\"},"
        "\"threat_score\":{\"value\":%u},\"severity\":{\"value\":\"SEVERITY_%s"
        "\"},\"contributing_factors\":{\"gti_confidence_score\":%u}},",
        verdict->name, verdict->score, verdict->severity,
        (unsigned)(item->index % 90 + 10));
}

/* The members of attributes that only one of the types has. */
static size_t write_nature(const struct slu_bench_pages *pages,
                           struct item *item, char *out, size_t size)
{
    uint32_t number = slu_bench_below(&item->chance, 1 << 20);

    if (pages->domains) {
        return (size_t)snprintf(
            out, size,
            "\"creation_date\":%u,\"jarm\":\"2ad2ad0002ad2ad00042d42d000000ad9b"
            "f51cc3f5a1e29eecb81d0c7b06eb\",\"registrar\":\"registrar no %u\",",
            1500000000 + number * 200, number % 977);
    }
    return (size_t)snprintf(
        out, size,
        "\"as_owner\":\"network operator no %u\",\"asn\":%u,\"continent\":"
        "\"eu\",\"country\":\"de\",\"network\":\"%u.%u.0.0/16\","
        "\"regional_internet_registry\":\"ripe ncc\",",
        number % 4999, number % 64000, number % 223 + 1, number % 256);
}

static size_t write_stats(const struct slu_bench_pages *pages,
                          struct item *item, char *out, size_t size)
{
    unsigned malicious = 1 + slu_bench_below(&item->chance, 20);
    int64_t modified =
        pages->newest_s - 3600 - (int64_t)slu_bench_below(&item->chance, 86400);

    return (size_t)snprintf(
        out, size,
        "\"last_analysis_date\":%lld,\"last_analysis_stats\":{\"malicious\":%u,"
        "\"suspicious\":1,\"undetected\":%u,\"harmless\":47},"
        "\"last_modification_date\":%lld,\"positives\":%u,",
        (long long)modified - 60, malicious, 45 - malicious,
        (long long)modified, malicious);
}

/* Members that nobody wants, until the item has its size. */
static void write_filling(struct slu_bench *bench, struct slu_buf *out,
                          const struct item *item, size_t wanted)
{
    size_t end = out->len + wanted - HALF_FILLING;
    unsigned engine = (unsigned)(item->index % 17);
    enum slu_err err;

    err = slu_buf_append_str(out, "\"last_analysis_results\":{");
    while (err == SLU_ERR_OK && out->len < end) {
        err = slu_buf_printf(
            out,
            "%s\"Engine %u\":{\"method\":\"blacklist\",\"engine_name\":\"Engine"
            " %u\",\"category\":\"harmless\",\"result\":\"clean\"}",
            engine == item->index % 17 ? "" : ",", engine, engine);
        engine++;
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(out, "},");
    }
    slu_bench_require(bench, err == SLU_ERR_OK, "a page is too large: %s",
                      slu_err_sentence(err));
}

static size_t write_head(const struct slu_bench_pages *pages, const char *value,
                         char *out, size_t size)
{
    const char *type = pages->domains ? "domain" : "ip_address";

    if (!pages->stream) {
        return (size_t)snprintf(out, size,
                                "{\"data\":{\"type\":\"%s\",\"id\":\"%s\","
                                "\"attributes\":{",
                                type, value);
    }
    return (size_t)snprintf(
        out, size,
        "{\"id\":\"%s\",\"type\":\"%s\",\"links\":{\"self\":\"https://"
        "www.virustotal.com/api/v3/%s/%s\"},\"attributes\":{",
        value, type, pages->domains ? "domains" : "ip_addresses", value);
}

static size_t write_end(const struct slu_bench_pages *pages,
                        const struct item *item, char *out, size_t size)
{
    unsigned number = (unsigned)(item->index * 40503 % 65521);

    char family[256] = "";

    if (!pages->stream) {
        if (item->index % 8 == 0) {
            (void)snprintf(
                family, sizeof(family),
                "\"malware_families\":{\"data\":[{\"id\":\"malware--33210862-"
                "613c-5089-a565-c9fb1cc4%04x\",\"type\":\"collection\","
                "\"attributes\":{\"name\":\"family %u\",\"collection_type\":"
                "\"malware-family\"}}]}",
                number, number % 400);
        }
        return (size_t)snprintf(
            out, size,
            "\"tags\":[]},\"relationships\":{%s},"
            "\"context_attributes\":{\"threat_list_id\":\"%s\"}}}",
            family, pages->list);
    }
    return (size_t)snprintf(
        out, size,
        "\"reputation\":-%u,\"total_votes\":{\"harmless\":0,\"malicious\":1},"
        "\"tags\":[]},\"context_attributes\":{\"notification_id\":\"%llu\","
        "\"notification_date\":%lld,\"origin\":\"subscriptions\",\"sources\":[{"
        "\"id\":\"threat-actor--c4815bc8-011b-5f7c-b704-f4efdef6%04x\","
        "\"type\":\"collection\",\"label\":\"a collection\"}],\"tags\":[],"
        "\"hunting_info\":null}}",
        number % 100, (unsigned long long)(23000000000 + item->index),
        (long long)(pages->newest_s - (int64_t)item->index), number);
}

static void write_item(struct slu_bench *bench,
                       const struct slu_bench_pages *pages, struct item *item,
                       struct slu_buf *out)
{
    char value[SLU_BENCH_NAME_MAX];
    char text[ITEM_MAX];
    char end[ITEM_MAX];
    size_t end_len = write_end(pages, item, end, sizeof(end));
    enum slu_err err;
    size_t len;

    write_value(pages, item, value);
    len = write_head(pages, value, text, sizeof(text));
    len += write_assessment(item, text + len, sizeof(text) - len);
    len += write_nature(pages, item, text + len, sizeof(text) - len);
    len += write_stats(pages, item, text + len, sizeof(text) - len);
    err = slu_buf_append(out, slu_view_make(text, len));
    if (err == SLU_ERR_OK && pages->item_bytes > len + end_len + FILLING) {
        write_filling(bench, out, item, pages->item_bytes - len - end_len);
    }
    err = err == SLU_ERR_OK ? slu_buf_append(out, slu_view_make(end, end_len))
                            : err;
    slu_bench_require(bench, err == SLU_ERR_OK, "a page is too large: %s",
                      slu_err_sentence(err));
}

/* ---- pages ---- */

static void write_tail(struct slu_bench *bench,
                       const struct slu_bench_pages *pages, const char *cursor,
                       struct slu_buf *out)
{
    enum slu_err err;

    if (!pages->stream) {
        err = slu_buf_append_str(out, "]}");
    } else if (cursor == NULL) {
        err = slu_buf_printf(out, "],\"meta\":{\"count\":%u}}", pages->items);
    } else {
        err = slu_buf_printf(
            out,
            "],\"meta\":{\"cursor\":\"%s\"},\"links\":{\"self\":\"https://"
            "www.virustotal.com/api/v3/ioc_stream\",\"next\":\"https://"
            "www.virustotal.com/api/v3/ioc_stream?cursor=%s\"}}",
            cursor, cursor);
    }
    slu_bench_require(bench, err == SLU_ERR_OK, "a page is too large: %s",
                      slu_err_sentence(err));
}

void slu_bench_page(struct slu_bench *bench,
                    const struct slu_bench_pages *pages, uint64_t number,
                    const char *cursor, struct slu_buf *out,
                    struct slu_bench_pages_tally *io_tally)
{
    uint64_t first = number * pages->items;
    size_t began = out->len;
    enum slu_err err =
        slu_buf_append_str(out, pages->stream ? "{\"data\":[" : "{\"iocs\":[");

    slu_bench_require(bench, err == SLU_ERR_OK, "out of memory");
    for (uint64_t index = first; index < first + pages->items; index++) {
        struct item item = draw_item(pages, index);
        bool accepted = !item.wrong && item.verdict == 0;

        if (index > first) {
            err = slu_buf_append_str(out, ",");
            slu_bench_require(bench, err == SLU_ERR_OK, "out of memory");
        }
        write_item(bench, pages, &item, out);
        io_tally->items++;
        io_tally->accepted += accepted;
        io_tally->unique += accepted && item.value == index;
    }
    write_tail(bench, pages, cursor, out);
    io_tally->bytes += out->len - began;
}
