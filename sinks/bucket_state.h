/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the insides of the sink "s3", private to sinks/bucket*.c. Each object
 * of a run is one unit and goes through these phases:
 *
 *     VERIFY (HEAD) --> done (known, or absent), or as below
 *         \--> FETCH (it is another one)
 *     FETCH -------------------------------------------> done, or as below
 *     LOOK (HEAD) --> PUT (absent, or a side file) ----> done
 *         \--> COMPARE (GET) --> done (same), conflict, or PUT
 *     PUT --> COMPARE (412) --> done, conflict, or PUT with the ETag found
 *     any of them --> LOCATE (HEAD of the bucket) --> the same one again
 *
 *     bucket.c          the instance, what is asked for, outcomes
 *     bucket_run.c      the errand: start, turns, where answers go
 *     bucket_known.c    what is known of objects, and its stored form
 *     bucket_intent.c   what was going to be put, and its stored form
 *     bucket_request.c  the requests
 *     bucket_answer.c   heads and bodies
 *     bucket_judge.c    what an answer means
 *     bucket_refusal.c  what a refusal means, and its sentence
 *     bucket_region.c   where the bucket is
 */
#ifndef SLU_SINKS_BUCKET_STATE_H
#define SLU_SINKS_BUCKET_STATE_H

#include "codecs/aws_error.h"
#include "codecs/sha256.h"
#include "sinks/bucket.h"

/* Objects that something is known of: those of a run, and a few that an earlier
 * configuration had. */
#define SLU_BUCKET_KNOWN_MAX 64
#define SLU_BUCKET_IN_FLIGHT_MAX 4
/* Contents that runs were about to put, each of which died before it knew; of
 * more, the oldest is forgotten: its lines would be taken over. */
#define SLU_BUCKET_INTENTS_MAX 8
#define SLU_BUCKET_HEADERS 5
#define SLU_BUCKET_REGION_MAX 64
#define SLU_BUCKET_WORDS_MAX (64u * 1024) /* of an error's body */
#define SLU_BUCKET_TARGET_MAX (3 * SLU_LOCATION_MAX + 1)
#define SLU_BUCKET_PREFIX_MAX 256
#define SLU_BUCKET_KMS_MAX 256

enum slu_bucket_phase {
    SLU_BUCKET_DONE,
    SLU_BUCKET_VERIFY,  /* HEAD: is it the object that is known */
    SLU_BUCKET_FETCH,   /* GET, into the contents */
    SLU_BUCKET_LOOK,    /* HEAD: is there an object, and its ETag */
    SLU_BUCKET_COMPARE, /* GET, hashed: whose content is it */
    SLU_BUCKET_PUT,
    SLU_BUCKET_LOCATE, /* HEAD of the bucket, then `behind` */
};

struct slu_bucket_known {
    char path[SLU_OBJECT_PATH_MAX + 1];
    bool used; /* by a unit */
    enum slu_object_state state;
    char etag[SLU_ETAG_MAX];
    struct slu_content_name content; /* "": not known; of an UNKNOWN object the
                                        last that was */
    uint64_t lines;
    uint64_t bytes;
    struct slu_content_name intents[SLU_BUCKET_INTENTS_MAX]; /* oldest first */
    unsigned intent_count;
};

/* Of the request in flight. */
struct slu_bucket_answer {
    int status;
    char etag[SLU_ETAG_MAX]; /* "": none that could be sent back */
    char region[SLU_BUCKET_REGION_MAX];
    char error_type[64];
    struct slu_buf words;   /* of an error */
    struct slu_error fault; /* why the body could not be taken */
    struct slu_content_writer *writer;
    struct slu_sha256 *hash;
    uint64_t lines;
    uint64_t bytes;
    bool in_line; /* the last byte so far was no end of a line */
};

struct slu_bucket_unit {
    struct slu_unit unit;
    struct slu_bucket_known *known;
    bool verify;
    bool fetch;
    bool store;
    struct slu_artifact artifact; /* of store; its path is known->path */
    struct slu_buf target;        /* "/prefix/path", encoded */

    enum slu_bucket_phase phase;
    enum slu_bucket_phase behind; /* LOCATE */
    enum slu_object_outcome outcome;
    struct slu_content_name before; /* the run; "": not known */
    uint64_t lines_before;          /* of the object, before it was put */
    bool busy;                      /* handed out */
    bool sent;                      /* a PUT was handed out */
    bool redirected;
    unsigned moves;                     /* requests that led to another one */
    char region[SLU_BUCKET_REGION_MAX]; /* asked in; "": aws.region */
    bool open;
    struct slu_view body; /* when open */
    struct slu_request_header headers[SLU_BUCKET_HEADERS];
    struct slu_bucket_answer answer;
};

struct slu_bucket {
    const struct slu_alloc *alloc;
    const struct slu_contents *contents;
    struct slu_bucket_config config; /* its texts are these: */
    char bucket[64];
    char prefix[SLU_BUCKET_PREFIX_MAX + 1];
    char owner[13];
    char kms_key_id[SLU_BUCKET_KMS_MAX + 1];

    struct slu_bucket_known known[SLU_BUCKET_KNOWN_MAX];
    unsigned known_count;
    struct slu_bucket_unit units[SLU_BUCKET_PATHS_MAX];
    unsigned unit_count;
    char region[SLU_BUCKET_REGION_MAX]; /* "": aws.region */

    struct slu_errand_port port;            /* of the run */
    char own_region[SLU_BUCKET_REGION_MAX]; /* aws.region */
    unsigned in_flight;
    bool held;
    unsigned refused;            /* units that ended with a 403 */
    bool welcome;                /* some unit was allowed what it asked for */
    struct slu_error signed_out; /* why the sign-in failed */
    unsigned told;               /* failures that were logged */
    bool doubted;                /* and that one can't be verified */
    struct slu_bucket_result result;
};

