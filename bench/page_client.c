/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/page_client.h"
#include "sources/gti.h"

#include <stdio.h>
#include <string.h>

#define ITEM_BYTES 650 /* as live ones */
#define ITEMS_MAX 3999
#define LISTS 7
#define TYPES 2
#define DAY_HOURS 24
#define DELAY_HOURS 2 /* gti.package_delay */

struct slu_bench_server *
slu_bench_page_server(struct slu_bench *bench, unsigned hours, unsigned items,
                      unsigned item_bytes,
                      const struct slu_bench_stream *stream, char out_base[64])
{
    char numbers[6][24];
    const char *args[8] = {"sluice-bench-pages"};
    const struct slu_bench_command command = {.args = args};
    struct slu_bench_server *self;
    char line[128];
    const char *url;

    (void)snprintf(numbers[0], 24, "%u", hours);
    (void)snprintf(numbers[1], 24, "%u", items);
    (void)snprintf(numbers[2], 24, "%u", item_bytes);
    if (stream != NULL) {
        (void)snprintf(numbers[3], 24, "%lld", (long long)stream->from);
        (void)snprintf(numbers[4], 24, "%lld", (long long)stream->span);
        (void)snprintf(numbers[5], 24, "%llu",
                       (unsigned long long)stream->count);
    }
    for (int i = 0; i < (stream != NULL ? 6 : 3); i++) {
        args[i + 1] = numbers[i];
    }
    self = slu_bench_server_start(bench, &command, line, sizeof(line));
    url = strstr(line, "http://");
    slu_bench_require(bench, url != NULL, "the server of pages says \"%s\"",
                      line);
    (void)snprintf(out_base, 64, "%.63s", url);
    return self;
}

/* Packages of so many days: the last hours aren't served yet. */
static uint64_t count_packages(const struct slu_bench_package_plan *plan)
{
    return (uint64_t)(plan->days * DAY_HOURS - DELAY_HOURS + 1) * plan->lists *
           TYPES;
}

struct slu_bench_package_plan slu_bench_package_plan(uint64_t iocs,
                                                     unsigned page_bytes)
{
    struct slu_bench_package_plan plan = {.lists = 1, .days = 1};
    unsigned fit = page_bytes / ITEM_BYTES;
    uint64_t packages;

    fit = fit < ITEMS_MAX ? fit : ITEMS_MAX;
    while (count_packages(&plan) * fit < iocs) {
        if (plan.lists < LISTS) {
            plan.lists++;
        } else {
            plan.days++;
        }
    }
    packages = count_packages(&plan);
    plan.hours = (plan.days + 1) * DAY_HOURS;
    plan.items = (unsigned)((iocs + packages - 1) / packages);
    plan.item_bytes = page_bytes / plan.items;
    return plan;
}

static void name_lists(unsigned count, char *out, size_t size)
{
    size_t len = 0;

    for (unsigned i = 0; i < count; i++) {
        len += (size_t)snprintf(out + len, size - len, "%s%s",
                                i == 0 ? "" : ", ", slu_gti_category(i));
    }
}

void slu_bench_package_config(const struct slu_bench_package_plan *plan,
                              const char *base, char *out, size_t size)
{
    char lists[256];

    name_lists(plan->lists, lists, sizeof(lists));
    (void)snprintf(out, size,
                   "gti:\n"
                   "  base_url: %s\n"
                   "  streams: []\n"
                   "  threat_lists: [%s]\n"
                   "  lookback_days: %u\n"
                   "  allow_long_lookback: true\n"
                   "lists:\n"
                   "  max_age: 3650d\n",
                   base, lists, plan->days);
}
