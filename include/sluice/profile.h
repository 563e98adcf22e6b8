/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the stages that the time of a sync is divided into. Each moment of the
 * thread that called slu_engine_sync belongs to exactly one of them, so that
 * they add up to the time of the sync. What the store's own thread does
 * meanwhile costs no time here until somebody has to wait for it. While several
 * loops pull (limits.threads), it is the average of theirs.
 */
#ifndef SLU_PROFILE_H
#define SLU_PROFILE_H

#include <sluice/api.h>

#ifdef __cplusplus
extern "C" {
#endif

enum slu_stage {
    SLU_STAGE_NETWORK, /* nothing to do while answers, or the time to ask again
                          after a failure, were waited for */
    SLU_STAGE_LIMITER, /* nothing to do while a rate limit or a quota let no
                          request go */
    SLU_STAGE_RECEIVE, /* HTTP: sending, receiving, TLS, inflating; and the
                          reading of files */
    SLU_STAGE_PARSE,   /* JSON to items */
    SLU_STAGE_CHECK,   /* matching and guarding values, packing records: an
                          estimate, of one item in sixteen */
    SLU_STAGE_DEDUPE,  /* dropping repeats */
    SLU_STAGE_COMMIT,  /* handing answers to the store, and waiting for it */
    SLU_STAGE_FOLD,    /* merging what came into what is known */
    SLU_STAGE_PLACE,   /* ranking, and finding each indicator its place */
    SLU_STAGE_WRITE,   /* list files, side files, rows */
    SLU_STAGE_OTHER,   /* opening the state, and all the rest */
    SLU_STAGE_COUNT,
};

/* "network_wait", "limiter_wait", "receive", ...: also the keys of the JSON. */
SLU_API const char *slu_stage_name(enum slu_stage stage);

#ifdef __cplusplus
}
#endif
#endif
