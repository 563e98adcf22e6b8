/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop at home, and all that it needs. `pump` (pull_send.c) runs at the
 * start, after every answer, when a wait is over, and when the store has room
 * again.
 */
#include "engine/pull.h"
#include "engine/clock.h"
#include "engine/http_copy.h"
#include "engine/pull_state.h"

#include <event2/event.h>

#define PROGRESS_MS 250
#define SEEN_MAX (512u * 1024)

struct slu_now slu_pull_now(void)
{
    return (struct slu_now){
        .mono_ms = slu_clock_mono_ms(),
        .wall_s = slu_clock_wall_s(),
    };
}

void slu_pull_fail(struct slu_pull *self, const struct slu_error *error)
{
    if (self->fatal.code == SLU_ERR_OK) {
        self->fatal = *error;
    }
    self->ended = true;
    (void)event_base_loopbreak(self->session->base);
}

/* With those of the run before, and without those of the session's others. */
static void get_http_stats(const struct slu_pull *self,
                           struct slu_http_stats *out_stats)
{
    const struct slu_pull_result *before = self->options->before;
    const struct slu_http_stats *others = &self->others;

    self->session->transport->get_stats(self->session->http, out_stats);
    slu_pull_loops_add_stats(self, out_stats);
    if (self->loop_count > 1 && out_stats->in_flight_max > self->busy_max) {
        /* The loops' peaks need not have been at one time. */
        out_stats->in_flight_max = self->busy_max;
    }
    out_stats->requests -= others->requests;
    out_stats->wire_bytes -= others->wire_bytes;
    out_stats->body_bytes -= others->body_bytes;
    out_stats->connects -= others->connects;
    if (before == NULL) {
        return;
    }
    out_stats->requests += before->http.requests;
    out_stats->wire_bytes += before->http.wire_bytes;
    out_stats->body_bytes += before->http.body_bytes;
    out_stats->connects += before->http.connects;
    if (out_stats->in_flight_max < before->http.in_flight_max) {
        out_stats->in_flight_max = before->http.in_flight_max;
    }
}

static void update_report(struct slu_pull *self)
{
    struct slu_http_stats stats;

    if (self->report == NULL) {
        return;
    }
    get_http_stats(self, &stats);
    slu_report_http(self->report, &stats);
    slu_report_counts(self->report, &self->counts);
    self->report->retries = self->retries;
    /* Until the sync has ended and knows better. */
    self->report->pull_seconds =
        (double)(slu_clock_mono_us() - self->began_us) / 1e6;
    self->report->seconds = self->report->pull_seconds;
}

/* ---- events ---- */

static void on_timer(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->options->profile, SLU_STAGE_OTHER);
    slu_pull_begin_turn(self);
    slu_pull_pump(self);
    slu_profile_sleep(self->options->profile);
}

static void on_progress(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->options->profile, SLU_STAGE_OTHER);
    update_report(self);
    self->options->callbacks->on_progress(
        self->options->callbacks->progress_ctx, self->report);
    slu_profile_sleep(self->options->profile);
}

static void on_stop(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull *self = ctx;
    struct slu_error error;

    (void)fd;
    (void)what;
    (void)slu_error_set(&error, SLU_ERR_STOPPED,
                        "stopped on request; what was committed stays, run "
                        "again to go on");
    slu_pull_fail(self, &error);
}

static void use_room(struct slu_pull *self)
{
    if (slu_store_error(self->options->store)->code != SLU_ERR_OK) {
        slu_pull_fail(self, slu_store_error(self->options->store));
        return;
    }
    slu_pull_loops_resume(self);
    slu_pull_pump(self);
}

static void on_room(evutil_socket_t fd, short what, void *ctx)
{
    struct slu_pull *self = ctx;

    (void)fd;
    (void)what;
    (void)slu_profile_enter(self->options->profile, SLU_STAGE_OTHER);
    slu_wake_clear(self->options->room);
    use_room(self);
    slu_profile_sleep(self->options->profile);
}

/* ---- life cycle ---- */

static enum slu_err open_events(struct slu_pull *self)
{
    const struct slu_pull_options *options = self->options;
    struct timeval period = {0, PROGRESS_MS * 1000};

