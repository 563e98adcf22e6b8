/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fake_cloud.h"

#include "engine/aws_wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUCKET "/lists/"
#define DETECTOR "/detector/d1"

/* One request, taken apart. */
struct asked {
    char method[8];
    char target[256]; /* without its query */
    const char *body;
    char if_match[40];
    char if_none_match[40];
};

static void copy_header(const char *request, const char *name, char out[40])
{
    (void)snprintf(out, 40, "%.*s", SLU_VIEW_ARGS(wire_header(request, name)));
}

static void read_request(const char *request, struct asked *asked)
{
    char *query;

    if (sscanf(request, "%7s %255s", asked->method, asked->target) != 2) {
        abort();
    }
    query = strchr(asked->target, '?');
    if (query != NULL) {
        *query = '\0';
    }
    asked->body = wire_body(request);
    copy_header(request, "if-match", asked->if_match);
    copy_header(request, "if-none-match", asked->if_none_match);
}

static void note(struct cloud *self, const struct asked *asked)
{
    size_t len = strlen(self->log);

    if (strcmp(asked->method, "GET") == 0 ||
        strcmp(asked->method, "HEAD") == 0) {
        self->gets += asked->method[0] == 'G';
        return;
    }
    (void)snprintf(self->log + len, sizeof(self->log) - len, "%s %s\n",
                   asked->method, asked->target);
}

/* The text lives on until so many others were asked for. */
static const char *keep_text(const char *text)
{
    static char kept[64][4096];
    static unsigned next;
    char *out = kept[next++ % 64];

    (void)snprintf(out, sizeof(kept[0]), "%s", text);
    return out;
}

static struct raw_answer answer_json(int status, const char *text)
{
    return served_text(status, "Content-Type: application/json\r\n",
                       keep_text(text));
}

/* ---- S3 ---- */

struct cloud_object *cloud_find(struct cloud *self, const char *key)
{
    for (unsigned i = 0; i < self->object_count; i++) {
        if (strcmp(self->objects[i].key, key) == 0) {
            return &self->objects[i];
        }
    }
    return NULL;
}

void cloud_put(struct cloud *self, const char *key, const char *text)
{
    struct cloud_object *object = cloud_find(self, key);

    if (object == NULL) {
        if (self->object_count == CLOUD_OBJECTS) {
            abort();
        }
        object = &self->objects[self->object_count++];
        (void)snprintf(object->key, sizeof(object->key), "%s", key);
    }
    (void)snprintf(object->text, sizeof(object->text), "%s", text);
    object->version = ++self->version;
}

static bool fits(const struct cloud_object *object, const struct asked *asked)
{
    char etag[40] = "";

    if (object != NULL) {
        (void)snprintf(etag, sizeof(etag), "\"v%u\"", object->version);
    }
    return (asked->if_match[0] == '\0' || strcmp(asked->if_match, etag) == 0) &&
           (asked->if_none_match[0] == '\0' || object == NULL);
}

static struct raw_answer answer_object(struct cloud *self,
                                       const struct asked *asked)
{
    const char *key = asked->target + strlen(BUCKET);
    struct cloud_object *object = cloud_find(self, key);
    char etag[64];

    if (strcmp(asked->method, "PUT") == 0) {
        if (!fits(object, asked)) {
            return served_text(412, "",
                               "<Error><Code>PreconditionFailed</Code>"
                               "<Message>no</Message></Error>");
        }
        cloud_put(self, key, asked->body);
        object = cloud_find(self, key);
    }
    if (object == NULL) {
        return served_text(404, "",
                           "<Error><Code>NoSuchKey</Code>"
                           "<Message>none</Message></Error>");
    }
    (void)snprintf(etag, sizeof(etag), "ETag: \"v%u\"\r\n", object->version);
    return served_text(
        200, etag,
        strcmp(asked->method, "GET") == 0 ? keep_text(object->text) : "");
}

/* ---- GuardDuty ---- */

struct cloud_set *cloud_find_set(struct cloud *self, const char *name)
{
    for (unsigned i = 0; i < self->set_count; i++) {
        if (strcmp(self->sets[i].name, name) == 0) {
            return &self->sets[i];
        }
    }
    return NULL;
}

void cloud_add_set(struct cloud *self, bool entity, const char *name,
                   const char *location)
{
    struct cloud_set *set = &self->sets[self->set_count++];

    if (self->set_count > CLOUD_SETS) {
        abort();
    }
    *set = (struct cloud_set){.entity = entity, .status = "ACTIVE"};
    (void)snprintf(set->name, sizeof(set->name), "%s", name);
    (void)snprintf(set->location, sizeof(set->location), "%s", location);
}

