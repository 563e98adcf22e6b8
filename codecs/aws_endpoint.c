/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts by partition. The suffixes and the exceptions are those of botocore
 * 1.43.11 (data/partitions.json and each service's endpoint rules), which
 * tests/codecs/test_aws_endpoint_botocore.py compares with what comes out here.
 */
#include "codecs/aws_endpoint.h"
#include "codecs/ipv4.h"
#include "codecs/url.h"

#include <assert.h>
#include <stdio.h>

#define REGION_MAX 32

/* ---- partitions ---- */

enum variant {
    VARIANT_PLAIN,
    VARIANT_DUALSTACK,
    VARIANT_FIPS,
    VARIANT_BOTH,
    VARIANT_COUNT,
};

struct partition {
    const char *prefix; /* of its regions' names */
    const char *name;
    const char *suffix;
    const char *dualstack_suffix;
    const char *home; /* the region that its one IAM is signed for */
    /* What stands in IAM's host between its label and the suffix. */
    const char *iam[VARIANT_COUNT];
};

/* The last one takes every other region, as the SDKs do. */
static const struct partition partitions[] = {
    {"cn-",
     "aws-cn",
     "amazonaws.com.cn",
     "api.amazonwebservices.com.cn",
     "cn-north-1",
     {"cn-north-1.", "global.", "", ""}},
    {"us-gov-",
     "aws-us-gov",
     "amazonaws.com",
     "api.aws",
     "us-gov-west-1",
     {"us-gov.", "us-gov.", "us-gov.", "us-gov."}},
    {"us-iso-",
     "aws-iso",
     "c2s.ic.gov",
     "api.aws.ic.gov",
     "us-iso-east-1",
     {"us-iso-east-1.", "", "us-iso-east-1.", ""}},
    {"us-isob-",
     "aws-iso-b",
     "sc2s.sgov.gov",
     "api.aws.scloud",
     "us-isob-east-1",
     {"us-isob-east-1.", "", "us-isob-east-1.", ""}},
    {"eu-isoe-",
     "aws-iso-e",
     "cloud.adc-e.uk",
     "api.cloud-aws.adc-e.uk",
     "eu-isoe-west-1",
     {"eu-isoe-west-1.", "", "", ""}},
    {"us-isof-",
     "aws-iso-f",
     "csp.hci.ic.gov",
     "api.aws.hci.ic.gov",
     "us-isof-south-1",
     {"us-isof-south-1.", "", "", ""}},
    {"eusc-",
     "aws-eusc",
     "amazonaws.eu",
     "api.amazonwebservices.eu",
     "eusc-de-east-1",
     {"eusc-de-east-1.", "", "", ""}},
    {"",
     "aws",
     "amazonaws.com",
     "api.aws",
     "us-east-1",
     {"", "global.", "", "global."}},
};

static const struct partition *find_partition(struct slu_view region)
{
    const struct partition *partition = partitions;

    for (;; partition++) {
        size_t len = strlen(partition->prefix);

        if (region.len >= len &&
            (len == 0 || memcmp(region.ptr, partition->prefix, len) == 0)) {
            return partition;
        }
    }
}

const char *slu_aws_partition(struct slu_view region)
{
    return find_partition(region)->name;
}

const char *slu_aws_home_region(struct slu_view region)
{
    return find_partition(region)->home;
}

/* ---- the form of names ---- */

static bool is_lower(char byte)
{
    return byte >= 'a' && byte <= 'z';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Words of letters, at least two, then a number: "us-gov-west-1". */
bool slu_aws_is_region(struct slu_view text)
{
    unsigned words = 0;
    size_t start = 0;

    if (text.len > REGION_MAX) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '-' && i > start) {
            words++;
            start = i + 1;
        } else if (!is_lower(text.ptr[i])) {
            break;
        }
    }
    if (words < 2 || start == text.len) {
        return false;
    }
    for (size_t i = start; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
    }
    return true;
}

bool slu_aws_is_account(struct slu_view text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_digit(text.ptr[i])) {
            return false;
        }
    }
    return text.len == 12;
}

static bool is_alphanumeric(char byte)
{
    return is_lower(byte) || is_digit(byte);
}

