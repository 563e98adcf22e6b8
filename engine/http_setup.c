/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_setup.h"

#include "codecs/inflate.h"

#include <stdio.h>

#define PAUSE_MAX_MS 30000
#define USER_AGENT_MAX 256

/* GTI compresses only for a User-Agent that holds the word "gzip". */
static void make_user_agent(const char *wanted, char out[USER_AGENT_MAX])
{
    if (wanted[0] == '\0') {
        wanted = "sluice/" SLU_VERSION;
    }
    (void)snprintf(out, USER_AGENT_MAX, "%.240s%s", wanted,
                   strstr(wanted, "gzip") == NULL ? "; gzip" : "");
}

enum slu_err slu_http_setup(const struct slu_alloc *alloc,
                            struct event_base *base,
                            const struct slu_http_config *config,
                            unsigned connections, struct slu_http **out_http,
                            struct slu_error *out_error)
{
    char user_agent[USER_AGENT_MAX];
    struct slu_http_options options = {
        .alloc = alloc,
        .base = base,
        .connections = connections,
        .http2 = config->http2,
        .verify_tls = config->verify_tls,
        .proxy = config->proxy,
        .ca_bundle = config->ca_bundle,
        .user_agent = user_agent,
        .connect_timeout_ms = config->connect_timeout_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .body_max = config->body_max,
        .ratio_max = SLU_INFLATE_RATIO_MAX,
        .pause_max_ms = PAUSE_MAX_MS,
    };

    make_user_agent(config->user_agent, user_agent);
    return slu_http_new(&options, out_http, out_error);
}
