/* SPDX-License-Identifier: Apache-2.0 */
#include "operation.h"

#include <string.h>

#include "host.h"

struct row {
    const char *method;
    const char *path; /* `*` is one segment that isn't empty */
    const char *operation;
};

/* botocore 1.43.11, guardduty/2017-11-28/service-2.json. */
static const struct row guardduty_rows[] = {
    {"GET", "/detector", "ListDetectors"},
    {"POST", "/detector", "CreateDetector"},
    {"GET", "/detector/*", "GetDetector"},
    {"POST", "/detector/*", "UpdateDetector"},
    {"DELETE", "/detector/*", "DeleteDetector"},
    {"POST", "/detector/*/findings", "ListFindings"},
    {"POST", "/detector/*/findings/get", "GetFindings"},
    {"POST", "/detector/*/findings/create", "CreateSampleFindings"},
    {"POST", "/detector/*/findings/archive", "ArchiveFindings"},
    {"POST", "/detector/*/findings/unarchive", "UnarchiveFindings"},
    {"POST", "/detector/*/findings/feedback", "UpdateFindingsFeedback"},
    {"POST", "/detector/*/findings/statistics", "GetFindingsStatistics"},
    {"POST", "/detector/*/threatintelset", "CreateThreatIntelSet"},
    {"GET", "/detector/*/threatintelset", "ListThreatIntelSets"},
    {"GET", "/detector/*/threatintelset/*", "GetThreatIntelSet"},
    {"POST", "/detector/*/threatintelset/*", "UpdateThreatIntelSet"},
    {"DELETE", "/detector/*/threatintelset/*", "DeleteThreatIntelSet"},
    {"POST", "/detector/*/threatentityset", "CreateThreatEntitySet"},
    {"GET", "/detector/*/threatentityset", "ListThreatEntitySets"},
    {"GET", "/detector/*/threatentityset/*", "GetThreatEntitySet"},
    {"POST", "/detector/*/threatentityset/*", "UpdateThreatEntitySet"},
    {"DELETE", "/detector/*/threatentityset/*", "DeleteThreatEntitySet"},
    {"POST", "/detector/*/ipset", "CreateIPSet"},
    {"GET", "/detector/*/ipset", "ListIPSets"},
    {"GET", "/detector/*/ipset/*", "GetIPSet"},
    {"POST", "/detector/*/ipset/*", "UpdateIPSet"},
    {"DELETE", "/detector/*/ipset/*", "DeleteIPSet"},
    {"POST", "/detector/*/trustedentityset", "CreateTrustedEntitySet"},
    {"GET", "/detector/*/trustedentityset", "ListTrustedEntitySets"},
    {"GET", "/detector/*/trustedentityset/*", "GetTrustedEntitySet"},
    {"POST", "/detector/*/trustedentityset/*", "UpdateTrustedEntitySet"},
    {"DELETE", "/detector/*/trustedentityset/*", "DeleteTrustedEntitySet"},
    {"POST", "/tags/*", "TagResource"},
    {"DELETE", "/tags/*", "UntagResource"},
    {"GET", "/tags/*", "ListTagsForResource"},
};

static bool path_matches(const char *pattern, const char *path, size_t len)
{
    const char *end = path + len;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '*') {
            if (path == end || *path != *pattern) {
                return false;
            }
            path++;
            continue;
        }
        if (path == end || *path == '/') {
            return false;
        }
        while (path < end && *path != '/') {
            path++;
        }
    }
    return path == end;
}

static const char *find_guardduty(const struct sim_request *request)
{
    size_t len = strcspn(request->target, "?");

    for (size_t i = 0; i < sizeof(guardduty_rows) / sizeof(guardduty_rows[0]);
         i++) {
        const struct row *row = &guardduty_rows[i];

        if (strcmp(row->method, request->method) == 0 &&
            path_matches(row->path, request->target, len)) {
            return row->operation;
        }
    }
    return "Unknown";
}

/* True if the path goes on after the bucket. */
static bool has_key(const struct sim_request *request)
{
    const char *path = request->target + 1;
    struct sim_host host;

    sim_host_read(&host, request->host);
    if (host.bucket[0] == '\0') {
        path += strcspn(path, "/?");
        path += *path == '/';
    }
    return *path != '\0' && *path != '?';
}

/* The object's tags, its parts and the like: operations of their own. */
static bool has_subresource(const struct sim_request *request)
{
    const char *query = strchr(request->target, '?');

    return query != NULL && query[1] != '\0' &&
           strncmp(query + 1, "versionId=", 10) != 0;
}

