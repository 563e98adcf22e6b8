/* SPDX-License-Identifier: Apache-2.0 */
/* What: S3: which bucket and key a request is for, the bucket's own
   operations (ListObjectsV2, HeadBucket, GetBucketLocation), and the way to
   those of objects. */
#include "s3.h"

#include <stdio.h>
#include <string.h>

#include "aws_services.h"
#include "aws_state.h"
#include "host.h"
#include "s3_target.h"
#include "server.h"
#include "xml.h"

void sim_s3_refuse(struct sim_s3_target *target, int status, const char *code,
                   const char *message)
{
    sim_protocol_s3_error(target->answer, status, code, message, "");
}

void sim_s3_refuse_with(struct sim_s3_target *target, int status,
                        const char *code, const char *message,
                        const char *element, const char *text)
{
    struct sim_text elements = {0};

    sim_xml_put(&elements, element, text);
    sim_text_byte(&elements, '\0');
    sim_protocol_s3_error(target->answer, status, code, message, elements.data);
    sim_text_fini(&elements);
}

void sim_s3_header(struct sim_s3_target *target, const char *name,
                   const char *value)
{
    struct sim_answer *answer = target->answer;
    size_t len = strlen(answer->headers);

    snprintf(answer->headers + len, sizeof(answer->headers) - len, "%s: %s\r\n",
             name, value);
}

const char *sim_s3_asked(const struct sim_s3_target *target, const char *name)
{
    return sim_request_header(target->request, name);
}

/* Bucket and key from host and path. False: the key is too long. */
static bool read_target(struct sim_s3_target *target)
{
    struct sim_server *server = target->server;
    const char *path = server->query.path + 1;
    struct sim_host host;

    sim_host_read(&host, target->request->host);
    if (host.bucket[0] != '\0') {
        snprintf(target->name, sizeof(target->name), "%s", host.bucket);
    } else {
        size_t len = strcspn(path, "/");

        snprintf(target->name, sizeof(target->name), "%.*s", (int)len, path);
        path += len + (path[len] == '/');
    }
    if (strlen(path) > SIM_S3_KEY_MAX) {
        return false;
    }
    strcpy(target->key, path);
    target->bucket = sim_bucket_find(server->aws->buckets, &server->options.aws,
                                     target->name);
    return true;
}

/* 301 to the bucket's own region, as for whoever asks elsewhere. */
static void redirect(struct sim_s3_target *target)
{
    const char *region = target->bucket->region;
    struct sim_text elements = {0};
    char endpoint[400];

    snprintf(endpoint, sizeof(endpoint), "%s.s3.%s.amazonaws.com", target->name,
             region);
    sim_xml_put(&elements, "Endpoint", endpoint);
    sim_xml_put(&elements, "Bucket", target->name);
    sim_text_byte(&elements, '\0');
    sim_protocol_s3_error(target->answer, 301, "PermanentRedirect",
                          "The bucket you are attempting to access must be "
                          "addressed using the specified endpoint. Please send "
                          "all future requests to this endpoint.",
                          elements.data);
    sim_s3_header(target, "x-amz-bucket-region", region);
    sim_text_fini(&elements);
}

static void tell_location(struct sim_s3_target *target)
{
    const char *region = target->bucket->region;
    char body[300];

    snprintf(body, sizeof(body),
             "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
             "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/"
             "2006-03-01/\">%s</LocationConstraint>",
             strcmp(region, "us-east-1") == 0 ? "" : region);
    sim_answer_text(target->answer, 200, "application/xml", body);
}

static void give_bucket(struct sim_s3_target *target)
{
    const struct sim_query *query = &target->server->query;
    bool repeated = false;
    const char *type = sim_query_get(query, "list-type", &repeated);

    if (strcmp(target->request->method, "HEAD") == 0) {
        sim_answer_text(target->answer, 200, "application/xml", "");
        sim_s3_header(target, "x-amz-bucket-region", target->bucket->region);
    } else if (sim_query_get(query, "location", &repeated) != NULL) {
        tell_location(target);
    } else if (type != NULL && strcmp(type, "2") == 0) {
        sim_s3_list(target->server, target->bucket, target->answer);
    } else {
        sim_s3_refuse(target, 501, "NotImplemented",
                      "A header or query you provided implies functionality "
                      "that is not implemented");
    }
}

/* Every answer has an id; refusals have theirs already. */
static void add_request_id(struct sim_s3_target *target)
{
    char id[48];

    if (strstr(target->answer->headers, "x-amz-request-id") == NULL) {
        sim_aws_request_id(id, sizeof(id));
        sim_s3_header(target, "x-amz-request-id", id);
    }
}

static void answer_target(struct sim_s3_target *target)
{
    const char *method = target->request->method;
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

    if (!get) {
        sim_s3_refuse(target, 405, "MethodNotAllowed",
                      "The specified method is not allowed against this "
                      "resource.");
    } else if (target->bucket == NULL) {
        sim_s3_refuse(target, 404, "NoSuchBucket",
                      "The specified bucket does not exist");
    } else if (strcmp(target->bucket->region, target->caller->region) != 0) {
        redirect(target);
    } else if (target->key[0] == '\0') {
        give_bucket(target);
    } else {
        sim_s3_get(target);
    }
}

void sim_s3_answer(struct sim_server *server, const struct sim_request *request,
                   const struct sim_aws_caller *caller,
                   struct sim_answer *answer)
{
    struct sim_s3_target target = {.server = server,
                                   .request = request,
                                   .caller = caller,
                                   .answer = answer};

    if (read_target(&target)) {
        answer_target(&target);
    } else {
        sim_s3_refuse(&target, 400, "KeyTooLongError", "Your key is too long");
    }
    add_request_id(&target);
}
