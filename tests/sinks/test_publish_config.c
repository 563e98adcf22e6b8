/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/publish_config.h"

#include <criterion/criterion.h>

static const struct slu_field *find_field(const char *key)
{
    for (unsigned i = 0; i < slu_publish_section.field_count; i++) {
        if (strcmp(slu_publish_section.fields[i].key, key) == 0) {
            return &slu_publish_section.fields[i];
        }
    }
    cr_assert_fail("no field %s", key);
    return NULL;
}

Test(publish_config, has_every_field_inside_the_struct)
{
    cr_assert_str_eq(slu_publish_section.name, "publish");
    cr_assert_eq(slu_publish_section.size, sizeof(struct slu_publish_config));
    cr_assert_eq(slu_publish_section.field_count, 3);
    for (unsigned i = 0; i < slu_publish_section.field_count; i++) {
        const struct slu_field *field = &slu_publish_section.fields[i];

        cr_assert_lt(field->offset, slu_publish_section.size);
        cr_assert_not_null(field->default_text);
        cr_assert_not_null(field->help);
        cr_assert_eq(find_field(field->key), field, "%s twice", field->key);
    }
}

Test(publish_config, may_wait_for_nothing_and_for_a_day)
{
    cr_assert_eq(find_field("wait")->min, 0);
    cr_assert_eq(find_field("wait")->max, INT64_C(86400000));
}

Test(publish_config, guards_from_every_line_to_none)
{
    cr_assert_eq(find_field("max_shrink")->min, 0);
    cr_assert_eq(find_field("max_shrink")->max, 100);
}

/* ---- regions ---- */

static enum slu_err check(const char *const *regions, unsigned count,
                          struct slu_error *error)
{
    struct slu_publish_config config = {.regions = {regions, count, false}};

    *error = (struct slu_error){0};
    return slu_publish_config_check(&config, error);
}

Test(publish_config, takes_regions_that_differ)
{
    static const char *const regions[] = {"us-east-1", "eu-central-1",
                                          "us-gov-west-1"};
    struct slu_error error;

    for (unsigned count = 0; count <= 3; count++) {
        cr_assert_eq(check(regions, count, &error), SLU_ERR_OK, "%s",
                     error.text);
    }
}

Test(publish_config, names_what_is_no_region)
{
    static const char *const regions[] = {"us-east-1", "US East"};
    struct slu_error error;

    cr_assert_eq(check(regions, 2, &error), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "publish.regions: \"US East\" is no region; "
                                 "expected a name such as us-east-1");
    cr_assert_eq(check(regions + 1, 1, &error), SLU_ERR_CONFIG);
}

Test(publish_config, names_a_region_that_is_given_twice)
{
    static const char *const regions[] = {"eu-west-1", "us-east-1", "eu-west-1",
                                          "us-east-1"};
    struct slu_error error;

    cr_assert_eq(check(regions, 3, &error), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "publish.regions: eu-west-1 is given twice");
    cr_assert_eq(check(regions + 1, 3, &error), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "publish.regions: us-east-1 is given twice");
}

/* ---- the shrink guard ---- */

static bool shrinks(int64_t max_shrink, uint64_t before, uint64_t after)
{
    struct slu_publish_config config = {.max_shrink = max_shrink};

    return slu_publish_shrinks_too_much(&config, before, after);
}

Test(publish_config, a_list_may_lose_as_much_as_is_said_and_not_one_more)
{
    cr_assert_not(shrinks(30, 100, 70));
    cr_assert(shrinks(30, 100, 69));
    cr_assert_not(shrinks(30, 10, 7));
    cr_assert(shrinks(30, 10, 6));
    cr_assert(shrinks(30, 250000, 174999));
    cr_assert_not(shrinks(30, 250000, 175000));
}

Test(publish_config, a_list_may_always_grow_and_stay)
{
    cr_assert_not(shrinks(0, 0, 0));
    cr_assert_not(shrinks(0, 0, 1000));
    cr_assert_not(shrinks(0, 1000, 1000));
    cr_assert_not(shrinks(0, 1000, 1001));
    cr_assert_not(shrinks(30, 1, UINT64_C(250000)));
}

Test(publish_config, the_ends_of_the_guard_are_never_and_always)
{
    cr_assert(shrinks(0, 1000, 999));
    cr_assert(shrinks(99, 1000, 0));
    cr_assert_not(shrinks(100, 1000, 0));
    cr_assert_not(shrinks(100, 1, 0));
}
