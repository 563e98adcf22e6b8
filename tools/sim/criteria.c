/* SPDX-License-Identifier: Apache-2.0 */
#include "criteria.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "finding.h"

/* Facts are compared as they are; the rest is looked up in the text. */
enum fact {
    FACT_TEXT,
    FACT_ACCOUNT,
    FACT_REGION,
    FACT_ID,
    FACT_TYPE,
    FACT_SEVERITY,
    FACT_UPDATED,
    FACT_ARCHIVED,
};

struct sim_attribute {
    const char *name;
    enum fact fact;
    bool number;
};

#define IP_DETAILS(action)                                                     \
    {"service.action." action ".remoteIpDetails.city.cityName"},               \
        {"service.action." action ".remoteIpDetails.country.countryName"},     \
        {"service.action." action ".remoteIpDetails.ipAddressV4"},             \
        {"service.action." action ".remoteIpDetails.organization.asn"},        \
    {                                                                          \
        "service.action." action ".remoteIpDetails.organization.asnOrg"        \
    }
#define INTERFACES "resource.instanceDetails.networkInterfaces."

static const struct sim_attribute attributes[] = {
    {"accountId", FACT_ACCOUNT, false},
    {"region", FACT_REGION, false},
    {"confidence", FACT_TEXT, true},
    {"id", FACT_ID, false},
    {"severity", FACT_SEVERITY, true},
    {"type", FACT_TYPE, false},
    {"updatedAt", FACT_UPDATED, true},
    {"service.archived", FACT_ARCHIVED, false},
    {"service.resourceRole"},
    {"service.additionalInfo.threatListName"},
    {"service.ebsVolumeScanDetails.scanId"},
    {"resource.resourceType"},
    {"resource.accessKeyDetails.accessKeyId"},
    {"resource.accessKeyDetails.principalId"},
    {"resource.accessKeyDetails.userName"},
    {"resource.accessKeyDetails.userType"},
    {"resource.instanceDetails.iamInstanceProfile.id"},
    {"resource.instanceDetails.imageId"},
    {"resource.instanceDetails.instanceId"},
    {"resource.instanceDetails.tags.key"},
    {"resource.instanceDetails.tags.value"},
    {INTERFACES "ipv6Addresses"},
    {INTERFACES "privateIpAddresses.privateIpAddress"},
    {INTERFACES "publicDnsName"},
    {INTERFACES "publicIp"},
    {INTERFACES "securityGroups.groupId"},
    {INTERFACES "securityGroups.groupName"},
    {INTERFACES "subnetId"},
    {INTERFACES "vpcId"},
    {"service.action.actionType"},
    {"service.action.awsApiCallAction.api"},
    {"service.action.awsApiCallAction.callerType"},
    {"service.action.awsApiCallAction.serviceName"},
    IP_DETAILS("awsApiCallAction"),
    {"service.action.dnsRequestAction.domain"},
    {"service.action.dnsRequestAction.domainWithSuffix"},
    {"service.action.networkConnectionAction.blocked"},
    {"service.action.networkConnectionAction.connectionDirection"},
    {"service.action.networkConnectionAction.localPortDetails.port", FACT_TEXT,
     true},
    {"service.action.networkConnectionAction.protocol"},
    {"service.action.networkConnectionAction.remotePortDetails.port", FACT_TEXT,
     true},
    IP_DETAILS("networkConnectionAction"),
};

static char sentence[400];

static const char *say(const char *what, const char *name)
{
    snprintf(sentence, sizeof(sentence), "%s: %.200s", what, name);
    return sentence;
}

static const struct sim_attribute *find_attribute(const char *name)
{
    for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
        if (strcmp(attributes[i].name, name) == 0) {
            return &attributes[i];
        }
    }
    return NULL;
}

static bool is_number(const char *text)
{
    char *end;

    (void)strtod(text, &end);
    return end != text && *end == '\0';
}

/* equals, notEquals and their old names: 1 to 50 strings, that are numbers or
   booleans where the attribute is one. */
