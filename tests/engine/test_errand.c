/* SPDX-License-Identifier: Apache-2.0 */
/* Errands on the pull: signed, asked again, stored, and none of it a must. */
#include "engine/errand.h"
#include "engine/fake_pool.h"
#include "engine/served.h"
#include "engine/store_support.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define UNITS_MAX 16
#define LINES_MAX 64

/* ---- an errand: each unit sends one request and wants 2xx ---- */

struct item {
    struct slu_unit head;
    char target[32];
    unsigned lane;
    bool asked;
    bool over;
    bool given_up;
    int status;
    unsigned asks;
    char etag[64];
    char said[64];
    size_t said_len;
    enum slu_err ended;
    enum slu_err put;
    struct slu_error error;
};

struct fake_errand {
    unsigned lanes; /* 0: the table says nothing */
    unsigned count;
    enum slu_method method;
    struct slu_request_header headers[SLU_REQUEST_HEADERS_MAX];
    unsigned header_count;
    struct slu_view body;
    bool lent;
    enum slu_err start_err;
    bool denies;             /* what 401 is */
    struct slu_view put_key; /* "" for none */
    /* What it saw. */
    const struct slu_errand_port *port;
    unsigned starts;
    unsigned loaded;
    char loaded_key[64];
    char loaded_value[64];
    bool read_only;
    char region[32];
    struct item items[UNITS_MAX];
};

static unsigned get_lanes(const void *self)
{
    return ((const struct fake_errand *)self)->lanes;
}

static enum slu_err load(void *self, struct slu_view key, struct slu_view value)
{
    struct fake_errand *errand = self;

