/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/guardduty_drive.h"

static const char *const groups[] = {"network_connection"};

void drive_init(struct drive *self, struct fake_guardduty *fake, uint64_t seed)
{
    *self = (struct drive){
        .fake = fake,
        .config =
            {
                .detector = "auto",
                .initial_range_days = 30,
                .indicators = {groups, 1, false},
                .finding_compat = "none",
                .overlap_ms = 300000,
                .export_from = "",
                .export_region = "",
            },
        .alloc = slu_alloc_default(),
        .random = seed * 2 + 1,
        .wall_s = fake->now_ms / 1000,
        .width = 16,
        .attempts_max = 60,
        .closed_lane = -1,
        .committed = calloc(fake->number_count + 1, sizeof(int64_t)),
        .commits = calloc(fake->number_count + 1, sizeof(unsigned)),
        .log = calloc(1, 1),
    };
}

static void end_flight(struct drive *self, struct drive_flight *flight)
{
    free(flight->request.target);
    free(flight->request.body);
    free(flight->puts);
    drive_remove_flight(self, flight);
}

static void drop_instance(struct drive *self)
{
    while (self->flight_count > 0) {
        end_flight(self, &self->flights[0]);
    }
    slu_guardduty_source.destroy(self->source);
    self->source = NULL;
}

void drive_fini(struct drive *self)
{
    drop_instance(self);
    free(self->entries);
    free(self->committed);
    free(self->commits);
    free(self->log);
}

/* ---- the store ---- */

static void fill_entry(struct drive_entry *entry, struct slu_view key,
                       struct slu_view value)
{
    memset(entry, 0, sizeof(*entry));
    cr_assert_lt(key.len, sizeof(entry->key));
    cr_assert_lt(value.len, sizeof(entry->value));
    memcpy(entry->key, key.ptr, key.len);
    if (value.len > 0) {
        memcpy(entry->value, value.ptr, value.len);
    }
}

static void apply_put(struct drive *self, const struct drive_entry *put)
{
    struct drive_entry *old = (struct drive_entry *)drive_find(self, put->key);

    if (put->value[0] == '\0') {
        /* A window is committed once, and was stored before. */
        cr_assert_not_null(old, "%s", put->key);
        *old = self->entries[--self->entry_count];
        return;
    }
    if (old == NULL) {
        if (self->entry_count == self->entry_capacity) {
            self->entry_capacity = self->entry_capacity * 2 + 64;
            self->entries = realloc(self->entries, self->entry_capacity *
                                                       sizeof(*self->entries));
        }
        old = &self->entries[self->entry_count++];
    } else {
        cr_assert_eq(strncmp(put->key, "planned/", 8), 0, "%s", put->key);
    }
    *old = *put;
}

void drive_store(struct drive *self, const char *key, const char *value)
{
    struct drive_entry entry;

    fill_entry(&entry, slu_view_str(key), slu_view_str(value));
    apply_put(self, &entry);
}

static void commit(struct drive *self, const struct drive_flight *flight)
{
    for (unsigned i = 0; i < flight->claim_count; i++) {
        const struct drive_claim *claim = &flight->claims[i];
        int64_t *committed = &self->committed[claim->number];

        if (claim->rows == 0) {
            continue;
        }
        self->duplicates += *committed >= claim->updated_ms ? 1 : 0;
        self->commits[claim->number] += *committed < claim->updated_ms ? 1 : 0;
        if (*committed < claim->updated_ms) {
            *committed = claim->updated_ms;
        }
    }
    for (unsigned i = 0; i < flight->put_count; i++) {
        apply_put(self, &flight->puts[i]);
    }
}

/* ---- the port ---- */

