/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one answer, as text, one buffer for each sink. Where the rows of
 * each finding begin is known, so that a finding which turns out to have been
 * committed meanwhile is taken out by moving text.
 */
#include "engine/rows_state.h"

#include <assert.h>

#define FINDINGS_BYTES_MAX ((size_t)256 << 20)
#define BUCKETS_FIRST 16
/* Of four each: more than the rows that a finding may have. */
#define BUCKETS_MAX ((size_t)1 << 16)
#define PRINTS_LEFT 1024 /* of earlier findings, then they are cleared away */

struct slu_row_batch *slu_row_batch_new(struct slu_rows *rows)
{
    struct slu_row_batch *self = slu_alloc_zero(rows->alloc, sizeof(*self));

    if (self == NULL) {
        return NULL;
    }
    self->alloc = rows->alloc;
    self->rows = rows;
    self->sink_count = rows->output_count;
    slu_buf_init(&self->findings, rows->alloc, FINDINGS_BYTES_MAX);
    for (unsigned i = 0; i < self->sink_count; i++) {
        slu_buf_init(&self->texts[i], rows->alloc, SLU_ROW_BATCH_BYTES);
    }
    return self;
}

void slu_row_batch_free(struct slu_row_batch *self)
{
    if (self == NULL) {
        return;
    }
    for (unsigned i = 0; i < self->sink_count; i++) {
        slu_buf_fini(&self->texts[i]);
    }
    slu_buf_fini(&self->findings);
    slu_fingerprint_table_fini(&self->prints, self->alloc);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

static void clear_buf(struct slu_buf *buf)
{
    slu_buf_clear(buf);
    if (buf->capacity > SLU_ROW_BATCH_KEEP) {
        slu_buf_fini(buf);
    }
}

void slu_row_batch_clear(struct slu_row_batch *self)
{
    for (unsigned i = 0; i < self->sink_count; i++) {
        clear_buf(&self->texts[i]);
    }
    clear_buf(&self->findings);
    self->repeats = 0;
    self->barren = 0;
    self->serial++;
    if (self->prints.bucket_count * SLU_FINGERPRINT_BUCKET_BYTES >
        SLU_ROW_BATCH_KEEP) {
        slu_fingerprint_table_fini(&self->prints, self->alloc);
    }
    slu_fingerprint_table_clear(&self->prints);
}

struct slu_row_finding *slu_row_batch_findings(struct slu_row_batch *self,
                                               size_t *out_count)
{
    *out_count = self->findings.len / sizeof(struct slu_row_finding);
    return (void *)self->findings.ptr;
}

bool slu_row_batch_is_empty(const struct slu_row_batch *self)
{
    return self->findings.len == 0 && self->barren == 0;
}

static uint64_t count_rows(const struct slu_row_finding *finding)
{
    uint64_t count = 0;

    for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
        count += finding->rows[kind];
    }
    return count;
}

/* The present finding, if it has no row: there is nothing to claim. */
static void drop_barren(struct slu_row_batch *self)
{
    size_t count;
    const struct slu_row_finding *findings =
        slu_row_batch_findings(self, &count);

    if (count > 0 && count_rows(&findings[count - 1]) == 0) {
        self->barren++;
        self->findings.len -= sizeof(*findings);
    }
}

enum slu_err slu_row_batch_finding(struct slu_row_batch *self,
                                   const struct slu_finding_key *key)
{
    struct slu_row_finding finding = {.claim = slu_claim_make(key)};

    drop_barren(self);
    for (unsigned i = 0; i < self->sink_count; i++) {
        finding.starts[i] = self->texts[i].len;
    }
    self->serial++;
    if (self->prints.count > PRINTS_LEFT) {
        slu_fingerprint_table_clear(&self->prints);
    }
    return slu_buf_append(&self->findings, slu_view_make((const char *)&finding,
                                                         sizeof(finding)));
}

/* ---- rows that a finding has twice ---- */

/* What is known so far and the field's own hash are hashed again: as a seed the
 * former would be XORed with a short field. */
static void add_field(struct slu_fingerprint *print, struct slu_view text)
{
    struct slu_fingerprint field = slu_fingerprint_of(text);
    uint64_t words[] = {print->low, print->high, field.low, field.high};

    *print =
        slu_fingerprint_of(slu_view_make((const char *)words, sizeof(words)));
}

