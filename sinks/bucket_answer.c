/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads and bodies. The body of a 200 is the object's content: into the
 * contents when it was fetched, hashed when it is only compared. Every other
 * body is an error's words, of which the beginning is kept, and so is what a
 * 200 for a PUT says: S3 may put an error there.
 */
#include "sinks/bucket_state.h"

#include <stdio.h>

static void begin_content(struct slu_bucket *self, struct slu_bucket_unit *unit)
{
    const struct slu_contents *contents = self->contents;
    struct slu_bucket_answer *answer = &unit->answer;

    if (unit->phase == SLU_BUCKET_FETCH) {
        enum slu_err err =
            contents->begin(contents->ctx, &answer->writer, &answer->fault);

        if (err != SLU_ERR_OK) {
            answer->writer = NULL;
            answer->fault.code = err;
        }
    } else if (unit->phase == SLU_BUCKET_COMPARE) {
        answer->hash = slu_sha256_new(self->alloc);
        if (answer->hash == NULL) {
            (void)slu_error_set(&answer->fault, SLU_ERR_NOMEM, "out of memory");
            return;
        }
        slu_sha256_begin(answer->hash);
    }
}

void slu_bucket_answer_head(struct slu_bucket *self,
                            struct slu_bucket_unit *unit,
                            const struct slu_answer_head *head)
{
    struct slu_bucket_answer *answer = &unit->answer;

    slu_bucket_answer_drop(self, unit);
    answer->status = head->status;
    (void)slu_bucket_etag_copy(head->etag, answer->etag);
    /* A cut one would be another one. */
    if (head->region.len < sizeof(answer->region)) {
        (void)snprintf(answer->region, sizeof(answer->region), "%.*s",
                       SLU_VIEW_ARGS(head->region));
    }
    (void)snprintf(answer->error_type, sizeof(answer->error_type), "%.*s",
                   SLU_VIEW_ARGS(head->error_type));
    if (head->status == 200) {
        begin_content(self, unit);
    }
}

static void count_lines(struct slu_bucket_answer *answer, struct slu_view bytes)
{
    const char *at = bytes.ptr;
    const char *end = bytes.ptr + bytes.len;

    answer->bytes += bytes.len;
    answer->in_line = end[-1] != '\n';
    while (at < end && (at = memchr(at, '\n', (size_t)(end - at))) != NULL) {
        answer->lines++;
        at++;
    }
}

uint64_t slu_bucket_answer_lines(const struct slu_bucket_unit *unit)
{
    return unit->answer.lines + unit->answer.in_line;
}

static void append_content(struct slu_bucket *self,
                           struct slu_bucket_unit *unit, struct slu_view bytes)
{
    const struct slu_contents *contents = self->contents;
    struct slu_bucket_answer *answer = &unit->answer;

    count_lines(answer, bytes);
    if (answer->hash != NULL) {
        slu_sha256_add(answer->hash, bytes);
    } else {
        enum slu_err err = contents->append(contents->ctx, answer->writer,
                                            bytes, &answer->fault);

        /* Only what went wrong has a code. */
        answer->fault.code = err;
    }
}

/* What has no room is left out: the code and the message come first. */
static void append_words(struct slu_bucket_answer *answer,
                         struct slu_view bytes)
{
    size_t room = answer->words.max - answer->words.len;

    if (bytes.len > room) {
        bytes.len = room;
    }
    if (slu_buf_append(&answer->words, bytes) != SLU_ERR_OK) {
        (void)slu_error_set(&answer->fault, SLU_ERR_NOMEM, "out of memory");
    }
}

enum slu_body_verdict slu_bucket_answer_body(struct slu_bucket *self,
                                             struct slu_bucket_unit *unit,
                                             struct slu_view bytes)
{
    struct slu_bucket_answer *answer = &unit->answer;

    if (answer->fault.code != SLU_ERR_OK) {
        return SLU_BODY_ERROR;
    }
    if (bytes.len == 0) {
        return SLU_BODY_MORE;
    }
    if (answer->hash != NULL || answer->writer != NULL) {
        append_content(self, unit, bytes);
    } else {
        append_words(answer, bytes);
    }
    return answer->fault.code == SLU_ERR_OK ? SLU_BODY_MORE : SLU_BODY_ERROR;
}

void slu_bucket_answer_name(struct slu_bucket_unit *unit,
                            struct slu_content_name *out_name)
{
    unsigned char digest[SLU_SHA256_LEN];

    slu_sha256_end(unit->answer.hash, digest);
    slu_hex_format(digest, sizeof(digest), out_name->text);
    out_name->text[SLU_CONTENT_NAME_LEN] = '\0';
}

void slu_bucket_answer_drop(struct slu_bucket *self,
                            struct slu_bucket_unit *unit)
{
    struct slu_bucket_answer *answer = &unit->answer;
    struct slu_buf words = answer->words;

    if (answer->writer != NULL) {
        self->contents->abandon(self->contents->ctx, answer->writer);
    }
    slu_sha256_free(answer->hash);
    slu_buf_clear(&words);
    *answer = (struct slu_bucket_answer){.words = words};
}

void slu_bucket_answer_fini(struct slu_bucket *self,
                            struct slu_bucket_unit *unit)
{
    slu_bucket_answer_drop(self, unit);
    slu_buf_fini(&unit->answer.words);
}
