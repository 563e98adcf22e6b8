/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the sink "guardduty": each list as a ThreatIntelSet (IPs) or a
 * ThreatEntitySet (domains) of every region, activated, and proved ACTIVE. An
 * errand (codecs/exchange.h) with two kinds of run:
 *
 *     new -> survey -> run           detectors and sets, as they are
 *         -> usable(kind)            which lists can have a set at all
 *         -> want(list)* -> settle -> run
 *         -> outcome(region, kind, index), result -> ... -> free
 *
 * Survey, of each region: ListDetectors (none: CreateDetector where wanted),
 * List and Get of both kinds of sets. A set is a list's by its location (in any
 * of the five forms that GuardDuty takes), else by its name: set_name_prefix +
 * the stem of the path's last component. All others are foreign.
 *
 * Settle, of each (region, list). `lines` > 0 wants the set ACTIVE with that
 * content:
 *   no set            Create{TXT, s3:// location, activate: true}
 *   ACTIVATING, DEACTIVATING, DELETE_PENDING   nothing is sent: waits
 *   another location, not ACTIVE, or a content that was not asked for yet
 *                     Update{location?, activate: true}
 *   ACTIVE and asked for with that content      done, proved
 *   ERROR after we asked for that content       the outcome is ERROR, with
 *                     errorDetails; who runs us puts the last good content back
 *   ERROR with that content, and a run before has told so       Update
 *                     {activate: true}, once: a permission, a key or an owner
 *                     may have been mended, which nothing else tells
 * `lines` = 0 wants it not ACTIVE: Update{activate: false} of an ACTIVE set;
 * any other, and none at all, is left alone. Nothing is ever deleted.
 *
 * A list that the configuration has no longer is known by what is stored of it.
 * Its set, found by its id, is deactivated as that of an empty list is, once
 * and told; what is stored of it goes when the set isn't active any more, or is
 * used for something else.
 *
 * Waiting ends after wait_ms (Get every 3 s, up to 30 s): then the outcome is
 * PENDING and the next run settles it. With wait_ms 0 each set is asked once
 * after the change.
 *
 * Stored, with the answer that told it, under "sets/<region>/<path>": the
 * set's id, the content last asked for, the content last proved ACTIVE, and the
 * content that ended in ERROR. A survey proves (or refuses) what runs before
 * have asked for, unless something newer lies in the bucket already (from a run
 * that was killed then: slu_sets_note_object); content that is found overtaken
 * while its set is busy is proved by nobody.
 *
 * The service's limit: SLU_SETS_MAX of a kind in a region. Lists that have a
 * set keep it; the others get what is left, in the order of their index. A
 * Create that is refused for the limit counts as if the region were full from
 * then on (usable says so). That is not stored, as nobody tells when there is
 * room again: each run tries one such Create anew, which is one request, or
 * three where the service calls it a failure of its own.
 * A region without entity sets (GovCloud, by its partition or its answers) says
 * so once and goes on with IPs.
 *
 * Permissions: guardduty:ListDetectors, CreateDetector, {List,Get,Create,
 * Update}Threat{Intel,Entity}Set(s); iam:PutRolePolicy and
 * iam:DeleteRolePolicy on the service-linked role for IP lists; s3:GetObject
 * for entity lists. Source: GuardDuty API reference; user guide, "Customizing
 * threat detection with entity lists and IP address lists".
 * Limits: SLU_SETS_REGIONS_MAX regions.
 */
#ifndef SLU_SINKS_SETS_H
#define SLU_SINKS_SETS_H

#include "codecs/alloc.h"
#include "codecs/aws_error.h"
#include "codecs/exchange.h"
#include "codecs/field.h"
#include "sinks/artifact.h"
#include "sinks/bucket.h"
#include "sinks/set_name.h"

#define SLU_SETS_MAX 6
#define SLU_SETS_REGIONS_MAX 64
#define SLU_SET_ID_MAX 300

struct slu_sets_options {
    const struct slu_alloc *alloc;
    const struct slu_bucket_config *bucket; /* where the lists lie */
    const char *name_prefix;                /* lists.set_name_prefix */
    const struct slu_strings *regions;      /* empty: aws.region */
    const char *detector;                   /* "auto", or an id */
    bool create_detector;
    int64_t wait_ms;
    const struct slu_strings *paths[SLU_KIND_COUNT]; /* of the lists, all */
    uint64_t token_seed; /* of clientTokens: another number for each run */
};

/* What a list shall be. */
struct slu_set_list {
    enum slu_kind kind;
    unsigned index;
    struct slu_content_name content; /* of the object */
    uint64_t lines;
    /* The content that is put back after an ERROR, so that `rejected` is what
     * failed and this is only what is active meanwhile. */
    bool restored;
    struct slu_content_name rejected;
};

enum slu_set_outcome {
    SLU_SET_NONE,        /* no set, and none is wanted */
    SLU_SET_UNCHANGED,   /* ACTIVE with its content, or rightly inactive */
    SLU_SET_ACTIVE,      /* activated in this run, and proved */
    SLU_SET_PENDING,     /* the service is still at it */
    SLU_SET_DEACTIVATED, /* in this run, or still at it */
    SLU_SET_ERROR,       /* the content was refused; see text */
    SLU_SET_LIMIT,       /* no room for a set */
    SLU_SET_SKIPPED,     /* the region has no such sets, or no detector */
    SLU_SET_FAILED,      /* see text */
};

struct slu_set_report {
    const char *region;
    const char *path;
    char name[SLU_SET_NAME_MAX + 1]; /* of the set; "": none */
    enum slu_set_outcome outcome;
    bool created;
    bool activated;                /* since the survey, by Update or Create */
    char text[SLU_ERROR_TEXT_MAX]; /* errorDetails, or why it failed; "" */
    /* Last proved ACTIVE, and refused; "" for none. */
    struct slu_content_name active;
    struct slu_content_name rejected;
};

struct slu_sets_result {
    unsigned regions;
    unsigned failed_regions; /* no detector, denied, out of reach */
    unsigned denied_regions; /* of them: the sign-in, or 403 for all */
    unsigned pending;
    unsigned errors;  /* SLU_SET_ERROR and SLU_SET_FAILED */
    unsigned limited; /* SLU_SET_LIMIT */
    struct slu_error first;
};

/* A request that settle would make, for a plan. */
struct slu_set_step {
    const char *region;
    const char *path;
    const char *operation; /* "CreateThreatIntelSet" */
    const char *action;    /* "create", "activate", "deactivate", "wait" */
    const char *name;      /* of the set */
    const char *why;       /* "content changed", "no set yet", ... */
};
typedef void (*slu_set_step_fn)(void *ctx, const struct slu_set_step *step);

struct slu_sets;

/* Copies what it needs of the options. CONFIG: a path, location, name or
 * detector that is longer than GuardDuty takes, too many of something. */
SLU_MUST_CHECK enum slu_err slu_sets_new(const struct slu_sets_options *options,
                                         struct slu_sets **out_sets,
                                         struct slu_error *out_error);
void slu_sets_free(struct slu_sets *self);

extern const struct slu_errand_ops slu_sets_errand;

/* What the next run shall be. settle needs a survey before, of this process,
 * and may be run again after it with other wants; a survey forgets the wants,
 * and counts anew. A settle with read_only sends nothing. */
void slu_sets_survey(struct slu_sets *self);
/* Before a survey: what lies in the bucket, as far as it is known. */
void slu_sets_note_object(struct slu_sets *self, enum slu_kind kind,
                          unsigned index,
                          const struct slu_content_name *content);
void slu_sets_want(struct slu_sets *self, const struct slu_set_list *list);
void slu_sets_settle(struct slu_sets *self);

/* After a survey: bit i is set when list i of the kind has, or can have, a set
 * in one region at least. All bits where no region could be surveyed or has
 * such sets: nothing is known then that speaks against them. 0 where foreign
 * sets leave no room at all. */
uint32_t slu_sets_usable(const struct slu_sets *self, enum slu_kind kind);

/* The names of the foreign sets of a region that leave no room, for a message:
 * "office-vpn, partner". */
void slu_sets_foreign(const struct slu_sets *self, unsigned region,
                      enum slu_kind kind, char *out, size_t cap);

/* After a survey and want: what settle would send now. */
void slu_sets_plan(const struct slu_sets *self, slu_set_step_fn on_step,
                   void *ctx);

/* After a survey: the lists of a kind, and behind those of the configuration
 * those that it has no longer (their outcome is NONE where nothing was left to
 * do). */
unsigned slu_sets_count(const struct slu_sets *self, enum slu_kind kind);

/* After settle, by region (below result.regions), kind, index (below
 * slu_sets_count). */
struct slu_set_report slu_sets_outcome(const struct slu_sets *self,
                                       unsigned region, enum slu_kind kind,
                                       unsigned index);
const struct slu_sets_result *slu_sets_result(const struct slu_sets *self);

/* What is stored of one list in one region, and "" for what isn't known. */
struct slu_set_known {
    char region[64];
    char path[SLU_OBJECT_PATH_MAX + 1];
    char id[SLU_SET_ID_MAX + 1];
    struct slu_content_name asked;
    struct slu_content_name active;
    struct slu_content_name rejected;
};
/* Of a stored key behind "sets/" and its value; false: it is none. */
bool slu_sets_read_entry(struct slu_view key, struct slu_view value,
                         struct slu_set_known *out);

/* However an endpoint says that it has no such operation: of the listing of
 * entity sets, that the region has none. */
bool slu_sets_is_unknown(const struct slu_aws_error *refusal);

/* True when some region has refused that content before, and nothing else has
 * been asked for since. */
bool slu_sets_has_rejected(const struct slu_sets *self, const char *path,
                           const struct slu_content_name *content);

#endif
