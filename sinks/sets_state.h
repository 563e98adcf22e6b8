/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the files of the sink "guardduty" share. Private to sinks/sets*.c
 * and their tests.
 *
 *     slu_sets +- lists[kind][i]      what is wanted, the same in all regions
 *              +- regions[r] +- kinds[kind].found   the service's sets
 *              |             +- entries[kind][i]    one list there: its set,
 *              |                                    its stored knowledge
 *              +- stored              every "region/path" that was ever told
 *
 * A region's unit makes the survey, an entry's unit settles that entry. All
 * that settle would do is decided in one place, slu_sets_decide: the plan asks
 * it too.
 */
#ifndef SLU_SINKS_SETS_STATE_H
#define SLU_SINKS_SETS_STATE_H

#include "codecs/aws_error.h"
#include "codecs/threat_set.h"
#include "codecs/uuid.h"
#include "sinks/sets.h"

#define SLU_SETS_REGION_NAME_MAX 63
#define SLU_SETS_KEY_MAX 195 /* of what is stored, without "sets/" */
#define SLU_SETS_FOUND_MAX 64
#define SLU_SETS_STORED_MAX 4096
#define SLU_SETS_PAGES_MAX 32
#define SLU_SETS_BODY_MAX (64u * 1024)
#define SLU_SETS_IDS_MAX (128u * 1024)
#define SLU_SETS_POLL_MIN_MS 3000
#define SLU_SETS_POLL_MAX_MS 30000

enum slu_sets_operation {
    SLU_SETS_LIST_DETECTORS,
    SLU_SETS_CREATE_DETECTOR,
    SLU_SETS_LIST,
    SLU_SETS_GET,
    SLU_SETS_CREATE,
    SLU_SETS_UPDATE,
};

enum slu_sets_unit_state {
    SLU_SETS_IDLE,   /* what is next has to be chosen */
    SLU_SETS_READY,  /* to be handed out when its time has come */
    SLU_SETS_FLYING, /* handed out */
    SLU_SETS_OVER,
};

struct slu_sets_region;
struct slu_sets_entry;

struct slu_sets_unit {
    struct slu_unit head; /* first */
    struct slu_sets_region *region;
    struct slu_sets_entry *entry; /* NULL: the region's survey */
    enum slu_sets_unit_state state;
    enum slu_sets_operation operation;
    uint64_t due_ms; /* READY: not before */
    int status;      /* of the answer; 0: none has come */
    char error_type[128];
    struct slu_buf target;
    struct slu_buf body;
    struct slu_buf answer;
};

/* What is stored of one list in one region. */
struct slu_sets_stored {
    struct slu_sets_stored *next;
    char key[SLU_SETS_KEY_MAX + 1]; /* "us-east-1/guard_duty/..." */
    char id[SLU_SET_ID_MAX + 1];
    struct slu_content_name asked;
    struct slu_content_name active;
    struct slu_content_name rejected;
};

/* A set of the service. */
struct slu_sets_found {
    struct slu_sets_found *next;
    char id[SLU_SET_ID_MAX + 1];
    struct slu_threat_set is;
    const struct slu_sets_list *list; /* whose it is; NULL: foreign */
};

struct slu_sets_list {
    enum slu_kind kind;
    unsigned index;
    char path[SLU_OBJECT_PATH_MAX + 1];
    char location[SLU_LOCATION_MAX + 1];
    char name[SLU_SET_NAME_MAX + 1];
    struct slu_s3_location place;
    bool wanted;
    struct slu_set_list want;
};

struct slu_sets_entry {
    struct slu_sets_unit unit; /* first */
    const struct slu_sets_list *list;
    struct slu_sets_found *set;     /* NULL: none */
    struct slu_sets_stored *stored; /* NULL: nothing yet */
    /* Of one settle: */
    bool done;
    bool sent;  /* a change was accepted: nothing more is sent, it is proved */
    bool looks; /* a Get is to be made before anything else */
    bool has_looked; /* one was made */
    bool resurveyed; /* the kind was surveyed again for it */
    bool told;       /* the line "Activating ..." */
    unsigned refusals;
    unsigned creates; /* of this instance: a new Create is a new token */
    uint64_t poll_ms;
    enum slu_set_outcome outcome;
    bool created;
    bool activated;
    char text[SLU_ERROR_TEXT_MAX];
};

struct slu_sets_kind {
    bool absent; /* the region has no such sets */
    struct slu_sets_found *found;
    unsigned count;
    unsigned capacity;     /* SLU_SETS_MAX, or fewer as a refusal told */
    unsigned refused_with; /* sets of both kinds at that refusal */
    bool limit_told;
    bool resurvey;          /* is to be surveyed again */
    struct slu_error error; /* it could not be surveyed */
};

struct slu_sets_region {
    struct slu_sets_unit unit; /* first */
    struct slu_sets *sets;
    unsigned index;
    char name[SLU_SETS_REGION_NAME_MAX + 1];
    char detector[SLU_SET_ID_MAX + 1];
    bool surveyed;
    bool without_detector; /* and none is to be made */
    bool would_create;     /* a plan: the detector would be made */
    bool denied;
    struct slu_error error; /* why the region failed; code OK: it has not */
    struct slu_sets_kind kinds[SLU_KIND_COUNT];
    struct slu_sets_entry entries[SLU_KIND_COUNT][SLU_SETS_MAX];
    /* The survey under way: */
    enum slu_kind kind;
    bool again; /* of this kind alone */
    unsigned pages;
    struct slu_buf ids; /* each with a zero byte */
    size_t ids_at;      /* the next to Get */
    struct slu_buf token;
    struct slu_buf last_token;
};

enum slu_sets_mode {
    SLU_SETS_SURVEYS,
    SLU_SETS_SETTLES,
};

struct slu_sets {
    const struct slu_alloc *alloc;
    char owner[16];
    char detector[SLU_SET_ID_MAX + 1]; /* "": to be asked for */
    bool create_detector;
    int64_t wait_ms;
    uint64_t token_seed;
    unsigned list_count[SLU_KIND_COUNT];
    struct slu_sets_list lists[SLU_KIND_COUNT][SLU_SETS_MAX];
    struct slu_sets_region *regions;
    unsigned region_count;
    struct slu_sets_stored *stored;
    unsigned stored_count;
    struct slu_errand_port port;
    enum slu_sets_mode mode;
    bool started;
    uint64_t deadline_ms; /* of waiting for ACTIVE */
    unsigned turn;        /* the region that is asked first */
    struct slu_sets_result result;
};

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
void slu_sets_settle_end(struct slu_sets_entry *entry,
                         enum slu_set_outcome outcome, const char *text);

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

static inline enum slu_kind slu_sets_unit_kind(const struct slu_sets_unit *unit)
{
    return unit->entry != NULL ? unit->entry->list->kind : unit->region->kind;
}

#endif
