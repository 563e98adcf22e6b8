/* SPDX-License-Identifier: Apache-2.0 */
/* What: from a path to its operation, and what all operations share. */
#include "guardduty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guardduty_sets.h"

struct operation {
    const char *name;
    const char *method;
    const char *rest; /* after /detector, or after /detector/{d} */
    bool detector;    /* the path names one */
    void (*answer)(struct sim_guardduty_call *call);
    bool pages; /* maxResults and nextToken may be asked */
    unsigned kind;
    unsigned set_operation;
};

/* The five operations on a kind of sets; a `*` ends with the set's id. */
#define SET_ROWS(noun, rest, kind)                                             \
    {"Create" noun,     "POST", rest, true,                                    \
     sim_guardduty_set, false,  kind, SIM_SET_CREATE},                         \
        {"Get" noun,        "GET", rest "/*", true,                            \
         sim_guardduty_set, false, kind,      SIM_SET_GET},                    \
        {"Update" noun,     "POST", rest "/*", true,                           \
         sim_guardduty_set, false,  kind,      SIM_SET_UPDATE},                \
        {"List" noun "s",   "GET", rest, true,                                 \
         sim_guardduty_set, true,  kind, SIM_SET_LIST},                        \
    {                                                                          \
        "Delete" noun, "DELETE", rest "/*", true, sim_guardduty_set, false,    \
            kind, SIM_SET_DELETE                                               \
    }

static const struct operation operations[] = {
    {"ListDetectors", "GET", "", false, sim_guardduty_list_detectors, true, 0,
     0},
    {"CreateDetector", "POST", "", false, sim_guardduty_create_detector},
    {"GetDetector", "GET", "", true, sim_guardduty_get_detector},
    {"ListFindings", "POST", "/findings", true, sim_guardduty_list_findings},
    {"GetFindings", "POST", "/findings/get", true, sim_guardduty_get_findings},
    {"CreateSampleFindings", "POST", "/findings/create", true,
     sim_guardduty_create_samples},
    {"ArchiveFindings", "POST", "/findings/archive", true,
     sim_guardduty_archive},
    {"UnarchiveFindings", "POST", "/findings/unarchive", true,
     sim_guardduty_unarchive},
    SET_ROWS("ThreatIntelSet", "/threatintelset", SIM_SET_THREAT_IP),
    SET_ROWS("ThreatEntitySet", "/threatentityset", SIM_SET_THREAT_ENTITY),
    SET_ROWS("IPSet", "/ipset", SIM_SET_TRUSTED_IP),
    SET_ROWS("TrustedEntitySet", "/trustedentityset", SIM_SET_TRUSTED_ENTITY),
};

void sim_guardduty_reject(struct sim_guardduty_call *call, const char *message)
{
    sim_aws_error_typed(call->answer, 400, "BadRequestException",
                        "InvalidInputException", message);
}

static void reject_about(struct sim_guardduty_call *call, const char *format,
                         const char *name)
{
    char message[400];

    snprintf(message, sizeof(message), format, name);
    sim_guardduty_reject(call, message);
}

void sim_guardduty_reject_parameter(struct sim_guardduty_call *call,
                                    const char *name)
{
    reject_about(call,
                 "The request is rejected because the parameter %.200s has an "
                 "invalid value.",
                 name);
}

int64_t sim_guardduty_now_ms(const struct sim_server *server)
{
    return server->options.now > 0 ? server->options.now * 1000
                                   : (int64_t)(sim_server_wall() * 1000);
}

void sim_guardduty_send(struct sim_guardduty_call *call, struct sim_text *text)
{
    sim_text_byte(text, '\0');
    sim_aws_json(call->answer, text->data);
    sim_text_fini(text);
}

void sim_guardduty_put_end(const struct sim_guardduty_call *call,
                           struct sim_text *text)
{
    if (strcmp(call->server->options.gd_end, "empty") == 0) {
        sim_text_str(text, ",\"nextToken\":\"\"");
    }
}

const struct sim_node *
sim_guardduty_member(const struct sim_guardduty_call *call, const char *name)
{
    return call->document.count == 0
               ? NULL
               : sim_document_member(&call->document, &call->document.node[0],
                                     name);
}

static const struct sim_guardduty_member *
find_member(const struct sim_guardduty_member *members, size_t count,
            const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(members[i].name, name) == 0) {
            return &members[i];
        }
    }
    return NULL;
}

