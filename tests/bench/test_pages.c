/* SPDX-License-Identifier: Apache-2.0 */
/* The pages that cases are fed with, judged by simdjson's DOM and the matchers:
 * what a page says of itself must be what is in it. */
#include "bench/pages.h"
#include "codecs/checks.h"
#include "support/json_dom.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGES 3

struct walk {
    struct slu_bench_pages pages;
    struct slu_buf text;
    struct slu_bench_pages_tally tally;
    char *ids[PAGES * 512];
    size_t count;
    size_t malicious;
};

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Takes the ids, and the verdicts, of one page's items. */
static void take_items(struct walk *self, struct slu_view page)
{
    char *items = json_dom_elements(page, self->pages.stream ? "data" : "iocs");
    char *at = items;

    cr_assert_not_null(items, "the page isn't JSON");
    while (*at != '\0') {
        size_t len = strcspn(at, "\n");
        struct slu_view item = slu_view_make(at, len);
        const char *base = self->pages.stream ? "" : "data.";
        char path[64];
        char *verdict;

        (void)snprintf(path, sizeof(path), "%sid", base);
        self->ids[self->count++] = json_dom_get(item, path);
        (void)snprintf(path, sizeof(path),
                       "%sattributes.gti_assessment.verdict.value", base);
        verdict = json_dom_get(item, path);
        self->malicious +=
            verdict != NULL && strcmp(verdict, "VERDICT_MALICIOUS") == 0;
        free(verdict);
        at += len + 1;
    }
    free(items);
}

static void walk_pages(struct walk *self)
{
    struct slu_bench bench = {.alloc = slu_alloc_default()};

    slu_buf_init(&self->text, bench.alloc, 64 << 20);
    for (uint64_t page = 0; page < PAGES; page++) {
        slu_buf_clear(&self->text);
        slu_bench_page(&bench, &self->pages, page, NULL, &self->text,
                       &self->tally);
        take_items(self, slu_buf_view(&self->text));
    }
    slu_buf_fini(&self->text);
    qsort(self->ids, self->count, sizeof(self->ids[0]), compare_texts);
}

static size_t count_unique(const struct walk *self)
{
    size_t unique = 0;

    for (size_t i = 0; i < self->count; i++) {
        unique += i == 0 || strcmp(self->ids[i - 1], self->ids[i]) != 0;
    }
    return unique;
}

static void free_ids(struct walk *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->ids[i]);
    }
}

/* How many of the ids the default settings would let into a list. */
static size_t count_valid(const struct walk *self)
{
    const struct slu_guard_options options = {.cidr_min_prefix = 8};
    struct slu_guard *guard = slu_guard_new(slu_alloc_default(), &options);
    enum slu_kind kind = self->pages.domains ? SLU_KIND_DOMAIN : SLU_KIND_IP;
    size_t valid = 0;

    for (size_t i = 0; i < self->count; i++) {
        struct slu_record record = {0};
        char scratch[SLU_VALUE_MAX];

        valid += slu_check_value(kind, slu_view_str(self->ids[i]), scratch,
                                 &record) == SLU_REASON_NONE &&
                 slu_check_guard(guard, &record) == SLU_REASON_NONE;
    }
    slu_guard_free(guard);
    return valid;
}

static void check_clean(struct slu_bench_pages pages)
{
    struct walk walk = {.pages = pages};
    size_t all = (size_t)PAGES * pages.items;

    walk.pages.clean = true;
    walk_pages(&walk);
    cr_assert_eq(walk.count, all);
    cr_assert_eq(count_unique(&walk), all);
    cr_assert_eq(count_valid(&walk), all);
    cr_assert_eq(walk.malicious, all);
    cr_assert_eq(walk.tally.items, all);
    cr_assert_eq(walk.tally.accepted, all);
    cr_assert_eq(walk.tally.unique, all);
    free_ids(&walk);
}

static void check_mix(struct slu_bench_pages pages)
{
    struct walk walk = {.pages = pages};
    size_t all = (size_t)PAGES * pages.items;

    walk_pages(&walk);
    cr_assert_eq(walk.count, all);
    cr_assert_lt(walk.tally.accepted, walk.malicious);
    cr_assert_lt(walk.tally.unique, walk.tally.accepted);
    cr_assert_gt(walk.tally.unique, all * 6 / 10);
    cr_assert_lt(count_unique(&walk), all);
    cr_assert_gt(count_valid(&walk), all * 95 / 100);
    cr_assert_lt(count_valid(&walk), all);
    free_ids(&walk);
}

