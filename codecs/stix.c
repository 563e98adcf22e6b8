/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/stix.h"

#include "codecs/escape.h"
#include "codecs/time_text.h"

#include <assert.h>
#include <inttypes.h>
#include <sluice/indicator.h>
#include <stdio.h>

#define TIME_LEN (SLU_ISO_TEXT_LEN + 4) /* "2025-08-07T05:00:00.000Z" */
#define PATTERN_MAX (SLU_VALUE_MAX * 2 + 64)

/* The day GuardDuty began. */
#define CREATED_MS INT64_C(1511827200000)

const unsigned char slu_stix_namespace[SLU_UUID_LEN] = {
    0x9f, 0xaa, 0xb7, 0xf4, 0x7e, 0x88, 0x49, 0xb9,
    0xbd, 0x39, 0x59, 0xc3, 0x96, 0xf6, 0x4b, 0xff};

/* A run of appends, the first failure of which counts. */
struct writer {
    struct slu_buf *out;
    enum slu_err err;
};

static void put(struct writer *self, const char *text)
{
    if (self->err == SLU_ERR_OK) {
        self->err = slu_buf_append_str(self->out, text);
    }
}

static void put_bytes(struct writer *self, const char *bytes, size_t len)
{
    if (self->err == SLU_ERR_OK) {
        self->err = slu_buf_append(self->out, slu_view_make(bytes, len));
    }
}

static void put_string(struct writer *self, struct slu_view text)
{
    if (self->err == SLU_ERR_OK) {
        self->err = slu_json_append_string(self->out, text);
    }
}

static void put_id(struct writer *self, const char *type, struct slu_view name)
{
    char uuid[SLU_UUID_TEXT_LEN];

    slu_uuid5_format(slu_stix_namespace, name, uuid);
    put(self, "\"");
    put(self, type);
    put(self, "--");
    put_bytes(self, uuid, sizeof(uuid));
    put(self, "\"");
}

static void put_identity_id(struct writer *self)
{
    put_id(self, "identity", slu_view_str("identity"));
}

/* ,"key":"2025-08-07T05:00:00.000Z" */
static void put_time(struct writer *self, const char *key, int64_t ms)
{
    char text[TIME_LEN + 1];

    slu_time_format_iso(ms / 1000, text);
    (void)snprintf(text + SLU_ISO_TEXT_LEN - 1, 6, ".%03dZ", (int)(ms % 1000));
    put(self, key);
    put(self, "\"");
    put_bytes(self, text, TIME_LEN);
    put(self, "\"");
}

enum slu_err slu_stix_identity_append(struct slu_buf *out)
{
    size_t len = out->len;
    struct writer self = {out, SLU_ERR_OK};

    put(&self, "{\"type\":\"identity\",\"spec_version\":\"2.1\",\"id\":");
    put_identity_id(&self);
    put_time(&self, ",\"created\":", 0);
    put_time(&self, ",\"modified\":", 0);
    put(&self, ",\"name\":\"sluice\",\"description\":\"Indicators from Amazon "
               "GuardDuty findings\",\"identity_class\":\"system\"}");
    if (self.err != SLU_ERR_OK) {
        out->len = len;
    }
    return self.err;
}

/* ---- patterns ---- */

static const char *object_path(enum slu_row_kind kind)
{
    static const char *const paths[] = {
        [SLU_ROW_IPV4] = "ipv4-addr:value",
        [SLU_ROW_IPV6] = "ipv6-addr:value",
        [SLU_ROW_DOMAIN] = "domain-name:value",
        [SLU_ROW_SHA256] = "file:hashes.'SHA-256'",
    };

    return paths[kind];
}

/* A string of a pattern has a backslash before "'" and "\" (STIX 2.1, 9.3). A
 * canonical value has neither, but a pattern must not hang on that. */
