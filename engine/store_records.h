/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: records on their way through the store, in the order of their keys:
 * pending blobs that are sorted in memory, layers, and the shards, which all
 * are merged into. Known to engine/store*.c only.
 *
 *     pending blobs, as long as they are few ---> held in memory
 *     8 MiB of pending blobs --- sort ---> a layer
 *     layers        --- merge --> one layer, when there are too many
 *     layers, and what is held or the last blobs, sorted
 *                   --- merge --> shards: the fold
 *
 * A layer is a run of blocks (rows of the table blocks) whose records are in
 * order. So every record is written three times, whatever is stored already,
 * and once more for each time that the layers become too many (256 of them hold
 * some 100 million addresses).
 *
 * Limits (with shards of 64 KiB): a chunk is 8 MiB of pending records, what is
 * held hold_bytes of them, or one blob; while it is sorted, as much again, and
 * more if most keys begin alike: 30 MiB for 20 MiB of addresses of one /10.
 * A merge holds 64 KiB of each layer, of at most 384: 24 MiB.
 */
#ifndef SLU_ENGINE_STORE_RECORDS_H
#define SLU_ENGINE_STORE_RECORDS_H

#include "engine/store_db.h"

/* ---- store_sort.c ---- */

/* Above every word. */
#define SLU_MERGE_END UINT64_MAX

/* The first word of a record's key. */
uint64_t slu_sort_word(enum slu_record_kind kind, struct slu_view key);
uint64_t slu_sort_word_packed(const struct slu_packed *packed);

/* Records with this word, equal in two of them, have the same key. */
bool slu_sort_ends_in(uint64_t word);

/* <0, 0, >0: the order of two records, whose words are known. With
 * SLU_MERGE_END as its word a record is above all, whatever it is. */
int slu_sort_compare(const struct slu_packed *a, uint64_t word_a,
                     const struct slu_packed *b, uint64_t word_b);

/*
 * Puts a chunk's records in order, those of one key merged. middle: where one
 * of them ends, from which on a second thread helps, or 0. Takes as much memory
 * again, in db->piece, which keeps it, and 16 bytes for each record of two
 * buckets. STATE: it isn't made of records.
 */
SLU_MUST_CHECK enum slu_err
slu_sort_records(struct slu_db *db, struct slu_chunk *chunk, size_t middle);

/* ---- store_writer.c ---- */

/*
 * Makes pieces of records that come in order. Those of one key, one after the
 * other, are merged. A piece goes to `put` once twice `fill` bytes are there,
 * cut at about `fill`; the last two are made one if they fit in `whole`.
 */
struct slu_writer {
    struct slu_db *db; /* db->piece is what is not put yet */
    /* Bytes, count and low of a piece. */
    enum slu_err (*put)(struct slu_writer *self, struct slu_view bytes);
    size_t fill;
    size_t whole;
    uint64_t count;      /* records in the piece that is put, or not yet put */
    struct slu_low low;  /* of its first record */
    struct slu_view run; /* adjacent bytes not yet copied to db->piece */
    uint64_t word;       /* of the last record; SLU_MERGE_END: never mind */
    size_t len;          /* of the last record */
    size_t key_at;       /* of its key in it */
    size_t key_len;
    size_t cut;         /* 0: none yet */
    uint64_t cut_count; /* records before it */
    struct slu_low cut_low;
    bool replaced;    /* shards: the first piece is written */
    int64_t block_id; /* layers: of the next block */
};

/* Its put, fill and whole are set as well. */
void slu_writer_begin(struct slu_writer *self, struct slu_db *db);

/* lasting: the bytes live until the end. Otherwise they are copied. */
SLU_MUST_CHECK enum slu_err slu_writer_add(struct slu_writer *self,
                                           const struct slu_packed *packed,
                                           uint64_t word, bool lasting);
/* One of a key that none of the others has: as it was, or with other values. */
SLU_MUST_CHECK enum slu_err slu_writer_keep(struct slu_writer *self,
                                            const struct slu_packed *packed);
SLU_MUST_CHECK enum slu_err
slu_writer_add_record(struct slu_writer *self, const struct slu_record *record);
/* Whether the last one that was added has this key. */
bool slu_writer_has(const struct slu_writer *self,
                    const struct slu_packed *packed, uint64_t word);
SLU_MUST_CHECK enum slu_err slu_writer_end(struct slu_writer *self);

/* ---- store_chunk.c ---- */

/* Adds the rows behind its last one, as they are, as long as there are no more
 * than `most` bytes; the first of all in any case. They leave db->pending. */
SLU_MUST_CHECK enum slu_err
slu_chunk_collect(struct slu_db *db, struct slu_chunk *chunk, size_t most);
/* The next one in its place: as many as are worth a layer. */
SLU_MUST_CHECK enum slu_err slu_chunk_collect_next(struct slu_db *db);
/* A row ends there. */
void slu_chunk_note_end(struct slu_chunk *chunk, size_t end);
/* About its middle, where a row ends; 0: it is short, or has no such place. */
size_t slu_chunk_middle(const struct slu_chunk *chunk);
/* Sorts db->chunk on this thread and hands it to a writer, which is to be ended
 * before the chunk changes. */
