/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/sets_world.h"

#include "sinks/chance.h"
#include "support/json_dom.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define DETECTOR "0123456789abcdef0123456789abcdef"

/* ---- names ---- */

static const char *const paths[SLU_KIND_COUNT][WORLD_LISTS] = {
    {"guard_duty/threat-ip-1.txt", "guard_duty/threat-ip-2.txt",
     "guard_duty/threat-ip-3.txt", "guard_duty/threat-ip-4.txt",
     "guard_duty/threat-ip-5.txt", "guard_duty/threat-ip-6.txt"},
    {"guard_duty/threat-entity-1.txt", "guard_duty/threat-entity-2.txt",
     "guard_duty/threat-entity-3.txt", "guard_duty/threat-entity-4.txt",
     "guard_duty/threat-entity-5.txt", "guard_duty/threat-entity-6.txt"},
};

const char *world_path(enum slu_kind kind, unsigned index)
{
    return paths[kind][index];
}

const char *world_location(enum slu_kind kind, unsigned index)
{
    static char out[SLU_KIND_COUNT][WORLD_LISTS][80];

    (void)snprintf(out[kind][index], 80, "s3://lists/%s", paths[kind][index]);
    return out[kind][index];
}

const char *world_name(enum slu_kind kind, unsigned index)
{
    static char out[SLU_KIND_COUNT][WORLD_LISTS][40];

    (void)snprintf(out[kind][index], 40, "gti-threat-%s-%u",
                   kind == SLU_KIND_IP ? "ip" : "entity", index + 1);
    return out[kind][index];
}

struct slu_content_name world_content(char letter)
{
    struct slu_content_name name = {""};

    if (letter != '\0') {
        memset(name.text, letter, SLU_CONTENT_NAME_LEN);
    }
    return name;
}

/* ---- the service ---- */

void world_init(struct world *self, uint64_t seed)
{
    *self = (struct world){.random = seed, .now_ms = 1000};
    self->region_count = 1;
    for (unsigned i = 0; i < WORLD_REGIONS; i++) {
        static const char *const names[] = {"us-east-1", "eu-west-1",
                                            "ap-south-1"};

        self->regions[i].name = names[i];
        self->regions[i].detectors = 1;
    }
}

struct world_set *world_add(struct world *self, unsigned region,
                            enum slu_kind kind, const char *name,
                            const char *location, const char *status)
{
    struct world_set *set = self->regions[region].sets[kind];

    while (set->used) {
        set++;
    }
    *set = (struct world_set){.used = true};
    (void)snprintf(set->id, sizeof(set->id), "%032x", ++self->next_id);
    (void)snprintf(set->name, sizeof(set->name), "%s", name);
    (void)snprintf(set->location, sizeof(set->location), "%s", location);
    (void)snprintf(set->status, sizeof(set->status), "%s", status);
    (void)snprintf(set->format, sizeof(set->format), "TXT");
    return set;
}

struct world_set *world_find(struct world *self, unsigned region,
                             enum slu_kind kind, const char *name)
{
    for (unsigned i = 0; i < WORLD_SETS; i++) {
        struct world_set *set = &self->regions[region].sets[kind][i];

        if (set->used && strcmp(set->name, name) == 0) {
            return set;
        }
    }
    return NULL;
}

unsigned world_calls(const struct world *self, enum world_call call)
{
    unsigned sum = 0;

    for (unsigned i = 0; i < self->region_count; i++) {
        sum +=
            self->regions[i].calls[call][0] + self->regions[i].calls[call][1];
    }
    return sum;
}

void world_forget_calls(struct world *self)
{
    for (unsigned i = 0; i < WORLD_REGIONS; i++) {
        memset(self->regions[i].calls, 0, sizeof(self->regions[i].calls));
    }
    self->busy_refusals = 0;
}

static bool is_busy(const struct world_set *set)
{
    return strcmp(set->status, "ACTIVATING") == 0 ||
           strcmp(set->status, "DEACTIVATING") == 0 ||
           strcmp(set->status, "DELETE_PENDING") == 0;
}

