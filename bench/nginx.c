/* SPDX-License-Identifier: Apache-2.0 */
/* What: nginx, for pages that are made before the clock starts. */
#include "bench/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 2
#define UP_WAIT_MS 10000
#define CONFIG_BYTES (3 * SLU_BENCH_PATH_BYTES)

static struct sockaddr_in make_address(unsigned port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                .sin_port = htons((uint16_t)port)};
}

/* Nginx can't be asked which it took. Its socket is kept to the end: nobody who
 * connects, or asks for any port, is given that one, but nginx, which reuses
 * addresses too, may listen there. */
static unsigned find_port(struct slu_bench *bench)
{
    struct sockaddr_in at = make_address(0);
    socklen_t len = sizeof(at);
    int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good =
        fd >= 0 &&
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind(fd, (const struct sockaddr *)&at, sizeof(at)) == 0 &&
        getsockname(fd, (struct sockaddr *)&at, &len) == 0;

    slu_bench_require(bench, good, "no port to listen on: %s", strerror(errno));
    return ntohs(at.sin_port);
}

static bool answers(unsigned port)
{
    struct sockaddr_in at = make_address(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool good =
        fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return good;
}

static void wait_until_up(struct slu_bench *bench,
                          const struct slu_bench_command *command,
                          struct slu_bench_server *server, unsigned port)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    char said[400];
    bool up = false;
    int status;

    for (int waited = 0; !up && waited < UP_WAIT_MS; waited += LOOK_MS) {
        up = answers(port);
        if (!up && slu_bench_server_has_ended(server, &status)) {
            break;
        }
        (void)nanosleep(&pause, NULL);
    }
    slu_bench_last_words(bench, command, said, sizeof(said));
    slu_bench_require(bench, up, "nginx doesn't come up%s", said);
}

static void write_config(struct slu_bench *bench, const char *root,
                         unsigned port, const char *path)
{
    const char *dir = bench->work_dir;
    char text[CONFIG_BYTES];
    int len =
        snprintf(text, sizeof(text),
                 "daemon off;\n"
                 "master_process off;\n"
                 "error_log stderr;\n"
                 "pid %s/nginx.%u.pid;\n"
                 "events { worker_connections 1024; }\n"
                 "http {\n"
                 "    access_log off;\n"
                 "    sendfile on;\n"
                 "    tcp_nopush on;\n"
                 "    keepalive_requests 1000000000;\n"
                 "    default_type application/json;\n"
                 "    client_body_temp_path %s/nginx.tmp;\n"
                 "    proxy_temp_path %s/nginx.tmp;\n"
                 "    fastcgi_temp_path %s/nginx.tmp;\n"
                 "    uwsgi_temp_path %s/nginx.tmp;\n"
                 "    scgi_temp_path %s/nginx.tmp;\n"
                 "    server {\n"
                 "        listen 127.0.0.1:%u backlog=4096;\n"
                 "        root \"%s\";\n"
                 "        location / { try_files \"$uri?$args\" $uri =404; }\n"
                 "    }\n"
                 "}\n",
                 dir, port, dir, dir, dir, dir, dir, port, root);

    slu_bench_require(bench, len > 0 && len < CONFIG_BYTES,
                      "the path of the folder is too long");
    slu_bench_write(bench, path, slu_view_make(text, (size_t)len));
}

struct slu_bench_server *slu_bench_nginx(struct slu_bench *bench,
                                         const char *root, char out_base[64])
{
    unsigned port = find_port(bench);
    char path[SLU_BENCH_PATH_BYTES];
    const char *const args[] = {"nginx", "-p", bench->work_dir, "-c",
                                path,    "-e", "stderr",        NULL};
    const struct slu_bench_command command = {.args = args};
    struct slu_bench_server *self;

    (void)snprintf(path, sizeof(path), "%s/nginx.%u.conf", bench->work_dir,
                   port);
    (void)snprintf(out_base, 64, "http://127.0.0.1:%u", port);
    write_config(bench, root, port, path);
    self = slu_bench_server_start_quietly(bench, &command);
    wait_until_up(bench, &command, self, port);
    return self;
}
