/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the AWS services remember: keys, counts by service, operation,
 * account and region, refusals by cause, lapses. GET /_sim/aws tells it.
 * Limits: SIM_COUNTS_MAX rows; all beyond share the last one.
 */
#ifndef SIM_AWS_STATE_H
#define SIM_AWS_STATE_H

#include <openssl/x509.h>

#include "aws_nth.h"
#include "bucket_store.h"
#include "keys.h"
#include "protocol.h"
#include "secret_store.h"
#include "sigv4.h"

#define SIM_COUNTS_MAX 4096
#define SIM_ISSUES_MAX 256
#define SIM_SCOPES_MAX 256

/* The role of the container's credentials, in the base account. */
#define SIM_CONTAINER_ROLE "sim-container"

/* Broken rules that real servers let pass: counted, not refused. */
#define SIM_AWS_LAPSES(X)                                                      \
    X(UNSIGNED_TYPE, "unsigned_content_type")                                  \
    X(SIGNED_HOP, "signed_header_that_hops_change")                            \
    X(UNCLEAN_QUERY, "query_not_strictly_encoded")                             \
    X(NEEDLESS_SIGNATURE, "web_identity_signed")                               \
    X(TYPE_WITHOUT_BODY, "content_type_without_body")

enum sim_aws_lapse {
#define SIM_AWS_LAPSE_ENUM(id, name) SIM_AWS_LAPSE_##id,
    SIM_AWS_LAPSES(SIM_AWS_LAPSE_ENUM)
#undef SIM_AWS_LAPSE_ENUM
        SIM_AWS_LAPSE_COUNT
};

struct sim_count {
    char service[32];
    char operation[64];
    char account[SIM_AWS_ACCOUNT_LEN + 1];
    char region[SIM_AWS_REGION_CAP];
    uint64_t requests; /* let in by their signature */
    uint64_t denied;
    uint64_t throttled;
    double window_start; /* of --aws-throttle */
    int64_t window_requests;
};

/* One set of credentials given out; no secrets. */
struct sim_issue {
    char operation[32];
    char access_key[24];
    char arn[SIM_AWS_ARN_CAP];
    int64_t issued;
    int64_t expires;
};

/* A set that is handed out again until half of its life has passed, as the
   metadata services do. */
struct sim_held {
    struct sim_key key;
    int64_t issued;
};

/* The signing key of a scope, kept by a hash of access key and scope: making
   it costs four HMACs, more than all else that a verification costs. */
struct sim_scope_key {
    char scope[320];
    unsigned char key[SIM_SIGV4_KEY];
};

struct sim_aws {
    struct sim_keys *keys;
    X509_STORE *anchor; /* of --anywhere-ca, NULL without */
    struct sim_count count[SIM_COUNTS_MAX];
    unsigned counts;
    struct sim_scope_key scope_key[SIM_SCOPES_MAX];
    uint64_t refusals[SIM_REFUSAL_COUNT];
    uint64_t lapses[SIM_AWS_LAPSE_COUNT];
    struct sim_issue issue[SIM_ISSUES_MAX]; /* the last ones, a ring */
    uint64_t issues;
    uint64_t requests;
    struct sim_nth nth; /* counts requests too, and is never reset */
    uint64_t in_flight;
    uint64_t in_flight_max;
    uint64_t metadata_tokens;
    struct sim_secret_store *secrets;
    struct sim_bucket_store *buckets;
    struct sim_object file; /* the last that sim_s3_find() read from a folder */
    struct sim_held instance;
    struct sim_held container;
};

/* The row of these four, made if there is none. */
struct sim_count *sim_count_row(struct sim_aws *aws, const char *service,
                                const char *operation, const char *account,
                                const char *region);

/* Issues credentials and notes that. */
struct sim_server;
const struct sim_key *sim_aws_issue(struct sim_server *server,
                                    const char *operation, const char *role_arn,
                                    const char *session, int64_t expires);

/* The held set, or a new one in its place. */
const struct sim_key *sim_aws_hold(struct sim_server *server,
                                   struct sim_held *held, const char *operation,
                                   const char *role, const char *session);

/* The end of a set issued now: by the role, else by --aws-lifetime, else as
   asked. */
int64_t sim_aws_expiry(const struct sim_server *server,
                       const struct sim_aws_role *role, int64_t asked_s);

/* Forgets counts, refusals and lapses; keys stay. */
void sim_aws_reset(struct sim_server *server);

/* YYYY-MM-DDTHH:MM:SSZ; 32 bytes suffice. */
void sim_aws_instant(int64_t unix_s, char *out, size_t cap);

#endif
