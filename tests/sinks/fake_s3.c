/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/fake_s3.h"
#include "codecs/hex_digit.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* ---- S3 ---- */

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

static void say(struct fake_answer *answer, int status, const char *code,
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
                   struct fake_answer *answer)
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
                    const struct asked *asked, struct fake_answer *answer)
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
                     const struct slu_request *request,
                     struct fake_answer *answer)
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
                           struct fake_answer *answer)
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

static void spoil(enum fault fault, struct fake_answer *answer)
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

void fake_s3_exchange(struct fake_s3 *self, unsigned writer,
                      struct slu_view region, const struct slu_request *request,
                      struct fake_answer *answer)
{
    enum fault fault;

    *answer = (struct fake_answer){0};
    count_request(self, request);
    fault = choose_fault(self, request);
    if (has_effect(fault)) {
        answer_request(self, writer, region, request, answer);
    }
    if (fault == FAULT_NO_ETAG) {
        answer->etag[0] = '\0';
    } else if (fault == FAULT_CUT_BODY) {
        answer->end = SLU_ERR_TRUNCATED;
        answer->len /= 2;
    } else if (fault != FAULT_NONE) {
        int status = answer->status;

        *answer = (struct fake_answer){0};
        spoil(fault, answer);
        cr_assert(status == 0 || has_effect(fault));
    }
    if (request->method == SLU_METHOD_HEAD) {
        answer->len = 0;
    }
}
