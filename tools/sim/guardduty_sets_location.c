/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the forms of a location. The user guide has five:
 *
 *     s3://BUCKET/KEY
 *     https://s3.amazonaws.com/BUCKET/KEY
 *     https://s3-REGION.amazonaws.com/BUCKET/KEY
 *     http[s]://BUCKET.s3.amazonaws.com/KEY
 *     http[s]://BUCKET.s3-REGION.amazonaws.com/KEY
 *
 * The same with `s3.REGION` is how S3 names its endpoints today; it is read,
 * but isn't a form that the guide has. A key is taken as it is written.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "guardduty_sets.h"

static bool is_bucket(const char *name, size_t len)
{
    if (len < 3 || len >= SIM_SET_BUCKET_CAP) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!islower((unsigned char)name[i]) &&
            !isdigit((unsigned char)name[i]) && name[i] != '-' &&
            name[i] != '.') {
            return false;
        }
    }
    return isalnum((unsigned char)name[0]) &&
           isalnum((unsigned char)name[len - 1]);
}

/* What follows `s3` up to the path; false if it ends no endpoint's name. */
static bool read_endpoint(const char *at, size_t len, bool *documented)
{
    static const char end[] = ".amazonaws.com";
    char region[SIM_AWS_REGION_CAP];
    size_t tail = sizeof(end) - 1;

    if (len < tail || memcmp(at + len - tail, end, tail) != 0) {
        return false;
    }
    len -= tail;
    if (len == 0) {
        return true;
    }
    if (len >= sizeof(region) || (*at != '-' && *at != '.')) {
        return false;
    }
    snprintf(region, sizeof(region), "%.*s", (int)(len - 1), at + 1);
    *documented = *documented && *at == '-';
    return sim_aws_is_region(region);
}

/* BUCKET/KEY, the rest of a path. */
static bool read_path(const char *path, struct sim_set_location *out)
{
    size_t len = strcspn(path, "/");

    if (!is_bucket(path, len) || path[len] != '/' || path[len + 1] == '\0') {
        return false;
    }
    snprintf(out->bucket, sizeof(out->bucket), "%.*s", (int)len, path);
    snprintf(out->key, sizeof(out->key), "%s", path + len + 1);
    return true;
}

/* BUCKET.s3...; the bucket's own name may hold `.s3` too, so from the back. */
static bool read_host(const char *host, size_t len,
                      struct sim_set_location *out)
{
    for (size_t at = len; at-- > 1;) {
        if (len - at > 3 && memcmp(host + at, ".s3", 3) == 0 &&
            is_bucket(host, at) &&
            read_endpoint(host + at + 3, len - at - 3, &out->documented)) {
            snprintf(out->bucket, sizeof(out->bucket), "%.*s", (int)at, host);
            return true;
        }
    }
    return false;
}

bool sim_set_location_read(const char *text, struct sim_set_location *out)
{
    bool https = strncmp(text, "https://", 8) == 0;
    const char *host = text + (https ? 8 : 7);
    size_t len;

    memset(out, 0, sizeof(*out));
    out->documented = true;
    if (strncmp(text, "s3://", 5) == 0) {
        return read_path(text + 5, out);
    }
    if (!https && strncmp(text, "http://", 7) != 0) {
        return false;
    }
    len = strcspn(host, "/");
    if (host[len] != '/' || host[len + 1] == '\0') {
        return false;
    }
    if (strncmp(host, "s3", 2) == 0 &&
        read_endpoint(host + 2, len - 2, &out->documented)) {
        out->documented = out->documented && https;
        return read_path(host + len + 1, out);
    }
    snprintf(out->key, sizeof(out->key), "%s", host + len + 1);
    return read_host(host, len, out);
}
