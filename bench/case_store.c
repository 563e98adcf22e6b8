/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state on disk: answers of 4,000 records committed and made durable, and
 * records folded into what is stored already. Half are addresses, half names,
 * all different and in no order. After each round a scan must yield exactly
 * what was committed, in the order of the keys: it is counted, and a sum over
 * all keys and times compared.
 */
#include "bench/bench.h"
#include "engine/store.h"

#include <stdio.h>
#include <sys/stat.h>

#define ANSWER_RECORDS 4000
#define ANSWERS_MAX 1250
#define ANSWERS_BYTES_MAX ((size_t)1 << 28)
#define SEEN_FROM 1766000000u
#define NEVER (UINT64_C(1) << 60)

/* What is measured, in records. */
struct amount {
    uint64_t commits; /* in each round */
    uint64_t small;   /* stored */
    uint64_t large;   /* stored */
    uint64_t more;    /* folded into those in each round */
    const char *into_small;
    const char *into_large;
};

#define INTO_SMALL "fold of 1 M records into 1.5 M"
#define INTO_LARGE "fold of 1 M records into 10 M"

static const struct amount amounts[] = {
    [SLU_BENCH_SMOKE] = {20000, 32000, 60000, 20000,
                         "fold of 20,000 records into 32,000",
                         "fold of 20,000 records into 60,000"},
    [SLU_BENCH_NORMAL] = {1000000, 1500000, 10000000, 1000000, INTO_SMALL,
                          INTO_LARGE},
    [SLU_BENCH_FULL] = {5000000, 1500000, 10000000, 1000000, INTO_SMALL,
                        INTO_LARGE},
};

/* Of a set of records, whatever their order. */
struct total {
    uint64_t count;
    uint64_t sum;
};

struct scene {
    struct slu_bench *bench;
    struct slu_store *store;
    struct slu_buf answers; /* packed records of those that are to come */
    size_t ends[ANSWERS_MAX];
    unsigned count;
    uint64_t next; /* number of the next record */
    struct total committed;
    char dir[512];
};

/* ---- records ---- */

static uint64_t mix(uint64_t value)
{
    struct slu_bench_random random = {value};

    return slu_bench_next(&random);
}

static void add_to_total(struct total *self, const struct slu_record *record)
{
    uint64_t hash = (uint64_t)record->kind << 32 | record->last_seen;

    for (size_t i = 0; i < record->key.len; i++) {
        hash = (hash ^ (unsigned char)record->key.ptr[i]) * 0x100000001b3U;
    }
    self->count++;
    self->sum += mix(hash ^ record->sources);
}

/* Numbers give different keys: for addresses by an odd factor, for names
 * because they begin with the number's bits in another order. */
static size_t make_key(uint64_t number, uint64_t seed, char *out)
{
    static const char digits[] = "etaoinshrdlucmfw";
    uint64_t spread = number * 0x9e3779b97f4a7c15U;
    size_t len = 0;

    if (number % 2 == 0) {
        struct slu_cidr cidr = {(uint32_t)(number / 2) * 2654435761U, 32};

        slu_record_key_from_cidr(cidr, out);
        return SLU_RECORD_IP_KEY_LEN;
    }
    for (; len < 16; len++) {
        out[len] = digits[spread >> (60 - 4 * len) & 15];
    }
    return len + (size_t)sprintf(out + len, "%.*s.example",
                                 (int)(mix(number ^ seed) % 9), "-elsewhere");
}

static void add_record(struct scene *self, uint64_t number)
{
    uint64_t random = mix(number ^ self->bench->seed);
    char key[64];
    struct slu_record record = {
        .kind = number % 2 == 0 ? SLU_RECORD_IP : SLU_RECORD_DOMAIN,
        .verdict = SLU_VERDICT_MALICIOUS,
        .score = (uint8_t)(random % 101),
        .sources = SLU_SOURCE_LIST_FIRST << random % 8,
        .last_seen = SEEN_FROM + (uint32_t)(random >> 40) % 400000,
    };

    record.key = slu_view_make(key, make_key(number, self->bench->seed, key));
    record.first_seen = record.last_seen;
    record.assessed_at = record.last_seen - (uint32_t)(random >> 20) % 5000;
    add_to_total(&self->committed, &record);
    slu_bench_require(self->bench,
                      slu_record_pack(&record, &self->answers) == SLU_ERR_OK,
                      "a record could not be packed");
}

/* ---- the store ---- */

