/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of the SDKs, and what comes of them at a modelled server. All
 * time is virtual. */
#include "engine/send_rate.h"

#include <criterion/criterion.h>

#define FLIGHTS_MAX 64
#define NEVER UINT64_MAX

static void check_near(double got, double expected)
{
    double off = got > expected ? got - expected : expected - got;

    cr_assert_lt(off, 1e-6 * (expected > 1 ? expected : 1), "%f, not %f", got,
                 expected);
}

static bool is_open(const struct slu_send_rate *rate, uint64_t now_ms)
{
    uint64_t at_ms;

    return slu_send_rate_is_open(rate, now_ms, &at_ms);
}

static uint64_t opens_at(const struct slu_send_rate *rate, uint64_t now_ms)
{
    uint64_t at_ms = 0;

    cr_assert_not(slu_send_rate_is_open(rate, now_ms, &at_ms));
    cr_assert_gt(at_ms, now_ms);
    return at_ms;
}

/* One request with its answer, whose token is a gift. */
static void exchange(struct slu_send_rate *rate, uint64_t now_ms,
                     bool throttled)
{
    rate->tokens = 1;
    slu_send_rate_acquire(rate, now_ms);
    slu_send_rate_release(rate, now_ms, throttled, -1);
}

/* Good answers, one every every_ms, of [from, until). */
static void answer_well(struct slu_send_rate *rate, uint64_t from_ms,
                        uint64_t until_ms, uint64_t every_ms)
{
    for (; from_ms < until_ms; from_ms += every_ms) {
        exchange(rate, from_ms, false);
    }
}

/* ---- off ---- */

Test(send_rate, is_off_until_the_first_throttled_answer)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        cr_assert(is_open(&rate, 1000));
        slu_send_rate_acquire(&rate, 1000);
    }
    for (unsigned i = 0; i < 1000; i++) {
        slu_send_rate_release(&rate, 1050, false, -1);
    }
    cr_assert_not(rate.on);
    cr_assert(is_open(&rate, 1050));
    exchange(&rate, 1050, true);
    cr_assert(rate.on);
    cr_assert_not(is_open(&rate, 1050));
}

/* A 503 may name a time, too; it is not this one's affair. */
Test(send_rate, heeds_a_named_time_of_a_throttle_only)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 0);
    slu_send_rate_acquire(&rate, 0);
    slu_send_rate_release(&rate, 0, false, 5000);
    cr_assert(is_open(&rate, 0));
    slu_send_rate_acquire(&rate, 0);
    slu_send_rate_release(&rate, 0, true, 5000);
    cr_assert_eq(opens_at(&rate, 100), 5000);
    cr_assert(is_open(&rate, 5000));
}

Test(send_rate, keeps_the_latest_time_that_was_named)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 0);
    for (unsigned i = 0; i < 3; i++) {
        slu_send_rate_acquire(&rate, 0);
    }
    slu_send_rate_release(&rate, 10, true, 9000);
    slu_send_rate_release(&rate, 20, true, 60000);
    slu_send_rate_release(&rate, 30, true, 1000);
    cr_assert_eq(opens_at(&rate, 40), 60020);
}

/* ---- measuring ---- */

/* Worked out by hand: m' = 0.8 n / s + 0.2 m whenever a half second is over,
 * the answer that ends it included. */
Test(send_rate, measures_by_half_seconds_smoothed)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 10000);
    answer_well(&rate, 10000, 10500, 50); /* 10 */
    check_near(rate.measured, 0);
    exchange(&rate, 10500, false); /* 11 in 0.5 s */
    check_near(rate.measured, 17.6);
    answer_well(&rate, 10550, 11000, 50); /* 9 */
    check_near(rate.measured, 17.6);
    exchange(&rate, 11000, false); /* 10 in 0.5 s */
    check_near(rate.measured, 19.52);
    exchange(&rate, 13400, false); /* 1 in 2 s: that of 13.0 ends at 11.0 */
    check_near(rate.measured, 0.8 * 0.5 + 0.2 * 19.52);
}

Test(send_rate, measures_refused_answers_too)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 0);
    for (unsigned i = 0; i < 4; i++) {
        exchange(&rate, 100, i == 0);
    }
    exchange(&rate, 500, true);
    check_near(rate.measured, 8);
}

/* ---- cutting and growing ---- */

/* At ten a second for ten seconds. */
static struct slu_send_rate make_cut(void)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 0);
    answer_well(&rate, 0, 10000, 100);
    check_near(rate.measured, 10);
    exchange(&rate, 10000, true);
    return rate;
}

