/* SPDX-License-Identifier: Apache-2.0 */
/* Which proxy is asked: the configuration's, the environment's, or none.
 * 0.0.0.0 is this machine, yet no loopback address. */
#include "engine/http_client.h"
#include "engine/http_setup.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OK_4 "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
/* To a CONNECT: who hears 200 waits for a server behind it. */
#define NO_WAY "HTTP/1.1 503 No\r\nContent-Length: 4\r\n\r\n"

static const char *const variables[] = {
    "https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY",
    "all_proxy",   "ALL_PROXY",   "no_proxy",   "NO_PROXY",
};

struct world {
    struct client client;
    struct exchange exchange;
    const char *answer; /* of the server, be it the proxy or the target */
    char url[100];      /* of the proxy, with a password */
};

static struct raw_answer answer(void *ctx, const char *request)
{
    struct world *self = ctx;

    (void)request;
    return (struct raw_answer){
        .head = self->answer, .body = "body", .body_len = 4};
}

static void world_init(struct world *self)
{
    *self = (struct world){.answer = OK_4};
    for (unsigned i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        (void)unsetenv(variables[i]);
    }
    client_init(&self->client, answer, self, NULL);
    (void)snprintf(self->url, sizeof(self->url),
                   "http://user:hidden@127.0.0.1:%d",
                   raw_server_port(self->client.server));
    exchange_init(&self->exchange, &self->client);
}

static void world_fini(struct world *self)
{
    exchange_fini(&self->exchange);
    client_fini(&self->client);
}

/* One request with that http.proxy. */
static void ask(struct world *self, const char *proxy, const char *origin,
                bool direct)
{
    struct client *client = &self->client;
    struct slu_http_request request = {.target = SLU_VIEW_LITERAL("/x"),
                                       .direct = direct};
    struct slu_http_config config = {
        .proxy = proxy,
        .ca_bundle = "",
        .user_agent = "",
        .verify_tls = true,
        .connect_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
        .body_max = 1000,
    };
    const struct slu_transport_options options = {.alloc = slu_alloc_default(),
                                                  .base = client->base,
                                                  .config = &config,
                                                  .connections = 2};
    struct slu_error error;

    slu_http_free(client->http);
    cr_assert_eq(slu_http_setup(&options, &client->http, &error), SLU_ERR_OK);
    (void)snprintf(client->origin, sizeof(client->origin), "%s", origin);
    exchange_send(&self->exchange, &request);
    client_run(client);
    cr_assert_eq(self->exchange.ends, 1);
    cr_assert_null(strstr(self->exchange.error.text, "hidden"), "%s",
                   self->exchange.error.text);
}

static const char *here(const struct world *self, const char *host)
{
    static char origin[100];

    (void)snprintf(origin, sizeof(origin), "http://%s:%d", host,
                   raw_server_port(self->client.server));
    return origin;
}

static void expect_request(const struct world *self, const char *line)
{
    const char *request = raw_server_request(self->client.server);

    cr_assert_not_null(request);
    cr_assert_eq(strncmp(request, line, strlen(line)), 0, "%.200s", request);
}

static void expect_nothing_asked(const struct world *self)
{
    cr_assert_eq(raw_server_counts(self->client.server)->requests, 0);
}

/* ---- the environment's ---- */

static void expect_tunnel(const char *name)
{
    struct world world;

    world_init(&world);
    world.answer = NO_WAY;
    (void)setenv(name, world.url, 1);
    ask(&world, "", "https://sluice.invalid", false);
    expect_request(&world, "CONNECT sluice.invalid:443 HTTP/1.1\r\n");
    /* user:hidden */
    cr_assert_not_null(strstr(raw_server_request(world.client.server),
                              "Proxy-Authorization: Basic dXNlcjpoaWRkZW4="));
    cr_assert_eq(world.exchange.error.code, SLU_ERR_NETWORK);
    cr_assert_not_null(strstr(world.exchange.error.text,
                              "refuses the way there with HTTP 503"),
                       "%s", world.exchange.error.text);
    world_fini(&world);
}

Test(http_proxy, https_goes_through_the_environments)
{
    expect_tunnel("https_proxy");
    expect_tunnel("HTTPS_PROXY");
    expect_tunnel("all_proxy");
    expect_tunnel("ALL_PROXY");
}

Test(http_proxy, lower_case_counts_first_and_an_empty_one_not_at_all)
{
    struct world world;

    world_init(&world);
    world.answer = NO_WAY;
    (void)setenv("https_proxy", world.url, 1);
    (void)setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);
    ask(&world, "", "https://sluice.invalid", false);
    expect_request(&world, "CONNECT ");
    world_fini(&world);
    world_init(&world);
    world.answer = NO_WAY;
    (void)setenv("https_proxy", "", 1);
    (void)setenv("HTTPS_PROXY", world.url, 1);
    (void)setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    ask(&world, "", "https://sluice.invalid", false);
    expect_request(&world, "CONNECT ");
    world_fini(&world);
}

