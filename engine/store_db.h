/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the store: the database with its statements, and the
 * work that is done on it. Known to engine/store*.c only.
 *
 * Tables (schema version 2; 1 had no blocks):
 *     entries  key -> value           the units' own memory
 *     pending  id, staged, answer,    packed records as they came, unsorted
 *              count, records
 *     opened   answer                 answers of which something is staged and
 *                                     nothing committed: their rows in pending
 *                                     do not count
 *     blocks   id, low, count,        packed records, sorted, of what is more
 *              records                than memory holds on its way from
 *                                     pending to shards: see store_layers.c
 *     shards   id, low, count,        packed records, sorted; a shard holds the
 *              records                keys from its low up to the next one's.
 *                                     low is the kind's byte, then the key's
 *                                     first bytes. The first shard of each kind
 *                                     (low: the kind alone) is always there
 *     runs     what status shows
 *
 * What is freed of the file is used again: it is as large as what was in it at
 * one time, which is twice what is stored, at most, while a fold goes on.
 *
 * Threads: at most one at a time; only slu_sort_records starts another, which
 * has ended when it returns.
 * Limits: see store_records.h; a transaction of the fold writes
 * SLU_WRITE_SHARDS times shard_bytes; SQLite's page cache is SLU_DB_CACHE_KIB.
 * Errors: in db->error; `failed` once a write failed.
 */
#ifndef SLU_ENGINE_STORE_DB_H
#define SLU_ENGINE_STORE_DB_H

#include "engine/store.h"
#include <sqlite3.h>

#define SLU_DB_PATH_MAX 4096
#define SLU_DB_CACHE_KIB 4096
/* In shards: with those of 64 KiB, 8 MiB, 16 MiB and 64 MiB. */
#define SLU_CHUNK_SHARDS 128
#define SLU_TURN_SHARDS 256
#define SLU_WRITE_SHARDS 1024
#define SLU_CHUNK_STRETCH ((size_t)1 << 20)
#define SLU_CHUNK_STRETCHES 32
#define SLU_BLOB_MAX ((size_t)1 << 30) /* SQLite's own limit, about */

enum slu_db_statement {
    SLU_DB_BEGIN,
    SLU_DB_READ,
    SLU_DB_COMMIT,
    SLU_DB_ROLLBACK,
    SLU_DB_VERSION,
    SLU_DB_ENTRY_PUT,
    SLU_DB_ENTRY_DELETE,
    SLU_DB_ENTRY_LIST,
    SLU_DB_PENDING_ADD,
    SLU_DB_PENDING_COUNT,
    SLU_DB_PENDING_LIST,
    SLU_DB_PENDING_BEHIND,
    SLU_DB_PENDING_DELETE,
    SLU_DB_STAGED_COUNT,
    SLU_DB_STAGED_DELETE,
    SLU_DB_STAGED_LAST,
    SLU_DB_OPENED_ADD,
    SLU_DB_OPENED_DELETE,
    SLU_DB_ORPHANS_DELETE,
    SLU_DB_OPENED_CLEAR,
    SLU_DB_BLOCK_FROM,
    SLU_DB_BLOCK_BELOW,
    SLU_DB_BLOCK_AT,
    SLU_DB_BLOCK_LOW,
    SLU_DB_BLOCK_LAST,
    SLU_DB_BLOCK_ADD,
    SLU_DB_BLOCK_DELETE,
    SLU_DB_SHARD_AT,
    SLU_DB_SHARD_BOUND,
    SLU_DB_SHARD_LIST,
    SLU_DB_SHARD_COUNT,
    SLU_DB_SHARD_ADD,
    SLU_DB_SHARD_PUT,
    SLU_DB_SHARD_DELETE,
    SLU_DB_RUN_ADD,
    SLU_DB_RUN_PUT,
    SLU_DB_RUN_LIST,
};
#define SLU_DB_STATEMENT_COUNT (SLU_DB_RUN_LIST + 1)

/* Where a key stands among the shards: the kind's byte, then the key. */
struct slu_low {
    size_t len; /* 0: above every key */
    char bytes[SLU_RECORD_KEY_MAX + 1];
};

/* A shard being read or written anew. */
struct slu_shard {
    int64_t id;
    struct slu_low low;   /* its first key may be above */
    struct slu_low bound; /* the next shard's low */
    struct slu_buf old;   /* its records */
};

/* Rows of pending in memory: see store_records.h. */
struct slu_chunk {
    struct slu_buf records; /* as they came, or sorted */
    /* Where a row ends, in each stretch of SLU_CHUNK_STRETCH bytes; 0: in none
     * of it. */
    uint32_t ends[SLU_CHUNK_STRETCHES];
    size_t kinds[SLU_RECORD_KIND_COUNT]; /* where each begins, once sorted */
    uint64_t count;  /* as the rows say: what was counted at their commit */
    int64_t last_id; /* of the last row; 0: there is none */
    bool more;       /* there is another row, which had no room */
};

struct slu_merge;