bool slu_aws_is_bucket(struct slu_view text)
{
    struct slu_cidr address;

    if (text.len < 3 || text.len > SLU_BUCKET_MAX ||
        !is_alphanumeric(text.ptr[0]) ||
        !is_alphanumeric(text.ptr[text.len - 1]) ||
        slu_ipv4_match(text, &address, NULL) == SLU_REASON_NONE) {
        return false;
    }
    for (size_t i = 1; i < text.len; i++) {
        char byte = text.ptr[i];

        if ((!is_alphanumeric(byte) && byte != '-' && byte != '.') ||
            (byte == '.' && text.ptr[i - 1] == '.')) {
            return false;
        }
    }
    return true;
}

/* ---- hosts of AWS ---- */

/* The exceptions to service[-fips].region.suffix. */
struct exception {
    const char *service;
    const char *partition;
    bool fips;
    bool dualstack;
    const char *label; /* before the region */
    const char *suffix;
};

static const struct exception exceptions[] = {
    {"guardduty", "aws-us-gov", true, false, "guardduty", "amazonaws.com"},
    {"sts", "aws-us-gov", true, false, "sts", "amazonaws.com"},
    {"sqs", "aws-us-gov", true, false, "sqs", "amazonaws.com"},
    {"secretsmanager", "aws", false, true, "secretsmanager", "amazonaws.com"},
    {"secretsmanager", "aws", true, true, "secretsmanager-fips",
     "amazonaws.com"},
    {"secretsmanager", "aws-us-gov", false, true, "secretsmanager",
     "amazonaws.com"},
    {"secretsmanager", "aws-us-gov", true, true, "secretsmanager-fips",
     "amazonaws.com"},
    {"secretsmanager", "aws-cn", false, true, "secretsmanager",
     "amazonaws.com.cn"},
};

static const struct exception *
find_exception(const struct slu_aws_endpoint_options *options,
               const struct partition *partition)
{
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        const struct exception *one = &exceptions[i];

        if (slu_view_equal_str(options->service, one->service) &&
            strcmp(partition->name, one->partition) == 0 &&
            options->fips == one->fips &&
            options->dualstack == one->dualstack) {
            return one;
        }
    }
    return NULL;
}

static bool is_s3(const struct slu_aws_endpoint_options *options)
{
    return slu_view_equal_str(options->service, "s3");
}

/* A certificate of S3 covers one label before its name. */
static bool has_bucket_host(const struct slu_aws_endpoint_options *options)
{
    return options->custom.len == 0 && options->bucket.len > 0 &&
           memchr(options->bucket.ptr, '.', options->bucket.len) == NULL;
}

/* IAM is one for all regions of a partition. In GovCloud its only host is a
 * FIPS one. */
static void format_iam_host(const struct slu_aws_endpoint_options *options,
                            const struct partition *partition,
                            char out[SLU_ORIGIN_MAX])
{
    unsigned variant = (options->dualstack ? VARIANT_DUALSTACK : 0u) +
                       (options->fips ? VARIANT_FIPS : 0u);
    bool marked = options->fips && strcmp(partition->name, "aws-us-gov") != 0;

    (void)snprintf(out, SLU_ORIGIN_MAX, "iam%s.%s%s", marked ? "-fips" : "",
                   partition->iam[variant],
                   options->dualstack ? partition->dualstack_suffix
                                      : partition->suffix);
}

static void format_host(const struct slu_aws_endpoint_options *options,
                        const struct partition *partition,
                        char out[SLU_ORIGIN_MAX])
{
    const struct exception *exception = find_exception(options, partition);
    bool dualstack = options->dualstack;
    int used = 0;

    if (slu_view_equal_str(options->service, "iam")) {
        format_iam_host(options, partition, out);
        return;
    }
    if (exception != NULL) {
        (void)snprintf(out, SLU_ORIGIN_MAX, "%s.%.*s.%s", exception->label,
                       SLU_VIEW_ARGS(options->region), exception->suffix);
        return;
    }
    if (has_bucket_host(options)) {
        used = snprintf(out, SLU_ORIGIN_MAX, "%.*s.",
                        SLU_VIEW_ARGS(options->bucket));
    }
    (void)snprintf(out + used, SLU_ORIGIN_MAX - (size_t)used,
                   "%.*s%s%s.%.*s.%s", SLU_VIEW_ARGS(options->service),
                   options->fips ? "-fips" : "",
                   dualstack && is_s3(options) ? ".dualstack" : "",
                   SLU_VIEW_ARGS(options->region),
                   dualstack && !is_s3(options) ? partition->dualstack_suffix
                                                : partition->suffix);
}

