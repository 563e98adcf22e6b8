/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bundle: {"type":"bundle","objects":[...],"id":"bundle--..."}, one object
 * a line. Its id comes last, for it is made of the objects: "bundle:" and their
 * SHA-256 in hexadecimal is the name of a UUID of version 5. So the same
 * findings make the same file to the byte.
 */
#include "codecs/sha256.h"
#include "sinks/row_sink.h"
#include "sinks/stix_merge.h"

#include <stdio.h>

#define LINE_MAX_BYTES ((size_t)16 << 20)
#define OBJECT_MAX_BYTES ((size_t)64 << 20)
#define PIECE_BYTES 65536

struct bundle {
    const struct slu_row_finish *finish;
    struct slu_stix_merge *merge;
    struct slu_sha256 *sha256;
    struct slu_buf line; /* the beginning of one that is not whole */
    struct slu_buf out;
};

static void fini(struct bundle *self)
{
    slu_stix_merge_free(self->merge);
    slu_sha256_free(self->sha256);
    slu_buf_fini(&self->line);
    slu_buf_fini(&self->out);
}

/* ---- in ---- */

static enum slu_err take_line(struct bundle *self, struct slu_view line)
{
    enum slu_err err;

    if (self->line.len == 0) {
        return slu_stix_merge_add(self->merge, line);
    }
    err = slu_buf_append(&self->line, line);
    if (err == SLU_ERR_OK) {
        err = slu_stix_merge_add(self->merge, slu_buf_view(&self->line));
    }
    slu_buf_clear(&self->line);
    return err;
}

static enum slu_err take_piece(struct bundle *self, struct slu_view piece)
{
    while (piece.len > 0) {
        const char *end = memchr(piece.ptr, '\n', piece.len);
        size_t len = end == NULL ? piece.len : (size_t)(end - piece.ptr);
        enum slu_err err;

        if (end == NULL) {
            return slu_buf_append(&self->line, piece);
        }
        err = take_line(self, slu_view_make(piece.ptr, len));
        if (err != SLU_ERR_OK) {
            return err;
        }
        piece = slu_view_make(end + 1, piece.len - len - 1);
    }
    return SLU_ERR_OK;
}

static enum slu_err read_all(struct bundle *self)
{
    struct slu_view piece;
    enum slu_err err;

    do {
        err = self->finish->read(self->finish->ctx, &piece);
        if (err == SLU_ERR_OK) {
            err = take_piece(self, piece);
        }
    } while (err == SLU_ERR_OK && piece.len > 0);
    return err == SLU_ERR_OK ? slu_stix_merge_sort(self->merge) : err;
}

/* ---- out ---- */

static enum slu_err flush(struct bundle *self)
{
    enum slu_err err =
        self->finish->write(self->finish->ctx, slu_buf_view(&self->out));

    slu_sha256_add(self->sha256, slu_buf_view(&self->out));
    slu_buf_clear(&self->out);
    return err;
}

static enum slu_err put_objects(struct bundle *self)
{
    struct slu_stix_indicator indicator;
    enum slu_err err = slu_stix_identity_append(&self->out);

    while (err == SLU_ERR_OK && slu_stix_merge_next(self->merge, &indicator)) {
        err = slu_buf_append_str(&self->out, ",\n");
        if (err == SLU_ERR_OK) {
            err = slu_stix_indicator_append(&indicator, &self->out);
        }
        if (err == SLU_ERR_OK && self->out.len >= PIECE_BYTES) {
            err = flush(self);
        }
    }
    return err == SLU_ERR_OK ? flush(self) : err;
}

static enum slu_err write_all(struct bundle *self)
{
    static const struct slu_view head =
        SLU_VIEW_LITERAL("{\"type\":\"bundle\",\"objects\":[\n");
    unsigned char digest[SLU_SHA256_LEN];
    char name[7 + SLU_SHA256_HEX_LEN] = "bundle:";
    char uuid[SLU_UUID_TEXT_LEN];
    char tail[64];
    int len;
    enum slu_err err = self->finish->write(self->finish->ctx, head);

    slu_sha256_begin(self->sha256);
    if (err == SLU_ERR_OK) {
        err = put_objects(self);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_sha256_end(self->sha256, digest);
    slu_hex_format(digest, sizeof(digest), name + 7);
    slu_uuid5_format(slu_stix_namespace, slu_view_make(name, sizeof(name)),
                     uuid);
    len = snprintf(tail, sizeof(tail), "\n],\"id\":\"bundle--%.*s\"}\n",
                   SLU_UUID_TEXT_LEN, uuid);
    return self->finish->write(self->finish->ctx,
                               slu_view_make(tail, (size_t)len));
}

/* What the reading and writing functions refused has a sentence already. */
static void explain(enum slu_err err, struct slu_error *out_error)
{
    if (err == SLU_ERR_LIMIT) {
        (void)slu_error_set(
            out_error, err,
            "the STIX bundle would need more memory than it may take (%zu MB "
            "of text, %zu million rows and tags): use the sink ndjson or csv, "
            "or move stix.spool out of state_dir to begin anew",
            SLU_STIX_TEXT_MAX >> 20, SLU_STIX_LINKS_MAX >> 20);
    } else if (err == SLU_ERR_STATE) {
        (void)slu_error_set(out_error, err,
                            "the rows for the STIX bundle are damaged: move "
                            "stix.spool out of state_dir to begin anew");
    }
}

static enum slu_err make_bundle(const struct slu_row_finish *finish,
                                struct slu_error *out_error)
{
    struct bundle self = {.finish = finish};
    enum slu_err err = SLU_ERR_NOMEM;

    slu_buf_init(&self.line, finish->alloc, LINE_MAX_BYTES);
    slu_buf_init(&self.out, finish->alloc, OBJECT_MAX_BYTES);
    self.merge = slu_stix_merge_new(finish->alloc);
    self.sha256 = slu_sha256_new(finish->alloc);
    if (self.merge != NULL && self.sha256 != NULL) {
        err = read_all(&self);
    }
    if (err == SLU_ERR_OK) {
        err = write_all(&self);
    }
    explain(err, out_error);
    fini(&self);
    return err;
}

const struct slu_row_sink slu_stix_sink = {
    .name = "stix",
    .path = "indicators.stix.json",
    .row = slu_stix_spool_append,
    .finish = make_bundle,
};
