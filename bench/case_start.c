/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sluice sync` from before fork() to the first byte of its first request, read
 * here at a listening socket. Every request is then answered with 401, so that
 * the sync ends by itself, with exit code 3. Programs and libraries are in the
 * page cache, as after a first start. The rival asks for one URL with Python's
 * standard library, as the programs do that sluice replaces.
 */
#include "bench/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 128
#define BACKLOG 128
#define LOOK_MS 5
#define DENIED 3 /* exit code of a refused sign-in */
#define TEXT_BYTES 4096
#define BODY                                                                   \
    "{\"error\":{\"code\":\"WrongCredentialsError\",\"message\":"              \
    "\"Wrong API key\"}}"

_Static_assert(sizeof(BODY) - 1 == 68, "Content-Length says so");

struct listener {
    struct slu_bench *bench;
    int fd;
    unsigned port;
    unsigned count;                             /* of connections */
    struct pollfd sockets[CONNECTIONS_MAX + 1]; /* the first one listens */
    double first_s;                             /* when the first byte came */
};

static void open_listener(struct listener *self, struct slu_bench *bench)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(at);
    bool good;

    self->bench = bench;
    self->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    good = self->fd >= 0 &&
           bind(self->fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
           listen(self->fd, BACKLOG) == 0 &&
           getsockname(self->fd, (struct sockaddr *)&at, &len) == 0;
    slu_bench_require(bench, good, "no port to listen on: %s", strerror(errno));
    self->port = ntohs(at.sin_port);
    self->sockets[0] = (struct pollfd){.fd = self->fd, .events = POLLIN};
}

static void take_connection(struct listener *self)
{
    int fd = accept4(self->fd, NULL, NULL, SOCK_CLOEXEC);

    slu_bench_require(self->bench, fd >= 0 && self->count < CONNECTIONS_MAX,
                      "a connection can't be taken: %s", strerror(errno));
    self->sockets[++self->count] = (struct pollfd){.fd = fd, .events = POLLIN};
}

/* A request is read as far as it has come, and answered: they have no body, and
 * come in one piece on loopback. */
static void answer(struct listener *self, unsigned index)
{
    static const char refusal[] = "HTTP/1.1 401 Unauthorized\r\n"
                                  "Content-Type: application/json\r\n"
                                  "Content-Length: 68\r\n\r\n" BODY;
    int fd = self->sockets[index].fd;
    char request[TEXT_BYTES];
    ssize_t got = read(fd, request, sizeof(request));

    if (got > 0 && self->first_s == 0) {
        self->first_s = slu_bench_wall_s();
    }
    if (got > 0) {
        got = send(fd, refusal, sizeof(refusal) - 1, MSG_NOSIGNAL);
    }
    if (got <= 0) {
        (void)close(fd);
        self->sockets[index] = self->sockets[self->count--];
    }
}

static void serve_once(struct listener *self)
{
    if (poll(self->sockets, self->count + 1, LOOK_MS) <= 0) {
        return;
    }
    for (unsigned i = self->count; i > 0; i--) {
        if (self->sockets[i].revents != 0) {
            answer(self, i);
        }
    }
    if (self->sockets[0].revents != 0) {
        take_connection(self);
    }
}

/* Milliseconds to its first request; it is left to its end. */
static double time_start(struct listener *self,
                         const struct slu_bench_command *command, int wanted)
{
    double began = slu_bench_wall_s();
    struct slu_bench_server *program =
        slu_bench_server_start_quietly(self->bench, command);
    char said[400];
    int status = -1;

    self->first_s = 0;
    while (!slu_bench_server_has_ended(program, &status)) {
        serve_once(self);
    }
    while (self->count > 0) {
        (void)close(self->sockets[self->count--].fd);
    }
    slu_bench_last_words(self->bench, command, said, sizeof(said));
    slu_bench_require(self->bench, status == wanted && self->first_s > 0,
                      "%s ended with %d after %s request%s", command->args[0],
                      status, self->first_s > 0 ? "its" : "no", said);
    return (self->first_s - began) * 1e3;
}

/* ---- the programs ---- */

static double start_sluice(struct listener *self, const char *state)
{
    static const char *const args[] = {"sluice", "sync", "-c", "sluice.yaml",
                                       NULL};
    static const char *const env[] = {
        "GTI_API_KEY=5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e5ca1ab1e"
        "5ca1ab1e",
        NULL};
    const struct slu_bench_command command = {.args = args, .env = env};
    char text[TEXT_BYTES];
    int len = snprintf(text, sizeof(text),
                       "state_dir: %s/state\n"
                       "output_dir: %s/out\n"
                       "gti: {base_url: \"http://127.0.0.1:%u\"}\n"
                       "flows:\n"
                       "  - {name: lists, source: gti, sinks: [files]}\n",
                       state, state, self->port);

    slu_bench_write(self->bench, "sluice.yaml",
                    slu_view_make(text, (size_t)len));
    return time_start(self, &command, DENIED);
}

static double start_python(struct listener *self)
{
    static const char program[] =
        "import sys, urllib.request, urllib.error\n"
        "try: urllib.request.urlopen(sys.argv[1])\n"
        "except urllib.error.HTTPError as e: sys.exit(e.code == 401)\n";
    char url[64];
    const char *const args[] = {"python3", "-c", program, url, NULL};
    const struct slu_bench_command command = {.args = args};

    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/", self->port);
    return time_start(self, &command, 1);
}

static void run(struct slu_bench *bench)
{
    struct listener listener = {0};
    struct slu_bench_figure fresh = {
        .name = "first start, no state yet",
        .unit = "ms",
        .better = SLU_BENCH_LESS,
        .limit = 20,
        .rivals = {{.name = "python3 that sends one by urllib"}},
    };
    struct slu_bench_figure again = {
        .name = "later start, with a state",
        .unit = "ms",
        .better = SLU_BENCH_LESS,
        .limit = 20,
        .rivals = {{.name = "python3 that sends one by urllib"}},
    };
    unsigned round = 0;
    char state[64];

    open_listener(&listener, bench);
    (void)start_sluice(&listener, "warm-up");
    (void)start_python(&listener);
    while (slu_bench_round(bench, 11, 1.0)) {
        double python = start_python(&listener);

        (void)snprintf(state, sizeof(state), "state-%u", round++);
        slu_bench_add(&fresh.ours, start_sluice(&listener, state));
        slu_bench_add(&again.ours, start_sluice(&listener, "warm-up"));
        slu_bench_add(&fresh.rivals[0].series, python);
        slu_bench_add(&again.rivals[0].series, python);
    }
    slu_bench_figure(bench, &fresh);
    slu_bench_figure(bench, &again);
    (void)close(listener.fd);
}

const struct slu_bench_case slu_bench_case_start = {
    .name = "start",
    .title = "Start to first request",
    .what =
        "sluice sync, from before fork() until the first byte of its first "
        "request arrives at a socket. Wall time; the programs are in the page "
        "cache.",
    .needs = "python3",
    .normal = true,
    .run = run,
};
