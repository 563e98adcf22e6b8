/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What we may do with GuardDuty in one region: the detector, the lists of both
 * kinds of sets, and each set. How many lists could have a set follows from it.
 */
#include "sinks/publish_check_state.h"

#include "codecs/s3_location.h"
#include "codecs/url.h"

#include <assert.h>
#include <stdio.h>

enum region_step {
    STEP_DETECTORS,
    STEP_LIST_IPS, /* of SLU_KIND_IP, then its sets; then of the domains */
    STEP_GET_IP,
    STEP_LIST_DOMAINS,
    STEP_GET_DOMAIN,
};

#define PAGES_MAX 20 /* of a list of at most six sets: it doesn't end */

static enum slu_kind kind_of(const struct slu_check_region *self)
{
    return self->track.step < STEP_LIST_DOMAINS ? SLU_KIND_IP : SLU_KIND_DOMAIN;
}

static enum slu_threat_noun noun_of(const struct slu_check_region *self)
{
    if (self->track.step == STEP_DETECTORS) {
        return SLU_THREAT_DETECTOR;
    }
    return kind_of(self) == SLU_KIND_IP ? SLU_THREAT_INTEL_SET
                                        : SLU_THREAT_ENTITY_SET;
}

static struct slu_check_sets *sets_of(struct slu_check_region *self)
{
    return &self->sets[kind_of(self)];
}

static bool is_list(const struct slu_check_region *self)
{
    return self->track.step != STEP_GET_IP &&
           self->track.step != STEP_GET_DOMAIN;
}

/* "guardduty:ListThreatIntelSets" */
static const char *action_of(const struct slu_check_region *self, char out[64])
{
    (void)snprintf(out, 64, "guardduty:%s%s%s", is_list(self) ? "List" : "Get",
                   slu_threat_noun_name(noun_of(self)),
                   is_list(self) ? "s" : "");
    return out;
}

/* ---- requests ---- */

static enum slu_err write_list(struct slu_check_region *self,
                               struct slu_buf *target)
{
    enum slu_err err;

    if (self->track.step == STEP_DETECTORS) {
        err = slu_buf_append_str(target, "/detector?maxResults=50");
    } else {
        err =
            slu_buf_printf(target, "/detector/%s/%s?maxResults=50",
                           self->detector, slu_threat_noun_path(noun_of(self)));
    }
    if (err == SLU_ERR_OK && self->token.len > 0) {
        err = slu_buf_append_str(target, "&nextToken=");
    }
    return err == SLU_ERR_OK
               ? slu_url_append_encoded(target, slu_buf_view(&self->token))
               : err;
}

static enum slu_err write_get(struct slu_check_region *self,
                              struct slu_buf *target)
{
    enum slu_err err =
        slu_buf_printf(target, "/detector/%s/%s/", self->detector,
                       slu_threat_noun_path(noun_of(self)));

    return err == SLU_ERR_OK
               ? slu_url_append_encoded(target,
                                        slu_view_str(self->ids.ptr + self->at))
               : err;
}

static enum slu_err write_request(struct slu_check_track *track,
                                  struct slu_request *out)
{
    struct slu_check_region *self = (struct slu_check_region *)track;
    char action[64];

    (void)snprintf(track->head.name, sizeof(track->head.name), "%s in %s",
                   action_of(self, action), self->region);
    out->method = SLU_METHOD_GET;
    out->accept = (struct slu_view)SLU_VIEW_LITERAL("application/json");
    out->aws = (struct slu_aws_scope){
        .service = SLU_VIEW_LITERAL("guardduty"),
        .region = slu_view_str(self->region),
    };
    return is_list(self) ? write_list(self, &track->target)
                         : write_get(self, &track->target);
}

/* ---- where it goes on ---- */

/* GovCloud takes no entity lists (user guide, "guardduty_upload-lists"). */
static bool has_entity_sets(const struct slu_check_region *self)
{
    return strcmp(slu_aws_partition(slu_view_str(self->region)),
                  "aws-us-gov") != 0;
}

static void go_to(struct slu_check_region *self, unsigned step)
{
    self->track.step = step;
    self->pages = 0;
    self->at = 0;
    slu_buf_clear(&self->ids);
    slu_buf_clear(&self->token);
}

static void leave_kind(struct slu_check_region *self)
{
    if (kind_of(self) == SLU_KIND_DOMAIN) {
        self->track.over = true;
        return;
    }
    go_to(self, STEP_LIST_DOMAINS);
    if (!has_entity_sets(self)) {
        self->sets[SLU_KIND_DOMAIN].absent = true;
        self->track.over = true;
    }
}

static void leave_list(struct slu_check_region *self)
{
    self->at = 0;
    if (self->ids.len == 0) {
        leave_kind(self);
        return;
    }
    self->track.step++; /* the sets of the list */
}

/* ---- whose a set is ---- */

