/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the state for a plan: made by SQLite, so that it is whole even
 * while another run commits. */
#include "engine/store.h"
#include "engine/store_db.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static enum slu_err fail_copy(const char *path, sqlite3 *to,
                              struct slu_error *error)
{
    return slu_error_set(error, SLU_ERR_IO, "cannot copy the state to %s: %s",
                         path,
                         to == NULL ? "out of memory" : sqlite3_errmsg(to));
}

static enum slu_err copy_pages(sqlite3 *from, sqlite3 *to, const char *path,
                               struct slu_error *error)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");

    if (backup == NULL) {
        return fail_copy(path, to, error);
    }
    (void)sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup) == SQLITE_OK
               ? SLU_ERR_OK
               : fail_copy(path, to, error);
}

/* Nobody else may read what is in the state. */
static enum slu_err make_file(const char *path, struct slu_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd < 0) {
        return fail_copy(path, NULL, error);
    }
    (void)close(fd);
    return SLU_ERR_OK;
}

static enum slu_err copy_to(const struct slu_db *from, const char *dir,
                            struct slu_error *error)
{
    char path[SLU_DB_PATH_MAX];
    sqlite3 *to = NULL;
    enum slu_err err;

    (void)snprintf(path, sizeof(path), "%s/state.db", dir);
    err = make_file(path, error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                        NULL) != SQLITE_OK) {
        err = fail_copy(path, to, error);
    } else {
        err = copy_pages(from->handle, to, path, error);
    }
    (void)sqlite3_close(to);
    return err;
}

enum slu_err slu_store_copy(const struct slu_alloc *alloc, const char *from_dir,
                            const char *to_dir, struct slu_error *out_error)
{
    struct slu_store_options options = {
        .alloc = alloc,
        .dir = from_dir,
        .read_only = true,
    };
    struct slu_db db = {0};
    enum slu_err err = slu_db_open(&db, &options);

    if (err == SLU_ERR_OK) {
        err = copy_to(&db, to_dir, out_error);
    } else if (err == SLU_ERR_NOT_FOUND) {
        err = SLU_ERR_OK; /* a plan of the first sync */
    } else {
        *out_error = db.error;
    }
    slu_db_close(&db);
    return err;
}