/* The member's text; the bodies are our own and have no escapes. */
static bool take_member(const char *body, const char *key, char *out,
                        size_t room)
{
    char want[40];
    const char *at;

    (void)snprintf(want, sizeof(want), "\"%s\":\"", key);
    at = strstr(body, want);
    if (at == NULL) {
        return false;
    }
    at += strlen(want);
    (void)snprintf(out, room, "%.*s", (int)strcspn(at, "\""), at);
    return true;
}

/* What the service does in minutes. */
static void activate(struct cloud *self, struct cloud_set *set,
                     const char *body)
{
    const char *key = set->location + strlen("s3:/" BUCKET);
    const struct cloud_object *object = cloud_find(self, key);
    const char *text = object == NULL ? "" : object->text;
    bool refused = object == NULL || (self->refuses != NULL &&
                                      strstr(text, self->refuses) != NULL);

    set->updates++;
    if (strstr(body, "\"activate\":true") == NULL) {
        (void)snprintf(set->status, sizeof(set->status), "INACTIVE");
        return;
    }
    (void)snprintf(set->said, sizeof(set->said), "%s", text);
    (void)snprintf(set->status, sizeof(set->status), "%s",
                   self->slow ? "ACTIVATING"
                   : refused  ? "ERROR"
                              : "ACTIVE");
}

static struct raw_answer answer_list(const struct cloud *self, bool entity)
{
    char text[1024];
    size_t len =
        (size_t)snprintf(text, sizeof(text), "{\"%s\":[",
                         entity ? "threatEntitySetIds" : "threatIntelSetIds");
    const char *comma = "";

    for (unsigned i = 0; i < self->set_count; i++) {
        if (self->sets[i].entity == entity) {
            len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"%u\"",
                                    comma, i + 1);
            comma = ",";
        }
    }
    (void)snprintf(text + len, sizeof(text) - len, "]}");
    return answer_json(200, text);
}

static struct raw_answer answer_get(const struct cloud_set *set)
{
    char text[1024];

    (void)snprintf(text, sizeof(text),
                   "{\"name\":\"%s\",\"format\":\"TXT\",\"location\":\"%s\","
                   "\"status\":\"%s\",\"errorDetails\":\"%s\"}",
                   set->name, set->location, set->status,
                   strcmp(set->status, "ERROR") == 0 ? "Line 1 is bad" : "");
    return answer_json(200, text);
}

static struct raw_answer answer_create(struct cloud *self, bool entity,
                                       const char *body)
{
    char name[64] = "";
    char location[128] = "";
    char text[64];
    unsigned count = 0;

    for (unsigned i = 0; i < self->set_count; i++) {
        count += self->sets[i].entity == entity;
    }
    if (self->set_limit > 0 && count >= self->set_limit) {
        return answer_json(
            400, "{\"__type\":\"BadRequestException\",\"message\":\"The "
                 "request is rejected because the limit has been reached.\"}");
    }
    if (!take_member(body, "name", name, sizeof(name)) ||
        !take_member(body, "location", location, sizeof(location))) {
        abort();
    }
    cloud_add_set(self, entity, name, location);
    activate(self, &self->sets[self->set_count - 1], body);
    (void)snprintf(text, sizeof(text), "{\"%s\":\"%u\"}",
                   entity ? "threatEntitySetId" : "threatIntelSetId",
                   self->set_count);
    return answer_json(200, text);
}

static struct raw_answer answer_sets(struct cloud *self,
                                     const struct asked *asked)
{
    bool entity = strstr(asked->target, "/threatentityset") != NULL;
    bool posts = strcmp(asked->method, "POST") == 0;
    const char *id = strrchr(asked->target, '/') + 1;
    struct cloud_set *set;

    if (strncmp(id, "threat", 6) == 0) {
        return posts ? answer_create(self, entity, asked->body)
                     : answer_list(self, entity);
    }
    set = &self->sets[atoi(id) - 1];
    if (!posts) {
        return answer_get(set);
    }
    (void)take_member(asked->body, "location", set->location,
                      sizeof(set->location));
    activate(self, set, asked->body);
    return answer_json(200, "{}");
}

struct raw_answer cloud_answer(void *ctx, const char *request)
{
    struct cloud *self = ctx;
    struct asked asked;

    read_request(request, &asked);
    note(self, &asked);
    if (self->denies) {
        return served_text(403, "",
                           "<Error><Code>AccessDenied</Code>"
                           "<Message>Access Denied</Message></Error>");
    }
    if (strncmp(asked.target, BUCKET, strlen(BUCKET)) == 0) {
        return answer_object(self, &asked);
    }
    if (self->denies_sets) {
        return answer_json(403, "{\"__type\":\"AccessDeniedException\","
                                "\"message\":\"not authorized\"}");
    }
    if (strncmp(asked.target, DETECTOR, strlen(DETECTOR)) == 0) {
        return answer_sets(self, &asked);
    }
    return answer_json(200, "{\"detectorIds\":[\"d1\"]}");
}
