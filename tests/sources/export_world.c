/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/export_world.h"

#include "engine/gzip_make.h"

#include <assert.h>
#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static size_t room_for(size_t len)
{
    size_t room = 64;

    while (room < len + 1) {
        room *= 2;
    }
    return room;
}

static void append(char **text, size_t *len, const char *format, ...)
{
    va_list args;
    char line[5000];
    int more;

    va_start(args, format);
    more = vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    assert(more >= 0 && (size_t)more < sizeof(line));
    if (*len == 0 || room_for(*len) < room_for(*len + (size_t)more)) {
        *text = realloc(*text, room_for(*len + (size_t)more));
    }
    memcpy(*text + *len, line, (size_t)more + 1);
    *len += (size_t)more;
}

/* ---- objects ---- */

static const char *const export_names[] = {".jsonl.gz", ".jsonl"};

void world_init(struct world *self, const char *export_from)
{
    *self = (struct world){
        .alloc = slu_alloc_default(),
        .page_size = 1000,
        .width = 8,
        .piece_max = 3000,
        .record_bytes = 1 << 20,
        .attempts_max = 10,
        .mono_ms = 1000,
        .rows = calloc(1, 1),
        .keys = calloc(1, 1),
        .log = calloc(1, 1),
        .told = calloc(1, 1),
        .config =
            {
                .indicators = {.all = true},
                .finding_compat = "none",
                .detector = "auto",
                .export_from = export_from,
                .export_region = "",
                .export_names = {.items = export_names, .count = 2},
            },
    };
}

void world_fini(struct world *self)
{
    for (size_t i = 0; i < self->object_count; i++) {
        free(self->objects[i].name);
        free(self->objects[i].bytes);
    }
    free(self->objects);
    free(self->rows);
    free(self->keys);
    free(self->log);
    free(self->told);
}

static struct world_object *find_object(struct world *self, const char *name)
{
    for (size_t i = 0; i < self->object_count; i++) {
        if (strcmp(self->objects[i].name, name) == 0) {
            return &self->objects[i];
        }
    }
    return NULL;
}

struct world_object *world_put(struct world *self, const char *name,
                               const char *bytes, size_t len)
{
    struct world_object *object = find_object(self, name);

    if (object == NULL && self->object_count == self->object_capacity) {
        self->object_capacity = self->object_capacity * 2 + 16;
        self->objects = realloc(self->objects,
                                self->object_capacity * sizeof(*self->objects));
    }
    if (object == NULL) {
        object = &self->objects[self->object_count++];
        *object = (struct world_object){.name = strdup(name)};
    }
    free(object->bytes);
    object->bytes = malloc(len + 1);
    memcpy(object->bytes, bytes, len);
    object->len = len;
    object->version++;
    return object;
}

struct world_object *world_put_text(struct world *self, const char *name,
                                    const char *text)
{
    size_t name_len = strlen(name);
    struct world_object *object;
    size_t len = strlen(text);
    char *gzip;

    if (name_len < 3 || strcmp(name + name_len - 3, ".gz") != 0) {
        return world_put(self, name, text, len);
    }
    gzip = gzip_make(text, len, 1, &len);
    object = world_put(self, name, gzip, len);
    free(gzip);
    return object;
}

const char *world_finding(unsigned id, char out[1200])
{
    (void)snprintf(
        out, 1200,
        "{\"schemaVersion\":\"2.0\",\"accountId\":\"111122223333\","
        "\"region\":\"us-east-1\",\"id\":\"f%031u\",\"arn\":\"arn:aws:"
        "guardduty:us-east-1:111122223333:detector/d/finding/f\",\"type\":"
        "\"Backdoor:EC2/C&CActivity.B\",\"severity\":8,\"createdAt\":"
        "\"2025-08-07T05:00:00.000Z\",\"updatedAt\":"
        "\"2025-08-07T05:00:00.000Z\",\"description\":\"d\",\"service\":{"
        "\"eventFirstSeen\":\"2025-08-07T04:00:00.000Z\",\"eventLastSeen\":"
        "\"2025-08-07T05:00:00.000Z\",\"archived\":false,\"count\":1,"
        "\"action\":{\"actionType\":\"NETWORK_CONNECTION\","
        "\"networkConnectionAction\":{\"connectionDirection\":\"OUTBOUND\","
        "\"remoteIpDetails\":{\"ipAddressV4\":\"9.%u.%u.%u\"}}}}}",
        id, id >> 16 & 255, id >> 8 & 255, id & 255);
    return out;
}

