/* SPDX-License-Identifier: Apache-2.0 */
/* What: ListDetectors, GetDetector, CreateDetector. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "calendar.h"
#include "entity.h"
#include "finding.h"
#include "guardduty.h"
#include "json.h"
#include "mix.h"
#include "page_token.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The first three are always on and can't be chosen. */
static const char *const features[] = {
    "CLOUD_TRAIL",         "DNS_LOGS",
    "FLOW_LOGS",           "S3_DATA_EVENTS",
    "EKS_AUDIT_LOGS",      "EBS_MALWARE_PROTECTION",
    "RDS_LOGIN_EVENTS",    "EKS_RUNTIME_MONITORING",
    "LAMBDA_NETWORK_LOGS", "RUNTIME_MONITORING"};

#define FIXED_FEATURES 3

/* There is at most one, so a second page comes only after an empty one. */
void sim_guardduty_list_detectors(struct sim_guardduty_call *call)
{
    struct sim_guardduty_page page;
    struct sim_text text = {0};
    bool pauses;

    if (!sim_guardduty_page_read(call, 0, &page)) {
        return;
    }
    pauses = sim_guardduty_page_pauses(call, &page);
    sim_text_str(&text, "{\"detectorIds\":[");
    if (!pauses && call->detector != NULL && call->detector->exists) {
        sim_text_printf(&text, "\"%s\"", call->detector->id);
    }
    sim_text_str(&text, "]");
    sim_guardduty_page_put_end(call, &page, pauses, &text);
    sim_text_str(&text, "}");
    sim_guardduty_send(call, &text);
}

static void put_time(struct sim_json *json, const char *name, int64_t ms)
{
    struct sim_date date = sim_date_of(ms / 1000);
    char text[64];

    snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             date.year, date.month, date.day, date.hour, date.minute,
             date.second, (int)(ms % 1000));
    sim_json_put_string(json, name, text);
}

static void put_feature(struct sim_json *json,
                        const struct sim_detector *detector, size_t feature)
{
    bool on = feature < FIXED_FEATURES || (detector->features >> feature & 1);
    char updated[32];

    snprintf(updated, sizeof(updated), "%lld.0",
             (long long)detector->created_ms / 1000);
    sim_json_object(json);
    sim_json_put_string(json, "name", features[feature]);
    sim_json_put_string(json, "status", on ? "ENABLED" : "DISABLED");
    sim_json_put_raw(json, "updatedAt", updated);
    if (strstr(features[feature], "RUNTIME") != NULL) {
        sim_json_key(json, "additionalConfiguration");
        sim_json_array(json);
        sim_json_object(json);
        sim_json_put_string(json, "name", "EKS_ADDON_MANAGEMENT");
        sim_json_put_string(json, "status", on ? "ENABLED" : "DISABLED");
        sim_json_put_raw(json, "updatedAt", updated);
        sim_json_end(json);
        sim_json_end(json);
    }
    sim_json_end(json);
}

void sim_guardduty_get_detector(struct sim_guardduty_call *call)
{
    const struct sim_detector *detector = call->detector;
    struct sim_text text = {0};
    struct sim_json json;
    char role[200];

    snprintf(role, sizeof(role),
             "arn:%s:iam::%s:role/aws-service-role/guardduty.amazonaws.com/"
             "AWSServiceRoleForAmazonGuardDuty",
             sim_partition_of(detector->region), detector->account);
    sim_json_init(&json, &text);
    sim_json_object(&json);
    put_time(&json, "createdAt", detector->created_ms);
    put_time(&json, "updatedAt", detector->created_ms);
    sim_json_put_string(&json, "findingPublishingFrequency",
                        detector->frequency);
    sim_json_put_string(&json, "serviceRole", role);
    sim_json_put_string(&json, "status",
                        detector->enabled ? "ENABLED" : "DISABLED");
    sim_json_put_raw(&json, "tags", "{}");
    sim_json_key(&json, "features");
    sim_json_array(&json);
    for (size_t i = 0; i < COUNT(features); i++) {
        put_feature(&json, detector, i);
    }
    sim_json_end(&json);
    sim_json_put_raw(
        &json, "dataSources",
        "{\"cloudTrail\":{\"status\":\"ENABLED\"},\"dnsLogs\":{\"status\":"
        "\"ENABLED\"},\"flowLogs\":{\"status\":\"ENABLED\"},\"s3Logs\":{"
        "\"status\":\"ENABLED\"}}");
    sim_json_end(&json);
    sim_json_fini(&json);
    sim_guardduty_send(call, &text);
}

static bool is_word_of(const struct sim_node *node, const char *list)
{
    return node->kind == SIM_NODE_STRING && strchr(node->text, ',') == NULL &&
           sim_options_has(list, node->text);
}

