/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proves that a sync would work: folders, key, and each permission by the
 * smallest request that needs it. Writes nothing but the probe files that the
 * folders' openers make and remove.
 */
#include "engine/check_limits.h"
#include "engine/check_publish.h"
#include "engine/clock.h"
#include "engine/engine_state.h"
#include "engine/files.h"
#include "engine/probe.h"
#include "engine/pull.h"
#include "engine/secret_fetch.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    struct slu_engine *engine;
    slu_check_fn on_line;
    void *ctx;
    enum slu_err worst; /* by exit code */
    unsigned asked;
    unsigned denied;
    struct slu_check_limits limits;
};

static void tell(struct check *self, enum slu_check_kind kind,
                 const char *format, ...) SLU_PRINTF(3, 4);

static void tell(struct check *self, enum slu_check_kind kind,
                 const char *format, ...)
{
    char line[SLU_ERROR_TEXT_MAX + 128];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    self->on_line(self->ctx, kind, line);
}

static void raise_worst(struct check *self, enum slu_err err, const char *text)
{
    if (slu_exit_code(err) > slu_exit_code(self->worst)) {
        self->worst = err;
        (void)slu_error_set(&self->engine->error, err, "%s", text);
    }
}

static void fail(struct check *self, enum slu_err err, const char *text)
{
    tell(self, SLU_CHECK_FAIL, "%s", text);
    raise_worst(self, err, text);
}

static void check_folder(struct check *self, const char *key, const char *dir)
{
    struct slu_files *files = NULL;
    struct slu_error error = {0};
    enum slu_err err = slu_files_open(self->engine->alloc, dir, &files, &error);

    if (err != SLU_ERR_OK) {
        char text[SLU_ERROR_TEXT_MAX];

        /* The folder's opener takes every folder for output_dir. */
        (void)snprintf(text, sizeof(text),
                       "cannot use the folder %.160s: %s; set %s to a folder "
                       "that this user can write",
                       dir, strerror(error.sys), key);
        fail(self, err, error.sys != 0 ? text : error.text);
        return;
    }
    slu_files_close(files);
    tell(self, SLU_CHECK_OK, "%s %s is writable", key, dir);
}

static void judge(struct check *self, const struct slu_probe *probe,
                  const struct slu_probe_answer *answer)
{
    char text[SLU_ERROR_TEXT_MAX];
    int status = answer->status;

    self->asked++;
    if (answer->error.code != SLU_ERR_OK) {
        (void)snprintf(text, sizeof(text), "%s: %.240s", probe->name,
                       answer->error.text);
        fail(self, answer->error.code, text);
    } else if (status == 200) {
        tell(self, SLU_CHECK_OK, "%s: permitted", probe->name);
    } else if (status == 401) {
        self->denied++;
        (void)snprintf(text, sizeof(text),
                       "%s: HTTP 401: %.160s; check the key in gti.api_key",
                       probe->name, answer->refusal.message);
        fail(self, SLU_ERR_AUTH, text);
    } else if (status == 403) {
        self->denied++;
        (void)snprintf(text, sizeof(text),
                       "%s: HTTP 403: %.160s; your licence does not include it",
                       probe->name, answer->refusal.message);
        if (probe->required) {
            fail(self, SLU_ERR_INCOMPLETE, text);
        } else {
            tell(self, SLU_CHECK_WARN, "%s; it is left out", text);
        }
    } else if (status == 404 || answer->refusal.not_yet) {
        tell(self, SLU_CHECK_OK, "%s: permitted (no package for that hour)",
             probe->name);
    } else {
        (void)snprintf(text, sizeof(text), "%s: HTTP %d: %.160s", probe->name,
                       status, answer->refusal.message);
        fail(self, SLU_ERR_SERVER, text);
    }
}

/* After an answer that will be the same for every other probe there is no use
 * in spending quota on them. */
static bool is_final(const struct slu_probe_answer *answer)
{
    return answer->error.code != SLU_ERR_OK || answer->status == 401 ||
           answer->status == 429;
}

/* What a source found by itself. */
static void hear(void *ctx, enum slu_check_kind kind, const char *text)
{
    struct check *self = ctx;

    if (kind == SLU_CHECK_FAIL) {
        fail(self, SLU_ERR_INCOMPLETE, text);
    } else {
        tell(self, kind, "%s", text);
    }
}

/* A source whose requests depend on one another asks them itself, in a pull
 * that keeps nothing. */