static const struct slu_bench_pages lists = {
    .seed = 1, .items = 512, .item_bytes = 650, .list = "malware"};

Test(bench_pages, clean_lists_are_accepted_and_new)
{
    struct slu_bench_pages pages = lists;

    check_clean(pages);
    pages.domains = true;
    check_clean(pages);
}

Test(bench_pages, mixed_lists_have_all_that_is_refused)
{
    struct slu_bench_pages pages = lists;

    check_mix(pages);
    pages.domains = true;
    check_mix(pages);
}

Test(bench_pages, streams_are_as_lists)
{
    struct slu_bench_pages pages = {
        .seed = 5, .stream = true, .items = 480, .item_bytes = 900};

    check_clean(pages);
    check_mix(pages);
}

/* Of one page, in bytes an item. */
static double measure_item(struct slu_bench_pages pages)
{
    struct slu_bench bench = {.alloc = slu_alloc_default()};
    struct slu_bench_pages_tally tally = {0};
    struct slu_buf text;

    slu_buf_init(&text, bench.alloc, 64 << 20);
    slu_bench_page(&bench, &pages, 3, NULL, &text, &tally);
    cr_assert_eq(tally.bytes, text.len);
    slu_buf_fini(&text);
    return (double)tally.bytes / pages.items;
}

Test(bench_pages, items_are_as_large_as_asked)
{
    struct slu_bench_pages pages = lists;
    static const unsigned sizes[] = {650, 900, 2000, 25000};

    for (int type = 0; type < 4; type++) {
        pages.domains = type & 1;
        pages.stream = type & 2;
        for (int i = pages.stream ? 1 : 0; i < 4; i++) {
            double size;

            pages.item_bytes = sizes[i];
            size = measure_item(pages);
            cr_expect(size > sizes[i] * 0.93 && size < sizes[i] * 1.07,
                      "%g bytes for %u, type %d", size, sizes[i], type);
        }
    }
}

Test(bench_pages, a_page_is_the_same_whatever_came_before)
{
    struct slu_bench bench = {.alloc = slu_alloc_default()};
    struct slu_bench_pages_tally tally = {0};
    struct slu_buf first;
    struct slu_buf again;

    slu_buf_init(&first, bench.alloc, 64 << 20);
    slu_buf_init(&again, bench.alloc, 64 << 20);
    slu_bench_page(&bench, &lists, 2, NULL, &first, &tally);
    slu_bench_page(&bench, &lists, 1, NULL, &again, &tally);
    cr_assert(!slu_view_equal(slu_buf_view(&first), slu_buf_view(&again)));
    slu_buf_clear(&again);
    slu_bench_page(&bench, &lists, 2, NULL, &again, &tally);
    cr_assert(slu_view_equal(slu_buf_view(&first), slu_buf_view(&again)));
    slu_buf_fini(&first);
    slu_buf_fini(&again);
}

Test(bench_pages, a_cursor_stands_where_the_stream_has_it)
{
    struct slu_bench bench = {.alloc = slu_alloc_default()};
    struct slu_bench_pages pages = {
        .stream = true, .items = 40, .item_bytes = 800};
    struct slu_bench_pages_tally tally = {0};
    struct slu_buf text;
    char *cursor;

    slu_buf_init(&text, bench.alloc, 1 << 20);
    slu_bench_page(&bench, &pages, 0, "eJw2", &text, &tally);
    cursor = json_dom_get(slu_buf_view(&text), "meta.cursor");
    cr_assert_str_eq(cursor, "eJw2");
    free(cursor);
    slu_buf_clear(&text);
    slu_bench_page(&bench, &pages, 1, NULL, &text, &tally);
    cr_assert_null(json_dom_get(slu_buf_view(&text), "meta.cursor"));
    slu_buf_fini(&text);
}

Test(bench_pages, addresses_are_scattered_over_all_that_is_global)
{
    bool seen[256] = {false};
    size_t octets = 0;

    for (uint64_t i = 0; i < 10000; i++) {
        seen[slu_bench_address(9, i) >> 24] = true;
    }
    for (int i = 0; i < 256; i++) {
        octets += seen[i];
    }
    cr_assert_eq(octets, 210);
    cr_assert(!seen[0] && !seen[10] && !seen[127] && !seen[192] && !seen[224]);
}
