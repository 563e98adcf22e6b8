/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libcurl's result means to us, and the sentence for it: what failed,
 * where, why, and the cure where there is one. libcurl's own text is used only
 * where it can hold nothing but the cause: it never sees a header in it.
 */
#include "engine/http_private.h"

#include <inttypes.h>

static const char *explain_errno(int sys, const char *otherwise)
{
    return sys != 0 ? strerror(sys) : otherwise;
}

/* The proxy without the user and password that may stand in its URL. */
static const char *name_proxy(const struct slu_transfer *self)
{
    const char *proxy = self->proxy;
    const char *at = strrchr(proxy, '@');
    const char *scheme = strstr(proxy, "://");

    if (at != NULL) {
        return at + 1;
    }
    return scheme != NULL ? scheme + 3 : proxy;
}

/* libcurl quotes a proxy's URL that it can't use, whole. */
static const char *curl_text(const struct slu_transfer *self, CURLcode result)
{
    bool secret = strchr(self->proxy, '@') != NULL &&
                  strchr(self->curl_text, '@') != NULL;

    return self->curl_text[0] != '\0' && !secret ? self->curl_text
                                                 : curl_easy_strerror(result);
}

/* What goes before the proxy's name. */
static const char *through(const struct slu_transfer *self)
{
    const char *no_proxy = self->http->options.no_proxy;

    if (self->proxy[0] == '\0') {
        return "";
    }
    return no_proxy == NULL || no_proxy[0] == '\0'
               ? " through the proxy "
               : " through the proxy (or without it, by NO_PROXY) ";
}

static void set_text(const struct slu_transfer *self, struct slu_error *error,
                     enum slu_err code, const char *what, const char *detail)
{
    (void)slu_error_set(error, code, "%.*s: %s%.160s",
                        SLU_VIEW_ARGS(self->host), what, detail);
}

static void explain_connect(const struct slu_transfer *self, int sys,
                            struct slu_error *error)
{
    (void)slu_error_set(
        error, SLU_ERR_NETWORK,
        "cannot connect to %.*s%s%s: %s (check the base URL, http.proxy, and "
        "the firewall)",
        SLU_VIEW_ARGS(self->host), through(self), name_proxy(self),
        explain_errno(sys, curl_text(self, CURLE_COULDNT_CONNECT)));
}

static void explain_resolve(const struct slu_transfer *self, bool proxy,
                            struct slu_error *error)
{
    if (proxy) {
        (void)slu_error_set(error, SLU_ERR_NETWORK,
                            "cannot resolve the proxy %s (http.proxy)",
                            name_proxy(self));
        return;
    }
    (void)slu_error_set(error, SLU_ERR_NETWORK,
                        "cannot resolve the host of %.*s: check the name and "
                        "the DNS settings",
                        SLU_VIEW_ARGS(self->host));
}

/* Connecting ended when the request could be sent. */
static void explain_timeout(const struct slu_transfer *self,
                            struct slu_error *error)
{
    const struct slu_http_options *options = &self->http->options;
    curl_off_t ready_us = 0;
    curl_off_t total_us = 0;
    bool whole;

    (void)curl_easy_getinfo(self->easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    (void)curl_easy_getinfo(self->easy, CURLINFO_TOTAL_TIME_T, &total_us);
    whole = self->timeout_ms > 0 && total_us >= self->timeout_ms * 1000;
    if (ready_us == 0) {
        (void)slu_error_set(error, SLU_ERR_TIMEOUT,
                            "cannot connect to %.*s: no answer within "
                            "%" PRId64 " ms",
                            SLU_VIEW_ARGS(self->host),
                            whole ? self->timeout_ms
                                  : options->connect_timeout_ms);
        return;
    }
    if (whole) {
        (void)slu_error_set(error, SLU_ERR_TIMEOUT,
                            "%.*s gave no whole answer within %" PRId64 " ms",
                            SLU_VIEW_ARGS(self->host), self->timeout_ms);
        return;
    }
    (void)slu_error_set(error, SLU_ERR_TIMEOUT,
                        "%.*s sent nothing for %" PRId64 " ms",
                        SLU_VIEW_ARGS(self->host), options->idle_timeout_ms);
}

/* OpenSSL's verdict on the chain: 2 and above is a fault of it. With 0, or with
 * the 1 that libcurl starts from, the chain was fine and the name was not, and
 * no CA bundle cures that. */
static void explain_certificate(const struct slu_transfer *self,
                                struct slu_error *error)
{
    long chain = 0;

