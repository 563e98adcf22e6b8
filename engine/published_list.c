/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/published_list.h"

#include "codecs/sha256.h"
#include "codecs/view_take.h"
#include "engine/read_file.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define OBJECT_PREFIX "s3/"
#define SETS_PREFIX "sets/"
#define PIECE_BYTES (64u * 1024)

struct publication {
    struct slu_engine *engine;
    const char *path;
    struct slu_explanation *out;
    struct slu_content_name content; /* of the object; "": not known */
};

static enum slu_err keep(struct publication *self, struct slu_view text,
                         const char **out_text)
{
    *out_text = slu_engine_keep_text(self->engine, text);
    return *out_text != NULL ? SLU_ERR_OK : SLU_ERR_NOMEM;
}

/* ---- the object ---- */

static enum slu_err note_object(void *ctx, struct slu_view key,
                                struct slu_view value)
{
    struct publication *self = ctx;
    char path[SLU_OBJECT_PATH_MAX + 1];
    struct slu_object object;

    if (!slu_view_take_prefix(&key, OBJECT_PREFIX) ||
        !slu_bucket_read_entry(key, value, path, &object) ||
        strcmp(path, self->path) != 0) {
        return SLU_ERR_OK;
    }
    self->content = object.content;
    return keep(self, slu_view_str(object.location), &self->out->object);
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
            memcmp(content, self->content.text, sizeof(content)) == 0;
        (void)close(fd);
    }
    slu_alloc_put(alloc, piece, piece == NULL ? 0 : PIECE_BYTES);
    slu_sha256_free(sha);
    return err;
}

/* ---- the sets ---- */

const char *slu_published_set_status(const struct slu_set_known *set,
                                     const struct slu_content_name *content)
{
    bool known = content->text[0] != '\0';

    if (known && slu_content_name_equal(&set->active, content)) {
        return "active";
    }
    if (known && slu_content_name_equal(&set->rejected, content)) {
        return "error";
    }
    if (set->asked.text[0] != '\0' &&
        !slu_content_name_equal(&set->asked, &set->active)) {
        return "pending";
    }
    return set->active.text[0] != '\0' ? "old" : "inactive";
}

static enum slu_err note_set(void *ctx, struct slu_view key,
                             struct slu_view value)
{
    struct publication *self = ctx;
    struct slu_explained_set *set;
    struct slu_set_known known;
    enum slu_err err;

    if (self->out->set_count == SLU_PUBLISHED_SETS_MAX ||
        !slu_view_take_prefix(&key, SETS_PREFIX) ||
        !slu_sets_read_entry(key, value, &known) ||
        strcmp(known.path, self->path) != 0 || known.id[0] == '\0') {
        return SLU_ERR_OK;
    }
    set = &self->engine->published_sets[self->out->set_count];
    err = keep(self, slu_view_str(known.region), &set->region);
    if (err == SLU_ERR_OK) {
        err = keep(self, slu_view_str(known.id), &set->id);
    }
    if (err == SLU_ERR_OK) {
        set->status = slu_published_set_status(&known, &self->content);
        self->out->set_count++;
    }
    return err;
}

enum slu_err slu_published_list_find(struct slu_engine *engine,
                                     struct slu_store *store, const char *path,
                                     struct slu_explanation *out)
{
    struct publication self = {.engine = engine, .path = path, .out = out};
    enum slu_err err =
        slu_store_entries(store, OBJECT_PREFIX, note_object, &self);

    out->sets = engine->published_sets;
    if (err == SLU_ERR_OK) {
        err = slu_store_entries(store, SETS_PREFIX, note_set, &self);
    }
    if (err != SLU_ERR_OK) {
        return slu_engine_fail_store(engine, err, store);
    }
    if (self.content.text[0] != '\0') {
        err = compare_file(&self, path);
    }
    return err == SLU_ERR_OK ? err
                             : slu_error_set(&engine->error, err, "%s: %s",
                                             path, slu_err_sentence(err));
}
