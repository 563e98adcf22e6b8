/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of a request: a page, something worth asking again, or a refusal
 * with its sentence, in the words that the users of the Netskope plugin know.
 */
#include "sources/guardduty_pull.h"

/* Signed anew each time, and with newer credentials or a better clock: what is
 * still refused then is wrong for good. */
#define SIGNED_ANEW_MAX 4

static const char *const actions[] = {
    [SLU_GUARDDUTY_DETECTORS] = "ListDetectors",
    [SLU_GUARDDUTY_LIST] = "ListFindings",
    [SLU_GUARDDUTY_GET] = "GetFindings",
};

static const char *words_of(const struct slu_aws_error *answer)
{
    return answer->message[0] != '\0' ? answer->message : answer->code;
}

/* ---- below HTTP, and bodies that can't be read ---- */

static const struct slu_error *find_failure(struct slu_json_page *page,
                                            const struct slu_answer_end *end)
{
    const struct slu_error *failure = slu_json_page_failure(page, end);

    if (failure == NULL && page->status == 200 &&
        !slu_json_split_saw_array(page->split)) {
        (void)slu_error_set(&page->error, SLU_ERR_MALFORMED,
                            "it lacks what was asked for");
        return &page->error;
    }
    return failure;
}

static enum slu_guardduty_answer
judge_failure(const struct slu_guardduty_unit *unit,
              const struct slu_error *error, struct slu_step *out_step)
{
    bool again = slu_err_retry_class(error->code) == SLU_RETRY_BACKOFF;

    out_step->kind = again ? SLU_STEP_RETRY : SLU_STEP_FAILED;
    out_step->error = *error;
    if (error->code == SLU_ERR_MALFORMED || error->code == SLU_ERR_LIMIT) {
        (void)slu_error_set(
            &out_step->error, error->code,
            "the answer for %s could not be read at byte %llu: %.100s; %s",
            unit->head.name, (unsigned long long)error->offset,
            error->text[0] != '\0' ? error->text
                                   : slu_err_sentence(error->code),
            error->code == SLU_ERR_LIMIT
                ? "raise limits.record_bytes or http.body_max"
                : "check that http.proxy and AWS_ENDPOINT_URL lead to "
                  "GuardDuty itself");
        out_step->error.offset = error->offset;
        out_step->error.http_status = unit->page->json.status;
    } else if (error->text[0] == '\0') {
        (void)slu_error_set(&out_step->error, error->code, "%s: %s",
                            unit->head.name, slu_err_sentence(error->code));
    }
    return again ? SLU_GUARDDUTY_ANSWER_RETRY : SLU_GUARDDUTY_ANSWER_FAILED;
}

/* ---- refusals ---- */

static enum slu_guardduty_answer
say_retry(const struct slu_guardduty_unit *unit,
          const struct slu_aws_error *answer, enum slu_err code,
          struct slu_step *out_step)
{
    out_step->kind = SLU_STEP_RETRY;
    out_step->throttled = answer->class_ == SLU_AWS_THROTTLED;
    (void)slu_error_set(&out_step->error, code, "HTTP %d for %s: %.120s",
                        answer->status, unit->head.name, words_of(answer));
    return SLU_GUARDDUTY_ANSWER_RETRY;
}

static enum slu_guardduty_answer
say_denied(const struct slu_guardduty_unit *unit,
           const struct slu_aws_error *answer, struct slu_step *out_step)
{
    char place[SLU_GUARDDUTY_PLACE_MAX];

    (void)slu_error_set(&out_step->error, SLU_ERR_DENIED,
                        "Access Denied, Verify the permissions provided: "
                        "guardduty:%s is missing for %s (%.150s)",
                        actions[unit->operation],
                        slu_guardduty_place(unit->target, place),
                        words_of(answer));
    return SLU_GUARDDUTY_ANSWER_DENIED;
}

static enum slu_guardduty_answer
say_not_accepted(const struct slu_guardduty_unit *unit,
                 const struct slu_aws_error *answer, struct slu_step *out_step)
{
    char place[SLU_GUARDDUTY_PLACE_MAX];

    (void)slu_error_set(&out_step->error, SLU_ERR_AUTH,
                        "the credentials are not accepted for %s (%s: %.120s)",
                        slu_guardduty_place(unit->target, place), answer->code,
                        words_of(answer));
    return SLU_GUARDDUTY_ANSWER_NOT_ENABLED;
}

static const char *detector_of(const struct slu_guardduty_unit *unit)
{
    const struct slu_guardduty_window *window =
        unit->operation == SLU_GUARDDUTY_LIST
            ? (const struct slu_guardduty_window *)unit
        : unit->operation == SLU_GUARDDUTY_GET
            ? ((const struct slu_guardduty_get *)unit)->window
            : NULL;

    return window == NULL ? NULL : window->detector->id;
}