/* ---- custom endpoints ---- */

static enum slu_err take_custom(struct slu_view text,
                                struct slu_aws_endpoint *out,
                                struct slu_error *error)
{
    struct slu_url url;
    bool brackets;
    bool default_port;
    char port[16] = "";
    enum slu_err err;

    if (text.len > 0 && memchr(text.ptr, '@', text.len) != NULL) {
        /* Not quoted: a password may stand in it. */
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "a custom endpoint holds no user and password: "
                             "expected https://host or https://host:port");
    }
    err = slu_url_parse_base(text, &url, error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    brackets = memchr(url.host.ptr, ':', url.host.len) != NULL;
    default_port = url.port == (url.tls ? 443u : 80u);
    if (!default_port) {
        (void)snprintf(port, sizeof(port), ":%u", url.port);
    }
    (void)snprintf(out->host, sizeof(out->host), "%s%.*s%s%s",
                   brackets ? "[" : "", SLU_VIEW_ARGS(url.host),
                   brackets ? "]" : "", port);
    (void)snprintf(out->origin, sizeof(out->origin), "%s://%.*s",
                   url.tls ? "https" : "http",
                   (int)(sizeof(out->origin) - sizeof("https://")), out->host);
    return SLU_ERR_OK;
}

/* ---- an endpoint ---- */

static enum slu_err check_names(const struct slu_aws_endpoint_options *options,
                                struct slu_error *error)
{
    if (!slu_aws_is_region(options->region)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "\"%.*s\" is no region: expected a name such as "
                             "us-east-1",
                             SLU_VIEW_ARGS(options->region));
    }
    if (options->bucket.len > 0 && !slu_aws_is_bucket(options->bucket)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "\"%.*s\" is no bucket: expected 3 to %d "
                             "lower-case letters, digits, dots and hyphens",
                             SLU_VIEW_ARGS(options->bucket), SLU_BUCKET_MAX);
    }
    return SLU_ERR_OK;
}

enum slu_err
slu_aws_endpoint_make(const struct slu_aws_endpoint_options *options,
                      struct slu_aws_endpoint *out_endpoint,
                      struct slu_error *out_error)
{
    const struct partition *partition = find_partition(options->region);
    struct slu_aws_endpoint made = {.origin = ""};
    enum slu_err err = check_names(options, out_error);

    assert(options->service.len > 0);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (options->custom.len > 0) {
        err = take_custom(options->custom, &made, out_error);
        if (err != SLU_ERR_OK) {
            return err;
        }
    } else if (options->fips && is_s3(options) &&
               strcmp(partition->name, "aws-cn") == 0) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "S3 has no FIPS endpoint in %.*s",
                             SLU_VIEW_ARGS(options->region));
    } else {
        format_host(options, partition, made.host);
        (void)snprintf(made.origin, sizeof(made.origin), "https://%.*s",
                       (int)(sizeof(made.origin) - sizeof("https://")),
                       made.host);
    }
    if (options->bucket.len > 0 && !has_bucket_host(options)) {
        (void)snprintf(made.prefix, sizeof(made.prefix), "/%.*s",
                       SLU_VIEW_ARGS(options->bucket));
    }
    *out_endpoint = made;
    return SLU_ERR_OK;
}

/* ---- ARNs ---- */

/* "arn:partition:service:region:account:resource"; the resource may hold
 * colons, and region and account may be empty. */
bool slu_arn_parse(struct slu_view text, struct slu_arn *out_arn)
{
    struct slu_view parts[5];
    size_t start = 0;
    unsigned count = 0;

    for (size_t i = 0; i < text.len && count < 5; i++) {
        if (text.ptr[i] == ':') {
            parts[count++] = slu_view_make(text.ptr + start, i - start);
            start = i + 1;
        }
    }
    if (count < 5 || !slu_view_equal_str(parts[0], "arn") ||
        parts[1].len == 0 || parts[2].len == 0 || start == text.len) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] <= 0x20 || text.ptr[i] >= 0x7F) {
            return false;
        }
    }
    *out_arn = (struct slu_arn){
        .partition = parts[1],
        .service = parts[2],
        .region = parts[3],
        .account = parts[4],
        .resource = slu_view_make(text.ptr + start, text.len - start),
    };
    return true;
}
