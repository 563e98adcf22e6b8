/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of explain and of indicators share: an engine whose state and
 * output folder the test has made, and a clock that stands still.
 */
#ifndef SLU_TESTS_QUERY_WORLD_H
#define SLU_TESTS_QUERY_WORLD_H

#include "codecs/checks.h"
#include "store_support.h"
#include <sluice/engine.h>

#include <criterion/criterion.h>

#define WORLD_NOW 1767265200u /* 2026-01-01T11:00:00Z */
#define WORLD_DAY 86400u

struct query_world {
    char dir[64];
    struct slu_alloc alloc; /* NULL functions: the default one */
    struct slu_engine *engine;
    struct slu_error error;
};

/* more: YAML of further sections. */
UNUSED_FN static void world_open(struct query_world *self, const char *more)
{
    static char text[4096];
    struct slu_options options = {
        .config_text = text,
        .alloc = self->alloc.realloc_fn == NULL ? NULL : &self->alloc,
    };

    (void)snprintf(text, sizeof(text),
                   "state_dir: %s/state\noutput_dir: %s/out\n%s", self->dir,
                   self->dir, more);
    cr_assert_eq(slu_engine_open(&options, &self->engine, &self->error),
                 SLU_ERR_OK, "%s", self->error.text);
}

UNUSED_FN static void world_start(struct query_world *self, const char *more)
{
    char now[16];

    (void)snprintf(now, sizeof(now), "%u", WORLD_NOW);
    (void)setenv("SLUICE_CLOCK", now, 1);
    *self = (struct query_world){0};
    (void)make_folder(self->dir);
    world_open(self, more);
}

UNUSED_FN static void world_stop(struct query_world *self)
{
    slu_engine_close(self->engine);
    remove_tree(self->dir);
    (void)unsetenv("SLUICE_CLOCK");
}

/* One record, as a sighting of the stream a day ago that is MALICIOUS. */
UNUSED_FN static struct slu_record
world_record(enum slu_kind kind, const char *value, char scratch[SLU_VALUE_MAX])
{
    struct slu_record record = {
        .verdict = SLU_VERDICT_MALICIOUS,
        .score = 80,
        .sources = SLU_SOURCE_STREAM,
        .first_seen = WORLD_NOW - 2 * WORLD_DAY,
        .last_seen = WORLD_NOW - WORLD_DAY,
        .assessed_at = WORLD_NOW - WORLD_DAY,
    };

    (void)slu_check_value(kind, slu_view_str(value), scratch, &record);
    return record;
}

UNUSED_FN static void world_store(struct query_world *self,
                                  const struct slu_record *record, bool fold)
{
    char dir[128];
    struct slu_store_options options = {.alloc = slu_alloc_default(),
                                        .dir = dir};
    struct slu_store *store;
    struct slu_buf packed;

    (void)snprintf(dir, sizeof(dir), "%s/state", self->dir);
    cr_assert_eq(slu_store_open(&options, &store, NULL), SLU_ERR_OK);
    slu_buf_init(&packed, slu_alloc_default(), 1 << 20);
    cr_assert_eq(slu_record_pack(record, &packed), SLU_ERR_OK);
    cr_assert_eq(slu_store_commit(store, slu_store_answer_id(store),
                                  slu_buf_view(&packed), 1,
                                  slu_view_make(NULL, 0)),
                 SLU_ERR_OK);
    if (fold) {
        cr_assert_eq(slu_store_fold(store), SLU_ERR_OK);
    }
    slu_buf_fini(&packed);
    slu_store_close(store);
}

/* Entries as an answer would commit them; pairs end with NULL. */
UNUSED_FN static void world_entries(struct query_world *self,
                                    const char *const *pairs)
{
    char dir[128];
    struct slu_store_options options = {.alloc = slu_alloc_default(),
                                        .dir = dir};
    struct slu_store *store;
    struct slu_buf entries;

    (void)snprintf(dir, sizeof(dir), "%s/state", self->dir);
    cr_assert_eq(slu_store_open(&options, &store, NULL), SLU_ERR_OK);
    slu_buf_init(&entries, slu_alloc_default(), 1 << 20);
    for (; *pairs != NULL; pairs += 2) {
        add_entry(&entries, pairs[0], pairs[1]);
    }
    cr_assert_eq(slu_store_commit(store, slu_store_answer_id(store),
                                  slu_view_make(NULL, 0), 0,
                                  slu_buf_view(&entries)),
                 SLU_ERR_OK);
    slu_buf_fini(&entries);
    slu_store_close(store);
}

/* A file below the output folder; its folders are made. */
UNUSED_FN static void world_write(struct query_world *self, const char *path,
                                  const char *text)
{
    char full[256];
    FILE *file;

    (void)snprintf(full, sizeof(full), "%s/out/%s", self->dir, path);
    for (char *slash = strchr(full + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        (void)mkdir(full, 0700);
        *slash = '/';
    }
    file = fopen(full, "wb");
    cr_assert_not_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

#endif
