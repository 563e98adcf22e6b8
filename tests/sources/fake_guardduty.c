/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/fake_guardduty.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

uint64_t fake_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static uint64_t draw(struct fake_guardduty *self, uint64_t below)
{
    return fake_random(&self->random) % below;
}

void fake_init(struct fake_guardduty *self, uint64_t seed)
{
    *self = (struct fake_guardduty){
        .random = seed * 2654435761u + 1,
        .now_ms = INT64_C(1763800000000),
        .listed = -1,
    };
}

void fake_fini(struct fake_guardduty *self)
{
    for (unsigned i = 0; i < self->place_count; i++) {
        free(self->places[i].findings);
        free(self->places[i].positions);
    }
}

static int compare(const void *left, const void *right)
{
    const struct fake_finding *a = left;
    const struct fake_finding *b = right;

    if (a->updated_ms != b->updated_ms) {
        return a->updated_ms < b->updated_ms ? -1 : 1;
    }
    return (a->number > b->number) - (a->number < b->number);
}

void fake_sort(struct fake_place *place)
{
    qsort(place->findings, place->count, sizeof(place->findings[0]), compare);
    for (size_t i = 0; i < place->count; i++) {
        place->positions[place->findings[i].number - place->first] = i;
    }
}

struct fake_place *fake_add(struct fake_guardduty *self, unsigned identity,
                            const char *region, size_t count)
{
    struct fake_place *place = &self->places[self->place_count++];

    *place = (struct fake_place){
        .identity = identity,
        .region = region,
        .detector = "12abc34d567e8fa901bc2d34e56789f0",
        .findings = calloc(count + 1, sizeof(struct fake_finding)),
        .positions = calloc(count + 1, sizeof(size_t)),
        .first = self->number_count,
        .count = count,
    };
    for (size_t i = 0; i < count; i++) {
        place->findings[i].number = self->number_count++;
    }
    fake_sort(place);
    return place;
}

void fake_spread(struct fake_guardduty *self, struct fake_place *place,
                 int64_t from, int64_t to)
{
    for (size_t i = 0; i < place->count; i++) {
        place->findings[i].updated_ms =
            from + (int64_t)draw(self, (uint64_t)(to - from));
    }
    fake_sort(place);
}

static struct fake_finding *find_here(struct fake_place *place, unsigned number)
{
    return number >= place->first && number - place->first < place->count
               ? &place->findings[place->positions[number - place->first]]
               : NULL;
}

struct fake_finding *fake_find(struct fake_guardduty *self, unsigned number)
{
    struct fake_finding *found = NULL;

    for (unsigned i = 0; i < self->place_count && found == NULL; i++) {
        found = find_here(&self->places[i], number);
    }
    return found;
}

size_t fake_calls(const struct fake_guardduty *self, enum fake_call call)
{
    size_t calls = 0;

    for (unsigned i = 0; i < self->place_count; i++) {
        calls += self->places[i].calls[call];
    }
    return calls;
}

/* ---- answers ---- */