static void require_ok(const struct scene *self, enum slu_err err,
                       const char *what)
{
    slu_bench_require(self->bench, err == SLU_ERR_OK, "%s: %s", what,
                      slu_store_error(self->store)->text);
}

/* fold_at: NEVER so that only slu_store_fold() folds; 0 as it is used. */
static void open_store(struct scene *self, const char *name, uint64_t fold_at)
{
    struct slu_store_options options = {
        .alloc = self->bench->alloc, .dir = self->dir, .fold_at = fold_at};
    struct slu_error error = {0};

    (void)snprintf(self->dir, sizeof(self->dir), "%s/%s", self->bench->work_dir,
                   name);
    self->next = 0;
    self->committed = (struct total){0};
    slu_bench_require(self->bench,
                      slu_store_open(&options, &self->store, &error) ==
                          SLU_ERR_OK,
                      "%s", error.text);
}

static void make_answers(struct scene *self, uint64_t records)
{
    slu_buf_clear(&self->answers);
    self->count = 0;
    for (uint64_t done = 0; done < records; done += ANSWER_RECORDS) {
        for (unsigned i = 0; i < ANSWER_RECORDS; i++) {
            add_record(self, self->next++);
        }
        self->ends[self->count++] = self->answers.len;
    }
}

/* Seconds until all of them are durable. */
static double commit_answers(struct scene *self)
{
    static const char entry[] = "\4\0\1\0unit1"; /* the unit's checkpoint */
    double began = slu_bench_wall_s();
    size_t at = 0;

    for (unsigned i = 0; i < self->count; at = self->ends[i++]) {
        struct slu_view records =
            slu_view_make(self->answers.ptr + at, self->ends[i] - at);

        require_ok(self,
                   slu_store_commit(
                       self->store, slu_store_answer_id(self->store), records,
                       ANSWER_RECORDS, slu_view_make(entry, sizeof(entry) - 1)),
                   "a commit failed");
    }
    require_ok(self, slu_store_drain(self->store), "draining failed");
    return slu_bench_wall_s() - began;
}

/* At most a million at a time. */
static void commit(struct scene *self, uint64_t records)
{
    while (records != 0) {
        uint64_t part = records < 1000000 ? records : 1000000;

        make_answers(self, part);
        (void)commit_answers(self);
        records -= part;
    }
}

static double fold(struct scene *self)
{
    double began = slu_bench_wall_s();

    require_ok(self, slu_store_fold(self->store), "a fold failed");
    return slu_bench_wall_s() - began;
}

/* ---- what is stored ---- */

struct check {
    struct total total;
    enum slu_record_kind kind;
    char last[SLU_RECORD_KEY_MAX];
    size_t last_len;
    bool any;
    bool disordered;
};

static enum slu_err check_record(void *ctx, const struct slu_record *record)
{
    struct check *self = ctx;
    const struct slu_record last = {
        .kind = self->kind, .key = slu_view_make(self->last, self->last_len)};

    if (self->any && slu_record_compare(&last, record) >= 0) {
        self->disordered = true;
    }
    self->any = true;
    self->kind = record->kind;
    self->last_len = record->key.len;
    memcpy(self->last, record->key.ptr, record->key.len);
    add_to_total(&self->total, record);
    return SLU_ERR_OK;
}

static enum slu_err touch_record(void *ctx, const struct slu_record *record)
{
    uint64_t *sum = ctx;

    *sum += record->last_seen;
    return SLU_ERR_OK;
}

static void scan(struct scene *self, slu_store_record_fn on_record, void *ctx)
{
    for (int kind = 0; kind < SLU_RECORD_KIND_COUNT; kind++) {
        require_ok(self,
                   slu_store_scan(self->store, (enum slu_record_kind)kind,
                                  on_record, ctx),
                   "a scan failed");
    }
}

static void check_all(struct scene *self)
{
    struct check check = {.any = false};

    scan(self, check_record, &check);
    slu_bench_require(self->bench,
                      !check.disordered &&
                          check.total.count == self->committed.count &&
                          check.total.sum == self->committed.sum,
                      "%llu records were committed, the scan yields %llu%s",
                      (unsigned long long)self->committed.count,
                      (unsigned long long)check.total.count,
                      check.disordered ? ", out of order" : ", or others");
}

/* ---- figures ---- */

