/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/aws_sign.h"
#include "codecs/sigv4.h"
#include "engine/method.h"

#include <assert.h>
#include <openssl/crypto.h>

/* Of the request itself, with accept and content-type; the signer adds at most
 * SLU_SIGV4_ADDED_MAX. */
#define OWN_HEADERS_MAX (2 + SLU_REQUEST_HEADERS_MAX)
#define TARGET_MAX (64u * 1024)

struct slu_aws_signer {
    const struct slu_alloc *alloc;
    const struct slu_aws_settings *settings;
    struct slu_sigv4 *sigv4;
    struct slu_aws_endpoint endpoint;
    struct slu_buf target; /* prefix and target */
    struct slu_buf text;   /* signed headers; made whole at the start, for a
                              realloc would leave a copy of the token */
    char payload_hash[SLU_SHA256_HEX_LEN];
    struct slu_http_header headers[OWN_HEADERS_MAX + SLU_SIGV4_ADDED_MAX];
};

struct slu_aws_signer *
slu_aws_signer_new(const struct slu_alloc *alloc,
                   const struct slu_aws_settings *settings)
{
    struct slu_aws_signer *self = slu_alloc_zero(alloc, sizeof(*self));
    char *room;

    if (self == NULL) {
        return NULL;
    }
    self->alloc = alloc;
    self->settings = settings;
    slu_buf_init(&self->target, alloc, TARGET_MAX);
    slu_buf_init(&self->text, alloc, SLU_AWS_SIGNED_MAX);
    self->sigv4 = slu_sigv4_new(alloc);
    if (self->sigv4 == NULL ||
        slu_buf_reserve(&self->text, SLU_AWS_SIGNED_MAX, &room) != SLU_ERR_OK) {
        slu_aws_signer_free(self);
        return NULL;
    }
    return self;
}

void slu_aws_signer_wipe(struct slu_aws_signer *self)
{
    if (self->text.ptr != NULL) {
        OPENSSL_cleanse(self->text.ptr, self->text.len);
    }
    slu_buf_clear(&self->text);
    slu_buf_clear(&self->target);
}

void slu_aws_signer_free(struct slu_aws_signer *self)
{
    if (self == NULL) {
        return;
    }
    slu_aws_signer_wipe(self);
    slu_sigv4_free(self->sigv4);
    slu_buf_fini(&self->text);
    slu_buf_fini(&self->target);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* "https://host" and "/bucket" + "/key?query". */
static enum slu_err make_address(struct slu_aws_signer *self,
                                 const struct slu_request *request,
                                 struct slu_error *error)
{
    const struct slu_aws_scope *scope = &request->aws;
    enum slu_err err =
        slu_aws_settings_endpoint(self->settings, scope->service, scope->region,
                                  scope->bucket, &self->endpoint, error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_buf_append_str(&self->target, self->endpoint.prefix);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->target, request->target);
    }
    if (err != SLU_ERR_OK) {
        return slu_error_set(error, err, "cannot ask %s: the target: %s",
                             self->endpoint.host, slu_err_sentence(err));
    }
    return SLU_ERR_OK;
}

/* A header of the request itself, when it has it. */
static void add_own(struct slu_http_request *http,
                    struct slu_http_header *headers, const char *name,
                    struct slu_view value)
{
    if (value.len > 0) {
        headers[http->header_count++] =
            (struct slu_http_header){slu_view_str(name), value};
    }
}

/* Accept is left unsigned, and so it is the first. */
static void add_all_own(struct slu_http_request *http,
                        struct slu_http_header *headers,
                        const struct slu_request *request)
{
    add_own(http, headers, "accept", request->accept);
    add_own(http, headers, "content-type", request->content_type);
    for (unsigned i = 0; i < request->header_count; i++) {
        headers[http->header_count++] = (struct slu_http_header){
            request->headers[i].name, request->headers[i].value};
    }
}

