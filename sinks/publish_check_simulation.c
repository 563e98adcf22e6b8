/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can't be tried without changing something is asked of IAM: one question
 * (in pages) for each group of actions that publish_check_plan.c has made.
 */
#include "sinks/publish_check_state.h"

#include <stdio.h>

#define PAGES_MAX 100
#define RESOURCE_TEXT_MAX 900

/* ---- what can't be asked ---- */

static void list_actions(const struct slu_check_simulation *self, char *out,
                         size_t room)
{
    size_t len = 0;

    out[0] = '\0';
    for (unsigned i = self->at; i < self->group_count; i++) {
        for (unsigned k = 0; k < self->groups[i].action_count; k++) {
            int added =
                snprintf(out + len, room - len, "%s%s", len == 0 ? "" : ", ",
                         self->groups[i].actions[k]);

            len += added > 0 && (size_t)added < room - len ? (size_t)added : 0;
        }
    }
    out[len] = '\0';
}

/* What is left to ask stays without proof. */
static void leave_unproved(struct slu_check_simulation *self, const char *why)
{
    char actions[SLU_ERROR_TEXT_MAX];

    list_actions(self, actions, sizeof(actions));
    slu_check_say(&self->track, SLU_CHECK_WARN, "not proved: %s: %s", actions,
                  why);
    self->track.over = true;
}

static const char *explain_caller(const struct slu_publish_check *check)
{
    switch (check->caller_kind) {
    case SLU_CALLER_ROOT:
        return "IAM simulates no root user";
    case SLU_CALLER_OTHER:
        return "IAM simulates users and roles only";
    default:
        return "it is not known who asks";
    }
}

void slu_check_simulation_begin(struct slu_check_simulation *self)
{
    struct slu_publish_check *check = self->track.check;

    if (self->group_count == 0 || check->sign_in.code != SLU_ERR_OK) {
        self->track.over = true;
    } else if (check->principal[0] == '\0') {
        leave_unproved(self, explain_caller(check));
    }
}

/* ---- asking ---- */

static struct slu_check_group *present(struct slu_check_simulation *self)
{
    return &self->groups[self->at];
}

static enum slu_err write_request(struct slu_check_track *track,
                                  struct slu_request *out)
{
    struct slu_check_simulation *self = (struct slu_check_simulation *)track;
    struct slu_publish_check *check = track->check;
    struct slu_iam_question question = {
        .principal = slu_view_str(check->principal),
        .actions = present(self)->actions,
        .action_count = present(self)->action_count,
        .resources = &present(self)->resources,
        .region = slu_view_str(present(self)->region),
        .marker = slu_buf_view(&self->marker),
    };
    enum slu_err err;

    (void)snprintf(track->head.name, sizeof(track->head.name),
                   "iam:SimulatePrincipalPolicy of %s",
                   present(self)->actions[0]);
    out->method = SLU_METHOD_POST;
    out->content_type = (struct slu_view)SLU_VIEW_LITERAL(SLU_IAM_CONTENT_TYPE);
    out->aws = (struct slu_aws_scope){
        .service = SLU_VIEW_LITERAL("iam"),
        .region =
            slu_view_str(slu_aws_home_region(slu_view_str(check->aws_region))),
    };
    err = slu_buf_append_str(&track->target, "/");
    return err == SLU_ERR_OK ? slu_iam_write_question(&track->sent, &question)
                             : err;
}

static enum slu_check_found judge(const struct slu_iam_evaluation *one)
{
    if (one->allowed) {
        return SLU_CHECK_ALLOWED;
    }
    if (one->needs.len > 0) {
        return SLU_CHECK_HANGS;
    }
    return one->explicit_deny ? SLU_CHECK_DENIED : SLU_CHECK_MISSING;
}

/* What wasn't asked for is passed over. */
static void hear(void *ctx, const struct slu_iam_evaluation *one)
{
    struct slu_check_simulation *self = ctx;
    struct slu_check_group *group = present(self);
    enum slu_check_found found = judge(one);

    for (unsigned k = 0; k < group->action_count; k++) {
        for (uint32_t i = 0; i < group->resources.count; i++) {
            if (slu_view_equal_str(one->action, group->actions[k]) &&
                slu_view_equal(one->resource,
                               slu_intern_text(&group->resources, i))) {
                group->found.ptr[k * group->resources.count + i] = (char)found;
            }
        }
    }
    if (found == SLU_CHECK_HANGS) {
        (void)snprintf(self->needs, sizeof(self->needs), "%.*s",
                       SLU_VIEW_ARGS(one->needs));
    }
    self->by_organization |= !one->allowed && one->by_organization;
    self->by_boundary |= !one->allowed && one->by_boundary;
}

/* ---- what was found ---- */

static bool is_missing(enum slu_check_found found)
{
    return found == SLU_CHECK_MISSING || found == SLU_CHECK_DENIED;
}

/* "ARN and 3 more", of those found so. */
static unsigned list_resources(const struct slu_check_group *group,
                               unsigned action,
                               bool (*wanted)(enum slu_check_found found),
                               char *out, size_t room)
{
    const char *found = group->found.ptr + action * group->resources.count;
    struct slu_view first = {NULL, 0};
    unsigned count = 0;

    for (uint32_t i = 0; i < group->resources.count; i++) {
        if (wanted((enum slu_check_found)found[i]) && count++ == 0) {
            first = slu_intern_text(&group->resources, i);
        }
    }
    (void)snprintf(out, room, "%.*s", SLU_VIEW_ARGS(first));
    if (count > 1) {
        (void)snprintf(out, room, "%.*s and %u more", SLU_VIEW_ARGS(first),
                       count - 1);
    }
    return count;
}