    (void)curl_easy_getinfo(self->easy, CURLINFO_SSL_VERIFYRESULT, &chain);
    if (chain <= 1) {
        (void)slu_error_set(error, SLU_ERR_CONFIG,
                            "the TLS certificate of %.*s is for another name "
                            "(%.120s): check the host in the URL",
                            SLU_VIEW_ARGS(self->host), self->curl_text);
        return;
    }
    (void)slu_error_set(error, SLU_ERR_CONFIG,
                        "the TLS certificate of %.*s is not trusted (%.100s): "
                        "set http.ca_bundle to a file with its authority",
                        SLU_VIEW_ARGS(self->host), self->curl_text);
}

/* CONNECT was refused. 407: no retry can help. */
static bool explain_tunnel(const struct slu_transfer *self,
                           struct slu_error *error)
{
    long status = 0;

    (void)curl_easy_getinfo(self->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status < 300 || self->answer.status != 0) {
        return false;
    }
    (void)slu_error_set(error, status == 407 ? SLU_ERR_CONFIG : SLU_ERR_NETWORK,
                        "%.*s: the proxy %.100s refuses the way there with "
                        "HTTP %ld%s",
                        SLU_VIEW_ARGS(self->host), name_proxy(self), status,
                        status == 407 ? ": it wants a user and password, as in "
                                        "http://user:password@host:port"
                                      : "");
    return true;
}

/* A chunk header that cannot be read has no result code of its own in 7.88. */
static void explain_receive(const struct slu_transfer *self, int sys,
                            struct slu_error *error)
{
    if (explain_tunnel(self, error)) {
        return;
    }
    if (strstr(self->curl_text, "chunked-encoding") != NULL) {
        set_text(self, error, SLU_ERR_MALFORMED, "the chunked body is damaged",
                 "");
        return;
    }
    set_text(self, error, SLU_ERR_NETWORK, "the connection broke: ",
             explain_errno(sys, curl_text(self, CURLE_RECV_ERROR)));
}

static void explain_rest(const struct slu_transfer *self, CURLcode result,
                         struct slu_error *error)
{
    enum slu_err code = SLU_ERR_NETWORK;

    switch (result) {
    case CURLE_OUT_OF_MEMORY:
    case CURLE_ABORTED_BY_CALLBACK:
        code = SLU_ERR_NOMEM;
        break;
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CACERT_BADFILE:
        code = SLU_ERR_CONFIG;
        break;
    case CURLE_UNSUPPORTED_PROTOCOL: /* HTTP/0.9: not HTTP at all */
    case CURLE_WEIRD_SERVER_REPLY:
        code = SLU_ERR_MALFORMED;
        break;
    default:
        break;
    }
    set_text(self, error, code, "", curl_text(self, result));
}

static void explain_code(const struct slu_transfer *self, CURLcode result,
                         int sys, struct slu_error *error)
{
    switch (result) {
    case CURLE_COULDNT_CONNECT:
        explain_connect(self, sys, error);
        break;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        explain_resolve(self, result == CURLE_COULDNT_RESOLVE_PROXY, error);
        break;
    case CURLE_OPERATION_TIMEDOUT:
        explain_timeout(self, error);
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        explain_certificate(self, error);
        break;
    case CURLE_PARTIAL_FILE:
        set_text(self, error, SLU_ERR_TRUNCATED,
                 "the connection closed before the body ended", "");
        break;
    case CURLE_GOT_NOTHING:
        set_text(self, error, SLU_ERR_NETWORK,
                 "the connection closed without an answer", "");
        break;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        explain_receive(self, sys, error);
        break;
    default:
        explain_rest(self, result, error);
    }
}

void slu_http_explain(const struct slu_transfer *self, CURLcode result,
                      struct slu_error *out_error)
{
    long sys = 0;

    (void)curl_easy_getinfo(self->easy, CURLINFO_OS_ERRNO, &sys);
    explain_code(self, result, (int)sys, out_error);
    out_error->sys = (int)sys;
    out_error->http_status = self->answer.complete ? self->answer.status : 0;
    out_error->offset = self->wire_bytes;
}
