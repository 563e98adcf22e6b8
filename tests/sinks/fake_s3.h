/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a small S3 in memory. Written from the API's reference: what S3 would
 * refuse, or would not understand, fails the test.
 */
#ifndef TESTS_SINKS_FAKE_S3_H
#define TESTS_SINKS_FAKE_S3_H

#include "codecs/exchange.h"

#define FAKE_OBJECTS 40
#define FAKE_WRITERS 2
#define FAKE_BUCKET "my-bucket"
#define FAKE_ACCOUNT "123456789012"

/* What happens to one request. AFTER: it had its effect. */
enum fault {
    FAULT_NONE,
    FAULT_CUT,
    FAULT_CUT_AFTER,
    FAULT_CUT_BODY, /* the head comes, and not all of the body */
    FAULT_500,
    FAULT_500_AFTER,
    FAULT_SLOW_DOWN,
    FAULT_ERROR_IN_200,
    FAULT_ERROR_IN_200_AFTER,
    FAULT_REQUEST_TIMEOUT,
    FAULT_409,
    FAULT_EXPIRED,
    FAULT_COUNT_CURED, /* all of those above are cured by asking again */
    FAULT_DENIED,
    FAULT_DENIED_KMS,
    FAULT_KMS_DISABLED,
    FAULT_WRONG_KEY,
    FAULT_NO_ETAG,
    FAULT_SIGN_IN,
    FAULT_BAD_HEAD, /* 400 */
    FAULT_412,
};

struct fake_object {
    char key[200];
    char *bytes;
    size_t len;
    char etag[80];
    char type[40];
    char kms_key[80];
};

struct fake_s3 {
    struct fake_object objects[FAKE_OBJECTS];
    unsigned object_count;
    char region[40];
    bool mute_region; /* a redirect doesn't say where */
    bool no_bucket;
    bool etag_of_version; /* as with KMS; else of the content */
    unsigned version;
    unsigned requests;
    unsigned puts;
    unsigned gets;
    unsigned heads;
    unsigned located;
    unsigned fault_at; /* that request, from 1 */
    unsigned fault_times;
    enum fault fault;
    const char *fault_key; /* NULL: of any */
    /* What a writer has read or written: hashes of key and content. */
    uint64_t read[FAKE_WRITERS][4096];
    unsigned read_count[FAKE_WRITERS];
    unsigned blind; /* writes over what the writer had not read */
};

void fake_s3_init(struct fake_s3 *self);
void fake_s3_fini(struct fake_s3 *self);
struct fake_object *fake_s3_find(struct fake_s3 *self, const char *key);
/* Another writer, with other tools. */
void fake_s3_set(struct fake_s3 *self, const char *key, const char *text);
void fake_s3_remove(struct fake_s3 *self, const char *key);
bool fake_s3_has(struct fake_s3 *self, const char *key, const char *text);

struct fake_answer {
    int status; /* 0: no head */
    char etag[80];
    char region[40];
    char text[700];    /* an error's body */
    const char *bytes; /* an object's, or text */
    size_t len;
    enum slu_err end;
};

/* A request of that writer, signed for that region. */
void fake_s3_exchange(struct fake_s3 *self, unsigned writer,
                      struct slu_view region, const struct slu_request *request,
                      struct fake_answer *answer);

#endif