    errand->loaded++;
    (void)snprintf(errand->loaded_key, sizeof(errand->loaded_key), "%.*s",
                   SLU_VIEW_ARGS(key));
    (void)snprintf(errand->loaded_value, sizeof(errand->loaded_value), "%.*s",
                   SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static enum slu_err start(void *self, const struct slu_errand_port *port,
                          struct slu_now now, struct slu_error *out_error)
{
    struct fake_errand *errand = self;

    cr_assert_gt(now.wall_s, 0);
    errand->port = port;
    errand->starts++;
    errand->read_only = port->read_only;
    (void)snprintf(errand->region, sizeof(errand->region), "%.*s",
                   SLU_VIEW_ARGS(port->aws_region));
    memset(errand->items, 0, sizeof(errand->items));
    for (unsigned i = 0; i < errand->count; i++) {
        struct item *item = &errand->items[i];

        (void)snprintf(item->head.name, SLU_UNIT_NAME_MAX, "item %u", i);
        (void)snprintf(item->target, sizeof(item->target), "/item/%u", i);
        item->lane = errand->lanes > 0 ? i % errand->lanes : 0;
    }
    return errand->start_err == SLU_ERR_OK
               ? SLU_ERR_OK
               : slu_error_set(out_error, errand->start_err, "cannot begin");
}

static enum slu_turn hand_out(struct fake_errand *errand, struct item *item,
                              struct slu_request *out_request)
{
    item->asked = true;
    item->asks++;
    item->said_len = 0;
    item->etag[0] = '\0';
    out_request->unit = &item->head;
    out_request->method = errand->method;
    out_request->target = slu_view_str(item->target);
    out_request->headers = errand->headers;
    out_request->header_count = errand->header_count;
    out_request->body = errand->body;
    out_request->body_lent = errand->lent;
    out_request->auth = SLU_AUTH_SIGV4;
    out_request->aws = (struct slu_aws_scope){
        .service = SLU_VIEW_LITERAL("s3"),
        .region = SLU_VIEW_LITERAL("eu-west-1"),
        .bucket = SLU_VIEW_LITERAL("lists"),
    };
    out_request->lane = item->lane;
    return SLU_TURN_REQUEST;
}

static enum slu_turn next_request(void *self, struct slu_now now,
                                  struct slu_request *out_request,
                                  uint64_t *out_wait_until_ms)
{
    struct fake_errand *errand = self;
    bool done = true;

    *out_wait_until_ms = UINT64_MAX;
    for (unsigned i = 0; i < errand->count; i++) {
        struct item *item = &errand->items[i];

        done = done && item->over;
        if (item->over || item->asked) {
            continue;
        }
        if (item->head.not_before_ms > now.mono_ms) {
            if (item->head.not_before_ms < *out_wait_until_ms) {
                *out_wait_until_ms = item->head.not_before_ms;
            }
        } else if (errand->lanes < 2 ||
                   errand->port->may_send(errand->port->ctx, item->lane, 0)) {
            return hand_out(errand, item, out_request);
        }
    }
    return done ? SLU_TURN_DONE : SLU_TURN_WAIT;
}

static void on_head(void *self, struct slu_unit *unit,
                    const struct slu_answer_head *head)
{
    struct item *item = (struct item *)unit;

    (void)self;
    item->status = head->status;
    (void)snprintf(item->etag, sizeof(item->etag), "%.*s",
                   SLU_VIEW_ARGS(head->etag));
}

static enum slu_body_verdict on_body(void *self, struct slu_unit *unit,
                                     struct slu_view bytes)
{
    struct item *item = (struct item *)unit;
    size_t room = sizeof(item->said) - 1 - item->said_len;
    size_t len = bytes.len < room ? bytes.len : room;

    (void)self;
    memcpy(item->said + item->said_len, bytes.ptr, len);
    item->said_len += len;
    item->said[item->said_len] = '\0';
    return SLU_BODY_MORE;
}

static void on_end(void *self, struct slu_unit *unit,
                   const struct slu_answer_end *end, struct slu_now now,
                   struct slu_step *out_step)
{
    struct fake_errand *errand = self;
    struct item *item = (struct item *)unit;

    (void)now;
    item->asked = false;
    item->ended = end->err;
    if (end->err == SLU_ERR_OK && item->status / 100 == 2) {
        item->over = true;
        out_step->kind = SLU_STEP_COMMIT;
        if (errand->put_key.len > 0) {
            item->put =
                errand->port->put(errand->port->ctx, unit, errand->put_key,
                                  slu_view_str(item->target));
        }
        errand->port->log(errand->port->ctx, SLU_LOG_INFO, "an item is done");
        return;
    }
    if (end->err == SLU_ERR_OK && item->status / 100 == 4) {
        item->over = true;
        out_step->kind = item->status == 401 && errand->denies
                             ? SLU_STEP_DENIED
                             : SLU_STEP_FAILED;
        (void)slu_error_set(&out_step->error,
                            item->status == 401 ? SLU_ERR_AUTH
                                                : SLU_ERR_REJECTED,
                            "%s: refused", unit->name);
        return;
    }
    out_step->kind = SLU_STEP_RETRY;
    (void)slu_error_set(
        &out_step->error, end->err == SLU_ERR_OK ? SLU_ERR_SERVER : end->err,
        "%s: %s", unit->name,
        end->error != NULL && end->error->text[0] != '\0' ? end->error->text
                                                          : "failed");
}

static void give_up(void *self, struct slu_unit *unit,
                    const struct slu_error *error)
{
    struct item *item = (struct item *)unit;

    (void)self;
    item->given_up = true;
    item->over = true;
    item->error = *error;
}

static const struct slu_errand_ops fake_ops = {
    "fake",  get_lanes, load,   start,   next_request,
    on_head, on_body,   on_end, give_up,
};

/* ---- what one run needs ---- */

static struct bench {
    char dir[64];
    struct served served;
    struct fake_pool pool;
    struct fake_errand errand;
    struct slu_http_config http;
    struct slu_limits_config limits;
    struct slu_wake stop;
    struct slu_wake room;
    struct slu_store *store;
    struct slu_errand_run run;
    struct slu_error error;
    uint64_t requests;
    struct raw_counts counts;
    unsigned line_count;
    char lines[LINES_MAX][400];
    unsigned asked; /* by the server */
    bool is_signed; /* all that came */
    struct raw_answer (*answer)(unsigned nth);
    char last[4096];
} bench;

static struct raw_answer on_request(void *ctx, const char *request)
{
    struct fake_keys made;
    struct wire_keys keys = {made.access_key_id, made.secret_access_key,
                             made.session_token, "s3", "eu-west-1"};

    (void)ctx;
    fake_keys_make(&made, 0, 1);
    bench.is_signed = bench.is_signed && wire_is_signed(request, &keys);
    (void)snprintf(bench.last, sizeof(bench.last), "%s", request);
    return bench.answer(bench.asked++);
}

static void keep_line(void *ctx, enum slu_log_level level, const char *text)
{
    (void)ctx;
    cr_assert_lt(bench.line_count, LINES_MAX);
    (void)snprintf(bench.lines[bench.line_count++], sizeof(bench.lines[0]),
                   "%d %s", (int)level, text);
}

static void on_room(void *ctx)
{
    (void)ctx;
    slu_wake_raise(&bench.room);
}

static void bench_start(struct raw_answer (*answer)(unsigned nth),
                        unsigned count)
{
    struct slu_pull_options options;

    memset(&bench, 0, sizeof(bench));
    bench.answer = answer;
    bench.is_signed = true;
    (void)make_folder(bench.dir);
    served_start(&bench.served, on_request, NULL);
    fake_pool_use(&bench.pool, &options, bench.served.url);
    cr_assert_eq(slu_wake_open(&bench.stop), SLU_ERR_OK);
    bench.errand.count = count;
    bench.http = served_http();
    bench.limits =
        (struct slu_limits_config){.connections = 4, .max_wait_ms = 5000};
    bench.run = (struct slu_errand_run){
        .alloc = slu_alloc_default(),
        .http = &bench.http,
        .limits = &bench.limits,
        .aws = options.aws,
        .aws_port = options.aws_port,
        .sign_in = options.sign_in,
        .logger = {keep_line, NULL, SLU_LOG_DEBUG},
        .stop = &bench.stop,
    };
}

static void bench_open_store(void)
{
    struct slu_store_options options = {
        .alloc = slu_alloc_default(), .dir = bench.dir, .on_room = on_room};

    cr_assert_eq(slu_wake_open(&bench.room), SLU_ERR_OK);
    cr_assert_eq(slu_store_open(&options, &bench.store, &bench.error),
                 SLU_ERR_OK, "%s", bench.error.text);
    bench.run.store = bench.store;
    bench.run.room = &bench.room;
}

static enum slu_err bench_go(void)
{
    bench.error = (struct slu_error){0};
    return slu_errand_go(&bench.run, &fake_ops, &bench.errand, &bench.requests,
                         &bench.error);
}

static void bench_stop(void)
{
    bench.counts = served_stop(&bench.served);
    cr_assert_eq(bench.pool.opened, bench.pool.closed);
    slu_store_close(bench.store);
    slu_wake_close(&bench.stop);
    if (bench.run.room != NULL) {
        slu_wake_close(&bench.room);
    }
    remove_tree(bench.dir);
}

static unsigned count_over(void)
{
    unsigned count = 0;

    for (unsigned i = 0; i < bench.errand.count; i++) {
        const struct item *item = &bench.errand.items[i];

        cr_assert_null(item->head.engine);
        count += item->over && !item->given_up && item->status == 200;
    }
    return count;
}

static const char *entry(const char *key)
{
    static struct found_entry found;

    found = (struct found_entry){.count = 0};
    cr_assert_eq(slu_store_entries(bench.store, key, note_entry, &found),
                 SLU_ERR_OK);
    return found.count == 0 ? NULL : found.value;
}

static bool has_line(const char *text)
{
    for (unsigned i = 0; i < bench.line_count; i++) {
        if (strstr(bench.lines[i], text) != NULL) {
            return true;
        }
    }
    return false;
}

static struct raw_answer good(unsigned nth)
{
    (void)nth;
    return served_text(200, "ETag: \"9a0364b9\"\r\n", "fine");
}

/* ---- the exchange ---- */

Test(errand, is_run_to_its_end_without_a_store)
{
    bench_start(good, 6);
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(count_over(), 6);
    cr_assert_eq(bench.requests, 6);
    cr_assert_str_eq(bench.errand.items[5].etag, "\"9a0364b9\"");
    cr_assert_str_eq(bench.errand.items[5].said, "fine");
    cr_assert_eq(bench.pool.opened, 1);
    cr_assert(has_line("an item is done"));
    bench_stop();
    cr_assert(bench.is_signed);
    cr_assert_eq(bench.counts.requests, 6);
}

Test(errand, may_be_run_again)
{
    bench_start(good, 2);
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.errand.starts, 2);
    cr_assert_eq(count_over(), 2);
    /* It grows. */
    cr_assert_eq(bench.requests, 4);
    bench_stop();
}

Test(errand, may_have_nothing_to_ask)
{
    bench_start(good, 0);
    cr_assert_eq(
        slu_errand_go(&bench.run, &fake_ops, &bench.errand, NULL, &bench.error),
        SLU_ERR_OK);
    bench_stop();
    cr_assert_eq(bench.counts.requests, 0);
}

Test(errand, sends_its_headers_and_signs_them)
{
    bench_start(good, 1);
    bench.errand.method = SLU_METHOD_PUT;
    bench.errand.body = slu_view_str("10.0.0.1\n");
    bench.errand.lent = true;
    bench.errand.headers[0] = (struct slu_request_header){
        SLU_VIEW_LITERAL("if-match"), SLU_VIEW_LITERAL("\"9a0364b9\"")};
    bench.errand.headers[1] = (struct slu_request_header){
        SLU_VIEW_LITERAL("x-amz-expected-bucket-owner"),
        SLU_VIEW_LITERAL("111122223333")};
    bench.errand.headers[2] = (struct slu_request_header){
        SLU_VIEW_LITERAL("cache-control"), SLU_VIEW_LITERAL("no-store")};
    bench.errand.header_count = 3;
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    bench_stop();
    cr_assert(bench.is_signed);
    cr_assert_eq(strncmp(bench.last, "PUT /lists/item/0 HTTP/1.1\r\n", 28), 0,
                 "%s", bench.last);
    cr_assert_not_null(strstr(bench.last, "\r\nif-match: \"9a0364b9\"\r\n"));
    cr_assert_not_null(strstr(bench.last, "\r\n\r\n10.0.0.1\n"));
    cr_assert_not_null(
        strstr(bench.last,
               "SignedHeaders=cache-control;host;if-match;x-amz-content-sha256;"
               "x-amz-date;x-amz-expected-bucket-owner;x-amz-security-token,"),
        "%s", bench.last);
}

/* ---- several lanes ---- */

static struct raw_answer slow_down_once(unsigned nth)
{
    return nth == 0 ? served_text(503, "", "SlowDown") : good(nth);
}

Test(errand, asks_again_after_a_bad_answer)
{
    bench_start(slow_down_once, 3);
    bench.errand.lanes = 3;
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(count_over(), 3);
    cr_assert_eq(bench.requests, 4);
    cr_assert(has_line("asking again in"));
    bench_stop();
}

static struct raw_answer precondition_failed(unsigned nth)
{
    (void)nth;
    return served_text(412, "ETag: \"other\"\r\n", "<Error/>");
}

/* An error answer is told as it came, and is none of the run's errors. */
Test(errand, is_told_of_an_error_with_its_etag)
{
    bench_start(precondition_failed, 1);
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.errand.items[0].status, 412);
    cr_assert_str_eq(bench.errand.items[0].etag, "\"other\"");
    cr_assert_str_eq(bench.errand.items[0].said, "<Error/>");
    bench_stop();
}

