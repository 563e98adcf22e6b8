/* SPDX-License-Identifier: Apache-2.0 */
/* What: the file behind a location, read as GuardDuty reads it: with its own
   service-linked role, and never of a bucket that belongs to somebody else. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guardduty_sets.h"

/* The one place where sets meet S3. */
static void read_object(const struct sim_server *server,
                        const struct sim_set_location *location,
                        struct sim_set_object *out)
{
    struct sim_text path = {0};
    struct sim_text data = {0};
    struct stat status;
    int fd;

    memset(out, 0, sizeof(*out));
    snprintf(out->owner, sizeof(out->owner), "%s", server->options.aws.account);
    sim_text_printf(&path, "%s/%s/%s", server->options.aws.s3_root,
                    location->bucket, location->key);
    sim_text_byte(&path, '\0');
    fd = server->options.aws.s3_root[0] != '\0'
             ? open(path.data, O_RDONLY | O_CLOEXEC)
             : -1;
    if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        ssize_t got = 1;

        while (got > 0) {
            got = read(fd, sim_text_reserve(&data, 65536), 65536);
            data.len += got > 0 ? (size_t)got : 0;
        }
        out->blob = sim_blob_new(data.data, data.len);
    } else {
        out->wrong = "The object could not be found";
    }
    if (fd >= 0) {
        close(fd);
    }
    sim_text_fini(&data);
    sim_text_fini(&path);
}

/* NULL, or why the bucket isn't the one that it should be. Lists of entities
   are always checked, lists of addresses only if an owner is given. */
static const char *judge_owner(const struct sim_set *set,
                               const struct sim_set_object *object)
{
    const char *expected = set->expected_owner;

    if (expected[0] == '\0') {
        if (!sim_set_nouns[set->kind].entity) {
            return NULL;
        }
        expected = set->account;
    }
    return strcmp(object->owner, expected) == 0
               ? NULL
               : "The bucket is not owned by the expected account";
}

void sim_set_load(struct sim_sets *sets, const struct sim_set *set,
                  struct sim_set_content *out)
{
    struct sim_set_location location;
    struct sim_set_object object = {.wrong = "The location is not valid"};

    memset(out, 0, sizeof(*out));
    if (sim_set_location_read(set->location, &location)) {
        read_object(sets->server, &location, &object);
    }
    if (object.wrong == NULL) {
        object.wrong = judge_owner(set, &object);
    }
    if (object.wrong == NULL && object.customer_key) {
        object.wrong = "The object is encrypted with a customer's key";
    }
    if (object.wrong == NULL) {
        sim_set_content_judge(&sets->server->options, set, object.blob->data,
                              object.blob->len, out);
    } else {
        snprintf(out->wrong, sizeof(out->wrong), "%s", object.wrong);
    }
    if (object.blob != NULL) {
        sim_blob_release(object.blob);
    }
}
