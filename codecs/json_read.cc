/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader has two ways. The short one walks over the tokens that the
 * splitter's index has made of a record, or that are made here of a text that
 * came without (json_walk.h). Where it gives up, simdjson On-Demand reads the
 * text from its start (json_read_demand.h) and doesn't report again what was
 * reported: it finds the same values in the same order, and it says what is
 * wrong.
 *
 * Memory: simdjson allocates its indexes and its string buffer itself, with
 * new(nothrow), and not through slu_alloc. They grow to the next power of two
 * of the longest text (about 6 bytes for each of its bytes) and are reused.
 * That failing is NOMEM like any other; simdjson is used without its throwing
 * functions.
 */
#include "codecs/json_read.h"

#include "codecs/json_read_demand.h"

#include <new>

namespace
{

/* --- errors ------------------------------------------------------------ */

bool is_at_end(ondemand::document *doc)
{
    return doc->current_location().error() == simdjson::OUT_OF_BOUNDS;
}

/* simdjson's first stage says what is wrong but not where; our own scan
 * finds the byte. */
uint64_t find_fault(struct slu_view text)
{
    struct slu_json_scan scan;
    size_t taken;

    slu_json_scan_init(&scan, 0);
    taken = slu_json_kernel_best()->container(&scan, text.ptr, text.len);
    return scan.status == SLU_JSON_SCAN_CLOSED ? 0 : taken;
}

uint64_t locate(struct slu_view text, ondemand::document *doc)
{
    const char *at = nullptr;

    if (doc->current_location().get(at) != simdjson::SUCCESS || at < text.ptr ||
        at > text.ptr + text.len) {
        return text.len;
    }
    return (uint64_t)(at - text.ptr);
}

enum slu_err set_error(struct slu_error *out, error_code error, uint64_t offset)
{
    enum slu_err err =
        error == simdjson::MEMALLOC ? SLU_ERR_NOMEM : SLU_ERR_MALFORMED;

    (void)slu_error_set(out, err, "JSON, byte %llu of the record: %s",
                        (unsigned long long)offset,
                        simdjson::error_message(error));
    if (out != nullptr) {
        out->offset = offset;
    }
    return err;
}

error_code reserve(ondemand::parser *parser, size_t len)
{
    size_t capacity = first_capacity;

    if (len <= parser->capacity()) {
        return simdjson::SUCCESS;
    }
    while (capacity < len) {
        capacity *= 2;
    }
    return parser->allocate(capacity);
}

/* --- the short way (json_walk.h) --------------------------------------- */

/* Whether the bytes from..to are white space. */
bool is_blank(struct slu_view text, size_t from, size_t to)
{
    while (from < to && memchr(" \n\r\t", text.ptr[from], 4) != nullptr) {
        from++;
    }
    return from == to;
}

/* Indexes a text that came without tokens. */
bool make_tokens(struct slu_json_reader *self, struct slu_view text)
{
    struct slu_json_index *index = &self->index;
    unsigned close;

    if (text.len == 0) {
        return false;
    }
    slu_json_index_start(index, text.ptr, 0);
    self->kernel->index(index, text.len);
    if (index->failed || index->done < text.len || index->judged == 0) {
        return false;
    }
    close = self->kernel->find_depth(index, 1, 1);
    return close + 1 == index->judged && is_blank(text, 0, index->starts[0]) &&
           is_blank(text, index->starts[close] + 1u, text.len);
}

/* What read_slowly unescapes goes there too, to the same places. */
char *make_room(void *ctx)
{
    struct pass *pass = (struct pass *)ctx;
    char *room = nullptr;

    if (slu_buf_reserve(&pass->reader->text, pass->text_len + SLU_JSON_PADDING,
                        &room) != SLU_ERR_OK) {
        pass->error = simdjson::MEMALLOC;
    }
    return room;
}

bool read_quickly(struct pass *pass, struct slu_view text,
                  const struct slu_json_tokens *tokens)
{
    struct slu_json_reader *self = pass->reader;
    struct slu_json_walk_task task = {};
    struct slu_json_tokens own = {&self->index, 0};

    if (self->kernel == nullptr) {
        return false;
    }
    if (tokens->index == nullptr) {
        if (!make_tokens(self, text)) {
            return false;
        }
        tokens = &own;
    }
    task.paths = &self->paths;
    task.memo = &self->memo;
    task.wanted =
        self->paths.has_each ? 0 : UINT64_MAX >> (64 - self->field_count);
    task.on_value = pass->on_value;
    task.ctx = pass->ctx;
    task.make_room = make_room;
    task.room_ctx = pass;
    return self->kernel->walk(&task, tokens->index, tokens->first,
                              &pass->known);
}

} // namespace

