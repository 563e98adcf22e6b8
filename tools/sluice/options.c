/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* getopt's values; the long options without a letter begin behind the bytes. */
enum letter {
    LETTER_CONFIG = 'c',
    LETTER_HELP = 'h',
    LETTER_DIFF = 256,
    LETTER_FLOW,
    LETTER_FORMAT,
    LETTER_FORCE,
    LETTER_JSON,
    LETTER_LIST,
    LETTER_LOG_FORMAT,
    LETTER_LOG_LEVEL,
    LETTER_PROFILE,
    LETTER_SINCE,
    LETTER_SOURCE,
    LETTER_TYPE,
    LETTER_VERSION,
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, LETTER_CONFIG},
    {"diff", no_argument, NULL, LETTER_DIFF},
    {"flow", required_argument, NULL, LETTER_FLOW},
    {"format", required_argument, NULL, LETTER_FORMAT},
    {"force", no_argument, NULL, LETTER_FORCE},
    {"help", no_argument, NULL, LETTER_HELP},
    {"json", no_argument, NULL, LETTER_JSON},
    {"list", required_argument, NULL, LETTER_LIST},
    {"log-format", required_argument, NULL, LETTER_LOG_FORMAT},
    {"log-level", required_argument, NULL, LETTER_LOG_LEVEL},
    {"profile", no_argument, NULL, LETTER_PROFILE},
    {"since", required_argument, NULL, LETTER_SINCE},
    {"source", required_argument, NULL, LETTER_SOURCE},
    {"type", required_argument, NULL, LETTER_TYPE},
    {"version", no_argument, NULL, LETTER_VERSION},
    {NULL, 0, NULL, 0},
};

const struct slu_cli_command slu_cli_commands[] = {
    {"demo", SLU_CLI_LOG | SLU_CLI_JSON, false, slu_cli_demo,
     "pull from a simulator, started inside, into ./sluice-demo"},
    {"check", SLU_CLI_CONFIG | SLU_CLI_LOG, true, slu_cli_check,
     "try configuration, key, permissions and folders"},
    {"plan",
     SLU_CLI_CONFIG | SLU_CLI_FLOW | SLU_CLI_LOG | SLU_CLI_JSON |
         SLU_CLI_FORCE | SLU_CLI_DIFF,
     true, slu_cli_plan, "show what a sync would do; write nothing"},
    {"sync",
     SLU_CLI_CONFIG | SLU_CLI_FLOW | SLU_CLI_LOG | SLU_CLI_JSON |
         SLU_CLI_FORCE | SLU_CLI_PROFILE,
     true, slu_cli_sync, "pull once and publish the lists, checkpointed"},
    {"status", SLU_CLI_CONFIG | SLU_CLI_LOG | SLU_CLI_JSON, true,
     slu_cli_status, "show checkpoints, lists and the last runs"},
    {"explain", SLU_CLI_CONFIG | SLU_CLI_LOG | SLU_CLI_JSON | SLU_CLI_VALUE,
     true, slu_cli_explain,
     "`explain VALUE`: why an IP, CIDR or domain is where it is"},
    {"indicators", SLU_CLI_CONFIG | SLU_CLI_LOG | SLU_CLI_FILTER, true,
     slu_cli_indicators, "print what is stored, one a line"},
    {"version", 0, false, slu_cli_version, "print the version"},
    {"help", 0, false, slu_cli_help,
     "print this; `help config` prints every configuration key"},
    {NULL, 0, false, NULL, NULL},
};

const struct slu_cli_command *slu_cli_command_find(const char *name)
{
    for (const struct slu_cli_command *at = slu_cli_commands; at->name != NULL;
         at++) {
        if (strcmp(at->name, name) == 0) {
            return at;
        }
    }
    return NULL;
}

static bool fail(const char *what, const char *detail)
{
    (void)fprintf(stderr, "sluice: %s%s; see `sluice help`\n", what, detail);
    return false;
}

static bool parse_level(struct slu_cli_options *self, const char *text)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (int i = 0; i < 4; i++) {
        if (strcmp(names[i], text) == 0) {
            self->log_level = (enum slu_log_level)i;
            self->log_level_given = true;
            return true;
        }
    }
    return fail("--log-level takes debug, info, warn or error, not ", text);
}

static bool parse_format(struct slu_cli_options *self, const char *text)
{
    self->log_json = strcmp(text, "json") == 0;
    return self->log_json || strcmp(text, "text") == 0 ||
           fail("--log-format takes text or json, not ", text);
}

static bool parse_indicator_format(struct slu_cli_options *self,
                                   const char *text)
{
    static const char *const names[] = {
        [SLU_INDICATOR_TEXT] = "text",
        [SLU_INDICATOR_NDJSON] = "ndjson",
        [SLU_INDICATOR_CSV] = "csv",
    };

    for (int i = 0; i < 3; i++) {
        if (strcmp(names[i], text) == 0) {
            self->format = (enum slu_indicator_format)i;
            return true;
        }
    }
    return fail("--format takes text, ndjson or csv, not ", text);
}