struct slu_db {
    const struct slu_alloc *alloc;
    sqlite3 *handle;
    sqlite3_stmt *statements[SLU_DB_STATEMENT_COUNT];
    char path[SLU_DB_PATH_MAX];
    bool read_only;
    int64_t version; /* of the schema, when it was opened */
    bool failed;     /* a write failed: nothing is tried any more */
    struct slu_error error;
    size_t shard_bytes;
    uint64_t pending; /* committed records neither folded nor held */
    uint64_t next_answer;
    struct slu_shard shard;
    struct slu_buf piece;   /* new content of the shard, or of a part of it */
    struct slu_chunk chunk; /* on its way to a layer, or of a window */
    struct slu_chunk held;  /* all rows up to its last: see store_held.c */
    bool held_off;          /* hold nothing until the next fold */
    bool gathered;          /* `held` is in order */
    size_t hold_bytes;
    size_t layers_max;
    size_t layer_count;           /* no less than there are */
    int64_t next_block;           /* the id of the next layer's first */
    struct slu_merge *compaction; /* NULL: none is under way */
    int64_t compact_block;        /* the id of its next block */
    size_t written; /* bytes of pieces in the present transaction */
};

/* ---- store_sql.c: the connection ---- */

SLU_MUST_CHECK enum slu_err slu_db_open(struct slu_db *self,
                                        const struct slu_store_options *opts);
/* Safe on a zeroed struct. */
void slu_db_close(struct slu_db *self);

/* Statements that give no rows. */
SLU_MUST_CHECK enum slu_err slu_db_run_text(struct slu_db *self,
                                            const char *text);

/* The statement, ready to be bound. */
sqlite3_stmt *slu_db_statement(struct slu_db *self,
                               enum slu_db_statement statement);

/* Runs a statement that returns no row, and resets it. */
SLU_MUST_CHECK enum slu_err slu_db_run(struct slu_db *self,
                                       enum slu_db_statement statement);

/* *out_row: there is a row to read. Reset it by slu_db_reset. */
SLU_MUST_CHECK enum slu_err slu_db_step(struct slu_db *self,
                                        enum slu_db_statement statement,
                                        bool *out_row);
void slu_db_reset(struct slu_db *self, enum slu_db_statement statement);

void slu_db_bind(sqlite3_stmt *statement, int index, struct slu_view bytes);
struct slu_view slu_db_column(sqlite3_stmt *statement, int index);

/* Runs a statement whose first column of its first row is a number; no row or
 * NULL gives 0. */
SLU_MUST_CHECK enum slu_err slu_db_number(struct slu_db *self,
                                          enum slu_db_statement statement,
                                          int64_t *out_number);

SLU_MUST_CHECK enum slu_err slu_db_begin(struct slu_db *self);
SLU_MUST_CHECK enum slu_err slu_db_commit(struct slu_db *self);
void slu_db_rollback(struct slu_db *self);
/* Whether each COMMIT from now on waits for the disk. What one that didn't wait
 * has written may be lost by a power cut, never in part: to the next one that
 * waits, or to sync. */
SLU_MUST_CHECK enum slu_err slu_db_set_waiting(struct slu_db *self, bool waits);
/* Waits until all that was committed is on the disk. */
SLU_MUST_CHECK enum slu_err slu_db_sync(struct slu_db *self);
/* Brings what the WAL has into the database and empties it, where that can be
 * done at once. */
void slu_db_tidy(struct slu_db *self);

/* IO, with the cause; 0: SQLite has it. */
enum slu_err slu_db_fail_system(struct slu_db *self, int sys);

/* Puts SQLite's own failure, or damage that we found, into words. */
enum slu_err slu_db_fail(struct slu_db *self);
enum slu_err slu_db_damaged(struct slu_db *self, const char *what);
enum slu_err slu_db_no_memory(struct slu_db *self);

/* ---- store_create.c ---- */

/* Makes an empty state, durably, where there is none; else does nothing. The
 * connection is not open. */
SLU_MUST_CHECK enum slu_err slu_db_create(struct slu_db *self);

/* ---- store_schema.c ---- */

/* All tables, in a database that has none. */
SLU_MUST_CHECK enum slu_err slu_db_create_schema(struct slu_db *self);

SLU_MUST_CHECK enum slu_err slu_db_check_schema(struct slu_db *self);

/* After reading without a lock: STATE when the tables are not those that were
 * there at the open. */
SLU_MUST_CHECK enum slu_err slu_db_check_same(struct slu_db *self);

/* ---- store_answers.c: what a transaction of answers does ---- */

SLU_MUST_CHECK enum slu_err slu_db_stage(struct slu_db *self, uint64_t answer,
                                         struct slu_view records,
                                         uint64_t count);
SLU_MUST_CHECK enum slu_err slu_db_abandon(struct slu_db *self,
                                           uint64_t answer);
/* Adds what became pending to *out_pending: it counts once the transaction is
 * committed. */
SLU_MUST_CHECK enum slu_err
slu_db_answer(struct slu_db *self, uint64_t answer, struct slu_view records,
              uint64_t count, struct slu_view entries, uint64_t *out_pending);
SLU_MUST_CHECK enum slu_err slu_db_entries(struct slu_db *self,
                                           const char *prefix,
                                           slu_store_entry_fn on_entry,
                                           void *ctx);
/* Deletes what was staged and never committed; counts what is pending. */
SLU_MUST_CHECK enum slu_err slu_db_recover(struct slu_db *self);

/* ---- store_runs.c ---- */

SLU_MUST_CHECK enum slu_err slu_db_run_begin(struct slu_db *self,
                                             const struct slu_store_run *run,
                                             int64_t *out_id);
SLU_MUST_CHECK enum slu_err slu_db_run_end(struct slu_db *self, int64_t id,
                                           const struct slu_store_run *run);
SLU_MUST_CHECK enum slu_err slu_db_runs(struct slu_db *self, unsigned most,
                                        slu_store_run_fn on_run, void *ctx);

#endif
