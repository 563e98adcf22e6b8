/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connection to state.db: opening, statements, transactions, and SQLite's
 * failures in words.
 *
 * The page cache is small and fixed: what a transaction dirties beyond it goes
 * to the WAL early, and the shards are read once each, so that more cache buys
 * nothing. SQLite's temporary structures stay in memory; none of ours needs
 * one that grows. What is deleted is not overwritten, as Debian's SQLite would
 * do by itself: there is nothing secret in it, and each fold deletes as much as
 * it writes.
 */
#include "engine/crash.h"
#include "engine/large_alloc.h"
#include "engine/store_merge.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* How long to wait for another program that writes to the database. A backup
 * of it takes some seconds, which must not cost a run that has pulled for
 * minutes; at the open, where nothing is lost, people are told sooner. */
#define BUSY_MS 30000
#define OPEN_BUSY_MS 2000

/* Rows of pending that count. */
#define COUNTED "(staged = 0 OR answer NOT IN (SELECT answer FROM opened))"

static const char *const statement_texts[SLU_DB_STATEMENT_COUNT] = {
    [SLU_DB_BEGIN] = "BEGIN IMMEDIATE",
    [SLU_DB_READ] = "BEGIN",
    [SLU_DB_COMMIT] = "COMMIT",
    [SLU_DB_ROLLBACK] = "ROLLBACK",
    [SLU_DB_VERSION] = "PRAGMA user_version",
    [SLU_DB_ENTRY_PUT] = "INSERT INTO entries(key, value) VALUES(?1, ?2)"
                         " ON CONFLICT(key) DO UPDATE SET value = ?2",
    [SLU_DB_ENTRY_DELETE] = "DELETE FROM entries WHERE key = ?1",
    [SLU_DB_ENTRY_LIST] = "SELECT key, value FROM entries WHERE key >= ?1"
                          " ORDER BY key",
    [SLU_DB_PENDING_ADD] = "INSERT INTO pending(staged, answer, count, records)"
                           " VALUES(?1, ?2, ?3, ?4)",
    [SLU_DB_PENDING_COUNT] = "SELECT sum(count) FROM pending WHERE " COUNTED,
    [SLU_DB_PENDING_LIST] = "SELECT id, count, records FROM pending"
                            " WHERE " COUNTED " ORDER BY id",
    [SLU_DB_PENDING_BEHIND] = "SELECT id, count, records FROM pending"
                              " WHERE id > ?1 AND " COUNTED " ORDER BY id",
    [SLU_DB_PENDING_DELETE] = "DELETE FROM pending WHERE id <= ?1"
                              " AND " COUNTED,
    [SLU_DB_STAGED_COUNT] = "SELECT sum(count) FROM pending"
                            " WHERE staged = 1 AND answer = ?1",
    [SLU_DB_STAGED_DELETE] = "DELETE FROM pending"
                             " WHERE staged = 1 AND answer = ?1",
    [SLU_DB_STAGED_LAST] = "SELECT max(answer) FROM pending WHERE staged = 1",
    [SLU_DB_OPENED_ADD] = "INSERT OR IGNORE INTO opened(answer) VALUES(?1)",
    [SLU_DB_OPENED_DELETE] = "DELETE FROM opened WHERE answer = ?1",
    [SLU_DB_ORPHANS_DELETE] = "DELETE FROM pending WHERE staged = 1"
                              " AND answer IN (SELECT answer FROM opened)",
    /* Without a condition it would write a page, be there rows or not. */
    [SLU_DB_OPENED_CLEAR] = "DELETE FROM opened WHERE true",
    [SLU_DB_BLOCK_FROM] = "SELECT id FROM blocks WHERE id >= ?1"
                          " ORDER BY id LIMIT 1",
    [SLU_DB_BLOCK_BELOW] = "SELECT id FROM blocks WHERE id < ?1"
                           " ORDER BY id DESC LIMIT 1",
    [SLU_DB_BLOCK_AT] = "SELECT records FROM blocks WHERE id = ?1",
    [SLU_DB_BLOCK_LOW] = "SELECT low FROM blocks WHERE id = ?1",
    [SLU_DB_BLOCK_LAST] = "SELECT seq FROM sqlite_sequence"
                          " WHERE name = 'blocks'",
    [SLU_DB_BLOCK_ADD] = "INSERT INTO blocks(id, low, count, records)"
                         " VALUES(?1, ?2, ?3, ?4)",
    [SLU_DB_BLOCK_DELETE] = "DELETE FROM blocks WHERE id >= ?1 AND id < ?2",
    [SLU_DB_SHARD_AT] = "SELECT id, low, records FROM shards WHERE low <= ?1"
                        " ORDER BY low DESC LIMIT 1",
    [SLU_DB_SHARD_BOUND] = "SELECT low FROM shards WHERE low > ?1"
                           " ORDER BY low LIMIT 1",
    [SLU_DB_SHARD_LIST] = "SELECT records FROM shards"
                          " WHERE low >= ?1 AND low < ?2 ORDER BY low",
    [SLU_DB_SHARD_COUNT] = "SELECT count(*) FROM shards",
    [SLU_DB_SHARD_ADD] = "INSERT INTO shards(low, count, records)"
                         " VALUES(?1, ?2, ?3)",
    [SLU_DB_SHARD_PUT] = "UPDATE shards SET count = ?2, records = ?3"
                         " WHERE id = ?1",
    [SLU_DB_SHARD_DELETE] = "DELETE FROM shards WHERE id = ?1",
    [SLU_DB_RUN_ADD] = "INSERT INTO runs(started, ended, exit_code, flow,"
                       " summary) VALUES(?1, ?2, ?3, ?4, ?5)",
    [SLU_DB_RUN_PUT] = "UPDATE runs SET started = ?1, ended = ?2,"
                       " exit_code = ?3, flow = ?4, summary = ?5"
                       " WHERE id = ?6",
    [SLU_DB_RUN_LIST] = "SELECT started, ended, exit_code, flow, summary"
                        " FROM runs ORDER BY id DESC LIMIT ?1",
};