/* The target's two halves, as the signature wants them. */
static void split_target(struct slu_view target,
                         struct slu_sigv4_request *request)
{
    const char *mark =
        target.len > 0 ? memchr(target.ptr, '?', target.len) : NULL;

    request->path = target;
    if (mark != NULL) {
        request->path.len = (size_t)(mark - target.ptr);
        request->query =
            slu_view_make(mark + 1, target.len - request->path.len - 1);
    }
}

static enum slu_err add_signature(struct slu_aws_signer *self,
                                  const struct slu_request *request,
                                  const struct slu_credentials *credentials,
                                  int64_t now_s, struct slu_http_request *http)
{
    struct slu_sigv4_rules rules = slu_sigv4_rules_of(request->aws.service);
    struct slu_sigv4_pair pairs[OWN_HEADERS_MAX];
    unsigned first = request->accept.len > 0;
    struct slu_sigv4_request signing = {
        .method = slu_view_str(http->method),
        .host = slu_view_str(self->endpoint.host),
        .headers = pairs,
        .header_count = http->header_count - first,
        .region = request->aws.region,
        .service = request->aws.service,
        .now_seconds = now_s,
        .rules = &rules,
    };
    const struct slu_sigv4_credentials keys = {
        .access_key_id = slu_view_str(credentials->access_key_id),
        .secret_access_key = slu_view_str(credentials->secret_access_key),
        .session_token = slu_view_str(credentials->session_token),
    };
    struct slu_sigv4_added added;
    enum slu_err err;

    for (unsigned i = first; i < http->header_count; i++) {
        pairs[i - first] = (struct slu_sigv4_pair){self->headers[i].name,
                                                   self->headers[i].value};
    }
    rules.sign_all_headers = true;
    split_target(http->target, &signing);
    if (signing.region.len == 0) {
        signing.region = slu_view_str(slu_aws_settings_region(self->settings));
    }
    if (request->body.len > 0) {
        slu_sigv4_hash_payload(self->sigv4, request->body, self->payload_hash);
        signing.payload_hash =
            slu_view_make(self->payload_hash, sizeof(self->payload_hash));
    }
    err = slu_sigv4_sign(self->sigv4, &signing, &keys, &self->text, &added);
    for (unsigned i = 0; i < added.count; i++) {
        self->headers[http->header_count++] = (struct slu_http_header){
            added.headers[i].name, added.headers[i].value};
    }
    return err;
}

/* An object of S3 keeps its own compression; a secret is not to be inflated in
 * memory that nobody wipes. */
static bool is_raw(struct slu_view service)
{
    return slu_view_equal_str(service, "s3") ||
           slu_view_equal_str(service, "secretsmanager");
}

enum slu_err slu_aws_signer_sign(struct slu_aws_signer *self,
                                 const struct slu_request *request,
                                 const struct slu_credentials *credentials,
                                 int64_t now_s,
                                 struct slu_http_request *out_http,
                                 struct slu_error *out_error)
{
    enum slu_err err;

    assert(request->header_count <= SLU_REQUEST_HEADERS_MAX);
    slu_aws_signer_wipe(self);
    err = make_address(self, request, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    *out_http = (struct slu_http_request){
        .method = slu_method_name(request->method),
        .origin = slu_view_str(self->endpoint.origin),
        .target = slu_buf_view(&self->target),
        .headers = self->headers,
        .body = request->body,
        .body_lent = request->body_lent,
        .once = request->once,
        .raw = is_raw(request->aws.service),
    };
    add_all_own(out_http, self->headers, request);
    err = add_signature(self, request, credentials, now_s, out_http);
    if (err != SLU_ERR_OK) {
        slu_aws_signer_wipe(self);
        return slu_error_set(out_error, err, "cannot sign a request to %s: %s",
                             self->endpoint.host, slu_err_sentence(err));
    }
    return SLU_ERR_OK;
}
