/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/s3_location.h"

#include "codecs/aws_endpoint.h"
#include "codecs/hex_digit.h"
#include "codecs/view_take.h"

static char lower(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

/* Takes the prefix in any case: schemes and hosts have none. */
static bool take_scheme(struct slu_view *text, const char *scheme)
{
    size_t len = strlen(scheme);

    if (text->len < len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (lower(text->ptr[i]) != scheme[i]) {
            return false;
        }
    }
    *text = slu_view_make(text->ptr + len, text->len - len);
    return true;
}

static bool is_domain(struct slu_view host)
{
    return slu_view_equal_str(host, "amazonaws.com") ||
           slu_view_equal_str(host, "amazonaws.com.cn");
}

/* A host of S3 itself, without a bucket: s3[(.|-)region].amazonaws.com. */
static bool is_endpoint(struct slu_view host)
{
    struct slu_view region;

    if (!slu_view_take_prefix(&host, "s3")) {
        return false;
    }
    if (slu_view_take_prefix(&host, ".")) {
        if (is_domain(host)) {
            return true;
        }
        (void)slu_view_take_prefix(&host, "dualstack.");
    } else if (!slu_view_take_prefix(&host, "-")) {
        return false;
    }
    return slu_view_take_until(&host, '.', &region) &&
           slu_aws_is_region(region) && is_domain(host);
}

/* The bucket before an endpoint, "" of the endpoint alone. A bucket's name may
 * have dots, and look like an endpoint's front, so the shortest endpoint
 * counts. */
static bool split_host(struct slu_view host, struct slu_view *out_bucket)
{
    for (size_t i = host.len; i-- > 1;) {
        if (host.ptr[i - 1] == '.' &&
            is_endpoint(slu_view_make(host.ptr + i, host.len - i))) {
            *out_bucket = slu_view_make(host.ptr, i - 1);
            return i > 1;
        }
    }
    *out_bucket = slu_view_make(host.ptr, 0);
    return is_endpoint(host);
}

static bool decode(struct slu_view text, char *out)
{
    size_t len = 0;

    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];

        if (byte == '?' || byte == '#') {
            return false;
        }
        if (byte == '%') {
            bool whole = text.len - i > 2;
            int high = whole ? slu_hex_digit(text.ptr[i + 1]) : -1;
            int low = whole ? slu_hex_digit(text.ptr[i + 2]) : -1;

            if (high < 0 || low < 0) {
                return false;
            }
            byte = (char)(high * 16 + low);
            i += 2;
        }
        if (byte == '\0') {
            return false;
        }
        out[len++] = byte;
    }
    out[len] = '\0';
    return len > 0;
}

static bool keep(struct slu_view text, char *out)
{
    if (text.len == 0 || memchr(text.ptr, '\0', text.len) != NULL) {
        return false;
    }
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static bool parse_url(struct slu_view rest, struct slu_s3_location *out)
{
    char lowered[SLU_S3_LOCATION_MAX];
    struct slu_view host;
    struct slu_view bucket;

    if (!slu_view_take_until(&rest, '/', &host)) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        lowered[i] = lower(host.ptr[i]);
    }
    if (!split_host(slu_view_make(lowered, host.len), &bucket)) {
        return false;
    }
    if (bucket.len == 0 && !slu_view_take_until(&rest, '/', &bucket)) {
        return false;
    }
    return keep(bucket, out->bucket) && decode(rest, out->key);
}

bool slu_s3_location_parse(struct slu_view text,
                           struct slu_s3_location *out_location)
{
    struct slu_view bucket;

    if (text.len > SLU_S3_LOCATION_MAX) {
        return false;
    }
    if (take_scheme(&text, "s3://")) {
        return slu_view_take_until(&text, '/', &bucket) &&
               keep(bucket, out_location->bucket) &&
               keep(text, out_location->key);
    }
    return (take_scheme(&text, "https://") || take_scheme(&text, "http://")) &&
           parse_url(text, out_location);
}

bool slu_s3_location_equal(const struct slu_s3_location *a,
                           const struct slu_s3_location *b)
{
    return strcmp(a->bucket, b->bucket) == 0 && strcmp(a->key, b->key) == 0;
}
