/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is read of any bytes is a bucket and a key that are there, without a
 * control byte, and that the plain form names as well.
 */
#include "codecs/s3_location.h"
#include "fuzz/demand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct slu_s3_location location;
    static struct slu_s3_location again;
    char plain[2 * sizeof(location)];

    if (!slu_s3_location_parse(slu_view_make((const char *)data, size),
                               &location)) {
        return 0;
    }
    demand(location.bucket[0] != '\0', "there is a bucket");
    demand(location.key[0] != '\0', "there is a key");
    demand(strlen(location.bucket) + strlen(location.key) < size,
           "nothing grows");
    (void)snprintf(plain, sizeof(plain), "s3://%s/%s", location.bucket,
                   location.key);
    if (strlen(plain) <= SLU_S3_LOCATION_MAX) {
        demand(slu_s3_location_parse(slu_view_str(plain), &again),
               "the plain form is read");
        demand(slu_s3_location_equal(&location, &again),
               "the plain form is the same place");
    }
    return 0;
}