char *world_make_lines(unsigned first, unsigned count)
{
    char *text = calloc(count + 1, 1201);
    size_t len = 0;

    for (unsigned i = 0; i < count; i++) {
        char line[1200];

        len +=
            (size_t)sprintf(text + len, "%s\n", world_finding(first + i, line));
    }
    return text;
}

void world_put_findings(struct world *self, const char *name, unsigned first,
                        unsigned count)
{
    char *text = world_make_lines(first, count);

    world_put_text(self, name, text);
    free(text);
}

bool world_has(const struct world *self, unsigned id, unsigned times)
{
    char line[100];
    unsigned found = 0;

    (void)snprintf(line, sizeof(line), "9.%u.%u.%u f%031u\n", id >> 16 & 255,
                   id >> 8 & 255, id & 255, id);
    for (const char *at = self->rows; (at = strstr(at, line)) != NULL; at++) {
        found += at == self->rows || at[-1] == '\n';
    }
    return found == times;
}

bool world_logged(const struct world *self, const char *text)
{
    return strstr(self->log, text) != NULL;
}

/* ---- what a bucket and a folder answer ---- */

static int compare_objects(const void *a, const void *b)
{
    return strcmp(((const struct world_object *)a)->name,
                  ((const struct world_object *)b)->name);
}

static void print_url(const char *text, char *out)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == ' ') {
            *out++ = '+';
        } else if (strchr("&<>%+\"'", byte) != NULL || byte < 0x20 ||
                   byte >= 0x7f) {
            out += sprintf(out, "%%%02X", byte);
        } else {
            *out++ = (char)byte;
        }
    }
    *out = '\0';
}

/* A parameter's value, decoded. */
static void read_parameter(const char *target, const char *name, char *out)
{
    const char *at = strstr(target, name);

    *out = '\0';
    for (at = at == NULL ? "" : at + strlen(name); *at != '\0' && *at != '&';
         at++) {
        unsigned byte = (unsigned char)*at;

        if (*at == '%') {
            cr_assert_eq(sscanf(at + 1, "%2x", &byte), 1);
            at += 2;
        }
        *out++ = (char)byte;
        *out = '\0';
    }
}

/* Tokens are like S3's own: not to be guessed, and full of "+/=". */
static void answer_page(struct world *self, const char *target,
                        struct world_answer *out)
{
    char prefix[3000];
    char token[3000];
    unsigned long first = 0;
    size_t listed = 0;
    size_t at = 0;

    cr_assert_not_null(strstr(target, "list-type=2"));
    cr_assert_not_null(strstr(target, "encoding-type=url"));
    cr_assert_not_null(strstr(target, "max-keys=1000"));
    read_parameter(target, "&prefix=", prefix);
    read_parameter(target, "&continuation-token=", token);
    if (token[0] != '\0') {
        cr_assert_eq(sscanf(token, "+/%lu==", &first), 1, "%s", token);
    }
    append(&out->body, &out->len,
           "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
           "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
           "<EncodingType>url</EncodingType>");
    for (at = first; at < self->object_count && listed < self->page_size;
         at++) {
        const struct world_object *object = &self->objects[at];
        char name[9000];

        if (strncmp(object->name, prefix, strlen(prefix)) != 0) {
            continue;
        }
        print_url(object->name, name);
        append(&out->body, &out->len,
               "<Contents><Key>%s</Key><LastModified>2025-08-07T05:00:00.000Z"
               "</LastModified><ETag>&quot;tag%u&quot;</ETag><Size>%zu</Size>"
               "<StorageClass>STANDARD</StorageClass></Contents>",
               name, object->version, object->len);
        listed++;
    }
    append(&out->body, &out->len, "<IsTruncated>%s</IsTruncated>",
           at < self->object_count ? "true" : "false");
    if (at < self->object_count) {
        append(&out->body, &out->len,
               "<NextContinuationToken>+/%zu==</NextContinuationToken>", at);
    }
    append(&out->body, &out->len, "</ListBucketResult>");
}

