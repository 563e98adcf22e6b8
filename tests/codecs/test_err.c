/* SPDX-License-Identifier: Apache-2.0 */
#include <sluice/err.h>
#include <sluice/indicator.h>
#include <sluice/log.h>

#include <criterion/criterion.h>

Test(err, every_code_has_a_name_and_a_sentence)
{
    for (int code = 0; code <= SLU_ERR_STOPPED; code++) {
        cr_assert_str_neq(slu_err_name((enum slu_err)code), "?");
        cr_assert_neq(slu_err_sentence((enum slu_err)code)[0], '\0');
    }
    cr_assert_str_eq(slu_err_name((enum slu_err)99), "?");
    cr_assert_str_eq(slu_err_name(SLU_ERR_NOT_FOUND), "NOT_FOUND");
    cr_assert_leq(SLU_ERR_STOPPED + 1, 20);
}

Test(err, set_cuts_long_text_and_returns_the_code)
{
    struct slu_error error;
    char long_text[1000];

    memset(long_text, 'x', sizeof(long_text) - 1);
    long_text[sizeof(long_text) - 1] = '\0';
    cr_assert_eq(slu_error_set(&error, SLU_ERR_IO, "%s", long_text),
                 SLU_ERR_IO);
    cr_assert_eq(strlen(error.text), (size_t)SLU_ERROR_TEXT_MAX - 1);
    cr_assert_eq(slu_error_set(NULL, SLU_ERR_IO, "x"), SLU_ERR_IO);
}

Test(err, verdicts_round_trip_and_unknown_texts_are_refused)
{
    enum slu_verdict verdict;

    for (int v = SLU_VERDICT_UNKNOWN; v <= SLU_VERDICT_MALICIOUS; v++) {
        const char *name = slu_verdict_name((enum slu_verdict)v);

        cr_assert(slu_verdict_parse(slu_view_str(name), &verdict));
        cr_assert_eq((int)verdict, v);
    }
    cr_assert_not(slu_verdict_parse(slu_view_str(""), &verdict));
    cr_assert_not(slu_verdict_parse(slu_view_str("malicious"), &verdict));
}

Test(err, retry_classes_follow_the_table)
{
    cr_assert_eq(slu_err_retry_class(SLU_ERR_NETWORK), SLU_RETRY_BACKOFF);
    cr_assert_eq(slu_err_retry_class(SLU_ERR_AUTH), SLU_RETRY_REAUTHENTICATE);
    cr_assert_eq(slu_err_retry_class(SLU_ERR_LIMIT), SLU_RETRY_NO);
    cr_assert_str_eq(slu_log_level_name(SLU_LOG_WARN), "WARN");
    cr_assert_str_eq(slu_kind_name(SLU_KIND_IP), "ip_address");
}
