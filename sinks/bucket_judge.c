/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a unit by its answer. */
#include "codecs/xml_text.h"
#include "sinks/bucket_state.h"

#include <assert.h>

/* A unit needs six at most (HEAD, GET, PUT, and the bucket's region) unless
 * the object changes all the while; each of these is sent without a wait. */
#define MOVES_MAX 10

/* ---- what follows ---- */

void slu_bucket_refuse(struct slu_bucket *self, struct slu_bucket_unit *unit,
                       struct slu_step *out_step)
{
    out_step->kind = SLU_STEP_FAILED;
    if (out_step->error.http_status == 0) {
        out_step->error.http_status = unit->answer.status;
    }
    slu_bucket_fail(self, unit, SLU_OBJECT_FAILED, &out_step->error);
}

void slu_bucket_move(struct slu_bucket *self, struct slu_bucket_unit *unit,
                     enum slu_bucket_phase phase, struct slu_step *out_step)
{
    if (++unit->moves > MOVES_MAX) {
        (void)slu_error_set(&out_step->error, SLU_ERR_INCOMPLETE,
                            "%s changes all the while that it is to be "
                            "written; the next run tries again",
                            slu_bucket_thing(unit));
        slu_bucket_refuse(self, unit, out_step);
        return;
    }
    unit->phase = phase;
    out_step->kind = SLU_STEP_COMMIT;
}

static void ask_again(const struct slu_bucket_unit *unit,
                      const struct slu_answer_end *end,
                      struct slu_step *out_step)
{
    out_step->kind = SLU_STEP_RETRY;
    (void)slu_error_set(&out_step->error, end->err, "%s: %s",
                        slu_bucket_thing(unit),
                        end->error != NULL && end->error->text[0] != '\0'
                            ? end->error->text
                            : slu_err_sentence(end->err));
}

/* ---- what ends below the bucket ---- */

/* Nobody was signed in, so nobody else will be: the other units end without a
 * request. */
static void fail_sign_in(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         const struct slu_answer_end *end,
                         struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, end->err, "%s",
                        end->error != NULL && end->error->text[0] != '\0'
                            ? end->error->text
                            : slu_err_sentence(end->err));
    if (!slu_bucket_is_verified(unit)) {
        self->signed_out = out_step->error;
    }
    slu_bucket_refuse(self, unit, out_step);
}

/* The body could not be kept: no fault of the server. */
static void fail_body(struct slu_bucket *self, struct slu_bucket_unit *unit,
                      struct slu_step *out_step)
{
    const struct slu_error *fault = &unit->answer.fault;

    (void)slu_error_set(
        &out_step->error, fault->code, "%s: its content can't be kept: %s",
        slu_bucket_thing(unit),
        fault->text[0] != '\0' ? fault->text : slu_err_sentence(fault->code));
    slu_bucket_refuse(self, unit, out_step);
}

static void fail_transport(struct slu_bucket *self,
                           struct slu_bucket_unit *unit,
                           const struct slu_answer_end *end,
                           struct slu_step *out_step)
{
    ask_again(unit, end, out_step);
    if (slu_err_retry_class(end->err) != SLU_RETRY_BACKOFF) {
        slu_bucket_refuse(self, unit, out_step);
    }
}

/* ---- good answers ---- */

/* Every later write would have to be unconditional. */
static void refuse_no_etag(struct slu_bucket *self,
                           struct slu_bucket_unit *unit,
                           struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_MALFORMED,
                        "%s: the answer has no usable ETag, without which the "
                        "object can't be written safely",
                        slu_bucket_thing(unit));
    slu_bucket_refuse(self, unit, out_step);
}

/* Durable with this answer, else as good as unknown. */
bool slu_bucket_remember(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         struct slu_step *out_step)
{
    enum slu_err err = slu_bucket_known_put(self, unit);

    if (err == SLU_ERR_OK) {
        return true;
    }
    unit->known->state = SLU_OBJECT_UNKNOWN;
    (void)slu_error_set(&out_step->error, err,
                        "%s: what is known of it can't be kept: %s",
                        slu_bucket_thing(unit), slu_err_sentence(err));
    slu_bucket_refuse(self, unit, out_step);
    return false;
}

/* The same of what was going to be put. */
static bool end_intents(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        struct slu_step *out_step)
{
    enum slu_err err = slu_bucket_intent_end(self, unit);

    if (err == SLU_ERR_OK) {
        return true;
    }
    unit->known->state = SLU_OBJECT_UNKNOWN;
    (void)slu_error_set(&out_step->error, err,
                        "%s: that it is stored can't be kept: %s",
                        slu_bucket_thing(unit), slu_err_sentence(err));
    slu_bucket_refuse(self, unit, out_step);
    return false;
}

