/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known of objects. Stored under "object/<path>":
 *
 *     s3://bucket/dir/threat-ip-1.txt etag="9b2c..." sha256=5f3e... lines=150
 *     bytes=2345                                          (one line, one blank)
 *
 * With an empty ETag the object is unknown, and this is what was known last.
 * A value that can't be read, or is of another bucket or prefix, is as good as
 * none: the object is asked for again.
 */
#include "codecs/sha256_text.h"
#include "codecs/view_take.h"
#include "sinks/bucket_state.h"

#include <assert.h>
#include <stdio.h>

#define KEY_PREFIX "object/"
#define KEY_MAX (sizeof(KEY_PREFIX) + SLU_OBJECT_PATH_MAX)
#define VALUE_MAX 1024

void slu_bucket_location(const struct slu_bucket_config *config,
                         const char *path, char out[SLU_LOCATION_MAX + 1])
{
    (void)snprintf(out, SLU_LOCATION_MAX + 1, "s3://%s/%s%s", config->bucket,
                   config->prefix, path);
}

/* ---- the table ---- */

static struct slu_bucket_known *find_known(const struct slu_bucket *self,
                                           struct slu_view path)
{
    for (unsigned i = 0; i < self->known_count; i++) {
        if (slu_view_equal_str(path, self->known[i].path)) {
            return (struct slu_bucket_known *)&self->known[i];
        }
    }
    return NULL;
}

struct slu_bucket_known *slu_bucket_known_find(const struct slu_bucket *self,
                                               const char *path)
{
    return find_known(self, slu_view_str(path));
}

static struct slu_bucket_known *find_room(struct slu_bucket *self)
{
    if (self->known_count < SLU_BUCKET_KNOWN_MAX) {
        return &self->known[self->known_count++];
    }
    for (unsigned i = 0; i < self->known_count; i++) {
        if (!self->known[i].used) {
            return &self->known[i];
        }
    }
    return NULL;
}

struct slu_bucket_known *slu_bucket_known_take(struct slu_bucket *self,
                                               struct slu_view path)
{
    struct slu_bucket_known *known = find_known(self, path);

    if (known == NULL) {
        known = find_room(self);
        if (known != NULL) {
            *known = (struct slu_bucket_known){0};
            memcpy(known->path, path.ptr, path.len);
        }
    }
    return known;
}

bool slu_bucket_known_has(const struct slu_bucket_known *self,
                          const struct slu_content_name *content)
{
    return self != NULL && self->state == SLU_OBJECT_PRESENT &&
           self->content.text[0] != '\0' &&
           slu_content_name_equal(&self->content, content);
}

struct slu_object slu_bucket_object(const struct slu_bucket *self,
                                    const char *path)
{
    const struct slu_bucket_known *known = slu_bucket_known_find(self, path);
    struct slu_object object = {0};

    if (known != NULL) {
        object.state = known->state;
        object.content = known->content;
        object.lines = known->lines;
        object.bytes = known->bytes;
        memcpy(object.etag, known->etag, sizeof(object.etag));
    }
    slu_bucket_location(&self->config, path, object.location);
    return object;
}

/* ---- written ---- */

enum slu_err slu_bucket_entry(const char *path, const struct slu_object *object,
                              struct slu_buf *out_key,
                              struct slu_buf *out_value)
{
    enum slu_err err = slu_buf_printf(out_key, KEY_PREFIX "%s", path);

    if (err != SLU_ERR_OK || object->state == SLU_OBJECT_ABSENT ||
        object->content.text[0] == '\0') {
        return err;
    }
    assert(object->location[0] != '\0');
    return slu_buf_printf(
        out_value, "%s etag=%s sha256=%s lines=%llu bytes=%llu",
        object->location,
        object->state == SLU_OBJECT_PRESENT ? object->etag : "",
        object->content.text, (unsigned long long)object->lines,
        (unsigned long long)object->bytes);
}

enum slu_err slu_bucket_known_put(struct slu_bucket *self,
                                  struct slu_bucket_unit *unit)
{
    const char *path = unit->known->path;
    struct slu_object object = slu_bucket_object(self, path);
    struct slu_buf key;
    struct slu_buf value;
    enum slu_err err;

    slu_buf_init(&key, self->alloc, KEY_MAX);
    slu_buf_init(&value, self->alloc, VALUE_MAX);
    err = slu_bucket_entry(path, &object, &key, &value);
    if (err == SLU_ERR_OK) {
        err = self->port.put(self->port.ctx, &unit->unit, slu_buf_view(&key),
                             slu_buf_view(&value));
    }
    slu_buf_fini(&key);
    slu_buf_fini(&value);
    return err;
}

/* ---- read ---- */

