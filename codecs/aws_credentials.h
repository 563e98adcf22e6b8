/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: credentials as AWS hands them out in JSON: the EC2 metadata service,
 * the container endpoints, a credential_process, CreateSession of IAM Roles
 * Anywhere. Sources: the EC2 user guide ("Retrieve security credentials from
 * instance metadata"), the SDKs' reference ("Container credential provider",
 * "Process credential provider"), the Roles Anywhere API.
 * Limits: those of struct slu_aws_keys; a body of SLU_AWS_KEYS_BODY_MAX.
 * Ownership: everything is copied; the copies that were made on the way are
 * wiped.
 */
#ifndef SLU_CODECS_AWS_CREDENTIALS_H
#define SLU_CODECS_AWS_CREDENTIALS_H

#include "codecs/alloc.h"
#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_AWS_KEYS_BODY_MAX (64u * 1024)
#define SLU_AWS_KEY_ID_MAX 128
#define SLU_AWS_SECRET_MAX 256
#define SLU_AWS_TOKEN_MAX 16383

/* Key, secret and token, taken together. Fixed room, so that no copy of a
 * secret is left behind where something grew. */
struct slu_aws_keys {
    char access_key_id[SLU_AWS_KEY_ID_MAX + 1];
    char secret_access_key[SLU_AWS_SECRET_MAX + 1];
    char session_token[SLU_AWS_TOKEN_MAX + 1]; /* "" for none */
    int64_t expires_s;                         /* 0: never */
    int64_t updated_s; /* the metadata service's LastUpdated, 0: not told */
};

enum slu_aws_keys_form {
    SLU_AWS_KEYS_METADATA,  /* Code must be Success */
    SLU_AWS_KEYS_CONTAINER, /* Expiration may be absent */
    SLU_AWS_KEYS_PROCESS,   /* Version must be 1; Expiration may be absent */
    SLU_AWS_KEYS_ANYWHERE,  /* the first of credentialSet */
};

void slu_aws_keys_wipe(struct slu_aws_keys *self);

/*
 * Copies one part into its room: the bytes of a header (printable ASCII) only.
 * MALFORMED with a sentence for anything else, for nothing and for more than
 * there is room for. `what` names it: "SecretAccessKey".
 */
SLU_MUST_CHECK enum slu_err slu_aws_keys_set(char *room, size_t max,
                                             const char *what,
                                             struct slu_view value,
                                             struct slu_error *out_error);

/* "2026-01-01T06:00:00Z", with a fraction or without, or with an offset. */
SLU_MUST_CHECK enum slu_err slu_aws_keys_set_time(int64_t *out_seconds,
                                                  const char *what,
                                                  struct slu_view value,
                                                  struct slu_error *out_error);

/*
 * Reads one answer. On failure *out_keys is wiped. AUTH: the metadata service's
 * Code is not Success (its sentence quotes the code); MALFORMED with what is
 * missing or wrong; NOMEM. No sentence quotes a value but Code, Version and
 * times.
 */
SLU_MUST_CHECK enum slu_err slu_aws_keys_read(const struct slu_alloc *alloc,
                                              enum slu_aws_keys_form form,
                                              struct slu_view body,
                                              struct slu_aws_keys *out_keys,
                                              struct slu_error *out_error);

#endif
