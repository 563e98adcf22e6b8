/* SPDX-License-Identifier: Apache-2.0 */
/* The section `lists` of the configuration. The maxima are GuardDuty's quotas,
 * which no account can have raised: 250,000 lines in a threat IP list, 1,000 in
 * a threat entity list, 35 MB, six of each (user guide, "guardduty_limits"). */
#include "codecs/aws_endpoint.h"
#include "sinks/bucket.h"
#include "sinks/lists.h"

#include <stdio.h>
#include <string.h>

#define OWNER_DIGITS 12
#define FOLD_MIN 2
#define FOLD_MAX 1000
#define MINUTE_MS INT64_C(60000)
#define AGE_MAX_MS (INT64_C(36500) * 24 * 60 * MINUTE_MS)

static const struct slu_field age_fields[] = {
    {.key = "category",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_list_age, category),
     .help = "stream, a threat list's id, or taken_over (lines of lists that "
             "were there before)."},
    {.key = "max_age",
     .type = SLU_FIELD_DURATION,
     .offset = offsetof(struct slu_list_age, max_age_ms),
     .min = MINUTE_MS,
     .max = AGE_MAX_MS,
     .help = "as lists.max_age, for indicators of this category."},
};

static const struct slu_section age_section = {
    .name = "max_ages",
    .fields = age_fields,
    .field_count = sizeof(age_fields) / sizeof(age_fields[0]),
    .size = sizeof(struct slu_list_age),
};

static const struct slu_field fields[] = {
    {.key = "bucket",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_lists_config, bucket),
     .default_text = "",
     .help = "The bucket that the sink s3 puts the lists into."},
    {.key = "prefix",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_lists_config, prefix),
     .default_text = "",
     .help = "Stands before every path in the bucket; empty, or ends with a "
             "slash."},
    {.key = "bucket_owner",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_lists_config, bucket_owner),
     .default_text = "",
     .help = "The account of 12 digits that the bucket must belong to; empty: "
             "any."},
    {.key = "kms_key_id",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_lists_config, kms_key_id),
     .default_text = "",
     .help = "The KMS key (its id, ARN or alias) that encrypts the objects; "
             "empty: as the bucket does by itself."},
    {.key = "ip_files",
     .type = SLU_FIELD_STRINGS,
     .offset = offsetof(struct slu_lists_config, ip_files),
     .default_text = "[]",
     .min = 0,
     .max = SLU_LIST_FILES_MAX,
     .help = "The 1 to 6 files of the threat IP lists, below output_dir; [] "
             "is guard_duty/threat-ip-1.txt to -6.txt."},
    {.key = "entity_files",
     .type = SLU_FIELD_STRINGS,
     .offset = offsetof(struct slu_lists_config, entity_files),
     .default_text = "[]",
     .min = 0,
     .max = SLU_LIST_FILES_MAX,
     .help = "The 1 to 6 files of the threat entity lists (domains), below "
             "output_dir; [] is guard_duty/threat-entity-1.txt to -6.txt."},
    {.key = "ip_file_lines",
     .type = SLU_FIELD_INT,
     .offset = offsetof(struct slu_lists_config, ip_file_lines),
     .default_text = "250000",
     .min = 1,
     .max = SLU_LIST_IP_LINES_MAX,
     .help = "The most lines in one IP file; GuardDuty takes 250000."},
    {.key = "entity_file_lines",
     .type = SLU_FIELD_INT,
     .offset = offsetof(struct slu_lists_config, entity_file_lines),
     .default_text = "1000",
     .min = 1,
     .max = SLU_LIST_DOMAIN_LINES_MAX,
     .help = "The most lines in one domain file; GuardDuty takes 1000."},
    {.key = "file_bytes",
     .type = SLU_FIELD_SIZE,
     .offset = offsetof(struct slu_lists_config, file_bytes),
     .default_text = "35000000",
     .min = 1,
     .max = SLU_LIST_BYTES_MAX,
     .help = "The most bytes in one list file; GuardDuty takes 35 MB."},
    {.key = "side_file_bytes",
     .type = SLU_FIELD_SIZE,
     .offset = offsetof(struct slu_lists_config, side_file_bytes),
     .default_text = "35000000",
     .min = 0,
     .max = INT64_MAX,
     .help = "The most bytes in each file of exceeded and invalid values; "
             "what is left out is counted."},
    {.key = "max_age",
     .type = SLU_FIELD_DURATION,
     .offset = offsetof(struct slu_lists_config, max_age_ms),
     .default_text = "90d",
     .min = MINUTE_MS,
     .max = AGE_MAX_MS,
     .help = "An indicator not seen for this long leaves its list; from 1m."},
    {.key = "max_ages",
     .type = SLU_FIELD_MAPS,
     .offset = offsetof(struct slu_lists_config, max_ages),
     .default_text = "[]",
     .max = SLU_LISTS_CATEGORIES_MAX,
     .inner = &age_section,
     .help = "Categories with another age than max_age; of an indicator in "
             "several categories the longest counts.",
     .example = "{category: ransomware, max_age: 12h}"},
    {.key = "merge_cidrs",
     .type = SLU_FIELD_BOOL,
     .offset = offsetof(struct slu_lists_config, merge_cidrs),
     .default_text = "false",
     .help = "Write the IPs as the fewest CIDR ranges that cover exactly the "
             "same addresses."},
    {.key = "fold_domains",
     .type = SLU_FIELD_INT,
     .offset = offsetof(struct slu_lists_config, fold_domains),
     .default_text = "0",
     .min = 0,
     .max = FOLD_MAX,
     .help = "From this many names directly below a parent on, 2 or more, "
             "list *.parent instead, which also blocks names that nobody "
             "reported; never on or above a public suffix. 0: never."},
    {.key = "allow_file",
     .type = SLU_FIELD_PATH,
     .offset = offsetof(struct slu_lists_config, allow_file),
     .default_text = "",
     .help = "IPs, CIDRs and domains that must never be listed, one a line."},
    {.key = "allow_non_global",
     .type = SLU_FIELD_BOOL,
     .offset = offsetof(struct slu_lists_config, allow_non_global),
     .default_text = "false",
     .help = "List addresses that are not global (private, loopback, ...)."},
    {.key = "allow_public_suffixes",
     .type = SLU_FIELD_BOOL,
     .offset = offsetof(struct slu_lists_config, allow_public_suffixes),
     .default_text = "false",
     .help = "List wildcards on a public suffix, such as *.co.uk."},
    {.key = "cidr_min_prefix",
     .type = SLU_FIELD_INT,
     .offset = offsetof(struct slu_lists_config, cidr_min_prefix),
     .default_text = "8",
     .min = 0,
     .max = 32,
     .help = "A CIDR range with a smaller prefix is too wide to be listed."},
    {.key = "set_name_prefix",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_lists_config, set_name_prefix),
     .default_text = "gti-",
     .help = "The names of our threat lists begin with it: findings that our "
             "own lists caused are dropped as echoes."},
};

