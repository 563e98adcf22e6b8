/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the sink "s3": the files of the layout as objects of one bucket, with
 * conditional writes, so that two writers can't undo each other. An errand
 * (codecs/exchange.h); which requests it makes is asked of it before a run.
 *
 *     new -> verify(path)*           HEAD of a known object, to see that it is
 *                                    still the one; GET of any other
 *            fetch(path)*            GET, into the contents
 *            store(artifact)*        PUT, unless the object has that content
 *            intend                  before a run that stores
 *         -> run -> object(path), result -> clear -> ... -> free
 *
 * What it knows of an object (its ETag, content, lines) is stored under
 * "s3/object/<path>" with the answer that told it; the region of the bucket,
 * where it is another than aws.region, under "s3/region". Of a fetched object
 * nothing is stored: who takes its lines over stores what slu_bucket_entry
 * makes in the same transaction, so that no line is lost between the two. Who
 * fetches and then takes nothing over must not store there with this instance.
 *
 * Before a list or a checkpoint is put, its content's name is durable under
 * "s3/intent/<path>", until the object is known to have what was put last. An
 * object with a content that was intended, or last known, is ours: of a run
 * that was killed before it had the answer. Nothing of it need be taken over.
 *
 * A PUT has If-Match with the known ETag, or If-None-Match: * where the object
 * is known to be absent; an unknown one is asked for (HEAD) first, and if it is
 * a list or a checkpoint that nobody here has read, compared as after a 412.
 *   409      another write is under way: sent again
 *   412      GET and compare: the same content is ours, of an attempt whose
 *            answer was lost; what else is ours, and a side file, is replaced.
 *            Else CONFLICT: another writer was here meanwhile; the ETag is
 *            forgotten, so that the next run fetches the object, takes its
 *            lines over, and publishes both
 *   404      with If-Match: the object is gone; put anew, If-None-Match: *
 *   301, 307, 400 AuthorizationHeaderMalformed, ...: the bucket's region is
 *            learned (header, <Region>, else HEAD of the bucket), once
 *   200 with an element <Error>, 500, 503 SlowDown, 400 RequestTimeout,
 *            broken connections: sent again
 * A checkpoint is stored when every other artifact of the run has its object,
 * never otherwise. Lists that were told `held` (a shrink guard, a rejected
 * content) hold it back too.
 *
 * Source: AmazonS3 API reference PutObject, GetObject, "conditional-writes";
 * permissions s3:PutObject, s3:GetObject, s3:ListBucket (without it an absent
 * object answers 403), kms:GenerateDataKey and kms:Decrypt with a KMS key.
 * Limits: SLU_BUCKET_PATHS_MAX objects; 4 PUTs and GETs in flight.
 */
#ifndef SLU_SINKS_BUCKET_H
#define SLU_SINKS_BUCKET_H

#include "codecs/alloc.h"
#include "codecs/buf.h"
#include "codecs/exchange.h"
#include "sinks/artifact.h"

#define SLU_BUCKET_PATHS_MAX 32
#define SLU_OBJECT_PATH_MAX 160 /* of a path below the prefix */
#define SLU_ETAG_MAX 120
#define SLU_LOCATION_MAX 300 /* GuardDuty's own limit of a location */

struct slu_bucket_config {
    const char *bucket;     /* a name that S3 gives */
    const char *prefix;     /* "" or "dir/": as it stands before each path */
    const char *owner;      /* "": any; else 12 digits: expected bucket owner */
    const char *kms_key_id; /* "": as the bucket encrypts; else SSE-KMS with
                               it, "aws/s3" being the account's own key */
};

enum slu_object_state {
    SLU_OBJECT_UNKNOWN,
    SLU_OBJECT_ABSENT,
    SLU_OBJECT_PRESENT,
};

struct slu_object {
    enum slu_object_state state;
    char etag[SLU_ETAG_MAX]; /* with its quotes */
    struct slu_content_name content;
    uint64_t lines;
    uint64_t bytes;
    /* "s3://bucket/prefix/path": stored with the rest, so that what is known of
     * another bucket isn't believed of this one. */
    char location[SLU_LOCATION_MAX + 1];
};