Test(send_rate, is_cut_to_seven_tenths_of_what_was_measured)
{
    struct slu_send_rate rate = make_cut();

    check_near(rate.measured, 10);
    check_near(rate.per_second, 7);
    check_near(rate.peak, 10);
    /* Without a token at first: 1 / 7 s. */
    cr_assert_eq(opens_at(&rate, 10000), 10143);
}

/* The cube of k is 0.3 peak / 0.4, which is checked by multiplying; the curve
 * is then reckoned as a sum of its differences, without a power. */
Test(send_rate, grows_by_cubic)
{
    struct slu_send_rate rate = make_cut();
    double k = rate.return_s;

    check_near(k * k * k, 7.5);
    for (uint64_t at_ms = 10100; at_ms < 13000; at_ms += 100) {
        double t = (double)(at_ms - 10000) / 1000;
        double expected = 0.4 * (t * t * t - 3 * t * t * k + 3 * t * k * k) + 7;

        exchange(&rate, at_ms, false);
        check_near(rate.per_second, expected);
    }
    /* Slow about the peak, fast beyond. */
    cr_assert_gt(rate.per_second, 10);
    cr_assert_lt(rate.per_second, 10.5);
    answer_well(&rate, 13000, 14100, 100);
    cr_assert_gt(rate.per_second, 13);
}

Test(send_rate, is_cut_from_the_lower_of_measured_and_allowed)
{
    struct slu_send_rate rate = make_cut();

    /* Allowed 7 and a little, measured 10. */
    exchange(&rate, 10300, false);
    {
        double allowed = rate.per_second;

        cr_assert_lt(allowed, rate.measured);
        exchange(&rate, 10400, true);
        check_near(rate.peak, allowed);
        check_near(rate.per_second, 0.7 * allowed);
    }
    /* Measured far less than allowed. */
    answer_well(&rate, 11000, 40000, 1000);
    check_near(rate.measured, 1);
    rate.per_second = 5;
    exchange(&rate, 40000, true);
    check_near(rate.peak, rate.measured);
    check_near(rate.per_second, 0.7 * rate.measured);
}

Test(send_rate, is_twice_the_measured_at_most)
{
    struct slu_send_rate rate = make_cut();

    answer_well(&rate, 10100, 60000, 100);
    check_near(rate.measured, 10);
    check_near(rate.per_second, 20);
}

Test(send_rate, is_a_half_at_least)
{
    struct slu_send_rate rate;
    uint64_t now_ms = 0;

    slu_send_rate_init(&rate, 0);
    for (unsigned i = 0; i < 50; i++) {
        cr_assert(is_open(&rate, now_ms));
        slu_send_rate_acquire(&rate, now_ms);
        slu_send_rate_release(&rate, now_ms, true, -1);
        cr_assert_geq(rate.per_second, 0.5);
        cr_assert_eq(opens_at(&rate, now_ms), now_ms + 2000);
        now_ms += 2000;
    }
    /* And what is refused without end never closes it for good. */
    cr_assert(is_open(&rate, now_ms));
}

Test(send_rate, counts_a_burst_of_refusals_as_one)
{
    struct slu_send_rate rate;

    slu_send_rate_init(&rate, 0);
    answer_well(&rate, 0, 10000, 100);
    for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
        slu_send_rate_acquire(&rate, 10000);
    }
    /* All at one time, and the last ones long after. */
    for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
        slu_send_rate_release(&rate, i < 60 ? 10050 : 14900, true, -1);
    }
    check_near(rate.peak, 10);
    check_near(rate.per_second, 7);
    cr_assert_eq(rate.stale, 0);
    /* What was sent after the cut is news. */
    exchange(&rate, 15100, true);
    check_near(rate.per_second, 0.7 * 7);
}

Test(send_rate, is_cut_once_in_a_quarter_of_a_second)
{
    struct slu_send_rate rate = make_cut();

    exchange(&rate, 10249, true);
    check_near(rate.per_second, 7);
    exchange(&rate, 10250, true);
    check_near(rate.per_second, 4.9);
}

/* ---- tokens ---- */

Test(send_rate, takes_a_token_for_each_send)
{
    struct slu_send_rate rate = make_cut();
    uint64_t now_ms = 10000;

    for (unsigned i = 0; i < 70; i++) {
        now_ms = opens_at(&rate, now_ms);
        cr_assert_not(is_open(&rate, now_ms - 1));
        cr_assert(is_open(&rate, now_ms));
        slu_send_rate_acquire(&rate, now_ms);
    }
    /* 7 a second, each at a whole millisecond. */
    cr_assert_geq(now_ms, 20000);
    cr_assert_leq(now_ms, 20070);
}

