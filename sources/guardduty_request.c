/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three requests on the wire: GuardDuty's REST API, 2017-11-28.
 *
 *     GET  /detector?maxResults=50[&nextToken=T]
 *     POST /detector/D/findings      {"findingCriteria":{"criterion":{
 *          "updatedAt":{"greaterThanOrEqual":A,"lessThan":B}}},
 *          "sortCriteria":{"attributeName":"updatedAt","orderBy":"ASC"},
 *          "maxResults":50,"nextToken":"T"}
 *     POST /detector/D/findings/get  {"findingIds":[...],"sortCriteria":{...}}
 *
 * The long names of the conditions are used: the short ones (gte, lt) are typed
 * as 32 bits, which milliseconds don't fit.
 */
#include "codecs/time_text.h"
#include "codecs/url.h"
#include "sources/guardduty_pull.h"

#include <inttypes.h>
#include <stdio.h>

#define SORT(order)                                                            \
    "\"sortCriteria\":{\"attributeName\":\"updatedAt\",\"orderBy\":"           \
    "\"" order "\"}"

static enum slu_err write_detectors(struct slu_guardduty_target *target)
{
    struct slu_guardduty_page *page = target->unit.page;
    struct slu_view token = slu_buf_view(&target->token);
    struct slu_buf plain;
    enum slu_err err = slu_buf_printf(&page->target, "/detector?maxResults=%d",
                                      SLU_GUARDDUTY_PAGE);

    if (err != SLU_ERR_OK || token.len == 0) {
        return err;
    }
    slu_buf_init(&plain, target->ctx->alloc, SLU_GUARDDUTY_TOKEN_MAX);
    err = slu_guardduty_token_plain(target->ctx, token, &plain);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(&page->target, "&nextToken=");
    }
    if (err == SLU_ERR_OK) {
        err = slu_url_append_encoded(&page->target, slu_buf_view(&plain));
    }
    slu_buf_fini(&plain);
    return err;
}

static enum slu_err write_criteria(const struct slu_guardduty_window *window,
                                   struct slu_buf *body)
{
    enum slu_err err =
        slu_buf_printf(body,
                       "\"findingCriteria\":{\"criterion\":{\"updatedAt\":"
                       "{\"greaterThanOrEqual\":%" PRId64,
                       window->from);

    if (err == SLU_ERR_OK && !window->unbounded) {
        err = slu_buf_printf(body, ",\"lessThan\":%" PRId64, window->listed_to);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(body, "}}},");
    }
    return err;
}

static enum slu_err write_list(struct slu_guardduty_window *window)
{
    struct slu_guardduty_page *page = window->unit.page;
    bool checking = window->unit.target->ctx->port.tell != NULL;
    enum slu_err err = slu_buf_printf(&page->target, "/detector/%s/findings",
                                      window->detector->id);

    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(&page->body, "{");
    }
    if (err == SLU_ERR_OK && !checking) {
        err = write_criteria(window, &page->body);
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(&page->body,
                                 window->mirrors ? SORT("DESC") : SORT("ASC"));
    }
    if (err == SLU_ERR_OK) {
        err = slu_buf_printf(&page->body, ",\"maxResults\":%d",
                             checking ? 1 : SLU_GUARDDUTY_PAGE);
    }
    if (err == SLU_ERR_OK && window->token.len > 0) {
        err = slu_buf_printf(&page->body, ",\"nextToken\":%.*s",
                             SLU_VIEW_ARGS(slu_buf_view(&window->token)));
    }
    return err == SLU_ERR_OK ? slu_buf_append_str(&page->body, "}") : err;
}

static enum slu_err write_get(struct slu_guardduty_get *get)
{
    struct slu_guardduty_page *page = get->unit.page;
    enum slu_err err = slu_buf_printf(
        &page->target, "/detector/%s/findings/get", get->window->detector->id);

    if (err == SLU_ERR_OK) {
        err = slu_buf_printf(&page->body,
                             "{\"findingIds\":[%.*s]," SORT("ASC") "}",
                             SLU_VIEW_ARGS(slu_buf_view(&get->ids)));
    }
    return err;
}

/* ---- names, for people ---- */

#define MS_TEXT_MAX 32

/* "2025-08-07T05:00:00.000Z". */
static const char *format_ms(int64_t ms, char out[MS_TEXT_MAX])
{
    slu_time_format_iso(ms / 1000, out);
    (void)snprintf(out + SLU_ISO_TEXT_LEN - 1,
                   MS_TEXT_MAX - SLU_ISO_TEXT_LEN + 1, ".%03dZ",
                   (int)(ms % 1000));
    return out;
}

static void name_unit(struct slu_guardduty_unit *unit)
{
    const struct slu_guardduty_window *window = NULL;
    char place[SLU_GUARDDUTY_PLACE_MAX];
    char from[MS_TEXT_MAX];

    (void)slu_guardduty_place(unit->target, place);
    if (unit->operation == SLU_GUARDDUTY_DETECTORS) {
        (void)snprintf(unit->head.name, sizeof(unit->head.name),
                       "the detectors of %s", place);
        return;
    }
    window = unit->operation == SLU_GUARDDUTY_LIST
                 ? slu_guardduty_window_of(unit)
                 : slu_guardduty_get_of(unit)->window;
    (void)snprintf(unit->head.name, sizeof(unit->head.name),
                   "%s of %s from %s, page %u",
                   unit->operation == SLU_GUARDDUTY_GET ? "findings"
                   : window->mirrors                    ? "the newest list"
                                                        : "a list",
                   place, format_ms(window->from, from),
                   unit->operation == SLU_GUARDDUTY_LIST
                       ? window->pages + 1
                       : slu_guardduty_get_of(unit)->page_number);
}

enum slu_err slu_guardduty_request_write(struct slu_guardduty_unit *unit)
{
    name_unit(unit);
    switch (unit->operation) {
    case SLU_GUARDDUTY_DETECTORS:
        return write_detectors(unit->target);
    case SLU_GUARDDUTY_LIST:
        return write_list(slu_guardduty_window_of(unit));
    default:
        return write_get(slu_guardduty_get_of(unit));
    }
}

void slu_guardduty_request_fill(const struct slu_guardduty_unit *unit,
                                struct slu_request *out_request)
{
    const struct slu_guardduty_target *target = unit->target;
    bool posts = unit->operation != SLU_GUARDDUTY_DETECTORS;

    *out_request = (struct slu_request){
        .unit = (struct slu_unit *)&unit->head,
        .channel = SLU_CHANNEL_HTTP,
        .method = posts ? SLU_METHOD_POST : SLU_METHOD_GET,
        .target = slu_buf_view(&unit->page->target),
        .accept = SLU_VIEW_LITERAL("application/json"),
        .body = slu_buf_view(&unit->page->body),
        .auth = SLU_AUTH_SIGV4,
        .aws =
            {
                .service = SLU_VIEW_LITERAL("guardduty"),
                .region = slu_view_str(target->region),
                .identity = target->identity,
            },
        .lane = target->index * SLU_GUARDDUTY_OPERATIONS +
                (unsigned)unit->operation,
    };
    if (posts) {
        out_request->content_type =
            (struct slu_view)SLU_VIEW_LITERAL("application/json");
    }
}
