/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/buf.h"

#include <criterion/criterion.h>

Test(buf, appends_and_formats)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 1000);
    cr_assert_eq(slu_buf_append_str(&buf, "abc"), SLU_ERR_OK);
    cr_assert_eq(slu_buf_printf(&buf, "-%d", 42), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abc-42"));
    slu_buf_fini(&buf);
}

Test(buf, refuses_what_exceeds_its_maximum_and_keeps_the_rest)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), 4);
    cr_assert_eq(slu_buf_append_str(&buf, "abc"), SLU_ERR_OK);
    cr_assert_eq(slu_buf_append_str(&buf, "de"), SLU_ERR_LIMIT);
    cr_assert_eq(slu_buf_append_str(&buf, "d"), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&buf), "abcd"));
    slu_buf_fini(&buf);
}

Test(buf, fini_is_safe_on_a_zeroed_struct)
{
    struct slu_buf buf = {0};

    slu_buf_fini(&buf);
    cr_assert_null(buf.ptr);
}
