/* SPDX-License-Identifier: Apache-2.0 */
/* The texts of the list files, after the second scan. */
#include "codecs/ipv4_lines.h"
#include "sinks/lists_state.h"

#include <assert.h>

#define PLAIN 32 /* the prefix of an address */
#define BATCH 256

/* What sits in a seat of a file, small enough for a file's seats to stay in
 * the cache: they are filled in the order of the values and read in their own.
 */
struct sitter {
    uint32_t value; /* as in struct slu_candidate */
    uint8_t length; /* 0: the seat is free */
    uint8_t prefix;
};

static void fill_seats(const struct slu_pool *pool, unsigned file,
                       struct sitter *seats)
{
    for (uint32_t i = 0; i < pool->count; i++) {
        const struct slu_candidate *item = &pool->items[i];

        if (slu_place_file(item->place) == file) {
            seats[slu_place_seat(item->place)] = (struct sitter){
                .value = item->value,
                .length = (uint8_t)slu_rank_length(item->rank),
                .prefix = slu_rank_prefix(item->rank),
            };
        }
    }
}

static void append_line(const struct slu_pool *pool, enum slu_kind kind,
                        const struct sitter *sitter, struct slu_buf *buf)
{
    char entry[SLU_IPV4_TEXT_MAX];
    const char *text = entry;
    char *end = buf->ptr + buf->len;

    if (kind == SLU_KIND_IP) {
        struct slu_cidr cidr = {sitter->value, sitter->prefix};

        (void)slu_ipv4_format(cidr, entry);
    } else {
        text = pool->names.ptr + sitter->value;
    }
    memcpy(end, text, sitter->length);
    end[sitter->length] = '\n';
    slu_buf_commit(buf, (size_t)sitter->length + 1);
}

/* Plain addresses, which most lines are, some at a time. */
struct batch {
    struct slu_ipv4_octets octets;
    uint32_t addresses[BATCH];
    size_t count;
};

static void append_batch(struct batch *self, struct slu_buf *buf)
{
    char text[BATCH * SLU_IPV4_LINE_MAX];
    size_t len =
        slu_ipv4_lines_write(&self->octets, self->addresses, self->count, text);

    memcpy(buf->ptr + buf->len, text, len);
    slu_buf_commit(buf, len);
    self->count = 0;
}

static void append_lines(const struct slu_pool *pool, enum slu_kind kind,
                         const struct slu_place_file *file,
                         const struct sitter *seats, struct slu_buf *buf)
{
    struct batch batch;

    batch.count = 0;
    slu_ipv4_octets_init(&batch.octets);
    for (uint32_t i = 0; i < file->seats; i++) {
        bool plain = kind == SLU_KIND_IP && seats[i].prefix == PLAIN;

        if (seats[i].length == 0) {
            continue;
        }
        if (plain) {
            batch.addresses[batch.count++] = seats[i].value;
        }
        if (!plain || batch.count == BATCH) {
            append_batch(&batch, buf);
        }
        if (!plain) {
            append_line(pool, kind, &seats[i], buf);
        }
    }
    append_batch(&batch, buf);
}

enum slu_err slu_lists_file(struct slu_lists *self, enum slu_kind kind,
                            unsigned index, struct slu_buf *buf,
                            uint64_t *out_lines)
{
    const struct slu_list *list = &self->lists[kind];
    const struct slu_place_file *file = &list->files[index];
    size_t seats_bytes = file->seats * sizeof(struct sitter);
    struct sitter *seats;
    char *room;
    enum slu_err err = slu_lists_finish(self);

    assert(index < list->limits.files);
    slu_buf_clear(buf);
    *out_lines = file->lines;
    if (err != SLU_ERR_OK || file->lines == 0) {
        return err;
    }
    err = slu_buf_reserve(buf, file->bytes, &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    seats = slu_alloc_zero(self->options.alloc, seats_bytes);
    if (seats == NULL) {
        return SLU_ERR_NOMEM;
    }
    fill_seats(&list->pool, index + 1, seats);
    append_lines(&list->pool, kind, file, seats, buf);
    slu_alloc_put(self->options.alloc, seats, seats_bytes);
    return SLU_ERR_OK;
}

unsigned slu_lists_file_count(const struct slu_lists *self, enum slu_kind kind)
{
    return slu_lists_config_files(self->options.config, kind)->count;
}

const char *slu_lists_file_path(const struct slu_lists *self,
                                enum slu_kind kind, unsigned index)
{
    const struct slu_strings *files =
        slu_lists_config_files(self->options.config, kind);

    return index < files->count ? files->items[index] : NULL;
}
