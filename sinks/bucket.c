/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_endpoint.h"
#include "codecs/url.h"
#include "sinks/bucket_state.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define LOG_LINE_MAX 512
#define FAILURES_SHOWN 3

/* ---- life ---- */

/* It becomes the value of a header. */
static bool is_key_id(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        if (text[i] <= ' ' || text[i] > '~' || i == SLU_BUCKET_KMS_MAX) {
            return false;
        }
    }
    return true;
}

static bool is_owner(const char *text)
{
    size_t len = strlen(text);

    return len == 0 || (len == 12 && strspn(text, "0123456789") == len);
}

static enum slu_err check_config(const struct slu_bucket_config *config,
                                 struct slu_error *out_error)
{
    if (!slu_aws_is_bucket(slu_view_str(config->bucket))) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.100s\" is not the name of a bucket: 3 to 63 "
                             "lower-case letters, digits, dots and hyphens",
                             config->bucket);
    }
    if (strlen(config->prefix) > SLU_BUCKET_PREFIX_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "the prefix \"%.40s...\" of the bucket %s has "
                             "more than %d bytes",
                             config->prefix, config->bucket,
                             SLU_BUCKET_PREFIX_MAX);
    }
    if (!is_owner(config->owner)) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.100s\" is not the owner of a bucket: an "
                             "account has 12 digits",
                             config->owner);
    }
    if (!is_key_id(config->kms_key_id)) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.100s\" is not the id, ARN or alias of a KMS "
                             "key",
                             config->kms_key_id);
    }
    return SLU_ERR_OK;
}

static void copy_config(struct slu_bucket *self,
                        const struct slu_bucket_config *config)
{
    (void)snprintf(self->bucket, sizeof(self->bucket), "%s", config->bucket);
    (void)snprintf(self->prefix, sizeof(self->prefix), "%s", config->prefix);
    (void)snprintf(self->owner, sizeof(self->owner), "%s", config->owner);
    (void)snprintf(self->kms_key_id, sizeof(self->kms_key_id), "%s",
                   config->kms_key_id);
    self->config = (struct slu_bucket_config){self->bucket, self->prefix,
                                              self->owner, self->kms_key_id};
}

enum slu_err slu_bucket_new(const struct slu_alloc *alloc,
                            const struct slu_bucket_config *config,
                            const struct slu_contents *contents,
                            struct slu_bucket **out_bucket,
                            struct slu_error *out_error)
{
    struct slu_bucket *self;
    enum slu_err err = check_config(config, out_error);

    *out_bucket = NULL;
    if (err != SLU_ERR_OK) {
        return err;
    }
    self = slu_alloc_zero(alloc, sizeof(*self));
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = alloc;
    self->contents = contents;
    copy_config(self, config);
    *out_bucket = self;
    return SLU_ERR_OK;
}

void slu_bucket_clear(struct slu_bucket *self)
{
    for (unsigned i = 0; i < self->unit_count; i++) {
        slu_bucket_request_release(self, &self->units[i]);
        slu_bucket_answer_fini(self, &self->units[i]);
        slu_buf_fini(&self->units[i].target);
        self->units[i].known->used = false;
    }
    self->unit_count = 0;
    self->in_flight = 0;
    self->held = false;
    self->result = (struct slu_bucket_result){0};
}

