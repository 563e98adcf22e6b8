/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/options.h"

#include "tools/long_options.h"
#include "tools/sluice/json_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_WIDTH 14

static const char help[] =
    "usage: sluice-bench [OPTION]...\n"
    "Measures sluice on this machine. Each figure stands beside the limit "
    "that\n"
    "it has to reach and beside rivals that ran in the same rounds; every\n"
    "result is checked.\n"
    "\n"
    "  --list                 tell what is measured\n"
    "  --only NAME,...        measure only these; the names are in --list; "
    "may\n"
    "                         be given more than once\n"
    "  --smoke                small amounts, only to check the results\n"
    "  --full                 more: amounts that take long\n"
    "  --rounds N             N rounds of each measurement, 1 to 101\n"
    "  --seed N               make the inputs from this number; default 1\n"
    "  --json[=FILE]          write JSON instead of the table, or into FILE "
    "too\n"
    "  --html FILE            write a page with charts, too\n"
    "  --baseline FILE        measure nothing, count the instructions of the\n"
    "                         hot loops and compare them with FILE (needs\n"
    "                         valgrind)\n"
    "  --renew-baseline FILE  count them and write FILE\n"
    "  --help                 print this text\n"
    "\n"
    "Exit codes: 0 every result was right, even if a limit was missed; 1 a\n"
    "result was wrong or a case could not run; 2 wrong usage.\n";

enum letter {
    LETTER_BASELINE = 256,
    LETTER_FULL,
    LETTER_HELP,
    LETTER_HTML,
    LETTER_JSON,
    LETTER_LIST,
    LETTER_ONLY,
    LETTER_RENEW,
    LETTER_ROUNDS,
    LETTER_SEED,
    LETTER_SMOKE,
};

static const struct option long_options[] = {
    {"baseline", required_argument, NULL, LETTER_BASELINE},
    {"full", no_argument, NULL, LETTER_FULL},
    {"help", no_argument, NULL, LETTER_HELP},
    {"html", required_argument, NULL, LETTER_HTML},
    {"json", optional_argument, NULL, LETTER_JSON},
    {"list", no_argument, NULL, LETTER_LIST},
    {"only", required_argument, NULL, LETTER_ONLY},
    {"renew-baseline", required_argument, NULL, LETTER_RENEW},
    {"rounds", required_argument, NULL, LETTER_ROUNDS},
    {"seed", required_argument, NULL, LETTER_SEED},
    {"smoke", no_argument, NULL, LETTER_SMOKE},
    {NULL, 0, NULL, 0},
};

/* What an option needs beyond its value. */
struct parsing {
    struct slu_bench_options *options;
    FILE *errors;
    bool only; /* what is chosen */
    bool chosen[SLU_BENCH_CASES_MAX];
    bool smoke;
    bool full;
};

void slu_bench_help(FILE *to)
{
    (void)fputs(help, to);
}

void slu_bench_list(FILE *to)
{
    for (size_t i = 0; slu_bench_cases[i] != NULL; i++) {
        const struct slu_bench_case *at = slu_bench_cases[i];

        (void)fprintf(to, "%-*s%s%s", LIST_WIDTH, at->name, at->title,
                      at->normal ? "" : " (with --full or --only)");
        if (at->needs[0] != '\0') {
            (void)fprintf(to, "; needs %s", at->needs);
        }
        (void)fprintf(to, "\n%*s", LIST_WIDTH, "");
        slu_cli_hanging_text(to, LIST_WIDTH, at->what);
    }
}

static bool fail(struct parsing *self, const char *what, const char *detail)
{
    (void)fprintf(self->errors, "sluice-bench: %s%s; see --help\n", what,
                  detail);
    return false;
}

static bool parse_number(struct parsing *self, const char *name, uint64_t least,
                         uint64_t most, uint64_t *out)
{
    const char *text = optarg;
    char *end = NULL;

    errno = 0;
    *out = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 ||
        *out < least || *out > most) {
        (void)fprintf(self->errors,
                      "sluice-bench: %s takes a number from %llu to %llu, "
                      "not %s; see --help\n",
                      name, (unsigned long long)least, (unsigned long long)most,
                      text);
        return false;
    }
    return true;
}

