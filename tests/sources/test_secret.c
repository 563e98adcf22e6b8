/* SPDX-License-Identifier: Apache-2.0 */
/* The errand that fetches one secret, without a wire. */
#include "codecs/secret_text.h"
#include "engine/count_alloc.h"
#include "sources/secret.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ARN                                                                    \
    "arn:aws:secretsmanager:ap-south-2:111122223333:secret:prod/gti-AbCdEf"
#define GOOD "{\"Name\":\"prod/gti\",\"SecretString\":\"5ec4e7k3y\"}"

static struct errand {
    struct slu_secret secret;
    struct slu_secret_fetch *fetch;
    struct slu_errand_port port;
    struct slu_request request;
    struct slu_step step;
    struct slu_error error;
} errand;

static const struct slu_now now = {1000, 1795321286};

static void open_with(const struct slu_alloc *alloc, const char *name,
                      const char *member)
{
    errand = (struct errand){
        .secret = {NULL, "the secret", name, member},
        .port = {.aws_region = SLU_VIEW_LITERAL("eu-central-1")},
    };
    cr_assert_eq(slu_secret_fetch_new(alloc, &errand.secret, &errand.fetch,
                                      &errand.error),
                 SLU_ERR_OK, "%s", errand.error.text);
    cr_assert_eq(slu_secret_errand.lanes(errand.fetch), 1);
    cr_assert_eq(slu_secret_errand.load(errand.fetch, slu_view_str("k"),
                                        slu_view_str("v")),
                 SLU_ERR_OK);
}

static void start(void)
{
    cr_assert_eq(
        slu_secret_errand.start(errand.fetch, &errand.port, now, &errand.error),
        SLU_ERR_OK);
}

static void open_errand(const char *name, const char *member)
{
    open_with(slu_alloc_default(), name, member);
    start();
}

static enum slu_turn next(uint64_t *until)
{
    return slu_secret_errand.next_request(errand.fetch, now, &errand.request,
                                          until);
}

static void ask(void)
{
    uint64_t until;

    cr_assert_eq(next(&until), SLU_TURN_REQUEST);
}

static void end_with(enum slu_err err, const char *text)
{
    struct slu_error error = {.code = err};
    struct slu_answer_end end = {err, err == SLU_ERR_OK ? NULL : &error};

    (void)snprintf(error.text, sizeof(error.text), "%s", text);
    errand.step = (struct slu_step){.kind = SLU_STEP_COMMIT};
    slu_secret_errand.on_end(errand.fetch, errand.request.unit, &end, now,
                             &errand.step);
}

/* One whole answer, its body in pieces of `piece` bytes. */
static void answer(int status, const char *type, const char *body, size_t piece)
{
    struct slu_answer_head head = {.status = status,
                                   .error_type = slu_view_str(type)};
    struct slu_view rest = slu_view_str(body);

    ask();
    slu_secret_errand.on_head(errand.fetch, errand.request.unit, &head);
    while (rest.len > 0) {
        size_t len = piece < rest.len ? piece : rest.len;

        cr_assert_eq(slu_secret_errand.on_body(errand.fetch,
                                               errand.request.unit,
                                               slu_view_make(rest.ptr, len)),
                     SLU_BODY_MORE);
        rest.ptr += len;
        rest.len -= len;
    }
    end_with(SLU_ERR_OK, "");
}

static void expect_over(void)
{
    uint64_t until;

    cr_assert_eq(next(&until), SLU_TURN_DONE);
}

static void expect_failure(enum slu_err code, const char *why)
{
    cr_assert_null(slu_secret_fetch_value(errand.fetch, &errand.error));
    cr_assert_eq(errand.error.code, code, "%s", errand.error.text);
    cr_assert_not_null(strstr(errand.error.text, why), "%s", errand.error.text);
    cr_assert_not_null(strstr(errand.error.text, "the secret prod/gti"), "%s",
                       errand.error.text);
    cr_assert_null(strstr(errand.error.text, "5ec4e7"));
}

/* The refusal is final: the unit is over and the sentence says why. */
static void refuse(int status, const char *type, const char *body,
                   enum slu_err code, const char *why)
{
    open_errand("prod/gti", NULL);
    answer(status, type, body, 1000);
    cr_assert_eq(errand.step.kind, SLU_STEP_FAILED);
    cr_assert_eq(errand.step.error.code, code, "%s", errand.step.error.text);
    expect_over();
    expect_failure(code, why);
    cr_assert_eq(errand.error.http_status, status);
    slu_secret_fetch_free(errand.fetch);
}

