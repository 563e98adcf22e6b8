/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/profile.h"

#include <criterion/criterion.h>
#include <string.h>

#define SECOND UINT64_C(1000000000)

/* As if the stage had begun so much earlier. */
static void pass(struct slu_profile *profile, uint64_t ns)
{
    profile->since_ns -= ns;
}

/* Whole seconds of a stage: what the test itself takes is less. */
static uint64_t seconds(const struct slu_profile *profile, enum slu_stage stage)
{
    return profile->ns[stage] / SECOND;
}

Test(profile, charges_each_moment_to_one_stage)
{
    struct slu_profile profile;
    double parts[SLU_STAGE_COUNT];
    enum slu_stage before;
    double sum = 0;
    double whole;

    slu_profile_start(&profile);
    pass(&profile, SECOND);
    before = slu_profile_enter(&profile, SLU_STAGE_WRITE);
    cr_assert_eq(before, SLU_STAGE_OTHER);
    pass(&profile, 2 * SECOND);
    cr_assert_eq(slu_profile_enter(&profile, SLU_STAGE_FOLD), SLU_STAGE_WRITE);
    pass(&profile, 3 * SECOND);
    slu_profile_leave(&profile, before);
    pass(&profile, 4 * SECOND);
    whole = slu_profile_stop(&profile, parts);
    cr_assert_eq(seconds(&profile, SLU_STAGE_WRITE), 2);
    cr_assert_eq(seconds(&profile, SLU_STAGE_FOLD), 3);
    cr_assert_eq(seconds(&profile, SLU_STAGE_OTHER), 5);
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        cr_assert_eq(parts[i], (double)profile.ns[i] / 1e9);
        sum += parts[i];
    }
    cr_assert_eq(whole, sum);
    cr_assert_geq(whole, 10);
}

Test(profile, charges_a_loops_waiting_to_what_it_waits_for)
{
    struct slu_profile profile;

    slu_profile_start(&profile);
    slu_profile_sleep(&profile);
    pass(&profile, SECOND);
    (void)slu_profile_enter(&profile, SLU_STAGE_RECEIVE);
    slu_profile_set_idle(&profile, SLU_STAGE_LIMITER);
    pass(&profile, 2 * SECOND);
    slu_profile_sleep(&profile);
    pass(&profile, 3 * SECOND);
    (void)slu_profile_enter(&profile, SLU_STAGE_OTHER);
    cr_assert_eq(seconds(&profile, SLU_STAGE_NETWORK), 1);
    cr_assert_eq(seconds(&profile, SLU_STAGE_RECEIVE), 2);
    cr_assert_eq(seconds(&profile, SLU_STAGE_LIMITER), 3);
}

Test(profile, times_one_of_sixteen_and_takes_that_off_the_stage_around)
{
    struct slu_profile profile;
    unsigned samples = 0;

    slu_profile_start(&profile);
    (void)slu_profile_enter(&profile, SLU_STAGE_PARSE);
    for (unsigned i = 0; i < 10 * SLU_PROFILE_SAMPLE; i++) {
        uint64_t began = slu_profile_sample_begin(&profile);

        samples += began != 0;
        slu_profile_sample_end(&profile, began);
    }
    cr_assert_eq(samples, 10);
    /* One sample of a second stands for sixteen, of which so many have
     * passed. */
    pass(&profile, 20 * SECOND);
    profile.turn = SLU_PROFILE_SAMPLE - 1;
    slu_profile_owe(&profile, slu_profile_sample_begin(&profile) - SECOND);
    (void)slu_profile_enter(&profile, SLU_STAGE_OTHER);
    cr_assert_eq(seconds(&profile, SLU_STAGE_CHECK), 16);
    cr_assert_eq(seconds(&profile, SLU_STAGE_PARSE), 4);
}

Test(profile, takes_no_more_off_a_stage_than_it_has)
{
    struct slu_profile profile;

    slu_profile_start(&profile);
    (void)slu_profile_enter(&profile, SLU_STAGE_PARSE);
    pass(&profile, 2 * SECOND);
    slu_profile_owe(&profile, slu_clock_mono_ns() - SECOND);
    (void)slu_profile_enter(&profile, SLU_STAGE_COMMIT);
    cr_assert_eq(seconds(&profile, SLU_STAGE_CHECK), 2);
    cr_assert_eq(profile.ns[SLU_STAGE_PARSE], 0);
    /* The rest is not taken off another one. */
    pass(&profile, SECOND);
    (void)slu_profile_enter(&profile, SLU_STAGE_OTHER);
    cr_assert_eq(seconds(&profile, SLU_STAGE_COMMIT), 1);
}

Test(profile, makes_the_time_of_several_that_of_one)
{
    struct slu_profile home;
    struct slu_profile other;
    uint64_t noted[SLU_STAGE_COUNT];

    slu_profile_start(&home);
    pass(&home, 5 * SECOND);
    slu_profile_note(&home, noted);
    slu_profile_start(&other);
    (void)slu_profile_enter(&other, SLU_STAGE_PARSE);
    pass(&other, 4 * SECOND);
    (void)slu_profile_enter(&other, SLU_STAGE_OTHER);
    (void)slu_profile_enter(&home, SLU_STAGE_COMMIT);
    pass(&home, 4 * SECOND);
    slu_profile_add(&home, &other);
    slu_profile_divide(&home, noted, 2);
    cr_assert_eq(seconds(&home, SLU_STAGE_OTHER), 5);
    cr_assert_eq(seconds(&home, SLU_STAGE_PARSE), 2);
    cr_assert_eq(seconds(&home, SLU_STAGE_COMMIT), 2);
    /* And goes on from there. */
    pass(&home, SECOND);
    (void)slu_profile_enter(&home, SLU_STAGE_OTHER);
    cr_assert_eq(seconds(&home, SLU_STAGE_COMMIT), 3);
}

Test(profile, forgets_a_sample_with_another_stage_within)
{
    struct slu_profile profile;
    uint64_t began;

    slu_profile_start(&profile);
    (void)slu_profile_enter(&profile, SLU_STAGE_PARSE);
    began = slu_clock_mono_ns() - SECOND;
    slu_profile_leave(&profile, slu_profile_enter(&profile, SLU_STAGE_COMMIT));
    slu_profile_sample_end(&profile, began);
    pass(&profile, SECOND);
    (void)slu_profile_enter(&profile, SLU_STAGE_OTHER);
    cr_assert_eq(profile.ns[SLU_STAGE_CHECK], 0);
}

Test(profile, is_nothing_where_none_is_wanted)
{
    cr_assert_eq(slu_profile_enter(NULL, SLU_STAGE_FOLD), SLU_STAGE_FOLD);
    slu_profile_leave(NULL, SLU_STAGE_OTHER);
    slu_profile_set_idle(NULL, SLU_STAGE_LIMITER);
    slu_profile_sleep(NULL);
    for (unsigned i = 0; i < 2 * SLU_PROFILE_SAMPLE; i++) {
        uint64_t began = slu_profile_sample_begin(NULL);

        cr_assert_eq(began, 0);
        slu_profile_sample_end(NULL, began);
    }
}

Test(profile, names_every_stage_once)
{
    for (int i = 0; i < SLU_STAGE_COUNT; i++) {
        cr_assert_not_null(slu_stage_name((enum slu_stage)i));
        for (int j = 0; j < i; j++) {
            cr_assert_str_neq(slu_stage_name((enum slu_stage)i),
                              slu_stage_name((enum slu_stage)j));
        }
    }
    cr_assert_null(slu_stage_name(SLU_STAGE_COUNT));
}
