/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM Roles Anywhere: CreateSession, signed with a certificate's private key.
 * The files are read anew for every sign-in, so that a renewed certificate is
 * taken as soon as it lies there. The region is the trust anchor's, whatever
 * regions are pulled.
 *
 * No roleSessionName is sent: a profile that doesn't accept one (the default)
 * would refuse the session.
 */
#include "sources/signin_state.h"

#include "codecs/sigv4_x509.h"
#include "codecs/sigv4_x509_pem.h"
#include "codecs/time_text.h"
#include "codecs/url.h"

#include <openssl/evp.h>
#include <stdio.h>

#define TIMEOUT_MS 30000
#define BODY "{\"durationSeconds\":3600}"
#define DAY_S 86400
#define WARN_DAYS 30
#define WHAT "IAM Roles Anywhere refuses the sign-in"
#define KEY "aws.roles_anywhere.private_key"
#define CERTIFICATE "aws.roles_anywhere.certificate"
#define CHAIN "aws.roles_anywhere.chain"

/* What certificates are read into: no secrets, so they may grow. */
struct files {
    struct slu_buf certificate;
    struct slu_buf chain;
};

/* ---- files ---- */

static bool read_public(struct slu_signin *self, const char *what,
                        const char *path, struct slu_buf *out)
{
    const struct slu_aws_port *port = self->options.port;
    int sys = 0;
    enum slu_err err = port->read_file(port->ctx, path, out, &sys);

    if (err == SLU_ERR_OK) {
        return true;
    }
    slu_signin_fail(self, err == SLU_ERR_NOMEM ? err : SLU_ERR_CONFIG,
                    "%s %.200s: the file cannot be read: %s", what, path,
                    sys == 0 ? slu_err_sentence(err) : strerror(sys));
    return false;
}

static bool read_files(struct slu_signin *self, struct files *files)
{
    const struct slu_aws_anywhere_config *config =
        &self->options.config->roles_anywhere;

    return slu_signin_read_file(self, KEY, config->private_key) &&
           read_public(self, CERTIFICATE, config->certificate,
                       &files->certificate) &&
           (config->chain[0] == '\0' ||
            read_public(self, CHAIN, config->chain, &files->chain));
}

static struct slu_sigv4_x509_options make_options(const struct slu_signin *self,
                                                  const struct files *files)
{
    const struct slu_aws_anywhere_config *config =
        &self->options.config->roles_anywhere;

    return (struct slu_sigv4_x509_options){
        .alloc = self->options.alloc,
        .certificate = slu_buf_view(&files->certificate),
        .chain = slu_buf_view(&files->chain),
        .private_key = slu_buf_view(&self->work->file),
        .passphrase = slu_view_str(config->passphrase.value),
        .now_seconds = self->now.wall_s,
    };
}

/*
 * Which file is at fault: the key if it can't be read by itself, the
 * certificate if it and the key don't do, else the chain. Opening an encrypted
 * key takes long, hence not asked before something is wrong.
 */
static void blame(struct slu_signin *self,
                  struct slu_sigv4_x509_options *options,
                  const struct slu_error *error)
{
    const struct slu_aws_anywhere_config *config =
        &self->options.config->roles_anywhere;
    struct slu_sigv4_x509 *signer = NULL;
    const char *what = CHAIN;
    const char *path = config->chain;
    EVP_PKEY *key = NULL;
    struct slu_error other;

    options->chain = slu_view_make(NULL, 0);
    if (slu_pem_read_key(options->private_key, options->passphrase, &key,
                         &other) != SLU_ERR_OK) {
        what = KEY;
        path = config->private_key;
        error = &other;
    } else if (slu_sigv4_x509_new(options, &signer, &other) != SLU_ERR_OK) {
        what = CERTIFICATE;
        path = config->certificate;
        error = &other;
    }
    EVP_PKEY_free(key);
    slu_sigv4_x509_free(signer);
    slu_signin_fail(self, error->code, "%s %.120s: %s", what, path,
                    error->text);
}

static void warn_of_end(struct slu_signin *self,
                        const struct slu_sigv4_x509 *signer)
{
    int64_t end_s = slu_sigv4_x509_not_after(signer);
    int64_t left_s = end_s - self->now.wall_s;
    char text[SLU_ISO_TEXT_LEN];

    if (left_s >= WARN_DAYS * DAY_S ||
        (self->warned_s != 0 && self->now.wall_s - self->warned_s < DAY_S)) {
        return;
    }
    self->warned_s = self->now.wall_s;
    slu_time_format_iso(end_s, text);
    slu_signin_add_note(self,
                        CERTIFICATE " %.160s expires in %lld days, at %.*s",
                        self->options.config->roles_anywhere.certificate,
                        (long long)(left_s / DAY_S), SLU_ISO_TEXT_LEN, text);
}

static struct slu_sigv4_x509 *open_signer(struct slu_signin *self)
{
    struct slu_sigv4_x509 *signer = NULL;
    struct slu_sigv4_x509_options options;
    struct slu_error error = {0};
    struct files files;

    slu_buf_init(&files.certificate, self->options.alloc, SLU_PEM_TEXT_MAX);
    slu_buf_init(&files.chain, self->options.alloc, SLU_PEM_TEXT_MAX);
    if (read_files(self, &files)) {
        options = make_options(self, &files);
        if (slu_sigv4_x509_new(&options, &signer, &error) == SLU_ERR_OK) {
            warn_of_end(self, signer);
        } else if (error.code == SLU_ERR_NOMEM) {
            slu_signin_fail(self, error.code, "%s", error.text);
        } else {
            blame(self, &options, &error);
        }
    }
    slu_buf_fini(&files.certificate);
    slu_buf_fini(&files.chain);
    return signer;
}

