/* SPDX-License-Identifier: Apache-2.0 */
/* The same results as text, as JSON and as a page. */
#include "bench/chart.h"
#include "bench/page.h"
#include "support/json_dom.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 100

struct scene {
    struct slu_bench_case cases[2];
    struct slu_bench_figure figures[2];
    struct slu_bench_result results[2];
    struct slu_bench_report report;
    char *text; /* free() */
    size_t len;
};

static void fill_series(struct slu_bench_series *series, double first)
{
    for (int i = 0; i < 5; i++) {
        slu_bench_add(series, first + i);
    }
}

/* A case with two figures, the first one with two rivals, and one that
 * failed. Each text has what the three forms must mask. */
static void make_scene(struct scene *self)
{
    *self = (struct scene){
        .cases = {{.name = "one", .title = "First & <best>", .what = "a \"b\""},
                  {.name = "two", .title = "Second", .what = "none"}},
        .figures = {{.name = "speed <script>",
                     .unit = "GB/s",
                     .better = SLU_BENCH_MORE,
                     .limit = 3,
                     .note = "it's \\ noted",
                     .rivals = {{.name = "rival & co"}, {.name = "other"}}},
                    {.name = "time", .unit = "ns", .limit = 2}},
        .report = {.seed = 7, .size = SLU_BENCH_NORMAL, .count = 2},
    };
    fill_series(&self->figures[0].ours, 2);
    fill_series(&self->figures[0].rivals[0].series, 1);
    fill_series(&self->figures[0].rivals[1].series, 4);
    fill_series(&self->figures[1].ours, 1000000);
    self->results[0] = (struct slu_bench_result){
        .of = &self->cases[0], .done = true, .seconds = 1.5, .count = 2};
    self->results[0].figures[0].figure = &self->figures[0];
    self->results[0].figures[1].figure = &self->figures[1];
    self->results[1] = (struct slu_bench_result){
        .of = &self->cases[1], .sentence = "iprange isn't \"there\""};
    self->report.results = self->results;
    (void)strcpy(self->report.machine.cpu, "A <CPU> \"x\"");
    (void)strcpy(self->report.machine.version, "1.2.3");
    (void)strcpy(self->report.machine.kernels,
                 "AVX-512, AVX2, SSE4.2, portable C");
    (void)strcpy(self->report.machine.kernels_used,
                 "JSON avx512, IPv4 sse4.2, domains avx512");
}

static void write_with(struct scene *self,
                       void (*write)(FILE *to,
                                     const struct slu_bench_report *report))
{
    FILE *to = open_memstream(&self->text, &self->len);

    write(to, &self->report);
    (void)fclose(to);
}

static void write_text(FILE *to, const struct slu_bench_report *report)
{
    slu_bench_text_begin(to, report);
    for (size_t i = 0; i < report->count; i++) {
        slu_bench_text_case(to, report, &report->results[i], false);
    }
    slu_bench_text_end(to, report);
}

static void expect_in(const struct scene *self, const char *part)
{
    cr_expect_not_null(strstr(self->text, part), "\"%s\" isn't in\n%s", part,
                       self->text);
}

static void expect_out(const struct scene *self, const char *part)
{
    cr_expect_null(strstr(self->text, part), "\"%s\" is in\n%s", part,
                   self->text);
}

/* ---- text ---- */

Test(bench_output, text_shows_figures_limits_and_rivals)
{
    struct scene scene;

    make_scene(&scene);
    write_with(&scene, write_text);
    expect_in(&scene, "portable C; in use: JSON avx512, IPv4");
    expect_in(&scene, "First & <best> (one, 1.5 s)");
    expect_in(&scene, "4.00       3.00 - 5.00");
    expect_in(&scene, ">= 3.00  reached");
    expect_in(&scene, "ours 1.33 x better");
    expect_in(&scene, "ours 1.50 x worse");
    expect_in(&scene, "1,000,002");
    expect_in(&scene, "<= 2.00  MISSED");
    expect_in(&scene, "it's \\ noted");
    expect_in(&scene, "FAILED: iprange isn't \"there\"");
    expect_in(&scene, "2 figures: 1 reached the limit, 1 missed it, 0 have "
                      "none; 1 of 2 cases FAILED.");
    free(scene.text);
}

Test(bench_output, text_fits_its_columns)
{
    struct scene scene;
    const char *at;

    make_scene(&scene);
    write_with(&scene, write_text);
    for (at = scene.text; *at != '\0'; at += strcspn(at, "\n") + 1) {
        cr_expect_leq(strcspn(at, "\n"), WIDTH, "%s", at);
    }
    free(scene.text);
}

