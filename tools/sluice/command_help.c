/* SPDX-License-Identifier: Apache-2.0 */
/* `help` and `version`. */
#include "tools/sluice/session.h"

#include <string.h>

static const char option_text[] =
    "\nOptions:\n"
    "  -c, --config FILE     the configuration (YAML)\n"
    "  --flow N|NAME         sync: this flow only, by number from 1 or by "
    "name\n"
    "  --json                sync, status, explain, demo, pack: one JSON "
    "object "
    "a\n"
    "                        line on stdout\n"
    "  --profile             sync: show where the time went\n"
    "  --source NAME         indicators: stream, a threat list's id, "
    "taken_over\n"
    "  --type ip|domain      indicators: of this type only\n"
    "  --since WHEN          indicators: last seen since a time, or 4h, 7d "
    "ago\n"
    "  --list NAME           indicators: in this list file, or none\n"
    "  --format FORMAT       indicators: text (the default), ndjson or csv\n"
    "  --output-dir DIR      pack: where the lists go; ./sluice-pack\n"
    "  --files N             pack: of each type, 1 to 6 (the default)\n"
    "  --ip-lines N, --domain-lines N, --file-bytes N\n"
    "                        pack: of a file; 250000, 1000, 35000000 at most\n"
    "  --allow-file FILE     pack: what is never listed\n"
    "  --allow-non-global    pack: list private and reserved addresses, too\n"
    "  --no-sync             pack: don't wait for the disk\n"
    "  --log-level LEVEL     debug, info (the default), warn or error\n"
    "  --log-format FORMAT   text (the default) or json; logs are on stderr\n"
    "\n"
    "Exit codes: 0 done; 1 a unit failed or is incomplete, safe to run "
    "again;\n"
    "2 usage, configuration, a missing file; 3 the sign-in was refused.\n"
    "`explain` exits with 1 where the indicator is not known, `pack` where "
    "entries\n"
    "are over capacity.\n";

static void print_usage(FILE *to)
{
    (void)fprintf(to, "usage: sluice COMMAND [options]\n\nCommands:\n");
    for (const struct slu_cli_command *at = slu_cli_commands; at->name != NULL;
         at++) {
        (void)fprintf(to, "  %-10s %-8s %s\n", at->name,
                      at->needs_config ? "-c FILE" : "", at->help);
    }
    (void)fputs(option_text, to);
}

static void write_text(void *ctx, const char *text)
{
    (void)fputs(text, ctx);
}

int slu_cli_help(const struct slu_cli_options *options)
{
    const char *topic = options->topic;

    if (topic != NULL && strcmp(topic, "config") == 0) {
        slu_config_reference(write_text, stdout);
        return slu_cli_flush(0);
    }
    if (topic != NULL && slu_cli_command_find(topic) == NULL) {
        (void)fprintf(stderr,
                      "sluice: there is no help for %s; see `sluice help` and "
                      "`sluice help config`\n",
                      topic);
        return 2;
    }
    print_usage(stdout);
    return slu_cli_flush(0);
}

int slu_cli_version(const struct slu_cli_options *options)
{
    (void)options;
    (void)printf("sluice %s\n", slu_version());
    return slu_cli_flush(0);
}