static enum slu_err on_finding(void *ctx, struct slu_unit *unit,
                               const struct slu_finding_key *key)
{
    struct drive *self = ctx;
    struct drive_flight *flight = drive_flight_of(self, unit);
    struct drive_claim *claim = &flight->claims[flight->claim_count++];
    char id[40] = "";

    cr_assert_not(self->check);
    cr_assert_eq(key->id.len, 32);
    cr_assert_leq(flight->claim_count, FAKE_PAGE);
    memcpy(id, key->id.ptr, key->id.len);
    claim->number = (unsigned)strtoul(id, NULL, 16);
    claim->updated_ms = key->updated_ms;
    claim->rows = 0;
    cr_assert_lt(claim->number, self->fake->number_count);
    return SLU_ERR_OK;
}

static enum slu_err on_row(void *ctx, struct slu_unit *unit,
                           const struct slu_row *row)
{
    struct drive_flight *flight = drive_flight_of(ctx, unit);
    unsigned number;
    char value[32];
    char id[40];

    cr_assert_gt(flight->claim_count, 0);
    number = flight->claims[flight->claim_count - 1].number;
    flight->claims[flight->claim_count - 1].rows++;
    (void)snprintf(value, sizeof(value), "11.%u.%u.%u", number >> 16,
                   number >> 8 & 255, number & 255);
    (void)snprintf(id, sizeof(id), "%032x", number);
    cr_assert(slu_view_equal_str(row->value, value));
    cr_assert(slu_view_equal_str(row->finding_id, id));
    cr_assert_eq(row->kind, SLU_ROW_IPV4);
    cr_assert_str_eq(row->severity, "medium");
    return SLU_ERR_OK;
}

static enum slu_err on_put(void *ctx, struct slu_unit *unit,
                           struct slu_view key, struct slu_view value)
{
    struct drive_flight *flight = drive_flight_of(ctx, unit);

    cr_assert_lt(flight->put_count, DRIVE_PUTS_MAX);
    if (flight->puts == NULL) {
        flight->puts = malloc(DRIVE_PUTS_MAX * sizeof(*flight->puts));
    }
    fill_entry(&flight->puts[flight->put_count++], key, value);
    return SLU_ERR_OK;
}

unsigned drive_times_logged(const struct drive *self, const char *text)
{
    unsigned times = 0;

    for (const char *at = self->log; (at = strstr(at, text)) != NULL; at++) {
        times++;
    }
    return times;
}

static bool on_may_send(void *ctx, unsigned lane, unsigned identity)
{
    struct drive *self = ctx;

    (void)identity;
    return (int)lane != self->closed_lane;
}

static void on_tell(void *ctx, enum slu_check_kind kind, const char *text)
{
    struct drive *self = ctx;
    struct drive_line *line = &self->told[self->told_count++];

    cr_assert_leq(self->told_count, DRIVE_TOLD_MAX);
    line->kind = (int)kind;
    (void)snprintf(line->text, sizeof(line->text), "%s", text);
}

/* ---- a run ---- */

/* False when memory ran out. */
static bool make_instance(struct drive *self)
{
    struct slu_source_port port = {
        .ctx = self,
        .finding = on_finding,
        .row = on_row,
        .count = drive_count_reason,
        .put = on_put,
        .log = drive_log,
        .may_send = on_may_send,
        .tell = self->check ? on_tell : NULL,
        .record_bytes = 1 << 20,
        .connections = self->width,
    };
    struct slu_error error = {0};
    struct slu_source_access access;
    enum slu_err err = slu_guardduty_source.create(
        self->alloc, &self->config, &port, &self->source, &error);

    slu_guardduty_source.access(&self->config, &access);
    self->lane_max = access.lanes;
    for (size_t i = 0; i < self->entry_count && err == SLU_ERR_OK; i++) {
        err = slu_guardduty_source.load(self->source,
                                        slu_view_str(self->entries[i].key),
                                        slu_view_str(self->entries[i].value));
    }
    if (err == SLU_ERR_OK) {
        err = slu_guardduty_source.start(self->source, NULL, drive_now(self),
                                         &error);
    }
    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%s", error.text);
    return err == SLU_ERR_OK;
}

