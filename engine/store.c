/* SPDX-License-Identifier: Apache-2.0 */
/* The store's handle: opening, the lock, and the way of each call to the
 * queue's thread or to the database. */
#include "engine/store.h"

#include "engine/folder.h"
#include "engine/store_queue.h"
#include "engine/store_records.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_BYTES_MAX 4000
#define DEFAULT_QUEUE_BYTES ((size_t)8 << 20)
/* With a transaction for each answer of 40 items the store's thread would ask
 * the disk, and take its core, a thousand times a second. */
#define DEFAULT_PAUSE_MS 10
#define DEFAULT_FOLD_AT 500000
#define DEFAULT_SHARD_BYTES ((size_t)64 << 10)
#define DEFAULT_LAYERS_MAX 256
#define DEFAULT_HOLD_BYTES ((size_t)20 << 20)

struct slu_store {
    const struct slu_alloc *alloc;
    int lock_fd; /* -1: none */
    struct slu_db db;
    struct slu_store_queue queue; /* not started when read only */
    struct slu_error error;
};

/* ---- the lock ---- */

/* The number in the lock file, 0 when there is none to be read. */
static long read_holder(int fd)
{
    char text[32] = "";

    if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
        return 0;
    }
    return strtol(text, NULL, 10);
}

static enum slu_err report_holder(int fd, const char *dir,
                                  struct slu_error *out_error)
{
    long holder = read_holder(fd);
    char who[48] = "";

    if (holder > 0) {
        (void)snprintf(who, sizeof(who), " (process %ld)", holder);
    }
    return slu_error_set(out_error, SLU_ERR_STATE,
                         "another run%s is using %s; wait for its end or set "
                         "another state_dir",
                         who, dir);
}

static enum slu_err fail_folder(const char *dir, int sys,
                                struct slu_error *out_error)
{
    char text[128];

    (void)slu_error_set(out_error, SLU_ERR_IO,
                        "cannot use the folder %s: %s; set state_dir to a "
                        "folder that can be written",
                        dir, strerror_r(sys, text, sizeof(text)));
    out_error->sys = sys;
    return SLU_ERR_IO;
}

/* The kernel lets go of a flock when its process ends, however it ends; so the
 * file may stay. Its content is for people only. */
static enum slu_err lock_folder(struct slu_store *self, const char *dir,
                                struct slu_error *out_error)
{
    char path[DIR_BYTES_MAX + 16];
    char text[32];
    int len;

    (void)snprintf(path, sizeof(path), "%s/state.lock", dir);
    self->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (self->lock_fd < 0) {
        return fail_folder(dir, errno, out_error);
    }
    if (flock(self->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK
                   ? report_holder(self->lock_fd, dir, out_error)
                   : fail_folder(dir, errno, out_error);
    }
    len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());
    if (ftruncate(self->lock_fd, 0) != 0 ||
        pwrite(self->lock_fd, text, (size_t)len, 0) != len) {
        return fail_folder(dir, errno == 0 ? ENOSPC : errno, out_error);
    }
    return SLU_ERR_OK;
}

/* ---- open and close ---- */

static struct slu_store_options
fill_options(const struct slu_store_options *opts)
{
    struct slu_store_options filled = *opts;

    if (filled.queue_bytes == 0) {
        filled.queue_bytes = DEFAULT_QUEUE_BYTES;
    }
    if (filled.pause_ms == 0) {
        filled.pause_ms = DEFAULT_PAUSE_MS;
    }
    if (filled.fold_at == 0) {
        filled.fold_at = DEFAULT_FOLD_AT;
    }
    if (filled.shard_bytes == 0) {
        filled.shard_bytes = DEFAULT_SHARD_BYTES;
    }
    if (filled.layers_max == 0) {
        filled.layers_max = DEFAULT_LAYERS_MAX;
    }
    if (filled.hold_bytes == 0) {
        filled.hold_bytes = DEFAULT_HOLD_BYTES;
    }
    return filled;
}

static enum slu_err open_database(struct slu_store *self,
                                  const struct slu_store_options *opts)
{
    enum slu_err err = slu_db_open(&self->db, opts);

    if (err == SLU_ERR_OK && !opts->read_only) {
        err = slu_db_recover(&self->db);
    }
    if (err == SLU_ERR_OK && !opts->read_only) {
        err = slu_store_queue_start(&self->queue, &self->db, opts);
    }
    return err;
}

