/* SPDX-License-Identifier: Apache-2.0 */
/* What: one request to Secrets Manager on its way between the files of that
   service. Functions that return false or NULL have refused it. */
#ifndef SIM_SECRETS_CALL_H
#define SIM_SECRETS_CALL_H

#include "aws.h"
#include "document.h"
#include "json.h"
#include "secret_store.h"

/* Texts of members are the document's. */
struct sim_secrets_call {
    struct sim_server *server;
    const struct sim_request *request;
    const struct sim_aws_caller *caller;
    struct sim_answer *answer;
    struct sim_document document;
    struct sim_json json;
    struct sim_text text;
    double now;
};

bool sim_secrets_refuse(struct sim_secrets_call *call, const char *type,
                        const char *message);

/* A member of the request, NULL if it is absent; its text, NULL if it is
   absent or null. */
const struct sim_node *sim_secrets_member(const struct sim_secrets_call *call,
                                          const char *name);
const char *sim_secrets_text(const struct sim_secrets_call *call,
                             const char *name);

/* What is needed and isn't there is said to be null. */
bool sim_secrets_check_present(struct sim_secrets_call *call, const char *name);

/* The letters that names are made of. */
bool sim_secrets_is_name(const char *name);

/* The secret that SecretId names. `marked`: one that is marked for deletion
   will do. */
struct sim_secret *sim_secrets_find(struct sim_secrets_call *call, bool marked);

/* The beginning and the end of an answer, whose members go to call->json. */
void sim_secrets_begin(struct sim_secrets_call *call);
void sim_secrets_end(struct sim_secrets_call *call);
void sim_secrets_put_instant(struct sim_json *json, const char *name,
                             double instant);
void sim_secrets_put_labels(struct sim_json *json, const char *name,
                            const struct sim_secret_version *version);
void sim_secrets_put_names(struct sim_json *json,
                           const struct sim_secret *secret);

void sim_secrets_put(struct sim_secrets_call *call);
void sim_secrets_create(struct sim_secrets_call *call);
void sim_secrets_describe(struct sim_secrets_call *call);
void sim_secrets_list(struct sim_secrets_call *call);
void sim_secrets_delete(struct sim_secrets_call *call);
void sim_secrets_restore(struct sim_secrets_call *call);

#endif
