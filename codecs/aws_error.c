/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_error.h"
#include "codecs/json_read.h"
#include "codecs/json_split.h"
#include "codecs/plain_text.h"
#include "codecs/xml_text.h"

#include <stdio.h>

/* Of a body no more is read: the answer of a proxy may be a whole page. */
#define BODY_MAX (64u * 1024)

/* ---- what a code means ---- */

static const struct {
    const char *code;
    enum slu_aws_class class_;
} codes[] = {
    {"AccessDenied", SLU_AWS_DENIED},
    {"AccessDeniedException", SLU_AWS_DENIED},
    {"AccountProblem", SLU_AWS_DENIED},
    {"AllAccessDisabled", SLU_AWS_DENIED},
    {"Forbidden", SLU_AWS_DENIED},
    {"ForbiddenException", SLU_AWS_DENIED},
    {"NotAuthorized", SLU_AWS_DENIED},
    {"UnauthorizedOperation", SLU_AWS_DENIED},

    {"AuthFailure", SLU_AWS_NOT_ENABLED},
    {"InvalidAccessKeyId", SLU_AWS_NOT_ENABLED},
    {"InvalidClientTokenId", SLU_AWS_NOT_ENABLED},
    {"InvalidToken", SLU_AWS_NOT_ENABLED},
    {"OptInRequired", SLU_AWS_NOT_ENABLED},
    {"SubscriptionRequiredException", SLU_AWS_NOT_ENABLED},
    {"UnrecognizedClientException", SLU_AWS_NOT_ENABLED},

    {"ExpiredToken", SLU_AWS_EXPIRED},
    {"ExpiredTokenException", SLU_AWS_EXPIRED},
    {"TokenRefreshRequired", SLU_AWS_EXPIRED},

    {"InvalidSignatureException", SLU_AWS_SIGNATURE},
    {"RequestExpired", SLU_AWS_SIGNATURE},
    {"RequestInTheFuture", SLU_AWS_SIGNATURE},
    {"RequestTimeTooSkewed", SLU_AWS_SIGNATURE},
    {"SignatureDoesNotMatch", SLU_AWS_SIGNATURE},

    {"BandwidthLimitExceeded", SLU_AWS_THROTTLED},
    {"EC2ThrottledException", SLU_AWS_THROTTLED},
    {"LimitExceededException", SLU_AWS_THROTTLED},
    {"PriorRequestNotComplete", SLU_AWS_THROTTLED},
    {"ProvisionedThroughputExceededException", SLU_AWS_THROTTLED},
    {"RequestLimitExceeded", SLU_AWS_THROTTLED},
    {"RequestThrottled", SLU_AWS_THROTTLED},
    {"RequestThrottledException", SLU_AWS_THROTTLED},
    {"SlowDown", SLU_AWS_THROTTLED},
    {"ThrottledException", SLU_AWS_THROTTLED},
    {"Throttling", SLU_AWS_THROTTLED},
    {"ThrottlingException", SLU_AWS_THROTTLED},
    {"TooManyRequestsException", SLU_AWS_THROTTLED},
    {"TransactionInProgressException", SLU_AWS_THROTTLED},

    {"IDPCommunicationError", SLU_AWS_TRANSIENT},
    {"InternalError", SLU_AWS_TRANSIENT},
    {"InternalFailure", SLU_AWS_TRANSIENT},
    {"InternalServerError", SLU_AWS_TRANSIENT},
    {"InternalServerErrorException", SLU_AWS_TRANSIENT},
    {"RequestTimeout", SLU_AWS_TRANSIENT},
    {"RequestTimeoutException", SLU_AWS_TRANSIENT},
    {"ServiceUnavailable", SLU_AWS_TRANSIENT},

    {"AuthorizationHeaderMalformed", SLU_AWS_REDIRECT},
    {"IllegalLocationConstraintException", SLU_AWS_REDIRECT},
    {"PermanentRedirect", SLU_AWS_REDIRECT},
    {"TemporaryRedirect", SLU_AWS_REDIRECT},

    {"NoSuchBucket", SLU_AWS_NOT_FOUND},
    {"NoSuchKey", SLU_AWS_NOT_FOUND},
    {"NotFoundException", SLU_AWS_NOT_FOUND},
    {"ResourceNotFound", SLU_AWS_NOT_FOUND},
    {"ResourceNotFoundException", SLU_AWS_NOT_FOUND},

    {"BadRequestException", SLU_AWS_BAD_REQUEST},
    {"ValidationError", SLU_AWS_BAD_REQUEST},
    {"ValidationException", SLU_AWS_BAD_REQUEST},
};

