/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What IAM is asked: groups of actions, each with the resources that they would
 * touch. Creating a set is asked of the detector, updating one of the set
 * itself, and where a list has none yet, of any set of the detector. A policy
 * for "*" fits all of them. Source of the ARNs: Service Authorization
 * Reference, "Amazon GuardDuty"; of the role: GuardDuty user guide,
 * "slr-permissions".
 */
#include "sinks/publish_check_state.h"

#include <assert.h>
#include <stdio.h>

#define RESOURCES_MAX (256u * 1024)
#define ARN_MAX (SLU_SET_ID_MAX * 2 + 200)

#define GUARDDUTY_ROLE                                                         \
    "aws-service-role/guardduty.amazonaws.com/"                                \
    "AWSServiceRoleForAmazonGuardDuty"

/* ---- groups ---- */

static enum slu_err add_resource(struct slu_check_group *group, const char *arn)
{
    uint32_t number;
    bool is_new;

    return slu_intern_add(&group->resources, slu_view_str(arn), &number,
                          &is_new);
}

/* The next group; the caller fills in its resources, and keep_group keeps it
 * when there are some. */
static struct slu_check_group *next_group(struct slu_check_simulation *self,
                                          const char *first, const char *second,
                                          const char *why)
{
    struct slu_check_group *group = &self->groups[self->group_count];

    assert(self->group_count < SLU_CHECK_GROUPS_MAX);
    *group = (struct slu_check_group){
        .actions = {first, second},
        .action_count = second == NULL ? 1 : 2,
        .why = why,
    };
    slu_intern_init(&group->resources, self->track.check->alloc, RESOURCES_MAX);
    slu_buf_init(&group->found, self->track.check->alloc, RESOURCES_MAX);
    self->group_count++;
    return group;
}

/* Room for what will be found; a group without resources is none. */
static enum slu_err keep_group(struct slu_check_simulation *self,
                               struct slu_check_group *group)
{
    size_t count = (size_t)group->action_count * group->resources.count;
    char *room;
    enum slu_err err;

    if (count == 0) {
        slu_intern_fini(&group->resources);
        self->group_count--;
        return SLU_ERR_OK;
    }
    err = slu_buf_reserve(&group->found, count, &room);
    if (err == SLU_ERR_OK) {
        memset(room, SLU_CHECK_UNTOLD, count);
        slu_buf_commit(&group->found, count);
    }
    return err;
}

/* "arn:aws:guardduty:us-east-1:123456789012:detector/ID" */
static void format_detector(const struct slu_check_region *region,
                            char out[ARN_MAX])
{
    (void)snprintf(out, ARN_MAX, "arn:%s:guardduty:%s:%s:detector/%s",
                   slu_aws_partition(slu_view_str(region->region)),
                   region->region, region->track.check->caller.account,
                   region->detector[0] != '\0' ? region->detector : "*");
}

static bool lacks_sets(const struct slu_check_region *region,
                       enum slu_kind kind)
{
    unsigned lists = region->track.check->options.publish.paths[kind]->count;

    return region->sets[kind].ours != (UINT32_C(1) << lists) - 1;
}

static bool takes_part(const struct slu_check_region *region,
                       enum slu_kind kind)
{
    return !region->sets[kind].absent &&
           region->track.check->options.publish.paths[kind]->count > 0;
}

static enum slu_err add_create(struct slu_check_group *group,
                               const struct slu_check_region *region,
                               enum slu_kind kind)
{
    char arn[ARN_MAX];

    if (!lacks_sets(region, kind)) {
        return SLU_ERR_OK;
    }
    format_detector(region, arn);
    return add_resource(group, arn);
}

/* "…:detector/ID/threatintelset/ID"; id "*" for a set that isn't made yet. */
static enum slu_err add_set(struct slu_check_group *group,
                            const struct slu_check_region *region,
                            enum slu_kind kind, const char *id)
{
    enum slu_threat_noun noun =
        kind == SLU_KIND_IP ? SLU_THREAT_INTEL_SET : SLU_THREAT_ENTITY_SET;
    char arn[ARN_MAX];
    size_t len;

