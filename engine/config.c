/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration as a whole: its arena, the two ways in, and what was read.
 */
#include "codecs/buf.h"
#include "engine/config_reader.h"
#include "engine/read_file.h"
#include "engine/registry.h"

#include <assert.h>
#include <errno.h>
#include <stdalign.h>
#include <stdio.h>

#define CHUNK_BYTES 4096

/* ---- the arena ---- */

struct slu_config_chunk {
    struct slu_config_chunk *next;
    size_t size; /* of bytes */
    size_t used;
    alignas(max_align_t) char bytes[];
};

static struct slu_config_chunk *add_chunk(struct slu_config *self, size_t len)
{
    size_t size = len > CHUNK_BYTES ? len : CHUNK_BYTES;
    struct slu_config_chunk *chunk;

    if (size > SLU_CONFIG_ARENA_MAX - self->arena_bytes) {
        return NULL;
    }
    chunk = slu_alloc_zero(self->alloc, sizeof(*chunk) + size);
    if (chunk == NULL) {
        return NULL;
    }
    chunk->size = size;
    chunk->next = self->chunks;
    self->chunks = chunk;
    self->arena_bytes += size;
    return chunk;
}

void *slu_config_get(struct slu_config *self, size_t len)
{
    size_t step = alignof(max_align_t);
    size_t rounded = (len + step - 1) / step * step;
    struct slu_config_chunk *chunk = self->chunks;
    void *room;

    assert(len > 0);
    if (chunk == NULL || chunk->size - chunk->used < rounded) {
        chunk = add_chunk(self, rounded);
        if (chunk == NULL) {
            return NULL;
        }
    }
    room = chunk->bytes + chunk->used;
    chunk->used += rounded;
    return room;
}

