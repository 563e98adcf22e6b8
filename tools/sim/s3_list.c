/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: ListObjectsV2, over the objects that were put and the files that they
 * don't hide. The folder is walked anew for each page, so that a
 * page costs as much as the bucket is large: good for thousands of objects,
 * not for millions. A continuation token is the last key given, in hex.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aws_services.h"
#include "aws_state.h"
#include "s3.h"
#include "server.h"
#include "sigv4.h"
#include "xml.h"

#define DEPTH_MAX 32

/* A row of the listing. */
struct entry {
    char *key;
    int64_t size;
    int64_t modified; /* Unix seconds */
    char etag[SIM_S3_ETAG_CAP];
};

struct listing {
    const struct sim_bucket *bucket;
    struct entry *entry;
    size_t count;
    size_t cap;
};

/* What one page is to hold. */
struct page {
    const char *prefix;
    const char *delimiter; /* NULL: none */
    const char *encoding;  /* NULL or "url" */
    char *after;           /* keys up to this one are past */
    int64_t max;
    int64_t given;
    bool truncated;
    const char *last; /* key or common prefix given last */
};

static struct entry *add_entry(struct listing *listing, const char *key)
{
    struct entry *entry;

    if (listing->count == listing->cap) {
        struct entry *grown;

        listing->cap = listing->cap > 0 ? listing->cap * 2 : 64;
        grown = sim_alloc(listing->cap * sizeof(*grown));
        if (listing->count > 0) {
            memcpy(grown, listing->entry, listing->count * sizeof(*grown));
        }
        free(listing->entry);
        listing->entry = grown;
    }
    entry = &listing->entry[listing->count++];
    entry->key = sim_alloc(strlen(key) + 1);
    strcpy(entry->key, key);
    return entry;
}

/* A file, unless something was put or deleted in its place. */
static void add_file(struct listing *listing, const char *key,
                     const struct stat *status)
{
    struct entry *entry;

    if (sim_bucket_object(listing->bucket, key) == NULL) {
        entry = add_entry(listing, key);
        entry->size = status->st_size;
        entry->modified = status->st_mtim.tv_sec;
        sim_s3_etag(key, status, entry->etag);
    }
}

static void add_objects(struct listing *listing)
{
    for (size_t i = 0; i < listing->bucket->objects; i++) {
        const struct sim_object *object = listing->bucket->object[i];
        struct entry *entry;

        if (object->blob != NULL) {
            entry = add_entry(listing, object->key);
            entry->size = (int64_t)object->blob->len;
            entry->modified = object->modified;
            strcpy(entry->etag, object->etag);
        }
    }
}

