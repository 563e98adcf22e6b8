/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a check: each track keeps its own, so that they come out in one
 * order however the answers came. Also what the tracks share of names.
 */
#include "sinks/publish_check_state.h"

#include <stdarg.h>
#include <stdio.h>

#define WORDS_SHOWN 200

/* ---- lines ---- */

void slu_check_fail(struct slu_publish_check *self, enum slu_err err)
{
    if (self->fatal.code == SLU_ERR_OK) {
        (void)slu_error_set(&self->fatal, err,
                            "cannot check the permissions: %s",
                            slu_err_sentence(err));
    }
}

void slu_check_say(struct slu_check_track *track, enum slu_check_kind kind,
                   const char *format, ...)
{
    char line[SLU_ERROR_TEXT_MAX * 2] = {(char)('0' + kind)};
    va_list args;
    enum slu_err err;

    va_start(args, format);
    (void)vsnprintf(line + 1, sizeof(line) - 1, format, args);
    va_end(args);
    err = slu_buf_append(&track->lines, slu_view_make(line, strlen(line) + 1));
    if (err != SLU_ERR_OK) {
        slu_check_fail(track->check, err);
    }
}

void slu_check_say_missing(struct slu_check_track *track, const char *action,
                           const char *resource, const char *why,
                           const char *words)
{
    slu_check_say(track, SLU_CHECK_FAIL, "missing: %s on %s, %s%s%.*s", action,
                  resource, why, words[0] == '\0' ? "" : ": ", WORDS_SHOWN,
                  words);
}

void slu_check_say_odd(struct slu_check_track *track,
                       const struct slu_aws_error *refusal)
{
    track->unsure = true;
    slu_check_say(track, SLU_CHECK_FAIL, "%s: HTTP %d %s%s%s", track->head.name,
                  refusal->status, refusal->code,
                  refusal->message[0] == '\0' ? "" : ": ", refusal->message);
}

bool slu_check_is_denied(const struct slu_aws_error *refusal)
{
    return refusal->class_ == SLU_AWS_DENIED || refusal->status == 403;
}

const char *slu_check_words(const struct slu_aws_error *refusal)
{
    return refusal->message[0] != '\0' ? refusal->message : refusal->code;
}

/* ---- what is published ---- */

const char *slu_check_partition(const struct slu_publish_check *self)
{
    return slu_aws_partition(slu_view_str(self->aws_region));
}

const char *slu_check_bucket_region(const struct slu_publish_check *self)
{
    return self->bucket.region[0] != '\0' ? self->bucket.region
                                          : self->aws_region;
}

const char *slu_check_path(const struct slu_publish_check *self, unsigned index)
{
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        const struct slu_strings *paths = self->options.publish.paths[kind];

        if (index < paths->count) {
            return paths->items[index];
        }
        index -= paths->count;
    }
    return index < self->options.more_path_count
               ? self->options.more_paths[index]
               : NULL;
}

void slu_check_object_arn(const struct slu_publish_check *self, unsigned index,
                          char out[SLU_LOCATION_MAX + 1])
{
    const struct slu_bucket_config *bucket = self->options.publish.bucket;

    (void)snprintf(out, SLU_LOCATION_MAX + 1, "arn:%s:s3:::%s/%s%s",
                   slu_check_partition(self), bucket->bucket, bucket->prefix,
                   slu_check_path(self, index));
}

struct slu_check_track *slu_check_track_at(struct slu_publish_check *self,
                                           unsigned index)
{
    if (index == 0) {
        return &self->caller_track;
    }
    if (index == 1) {
        return &self->bucket.track;
    }
    if (index - 2 < self->region_count) {
        return &self->regions[index - 2].track;
    }
    return index - 2 == self->region_count ? &self->simulation.track : NULL;
}

/* ---- the end ---- */

struct telling {
    slu_check_fn tell;
    void *ctx;
    struct slu_error *first;
};

static void tell_line(struct telling *telling, enum slu_check_kind kind,
                      const char *text)
{
    if (kind == SLU_CHECK_FAIL && telling->first->code == SLU_ERR_OK) {
        (void)slu_error_set(telling->first, SLU_ERR_INCOMPLETE, "%s", text);
    }
    telling->tell(telling->ctx, kind, text);
}

static void tell_track(struct telling *telling,
                       const struct slu_check_track *track)
{
    const char *at = track->lines.ptr;
    const char *end = at + track->lines.len;

    for (; at < end; at += strlen(at) + 1) {
        tell_line(telling, (enum slu_check_kind)(at[0] - '0'), at + 1);
    }
}

static void conclude(struct slu_publish_check *self)
{
    slu_check_bucket_conclude(&self->bucket);
    for (unsigned i = 0; i < self->region_count; i++) {
        slu_check_region_conclude(&self->regions[i]);
    }
    slu_check_simulation_conclude(&self->simulation);
}

static bool is_all_denied(const struct slu_publish_check *self)
{
    return self->asked > 0 && self->denied == self->asked;
}

enum slu_err slu_publish_check_finish(struct slu_publish_check *self,
                                      slu_check_fn tell, void *ctx,
                                      struct slu_error *out_error)
{
    struct telling telling = {tell, ctx, out_error};
    struct slu_check_track *track;

    *out_error = (struct slu_error){0};
    conclude(self);
    if (self->fatal.code != SLU_ERR_OK) {
        *out_error = self->fatal;
        return self->fatal.code;
    }
    if (self->sign_in.code != SLU_ERR_OK) {
        tell_line(&telling, SLU_CHECK_FAIL, self->sign_in.text);
        *out_error = self->sign_in;
    }
    for (unsigned i = 0; (track = slu_check_track_at(self, i)) != NULL; i++) {
        tell_track(&telling, track);
    }
    if (is_all_denied(self)) {
        out_error->code = SLU_ERR_AUTH;
    }
    return out_error->code;
}
