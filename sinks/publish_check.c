/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errand: hands out the requests of the tracks, and each answer at its end.
 * A check never says COMMIT: an answer that was understood ends as FAILED
 * without an error, as with the sources.
 */
#include "sinks/publish_check_state.h"

#include "codecs/json_split.h"

#include <assert.h>
#include <stdio.h>

#define LINES_MAX (256u * 1024)
#define TARGET_MAX 4096

/* ---- tracks ---- */

static void init_track(struct slu_publish_check *self,
                       struct slu_check_track *track, unsigned lane,
                       const struct slu_check_steps *steps)
{
    track->check = self;
    track->lane = lane;
    track->steps = steps;
    slu_buf_init(&track->body, self->alloc,
                 SLU_IAM_BODY_MAX + SLU_JSON_PADDING);
    slu_buf_init(&track->target, self->alloc, TARGET_MAX);
    slu_buf_init(&track->sent, self->alloc, SLU_IAM_BODY_MAX);
    slu_buf_init(&track->lines, self->alloc, LINES_MAX);
}

static void fini_track(struct slu_check_track *track)
{
    slu_buf_fini(&track->body);
    slu_buf_fini(&track->target);
    slu_buf_fini(&track->sent);
    slu_buf_fini(&track->lines);
}

static void init_region(struct slu_publish_check *self, unsigned index,
                        const char *name)
{
    struct slu_check_region *region = &self->regions[index];

    region->region = name;
    init_track(self, &region->track, SLU_CHECK_LANE_REGIONS + index,
               &slu_check_region_steps);
    slu_buf_init(&region->ids, self->alloc, SLU_IAM_BODY_MAX);
    slu_buf_init(&region->token, self->alloc, SLU_THREAT_SET_TOKEN_MAX);
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_buf_init(&region->sets[kind].foreign, self->alloc,
                     SLU_IAM_BODY_MAX);
        slu_buf_init(&region->sets[kind].ids, self->alloc, SLU_IAM_BODY_MAX);
    }
    slu_check_region_begin(region);
}

static void fini_region(struct slu_check_region *region)
{
    fini_track(&region->track);
    slu_buf_fini(&region->ids);
    slu_buf_fini(&region->token);
    for (unsigned kind = 0; kind < SLU_KIND_COUNT; kind++) {
        slu_buf_fini(&region->sets[kind].foreign);
        slu_buf_fini(&region->sets[kind].ids);
    }
}

static void fini_simulation(struct slu_check_simulation *self)
{
    fini_track(&self->track);
    slu_buf_fini(&self->marker);
    for (unsigned i = 0; i < self->group_count; i++) {
        slu_intern_fini(&self->groups[i].resources);
        slu_buf_fini(&self->groups[i].found);
    }
}

/* ---- life ---- */

enum slu_err
slu_publish_check_new(const struct slu_publish_check_options *options,
                      struct slu_publish_check **out_check,
                      struct slu_error *out_error)
{
    const struct slu_alloc *alloc = options->publish.alloc;
    unsigned regions = options->sets ? options->publish.regions->count : 0;
    struct slu_publish_check *self;

