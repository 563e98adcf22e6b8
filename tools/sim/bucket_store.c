/* SPDX-License-Identifier: Apache-2.0 */
#include "bucket_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_folder(const char *root, const char *name)
{
    char path[4096];
    struct stat status;
    int len = snprintf(path, sizeof(path), "%s/%s", root, name);

    return root[0] != '\0' && (size_t)len < sizeof(path) &&
           stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static bool is_bucket_name(const char *name)
{
    size_t len = strlen(name);

    return len >= 3 && len <= 63 && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len &&
           strstr(name, "..") == NULL;
}

static struct sim_bucket *add_bucket(struct sim_bucket_store *store,
                                     const struct sim_aws_options *options,
                                     const char *name)
{
    const struct sim_aws_bucket *row = sim_aws_bucket_find(options, name);
    struct sim_bucket *bucket;

    if (store->buckets == SIM_BUCKETS_MAX) {
        return NULL;
    }
    bucket = sim_alloc(sizeof(*bucket));
    snprintf(bucket->name, sizeof(bucket->name), "%s", name);
    snprintf(bucket->region, sizeof(bucket->region), "%s",
             row != NULL ? row->region : "us-east-1");
    snprintf(bucket->owner, sizeof(bucket->owner), "%s",
             row != NULL && row->owner[0] != '\0' ? row->owner
                                                  : options->account);
    store->bucket[store->buckets++] = bucket;
    return bucket;
}

struct sim_bucket_store *
sim_bucket_store_new(const struct sim_aws_options *options)
{
    struct sim_bucket_store *store = sim_alloc(sizeof(*store));

    for (unsigned i = 0; i < options->buckets; i++) {
        if (options->bucket[i].made) {
            add_bucket(store, options, options->bucket[i].name);
        }
    }
    return store;
}

static void free_notes(struct sim_object *object)
{
    sim_blob_release(object->blob);
    free(object->encryption);
    free(object->headers);
    free(object->checksum);
}

void sim_object_fini(struct sim_object *object)
{
    free_notes(object);
    free(object->key);
    memset(object, 0, sizeof(*object));
}

void sim_bucket_store_free(struct sim_bucket_store *store)
{
    for (unsigned i = 0; store != NULL && i < store->buckets; i++) {
        struct sim_bucket *bucket = store->bucket[i];

        for (size_t k = 0; k < bucket->objects; k++) {
            sim_object_fini(bucket->object[k]);
            free(bucket->object[k]);
        }
        free(bucket->object);
        free(bucket);
    }
    free(store);
}

struct sim_bucket *sim_bucket_find(struct sim_bucket_store *store,
                                   const struct sim_aws_options *options,
                                   const char *name)
{
    for (unsigned i = 0; i < store->buckets; i++) {
        if (strcmp(store->bucket[i]->name, name) == 0) {
            return store->bucket[i];
        }
    }
    if (!is_bucket_name(name) || !is_folder(options->s3_root, name)) {
        return NULL;
    }
    return add_bucket(store, options, name);
}

size_t sim_bucket_seek(const struct sim_bucket *bucket, const char *key)
{
    size_t low = 0;
    size_t high = bucket->objects;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(bucket->object[middle]->key, key) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct sim_object *sim_bucket_object(const struct sim_bucket *bucket,
                                     const char *key)
{
    size_t at = sim_bucket_seek(bucket, key);

    return at < bucket->objects && strcmp(bucket->object[at]->key, key) == 0
               ? bucket->object[at]
               : NULL;
}

static struct sim_object *insert_object(struct sim_bucket *bucket,
                                        const char *key)
{
    size_t at = sim_bucket_seek(bucket, key);
    struct sim_object *object = sim_alloc(sizeof(*object));

    if (bucket->objects == bucket->cap) {
        struct sim_object **grown;

        bucket->cap = bucket->cap > 0 ? bucket->cap * 2 : 16;
        grown = sim_alloc(bucket->cap * sizeof(struct sim_object *));
        if (bucket->objects > 0) {
            memcpy(grown, bucket->object,
                   bucket->objects * sizeof(struct sim_object *));
        }
        free(bucket->object);
        bucket->object = grown;
    }
    memmove(bucket->object + at + 1, bucket->object + at,
            (bucket->objects - at) * sizeof(struct sim_object *));
    bucket->object[at] = object;
    bucket->objects++;
    object->key = sim_alloc(strlen(key) + 1);
    strcpy(object->key, key);
    return object;
}

struct sim_object *sim_bucket_put(struct sim_bucket_store *store,
                                  struct sim_bucket *bucket, const char *key,
                                  struct sim_blob *blob)
{
    struct sim_object *object = sim_bucket_object(bucket, key);
    uint64_t gone =
        object != NULL && object->blob != NULL ? object->blob->len : 0;
    uint64_t come = blob != NULL ? blob->len : 0;
    struct sim_object fresh = {.bucket = bucket, .blob = blob};

    if (store->bytes - gone + come > SIM_STORE_BYTES_MAX) {
        return NULL;
    }
    if (object == NULL) {
        object = insert_object(bucket, key);
    }
    store->bytes += come - gone;
    fresh.key = object->key;
    fresh.writes = object->writes + 1;
    free_notes(object);
    *object = fresh;
    return object;
}

void sim_bucket_store_reset(struct sim_bucket_store *store)
{
    for (unsigned i = 0; i < store->buckets; i++) {
        memset(store->bucket[i]->count, 0, sizeof(store->bucket[i]->count));
    }
}
