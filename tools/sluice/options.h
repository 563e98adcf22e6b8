/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the command line of `sluice`: one command and its options, in any
 * order.
 * Errors: a wrong one is told in one line on stderr with a hint.
 */
#ifndef SLU_CLI_OPTIONS_H
#define SLU_CLI_OPTIONS_H

#include <sluice/engine.h>
#include <sluice/pack.h>
#include <stdbool.h>

struct slu_cli_options;

struct slu_cli_command {
    const char *name;
    unsigned options; /* bit set of enum slu_cli_option */
    bool needs_config;
    int (*run)(const struct slu_cli_options *options);
    const char *help; /* one line */
};

enum slu_cli_option {
    SLU_CLI_CONFIG = 1 << 0,
    SLU_CLI_FLOW = 1 << 1,
    SLU_CLI_JSON = 1 << 2,
    SLU_CLI_LOG = 1 << 3,    /* --log-level and --log-format */
    SLU_CLI_FILTER = 1 << 5, /* --source, --type, --since, --list, --format */
    SLU_CLI_VALUE = 1 << 6,  /* one more word */
    SLU_CLI_DIFF = 1 << 7,
    SLU_CLI_FORCE = 1 << 4,
    SLU_CLI_PROFILE = 1 << 8,
    SLU_CLI_PACK = 1 << 9, /* --output-dir and so on, and any number of words */
};

struct slu_cli_options {
    const struct slu_cli_command *command;
    const char *config; /* -c */
    const char *flow;   /* --flow; NULL: every flow */
    const char *topic;  /* the word behind `help`; NULL */
    const char *value;  /* the word behind `explain` */
    /* Of `indicators`; NULL where it isn't given. */
    const char *source;
    const char *type;
    const char *since;
    const char *list;
    enum slu_indicator_format format;
    struct slu_pack_options pack; /* of `pack`, as given */
    bool json;
    bool force;
    bool diff;
    bool profile;
    bool log_json;
    bool log_level_given;
    enum slu_log_level log_level;
};

/* The commands, in the order of the help; its end has the name NULL. */
extern const struct slu_cli_command slu_cli_commands[];

/* NULL when there is none of that name. */
const struct slu_cli_command *slu_cli_command_find(const char *name);

/* False after a message: exit 2. */
bool slu_cli_options_parse(struct slu_cli_options *self, int argc, char **argv);

/* One for each command: its exit code. */
int slu_cli_check(const struct slu_cli_options *options);
int slu_cli_demo(const struct slu_cli_options *options);
int slu_cli_explain(const struct slu_cli_options *options);
int slu_cli_help(const struct slu_cli_options *options);
int slu_cli_indicators(const struct slu_cli_options *options);
int slu_cli_pack(const struct slu_cli_options *options);
int slu_cli_plan(const struct slu_cli_options *options);
int slu_cli_status(const struct slu_cli_options *options);
int slu_cli_sync(const struct slu_cli_options *options);
int slu_cli_version(const struct slu_cli_options *options);

#endif