static const char *find_s3(const struct sim_request *request)
{
    bool key = has_key(request);

    if (strcmp(request->method, "HEAD") == 0) {
        return key ? "HeadObject" : "HeadBucket";
    }
    if (key && !has_subresource(request)) {
        if (strcmp(request->method, "PUT") == 0) {
            return sim_request_header(request, "x-amz-copy-source") != NULL
                       ? "CopyObject"
                       : "PutObject";
        }
        if (strcmp(request->method, "DELETE") == 0) {
            return "DeleteObject";
        }
    }
    if (strcmp(request->method, "GET") != 0) {
        return "Unknown";
    }
    if (key) {
        return "GetObject";
    }
    return strstr(request->target, "list-type=2") != NULL ? "ListObjectsV2"
           : strstr(request->target, "location") != NULL  ? "GetBucketLocation"
                                                          : "Unknown";
}

const char *sim_operation_of(const char *service,
                             const struct sim_request *request,
                             struct sim_text *scratch)
{
    if (strcmp(service, "guardduty") == 0) {
        return find_guardduty(request);
    }
    if (strcmp(service, "s3") == 0) {
        return find_s3(request);
    }
    if (strcmp(service, "rolesanywhere") == 0) {
        return "CreateSession";
    }
    if (strcmp(service, "imds") == 0) {
        return request->method[0] == 'P' ? "Token" : "Metadata";
    }
    if (strcmp(service, "container") == 0) {
        return "Credentials";
    }
    if (strcmp(service, "secretsmanager") == 0) {
        const char *target = sim_request_header(request, "x-amz-target");

        return target != NULL && strncmp(target, "secretsmanager.", 15) == 0 &&
                       strlen(target) < 64
                   ? target + 15
                   : "Unknown";
    }
    if ((strcmp(service, "sts") == 0 || strcmp(service, "iam") == 0) &&
        sim_form_get(request, "Action", scratch) && scratch->len < 64) {
        return scratch->data;
    }
    return "Unknown";
}

const char *sim_operation_action(const char *service, const char *operation)
{
    static const char *const others[][2] = {{"ListObjectsV2", "ListBucket"},
                                            {"HeadBucket", "ListBucket"},
                                            {"HeadObject", "GetObject"}};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(service, "s3") == 0 &&
            strcmp(operation, others[i][0]) == 0) {
            return others[i][1];
        }
    }
    return operation;
}

/* ...IPSet, ...ThreatIntelSet, ...EntitySet, and the same with an s. */
static bool is_set_operation(const char *operation)
{
    return strstr(operation, "IPSet") != NULL ||
           strstr(operation, "IntelSet") != NULL ||
           strstr(operation, "EntitySet") != NULL;
}

const char *sim_operation_endpoint(const char *service, const char *operation)
{
    static const char *const endpoints[][2] = {
        {"sts", "aws:sts"},
        {"s3", "aws:s3"},
        {"imds", "aws:imds"},
        {"container", "aws:container"},
        {"rolesanywhere", "aws:anywhere"},
        {"secretsmanager", "aws:secrets"},
        {"iam", "aws:iam"},
        {"ListFindings", "aws:list"},
        {"GetFindings", "aws:get"},
        {"ListDetectors", "aws:detectors"},
        {"GetDetector", "aws:detectors"},
        {"CreateDetector", "aws:detectors"}};

    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++) {
        if (strcmp(endpoints[i][0], service) == 0 ||
            strcmp(endpoints[i][0], operation) == 0) {
            return endpoints[i][1];
        }
    }
    if (strcmp(service, "guardduty") == 0 && is_set_operation(operation)) {
        return strncmp(operation, "List", 4) == 0 ? "aws:set-lists"
                                                  : "aws:sets";
    }
    return "aws:other";
}

static int hex_digit(char digit)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *at = digit != '\0' ? strchr(digits, digit) : NULL;

    return at != NULL ? (int)((at - digits) % 16) : -1;
}

/* Decodes one name or value; false for a bad escape or a NUL. */
static bool decode(const char *text, size_t len, struct sim_text *out)
{
    for (size_t i = 0; i < len; i++) {
        int byte = (unsigned char)text[i];

        if (byte == '%') {
            int high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
            int low = i + 2 < len ? hex_digit(text[i + 2]) : -1;

            byte = high < 0 || low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (byte == 0) {
            return false;
        }
        sim_text_byte(out, byte == '+' && text[i] == '+' ? ' ' : (char)byte);
    }
    sim_text_byte(out, '\0');
    return true;
}

bool sim_form_get(const struct sim_request *request, const char *name,
                  struct sim_text *out)
{
    const char *at = request->body;
    size_t name_len = strlen(name);
    bool found = false;

    sim_text_clear(out);
    while (*at != '\0') {
        size_t len = strcspn(at, "&");

        if (len > name_len && at[name_len] == '=' &&
            strncmp(at, name, name_len) == 0) {
            if (found || !decode(at + name_len + 1, len - name_len - 1, out)) {
                return false;
            }
            found = true;
        }
        at += len + (at[len] == '&');
    }
    return found;
}
