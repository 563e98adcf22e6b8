/* SPDX-License-Identifier: Apache-2.0 */
/* Rows through a whole pull: checks, counts, the line of each page. */
#include "engine/pull_bench.h"
#include "engine/store_support.h"

#include <criterion/criterion.h>

#define SHA256_UPPER                                                           \
    "275A021BBFB6489E54D471899F7DB9D1663FC695EC2FE2A2C4538AABF651FD0F"
#define SHA256_LOWER                                                           \
    "275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"

static struct bench bench;
static struct slu_rows *rows;
static const char *bodies[8];
static const struct slu_row_sink *const sinks[] = {&slu_ndjson_sink};

static struct raw_answer answer_body(void *ctx, const char *request)
{
    unsigned unit;
    unsigned page;

    (void)ctx;
    bench_parse(request, &unit, &page);
    return served_text(200, "", bodies[page]);
}

static enum slu_err before_commit(void *ctx, struct slu_error *out_error)
{
    (void)ctx;
    return rows == NULL ? SLU_ERR_OK : slu_rows_sync(rows, out_error);
}

static void start(const char *first, const char *second)
{
    bodies[0] = first;
    bodies[1] = second;
    bench_start(&bench, answer_body, NULL);
    bench.options.ops = &fake_rows_source;
    bench.world.pages = second == NULL ? 1 : 2;
    bench.store_options.before_commit = before_commit;
}

static enum slu_err run(void)
{
    char out[80];
    struct slu_rows_options options = {
        .alloc = slu_alloc_default(),
        .state_dir = bench.dir,
        .output_dir = out,
        .source = "fake",
        .durable_claims = true,
        .sinks = sinks,
        .sink_count = 1,
        .logger = bench.options.logger,
    };

    (void)snprintf(out, sizeof(out), "%s/out", bench.dir);
    bench_open(&bench);
    if (rows == NULL) {
        options.store = bench.store;
        cr_assert_eq(slu_rows_open(&options, &rows, &bench.error), SLU_ERR_OK,
                     "%s", bench.error.text);
    }
    bench.options.rows = rows;
    return bench_run(&bench);
}

static void stop(void)
{
    bench_stop_server(&bench);
    slu_store_close(bench.store);
    bench.store = NULL;
    slu_rows_close(rows);
    rows = NULL;
    bench_stop(&bench);
}

/* The values of the file, each with a blank behind it. */
static const char *written(void)
{
    static char out[8192];
    char path[128];
    char line[4096];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/out/indicators.ndjson", bench.dir);
    file = fopen(path, "rb");
    out[0] = '\0';
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        char value[300] = "?";

        (void)sscanf(line, "{\"value\":\"%299[^\"]", value);
        (void)strcat(strcat(out, value), " ");
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return out;
}

static void expect_line(const char *line)
{
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_INFO, line), 1u, "%s", line);
}