static void retry(int status, const char *type, const char *body,
                  enum slu_err code)
{
    open_errand("prod/gti", NULL);
    answer(status, type, body, 1000);
    cr_assert_eq(errand.step.kind, SLU_STEP_RETRY);
    cr_assert_eq(errand.step.error.code, code, "%s", errand.step.error.text);
    answer(200, "", GOOD, 1000);
    cr_assert_str_eq(slu_secret_fetch_value(errand.fetch, &errand.error),
                     "5ec4e7k3y");
    slu_secret_fetch_free(errand.fetch);
}

/* ---- the request ---- */

Test(secret, asks_for_it_by_name_in_the_region_of_the_settings)
{
    open_errand("prod/gti", NULL);
    ask();
    cr_assert_eq(errand.request.method, SLU_METHOD_POST);
    cr_assert_eq(errand.request.auth, SLU_AUTH_SIGV4);
    cr_assert(slu_view_equal_str(errand.request.target, "/"));
    cr_assert(slu_view_equal_str(errand.request.aws.service, "secretsmanager"));
    cr_assert_eq(errand.request.aws.region.len, 0);
    cr_assert(slu_view_equal_str(errand.request.content_type,
                                 "application/x-amz-json-1.1"));
    cr_assert_eq(errand.request.header_count, 1);
    cr_assert(
        slu_view_equal_str(errand.request.headers[0].name, "x-amz-target"));
    cr_assert(slu_view_equal_str(errand.request.headers[0].value,
                                 "secretsmanager.GetSecretValue"));
    cr_assert(
        slu_view_equal_str(errand.request.body, "{\"SecretId\":\"prod/gti\"}"));
    cr_assert_str_eq(errand.request.unit->name, "the secret prod/gti");
    end_with(SLU_ERR_NETWORK, "no route");
    slu_secret_fetch_free(errand.fetch);
}

Test(secret, asks_in_the_region_of_an_arn)
{
    open_errand(ARN, NULL);
    ask();
    cr_assert(slu_view_equal_str(errand.request.aws.region, "ap-south-2"));
    cr_assert(
        slu_view_equal_str(errand.request.body, "{\"SecretId\":\"" ARN "\"}"));
    end_with(SLU_ERR_NETWORK, "no route");
    slu_secret_fetch_free(errand.fetch);
}

Test(secret, asks_once_and_waits_when_it_is_told_to)
{
    uint64_t until;

    open_errand("prod/gti", NULL);
    ask();
    cr_assert_eq(next(&until), SLU_TURN_WAIT);
    cr_assert_eq(until, UINT64_MAX);
    end_with(SLU_ERR_NETWORK, "no route");
    cr_assert_eq(errand.step.kind, SLU_STEP_RETRY);
    errand.request.unit->not_before_ms = 1500;
    cr_assert_eq(next(&until), SLU_TURN_WAIT);
    cr_assert_eq(until, 1500);
    errand.request.unit->not_before_ms = 1000;
    ask();
    end_with(SLU_ERR_NETWORK, "no route");
    slu_secret_fetch_free(errand.fetch);
}

/* ---- a good answer ---- */

Test(secret, reads_a_value_in_any_pieces)
{
    for (size_t piece = 1; piece < sizeof(GOOD); piece++) {
        open_errand("prod/gti", NULL);
        answer(200, "", GOOD, piece);
        cr_assert_eq(errand.step.kind, SLU_STEP_COMMIT);
        expect_over();
        cr_assert_str_eq(slu_secret_fetch_value(errand.fetch, &errand.error),
                         "5ec4e7k3y");
        slu_secret_fetch_free(errand.fetch);
    }
}

Test(secret, reads_the_member_that_is_named)
{
    open_errand("prod/gti", "apikey");
    answer(200, "",
           "{\"SecretString\":\"{\\\"user\\\":\\\"u\\\",\\\"apikey\\\":"
           "\\\"5ec4e7\\\"}\"}",
           7);
    cr_assert_str_eq(slu_secret_fetch_value(errand.fetch, &errand.error),
                     "5ec4e7");
    slu_secret_fetch_free(errand.fetch);
}

