/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/long_options.h"

#include <criterion/criterion.h>

#define ARGS_MAX 8

static const struct option rows[] = {
    {"flow", required_argument, NULL, 'f'},
    {"force", no_argument, NULL, 'F'},
    {"help", no_argument, NULL, 'h'},
    {"json", optional_argument, NULL, 'j'},
    {"profile", no_argument, NULL, 'p'},
    {"profile-file", required_argument, NULL, 'P'},
    {NULL, 0, NULL, 0},
};

/* What the reader said of each option, the values behind them, and the sentence
 * for the one that was refused. */
struct outcome {
    char letters[ARGS_MAX + 1];
    char values[100];
    char sentence[100];
};

static struct outcome read_all(const char *const *words)
{
    struct outcome outcome = {0};
    char *args[ARGS_MAX + 2] = {(char *)"program"};
    int count = 1;
    int row;

    for (; words[count - 1] != NULL; count++) {
        args[count] = (char *)(size_t)words[count - 1];
    }
    opterr = 0;
    optind = 0;
    for (int i = 0; i < ARGS_MAX; i++) {
        int letter = read_option(count, args, ":f:h", rows, &row);

        if (letter == -1) {
            break;
        }
        outcome.letters[i] = (char)letter;
        if (letter == '?' || letter == ':') {
            explain_option(args, letter, rows, outcome.sentence,
                           sizeof(outcome.sentence));
            break;
        }
        if (optarg != NULL) {
            strncat(outcome.values, optarg, 40);
            strncat(outcome.values, ";", 2);
        }
    }
    return outcome;
}

#define READ(...) read_all((const char *const[]){__VA_ARGS__, NULL})

static void check_read(struct outcome outcome, const char *letters,
                       const char *values)
{
    cr_expect_str_eq(outcome.letters, letters);
    cr_expect_str_eq(outcome.values, values);
    cr_expect_str_eq(outcome.sentence, "");
}

static void check_refused(struct outcome outcome, const char *sentence)
{
    cr_expect_str_eq(outcome.sentence, sentence);
}

Test(long_options, takes_what_is_written_in_full)
{
    check_read(READ("--flow", "a", "--force", "-h"), "fFh", "a;");
    check_read(READ("--flow=a", "word", "--json", "-f", "b"), "fjf", "a;b;");
    check_read(READ("--json=a", "--profile", "--profile-file="), "jpP", "a;;");
    check_read(READ("-hfvalue", "-fh"), "hff", "value;h;");
    check_read(READ("--", "--prof"), "", "");
    check_read(READ("word"), "", "");
}

Test(long_options, takes_a_value_that_looks_like_an_abbreviation)
{
    check_read(READ("--flow", "--prof"), "f", "--prof;");
    check_read(READ("-f", "--forc", "-h"), "fh", "--forc;");
    check_read(READ("--flow", "--forc", "-hh"), "fhh", "--forc;");
    check_read(READ("--flow=--forc"), "f", "--forc;");
    check_read(READ("--flow", ""), "f", ";");
}

Test(long_options, refuses_an_abbreviation)
{
    check_refused(READ("--forc"),
                  "an option is written in full: --force, not --forc");
    check_refused(READ("--h"), "an option is written in full: --help, not --h");
    check_refused(READ("--fl", "value"),
                  "an option is written in full: --flow, not --fl");
    check_refused(READ("--fl=value"),
                  "an option is written in full: --flow, not --fl");
    check_refused(READ("--fl"),
                  "an option is written in full: --flow, not --fl");
    check_refused(READ("word", "--forc=3"),
                  "an option is written in full: --force, not --forc");
    check_refused(READ("--js=value"),
                  "an option is written in full: --json, not --js");
    check_refused(READ("--profile-", "value"),
                  "an option is written in full: --profile-file, not "
                  "--profile-");
}

Test(long_options, refuses_what_begins_several_options)
{
    check_refused(READ("--f"), "there is no option --f");
    check_refused(READ("--prof"), "there is no option --prof");
    check_refused(READ("--prof=a"), "there is no option --prof");
}

Test(long_options, refuses_what_is_unknown)
{
    check_refused(READ("--bogus=3"), "there is no option --bogus");
    check_refused(READ("--forced"), "there is no option --forced");
    check_refused(READ("-x"), "there is no option -x");
    check_refused(READ("--flow=a", "-xh"), "there is no option -x");
    check_refused(READ("--force", "-hx"), "there is no option -x");
}

Test(long_options, refuses_a_value_that_is_missing_or_one_too_many)
{
    check_refused(READ("--flow"), "a value is missing behind --flow");
    check_refused(READ("--force", "-f"), "a value is missing behind -f");
    check_refused(READ("--force=3"), "--force takes no value");
    check_refused(READ("--help="), "--help takes no value");
}
