/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we may do with the bucket: HEAD of it, GET of the checkpoint, and a PUT
 * of each object with an If-Match that no object fulfils. S3 weighs permissions
 * before conditions, so 412 (another ETag) and 404 (no such object) prove that
 * the PUT was permitted, and nothing is written. A server that ignores the
 * condition would write: it is found out with the first object, one byte long,
 * and the rest is not tried.
 *
 * A PUT with If-Match needs s3:GetObject too, and an object that isn't there
 * may be answered by 403 to who lacks s3:ListBucket. S3's words name the
 * action; where they don't, or it was not reached, the simulation is asked.
 */
#include "sinks/publish_check_state.h"

#include "codecs/plain_text.h"
#include "codecs/url.h"

#include <stdio.h>

enum bucket_step {
    STEP_HEAD,
    STEP_GET,
    STEP_PUT,
};

#define WHY_LIST                                                               \
    "without which an object that isn't there looks like one that may not be " \
    "read"

static const struct slu_bucket_config *
config_of(const struct slu_check_bucket *self)
{
    return self->track.check->options.publish.bucket;
}

/* ---- requests ---- */

static enum slu_err write_target(struct slu_check_bucket *self,
                                 const char *path)
{
    struct slu_buf *target = &self->track.target;
    enum slu_err err = slu_buf_append_str(target, "/");

    if (err == SLU_ERR_OK) {
        err =
            slu_url_append_path(target, slu_view_str(config_of(self)->prefix));
    }
    return err == SLU_ERR_OK ? slu_url_append_path(target, slu_view_str(path))
                             : err;
}

static void name_request(struct slu_check_bucket *self, const char *verb,
                         const char *path)
{
    (void)snprintf(self->track.head.name, sizeof(self->track.head.name),
                   "%s of s3://%.63s%s%s%s", verb, config_of(self)->bucket,
                   path == NULL ? "" : "/",
                   path == NULL ? "" : config_of(self)->prefix,
                   path == NULL ? "" : path);
}

static void add_header(struct slu_check_bucket *self, struct slu_request *out,
                       const char *name, const char *value)
{
    self->headers[out->header_count++] =
        (struct slu_request_header){slu_view_str(name), slu_view_str(value)};
    out->headers = self->headers;
}

static enum slu_err write_put(struct slu_check_bucket *self,
                              struct slu_request *out)
{
    const char *path = slu_check_path(self->track.check, self->at);
    enum slu_err err = slu_buf_append_str(&self->track.sent, "\n");

    out->method = SLU_METHOD_PUT;
    out->content_type = (struct slu_view)SLU_VIEW_LITERAL("text/plain");
    add_header(self, out, "if-match", "\"00000000000000000000000000000000\"");
    name_request(self, "a trial PUT", path);
    return err == SLU_ERR_OK ? write_target(self, path) : err;
}

static enum slu_err write_request(struct slu_check_track *track,
                                  struct slu_request *out)
{
    struct slu_check_bucket *self = (struct slu_check_bucket *)track;
    const struct slu_bucket_config *config = config_of(self);
    const char *checkpoint = track->check->options.checkpoint_path;

    out->aws = (struct slu_aws_scope){
        .service = SLU_VIEW_LITERAL("s3"),
        .region = slu_view_str(self->region),
        .bucket = slu_view_str(config->bucket),
    };
    if (config->owner[0] != '\0') {
        add_header(self, out, "x-amz-expected-bucket-owner", config->owner);
    }
    switch (track->step) {
    case STEP_HEAD:
        out->method = SLU_METHOD_HEAD;
        name_request(self, "HEAD", NULL);
        return slu_buf_append_str(&track->target, "/");
    case STEP_GET:
        out->method = SLU_METHOD_GET;
        name_request(self, "GET", checkpoint);
        return write_target(self, checkpoint);
    default:
        return write_put(self, out);
    }
}

/* ---- answers ---- */

/* Another region answers for the bucket, and says which. */
static bool redirect(struct slu_check_bucket *self,
                     const struct slu_aws_error *refusal)
{
    const char *region =
        self->track.region[0] != '\0' ? self->track.region : refusal->region;
    const char *asked =
        self->region[0] != '\0' ? self->region : self->track.check->aws_region;

    if (self->redirected || !slu_aws_is_region(slu_view_str(region)) ||
        strcmp(region, asked) == 0) {
        return false;
    }
    self->redirected = true;
    (void)snprintf(self->region, sizeof(self->region), "%s", region);
    return true;
}

