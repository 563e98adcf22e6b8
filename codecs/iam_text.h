/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: who we are and what we may do, in the words of STS and IAM (query
 * protocol): GetCallerIdentity, and SimulatePrincipalPolicy, which says of each
 * action and resource whether the policies of a user or role allow it, without
 * doing it. Source: the API references of STS and IAM.
 *
 * What a simulation doesn't know: policies of the resource itself (bucket, key)
 * and of the session. An error answer is aws_error.h's.
 */
#ifndef SLU_CODECS_IAM_TEXT_H
#define SLU_CODECS_IAM_TEXT_H

#include "codecs/intern.h"

#define SLU_IAM_CONTENT_TYPE "application/x-www-form-urlencoded; charset=utf-8"
#define SLU_IAM_BODY_MAX (512u * 1024)
#define SLU_IAM_MARKER_MAX 4096
#define SLU_ACCOUNT_LEN 12
#define SLU_CALLER_ARN_MAX 2048

#define SLU_CALLER_BODY "Action=GetCallerIdentity&Version=2011-06-15"

struct slu_caller {
    char account[SLU_ACCOUNT_LEN + 1];
    char arn[SLU_CALLER_ARN_MAX + 1];
};

enum slu_caller_kind {
    SLU_CALLER_USER,
    SLU_CALLER_ROLE,  /* a session of it */
    SLU_CALLER_ROOT,  /* may do everything; IAM simulates no root */
    SLU_CALLER_OTHER, /* a federated user, ...: nothing that IAM simulates */
};

/* MALFORMED with what is missing; NOMEM. */
SLU_MUST_CHECK enum slu_err slu_caller_read(const struct slu_alloc *alloc,
                                            struct slu_view body,
                                            struct slu_caller *out_caller,
                                            struct slu_error *out_error);

/*
 * The ARN of the user or role whose policies count for the caller; "" for the
 * other kinds. arn:aws:sts::A:assumed-role/NAME/SESSION is a session of
 * arn:aws:iam::A:role/NAME, or of a role whose ARN has a path before the name:
 * the session doesn't tell it.
 */
enum slu_caller_kind slu_caller_principal(const struct slu_caller *self,
                                          char out_arn[SLU_CALLER_ARN_MAX + 1]);

/* Each action is simulated with each resource. */
struct slu_iam_question {
    struct slu_view principal;
    const char *const *actions; /* "iam:PutRolePolicy" */
    unsigned action_count;
    const struct slu_intern *resources; /* ARNs, or "*" */
    struct slu_view region; /* where they would be done, for policies that look
                               at aws:RequestedRegion; empty: several */
    struct slu_view marker; /* of the page before, or empty */
};

SLU_MUST_CHECK enum slu_err
slu_iam_write_question(struct slu_buf *out,
                       const struct slu_iam_question *question);

struct slu_iam_evaluation {
    struct slu_view action;
    struct slu_view resource;
    bool allowed;
    bool explicit_deny;    /* some statement denies it; else none allows it */
    bool by_organization;  /* a service control policy doesn't allow it */
    bool by_boundary;      /* nor does the permissions boundary */
    struct slu_view needs; /* condition keys that the policies ask for and a
                              simulation can't know: "aws:SourceIp" or empty */
};

typedef void (*slu_iam_evaluation_fn)(void *ctx,
                                      const struct slu_iam_evaluation *one);

/* Tells every evaluation of one page; *out_marker (cleared first) is what the
 * next one is asked with, empty after the last. MALFORMED, NOMEM, LIMIT. */
SLU_MUST_CHECK enum slu_err
slu_iam_read_answer(const struct slu_alloc *alloc, struct slu_view body,
                    slu_iam_evaluation_fn on_one, void *ctx,
                    struct slu_buf *out_marker, struct slu_error *out_error);

#endif
