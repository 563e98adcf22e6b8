/* SPDX-License-Identifier: Apache-2.0 */
/* How many transfers the loops of a pull are given, and when. */
#include "engine/loops_scene.h"

#include <pthread.h>
#include <unistd.h>

#define UNITS 120
#define CONNECTIONS 24

static void start(unsigned threads)
{
    static char nothing[] = "";

    start_loops(threads, UNITS, CONNECTIONS, nothing);
}

static void check_all_came(void)
{
    cr_assert_eq(bench.result.counts.items, UNITS);
    cr_assert_eq(bench.result.http.requests, UNITS);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), UNITS);
}

/* The source is asked for one more, which is held. */
static void check_under_way(unsigned least, unsigned most)
{
    cr_assert_geq(bench.world.under_way_max, least);
    cr_assert_leq(bench.world.under_way_max, most + 1);
}

Test(pull_share, gives_few_to_loops_that_are_never_idle)
{
    start(3);
    network.keeps_busy = true;
    network.delay_us = 2000;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    check_under_way(3, 6);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_geq(atomic_load(&network.started[i]), 2, "loop %u", i);
    }
    check_all_came();
    stop_loops();
}

Test(pull_share, gives_all_connections_to_loops_that_wait)
{
    start(3);
    network.delay_us = 50000;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    check_under_way(CONNECTIONS, CONNECTIONS);
    cr_assert_leq(bench.result.http.in_flight_max, CONNECTIONS);
    check_all_came();
    stop_loops();
}

Test(pull_share, gives_all_connections_to_a_single_loop_at_once)
{
    start(1);
    network.keeps_busy = true;
    network.delay_us = 2000;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    check_under_way(CONNECTIONS, CONNECTIONS);
    check_all_came();
    stop_loops();
}

Test(pull_share, takes_few_connections_where_answers_come_at_once)
{
    start(1);
    bench.limits.connections = UNITS / 2;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_leq(bench.result.http.in_flight_max, UNITS / 4);
    check_all_came();
    stop_loops();
}

Test(pull_share, takes_all_connections_where_answers_take_their_time)
{
    start(1);
    bench.limits.connections = UNITS / 2;
    network.delay_us = 50000;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.result.http.in_flight_max, UNITS / 2);
    check_all_came();
    stop_loops();
}

/* ---- the end ---- */

static void *stop_later(void *ctx)
{
    (void)ctx;
    (void)usleep(20000);
    slu_wake_raise(&bench.stop);
    return NULL;
}

/* What a loop has been asked to tell when it is idle is never told. */
Test(pull_share, lets_loops_end_that_are_never_idle)
{
    pthread_t thread;

    start(3);
    network.keeps_busy = true;
    bench.world.pages = 1000000;
    cr_assert_eq(pthread_create(&thread, NULL, stop_later, NULL), 0);
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    (void)pthread_join(thread, NULL);
    cr_assert_leq(bench.world.under_way_max, 7);
    stop_loops();
}
