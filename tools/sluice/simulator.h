/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: `sluice-sim` as a child process, found beside the own program. It dies
 * with its parent (PR_SET_PDEATHSIG) and is in a process group of its own, so
 * that a Ctrl-C reaches it only through us, when the pull has ended.
 */
#ifndef SLU_CLI_SIMULATOR_H
#define SLU_CLI_SIMULATOR_H

#include <sluice/err.h>
#include <sys/types.h>

struct slu_cli_simulator {
    pid_t pid; /* 0: none */
    unsigned port;
};

/* What it lets in. None of it opens anything else. */
struct slu_cli_simulator_keys {
    const char *api_key;
    const char *aws_key_id;
    const char *aws_secret;
    const char *aws_account;
    const char *aws_accounts; /* "A,B": those that have findings */
    const char *aws_role;     /* "ARN,external-id:X": of the second one */
    const char *aws_regions;  /* "R,S" */
    const char *aws_bucket;   /* empty at first, of the first account */
};

/* Starts it with its log and port file in dir and waits until it listens.
 * NOT_FOUND, IO, TIMEOUT. */
enum slu_err slu_cli_simulator_start(struct slu_cli_simulator *self,
                                     const char *dir,
                                     const struct slu_cli_simulator_keys *keys,
                                     struct slu_error *out_error);
void slu_cli_simulator_stop(struct slu_cli_simulator *self);

#endif
