/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: the state on disk, `state.db` in state_dir: SQLite, WAL, synchronous =
 * FULL, on its own thread with group commit. The only truth of the program.
 *
 * Data. An answer commits as one transaction: a *pending* blob of packed
 * records together with its unit's entries. Now and then what came is *held* in
 * memory as well; when that has become much it is forgotten there, and from
 * then on some 8 MiB of pending records, at fold_at of them or at a
 * quarter of that, become a sorted *layer*. When asked, the *fold* merges the
 * layers and what is pending into sorted *shards* (one row per key range of a
 * kind, about 64 KiB each) and deletes what it merged, in chunked transactions;
 * merges are idempotent, so it may stop anywhere. The time it takes is linear
 * in the records that are stored and that came. Where little came to little,
 * *gather* leaves the writing to the rewrite.
 *
 * A very large answer is *staged*: its first blobs are written before it has
 * ended, marked with its id; they count only once the commit with that id has
 * been made, and are deleted by `abandon` or by the next open.
 *
 * Threads: one owner thread calls these functions, but stage and full may come
 * from any, until the owner closes. stage, commit and abandon queue and return
 * at once, for the store's own thread, which folds by itself too; every other
 * function waits for all that was queued before it, then works on the caller's
 * thread, and so do the callbacks. A callback must not call the store.
 * Pace: what is queued is written as one transaction pause_ms after the first
 * of it came, at once when it is an eighth of queue_bytes or when anybody waits
 * for the queue, as every function does that is not said to return at once. So
 * a crash loses no more than what came in that time, besides the transaction
 * that was under way; it is pulled again.
 * Limits: the queue holds at most queue_bytes; `full` (from three quarters on)
 * says when to pause; who doesn't is made to wait at the limit.
 * Beside it the store holds at most 48 MiB, most of it only while it folds:
 * see store_records.h.
 * Errors: IO (disk full, not writable: the sentence names path and cause),
 * STATE (damaged, made by a newer version, or locked by another run), NOMEM.
 * After a failed write every later call returns that error: nothing is lost,
 * for nothing was said to be durable.
 */
#ifndef SLU_ENGINE_STORE_H
#define SLU_ENGINE_STORE_H

#include "codecs/record.h"

struct slu_store;

struct slu_store_options {
    const struct slu_alloc *alloc;
    const char *dir;    /* made if need be, mode 0700 */
    size_t queue_bytes; /* 0: 8 MiB */
    unsigned pause_ms;  /* 0: 10 */
    uint64_t fold_at;   /* 0: 500,000 records */
    size_t shard_bytes; /* split above; 0: 64 KiB */
    size_t layers_max;  /* made one above; 0: 256 */
    size_t hold_bytes;  /* in memory before layers are made; 0: 20 MiB */
    bool read_only;     /* for status: no lock, no change, no thread;
                           NOT_FOUND when there is no state yet */
    void *ctx;
    /* Called on the store's thread when the queue has fallen below half of
     * queue_bytes after `full` returned true, and when a write failed. */
    void (*on_room)(void *ctx);
    /* Called on the store's thread before each of its own commits of answers,
     * so that what their entries tell of is durable first. What was done before
     * an answer was queued is seen here. An error fails the commit, and so the
     * store, with its sentence. May be NULL. */
    enum slu_err (*before_commit)(void *ctx, struct slu_error *out_error);
};

SLU_MUST_CHECK enum slu_err slu_store_open(const struct slu_store_options *opts,
                                           struct slu_store **out_store,
                                           struct slu_error *out_error);
/* Waits for what was queued. */
void slu_store_close(struct slu_store *self);

/* Copies the state in one folder to another one, which exists and has none;
 * nothing is copied when there is none yet. Reads only, and while others write.
 */
SLU_MUST_CHECK enum slu_err slu_store_copy(const struct slu_alloc *alloc,
                                           const char *from_dir,
                                           const char *to_dir,
                                           struct slu_error *out_error);

/* ---- entries: the units' own memory ---- */

typedef enum slu_err (*slu_store_entry_fn)(void *ctx, struct slu_view key,
                                           struct slu_view value);
/* Every stored (key, value) whose key starts with prefix, in key order. */
SLU_MUST_CHECK enum slu_err slu_store_entries(struct slu_store *self,
                                              const char *prefix,
                                              slu_store_entry_fn on_entry,
                                              void *ctx);

/* Those of "<name>/", the keys without that. *out_error: the store's sentence,
 * or one that says whose entries could not be read. */
SLU_MUST_CHECK enum slu_err slu_store_entries_of(struct slu_store *self,
                                                 const char *name,
                                                 slu_store_entry_fn on_entry,
                                                 void *ctx,
                                                 struct slu_error *out_error);

/* ---- answers ---- */

/* A new id for an answer. Never 0. */
uint64_t slu_store_answer_id(struct slu_store *self);

/* Writes packed records of an answer that has not ended. Copies them. A failed
 * write has its sentence in slu_store_error, NOMEM has none. */