    self->began_us = slu_clock_mono_us();
    self->timer = evtimer_new(self->session->base, on_timer, self);
    self->progress =
        event_new(self->session->base, -1, EV_PERSIST, on_progress, self);
    self->on_stop = event_new(self->session->base, options->stop->fd, EV_READ,
                              on_stop, self);
    self->on_ends =
        event_new(self->session->base, -1, 0, slu_pull_on_ends, self);
    if (self->timer == NULL || self->progress == NULL ||
        self->on_stop == NULL || self->on_ends == NULL) {
        return SLU_ERR_NOMEM;
    }
    if (options->store != NULL) {
        self->on_room = event_new(self->session->base, options->room->fd,
                                  EV_READ | EV_PERSIST, on_room, self);
        if (self->on_room == NULL) {
            return SLU_ERR_NOMEM;
        }
        (void)event_add(self->on_room, NULL);
    }
    (void)event_add(self->on_stop, NULL);
    if (options->callbacks->on_progress != NULL) {
        (void)event_add(self->progress, &period);
    }
    return SLU_ERR_OK;
}

static enum slu_err open_lanes(struct slu_pull *self)
{
    unsigned count = self->access.lanes > 0 ? self->access.lanes : 1;
    uint64_t now_ms = slu_clock_mono_ms();

