/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of rows share: a row with every field set, and text in
 * allocations of its own length, so that a read behind it is seen. */
#ifndef TESTS_CODECS_ROWS_MAKE_H
#define TESTS_CODECS_ROWS_MAKE_H

#include "codecs/buf.h"
#include <sluice/row.h>

#include <criterion/criterion.h>
#include <stdio.h>

typedef enum slu_err (*append_row_fn)(const struct slu_row *row,
                                      struct slu_buf *out);

static const struct slu_view make_row_tags[] = {
    SLU_VIEW_LITERAL("GuardDuty-prod"), SLU_VIEW_LITERAL("GuardDuty-public")};

static inline struct slu_row make_row(void)
{
    return (struct slu_row){
        .value = SLU_VIEW_LITERAL("45.33.32.156"),
        .kind = SLU_ROW_IPV4,
        .ce_type = "url",
        .severity = "high",
        .reputation = 5,
        .tags = make_row_tags,
        .tag_count = 2,
        .comments = SLU_VIEW_LITERAL("Finding ARN: a"),
        .first_seen = SLU_VIEW_LITERAL("2025-08-07T05:00:00.000Z"),
        .last_seen = SLU_VIEW_LITERAL("2025-08-07T06:00:00Z"),
        .finding_id = SLU_VIEW_LITERAL("f1"),
        .finding_arn = SLU_VIEW_LITERAL("arn:aws:guardduty:x"),
        .finding_type = SLU_VIEW_LITERAL("Recon:EC2/PortProbe"),
        .account = SLU_VIEW_LITERAL("111122223333"),
        .region = SLU_VIEW_LITERAL("eu-west-1"),
    };
}

/* The text of one row; valid until the next call. */
static inline const char *row_text(append_row_fn append,
                                   const struct slu_row *row)
{
    static char text[1 << 16];
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), sizeof(text) - 1);
    cr_assert_eq(append(row, &out), SLU_ERR_OK);
    memcpy(text, out.ptr, out.len);
    text[out.len] = '\0';
    slu_buf_fini(&out);
    return text;
}

/* Every maximum of the buffer that is too small leaves it as it was. */
static inline void expect_whole_or_nothing(append_row_fn append)
{
    struct slu_row row = make_row();
    size_t need = strlen(row_text(append, &row));

    for (size_t max = 3; max < need + 20; max++) {
        struct slu_buf out;

        slu_buf_init(&out, slu_alloc_default(), max);
        cr_assert_eq(slu_buf_append_str(&out, "abc"), SLU_ERR_OK);
        if (append(&row, &out) == SLU_ERR_OK) {
            cr_assert_geq(max, need + 3);
            cr_assert_eq(out.len, need + 3);
        } else {
            cr_assert_lt(max, need + 3);
            cr_assert_eq(out.len, 3u);
        }
        slu_buf_fini(&out);
    }
}

static void *refuse_memory(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    (void)ctx;
    (void)ptr;
    (void)old_len;
    (void)new_len;
    return NULL;
}

static inline void expect_nomem(append_row_fn append)
{
    struct slu_alloc none = {refuse_memory, NULL};
    struct slu_row row = make_row();
    struct slu_buf out;

    slu_buf_init(&out, &none, 10000);
    cr_assert_eq(append(&row, &out), SLU_ERR_NOMEM);
    cr_assert_eq(out.len, 0u);
    slu_buf_fini(&out);
}

#endif
