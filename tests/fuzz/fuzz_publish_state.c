/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the state may hold of objects and sets, of any bytes: the first line is
 * the key, the rest the value. What is taken of an object is written as it
 * would be read again; what can't be read is as good as unknown.
 */
#include "fuzz/demand.h"
#include "sinks/bucket.h"
#include "sinks/sets.h"

#define PATH "guard_duty/threat-ip-1.txt"
#define TEXT_MAX 4096

static struct slu_bucket *open_bucket(const struct slu_bucket_config *config,
                                      const struct slu_contents *contents)
{
    struct slu_bucket *bucket = NULL;
    struct slu_error error = {0};

    demand(slu_bucket_new(slu_alloc_default(), config, contents, &bucket,
                          &error) == SLU_ERR_OK,
           "a bucket is made");
    return bucket;
}

/* What is written of the object, read by another bucket, is the same. */
static void check_written(const struct slu_object *object,
                          struct slu_bucket *other)
{
    struct slu_object again;
    struct slu_buf key;
    struct slu_buf value;

    slu_buf_init(&key, slu_alloc_default(), TEXT_MAX);
    slu_buf_init(&value, slu_alloc_default(), TEXT_MAX);
    demand(slu_bucket_entry(PATH, object, &key, &value) == SLU_ERR_OK,
           "what was read is written");
    demand(slu_bucket_errand.load(other, slu_buf_view(&key),
                                  slu_buf_view(&value)) == SLU_ERR_OK,
           "what was written is read");
    again = slu_bucket_object(other, PATH);
    demand(memcmp(&again, object, sizeof(again)) == 0, "it is the same");
    slu_buf_fini(&key);
    slu_buf_fini(&value);
}

static void check_object(struct slu_view key, struct slu_view value)
{
    static const struct slu_bucket_config config = {
        .bucket = "lists", .prefix = "", .owner = "", .kms_key_id = ""};
    static const struct slu_contents contents = {0};
    struct slu_bucket *bucket = open_bucket(&config, &contents);
    struct slu_bucket *other = open_bucket(&config, &contents);
    struct slu_object object;

    demand(slu_bucket_errand.load(bucket, key, value) == SLU_ERR_OK,
           "any entry is loaded");
    object = slu_bucket_object(bucket, PATH);
    if (object.state == SLU_OBJECT_PRESENT) {
        check_written(&object, other);
    }
    slu_bucket_free(bucket);
    slu_bucket_free(other);
}

static void check_set(struct slu_view key, struct slu_view value)
{
    static const struct slu_bucket_config config = {
        .bucket = "lists", .prefix = "", .owner = "", .kms_key_id = ""};
    static const char *const region = "us-east-1";
    static const char *const path = PATH;
    static const struct slu_strings regions = {&region, 1, false};
    static const struct slu_strings paths = {&path, 1, false};
    struct slu_sets_options options = {
        .alloc = slu_alloc_default(),
        .bucket = &config,
        .name_prefix = "gti-",
        .regions = &regions,
        .detector = "auto",
        .paths = {&paths, &paths},
    };
    struct slu_sets *sets = NULL;
    struct slu_error error = {0};
    enum slu_err err;

    demand(slu_sets_new(&options, &sets, &error) == SLU_ERR_OK,
           "sets are made");
    err = slu_sets_errand.load(sets, key, value);
    demand(err == SLU_ERR_OK || err == SLU_ERR_STATE || err == SLU_ERR_LIMIT,
           "an entry is loaded or refused");
    slu_sets_free(sets);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slu_view text = slu_view_make((const char *)data, size);
    const char *end = size == 0 ? NULL : memchr(text.ptr, '\n', text.len);
    struct slu_view key = text;
    struct slu_view value = slu_view_make(text.ptr + text.len, 0);

    if (end != NULL) {
        key.len = (size_t)(end - text.ptr);
        value = slu_view_make(end + 1, text.len - key.len - 1);
    }
    check_object(key, value);
    check_set(key, value);
    return 0;
}
