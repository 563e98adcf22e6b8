/* SPDX-License-Identifier: Apache-2.0 */
/* What: the order of findings that sortCriteria asks for. */
#include <string.h>

#include "criteria.h"
#include "finding.h"

static int compare_numbers(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static int compare_by(enum sim_sort sort, const struct sim_world *world,
                      struct sim_finding_ref a, struct sim_finding_ref b)
{
    const struct sim_finding *one = sim_world_finding(world, a);
    const struct sim_finding *two = sim_world_finding(world, b);

    switch (sort) {
    case SIM_SORT_UPDATED:
        return compare_numbers(one->updated_ms, two->updated_ms);
    case SIM_SORT_CREATED:
        return compare_numbers(sim_finding_created_ms(one),
                               sim_finding_created_ms(two));
    case SIM_SORT_SEVERITY:
        return sim_finding_severity(one) - sim_finding_severity(two);
    case SIM_SORT_TYPE:
        return strcmp(sim_finding_kinds[one->kind].type,
                      sim_finding_kinds[two->kind].type);
    case SIM_SORT_ACCOUNT:
        return strcmp(world->detector[a.home].account,
                      world->detector[b.home].account);
    case SIM_SORT_REGION:
        return strcmp(world->detector[a.home].region,
                      world->detector[b.home].region);
    case SIM_SORT_COUNT:
        return compare_numbers(sim_finding_events(one),
                               sim_finding_events(two));
    case SIM_SORT_NONE:
        return 0;
    }
    return 0;
}

int sim_criteria_compare(const struct sim_criteria *criteria,
                         const struct sim_world *world,
                         struct sim_finding_ref a, struct sim_finding_ref b)
{
    int order = compare_by(criteria->sort, world, a, b);

    if (order == 0 && criteria->sort == SIM_SORT_NONE) {
        char one[SIM_ID_LEN + 1];
        char two[SIM_ID_LEN + 1];

        sim_world_id(world, a, one);
        sim_world_id(world, b, two);
        order = strcmp(one, two);
    } else if (order == 0) {
        uint64_t one = sim_world_finding(world, a)->chance;
        uint64_t two = sim_world_finding(world, b)->chance;

        order = one < two ? -1 : one > two;
    }
    return criteria->descending ? -order : order;
}
