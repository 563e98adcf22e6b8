/* SPDX-License-Identifier: Apache-2.0 */
/* What: the inside of a delivery, shared by the files that make it up:
 * delivery.c (life, errands), delivery_take_over.c, delivery_send.c,
 * delivery_restore.c, delivery_checkpoint.c, delivery_plan.c,
 * delivery_report.c. */
#ifndef SLU_ENGINE_DELIVERY_STATE_H
#define SLU_ENGINE_DELIVERY_STATE_H

#include "engine/delivery.h"

#define SLU_DELIVERY_FILES_MAX SLU_BUCKET_PATHS_MAX

/* Before the stored keys of slu_bucket_errand. */
#define SLU_DELIVERY_BUCKET "s3/"

enum slu_delivery_hold {
    SLU_HOLD_NONE,
    SLU_HOLD_SHRINK,
    SLU_HOLD_REJECTED,
};

/* One file of the layout on its way. */
struct slu_delivery_file {
    struct slu_artifact artifact;
    bool has_before;
    struct slu_object before; /* the object as it was before this sync: lists
                                 may be sent twice, when a limit is learned */
    enum slu_delivery_hold hold;
    bool sent;
    bool restored; /* its last good content was put back, for: */
    char refusal[SLU_ERROR_TEXT_MAX];
};

struct slu_delivery {
    struct slu_delivery_options options;
    struct slu_bucket_config bucket_config;
    struct slu_contents_folder *folder;
    struct slu_bucket *bucket;
    struct slu_sets *sets; /* NULL: no sink guardduty */
    bool settled;          /* the sets' outcomes are of this sync */
    struct slu_delivery_file files[SLU_DELIVERY_FILES_MAX];
    unsigned file_count;
    struct slu_content_name proved; /* the last checkpoint with which every
                                       list was in use; "": none */
    uint64_t requests;
    char bucket_url[SLU_LOCATION_MAX + 1];
};

/* Runs one of the two errands; before the bucket's, what it is going to put is
 * made durable. */
SLU_MUST_CHECK enum slu_err
slu_delivery_run_bucket(struct slu_delivery *self, struct slu_error *out_error);
SLU_MUST_CHECK enum slu_err slu_delivery_run_sets(struct slu_delivery *self,
                                                  struct slu_error *out_error);

/* After a run of the bucket: OK, or what its failures are worth. */
enum slu_err slu_delivery_judge_bucket(const struct slu_delivery *self,
                                       struct slu_error *out_error);

/* Decides what holds each list back, and tells it. */
void slu_delivery_hold_lists(struct slu_delivery *self);

/* Puts the last good content back where a set has refused the new one; *out_any
 * when there was one. */
SLU_MUST_CHECK enum slu_err slu_delivery_restore(struct slu_delivery *self,
                                                 bool *out_any,
                                                 struct slu_error *out_error);

/* Which checkpoint was proved last, in runs before. */
SLU_MUST_CHECK enum slu_err
slu_delivery_load_checkpoint(struct slu_delivery *self,
                             struct slu_error *out_error);

/* After a send in which nothing failed or was held: this one is. Does nothing
 * while a set is busy. */
SLU_MUST_CHECK enum slu_err
slu_delivery_prove_checkpoint(struct slu_delivery *self,
                              struct slu_error *out_error);

/* The content that the checkpoint must have again while a list has its last
 * good content; NULL: it has it, or nobody knows. */
const struct slu_content_name *
slu_delivery_last_checkpoint(struct slu_delivery *self,
                             struct slu_delivery_file **out_file);

unsigned slu_delivery_list_count(const struct slu_delivery *self,
                                 enum slu_kind kind);

#endif
