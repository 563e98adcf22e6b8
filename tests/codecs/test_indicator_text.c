/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/indicator_text.h"

#include <criterion/criterion.h>

static const char *name_bit(uint32_t bit)
{
    return bit == 1   ? "taken_over"
           : bit == 2 ? "stream"
           : bit == 4 ? "malware"
                      : "list";
}

static struct slu_indicator indicator;
static struct slu_indicator_line line;

static void begin(void)
{
    indicator = (struct slu_indicator){
        .kind = SLU_KIND_DOMAIN,
        .value = slu_view_str("evil.example"),
        .verdict = SLU_VERDICT_MALICIOUS,
        .score = 100,
        .sources = 2 | 4,
        .first_seen = 1754542800,
        .last_seen = 1754542801,
        .assessed_at = 1754542802,
    };
    line = (struct slu_indicator_line){&indicator, "a/b.txt", name_bit};
}

TestSuite(indicator_text, .init = begin);

static void expect(slu_indicator_append_fn append, const char *text)
{
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), 10000);
    cr_assert_eq(append(&out, &line), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&out), text), "%.*s",
              SLU_VIEW_ARGS(slu_buf_view(&out)));
    slu_buf_fini(&out);
}

Test(indicator_text, writes_the_bare_value)
{
    expect(slu_indicator_append_text, "evil.example\n");
}

Test(indicator_text, writes_an_object_of_ndjson)
{
    expect(slu_indicator_append_ndjson,
           "{\"value\":\"evil.example\",\"type\":\"domain\",\"sources\":"
           "[\"stream\",\"malware\"],\"verdict\":\"VERDICT_MALICIOUS\","
           "\"score\":100,\"first_seen\":\"2025-08-07T05:00:00Z\","
           "\"last_seen\":\"2025-08-07T05:00:01Z\","
           "\"assessed_at\":\"2025-08-07T05:00:02Z\",\"list\":\"a/b.txt\"}\n");
}

Test(indicator_text, writes_null_where_nothing_is_known)
{
    indicator.kind = SLU_KIND_IP;
    indicator.value = slu_view_str("1.2.3.0/24");
    indicator.verdict = SLU_VERDICT_NONE;
    indicator.score = 0;
    indicator.sources = 0;
    line.path = NULL;
    expect(slu_indicator_append_ndjson,
           "{\"value\":\"1.2.3.0/24\",\"type\":\"ip_address\",\"sources\":[],"
           "\"verdict\":null,\"score\":0,"
           "\"first_seen\":\"2025-08-07T05:00:00Z\","
           "\"last_seen\":\"2025-08-07T05:00:01Z\","
           "\"assessed_at\":null,\"list\":null}\n");
    expect(slu_indicator_append_csv,
           "1.2.3.0/24,ip_address,,,0,2025-08-07T05:00:00Z,"
           "2025-08-07T05:00:01Z,,\r\n");
}

Test(indicator_text, names_once_what_has_one_name)
{
    indicator.sources = 1 | 8 | 16 | UINT32_C(1) << 31;
    indicator.score = 7;
    line.path = "a,\"b\".txt";
    expect(slu_indicator_append_csv,
           "evil.example,domain,taken_over;list,VERDICT_MALICIOUS,7,"
           "2025-08-07T05:00:00Z,2025-08-07T05:00:01Z,2025-08-07T05:00:02Z,"
           "\"a,\"\"b\"\".txt\"\r\n");
}

Test(indicator_text, heads_as_many_columns_as_it_writes)
{
    const char *at = SLU_INDICATOR_CSV_HEAD;
    unsigned commas = 0;

    for (; *at != '\0'; at++) {
        commas += *at == ',';
    }
    cr_assert_eq(commas, 8);
}

Test(indicator_text, leaves_no_half_line)
{
    static const slu_indicator_append_fn appends[] = {
        slu_indicator_append_text, slu_indicator_append_ndjson,
        slu_indicator_append_csv};

    for (int i = 0; i < 3; i++) {
        enum slu_err err = SLU_ERR_LIMIT;

        for (size_t max = 2; err != SLU_ERR_OK; max++) {
            struct slu_buf out;

            slu_buf_init(&out, slu_alloc_default(), max);
            cr_assert_eq(slu_buf_append_str(&out, "x\n"), SLU_ERR_OK);
            err = appends[i](&out, &line);
            cr_assert(err == SLU_ERR_OK || err == SLU_ERR_LIMIT);
            cr_assert(err == SLU_ERR_OK || out.len == 2);
            slu_buf_fini(&out);
        }
    }
}