const struct slu_section slu_lists_section = {
    .name = "lists",
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .size = sizeof(struct slu_lists_config),
};

const struct slu_strings *
slu_lists_config_files(const struct slu_lists_config *self, enum slu_kind kind)
{
    static const char *const ip_paths[] = {
        "guard_duty/threat-ip-1.txt", "guard_duty/threat-ip-2.txt",
        "guard_duty/threat-ip-3.txt", "guard_duty/threat-ip-4.txt",
        "guard_duty/threat-ip-5.txt", "guard_duty/threat-ip-6.txt",
    };
    static const char *const entity_paths[] = {
        "guard_duty/threat-entity-1.txt", "guard_duty/threat-entity-2.txt",
        "guard_duty/threat-entity-3.txt", "guard_duty/threat-entity-4.txt",
        "guard_duty/threat-entity-5.txt", "guard_duty/threat-entity-6.txt",
    };
    static const struct slu_strings defaults[SLU_KIND_COUNT] = {
        {ip_paths, SLU_LIST_FILES_MAX, false},
        {entity_paths, SLU_LIST_FILES_MAX, false},
    };
    const struct slu_strings *files =
        kind == SLU_KIND_IP ? &self->ip_files : &self->entity_files;

    return files->count == 0 ? &defaults[kind] : files;
}

/* ---- what no single field can say ---- */

/* Finds a component that is empty, "." or "..": also a leading or a trailing
 * slash. Such a path may leave output_dir, or spell one file in two ways. */
static bool has_odd_component(struct slu_view rest)
{
    for (;;) {
        const char *slash = memchr(rest.ptr, '/', rest.len);
        size_t length = slash == NULL ? rest.len : (size_t)(slash - rest.ptr);
        struct slu_view component = slu_view_make(rest.ptr, length);

        if (length == 0 || slu_view_equal_str(component, ".") ||
            slu_view_equal_str(component, "..")) {
            return true;
        }
        if (slash == NULL) {
            return false;
        }
        rest = slu_view_make(slash + 1, rest.len - length - 1);
    }
}

/* Other names in the output folder that a list must not take. */
static bool is_reserved(const char *path)
{
    for (unsigned file = 0; file < SLU_SIDE_FILE_COUNT; file++) {
        if (strcmp(path, slu_side_file_path((enum slu_side_file)file)) == 0) {
            return true;
        }
    }
    return strcmp(path, "gti-checkpoint.json") == 0;
}

/* The path at a position of both lists together, and the key it stands under;
 * NULL past the end. */
static const char *path_at(const struct slu_lists_config *self,
                           unsigned position, const char **out_key)
{
    const struct slu_strings *ips = slu_lists_config_files(self, SLU_KIND_IP);
    const struct slu_strings *domains =
        slu_lists_config_files(self, SLU_KIND_DOMAIN);

    if (position < ips->count) {
        *out_key = "ip_files";
        return ips->items[position];
    }
    position -= ips->count;
    *out_key = "entity_files";
    return position < domains->count ? domains->items[position] : NULL;
}

