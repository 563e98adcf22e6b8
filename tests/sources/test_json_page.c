/* SPDX-License-Identifier: Apache-2.0 */
#include "sources/json_page.h"

#include <criterion/criterion.h>

struct bench {
    struct slu_json_page page;
    unsigned elements;
    unsigned members;
    unsigned refuse_at; /* the element that on_event refuses, from 1; 0: none */
};

static void start(struct bench *self)
{
    struct slu_json_split_options options = {
        .alloc = slu_alloc_default(),
        .array = "data",
        .members = {"meta"},
        .record_max = 100,
    };

    *self = (struct bench){0};
    cr_assert_eq(slu_json_page_init(&self->page, &options), SLU_ERR_OK);
    self->page.status = 200;
}

static enum slu_err count(void *ctx, const struct slu_json_event *event)
{
    struct bench *self = ctx;

    if (event->kind == SLU_JSON_MEMBER) {
        self->members++;
        return SLU_ERR_OK;
    }
    self->elements++;
    return self->elements == self->refuse_at
               ? slu_error_set(&self->page.error, SLU_ERR_REJECTED, "not this")
               : SLU_ERR_OK;
}

static enum slu_body_verdict feed(struct bench *self, const char *text)
{
    return slu_json_page_read(&self->page, slu_view_str(text), count, self);
}

static enum slu_err judge(struct bench *self, enum slu_err err)
{
    struct slu_answer_end end = {.err = err};
    const struct slu_error *failure = slu_json_page_failure(&self->page, &end);

    return failure == NULL ? SLU_ERR_OK : failure->code;
}

Test(json_page, a_whole_answer_is_read)
{
    struct bench bench;

    start(&bench);
    cr_assert_eq(feed(&bench, "{\"data\":[1,{\"a\""), SLU_BODY_MORE);
    cr_assert_eq(feed(&bench, ":2}],\"meta\":{}}"), SLU_BODY_MORE);
    cr_assert_eq(bench.elements, 2);
    cr_assert_eq(bench.members, 1);
    cr_assert_eq(judge(&bench, SLU_ERR_OK), SLU_ERR_OK);
    slu_json_page_fini(&bench.page);
}

Test(json_page, a_document_that_ends_too_early_is_a_failure)
{
    struct bench bench;

    start(&bench);
    cr_assert_eq(feed(&bench, "{\"data\":[1,"), SLU_BODY_MORE);
    cr_assert_eq(judge(&bench, SLU_ERR_OK), SLU_ERR_MALFORMED);
    cr_assert_eq(bench.page.error.offset, 11);
    slu_json_page_fini(&bench.page);
}

Test(json_page, what_is_no_json_stops_the_reading)
{
    struct bench bench;

    start(&bench);
    cr_assert_eq(feed(&bench, "<html>"), SLU_BODY_ERROR);
    cr_assert_eq(bench.page.error.code, SLU_ERR_MALFORMED);
    cr_assert_eq(feed(&bench, "{}"), SLU_BODY_ERROR);
    cr_assert_eq(judge(&bench, SLU_ERR_OK), SLU_ERR_MALFORMED);
    slu_json_page_fini(&bench.page);
}

Test(json_page, an_element_refused_stops_the_reading)
{
    struct bench bench;

    start(&bench);
    bench.refuse_at = 2;
    cr_assert_eq(feed(&bench, "{\"data\":[1,2,3]}"), SLU_BODY_ERROR);
    cr_assert_eq(bench.elements, 2);
    cr_assert_eq(judge(&bench, SLU_ERR_OK), SLU_ERR_REJECTED);
    cr_assert_str_eq(bench.page.error.text, "not this");
    slu_json_page_fini(&bench.page);
}

/* The exchange was cut off because reading had stopped. */
Test(json_page, why_reading_stopped_goes_before_how_the_exchange_ended)
{
    struct bench bench;

    start(&bench);
    bench.refuse_at = 1;
    (void)feed(&bench, "{\"data\":[1]}");
    cr_assert_eq(judge(&bench, SLU_ERR_TIMEOUT), SLU_ERR_REJECTED);
    slu_json_page_fini(&bench.page);
}

Test(json_page, an_exchange_that_failed_is_a_failure_with_its_sentence)
{
    struct slu_error error = {.code = SLU_ERR_NETWORK, .text = "reset"};
    struct slu_answer_end end = {.err = SLU_ERR_TIMEOUT, .error = &error};
    const struct slu_error *failure;
    struct bench bench;

    start(&bench);
    failure = slu_json_page_failure(&bench.page, &end);
    cr_assert_not_null(failure);
    cr_assert_eq(failure->code, SLU_ERR_TIMEOUT);
    cr_assert_str_eq(failure->text, "reset");
    slu_json_page_fini(&bench.page);
}

Test(json_page, a_refusal_is_kept_up_to_its_bound_and_never_parsed)
{
    static char part[1000];
    struct bench bench;

    memset(part, 'x', sizeof(part));
    start(&bench);
    bench.page.status = 403;
    for (int i = 0; i < 6; i++) {
        part[0] = (char)('a' + i);
        cr_assert_eq(slu_json_page_read(&bench.page,
                                        slu_view_make(part, sizeof(part)),
                                        count, &bench),
                     SLU_BODY_MORE);
    }
    cr_assert_eq(slu_json_page_refusal(&bench.page).len,
                 SLU_JSON_PAGE_ERROR_MAX);
    cr_assert_eq(bench.page.refusal_body[4000], 'e');
    cr_assert_eq(judge(&bench, SLU_ERR_OK), SLU_ERR_OK);
    slu_json_page_fini(&bench.page);
}

Test(json_page, a_reset_page_knows_nothing_of_the_answer_before)
{
    struct bench bench;

    start(&bench);
    (void)feed(&bench, "{\"data\":[1,");
    bench.page.status = 500;
    (void)feed(&bench, "oops");
    bench.page.error.code = SLU_ERR_MALFORMED;
    slu_json_page_reset(&bench.page);
    cr_assert_eq(bench.page.status, 0);
    cr_assert_eq(slu_json_page_refusal(&bench.page).len, 0);
    bench.page.status = 200;
    cr_assert_eq(feed(&bench, "{\"data\":[1]}"), SLU_BODY_MORE);
    cr_assert_eq(judge(&bench, SLU_ERR_OK), SLU_ERR_OK);
    slu_json_page_fini(&bench.page);
}
