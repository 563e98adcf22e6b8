/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks: as many pending blobs as memory holds, sorted and merged there. */
#include "engine/crash.h"
#include "engine/store_records.h"

#include <assert.h>

/* ---- collecting ---- */

void slu_chunk_note_end(struct slu_chunk *chunk, size_t end)
{
    if (end / SLU_CHUNK_STRETCH < SLU_CHUNK_STRETCHES) {
        chunk->ends[end / SLU_CHUNK_STRETCH] = (uint32_t)end;
    }
}

static enum slu_err take_row(struct slu_db *self, struct slu_chunk *chunk,
                             size_t most)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_PENDING_BEHIND);
    struct slu_view records = slu_db_column(statement, 2);

    if (chunk->last_id != 0 && chunk->records.len + records.len > most) {
        chunk->more = true;
        return SLU_ERR_OK;
    }
    if (slu_buf_append(&chunk->records, records) != SLU_ERR_OK) {
        return slu_db_no_memory(self);
    }
    slu_chunk_note_end(chunk, chunk->records.len);
    chunk->last_id = sqlite3_column_int64(statement, 0);
    chunk->count += (uint64_t)sqlite3_column_int64(statement, 1);
    return SLU_ERR_OK;
}

static enum slu_err take_rows(struct slu_db *self, struct slu_chunk *chunk,
                              size_t most)
{
    enum slu_err err;
    bool row;

    chunk->more = false;
    (void)sqlite3_bind_int64(slu_db_statement(self, SLU_DB_PENDING_BEHIND), 1,
                             chunk->last_id);
    err = slu_db_step(self, SLU_DB_PENDING_BEHIND, &row);
    while (err == SLU_ERR_OK && row && !chunk->more) {
        err = take_row(self, chunk, most);
        if (err == SLU_ERR_OK && !chunk->more) {
            err = slu_db_step(self, SLU_DB_PENDING_BEHIND, &row);
        }
    }
    slu_db_reset(self, SLU_DB_PENDING_BEHIND);
    return err;
}

enum slu_err slu_chunk_collect(struct slu_db *self, struct slu_chunk *chunk,
                               size_t most)
{
    uint64_t before = chunk->count;
    enum slu_err err = take_rows(self, chunk, most);
    uint64_t taken = chunk->count - before;

    if (err == SLU_ERR_OK) {
        /* What was counted is there; else nobody looks for it again. */
        self->pending =
            !chunk->more || taken > self->pending ? 0 : self->pending - taken;
    }
    return err;
}

static void empty(struct slu_chunk *chunk)
{
    slu_buf_clear(&chunk->records);
    memset(chunk->ends, 0, sizeof(chunk->ends));
    memset(chunk->kinds, 0, sizeof(chunk->kinds));
    chunk->last_id = 0;
    chunk->count = 0;
}

enum slu_err slu_chunk_collect_next(struct slu_db *self)
{
    empty(&self->chunk);
    return slu_chunk_collect(self, &self->chunk,
                             SLU_CHUNK_SHARDS * self->shard_bytes);
}

size_t slu_chunk_middle(const struct slu_chunk *chunk)
{
    size_t stretch = chunk->records.len / 2 / SLU_CHUNK_STRETCH;

    if (stretch == 0 || stretch >= SLU_CHUNK_STRETCHES) {
        return 0;
    }
    while (stretch > 0 && chunk->ends[stretch] == 0) {
        stretch--;
    }
    return chunk->ends[stretch];
}

/* ---- sorting ---- */

static enum slu_err hand_out(struct slu_db *db, struct slu_writer *writer)
{
    struct slu_view rest = slu_buf_view(&db->chunk.records);
    enum slu_err err = SLU_ERR_OK;

    while (err == SLU_ERR_OK && rest.len != 0) {
        struct slu_packed record;

        err = slu_record_take(&rest, &record);
        assert(err == SLU_ERR_OK); /* it was sorted */
        if (err == SLU_ERR_OK) {
            err = slu_writer_keep(writer, &record);
        }
    }
    return err;
}

enum slu_err slu_chunk_write(struct slu_db *db, struct slu_writer *writer)
{
    enum slu_err err = slu_sort_records(db, &db->chunk, 0);

    return err == SLU_ERR_OK ? hand_out(db, writer) : err;
}

enum slu_err slu_chunk_sort(struct slu_db *db, size_t most, struct slu_low *to)
{
    struct slu_buf *records = &db->chunk.records;
    enum slu_err err = slu_sort_records(db, &db->chunk, 0);
    struct slu_view rest;

    if (err != SLU_ERR_OK || records->len <= most) {
        return err;
    }
    rest = slu_buf_view(records);
    while (rest.len != 0) {
        size_t at = (size_t)(rest.ptr - records->ptr);
        struct slu_packed record;

        err = slu_record_take(&rest, &record);
        assert(err == SLU_ERR_OK);
        if (at >= most) {
            slu_low_make(to, record.kind, record.key);
            records->len = at;
            break;
        }
    }
    return err;
}

/* ---- done with ---- */

enum slu_err slu_chunk_delete(struct slu_db *db, const struct slu_chunk *chunk)
{
    enum slu_err err = SLU_ERR_OK;

    if (chunk->last_id != 0) {
        (void)sqlite3_bind_int64(slu_db_statement(db, SLU_DB_PENDING_DELETE), 1,
                                 chunk->last_id);
        err = slu_db_run(db, SLU_DB_PENDING_DELETE);
        slu_crash_point("store: pending deleted");
    }
    return err;
}

void slu_chunk_free(struct slu_db *db, struct slu_chunk *chunk)
{
    empty(chunk);
    slu_buf_fini(&chunk->records);
    slu_buf_fini(&db->piece);
}
