/* SPDX-License-Identifier: Apache-2.0 */
#include "notices.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "mix.h"
#include "text.h"

#define ID_BITS 42
#define ID_MASK (((uint64_t)1 << ID_BITS) - 1)
#define SLOTS 4096

const struct sim_notice_source sim_notice_sources[SIM_SOURCES] = {
    {"hunting_ruleset", "7926136120", "Ransomware"},
    {"hunting_ruleset", "7926136121", "Phishing kits"},
    {"hunting_ruleset", "5510036402", "Loaders"},
    {"retrohunt_job", "analyst-1755150314", "retro, August"},
    {"collection",
     "3d2c5fe1a7a90a40d04b0a2b5b1d5b0e3c7a80b0a40b7c0d2f7b9e52a1c3e4f5",
     "Infrastructure of a botnet"},
    {"collection",
     "9b1f00d2c3a4e5960718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e",
     "Fake shops \"2025/08\""},
    {"threat_actor", "threat-actor--0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
     "UNC0000"},
    {"collection", "threat-actor--1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809",
     "UNC0001"},
};

const char *const sim_notice_tags[SIM_TAGS] = {
    "ransomware", "phishing",      "stealer", "loader",
    "botnet",     "cryptominer",   "c2",      "vulnerability_weaponization",
    "credential", "mobile-banker", "spam",    "dropper"};

/* One hour's notices of the types that some query asked for together. */
struct hour_index {
    int64_t hour;
    unsigned types;
    size_t count;
    uint64_t used;
    struct sim_notice *notice;
};

struct sim_notices {
    const struct sim_options *options;
    struct sim_entity_space space;
    uint64_t salt;
    uint64_t clock;
    size_t kept;
    struct hour_index slot[SLOTS]; /* direct-mapped by hour and types */
};

struct sim_notices *sim_notices_new(const struct sim_options *options)
{
    struct sim_notices *notices = sim_alloc(sizeof(*notices));

    notices->options = options;
    notices->space = (struct sim_entity_space){
        options->seed, (uint64_t)options->odd, (uint64_t)options->hot};
    notices->salt = sim_mix(options->seed ^ 0x57);
    return notices;
}

static void drop_hour(struct sim_notices *notices, struct hour_index *hour)
{
    free(hour->notice);
    notices->kept -= hour->count;
    memset(hour, 0, sizeof(*hour));
}

void sim_notices_free(struct sim_notices *notices)
{
    if (notices == NULL) {
        return;
    }
    for (size_t i = 0; i < SLOTS; i++) {
        free(notices->slot[i].notice);
    }
    free(notices);
}

/* The share of a day's notifications that falls into one of its hours: in a
   bursty world one hour in eight has eight times as many. */
static uint64_t hour_weight(const struct sim_notices *notices, int type,
                            int64_t hour)
{
    uint64_t chance = sim_mix3(notices->salt, (uint64_t)type, (uint64_t)hour);

    if (!notices->options->bursts) {
        return 1;
    }
    return sim_one_in(chance, 8) ? 32 : 1 + chance / 8 % 8;
}

/* How many of one type an hour holds. A day has its exact share of the rate
   (so a stream of N items over D days has N, to the day's edge); its hours
   divide that by weight. */
static uint64_t hour_count(const struct sim_notices *notices, int type,
                           int64_t hour)
{
    const struct sim_options *options = notices->options;
    int64_t day = hour / 24;
    uint64_t total = (uint64_t)options->stream_rate * 24;
    uint64_t before = 0;
    uint64_t all = 0;
    uint64_t own = 0;

    if (options->stream_items > 0) {
        uint64_t items = (uint64_t)options->stream_items;
        uint64_t days = (uint64_t)options->stream_days;

        total =
            items * (uint64_t)(day + 1) / days - items * (uint64_t)day / days;
    }
    for (int64_t at = day * 24; at < day * 24 + 24; at++) {
        uint64_t weight = hour_weight(notices, type, at);

        before += at < hour ? weight : 0;
        own = at == hour ? weight : own;
        all += weight;
    }
    return total * (before + own) / all - total * before / all;
}

/* A bijection of 42 bits: ids are unique, and follow no order of dates. */
static uint64_t scatter_id(const struct sim_notices *notices, int type,
                           int64_t hour, uint64_t rank)
{
    uint64_t id = (uint64_t)hour << 22 | (uint64_t)type << 20 | rank;

    assert(rank < (1u << 20) && hour < (1 << 20));
    id = (id ^ (notices->salt & ID_MASK)) & ID_MASK;
    id = id * 0x9e3779b97f5u & ID_MASK;
    id ^= id >> 21;
    id = id * 0x2545f4914f7u & ID_MASK;
    return id ^ id >> 19;
}

/* The order of the ids' text: digits aligned left, and of two that are equal
   so far the shorter first. 13 digits, times 32, leave room in 64 bits. */