/* The options of `indicators`. */
static bool parse_filter(struct slu_cli_options *self, int letter)
{
    switch (letter) {
    case LETTER_LIST:
        self->list = optarg;
        return true;
    case LETTER_SINCE:
        self->since = optarg;
        return true;
    case LETTER_SOURCE:
        self->source = optarg;
        return true;
    case LETTER_TYPE:
        self->type = optarg;
        return true;
    default:
        return parse_indicator_format(self, optarg);
    }
}

static bool parse_option(struct slu_cli_options *self, int letter,
                         unsigned *given)
{
    switch (letter) {
    case LETTER_CONFIG:
        self->config = optarg;
        *given |= SLU_CLI_CONFIG;
        return true;
    case LETTER_FLOW:
        self->flow = optarg;
        *given |= SLU_CLI_FLOW;
        return true;
    case LETTER_DIFF:
        self->diff = true;
        *given |= SLU_CLI_DIFF;
        return true;
    case LETTER_FORCE:
        self->force = true;
        *given |= SLU_CLI_FORCE;
        return true;
    case LETTER_JSON:
        self->json = true;
        *given |= SLU_CLI_JSON;
        return true;
    case LETTER_PROFILE:
        self->profile = true;
        *given |= SLU_CLI_PROFILE;
        return true;
    case LETTER_LOG_FORMAT:
        *given |= SLU_CLI_LOG;
        return parse_format(self, optarg);
    case LETTER_LOG_LEVEL:
        *given |= SLU_CLI_LOG;
        return parse_level(self, optarg);
    case LETTER_FORMAT:
    case LETTER_LIST:
    case LETTER_SINCE:
    case LETTER_SOURCE:
    case LETTER_TYPE:
        *given |= SLU_CLI_FILTER;
        return parse_filter(self, letter);
    case LETTER_HELP:
        self->command = slu_cli_command_find("help");
        return true;
    default:
        self->command = slu_cli_command_find("version");
        return true;
    }
}

static bool refuse_option(char **argv, int letter)
{
    /* getopt has stepped past a long option, and stands on the word of a
     * short one until its last letter is done. */
    char name[3] = {'-', (char)optopt, '\0'};
    const char *text = optopt > 0 && optopt < 256 ? name : argv[optind - 1];

    return fail(letter == ':' ? "a value is missing behind "
                              : "there is no option ",
                text);
}

static bool parse_words(struct slu_cli_options *self, int argc, char **argv)
{
    bool by_option = self->command != NULL;
    const char *extra;

    if (by_option) {
        return true; /* --help and --version win */
    }
    if (optind == argc) {
        return fail("which command?",
                    " check, demo, explain, indicators, plan, status or "
                    "sync");
    }
    self->command = slu_cli_command_find(argv[optind]);
    if (self->command == NULL) {
        return fail("there is no command ", argv[optind]);
    }
    extra = argv[optind + 1];
    if (extra != NULL && self->command->run == slu_cli_help) {
        self->topic = extra;
        extra = argv[optind + 2];
    }
    if ((self->command->options & SLU_CLI_VALUE) != 0) {
        self->value = extra;
        extra = extra == NULL ? NULL : argv[optind + 2];
    }
    return extra == NULL || fail("one word too many: ", extra);
}

static bool check_given(const struct slu_cli_options *self, unsigned given)
{
    static const char *const names[] = {
        "-c",       "--flow",
        "--json",   "--log-level and --log-format",
        "--force",  "the options of `indicators`",
        "",         "--diff",
        "--profile"};
    unsigned unwanted = given & ~self->command->options;

    if (self->command->options == 0) {
        return true;
    }
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if ((unwanted & (1u << i)) != 0) {
            (void)fprintf(stderr,
                          "sluice: `%s` does not take %s; see `sluice help`\n",
                          self->command->name, names[i]);
            return false;
        }
    }
    if ((self->command->options & SLU_CLI_VALUE) != 0 && self->value == NULL) {
        (void)fprintf(stderr,
                      "sluice: `%s` needs an IP, CIDR or domain; see `sluice "
                      "help`\n",
                      self->command->name);
        return false;
    }
    if (self->command->needs_config && self->config == NULL) {
        (void)fprintf(stderr,
                      "sluice: `%s` needs -c FILE; `sluice help config` "
                      "prints one to begin with\n",
                      self->command->name);
        return false;
    }
    return true;
}

bool slu_cli_options_parse(struct slu_cli_options *self, int argc, char **argv)
{
    unsigned given = 0;
    int letter;

    *self = (struct slu_cli_options){.log_level = SLU_LOG_INFO};
    opterr = 0;
    optind = 0; /* as if for the first time: glibc then starts afresh */
    while ((letter = getopt_long(argc, argv, ":c:h", long_options, NULL)) !=
           -1) {
        if (letter == '?' || letter == ':') {
            return refuse_option(argv, letter);
        }
        if (!parse_option(self, letter, &given)) {
            return false;
        }
    }
    return parse_words(self, argc, argv) && check_given(self, given);
}