static bool take_name(struct slu_view *text, struct slu_content_name *out_name)
{
    struct slu_view digits;

    if (!slu_view_take_until(text, ' ', &digits) ||
        slu_sha256_match(digits, out_name->text) != SLU_REASON_NONE) {
        return false;
    }
    out_name->text[SLU_CONTENT_NAME_LEN] = '\0';
    return true;
}

bool slu_bucket_etag_copy(struct slu_view etag, char out[SLU_ETAG_MAX])
{
    out[0] = '\0';
    if (etag.len == 0 || etag.len >= SLU_ETAG_MAX) {
        return false;
    }
    for (size_t i = 0; i < etag.len; i++) {
        if (etag.ptr[i] <= ' ' || etag.ptr[i] > '~') {
            return false;
        }
    }
    memcpy(out, etag.ptr, etag.len);
    out[etag.len] = '\0';
    return true;
}

static bool take_etag(struct slu_view *text, char out[SLU_ETAG_MAX])
{
    struct slu_view etag;

    return slu_view_take_until(text, ' ', &etag) &&
           (slu_bucket_etag_copy(etag, out) || etag.len == 0);
}

static bool take_count(struct slu_view *text, uint64_t *out_count)
{
    int64_t count;

    if (!slu_view_take_number(text, &count)) {
        return false;
    }
    *out_count = (uint64_t)count;
    return true;
}

/* What stands before the last " etag=": blanks may stand in it, as they may in
 * a prefix. */
static bool take_location(struct slu_view *text, char out[SLU_LOCATION_MAX + 1])
{
    struct slu_view rest = *text;
    struct slu_view word;
    size_t len = 0;

    while (slu_view_take_until(&rest, ' ', &word)) {
        if (slu_view_starts_with(rest, "etag=")) {
            len = (size_t)(word.ptr + word.len - text->ptr);
        }
    }
    if (len == 0 || len > SLU_LOCATION_MAX) {
        return false;
    }
    memcpy(out, text->ptr, len);
    out[len] = '\0';
    *text = slu_view_make(text->ptr + len + 1, text->len - len - 1);
    return true;
}

static bool read_value(struct slu_view text, struct slu_object *out)
{
    bool whole;

    *out = (struct slu_object){0};
    whole = take_location(&text, out->location) &&
            slu_view_take_prefix(&text, "etag=") &&
            take_etag(&text, out->etag) &&
            slu_view_take_prefix(&text, "sha256=") &&
            take_name(&text, &out->content) &&
            slu_view_take_prefix(&text, "lines=") &&
            take_count(&text, &out->lines) &&
            slu_view_take_prefix(&text, " bytes=") &&
            take_count(&text, &out->bytes) && text.len == 0;
    if (whole && out->etag[0] != '\0') {
        out->state = SLU_OBJECT_PRESENT;
    }
    return whole;
}

static bool take_path(struct slu_view key, char out[SLU_OBJECT_PATH_MAX + 1])
{
    if (!slu_view_take_prefix(&key, KEY_PREFIX) || key.len == 0 ||
        key.len > SLU_OBJECT_PATH_MAX || memchr(key.ptr, '\0', key.len)) {
        return false;
    }
    memcpy(out, key.ptr, key.len);
    out[key.len] = '\0';
    return true;
}

bool slu_bucket_read_entry(struct slu_view key, struct slu_view value,
                           char out_path[SLU_OBJECT_PATH_MAX + 1],
                           struct slu_object *out_object)
{
    return take_path(key, out_path) && read_value(value, out_object);
}

/* What is known of another bucket isn't believed of this one. */
static void know(const struct slu_bucket *self, struct slu_view value,
                 struct slu_bucket_known *known)
{
    char location[SLU_LOCATION_MAX + 1];
    struct slu_object object;

    slu_bucket_location(&self->config, known->path, location);
    if (!read_value(value, &object) || strcmp(object.location, location) != 0) {
        return;
    }
    known->state = object.state;
    known->content = object.content;
    known->lines = object.lines;
    known->bytes = object.bytes;
    memcpy(known->etag, object.etag, sizeof(known->etag));
}

enum slu_err slu_bucket_known_load(struct slu_bucket *self, struct slu_view key,
                                   struct slu_view value)
{
    struct slu_bucket_known read = {.state = SLU_OBJECT_UNKNOWN};
    struct slu_bucket_known *known;

    if (!take_path(key, read.path)) {
        return SLU_ERR_OK;
    }
    know(self, value, &read);
    known = find_known(self, slu_view_str(read.path));
    if (known == NULL && read.content.text[0] != '\0') {
        known = slu_bucket_known_take(self, slu_view_str(read.path));
    }
    if (known != NULL) {
        read.used = known->used;
        read.intent_count = known->intent_count;
        memcpy(read.intents, known->intents, sizeof(read.intents));
        *known = read;
    }
    return SLU_ERR_OK;
}
