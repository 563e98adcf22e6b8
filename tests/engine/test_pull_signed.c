/* SPDX-License-Identifier: Apache-2.0 */
/* Signed requests of a pull: credentials that expire, clocks that differ,
 * identities that can't be signed in. */
#include "engine/fake_pool.h"
#include "engine/pull_bench.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define SEEN_MAX 128

static struct bench bench;
static struct fake_pool pool;

struct seen {
    unsigned unit;
    unsigned identity;
    unsigned generation;
    bool is_signed;
    int64_t date;
};

/* What a test's server does with a request, and all that it has seen. */
static struct play {
    struct raw_answer (*answer)(unsigned unit, unsigned nth);
    unsigned count;
    struct seen seen[SEEN_MAX];
} play;

static unsigned count_unit(unsigned unit)
{
    unsigned count = 0;

    for (unsigned i = 0; i < play.count; i++) {
        count += play.seen[i].unit == unit;
    }
    return count;
}

static bool is_signed_by(const char *request, const struct seen *seen)
{
    struct fake_keys made;
    struct wire_keys keys = {made.access_key_id, made.secret_access_key,
                             made.session_token, "guardduty", "eu-west-1"};

    fake_keys_make(&made, seen->identity, seen->generation);
    return wire_is_signed(request, &keys);
}

static struct raw_answer on_request(void *ctx, const char *request)
{
    struct seen *seen = &play.seen[play.count];
    struct slu_view token = wire_header(request, "x-amz-security-token");
    const char *target = strstr(request, "/u/");
    unsigned nth;

    (void)ctx;
    if (play.count == SEEN_MAX || target == NULL ||
        sscanf(target, "/u/%u/", &seen->unit) != 1) {
        abort();
    }
    (void)sscanf(token.ptr, "token%u-%u", &seen->identity, &seen->generation);
    seen->is_signed = is_signed_by(request, seen);
    seen->date = wire_date(request);
    nth = count_unit(seen->unit);
    play.count++;
    return play.answer(seen->unit, nth);
}

static void start(struct raw_answer (*answer)(unsigned unit, unsigned nth),
                  unsigned units)
{
    memset(&play, 0, sizeof(play));
    play.answer = answer;
    bench_start(&bench, on_request, NULL);
    bench.world.service = "guardduty";
    bench.world.bucket = "";
    bench.world.unit_count = units;
    fake_pool_use(&pool, &bench.options, bench.served.url);
}

static void stop(void)
{
    bench_stop_server(&bench);
    cr_assert_eq(pool.opened, pool.closed);
    bench_stop(&bench);
}

/* Runs to a good end; everything that came was signed as it should be. */
static void run_well(void)
{
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK, "%s", bench.error.text);
    bench_stop_server(&bench);
    for (unsigned i = 0; i < play.count; i++) {
        cr_assert(play.seen[i].is_signed, "request %u", i);
    }
}

static struct raw_answer good(unsigned unit, unsigned nth)
{
    (void)unit;
    (void)nth;
    return served_text(200, "", "dgood.example.com\n");
}

static struct raw_answer refuse(const char *type)
{
    char extra[200];

    (void)snprintf(extra, sizeof(extra),
                   "x-amzn-ErrorType: %s:http://internal.amazon.com/\r\n",
                   type);
    return served_text(403, extra, "{\"message\":\"no\"}");
}

Test(pull_signed, signs_each_request)
{
    start(good, 5);
    bench.world.pages = 3;
    run_well();
    cr_assert_eq(play.count, 15);
    cr_assert_eq(bench.result.counts.items, 15);
    cr_assert_eq(bench.result.retries, 0);
    cr_assert_eq(pool.opened, 1);
    cr_assert_eq(pool.closed, 1);
    bench_stop(&bench);
}

Test(pull_signed, signs_as_the_identity_that_is_asked_for)
{
    start(good, 6);
    bench.world.identities = 3;
    run_well();
    for (unsigned i = 0; i < play.count; i++) {
        cr_assert_eq(play.seen[i].identity, play.seen[i].unit % 3);
    }
    bench_stop(&bench);
}

/* ---- expired ---- */

static struct raw_answer expire_once(unsigned unit, unsigned nth)
{
    return nth == 0 ? refuse("ExpiredTokenException") : good(unit, nth);
}

