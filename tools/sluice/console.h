/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: stderr: the lines of the log, as "[INFO] text" or as one JSON object
 * each, and below them, on a terminal only, one line of progress that is
 * rewritten in place.
 */
#ifndef SLU_CLI_CONSOLE_H
#define SLU_CLI_CONSOLE_H

#include <sluice/engine.h>
#include <stdio.h>

struct slu_cli_console {
    FILE *to;
    bool json;
    bool terminal;    /* shows progress */
    bool line_shown;  /* the line of progress stands there now */
    unsigned columns; /* of the terminal */
    unsigned errors;  /* lines of level ERROR so far */
};

void slu_cli_console_init(struct slu_cli_console *self, FILE *to, bool json);

/* Of type slu_log_fn; ctx is the console. */
void slu_cli_console_log(void *ctx, enum slu_log_level level, const char *text);

/* Of the type of on_progress; ctx is the console. */
void slu_cli_console_progress(void *ctx, const struct slu_report *report);

/* Takes the line of progress away. */
void slu_cli_console_clear(struct slu_cli_console *self);

#endif
