/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define ARGS_MAX 8

struct outcome {
    bool good;
    struct slu_bench_options options;
    char said[256];
};

static struct outcome parse_all(const char *const *words)
{
    struct outcome outcome = {0};
    char *args[ARGS_MAX] = {"sluice-bench"};
    FILE *errors = fmemopen(outcome.said, sizeof(outcome.said), "w");
    int count = 1;

    while (words[count - 1] != NULL) {
        args[count] = (char *)(uintptr_t)words[count - 1];
        count++;
    }
    outcome.good =
        slu_bench_options_parse(&outcome.options, count, args, errors);
    (void)fclose(errors);
    return outcome;
}

#define PARSE(...) parse_all((const char *const[]){__VA_ARGS__, NULL})

static void check_refused(struct outcome outcome, const char *sentence)
{
    char want[256];

    (void)snprintf(want, sizeof(want), "sluice-bench: %s\n", sentence);
    cr_expect(!outcome.good);
    cr_expect_str_eq(outcome.said, want);
}

Test(bench_options, defaults_are_a_normal_run)
{
    struct outcome outcome = parse_all((const char *const[]){NULL});

    cr_assert(outcome.good, "%s", outcome.said);
    cr_expect_eq(outcome.options.size, SLU_BENCH_NORMAL);
    cr_expect_eq(outcome.options.seed, 1);
    cr_expect_eq(outcome.options.rounds, 0);
    cr_expect_gt(outcome.options.count, 1);
}

Test(bench_options, all_are_understood)
{
    struct outcome outcome = PARSE("--full", "--rounds", "5", "--seed=99",
                                   "--json=a.json", "--html", "b.html");

    cr_assert(outcome.good, "%s", outcome.said);
    cr_expect_eq(outcome.options.size, SLU_BENCH_FULL);
    cr_expect_eq(outcome.options.rounds, 5);
    cr_expect_eq(outcome.options.seed, 99);
    cr_expect_not(outcome.options.json);
    cr_expect_str_eq(outcome.options.json_path, "a.json");
    cr_expect_str_eq(outcome.options.html_path, "b.html");
    cr_expect(PARSE("--json").options.json);
    cr_expect_eq(PARSE("--smoke").options.size, SLU_BENCH_SMOKE);
    cr_expect(PARSE("--list").options.list);
    cr_expect(PARSE("--help").options.help);
    cr_expect_str_eq(PARSE("--baseline", "a").options.baseline_path, "a");
    cr_expect_not(PARSE("--baseline", "a").options.renew);
    cr_expect(PARSE("--renew-baseline", "a").options.renew);
}

Test(bench_options, cases_run_in_the_tables_order)
{
    struct outcome outcome = PARSE("--only", "sigv4,json");

    cr_assert(outcome.good, "%s", outcome.said);
    cr_assert_eq(outcome.options.count, 2);
    cr_expect_str_eq(outcome.options.cases[0]->name, "json");
    cr_expect_str_eq(outcome.options.cases[1]->name, "sigv4");
}

Test(bench_options, all_only_count)
{
    struct outcome outcome =
        PARSE("--only", "sigv4", "--only=json,sigv4", "--only", "start");

    cr_assert(outcome.good, "%s", outcome.said);
    cr_assert_eq(outcome.options.count, 3);
    check_refused(PARSE("--only", "nope", "--only", "json"),
                  "there is no case nope; see --list");
}

Test(bench_options, what_is_wrong_is_said_in_one_sentence)
{
    check_refused(PARSE("--bogus"), "there is no option --bogus; see --help");
    check_refused(PARSE("-x"), "there is no option -x; see --help");
    check_refused(PARSE("--rounds"),
                  "a value is missing behind --rounds; see --help");
    check_refused(PARSE("word"), "one word too many: word; see --help");
    check_refused(PARSE("--only", "sigv4,nope"),
                  "there is no case nope; see --list");
    check_refused(PARSE("--only", ","), "there is no case ; see --list");
    check_refused(PARSE("--only", ""), "--only names no case; see --help");
    check_refused(PARSE("--smoke", "--full"),
                  "--smoke and --full exclude each other; see --help");
    check_refused(PARSE("--rounds", "0"),
                  "--rounds takes a number from 1 to 101, not 0; see --help");
    check_refused(PARSE("--rounds", "102"),
                  "--rounds takes a number from 1 to 101, not 102; see --help");
    check_refused(PARSE("--seed", "-1"),
                  "--seed takes a number from 0 to 18446744073709551615, not "
                  "-1; see --help");
    check_refused(PARSE("--seed", "1x"),
                  "--seed takes a number from 0 to 18446744073709551615, not "
                  "1x; see --help");
}

Test(bench_options, every_case_says_what_it_is)
{
    for (size_t i = 0; slu_bench_cases[i] != NULL; i++) {
        const struct slu_bench_case *at = slu_bench_cases[i];

        cr_expect_gt(strlen(at->name), 0);
        cr_expect_leq(strlen(at->name), 12, "%s", at->name);
        cr_expect_gt(strlen(at->title), 0, "%s", at->name);
        cr_expect_gt(strlen(at->what), 20, "%s", at->name);
        cr_expect_not_null(at->needs, "%s", at->name);
        cr_expect_not_null(at->run, "%s", at->name);
        for (size_t j = 0; j < i; j++) {
            cr_expect_str_neq(at->name, slu_bench_cases[j]->name);
        }
    }
}

Test(bench_options, the_list_names_every_case)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);

    slu_bench_list(to);
    (void)fclose(to);
    for (size_t i = 0; slu_bench_cases[i] != NULL; i++) {
        const struct slu_bench_case *at = slu_bench_cases[i];
        char line[100];

        (void)snprintf(line, sizeof(line), "%-13s %s", at->name, at->title);
        cr_expect_not_null(strstr(text, line), "%s", line);
    }
    free(text);
}
