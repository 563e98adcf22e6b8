/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the seven ways in which AWS services say what is wrong, and every
 * refusal of a signature in each of them.
 */
#ifndef SIM_PROTOCOL_H
#define SIM_PROTOCOL_H

#include "answer.h"

enum sim_protocol {
    SIM_PROTOCOL_REST,  /* JSON, the code in x-amzn-ErrorType */
    SIM_PROTOCOL_JSON,  /* JSON 1.1, the code in __type; refusals are 400 */
    SIM_PROTOCOL_QUERY, /* STS: <ErrorResponse> */
    SIM_PROTOCOL_IAM,   /* the same, in IAM's name space */
    SIM_PROTOCOL_S3,    /* <Error> */
    SIM_PROTOCOL_IMDS,  /* a page for people */
    SIM_PROTOCOL_CONTAINER,
};

/* Why a request was not let in: name; status and code of rest-json (without
   its "Exception"), of STS, of S3. The codes are those of the reference; where
   it is silent, those of the nearest case that it names. */
#define SIM_REFUSALS(X)                                                        \
    X(MISSING, "missing_authorization", 403, "MissingAuthenticationToken",     \
      403, "MissingAuthenticationToken", 403, "AccessDenied")                  \
    X(GARBLED, "garbled_authorization", 403, "IncompleteSignature", 400,       \
      "IncompleteSignature", 400, "AuthorizationHeaderMalformed")              \
    X(UNSORTED, "unsorted_signed_headers", 403, "InvalidSignature", 403,       \
      "SignatureDoesNotMatch", 403, "SignatureDoesNotMatch")                   \
    X(DUPLICATE, "duplicate_signed_headers", 403, "InvalidSignature", 403,     \
      "SignatureDoesNotMatch", 403, "SignatureDoesNotMatch")                   \
    X(UNSIGNED_HOST, "unsigned_host", 403, "InvalidSignature", 403,            \
      "SignatureDoesNotMatch", 403, "AccessDenied")                            \
    X(UNSIGNED_AMZ, "unsigned_x_amz_header", 403, "InvalidSignature", 403,     \
      "SignatureDoesNotMatch", 403, "AccessDenied")                            \
    X(ABSENT_HEADER, "signed_header_absent", 403, "IncompleteSignature", 400,  \
      "IncompleteSignature", 403, "SignatureDoesNotMatch")                     \
    X(NO_DATE, "date_absent_or_malformed", 403, "IncompleteSignature", 400,    \
      "IncompleteSignature", 403, "AccessDenied")                              \
    X(NO_BODY_HASH, "body_hash_absent", 400, "InvalidRequest", 400,            \
      "InvalidRequest", 400, "InvalidRequest")                                 \
    X(BODY_HASH, "body_hash_wrong", 403, "InvalidSignature", 403,              \
      "SignatureDoesNotMatch", 400, "XAmzContentSHA256Mismatch")               \
    X(QUERY, "query_not_canonical", 403, "InvalidSignature", 403,              \
      "SignatureDoesNotMatch", 400, "InvalidURI")                              \
    X(SCOPE_DATE, "scope_date_differs", 403, "InvalidSignature", 403,          \
      "SignatureDoesNotMatch", 400, "AuthorizationHeaderMalformed")            \
    X(SKEW, "clock_skew", 403, "InvalidSignature", 403,                        \
      "SignatureDoesNotMatch", 403, "RequestTimeTooSkewed")                    \
    X(REGION, "wrong_region", 403, "InvalidSignature", 403,                    \
      "SignatureDoesNotMatch", 400, "AuthorizationHeaderMalformed")            \
    X(SERVICE, "wrong_service", 403, "InvalidSignature", 403,                  \
      "SignatureDoesNotMatch", 400, "AuthorizationHeaderMalformed")            \
    X(UNKNOWN_KEY, "unknown_key", 403, "UnrecognizedClient", 403,              \
      "InvalidClientTokenId", 403, "InvalidAccessKeyId")                       \
    X(TOKEN, "wrong_or_missing_token", 403, "UnrecognizedClient", 403,         \
      "InvalidClientTokenId", 400, "InvalidToken")                             \
    X(EXPIRED, "expired_token", 403, "ExpiredToken", 403, "ExpiredToken", 400, \
      "ExpiredToken")                                                          \
    X(MISMATCH, "signature_mismatch", 403, "InvalidSignature", 403,            \
      "SignatureDoesNotMatch", 403, "SignatureDoesNotMatch")                   \
    X(CERTIFICATE, "certificate", 403, "AccessDenied", 403, "AccessDenied",    \
      403, "AccessDenied")                                                     \
    X(CERTIFIED, "certificate_signature_mismatch", 403, "AccessDenied", 403,   \
      "AccessDenied", 403, "AccessDenied")

enum sim_refusal {
#define SIM_REFUSAL_ENUM(id, name, a, b, c, d, e, f) SIM_REFUSED_##id,
    SIM_REFUSALS(SIM_REFUSAL_ENUM)
#undef SIM_REFUSAL_ENUM
        SIM_REFUSAL_COUNT
};

const char *sim_refusal_name(enum sim_refusal refusal);

/* Says an error in the service's own form. */
void sim_protocol_error(struct sim_answer *answer, enum sim_protocol protocol,
                        int status, const char *code, const char *message);

void sim_protocol_refuse(struct sim_answer *answer, enum sim_protocol protocol,
                         enum sim_refusal refusal, const char *message);

/* S3's form, with more elements, which are XML already. */
void sim_protocol_s3_error(struct sim_answer *answer, int status,
                           const char *code, const char *message,
                           const char *elements);

#endif
