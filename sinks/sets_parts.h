/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the files of the sink "guardduty" do for each other, by file.
 * Private to sinks/sets*.c and their tests.
 */
#ifndef SLU_SINKS_SETS_PARTS_H
#define SLU_SINKS_SETS_PARTS_H

#include "sinks/sets_state.h"

/* ---- sets_decide.c ---- */

enum slu_sets_action {
    SLU_SETS_DO_NOTHING, /* it is as it shall be, or can't be: `outcome` */
    SLU_SETS_DO_CREATE,
    SLU_SETS_DO_ACTIVATE,
    SLU_SETS_DO_DEACTIVATE,
    SLU_SETS_DO_WAIT, /* `outcome` when there is no time left */
};

struct slu_sets_decision {
    enum slu_sets_action action;
    enum slu_set_outcome outcome;
    bool moves;      /* DO_ACTIVATE: the location changes, too */
    const char *why; /* for a plan; never NULL */
};

/* Looks at the entry's list, set and stored knowledge, and at nothing else but
 * the room in its region. Changes nothing. */
struct slu_sets_decision slu_sets_decide(const struct slu_sets_entry *entry);

/* A set that can't be touched now, and will change by itself. */
bool slu_sets_is_busy(enum slu_threat_status status);

/* Whether a list without a set can have one: those before it that have none
 * either come first; with `wants` only those that want one now. */
bool slu_sets_has_room(const struct slu_sets_entry *entry, bool wants);

/* As many sets of both kinds as there may be of one, which may be all that the
 * service means. */
bool slu_sets_is_full(const struct slu_sets_region *region);

/* ---- sets_match.c ---- */

/* Makes names and locations of the lists. CONFIG with a sentence. */
SLU_MUST_CHECK enum slu_err
slu_sets_make_lists(struct slu_sets *self,
                    const struct slu_sets_options *options,
                    struct slu_error *out_error);

/* Which of the found sets of a kind is which list's. */
void slu_sets_match(struct slu_sets_region *region, enum slu_kind kind);

SLU_MUST_CHECK enum slu_err slu_sets_add_found(struct slu_sets_region *region,
                                               enum slu_kind kind,
                                               const char *id,
                                               const struct slu_threat_set *is,
                                               struct slu_sets_found **out);
void slu_sets_forget_found(struct slu_sets_region *region, enum slu_kind kind);

/* ---- sets_dropped.c ---- */

/* Makes lists of the paths that are stored, but not configured any more. */
void slu_sets_find_dropped(struct slu_sets *self);
/* Their sets of one kind, behind those of the configuration. */
void slu_sets_match_dropped(struct slu_sets_region *region, enum slu_kind kind);
/* At the end of a survey: those whose sets need nothing any more, or have gone,
 * are forgotten. Stores with the answer of the region's unit. */
SLU_MUST_CHECK enum slu_err
slu_sets_forget_dropped(struct slu_sets_region *region);
/* After a Get of a dropped list's set: forgets it when that is over. */
SLU_MUST_CHECK enum slu_err slu_sets_end_dropped(struct slu_sets_entry *entry,
                                                 struct slu_unit *unit);

/* ---- sets_store.c ---- */

SLU_MUST_CHECK enum slu_err slu_sets_load(struct slu_sets *self,
                                          struct slu_view key,
                                          struct slu_view value);
struct slu_sets_stored *slu_sets_find_stored(const struct slu_sets *self,
                                             const char *region,
                                             const char *path);
void slu_sets_free_stored(struct slu_sets *self);

/* These store with the answer of `unit`. */
SLU_MUST_CHECK enum slu_err slu_sets_note_asked(struct slu_sets_entry *entry,
                                                struct slu_unit *unit);
SLU_MUST_CHECK enum slu_err
slu_sets_note_deactivated(struct slu_sets_entry *entry, struct slu_unit *unit);
/* Its set is in ERROR with what was last asked for, and that is stored. */
bool slu_sets_knows_error(const struct slu_sets_entry *entry);
SLU_MUST_CHECK enum slu_err slu_sets_forget(struct slu_sets_entry *entry,
                                            struct slu_unit *unit);
