/* SPDX-License-Identifier: Apache-2.0 */
/* What: GetObject and HeadObject, of what was put and of files. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "s3_target.h"

/* What is to be given: an object that was put, or a file. */
struct found {
    const struct sim_object *object; /* NULL: a file */
    struct sim_text path;
    char etag[SIM_S3_ETAG_CAP];
    int64_t size;
    int64_t modified;
};

static bool find(struct sim_s3_target *target, struct found *found)
{
    const struct sim_object *object =
        sim_bucket_object(target->bucket, target->key);
    struct stat status;

    if (object != NULL && object->blob != NULL) {
        found->object = object;
        strcpy(found->etag, object->etag);
        found->size = (int64_t)object->blob->len;
        found->modified = object->modified;
        return true;
    }
    if (object != NULL || !sim_s3_file(target->server, target->name,
                                       target->key, &found->path, &status)) {
        return false;
    }
    sim_s3_etag(target->key, &status, found->etag);
    found->size = status.st_size;
    found->modified = status.st_mtim.tv_sec;
    return true;
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

static struct sim_blob *read_bytes(const struct found *found, int64_t first,
                                   int64_t last)
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

static void put_headers(struct sim_s3_target *target, const struct found *found)
{
    struct sim_answer *answer = target->answer;
    char modified[40];

    sim_date_http(found->modified, modified, sizeof(modified));
    sim_s3_header(target, "Last-Modified", modified);
    sim_s3_header(target, "ETag", found->etag);
    sim_s3_header(target, "Accept-Ranges", "bytes");
    answer->content_type = "binary/octet-stream";
}

static void give_bytes(struct sim_s3_target *target, const struct found *found)
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

static void give(struct sim_s3_target *target, const struct found *found)
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

void sim_s3_get(struct sim_s3_target *target)
{
    struct found found = {.object = NULL};

    if (find(target, &found)) {
        give(target, &found);
    } else {
        sim_s3_refuse(target, 404, "NoSuchKey",
                      "The specified key does not exist.");
    }
    sim_text_fini(&found.path);
}
