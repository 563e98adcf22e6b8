/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading one answer. The splitter cuts the body into the elements of the
 * operation's array. Ids and tokens are kept as the JSON texts that they came
 * as, and are sent back as such: nothing is unescaped and escaped on the way.
 * Whatever goes wrong is kept in page->json.error; guardduty_judge.c weighs it
 * against how the exchange ended.
 */
#include "codecs/json_read.h"
#include "sources/guardduty_pull.h"

#include <assert.h>

#define TARGET_MAX (32u << 10) /* a token, each byte as %XX, and the rest */
#define BODY_MAX (SLU_GUARDDUTY_PAGE * (SLU_GUARDDUTY_ID_MAX + 3) + (16u << 10))

static const char *const arrays[] = {
    [SLU_GUARDDUTY_DETECTORS] = "detectorIds",
    [SLU_GUARDDUTY_LIST] = "findingIds",
    [SLU_GUARDDUTY_GET] = "findings",
};

/* ---- pool ---- */

static void free_page(const struct slu_alloc *alloc,
                      struct slu_guardduty_page *page)
{
    slu_json_page_fini(&page->json);
    slu_buf_fini(&page->target);
    slu_buf_fini(&page->body);
    slu_buf_fini(&page->token);
    slu_buf_fini(&page->names);
    slu_alloc_put(alloc, page, sizeof(*page));
}

static struct slu_guardduty_page *
make_page(const struct slu_guardduty_context *ctx,
          enum slu_guardduty_operation operation)
{
    const struct slu_alloc *alloc = ctx->alloc;
    struct slu_json_split_options options = {
        .alloc = alloc,
        .array = arrays[operation],
        .members = {"nextToken"},
        .record_max = operation == SLU_GUARDDUTY_GET ? ctx->port.record_bytes
                                                     : SLU_GUARDDUTY_TOKEN_MAX,
    };
    struct slu_guardduty_page *page = slu_alloc_zero(alloc, sizeof(*page));

    if (page == NULL) {
        return NULL;
    }
    page->operation = operation;
    slu_buf_init(&page->target, alloc, TARGET_MAX);
    slu_buf_init(&page->body, alloc, BODY_MAX);
    slu_buf_init(&page->token, alloc, SLU_GUARDDUTY_TOKEN_MAX);
    slu_buf_init(&page->names, alloc,
                 SLU_GUARDDUTY_PAGE * (SLU_GUARDDUTY_DETECTOR_MAX + 1));
    if (slu_json_page_init(&page->json, &options) != SLU_ERR_OK) {
        free_page(alloc, page);
        return NULL;
    }
    return page;
}

static void clear_page(struct slu_guardduty_page *page)
{
    page->next_free = NULL;
    slu_buf_clear(&page->target);
    slu_buf_clear(&page->body);
    slu_buf_clear(&page->token);
    slu_buf_clear(&page->names);
    page->error_type[0] = '\0';
}

struct slu_guardduty_page *
slu_guardduty_page_acquire(struct slu_guardduty_context *ctx,
                           enum slu_guardduty_operation operation)
{
    struct slu_guardduty_page *page = ctx->free_pages[operation];

    if (page != NULL) {
        ctx->free_pages[operation] = page->next_free;
        slu_json_page_reset(&page->json);
    } else {
        page = make_page(ctx, operation);
    }
    if (page == NULL) {
        return NULL;
    }
    clear_page(page);
    if (operation == SLU_GUARDDUTY_LIST) {
        page->get = slu_guardduty_get_of(
            slu_guardduty_unit_acquire(ctx, SLU_GUARDDUTY_GET));
        if (page->get == NULL) {
            page->next_free = ctx->free_pages[operation];
            ctx->free_pages[operation] = page;
            return NULL;
        }
    }
    return page;
}

