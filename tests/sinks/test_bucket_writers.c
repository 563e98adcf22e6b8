/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two writers of one bucket, each with its own state, in any order of their
 * requests, with faults, and killed at any time. Each adds lines of its own
 * and, as a sync does, takes over what it fetches. What must hold: nobody
 * writes over what he has not read, and in the end every line is there.
 */
#include "sinks/bucket.h"

#include "sinks/bucket_world.h"
#include "sinks/chance.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define LISTS 2
#define LINES 40 /* of each list and writer */
#define CHECKPOINT "gti-checkpoint.json"

static const char *const paths[LISTS] = {"ip-1.txt", "entity-1.txt"};

enum stage {
    STAGE_IDLE,
    STAGE_FETCH,
    STAGE_STORE,
};

/* A process and what of it outlives it. */
struct process {
    struct writer writer;
    uint64_t lines[LISTS][FAKE_WRITERS]; /* durable; a bit for each line */
    unsigned added[LISTS];
    enum stage stage;
    unsigned syncs;
    unsigned conflicts;
    unsigned ours; /* objects of a killed run that were known for ours */
};

static struct fake_s3 s3;
static struct process processes[FAKE_WRITERS];
static unsigned kills;

/* "0-07\n": the writer's number and the line's. */
static const char *make_text(const struct process *process, unsigned list)
{
    static char text[FAKE_WRITERS * LINES * 5 + 1];
    size_t len = 0;

    text[0] = '\0';
    for (unsigned w = 0; w < FAKE_WRITERS; w++) {
        for (unsigned i = 0; i < LINES; i++) {
            if (process->lines[list][w] >> i & 1) {
                len += (size_t)snprintf(text + len, sizeof(text) - len,
                                        "%u-%02u\n", w, i);
            }
        }
    }
    return text;
}

static void read_text(const char *text, uint64_t lines[FAKE_WRITERS])
{
    for (; *text != '\0'; text += 5) {
        unsigned writer;
        unsigned line;

        cr_assert_eq(sscanf(text, "%u-%u\n", &writer, &line), 2);
        lines[writer] |= UINT64_C(1) << line;
    }
}

static void begin_sync(struct process *process)
{
    struct writer *writer = &process->writer;

    slu_bucket_clear(writer->bucket);
    for (unsigned i = 0; i < LISTS; i++) {
        writer_verify(writer, paths[i]);
    }
    process->stage = STAGE_FETCH;
    process->syncs++;
    cr_assert(writer_start(writer));
}

static void take_over(struct process *process)
{
    struct writer *writer = &process->writer;

    for (unsigned i = 0; i < LISTS; i++) {
        struct slu_object object = slu_bucket_object(writer->bucket, paths[i]);
        enum slu_object_outcome outcome =
            slu_bucket_outcome(writer->bucket, paths[i]);

        /* One transaction. */
        if (outcome == SLU_OBJECT_FETCHED) {
            read_text(writer_content(writer, &object.content),
                      process->lines[i]);
        }
        if (outcome == SLU_OBJECT_FETCHED || outcome == SLU_OBJECT_OURS) {
            process->ours += outcome == SLU_OBJECT_OURS;
            writer_adopt(writer, paths[i]);
        }
    }
}

static void begin_store(struct process *process, uint64_t *state)
{
    struct writer *writer = &process->writer;
    unsigned number = writer->number;

    slu_bucket_clear(writer->bucket);
    for (unsigned i = 0; i < LISTS; i++) {
        if (process->added[i] < LINES && chance(state, 2) == 0) {
            process->lines[i][number] |= UINT64_C(1) << process->added[i]++;
        }
        writer_store(writer, paths[i], SLU_ARTIFACT_LIST,
                     make_text(process, i));
    }
    process->stage = STAGE_STORE;
    cr_assert(writer_start(writer));
}

static void end_sync(struct process *process)
{
    const struct slu_bucket_result *result =
        slu_bucket_result(process->writer.bucket);

    process->conflicts += result->conflicts;
    process->stage = STAGE_IDLE;
}

/* What was in flight may have reached S3, or not. */
static void restart(struct process *process)
{
    kills++;
    writer_kill(&process->writer);
    process->stage = STAGE_IDLE;
}

static void advance(struct process *process, uint64_t *state)
{
    struct writer *writer = &process->writer;

    if (process->stage == STAGE_IDLE) {
        begin_sync(process);
    } else if (writer_step(writer)) {
        return;
    } else if (process->stage == STAGE_STORE) {
        end_sync(process);
    } else if (slu_bucket_result(writer->bucket)->failed > 0) {
        /* What could not be read can't be written: the process ends. */
        writer_restart(writer);
        process->stage = STAGE_IDLE;
    } else {
        take_over(process);
        begin_store(process, state);
    }
}

