/* SPDX-License-Identifier: Apache-2.0 */
/* What: GetObject and HeadObject, of what was put and of files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "permission.h"
#include "s3_target.h"
#include "server.h"

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

static struct sim_blob *read_bytes(const struct sim_s3_found *found,
                                   int64_t first, int64_t last)
{
    struct sim_blob *blob;

    if (found->object == NULL) {
        return sim_s3_read(found->path.data, first, last);
    }
    blob = found->object->blob;
    if (first == 0 && last == found->size - 1) {
        blob->refs++;
        return blob;
    }
    return sim_blob_new(blob->data + first, (size_t)(last - first + 1));
}

/* The tag among those of If-Match or If-None-Match, or `*`. */
static bool names_tag(const char *header, const char *etag)
{
    return header != NULL &&
           (strcmp(header, "*") == 0 || strstr(header, etag) != NULL);
}

static void add_lines(struct sim_answer *answer, const char *lines)
{
    size_t len = strlen(answer->headers);

    snprintf(answer->headers + len, sizeof(answer->headers) - len, "%s",
             lines != NULL ? lines : "");
}

/* What the object was put with. */
static void put_notes(struct sim_s3_target *target,
                      const struct sim_object *object)
{
    const char *mode = sim_s3_asked(target, "x-amz-checksum-mode");
    struct sim_answer *answer = target->answer;

    strcpy(answer->own_type, object->type);
    answer->content_type = answer->own_type;
    add_lines(answer, object->headers);
    add_lines(answer, object->encryption);
    if (mode != NULL && strcmp(mode, "ENABLED") == 0 &&
        sim_s3_asked(target, "range") == NULL) {
        add_lines(answer, object->checksum);
    }
    if (object->version[0] != '\0') {
        sim_s3_header(target, "x-amz-version-id", object->version);
    }
}

static void put_headers(struct sim_s3_target *target,
                        const struct sim_s3_found *found)
{
    char modified[40];

    sim_date_http(found->modified, modified, sizeof(modified));
    sim_s3_header(target, "Last-Modified", modified);
    sim_s3_header(target, "ETag", found->etag);
    sim_s3_header(target, "Accept-Ranges", "bytes");
    target->answer->content_type = "binary/octet-stream";
    if (found->object != NULL) {
        put_notes(target, found->object);
    }
}

static void give_bytes(struct sim_s3_target *target,
                       const struct sim_s3_found *found)
{
    struct sim_answer *answer = target->answer;
    char part[80];
    int64_t first;
    int64_t last;
    bool partial;

    if (!read_range(sim_s3_asked(target, "range"), found->size, &first, &last,
                    &partial)) {
        sim_s3_refuse(target, 416, "InvalidRange",
                      "The requested range is not satisfiable");
        return;
    }
    answer->blob = read_bytes(found, first, last);
    if (answer->blob == NULL) {
        sim_s3_refuse(target, 500, "InternalError",
                      "We encountered an internal error. Please try again.");
        return;
    }
    answer->status = partial ? 206 : 200;
    if (partial) {
        snprintf(part, sizeof(part), "bytes %lld-%lld/%lld", (long long)first,
                 (long long)last, (long long)found->size);
        sim_s3_header(target, "Content-Range", part);
    }
}

static void give(struct sim_s3_target *target, const struct sim_s3_found *found)
{
    const char *match = sim_s3_asked(target, "if-match");

    put_headers(target, found);
    if (match != NULL && !names_tag(match, found->etag)) {
        sim_s3_refuse(target, 412, "PreconditionFailed",
                      "At least one of the pre-conditions you specified did "
                      "not hold");
    } else if (names_tag(sim_s3_asked(target, "if-none-match"), found->etag)) {
        target->answer->status = 304;
        target->answer->blob = sim_blob_new("", 0);
    } else {
        give_bytes(target, found);
    }
}

/* Who may not list a bucket isn't told what it doesn't hold. */
static void refuse_absent(struct sim_s3_target *target)
{
    const struct sim_aws_caller *caller = target->caller;
    enum sim_permission permission =
        sim_permission_to_call(&target->server->options.aws, caller->account,
                               caller->region, "s3", "ListObjectsV2");
    char message[900];

    if (permission == SIM_ALLOWED) {
        sim_s3_refuse_with(target, 404, "NoSuchKey",
                           "The specified key does not exist.", "Key",
                           target->key);
        return;
    }
    snprintf(message, sizeof(message),
             "User: %s is not authorized to perform: s3:ListBucket on "
             "resource: \"arn:aws:s3:::%.64s\" because no identity-based "
             "policy allows the s3:ListBucket action",
             caller->arn, target->name);
    sim_s3_refuse(target, 403, "AccessDenied", message);
}

/* The one version that is kept, or none asked for. */
static bool is_version(struct sim_s3_target *target,
                       const struct sim_s3_found *found)
{
    bool repeated = false;
    const char *asked =
        sim_query_get(&target->server->query, "versionId", &repeated);
    const char *version =
        found->object != NULL && found->object->version[0] != '\0'
            ? found->object->version
            : "null";

    if (asked == NULL || strcmp(asked, version) == 0) {
        return true;
    }
    sim_s3_refuse_with(target, 404, "NoSuchVersion",
                       "The specified version does not exist.", "VersionId",
                       asked);
    return false;
}

void sim_s3_get(struct sim_s3_target *target)
{
    struct sim_s3_found found;

    if (!sim_s3_look(target, &found)) {
        refuse_absent(target);
    } else if (is_version(target, &found) &&
               (found.object == NULL ||
                sim_s3_cipher_opens(target, found.object))) {
        give(target, &found);
    }
    sim_s3_found_fini(&found);
}