static enum slu_err prepare_folder(struct slu_store *self, const char *dir,
                                   struct slu_error *out_error)
{
    int sys = slu_folder_make(dir, 0700);

    if (sys != 0) {
        return fail_folder(dir, sys, out_error);
    }
    return lock_folder(self, dir, out_error);
}

static enum slu_err open_all(struct slu_store *self,
                             const struct slu_store_options *opts,
                             struct slu_error *out_error)
{
    enum slu_err err = SLU_ERR_OK;

    if (strlen(opts->dir) > DIR_BYTES_MAX) {
        return slu_error_set(out_error, SLU_ERR_CONFIG,
                             "state_dir is longer than %d bytes",
                             DIR_BYTES_MAX);
    }
    if (!opts->read_only) {
        err = prepare_folder(self, opts->dir, out_error);
    }
    if (err == SLU_ERR_OK) {
        err = open_database(self, opts);
        if (err != SLU_ERR_OK) {
            *out_error = self->db.error;
        }
    }
    return err;
}

enum slu_err slu_store_open(const struct slu_store_options *opts,
                            struct slu_store **out_store,
                            struct slu_error *out_error)
{
    struct slu_store_options filled = fill_options(opts);
    struct slu_error error = {0};
    struct slu_store *self = slu_alloc_zero(opts->alloc, sizeof(*self));
    enum slu_err err;

    *out_store = NULL;
    if (self == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOMEM,
                             "out of memory while opening the state");
    }
    self->alloc = opts->alloc;
    self->lock_fd = -1;
    err = open_all(self, &filled, &error);
    if (err != SLU_ERR_OK) {
        slu_store_close(self);
        if (out_error != NULL) {
            *out_error = error;
        }
        return err;
    }
    *out_store = self;
    return SLU_ERR_OK;
}

void slu_store_close(struct slu_store *self)
{
    if (self == NULL) {
        return;
    }
    slu_store_queue_stop(&self->queue);
    slu_db_close(&self->db);
    if (self->lock_fd >= 0) {
        (void)close(self->lock_fd);
    }
    slu_alloc_put(self->alloc, self, sizeof(*self));
}

/* ---- around each use of the database ---- */

static enum slu_err refuse_read_only(struct slu_store *self)
{
    return slu_error_set(&self->error, SLU_ERR_USAGE,
                         "the state was opened for reading only");
}

static enum slu_err acquire(struct slu_store *self, bool write)
{
    if (!self->db.read_only) {
        return slu_store_queue_acquire(&self->queue, &self->error);
    }
    self->db.error = (struct slu_error){0};
    return write ? refuse_read_only(self) : SLU_ERR_OK;
}

/* A callback's refusal has no sentence of the database's. */
static enum slu_err release(struct slu_store *self, enum slu_err err)
{
    if (err != SLU_ERR_OK) {
        self->error = self->db.error;
        if (self->error.code != err) {
            (void)slu_error_set(&self->error, err, "%s", slu_err_sentence(err));
        }
    }
    if (!self->db.read_only) {
        slu_store_queue_release(&self->queue);
    }
    return err;
}

const struct slu_error *slu_store_error(const struct slu_store *self)
{
    /* The thread may have failed since the last call; the handle is the
     * owner's to change. */
    struct slu_store *own = (struct slu_store *)(uintptr_t)self;

    if (!self->db.read_only) {
        slu_store_queue_failure(&own->queue, &own->error);
    }
    return &self->error;
}

/* ---- answers ---- */

uint64_t slu_store_answer_id(struct slu_store *self)
{
    return self->db.next_answer++;
}

static enum slu_err push(struct slu_store *self, const struct slu_op *op)
{
    if (self->db.read_only) {
        return refuse_read_only(self);
    }
    return slu_store_queue_push(&self->queue, op, &self->error);
}

enum slu_err slu_store_stage(struct slu_store *self, uint64_t answer,
                             struct slu_view records, uint64_t count)
{
    struct slu_op op = {.kind = SLU_OP_STAGE,
                        .answer = answer,
                        .count = count,
                        .records = records};
    struct slu_error error; /* self's is the owner's */

    if (self->db.read_only) {
        return refuse_read_only(self);
    }
    return slu_store_queue_push(&self->queue, &op, &error);
}

