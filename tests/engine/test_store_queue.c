/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the store's thread writes. Its pause is an hour in most of these tests:
 * who waited for it would never end. before_commit counts the transactions, and
 * holds one up where a test wants to do something meanwhile.
 */
#include "store_support.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/syscall.h>

#define HOUR_MS 3600000u
#define QUEUE_BYTES ((size_t)64 << 10)
#define RECORDS_MAX 400

struct scene {
    char dir[64];
    struct slu_store *store;
    struct slu_store_options opts;
    uint32_t next_key;
    atomic_uint commits;
    atomic_bool fails;
    sem_t begun; /* posted by each commit */
    sem_t room;  /* and by each on_room */
    bool held;   /* each waits for this: */
    sem_t go;
};

static struct scene scene;

static enum slu_err before_commit(void *ctx, struct slu_error *out_error)
{
    struct scene *self = ctx;

    atomic_fetch_add(&self->commits, 1);
    (void)sem_post(&self->begun);
    if (self->held) {
        (void)sem_wait(&self->go);
    }
    return atomic_load(&self->fails)
               ? slu_error_set(out_error, SLU_ERR_IO, "the rows' disk is gone")
               : SLU_ERR_OK;
}

static void note_room(void *ctx)
{
    struct scene *self = ctx;

    (void)sem_post(&self->room);
}

static void open_store(void)
{
    struct slu_error error = {0};

    cr_assert_eq(slu_store_open(&scene.opts, &scene.store, &error), SLU_ERR_OK,
                 "%s", error.text);
}

static void make_scene(void)
{
    (void)make_folder(scene.dir);
    (void)sem_init(&scene.begun, 0, 0);
    (void)sem_init(&scene.room, 0, 0);
    (void)sem_init(&scene.go, 0, 0);
    scene.opts = small_options(scene.dir);
    scene.opts.queue_bytes = QUEUE_BYTES;
    scene.opts.pause_ms = HOUR_MS;
    scene.opts.ctx = &scene;
    scene.opts.on_room = note_room;
    scene.opts.before_commit = before_commit;
    open_store();
}

static void remove_scene(void)
{
    slu_store_close(scene.store);
    (void)sem_destroy(&scene.begun);
    (void)sem_destroy(&scene.room);
    (void)sem_destroy(&scene.go);
    remove_tree(scene.dir);
}

TestSuite(store_queue, .init = make_scene, .fini = remove_scene, .timeout = 60);

/* Each record has a key of its own. */
static void fill(struct test_record *records, size_t count)
{
    memset(records, 0, count * sizeof(*records));
    for (size_t i = 0; i < count; i++) {
        make_key(&records[i], SLU_RECORD_DOMAIN, ++scene.next_key);
        records[i].record.last_seen = scene.next_key;
    }
}

/* An answer of so many records. */
static enum slu_err push(size_t count)
{
    struct test_record records[RECORDS_MAX];

    fill(records, count);
    return commit_tests(scene.store, slu_store_answer_id(scene.store), records,
                        count, "unit", "x");
}

static void check_records(uint64_t expected)
{
    uint64_t count = 0;

    cr_assert_eq(slu_store_scan_all(scene.store, SLU_RECORD_DOMAIN,
                                    count_record, &count),
                 SLU_ERR_OK);
    cr_assert_eq(count, expected);
}

Test(store_queue, makes_one_transaction_of_many_answers)
{
    for (unsigned i = 0; i < 50; i++) {
        cr_assert_eq(push(1), SLU_ERR_OK);
    }
    cr_assert_eq(atomic_load(&scene.commits), 0);
    cr_assert_eq(slu_store_drain(scene.store), SLU_ERR_OK);
    cr_assert_eq(atomic_load(&scene.commits), 1);
    check_records(50);
}

