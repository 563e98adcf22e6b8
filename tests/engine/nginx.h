/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: nginx as a child on loopback, with a fresh self-signed certificate for
 * 127.0.0.1 and two files to serve: /small (4 KB) and /large (4 MB).
 * Needs the programs nginx and openssl; start is false without them.
 */
#ifndef TESTS_ENGINE_NGINX_H
#define TESTS_ENGINE_NGINX_H

#include <stdbool.h>
#include <sys/types.h>

#define NGINX_SMALL_BYTES 4096
#define NGINX_LARGE_BYTES (4u << 20)

struct nginx {
    char folder[64];
    char certificate[96];
    int reserved; /* a socket with the port, which nobody else is given */
    int tls_port; /* HTTP/2 and HTTP/1.1 */
    pid_t pid;
};

bool nginx_start(struct nginx *self);
void nginx_stop(struct nginx *self);

#endif
