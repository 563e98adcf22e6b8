/* SPDX-License-Identifier: Apache-2.0 */
/* In steady state no record costs an allocation, on the whole way of one:
 * splitter, reader, checks, answer, commit. */
#include "engine/pull_bench.h"
#include "sources/gti.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX ((size_t)1 << 20)
#define FEW 200
#define MANY 2000 /* over 256 KB a page: records straddle pieces */

static struct bench bench;

/* ---- an allocator that counts, for the loop and for the store's thread ----
 */

static atomic_ulong calls;

static void *count_and_resize(void *ctx, void *ptr, size_t old_len,
                              size_t new_len)
{
    const struct slu_alloc *alloc = slu_alloc_default();

    (void)ctx;
    atomic_fetch_add(&calls, new_len > 0 ? 1 : 0);
    return alloc->realloc_fn(alloc->ctx, ptr, old_len, new_len);
}

static const struct slu_alloc counting = {.realloc_fn = count_and_resize};

/* ---- a server, each of whose packages has as many items ---- */

struct packages {
    unsigned items;
    char *bodies[SLU_KIND_COUNT];
};

static char *make_body(bool domains, unsigned items)
{
    char *body = malloc(BODY_MAX);
    size_t len = (size_t)snprintf(body, BODY_MAX, "{\"iocs\":[");

    for (unsigned i = 0; i < items; i++) {
        char value[64];

        (void)snprintf(value, sizeof(value),
                       domains ? "name-%u.example.com" : "45.33.%u.%u",
                       domains ? i : i / 250, i % 250);
        len += (size_t)snprintf(
            body + len, BODY_MAX - len,
            "%s{\"data\":{\"type\":\"%s\",\"id\":\"%s\",\"attributes\":{"
            "\"gti_assessment\":{\"verdict\":{\"value\":\"VERDICT_MALICIOUS\"},"
            "\"threat_score\":{\"value\":90}},\"last_modification_date\":"
            "1700000000,\"tags\":[]}}}",
            i == 0 ? "" : ",", domains ? "domain" : "ip_address", value);
    }
    (void)snprintf(body + len, BODY_MAX - len, "]}");
    return body;
}

static struct raw_answer answer_package(void *ctx, const char *request)
{
    struct packages *self = ctx;
    bool domains = strstr(request, "type=domain") != NULL;

    return served_text(200, "Content-Type: application/json\r\n",
                       self->bodies[domains ? SLU_KIND_DOMAIN : SLU_KIND_IP]);
}

/* ---- a pull ---- */

static const char *const malware[] = {"malware"};
static const char *const malicious[] = {"VERDICT_MALICIOUS"};

/* Allocations of a pull of a day of one list; *out_items: what came. */
static unsigned long count_calls(unsigned items, uint64_t *out_items)
{
    struct packages packages = {
        items, {make_body(false, items), make_body(true, items)}};
    struct slu_gti_config config = {
        .api_key = {"k3y", "the test"},
        .threat_lists = {malware, 1, false},
        .verdicts = {malicious, 1, false},
        .lookback_days = 1,
        .package_delay_ms = 7200000,
        .threat_list_limit = 4000,
    };

    bench_start(&bench, answer_package, &packages);
    config.base_url = bench.served.url;
    bench.limits.record_bytes = 1000000;
    bench.options.alloc = &counting;
    bench.options.ops = &slu_gti_source;
    bench.options.source_config = &config;
    bench.store_options.alloc = &counting;
    atomic_store(&calls, 0);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.result.counts.accepted[SLU_KIND_IP],
                 bench.result.counts.items / 2);
    *out_items = bench.result.counts.items;
    bench_stop(&bench);
    free(packages.bodies[0]);
    free(packages.bodies[1]);
    return atomic_load(&calls);
}

Test(pull_alloc, ten_times_the_records_cost_no_more_allocations)
{
    uint64_t few_items;
    uint64_t many_items;
    unsigned long few = count_calls(FEW, &few_items);
    unsigned long many = count_calls(MANY, &many_items);

    cr_assert_geq(few_items, 46 * FEW);
    cr_assert_geq(many_items, 46 * MANY);
    cr_assert_gt(few, 46, "the allocator isn't asked");
    /* What there is more of is growth: each slot's buffers double. */
    cr_assert_leq(many, few + 64, "%lu calls for %llu items, %lu for %llu", few,
                  (unsigned long long)few_items, many,
                  (unsigned long long)many_items);
}
