/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/http_setup.h"

#include "codecs/inflate.h"

#include <stdio.h>
#include <stdlib.h>

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

/* libcurl's order: of a variable that is empty the next one counts. */
static const char *read_first(const char *const *names)
{
    const char *value = "";

    for (; *names != NULL && value[0] == '\0'; names++) {
        const char *found = getenv(*names);

        value = found != NULL ? found : "";
    }
    return value;
}

/* HTTP_PROXY is what a web server calls a client's header "Proxy": nobody reads
 * it in upper case. */
static void choose_proxies(const char *wanted, struct slu_http_options *options)
{
    static const char *const https[] = {"https_proxy", "HTTPS_PROXY",
                                        "all_proxy", "ALL_PROXY", NULL};
    static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY",
                                       NULL};
    static const char *const none[] = {"no_proxy", "NO_PROXY", NULL};

    if (strcmp(wanted, "none") == 0) {
        options->proxy = "";
    } else if (wanted[0] != '\0') {
        options->proxy = wanted;
    } else {
        options->proxy = read_first(https);
        options->proxy_plain = read_first(http);
        options->no_proxy = read_first(none);
        options->spare_loopback = true;
    }
}

enum slu_err slu_http_setup(const struct slu_transport_options *wanted,
                            struct slu_http **out_http,
                            struct slu_error *out_error)
{
    const struct slu_http_config *config = wanted->config;
    char user_agent[USER_AGENT_MAX];
    struct slu_http_options options = {
        .alloc = wanted->alloc,
        .base = wanted->base,
        .connections = wanted->connections,
        .http2 = config->http2,
        .verify_tls = config->verify_tls,
        .ca_bundle = config->ca_bundle,
        .user_agent = user_agent,
        .connect_timeout_ms = config->connect_timeout_ms,
        .idle_timeout_ms = config->idle_timeout_ms,
        .body_max = config->body_max,
        .ratio_max = SLU_INFLATE_RATIO_MAX,
        .pause_max_ms = PAUSE_MAX_MS,
    };

    choose_proxies(config->proxy, &options);
    make_user_agent(config->user_agent, user_agent);
    return slu_http_new(&options, out_http, out_error);
}
