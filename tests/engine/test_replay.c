/* SPDX-License-Identifier: Apache-2.0 */
#include "bench/replay.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BIG_LEN (200u * 1024 + 7)

struct scene {
    char root[64];
    struct event_base *base;
    struct slu_replay replay;
    const struct slu_transport_ops *ops;
    struct slu_http *http;
};

struct told {
    struct scene *scene;
    struct slu_transfer *transfer;
    int status;
    unsigned heads;
    unsigned pieces;
    unsigned ends;
    size_t bytes;
    size_t piece_max;
    bool pause; /* at every piece */
    bool cancel;
    struct slu_error error;
};

static void write_file(const struct scene *scene, const char *name, size_t len)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", scene->root, name);
    file = fopen(path, "wb");
    cr_assert_not_null(file);
    for (size_t i = 0; i < len; i++) {
        (void)fputc((int)(i * 31 % 251), file);
    }
    (void)fclose(file);
}

static void remove_path(const struct scene *scene, const char *name)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", scene->root, name);
    cr_assert_eq(remove(path), 0, "%s", path);
}

static void start(struct scene *self)
{
    struct slu_http_config config = {0};
    struct slu_transport_options options = {
        .alloc = slu_alloc_default(), .config = &config, .connections = 4};
    struct slu_error error = {0};
    char path[128];

    *self = (struct scene){0};
    (void)snprintf(self->root, sizeof(self->root), "/tmp/sluice_replay_XXXXXX");
    cr_assert_not_null(mkdtemp(self->root));
    (void)snprintf(path, sizeof(path), "%s/a", self->root);
    cr_assert_eq(mkdir(path, 0700), 0);
    write_file(self, "a/big", BIG_LEN);
    write_file(self, "a/small", 3);
    write_file(self, "a/small?which=2", 5);
    self->base = event_base_new();
    slu_replay_init(&self->replay, self->root);
    self->ops = &self->replay.ops;
    options.base = self->base;
    cr_assert_eq(self->ops->open(self->ops, &options, &self->http, &error),
                 SLU_ERR_OK);
}

static void stop(struct scene *self)
{
    self->ops->free(self->http);
    event_base_free(self->base);
    remove_path(self, "a/big");
    remove_path(self, "a/small");
    remove_path(self, "a/small?which=2");
    remove_path(self, "a");
    remove_path(self, "");
}

/* ---- a handler that notes what it is told ---- */

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct told *self = ctx;

    self->heads++;
    self->status = head->status;
}

static void resume_later(evutil_socket_t fd, short what, void *ctx)
{
    struct told *self = ctx;

    (void)fd;
    (void)what;
    self->scene->ops->resume(self->transfer);
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct told *self = ctx;
    static const struct timeval soon = {0, 1000};

    cr_assert_eq(self->heads, 1);
    self->pieces++;
    for (size_t i = 0; i < bytes.len; i++) {
        cr_assert_eq((unsigned char)bytes.ptr[i], (self->bytes + i) * 31 % 251);
    }
    self->bytes += bytes.len;
    self->piece_max = bytes.len > self->piece_max ? bytes.len : self->piece_max;
    if (self->cancel) {
        self->scene->ops->cancel(self->transfer);
        return SLU_HTTP_MORE;
    }
    if (!self->pause) {
        return SLU_HTTP_MORE;
    }
    (void)event_base_once(self->scene->base, -1, EV_TIMEOUT, resume_later, self,
                          &soon);
    return SLU_HTTP_PAUSE;
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct told *self = ctx;

    self->ends++;
    self->error = *error;
}

static const struct slu_http_handler handler = {on_head, on_body, on_end};

static void ask(struct scene *scene, struct told *told, const char *target)
{
    struct slu_http_request request = {
        .origin = SLU_VIEW_LITERAL("http://127.0.0.1:1"),
        .target = slu_view_str(target),
    };

    told->scene = scene;
    cr_assert_eq(scene->ops->start(scene->http, &request, &handler, told,
                                   &told->transfer),
                 SLU_ERR_OK);
    cr_assert_eq(told->heads + told->ends, 0);
}

static void run(struct scene *scene)
{
    (void)event_base_dispatch(scene->base);
}

/* ---- tests ---- */

