/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config_parse.h"
#include "sources/gti.h"

Test(gti_config, defaults_are_those_of_the_reference)
{
    struct slu_config *config = parse("{}");
    const struct slu_gti_config *gti;

    cr_assert_not_null(config, "%s", error.text);
    gti = slu_config_section(config, "gti");
    cr_assert_not_null(gti);
    cr_assert_str_eq(gti->base_url, "https://www.virustotal.com");
    cr_assert_eq(gti->streams.count, 2);
    cr_assert_str_eq(gti->streams.items[0], "domain");
    cr_assert(gti->threat_lists.all);
    cr_assert_eq(gti->verdicts.count, 1);
    cr_assert_eq(gti->min_score, 0);
    cr_assert_eq(gti->lookback_days, 5);
    cr_assert_not(gti->allow_long_lookback);
    cr_assert_eq(gti->requests_per_minute, 0);
    cr_assert_eq(gti->package_delay_ms, 7200000);
    cr_assert_eq(gti->stream_overlap_ms, 300000);
    cr_assert_eq(gti->threat_list_limit, 4000);
    slu_config_free(config);
}

Test(gti_config, lists_and_streams_may_be_none)
{
    struct slu_config *config =
        parse("gti: {streams: [], threat_lists: [], lookback_days: 9}");
    const struct slu_gti_config *gti;

    cr_assert_not_null(config, "%s", error.text);
    gti = slu_config_section(config, "gti");
    cr_assert_eq(gti->streams.count, 0);
    cr_assert_eq(gti->threat_lists.count, 0);
    cr_assert_not(gti->threat_lists.all);
    cr_assert_eq(gti->lookback_days, 9);
    slu_config_free(config);
}

Test(gti_config, what_is_out_of_range_is_refused_by_its_key)
{
    static const char *const bad[][2] = {
        {"gti: {lookback_days: 0}", "lookback_days"},
        {"gti: {lookback_days: -1}", "lookback_days"},
        {"gti: {min_score: 101}", "min_score"},
        {"gti: {threat_list_limit: 4001}", "threat_list_limit"},
        {"gti: {threat_list_limit: 0}", "threat_list_limit"},
        {"gti: {streams: [url]}", "streams"},
        {"gti: {verdicts: []}", "verdicts"},
        {"gti: {verdicts: [MALICIOUS]}", "verdicts"},
        {"gti: {package_delay: 8d}", "package_delay"},
        {"gti: {nothing: 1}", "nothing"},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_null(parse(bad[i][0]), "%s", bad[i][0]);
        cr_assert_eq(error.code, SLU_ERR_CONFIG);
        cr_assert_not_null(strstr(error.text, bad[i][1]), "%s", error.text);
    }
}
