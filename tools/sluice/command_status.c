/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/report.h"
#include "tools/sluice/session.h"

#include <string.h>

int slu_cli_status(const struct slu_cli_options *options)
{
    struct slu_cli_session session;
    struct slu_status status;
    enum slu_err err;
    int exit_code = slu_cli_session_open(&session, options, options->config);

    if (exit_code != 0) {
        return exit_code;
    }
    memset(&status, 0, sizeof(status));
    err = slu_engine_status(session.engine, &status);
    if (err != SLU_ERR_OK) {
        slu_cli_session_complain(&session, 0);
    } else if (options->json) {
        slu_cli_status_json(stdout, &status);
    } else {
        slu_cli_status_text(stdout, &status);
    }
    slu_cli_session_close(&session);
    return slu_cli_flush(slu_exit_code(err));
}
