/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/secret_fetch.h"

#include <openssl/crypto.h>

bool slu_fetched_key_is_wanted(const struct slu_secret *secret)
{
    return secret != NULL && secret->name != NULL;
}

void slu_fetched_key_init(struct slu_fetched_key *self,
                          struct slu_engine *engine,
                          const struct slu_secret *secret,
                          const struct slu_http_config *http,
                          const struct slu_limits_config *limits)
{
    *self = (struct slu_fetched_key){
        .engine = engine, .http = http, .limits = limits, .secret = secret};
}

void slu_fetched_key_fini(struct slu_fetched_key *self)
{
    slu_secret_fetch_free(self->fetch);
    self->fetch = NULL;
}

enum slu_err slu_fetched_key_fetch(struct slu_fetched_key *self,
                                   const char **out_value,
                                   struct slu_error *out_error)
{
    struct slu_engine *engine = self->engine;
    const struct slu_errand_run run = {
        .alloc = engine->alloc,
        .http = self->http,
        .limits = self->limits,
        .aws = slu_config_section(engine->config, "aws"),
        .logger = engine->logger,
        .stop = &engine->stop,
        .session = self->session,
    };
    enum slu_err err = SLU_ERR_OK;

    *out_value = NULL;
    if (self->fetch == NULL) {
        err = slu_secret_fetch_new(engine->alloc, self->secret, &self->fetch,
                                   out_error);
    }
    if (err == SLU_ERR_OK) {
        err = slu_errand_go(&run, &slu_secret_errand, self->fetch, NULL,
                            out_error);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    *out_value = slu_secret_fetch_value(self->fetch, out_error);
    return *out_value != NULL ? SLU_ERR_OK : out_error->code;
}

/* ---- a pull with it ---- */

static bool is_same(const char *old, const char *value)
{
    return strcmp(old, value) == 0;
}

/* Of a key that was refused: whether there is another one now. */
static enum slu_err fetch_other(struct slu_fetched_key *self, const char *old,
                                const char **out_value,
                                struct slu_error *out_error)
{
    const struct slu_logger *logger = &self->engine->logger;
    struct slu_error refused = *out_error;
    enum slu_err err;

    slu_logger_print(logger, SLU_LOG_WARN,
                     "the key in %s was refused: reading it again",
                     self->secret->place);
    err = slu_fetched_key_fetch(self, out_value, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (is_same(old, *out_value)) {
        *out_error = refused;
        return refused.code;
    }
    slu_logger_print(logger, SLU_LOG_INFO, "%s has another key now: going on",
                     self->secret->place);
    return SLU_ERR_OK;
}

/* The value is fetched into the same room: the old one is kept beside it. */
static enum slu_err run_again(struct slu_fetched_key *self,
                              struct slu_pull_options *options,
                              struct slu_report *report,
                              struct slu_pull_result *result,
                              struct slu_error *error)
{
    const struct slu_alloc *alloc = self->engine->alloc;
    size_t len = strlen(options->api_key) + 1;
    char *old = slu_alloc_get(alloc, len);
    struct slu_pull_result before = *result;
    enum slu_err err;

    if (old == NULL) {
        return slu_error_set(error, SLU_ERR_NOMEM, "out of memory");
    }
    memcpy(old, options->api_key, len);
    err = fetch_other(self, old, &options->api_key, error);
    OPENSSL_cleanse(old, len);
    slu_alloc_put(alloc, old, len);
    if (err == SLU_ERR_OK) {
        options->before = &before;
        *error = (struct slu_error){0};
        err = slu_pull_run(options, report, result, error);
        options->before = NULL;
    }
    return err;
}

enum slu_err slu_keyed_pull_run(struct slu_engine *engine,
                                const struct slu_secret *key,
                                struct slu_pull_options *options,
                                struct slu_report *report,
                                struct slu_pull_result *out_result)
{
    struct slu_error *error = &engine->error;
    struct slu_fetched_key fetched;
    enum slu_err err;

    if (!slu_fetched_key_is_wanted(key)) {
        return slu_pull_run(options, report, out_result, error);
    }
    *out_result = (struct slu_pull_result){.horizon_ms = INT64_MIN};
    slu_fetched_key_init(&fetched, engine, key, options->http, options->limits);
    fetched.session = options->session;
    err = slu_fetched_key_fetch(&fetched, &options->api_key, error);
    if (err == SLU_ERR_OK) {
        err = slu_pull_run(options, report, out_result, error);
        if (err == SLU_ERR_AUTH) {
            err = run_again(&fetched, options, report, out_result, error);
        }
    }
    options->api_key = NULL;
    slu_fetched_key_fini(&fetched);
    return err;
}
