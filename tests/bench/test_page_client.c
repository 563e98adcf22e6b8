/* SPDX-License-Identifier: Apache-2.0 */
/* How many packages bring so many IOCs: bench/page_client.c. */
#include "bench/page_client.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define TYPES 2

/* What a sync asks for: the newest two hours aren't served yet. */
static uint64_t packages(const struct slu_bench_package_plan *plan)
{
    return (uint64_t)(plan->days * 24 - 1) * plan->lists * TYPES;
}

Test(page_client, plans_enough_items_and_never_a_full_answer)
{
    static const uint64_t iocs[] = {2000, 100000, 1000000, 10000000, 100000000};
    static const unsigned bytes[] = {5000, 100000, 1000000, 10000000};

    for (size_t i = 0; i < sizeof(iocs) / sizeof(iocs[0]); i++) {
        for (size_t j = 0; j < sizeof(bytes) / sizeof(bytes[0]); j++) {
            struct slu_bench_package_plan plan =
                slu_bench_package_plan(iocs[i], bytes[j]);
            uint64_t count = packages(&plan) * plan.items;

            cr_assert_geq(count, iocs[i]);
            cr_assert_lt(count - iocs[i], packages(&plan),
                         "one item less "
                         "would do");
            cr_assert_lt(plan.items, 4000);
            cr_assert_gt(plan.hours, plan.days * 24);
            cr_assert_leq(plan.items * plan.item_bytes, bytes[j]);
            cr_assert_gt((plan.items + 1) * plan.item_bytes * 1.5, bytes[j],
                         "a page of %u bytes instead of %u",
                         plan.items * plan.item_bytes, bytes[j]);
        }
    }
}

Test(page_client, asks_back_as_far_as_the_plan)
{
    struct slu_bench_package_plan plan =
        slu_bench_package_plan(1000000, 100000);
    char wanted[64];
    char config[512];

    slu_bench_package_config(&plan, "http://127.0.0.1:1", config,
                             sizeof(config));
    (void)snprintf(wanted, sizeof(wanted), "\n  lookback_days: %u\n",
                   plan.days);
    cr_assert_gt(plan.days, 5);
    cr_assert_not_null(strstr(config, wanted), "%s", config);
    cr_assert_not_null(strstr(config, "\n  base_url: http://127.0.0.1:1\n"));
    cr_assert_not_null(strstr(config, "\n  allow_long_lookback: true\n"));
}

Test(page_client, asks_few_lists_for_few_iocs)
{
    struct slu_bench_package_plan plan =
        slu_bench_package_plan(100000, 1000000);
    char config[512];

    cr_assert_eq(plan.lists, 2);
    cr_assert_eq(plan.days, 1);
    slu_bench_package_config(&plan, "http://127.0.0.1:1", config,
                             sizeof(config));
    cr_assert_not_null(strstr(config, "\n  threat_lists: [malicious-network-"
                                      "infrastructure, malware]\n"),
                       "%s", config);
    plan = slu_bench_package_plan(10000000, 1000000);
    cr_assert_eq(plan.lists, 7);
    slu_bench_package_config(&plan, "http://127.0.0.1:1", config,
                             sizeof(config));
    cr_assert_not_null(strstr(config, ", vulnerability-weaponization]\n"));
    cr_assert_not_null(strstr(config, "\n  max_age: 3650d\n"), "cut short: %s",
                       config);
}
