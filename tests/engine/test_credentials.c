/* SPDX-License-Identifier: Apache-2.0 */
/* The pool over real sockets and children, against a server on the same loop
 * that plays STS and a container's endpoint. */
#include "engine/credentials.h"
#include "engine/credentials_state.h"
#include "engine/raw_server.h"
#include "sources/signin_world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <time.h>

#define ROLE_1 "arn:aws:iam::111122223333:role/one"
#define ROLE_2 "arn:aws:iam::444455556666:role/two"

/* What the server does next. */
struct script {
    int lifetime_s; /* of what it hands out */
    int status;     /* 0: 200 */
    const char *body;
    const char *extra; /* lines of the head */
    unsigned once;     /* so many answers are `status`, then 200 */
    const char *same;  /* a key id for all, else counted */
    time_t end;        /* of all, else by lifetime_s */
    int delay_ms;
    unsigned made;
};

static struct world world;
static struct script script;
static struct event_base *loop;
static struct raw_server *server;
static struct slu_credential_pool *pool;
static struct slu_http_config http;
static struct slu_account accounts[] = {
    {"111122223333", ROLE_1, "ext"},
    {"444455556666", ROLE_2, ""},
    {"777788889999", "", ""},
};
static unsigned changes;
static bool in_get;
static char origin[64];
static char logged[4000];

/* ---- the server ---- */

