/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was going to be put. Stored under "intent/<path>", oldest first:
 *
 *     s3://bucket/dir/threat-ip-1.txt 5f3e... 77ab...     (one line, one blank)
 *
 * A run that is killed between its PUT and the answer leaves an object that
 * nothing is known of; by its content the next one knows it for its own, and
 * goes on. A value that can't be read, or is of another bucket or prefix, is as
 * good as none: the object's lines are taken over as another's.
 */
#include "codecs/sha256_text.h"
#include "codecs/view_take.h"
#include "sinks/bucket_state.h"

#include <stdio.h>

#define KEY_PREFIX "intent/"
#define KEY_MAX (sizeof(KEY_PREFIX) + SLU_OBJECT_PATH_MAX)
#define VALUE_MAX                                                              \
    (SLU_LOCATION_MAX + SLU_BUCKET_INTENTS_MAX * (SLU_CONTENT_NAME_LEN + 1) + 1)

static bool is_intended(const struct slu_bucket_known *self,
                        const struct slu_content_name *content)
{
    for (unsigned i = 0; i < self->intent_count; i++) {
        if (slu_content_name_equal(&self->intents[i], content)) {
            return true;
        }
    }
    return false;
}

bool slu_bucket_is_ours(const struct slu_bucket_known *self,
                        const struct slu_content_name *content)
{
    return slu_content_name_equal(&self->content, content) ||
           is_intended(self, content);
}

static void add_intent(struct slu_bucket_known *known,
                       const struct slu_content_name *content)
{
    if (known->intent_count == SLU_BUCKET_INTENTS_MAX) {
        known->intent_count--;
        memmove(known->intents, known->intents + 1,
                known->intent_count * sizeof(known->intents[0]));
    }
    known->intents[known->intent_count++] = *content;
}

/* ---- written ---- */

static enum slu_err write_intents(const struct slu_bucket *self,
                                  const struct slu_bucket_known *known,
                                  struct slu_buf *out_key,
                                  struct slu_buf *out_value)
{
    char location[SLU_LOCATION_MAX + 1];
    enum slu_err err = slu_buf_printf(out_key, KEY_PREFIX "%s", known->path);

    slu_bucket_location(&self->config, known->path, location);
    if (err == SLU_ERR_OK && known->intent_count > 0) {
        err = slu_buf_append_str(out_value, location);
    }
    for (unsigned i = 0; err == SLU_ERR_OK && i < known->intent_count; i++) {
        err = slu_buf_printf(out_value, " %s", known->intents[i].text);
    }
    return err;
}

struct target {
    slu_bucket_put_fn put;
    void *ctx;
};

static enum slu_err hand_intents(const struct slu_bucket *self,
                                 const struct slu_bucket_known *known,
                                 const struct target *target)
{
    struct slu_buf key;
    struct slu_buf value;
    enum slu_err err;

    slu_buf_init(&key, self->alloc, KEY_MAX);
    slu_buf_init(&value, self->alloc, VALUE_MAX);
    err = write_intents(self, known, &key, &value);
    if (err == SLU_ERR_OK) {
        err =
            target->put(target->ctx, slu_buf_view(&key), slu_buf_view(&value));
    }
    slu_buf_fini(&key);
    slu_buf_fini(&value);
    return err;
}

enum slu_err slu_bucket_intend(struct slu_bucket *self, slu_bucket_put_fn put,
                               void *ctx)
{
    const struct target target = {put, ctx};
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; err == SLU_ERR_OK && i < self->unit_count; i++) {
        const struct slu_bucket_unit *unit = &self->units[i];
        const struct slu_content_name *content = &unit->artifact.content;

        if (unit->store && unit->artifact.role != SLU_ARTIFACT_SIDE &&
            !slu_bucket_known_has(unit->known, content) &&
            !is_intended(unit->known, content)) {
            add_intent(unit->known, content);
            err = hand_intents(self, unit->known, &target);
            if (err != SLU_ERR_OK) {
                unit->known->intent_count--; /* it isn't stored */
            }
        }
    }
    return err;
}

struct answer_put {
    struct slu_bucket *bucket;
    struct slu_bucket_unit *unit;
};

static enum slu_err put_with_answer(void *ctx, struct slu_view key,
                                    struct slu_view value)
{
    struct answer_put *self = ctx;
    const struct slu_errand_port *port = &self->bucket->port;

    return port->put(port->ctx, &self->unit->unit, key, value);
}

enum slu_err slu_bucket_intent_end(struct slu_bucket *self,
                                   struct slu_bucket_unit *unit)
{
    struct answer_put answer = {self, unit};
    const struct target target = {put_with_answer, &answer};

    if (unit->known->intent_count == 0) {
        return SLU_ERR_OK;
    }
    unit->known->intent_count = 0;
    return hand_intents(self, unit->known, &target);
}

/* ---- read ---- */

static bool take_name(struct slu_view *text, struct slu_content_name *out_name)
{
    struct slu_view digits;

    if (!slu_view_take_prefix(text, " ") || text->len < SLU_CONTENT_NAME_LEN) {
        return false;
    }
    digits = slu_view_make(text->ptr, SLU_CONTENT_NAME_LEN);
    *text = slu_view_make(digits.ptr + digits.len, text->len - digits.len);
    return slu_sha256_match(digits, out_name->text) == SLU_REASON_NONE;
}

static bool read_intents(const struct slu_bucket *self, struct slu_view text,
                         struct slu_bucket_known *known)
{
    char location[SLU_LOCATION_MAX + 1];

    slu_bucket_location(&self->config, known->path, location);
    if (!slu_view_take_prefix(&text, location)) {
        return false;
    }
    while (text.len > 0) {
        struct slu_content_name name = {""};

        if (!take_name(&text, &name)) {
            return false;
        }
        add_intent(known, &name);
    }
    return true;
}

enum slu_err slu_bucket_intent_load(struct slu_bucket *self,
                                    struct slu_view key, struct slu_view value)
{
    struct slu_bucket_known *known;

    if (key.len == 0 || key.len > SLU_OBJECT_PATH_MAX ||
        memchr(key.ptr, '\0', key.len)) {
        return SLU_ERR_OK;
    }
    known = slu_bucket_known_take(self, key);
    if (known != NULL) {
        known->intent_count = 0;
        if (!read_intents(self, value, known)) {
            known->intent_count = 0;
        }
    }
    return SLU_ERR_OK;
}
