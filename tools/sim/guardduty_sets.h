/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: GuardDuty's four kinds of custom lists: ThreatIntelSet, IPSet (IPv4
 * addresses), ThreatEntitySet, TrustedEntitySet (addresses and domains). A set
 * is a location in S3 and a status; what it was when it became ACTIVE is what
 * is used for detection, whatever becomes of the object since:
 *
 *     INACTIVE -> ACTIVATING -> ACTIVE -> DEACTIVATING -> INACTIVE
 *                     |           |
 *                     v           +-> ACTIVATING (the old content stays
 *                   ERROR             in use)
 *     any that isn't busy -> DELETE_PENDING -> DELETED
 *
 * Clock: a busy set is due by the real clock or by the one of the data,
 * whichever comes first, so that a frozen clock holds nobody up and moving it
 * is a way to wait for 40 minutes. What is due happens before the next request
 * is answered.
 * Facts: botocore's model of 2017-11-28 for the shapes; the user guide for
 * states, quotas, entries and permissions. What neither tells is an option.
 */
#ifndef SIM_GUARDDUTY_SETS_H
#define SIM_GUARDDUTY_SETS_H

#include "guardduty.h"
#include "sigv4.h"

#define SIM_SET_NAME_MAX 300
#define SIM_SET_LOCATION_MAX 300
#define SIM_SET_FILE_MAX 35000000
#define SIM_SET_BUCKET_CAP 64

enum sim_set_kind {
    SIM_SET_THREAT_IP,
    SIM_SET_THREAT_ENTITY,
    SIM_SET_TRUSTED_IP,
    SIM_SET_TRUSTED_ENTITY,
    SIM_SET_KINDS,
};

#define SIM_SET_STATUSES(X)                                                    \
    X(INACTIVE)                                                                \
    X(ACTIVATING)                                                              \
    X(ACTIVE)                                                                  \
    X(DEACTIVATING)                                                            \
    X(ERROR)                                                                   \
    X(DELETE_PENDING)                                                          \
    X(DELETED)

enum sim_set_status {
#define SIM_SET_STATUS_ENUM(name) SIM_SET_##name,
    SIM_SET_STATUSES(SIM_SET_STATUS_ENUM)
#undef SIM_SET_STATUS_ENUM
        SIM_SET_STATUS_COUNT
};

enum sim_set_operation {
    SIM_SET_CREATE,
    SIM_SET_GET,
    SIM_SET_UPDATE,
    SIM_SET_LIST,
    SIM_SET_DELETE,
    SIM_SET_OPERATIONS,
};

/* What a kind is called, and what it holds at most. */
struct sim_set_noun {
    const char *word; /* in options and on the control page */
    const char *noun; /* in the names of operations */
    const char *id;   /* on the wire */
    const char *ids;
    bool entity; /* domains too */
    size_t lines_max;
};

/* What activating the object as it is comes to. */
struct sim_set_content {
    bool good;
    char sha256[SIM_SHA256_HEX];
    size_t lines;
    char wrong[300]; /* why it isn't good */
};

struct sim_set {
    struct sim_set *next; /* in the order of creation */
    uint64_t serial;
    enum sim_set_kind kind;
    char account[13];
    char region[64];
    char id[SIM_ID_LEN + 1];
    char name[SIM_SET_NAME_MAX + 1];
    char format[16];
    char location[SIM_SET_LOCATION_MAX + 1];
    char expected_owner[13]; /* "": not given */
    char *tags;              /* a JSON object, NULL without tags */
    uint64_t token;          /* a hash of the clientToken, 0 without one */
    uint64_t body;           /* and of the body that came with it */
    int64_t created_ms;
    int64_t updated_ms;
    enum sim_set_status status;
    bool timed; /* the status ends by itself; else it stays for ever */
    double due_wall;
    int64_t due_ms;                 /* of the data's clock */
    bool used;                      /* in_use is what detection works with */
    struct sim_set_content in_use;  /* since it was last ACTIVE */
    struct sim_set_content loading; /* while ACTIVATING */
    char error[300];                /* errorDetails */
    uint64_t turn; /* which of all activations its last one was */
    uint64_t activations;
    uint64_t updates;
    uint64_t deletes;
    uint64_t busy; /* refused for the status */
};

