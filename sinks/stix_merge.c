/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values, findings and tags are interned, so that each is in memory once; a row
 * is then two numbers for its finding, and two for each tag: a *link*, the
 * indicator in the upper half of a word. Sorted by rank, the links of an
 * indicator lie together and in the order in which they are shown, and repeats
 * lie side by side.
 */
#include "sinks/stix_merge.h"

#include "codecs/intern.h"

#include <assert.h>
#include <sluice/indicator.h>
#include <stdlib.h>

struct finding {
    int64_t last_ms;
};

/* Links of indicators to what is interned in `to`. */
struct links {
    struct slu_intern to;
    struct slu_buf words; /* uint64_t */
    uint32_t *order;      /* numbers by rank */
    size_t at;            /* of the next indicator's, in words */
};

struct slu_stix_merge {
    const struct slu_alloc *alloc;
    struct slu_intern values;  /* the kind's digit and the value */
    struct slu_buf indicators; /* struct slu_stix_seen, by number */
    struct slu_buf findings;   /* struct finding, by number */
    struct links to_findings;  /* id, tab, arn, tab, type */
    struct links to_tags;
    uint32_t *order; /* of values, by rank */
    uint32_t next;   /* rank */
    struct slu_view labels[SLU_STIX_LABELS_MAX];
    struct slu_stix_reference references[SLU_STIX_REFERENCES_MAX];
};

/* ---- life cycle ---- */

static void init_links(struct links *self, const struct slu_alloc *alloc)
{
    slu_intern_init(&self->to, alloc, SLU_STIX_TEXT_MAX);
    slu_buf_init(&self->words, alloc, SLU_STIX_LINKS_MAX * sizeof(uint64_t));
}

static void drop_order(const struct slu_alloc *alloc, uint32_t *order,
                       uint32_t count)
{
    slu_alloc_put(alloc, order, ((size_t)count + 1) * sizeof(*order));
}

static void fini_links(struct links *self, const struct slu_alloc *alloc)
{
    if (self->order != NULL) {
        drop_order(alloc, self->order, self->to.count);
    }
    slu_intern_fini(&self->to);
    slu_buf_fini(&self->words);
}

struct slu_stix_merge *slu_stix_merge_new(const struct slu_alloc *alloc)
{
    struct slu_stix_merge *self = slu_alloc_zero(alloc, sizeof(*self));

    if (self != NULL) {
        self->alloc = alloc;
        slu_intern_init(&self->values, alloc, SLU_STIX_TEXT_MAX);
        slu_buf_init(&self->indicators, alloc, SIZE_MAX / 4);
        slu_buf_init(&self->findings, alloc, SIZE_MAX / 4);
        init_links(&self->to_findings, alloc);
        init_links(&self->to_tags, alloc);
    }
    return self;
}

