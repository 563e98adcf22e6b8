/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the reader of bodies in chunks, split at any byte: HTTP's transfer
 * coding (RFC 9112, 7.1) and S3's aws-chunked, which has the same form.
 *
 *     HEX[;extension] CRLF data CRLF ... 0 CRLF trailer: value CRLF ... CRLF
 *
 * Limits: lines of SIM_CHUNK_LINE bytes, SIM_CHUNK_TRAILER bytes of trailers.
 * Ownership: fini frees; it is safe on a zeroed struct.
 */
#ifndef SIM_CHUNKS_H
#define SIM_CHUNKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "text.h"

#define SIM_CHUNK_LINE 4096
#define SIM_CHUNK_TRAILER 8192

enum sim_chunk_state {
    SIM_CHUNK_SIZE, /* in the line that says how many bytes follow */
    SIM_CHUNK_DATA,
    SIM_CHUNK_DATA_END, /* before the CRLF after them */
    SIM_CHUNK_TRAILERS,
    SIM_CHUNK_DONE,
    SIM_CHUNK_BAD,
};

struct sim_chunks {
    enum sim_chunk_state state;
    uint64_t left; /* of this chunk's data */
    struct sim_text line;
    struct sim_text trailer; /* lines, each with LF */
};

/* Takes what it can, and appends data to `out` up to `max` bytes in all; the
   bytes taken, which is `len` unless the body has ended or is bad. */
size_t sim_chunks_feed(struct sim_chunks *chunks, const char *data, size_t len,
                       size_t max, struct sim_text *out);

/* The trailer's value of that name in any case into `out`, with NUL. */
bool sim_chunks_trailer(const struct sim_chunks *chunks, const char *name,
                        struct sim_text *out);

void sim_chunks_fini(struct sim_chunks *chunks);

#endif
