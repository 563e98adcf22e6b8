/* SPDX-License-Identifier: Apache-2.0 */
/* What: the files behind a bucket, and objects seen from the inside. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws_state.h"
#include "s3_target.h"
#include "server.h"

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

void sim_s3_etag(const char *key, const struct stat *status, char *out)
{
    struct sim_text text = {0};
    char hash[SIM_SHA256_HEX];
    long long nanoseconds = (long long)status->st_mtim.tv_sec * 1000000000 +
                            status->st_mtim.tv_nsec;

    sim_text_printf(&text, "%s %lld %lld", key, (long long)status->st_size,
                    nanoseconds);
    sim_sha256_hex(text.data, text.len, hash);
    snprintf(out, SIM_S3_ETAG_CAP, "\"%.32s-1\"", hash);
    sim_text_fini(&text);
}

bool sim_s3_file(const struct sim_server *server, const char *bucket,
                 const char *key, struct sim_text *path, struct stat *status)
{
    const char *root = server->options.aws.s3_root;

    sim_text_clear(path);
    sim_text_printf(path, "%s/%s/%s", root, bucket, key);
    sim_text_byte(path, '\0');
    return root[0] != '\0' && key[0] != '\0' && is_file_key(key) &&
           stat(path->data, status) == 0 && S_ISREG(status->st_mode) &&
           status->st_size <= SIM_S3_OBJECT_MAX;
}

struct sim_blob *sim_s3_read(const char *path, int64_t first, int64_t last)
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

const struct sim_bucket *sim_s3_bucket(struct sim_server *server,
                                       const char *name)
{
    return sim_bucket_find(server->aws->buckets, &server->options.aws, name);
}

/* The file as an object, in the one place that there is for such. */
static const struct sim_object *load_file(struct sim_server *server,
                                          const struct sim_bucket *bucket,
                                          const char *key)
{
    struct sim_object *object = &server->aws->file;
    struct sim_text path = {0};
    struct stat status;

    sim_object_fini(object);
    if (sim_s3_file(server, bucket->name, key, &path, &status)) {
        object->blob = sim_s3_read(path.data, 0, (int64_t)status.st_size - 1);
    }
    sim_text_fini(&path);
    if (object->blob == NULL) {
        return NULL;
    }
    object->bucket = bucket;
    object->key = sim_alloc(strlen(key) + 1);
    strcpy(object->key, key);
    object->modified = status.st_mtim.tv_sec;
    sim_s3_etag(key, &status, object->etag);
    sim_sha256_hex(object->blob->data, object->blob->len, object->sha256);
    return object;
}

const struct sim_object *sim_s3_find(struct sim_server *server,
                                     const char *bucket, const char *key)
{
    const struct sim_bucket *found = sim_s3_bucket(server, bucket);
    const struct sim_object *object =
        found != NULL ? sim_bucket_object(found, key) : NULL;

    if (object != NULL) {
        return object->blob != NULL ? object : NULL;
    }
    return found != NULL ? load_file(server, found, key) : NULL;
}

bool sim_s3_look(const struct sim_s3_target *target, struct sim_s3_found *found)
{
    const struct sim_object *object =
        sim_bucket_object(target->bucket, target->key);
    struct stat status;

    memset(found, 0, sizeof(*found));
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

void sim_s3_found_fini(struct sim_s3_found *found)
{
    sim_text_fini(&found->path);
}

bool sim_s3_is_tag(const char *header, const char *etag)
{
    size_t len = strlen(etag);

    return strcmp(header, etag) == 0 ||
           (strlen(header) == len - 2 &&
            strncmp(header, etag + 1, len - 2) == 0);
}
