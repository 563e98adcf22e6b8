/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the buckets, and the objects that were put into them, in memory. A
 * bucket may lie over a folder of --s3-root: an object stands before the file
 * of its name, and a deletion leaves a mark that hides the file.
 * Life cycle: new with the buckets of --s3-bucket; those of folders are added
 * when they are asked for.
 * Limits: SIM_BUCKETS_MAX buckets; SIM_STORE_BYTES_MAX of objects in all.
 * Ownership: the store owns buckets and objects; an object's pointer is good
 * until its key is written or deleted.
 */
#ifndef SIM_BUCKET_STORE_H
#define SIM_BUCKET_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "answer.h"
#include "aws_options.h"
#include "sigv4.h"

#define SIM_BUCKETS_MAX 256
#define SIM_STORE_BYTES_MAX ((uint64_t)2 << 30)
#define SIM_S3_ETAG_CAP 40
#define SIM_S3_VERSION_CAP 33

enum sim_cipher {
    SIM_CIPHER_S3,       /* AES256, as all that S3 keeps */
    SIM_CIPHER_KMS,      /* aws:kms, and the kinds of it */
    SIM_CIPHER_CUSTOMER, /* SSE-C */
};

struct sim_bucket;

struct sim_object {
    const struct sim_bucket *bucket;
    char *key;
    struct sim_blob *blob; /* the bytes; NULL: deleted */
    char etag[SIM_S3_ETAG_CAP];
    char sha256[SIM_SHA256_HEX];
    int64_t modified; /* Unix seconds */
    enum sim_cipher cipher;
    char *encryption; /* header lines that say how it is encrypted; or NULL */
    char *headers;    /* the lines given back as they came; or NULL */
    char *checksum;   /* the same, for x-amz-checksum-mode; or NULL */
    char type[256];
    char version[SIM_S3_VERSION_CAP]; /* "": the bucket keeps none */
    uint64_t writes;                  /* of this key since the start */
    char writer[130];                 /* access key of the last one */
};

#define SIM_BUCKET_COUNTS(X)                                                   \
    X(PUTS, "puts")                                                            \
    X(UNCHANGED, "puts_of_the_same_bytes")                                     \
    X(DELETES, "deletes")                                                      \
    X(GETS, "gets")                                                            \
    X(HEADS, "heads")                                                          \
    X(LISTS, "lists")                                                          \
    X(REFUSED, "refused")

enum sim_bucket_count {
#define SIM_BUCKET_COUNT_ENUM(id, name) SIM_BUCKET_##id,
    SIM_BUCKET_COUNTS(SIM_BUCKET_COUNT_ENUM)
#undef SIM_BUCKET_COUNT_ENUM
        SIM_BUCKET_COUNT_KINDS
};

struct sim_bucket {
    char name[64];
    char region[SIM_AWS_REGION_CAP];
    char owner[SIM_AWS_ACCOUNT_LEN + 1];
    struct sim_object **object; /* by key, in the order of bytes */
    size_t objects;
    size_t cap;
    uint64_t count[SIM_BUCKET_COUNT_KINDS];
};

struct sim_bucket_store {
    struct sim_bucket *bucket[SIM_BUCKETS_MAX];
    unsigned buckets;
    uint64_t bytes;
};

struct sim_bucket_store *
sim_bucket_store_new(const struct sim_aws_options *options);
void sim_bucket_store_free(struct sim_bucket_store *store);

/* The bucket of that name, if there is one or a folder for it; else NULL. */
struct sim_bucket *sim_bucket_find(struct sim_bucket_store *store,
                                   const struct sim_aws_options *options,
                                   const char *name);

/* The object or the mark of a deletion; NULL if the key was never written. */
struct sim_object *sim_bucket_object(const struct sim_bucket *bucket,
                                     const char *key);

/* Takes one reference of `blob` (NULL: a mark of deletion) as the key's new
   content; what else was said of the old one is forgotten, but its writes.
   NULL: the store is full, and the reference is still the caller's. */
struct sim_object *sim_bucket_put(struct sim_bucket_store *store,
                                  struct sim_bucket *bucket, const char *key,
                                  struct sim_blob *blob);

/* Forgets the counts, not the objects; /_sim/reset. */
void sim_bucket_store_reset(struct sim_bucket_store *store);

/* The index of the first object whose key isn't less. */
size_t sim_bucket_seek(const struct sim_bucket *bucket, const char *key);

/* An object of the caller's own, emptied. */
void sim_object_fini(struct sim_object *object);

#endif