/* Of the fields that may differ within a finding, and of the finding's own
 * number, so that those of earlier ones are met no more. */
static struct slu_fingerprint make_print(const struct slu_row_batch *self,
                                         const struct slu_row *row)
{
    uint64_t numbers[] = {self->serial, row->kind, row->reputation,
                          row->tag_count};
    struct slu_fingerprint print = slu_fingerprint_of(
        slu_view_make((const char *)numbers, sizeof(numbers)));

    add_field(&print, row->value);
    add_field(&print, slu_view_str(row->severity));
    add_field(&print, row->comments);
    add_field(&print, row->first_seen);
    add_field(&print, row->last_seen);
    for (unsigned i = 0; i < row->tag_count; i++) {
        add_field(&print, row->tags[i]);
    }
    return print;
}

/* Beyond the limit a repeat is merely written. */
static enum slu_err add_print(struct slu_row_batch *self,
                              const struct slu_row *row, bool *out_repeat)
{
    struct slu_fingerprint_table *prints = &self->prints;
    struct slu_fingerprint print = make_print(self, row);
    uint32_t place = slu_fingerprint_place(print, 0);
    struct slu_fingerprint *slot;

    *out_repeat = slu_fingerprint_table_find(prints, print, place, &slot);
    if (*out_repeat) {
        return SLU_ERR_OK;
    }
    if (slu_fingerprint_table_is_full(prints)) {
        size_t buckets = prints->bucket_count == 0 ? BUCKETS_FIRST
                                                   : prints->bucket_count * 2;

        if (buckets > BUCKETS_MAX) {
            return SLU_ERR_OK;
        }
        if (!slu_fingerprint_table_grow(prints, self->alloc, buckets, 0)) {
            return SLU_ERR_NOMEM;
        }
        (void)slu_fingerprint_table_find(prints, print, place, &slot);
    }
    slu_fingerprint_table_put(prints, print, slot);
    return SLU_ERR_OK;
}

/* ---- adding ---- */

enum slu_err slu_row_batch_add(struct slu_row_batch *self,
                               const struct slu_row *row)
{
    size_t count;
    struct slu_row_finding *findings = slu_row_batch_findings(self, &count);
    bool repeat;
    enum slu_err err = add_print(self, row, &repeat);

    assert(count > 0);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (repeat) {
        self->repeats++;
        return SLU_ERR_OK;
    }
    for (unsigned i = 0; i < self->sink_count && err == SLU_ERR_OK; i++) {
        err = self->rows->outputs[i].sink->row(row, &self->texts[i]);
    }
    findings[count - 1].rows[row->kind]++;
    return err;
}

/* ---- settling ---- */

/* Moves the finding's rows to where the kept text ends. */
static void keep_text(struct slu_buf *text, size_t start, size_t end,
                      size_t *kept)
{
    if (end == start) {
        return;
    }
    if (*kept != start) {
        memmove(text->ptr + *kept, text->ptr + start, end - start);
    }
    *kept += end - start;
}

enum slu_err slu_row_batch_settle(struct slu_row_batch *self,
                                  struct slu_claims *claims,
                                  struct slu_answer_counts *counts)
{
    size_t count;
    const struct slu_row_finding *findings;
    size_t kept[SLU_ROW_SINKS_MAX] = {0};
    enum slu_err err = SLU_ERR_OK;

    drop_barren(self);
    findings = slu_row_batch_findings(self, &count);
    counts->duplicates += self->repeats;
    counts->findings += count + self->barren;
    counts->barren += self->barren;
    for (size_t i = 0; i < count && err == SLU_ERR_OK; i++) {
        const struct slu_row_finding *next =
            i + 1 < count ? &findings[i + 1] : NULL;

        if (slu_claims_take(claims, &findings[i].claim, &err)) {
            counts->duplicates += count_rows(&findings[i]);
            continue;
        }
        for (int kind = 0; kind < SLU_ROW_KIND_COUNT; kind++) {
            counts->rows[kind] += findings[i].rows[kind];
        }
        for (unsigned s = 0; s < self->sink_count; s++) {
            keep_text(&self->texts[s], findings[i].starts[s],
                      next != NULL ? next->starts[s] : self->texts[s].len,
                      &kept[s]);
        }
    }
    for (unsigned s = 0; s < self->sink_count; s++) {
        self->texts[s].len = kept[s];
    }
    return err;
}
