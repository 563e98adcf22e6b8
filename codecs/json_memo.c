/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/json_memo.h"

#include <assert.h>
#include <string.h>

#define LINES (SLU_JSON_MEMO_MAX + 1)

static size_t count_bytes(unsigned node_count)
{
    return LINES * sizeof(struct slu_json_line) +
           (SLU_JSON_MEMO_BUCKETS + node_count) * sizeof(uint16_t);
}

static void forget(struct slu_json_memo *self)
{
    memset(self->buckets, 0,
           (SLU_JSON_MEMO_BUCKETS + self->node_count) * sizeof(uint16_t));
    self->line_count = 1;
}

enum slu_err slu_json_memo_init(struct slu_json_memo *self,
                                const struct slu_alloc *alloc,
                                unsigned node_count)
{
    *self = (struct slu_json_memo){.alloc = alloc, .node_count = node_count};
    self->lines = slu_alloc_zero(alloc, count_bytes(node_count));
    if (self->lines == NULL) {
        return SLU_ERR_NOMEM;
    }
    self->buckets = (uint16_t *)(self->lines + LINES);
    self->firsts = self->buckets + SLU_JSON_MEMO_BUCKETS;
    /* The line that no text equals: none has a zero byte there. */
    self->lines[0].mask = 1;
    forget(self);
    return SLU_ERR_OK;
}

void slu_json_memo_fini(struct slu_json_memo *self)
{
    if (self->lines != NULL) {
        slu_alloc_put(self->alloc, self->lines, count_bytes(self->node_count));
    }
    *self = (struct slu_json_memo){0};
}

void slu_json_memo_start(struct slu_json_memo *self)
{
    if (self->line_count == LINES) {
        forget(self);
    }
}

static bool is_same(const struct slu_json_line *a,
                    const struct slu_json_line *b, const char *text)
{
    return a->from == b->from && a->before == b->before &&
           a->after == b->after &&
           memcmp(a->text, text, (size_t)a->before + a->after) == 0;
}

unsigned slu_json_memo_find(struct slu_json_memo *self, const char *text,
                            const struct slu_json_line *line)
{
    size_t len = (size_t)line->before + line->after;
    uint16_t *bucket;
    struct slu_json_line *made;
    unsigned at;

    if (len > SLU_JSON_LINE_MAX) {
        return 0;
    }
    bucket =
        &self->buckets[slu_json_memo_bucket(line->from, text + line->before)];
    for (at = *bucket; at != 0; at = self->lines[at].sibling) {
        if (is_same(&self->lines[at], line, text)) {
            return at;
        }
    }
    if (self->line_count == LINES) {
        return 0;
    }
    at = self->line_count++;
    made = &self->lines[at];
    *made = *line;
    memset(made->text, 0, sizeof(made->text));
    memcpy(made->text, text, len);
    made->mask = UINT64_MAX >> (64 - len);
    made->next = 0;
    made->sibling = *bucket;
    *bucket = (uint16_t)at;
    return at;
}