static const char *read_values(const struct sim_criteria *criteria,
                               const struct sim_attribute *attribute,
                               const struct sim_node *values)
{
    if (values->kind != SIM_NODE_ARRAY || values->count == 0 ||
        values->count > 50) {
        return say("a condition needs an array of 1 to 50 strings",
                   attribute->name);
    }
    for (const struct sim_node *value =
             sim_document_child(criteria->document, values);
         value != NULL; value = sim_document_next(criteria->document, value)) {
        if (value->kind != SIM_NODE_STRING) {
            return say("a condition's values must be strings", attribute->name);
        }
        if (attribute->number && !is_number(value->text)) {
            return say("a condition's value must be a number", attribute->name);
        }
        if (attribute->fact == FACT_ARCHIVED &&
            strcmp(value->text, "true") != 0 &&
            strcmp(value->text, "false") != 0) {
            return say("a condition's value must be true or false",
                       attribute->name);
        }
    }
    return NULL;
}

/* Ten times as much, or as much as there is. */
static int64_t to_tenths(int64_t value)
{
    return value > INT64_MAX / 10   ? INT64_MAX
           : value < INT64_MIN / 10 ? INT64_MIN
                                    : value * 10;
}

static const char *read_range(struct sim_condition *condition,
                              const char *operator,
                              const struct sim_node * node)
{
    bool old = strlen(operator) <= 3;
    bool greater = operator[0] == 'g';
    bool equal =
        old ? operator[2] != '\0' : strstr(operator, "OrEqual") != NULL;
    int64_t value;

    if (!condition->attribute->number) {
        return say("a range is only possible for a number",
                   condition->attribute->name);
    }
    if (!sim_document_integer(node, &value)) {
        return say("a range's bound must be an integer",
                   condition->attribute->name);
    }
    if (old && (value > INT32_MAX || value < INT32_MIN)) {
        return say("gt, gte, lt and lte hold 32 bits; use greaterThan and its "
                   "like",
                   condition->attribute->name);
    }
    value = to_tenths(value);
    if (greater) {
        value = equal || value == INT64_MAX ? value : value + 1;
        condition->low = value > condition->low ? value : condition->low;
    } else {
        value = equal || value == INT64_MIN ? value : value - 1;
        condition->high = value < condition->high ? value : condition->high;
    }
    return NULL;
}

static const char *read_operator(struct sim_criteria *criteria,
                                 struct sim_condition *condition,
                                 const struct sim_node *node)
{
    static const char *const ranges[] = {"gt",          "gte",
                                         "lt",          "lte",
                                         "lessThan",    "lessThanOrEqual",
                                         "greaterThan", "greaterThanOrEqual"};
    const char *name = node->name;
    bool equals = strcmp(name, "equals") == 0 || strcmp(name, "eq") == 0;

    if (equals || strcmp(name, "notEquals") == 0 || strcmp(name, "neq") == 0) {
        const struct sim_node **slot =
            equals ? &condition->equals : &condition->not_equals;

        if (*slot != NULL) {
            return say("a condition is given twice",
                       condition->attribute->name);
        }
        *slot = node;
        return read_values(criteria, condition->attribute, node);
    }
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        if (strcmp(ranges[i], name) == 0) {
            return read_range(condition, name, node);
        }
    }
    return say("an unknown condition", name);
}

/* The whole milliseconds that a condition on updatedAt leaves. */
static void narrow_updated(struct sim_criteria *criteria,
                           const struct sim_condition *condition)
{
    int64_t low = condition->low;
    int64_t high = condition->high;

    if (low != INT64_MIN) { /* up to the next whole one */
        low = low / 10 + (low % 10 > 0);
    }
    if (high != INT64_MAX) { /* down */
        high = high / 10 - (high % 10 < 0);
    }
    criteria->updated_low = low;
    criteria->updated_high = high;
}

static const char *read_criterion(struct sim_criteria *criteria,
                                  const struct sim_node *node)
{
    struct sim_condition *condition = &criteria->condition[criteria->count];

    *condition = (struct sim_condition){.attribute = find_attribute(node->name),
                                        .low = INT64_MIN,
                                        .high = INT64_MAX};
    if (condition->attribute == NULL) {
        return say("an unknown attribute", node->name);
    }
    if (node->kind != SIM_NODE_OBJECT || node->count == 0) {
        return say("a criterion needs an object with conditions", node->name);
    }
    for (const struct sim_node *child =
             sim_document_child(criteria->document, node);
         child != NULL; child = sim_document_next(criteria->document, child)) {
        const char *wrong = read_operator(criteria, condition, child);

        if (wrong != NULL) {
            return wrong;
        }
    }
    criteria->by_text |= condition->attribute->fact == FACT_TEXT;
    if (condition->attribute->fact == FACT_UPDATED) {
        narrow_updated(criteria, condition);
    }
    criteria->count++;
    return NULL;
}

