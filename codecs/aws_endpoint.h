/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the host of an AWS service in a region. Facts: the endpoints of the
 * SDKs, reference "Endpoints" of each service's API.
 *
 *     guardduty.us-east-1.amazonaws.com       guardduty-fips.us-east-1...
 *     guardduty.us-east-1.api.aws             dual stack
 *     guardduty.cn-north-1.amazonaws.com.cn
 *     bucket.s3.us-east-1.amazonaws.com       or path style, /bucket behind
 *                                             s3.us-east-1.amazonaws.com, for
 *                                             a bucket with dots and a custom
 *                                             endpoint
 *     iam.amazonaws.com                       one IAM for all regions of a
 *     iam.us-gov.amazonaws.com                partition, signed for its home
 *                                             region
 *
 * Services whose hosts are known to be made this way: guardduty, s3, sts,
 * rolesanywhere, secretsmanager, sqs, iam.
 */
#ifndef SLU_CODECS_AWS_ENDPOINT_H
#define SLU_CODECS_AWS_ENDPOINT_H

#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_ORIGIN_MAX 300
#define SLU_BUCKET_MAX 63

struct slu_aws_endpoint_options {
    struct slu_view service; /* "guardduty", "sts", "rolesanywhere", "s3" */
    struct slu_view region;
    struct slu_view bucket; /* S3, else empty */
    struct slu_view custom; /* AWS_ENDPOINT_URL and so on; empty: AWS itself */
    bool fips;
    bool dualstack;
};

struct slu_aws_endpoint {
    char origin[SLU_ORIGIN_MAX];     /* "https://host[:port]" */
    char host[SLU_ORIGIN_MAX];       /* as the Host header has it and as it is
                                        signed: without a default port */
    char prefix[SLU_BUCKET_MAX + 2]; /* before the target: "/bucket" or a custom
                                        endpoint's "" */
};

/* CONFIG with a sentence: a region, bucket or custom endpoint that is none;
 * http to what is not loopback; a custom endpoint with a path; FIPS in a
 * partition that has none. A custom endpoint wins over fips and dualstack. */
SLU_MUST_CHECK enum slu_err
slu_aws_endpoint_make(const struct slu_aws_endpoint_options *options,
                      struct slu_aws_endpoint *out_endpoint,
                      struct slu_error *out_error);

/* "aws", "aws-cn", "aws-us-gov", ... of a region's name. */
const char *slu_aws_partition(struct slu_view region);

/* The region that requests to IAM are signed for: "us-east-1" for every region
 * of the partition aws. */
const char *slu_aws_home_region(struct slu_view region);

/* "us-east-1": letters, digits and hyphens as regions have them. */
bool slu_aws_is_region(struct slu_view text);

/* The id of an account: 12 digits. */
bool slu_aws_is_account(struct slu_view text);

/* A name that S3 gives to new buckets: 3 to SLU_BUCKET_MAX lower-case letters,
 * digits, dots and hyphens; no address. */
bool slu_aws_is_bucket(struct slu_view text);

struct slu_arn {
    struct slu_view partition;
    struct slu_view service;
    struct slu_view region;
    struct slu_view account;
    struct slu_view resource;
};

/* False when the text is no ARN. Views point into it. */
bool slu_arn_parse(struct slu_view text, struct slu_arn *out_arn);

#endif