static char read_object(const struct world *self, const struct world_set *set)
{
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < WORLD_LISTS; i++) {
            if (strstr(set->location, paths[kind][i]) != NULL) {
                return self->objects[kind][i];
            }
        }
    }
    return '\0';
}

static void end_activation(struct world *self, struct world_set *set)
{
    if (self->late_read) {
        set->reads = read_object(self, set);
    }
    if (self->bad != '\0' && set->reads == self->bad) {
        (void)snprintf(set->status, sizeof(set->status), "ERROR");
        (void)snprintf(set->details, sizeof(set->details),
                       "line 1 is no entry");
    } else {
        (void)snprintf(set->status, sizeof(set->status), "ACTIVE");
        set->details[0] = '\0';
    }
}

static void pass_time(struct world *self, struct world_set *set)
{
    if (set->next[0] == '\0' || set->due_ms > self->now_ms) {
        return;
    }
    if (strcmp(set->next, "GONE") == 0) {
        set->used = false;
    } else if (strcmp(set->next, "ACTIVE") == 0) {
        end_activation(self, set);
    } else {
        (void)snprintf(set->status, sizeof(set->status), "%s", set->next);
    }
    set->next[0] = '\0';
}

static void turn(struct world *self, struct world_set *set, bool on)
{
    (void)snprintf(set->status, sizeof(set->status), "%s",
                   on ? "ACTIVATING" : "DEACTIVATING");
    (void)snprintf(set->next, sizeof(set->next), "%s",
                   on ? "ACTIVE" : "INACTIVE");
    set->due_ms = self->now_ms + self->delay_ms;
    if (on) {
        set->reads = read_object(self, set);
    }
    pass_time(self, set);
}

struct answer {
    int status;
    const char *type;
    char body[8000];
};

static void refuse(struct answer *answer, int status, const char *type,
                   const char *message)
{
    answer->status = status;
    answer->type = type;
    (void)snprintf(answer->body, sizeof(answer->body),
                   "{\"message\":\"%s\",\"__type\":\"%s\"}", message,
                   strcmp(type, "BadRequestException") == 0
                       ? "InvalidInputException"
                       : type);
}

static void blame(struct world *self, const struct world_flight *flight,
                  const char *why)
{
    if (self->fault[0] == '\0') {
        (void)snprintf(self->fault, sizeof(self->fault), "%s: %.80s %.80s", why,
                       flight->target, flight->body);
    }
}

/* A text member into out; false when it is absent. */
static bool read_text(const struct world_flight *flight, const char *name,
                      char *out, size_t room)
{
    char *text = json_dom_get(slu_view_str(flight->body), name);

    out[0] = '\0';
    if (text == NULL) {
        return false;
    }
    (void)snprintf(out, room, "%s", text);
    free(text);
    return true;
}

static unsigned count_used(const struct world_region *region,
                           enum slu_kind kind)
{
    unsigned count = 0;

    for (unsigned i = 0; i < WORLD_SETS; i++) {
        count += region->sets[kind][i].used;
    }
    return count;
}

static struct world_set *find_id(struct world_region *region,
                                 enum slu_kind kind, const char *id)
{
    for (unsigned i = 0; i < WORLD_SETS; i++) {
        struct world_set *set = &region->sets[kind][i];

        if (set->used && strcmp(set->id, id) == 0) {
            return set;
        }
    }
    return NULL;
}

static void list_sets(struct world *self, struct world_region *region,
                      enum slu_kind kind, const struct world_flight *flight,
                      struct answer *answer)
{
    const char *token = strstr(flight->target, "nextToken=t%2B");
    unsigned from = token == NULL ? 0 : (unsigned)atoi(token + 14);
    unsigned page = self->page == 0 ? 50 : self->page;
    unsigned at = 0;
    unsigned given = 0;
    size_t len = (size_t)sprintf(answer->body, "{\"x\":[{}],\"%s\":[",
                                 kind == SLU_KIND_IP ? "threatIntelSetIds"
                                                     : "threatEntitySetIds");

