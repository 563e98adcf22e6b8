/* SPDX-License-Identifier: Apache-2.0 */
/* What: S3: ListObjectsV2, GetObject, HeadObject, HeadBucket and
   GetBucketLocation. */
#include "s3.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws_services.h"
#include "calendar.h"
#include "host.h"
#include "server.h"
#include "sigv4.h"
#include "xml.h"

#define PATH_CAP 4096

/* What is asked for, and where it lies. */
struct target {
    char bucket[256];
    char key[SIM_S3_KEY_MAX + 1]; /* "": the bucket itself */
    char folder[PATH_CAP];
    char path[PATH_CAP + SIM_S3_KEY_MAX + 2];
    const char *region; /* of the bucket */
};

void sim_s3_etag(const char *key, int64_t size, int64_t modified_ns, char *out)
{
    struct sim_text text = {0};
    char hash[SIM_SHA256_HEX];

    sim_text_printf(&text, "%s %lld %lld", key, (long long)size,
                    (long long)modified_ns);
    sim_sha256_hex(text.data, text.len, hash);
    snprintf(out, SIM_S3_ETAG_CAP, "\"%.32s-1\"", hash);
    sim_text_fini(&text);
}

static void refuse(struct sim_answer *answer, int status, const char *code,
                   const char *message)
{
    sim_protocol_s3_error(answer, status, code, message, "");
}

static bool is_bucket_name(const char *name)
{
    size_t len = strlen(name);

    return len >= 3 && len <= 63 && name[0] != '.' && name[0] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == len &&
           strstr(name, "..") == NULL;
}

/* No empty, `.` or `..` segment: such keys exist in S3, but not in a folder,
   and must not lead out of it. */
static bool is_file_key(const char *key)
{
    while (*key != '\0') {
        size_t len = strcspn(key, "/");

        if (len == 0 || (len <= 2 && strspn(key, ".") >= len)) {
            return false;
        }
        key += len;
        if (*key == '/' && *++key == '\0') {
            return false;
        }
    }
    return true;
}

static const char *region_of(const struct sim_aws_options *options,
                             const char *bucket)
{
    for (unsigned i = 0; i < options->buckets; i++) {
        if (strcmp(options->bucket[i].name, bucket) == 0) {
            return options->bucket[i].region;
        }
    }
    return "us-east-1";
}

/* Bucket and key from host and path. False: the key is too long. */
static bool read_target(const struct sim_server *server,
                        const struct sim_request *request,
                        struct target *target)
{
    const struct sim_aws_options *options = &server->options.aws;
    const char *path = server->query.path + 1;
    struct sim_host host;

    memset(target, 0, sizeof(*target));
    sim_host_read(&host, request->host);
    if (host.bucket[0] != '\0') {
        snprintf(target->bucket, sizeof(target->bucket), "%s", host.bucket);
    } else {
        size_t len = strcspn(path, "/");

        snprintf(target->bucket, sizeof(target->bucket), "%.*s", (int)len,
                 path);
        path += len + (path[len] == '/');
    }
    if (strlen(path) > SIM_S3_KEY_MAX) {
        return false;
    }
    strcpy(target->key, path);
    snprintf(target->folder, sizeof(target->folder), "%s/%s", options->s3_root,
             target->bucket);
    snprintf(target->path, sizeof(target->path), "%s/%s", target->folder,
             target->key);
    target->region = region_of(options, target->bucket);
    return true;
}

