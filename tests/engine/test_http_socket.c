/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel watches, of descriptors that libcurl names: a kept connection
 * stays watched between two transfers, and a closed one never does. */
#include "engine/http_client.h"
#include "engine/http_private.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

struct world {
    struct event_base *base;
    struct slu_http *http;
    int before; /* events that are always there */
    int fds[2];
};

static struct world world;

static int count_events(void)
{
    return event_base_get_num_events(world.base, EVENT_BASE_COUNT_ADDED) -
           world.before;
}

static void make_world(void)
{
    struct slu_http_options options;
    struct slu_error error;

    world.base = event_base_new();
    options = client_options(world.base);
    cr_assert_eq(slu_http_new(&options, &world.http, &error), SLU_ERR_OK);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, world.fds), 0);
    slu_http_sockets_opened(world.http, world.fds[0]);
    world.before =
        event_base_get_num_events(world.base, EVENT_BASE_COUNT_ADDED);
}

static void remove_world(void)
{
    slu_http_free(world.http);
    event_base_free(world.base);
    (void)close(world.fds[1]);
}

TestSuite(http_socket, .init = make_world, .fini = remove_world);

static void watch(int what)
{
    cr_assert_eq(
        slu_http_sockets_watch(NULL, world.fds[0], what, world.http, NULL), 0);
}

static void close_watched(void)
{
    cr_assert_eq(slu_http_sockets_close(&world.http->sockets, world.fds[0]), 0);
}

static void send_byte(void)
{
    cr_assert_eq(write(world.fds[1], "x", 1), 1);
    (void)event_base_loop(world.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

Test(http_socket, a_kept_connection_stays_watched)
{
    watch(CURL_POLL_IN);
    cr_assert_eq(count_events(), 1);
    watch(CURL_POLL_REMOVE);
    cr_assert_eq(count_events(), 1);
    watch(CURL_POLL_IN);
    send_byte(); /* libcurl doesn't know it and says so to nobody */
    cr_assert_eq(count_events(), 1);
    watch(CURL_POLL_INOUT);
    cr_assert_eq(count_events(), 1);
    close_watched();
    cr_assert_eq(count_events(), 0);
}

/* As the end of a connection that is kept: it must not spin the loop. */
Test(http_socket, what_comes_for_nobody_ends_the_watch)
{
    watch(CURL_POLL_IN);
    watch(CURL_POLL_REMOVE);
    send_byte();
    cr_assert_eq(count_events(), 0);
    watch(CURL_POLL_IN);
    cr_assert_eq(count_events(), 1);
    close_watched();
}

Test(http_socket, a_closed_number_is_watched_anew)
{
    int again[2];
    int number = world.fds[0];

    watch(CURL_POLL_IN);
    watch(CURL_POLL_REMOVE);
    close_watched();
    (void)close(world.fds[1]);
    cr_assert_eq(count_events(), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, again), 0);
    world.fds[1] = again[1] == number ? again[0] : again[1];
    world.fds[0] = number;
    cr_assert(again[0] == number || again[1] == number);
    slu_http_sockets_opened(world.http, number);
    watch(CURL_POLL_IN);
    watch(CURL_POLL_REMOVE);
    send_byte(); /* the kernel has it, or it would not be told */
    cr_assert_eq(count_events(), 0);
    close_watched();
}

Test(http_socket, a_number_that_was_never_watched_is_closed)
{
    close_watched();
    cr_assert_eq(fcntl(world.fds[0], F_GETFD), -1);
}

static void note_call(evutil_socket_t fd, short events, void *ctx)
{
    (void)fd;
    (void)events;
    *(bool *)ctx = true;
}

/* As libcurl does with the pipe of a name lookup: its number is somebody else's
 * next, whose own event must come. */
Test(http_socket, what_is_closed_without_a_word_is_watched_no_more)
{
    int pipe_fds[2];
    int again[2];
    struct event *event;
    bool called = false;

    cr_assert_eq(pipe(pipe_fds), 0);
    cr_assert_eq(slu_http_sockets_watch(NULL, pipe_fds[0], CURL_POLL_IN,
                                        world.http, NULL),
                 0);
    cr_assert_eq(slu_http_sockets_watch(NULL, pipe_fds[0], CURL_POLL_REMOVE,
                                        world.http, NULL),
                 0);
    cr_assert_eq(count_events(), 0);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    cr_assert_eq(pipe(again), 0);
    cr_assert_eq(again[0], pipe_fds[0]);
    event = event_new(world.base, again[0], EV_READ, note_call, &called);
    cr_assert_eq(event_add(event, NULL), 0);
    cr_assert_eq(write(again[1], "x", 1), 1);
    (void)event_base_loop(world.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    cr_assert(called);
    event_free(event);
    (void)close(again[0]);
    (void)close(again[1]);
    close_watched();
}
