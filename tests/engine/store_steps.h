/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scenario of the store in steps, of which each does the same whenever it is
 * done, and its model after every one: for tests that end it anywhere and ask
 * which steps the state has.
 *
 * Who includes it says what a failure of the store ends (must).
 */
#ifndef TESTS_ENGINE_STORE_STEPS_H
#define TESTS_ENGINE_STORE_STEPS_H

#include "store_support.h"

#define STEP_RECORDS_MAX 400

struct scenario {
    unsigned steps;
    unsigned step_records;
    uint32_t keys;
    size_t shard_bytes; /* the fold's transactions write 1,024 times that */
    bool drain;         /* after each step: no group is larger than one */
    unsigned stride;    /* stop at each point, or at some only */
    uint64_t fold_at;   /* 0: when told */
    unsigned at_least;  /* so many points there are */
    bool gathers;       /* instead of folding, and holds what comes */
};

static struct scenario scenario;
static struct model *models; /* after 0, 1, ... all steps */

static void must(enum slu_err err, const char *what, struct slu_store *store);

/* ---- what the steps do ---- */

UNUSED_FN static size_t draw_step(unsigned step, unsigned part,
                                  struct test_record *out)
{
    struct dice dice = {(uint64_t)step * 1000 + part + 77777};

    for (size_t i = 0; i < scenario.step_records; i++) {
        out[i] = make_test(&dice, scenario.keys);
    }
    return scenario.step_records;
}

/* What the rewrite does with a record depends on nothing but the record. */
UNUSED_FN static enum slu_store_change decide(struct slu_record *record)
{
    switch (record->last_seen % 3) {
    case 0:
        return SLU_STORE_DELETE;
    case 1:
        record->place_file = 2;
        record->place_seat = record->last_seen;
        return SLU_STORE_UPDATE;
    default:
        return SLU_STORE_KEEP;
    }
}

UNUSED_FN static enum slu_err rewrite_one(void *ctx, struct slu_record *record,
                                          enum slu_store_change *out_change)
{
    (void)ctx;
    *out_change = decide(record);
    return SLU_ERR_OK;
}

UNUSED_FN static void commit_step(struct slu_store *store, unsigned step,
                                  bool staged)
{
    struct test_record records[STEP_RECORDS_MAX];
    uint64_t id = slu_store_answer_id(store);
    char value[16];
    size_t count;

    for (unsigned part = 1; staged && part < 3; part++) {
        count = draw_step(step, part, records);
        must(stage_tests(store, id, records, count), "stage", store);
    }
    count = draw_step(step, 0, records);
    (void)snprintf(value, sizeof(value), "%u", step + 1);
    must(commit_tests(store, id, records, count, "step", value), "commit",
         store);
}

UNUSED_FN static void abandon_step(struct slu_store *store, unsigned step)
{
    struct test_record records[STEP_RECORDS_MAX];
    uint64_t id = slu_store_answer_id(store);
    size_t count = draw_step(step, 0, records);

    must(stage_tests(store, id, records, count), "stage", store);
    must(slu_store_abandon(store, id), "abandon", store);
    /* Left open: the end, or the next open, takes it away. */
    must(stage_tests(store, slu_store_answer_id(store), records, count),
         "stage", store);
}

/* Of seven, the last rewrites, and the one before it folds or gathers. */
UNUSED_FN static void run_step(struct slu_store *store, unsigned step)
{
    switch (step % 7) {
    case 4:
        abandon_step(store, step);
        break;
    case 5:
        must(scenario.gathers ? slu_store_gather(store) : slu_store_fold(store),
             "fold", store);
        break;
    case 6:
        must(slu_store_rewrite(store, rewrite_one, NULL), "rewrite", store);
        break;
    default:
        commit_step(store, step, step % 7 == 1);
    }
}

UNUSED_FN static void model_rewrite(struct model *model)
{
    size_t i = 0;

    while (i < model->count) {
        struct slu_record record = view_test(&model->records[i]);

        if (decide(&record) == SLU_STORE_DELETE) {
            model_remove(model, &model->records[i]);
            continue;
        }
        model->records[i].record = record;
        i++;
    }
}

UNUSED_FN static void model_step(struct model *model, unsigned step)
{
    struct test_record records[STEP_RECORDS_MAX];
    unsigned parts = step % 7 == 1 ? 3 : 1;

    if (step % 7 == 6) {
        model_rewrite(model);
    }
    for (unsigned part = 0; step % 7 < 4 && part < parts; part++) {
        size_t count = draw_step(step, part, records);

        model_add_all(model, records, count);
    }
}

/* What the entry says after so many steps. */
UNUSED_FN static unsigned entry_after(unsigned steps)
{
    while (steps > 0 && (steps - 1) % 7 >= 4) {
        steps--;
    }
    return steps;
}

/* ---- which steps the state has ---- */

UNUSED_FN static void make_models(void)
{
    models = calloc(scenario.steps + 1, sizeof(*models));
    if (models == NULL) {
        abort();
    }
    for (unsigned step = 0; step < scenario.steps; step++) {
        models[step + 1] = models[step];
        model_step(&models[step + 1], step);
    }
}

UNUSED_FN static struct slu_store_options step_options(const char *dir)
{
    struct slu_store_options opts = small_options(dir);

    opts.shard_bytes = scenario.shard_bytes;
    opts.layers_max = 2;
    opts.hold_bytes = !scenario.gathers;
    if (scenario.fold_at != 0) {
        opts.fold_at = scenario.fold_at;
    }
    return opts;
}

UNUSED_FN static unsigned read_entry(struct slu_store *store)
{
    struct found_entry found = {.value = "0"};

    must(slu_store_entries(store, "step", note_entry, &found), "entries",
         store);
    return (unsigned)atoi(found.value);
}

/* The number of steps that a folded store holds, of those from `durable` to
 * `begun`; if it is none, -1 and the fault. */
UNUSED_FN static int recognise(struct slu_store *store, unsigned durable,
                               unsigned begun, char fault[256])
{
    unsigned entry = read_entry(store);
    const char *why = "no state has this entry";

    for (unsigned k = durable; k <= begun; k++) {
        if (entry_after(k) == entry) {
            why = compare_store(store, &models[k]);
            if (why == NULL) {
                return (int)k;
            }
        }
    }
    (void)snprintf(fault, 256, "%u durable, %u begun, entry %u: %s", durable,
                   begun, entry, why);
    return -1;
}

#endif
