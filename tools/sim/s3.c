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
#include "operation.h"
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

/* To the bucket's own region, as for whoever asks elsewhere: 301, or, as
   --s3-wrong-region says, 400. Who asks with HEAD has nothing but a header. */
static void redirect(struct sim_s3_target *target)
{
    bool moved =
        strcmp(target->server->options.aws.s3_wrong_region, "301") == 0;
    bool head = strcmp(target->request->method, "HEAD") == 0;
    const char *region = target->bucket->region;
    struct sim_text elements = {0};
    char text[400];

    if (moved) {
        snprintf(text, sizeof(text), "%s.s3.%s.amazonaws.com", target->name,
                 region);
        sim_xml_put(&elements, "Endpoint", text);
        sim_xml_put(&elements, "Bucket", target->name);
    }
    sim_xml_put(&elements, "Region", region);
    sim_text_byte(&elements, '\0');
    snprintf(text, sizeof(text),
             "The authorization header is malformed; the region '%s' is wrong; "
             "expecting '%s'",
             target->caller->region, region);
    sim_protocol_s3_error(
        target->answer, moved ? 301 : 400,
        moved ? "PermanentRedirect" : "AuthorizationHeaderMalformed",
        moved ? "The bucket you are attempting to access must be addressed "
                "using the specified endpoint. Please send all future requests "
                "to this endpoint."
              : text,
        elements.data);
    if (moved || head) {
        sim_s3_header(target, "x-amz-bucket-region", region);
    }
    sim_text_fini(&elements);
}

/* x-amz-expected-bucket-owner, if it was sent, is the owner. */
static bool is_owned_as_expected(struct sim_s3_target *target)
{
    const char *owner = sim_s3_asked(target, "x-amz-expected-bucket-owner");

    if (owner == NULL || strcmp(owner, target->bucket->owner) == 0) {
        return true;
    }
    if (strlen(owner) != SIM_AWS_ACCOUNT_LEN ||
        strspn(owner, "0123456789") != SIM_AWS_ACCOUNT_LEN) {
        sim_s3_refuse(target, 400, "InvalidBucketOwnerAWSAccountID",
                      "The value of the expected bucket owner parameter must "
                      "be an AWS account ID");
    } else {
        sim_s3_refuse(target, 403, "AccessDenied", "Access Denied");
    }
    return false;
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

static void refuse_method(struct sim_s3_target *target)
{
    sim_s3_refuse(target, 405, "MethodNotAllowed",
                  "The specified method is not allowed against this resource.");
}

static void answer_object(struct sim_s3_target *target)
{
    static const struct {
        const char *operation;
        enum sim_bucket_count count;
        void (*answer)(struct sim_s3_target *target);
    } rows[] = {{"GetObject", SIM_BUCKET_GETS, sim_s3_get},
                {"HeadObject", SIM_BUCKET_HEADS, sim_s3_get},
                {"PutObject", SIM_BUCKET_PUTS, sim_s3_put},
                {"DeleteObject", SIM_BUCKET_DELETES, sim_s3_delete}};
    const char *operation = sim_operation_of("s3", target->request, NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].operation, operation) == 0) {
            rows[i].answer(target);
            target->bucket
                ->count[target->answer->status < 400 ? rows[i].count
                                                     : SIM_BUCKET_REFUSED]++;
            return;
        }
    }
    sim_s3_refuse(target, 501, "NotImplemented",
                  "A header or query you provided implies functionality that "
                  "is not implemented");
}

static void answer_target(struct sim_s3_target *target)
{
    const char *method = target->request->method;
    bool get = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;

    if (target->bucket == NULL) {
        sim_s3_refuse_with(target, 404, "NoSuchBucket",
                           "The specified bucket does not exist", "BucketName",
                           target->name);
    } else if (strcmp(target->bucket->region, target->caller->region) != 0) {
        redirect(target);
    } else if (!is_owned_as_expected(target)) {
        return;
    } else if (target->key[0] != '\0') {
        answer_object(target);
    } else if (get) {
        give_bucket(target);
        target->bucket->count[SIM_BUCKET_LISTS]++;
    } else {
        refuse_method(target);
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
