/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: what the commands share: an open engine whose log goes to stderr, and
 * the signals that stop it. The first SIGINT or SIGTERM ends the pull in good
 * order, the second one ends the process at once (exit 1: what is committed
 * stays, and it is safe to run again).
 * Threads: one session at a time; the signals' handler finds it in a global.
 */
#ifndef SLU_CLI_SESSION_H
#define SLU_CLI_SESSION_H

#include "tools/sluice/console.h"
#include "tools/sluice/options.h"

struct slu_cli_session {
    struct slu_engine *engine;
    struct slu_cli_console console;
};

/* The exit code, 0 when it is open. */
int slu_cli_session_open(struct slu_cli_session *self,
                         const struct slu_cli_options *options,
                         const char *config_path);
void slu_cli_session_close(struct slu_cli_session *self);

/* Runs the flows that --flow names, or all of them; the highest exit code. */
int slu_cli_session_each(struct slu_cli_session *self,
                         const struct slu_cli_options *options,
                         int (*run)(struct slu_cli_session *self, unsigned flow,
                                    const struct slu_cli_options *options));

/* One flow: syncs and prints its report on stdout. */
int slu_cli_session_sync(struct slu_cli_session *self, unsigned flow,
                         bool json);

/* Runs the checks and prints a line for each; wrap: broken at 80 columns. */
int slu_cli_session_check(struct slu_cli_session *self, FILE *to, bool wrap);

/* Logs the engine's last error unless the engine has done so itself. */
void slu_cli_session_complain(struct slu_cli_session *self,
                              unsigned errors_before);

/* True once a signal has asked for the end. */
bool slu_cli_session_stopped(void);

/* Flushes stdout; 1, and a line on stderr, when it can't be written. */
int slu_cli_flush(int exit_code);

#endif
