/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers and entries: what stage, abandon and commit do inside their
 * transaction, and what is cleared away at the next open.
 *
 * What is staged is written once and never touched again: whether it counts is
 * told by one small row in `opened`, not by a mark in each big one.
 */
#include "engine/crash.h"
#include "engine/store_merge.h"

static enum slu_err add_pending(struct slu_db *self, bool staged,
                                uint64_t answer, struct slu_view records,
                                uint64_t count)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_PENDING_ADD);
    enum slu_err err;

    (void)sqlite3_bind_int(statement, 1, staged);
    (void)sqlite3_bind_int64(statement, 2, (int64_t)answer);
    (void)sqlite3_bind_int64(statement, 3, (int64_t)count);
    slu_db_bind(statement, 4, records);
    err = slu_db_run(self, SLU_DB_PENDING_ADD);
    slu_crash_point("store: pending written");
    return err;
}

static enum slu_err run_for_answer(struct slu_db *self,
                                   enum slu_db_statement statement,
                                   uint64_t answer)
{
    (void)sqlite3_bind_int64(slu_db_statement(self, statement), 1,
                             (int64_t)answer);
    return slu_db_run(self, statement);
}

enum slu_err slu_db_stage(struct slu_db *self, uint64_t answer,
                          struct slu_view records, uint64_t count)
{
    enum slu_err err = run_for_answer(self, SLU_DB_OPENED_ADD, answer);

    if (err == SLU_ERR_OK) {
        err = add_pending(self, true, answer, records, count);
    }
    return err;
}

enum slu_err slu_db_abandon(struct slu_db *self, uint64_t answer)
{
    enum slu_err err = run_for_answer(self, SLU_DB_STAGED_DELETE, answer);

    if (err == SLU_ERR_OK) {
        err = run_for_answer(self, SLU_DB_OPENED_DELETE, answer);
    }
    return err;
}

/* ---- entries ---- */

static size_t read_u16(const char *at)
{
    const unsigned char *bytes = (const unsigned char *)at;

    return bytes[0] | (size_t)bytes[1] << 8;
}

static struct slu_view take_bytes(struct slu_view *from, size_t len)
{
    struct slu_view taken = slu_view_make(from->ptr, len);

    from->ptr += len;
    from->len -= len;
    return taken;
}

static enum slu_err put_entry(struct slu_db *self, struct slu_view key,
                              struct slu_view value)
{
    enum slu_db_statement statement =
        value.len == 0 ? SLU_DB_ENTRY_DELETE : SLU_DB_ENTRY_PUT;
    enum slu_err err;

    slu_db_bind(slu_db_statement(self, statement), 1, key);
    if (value.len != 0) {
        slu_db_bind(slu_db_statement(self, statement), 2, value);
    }
    err = slu_db_run(self, statement);
    slu_crash_point("store: entry written");
    return err;
}

static enum slu_err put_entries(struct slu_db *self, struct slu_view entries)
{
    while (entries.len != 0) {
        struct slu_view key;
        struct slu_view value;
        size_t key_len;
        size_t value_len;
        enum slu_err err;

        /* slu_store_commit has looked at the lengths. */
        key_len = read_u16(entries.ptr);
        value_len = read_u16(entries.ptr + 2);
        (void)take_bytes(&entries, 4);
        key = take_bytes(&entries, key_len);
        value = take_bytes(&entries, value_len);
        err = put_entry(self, key, value);
        if (err != SLU_ERR_OK) {
            return err;
        }
    }
    return SLU_ERR_OK;
}

enum slu_err slu_db_entries(struct slu_db *self, const char *prefix,
                            slu_store_entry_fn on_entry, void *ctx)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_ENTRY_LIST);
    struct slu_view start = slu_view_str(prefix);
    enum slu_err err;
    bool row;

    slu_db_bind(statement, 1, start);
    err = slu_db_step(self, SLU_DB_ENTRY_LIST, &row);
    while (err == SLU_ERR_OK && row) {
        struct slu_view key = slu_db_column(statement, 0);

        if (key.len < start.len || memcmp(key.ptr, start.ptr, start.len) != 0) {
            break;
        }
        err = on_entry(ctx, key, slu_db_column(statement, 1));
        if (err == SLU_ERR_OK) {
            err = slu_db_step(self, SLU_DB_ENTRY_LIST, &row);
        }
    }
    slu_db_reset(self, SLU_DB_ENTRY_LIST);
    return err;
}

/* ---- the commit of an answer ---- */

/* Lets what was staged count; adds its number to *out_pending. */
static enum slu_err count_staged(struct slu_db *self, uint64_t answer,
                                 uint64_t *out_pending)
{
    int64_t staged = 0;
    enum slu_err err = run_for_answer(self, SLU_DB_OPENED_DELETE, answer);

    if (err != SLU_ERR_OK || sqlite3_changes(self->handle) == 0) {
        return err;
    }
    slu_held_forget(self);
    (void)sqlite3_bind_int64(slu_db_statement(self, SLU_DB_STAGED_COUNT), 1,
                             (int64_t)answer);
    err = slu_db_number(self, SLU_DB_STAGED_COUNT, &staged);
    *out_pending += (uint64_t)staged;
    return err;
}

enum slu_err slu_db_answer(struct slu_db *self, uint64_t answer,
                           struct slu_view records, uint64_t count,
                           struct slu_view entries, uint64_t *out_pending)
{
    enum slu_err err = SLU_ERR_OK;

    if (records.len != 0) {
        err = add_pending(self, false, answer, records, count);
        *out_pending += count;
    }
    if (err == SLU_ERR_OK) {
        err = count_staged(self, answer, out_pending);
    }
    if (err == SLU_ERR_OK) {
        err = put_entries(self, entries);
    }
    return err;
}

/* ---- after open ---- */

static enum slu_err delete_orphans(struct slu_db *self)
{
    enum slu_err err = slu_db_begin(self);

    if (err == SLU_ERR_OK) {
        err = slu_db_run(self, SLU_DB_ORPHANS_DELETE);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_run(self, SLU_DB_OPENED_CLEAR);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(self);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(self);
    }
    return err;
}

/* Ids that were given must not be given again: of an answer, while a row of
 * pending carries it; of a layer, ever. */
enum slu_err slu_db_recover(struct slu_db *self)
{
    int64_t number = 0;
    enum slu_err err = delete_orphans(self);

    if (err == SLU_ERR_OK) {
        err = slu_db_number(self, SLU_DB_BLOCK_LAST, &number);
        self->next_block = slu_layer_after(number);
    }
    if (err == SLU_ERR_OK) {
        err = slu_layer_count(self, &self->layer_count);
    }

    if (err == SLU_ERR_OK) {
        err = slu_db_number(self, SLU_DB_STAGED_LAST, &number);
        self->next_answer = (uint64_t)number + 1;
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_number(self, SLU_DB_PENDING_COUNT, &number);
        self->pending = (uint64_t)number;
    }
    return err;
}
