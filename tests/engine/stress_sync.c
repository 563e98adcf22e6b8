/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole syncs through the public handle, with its loop, the store's thread, a
 * server on a third, and a fourth that stops them at any moment; then one that
 * is left alone. First with one loop, then with three. A plain program, so that
 * it runs under ThreadSanitizer too.
 */
#include "engine/mini_gti.h"
#include "engine/store_support.h"
#include <sluice/engine.h>

#define ROUNDS 8

static void check(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "stress_sync: %s\n", what);
        exit(1);
    }
}

struct stopper {
    struct slu_engine *engine;
    useconds_t after_us;
};

static void *stop_later(void *ctx)
{
    struct stopper *stopper = ctx;

    (void)usleep(stopper->after_us);
    slu_engine_stop(stopper->engine);
    return NULL;
}

static void note_line(void *ctx, enum slu_log_level level, const char *text)
{
    unsigned *lines = ctx;

    (void)level;
    (void)text;
    (*lines)++;
}

static struct slu_engine *open_engine(const char *config, unsigned *lines)
{
    struct slu_options options = {
        .config_text = config, .on_log = note_line, .log_ctx = lines};
    struct slu_engine *engine;
    struct slu_error error;

    check(slu_engine_open(&options, &engine, &error) == SLU_ERR_OK, "open");
    return engine;
}

static bool sync_and_stop(const char *config, useconds_t after_us)
{
    unsigned lines = 0;
    struct slu_engine *engine = open_engine(config, &lines);
    struct stopper stopper = {engine, after_us};
    pthread_t thread;
    enum slu_err err;

    check(pthread_create(&thread, NULL, stop_later, &stopper) == 0, "thread");
    err = slu_engine_sync(engine, 0, NULL);
    check(err == SLU_ERR_OK || err == SLU_ERR_STOPPED,
          slu_engine_error(engine)->text);
    (void)pthread_join(thread, NULL);
    slu_engine_close(engine);
    check(lines > 0, "no line of the log");
    return err == SLU_ERR_STOPPED;
}

static void sync_whole(const char *config)
{
    unsigned lines = 0;
    struct slu_engine *engine = open_engine(config, &lines);
    struct slu_report report;

    check(slu_engine_sync(engine, 0, &report) == SLU_ERR_OK,
          slu_engine_error(engine)->text);
    check(report.listed[SLU_KIND_IP] > 20, "addresses are missing");
    check(report.listed[SLU_KIND_DOMAIN] == report.listed[SLU_KIND_IP],
          "domains are missing");
    slu_engine_close(engine);
}

static void stress(struct dice *dice, const char *limits)
{
    struct mini_gti gti = {.delay_ms = 3};
    struct served served;
    unsigned stopped = 0;
    const char *config;
    char dir[64];

    (void)make_folder(dir);
    served_start(&served, mini_gti_answer, &gti);
    config = mini_gti_config(served.url, dir, limits);
    for (unsigned i = 0; i < ROUNDS; i++) {
        stopped += sync_and_stop(config, i == 0 ? 0 : roll(dice, 40000));
    }
    check(stopped > 0, "never stopped");
    sync_whole(config);
    (void)served_stop(&served);
    remove_tree(dir);
}

int main(void)
{
    struct dice dice = {42};

    stress(&dice, "connections: 4");
    stress(&dice, "connections: 6, threads: 3");
    return 0;
}