/* ---- the request ---- */

/* "/sessions?profileArn=...&roleArn=...&trustAnchorArn=...": sorted, as the
 * official helper sends it. */
static enum slu_err write_target(struct slu_signin *self)
{
    const struct slu_aws_anywhere_config *config =
        &self->options.config->roles_anywhere;
    const struct {
        const char *name;
        const char *value;
    } parts[] = {{"/sessions?profileArn=", config->profile_arn},
                 {"&roleArn=", config->role_arn},
                 {"&trustAnchorArn=", config->trust_anchor_arn}};
    struct slu_buf *out = &self->work->target;
    enum slu_err err = SLU_ERR_OK;

    for (int i = 0; i < 3 && err == SLU_ERR_OK; i++) {
        err = slu_buf_append_str(out, parts[i].name);
        if (err == SLU_ERR_OK) {
            err = slu_url_append_encoded(out, slu_view_str(parts[i].value));
        }
    }
    return err;
}

static enum slu_err sign(struct slu_signin *self, struct slu_view region,
                         struct slu_sigv4_x509 *signer)
{
    struct slu_view target = slu_buf_view(&self->work->target);
    const char *mark = memchr(target.ptr, '?', target.len);
    size_t path_len = (size_t)(mark - target.ptr);
    char hash[SLU_SHA256_HEX_LEN];
    unsigned char digest[SLU_SHA256_LEN];
    struct slu_sigv4_request request = {
        .method = slu_view_str(self->need.method),
        .host = slu_view_str(self->endpoint.host),
        .path = slu_view_make(target.ptr, path_len),
        .query = slu_view_make(mark + 1, target.len - path_len - 1),
        .headers = self->need.headers,
        .header_count = self->need.header_count,
        .payload_hash = slu_view_make(hash, sizeof(hash)),
        .region = region,
        .service = slu_view_str("rolesanywhere"),
        .now_seconds = self->now.wall_s,
    };
    struct slu_sha256 *sha = slu_sha256_new(self->options.alloc);
    struct slu_sigv4_added added;
    enum slu_err err;

    if (sha == NULL) {
        return SLU_ERR_NOMEM;
    }
    slu_sha256_hash(sha, slu_buf_view(&self->work->body), digest);
    slu_sha256_free(sha);
    slu_hex_format(digest, sizeof(digest), hash);
    err = slu_sigv4_x509_sign(signer, &request, &self->work->text, &added);
    if (err == SLU_ERR_OK) {
        slu_signin_add_headers(self, &added);
    }
    return err;
}

/* Where to, and everything but the signature. */
static enum slu_err begin(struct slu_signin *self, struct slu_view *out_region,
                          struct slu_error *error)
{
    struct slu_arn anchor;
    enum slu_err err;

    slu_signin_begin(self, "POST");
    /* That it is one, slu_aws_config_check has seen to. */
    if (!slu_arn_parse(
            slu_view_str(self->options.config->roles_anywhere.trust_anchor_arn),
            &anchor)) {
        return slu_error_set(error, SLU_ERR_CONFIG,
                             "aws.roles_anywhere.trust_anchor_arn is no ARN");
    }
    *out_region = anchor.region;
    err = slu_aws_settings_endpoint(
        self->options.settings, slu_view_str("rolesanywhere"), anchor.region,
        slu_view_make(NULL, 0), &self->endpoint, error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    err = write_target(self);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append_str(&self->work->body, BODY);
    }
    self->need.origin = slu_view_str(self->endpoint.origin);
    self->need.timeout_ms = TIMEOUT_MS;
    slu_signin_add_header(self, "Content-Type",
                          slu_view_str("application/json"));
    return err == SLU_ERR_OK
               ? err
               : slu_error_set(error, err,
                               "the request of IAM Roles Anywhere "
                               "cannot be made: an ARN is too "
                               "long");
}

static void prepare(struct slu_signin *self)
{
    struct slu_error error = {0};
    struct slu_sigv4_x509 *signer;
    struct slu_view region = {0};
    enum slu_err err = begin(self, &region, &error);

    if (err != SLU_ERR_OK) {
        slu_signin_fail(self, err, "%s", error.text);
        return;
    }
    signer = open_signer(self);
    if (signer == NULL) {
        return; /* FAILED */
    }
    err = sign(self, region, signer);
    slu_sigv4_x509_free(signer);
    if (err == SLU_ERR_OK) {
        slu_signin_send(self);
    } else {
        slu_signin_fail(self, err,
                        "the request of IAM Roles Anywhere cannot be signed: "
                        "%s",
                        slu_err_sentence(err));
    }
}

static void take_answer(struct slu_signin *self,
                        const struct slu_signin_answer *answer)
{
    struct slu_error error = {0};
    enum slu_err err;

    if (answer->err != SLU_ERR_OK ||
        (answer->status != 201 && answer->status != 200)) {
        slu_signin_refuse(self, answer, WHAT);
        return;
    }
    err = slu_aws_keys_read(self->options.alloc, SLU_AWS_KEYS_ANYWHERE,
                            answer->body, &self->work->keys, &error);
    if (err == SLU_ERR_OK) {
        slu_signin_keep(self);
    } else {
        slu_signin_fail(self, err == SLU_ERR_NOMEM ? err : SLU_ERR_SERVER,
                        "IAM Roles Anywhere: %s", error.text);
    }
}

const struct slu_signin_provider slu_signin_anywhere = {prepare, take_answer,
                                                        false};
