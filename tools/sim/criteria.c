/* SPDX-License-Identifier: Apache-2.0 */
#include "criteria.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    {"accountId", SIM_FACT_ACCOUNT, false},
    {"region", SIM_FACT_REGION, false},
    {"confidence", SIM_FACT_TEXT, true},
    {"id", SIM_FACT_ID, false},
    {"severity", SIM_FACT_SEVERITY, true},
    {"type", SIM_FACT_TYPE, false},
    {"updatedAt", SIM_FACT_UPDATED, true},
    {"service.archived", SIM_FACT_ARCHIVED, false},
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
    {"service.action.networkConnectionAction.localPortDetails.port",
     SIM_FACT_TEXT, true},
    {"service.action.networkConnectionAction.protocol"},
    {"service.action.networkConnectionAction.remotePortDetails.port",
     SIM_FACT_TEXT, true},
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
        if (attribute->fact == SIM_FACT_ARCHIVED &&
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
    criteria->by_text |= condition->attribute->fact == SIM_FACT_TEXT;
    if (condition->attribute->fact == SIM_FACT_UPDATED) {
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
