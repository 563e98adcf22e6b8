/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: EC2 instance metadata, version 2: a token by PUT, and nothing without
 * it. A token holds its own end and a MAC, so that none need be remembered:
 *
 *     hex(end, 8 bytes) hex(count, 8 bytes) hex(MAC, 16 bytes)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws_services.h"
#include "aws_state.h"
#include "json.h"
#include "server.h"
#include "sigv4.h"

#define TOKEN_LEN 64
#define TTL_HEADER "x-aws-ec2-metadata-token-ttl-seconds"
#define LISTING "/latest/meta-data/iam/security-credentials"
#define INSTANCE "i-0123456789abcdef0"

static void refuse(struct sim_answer *answer, int status, const char *message)
{
    sim_protocol_error(answer, SIM_PROTOCOL_IMDS, status, "", message);
}

static void write_token(const struct sim_server *server, uint64_t end,
                        uint64_t count, char *out)
{
    unsigned char mac[32];

    snprintf(out, TOKEN_LEN + 1, "%016" PRIx64 "%016" PRIx64, end, count);
    sim_keys_draw(server->aws->keys, out, end, mac);
    sim_hex(mac, 16, out + 32);
}

static void give_token(struct sim_server *server,
                       const struct sim_request *request,
                       struct sim_answer *answer)
{
    const char *ttl = sim_request_header(request, TTL_HEADER);
    char token[TOKEN_LEN + 1];
    int64_t seconds = 0;

    if (strcmp(request->method, "PUT") != 0) {
        refuse(answer, 405, "Method Not Allowed");
    } else if (sim_request_header(request, "x-forwarded-for") != NULL) {
        refuse(answer, 403, "Forbidden");
    } else if (ttl == NULL || !sim_query_number(ttl, &seconds) || seconds < 1 ||
               seconds > 21600) {
        refuse(answer, 400, "Bad Request");
    } else {
        write_token(server, (uint64_t)(sim_aws_now(server) + seconds),
                    server->aws->metadata_tokens++, token);
        sim_answer_text(answer, 200, "text/plain", token);
        snprintf(answer->headers, sizeof(answer->headers),
                 "X-aws-ec2-metadata-token-ttl-seconds: %lld\r\n",
                 (long long)seconds);
    }
}

static bool is_token(const struct sim_server *server, const char *text)
{
    char wanted[TOKEN_LEN + 1];
    uint64_t end;
    uint64_t count;

    if (text == NULL || strlen(text) != TOKEN_LEN ||
        sscanf(text, "%16" SCNx64 "%16" SCNx64, &end, &count) != 2) {
        return false;
    }
    write_token(server, end, count, wanted);
    return strcmp(text, wanted) == 0 && (int64_t)end > sim_aws_now(server);
}

static void answer_json(struct sim_json *json, struct sim_text *text,
                        const char *type, struct sim_answer *answer)
{
    sim_json_end(json);
    sim_text_byte(text, '\0');
    sim_answer_text(answer, 200, type, text->data);
    sim_json_fini(json);
    sim_text_fini(text);
}

static void give_keys(struct sim_server *server, struct sim_answer *answer)
{
    const struct sim_aws_options *options = &server->options.aws;
    bool good = strcmp(options->imds_code, "Success") == 0;
    struct sim_text text = {0};
    struct sim_json json;
    char instant[32];

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_string(&json, "Code", options->imds_code);
    sim_aws_instant(sim_aws_now(server), instant, sizeof(instant));
    sim_json_put_string(&json, "LastUpdated", instant);
    if (good) {
        const struct sim_key *key =
            sim_aws_hold(server, &server->aws->instance, "InstanceMetadata",
                         options->imds_role, INSTANCE);

        sim_json_put_string(&json, "Type", "AWS-HMAC");
        sim_json_put_string(&json, "AccessKeyId", key->id);
        sim_json_put_string(&json, "SecretAccessKey", key->secret);
        sim_json_put_string(&json, "Token", key->token);
        sim_aws_instant(key->expires, instant, sizeof(instant));
        sim_json_put_string(&json, "Expiration", instant);
    } else {
        sim_json_put_string(&json, "Message", "the role can't be assumed");
    }
    answer_json(&json, &text, "text/plain", answer);
}

static void give_document(struct sim_server *server, struct sim_answer *answer)
{
    struct sim_text text = {0};
    struct sim_json json;

    sim_json_init(&json, &text);
    sim_json_object(&json);
    sim_json_put_string(&json, "accountId", server->options.aws.account);
    sim_json_put_string(&json, "availabilityZone", "us-east-1a");
    sim_json_put_string(&json, "instanceId", INSTANCE);
    sim_json_put_string(&json, "region", "us-east-1");
    answer_json(&json, &text, "text/plain", answer);
}

static void give_plain(const char *path, struct sim_answer *answer)
{
    static const char *const plain[][2] = {
        {"/latest/meta-data/instance-id", INSTANCE},
        {"/latest/meta-data/placement/region", "us-east-1"},
        {"/latest/meta-data/placement/availability-zone", "us-east-1a"}};

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (strcmp(plain[i][0], path) == 0) {
            sim_answer_text(answer, 200, "text/plain", plain[i][1]);
            return;
        }
    }
    refuse(answer, 404, "Not Found");
}

/* The listing names the one role; below it are its keys. */
static void answer_role(struct sim_server *server, const char *rest,
                        struct sim_answer *answer)
{
    const struct sim_aws_options *options = &server->options.aws;

    if (strcmp(options->imds_off, "role") == 0) {
        refuse(answer, 404, "Not Found");
    } else if (rest[0] == '\0' || strcmp(rest, "/") == 0) {
        sim_answer_text(answer, 200, "text/plain", options->imds_role);
    } else if (strcmp(rest + 1, options->imds_role) == 0) {
        give_keys(server, answer);
    } else {
        refuse(answer, 404, "Not Found");
    }
}

void sim_imds_answer(struct sim_server *server,
                     const struct sim_request *request,
                     const struct sim_aws_caller *caller,
                     struct sim_answer *answer)
{
    static const struct sim_fault nobody = {.kind = SIM_FAULT_RESET_HEAD};
    const char *path = server->query.path;

    (void)caller;
    if (strcmp(server->options.aws.imds_off, "reset") == 0) {
        refuse(answer, 503, "nobody is here");
        answer->fault = &nobody;
    } else if (strcmp(path, "/latest/api/token") == 0) {
        give_token(server, request, answer);
    } else if (strcmp(request->method, "GET") != 0) {
        refuse(answer, 405, "Method Not Allowed");
    } else if (!is_token(server, sim_request_header(
                                     request, "x-aws-ec2-metadata-token"))) {
        refuse(answer, 401, "Unauthorized");
    } else if (strncmp(path, LISTING, strlen(LISTING)) == 0) {
        answer_role(server, path + strlen(LISTING), answer);
    } else if (strcmp(path, "/latest/dynamic/instance-identity/document") ==
               0) {
        give_document(server, answer);
    } else {
        give_plain(path, answer);
    }
}
