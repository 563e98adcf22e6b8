/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/gti.h"
#include "support/failing_alloc.h"

#include "codecs/alloc.h"
#include <criterion/criterion.h>

static const char *const both_streams[] = {"domain", "ip_address"};
static const char *const malicious[] = {"VERDICT_MALICIOUS",
                                        "VERDICT_SUSPICIOUS"};
static const char *const two_lists[] = {"malware", "ransomware"};

/* 2025-08-07T05:59:59Z: the package of 03:00 is the newest. */
static const struct slu_now now = {.wall_s = 1754546399};

static struct slu_gti_config make_config(void)
{
    return (struct slu_gti_config){
        .base_url = "https://gti.example:8443",
        .api_key = {"k3y", "a test"},
        .streams = {both_streams, 2, false},
        .threat_lists = {two_lists, 2, false},
        .verdicts = {malicious, 2, false},
        .min_score = 30,
        .requests_per_minute = 240,
        .package_delay_ms = 2 * 3600 * 1000,
    };
}

Test(gti_access, tells_the_engine_how_to_reach_gti)
{
    struct slu_gti_config config = make_config();
    struct slu_source_access access;

    slu_gti_access(&config, &access);
    cr_assert(slu_view_equal_str(access.base_url, "https://gti.example:8443"));
    cr_assert_str_eq(access.api_key->value, "k3y");
    cr_assert_eq(access.requests_per_minute, 240);
    cr_assert_eq(access.min_score, 30);
    cr_assert_eq(access.verdicts,
                 1u << SLU_VERDICT_MALICIOUS | 1u << SLU_VERDICT_SUSPICIOUS);
}

static void check_probe(const struct slu_gti_config *config, unsigned index,
                        const char *name, const char *target, bool required)
{
    struct slu_probe probe;

    cr_assert(slu_gti_probe(config, index, now, &probe));
    cr_assert_str_eq(probe.name, name);
    cr_assert_str_eq(probe.target, target);
    cr_assert_eq(probe.required, required);
}

Test(gti_access, probes_each_stream_and_each_named_list)
{
    struct slu_gti_config config = make_config();
    struct slu_probe probe;

    check_probe(&config, 0, "IOC Stream (domain)",
                "/api/v3/ioc_stream?limit=1&filter=entity_type%3Adomain", true);
    check_probe(&config, 1, "IOC Stream (ip_address)",
                "/api/v3/ioc_stream?limit=1&filter=entity_type%3Aip_address",
                true);
    check_probe(&config, 2, "Threat List (malware)",
                "/api/v3/threat_lists/malware/2025080703?type=domain&limit=1",
                true);
    check_probe(
        &config, 3, "Threat List (ransomware)",
        "/api/v3/threat_lists/ransomware/2025080703?type=domain&limit=1", true);
    cr_assert_not(slu_gti_probe(&config, 4, now, &probe));
}

Test(gti_access, requires_no_list_that_the_user_has_not_named)
{
    struct slu_gti_config config = make_config();
    struct slu_probe probe;
    unsigned count = 0;

    config.streams.count = 0;
    config.threat_lists = (struct slu_strings){.all = true};
    while (slu_gti_probe(&config, count, now, &probe)) {
        cr_assert_not(probe.required);
        cr_assert_not_null(strstr(probe.name, slu_gti_category(count)));
        count++;
    }
    cr_assert_eq(count, 7);
}

static struct slu_refusal explain(const char *body)
{
    struct slu_refusal refusal = {.message = "left over", .not_yet = true};

    slu_gti_explain(slu_alloc_default(), slu_view_str(body), &refusal);
    return refusal;
}

Test(gti_access, explains_a_refusal_in_the_servers_words)
{
    struct slu_refusal refusal =
        explain("{\"error\":{\"code\":\"ForbiddenError\",\"message\":\"You are "
                "not authorized\"}}");

    cr_assert_str_eq(refusal.message, "You are not authorized");
    cr_assert_not(refusal.not_yet);
    refusal = explain("{\"error\":{\"message\":\"Package is not available\","
                      "\"code\":\"NotAvailableYet\"}}");
    cr_assert(refusal.not_yet);
    cr_assert_str_eq(refusal.message, "Package is not available");
}

Test(gti_access, makes_nothing_of_a_body_that_is_no_refusal)
{
    static const char *const bodies[] = {
        "",        "<html>no</html>", "[]",
        "{}",      "{\"error\":7}",   "{\"error\":{",
        "\xff\xfe"};

    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        struct slu_refusal refusal = explain(bodies[i]);

        cr_assert_not(refusal.not_yet, "%s", bodies[i]);
        cr_assert(refusal.message[0] == '\0' ||
                      strcmp(refusal.message, "left over") != 0,
                  "%s", bodies[i]);
    }
}

Test(gti_access, cuts_a_message_that_is_too_long)
{
    static char body[4096] = "{\"error\":{\"code\":\"X\",\"message\":\"";
    size_t len = strlen(body);
    struct slu_refusal refusal;

    memset(body + len, 'm', 1000);
    memcpy(body + len + 1000, "\"}}", 4);
    refusal = explain(body);
    cr_assert_lt(strlen(refusal.message), sizeof(refusal.message));
    cr_assert_gt(strlen(refusal.message), 50);
}

Test(gti_access, hands_on_the_body_without_memory_and_leaks_nothing)
{
    static const char body[] = "{\"error\":{\"message\":\"no\"}}";
    struct failing_alloc failing;
    unsigned fail_at = 0;

    do {
        struct slu_refusal refusal;

        fail_at++;
        failing_alloc_init(&failing, fail_at);
        slu_gti_explain(&failing.alloc, slu_view_str(body), &refusal);
        cr_assert_eq(failing.live, 0);
        /* The words when they could be read, else the body as it is. */
        cr_assert(refusal.message[0] == '\0' ||
                      strcmp(refusal.message, "no") == 0 ||
                      strcmp(refusal.message, body) == 0,
                  "%s", refusal.message);
    } while (failing.calls >= fail_at);
}
