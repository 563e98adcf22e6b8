/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/sets_world.h"

#include "support/json_dom.h"

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
    for (unsigned i = 0; i < WORLD_REGIONS * WORLD_SETS; i++) {
        self->regions[i / WORLD_SETS].sets[0][i % WORLD_SETS].changes = 0;
        self->regions[i / WORLD_SETS].sets[1][i % WORLD_SETS].changes = 0;
    }
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

static void refuse(struct world_answer *answer, int status, const char *type,
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

static void blame(struct world *self, const struct world_request *request,
                  const char *why)
{
    if (self->fault[0] == '\0') {
        (void)snprintf(self->fault, sizeof(self->fault), "%s: %.80s %.80s", why,
                       request->target, request->body);
    }
}

/* A text member into out; false when it is absent. */
static bool read_text(const struct world_request *request, const char *name,
                      char *out, size_t room)
{
    char *text = json_dom_get(slu_view_str(request->body), name);

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
                      enum slu_kind kind, const struct world_request *request,
                      struct world_answer *answer)
{
    const char *token = strstr(request->target, "nextToken=t%2B");
    unsigned from = token == NULL ? 0 : (unsigned)atoi(token + 14);
    unsigned page = self->page == 0 ? 50 : self->page;
    unsigned at = 0;
    unsigned given = 0;
    size_t len = (size_t)sprintf(answer->body, "{\"x\":[{}],\"%s\":[",
                                 kind == SLU_KIND_IP ? "threatIntelSetIds"
                                                     : "threatEntitySetIds");

    if (strstr(request->target, "?maxResults=50") == NULL) {
        blame(self, request, "no maxResults");
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

static void get_set(const struct world_set *set, struct world_answer *answer)
{
    answer->status = 200;
    (void)snprintf(answer->body, sizeof(answer->body),
                   "{\"name\":\"%s\",\"format\":\"%s\",\"location\":\"%s\","
                   "\"status\":\"%s\",\"tags\":{}%s%s%s,\"new\":[1]}",
                   set->name, set->format, set->location, set->status,
                   set->details[0] == '\0' ? "" : ",\"errorDetails\":\"",
                   set->details, set->details[0] == '\0' ? "" : "\"");
}

static void answer_id(enum slu_kind kind, const char *id,
                      struct world_answer *answer)
{
    answer->status = 200;
    (void)snprintf(
        answer->body, sizeof(answer->body), "{\"%s\":\"%s\"}",
        kind == SLU_KIND_IP ? "threatIntelSetId" : "threatEntitySetId", id);
}

static void create_set(struct world *self, struct world_region *region,
                       unsigned region_at, enum slu_kind kind,
                       const struct world_request *request,
                       struct world_answer *answer)
{
    char name[400];
    char location[400];
    char format[40];
    char activate[10];
    char token[100];
    char owner[20];
    unsigned limit = region->limit == 0 ? 6 : region->limit;
    struct world_set *set;

    if (!read_text(request, "name", name, sizeof(name)) ||
        !read_text(request, "format", format, sizeof(format)) ||
        !read_text(request, "location", location, sizeof(location)) ||
        !read_text(request, "activate", activate, sizeof(activate)) ||
        !read_text(request, "clientToken", token, sizeof(token)) ||
        strcmp(format, "TXT") != 0 || strncmp(location, "s3://", 5) != 0 ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789_-") != strlen(name) ||
        strlen(token) > 64) {
        blame(self, request, "a bad Create");
    }
    (void)read_text(request, "expectedBucketOwner", owner, sizeof(owner));
    for (unsigned i = 0; i < WORLD_SETS; i++) {
        if (region->sets[kind][i].used &&
            strcmp(region->sets[kind][i].token, token) == 0) {
            answer_id(kind, region->sets[kind][i].id, answer);
            return;
        }
    }
    /* The names of IP lists are unique; of the others nothing is said. */
    if (kind == SLU_KIND_IP &&
        world_find(self, region_at, kind, name) != NULL) {
        refuse(answer, 400, "BadRequestException",
               "The request is rejected because the name already exists.");
        return;
    }
    if (count_used(region, kind) >= limit) {
        refuse(answer, 400,
               region->limit_type != NULL ? region->limit_type
                                          : "BadRequestException",
               region->limit_sentence != NULL
                   ? region->limit_sentence
                   : "The request is rejected since the limit is reached.");
        return;
    }
    set = world_add(self, region_at, kind, name, location, "INACTIVE");
    (void)snprintf(set->token, sizeof(set->token), "%s", token);
    (void)snprintf(set->owner, sizeof(set->owner), "%s", owner);
    set->changes++;
    if (strcmp(activate, "true") == 0) {
        turn(self, set, true);
    }
    answer_id(kind, set->id, answer);
}

static void update_set(struct world *self, const struct world_request *request,
                       struct world_set *set, struct world_answer *answer)
{
    char activate[10];
    char location[400];

    if (is_busy(set)) {
        self->busy_refusals++;
        refuse(answer, 400, "BadRequestException",
               "The request failed because the list is in a state of change.");
        return;
    }
    if (!read_text(request, "activate", activate, sizeof(activate)) ||
        json_dom_count_members(slu_view_str(request->body), "format") != 0) {
        blame(self, request, "a bad Update");
    }
    if (read_text(request, "location", location, sizeof(location))) {
        memcpy(set->location, location, sizeof(set->location));
    }
    (void)read_text(request, "expectedBucketOwner", set->owner,
                    sizeof(set->owner));
    set->changes++;
    turn(self, set, strcmp(activate, "true") == 0);
    answer->status = 200;
    (void)sprintf(answer->body, "{}");
}

static void list_detectors(struct world_region *region,
                           struct world_answer *answer)
{
    answer->status = 200;
    (void)sprintf(answer->body, "{\"detectorIds\":[%s%s],\"nextToken\":\"\"}",
                  region->detectors > 0 ? "\"" DETECTOR "\"" : "",
                  region->detectors > 1 ? ",\"another\"" : "");
}

/* Every refusal that does not depend on what is asked for. */
static bool is_refused(struct world_region *region, enum world_call call,
                       enum slu_kind kind, struct world_answer *answer)
{
    if (region->throttled > 0) {
        region->throttled--;
        refuse(answer, 429, "TooManyRequestsException", "Too Many Requests");
    } else if (region->garbled > 0) {
        region->garbled--;
        answer->status = 200;
        (void)sprintf(answer->body, "<html>hello</html>");
    } else if (region->broken) {
        refuse(answer, 500, "InternalServerErrorException", "oh");
    } else if (call == WORLD_CREATE && region->fails_create[kind]) {
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
                       const struct world_request *request, enum slu_kind kind,
                       const char *rest, struct world_answer *answer)
{
    struct world_region *region = &self->regions[at];
    struct world_set *set =
        rest[0] == '/' ? find_id(region, kind, rest + 1) : NULL;
    enum world_call call = rest[0] == '/'
                               ? (request->posts ? WORLD_UPDATE : WORLD_GET)
                               : (request->posts ? WORLD_CREATE : WORLD_LIST);

    region->calls[call][kind]++;
    if (is_refused(region, call, kind, answer)) {
        return;
    }
    if (call == WORLD_GET && set != NULL && region->vanish_get > 0) {
        region->vanish_get--;
        set->used = false;
        set = NULL;
    }
    if (rest[0] == '/' && set == NULL) {
        refuse(answer, 400, "BadRequestException",
               "The request is rejected because the parameter has an invalid "
               "value.");
        return;
    }
    if (region->garbled_pages > 0 && strstr(request->target, "nextToken")) {
        region->garbled_pages--;
        answer->status = 200;
        (void)sprintf(answer->body, "{\"nextToken\":\"t+9\"}");
        return;
    }
    switch (call) {
    case WORLD_LIST:
        list_sets(self, region, kind, request, answer);
        break;
    case WORLD_GET:
        get_set(set, answer);
        break;
    case WORLD_CREATE:
        create_set(self, region, at, kind, request, answer);
        break;
    default:
        update_set(self, request, set, answer);
        break;
    }
}

static void serve_detector(struct world *self, unsigned at,
                           const struct world_request *request,
                           struct world_answer *answer)
{
    struct world_region *region = &self->regions[at];
    enum world_call call =
        request->posts ? WORLD_CREATE_DETECTOR : WORLD_LIST_DETECTORS;

    region->calls[call][0]++;
    if (is_refused(region, call, SLU_KIND_IP, answer)) {
        return;
    }
    if (request->posts) {
        region->detectors = 1;
        answer->status = 200;
        (void)sprintf(answer->body, "{\"detectorId\":\"" DETECTOR "\"}");
    } else {
        list_detectors(region, answer);
    }
}

void world_serve(struct world *self, const struct world_request *request,
                 struct world_answer *answer)
{
    static const char own[] = "/detector/" DETECTOR "/";
    struct world_region *region = &self->regions[request->region];
    const char *rest = request->target;

    *answer = (struct world_answer){.type = ""};
    for (int kind = 0; kind < SLU_KIND_COUNT; kind++) {
        for (unsigned i = 0; i < WORLD_SETS; i++) {
            pass_time(self, &region->sets[kind][i]);
        }
    }
    if (strncmp(rest, own, sizeof(own) - 1) == 0) {
        rest += sizeof(own) - 1;
        if (strncmp(rest, "threatintelset", 14) == 0) {
            serve_sets(self, request->region, request, SLU_KIND_IP, rest + 14,
                       answer);
            return;
        }
        if (strncmp(rest, "threatentityset", 15) == 0) {
            serve_sets(self, request->region, request, SLU_KIND_DOMAIN,
                       rest + 15, answer);
            return;
        }
    } else if (strncmp(rest, "/detector", 9) == 0 &&
               (rest[9] == '\0' || rest[9] == '?')) {
        serve_detector(self, request->region, request, answer);
        return;
    }
    blame(self, request, "no such path");
    refuse(answer, 400, "BadRequestException", "what?");
}
