/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: made when there are none, taken over from the version before,
 * refused when a newer version made them. */
#include "engine/crash.h"
#include "engine/store_db.h"

#include <stdio.h>

#define SCHEMA_VERSION 2
#define SCHEMA_BEFORE 1
#define APPLICATION_ID 0x736c7531 /* "slu1" */

/* With AUTOINCREMENT an id is never given again. */
#define BLOCKS                                                                 \
    "blocks(id INTEGER PRIMARY KEY AUTOINCREMENT, low BLOB NOT NULL,"          \
    " count INTEGER NOT NULL, records BLOB NOT NULL);"

static const char schema[] =
    "CREATE TABLE entries(key BLOB PRIMARY KEY, value BLOB NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE pending(id INTEGER PRIMARY KEY, staged INTEGER NOT NULL,"
    " answer INTEGER NOT NULL, count INTEGER NOT NULL, records BLOB NOT NULL);"
    "CREATE INDEX pending_staged ON pending(answer) WHERE staged = 1;"
    "CREATE TABLE opened(answer INTEGER PRIMARY KEY);"
    "CREATE TABLE shards(id INTEGER PRIMARY KEY, low BLOB NOT NULL UNIQUE,"
    " count INTEGER NOT NULL, records BLOB NOT NULL);"
    "INSERT INTO shards(low, count, records) VALUES"
    " (x'00', 0, x''), (x'01', 0, x''), (x'02', 0, x''), (x'03', 0, x'');"
    "CREATE TABLE runs(id INTEGER PRIMARY KEY, started INTEGER NOT NULL,"
    " ended INTEGER NOT NULL, exit_code INTEGER NOT NULL,"
    " flow TEXT NOT NULL, summary TEXT NOT NULL);"
    "CREATE TABLE " BLOCKS;

static enum slu_err read_pragma(struct slu_db *self, const char *text,
                                int64_t *out_value)
{
    sqlite3_stmt *statement;
    enum slu_err err = SLU_ERR_OK;

    if (sqlite3_prepare_v2(self->handle, text, -1, &statement, NULL) !=
        SQLITE_OK) {
        return slu_db_fail(self);
    }
    if (sqlite3_step(statement) == SQLITE_ROW) {
        *out_value = sqlite3_column_int64(statement, 0);
    } else {
        err = slu_db_fail(self);
    }
    (void)sqlite3_finalize(statement);
    return err;
}

enum slu_err slu_db_create_schema(struct slu_db *self)
{
    char text[sizeof(schema) + 256];

    (void)snprintf(text, sizeof(text),
                   "PRAGMA page_size = 16384; BEGIN IMMEDIATE;%s"
                   "PRAGMA application_id = %d; PRAGMA user_version = %d;"
                   "COMMIT;",
                   schema, APPLICATION_ID, SCHEMA_VERSION);
    return slu_db_run_text(self, text);
}

/* What version 1 had is as it was; it had no blocks. */
static enum slu_err take_over_schema(struct slu_db *self)
{
    char text[sizeof(BLOCKS) + 256];
    enum slu_err err;

    (void)snprintf(text, sizeof(text),
                   "BEGIN IMMEDIATE; CREATE TABLE " BLOCKS
                   "PRAGMA user_version = %d; COMMIT;",
                   SCHEMA_VERSION);
    slu_crash_point("store: before the schema's change");
    err = slu_db_run_text(self, text);
    slu_crash_point("store: after the schema's change");
    return err;
}

static enum slu_err refuse_newer(struct slu_db *self, int64_t version)
{
    return slu_error_set(&self->error, SLU_ERR_STATE,
                         "%s was made by a newer sluice (schema %lld, this "
                         "one knows %d); use that one, or another state_dir",
                         self->path, (long long)version, SCHEMA_VERSION);
}

static enum slu_err check_version(struct slu_db *self, int64_t version)
{
    if (version == SCHEMA_VERSION) {
        return SLU_ERR_OK;
    }
    if (version != SCHEMA_BEFORE) {
        return refuse_newer(self, version);
    }
    /* Who only reads must not change it: an empty table of its own stands for
     * the one that is missing. */
    return self->read_only ? slu_db_run_text(self, "CREATE TEMP TABLE " BLOCKS)
                           : take_over_schema(self);
}

enum slu_err slu_db_check_schema(struct slu_db *self)
{
    int64_t application = 0;
    int64_t tables = 0;
    enum slu_err err = read_pragma(self, "PRAGMA user_version", &self->version);

    if (err == SLU_ERR_OK) {
        err = read_pragma(self, "PRAGMA application_id", &application);
    }
    if (err == SLU_ERR_OK) {
        err = read_pragma(self, "SELECT count(*) FROM sqlite_master", &tables);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (tables == 0 && self->version == 0) {
        return self->read_only
                   ? slu_error_set(&self->error, SLU_ERR_NOT_FOUND,
                                   "there is no state in %s yet: run "
                                   "`sluice sync` first",
                                   self->path)
                   : slu_db_create_schema(self);
    }
    if (application != APPLICATION_ID) {
        return slu_error_set(&self->error, SLU_ERR_STATE,
                             "%s is not sluice's; set state_dir to a folder "
                             "of its own",
                             self->path);
    }
    return check_version(self, self->version);
}

/* A newer run has taken the state over since it was opened: what that has put
 * into blocks is not seen. */
enum slu_err slu_db_check_same(struct slu_db *self)
{
    int64_t version = 0;
    enum slu_err err;

    if (!self->read_only) {
        return SLU_ERR_OK;
    }
    err = slu_db_number(self, SLU_DB_VERSION, &version);
    if (err == SLU_ERR_OK && version != self->version) {
        err = slu_error_set(&self->error, SLU_ERR_STATE,
                            "another run has taken %s over meanwhile; run "
                            "again",
                            self->path);
    }
    return err;
}