SLU_MUST_CHECK enum slu_err slu_chunk_write(struct slu_db *db,
                                            struct slu_writer *writer);
/* Sorts it likewise and drops what is beyond `most` bytes: *to is the first
 * place of that, or as it was. */
SLU_MUST_CHECK enum slu_err slu_chunk_sort(struct slu_db *db, size_t most,
                                           struct slu_low *to);
/* Deletes its rows and those before, within a transaction. */
SLU_MUST_CHECK enum slu_err slu_chunk_delete(struct slu_db *db,
                                             const struct slu_chunk *chunk);
/* Its memory, and that of db->piece. */
void slu_chunk_free(struct slu_db *db, struct slu_chunk *chunk);

/* ---- store_held.c ---- */

/* Whether what is pending is to be held rather than made layers. */
bool slu_held_wants(const struct slu_db *db);
/* Holds all that is pending, if it may be: nothing else is pending then.
 * Or forgets what is held. */
SLU_MUST_CHECK enum slu_err slu_held_take(struct slu_db *db);
/* What is held was written elsewhere. */
void slu_held_free(struct slu_db *db);
/* It was not: it is pending as it was before. */
void slu_held_forget(struct slu_db *db);
/* Puts it in order. */
SLU_MUST_CHECK enum slu_err slu_held_gather(struct slu_db *db);
/* What was gathered, from a kind on. */
struct slu_view slu_held_view(const struct slu_db *db,
                              enum slu_record_kind kind);

/* ---- store_shards.c ---- */

void slu_low_make(struct slu_low *self, enum slu_record_kind kind,
                  struct slu_view key);
/* <0, 0, >0: the order of a record and a place. */
int slu_low_compare_record(const struct slu_record *record,
                           const struct slu_low *low);
int slu_low_compare_packed(const struct slu_packed *packed,
                           const struct slu_low *low);
int slu_low_compare(const struct slu_low *a, const struct slu_low *b);
struct slu_view slu_low_view(const struct slu_low *low);

/* Loads into db->shard the one that holds this place. */
SLU_MUST_CHECK enum slu_err slu_shard_load(struct slu_db *self,
                                           const struct slu_low *low);

/* The records of the loaded shard. */
struct slu_shard_reader {
    struct slu_db *db;
    struct slu_packed packed; /* the next one */
    struct slu_view rest;     /* behind it */
    uint64_t word;            /* its own; SLU_MERGE_END: none is left */
};

SLU_MUST_CHECK enum slu_err slu_shard_read_begin(struct slu_shard_reader *self,
                                                 struct slu_db *db);
SLU_MUST_CHECK enum slu_err slu_shard_read_next(struct slu_shard_reader *self);

/* Writing the loaded shard anew: the first piece replaces it, the others are
 * added behind it. A shard whose bytes come out as they were isn't written, one
 * that comes out empty goes. */
void slu_shard_write_begin(struct slu_writer *self, struct slu_db *db);

/* ---- store_scan.c ---- */

SLU_MUST_CHECK enum slu_err slu_db_scan(struct slu_db *self,
                                        enum slu_record_kind kind,
                                        slu_store_record_fn on_record,
                                        void *ctx);
SLU_MUST_CHECK enum slu_err
slu_db_rewrite(struct slu_db *self, slu_store_rewrite_fn on_record, void *ctx);

/* ---- store_compact.c ---- */

/* Makes a layer of db->chunk, and deletes its rows. */
SLU_MUST_CHECK enum slu_err slu_db_add_layer(struct slu_db *self);
/* A transaction's worth of making one layer of many; *out_done: they are. */
SLU_MUST_CHECK enum slu_err slu_db_compact(struct slu_db *self, bool *out_done);
/* Leaves it where it is: what was done is done. */
void slu_db_stop_compacting(struct slu_db *self);

/* ---- store_fold.c ---- */

/* What the store's thread does now and then: holds what is pending or makes a
 * layer of a chunk, if that is wanted, and a transaction's worth of making one
 * layer of many, if there are too many. */
SLU_MUST_CHECK enum slu_err slu_db_fold_turn(struct slu_db *self, bool chunk);
/* Whether turns are wanted without a chunk. */
bool slu_db_has_turn(const struct slu_db *self);
/* As many pending records are wanted for a turn. */
uint64_t slu_db_fold_at(const struct slu_db *self, uint64_t fold_at);
/* Until there is nothing but shards. */
SLU_MUST_CHECK enum slu_err slu_db_fold(struct slu_db *self);
/* The same unless it is little: then that is gathered in memory. */
SLU_MUST_CHECK enum slu_err slu_db_gather(struct slu_db *self);

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
 * Collects in db->chunk what is pending of a kind from a place on, sorted and
 * merged, and says up to where: as far as a chunk reaches, else to the end of
 * the kind. *from and *out_to are of that kind.
 */
SLU_MUST_CHECK enum slu_err slu_db_window(struct slu_db *self,
                                          const struct slu_low *from,
                                          struct slu_low *out_to);

#endif
