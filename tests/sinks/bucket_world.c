/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/bucket_world.h"
#include "codecs/hex_digit.h"
#include "codecs/sha256.h"
#include "sinks/chance.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* ---- S3 ---- */

struct answer {
    int status; /* 0: no head */
    char etag[80];
    char region[40];
    char text[700];    /* an error's body */
    const char *bytes; /* an object's, or text */
    size_t len;
    enum slu_err end;
};

void fake_s3_init(struct fake_s3 *self)
{
    memset(self, 0, sizeof(*self));
    (void)snprintf(self->region, sizeof(self->region), "us-east-1");
}

void fake_s3_fini(struct fake_s3 *self)
{
    for (unsigned i = 0; i < self->object_count; i++) {
        free(self->objects[i].bytes);
    }
}

struct fake_object *fake_s3_find(struct fake_s3 *self, const char *key)
{
    for (unsigned i = 0; i < self->object_count; i++) {
        if (strcmp(self->objects[i].key, key) == 0) {
            return &self->objects[i];
        }
    }
    return NULL;
}

bool fake_s3_has(struct fake_s3 *self, const char *key, const char *text)
{
    const struct fake_object *object = fake_s3_find(self, key);

    return object != NULL &&
           slu_view_equal_str(slu_view_make(object->bytes, object->len), text);
}

static uint64_t hash_text(uint64_t hash, const char *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    }
    return hash * 31 + len;
}

static uint64_t hash_object(const struct fake_object *object)
{
    return hash_text(hash_text(1469598103, object->key, strlen(object->key)),
                     object->bytes, object->len);
}

static void set_object(struct fake_s3 *self, const char *key, const char *bytes,
                       size_t len)
{
    struct fake_object *object = fake_s3_find(self, key);

    if (object == NULL) {
        cr_assert_lt(self->object_count, FAKE_OBJECTS);
        object = &self->objects[self->object_count++];
        memset(object, 0, sizeof(*object));
        (void)snprintf(object->key, sizeof(object->key), "%s", key);
    }
    free(object->bytes);
    object->bytes = malloc(len + 1);
    memcpy(object->bytes, len > 0 ? bytes : "", len);
    object->len = len;
    self->version++;
    (void)snprintf(object->etag, sizeof(object->etag), "\"%llx\"",
                   self->etag_of_version
                       ? (unsigned long long)self->version
                       : (unsigned long long)hash_text(7, bytes, len));
}

void fake_s3_set(struct fake_s3 *self, const char *key, const char *text)
{
    set_object(self, key, text, strlen(text));
}

void fake_s3_remove(struct fake_s3 *self, const char *key)
{
    struct fake_object *object = fake_s3_find(self, key);

    if (object != NULL) {
        free(object->bytes);
        *object = self->objects[--self->object_count];
    }
}

static void note_read(struct fake_s3 *self, unsigned writer,
                      const struct fake_object *object)
{
    cr_assert_lt(self->read_count[writer], 4096);
    self->read[writer][self->read_count[writer]++] = hash_object(object);
}

static bool has_read(const struct fake_s3 *self, unsigned writer,
                     const struct fake_object *object)
{
    for (unsigned i = 0; i < self->read_count[writer]; i++) {
        if (self->read[writer][i] == hash_object(object)) {
            return true;
        }
    }
    return false;
}

static void say(struct answer *answer, int status, const char *code,
                const char *message)
{
    answer->status = status;
    answer->len = (size_t)snprintf(
        answer->text, sizeof(answer->text),
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>%s</Code>"
        "<Message>%s</Message><RequestId>4442587FB7D0A2F9</RequestId></Error>",
        code, message);
    answer->bytes = answer->text;
}

/* ---- S3: what it is asked ---- */

struct asked {
    char key[200];
    bool has_owner;
    struct slu_view owner;
    struct slu_view if_match;
    struct slu_view if_none_match;
    struct slu_view encryption;
    struct slu_view kms_key;
};

