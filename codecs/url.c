/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/url.h"
#include "codecs/view_take.h"

#define PORT_MAX 65535
#define HOST_MAX 253

static struct slu_view skip_bytes(struct slu_view text, size_t len)
{
    return slu_view_make(text.ptr + len, text.len - len);
}

static bool is_host_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
           byte == '_';
}

static bool is_address_byte(char byte)
{
    return (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F') ||
           (byte >= '0' && byte <= '9') || byte == ':' || byte == '.';
}

/* Takes "[address]" or a name from the front of *rest. */
static bool take_host(struct slu_view *rest, struct slu_view *out_host)
{
    bool bracketed = rest->len > 0 && rest->ptr[0] == '[';
    struct slu_view text = bracketed ? skip_bytes(*rest, 1) : *rest;
    size_t len = 0;

    while (len < text.len && (bracketed ? is_address_byte(text.ptr[len])
                                        : is_host_byte(text.ptr[len]))) {
        len++;
    }
    if (len == 0 || len > HOST_MAX) {
        return false;
    }
    *out_host = slu_view_make(text.ptr, len);
    text = skip_bytes(text, len);
    if (bracketed && !slu_view_starts_with(text, "]")) {
        return false;
    }
    *rest = bracketed ? skip_bytes(text, 1) : text;
    return true;
}

/* Takes ":port" if there is one; the port is 1-65535. */
static bool take_port(struct slu_view *rest, unsigned *port)
{
    unsigned value = 0;
    size_t len = 1;

    if (!slu_view_starts_with(*rest, ":")) {
        return true;
    }
    while (len < rest->len && rest->ptr[len] >= '0' && rest->ptr[len] <= '9') {
        value = value * 10 + (unsigned)(rest->ptr[len] - '0');
        if (value > PORT_MAX) {
            return false;
        }
        len++;
    }
    *rest = skip_bytes(*rest, len);
    *port = value;
    return value > 0;
}

/* 127.0.0.0/8 as four plain octets: "127.evil.example" is a name. */
static bool is_loopback_address(struct slu_view host)
{
    unsigned dots = 0;
    unsigned octet = 0;
    unsigned digits = 0;

    if (!slu_view_starts_with(host, "127.")) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (host.ptr[i] == '.' && digits == 0) {
            return false;
        }
        if (host.ptr[i] == '.') {
            dots++;
            octet = 0;
            digits = 0;
        } else if (host.ptr[i] < '0' || host.ptr[i] > '9') {
            return false;
        } else {
            octet = octet * 10 + (unsigned)(host.ptr[i] - '0');
            digits++;
        }
        if (octet > 255 || digits > 3) {
            return false;
        }
    }
    return dots == 3 && digits > 0;
}

static bool is_loopback(struct slu_view host)
{
    return slu_view_equal_str(host, "localhost") ||
           slu_view_equal_str(host, "::1") || is_loopback_address(host);
}

enum slu_err slu_url_split(struct slu_view text, struct slu_url *out_url,
                           struct slu_view *out_rest,
                           struct slu_error *out_error)
{
    struct slu_view rest = text;
    struct slu_url url = {0};

    url.tls = slu_view_starts_with(text, "https://");
    url.port = url.tls ? 443 : 80;
    if (!url.tls && !slu_view_starts_with(text, "http://")) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.*s\" is not a base URL: expected "
                             "https://host or https://host:port",
                             SLU_VIEW_ARGS(text));
    }
    rest = skip_bytes(rest, url.tls ? 8 : 7);
    if (!take_host(&rest, &url.host) || !take_port(&rest, &url.port)) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.*s\" has no valid host and port: expected "
                             "https://host or https://host:port",
                             SLU_VIEW_ARGS(text));
    }
    url.origin = slu_view_make(text.ptr, (size_t)(rest.ptr - text.ptr));
    url.loopback = is_loopback(url.host);
    *out_url = url;
    *out_rest = rest;
    return SLU_ERR_OK;
}

enum slu_err slu_url_parse_base(struct slu_view text, struct slu_url *out_url,
                                struct slu_error *out_error)
{
    struct slu_view rest;
    struct slu_url url;
    enum slu_err err = slu_url_split(text, &url, &rest, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (rest.len > 0 && !slu_view_equal_str(rest, "/")) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.*s\" has something behind host and port: "
                             "the path is appended by sluice itself",
                             SLU_VIEW_ARGS(text));
    }
    if (!url.tls && !url.loopback) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "\"%.*s\" would send secrets unencrypted: "
                             "http is for loopback only, use https",
                             SLU_VIEW_ARGS(text));
    }
    *out_url = url;
    return SLU_ERR_OK;
}

static bool is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' ||
           byte == '_' || byte == '~';
}

/* `kept` stays as it is beside the unreserved bytes; 0: nothing does. */
static enum slu_err append_encoded(struct slu_buf *buf, struct slu_view text,
                                   char kept)
{
    static const char hex[] = "0123456789ABCDEF";
    char *room;
    size_t len = 0;
    enum slu_err err = slu_buf_reserve(buf, text.len * 3, &room);

    if (err != SLU_ERR_OK) {
        return err;
    }
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];

        if (is_unreserved(text.ptr[i]) ||
            (kept != '\0' && text.ptr[i] == kept)) {
            room[len++] = text.ptr[i];
        } else {
            room[len++] = '%';
            room[len++] = hex[byte >> 4];
            room[len++] = hex[byte & 15];
        }
    }
    slu_buf_commit(buf, len);
    return SLU_ERR_OK;
}

enum slu_err slu_url_append_encoded(struct slu_buf *buf, struct slu_view text)
{
    return append_encoded(buf, text, '\0');
}

enum slu_err slu_url_append_path(struct slu_buf *buf, struct slu_view path)
{
    return append_encoded(buf, path, '/');
}
