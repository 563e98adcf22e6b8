/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the contents of published files, each named by its SHA-256 and never
 * changed: how the pure sinks read and keep them. The engine fills this table
 * (engine/contents.h keeps them in the state folder).
 * Errors: NOT_FOUND (no such content, or its bytes are no longer those of its
 * name), IO, NOMEM; *out_error has the sentence.
 */
#ifndef SLU_SINKS_CONTENTS_H
#define SLU_SINKS_CONTENTS_H

#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_CONTENT_NAME_LEN 64 /* lower-case hexadecimal digits */

struct slu_content_name {
    char text[SLU_CONTENT_NAME_LEN + 1]; /* "": none */
};

struct slu_content_writer;

struct slu_contents {
    void *ctx;
    /* The whole content, borrowed until close, which takes the same view. */
    enum slu_err (*open)(void *ctx, const struct slu_content_name *name,
                         struct slu_view *out_bytes,
                         struct slu_error *out_error);
    void (*close)(void *ctx, struct slu_view take_bytes);
    /* A content that comes in pieces; any number at once. It is durable when
     * commit returns. */
    enum slu_err (*begin)(void *ctx, struct slu_content_writer **out_writer,
                          struct slu_error *out_error);
    enum slu_err (*append)(void *ctx, struct slu_content_writer *writer,
                           struct slu_view bytes, struct slu_error *out_error);
    enum slu_err (*commit)(void *ctx, struct slu_content_writer *take_writer,
                           struct slu_content_name *out_name,
                           struct slu_error *out_error);
    void (*abandon)(void *ctx, struct slu_content_writer *take_writer);
};

static inline bool slu_content_name_equal(const struct slu_content_name *a,
                                          const struct slu_content_name *b)
{
    return strcmp(a->text, b->text) == 0;
}

#endif
