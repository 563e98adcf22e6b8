/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of STS and IAM of any bytes: a caller is an account and an ARN or
 * nothing, its principal is an ARN where IAM can simulate one, and every
 * evaluation that is told can be read.
 */
#include "codecs/iam_text.h"
#include "fuzz/demand.h"

static unsigned sum; /* so that every byte of a view is touched */

static void touch(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        sum += (unsigned char)text.ptr[i];
    }
}

static void check_evaluation(void *ctx, const struct slu_iam_evaluation *one)
{
    (void)ctx;
    touch(one->action);
    touch(one->resource);
    touch(one->needs);
    demand(!one->allowed || !one->explicit_deny, "allowed is not denied");
}

static void check_caller(struct slu_view body)
{
    static struct slu_caller caller;
    char arn[SLU_CALLER_ARN_MAX + 1];
    struct slu_error error = {0};
    enum slu_caller_kind kind;
    enum slu_err err =
        slu_caller_read(slu_alloc_default(), body, &caller, &error);

    if (err != SLU_ERR_OK) {
        demand(error.code == err && error.text[0] != '\0', "a sentence");
        demand(caller.account[0] == '\0' && caller.arn[0] == '\0',
               "nothing is left");
        return;
    }
    demand(strspn(caller.account, "0123456789") == SLU_ACCOUNT_LEN,
           "an account has twelve digits");
    demand(strncmp(caller.arn, "arn:", 4) == 0, "an ARN is one");
    kind = slu_caller_principal(&caller, arn);
    demand((kind == SLU_CALLER_USER || kind == SLU_CALLER_ROLE) ==
               (arn[0] != '\0'),
           "users and roles have a principal");
}

static void check_answer(struct slu_view body)
{
    struct slu_error error = {0};
    struct slu_buf marker;
    enum slu_err err;

    slu_buf_init(&marker, slu_alloc_default(), SLU_IAM_MARKER_MAX);
    err = slu_iam_read_answer(slu_alloc_default(), body, check_evaluation, NULL,
                              &marker, &error);
    demand(err == SLU_ERR_OK || error.text[0] != '\0', "a sentence");
    slu_buf_fini(&marker);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view body = slu_view_make((const char *)data, size);

    check_caller(body);
    check_answer(body);
    return 0;
}