void slu_bucket_free(struct slu_bucket *self)
{
    if (self == NULL) {
        return;
    }
    slu_bucket_clear(self);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- what is asked for ---- */

static struct slu_bucket_unit *find_unit(const struct slu_bucket *self,
                                         const char *path)
{
    for (unsigned i = 0; i < self->unit_count; i++) {
        if (strcmp(self->units[i].known->path, path) == 0) {
            return (struct slu_bucket_unit *)&self->units[i];
        }
    }
    return NULL;
}

static enum slu_err write_target(struct slu_bucket *self, const char *path,
                                 struct slu_buf *target)
{
    enum slu_err err;

    slu_buf_init(target, self->alloc, SLU_BUCKET_TARGET_MAX);
    err = slu_buf_append_str(target, "/");
    if (err == SLU_ERR_OK) {
        err = slu_url_append_path(target, slu_view_str(self->prefix));
    }
    if (err == SLU_ERR_OK) {
        err = slu_url_append_path(target, slu_view_str(path));
    }
    return err;
}

static enum slu_err take_unit(struct slu_bucket *self, const char *path,
                              struct slu_bucket_unit **out_unit)
{
    struct slu_bucket_unit *unit = find_unit(self, path);
    size_t len = strlen(self->bucket) + strlen(self->prefix) + strlen(path);
    enum slu_err err;

    *out_unit = unit;
    if (unit != NULL) {
        return SLU_ERR_OK;
    }
    if (self->unit_count == SLU_BUCKET_PATHS_MAX || path[0] == '\0' ||
        strlen(path) > SLU_OBJECT_PATH_MAX ||
        len + strlen("s3:///") > SLU_LOCATION_MAX) {
        return SLU_ERR_LIMIT;
    }
    unit = &self->units[self->unit_count];
    *unit = (struct slu_bucket_unit){0};
    err = write_target(self, path, &unit->target);
    unit->known = slu_bucket_known_take(self, slu_view_str(path));
    if (err != SLU_ERR_OK) {
        slu_buf_fini(&unit->target);
        return err;
    }
    /* There is room: units have fewer than are known. */
    assert(unit->known != NULL);
    unit->known->used = true;
    slu_buf_init(&unit->answer.words, self->alloc, SLU_BUCKET_WORDS_MAX);
    self->unit_count++;
    *out_unit = unit;
    return SLU_ERR_OK;
}

enum slu_err slu_bucket_verify(struct slu_bucket *self, const char *path)
{
    struct slu_bucket_unit *unit;
    enum slu_err err = take_unit(self, path, &unit);

    if (err == SLU_ERR_OK) {
        unit->verify = true;
    }
    return err;
}

enum slu_err slu_bucket_fetch(struct slu_bucket *self, const char *path)
{
    struct slu_bucket_unit *unit;
    enum slu_err err = take_unit(self, path, &unit);

    if (err == SLU_ERR_OK) {
        unit->fetch = true;
    }
    return err;
}

enum slu_err slu_bucket_store(struct slu_bucket *self,
                              const struct slu_artifact *artifact)
{
    struct slu_bucket_unit *unit;
    enum slu_err err = take_unit(self, artifact->path, &unit);

    if (err == SLU_ERR_OK) {
        unit->store = true;
        unit->artifact = *artifact;
        unit->artifact.path = unit->known->path;
    }
    return err;
}

void slu_bucket_hold(struct slu_bucket *self)
{
    self->held = true;
}

bool slu_bucket_would_store(const struct slu_bucket *self,
                            const struct slu_artifact *artifact)
{
    return !slu_bucket_known_has(slu_bucket_known_find(self, artifact->path),
                                 &artifact->content);
}

enum slu_object_outcome slu_bucket_outcome(const struct slu_bucket *self,
                                           const char *path)
{
    const struct slu_bucket_unit *unit = find_unit(self, path);

    return unit == NULL ? SLU_OBJECT_UNTOUCHED : unit->outcome;
}

struct slu_content_name slu_bucket_before(const struct slu_bucket *self,
                                          const char *path)
{
    const struct slu_bucket_unit *unit = find_unit(self, path);

    return unit == NULL ? (struct slu_content_name){""} : unit->before;
}

const struct slu_bucket_result *slu_bucket_result(const struct slu_bucket *self)
{
    return &self->result;
}

/* ---- ends ---- */

void slu_bucket_log(struct slu_bucket *self, enum slu_log_level level,
                    const char *format, ...)
{
    char line[LOG_LINE_MAX];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    self->port.log(self->port.ctx, level, line);
}

void slu_bucket_end(struct slu_bucket *self, struct slu_bucket_unit *unit,
                    enum slu_object_outcome outcome)
{
    unit->phase = SLU_BUCKET_DONE;
    unit->outcome = outcome;
    self->result.stored += outcome == SLU_OBJECT_STORED;
}

bool slu_bucket_is_verified(const struct slu_bucket_unit *unit)
{
    return unit->phase == SLU_BUCKET_VERIFY ||
           (unit->phase == SLU_BUCKET_LOCATE &&
            unit->behind == SLU_BUCKET_VERIFY);
}

/* What is known is believed: every write is conditional all the same. */
static void doubt(struct slu_bucket *self, struct slu_bucket_unit *unit,
                  const struct slu_error *error)
{
    slu_bucket_end(self, unit, SLU_OBJECT_UNTOUCHED);
    slu_bucket_log(self, self->doubted ? SLU_LOG_DEBUG : SLU_LOG_WARN,
                   "cannot see whether another writer has changed the bucket: "
                   "%s",
                   error->text);
    self->doubted = true;
    if (unit->store) {
        slu_bucket_plan_store(self, unit);
    }
}

void slu_bucket_count_failure(struct slu_bucket *self,
                              struct slu_bucket_unit *unit,
                              enum slu_object_outcome outcome,
                              const struct slu_error *error)
{
    if (slu_bucket_is_verified(unit)) {
        doubt(self, unit, error);
        return;
    }
    slu_bucket_end(self, unit, outcome);
    self->result.conflicts += outcome == SLU_OBJECT_CONFLICT;
    if (self->result.failed++ == 0) {
        self->result.first = *error;
    }
}

/* A cause that is everybody's would be told once for each object. */
void slu_bucket_fail(struct slu_bucket *self, struct slu_bucket_unit *unit,
                     enum slu_object_outcome outcome,
                     const struct slu_error *error)
{
    bool verified = slu_bucket_is_verified(unit);

    slu_bucket_count_failure(self, unit, outcome, error);
    if (verified) {
        return;
    }
    slu_bucket_log(self,
                   self->told++ < FAILURES_SHOWN ? SLU_LOG_WARN : SLU_LOG_DEBUG,
                   "%s", error->text);
}
