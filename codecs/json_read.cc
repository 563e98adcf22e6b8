/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader: simdjson On-Demand behind a C header, and before it the short way
 * (json_quick.h) for texts and paths that it can do, which are the most.
 *
 * The table of paths is a tree (json_paths.h). A text is walked once, object by
 * object; each key is looked up among the children of the node at hand, and a
 * value that no node stands for is skipped by On-Demand.
 *
 * A string without a backslash is handed out where it lies in the text; only
 * one with a backslash is unescaped, into a buffer of ours. (simdjson 3.0 has
 * one too, but doesn't check that it was allocated.)
 *
 * Memory: simdjson allocates its indexes and its string buffer itself, with
 * new(nothrow), and not through slu_alloc. They grow to the next power of two
 * of the longest text (about 6 bytes for each of its bytes) and are reused.
 * That failing is NOMEM like any other; simdjson is used without its throwing
 * functions.
 */
#define SIMDJSON_EXCEPTIONS 0
/* Its debugging aid, on by default in debug builds, has an allocation that
 * isn't checked. The fuzzers turn it on. */
#ifndef SIMDJSON_DEVELOPMENT_CHECKS
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#endif
#include "codecs/json_read.h"

#include "codecs/buf.h"
#include "codecs/json_paths.h"
#include "codecs/json_scan.h"
#include "codecs/json_split.h"

#include <charconv>
#include <cstring>
#include <new>
#include <simdjson.h>

namespace
{

using simdjson::error_code;
namespace ondemand = simdjson::ondemand;

constexpr size_t first_capacity = 4096;
constexpr unsigned none = SLU_JSON_PATH_NONE;
/* simdjson takes no longer text. */
constexpr size_t text_max = UINT32_MAX;

enum class walk { on, stop, failed };

/*
 * The walk is one function that calls itself for a nested object: On-Demand's
 * iterators then stay in registers. With calls between, they are stored in
 * halves and loaded whole, and each such load stalls (measured: a third of the
 * reader's time).
 */
#define INLINE inline __attribute__((always_inline))

} // namespace

struct slu_json_reader {
    const struct slu_alloc *alloc;
    struct slu_json_paths paths;
    unsigned field_count;
    /* NULL: no short way, for these paths or on this CPU */
    const struct slu_json_kernel *kernel;
    struct slu_json_index index; /* of a text that came without */
    struct slu_json_memo memo;
    struct slu_buf text; /* unescaped strings of this pass */
    ondemand::parser parser;
};

namespace
{

/* What holds for one pass. */
struct pass {
    struct slu_json_reader *reader;
    size_t text_len;
    slu_json_value_fn on_value;
    void *ctx;
    uint32_t element;
    unsigned unmet; /* fields not yet met */
    bool met[SLU_JSON_FIELDS_MAX];
    unsigned known; /* values that the short way has reported */
    error_code error;
};

/* --- values ------------------------------------------------------------ */

INLINE walk fail(struct pass *pass, error_code error)
{
    pass->error = error;
    return walk::failed;
}

INLINE walk report(struct pass *pass, const struct slu_json_path_node *node,
                   struct slu_json_value *value)
{
    value->element = pass->element;
    if (!pass->met[node->field]) {
        pass->met[node->field] = true;
        pass->unmet--;
    }
    if (pass->known > 0) {
        pass->known--;
    } else if (!pass->on_value(pass->ctx, node->field, value)) {
        return walk::stop;
    }
    return pass->unmet == 0 && !pass->reader->paths.has_each ? walk::stop
                                                             : walk::on;
}

/* Eight bytes, the first one in the lowest lane. */
INLINE uint64_t load_lanes(const char *ptr)
{
    uint64_t word;

    memcpy(&word, ptr, sizeof(word));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/*
 * The bytes of a key or string, up to its closing quote or its first backslash;
 * the padding behind the text makes the last load safe. A lane that equals the
 * wanted byte becomes zero by XOR, and subtracting 1 borrows into its top bit;
 * the lowest such lane is exact, those above it may not be.
 */
INLINE struct slu_view measure_string(const char *ptr)
{
    constexpr uint64_t ones = UINT64_C(0x0101010101010101);
    size_t len = 0;
    uint64_t hits;

    for (;; len += sizeof(uint64_t)) {
        uint64_t word = load_lanes(ptr + len);
        uint64_t quote = word ^ (ones * '"');
        uint64_t backslash = word ^ (ones * '\\');

        hits = (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) &
               (ones * 0x80);
        if (hits != 0) {
            len += (size_t)__builtin_ctzll(hits) / 8;
            return slu_view_make(ptr, len);
        }
    }
}

/*
 * All strings of a text unescaped are no longer than the text, so room for
 * that is made once a pass, and what was handed out never moves.
 */
error_code unescape(struct pass *pass, ondemand::raw_json_string raw,
                    struct slu_view *out)
{
    struct slu_buf *buf = &pass->reader->text;
    std::string_view text;
    char *room;

    if (slu_buf_reserve(buf,
                        buf->len == 0 ? pass->text_len + SLU_JSON_PADDING
                                      : SLU_JSON_PADDING,
                        &room) != SLU_ERR_OK) {
        return simdjson::MEMALLOC;
    }
    uint8_t *end = reinterpret_cast<uint8_t *>(room);
    error_code error = pass->reader->parser.unescape(raw, end).get(text);

    if (error == simdjson::SUCCESS) {
        slu_buf_commit(buf, text.size());
        *out = slu_view_make(text.data(), text.size());
    }
    return error;
}

INLINE error_code read_string(struct pass *pass, ondemand::value *value,
                              struct slu_json_value *out)
{
    ondemand::raw_json_string raw;
    error_code error = value->get_raw_json_string().get(raw);

    out->kind = SLU_JSON_STRING;
    if (error != simdjson::SUCCESS) {
        return error;
    }
    out->text = measure_string(raw.raw());
    return out->text.ptr[out->text.len] == '"'
               ? error
               : unescape(pass, raw, &out->text);
}

size_t count_digits(std::string_view text, size_t at)
{
    size_t start = at;

    while (at < text.size() && text[at] >= '0' && text[at] <= '9') {
        at++;
    }
    return at - start;
}

/* Length of the number of RFC 8259 that the text begins with; 0 for none. */
size_t measure_number(std::string_view text)
{
    size_t at = text.size() > 0 && text[0] == '-';
    size_t digits = count_digits(text, at);

    if (digits == 0 || (digits > 1 && text[at] == '0')) {
        return 0;
    }
    at += digits;
    if (at < text.size() && text[at] == '.') {
        digits = count_digits(text, at + 1);
        at += digits + 1;
        if (digits == 0) {
            return 0;
        }
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        at += at < text.size() && (text[at] == '+' || text[at] == '-');
        digits = count_digits(text, at);
        at += digits;
        if (digits == 0) {
            return 0;
        }
    }
    return at;
}

/* A number too small for a double is zero; one too large is no number here. */
bool is_underflow(std::string_view number)
{
    size_t exponent = number.find_first_of("eE");

    return exponent == std::string_view::npos || number[exponent + 1] == '-' ||
           number.substr(0, exponent).find_first_of("123456789") ==
               std::string_view::npos;
}

/*
 * simdjson 3.0 has a wrong idea of a double with more digits than fit 64 bits
 * (0.0090101010042424249818725 becomes 0.00163), and refuses a zero with a
 * huge exponent. So what its own way refuses, and what is long, is read here.
 */
error_code read_long_number(std::string_view token, double *out_number)
{
    size_t len = measure_number(token);
    const char *end = token.data() + len;

    if (len == 0 ||
        token.find_first_not_of(" \t\r\n", len) != std::string_view::npos) {
        return simdjson::NUMBER_ERROR;
    }
    if (std::from_chars(token.data(), end, *out_number).ec == std::errc()) {
        return simdjson::SUCCESS;
    }
    *out_number = 0;
    return is_underflow(token.substr(0, len)) ? simdjson::SUCCESS
                                              : simdjson::NUMBER_ERROR;
}

/* A getter that fails leaves On-Demand where it was, so a number that is no
 * int64_t may be asked for again as a double. */
INLINE error_code read_number(ondemand::value *value,
                              struct slu_json_value *out)
{
    std::string_view token = value->raw_json_token();
    error_code error = value->get_int64().get(out->integer);

    if (error == simdjson::SUCCESS) {
        out->kind = SLU_JSON_INT;
        out->number = (double)out->integer;
        return error;
    }
    out->kind = SLU_JSON_DOUBLE;
    out->integer = 0;
    error = value->get_double().get(out->number);
    if (error != simdjson::SUCCESS || token.size() > 18) {
        error = read_long_number(token, &out->number);
    }
    if (error == simdjson::SUCCESS && out->number > -9.2e18 &&
        out->number < 9.2e18) {
        out->integer = (int64_t)out->number;
    }
    return error;
}

INLINE error_code read_null(ondemand::value *value, struct slu_json_value *out)
{
    bool is_null = false;
    error_code error = value->is_null().get(is_null);

    out->kind = SLU_JSON_NULL;
    return error == simdjson::SUCCESS && !is_null ? simdjson::N_ATOM_ERROR
                                                  : error;
}

INLINE error_code read_scalar(struct pass *pass, ondemand::value *value,
                              ondemand::json_type type,
                              struct slu_json_value *out)
{
    switch (type) {
    case ondemand::json_type::string:
        return read_string(pass, value, out);
    case ondemand::json_type::number:
        return read_number(value, out);
    case ondemand::json_type::boolean:
        out->kind = SLU_JSON_BOOL;
        return value->get_bool().get(out->boolean);
    default:
        return read_null(value, out);
    }
}

/* --- the walk ---------------------------------------------------------- */

INLINE error_code read_key(struct pass *pass,
                           simdjson::simdjson_result<ondemand::field> *field,
                           struct slu_view *out_key)
{
    ondemand::raw_json_string raw;
    error_code error = field->key().get(raw);

    if (error != simdjson::SUCCESS) {
        return error;
    }
    *out_key = measure_string(raw.raw());
    return out_key->ptr[out_key->len] == '"' ? error
                                             : unescape(pass, raw, out_key);
}

INLINE walk walk_value(struct pass *pass, unsigned at, ondemand::value *value);
walk walk_object(struct pass *pass, unsigned at, ondemand::object *object);
walk walk_array(struct pass *pass, unsigned at, ondemand::array *array);

INLINE walk walk_field(struct pass *pass, unsigned at,
                       simdjson::simdjson_result<ondemand::field> *field)
{
    struct slu_view key;
    ondemand::value value;
    error_code error = read_key(pass, field, &key);
    unsigned child;

    if (error != simdjson::SUCCESS) {
        return fail(pass, error);
    }
    child = slu_json_paths_child(&pass->reader->paths, at, key);
    if (child == none) {
        return walk::on;
    }
    error = field->value().get(value);
    if (error != simdjson::SUCCESS) {
        return fail(pass, error);
    }
    return walk_value(pass, child, &value);
}

walk walk_object(struct pass *pass, unsigned at, ondemand::object *object)
{
    for (auto field : *object) {
        walk result = walk_field(pass, at, &field);

        if (result != walk::on) {
            return result;
        }
    }
    return walk::on;
}

/* at: the node of the elements, or none to skip them. */
walk walk_array(struct pass *pass, unsigned at, ondemand::array *array)
{
    uint32_t outer = pass->element;
    uint32_t ordinal = 0;

    for (auto item : *array) {
        ondemand::value value;
        error_code error = item.get(value);

        if (error != simdjson::SUCCESS) {
            return fail(pass, error);
        }
        pass->element = ordinal++;
        walk result = at == none ? walk::on : walk_value(pass, at, &value);

        if (result != walk::on) {
            return result;
        }
    }
    pass->element = outer;
    return walk::on;
}

/* A container that nothing is wanted of is left alone: On-Demand skips it. */
INLINE walk enter_value(struct pass *pass,
                        const struct slu_json_path_node *node,
                        ondemand::value *value, bool is_object)
{
    ondemand::object object;
    ondemand::array array;
    error_code error = simdjson::SUCCESS;

    if (is_object && node->child != none) {
        error = value->get_object().get(object);
        return error == simdjson::SUCCESS
                   ? walk_object(pass,
                                 (unsigned)(node - pass->reader->paths.nodes),
                                 &object)
                   : fail(pass, error);
    }
    if (!is_object && node->each != none) {
        error = value->get_array().get(array);
        return error == simdjson::SUCCESS ? walk_array(pass, node->each, &array)
                                          : fail(pass, error);
    }
    return walk::on;
}

INLINE walk walk_value(struct pass *pass, unsigned at, ondemand::value *value)
{
    const struct slu_json_path_node *node = &pass->reader->paths.nodes[at];
    struct slu_json_value out = {};
    ondemand::json_type type;
    error_code error = value->type().get(type);
    bool is_object = type == ondemand::json_type::object;
    bool is_scalar = !is_object && type != ondemand::json_type::array;

    if (error == simdjson::SUCCESS && is_scalar && node->field != none) {
        error = read_scalar(pass, value, type, &out);
    }
    if (error != simdjson::SUCCESS) {
        return fail(pass, error);
    }
    if (!is_scalar) {
        out.kind = is_object ? SLU_JSON_OBJECT : SLU_JSON_ARRAY;
    }
    if (node->field != none) {
        walk result = report(pass, node, &out);

        if (result != walk::on) {
            return result;
        }
    }
    return is_scalar ? walk::on : enter_value(pass, node, value, is_object);
}

walk walk_root(struct pass *pass, ondemand::document *doc)
{
    ondemand::json_type type;
    ondemand::object object;
    ondemand::array array;
    error_code error = doc->type().get(type);
    walk result = walk::on;

    if (error == simdjson::SUCCESS && type == ondemand::json_type::object) {
        error = doc->get_object().get(object);
        result = error == simdjson::SUCCESS ? walk_object(pass, 0, &object)
                                            : walk::on;
    } else if (error == simdjson::SUCCESS &&
               type == ondemand::json_type::array) {
        error = doc->get_array().get(array);
        if (error == simdjson::SUCCESS) {
            result =
                walk_array(pass, pass->reader->paths.nodes[0].each, &array);
        }
    } else if (error == simdjson::SUCCESS) {
        error = simdjson::INCORRECT_TYPE;
    }
    return error == simdjson::SUCCESS ? result : fail(pass, error);
}

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

/* Where the string ends that begins at ptr; it has an end. */
const char *find_string_end(const char *ptr)
{
    for (;;) {
        struct slu_view text = measure_string(ptr);

        ptr = text.ptr + text.len;
        if (*ptr == '"') {
            return ptr + 1;
        }
        ptr += 2;
    }
}

const char *unescape_token(void *ctx, const char *ptr, struct slu_view *out)
{
    struct pass *pass = (struct pass *)ctx;
    ondemand::raw_json_string raw((const uint8_t *)ptr);

    /* Without that the parser has no kernel to unescape by. */
    pass->error = reserve(&pass->reader->parser, first_capacity);
    if (pass->error == simdjson::SUCCESS) {
        pass->error = unescape(pass, raw, out);
    }
    return pass->error == simdjson::SUCCESS ? find_string_end(ptr) : nullptr;
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
    task.unescape = unescape_token;
    task.unescape_ctx = pass;
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