    self->lanes =
        slu_alloc_get(self->options->alloc, count * sizeof(*self->lanes));
    if (self->lanes == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->lane_count = count;
    for (unsigned i = 0; i < count; i++) {
        slu_lane_init(&self->lanes[i], self->slot_count,
                      (uint32_t)self->access.requests_per_minute, now_ms);
        if (self->access.aws) {
            slu_lane_set_aws(&self->lanes[i], now_ms);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err open_slots(struct slu_pull *self)
{
    const struct slu_pull_options *options = self->options;
    unsigned count = (unsigned)options->limits->connections;

    self->slots = slu_alloc_zero(options->alloc, count * sizeof(*self->slots));
    if (self->slots == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->slot_count = count;
    for (unsigned i = 0; i < count; i++) {
        self->slots[i].pull = self;
        self->slots[i].mail.slot = &self->slots[i];
        slu_buf_init(&self->slots[i].copy, options->alloc, SLU_HTTP_COPY_MAX);
        slu_answer_init(&self->slots[i].answer, options->alloc, options->store);
        slu_buf_init(&self->slots[i].kept.body, options->alloc,
                     SLU_KEPT_BODY_MAX);
    }
    for (unsigned i = 0; options->rows != NULL && i < count; i++) {
        self->slots[i].rows = slu_row_batch_new(options->rows);
        if (self->slots[i].rows == NULL) {
            return SLU_ERR_NOMEM;
        }
    }
    slu_fingerprints_init(&self->seen, options->alloc, SEEN_MAX);
    slu_random_init(&self->random);
    return open_lanes(self);
}

static enum slu_err load_entry(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    struct slu_pull *self = ctx;

    return self->options->ops->load(self->source, key, value);
}

static enum slu_err load_entries(struct slu_pull *self, struct slu_error *error)
{
    const struct slu_pull_options *options = self->options;

    return options->store == NULL
               ? SLU_ERR_OK
               : slu_store_entries_of(options->store, options->ops->name,
                                      load_entry, self, error);
}

static enum slu_err open_source(struct slu_pull *self, struct slu_error *error)
{
    const struct slu_pull_options *options = self->options;
    enum slu_err err;

    slu_pull_port_init(self);
    err = options->ops->create(options->alloc, options->source_config,
                               &self->port, &self->source, error);
    if (err == SLU_ERR_OK) {
        err = load_entries(self, error);
    }
    if (err == SLU_ERR_OK) {
        err = options->ops->start(self->source, options->found, slu_pull_now(),
                                  error);
    }
    return err;
}

static void close_all(struct slu_pull *self)
{
    struct event *events[] = {self->timer, self->progress, self->on_stop,
                              self->on_room, self->on_ends};

    if (self->cut_short || self->session == &self->own_session) {
        slu_pull_session_cut(self->session);
    }
    slu_pull_loops_close(self);
    for (unsigned i = 0; i < self->slot_count; i++) {
        slu_answer_fini(&self->slots[i].answer);
        slu_http_request_wipe(&self->slots[i].copy);
        slu_buf_fini(&self->slots[i].copy);
        slu_buf_fini(&self->slots[i].kept.body);
        slu_row_batch_free(self->slots[i].rows);
    }
    slu_alloc_put(self->options->alloc, self->slots,
                  self->slot_count * sizeof(*self->slots));
    slu_alloc_put(self->options->alloc, self->lanes,
                  self->lane_count * sizeof(*self->lanes));
    slu_fingerprints_fini(&self->seen);
    if (self->source != NULL) {
        self->options->ops->destroy(self->source);
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (events[i] != NULL) {
            event_free(events[i]);
        }
    }
    self->session->pull = NULL;
    slu_pull_session_close(&self->own_session);
}

/* Drops what is in flight, and what of it is in the store already. */
static void cancel_all(struct slu_pull *self)
{
    for (unsigned i = 0; i < self->slot_count; i++) {
        struct slu_slot *slot = &self->slots[i];

        if (slot->unit != NULL) {
            if (slu_pull_loop_is_home(slot->loop)) {
                slu_pull_cancel_slot(slot);
            }
            if (slu_answer_abandon(&slot->answer) != SLU_ERR_OK) {
                /* The next open of the store deletes what was staged. */
            }
            slu_pull_free_slot(slot);
            self->cut_short = true;
        }
    }
}

static void loop(struct slu_pull *self)
{
    struct slu_profile *profile = self->options->profile;

    slu_profile_sleep(profile);
    (void)event_base_loop(self->session->base, EVLOOP_NO_EXIT_ON_EMPTY);
    (void)slu_profile_enter(profile, SLU_STAGE_OTHER);
}

static enum slu_err drain_store(struct slu_pull *self)
{
    struct slu_profile *profile = self->options->profile;
    enum slu_stage before = slu_profile_enter(profile, SLU_STAGE_COMMIT);
    enum slu_err err = slu_store_drain(self->options->store);

    slu_profile_leave(profile, before);
    return err;
}

static enum slu_err run_loop(struct slu_pull *self, struct slu_error *error)
{
    enum slu_err err;

    if (slu_wake_raised(self->options->stop)) {
        on_stop(-1, 0, self);
    }
    slu_pull_begin_turn(self);
    slu_pull_pump(self);
    /* A break that was asked for before the loop began would be forgotten. */
    if (self->fatal.code == SLU_ERR_OK && (!self->ended || self->busy > 0)) {
        loop(self);
    }
    slu_pull_loops_stop(self);
    cancel_all(self);
    slu_pull_tell_given_up(self);
    if (self->fatal.code != SLU_ERR_OK) {
        *error = self->fatal;
        return self->fatal.code;
    }
    if (self->options->store == NULL) {
        return SLU_ERR_OK;
    }
    err = drain_store(self);
    if (err != SLU_ERR_OK) {
        *error = *slu_store_error(self->options->store);
    }
    return err;
}

static void begin_counters(struct slu_pull *self)
{
    const struct slu_pull_result *before = self->options->before;

    if (before != NULL) {
        self->counts = before->counts;
        self->retries = before->retries;
    }
}

static void fill_result(struct slu_pull *self, struct slu_pull_result *result)
{
    const struct slu_source_ops *ops = self->options->ops;

    if (self->source != NULL) {
        ops->result(self->source, &result->source);
        if (ops->checkpoint != NULL) {
            ops->checkpoint(self->source, &result->checkpoint);
        }
        if (ops->horizon != NULL) {
            result->horizon_ms = ops->horizon(self->source);
        }
    }
    if (self->session->http != NULL) {
        get_http_stats(self, &result->http);
        update_report(self);
    }
    result->counts = self->counts;
    result->retries = self->retries;
}

enum slu_err slu_pull_run(const struct slu_pull_options *options,
                          struct slu_report *report,
                          struct slu_pull_result *out_result,
                          struct slu_error *out_error)
{
    struct slu_pull self = {.options = options, .report = report};
    enum slu_err err;

    *out_result = (struct slu_pull_result){.horizon_ms = INT64_MIN};
    options->ops->access(options->source_config, &self.access);
    self.session = self.access.aws && options->session != NULL
                       ? options->session
                       : &self.own_session;
    begin_counters(&self);
    if (options->api_key != NULL) {
        self.api_key.value = options->api_key;
        self.access.api_key = &self.api_key;
    }
    err = slu_pull_session_open(self.session, options, &self.access, out_error);
    if (err != SLU_ERR_OK) {
        goto done;
    }
    self.session->pull = &self;
    self.session->transport->get_stats(self.session->http, &self.others);
    err = open_events(&self);
    if (err == SLU_ERR_OK) {
        err = slu_pull_loops_open(&self, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = open_slots(&self);
    }
    if (err != SLU_ERR_OK) {
        (void)slu_error_set(out_error, err, "cannot start the pull: %s",
                            slu_err_sentence(err));
        goto done;
    }
    err = open_source(&self, out_error);
    if (err == SLU_ERR_OK) {
        err = slu_pull_loops_start(&self, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = run_loop(&self, out_error);
    }
done:
    slu_pull_loops_stop(&self);
    fill_result(&self, out_result);
    close_all(&self);
    return err;
}
