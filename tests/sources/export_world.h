/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a stand-in for the engine and for what it reads: objects in memory that
 * are a bucket or a folder. It drives the source guardduty_export with several
 * requests at a time, answers in random order and in random pieces, and commits
 * rows and keys when the source says so. A test may answer by itself.
 */
#ifndef TESTS_SOURCES_EXPORT_WORLD_H
#define TESTS_SOURCES_EXPORT_WORLD_H

#include "sources/guardduty.h"

#define WORLD_FLIGHT_MAX 32

struct world_object {
    char *name;
    char *bytes;
    size_t len;
    unsigned version;
    unsigned asked;
};

struct world_answer {
    int status;
    const char *error_type;
    const char *region;
    char *body; /* freed by the world */
    size_t len;
    struct slu_error end; /* code OK: whole */
};

struct world_flight {
    struct slu_unit *unit;
    struct slu_request request;
    char *target;
    char *region;
    char *rows; /* lines */
    size_t rows_len;
    unsigned row_count;
    char puts[600];
};

struct world;

/* True: it has answered; else the world does. */
typedef bool (*world_answer_fn)(struct world *world,
                                const struct world_flight *flight,
                                struct world_answer *out_answer);

struct world {
    const struct slu_alloc *alloc;
    struct slu_guardduty_config config;
    struct world_object *objects;
    size_t object_count;
    size_t object_capacity;
    size_t page_size; /* of ListObjectsV2 */
    unsigned width;   /* most requests in flight */
    unsigned peak;
    unsigned piece_max;
    size_t record_bytes;
    bool check;
    unsigned attempts_max; /* then a unit is given up */
    world_answer_fn answer;
    void *answer_ctx;
    const char *extra_lines; /* of a folder's list */
    struct slu_source *source;
    struct world_flight flights[WORLD_FLIGHT_MAX];
    unsigned flight_count;
    uint64_t mono_ms;
    unsigned requests;
    unsigned retries;
    unsigned throttled;
    unsigned lists;
    unsigned parts;
    bool closed[2]; /* lanes */
    /* Durable: */
    char *rows; /* committed, lines in the order of commits */
    size_t rows_len;
    unsigned row_count;
    char *keys; /* "key=value\n" */
    size_t keys_len;
    /* Told: */
    char *log;
    size_t log_len;
    char *told;
    size_t told_len;
    unsigned counts[SLU_REASON_COUNT];
    struct slu_source_result result;
    struct slu_error error; /* of create and start */
};

void world_init(struct world *self, const char *export_from);
void world_fini(struct world *self);

/* Adds an object, or changes it and its version. */
struct world_object *world_put(struct world *self, const char *name,
                               const char *bytes, size_t len);
/* The same of a text; gzip when the name ends in .gz. */
struct world_object *world_put_text(struct world *self, const char *name,
                                    const char *text);

/* One run over everything. The code of create, load or start, else OK. */
enum slu_err world_run(struct world *self);

/* A line that is finding number `id` with one address of its own. */
const char *world_finding(unsigned id, char out[1200]);
/* Lines of `count` findings from number `first` on; to free(). */
char *world_make_lines(unsigned first, unsigned count);
void world_put_findings(struct world *self, const char *name, unsigned first,
                        unsigned count);
/* The committed rows have that finding, exactly `times`. */
bool world_has(const struct world *self, unsigned id, unsigned times);

bool world_logged(const struct world *self, const char *text);

#endif
