/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The regions that have GuardDuty. Names: botocore 1.43.11,
 * data/endpoints.json, service "guardduty". Opt-in: AWS Account Management
 * Reference Guide, "Enable or disable AWS Regions in your account" (the regions
 * of status "Required"). A newer region is pulled by naming it in
 * guardduty.regions.
 */
#include "sources/guardduty.h"

struct region {
    const char *partition;
    const char *name;
    bool opt_in;
};

static const struct region regions[] = {
    {"aws", "af-south-1", true},
    {"aws", "ap-east-1", true},
    {"aws", "ap-east-2", true},
    {"aws", "ap-northeast-1", false},
    {"aws", "ap-northeast-2", false},
    {"aws", "ap-northeast-3", false},
    {"aws", "ap-south-1", false},
    {"aws", "ap-south-2", true},
    {"aws", "ap-southeast-1", false},
    {"aws", "ap-southeast-2", false},
    {"aws", "ap-southeast-3", true},
    {"aws", "ap-southeast-4", true},
    {"aws", "ap-southeast-5", true},
    {"aws", "ap-southeast-6", true},
    {"aws", "ap-southeast-7", true},
    {"aws", "ca-central-1", false},
    {"aws", "ca-west-1", true},
    {"aws", "eu-central-1", false},
    {"aws", "eu-central-2", true},
    {"aws", "eu-north-1", false},
    {"aws", "eu-south-1", true},
    {"aws", "eu-south-2", true},
    {"aws", "eu-west-1", false},
    {"aws", "eu-west-2", false},
    {"aws", "eu-west-3", false},
    {"aws", "il-central-1", true},
    {"aws", "me-central-1", true},
    {"aws", "me-south-1", true},
    {"aws", "mx-central-1", true},
    {"aws", "sa-east-1", false},
    {"aws", "us-east-1", false},
    {"aws", "us-east-2", false},
    {"aws", "us-west-1", false},
    {"aws", "us-west-2", false},
    {"aws-cn", "cn-north-1", false},
    {"aws-cn", "cn-northwest-1", false},
    {"aws-eusc", "eusc-de-east-1", false},
    {"aws-iso", "us-iso-east-1", false},
    {"aws-iso-b", "us-isob-east-1", false},
    {"aws-iso-f", "us-isof-east-1", false},
    {"aws-iso-f", "us-isof-south-1", false},
    {"aws-us-gov", "us-gov-east-1", false},
    {"aws-us-gov", "us-gov-west-1", false},
};

const char *slu_guardduty_region(const char *partition, unsigned index,
                                 bool *out_opt_in)
{
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        if (strcmp(regions[i].partition, partition) != 0) {
            continue;
        }
        if (index == 0) {
            *out_opt_in = regions[i].opt_in;
            return regions[i].name;
        }
        index--;
    }
    return NULL;
}
