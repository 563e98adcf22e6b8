/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a source's request to AWS made ready for http: its endpoint by the
 * settings of the machine, and its headers signed. Every attempt is signed
 * anew, since a signature holds for minutes and credentials change.
 *
 * Life cycle: new; sign, then start the transfer (which copies), then wipe;
 * free. What sign hands out points into the signer and dies with wipe.
 * Limits: SLU_AWS_SIGNED_MAX bytes of signed headers; those of codecs/sigv4.h.
 * Errors: CONFIG (an endpoint that can't be made: region, bucket, custom
 * endpoint), LIMIT, NOMEM.
 * Threads: the loop's.
 */
#ifndef SLU_ENGINE_AWS_SIGN_H
#define SLU_ENGINE_AWS_SIGN_H

#include "engine/http.h"
#include "sources/signin.h"
#include "sources/source.h"

#define SLU_AWS_SIGNED_MAX (32u * 1024)

struct slu_aws_signer;

/* The settings outlive it. NULL when out of memory. */
struct slu_aws_signer *
slu_aws_signer_new(const struct slu_alloc *alloc,
                   const struct slu_aws_settings *settings);
void slu_aws_signer_free(struct slu_aws_signer *self);

/* now_s: the corrected clock. */
SLU_MUST_CHECK enum slu_err slu_aws_signer_sign(
    struct slu_aws_signer *self, const struct slu_request *request,
    const struct slu_credentials *credentials, int64_t now_s,
    struct slu_http_request *out_http, struct slu_error *out_error);

/* The session token is among what sign has made. */
void slu_aws_signer_wipe(struct slu_aws_signer *self);

#endif
