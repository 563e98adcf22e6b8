/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the sink "s3" share: one S3, and one writer. */
#ifndef TESTS_SINKS_BUCKET_SCENE_H
#define TESTS_SINKS_BUCKET_SCENE_H

#include "sinks/bucket_world.h"
#include <criterion/criterion.h>
#include <stdio.h>

#define LIST "threat-ip-1.txt"
#define OTHER "threat-entity-1.txt"
#define SIDE "invalid_iocs/reasons.ndjson"
#define CHECKPOINT "gti-checkpoint.json"
#define KEY(path) "guard_duty/" path
#define PLACE "s3://my-bucket/guard_duty/threat-ip-1.txt"

static struct fake_s3 s3;
static struct writer writer;

static inline void setup(void)
{
    fake_s3_init(&s3);
    writer_init(&writer, &s3);
}

static inline void teardown(void)
{
    writer_fini(&writer);
    fake_s3_fini(&s3);
}

static inline enum slu_object_outcome outcome(const char *path)
{
    return slu_bucket_outcome(writer.bucket, path);
}

static inline const struct slu_bucket_result *result(void)
{
    return slu_bucket_result(writer.bucket);
}

/* status: 0 is no answer's. */
static inline void assert_first(enum slu_err code, int status, const char *text)
{
    cr_assert_eq(result()->first.code, code, "%s: %s",
                 slu_err_name(result()->first.code), result()->first.text);
    cr_assert_eq(result()->first.http_status, status, "%d: %s",
                 result()->first.http_status, result()->first.text);
    cr_assert_not_null(strstr(result()->first.text, text), "%s",
                       result()->first.text);
}

/* What happens to the requests from the at-th that comes. */
static inline void fault(enum fault fault, unsigned at, unsigned times)
{
    s3.fault = fault;
    s3.fault_at = s3.requests + at;
    s3.fault_times = times;
}

/* A run that has one list to store. */
static inline void store(const char *text)
{
    slu_bucket_clear(writer.bucket);
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, text);
    writer_run(&writer);
}

/* Four requests by each of: a fetch, a new list, a changed one, a side file,
 * and a checkpoint. */
static inline void run_all(void)
{
    slu_bucket_clear(writer.bucket);
    writer_fetch(&writer, "old.txt");
    writer_store(&writer, LIST, SLU_ARTIFACT_LIST, "1.1.1.1\n2.2.2.2\n");
    writer_store(&writer, OTHER, SLU_ARTIFACT_LIST, "b.example\n");
    writer_store(&writer, SIDE, SLU_ARTIFACT_SIDE, "c.example\n");
    writer_store(&writer, CHECKPOINT, SLU_ARTIFACT_CHECKPOINT, "{\"a\":1}");
    writer_run(&writer);
}

/* The request of a run that fetches one list, and an answer to it. */
static inline struct slu_request ask_list(void)
{
    slu_bucket_clear(writer.bucket);
    writer_fetch(&writer, LIST);
    writer_start(&writer);
    return writer_take(&writer);
}

static inline struct slu_step answer(struct slu_unit *unit, int status,
                                     const char *region, const char *body)
{
    struct slu_answer_head head = {.status = status,
                                   .region = slu_view_str(region)};

    return writer_answer(&writer, unit, &head, slu_view_str(body));
}

#endif