Test(pull_rows, are_canonical_and_tell_their_page)
{
    start("Ff1|1000\n48.8.8.8\nnEvil.Example.COM.\nh" SHA256_UPPER "\n"
          "Ff2|1000\n41.2.3.4/32\n410.1.2.3\nnno_good.com\nhabc\nc\n",
          "Ff3|1000\n49.9.9.9\n");
    cr_assert_eq(run(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_str_eq(written(),
                     "8.8.8.8 evil.example.com " SHA256_LOWER " 9.9.9.9 ");
    expect_line("Successfully fetched 3 indicator(s) and skipped 5 indicator(s)"
                " in page 1. Pull Stats: SHA256=1, IPv4=1, Domain=1. Total "
                "indicator(s) fetched: 3");
    expect_line("Successfully fetched 1 indicator(s) and skipped 0 indicator(s)"
                " in page 2. Pull Stats: SHA256=0, IPv4=1, Domain=0. Total "
                "indicator(s) fetched: 4");
    cr_assert_eq(bench.report.findings, 3u);
    cr_assert_eq(bench.report.items, 9u);
    cr_assert_eq(bench.report.rows[SLU_ROW_IPV4], 2u);
    cr_assert_eq(bench.report.rows[SLU_ROW_DOMAIN], 1u);
    cr_assert_eq(bench.report.rows[SLU_ROW_SHA256], 1u);
    stop();
}

static uint64_t count_reason(const char *reason)
{
    for (unsigned i = 0; i < bench.report.reason_count; i++) {
        if (strcmp(bench.report.reasons[i].reason, reason) == 0) {
            return bench.report.reasons[i].count;
        }
    }
    return 0;
}

Test(pull_rows, are_refused_with_their_reason)
{
    start("Ff1|1\n41.2.3.0/24\n4\n42001:db8::1\n4127.0.0.1\nhxyz\nn\n"
          "62001:DB8::1\n6fe80::1%eth0\n6::ffff:8.8.8.8\n",
          NULL);
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_str_eq(written(), "");
    cr_assert_eq(count_reason("ip_syntax"), 2u);
    cr_assert_eq(count_reason("ipv6"), 1u);
    cr_assert_eq(count_reason("empty"), 2u);
    cr_assert_eq(count_reason("guard_loopback"), 1u);
    cr_assert_eq(count_reason("guard_documentation"), 1u);
    cr_assert_eq(count_reason("guard_reserved"), 1u);
    cr_assert_eq(count_reason("hash_length"), 1u);
    expect_line("fetched 0 indicator(s) and skipped 9 indicator(s) in page 1.");
    stop();
}

Test(pull_rows, of_ipv6_are_told_when_there_are_any)
{
    start("Ff1|1\n62606:4700:0::1111\n", NULL);
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_str_eq(written(), "2606:4700::1111 ");
    expect_line("Pull Stats: SHA256=0, IPv4=0, Domain=0, IPv6=1. Total "
                "indicator(s) fetched: 1");
    stop();
}

Test(pull_rows, of_a_value_of_any_length_are_looked_at)
{
    static char body[3000] = "Ff1|1\nn";

    memset(body + 7, 'a', 250);
    (void)strcat(body, "\n");
    start(body, NULL);
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_str_eq(written(), "");
    cr_assert_eq(bench.report.items, 1u);
    stop();
}

Test(pull_rows, that_came_before_are_counted_as_repeats)
{
    start("Ff1|1000\n48.8.8.8\n48.8.8.8\n", "Ff1|1000\n48.8.8.8\n");
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_str_eq(written(), "8.8.8.8 ");
    cr_assert_eq(bench.report.duplicates, 2u);
    expect_line("fetched 1 indicator(s) and skipped 1 indicator(s) in page 1.");
    expect_line("fetched 0 indicator(s) and skipped 1 indicator(s) in page 2.");
    stop();
}

Test(pull_rows, say_nothing_of_answers_without_findings)
{
    start("padding\n", NULL);
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_DEBUG, "Successfully"), 0u);
    stop();
}

static void note_row(void *ctx, const struct slu_row *row)
{
    char *values = ctx;

    (void)strncat(values, row->value.ptr, row->value.len);
    (void)strcat(values, " ");
}

Test(pull_rows, are_shown_to_an_embedder_as_they_are_written)
{
    char values[256] = "";

    start("Ff1|1000\n48.8.8.8\n410.0.0.1\nnA.example.com|c\n", NULL);
    bench.callbacks.on_row = note_row;
    bench.callbacks.row_ctx = values;
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_str_eq(values, "8.8.8.8 a.example.com ");
    stop();
}

Test(pull_rows, hand_on_the_horizon_of_their_source)
{
    start("Ff1|1000\n", NULL);
    bench.world.horizon_ms = 77;
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_eq(bench.result.horizon_ms, 77);
    stop();
}

static struct raw_answer answer_late(void *ctx, const char *request)
{
    static unsigned asked;

    return asked++ == 0 ? served_text(503, "", bodies[0])
                        : answer_body(ctx, request);
}

Test(pull_rows, of_an_answer_that_does_not_count_are_not_written)
{
    start("Ff1|1000\n48.8.8.8\n", NULL);
    bench_stop_server(&bench);
    served_start(&bench.served, answer_late, NULL);
    memcpy(bench.world.base_url, bench.served.url, sizeof(bench.served.url));
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_str_eq(written(), "8.8.8.8 ");
    cr_assert_eq(bench.report.duplicates, 0u);
    cr_assert_eq(bench.report.retries, 1u);
    stop();
}