/* Strict: a byte that S3 would sign otherwise is a fault. */
static void decode_target(struct slu_view target, char out[200])
{
    size_t len = 0;

    cr_assert(target.len > 0 && target.ptr[0] == '/');
    for (size_t i = 1; i < target.len; i++) {
        char byte = target.ptr[i];

        cr_assert_lt(len, 199);
        if (byte == '%') {
            cr_assert_lt(i + 2, target.len);
            byte = (char)(slu_hex_digit(target.ptr[i + 1]) * 16 +
                          slu_hex_digit(target.ptr[i + 2]));
            cr_assert(!(byte >= 'a' && byte <= 'z') && byte != '/');
            i += 2;
        } else {
            cr_assert(strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
                             "wxyz0123456789-._~/",
                             byte) != NULL,
                      "%c", byte);
        }
        out[len++] = byte;
    }
    out[len] = '\0';
}

static void read_headers(const struct slu_request *request, struct asked *asked)
{
    const struct {
        const char *name;
        bool put_only;
        struct slu_view *out;
    } known[] = {
        {"x-amz-expected-bucket-owner", false, &asked->owner},
        {"if-match", true, &asked->if_match},
        {"if-none-match", true, &asked->if_none_match},
        {"x-amz-server-side-encryption", true, &asked->encryption},
        {"x-amz-server-side-encryption-aws-kms-key-id", true, &asked->kms_key},
    };

    cr_assert_leq(request->header_count, SLU_REQUEST_HEADERS_MAX);
    for (unsigned i = 0; i < request->header_count; i++) {
        const struct slu_request_header *header = &request->headers[i];
        bool found = false;

        cr_assert_gt(header->value.len, 0);
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++) {
            if (slu_view_equal_str(header->name, known[k].name)) {
                cr_assert(!known[k].put_only ||
                          request->method == SLU_METHOD_PUT);
                cr_assert_eq(known[k].out->len, 0, "twice");
                *known[k].out = header->value;
                found = true;
            }
        }
        cr_assert(found, "%.*s", SLU_VIEW_ARGS(header->name));
    }
}

static void read_request(const struct slu_request *request, struct asked *asked)
{
    bool put = request->method == SLU_METHOD_PUT;

    *asked = (struct asked){0};
    cr_assert_eq(request->channel, SLU_CHANNEL_HTTP);
    cr_assert_eq(request->auth, SLU_AUTH_SIGV4);
    cr_assert_eq(request->lane, 0);
    cr_assert_eq(request->aws.identity, 0);
    cr_assert(slu_view_equal_str(request->aws.service, "s3"));
    cr_assert(slu_view_equal_str(request->aws.bucket, FAKE_BUCKET));
    cr_assert(put || request->method == SLU_METHOD_GET ||
              request->method == SLU_METHOD_HEAD);
    cr_assert(put || request->body.len == 0);
    cr_assert_eq(request->content_type.len > 0, put);
    cr_assert_eq(request->body_lent, put);
    decode_target(request->target, asked->key);
    read_headers(request, asked);
    /* Every write is conditional, by one condition. */
    cr_assert_eq(put,
                 (asked->if_match.len > 0) != (asked->if_none_match.len > 0));
    cr_assert(asked->if_none_match.len == 0 ||
              slu_view_equal_str(asked->if_none_match, "*"));
    cr_assert(asked->kms_key.len == 0 ||
              slu_view_equal_str(asked->encryption, "aws:kms"));
}

/* ---- S3: what it does ---- */

static void do_put(struct fake_s3 *self, unsigned writer,
                   const struct slu_request *request, const struct asked *asked,
                   struct answer *answer)
{
    struct fake_object *object = fake_s3_find(self, asked->key);