/* --- the C interface --------------------------------------------------- */

struct slu_json_reader *slu_json_reader_new(const struct slu_alloc *alloc,
                                            const struct slu_json_field *fields,
                                            unsigned field_count)
{
    void *room = slu_alloc_zero(alloc, sizeof(struct slu_json_reader));
    struct slu_json_reader *self;

    if (room == nullptr) {
        return nullptr;
    }
    self = new (room) slu_json_reader();
    self->alloc = alloc;
    self->field_count = field_count;
    slu_buf_init(&self->text, alloc, text_max);
    if (slu_json_paths_init(&self->paths, alloc, fields, field_count) !=
            SLU_ERR_OK ||
        slu_json_memo_init(&self->memo, alloc, self->paths.node_count) !=
            SLU_ERR_OK) {
        slu_json_reader_free(self);
        return nullptr;
    }
    slu_json_index_init(&self->index, alloc);
    if (self->paths.has_each || field_count <= SLU_JSON_WALK_FIELDS_MAX) {
        self->kernel = slu_json_kernel_best();
        self->kernel = self->kernel->walk == nullptr ? nullptr : self->kernel;
    }
    return self;
}

void slu_json_reader_use(struct slu_json_reader *self,
                         const struct slu_json_kernel *kernel)
{
    self->kernel = kernel;
}

void slu_json_reader_free(struct slu_json_reader *self)
{
    if (self != nullptr) {
        const struct slu_alloc *alloc = self->alloc;

        slu_json_paths_fini(&self->paths);
        slu_buf_fini(&self->text);
        slu_json_index_fini(&self->index);
        slu_json_memo_fini(&self->memo);
        self->~slu_json_reader();
        slu_alloc_put(alloc, self, sizeof(*self));
    }
}

/* What the short way didn't read to its end. */
static enum slu_err read_slowly(struct pass *pass, struct slu_view text,
                                struct slu_error *out_error)
{
    struct slu_json_reader *self = pass->reader;
    ondemand::document doc;
    error_code error = reserve(&self->parser, text.len);
    walk result;

    if (error == simdjson::SUCCESS) {
        error = self->parser
                    .iterate(text.ptr, text.len, text.len + SLU_JSON_PADDING)
                    .get(doc);
    }
    if (error != simdjson::SUCCESS) {
        return set_error(out_error, error, find_fault(text));
    }
    slu_buf_clear(&self->text);
    pass->unmet = self->field_count;
    memset(pass->met, 0, self->field_count);
    result = walk_root(pass, &doc);
    if (result == walk::failed) {
        return set_error(out_error, pass->error, locate(text, &doc));
    }
    if (result == walk::on && !is_at_end(&doc)) {
        return set_error(out_error, simdjson::TRAILING_CONTENT,
                         locate(text, &doc));
    }
    return SLU_ERR_OK;
}

enum slu_err slu_json_read_event(struct slu_json_reader *self,
                                 const struct slu_json_event *event,
                                 slu_json_value_fn on_value, void *ctx,
                                 struct slu_error *out_error)
{
    struct pass pass;

    pass.reader = self;
    pass.text_len = event->text.len;
    pass.on_value = on_value;
    pass.ctx = ctx;
    pass.element = 0;
    pass.known = 0;
    pass.error = simdjson::SUCCESS;
    slu_buf_clear(&self->text);
    if (self->kernel != nullptr && event->tokens.index == nullptr &&
        slu_json_index_reserve(&self->index) != SLU_ERR_OK) {
        return set_error(out_error, simdjson::MEMALLOC, 0);
    }
    if (read_quickly(&pass, event->text, &event->tokens)) {
        return SLU_ERR_OK;
    }
    return pass.error == simdjson::MEMALLOC
               ? set_error(out_error, pass.error, 0)
               : read_slowly(&pass, event->text, out_error);
}

enum slu_err slu_json_read(struct slu_json_reader *self, struct slu_view text,
                           slu_json_value_fn on_value, void *ctx,
                           struct slu_error *out_error)
{
    struct slu_json_event event = slu_json_event_of(text);

    return slu_json_read_event(self, &event, on_value, ctx, out_error);
}
