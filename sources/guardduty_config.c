/* SPDX-License-Identifier: Apache-2.0 */
/* The section "guardduty" of the configuration. */
#include "codecs/aws_endpoint.h"
#include "sources/guardduty.h"

#define OFFSET(member) offsetof(struct slu_guardduty_config, member)
#define MINUTE_MS INT64_C(60000)
#define DAY_MS (24 * 60 * MINUTE_MS)
#define ACCOUNTS_MAX 1000
#define REGIONS_MAX 64
#define DETECTOR_MAX 300 /* the service's model, DetectorId */

/* "a|b|c|"; the bar behind the last one is no further choice. */
#define CHOICE(name, text) text "|"
#define GROUP_CHOICES SLU_FINDING_GROUP_MAP(CHOICE)

static const struct slu_field fields[] = {
    {
        .key = "accounts",
        .type = SLU_FIELD_MAPS,
        .offset = OFFSET(accounts),
        .default_text = "[]",
        .max = ACCOUNTS_MAX,
        .inner = &slu_account_section,
        .help = "Accounts to pull, each through a role that is assumed; [] is "
                "the account of the sign-in.",
        .example = "{id: \"111122223333\", role_arn: "
                   "\"arn:aws:iam::111122223333:role/r\"}",
    },
    {
        .key = "regions",
        .type = SLU_FIELD_STRINGS,
        .offset = OFFSET(regions),
        .default_text = "[]",
        .max = REGIONS_MAX,
        .or_all = true,
        .help = "Regions to pull; all is every region that has GuardDuty, [] "
                "is that of aws.region.",
    },
    {
        .key = "detector",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(detector),
        .default_text = "auto",
        .help = "auto finds the detector of each account and region; or the "
                "id of one.",
    },
    {
        .key = "create_detector",
        .type = SLU_FIELD_BOOL,
        .offset = OFFSET(create_detector),
        .default_text = "false",
        .help = "Enable GuardDuty in a region of publish.regions that has no "
                "detector yet; AWS charges for it.",
    },
    {
        .key = "initial_range_days",
        .type = SLU_FIELD_INT,
        .offset = OFFSET(initial_range_days),
        .default_text = "7",
        .min = 1,
        .max = 90,
        .help = "How far back a pull without a checkpoint begins; GuardDuty "
                "keeps findings for 90 days.",
    },
    {
        .key = "include_archived",
        .type = SLU_FIELD_BOOL,
        .offset = OFFSET(include_archived),
        .default_text = "false",
        .help = "Take the indicators of archived findings as well.",
    },
    {
        .key = "include_samples",
        .type = SLU_FIELD_BOOL,
        .offset = OFFSET(include_samples),
        .default_text = "false",
        .help = "Take the indicators of findings that GuardDuty made as "
                "samples; they are not real.",
    },
    {
        .key = "indicators",
        .type = SLU_FIELD_STRINGS,
        .offset = OFFSET(indicators),
        .default_text =
            "[network_connection, port_probe, dns_request, ebs_volume_scan]",
        .min = 1,
        .max = SLU_FINDING_GROUP_COUNT,
        .choices = GROUP_CHOICES,
        .or_all = true,
        .help = "Where in a finding indicators are looked for; the default is "
                "what Netskope's plugin reads.",
    },
    {
        .key = "finding_compat",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(finding_compat),
        .default_text = "none",
        .choices = "none|netskope",
        .help = "netskope makes the choices of Netskope's plugin: samples, "
                "archived findings and echoes of our own lists are kept.",
    },
    {
        .key = "overlap",
        .type = SLU_FIELD_DURATION,
        .offset = OFFSET(overlap_ms),
        .default_text = "5m",
        .min = 0,
        .max = DAY_MS,
        .help = "How far before its checkpoint a pull reads again, for "
                "findings that were written late.",
    },
    {
        .key = "export",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(export_from),
        .default_text = "",
        .help = "Where the source guardduty_export reads: a folder, or "
                "s3://bucket/prefix; all of it, for initial_range_days does "
                "not apply.",
    },
    {
        .key = "export_names",
        .type = SLU_FIELD_STRINGS,
        .offset = OFFSET(export_names),
        .default_text = "[.jsonl.gz, .jsonl]",
        .min = 1,
        .max = 16,
        .or_all = true,
        .help = "Endings of the names that guardduty_export reads; all is "
                "every one. What doesn't end in .jsonl or .jsonl.gz is read as "
                "JSON objects one behind the other, or in an array, such as "
                "Firehose writes.",
    },
    {
        .key = "export_region",
        .type = SLU_FIELD_STRING,
        .offset = OFFSET(export_region),
        .default_text = "",
        .help = "Region of the export's bucket; empty: aws.region, then where "
                "S3 says that it is.",
    },
};

