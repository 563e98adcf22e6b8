/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entity.h"
#include "finding.h"
#include "mix.h"
#include "query.h"
#include "text.h"

#define DAY_MS 86400000
#define HOUR_MS 3600000

/* Odd, so that it has an inverse: an id's last eight digits are its index
   times this, and lead back to it. */
#define ID_FACTOR 0x9e3779b1u

static _Noreturn void refuse(const char *option, const char *value,
                             const char *expected)
{
    fprintf(stderr, "sluice-sim: --%s: \"%s\" is not %s\n", option, value,
            expected);
    exit(2);
}

static bool is_account(const char *text)
{
    return strlen(text) == 12 && strspn(text, "0123456789") == 12;
}

/* The next word of a list by comma, empty at its end. */
static const char *take_word(const char *list, char *out, size_t cap)
{
    size_t len = strcspn(list, ",");

    snprintf(out, cap, "%.*s", (int)len, list);
    return list + len + (list[len] == ',');
}

static bool has_account(char (*accounts)[13], size_t count, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(accounts[i], id) == 0) {
            return true;
        }
    }
    return false;
}

static size_t read_accounts(const struct sim_options *options, char (*out)[13])
{
    const char *list = options->gd_accounts;
    int64_t number = 0;
    size_t count = 0;
    char word[64];

    if (strlen(list) <= 3 && sim_query_number(list, &number) && number > 0 &&
        number <= SIM_ACCOUNTS_MAX) {
        unsigned long long base = strtoull(options->aws.account, NULL, 10);

        for (; count < (size_t)number; count++) {
            snprintf(out[count], 13, "%012llu",
                     (base + count) % 1000000000000u);
        }
        return count;
    }
    while (*list != '\0') {
        list = take_word(list, word, sizeof(word));
        if (!is_account(word) || count == SIM_ACCOUNTS_MAX ||
            has_account(out, count, word)) {
            refuse("gd-accounts", options->gd_accounts,
                   "a number from 1 to 256, or different ids of 12 digits");
        }
        snprintf(out[count++], 13, "%.12s", word);
    }
    return count;
}

/* `ACCOUNT/REGION`, into a slot of the world. */
static struct sim_detector *read_slot(struct sim_world *world, const char *text)
{
    char account[64];
    const char *slash = strchr(text, '/');

    if (slash == NULL || slash - text != 12) {
        return NULL;
    }
    snprintf(account, sizeof(account), "%.12s", text);
    return sim_world_slot(world, account, slash + 1);
}

static void fill_slot(struct sim_world *world, struct sim_detector *slot)
{
    uint64_t chance =
        sim_mix_bytes(world->options->seed ^ 0xde7ec7, slot->account, 12);

    chance = sim_mix_bytes(chance, slot->region, strlen(slot->region));
    sim_entity_hex(chance, SIM_ID_LEN, slot->id);
    slot->exists = true;
    slot->enabled = true;
    slot->created_ms = world->anchor_ms - 400ll * DAY_MS -
                       (int64_t)(chance % (100ll * DAY_MS));
    slot->features = chance;
    strcpy(slot->frequency, "SIX_HOURS");
}

/* True if the region is among the `count` slots before this one. */
static bool has_region(const struct sim_detector *slot, size_t count,
                       const char *region)
{
    for (; count > 0; count--) {
        if (strcmp(slot[-(ptrdiff_t)count].region, region) == 0) {
            return true;
        }
    }
    return false;
}

static void make_slots(struct sim_world *world)
{
    static char account[SIM_ACCOUNTS_MAX][13];
    size_t accounts = read_accounts(world->options, account);
    char region[64];

    world->detector =
        sim_alloc(sizeof(*world->detector) * (accounts * SIM_REGIONS_MAX + 1));
    for (size_t i = 0; i < accounts; i++) {
        const char *list = world->options->gd_regions;
        size_t regions = 0;

        while (*list != '\0') {
            struct sim_detector *slot = &world->detector[world->count];

            list = take_word(list, region, sizeof(region));
            if (strlen(region) < 3 || ++regions > SIM_REGIONS_MAX ||
                has_region(slot, regions - 1, region)) {
                refuse("gd-regions", world->options->gd_regions,
                       "up to 64 different regions by comma");
            }
            snprintf(slot->account, sizeof(slot->account), "%s", account[i]);
            snprintf(slot->region, sizeof(slot->region), "%s", region);
            world->count++;
        }
    }
}