static void answer_folder(struct world *self, struct world_answer *out)
{
    const char *extra = self->extra_lines == NULL ? "" : self->extra_lines;
    size_t room = strlen(extra) + 1;

    for (size_t i = 0; i < self->object_count; i++) {
        room += strlen(self->objects[i].name) + 60;
    }
    out->body = malloc(room);
    out->len = (size_t)sprintf(out->body, "%s", extra);
    for (size_t i = 0; i < self->object_count; i++) {
        out->len += (size_t)sprintf(
            out->body + out->len, "%zu %u %s\n", self->objects[i].len,
            1700000000 + self->objects[i].version, self->objects[i].name);
    }
}

static void answer_object(struct world *self, const char *name,
                          struct world_answer *out)
{
    struct world_object *object = find_object(self, name);

    if (object == NULL) {
        out->status = 404;
        append(&out->body, &out->len,
               "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>");
        return;
    }
    object->asked++;
    out->body = malloc(object->len + 1);
    memcpy(out->body, object->bytes, object->len);
    out->len = object->len;
}

static void answer(struct world *self, const struct world_flight *flight,
                   struct world_answer *out)
{
    const char *place = self->config.export_from;
    char name[9000];

    *out = (struct world_answer){.status = 200};
    if (self->answer != NULL && self->answer(self, flight, out)) {
        return;
    }
    switch (flight->request.channel) {
    case SLU_CHANNEL_FOLDER:
        cr_assert_str_eq(flight->target, place);
        answer_folder(self, out);
        break;
    case SLU_CHANNEL_FILE:
        cr_assert_eq(strncmp(flight->target, place, strlen(place)), 0);
        answer_object(self, flight->target + strlen(place) + 1, out);
        break;
    default:
        if (strncmp(flight->target, "/?", 2) == 0) {
            answer_page(self, flight->target, out);
        } else {
            read_parameter(flight->target, "/", name);
            answer_object(self, name, out);
        }
        break;
    }
}

/* ---- the port ---- */

static struct world_flight *flight_of(struct slu_unit *unit)
{
    cr_assert_not_null(unit->engine);
    return unit->engine;
}

static enum slu_err take_finding(void *ctx, struct slu_unit *unit,
                                 const struct slu_finding_key *key)
{
    (void)ctx;
    (void)flight_of(unit);
    cr_assert_gt(key->id.len, 0);
    return SLU_ERR_OK;
}

static enum slu_err take_row(void *ctx, struct slu_unit *unit,
                             const struct slu_row *row)
{
    struct world_flight *flight = flight_of(unit);

    (void)ctx;
    append(&flight->rows, &flight->rows_len, "%.*s %.*s\n",
           SLU_VIEW_ARGS(row->value), SLU_VIEW_ARGS(row->finding_id));
    flight->row_count++;
    return SLU_ERR_OK;
}

static void take_count(void *ctx, struct slu_unit *unit, enum slu_reason reason)
{
    (void)flight_of(unit);
    ((struct world *)ctx)->counts[reason]++;
}

static enum slu_err take_put(void *ctx, struct slu_unit *unit,
                             struct slu_view key, struct slu_view value)
{
    struct world_flight *flight = flight_of(unit);
    size_t len = strlen(flight->puts);

    (void)ctx;
    cr_assert_leq(key.len, 200);
    (void)snprintf(flight->puts + len, sizeof(flight->puts) - len,
                   "%.*s=%.*s\n", SLU_VIEW_ARGS(key), SLU_VIEW_ARGS(value));
    return SLU_ERR_OK;
}

static void commit(struct world *self, const struct world_flight *flight)
{
    cr_assert_not(self->check);
    self->rows = realloc(self->rows, self->rows_len + flight->rows_len + 1);
    memcpy(self->rows + self->rows_len, flight->rows, flight->rows_len + 1);
    self->rows_len += flight->rows_len;
    self->row_count += flight->row_count;
    append(&self->keys, &self->keys_len, "%s", flight->puts);
}

