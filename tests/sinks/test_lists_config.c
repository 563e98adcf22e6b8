/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/lists.h"

#include <criterion/criterion.h>
#include <stdio.h>

static enum slu_err check(const char *const *ips, unsigned ip_count,
                          const char *const *domains, unsigned domain_count,
                          struct slu_error *error)
{
    struct slu_lists_config config = {
        .ip_files = {ips, ip_count, false},
        .entity_files = {domains, domain_count, false},
    };

    *error = (struct slu_error){0};
    return slu_lists_config_check(&config, error);
}

/* One IP file of that name is refused with a sentence that says so. */
static void assert_refused(const char *path)
{
    struct slu_error error;

    cr_assert_eq(check(&path, 1, NULL, 0, &error), SLU_ERR_CONFIG, "%s", path);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "lists.ip_files"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, "expected"), "%s", error.text);
}

static const struct slu_field *find_field(const char *key)
{
    for (unsigned i = 0; i < slu_lists_section.field_count; i++) {
        if (strcmp(slu_lists_section.fields[i].key, key) == 0) {
            return &slu_lists_section.fields[i];
        }
    }
    cr_assert_fail("no field %s", key);
    return NULL;
}

Test(lists_config, has_every_field_once_inside_the_struct)
{
    cr_assert_str_eq(slu_lists_section.name, "lists");
    cr_assert_eq(slu_lists_section.size, sizeof(struct slu_lists_config));
    cr_assert_eq(slu_lists_section.field_count, 12);
    for (unsigned i = 0; i < slu_lists_section.field_count; i++) {
        const struct slu_field *field = &slu_lists_section.fields[i];

        cr_assert_lt(field->offset, slu_lists_section.size);
        cr_assert_not_null(field->default_text);
        cr_assert_not_null(field->help);
        cr_assert_eq(find_field(field->key), field, "%s twice", field->key);
        for (unsigned k = 0; k < i; k++) {
            cr_assert_neq(slu_lists_section.fields[k].offset, field->offset);
        }
    }
}

Test(lists_config, never_allows_more_than_guardduty_takes)
{
    cr_assert_eq(find_field("ip_file_lines")->max, 250000);
    cr_assert_eq(find_field("entity_file_lines")->max, 1000);
    cr_assert_eq(find_field("file_bytes")->max, 35000000);
    cr_assert_eq(find_field("ip_files")->max, 6);
    cr_assert_eq(find_field("entity_files")->max, 6);
    cr_assert_eq(find_field("max_age")->min, 60000);
}

/* An empty list is the default, and stands for the Lambda's six names. */
static void assert_default(const char *key, enum slu_kind kind,
                           const char *type)
{
    const struct slu_lists_config empty = {.max_age_ms = 0};
    const struct slu_strings *files = slu_lists_config_files(&empty, kind);

    cr_assert_str_eq(find_field(key)->default_text, "[]");
    cr_assert_eq(files->count, 6);
    for (unsigned i = 0; i < files->count; i++) {
        char path[64];

        (void)snprintf(path, sizeof(path), "guard_duty/threat-%s-%u.txt", type,
                       i + 1);
        cr_assert_str_eq(files->items[i], path);
    }
}

Test(lists_config, an_empty_list_of_files_is_the_default)
{
    assert_default("ip_files", SLU_KIND_IP, "ip");
    assert_default("entity_files", SLU_KIND_DOMAIN, "entity");
}

Test(lists_config, given_files_are_taken)
{
    const char *const names[] = {"a.txt", "b/c.txt"};
    const struct slu_lists_config config = {.ip_files = {names, 2, false}};

    cr_assert_eq(slu_lists_config_files(&config, SLU_KIND_IP)->count, 2);
    cr_assert_str_eq(slu_lists_config_files(&config, SLU_KIND_IP)->items[1],
                     "b/c.txt");
    cr_assert_eq(slu_lists_config_files(&config, SLU_KIND_DOMAIN)->count, 6);
}

Test(lists_config, accepts_the_defaults_and_relative_paths)
{
    const char *const ips[] = {"a", "b/c.txt", "..d/...", "e.f/.g"};
    struct slu_error error;

    cr_assert_eq(check(NULL, 0, NULL, 0, &error), SLU_ERR_OK);
    cr_assert_eq(check(ips, 4, NULL, 0, &error), SLU_ERR_OK);
    cr_assert_eq(error.code, SLU_ERR_OK);
}

Test(lists_config, refuses_a_path_that_may_leave_the_folder)
{
    assert_refused("");
    assert_refused("/etc/passwd");
    assert_refused("../a");
    assert_refused("a/../b");
    assert_refused("a/..");
    assert_refused("a//b");
    assert_refused("./a");
    assert_refused("a/");
}

Test(lists_config, refuses_the_names_of_other_files)
{
    const char *entity = "guard_duty/threat-entity-3.txt";
    struct slu_error error;

    assert_refused("gti-checkpoint.json");
    for (int i = 0; i < SLU_SIDE_FILE_COUNT; i++) {
        assert_refused(slu_side_file_path((enum slu_side_file)i));
    }
    cr_assert_eq(check(&entity, 1, NULL, 0, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, entity), "%s", error.text);
}

Test(lists_config, refuses_a_name_that_stands_twice)
{
    const char *const ips[] = {"a", "b"};
    const char *const twice[] = {"c", "c"};
    const char *const domains[] = {"c", "a"};
    struct slu_error error;

    cr_assert_eq(check(ips, 2, domains, 2, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "lists.entity_files: \"a\""), "%s",
                       error.text);
    cr_assert_eq(check(twice, 2, NULL, 0, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "lists.ip_files: \"c\""));
}

Test(lists_config, refuses_more_than_six_files)
{
    const char *const names[] = {"a", "b", "c", "d", "e", "f", "g"};
    struct slu_error error;

    cr_assert_eq(check(names, 7, NULL, 0, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "lists.ip_files"));
    cr_assert_eq(check(NULL, 0, names, 7, &error), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "lists.entity_files"));
    cr_assert_eq(check(names, 6, NULL, 0, &error), SLU_ERR_OK);
}

Test(lists_config, needs_no_place_for_the_error)
{
    const char *const names[] = {"/a"};
    struct slu_lists_config config = {.ip_files = {names, 1, false}};

    cr_assert_eq(slu_lists_config_check(&config, NULL), SLU_ERR_CONFIG);
}