    if (strstr(flight->target, "?maxResults=50") == NULL) {
        blame(self, flight, "no maxResults");
    }
    for (unsigned i = 0; i < WORLD_SETS; i++) {
        if (!region->sets[kind][i].used) {
            continue;
        }
        if (at >= from && given < page) {
            len +=
                (size_t)sprintf(answer->body + len, "%s\"%s\"",
                                given > 0 ? "," : "", region->sets[kind][i].id);
            given++;
        }
        at++;
    }
    answer->status = 200;
    if (self->repeat_token) {
        (void)sprintf(answer->body + len, "],\"nextToken\":\"t+0\"}");
    } else if (from + given < at) {
        (void)sprintf(answer->body + len, "],\"nextToken\":\"t+%u\"}",
                      from + given);
    } else {
        (void)sprintf(answer->body + len, "],\"nextToken\":\"\"}");
    }
}

static void get_set(const struct world_set *set, struct answer *answer)
{
    answer->status = 200;
    (void)snprintf(answer->body, sizeof(answer->body),
                   "{\"name\":\"%s\",\"format\":\"%s\",\"location\":\"%s\","
                   "\"status\":\"%s\",\"tags\":{}%s%s%s,\"new\":[1]}",
                   set->name, set->format, set->location, set->status,
                   set->details[0] == '\0' ? "" : ",\"errorDetails\":\"",
                   set->details, set->details[0] == '\0' ? "" : "\"");
}

static void answer_id(enum slu_kind kind, const char *id, struct answer *answer)
{
    answer->status = 200;
    (void)snprintf(
        answer->body, sizeof(answer->body), "{\"%s\":\"%s\"}",
        kind == SLU_KIND_IP ? "threatIntelSetId" : "threatEntitySetId", id);
}

static void create_set(struct world *self, struct world_region *region,
                       unsigned region_at, enum slu_kind kind,
                       const struct world_flight *flight, struct answer *answer)
{
    char name[400];
    char location[400];
    char format[40];
    char activate[10];
    char token[100];
    char owner[20];
    unsigned limit = region->limit == 0 ? 6 : region->limit;
    struct world_set *set;

    if (!read_text(flight, "name", name, sizeof(name)) ||
        !read_text(flight, "format", format, sizeof(format)) ||
        !read_text(flight, "location", location, sizeof(location)) ||
        !read_text(flight, "activate", activate, sizeof(activate)) ||
        !read_text(flight, "clientToken", token, sizeof(token)) ||
        strcmp(format, "TXT") != 0 || strncmp(location, "s3://", 5) != 0 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789_-") != strlen(name) ||
        strlen(token) > 64) {
        blame(self, flight, "a bad Create");
    }
    (void)read_text(flight, "expectedBucketOwner", owner, sizeof(owner));
    for (unsigned i = 0; i < WORLD_SETS; i++) {
        if (region->sets[kind][i].used &&
            strcmp(region->sets[kind][i].token, token) == 0) {
            answer_id(kind, region->sets[kind][i].id, answer);
            return;
        }
    }
    if (world_find(self, region_at, kind, name) != NULL) {
        refuse(answer, 400, "BadRequestException",
               "The request is rejected because the name already exists.");
        return;
    }
    if (count_used(region, kind) >= limit) {
        refuse(answer, 400, "BadRequestException",
               region->limit_sentence != NULL
                   ? region->limit_sentence
                   : "The request is rejected since the limit is reached.");
        return;
    }
    set = world_add(self, region_at, kind, name, location, "INACTIVE");
    (void)snprintf(set->token, sizeof(set->token), "%s", token);
    (void)snprintf(set->owner, sizeof(set->owner), "%s", owner);
    if (strcmp(activate, "true") == 0) {
        turn(self, set, true);
    }
    answer_id(kind, set->id, answer);
}

static void update_set(struct world *self, const struct world_flight *flight,
                       struct world_set *set, struct answer *answer)
{
    char activate[10];
    char location[400];

    if (is_busy(set)) {
        self->busy_refusals++;
        refuse(answer, 400, "BadRequestException",
               "The request failed because the list is in a state of change.");
        return;
    }
    if (!read_text(flight, "activate", activate, sizeof(activate)) ||
        json_dom_count_members(slu_view_str(flight->body), "format") != 0) {
        blame(self, flight, "a bad Update");
    }
    if (read_text(flight, "location", location, sizeof(location))) {
        memcpy(set->location, location, sizeof(set->location));
    }
    (void)read_text(flight, "expectedBucketOwner", set->owner,
                    sizeof(set->owner));
    turn(self, set, strcmp(activate, "true") == 0);
    answer->status = 200;
    (void)sprintf(answer->body, "{}");
}

