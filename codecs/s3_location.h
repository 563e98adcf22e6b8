/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: where a list of GuardDuty lies: an S3 location in any of the forms that
 * the service takes, as a bucket and a key that can be compared.
 *
 *     s3://bucket/key
 *     https://s3.amazonaws.com/bucket/key
 *     https://s3-region.amazonaws.com/bucket/key      and s3.region
 *     https://bucket.s3.amazonaws.com/key
 *     https://bucket.s3-region.amazonaws.com/key      and s3.region
 *
 * http as well as https, with or without "dualstack." before the region, and
 * .amazonaws.com.cn. In the last four the key is percent-encoded; in the first
 * it stands as it is. Source: GuardDuty user guide, "guardduty_upload-lists".
 * Limits: a location has at most SLU_S3_LOCATION_MAX bytes.
 */
#ifndef SLU_CODECS_S3_LOCATION_H
#define SLU_CODECS_S3_LOCATION_H

#include <sluice/view.h>

#define SLU_S3_LOCATION_MAX 300

struct slu_s3_location {
    char bucket[SLU_S3_LOCATION_MAX + 1];
    char key[SLU_S3_LOCATION_MAX + 1];
};

/* False for anything else: another host, no key, a query behind the key (which
 * names one version of the object), a broken percent-encoding. */
bool slu_s3_location_parse(struct slu_view text,
                           struct slu_s3_location *out_location);

bool slu_s3_location_equal(const struct slu_s3_location *a,
                           const struct slu_s3_location *b);

#endif
