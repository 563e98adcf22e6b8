/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/sluice/session.h"
#include "tools/sluice/json_text.h"
#include "tools/sluice/report.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

/* The handler's view of the world: lock-free, so safe in a signal. */
static _Atomic(struct slu_engine *) live_engine;
static atomic_uint signal_count;

static void on_signal(int number)
{
    int saved = errno;
    struct slu_engine *engine = atomic_load(&live_engine);

    (void)number;
    if (atomic_fetch_add(&signal_count, 1) > 0 || engine == NULL) {
        _exit(1);
    }
    slu_engine_stop(engine);
    errno = saved;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool slu_cli_session_stopped(void)
{
    return atomic_load(&signal_count) > 0;
}

int slu_cli_session_open(struct slu_cli_session *self,
                         const struct slu_cli_options *options,
                         const char *config_path)
{
    struct slu_options engine_options = {
        .config_path = config_path,
        .on_log = slu_cli_console_log,
        .log_ctx = &self->console,
        .log_level = options->log_level,
        .on_progress = slu_cli_console_progress,
        .progress_ctx = &self->console,
        .force = options->force,
        .profile = options->profile,
    };
    struct slu_error error = {0};
    enum slu_err err;

    self->engine = NULL;
    slu_cli_console_init(&self->console, stderr, options->log_json);
    err = slu_engine_open(&engine_options, &self->engine, &error);
    if (err != SLU_ERR_OK) {
        slu_cli_console_log(&self->console, SLU_LOG_ERROR,
                            error.text[0] != '\0' ? error.text
                                                  : slu_err_sentence(err));
        /* A configuration that can't be read is a configuration error,
         * whatever the reason. */
        return err == SLU_ERR_IO ? 2 : slu_exit_code(err);
    }
    atomic_store(&live_engine, self->engine);
    catch_signals();
    return 0;
}

void slu_cli_session_close(struct slu_cli_session *self)
{
    atomic_store(&live_engine, NULL);
    slu_cli_console_clear(&self->console);
    slu_engine_close(self->engine);
    self->engine = NULL;
}

void slu_cli_session_complain(struct slu_cli_session *self,
                              unsigned errors_before)
{
    const struct slu_error *error = slu_engine_error(self->engine);

    if (self->console.errors == errors_before && error != NULL &&
        error->text[0] != '\0') {
        slu_cli_console_log(&self->console, SLU_LOG_ERROR, error->text);
    }
}

int slu_cli_session_sync(struct slu_cli_session *self, unsigned flow, bool json)
{
    struct slu_report report;
    unsigned errors = self->console.errors;
    enum slu_err err;
    int exit_code;

    memset(&report, 0, sizeof(report));
    err = slu_engine_sync(self->engine, flow, &report);
    exit_code = slu_exit_code(err);
    slu_cli_console_clear(&self->console);
    if (err != SLU_ERR_OK) {
        slu_cli_session_complain(self, errors);
    }
    if (json) {
        const struct slu_error *error = slu_engine_error(self->engine);

        slu_cli_report_json(stdout, &report, exit_code,
                            err == SLU_ERR_OK ? NULL : error->text);
    } else if (err == SLU_ERR_OK || report.requests > 0) {
        /* Before the first request the error says it all. */
        slu_cli_report_text(stdout, &report, exit_code);
    }
    return exit_code;
}

/* ---- check ---- */

#define LABEL_COLUMNS 6

struct findings {
    FILE *to;
    bool wrap; /* people read it; else a finding is one line */
    unsigned counts[3];
};

static void print_finding(void *ctx, enum slu_check_kind kind, const char *text)
{
    static const char *const labels[] = {"ok   ", "WARN ", "FAIL "};
    struct findings *self = ctx;
    unsigned index = (unsigned)kind < 3 ? (unsigned)kind : 2;

    self->counts[index]++;
    (void)fprintf(self->to, "%s ", labels[index]);
    if (self->wrap) {
        slu_cli_hanging_text(self->to, LABEL_COLUMNS, text);
    } else {
        slu_cli_plain_text(self->to, text);
        (void)fputc('\n', self->to);
    }
    (void)fflush(self->to);
}

int slu_cli_session_check(struct slu_cli_session *self, FILE *to, bool wrap)
{
    struct findings findings = {.to = to, .wrap = wrap};
    unsigned errors = self->console.errors;
    enum slu_err err = slu_engine_check(self->engine, print_finding, &findings);

    if (err != SLU_ERR_OK && findings.counts[SLU_CHECK_FAIL] == 0) {
        slu_cli_session_complain(self, errors);
    }
    (void)fprintf(
        to, "%u ok, %u warnings, %u failures\n", findings.counts[SLU_CHECK_OK],
        findings.counts[SLU_CHECK_WARN], findings.counts[SLU_CHECK_FAIL]);
    (void)fflush(to); /* before what the log says of the sync that follows */
    return slu_exit_code(err);
}

int slu_cli_flush(int exit_code)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return exit_code;
    }
    /* Who reads with `head` knows that he has gone. */
    if (errno != EPIPE) {
        (void)fprintf(stderr, "sluice: cannot write to stdout: %s\n",
                      strerror(errno));
    }
    return exit_code > 1 ? exit_code : 1;
}
