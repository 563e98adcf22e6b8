/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a plan, and the copy of the state in it. */
#include "engine/answer.h"
#include "engine/scratch.h"
#include "engine/store_support.h"

#include <criterion/criterion.h>
#include <errno.h>

static char dir[64];
static struct slu_scratch scratch;
static struct slu_error error;

static void start(void)
{
    (void)make_folder(dir);
    cr_assert_eq(setenv("TMPDIR", dir, 1), 0);
}

static void stop(void)
{
    slu_scratch_close(&scratch);
    remove_tree(dir);
}

TestSuite(scratch, .init = start, .fini = stop);

static void write_text(const char *name, const char *text)
{
    char path[256];
    FILE *file;

    (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
    file = fopen(path, "wbe");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

static bool exists(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0;
}

Test(scratch, is_a_folder_of_its_own_that_goes_with_all_that_is_in_it)
{
    char path[SLU_SCRATCH_PATH_MAX + 32];
    struct stat info;

    cr_assert_eq(slu_scratch_open(&scratch, &error), SLU_ERR_OK, "%s",
                 error.text);
    cr_assert_eq(strncmp(scratch.dir, dir, strlen(dir)), 0);
    cr_assert_eq(stat(scratch.dir, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0700);
    cr_assert(exists(scratch.state_dir));
    cr_assert(exists(scratch.output_dir));
    (void)snprintf(path, sizeof(path), "%s", scratch.dir);
    write_text("a.txt", "x\n");
    cr_assert_eq(slu_scratch_copy(dir, scratch.output_dir, "a.txt", &error),
                 SLU_ERR_OK);
    slu_scratch_close(&scratch);
    cr_assert_not(exists(path));
    slu_scratch_close(&scratch);
}

Test(scratch, copies_a_file_and_the_folders_above_it)
{
    char sub[128];

    cr_assert_eq(slu_scratch_open(&scratch, &error), SLU_ERR_OK);
    (void)snprintf(sub, sizeof(sub), "%s/guard_duty", dir);
    cr_assert_eq(mkdir(sub, 0755), 0);
    write_text("guard_duty/threat-ip-1.txt", "203.0.113.1\n");
    cr_assert_eq(slu_scratch_copy(dir, scratch.output_dir,
                                  "guard_duty/threat-ip-1.txt", &error),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_str_eq(
        read_text(scratch.output_dir, "guard_duty/threat-ip-1.txt"),
        "203.0.113.1\n");
}

Test(scratch, takes_a_file_that_is_not_there_for_none)
{
    cr_assert_eq(slu_scratch_open(&scratch, &error), SLU_ERR_OK);
    cr_assert_eq(slu_scratch_copy(dir, scratch.output_dir, "none.txt", &error),
                 SLU_ERR_OK);
    cr_assert_null(read_text(scratch.output_dir, "none.txt"));
}

Test(scratch, removes_nothing_but_what_it_made)
{
    char sub[128];

    (void)snprintf(sub, sizeof(sub), "%s/sluice-plan", dir);
    cr_assert_eq(mkdir(sub, 0755), 0);
    (void)snprintf(scratch.dir, sizeof(scratch.dir), "%s", sub);
    slu_scratch_close(&scratch);
    cr_assert(exists(sub));
    (void)snprintf(scratch.dir, sizeof(scratch.dir), "%s/", sub);
    slu_scratch_close(&scratch);
    cr_assert(exists(sub));
    cr_assert_str_empty(scratch.dir);
}

Test(scratch, names_the_folder_that_it_cannot_use)
{
    cr_assert_eq(setenv("TMPDIR", "/nowhere/at/all", 1), 0);
    cr_assert_eq(slu_scratch_open(&scratch, &error), SLU_ERR_IO);
    cr_assert_not_null(strstr(error.text, "/nowhere/at/all"));
    cr_assert_eq(error.sys, ENOENT);
    cr_assert_str_empty(scratch.dir);
}

/* ---- the state ---- */

static uint64_t records;

static enum slu_err note_value(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    (void)key;
    (void)snprintf(ctx, 16, "%.*s", SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static struct slu_store *open_state(const char *path)
{
    struct slu_store_options options = small_options(path);
    struct slu_store *store = NULL;

    cr_assert_eq(slu_store_open(&options, &store, &error), SLU_ERR_OK, "%s",
                 error.text);
    return store;
}

static void fill(struct slu_store *store)
{
    struct slu_answer answer;
    struct slu_record record = {.kind = SLU_RECORD_DOMAIN,
                                .key = slu_view_str("a.example.com"),
                                .verdict = SLU_VERDICT_MALICIOUS,
                                .sources = SLU_SOURCE_STREAM};

    slu_answer_init(&answer, slu_alloc_default(), store);
    slu_answer_begin(&answer);
    cr_assert_eq(slu_answer_add(&answer, &record), SLU_ERR_OK);
    cr_assert_eq(
        slu_answer_put(&answer, "", slu_view_str("gti/x"), slu_view_str("v")),
        SLU_ERR_OK);
    cr_assert_eq(slu_answer_commit(&answer, NULL), SLU_ERR_OK);
    cr_assert_eq(slu_store_drain(store), SLU_ERR_OK);
    slu_answer_fini(&answer);
}

Test(scratch, copies_a_state_while_its_owner_has_it)
{
    char state[96];
    char value[16] = "";
    struct slu_store *store;
    struct slu_store *copy;

    (void)snprintf(state, sizeof(state), "%s/state", dir);
    store = open_state(state);
    fill(store);
    cr_assert_eq(slu_scratch_open(&scratch, &error), SLU_ERR_OK);
    cr_assert_eq(
        slu_store_copy(slu_alloc_default(), state, scratch.state_dir, &error),
        SLU_ERR_OK, "%s", error.text);
    slu_store_close(store);
    copy = open_state(scratch.state_dir);
    cr_assert_eq(slu_store_fold(copy), SLU_ERR_OK);
    cr_assert_eq(
        slu_store_scan(copy, SLU_RECORD_DOMAIN, count_record, &records),
        SLU_ERR_OK);
    cr_assert_eq(records, 1);
    cr_assert_eq(slu_store_entries(copy, "gti/", note_value, value),
                 SLU_ERR_OK);
    cr_assert_str_eq(value, "v");
    slu_store_close(copy);
}

static enum slu_err note_key(void *ctx, struct slu_view key,
                             struct slu_view value)
{
    (void)value;
    (void)snprintf(ctx, 16, "%.*s", SLU_VIEW_ARGS(key));
    return SLU_ERR_OK;
}

static enum slu_err refuse_entry(void *ctx, struct slu_view key,
                                 struct slu_view value)
{
    (void)ctx;
    (void)key;
    (void)value;
    return SLU_ERR_STATE;
}

Test(scratch, reads_the_entries_of_a_name_without_it)
{
    char state[96];
    char key[16] = "";
    struct slu_store *store;

    (void)snprintf(state, sizeof(state), "%s/state", dir);
    store = open_state(state);
    fill(store);
    cr_assert_eq(slu_store_entries_of(store, "gti", note_key, key, &error),
                 SLU_ERR_OK);
    cr_assert_str_eq(key, "x");
    key[0] = '\0';
    cr_assert_eq(slu_store_entries_of(store, "gt", note_key, key, &error),
                 SLU_ERR_OK);
    cr_assert_str_eq(key, "");
    cr_assert_eq(slu_store_entries_of(store, "gti", refuse_entry, NULL, &error),
                 SLU_ERR_STATE);
    cr_assert_neq(error.text[0], '\0', "the failure is told");
    cr_assert_eq(error.code, SLU_ERR_STATE, "%s", error.text);
    slu_store_close(store);
}

Test(scratch, copies_nothing_where_there_is_no_state)
{
    char path[SLU_SCRATCH_PATH_MAX + 32];

    cr_assert_eq(slu_scratch_open(&scratch, &error), SLU_ERR_OK);
    cr_assert_eq(slu_store_copy(slu_alloc_default(), "/nowhere/at/all",
                                scratch.state_dir, &error),
                 SLU_ERR_OK, "%s", error.text);
    (void)snprintf(path, sizeof(path), "%s/state.db", scratch.state_dir);
    cr_assert_not(exists(path));
}

Test(scratch, says_where_a_state_cannot_be_copied_to)
{
    char state[96];
    struct slu_store *store;

    (void)snprintf(state, sizeof(state), "%s/state", dir);
    store = open_state(state);
    fill(store);
    cr_assert_eq(
        slu_store_copy(slu_alloc_default(), state, "/nowhere/at/all", &error),
        SLU_ERR_IO);
    cr_assert_not_null(strstr(error.text, "/nowhere/at/all/state.db"));
    slu_store_close(store);
}
