/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of a check of publishing. It is made of *tracks*, each a row
 * of requests one behind the other: who we are; the bucket; one track for each
 * region; and, when these are over, the simulation. publish_check.c runs them,
 * publish_check_{caller,bucket,region,simulation}.c say what each asks.
 */
#ifndef SLU_SINKS_PUBLISH_CHECK_STATE_H
#define SLU_SINKS_PUBLISH_CHECK_STATE_H

#include "codecs/aws_endpoint.h"
#include "codecs/aws_error.h"
#include "codecs/iam_text.h"
#include "codecs/intern.h"
#include "codecs/threat_set.h"
#include "sinks/publish_check.h"

#define SLU_CHECK_REGION_MAX 40
#define SLU_CHECK_WHY_GET "needed to take lists over and for conditional writes"
#define SLU_CHECK_WHY_PUT "needed to publish"
#define SLU_CHECK_GROUPS_MAX 12

struct slu_check_track;

struct slu_check_steps {
    /* Fills in the present request, behind what all have in common; target and
     * body go into the track's buffers. */
    enum slu_err (*write)(struct slu_check_track *track,
                          struct slu_request *out_request);
    /* An answer, in track->body; refusal is NULL after a 2xx. It says what is
     * asked next, or ends the track. MALFORMED: track->error has the sentence;
     * the request is sent again. */
    enum slu_err (*take)(struct slu_check_track *track,
                         const struct slu_aws_error *refusal);
};

struct slu_check_track {
    struct slu_unit head;
    struct slu_publish_check *check;
    const struct slu_check_steps *steps;
    unsigned lane;
    unsigned step; /* the track's own */
    bool in_flight;
    bool over;
    bool unsure; /* it ended without an answer to all that it asked */
    int status;
    char error_type[120];
    char region[64];
    struct slu_buf body;   /* of the answer, with room for padding behind */
    struct slu_buf target; /* of the request */
    struct slu_buf sent;   /* its body */
    struct slu_buf lines;  /* a byte of enum slu_check_kind, text, zero byte */
    struct slu_error error;
};

/* ---- what each track finds ---- */

struct slu_check_bucket {
    struct slu_check_track track;
    char region[SLU_CHECK_REGION_MAX]; /* where it lies; "": aws.region */
    bool redirected;
    bool list_denied;
    bool get_denied;
    bool get_unknown;     /* refused, perhaps only because it may not be known
                             whether the object is there */
    unsigned at;          /* of the objects, for the PUTs */
    unsigned proved;      /* objects that may be put */
    unsigned denied_puts; /* s3:PutObject is missing there */
    unsigned denied_gets; /* s3:GetObject */
    unsigned unknown;     /* refused for what may be something else */
    struct slu_request_header headers[2]; /* of the request */
    char first_put[SLU_LOCATION_MAX + 1];
    char first_get[SLU_LOCATION_MAX + 1];
    char put_words[256]; /* of the server, about the first of each */
    char get_words[256];
    char unknown_words[256];
};

/* The sets of one kind in one region. */
struct slu_check_sets {
    unsigned total;
    uint32_t ours;          /* bit i: list i has one */
    struct slu_buf foreign; /* names, ", " between */
    struct slu_buf ids;     /* of ours, each with a zero byte */
    bool tried_get;         /* so that it need not be simulated */
    bool absent;            /* the region has none of that kind */
    char list_words[256];   /* of the server, denying it; "": permitted */
    char get_words[256];
};

struct slu_check_region {
    struct slu_check_track track;
    const char *region;
    char detector[SLU_SET_ID_MAX + 1]; /* "": none, or not known */
    bool none;                         /* it has no detector */
    char words[256];                   /* denying to tell of it, or "" */
    struct slu_check_sets sets[SLU_KIND_COUNT];
    struct slu_buf ids;   /* of the kind being read, each with a zero byte */
    struct slu_buf token; /* nextToken */
    unsigned pages;
    size_t at; /* in ids */
};

enum slu_check_found {
    SLU_CHECK_UNTOLD, /* IAM has not said */
    SLU_CHECK_ALLOWED,
    SLU_CHECK_MISSING, /* no policy allows it */
    SLU_CHECK_DENIED,  /* some policy denies it */
    SLU_CHECK_HANGS,   /* on a condition that a simulation can't know */
};

