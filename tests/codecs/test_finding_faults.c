/* SPDX-License-Identifier: Apache-2.0 */
#include "finding_drive.h"
#include "support/failing_alloc.h"
#include "support/failing_new.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(finding_faults, .init = set_up, .fini = tear_down);

/* --- faults ------------------------------------------------------------- */

Test(finding_faults, malformed_is_refused_with_its_offset)
{
    static const struct {
        const char *text;
        uint64_t offset;
    } bad[] = {
        {"", 0},
        {"[]", 0},
        {"\"x\"", 0},
        {"{\"severity\":1x}", 12},
        {"{\"id\":nul}", 6},
        {"{\"service\":{\"archived\":tru}}", 23},
    };

    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct slu_error error = {0};

        cr_assert_eq(try_text(bad[i].text, &error), SLU_ERR_MALFORMED, "%s",
                     bad[i].text);
        cr_assert_eq(error.code, SLU_ERR_MALFORMED);
        cr_assert_eq(error.offset, bad[i].offset, "%s: %llu", bad[i].text,
                     (unsigned long long)error.offset);
        cr_assert_eq(seen_count, 0);
    }
}

Test(finding_faults, nothing_is_called_when_the_end_is_malformed)
{
    cr_assert_eq(
        try_text("{\"service\":{" DOMAIN_ACTION "},\"severity\":5..5}", NULL),
        SLU_ERR_MALFORMED);
    cr_assert_eq(seen_count, 0);
}

Test(finding_faults, info_over_the_record_limit_is_refused)
{
    struct slu_error error = {0};

    options.record_max = 16;
    cr_assert_eq(
        try_text(INFO("\"value\":\"{\\\"sample\\\":  true}\""), &error),
        SLU_ERR_LIMIT);
    cr_assert_eq(error.code, SLU_ERR_LIMIT);
    cr_assert_eq(seen_count, 0);
}

/* Reads the rich finding; what failed must be NOMEM and leave no memory. */
static bool read_with(struct failing_alloc *failing)
{
    struct slu_error error = {0};
    enum slu_err err = SLU_ERR_NOMEM;

    options.alloc = &failing->alloc;
    reader = slu_finding_reader_new(&options);
    if (reader != NULL) {
        err = try_text(RICH_TEXT, &error);
        cr_assert_eq(error.code, err);
    }
    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
    cr_assert_eq(seen_count, err == SLU_ERR_OK ? 2 : 0);
    if (err == SLU_ERR_NOMEM && reader != NULL) {
        failing->fail_at = 0;
        read_text(RICH_TEXT);
        cr_assert_eq(seen_count, 2, "it reads on afterwards");
    }
    remake();
    cr_assert_eq(failing->live, 0);
    return err == SLU_ERR_OK;
}

Test(finding_faults, survives_the_failure_of_every_allocation)
{
    struct failing_alloc failing;
    unsigned n = 0;
    bool done;

    do {
        failing_alloc_init(&failing, ++n);
        done = read_with(&failing);
    } while (!done);
    cr_assert(n > 8, "%u allocations", n);
}

/* A name with an escape, in both texts, is simdjson's. */
Test(finding_faults, survives_the_failure_of_simdjson_s_allocations)
{
    static const char text[] =
        "{\"\\u0069d\":\"f\",\"service\":{\"additionalInfo\":{\"value\":"
        "\"{\\\"\\\\u0061\\\":1}\"},\"ebsVolumeScanDetails\":{"
        "\"scanDetections\":{\"threatDetectedByName\":{\"threatNames\":[{"
        "\"filePaths\":[{\"hash\":\"" HASH "\"}]}]}}}," DOMAIN_ACTION "}}";
    bool happened = true;
    unsigned failures = 0;

    for (long n = 1; happened && n < 50; n++) {
        struct slu_error error = {0};
        enum slu_err err;

        remake();
        reader = slu_finding_reader_new(&options);
        failing_new_at(n);
        err = try_text(text, &error);
        happened = failing_new_happened();
        failing_new_at(0);
        /* Its string buffer, which nobody uses, may be missing unnoticed. */
        cr_assert(err == SLU_ERR_OK || (happened && err == SLU_ERR_NOMEM));
        cr_assert_eq(seen_count, err == SLU_ERR_OK ? 2 : 0);
        failures += err == SLU_ERR_NOMEM;
    }
    cr_assert(failures >= 2, "of both readers");
    cr_assert_not(happened);
}

Test(finding_faults, steady_state_allocates_nothing)
{
    struct failing_alloc counting;
    unsigned calls;

    failing_alloc_init(&counting, 0);
    options.alloc = &counting.alloc;
    read_text(RICH_TEXT);
    calls = counting.calls;
    for (unsigned i = 0; i < 100; i++) {
        read_text(RICH_TEXT);
    }
    cr_assert_eq(counting.calls, calls);
    remake();
    cr_assert_eq(counting.live, 0);
}
