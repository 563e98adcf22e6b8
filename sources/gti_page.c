/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one answer. The splitter cuts the body into records, the reader makes
 * an item of each, and the lane's on_item decides what becomes of it. Whatever
 * goes wrong is kept in page->json.error; the judgement at the end weighs it
 * against how the exchange ended.
 */
#include "sources/gti_page.h"

#include <assert.h>

#define MEMBER_META 0
#define MEMBER_ERROR 1

static enum slu_err read_meta(struct slu_gti_context *ctx,
                              struct slu_gti_unit *unit, struct slu_view text)
{
    struct slu_gti_page *page = unit->page;
    struct slu_gti_meta meta;
    enum slu_err err = slu_gti_read_meta(ctx->readers[unit->head.loop], text,
                                         &meta, &page->json.error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    page->has_count = meta.has_count;
    page->count = meta.has_count ? meta.count : 0;
    slu_buf_clear(&page->cursor);
    if (!meta.has_cursor) {
        return SLU_ERR_OK;
    }
    err = slu_buf_append(&page->cursor, meta.cursor);
    if (err == SLU_ERR_LIMIT) {
        return slu_error_set(&page->json.error, err,
                             "a cursor of %zu bytes; at most %d are expected",
                             meta.cursor.len, SLU_GTI_CURSOR_MAX);
    }
    return err;
}

/* A 200 that carries an error object says nothing of the data: taken as an
 * empty page it would advance a checkpoint over what was never read. */
static enum slu_err read_member(struct slu_gti_context *ctx,
                                struct slu_gti_unit *unit,
                                const struct slu_json_event *event)
{
    if (event->index == MEMBER_META) {
        return read_meta(ctx, unit, event->text);
    }
    assert(event->index == MEMBER_ERROR);
    if (slu_view_equal_str(event->text, "null")) {
        return SLU_ERR_OK;
    }
    return slu_error_set(&unit->page->json.error, SLU_ERR_MALFORMED,
                         "a 200 answer with an error member");
}

struct reading {
    struct slu_gti_context *ctx;
    struct slu_gti_unit *unit;
    slu_gti_item_fn on_item;
};

static enum slu_err read_event(void *ctx, const struct slu_json_event *event)
{
    const struct reading *reading = ctx;
    struct slu_gti_page *page = reading->unit->page;
    struct slu_gti_item item;
    enum slu_err err;

    if (event->kind == SLU_JSON_MEMBER) {
        return read_member(reading->ctx, reading->unit, event);
    }
    err = slu_gti_read_item(reading->ctx->readers[reading->unit->head.loop],
                            page->shape, event, &item, &page->json.error);
    if (err != SLU_ERR_OK) {
        page->json.error.offset += event->offset;
        return err;
    }
    page->items++;
    return reading->on_item(reading->unit, &item);
}

enum slu_body_verdict slu_gti_page_body(struct slu_gti_context *ctx,
                                        struct slu_gti_unit *unit,
                                        struct slu_view bytes,
                                        slu_gti_item_fn on_item)
{
    struct reading reading = {ctx, unit, on_item};

    return slu_json_page_read(&unit->page->json, bytes, read_event, &reading);
}

/* Fills the step for an exchange that failed below HTTP, or a body that could
 * not be read: worth asking again unless the same would come of it. */
static enum slu_gti_answer judge_failure(struct slu_gti_unit *unit,
                                         const struct slu_error *error,
                                         struct slu_step *out_step)
{
    bool again = slu_err_retry_class(error->code) == SLU_RETRY_BACKOFF;

    out_step->kind = again ? SLU_STEP_RETRY : SLU_STEP_FAILED;
    out_step->error = *error;
    if (error->text[0] == '\0') {
        (void)slu_error_set(&out_step->error, error->code, "%s: %s",
                            unit->head.name, slu_err_sentence(error->code));
    }
    if (error->code == SLU_ERR_MALFORMED || error->code == SLU_ERR_LIMIT) {
        (void)slu_error_set(&out_step->error, error->code,
                            "the answer for %s could not be read at byte %llu: "
                            "%.120s; %s",
                            unit->head.name, (unsigned long long)error->offset,
                            error->text[0] != '\0'
                                ? error->text
                                : slu_err_sentence(error->code),
                            error->code == SLU_ERR_LIMIT
                                ? "raise limits.record_bytes or http.body_max"
                                : "check that gti.base_url and http.proxy lead "
                                  "to GTI itself");
        out_step->error.offset = error->offset;
        out_step->error.http_status = unit->page->json.status;
    }
    return SLU_GTI_ANSWER_VOID;
}

static void say(struct slu_gti_unit *unit, const struct slu_gti_error *answer,
                enum slu_err code, const char *cure, struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, code, "HTTP %d for %s: %s%s%s",
                        unit->page->json.status, unit->head.name,
                        answer->message[0] != '\0' ? answer->message
                                                   : slu_err_sentence(code),
                        cure[0] != '\0' ? "; " : "", cure);
    out_step->error.http_status = unit->page->json.status;
}