static void format_end(char out[32])
{
    time_t end = script.end != 0 ? script.end : time(NULL) + script.lifetime_s;
    struct tm tm;

    gmtime_r(&end, &tm);
    (void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* The key id tells its end. */
static const char *make_body(const char *request)
{
    static char bodies[64][800];
    char *body = bodies[script.made % 64];
    bool xml = strstr(request, "POST / ") != NULL;
    char id[64];
    char end[32];

    format_end(end);
    (void)snprintf(id, sizeof(id), "ASIA%lldN%u",
                   (long long)time(NULL) + script.lifetime_s, ++script.made);
    if (script.same != NULL) {
        (void)snprintf(id, sizeof(id), "%s", script.same);
    }
    (void)snprintf(body, 800,
                   xml ? "<R><Credentials><AccessKeyId>%s</AccessKeyId>"
                         "<SecretAccessKey>geheim</SecretAccessKey>"
                         "<SessionToken>token-geheim</SessionToken>"
                         "<Expiration>%s</Expiration></Credentials></R>"
                       : "{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":"
                         "\"geheim\",\"Token\":\"token-geheim\","
                         "\"Expiration\":\"%s\"}",
                   id, end);
    return body;
}

static struct raw_answer answer(void *ctx, const char *request)
{
    static char heads[64][400];
    static unsigned next;
    char *head = heads[next++ % 64];
    int status = script.status == 0 ? 200 : script.status;
    const char *body;

    (void)ctx;
    if (script.once > 0 && --script.once == 0) {
        script.status = 0;
    }
    body = status == 200 ? make_body(request) : script.body;
    body = body == NULL ? "" : body;
    (void)snprintf(head, 400, "HTTP/1.1 %d x\r\nContent-Length: %zu\r\n%s\r\n",
                   status, strlen(body),
                   status == 200 || script.extra == NULL ? "" : script.extra);
    return (struct raw_answer){.head = head,
                               .body = body,
                               .body_len = strlen(body),
                               .delay_ms = script.delay_ms};
}

/* ---- the pool ---- */

static void on_change(void *ctx)
{
    cr_assert_eq(ctx, &world);
    cr_assert_not(in_get, "told from inside get");
    changes++;
}

static void on_log(void *ctx, enum slu_log_level level, const char *line)
{
    (void)ctx;
    cr_assert_null(strstr(line, WORLD_SECRET), "%s", line);
    (void)snprintf(logged + strlen(logged), sizeof(logged) - strlen(logged),
                   "%s %s\n", slu_log_level_name(level), line);
}

static void set_up(void)
{
    world_init(&world);
    memset(&script, 0, sizeof(script));
    script.lifetime_s = 3600;
    changes = 0;
    logged[0] = '\0';
    accounts[0].role_arn = ROLE_1;
    loop = event_base_new();
    server = raw_server_new(loop, answer, NULL);
    (void)snprintf(origin, sizeof(origin), "http://127.0.0.1:%d",
                   raw_server_port(server));
    http = (struct slu_http_config){
        .proxy = "",
        .ca_bundle = "",
        .verify_tls = true,
        .user_agent = "",
        .connect_timeout_ms = 10000,
        .idle_timeout_ms = 10000,
        .body_max = 1u << 20,
    };
    world_set_env(&world, "AWS_ENDPOINT_URL_STS", origin);
    pool = NULL;
}

static void tear_down(void)
{
    slu_credential_pool_free(pool);
    pool = NULL;
    raw_server_free(server);
    (void)event_base_loop(loop, EVLOOP_NONBLOCK);
    event_base_free(loop);
    world_fini(&world);
}

TestSuite(credentials, .init = set_up, .fini = tear_down);

static struct slu_credential_pool *make_pool(int64_t max_wait_ms)
{
    struct slu_error error = {0};
    const struct slu_credential_pool_options options = {
        .alloc = &world.counting.alloc,
        .base = loop,
        .http = &http,
        .config = &world.config,
        .settings = world.settings,
        .port = &world.port,
        .accounts = accounts,
        .account_count = 3,
        .max_wait_ms = max_wait_ms,
        .logger = {on_log, NULL, SLU_LOG_DEBUG},
        .ctx = &world,
        .on_change = on_change,
    };
    struct slu_credential_pool_options chosen = options;

    if (world.settings == NULL) {
        cr_assert_eq(slu_aws_settings_new(slu_alloc_default(), &world.port,
                                          &world.config, &world.settings,
                                          &error),
                     SLU_ERR_OK, "%s", error.text);
        chosen.settings = world.settings;
    }
    return slu_credential_pool_new(&chosen);
}

static void open_pool(int64_t max_wait_ms)
{
    pool = make_pool(max_wait_ms);
    cr_assert_not_null(pool);
}

static void use_env_keys(void)
{
    world_set_env(&world, "AWS_ACCESS_KEY_ID", "AKIAENV");
    world_set_env(&world, "AWS_SECRET_ACCESS_KEY", "geheim-env");
}

static void use_container(void)
{
    static char uri[100];

    (void)snprintf(uri, sizeof(uri), "%s/creds", origin);
    world_set_env(&world, "AWS_CONTAINER_CREDENTIALS_FULL_URI", uri);
}

static const struct slu_credentials *got;
static uint64_t generation;
static struct slu_error error;

static enum slu_credential_state ask(unsigned identity)
{
    enum slu_credential_state state;

    in_get = true;
    state = slu_credential_pool_get(pool, identity, &got, &generation, &error);
    in_get = false;
    return state;
}

static void stop_loop(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    *(bool *)ctx = true;
}

/* Turns the loop until the identity is no longer waiting. */
static enum slu_credential_state await(unsigned identity)
{
    struct timeval minute = {60, 0};
    bool late = false;
    struct event *watchdog = evtimer_new(loop, stop_loop, &late);
    enum slu_credential_state state;

    (void)event_add(watchdog, &minute);
    while ((state = ask(identity)) == SLU_CREDENTIAL_WAIT) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
        cr_assert_not(late, "an identity waits for ever:\n%s", logged);
    }
    event_free(watchdog);
    return state;
}

static void expect_ready(unsigned identity, uint64_t wanted)
{
    cr_assert_eq(await(identity), SLU_CREDENTIAL_READY, "%s", error.text);
    cr_assert_eq(generation, wanted, "generation %llu",
                 (unsigned long long)generation);
}

/* At a test's end: nothing is left, and no secret was in what was given back.
 * Not in tear_down: Criterion passes a test whose fini failed. */
static void close_pool(void)
{
    slu_credential_pool_free(pool);
    pool = NULL;
    cr_assert_eq(world.counting.live, 0, "%zu bytes are left",
                 world.counting.live);
    cr_assert_not(world.counting.freed_secret,
                  "memory was given back with a secret in it");
}

static unsigned requests(void)
{
    return raw_server_counts(server)->requests;
}

Test(credentials, keys_that_are_there)
{
    use_env_keys();
    open_pool(0);
    cr_assert_eq(ask(0), SLU_CREDENTIAL_WAIT);
    cr_assert_eq(changes, 0);
    expect_ready(0, 1);
    cr_assert_eq(changes, 1);
    cr_assert_str_eq(got->access_key_id, "AKIAENV");
    cr_assert_eq(got->expires_s, 0);
    cr_assert_str_eq(slu_credential_pool_origin(pool, 0), "the environment");
    cr_assert_str_eq(slu_credential_pool_origin(pool, 1), "");
    cr_assert_str_eq(logged, "DEBUG the sign-in: credentials of the "
                             "environment, which expire: never\n");
    close_pool();
}

Test(credentials, an_account_without_a_role_is_the_base)
{
    use_env_keys();
    open_pool(0);
    expect_ready(3, 1);
    cr_assert_str_eq(got->access_key_id, "AKIAENV");
    cr_assert_str_eq(slu_credential_pool_origin(pool, 3), "the environment");
    cr_assert_eq(changes, 1);
}

/* Nobody listens there. With an hour of max_wait it would not end. */
Test(credentials, a_place_that_refuses_and_never_answered_is_given_up_soon)
{
    world_set_env(&world, "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                  "http://127.0.0.1:1/creds");
    open_pool(3600000);
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    cr_assert_not_null(strstr(error.text, "127.0.0.1:1"), "%s", error.text);
    cr_assert_eq(pool->identities[0].failures, 1);
    slu_credential_pool_free(pool);
    open_pool(3600000);
    pool->identities[0].is_answered = true;
    while (pool->identities[0].failures == 0) {
        cr_assert_eq(ask(0), SLU_CREDENTIAL_WAIT);
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    cr_assert_eq(ask(0), SLU_CREDENTIAL_WAIT);
    cr_assert(pool->identities[0].is_backing_off);
    close_pool();
}

Test(credentials, accounts_by_one_base)
{
    use_env_keys();
    open_pool(0);
    cr_assert_eq(ask(1), SLU_CREDENTIAL_WAIT);
    cr_assert_eq(ask(2), SLU_CREDENTIAL_WAIT);
    expect_ready(1, 1);
    expect_ready(2, 1);
    expect_ready(0, 1);
    cr_assert_eq(requests(), 2);
    cr_assert_str_eq(slu_credential_pool_origin(pool, 1), "the role " ROLE_1);
    cr_assert_eq(changes, 3);
    close_pool();
}

Test(credentials, one_refused_account_leaves_the_others)
{
    use_env_keys();
    script.status = 403;
    script.body = "<E><Error><Code>AccessDenied</Code><Message>no"
                  "</Message></Error></E>";
    script.once = 1;
    open_pool(60000);
    cr_assert_eq(await(1), SLU_CREDENTIAL_FAILED);
    cr_assert_eq(error.code, SLU_ERR_AUTH);
    cr_assert_str_eq(error.text,
                     "the role " ROLE_1 " cannot be assumed: AccessDenied: no");
    expect_ready(2, 1);
    cr_assert_eq(ask(1), SLU_CREDENTIAL_FAILED, "it was for good");
}

Test(credentials, a_base_without_credentials_is_everybodys_failure)
{
    world_set_env(&world, "AWS_EC2_METADATA_DISABLED", "true");
    open_pool(60000);
    cr_assert_eq(ask(1), SLU_CREDENTIAL_WAIT);
    cr_assert_eq(await(2), SLU_CREDENTIAL_FAILED);
    cr_assert_eq(error.code, SLU_ERR_AUTH);
    cr_assert_eq(await(1), SLU_CREDENTIAL_FAILED);
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    slu_credential_pool_reject(pool, 0, 0);
    cr_assert_eq(pool->identities[0].phase, SLU_IDENTITY_IDLE);
}

/* Its own set serves to its end, whatever has become of the base. */
Test(credentials, an_account_outlives_its_base)
{
    use_container();
    open_pool(60000);
    expect_ready(1, 1);
    script.status = 403;
    slu_credential_pool_reject(pool, 0, 1);
    (void)event_del(&pool->identities[1].timer);
    slu_identity_want(&pool->identities[1]);
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    while (pool->identities[1].failures < 2) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
        cr_assert_eq(ask(1), SLU_CREDENTIAL_READY);
    }
    cr_assert_eq(generation, 1);
}

static double read_clock(void)
{
    struct timeval now;

    (void)gettimeofday(&now, NULL);
    return (double)now.tv_sec + (double)now.tv_usec / 1e6;
}

/* When the identity's timer is due. */
static double due_at(unsigned identity)
{
    struct timeval at;

    cr_assert(
        event_pending(&pool->identities[identity].timer, EV_TIMEOUT, &at));
    return (double)at.tv_sec + (double)at.tv_usec / 1e6;
}

/* So long before the end, or a tenth of that earlier. All of it is reckoned in
 * whole seconds. What this machine took is not known to have been a part of the
 * lifetime, of which the margin is. */
static void check_refresh(int lifetime_s, double margin_s)
{
    double begun = read_clock();
    double end;
    double due;
    double took;

    script.lifetime_s = lifetime_s;
    slu_credential_pool_free(pool);
    open_pool(0);
    expect_ready(0, 1);
    due = due_at(0);
    end = (double)got->expires_s;
    took = read_clock() - begun;
    cr_assert_geq(due, end - margin_s * 1.1 - 0.1, "%f before the end",
                  end - due);
    cr_assert_leq(due, end - margin_s + 1.3 + took, "%f before the end",
                  end - due);
}

Test(credentials, are_refreshed_at_a_fifth_or_15_minutes_before_their_end)
{
    use_container();
    check_refresh(20, 4);
    check_refresh(900, 180);
    check_refresh(3600, 720);
    check_refresh(21600, 900);
}

/* The end of a set is in its key id. */
static void expect_unexpired(time_t asked_s)
{
    long long end = atoll(got->access_key_id + strlen("ASIA"));

    cr_assert_gt(end, (long long)asked_s, "%s at %lld", got->access_key_id,
                 (long long)asked_s);
}

/* What it gives at that moment it may give. */
static void ask_in_time(unsigned identity)
{
    time_t asked_s = time(NULL);
    enum slu_credential_state state = ask(identity);

    cr_assert_neq(state, SLU_CREDENTIAL_FAILED, "%s", error.text);
    if (state == SLU_CREDENTIAL_READY) {
        expect_unexpired(asked_s);
    }
}

/* The base and an account, each refreshed twice while they are asked for at
 * every turn. */
Test(credentials, short_lived_ones_are_never_handed_out_expired)
{
    struct timeval tick = {0, 5000};

    use_container();
    script.lifetime_s = 3;
    script.delay_ms = 20;
    accounts[0].role_arn = "";
    open_pool(60000);
    while (pool->identities[0].generation < 3 ||
           pool->identities[2].generation < 3) {
        (void)event_base_loopexit(loop, &tick);
        (void)event_base_dispatch(loop);
        for (unsigned i = 0; i < 4; i++) {
            ask_in_time(i);
        }
    }
    cr_assert_leq(raw_server_counts(server)->busy_max, 2,
                  "more than one refresh of an identity was in flight");
}

Test(credentials, a_rejected_set_is_replaced)
{
    char first[64];

    use_container();
    open_pool(0);
    expect_ready(0, 1);
    (void)snprintf(first, sizeof(first), "%s", got->access_key_id);
    slu_credential_pool_reject(pool, 0, 1);
    slu_credential_pool_reject(pool, 0, 1);
    cr_assert_eq(ask(0), SLU_CREDENTIAL_WAIT);
    expect_ready(0, 2);
    cr_assert_str_neq(got->access_key_id, first);
    cr_assert_eq(requests(), 2);
    slu_credential_pool_reject(pool, 0, 1);
    cr_assert_eq(ask(0), SLU_CREDENTIAL_READY, "an old one was rejected");
    cr_assert_eq(requests(), 2);
    close_pool();
}

/* All there is: who gets it refused again knows what it means. */
Test(credentials, a_rejected_set_that_comes_again_is_handed_out)
{
    use_container();
    script.same = "ASIASAME";
    open_pool(0);
    expect_ready(0, 1);
    slu_credential_pool_reject(pool, 0, 1);
    expect_ready(0, 2);
    slu_credential_pool_reject(pool, 0, 2);
    cr_assert_eq(ask(0), SLU_CREDENTIAL_READY);
    cr_assert_eq(requests(), 2);
}

/* As the metadata service does until five minutes before the end. */
Test(credentials, no_newer_set_yet_is_no_failure)
{
    use_container();
    script.same = "ASIASAME";
    script.end = time(NULL) + 9;
    open_pool(0);
    expect_ready(0, 1);
    (void)event_del(&pool->identities[0].timer);
    slu_identity_want(&pool->identities[0]);
    while (requests() < 3) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
        cr_assert_eq(ask(0), SLU_CREDENTIAL_READY);
        cr_assert_eq(generation, 1);
    }
    cr_assert_eq(pool->identities[0].failures, 0);
    cr_assert_null(strstr(logged, "WARN"), "%s", logged);
    script.same = NULL;
    script.end = 0;
    while (ask(0) == SLU_CREDENTIAL_READY && generation == 1) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    expect_ready(0, 2);
}

Test(credentials, an_old_set_serves_while_its_refresh_fails)
{
    use_container();
    open_pool(0);
    expect_ready(0, 1);
    script.status = 403;
    /* Its time has come. */
    (void)event_del(&pool->identities[0].timer);
    slu_identity_want(&pool->identities[0]);
    while (pool->identities[0].failures < 2) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
        cr_assert_eq(ask(0), SLU_CREDENTIAL_READY);
    }
    cr_assert_not_null(strstr(logged, "WARN the sign-in: its credentials "
                                      "cannot be refreshed and are used on "
                                      "until "),
                       "%s", logged);
    script.status = 0;
    while (ask(0) == SLU_CREDENTIAL_READY && generation < 2) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    cr_assert_eq(pool->identities[0].failures, 0);
}