/* ---- bucket.c ---- */

/* "s3://bucket/prefix/path", cut to what a sentence has room for. */
static inline const char *slu_bucket_thing(const struct slu_bucket_unit *unit)
{
    return unit->unit.name;
}

void slu_bucket_log(struct slu_bucket *self, enum slu_log_level level,
                    const char *format, ...) SLU_PRINTF(3, 4);

/* The unit is over. count_failure keeps the first; fail logs it, too. */
void slu_bucket_end(struct slu_bucket *self, struct slu_bucket_unit *unit,
                    enum slu_object_outcome outcome);
void slu_bucket_count_failure(struct slu_bucket *self,
                              struct slu_bucket_unit *unit,
                              enum slu_object_outcome outcome,
                              const struct slu_error *error);
void slu_bucket_fail(struct slu_bucket *self, struct slu_bucket_unit *unit,
                     enum slu_object_outcome outcome,
                     const struct slu_error *error);

/* It is being verified: failing is no failure. */
bool slu_bucket_is_verified(const struct slu_bucket_unit *unit);

/* ---- bucket_intent.c ---- */

/* True for a content that was put here, or may have been, or whose lines are
 * known: what the object has of ours may be replaced. */
bool slu_bucket_is_ours(const struct slu_bucket_known *self,
                        const struct slu_content_name *content);
enum slu_err slu_bucket_intent_load(struct slu_bucket *self,
                                    struct slu_view key, struct slu_view value);
/* The object has what was to be put; deletes what is stored, by port->put. */
SLU_MUST_CHECK enum slu_err slu_bucket_intent_end(struct slu_bucket *self,
                                                  struct slu_bucket_unit *unit);

/* ---- bucket_run.c ---- */

/* The first phase of storing. */
void slu_bucket_plan_store(struct slu_bucket *self,
                           struct slu_bucket_unit *unit);

/* ---- bucket_known.c ---- */

struct slu_bucket_known *slu_bucket_known_find(const struct slu_bucket *self,
                                               const char *path);

/* NULL when there is no room. May forget an unused one. */
struct slu_bucket_known *slu_bucket_known_take(struct slu_bucket *self,
                                               struct slu_view path);

/* True when the object is known to have that content. */
bool slu_bucket_known_has(const struct slu_bucket_known *self,
                          const struct slu_content_name *content);

/* False, and "" in out, for what can't be a header of ours. */
bool slu_bucket_etag_copy(struct slu_view etag, char out[SLU_ETAG_MAX]);

enum slu_err slu_bucket_known_load(struct slu_bucket *self, struct slu_view key,
                                   struct slu_view value);

/* Hands what is known to port->put. */
SLU_MUST_CHECK enum slu_err slu_bucket_known_put(struct slu_bucket *self,
                                                 struct slu_bucket_unit *unit);

/* ---- bucket_request.c ---- */

/* False: the content can't be opened; *out_error says why. */
SLU_MUST_CHECK bool slu_bucket_request_make(struct slu_bucket *self,
                                            struct slu_bucket_unit *unit,
                                            struct slu_request *out_request,
                                            struct slu_error *out_error);
/* What the request held is given back. */
void slu_bucket_request_release(struct slu_bucket *self,
                                struct slu_bucket_unit *unit);

/* ---- bucket_answer.c ---- */

void slu_bucket_answer_head(struct slu_bucket *self,
                            struct slu_bucket_unit *unit,
                            const struct slu_answer_head *head);
enum slu_body_verdict slu_bucket_answer_body(struct slu_bucket *self,
                                             struct slu_bucket_unit *unit,
                                             struct slu_view bytes);
/* The name of the body that was hashed. */
void slu_bucket_answer_name(struct slu_bucket_unit *unit,
                            struct slu_content_name *out_name);
uint64_t slu_bucket_answer_lines(const struct slu_bucket_unit *unit);
/* Gives back what the answer holds; it begins anew. */
void slu_bucket_answer_drop(struct slu_bucket *self,
                            struct slu_bucket_unit *unit);
void slu_bucket_answer_fini(struct slu_bucket *self,
                            struct slu_bucket_unit *unit);

/* ---- bucket_judge.c ---- */

void slu_bucket_judge(struct slu_bucket *self, struct slu_bucket_unit *unit,
                      const struct slu_answer_end *end,
                      struct slu_step *out_step);

/* The unit goes on with another request; it fails when it has done so too
 * often. */
void slu_bucket_move(struct slu_bucket *self, struct slu_bucket_unit *unit,
                     enum slu_bucket_phase phase, struct slu_step *out_step);

/* Hands what is known of the object to port->put; false: the unit has failed
 * for that. */
SLU_MUST_CHECK bool slu_bucket_remember(struct slu_bucket *self,
                                        struct slu_bucket_unit *unit,
                                        struct slu_step *out_step);

/* Ends the unit as FAILED with the sentence in out_step->error. */
void slu_bucket_refuse(struct slu_bucket *self, struct slu_bucket_unit *unit,
                       struct slu_step *out_step);

/* ---- bucket_refusal.c ---- */

void slu_bucket_refusal(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        const struct slu_aws_error *cause,
                        struct slu_step *out_step);

/* ---- bucket_region.c ---- */

/* The region that the bucket is asked in now, for a message and to compare. */
const char *slu_bucket_region(const struct slu_bucket *self,
                              const char *learned);
void slu_bucket_region_load(struct slu_bucket *self, struct slu_view value);
void slu_bucket_redirect(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         const struct slu_aws_error *cause,
                         struct slu_step *out_step);

#endif
