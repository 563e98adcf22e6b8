/* SPDX-License-Identifier: Apache-2.0 */
/* What: what a body that makes or changes a set may say, and who may say it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guardduty_sets.h"
#include "permission.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char name_bytes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789-_";

/* An absent member is good: those that are required have been seen. */
static bool check_length(struct sim_guardduty_call *call, const char *name,
                         size_t low, size_t high)
{
    const struct sim_node *node = sim_guardduty_member(call, name);

    if (node == NULL || (node->len >= low && node->len <= high)) {
        return true;
    }
    sim_guardduty_reject_parameter(call, name);
    return false;
}

static bool check_bytes(struct sim_guardduty_call *call, const char *name,
                        const char *allowed)
{
    const struct sim_node *node = sim_guardduty_member(call, name);

    if (node == NULL || strspn(node->text, allowed) == node->len) {
        return true;
    }
    sim_guardduty_reject_parameter(call, name);
    return false;
}

/* Where the service looks at a location: of entity sets whenever one is given,
   of address sets too, unless the option says that it waits for their
   activation. */
static bool check_location(struct sim_guardduty_call *call)
{
    const struct sim_node *node = sim_guardduty_member(call, "location");
    const struct sim_node *activate = sim_guardduty_member(call, "activate");
    const char *when = call->server->options.gd_ip_location;
    struct sim_set_location location;

    if (node == NULL) {
        return true;
    }
    if (!sim_set_nouns[call->kind].entity && strcmp(when, "activation") == 0 &&
        (activate == NULL || activate->kind == SIM_NODE_FALSE)) {
        return true;
    }
    if (sim_set_location_read(node->text, &location) && location.documented) {
        return true;
    }
    sim_guardduty_reject_parameter(call, "location");
    return false;
}

static bool check_values(struct sim_guardduty_call *call)
{
    return check_length(call, "name", 1, SIM_SET_NAME_MAX) &&
           check_bytes(call, "name", name_bytes) &&
           check_length(call, "location", 1, SIM_SET_LOCATION_MAX) &&
           check_length(call, "expectedBucketOwner", 12, 12) &&
           check_bytes(call, "expectedBucketOwner", "0123456789") &&
           check_location(call);
}

static bool check_format(struct sim_guardduty_call *call)
{
    static const char formats[] =
        "TXT,STIX,OTX_CSV,ALIEN_VAULT,PROOF_POINT,FIRE_EYE";

    if (sim_options_has(formats, sim_guardduty_member(call, "format")->text)) {
        return true;
    }
    sim_guardduty_reject_parameter(call, "format");
    return false;
}

bool sim_set_check_create(struct sim_guardduty_call *call)
{
    static const struct sim_guardduty_member members[] = {
        {"name", SIM_NODE_STRING, true},
        {"format", SIM_NODE_STRING, true},
        {"location", SIM_NODE_STRING, true},
        {"activate", SIM_NODE_TRUE, true},
        {"clientToken", SIM_NODE_STRING, false},
        {"tags", SIM_NODE_OBJECT, false},
        {"expectedBucketOwner", SIM_NODE_STRING, false}};

    return sim_guardduty_check(call, &call->document.node[0], members,
                               COUNT(members)) &&
           check_values(call) && check_format(call) &&
           check_length(call, "clientToken", 0, 64) &&
           sim_guardduty_check_tags(call);
}

bool sim_set_check_update(struct sim_guardduty_call *call)
{
    static const struct sim_guardduty_member members[] = {
        {"name", SIM_NODE_STRING, false},
        {"location", SIM_NODE_STRING, false},
        {"activate", SIM_NODE_TRUE, false},
        {"expectedBucketOwner", SIM_NODE_STRING, false}};

    return sim_guardduty_check(call, &call->document.node[0], members,
                               COUNT(members)) &&
           check_values(call);
}

bool sim_set_check_caller(struct sim_guardduty_call *call)
{
    if (!sim_options_has(call->server->options.gd_member,
                         call->caller->account)) {
        return true;
    }
    sim_guardduty_reject(call,
                         "The request is rejected because member accounts "
                         "cannot manage specified resources or "
                         "properties.");
    return false;
}

static bool may(struct sim_guardduty_call *call, const char *action,
                const char *service, const char *resource)
{
    const struct sim_aws_caller *caller = call->caller;
    const struct sim_options *options = &call->server->options;
    bool entity = sim_set_nouns[call->kind].entity;
    char message[1000];

    if (sim_permission_to_act(&options->aws, caller->account, caller->region,
                              service, action) == SIM_ALLOWED) {
        return true;
    }
    snprintf(message, sizeof(message),
             "The request is rejected because the caller does not have "
             "permission to perform: %s:%s on resource: %s",
             service, action, resource);
    if (entity || strcmp(options->gd_iam_denied, "400") == 0) {
        sim_guardduty_reject(call, message);
    } else {
        sim_aws_error(call->answer, 403, "AccessDeniedException", message);
    }
    return false;
}

/* Lists of addresses are an entry in the inline policy of GuardDuty's role,
   which the caller must be allowed to write; lists of entities need to be
   readable for the caller. The model has no AccessDeniedException for the
   latter, so that their denial is a 400. */
bool sim_set_check_permissions(struct sim_guardduty_call *call,
                               enum sim_set_operation operation)
{
    const struct sim_node *location = sim_guardduty_member(call, "location");
    char role[200];

    if (sim_set_nouns[call->kind].entity) {
        return operation == SIM_SET_DELETE ||
               (location == NULL &&
                sim_guardduty_member(call, "activate") == NULL) ||
               may(call, "GetObject", "s3",
                   location != NULL ? location->text : "*");
    }
    if (operation == SIM_SET_UPDATE && location == NULL &&
        sim_guardduty_member(call, "activate") == NULL) {
        return true;
    }
    snprintf(role, sizeof(role),
             "arn:aws:iam::%s:role/aws-service-role/guardduty.amazonaws.com/"
             "AWSServiceRoleForAmazonGuardDuty",
             call->caller->account);
    return may(call, "PutRolePolicy", "iam", role) &&
           (operation != SIM_SET_DELETE ||
            may(call, "DeleteRolePolicy", "iam", role));
}
