/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_index.h"

#include <assert.h>
#include <string.h>

#define ROOM (SLU_JSON_INDEX_MAX + SLU_JSON_INDEX_SLACK)
/* Starts, bytes and depths, in one allocation. */
#define ROOM_BYTES (ROOM * (sizeof(uint32_t) + 2))

void slu_json_index_init(struct slu_json_index *self,
                         const struct slu_alloc *alloc)
{
    *self = (struct slu_json_index){.alloc = alloc};
}

void slu_json_index_fini(struct slu_json_index *self)
{
    if (self->starts != NULL) {
        slu_alloc_put(self->alloc, self->starts, ROOM_BYTES);
    }
    *self = (struct slu_json_index){0};
}

enum slu_err slu_json_index_reserve(struct slu_json_index *self)
{
    if (self->starts != NULL) {
        return SLU_ERR_OK;
    }
    self->starts = slu_alloc_get(self->alloc, ROOM_BYTES);
    if (self->starts == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->bytes = (uint8_t *)(self->starts + ROOM);
    self->depths = self->bytes + ROOM;
    return SLU_ERR_OK;
}

void slu_json_index_start(struct slu_json_index *self, const char *base,
                          unsigned depth)
{
    assert(depth <= 2 && self->starts != NULL);
    self->base = base;
    self->done = 0;
    self->count = 0;
    self->judged = 0;
    self->failed = false;
    self->backslash = false;
    self->escaped = 0;
    self->in_string = 0;
    self->utf8_need = 0;
    self->utf8_lead = 0;
    self->depth = depth;
    self->depth_low = depth + 1;
    self->depth_top = depth;
    memset(self->curly, 0, sizeof(self->curly));
}

void slu_json_index_drop(struct slu_json_index *self, unsigned first)
{
    size_t left = self->count - first;

    assert(first <= self->judged);
    memmove(self->starts, self->starts + first, left * sizeof(self->starts[0]));
    memmove(self->bytes, self->bytes + first, left);
    memmove(self->depths, self->depths + first, left);
    self->count -= first;
    self->judged -= first;
}
