/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/url.h"
#include "engine/allow_file.h"
#include "engine/engine_state.h"
#include "engine/registry.h"
#include "engine/wiped_memory.h"

#include <stdio.h>

#define STATUS_TEXT_MAX (512u * 1024)

static enum slu_err read_config(struct slu_engine *self,
                                const struct slu_options *options,
                                struct slu_error *error)
{
    bool path = options->config_path != NULL;

    if (path == (options->config_text != NULL)) {
        return slu_error_set(error, SLU_ERR_USAGE,
                             "exactly one of config_path and config_text must "
                             "be given");
    }
    if (path) {
        return slu_config_load(self->alloc, options->config_path, &self->config,
                               error);
    }
    return slu_config_parse(self->alloc, slu_view_str(options->config_text),
                            "configuration", &self->config, error);
}

/* A flow that sends to a bucket must name it. */
static enum slu_err check_bucket(const struct slu_engine *self,
                                 const struct slu_flow_config *flow,
                                 struct slu_error *error)
{
    for (unsigned i = 0; i < flow->sink_count; i++) {
        if (strcmp(flow->sinks[i], "s3") == 0 &&
            self->lists->bucket[0] == '\0') {
            return slu_error_set(
                error, SLU_ERR_CONFIG,
                "the flow %s has the sink s3, but lists.bucket "
                "is not given: expected the name of a bucket",
                flow->name);
        }
    }
    return SLU_ERR_OK;
}

/* What no table can say: the bucket, and the base URL of every source that a
 * flow uses. */
static enum slu_err check_flows(struct slu_engine *self,
                                struct slu_error *error)
{
    for (unsigned i = 0; i < slu_config_flow_count(self->config); i++) {
        const void *config = NULL;
        const struct slu_source_ops *ops = slu_engine_source(self, i, &config);
        struct slu_source_access access;
        struct slu_url url;
        struct slu_error why = {0};
        enum slu_err err;

        err = check_bucket(self, slu_config_flow(self->config, i), error);
        if (err != SLU_ERR_OK) {
            return err;
        }
        ops->access(config, &access);
        if (access.api_key == NULL) { /* its requests name their own origins */
            continue;
        }
        err = slu_url_parse_base(access.base_url, &url, &why);
        if (err != SLU_ERR_OK) {
            return slu_error_set(error, err, "%s.base_url: %.200s", ops->name,
                                 why.text);
        }
    }
    return SLU_ERR_OK;
}

/* SLU_LISTS_CATEGORIES_MAX: no category has that name. */
static unsigned find_category(const char *name)
{
    unsigned bit = 0;

    while (bit < SLU_LISTS_CATEGORIES_MAX &&
           strcmp(slu_source_name(1u << bit), name) != 0) {
        bit++;
    }
    return bit;
}

void slu_engine_category_ages(const struct slu_engine *self,
                              int64_t out[SLU_LISTS_CATEGORIES_MAX])
{
    const struct slu_maps *ages = &self->lists->max_ages;

    memset(out, 0, SLU_LISTS_CATEGORIES_MAX * sizeof(*out));
    for (unsigned i = 0; i < ages->count; i++) {
        const struct slu_list_age *age =
            (const struct slu_list_age *)ages->items + i;

        out[find_category(age->category)] = age->max_age_ms;
    }
}

/* The names of the categories are the sources', which the lists don't know. */
static enum slu_err check_categories(const struct slu_engine *self,
                                     struct slu_error *error)
{
    const struct slu_maps *ages = &self->lists->max_ages;

    for (unsigned i = 0; i < ages->count; i++) {
        const struct slu_list_age *age =
            (const struct slu_list_age *)ages->items + i;

        if (find_category(age->category) == SLU_LISTS_CATEGORIES_MAX) {
            return slu_error_set(error, SLU_ERR_CONFIG,
                                 "lists.max_ages: there is no category "
                                 "\"%.60s\"; expected stream, taken_over or "
                                 "the id of a threat list, such as malware",
                                 age->category);
        }
    }
    return SLU_ERR_OK;
}