bool sim_guardduty_check(struct sim_guardduty_call *call,
                         const struct sim_node *node,
                         const struct sim_guardduty_member *members,
                         size_t count)
{
    const struct sim_document *document = &call->document;

    if (node->kind != SIM_NODE_OBJECT) {
        sim_guardduty_reject(call, "The request is rejected because an object "
                                   "was expected.");
        return false;
    }
    for (const struct sim_node *child = sim_document_child(document, node);
         child != NULL; child = sim_document_next(document, child)) {
        const struct sim_guardduty_member *member =
            find_member(members, count, child->name);
        enum sim_node_kind kind =
            child->kind == SIM_NODE_FALSE ? SIM_NODE_TRUE : child->kind;

        if (member == NULL || member->kind != kind) {
            reject_about(call,
                         member == NULL
                             ? "The request is rejected because the member "
                               "%.200s is unknown."
                             : "The request is rejected because the parameter "
                               "%.200s has an invalid type.",
                         child->name);
            return false;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (members[i].required &&
            sim_document_member(document, node, members[i].name) == NULL) {
            reject_about(call,
                         "The request is rejected because the required "
                         "parameter %.200s is missing.",
                         members[i].name);
            return false;
        }
    }
    return true;
}

/* True if the path is the operation's; what its `*` stands for is the item. */
static bool is_rest(const char *rest, const char *path, char *item, size_t cap)
{
    size_t len = strlen(rest);

    if (len == 0 || rest[len - 1] != '*') {
        return strcmp(rest, path) == 0;
    }
    if (strncmp(rest, path, len - 1) != 0) {
        return false;
    }
    path += len - 1;
    if (*path == '\0' || strchr(path, '/') != NULL) {
        return false;
    }
    snprintf(item, cap, "%s", path);
    return true;
}

/* The operation of a request; NULL if there is none. `id` receives the path's
   detector. */
static const struct operation *find_operation(struct sim_guardduty_call *call,
                                              char *id, size_t cap)
{
    static const char top[] = "/detector";
    const char *path = call->server->query.path;
    bool detector;

    if (strncmp(path, top, sizeof(top) - 1) != 0) {
        return NULL;
    }
    path += sizeof(top) - 1;
    detector = *path == '/';
    if (detector) {
        size_t len = strcspn(++path, "/");

        if (len == 0 || len >= cap) {
            return NULL;
        }
        snprintf(id, cap, "%.*s", (int)len, path);
        path += len;
    }
    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
        if (operations[i].detector == detector &&
            strcmp(operations[i].method, call->request->method) == 0 &&
            is_rest(operations[i].rest, path, call->item, sizeof(call->item))) {
            return &operations[i];
        }
    }
    return NULL;
}

/* The caller's own detector, if it is the one that the path names. */
static bool check_detector(struct sim_guardduty_call *call, const char *id)
{
    if (strlen(id) != SIM_ID_LEN ||
        strspn(id, "0123456789abcdef") != SIM_ID_LEN) {
        sim_guardduty_reject(call,
                             "The request is rejected because the parameter "
                             "detectorId has an invalid value.");
        return false;
    }
    if (call->detector == NULL || !call->detector->exists ||
        strcmp(call->detector->id, id) != 0) {
        sim_guardduty_reject(call,
                             "The request is rejected because the input "
                             "detectorId is not owned by the current account.");
        return false;
    }
    return true;
}

static bool read_body(struct sim_guardduty_call *call)
{
    const char *type = sim_request_header(call->request, "content-type");
    char message[200];

    if (type == NULL || strcmp(type, "application/json") != 0) {
        sim_aws_error(call->answer, 415, "UnsupportedMediaTypeException",
                      "Content-Type must be application/json");
        return false;
    }
    if (!sim_document_read(&call->document, call->request->body,
                           call->request->body_len)) {
        snprintf(message, sizeof(message),
                 "The request is rejected because the body is not JSON: %s.",
                 call->document.wrong);
        sim_aws_error_typed(call->answer, 400, "BadRequestException",
                            "SerializationException", message);
        return false;
    }
    return true;
}

static bool check_query(struct sim_guardduty_call *call,
                        const struct operation *operation)
{
    const struct sim_query *query = &call->server->query;

    for (unsigned i = 0; i < query->count; i++) {
        bool repeated = false;

        sim_query_get(query, query->name[i], &repeated);
        if (repeated || !operation->pages ||
            (strcmp(query->name[i], "maxResults") != 0 &&
             strcmp(query->name[i], "nextToken") != 0)) {
            reject_about(call,
                         "The request is rejected because the query parameter "
                         "%.200s is unknown or repeated.",
                         query->name[i]);
            return false;
        }
    }
    return true;
}

void sim_guardduty_answer(struct sim_server *server,
                          const struct sim_request *request,
                          const struct sim_aws_caller *caller,
                          struct sim_answer *answer)
{
    struct sim_guardduty_call call = {.server = server,
                                      .world = server->world,
                                      .request = request,
                                      .caller = caller,
                                      .answer = answer};
    char id[SIM_TARGET_MAX] = "";
    const struct operation *operation = find_operation(&call, id, sizeof(id));

    if (operation == NULL) {
        sim_aws_error(answer, 403, "MissingAuthenticationTokenException",
                      "Missing Authentication Token");
        return;
    }
    sim_guardduty_count(caller, operation->name, answer);
    call.kind = operation->kind;
    call.set_operation = operation->set_operation;
    call.detector =
        sim_world_slot(server->world, caller->account, caller->region);
    if (check_query(&call, operation) &&
        (strcmp(request->method, "POST") != 0 || read_body(&call)) &&
        (!operation->detector || check_detector(&call, id))) {
        operation->answer(&call);
    }
    sim_document_fini(&call.document);
}
