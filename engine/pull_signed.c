/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that are signed. Signing is done at each attempt, with credentials
 * taken together and the clock corrected by what servers have said.
 *
 * An error answer is kept from the source until its end, for two causes are
 * cured here, each once for a request: credentials that the server no longer
 * knows (they are rejected, and the request waits for others), and a clock that
 * is minutes off (AWS allows five). Everything else is then told to the source
 * as it came.
 */
#include "codecs/aws_error.h"
#include "codecs/time_text.h"
#include "engine/clock.h"
#include "engine/pull_state.h"

#include <assert.h>

#define SKEW_MAX_S 240
#define YOUNG_S 60

void slu_pull_signed_go_on(struct slu_pull *self)
{
    for (unsigned i = 0; i < self->slot_count; i++) {
        struct slu_slot *slot = &self->slots[i];

        if (slot->unit != NULL && slot->state == SLU_SLOT_AWAITS &&
            self->fatal.code == SLU_ERR_OK) {
            slu_pull_send(slot);
        }
    }
    slu_pull_pump(self);
}

enum slu_credential_state slu_pull_signed_state(struct slu_pull *self,
                                                unsigned identity,
                                                struct slu_error *out_error)
{
    const struct slu_credentials *credentials;
    uint64_t generation;

    assert(self->session->pool != NULL &&
           identity <= self->access.account_count);
    return self->session->sign_in->get(self->session->pool, identity,
                                       &credentials, &generation, out_error);
}

enum slu_credential_state
slu_pull_signed_make(struct slu_slot *slot, struct slu_http_request *out_http,
                     struct slu_error *out_error)
{
    struct slu_pull *self = slot->pull;
    const struct slu_credentials *credentials = NULL;
    enum slu_credential_state state = self->session->sign_in->get(
        self->session->pool, slot->request.aws.identity, &credentials,
        &slot->generation, out_error);

    if (state != SLU_CREDENTIAL_READY) {
        return state;
    }
    slot->offset_s = self->session->sign_in->offset(self->session->pool);
    slot->obtained_s = credentials->obtained_s;
    return slu_aws_signer_sign(self->session->signer, &slot->request,
                               credentials, slu_clock_wall_s() + slot->offset_s,
                               out_http, out_error) == SLU_ERR_OK
               ? SLU_CREDENTIAL_READY
               : SLU_CREDENTIAL_FAILED;
}

/* ---- what is kept from the source ---- */

static size_t keep_text(char *to, size_t room, struct slu_view text)
{
    size_t len = text.len < room ? text.len : room;

    if (len > 0) {
        memcpy(to, text.ptr, len);
    }
    return len;
}

/* S3 says where a bucket is with a redirect; what it says is the source's to
 * know, but a wrong region may also be a signature that is refused. */
static bool is_error(int status)
{
    return status >= 400 || status == 301 || status == 307;
}

bool slu_pull_signed_keep_head(struct slu_slot *slot,
                               const struct slu_http_head *head)
{
    struct slu_kept *kept = &slot->kept;

    if (slot->request.auth != SLU_AUTH_SIGV4 || !is_error(head->status)) {
        return false;
    }
    kept->active = true;
    kept->lost = false;
    kept->error_type_len =
        keep_text(kept->error_type, sizeof(kept->error_type), head->error_type);
    kept->region_len =
        keep_text(kept->region, sizeof(kept->region), head->region);
    kept->etag_len = keep_text(kept->etag, sizeof(kept->etag), head->etag);
    if (!slu_time_parse_http(head->date, &kept->date_s)) {
        kept->date_s = 0;
    }
    slu_buf_clear(&kept->body);
    return true;
}

enum slu_http_flow slu_pull_signed_keep_body(struct slu_slot *slot,
                                             struct slu_view bytes)
{
    struct slu_buf *body = &slot->kept.body;
    size_t room = body->max - body->len;

    if (bytes.len > room) {
        bytes.len = room;
    }
    if (slu_buf_append(body, bytes) != SLU_ERR_OK) {
        slot->kept.lost = true;
        return SLU_HTTP_ERROR;
    }
    return SLU_HTTP_MORE;
}

/* What a region that isn't enabled says is also said of a token that is no
 * longer known. A set that was got just now is no such: other regions use it,
 * and another sign-in would cure nothing. */