Test(send_rate, saves_no_tokens_up_while_idle)
{
    struct slu_send_rate rate = make_cut();

    cr_assert(is_open(&rate, 3600000));
    slu_send_rate_acquire(&rate, 3600000);
    cr_assert_not(is_open(&rate, 3600000));
    /* Of 100 ms at most. */
    rate.per_second = 50;
    for (unsigned i = 0; i < 5; i++) {
        cr_assert(is_open(&rate, 7200000));
        slu_send_rate_acquire(&rate, 7200000);
    }
    cr_assert_not(is_open(&rate, 7200000));
}

Test(send_rate, is_asked_without_being_changed)
{
    struct slu_send_rate rate = make_cut();
    struct slu_send_rate before = rate;

    for (uint64_t now_ms = 10000; now_ms < 12000; now_ms++) {
        (void)is_open(&rate, now_ms);
    }
    cr_assert_eq(memcmp(&rate, &before, sizeof(rate)), 0);
}

/* ---- odd clocks ---- */

Test(send_rate, survives_a_clock_that_stands_still_or_goes_back)
{
    struct slu_send_rate rate = make_cut();

    for (unsigned i = 0; i < 100; i++) {
        cr_assert_not(is_open(&rate, 10000 - i));
        cr_assert_not(is_open(&rate, 10000));
    }
    slu_send_rate_acquire(&rate, 10143);
    slu_send_rate_release(&rate, 9000, false, -1);
    check_near(rate.measured, 10);
    check_near(rate.per_second, 7);
    slu_send_rate_acquire(&rate, 10300);
    slu_send_rate_release(&rate, 0, true, -1);
    check_near(rate.per_second, 7);
    cr_assert(is_open(&rate, 10443));
}

/* A laptop that slept: the rate begins low again and is soon found. */
Test(send_rate, survives_a_clock_that_jumps_far)
{
    struct slu_send_rate rate = make_cut();
    uint64_t now_ms = UINT64_C(1) << 60;
    uint64_t began_ms = now_ms;

    exchange(&rate, now_ms, false);
    cr_assert_geq(rate.per_second, 0.5);
    cr_assert_leq(rate.per_second, 2 * rate.measured);
    while (rate.per_second < 20) {
        uint64_t at_ms = now_ms;

        if (!slu_send_rate_is_open(&rate, now_ms, &at_ms)) {
            now_ms = at_ms;
        }
        slu_send_rate_acquire(&rate, now_ms);
        slu_send_rate_release(&rate, now_ms, false, -1);
        cr_assert_lt(now_ms, began_ms + 30000, "%f", rate.per_second);
    }
}

/* ---- at a server ---- */

enum kind {
    BUCKET,  /* of a second's worth, as AWS's gateways */
    WINDOWS, /* N in each second that a request begins; the rest is refused */
};

struct server {
    enum kind kind;
    double per_second;
    double tokens;
    uint64_t at_ms; /* of the bucket, or when the window began */
};

static bool accept_one(struct server *self, uint64_t now_ms)
{
    double elapsed_s = (double)(now_ms - self->at_ms) / 1000;

    if (self->kind == WINDOWS) {
        if (elapsed_s >= 1) {
            self->at_ms = now_ms;
            self->tokens = self->per_second;
        }
    } else {
        self->at_ms = now_ms;
        self->tokens += elapsed_s * self->per_second;
        if (self->tokens > self->per_second) {
            self->tokens = self->per_second;
        }
    }
    if (self->tokens < 1) {
        return false;
    }
    self->tokens -= 1;
    return true;
}

struct flight {
    uint64_t ends_ms; /* 0: free */
    bool good;
};

/* A lane that always has something to send, and its server. */
struct run {
    struct slu_send_rate rate;
    struct server server;
    struct flight flights[FLIGHTS_MAX];
    uint64_t latency_ms;
    uint64_t random;
    unsigned good; /* since they were last set to 0 */
    unsigned refused;
};

static struct run make_run(enum kind kind, double per_second,
                           uint64_t latency_ms)
{
    struct run run = {
        .server = {kind, per_second, per_second, 0},
        .latency_ms = latency_ms,
        .random = 88172645463325252u,
    };

    slu_send_rate_init(&run.rate, 0);
    return run;
}

/* Within a fifth of the latency. */
static uint64_t choose_end(struct run *self, uint64_t now_ms)
{
    uint64_t spread_ms = self->latency_ms * 2 / 5 + 1;

    self->random ^= self->random << 13;
    self->random ^= self->random >> 7;
    self->random ^= self->random << 17;
    return now_ms + self->latency_ms * 4 / 5 + self->random % spread_ms;
}