    format_detector(region, arn);
    len = strlen(arn);
    (void)snprintf(arn + len, sizeof(arn) - len, "/%s/%s",
                   slu_threat_noun_path(noun), id);
    return add_resource(group, arn);
}

static enum slu_err add_update(struct slu_check_group *group,
                               const struct slu_check_region *region,
                               enum slu_kind kind)
{
    const struct slu_buf *ids = &region->sets[kind].ids;
    enum slu_err err = SLU_ERR_OK;

    for (size_t at = 0; at < ids->len && err == SLU_ERR_OK;
         at += strlen(ids->ptr + at) + 1) {
        err = add_set(group, region, kind, ids->ptr + at);
    }
    if (err == SLU_ERR_OK && lacks_sets(region, kind)) {
        err = add_set(group, region, kind, "*");
    }
    return err;
}

static enum slu_err add_get(struct slu_check_group *group,
                            const struct slu_check_region *region,
                            enum slu_kind kind)
{
    return region->sets[kind].tried_get ? SLU_ERR_OK
                                        : add_set(group, region, kind, "*");
}

typedef enum slu_err (*add_fn)(struct slu_check_group *group,
                               const struct slu_check_region *region,
                               enum slu_kind kind);

static enum slu_err plan_kind(struct slu_check_simulation *self,
                              enum slu_kind kind, const char *action,
                              const char *why, add_fn add)
{
    struct slu_publish_check *check = self->track.check;
    struct slu_check_group *group = next_group(self, action, NULL, why);
    unsigned count = 0;
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < check->region_count && err == SLU_ERR_OK; i++) {
        if (takes_part(&check->regions[i], kind)) {
            group->region = count++ == 0 ? check->regions[i].region : NULL;
            err = add(group, &check->regions[i], kind);
        }
    }
    return err == SLU_ERR_OK ? keep_group(self, group) : err;
}

static enum slu_err plan_sets(struct slu_check_simulation *self)
{
    static const struct {
        enum slu_kind kind;
        const char *action;
        const char *why;
        add_fn add;
    } rows[] = {
        {SLU_KIND_IP, "guardduty:CreateThreatIntelSet",
         "needed to register an IP list", add_create},
        {SLU_KIND_IP, "guardduty:UpdateThreatIntelSet",
         "needed to activate an IP list", add_update},
        {SLU_KIND_IP, "guardduty:GetThreatIntelSet",
         "needed to see whether an IP list is active", add_get},
        {SLU_KIND_DOMAIN, "guardduty:CreateThreatEntitySet",
         "needed to register a domain list", add_create},
        {SLU_KIND_DOMAIN, "guardduty:UpdateThreatEntitySet",
         "needed to activate a domain list", add_update},
        {SLU_KIND_DOMAIN, "guardduty:GetThreatEntitySet",
         "needed to see whether a domain list is active", add_get},
    };
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (err == SLU_ERR_OK) {
            err = plan_kind(self, rows[i].kind, rows[i].action, rows[i].why,
                            rows[i].add);
        }
    }
    return err;
}

static enum slu_err plan_detectors(struct slu_check_simulation *self)
{
    struct slu_publish_check *check = self->track.check;
    struct slu_check_group *group =
        next_group(self, "guardduty:CreateDetector", NULL,
                   "needed by guardduty.create_detector");
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < check->region_count && err == SLU_ERR_OK; i++) {
        if (check->regions[i].none && check->options.publish.create_detector) {
            group->region =
                group->resources.count == 0 ? check->regions[i].region : NULL;
            err = add_resource(group, "*");
        }
    }
    return err == SLU_ERR_OK ? keep_group(self, group) : err;
}

static enum slu_err plan_role(struct slu_check_simulation *self)
{
    struct slu_publish_check *check = self->track.check;
    struct slu_check_group *group;
    char arn[ARN_MAX];
    enum slu_err err = SLU_ERR_OK;

