/* SPDX-License-Identifier: Apache-2.0 */
/* What: whose request it is, and the way to its service. */
#include "aws.h"

#include <stdio.h>
#include <string.h>

#include "server.h"

int64_t sim_aws_now(const struct sim_server *server)
{
    (void)server;
    return (int64_t)sim_server_wall();
}

/* Field `index` of the credential scope AKID/date/region/service/... */
static void copy_scope(const char *credential, int index, char *out, size_t cap)
{
    for (; index > 0; index--) {
        credential += strcspn(credential, "/");
        credential += *credential == '/';
    }
    snprintf(out, cap, "%.*s", (int)strcspn(credential, "/,"), credential);
}

bool sim_aws_route(struct sim_server *server, const struct sim_request *request,
                   const char *malformed, struct sim_answer *answer)
{
    const char *authorization = sim_request_header(request, "authorization");
    const char *credential =
        authorization != NULL ? strstr(authorization, "Credential=") : NULL;
    struct sim_aws_caller caller = {.account = "111122223333"};

    if (credential == NULL || malformed != NULL) {
        return false;
    }
    answer->aws = true;
    credential += strlen("Credential=");
    copy_scope(credential, 0, caller.access_key, sizeof(caller.access_key));
    copy_scope(credential, 2, caller.region, sizeof(caller.region));
    copy_scope(credential, 3, caller.service, sizeof(caller.service));
    if (strcmp(caller.service, "guardduty") != 0) {
        return false;
    }
    sim_guardduty_answer(server, request, &caller, answer);
    return true;
}
