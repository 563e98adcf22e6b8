/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/checkpoint.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_checkpoint checkpoint;
static struct slu_error error;

/* Every text stands at the end of its own allocation, so that ASan sees a read
 * behind it. */
static enum slu_err parse_bytes(const char *text, size_t len)
{
    char *copy = malloc(len + 1);
    enum slu_err err;

    cr_assert_not_null(copy);
    memcpy(copy + 1, text, len);
    error = (struct slu_error){0};
    err = slu_checkpoint_parse(&checkpoint, slu_alloc_default(),
                               slu_view_make(copy + 1, len), &error);
    free(copy);
    return err;
}

static enum slu_err parse(const char *text)
{
    return parse_bytes(text, strlen(text));
}

static int64_t hour_of(const char *id)
{
    return slu_checkpoint_list_hour(&checkpoint, slu_view_str(id));
}

static const char lambda_text[] =
    "{\"domain_last_notification_date\": 1705766400,\n"
    " \"ip_address_last_notification_date\": 1705766401,\n"
    " \"threat_lists\": {\"malware\": \"2024012015\","
    " \"phishing\": \"2024012014\"}}";

Test(checkpoint, reads_the_lambda_s_form)
{
    cr_assert_eq(parse(lambda_text), SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(checkpoint.stream[SLU_KIND_DOMAIN], 1705766400);
    cr_assert_eq(checkpoint.stream[SLU_KIND_IP], 1705766401);
    cr_assert_eq(checkpoint.list_count, 2);
    cr_assert_eq(hour_of("malware"), 1705762800);
    cr_assert_eq(hour_of("phishing"), 1705762800 - 3600);
    cr_assert_eq(hour_of("trending"), 0);
}

Test(checkpoint, takes_texts_for_numbers_and_null_for_absent)
{
    cr_assert_eq(parse("{\"domain_last_notification_date\":\"1705766400\","
                       "\"ip_address_last_notification_date\":null,"
                       "\"threat_lists\":{\"malware\":2024012015,"
                       "\"trending\":null}}"),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(checkpoint.stream[SLU_KIND_DOMAIN], 1705766400);
    cr_assert_eq(checkpoint.stream[SLU_KIND_IP], 0);
    cr_assert_eq(hour_of("malware"), 1705762800);
    cr_assert_eq(checkpoint.list_count, 1);
    cr_assert_eq(parse("{\"threat_lists\":null}"), SLU_ERR_OK);
    cr_assert_eq(parse(" {}\n"), SLU_ERR_OK);
    cr_assert_eq(parse("{\"domain_last_notification_date\":1705766400.75}"),
                 SLU_ERR_OK);
    cr_assert_eq(checkpoint.stream[SLU_KIND_DOMAIN], 1705766400);
}

Test(checkpoint, ignores_members_that_it_does_not_know)
{
    cr_assert_eq(
        parse("{\"a\":[1,{\"b\":\"\\\"}\"},[],-1.5e+3,true,false,null],"
              "\"\\u0064\":{},\"url_last_notification_date\":\"x\","
              "\"domain_last_notification_date\":5}"),
        SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(checkpoint.stream[SLU_KIND_DOMAIN], 5);
}

/* A damaged checkpoint must not pass for an empty one. */
Test(checkpoint, damage_is_refused_with_its_place)
{
    static const struct {
        const char *text;
        uint64_t offset;
    } bad[] = {
        {"", 0},
        {"[]", 0},
        {"null", 0},
        {"{", 1},
        {"{\"a\"", 4},
        {"{\"a\":}", 5},
        {"{\"a\":1", 6},
        {"{\"a\":1,}", 7},
        {"{\"a\":1}x", 7},
        {"{\"a\":1}}", 7},
        {"{a:1}", 1},
        {"{\"a\":tru}", 5},
        {"{\"a\":[1 2]}", 8},
        {"{\"a\":\"x\ny\"}", 7},
        {"{\"a\":\"x\\", 8},
        {"{\"domain_last_notification_date\":-5}", 35},
        {"{\"domain_last_notification_date\":\"\"}", 35},
        {"{\"domain_last_notification_date\":\"2024-01-20\"}", 45},
        {"{\"domain_last_notification_date\":99999999999999}", 47},
        {"{\"domain_last_notification_date\":{}}", 33},
        {"{\"threat_lists\":[]}", 16},
        {"{\"threat_lists\":5}", 17},
        {"{\"threat_lists\":{\"malware\":\"20240120\"}}", 37},
        {"{\"threat_lists\":{\"malware\":\"2024013299\"}}", 39},
        {"{\"threat_lists\":{\"malware\":true}}", 31},
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(parse(bad[i].text), SLU_ERR_CONFIG, "%s", bad[i].text);
        cr_assert_eq(error.code, SLU_ERR_CONFIG);
        cr_assert_eq(error.offset, bad[i].offset, "%s: %s", bad[i].text,
                     error.text);
        cr_assert_not_null(strstr(error.text, "expected"));
        cr_assert_eq(checkpoint.list_count, 0);
    }
}

Test(checkpoint, every_cut_is_refused)
{
    for (size_t len = 0; len < sizeof(lambda_text) - 1; len++) {
        cr_assert_eq(parse_bytes(lambda_text, len), SLU_ERR_CONFIG, "%zu", len);
    }
}

Test(checkpoint, nesting_is_bounded)
{
    char text[2100] = "{\"a\":";

    memset(text + 5, '[', 1000);
    memset(text + 1005, ']', 1000);
    strcat(text, "}");
    cr_assert_eq(parse(text), SLU_ERR_CONFIG);
    cr_assert_eq(parse("{\"a\":[[[[[[[[]]]]]]]]}"), SLU_ERR_OK);
}

Test(checkpoint, formats_what_it_reads)
{
    struct slu_checkpoint before;
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 10000);
    cr_assert_eq(parse(lambda_text), SLU_ERR_OK);
    before = checkpoint;
    cr_assert_eq(slu_checkpoint_format(&before, &buf), SLU_ERR_OK);
    cr_assert_eq(parse_bytes(buf.ptr, buf.len), SLU_ERR_OK, "%s", error.text);
    cr_assert_eq(memcmp(&before, &checkpoint, sizeof(before)), 0);
    slu_buf_fini(&buf);
}

Test(checkpoint, formats_nothing_as_an_empty_document)
{
    struct slu_checkpoint none = {0};
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 100);
    cr_assert_eq(slu_checkpoint_format(&none, &buf), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf),
                                 "{\n  \"threat_lists\": {}\n}\n"));
    slu_buf_fini(&buf);
    slu_buf_init(&buf, slu_alloc_default(), 10);
    cr_assert_eq(slu_checkpoint_format(&none, &buf), SLU_ERR_LIMIT);
    slu_buf_fini(&buf);
}