void slu_stix_merge_free(struct slu_stix_merge *self)
{
    if (self == NULL) {
        return;
    }
    if (self->order != NULL) {
        drop_order(self->alloc, self->order, self->values.count);
    }
    slu_intern_fini(&self->values);
    slu_buf_fini(&self->indicators);
    slu_buf_fini(&self->findings);
    fini_links(&self->to_findings, self->alloc);
    fini_links(&self->to_tags, self->alloc);
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- add ---- */

static enum slu_err add_link(struct links *self, uint32_t indicator,
                             uint32_t number)
{
    uint64_t word = (uint64_t)indicator << 32 | number;

    return slu_buf_append(&self->words,
                          slu_view_make((const char *)&word, sizeof(word)));
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a == SLU_STIX_UNKNOWN_MS || (b != SLU_STIX_UNKNOWN_MS && b < a) ? b
                                                                           : a;
}

static void merge_seen(struct slu_stix_seen *into,
                       const struct slu_stix_seen *row)
{
    into->first_ms = earlier(into->first_ms, row->first_ms);
    into->last_ms = into->last_ms > row->last_ms ? into->last_ms : row->last_ms;
    into->severity =
        into->severity > row->severity ? into->severity : row->severity;
}

static enum slu_err add_value(struct slu_stix_merge *self,
                              const struct slu_stix_spooled *row,
                              uint32_t *out_number)
{
    char key[SLU_VALUE_MAX + 1];
    bool is_new;
    enum slu_err err;

    key[0] = (char)('0' + row->kind);
    memcpy(key + 1, row->value.ptr, row->value.len);
    err = slu_intern_add(&self->values, slu_view_make(key, row->value.len + 1),
                         out_number, &is_new);
    if (err == SLU_ERR_OK && is_new) {
        err = slu_buf_append(
            &self->indicators,
            slu_view_make((const char *)&row->seen, sizeof(row->seen)));
    } else if (err == SLU_ERR_OK) {
        merge_seen((struct slu_stix_seen *)(void *)self->indicators.ptr +
                       *out_number,
                   &row->seen);
    }
    return err;
}

static enum slu_err add_finding(struct slu_stix_merge *self,
                                const struct slu_stix_spooled *row,
                                uint32_t indicator)
{
    struct finding finding = {row->seen.last_ms};
    struct finding *known;
    uint32_t number;
    bool is_new;
    enum slu_err err =
        slu_intern_add(&self->to_findings.to, row->finding, &number, &is_new);

    if (err == SLU_ERR_OK && is_new) {
        err = slu_buf_append(
            &self->findings,
            slu_view_make((const char *)&finding, sizeof(finding)));
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    known = (struct finding *)(void *)self->findings.ptr + number;
    if (known->last_ms < finding.last_ms) {
        known->last_ms = finding.last_ms;
    }
    return add_link(&self->to_findings, indicator, number);
}

static enum slu_err add_tags(struct slu_stix_merge *self, struct slu_view tags,
                             uint32_t indicator)
{
    struct slu_view tag;
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && slu_stix_spool_field(&tags, &tag)) {
        uint32_t number;
        bool is_new;

        err = slu_intern_add(&self->to_tags.to, tag, &number, &is_new);
        if (err == SLU_ERR_OK) {
            err = add_link(&self->to_tags, indicator, number);
        }
    }
    return err;
}

enum slu_err slu_stix_merge_add(struct slu_stix_merge *self,
                                struct slu_view line)
{
    struct slu_stix_spooled row;
    uint32_t indicator;
    enum slu_err err;

    if (!slu_stix_spool_parse(line, &row)) {
        return SLU_ERR_STATE;
    }
    err = add_value(self, &row, &indicator);
    if (err == SLU_ERR_OK) {
        err = add_finding(self, &row, indicator);
    }
    return err == SLU_ERR_OK ? add_tags(self, row.tags, indicator) : err;
}

/* ---- sort ---- */

static int compare_words(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;

    return (left > right) - (left < right);
}

/* Newest first, of the same age by their text, in which order they come here:
 * the numbers are compared as ranks of a sorted list. */
struct by_age {
    const struct finding *findings;
    const uint32_t *ranks;
};

static int compare_ages(const void *a, const void *b, void *ctx)
{
    const struct by_age *by = ctx;
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    int64_t left_ms = by->findings[left].last_ms;
    int64_t right_ms = by->findings[right].last_ms;

    if (left_ms != right_ms) {
        return left_ms > right_ms ? -1 : 1;
    }
    return (by->ranks[left] > by->ranks[right]) -
           (by->ranks[left] < by->ranks[right]);
}

/* One more than there are, so that none is an allocation of nothing. */
static uint32_t *make_numbers(const struct slu_stix_merge *self, uint32_t count)
{
    return slu_alloc_get(self->alloc, ((size_t)count + 1) * sizeof(uint32_t));
}

static void invert(const uint32_t *order, uint32_t count, uint32_t *out_ranks)
{
    for (uint32_t i = 0; i < count; i++) {
        out_ranks[order[i]] = i;
    }
}

/* Each once, in their order. */
static void settle_words(struct slu_buf *buf)
{
    uint64_t *words = (void *)buf->ptr;
    size_t count = buf->len / sizeof(*words);
    size_t kept = 0;

    if (count == 0) {
        return;
    }
    qsort(words, count, sizeof(*words), compare_words);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || words[kept - 1] != words[i]) {
            words[kept++] = words[i];
        }
    }
    buf->len = kept * sizeof(*words);
}

/* Makes ranks of the numbers in the links; `ages` (may be NULL) goes before the
 * order of the texts. */