/* Half of the last margin is a tenth: behind it there is nothing to use. */
Test(credentials, a_set_at_its_end_is_not_handed_out)
{
    use_container();
    script.lifetime_s = 1000;
    open_pool(0);
    expect_ready(0, 1);
    slu_credential_pool_set_offset(pool, 980);
    cr_assert_eq(ask(0), SLU_CREDENTIAL_READY);
    cr_assert_eq(slu_credential_pool_offset(pool), 980);
    script.status = 403;
    slu_credential_pool_set_offset(pool, 991);
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    cr_assert_eq(error.code, SLU_ERR_AUTH);
}

Test(credentials, what_only_fails_to_get_through_is_given_up_after_max_wait)
{
    use_container();
    script.status = 500;
    open_pool(400); /* shorter than any back-off, so two sign-ins */
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    cr_assert_eq(error.code, SLU_ERR_SERVER);
    cr_assert_not_null(strstr(logged, "WARN the sign-in failed and is tried "
                                      "again: the container's credentials "
                                      "endpoint answers HTTP 500"),
                       "%s", logged);
    cr_assert_eq(requests(), 6);
}

Test(credentials, a_base_that_sts_no_longer_knows_is_replaced)
{
    use_container();
    open_pool(60000);
    expect_ready(0, 1);
    script.status = 403;
    script.body = "<E><Error><Code>ExpiredToken</Code><Message>old"
                  "</Message></Error></E>";
    script.once = 1;
    expect_ready(1, 1);
    expect_ready(0, 2);
}