    if (asked->if_none_match.len > 0 && object != NULL) {
        say(answer, 412, "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold");
        return;
    }
    if (asked->if_match.len > 0 && object == NULL) {
        say(answer, 404, "NoSuchKey", "The specified key does not exist.");
        return;
    }
    if (asked->if_match.len > 0 &&
        !slu_view_equal_str(asked->if_match, object->etag)) {
        say(answer, 412, "PreconditionFailed",
            "At least one of the pre-conditions you specified did not hold");
        return;
    }
    self->blind += object != NULL && !has_read(self, writer, object);
    set_object(self, asked->key, request->body.ptr, request->body.len);
    object = fake_s3_find(self, asked->key);
    (void)snprintf(object->type, sizeof(object->type), "%.*s",
                   SLU_VIEW_ARGS(request->content_type));
    (void)snprintf(object->kms_key, sizeof(object->kms_key), "%.*s%s%.*s",
                   SLU_VIEW_ARGS(asked->encryption),
                   asked->kms_key.len > 0 ? " " : "",
                   SLU_VIEW_ARGS(asked->kms_key));
    note_read(self, writer, object);
    answer->status = 200;
    (void)snprintf(answer->etag, sizeof(answer->etag), "%s", object->etag);
}

static void do_read(struct fake_s3 *self, unsigned writer,
                    const struct asked *asked, struct answer *answer)
{
    struct fake_object *object = fake_s3_find(self, asked->key);

    if (object == NULL) {
        say(answer, 404, "NoSuchKey", "The specified key does not exist.");
        return;
    }
    note_read(self, writer, object);
    answer->status = 200;
    (void)snprintf(answer->etag, sizeof(answer->etag), "%s", object->etag);
    answer->bytes = object->bytes;
    answer->len = object->len;
}

static void redirect(const struct fake_s3 *self,
                     const struct slu_request *request, struct answer *answer)
{
    say(answer, 301, "PermanentRedirect",
        "The bucket you are attempting to access must be addressed using the "
        "specified endpoint.");
    if (!self->mute_region || slu_view_equal_str(request->target, "/")) {
        (void)snprintf(answer->region, sizeof(answer->region), "%s",
                       self->region);
    }
}

static void answer_request(struct fake_s3 *self, unsigned writer,
                           struct slu_view region,
                           const struct slu_request *request,
                           struct answer *answer)
{
    struct asked asked;

    read_request(request, &asked);
    if (self->no_bucket) {
        say(answer, 404, "NoSuchBucket", "The specified bucket does not exist");
    } else if (!slu_view_equal_str(region, self->region)) {
        redirect(self, request, answer);
    } else if (asked.owner.len > 0 &&
               !slu_view_equal_str(asked.owner, FAKE_ACCOUNT)) {
        say(answer, 403, "AccessDenied", "Access Denied");
    } else if (asked.key[0] == '\0') {
        answer->status = 200;
        (void)snprintf(answer->region, sizeof(answer->region), "%s",
                       self->region);
    } else if (request->method == SLU_METHOD_PUT) {
        do_put(self, writer, request, &asked, answer);
    } else if (request->method == SLU_METHOD_HEAD) {
        struct fake_object *object = fake_s3_find(self, asked.key);

        answer->status = object != NULL ? 200 : 404;
        if (object != NULL) {
            (void)snprintf(answer->etag, sizeof(answer->etag), "%s",
                           object->etag);
        }
    } else {
        do_read(self, writer, &asked, answer);
    }
}

