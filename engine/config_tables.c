/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's own sections of the configuration: top level, http, limits. */
#include "engine/config_reader.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
#define FIELD_COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct slu_field top_fields[] = {
    {.key = "state_dir",
     .type = SLU_FIELD_PATH,
     .offset = offsetof(struct slu_top_config, state_dir),
     .default_text = "./sluice-state",
     .help = "Where the state of the pulls is kept; back it up or lose the "
             "incremental pull, never the lists."},
    {.key = "output_dir",
     .type = SLU_FIELD_PATH,
     .offset = offsetof(struct slu_top_config, output_dir),
     .default_text = "./sluice-out",
     .help = "Where the list files and the checkpoint are written."},
};

const struct slu_section slu_top_section = {
    .name = "",
    .fields = top_fields,
    .field_count = FIELD_COUNT(top_fields),
    .size = sizeof(struct slu_top_config),
};

static const struct slu_field http_fields[] = {
    {.key = "http2",
     .type = SLU_FIELD_BOOL,
     .offset = offsetof(struct slu_http_config, http2),
     .default_text = "false",
     .help = "Ask for HTTP/2 over TLS. A paused HTTP/2 stream goes on "
             "receiving up to 32 MB, so HTTP/1.1 holds memory lower."},
    {.key = "proxy",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_http_config, proxy),
     .default_text = "",
     .help =
         "URL of a proxy; empty: the environment's (HTTPS_PROXY, NO_PROXY and "
         "their kin), never for loopback; none: no proxy at all."},
    {.key = "ca_bundle",
     .type = SLU_FIELD_PATH,
     .offset = offsetof(struct slu_http_config, ca_bundle),
     .default_text = "",
     .help = "File of CA certificates (PEM) instead of the system's."},
    {.key = "verify_tls",
     .type = SLU_FIELD_BOOL,
     .offset = offsetof(struct slu_http_config, verify_tls),
     .default_text = "true",
     .help = "Check the server's certificate and its name. Only a test turns "
             "this off."},
    {.key = "user_agent",
     .type = SLU_FIELD_STRING,
     .offset = offsetof(struct slu_http_config, user_agent),
     .default_text = "",
     .help = "Empty: sluice/<version>; gzip. The word gzip is added where it "
             "is missing: without it GTI sends uncompressed answers."},
    {.key = "connect_timeout",
     .type = SLU_FIELD_DURATION,
     .offset = offsetof(struct slu_http_config, connect_timeout_ms),
     .default_text = "60s",
     .min = 1,
     .max = HOUR_MS,
     .help = "Longest time until a connection stands, TLS included."},
    {.key = "idle_timeout",
     .type = SLU_FIELD_DURATION,
     .offset = offsetof(struct slu_http_config, idle_timeout_ms),
     .default_text = "60s",
     .min = 1,
     .max = HOUR_MS,
     .help = "Longest time without a byte of an answer."},
    {.key = "body_max",
     .type = SLU_FIELD_SIZE,
     .offset = offsetof(struct slu_http_config, body_max),
     .default_text = "2GB",
     .min = 1000,
     .max = INT64_C(1000000000000),
     .help = "Largest answer, decoded; a larger one is refused."},
};

const struct slu_section slu_http_section = {
    .name = "http",
    .fields = http_fields,
    .field_count = FIELD_COUNT(http_fields),
    .size = sizeof(struct slu_http_config),
};

static const struct slu_field limits_fields[] = {
    {.key = "connections",
     .type = SLU_FIELD_INT,
     .offset = offsetof(struct slu_limits_config, connections),
     .default_text = "64",
     .min = 1,
     .max = 256,
     .help = "Most requests in flight at one time."},
    {.key = "threads",
     .type = SLU_FIELD_INT,
     .offset = offsetof(struct slu_limits_config, threads),
     .default_text = "1",
     .min = 0,
     .max = 64,
     .help = "Loops that pull, each on a thread of its own with its share of "
             "the connections; 0: one for each processor. The lists and files "
             "are the same whatever their number; more of them help where "
             "reading the answers, not waiting for them, takes the time."},
    {.key = "max_wait",
     .type = SLU_FIELD_DURATION,
     .offset = offsetof(struct slu_limits_config, max_wait_ms),
     .default_text = "10m",
     .min = 0,
     .max = 24 * HOUR_MS,
     .help = "Longest time that one unit of pull may spend waiting between "
             "attempts; then it has failed and the next run takes it up."},
    {.key = "refused_wait",
     .type = SLU_FIELD_DURATION,
     .offset = offsetof(struct slu_limits_config, refused_wait_ms),
     .default_text = "15s",
     .min = 0,
     .max = 24 * HOUR_MS,
     .help = "The same where every connection is refused and nothing has "
             "answered in this run: so long may a server take that is still "
             "starting. max_wait, where that is shorter."},
    {.key = "memory_max",
     .type = SLU_FIELD_SIZE,
     .offset = offsetof(struct slu_limits_config, memory_max),
     .default_text = "0",
     .min = 0,
     .max = 0,
     .help = "0: the fixed bounds that the README names. This version has no "
             "other."},
    {.key = "record_bytes",
     .type = SLU_FIELD_SIZE,
     .offset = offsetof(struct slu_limits_config, record_bytes),
     .default_text = "1MB",
     .min = 4096,
     .max = 64000000,
     .help = "Largest single element of an answer; a larger one makes the "
             "answer malformed."},
};

const struct slu_section slu_limits_section = {
    .name = "limits",
    .fields = limits_fields,
    .field_count = FIELD_COUNT(limits_fields),
    .size = sizeof(struct slu_limits_config),
};
