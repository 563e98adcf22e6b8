/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sluice`: the engine on the command line. Logs go to stderr, reports to
 * stdout. Exit codes: 0 done; 1 a unit failed or is incomplete, safe to run
 * again; 2 usage, configuration, a missing file; 3 the sign-in was refused.
 */
#include "tools/sluice/options.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* The key lives in memory, so there must be no core file, and nobody of the
 * same user may attach. */
static void protect_memory(void)
{
    struct rlimit none = {0, 0};

    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)setrlimit(RLIMIT_CORE, &none);
}

int main(int argc, char **argv)
{
    struct slu_cli_options options;

    protect_memory();
    /* Unbuffered, as stderr is, each character of a log line is a write. */
    (void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
    (void)signal(SIGPIPE, SIG_IGN);
    /* A file over the limit (ulimit -f) is an error of write, told as one. */
    (void)signal(SIGXFSZ, SIG_IGN);
    if (!slu_cli_options_parse(&options, argc, argv)) {
        return 2;
    }
    return options.command->run(&options);
}