Test(pull_signed, asks_again_with_new_credentials_and_tells_nobody)
{
    start(expire_once, 1);
    run_well();
    cr_assert_eq(play.count, 2);
    cr_assert_eq(play.seen[0].generation, 1);
    cr_assert_eq(play.seen[1].generation, 2);
    /* The source has seen one answer to one request, the good one. */
    cr_assert_eq(bench.world.units[0].asks, 1);
    cr_assert_eq(bench.world.units[0].heads, 1);
    cr_assert_eq(bench.world.units[0].status, 200);
    cr_assert_eq(bench.result.counts.items, 1);
    cr_assert_eq(bench.result.retries, 1);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_INFO, ""), 0);
    bench_stop(&bench);
}

/* The new ones take their time: the request waits, and so do the others. */
Test(pull_signed, waits_for_new_credentials)
{
    start(expire_once, 1);
    pool.identities[0].delay_ms = 30;
    run_well();
    cr_assert_eq(play.count, 2);
    cr_assert_eq(play.seen[1].generation, 2);
    bench_stop(&bench);
}

static struct raw_answer expire_first_generation(unsigned unit, unsigned nth)
{
    return play.seen[play.count - 1].generation == 1
               ? refuse("ExpiredTokenException")
               : good(unit, nth);
}

Test(pull_signed, rejects_a_set_of_credentials_once_for_all)
{
    start(expire_first_generation, 20);
    pool.identities[0].delay_ms = 10;
    run_well();
    cr_assert_eq(pool.identities[0].rejects, 1);
    cr_assert_eq(bench.result.counts.items, 20);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(bench.world.units[i].heads, 1);
    }
    bench_stop(&bench);
}

static struct raw_answer expire_always(unsigned unit, unsigned nth)
{
    (void)unit;
    (void)nth;
    return refuse("ExpiredTokenException");
}

Test(pull_signed, tells_the_second_refusal)
{
    start(expire_always, 1);
    run_well();
    cr_assert_eq(play.count, 2);
    cr_assert_eq(bench.world.units[0].heads, 1);
    cr_assert_eq(bench.world.units[0].status, 403);
    cr_assert_str_eq(bench.world.units[0].error_type,
                     "ExpiredTokenException:http://internal.amazon.com/");
    cr_assert_str_eq(bench.world.units[0].said, "{\"message\":\"no\"}");
    cr_assert_eq(bench.world.failed, 1);
    bench_stop(&bench);
}

static struct raw_answer not_enabled(unsigned unit, unsigned nth)
{
    (void)nth;
    return unit == 0 ? refuse("UnrecognizedClientException")
                     : served_text(200, "", "c\n");
}

/* An old token says the same, so it is tried once. */
Test(pull_signed, tries_a_region_that_is_not_enabled_once_more)
{
    start(not_enabled, 3);
    run_well();
    cr_assert_eq(count_unit(0), 2);
    cr_assert_eq(count_unit(1), 1);
    cr_assert_eq(count_unit(2), 1);
    cr_assert_eq(bench.world.failed, 1);
    cr_assert_eq(bench.world.units[0].heads, 1);
    bench_stop(&bench);
}

/* Eleven such regions would each sign in anew. */
Test(pull_signed, signs_in_no_more_for_a_region_that_refuses_a_young_token)
{
    start(not_enabled, 3);
    pool.identities[0].obtained_s = time(NULL) - 20;
    run_well();
    cr_assert_eq(count_unit(0), 1);
    cr_assert_eq(pool.identities[0].rejects, 0);
    cr_assert_eq(bench.world.failed, 1);
    bench_stop(&bench);
}

Test(pull_signed, renews_a_young_token_that_is_called_expired)
{
    start(expire_once, 1);
    pool.identities[0].obtained_s = time(NULL);
    run_well();
    cr_assert_eq(play.count, 2);
    cr_assert_eq(pool.identities[0].rejects, 1);
    bench_stop(&bench);
}

Test(pull_signed, ends_a_request_whose_new_credentials_are_refused)
{
    start(expire_always, 1);
    pool.identities[0].delay_ms = 5;
    pool.identities[0].fails_again = SLU_ERR_AUTH;
    run_well();
    cr_assert_eq(play.count, 1);
    cr_assert_eq(bench.world.units[0].heads, 0);
    cr_assert_eq(bench.world.units[0].ended, SLU_ERR_AUTH);
    cr_assert_str_eq(bench.world.last.text, "no sign-in for identity 0");
    bench_stop(&bench);
}

/* ---- clocks ---- */

static int64_t server_ahead_s;

