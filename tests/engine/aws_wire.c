/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/aws_wire.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define HEADERS_MAX 32

struct wire {
    struct slu_view method;
    struct slu_view path;
    struct slu_view query;
    struct slu_sigv4_pair headers[HEADERS_MAX];
    unsigned header_count;
};

static struct slu_view between(const char *from, const char *to)
{
    return slu_view_make(from, (size_t)(to - from));
}

static void read_target(struct wire *self, struct slu_view target)
{
    const char *mark = memchr(target.ptr, '?', target.len);
    const char *end = target.ptr + target.len;

    self->path = between(target.ptr, mark != NULL ? mark : end);
    if (mark != NULL) {
        self->query = between(mark + 1, end);
    }
}

static void read_wire(const char *request, struct wire *self)
{
    const char *blank = strchr(request, ' ');
    const char *second = strchr(blank + 1, ' ');
    const char *line = strstr(request, "\r\n") + 2;

    *self = (struct wire){.method = between(request, blank)};
    read_target(self, between(blank + 1, second));
    while (strncmp(line, "\r\n", 2) != 0) {
        const char *colon = strchr(line, ':');
        const char *end = strstr(line, "\r\n");
        struct slu_sigv4_pair *pair = &self->headers[self->header_count++];

        if (self->header_count == HEADERS_MAX) {
            abort();
        }
        pair->name = between(line, colon);
        colon += colon[1] == ' ';
        pair->value = between(colon + 1, end);
        line = end + 2;
    }
}

static bool is_name(struct slu_view name, const char *text)
{
    return name.len == strlen(text) &&
           strncasecmp(name.ptr, text, name.len) == 0;
}

struct slu_view wire_header(const char *request, const char *name)
{
    struct wire wire;

    read_wire(request, &wire);
    for (unsigned i = 0; i < wire.header_count; i++) {
        if (is_name(wire.headers[i].name, name)) {
            return wire.headers[i].value;
        }
    }
    return slu_view_make(NULL, 0);
}

int64_t wire_date(const char *request)
{
    struct slu_view text = wire_header(request, "x-amz-date");
    struct slu_civil civil = {0};
    int64_t seconds;

    if (text.len != SLU_AWS_TEXT_LEN ||
        sscanf(text.ptr, "%4d%2d%2dT%2d%2d%2dZ", &civil.year, &civil.month,
               &civil.day, &civil.hour, &civil.minute, &civil.second) != 6 ||
        !slu_time_from_civil(civil, &seconds)) {
        return 0;
    }
    return seconds;
}

const char *wire_body(const char *request)
{
    return strstr(request, "\r\n\r\n") + 4;
}

/* What the signer adds is not given to it. */
static bool is_added(struct slu_view name)
{
    return is_name(name, "host") || is_name(name, "authorization") ||
           is_name(name, "x-amz-date") ||
           is_name(name, "x-amz-security-token") ||
           is_name(name, "x-amz-content-sha256");
}

/* What http adds by itself, and what proxies may change, is not signed. */
static bool is_unsigned(struct slu_view name)
{
    return is_name(name, "user-agent") || is_name(name, "accept") ||
           is_name(name, "accept-encoding") || is_name(name, "content-length");
}

static unsigned choose_headers(const struct wire *wire,
                               struct slu_sigv4_pair *out)
{
    unsigned count = 0;

    for (unsigned i = 0; i < wire->header_count; i++) {
        if (!is_added(wire->headers[i].name) &&
            !is_unsigned(wire->headers[i].name)) {
            out[count++] = wire->headers[i];
        }
    }
    return count;
}

/* Each header that was sent and should be signed is named as signed, and the
 * other way round: signing again has made the same list. */
static bool is_same(const struct slu_sigv4_added *added, const char *request)
{
    for (unsigned i = 0; i < added->count; i++) {
        char name[64];

        (void)snprintf(name, sizeof(name), "%.*s",
                       SLU_VIEW_ARGS(added->headers[i].name));
        if (!slu_view_equal(wire_header(request, name),
                            added->headers[i].value)) {
            return false;
        }
    }
    return added->count > 0;
}

bool wire_is_signed(const char *request, const struct wire_keys *keys)
{
    struct slu_sigv4 *signer = slu_sigv4_new(slu_alloc_default());
    struct slu_view body = slu_view_str(wire_body(request));
    struct slu_sigv4_pair headers[HEADERS_MAX];
    char host[128];
    char hash[SLU_SHA256_HEX_LEN];
    struct wire wire;
    struct slu_sigv4_rules rules =
        slu_sigv4_rules_of(slu_view_str(keys->service));
    struct slu_sigv4_added added;
    struct slu_buf text;
    bool good;

    read_wire(request, &wire);
    slu_buf_init(&text, slu_alloc_default(), 65536);
    slu_sigv4_hash_payload(signer, body, hash);
    (void)snprintf(host, sizeof(host), "%.*s",
                   SLU_VIEW_ARGS(wire_header(request, "host")));
    struct slu_sigv4_request again = {
        .method = wire.method,
        .host = slu_view_str(host),
        .path = wire.path,
        .query = wire.query,
        .headers = headers,
        .header_count = choose_headers(&wire, headers),
        .payload_hash = slu_view_make(hash, sizeof(hash)),
        .region = slu_view_str(keys->region),
        .service = slu_view_str(keys->service),
        .now_seconds = wire_date(request),
        .rules = &rules,
    };
    const struct slu_sigv4_credentials credentials = {
        slu_view_str(keys->access_key_id),
        slu_view_str(keys->secret_access_key),
        slu_view_str(keys->session_token),
    };

    rules.sign_all_headers = true;
    good = slu_sigv4_sign(signer, &again, &credentials, &text, &added) ==
               SLU_ERR_OK &&
           is_same(&added, request);
    slu_buf_fini(&text);
    slu_sigv4_free(signer);
    return good;
}
