/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/published_list.h"

#include "codecs/sha256.h"
#include "codecs/view_take.h"
#include "engine/read_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define OBJECT_PREFIX "s3/object/"
#define SETS_PREFIX "sets/"
#define PIECE_BYTES (64u * 1024)

struct publication {
    struct slu_engine *engine;
    struct slu_view path;
    struct slu_explanation *out;
    char content[SLU_SHA256_HEX_LEN + 1]; /* of the object; "": not known */
};

static enum slu_err keep(struct publication *self, struct slu_view text,
                         const char **out_text)
{
    *out_text = slu_engine_keep_text(self->engine, text);
    return *out_text != NULL ? SLU_ERR_OK : SLU_ERR_NOMEM;
}

/* ---- the object ---- */

/* The location before the last " etag=": blanks may stand in it, as they may in
 * a prefix. */
static bool take_location(struct slu_view *text, struct slu_view *out_location)
{
    struct slu_view whole = *text;
    struct slu_view rest = whole;
    struct slu_view word;
    bool found = false;

    while (slu_view_take_until(&rest, ' ', &word)) {
        if (slu_view_starts_with(rest, "etag=")) {
            *out_location = slu_view_make(
                whole.ptr, (size_t)(word.ptr + word.len - whole.ptr));
            *text = rest;
            found = true;
        }
    }
    return found;
}

/* "s3://bucket/path etag="..." sha256=<64 digits> lines=..." */
static enum slu_err note_object(void *ctx, struct slu_view key,
                                struct slu_view value)
{
    struct publication *self = ctx;
    struct slu_view word;

    if (!slu_view_take_prefix(&key, OBJECT_PREFIX) ||
        !slu_view_equal(key, self->path) || !take_location(&value, &word)) {
        return SLU_ERR_OK;
    }
    if (keep(self, word, &self->out->object) != SLU_ERR_OK) {
        return SLU_ERR_NOMEM;
    }
    while (slu_view_take_until(&value, ' ', &word)) {
        if (slu_view_take_prefix(&word, "sha256=") &&
            word.len == SLU_SHA256_HEX_LEN) {
            memcpy(self->content, word.ptr, word.len);
        }
    }
    return SLU_ERR_OK;
}

/* False when the file can't be read to its end. */
static bool hash_file(struct slu_sha256 *sha, int fd, char *piece,
                      char out[SLU_SHA256_HEX_LEN])
{
    unsigned char hash[SLU_SHA256_LEN];
    ssize_t got = 1;

    slu_sha256_begin(sha);
    while (got > 0) {
        got = slu_fd_read(fd, piece, PIECE_BYTES);
        if (got > 0) {
            slu_sha256_add(sha, slu_view_make(piece, (size_t)got));
        }
    }
    slu_sha256_end(sha, hash);
    slu_hex_format(hash, sizeof(hash), out);
    return got == 0;
}

/* Whether the object has what the file has now. A file that can't be read is
 * another content; who looks for lines in it tells why. */
static enum slu_err compare_file(struct publication *self, const char *path)
{
    const struct slu_alloc *alloc = self->engine->alloc;
    struct slu_sha256 *sha = slu_sha256_new(alloc);
    char *piece = slu_alloc_get(alloc, PIECE_BYTES);
    enum slu_err err =
        sha == NULL || piece == NULL ? SLU_ERR_NOMEM : SLU_ERR_OK;
    char full[8192];
    char content[SLU_SHA256_HEX_LEN];
    int fd = -1;

    if (err == SLU_ERR_OK) {
        (void)snprintf(full, sizeof(full), "%s/%s",
                       self->engine->top->output_dir, path);
        fd = open(full, O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) {
        self->out->object_current =
            hash_file(sha, fd, piece, content) &&
            memcmp(content, self->content, sizeof(content)) == 0;
        (void)close(fd);
    }
    slu_alloc_put(alloc, piece, piece == NULL ? 0 : PIECE_BYTES);
    slu_sha256_free(sha);
    return err;
}

/* ---- the sets ---- */

static struct slu_view take_word(struct slu_view *text)
{
    struct slu_view word;

    if (!slu_view_take_until(text, ' ', &word)) {
        word = *text;
        *text = slu_view_make(text->ptr + text->len, 0);
    }
    return word;
}

/* By the contents last asked for, last active and refused, and the bucket's. */
static const char *judge_set(const struct publication *self,
                             struct slu_view words)
{
    struct slu_view asked = take_word(&words);
    struct slu_view active = take_word(&words);
    struct slu_view rejected = take_word(&words);

    if (self->content[0] != '\0' && slu_view_equal_str(active, self->content)) {
        return "active";
    }
    if (self->content[0] != '\0' &&
        slu_view_equal_str(rejected, self->content)) {
        return "error";
    }
    if (asked.len == SLU_SHA256_HEX_LEN && !slu_view_equal(asked, active)) {
        return "pending";
    }
    return active.len == SLU_SHA256_HEX_LEN ? "old" : "inactive";
}

/* "sets/<region>/<path>" -> "ID ASKED ACTIVE REJECTED", "-" for none. */
static enum slu_err note_set(void *ctx, struct slu_view key,
                             struct slu_view value)
{
    struct publication *self = ctx;
    struct slu_explained_set *set;
    struct slu_view region;
    struct slu_view id;
    enum slu_err err;

    if (self->out->set_count == SLU_PUBLISHED_SETS_MAX ||
        !slu_view_take_prefix(&key, SETS_PREFIX) ||
        !slu_view_take_until(&key, '/', &region) ||
        !slu_view_equal(key, self->path)) {
        return SLU_ERR_OK;
    }
    id = take_word(&value);
    if (id.len == 0 || slu_view_equal_str(id, "-")) {
        return SLU_ERR_OK;
    }
    set = &self->engine->published_sets[self->out->set_count];
    err = keep(self, region, &set->region);
    if (err == SLU_ERR_OK) {
        err = keep(self, id, &set->id);
    }
    if (err == SLU_ERR_OK) {
        set->status = judge_set(self, value);
        self->out->set_count++;
    }
    return err;
}

enum slu_err slu_published_list_find(struct slu_engine *engine,
                                     struct slu_store *store, const char *path,
                                     struct slu_explanation *out)
{
    struct publication self = {
        .engine = engine, .path = slu_view_str(path), .out = out};
    enum slu_err err =
        slu_store_entries(store, OBJECT_PREFIX, note_object, &self);

    out->sets = engine->published_sets;
    if (err == SLU_ERR_OK) {
        err = slu_store_entries(store, SETS_PREFIX, note_set, &self);
    }
    if (err != SLU_ERR_OK) {
        return slu_engine_fail_store(engine, err, store);
    }
    if (self.content[0] != '\0') {
        err = compare_file(&self, path);
    }
    return err == SLU_ERR_OK ? err
                             : slu_error_set(&engine->error, err, "%s: %s",
                                             path, slu_err_sentence(err));
}