static bool stands_before(const struct slu_lists_config *self,
                          unsigned position)
{
    const char *key;
    const char *path = path_at(self, position, &key);

    for (unsigned i = 0; i < position; i++) {
        if (strcmp(path_at(self, i, &key), path) == 0) {
            return true;
        }
    }
    return false;
}

static enum slu_err check_files(const struct slu_lists_config *self,
                                struct slu_error *error)
{
    const char *key;
    const char *path;

    if (self->ip_files.count > SLU_LIST_FILES_MAX ||
        self->entity_files.count > SLU_LIST_FILES_MAX) {
        return slu_error_set(
            error, SLU_ERR_CONFIG, "lists.%s: expected at most %d files",
            self->ip_files.count > SLU_LIST_FILES_MAX ? "ip_files"
                                                      : "entity_files",
            SLU_LIST_FILES_MAX);
    }
    for (unsigned i = 0; (path = path_at(self, i, &key)) != NULL; i++) {
        if (has_odd_component(slu_view_str(path))) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "lists.%s: \"%.160s\": expected a relative "
                                 "path below output_dir, without \".\" and "
                                 "\"..\"",
                                 key, path);
        }
        if (is_reserved(path) || stands_before(self, i)) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "lists.%s: \"%.160s\": expected a name that "
                                 "no other file has",
                                 key, path);
        }
    }
    return SLU_ERR_OK;
}

/* ---- the bucket ---- */

static bool is_prefix(const char *text)
{
    size_t len = strlen(text);

    return len == 0 || (text[len - 1] == '/' &&
                        !has_odd_component(slu_view_make(text, len - 1)));
}

/* A path must fit where the bucket's objects and GuardDuty's sets keep it. */
static enum slu_err check_locations(const struct slu_lists_config *self,
                                    struct slu_error *error)
{
    const char *key;
    const char *path;

    for (unsigned i = 0; (path = path_at(self, i, &key)) != NULL; i++) {
        if (strlen(path) > SLU_OBJECT_PATH_MAX) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "lists.%s: \"%.160s\": expected at most %d "
                                 "characters for a file that goes to a bucket",
                                 key, path, SLU_OBJECT_PATH_MAX);
        }
        if (snprintf(NULL, 0, "s3://%s/%s%s", self->bucket, self->prefix,
                     path) > SLU_LOCATION_MAX) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "lists.%s: \"%.100s\": with bucket and prefix "
                                 "its location is longer than the %d "
                                 "characters that GuardDuty takes; expected a "
                                 "shorter prefix",
                                 key, path, SLU_LOCATION_MAX);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err check_bucket(const struct slu_lists_config *self,
                                 struct slu_error *error)
{
    if (self->bucket[0] != '\0' &&
        !slu_aws_is_bucket(slu_view_str(self->bucket))) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "lists.bucket: found `%.80s`, expected the name "
                             "of a bucket, without s3:// and without a path",
                             self->bucket);
    }
    if (!is_prefix(self->prefix)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "lists.prefix: found `%.120s`, expected nothing, "
                             "or a path such as intel/ that ends with a slash "
                             "and doesn't begin with one",
                             self->prefix);
    }
    if (self->bucket_owner[0] != '\0' &&
        !slu_aws_is_account(slu_view_str(self->bucket_owner))) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "lists.bucket_owner: found `%.40s`, expected an "
                             "account of %d digits in quotes",
                             self->bucket_owner, OWNER_DIGITS);
    }
    return self->bucket[0] == '\0' ? SLU_ERR_OK : check_locations(self, error);
}

/* ---- ages, folding ---- */

static enum slu_err check_ages(const struct slu_maps *maps,
                               struct slu_error *error)
{
    const struct slu_list_age *ages = maps->items;

    for (unsigned i = 0; i < maps->count; i++) {
        if (ages[i].category[0] == '\0') {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "lists.max_ages: found an empty category, "
                                 "expected stream, taken_over or a threat "
                                 "list's id");
        }
        for (unsigned k = 0; k < i; k++) {
            if (strcmp(ages[k].category, ages[i].category) == 0) {
                return slu_error_set(error, SLU_ERR_CONFIG,
                                     "lists.max_ages: %.80s is given twice",
                                     ages[i].category);
            }
        }
    }
    return SLU_ERR_OK;
}

enum slu_err slu_lists_config_check(const struct slu_lists_config *self,
                                    struct slu_error *out_error)
{
    enum slu_err err = check_files(self, out_error);

    if (err == SLU_ERR_OK) {
        err = check_bucket(self, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = check_ages(&self->max_ages, out_error);
    }
    if (err == SLU_ERR_OK && self->fold_domains > 0 &&
        self->fold_domains < FOLD_MIN) {
        err = slu_error_set(out_error, SLU_ERR_CONFIG,
                            "lists.fold_domains: found %d, expected 0 or %d "
                            "to %d: one name alone is no reason to list all "
                            "its neighbours",
                            (int)self->fold_domains, FOLD_MIN, FOLD_MAX);
    }
    return err;
}
