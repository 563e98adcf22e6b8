/* SPDX-License-Identifier: Apache-2.0 */
/* What: GET /v1/credentials, as ECS tasks and EKS pods have it. */
#include <string.h>

#include "aws_services.h"
#include "aws_state.h"
#include "json.h"
#include "server.h"

static void refuse(struct sim_answer *answer, int status, const char *code,
                   const char *message)
{
    sim_protocol_error(answer, SIM_PROTOCOL_CONTAINER, status, code, message);
}

static void give_keys(struct sim_server *server, struct sim_answer *answer)
{
    const char *account = server->options.aws.account;
    const struct sim_key *key =
        sim_aws_hold(server, &server->aws->container, "ContainerCredentials",
                     SIM_CONTAINER_ROLE, "task");
    struct sim_text text = {0};
    struct sim_text arn = {0};
    struct sim_json json;
    char instant[32];

    sim_aws_instant(key->expires, instant, sizeof(instant));
    sim_text_printf(&arn, "arn:aws:iam::%s:role/" SIM_CONTAINER_ROLE, account);
    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_string(&json, "RoleArn", arn.data);
    sim_json_put_string(&json, "AccessKeyId", key->id);
    sim_json_put_string(&json, "SecretAccessKey", key->secret);
    sim_json_put_string(&json, "Token", key->token);
    sim_json_put_string(&json, "Expiration", instant);
    sim_json_put_string(&json, "AccountId", account);
    sim_json_end(&json);
    sim_text_byte(&text, '\0');
    sim_answer_text(answer, 200, "application/json", text.data);
    sim_json_fini(&json);
    sim_text_fini(&text);
    sim_text_fini(&arn);
}

void sim_container_answer(struct sim_server *server,
                          const struct sim_request *request,
                          const struct sim_aws_caller *caller,
                          struct sim_answer *answer)
{
    const char *token = server->options.aws.container_token;
    const char *said = sim_request_header(request, "authorization");

    (void)caller;
    if (strcmp(request->method, "GET") != 0) {
        refuse(answer, 405, "MethodNotAllowed", "only GET is known here");
    } else if (token[0] != '\0' && said == NULL) {
        refuse(answer, 401, "Unauthorized", "Authorization is missing");
    } else if (token[0] != '\0' && strcmp(token, said) != 0) {
        refuse(answer, 403, "AccessDenied", "the token is not valid");
    } else {
        give_keys(server, answer);
    }
}