static const char *format_date(char out[64])
{
    time_t now = time(NULL) + (time_t)server_ahead_s;
    struct tm parts;

    (void)gmtime_r(&now, &parts);
    (void)strftime(out, 64, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return out;
}

static struct raw_answer refuse_by_date(const char *type, const char *date)
{
    char extra[200];

    (void)snprintf(extra, sizeof(extra), "x-amzn-ErrorType: %s\r\n%s%s%s", type,
                   date[0] != '\0' ? "Date: " : "", date,
                   date[0] != '\0' ? "\r\n" : "");
    return served_text(403, extra, "{\"message\":\"Signature expired\"}");
}

/* AWS allows five minutes. */
static struct raw_answer check_date(unsigned unit, unsigned nth)
{
    int64_t off = play.seen[play.count - 1].date - time(NULL) - server_ahead_s;
    char date[64];

    return off > 300 || off < -300
               ? refuse_by_date("InvalidSignatureException", format_date(date))
               : good(unit, nth);
}

static void check_skew(int64_t ahead_s, const char *words)
{
    server_ahead_s = ahead_s;
    start(check_date, 12);
    run_well();
    cr_assert_eq(bench.result.counts.items, 12);
    /* The first request goes alone and learns it for all. */
    cr_assert_eq(play.count, 13);
    cr_assert_eq(pool.offsets, 1);
    cr_assert_leq(llabs(pool.offset_s - ahead_s), 5);
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, words), 1);
    cr_assert_eq(bench.world.units[0].heads, 1);
    bench_stop(&bench);
}

Test(pull_signed, signs_by_the_clock_of_a_server_that_is_ahead)
{
    check_skew(3600, "behind that of AWS");
}

Test(pull_signed, signs_by_the_clock_of_a_server_that_is_behind)
{
    check_skew(-1000, "ahead of that of AWS");
}

static struct raw_answer skewed_for_ever(unsigned unit, unsigned nth)
{
    char date[64];

    (void)unit;
    (void)nth;
    server_ahead_s += 4000;
    return refuse_by_date("SignatureDoesNotMatch", format_date(date));
}

Test(pull_signed, corrects_the_clock_once_for_a_request)
{
    server_ahead_s = 0;
    start(skewed_for_ever, 1);
    run_well();
    cr_assert_eq(play.count, 2);
    cr_assert_eq(bench.world.units[0].heads, 1);
    cr_assert_eq(bench.world.failed, 1);
    bench_stop(&bench);
}

static struct raw_answer refuse_signature(unsigned unit, unsigned nth)
{
    char date[64];

    (void)nth;
    server_ahead_s = 200;
    return refuse_by_date("SignatureDoesNotMatch",
                          unit == 0 ? format_date(date) : "");
}

/* A wrong secret, then: the server's clock agrees, or isn't told. */
Test(pull_signed, blames_no_clock_that_agrees)
{
    start(refuse_signature, 2);
    run_well();
    cr_assert_eq(play.count, 2);
    cr_assert_eq(pool.offsets, 0);
    cr_assert_eq(bench.world.failed, 2);
    bench_stop(&bench);
}

/* ---- answers as they came ---- */

static struct raw_answer answer_301(unsigned unit, unsigned nth)
{
    (void)unit;
    (void)nth;
    return served_text(301, "x-amz-bucket-region: ap-south-1\r\n",
                       "<Error><Code>PermanentRedirect</Code></Error>");
}

Test(pull_signed, tells_a_redirect_with_its_region)
{
    start(answer_301, 1);
    bench.world.service = "s3";
    bench.world.bucket = "my.bucket";
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    bench_stop_server(&bench);
    cr_assert_eq(play.count, 1);
    cr_assert_eq(bench.world.units[0].status, 301);
    cr_assert_str_eq(bench.world.units[0].region, "ap-south-1");
    cr_assert_eq(strncmp(bench.world.units[0].said, "<Error>", 7), 0);
    bench_stop(&bench);
}

static struct raw_answer answer_long(unsigned unit, unsigned nth)
{
    static char page[1000];

    (void)unit;
    (void)nth;
    memset(page, '<', sizeof(page));
    return (struct raw_answer){
        .head = "HTTP/1.1 400 x\r\nContent-Length: 100000\r\n\r\n",
        .body = page,
        .body_len = sizeof(page),
        .times = 100};
}

Test(pull_signed, tells_the_first_64_kb_of_an_error)
{
    start(answer_long, 1);
    run_well();
    cr_assert_eq(bench.world.units[0].said_len, 65536);
    cr_assert_eq(bench.world.units[0].ended, SLU_ERR_OK);
    cr_assert_eq(bench.world.failed, 1);
    bench_stop(&bench);
}

static struct raw_answer answer_cut(unsigned unit, unsigned nth)
{
    return nth > 0 ? good(unit, nth)
                   : (struct raw_answer){
                         .head = "HTTP/1.1 403 x\r\nContent-Length: 99\r\n"
                                 "x-amzn-ErrorType: ExpiredToken\r\n\r\n",
                         .body = "{\"mess",
                         .body_len = 6,
                         .end = RAW_CLOSE};
}

