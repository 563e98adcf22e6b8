/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the inside of the store: the database with its statements, and the
 * work that is done on it. Known to engine/store*.c only.
 *
 * Tables (schema version 1):
 *     entries  key -> value           the units' own memory
 *     pending  id, staged, answer,    packed records as they came, unsorted
 *              count, records
 *     opened   answer                 answers of which something is staged and
 *                                     nothing committed: their rows in pending
 *                                     do not count
 *     shards   id, low, count,        packed records, sorted; a shard holds the
 *              records                keys from its low up to the next one's.
 *                                     low is the kind's byte, then the key's
 *                                     first bytes. The first shard of each kind
 *                                     (low: the kind alone) is always there
 *     runs     what status shows
 *
 * Threads: none of its own; at most one thread at a time.
 * Limits: the fold holds at most SLU_FOLD_SHARDS_MAX times shard_bytes of
 * pending records, or one blob, and about as much of references; a transaction
 * of it writes SLU_FOLD_WRITE_SHARDS times shard_bytes; SQLite's page cache is
 * SLU_DB_CACHE_KIB.
 * Errors: in db->error; `failed` once a write failed.
 */
#ifndef SLU_ENGINE_STORE_DB_H
#define SLU_ENGINE_STORE_DB_H

#include "engine/store.h"
#include <sqlite3.h>

#define SLU_DB_PATH_MAX 4096
#define SLU_DB_CACHE_KIB 4096
/* In shards: with those of 64 KiB, 2 MiB, 16 MiB and 64 MiB. */
#define SLU_FOLD_SHARDS_MIN 32
#define SLU_FOLD_SHARDS_MAX 256
#define SLU_FOLD_WRITE_SHARDS 1024
#define SLU_BLOB_MAX ((size_t)1 << 30) /* SQLite's own limit, about */

enum slu_db_statement {
    SLU_DB_BEGIN,
    SLU_DB_READ,
    SLU_DB_COMMIT,
    SLU_DB_ROLLBACK,
    SLU_DB_PAGE_SIZE,
    SLU_DB_PAGE_COUNT,
    SLU_DB_PAGE_FREE,
    SLU_DB_ENTRY_PUT,
    SLU_DB_ENTRY_DELETE,
    SLU_DB_ENTRY_LIST,
    SLU_DB_PENDING_ADD,
    SLU_DB_PENDING_COUNT,
    SLU_DB_PENDING_LIST,
    SLU_DB_PENDING_DELETE,
    SLU_DB_STAGED_COUNT,
    SLU_DB_STAGED_DELETE,
    SLU_DB_STAGED_LAST,
    SLU_DB_OPENED_ADD,
    SLU_DB_OPENED_DELETE,
    SLU_DB_ORPHANS_DELETE,
    SLU_DB_OPENED_CLEAR,
    SLU_DB_SHARD_AT,
    SLU_DB_SHARD_BOUND,
    SLU_DB_SHARD_LIST,
    SLU_DB_SHARD_ADD,
    SLU_DB_SHARD_PUT,
    SLU_DB_SHARD_DELETE,
    SLU_DB_RUN_ADD,
    SLU_DB_RUN_PUT,
    SLU_DB_RUN_LIST,
};
#define SLU_DB_STATEMENT_COUNT (SLU_DB_RUN_LIST + 1)

/* A record of the fold's chunk: a piece of its key as a number that sorts as
 * the key does, and where it is. See store_sort.c. */
struct slu_sort_ref {
    uint64_t word;
    uint32_t offset;  /* of the packed record in the chunk */
    uint16_t key_at;  /* of the key in the record */
    uint16_t key_len; /* of the key */
};

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

struct slu_db {
    const struct slu_alloc *alloc;
    sqlite3 *handle;
    sqlite3_stmt *statements[SLU_DB_STATEMENT_COUNT];
    char path[SLU_DB_PATH_MAX];
    bool read_only;
    bool failed; /* a write failed: nothing is tried any more */
    struct slu_error error;
    size_t shard_bytes;
    uint64_t pending; /* committed records not folded yet */
    uint64_t next_answer;
    struct slu_shard shard;
    struct slu_buf piece; /* new content of the shard, or of a part of it */
    size_t chunk_bytes;   /* of the fold, at present */
    struct slu_buf raw;   /* the fold's chunk */
    struct slu_sort_ref *refs;
    size_t ref_count;
    size_t ref_capacity;
    size_t written; /* bytes of shards in the present transaction */
};