SLU_MUST_CHECK enum slu_err slu_store_stage(struct slu_store *self,
                                            uint64_t answer,
                                            struct slu_view records,
                                            uint64_t count);

/* Deletes what was staged. */
SLU_MUST_CHECK enum slu_err slu_store_abandon(struct slu_store *self,
                                              uint64_t answer);

/*
 * One transaction: the records, what was staged under the id, and the entries.
 * entries is a run of [u16 key length][u16 value length][key][value], little
 * endian; an empty value deletes the key. Copies both.
 */
SLU_MUST_CHECK enum slu_err slu_store_commit(struct slu_store *self,
                                             uint64_t answer,
                                             struct slu_view records,
                                             uint64_t count,
                                             struct slu_view entries);

/* True when the queue is full: stop reading until on_room. */
bool slu_store_full(struct slu_store *self);

/* Waits until all that was queued or rewritten is durable. */
SLU_MUST_CHECK enum slu_err slu_store_drain(struct slu_store *self);

/* ---- records ---- */

SLU_MUST_CHECK enum slu_err slu_store_fold(struct slu_store *self);

/*
 * Makes ready for scan and rewrite, until something else is committed: as a
 * fold does, unless what is pending and what is stored are both little (at most
 * hold_bytes each). Then what is pending is held in memory, sorted: scans merge
 * it with the shards, and the rewrite, which is to follow, makes it part of
 * them. So each shard is written once.
 */
SLU_MUST_CHECK enum slu_err slu_store_gather(struct slu_store *self);

/* Has the store's thread, while nothing else is asked of it, bring into the
 * database what was committed beside it, which else is done when it is closed.
 * Returns at once. */
void slu_store_tidy(struct slu_store *self);

typedef enum slu_err (*slu_store_record_fn)(void *ctx,
                                            const struct slu_record *record);
/* Every folded or gathered record of a kind in key order. The record dies with
 * the call. An error of on_record ends it and is returned. */
SLU_MUST_CHECK enum slu_err slu_store_scan(struct slu_store *self,
                                           enum slu_record_kind kind,
                                           slu_store_record_fn on_record,
                                           void *ctx);

/*
 * One record, folded or pending: what is known of it is merged, as the fold
 * would. OK with *out_found false when there is none. The record's key is the
 * one that was handed in. For programs that show the state: what is pending is
 * read whole.
 */
SLU_MUST_CHECK enum slu_err slu_store_find(struct slu_store *self,
                                           enum slu_record_kind kind,
                                           struct slu_view key,
                                           struct slu_record *out_record,
                                           bool *out_found);

/*
 * As slu_store_scan, but with what is pending merged in. Memory is that of a
 * fold, however much is pending. A run that goes on meanwhile is not held up,
 * also when on_record takes its time: each record is as it was when its shard
 * was read, and none that was there from beginning to end is left out.
 */
SLU_MUST_CHECK enum slu_err slu_store_scan_all(struct slu_store *self,
                                               enum slu_record_kind kind,
                                               slu_store_record_fn on_record,
                                               void *ctx);

enum slu_store_change {
    SLU_STORE_KEEP,
    SLU_STORE_UPDATE, /* the record was changed in place (not its key) */
    SLU_STORE_DELETE,
};
typedef enum slu_err (*slu_store_rewrite_fn)(void *ctx,
                                             struct slu_record *record,
                                             enum slu_store_change *out_change);
/*
 * Every folded or gathered record of every kind, in the order of the kinds and
 * keys; all changes together are one transaction: a place is either changed for
 * all or for none. An error of on_record takes all of them back and is
 * returned. Gather before: what is pending of a deleted record would bring it
 * back. It is durable when slu_store_drain has returned, or a later commit has
 * been made: the store's thread waits for the disk.
 */
SLU_MUST_CHECK enum slu_err slu_store_rewrite(struct slu_store *self,
                                              slu_store_rewrite_fn on_record,
                                              void *ctx);

/* ---- what status shows ---- */

struct slu_store_run {
    int64_t started; /* seconds since 1970, UTC */
    int64_t ended;   /* 0: it did not come to its end */
    int exit_code;   /* -1: it did not come to its end */
    char flow[64];
    char summary[256]; /* one sentence */
};

/* Inserts and returns its row id in *out_id. */
SLU_MUST_CHECK enum slu_err slu_store_run_begin(struct slu_store *self,
                                                const struct slu_store_run *run,
                                                int64_t *out_id);
SLU_MUST_CHECK enum slu_err slu_store_run_end(struct slu_store *self,
                                              int64_t id,
                                              const struct slu_store_run *run);
typedef enum slu_err (*slu_store_run_fn)(void *ctx,
                                         const struct slu_store_run *run);
/* Newest first, at most `most`. */
SLU_MUST_CHECK enum slu_err slu_store_runs(struct slu_store *self,
                                           unsigned most,
                                           slu_store_run_fn on_run, void *ctx);

const struct slu_error *slu_store_error(const struct slu_store *self);

#endif