static void spoil(enum fault fault, struct answer *answer)
{
    switch (fault) {
    case FAULT_CUT:
    case FAULT_CUT_AFTER:
        answer->end = SLU_ERR_NETWORK;
        break;
    case FAULT_500:
    case FAULT_500_AFTER:
        say(answer, 500, "InternalError", "We encountered an internal error.");
        break;
    case FAULT_SLOW_DOWN:
        say(answer, 503, "SlowDown", "Please reduce your request rate.");
        break;
    case FAULT_ERROR_IN_200:
    case FAULT_ERROR_IN_200_AFTER:
        say(answer, 200, "InternalError", "We encountered an internal error.");
        break;
    case FAULT_REQUEST_TIMEOUT:
        say(answer, 400, "RequestTimeout", "Your socket connection timed out.");
        break;
    case FAULT_409:
        say(answer, 409, "ConditionalRequestConflict",
            "The conditional request cannot succeed due to a conflicting "
            "operation against this resource.");
        break;
    case FAULT_EXPIRED:
        say(answer, 400, "ExpiredToken", "The provided token has expired.");
        break;
    case FAULT_DENIED:
        say(answer, 403, "AccessDenied", "Access Denied");
        break;
    case FAULT_DENIED_KMS:
        say(answer, 403, "AccessDenied",
            "User: arn:aws:iam::123456789012:user/u is not authorized to "
            "perform: kms:GenerateDataKey on resource: k");
        break;
    case FAULT_KMS_DISABLED:
        say(answer, 400, "KMS.DisabledException", "key k is disabled.");
        break;
    case FAULT_WRONG_KEY:
        say(answer, 403, "InvalidAccessKeyId", "It does not exist.");
        break;
    case FAULT_BAD_HEAD:
        say(answer, 400, "400", "");
        break;
    case FAULT_412:
        say(answer, 412, "PreconditionFailed", "It did not hold");
        break;
    case FAULT_SIGN_IN:
        answer->end = SLU_ERR_DENIED;
        break;
    default:
        break;
    }
}

static bool has_effect(enum fault fault)
{
    return fault == FAULT_NONE || fault == FAULT_CUT_AFTER ||
           fault == FAULT_CUT_BODY || fault == FAULT_500_AFTER ||
           fault == FAULT_ERROR_IN_200_AFTER || fault == FAULT_NO_ETAG;
}

/* Within a 200 there is room for an error only of a PUT. */
static enum fault choose_fault(struct fake_s3 *self,
                               const struct slu_request *request)
{
    bool put = request->method == SLU_METHOD_PUT;
    bool inside = self->fault == FAULT_ERROR_IN_200 ||
                  self->fault == FAULT_ERROR_IN_200_AFTER;
    char key[200];

    decode_target(request->target, key);
    if (self->fault_times == 0 || (inside && !put) ||
        (self->fault_key != NULL && strcmp(self->fault_key, key) != 0) ||
        self->requests < self->fault_at) {
        return FAULT_NONE;
    }
    self->fault_times--;
    return self->fault;
}

static void count_request(struct fake_s3 *self,
                          const struct slu_request *request)
{
    self->requests++;
    self->puts += request->method == SLU_METHOD_PUT;
    self->gets += request->method == SLU_METHOD_GET;
    self->heads += request->method == SLU_METHOD_HEAD;
    self->located += slu_view_equal_str(request->target, "/");
}

static void exchange(struct writer *writer, const struct slu_request *request,
                     struct answer *answer)
{
    struct fake_s3 *s3 = writer->s3;
    struct slu_view region = request->aws.region;
    enum fault fault;

    if (region.len == 0) {
        region = slu_view_str(writer->aws_region);
    }
    *answer = (struct answer){0};
    count_request(s3, request);
    fault = choose_fault(s3, request);
    if (has_effect(fault)) {
        answer_request(s3, writer->number, region, request, answer);
    }
    if (fault == FAULT_NO_ETAG) {
        answer->etag[0] = '\0';
    } else if (fault == FAULT_CUT_BODY) {
        answer->end = SLU_ERR_TRUNCATED;
        answer->len /= 2;
    } else if (fault != FAULT_NONE) {
        int status = answer->status;

        *answer = (struct answer){0};
        spoil(fault, answer);
        cr_assert(status == 0 || has_effect(fault));
    }
    if (request->method == SLU_METHOD_HEAD) {
        answer->len = 0;
    }
}

/* ---- the writer's contents ---- */

struct slu_content_writer {
    char *bytes;
    size_t len;
};

static void name_bytes(const char *bytes, size_t len,
                       struct slu_content_name *out_name)
{
    struct slu_sha256 *sha256 = slu_sha256_new(slu_alloc_default());
    unsigned char digest[SLU_SHA256_LEN];

    slu_sha256_hash(sha256, slu_view_make(bytes, len), digest);
    slu_hex_format(digest, sizeof(digest), out_name->text);
    out_name->text[SLU_CONTENT_NAME_LEN] = '\0';
    slu_sha256_free(sha256);
}