    if (!check->options.sets) {
        return SLU_ERR_OK;
    }
    group = next_group(self, "iam:PutRolePolicy", "iam:DeleteRolePolicy",
                       "needed by GuardDuty to read an IP list");
    group->region = slu_aws_home_region(slu_view_str(check->aws_region));
    if (check->options.publish.paths[SLU_KIND_IP]->count > 0) {
        (void)snprintf(arn, sizeof(arn), "arn:%s:iam::%s:role/" GUARDDUTY_ROLE,
                       slu_check_partition(check), check->caller.account);
        err = add_resource(group, arn);
    }
    return err == SLU_ERR_OK ? keep_group(self, group) : err;
}

static enum slu_err plan_action(struct slu_check_simulation *self,
                                const char *action, const char *why)
{
    struct slu_publish_check *check = self->track.check;
    struct slu_check_group *group = next_group(self, action, NULL, why);
    char arn[SLU_LOCATION_MAX + 1];
    enum slu_err err = SLU_ERR_OK;

    group->shared = true;
    group->region = slu_check_bucket_region(check);
    for (unsigned i = 0; slu_check_path(check, i) != NULL && err == SLU_ERR_OK;
         i++) {
        slu_check_object_arn(check, i, arn);
        err = add_resource(group, arn);
    }
    return err == SLU_ERR_OK ? keep_group(self, group) : err;
}

/* Only where the trials didn't tell. A PUT that was let in as far as its
 * condition proves s3:GetObject as well. */
static enum slu_err plan_objects(struct slu_check_simulation *self)
{
    const struct slu_check_bucket *bucket = &self->track.check->bucket;
    enum slu_err err = SLU_ERR_OK;

    if (bucket->unknown > 0) {
        err = plan_action(self, "s3:PutObject", SLU_CHECK_WHY_PUT);
    }
    if (err == SLU_ERR_OK && bucket->get_unknown && bucket->proved == 0 &&
        bucket->denied_gets == 0) {
        err = plan_action(self, "s3:GetObject", SLU_CHECK_WHY_GET);
    }
    return err;
}

/* The account's own key of S3 needs no permission. */
static enum slu_err plan_key(struct slu_check_simulation *self)
{
    struct slu_publish_check *check = self->track.check;
    const char *key = check->options.publish.bucket->kms_key_id;
    struct slu_check_group *group;
    struct slu_arn parsed;
    char arn[ARN_MAX];
    enum slu_err err;

    if (key[0] == '\0' || strcmp(key, "aws/s3") == 0 ||
        strcmp(key, "alias/aws/s3") == 0) {
        return SLU_ERR_OK;
    }
    if (strstr(key, "alias/") != NULL) {
        slu_check_say(&self->track, SLU_CHECK_WARN,
                      "not proved: kms:GenerateDataKey and kms:Decrypt on %s, "
                      "for an alias doesn't tell its key; give the key's ARN",
                      key);
        return SLU_ERR_OK;
    }
    (void)snprintf(arn, sizeof(arn), "%s", key);
    if (!slu_arn_parse(slu_view_str(key), &parsed)) {
        (void)snprintf(arn, sizeof(arn), "arn:%s:kms:%s:%s:key/%s",
                       slu_check_partition(check),
                       slu_check_bucket_region(check), check->caller.account,
                       key);
    }
    group = next_group(self, "kms:GenerateDataKey", "kms:Decrypt",
                       "needed to encrypt the objects");
    group->shared = true;
    group->region = slu_check_bucket_region(check);
    err = add_resource(group, arn);
    return err == SLU_ERR_OK ? keep_group(self, group) : err;
}

enum slu_err slu_check_simulation_plan(struct slu_check_simulation *self)
{
    enum slu_err err = plan_sets(self);

    if (err == SLU_ERR_OK) {
        err = plan_detectors(self);
    }
    if (err == SLU_ERR_OK) {
        err = plan_role(self);
    }
    if (err == SLU_ERR_OK) {
        err = plan_objects(self);
    }
    if (err == SLU_ERR_OK) {
        err = plan_key(self);
    }
    return err;
}
