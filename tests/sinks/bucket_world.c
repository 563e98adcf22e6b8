/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/bucket_world.h"
#include "codecs/hex_digit.h"
#include "codecs/sha256.h"
#include "sinks/chance.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* ---- the writer's contents ---- */

struct slu_content_writer {
    char *bytes;
    size_t len;
};

static void name_bytes(const char *bytes, size_t len,
                       struct slu_content_name *out_name)
{
    struct slu_sha256 *sha256 = slu_sha256_new(slu_alloc_default());
    unsigned char digest[SLU_SHA256_LEN];

    slu_sha256_hash(sha256, slu_view_make(bytes, len), digest);
    slu_hex_format(digest, sizeof(digest), out_name->text);
    out_name->text[SLU_CONTENT_NAME_LEN] = '\0';
    slu_sha256_free(sha256);
}

static struct writer_content *find_content(struct writer *self,
                                           const struct slu_content_name *name)
{
    for (unsigned i = 0; i < self->content_count; i++) {
        if (slu_content_name_equal(&self->contents[i].name, name)) {
            return &self->contents[i];
        }
    }
    return NULL;
}

static void keep_bytes(struct writer *self, char *take_bytes, size_t len,
                       struct slu_content_name *out_name)
{
    struct writer_content *content;

    name_bytes(take_bytes, len, out_name);
    if (find_content(self, out_name) != NULL) {
        free(take_bytes);
        return;
    }
    cr_assert_lt(self->content_count, WRITER_CONTENTS);
    content = &self->contents[self->content_count++];
    content->name = *out_name;
    content->bytes = take_bytes;
    content->len = len;
}

static enum slu_err contents_open(void *ctx,
                                  const struct slu_content_name *name,
                                  struct slu_view *out_bytes,
                                  struct slu_error *out_error)
{
    struct writer *self = ctx;
    const struct writer_content *content = find_content(self, name);

    if (content == NULL) {
        return slu_error_set(out_error, SLU_ERR_NOT_FOUND,
                             "there is no content %.8s", name->text);
    }
    self->open++;
    *out_bytes = slu_view_make(content->bytes, content->len);
    return SLU_ERR_OK;
}

static void contents_close(void *ctx, struct slu_view take_bytes)
{
    struct writer *self = ctx;

    for (unsigned i = 0; i < self->content_count; i++) {
        if (self->contents[i].bytes == take_bytes.ptr) {
            cr_assert_gt(self->open, 0);
            self->open--;
            return;
        }
    }
    cr_assert_fail("closed what was never opened");
}

static enum slu_err contents_begin(void *ctx,
                                   struct slu_content_writer **out_writer,
                                   struct slu_error *out_error)
{
    struct writer *self = ctx;

    (void)out_error;
    *out_writer = calloc(1, sizeof(**out_writer));
    self->writing++;
    return SLU_ERR_OK;
}

static enum slu_err contents_append(void *ctx,
                                    struct slu_content_writer *writer,
                                    struct slu_view bytes,
                                    struct slu_error *out_error)
{
    struct writer *self = ctx;

    if (self->refuse_writes) {
        return slu_error_set(out_error, SLU_ERR_IO, "the disk is full");
    }
    writer->bytes = realloc(writer->bytes, writer->len + bytes.len);
    memcpy(writer->bytes + writer->len, bytes.ptr, bytes.len);
    writer->len += bytes.len;
    return SLU_ERR_OK;
}

static void contents_abandon(void *ctx, struct slu_content_writer *take_writer)
{
    struct writer *self = ctx;

    cr_assert_gt(self->writing, 0);
    self->writing--;
    free(take_writer->bytes);
    free(take_writer);
}

static enum slu_err contents_commit(void *ctx,
                                    struct slu_content_writer *take_writer,
                                    struct slu_content_name *out_name,
                                    struct slu_error *out_error)
{
    struct writer *self = ctx;

    if (self->refuse_writes) {
        contents_abandon(ctx, take_writer);
        return slu_error_set(out_error, SLU_ERR_IO, "the disk is full");
    }
    if (take_writer->bytes == NULL) {
        take_writer->bytes = malloc(1);
    }
    keep_bytes(self, take_writer->bytes, take_writer->len, out_name);
    take_writer->bytes = NULL;
    contents_abandon(ctx, take_writer);
    return SLU_ERR_OK;
}

struct slu_content_name writer_keep(struct writer *self, const char *text)
{
    struct slu_content_name name;

    keep_bytes(self, strdup(text), strlen(text), &name);
    return name;
}

