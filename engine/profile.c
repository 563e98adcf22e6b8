/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/profile.h"

#define CLOCK_LOOKS 32

static const char *const names[SLU_STAGE_COUNT] = {
    [SLU_STAGE_NETWORK] = "network_wait", [SLU_STAGE_LIMITER] = "limiter_wait",
    [SLU_STAGE_RECEIVE] = "receive",      [SLU_STAGE_PARSE] = "parse",
    [SLU_STAGE_CHECK] = "check",          [SLU_STAGE_DEDUPE] = "dedupe",
    [SLU_STAGE_COMMIT] = "commit",        [SLU_STAGE_FOLD] = "fold",
    [SLU_STAGE_PLACE] = "placement",      [SLU_STAGE_WRITE] = "write",
    [SLU_STAGE_OTHER] = "other",
};

const char *slu_stage_name(enum slu_stage stage)
{
    return (unsigned)stage < SLU_STAGE_COUNT ? names[stage] : NULL;
}

/* The shortest of some: what a sample is longer by than what it measures. */
static uint64_t measure_clock(void)
{
    uint64_t least = UINT64_MAX;
    uint64_t before = slu_clock_mono_ns();

    for (int i = 0; i < CLOCK_LOOKS; i++) {
        uint64_t now = slu_clock_mono_ns();

        least = now - before < least ? now - before : least;
        before = now;
    }
    return least;
}

void slu_profile_start(struct slu_profile *self)
{
    *self = (struct slu_profile){
        .stage = SLU_STAGE_OTHER,
        .idle = SLU_STAGE_NETWORK,
        .clock_ns = measure_clock(),
    };
    self->since_ns = slu_clock_mono_ns();
}

/* What the samples found is taken off the stage that they were within, and
 * never more than there is. */
static void charge(struct slu_profile *self, uint64_t ns)
{
    uint64_t owed = self->owed_ns < ns ? self->owed_ns : ns;

    self->owed_ns = 0;
    self->ns[SLU_STAGE_CHECK] += owed;
    self->ns[self->stage] += ns - owed;
}

enum slu_stage slu_profile_change(struct slu_profile *self,
                                  enum slu_stage stage)
{
    uint64_t now = slu_clock_mono_ns();
    enum slu_stage before = self->stage;

    charge(self, now - self->since_ns);
    self->since_ns = now;
    self->stage = stage;
    return before;
}

void slu_profile_owe(struct slu_profile *self, uint64_t began_ns)
{
    uint64_t ns = slu_clock_mono_ns() - began_ns;

    /* A change of stage within is an account of its own. */
    if (self->since_ns > began_ns || ns <= self->clock_ns) {
        return;
    }
    self->owed_ns += (ns - self->clock_ns) * SLU_PROFILE_SAMPLE;
}

void slu_profile_note(struct slu_profile *self,
                      uint64_t out_ns[SLU_STAGE_COUNT])
{
    (void)slu_profile_change(self, self->stage);
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        out_ns[i] = self->ns[i];
    }
}

void slu_profile_add(struct slu_profile *self, const struct slu_profile *other)
{
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        self->ns[i] += other->ns[i];
    }
}

void slu_profile_divide(struct slu_profile *self,
                        const uint64_t noted[SLU_STAGE_COUNT], unsigned parts)
{
    (void)slu_profile_change(self, self->stage);
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        self->ns[i] = noted[i] + (self->ns[i] - noted[i]) / parts;
    }
}

double slu_profile_stop(struct slu_profile *self,
                        double out_seconds[SLU_STAGE_COUNT])
{
    double sum = 0;

    (void)slu_profile_change(self, SLU_STAGE_OTHER);
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        out_seconds[i] = (double)self->ns[i] / 1e9;
        sum += out_seconds[i];
    }
    return sum;
}