static enum slu_guardduty_answer
say_bad_request(const struct slu_guardduty_unit *unit,
                const struct slu_aws_error *answer, struct slu_step *out_step)
{
    const char *detector = detector_of(unit);
    char place[SLU_GUARDDUTY_PLACE_MAX];

    (void)slu_error_set(
        &out_step->error, SLU_ERR_REJECTED,
        "Bad Request, Verify Detector ID and Region Name: "
        "%s%.40s%s%s: %.120s",
        detector != NULL ? "detector " : "", detector != NULL ? detector : "",
        detector != NULL ? ", " : "", slu_guardduty_place(unit->target, place),
        words_of(answer));
    return SLU_GUARDDUTY_ANSWER_BAD_REQUEST;
}

static enum slu_guardduty_answer
say_other(const struct slu_guardduty_unit *unit,
          const struct slu_aws_error *answer, struct slu_step *out_step)
{
    (void)slu_error_set(&out_step->error, SLU_ERR_REJECTED,
                        "HTTP %d for %s: %s%s%.120s; if this is no answer of "
                        "GuardDuty, check http.proxy and AWS_ENDPOINT_URL",
                        answer->status, unit->head.name, answer->code,
                        answer->message[0] != '\0' ? ": " : "",
                        answer->message);
    return SLU_GUARDDUTY_ANSWER_FAILED;
}

static enum slu_guardduty_answer judge_class(struct slu_guardduty_unit *unit,
                                             const struct slu_aws_error *answer,
                                             struct slu_step *out_step)
{
    bool anew = unit->head.attempts < SIGNED_ANEW_MAX;

    switch (answer->class_) {
    case SLU_AWS_THROTTLED:
        return say_retry(unit, answer, SLU_ERR_QUOTA, out_step);
    case SLU_AWS_TRANSIENT:
        return say_retry(unit, answer, SLU_ERR_SERVER, out_step);
    case SLU_AWS_EXPIRED:
    case SLU_AWS_SIGNATURE:
        return anew ? say_retry(unit, answer, SLU_ERR_AUTH, out_step)
                    : say_not_accepted(unit, answer, out_step);
    case SLU_AWS_NOT_ENABLED:
        /* Where it was accepted before, it is a token that has ended. */
        return anew && unit->target->works
                   ? say_retry(unit, answer, SLU_ERR_AUTH, out_step)
                   : say_not_accepted(unit, answer, out_step);
    case SLU_AWS_DENIED:
        return say_denied(unit, answer, out_step);
    case SLU_AWS_BAD_REQUEST:
        return say_bad_request(unit, answer, out_step);
    default:
        return say_other(unit, answer, out_step);
    }
}

static enum slu_guardduty_answer judge_status(struct slu_guardduty_unit *unit,
                                              struct slu_step *out_step)
{
    struct slu_guardduty_page *page = unit->page;
    struct slu_aws_error answer;
    enum slu_guardduty_answer judgement;
    enum slu_err err =
        slu_aws_error_read(unit->target->ctx->alloc, page->json.status,
                           slu_view_str(page->error_type),
                           slu_json_page_refusal(&page->json), &answer);

    if (err != SLU_ERR_OK) {
        (void)slu_error_set(&out_step->error, err, "%s", slu_err_sentence(err));
        return SLU_GUARDDUTY_ANSWER_FAILED;
    }
    judgement = judge_class(unit, &answer, out_step);
    out_step->error.http_status = page->json.status;
    return judgement;
}

static bool is_no_sign_in(const struct slu_guardduty_page *page,
                          enum slu_err err)
{
    return page->json.status == 0 &&
           (err == SLU_ERR_AUTH || err == SLU_ERR_DENIED ||
            err == SLU_ERR_CONFIG);
}

enum slu_guardduty_answer slu_guardduty_judge(struct slu_guardduty_unit *unit,
                                              const struct slu_answer_end *end,
                                              struct slu_step *out_step)
{
    struct slu_guardduty_page *page = unit->page;
    const struct slu_error *failure = find_failure(&page->json, end);

    /* FAILED stands until something better is known. */
    *out_step = (struct slu_step){.kind = SLU_STEP_FAILED};
    if (failure != NULL && is_no_sign_in(page, end->err)) {
        (void)judge_failure(unit, failure, out_step);
        return SLU_GUARDDUTY_ANSWER_NO_SIGN_IN;
    }
    /* The status of a refusal counts even if its body was cut. */
    if (failure != NULL &&
        (page->json.status == 200 || page->json.status == 0)) {
        return judge_failure(unit, failure, out_step);
    }
    if (page->json.status != 200) {
        return judge_status(unit, out_step);
    }
    out_step->kind = SLU_STEP_COMMIT;
    return SLU_GUARDDUTY_ANSWER_PAGE;
}
