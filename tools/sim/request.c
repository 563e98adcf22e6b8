/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool fail(struct sim_request_error *error, int status,
                 const char *message)
{
    error->status = status;
    error->message = message;
    return false;
}

static bool is_token(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (!isalnum(byte) &&
            (byte >= 128 || strchr("!#$%&'*+-.^_`|~", byte) == NULL)) {
            return false;
        }
    }
    return len > 0;
}

/* The target of the absolute form becomes the path after the authority. */
static const char *strip_authority(const char *target)
{
    const char *path;

    if (strncasecmp(target, "http://", 7) != 0) {
        return target;
    }
    path = strchr(target + 7, '/');
    return path != NULL ? path : "/";
}

static bool parse_line(struct sim_request *request, char *line,
                       struct sim_request_error *error)
{
    char *target = strchr(line, ' ');
    char *version = target != NULL ? strchr(target + 1, ' ') : NULL;
    const char *path;

    if (version == NULL || strchr(version + 1, ' ') != NULL) {
        return fail(error, 400, "malformed request line");
    }
    *target++ = '\0';
    *version++ = '\0';
    if (!is_token(line, strlen(line)) ||
        strlen(line) >= sizeof(request->method)) {
        return fail(error, 400, "malformed method");
    }
    if (strcmp(version, "HTTP/1.1") != 0 && strcmp(version, "HTTP/1.0") != 0) {
        return fail(error, 505, "HTTP version not supported");
    }
    path = strip_authority(target);
    if (path[0] != '/') {
        return fail(error, 400, "malformed request target");
    }
    for (const char *at = path; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte <= 0x20 || byte >= 0x7f || strchr("\"#<>\\^`{|}", byte)) {
            return fail(error, 400, "byte not allowed in a request target");
        }
    }
    if (strlen(path) >= sizeof(request->target)) {
        return fail(error, 414, "request target too long");
    }
    strcpy(request->method, line);
    strcpy(request->target, path);
    request->http11 = strcmp(version, "HTTP/1.1") == 0;
    request->keep_alive = request->http11;
    return true;
}

/* `gzip` among the codings, and not with q=0. */
static bool lists_gzip(const char *value)
{
    const char *at = value;

    while ((at = strcasestr(at, "gzip")) != NULL) {
        const char *rest = at + 4 + strspn(at + 4, " ");
        bool begins = at == value || at[-1] == ',' || at[-1] == ' ';

        if (begins && (*rest == '\0' || *rest == ',')) {
            return true;
        }
        if (begins && *rest == ';') {
            const char *q = strcasestr(rest, "q=0");
            const char *comma = strchr(rest, ',');
            bool refused = q != NULL && (comma == NULL || q < comma) &&
                           strspn(q + 3, ".0") == strcspn(q + 3, ", ");

            return !refused;
        }
        at += 4;
    }
    return false;
}

static bool is_put(const struct sim_request *request)
{
    return strcmp(request->method, "PUT") == 0;
}

static int64_t body_max(const struct sim_request *request)
{
    return is_put(request) ? SIM_UPLOAD_MAX : SIM_BODY_MAX;
}

static bool take_coding(struct sim_request *request, const char *value,
                        struct sim_request_error *error)
{
    if (!is_put(request) || strcasecmp(value, "chunked") != 0 ||
        request->chunked) {
        return fail(error, 501, "a request body in chunks is not supported");
    }
    request->chunked = true;
    return true;
}

static bool take_length(struct sim_request *request, const char *value,
                        struct sim_request_error *error)
{
    int64_t length;

    if (!sim_query_number(value, &length) || request->lengths++ > 0) {
        return fail(error, 400, "bad Content-Length");
    }
    if (length > body_max(request)) {
        return fail(error, 413, "body too large");
    }
    request->body_len = (size_t)length;
    return true;
}

