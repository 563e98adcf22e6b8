/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a package: what each asks, and how a full one is divided; see
 * gti_lists.h. */
#include "sources/gti_lists.h"

#include "codecs/time_text.h"
#include "codecs/url.h"

#include <assert.h>
#include <stdio.h>

#define HOUR_SECONDS 3600

enum depth {
    DEPTH_WHOLE,
    DEPTH_SCORE,
    DEPTH_POSITIVES,
    DEPTH_HAS,
};

static const char *const has_terms[SLU_GTI_HAS_COUNT] = {
    "malware_families", "campaigns", "reports", "threat_actors"};

enum slu_kind slu_gti_package_kind(const struct slu_gti_package *package)
{
    return (enum slu_kind)(package->index % SLU_KIND_COUNT);
}

int64_t slu_gti_package_hour(const struct slu_gti_list *list,
                             const struct slu_gti_package *package)
{
    return list->first +
           (int64_t)(package->index / SLU_KIND_COUNT) * HOUR_SECONDS;
}

/* "Threat List (malware) 2025080705 domain gti_score 50-74" */
static void name_part(struct slu_gti_part *part)
{
    char hour[SLU_HOUR_TEXT_LEN];
    char bands[64] = "";

    slu_time_format_hour(slu_gti_package_hour(part->list, part->package), hour);
    if (part->depth == DEPTH_SCORE) {
        (void)snprintf(bands, sizeof(bands), " gti_score %d-%d", part->score.lo,
                       part->score.hi);
    } else if (part->depth != DEPTH_WHOLE) {
        (void)snprintf(bands, sizeof(bands),
                       " gti_score %d positives %d-%d%s%s", part->score.lo,
                       part->positives.lo, part->positives.hi,
                       part->depth == DEPTH_HAS ? " " : "",
                       part->depth == DEPTH_HAS ? has_terms[part->has] : "");
    }
    (void)snprintf(part->unit.head.name, sizeof(part->unit.head.name),
                   "Threat List (%.40s) %.*s %s%s", part->list->id,
                   SLU_HOUR_TEXT_LEN, hour,
                   slu_kind_name(slu_gti_package_kind(part->package)), bands);
}

/* A new part, of which only the bands are still to be set. */
static struct slu_gti_part *add_part(struct slu_gti_list *list,
                                     struct slu_gti_package *package)
{
    struct slu_gti_part *part = slu_alloc_zero(list->ctx->alloc, sizeof(*part));

    if (part == NULL) {
        return NULL;
    }
    part->unit.kind = SLU_GTI_PART;
    part->list = list;
    part->package = package;
    part->score = (struct slu_gti_band){0, SLU_GTI_SCORE_MAX};
    part->positives = (struct slu_gti_band){0, SLU_GTI_POSITIVES_MAX};
    part->next = list->parts;
    list->parts = part;
    list->part_count++;
    package->open++;
    return part;
}

enum slu_err slu_gti_list_begin(struct slu_gti_list *self, unsigned index)
{
    const struct slu_alloc *alloc = self->ctx->alloc;
    struct slu_gti_package *package = slu_alloc_zero(alloc, sizeof(*package));
    struct slu_gti_part *part;

    if (package == NULL) {
        return SLU_ERR_NOMEM;
    }
    package->index = index;
    part = add_part(self, package);
    if (part == NULL) {
        slu_alloc_put(alloc, package, sizeof(*package));
        return SLU_ERR_NOMEM;
    }
    self->states[index] = SLU_GTI_PACKAGE_PULLED;
    name_part(part);
    return SLU_ERR_OK;
}

struct slu_gti_part *slu_gti_list_choose(const struct slu_gti_list *self,
                                         uint64_t mono_ms,
                                         uint64_t *out_wait_until_ms)
{
    for (struct slu_gti_part *part = self->parts; part != NULL;
         part = part->next) {
        uint64_t not_before_ms = part->unit.head.not_before_ms;

        if (part->asked) {
            continue;
        }
        if (not_before_ms <= mono_ms) {
            return part;
        }
        if (not_before_ms < *out_wait_until_ms) {
            *out_wait_until_ms = not_before_ms;
        }
    }
    return NULL;
}

/* ---- the request ---- */

/*
 * The terms that bring the whole band for certain. At the ends of the range no
 * term is needed, which also keeps items without a score or with one beyond.
 */
static struct slu_gti_band choose_terms(const struct slu_gti_list *list,
                                        struct slu_gti_band band, int most)
{
    struct slu_gti_band terms = {-1, -1};

    if (band.lo > 0) {
        terms.lo = band.lo - (list->lo_inclusive ? 0 : 1);
    }
    if (band.hi < most) {
        terms.hi = band.hi + (list->hi_inclusive ? 0 : 1);
    }
    return terms;
}

static enum slu_err append_terms(struct slu_buf *query, const char *name,
                                 struct slu_gti_band terms)
{
    enum slu_err err = SLU_ERR_OK;