Test(bench_output, smoke_times_are_not_judged)
{
    struct scene scene;

    make_scene(&scene);
    scene.report.size = SLU_BENCH_SMOKE;
    write_with(&scene, write_text);
    expect_in(&scene, "the times mean nothing");
    expect_out(&scene, "reached");
    expect_out(&scene, "MISSED");
    expect_out(&scene, "better");
    free(scene.text);
    write_with(&scene, slu_bench_html);
    expect_out(&scene, ">reached<");
    expect_out(&scene, ">missed<");
    expect_in(&scene, "not judged");
    free(scene.text);
}

/* ---- JSON ---- */

/* The value at `path` of the index-th member of an array. */
static char *get_element(const char *elements, unsigned index, const char *path)
{
    const char *at = elements;

    while (index-- > 0) {
        at += strcspn(at, "\n") + 1;
    }
    return json_dom_get(slu_view_make(at, strcspn(at, "\n")), path);
}

static void expect_element(const char *elements, unsigned index,
                           const char *path, const char *want)
{
    char *got = get_element(elements, index, path);

    cr_expect(got != NULL && strcmp(got, want) == 0, "%s is %s, not %s", path,
              got == NULL ? "absent" : got, want);
    free(got);
}

Test(bench_output, json_has_it_all)
{
    struct scene scene;
    char *cases;
    char *figures;
    char *rivals;
    char *first;

    make_scene(&scene);
    write_with(&scene, slu_bench_json);
    cases = json_dom_elements(slu_view_make(scene.text, scene.len), "cases");
    cr_assert_not_null(cases, "it isn't JSON: %s", scene.text);
    first = json_dom_get(slu_view_make(scene.text, scene.len), "machine.cpu");
    cr_expect_str_eq(first, "A <CPU> \"x\"");
    free(first);
    expect_element(cases, 0, "title", "First & <best>");
    expect_element(cases, 0, "error", "null");
    expect_element(cases, 1, "error", "iprange isn't \"there\"");
    figures = json_dom_elements(slu_view_make(cases, strcspn(cases, "\n")),
                                "figures");
    expect_element(figures, 0, "median", "4");
    expect_element(figures, 0, "limit", "3");
    expect_element(figures, 0, "reached", "true");
    expect_element(figures, 0, "note", "it's \\ noted");
    expect_element(figures, 0, "rounds", "[2,3,4,5,6]");
    expect_element(figures, 1, "reached", "false");
    expect_element(figures, 1, "note", "null");
    first = figures;
    rivals =
        json_dom_elements(slu_view_make(first, strcspn(first, "\n")), "rivals");
    expect_element(rivals, 0, "name", "rival & co");
    expect_element(rivals, 1, "median", "6");
    free(rivals);
    free(figures);
    free(cases);
    free(scene.text);
}

Test(bench_output, json_has_no_number_that_json_lacks)
{
    struct scene scene;
    char *cases;

    make_scene(&scene);
    scene.figures[0].ours.values[2] = INFINITY;
    scene.figures[0].ours.values[3] = NAN;
    write_with(&scene, slu_bench_json);
    cases = json_dom_elements(slu_view_make(scene.text, scene.len), "cases");
    cr_expect_not_null(cases, "it isn't JSON: %s", scene.text);
    free(cases);
    free(scene.text);
}

/* ---- the page ---- */

Test(bench_output, the_page_masks_what_html_would_read)
{
    struct scene scene;

    make_scene(&scene);
    write_with(&scene, slu_bench_html);
    expect_in(&scene, "First &amp; &lt;best&gt;");
    expect_in(&scene, "speed &lt;script&gt;");
    expect_in(&scene, "A &lt;CPU&gt; &quot;x&quot;");
    expect_in(&scene, "it&#39;s \\ noted");
    expect_in(&scene, "rival &amp; co");
    expect_out(&scene, "<script");
    expect_out(&scene, "<best>");
    free(scene.text);
}

Test(bench_output, the_page_needs_nothing_from_elsewhere)
{
    struct scene scene;

    make_scene(&scene);
    write_with(&scene, slu_bench_html);
    expect_out(&scene, "http:");
    expect_out(&scene, "https:");
    expect_out(&scene, "src=");
    expect_out(&scene, "url(");
    expect_out(&scene, "@import");
    expect_in(&scene, "<svg");
    free(scene.text);
}

