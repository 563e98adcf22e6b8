/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/session.h"

#include <errno.h>
#include <string.h>

struct output {
    FILE *to;
    int sys; /* of the write that failed */
};

static bool write_piece(void *ctx, const char *bytes, size_t len)
{
    struct output *self = ctx;

    if (slu_cli_session_stopped()) {
        return false;
    }
    if (fwrite(bytes, 1, len, self->to) != len) {
        self->sys = errno;
        return false;
    }
    return true;
}

static enum slu_err write_all(struct slu_cli_session *session,
                              const struct slu_cli_options *options,
                              struct output *output)
{
    struct slu_filter filter = {.source = options->source,
                                .type = options->type,
                                .list = options->list};
    enum slu_err err = SLU_ERR_OK;

    if (options->since != NULL) {
        err = slu_engine_since(session->engine, options->since, &filter.since);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    return slu_engine_write_indicators(session->engine, &filter,
                                       options->format, write_piece, output);
}

/* Who reads with `head` knows that he has gone; the exit code says it all the
 * same. */
static int finish(struct output *output, int exit_code)
{
    if (output->sys == 0 && fflush(output->to) != 0) {
        output->sys = errno;
    }
    if (output->sys == 0) {
        return exit_code;
    }
    if (output->sys != EPIPE) {
        (void)fprintf(stderr, "sluice: cannot write to stdout: %s\n",
                      strerror(output->sys));
    }
    return 1;
}

int slu_cli_indicators(const struct slu_cli_options *options)
{
    struct slu_cli_session session;
    struct output output = {.to = stdout};
    enum slu_err err;
    int exit_code = slu_cli_session_open(&session, options, options->config);

    if (exit_code != 0) {
        return exit_code;
    }
    err = write_all(&session, options, &output);
    if (err != SLU_ERR_OK && output.sys == 0) {
        slu_cli_session_complain(&session, session.console.errors);
    }
    slu_cli_session_close(&session);
    return finish(&output, slu_exit_code(err));
}