static void check_by_pull(struct check *self, const struct slu_source_ops *ops,
                          const void *config)
{
    struct slu_engine *engine = self->engine;
    struct slu_options no_callbacks = {0};
    struct slu_report report = {0};
    struct slu_pull_result result;
    struct slu_error error = {0};
    struct slu_pull_options options = {
        .alloc = engine->alloc,
        .http = &self->limits.http,
        .limits = &self->limits.limits,
        .ops = ops,
        .source_config = config,
        .aws = slu_config_section(engine->config, "aws"),
        .logger = engine->logger,
        .stop = &engine->stop,
        .callbacks = &no_callbacks,
        .tell = hear,
        .tell_ctx = self,
    };
    enum slu_err err = slu_pull_run(&options, &report, &result, &error);

    if (err != SLU_ERR_OK) {
        fail(self, err, error.text);
    } else if (slu_engine_judge(&result.source) != SLU_ERR_OK) {
        raise_worst(self, slu_engine_judge(&result.source),
                    result.source.first.text);
    }
}

static void send_probes(struct check *self, const struct slu_source_ops *ops,
                        const void *config,
                        const struct slu_source_access *access)
{
    const struct slu_probe_place place = {self->engine, &self->limits.http, ops,
                                          access};
    struct slu_now now = {slu_clock_mono_ms(), slu_clock_wall_s()};
    struct slu_probe probe;

    for (unsigned i = 0; ops->probe(config, i, now, &probe); i++) {
        struct slu_probe_answer answer;

        slu_probe_send(&place, &probe, &answer);
        judge(self, &probe, &answer);
        if (is_final(&answer) || slu_wake_raised(&self->engine->stop)) {
            break;
        }
    }
    if (self->asked > 0 && self->denied == self->asked &&
        self->worst != SLU_ERR_AUTH) {
        fail(self, SLU_ERR_AUTH,
             "every request was refused; check the key and its licence");
    }
}

/* The key is fetched and shown to be readable, then used as any other. */
static void probe_with_secret(struct check *self,
                              const struct slu_source_ops *ops,
                              const void *config,
                              struct slu_source_access *access)
{
    struct slu_secret key = *access->api_key;
    struct slu_fetched_key fetched;
    struct slu_error error = {0};
    enum slu_err err;

    slu_fetched_key_init(&fetched, self->engine, access->api_key,
                         &self->limits.http, &self->limits.limits);
    err = slu_fetched_key_fetch(&fetched, &key.value, &error);
    if (err != SLU_ERR_OK) {
        fail(self, err, error.text);
    } else {
        tell(self, SLU_CHECK_OK, "secret %.100s: readable", key.name);
        access->api_key = &key;
        send_probes(self, ops, config, access);
    }
    slu_fetched_key_fini(&fetched);
}

static void check_source(struct check *self, const struct slu_source_ops *ops,
                         const void *config)
{
    struct slu_source_access access;

    if (ops->probe == NULL) {
        check_by_pull(self, ops, config);
        return;
    }
    ops->access(config, &access);
    if (slu_fetched_key_is_wanted(access.api_key)) {
        probe_with_secret(self, ops, config, &access);
    } else if (slu_engine_require_key(self->engine, &access) != SLU_ERR_OK) {
        fail(self, self->engine->error.code, self->engine->error.text);
    } else {
        send_probes(self, ops, config, &access);
    }
}

static void check_publishing(struct check *self, unsigned flow)
{
    const struct slu_check_publish place = {
        .engine = self->engine,
        .flow = flow,
        .http = &self->limits.http,
        .limits = &self->limits.limits,
        .tell = hear,
        .ctx = self,
    };
    struct slu_error error;
    enum slu_err err = slu_check_publish(&place, &error);

    raise_worst(self, err, error.text);
}

enum slu_err slu_engine_check(struct slu_engine *self, slu_check_fn on_line,
                              void *ctx)
{
    struct check check = {.engine = self, .on_line = on_line, .ctx = ctx};
    struct slu_guard *guard = NULL;

    self->error = (struct slu_error){0};
    slu_check_limits_make(self->limits, self->http, &check.limits);
    tell(&check, SLU_CHECK_OK, "configuration: %u flow(s)",
         slu_engine_flow_count(self));
    if (slu_engine_guard(self, &guard) != SLU_ERR_OK) {
        fail(&check, self->error.code, self->error.text);
    }
    slu_guard_free(guard);
    check_folder(&check, "state_dir", self->top->state_dir);
    check_folder(&check, "output_dir", self->top->output_dir);
    for (unsigned i = 0; i < slu_engine_flow_count(self); i++) {
        const void *config;
        const struct slu_source_ops *ops = slu_engine_source(self, i, &config);

        check_source(&check, ops, config);
        check_publishing(&check, i);
    }
    return check.worst;
}
