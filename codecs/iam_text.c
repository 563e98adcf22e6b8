/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/iam_text.h"

#include "codecs/aws_endpoint.h"
#include "codecs/url.h"
#include "codecs/view_take.h"
#include "codecs/xml_text.h"

#include <stdio.h>

#define NEEDS_MAX 256
#define REGION_ENTRY                                                           \
    "&ContextEntries.member.1.ContextKeyName=aws%3ARequestedRegion"            \
    "&ContextEntries.member.1.ContextKeyType=string"                           \
    "&ContextEntries.member.1.ContextKeyValues.member.1="

/* ---- elements ---- */

/* One element's text, unescaped, in place of what buf held; MALFORMED when it
 * isn't there. */
static enum slu_err read_element(struct slu_view parent, const char *name,
                                 struct slu_buf *buf,
                                 struct slu_error *out_error)
{
    struct slu_view raw;
    enum slu_err err = SLU_ERR_MALFORMED;

    slu_buf_clear(buf);
    if (slu_xml_find(parent, name, &raw)) {
        err = slu_xml_unescape(buf, raw);
    }
    if (err == SLU_ERR_OK) {
        return SLU_ERR_OK;
    }
    return slu_error_set(out_error, err, "%s of the answer: %s", name,
                         slu_err_sentence(err));
}

static bool is_false(struct slu_view parent, const char *wrapper,
                     const char *name)
{
    struct slu_view inner;
    struct slu_view text;

    return slu_xml_find(parent, wrapper, &inner) &&
           slu_xml_find(inner, name, &text) &&
           slu_view_equal_str(text, "false");
}

/* ---- the caller ---- */

static enum slu_err set_caller(struct slu_view body, struct slu_buf *text,
                               struct slu_caller *out_caller,
                               struct slu_error *out_error)
{
    struct slu_arn arn;
    enum slu_err err = read_element(body, "Account", text, out_error);

    if (err != SLU_ERR_OK) {
        return err;
    }
    if (!slu_aws_is_account(slu_buf_view(text))) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "Account of the answer: expected 12 digits");
    }
    memcpy(out_caller->account, text->ptr, SLU_ACCOUNT_LEN);
    err = read_element(body, "Arn", text, out_error);
    if (err != SLU_ERR_OK) {
        return err;
    }
    if (text->len > SLU_CALLER_ARN_MAX ||
        !slu_arn_parse(slu_buf_view(text), &arn)) {
        return slu_error_set(out_error, SLU_ERR_MALFORMED,
                             "Arn of the answer: expected an ARN");
    }
    memcpy(out_caller->arn, text->ptr, text->len);
    return SLU_ERR_OK;
}

enum slu_err slu_caller_read(const struct slu_alloc *alloc,
                             struct slu_view body,
                             struct slu_caller *out_caller,
                             struct slu_error *out_error)
{
    struct slu_caller made = {.account = ""};
    struct slu_buf text;
    enum slu_err err;

    *out_caller = made;
    slu_buf_init(&text, alloc, body.len + 1);
    err = set_caller(body, &text, &made, out_error);
    slu_buf_fini(&text);
    if (err == SLU_ERR_OK) {
        *out_caller = made;
    }
    return err;
}

enum slu_caller_kind slu_caller_principal(const struct slu_caller *self,
                                          char out_arn[SLU_CALLER_ARN_MAX + 1])
{
    struct slu_view rest;
    struct slu_view role;
    struct slu_arn arn;

    out_arn[0] = '\0';
    if (!slu_arn_parse(slu_view_str(self->arn), &arn)) {
        return SLU_CALLER_OTHER;
    }
    rest = arn.resource;
    if (slu_view_equal_str(arn.service, "iam")) {
        if (slu_view_equal_str(rest, "root")) {
            return SLU_CALLER_ROOT;
        }
        if (!slu_view_starts_with(rest, "user/")) {
            return SLU_CALLER_OTHER;
        }
        memcpy(out_arn, self->arn, sizeof(self->arn));
        return SLU_CALLER_USER;
    }
    if (!slu_view_take_prefix(&rest, "assumed-role/") ||
        !slu_view_take_until(&rest, '/', &role) || role.len == 0) {
        return SLU_CALLER_OTHER;
    }
    (void)snprintf(out_arn, SLU_CALLER_ARN_MAX + 1,
                   "arn:%.*s:iam::%.*s:role/%.*s", SLU_VIEW_ARGS(arn.partition),
                   SLU_VIEW_ARGS(arn.account), SLU_VIEW_ARGS(role));
    return SLU_CALLER_ROLE;
}

