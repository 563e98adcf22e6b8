/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: PutObject and DeleteObject. A write is judged in this order: the key,
 * headers that are no part of this service, the words of its conditions, the
 * body and its digests, encryption, what is to be kept; then, against the
 * object as it is, 409, 404 and 412; then it is done.
 * Limits: SIM_META_MAX bytes of metadata; SIM_KEPT_MAX of all kept headers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "aws_state.h"
#include "conn.h"
#include "s3_target.h"

#define SIM_META_MAX 2048
#define SIM_KEPT_MAX 4096

static const char not_implemented[] =
    "A header you provided implies functionality that is not implemented";

static bool refuse(struct sim_s3_target *target, int status, const char *code,
                   const char *message)
{
    sim_s3_refuse(target, status, code, message);
    return false;
}

static bool refuse_header(struct sim_s3_target *target, const char *name)
{
    sim_s3_refuse_with(target, 501, "NotImplemented", not_implemented, "Header",
                       name);
    return false;
}

/* Keys may hold `.` and `..` as long as they don't lead above the bucket. */
static bool check_key(struct sim_s3_target *target)
{
    int depth = 0;

    for (const char *at = target->key; *at != '\0' && depth >= 0;) {
        size_t len = strcspn(at, "/");

        if (len == 2 && strncmp(at, "..", 2) == 0) {
            depth--;
        } else if (len > 0 && !(len == 1 && *at == '.')) {
            depth++;
        }
        at += len + (at[len] == '/');
    }
    return depth >= 0 || refuse(target, 400, "InvalidURI",
                                "Couldn't parse the specified URI.");
}