static uint64_t order_of(uint64_t id, unsigned digits)
{
    for (unsigned i = digits; i < 17; i++) {
        id *= 10;
    }
    return id * 32 + digits;
}

static uint64_t id_order(uint64_t id)
{
    unsigned digits = 1;

    for (uint64_t rest = id; rest >= 10; rest /= 10) {
        digits++;
    }
    return order_of(id, digits);
}

bool sim_notice_order(const char *digits, uint64_t *out)
{
    size_t len = strlen(digits);

    if (len == 0 || len > 17 || strspn(digits, "0123456789") != len) {
        return false;
    }
    *out = order_of(strtoull(digits, NULL, 10), (unsigned)len);
    return true;
}

/* A second of the hour. A quarter falls on one of 36 round seconds, so that
   dates are often equal; in a bursty world one hour in sixteen puts half of
   its notifications into a single second, more than any page holds. */
static int64_t draw_date(const struct sim_notices *notices, int64_t hour,
                         uint64_t chance)
{
    uint64_t whole = sim_mix2(notices->salt ^ 0xda7e, (uint64_t)hour);
    int64_t second = (int64_t)(chance % SIM_HOUR);

    if (notices->options->bursts && sim_one_in(whole, 16) &&
        (chance >> 40 & 1) == 0) {
        second = (int64_t)(whole / 16 % SIM_HOUR);
    } else if ((chance >> 41 & 3) == 0) {
        second = second / 100 * 100;
    }
    return hour * SIM_HOUR + second;
}

static void draw_notice(const struct sim_notices *notices, int type,
                        int64_t hour, uint64_t rank, struct sim_notice *out)
{
    uint64_t id = scatter_id(notices, type, hour, rank);
    uint64_t chance = sim_mix2(notices->salt ^ 0x1d, id);
    uint64_t more = sim_mix(chance);
    uint64_t where = id;
    bool hunting = (more >> 8 & 7) < 4;

    if (rank > 0 && sim_one_in(more, 24)) {
        /* The same entity as the one before, under another notification. */
        where = scatter_id(notices, type, hour, rank - 1);
    }
    *out = (struct sim_notice){
        .date = draw_date(notices, hour, chance),
        .order = id_order(id),
        .id = id,
        .entity = sim_entity_at(&notices->space, (enum sim_type)type, where),
        .type = (uint8_t)type,
        .source = (uint8_t)(more >> 8 & 7),
        .tag = !hunting && sim_one_in(more >> 30, 3)
                   ? SIM_NO_TAG
                   : (uint8_t)((more >> 16) % SIM_TAGS),
        .hunting = hunting,
        .stale = sim_one_in(more >> 24, 16)};
}

static int compare_notices(const void *left, const void *right)
{
    const struct sim_notice *a = left;
    const struct sim_notice *b = right;

    if (a->date != b->date) {
        return a->date < b->date ? -1 : 1;
    }
    return (a->order > b->order) - (a->order < b->order);
}

/* Drops the least recently used hours until `more` fit. */
static void make_room(struct sim_notices *notices, size_t more)
{
    while (notices->kept > 0 && notices->kept + more > SIM_NOTICES_MAX) {
        struct hour_index *oldest = NULL;

        for (size_t i = 0; i < SLOTS; i++) {
            struct hour_index *hour = &notices->slot[i];

            if (hour->notice != NULL &&
                (oldest == NULL || hour->used < oldest->used)) {
                oldest = hour;
            }
        }
        drop_hour(notices, oldest);
    }
}

static const struct hour_index *index_hour(struct sim_notices *notices,
                                           int64_t hour, unsigned types)
{
    struct hour_index *slot = &notices->slot[(hour * 16 + types) % SLOTS];
    uint64_t counts[SIM_TYPES];
    size_t total = 0;

    if (slot->notice != NULL && slot->hour == hour && slot->types == types) {
        slot->used = ++notices->clock;
        return slot;
    }
    if (slot->notice != NULL) {
        drop_hour(notices, slot);
    }
    for (int type = 0; type < SIM_TYPES; type++) {
        bool wanted = (types & 1u << type) != 0;

        counts[type] = wanted ? hour_count(notices, type, hour) : 0;
        total += counts[type];
    }
    make_room(notices, total);
    slot->hour = hour;
    slot->types = types;
    slot->used = ++notices->clock;
    slot->notice = sim_alloc(total * sizeof(*slot->notice));
    for (int type = 0; type < SIM_TYPES; type++) {
        for (uint64_t rank = 0; rank < counts[type]; rank++) {
            draw_notice(notices, type, hour, rank,
                        &slot->notice[slot->count++]);
        }
    }
    notices->kept += slot->count;
    qsort(slot->notice, slot->count, sizeof(*slot->notice), compare_notices);
    return slot;
}