static enum slu_err open_engine(struct slu_engine *self,
                                const struct slu_options *options,
                                struct slu_error *error)
{
    enum slu_err err = read_config(self, options, error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    self->top = slu_config_section(self->config, "");
    self->http = slu_config_section(self->config, "http");
    self->limits = slu_config_section(self->config, "limits");
    self->lists = slu_config_section(self->config, "lists");
    err = slu_lists_config_check(self->lists, error);
    if (err == SLU_ERR_OK) {
        err = check_categories(self, error);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    slu_buf_init(&self->status_text, self->alloc, STATUS_TEXT_MAX);
    err = slu_wake_open(&self->stop);
    if (err != SLU_ERR_OK) {
        return slu_error_set(error, err, "cannot make an eventfd");
    }
    if (!slu_wiped_memory_start()) {
        return slu_error_set(error, SLU_ERR_NOMEM, "cannot start libcurl");
    }
    return check_flows(self, error);
}

enum slu_err slu_engine_open(const struct slu_options *options,
                             struct slu_engine **out_engine,
                             struct slu_error *out_error)
{
    const struct slu_alloc *alloc =
        options->alloc != NULL ? options->alloc : slu_alloc_default();
    struct slu_engine *self = slu_alloc_zero(alloc, sizeof(*self));
    enum slu_err err;

    *out_engine = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM, "out of memory");
    }
    self->alloc = alloc;
    self->callbacks = *options;
    self->stop.fd = -1;
    self->logger = slu_log_once_init(&self->told, options->on_log,
                                     options->log_ctx, options->log_level);
    err = open_engine(self, options, out_error);
    if (err != SLU_ERR_OK) {
        slu_engine_close(self);
        return err;
    }
    *out_engine = self;
    return SLU_ERR_OK;
}

