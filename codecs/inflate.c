/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A body is one or more gzip members (RFC 1952):
 *
 *     header | deflate | crc32 isize | header | deflate | crc32 isize ...
 *     ^ inside = true              ^ inside = false, zlib is reset
 *
 * The body is whole only when the last byte closed a member. zlib does the
 * work; this file adds the steps, the caps and the members in a row.
 */
#include "codecs/inflate.h"

#include <assert.h>
#include <inttypes.h>
#include <zlib.h>

#define RATIO_FREE_BYTES (1024u * 1024)
#define GZIP_ONLY (16 + MAX_WBITS)

/* zlib's free doesn't say how long the block was: its length goes in front,
 * in a prefix that keeps the alignment. */
#define PREFIX_BYTES 16

struct slu_inflate {
    struct slu_inflate_options options;
    z_stream stream;
    uint64_t in_total;  /* bytes that zlib has used */
    uint64_t out_total; /* bytes that came out */
    bool inside;        /* a member has begun and not ended */
    bool ended_once;    /* a member has ended */
    struct slu_error error;
    unsigned char out[SLU_INFLATE_STEP_BYTES];
};

static voidpf allocate(voidpf opaque, uInt items, uInt size)
{
    size_t len = (size_t)items * size + PREFIX_BYTES;
    char *block = slu_alloc_get(opaque, len);

    if (block == NULL) {
        return NULL;
    }
    memcpy(block, &len, sizeof(len));
    return block + PREFIX_BYTES;
}

static void release(voidpf opaque, voidpf address)
{
    char *block = (char *)address - PREFIX_BYTES;
    size_t len;

    memcpy(&len, block, sizeof(len));
    slu_alloc_put(opaque, block, len);
}

struct slu_inflate *slu_inflate_new(const struct slu_inflate_options *options)
{
    struct slu_inflate *self = slu_alloc_zero(options->alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->options = *options;
    self->stream.zalloc = allocate;
    self->stream.zfree = release;
    self->stream.opaque = (voidpf)options->alloc;
    if (inflateInit2(&self->stream, GZIP_ONLY) != Z_OK) {
        slu_alloc_put(options->alloc, self, sizeof(*self));
        return NULL;
    }
    return self;
}

void slu_inflate_free(struct slu_inflate *self)
{
    if (self == NULL) {
        return;
    }
    (void)inflateEnd(&self->stream);
    slu_alloc_put(self->options.alloc, self, sizeof(*self));
}

void slu_inflate_reset(struct slu_inflate *self)
{
    (void)inflateReset(&self->stream);
    self->stream.next_in = NULL;
    self->stream.avail_in = 0;
    self->in_total = 0;
    self->out_total = 0;
    self->inside = false;
    self->ended_once = false;
    self->error = (struct slu_error){0};
}

void slu_inflate_feed(struct slu_inflate *self, struct slu_view piece)
{
    assert(self->stream.avail_in == 0 || self->error.code != SLU_ERR_OK);
    assert(piece.len <= UINT32_MAX);
    self->stream.next_in = (z_const Bytef *)piece.ptr;
    self->stream.avail_in = (uInt)piece.len;
}

static enum slu_err fail_at(struct slu_inflate *self, enum slu_err code,
                            const char *what)
{
    (void)slu_error_set(&self->error, code, "gzip body at byte %" PRIu64 ": %s",
                        self->in_total, what);
    self->error.offset = self->in_total;
    return code;
}

/* What zlib answered, as our error. Z_BUF_ERROR only says that there was
 * nothing to do. */
static enum slu_err check_answer(struct slu_inflate *self, int answer)
{
    switch (answer) {
    case Z_OK:
    case Z_STREAM_END:
    case Z_BUF_ERROR:
        return SLU_ERR_OK;
    case Z_MEM_ERROR:
        return fail_at(self, SLU_ERR_NOMEM, "out of memory");
    default:
        return fail_at(self, SLU_ERR_MALFORMED,
                       self->stream.msg != NULL ? self->stream.msg
                                                : "not gzip");
    }
}

static enum slu_err check_caps(struct slu_inflate *self)
{
    if (self->out_total > self->options.out_max) {
        return fail_at(self, SLU_ERR_LIMIT,
                       "it inflates to more than the size cap");
    }
    if (self->out_total > RATIO_FREE_BYTES &&
        self->out_total / self->options.ratio_max > self->in_total) {
        return fail_at(self, SLU_ERR_LIMIT,
                       "it inflates to more than the ratio cap");
    }
    return SLU_ERR_OK;
}

/* One call of zlib: counts what went in and out, and closes a member. */
static enum slu_err step(struct slu_inflate *self, bool *out_progress)
{
    z_stream *stream = &self->stream;
    uInt in_before = stream->avail_in;
    uInt out_before = stream->avail_out;
    int answer = inflate(stream, Z_NO_FLUSH);
    uInt used = in_before - stream->avail_in;
    uInt made = out_before - stream->avail_out;
    enum slu_err err;

    self->in_total += used;
    self->out_total += made;
    self->inside = self->inside || used > 0;
    *out_progress = used > 0 || made > 0;
    err = check_answer(self, answer);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (answer == Z_STREAM_END) {
        self->inside = false;
        self->ended_once = true;
        (void)inflateReset(stream);
    }
    return check_caps(self);
}

enum slu_err slu_inflate_next(struct slu_inflate *self,
                              struct slu_view *out_bytes)
{
    bool progress = true;

    *out_bytes = slu_view_make(NULL, 0);
    if (self->error.code != SLU_ERR_OK) {
        return self->error.code;
    }
    self->stream.next_out = self->out;
    self->stream.avail_out = sizeof(self->out);
    while (progress && self->stream.avail_out > 0) {
        enum slu_err err = step(self, &progress);

        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    *out_bytes = slu_view_make((const char *)self->out,
                               sizeof(self->out) - self->stream.avail_out);
    return SLU_ERR_OK;
}

enum slu_err slu_inflate_finish(struct slu_inflate *self)
{
    if (self->error.code != SLU_ERR_OK) {
        return self->error.code;
    }
    if (self->inside || !self->ended_once || self->stream.avail_in > 0) {
        return fail_at(self, SLU_ERR_TRUNCATED, "it ends inside a member");
    }
    return SLU_ERR_OK;
}

const struct slu_error *slu_inflate_error(const struct slu_inflate *self)
{
    return &self->error;
}