/* Actions that are simulated with the same resources. */
struct slu_check_group {
    const char *actions[2];
    unsigned action_count;
    const char *why;    /* who needs it: "for IP lists" */
    bool shared;        /* a policy of the resource may allow it too */
    const char *region; /* where they would be done; NULL: in several */
    struct slu_intern resources; /* ARNs */
    struct slu_buf found; /* of each action and resource: a byte of the above */
};

struct slu_check_simulation {
    struct slu_check_track track;
    bool planned;
    unsigned group_count;
    unsigned at; /* in groups */
    struct slu_check_group groups[SLU_CHECK_GROUPS_MAX];
    struct slu_buf marker;
    unsigned pages;
    char needs[128]; /* condition keys that a simulation can't know */
    bool by_organization;
    bool by_boundary;
};

struct slu_publish_check {
    struct slu_publish_check_options options;
    const struct slu_alloc *alloc;
    struct slu_errand_port port;
    char aws_region[SLU_CHECK_REGION_MAX];
    struct slu_caller caller;
    enum slu_caller_kind caller_kind;
    char principal[SLU_CALLER_ARN_MAX + 1]; /* "": none that IAM simulates */
    struct slu_check_track caller_track;
    struct slu_check_bucket bucket;
    struct slu_check_region *regions;
    unsigned region_count;
    unsigned region_room; /* in the allocation */
    struct slu_check_simulation simulation;
    unsigned asked;           /* trials that were answered */
    unsigned denied;          /* of them */
    struct slu_error sign_in; /* code OK: it worked */
    struct slu_error fatal;   /* NOMEM */
};

/* ---- publish_check.c, publish_check_tell.c ---- */

enum slu_check_lane {
    SLU_CHECK_LANE_STS,
    SLU_CHECK_LANE_S3,
    SLU_CHECK_LANE_IAM,
    SLU_CHECK_LANE_REGIONS, /* and one for each */
};

/* Caller, bucket, regions, simulation; NULL past the last. */
struct slu_check_track *slu_check_track_at(struct slu_publish_check *self,
                                           unsigned index);

/* Ends the check: it is out of memory. */
void slu_check_fail(struct slu_publish_check *self, enum slu_err err);

/* Adds a line to what the track has found. */
void slu_check_say(struct slu_check_track *track, enum slu_check_kind kind,
                   const char *format, ...) SLU_PRINTF(3, 4);

/* "missing: ACTION on RESOURCE, needed WHY: WORDS" as FAIL. */
void slu_check_say_missing(struct slu_check_track *track, const char *action,
                           const char *resource, const char *why,
                           const char *words);

/* An answer that is neither what was hoped for nor a denial: FAIL. */
void slu_check_say_odd(struct slu_check_track *track,
                       const struct slu_aws_error *refusal);

bool slu_check_is_denied(const struct slu_aws_error *refusal);

/* The server's words, or its code. */
const char *slu_check_words(const struct slu_aws_error *refusal);

/* Where the bucket lies, as far as that is known. */
const char *slu_check_bucket_region(const struct slu_publish_check *self);

/* "aws", of aws.region. */
const char *slu_check_partition(const struct slu_publish_check *self);

/* The path of the index-th object; NULL past the last. */
const char *slu_check_path(const struct slu_publish_check *self,
                           unsigned index);

/* ---- one for each kind of track ---- */

extern const struct slu_check_steps slu_check_caller_steps;
extern const struct slu_check_steps slu_check_bucket_steps;
extern const struct slu_check_steps slu_check_region_steps;
extern const struct slu_check_steps slu_check_simulation_steps;

/* Where a detector is named, none is looked for. */
void slu_check_region_begin(struct slu_check_region *self);

/* The lines that only the end of a track, however it came, can tell. */
void slu_check_bucket_conclude(struct slu_check_bucket *self);
void slu_check_region_conclude(struct slu_check_region *self);
void slu_check_simulation_conclude(struct slu_check_simulation *self);

/* "arn:aws:s3:::bucket/prefix/path" of the index-th object. */
void slu_check_object_arn(const struct slu_publish_check *self, unsigned index,
                          char out[SLU_LOCATION_MAX + 1]);

/* publish_check_plan.c: when all that is tried has been, what is simulated. */
SLU_MUST_CHECK enum slu_err
slu_check_simulation_plan(struct slu_check_simulation *self);

/* Ends the track where there is nothing to ask, or nobody to ask for. */
void slu_check_simulation_begin(struct slu_check_simulation *self);

#endif