Test(credentials, a_wrong_clock_is_set_right)
{
    char date[80];
    time_t later = time(NULL) + 7200;
    struct tm tm;

    gmtime_r(&later, &tm);
    (void)strftime(date, sizeof(date), "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
                   &tm);
    use_env_keys();
    script.status = 403;
    script.body = "<E><Error><Code>SignatureDoesNotMatch</Code><Message>"
                  "Signature expired</Message></Error></E>";
    script.extra = date;
    script.once = 1;
    script.lifetime_s = 9000;
    open_pool(0);
    expect_ready(1, 1);
    cr_assert_geq(slu_credential_pool_offset(pool), 7198);
    cr_assert_leq(slu_credential_pool_offset(pool), 7200);
}

/* More accounts than places. */
Test(credentials, sign_ins_wait_for_a_place)
{
    static struct slu_account many[20];
    struct slu_credential_pool_options options;

    use_env_keys();
    script.delay_ms = 5;
    open_pool(0);
    options = pool->options;
    slu_credential_pool_free(pool);
    for (unsigned i = 0; i < 20; i++) {
        many[i] = accounts[0];
    }
    options.accounts = many;
    options.account_count = 20;
    pool = slu_credential_pool_new(&options);
    for (unsigned i = 1; i <= 20; i++) {
        cr_assert_eq(ask(i), SLU_CREDENTIAL_WAIT);
    }
    for (unsigned i = 1; i <= 20; i++) {
        expect_ready(i, 1);
        cr_assert_leq(pool->running, SLU_CREDENTIALS_RUNNING_MAX);
    }
    cr_assert_eq(requests(), 20);
    cr_assert_leq(raw_server_counts(server)->busy_max, 4);
}

