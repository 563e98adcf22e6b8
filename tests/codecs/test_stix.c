/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked of the objects by STIX is in tests/sinks/test_stix_bundle.py:
 * here is their exact text, and what happens when it doesn't fit. */
#include "codecs/stix.h"

#include <criterion/criterion.h>

static const struct slu_view labels[] = {SLU_VIEW_LITERAL("a"),
                                         SLU_VIEW_LITERAL("b\"")};
static const struct slu_stix_reference references[] = {
    {SLU_VIEW_LITERAL("f1"), SLU_VIEW_LITERAL("arn:f1"), SLU_VIEW_LITERAL("T")},
    {SLU_VIEW_LITERAL("f2"), {NULL, 0}, {NULL, 0}},
};

static struct slu_stix_indicator make(void)
{
    return (struct slu_stix_indicator){
        .kind = SLU_ROW_IPV4,
        .value = SLU_VIEW_LITERAL("8.8.8.8"),
        .first_ms = 1754542800007,
        .last_ms = 1754546400000,
        .severity = "high",
        .findings = 2,
        .labels = labels,
        .label_count = 2,
        .references = references,
        .reference_count = 2,
    };
}

static const char *text_of(const struct slu_stix_indicator *indicator)
{
    static char text[4096];
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), sizeof(text) - 1);
    cr_assert_eq(slu_stix_indicator_append(indicator, &out), SLU_ERR_OK);
    memcpy(text, out.ptr, out.len);
    text[out.len] = '\0';
    slu_buf_fini(&out);
    return text;
}

Test(stix, an_indicator_has_all_that_is_known)
{
    struct slu_stix_indicator indicator = make();

    cr_assert_not_null(
        strstr(text_of(&indicator),
               "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":"
               "\"indicator--713f2894-9144-58d4-a0ca-73899fbf2cde\","
               "\"created_by_ref\":"
               "\"identity--dd2c831a-971c-5205-b643-3427306ec6e2\","));
    cr_assert_not_null(strstr(text_of(&indicator),
                              ",\"created\":\"2017-11-28T00:00:00.000Z\","
                              "\"modified\":\"2025-08-07T06:00:00.000Z\","
                              "\"name\":\"8.8.8.8\",\"description\":\"Severity "
                              "high, in 2 findings of Amazon GuardDuty\","));
    cr_assert_not_null(
        strstr(text_of(&indicator),
               ",\"pattern\":\"[ipv4-addr:value = '8.8.8.8']\","
               "\"pattern_type\":\"stix\",\"pattern_version\":\"2.1\","
               "\"valid_from\":\"2025-08-07T05:00:00.007Z\","
               "\"labels\":[\"a\",\"b\\\"\"],\"external_references\":["
               "{\"source_name\":\"Amazon GuardDuty\",\"description\":\"T\","
               "\"external_id\":\"arn:f1\"},"
               "{\"source_name\":\"Amazon GuardDuty\","
               "\"external_id\":\"f2\"}]}"));
}

Test(stix, what_is_not_there_is_left_out)
{
    struct slu_stix_indicator indicator = make();

    indicator.label_count = 0;
    indicator.reference_count = 0;
    indicator.findings = 1;
    cr_assert_null(strstr(text_of(&indicator), "labels"));
    cr_assert_null(strstr(text_of(&indicator), "external_references"));
    cr_assert_not_null(strstr(text_of(&indicator), "in 1 finding of"));
}

/* STIX 2.1, 3.6: modified is never before created. */
Test(stix, is_never_modified_before_it_was_created)
{
    struct slu_stix_indicator indicator = make();

    indicator.last_ms = 0;
    cr_assert_not_null(strstr(text_of(&indicator),
                              "\"modified\":\"2025-08-07T05:00:00.007Z\""));
}

/* STIX 2.1, 3.6: created never changes, and an earlier sighting may come. */
Test(stix, is_created_at_one_time_whatever_was_seen)
{
    static const int64_t seen[] = {0, 1511827199999, 1754542800007,
                                   253402300799000};

    for (int i = 0; i < 4; i++) {
        struct slu_stix_indicator indicator = make();

        indicator.first_ms = seen[i];
        indicator.last_ms = seen[i];
        cr_assert_not_null(strstr(text_of(&indicator),
                                  "\"created\":\"2017-11-28T00:00:00.000Z\""));
        cr_assert_not_null(
            strstr(text_of(&indicator),
                   i < 2    ? "\"modified\":\"2017-11-28T00:00:00.000Z\""
                   : i == 2 ? "\"modified\":\"2025-08-07T05:00:00.007Z\""
                            : "\"modified\":\"9999-12-31T23:59:59.000Z\""));
    }
}

Test(stix, is_appended_whole_or_not_at_all)
{
    struct slu_stix_indicator indicator = make();
    size_t need = strlen(text_of(&indicator));

    for (size_t max = 3; max < need + 10; max++) {
        struct slu_buf out;

        slu_buf_init(&out, slu_alloc_default(), max);
        cr_assert_eq(slu_buf_append_str(&out, "abc"), SLU_ERR_OK);
        if (slu_stix_indicator_append(&indicator, &out) == SLU_ERR_OK) {
            cr_assert_eq(out.len, need + 3);
        } else {
            cr_assert_lt(max, need + 3);
            cr_assert_eq(out.len, 3u);
        }
        out.len = 3;
        if (slu_stix_identity_append(&out) != SLU_ERR_OK) {
            cr_assert_eq(out.len, 3u);
        }
        slu_buf_fini(&out);
    }
}