Test(pull_signed, tells_an_error_that_was_cut)
{
    start(answer_cut, 1);
    run_well();
    cr_assert_eq(pool.identities[0].rejects, 0);
    cr_assert_eq(bench.world.units[0].heads, 2);
    cr_assert_eq(bench.world.units[0].asks, 2);
    cr_assert_eq(bench.result.counts.items, 1);
    bench_stop(&bench);
}

static struct raw_answer slow_down_in_ms(unsigned unit, unsigned nth)
{
    return nth == 0 ? served_text(429, "x-amz-retry-after: 1500\r\n", "no")
                    : good(unit, nth);
}

Test(pull_signed, waits_the_milliseconds_that_aws_names)
{
    start(slow_down_in_ms, 1);
    run_well();
    cr_assert_eq(bench_count_lines(&bench, SLU_LOG_WARN, "again in 1.5 s"), 1);
    bench_stop(&bench);
}

/* ---- two lanes: throttled, expired and skewed at once ---- */

static struct raw_answer play_two(unsigned unit, unsigned nth)
{
    char date[64];

    server_ahead_s = 5000;
    if (unit % 2 == 1) {
        return play.seen[play.count - 1].generation == 1
                   ? refuse("ExpiredTokenException")
                   : good(unit, nth);
    }
    if (unit == 0 && nth == 0) {
        return refuse_by_date("InvalidSignatureException", format_date(date));
    }
    return unit == 0 && nth == 1 ? served_text(429, "Retry-After: 1\r\n", "no")
                                 : good(unit, nth);
}

Test(pull_signed, plays_all_faults_in_two_lanes)
{
    start(play_two, 20);
    bench.world.lanes = 2;
    bench.world.identities = 2;
    bench.world.pages = 2;
    pool.identities[1].delay_ms = 20;
    run_well();
    cr_assert_eq(bench.result.counts.items, 40);
    cr_assert_eq(bench.world.failed, 0);
    cr_assert_eq(bench.world.given_up, 0);
    cr_assert_eq(pool.identities[1].rejects, 1);
    cr_assert_eq(pool.identities[0].rejects, 0);
    cr_assert_eq(pool.offsets, 1);
    cr_assert_eq(count_unit(0), 4);
    bench_stop(&bench);
}

/* ---- identities ---- */

Test(pull_signed, waits_for_the_first_sign_in)
{
    start(good, 3);
    pool.identities[0].delay_ms = 40;
    run_well();
    cr_assert_eq(play.count, 3);
    bench_stop(&bench);
}

/* Nothing is under way then, and yet the source is not at fault. */
Test(pull_signed, waits_for_a_sign_in_with_lanes)
{
    start(good, 4);
    bench.world.lanes = 2;
    bench.world.identities = 2;
    pool.identities[0].delay_ms = 40;
    pool.identities[1].delay_ms = 20;
    run_well();
    cr_assert_eq(play.count, 4);
    cr_assert_eq(play.seen[0].identity, 1);
    bench_stop(&bench);
}

/* The lane of the one is not held up by the other's. */
Test(pull_signed, lets_others_go_while_an_identity_is_not_ready)
{
    start(good, 20);
    bench.world.lanes = 2;
    bench.world.identities = 2;
    pool.identities[0].delay_ms = 1000;
    run_well();
    cr_assert_eq(play.count, 20);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(play.seen[i].identity, i < 10 ? 1 : 0);
    }
    bench_stop(&bench);
}

/* Let go by may_send, and a moment later there is nothing to sign with. */
Test(pull_signed, holds_no_lane_up_for_credentials_that_lapse)
{
    start(good, 20);
    bench.world.lanes = 2;
    bench.world.identities = 2;
    pool.identities[0].lapses_at = 2;
    pool.identities[0].delay_again_ms = 1000;
    run_well();
    cr_assert_eq(play.count, 20);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(play.seen[i].identity, i < 10 ? 1 : 0);
    }
    bench_stop(&bench);
}

Test(pull_signed, waits_in_one_lane_for_credentials_that_lapse)
{
    start(good, 5);
    pool.identities[0].lapses_at = 3;
    pool.identities[0].delay_again_ms = 20;
    run_well();
    cr_assert_eq(play.count, 5);
    bench_stop(&bench);
}

