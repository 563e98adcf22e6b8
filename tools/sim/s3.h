/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a bucket as a folder: --s3-root/BUCKET, each file an object whose key
 * is its path below that.
 * Limits: keys of at most SIM_S3_KEY_MAX bytes; objects of at most
 * SIM_S3_OBJECT_MAX bytes, which are read whole.
 */
#ifndef SIM_S3_H
#define SIM_S3_H

#include <stdbool.h>
#include <stdint.h>

#include "aws.h"

#define SIM_S3_KEY_MAX 1024
#define SIM_S3_OBJECT_MAX (512 << 20)
#define SIM_S3_ETAG_CAP 40

struct sim_s3_object {
    char *key;
    int64_t size;
    int64_t modified; /* Unix seconds */
    char etag[SIM_S3_ETAG_CAP];
};

/* GET /?list-type=2; `folder` is the bucket's. */
void sim_s3_list(struct sim_server *server, const char *bucket,
                 const char *folder, struct sim_answer *answer);

/* An ETag in the form that objects uploaded in parts have, made from what the
   file system knows: key, size, time. */
void sim_s3_etag(const char *key, int64_t size, int64_t modified_ns, char *out);

#endif