static struct raw_answer unauthorized(unsigned nth)
{
    (void)nth;
    return served_text(401, "", "");
}

Test(errand, ends_when_it_is_denied)
{
    bench_start(unauthorized, 3);
    bench.errand.denies = true;
    cr_assert_eq(bench_go(), SLU_ERR_AUTH);
    cr_assert_not_null(strstr(bench.error.text, "refused"), "%s",
                       bench.error.text);
    bench_stop();
}

static struct raw_answer fail(unsigned nth)
{
    (void)nth;
    return served_text(500, "", "");
}

Test(errand, is_told_what_was_given_up)
{
    bench_start(fail, 3);
    bench.limits.max_wait_ms = 1;
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    for (unsigned i = 0; i < 3; i++) {
        cr_assert(bench.errand.items[i].given_up);
        cr_assert_eq(bench.errand.items[i].error.code, SLU_ERR_SERVER);
        cr_assert_null(bench.errand.items[i].head.engine);
    }
    bench_stop();
}

Test(errand, is_told_that_it_can_not_be_signed_in)
{
    bench_start(good, 2);
    bench.pool.identities[0].fails = SLU_ERR_AUTH;
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.errand.items[1].ended, SLU_ERR_AUTH);
    cr_assert(bench.errand.items[1].given_up);
    bench_stop();
    cr_assert_eq(bench.counts.requests, 0);
}