static bool is_folder(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* 301 to the bucket's own region, as for whoever asks elsewhere. */
static void redirect(const struct target *target, struct sim_answer *answer)
{
    struct sim_text elements = {0};
    char endpoint[400];
    size_t len;

    snprintf(endpoint, sizeof(endpoint), "%s.s3.%s.amazonaws.com",
             target->bucket, target->region);
    sim_xml_put(&elements, "Endpoint", endpoint);
    sim_xml_put(&elements, "Bucket", target->bucket);
    sim_text_byte(&elements, '\0');
    sim_protocol_s3_error(answer, 301, "PermanentRedirect",
                          "The bucket you are attempting to access must be "
                          "addressed using the specified endpoint. Please send "
                          "all future requests to this endpoint.",
                          elements.data);
    len = strlen(answer->headers);
    snprintf(answer->headers + len, sizeof(answer->headers) - len,
             "x-amz-bucket-region: %s\r\n", target->region);
    sim_text_fini(&elements);
}

/* `bytes=A-B`, `bytes=A-`, `bytes=-N` of `size` bytes. False: none of it is
   there. What isn't such a range is ignored, as RFC 9110 says. */
static bool read_range(const char *text, int64_t size, int64_t *first,
                       int64_t *last, bool *partial)
{
    char from[16] = "";
    char to[16] = "";
    int used = 0;

    *first = 0;
    *last = size - 1;
    *partial = false;
    if (text == NULL || strncmp(text, "bytes=", 6) != 0) {
        return true;
    }
    if (sscanf(text + 6, "%15[0-9]-%15[0-9]%n", from, to, &used) < 1 &&
        sscanf(text + 6, "-%15[0-9]%n", to, &used) < 1) {
        return true;
    }
    *partial = true;
    if (from[0] == '\0') {
        int64_t count = strtoll(to, NULL, 10);

        *first = count < size ? size - count : 0;
        return count > 0 && size > 0;
    }
    *first = strtoll(from, NULL, 10);
    if (to[0] != '\0' && strtoll(to, NULL, 10) < *last) {
        *last = strtoll(to, NULL, 10);
    }
    return *first < size && *first <= *last;
}

/* Bytes first..last of the file; NULL if it can't be read. */
static struct sim_blob *read_file(const char *path, int64_t first, int64_t last)
{
    size_t want = last >= first ? (size_t)(last - first + 1) : 0;
    struct sim_text text = {0};
    struct sim_blob *blob = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = 1;

    sim_text_reserve(&text, want + 1);
    while (fd >= 0 && text.len < want && got > 0) {
        got = pread(fd, text.data + text.len, want - text.len,
                    (off_t)first + (off_t)text.len);
        text.len += got > 0 ? (size_t)got : 0;
    }
    if (fd >= 0 && text.len == want) {
        blob = sim_blob_new(text.data, text.len);
    }
    if (fd >= 0) {
        close(fd);
    }
    sim_text_fini(&text);
    return blob;
}

static void put_object_headers(const struct stat *status, const char *etag,
                               struct sim_answer *answer)
{
    char modified[40];
    char id[48];

    sim_date_http(status->st_mtim.tv_sec, modified, sizeof(modified));
    sim_aws_request_id(id, sizeof(id));
    snprintf(answer->headers, sizeof(answer->headers),
             "x-amz-request-id: %s\r\nLast-Modified: %s\r\nETag: %s\r\n"
             "Accept-Ranges: bytes\r\n",
             id, modified, etag);
}

/* The tag among those of If-Match or If-None-Match, or `*`. */
static bool names_tag(const char *header, const char *etag)
{
    return header != NULL &&
           (strcmp(header, "*") == 0 || strstr(header, etag) != NULL);
}

static void give_bytes(const struct target *target, const char *range,
                       int64_t size, struct sim_answer *answer)
{
    int64_t first;
    int64_t last;
    bool partial;
    size_t len = strlen(answer->headers);

    if (!read_range(range, size, &first, &last, &partial)) {
        refuse(answer, 416, "InvalidRange",
               "The requested range is not satisfiable");
        return;
    }
    answer->blob = read_file(target->path, first, last);
    if (answer->blob == NULL) {
        refuse(answer, 500, "InternalError",
               "We encountered an internal error. Please try again.");
        return;
    }
    answer->status = partial ? 206 : 200;
    answer->content_type = "binary/octet-stream";
    if (partial) {
        snprintf(answer->headers + len, sizeof(answer->headers) - len,
                 "Content-Range: bytes %lld-%lld/%lld\r\n", (long long)first,
                 (long long)last, (long long)size);
    }
}

static void give_object(const struct sim_request *request,
                        const struct target *target, struct sim_answer *answer)
{
    const char *match = sim_request_header(request, "if-match");
    char etag[SIM_S3_ETAG_CAP];
    struct stat status;

    if (!is_file_key(target->key) || stat(target->path, &status) != 0 ||
        !S_ISREG(status.st_mode) || status.st_size > SIM_S3_OBJECT_MAX) {
        refuse(answer, 404, "NoSuchKey", "The specified key does not exist.");
        return;
    }
    sim_s3_etag(target->key, status.st_size,
                (int64_t)status.st_mtim.tv_sec * 1000000000 +
                    status.st_mtim.tv_nsec,
                etag);
    put_object_headers(&status, etag, answer);
    if (match != NULL && !names_tag(match, etag)) {
        refuse(answer, 412, "PreconditionFailed",
               "At least one of the pre-conditions you specified did not hold");
    } else if (names_tag(sim_request_header(request, "if-none-match"), etag)) {
        answer->status = 304;
        answer->content_type = "binary/octet-stream";
        answer->blob = sim_blob_new("", 0);
    } else {
        give_bytes(target, sim_request_header(request, "range"), status.st_size,
                   answer);
    }
}

static void give_bucket(struct sim_server *server,
                        const struct sim_request *request,
                        const struct target *target, struct sim_answer *answer)
{
    bool repeated = false;
    const char *type = sim_query_get(&server->query, "list-type", &repeated);
    bool location =
        sim_query_get(&server->query, "location", &repeated) != NULL;

    if (strcmp(request->method, "HEAD") == 0) {
        sim_answer_text(answer, 200, "application/xml", "");
        snprintf(answer->headers, sizeof(answer->headers),
                 "x-amz-bucket-region: %s\r\n", target->region);
    } else if (location) {
        char body[300];
        bool first = strcmp(target->region, "us-east-1") == 0;

        snprintf(body, sizeof(body),
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                 "<LocationConstraint xmlns=\"http://s3.amazonaws.com/doc/"
                 "2006-03-01/\">%s</LocationConstraint>",
                 first ? "" : target->region);
        sim_answer_text(answer, 200, "application/xml", body);
    } else if (type != NULL && strcmp(type, "2") == 0) {
        sim_s3_list(server, target->bucket, target->folder, answer);
    } else {
        refuse(answer, 501, "NotImplemented",
               "A header or query you provided implies functionality that is "
               "not implemented");
    }
}

/* Every answer has an id; refusals and objects have theirs already. */
static void add_request_id(struct sim_answer *answer)
{
    size_t len = strlen(answer->headers);
    char id[48];

    if (strstr(answer->headers, "x-amz-request-id") == NULL) {
        sim_aws_request_id(id, sizeof(id));
        snprintf(answer->headers + len, sizeof(answer->headers) - len,
                 "x-amz-request-id: %s\r\n", id);
    }
}

void sim_s3_answer(struct sim_server *server, const struct sim_request *request,
                   const struct sim_aws_caller *caller,
                   struct sim_answer *answer)
{
    bool get = strcmp(request->method, "GET") == 0 ||
               strcmp(request->method, "HEAD") == 0;
    struct target target;

    if (!read_target(server, request, &target)) {
        refuse(answer, 400, "KeyTooLongError", "Your key is too long");
    } else if (!get) {
        refuse(answer, 405, "MethodNotAllowed",
               "The specified method is not allowed against this resource.");
    } else if (server->options.aws.s3_root[0] == '\0' ||
               !is_bucket_name(target.bucket) || !is_folder(target.folder)) {
        refuse(answer, 404, "NoSuchBucket",
               "The specified bucket does not exist");
    } else if (strcmp(target.region, caller->region) != 0) {
        redirect(&target, answer);
    } else if (target.key[0] == '\0') {
        give_bucket(server, request, &target, answer);
    } else {
        give_object(request, &target, answer);
    }
    add_request_id(answer);
}
