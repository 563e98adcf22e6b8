/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the division of a sync's time into stages, exclusive and without gaps:
 * a clock runs for one stage at a time, and `enter` says for which.
 *
 *     enum slu_stage before = slu_profile_enter(profile, SLU_STAGE_FOLD);
 *     ...
 *     slu_profile_leave(profile, before);
 *
 * A loop's callback begins with `enter` and ends with `sleep`: what the loop
 * waits for until the next one is the idle stage, the reason why nothing more
 * was sent (slu_profile_set_idle). What is too short to be timed each time is
 * timed once in SLU_PROFILE_SAMPLE times, and what that comes to is taken off
 * the stage around it.
 *
 * Cost: where no profile is wanted the pointer is NULL, and each call is one
 * branch that is always the same. With one: two looks at the clock for each
 * event of the loop, piece of a body and answer.
 * Threads: one each. What several threads did at the same time can be put into
 * one account, as the time of one of them: note, then add and divide.
 */
#ifndef SLU_ENGINE_PROFILE_H
#define SLU_ENGINE_PROFILE_H

#include "engine/clock.h"
#include <sluice/profile.h>
#include <stddef.h>

#define SLU_PROFILE_SAMPLE 16u

struct slu_profile {
    enum slu_stage stage; /* whose time runs */
    enum slu_stage idle;  /* NETWORK, LIMITER or COMMIT */
    uint64_t since_ns;
    uint64_t clock_ns; /* what a look at the clock costs */
    uint64_t owed_ns;  /* by the stage around the samples to CHECK */
    unsigned turn;     /* of the sampling */
    uint64_t ns[SLU_STAGE_COUNT];
};

/* The clock runs, for OTHER. */
void slu_profile_start(struct slu_profile *self);

/* Stops it; *out_seconds of each stage add up to what is returned. */
double slu_profile_stop(struct slu_profile *self,
                        double out_seconds[SLU_STAGE_COUNT]);

/* What each stage has had so far. */
void slu_profile_note(struct slu_profile *self,
                      uint64_t out_ns[SLU_STAGE_COUNT]);

/* Adds all that the other, whose thread has ended, has had. */
void slu_profile_add(struct slu_profile *self, const struct slu_profile *other);

/* What was added since `noted` becomes one part in `parts` of it. */
void slu_profile_divide(struct slu_profile *self,
                        const uint64_t noted[SLU_STAGE_COUNT], unsigned parts);

/* ---- for the functions below ---- */
enum slu_stage slu_profile_change(struct slu_profile *self,
                                  enum slu_stage stage);
void slu_profile_owe(struct slu_profile *self, uint64_t began_ns);

/* Returns the stage that was left, for `leave`. */
static inline enum slu_stage slu_profile_enter(struct slu_profile *self,
                                               enum slu_stage stage)
{
    return self == NULL ? stage : slu_profile_change(self, stage);
}

static inline void slu_profile_leave(struct slu_profile *self,
                                     enum slu_stage before)
{
    if (self != NULL) {
        (void)slu_profile_change(self, before);
    }
}

/* To the loop, which waits. */
static inline void slu_profile_sleep(struct slu_profile *self)
{
    if (self != NULL) {
        (void)slu_profile_change(self, self->idle);
    }
}

/* What the loop's waiting counts as, from its next `sleep` on. */
static inline void slu_profile_set_idle(struct slu_profile *self,
                                        enum slu_stage stage)
{
    if (self != NULL) {
        self->idle = stage;
    }
}

/* Around something short that belongs to CHECK: hand what begin returns to
 * end. */
static inline uint64_t slu_profile_sample_begin(struct slu_profile *self)
{
    return self == NULL || ++self->turn % SLU_PROFILE_SAMPLE != 0
               ? 0
               : slu_clock_mono_ns();
}

static inline void slu_profile_sample_end(struct slu_profile *self,
                                          uint64_t began_ns)
{
    if (began_ns != 0) {
        slu_profile_owe(self, began_ns);
    }
}

#endif