Test(checkpoint, the_table_of_lists_is_bounded)
{
    char id[80];

    checkpoint = (struct slu_checkpoint){0};
    for (int i = 0; i < SLU_CHECKPOINT_LISTS_MAX; i++) {
        (void)snprintf(id, sizeof(id), "list-%d", i);
        cr_assert_eq(slu_checkpoint_set_list(&checkpoint, slu_view_str(id), i),
                     SLU_ERR_OK);
    }
    cr_assert_eq(
        slu_checkpoint_set_list(&checkpoint, slu_view_str("another"), 1),
        SLU_ERR_LIMIT);
    cr_assert_eq(
        slu_checkpoint_set_list(&checkpoint, slu_view_str("list-7"), 99),
        SLU_ERR_OK);
    cr_assert_eq(hour_of("list-7"), 99);
    memset(id, 'x', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    checkpoint = (struct slu_checkpoint){0};
    cr_assert_eq(slu_checkpoint_set_list(&checkpoint, slu_view_str(id), 1),
                 SLU_ERR_LIMIT);
    cr_assert_eq(slu_checkpoint_set_list(&checkpoint, slu_view_str(""), 1),
                 SLU_ERR_LIMIT);
}

Test(checkpoint, the_same_dates_are_the_same_text_in_any_order)
{
    const char *const ids[] = {"trending", "cryptominer", "malware"};
    struct slu_checkpoint forward = {0};
    struct slu_checkpoint backward = {0};
    struct slu_buf a;
    struct slu_buf b;

    for (int i = 0; i < 3; i++) {
        cr_assert_eq(
            slu_checkpoint_set_list(&forward, slu_view_str(ids[i]), 3600 * i),
            SLU_ERR_OK);
        cr_assert_eq(slu_checkpoint_set_list(
                         &backward, slu_view_str(ids[2 - i]), 3600 * (2 - i)),
                     SLU_ERR_OK);
    }
    slu_buf_init(&a, slu_alloc_default(), 4096);
    slu_buf_init(&b, slu_alloc_default(), 4096);
    cr_assert_eq(slu_checkpoint_format(&forward, &a), SLU_ERR_OK);
    cr_assert_eq(slu_checkpoint_format(&backward, &b), SLU_ERR_OK);
    cr_assert(slu_view_equal(slu_buf_view(&a), slu_buf_view(&b)));
    slu_buf_fini(&a);
    slu_buf_fini(&b);
}
