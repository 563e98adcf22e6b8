/* SPDX-License-Identifier: Apache-2.0 */
/* Reads one text after the other as findings, and keeps what was called. */
#ifndef SLU_TESTS_CODECS_FINDING_DRIVE_H
#define SLU_TESTS_CODECS_FINDING_DRIVE_H

#include "codecs/finding.h"
#include "codecs/json_split.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define RECORD_MAX (8u << 20)
#define HASH "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"
#define SERVICE(text) "{\"service\":{" text "}}"
#define ACTION(text) SERVICE("\"action\":{" text "}")
#define REMOTE(name, version, value)                                           \
    ACTION("\"" name "\":{\"remoteIpDetails\":{\"ipAddressV" version           \
           "\":\"" value "\"}}")
#define BIT(group) SLU_FINDING_GROUP_BIT(SLU_FINDING_GROUP_##group)

static struct slu_finding_options options;
static struct slu_finding_reader *reader;
static char *text_room;
static struct slu_finding finding;
static struct slu_finding_indicator seen[8];
static struct slu_finding_indicator last_seen;
static unsigned seen_count;

static inline void set_up(void)
{
    options =
        (struct slu_finding_options){.alloc = slu_alloc_default(),
                                     .record_max = RECORD_MAX,
                                     .groups = SLU_FINDING_GROUPS_DEFAULT};
    text_room = malloc(RECORD_MAX + SLU_JSON_PADDING);
    reader = NULL;
    seen_count = 0;
}

static inline void tear_down(void)
{
    slu_finding_reader_free(reader);
    free(text_room);
}

static inline void keep(void *ctx, const struct slu_finding *of,
                        const struct slu_finding_indicator *indicator)
{
    (void)ctx;
    cr_assert_eq(of, &finding);
    cr_assert_eq(indicator->index, seen_count);
    if (seen_count < 8) {
        seen[seen_count] = *indicator;
    }
    last_seen = *indicator;
    seen_count++;
}

static inline enum slu_err try_text(const char *text,
                                    struct slu_error *out_error)
{
    size_t len = strlen(text);
    struct slu_json_event event;

    if (reader == NULL) {
        reader = slu_finding_reader_new(&options);
        cr_assert_not_null(reader);
    }
    cr_assert(len <= RECORD_MAX);
    memcpy(text_room, text, len);
    memset(text_room + len, '"', SLU_JSON_PADDING);
    memset(&finding, 0x55, sizeof(finding));
    seen_count = 0;
    event = slu_json_event_of(slu_view_make(text_room, len));
    return slu_finding_read(reader, &event, keep, NULL, &finding, out_error);
}

static inline void read_text(const char *text)
{
    struct slu_error error = {0};

    cr_assert_eq(try_text(text, &error), SLU_ERR_OK, "%s: %s", text,
                 error.text);
}

static inline void remake(void)
{
    slu_finding_reader_free(reader);
    reader = NULL;
}

static inline bool is(struct slu_view view, const char *text)
{
    return view.ptr != NULL && slu_view_equal_str(view, text);
}

#define DOMAIN_ACTION                                                          \
    "\"action\":{\"dnsRequestAction\":{\"domain\":\"a.example\"}}"
#define INFO(text) SERVICE("\"additionalInfo\":{" text "}," DOMAIN_ACTION)

/* Of two groups, with tags and texts to unescape. */
#define RICH_TEXT                                                              \
    "{\"id\":\"f\",\"arn\":\"arn:x\",\"type\":\"T\",\"severity\":8,"           \
    "\"resource\":{\"instanceDetails\":{\"tags\":[{\"key\":\"k\",\"value\":"   \
    "\"prod\"},{\"value\":\"a\\tb\"}]}},\"service\":{\"additionalInfo\":{"     \
    "\"value\":\"{\\\"a\\\":1}\"},"                                            \
    "\"ebsVolumeScanDetails\":{\"sources\":[\"Amazon\"],\"scanDetections\":{"  \
    "\"threatDetectedByName\":{\"threatNames\":[{\"filePaths\":["              \
    "{\"hash\":\"" HASH "\"}]}]}}}," DOMAIN_ACTION "}}"

#endif