const struct slu_section slu_guardduty_section = {
    .name = "guardduty",
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .size = sizeof(struct slu_guardduty_config),
};

/* ---- what no single field can say ---- */

static enum slu_err check_region(const char *region, const char *key,
                                 struct slu_error *error)
{
    if (slu_aws_is_region(slu_view_str(region))) {
        return SLU_ERR_OK;
    }
    return slu_error_set(error, SLU_ERR_CONFIG,
                         "guardduty.%s: found `%.60s`, expected a region such "
                         "as us-east-1",
                         key, region);
}

/* One credential signs in to one partition. */
static enum slu_err check_regions(const struct slu_strings *regions,
                                  struct slu_error *error)
{
    for (unsigned i = 0; i < regions->count; i++) {
        const char *first = regions->items[0];
        const char *region = regions->items[i];
        enum slu_err err = check_region(region, "regions", error);

        if (err != SLU_ERR_OK) {
            return err;
        }
        if (strcmp(slu_aws_partition(slu_view_str(first)),
                   slu_aws_partition(slu_view_str(region))) != 0) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "guardduty.regions: %s and %s are of two "
                                 "partitions, and one sign-in reaches one",
                                 first, region);
        }
    }
    return SLU_ERR_OK;
}

static bool is_detector_id(const char *text)
{
    size_t len = strlen(text);

    return len > 0 && len <= DETECTOR_MAX &&
           strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789-_") == len;
}

/* A detector is of one account in one region. */
static enum slu_err check_detector(const struct slu_guardduty_config *self,
                                   struct slu_error *error)
{
    if (strcmp(self->detector, "auto") == 0) {
        return SLU_ERR_OK;
    }
    if (!is_detector_id(self->detector)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "guardduty.detector: found `%.60s`, expected auto "
                             "or a detector's id",
                             self->detector);
    }
    if (self->accounts.count > 1 || self->regions.count > 1 ||
        self->regions.all) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "guardduty.detector: `%.60s` is of one account "
                             "and region; expected auto for several",
                             self->detector);
    }
    return SLU_ERR_OK;
}

static enum slu_err check_export(const struct slu_guardduty_config *self,
                                 struct slu_error *error)
{
    static const char scheme[] = "s3://";
    const char *name = self->export_from + sizeof(scheme) - 1;

    if (strncmp(self->export_from, scheme, sizeof(scheme) - 1) != 0) {
        return SLU_ERR_OK;
    }
    if (!slu_aws_is_bucket(slu_view_make(name, strcspn(name, "/")))) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "guardduty.export: found `%.120s`, expected a "
                             "folder or s3://bucket/prefix",
                             self->export_from);
    }
    return SLU_ERR_OK;
}

enum slu_err slu_guardduty_config_check(const struct slu_guardduty_config *self,
                                        struct slu_error *out_error)
{
    enum slu_err err =
        slu_accounts_check(&self->accounts, "guardduty.accounts", out_error);

    if (err == SLU_ERR_OK) {
        err = check_regions(&self->regions, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = check_detector(self, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = check_export(self, out_error);
    }
    if (err == SLU_ERR_OK && self->export_region[0] != '\0') {
        err = check_region(self->export_region, "export_region", out_error);
    }
    return err;
}

uint32_t slu_guardduty_groups(const struct slu_guardduty_config *self)
{
    static const char *const names[SLU_FINDING_GROUP_COUNT] = {
#define NAME(name, text) text,
        SLU_FINDING_GROUP_MAP(NAME)
#undef NAME
    };
    uint32_t groups = 0;

    if (self->indicators.all) {
        return SLU_FINDING_GROUPS_ALL;
    }
    for (unsigned i = 0; i < self->indicators.count; i++) {
        for (unsigned group = 0; group < SLU_FINDING_GROUP_COUNT; group++) {
            if (strcmp(self->indicators.items[i], names[group]) == 0) {
                groups |= SLU_FINDING_GROUP_BIT(group);
            }
        }
    }
    return groups;
}