void slu_guardduty_page_release(struct slu_guardduty_unit *unit)
{
    struct slu_guardduty_context *ctx = unit->target->ctx;
    struct slu_guardduty_page *page = unit->page;

    if (page == NULL) {
        return;
    }
    if (page->get != NULL) {
        slu_guardduty_unit_release(ctx, &page->get->unit);
        page->get = NULL;
    }
    page->next_free = ctx->free_pages[page->operation];
    ctx->free_pages[page->operation] = page;
    unit->page = NULL;
}

void slu_guardduty_pages_fini(struct slu_guardduty_context *ctx)
{
    for (int i = 0; i < SLU_GUARDDUTY_OPERATIONS; i++) {
        while (ctx->free_pages[i] != NULL) {
            struct slu_guardduty_page *page = ctx->free_pages[i];

            ctx->free_pages[i] = page->next_free;
            free_page(ctx->alloc, page);
        }
    }
}

/* ---- tokens ---- */

uint64_t slu_guardduty_token_hash(struct slu_view token)
{
    uint64_t hash = UINT64_C(14695981039346656037); /* FNV-1a */

    for (size_t i = 0; i < token.len; i++) {
        hash = (hash ^ (unsigned char)token.ptr[i]) * UINT64_C(1099511628211);
    }
    return hash;
}

struct plain {
    struct slu_buf *out;
    enum slu_err err;
};

static bool on_token(void *ctx, unsigned field,
                     const struct slu_json_value *value)
{
    struct plain *plain = ctx;

    (void)field;
    plain->err = value->kind == SLU_JSON_STRING
                     ? slu_buf_append(plain->out, value->text)
                     : SLU_ERR_MALFORMED;
    return true;
}

/* The reader takes objects, so the token is made one. */
enum slu_err slu_guardduty_token_plain(const struct slu_guardduty_context *ctx,
                                       struct slu_view token,
                                       struct slu_buf *out)
{
    static const struct slu_json_field field = {"t"};
    struct plain plain = {out, SLU_ERR_MALFORMED};
    struct slu_json_reader *reader = slu_json_reader_new(ctx->alloc, &field, 1);
    struct slu_buf text;
    enum slu_err err;

    slu_buf_init(&text, ctx->alloc, token.len + 128);
    err = slu_buf_printf(&text, "{\"t\":%.*s}%*s", SLU_VIEW_ARGS(token),
                         SLU_JSON_PADDING, "");
    if (reader == NULL) {
        err = SLU_ERR_NOMEM;
    }
    if (err == SLU_ERR_OK) {
        err = slu_json_read(
            reader, slu_view_make(text.ptr, text.len - SLU_JSON_PADDING),
            on_token, &plain, NULL);
    }
    slu_buf_fini(&text);
    slu_json_reader_free(reader);
    return err == SLU_ERR_OK ? plain.err : err;
}

/* ---- one answer ---- */

void slu_guardduty_page_head(struct slu_guardduty_page *self,
                             const struct slu_answer_head *head)
{
    size_t len = head->error_type.len < sizeof(self->error_type)
                     ? head->error_type.len
                     : sizeof(self->error_type) - 1;

    self->json.status = head->status;
    if (len > 0) {
        memcpy(self->error_type, head->error_type.ptr, len);
    }
    self->error_type[len] = '\0';
}

static enum slu_err refuse(struct slu_guardduty_page *page,
                           const struct slu_json_event *event, const char *what)
{
    (void)slu_error_set(&page->json.error, SLU_ERR_MALFORMED, "%s", what);
    page->json.error.offset = event->offset;
    return SLU_ERR_MALFORMED;
}

static enum slu_err read_token(struct slu_guardduty_page *page,
                               const struct slu_json_event *event)
{
    slu_buf_clear(&page->token);
    if (slu_view_equal_str(event->text, "null") ||
        slu_view_equal_str(event->text, "\"\"")) {
        return SLU_ERR_OK;
    }
    if (event->text.ptr[0] != '"') {
        return refuse(page, event, "a nextToken that is no text");
    }
    return slu_buf_append(&page->token, event->text);
}