Test(http_proxy, plain_http_has_its_own_and_not_in_upper_case)
{
    struct world world;

    world_init(&world);
    (void)setenv("http_proxy", world.url, 1);
    (void)setenv("https_proxy", "http://127.0.0.1:1", 1);
    ask(&world, "", "http://sluice.invalid", false);
    expect_request(&world, "GET http://sluice.invalid/x HTTP/1.1\r\n");
    world_fini(&world);
    world_init(&world);
    (void)setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
    ask(&world, "", here(&world, "0.0.0.0"), false);
    expect_request(&world, "GET /x HTTP/1.1\r\n");
    world_fini(&world);
}

static void expect_around(const char *no_proxy)
{
    struct world world;

    world_init(&world);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv(no_proxy, "example.com,0.0.0.0", 1);
    ask(&world, "", here(&world, "0.0.0.0"), false);
    expect_request(&world, "GET /x HTTP/1.1\r\n");
    cr_assert_eq(world.exchange.error.code, SLU_ERR_OK);
    world_fini(&world);
}

Test(http_proxy, no_proxy_leads_around_the_environments)
{
    struct world world;

    expect_around("no_proxy");
    expect_around("NO_PROXY");
    world_init(&world);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("no_proxy", "example.com", 1);
    ask(&world, "", here(&world, "0.0.0.0"), false);
    expect_nothing_asked(&world);
    cr_assert_not_null(strstr(world.exchange.error.text,
                              "through the proxy (or without it, by NO_PROXY) "
                              "127.0.0.1:1"),
                       "%s", world.exchange.error.text);
    world_fini(&world);
}

Test(http_proxy, loopback_is_never_asked_through_the_environments)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost"};

    for (unsigned i = 0; i < 2; i++) {
        struct world world;

        world_init(&world);
        (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
        (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
        ask(&world, "", here(&world, hosts[i]), false);
        expect_request(&world, "GET /x HTTP/1.1\r\n");
        world_fini(&world);
    }
}

/* ---- the configuration's ---- */

Test(http_proxy, the_configurations_counts_alone_and_for_loopback_too)
{
    struct world world;

    world_init(&world);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("no_proxy", "*", 1);
    ask(&world, world.url, "http://localhost:1", false);
    expect_request(&world, "GET http://localhost:1/x HTTP/1.1\r\n");
    world_fini(&world);
}

Test(http_proxy, none_is_none_at_all)
{
    struct world world;

    world_init(&world);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    (void)setenv("all_proxy", "http://127.0.0.1:1", 1);
    ask(&world, "none", here(&world, "0.0.0.0"), false);
    expect_request(&world, "GET /x HTTP/1.1\r\n");
    world_fini(&world);
}

Test(http_proxy, a_direct_request_goes_around_both)
{
    struct world world;

    world_init(&world);
    (void)setenv("http_proxy", "http://127.0.0.1:1", 1);
    ask(&world, "", here(&world, "0.0.0.0"), true);
    expect_request(&world, "GET /x HTTP/1.1\r\n");
    world_fini(&world);
    world_init(&world);
    ask(&world, "http://127.0.0.1:1", here(&world, "0.0.0.0"), true);
    expect_request(&world, "GET /x HTTP/1.1\r\n");
    world_fini(&world);
}

/* ---- errors ---- */

Test(http_proxy, one_that_wants_a_sign_in_says_so_and_no_retry_helps)
{
    struct world world;

    world_init(&world);
    world.answer = "HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n"
                   "Content-Length: 4\r\n\r\n";
    ask(&world, world.url, "https://sluice.invalid", false);
    cr_assert_eq(world.exchange.error.code, SLU_ERR_CONFIG, "%s",
                 world.exchange.error.text);
    cr_assert_not_null(strstr(world.exchange.error.text,
                              "refuses the way there with HTTP 407: it wants "
                              "a user and password"));
    world_fini(&world);
}

Test(http_proxy, a_url_that_is_none_is_not_quoted_with_its_password)
{
    static const char *const urls[] = {
        "ftp://user:hidden@127.0.0.1:1",
        "http://user:hidden@127.0.0.1:99999999",
        "http://user:hidden@[::1",
        "http://user:hidden@",
    };

    for (unsigned i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct world world;

        world_init(&world);
        (void)setenv("https_proxy", urls[i], 1);
        ask(&world, "", "https://sluice.invalid", false);
        cr_assert_neq(world.exchange.error.code, SLU_ERR_OK);
        expect_nothing_asked(&world);
        world_fini(&world);
    }
}