Test(secret, has_none_before_it_was_asked)
{
    open_errand("prod/gti", NULL);
    expect_failure(SLU_ERR_STOPPED, "has not been read");
    slu_secret_fetch_free(errand.fetch);
}

Test(secret, may_be_fetched_again)
{
    open_errand("prod/gti", NULL);
    answer(200, "", GOOD, 1000);
    start();
    expect_failure(SLU_ERR_STOPPED, "has not been read");
    answer(200, "", "{\"SecretString\":\"another\"}", 1000);
    cr_assert_str_eq(slu_secret_fetch_value(errand.fetch, &errand.error),
                     "another");
    /* One that fails then leaves none of the old. */
    start();
    answer(400, "ResourceNotFoundException", "{}", 1000);
    expect_failure(SLU_ERR_NOT_FOUND, "does not exist");
    slu_secret_fetch_free(errand.fetch);
}

/* ---- refusals ---- */

Test(secret, says_what_is_wrong_with_the_secret)
{
    refuse(200, "", "{\"SecretString\":\"5ec4e7 x\"}", SLU_ERR_CONFIG,
           "the secret prod/gti cannot be used: it holds a space");
    refuse(200, "",
           "{\"SecretString\":\"{\\\"a\\\":\\\"5ec4e7\\\",\\\"b\\\":1}\"}",
           SLU_ERR_CONFIG, "its JSON has 2 members");
    refuse(200, "", "{\"SecretBinary\":\"NWVj\"}", SLU_ERR_CONFIG,
           "it is binary");
}

Test(secret, says_that_it_does_not_exist)
{
    refuse(400, "",
           "{\"__type\":\"ResourceNotFoundException\",\"Message\":\"Secrets "
           "Manager can't find the specified secret.\"}",
           SLU_ERR_NOT_FOUND,
           "the secret prod/gti does not exist in eu-central-1");
    /* As moto has it. */
    refuse(404, "ResourceNotFoundException", "{\"message\":\"no\"}",
           SLU_ERR_NOT_FOUND, "does not exist");
    refuse(400, "InvalidRequestException",
           "{\"message\":\"You can't perform this operation on the secret "
           "because it was marked for deletion.\"}",
           SLU_ERR_NOT_FOUND, "was marked for deletion");
}

Test(secret, names_the_permission_that_is_missing)
{
    refuse(400, "AccessDeniedException",
           "{\"Message\":\"User: arn:aws:iam::1:user/u is not authorized\"}",
           SLU_ERR_DENIED, "grant secretsmanager:GetSecretValue");
    refuse(400, "",
           "{\"__type\":\"AccessDeniedException\",\"Message\":\"Access to KMS "
           "is not allowed\"}",
           SLU_ERR_DENIED, "Access to KMS is not allowed");
    refuse(400, "DecryptionFailure", "{\"Message\":\"no\"}", SLU_ERR_DENIED,
           "kms:Decrypt on its key");
}

Test(secret, says_that_the_credentials_are_refused)
{
    refuse(400, "UnrecognizedClientException",
           "{\"message\":\"The security token included in the request is "
           "invalid.\"}",
           SLU_ERR_AUTH, "AWS refuses the credentials");
    refuse(400, "InvalidSignatureException", "{}", SLU_ERR_AUTH,
           "AWS refuses the credentials");
}

Test(secret, tells_every_other_refusal_in_the_servers_words)
{
    refuse(400, "InvalidParameterException", "{\"message\":\"too odd\"}",
           SLU_ERR_REJECTED, "HTTP 400 InvalidParameterException: too odd");
    refuse(418, "", "I am no JSON", SLU_ERR_REJECTED, "was refused: HTTP 418");
}

Test(secret, is_asked_again_after_what_passes)
{
    retry(500, "InternalServiceError", "{}", SLU_ERR_SERVER);
    retry(503, "", "<html>", SLU_ERR_SERVER);
    retry(400, "ThrottlingException", "{}", SLU_ERR_QUOTA);
    retry(429, "", "", SLU_ERR_QUOTA);
    /* A proxy's page is not the secret. */
    retry(200, "", "<html>sign in</html>", SLU_ERR_MALFORMED);
    retry(200, "", "{\"SecretString\":\"5ec4e7", SLU_ERR_MALFORMED);
}