static void set_fault(uint64_t *state)
{
    if (s3.fault_times == 0 && chance(state, 6) == 0) {
        s3.fault = FAULT_CUT + chance(state, FAULT_COUNT_CURED - FAULT_CUT);
        s3.fault_at = 0;
        s3.fault_times = 1 + chance(state, 6);
    }
}

static void init_all(uint64_t seed)
{
    fake_s3_init(&s3);
    s3.etag_of_version = seed % 2 == 0;
    for (unsigned i = 0; i < FAKE_WRITERS; i++) {
        memset(&processes[i], 0, sizeof(processes[i]));
        writer_init(&processes[i].writer, &s3);
        processes[i].writer.number = i;
        processes[i].writer.chance = seed * 2 + i + 1;
        processes[i].writer.attempts_max = 3;
        processes[i].writer.piece = 3;
    }
}

static void fini_all(void)
{
    for (unsigned i = 0; i < FAKE_WRITERS; i++) {
        writer_fini(&processes[i].writer);
    }
    fake_s3_fini(&s3);
}

/* Whatever has happened, one sync of each is enough, one after the other and
 * undisturbed; each has something new to say in it. */
static void settle_down(uint64_t *state, bool with_kills)
{
    s3.fault_times = 0;
    for (unsigned i = 0; i < FAKE_WRITERS; i++) {
        struct process *process = &processes[i];

        if (with_kills) {
            restart(process);
        }
        while (process->stage != STAGE_IDLE) {
            advance(process, state);
        }
    }
    for (unsigned i = 0; i < FAKE_WRITERS; i++) {
        struct process *process = &processes[i];
        unsigned conflicts = process->conflicts;

        do {
            advance(process, state);
        } while (process->stage != STAGE_IDLE);
        cr_assert_eq(process->conflicts, conflicts);
        cr_assert_eq(slu_bucket_result(process->writer.bucket)->failed, 0);
        for (unsigned k = 0; k < LISTS; k++) {
            cr_assert_eq(
                slu_bucket_object(process->writer.bucket, paths[k]).state,
                SLU_OBJECT_PRESENT);
        }
    }
}

static void assert_nothing_was_lost(uint64_t seed)
{
    for (unsigned i = 0; i < LISTS; i++) {
        char key[40];
        const struct fake_object *object;
        uint64_t lines[FAKE_WRITERS] = {0};
        char text[FAKE_WRITERS * LINES * 5 + 1];

        (void)snprintf(key, sizeof(key), "guard_duty/%s", paths[i]);
        object = fake_s3_find(&s3, key);
        cr_assert_not_null(object);
        (void)snprintf(text, sizeof(text), "%.*s", (int)object->len,
                       object->bytes);
        read_text(text, lines);
        for (unsigned w = 0; w < FAKE_WRITERS; w++) {
            cr_assert_eq(lines[w], processes[w].lines[i][w],
                         "seed %llu, list %u, writer %u",
                         (unsigned long long)seed, i, w);
        }
    }
    cr_assert_eq(s3.blind, 0, "seed %llu", (unsigned long long)seed);
}

static unsigned ours;

static unsigned run_seed(uint64_t seed, bool with_kills)
{
    uint64_t state = seed;
    unsigned conflicts;

    init_all(seed);
    for (unsigned step = 0; step < 600; step++) {
        struct process *process = &processes[chance(&state, FAKE_WRITERS)];

        if (with_kills && chance(&state, 25) == 0) {
            restart(process);
        }
        set_fault(&state);
        advance(process, &state);
    }
    settle_down(&state, with_kills);
    assert_nothing_was_lost(seed);
    conflicts = processes[0].conflicts + processes[1].conflicts;
    ours += processes[0].ours + processes[1].ours;
    fini_all();
    return conflicts;
}

Test(bucket_writers, never_undo_each_other)
{
    unsigned conflicts = 0;

    for (uint64_t seed = 1; seed <= 60; seed++) {
        conflicts += run_seed(seed, false);
    }
    /* They did meet. */
    cr_assert_gt(conflicts, 100);
}

Test(bucket_writers, never_undo_each_other_when_they_are_killed)
{
    unsigned conflicts = 0;

    kills = 0;
    ours = 0;
    for (uint64_t seed = 1001; seed <= 1060; seed++) {
        conflicts += run_seed(seed, true);
    }
    cr_assert_gt(conflicts, 50);
    cr_assert_gt(kills, 500);
    cr_assert_gt(ours, 50);
}
