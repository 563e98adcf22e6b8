/* SPDX-License-Identifier: Apache-2.0 */
/* A pull on several loops, from a network without sockets. */
#ifndef TESTS_ENGINE_LOOPS_SCENE_H
#define TESTS_ENGINE_LOOPS_SCENE_H

#include "engine/fake_network.h"
#include "engine/pull_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>

static struct bench bench;
static struct fake_network network;

static inline struct raw_answer no_answer(void *ctx, const char *request)
{
    (void)ctx;
    (void)request;
    return served_text(500, "", "");
}

/* The domain that a request of fake_source is for; `more` follows it. */
static inline int answer_domain(void *ctx, struct slu_view target,
                                char body[FAKE_NETWORK_BODY_MAX])
{
    const char *more = ctx;

    (void)snprintf(body, FAKE_NETWORK_BODY_MAX, "da%.*s.example.com\n%s",
                   (int)strcspn(target.ptr + 3, "/"), target.ptr + 3, more);
    return 200;
}

/* `more`: what each answer has behind its own domain; it stays. */
static inline void start_loops(unsigned threads, unsigned units,
                               unsigned connections, char *more)
{
    bench_start(&bench, no_answer, NULL);
    fake_network_init(&network, answer_domain, more);
    bench.options.transport = &network.ops;
    bench.limits.connections = connections;
    bench.limits.threads = threads;
    bench.world.unit_count = units;
}

/* All that was opened was freed. */
static inline void stop_loops(void)
{
    cr_assert_eq(atomic_load(&network.opened), atomic_load(&network.freed));
    bench_stop_server(&bench);
    bench_stop(&bench);
}

#endif