static size_t write_pattern(const struct slu_stix_indicator *indicator,
                            char out[PATTERN_MAX])
{
    char *at = out;

    assert(indicator->value.len <= SLU_VALUE_MAX);
    at += snprintf(at, PATTERN_MAX, "[%s = '", object_path(indicator->kind));
    for (size_t i = 0; i < indicator->value.len; i++) {
        char byte = indicator->value.ptr[i];

        if (byte == '\'' || byte == '\\') {
            *at++ = '\\';
        }
        *at++ = byte;
    }
    *at++ = '\'';
    *at++ = ']';
    return (size_t)(at - out);
}

/* ---- indicators ---- */

static void put_identification(struct writer *self,
                               const struct slu_stix_indicator *indicator)
{
    char name[SLU_VALUE_MAX + 16];
    int len = snprintf(name, sizeof(name), "%s:%.*s",
                       slu_row_kind_name(indicator->kind),
                       SLU_VIEW_ARGS(indicator->value));

    put(self, "{\"type\":\"indicator\",\"spec_version\":\"2.1\",\"id\":");
    put_id(self, "indicator", slu_view_make(name, (size_t)len));
    put(self, ",\"created_by_ref\":");
    put_identity_id(self);
}

static void put_description(struct writer *self,
                            const struct slu_stix_indicator *indicator)
{
    char text[120];

    (void)snprintf(text, sizeof(text),
                   ",\"description\":\"Severity %s, in %" PRIu64
                   " finding%s of Amazon GuardDuty\"",
                   indicator->severity, indicator->findings,
                   indicator->findings == 1 ? "" : "s");
    put(self, text);
}

static void put_pattern(struct writer *self,
                        const struct slu_stix_indicator *indicator)
{
    char pattern[PATTERN_MAX];
    size_t len = write_pattern(indicator, pattern);

    put(self, ",\"indicator_types\":[\"malicious-activity\"],\"pattern\":");
    put_string(self, slu_view_make(pattern, len));
    put(self, ",\"pattern_type\":\"stix\",\"pattern_version\":\"2.1\"");
}

static void put_labels(struct writer *self,
                       const struct slu_stix_indicator *indicator)
{
    for (unsigned i = 0; i < indicator->label_count; i++) {
        put(self, i == 0 ? ",\"labels\":[" : ",");
        put_string(self, indicator->labels[i]);
    }
    put(self, indicator->label_count > 0 ? "]" : "");
}

/* The ARN says more than the id, which is its last part. */
static void put_reference(struct writer *self,
                          const struct slu_stix_reference *reference)
{
    put(self, "{\"source_name\":\"Amazon GuardDuty\"");
    if (reference->finding_type.len > 0) {
        put(self, ",\"description\":");
        put_string(self, reference->finding_type);
    }
    put(self, ",\"external_id\":");
    put_string(self, reference->finding_arn.len > 0 ? reference->finding_arn
                                                    : reference->finding_id);
    put(self, "}");
}

static void put_references(struct writer *self,
                           const struct slu_stix_indicator *indicator)
{
    for (unsigned i = 0; i < indicator->reference_count; i++) {
        put(self, i == 0 ? ",\"external_references\":[" : ",");
        put_reference(self, &indicator->references[i]);
    }
    put(self, indicator->reference_count > 0 ? "]" : "");
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

enum slu_err
slu_stix_indicator_append(const struct slu_stix_indicator *indicator,
                          struct slu_buf *out)
{
    size_t len = out->len;
    struct writer self = {out, SLU_ERR_OK};

    put_identification(&self, indicator);
    put_time(&self, ",\"created\":", CREATED_MS);
    put_time(&self, ",\"modified\":",
             later(CREATED_MS, later(indicator->first_ms, indicator->last_ms)));
    put(&self, ",\"name\":");
    put_string(&self, indicator->value);
    put_description(&self, indicator);
    put_pattern(&self, indicator);
    put_time(&self, ",\"valid_from\":", indicator->first_ms);
    put_labels(&self, indicator);
    put_references(&self, indicator);
    put(&self, "}");
    if (self.err != SLU_ERR_OK) {
        out->len = len;
    }
    return self.err;
}