/* ---- failures in words ---- */

enum slu_err slu_db_no_memory(struct slu_db *self)
{
    return slu_error_set(&self->error, SLU_ERR_NOMEM,
                         "out of memory while working on %s", self->path);
}

enum slu_err slu_db_damaged(struct slu_db *self, const char *what)
{
    return slu_error_set(
        &self->error, SLU_ERR_STATE,
        "%s is damaged (%s); move it away and run again: the lists in the "
        "output folder are kept, the rest is pulled anew",
        self->path, what);
}

enum slu_err slu_db_fail_system(struct slu_db *self, int sys)
{
    char text[128];

    (void)slu_error_set(&self->error, SLU_ERR_IO,
                        "cannot use %s: %s; check the space, the permissions "
                        "and the limits of its folder, then run again",
                        self->path,
                        sys != 0 ? strerror_r(sys, text, sizeof(text))
                                 : sqlite3_errmsg(self->handle));
    self->error.sys = sys;
    return SLU_ERR_IO;
}

/* SQLite keeps the cause of a failed statement, not that of a failed COMMIT;
 * then errno is still that of the call that failed last. */
static int find_errno(struct slu_db *self)
{
    int own = errno;
    int sys = sqlite3_system_errno(self->handle);

    return sys != 0 ? sys : own;
}

enum slu_err slu_db_fail(struct slu_db *self)
{
    switch (sqlite3_errcode(self->handle) & 0xff) {
    case SQLITE_NOMEM:
        return slu_db_no_memory(self);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* a table or column that isn't there */
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return slu_db_damaged(self, sqlite3_errmsg(self->handle));
    case SQLITE_FULL:
        return slu_db_fail_system(self, ENOSPC);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return slu_error_set(&self->error, SLU_ERR_STATE,
                             "%s is locked by another program; stop it and "
                             "run again",
                             self->path);
    case SQLITE_TOOBIG:
        return slu_error_set(&self->error, SLU_ERR_LIMIT,
                             "an answer is too large for a row of %s",
                             self->path);
    default:
        return slu_db_fail_system(self, find_errno(self));
    }
}