static void take_off(struct drive *self, const struct slu_request *request)
{
    struct drive_flight *flight = &self->flights[self->flight_count++];

    cr_assert_null(request->unit->engine);
    cr_assert_eq(request->auth, SLU_AUTH_SIGV4);
    cr_assert(slu_view_equal_str(request->aws.service, "guardduty"));
    cr_assert_gt(strlen(request->unit->name), 0);
    cr_assert_lt(request->lane, self->lane_max);
    cr_assert_neq((int)request->lane, self->closed_lane);
    *flight = (struct drive_flight){0};
    flight->unit = request->unit;
    flight->lane = request->lane;
    flight->due_ms = self->mono_ms + self->latency_ms;
    flight->request.identity = request->aws.identity;
    memcpy(flight->request.region, request->aws.region.ptr,
           request->aws.region.len);
    flight->request.posts = request->method == SLU_METHOD_POST;
    flight->request.target = strndup(request->target.ptr, request->target.len);
    flight->request.body = strndup(
        request->body.len > 0 ? request->body.ptr : "", request->body.len);
    cr_assert_eq(request->content_type.len > 0, flight->request.posts);
    request->unit->engine = (void *)(uintptr_t)self->flight_count;
    if (self->flight_count > self->peak) {
        self->peak = self->flight_count;
    }
}

static size_t choose_piece(struct drive *self, size_t at, size_t len)
{
    size_t left = len - at;

    if (self->cut > 0) {
        return at == 0 && self->cut < left ? self->cut : left;
    }
    return !self->whole && drive_draw(self, 3) == 0 ? 1 + drive_draw(self, left)
                                                    : left;
}

/* Hands the body over in pieces, each in its own allocation. False when the
 * source had no use for the rest. */
static bool feed(struct drive *self, struct slu_unit *unit,
                 const struct fake_answer *answer)
{
    size_t at = 0;

    while (at < answer->len) {
        size_t len = choose_piece(self, at, answer->len);
        char *piece = malloc(len);
        enum slu_body_verdict verdict;

        memcpy(piece, answer->body + at, len);
        verdict = slu_guardduty_source.on_body(self->source, unit,
                                               slu_view_make(piece, len));
        free(piece);
        if (verdict == SLU_BODY_ERROR) {
            return false;
        }
        at += len;
    }
    return true;
}

static void settle(struct drive *self, struct drive_flight *flight,
                   const struct slu_step *step)
{
    struct slu_unit *unit = flight->unit;

    if (step->kind == SLU_STEP_COMMIT) {
        cr_assert_not(self->check, "a check commits nothing");
        commit(self, flight);
        unit->attempts = 0;
    } else {
        cr_assert_neq(step->error.code, SLU_ERR_OK);
        cr_assert_neq(step->error.text[0], '\0');
        cr_assert_neq(step->kind, SLU_STEP_DENIED, "others may go on");
        self->broken |= step->error.code == SLU_ERR_NOMEM;
    }
    unit->engine = NULL;
    self->throttled += step->kind == SLU_STEP_RETRY && step->throttled;
    if (step->kind == SLU_STEP_RETRY &&
        ++unit->attempts >= self->attempts_max) {
        slu_guardduty_source.give_up(self->source, unit, &step->error);
    } else if (step->kind == SLU_STEP_RETRY) {
        unit->not_before_ms = self->mono_ms + 1 + drive_draw(self, 1000);
    }
    end_flight(self, flight);
}

static void fill_end(const struct fake_answer *answer, bool wanted,
                     struct slu_error *error, struct slu_answer_end *out_end)
{
    *out_end = (struct slu_answer_end){SLU_ERR_OK, NULL};
    if (answer->no_sign_in) {
        out_end->err = slu_error_set(error, SLU_ERR_AUTH,
                                     "Check the IAM Role attached to your EC2 "
                                     "Machine");
    } else if (answer->status == 0 || answer->cut) {
        out_end->err = slu_error_set(
            error, answer->cut ? SLU_ERR_TRUNCATED : SLU_ERR_NETWORK, "cut");
    } else if (!wanted) {
        out_end->err = slu_error_set(error, SLU_ERR_MALFORMED, "stopped");
    }
    out_end->error = out_end->err == SLU_ERR_OK ? NULL : error;
}