static bool is_any(const char *name, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t len = strlen(list[i]);

        if (list[i][len - 1] == '-' ? strncasecmp(name, list[i], len) == 0
                                    : strcasecmp(name, list[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Headers of features that aren't here would be dropped in silence. A name
   that ends in a dash stands for all that begin so. */
static bool check_headers(struct sim_s3_target *target)
{
    static const char *const known[] = {"x-amz-date",
                                        "x-amz-security-token",
                                        "x-amz-content-sha256",
                                        "x-amz-user-agent",
                                        "x-amz-expected-bucket-owner",
                                        "x-amz-checksum-",
                                        "x-amz-sdk-checksum-algorithm",
                                        "x-amz-trailer",
                                        "x-amz-decoded-content-length",
                                        "x-amz-meta-",
                                        "x-amz-storage-class",
                                        "x-amz-server-side-encryption",
                                        "x-amz-server-side-encryption-"};
    static const char *const none[] = {"if-modified-since",
                                       "if-unmodified-since"};
    const struct sim_request *request = target->request;
    const char *class = sim_s3_asked(target, "x-amz-storage-class");

    for (unsigned i = 0; i < request->headers; i++) {
        const char *name = request->header[i].name;
        bool ours = strncasecmp(name, "x-amz-", 6) == 0;

        if (is_any(name, none, 2) ||
            (ours && !is_any(name, known, sizeof(known) / sizeof(known[0])))) {
            return refuse_header(target, name);
        }
    }
    return class == NULL || strcmp(class, "STANDARD") == 0 ||
           refuse(target, 400, "InvalidStorageClass",
                  "The storage class you specified is not valid");
}

static bool refuse_condition(struct sim_s3_target *target, const char *header,
                             const char *additional)
{
    char elements[400];

    snprintf(elements, sizeof(elements),
             "<Header>%s</Header><additionalMessage>%s</additionalMessage>",
             header, additional);
    sim_protocol_s3_error(target->answer, 501, "NotImplemented",
                          not_implemented, elements);
    return false;
}

/* If-None-Match may be `*` alone, If-Match one ETag, and not both. */
static bool check_conditions(struct sim_s3_target *target)
{
    const char *match = sim_s3_asked(target, "if-match");
    const char *none = sim_s3_asked(target, "if-none-match");

    if (match != NULL && none != NULL) {
        return refuse_condition(target, "If-Match,If-None-Match",
                                "Multiple conditional request headers present "
                                "in the request");
    }
    if (none != NULL && strcmp(none, "*") != 0) {
        return refuse_condition(target, "If-None-Match",
                                "We don't accept the provided value of "
                                "If-None-Match header for this API");
    }
    if (match != NULL && (strcmp(match, "*") == 0 || strchr(match, ','))) {
        return refuse_condition(target, "If-Match",
                                "We don't accept the provided value of "
                                "If-Match header for this API");
    }
    return true;
}

/* Another write of the key that isn't over is a conflict for whoever made
   conditions: nobody knows yet what they would meet. */
static bool is_alone(struct sim_s3_target *target)
{
    if (!sim_conn_is_written(target->server, target->request)) {
        return true;
    }
    sim_s3_refuse_with(target, 409, "ConditionalRequestConflict",
                       "The conditional request cannot succeed due to a "
                       "conflicting operation against this resource.",
                       "Key", target->key);
    return false;
}

static bool refuse_precondition(struct sim_s3_target *target,
                                const char *condition)
{
    sim_s3_refuse_with(
        target, 412, "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        "Condition", condition);
    return false;
}

/* The object as it is meets If-Match and If-None-Match. */
static bool meets_conditions(struct sim_s3_target *target)
{
    const char *match = sim_s3_asked(target, "if-match");
    bool none = sim_s3_asked(target, "if-none-match") != NULL;
    struct sim_s3_found found;
    bool exists;
    bool same;

    if (match == NULL && !none) {
        return true;
    }
    if (!is_alone(target)) {
        return false;
    }
    exists = sim_s3_look(target, &found);
    same = exists && match != NULL &&
           (strcmp(match, "*") == 0 || sim_s3_is_tag(match, found.etag));
    sim_s3_found_fini(&found);
    if (none) {
        return !exists || refuse_precondition(target, "If-None-Match");
    }
    if (!exists) {
        sim_s3_refuse_with(target, 404, "NoSuchKey",
                           "The specified key does not exist.", "Key",
                           target->key);
        return false;
    }
    return same || refuse_precondition(target, "If-Match");
}

/* Content-Encoding without aws-chunked, which was the wire's. */
static void keep_coding(const char *value, struct sim_text *lines)
{
    size_t begin = lines->len;

    while (*value != '\0') {
        size_t len = strcspn(value, ",");

        value += strspn(value, " ");
        len = strcspn(value, ",");
        if (strncasecmp(value, "aws-chunked", 11) != 0) {
            sim_text_str(lines,
                         lines->len > begin ? "," : "Content-Encoding: ");
            sim_text_add(lines, value, len);
        }
        value += len + (value[len] == ',');
    }
    sim_text_str(lines, lines->len > begin ? "\r\n" : "");
}

/* The lines that GetObject will give back. */
static bool keep_headers(struct sim_s3_target *target, struct sim_text *lines)
{
    static const char *const kept[] = {"cache-control", "content-disposition",
                                       "content-language", "expires"};
    const struct sim_request *request = target->request;
    size_t meta = 0;

    for (unsigned i = 0; i < request->headers; i++) {
        const char *name = request->header[i].name;
        const char *value = request->header[i].value;

        if (strncasecmp(name, "x-amz-meta-", 11) == 0) {
            meta += strlen(name) - 11 + strlen(value);
            sim_text_printf(lines, "%s: %s\r\n", name, value);
        } else if (is_any(name, kept, 4)) {
            sim_text_printf(lines, "%s: %s\r\n", name, value);
        } else if (strcasecmp(name, "content-encoding") == 0) {
            keep_coding(value, lines);
        }
    }
    if (meta > SIM_META_MAX || lines->len > SIM_KEPT_MAX) {
        return refuse(target, 400, "MetadataTooLarge",
                      "Your metadata headers exceed the maximum allowed "
                      "metadata size");
    }
    return true;
}

static char *take_lines(struct sim_text *lines)
{
    char *taken;

    sim_text_byte(lines, '\0');
    taken = lines->data;
    memset(lines, 0, sizeof(*lines));
    return taken;
}

static void draw_version(struct sim_s3_target *target, char *out)
{
    static uint64_t drawn;
    unsigned char bytes[32];

    out[0] = '\0';
    if (target->server->options.aws.s3_versions) {
        sim_keys_draw(target->server->aws->keys, "version", ++drawn, bytes);
        sim_hex(bytes, (SIM_S3_VERSION_CAP - 1) / 2, out);
    }
}

/* The ETag: the bytes' MD5, but for SSE-KMS and SSE-C. */
static void set_etag(struct sim_object *object, const char *md5)
{
    static uint64_t drawn;
    struct sim_text text = {0};
    char hash[SIM_SHA256_HEX];

    if (object->cipher != SIM_CIPHER_S3) {
        sim_text_printf(&text, "%s %llu", md5, (unsigned long long)++drawn);
        sim_sha256_hex(text.data, text.len, hash);
        md5 = hash;
        sim_text_fini(&text);
    }
    snprintf(object->etag, sizeof(object->etag), "\"%.32s\"", md5);
}

static void tell_written(struct sim_s3_target *target,
                         const struct sim_object *object)
{
    struct sim_answer *answer = target->answer;
    size_t len;

    sim_answer_text(answer, 200, "application/xml", "");
    sim_s3_header(target, "ETag", object->etag);
    if (object->version[0] != '\0') {
        sim_s3_header(target, "x-amz-version-id", object->version);
    }
    len = strlen(answer->headers);
    snprintf(answer->headers + len, sizeof(answer->headers) - len, "%s%s",
             object->encryption, object->checksum);
}

/* What a PutObject is made of. */
struct put {
    struct sim_s3_body body;
    enum sim_cipher cipher;
    struct sim_text encryption;
    struct sim_text headers;
};

static bool read_put(struct sim_s3_target *target, struct put *put)
{
    const char *type = sim_s3_asked(target, "content-type");

    if (type != NULL && strlen(type) >= sizeof(target->answer->own_type)) {
        return refuse(target, 400, "InvalidArgument",
                      "Content-Type is too long");
    }
    return check_key(target) && check_headers(target) &&
           check_conditions(target) && sim_s3_body_read(target, &put->body) &&
           sim_s3_cipher_read(target, &put->cipher, &put->encryption) &&
           keep_headers(target, &put->headers) && meets_conditions(target);
}

static void store(struct sim_s3_target *target, struct put *put)
{
    struct sim_bucket *bucket = target->bucket;
    struct sim_object *old = sim_bucket_object(bucket, target->key);
    const char *type = sim_s3_asked(target, "content-type");
    struct sim_blob *blob = sim_blob_new(put->body.data, put->body.len);
    struct sim_object *object;

    bucket->count[SIM_BUCKET_UNCHANGED] +=
        old != NULL && strcmp(old->sha256, put->body.sha256) == 0;
    object =
        sim_bucket_put(target->server->aws->buckets, bucket, target->key, blob);
    if (object == NULL) {
        sim_blob_release(blob);
        sim_s3_refuse(target, 503, "ServiceUnavailable",
                      "The simulator holds no more than 2 GiB");
        return;
    }
    object->cipher = put->cipher;
    object->modified = sim_aws_now(target->server);
    object->encryption = take_lines(&put->encryption);
    object->headers = take_lines(&put->headers);
    object->checksum = take_lines(&put->body.checksum);
    strcpy(object->sha256, put->body.sha256);
    strcpy(object->type, type != NULL ? type : "binary/octet-stream");
    strcpy(object->writer, target->caller->access_key);
    draw_version(target, object->version);
    set_etag(object, put->body.md5);
    tell_written(target, object);
}

void sim_s3_put(struct sim_s3_target *target)
{
    struct put put = {.cipher = SIM_CIPHER_S3};

    if (read_put(target, &put)) {
        store(target, &put);
    }
    sim_s3_body_fini(&put.body);
    sim_text_fini(&put.encryption);
    sim_text_fini(&put.headers);
}

/* If-Match alone, and none of the conditions of directory buckets. */
static bool check_delete(struct sim_s3_target *target)
{
    static const char *const others[] = {
        "x-amz-if-match-last-modified-time", "x-amz-if-match-size",
        "if-none-match", "x-amz-mfa", "x-amz-bypass-governance-retention"};
    bool repeated = false;

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (sim_s3_asked(target, others[i]) != NULL) {
            return refuse_header(target, others[i]);
        }
    }
    if (sim_query_get(&target->server->query, "versionId", &repeated) != NULL) {
        return refuse(target, 501, "NotImplemented",
                      "Old versions are not kept here");
    }
    return meets_conditions(target);
}

void sim_s3_delete(struct sim_s3_target *target)
{
    char version[SIM_S3_VERSION_CAP];
    struct sim_s3_found found;
    struct sim_object *mark;
    bool exists;

    if (!check_delete(target)) {
        return;
    }
    exists = sim_s3_look(target, &found);
    sim_s3_found_fini(&found);
    if (exists) {
        mark = sim_bucket_put(target->server->aws->buckets, target->bucket,
                              target->key, NULL);
        mark->modified = sim_aws_now(target->server);
        strcpy(mark->writer, target->caller->access_key);
    }
    sim_answer_text(target->answer, 204, "application/xml", "");
    draw_version(target, version);
    if (version[0] != '\0') {
        sim_s3_header(target, "x-amz-delete-marker", "true");
        sim_s3_header(target, "x-amz-version-id", version);
    }
}
