/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings of any bytes: what is read must keep the promises of finding.h and
 * finding_text.h, and no read may leave the text and its padding.
 */
#include "codecs/finding_text.h"
#include "codecs/json_split.h"
#include "codecs/sha256_text.h"
#include "fuzz/demand.h"

#define RECORD_MAX (1u << 20)

static struct slu_finding_reader *readers[2]; /* default, and all groups */
static struct slu_finding_text *texts;
static unsigned called;

static void touch(struct slu_view view)
{
    volatile unsigned sum = 0;

    for (size_t i = 0; i < view.len; i++) {
        sum += (unsigned char)view.ptr[i];
    }
}

static void check_tags(const struct slu_finding_tags *tags)
{
    size_t prefix = strlen(SLU_FINDING_TAG_PREFIX);

    for (unsigned i = 0; i < tags->count; i++) {
        struct slu_view tag = tags->items[i];

        touch(tag);
        demand(tag.len > prefix &&
                   memcmp(tag.ptr, SLU_FINDING_TAG_PREFIX, prefix) == 0,
               "a prefix and a name");
        demand(i == 0 || !slu_view_equal(tag, tags->items[i - 1]),
               "each tag once");
    }
}

static void check_indicator(void *ctx, const struct slu_finding *finding,
                            const struct slu_finding_indicator *indicator)
{
    struct slu_finding_tags tags;
    struct slu_view comments;
    char hash[SLU_SHA256_TEXT_LEN];

    (void)ctx;
    demand(indicator->index == called++, "numbers in order");
    demand(indicator->value.len > 0, "a value");
    demand((unsigned)indicator->kind < SLU_ROW_KIND_COUNT &&
               (unsigned)indicator->group < SLU_FINDING_GROUP_COUNT,
           "a kind and a group");
    touch(indicator->value);
    touch(indicator->file_name);
    touch(indicator->file_path);
    (void)slu_sha256_match(indicator->value, hash);
    demand(slu_finding_text_tags(texts, finding, indicator, &tags) ==
               SLU_ERR_OK,
           "tags");
    check_tags(&tags);
    demand(slu_finding_text_comments(texts, finding, indicator, &comments) ==
               SLU_ERR_OK,
           "comments");
    touch(comments);
    demand(comments.len > 8 && memcmp(comments.ptr, "Finding ", 8) == 0,
           "comments begin as they should");
    touch(slu_view_str(slu_finding_text_severity(finding, indicator)));
}

static void check_time(const struct slu_finding_time *time)
{
    touch(time->text);
    demand(!time->known || (time->ms >= 0 && time->text.len >= 20),
           "a known time is of our era");
}

static void check_text(struct slu_finding_reader *reader, struct slu_view text)
{
    struct slu_finding finding;
    struct slu_error error = {0};
    enum slu_err err;

    called = 0;
    err = slu_finding_read(reader, &(struct slu_json_event){.text = text},
                           check_indicator, NULL, &finding, &error);
    demand(err == SLU_ERR_OK || err == SLU_ERR_MALFORMED, "a known code");
    demand(err == error.code && error.offset <= text.len, "an offset");
    demand(err == SLU_ERR_OK || called == 0, "nothing called of a bad one");
    if (err != SLU_ERR_OK) {
        return;
    }
    demand(
        called ==
            (finding.reason == SLU_REASON_NONE ? finding.indicator_count : 0),
        "all called, or none");
    check_time(&finding.updated_at);
    check_time(&finding.first_seen);
    check_time(&finding.last_seen);
    touch(finding.id);
    touch(finding.description);
    touch(finding.own_list);
}

static void make_readers(void)
{
    struct slu_finding_options options = {.alloc = slu_alloc_default(),
                                          .record_max = RECORD_MAX,
                                          .groups = SLU_FINDING_GROUPS_DEFAULT};

    readers[0] = slu_finding_reader_new(&options);
    options.groups = SLU_FINDING_GROUPS_ALL;
    options.include_samples = true;
    options.include_archived = true;
    options.own_list_prefix = slu_view_str("gti-");
    readers[1] = slu_finding_reader_new(&options);
    texts = slu_finding_text_new(slu_alloc_default(), RECORD_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + SLU_JSON_PADDING);

    if (texts == NULL) {
        make_readers();
    }
    demand(text != NULL && readers[0] != NULL && readers[1] != NULL &&
               texts != NULL,
           "memory");
    memset(text, '"', size + SLU_JSON_PADDING);
    if (size > 0) {
        memcpy(text, data, size);
    }
    check_text(readers[0], slu_view_make(text, size));
    check_text(readers[1], slu_view_make(text, size));
    free(text);
    return 0;
}
