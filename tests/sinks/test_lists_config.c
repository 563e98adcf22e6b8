/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/lists.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_lists_config make_config(void)
{
    return (struct slu_lists_config){.bucket = "",
                                     .prefix = "",
                                     .bucket_owner = "",
                                     .kms_key_id = "",
                                     .allow_file = ""};
}

static enum slu_err check(const char *const *ips, unsigned ip_count,
                          const char *const *domains, unsigned domain_count,
                          struct slu_error *error)
{
    struct slu_lists_config config = make_config();

    config.ip_files = (struct slu_strings){ips, ip_count, false};
    config.entity_files = (struct slu_strings){domains, domain_count, false};
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
    cr_assert_eq(slu_lists_section.field_count, 19);
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
    struct slu_lists_config config = make_config();

    config.ip_files = (struct slu_strings){names, 1, false};
    cr_assert_eq(slu_lists_config_check(&config, NULL), SLU_ERR_CONFIG);
}

/* ---- bucket, ages, folding ---- */

static void assert_config(const struct slu_lists_config *config,
                          const char *key, const char *expected)
{
    struct slu_error error = {0};
    enum slu_err err = slu_lists_config_check(config, &error);

    cr_assert_eq(err, key == NULL ? SLU_ERR_OK : SLU_ERR_CONFIG, "%s",
                 error.text);
    cr_assert_eq(error.code, err);
    if (key != NULL) {
        cr_assert_eq(strncmp(error.text, key, strlen(key)), 0, "%s",
                     error.text);
        cr_assert_not_null(strstr(error.text, expected), "%s", error.text);
    }
}

Test(lists_config, a_bucket_is_a_name_alone)
{
    static const char *const bad[] = {"s3://intel", "Intel",    "ab",
                                      "a/b",        "10.0.0.1", "intel."};
    struct slu_lists_config config = make_config();

    config.bucket = "my.intel-1";
    assert_config(&config, NULL, "");
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        config.bucket = bad[i];
        assert_config(&config, "lists.bucket: found `", "without s3://");
    }
}

Test(lists_config, a_prefix_ends_with_a_slash)
{
    static const char *const good[] = {"", "a/", "a/b.c/..d/"};
    static const char *const bad[] = {"/",   "/a/", "a",     "a//",
                                      "./",  "../", "a/../", "a//b/",
                                      "a/b", ".",   "a/./b/"};
    struct slu_lists_config config = make_config();

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        config.prefix = good[i];
        assert_config(&config, NULL, "");
    }
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        config.prefix = bad[i];
        assert_config(&config, "lists.prefix: found `", "ends with a slash");
    }
}

Test(lists_config, an_owner_is_an_account)
{
    static const char *const bad[] = {"1", "1111222233334", "11112222333a",
                                      "1111-2222-33"};
    struct slu_lists_config config = make_config();

    config.bucket_owner = "111122223333";
    assert_config(&config, NULL, "");
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        config.bucket_owner = bad[i];
        assert_config(&config, "lists.bucket_owner: found `", "12 digits");
    }
}

/* s3://abc/ and a prefix of `length` characters. */
static void set_prefix(struct slu_lists_config *config, char *prefix,
                       size_t length)
{
    memset(prefix, 'p', length);
    prefix[length - 1] = '/';
    prefix[length] = '\0';
    config->bucket = "abc";
    config->prefix = prefix;
}

Test(lists_config, a_location_is_not_longer_than_guardduty_takes)
{
    struct slu_lists_config config = make_config();
    size_t longest = 300 - strlen("s3://abc/guard_duty/threat-entity-1.txt");
    char prefix[400];

    set_prefix(&config, prefix, longest);
    assert_config(&config, NULL, "");
    set_prefix(&config, prefix, longest + 1);
    assert_config(&config, "lists.entity_files: ", "300 characters");
    config.bucket = "";
    assert_config(&config, NULL, "");
}

Test(lists_config, a_path_is_not_longer_than_the_bucket_sink_takes)
{
    char path[170];
    const char *const paths[] = {path};
    struct slu_lists_config config = make_config();

    memset(path, 'x', sizeof(path));
    path[161] = '\0';
    config.ip_files = (struct slu_strings){paths, 1, false};
    assert_config(&config, NULL, "");
    config.bucket = "abc";
    assert_config(&config, "lists.ip_files: ", "at most 160 characters");
    path[160] = '\0';
    assert_config(&config, NULL, "");
}

Test(lists_config, a_category_has_one_age)
{
    struct slu_list_age ages[] = {{"stream", 60000}, {"ransomware", 1}};
    struct slu_lists_config config = make_config();

    config.max_ages = (struct slu_maps){ages, 2};
    assert_config(&config, NULL, "");
    ages[1].category = "stream";
    assert_config(&config, "lists.max_ages: stream is given twice", "");
    ages[1].category = "";
    assert_config(&config, "lists.max_ages: ", "empty category");
}

Test(lists_config, ages_begin_at_a_minute)
{
    const struct slu_section *item = find_field("max_ages")->inner;

    cr_assert_eq(item->size, sizeof(struct slu_list_age));
    cr_assert_str_eq(item->fields[1].key, "max_age");
    cr_assert_eq(item->fields[1].min, 60000);
    cr_assert_null(item->fields[1].default_text, "it must be given");
    cr_assert_eq(find_field("max_ages")->max, 32);
}

Test(lists_config, one_name_is_not_folded)
{
    struct slu_lists_config config = make_config();

    config.fold_domains = 2;
    assert_config(&config, NULL, "");
    config.fold_domains = 1;
    assert_config(&config, "lists.fold_domains: found 1", "0 or 2 to 1000");
    cr_assert_str_eq(find_field("fold_domains")->default_text, "0");
    cr_assert_str_eq(find_field("merge_cidrs")->default_text, "false");
    cr_assert_eq(find_field("fold_domains")->max, 1000);
}
