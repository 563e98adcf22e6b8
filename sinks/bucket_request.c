/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/bucket_state.h"

#include <stdio.h>

/* The account's own key needs no id. */
#define OWN_KMS_KEY "aws/s3"

static void add_header(struct slu_bucket_unit *unit,
                       struct slu_request *request, const char *name,
                       const char *value)
{
    if (value[0] != '\0') {
        unit->headers[request->header_count++] = (struct slu_request_header){
            slu_view_str(name), slu_view_str(value)};
    }
}

static const char *content_type(const struct slu_bucket_unit *unit)
{
    return slu_view_ends_with(slu_view_str(unit->known->path), ".json")
               ? "application/json"
               : "text/plain";
}

static void add_put_headers(const struct slu_bucket *self,
                            struct slu_bucket_unit *unit,
                            struct slu_request *request)
{
    const char *key_id = self->kms_key_id;

    if (unit->known->state == SLU_OBJECT_PRESENT) {
        add_header(unit, request, "if-match", unit->known->etag);
    } else {
        add_header(unit, request, "if-none-match", "*");
    }
    if (key_id[0] != '\0') {
        add_header(unit, request, "x-amz-server-side-encryption", "aws:kms");
    }
    if (strcmp(key_id, OWN_KMS_KEY) != 0) {
        add_header(unit, request, "x-amz-server-side-encryption-aws-kms-key-id",
                   key_id);
    }
}

static bool open_body(struct slu_bucket *self, struct slu_bucket_unit *unit,
                      struct slu_error *out_error)
{
    const struct slu_contents *contents = self->contents;
    struct slu_error why = {0};
    enum slu_err err = contents->open(contents->ctx, &unit->artifact.content,
                                      &unit->body, &why);

    if (err != SLU_ERR_OK) {
        (void)slu_error_set(
            out_error, err, "%s: not stored: %s", slu_bucket_thing(unit),
            why.text[0] != '\0' ? why.text : slu_err_sentence(err));
        return false;
    }
    unit->open = true;
    return true;
}

static enum slu_method choose_method(enum slu_bucket_phase phase)
{
    switch (phase) {
    case SLU_BUCKET_PUT:
        return SLU_METHOD_PUT;
    case SLU_BUCKET_VERIFY:
    case SLU_BUCKET_LOOK:
    case SLU_BUCKET_LOCATE:
        return SLU_METHOD_HEAD;
    default:
        return SLU_METHOD_GET;
    }
}

bool slu_bucket_request_make(struct slu_bucket *self,
                             struct slu_bucket_unit *unit,
                             struct slu_request *out_request,
                             struct slu_error *out_error)
{
    bool put = unit->phase == SLU_BUCKET_PUT;

    slu_bucket_answer_drop(self, unit);
    if (put && !open_body(self, unit, out_error)) {
        return false;
    }
    memcpy(unit->region, self->region, sizeof(unit->region));
    *out_request = (struct slu_request){
        .unit = &unit->unit,
        .method = choose_method(unit->phase),
        .target = unit->phase == SLU_BUCKET_LOCATE
                      ? slu_view_str("/")
                      : slu_buf_view(&unit->target),
        .headers = unit->headers,
        .auth = SLU_AUTH_SIGV4,
        .aws = {.service = slu_view_str("s3"),
                .region = slu_view_str(unit->region),
                .bucket = slu_view_str(self->bucket)},
    };
    if (put) {
        unit->sent = true;
        out_request->body = unit->body;
        out_request->body_lent = true;
        out_request->content_type = slu_view_str(content_type(unit));
        add_put_headers(self, unit, out_request);
    }
    add_header(unit, out_request, "x-amz-expected-bucket-owner", self->owner);
    return true;
}

void slu_bucket_request_release(struct slu_bucket *self,
                                struct slu_bucket_unit *unit)
{
    if (unit->open) {
        self->contents->close(self->contents->ctx, unit->body);
        unit->open = false;
    }
}
