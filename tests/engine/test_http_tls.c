/* SPDX-License-Identifier: Apache-2.0 */
/* TLS and HTTP/2, through nginx. Each test says so when nginx is not there. */
#include "engine/http_client.h"
#include "engine/nginx.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct raw_answer answer_nothing(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return (struct raw_answer){.head = ""};
}

struct setting {
    bool verify_tls;
    bool own_bundle;
    bool http2;
    const char *target;
    const char *host;
    unsigned count;
    bool pause_always;
};

struct result {
    bool skipped;
    struct slu_error error; /* of the first that failed */
    int status;
    int version;
    uint64_t bytes;
    struct slu_http_stats stats;
};

static void run_exchanges(struct client *client, const struct setting *setting,
                          struct result *result)
{
    struct exchange *exchanges = calloc(setting->count, sizeof(*exchanges));

    for (unsigned i = 0; i < setting->count; i++) {
        exchange_init(&exchanges[i], client);
        exchanges[i].discard = true;
        exchanges[i].pause_always = setting->pause_always;
        exchange_start(&exchanges[i], setting->target);
    }
    client_run(client);
    for (unsigned i = 0; i < setting->count; i++) {
        cr_assert_eq(exchanges[i].ends, 1);
        cr_assert_not(exchanges[i].called_while_paused);
        if (result->error.code == SLU_ERR_OK) {
            result->error = exchanges[i].error;
        }
        result->bytes += exchanges[i].bytes;
        result->status = exchanges[i].status;
        result->version = exchanges[i].version;
        exchange_fini(&exchanges[i]);
    }
    slu_http_get_stats(client->http, &result->stats);
    free(exchanges);
}

static struct result run_setting(const struct setting *setting)
{
    struct result result = {0};
    struct slu_http_options options = client_options(NULL);
    struct client client;
    struct nginx nginx;

    if (!nginx_start(&nginx)) {
        result.skipped = true;
        (void)fprintf(stderr, "skipped: nginx or openssl is not installed\n");
        cr_skip("nginx or openssl is not installed");
    }
    options.verify_tls = setting->verify_tls;
    options.http2 = setting->http2;
    options.ca_bundle = setting->own_bundle ? nginx.certificate : "";
    client_init(&client, answer_nothing, NULL, &options);
    (void)snprintf(client.origin, sizeof(client.origin), "https://%s:%d",
                   setting->host == NULL ? "127.0.0.1" : setting->host,
                   nginx.tls_port);
    run_exchanges(&client, setting, &result);
    client_fini(&client);
    nginx_stop(&nginx);
    return result;
}

Test(http_tls, refuses_an_unknown_certificate_and_says_the_cure)
{
    struct setting setting = {
        .verify_tls = true, .target = "/small", .count = 1};
    struct result result = run_setting(&setting);

    cr_assert_eq(result.error.code, SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(result.error.text, "is not trusted"));
    cr_assert_not_null(strstr(result.error.text, "http.ca_bundle"));
    cr_assert_not_null(strstr(result.error.text, "127.0.0.1:"));
    cr_assert_eq(result.bytes, 0);
}

Test(http_tls, accepts_the_certificate_of_the_ca_bundle)
{
    struct setting setting = {
        .verify_tls = true, .own_bundle = true, .target = "/small", .count = 1};
    struct result result = run_setting(&setting);

    cr_assert_eq(result.error.code, SLU_ERR_OK, "%s", result.error.text);
    cr_assert_eq(result.status, 200);
    cr_assert_eq(result.version, 11);
    cr_assert_eq(result.bytes, NGINX_SMALL_BYTES);
}

Test(http_tls, refuses_a_certificate_of_another_name)
{
    struct setting setting = {.verify_tls = true,
                              .own_bundle = true,
                              .target = "/small",
                              .host = "localhost",
                              .count = 1};
    struct result result = run_setting(&setting);

    cr_assert_eq(result.error.code, SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(result.error.text, "is for another name"));
    cr_assert_null(strstr(result.error.text, "http.ca_bundle"));
    cr_assert_eq(result.bytes, 0);
}

Test(http_tls, asks_anybody_when_told_not_to_verify)
{
    struct setting setting = {.target = "/small", .count = 1};
    struct result result = run_setting(&setting);

    cr_assert_eq(result.error.code, SLU_ERR_OK, "%s", result.error.text);
    cr_assert_eq(result.bytes, NGINX_SMALL_BYTES);
}

Test(http_tls, uses_http_1_1_unless_told)
{
    struct setting setting = {.target = "/small", .count = 40};
    struct result result = run_setting(&setting);

    cr_assert_eq(result.error.code, SLU_ERR_OK, "%s", result.error.text);
    cr_assert_eq(result.stats.http_version, 11);
    cr_assert_eq(result.stats.connects, 40);
}

Test(http_tls, shares_one_connection_over_http_2)
{
    struct setting setting = {.http2 = true, .target = "/small", .count = 40};
    struct result result = run_setting(&setting);

    cr_assert_eq(result.error.code, SLU_ERR_OK, "%s", result.error.text);
    cr_assert_eq(result.version, 20);
    cr_assert_eq(result.stats.http_version, 20);
    cr_assert_eq(result.stats.connects, 1);
    cr_assert_eq(result.bytes, 40 * NGINX_SMALL_BYTES);
}

Test(http_tls, keeps_every_byte_when_paused_over_tls_and_http_2)
{
    for (int http2 = 0; http2 < 2; http2++) {
        struct setting setting = {.http2 = http2 != 0,
                                  .target = "/large",
                                  .count = 2,
                                  .pause_always = true};
        struct result result = run_setting(&setting);

        cr_assert_eq(result.error.code, SLU_ERR_OK, "%s", result.error.text);
        cr_assert_eq(result.version, http2 ? 20 : 11);
        cr_assert_eq(result.bytes, 2u * NGINX_LARGE_BYTES);
    }
}