static bool is_young(const struct slu_slot *slot)
{
    return slu_clock_wall_s() + slot->offset_s - slot->obtained_s < YOUNG_S;
}

static bool renew(struct slu_slot *slot, const struct slu_aws_error *cause)
{
    struct slu_pull *self = slot->pull;

    if (slot->renewed ||
        (cause->class_ == SLU_AWS_NOT_ENABLED && is_young(slot))) {
        return false;
    }
    slot->renewed = true;
    slu_logger_print(&self->options->logger, SLU_LOG_DEBUG,
                     "%s: %s: asking again with new credentials",
                     slot->unit->name, cause->code);
    self->session->sign_in->reject(
        self->session->pool, slot->request.aws.identity, slot->generation);
    return true;
}

static void tell_skew(struct slu_pull *self, int64_t offset_s)
{
    if (self->session->clock_told) {
        return;
    }
    self->session->clock_told = true;
    slu_logger_print(&self->options->logger, SLU_LOG_WARN,
                     "this machine's clock is %lld s %s that of AWS: requests "
                     "are signed by the server's; please set the clock",
                     (long long)(offset_s < 0 ? -offset_s : offset_s),
                     offset_s < 0 ? "ahead of" : "behind");
}

/* By the clock that signed this request; another answer may have set it right
 * since. */
static bool set_clock(struct slu_slot *slot)
{
    struct slu_pull *self = slot->pull;
    int64_t offset_s = slot->kept.date_s - slu_clock_wall_s();
    int64_t skew_s = offset_s - slot->offset_s;

    if (slot->clock_set || slot->kept.date_s == 0 ||
        (skew_s >= -SKEW_MAX_S && skew_s <= SKEW_MAX_S)) {
        return false;
    }
    slot->clock_set = true;
    if (self->session->sign_in->offset(self->session->pool) == slot->offset_s) {
        self->session->sign_in->set_offset(self->session->pool, offset_s);
        tell_skew(self, offset_s);
    }
    return true;
}

static bool can_cure(struct slu_slot *slot)
{
    const struct slu_kept *kept = &slot->kept;
    struct slu_aws_error cause;
    struct slu_error error;

    if (slu_aws_error_read(
            slot->pull->options->alloc, slot->status,
            slu_view_make(kept->error_type, kept->error_type_len),
            slu_buf_view(&kept->body), &cause) != SLU_ERR_OK) {
        (void)slu_error_set(&error, SLU_ERR_NOMEM, "out of memory");
        slu_pull_fail(slot->pull, &error);
        return false;
    }
    switch (cause.class_) {
    case SLU_AWS_EXPIRED:
    case SLU_AWS_NOT_ENABLED:
        return renew(slot, &cause);
    case SLU_AWS_SIGNATURE:
        return set_clock(slot);
    default:
        return false;
    }
}

static void tell_kept(struct slu_slot *slot, struct slu_error *error)
{
    const struct slu_kept *kept = &slot->kept;
    struct slu_pull *self = slot->pull;
    const struct slu_source_ops *ops = self->options->ops;
    struct slu_answer_head head = {
        .status = slot->status,
        .error_type = slu_view_make(kept->error_type, kept->error_type_len),
        .region = slu_view_make(kept->region, kept->region_len),
        .etag = slu_view_make(kept->etag, kept->etag_len),
    };

    ops->on_head(self->source, slot->unit, &head);
    if (kept->body.len > 0 &&
        ops->on_body(self->source, slot->unit, slu_buf_view(&kept->body)) ==
            SLU_BODY_ERROR &&
        error->code == SLU_ERR_OK) {
        (void)slu_error_set(error, SLU_ERR_MALFORMED,
                            "%s: the answer with status %d can't be read",
                            slot->unit->name, slot->status);
    }
}

bool slu_pull_signed_settle(struct slu_slot *slot, struct slu_error *error)
{
    slot->kept.active = false;
    if (slot->kept.lost) {
        (void)slu_error_set(error, SLU_ERR_NOMEM, "out of memory");
        slu_pull_fail(slot->pull, error);
    }
    if (error->code == SLU_ERR_OK && can_cure(slot)) {
        slot->pull->retries++;
        return true;
    }
    tell_kept(slot, error);
    return false;
}
