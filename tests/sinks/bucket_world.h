/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What: a writer that runs the sink "s3" against a fake S3 as the engine would:
 * requests in flight, answers in pieces, what was put durable only after
 * COMMIT, retries with a bound.
 */
#ifndef TESTS_SINKS_BUCKET_WORLD_H
#define TESTS_SINKS_BUCKET_WORLD_H

#include "sinks/bucket.h"
#include "sinks/fake_s3.h"
#include "support/failing_alloc.h"

#define WRITER_ENTRIES 80
#define WRITER_CONTENTS 400
#define WRITER_FLIGHT 8

struct writer_entry {
    struct slu_unit *unit; /* of a put that is not durable yet */
    char key[220];
    char value[1100];
};

struct writer_content {
    struct slu_content_name name;
    char *bytes;
    size_t len;
};

struct writer_flight {
    struct slu_request request;
};

struct writer {
    struct fake_s3 *s3;
    unsigned number; /* which writer it is */
    struct failing_alloc alloc;
    struct slu_bucket_config config;
    struct slu_contents contents_table;
    struct slu_bucket *bucket;
    struct slu_errand_port port;
    char aws_region[40];

    struct writer_content contents[WRITER_CONTENTS];
    unsigned content_count;
    unsigned open; /* contents */
    unsigned writing;
    bool refuse_writes; /* of the contents: the disk is full */

    struct writer_entry entries[WRITER_ENTRIES]; /* durable */
    unsigned entry_count;
    struct writer_entry pending[WRITER_ENTRIES];
    unsigned pending_count;
    bool refuse_puts;

    struct writer_flight flights[WRITER_FLIGHT];
    unsigned flight_count;
    unsigned flight_max;
    struct slu_now now;
    size_t piece;          /* of bodies; 0: whole */
    unsigned attempts_max; /* then it is given up */
    uint64_t chance;       /* 0: in order */
    unsigned retries;
    unsigned throttled;
    struct slu_error last_retry;
    char log[16384];
};

void writer_init(struct writer *self, struct fake_s3 *s3);
void writer_fini(struct writer *self);
/* The process is killed, and starts again. */
void writer_restart(struct writer *self);
/* The same, and by chance some writes that were in flight have reached S3. */
void writer_kill(struct writer *self);

struct slu_content_name writer_keep(struct writer *self, const char *text);
void writer_forget(struct writer *self, const struct slu_content_name *name);
struct slu_artifact writer_artifact(struct writer *self, const char *path,
                                    enum slu_artifact_role role,
                                    const char *text);
void writer_store(struct writer *self, const char *path,
                  enum slu_artifact_role role, const char *text);
void writer_fetch(struct writer *self, const char *path);
const char *writer_entry(struct writer *self, const char *key);
void writer_set_entry(struct writer *self, const char *key, const char *value);
/* As who takes over what was fetched. */
void writer_adopt(struct writer *self, const char *path);
const char *writer_content(struct writer *self,
                           const struct slu_content_name *name);

void writer_verify(struct writer *self, const char *path);
/* What is stored is loaded, what will be put is stored. False: it can't be, and
 * nothing began. */
bool writer_start(struct writer *self);
/* One request taken or one answer given; false: the run is over. */
bool writer_step(struct writer *self);
void writer_run(struct writer *self);

/* The request that comes next, unanswered; the answers are the caller's. */
struct slu_request writer_take(struct writer *self);
struct slu_step writer_answer(struct writer *self, struct slu_unit *unit,
                              const struct slu_answer_head *head,
                              struct slu_view body);

#endif
