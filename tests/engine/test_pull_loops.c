/* SPDX-License-Identifier: Apache-2.0 */
/* What a pull promises of its loops, beside what it promises with one, which
 * the other tests of it prove with three, too. */
#include "engine/loops_scene.h"

#include <pthread.h>

static struct slu_source_ops ops; /* fake_source, changed */

static void start(unsigned threads)
{
    static char same[] = "db.example.com\n";

    start_loops(threads, 40, 8, same);
    network.delay_us = 500;
    ops = fake_source;
    bench.options.ops = &ops;
}

static void check_counts(void)
{
    cr_assert_eq(bench.result.counts.items, 80);
    cr_assert_eq(bench.result.counts.accepted[SLU_KIND_DOMAIN], 80);
    cr_assert_eq(bench.result.http.requests, 40);
    cr_assert_leq(bench.result.http.in_flight_max, 8);
    cr_assert_eq(bench_scan(&bench, SLU_RECORD_DOMAIN, NULL, 0), 41);
}

/* ---- how many ---- */

Test(pull_loops, share_the_requests)
{
    start(4);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&network.opened), 4);
    for (unsigned i = 1; i < 4; i++) {
        cr_assert_geq(atomic_load(&network.started[i]), 8, "loop %u", i);
    }
    check_counts();
    stop_loops();
}

Test(pull_loops, are_one_unless_more_are_wanted)
{
    start(1);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&network.opened), 1);
    check_counts();
    stop_loops();
}

Test(pull_loops, are_never_more_than_the_connections)
{
    start(64);
    bench.limits.connections = 3;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&network.opened), 3);
    check_counts();
    stop_loops();
}

Test(pull_loops, are_as_many_as_the_processors_for_none)
{
    cpu_set_t set;

    cr_assert_eq(sched_getaffinity(0, sizeof(set), &set), 0);
    start(0);
    bench.limits.connections = 256;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&network.opened),
                 CPU_COUNT(&set) < 64 ? CPU_COUNT(&set) : 64);
    stop_loops();
}

Test(pull_loops, are_one_for_a_source_that_knows_no_others)
{
    start(4);
    ops.parallel = false;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&network.opened), 1);
    check_counts();
    stop_loops();
}

static void tell_nobody(void *ctx, enum slu_check_kind kind, const char *text)
{
    (void)ctx;
    (void)kind;
    (void)text;
}

Test(pull_loops, are_one_for_a_check)
{
    start(4);
    bench.options.tell = tell_nobody;
    bench.world.tells = "something";
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&network.opened), 1);
    stop_loops();
}

/* ---- what is handed over ---- */

Test(pull_loops, send_what_was_asked_for)
{
    start(2);
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_str_eq(network.last_header, "k3y");
    cr_assert_eq(strncmp(network.last_target, "/u/", 3), 0);
    stop_loops();
}

Test(pull_loops, end_with_a_request_that_can_not_be_started)
{
    start(3);
    network.fails_to_start = true;
    cr_assert_eq(bench_run(&bench), SLU_ERR_NOMEM);
    cr_assert_not_null(
        strstr(bench.error.text, "cannot start a request: out of memory"), "%s",
        bench.error.text);
    stop_loops();
}

Test(pull_loops, leak_nothing_wherever_memory_runs_out)
{
    unsigned fails;

    start(3);
    network.delay_us = 0;
    bench.world.unit_count = 6;
    fails = bench_run_short(&bench, NULL);
    cr_assert_geq(fails, 20);
    stop_loops();
}

/* ---- at home ---- */

static struct fake_world *world;
static pthread_t home;
static atomic_uint bodies_elsewhere;
static unsigned asks; /* at home only: no two at once */

static enum slu_err count_ask(void *arg)
{
    cr_assert(pthread_equal(home, pthread_self()));
    asks++;
    return *(enum slu_err *)arg;
}

static enum slu_body_verdict
ask_home(struct slu_source *self, struct slu_unit *unit, struct slu_view bytes)
{
    const struct slu_source_port *port = world->port;
    enum slu_err want = unit->name[5] % 2 == 0 ? SLU_ERR_OK : SLU_ERR_LIMIT;
    bool elsewhere = !pthread_equal(home, pthread_self());

    cr_assert_eq(elsewhere, unit->loop != 0);
    cr_assert_lt(unit->loop, port->loops);
    atomic_fetch_add(&bodies_elsewhere, elsewhere);
    cr_assert_eq(port->at_home(port->ctx, count_ask, &want), want);
    port->log(port->ctx, SLU_LOG_INFO, unit->name);
    return fake_source.on_body(self, unit, bytes);
}

Test(pull_loops, have_things_run_and_told_at_home)
{
    start(4);
    world = &bench.world;
    home = pthread_self();
    ops.on_body = ask_home;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(asks, 40);
    cr_assert_geq(atomic_load(&bodies_elsewhere), 10);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_INFO, "unit "), 40);
    check_counts();
    stop_loops();
}

static enum slu_err commit_part(void *arg)
{
    const struct slu_source_port *port = world->port;

    return port->part(port->ctx, arg);
}

static enum slu_body_verdict
end_part(struct slu_source *self, struct slu_unit *unit, struct slu_view bytes)
{
    const struct slu_source_port *port = world->port;
    enum slu_body_verdict verdict = fake_source.on_body(self, unit, bytes);

    cr_assert_eq(port->at_home(port->ctx, commit_part, unit), SLU_ERR_OK);
    return verdict;
}

Test(pull_loops, commit_parts_of_an_answer)
{
    start(4);
    world = &bench.world;
    ops.on_body = end_part;
    network.piece_max = 20;
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    check_counts();
    stop_loops();
}

/* A loop that waits for home must not keep the pull from ending. */
static enum slu_body_verdict ask_for_ever(struct slu_source *self,
                                          struct slu_unit *unit,
                                          struct slu_view bytes)
{
    const struct slu_source_port *port = world->port;
    enum slu_err want = SLU_ERR_OK;
    enum slu_err err = SLU_ERR_OK;

    (void)self;
    (void)bytes;
    slu_wake_raise(&bench.stop);
    while (unit->loop != 0 && err == SLU_ERR_OK) {
        err = port->at_home(port->ctx, count_ask, &want);
    }
    return SLU_BODY_ERROR;
}

Test(pull_loops, let_go_of_home_when_the_pull_ends)
{
    start(4);
    world = &bench.world;
    home = pthread_self();
    ops.on_body = ask_for_ever;
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    stop_loops();
}

/* ---- ends ---- */

Test(pull_loops, stop_before_they_have_begun)
{
    start(4);
    slu_wake_raise(&bench.stop);
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    stop_loops();
}

Test(pull_loops, are_gone_after_a_source_that_can_not_plan)
{
    start(4);
    bench.world.start_err = SLU_ERR_CONFIG;
    cr_assert_eq(bench_run(&bench), SLU_ERR_CONFIG);
    stop_loops();
}
