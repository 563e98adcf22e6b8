/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice-sim: Google Threat Intelligence's IOC Stream and Categorised Threat
 * Lists, and the AWS services that sluice speaks to, on loopback, written from
 * their documentation and never from what our client sends. It links nothing of
 * the rest of this tree, so that no mistake is made twice.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws.h"
#include "conn.h"
#include "guardduty_sets.h"

static void on_signal(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(ctx);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int len, void *ctx)
{
    (void)listener;
    (void)from;
    (void)len;
    sim_conn_open(ctx, fd);
}

/* libevent refuses port 0 in a text, so a text that ends in `:0` is parsed with
   another port, which is then taken back. */
static bool parse_address(const char *text, struct sockaddr_storage *address,
                          int *len)
{
    size_t size = strlen(text);
    bool any_port = size > 2 && strcmp(text + size - 2, ":0") == 0;
    char copy[128];

    if (size >= sizeof(copy) - 1 || strrchr(text, ':') == NULL) {
        return false;
    }
    snprintf(copy, sizeof(copy), "%.*s%s", (int)(any_port ? size - 1 : size),
             text, any_port ? "1" : "");
    if (evutil_parse_sockaddr_port(copy, (struct sockaddr *)address, len) !=
        0) {
        return false;
    }
    if (any_port && address->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)address)->sin6_port = 0;
    } else if (any_port) {
        ((struct sockaddr_in *)address)->sin_port = 0;
    }
    return true;
}

/* False with a line said. */
static bool open_listener(struct sim_server *server)
{
    struct sockaddr_storage address;
    int len = sizeof(address);

    if (!parse_address(server->options.listen, &address, &len)) {
        fprintf(stderr, "sluice-sim: --listen: \"%s\" is not an address:port\n",
                server->options.listen);
        return false;
    }
    server->listener = evconnlistener_new_bind(
        server->base, on_accept, server,
        LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC, 1024,
        (struct sockaddr *)&address, len);
    if (server->listener == NULL) {
        fprintf(stderr, "sluice-sim: cannot listen on %s: %s\n",
                server->options.listen, strerror(errno));
        return false;
    }
    return true;
}

static bool write_port(const char *path, int port)
{
    FILE *file;

    if (path[0] == '\0') {
        return true;
    }
    file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) != 0) {
        fprintf(stderr, "sluice-sim: cannot write %s: %s\n", path,
                strerror(errno));
        return false;
    }
    return true;
}

/* Tells whoever started us where we are; last, for it means ready. */
static bool announce(struct sim_server *server)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    char text[64] = "";
    int port = 0;

    getsockname(evconnlistener_get_fd(server->listener),
                (struct sockaddr *)&address, &len);
    if (address.ss_family == AF_INET6) {
        struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;

        port = ntohs(in6->sin6_port);
        text[0] = '[';
        inet_ntop(AF_INET6, &in6->sin6_addr, text + 1, 50);
        strcat(text, "]");
    } else {
        struct sockaddr_in *in = (struct sockaddr_in *)&address;

        port = ntohs(in->sin_port);
        inet_ntop(AF_INET, &in->sin_addr, text, 50);
    }
    if (!write_port(server->options.port_file, port)) {
        return false;
    }
    printf("listening on http://%s:%d\n", text, port);
    return fflush(stdout) == 0;
}

/* One bucket for all connections, refilled every 50 ms. */
static void limit_bandwidth(struct sim_server *server)
{
    struct timeval tick = {.tv_usec = 50000};
    size_t share = (size_t)server->options.bandwidth / 20 + 1;

    if (server->options.bandwidth == 0) {
        return;
    }
    server->bandwidth_cfg = ev_token_bucket_cfg_new(
        EV_RATE_LIMIT_MAX, EV_RATE_LIMIT_MAX, share, share, &tick);
    server->bandwidth =
        bufferevent_rate_limit_group_new(server->base, server->bandwidth_cfg);
}

static int serve(struct sim_server *server)
{
    struct event *stop[2];
    int code = 2;

    server->base = event_base_new();
    stop[0] = evsignal_new(server->base, SIGTERM, on_signal, server->base);
    stop[1] = evsignal_new(server->base, SIGINT, on_signal, server->base);
    event_add(stop[0], NULL);
    event_add(stop[1], NULL);
    limit_bandwidth(server);
    server->notices = sim_notices_new(&server->options);
    server->cache = sim_cache_new((size_t)server->options.cache_bytes);
    sim_aws_init(server);
    server->world =
        sim_world_new(&server->options, sim_server_now(server) * 1000);
    server->sets = sim_sets_new(server);
    if (open_listener(server) && announce(server)) {
        event_base_dispatch(server->base);
        code = 0;
    }
    sim_conn_free_all(server);
    if (server->listener != NULL) {
        evconnlistener_free(server->listener);
    }
    if (server->bandwidth != NULL) {
        bufferevent_rate_limit_group_free(server->bandwidth);
        ev_token_bucket_cfg_free(server->bandwidth_cfg);
    }
    event_free(stop[0]);
    event_free(stop[1]);
    event_base_free(server->base);
    sim_notices_free(server->notices);
    sim_cache_free(server->cache);
    sim_guardduty_fini();
    sim_sets_free(server->sets);
    sim_world_free(server->world);
    sim_aws_fini(server);
    return code;
}

int main(int argc, char **argv)
{
    static struct sim_server server;

    sim_options_parse(&server.options, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    return serve(&server);
}
