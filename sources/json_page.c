/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/json_page.h"

enum slu_err slu_json_page_init(struct slu_json_page *self,
                                const struct slu_json_split_options *options)
{
    self->split = slu_json_split_new(options);
    if (self->split == NULL) {
        return SLU_ERR_NOMEM;
    }
    slu_json_page_reset(self);
    return SLU_ERR_OK;
}

void slu_json_page_fini(struct slu_json_page *self)
{
    slu_json_split_free(self->split);
    self->split = NULL;
}

void slu_json_page_reset(struct slu_json_page *self)
{
    slu_json_split_reset(self->split);
    self->status = 0;
    self->error = (struct slu_error){0};
    self->refusal_len = 0;
}

static void keep_refusal(struct slu_json_page *self, struct slu_view bytes)
{
    size_t room = sizeof(self->refusal_body) - self->refusal_len;
    size_t len = bytes.len < room ? bytes.len : room;

    if (len > 0) {
        memcpy(self->refusal_body + self->refusal_len, bytes.ptr, len);
        self->refusal_len += len;
    }
}

struct slu_view slu_json_page_refusal(const struct slu_json_page *self)
{
    return slu_view_make(self->refusal_body, self->refusal_len);
}

enum slu_body_verdict slu_json_page_read(struct slu_json_page *self,
                                         struct slu_view bytes,
                                         slu_json_page_fn on_event, void *ctx)
{
    struct slu_json_event event;

    if (self->status != 200) {
        keep_refusal(self, bytes);
        return SLU_BODY_MORE;
    }
    if (self->error.code != SLU_ERR_OK) {
        return SLU_BODY_ERROR;
    }
    slu_json_split_feed(self->split, bytes);
    for (;;) {
        enum slu_err err;

        slu_json_split_next(self->split, &event);
        if (event.kind == SLU_JSON_MORE || event.kind == SLU_JSON_DONE) {
            return SLU_BODY_MORE;
        }
        if (event.kind == SLU_JSON_ERROR) {
            self->error = *slu_json_split_error(self->split);
            return SLU_BODY_ERROR;
        }
        err = on_event(ctx, &event);
        if (err != SLU_ERR_OK) {
            self->error.code = err;
            return SLU_BODY_ERROR;
        }
    }
}

const struct slu_error *slu_json_page_failure(struct slu_json_page *self,
                                              const struct slu_answer_end *end)
{
    if (self->status == 200 && self->error.code != SLU_ERR_OK) {
        return &self->error;
    }
    if (end->err != SLU_ERR_OK) {
        self->error = end->error != NULL ? *end->error
                                         : (struct slu_error){.code = end->err};
        self->error.code = end->err;
        return &self->error;
    }
    if (self->status == 200 &&
        slu_json_split_finish(self->split) != SLU_ERR_OK) {
        self->error = *slu_json_split_error(self->split);
        return &self->error;
    }
    return NULL;
}