static bool check_feature(struct sim_guardduty_call *call,
                          const struct sim_node *node, uint64_t *chosen)
{
    static const struct sim_guardduty_member members[] = {
        {"name", SIM_NODE_STRING, true},
        {"status", SIM_NODE_STRING, true},
        {"additionalConfiguration", SIM_NODE_ARRAY, false}};
    const struct sim_node *name;
    const struct sim_node *status;

    if (!sim_guardduty_check(call, node, members, COUNT(members))) {
        return false;
    }
    name = sim_document_member(&call->document, node, "name");
    status = sim_document_member(&call->document, node, "status");
    for (size_t i = FIXED_FEATURES; i < COUNT(features); i++) {
        if (strcmp(features[i], name->text) == 0 &&
            is_word_of(status, "ENABLED,DISABLED")) {
            *chosen |= (uint64_t)(status->text[0] == 'E') << i;
            return true;
        }
    }
    sim_guardduty_reject_parameter(call, "features");
    return false;
}

/* By the model: (?!aws:)[a-zA-Z+-=._:/]+ with a range from + to =. */
static bool is_tag_name(const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i < len; i++) {
        if (!isalpha((unsigned char)name[i]) && name[i] != '_' &&
            (name[i] < '+' || name[i] > '=')) {
            return false;
        }
    }
    return len >= 1 && len <= 128 && strncmp(name, "aws:", 4) != 0;
}

bool sim_guardduty_check_tags(struct sim_guardduty_call *call)
{
    const struct sim_node *tags = sim_guardduty_member(call, "tags");
    bool good = tags == NULL || (tags->count >= 1 && tags->count <= 200);

    for (const struct sim_node *tag =
             tags != NULL ? sim_document_child(&call->document, tags) : NULL;
         tag != NULL; tag = sim_document_next(&call->document, tag)) {
        good = good && tag->kind == SIM_NODE_STRING && tag->len <= 256 &&
               is_tag_name(tag->name);
    }
    if (!good) {
        sim_guardduty_reject_parameter(call, "tags");
    }
    return good;
}

/* The body's members by value; the features that it chooses. */
static bool read_detector(struct sim_guardduty_call *call, uint64_t *chosen)
{
    static const struct sim_guardduty_member members[] = {
        {"enable", SIM_NODE_TRUE, true},
        {"clientToken", SIM_NODE_STRING, false},
        {"findingPublishingFrequency", SIM_NODE_STRING, false},
        {"dataSources", SIM_NODE_OBJECT, false},
        {"tags", SIM_NODE_OBJECT, false},
        {"features", SIM_NODE_ARRAY, false}};
    const struct sim_node *node;

    if (!sim_guardduty_check(call, &call->document.node[0], members,
                             COUNT(members)) ||
        !sim_guardduty_check_tags(call)) {
        return false;
    }
    node = sim_guardduty_member(call, "findingPublishingFrequency");
    if (node != NULL &&
        !is_word_of(node, "FIFTEEN_MINUTES,ONE_HOUR,SIX_HOURS")) {
        sim_guardduty_reject_parameter(call, "findingPublishingFrequency");
        return false;
    }
    node = sim_guardduty_member(call, "clientToken");
    if (node != NULL && node->len > 64) {
        sim_guardduty_reject_parameter(call, "clientToken");
        return false;
    }
    node = sim_guardduty_member(call, "features");
    for (node = node != NULL ? sim_document_child(&call->document, node) : NULL;
         node != NULL; node = sim_document_next(&call->document, node)) {
        if (!check_feature(call, node, chosen)) {
            return false;
        }
    }
    return true;
}

static void fill_detector(struct sim_guardduty_call *call, uint64_t chosen,
                          uint64_t token)
{
    struct sim_detector *detector = call->detector;
    const struct sim_node *frequency =
        sim_guardduty_member(call, "findingPublishingFrequency");

    detector->exists = true;
    detector->enabled =
        sim_guardduty_member(call, "enable")->kind == SIM_NODE_TRUE;
    detector->created_ms = sim_guardduty_now_ms(call->server);
    detector->features = chosen;
    detector->token = token;
    snprintf(detector->frequency, sizeof(detector->frequency), "%s",
             frequency != NULL ? frequency->text : "SIX_HOURS");
}

void sim_guardduty_create_detector(struct sim_guardduty_call *call)
{
    uint64_t chosen = 0;
    uint64_t token = 0;
    struct sim_text text = {0};

    if (!read_detector(call, &chosen)) {
        return;
    }
    if (call->detector == NULL) {
        sim_guardduty_reject(call, "The request is rejected because this "
                                   "account or region isn't in this world.");
        return;
    }
    if (sim_guardduty_member(call, "clientToken") != NULL) {
        token =
            sim_document_hash(&call->document, &call->document.node[0], NULL) |
            1;
    }
    if (call->detector->exists &&
        (token == 0 || token != call->detector->token)) {
        sim_guardduty_reject(call, "The request is rejected because a detector "
                                   "already exists for the current account.");
        return;
    }
    if (!call->detector->exists) {
        fill_detector(call, chosen, token);
    }
    sim_text_printf(&text, "{\"detectorId\":\"%s\"}", call->detector->id);
    sim_guardduty_send(call, &text);
}