static struct writer_content *find_content(struct writer *self,
                                           const struct slu_content_name *name)
{
    for (unsigned i = 0; i < self->content_count; i++) {
        if (slu_content_name_equal(&self->contents[i].name, name)) {
            return &self->contents[i];
        }
    }
    return NULL;
}

static void keep_bytes(struct writer *self, char *take_bytes, size_t len,
                       struct slu_content_name *out_name)
{
    struct writer_content *content;

    name_bytes(take_bytes, len, out_name);
    if (find_content(self, out_name) != NULL) {
        free(take_bytes);
        return;
    }
    cr_assert_lt(self->content_count, WRITER_CONTENTS);
    content = &self->contents[self->content_count++];
    content->name = *out_name;
    content->bytes = take_bytes;
    content->len = len;
}

static enum slu_err contents_open(void *ctx,
                                  const struct slu_content_name *name,
                                  struct slu_view *out_bytes,
                                  struct slu_error *out_error)
{
    struct writer *self = ctx;
    const struct writer_content *content = find_content(self, name);

    if (content == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                             "there is no content %.8s", name->text);
    }
    self->open++;
    *out_bytes = slu_view_make(content->bytes, content->len);
    return SLU_ERR_OK;
}

static void contents_close(void *ctx, struct slu_view take_bytes)
{
    struct writer *self = ctx;

    for (unsigned i = 0; i < self->content_count; i++) {
        if (self->contents[i].bytes == take_bytes.ptr) {
            cr_assert_gt(self->open, 0);
            self->open--;
            return;
        }
    }
    cr_assert_fail("closed what was never opened");
}

static enum slu_err contents_begin(void *ctx,
                                   struct slu_content_writer **out_writer,
                                   struct slu_error *out_error)
{
    struct writer *self = ctx;

    (void)out_error;
    *out_writer = calloc(1, sizeof(**out_writer));
    self->writing++;
    return SLU_ERR_OK;
}

static enum slu_err contents_append(void *ctx,
                                    struct slu_content_writer *writer,
                                    struct slu_view bytes,
                                    struct slu_error *out_error)
{
    struct writer *self = ctx;

    if (self->refuse_writes) {
        return slu_error_set(out_error, SLU_ERR_IO, "the disk is full");
    }
    writer->bytes = realloc(writer->bytes, writer->len + bytes.len);
    memcpy(writer->bytes + writer->len, bytes.ptr, bytes.len);
    writer->len += bytes.len;
    return SLU_ERR_OK;
}

static void contents_abandon(void *ctx, struct slu_content_writer *take_writer)
{
    struct writer *self = ctx;

    cr_assert_gt(self->writing, 0);
    self->writing--;
    free(take_writer->bytes);
    free(take_writer);
}

static enum slu_err contents_commit(void *ctx,
                                    struct slu_content_writer *take_writer,
                                    struct slu_content_name *out_name,
                                    struct slu_error *out_error)
{
    struct writer *self = ctx;

    if (self->refuse_writes) {
        contents_abandon(ctx, take_writer);
        return slu_error_set(out_error, SLU_ERR_IO, "the disk is full");
    }
    if (take_writer->bytes == NULL) {
        take_writer->bytes = malloc(1);
    }
    keep_bytes(self, take_writer->bytes, take_writer->len, out_name);
    take_writer->bytes = NULL;
    contents_abandon(ctx, take_writer);
    return SLU_ERR_OK;
}

struct slu_content_name writer_keep(struct writer *self, const char *text)
{
    struct slu_content_name name;

    keep_bytes(self, strdup(text), strlen(text), &name);
    return name;
}

void writer_forget(struct writer *self, const struct slu_content_name *name)
{
    struct writer_content *content = find_content(self, name);

    cr_assert_not_null(content);
    free(content->bytes);
    *content = self->contents[--self->content_count];
}