    if (terms.lo >= 0) {
        err = slu_buf_printf(query, "%s%s:%d+", query->len > 0 ? " " : "", name,
                             terms.lo);
    }
    if (err == SLU_ERR_OK && terms.hi >= 0) {
        err = slu_buf_printf(query, "%s%s:%d-", query->len > 0 ? " " : "", name,
                             terms.hi);
    }
    return err;
}

static enum slu_err write_query(struct slu_gti_part *part,
                                struct slu_buf *query)
{
    const struct slu_gti_list *list = part->list;
    enum slu_err err = SLU_ERR_OK;

    part->terms = choose_terms(list, part->score, SLU_GTI_SCORE_MAX);
    err = append_terms(query, "gti_score", part->terms);
    if (err == SLU_ERR_OK && part->depth >= DEPTH_POSITIVES) {
        err = append_terms(
            query, "positives",
            choose_terms(list, part->positives, SLU_GTI_POSITIVES_MAX));
    }
    if (err == SLU_ERR_OK && part->depth == DEPTH_HAS) {
        err = slu_buf_printf(query, "%shas:%s", query->len > 0 ? " " : "",
                             has_terms[part->has]);
    }
    return err;
}

enum slu_err slu_gti_part_write_target(struct slu_gti_part *part,
                                       struct slu_buf *target)
{
    struct slu_gti_list *list = part->list;
    char hour[SLU_HOUR_TEXT_LEN];
    struct slu_buf query;
    enum slu_err err;

    part->wanted = slu_gti_package_kind(part->package) == SLU_KIND_DOMAIN
                       ? SLU_GTI_DOMAIN
                       : SLU_GTI_IP_ADDRESS;
    part->hour = slu_gti_package_hour(list, part->package);
    part->stray = 0;
    part->unscored = false;
    part->at_lo = false;
    part->at_hi = false;
    slu_time_format_hour(part->hour, hour);
    slu_buf_init(&query, list->ctx->alloc, 512);
    err = write_query(part, &query);
    if (err == SLU_ERR_OK) {
        err = slu_buf_printf(
            target, "/api/v3/threat_lists/%s/%.*s?type=%s&limit=%lld%s",
            list->id, SLU_HOUR_TEXT_LEN, hour,
            slu_kind_name(slu_gti_package_kind(part->package)),
            (long long)list->ctx->config->threat_list_limit,
            query.len > 0 ? "&query=" : "");
    }
    if (err == SLU_ERR_OK) {
        err = slu_url_append_encoded(target, slu_buf_view(&query));
    }
    slu_buf_fini(&query);
    return err;
}

/* ---- the answer ---- */

/* A score of 0 may stand for an absent one, so it proves nothing. */
void slu_gti_part_note_item(struct slu_gti_part *part,
                            const struct slu_gti_item *item)
{
    part->unscored |= item->verdict == SLU_VERDICT_NONE;
    if (item->verdict == SLU_VERDICT_NONE || item->score == 0) {
        return;
    }
    if (part->terms.lo >= 0) {
        part->stray += item->score < part->terms.lo;
        part->at_lo |= item->score == part->terms.lo;
    }
    if (part->terms.hi >= 0) {
        part->stray += item->score > part->terms.hi;
        part->at_hi |= item->score == part->terms.hi;
    }
}

static void report_gap(struct slu_gti_part *part, const char *why)
{
    struct slu_gti_context *ctx = part->list->ctx;
    struct slu_error error;

    part->package->incomplete = true;
    (void)slu_error_set(&error, SLU_ERR_INCOMPLETE, "%s is incomplete: %s",
                        part->unit.head.name, why);
    slu_source_log(&ctx->port, SLU_LOG_WARN,
                   "%s; what came is kept, raise gti.threat_list_limit if "
                   "it is below %d",
                   error.text, SLU_GTI_LIST_LIMIT);
    slu_gti_context_note(ctx, &error);
}

static bool is_same_band(struct slu_gti_band a, struct slu_gti_band b)
{
    return a.lo == b.lo && a.hi == b.hi;
}

/* Halves one of the part's bands: the lower half stays with it. */
static enum slu_err bisect(struct slu_gti_part *part, bool by_score)
{
    struct slu_gti_part *upper = add_part(part->list, part->package);
    struct slu_gti_band *low;
    struct slu_gti_band *high;

    if (upper == NULL) {
        return SLU_ERR_NOMEM;
    }
    upper->depth = part->depth;
    upper->score = part->score;
    upper->positives = part->positives;
    low = by_score ? &part->score : &part->positives;
    high = by_score ? &upper->score : &upper->positives;
    low->hi = low->lo + (low->hi - low->lo) / 2;
    high->lo = low->hi + 1;
    name_part(part);
    name_part(upper);
    return SLU_ERR_OK;
}