const char *slu_config_copy(struct slu_config *self, struct slu_view text)
{
    char *copy = slu_config_get(self, text.len + 1);

    if (copy != NULL && text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return copy;
}

void slu_config_free(struct slu_config *self)
{
    struct slu_config_chunk *chunk;

    if (self == NULL) {
        return;
    }
    chunk = self->chunks;
    while (chunk != NULL) {
        struct slu_config_chunk *next = chunk->next;
        size_t size = sizeof(*chunk) + chunk->size;

        explicit_bzero(chunk, size);
        slu_alloc_put(self->alloc, chunk, size);
        chunk = next;
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- reading ---- */

static enum slu_err add_section(struct slu_config *config, unsigned index,
                                struct slu_error *error)
{
    const struct slu_section *section = slu_registry_section(index);

    config->sections[index] = slu_config_get(config, section->size);
    config->lines[index] =
        slu_config_get(config, section->field_count * sizeof(unsigned));
    return config->sections[index] == NULL || config->lines[index] == NULL
               ? slu_error_set(error, SLU_ERR_NOMEM, "out of memory")
               : SLU_ERR_OK;
}

/* The line of the key that a sentence begins with: "guardduty.accounts: ...".
 * 0 when it begins with none, or with one that the file does not give. */
static unsigned find_line(const struct slu_config *config, unsigned index,
                          const char *sentence)
{
    const struct slu_section *section = slu_registry_section(index);
    size_t len = strlen(section->name);
    const char *key = sentence + len + 1;
    int field;

    if (strncmp(sentence, section->name, len) != 0 || sentence[len] != '.') {
        return 0;
    }
    field = slu_config_find_field(
        section, slu_view_make(key, strspn(key, "abcdefghijklmnopqrstuvwxyz_"
                                                "0123456789")));
    return field < 0 ? 0 : config->lines[index][field];
}

static enum slu_err check_section(const struct slu_config *config,
                                  unsigned index, const char *name,
                                  struct slu_error *error)
{
    struct slu_error why = {0};
    enum slu_err err = slu_registry_check(slu_registry_section(index),
                                          config->sections[index], &why);
    unsigned line = err == SLU_ERR_OK ? 0 : find_line(config, index, why.text);

    if (line > 0) {
        (void)slu_error_set(error, err, "%.120s, line %u: %s", name, line,
                            why.text);
    } else if (err != SLU_ERR_OK) {
        (void)slu_error_set(error, err, "%.120s: %s", name, why.text);
    }
    return err;
}

static enum slu_err read_all(struct slu_config *config, const char *name,
                             struct slu_view text, struct slu_error *error)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; err == SLU_ERR_OK && slu_registry_section(i) != NULL;
         i++) {
        assert(i < SLU_SECTIONS_MAX);
        err = add_section(config, i, error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_config_read_document(config, name, text, error);
    }
    /* Defaults last: one that reads the environment is not wanted where the
     * file says otherwise. */
    for (unsigned i = 0; err == SLU_ERR_OK && slu_registry_section(i) != NULL;
         i++) {
        struct slu_config_map map = slu_config_section_map(config, i);

        err = slu_config_set_missing(config, &map, error);
        if (err == SLU_ERR_OK) {
            err = check_section(config, i, name, error);
        }
    }
    return err;
}

/* ---- the two ways in ---- */

enum slu_err slu_config_parse(const struct slu_alloc *alloc,
                              struct slu_view text, const char *name,
                              struct slu_config **out_config,
                              struct slu_error *out_error)
{
    struct slu_config *config;
    enum slu_err err;

    *out_config = NULL;
    if (text.len > SLU_CONFIG_TEXT_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "%s is larger than %d bytes; is it a sluice "
                             "configuration?",
                             name, SLU_CONFIG_TEXT_MAX);
    }
    config = slu_alloc_zero(alloc, sizeof(*config));
    if (config == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    config->alloc = alloc;
    err = read_all(config, name, text, out_error);
    if (err != SLU_ERR_OK) {
        slu_config_free(config);
        return err;
    }
    *out_config = config;
    return SLU_ERR_OK;
}

static enum slu_err fail_path(struct slu_error *error, const char *path,
                              int sys)
{
    enum slu_err code = sys == ENOENT ? SLU_ERR_NOT_FOUND : SLU_ERR_IO;

    slu_error_set(error, code, "cannot read the configuration %s: %s", path,
                  strerror(sys));
    if (error != NULL) {
        error->sys = sys;
    }
    return code;
}

enum slu_err slu_config_load(const struct slu_alloc *alloc, const char *path,
                             struct slu_config **out_config,
                             struct slu_error *out_error)
{
    struct slu_buf buf;
    enum slu_err err;
    int sys = 0;

    *out_config = NULL;
    /* One byte more, so that the parser refuses what is too long. */
    slu_buf_init(&buf, alloc, SLU_CONFIG_TEXT_MAX + 1);
    err = slu_file_read_all(path, &buf, &sys);
    if (err == SLU_ERR_OK || err == SLU_ERR_LIMIT) {
        err = slu_config_parse(alloc, slu_buf_view(&buf), path, out_config,
                               out_error);
    } else if (sys != 0) {
        err = fail_path(out_error, path, sys);
    } else {
        err = slu_error_set(out_error, err, "out of memory while reading %s",
                            path);
    }
    slu_buf_fini(&buf);
    return err;
}

/* ---- what was read ---- */

int slu_config_find_section(struct slu_view name)
{
    for (unsigned i = 0; slu_registry_section(i) != NULL; i++) {
        if (slu_view_equal_str(name, slu_registry_section(i)->name)) {
            return (int)i;
        }
    }
    return -1;
}

int slu_config_find_field(const struct slu_section *section,
                          struct slu_view key)
{
    for (unsigned i = 0; i < section->field_count; i++) {
        if (slu_view_equal_str(key, section->fields[i].key)) {
            return (int)i;
        }
    }
    return -1;
}

const void *slu_config_section(const struct slu_config *self, const char *name)
{
    int index = slu_config_find_section(slu_view_str(name));

    return index < 0 ? NULL : self->sections[index];
}

unsigned slu_config_flow_count(const struct slu_config *self)
{
    return self->flow_count;
}

const struct slu_flow_config *slu_config_flow(const struct slu_config *self,
                                              unsigned index)
{
    return index < self->flow_count ? &self->flows[index] : NULL;
}

bool slu_config_given(const struct slu_config *self, const char *section,
                      const char *key)
{
    int index = slu_config_find_section(slu_view_str(section));
    int field =
        index < 0 ? -1
                  : slu_config_find_field(slu_registry_section((unsigned)index),
                                          slu_view_str(key));

    return field >= 0 && self->lines[index][field] != 0;
}
