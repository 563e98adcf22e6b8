/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pulls on four loops, over a network that answers in pieces and is cut now and
 * then, into a store whose queue is always full; stopped at any moment, begun
 * again, failed by a refusal, and left alone: whatever happened, in the end the
 * state has every record and every entry. A plain program, so that it runs
 * under ThreadSanitizer too.
 */
#include "engine/fake_network.h"
#include "engine/fake_source.h"
#include "engine/pull.h"
#include "engine/store_support.h"

#include <pthread.h>

#define UNITS 48
#define PAGES 3
#define LINES 60
#define ROUNDS 10

static void check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "stress_pull: %s\n", what);
        exit(1);
    }
}

/* ---- the world ---- */

struct scene {
    char dir[64];
    struct fake_world world;
    struct fake_network network;
    struct slu_store *store;
    struct slu_guard *guard;
    struct slu_wake stop;
    struct slu_wake room;
    struct slu_http_config http;
    struct slu_limits_config limits;
    struct slu_options callbacks;
    atomic_int refuse; /* the unit that is answered with 401; -1: none */
    /* Written from callbacks without a lock: they promise to be alone. */
    unsigned indicators;
    unsigned lines;
    atomic_uint rooms; /* how often the store was full and then wasn't */
    pthread_t home;
};

/* "/u/<unit>/<page>": half of a page's lines are also on the next page. */
static int answer(void *ctx, struct slu_view target,
                  char body[FAKE_NETWORK_BODY_MAX])
{
    struct scene *self = ctx;
    char path[64];
    unsigned unit;
    unsigned page;
    size_t len = 0;

    (void)snprintf(path, sizeof(path), "%.*s", SLU_VIEW_ARGS(target));
    check(sscanf(path, "/u/%u/%u", &unit, &page) == 2, "a target of no unit");
    if (atomic_load(&self->refuse) == (int)unit) {
        (void)snprintf(body, FAKE_NETWORK_BODY_MAX, "no\n");
        return 401;
    }
    for (unsigned i = 0; i < LINES; i++) {
        len += (size_t)snprintf(body + len, FAKE_NETWORK_BODY_MAX - len,
                                "d%u.u%u.example.com\n", page * LINES / 2 + i,
                                unit);
    }
    return 200;
}

static void on_room(void *ctx)
{
    struct scene *self = ctx;

    atomic_fetch_add(&self->rooms, 1);
    slu_wake_raise(&self->room);
}

static void on_indicator(void *ctx, const struct slu_indicator *indicator)
{
    struct scene *self = ctx;

    check(indicator->value.len > 10, "an indicator without a value");
    self->indicators++;
}

static void on_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct scene *self = ctx;

    (void)level;
    (void)text;
    check(pthread_equal(self->home, pthread_self()), "a line from elsewhere");
    self->lines++;
}

static void start(struct scene *self)
{
    struct slu_guard_options guard = {.cidr_min_prefix = 8};
    struct slu_store_options options = {.alloc = slu_alloc_default(),
                                        .dir = self->dir,
                                        .queue_bytes = 8192,
                                        .ctx = self,
                                        .on_room = on_room};
    struct slu_error error;

    memset(self, 0, sizeof(*self));
    (void)make_folder(self->dir);
    fake_network_init(&self->network, answer, self);
    self->network.fault_of_1000 = 30;
    self->network.piece_max = 700;
    self->guard = slu_guard_new(slu_alloc_default(), &guard);
    check(slu_wake_open(&self->stop) == SLU_ERR_OK &&
              slu_wake_open(&self->room) == SLU_ERR_OK,
          "no descriptors");
    check(slu_store_open(&options, &self->store, &error) == SLU_ERR_OK,
          error.text);
    self->http = (struct slu_http_config){.proxy = "", .ca_bundle = ""};
    self->limits = (struct slu_limits_config){
        .connections = 16, .threads = 4, .max_wait_ms = 20000};
    self->callbacks.on_indicator = on_indicator;
    self->callbacks.indicator_ctx = self;
    self->home = pthread_self();
    atomic_init(&self->refuse, -1);
}

static void stop(struct scene *self)
{
    slu_store_close(self->store);
    slu_guard_free(self->guard);
    slu_wake_close(&self->stop);
    slu_wake_close(&self->room);
    remove_tree(self->dir);
}

static enum slu_err pull(struct scene *self, struct slu_pull_result *result,
                         struct slu_error *error)
{
    struct slu_pull_options options = {
        .alloc = slu_alloc_default(),
        .http = &self->http,
        .limits = &self->limits,
        .ops = &fake_source,
        .source_config = &self->world,
        .store = self->store,
        .guard = self->guard,
        .logger = {on_log, self, SLU_LOG_DEBUG},
        .stop = &self->stop,
        .room = &self->room,
        .callbacks = &self->callbacks,
        .transport = &self->network.ops,
    };
    struct slu_report report = {0};
    double stages[SLU_STAGE_COUNT];
    struct slu_profile profile;
    enum slu_err err;