static void note_known(struct slu_bucket_unit *unit,
                       const struct slu_content_name *content)
{
    struct slu_bucket_known *known = unit->known;
    const struct slu_bucket_answer *answer = &unit->answer;

    known->state = SLU_OBJECT_PRESENT;
    memcpy(known->etag, answer->etag, sizeof(known->etag));
    known->content = *content;
    known->lines = slu_bucket_answer_lines(unit);
    known->bytes = answer->bytes;
}

/* As the log of the Lambda that this replaces; what nobody waits for is told
 * at DEBUG. */
static void tell_stored(struct slu_bucket *self,
                        const struct slu_bucket_unit *unit)
{
    const struct slu_artifact *artifact = &unit->artifact;
    bool list = artifact->role == SLU_ARTIFACT_LIST &&
                (artifact->lines > 0 || unit->lines_before > 0);

    slu_bucket_log(self, list ? SLU_LOG_INFO : SLU_LOG_DEBUG,
                   "Updated S3 file: %s%s | Records: %llu | Size: %.2f MB",
                   self->prefix, artifact->path,
                   (unsigned long long)artifact->lines,
                   (double)artifact->bytes / (1024 * 1024));
}

/* The object has what was to be stored, under the ETag of this answer. */
static void end_stored(struct slu_bucket *self, struct slu_bucket_unit *unit,
                       struct slu_step *out_step)
{
    note_known(unit, &unit->artifact.content);
    unit->known->lines = unit->artifact.lines;
    unit->known->bytes = unit->artifact.bytes;
    if (!slu_bucket_remember(self, unit, out_step) ||
        !end_intents(self, unit, out_step)) {
        return;
    }
    if (!unit->sent) {
        slu_bucket_end(self, unit, SLU_OBJECT_SAME);
        return;
    }
    slu_bucket_end(self, unit, SLU_OBJECT_STORED);
    tell_stored(self, unit);
}

static const char *promise(const struct slu_bucket_unit *unit)
{
    return unit->artifact.role == SLU_ARTIFACT_LIST
               ? "the next run reads it, takes its lines over, and publishes "
                 "both"
               : "the next run reads it, and writes it when all lists are "
                 "stored";
}

/* Somebody else has written it: what is known is wrong. */
static void end_conflict(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         struct slu_step *out_step)
{
    struct slu_error error;

    unit->known->state = SLU_OBJECT_UNKNOWN;
    (void)slu_error_set(&error, SLU_ERR_INCOMPLETE,
                        "%s has content of another writer that was not read "
                        "here yet: nothing was overwritten; %s",
                        slu_bucket_thing(unit), promise(unit));
    error.http_status = unit->sent ? 412 : 0;
    if (slu_bucket_remember(self, unit, out_step)) {
        slu_bucket_fail(self, unit, SLU_OBJECT_CONFLICT, &error);
    }
}

static void take_fetched(struct slu_bucket *self, struct slu_bucket_unit *unit,
                         struct slu_step *out_step)
{
    const struct slu_contents *contents = self->contents;
    struct slu_content_writer *writer = unit->answer.writer;
    struct slu_content_name name = {0};
    bool ours;
    enum slu_err err;

    unit->answer.writer = NULL;
    err = contents->commit(contents->ctx, writer, &name, &unit->answer.fault);
    if (err != SLU_ERR_OK) {
        unit->answer.fault.code = err;
        fail_body(self, unit, out_step);
        return;
    }
    ours = unit->verify && slu_bucket_is_ours(unit->known, &name);
    note_known(unit, &name);
    slu_bucket_end(self, unit, ours ? SLU_OBJECT_OURS : SLU_OBJECT_FETCHED);
    if (unit->store) {
        slu_bucket_plan_store(self, unit);
    }
}

static void take_verified(struct slu_bucket *self, struct slu_bucket_unit *unit,
                          struct slu_step *out_step)
{
    if (strcmp(unit->answer.etag, unit->known->etag) != 0) {
        unit->known->state = SLU_OBJECT_UNKNOWN;
        slu_bucket_move(self, unit, SLU_BUCKET_FETCH, out_step);
        return;
    }
    slu_bucket_end(self, unit, SLU_OBJECT_KNOWN);
    if (unit->store) {
        slu_bucket_plan_store(self, unit);
    }
}

/* Nobody reads a side file to make the next one. */
static bool may_replace(const struct slu_bucket_unit *unit,
                        const struct slu_content_name *name)
{
    return unit->artifact.role == SLU_ARTIFACT_SIDE ||
           slu_bucket_is_ours(unit->known, name);
}