void writer_forget(struct writer *self, const struct slu_content_name *name)
{
    struct writer_content *content = find_content(self, name);

    cr_assert_not_null(content);
    free(content->bytes);
    *content = self->contents[--self->content_count];
}

const char *writer_content(struct writer *self,
                           const struct slu_content_name *name)
{
    struct writer_content *content = find_content(self, name);

    cr_assert_not_null(content);
    content->bytes = realloc(content->bytes, content->len + 1);
    content->bytes[content->len] = '\0';
    return content->bytes;
}

/* ---- the writer's state ---- */

static void remove_entry(struct writer_entry *entries, unsigned *count,
                         const char *key)
{
    for (unsigned i = 0; i < *count; i++) {
        if (strcmp(entries[i].key, key) == 0) {
            entries[i] = entries[--*count];
            return;
        }
    }
}

void writer_set_entry(struct writer *self, const char *key, const char *value)
{
    struct writer_entry *entry;

    remove_entry(self->entries, &self->entry_count, key);
    if (value[0] == '\0') {
        return;
    }
    cr_assert_lt(self->entry_count, WRITER_ENTRIES);
    entry = &self->entries[self->entry_count++];
    (void)snprintf(entry->key, sizeof(entry->key), "%s", key);
    (void)snprintf(entry->value, sizeof(entry->value), "%s", value);
}

const char *writer_entry(struct writer *self, const char *key)
{
    for (unsigned i = 0; i < self->entry_count; i++) {
        if (strcmp(self->entries[i].key, key) == 0) {
            return self->entries[i].value;
        }
    }
    return "";
}

static enum slu_err port_put(void *ctx, struct slu_unit *unit,
                             struct slu_view key, struct slu_view value)
{
    struct writer *self = ctx;
    struct writer_entry *entry;

    if (self->refuse_puts) {
        return SLU_ERR_NOMEM;
    }
    cr_assert(key.len <= 200 && value.len <= 8192);
    cr_assert_lt(self->pending_count, WRITER_ENTRIES);
    entry = &self->pending[self->pending_count++];
    entry->unit = unit;
    (void)snprintf(entry->key, sizeof(entry->key), "%.*s", SLU_VIEW_ARGS(key));
    (void)snprintf(entry->value, sizeof(entry->value), "%.*s",
                   SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static void settle_puts(struct writer *self, const struct slu_unit *unit,
                        bool commit)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < self->pending_count; i++) {
        if (self->pending[i].unit != unit) {
            self->pending[kept++] = self->pending[i];
        } else if (commit) {
            writer_set_entry(self, self->pending[i].key,
                             self->pending[i].value);
        }
    }
    self->pending_count = kept;
}

void writer_adopt(struct writer *self, const char *path)
{
    struct slu_object object = slu_bucket_object(self->bucket, path);
    struct slu_buf key;
    struct slu_buf value;

    slu_buf_init(&key, slu_alloc_default(), 200);
    slu_buf_init(&value, slu_alloc_default(), 8192);
    cr_assert_eq(slu_bucket_entry(path, &object, &key, &value), SLU_ERR_OK);
    cr_assert_eq(slu_buf_append(&key, slu_view_make("", 1)), SLU_ERR_OK);
    cr_assert_eq(slu_buf_append(&value, slu_view_make("", 1)), SLU_ERR_OK);
    writer_set_entry(self, key.ptr, value.ptr);
    slu_buf_fini(&key);
    slu_buf_fini(&value);
}

/* ---- the writer ---- */

static void port_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct writer *self = ctx;
    size_t len = strlen(self->log);

    (void)snprintf(self->log + len, sizeof(self->log) - len, "[%s] %s\n",
                   slu_log_level_name(level), text);
}

static void make_bucket(struct writer *self)
{
    struct slu_error error = {0};

    cr_assert_eq(slu_bucket_new(&self->alloc.alloc, &self->config,
                                &self->contents_table, &self->bucket, &error),
                 SLU_ERR_OK, "%s", error.text);
}

void writer_init(struct writer *self, struct fake_s3 *s3)
{
    memset(self, 0, sizeof(*self));
    self->s3 = s3;
    failing_alloc_init(&self->alloc, 0);
    self->config =
        (struct slu_bucket_config){FAKE_BUCKET, "guard_duty/", "", ""};
    self->contents_table = (struct slu_contents){self,
                                                 contents_open,
                                                 contents_close,
                                                 contents_begin,
                                                 contents_append,
                                                 contents_commit,
                                                 contents_abandon};
    (void)snprintf(self->aws_region, sizeof(self->aws_region), "us-east-1");
    self->port = (struct slu_errand_port){
        .ctx = self,
        .put = port_put,
        .log = port_log,
        .aws_region = slu_view_str(self->aws_region),
    };
    self->attempts_max = 5;
    self->now.mono_ms = 1000;
    make_bucket(self);
}

