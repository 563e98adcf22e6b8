/* SPDX-License-Identifier: Apache-2.0 */
#include "permission.h"

#include <string.h>
#include <strings.h>

#include "operation.h"

/* What a request is, in the words that a rule may use. */
struct asked {
    const char *account;
    const char *region;
    const char *service;
    const char *operation; /* NULL: only the action is known */
    const char *action;
};

/* The rule's word without its service; NULL if that is another one. */
static const char *strip_service(const char *word, const char *service)
{
    size_t len = strcspn(word, ":");

    if (word[len] == '\0') {
        return word;
    }
    return len == strlen(service) && strncasecmp(word, service, len) == 0
               ? word + len + 1
               : NULL;
}

static bool names(const struct sim_aws_place *rule, const struct asked *asked)
{
    const char *word = strip_service(rule->operation, asked->service);

    if (word == NULL) {
        return false;
    }
    if (strcmp(word, "*") == 0 || strcasecmp(word, asked->action) == 0) {
        return true;
    }
    if (asked->operation != NULL) {
        return strcmp(word, asked->operation) == 0;
    }
    return strcasecmp(sim_operation_action(asked->service, word),
                      asked->action) == 0;
}

static bool holds(const struct sim_aws_place *rule, const struct asked *asked)
{
    struct sim_aws_place place = *rule;

    strcpy(place.operation, "*");
    return sim_aws_place_matches(&place, asked->account, asked->region, "") &&
           names(rule, asked);
}

/* An explicit denial wins over an implicit one. */
static enum sim_permission judge(const struct sim_aws_options *options,
                                 const struct asked *asked)
{
    enum sim_permission permission = SIM_ALLOWED;

    for (unsigned i = 0; i < options->denials; i++) {
        if (!holds(&options->denied[i], asked)) {
            continue;
        }
        if (options->denied[i].explicitly) {
            return SIM_DENIED_EXPLICITLY;
        }
        permission = SIM_DENIED_IMPLICITLY;
    }
    return permission;
}

enum sim_permission
sim_permission_to_call(const struct sim_aws_options *options,
                       const char *account, const char *region,
                       const char *service, const char *operation)
{
    struct asked asked = {account, region, service, operation,
                          sim_operation_action(service, operation)};

    return judge(options, &asked);
}

enum sim_permission sim_permission_to_act(const struct sim_aws_options *options,
                                          const char *account,
                                          const char *region,
                                          const char *service,
                                          const char *action)
{
    struct asked asked = {account, region, service, NULL, action};

    return judge(options, &asked);
}
