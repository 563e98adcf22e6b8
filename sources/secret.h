/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: an errand (codecs/exchange.h) that fetches one secret from AWS Secrets
 * Manager: GetSecretValue, in the region of its ARN, else aws.region. The value
 * is the string itself, or a member of it where it is a JSON object: the one
 * that is named, else the only one.
 * Source: Secrets Manager API reference, GetSecretValue.
 * Errors, in one sentence that names the secret and never its value:
 * NOT_FOUND (no such secret, or marked for deletion), AUTH (sign-in), DENIED
 * (secretsmanager:GetSecretValue, kms:Decrypt), CONFIG (binary, no such member,
 * several members and none named, a value that is no key: spaces, line breaks),
 * NETWORK, SERVER.
 * Limits: 65,536 bytes, the service's own.
 * Ownership: the value lives in memory that is wiped by free.
 */
#ifndef SLU_SOURCES_SECRET_H
#define SLU_SOURCES_SECRET_H

#include "codecs/alloc.h"
#include "codecs/exchange.h"
#include "codecs/field.h"

struct slu_secret_fetch;

/* Of a configured secret whose `name` is set. */
SLU_MUST_CHECK enum slu_err slu_secret_fetch_new(
    const struct slu_alloc *alloc, const struct slu_secret *secret,
    struct slu_secret_fetch **out_fetch, struct slu_error *out_error);
void slu_secret_fetch_free(struct slu_secret_fetch *self);

extern const struct slu_errand_ops slu_secret_errand;

/* After the run: the value, NULL when there is none; then *out_error says why.
 */
const char *slu_secret_fetch_value(const struct slu_secret_fetch *self,
                                   struct slu_error *out_error);

#endif
