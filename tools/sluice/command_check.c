/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/session.h"

#include <unistd.h>

int slu_cli_check(const struct slu_cli_options *options)
{
    struct slu_cli_session session;
    int exit_code = slu_cli_session_open(&session, options, options->config);

    if (exit_code != 0) {
        return exit_code;
    }
    exit_code =
        slu_cli_session_check(&session, stdout, isatty(STDOUT_FILENO) != 0);
    slu_cli_session_close(&session);
    return slu_cli_flush(exit_code);
}
