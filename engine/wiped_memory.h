/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: memory for OpenSSL and libcurl that is wiped when it is freed. Both
 * make copies of what is secret and free them as they are: OpenSSL of a private
 * key that it has decrypted, libcurl of the headers that it sends (tokens) and
 * of the answers that it receives (keys).
 *
 * Limits: both take it only from who comes first in a process. An embedder that
 * has used OpenSSL or libcurl before keeps what he has. It costs a memset at
 * each free.
 * Threads: as curl_global_init.
 */
#ifndef SLU_ENGINE_WIPED_MEMORY_H
#define SLU_ENGINE_WIPED_MEMORY_H

#include <sluice/err.h>
#include <stdbool.h>

/* curl_global_init, with wiped memory where it can still be had. False: libcurl
 * cannot be started. As often as wanted. */
SLU_MUST_CHECK bool slu_wiped_memory_start(void);

#endif