/* The answer goes on. */
static enum slu_err take_part(void *ctx, struct slu_unit *unit)
{
    struct world_flight *flight = flight_of(unit);

    commit(ctx, flight);
    ((struct world *)ctx)->parts++;
    flight->rows_len = 0;
    flight->rows[0] = '\0';
    flight->row_count = 0;
    flight->puts[0] = '\0';
    return SLU_ERR_OK;
}

static void take_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct world *self = ctx;

    append(&self->log, &self->log_len, "[%s] %s\n", slu_log_level_name(level),
           text);
}

static bool may_send(void *ctx, unsigned lane, unsigned identity)
{
    struct world *self = ctx;

    cr_assert_lt(lane, 2);
    cr_assert_eq(identity, 0);
    return !self->closed[lane];
}

static void take_tell(void *ctx, enum slu_check_kind kind, const char *text)
{
    static const char *const kinds[] = {"OK", "WARN", "FAIL"};
    struct world *self = ctx;

    append(&self->told, &self->told_len, "%s %s\n", kinds[kind], text);
}

/* ---- the engine ---- */

static void send(struct world *self, const struct slu_request *request)
{
    struct world_flight *flight = NULL;

    for (unsigned i = 0; i < self->width && flight == NULL; i++) {
        flight = self->flights[i].unit == NULL ? &self->flights[i] : NULL;
    }
    cr_assert_not_null(flight);
    cr_assert_null(request->unit->engine, "%s", request->unit->name);
    cr_assert_leq(request->unit->not_before_ms, self->mono_ms);
    *flight = (struct world_flight){
        .unit = request->unit,
        .request = *request,
        .target = strndup(request->target.ptr, request->target.len),
        .region = strndup(
            request->aws.region.ptr == NULL ? "" : request->aws.region.ptr,
            request->aws.region.len),
        .rows = calloc(1, 1),
    };
    request->unit->engine = flight;
    self->flight_count++;
    self->requests++;
    self->lists += request->lane == 0;
    if (self->flight_count > self->peak) {
        self->peak = self->flight_count;
    }
}

static void free_flight(struct world *self, struct world_flight *flight)
{
    free(flight->target);
    free(flight->region);
    free(flight->rows);
    flight->unit = NULL;
    self->flight_count--;
}

/* Each piece in memory of its own length. */
static enum slu_body_verdict hand_body(struct world *self,
                                       struct slu_unit *unit,
                                       const struct world_answer *answer)
{
    size_t at = 0;

    while (at < answer->len) {
        size_t len = 1 + (size_t)rand() % self->piece_max;
        enum slu_body_verdict verdict;
        char *copy;

        len = len < answer->len - at ? len : answer->len - at;
        copy = malloc(len);
        memcpy(copy, answer->body + at, len);
        verdict = slu_guardduty_export_source.on_body(self->source, unit,
                                                      slu_view_make(copy, len));
        free(copy);
        if (verdict == SLU_BODY_ERROR) {
            return verdict;
        }
        at += len;
    }
    return SLU_BODY_MORE;
}

static void settle(struct world *self, struct world_flight *flight,
                   const struct slu_step *step)
{
    struct slu_unit *unit = flight->unit;

    unit->engine = NULL;
    switch (step->kind) {
    case SLU_STEP_COMMIT:
        commit(self, flight);
        unit->attempts = 0;
        break;
    case SLU_STEP_RETRY:
        cr_assert_str_neq(step->error.text, "");
        self->retries++;
        self->throttled += step->throttled;
        unit->not_before_ms = self->mono_ms + 500;
        if (++unit->attempts >= self->attempts_max) {
            slu_guardduty_export_source.give_up(self->source, unit,
                                                &step->error);
        }
        break;
    default:
        cr_assert_str_neq(step->error.text, "");
        break;
    }
    free_flight(self, flight);
}

