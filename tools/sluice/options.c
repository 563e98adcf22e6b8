/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/options.h"

#include "tools/long_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* getopt's values; the long options without a letter begin behind the bytes. */
enum letter {
    LETTER_CONFIG = 'c',
    LETTER_HELP = 'h',
    LETTER_ALLOW_FILE = 256,
    LETTER_ALLOW_NON_GLOBAL,
    LETTER_DIFF,
    LETTER_DOMAIN_LINES,
    LETTER_FILE_BYTES,
    LETTER_FILES,
    LETTER_FLOW,
    LETTER_FORMAT,
    LETTER_FORCE,
    LETTER_IP_LINES,
    LETTER_JSON,
    LETTER_LIST,
    LETTER_LOG_FORMAT,
    LETTER_LOG_LEVEL,
    LETTER_NO_SYNC,
    LETTER_OUTPUT_DIR,
    LETTER_PROFILE,
    LETTER_SINCE,
    LETTER_SOURCE,
    LETTER_TYPE,
    LETTER_VERSION,
};

static const struct option long_options[] = {
    {"allow-file", required_argument, NULL, LETTER_ALLOW_FILE},
    {"allow-non-global", no_argument, NULL, LETTER_ALLOW_NON_GLOBAL},
    {"config", required_argument, NULL, LETTER_CONFIG},
    {"diff", no_argument, NULL, LETTER_DIFF},
    {"domain-lines", required_argument, NULL, LETTER_DOMAIN_LINES},
    {"file-bytes", required_argument, NULL, LETTER_FILE_BYTES},
    {"files", required_argument, NULL, LETTER_FILES},
    {"flow", required_argument, NULL, LETTER_FLOW},
    {"format", required_argument, NULL, LETTER_FORMAT},
    {"force", no_argument, NULL, LETTER_FORCE},
    {"help", no_argument, NULL, LETTER_HELP},
    {"ip-lines", required_argument, NULL, LETTER_IP_LINES},
    {"json", no_argument, NULL, LETTER_JSON},
    {"list", required_argument, NULL, LETTER_LIST},
    {"log-format", required_argument, NULL, LETTER_LOG_FORMAT},
    {"log-level", required_argument, NULL, LETTER_LOG_LEVEL},
    {"no-sync", no_argument, NULL, LETTER_NO_SYNC},
    {"output-dir", required_argument, NULL, LETTER_OUTPUT_DIR},
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
    {"pack", SLU_CLI_PACK | SLU_CLI_JSON, false, slu_cli_pack,
     "`pack FILE...`: make size-capped lists of plain lists"},
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

static bool parse_number(uint64_t *out, const char *name)
{
    char *end;
    unsigned long long number = strtoull(optarg, &end, 10);

    /* strtoull takes a sign and blanks, and an overflow as the greatest. */
    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || number == 0 ||
        number > UINT32_MAX) {
        (void)fprintf(stderr,
                      "sluice: %s takes a number from 1, not %s; see `sluice "
                      "help`\n",
                      name, optarg);
        return false;
    }
    *out = number;
    return true;
}

/* The options of `pack`. */
static bool parse_pack(struct slu_cli_options *self, int letter)
{
    struct slu_pack_options *pack = &self->pack;
    uint64_t files = 0;

    switch (letter) {
    case LETTER_ALLOW_FILE:
        pack->allow_file = optarg;
        return true;
    case LETTER_ALLOW_NON_GLOBAL:
        pack->allow_non_global = true;
        return true;
    case LETTER_DOMAIN_LINES:
        return parse_number(&pack->domain_lines, "--domain-lines");
    case LETTER_FILE_BYTES:
        return parse_number(&pack->file_bytes, "--file-bytes");
    case LETTER_FILES:
        if (!parse_number(&files, "--files")) {
            return false;
        }
        pack->files = (unsigned)files;
        return true;
    case LETTER_IP_LINES:
        return parse_number(&pack->ip_lines, "--ip-lines");
    case LETTER_NO_SYNC:
        pack->no_sync = true;
        return true;
    default:
        pack->output_dir = optarg;
        return true;
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
    case LETTER_ALLOW_FILE:
    case LETTER_ALLOW_NON_GLOBAL:
    case LETTER_DOMAIN_LINES:
    case LETTER_FILE_BYTES:
    case LETTER_FILES:
    case LETTER_IP_LINES:
    case LETTER_NO_SYNC:
    case LETTER_OUTPUT_DIR:
        *given |= SLU_CLI_PACK;
        return parse_pack(self, letter);
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
    char sentence[200];

    explain_option(argv, letter, long_options, sentence, sizeof(sentence));
    return fail(sentence, "");
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
                    " check, demo, explain, indicators, pack, plan, status "
                    "or sync");
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
    if ((self->command->options & SLU_CLI_PACK) != 0) {
        self->pack.inputs = (const char *const *)argv + optind + 1;
        self->pack.input_count = (unsigned)(argc - optind - 1);
        extra = NULL;
    }
    return extra == NULL || fail("one word too many: ", extra);
}

static bool check_given(const struct slu_cli_options *self, unsigned given)
{
    static const char *const names[] = {
        "-c",        "--flow",
        "--json",    "--log-level and --log-format",
        "--force",   "the options of `indicators`",
        "",          "--diff",
        "--profile", "the options of `pack`"};
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
    if ((self->command->options & SLU_CLI_PACK) != 0 &&
        self->pack.input_count == 0) {
        (void)fprintf(stderr, "sluice: `pack` needs a file, or - for the "
                              "standard input; see `sluice help`\n");
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
    int row;

    *self = (struct slu_cli_options){.log_level = SLU_LOG_INFO};
    opterr = 0;
    optind = 0; /* as if for the first time: glibc then starts afresh */
    while ((letter = read_option(argc, argv, ":c:h", long_options, &row)) !=
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