static void walk(struct listing *listing, const char *folder, const char *key,
                 int depth)
{
    DIR *entries = depth < DEPTH_MAX ? opendir(folder) : NULL;
    struct dirent *entry;

    while (entries != NULL && (entry = readdir(entries)) != NULL) {
        struct sim_text path = {0};
        struct sim_text name = {0};
        struct stat status = {.st_mode = 0};

        if (strcmp(entry->d_name, ".") == 0 ||
            strcmp(entry->d_name, "..") == 0) {
            continue;
        }
        sim_text_printf(&path, "%s/%s", folder, entry->d_name);
        sim_text_printf(&name, "%s%s%s", key, key[0] != '\0' ? "/" : "",
                        entry->d_name);
        stat(path.data, &status); /* what vanished is neither of the two */
        if (S_ISDIR(status.st_mode)) {
            walk(listing, path.data, name.data, depth + 1);
        } else if (name.len <= SIM_S3_KEY_MAX && S_ISREG(status.st_mode)) {
            add_file(listing, name.data, &status);
        }
        sim_text_fini(&path);
        sim_text_fini(&name);
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

static int compare_keys(const void *a, const void *b)
{
    const struct entry *one = a;
    const struct entry *other = b;

    return strcmp(one->key, other->key);
}

static void fini_listing(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++) {
        free(listing->entry[i].key);
    }
    free(listing->entry);
}

static void put_coded(struct sim_text *out, const struct page *page,
                      const char *name, const char *text)
{
    struct sim_text coded = {0};

    if (page->encoding != NULL) {
        for (; *text != '\0'; text++) {
            char one[2] = {*text, '\0'};

            if (*text == '/') {
                sim_text_byte(&coded, '/');
            } else {
                sim_text_urlencode(&coded, one, 1);
            }
        }
    } else {
        sim_text_str(&coded, text);
    }
    sim_text_byte(&coded, '\0');
    sim_xml_put(out, name, coded.data);
    sim_text_fini(&coded);
}

static void put_entry(struct sim_text *out, const struct page *page,
                      const struct entry *entry)
{
    char modified[32];

    sim_aws_instant(entry->modified, modified, sizeof(modified));
    snprintf(modified + 19, sizeof(modified) - 19, ".000Z");
    sim_text_str(out, "<Contents>");
    put_coded(out, page, "Key", entry->key);
    sim_xml_put(out, "LastModified", modified);
    sim_xml_put(out, "ETag", entry->etag);
    sim_xml_put_int(out, "Size", entry->size);
    sim_xml_put(out, "StorageClass", "STANDARD");
    sim_text_str(out, "</Contents>");
}

/* The length of the key's part up to and with the delimiter after the prefix;
   0 if it stands for itself. */
static size_t common_len(const struct page *page, const char *key)
{
    const char *found =
        page->delimiter != NULL
            ? strstr(key + strlen(page->prefix), page->delimiter)
            : NULL;

    return found != NULL ? (size_t)(found - key) + strlen(page->delimiter) : 0;
}

/* Objects and groups of them, in order, until the page is full. Groups go to
   a text of their own, for they stand after the objects. */
static void fill_page(struct page *page, const struct listing *listing,
                      struct sim_text *objects, struct sim_text *groups)
{
    size_t prefix_len = strlen(page->prefix);
    char group[SIM_S3_KEY_MAX + 1] = "";

    for (size_t i = 0; i < listing->count; i++) {
        const char *key = listing->entry[i].key;
        size_t common;

        if (strncmp(key, page->prefix, prefix_len) != 0 ||
            (page->after != NULL && strcmp(key, page->after) <= 0)) {
            continue;
        }
        common = common_len(page, key);
        if (common > 0 && strncmp(group, key, common) == 0) {
            page->last = key; /* of the group that is there already */
            continue;
        }
        if (page->given == page->max) {
            page->truncated = true;
            return;
        }
        if (common > 0) {
            snprintf(group, sizeof(group), "%.*s", (int)common, key);
            sim_text_str(groups, "<CommonPrefixes>");
            put_coded(groups, page, "Prefix", group);
            sim_text_str(groups, "</CommonPrefixes>");
        } else {
            put_entry(objects, page, &listing->entry[i]);
        }
        page->given++;
        page->last = key;
    }
}

static void put_hex(struct sim_text *out, const char *text)
{
    sim_text_str(out, "1");
    for (; *text != '\0'; text++) {
        sim_text_printf(out, "%02x", (unsigned char)*text);
    }
}

/* The key that a token stands for, to be freed; NULL if it is none of ours. */
static char *read_token(const char *token)
{
    size_t len = strlen(token);
    char *key;

    if (len < 3 || len % 2 == 0 || token[0] != '1' ||
        strspn(token, "0123456789abcdef") != len) {
        return NULL;
    }
    key = sim_alloc(len / 2 + 1);
    for (size_t i = 0; i < len / 2; i++) {
        unsigned byte = 0;

        sscanf(token + 1 + 2 * i, "%2x", &byte);
        key[i] = (char)byte;
    }
    return key;
}

static void put_ends(struct sim_text *out, const struct page *page,
                     const char *token)
{
    if (token != NULL) {
        sim_xml_put(out, "ContinuationToken", token);
    }
    if (page->truncated) {
        sim_text_str(out, "<NextContinuationToken>");
        put_hex(out, page->last);
        sim_text_str(out, "</NextContinuationToken>");
    }
    sim_xml_put_int(out, "KeyCount", page->given);
    sim_xml_put_int(out, "MaxKeys", page->max);
    sim_xml_put(out, "IsTruncated", page->truncated ? "true" : "false");
}

static void render(struct page *page, const struct listing *listing,
                   const char *bucket, const char *token,
                   struct sim_answer *answer)
{
    struct sim_text objects = {0};
    struct sim_text groups = {0};
    struct sim_text out = {0};

    if (page->max > 0) {
        fill_page(page, listing, &objects, &groups);
    }
    sim_text_str(&out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                       "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/"
                       "2006-03-01/\">");
    sim_xml_put(&out, "Name", bucket);
    put_coded(&out, page, "Prefix", page->prefix);
    if (page->delimiter != NULL) {
        put_coded(&out, page, "Delimiter", page->delimiter);
    }
    if (page->encoding != NULL) {
        sim_xml_put(&out, "EncodingType", page->encoding);
    }
    put_ends(&out, page, token);
    sim_text_add(&out, objects.data, objects.len);
    sim_text_add(&out, groups.data, groups.len);
    sim_text_str(&out, "</ListBucketResult>");
    sim_text_byte(&out, '\0');
    sim_answer_text(answer, 200, "application/xml", out.data);
    sim_text_fini(&objects);
    sim_text_fini(&groups);
    sim_text_fini(&out);
}

/* NULL, or what is wrong with a parameter. */
static const char *read_page(const struct sim_query *query, struct page *page)
{
    bool repeated = false;
    const char *max = sim_query_get(query, "max-keys", &repeated);
    const char *token = sim_query_get(query, "continuation-token", &repeated);
    const char *after = sim_query_get(query, "start-after", &repeated);

    page->prefix = sim_query_get(query, "prefix", &repeated);
    page->delimiter = sim_query_get(query, "delimiter", &repeated);
    page->encoding = sim_query_get(query, "encoding-type", &repeated);
    page->prefix = page->prefix != NULL ? page->prefix : "";
    if (page->delimiter != NULL && page->delimiter[0] == '\0') {
        page->delimiter = NULL;
    }
    page->max = 1000;
    if (repeated) {
        return "A parameter is given twice";
    }
    if (max != NULL && !sim_query_number(max, &page->max)) {
        return "Provided max-keys not an integer or within integer range";
    }
    page->max = page->max < 1000 ? page->max : 1000;
    if (page->encoding != NULL && strcmp(page->encoding, "url") != 0) {
        return "Invalid Encoding Method specified in Request";
    }
    if (token != NULL) {
        page->after = read_token(token);
        return page->after == NULL
                   ? "The continuation token provided is incorrect"
                   : NULL;
    }
    if (after != NULL) {
        page->after = sim_alloc(strlen(after) + 1);
        strcpy(page->after, after);
    }
    return NULL;
}

void sim_s3_list(struct sim_server *server, const struct sim_bucket *bucket,
                 struct sim_answer *answer)
{
    struct page page = {.max = 0};
    struct listing listing = {.bucket = bucket};
    const char *wrong = read_page(&server->query, &page);
    struct sim_text folder = {0};
    bool repeated = false;

    if (wrong != NULL) {
        sim_protocol_s3_error(answer, 400, "InvalidArgument", wrong, "");
    } else {
        sim_text_printf(&folder, "%s/%s", server->options.aws.s3_root,
                        bucket->name);
        if (server->options.aws.s3_root[0] != '\0') {
            walk(&listing, folder.data, "", 0);
        }
        add_objects(&listing);
        if (listing.count > 0) {
            qsort(listing.entry, listing.count, sizeof(*listing.entry),
                  compare_keys);
        }
        render(&page, &listing, bucket->name,
               sim_query_get(&server->query, "continuation-token", &repeated),
               answer);
    }
    sim_text_fini(&folder);
    free(page.after);
    fini_listing(&listing);
}
