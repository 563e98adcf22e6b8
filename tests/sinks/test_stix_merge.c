/* SPDX-License-Identifier: Apache-2.0 */
/* What rows become is in test_stix_bundle.py; here is what goes wrong. */
#include "sinks/row_sink.h"
#include "sinks/stix_merge.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct slu_buf spool;
static size_t at;
static size_t written;
static enum slu_err write_err;

static void add_row(const char *value, unsigned finding)
{
    static const struct slu_view tag = SLU_VIEW_LITERAL("a\tb\nc");
    char id[16];
    struct slu_row row = {
        .value = slu_view_str(value),
        .kind = SLU_ROW_DOMAIN,
        .ce_type = "url",
        .severity = "low",
        .tags = &tag,
        .tag_count = 1,
        .first_seen = slu_view_str("2025-08-07T05:00:00Z"),
        .last_seen = slu_view_str("yesterday"),
    };

    (void)snprintf(id, sizeof(id), "f%u", finding);
    row.finding_id = slu_view_str(id);
    cr_assert_eq(slu_stix_sink.row(&row, &spool), SLU_ERR_OK);
}

static void start(void)
{
    slu_buf_init(&spool, slu_alloc_default(), 1 << 20);
    write_err = SLU_ERR_OK;
}

static void stop(void)
{
    slu_buf_fini(&spool);
}

TestSuite(stix_merge, .init = start, .fini = stop);

static enum slu_err read_piece(void *ctx, struct slu_view *out_bytes)
{
    size_t len = spool.len - at < 100 ? spool.len - at : 100;

    (void)ctx;
    *out_bytes = slu_view_make(spool.ptr + at, len);
    at += len;
    return SLU_ERR_OK;
}

static enum slu_err write_piece(void *ctx, struct slu_view bytes)
{
    (void)ctx;
    written += bytes.len;
    return write_err;
}

static enum slu_err finish(const struct slu_alloc *alloc,
                           struct slu_error *error)
{
    struct slu_row_finish job = {
        .alloc = alloc, .read = read_piece, .write = write_piece};

    at = 0;
    written = 0;
    *error = (struct slu_error){0};
    return slu_stix_sink.finish(&job, error);
}

Test(stix_merge, spools_a_row_as_one_line_whatever_its_texts)
{
    add_row("x.example.com", 1);
    cr_assert(slu_view_equal_str(slu_buf_view(&spool),
                                 "d\t1\t1754542800000\t\tx.example.com\tf1\t\t"
                                 "\ta b c\n"));
}

Test(stix_merge, takes_a_spooled_line_apart_again)
{
    struct slu_stix_spooled row;
    struct slu_view tag;

    add_row("x.example.com", 1);
    cr_assert(
        slu_stix_spool_parse(slu_view_make(spool.ptr, spool.len - 1), &row));
    cr_assert_eq(row.kind, SLU_ROW_DOMAIN);
    cr_assert(slu_view_equal_str(row.value, "x.example.com"));
    cr_assert_eq(row.seen.severity, 1u);
    cr_assert_eq(row.seen.first_ms, 1754542800000);
    cr_assert_eq(row.seen.last_ms, SLU_STIX_UNKNOWN_MS);
    cr_assert(slu_view_equal_str(row.finding, "f1\t\t"));
    cr_assert(slu_stix_spool_field(&row.tags, &tag));
    cr_assert(slu_view_equal_str(tag, "a b c"));
    cr_assert_not(slu_stix_spool_field(&row.tags, &tag));
}

Test(stix_merge, refuses_damaged_lines)
{
    static const char *const bad[] = {
        "",
        "d",
        "d\t1\t1\t1\tv\tf\ta",
        "x\t1\t1\t1\tv\tf\ta\tt",
        "dd\t1\t1\t1\tv\tf\ta\tt",
        "d\t5\t1\t1\tv\tf\ta\tt",
        "d\t\t1\t1\tv\tf\ta\tt",
        "d\t1\t-1\t1\tv\tf\ta\tt",
        "d\t1\t1\t1x\tv\tf\ta\tt",
        "d\t1\t1\t1234567890123456789\tv\tf\ta\tt",
        "d\t1\t1\t1\t\tf\ta\tt",
    };
    struct slu_stix_spooled row;
    struct slu_error error;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_not(slu_stix_spool_parse(slu_view_str(bad[i]), &row), "%s",
                      bad[i]);
    }
    add_row("x.example.com", 1);
    cr_assert_eq(slu_buf_append_str(&spool, "junk\n"), SLU_ERR_OK);
    cr_assert_eq(finish(slu_alloc_default(), &error), SLU_ERR_STATE);
    cr_assert_not_null(strstr(error.text, "move stix.spool out of state_dir"));
}

Test(stix_merge, tells_what_to_do_when_a_line_is_too_long_for_it)
{
    struct slu_error error;
    char *room;

    slu_buf_fini(&spool);
    slu_buf_init(&spool, slu_alloc_default(), (size_t)20 << 20);
    cr_assert_eq(slu_buf_reserve(&spool, (size_t)17 << 20, &room), SLU_ERR_OK);
    memset(room, 'x', (size_t)17 << 20);
    slu_buf_commit(&spool, (size_t)17 << 20);
    cr_assert_eq(finish(slu_alloc_default(), &error), SLU_ERR_LIMIT);
    cr_assert_not_null(strstr(error.text, "use the sink ndjson or csv"));
}

Test(stix_merge, hands_on_a_failed_write)
{
    struct slu_error error;

    add_row("x.example.com", 1);
    write_err = SLU_ERR_IO;
    cr_assert_eq(finish(slu_alloc_default(), &error), SLU_ERR_IO);
}

Test(stix_merge, survives_every_failed_allocation)
{
    struct failing_alloc failing;
    struct slu_error error;
    unsigned fail_at = 0;
    enum slu_err err;

    for (unsigned i = 0; i < 50; i++) {
        char value[32];

        (void)snprintf(value, sizeof(value), "x%u.example.com", i % 20);
        add_row(value, i % 7);
    }
    do {
        failing_alloc_init(&failing, ++fail_at);
        err = finish(&failing.alloc, &error);
        cr_assert_eq(failing.live, 0, "%u", fail_at);
    } while (err == SLU_ERR_NOMEM);
    cr_assert_eq(err, SLU_ERR_OK);
    cr_assert_gt(fail_at, 20u);
    cr_assert_gt(written, 1000u);
}
