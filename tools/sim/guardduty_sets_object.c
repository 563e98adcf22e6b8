/* SPDX-License-Identifier: Apache-2.0 */
/* What: the file behind a location, read as GuardDuty reads it: with its own
   service-linked role, and never of a bucket that belongs to somebody else. */
#include <stdio.h>
#include <string.h>

#include "guardduty_sets.h"
#include "s3.h"

/* True if the bucket is one that it may be. Lists of entities are always
   checked, lists of addresses only if an owner is given. */
static bool is_expected(const struct sim_set *set,
                        const struct sim_bucket *bucket)
{
    const char *expected = set->expected_owner;

    if (expected[0] == '\0') {
        if (!sim_set_nouns[set->kind].entity) {
            return true;
        }
        expected = set->account;
    }
    return strcmp(bucket->owner, expected) == 0;
}

/* NULL, or why GuardDuty can't have the object's bytes. */
static const char *judge_object(const struct sim_options *options,
                                const struct sim_set *set,
                                const struct sim_object *object)
{
    if (object == NULL) {
        return "The object could not be found";
    }
    if (!is_expected(set, object->bucket)) {
        return "The bucket is not owned by the expected account";
    }
    if (object->cipher == SIM_CIPHER_CUSTOMER) {
        return "The object is encrypted with a customer's key";
    }
    return object->cipher == SIM_CIPHER_KMS && options->gd_kms_denied
               ? "The object could not be decrypted"
               : NULL;
}

void sim_set_load(struct sim_sets *sets, const struct sim_set *set,
                  struct sim_set_content *out)
{
    const struct sim_options *options = &sets->server->options;
    const struct sim_object *object = NULL;
    const char *wrong = "The location is not valid";
    struct sim_set_location location;

    memset(out, 0, sizeof(*out));
    if (sim_set_location_read(set->location, &location)) {
        object = sim_s3_find(sets->server, location.bucket, location.key);
        wrong = judge_object(options, set, object);
    }
    if (wrong == NULL) {
        sim_set_content_judge(options, set, object->blob->data,
                              object->blob->len, out);
    } else {
        snprintf(out->wrong, sizeof(out->wrong), "%s", wrong);
    }
}