Test(store_queue, who_waits_for_it_does_not_wait_for_the_pause)
{
    struct found_entry found = {.count = 0};
    struct slu_store_run run = {.started = 1, .exit_code = -1};
    int64_t id;

    cr_assert_eq(push(1), SLU_ERR_OK);
    cr_assert_eq(slu_store_entries(scene.store, "u", note_entry, &found),
                 SLU_ERR_OK);
    cr_assert_eq(found.count, 1);
    cr_assert_eq(push(1), SLU_ERR_OK);
    cr_assert_eq(slu_store_run_begin(scene.store, &run, &id), SLU_ERR_OK);
    cr_assert_eq(push(1), SLU_ERR_OK);
    cr_assert_eq(slu_store_fold(scene.store), SLU_ERR_OK);
    cr_assert_eq(push(1), SLU_ERR_OK);
    check_records(4);
    cr_assert_eq(atomic_load(&scene.commits), 4);
}

Test(store_queue, the_pause_ends_by_itself)
{
    slu_store_close(scene.store);
    scene.opts.pause_ms = 1;
    open_store();
    for (unsigned i = 0; i < 3; i++) {
        cr_assert_eq(push(1), SLU_ERR_OK);
        (void)sem_wait(&scene.begun);
    }
}

Test(store_queue, a_large_group_is_written_at_once)
{
    struct test_record records[RECORDS_MAX];
    struct slu_buf packed;
    size_t pushed = 0;
    unsigned answers = 0;

    fill(records, 10);
    packed = pack_tests(records, 10);
    while (pushed + packed.len < QUEUE_BYTES / 8) {
        cr_assert_eq(push(10), SLU_ERR_OK);
        pushed += packed.len;
        answers++;
    }
    slu_buf_fini(&packed);
    (void)sem_wait(&scene.begun); /* nobody else asks for it */
    check_records((uint64_t)answers * 10);
}

/* It is larger than the queue, so it waits until the other one is out of it. */
Test(store_queue, a_push_without_room_does_not_wait_for_the_pause)
{
    static struct test_record records[10 * RECORDS_MAX];
    enum { COUNT = 10 * RECORDS_MAX };

    cr_assert_eq(push(1), SLU_ERR_OK);
    fill(records, COUNT);
    cr_assert_eq(commit_tests(scene.store, slu_store_answer_id(scene.store),
                              records, COUNT, NULL, NULL),
                 SLU_ERR_OK);
    check_records(1 + COUNT);
    cr_assert_eq(atomic_load(&scene.commits), 2);
}

Test(store_queue, room_is_told_without_the_pause)
{
    unsigned answers = 0;

    scene.held = true;
    while (!slu_store_full(scene.store)) {
        cr_assert_eq(push(40), SLU_ERR_OK);
        answers++;
    }
    for (unsigned i = 0; i < answers; i++) { /* no more groups than answers */
        (void)sem_post(&scene.go);
    }
    (void)sem_wait(&scene.room);
    check_records((uint64_t)answers * 40);
}

Test(store_queue, what_is_queued_is_written_when_it_is_closed)
{
    for (unsigned i = 0; i < 5; i++) {
        cr_assert_eq(push(3), SLU_ERR_OK);
    }
    slu_store_close(scene.store);
    cr_assert_eq(atomic_load(&scene.commits), 1);
    open_store();
    check_records(15);
}

/* What is pending is folded while a group pauses; that group keeps its turn. */
Test(store_queue, folds_in_the_pause)
{
    slu_store_close(scene.store);
    scene.opts.fold_at = 1;
    open_store();
    for (unsigned i = 0; i < 20; i++) {
        cr_assert_eq(push(5), SLU_ERR_OK);
        if (i % 3 == 0) {
            cr_assert_eq(slu_store_drain(scene.store), SLU_ERR_OK);
        }
    }
    check_records(100);
}

Test(store_queue, a_failure_takes_along_what_pauses)
{
    scene.held = true;
    cr_assert_eq(push(RECORDS_MAX), SLU_ERR_OK);
    cr_assert_eq(push(RECORDS_MAX), SLU_ERR_OK); /* a large group by now */
    (void)sem_wait(&scene.begun);
    cr_assert_eq(push(1), SLU_ERR_OK); /* its pause has begun */
    atomic_store(&scene.fails, true);
    (void)sem_post(&scene.go);
    cr_assert_eq(slu_store_drain(scene.store), SLU_ERR_IO);
    cr_assert_str_eq(slu_store_error(scene.store)->text,
                     "the rows' disk is gone");
    cr_assert_eq(push(1), SLU_ERR_IO);
    cr_assert_eq(atomic_load(&scene.commits), 1);
    (void)sem_wait(&scene.room);
}