static bool lies_at(const struct slu_check_region *self,
                    const struct slu_s3_location *where, const char *path)
{
    const struct slu_bucket_config *bucket =
        self->track.check->options.publish.bucket;
    struct slu_s3_location wanted;

    (void)snprintf(wanted.bucket, sizeof(wanted.bucket), "%s", bucket->bucket);
    (void)snprintf(wanted.key, sizeof(wanted.key), "%s%s", bucket->prefix,
                   path);
    return slu_s3_location_equal(where, &wanted);
}

/* The list that the set is of, by its location, else by its name; -1: it is
 * foreign. */
static int find_list(const struct slu_check_region *self,
                     const struct slu_threat_set *set)
{
    const struct slu_strings *paths =
        self->track.check->options.publish.paths[kind_of(self)];
    const char *prefix = self->track.check->options.publish.name_prefix;
    struct slu_s3_location where;
    char name[SLU_SET_NAME_MAX + 1];

    if (slu_s3_location_parse(slu_view_str(set->location), &where)) {
        for (unsigned i = 0; i < paths->count; i++) {
            if (lies_at(self, &where, paths->items[i])) {
                return (int)i;
            }
        }
    }
    for (unsigned i = 0; i < paths->count; i++) {
        if (slu_set_name(prefix, paths, i, name) &&
            strcmp(set->name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

/* ---- answers ---- */

static enum slu_err add_foreign(struct slu_check_sets *sets, const char *name)
{
    enum slu_err err = SLU_ERR_OK;

    if (sets->foreign.len > 0) {
        err = slu_buf_append_str(&sets->foreign, ", ");
    }
    return err == SLU_ERR_OK ? slu_buf_append_str(&sets->foreign, name) : err;
}

static enum slu_err take_get(struct slu_check_region *self)
{
    struct slu_check_track *track = &self->track;
    struct slu_check_sets *sets = sets_of(self);
    const char *id = self->ids.ptr + self->at;
    struct slu_threat_set set;
    int list;
    enum slu_err err = slu_threat_set_read_get(
        track->check->alloc, slu_buf_view(&track->body), &set, &track->error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    sets->total++;
    sets->tried_get = true;
    list = find_list(self, &set);
    if (list < 0) {
        err = add_foreign(sets, set.name);
    } else {
        sets->ours |= 1u << list;
        err = slu_buf_append(&sets->ids, slu_view_make(id, strlen(id) + 1));
    }
    self->at += strlen(id) + 1;
    if (self->at >= self->ids.len) {
        leave_kind(self);
    }
    return err;
}

static void take_detector(struct slu_check_region *self)
{
    struct slu_check_track *track = &self->track;
    bool creates = track->check->options.publish.create_detector;

    if (self->ids.len == 0) {
        self->none = true;
        track->over = true;
        slu_check_say(track, creates ? SLU_CHECK_OK : SLU_CHECK_FAIL,
                      "No GuardDuty detector found in the region %s%s",
                      self->region,
                      creates ? "; a sync creates one"
                              : "; enable GuardDuty there, or set "
                                "guardduty.create_detector");
        return;
    }
    (void)snprintf(self->detector, sizeof(self->detector), "%s", self->ids.ptr);
    go_to(self, STEP_LIST_IPS);
}

static enum slu_err take_list(struct slu_check_region *self)
{
    struct slu_check_track *track = &self->track;
    enum slu_err err = slu_threat_set_read_list(
        track->check->alloc, noun_of(self), slu_buf_view(&track->body),
        &self->ids, &self->token, &track->error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (self->token.len > 0 && ++self->pages < PAGES_MAX) {
        return SLU_ERR_OK;
    }
    if (self->token.len > 0) {
        track->unsure = true;
        slu_check_say(track, SLU_CHECK_FAIL, "%s: the list does not end",
                      track->head.name);
    }
    if (track->step == STEP_DETECTORS) {
        take_detector(self);
    } else {
        leave_list(self);
    }
    return SLU_ERR_OK;
}

/* Denials are told at the end, for then it is known who was denied. */
static void note_denial(struct slu_check_region *self,
                        const struct slu_aws_error *refusal)
{
    char *words = self->words;

    if (self->track.step != STEP_DETECTORS) {
        words = is_list(self) ? sets_of(self)->list_words
                              : sets_of(self)->get_words;
    }
    (void)snprintf(words, sizeof(self->words), "%s", slu_check_words(refusal));
}

/* A region that is not enabled refuses whoever is known elsewhere. */
static void note_refusal(struct slu_check_region *self,
                         const struct slu_aws_error *refusal)
{
    if (refusal->class_ == SLU_AWS_NOT_ENABLED) {
        self->track.unsure = true;
        slu_check_say(&self->track, SLU_CHECK_FAIL,
                      "%s: HTTP %d %s: the keys are not known there; is the "
                      "region enabled for this account?",
                      self->track.head.name, refusal->status, refusal->code);
    } else if (slu_check_is_denied(refusal)) {
        note_denial(self, refusal);
    } else {
        slu_check_say_odd(&self->track, refusal);
    }
}

static void take_refusal(struct slu_check_region *self,
                         const struct slu_aws_error *refusal)
{
    if (self->track.step == STEP_DETECTORS) {
        note_refusal(self, refusal);
        self->track.over = true;
        return;
    }
    if (self->track.step == STEP_LIST_DOMAINS && slu_sets_is_unknown(refusal)) {
        sets_of(self)->absent = true;
    } else {
        note_refusal(self, refusal);
        sets_of(self)->tried_get |= !is_list(self);
    }
    leave_kind(self);
}

static enum slu_err take_answer(struct slu_check_track *track,
                                const struct slu_aws_error *refusal)
{
    struct slu_check_region *self = (struct slu_check_region *)track;

    if (refusal != NULL) {
        take_refusal(self, refusal);
        return SLU_ERR_OK;
    }
    return is_list(self) ? take_list(self) : take_get(self);
}

const struct slu_check_steps slu_check_region_steps = {
    .write = write_request,
    .take = take_answer,
};

void slu_check_region_begin(struct slu_check_region *self)
{
    const char *detector = self->track.check->options.publish.detector;

    if (strcmp(detector, "auto") != 0) {
        (void)snprintf(self->detector, sizeof(self->detector), "%s", detector);
        self->track.step = STEP_LIST_IPS;
    }
}

/* ---- lines ---- */

static unsigned count_bits(uint32_t bits)
{
    unsigned count = 0;

    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

static void say_places(struct slu_check_region *self, enum slu_kind kind)
{
    const struct slu_check_sets *sets = &self->sets[kind];
    unsigned lists = self->track.check->options.publish.paths[kind]->count;
    unsigned wanted = lists - count_bits(sets->ours);
    unsigned room = sets->total < SLU_SETS_MAX ? SLU_SETS_MAX - sets->total : 0;

    if (wanted > room) {
        slu_check_say(&self->track, SLU_CHECK_WARN,
                      "%s: %u of %u %s lists can have no set: GuardDuty allows "
                      "%d, and others' are %.*s",
                      self->region, wanted - room, lists,
                      kind == SLU_KIND_IP ? "IP" : "domain", SLU_SETS_MAX,
                      SLU_VIEW_ARGS(slu_buf_view(&sets->foreign)));
    }
}

static void say_denied(struct slu_check_region *self, const char *action,
                       const char *words)
{
    const char *account = self->track.check->caller.account;
    char resource[SLU_SET_ID_MAX + 120];

    if (words[0] == '\0') {
        return;
    }
    (void)snprintf(resource, sizeof(resource), "arn:%s:guardduty:%s:%s:%s%s",
                   slu_aws_partition(slu_view_str(self->region)), self->region,
                   account[0] != '\0' ? account : "*",
                   self->detector[0] != '\0' ? "detector/" : "*",
                   self->detector);
    slu_check_say_missing(&self->track, action, resource,
                          "needed to find the sets of the lists", words);
}

static bool is_denied(const struct slu_check_sets *sets)
{
    return sets->list_words[0] != '\0' || sets->get_words[0] != '\0';
}

static void say_found(struct slu_check_region *self)
{
    const struct slu_check_sets *ips = &self->sets[SLU_KIND_IP];
    const struct slu_check_sets *domains = &self->sets[SLU_KIND_DOMAIN];

    if (domains->absent) {
        slu_check_say(&self->track, SLU_CHECK_WARN,
                      "%s has no threat entity sets: domains are not published "
                      "there",
                      self->region);
    }
    if (!is_denied(ips) && !is_denied(domains)) {
        slu_check_say(&self->track, SLU_CHECK_OK,
                      "%s: detector %s, %u threat intel set(s), %u threat "
                      "entity set(s), %u of them of these lists; they may be "
                      "listed and read",
                      self->region, self->detector, ips->total, domains->total,
                      count_bits(ips->ours) + count_bits(domains->ours));
    }
    if (!is_denied(ips)) {
        say_places(self, SLU_KIND_IP);
    }
    if (!is_denied(domains) && !domains->absent) {
        say_places(self, SLU_KIND_DOMAIN);
    }
}

void slu_check_region_conclude(struct slu_check_region *self)
{
    say_denied(self, "guardduty:ListDetectors", self->words);
    say_denied(self, "guardduty:ListThreatIntelSets",
               self->sets[SLU_KIND_IP].list_words);
    say_denied(self, "guardduty:GetThreatIntelSet",
               self->sets[SLU_KIND_IP].get_words);
    say_denied(self, "guardduty:ListThreatEntitySets",
               self->sets[SLU_KIND_DOMAIN].list_words);
    say_denied(self, "guardduty:GetThreatEntitySet",
               self->sets[SLU_KIND_DOMAIN].get_words);
    if (self->detector[0] != '\0' && self->track.over && !self->track.unsure) {
        say_found(self);
    }
}
