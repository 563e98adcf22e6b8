/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: AssumeRole and AssumeRoleWithWebIdentity of STS: the body of the
 * request (query protocol) and the credentials of the answer. Source: the STS
 * API reference. An error answer is aws_error.h's.
 */
#ifndef SLU_CODECS_STS_H
#define SLU_CODECS_STS_H

#include "codecs/aws_credentials.h"
#include "codecs/buf.h"

#define SLU_STS_CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"

/* The API's own limits. */
#define SLU_STS_ROLE_ARN_MIN 20
#define SLU_STS_ROLE_ARN_MAX 2048
#define SLU_STS_SESSION_NAME_MIN 2
#define SLU_STS_SESSION_NAME_MAX 64
#define SLU_STS_DURATION_MIN 900
#define SLU_STS_DURATION_MAX 43200
#define SLU_STS_EXTERNAL_ID_MIN 2
#define SLU_STS_EXTERNAL_ID_MAX 1224
#define SLU_STS_WEB_TOKEN_MIN 4
#define SLU_STS_WEB_TOKEN_MAX 20000

/* A web identity's token, each byte encoded. */
#define SLU_STS_BODY_MAX (96u * 1024)

struct slu_sts_role {
    struct slu_view role_arn;
    struct slu_view session_name;
    struct slu_view external_id; /* empty: none */
    struct slu_view web_token;   /* empty: AssumeRole, signed; else
                                    AssumeRoleWithWebIdentity, not signed */
    int64_t duration_s;          /* 0: the server's default */
};

/* Whether STS would take it; CONFIG with a sentence that begins with the name
 * of the part: "role_arn ...". */
SLU_MUST_CHECK enum slu_err slu_sts_role_check(const struct slu_sts_role *self,
                                               struct slu_error *out_error);

/* Appends the body. It holds the web identity's token: its owner wipes it. */
SLU_MUST_CHECK enum slu_err
slu_sts_write_request(struct slu_buf *out, const struct slu_sts_role *role);

/* Reads the credentials of either operation's answer. On failure *out_keys is
 * wiped; MALFORMED with what is missing; NOMEM. */
SLU_MUST_CHECK enum slu_err slu_sts_read_answer(const struct slu_alloc *alloc,
                                                struct slu_view body,
                                                struct slu_aws_keys *out_keys,
                                                struct slu_error *out_error);

#endif
