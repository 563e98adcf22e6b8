/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A state and a folder of lists below one folder, and what a run does with
 * them after its pull: for tests of the sink "files".
 */
#ifndef TESTS_ENGINE_PUBLISH_SCENE_H
#define TESTS_ENGINE_PUBLISH_SCENE_H

#include "engine/answer.h"
#include "engine/publish.h"
#include "store_support.h"

#include <criterion/criterion.h>

#define NOW 1754546400

static char out[160];
static struct slu_store *store;
static struct slu_files *files;
static struct slu_guard *guard;
static struct slu_lists_config lists;
static struct slu_report report;
static struct slu_error error;
static char lines[1 << 16];

static void note_line(void *ctx, enum slu_log_level level, const char *text)
{
    size_t len = strlen(lines);

    (void)ctx;
    (void)snprintf(lines + len, sizeof(lines) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

/* False, with *error, when the state or the folder can't be opened. */
UNUSED_FN static bool open_scene(const char *base)
{
    const struct slu_guard_options options = {.cidr_min_prefix = 8};
    struct slu_store_options store_options;
    char state[160];

    (void)snprintf(state, sizeof(state), "%s/state", base);
    (void)snprintf(out, sizeof(out), "%s/out", base);
    store_options = small_options(state);
    guard = slu_guard_new(slu_alloc_default(), &options);
    lists = (struct slu_lists_config){
        .ip_file_lines = 100,
        .entity_file_lines = 2,
        .file_bytes = SLU_LIST_BYTES_MAX,
        .side_file_bytes = 1u << 20,
        .max_age_ms = INT64_C(90) * 86400 * 1000,
        .allow_file = "",
        .cidr_min_prefix = 8,
    };
    return slu_store_open(&store_options, &store, &error) == SLU_ERR_OK &&
           slu_files_open(slu_alloc_default(), out, &files, &error) ==
               SLU_ERR_OK;
}

UNUSED_FN static void close_scene(void)
{
    slu_files_close(files);
    slu_store_close(store);
    slu_guard_free(guard);
    files = NULL;
    store = NULL;
    guard = NULL;
}

UNUSED_FN static struct slu_publish_options options(void)
{
    return (struct slu_publish_options){
        .alloc = slu_alloc_default(),
        .store = store,
        .files = files,
        .lists = &lists,
        .guard = guard,
        .logger = {note_line, NULL, SLU_LOG_DEBUG},
        .verdicts = 1u << SLU_VERDICT_MALICIOUS,
        .now = NOW,
    };
}

/* With a checkpoint of that time. */
UNUSED_FN static enum slu_err publish_at(int64_t until)
{
    struct slu_publish_options now = options();
    struct slu_checkpoint checkpoint = {.stream = {0, until}};

    report = (struct slu_report){0};
    lines[0] = '\0';
    return slu_publish_lists(&now, &checkpoint, &report, &error);
}

/* n001.example.com and so on; false when the answer is not taken. */
UNUSED_FN static bool add_domains(unsigned from, unsigned count, uint8_t score)
{
    struct slu_answer answer;
    enum slu_err err = SLU_ERR_OK;

    slu_answer_init(&answer, slu_alloc_default(), store);
    slu_answer_begin(&answer);
    for (unsigned i = from; err == SLU_ERR_OK && i < from + count; i++) {
        char key[32];
        struct slu_record record = {.kind = SLU_RECORD_DOMAIN,
                                    .verdict = SLU_VERDICT_MALICIOUS,
                                    .score = score,
                                    .sources = SLU_SOURCE_STREAM,
                                    .first_seen = NOW - 10,
                                    .last_seen = NOW - 10,
                                    .assessed_at = NOW - 10};

        (void)snprintf(key, sizeof(key), "n%03u.example.com", i);
        record.key = slu_view_str(key);
        err = slu_answer_add(&answer, &record);
    }
    if (err == SLU_ERR_OK) {
        err = slu_answer_commit(&answer, NULL);
    }
    slu_answer_fini(&answer);
    return err == SLU_ERR_OK;
}

#endif