static void measure_commits(struct scene *self, uint64_t count)
{
    struct slu_bench_figure figure = {
        .name = "commit to disk",
        .unit = "M/s",
        .better = SLU_BENCH_MORE,
        .limit = 2,
        .note = "answers of 4,000 records each, one after the other",
    };
    unsigned round = 0;

    while (slu_bench_round(self->bench, 3, 3.0)) {
        char name[32];

        (void)snprintf(name, sizeof(name), "commits-%u", round++);
        open_store(self, name, NEVER);
        make_answers(self, count);
        slu_bench_add(&figure.ours, (double)self->committed.count /
                                        commit_answers(self) / 1e6);
        (void)fold(self);
        check_all(self);
        slu_store_close(self->store);
    }
    slu_bench_figure(self->bench, &figure);
}

static void measure_folds(struct scene *self,
                          const struct slu_bench_figure *figure, uint64_t more)
{
    struct slu_bench_figure done = *figure;

    while (slu_bench_round(self->bench, 3, 0)) {
        uint64_t before = self->committed.count;

        commit(self, more);
        slu_bench_add(&done.ours, (double)(self->committed.count - before) /
                                      fold(self) / 1e6);
        check_all(self);
    }
    slu_bench_figure(self->bench, &done);
}

static void measure_scan(struct scene *self)
{
    struct slu_bench_figure figure = {
        .name = "scan of all records, each",
        .unit = "ns",
        .better = SLU_BENCH_LESS,
        .limit = 50,
        .note = "making lists takes two such passes",
    };
    uint64_t sum = 0;

    while (slu_bench_round(self->bench, 3, 1.0)) {
        double began = slu_bench_wall_s();

        scan(self, touch_record, &sum);
        slu_bench_add(&figure.ours, (slu_bench_wall_s() - began) * 1e9 /
                                        (double)self->committed.count);
    }
    slu_bench_keep(&sum);
    slu_bench_figure(self->bench, &figure);
}

static void measure_size(struct scene *self)
{
    struct slu_bench_figure figure = {
        .name = "size of a record in state.db",
        .unit = "bytes",
        .better = SLU_BENCH_LESS,
        .note = "the file divided by its records, free space included",
    };
    struct stat info = {0};
    char path[600];

    (void)snprintf(path, sizeof(path), "%s/state.db", self->dir);
    slu_bench_require(self->bench, stat(path, &info) == 0,
                      "there is no state.db");
    slu_bench_add(&figure.ours,
                  (double)info.st_size / (double)self->committed.count);
    slu_bench_figure(self->bench, &figure);
}

/* Stores as many by the way they come in a pull: layers while they are
 * committed, and a fold. */
static void fill(struct scene *self, const char *name, uint64_t stored)
{
    open_store(self, name, 0);
    commit(self, stored);
    (void)fold(self);
    check_all(self);
    slu_store_close(self->store);
}

static void reopen(struct scene *self, const char *name)
{
    const struct total committed = self->committed;
    const uint64_t next = self->next;

    open_store(self, name, NEVER);
    self->committed = committed;
    self->next = next;
}

static void run(struct slu_bench *bench)
{
    const struct amount *amount = &amounts[bench->size];
    struct scene scene = {.bench = bench};

    slu_buf_init(&scene.answers, bench->alloc, ANSWERS_BYTES_MAX);
    measure_commits(&scene, amount->commits);
    fill(&scene, "small", amount->small);
    reopen(&scene, "small");
    measure_folds(&scene,
                  &(struct slu_bench_figure){
                      .name = amount->into_small,
                      .unit = "M/s",
                      .better = SLU_BENCH_MORE,
                      .limit = 1,
                      .note = "each round adds to what is stored",
                  },
                  amount->more);
    slu_store_close(scene.store);
    fill(&scene, "large", amount->large);
    reopen(&scene, "large");
    measure_folds(&scene,
                  &(struct slu_bench_figure){
                      .name = amount->into_large,
                      .unit = "M/s",
                      .better = SLU_BENCH_MORE,
                      .limit = 0.4,
                      .note = "each round adds to what is stored",
                  },
                  amount->more);
    measure_scan(&scene);
    measure_size(&scene);
    slu_store_close(scene.store);
    slu_buf_fini(&scene.answers);
}

const struct slu_bench_case slu_bench_case_store = {
    .name = "store",
    .title = "State on disk",
    .what = "Commit: records are appended to the state on disk, and are safe "
            "there (fsync) with the position in the source. Fold: they are "
            "merged into those that are stored. Scan: all are read in order. "
            "Wall time, in TMPDIR or /var/tmp.",
    .needs = "",
    .normal = true,
    .run = run,
};
