/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/local_read.h"

#include "engine/count_alloc.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a folder of our own ---- */

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][6000];
    static unsigned turn;
    char *path = paths[turn++ % 4];

    (void)snprintf(path, 6000, "%s/%s", folder, name);
    return path;
}

static int remove_one(const char *path, const struct stat *info, int kind,
                      struct FTW *walk)
{
    (void)info;
    (void)kind;
    (void)walk;
    return remove(path);
}

static void make_folder(void)
{
    (void)snprintf(folder, sizeof(folder), "/tmp/sluice_local_XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_bytes(const char *name, const char *bytes, size_t len)
{
    FILE *file = fopen(in_folder(name), "wb");

    cr_assert_not_null(file, "%s", name);
    cr_assert_eq(fwrite(bytes, 1, len, file), len);
    (void)fclose(file);
}

static void write_file(const char *name, const char *text)
{
    struct timespec times[2] = {{1000, 0}, {1700000000, 5}};

    write_bytes(name, text, strlen(text));
    cr_assert_eq(utimensat(AT_FDCWD, in_folder(name), times, 0), 0);
}

static void add_folder(const char *name)
{
    cr_assert_eq(mkdir(in_folder(name), 0755), 0, "%s", name);
}

/* ---- a reader that notes what it is told ---- */

struct noted {
    struct slu_local *local;
    struct slu_local_read *read;
    struct event_base *base;
    int status; /* 0: no head */
    unsigned heads;
    unsigned ends;
    unsigned pieces;
    char *body;
    size_t len;
    size_t piece_max;
    struct slu_error error;
    /* What on_body does: */
    unsigned pause_at; /* the n-th piece */
    bool resume_within;
    unsigned stop_at;
    unsigned cancel_at;
    struct noted *victim; /* cancelled at cancel_at; NULL: itself */
    unsigned *order;      /* counts all pieces of all readers */
    unsigned last_order;
};

static void on_head(void *ctx, const struct slu_http_head *head)
{
    struct noted *self = ctx;

    self->heads++;
    self->status = head->status;
    cr_assert_eq(head->retry_after.len + head->date.len + head->region.len, 0);
}

static void cancel(struct noted *self)
{
    struct noted *victim = self->victim != NULL ? self->victim : self;

    slu_local_cancel(victim->read);
    victim->read = NULL;
}

static enum slu_http_flow on_body(void *ctx, struct slu_view bytes)
{
    struct noted *self = ctx;

    cr_assert_eq(self->heads, 1);
    cr_assert_gt(bytes.len, 0);
    self->pieces++;
    self->body = realloc(self->body, self->len + bytes.len + 1);
    memcpy(self->body + self->len, bytes.ptr, bytes.len);
    self->len += bytes.len;
    self->body[self->len] = '\0';
    self->piece_max = bytes.len > self->piece_max ? bytes.len : self->piece_max;
    if (self->order != NULL) {
        self->last_order = ++*self->order;
    }
    if (self->pieces == self->cancel_at) {
        cancel(self);
    }
    if (self->pieces == self->stop_at) {
        return SLU_HTTP_ERROR;
    }
    if (self->pieces == self->pause_at) {
        if (self->resume_within) {
            slu_local_resume(self->read);
        }
        return SLU_HTTP_PAUSE;
    }
    return SLU_HTTP_MORE;
}

static void on_end(void *ctx, const struct slu_error *error)
{
    struct noted *self = ctx;

    self->ends++;
    self->read = NULL;
    self->error = *error;
}

static const struct slu_http_handler handler = {on_head, on_body, on_end};

static struct noted begin(struct event_base *base, struct slu_local *local)
{
    return (struct noted){.local = local, .base = base, .body = calloc(1, 1)};
}

static void start(struct noted *self, enum slu_channel channel,
                  const char *path)
{
    cr_assert_eq(slu_local_start(self->local, channel, slu_view_str(path),
                                 &handler, self, &self->read),
                 SLU_ERR_OK);
    cr_assert_eq(self->heads + self->ends, 0, "nothing within start");
}

static void run_loop(struct event_base *base)
{
    cr_assert_geq(event_base_dispatch(base), 0);
}

/* The whole life of one read. */
static struct noted read_all(enum slu_channel channel, const char *path)
{
    struct event_base *base = event_base_new();
    struct slu_local *local = slu_local_new(slu_alloc_default(), base);
    struct noted noted = begin(base, local);

    start(&noted, channel, path);
    run_loop(base);
    slu_local_free(local);
    event_base_free(base);
    cr_assert_eq(noted.ends, 1);
    return noted;
}

static void check_listing(const char *expected)
{
    struct noted noted = read_all(SLU_CHANNEL_FOLDER, folder);

    cr_assert_eq(noted.status, 200);
    cr_assert_eq(noted.error.code, SLU_ERR_OK, "%s", noted.error.text);
    cr_assert_str_eq(noted.body, expected);
    free(noted.body);
}

TestSuite(local_read, .init = make_folder, .fini = remove_folder);

/* ---- files ---- */

Test(local_read, gives_a_file_in_pieces)
{
    static char bytes[200000];
    struct noted noted;

    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] = (char)(i * 2654435761u >> 11);
    }
    write_bytes("big", bytes, sizeof(bytes));
    noted = read_all(SLU_CHANNEL_FILE, in_folder("big"));
    cr_assert_eq(noted.status, 200);
    cr_assert_eq(noted.error.code, SLU_ERR_OK);
    cr_assert_eq(noted.len, sizeof(bytes));
    cr_assert_arr_eq(noted.body, bytes, sizeof(bytes));
    cr_assert_leq(noted.piece_max, SLU_LOCAL_PIECE_BYTES);
    free(noted.body);
}

