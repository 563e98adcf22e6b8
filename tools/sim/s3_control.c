/* SPDX-License-Identifier: Apache-2.0 */
/* What: GET /_sim/s3, what the buckets hold and what was done to them. */
#include <stdio.h>

#include "aws_state.h"
#include "json.h"
#include "s3.h"
#include "server.h"

static void put_object(struct sim_json *json, const struct sim_object *object)
{
    static const char *const ciphers[] = {"AES256", "aws:kms", "customer"};

    sim_json_object(json);
    sim_json_put_string(json, "key", object->key);
    if (object->blob != NULL) {
        sim_json_put_int(json, "size", (int64_t)object->blob->len);
        sim_json_put_string(json, "etag", object->etag);
        sim_json_put_string(json, "sha256", object->sha256);
        sim_json_put_string(json, "type", object->type);
        sim_json_put_string(json, "encryption", ciphers[object->cipher]);
    }
    sim_json_put_int(json, "modified", object->modified);
    sim_json_put_int(json, "writes", (int64_t)object->writes);
    sim_json_put_string(json, "writer", object->writer);
    sim_json_end(json);
}

/* Those that are there, or those that were deleted. */
static void put_objects(struct sim_json *json, const struct sim_bucket *bucket,
                        const char *name, bool there)
{
    sim_json_key(json, name);
    sim_json_array(json);
    for (size_t i = 0; i < bucket->objects; i++) {
        if ((bucket->object[i]->blob != NULL) == there) {
            put_object(json, bucket->object[i]);
        }
    }
    sim_json_end(json);
}

static void put_bucket(struct sim_json *json, const struct sim_bucket *bucket)
{
    static const char *const names[] = {
#define COUNT_NAME(id, name) name,
        SIM_BUCKET_COUNTS(COUNT_NAME)
#undef COUNT_NAME
    };

    sim_json_object(json);
    sim_json_put_string(json, "name", bucket->name);
    sim_json_put_string(json, "region", bucket->region);
    sim_json_put_string(json, "owner", bucket->owner);
    sim_json_key(json, "counts");
    sim_json_object(json);
    for (int i = 0; i < SIM_BUCKET_COUNT_KINDS; i++) {
        sim_json_put_int(json, names[i], (int64_t)bucket->count[i]);
    }
    sim_json_end(json);
    put_objects(json, bucket, "objects", true);
    put_objects(json, bucket, "deleted", false);
    sim_json_end(json);
}

void sim_s3_control(struct sim_server *server, struct sim_answer *answer)
{
    const struct sim_bucket_store *store = server->aws->buckets;
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_key(&json, "buckets");
    sim_json_array(&json);
    for (unsigned i = 0; i < store->buckets; i++) {
        put_bucket(&json, store->bucket[i]);
    }
    sim_json_end(&json);
    sim_json_end(&json);
    sim_answer_take_json(answer, &json, &text);
}
