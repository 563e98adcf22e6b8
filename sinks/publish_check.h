/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: proves the permissions that publishing needs, for `sluice check`, and
 * changes nothing. An errand (codecs/exchange.h):
 *
 *     new -> run -> finish(tell) -> free
 *
 * What can be tried harmlessly is tried: HEAD of the bucket (s3:ListBucket),
 * GET of the checkpoint (s3:GetObject), a PUT of every object on a condition
 * that no object fulfils (s3:PutObject: 412 or 404 instead of 403), and in each
 * region the lists of detectors and sets, and each set. All else is asked of
 * IAM (iam:SimulatePrincipalPolicy, codecs/iam_text.h): creating and updating
 * sets, the policy of GuardDuty's role that IP lists are entered in, the key of
 * the bucket. Where IAM can't be asked, a warning lists what is not proved.
 *
 * A denied permission is one line that names action and resource. A region or a
 * service that fails doesn't stop the others. finish tells the lines in the
 * order caller, bucket, regions, simulation, however the answers came.
 *
 * Source: AmazonS3 user guide, "conditional-writes"; GuardDuty user guide,
 * "guardduty-lists-prerequisites"; Service Authorization Reference.
 * Limits: SLU_SETS_REGIONS_MAX regions.
 * Errors of the run: NOMEM. Of finish: see there.
 */
#ifndef SLU_SINKS_PUBLISH_CHECK_H
#define SLU_SINKS_PUBLISH_CHECK_H

#include "sinks/sets.h"
#include <sluice/check.h>

struct slu_publish_check_options {
    /* Its wait_ms and token_seed are not used. Without `sets` only alloc,
     * bucket and paths are. */
    struct slu_sets_options publish;
    bool sets;                     /* the flow has the sink guardduty */
    const char *const *more_paths; /* of objects that are no lists */
    unsigned more_path_count;
    const char *checkpoint_path; /* of the one that is read; one of them */
};

struct slu_publish_check;

/* What the options point to outlives it. LIMIT: too many regions. */
SLU_MUST_CHECK enum slu_err
slu_publish_check_new(const struct slu_publish_check_options *options,
                      struct slu_publish_check **out_check,
                      struct slu_error *out_error);
void slu_publish_check_free(struct slu_publish_check *self);

extern const struct slu_errand_ops slu_publish_check_errand;

/*
 * After the run: tells what was found. OK: nothing is missing. AUTH: the
 * sign-in failed, or everything was refused. INCOMPLETE: something is missing,
 * or could not be asked. CONFIG: the sign-in can't be tried. The sentence of
 * what was told as FAIL first is in *out_error.
 */
enum slu_err slu_publish_check_finish(struct slu_publish_check *self,
                                      slu_check_fn tell, void *ctx,
                                      struct slu_error *out_error);

#endif