Test(pull_signed, ends_the_requests_of_an_identity_that_fails)
{
    start(good, 20);
    bench.world.lanes = 2;
    bench.world.identities = 2;
    pool.identities[1].fails = SLU_ERR_AUTH;
    pool.identities[1].delay_ms = 5;
    run_well();
    cr_assert_eq(play.count, 10);
    cr_assert_eq(bench.world.failed, 10);
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(bench.world.units[i].ended,
                     i % 2 == 1 ? SLU_ERR_AUTH : SLU_ERR_OK);
        cr_assert_eq(bench.world.units[i].heads, i % 2 == 1 ? 0 : 1);
    }
    bench_stop(&bench);
}

Test(pull_signed, ends_quickly_when_the_base_cannot_be_signed_in)
{
    start(good, 100);
    pool.identities[0].fails = SLU_ERR_CONFIG;
    run_well();
    cr_assert_eq(play.count, 0);
    cr_assert_eq(bench.world.failed, 100);
    cr_assert_eq(bench.world.last.code, SLU_ERR_CONFIG);
    bench_stop(&bench);
}

/* The pool has had its own retries: the units have none on top. */
Test(pull_signed, gives_up_units_whose_sign_in_did_not_get_through)
{
    start(good, 3);
    pool.identities[0].fails = SLU_ERR_NETWORK;
    run_well();
    cr_assert_eq(play.count, 0);
    cr_assert_eq(bench.world.given_up, 3);
    cr_assert_eq(bench.result.retries, 0);
    bench_stop(&bench);
}

Test(pull_signed, ends_requests_to_an_endpoint_that_cannot_be)
{
    start(good, 2);
    pool.endpoint = "http://example.com"; /* not loopback, and no TLS */
    cr_assert_eq(bench_run(&bench), SLU_ERR_OK);
    cr_assert_eq(bench.world.failed, 2);
    cr_assert_eq(bench.world.last.code, SLU_ERR_CONFIG);
    stop();
}

static void *stop_soon(void *ctx)
{
    (void)ctx;
    while (pool.identities[0].generation < 2) {
        (void)usleep(1000);
    }
    slu_wake_raise(&bench.stop);
    return NULL;
}

Test(pull_signed, stops_while_a_request_awaits_credentials)
{
    pthread_t thread;

    start(expire_always, 3);
    /* The second sign-in never ends. */
    pool.identities[0].delay_again_ms = 3600000;
    cr_assert_eq(pthread_create(&thread, NULL, stop_soon, NULL), 0);
    cr_assert_eq(bench_run(&bench), SLU_ERR_STOPPED);
    (void)pthread_join(thread, NULL);
    cr_assert_eq(bench.world.units[0].heads, 0);
    stop();
}

/* ---- throttled ---- */

static struct raw_answer throttle_beside_a_slow_one(unsigned unit, unsigned nth)
{
    struct raw_answer answer = good(unit, nth);

    if (unit == 0 && nth == 1) {
        answer.delay_ms = 6000;
    }
    return unit == 1 && nth == 1
               ? served_text(429, "x-amzn-ErrorType: ThrottlingException\r\n",
                             "{\"message\":\"Rate exceeded\"}")
               : answer;
}

/* Where the n-th request of a unit is. */
static unsigned find_request(unsigned unit, unsigned nth)
{
    unsigned at = 0;

    for (; at < play.count; at++) {
        if (play.seen[at].unit == unit && nth-- == 0) {
            break;
        }
    }
    return at;
}

/* A lane of another kind would send nothing until the slow answer has come,
 * which was on its way before the refusal, and then one probe. */
Test(pull_signed, goes_on_at_a_lower_rate_after_a_throttle)
{
    unsigned refused;
    unsigned behind_slow;

    start(throttle_beside_a_slow_one, 4);
    bench.world.pages = 3;
    bench.limits.connections = 2;
    run_well();
    cr_assert_eq(play.count, 13);
    cr_assert_eq(bench.result.retries, 1);
    refused = find_request(1, 1);
    behind_slow = find_request(0, 2);
    cr_assert_lt(find_request(0, 1), behind_slow);
    cr_assert_gt(behind_slow, refused + 3, "%u, %u", behind_slow, refused);
    bench_stop(&bench);
}

/* ---- memory ---- */

Test(pull_signed, says_that_there_is_no_memory_for_the_pool)
{
    start(good, 1);
    pool.refuses_to_open = true;
    cr_assert_eq(bench_run(&bench), SLU_ERR_NOMEM);
    stop();
}

static void begin_again(struct bench *self)
{
    play.count = 0;
    fake_pool_use(&pool, &self->options, self->served.url);
}

Test(pull_signed, leaks_nothing_wherever_memory_runs_out)
{
    start(expire_once, 2);
    cr_assert_gt(bench_run_short(&bench, begin_again), 10);
    stop();
}