enum slu_err slu_store_abandon(struct slu_store *self, uint64_t answer)
{
    struct slu_op op = {.kind = SLU_OP_ABANDON, .answer = answer};

    return push(self, &op);
}

/* Whether the lengths add up, and no key is empty. */
static bool check_entries(struct slu_view entries)
{
    const unsigned char *at = (const unsigned char *)entries.ptr;
    size_t left = entries.len;

    while (left != 0) {
        size_t key;
        size_t len;

        if (left < 4) {
            return false;
        }
        key = at[0] | (size_t)at[1] << 8;
        len = 4 + key + (at[2] | (size_t)at[3] << 8);
        if (key == 0 || len > left) {
            return false;
        }
        at += len;
        left -= len;
    }
    return true;
}

enum slu_err slu_store_commit(struct slu_store *self, uint64_t answer,
                              struct slu_view records, uint64_t count,
                              struct slu_view entries)
{
    struct slu_op op = {.kind = SLU_OP_COMMIT,
                        .answer = answer,
                        .count = count,
                        .records = records,
                        .entries = entries};

    if (!check_entries(entries)) {
        return slu_error_set(&self->error, SLU_ERR_USAGE,
                             "the entries' lengths do not add up");
    }
    return push(self, &op);
}

bool slu_store_full(struct slu_store *self)
{
    return !self->db.read_only && slu_store_queue_full(&self->queue);
}

enum slu_err slu_store_drain(struct slu_store *self)
{
    return self->db.read_only
               ? SLU_ERR_OK
               : slu_store_queue_drain(&self->queue, &self->error);
}

enum slu_err slu_store_entries(struct slu_store *self, const char *prefix,
                               slu_store_entry_fn on_entry, void *ctx)
{
    enum slu_err err = acquire(self, false);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_entries(&self->db, prefix, on_entry, ctx));
}

/* ---- records ---- */

enum slu_err slu_store_fold(struct slu_store *self)
{
    enum slu_err err = acquire(self, true);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_fold(&self->db));
}

enum slu_err slu_store_gather(struct slu_store *self)
{
    enum slu_err err = acquire(self, true);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_gather(&self->db));
}

void slu_store_tidy(struct slu_store *self)
{
    if (!self->db.read_only) {
        slu_store_queue_tidy(&self->queue);
    }
}

enum slu_err slu_store_scan(struct slu_store *self, enum slu_record_kind kind,
                            slu_store_record_fn on_record, void *ctx)
{
    enum slu_err err = acquire(self, false);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_scan(&self->db, kind, on_record, ctx));
}

enum slu_err slu_store_find(struct slu_store *self, enum slu_record_kind kind,
                            struct slu_view key, struct slu_record *out_record,
                            bool *out_found)
{
    enum slu_err err = acquire(self, false);

    *out_found = false;
    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self,
                   slu_db_find(&self->db, kind, key, out_record, out_found));
}

enum slu_err slu_store_scan_all(struct slu_store *self,
                                enum slu_record_kind kind,
                                slu_store_record_fn on_record, void *ctx)
{
    enum slu_err err = acquire(self, false);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_scan_all(&self->db, kind, on_record, ctx));
}

enum slu_err slu_store_rewrite(struct slu_store *self,
                               slu_store_rewrite_fn on_record, void *ctx)
{
    enum slu_err err = acquire(self, true);

    if (err != SLU_ERR_OK) {
        return err;
    }
    err = slu_db_rewrite(&self->db, on_record, ctx);
    if (err == SLU_ERR_OK) {
        slu_store_queue_sync(&self->queue);
    }
    return release(self, err);
}

/* ---- runs ---- */

enum slu_err slu_store_run_begin(struct slu_store *self,
                                 const struct slu_store_run *run,
                                 int64_t *out_id)
{
    enum slu_err err = acquire(self, true);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_run_begin(&self->db, run, out_id));
}

enum slu_err slu_store_run_end(struct slu_store *self, int64_t id,
                               const struct slu_store_run *run)
{
    enum slu_err err = acquire(self, true);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_run_end(&self->db, id, run));
}

enum slu_err slu_store_runs(struct slu_store *self, unsigned most,
                            slu_store_run_fn on_run, void *ctx)
{
    enum slu_err err = acquire(self, false);

    if (err != SLU_ERR_OK) {
        return err;
    }
    return release(self, slu_db_runs(&self->db, most, on_run, ctx));
}
