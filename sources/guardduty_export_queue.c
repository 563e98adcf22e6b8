/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of bytes, written at its end and read at its head:
 *
 *     | name_len u16 | version_len u16 | name | version | ...
 *       ^ head
 *
 * What has been read is closed up when it is the larger half, so that a byte is
 * moved once on average.
 */
#include "sources/guardduty_export.h"

struct lens {
    uint16_t name;
    uint16_t version;
    uint64_t size;
};

void slu_export_queue_init(struct slu_export_queue *self,
                           const struct slu_alloc *alloc)
{
    *self = (struct slu_export_queue){0};
    slu_buf_init(&self->bytes, alloc, SLU_EXPORT_QUEUE_MAX);
}

void slu_export_queue_fini(struct slu_export_queue *self)
{
    slu_buf_fini(&self->bytes);
}

void slu_export_queue_clear(struct slu_export_queue *self)
{
    slu_buf_clear(&self->bytes);
    self->head = 0;
    self->count = 0;
}

static void close_up(struct slu_export_queue *self)
{
    if (self->head > 0 && self->head >= self->bytes.len / 2) {
        self->bytes.len -= self->head;
        memmove(self->bytes.ptr, self->bytes.ptr + self->head, self->bytes.len);
        self->head = 0;
    }
}

enum slu_err slu_export_queue_push(struct slu_export_queue *self,
                                   const struct slu_export_entry *entry)
{
    struct lens lens = {(uint16_t)entry->name.len, (uint16_t)entry->version.len,
                        entry->size};
    char *room;
    enum slu_err err;

    if (entry->name.len > SLU_EXPORT_NAME_MAX ||
        entry->version.len > SLU_EXPORT_VERSION_MAX) {
        return SLU_ERR_LIMIT;
    }
    close_up(self);
    err = slu_buf_reserve(&self->bytes,
                          sizeof(lens) + entry->name.len + entry->version.len,
                          &room);
    if (err != SLU_ERR_OK) {
        return err;
    }
    memcpy(room, &lens, sizeof(lens));
    slu_buf_commit(&self->bytes, sizeof(lens));
    /* What was reserved is enough. */
    err = slu_buf_append(&self->bytes, entry->name);
    if (err == SLU_ERR_OK) {
        err = slu_buf_append(&self->bytes, entry->version);
    }
    self->count++;
    return err;
}

bool slu_export_queue_pop(struct slu_export_queue *self,
                          struct slu_export_entry *out_entry)
{
    const char *at;
    struct lens lens;

    if (self->count == 0) {
        return false;
    }
    at = self->bytes.ptr + self->head;
    memcpy(&lens, at, sizeof(lens));
    at += sizeof(lens);
    out_entry->name = slu_view_make(at, lens.name);
    out_entry->version = slu_view_make(at + lens.name, lens.version);
    out_entry->size = lens.size;
    self->head += sizeof(lens) + lens.name + lens.version;
    self->count--;
    return true;
}
