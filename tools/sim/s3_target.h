/* SPDX-License-Identifier: Apache-2.0 */
/* What: one request to S3 on its way between the files of that service. */
#ifndef SIM_S3_TARGET_H
#define SIM_S3_TARGET_H

#include "s3.h"

struct sim_s3_target {
    struct sim_server *server;
    const struct sim_request *request;
    const struct sim_aws_caller *caller;
    struct sim_answer *answer;
    char name[256];               /* of the bucket that is asked for */
    char key[SIM_S3_KEY_MAX + 1]; /* "": the bucket itself */
    struct sim_bucket *bucket;    /* NULL: there is none */
};

/* Says S3's <Error>. */
void sim_s3_refuse(struct sim_s3_target *target, int status, const char *code,
                   const char *message);

/* The same with one more element: <Header>, <ArgumentName> and the like. */
void sim_s3_refuse_with(struct sim_s3_target *target, int status,
                        const char *code, const char *message,
                        const char *element, const char *text);

/* One more line of the answer's head. */
void sim_s3_header(struct sim_s3_target *target, const char *name,
                   const char *value);

/* A header of the request; NULL if it is absent. */
const char *sim_s3_asked(const struct sim_s3_target *target, const char *name);

/* The object as it is: what was put, or a file. fini frees. */
struct sim_s3_found {
    const struct sim_object *object; /* NULL: a file */
    struct sim_text path;            /* of the file */
    char etag[SIM_S3_ETAG_CAP];
    int64_t size;
    int64_t modified; /* Unix seconds */
};

bool sim_s3_look(const struct sim_s3_target *target,
                 struct sim_s3_found *found);
void sim_s3_found_fini(struct sim_s3_found *found);

/* True if the ETag, quoted or bare, is the header's. */
bool sim_s3_is_tag(const char *header, const char *etag);

/* GetObject and HeadObject; PutObject; DeleteObject. */
void sim_s3_get(struct sim_s3_target *target);
void sim_s3_put(struct sim_s3_target *target);
void sim_s3_delete(struct sim_s3_target *target);

/* The body of a PutObject, unwrapped and proved; each function that is false
   has refused. fini frees. */
struct sim_s3_body {
    const char *data;
    size_t len;
    struct sim_text decoded; /* what data points into if it was aws-chunked */
    char md5[33];
    char sha256[SIM_SHA256_HEX];
    struct sim_text checksum; /* the header line to be kept; empty: none */
};

bool sim_s3_body_read(struct sim_s3_target *target, struct sim_s3_body *body);
void sim_s3_body_fini(struct sim_s3_body *body);

/* How the object is to be encrypted: its kind, and the lines that say so. */
bool sim_s3_cipher_read(struct sim_s3_target *target, enum sim_cipher *cipher,
                        struct sim_text *lines);

/* May this object be decrypted for this request? */
bool sim_s3_cipher_opens(struct sim_s3_target *target,
                         const struct sim_object *object);

#endif