static bool is_missing_bucket(const struct slu_check_bucket *self,
                              const struct slu_aws_error *refusal)
{
    return strcmp(refusal->code, "NoSuchBucket") == 0 ||
           (self->track.step == STEP_HEAD && refusal->status == 404);
}

static void take_head(struct slu_check_bucket *self,
                      const struct slu_aws_error *refusal)
{
    if (refusal != NULL && !slu_check_is_denied(refusal)) {
        slu_check_say_odd(&self->track, refusal);
        self->track.over = true;
        return;
    }
    self->list_denied = refusal != NULL;
    self->track.step = STEP_GET;
}

static void keep_words(const struct slu_aws_error *refusal, char out[256])
{
    (void)snprintf(out, 256, "%s", slu_check_words(refusal));
}

static bool names(const struct slu_aws_error *refusal, const char *action)
{
    return strstr(refusal->message, action) != NULL;
}

/* Which permission a 403 is about. */
enum lack {
    LACK_GET,
    LACK_PUT,
    LACK_LIST,
    LACK_UNNAMED,
};

static enum lack find_lack(const struct slu_aws_error *refusal)
{
    if (names(refusal, "s3:PutObject")) {
        return LACK_PUT;
    }
    if (names(refusal, "s3:GetObject")) {
        return LACK_GET;
    }
    return names(refusal, "s3:ListBucket") ? LACK_LIST : LACK_UNNAMED;
}

static void take_get(struct slu_check_bucket *self,
                     const struct slu_aws_error *refusal)
{
    struct slu_publish_check *check = self->track.check;
    enum lack lack;

    self->track.step = STEP_PUT;
    if (refusal == NULL || refusal->status == 404) {
        return;
    }
    if (!slu_check_is_denied(refusal)) {
        slu_check_say_odd(&self->track, refusal);
        return;
    }
    lack = find_lack(refusal);
    if (lack == LACK_LIST || (lack == LACK_UNNAMED && self->list_denied)) {
        self->get_unknown = true;
        return;
    }
    self->get_denied = true;
    self->denied_gets = 1;
    keep_words(refusal, self->get_words);
    (void)snprintf(self->first_get, sizeof(self->first_get),
                   "arn:%s:s3:::%s/%s%s", slu_check_partition(check),
                   config_of(self)->bucket, config_of(self)->prefix,
                   check->options.checkpoint_path);
}

static void count_denied_put(struct slu_check_bucket *self,
                             const struct slu_aws_error *refusal)
{
    enum lack lack = find_lack(refusal);

    if (lack == LACK_UNNAMED && !self->get_denied && !self->list_denied) {
        lack = LACK_PUT;
    }
    if (lack == LACK_PUT) {
        if (self->denied_puts++ == 0) {
            keep_words(refusal, self->put_words);
            slu_check_object_arn(self->track.check, self->at, self->first_put);
        }
        return;
    }
    /* Whether putting is permitted was not told. */
    if (self->unknown++ == 0) {
        keep_words(refusal, self->unknown_words);
    }
    if (lack == LACK_GET && self->denied_gets++ == 0) {
        keep_words(refusal, self->get_words);
        slu_check_object_arn(self->track.check, self->at, self->first_get);
    }
}

static void take_put(struct slu_check_bucket *self,
                     const struct slu_aws_error *refusal)
{
    struct slu_check_track *track = &self->track;

    if (refusal == NULL) {
        track->over = true;
        track->unsure = true;
        slu_check_say(track, SLU_CHECK_FAIL,
                      "%s was done although its If-Match can't be true: the "
                      "service behind this bucket ignores conditions, so two "
                      "writers could undo each other; the object now holds one "
                      "line break and is to be restored",
                      track->head.name);
        return;
    }
    if (refusal->status == 412 || refusal->status == 409 ||
        strcmp(refusal->code, "NoSuchKey") == 0) {
        self->proved++;
    } else if (slu_check_is_denied(refusal)) {
        count_denied_put(self, refusal);
    } else {
        slu_check_say_odd(track, refusal);
    }
    self->at++;
    track->over =
        track->unsure || slu_check_path(track->check, self->at) == NULL;
}