void writer_fini(struct writer *self)
{
    slu_bucket_free(self->bucket);
    cr_assert_eq(self->open, 0);
    cr_assert_eq(self->writing, 0);
    cr_assert_eq(self->alloc.live, 0);
    for (unsigned i = 0; i < self->content_count; i++) {
        free(self->contents[i].bytes);
    }
}

void writer_restart(struct writer *self)
{
    slu_bucket_free(self->bucket);
    cr_assert_eq(self->open, 0);
    cr_assert_eq(self->writing, 0);
    self->pending_count = 0;
    self->flight_count = 0;
    make_bucket(self);
}

/* The S3 of the region that the request is for. */
static void exchange(struct writer *self, const struct slu_request *request,
                     struct fake_answer *answer)
{
    struct slu_view region = request->aws.region;

    if (region.len == 0) {
        region = slu_view_str(self->aws_region);
    }
    fake_s3_exchange(self->s3, self->number, region, request, answer);
}

void writer_kill(struct writer *self)
{
    for (unsigned i = 0; i < self->flight_count; i++) {
        const struct slu_request *request = &self->flights[i].request;
        struct fake_answer answer;

        if (request->method == SLU_METHOD_PUT && chance(&self->chance, 2)) {
            exchange(self, request, &answer);
        }
    }
    writer_restart(self);
}

static uint64_t count_lines(const char *text)
{
    uint64_t lines = 0;

    for (; *text != '\0'; text++) {
        lines += *text == '\n';
    }
    return lines;
}

struct slu_artifact writer_artifact(struct writer *self, const char *path,
                                    enum slu_artifact_role role,
                                    const char *text)
{
    return (struct slu_artifact){.path = path,
                                 .role = role,
                                 .content = writer_keep(self, text),
                                 .lines = count_lines(text),
                                 .bytes = strlen(text)};
}

void writer_store(struct writer *self, const char *path,
                  enum slu_artifact_role role, const char *text)
{
    struct slu_artifact artifact = writer_artifact(self, path, role, text);

    cr_assert_eq(slu_bucket_store(self->bucket, &artifact), SLU_ERR_OK);
}

void writer_fetch(struct writer *self, const char *path)
{
    cr_assert_eq(slu_bucket_fetch(self->bucket, path), SLU_ERR_OK);
}

void writer_verify(struct writer *self, const char *path)
{
    cr_assert_eq(slu_bucket_verify(self->bucket, path), SLU_ERR_OK);
}

static enum slu_err put_intent(void *ctx, struct slu_view key,
                               struct slu_view value)
{
    char text[2][1100];

    cr_assert(key.len <= 200 && value.len < sizeof(text[1]));
    (void)snprintf(text[0], sizeof(text[0]), "%.*s", SLU_VIEW_ARGS(key));
    (void)snprintf(text[1], sizeof(text[1]), "%.*s", SLU_VIEW_ARGS(value));
    writer_set_entry(ctx, text[0], text[1]);
    return SLU_ERR_OK;
}

static bool intend(struct writer *self)
{
    enum slu_err err = self->port.read_only
                           ? SLU_ERR_OK
                           : slu_bucket_intend(self->bucket, put_intent, self);

    cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
    return err == SLU_ERR_OK;
}

bool writer_start(struct writer *self)
{
    struct slu_error error = {0};

    for (unsigned i = 0; i < self->entry_count; i++) {
        cr_assert_eq(slu_bucket_errand.load(
                         self->bucket, slu_view_str(self->entries[i].key),
                         slu_view_str(self->entries[i].value)),
                     SLU_ERR_OK);
    }
    if (!intend(self)) {
        return false;
    }
    cr_assert_eq(
        slu_bucket_errand.start(self->bucket, &self->port, self->now, &error),
        SLU_ERR_OK);
    return true;
}

static void settle(struct writer *self, struct slu_unit *unit,
                   struct slu_step *step)
{
    settle_puts(self, unit, step->kind == SLU_STEP_COMMIT);
    cr_assert_neq(step->kind, SLU_STEP_DENIED);
    if (step->kind == SLU_STEP_COMMIT) {
        unit->attempts = 0;
    } else {
        cr_assert_neq(step->error.code, SLU_ERR_OK);
        cr_assert_gt(strlen(step->error.text), 10);
    }
    if (step->kind != SLU_STEP_RETRY) {
        return;
    }
    self->retries++;
    self->throttled += step->throttled;
    self->last_retry = step->error;
    if (++unit->attempts >= self->attempts_max) {
        slu_bucket_errand.give_up(self->bucket, unit, &step->error);
    } else {
        unit->not_before_ms = self->now.mono_ms + 100;
    }
}

