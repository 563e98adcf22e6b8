/* SPDX-License-Identifier: Apache-2.0 */
/* The table of runs: what `sluice status` shows. */
#include "engine/store_db.h"

#include <stdio.h>

static void bind_text(sqlite3_stmt *statement, int index, const char *text,
                      size_t room)
{
    (void)sqlite3_bind_text(statement, index, text, (int)strnlen(text, room),
                            SQLITE_STATIC);
}

static void bind_run(sqlite3_stmt *statement, const struct slu_store_run *run)
{
    (void)sqlite3_bind_int64(statement, 1, run->started);
    (void)sqlite3_bind_int64(statement, 2, run->ended);
    (void)sqlite3_bind_int(statement, 3, run->exit_code);
    bind_text(statement, 4, run->flow, sizeof(run->flow));
    bind_text(statement, 5, run->summary, sizeof(run->summary));
}

static enum slu_err write_run(struct slu_db *self,
                              enum slu_db_statement statement)
{
    enum slu_err err = slu_db_begin(self);

    if (err == SLU_ERR_OK) {
        err = slu_db_run(self, statement);
    }
    if (err == SLU_ERR_OK) {
        err = slu_db_commit(self);
    }
    if (err != SLU_ERR_OK) {
        slu_db_rollback(self);
        self->failed = true;
    }
    return err;
}

enum slu_err slu_db_run_begin(struct slu_db *self,
                              const struct slu_store_run *run, int64_t *out_id)
{
    enum slu_err err;

    bind_run(slu_db_statement(self, SLU_DB_RUN_ADD), run);
    err = write_run(self, SLU_DB_RUN_ADD);
    *out_id = sqlite3_last_insert_rowid(self->handle);
    return err;
}

enum slu_err slu_db_run_end(struct slu_db *self, int64_t id,
                            const struct slu_store_run *run)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_RUN_PUT);

    bind_run(statement, run);
    (void)sqlite3_bind_int64(statement, 6, id);
    return write_run(self, SLU_DB_RUN_PUT);
}

static void read_text(sqlite3_stmt *statement, int column, char *out,
                      size_t room)
{
    const unsigned char *text = sqlite3_column_text(statement, column);

    (void)snprintf(out, room, "%s", text == NULL ? "" : (const char *)text);
}

static void read_run(sqlite3_stmt *statement, struct slu_store_run *out)
{
    *out = (struct slu_store_run){0};
    out->started = sqlite3_column_int64(statement, 0);
    out->ended = sqlite3_column_int64(statement, 1);
    out->exit_code = sqlite3_column_int(statement, 2);
    read_text(statement, 3, out->flow, sizeof(out->flow));
    read_text(statement, 4, out->summary, sizeof(out->summary));
}

enum slu_err slu_db_runs(struct slu_db *self, unsigned most,
                         slu_store_run_fn on_run, void *ctx)
{
    sqlite3_stmt *statement = slu_db_statement(self, SLU_DB_RUN_LIST);
    struct slu_store_run run;
    enum slu_err err;
    bool row;

    (void)sqlite3_bind_int64(statement, 1, most);
    err = slu_db_step(self, SLU_DB_RUN_LIST, &row);
    while (err == SLU_ERR_OK && row) {
        read_run(statement, &run);
        err = on_run(ctx, &run);
        if (err == SLU_ERR_OK) {
            err = slu_db_step(self, SLU_DB_RUN_LIST, &row);
        }
    }
    slu_db_reset(self, SLU_DB_RUN_LIST);
    return err;
}
