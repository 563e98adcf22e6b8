/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the sink "files" at work: takes over the lists that stand in the
 * output folder, and after a pull makes the folder say what the state says.
 *
 * Order of what becomes durable: the records (long before), the places in one
 * transaction, the list files, the side files, gti-checkpoint.json. Each step
 * follows from the state alone, so a crash anywhere is mended by doing it all
 * again: the same state gives the same bytes.
 */
#ifndef SLU_ENGINE_PUBLISH_H
#define SLU_ENGINE_PUBLISH_H

#include "engine/answer.h"
#include "engine/files.h"
#include "engine/logger.h"
#include "engine/store.h"
#include "sinks/lists.h"
#include "sources/source.h"
#include <sluice/engine.h>

#define SLU_CHECKPOINT_FILE "gti-checkpoint.json"

struct slu_delivery;

struct slu_publish_options {
    const struct slu_alloc *alloc;
    struct slu_store *store;
    struct slu_files *files;
    const struct slu_lists_config *lists;
    const struct slu_guard *guard;
    struct slu_logger logger;
    uint32_t verdicts;
    uint8_t min_score;
    int64_t now; /* seconds since 1970, UTC */
    int64_t category_age_ms[SLU_LISTS_CATEGORIES_MAX]; /* as the lists' */
    struct slu_profile *profile;                       /* or NULL */
    struct slu_delivery *delivery; /* gets every file; NULL: nobody does */
    bool plan; /* the folder is thrown away: what is written there is no news */
    bool knows_checkpoint; /* the state has checkpoints of its own: one that
                              can't be read is told, and made anew */
};

/* Records every line of the list files in the folder, once for each folder
 * (the state remembers it). Errors: IO, LIMIT, and the store's. */
SLU_MUST_CHECK enum slu_err
slu_publish_take_over(const struct slu_publish_options *options,
                      const char *output_dir, struct slu_error *out_error);

/* The lines of one list that stands somewhere already. */
struct slu_publish_lines {
    enum slu_kind kind;
    unsigned index;
    const char *from; /* for messages: path or location */
    struct slu_view text;
    struct slu_view before; /* the text that was last known here; may be empty.
                               What of it the state has no more was dropped on
                               purpose, whoever left it standing */
};

/* Adds a record for each of the lines that is new (engine/taken_lines.h); then,
 * when the answer has all that goes with them, commit makes them durable. What
 * the state knows already takes its place in the list, at once. */
SLU_MUST_CHECK enum slu_err
slu_publish_take_lines(const struct slu_publish_options *options,
                       const struct slu_publish_lines *lines,
                       struct slu_answer *answer, struct slu_error *out_error);
SLU_MUST_CHECK enum slu_err
slu_publish_commit_lines(const struct slu_publish_options *options,
                         struct slu_answer *answer, const char *from,
                         struct slu_error *out_error);

/* The text of a checkpoint that was found; `where` is for messages. NOT_FOUND,
 * and told, when it can't be read and isn't needed. */
SLU_MUST_CHECK enum slu_err
slu_publish_parse_checkpoint(const struct slu_publish_options *options,
                             struct slu_view bytes, const char *where,
                             struct slu_checkpoint *out_checkpoint,
                             struct slu_error *out_error);

/* The checkpoint of the folder; *out_found false when there is none. CONFIG
 * when it can't be read: guessing would pull everything again. */
SLU_MUST_CHECK enum slu_err
slu_publish_read_checkpoint(const struct slu_publish_options *options,
                            struct slu_checkpoint *out_checkpoint,
                            bool *out_found, struct slu_error *out_error);

/* Folds, ranks, places, writes. Fills the report's listed, added, removed,
 * exceeded and files. */
SLU_MUST_CHECK enum slu_err
slu_publish_lists(const struct slu_publish_options *options,
                  const struct slu_checkpoint *checkpoint,
                  struct slu_report *report, struct slu_error *out_error);

#endif