static void list_detectors(struct world_region *region, struct answer *answer)
{
    answer->status = 200;
    (void)sprintf(answer->body, "{\"detectorIds\":[%s%s],\"nextToken\":\"\"}",
                  region->detectors > 0 ? "\"" DETECTOR "\"" : "",
                  region->detectors > 1 ? ",\"another\"" : "");
}

/* Every refusal that does not depend on what is asked for. */
static bool is_refused(struct world_region *region, enum world_call call,
                       enum slu_kind kind, struct answer *answer)
{
    if (region->broken) {
        refuse(answer, 500, "InternalServerErrorException", "oh");
    } else if (region->not_enabled) {
        refuse(answer, 403, "UnrecognizedClientException",
               "The security token included in the request is invalid.");
    } else if (region->denied[call][kind]) {
        refuse(answer, 403, "AccessDeniedException", "not authorized");
    } else if (region->no_entities && kind == SLU_KIND_DOMAIN) {
        refuse(answer, 404, "UnknownOperationException", "");
    } else if (region->member && call >= WORLD_CREATE) {
        refuse(answer, 400, "BadRequestException",
               "member accounts cannot manage specified resources");
    } else {
        return false;
    }
    return true;
}

static void serve_sets(struct world *self, unsigned at,
                       const struct world_flight *flight, enum slu_kind kind,
                       const char *rest, struct answer *answer)
{
    struct world_region *region = &self->regions[at];
    struct world_set *set =
        rest[0] == '/' ? find_id(region, kind, rest + 1) : NULL;
    enum world_call call = rest[0] == '/'
                               ? (flight->posts ? WORLD_UPDATE : WORLD_GET)
                               : (flight->posts ? WORLD_CREATE : WORLD_LIST);

    region->calls[call][kind]++;
    if (is_refused(region, call, kind, answer)) {
        return;
    }
    if (call == WORLD_GET && set != NULL && region->vanish_get > 0 &&
        --region->vanish_get == 0) {
        set->used = false;
        set = NULL;
    }
    if (rest[0] == '/' && set == NULL) {
        refuse(answer, 400, "BadRequestException",
               "The request is rejected because the parameter has an invalid "
               "value.");
        return;
    }
    switch (call) {
    case WORLD_LIST:
        list_sets(self, region, kind, flight, answer);
        break;
    case WORLD_GET:
        get_set(set, answer);
        break;
    case WORLD_CREATE:
        create_set(self, region, at, kind, flight, answer);
        break;
    default:
        update_set(self, flight, set, answer);
        break;
    }
}

static void serve_detector(struct world *self, unsigned at,
                           const struct world_flight *flight,
                           struct answer *answer)
{
    struct world_region *region = &self->regions[at];
    enum world_call call =
        flight->posts ? WORLD_CREATE_DETECTOR : WORLD_LIST_DETECTORS;

    region->calls[call][0]++;
    if (is_refused(region, call, SLU_KIND_IP, answer)) {
        return;
    }
    if (flight->posts) {
        region->detectors = 1;
        answer->status = 200;
        (void)sprintf(answer->body, "{\"detectorId\":\"" DETECTOR "\"}");
    } else {
        list_detectors(region, answer);
    }
}

static void serve(struct world *self, const struct world_flight *flight,
                  struct answer *answer)
{
    static const char own[] = "/detector/" DETECTOR "/";
    struct world_region *region = &self->regions[flight->region];
    const char *rest = flight->target;

