/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run: which unit asks next, at most SLU_BUCKET_IN_FLIGHT_MAX at once, the
 * checkpoint when all others are over; and where its answers go.
 */
#include "codecs/view_take.h"
#include "sinks/bucket_state.h"

#include <stdio.h>

/* ---- start ---- */

void slu_bucket_plan_store(struct slu_bucket *self,
                           struct slu_bucket_unit *unit)
{
    const struct slu_bucket_known *known = unit->known;

    unit->phase = SLU_BUCKET_DONE;
    if (self->port.read_only) {
        return;
    }
    if (slu_bucket_known_has(known, &unit->artifact.content)) {
        unit->outcome = SLU_OBJECT_SAME;
        return;
    }
    unit->lines_before = known->lines;
    unit->phase =
        known->state == SLU_OBJECT_UNKNOWN ? SLU_BUCKET_LOOK : SLU_BUCKET_PUT;
}

static void begin_unit(struct slu_bucket *self, struct slu_bucket_unit *unit)
{
    char location[SLU_LOCATION_MAX + 1];

    /* What a run that was stopped has left open. */
    slu_bucket_request_release(self, unit);
    slu_bucket_answer_drop(self, unit);
    slu_bucket_location(&self->config, unit->known->path, location);
    unit->unit = (struct slu_unit){0};
    (void)snprintf(unit->unit.name, sizeof(unit->unit.name), "%s", location);
    unit->outcome = SLU_OBJECT_UNTOUCHED;
    unit->before = unit->known->content;
    unit->busy = false;
    unit->sent = false;
    unit->redirected = false;
    unit->moves = 0;
    if (unit->verify && unit->known->state == SLU_OBJECT_PRESENT &&
        !unit->fetch) {
        unit->phase = SLU_BUCKET_VERIFY;
    } else if (unit->verify || unit->fetch) {
        unit->phase = SLU_BUCKET_FETCH;
    } else {
        slu_bucket_plan_store(self, unit);
    }
}

static enum slu_err start(void *bucket, const struct slu_errand_port *port,
                          struct slu_now now, struct slu_error *out_error)
{
    struct slu_bucket *self = bucket;

    (void)now;
    (void)out_error;
    self->port = *port;
    (void)snprintf(self->own_region, sizeof(self->own_region), "%.*s",
                   SLU_VIEW_ARGS(port->aws_region));
    self->in_flight = 0;
    self->refused = 0;
    self->welcome = false;
    self->told = 0;
    self->doubted = false;
    self->signed_out = (struct slu_error){0};
    self->result = (struct slu_bucket_result){0};
    for (unsigned i = 0; i < self->unit_count; i++) {
        begin_unit(self, &self->units[i]);
    }
    return SLU_ERR_OK;
}

static bool is_checkpoint(const struct slu_bucket_unit *unit)
{
    return unit->store && unit->artifact.role == SLU_ARTIFACT_CHECKPOINT &&
           unit->phase != SLU_BUCKET_FETCH && !slu_bucket_is_verified(unit);
}

/* MORE: some unit isn't over yet. */
enum others {
    OTHERS_MORE,
    OTHERS_DURABLE,
    OTHERS_NOT_DURABLE,
};

static enum others look_at_others(const struct slu_bucket *self)
{
    bool durable = !self->held && self->result.failed == 0;

    for (unsigned i = 0; i < self->unit_count; i++) {
        const struct slu_bucket_unit *unit = &self->units[i];

        if (is_checkpoint(unit)) {
            continue;
        }
        if (unit->phase != SLU_BUCKET_DONE) {
            return OTHERS_MORE;
        }
        durable =
            durable && (!unit->store || unit->outcome == SLU_OBJECT_SAME ||
                        unit->outcome == SLU_OBJECT_STORED);
    }
    return durable ? OTHERS_DURABLE : OTHERS_NOT_DURABLE;
}

/* True: a checkpoint may go its way. */
static bool admit_checkpoint(struct slu_bucket *self,
                             struct slu_bucket_unit *unit)
{
    enum others others = look_at_others(self);

    if (others == OTHERS_NOT_DURABLE) {
        unit->phase = SLU_BUCKET_DONE;
    }
    return others == OTHERS_DURABLE;
}

/* True when the unit has a request now; a unit may end here without one. */
static bool hand_out(struct slu_bucket *self, struct slu_bucket_unit *unit,
                     struct slu_request *out_request)
{
    struct slu_error error = {0};