/* Everything of the query but dates and position. */
static bool matches(const struct sim_notices *notices,
                    const struct sim_notice_query *query,
                    const struct sim_notice *notice)
{
    char value[SIM_VALUE_CAP];

    if ((query->types & 1u << notice->type) == 0 ||
        (query->hunting >= 0 && query->hunting != notice->hunting) ||
        (query->source >= 0 && query->source != notice->source) ||
        (query->tag >= 0 && query->tag != notice->tag)) {
        return false;
    }
    if (query->source_type != NULL &&
        strcmp(query->source_type, sim_notice_sources[notice->source].type) !=
            0) {
        return false;
    }
    if (query->entity == NULL) {
        return true;
    }
    sim_entity_value(&notices->space, (enum sim_type)notice->type,
                     notice->entity, value);
    return strcmp(value, query->entity) == 0;
}

/* True if the notice comes after the position in the query's direction. */
static bool is_after(const struct sim_notice_query *query,
                     const struct sim_notice *notice)
{
    struct sim_notice position = {.date = query->resume_date,
                                  .order = query->resume_order};
    int order = compare_notices(notice, &position);

    return !query->resume || (query->ascending ? order > 0 : order < 0);
}

static bool is_dated(const struct sim_notice_query *query,
                     const struct sim_notice *notice)
{
    return notice->date >= query->from && notice->date <= query->to;
}

/* Narrows the range of hours by the position, which may be far inside. */
static void bound_hours(const struct sim_notice_query *query, int64_t *first,
                        int64_t *last)
{
    *first = query->from / SIM_HOUR;
    *last = query->to / SIM_HOUR;
    if (query->resume && query->ascending &&
        query->resume_date / SIM_HOUR > *first) {
        *first = query->resume_date / SIM_HOUR;
    } else if (query->resume && !query->ascending &&
               query->resume_date / SIM_HOUR < *last) {
        *last = query->resume_date / SIM_HOUR;
    }
}

/* Where in an hour to begin: the first notice at or beyond the position's
   date, so that a page deep in a large hour needs no walk through it. */
static size_t seek_hour(const struct hour_index *hour,
                        const struct sim_notice_query *query)
{
    size_t low = 0;
    size_t high = hour->count;

    while (query->resume && low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = query->ascending
                          ? hour->notice[middle].date < query->resume_date
                          : hour->notice[middle].date <= query->resume_date;

        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    if (query->ascending) {
        return low;
    }
    return query->resume ? hour->count - low : 0;
}

static size_t take_hour(const struct sim_notices *notices,
                        const struct hour_index *hour,
                        const struct sim_notice_query *query,
                        struct sim_notice *out, size_t cap)
{
    size_t taken = 0;

    for (size_t i = seek_hour(hour, query); i < hour->count && taken < cap;
         i++) {
        const struct sim_notice *notice =
            &hour->notice[query->ascending ? i : hour->count - 1 - i];

        if (is_dated(query, notice) && is_after(query, notice) &&
            matches(notices, query, notice)) {
            out[taken++] = *notice;
        }
    }
    return taken;
}

size_t sim_notices_page(struct sim_notices *notices,
                        const struct sim_notice_query *query,
                        struct sim_notice *out, size_t cap)
{
    int64_t first;
    int64_t last;
    size_t taken = 0;

    if (query->from > query->to) {
        return 0;
    }
    bound_hours(query, &first, &last);
    for (int64_t step = 0; step <= last - first && taken < cap; step++) {
        int64_t hour = query->ascending ? first + step : last - step;

        taken += take_hour(notices, index_hour(notices, hour, query->types),
                           query, out + taken, cap - taken);
    }
    return taken;
}

static bool is_whole_hour(const struct sim_notice_query *query, int64_t hour)
{
    return query->from <= hour * SIM_HOUR &&
           query->to >= hour * SIM_HOUR + SIM_HOUR - 1 && query->hunting < 0 &&
           query->source < 0 && query->source_type == NULL && query->tag < 0 &&
           query->entity == NULL;
}

uint64_t sim_notices_count(struct sim_notices *notices,
                           const struct sim_notice_query *query)
{
    uint64_t count = 0;

    for (int64_t hour = query->from / SIM_HOUR;
         query->from <= query->to && hour <= query->to / SIM_HOUR; hour++) {
        const struct hour_index *index;

        if (is_whole_hour(query, hour)) {
            for (int type = 0; type < SIM_TYPES; type++) {
                bool wanted = (query->types & 1u << type) != 0;

                count += wanted ? hour_count(notices, type, hour) : 0;
            }
            continue;
        }
        index = index_hour(notices, hour, query->types);
        for (size_t i = 0; i < index->count; i++) {
            count += is_dated(query, &index->notice[i]) &&
                     matches(notices, query, &index->notice[i]);
        }
    }
    return count;
}
