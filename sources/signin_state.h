/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the sign-in machine from the inside, for the files signin*.c.
 *
 *     start -> choose: a root (who has the first credentials) and the roles to
 *     be assumed one behind the other with them
 *
 *        +------------------- again, next step, next role -----------------+
 *        v                                                                 |
 *     ASK -> the provider prepares -> ASKED -> the provider takes the answer
 *        \                                        |       |
 *         +-> FAILED <----------------------------+       +-> WAITING -> ASK
 *         +-> READY (the last role's credentials)
 *
 * A provider is two functions. Each must end in exactly one of the moves at the
 * end of this file.
 */
#ifndef SLU_SOURCES_SIGNIN_STATE_H
#define SLU_SOURCES_SIGNIN_STATE_H

#include "codecs/aws_credentials.h"
#include "codecs/sts.h"
#include "sources/signin.h"

#define SLU_SIGNIN_PROFILES_MAX 8
#define SLU_SIGNIN_TARGET_MAX (32u * 1024) /* three encoded ARNs, a command */
#define SLU_SIGNIN_FILE_MAX (64u * 1024)   /* a private key, a token */
#define SLU_SIGNIN_SESSION_NAME "sluice"

enum slu_signin_state {
    SLU_SIGNIN_IDLE,
    SLU_SIGNIN_ASK,     /* the provider is to prepare */
    SLU_SIGNIN_ASKED,   /* an answer is awaited */
    SLU_SIGNIN_WAITING, /* until wait_until_ms, then ASK */
    SLU_SIGNIN_DONE,    /* READY, not yet taken */
    SLU_SIGNIN_OVER,    /* FAILED */
};

struct slu_signin_provider {
    /* Ends in send, fail or keep. */
    void (*prepare)(struct slu_signin *self);
    /* Ends in keep, ask_again, retry or fail. */
    void (*answer)(struct slu_signin *self,
                   const struct slu_signin_answer *answer);
    bool is_process;
};

extern const struct slu_signin_provider slu_signin_anywhere;
extern const struct slu_signin_provider slu_signin_container;
extern const struct slu_signin_provider slu_signin_imds;
extern const struct slu_signin_provider slu_signin_process;
extern const struct slu_signin_provider slu_signin_role; /* AssumeRole */
extern const struct slu_signin_provider slu_signin_web;

/* What only lives during a sign-in, and is wiped whole behind it. All buffers
 * have all of their room from the start: what grew would leave a secret. */
struct slu_signin_work {
    struct slu_aws_keys keys; /* those to go on with */
    struct slu_buf target;    /* or the arguments of a process */
    struct slu_buf text;      /* values of headers */
    struct slu_buf body;
    struct slu_buf file; /* a token or a private key */
    char *argv[SLU_SIGNIN_ARGS_MAX + 1];
};

enum slu_signin_imds_step {
    SLU_SIGNIN_IMDS_TOKEN,
    SLU_SIGNIN_IMDS_ROLE,
    SLU_SIGNIN_IMDS_KEYS,
};

struct slu_signin_imds_state {
    enum slu_signin_imds_step step;
    char token[1024];
    uint64_t token_until_ms;
    char role[130];
    bool renewed;     /* a token was refused in this sign-in */
    bool worked;      /* it gave credentials before */
    bool last_resort; /* nothing else in the chain had any */
};

struct slu_signin {
    struct slu_signin_options options;
    enum slu_signin_state state;
    struct slu_signin_now now; /* of the present call, its clock corrected */
    const struct slu_signin_provider *provider; /* whose turn it is */
    struct slu_signin_work *work;               /* NULL between sign-ins */
    struct slu_signin_need need;
    struct slu_sts_role roles[SLU_SIGNIN_PROFILES_MAX]; /* the outermost
                                                           first */
    unsigned role_count;
    unsigned roles_left;
    unsigned attempts; /* of the present request */
    uint64_t wait_until_ms;
    int64_t skew_s;      /* found in this sign-in, to add to now.wall_s */
    int64_t sent_s;      /* the clock by which the request was signed */
    int64_t last_date_s; /* of the answer under way */
    bool skew_tried;
    bool base_refused;
    struct slu_error error;
    struct slu_credentials ready;
    struct slu_aws_endpoint endpoint;
    struct slu_aws_profile profile; /* the root's, when it is one */
    bool has_profile;
    const char *role_profile; /* whose role roles[0] is */
    bool profile_only;        /* the environment has no say: a source_profile */
    struct slu_sts_role web;
    const char *web_file;
    struct slu_signin_imds_state imds;
    int64_t warned_s; /* of a certificate that expires soon */
    char origin[200];
    char note[300];
    bool has_note;
};

/* ---- choosing: each ends in FAILED, READY or a provider to ask ---- */

void slu_signin_choose_default(struct slu_signin *self);

/* The profile has a role of its own to be assumed with a source. */
bool slu_signin_is_role_profile(const struct slu_aws_profile *profile);
void slu_signin_choose_role_profile(struct slu_signin *self);

/* Each tells whether that was it, for good or bad. */
bool slu_signin_try_environment(struct slu_signin *self);
bool slu_signin_try_keys_of_profile(struct slu_signin *self);
bool slu_signin_try_web(struct slu_signin *self);
bool slu_signin_try_sso(struct slu_signin *self);
bool slu_signin_try_process(struct slu_signin *self);
bool slu_signin_try_container(struct slu_signin *self);
bool slu_signin_try_imds(struct slu_signin *self);
bool slu_signin_has_keys(const struct slu_aws_profile *profile);

void slu_signin_choose_config_keys(struct slu_signin *self);

/* ---- what providers use ---- */

/* Of the environment; "" for what isn't there. */
const char *slu_signin_env(const struct slu_signin *self, const char *name);

/* Reads a file into work->file; false: FAILED, with CONFIG and a sentence that
 * begins with `what` and the path. */
bool slu_signin_read_file(struct slu_signin *self, const char *what,
                          const char *path);

/* An empty request, whose target is empty. */
void slu_signin_begin(struct slu_signin *self, const char *method);
void slu_signin_add_header(struct slu_signin *self, const char *name,
                           struct slu_view value);
void slu_signin_add_headers(struct slu_signin *self,
                            const struct slu_sigv4_added *added);

void slu_signin_set_origin(struct slu_signin *self, const char *format, ...)
    SLU_PRINTF(2, 3);
void slu_signin_add_note(struct slu_signin *self, const char *format, ...)
    SLU_PRINTF(2, 3);

/* Its content is gone, and its room stays. */
void slu_signin_wipe(struct slu_buf *buf);

/* ---- the moves ---- */

/* Wiped and freed; NULL is fine. */
void slu_signin_close_work(struct slu_signin *self);

void slu_signin_send(struct slu_signin *self);

/* work->keys are good; what is to be done with them comes next. */
void slu_signin_keep(struct slu_signin *self);
void slu_signin_ask(struct slu_signin *self,
                    const struct slu_signin_provider *provider);

/* The same once more after a while; FAILED with that sentence when it has been
 * tried often enough. local: metadata and container, three times, a second
 * apart; else five times with back-off. */
void slu_signin_retry(struct slu_signin *self, bool local, enum slu_err code,
                      const char *sentence);

/* Whatever a service of AWS answered that is not what was asked for: retry, or
 * once more by the server's clock, or FAILED with "what: its words". */
void slu_signin_refuse(struct slu_signin *self,
                       const struct slu_signin_answer *answer,
                       const char *what);

void slu_signin_fail(struct slu_signin *self, enum slu_err code,
                     const char *format, ...) SLU_PRINTF(3, 4);

#endif