    *out_check = NULL;
    if (regions > SLU_SETS_REGIONS_MAX) {
        return slu_error_set(out_error, SLU_ERR_LIMIT,
                             "publish.regions has %u regions; at most %d",
                             regions, SLU_SETS_REGIONS_MAX);
    }
    self = slu_alloc_zero(alloc, sizeof(*self));
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = alloc;
    self->options = *options;
    self->region_room = regions > 0 ? regions : 1;
    self->regions =
        slu_alloc_zero(alloc, self->region_room * sizeof(self->regions[0]));
    if (self->regions == NULL) {
        slu_publish_check_free(self);
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    *out_check = self;
    return SLU_ERR_OK;
}

void slu_publish_check_free(struct slu_publish_check *self)
{
    if (self == NULL) {
        return;
    }
    fini_track(&self->caller_track);
    fini_track(&self->bucket.track);
    for (unsigned i = 0; i < self->region_count; i++) {
        fini_region(&self->regions[i]);
    }
    fini_simulation(&self->simulation);
    slu_alloc_put(self->alloc, self->regions,
                  self->region_room * sizeof(self->regions[0]));
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

static unsigned count_lanes(const void *errand)
{
    const struct slu_publish_check *self = errand;

    return SLU_CHECK_LANE_REGIONS + self->region_room;
}

/* A check stores nothing, and nothing stored is of use to it. */
static enum slu_err load(void *errand, struct slu_view key,
                         struct slu_view value)
{
    (void)errand;
    (void)key;
    (void)value;
    return SLU_ERR_OK;
}

static enum slu_err start(void *errand, const struct slu_errand_port *port,
                          struct slu_now now, struct slu_error *out_error)
{
    struct slu_publish_check *self = errand;
    const struct slu_strings *regions = self->options.publish.regions;

    (void)now;
    (void)out_error;
    assert(self->caller_track.check == NULL); /* it runs once */
    self->port = *port;
    (void)snprintf(self->aws_region, sizeof(self->aws_region), "%.*s",
                   SLU_VIEW_ARGS(port->aws_region));
    init_track(self, &self->caller_track, SLU_CHECK_LANE_STS,
               &slu_check_caller_steps);
    init_track(self, &self->bucket.track, SLU_CHECK_LANE_S3,
               &slu_check_bucket_steps);
    init_track(self, &self->simulation.track, SLU_CHECK_LANE_IAM,
               &slu_check_simulation_steps);
    slu_buf_init(&self->simulation.marker, self->alloc, SLU_IAM_MARKER_MAX);
    self->region_count = self->options.sets ? self->region_room : 0;
    for (unsigned i = 0; i < self->region_count; i++) {
        init_region(self, i,
                    regions->count > 0 ? regions->items[i] : self->aws_region);
    }
    return SLU_ERR_OK;
}

/* ---- requests ---- */

static bool begin(struct slu_check_track *track, struct slu_request *out)
{
    enum slu_err err;

    slu_buf_clear(&track->body);
    slu_buf_clear(&track->target);
    slu_buf_clear(&track->sent);
    track->status = 0;
    track->error_type[0] = '\0';
    track->region[0] = '\0';
    *out = (struct slu_request){
        .unit = &track->head,
        .channel = SLU_CHANNEL_HTTP,
        .auth = SLU_AUTH_SIGV4,
        .lane = track->lane,
    };
    err = track->steps->write(track, out);
    if (err != SLU_ERR_OK) {
        slu_check_fail(track->check, err);
        return false;
    }
    out->target = slu_buf_view(&track->target);
    out->body = slu_buf_view(&track->sent);
    track->in_flight = true;
    return true;
}

/* The simulation needs what all others have found. */
static bool may_begin(struct slu_publish_check *self,
                      struct slu_check_track *track)
{
    enum slu_err err;

    if (track != &self->simulation.track || self->simulation.planned) {
        return true;
    }
    for (unsigned i = 0; slu_check_track_at(self, i) != track; i++) {
        if (!slu_check_track_at(self, i)->over) {
            return false;
        }
    }
    self->simulation.planned = true;
    err = slu_check_simulation_plan(&self->simulation);
    if (err != SLU_ERR_OK) {
        slu_check_fail(self, err);
        return false;
    }
    slu_check_simulation_begin(&self->simulation);
    return !track->over;
}

static enum slu_turn next_request(void *errand, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    struct slu_publish_check *self = errand;
    struct slu_check_track *track;
    bool waits = false;

    *out_wait_until_ms = UINT64_MAX;
    for (unsigned i = 0; (track = slu_check_track_at(self, i)) != NULL; i++) {
        if (self->fatal.code != SLU_ERR_OK) {
            return SLU_TURN_DONE;
        }
        if (track->over || track->in_flight || !may_begin(self, track)) {
            waits = waits || !track->over;
            continue;
        }
        waits = true;
        if (track->head.not_before_ms > now.mono_ms) {
            if (track->head.not_before_ms < *out_wait_until_ms) {
                *out_wait_until_ms = track->head.not_before_ms;
            }
        } else if (self->port.may_send(self->port.ctx, track->lane, 0)) {
            return begin(track, out_request) ? SLU_TURN_REQUEST : SLU_TURN_DONE;
        }
    }
    return waits && self->fatal.code == SLU_ERR_OK ? SLU_TURN_WAIT
                                                   : SLU_TURN_DONE;
}

/* ---- answers ---- */

static void copy_view(struct slu_view text, char *out, size_t room)
{
    (void)snprintf(out, room, "%.*s", SLU_VIEW_ARGS(text));
}

static void on_head(void *errand, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    struct slu_check_track *track = (struct slu_check_track *)unit;

    (void)errand;
    track->status = head->status;
    copy_view(head->error_type, track->error_type, sizeof(track->error_type));
    copy_view(head->region, track->region, sizeof(track->region));
}

/* What is larger than any answer that is read is left out; what is cut so can't
 * be understood, and is told. */
static enum slu_body_verdict on_body(void *errand, struct slu_unit *unit,
                                     struct slu_view bytes)
{
    struct slu_check_track *track = (struct slu_check_track *)unit;
    size_t room = SLU_IAM_BODY_MAX - track->body.len;
    enum slu_err err;

    (void)errand;
    if (bytes.len > room) {
        bytes.len = room;
    }
    err = slu_buf_append(&track->body, bytes);
    if (err != SLU_ERR_OK) {
        slu_check_fail(track->check, err);
        return SLU_BODY_ERROR;
    }
    return SLU_BODY_MORE;
}

/* The sentence names the request once. */
static void end_failed(struct slu_check_track *track,
                       const struct slu_error *error)
{
    bool named = strstr(error->text, track->head.name) != NULL;

    track->over = true;
    track->unsure = true;
    slu_check_say(track, SLU_CHECK_FAIL, "%s%s%s",
                  named ? "" : track->head.name, named ? "" : ": ",
                  error->text);
}

/* One sentence for all tracks that the same stops. */
static void end_unsigned(struct slu_check_track *track,
                         const struct slu_error *error)
{
    struct slu_publish_check *self = track->check;

    if (self->sign_in.code != SLU_ERR_OK &&
        strcmp(self->sign_in.text, error->text) != 0) {
        end_failed(track, error);
        return;
    }
    self->sign_in = *error;
    track->over = true;
    track->unsure = true;
}

static void retry(struct slu_check_track *track, bool throttled,
                  struct slu_step *out_step)
{
    out_step->kind = SLU_STEP_RETRY;
    out_step->throttled = throttled;
    out_step->error = track->error;
    out_step->error.http_status = track->status;
}

static void count_trial(struct slu_check_track *track,
                        const struct slu_aws_error *refusal)
{
    struct slu_publish_check *self = track->check;

    if (track != &self->caller_track && track != &self->simulation.track) {
        self->asked++;
        self->denied += refusal != NULL && slu_check_is_denied(refusal);
    }
}

static enum slu_err take(struct slu_check_track *track,
                         const struct slu_aws_error *refusal,
                         struct slu_step *out_step)
{
    enum slu_err err;
    char *room;

    if (refusal != NULL && (refusal->class_ == SLU_AWS_THROTTLED ||
                            refusal->class_ == SLU_AWS_TRANSIENT)) {
        (void)slu_error_set(&track->error, SLU_ERR_SERVER, "%s: HTTP %d %s: %s",
                            track->head.name, track->status, refusal->code,
                            refusal->message);
        retry(track, refusal->class_ == SLU_AWS_THROTTLED, out_step);
        return SLU_ERR_OK;
    }
    err = slu_buf_reserve(&track->body, SLU_JSON_PADDING, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    memset(room, 0, SLU_JSON_PADDING);
    err = track->steps->take(track, refusal);
    if (err == SLU_ERR_MALFORMED) {
        retry(track, false, out_step);
        return SLU_ERR_OK;
    }
    count_trial(track, refusal);
    track->head.attempts = 0;
    track->head.waited_ms = 0;
    track->head.not_before_ms = 0;
    return err;
}

static void on_end(void *errand, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct slu_publish_check *self = errand;
    struct slu_check_track *track = (struct slu_check_track *)unit;
    struct slu_aws_error refusal;
    enum slu_err err;

    (void)now;
    track->in_flight = false;
    *out_step = (struct slu_step){.kind = SLU_STEP_FAILED};
    if (end->err == SLU_ERR_AUTH || end->err == SLU_ERR_DENIED ||
        end->err == SLU_ERR_CONFIG) {
        end_unsigned(track, end->error);
        return;
    }
    if (end->err == SLU_ERR_TIMEOUT) {
        /* Somebody waits, and has waited for long already. */
        end_failed(track, end->error);
        return;
    }
    if (end->err != SLU_ERR_OK) {
        track->error = *end->error;
        retry(track, false, out_step);
        return;
    }
    if (track->status / 100 == 2) {
        err = take(track, NULL, out_step);
    } else {
        err = slu_aws_error_read(self->alloc, track->status,
                                 slu_view_str(track->error_type),
                                 slu_buf_view(&track->body), &refusal);
        if (err == SLU_ERR_OK) {
            err = take(track, &refusal, out_step);
        }
    }
    if (err != SLU_ERR_OK) {
        slu_check_fail(self, err);
    }
}

static void give_up(void *errand, struct slu_unit *unit,
                    const struct slu_error *error)
{
    struct slu_check_track *track = (struct slu_check_track *)unit;

    (void)errand;
    track->in_flight = false;
    end_failed(track, error);
}

const struct slu_errand_ops slu_publish_check_errand = {
    .name = "publish_check",
    .lanes = count_lanes,
    .load = load,
    .start = start,
    .next_request = next_request,
    .on_head = on_head,
    .on_body = on_body,
    .on_end = on_end,
    .give_up = give_up,
};
