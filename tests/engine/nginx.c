/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/nginx.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const nginx_conf =
    "daemon off; master_process off; pid nginx.pid;\n"
    "error_log error.log;\n"
    "events { worker_connections 256; }\n"
    "http {\n"
    "  access_log off; keepalive_requests 1000000; sendfile on;\n"
    "  client_body_temp_path t1; proxy_temp_path t2;\n"
    "  fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n"
    "  server {\n"
    "    listen 127.0.0.1:%d ssl http2;\n"
    "    ssl_certificate cert.pem; ssl_certificate_key key.pem;\n"
    "    root .;\n"
    "  }\n"
    "}\n";

/* A port that stays ours: who connects, or asks for any port, is not given one
 * that a socket is bound to, but nginx, which reuses addresses too, may. */
static void reserve_port(struct nginx *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    int on = 1;

    self->reserved = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    (void)setsockopt(self->reserved, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    (void)bind(self->reserved, (struct sockaddr *)&address, sizeof(address));
    (void)getsockname(self->reserved, (struct sockaddr *)&address, &len);
    self->tls_port = ntohs(address.sin_port);
}

static bool can_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0;

    (void)close(fd);
    return ok;
}

static bool run(const char *folder, const char *command)
{
    char line[512];

    (void)snprintf(line, sizeof(line), "cd '%s' && ( %s ) >/dev/null 2>&1",
                   folder, command);
    return system(line) == 0;
}

static bool write_conf(const struct nginx *self)
{
    char path[128];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/nginx.conf", self->folder);
    file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    (void)fprintf(file, nginx_conf, self->tls_port);
    return fclose(file) == 0;
}

static bool prepare(struct nginx *self)
{
    return run("/", "PATH=$PATH:/usr/sbin command -v nginx && "
                    "command -v openssl") &&
           run(self->folder,
               "openssl req -x509 -newkey ec -pkeyopt "
               "ec_paramgen_curve:prime256v1 -nodes -keyout key.pem "
               "-out cert.pem -days 2 -subj /CN=sluice "
               "-addext subjectAltName=IP:127.0.0.1") &&
           run(self->folder, "head -c 4096 /dev/zero | tr '\\0' s > small && "
                             "head -c 4194304 /dev/zero | tr '\\0' l > large "
                             "&& chmod 755 . && chmod 644 small large") &&
           write_conf(self);
}

static void exec_nginx(const char *folder)
{
    int null = open("/dev/null", O_RDWR);

    (void)dup2(null, 1);
    (void)dup2(null, 2);
    (void)setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    (void)execlp("nginx", "nginx", "-p", folder, "-c", "nginx.conf",
                 (char *)NULL);
    _exit(127);
}

bool nginx_start(struct nginx *self)
{
    memset(self, 0, sizeof(*self));
    (void)snprintf(self->folder, sizeof(self->folder), "/tmp/slu-nginx-XXXXXX");
    if (mkdtemp(self->folder) == NULL) {
        return false;
    }
    (void)snprintf(self->certificate, sizeof(self->certificate), "%s/cert.pem",
                   self->folder);
    reserve_port(self);
    if (!prepare(self)) {
        nginx_stop(self);
        return false;
    }
    self->pid = fork();
    if (self->pid == 0) {
        exec_nginx(self->folder);
    }
    for (int i = 0; !can_connect(self->tls_port); i++) {
        if (i == 6000) {
            abort(); /* it is installed, and a minute is enough */
        }
        (void)usleep(10000);
    }
    return true;
}

void nginx_stop(struct nginx *self)
{
    if (self->pid > 0) {
        (void)kill(self->pid, SIGTERM);
        (void)waitpid(self->pid, NULL, 0);
    }
    (void)close(self->reserved);
    (void)run(self->folder, "rm -rf key.pem cert.pem nginx.conf nginx.pid "
                            "error.log small large t1 t2 t3 t4 t5");
    (void)rmdir(self->folder);
}
