/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: an AWS error answer, in each of its forms: rest-json (x-amzn-ErrorType,
 * `code`, `__type`, `message`), query XML (STS) and S3 XML. Source of the order
 * of preference: botocore's parsers; see also GuardDuty's API reference.
 * Limits: code, detail and message are cut to their room; control bytes in a
 * message become blanks.
 */
#ifndef SLU_CODECS_AWS_ERROR_H
#define SLU_CODECS_AWS_ERROR_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

enum slu_aws_class {
    SLU_AWS_OTHER,       /* no retry helps */
    SLU_AWS_BAD_REQUEST, /* BadRequestException, ValidationError, ... */
    SLU_AWS_DENIED,      /* AccessDenied and its kin */
    SLU_AWS_NOT_ENABLED, /* UnrecognizedClientException, InvalidClientTokenId,
                            AuthFailure, OptInRequired: a wrong key, or a region
                            that is not enabled, or an old token */
    SLU_AWS_EXPIRED,     /* ExpiredToken, ExpiredTokenException */
    SLU_AWS_SIGNATURE,   /* may be the clock: RequestTimeTooSkewed,
                            RequestExpired, RequestInTheFuture,
                            InvalidSignatureException, SignatureDoesNotMatch */
    SLU_AWS_THROTTLED,   /* the throttling codes, 429 whatever its code, 503
                            SlowDown */
    SLU_AWS_TRANSIENT,   /* 5xx, RequestTimeout, IDPCommunicationError, ... */
    SLU_AWS_REDIRECT,    /* S3: 301, 307, AuthorizationHeaderMalformed */
    SLU_AWS_NOT_FOUND,   /* NoSuchKey, NoSuchBucket, ResourceNotFound, 404 */
};

struct slu_aws_error {
    enum slu_aws_class class_;
    int status;
    char code[64];   /* "BadRequestException"; the status when there is none */
    char detail[64]; /* __type where it says more: "InvalidInputException" */
    char message[256]; /* the server's words, or "" */
    char region[64];   /* S3: <Region> */
};

/* error_type is the header x-amzn-ErrorType or empty; body may be cut, HTML, or
 * empty. NOMEM only. */
SLU_MUST_CHECK enum slu_err slu_aws_error_read(const struct slu_alloc *alloc,
                                               int status,
                                               struct slu_view error_type,
                                               struct slu_view body,
                                               struct slu_aws_error *out_error);

#endif
