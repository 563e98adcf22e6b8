/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: how an identity gets its AWS credentials, as a sans-I/O state machine:
 * the SDKs' chain (static keys, environment, profiles with role_arn,
 * source_profile, credential_source and credential_process, web identity,
 * container, IMDSv2) and IAM Roles Anywhere, and STS AssumeRole behind any of
 * them for a role of a profile or an account of a fan-out.
 *
 * Use, for a first sign-in and for every refresh alike:
 *
 *     start(now); loop: next(now, &need)
 *         REQUEST  send it; then answer() with what came
 *         PROCESS  run it; then answer()
 *         WAIT     ask again at need.wait_until_ms
 *         READY    take() the credentials
 *         FAILED   need.error says why; start() tries again
 *
 * Requests are complete: signed where they must be, their headers included, and
 * never to be sent through a proxy when `direct` is set (metadata, container).
 * Retries within one sign-in (IMDS and container three times, STS and Roles
 * Anywhere on throttling, 5xx and a broken connection with back-off) are made
 * in here. Nothing is logged but through need.note.
 *
 * Limits: an answer of SLU_SIGNIN_BODY_MAX; a chain of 8 profiles.
 * Ownership: views of a need stay valid until the next call. All secrets are
 * wiped when they are replaced and by free.
 * Errors of FAILED: CONFIG (what the user wrote: unknown profile, unreadable
 * key file, a region that differs), AUTH (wrong passphrase, expired
 * certificate, a sign-in refused: exit 3), NOT_FOUND never, NETWORK, SERVER,
 * NOMEM. "Check the IAM Role attached to your EC2 Machine" where nothing in the
 * chain has credentials and the metadata service answers without any.
 */
#ifndef SLU_SOURCES_SIGNIN_H
#define SLU_SOURCES_SIGNIN_H

#include "codecs/sigv4.h"
#include "sources/aws_settings.h"

#define SLU_SIGNIN_BODY_MAX (64u * 1024)
#define SLU_SIGNIN_HEADERS_MAX 12
#define SLU_SIGNIN_ARGS_MAX 64

enum slu_signin_turn {
    SLU_SIGNIN_REQUEST,
    SLU_SIGNIN_PROCESS,
    SLU_SIGNIN_WAIT,
    SLU_SIGNIN_READY,
    SLU_SIGNIN_FAILED,
};

struct slu_signin_now {
    uint64_t mono_ms;
    int64_t wall_s; /* the corrected clock, as requests are signed */
    uint64_t random;
};

struct slu_signin_need {
    /* REQUEST */
    const char *method; /* "GET", "PUT", "POST" */
    struct slu_view origin;
    struct slu_view target;
    struct slu_sigv4_pair headers[SLU_SIGNIN_HEADERS_MAX]; /* Host is the
                                                              transport's */
    unsigned header_count;
    struct slu_view body;
    bool direct;        /* never through a proxy */
    int64_t timeout_ms; /* for the whole exchange */
    /* PROCESS: no shell; argv ends with NULL. */
    char *const *argv;
    /* WAIT */
    uint64_t wait_until_ms;
    /* FAILED */
    struct slu_error error;
    /* A line for the log at WARN ("the certificate ... expires in 3 days"), or
     * NULL. */
    const char *note;
};

/* What came of a REQUEST or a PROCESS. */
struct slu_signin_answer {
    enum slu_err err;              /* OK: status and body are whole */
    const struct slu_error *error; /* detail when not OK */
    int status;                    /* HTTP; of a process its exit status, 128 +
                                      signal when killed */
    struct slu_view error_type;    /* x-amzn-ErrorType */
    struct slu_view body;          /* stdout of a process */
    struct slu_view diagnostics;   /* stderr of a process */
    int64_t date_s;                /* of the answer's Date header, 0: none */
};

/* Taken together; wiped by fini. */
struct slu_credentials {
    char *access_key_id;
    char *secret_access_key;
    char *session_token; /* "" for none */
    const struct slu_alloc *alloc;
    int64_t expires_s; /* 0: never */
    int64_t obtained_s;
};
/* Safe on a zeroed struct. */
void slu_credentials_fini(struct slu_credentials *self);

struct slu_signin_options {
    const struct slu_alloc *alloc;
    const struct slu_aws_port *port; /* files are read anew at each sign-in */
    const struct slu_aws_settings *settings;
    const struct slu_aws_config *config;
    /* An account's role, assumed with the base identity's credentials; NULL:
     * this is the base identity. */
    const struct slu_account *account;
};

struct slu_signin;

/* Nothing is read or asked before start. NULL when out of memory. Options'
 * pointers outlive it. */
struct slu_signin *slu_signin_new(const struct slu_signin_options *options);
void slu_signin_free(struct slu_signin *self);

/* base: valid credentials of the base identity, for an account's role; NULL for
 * the base identity itself. Copied. */
void slu_signin_start(struct slu_signin *self,
                      const struct slu_credentials *base,
                      struct slu_signin_now now);

enum slu_signin_turn slu_signin_next(struct slu_signin *self,
                                     struct slu_signin_now now,
                                     struct slu_signin_need *out_need);

void slu_signin_answer(struct slu_signin *self,
                       const struct slu_signin_answer *answer,
                       struct slu_signin_now now);

/* Moves the credentials out; once after READY. */
void slu_signin_take(struct slu_signin *self,
                     struct slu_credentials *out_credentials);

/* Where they come from, for logs and check: "the environment", "profile dev",
 * "IAM Roles Anywhere", "the EC2 metadata service (role r)". */
const char *slu_signin_origin(const struct slu_signin *self);

/* Seconds by which a server's clock was found to be ahead of now.wall_s in this
 * sign-in, 0: none. The machine goes by it; once it is taken, the caller's
 * now.wall_s must have it. */
int64_t slu_signin_take_skew(struct slu_signin *self);

/* An account's sign-in FAILED because the base's credentials were called
 * expired or unknown: new ones may help. */
bool slu_signin_base_refused(const struct slu_signin *self);

#endif
