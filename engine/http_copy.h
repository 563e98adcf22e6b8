/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a request in memory of its own, so that another thread can start it.
 * Origin, target and headers are copied; method and body are not.
 *
 * Ownership: *out_request points into `room`, and dies with the next copy or
 * wipe. Headers may hold secrets: wipe once the request has been started.
 * Errors: NOMEM, LIMIT (room->max).
 */
#ifndef SLU_ENGINE_HTTP_COPY_H
#define SLU_ENGINE_HTTP_COPY_H

#include "codecs/buf.h"
#include "engine/http.h"

/* Of a request that http.h takes: at most 64 KB of target and of headers each;
 * more is refused there with its sentence. */
#define SLU_HTTP_COPY_MAX (256u * 1024)

SLU_MUST_CHECK enum slu_err
slu_http_request_copy(const struct slu_http_request *request,
                      struct slu_buf *room,
                      struct slu_http_request *out_request);

void slu_http_request_wipe(struct slu_buf *room);

#endif
