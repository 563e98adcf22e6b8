/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers: sorted records in blocks, rows of one table. The upper bits of a
 * block's id are its layer, the lower ones its number there; those of a layer
 * are without a gap, and are taken away from the front. So which layers there
 * are is told by the ids alone, and a layer needs no row of its own. An id is
 * never given again: who reads a layer in another process sees that a block was
 * taken away, and not what came in its place.
 */
#include "engine/crash.h"
#include "engine/store_merge.h"

#define LAYER_BITS 32

/* Where the ids of a block's layer begin. */
static int64_t find_begin(int64_t block_id)
{
    return block_id >> LAYER_BITS << LAYER_BITS;
}

int64_t slu_layer_after(int64_t block_id)
{
    return find_begin(block_id) + ((int64_t)1 << LAYER_BITS);
}

static enum slu_err ask_id(struct slu_db *db, enum slu_db_statement statement,
                           int64_t bound, int64_t *out_id)
{
    (void)sqlite3_bind_int64(slu_db_statement(db, statement), 1, bound);
    return slu_db_number(db, statement, out_id);
}

enum slu_err slu_layer_next(struct slu_db *db, int64_t from,
                            struct slu_layer *out_layer)
{
    enum slu_err err = ask_id(db, SLU_DB_BLOCK_FROM, from, &out_layer->first);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (out_layer->first == 0) {
        return SLU_ERR_NOT_FOUND;
    }
    return ask_id(db, SLU_DB_BLOCK_BELOW, slu_layer_after(out_layer->first),
                  &out_layer->last);
}

enum slu_err slu_layer_count(struct slu_db *db, size_t *out_count)
{
    struct slu_layer layer = {0};
    enum slu_err err;

    *out_count = 0;
    while ((err = slu_layer_next(db, slu_layer_after(layer.first), &layer)) ==
           SLU_ERR_OK) {
        ++*out_count;
    }
    return err == SLU_ERR_NOT_FOUND ? SLU_ERR_OK : err;
}

/* ---- reading ---- */

enum slu_err slu_layer_load(struct slu_db *db, int64_t id,
                            struct slu_buf *out_records, bool *out_gone)
{
    sqlite3_stmt *statement = slu_db_statement(db, SLU_DB_BLOCK_AT);
    enum slu_err err;
    bool row;

    (void)sqlite3_bind_int64(statement, 1, id);
    err = slu_db_step(db, SLU_DB_BLOCK_AT, &row);
    if (err != SLU_ERR_OK) {
        return err;
    }
    *out_gone = !row;
    slu_buf_clear(out_records);
    if (row && slu_buf_append(out_records, slu_db_column(statement, 0)) !=
                   SLU_ERR_OK) {
        err = slu_db_no_memory(db);
    }
    slu_db_reset(db, SLU_DB_BLOCK_AT);
    return err;
}

/* Blocks are taken away from the front of a layer: what is missing with others
 * before it is damage. */
enum slu_err slu_layer_check_gone(struct slu_db *db, int64_t id)
{
    int64_t before;
    enum slu_err err = ask_id(db, SLU_DB_BLOCK_BELOW, id, &before);

    if (err == SLU_ERR_OK && before >= find_begin(id)) {
        err = slu_db_damaged(db, "a block is missing");
    }
    return err;
}

/* *out_above: the block begins above the place. */
static enum slu_err compare_block(struct slu_db *db, int64_t id,
                                  const struct slu_low *low, bool *out_above)
{
    sqlite3_stmt *statement = slu_db_statement(db, SLU_DB_BLOCK_LOW);
    struct slu_view place = slu_low_view(low);
    enum slu_err err;
    bool row;

    (void)sqlite3_bind_int64(statement, 1, id);
    err = slu_db_step(db, SLU_DB_BLOCK_LOW, &row);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (row) {
        struct slu_view own = slu_db_column(statement, 0);
        size_t len = own.len < place.len ? own.len : place.len;
        int order = len == 0 ? 0 : memcmp(own.ptr, place.ptr, len);

        *out_above = order > 0 || (order == 0 && own.len > place.len);
    } else {
        err = slu_db_damaged(db, "a block is missing");
    }
    slu_db_reset(db, SLU_DB_BLOCK_LOW);
    return err;
}

enum slu_err slu_layer_seek(struct slu_db *db, const struct slu_layer *layer,
                            const struct slu_low *low, int64_t *out_id)
{
    int64_t from = layer->first;
    int64_t to = layer->last;
    enum slu_err err = SLU_ERR_OK;

    /* The last that does not begin above the place. */
    while (err == SLU_ERR_OK && from < to) {
        int64_t middle = from + (to - from + 1) / 2;
        bool above = false;

        err = compare_block(db, middle, low, &above);
        if (above) {
            to = middle - 1;
        } else {
            from = middle;
        }
    }
    *out_id = from;
    return err;
}

/* ---- writing ---- */

static enum slu_err put_block(struct slu_writer *self, struct slu_view bytes)
{
    sqlite3_stmt *statement = slu_db_statement(self->db, SLU_DB_BLOCK_ADD);
    enum slu_err err;

    if (bytes.len == 0) {
        return SLU_ERR_OK;
    }
    (void)sqlite3_bind_int64(statement, 1, self->block_id);
    slu_db_bind(statement, 2, slu_low_view(&self->low));
    (void)sqlite3_bind_int64(statement, 3, (int64_t)self->count);
    slu_db_bind(statement, 4, bytes);
    err = slu_db_run(self->db, SLU_DB_BLOCK_ADD);
    self->block_id++;
    self->db->written += bytes.len;
    slu_crash_point("store: block written");
    return err;
}

void slu_layer_write_begin(struct slu_writer *self, struct slu_db *db,
                           int64_t id)
{
    slu_writer_begin(self, db);
    self->put = put_block;
    /* So that a block, which may exceed it by a record, fits into a buffer of
     * shard_bytes: a merge holds one of each layer. */
    self->fill = db->shard_bytes - db->shard_bytes / 32;
    self->whole = db->shard_bytes;
    self->block_id = id;
}

enum slu_err slu_layer_delete(struct slu_db *db, int64_t from, int64_t to)
{
    sqlite3_stmt *statement = slu_db_statement(db, SLU_DB_BLOCK_DELETE);
    enum slu_err err;

    (void)sqlite3_bind_int64(statement, 1, from);
    (void)sqlite3_bind_int64(statement, 2, to);
    err = slu_db_run(db, SLU_DB_BLOCK_DELETE);
    slu_crash_point("store: blocks deleted");
    return err;
}
