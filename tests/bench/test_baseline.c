/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hot loops find what they are to find, and a file that can't be compared
 * with is said to be so. (That counts are compared is proved by the release
 * build's own test, below callgrind.)
 */
#include "bench/baseline.h"
#include "bench/kernels.h"
#include "bench/machine.h"
#include "bench/run_private.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(bench_baseline, every_loop_finds_all)
{
    struct slu_bench_run run = {.report = STDERR_FILENO};
    struct slu_bench bench = {.alloc = slu_alloc_default(), .run = &run};

    slu_bench_count_all(&bench); /* ends the process otherwise */
}

/* What is said of a file with that text. */
static enum slu_bench_baseline compare(const char *text, char **out_said)
{
    const struct slu_bench_wish wish = {.alloc = slu_alloc_default(),
                                        .bin_dir = "/nowhere"};
    char path[] = "/tmp/sluice-baseline.XXXXXX";
    int fd = mkstemp(path);
    size_t len = 0;
    FILE *to = open_memstream(out_said, &len);
    enum slu_bench_baseline end;

    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    end = slu_bench_baseline_compare(&wish, path, to);
    (void)fclose(to);
    (void)close(fd);
    (void)unlink(path);
    return end;
}

Test(bench_baseline, another_compiler_is_said_and_not_compared)
{
    char *said = NULL;

    cr_expect_eq(compare("{\"compiler\":\"cc 1\",\"kernels\":\"none\"}", &said),
                 SLU_BENCH_BASELINE_SKIPPED);
    cr_expect_not_null(strstr(said, "NOT COMPARED: the compiler here: "));
    cr_expect_not_null(strstr(said, "when the file was made: cc 1\n"));
    free(said);
}

Test(bench_baseline, a_file_that_is_none_fails)
{
    char *said = NULL;

    cr_expect_eq(compare("no JSON", &said), SLU_BENCH_BASELINE_OTHER);
    cr_expect_not_null(strstr(said, "FAILED: cannot read /tmp/"));
    free(said);
}

Test(bench_baseline, counting_that_fails_says_why)
{
    struct slu_bench_machine machine;
    char text[256];
    char *said = NULL;

    slu_bench_machine_read(&machine);
    (void)snprintf(text, sizeof(text), "{\"compiler\":\"%s\"}",
                   machine.compiler);
    cr_expect_eq(compare(text, &said), SLU_BENCH_BASELINE_OTHER);
    cr_expect_not_null(strstr(said, "FAILED: "), "%s", said);
    free(said);
}
