/* SPDX-License-Identifier: Apache-2.0 */
#include "package.h"

#include <stdlib.h>
#include <string.h>

#include "mix.h"
#include "text.h"

#define FILES (1u << SIM_FILE)
#define NETWORK (1u << SIM_URL | 1u << SIM_DOMAIN | 1u << SIM_IP)
#define ALL (FILES | NETWORK)
#define VALUE_STRIDE SIM_VALUE_CAP

const struct sim_list sim_lists[SIM_LISTS] = {
    {"ransomware", "Ransomware", FILES},
    {"malicious-network-infrastructure", "Malicious Network Infrastructure",
     NETWORK},
    {"malware", "Malware", ALL},
    {"threat-actor", "Threat Actor", ALL},
    {"trending", "Daily Top Trending", ALL},
    {"mobile", "Mobile", FILES},
    {"osx", "OS X", FILES},
    {"linux", "Linux", FILES},
    {"iot", "Internet of Things", FILES},
    {"cryptominer", "Cryptominers", ALL},
    {"phishing", "Phishing", NETWORK},
    {"first-stage-delivery-vectors", "First Stage Delivery Vectors", FILES},
    {"vulnerability-weaponization", "Vulnerability Weaponization", ALL},
    {"infostealer", "Infostealers", FILES},
};

int sim_list_find(const char *id)
{
    for (int list = 0; list < SIM_LISTS; list++) {
        if (strcmp(sim_lists[list].id, id) == 0) {
            return list;
        }
    }
    return -1;
}

static uint64_t package_chance(const struct sim_options *options, int list,
                               int64_t hour)
{
    return sim_mix3(options->seed ^ 0x9ac, (uint64_t)list, (uint64_t)hour);
}

enum sim_package_state sim_package_state(const struct sim_options *options,
                                         int list, int64_t hour)
{
    uint64_t chance = package_chance(options, list, hour);

    if (sim_one_in(chance, (uint64_t)options->hole_every)) {
        return SIM_PACKAGE_HOLE;
    }
    if (sim_one_in(sim_mix(chance ^ 1), (uint64_t)options->null_every)) {
        return SIM_PACKAGE_NULL;
    }
    if (sim_one_in(sim_mix(chance ^ 2), (uint64_t)options->empty_every)) {
        return SIM_PACKAGE_EMPTY;
    }
    return SIM_PACKAGE_FULL;
}

static size_t item_count(const struct sim_options *options, int list,
                         int64_t hour)
{
    uint64_t chance = sim_mix(package_chance(options, list, hour) ^ 3);
    size_t count = (size_t)options->list_items;

    if (sim_one_in(chance, (uint64_t)options->list_burst_every)) {
        count *= (size_t)options->list_burst_factor;
    }
    return count;
}

static int compare_items(const void *left, const void *right)
{
    const struct sim_package_item *a = left;
    const struct sim_package_item *b = right;
    int order = strcmp(a->value, b->value);

    if (order == 0) { /* a total order, or two processes might differ */
        order = (a->chance > b->chance) - (a->chance < b->chance);
    }
    return order;
}

/* One item: mostly new, at times the one before again (a duplicate inside
   the answer), at times one of an earlier hour (a duplicate across). */
static void draw_item(const struct sim_options *options, uint64_t base,
                      size_t rank, struct sim_package_item *item)
{
    struct sim_entity_space space = {options->seed, (uint64_t)options->odd,
                                     (uint64_t)options->hot};
    uint64_t chance = sim_mix2(base, rank);

    item->chance = chance;
    item->stale = sim_one_in(chance >> 8, 16);
    if (rank > 0 && sim_one_in(chance, 32)) {
        chance = sim_mix2(base, rank - 1);
    }
    item->entity = sim_entity_at(&space, (enum sim_type)item->type, chance);
    sim_entity_value(&space, (enum sim_type)item->type, item->entity,
                     item->value);
}

void sim_package_init(struct sim_package *package,
                      const struct sim_options *options, int list,
                      enum sim_type type, int64_t hour)
{
    uint64_t base = sim_mix2(package_chance(options, list, hour), type);

    memset(package, 0, sizeof(*package));
    package->count = item_count(options, list, hour);
    package->item = sim_alloc(package->count * sizeof(*package->item));
    package->values = sim_alloc(package->count * VALUE_STRIDE);
    for (size_t rank = 0; rank < package->count; rank++) {
        package->item[rank].type = (uint8_t)type;
        package->item[rank].value = package->values + rank * VALUE_STRIDE;
        draw_item(options, base, rank, &package->item[rank]);
    }
    qsort(package->item, package->count, sizeof(*package->item), compare_items);
}

void sim_package_fini(struct sim_package *package)
{
    free(package->item);
    free(package->values);
    memset(package, 0, sizeof(*package));
}
