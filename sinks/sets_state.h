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
#define SLU_SETS_DROPPED_MAX 12 /* the rest waits for a later run */
#define SLU_SETS_ENTRIES_MAX (SLU_SETS_MAX + SLU_SETS_DROPPED_MAX)
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
    bool gone;                      /* forgotten, here and in the store */
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
    struct slu_content_name object; /* as a survey begins; "": not known */
    bool dropped; /* the configuration has it no longer: wanted, and empty */
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
    unsigned doubts;  /* Updates that may have been made, or not */
    unsigned creates; /* of this instance: a new Create is a new token */
    uint64_t poll_ms;
    enum slu_set_outcome outcome;
    /* Since the last survey: */
    bool known_error; /* a run before has seen it in ERROR, and it is not asked
                         again yet */
    bool created;
    bool activated;
    bool deactivated;
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
    struct slu_sets_entry entries[SLU_KIND_COUNT][SLU_SETS_ENTRIES_MAX];
    /* The survey under way: */
    enum slu_kind kind;
    bool again; /* of this kind alone */
    unsigned pages;
    struct slu_buf ids;   /* each with a zero byte */
    size_t ids_at;        /* the next to Get */
    struct slu_buf token; /* of the page that is asked for */
    struct slu_buf next_token;
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
    unsigned dropped_count; /* behind those of either kind, as a path does not
                               tell its kind */
    struct slu_sets_list lists[SLU_KIND_COUNT][SLU_SETS_ENTRIES_MAX];
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

static inline unsigned slu_sets_entry_count(const struct slu_sets *self,
                                            unsigned kind)
{
    return self->list_count[kind] + self->dropped_count;
}

static inline enum slu_kind slu_sets_unit_kind(const struct slu_sets_unit *unit)
{
    return unit->entry != NULL ? unit->entry->list->kind : unit->region->kind;
}

#endif
