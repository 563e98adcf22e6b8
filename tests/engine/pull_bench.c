/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pull_bench.h"
#include "engine/store_support.h"

#include <criterion/criterion.h>
#include <sqlite3.h>

static void keep_line(void *ctx, enum slu_log_level level, const char *text)
{
    struct bench *self = ctx;
    struct bench_line *line = &self->lines[self->line_count];

    cr_assert_lt(self->line_count, BENCH_LINES_MAX);
    line->level = level;
    (void)snprintf(line->text, sizeof(line->text), "%s", text);
    self->line_count++;
}

static void on_room(void *ctx)
{
    struct bench *self = ctx;

    slu_wake_raise(&self->room);
}

/* All that a pull promises it keeps with several loops, too: the same tests are
 * run again with this set. */
static unsigned count_threads(void)
{
    const char *text = getenv("BENCH_THREADS");

    return text == NULL ? 1 : (unsigned)strtoul(text, NULL, 10);
}

void bench_start(struct bench *self, raw_answer_fn fn, void *ctx)
{
    struct slu_guard_options guard = {.cidr_min_prefix = 8};

    memset(self, 0, sizeof(*self));
    (void)make_folder(self->dir);
    served_start(&self->served, fn, ctx);
    memcpy(self->world.base_url, self->served.url, sizeof(self->served.url));
    self->world.key = (struct slu_secret){"k3y", "the test"};
    self->world.unit_count = 1;
    self->world.pages = 1;
    cr_assert_eq(slu_wake_open(&self->stop), SLU_ERR_OK);
    cr_assert_eq(slu_wake_open(&self->room), SLU_ERR_OK);
    self->guard = slu_guard_new(slu_alloc_default(), &guard);
    self->store_options =
        (struct slu_store_options){.alloc = slu_alloc_default(),
                                   .dir = self->dir,
                                   .ctx = self,
                                   .on_room = on_room};
    self->http = served_http();
    self->limits = (struct slu_limits_config){
        .connections = 4, .threads = count_threads(), .max_wait_ms = 10000};
    self->options = (struct slu_pull_options){
        .alloc = slu_alloc_default(),
        .http = &self->http,
        .limits = &self->limits,
        .ops = &fake_source,
        .source_config = &self->world,
        .guard = self->guard,
        .logger = {keep_line, self, SLU_LOG_DEBUG},
        .stop = &self->stop,
        .room = &self->room,
        .callbacks = &self->callbacks,
    };
}

void bench_open(struct bench *self)
{
    struct slu_error error = {0};

    if (self->store == NULL) {
        cr_assert_eq(slu_store_open(&self->store_options, &self->store, &error),
                     SLU_ERR_OK, "%s", error.text);
    }
    self->options.store = self->store;
}

enum slu_err bench_run(struct bench *self)
{
    enum slu_err err;

    bench_open(self);
    self->error = (struct slu_error){0};
    err = slu_pull_run(&self->options, &self->report, &self->result,
                       &self->error);
    /* Whatever happened: a code has its sentence, no slot is left taken, and
     * the source is gone. */
    cr_assert_eq(err, self->error.code);
    cr_assert_eq(err == SLU_ERR_OK, self->error.text[0] == '\0');
    cr_assert_not(self->world.engine_left);
    cr_assert(self->world.destroyed || self->world.port == NULL);
    return err;
}

unsigned bench_run_short(struct bench *self,
                         void (*prepare)(struct bench *self))
{
    const struct slu_alloc *usual = self->options.alloc;
    struct failing_alloc failing;
    unsigned fail_at = 0;
    bool done = false;

    while (!done) {
        enum slu_err err;

        fail_at++;
        failing_alloc_init(&failing, fail_at);
        memset(self->world.units, 0, sizeof(self->world.units));
        self->world.under_way = 0;
        self->world.port = NULL;
        self->line_count = 0;
        if (prepare != NULL) {
            prepare(self);
        }
        self->options.alloc = &failing.alloc;
        err = bench_run(self);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%u: %s", fail_at,
                  self->error.text);
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
        done = failing.calls < fail_at;
    }
    self->options.alloc = usual;
    return fail_at;
}

void bench_stop_server(struct bench *self)
{
    self->counts = served_stop(&self->served);
}

void bench_stop(struct bench *self)
{
    slu_store_close(self->store);
    slu_guard_free(self->guard);
    slu_wake_close(&self->stop);
    slu_wake_close(&self->room);
    remove_tree(self->dir);
}

unsigned bench_count_lines(const struct bench *self, enum slu_log_level level,
                           const char *text)
{
    unsigned count = 0;

    for (unsigned i = 0; i < self->line_count; i++) {
        count += self->lines[i].level >= level &&
                 strstr(self->lines[i].text, text) != NULL;
    }
    return count;
}

struct scan {
    char *out;
    size_t room;
    unsigned count;
};

static enum slu_err scan_one(void *ctx, const struct slu_record *record)
{
    struct scan *self = ctx;

    self->count++;
    if (record->key.len + 2 <= self->room) {
        int len = snprintf(self->out, self->room, "%.*s ",
                           SLU_VIEW_ARGS(record->key));

        self->out += len;
        self->room -= (size_t)len;
    }
    return SLU_ERR_OK;
}

unsigned bench_scan(struct bench *self, enum slu_record_kind kind, char *out,
                    size_t room)
{
    char none[1];
    struct scan scan = {out == NULL ? none : out, out == NULL ? 0 : room, 0};

    cr_assert_eq(slu_store_fold(self->store), SLU_ERR_OK, "%s",
                 slu_store_error(self->store)->text);
    cr_assert_eq(slu_store_scan(self->store, kind, scan_one, &scan),
                 SLU_ERR_OK);
    return scan.count;
}

const char *bench_entry(struct bench *self, const char *key)
{
    static struct found_entry found;

    found = (struct found_entry){.count = 0};
    cr_assert_eq(slu_store_entries(self->store, key, note_entry, &found),
                 SLU_ERR_OK);
    return found.count == 0 ? NULL : found.value;
}

sqlite3 *bench_connect(const struct bench *self, const char *sql)
{
    char path[128];
    char *why = NULL;
    sqlite3 *db;

    (void)snprintf(path, sizeof(path), "%s/state.db", self->dir);
    cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
    (void)sqlite3_busy_timeout(db, 5000);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &why), SQLITE_OK, "%s", why);
    return db;
}

void bench_parse(const char *request, unsigned *out_unit, unsigned *out_page)
{
    if (sscanf(request, "GET /u/%u/%u ", out_unit, out_page) != 2) {
        abort();
    }
}