/* The part's answer was full, hence cut: narrower questions take its place. */
static enum slu_err divide(struct slu_gti_part *part)
{
    if (part->depth == DEPTH_WHOLE) {
        part->depth = DEPTH_SCORE;
        return bisect(part, true);
    }
    if (part->score.lo < part->score.hi) {
        return bisect(part, true);
    }
    /* What was learned since may make the same band's terms tighter. */
    if (!is_same_band(part->terms, choose_terms(part->list, part->score,
                                                SLU_GTI_SCORE_MAX))) {
        return SLU_ERR_OK;
    }
    part->depth = DEPTH_POSITIVES;
    if (part->positives.lo < part->positives.hi) {
        return bisect(part, false);
    }
    part->depth = DEPTH_HAS;
    name_part(part);
    return SLU_ERR_OK;
}

/* The four are asked in turn. Whoever has none of them is in no answer: that
 * there are such shows when the four together bring less than the one did. */
static bool settle_has(struct slu_gti_part *part, uint64_t items, bool full)
{
    if (full) {
        report_gap(part, "the narrowest query is still cut by the server");
    }
    part->has_items += items;
    if (part->has + 1 < SLU_GTI_HAS_COUNT) {
        part->has++;
        name_part(part);
        return true;
    }
    if (!full && part->has_items <
                     (uint64_t)part->list->ctx->config->threat_list_limit) {
        report_gap(part, "items without any association can't be told apart");
    }
    return false;
}

static void learn(struct slu_gti_part *part)
{
    if (part->stray == 0) {
        part->list->lo_inclusive |= part->at_lo;
        part->list->hi_inclusive |= part->at_hi;
    }
}

/* Items without an assessment count as VERDICT_UNKNOWN with a score of 0. */
static bool wants_unscored(const struct slu_gti_config *config)
{
    bool wanted = false;

    for (unsigned i = 0; i < config->verdicts.count; i++) {
        wanted |= strcmp(config->verdicts.items[i], "VERDICT_UNKNOWN") == 0;
    }
    return wanted && config->min_score == 0;
}

/* They may match no score term at all. Then those behind the cut are in no
 * answer, and that is told where they would be wanted. */
static void note_unscored(struct slu_gti_part *part, bool full)
{
    struct slu_gti_package *package = part->package;

    if (part->depth == DEPTH_WHOLE) {
        package->unscored = part->unscored && full;
    } else {
        package->banded |= part->unscored;
    }
}

static void judge_unscored(struct slu_gti_part *part)
{
    struct slu_gti_package *package = part->package;

    if (package->open == 1 && package->unscored && !package->banded &&
        !package->incomplete && wants_unscored(part->list->ctx->config)) {
        report_gap(part, "items without an assessment match no score, so "
                         "those behind the cut can't be asked for");
    }
}

static enum slu_err settle(struct slu_gti_part *part, bool *out_more)
{
    uint64_t items = part->unit.page->items;
    bool full = items == (uint64_t)part->list->ctx->config->threat_list_limit;

    learn(part);
    note_unscored(part, full);
    *out_more = false;
    if (part->depth == DEPTH_HAS) {
        *out_more = settle_has(part, items, full);
        return SLU_ERR_OK;
    }
    if (!full || part->package->failed) {
        return SLU_ERR_OK;
    }
    if (part->package->ignored || part->stray * 2 > items) {
        if (!part->package->ignored) {
            report_gap(part, "it is cut, and the server ignores the query that "
                             "would divide it");
        }
        part->package->ignored = true;
        return SLU_ERR_OK;
    }
    *out_more = true;
    return divide(part);
}

enum slu_err slu_gti_part_settle(struct slu_gti_part *part, bool *out_more)
{
    enum slu_err err = settle(part, out_more);

    if (err == SLU_ERR_OK && !*out_more) {
        judge_unscored(part);
    }
    return err;
}

/* ---- ends ---- */

static void leave_package(struct slu_gti_part *part)
{
    struct slu_gti_package *package = part->package;

    package->open--;
    if (package->open == 0) {
        slu_alloc_put(part->list->ctx->alloc, package, sizeof(*package));
    }
    part->package = NULL;
}

void slu_gti_part_drop(struct slu_gti_part *part)
{
    struct slu_gti_list *list = part->list;
    struct slu_gti_part **link = &list->parts;

    while (*link != part) {
        link = &(*link)->next;
    }
    *link = part->next;
    list->part_count--;
    leave_package(part);
    if (part->asked) {
        part->unit.dropped = true;
        part->next = list->orphans;
        list->orphans = part;
    } else {
        part->next = list->dead;
        list->dead = part;
    }
}

void slu_gti_list_drop_all(struct slu_gti_list *self)
{
    while (self->parts != NULL) {
        slu_gti_part_drop(self->parts);
    }
}

void slu_gti_part_bury(struct slu_gti_part *part)
{
    struct slu_gti_list *list = part->list;
    struct slu_gti_part **link = &list->orphans;

    while (*link != part) {
        link = &(*link)->next;
    }
    *link = part->next;
    part->next = list->dead;
    list->dead = part;
}

void slu_gti_list_sweep(struct slu_gti_list *self)
{
    while (self->dead != NULL) {
        struct slu_gti_part *part = self->dead;

        self->dead = part->next;
        slu_gti_page_release(self->ctx, &part->unit);
        slu_alloc_put(self->ctx->alloc, part, sizeof(*part));
    }
}