Test(secret, slows_down_when_it_is_throttled)
{
    open_errand("prod/gti", NULL);
    answer(400, "ThrottlingException", "{}", 100);
    cr_assert(errand.step.throttled);
    answer(500, "", "", 100);
    cr_assert_not(errand.step.throttled);
    slu_secret_fetch_free(errand.fetch);
}

Test(secret, tells_why_it_could_not_be_signed_in)
{
    open_errand("prod/gti", NULL);
    ask();
    end_with(SLU_ERR_AUTH, "no credentials anywhere");
    cr_assert_eq(errand.step.kind, SLU_STEP_FAILED);
    expect_over();
    expect_failure(SLU_ERR_AUTH, "cannot be read: no credentials anywhere");
    slu_secret_fetch_free(errand.fetch);
}

Test(secret, tells_why_it_was_given_up)
{
    struct slu_error error = {.code = SLU_ERR_NETWORK};

    (void)snprintf(error.text, sizeof(error.text),
                   "the secret prod/gti cannot be read: down; gave up");
    open_errand("prod/gti", NULL);
    ask();
    end_with(SLU_ERR_NETWORK, "down");
    slu_secret_errand.give_up(errand.fetch, errand.request.unit, &error);
    expect_over();
    expect_failure(SLU_ERR_NETWORK, "gave up");
    slu_secret_fetch_free(errand.fetch);
}

/* An answer without end. */
Test(secret, takes_no_more_than_its_limit)
{
    static char piece[65536];
    struct slu_answer_head head = {.status = 200};
    enum slu_body_verdict verdict = SLU_BODY_MORE;
    unsigned count = 0;

    memset(piece, ' ', sizeof(piece));
    open_errand("prod/gti", NULL);
    ask();
    slu_secret_errand.on_head(errand.fetch, errand.request.unit, &head);
    while (verdict == SLU_BODY_MORE) {
        verdict =
            slu_secret_errand.on_body(errand.fetch, errand.request.unit,
                                      slu_view_make(piece, sizeof(piece)));
        count++;
        cr_assert_leq(count, 8);
    }
    end_with(SLU_ERR_MALFORMED, "its reader had no use for the rest");
    cr_assert_eq(errand.step.kind, SLU_STEP_RETRY);
    expect_failure(SLU_ERR_MALFORMED, "the answer has more than 401408 bytes");
    slu_secret_fetch_free(errand.fetch);
}

/* ---- memory ---- */

Test(secret, leaves_no_copy_of_the_value)
{
    static struct count_alloc counted;

    count_alloc_init(&counted);
    counted.secret = "5ec4e7k3y";
    open_with(&counted.alloc, "prod/gti", NULL);
    start();
    answer(200, "", GOOD, 5);
    cr_assert(count_alloc_has_secret(&counted)); /* the key itself */
    start();
    cr_assert_not(count_alloc_has_secret(&counted));
    answer(200, "", "{\"SecretString\":\"5ec4e7k3y x\"}", 5);
    cr_assert_not(count_alloc_has_secret(&counted));
    start();
    answer(200, "", GOOD, 5);
    slu_secret_fetch_free(errand.fetch);
    cr_assert_not(counted.freed_secret);
    cr_assert_eq(counted.live, 0);
}

Test(secret, goes_without_memory_at_any_place)
{
    unsigned fail_at = 0;
    bool done = false;

    while (!done) {
        struct failing_alloc failing;
        enum slu_err err;

        errand = (struct errand){.secret = {NULL, "", "prod/gti", NULL}};
        failing_alloc_init(&failing, ++fail_at);
        err = slu_secret_fetch_new(&failing.alloc, &errand.secret,
                                   &errand.fetch, &errand.error);
        cr_assert_eq(err, errand.error.code);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        cr_assert_eq(err == SLU_ERR_OK, errand.fetch != NULL);
        if (err == SLU_ERR_OK) {
            start();
            answer(400, "AccessDeniedException", "{\"Message\":\"n\"}", 100);
            cr_assert_null(slu_secret_fetch_value(errand.fetch, &errand.error));
            cr_assert(errand.error.code == SLU_ERR_DENIED ||
                      errand.error.code == SLU_ERR_NOMEM);
        }
        slu_secret_fetch_free(errand.fetch);
        cr_assert_eq(failing.live, 0, "allocation %u", fail_at);
        done = failing.calls < fail_at;
    }
    cr_assert_gt(fail_at, 2);
}