static bool choose_case(struct parsing *self, struct slu_view name)
{
    for (size_t i = 0; slu_bench_cases[i] != NULL; i++) {
        if (i < SLU_BENCH_CASES_MAX &&
            slu_view_equal(slu_view_str(slu_bench_cases[i]->name), name)) {
            self->chosen[i] = true;
            return true;
        }
    }
    (void)fprintf(self->errors,
                  "sluice-bench: there is no case %.*s; see --list\n",
                  SLU_VIEW_ARGS(name));
    return false;
}

/* Behind what other --only have chosen. */
static bool parse_only(struct parsing *self, const char *names)
{
    self->only = true;
    while (*names != '\0') {
        size_t len = strcspn(names, ",");

        if (!choose_case(self, slu_view_make(names, len))) {
            return false;
        }
        names += len + (names[len] == ',');
    }
    return true;
}

static bool parse_option(struct parsing *self, int letter)
{
    struct slu_bench_options *options = self->options;
    uint64_t number = 0;

    switch (letter) {
    case LETTER_FULL:
        self->full = true;
        return true;
    case LETTER_SMOKE:
        self->smoke = true;
        return true;
    case LETTER_HELP:
        options->help = true;
        return true;
    case LETTER_LIST:
        options->list = true;
        return true;
    case LETTER_ONLY:
        return parse_only(self, optarg);
    case LETTER_BASELINE:
    case LETTER_RENEW:
        options->baseline_path = optarg;
        options->renew = letter == LETTER_RENEW;
        return true;
    case LETTER_HTML:
        options->html_path = optarg;
        return true;
    case LETTER_JSON:
        options->json = optarg == NULL;
        options->json_path = optarg;
        return true;
    case LETTER_SEED:
        return parse_number(self, "--seed", 0, UINT64_MAX, &options->seed);
    default:
        if (!parse_number(self, "--rounds", 1, SLU_BENCH_ROUNDS_MAX, &number)) {
            return false;
        }
        options->rounds = (unsigned)number;
        return true;
    }
}

static bool choose_cases(struct parsing *self)
{
    struct slu_bench_options *options = self->options;

    for (size_t i = 0; slu_bench_cases[i] != NULL; i++) {
        const struct slu_bench_case *at = slu_bench_cases[i];
        bool wanted = self->only
                          ? self->chosen[i]
                          : at->normal || options->size == SLU_BENCH_FULL;

        if (wanted && options->count < SLU_BENCH_CASES_MAX) {
            options->cases[options->count++] = at;
        }
    }
    return options->count > 0 || fail(self, "--only names no case", "");
}

static bool parse_all(struct parsing *self, int argc, char **argv)
{
    char sentence[200];
    int letter;
    int row;

    opterr = 0;
    optind = 0; /* GNU: begin anew */
    while ((letter = read_option(argc, argv, ":", long_options, &row)) != -1) {
        if (letter == ':' || letter == '?') {
            explain_option(argv, letter, long_options, sentence,
                           sizeof(sentence));
            return fail(self, sentence, "");
        }
        if (!parse_option(self, letter)) {
            return false;
        }
    }
    if (optind < argc) {
        return fail(self, "one word too many: ", argv[optind]);
    }
    if (self->smoke && self->full) {
        return fail(self, "--smoke and --full exclude each other", "");
    }
    self->options->size = self->smoke  ? SLU_BENCH_SMOKE
                          : self->full ? SLU_BENCH_FULL
                                       : SLU_BENCH_NORMAL;
    return choose_cases(self);
}

bool slu_bench_options_parse(struct slu_bench_options *self, int argc,
                             char **argv, FILE *errors)
{
    struct parsing parsing = {.options = self, .errors = errors};

    *self = (struct slu_bench_options){.seed = 1};
    return parse_all(&parsing, argc, argv);
}