static const char *read_criteria(struct sim_criteria *criteria,
                                 const struct sim_node *node)
{
    const struct sim_node *map =
        sim_document_member(criteria->document, node, "criterion");

    if (node->kind != SIM_NODE_OBJECT || node->count != (map != NULL) ||
        (map != NULL && map->kind != SIM_NODE_OBJECT)) {
        return "findingCriteria needs an object with one object, criterion";
    }
    if (map == NULL) {
        return NULL;
    }
    if (map->count > SIM_CONDITIONS_MAX) {
        return "findingCriteria has more than 50 criteria";
    }
    for (const struct sim_node *child =
             sim_document_child(criteria->document, map);
         child != NULL; child = sim_document_next(criteria->document, child)) {
        const char *wrong = read_criterion(criteria, child);

        if (wrong != NULL) {
            return wrong;
        }
    }
    return NULL;
}

static const char *read_sort(struct sim_criteria *criteria,
                             const struct sim_node *node)
{
    static const struct {
        const char *name;
        enum sim_sort sort;
    } sorts[] = {
        {"updatedAt", SIM_SORT_UPDATED}, {"createdAt", SIM_SORT_CREATED},
        {"severity", SIM_SORT_SEVERITY}, {"type", SIM_SORT_TYPE},
        {"accountId", SIM_SORT_ACCOUNT}, {"region", SIM_SORT_REGION},
        {"id", SIM_SORT_NONE},           {"service.count", SIM_SORT_COUNT}};
    const struct sim_document *document = criteria->document;
    const struct sim_node *name =
        sim_document_member(document, node, "attributeName");
    const struct sim_node *order =
        sim_document_member(document, node, "orderBy");

    if (node->kind != SIM_NODE_OBJECT || name == NULL ||
        name->kind != SIM_NODE_STRING || node->count != 1u + (order != NULL)) {
        return "sortCriteria needs attributeName and may have orderBy";
    }
    if (order != NULL && (order->kind != SIM_NODE_STRING ||
                          (strcmp(order->text, "ASC") != 0 &&
                           strcmp(order->text, "DESC") != 0))) {
        return "orderBy must be ASC or DESC";
    }
    criteria->descending = order != NULL && order->text[0] == 'D';
    for (size_t i = 0; i < sizeof(sorts) / sizeof(sorts[0]); i++) {
        if (strcmp(sorts[i].name, name->text) == 0) {
            criteria->sort = sorts[i].sort;
            return NULL;
        }
    }
    return say("findings can't be sorted by this attribute", name->text);
}

const char *sim_criteria_read(struct sim_criteria *criteria,
                              const struct sim_document *document,
                              const struct sim_node *finding_criteria,
                              const struct sim_node *sort_criteria)
{
    const char *wrong = NULL;

    memset(criteria, 0, sizeof(*criteria));
    criteria->document = document;
    criteria->updated_low = INT64_MIN;
    criteria->updated_high = INT64_MAX;
    if (finding_criteria != NULL) {
        wrong = read_criteria(criteria, finding_criteria);
    }
    if (wrong == NULL && sort_criteria != NULL) {
        wrong = read_sort(criteria, sort_criteria);
    }
    return wrong;
}

/* One value of the finding against a condition. */
struct judgement {
    const struct sim_criteria *criteria;
    const struct sim_condition *condition;
    bool met;    /* a value is in range and among equals */
    bool denied; /* a value is among notEquals */
};

static bool is_among(const struct judgement *judgement,
                     const struct sim_node *values, const char *text)
{
    const struct sim_document *document = judgement->criteria->document;

    for (const struct sim_node *value = sim_document_child(document, values);
         value != NULL; value = sim_document_next(document, value)) {
        bool same = judgement->condition->attribute->number
                        ? strtod(value->text, NULL) == strtod(text, NULL)
                        : strcmp(value->text, text) == 0;

        if (same) {
            return true;
        }
    }
    return false;
}

