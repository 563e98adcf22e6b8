/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: one lane of the source "gti": one Categorised Threat List.
 *
 * Plan. Every hour from behind the checkpoint (or the look-back) to now less
 * gti.package_delay is a *package* for each of the two types. Its state is one
 * byte; a struct exists only while it is being pulled. A package is pulled by
 * one *part*, a unit, and by more when the server's answer is full (exactly
 * `limit` items), which means that it was cut:
 *
 *     all -> scores [0,49] [50,100] -> ... -> one score
 *         -> positives [0,63] [64,..] -> ... -> one number
 *         -> has:malware_families, campaigns, reports, threat_actors in turn
 *
 * The full answers are kept too. A band is asked with terms one beyond it on
 * each side, for nobody says whether "+" and "-" bring the number itself; what
 * the answers show of that is used for the next ones.
 *
 * Stored: "list/<id>" -> the newest hour up to which all is committed, as
 * YYYYMMDDHH; "list/<id>/<hour>/<type>" -> "done" beyond it.
 *
 * Limits: no package is begun while there are SLU_GTI_PARTS_MAX parts. As the
 * newest part goes first, a package under division holds about 15 at most.
 */
#ifndef SLU_SOURCES_GTI_LISTS_H
#define SLU_SOURCES_GTI_LISTS_H

#include "sources/gti_page.h"

#define SLU_GTI_PARTS_MAX 256
#define SLU_GTI_SCORE_MAX 100
/* Above the number of engines that vote; the last band has no upper end. */
#define SLU_GTI_POSITIVES_MAX 127
#define SLU_GTI_HAS_COUNT 4

enum slu_gti_package_state {
    SLU_GTI_PACKAGE_TODO,
    SLU_GTI_PACKAGE_PULLED, /* by parts */
    SLU_GTI_PACKAGE_DONE,   /* committed, or a hole */
    SLU_GTI_PACKAGE_STORED, /* ... and there is an entry that says so */
    SLU_GTI_PACKAGE_FAILED, /* given up for this run */
};

struct slu_gti_band {
    int lo;
    int hi;
};

struct slu_gti_package {
    unsigned index;  /* of its state: hour * SLU_KIND_COUNT + kind */
    unsigned open;   /* parts that have not ended */
    bool failed;     /* one of them failed: the package doesn't count */
    bool incomplete; /* one of them ended with a gap */
    bool not_yet;    /* the hour isn't served yet */
    bool ignored;    /* the server ignores the query: dividing is of no use */
    bool unscored;   /* the cut answer had items without an assessment, */
    bool banded;     /* and so has the answer to a score term */
};

struct slu_gti_part {
    struct slu_gti_unit unit;
    struct slu_gti_list *list;
    struct slu_gti_part *next; /* in the list's, orphans' or dead row */
    struct slu_gti_package *package;
    bool asked;
    unsigned depth; /* 0 whole, 1 score, 2 positives, 3 has */
    struct slu_gti_band score;
    struct slu_gti_band positives;
    unsigned has;       /* which of the four is asked */
    uint64_t has_items; /* what the earlier ones brought */
    /* Of the present request and its answer; the package may be gone before
     * that has come. */
    enum slu_gti_type wanted;
    int64_t hour;
    struct slu_gti_band terms; /* -1: no term */
    uint64_t stray;            /* items outside of the terms */
    bool unscored;             /* there are items without an assessment */
    bool at_lo;                /* a score that the lower term names itself */
    bool at_hi;
};

struct slu_gti_list {
    struct slu_gti_context *ctx;
    char id[SLU_CHECKPOINT_LIST_ID_MAX];
    uint32_t source;
    bool active;
    bool denied;       /* 403 */
    bool known;        /* had a checkpoint, or served a package */
    bool ended;        /* its end was judged */
    bool lo_inclusive; /* "gti_score:X+" brings X itself */
    bool hi_inclusive;
    int64_t first; /* seconds of the first hour */
    unsigned hours;
    unsigned front; /* hours that the checkpoint has passed */
    unsigned scan;  /* states before it are dealt with */
    unsigned end;   /* states from it on aren't asked: not served yet */
    unsigned holes;
    unsigned failures;
    uint8_t *states;            /* hours * SLU_KIND_COUNT */
    struct slu_gti_part *parts; /* the newest first */
    unsigned part_count;
    struct slu_gti_part *orphans;
    struct slu_gti_part *dead;
    unsigned loaded_count; /* entries of an earlier run, until start */
    unsigned loaded_capacity;
    int64_t *loaded; /* seconds of the hour + kind */
};

void slu_gti_list_init(struct slu_gti_list *self, struct slu_gti_context *ctx,
                       struct slu_view id);
void slu_gti_list_fini(struct slu_gti_list *self);

/* key is what follows "list/<id>/": "<hour>/<type>". */
SLU_MUST_CHECK enum slu_err slu_gti_list_load(struct slu_gti_list *self,
                                              struct slu_view key,
                                              struct slu_view value);
SLU_MUST_CHECK enum slu_err slu_gti_list_start(struct slu_gti_list *self,
                                               int64_t wall_s);

SLU_MUST_CHECK enum slu_err slu_gti_list_next(struct slu_gti_list *self,
                                              uint64_t mono_ms,
                                              enum slu_turn *out_turn,
                                              struct slu_gti_unit **out_unit,
                                              uint64_t *out_wait_until_ms);

/* ---- gti_lists_answer.c: what came of a request ---- */

enum slu_err slu_gti_list_item(struct slu_gti_unit *unit,
                               const struct slu_gti_item *item);
void slu_gti_list_end(struct slu_gti_unit *unit,
                      const struct slu_answer_end *end,
                      struct slu_step *out_step);
void slu_gti_list_give_up(struct slu_gti_unit *unit,
                          const struct slu_error *error);

/* ---- gti_package.c: the parts of a package ---- */

enum slu_kind slu_gti_package_kind(const struct slu_gti_package *package);
int64_t slu_gti_package_hour(const struct slu_gti_list *list,
                             const struct slu_gti_package *package);

/* Begins the package whose state has this index: one part, for the whole. */
SLU_MUST_CHECK enum slu_err slu_gti_list_begin(struct slu_gti_list *self,
                                               unsigned index);

/* The newest part that may be asked; NULL when there is none, and then
 * *out_wait_until_ms is lowered to when there may be one. */
struct slu_gti_part *slu_gti_list_choose(const struct slu_gti_list *self,
                                         uint64_t mono_ms,
                                         uint64_t *out_wait_until_ms);

SLU_MUST_CHECK enum slu_err slu_gti_part_write_target(struct slu_gti_part *part,
                                                      struct slu_buf *target);
void slu_gti_part_note_item(struct slu_gti_part *part,
                            const struct slu_gti_item *item);

/* After a whole answer: true when the part has more to ask, itself or through
 * a sibling made of it; false when it has ended. */
SLU_MUST_CHECK enum slu_err slu_gti_part_settle(struct slu_gti_part *part,
                                                bool *out_more);

/* Takes it out of the list's row: dead, or an orphan while it is asked. */
void slu_gti_part_drop(struct slu_gti_part *part);
void slu_gti_list_drop_all(struct slu_gti_list *self);
/* An orphan whose answer has come is dead. */
void slu_gti_part_bury(struct slu_gti_part *part);
/* Frees the dead. Not from on_end or give_up: the engine still closes its
 * account with their unit behind these calls. */
void slu_gti_list_sweep(struct slu_gti_list *self);

#endif