static void print(struct fake_answer *answer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void print(struct fake_answer *answer, const char *format, ...)
{
    va_list args;
    int len;

    if (answer->capacity - answer->len < 4096) {
        answer->capacity = answer->capacity * 2 + 8192;
        answer->body = realloc(answer->body, answer->capacity);
    }
    va_start(args, format);
    len = vsnprintf(answer->body + answer->len, answer->capacity - answer->len,
                    format, args);
    va_end(args);
    answer->len += (size_t)len;
}

static void fail(struct fake_answer *answer, int status, const char *type,
                 const char *message)
{
    answer->status = status;
    answer->error_type = type;
    print(answer, "{\"message\":\"%s\"}", message);
}

static void print_iso(struct fake_answer *answer, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];

    gmtime_r(&seconds, &tm);
    (void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    print(answer, "%s.%03dZ", text, (int)(ms % 1000));
}

/* The number behind `name` in the body, or `otherwise`. */
static int64_t read_number(const char *body, const char *name,
                           int64_t otherwise)
{
    const char *at = body == NULL ? NULL : strstr(body, name);

    return at == NULL ? otherwise : strtoll(at + strlen(name), NULL, 10);
}

/* A token is "+/=<updated>_<number>": what comes behind that finding. */
static void print_token(struct fake_guardduty *self, struct fake_answer *answer,
                        int64_t updated_ms, unsigned number)
{
    print(answer, ",\"nextToken\":\"%s%" PRId64 "_%u\"",
          self->escaped_tokens ? "+\\/\\u003d" : "+/=", updated_ms, number);
}

static bool read_token(const char *body, struct fake_finding *out)
{
    const char *at = body == NULL ? NULL : strstr(body, "nextToken");
    char *end;

    if (at == NULL || (at = strpbrk(at, "0123456789")) == NULL) {
        return false;
    }
    if (strncmp(at, "003d", 4) == 0) {
        at += 4;
    }
    out->updated_ms = strtoll(at, &end, 10);
    out->number = (unsigned)strtoul(end + 1, NULL, 10);
    return true;
}

static void print_last_token(const struct fake_guardduty *self,
                             struct fake_answer *answer)
{
    if (self->empty_last_token) {
        print(answer, ",\"nextToken\":\"\"");
    } else if (self->null_last_token) {
        print(answer, ",\"nextToken\":null");
    }
}

struct criteria {
    int64_t from;
    int64_t to;
    bool archived;
};

static struct criteria read_criteria(const struct fake_guardduty *self,
                                     const char *body)
{
    struct criteria all = {INT64_MIN, INT64_MAX, true};

    if (self->ignore_criteria) {
        return all;
    }
    return (struct criteria){
        .from = read_number(body, "\"greaterThanOrEqual\":", INT64_MIN),
        .to = read_number(body, "\"lessThan\":", INT64_MAX),
        .archived =
            strstr(body, "\"service.archived\":{\"equals\":[\"false\"]}") ==
            NULL,
    };
}

static bool is_wanted(const struct criteria *criteria,
                      const struct fake_finding *finding)
{
    return finding->updated_ms >= criteria->from &&
           finding->updated_ms < criteria->to &&
           (criteria->archived || !finding->archived);
}

static bool is_newest_first(const struct fake_guardduty *self, const char *body)
{
    return self->newest_first ||
           (!self->oldest_first && strstr(body, "\"DESC\"") != NULL);
}

/* The finding is listed with the page, or is before or after it. */
static bool is_on_page(const struct fake_finding *at,
                       const struct fake_finding *last, bool newest_first)
{
    int order = compare(at, last);

    return newest_first && last->updated_ms != INT64_MIN ? order < 0
                                                         : order > 0;
}

static void list_page(struct fake_guardduty *self, struct fake_place *place,
                      const struct fake_request *request, size_t most,
                      struct fake_answer *answer)
{
    struct fake_finding last = {.updated_ms = INT64_MIN};
    bool newest_first = is_newest_first(self, request->body);
    struct criteria criteria = read_criteria(self, request->body);
    size_t found = 0;
    size_t skip = 0;

    if (read_token(request->body, &last) && self->by_offset) {
        skip = last.number;
        last.updated_ms = INT64_MIN;
    }
    print(answer, "{\"findingIds\":[");
    for (size_t i = 0, met = 0; i < place->count; i++) {
        const struct fake_finding *at =
            &place->findings[newest_first ? place->count - 1 - i : i];

        if (!is_on_page(at, &last, newest_first && !self->by_offset) ||
            !is_wanted(&criteria, at) || met++ < skip) {
            continue;
        }
        if (found == most) {
            found++;
            break;
        }
        print(answer, "%s\"%032x\"", found > 0 ? "," : "", at->number);
        self->listed = (int)at->number;
        if (self->by_offset) {
            last.number = (unsigned)(skip + found + 1);
        } else {
            last = *at;
        }
        found++;
    }
    print(answer, "]");
    if (found > most) {
        print_token(self, answer, last.updated_ms, last.number);
    } else {
        print_last_token(self, answer);
    }
    print(answer, "}");
}

static void list(struct fake_guardduty *self, struct fake_place *place,
                 const struct fake_request *request, struct fake_answer *answer)
{
    int64_t most = read_number(request->body, "\"maxResults\":", 50);
    struct fake_finding last = {.updated_ms = 0};
    bool has_token = read_token(request->body, &last);

    if ((strstr(request->body, "\"sortCriteria\":{\"attributeName\":"
                               "\"updatedAt\",\"orderBy\":\"ASC\"}") == NULL &&
         strstr(request->body,
                "\"sortCriteria\":{\"attributeName\":"
                "\"updatedAt\",\"orderBy\":\"DESC\"}") == NULL) ||
        most < 1 || most > FAKE_PAGE) {
        fail(answer, 400, "BadRequestException", "not what was agreed");
    } else if (has_token && self->refuse_tokens) {
        fail(answer, 400, "BadRequestException", "the token is not valid");
    } else if (has_token && self->repeat_tokens) {
        print(answer, "{\"findingIds\":[]");
        print_token(self, answer, last.updated_ms, last.number);
        print(answer, "}");
    } else if (draw(self, 100) < self->empty_percent) {
        /* Another text for the same place each time: no token repeats. */
        print(answer, "{\"findingIds\":[],\"nextToken\":\"");
        for (uint64_t i = draw(self, 1000); i > 0; i--) {
            print(answer, "=");
        }
        print(answer, "%" PRId64 "_%u\"}",
              has_token                              ? last.updated_ms
              : is_newest_first(self, request->body) ? INT64_MAX
                                                     : 0,
              last.number);
    } else {
        list_page(self, place, request, (size_t)most + (self->too_many ? 1 : 0),
                  answer);
    }
}

static void print_finding(struct fake_answer *answer,
                          const struct fake_place *place,
                          const struct fake_finding *finding)
{
    print(answer,
          "{\"schemaVersion\":\"2.0\",\"accountId\":\"%012u\",\"region\":"
          "\"%s\",\"id\":\"%032x\",\"arn\":\"arn:%u\",\"type\":\"T:U/V\","
          "\"severity\":5,\"updatedAt\":\"",
          place->identity, place->region, finding->number, finding->number);
    print_iso(answer, finding->updated_ms);
    print(answer,
          "\",\"service\":{\"archived\":%s,\"action\":{\"actionType\":"
          "\"NETWORK_CONNECTION\",\"networkConnectionAction\":{"
          "\"remoteIpDetails\":{\"ipAddressV4\":\"11.%u.%u.%u\"}}}}}",
          finding->archived ? "true" : "false", finding->number >> 16,
          finding->number >> 8 & 255, finding->number & 255);
}

static void get(struct fake_guardduty *self, struct fake_place *place,
                const struct fake_request *request, struct fake_answer *answer)
{
    const char *at = strstr(request->body, "\"findingIds\":[");
    const char *end = at == NULL ? NULL : strchr(at, ']');
    unsigned count = 0;

    if (end == NULL ||
        (self->bad_id != NULL && strstr(request->body, self->bad_id) != NULL)) {
        fail(answer, 400, "BadRequestException", "the ids are not valid");
        return;
    }
    at += strlen("\"findingIds\":[");
    print(answer, "{\"findings\":[");
    for (; at < end; at += 35) {
        unsigned number = (unsigned)strtoul(at + 1, NULL, 16);

        const struct fake_finding *finding = find_here(place, number);

        if (finding != NULL && draw(self, 100) >= self->vanish_percent) {
            print(answer, "%s", count > 0 ? "," : "");
            print_finding(answer, place, finding);
            count++;
        }
    }
    print(answer, "]}");
}

static void detectors(struct fake_guardduty *self, struct fake_place *place,
                      const struct fake_request *request,
                      struct fake_answer *answer)
{
    const char *token = strstr(request->target, "nextToken=");
    unsigned page = 0;

    if (strncmp(request->target, "/detector?maxResults=50", 23) != 0) {
        fail(answer, 400, "BadRequestException", "not what was agreed");
        return;
    }
    if (token != NULL) {
        /* "p+/=N", encoded. */
        if (strncmp(token, "nextToken=p%2B%2F%3D", 20) != 0) {
            fail(answer, 400, "BadRequestException", "token not encoded");
            return;
        }
        page = (unsigned)strtoul(token + 20, NULL, 10);
    }
    if (page < self->detector_pages) {
        print(answer, "{\"detectorIds\":[],\"nextToken\":\"p%s%u\"}",
              self->escaped_tokens ? "+\\/\\u003d" : "+/=",
              self->repeat_tokens ? 0 : page + 1);
        return;
    }
    print(answer,
          place->detector == NULL ? "{\"detectorIds\":[]"
                                  : "{\"detectorIds\":[\"%s\"]",
          place->detector == NULL ? "" : place->detector);
    print_last_token(self, answer);
    print(answer, "}");
}

/* ---- one exchange ---- */

static void update_one(struct fake_guardduty *self)
{
    struct fake_place *place = &self->places[draw(self, self->place_count)];
    struct fake_finding *finding = NULL;

    if (self->updates_left == 0) {
        return;
    }
    if (self->update_listed) {
        finding =
            self->listed < 0 ? NULL : fake_find(self, (unsigned)self->listed);
        self->listed = -1;
    } else if (place->count > 0) {
        finding = &place->findings[draw(self, place->count)];
    }
    if (finding != NULL) {
        self->updates_left--;
        finding->updated_ms = self->now_ms;
        for (unsigned i = 0; i < self->place_count; i++) {
            fake_sort(&self->places[i]);
        }
    }
}

static bool inject_fault(struct fake_guardduty *self,
                         struct fake_answer *answer)
{
    if (draw(self, 100) >= self->fault_percent) {
        return false;
    }
    switch (draw(self, 8)) {
    case 0:
        self->throttled++;
        fail(answer, 429, NULL, "Too Many Requests");
        return true;
    case 1:
        self->throttled++;
        fail(answer, 400, "ThrottlingException", "Rate exceeded");
        return true;
    case 2:
        fail(answer, 500, "InternalServerErrorException:x", "oops");
        return true;
    case 3:
        answer->status = 503;
        return true;
    case 4:
        return true; /* no status: the transport failed */
    case 5:
        answer->status = 200;
        print(answer, "<html>proxy</html>");
        return true;
    case 6:
        answer->cut = true;
        return false;
    default:
        fail(answer, 403, "ExpiredTokenException", "expired");
        return true;
    }
}

static bool refuse(struct fake_guardduty *self, struct fake_place *place,
                   enum fake_call call, struct fake_answer *answer)
{
    if (place->no_sign_in) {
        answer->no_sign_in = true;
    } else if (place->broken) {
        fail(answer, 500, "InternalServerErrorException", "broken");
    } else if (place->not_enabled) {
        fail(answer, 403, "UnrecognizedClientException",
             "The security token included in the request is invalid");
    } else if (place->expires > 0) {
        place->expires--;
        fail(answer, 403, "ExpiredTokenException", "expired");
    } else if (place->denied[call]) {
        fail(answer, 403, "AccessDeniedException",
             "User: arn:aws:iam::1:user/u is not authorized");
    } else if (place->bad_detector && call != FAKE_DETECTORS) {
        answer->status = 400;
        answer->error_type = "BadRequestException";
        print(answer, "{\"message\":\"The request is rejected because the "
                      "input detectorId is not owned by the current "
                      "account.\",\"__type\":\"InvalidInputException\"}");
    } else if (self->html) {
        print(answer, "<html>proxy</html>");
    } else if (self->other_json) {
        print(answer, "{\"status\":\"fine\"}");
    } else {
        return false;
    }
    return true;
}

static struct fake_place *find_place(struct fake_guardduty *self,
                                     const struct fake_request *request)
{
    for (unsigned i = 0; i < self->place_count; i++) {
        if (self->places[i].identity == request->identity &&
            strcmp(self->places[i].region, request->region) == 0) {
            return &self->places[i];
        }
    }
    abort();
}

static void answer_call(struct fake_guardduty *self, struct fake_place *place,
                        enum fake_call call, const struct fake_request *request,
                        struct fake_answer *answer)
{
    switch (call) {
    case FAKE_DETECTORS:
        detectors(self, place, request, answer);
        break;
    case FAKE_LIST:
        list(self, place, request, answer);
        break;
    default:
        get(self, place, request, answer);
        break;
    }
}

void fake_ask(struct fake_guardduty *self, const struct fake_request *request,
              struct fake_answer *answer)
{
    struct fake_place *place = find_place(self, request);
    size_t len = strlen(request->target);
    enum fake_call call =
        !request->posts ? FAKE_DETECTORS
        : len > 4 && strcmp(request->target + len - 4, "/get") == 0 ? FAKE_GET
                                                                    : FAKE_LIST;

    *answer = (struct fake_answer){0};
    place->calls[call]++;
    if (inject_fault(self, answer)) {
        return;
    }
    answer->status = 200;
    if (!refuse(self, place, call, answer)) {
        answer_call(self, place, call, request, answer);
    }
    if (answer->no_sign_in) {
        answer->status = 0;
    }
    if (answer->cut) {
        answer->len = answer->len > 0 ? draw(self, answer->len) : 0;
    }
    update_one(self);
}