/* How often a part stands in the page. */
static unsigned count_parts(const struct scene *self, const char *part)
{
    unsigned count = 0;

    for (const char *at = strstr(self->text, part); at != NULL;
         at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

Test(bench_output, the_page_draws_each_way_and_closes_what_it_opens)
{
    static const char *const names[] = {
        "svg",  "div", "section", "table", "tr",     "td", "p", "dl",
        "main", "h3",  "span",    "text",  "footer", "b",  "a", "html"};
    struct scene scene;

    make_scene(&scene);
    write_with(&scene, slu_bench_html);
    cr_expect_eq(count_parts(&scene, "<svg class=\"bar ours\""), 2);
    cr_expect_eq(count_parts(&scene, "<svg class=\"bar rival\""), 2);
    cr_expect_eq(count_parts(&scene, "<circle"), 20);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char open[2][16];
        char close[16];

        (void)snprintf(open[0], sizeof(open[0]), "<%s>", names[i]);
        (void)snprintf(open[1], sizeof(open[1]), "<%s ", names[i]);
        (void)snprintf(close, sizeof(close), "</%s>", names[i]);
        cr_expect_eq(count_parts(&scene, open[0]) +
                         count_parts(&scene, open[1]),
                     count_parts(&scene, close), "%s", names[i]);
    }
    expect_in(&scene, ">reached<");
    expect_in(&scene, ">missed<");
    expect_in(&scene, "iprange isn&#39;t &quot;there&quot;");
    free(scene.text);
}

/* On a bar the line alone would not be seen. */
Test(bench_output, the_limit_has_a_halo_on_every_bar)
{
    struct scene scene;

    make_scene(&scene);
    write_with(&scene, slu_bench_html);
    cr_expect_eq(count_parts(&scene, "class=\"halo\""),
                 count_parts(&scene, "class=\"limit\""));
    cr_expect_gt(count_parts(&scene, "class=\"halo\""), 4);
    expect_in(&scene, "svg .halo{");
    free(scene.text);
}

Test(bench_output, ticks_are_round_numbers)
{
    struct scene scene;
    struct slu_bench_figure figure = {.unit = "x"};
    struct slu_bench_scale scale;
    FILE *to = open_memstream(&scene.text, &scene.len);

    slu_bench_add(&figure.ours, 1.9);
    scale = slu_bench_scale_make(&figure);
    slu_bench_chart_axis(to, &scale, &figure);
    (void)fclose(to);
    expect_in(&scene, ">0<");
    expect_in(&scene, ">0.5<");
    expect_in(&scene, ">1<");
    expect_in(&scene, ">1.5<");
    free(scene.text);
}

/* ---- scales ---- */

static struct slu_bench_scale scale_of(double ours, double rival, double limit)
{
    struct slu_bench_figure figure = {.limit = limit,
                                      .rivals = {{.name = "r"}}};

    slu_bench_add(&figure.ours, ours);
    slu_bench_add(&figure.rivals[0].series, rival);
    return slu_bench_scale_make(&figure);
}

static void check_scale(struct slu_bench_scale scale, bool logarithmic,
                        double least, double most)
{
    cr_expect_eq(scale.logarithmic, logarithmic);
    cr_expect_gt(scale.count, 1);
    cr_expect_leq(scale.from, least);
    cr_expect_geq(scale.to, most);
    cr_expect_lt(slu_bench_scale_place(&scale, least),
                 slu_bench_scale_place(&scale, most));
    cr_expect_leq(slu_bench_scale_place(&scale, most), 100);
    for (unsigned i = 1; i < scale.count; i++) {
        cr_expect_gt(scale.ticks[i], scale.ticks[i - 1]);
        cr_expect_leq(scale.ticks[i], scale.to);
    }
}

Test(bench_output, scales_begin_at_zero_and_have_room_for_all)
{
    check_scale(scale_of(1.2, 2.1, 5), false, 1.2, 5);
    check_scale(scale_of(3, 4, 0), false, 3, 4);
    check_scale(scale_of(0.0007, 0.001, 0.02), false, 0.0007, 0.02);
    check_scale(scale_of(1000000, 2000000, 0), false, 1000000, 2000000);
    cr_expect_eq(scale_of(1.2, 2.1, 5).from, 0);
}

Test(bench_output, scales_of_what_lies_far_apart_are_logarithmic)
{
    check_scale(scale_of(1, 100, 0), true, 1, 100);
    check_scale(scale_of(0.003, 100000, 2), true, 0.003, 100000);
    cr_expect_leq(scale_of(0.003, 100000, 2).count, 6); /* on a phone */
    check_scale(scale_of(1, 2, 1e12), true, 1, 1e12);
}

Test(bench_output, a_scale_of_nothing_is_one)
{
    struct slu_bench_scale scale = scale_of(0, 0, 0);

    cr_expect_gt(scale.to, 0);
    cr_expect_eq(slu_bench_scale_place(&scale, 0), 0);
}