static void judge(struct judgement *judgement, const char *text)
{
    const struct sim_condition *condition = judgement->condition;
    bool in_range = true;

    if (condition->low != INT64_MIN || condition->high != INT64_MAX) {
        double tenths = strtod(text, NULL) * 10;

        in_range = tenths >= (double)condition->low &&
                   tenths <= (double)condition->high;
    }
    judgement->met |=
        in_range && (condition->equals == NULL ||
                     is_among(judgement, condition->equals, text));
    judgement->denied |= condition->not_equals != NULL &&
                         is_among(judgement, condition->not_equals, text);
}

/* Every value at a path; arrays count element by element. */
static void judge_path(struct judgement *judgement,
                       const struct sim_document *text,
                       const struct sim_node *node, const char *path)
{
    char name[64];
    size_t len = strcspn(path, ".");
    const struct sim_node *member;

    if (node->kind == SIM_NODE_ARRAY) {
        for (node = sim_document_child(text, node); node != NULL;
             node = sim_document_next(text, node)) {
            judge_path(judgement, text, node, path);
        }
        return;
    }
    if (*path == '\0') {
        if (node->kind == SIM_NODE_TRUE || node->kind == SIM_NODE_FALSE) {
            judge(judgement, node->kind == SIM_NODE_TRUE ? "true" : "false");
        } else if (node->text != NULL) {
            judge(judgement, node->text);
        }
        return;
    }
    snprintf(name, sizeof(name), "%.*s", (int)len, path);
    member = sim_document_member(text, node, name);
    if (member != NULL) {
        judge_path(judgement, text, member, path + len + (path[len] == '.'));
    }
}

static void judge_fact(struct judgement *judgement,
                       const struct sim_world *world,
                       struct sim_finding_ref ref)
{
    const struct sim_finding *finding = sim_world_finding(world, ref);
    const struct sim_detector *home = &world->detector[ref.home];
    char text[SIM_ID_LEN + 1];
    int tenths = sim_finding_severity(finding);

    switch (judgement->condition->attribute->fact) {
    case FACT_TEXT:
        return;
    case FACT_ACCOUNT:
        judge(judgement, home->account);
        return;
    case FACT_REGION:
        judge(judgement, home->region);
        return;
    case FACT_ID:
        sim_world_id(world, ref, text);
        break;
    case FACT_TYPE:
        judge(judgement, sim_finding_kinds[finding->kind].type);
        return;
    case FACT_SEVERITY:
        snprintf(text, sizeof(text), "%d.%d", tenths / 10, tenths % 10);
        break;
    case FACT_UPDATED:
        snprintf(text, sizeof(text), "%lld", (long long)finding->updated_ms);
        break;
    case FACT_ARCHIVED:
        snprintf(text, sizeof(text), "%s",
                 finding->archived ? "true" : "false");
        break;
    }
    judge(judgement, text);
}

static bool match_all(const struct sim_criteria *criteria,
                      const struct sim_world *world, struct sim_finding_ref ref,
                      const struct sim_document *text)
{
    for (unsigned i = 0; i < criteria->count; i++) {
        const struct sim_condition *condition = &criteria->condition[i];
        struct judgement judgement = {criteria, condition, false, false};
        bool only_not = condition->equals == NULL &&
                        condition->low == INT64_MIN &&
                        condition->high == INT64_MAX;

        if (condition->attribute->fact == FACT_TEXT) {
            judge_path(&judgement, text, &text->node[0],
                       condition->attribute->name);
        } else {
            judge_fact(&judgement, world, ref);
        }
        if (judgement.denied || (!judgement.met && !only_not)) {
            return false;
        }
    }
    return true;
}

bool sim_criteria_match(const struct sim_criteria *criteria,
                        const struct sim_world *world,
                        struct sim_finding_ref ref)
{
    struct sim_document document = {0};
    struct sim_text text = {0};
    bool matched;

    if (!criteria->by_text) {
        return match_all(criteria, world, ref, NULL);
    }
    sim_finding_render(world, ref, &text);
    matched = sim_document_read(&document, text.data, text.len) &&
              match_all(criteria, world, ref, &document);
    sim_document_fini(&document);
    sim_text_fini(&text);
    return matched;
}
