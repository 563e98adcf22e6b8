/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/gti_drive.h"

static const char *const kinds[] = {"domain", "ip_address"};
static const char *const verdicts[] = {"VERDICT_MALICIOUS"};

void drive_init(struct drive *self, struct fake_gti *fake, uint64_t seed)
{
    *self = (struct drive){
        .fake = fake,
        .config =
            {
                .base_url = "http://127.0.0.1:1",
                .streams = {kinds, 2, false},
                .threat_lists = {NULL, 0, false},
                .verdicts = {verdicts, 1, false},
                .lookback_days = 5,
                .package_delay_ms = 7200000,
                .stream_overlap_ms = 60000,
                .threat_list_limit = 4000,
            },
        .alloc = slu_alloc_default(),
        .random = seed * 2 + 1,
        .wall_s = INT64_C(1754543409), /* 2025-08-07T05:10:09Z */
        .width = 8,
        .attempts_max = 50,
        .committed = calloc(fake->count + 1, sizeof(bool)),
        .seen = calloc(fake->count + 1, sizeof(int64_t)),
        .log = calloc(1, 1),
    };
}

static void free_entries(struct drive_entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(entries[i].value);
    }
    free(entries);
}

static void end_flight(struct drive *self, struct drive_flight *flight)
{
    free(flight->target);
    free(flight->sightings);
    free_entries(flight->puts, flight->put_count);
    drive_remove_flight(self, flight);
}

static void drop_instance(struct drive *self)
{
    while (self->flight_count > 0) {
        end_flight(self, &self->flights[0]);
    }
    slu_gti_source.destroy(self->source);
    self->source = NULL;
}

void drive_fini(struct drive *self)
{
    drop_instance(self);
    free_entries(self->entries, self->entry_count);
    free(self->committed);
    free(self->seen);
    free(self->log);
}

/* ---- the store ---- */

static void set_entry(struct drive_entry **entries, size_t *count,
                      struct slu_view key, struct slu_view value)
{
    struct drive_entry *entry;

    *entries = realloc(*entries, (*count + 1) * sizeof(**entries));
    entry = &(*entries)[(*count)++];
    memset(entry, 0, sizeof(*entry));
    cr_assert_lt(key.len, sizeof(entry->key));
    cr_assert_leq(value.len, 8192);
    memcpy(entry->key, key.ptr, key.len);
    entry->value = calloc(1, value.len + 1);
    entry->value_len = value.len;
    if (value.len > 0) {
        memcpy(entry->value, value.ptr, value.len);
    }
}

int64_t drive_number(const struct drive *self, const char *key)
{
    const struct drive_entry *entry = drive_find(self, key);

    return entry == NULL ? 0 : strtoll(entry->value, NULL, 10);
}

static void apply_put(struct drive *self, const struct drive_entry *put)
{
    struct drive_entry *old = (struct drive_entry *)drive_find(self, put->key);

    if (old != NULL) {
        free(old->value);
        *old = self->entries[--self->entry_count];
    } else {
        /* Deleting what isn't there would be a sign of lost bookkeeping. */
        cr_assert_gt(put->value_len, 0, "%s", put->key);
    }
    if (put->value_len > 0) {
        set_entry(&self->entries, &self->entry_count, slu_view_str(put->key),
                  slu_view_make(put->value, put->value_len));
    }
}

static void commit(struct drive *self, struct drive_flight *flight)
{
    for (size_t i = 0; i < flight->sighting_count; i++) {
        self->committed[flight->sightings[i]] = true;
    }
    for (size_t i = 0; i < flight->put_count; i++) {
        apply_put(self, &flight->puts[i]);
    }
    if (self->check != NULL) {
        self->check(self);
    }
}

/* ---- the port ---- */

static enum slu_err emit(void *ctx, struct slu_unit *unit,
                         const struct slu_sighting *sighting)
{
    struct drive *self = ctx;
    struct drive_flight *flight = drive_flight_of(self, unit);
    size_t index = fake_index(sighting->value.ptr, sighting->value.len);
    const struct fake_item *item;

    cr_assert_lt(index, self->fake->count);
    item = &self->fake->items[index];
    cr_assert_eq(sighting->kind, item->domain ? SLU_KIND_DOMAIN : SLU_KIND_IP);
    cr_assert_eq(sighting->seen, item->date);
    cr_assert_eq(sighting->score, item->score < 0 ? 0 : item->score);
    cr_assert_eq(sighting->assessed_at, item->score < 0 ? 0
                                        : self->fake->milliseconds
                                            ? item->date
                                            : item->date - 100);
    if (flight->sighting_count == flight->sighting_capacity) {
        flight->sighting_capacity = flight->sighting_capacity * 2 + 64;
        flight->sightings =
            realloc(flight->sightings,
                    flight->sighting_capacity * sizeof(*flight->sightings));
    }
    flight->sightings[flight->sighting_count++] = index;
    return SLU_ERR_OK;
}

static enum slu_err put(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value)
{
    struct drive_flight *flight = drive_flight_of(ctx, unit);

    set_entry(&flight->puts, &flight->put_count, key, value);
    return SLU_ERR_OK;
}

/* ---- a run ---- */

/* False when memory ran out. */
static bool make_instance(struct drive *self,
                          const struct slu_checkpoint *found)
{
    struct slu_source_port port = {
        .ctx = self,
        .emit = emit,
        .count = drive_count_reason,
        .put = put,
        .log = drive_log,
        .record_bytes = 1 << 20,
    };
    struct slu_error error = {0};
    enum slu_err err = slu_gti_source.create(self->alloc, &self->config, &port,
                                             &self->source, &error);

    for (size_t i = 0; i < self->entry_count && err == SLU_ERR_OK; i++) {
        err = slu_gti_source.load(
            self->source, slu_view_str(self->entries[i].key),
            slu_view_make(self->entries[i].value, self->entries[i].value_len));
    }
    if (err == SLU_ERR_OK) {
        err =
            slu_gti_source.start(self->source, found, drive_now(self), &error);
    }
    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%s", error.text);
    return err == SLU_ERR_OK;
}