static bool is_text(struct slu_view text, size_t len_max)
{
    return text.len > 2 && text.ptr[0] == '"' && text.len <= len_max + 2;
}

static enum slu_err read_finding_id(struct slu_guardduty_page *page,
                                    const struct slu_json_event *event)
{
    struct slu_guardduty_get *get = page->get;
    enum slu_err err;

    if (!is_text(event->text, SLU_GUARDDUTY_ID_MAX)) {
        return refuse(page, event, "an element of findingIds that is no id");
    }
    if (get->count == SLU_GUARDDUTY_PAGE) {
        return refuse(page, event, "more findingIds than the 50 asked for");
    }
    err = get->count > 0 ? slu_buf_append_str(&get->ids, ",") : SLU_ERR_OK;
    get->starts[get->count] = (uint16_t)get->ids.len;
    get->lens[get->count] = (uint16_t)event->text.len;
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&get->ids, event->text);
    }
    get->updated_ms[get->count] = INT64_MIN;
    get->count += err == SLU_ERR_OK ? 1 : 0;
    return err;
}

/* What a stored key and a path can hold as it is. */
static bool is_plain_id(struct slu_view id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                  (c >= '0' && c <= '9') || c == '-' || c == '_';

        if (!ok) {
            return false;
        }
    }
    return true;
}

static enum slu_err read_detector_id(struct slu_guardduty_page *page,
                                     const struct slu_json_event *event)
{
    struct slu_view id = event->text;
    enum slu_err err;

    if (!is_text(id, SLU_GUARDDUTY_DETECTOR_MAX) ||
        !is_plain_id(slu_view_make(id.ptr + 1, id.len - 2))) {
        return refuse(page, event, "an element of detectorIds that is no id");
    }
    err = slu_buf_append(&page->names, slu_view_make(id.ptr + 1, id.len - 2));
    return err == SLU_ERR_OK
               ? slu_buf_append(&page->names, slu_view_make("", 1))
               : err;
}

static void note_updated(struct slu_guardduty_get *get,
                         const struct slu_extracted *extracted)
{
    for (unsigned i = 0; i < get->count; i++) {
        struct slu_view id =
            slu_view_make(get->ids.ptr + get->starts[i] + 1, get->lens[i] - 2u);

        if (slu_view_equal(id, extracted->id)) {
            get->updated_ms[i] = extracted->updated_ms;
            return;
        }
    }
}

static enum slu_err read_finding(struct slu_guardduty_unit *unit,
                                 const struct slu_json_event *event)
{
    struct slu_guardduty_context *ctx = unit->target->ctx;
    struct slu_extracted extracted;
    enum slu_err err;

    if (ctx->port.tell != NULL) {
        return SLU_ERR_OK;
    }
    err = slu_extract_record(ctx->extract, &unit->head, event, &extracted);
    if (err == SLU_ERR_OK && extracted.known) {
        note_updated(slu_guardduty_get_of(unit), &extracted);
    }
    return err == SLU_ERR_OK ? err
                             : slu_error_set(&unit->page->json.error, err, "%s",
                                             slu_err_sentence(err));
}

static enum slu_err read_event(void *ctx, const struct slu_json_event *event)
{
    struct slu_guardduty_unit *unit = ctx;
    struct slu_guardduty_page *page = unit->page;

    if (event->kind == SLU_JSON_MEMBER) {
        return read_token(page, event);
    }
    switch (page->operation) {
    case SLU_GUARDDUTY_DETECTORS:
        return read_detector_id(page, event);
    case SLU_GUARDDUTY_LIST:
        return read_finding_id(page, event);
    default:
        return read_finding(unit, event);
    }
}

enum slu_body_verdict slu_guardduty_page_body(struct slu_guardduty_unit *unit,
                                              struct slu_view bytes)
{
    return slu_json_page_read(&unit->page->json, bytes, read_event, unit);
}