const char *writer_content(struct writer *self,
                           const struct slu_content_name *name)
{
    struct writer_content *content = find_content(self, name);

    cr_assert_not_null(content);
    content->bytes = realloc(content->bytes, content->len + 1);
    content->bytes[content->len] = '\0';
    return content->bytes;
}

/* ---- the writer's state ---- */

static void remove_entry(struct writer_entry *entries, unsigned *count,
                         const char *key)
{
    for (unsigned i = 0; i < *count; i++) {
        if (strcmp(entries[i].key, key) == 0) {
            entries[i] = entries[--*count];
            return;
        }
    }
}

void writer_set_entry(struct writer *self, const char *key, const char *value)
{
    struct writer_entry *entry;

    remove_entry(self->entries, &self->entry_count, key);
    if (value[0] == '\0') {
        return;
    }
    cr_assert_lt(self->entry_count, WRITER_ENTRIES);
    entry = &self->entries[self->entry_count++];
    (void)snprintf(entry->key, sizeof(entry->key), "%s", key);
    (void)snprintf(entry->value, sizeof(entry->value), "%s", value);
}

const char *writer_entry(struct writer *self, const char *key)
{
    for (unsigned i = 0; i < self->entry_count; i++) {
        if (strcmp(self->entries[i].key, key) == 0) {
            return self->entries[i].value;
        }
    }
    return "";
}

static enum slu_err port_put(void *ctx, struct slu_unit *unit,
                             struct slu_view key, struct slu_view value)
{
    struct writer *self = ctx;
    struct writer_entry *entry;

    if (self->refuse_puts) {
        return SLU_ERR_NOMEM;
    }
    cr_assert(key.len <= 200 && value.len <= 8192);
    cr_assert_lt(self->pending_count, WRITER_ENTRIES);
    entry = &self->pending[self->pending_count++];
    entry->unit = unit;
    (void)snprintf(entry->key, sizeof(entry->key), "%.*s", SLU_VIEW_ARGS(key));
    (void)snprintf(entry->value, sizeof(entry->value), "%.*s",
                   SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static void settle_puts(struct writer *self, const struct slu_unit *unit,
                        bool commit)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < self->pending_count; i++) {
        if (self->pending[i].unit != unit) {
            self->pending[kept++] = self->pending[i];
        } else if (commit) {
            writer_set_entry(self, self->pending[i].key,
                             self->pending[i].value);
        }
    }
    self->pending_count = kept;
}

void writer_adopt(struct writer *self, const char *path)
{
    struct slu_object object = slu_bucket_object(self->bucket, path);
    struct slu_buf key;
    struct slu_buf value;

    slu_buf_init(&key, slu_alloc_default(), 200);
    slu_buf_init(&value, slu_alloc_default(), 8192);
    cr_assert_eq(slu_bucket_entry(path, &object, &key, &value), SLU_ERR_OK);
    cr_assert_eq(slu_buf_append(&key, slu_view_make("", 1)), SLU_ERR_OK);
    cr_assert_eq(slu_buf_append(&value, slu_view_make("", 1)), SLU_ERR_OK);
    writer_set_entry(self, key.ptr, value.ptr);
    slu_buf_fini(&key);
    slu_buf_fini(&value);
}

/* ---- the writer ---- */

