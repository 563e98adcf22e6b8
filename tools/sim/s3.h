/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: S3: buckets in memory (bucket_store.h), and buckets that are folders:
 * --s3-root/BUCKET, each file an object whose key is its path below that.
 * Limits: keys of at most SIM_S3_KEY_MAX bytes; files of at most
 * SIM_S3_OBJECT_MAX bytes, which are read whole.
 */
#ifndef SIM_S3_H
#define SIM_S3_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "aws.h"
#include "bucket_store.h"
#include "text.h"

#define SIM_S3_KEY_MAX 1024
#define SIM_S3_OBJECT_MAX (512 << 20)

/*
 * For other services that read a bucket from the inside, as GuardDuty does:
 * the object as it is now, whoever may read it; NULL if there is no such
 * bucket or key. Its bytes are object->blob->data and ->len, beside etag and
 * sha256; object->cipher tells SSE-KMS and SSE-C; object->bucket has region
 * and owner. An object that was put is good until its key is written again, a
 * file of --s3-root until the next call: keep a reference of the blob
 * (blob->refs++) where bytes must stay.
 */
const struct sim_object *sim_s3_find(struct sim_server *server,
                                     const char *bucket, const char *key);

/* The bucket alone, NULL if there is none. */
const struct sim_bucket *sim_s3_bucket(struct sim_server *server,
                                       const char *name);

/* The path and state of the file behind a key; false if there is none, or if
   the key could lead out of the folder. */
bool sim_s3_file(const struct sim_server *server, const char *bucket,
                 const char *key, struct sim_text *path, struct stat *status);

/* Bytes first..last of the file; NULL if it can't be read. */
struct sim_blob *sim_s3_read(const char *path, int64_t first, int64_t last);

/* An ETag in the form that objects uploaded in parts have, made from what the
   file system knows: key, size, time. */
void sim_s3_etag(const char *key, const struct stat *status, char *out);

/* GET /_sim/s3: buckets that were used, what was put into them (not the files
   below), and counts. */
void sim_s3_control(struct sim_server *server, struct sim_answer *answer);

/* GET /?list-type=2 */
void sim_s3_list(struct sim_server *server, const struct sim_bucket *bucket,
                 struct sim_answer *answer);

#endif
