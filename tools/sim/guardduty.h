/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GuardDuty's REST operations. A call is one request on its way: who
 * asks, of which detector, with which body. Every refusal has the real
 * service's shape: 400 BadRequestException, InvalidInputException.
 */
#ifndef SIM_GUARDDUTY_H
#define SIM_GUARDDUTY_H

#include "aws.h"
#include "criteria.h"
#include "document.h"
#include "page_token.h"
#include "server.h"
#include "world.h"

#define SIM_IDS_MAX 50

struct sim_guardduty_call {
    struct sim_server *server;
    struct sim_world *world;
    const struct sim_request *request;
    const struct sim_aws_caller *caller;
    struct sim_answer *answer;
    struct sim_detector *detector; /* the one in the path, or the caller's
                                      slot; NULL outside of the world */
    unsigned kind;                 /* of a set: enum sim_set_kind */
    unsigned set_operation;        /* enum sim_set_operation */
    char item[64];                 /* the set in the path */
    struct sim_document document;  /* the body, if the operation has one */
};

/* A page of a list that is asked for with GET. */
struct sim_guardduty_page {
    uint64_t binding;
    size_t max;
    const char *sent; /* nextToken, "" without one */
    struct sim_page_token token;
};

/* A member of a body. */
struct sim_guardduty_member {
    const char *name;
    enum sim_node_kind kind; /* SIM_NODE_TRUE stands for both booleans */
    bool required;
};

void sim_guardduty_reject(struct sim_guardduty_call *call, const char *message);
void sim_guardduty_reject_parameter(struct sim_guardduty_call *call,
                                    const char *name);

/* True if `node` is an object of these members and of no others. */
bool sim_guardduty_check(struct sim_guardduty_call *call,
                         const struct sim_node *node,
                         const struct sim_guardduty_member *members,
                         size_t count);

/* A member of the body, NULL if absent or without a body. */
const struct sim_node *
sim_guardduty_member(const struct sim_guardduty_call *call, const char *name);

/* `now` of the data, to the millisecond. */
int64_t sim_guardduty_now_ms(const struct sim_server *server);

/* Sends `text` and empties it. */
void sim_guardduty_send(struct sim_guardduty_call *call, struct sim_text *text);

/* Appends `"nextToken":` and what says that there is none, if the switch says
   so; with a leading comma. */
void sim_guardduty_put_end(const struct sim_guardduty_call *call,
                           struct sim_text *text);

/* guardduty_page.c; `salt` tells lists apart, so that a token of one isn't good
   for another. */
bool sim_guardduty_page_read(struct sim_guardduty_call *call, uint64_t salt,
                             struct sim_guardduty_page *page);
/* True if this page is an empty one that another follows. */
bool sim_guardduty_page_pauses(const struct sim_guardduty_call *call,
                               struct sim_guardduty_page *page);
/* Appends the token that leads on, if there is more. */
void sim_guardduty_page_put_end(const struct sim_guardduty_call *call,
                                const struct sim_guardduty_page *page,
                                bool more, struct sim_text *text);

/* guardduty_sets.c: all operations on sets. */
void sim_guardduty_set(struct sim_guardduty_call *call);

/* guardduty_detectors.c */
bool sim_guardduty_check_tags(struct sim_guardduty_call *call);
void sim_guardduty_list_detectors(struct sim_guardduty_call *call);
void sim_guardduty_create_detector(struct sim_guardduty_call *call);
void sim_guardduty_get_detector(struct sim_guardduty_call *call);

/* guardduty_list.c; the last frees what a list has kept. */
void sim_guardduty_list_findings(struct sim_guardduty_call *call);
void sim_guardduty_fini(void);

/* guardduty_findings.c */
void sim_guardduty_get_findings(struct sim_guardduty_call *call);
void sim_guardduty_create_samples(struct sim_guardduty_call *call);
void sim_guardduty_archive(struct sim_guardduty_call *call);
void sim_guardduty_unarchive(struct sim_guardduty_call *call);

/* guardduty_counts.c: what was asked, for GET /_sim/guardduty. */
void sim_guardduty_count(const struct sim_aws_caller *caller,
                         const char *operation, struct sim_answer *answer);
void sim_guardduty_counts_render(const struct sim_server *server,
                                 struct sim_text *out);
void sim_guardduty_counts_reset(void);

/* GET /_sim/findings: every view's findings as lines of JSON. */
struct sim_feed *sim_guardduty_dump(struct sim_world *world);

#endif
