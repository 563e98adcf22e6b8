/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/session.h"

static int sync_flow(struct slu_cli_session *session, unsigned flow,
                     const struct slu_cli_options *options)
{
    return slu_cli_session_sync(session, flow, options->json);
}

int slu_cli_sync(const struct slu_cli_options *options)
{
    struct slu_cli_session session;
    int exit_code = slu_cli_session_open(&session, options, options->config);

    if (exit_code != 0) {
        return exit_code;
    }
    exit_code = slu_cli_session_each(&session, options, sync_flow);
    slu_cli_session_close(&session);
    return slu_cli_flush(exit_code);
}