/* ---- processes ---- */

static void use_process(const char *command)
{
    static char config[500];

    (void)snprintf(config, sizeof(config),
                   "[default]\ncredential_process = %s\n", command);
    world_set_config(&world, config);
}

Test(credentials, of_a_process)
{
    use_process("printf "
                "'{\"Version\":1,\"AccessKeyId\":\"AKIAPROC\","
                "\"SecretAccessKey\":\"geheim\"}'");
    open_pool(0);
    expect_ready(0, 1);
    cr_assert_str_eq(got->access_key_id, "AKIAPROC");
    cr_assert_str_eq(slu_credential_pool_origin(pool, 0),
                     "credential_process of profile default");
    close_pool();
}

Test(credentials, of_a_process_that_fails_or_is_not_there)
{
    use_process("sh -c 'echo no vault >&2; exit 4'");
    open_pool(60000);
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    cr_assert_str_eq(error.text, "credential_process of profile default ended "
                                 "with status 4: no vault");
    slu_credential_pool_free(pool);
    slu_aws_settings_free(world.settings);
    world.settings = NULL;
    use_process("/nowhere/at-all");
    open_pool(60000);
    cr_assert_eq(await(0), SLU_CREDENTIAL_FAILED);
    cr_assert_eq(error.code, SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text,
                     "credential_process of profile default: \"/nowhere/"
                     "at-all\" cannot be run: No such file or directory");
}

