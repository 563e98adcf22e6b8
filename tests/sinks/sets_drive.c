/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/sets_drive.h"

#include "sinks/chance.h"

#include <criterion/criterion.h>
#include <stdio.h>

void drive_init(struct drive *self, struct world *world)
{
    *self = (struct drive){.world = world,
                           .alloc = slu_alloc_default(),
                           .width = 4,
                           .attempts_max = 50,
                           .closed_lane = -1,
                           .regions = {"us-east-1"},
                           .region_count = 1,
                           .lists = {WORLD_LISTS, WORLD_LISTS},
                           .owner = "",
                           .detector = "auto",
                           .seed = 7};
}

static void keep(struct drive *self, const struct drive_entry *entry)
{
    unsigned i = 0;

    while (i < self->store_count && strcmp(self->store[i].key, entry->key)) {
        i++;
    }
    if (entry->value[0] == '\0') {
        if (i < self->store_count) {
            self->store[i] = self->store[--self->store_count];
        }
        return;
    }
    cr_assert_lt(i, DRIVE_STORE);
    self->store[i] = *entry;
    self->store_count += i == self->store_count;
}

const char *drive_stored(const struct drive *self, const char *key)
{
    for (unsigned i = 0; i < self->store_count; i++) {
        if (strcmp(self->store[i].key, key) == 0) {
            return self->store[i].value;
        }
    }
    return NULL;
}

static struct drive_flight *find_flight(struct drive *self,
                                        const struct slu_unit *unit)
{
    for (unsigned i = 0; i < self->flight_count; i++) {
        if (self->flights[i].unit == unit) {
            return &self->flights[i];
        }
    }
    cr_assert_fail("a unit that isn't in flight");
    return NULL;
}

static enum slu_err put(void *ctx, struct slu_unit *unit, struct slu_view key,
                        struct slu_view value)
{
    struct drive_flight *flight = find_flight(ctx, unit);
    struct drive_entry *entry = &flight->puts[flight->put_count++];

