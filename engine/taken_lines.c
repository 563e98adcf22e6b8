/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/taken_lines.h"
#include "codecs/line_diff.h"

#include <assert.h>
#include <stdlib.h>

static enum slu_err add_line(void *ctx, const struct slu_record *record)
{
    struct slu_taken_lines *self = ctx;
    enum slu_err err = slu_buf_append(&self->keys, record->key);

    if (err == SLU_ERR_OK) {
        assert(self->count < self->room);
        self->lines[self->count++].record = *record;
    }
    return err;
}

/* The keys stay where they are from now on. */
static void point_keys(struct slu_taken_lines *self)
{
    const char *at = self->keys.ptr;

    for (size_t i = 0; i < self->count; i++) {
        struct slu_view *key = &self->lines[i].record.key;

        key->ptr = at;
        at += key->len;
    }
}

static int compare_lines(const void *a, const void *b)
{
    const struct slu_record *first =
        &((const struct slu_taken_line *)a)->record;
    const struct slu_record *second =
        &((const struct slu_taken_line *)b)->record;
    int order = slu_record_compare(first, second);

    return order != 0 ? order
                      : (first->place_seat > second->place_seat) -
                            (first->place_seat < second->place_seat);
}

static enum slu_err read_lines(
    enum slu_kind kind, unsigned index, struct slu_view text,
    enum slu_err (*on_record)(void *ctx, const struct slu_record *record),
    void *ctx)
{
    struct slu_take_over take = {kind, index, 0, ctx, on_record};

    return slu_lists_take_over(&take, text);
}

enum slu_err slu_taken_lines_open(struct slu_taken_lines *self,
                                  const struct slu_alloc *alloc,
                                  enum slu_kind kind, unsigned index,
                                  struct slu_view text)
{
    enum slu_err err;

    *self = (struct slu_taken_lines){.alloc = alloc};
    /* A key is no longer than its line, but for a name in A-labels. */
    slu_buf_init(&self->keys, alloc, 8 * text.len + SLU_RECORD_KEY_MAX);
    self->room = slu_line_count(text) + 1;
    self->lines = slu_alloc_zero(alloc, self->room * sizeof(*self->lines));
    if (self->lines == NULL) {
        return SLU_ERR_NOMEM;
    }
    err = read_lines(kind, index, text, add_line, self);
    if (err == SLU_ERR_OK && self->count > 0) {
        point_keys(self);
        qsort(self->lines, self->count, sizeof(*self->lines), compare_lines);
    }
    return err;
}

void slu_taken_lines_close(struct slu_taken_lines *self)
{
    slu_alloc_put(self->alloc, self->lines, self->room * sizeof(*self->lines));
    slu_buf_fini(&self->keys);
    *self = (struct slu_taken_lines){0};
}

/* The first of those with its key. */
static struct slu_taken_line *find_line(const struct slu_taken_lines *self,
                                        const struct slu_record *record)
{
    size_t low = 0;
    size_t high = self->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (slu_record_compare(&self->lines[middle].record, record) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < self->count &&
                   slu_record_compare(&self->lines[low].record, record) == 0
               ? &self->lines[low]
               : NULL;
}

static enum slu_err note_line(void *ctx, const struct slu_record *record)
{
    struct slu_taken_line *line = find_line(ctx, record);

    if (line != NULL) {
        line->known = true;
    }
    return SLU_ERR_OK;
}

enum slu_err slu_taken_lines_note_text(struct slu_taken_lines *self,
                                       enum slu_kind kind, struct slu_view text)
{
    return read_lines(kind, 0, text, note_line, self);
}

bool slu_taken_lines_meet(struct slu_taken_lines *self,
                          struct slu_record *record)
{
    struct slu_taken_line *line = find_line(self, record);
    bool moved;

    if (line == NULL) {
        return false;
    }
    line->known = true;
    moved = line->record.place_file != record->place_file ||
            line->record.place_seat != record->place_seat;
    record->place_file = line->record.place_file;
    record->place_seat = line->record.place_seat;
    return moved;
}

bool slu_taken_lines_is_new(const struct slu_taken_lines *self,
                            const struct slu_record *record)
{
    const struct slu_taken_line *line = find_line(self, record);

    return line == NULL || !line->known;
}