static void port_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct writer *self = ctx;
    size_t len = strlen(self->log);

    (void)snprintf(self->log + len, sizeof(self->log) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static void make_bucket(struct writer *self)
{
    struct slu_error error = {0};

    cr_assert_eq(slu_bucket_new(&self->alloc.alloc, &self->config,
                                &self->contents_table, &self->bucket, &error),
                 SLU_ERR_OK, "%s", error.text);
}

void writer_init(struct writer *self, struct fake_s3 *s3)
{
    memset(self, 0, sizeof(*self));
    self->s3 = s3;
    failing_alloc_init(&self->alloc, 0);
    self->config =
        (struct slu_bucket_config){FAKE_BUCKET, "guard_duty/", "", ""};
    self->contents_table = (struct slu_contents){self,
                                                 contents_open,
                                                 contents_close,
                                                 contents_begin,
                                                 contents_append,
                                                 contents_commit,
                                                 contents_abandon};
    (void)snprintf(self->aws_region, sizeof(self->aws_region), "us-east-1");
    self->port = (struct slu_errand_port){
        .ctx = self,
        .put = port_put,
        .log = port_log,
        .aws_region = slu_view_str(self->aws_region),
    };
    self->attempts_max = 5;
    self->now.mono_ms = 1000;
    make_bucket(self);
}

void writer_fini(struct writer *self)
{
    slu_bucket_free(self->bucket);
    cr_assert_eq(self->open, 0);
    cr_assert_eq(self->writing, 0);
    cr_assert_eq(self->alloc.live, 0);
    for (unsigned i = 0; i < self->content_count; i++) {
        free(self->contents[i].bytes);
    }
}

void writer_restart(struct writer *self)
{
    slu_bucket_free(self->bucket);
    cr_assert_eq(self->open, 0);
    cr_assert_eq(self->writing, 0);
    self->pending_count = 0;
    self->flight_count = 0;
    make_bucket(self);
}

void writer_kill(struct writer *self)
{
    for (unsigned i = 0; i < self->flight_count; i++) {
        const struct slu_request *request = &self->flights[i].request;
        struct answer answer;

        if (request->method == SLU_METHOD_PUT && chance(&self->chance, 2)) {
            exchange(self, request, &answer);
        }
    }
    writer_restart(self);
}

static uint64_t count_lines(const char *text)
{
    uint64_t lines = 0;

    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

struct slu_artifact writer_artifact(struct writer *self, const char *path,
                                    enum slu_artifact_role role,
                                    const char *text)
{
    return (struct slu_artifact){.path = path,
                                 .role = role,
                                 .content = writer_keep(self, text),
                                 .lines = count_lines(text),
                                 .bytes = strlen(text)};
}

void writer_store(struct writer *self, const char *path,
                  enum slu_artifact_role role, const char *text)
{
    struct slu_artifact artifact = writer_artifact(self, path, role, text);

    cr_assert_eq(slu_bucket_store(self->bucket, &artifact), SLU_ERR_OK);
}

void writer_fetch(struct writer *self, const char *path)
{
    cr_assert_eq(slu_bucket_fetch(self->bucket, path), SLU_ERR_OK);
}

void writer_start(struct writer *self)
{
    struct slu_error error = {0};

    for (unsigned i = 0; i < self->entry_count; i++) {
        cr_assert_eq(slu_bucket_errand.load(
                         self->bucket, slu_view_str(self->entries[i].key),
                         slu_view_str(self->entries[i].value)),
                     SLU_ERR_OK);
    }
    cr_assert_eq(
        slu_bucket_errand.start(self->bucket, &self->port, self->now, &error),
        SLU_ERR_OK);
}

static void settle(struct writer *self, struct slu_unit *unit,
                   struct slu_step *step)
{
    settle_puts(self, unit, step->kind == SLU_STEP_COMMIT);
    cr_assert_neq(step->kind, SLU_STEP_DENIED);
    if (step->kind == SLU_STEP_COMMIT) {
        unit->attempts = 0;
    } else {
        cr_assert_neq(step->error.code, SLU_ERR_OK);
        cr_assert_gt(strlen(step->error.text), 10);
    }
    if (step->kind != SLU_STEP_RETRY) {
        return;
    }
    self->retries++;
    self->throttled += step->throttled;
    self->last_retry = step->error;
    if (++unit->attempts >= self->attempts_max) {
        slu_bucket_errand.give_up(self->bucket, unit, &step->error);
    } else {
        unit->not_before_ms = self->now.mono_ms + 100;
    }
}

static bool give_body(struct writer *self, struct slu_unit *unit,
                      struct slu_view body)
{
    while (body.len > 0) {
        size_t len =
            self->piece > 0 && self->piece < body.len ? self->piece : body.len;
        /* Borrowed for the call only. */
        char *copy = malloc(len);
        enum slu_body_verdict verdict;

        memcpy(copy, body.ptr, len);
        verdict = slu_bucket_errand.on_body(self->bucket, unit,
                                            slu_view_make(copy, len));
        free(copy);
        if (verdict == SLU_BODY_ERROR) {
            return false;
        }
        body = slu_view_make(body.ptr + len, body.len - len);
    }
    return true;
}

static struct slu_step give_end(struct writer *self, struct slu_unit *unit,
                                enum slu_err err)
{
    struct slu_error error = {0};
    struct slu_answer_end end = {err, err == SLU_ERR_OK ? NULL : &error};
    struct slu_step step = {0};

    (void)slu_error_set(&error, err, "the wire: %s", slu_err_name(err));
    slu_bucket_errand.on_end(self->bucket, unit, &end, self->now, &step);
    settle(self, unit, &step);
    return step;
}

struct slu_step writer_answer(struct writer *self, struct slu_unit *unit,
                              const struct slu_answer_head *head,
                              struct slu_view body)
{
    enum slu_err err = SLU_ERR_OK;

    slu_bucket_errand.on_head(self->bucket, unit, head);
    if (!give_body(self, unit, body)) {
        err = SLU_ERR_MALFORMED;
    }
    return give_end(self, unit, err);
}

static void answer_flight(struct writer *self, unsigned index)
{
    struct slu_request request = self->flights[index].request;
    struct answer answer;
    struct slu_answer_head head;

    self->flights[index] = self->flights[--self->flight_count];
    exchange(self, &request, &answer);
    if (answer.status != 0) {
        char *bytes = malloc(answer.len + 1);

        head = (struct slu_answer_head){.status = answer.status,
                                        .region = slu_view_str(answer.region),
                                        .etag = slu_view_str(answer.etag)};
        slu_bucket_errand.on_head(self->bucket, request.unit, &head);
        if (answer.len > 0) {
            memcpy(bytes, answer.bytes, answer.len);
        }
        if (!give_body(self, request.unit, slu_view_make(bytes, answer.len))) {
            answer.end = SLU_ERR_MALFORMED;
        }
        free(bytes);
    }
    (void)give_end(self, request.unit, answer.end);
}

static void answer_one(struct writer *self)
{
    answer_flight(self, self->chance != 0
                            ? chance(&self->chance, self->flight_count)
                            : 0);
}

bool writer_step(struct writer *self)
{
    struct slu_request request = {0};
    uint64_t until = 0;

    if (self->flight_count > 0 && self->chance != 0 &&
        chance(&self->chance, 2) == 0) {
        answer_one(self);
        return true;
    }
    switch (slu_bucket_errand.next_request(self->bucket, self->now, &request,
                                           &until)) {
    case SLU_TURN_REQUEST:
        cr_assert_lt(self->flight_count, 4);
        cr_assert_leq(request.unit->not_before_ms, self->now.mono_ms);
        self->flights[self->flight_count++].request = request;
        if (self->flight_count > self->flight_max) {
            self->flight_max = self->flight_count;
        }
        return true;
    case SLU_TURN_WAIT:
        if (self->flight_count > 0) {
            answer_one(self);
        } else {
            cr_assert_neq(until, UINT64_MAX, "waits for nothing");
            cr_assert_gt(until, self->now.mono_ms);
            self->now.mono_ms = until;
        }
        return true;
    case SLU_TURN_DONE:
        cr_assert_eq(self->flight_count, 0);
        break;
    }
    return false;
}

void writer_run(struct writer *self)
{
    unsigned steps = 0;

    writer_start(self);
    while (writer_step(self)) {
        cr_assert_lt(++steps, 5000, "does not end");
    }
    cr_assert_eq(self->open, 0);
    cr_assert_eq(self->writing, 0);
}

struct slu_request writer_take(struct writer *self)
{
    struct slu_request request = {0};
    uint64_t until = 0;

    cr_assert_eq(slu_bucket_errand.next_request(self->bucket, self->now,
                                                &request, &until),
                 SLU_TURN_REQUEST);
    return request;
}