static void answer_one(struct world *self)
{
    const struct slu_source_ops *ops = &slu_guardduty_export_source;
    struct slu_now now = {self->mono_ms, 1754542800};
    unsigned pick = (unsigned)rand() % self->width;
    struct world_answer given;
    struct slu_answer_head head;
    struct slu_answer_end end;
    struct slu_step step = {0};
    struct world_flight *flight;

    while (self->flights[pick].unit == NULL) {
        pick = (pick + 1) % self->width;
    }
    flight = &self->flights[pick];
    answer(self, flight, &given);
    if (given.status != 0) {
        head = (struct slu_answer_head){
            .status = given.status,
            .error_type = slu_view_str(given.error_type),
            .region = slu_view_str(given.region),
        };
        ops->on_head(self->source, flight->unit, &head);
    }
    end = (struct slu_answer_end){given.end.code,
                                  given.end.code == 0 ? NULL : &given.end};
    if (hand_body(self, flight->unit, &given) == SLU_BODY_ERROR) {
        end = (struct slu_answer_end){SLU_ERR_MALFORMED, NULL};
    }
    free(given.body);
    ops->on_end(self->source, flight->unit, &end, now, &step);
    settle(self, flight, &step);
}

static void run_loop(struct world *self)
{
    for (;;) {
        struct slu_now now = {self->mono_ms, 1754542800};
        enum slu_turn turn = SLU_TURN_WAIT;
        uint64_t until = UINT64_MAX;
        struct slu_request request;

        if (self->flight_count < self->width) {
            turn = slu_guardduty_export_source.next_request(self->source, now,
                                                            &request, &until);
        }
        if (turn == SLU_TURN_REQUEST) {
            send(self, &request);
        } else if (self->flight_count > 0) {
            answer_one(self);
        } else if (turn == SLU_TURN_DONE) {
            return;
        } else {
            cr_assert_neq(until, UINT64_MAX, "it waits for nothing");
            cr_assert_gt(until, self->mono_ms);
            self->mono_ms = until;
        }
    }
}

/* Deleted, or written again further on. */
static bool is_stale(const char *line, const char *equals)
{
    size_t len = (size_t)(equals - line) + 1;

    for (const char *at = strchr(line, '\n') + 1; *at != '\0';
         at = strchr(at, '\n') + 1) {
        if (strncmp(at, line, len) == 0) {
            return true;
        }
    }
    return equals[1] == '\n';
}

static enum slu_err load_keys(struct world *self)
{
    const char *line = self->keys;
    enum slu_err err = SLU_ERR_OK;

    while (*line != '\0' && err == SLU_ERR_OK) {
        const char *equals = strchr(line, '=');
        const char *end = strchr(line, '\n');

        if (!is_stale(line, equals)) {
            err = slu_guardduty_export_source.load(
                self->source, slu_view_make(line, (size_t)(equals - line)),
                slu_view_make(equals + 1, (size_t)(end - equals - 1)));
        }
        line = end + 1;
    }
    return err;
}

enum slu_err world_run(struct world *self)
{
    const struct slu_source_ops *ops = &slu_guardduty_export_source;
    struct slu_source_port port = {
        .ctx = self,
        .finding = take_finding,
        .row = take_row,
        .count = take_count,
        .put = take_put,
        .part = take_part,
        .log = take_log,
        .may_send = may_send,
        .tell = self->check ? take_tell : NULL,
        .record_bytes = self->record_bytes,
    };
    enum slu_err err;

    if (self->object_count > 0) {
        qsort(self->objects, self->object_count, sizeof(*self->objects),
              compare_objects);
    }
    self->requests = 0;
    self->lists = 0;
    self->log_len = 0;
    self->log[0] = '\0';
    self->source = NULL;
    err = ops->create(self->alloc, &self->config, &port, &self->source,
                      &self->error);
    if (err != SLU_ERR_OK) {
        cr_assert_null(self->source);
        return err;
    }
    err = load_keys(self);
    if (err == SLU_ERR_OK) {
        err = ops->start(self->source, NULL,
                         (struct slu_now){self->mono_ms, 1754542800},
                         &self->error);
    }
    if (err == SLU_ERR_OK) {
        run_loop(self);
        ops->result(self->source, &self->result);
    }
    ops->destroy(self->source);
    return err;
}
