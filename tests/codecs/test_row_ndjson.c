/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/row_ndjson.h"
#include "rows_make.h"

#include <stdlib.h>

static const char *text_of(const struct slu_row *row)
{
    return row_text(slu_row_ndjson_append, row);
}

Test(row_ndjson, has_every_member_in_the_order_of_the_design)
{
    struct slu_row row = make_row();

    cr_assert_str_eq(
        text_of(&row),
        "{\"value\":\"45.33.32.156\",\"type\":\"ipv4\",\"ce_type\":\"url\","
        "\"severity\":\"high\",\"reputation\":5,"
        "\"tags\":[\"GuardDuty-prod\",\"GuardDuty-public\"],"
        "\"comments\":\"Finding ARN: a\","
        "\"first_seen\":\"2025-08-07T05:00:00.000Z\","
        "\"last_seen\":\"2025-08-07T06:00:00Z\",\"finding_id\":\"f1\","
        "\"finding_arn\":\"arn:aws:guardduty:x\","
        "\"finding_type\":\"Recon:EC2/PortProbe\","
        "\"account\":\"111122223333\",\"region\":\"eu-west-1\"}\n");
}

Test(row_ndjson, names_each_kind)
{
    static const char *const names[] = {"ipv4", "ipv6", "domain", "sha256"};

    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        struct slu_row row = make_row();
        char part[40];

        row.kind = (enum slu_row_kind)kind;
        (void)snprintf(part, sizeof(part), "\"type\":\"%s\"", names[kind]);
        cr_assert_not_null(strstr(text_of(&row), part), "%s", part);
    }
}

Test(row_ndjson, writes_each_reputation)
{
    for (unsigned reputation = 0; reputation <= 10; reputation++) {
        struct slu_row row = make_row();
        char part[40];

        row.reputation = reputation;
        (void)snprintf(part, sizeof(part), ",\"reputation\":%u,\"tags\"",
                       reputation);
        cr_assert_not_null(strstr(text_of(&row), part), "%s", part);
    }
}

Test(row_ndjson, tells_absent_from_empty)
{
    struct slu_row row = make_row();

    row.tag_count = 0;
    row.comments = slu_view_str("");
    row.first_seen = slu_view_make(NULL, 0);
    row.last_seen = slu_view_make(NULL, 0);
    row.region = slu_view_make(NULL, 0);
    cr_assert_not_null(strstr(text_of(&row),
                              "\"tags\":[],\"comments\":\"\",\"first_seen\":"
                              "null,\"last_seen\":null,\"finding_id\":\"f1\""));
    cr_assert_not_null(strstr(text_of(&row), "\"region\":null}\n"));
}

Test(row_ndjson, is_one_line_of_valid_text_whatever_the_bytes)
{
    static const struct slu_view tag = SLU_VIEW_LITERAL("a\"b\\");
    struct slu_row row = make_row();
    const char *text;

    row.tags = &tag;
    row.tag_count = 1;
    row.comments = slu_view_make("x\r\ny\0z\xff\xc3\xbc\x7f", 10);
    text = text_of(&row);
    cr_assert_not_null(strstr(text, "\"tags\":[\"a\\\"b\\\\\"]"));
    cr_assert_not_null(strstr(text, "\"comments\":\"x\\u000d\\u000ay\\u0000z"
                                    "\xef\xbf\xbd\xc3\xbc\\u007f\""));
    cr_assert_eq(strchr(text, '\n'), text + strlen(text) - 1);
}

Test(row_ndjson, is_appended_whole_or_not_at_all)
{
    expect_whole_or_nothing(slu_row_ndjson_append);
    expect_nomem(slu_row_ndjson_append);
}

Test(row_ndjson, takes_no_memory_once_the_buffer_is_there)
{
    struct slu_row row = make_row();
    struct slu_buf out;
    char *room;

    slu_buf_init(&out, slu_alloc_default(), 1 << 20);
    cr_assert_eq(slu_buf_reserve(&out, 1 << 19, &room), SLU_ERR_OK);
    for (unsigned i = 0; i < 500; i++) {
        cr_assert_eq(slu_row_ndjson_append(&row, &out), SLU_ERR_OK);
        cr_assert_eq(out.ptr, room);
    }
    slu_buf_fini(&out);
}