enum slu_object_outcome {
    SLU_OBJECT_UNTOUCHED, /* not asked for in this run, held, or it could not
                             be verified: then what is known is believed */
    SLU_OBJECT_FETCHED,
    SLU_OBJECT_MISSING, /* fetched or verified: there is none */
    SLU_OBJECT_KNOWN,   /* verified: it is the one that is known */
    SLU_OBJECT_OURS,    /* verified: it is another one, whose content is ours.
                           To be stored as what is FETCHED, without its lines */
    SLU_OBJECT_SAME,    /* has the content already: nothing was sent */
    SLU_OBJECT_STORED,
    SLU_OBJECT_CONFLICT,
    SLU_OBJECT_FAILED,
};

struct slu_bucket_result {
    unsigned stored;
    unsigned failed;        /* conflicts included */
    unsigned conflicts;     /* of them */
    bool denied;            /* the sign-in, or the bucket altogether (403):
                               nothing that was asked for was allowed */
    struct slu_error first; /* the first failure, in one sentence */
};

struct slu_bucket;

/* Copies the options' texts, not the contents table, which outlives it. CONFIG:
 * a bucket's name, an owner or a key's id that can't be one. */
SLU_MUST_CHECK enum slu_err
slu_bucket_new(const struct slu_alloc *alloc,
               const struct slu_bucket_config *config,
               const struct slu_contents *contents,
               struct slu_bucket **out_bucket, struct slu_error *out_error);
void slu_bucket_free(struct slu_bucket *self);

extern const struct slu_errand_ops slu_bucket_errand;

/* Forgets what was asked for and the outcomes, not what is known. */
void slu_bucket_clear(struct slu_bucket *self);

/* What the next run shall do; what is asked for twice is done once. LIMIT: too
 * many, or a path (or its location) too long. A known object that can't be
 * verified is no failure, but told once. */
SLU_MUST_CHECK enum slu_err slu_bucket_verify(struct slu_bucket *self,
                                              const char *path);
SLU_MUST_CHECK enum slu_err slu_bucket_fetch(struct slu_bucket *self,
                                             const char *path);
SLU_MUST_CHECK enum slu_err
slu_bucket_store(struct slu_bucket *self, const struct slu_artifact *artifact);

/* Hands what has to be durable before the run begins to `put`, each key behind
 * "s3/"; nothing when that is stored already, or nothing will be put. What put
 * returns, and NOMEM. */
typedef enum slu_err (*slu_bucket_put_fn)(void *ctx, struct slu_view key,
                                          struct slu_view value);
SLU_MUST_CHECK enum slu_err slu_bucket_intend(struct slu_bucket *self,
                                              slu_bucket_put_fn put, void *ctx);

/* Some list isn't handed to store on purpose: its object stays as it is, and so
 * does the checkpoint. */
void slu_bucket_hold(struct slu_bucket *self);

/* What is known of an object now. */
struct slu_object slu_bucket_object(const struct slu_bucket *self,
                                    const char *path);

/* True when storing it would send a request. */
bool slu_bucket_would_store(const struct slu_bucket *self,
                            const struct slu_artifact *artifact);

/* After a run. */
enum slu_object_outcome slu_bucket_outcome(const struct slu_bucket *self,
                                           const char *path);
/* What the object was known to have before it was verified; "" when nothing
 * was. */
struct slu_content_name slu_bucket_before(const struct slu_bucket *self,
                                          const char *path);
const struct slu_bucket_result *
slu_bucket_result(const struct slu_bucket *self);

/* The stored form of what is known of an object, as slu_bucket_object gave it:
 * its key behind "s3/" and its value, which is empty when nothing is known. For
 * who takes over what was fetched. */
SLU_MUST_CHECK enum slu_err slu_bucket_entry(const char *path,
                                             const struct slu_object *object,
                                             struct slu_buf *out_key,
                                             struct slu_buf *out_value);

/* Reads that form, of whatever bucket; false: the entry is no object's. */
bool slu_bucket_read_entry(struct slu_view key, struct slu_view value,
                           char out_path[SLU_OBJECT_PATH_MAX + 1],
                           struct slu_object *out_object);

/* "s3://bucket/prefix/path" */
void slu_bucket_location(const struct slu_bucket_config *config,
                         const char *path, char out[SLU_LOCATION_MAX + 1]);

#endif
