/* SPDX-License-Identifier: Apache-2.0 */
/* What the lanes of the source "gti" share; see gti_page.h. */
#include "codecs/record.h"
#include "codecs/time_text.h"
#include "sources/gti_page.h"

/* The server's clock may well be this much ahead of ours. */
#define CLOCKS_DIFFER_SECONDS 3600

static uint32_t clamp_seconds(int64_t seconds)
{
    return seconds < 0            ? 0
           : seconds > UINT32_MAX ? UINT32_MAX
                                  : (uint32_t)seconds;
}

void slu_gti_context_count(struct slu_gti_context *ctx,
                           struct slu_gti_unit *unit, enum slu_reason reason)
{
    ctx->port.count(ctx->port.ctx, &unit->head, reason);
}

enum slu_err slu_gti_context_emit(struct slu_gti_context *ctx,
                                  struct slu_gti_unit *unit,
                                  const struct slu_gti_item *item,
                                  uint32_t source, int64_t seen)
{
    /* What isn't seconds (milliseconds, say) is no date: cut to the greatest
     * one, no later assessment would ever be newer. */
    bool dated = item->last_modification_date > 0 &&
                 item->last_modification_date < UINT32_MAX;
    int64_t assessed_at = dated ? item->last_modification_date : seen;
    struct slu_sighting sighting = {
        .kind = item->type == SLU_GTI_DOMAIN ? SLU_KIND_DOMAIN : SLU_KIND_IP,
        .value = item->id,
        .verdict = item->verdict,
        .score = item->verdict == SLU_VERDICT_NONE ? 0 : item->score,
        .source = source,
        .seen = clamp_seconds(seen),
        .assessed_at =
            item->verdict == SLU_VERDICT_NONE ? 0 : clamp_seconds(assessed_at),
    };

    return ctx->port.emit(ctx->port.ctx, &unit->head, &sighting);
}

enum slu_err slu_gti_context_put(struct slu_gti_context *ctx,
                                 struct slu_gti_unit *unit, const char *key,
                                 struct slu_view value)
{
    return ctx->port.put(ctx->port.ctx, &unit->head, slu_view_str(key), value);
}

void slu_gti_context_warn_of_future(const struct slu_gti_context *ctx,
                                    const char *what, const char *name,
                                    int64_t known, int64_t wall_s)
{
    char text[SLU_ISO_TEXT_LEN];

    if (known <= wall_s + CLOCKS_DIFFER_SECONDS) {
        return;
    }
    slu_time_format_iso(known, text);
    slu_source_log(&ctx->port, SLU_LOG_WARN,
                   "%s (%s): the checkpoint %.*s lies in the future, so "
                   "nothing is pulled until then; set this machine's "
                   "clock, or correct gti-checkpoint.json and remove "
                   "state_dir",
                   what, name, SLU_ISO_TEXT_LEN, text);
}

void slu_gti_context_warn_of_loss(const struct slu_gti_context *ctx,
                                  const char *what, const char *name,
                                  const char *lost, int64_t from, int64_t to)
{
    char from_text[SLU_ISO_TEXT_LEN];
    char to_text[SLU_ISO_TEXT_LEN];

    slu_time_format_iso(from, from_text);
    slu_time_format_iso(to, to_text);
    slu_source_log(&ctx->port, SLU_LOG_WARN,
                   "%s (%s): the checkpoint is older than the look-back, so %s "
                   "from %.*s to %.*s is not pulled; to have it, set "
                   "gti.lookback_days and gti.allow_long_lookback",
                   what, name, lost, SLU_ISO_TEXT_LEN, from_text,
                   SLU_ISO_TEXT_LEN, to_text);
}

void slu_gti_context_note(struct slu_gti_context *ctx,
                          const struct slu_error *error)
{
    if (ctx->result.first.code == SLU_ERR_OK) {
        ctx->result.first = *error;
    }
}