/* ---- statements ---- */

sqlite3_stmt *slu_db_statement(struct slu_db *self,
                               enum slu_db_statement statement)
{
    return self->statements[statement];
}

void slu_db_reset(struct slu_db *self, enum slu_db_statement statement)
{
    (void)sqlite3_reset(self->statements[statement]);
    (void)sqlite3_clear_bindings(self->statements[statement]);
}

enum slu_err slu_db_step(struct slu_db *self, enum slu_db_statement statement,
                         bool *out_row)
{
    int code = sqlite3_step(self->statements[statement]);

    *out_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) {
        return SLU_ERR_OK;
    }
    (void)slu_db_fail(self);
    slu_db_reset(self, statement);
    return self->error.code;
}

enum slu_err slu_db_run(struct slu_db *self, enum slu_db_statement statement)
{
    bool row;
    enum slu_err err = slu_db_step(self, statement, &row);

    if (err == SLU_ERR_OK) {
        slu_db_reset(self, statement);
    }
    return err;
}

enum slu_err slu_db_number(struct slu_db *self, enum slu_db_statement statement,
                           int64_t *out_number)
{
    bool row;
    enum slu_err err = slu_db_step(self, statement, &row);

    if (err == SLU_ERR_OK) {
        *out_number =
            row ? sqlite3_column_int64(self->statements[statement], 0) : 0;
        slu_db_reset(self, statement);
    }
    return err;
}

/* The bytes must live until the statement has run. Binding can't fail: the
 * index is ours, SQLite copies nothing, and an empty blob is not a NULL. */
void slu_db_bind(sqlite3_stmt *statement, int index, struct slu_view bytes)
{
    (void)sqlite3_bind_blob64(statement, index, bytes.len == 0 ? "" : bytes.ptr,
                              bytes.len, SQLITE_STATIC);
}

struct slu_view slu_db_column(sqlite3_stmt *statement, int index)
{
    const char *ptr = sqlite3_column_blob(statement, index);

    return slu_view_make(ptr, (size_t)sqlite3_column_bytes(statement, index));
}

/* ---- transactions ---- */

enum slu_err slu_db_begin(struct slu_db *self)
{
    self->written = 0;
    return slu_db_run(self, SLU_DB_BEGIN);
}

enum slu_err slu_db_commit(struct slu_db *self)
{
    enum slu_err err;

    slu_crash_point("store: before commit");
    err = slu_db_run(self, SLU_DB_COMMIT);
    slu_crash_point("store: after commit");
    return err;
}

/* Nothing to do where SQLite has rolled back by itself. Keeps the error. */
void slu_db_rollback(struct slu_db *self)
{
    if (!sqlite3_get_autocommit(self->handle)) {
        (void)sqlite3_step(self->statements[SLU_DB_ROLLBACK]);
        slu_db_reset(self, SLU_DB_ROLLBACK);
    }
}

enum slu_err slu_db_set_waiting(struct slu_db *self, bool waits)
{
    return slu_db_run_text(self, waits ? "PRAGMA synchronous = FULL"
                                       : "PRAGMA synchronous = NORMAL");
}

/* What was brought into the database before was synced by SQLite then. */
enum slu_err slu_db_sync(struct slu_db *self)
{
    sqlite3_file *wal = NULL;
    int code = sqlite3_file_control(self->handle, "main",
                                    SQLITE_FCNTL_JOURNAL_POINTER, &wal);