static bool take_header(struct sim_request *request, const char *name,
                        const char *value, struct sim_request_error *error)
{
    if (strcasecmp(name, "host") == 0) {
        request->hosts++;
        snprintf(request->host, sizeof(request->host), "%s", value);
    } else if (strcasecmp(name, "x-apikey") == 0) {
        request->keys++;
        request->has_key = true;
        snprintf(request->api_key, sizeof(request->api_key), "%s", value);
    } else if (strcasecmp(name, "x-tool") == 0) {
        snprintf(request->x_tool, sizeof(request->x_tool), "%s", value);
    } else if (strcasecmp(name, "user-agent") == 0) {
        request->gzip_agent = strstr(value, "gzip") != NULL;
    } else if (strcasecmp(name, "accept-encoding") == 0) {
        request->accepts_gzip = lists_gzip(value);
    } else if (strcasecmp(name, "accept") == 0) {
        request->has_accept = true;
    } else if (strcasecmp(name, "expect") == 0) {
        request->expects = true;
        if (is_put(request) && strcasecmp(value, "100-continue") != 0) {
            return fail(error, 417, "Expect is not supported");
        }
    } else if (strcasecmp(name, "transfer-encoding") == 0) {
        return take_coding(request, value, error);
    } else if (strcasecmp(name, "content-length") == 0) {
        return take_length(request, value, error);
    } else if (strcasecmp(name, "connection") == 0) {
        if (strcasestr(value, "close") != NULL) {
            request->keep_alive = false;
        } else if (strcasestr(value, "keep-alive") != NULL) {
            request->keep_alive = true;
        }
    }
    return true;
}

static bool parse_header(struct sim_request *request, char *line,
                         struct sim_request_error *error)
{
    char *colon = strchr(line, ':');
    char *value = colon != NULL ? colon + 1 : NULL;
    size_t len;

    if (colon == NULL || !is_token(line, (size_t)(colon - line))) {
        return fail(error, 400, "malformed header line");
    }
    *colon = '\0';
    value += strspn(value, " \t");
    len = strlen(value);
    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t')) {
        value[--len] = '\0';
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)value[i];

        if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
            return fail(error, 400, "control byte in a header");
        }
    }
    if (request->headers == SIM_HEADERS_MAX) {
        return fail(error, 431, "too many header lines");
    }
    request->header[request->headers++] = (struct sim_header){line, value};
    return take_header(request, line, value, error);
}

static bool check_whole(const struct sim_request *request,
                        struct sim_request_error *error)
{
    if (request->hosts > 1 || (request->http11 && request->hosts == 0) ||
        (request->hosts == 1 && request->host[0] == '\0')) {
        return fail(error, 400, "exactly one Host header is required");
    }
    if (request->keys > 1) {
        return fail(error, 400, "x-apikey is given twice");
    }
    if (request->chunked && request->lengths > 0) {
        return fail(error, 400, "Content-Length with Transfer-Encoding");
    }
    if (request->expects && !is_put(request)) {
        return fail(error, 417, "Expect is not supported");
    }
    if (request->body_len > 0 && (strcmp(request->method, "GET") == 0 ||
                                  strcmp(request->method, "HEAD") == 0)) {
        return fail(error, 400, "a GET must not have a body");
    }
    return true;
}

bool sim_request_parse(struct sim_request *request, char *head, size_t len,
                       struct sim_request_error *error)
{
    bool first = true;

    memset(request, 0, sizeof(*request));
    if (memchr(head, '\0', len) != NULL) {
        return fail(error, 400, "NUL in the request head");
    }
    for (char *line = head; line != NULL; first = false) {
        char *end = strchr(line, '\n');

        if (end != NULL) {
            if (end == line || end[-1] != '\r') {
                return fail(error, 400, "a line must end in CRLF");
            }
            end[-1] = '\0';
        }
        if (strchr(line, '\r') != NULL) {
            return fail(error, 400, "a bare CR in the request head");
        }
        if (!(first ? parse_line : parse_header)(request, line, error)) {
            return false;
        }
        line = end != NULL ? end + 1 : NULL;
    }
    request->gzip = request->accepts_gzip && request->gzip_agent;
    return check_whole(request, error);
}

const char *sim_request_header(const struct sim_request *request,
                               const char *name)
{
    for (unsigned i = 0; i < request->headers; i++) {
        if (strcasecmp(request->header[i].name, name) == 0) {
            return request->header[i].value;
        }
    }
    return NULL;
}