static enum slu_aws_class class_of_status(int status)
{
    switch (status) {
    case 301:
    case 302:
    case 307:
        return SLU_AWS_REDIRECT;
    case 400:
        return SLU_AWS_BAD_REQUEST;
    case 401:
    case 403:
        return SLU_AWS_DENIED;
    case 404:
        return SLU_AWS_NOT_FOUND;
    case 408:
        return SLU_AWS_TRANSIENT;
    default:
        return status >= 500 ? SLU_AWS_TRANSIENT : SLU_AWS_OTHER;
    }
}

/* The code says more than the status, but not of a server that failed, nor of
 * too many requests: gateways send both with codes of their own. */
static enum slu_aws_class choose_class(int status, const char *code)
{
    enum slu_aws_class class_ = class_of_status(status);

    if (status == 429) {
        return SLU_AWS_THROTTLED;
    }
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (strcmp(codes[i].code, code) == 0) {
            bool kept = status < 500 || codes[i].class_ == SLU_AWS_THROTTLED;

            return kept ? codes[i].class_ : class_;
        }
    }
    return class_;
}

/* "com.amazonaws.sqs#QueueDoesNotExist:http://..." is QueueDoesNotExist. */
static struct slu_view cut_code(struct slu_view text)
{
    const char *colon = text.len == 0 ? NULL : memchr(text.ptr, ':', text.len);

    if (colon != NULL) {
        text.len = (size_t)(colon - text.ptr);
    }
    for (size_t i = text.len; i-- > 0;) {
        if (text.ptr[i] == '#') {
            return slu_view_make(text.ptr + i + 1, text.len - i - 1);
        }
    }
    return text;
}

static void copy_code(struct slu_view text, char out[64])
{
    slu_plain_text_copy(cut_code(text), out, 64);
}

/* ---- JSON ---- */

enum field {
    FIELD_CODE,
    FIELD_CODE_UPPER,
    FIELD_TYPE,
    FIELD_MESSAGE,
    FIELD_MESSAGE_UPPER,
};

static const struct slu_json_field fields[] = {
    {"code"}, {"Code"}, {"__type"}, {"message"}, {"Message"},
};

struct json_pass {
    struct slu_aws_error *out;
    char code[64];
};

static bool on_value(void *ctx, unsigned field,
                     const struct slu_json_value *value)
{
    struct json_pass *pass = ctx;

    if (value->kind != SLU_JSON_STRING || value->text.len == 0) {
        return true;
    }
    switch ((enum field)field) {
    case FIELD_CODE:
    case FIELD_CODE_UPPER:
        copy_code(value->text, pass->code);
        break;
    case FIELD_TYPE:
        copy_code(value->text, pass->out->detail);
        break;
    case FIELD_MESSAGE:
    case FIELD_MESSAGE_UPPER:
        slu_plain_text_copy_hiding(value->text, pass->out->message,
                                   sizeof(pass->out->message));
        break;
    }
    return true;
}

static enum slu_err read_json(const struct slu_alloc *alloc,
                              struct slu_view body, struct slu_aws_error *out)
{
    struct slu_json_reader *reader =
        slu_json_reader_new(alloc, fields, sizeof(fields) / sizeof(fields[0]));
    struct json_pass pass = {.out = out};
    struct slu_buf padded;
    char *padding;
    enum slu_err err;