void slu_engine_close(struct slu_engine *self)
{
    if (self == NULL) {
        return;
    }
    slu_config_free(self->config);
    slu_delivery_sets_fini(&self->sets);
    slu_wake_close(&self->stop);
    if (self->status_text.alloc != NULL) {
        slu_buf_fini(&self->status_text);
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

unsigned slu_engine_flow_count(const struct slu_engine *self)
{
    return slu_config_flow_count(self->config);
}

const char *slu_engine_flow_name(const struct slu_engine *self, unsigned flow)
{
    if (flow >= slu_config_flow_count(self->config)) {
        return NULL;
    }
    return slu_config_flow(self->config, flow)->name;
}

bool slu_engine_flow_has_lists(const struct slu_engine *self, unsigned flow)
{
    return flow < slu_config_flow_count(self->config) &&
           !slu_registry_source(slu_config_flow(self->config, flow)->source)
                ->rows;
}

void slu_engine_stop(struct slu_engine *self)
{
    slu_wake_raise(&self->stop);
}

const struct slu_error *slu_engine_error(const struct slu_engine *self)
{
    return &self->error;
}

int slu_exit_code(enum slu_err err)
{
    switch (err) {
    case SLU_ERR_OK:
        return 0;
    case SLU_ERR_USAGE:
    case SLU_ERR_CONFIG:
    case SLU_ERR_NOT_FOUND:
        return 2;
    case SLU_ERR_AUTH:
    case SLU_ERR_DENIED:
        return 3;
    default:
        return 1;
    }
}

const char *slu_version(void)
{
    return SLU_VERSION;
}

/* ---- what the verbs share ---- */

const struct slu_source_ops *slu_engine_source(struct slu_engine *self,
                                               unsigned flow,
                                               const void **out_config)
{
    const struct slu_flow_config *config;
    const struct slu_source_ops *ops;

    if (flow >= slu_config_flow_count(self->config)) {
        (void)slu_error_set(&self->error, SLU_ERR_USAGE,
                            "there is no flow %u: the configuration has %u",
                            flow + 1, slu_config_flow_count(self->config));
        return NULL;
    }
    config = slu_config_flow(self->config, flow);
    ops = slu_registry_source(config->source);
    *out_config = slu_config_section(self->config, ops->section);
    return ops;
}

/* Room first: the texts are pointed at, so the buffer must not move. */
enum slu_err slu_engine_begin_texts(struct slu_engine *self)
{
    char *room;
    enum slu_err err;

    slu_buf_clear(&self->status_text);
    err = slu_buf_reserve(&self->status_text, self->status_text.max, &room);
    return err == SLU_ERR_OK
               ? err
               : slu_error_set(&self->error, err, "cannot show the state: %s",
                               slu_err_sentence(err));
}

const char *slu_engine_keep_text(struct slu_engine *self, struct slu_view text)
{
    size_t start = self->status_text.len;

    if (slu_buf_append(&self->status_text, text) != SLU_ERR_OK ||
        slu_buf_append(&self->status_text, slu_view_make("", 1)) !=
            SLU_ERR_OK) {
        return NULL;
    }
    return self->status_text.ptr + start;
}

enum slu_err slu_engine_read_store(struct slu_engine *self,
                                   struct slu_store **out_store)
{
    struct slu_store_options options = {
        .alloc = self->alloc,
        .dir = self->top->state_dir,
        .read_only = true,
    };

    return slu_store_open(&options, out_store, &self->error);
}

enum slu_err slu_engine_fail_store(struct slu_engine *self, enum slu_err err,
                                   const struct slu_store *store)
{
    self->error = *slu_store_error(store);
    if (self->error.code == SLU_ERR_OK) {
        (void)slu_error_set(&self->error, err, "cannot read the state: %s",
                            slu_err_sentence(err));
    }
    return err;
}

enum slu_err slu_engine_guard(struct slu_engine *self,
                              struct slu_guard **out_guard)
{
    const struct slu_lists_config *lists = self->lists;
    struct slu_guard_options options = {
        .allow_non_global = lists->allow_non_global,
        .allow_public_suffixes = lists->allow_public_suffixes,
        .cidr_min_prefix = (uint8_t)lists->cidr_min_prefix,
    };
    struct slu_guard *guard = slu_guard_new(self->alloc, &options);
    enum slu_err err = SLU_ERR_OK;

    if (guard == NULL) {
        return slu_error_set(&self->error, SLU_ERR_NOMEM, "out of memory");
    }
    if (lists->allow_file != NULL && lists->allow_file[0] != '\0') {
        err = slu_allow_file_read(self->alloc, "lists.allow_file",
                                  lists->allow_file, guard, &self->error);
    }
    if (err != SLU_ERR_OK) {
        slu_guard_free(guard);
        return err;
    }
    *out_guard = guard;
    return SLU_ERR_OK;
}

enum slu_err slu_engine_require_key(struct slu_engine *self,
                                    const struct slu_source_access *access)
{
    const struct slu_secret *key = access->api_key;

    if (key == NULL || key->name != NULL ||
        (key->value != NULL && key->value[0] != '\0')) {
        return SLU_ERR_OK;
    }
    return slu_error_set(&self->error, SLU_ERR_CONFIG,
                         "API key not found: %s is not set or empty; put your "
                         "Google Threat Intelligence key there, or change "
                         "gti.api_key",
                         key->place != NULL ? key->place : "gti.api_key");
}

enum slu_err slu_engine_judge(const struct slu_source_result *result)
{
    unsigned gaps =
        result->failed_units + result->incomplete_units + result->denied_units;

    if (result->unknown_name) {
        return SLU_ERR_NOT_FOUND;
    }
    if (result->all_denied) {
        return result->first.code == SLU_ERR_CONFIG ? SLU_ERR_CONFIG
                                                    : SLU_ERR_DENIED;
    }
    return gaps > 0 ? SLU_ERR_INCOMPLETE : SLU_ERR_OK;
}