static void take_off(struct drive *self, const struct slu_request *request)
{
    struct drive_flight *flight = &self->flights[self->flight_count++];

    cr_assert_null(request->unit->engine);
    cr_assert_eq(request->auth, SLU_AUTH_API_KEY);
    cr_assert_gt(strlen(request->unit->name), 0);
    *flight = (struct drive_flight){
        .unit = request->unit,
        .target = strndup(request->target.ptr, request->target.len),
        .target_len = request->target.len,
    };
    request->unit->engine = (void *)(uintptr_t)self->flight_count;
    if (self->flight_count > self->peak) {
        self->peak = self->flight_count;
    }
}

/* Hands the body over in pieces, each in its own allocation. */
static void feed(struct drive *self, struct slu_unit *unit,
                 const struct fake_answer *answer)
{
    size_t at = 0;

    while (at < answer->len) {
        size_t left = answer->len - at;
        size_t len =
            drive_draw(self, 3) == 0 ? 1 + drive_draw(self, left) : left;
        char *piece = malloc(len);
        enum slu_body_verdict verdict;

        memcpy(piece, answer->body + at, len);
        verdict = slu_gti_source.on_body(self->source, unit,
                                         slu_view_make(piece, len));
        free(piece);
        if (verdict == SLU_BODY_ERROR) {
            return;
        }
        at += len;
    }
}

static void settle(struct drive *self, struct drive_flight *flight,
                   const struct slu_step *step)
{
    struct slu_unit *unit = flight->unit;

    if (step->kind == SLU_STEP_COMMIT) {
        commit(self, flight);
        self->commits++;
        self->distinct += step->distinct;
        unit->attempts = 0;
    } else {
        cr_assert_neq(step->error.code, SLU_ERR_OK);
        cr_assert_neq(step->error.text[0], '\0');
        self->broken |= step->error.code == SLU_ERR_NOMEM;
    }
    if (step->kind == SLU_STEP_RETRY &&
        ++unit->attempts >= self->attempts_max) {
        slu_gti_source.give_up(self->source, unit, &step->error);
    } else if (step->kind == SLU_STEP_RETRY) {
        unit->not_before_ms = self->mono_ms + 1 + drive_draw(self, 1000);
    }
    self->denied |= step->kind == SLU_STEP_DENIED;
    unit->engine = NULL;
    end_flight(self, flight);
}

static void land(struct drive *self, struct drive_flight *flight)
{
    struct fake_answer answer = {0};
    struct slu_answer_end end = {SLU_ERR_OK, NULL};
    struct slu_error error = {0};
    struct slu_answer_head head = {0};
    struct slu_step step = {0};

    fake_ask(self->fake, flight->target, flight->target_len, &answer);
    head.status = answer.status;
    if (answer.status != 0) {
        slu_gti_source.on_head(self->source, flight->unit, &head);
        feed(self, flight->unit, &answer);
    }
    if (answer.status == 0 || answer.cut) {
        end.err = slu_error_set(
            &error, answer.cut ? SLU_ERR_TRUNCATED : SLU_ERR_NETWORK, "cut");
        end.error = &error;
    }
    slu_gti_source.on_end(self->source, flight->unit, &end, drive_now(self),
                          &step);
    settle(self, flight, &step);
    free(answer.body);
}

/* One turn of the loop; false at the end. */
static bool turn(struct drive *self)
{
    uint64_t until = UINT64_MAX;
    enum slu_turn answer = SLU_TURN_REQUEST;

    while (self->flight_count < self->width && answer == SLU_TURN_REQUEST) {
        struct slu_request request;

        answer = slu_gti_source.next_request(self->source, drive_now(self),
                                             &request, &until);
        if (answer == SLU_TURN_REQUEST) {
            take_off(self, &request);
        }
    }
    if (self->flight_count > 0) {
        land(self, &self->flights[drive_draw(self, self->flight_count)]);
        return !self->denied;
    }
    if (answer == SLU_TURN_DONE) {
        return false;
    }
    cr_assert_neq(until, UINT64_MAX, "waits for nothing");
    cr_assert_gt(until, self->mono_ms);
    self->mono_ms = until;
    return true;
}

void drive_run(struct drive *self, const struct slu_checkpoint *found)
{
    bool made = make_instance(self, found);

    while (made && turn(self)) {
        self->mono_ms += drive_draw(self, 20);
        if (self->kills < DRIVE_KILLS_MAX &&
            drive_draw(self, 1000) < self->kill_permille) {
            drop_instance(self);
            self->kills++;
            self->wall_s += (int64_t)drive_draw(self, 20);
            made = make_instance(self, found);
        }
    }
    if (made) {
        slu_gti_source.result(self->source, &self->result);
        slu_gti_source.checkpoint(self->source, &self->checkpoint);
    }
    self->broken |= !made;
    drop_instance(self);
}

size_t drive_missing(const struct drive *self)
{
    size_t missing = 0;

    for (size_t i = 0; i < self->fake->count; i++) {
        missing += self->committed[i] ? 0 : 1;
    }
    return missing;
}

void drive_assert_whole(const struct drive *self)
{
    const char *why = self->result.first.text;

    cr_assert_eq(drive_missing(self), 0, "%zu missing", drive_missing(self));
    cr_assert_eq(self->result.failed_units, 0, "%s", why);
    cr_assert_eq(self->result.incomplete_units, 0, "%s", why);
}
