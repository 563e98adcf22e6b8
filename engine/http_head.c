/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of an answer, from libcurl one line at a time. A status line begins
 * it anew, for 1xx heads may come before the final one; lines after the final
 * head are trailers of a chunked body and are not looked at. libcurl keeps a
 * proxy's answer to CONNECT from us.
 */
#include "engine/http_private.h"

#include <strings.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slu_view trim(struct slu_view text)
{
    while (text.len > 0 && is_space(text.ptr[text.len - 1])) {
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    return text;
}

static bool equals_fold(struct slu_view text, const char *name)
{
    return text.len == strlen(name) &&
           strncasecmp(text.ptr, name, text.len) == 0;
}

static void keep_value(struct slu_http_value *value, struct slu_view text)
{
    value->len =
        text.len < sizeof(value->text) ? text.len : sizeof(value->text);
    memcpy(value->text, text.ptr, value->len);
}

/* One coding is what we can undo; a list of them, or two lines, is not. */
static void read_encoding(struct slu_http_answer *self, struct slu_view value)
{
    if (value.len == 0 || equals_fold(value, "identity")) {
        return;
    }
    if (self->encoding == SLU_HTTP_IDENTITY &&
        (equals_fold(value, "gzip") || equals_fold(value, "x-gzip"))) {
        self->encoding = SLU_HTTP_GZIP;
    } else {
        self->encoding = SLU_HTTP_UNKNOWN_ENCODING;
    }
}

static void read_header(struct slu_http_answer *self, struct slu_view line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    struct slu_view name;
    struct slu_view value;

    if (colon == NULL) {
        return;
    }
    name = slu_view_make(line.ptr, (size_t)(colon - line.ptr));
    value = trim(
        slu_view_make(colon + 1, line.len - (size_t)(colon - line.ptr) - 1));
    if (equals_fold(name, "content-encoding")) {
        read_encoding(self, value);
    } else if (equals_fold(name, "content-type")) {
        keep_value(&self->content_type, value);
    } else if (equals_fold(name, "retry-after")) {
        keep_value(&self->retry_after, value);
    } else if (equals_fold(name, "date")) {
        keep_value(&self->date, value);
    } else if (equals_fold(name, "x-amzn-errortype")) {
        keep_value(&self->error_type, value);
    } else if (equals_fold(name, "x-amz-bucket-region")) {
        keep_value(&self->region, value);
    } else if (equals_fold(name, "etag")) {
        keep_value(&self->etag, value);
    } else if (equals_fold(name, "x-amz-retry-after")) {
        keep_value(&self->retry_after_ms, value);
    }
}

/* "HTTP/1.1 200 OK" or "HTTP/2 200"; libcurl has already checked its form. */
static void read_status(struct slu_http_answer *self, struct slu_view line)
{
    size_t bytes = self->bytes;
    size_t i = strlen("HTTP/");

    *self = (struct slu_http_answer){.bytes = bytes};
    for (; i < line.len && line.ptr[i] != ' '; i++) {
        if (line.ptr[i] >= '0' && line.ptr[i] <= '9') {
            self->version = self->version * 10 + line.ptr[i] - '0';
        }
    }
    if (self->version < 10) {
        self->version *= 10;
    }
    while (i < line.len && line.ptr[i] == ' ') {
        i++;
    }
    for (int digits = 0; digits < 3 && i < line.len; digits++, i++) {
        if (line.ptr[i] < '0' || line.ptr[i] > '9') {
            break;
        }
        self->status = self->status * 10 + line.ptr[i] - '0';
    }
}

bool slu_http_answer_read(struct slu_http_answer *self, struct slu_view line,
                          bool *out_ended)
{
    *out_ended = false;
    self->bytes += line.len;
    if (self->bytes > SLU_HTTP_HEAD_BYTES_MAX) {
        return false;
    }
    if (self->complete) {
        return true;
    }
    if (line.len > 5 && memcmp(line.ptr, "HTTP/", 5) == 0) {
        read_status(self, line);
    } else if (trim(line).len == 0) {
        self->complete = self->status >= 200;
        *out_ended = self->complete;
    } else if (!is_space(line.ptr[0])) {
        read_header(self, line);
    }
    return true;
}