struct sim_sets {
    struct sim_server *server;
    struct sim_set *first;
    struct sim_set **end;
    uint64_t made;
    uint64_t timed; /* sets whose status ends by itself */
    uint64_t activations;
    uint64_t accepted[SIM_SET_KINDS][SIM_SET_OPERATIONS];
    uint64_t refused[SIM_SET_KINDS][SIM_SET_OPERATIONS];
    uint64_t busy;
};

/* Where a set's file is. */
struct sim_set_location {
    char bucket[SIM_SET_BUCKET_CAP];
    char key[SIM_SET_LOCATION_MAX + 1];
    bool documented; /* in one of the user guide's five forms */
};

extern const struct sim_set_noun sim_set_nouns[SIM_SET_KINDS];
extern const char *const sim_set_operations[SIM_SET_OPERATIONS];

const char *sim_set_status_name(enum sim_set_status status);
/* SIM_SET_STATUS_COUNT, SIM_SET_KINDS if there is none of that name. */
enum sim_set_status sim_set_status_parse(const char *name);
enum sim_set_kind sim_set_kind_parse(const char *word);

/* guardduty_sets_store.c; options that can't be met end the process. */
struct sim_sets *sim_sets_new(struct sim_server *server);
void sim_sets_free(struct sim_sets *sets);
struct sim_set *sim_sets_add(struct sim_sets *sets, enum sim_set_kind kind,
                             const char *account, const char *region);
struct sim_set *sim_sets_find(const struct sim_sets *sets,
                              enum sim_set_kind kind, const char *account,
                              const char *region, const char *id);
/* By name; DELETED ones have none any more. */
struct sim_set *sim_sets_named(const struct sim_sets *sets,
                               enum sim_set_kind kind, const char *account,
                               const char *region, const char *name);
/* True if one more of this kind fits here. */
bool sim_sets_have_room(const struct sim_sets *sets, enum sim_set_kind kind,
                        const char *account, const char *region);

/* guardduty_sets_state.c */
void sim_sets_settle(struct sim_sets *sets);
/* Ends whatever a set is busy with, now. */
void sim_sets_finish(struct sim_sets *sets);
bool sim_set_is_busy(const struct sim_set *set);
void sim_set_activate(struct sim_sets *sets, struct sim_set *set);
void sim_set_deactivate(struct sim_sets *sets, struct sim_set *set);
void sim_set_delete(struct sim_sets *sets, struct sim_set *set);

/* guardduty_sets_location.c; false if it is none at all. */
bool sim_set_location_read(const char *text, struct sim_set_location *out);

/* guardduty_sets_object.c: what is at the location, as GuardDuty sees it. */
void sim_set_load(struct sim_sets *sets, const struct sim_set *set,
                  struct sim_set_content *out);

/* guardduty_sets_content.c: judges the bytes of a file; `out` has sha256 and
   lines in any case. */
void sim_set_content_judge(const struct sim_options *options,
                           const struct sim_set *set, const char *data,
                           size_t len, struct sim_set_content *out);

/* guardduty_sets_check.c: the members of a body, false with an answer given. */
bool sim_set_check_create(struct sim_guardduty_call *call);
bool sim_set_check_update(struct sim_guardduty_call *call);
/* True if this caller may change sets at all, here and with this body. */
bool sim_set_check_caller(struct sim_guardduty_call *call);
bool sim_set_check_permissions(struct sim_guardduty_call *call,
                               enum sim_set_operation operation);

/* GET and POST /_sim/sets, guardduty_sets_control.c */
void sim_sets_control(struct sim_server *server,
                      const struct sim_request *request,
                      struct sim_answer *answer);
void sim_sets_reset(struct sim_sets *sets);

#endif