static void remove_detectors(struct sim_world *world)
{
    const char *list = world->options->gd_no_detector;
    char word[128];

    for (size_t i = 0; i < world->count; i++) {
        fill_slot(world, &world->detector[i]);
    }
    while (*list != '\0') {
        struct sim_detector *slot;

        list = take_word(list, word, sizeof(word));
        slot = read_slot(world, word);
        if (slot == NULL) {
            refuse("gd-no-detector", word, "an ACCOUNT/REGION of this world");
        }
        slot->exists = false;
    }
}

/* How many findings each detector is to have, in slot->count for now. */
static void read_counts(struct sim_world *world)
{
    const char *list = world->options->gd_findings;
    char word[128];

    while (*list != '\0') {
        struct sim_detector *slot = NULL;
        char *equals;
        int64_t number = 0;

        list = take_word(list, word, sizeof(word));
        equals = strchr(word, '=');
        if (equals != NULL) {
            *equals = '\0';
            slot = read_slot(world, word);
        }
        if ((equals != NULL && slot == NULL) ||
            !sim_query_number(equals != NULL ? equals + 1 : word, &number) ||
            number > 5000000) {
            refuse("gd-findings", world->options->gd_findings,
                   "N or ACCOUNT/REGION=N of this world, by comma");
        }
        for (size_t i = 0; i < world->count; i++) {
            if (slot == NULL || slot == &world->detector[i]) {
                world->detector[i].count = (size_t)number;
            }
        }
    }
}

/* Spread over the days, or over one hour in their middle. One in eight has
   whole seconds, one in sixteen the instant of all others of its group of
   256, and the first --gd-equal one and the same. */
static int64_t draw_instant(const struct sim_world *world, uint64_t chance,
                            uint64_t group, bool equal)
{
    const struct sim_options *options = world->options;
    int64_t span = options->gd_burst ? HOUR_MS : options->gd_days * DAY_MS;
    int64_t start = world->anchor_ms - options->gd_days * DAY_MS;
    uint64_t at;

    if (options->gd_burst) {
        start += options->gd_days * DAY_MS / 2;
        start -= start % HOUR_MS;
    }
    if (equal) {
        return start + span / 2 + 7;
    }
    at = sim_one_in(chance >> 8, 16) ? sim_mix2(group, 0xe9a1) : chance >> 12;
    at = (uint64_t)start + at % (uint64_t)span;
    return (int64_t)(sim_one_in(chance >> 4, 8) ? at - at % 1000 : at);
}

static void make_finding(const struct sim_world *world,
                         struct sim_detector *home, size_t index)
{
    struct sim_finding *finding = &home->finding[index];
    uint64_t place = sim_mix_bytes(world->options->seed, home->id, SIM_ID_LEN);
    uint64_t chance = sim_mix3(place, 0xf17d, index);

    finding->chance = chance;
    finding->kind = (uint16_t)(index % sim_finding_kind_count);
    finding->born_ms =
        draw_instant(world, sim_mix(chance), sim_mix2(place, index / 256),
                     index < (size_t)world->options->gd_equal);
    finding->updated_ms = finding->born_ms;
    finding->archived = sim_finding_kinds[finding->kind].service != NULL &&
                        sim_one_in(sim_mix2(chance, 0xa7c1), 12);
}

static void make_findings(struct sim_world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        struct sim_detector *home = &world->detector[i];

        home->count = home->exists ? home->count : 0;
        home->cap = home->count + 64;
        home->finding = sim_alloc(home->cap * sizeof(*home->finding));
        for (size_t index = 0; index < home->count; index++) {
            make_finding(world, home, index);
        }
    }
}

static int compare_refs(const void *a, const void *b, void *world)
{
    return sim_world_compare(world, a, b);
}

bool sim_world_shows(const struct sim_world *world,
                     const struct sim_detector *view,
                     const struct sim_detector *home)
{
    return view == home ||
           (strcmp(view->account, world->options->gd_admin) == 0 &&
            strcmp(view->region, home->region) == 0);
}