Test(store_queue, a_failure_of_a_paused_group_is_told_to_who_waits)
{
    atomic_store(&scene.fails, true);
    cr_assert_eq(push(1), SLU_ERR_OK);
    cr_assert_eq(push(1), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(scene.store), SLU_ERR_IO);
    cr_assert_eq(push(1), SLU_ERR_IO);
    atomic_store(&scene.fails, false);
    slu_store_close(scene.store);
    open_store();
    check_records(0);
}

/* A stage, its commit and the abandoning of another one keep their order. */
Test(store_queue, one_group_takes_parts_and_their_commit)
{
    struct test_record records[10];
    uint64_t kept = slu_store_answer_id(scene.store);
    uint64_t left = slu_store_answer_id(scene.store);

    fill(records, 10);
    cr_assert_eq(stage_tests(scene.store, kept, records, 10), SLU_ERR_OK);
    fill(records, 10);
    cr_assert_eq(stage_tests(scene.store, left, records, 10), SLU_ERR_OK);
    cr_assert_eq(slu_store_abandon(scene.store, left), SLU_ERR_OK);
    cr_assert_eq(
        commit_tests(scene.store, kept, records, 0, "unit", "their end"),
        SLU_ERR_OK);
    check_records(10);
    cr_assert_eq(atomic_load(&scene.commits), 1);
}

/* ---- a rewrite, for which the thread waits ---- */

static atomic_bool syncs_wait; /* each for this: */
static sem_t sync_go;
static sem_t sync_begun;
static atomic_bool syncs_fail;

/* Stands before the C library's: SQLite's calls come here. */
__attribute__((visibility("default"))) int fdatasync(int fd)
{
    if (atomic_load(&syncs_wait)) {
        (void)sem_post(&sync_begun);
        (void)sem_wait(&sync_go);
    }
    if (atomic_load(&syncs_fail)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static enum slu_err give_place(void *ctx, struct slu_record *record,
                               enum slu_store_change *out_change)
{
    (void)ctx;
    record->place_file = 1;
    *out_change = SLU_STORE_UPDATE;
    return SLU_ERR_OK;
}

/* Until the thread waits for the disk. */
static void rewrite(void)
{
    (void)sem_init(&sync_go, 0, 0);
    (void)sem_init(&sync_begun, 0, 0);
    slu_store_close(scene.store);
    scene.opts.hold_bytes = 0;
    open_store();
    cr_assert_eq(push(10), SLU_ERR_OK);
    cr_assert_eq(slu_store_gather(scene.store), SLU_ERR_OK);
    atomic_store(&syncs_wait, true);
    cr_assert_eq(slu_store_rewrite(scene.store, give_place, NULL), SLU_ERR_OK);
    (void)sem_wait(&sync_begun);
}

static void end_waiting(void)
{
    atomic_store(&syncs_wait, false);
    (void)sem_post(&sync_go);
}

static atomic_bool let_go;

static void *end_waiting_soon(void *arg)
{
    (void)arg;
    (void)usleep(30000);
    atomic_store(&let_go, true);
    end_waiting();
    return NULL;
}

Test(store_queue, drain_waits_until_a_rewrite_is_on_the_disk)
{
    pthread_t thread;

    rewrite();
    slu_store_tidy(scene.store);
    cr_assert_eq(pthread_create(&thread, NULL, end_waiting_soon, NULL), 0);
    cr_assert_eq(slu_store_drain(scene.store), SLU_ERR_OK);
    cr_assert(atomic_load(&let_go));
    (void)pthread_join(thread, NULL);
    check_records(10);
}

Test(store_queue, drain_tells_that_a_rewrite_is_not_on_the_disk)
{
    rewrite();
    atomic_store(&syncs_fail, true);
    end_waiting();
    cr_assert_eq(slu_store_drain(scene.store), SLU_ERR_IO);
    cr_assert_not_null(
        strstr(slu_store_error(scene.store)->text, "Input/output error"));
    cr_assert_eq(push(1), SLU_ERR_IO);
    atomic_store(&syncs_fail, false);
}