/* ---- the question ---- */

static enum slu_err append_member(struct slu_buf *out, const char *list,
                                  unsigned number, struct slu_view value)
{
    enum slu_err err = slu_buf_printf(out, "&%s.member.%u=", list, number);

    return err == SLU_ERR_OK ? slu_url_append_encoded(out, value) : err;
}

static enum slu_err append_lists(struct slu_buf *out,
                                 const struct slu_iam_question *question)
{
    enum slu_err err = SLU_ERR_OK;

    for (unsigned i = 0; i < question->action_count && err == SLU_ERR_OK; i++) {
        err = append_member(out, "ActionNames", i + 1,
                            slu_view_str(question->actions[i]));
    }
    for (unsigned i = 0; i < question->resources->count && err == SLU_ERR_OK;
         i++) {
        err = append_member(out, "ResourceArns", i + 1,
                            slu_intern_text(question->resources, i));
    }
    return err;
}

/* Nothing for an empty value. */
static enum slu_err append_value(struct slu_buf *out, const char *before,
                                 struct slu_view value)
{
    enum slu_err err = SLU_ERR_OK;

    if (value.len > 0) {
        err = slu_buf_append_str(out, before);
    }
    return err == SLU_ERR_OK ? slu_url_append_encoded(out, value) : err;
}

enum slu_err slu_iam_write_question(struct slu_buf *out,
                                    const struct slu_iam_question *question)
{
    enum slu_err err = slu_buf_append_str(
        out, "Action=SimulatePrincipalPolicy&Version=2010-05-08"
             "&MaxItems=1000&PolicySourceArn=");

    if (err == SLU_ERR_OK) {
        err = slu_url_append_encoded(out, question->principal);
    }
    if (err == SLU_ERR_OK) {
        err = append_lists(out, question);
    }
    if (err == SLU_ERR_OK) {
        err = append_value(out, REGION_ENTRY, question->region);
    }
    return err == SLU_ERR_OK ? append_value(out, "&Marker=", question->marker)
                             : err;
}

/* ---- the answer ---- */

struct answer {
    slu_iam_evaluation_fn on_one;
    void *ctx;
    struct slu_buf action;
    struct slu_buf resource;
    struct slu_buf decision;
    struct slu_buf needs;
    struct slu_error *error;
};

/* "aws:SourceIp, aws:RequestTag/team": what doesn't fit is left out. */
static enum slu_err read_needs(struct answer *self, struct slu_view result)
{
    struct slu_view list;
    struct slu_view raw;
    size_t at = 0;
    enum slu_err err = SLU_ERR_OK;

    slu_buf_clear(&self->needs);
    if (!slu_xml_find(result, "MissingContextValues", &list)) {
        return SLU_ERR_OK;
    }
    while (err == SLU_ERR_OK && slu_xml_next(list, "member", &at, &raw)) {
        if (self->needs.len + raw.len + 2 > NEEDS_MAX) {
            break;
        }
        if (self->needs.len > 0) {
            err = slu_buf_append_str(&self->needs, ", ");
        }
        if (err == SLU_ERR_OK) {
            err = slu_xml_unescape(&self->needs, raw);
        }
    }
    return err;
}

/* Of a result, or of one resource of it, which has names of its own for the
 * same things. */
static enum slu_err tell_one(struct answer *self, struct slu_view result,
                             struct slu_view whole, const char *decision)
{
    struct slu_iam_evaluation one = {.allowed = false};
    enum slu_err err =
        read_element(result, decision, &self->decision, self->error);
    struct slu_view text = slu_buf_view(&self->decision);