static bool give_body(struct writer *self, struct slu_unit *unit,
                      struct slu_view body)
{
    while (body.len > 0) {
        size_t len =
            self->piece > 0 && self->piece < body.len ? self->piece : body.len;
        /* Borrowed for the call only. */
        char *copy = malloc(len);
        enum slu_body_verdict verdict;

        memcpy(copy, body.ptr, len);
        verdict = slu_bucket_errand.on_body(self->bucket, unit,
                                            slu_view_make(copy, len));
        free(copy);
        if (verdict == SLU_BODY_ERROR) {
            return false;
        }
        body = slu_view_make(body.ptr + len, body.len - len);
    }
    return true;
}

static struct slu_step give_end(struct writer *self, struct slu_unit *unit,
                                enum slu_err err)
{
    struct slu_error error = {0};
    struct slu_answer_end end = {err, err == SLU_ERR_OK ? NULL : &error};
    struct slu_step step = {0};

    (void)slu_error_set(&error, err, "the wire: %s", slu_err_name(err));
    slu_bucket_errand.on_end(self->bucket, unit, &end, self->now, &step);
    settle(self, unit, &step);
    return step;
}

struct slu_step writer_answer(struct writer *self, struct slu_unit *unit,
                              const struct slu_answer_head *head,
                              struct slu_view body)
{
    enum slu_err err = SLU_ERR_OK;

    slu_bucket_errand.on_head(self->bucket, unit, head);
    if (!give_body(self, unit, body)) {
        err = SLU_ERR_MALFORMED;
    }
    return give_end(self, unit, err);
}

static void answer_flight(struct writer *self, unsigned index)
{
    struct slu_request request = self->flights[index].request;
    struct fake_answer answer;
    struct slu_answer_head head;

    self->flights[index] = self->flights[--self->flight_count];
    exchange(self, &request, &answer);
    if (answer.status != 0) {
        char *bytes = malloc(answer.len + 1);

        head = (struct slu_answer_head){.status = answer.status,
                                        .region = slu_view_str(answer.region),
                                        .etag = slu_view_str(answer.etag)};
        slu_bucket_errand.on_head(self->bucket, request.unit, &head);
        if (answer.len > 0) {
            memcpy(bytes, answer.bytes, answer.len);
        }
        if (!give_body(self, request.unit, slu_view_make(bytes, answer.len))) {
            answer.end = SLU_ERR_MALFORMED;
        }
        free(bytes);
    }
    (void)give_end(self, request.unit, answer.end);
}

static void answer_one(struct writer *self)
{
    answer_flight(self, self->chance != 0
                            ? chance(&self->chance, self->flight_count)
                            : 0);
}

bool writer_step(struct writer *self)
{
    struct slu_request request = {0};
    uint64_t until = 0;

    if (self->flight_count > 0 && self->chance != 0 &&
        chance(&self->chance, 2) == 0) {
        answer_one(self);
        return true;
    }
    switch (slu_bucket_errand.next_request(self->bucket, self->now, &request,
                                           &until)) {
    case SLU_TURN_REQUEST:
        cr_assert_lt(self->flight_count, 4);
        cr_assert_leq(request.unit->not_before_ms, self->now.mono_ms);
        self->flights[self->flight_count++].request = request;
        if (self->flight_count > self->flight_max) {
            self->flight_max = self->flight_count;
        }
        return true;
    case SLU_TURN_WAIT:
        if (self->flight_count > 0) {
            answer_one(self);
        } else {
            cr_assert_neq(until, UINT64_MAX, "waits for nothing");
            cr_assert_gt(until, self->now.mono_ms);
            self->now.mono_ms = until;
        }
        return true;
    case SLU_TURN_DONE:
        cr_assert_eq(self->flight_count, 0);
        break;
    }
    return false;
}

void writer_run(struct writer *self)
{
    unsigned steps = 0;

    if (!writer_start(self)) {
        return;
    }
    while (writer_step(self)) {
        cr_assert_lt(++steps, 5000, "does not end");
    }
    cr_assert_eq(self->open, 0);
    cr_assert_eq(self->writing, 0);
}

struct slu_request writer_take(struct writer *self)
{
    struct slu_request request = {0};
    uint64_t until = 0;

    cr_assert_eq(slu_bucket_errand.next_request(self->bucket, self->now,
                                                &request, &until),
                 SLU_TURN_REQUEST);
    return request;
}