    slu_profile_start(&profile);
    options.profile = &profile;
    self->world = (struct fake_world){.base_url = "http://127.0.0.1:1",
                                      .key = {"k3y", "the test"},
                                      .unit_count = UNITS,
                                      .pages = PAGES};
    atomic_store(&self->network.opened, 0);
    atomic_store(&self->network.freed, 0);
    err = slu_pull_run(&options, &report, result, error);
    check(slu_profile_stop(&profile, stages) > 0, "no time went by");
    check(!self->world.engine_left, "a slot was left taken");
    check(atomic_load(&self->network.opened) ==
              atomic_load(&self->network.freed),
          "a loop's transport was left open");
    return err;
}

/* ---- the ways it ends ---- */

struct stopper {
    struct scene *scene;
    useconds_t after_us;
};

static void *stop_later(void *ctx)
{
    struct stopper *stopper = ctx;

    (void)usleep(stopper->after_us);
    slu_wake_raise(&stopper->scene->stop);
    return NULL;
}

static bool pull_and_stop(struct scene *self, useconds_t after_us)
{
    struct stopper stopper = {self, after_us};
    struct slu_pull_result result;
    struct slu_error error = {0};
    pthread_t thread;
    enum slu_err err;

    slu_wake_clear(&self->stop);
    check(pthread_create(&thread, NULL, stop_later, &stopper) == 0, "thread");
    err = pull(self, &result, &error);
    check(err == SLU_ERR_OK || err == SLU_ERR_STOPPED, error.text);
    (void)pthread_join(thread, NULL);
    slu_wake_clear(&self->stop);
    return err == SLU_ERR_STOPPED;
}

static void pull_and_fail(struct scene *self)
{
    struct slu_pull_result result;
    struct slu_error error = {0};

    atomic_store(&self->refuse, 7);
    check(pull(self, &result, &error) == SLU_ERR_AUTH, "the refusal");
    check(strstr(error.text, "401") != NULL, error.text);
    atomic_store(&self->refuse, -1);
}

static enum slu_err check_record(void *ctx, const struct slu_record *record)
{
    unsigned *count = ctx;

    check(record->sources == 4, "a record of no source");
    (*count)++;
    return SLU_ERR_OK;
}

static enum slu_err count_entry(void *ctx, struct slu_view key,
                                struct slu_view value)
{
    unsigned *count = ctx;

    (void)key;
    check(slu_view_equal_str(value, "2"), "an entry of an earlier page");
    (*count)++;
    return SLU_ERR_OK;
}

static void pull_whole(struct scene *self)
{
    struct slu_pull_result result;
    struct slu_error error = {0};
    unsigned records = 0;
    unsigned entries = 0;

    self->indicators = 0;
    check(pull(self, &result, &error) == SLU_ERR_OK, error.text);
    check(result.source.failed_units == 0, result.source.first.text);
    check(result.counts.items == (uint64_t)UNITS * PAGES * LINES, "items");
    check(result.counts.accepted[SLU_KIND_DOMAIN] == result.counts.items,
          "accepted");
    check(self->indicators >= result.counts.items, "callbacks");
    check(result.http.requests >= (uint64_t)UNITS * PAGES, "requests");
    check(result.http.in_flight_max <= 16, "too many at once");
    check(slu_store_fold(self->store) == SLU_ERR_OK, "fold");
    check(slu_store_scan(self->store, SLU_RECORD_DOMAIN, check_record,
                         &records) == SLU_ERR_OK,
          "scan");
    check(records == UNITS * (PAGES + 1) * LINES / 2, "records are missing");
    check(slu_store_entries(self->store, "fake/u/", count_entry, &entries) ==
              SLU_ERR_OK,
          "entries");
    check(entries == UNITS, "entries are missing");
}

int main(void)
{
    struct dice dice = {42};
    static struct scene scene;
    unsigned stopped = 0;

    start(&scene);
    for (unsigned i = 0; i < ROUNDS; i++) {
        stopped += pull_and_stop(&scene, i == 0 ? 0 : roll(&dice, 60000));
    }
    check(stopped > 0, "never stopped");
    pull_and_fail(&scene);
    pull_whole(&scene);
    check(atomic_load(&scene.network.faults) > 0, "nothing was cut");
    check(atomic_load(&scene.rooms) > 0, "the store was never full");
    for (unsigned i = 0; i < scene.limits.threads; i++) {
        check(atomic_load(&scene.network.started[i]) > 0, "an idle loop");
    }
    stop(&scene);
    return 0;
}
