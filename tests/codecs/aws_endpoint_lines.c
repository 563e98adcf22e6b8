/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For test_aws_endpoint_botocore.py. Each line of standard input is answered
 * by one: "SERVICE REGION FIPS DUALSTACK BUCKET" by the origin and the prefix,
 * or "refused" ("-" is no bucket, FIPS and DUALSTACK are 0 or 1); and
 * "partition REGION" by its partition; "home REGION" by the region that IAM is
 * signed for; "regions PARTITION" by those that have GuardDuty.
 */
#include "codecs/aws_endpoint.h"
#include "sources/guardduty.h"

#include <stdio.h>

static void print_endpoint(char fields[5][100])
{
    bool bucket = strcmp(fields[4], "-") != 0;
    struct slu_aws_endpoint_options options = {
        .service = slu_view_str(fields[0]),
        .region = slu_view_str(fields[1]),
        .fips = fields[2][0] == '1',
        .dualstack = fields[3][0] == '1',
        .bucket = slu_view_str(bucket ? fields[4] : NULL),
    };
    struct slu_aws_endpoint made;
    struct slu_error error;

    if (slu_aws_endpoint_make(&options, &made, &error) == SLU_ERR_OK) {
        (void)printf("%s%s\n", made.origin, made.prefix);
    } else {
        (void)printf("refused\n");
    }
}

static void print_regions(const char *partition)
{
    const char *region;
    bool opt_in;

    for (unsigned i = 0;
         (region = slu_guardduty_region(partition, i, &opt_in)) != NULL; i++) {
        (void)printf("%s%s", i == 0 ? "" : " ", region);
    }
    (void)printf("\n");
}

int main(void)
{
    char line[600];

    while (fgets(line, sizeof(line), stdin) != NULL) {
        char fields[5][100] = {""};

        (void)sscanf(line, "%99s %99s %99s %99s %99s", fields[0], fields[1],
                     fields[2], fields[3], fields[4]);
        if (strcmp(fields[0], "partition") == 0) {
            (void)printf("%s\n", slu_aws_partition(slu_view_str(fields[1])));
        } else if (strcmp(fields[0], "home") == 0) {
            (void)printf("%s\n", slu_aws_home_region(slu_view_str(fields[1])));
        } else if (strcmp(fields[0], "regions") == 0) {
            print_regions(fields[1]);
        } else {
            print_endpoint(fields);
        }
    }
    return 0;
}