static bool is_found(const struct slu_check_group *group, unsigned action,
                     enum slu_check_found wanted)
{
    const char *found = group->found.ptr + action * group->resources.count;

    return memchr(found, wanted, group->resources.count) != NULL;
}

static bool hangs(enum slu_check_found found)
{
    return found == SLU_CHECK_HANGS;
}

static bool is_untold(enum slu_check_found found)
{
    return found == SLU_CHECK_UNTOLD;
}

static const char *explain_denial(const struct slu_check_simulation *self,
                                  const struct slu_check_group *group,
                                  unsigned action)
{
    if (self->by_organization) {
        return "a service control policy of the organization doesn't allow it";
    }
    if (self->by_boundary) {
        return "the permissions boundary doesn't allow it";
    }
    return is_found(group, action, SLU_CHECK_DENIED)
               ? "a policy denies it"
               : "no policy of the user or role allows it";
}

static void tell_action(struct slu_check_simulation *self,
                        const struct slu_check_group *group, unsigned action)
{
    const char *name = group->actions[action];
    struct slu_check_track *track = &self->track;
    char resource[RESOURCE_TEXT_MAX];

    if (list_resources(group, action, is_missing, resource, sizeof(resource))) {
        if (group->shared && !is_found(group, action, SLU_CHECK_DENIED)) {
            slu_check_say(track, SLU_CHECK_WARN,
                          "not proved: %s on %s: no policy of the user or role "
                          "allows it; the resource's own policy may",
                          name, resource);
        } else {
            slu_check_say_missing(track, name, resource, group->why,
                                  explain_denial(self, group, action));
        }
    }
    if (list_resources(group, action, hangs, resource, sizeof(resource))) {
        slu_check_say(track, SLU_CHECK_WARN,
                      "not proved: %s on %s: it hangs on the condition %s",
                      name, resource, self->needs);
    }
    if (list_resources(group, action, is_untold, resource, sizeof(resource))) {
        slu_check_say(track, SLU_CHECK_WARN,
                      "not proved: %s on %s: IAM's simulation doesn't tell",
                      name, resource);
    }
}

static void end_group(struct slu_check_simulation *self)
{
    const struct slu_check_group *group = present(self);

    for (unsigned k = 0; k < group->action_count; k++) {
        tell_action(self, group, k);
    }
    self->by_organization = false;
    self->by_boundary = false;
    self->at++;
    self->track.over = self->at == self->group_count;
}

static void take_refusal(struct slu_check_simulation *self,
                         const struct slu_aws_error *refusal)
{
    const char *principal = self->track.check->principal;
    char why[SLU_CALLER_ARN_MAX + 200];

    if (slu_check_is_denied(refusal)) {
        (void)snprintf(why, sizeof(why),
                       "iam:SimulatePrincipalPolicy is not permitted; grant it "
                       "on %s, and check proves them",
                       principal);
    } else if (strcmp(refusal->code, "NoSuchEntity") == 0) {
        (void)snprintf(why, sizeof(why),
                       "IAM doesn't find %s: the role's ARN has a path, which "
                       "its session doesn't tell",
                       principal);
    } else {
        (void)snprintf(why, sizeof(why), "%s: HTTP %d %s: %s",
                       self->track.head.name, refusal->status, refusal->code,
                       refusal->message);
    }
    leave_unproved(self, why);
}

static enum slu_err take_answer(struct slu_check_track *track,
                                const struct slu_aws_error *refusal)
{
    struct slu_check_simulation *self = (struct slu_check_simulation *)track;
    struct slu_buf marker;
    bool repeats;
    enum slu_err err;

    if (refusal != NULL) {
        take_refusal(self, refusal);
        return SLU_ERR_OK;
    }
    slu_buf_init(&marker, track->check->alloc, SLU_IAM_MARKER_MAX);
    err = slu_iam_read_answer(track->check->alloc, slu_buf_view(&track->body),
                              hear, self, &marker, &track->error);
    if (err != SLU_ERR_OK) {
        slu_buf_fini(&marker);
        return err;
    }
    repeats = marker.len > 0 && slu_view_equal(slu_buf_view(&marker),
                                               slu_buf_view(&self->marker));
    slu_buf_fini(&self->marker);
    self->marker = marker;
    if (marker.len == 0 || repeats || ++self->pages == PAGES_MAX) {
        slu_buf_clear(&self->marker);
        self->pages = 0;
        end_group(self);
    }
    return SLU_ERR_OK;
}

const struct slu_check_steps slu_check_simulation_steps = {
    .write = write_request,
    .take = take_answer,
};

/* ---- lines ---- */

static bool is_all_allowed(const struct slu_check_group *group)
{
    for (size_t i = 0; i < group->found.len; i++) {
        if (group->found.ptr[i] != SLU_CHECK_ALLOWED) {
            return false;
        }
    }
    return true;
}

void slu_check_simulation_conclude(struct slu_check_simulation *self)
{
    for (unsigned i = 0; i < self->at; i++) {
        const struct slu_check_group *group = &self->groups[i];

        if (is_all_allowed(group)) {
            slu_check_say(&self->track, SLU_CHECK_OK,
                          "%s%s%s: permitted, as IAM simulates it",
                          group->actions[0],
                          group->action_count > 1 ? ", " : "",
                          group->action_count > 1 ? group->actions[1] : "");
        }
    }
}
