/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: detectors and threat lists of GuardDuty as naive functions over arrays,
 * from the API's reference, as strict as it can be read: states with delays by
 * a clock of its own, refusals while busy, quotas, unique names, client tokens,
 * pages. Nothing of it is shared with the library.
 *
 * Contents are named by one character, repeated: content 'a' is "aaaa...".
 */
#ifndef TESTS_SINKS_SETS_WORLD_H
#define TESTS_SINKS_SETS_WORLD_H

#include "sinks/sets.h"

#define WORLD_REGIONS 3
#define WORLD_SETS 12
#define WORLD_LISTS 6

struct world_set {
    bool used;
    char id[40];
    char name[301];
    char location[301];
    char format[16];
    char status[20];
    char next[20]; /* what the status becomes at due_ms; "": stays */
    uint64_t due_ms;
    char details[100];
    char token[65];
    char owner[13];
    unsigned changes; /* accepted Creates and Updates */
    char reads;       /* the content that it was activated with */
};

enum world_call {
    WORLD_LIST_DETECTORS,
    WORLD_CREATE_DETECTOR,
    WORLD_LIST,
    WORLD_GET,
    WORLD_CREATE,
    WORLD_UPDATE,
    WORLD_CALLS,
};

struct world_region {
    const char *name;
    unsigned detectors;
    struct world_set sets[SLU_KIND_COUNT][WORLD_SETS];
    unsigned calls[WORLD_CALLS][SLU_KIND_COUNT];
    bool no_entities; /* 404 for their operations */
    bool not_enabled; /* 403 for everything */
    bool member;      /* writes refused */
    bool broken;      /* 500 for everything */
    bool no_sign_in;  /* the engine sends nothing */
    bool denied[WORLD_CALLS][SLU_KIND_COUNT];
    unsigned limit; /* of a kind; 0: 6 */
    const char *limit_sentence;
    const char *limit_type;
    bool fails_create[SLU_KIND_COUNT]; /* 500 without a word about limits */
    unsigned throttled;                /* so many answers are 429 */
    unsigned garbled;                  /* so many are 200, and no JSON */
    unsigned garbled_pages;            /* the same, of Lists with a token */
    unsigned vanish_get; /* so many Gets find that the set has gone */
};

struct world {
    uint64_t random;
    uint64_t now_ms;
    uint64_t delay_ms; /* of activation and deactivation */
    unsigned page;     /* ids on a page; 0: 50 */
    bool repeat_token;
    bool late_read; /* the content is read at the end of an activation */
    struct world_region regions[WORLD_REGIONS];
    unsigned region_count;
    char objects[SLU_KIND_COUNT][WORLD_LISTS]; /* in the bucket; 0: empty */
    char bad;                                  /* this content ends in ERROR */
    unsigned next_id;
    unsigned busy_refusals;
    unsigned deletes;
    char fault[200]; /* a request that the service would not understand */
};

struct world_request {
    unsigned region;
    bool posts;
    char target[2000];
    char body[2000];
};

struct world_answer {
    int status;
    const char *type;
    char body[8000];
};

void world_init(struct world *self, uint64_t seed);
struct world_set *world_add(struct world *self, unsigned region,
                            enum slu_kind kind, const char *name,
                            const char *location, const char *status);
/* The first set of that name, or NULL. */
struct world_set *world_find(struct world *self, unsigned region,
                             enum slu_kind kind, const char *name);
unsigned world_calls(const struct world *self, enum world_call call);
void world_forget_calls(struct world *self);

/* What the service does with a request, and says to it. */
void world_serve(struct world *self, const struct world_request *request,
                 struct world_answer *answer);

struct slu_content_name world_content(char letter);

/* "guard_duty/threat-ip-1.txt", and "s3://lists/guard_duty/threat-ip-1.txt". */
const char *world_path(enum slu_kind kind, unsigned index);
const char *world_location(enum slu_kind kind, unsigned index);
const char *world_name(enum slu_kind kind, unsigned index);

#endif