void slu_gti_context_break(struct slu_gti_context *ctx,
                           struct slu_step *out_step, enum slu_err err)
{
    ctx->broken = true;
    ctx->result.failed_units++;
    *out_step = (struct slu_step){.kind = SLU_STEP_FAILED};
    (void)slu_error_set(&out_step->error, err,
                        "the pull from GTI was ended: %s; what was committed "
                        "is kept, run again with more memory",
                        slu_err_sentence(err));
    slu_gti_context_note(ctx, &out_step->error);
}

enum slu_err slu_gti_context_init(struct slu_gti_context *ctx)
{
    unsigned loops = ctx->port.loops > 0 ? ctx->port.loops : 1;

    ctx->readers = slu_alloc_zero(ctx->alloc, loops * sizeof(*ctx->readers));
    if (ctx->readers == NULL) {
        return SLU_ERR_NOMEM;
    }
    ctx->loops = loops;
    for (unsigned i = 0; i < loops; i++) {
        ctx->readers[i] = slu_gti_reader_new(ctx->alloc);
        if (ctx->readers[i] == NULL) {
            return SLU_ERR_NOMEM;
        }
    }
    return SLU_ERR_OK;
}

static void free_page(const struct slu_alloc *alloc, struct slu_gti_page *page)
{
    slu_json_page_fini(&page->json);
    slu_buf_fini(&page->target);
    slu_buf_fini(&page->cursor);
    slu_alloc_put(alloc, page, sizeof(*page));
}

static struct slu_gti_page *make_page(const struct slu_gti_context *ctx,
                                      enum slu_gti_shape shape)
{
    const struct slu_alloc *alloc = ctx->alloc;
    struct slu_json_split_options options = {
        .alloc = alloc,
        .array = shape == SLU_GTI_STREAM_ITEM ? "data" : "iocs",
        .members = {"meta", "error"},
        .record_max = ctx->port.record_bytes,
    };
    struct slu_gti_page *page = slu_alloc_get(alloc, sizeof(*page));

    if (page == NULL) {
        return NULL;
    }
    page->shape = shape;
    slu_buf_init(&page->target, alloc, SLU_GTI_TARGET_MAX);
    slu_buf_init(&page->cursor, alloc, SLU_GTI_CURSOR_MAX);
    if (slu_json_page_init(&page->json, &options) != SLU_ERR_OK) {
        slu_alloc_put(alloc, page, sizeof(*page));
        return NULL;
    }
    return page;
}

struct slu_gti_page *slu_gti_page_acquire(struct slu_gti_context *ctx,
                                          enum slu_gti_shape shape)
{
    struct slu_gti_page *page = ctx->free_pages[shape];

    if (page != NULL) {
        ctx->free_pages[shape] = page->next_free;
        slu_json_page_reset(&page->json);
    } else {
        page = make_page(ctx, shape);
    }
    if (page != NULL) {
        page->next_free = NULL;
        slu_buf_clear(&page->target);
        slu_buf_clear(&page->cursor);
        page->items = 0;
        page->has_count = false;
        page->count = 0;
    }
    return page;
}

void slu_gti_page_release(struct slu_gti_context *ctx,
                          struct slu_gti_unit *unit)
{
    struct slu_gti_page *page = unit->page;

    if (page != NULL) {
        page->next_free = ctx->free_pages[page->shape];
        ctx->free_pages[page->shape] = page;
        unit->page = NULL;
    }
}

void slu_gti_context_fini(struct slu_gti_context *ctx)
{
    for (int shape = 0; shape < 2; shape++) {
        while (ctx->free_pages[shape] != NULL) {
            struct slu_gti_page *page = ctx->free_pages[shape];

            ctx->free_pages[shape] = page->next_free;
            free_page(ctx->alloc, page);
        }
    }
    for (unsigned i = 0; i < ctx->loops; i++) {
        slu_gti_reader_free(ctx->readers[i]);
    }
    slu_alloc_put(ctx->alloc, ctx->readers, ctx->loops * sizeof(*ctx->readers));
    ctx->readers = NULL;
    ctx->loops = 0;
}