/* What the status of its set proves. Of a survey: before new contents. */
SLU_MUST_CHECK enum slu_err slu_sets_note_status(struct slu_sets_entry *entry,
                                                 struct slu_unit *unit);

/* ---- sets_survey.c ---- */

void slu_sets_survey_begin(struct slu_sets_region *region);
/* Of one kind, as something in it was not as expected. */
void slu_sets_survey_again(struct slu_sets_region *region, enum slu_kind kind);
SLU_MUST_CHECK enum slu_err slu_sets_survey_take(struct slu_sets_region *region,
                                                 struct slu_error *error);
/* The answer was a refusal; true when the survey goes on nevertheless. */
bool slu_sets_survey_refused(struct slu_sets_region *region,
                             const struct slu_aws_error *refusal,
                             const struct slu_error *error);

/* ---- sets_settle.c ---- */

void slu_sets_settle_begin(struct slu_sets_entry *entry);
/* Chooses what an idle entry does next. */
void slu_sets_settle_advance(struct slu_sets_entry *entry, struct slu_now now);
SLU_MUST_CHECK enum slu_err slu_sets_settle_take(struct slu_sets_entry *entry,
                                                 struct slu_error *error);
bool slu_sets_settle_refused(struct slu_sets_entry *entry,
                             const struct slu_aws_error *refusal,
                             const struct slu_error *error);
/* The request is to be sent again, which may have taken effect already. */
void slu_sets_settle_again(struct slu_sets_entry *entry);
void slu_sets_settle_end(struct slu_sets_entry *entry,
                         enum slu_set_outcome outcome, const char *text);

/* ---- sets_turn.c ---- */

enum slu_turn slu_sets_next_request(void *self, struct slu_now now,
                                    struct slu_request *out_request,
                                    uint64_t *out_wait_until_ms);

/* ---- sets_request.c ---- */

SLU_MUST_CHECK enum slu_err slu_sets_request_write(struct slu_sets_unit *unit);
void slu_sets_request_fill(struct slu_sets_unit *unit,
                           struct slu_request *out_request);

/* ---- sets_answer.c ---- */

void slu_sets_on_head(void *self, struct slu_unit *unit,
                      const struct slu_answer_head *head);
enum slu_body_verdict slu_sets_on_body(void *self, struct slu_unit *unit,
                                       struct slu_view bytes);
void slu_sets_on_end(void *self, struct slu_unit *unit,
                     const struct slu_answer_end *end, struct slu_now now,
                     struct slu_step *out_step);
void slu_sets_give_up(void *self, struct slu_unit *unit,
                      const struct slu_error *error);
void slu_sets_region_fail(struct slu_sets_region *region, bool denied,
                          const struct slu_error *error);

/* ---- sets_text.c ---- */

void slu_sets_log(const struct slu_sets *self, enum slu_log_level level,
                  const char *format, ...) SLU_PRINTF(3, 4);

/* " | region us-east-1" where there are several, else "". */
const char *slu_sets_place(const struct slu_sets_region *region,
                           char out[SLU_SETS_REGION_NAME_MAX + 12]);
const char *slu_sets_kind_word(enum slu_kind kind); /* "IP", "ENTITY" */
enum slu_threat_noun slu_sets_noun(enum slu_kind kind);
const char *slu_sets_operation_name(enum slu_sets_operation operation,
                                    enum slu_kind kind);
/* "CreateThreatIntelSet for guard_duty/threat-ip-1.txt in us-east-1". */
void slu_sets_name_unit(struct slu_sets_unit *unit);
/* What the service's refusal means, in one sentence. */
void slu_sets_explain(const struct slu_sets_unit *unit,
                      const struct slu_aws_error *refusal,
                      struct slu_error *out_error);
void slu_sets_tell_end(const struct slu_sets_entry *entry);
void slu_sets_tell_limit(struct slu_sets_region *region, enum slu_kind kind);

/* Whether a word stands in a text, in any case. */
bool slu_sets_says(const char *text, const char *word);

#endif