Test(replay, answers_from_the_file_of_the_path)
{
    struct scene scene;
    struct told told = {0};
    struct slu_http_stats stats;

    start(&scene);
    ask(&scene, &told, "/a/big?type=domain&limit=4000");
    run(&scene);
    cr_assert_eq(told.status, 200);
    cr_assert_eq(told.ends, 1);
    cr_assert_eq(told.error.code, SLU_ERR_OK);
    cr_assert_eq(told.bytes, BIG_LEN);
    cr_assert_eq(told.piece_max, 64u * 1024);
    scene.ops->get_stats(scene.http, &stats);
    cr_assert_eq(stats.requests, 1);
    cr_assert_eq(stats.body_bytes, BIG_LEN);
    cr_assert_eq(stats.wire_bytes, BIG_LEN);
    cr_assert_eq(stats.in_flight, 0);
    cr_assert_eq(stats.in_flight_max, 1);
    stop(&scene);
}

Test(replay, prefers_the_file_that_has_the_query_in_its_name)
{
    struct scene scene;
    struct told one = {0};
    struct told two = {0};

    start(&scene);
    ask(&scene, &one, "/a/small?which=1");
    ask(&scene, &two, "/a/small?which=2");
    run(&scene);
    cr_assert_eq(one.bytes, 3);
    cr_assert_eq(two.bytes, 5);
    stop(&scene);
}

Test(replay, answers_404_for_what_is_not_there)
{
    struct scene scene;
    struct told told = {0};

    start(&scene);
    ask(&scene, &told, "/a/nothing?x=1");
    run(&scene);
    cr_assert_eq(told.status, 404);
    cr_assert_eq(told.bytes, 0);
    cr_assert_eq(told.ends, 1);
    cr_assert_eq(told.error.code, SLU_ERR_OK);
    stop(&scene);
}

Test(replay, keeps_still_while_paused)
{
    struct scene scene;
    struct told told = {.pause = true};

    start(&scene);
    ask(&scene, &told, "/a/big");
    run(&scene);
    cr_assert_eq(told.bytes, BIG_LEN);
    cr_assert_eq(told.pieces, 4);
    cr_assert_eq(told.ends, 1);
    stop(&scene);
}

Test(replay, forgets_a_cancelled_transfer)
{
    struct scene scene;
    struct told within = {.cancel = true};
    struct told before = {0};
    struct told other = {0};
    struct slu_http_stats stats;

    start(&scene);
    ask(&scene, &within, "/a/big");
    ask(&scene, &before, "/a/big");
    ask(&scene, &other, "/a/big");
    scene.ops->cancel(before.transfer);
    run(&scene);
    cr_assert_eq(within.pieces, 1);
    cr_assert_eq(within.ends, 0);
    cr_assert_eq(before.pieces + before.ends, 0);
    cr_assert_eq(other.bytes, BIG_LEN);
    cr_assert_eq(other.ends, 1);
    scene.ops->get_stats(scene.http, &stats);
    cr_assert_eq(stats.in_flight, 0);
    cr_assert_eq(stats.in_flight_max, 3);
    stop(&scene);
}

Test(replay, frees_what_is_under_way_without_an_end)
{
    struct scene scene;
    struct told told = {.pause = true};

    start(&scene);
    ask(&scene, &told, "/a/big");
    while (told.pieces == 0) {
        (void)event_base_loop(scene.base, EVLOOP_ONCE);
    }
    scene.ops->free(scene.http);
    scene.http = NULL;
    cr_assert_eq(told.ends, 0);
    stop(&scene);
}

Test(replay, says_when_memory_is_short)
{
    struct scene scene;
    struct slu_http_config config = {0};
    struct slu_transport_options options = {.config = &config,
                                            .connections = 1};
    unsigned fail_at = 0;
    bool done = false;

    start(&scene);
    options.base = scene.base;
    while (!done) {
        struct failing_alloc failing;
        struct slu_http *http = NULL;
        struct slu_error error = {0};
        struct told told = {.scene = &scene};
        struct slu_http_request request = {.target =
                                               SLU_VIEW_LITERAL("/a/small")};
        enum slu_err err;

        failing_alloc_init(&failing, ++fail_at);
        options.alloc = &failing.alloc;
        err = scene.ops->open(scene.ops, &options, &http, &error);
        if (err == SLU_ERR_OK) {
            err = scene.ops->start(http, &request, &handler, &told,
                                   &told.transfer);
        }
        if (err == SLU_ERR_OK) {
            run(&scene);
            cr_assert_eq(told.ends, 1);
        } else {
            cr_assert_eq(err, SLU_ERR_NOMEM);
        }
        scene.ops->free(http);
        cr_assert_eq(failing.live, 0);
        done = failing.calls < fail_at;
    }
    cr_assert_geq(fail_at, 4);
    stop(&scene);
}