    cr_assert_leq(flight->put_count, 16);
    cr_assert_leq(key.len + 5, 200);
    (void)snprintf(entry->key, sizeof(entry->key), "%.*s", SLU_VIEW_ARGS(key));
    (void)snprintf(entry->value, sizeof(entry->value), "%.*s",
                   SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static void note_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct drive *self = ctx;
    size_t len = strlen(self->log);

    (void)snprintf(self->log + len, sizeof(self->log) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static bool may_send(void *ctx, unsigned lane, unsigned identity)
{
    const struct drive *self = ctx;

    cr_assert_eq(identity, 0);
    return (int)lane != self->closed_lane;
}

enum slu_err drive_open(struct drive *self, struct slu_error *out_error)
{
    const char *ip[WORLD_LISTS];
    const char *entity[WORLD_LISTS];
    struct slu_bucket_config bucket = {"lists", "", self->owner, ""};
    struct slu_strings regions = {self->regions, self->region_count, false};
    struct slu_strings lists[] = {
        {ip, self->lists[SLU_KIND_IP], false},
        {entity, self->lists[SLU_KIND_DOMAIN], false}};
    struct slu_sets_options options = {
        .alloc = self->alloc,
        .bucket = &bucket,
        .name_prefix = "gti-",
        .regions = &regions,
        .detector = self->detector,
        .create_detector = self->create_detector,
        .wait_ms = self->wait_ms,
        .paths = {&lists[0], &lists[1]},
        .token_seed = self->seed++,
    };
    enum slu_err err;

    for (unsigned i = 0; i < WORLD_LISTS; i++) {
        ip[i] = world_path(SLU_KIND_IP, i);
        entity[i] = world_path(SLU_KIND_DOMAIN, i);
    }
    err = slu_sets_new(&options, &self->sets, out_error);
    self->stopped = false;
    self->broken = err == SLU_ERR_NOMEM;
    for (unsigned i = 0; i < self->store_count && err == SLU_ERR_OK; i++) {
        err = slu_sets_errand.load(self->sets, slu_view_str(self->store[i].key),
                                   slu_view_str(self->store[i].value));
    }
    return err;
}

void drive_close(struct drive *self)
{
    slu_sets_free(self->sets);
    self->sets = NULL;
    self->flight_count = 0;
}

static void take_off(struct drive *self, const struct slu_request *request)
{
    struct drive_flight *flight = &self->flights[self->flight_count++];
    struct world_request *to = &flight->request;
    unsigned at = 0;

    for (unsigned i = 0; i + 1 < self->flight_count; i++) {
        cr_assert_neq(self->flights[i].unit, request->unit);
    }
    cr_assert(slu_view_equal_str(request->aws.service, "guardduty"));
    cr_assert_eq(request->auth, SLU_AUTH_SIGV4);
    cr_assert_leq(request->unit->not_before_ms, self->world->now_ms);
    while (!slu_view_equal_str(request->aws.region,
                               self->world->regions[at].name)) {
        at++;
        cr_assert_lt(at, WORLD_REGIONS);
    }
    *flight = (struct drive_flight){.unit = request->unit};
    to->region = at;
    to->posts = request->method == SLU_METHOD_POST;
    cr_assert(to->posts || request->method == SLU_METHOD_GET);
    cr_assert_eq(to->posts, request->content_type.len > 0);
    (void)snprintf(to->target, sizeof(to->target), "%.*s",
                   SLU_VIEW_ARGS(request->target));
    (void)snprintf(to->body, sizeof(to->body), "%.*s",
                   SLU_VIEW_ARGS(request->body));
    self->sent[at] += to->posts;
}

/* The body in pieces of any length. */
static bool bring(struct drive *self, struct drive_flight *flight,
                  const struct world_answer *answer)
{
    struct slu_answer_head head = {.status = answer->status,
                                   .error_type = slu_view_str(answer->type)};
    size_t len = strlen(answer->body);
    size_t at = 0;

    slu_sets_errand.on_head(self->sets, flight->unit, &head);
    while (at < len) {
        size_t piece = 1 + chance(&self->world->random, 200);

        piece = piece < len - at ? piece : len - at;
        if (slu_sets_errand.on_body(self->sets, flight->unit,
                                    slu_view_make(answer->body + at, piece)) ==
            SLU_BODY_ERROR) {
            return false;
        }
        at += piece;
    }
    return true;
}

static void settle_step(struct drive *self, unsigned at,
                        const struct slu_step *step)
{
    struct drive_flight flight = self->flights[at];

    self->answers++;
    self->stopped = self->stop_after > 0 && self->answers == self->stop_after;
    self->flights[at] = self->flights[--self->flight_count];
    if (step->kind == SLU_STEP_COMMIT) {
        flight.unit->attempts = 0;
        for (unsigned i = 0; i < flight.put_count; i++) {
            if (!self->stopped || !self->stop_uncommitted) {
                keep(self, &flight.puts[i]);
            }
        }
    }
    if (step->kind == SLU_STEP_RETRY) {
        cr_assert_neq(step->error.text[0], '\0');
        flight.unit->attempts++;
        flight.unit->not_before_ms = self->world->now_ms + 200;
        if (flight.unit->attempts >= self->attempts_max) {
            slu_sets_errand.give_up(self->sets, flight.unit, &step->error);
        }
    }
    self->throttled += step->throttled;
    self->broken |= step->error.code == SLU_ERR_NOMEM;
}

/* Of a request that takes effect. */
static bool loses_answer(struct drive *self, const struct drive_flight *flight)
{
    bool loses = flight->request.posts && self->lost_posts > 0;

    self->lost_posts -= loses;
    return loses;
}

static void land(struct drive *self)
{
    struct world *world = self->world;
    unsigned at = chance(&world->random, self->flight_count);
    struct drive_flight *flight = &self->flights[at];
    struct slu_error lost = {.code = SLU_ERR_NETWORK, .text = "broken pipe"};
    struct slu_error refused = {.code = SLU_ERR_AUTH, .text = "no keys"};
    struct slu_answer_end end = {.err = SLU_ERR_OK};
    struct slu_now now = {world->now_ms, 0};
    struct slu_step step = {0};
    struct world_answer answer = {0};
    bool loses = chance(&world->random, 100) < self->lost_percent;

    if (world->regions[flight->request.region].no_sign_in) {
        end = (struct slu_answer_end){SLU_ERR_AUTH, &refused};
    } else if (loses && chance(&world->random, 2) == 0) {
        end = (struct slu_answer_end){SLU_ERR_NETWORK, &lost};
    } else {
        world_serve(world, &flight->request, &answer);
        if (loses || loses_answer(self, flight)) {
            end = (struct slu_answer_end){SLU_ERR_NETWORK, &lost};
        } else if (!bring(self, flight, &answer)) {
            end = (struct slu_answer_end){SLU_ERR_MALFORMED, NULL};
        }
    }
    world->now_ms += 10;
    slu_sets_errand.on_end(self->sets, flight->unit, &end, now, &step);
    settle_step(self, at, &step);
}

static bool run(struct drive *self)
{
    struct slu_errand_port port = {.ctx = self,
                                   .put = put,
                                   .log = note_log,
                                   .may_send = may_send,
                                   .aws_region = SLU_VIEW_LITERAL("us-east-1"),
                                   .read_only = self->read_only};
    struct slu_now now = {self->world->now_ms, 0};
    unsigned turns = 0;

    self->start_err =
        slu_sets_errand.start(self->sets, &port, now, &self->start_error);
    if (self->start_err != SLU_ERR_OK) {
        return true;
    }
    for (;;) {
        struct slu_request request;
        uint64_t until = 0;
        enum slu_turn turn = SLU_TURN_WAIT;

        cr_assert_lt(turns++, 100000, "it never ends");
        now.mono_ms = self->world->now_ms;
        if (self->flight_count < self->width) {
            turn =
                slu_sets_errand.next_request(self->sets, now, &request, &until);
        }
        if (turn == SLU_TURN_REQUEST) {
            take_off(self, &request);
        } else if (self->flight_count > 0) {
            land(self);
            if (self->stopped) {
                return false;
            }
        } else if (turn == SLU_TURN_DONE) {
            return true;
        } else if (self->closed_lane >= 0 && until == UINT64_MAX) {
            return false;
        } else {
            cr_assert_neq(until, UINT64_MAX, "it waits for nothing");
            cr_assert_gt(until, self->world->now_ms);
            self->world->now_ms = until;
        }
    }
}

static void tell_objects(struct drive *self)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < self->lists[kind]; i++) {
            struct slu_content_name content =
                world_content(self->world->objects[kind][i]);

            slu_sets_note_object(self->sets, (enum slu_kind)kind, i, &content);
        }
    }
}

bool drive_survey(struct drive *self)
{
    if (self->knows_objects) {
        tell_objects(self);
    }
    slu_sets_survey(self->sets);
    return run(self);
}

bool drive_settle(struct drive *self)
{
    slu_sets_settle(self->sets);
    return run(self);
}

void drive_want(struct drive *self, enum slu_kind kind, unsigned index,
                char content, uint64_t lines)
{
    struct slu_set_list want = {.kind = kind,
                                .index = index,
                                .content = world_content(content),
                                .lines = lines};

    self->world->objects[kind][index] = content;
    slu_sets_want(self->sets, &want);
}

void drive_want_all(struct drive *self)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < self->lists[kind]; i++) {
            char content = self->world->objects[kind][i];

            drive_want(self, (enum slu_kind)kind, i, content,
                       content == '\0' ? 0 : 10);
        }
    }
}

bool drive_sync(struct drive *self)
{
    struct slu_error error = {0};
    bool whole = false;

    if (drive_open(self, &error) == SLU_ERR_OK && drive_survey(self) &&
        self->start_err == SLU_ERR_OK) {
        drive_want_all(self);
        whole = drive_settle(self);
    }
    drive_close(self);
    return whole;
}
