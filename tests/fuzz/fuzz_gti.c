/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items, meta and error bodies of any bytes: what is read must keep the
 * promises of gti.h, and no read may leave the text and its padding.
 */
#include "codecs/gti.h"
#include "codecs/json_split.h"
#include "fuzz/demand.h"

static struct slu_gti_reader *reader;

static void touch(struct slu_view view)
{
    volatile unsigned sum = 0;

    for (size_t i = 0; i < view.len; i++) {
        sum += (unsigned char)view.ptr[i];
    }
}

static void check_item(struct slu_view text, enum slu_gti_shape shape)
{
    struct slu_gti_item item;
    struct slu_error error = {0};
    struct slu_json_event event = slu_json_event_of(text);
    enum slu_err err = slu_gti_read_item(reader, shape, &event, &item, &error);

    demand(err == SLU_ERR_OK || err == SLU_ERR_MALFORMED, "a known code");
    demand(err == error.code && error.offset <= text.len, "an offset");
    if (err != SLU_ERR_OK) {
        return;
    }
    touch(item.id);
    touch(item.notification_id);
    demand(item.score <= 100, "the score is clamped");
    demand(item.verdict <= SLU_VERDICT_MALICIOUS, "a known verdict");
    demand(item.notification_date >= 0 && item.last_modification_date >= 0,
           "no negative dates");
    demand(shape == SLU_GTI_STREAM_ITEM || item.notification_id.len == 0,
           "no notification in a list");
}

static void check_meta(struct slu_view text)
{
    struct slu_gti_meta meta;

    if (slu_gti_read_meta(reader, text, &meta, NULL) != SLU_ERR_OK) {
        return;
    }
    touch(meta.cursor);
    demand(!meta.has_count || meta.count >= 0, "no negative count");
    demand(meta.has_cursor == (meta.cursor.len > 0), "no empty cursor");
}

static void check_error(const uint8_t *data, size_t size)
{
    struct slu_gti_error error;
    const char *end;

    slu_gti_read_error(reader, slu_view_make((const char *)data, size), &error);
    end = memchr(error.message, '\0', sizeof(error.message));
    demand(end != NULL, "a terminated message");
    for (const char *c = error.message; c < end; c++) {
        demand((unsigned char)*c >= 0x20 && *c != 0x7f, "no control bytes");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + SLU_JSON_PADDING);
    struct slu_view view;

    if (reader == NULL) {
        reader = slu_gti_reader_new(slu_alloc_default());
    }
    demand(text != NULL && reader != NULL, "memory");
    memset(text, '"', size + SLU_JSON_PADDING);
    if (size > 0) {
        memcpy(text, data, size);
    }
    view = slu_view_make(text, size);
    check_item(view, SLU_GTI_STREAM_ITEM);
    check_item(view, SLU_GTI_LIST_ITEM);
    check_meta(view);
    check_error(data, size);
    free(text);
    return 0;
}