Test(local_read, an_empty_file_has_a_head_and_no_body)
{
    struct noted noted;

    write_file("empty", "");
    noted = read_all(SLU_CHANNEL_FILE, in_folder("empty"));
    cr_assert_eq(noted.status, 200);
    cr_assert_eq(noted.error.code, SLU_ERR_OK);
    cr_assert_eq(noted.pieces, 0);
    free(noted.body);
}

static void check_status(enum slu_channel channel, const char *path, int status)
{
    struct noted noted = read_all(channel, path);

    cr_assert_eq(noted.status, status, "%s: %d", path, noted.status);
    cr_assert_eq(noted.heads, 1);
    cr_assert_eq(noted.pieces, 0);
    cr_assert_eq(noted.error.code, SLU_ERR_OK);
    free(noted.body);
}

Test(local_read, what_is_not_there_is_404)
{
    char long_name[6000];

    write_file("file", "x");
    add_folder("below");
    cr_assert_eq(mkfifo(in_folder("pipe"), 0600), 0);
    check_status(SLU_CHANNEL_FILE, in_folder("none"), 404);
    check_status(SLU_CHANNEL_FILE, in_folder("file/x"), 404);
    check_status(SLU_CHANNEL_FILE, in_folder("below"), 404);
    check_status(SLU_CHANNEL_FILE, in_folder("pipe"), 404);
    check_status(SLU_CHANNEL_FILE, "", 404);
    memset(long_name, 'x', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    check_status(SLU_CHANNEL_FILE, long_name, 404);
    check_status(SLU_CHANNEL_FOLDER, in_folder("none"), 404);
    check_status(SLU_CHANNEL_FOLDER, in_folder("file"), 404);
}

Test(local_read, a_zero_byte_in_a_path_names_nothing)
{
    struct event_base *base = event_base_new();
    struct slu_local *local = slu_local_new(slu_alloc_default(), base);
    struct noted noted = begin(base, local);
    char path[200];
    int len;

    write_file("file", "x");
    len = snprintf(path, sizeof(path), "%s%cx", in_folder("file"), 0);
    cr_assert_eq(slu_local_start(local, SLU_CHANNEL_FILE,
                                 slu_view_make(path, (size_t)len), &handler,
                                 &noted, &noted.read),
                 SLU_ERR_OK);
    run_loop(base);
    cr_assert_eq(noted.status, 404);
    slu_local_free(local);
    event_base_free(base);
    free(noted.body);
}

Test(local_read, what_may_not_be_opened_is_403)
{
    cr_assert_eq(symlink("loop", in_folder("loop")), 0);
    check_status(SLU_CHANNEL_FILE, in_folder("loop"), 403);
    check_status(SLU_CHANNEL_FOLDER, in_folder("loop"), 403);
    if (geteuid() == 0) {
        (void)fprintf(stderr, "skipped: root may open everything\n");
        return;
    }
    write_file("closed", "x");
    cr_assert_eq(chmod(in_folder("closed"), 0), 0);
    check_status(SLU_CHANNEL_FILE, in_folder("closed"), 403);
}

Test(local_read, a_profile_charges_the_reading_and_not_the_loops_waiting)
{
    struct event_base *base = event_base_new();
    struct slu_local *local = slu_local_new(slu_alloc_default(), base);
    struct noted noted = begin(base, local);
    struct slu_profile profile;

    write_file("file", "x");
    slu_profile_start(&profile);
    slu_local_set_profile(local, &profile);
    start(&noted, SLU_CHANNEL_FILE, in_folder("file"));
    run_loop(base);
    cr_assert_eq(noted.ends, 1);
    cr_assert_gt(profile.ns[SLU_STAGE_RECEIVE], 0);
    cr_assert_eq(profile.stage, SLU_STAGE_NETWORK, "the loop's own");
    slu_local_free(local);
    event_base_free(base);
    free(noted.body);
}

/* ---- folders ---- */

Test(local_read, lists_files_at_any_depth_in_the_order_of_their_paths)
{
    add_folder("a");
    add_folder("a/b");
    add_folder("a-b");
    add_folder("a/empty");
    write_file("a/b/2", "22");
    write_file("a/b/10", "");
    write_file("a-b/x", "x");
    write_file("a.txt", "abc");
    write_file("a0", "");
    write_file("B", "");
    write_file("with blank \xc3\xa9", "1");
    check_listing("0 1700000000 B\n"
                  "1 1700000000 a-b/x\n"
                  "3 1700000000 a.txt\n"
                  "0 1700000000 a/b/10\n"
                  "2 1700000000 a/b/2\n"
                  "0 1700000000 a0\n"
                  "1 1700000000 with blank \xc3\xa9\n");
}

Test(local_read, an_empty_folder_has_no_lines)
{
    check_listing("");
}

Test(local_read, links_to_files_count_and_links_to_folders_are_not_followed)
{
    add_folder("real");
    write_file("real/f", "12");
    cr_assert_eq(symlink("..", in_folder("real/up")), 0);
    cr_assert_eq(symlink("real", in_folder("linked")), 0);
    cr_assert_eq(symlink("real/f", in_folder("file")), 0);
    cr_assert_eq(symlink("nowhere", in_folder("lost")), 0);
    cr_assert_eq(mkfifo(in_folder("pipe"), 0600), 0);
    check_listing("2 1700000000 file\n2 1700000000 real/f\n");
}

Test(local_read, the_folder_asked_for_may_be_a_link_with_a_slash)
{
    struct noted noted;

    add_folder("real");
    write_file("real/f", "12");
    cr_assert_eq(symlink("real", in_folder("linked")), 0);
    noted = read_all(SLU_CHANNEL_FOLDER, in_folder("linked/"));
    cr_assert_str_eq(noted.body, "2 1700000000 f\n");
    free(noted.body);
}

Test(local_read, a_name_with_a_line_end_is_told_not_listed)
{
    add_folder("d");
    write_file("d/a\nb", "");
    write_file("d/c", "");
    check_listing("! \"d/a b\" is left out: there is a control byte in its "
                  "name\n0 1700000000 d/c\n");
}

Test(local_read, what_lies_too_deep_is_told)
{
    char path[400] = "d";
    char expected[600];

    add_folder(path);
    for (unsigned depth = 2; depth <= SLU_LOCAL_DEPTH_MAX; depth++) {
        if (depth == SLU_LOCAL_DEPTH_MAX) {
            char file[410];

            (void)snprintf(file, sizeof(file), "%s/f", path);
            write_file(file, "");
            (void)snprintf(expected, sizeof(expected),
                           "! \"%s/d\" is left out: it lies too many folders "
                           "deep\n0 1700000000 %s/f\n",
                           path, path);
        }
        strcat(path, "/d");
        add_folder(path);
    }
    check_listing(expected);
}

Test(local_read, a_large_folder_comes_in_pieces_of_whole_lines)
{
    struct noted noted;
    unsigned lines = 0;

    for (unsigned i = 0; i < 3000; i++) {
        char name[40];

        (void)snprintf(name, sizeof(name), "%04u_and_a_longer_name.jsonl", i);
        write_bytes(name, "", 0);
    }
    noted = read_all(SLU_CHANNEL_FOLDER, folder);
    cr_assert_eq(noted.error.code, SLU_ERR_OK);
    cr_assert_gt(noted.pieces, 1);
    cr_assert_leq(noted.piece_max, SLU_LOCAL_PIECE_BYTES);
    for (char *line = strtok(noted.body, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        unsigned number;

        cr_assert_eq(sscanf(line, "0 %*u %4u_and_a_longer_name.jsonl", &number),
                     1, "%s", line);
        cr_assert_eq(number, lines);
        lines++;
    }
    cr_assert_eq(lines, 3000);
    free(noted.body);
}

/* ---- turns, pauses, ends ---- */

struct world {
    struct event_base *base;
    struct slu_local *local;
};

static struct world open_world(void)
{
    static char bytes[SLU_LOCAL_PIECE_BYTES * 3];
    struct world world = {.base = event_base_new()};

    write_bytes("three", bytes, sizeof(bytes));
    world.local = slu_local_new(slu_alloc_default(), world.base);
    return world;
}

static void close_world(struct world *world)
{
    slu_local_free(world->local);
    event_base_free(world->base);
}

Test(local_read, reads_take_turns_by_the_piece)
{
    struct world world = open_world();
    struct noted a = begin(world.base, world.local);
    struct noted b = begin(world.base, world.local);
    unsigned order = 0;

    a.order = &order;
    b.order = &order;
    start(&a, SLU_CHANNEL_FILE, in_folder("three"));
    start(&b, SLU_CHANNEL_FILE, in_folder("three"));
    run_loop(world.base);
    cr_assert_eq(a.ends + b.ends, 2);
    cr_assert_eq(a.last_order, 5);
    cr_assert_eq(b.last_order, 6);
    free(a.body);
    free(b.body);
    close_world(&world);
}

Test(local_read, a_paused_read_waits_for_resume_also_with_its_end)
{
    struct world world = open_world();
    struct noted a = begin(world.base, world.local);

    a.pause_at = 3;
    start(&a, SLU_CHANNEL_FILE, in_folder("three"));
    run_loop(world.base);
    cr_assert_eq(a.pieces, 3);
    cr_assert_eq(a.ends, 0);
    run_loop(world.base);
    cr_assert_eq(a.ends, 0);
    slu_local_resume(a.read);
    slu_local_resume(a.read);
    cr_assert_eq(a.ends, 0);
    run_loop(world.base);
    cr_assert_eq(a.ends, 1);
    cr_assert_eq(a.error.code, SLU_ERR_OK);
    cr_assert_eq(a.len, 3 * SLU_LOCAL_PIECE_BYTES);
    free(a.body);
    close_world(&world);
}

Test(local_read, resume_before_pause_is_returned_counts)
{
    struct world world = open_world();
    struct noted a = begin(world.base, world.local);

    a.pause_at = 1;
    a.resume_within = true;
    start(&a, SLU_CHANNEL_FILE, in_folder("three"));
    slu_local_resume(a.read);
    run_loop(world.base);
    cr_assert_eq(a.pieces, 3);
    cr_assert_eq(a.ends, 1);
    free(a.body);
    close_world(&world);
}

Test(local_read, a_handler_that_says_error_is_told_stopped)
{
    struct world world = open_world();
    struct noted a = begin(world.base, world.local);

    a.stop_at = 2;
    start(&a, SLU_CHANNEL_FILE, in_folder("three"));
    run_loop(world.base);
    cr_assert_eq(a.pieces, 2);
    cr_assert_eq(a.ends, 1);
    cr_assert_eq(a.error.code, SLU_ERR_STOPPED);
    free(a.body);
    close_world(&world);
}

/* Itself; the one behind it in the queue; and a paused one. The reads that stay
 * come to their end, one turn of the loop after the other. */
Test(local_read, cancel_ends_a_read_without_on_end_from_anywhere)
{
    for (unsigned which = 0; which < 3; which++) {
        struct world world = open_world();
        struct noted a = begin(world.base, world.local);
        struct noted b = begin(world.base, world.local);

        a.cancel_at = 2;
        a.victim = which == 0 ? NULL : &b;
        b.pause_at = which == 2 ? 1 : 0;
        start(&a, SLU_CHANNEL_FILE, in_folder("three"));
        start(&b, SLU_CHANNEL_FILE, in_folder("three"));
        run_loop(world.base);
        cr_assert_eq(a.ends, which == 0 ? 0 : 1, "%u", which);
        cr_assert_eq(b.ends, which == 0 ? 1 : 0, "%u", which);
        cr_assert_eq(b.pieces, which == 0 ? 3 : 1, "%u", which);
        free(a.body);
        free(b.body);
        close_world(&world);
    }
}

Test(local_read, free_cancels_what_is_left)
{
    struct world world = open_world();
    struct noted a = begin(world.base, world.local);
    struct noted b = begin(world.base, world.local);

    b.pause_at = 1;
    start(&b, SLU_CHANNEL_FOLDER, folder);
    run_loop(world.base);
    start(&a, SLU_CHANNEL_FILE, in_folder("three"));
    close_world(&world);
    cr_assert_eq(a.ends + b.ends, 0);
    free(a.body);
    free(b.body);
    slu_local_free(NULL);
}

static void on_tick(evutil_socket_t fd, short what, void *ctx)
{
    (void)fd;
    (void)what;
    ++*(unsigned *)ctx;
}

/* An event of another kind that is ready all along has its turns between. */
Test(local_read, other_events_are_not_starved)
{
    struct world world = open_world();
    struct noted a = begin(world.base, world.local);
    unsigned ticks = 0;
    int fds[2];
    struct event *event;

    cr_assert_eq(pipe(fds), 0);
    cr_assert_eq(write(fds[1], "x", 1), 1);
    event =
        event_new(world.base, fds[0], EV_READ | EV_PERSIST, on_tick, &ticks);
    cr_assert_eq(event_add(event, NULL), 0);
    start(&a, SLU_CHANNEL_FILE, in_folder("three"));
    while (a.ends == 0) {
        (void)event_base_loop(world.base, EVLOOP_ONCE);
    }
    cr_assert_geq(ticks, 4);
    event_free(event);
    (void)close(fds[0]);
    (void)close(fds[1]);
    free(a.body);
    close_world(&world);
}

/* ---- no memory ---- */

static void run_failing(enum slu_channel channel, const char *path,
                        unsigned long fail_at, unsigned long *out_calls)
{
    static struct count_alloc count;
    struct event_base *base = event_base_new();
    struct slu_local *local;

    count_alloc_init(&count);
    count.fail_at = fail_at;
    local = slu_local_new(&count.alloc, base);
    if (local != NULL) {
        struct noted noted = begin(base, local);

        if (slu_local_start(local, channel, slu_view_str(path), &handler,
                            &noted, &noted.read) == SLU_ERR_OK) {
            run_loop(base);
            cr_assert_eq(noted.ends, 1);
            cr_assert_eq(noted.error.code,
                         fail_at == 0 ? SLU_ERR_OK : SLU_ERR_NOMEM, "%lu",
                         fail_at);
        } else {
            cr_assert_eq(fail_at, 2);
        }
        free(noted.body);
    } else {
        cr_assert_eq(fail_at, 1);
    }
    slu_local_free(local);
    event_base_free(base);
    *out_calls = count.calls;
    cr_assert_eq(count.live, 0);
}

Test(local_read, no_memory_is_said_and_nothing_leaks)
{
    unsigned long calls;
    unsigned long ignored;

    add_folder("a");
    add_folder("a/b");
    write_file("a/b/c", "x");
    write_file("d", "x");
    run_failing(SLU_CHANNEL_FOLDER, folder, 0, &calls);
    cr_assert_gt(calls, 5);
    for (unsigned long n = 1; n <= calls; n++) {
        run_failing(SLU_CHANNEL_FOLDER, folder, n, &ignored);
    }
    run_failing(SLU_CHANNEL_FILE, in_folder("d"), 0, &calls);
    for (unsigned long n = 1; n <= calls; n++) {
        run_failing(SLU_CHANNEL_FILE, in_folder("d"), n, &ignored);
    }
}