    slu_buf_init(&padded, alloc, BODY_MAX + SLU_JSON_PADDING);
    err = reader == NULL ? SLU_ERR_NOMEM : slu_buf_append(&padded, body);
    if (err == SLU_ERR_OK) {
        err = slu_buf_reserve(&padded, SLU_JSON_PADDING, &padding);
    }
    if (err == SLU_ERR_OK) {
        memset(padding, 0, SLU_JSON_PADDING);
        err =
            slu_json_read(reader, slu_buf_view(&padded), on_value, &pass, NULL);
    }
    slu_buf_fini(&padded);
    slu_json_reader_free(reader);
    if (out->code[0] == '\0') {
        memcpy(out->code, pass.code, sizeof(out->code));
    }
    if (out->code[0] == '\0') {
        memcpy(out->code, out->detail, sizeof(out->code));
    }
    if (strcmp(out->code, out->detail) == 0) {
        out->detail[0] = '\0';
    }
    /* What came before a cut or a fault still counts. */
    return err == SLU_ERR_NOMEM ? err : SLU_ERR_OK;
}

/* ---- XML ---- */

/* The text of an element into out; what can't be read is left out. */
static enum slu_err read_element(const struct slu_alloc *alloc,
                                 struct slu_view body, const char *name,
                                 char *out, size_t room)
{
    struct slu_view raw;
    struct slu_buf text;
    enum slu_err err;

    if (!slu_xml_find(body, name, &raw)) {
        return SLU_ERR_OK;
    }
    slu_buf_init(&text, alloc, BODY_MAX);
    err = slu_xml_unescape(&text, raw);
    if (err == SLU_ERR_OK) {
        slu_plain_text_copy_hiding(slu_buf_view(&text), out, room);
    }
    slu_buf_fini(&text);
    return err == SLU_ERR_NOMEM ? err : SLU_ERR_OK;
}

/* It goes into a host's name: a label of lower case, never cut. */
static void take_region(const char *text, char out[64])
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

    if (len < 64 && text[len] == '\0') {
        memcpy(out, text, len + 1);
    }
}

/* <Error> stands alone (S3), or in <ErrorResponse> (query). */
static enum slu_err read_xml(const struct slu_alloc *alloc,
                             struct slu_view body, struct slu_aws_error *out)
{
    struct slu_view error;
    char code[64] = "";
    char region[80] = "";
    enum slu_err err;

    /* A cut one isn't closed; its members may be. */
    if (!slu_xml_find(body, "Error", &error)) {
        error = body;
    }
    err = read_element(alloc, error, "Code", code, sizeof(code));
    if (err == SLU_ERR_OK) {
        err = read_element(alloc, error, "Message", out->message,
                           sizeof(out->message));
    }
    if (err == SLU_ERR_OK) {
        err = read_element(alloc, error, "Region", region, sizeof(region));
    }
    if (out->code[0] == '\0') {
        copy_code(slu_view_str(code), out->code);
    }
    take_region(region, out->region);
    return err;
}

/* ---- any ---- */

static struct slu_view trim_front(struct slu_view body)
{
    static const char mark[] = "\xef\xbb\xbf";

    if (body.len >= 3 && memcmp(body.ptr, mark, 3) == 0) {
        body = slu_view_make(body.ptr + 3, body.len - 3);
    }
    while (body.len > 0 && strchr(" \t\r\n", body.ptr[0]) != NULL &&
           body.ptr[0] != '\0') {
        body = slu_view_make(body.ptr + 1, body.len - 1);
    }
    return body;
}

static enum slu_err read_body(const struct slu_alloc *alloc,
                              struct slu_view body, struct slu_aws_error *out)
{
    body = trim_front(body);
    if (body.len > BODY_MAX) {
        body.len = BODY_MAX;
    }
    if (body.len == 0) {
        return SLU_ERR_OK;
    }
    if (body.ptr[0] == '{') {
        return read_json(alloc, body, out);
    }
    if (body.ptr[0] == '<') {
        return read_xml(alloc, body, out);
    }
    slu_plain_text_copy_hiding(body, out->message, sizeof(out->message));
    return SLU_ERR_OK;
}

enum slu_err slu_aws_error_read(const struct slu_alloc *alloc, int status,
                                struct slu_view error_type,
                                struct slu_view body,
                                struct slu_aws_error *out_error)
{
    enum slu_err err;

    *out_error = (struct slu_aws_error){.status = status};
    copy_code(error_type, out_error->code);
    err = read_body(alloc, body, out_error);
    if (out_error->code[0] == '\0') {
        (void)snprintf(out_error->code, sizeof(out_error->code), "%d", status);
    }
    out_error->class_ = choose_class(status, out_error->code);
    return err;
}