    if (self->signed_out.code != SLU_ERR_OK) {
        slu_bucket_count_failure(self, unit, SLU_OBJECT_FAILED,
                                 &self->signed_out);
        return false;
    }
    if (!slu_bucket_request_make(self, unit, out_request, &error)) {
        slu_bucket_fail(self, unit, SLU_OBJECT_FAILED, &error);
        return false;
    }
    unit->busy = true;
    self->in_flight++;
    return true;
}

/* Of the checkpoints, or of all others. */
static bool find_request(struct slu_bucket *self, bool checkpoints,
                         struct slu_now now, struct slu_request *out_request,
                         uint64_t *out_wait_until_ms)
{
    for (unsigned i = 0; i < self->unit_count; i++) {
        struct slu_bucket_unit *unit = &self->units[i];

        if (unit->phase == SLU_BUCKET_DONE || unit->busy ||
            is_checkpoint(unit) != checkpoints ||
            (checkpoints && !admit_checkpoint(self, unit))) {
            continue;
        }
        if (unit->unit.not_before_ms > now.mono_ms) {
            if (unit->unit.not_before_ms < *out_wait_until_ms) {
                *out_wait_until_ms = unit->unit.not_before_ms;
            }
            continue;
        }
        if (hand_out(self, unit, out_request)) {
            return true;
        }
    }
    return false;
}

static bool is_done(const struct slu_bucket *self)
{
    for (unsigned i = 0; i < self->unit_count; i++) {
        if (self->units[i].phase != SLU_BUCKET_DONE) {
            return false;
        }
    }
    return true;
}

static enum slu_turn next_request(void *bucket, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    struct slu_bucket *self = bucket;

    *out_wait_until_ms = UINT64_MAX;
    if (self->in_flight == SLU_BUCKET_IN_FLIGHT_MAX) {
        return SLU_TURN_WAIT;
    }
    /* Checkpoints second: the others may all have ended just now. */
    if (find_request(self, false, now, out_request, out_wait_until_ms) ||
        find_request(self, true, now, out_request, out_wait_until_ms)) {
        return SLU_TURN_REQUEST;
    }
    return is_done(self) ? SLU_TURN_DONE : SLU_TURN_WAIT;
}

/* ---- answers ---- */

static void on_head(void *bucket, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    slu_bucket_answer_head(bucket, (struct slu_bucket_unit *)unit, head);
}

static enum slu_body_verdict on_body(void *bucket, struct slu_unit *unit,
                                     struct slu_view bytes)
{
    return slu_bucket_answer_body(bucket, (struct slu_bucket_unit *)unit,
                                  bytes);
}

static void put_down(struct slu_bucket *self, struct slu_bucket_unit *unit)
{
    slu_bucket_request_release(self, unit);
    self->in_flight -= unit->busy;
    unit->busy = false;
}

/* Refused altogether: whatever was asked for ended with a 403. */
static void note_denied(struct slu_bucket *self)
{
    struct slu_bucket_result *result = &self->result;

    result->denied = self->signed_out.code != SLU_ERR_OK ||
                     (self->refused > 0 && self->refused == result->failed &&
                      !self->welcome);
}

static void on_end(void *bucket, struct slu_unit *head,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct slu_bucket *self = bucket;
    struct slu_bucket_unit *unit = (struct slu_bucket_unit *)head;

    (void)now;
    put_down(self, unit);
    *out_step = (struct slu_step){.kind = SLU_STEP_COMMIT};
    slu_bucket_judge(self, unit, end, out_step);
    slu_bucket_answer_drop(self, unit);
    note_denied(self);
}

static void give_up(void *bucket, struct slu_unit *head,
                    const struct slu_error *error)
{
    struct slu_bucket *self = bucket;
    struct slu_bucket_unit *unit = (struct slu_bucket_unit *)head;

    put_down(self, unit);
    slu_bucket_answer_drop(self, unit);
    /* Who gives up says so himself. */
    slu_bucket_count_failure(self, unit, SLU_OBJECT_FAILED, error);
    note_denied(self);
}

static enum slu_err load(void *bucket, struct slu_view key,
                         struct slu_view value)
{
    struct slu_bucket *self = bucket;

    if (slu_view_equal_str(key, "region")) {
        slu_bucket_region_load(self, value);
        return SLU_ERR_OK;
    }
    if (slu_view_take_prefix(&key, "intent/")) {
        return slu_bucket_intent_load(self, key, value);
    }
    return slu_bucket_known_load(self, key, value);
}

static unsigned count_lanes(const void *bucket)
{
    (void)bucket;
    return 1;
}

const struct slu_errand_ops slu_bucket_errand = {
    .name = "s3",
    .lanes = count_lanes,
    .load = load,
    .start = start,
    .next_request = next_request,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .give_up = give_up,
};