    if (code == SQLITE_OK && wal != NULL && wal->pMethods != NULL) {
        code = wal->pMethods->xSync(wal,
                                    SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    }
    slu_crash_point("store: synced");
    if (code == SQLITE_OK) {
        return SLU_ERR_OK;
    }
    self->failed = true;
    return slu_db_fail_system(self, errno);
}

/* Who reads at the moment keeps the WAL as it is, and isn't waited for. If it
 * fails, that costs nothing: the WAL has it all, and what comes next will say
 * what is wrong. */
void slu_db_tidy(struct slu_db *self)
{
    (void)sqlite3_busy_timeout(self->handle, 0);
    (void)sqlite3_wal_checkpoint_v2(self->handle, NULL,
                                    SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    (void)sqlite3_busy_timeout(self->handle, BUSY_MS);
}

/* ---- open and close ---- */

enum slu_err slu_db_run_text(struct slu_db *self, const char *text)
{
    if (sqlite3_exec(self->handle, text, NULL, NULL, NULL) != SQLITE_OK) {
        return slu_db_fail(self);
    }
    return SLU_ERR_OK;
}

static enum slu_err connect_file(struct slu_db *self)
{
    int flags = self->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;

    if (sqlite3_open_v2(self->path, &self->handle,
                        flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                        NULL) != SQLITE_OK) {
        return self->handle == NULL ? slu_db_no_memory(self)
                                    : slu_db_fail(self);
    }
    (void)sqlite3_busy_timeout(self->handle, OPEN_BUSY_MS);
    return SLU_ERR_OK;
}

static enum slu_err set_pragmas(struct slu_db *self)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "PRAGMA temp_store = MEMORY;"
                   "PRAGMA mmap_size = 0;"
                   "PRAGMA cache_size = -%d;"
                   "PRAGMA synchronous = FULL;"
                   "PRAGMA secure_delete = OFF;"
                   "PRAGMA wal_autocheckpoint = 4000;"
                   "PRAGMA journal_size_limit = 67108864;"
                   "%s",
                   SLU_DB_CACHE_KIB,
                   self->read_only ? "" : "PRAGMA journal_mode = WAL;");
    return slu_db_run_text(self, text);
}

static enum slu_err prepare_statements(struct slu_db *self)
{
    for (unsigned i = 0; i < SLU_DB_STATEMENT_COUNT; i++) {
        if (sqlite3_prepare_v3(self->handle, statement_texts[i], -1,
                               SQLITE_PREPARE_PERSISTENT, &self->statements[i],
                               NULL) != SQLITE_OK) {
            return slu_db_fail(self);
        }
    }
    return SLU_ERR_OK;
}

enum slu_err slu_db_open(struct slu_db *self,
                         const struct slu_store_options *opts)
{
    enum slu_err err = SLU_ERR_OK;

    self->alloc = slu_large_alloc(opts->alloc);
    self->read_only = opts->read_only;
    self->shard_bytes = opts->shard_bytes;
    self->layers_max = opts->layers_max;
    self->hold_bytes = opts->hold_bytes;
    slu_buf_init(&self->shard.old, self->alloc, SLU_BLOB_MAX);
    slu_buf_init(&self->piece, self->alloc, SLU_BLOB_MAX);
    slu_buf_init(&self->chunk.records, self->alloc, SLU_BLOB_MAX);
    slu_buf_init(&self->held.records, self->alloc, SLU_BLOB_MAX);
    /* slu_store_open has refused a longer folder. */
    assert(strlen(opts->dir) + sizeof("/state.db") <= sizeof(self->path));
    (void)snprintf(self->path, sizeof(self->path), "%s/state.db", opts->dir);
    if (!self->read_only) {
        err = slu_db_create(self);
    } else if (access(self->path, F_OK) != 0 && errno == ENOENT) {
        return slu_error_set(
            &self->error, SLU_ERR_NOT_FOUND,
            "there is no state in %s yet: run `sluice sync` first", opts->dir);
    }
    if (err == SLU_ERR_OK) {
        err = connect_file(self);
    }
    if (err == SLU_ERR_OK) {
        err = set_pragmas(self);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_check_schema(self);
    }
    if (err == SLU_ERR_OK) {
        err = prepare_statements(self);
    }
    if (err == SLU_ERR_OK) {
        (void)sqlite3_busy_timeout(self->handle, BUSY_MS);
    }
    return err;
}

void slu_db_close(struct slu_db *self)
{
    for (unsigned i = 0; i < SLU_DB_STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(self->statements[i]);
    }
    (void)sqlite3_close(self->handle);
    if (self->alloc != NULL) {
        slu_db_stop_compacting(self);
        slu_chunk_free(self, &self->chunk);
        slu_held_free(self);
        slu_buf_fini(&self->shard.old);
    }
}