    *answer = (struct answer){.type = ""};
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < WORLD_SETS; i++) {
            pass_time(self, &region->sets[kind][i]);
        }
    }
    if (strncmp(rest, own, sizeof(own) - 1) == 0) {
        rest += sizeof(own) - 1;
        if (strncmp(rest, "threatintelset", 14) == 0) {
            serve_sets(self, flight->region, flight, SLU_KIND_IP, rest + 14,
                       answer);
            return;
        }
        if (strncmp(rest, "threatentityset", 15) == 0) {
            serve_sets(self, flight->region, flight, SLU_KIND_DOMAIN, rest + 15,
                       answer);
            return;
        }
    } else if (strncmp(rest, "/detector", 9) == 0 &&
               (rest[9] == '\0' || rest[9] == '?')) {
        serve_detector(self, flight->region, flight, answer);
        return;
    }
    blame(self, flight, "no such path");
    refuse(answer, 400, "BadRequestException", "what?");
}

/* ---- the engine ---- */

void drive_init(struct drive *self, struct world *world)
{
    *self = (struct drive){.world = world,
                           .alloc = slu_alloc_default(),
                           .width = 4,
                           .attempts_max = 50,
                           .closed_lane = -1,
                           .regions = {"us-east-1"},
                           .region_count = 1,
                           .owner = "",
                           .detector = "auto",
                           .seed = 7};
}

static void keep(struct drive *self, const struct world_entry *entry)
{
    unsigned i = 0;

    while (i < self->store_count && strcmp(self->store[i].key, entry->key)) {
        i++;
    }
    cr_assert_lt(i, WORLD_STORE);
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

static struct world_flight *find_flight(struct drive *self,
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
    struct world_flight *flight = find_flight(ctx, unit);
    struct world_entry *entry = &flight->puts[flight->put_count++];

    cr_assert_leq(flight->put_count, 8);
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
    struct slu_bucket_config bucket = {"lists", "", self->owner, ""};
    struct slu_strings regions = {self->regions, self->region_count, false};
    struct slu_strings lists[] = {{paths[0], WORLD_LISTS, false},
                                  {paths[1], WORLD_LISTS, false}};
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
    enum slu_err err = slu_sets_new(&options, &self->sets, out_error);

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
    struct world_flight *flight = &self->flights[self->flight_count++];
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
    *flight =
        (struct world_flight){.unit = request->unit,
                              .region = at,
                              .lane = request->lane,
                              .posts = request->method == SLU_METHOD_POST};
    cr_assert(flight->posts || request->method == SLU_METHOD_GET);
    cr_assert_eq(flight->posts, request->content_type.len > 0);
    (void)snprintf(flight->target, sizeof(flight->target), "%.*s",
                   SLU_VIEW_ARGS(request->target));
    (void)snprintf(flight->body, sizeof(flight->body), "%.*s",
                   SLU_VIEW_ARGS(request->body));
    self->sent[at] += flight->posts;
}

/* The body in pieces of any length. */
static void bring(struct drive *self, struct world_flight *flight,
                  const struct answer *answer)
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
            return;
        }
        at += piece;
    }
}

static void settle_step(struct drive *self, unsigned at,
                        const struct slu_step *step)
{
    struct world_flight flight = self->flights[at];

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
    self->broken |= step->error.code == SLU_ERR_NOMEM;
}

static void land(struct drive *self)
{
    struct world *world = self->world;
    unsigned at = chance(&world->random, self->flight_count);
    struct world_flight *flight = &self->flights[at];
    struct slu_error lost = {.code = SLU_ERR_NETWORK, .text = "broken pipe"};
    struct slu_error refused = {.code = SLU_ERR_AUTH, .text = "no keys"};
    struct slu_answer_end end = {.err = SLU_ERR_OK};
    struct slu_now now = {world->now_ms, 0};
    struct slu_step step = {0};
    struct answer answer = {0};
    bool loses = chance(&world->random, 100) < self->lost_percent;

    if (world->regions[flight->region].no_sign_in) {
        end = (struct slu_answer_end){SLU_ERR_AUTH, &refused};
    } else if (loses && chance(&world->random, 2) == 0) {
        end = (struct slu_answer_end){SLU_ERR_NETWORK, &lost};
    } else {
        serve(world, flight, &answer);
        if (loses) {
            end = (struct slu_answer_end){SLU_ERR_NETWORK, &lost};
        } else {
            bring(self, flight, &answer);
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

bool drive_survey(struct drive *self)
{
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
        for (unsigned i = 0; i < WORLD_LISTS; i++) {
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