/* ---- what is stored ---- */

Test(errand, stores_what_it_puts_under_its_name)
{
    bench_start(good, 2);
    bench_open_store();
    bench.errand.put_key = slu_view_str("seen");
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.errand.items[0].put, SLU_ERR_OK);
    cr_assert_not_null(entry("fake/seen"));
    cr_assert_eq(bench.errand.loaded, 0);
    /* The next run is told of it. */
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.errand.loaded, 1);
    cr_assert_str_eq(bench.errand.loaded_key, "seen");
    cr_assert_eq(strncmp(bench.errand.loaded_value, "/item/", 6), 0);
    bench_stop();
}

Test(errand, reads_but_does_not_write_when_it_may_only_read)
{
    bench_start(good, 1);
    bench_open_store();
    bench.errand.put_key = slu_view_str("seen");
    cr_assert_eq(bench_go(), SLU_ERR_OK);
    cr_assert_not(bench.errand.read_only);
    bench.errand.put_key = slu_view_str("written");
    bench.run.read_only = true;
    bench.run.room = NULL;
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert(bench.errand.read_only);
    cr_assert_eq(bench.errand.loaded, 1);
    cr_assert_str_eq(bench.errand.loaded_key, "seen");
    cr_assert_eq(bench.errand.items[0].put, SLU_ERR_OK);
    cr_assert_null(entry("fake/written"));
    bench.run.room = &bench.room;
    bench_stop();
}

