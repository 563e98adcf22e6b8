/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sigv4_canonical.h"

#include <assert.h>
#include <openssl/crypto.h>

#define DATE_LEN 8

/* SHA-256 of nothing (FIPS 180-4). */
static const char empty_hash[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct slu_sigv4_rules slu_sigv4_rules_of(struct slu_view service)
{
    bool is_s3 = slu_view_equal_str(service, "s3");

    return (struct slu_sigv4_rules){.normalize_path = !is_s3,
                                    .encode_path = !is_s3,
                                    .send_payload_hash = is_s3};
}

static enum slu_err reserve_whole(struct slu_buf *buf)
{
    char *room;

    return slu_buf_reserve(buf, SLU_SIGV4_TEXT_MAX, &room);
}

enum slu_err slu_canonical_init(struct slu_canonical *self,
                                const struct slu_alloc *alloc)
{
    *self = (struct slu_canonical){0};
    slu_buf_init(&self->text, alloc, SLU_SIGV4_TEXT_MAX);
    slu_buf_init(&self->scratch, alloc, SLU_SIGV4_TEXT_MAX);
    self->sha = slu_sha256_new(alloc);
    if (self->sha == NULL || reserve_whole(&self->text) != SLU_ERR_OK ||
        reserve_whole(&self->scratch) != SLU_ERR_OK) {
        slu_canonical_fini(self);
        return SLU_ERR_NOMEM;
    }
    return SLU_ERR_OK;
}

static void wipe_buf(struct slu_buf *buf)
{
    if (buf->ptr != NULL) {
        OPENSSL_cleanse(buf->ptr, buf->capacity);
    }
    slu_buf_fini(buf);
}

void slu_canonical_fini(struct slu_canonical *self)
{
    wipe_buf(&self->text);
    wipe_buf(&self->scratch);
    slu_sha256_free(self->sha);
    *self = (struct slu_canonical){0};
}

void slu_canonical_begin(struct slu_canonical *self,
                         const struct slu_sigv4_request *request)
{
    slu_buf_clear(&self->text);
    self->err = SLU_ERR_OK;
    slu_time_format_aws(request->now_seconds, self->time);
}

struct slu_view
slu_canonical_payload_hash(const struct slu_sigv4_request *request)
{
    return request->payload_hash.len > 0 ? request->payload_hash
                                         : slu_view_str(empty_hash);
}

static void put(struct slu_canonical *self, struct slu_view bytes)
{
    if (self->err == SLU_ERR_OK) {
        self->err = slu_buf_append(&self->text, bytes);
    }
}

static void put_str(struct slu_canonical *self, const char *text)
{
    put(self, slu_view_str(text));
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* Without blanks at its ends, each run of blanks inside made one: a folded
 * value is one line. */
static void put_value(struct slu_canonical *self, struct slu_view value)
{
    size_t at = 0;
    bool first = true;

    while (at < value.len) {
        size_t start;

        while (at < value.len && is_blank(value.ptr[at])) {
            at++;
        }
        start = at;
        while (at < value.len && !is_blank(value.ptr[at])) {
            at++;
        }
        if (at > start && !first) {
            put_str(self, " ");
        }
        put(self, slu_view_make(value.ptr + start, at - start));
        first = false;
    }
}

static char lower_byte(char byte)
{
    return byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
}

static bool is_signed_name(struct slu_view name)
{
    static const char amz[] = "x-amz-";

    return slu_view_equal_str(name, "content-type") ||
           slu_view_equal_str(name, "if-match") ||
           slu_view_equal_str(name, "if-none-match") ||
           (name.len >= sizeof(amz) - 1 &&
            memcmp(name.ptr, amz, sizeof(amz) - 1) == 0);
}

/* The headers of a request that take part, by lower-case name. */
struct header_list {
    struct slu_sigv4_pair pairs[SLU_SIGV4_HEADERS_MAX];
    size_t count;
};

static enum slu_err add_header(struct slu_canonical *self,
                               struct header_list *list,
                               const struct slu_sigv4_pair *header,
                               bool only_signed)
{
    size_t len = header->name.len;
    struct slu_view name;
    char *room;
    enum slu_err err = slu_buf_reserve(&self->scratch, len, &room);

    if (err != SLU_ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < len; i++) {
        room[i] = lower_byte(header->name.ptr[i]);
    }
    name = slu_view_make(room, len);
    if (only_signed && !is_signed_name(name)) {
        return SLU_ERR_OK;
    }
    if (list->count == SLU_SIGV4_HEADERS_MAX) {
        return SLU_ERR_LIMIT;
    }
    slu_buf_commit(&self->scratch, len);
    list->pairs[list->count++] = (struct slu_sigv4_pair){name, header->value};
    return SLU_ERR_OK;
}

static enum slu_err read_headers(struct slu_canonical *self,
                                 const struct slu_sigv4_request *request,
                                 const struct slu_sigv4_added *added,
                                 struct header_list *list)
{
    const struct slu_sigv4_pair host = {SLU_VIEW_LITERAL("host"),
                                        request->host};
    bool only_signed =
        request->rules == NULL || !request->rules->sign_all_headers;
    enum slu_err err;

    slu_buf_clear(&self->scratch);
    list->count = 0;
    err = add_header(self, list, &host, false);
    for (unsigned i = 0; i < added->count && err == SLU_ERR_OK; i++) {
        err = add_header(self, list, &added->headers[i], false);
    }
    for (size_t i = 0; i < request->header_count && err == SLU_ERR_OK; i++) {
        err = add_header(self, list, &request->headers[i], only_signed);
    }
    slu_sigv4_pairs_sort(list->pairs, list->count, false);
    return err;
}

/* Whether the pair at i goes on with the header before it. */
static bool is_repeated(const struct header_list *list, size_t i)
{
    return i > 0 &&
           slu_view_equal(list->pairs[i].name, list->pairs[i - 1].name);
}

static void put_headers(struct slu_canonical *self,
                        const struct header_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (is_repeated(list, i)) {
            put_str(self, ",");
        } else {
            put_str(self, i > 0 ? "\n" : "");
            put(self, list->pairs[i].name);
            put_str(self, ":");
        }
        put_value(self, list->pairs[i].value);
    }
    put_str(self, "\n\n");
}

static void put_names(struct slu_canonical *self,
                      const struct header_list *list)
{
    self->names.at = self->text.len;
    for (size_t i = 0; i < list->count; i++) {
        if (!is_repeated(list, i)) {
            put_str(self, i > 0 ? ";" : "");
            put(self, list->pairs[i].name);
        }
    }
    self->names.len = self->text.len - self->names.at;
}

static void put_target(struct slu_canonical *self,
                       const struct slu_sigv4_request *request)
{
    struct slu_sigv4_rules rules = request->rules != NULL
                                       ? *request->rules
                                       : slu_sigv4_rules_of(request->service);

    if (self->err == SLU_ERR_OK) {
        self->err =
            slu_sigv4_path_append(&self->text, request->path,
                                  rules.normalize_path, rules.encode_path);
    }
    put_str(self, "\n");
    if (self->err == SLU_ERR_OK) {
        self->err =
            slu_sigv4_query_append(&self->text, &self->scratch, request->query);
    }
    put_str(self, "\n");
}

static void put_to_sign(struct slu_canonical *self,
                        const struct slu_sigv4_request *request,
                        struct slu_view algorithm)
{
    unsigned char hash[SLU_SHA256_LEN];
    char hex[SLU_SHA256_HEX_LEN];

    slu_sha256_hash(self->sha, slu_canonical_view(self, self->request), hash);
    slu_hex_format(hash, sizeof(hash), hex);
    self->to_sign.at = self->text.len;
    put(self, algorithm);
    put_str(self, "\n");
    put(self, slu_view_make(self->time, sizeof(self->time)));
    put_str(self, "\n");
    self->scope.at = self->text.len;
    put(self, slu_view_make(self->time, DATE_LEN));
    put_str(self, "/");
    put(self, request->region);
    put_str(self, "/");
    put(self, request->service);
    put_str(self, "/aws4_request");
    self->scope.len = self->text.len - self->scope.at;
    put_str(self, "\n");
    put(self, slu_view_make(hex, sizeof(hex)));
    self->to_sign.len = self->text.len - self->to_sign.at;
}

enum slu_err slu_canonical_write(struct slu_canonical *self,
                                 const struct slu_sigv4_request *request,
                                 const struct slu_sigv4_added *added,
                                 struct slu_view algorithm)
{
    struct header_list list;
    enum slu_err err;

    assert(request->path.len == 0 || request->path.ptr[0] == '/');
    self->request.at = self->text.len;
    put(self, request->method);
    put_str(self, "\n");
    put_target(self, request);
    err = read_headers(self, request, added, &list);
    if (err != SLU_ERR_OK) {
        return err;
    }
    put_headers(self, &list);
    put_names(self, &list);
    put_str(self, "\n");
    put(self, slu_canonical_payload_hash(request));
    self->request.len = self->text.len - self->request.at;
    put_to_sign(self, request, algorithm);
    return self->err;
}

struct slu_view slu_canonical_view(const struct slu_canonical *self,
                                   struct slu_sigv4_span span)
{
    return slu_view_make(self->text.ptr + span.at, span.len);
}

/* The first line of the string to sign. */
static struct slu_view read_algorithm(const struct slu_canonical *self)
{
    struct slu_view text = slu_canonical_view(self, self->to_sign);
    const char *end = memchr(text.ptr, '\n', text.len);

    return slu_view_make(text.ptr, (size_t)(end - text.ptr));
}

/* The value of Authorization, behind the string to sign. */
static struct slu_view put_authorization(struct slu_canonical *self,
                                         struct slu_view credential,
                                         struct slu_view signature_hex)
{
    size_t at = self->text.len;

    put(self, read_algorithm(self));
    put_str(self, " Credential=");
    put(self, credential);
    put_str(self, "/");
    put(self, slu_canonical_view(self, self->scope));
    put_str(self, ", SignedHeaders=");
    put(self, slu_canonical_view(self, self->names));
    put_str(self, ", Signature=");
    put(self, signature_hex);
    return slu_view_make(self->text.ptr + at, self->text.len - at);
}

static struct slu_view put_out(struct slu_buf *out, struct slu_view bytes)
{
    char *room = out->ptr + out->len;

    if (bytes.len > 0) {
        memcpy(room, bytes.ptr, bytes.len);
    }
    slu_buf_commit(out, bytes.len);
    return slu_view_make(room, bytes.len);
}

enum slu_err slu_canonical_finish(struct slu_canonical *self,
                                  struct slu_view credential,
                                  struct slu_view signature_hex,
                                  struct slu_buf *out,
                                  struct slu_sigv4_added *added)
{
    struct slu_sigv4_pair *last = &added->headers[added->count];
    size_t len = 0;
    char *room;

    assert(added->count < SLU_SIGV4_ADDED_MAX);
    last->name = slu_view_str("Authorization");
    last->value = put_authorization(self, credential, signature_hex);
    added->count++;
    for (unsigned i = 0; i < added->count; i++) {
        len += added->headers[i].name.len + added->headers[i].value.len + 4;
    }
    if (self->err == SLU_ERR_OK) {
        self->err = slu_buf_reserve(out, len, &room);
    }
    for (unsigned i = 0; i < added->count && self->err == SLU_ERR_OK; i++) {
        struct slu_sigv4_pair *header = &added->headers[i];

        (void)put_out(out, header->name);
        (void)put_out(out, slu_view_str(": "));
        header->value = put_out(out, header->value);
        (void)put_out(out, slu_view_str("\r\n"));
    }
    return self->err;
}
