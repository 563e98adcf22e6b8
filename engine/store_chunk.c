/* SPDX-License-Identifier: Apache-2.0 */
/* Chunks: as many pending blobs as memory holds, sorted and merged there. */
#include "engine/crash.h"
#include "engine/store_records.h"

/* *out_taken: the row fitted in. */
static enum slu_err take_row(struct slu_db *self, struct slu_chunk *chunk,
                             bool *out_taken)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_PENDING_BEHIND);
    struct slu_view records = slu_db_column(statement, 2);

    *out_taken = !chunk->any || self->raw.len + records.len <=
                                    SLU_CHUNK_SHARDS * self->shard_bytes;
    if (!*out_taken) {
        chunk->more = true;
        return SLU_ERR_OK;
    }
    if (slu_buf_append(&self->raw, records) != SLU_ERR_OK) {
        return slu_db_no_memory(self);
    }
    chunk->any = true;
    chunk->last_id = sqlite3_column_int64(statement, 0);
    chunk->count += (uint64_t)sqlite3_column_int64(statement, 1);
    return SLU_ERR_OK;
}

static void swap_bufs(struct slu_buf *a, struct slu_buf *b)
{
    struct slu_buf held = *a;

    *a = *b;
    *b = held;
}

enum slu_err slu_chunk_collect(struct slu_db *self, struct slu_chunk *out_chunk)
{
    enum slu_err err;
    bool row;
    bool taken = true;

    *out_chunk = (struct slu_chunk){.last_id = self->held.last_id};
    if (self->raw.capacity < self->piece.capacity) {
        swap_bufs(&self->raw, &self->piece);
    }
    slu_buf_clear(&self->raw);
    (void)sqlite3_bind_int64(slu_db_statement(self, SLU_DB_PENDING_BEHIND), 1,
                             self->held.last_id);
    err = slu_db_step(self, SLU_DB_PENDING_BEHIND, &row);
    while (err == SLU_ERR_OK && row && taken) {
        err = take_row(self, out_chunk, &taken);
        if (err == SLU_ERR_OK && taken) {
            err = slu_db_step(self, SLU_DB_PENDING_BEHIND, &row);
        }
    }
    slu_db_reset(self, SLU_DB_PENDING_BEHIND);
    return err;
}

/* Far enough ahead that what is fetched is there when it is copied. */
#define AHEAD 12

/* Hands out what was sorted. `most`: as slu_chunk_sort says. */
static enum slu_err gather(struct slu_db *db, struct slu_writer *writer,
                           size_t most, struct slu_low *to)
{
    struct slu_view packed = slu_buf_view(&db->raw);
    enum slu_err err = SLU_ERR_OK;

    for (size_t i = 0; err == SLU_ERR_OK && i < db->ref_count; i++) {
        struct slu_packed record;

        if (i + AHEAD < db->ref_count) {
            __builtin_prefetch(packed.ptr + db->refs[i + AHEAD].offset);
        }
        slu_sort_packed(packed, &db->refs[i], &record);
        err = slu_writer_add(writer, &record, slu_sort_word_packed(&record),
                             false);
        /* One more than fits: what is merged with a record is known when the
         * next one has come. */
        if (err == SLU_ERR_OK && db->piece.len - writer->len >= most) {
            slu_low_make(to, record.kind, record.key);
            db->piece.len -= writer->len;
            break;
        }
    }
    return err;
}

enum slu_err slu_chunk_write(struct slu_db *db, struct slu_writer *writer)
{
    enum slu_err err = slu_sort_records(db);

    return err == SLU_ERR_OK ? gather(db, writer, SIZE_MAX, NULL) : err;
}

enum slu_err slu_chunk_sort(struct slu_db *db, size_t most, struct slu_low *to)
{
    struct slu_writer writer;
    enum slu_err err = slu_sort_records(db);
    char *room;

    slu_writer_begin_memory(&writer, db);
    if (err == SLU_ERR_OK &&
        slu_buf_reserve(&db->piece, db->raw.len, &room) != SLU_ERR_OK) {
        err = slu_db_no_memory(db);
    }
    if (err == SLU_ERR_OK) {
        err = gather(db, &writer, most, to);
    }
    if (err == SLU_ERR_OK) {
        swap_bufs(&db->raw, &db->piece);
        slu_buf_clear(&db->piece);
    }
    return err;
}

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

void slu_chunk_settle(struct slu_db *db, const struct slu_chunk *chunk)
{
    if (!chunk->any || chunk->count > db->pending) {
        db->pending = 0;
    } else {
        db->pending -= chunk->count;
    }
}

void slu_chunk_lessen(struct slu_db *db)
{
    slu_sort_free(db);
    slu_buf_fini(&db->piece);
}

void slu_chunk_free(struct slu_db *db)
{
    slu_chunk_lessen(db);
    slu_buf_fini(&db->raw);
}