Test(errand, forgets_what_it_puts_without_a_store)
{
    bench_start(good, 1);
    bench.errand.put_key = slu_view_str("seen");
    cr_assert_eq(bench_go(), SLU_ERR_OK, "%s", bench.error.text);
    cr_assert_eq(bench.errand.items[0].put, SLU_ERR_OK);
    bench_stop();
}

/* ---- what can't be done ---- */

Test(errand, ends_with_its_own_error_when_it_can_not_begin)
{
    bench_start(good, 1);
    bench.errand.start_err = SLU_ERR_CONFIG;
    cr_assert_eq(bench_go(), SLU_ERR_CONFIG);
    cr_assert_str_eq(bench.error.text, "cannot begin");
    bench_stop();
}

Test(errand, stops_when_it_is_asked_to)
{
    bench_start(good, 3);
    slu_wake_raise(&bench.stop);
    cr_assert_eq(bench_go(), SLU_ERR_STOPPED);
    bench_stop();
}

Test(errand, goes_without_memory_at_any_place)
{
    unsigned fail_at = 0;
    bool done = false;

    bench_start(good, 2);
    bench.errand.lanes = 2;
    while (!done) {
        struct failing_alloc failing;
        enum slu_err err;

        failing_alloc_init(&failing, ++fail_at);
        bench.run.alloc = &failing.alloc;
        bench.line_count = 0;
        err = bench_go();
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%u: %s", fail_at,
                  bench.error.text);
        cr_assert_eq(err, bench.error.code);
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
        done = failing.calls < fail_at;
    }
    cr_assert_eq(count_over(), 2);
    cr_assert_gt(fail_at, 10);
    bench_stop();
}