    if (err == SLU_ERR_OK) {
        err = read_element(result, "EvalResourceName", &self->resource,
                           self->error);
    }
    if (err == SLU_ERR_OK) {
        err = read_needs(self, result);
    }
    if (err != SLU_ERR_OK) {
        return err;
    }
    text = slu_buf_view(&self->decision);
    one.allowed = slu_view_equal_str(text, "allowed");
    one.explicit_deny = slu_view_equal_str(text, "explicitDeny");
    if (!one.allowed && !one.explicit_deny &&
        !slu_view_equal_str(text, "implicitDeny")) {
        return slu_error_set(self->error, SLU_ERR_MALFORMED,
                             "%s of the answer: \"%.*s\" is no decision",
                             decision, (int)(text.len < 40 ? text.len : 40),
                             text.ptr);
    }
    one.action = slu_buf_view(&self->action);
    one.resource = slu_buf_view(&self->resource);
    one.needs = slu_buf_view(&self->needs);
    one.by_organization = is_false(whole, "OrganizationsDecisionDetail",
                                   "AllowedByOrganizations");
    one.by_boundary = is_false(whole, "PermissionsBoundaryDecisionDetail",
                               "AllowedByPermissionsBoundary");
    self->on_one(self->ctx, &one);
    return SLU_ERR_OK;
}

/* Where the result of each resource is told, that counts. */
static enum slu_err tell_result(struct answer *self, struct slu_view result)
{
    struct slu_view list = {NULL, 0};
    struct slu_view one;
    size_t at = 0;
    bool any = false;
    enum slu_err err =
        read_element(result, "EvalActionName", &self->action, self->error);

    (void)slu_xml_find(result, "ResourceSpecificResults", &list);
    while (err == SLU_ERR_OK && slu_xml_next(list, "member", &at, &one)) {
        if (slu_xml_find(one, "EvalResourceDecision", &(struct slu_view){0})) {
            any = true;
            err = tell_one(self, one, result, "EvalResourceDecision");
        }
    }
    if (err != SLU_ERR_OK || any) {
        return err;
    }
    return tell_one(self, result, result, "EvalDecision");
}

static enum slu_err tell_all(struct answer *self, struct slu_view body)
{
    struct slu_view results;
    struct slu_view result;
    size_t at = 0;
    enum slu_err err = SLU_ERR_OK;

    if (!slu_xml_find(body, "EvaluationResults", &results)) {
        return slu_error_set(self->error, SLU_ERR_MALFORMED,
                             "the answer has no EvaluationResults");
    }
    while (err == SLU_ERR_OK && slu_xml_next(results, "member", &at, &result)) {
        err = tell_result(self, result);
    }
    return err;
}

static enum slu_err read_marker(struct slu_view body, struct slu_buf *out,
                                struct slu_error *error)
{
    struct slu_view text;

    if (!slu_xml_find(body, "IsTruncated", &text) ||
        !slu_view_equal_str(text, "true")) {
        return SLU_ERR_OK;
    }
    return read_element(body, "Marker", out, error);
}

enum slu_err slu_iam_read_answer(const struct slu_alloc *alloc,
                                 struct slu_view body,
                                 slu_iam_evaluation_fn on_one, void *ctx,
                                 struct slu_buf *out_marker,
                                 struct slu_error *out_error)
{
    struct answer self = {.on_one = on_one, .ctx = ctx, .error = out_error};
    enum slu_err err;

    *out_error = (struct slu_error){0};
    slu_buf_clear(out_marker);
    slu_buf_init(&self.action, alloc, body.len + 1);
    slu_buf_init(&self.resource, alloc, body.len + 1);
    slu_buf_init(&self.decision, alloc, body.len + 1);
    slu_buf_init(&self.needs, alloc, NEEDS_MAX);
    err = tell_all(&self, body);
    if (err == SLU_ERR_OK) {
        err = read_marker(body, out_marker, out_error);
    }
    slu_buf_fini(&self.action);
    slu_buf_fini(&self.resource);
    slu_buf_fini(&self.decision);
    slu_buf_fini(&self.needs);
    if (err != SLU_ERR_OK && out_error->code == SLU_ERR_OK) {
        (void)slu_error_set(out_error, err, "the answer of IAM: %s",
                            slu_err_sentence(err));
    }
    return err;
}