/* ---- memory ---- */

Test(credentials, freed_in_the_middle)
{
    use_container();
    script.delay_ms = 60000;
    open_pool(0);
    (void)ask(0);
    while (requests() == 0) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    close_pool();
    slu_credential_pool_free(NULL);
}

Test(credentials, freed_with_a_child_running)
{
    use_process("sleep 100");
    open_pool(0);
    (void)ask(0);
    while (pool->identities[0].exchange.child == NULL) {
        (void)event_base_loop(loop, EVLOOP_ONCE);
    }
    close_pool();
}

Test(credentials, too_large_an_answer)
{
    static char body[70000];

    memset(body, ' ', sizeof(body) - 1);
    use_env_keys();
    script.status = 500;
    script.body = body;
    open_pool(0);
    cr_assert_eq(await(1), SLU_CREDENTIAL_FAILED);
    cr_assert_not_null(strstr(error.text, "more than 65536 bytes"), "%s",
                       error.text);
}

Test(credentials, no_memory_at_any_point)
{
    unsigned failed = 0;

    use_container();
    open_pool(0); /* for the settings */
    slu_credential_pool_free(pool);
    for (unsigned long n = 1;; n++) {
        enum slu_credential_state state;

        world.counting.fail_at = world.counting.calls + n;
        pool = make_pool(0);
        if (pool == NULL) {
            failed++;
            continue;
        }
        state = await(1);
        close_pool();
        if (state == SLU_CREDENTIAL_READY) {
            break;
        }
        cr_assert_eq(error.code, SLU_ERR_NOMEM, "%s", error.text);
        failed++;
        (void)event_base_loop(loop, EVLOOP_NONBLOCK);
    }
    cr_assert_gt(failed, 10, "%u", failed);
}