/* ---- store_sql.c: the connection ---- */

SLU_MUST_CHECK enum slu_err slu_db_open(struct slu_db *self,
                                        const struct slu_store_options *opts);
/* Safe on a zeroed struct. */
void slu_db_close(struct slu_db *self);

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

/* Puts SQLite's own failure, or damage that we found, into words. */
enum slu_err slu_db_fail(struct slu_db *self);
enum slu_err slu_db_damaged(struct slu_db *self, const char *what);
enum slu_err slu_db_no_memory(struct slu_db *self);

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

/* ---- store_sort.c ---- */

/* The first word of a record's key. */
uint64_t slu_sort_word(enum slu_record_kind kind, struct slu_view key);

/* Sorts refs by (kind, key); `packed` holds the records. */
void slu_sort_refs(struct slu_sort_ref *refs, size_t count,
                   struct slu_view packed);

/* ---- store_shards.c ---- */

void slu_low_make(struct slu_low *self, enum slu_record_kind kind,
                  struct slu_view key);

/* Loads into db->shard the one that holds this place. */
SLU_MUST_CHECK enum slu_err slu_shard_load(struct slu_db *self,
                                           const struct slu_low *low);

/*
 * Writing the loaded shard anew, in pieces of at most about shard_bytes: the
 * first replaces the shard, the others are added behind it. A shard whose
 * bytes come out as they were isn't written, one that comes out empty goes.
 * Records that are handed on in their packed form are copied in runs.
 */
struct slu_shard_writer {
    struct slu_db *db;
    size_t piece_bytes;  /* begin another piece from here on */
    uint64_t count;      /* records in the present piece */
    struct slu_view run; /* adjacent bytes not yet copied to the piece */
    bool replaced;       /* the first piece is written */
    struct slu_low low;  /* of the present piece, when it isn't the first */
};

/* most: about how many bytes will come. */
void slu_shard_write_begin(struct slu_shard_writer *self, struct slu_db *db,
                           size_t most);
/* The next record in its order; packed: its bytes, or NULL to pack it. */
SLU_MUST_CHECK enum slu_err slu_shard_write(struct slu_shard_writer *self,
                                            const struct slu_record *record,
                                            const struct slu_view *packed);
SLU_MUST_CHECK enum slu_err slu_shard_write_end(struct slu_shard_writer *self);

/* ---- store_scan.c ---- */

SLU_MUST_CHECK enum slu_err slu_db_scan(struct slu_db *self,
                                        enum slu_record_kind kind,
                                        slu_store_record_fn on_record,
                                        void *ctx);
SLU_MUST_CHECK enum slu_err
slu_db_rewrite(struct slu_db *self, slu_store_rewrite_fn on_record, void *ctx);

/* ---- store_fold.c ---- */

/* Merges one chunk of pending blobs; *out_more: there was one. */
SLU_MUST_CHECK enum slu_err slu_db_fold_chunk(struct slu_db *self,
                                              bool *out_more);

/* References to all of db->raw, which is made of packed records. */
SLU_MUST_CHECK enum slu_err slu_db_make_refs(struct slu_db *self);

/* Gives back the memory of db->raw and of its references. */
void slu_db_free_chunk(struct slu_db *self);

/* ---- store_find.c ---- */

SLU_MUST_CHECK enum slu_err
slu_db_find(struct slu_db *self, enum slu_record_kind kind, struct slu_view key,
            struct slu_record *out_record, bool *out_found);
SLU_MUST_CHECK enum slu_err slu_db_scan_all(struct slu_db *self,
                                            enum slu_record_kind kind,
                                            slu_store_record_fn on_record,
                                            void *ctx);

/* ---- store_window.c: pending records in the order of their keys ---- */

/*
 * Collects in db->raw what is pending of a kind from a place on, sorted and
 * merged, and says up to where: as far as a fold's chunk reaches, else to the
 * end of the kind. *from and *out_to are of that kind.
 */
SLU_MUST_CHECK enum slu_err slu_db_window(struct slu_db *self,
                                          const struct slu_low *from,
                                          struct slu_low *out_to);

/* <0, 0, >0: the order of a record and a place. */
int slu_low_compare_record(const struct slu_record *record,
                           const struct slu_low *low);

#endif
