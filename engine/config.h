/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the configuration: YAML read with libyaml's events against tables of
 * fields (codecs/field.h). An error names line, key and what was expected.
 *
 * Sections: top level (state_dir, output_dir), http, limits (the engine's
 * own), and one for each source and sink that has a table (registry.h); flows
 * is a list of {name, source, sinks}.
 *
 * Ownership: everything is one arena that `free` gives back; secrets in it are
 * wiped first. Secrets are read when the configuration is (environment or
 * file, without the trailing newline).
 * Errors: CONFIG, NOT_FOUND (the file), IO, NOMEM.
 */
#ifndef SLU_ENGINE_CONFIG_H
#define SLU_ENGINE_CONFIG_H

#include "codecs/alloc.h"
#include "codecs/field.h"
#include <sluice/err.h>
#include <sluice/view.h>

#define SLU_FLOWS_MAX 16
#define SLU_FLOW_SINKS_MAX 8

struct slu_http_config {
    bool http2;
    const char *proxy;
    const char *ca_bundle;
    bool verify_tls;
    const char *user_agent; /* "": "sluice/<version>; gzip" */
    int64_t connect_timeout_ms;
    int64_t idle_timeout_ms;
    uint64_t body_max; /* decoded bytes of one answer */
};

struct slu_limits_config {
    int64_t connections;
    int64_t threads;
    int64_t max_wait_ms;
    int64_t refused_wait_ms;
    uint64_t record_bytes;
    uint64_t memory_max; /* 0: the fixed bounds, the only choice so far */
};

struct slu_top_config {
    const char *state_dir;
    const char *output_dir;
};

struct slu_flow_config {
    const char *name;
    const char *source;
    unsigned sink_count;
    const char *sinks[SLU_FLOW_SINKS_MAX];
    unsigned line;
};

struct slu_config;

SLU_MUST_CHECK enum slu_err slu_config_load(const struct slu_alloc *alloc,
                                            const char *path,
                                            struct slu_config **out_config,
                                            struct slu_error *out_error);
/* The same from text; `name` stands for the path in messages. */
SLU_MUST_CHECK enum slu_err slu_config_parse(const struct slu_alloc *alloc,
                                             struct slu_view text,
                                             const char *name,
                                             struct slu_config **out_config,
                                             struct slu_error *out_error);
void slu_config_free(struct slu_config *self);

/* The section's struct, filled with values and defaults; NULL for a name that
 * no table has. */
const void *slu_config_section(const struct slu_config *self, const char *name);

unsigned slu_config_flow_count(const struct slu_config *self);
const struct slu_flow_config *slu_config_flow(const struct slu_config *self,
                                              unsigned index);

/* True when the key was given in the file and is not a default: "gti.streams".
 */
bool slu_config_given(const struct slu_config *self, const char *section,
                      const char *key);

#endif