static enum slu_err take_answer(struct slu_check_track *track,
                                const struct slu_aws_error *refusal)
{
    struct slu_check_bucket *self = (struct slu_check_bucket *)track;

    if (refusal != NULL && redirect(self, refusal)) {
        return SLU_ERR_OK;
    }
    if (refusal != NULL && is_missing_bucket(self, refusal)) {
        track->over = true;
        track->unsure = true;
        slu_check_say(track, SLU_CHECK_FAIL,
                      "the bucket %s does not exist; make it, or set "
                      "lists.bucket to one that does",
                      config_of(self)->bucket);
        return SLU_ERR_OK;
    }
    if (track->step == STEP_HEAD) {
        take_head(self, refusal);
    } else if (track->step == STEP_GET) {
        take_get(self, refusal);
    } else {
        take_put(self, refusal);
    }
    return SLU_ERR_OK;
}

const struct slu_check_steps slu_check_bucket_steps = {
    .write = write_request,
    .take = take_answer,
};

/* ---- lines ---- */

/* An object that is encrypted is also refused for want of its key. */
static const char *name_action(const char *words, const char *otherwise,
                               char out[40])
{
    const char *found = strstr(words, "kms:");

    if (found == NULL) {
        return otherwise;
    }
    (void)snprintf(out, 40, "%.*s",
                   (int)strspn(found, "abcdefghijklmnopqrstuvwxyz:"
                                      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                   found);
    return out;
}

static void say_missing(struct slu_check_bucket *self, const char *action,
                        unsigned count, const char *first, const char *why,
                        const char *words)
{
    char resource[SLU_LOCATION_MAX + 40];
    char named[40];

    (void)snprintf(resource, sizeof(resource), "%s", first);
    if (count > 1) {
        (void)snprintf(resource, sizeof(resource), "%s and %u more object(s)",
                       first, count - 1);
    }
    slu_check_say_missing(&self->track, name_action(words, action, named),
                          resource, why, words);
}

static void say_owner(struct slu_check_bucket *self)
{
    if (config_of(self)->owner[0] != '\0' && self->list_denied &&
        (self->get_denied || self->get_unknown) && self->proved == 0) {
        slu_check_say(&self->track, SLU_CHECK_WARN,
                      "s3 refuses everything, as it does when the bucket %s "
                      "belongs to another account than the configured owner %s",
                      config_of(self)->bucket, config_of(self)->owner);
    }
}

void slu_check_bucket_conclude(struct slu_check_bucket *self)
{
    const struct slu_bucket_config *config = config_of(self);
    char arn[SLU_LOCATION_MAX + 1];

    if (self->track.step == STEP_HEAD) {
        return; /* nothing was answered, and why has been told */
    }
    (void)snprintf(arn, sizeof(arn), "arn:%s:s3:::%s",
                   slu_check_partition(self->track.check), config->bucket);
    if (self->list_denied) {
        slu_check_say_missing(&self->track, "s3:ListBucket", arn, WHY_LIST, "");
    }
    if (self->denied_gets > 0) {
        say_missing(self, "s3:GetObject", self->denied_gets, self->first_get,
                    SLU_CHECK_WHY_GET, self->get_words);
    }
    if (self->denied_puts > 0) {
        say_missing(self, "s3:PutObject", self->denied_puts, self->first_put,
                    SLU_CHECK_WHY_PUT, self->put_words);
    }
    if (self->unknown > 0 && self->denied_gets == 0 && self->proved == 0) {
        slu_check_say(&self->track, SLU_CHECK_WARN,
                      "s3 refuses %u trial PUT(s) for what may be only the "
                      "missing s3:ListBucket: %s",
                      self->unknown, self->unknown_words);
    }
    say_owner(self);
    if (self->proved > 0 && self->denied_puts + self->denied_gets == 0 &&
        !self->list_denied && !self->track.unsure) {
        slu_check_say(&self->track, SLU_CHECK_OK,
                      "s3://%s/%s: s3:ListBucket, s3:GetObject and "
                      "s3:PutObject are permitted on all %u objects",
                      config->bucket, config->prefix, self->proved);
    }
}