static void land(struct drive *self, struct drive_flight *flight)
{
    struct fake_answer answer;
    struct slu_answer_end end;
    struct slu_error error = {0};
    struct slu_step step = {0};
    bool wanted = true;

    fake_ask(self->fake, &flight->request, &answer);
    if (answer.status != 0) {
        struct slu_answer_head head = {
            .status = answer.status,
            .error_type = slu_view_str(answer.error_type),
        };

        slu_guardduty_source.on_head(self->source, flight->unit, &head);
        wanted = feed(self, flight->unit, &answer);
    }
    fill_end(&answer, wanted, &error, &end);
    slu_guardduty_source.on_end(self->source, flight->unit, &end,
                                drive_now(self), &step);
    self->flown_ms += self->latency_ms;
    self->answers++;
    settle(self, flight, &step);
    free(answer.body);
}

static struct drive_flight *choose_flight(struct drive *self)
{
    struct drive_flight *first = &self->flights[0];

    if (self->latency_ms == 0) {
        return &self->flights[drive_draw(self, self->flight_count)];
    }
    for (unsigned i = 1; i < self->flight_count; i++) {
        if (self->flights[i].due_ms < first->due_ms) {
            first = &self->flights[i];
        }
    }
    if (first->due_ms > self->mono_ms) {
        self->mono_ms = first->due_ms;
    }
    return first;
}

/* One turn of the loop; false at the end. */
static bool turn(struct drive *self)
{
    uint64_t until = UINT64_MAX;
    enum slu_turn answer = SLU_TURN_REQUEST;

    while (self->flight_count < self->width && answer == SLU_TURN_REQUEST) {
        struct slu_request request;

        answer = slu_guardduty_source.next_request(
            self->source, drive_now(self), &request, &until);
        if (answer == SLU_TURN_REQUEST) {
            take_off(self, &request);
        }
    }
    if (self->flight_count > 0) {
        land(self, choose_flight(self));
        return self->stop_after == 0 || self->answers < self->stop_after;
    }
    if (answer == SLU_TURN_DONE ||
        (until == UINT64_MAX && self->closed_lane >= 0)) {
        return false;
    }
    cr_assert_neq(until, UINT64_MAX, "waits for nothing");
    cr_assert_gt(until, self->mono_ms);
    self->mono_ms = until;
    return true;
}

static void pass_time(struct drive *self)
{
    if (self->latency_ms == 0) {
        uint64_t ms = drive_draw(self, 20);

        self->mono_ms += ms;
        self->fake->now_ms += (int64_t)ms;
    }
}

void drive_run(struct drive *self)
{
    bool made = make_instance(self);

    self->answers = 0;
    while (made && turn(self)) {
        pass_time(self);
        if (self->kills < self->kills_max &&
            drive_draw(self, 1000) < self->kill_permille) {
            drop_instance(self);
            self->kills++;
            self->wall_s = self->fake->now_ms / 1000;
            made = make_instance(self);
        }
    }
    if (made) {
        slu_guardduty_source.result(self->source, &self->result);
        self->horizon = slu_guardduty_source.horizon(self->source);
    }
    self->broken |= !made;
    drop_instance(self);
}

void drive_assert_whole(struct drive *self, int except)
{
    cr_assert_eq(self->throttled > 0, self->fake->throttled > 0);
    for (unsigned i = 0; i < self->fake->place_count; i++) {
        const struct fake_place *place = &self->fake->places[i];

        for (size_t k = 0; k < place->count && (int)i != except; k++) {
            const struct fake_finding *finding = &place->findings[k];

            if (!finding->archived) {
                cr_assert_eq(self->committed[finding->number],
                             finding->updated_ms, "place %u, %zu of %zu", i, k,
                             place->count);
            }
        }
    }
}