static enum slu_err sort_links(struct slu_stix_merge *self, struct links *links,
                               const uint32_t *value_ranks,
                               const struct finding *ages)
{
    uint32_t count = links->to.count;
    uint32_t *ranks = make_numbers(self, count);
    uint64_t *words = (void *)links->words.ptr;

    links->order = make_numbers(self, count);
    if (ranks == NULL || links->order == NULL) {
        drop_order(self->alloc, ranks, count);
        return SLU_ERR_NOMEM;
    }
    slu_intern_sort(&links->to, links->order);
    invert(links->order, count, ranks);
    if (ages != NULL) {
        struct by_age by = {ages, ranks};

        qsort_r(links->order, count, sizeof(*links->order), compare_ages, &by);
        invert(links->order, count, ranks);
    }
    for (size_t i = 0; i < links->words.len / sizeof(*words); i++) {
        words[i] = (uint64_t)value_ranks[words[i] >> 32] << 32 |
                   ranks[words[i] & UINT32_MAX];
    }
    settle_words(&links->words);
    drop_order(self->alloc, ranks, count);
    return SLU_ERR_OK;
}

enum slu_err slu_stix_merge_sort(struct slu_stix_merge *self)
{
    uint32_t count = self->values.count;
    uint32_t *ranks = make_numbers(self, count);
    enum slu_err err = SLU_ERR_NOMEM;

    assert(self->order == NULL);
    self->order = make_numbers(self, count);
    if (ranks != NULL && self->order != NULL) {
        slu_intern_sort(&self->values, self->order);
        invert(self->order, count, ranks);
        err = sort_links(self, &self->to_findings, ranks,
                         (const void *)self->findings.ptr);
    }
    if (err == SLU_ERR_OK) {
        err = sort_links(self, &self->to_tags, ranks, NULL);
    }
    drop_order(self->alloc, ranks, count);
    return err;
}

/* ---- next ---- */

/* The next link of this rank; false when there is none left. */
static bool next_link(struct links *self, uint32_t rank,
                      struct slu_view *out_text)
{
    const uint64_t *words = (const void *)self->words.ptr;

    if (self->at == self->words.len / sizeof(*words) ||
        words[self->at] >> 32 != rank) {
        return false;
    }
    *out_text =
        slu_intern_text(&self->to, self->order[words[self->at] & UINT32_MAX]);
    self->at++;
    return true;
}

static void take_findings(struct slu_stix_merge *self, uint32_t rank,
                          struct slu_stix_indicator *out)
{
    struct slu_view text;

    while (next_link(&self->to_findings, rank, &text)) {
        struct slu_stix_reference reference;

        out->findings++;
        if (out->reference_count < SLU_STIX_REFERENCES_MAX &&
            slu_stix_spool_field(&text, &reference.finding_id) &&
            slu_stix_spool_field(&text, &reference.finding_arn) &&
            slu_stix_spool_field(&text, &reference.finding_type) &&
            reference.finding_id.len + reference.finding_arn.len > 0) {
            self->references[out->reference_count++] = reference;
        }
    }
    out->references = self->references;
}

static void take_labels(struct slu_stix_merge *self, uint32_t rank,
                        struct slu_stix_indicator *out)
{
    struct slu_view text;

    while (next_link(&self->to_tags, rank, &text)) {
        if (out->label_count < SLU_STIX_LABELS_MAX && text.len > 0) {
            self->labels[out->label_count++] = text;
        }
    }
    out->labels = self->labels;
}

bool slu_stix_merge_next(struct slu_stix_merge *self,
                         struct slu_stix_indicator *out_indicator)
{
    const struct slu_stix_seen *indicators = (const void *)self->indicators.ptr;
    const struct slu_stix_seen *seen;
    struct slu_view key;
    uint32_t rank = self->next;

    if (rank == self->values.count) {
        return false;
    }
    self->next++;
    seen = &indicators[self->order[rank]];
    key = slu_intern_text(&self->values, self->order[rank]);
    *out_indicator = (struct slu_stix_indicator){
        .kind = (enum slu_row_kind)(key.ptr[0] - '0'),
        .value = slu_view_make(key.ptr + 1, key.len - 1),
        .first_ms = seen->first_ms != SLU_STIX_UNKNOWN_MS  ? seen->first_ms
                    : seen->last_ms != SLU_STIX_UNKNOWN_MS ? seen->last_ms
                                                           : 0,
        .last_ms = seen->last_ms != SLU_STIX_UNKNOWN_MS ? seen->last_ms : 0,
        .severity = slu_stix_severity_name(seen->severity),
    };
    take_findings(self, rank, out_indicator);
    take_labels(self, rank, out_indicator);
    return true;
}
