/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_copy.h"

static size_t measure(const struct slu_http_request *request)
{
    size_t len = request->header_count * sizeof(struct slu_http_header) +
                 request->origin.len + request->target.len;

    for (unsigned i = 0; i < request->header_count; i++) {
        len += request->headers[i].name.len + request->headers[i].value.len;
    }
    return len;
}

static struct slu_view copy_text(char **at, struct slu_view text)
{
    struct slu_view copy = slu_view_make(*at, text.len);

    if (text.len > 0) {
        memcpy(*at, text.ptr, text.len);
    }
    *at += text.len;
    return copy;
}

/* [headers][origin][target][names and values]: reserved at once and empty
 * before, so that growing leaves no copy of a secret. */
enum slu_err slu_http_request_copy(const struct slu_http_request *request,
                                   struct slu_buf *room,
                                   struct slu_http_request *out_request)
{
    size_t len = measure(request);
    struct slu_http_header *headers;
    char *at;
    enum slu_err err;

    slu_http_request_wipe(room);
    err = slu_buf_reserve(room, len, &at);
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_buf_commit(room, len);
    headers = (void *)at;
    at += request->header_count * sizeof(*headers);
    *out_request = *request;
    out_request->headers = headers;
    out_request->origin = copy_text(&at, request->origin);
    out_request->target = copy_text(&at, request->target);
    for (unsigned i = 0; i < request->header_count; i++) {
        headers[i].name = copy_text(&at, request->headers[i].name);
        headers[i].value = copy_text(&at, request->headers[i].value);
    }
    return SLU_ERR_OK;
}

void slu_http_request_wipe(struct slu_buf *room)
{
    if (room->len > 0) {
        explicit_bzero(room->ptr, room->len);
    }
    slu_buf_clear(room);
}
