/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/csv_cell.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>

static void expect_cell(const char *text, const char *cell)
{
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), 1000);
    cr_assert_eq(slu_csv_append_cell(&out, slu_view_str(text)), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&out), cell), "%s: %.*s", text,
              SLU_VIEW_ARGS(slu_buf_view(&out)));
    slu_buf_fini(&out);
}

Test(csv_cell, quotes_what_must_be_quoted)
{
    expect_cell("", "");
    expect_cell("1.2.3.4", "1.2.3.4");
    expect_cell("*.example.com", "*.example.com");
    expect_cell("a,b", "\"a,b\"");
    expect_cell("a\"b", "\"a\"\"b\"");
    expect_cell("a\r\nb\x7f", "a  b ");
    expect_cell("a\xff", "a\xef\xbf\xbd");
}

Test(csv_cell, keeps_spreadsheets_from_computing)
{
    expect_cell("=1+1", "\"'=1+1\"");
    expect_cell("+1", "\"'+1\"");
    expect_cell("-1", "\"'-1\"");
    expect_cell("@a", "\"'@a\"");
    expect_cell("a=1", "a=1");
}

Test(csv_cell, tells_of_a_full_buffer)
{
    struct slu_buf out;

    for (size_t max = 0; max < 5; max++) {
        slu_buf_init(&out, slu_alloc_default(), max);
        cr_assert_eq(slu_csv_append_cell(&out, slu_view_str("a,b")),
                     SLU_ERR_LIMIT);
        slu_buf_fini(&out);
    }
}