static void make_orders(struct sim_world *world)
{
    for (size_t i = 0; i < world->count; i++) {
        struct sim_detector *view = &world->detector[i];

        for (size_t j = 0; j < world->count; j++) {
            bool shown = sim_world_shows(world, view, &world->detector[j]);

            view->order_cap += shown ? world->detector[j].count + 64 : 0;
        }
        view->order = sim_alloc(view->order_cap * sizeof(*view->order));
        for (size_t j = 0; j < world->count; j++) {
            struct sim_detector *home = &world->detector[j];

            for (size_t k = 0;
                 sim_world_shows(world, view, home) && k < home->count; k++) {
                view->order[view->order_count++] =
                    (struct sim_finding_ref){(uint32_t)j, (uint32_t)k};
            }
        }
        qsort_r(view->order, view->order_count, sizeof(*view->order),
                compare_refs, world);
    }
}

struct sim_world *sim_world_new(const struct sim_options *options,
                                int64_t now_ms)
{
    struct sim_world *world = sim_alloc(sizeof(*world));
    bool admin = options->gd_admin[0] == '\0';

    world->options = options;
    world->anchor_ms = now_ms;
    make_slots(world);
    for (size_t i = 0; i < world->count; i++) {
        admin |= strcmp(world->detector[i].account, options->gd_admin) == 0;
    }
    if (!admin) {
        refuse("gd-admin", options->gd_admin, "one of --gd-accounts");
    }
    remove_detectors(world);
    read_counts(world);
    make_findings(world);
    make_orders(world);
    return world;
}

void sim_world_free(struct sim_world *world)
{
    if (world == NULL) {
        return;
    }
    for (size_t i = 0; i < world->count; i++) {
        free(world->detector[i].finding);
        free(world->detector[i].order);
    }
    free(world->detector);
    free(world);
}

struct sim_detector *sim_world_slot(struct sim_world *world,
                                    const char *account, const char *region)
{
    for (size_t i = 0; i < world->count; i++) {
        if (strcmp(world->detector[i].account, account) == 0 &&
            strcmp(world->detector[i].region, region) == 0) {
            return &world->detector[i];
        }
    }
    return NULL;
}

struct sim_finding *sim_world_finding(const struct sim_world *world,
                                      struct sim_finding_ref ref)
{
    return &world->detector[ref.home].finding[ref.index];
}

void sim_world_id(const struct sim_world *world, struct sim_finding_ref ref,
                  char *out)
{
    const struct sim_finding *finding = sim_world_finding(world, ref);

    sim_entity_hex(sim_mix2(finding->chance, 0x1d), SIM_ID_LEN - 8, out);
    snprintf(out + SIM_ID_LEN - 8, 9, "%08x", ref.index * ID_FACTOR);
}

/* Newton's way to the inverse of an odd number modulo 2^32. */
static uint32_t invert_factor(void)
{
    uint32_t inverse = ID_FACTOR;

    for (int i = 0; i < 5; i++) {
        inverse *= 2u - ID_FACTOR * inverse;
    }
    return inverse;
}

bool sim_world_find(const struct sim_world *world,
                    const struct sim_detector *view, const char *id,
                    struct sim_finding_ref *out)
{
    size_t len = strlen(id);
    char known[SIM_ID_LEN + 1];
    uint32_t index;

    if (len != SIM_ID_LEN || strspn(id, "0123456789abcdef") != len) {
        return false;
    }
    index = (uint32_t)strtoul(id + SIM_ID_LEN - 8, NULL, 16) * invert_factor();
    for (size_t i = 0; i < world->count; i++) {
        const struct sim_detector *home = &world->detector[i];

        *out = (struct sim_finding_ref){(uint32_t)i, index};
        if (index < home->count && sim_world_shows(world, view, home)) {
            sim_world_id(world, *out, known);
            if (strcmp(known, id) == 0) {
                return true;
            }
        }
    }
    return false;
}

int sim_world_compare(const struct sim_world *world,
                      const struct sim_finding_ref *a,
                      const struct sim_finding_ref *b)
{
    const struct sim_finding *one = sim_world_finding(world, *a);
    const struct sim_finding *two = sim_world_finding(world, *b);

    if (one->updated_ms != two->updated_ms) {
        return one->updated_ms < two->updated_ms ? -1 : 1;
    }
    return one->chance < two->chance ? -1 : one->chance > two->chance;
}

size_t sim_world_lower_bound(const struct sim_world *world,
                             const struct sim_detector *view,
                             int64_t updated_ms)
{
    size_t low = 0;
    size_t high = view->order_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (sim_world_finding(world, view->order[middle])->updated_ms <
            updated_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}