/* When something happens next. */
static uint64_t turn(struct run *self, uint64_t now_ms)
{
    uint64_t next_ms = NEVER;

    for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &self->flights[i];

        if (flight->ends_ms != 0 && flight->ends_ms <= now_ms) {
            slu_send_rate_release(&self->rate, now_ms, !flight->good, -1);
            self->good += flight->good;
            self->refused += !flight->good;
            flight->ends_ms = 0;
        }
    }
    for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
        struct flight *flight = &self->flights[i];
        uint64_t at_ms = NEVER;

        if (flight->ends_ms == 0 &&
            slu_send_rate_is_open(&self->rate, now_ms, &at_ms)) {
            slu_send_rate_acquire(&self->rate, now_ms);
            flight->good = accept_one(&self->server, now_ms);
            flight->ends_ms = choose_end(self, now_ms);
        }
        at_ms = flight->ends_ms != 0 ? flight->ends_ms : at_ms;
        next_ms = at_ms < next_ms ? at_ms : next_ms;
    }
    return next_ms;
}

static uint64_t run_until(struct run *self, uint64_t now_ms, uint64_t until_ms)
{
    self->good = 0;
    self->refused = 0;
    while (now_ms < until_ms) {
        uint64_t next_ms = turn(self, now_ms);

        cr_assert_gt(next_ms, now_ms);
        now_ms = next_ms;
    }
    return now_ms;
}

/* After 20 s, for 5 minutes. */
static void check_run(struct run *run, double through_min, double refused_max)
{
    uint64_t began_ms = run_until(run, 1, 20000);
    uint64_t ended_ms = run_until(run, began_ms, began_ms + 300000);
    double seconds = (double)(ended_ms - began_ms) / 1000;
    double through = run->good / seconds / run->server.per_second;
    double refused = (double)run->refused / (run->good + run->refused);

    cr_assert_gt(through, through_min, "%f of %f/s at %u ms", through,
                 run->server.per_second, (unsigned)run->latency_ms);
    cr_assert_lt(refused, refused_max, "%f of %f/s at %u ms", refused,
                 run->server.per_second, (unsigned)run->latency_ms);
}

Test(send_rate, gets_what_a_bucket_gives)
{
    static const double rates[] = {5, 10, 15, 20, 25, 50, 100, 400};
    static const uint64_t latencies[] = {20, 50, 100};

    for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (unsigned k = 0; k < 3; k++) {
            struct run run = make_run(BUCKET, rates[i], latencies[k]);

            check_run(&run, 0.95, 0.10);
        }
    }
}

Test(send_rate, gets_most_of_what_a_server_with_windows_gives)
{
    static const double rates[] = {10, 15, 20, 25, 50, 100, 400};
    static const uint64_t latencies[] = {20, 50, 100};

    for (unsigned i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (unsigned k = 0; k < 3; k++) {
            struct run run = make_run(WINDOWS, rates[i], latencies[k]);

            check_run(&run, 0.85, 0.08);
        }
    }
}

/* CUBIC is back at its peak within two seconds: see the header. */
Test(send_rate, gets_less_where_little_is_allowed)
{
    struct run five = make_run(WINDOWS, 5, 50);
    struct run two = make_run(WINDOWS, 2, 50);

    check_run(&five, 0.80, 0.10);
    check_run(&two, 0.70, 0.25);
}

Test(send_rate, gets_its_share_when_answers_are_slow)
{
    struct run bucket = make_run(BUCKET, 50, 500);
    struct run windows = make_run(WINDOWS, 50, 500);

    check_run(&bucket, 0.95, 0.05);
    check_run(&windows, 0.85, 0.05);
}

Test(send_rate, follows_a_server_that_changes_its_mind)
{
    struct run run = make_run(BUCKET, 100, 50);
    uint64_t now_ms = run_until(&run, 1, 60000);

    run.server.per_second = 10;
    now_ms = run_until(&run, now_ms, 80000);
    now_ms = run_until(&run, now_ms, 140000);
    cr_assert_gt(run.good, 540);
    cr_assert_lt(run.refused, 60);
    run.server.per_second = 100;
    now_ms = run_until(&run, now_ms, 160000);
    (void)run_until(&run, now_ms, 220000);
    cr_assert_gt(run.good, 5400);
    cr_assert_lt(run.refused, 60);
}

/* A minute with nothing to ask. */
Test(send_rate, finds_its_rate_again_after_a_lull)
{
    struct run run = make_run(BUCKET, 20, 50);
    uint64_t now_ms = run_until(&run, 1, 60000);

    for (unsigned i = 0; i < FLIGHTS_MAX; i++) {
        if (run.flights[i].ends_ms != 0) {
            slu_send_rate_release(&run.rate, now_ms + 60, false, -1);
            run.flights[i].ends_ms = 0;
        }
    }
    now_ms = run_until(&run, now_ms + 60000, 140000);
    (void)run_until(&run, now_ms, 200000);
    cr_assert_gt(run.good, 1080);
    cr_assert_lt(run.refused, 60);
}
