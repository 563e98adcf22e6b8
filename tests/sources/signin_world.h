/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine with an environment and files of the test's, and a sign-in on it
 * that is answered by hand. Every allocation of the sign-in is looked at: one
 * given back with the word "geheim" in it is a failure, so that word belongs in
 * every secret of a test.
 */
#ifndef TESTS_SOURCES_SIGNIN_WORLD_H
#define TESTS_SOURCES_SIGNIN_WORLD_H

#include "engine/count_alloc.h"
#include "sources/signin.h"

#define WORLD_NOW 1767225600 /* 2026-01-01T00:00:00Z */
#define WORLD_SECRET "geheim"

struct world_text {
    const char *name;
    const char *text;
};

struct world {
    struct count_alloc counting;
    struct slu_aws_port port;
    struct world_text env[24];
    unsigned env_count;
    struct world_text files[12];
    unsigned file_count;
    unsigned reads; /* of files, since start */
    struct slu_aws_config config;
    struct slu_aws_settings *settings;
    const struct slu_account *account;
    struct slu_signin *signin;
    struct slu_signin_now now;
    enum slu_signin_turn turn;
    struct slu_signin_need need;
    char note[400]; /* the last one */
};

void world_init(struct world *self);
void world_fini(struct world *self);

/* At a test's end: nothing is left of the sign-in, and no secret was in what it
 * gave back. expect_ready and expect_failed ask for the latter, too. */
void world_free_signin(struct world *self);

/* The text lives on; a name that is there is replaced. */
void world_set_env(struct world *self, const char *name, const char *text);
void world_set_file(struct world *self, const char *path, const char *text);
/* ~/.aws/config and ~/.aws/credentials of the world. */
void world_set_config(struct world *self, const char *text);
void world_set_credentials(struct world *self, const char *text);

/* Reads the settings if need be, starts the sign-in and takes its first turn.
 */
void world_start(struct world *self);
void world_start_with(struct world *self, const struct slu_credentials *base);
void world_next(struct world *self);

/* Of the turn that is there. target NULL: any. */
void world_expect_request(const struct world *self, const char *method,
                          const char *origin, const char *target);
void world_expect_header(const struct world *self, const char *name,
                         const char *value);
/* Empty when there is none. */
struct slu_view world_header(const struct world *self, const char *name);
void world_expect_body(const struct world *self, const char *body);
/* Waits so long, and takes the next turn at its end. */
void world_expect_wait(struct world *self, uint64_t least_ms, uint64_t most_ms);

/* Each takes the next turn. */
void world_answer(struct world *self, int status, const char *body);
void world_answer_error(struct world *self, enum slu_err err,
                        const char *sentence);
void world_answer_with(struct world *self,
                       const struct slu_signin_answer *answer);

/* expires_s 0: never. */
void world_expect_ready(struct world *self, const char *key_id,
                        const char *secret, const char *token,
                        int64_t expires_s);
void world_expect_origin(const struct world *self, const char *origin);
/* The sentence whole; `code` of it. */
void world_expect_failed(const struct world *self, enum slu_err code,
                         const char *sentence);

/* Answers of STS and of the metadata service with "ID", a secret and a token
 * made of it ("geheim-ID", "token-geheim-ID"), until WORLD_NOW + 3600. */
const char *world_sts(const char *key_id);
const char *world_imds(const char *key_id);
void world_expect_made(struct world *self, const char *key_id);

#endif