static void compare(struct slu_bucket *self, struct slu_bucket_unit *unit,
                    struct slu_step *out_step)
{
    const struct slu_artifact *artifact = &unit->artifact;
    struct slu_content_name name;

    slu_bucket_answer_name(unit, &name);
    if (slu_content_name_equal(&name, &artifact->content)) {
        end_stored(self, unit, out_step);
        return;
    }
    if (!may_replace(unit, &name)) {
        end_conflict(self, unit, out_step);
        return;
    }
    note_known(unit, &name);
    unit->lines_before = unit->known->lines;
    slu_bucket_move(self, unit, SLU_BUCKET_PUT, out_step);
}

/* Of a side file its ETag is enough. */
static void take_look(struct slu_bucket *self, struct slu_bucket_unit *unit,
                      struct slu_step *out_step)
{
    static const struct slu_content_name unknown = {""};

    if (unit->artifact.role != SLU_ARTIFACT_SIDE) {
        slu_bucket_move(self, unit, SLU_BUCKET_COMPARE, out_step);
        return;
    }
    note_known(unit, &unknown);
    slu_bucket_move(self, unit, SLU_BUCKET_PUT, out_step);
}

static void take_answer(struct slu_bucket *self, struct slu_bucket_unit *unit,
                        struct slu_step *out_step)
{
    bool put = unit->phase == SLU_BUCKET_PUT;
    struct slu_aws_error located = {.status = 200};

    self->welcome = self->welcome || unit->phase != SLU_BUCKET_LOCATE;
    if (put && unit->answer.etag[0] == '\0') {
        slu_bucket_move(self, unit, SLU_BUCKET_COMPARE, out_step);
        return;
    }
    if (unit->phase != SLU_BUCKET_LOCATE && unit->answer.etag[0] == '\0') {
        refuse_no_etag(self, unit, out_step);
        return;
    }
    switch (unit->phase) {
    case SLU_BUCKET_VERIFY:
        take_verified(self, unit, out_step);
        break;
    case SLU_BUCKET_FETCH:
        take_fetched(self, unit, out_step);
        break;
    case SLU_BUCKET_LOOK:
        take_look(self, unit, out_step);
        break;
    case SLU_BUCKET_COMPARE:
        compare(self, unit, out_step);
        break;
    case SLU_BUCKET_PUT:
        end_stored(self, unit, out_step);
        break;
    case SLU_BUCKET_LOCATE:
        slu_bucket_redirect(self, unit, &located, out_step);
        break;
    case SLU_BUCKET_DONE:
        assert(!"an answer for nobody");
        break;
    }
}

/* ---- any answer ---- */

/* S3 begins to answer before it is done, and may fail behind a 200; of GET it
 * is the object's own text. */
static bool has_error_inside(const struct slu_bucket_unit *unit)
{
    struct slu_view inner;

    return unit->phase == SLU_BUCKET_PUT &&
           slu_xml_find(slu_buf_view(&unit->answer.words), "Error", &inner);
}

static void judge_refusal(struct slu_bucket *self, struct slu_bucket_unit *unit,
                          struct slu_step *out_step)
{
    const struct slu_bucket_answer *answer = &unit->answer;
    struct slu_aws_error cause;
    enum slu_err err = slu_aws_error_read(
        self->alloc, answer->status == 200 ? 500 : answer->status,
        slu_view_str(answer->error_type), slu_buf_view(&answer->words), &cause);

    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&out_step->error, err, "%s: %s",
                            slu_bucket_thing(unit), slu_err_sentence(err));
        slu_bucket_refuse(self, unit, out_step);
        return;
    }
    slu_bucket_refusal(self, unit, &cause, out_step);
}

void slu_bucket_judge(struct slu_bucket *self, struct slu_bucket_unit *unit,
                      const struct slu_answer_end *end,
                      struct slu_step *out_step)
{
    const struct slu_bucket_answer *answer = &unit->answer;

    if (answer->status == 0 &&
        (end->err == SLU_ERR_AUTH || end->err == SLU_ERR_DENIED ||
         end->err == SLU_ERR_CONFIG)) {
        fail_sign_in(self, unit, end, out_step);
    } else if (answer->fault.code != SLU_ERR_OK) {
        fail_body(self, unit, out_step);
    } else if (end->err != SLU_ERR_OK &&
               (answer->status == 200 || answer->status == 0)) {
        /* The status of a refusal counts even if its body was cut. */
        fail_transport(self, unit, end, out_step);
    } else if (answer->status == 200 && !has_error_inside(unit)) {
        take_answer(self, unit, out_step);
    } else {
        judge_refusal(self, unit, out_step);
    }
}