static enum slu_gti_answer judge_refusal(struct slu_gti_unit *unit,
                                         const struct slu_gti_error *answer,
                                         struct slu_step *out_step)
{
    switch (unit->page->json.status) {
    case 401:
        out_step->kind = SLU_STEP_DENIED;
        say(unit, answer, SLU_ERR_AUTH,
            "check that gti.api_key holds the key of an active account",
            out_step);
        return SLU_GTI_ANSWER_VOID;
    case 403:
        say(unit, answer, SLU_ERR_DENIED,
            "the key's licence does not cover it: leave it out of gti.streams "
            "or gti.threat_lists, or have the licence extended",
            out_step);
        return SLU_GTI_ANSWER_FORBIDDEN;
    case 404:
        say(unit, answer, SLU_ERR_NOT_FOUND, "", out_step);
        return SLU_GTI_ANSWER_NOT_FOUND;
    default:
        break;
    }
    if (answer->code == SLU_GTI_ERROR_NOT_AVAILABLE_YET) {
        say(unit, answer, SLU_ERR_NOT_YET, "", out_step);
        return SLU_GTI_ANSWER_NOT_YET;
    }
    say(unit, answer, SLU_ERR_REJECTED, "", out_step);
    return SLU_GTI_ANSWER_REJECTED;
}

static bool is_worth_retrying(int status)
{
    return status >= 500 || status == 408 || status == 425;
}

static enum slu_gti_answer judge_status(struct slu_gti_context *ctx,
                                        struct slu_gti_unit *unit,
                                        struct slu_step *out_step)
{
    struct slu_gti_page *page = unit->page;
    struct slu_gti_error answer;

    slu_gti_read_error(ctx->readers[unit->head.loop],
                       slu_json_page_refusal(&page->json), &answer);
    if (page->json.status == 429) {
        out_step->kind = SLU_STEP_RETRY;
        out_step->throttled = true;
        out_step->daily_quota = answer.code == SLU_GTI_ERROR_QUOTA_EXCEEDED;
        say(unit, &answer, SLU_ERR_QUOTA, "", out_step);
        return SLU_GTI_ANSWER_VOID;
    }
    if (is_worth_retrying(page->json.status)) {
        out_step->kind = SLU_STEP_RETRY;
        say(unit, &answer, SLU_ERR_SERVER, "", out_step);
        return SLU_GTI_ANSWER_VOID;
    }
    if (page->json.status >= 400) {
        return judge_refusal(unit, &answer, out_step);
    }
    say(unit, &answer, SLU_ERR_REJECTED,
        "not an answer of this API: check gti.base_url and http.proxy",
        out_step);
    return SLU_GTI_ANSWER_VOID;
}

enum slu_gti_answer slu_gti_page_judge(struct slu_gti_context *ctx,
                                       struct slu_gti_unit *unit,
                                       const struct slu_answer_end *end,
                                       struct slu_step *out_step)
{
    struct slu_gti_page *page = unit->page;
    const struct slu_error *failure = slu_json_page_failure(&page->json, end);

    /* FAILED stands until something better is known. */
    *out_step = (struct slu_step){.kind = SLU_STEP_FAILED};
    ctx->answers += page->json.status != 0 ? 1 : 0;
    ctx->unauthorised |= page->json.status == 401;
    ctx->refused +=
        page->json.status == 401 || page->json.status == 403 ? 1 : 0;
    /* The status of a refusal counts even if its body was cut. */
    if (failure != NULL &&
        (page->json.status == 200 || page->json.status == 0)) {
        return judge_failure(unit, failure, out_step);
    }
    if (page->json.status != 200) {
        return judge_status(ctx, unit, out_step);
    }
    out_step->kind = SLU_STEP_COMMIT;
    return SLU_GTI_ANSWER_PAGE;
}
