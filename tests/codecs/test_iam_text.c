/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/iam_text.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define ROLE "arn:aws:iam::123456789012:role/aws-service-role/x/Y"

/* As the API reference of STS shows it. */
static const char identity[] =
    "<GetCallerIdentityResponse "
    "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "  <GetCallerIdentityResult>\n"
    "   <Arn>arn:aws:iam::123456789012:user/a/Alice&amp;Bob</Arn>\n"
    "    <UserId>AIDACKCEVSQ6C2EXAMPLE</UserId>\n"
    "    <Account>123456789012</Account>\n"
    "  </GetCallerIdentityResult>\n"
    "  <ResponseMetadata><RequestId>01234567</RequestId></ResponseMetadata>\n"
    "</GetCallerIdentityResponse>";

static struct slu_error error;

/* ---- the caller ---- */

Test(iam_text, reads_who_we_are)
{
    struct slu_caller caller;

    cr_assert_eq(slu_caller_read(slu_alloc_default(), slu_view_str(identity),
                                 &caller, &error),
                 SLU_ERR_OK);
    cr_assert_str_eq(caller.account, "123456789012");
    cr_assert_str_eq(caller.arn, "arn:aws:iam::123456789012:user/a/Alice&Bob");
}

static void expect_no_caller(const char *body, const char *sentence)
{
    struct slu_caller caller;

    cr_assert_eq(slu_caller_read(slu_alloc_default(), slu_view_str(body),
                                 &caller, &error),
                 SLU_ERR_MALFORMED, "%s", body);
    cr_assert_str_eq(error.text, sentence);
    cr_assert_str_eq(caller.account, "");
    cr_assert_str_eq(caller.arn, "");
}

Test(iam_text, a_caller_without_account_or_arn_is_malformed)
{
    static const char no_arn[] = "<R><Account>123456789012</Account></R>";

    expect_no_caller("", "Account of the answer: the answer is not what the "
                         "API documents");
    expect_no_caller("<R><Account>12345678901</Account></R>",
                     "Account of the answer: expected 12 digits");
    expect_no_caller("<R><Account>12345678901x</Account></R>",
                     "Account of the answer: expected 12 digits");
    expect_no_caller(no_arn, "Arn of the answer: the answer is not what the "
                             "API documents");
    expect_no_caller("<R><Account>123456789012</Account><Arn>me</Arn></R>",
                     "Arn of the answer: expected an ARN");
    expect_no_caller("<R><Account>123456789012</Account><Arn>&no;</Arn></R>",
                     "Arn of the answer: the answer is not what the API "
                     "documents");
}

Test(iam_text, an_arn_that_is_too_long_is_malformed)
{
    static char body[3000] = "<Account>123456789012</Account><Arn>arn:a:b:c:d:";
    size_t at = strlen(body);

    memset(body + at, 'x', SLU_CALLER_ARN_MAX);
    strcat(body, "</Arn>");
    expect_no_caller(body, "Arn of the answer: expected an ARN");
}

static void expect_principal(const char *arn, enum slu_caller_kind kind,
                             const char *principal)
{
    struct slu_caller caller = {.account = "123456789012"};
    char out[SLU_CALLER_ARN_MAX + 1];

    strcpy(caller.arn, arn);
    cr_assert_eq(slu_caller_principal(&caller, out), kind, "%s", arn);
    cr_assert_str_eq(out, principal, "%s", arn);
}

Test(iam_text, names_the_principal_whose_policies_count)
{
    expect_principal("arn:aws:iam::123456789012:user/p/a", SLU_CALLER_USER,
                     "arn:aws:iam::123456789012:user/p/a");
    expect_principal("arn:aws-cn:sts::123456789012:assumed-role/r/i-1/x",
                     SLU_CALLER_ROLE, "arn:aws-cn:iam::123456789012:role/r");
    expect_principal("arn:aws:iam::123456789012:root", SLU_CALLER_ROOT, "");
    expect_principal("arn:aws:sts::123456789012:federated-user/a",
                     SLU_CALLER_OTHER, "");
    expect_principal("arn:aws:sts::123456789012:assumed-role/r",
                     SLU_CALLER_OTHER, "");
    expect_principal("arn:aws:sts::123456789012:assumed-role//s",
                     SLU_CALLER_OTHER, "");
    expect_principal("arn:aws:iam::123456789012:group/g", SLU_CALLER_OTHER, "");
    expect_principal("", SLU_CALLER_OTHER, "");
}

/* ---- the question ---- */

static const char *const actions[] = {"iam:PutRolePolicy",
                                      "iam:DeleteRolePolicy"};

static void add_resource(struct slu_intern *resources, const char *arn)
{
    uint32_t number;
    bool is_new;

    cr_assert_eq(slu_intern_add(resources, slu_view_str(arn), &number, &is_new),
                 SLU_ERR_OK);
}

Test(iam_text, asks_each_action_of_each_resource)
{
    struct slu_intern resources;
    struct slu_buf out;
    struct slu_iam_question question = {
        .principal = slu_view_str("arn:aws:iam::123456789012:role/a+b"),
        .actions = actions,
        .action_count = 2,
        .resources = &resources,
    };

    slu_intern_init(&resources, slu_alloc_default(), 1000);
    slu_buf_init(&out, slu_alloc_default(), SLU_IAM_BODY_MAX);
    add_resource(&resources, "arn:aws:s3:::b/k 1");
    add_resource(&resources, "*");
    cr_assert_eq(slu_iam_write_question(&out, &question), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(
                  slu_buf_view(&out),
                  "Action=SimulatePrincipalPolicy&Version=2010-05-08"
                  "&MaxItems=1000&PolicySourceArn="
                  "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fa%2Bb"
                  "&ActionNames.member.1=iam%3APutRolePolicy"
                  "&ActionNames.member.2=iam%3ADeleteRolePolicy"
                  "&ResourceArns.member.1=arn%3Aaws%3As3%3A%3A%3Ab%2Fk%201"
                  "&ResourceArns.member.2=%2A"),
              "%.*s", SLU_VIEW_ARGS(slu_buf_view(&out)));
    slu_buf_clear(&out);
    question.marker = slu_view_str("a/b=");
    question.region = slu_view_str("eu-west-3");
    cr_assert_eq(slu_iam_write_question(&out, &question), SLU_ERR_OK);
    cr_assert(slu_view_ends_with(
        slu_buf_view(&out),
        "=%2A&ContextEntries.member.1.ContextKeyName=aws%3ARequestedRegion"
        "&ContextEntries.member.1.ContextKeyType=string"
        "&ContextEntries.member.1.ContextKeyValues.member.1=eu-west-3"
        "&Marker=a%2Fb%3D"));
    slu_buf_fini(&out);
    slu_intern_fini(&resources);
}

Test(iam_text, a_question_larger_than_the_room_is_refused)
{
    struct slu_intern resources;
    struct slu_iam_question question = {.principal = slu_view_str(ROLE),
                                        .actions = actions,
                                        .action_count = 2,
                                        .resources = &resources};

    slu_intern_init(&resources, slu_alloc_default(), 1000);
    add_resource(&resources, ROLE);
    for (size_t room = 0; room < 290; room += 7) {
        struct slu_buf out;

        slu_buf_init(&out, slu_alloc_default(), room);
        cr_assert_eq(slu_iam_write_question(&out, &question), SLU_ERR_LIMIT,
                     "%zu", room);
        slu_buf_fini(&out);
    }
    slu_intern_fini(&resources);
}

/* ---- the answer ---- */

static char told[4000];

static void hear(void *ctx, const struct slu_iam_evaluation *one)
{
    size_t len = strlen(told);

    (void)ctx;
    (void)snprintf(told + len, sizeof(told) - len, "%.*s %.*s %s%s%s [%.*s]\n",
                   SLU_VIEW_ARGS(one->action), SLU_VIEW_ARGS(one->resource),
                   one->allowed         ? "allowed"
                   : one->explicit_deny ? "denied"
                                        : "missing",
                   one->by_organization ? " org" : "",
                   one->by_boundary ? " boundary" : "",
                   SLU_VIEW_ARGS(one->needs));
}

static enum slu_err read_all(const struct slu_alloc *alloc, const char *body,
                             struct slu_buf *marker)
{
    told[0] = '\0';
    slu_buf_init(marker, alloc, SLU_IAM_MARKER_MAX);
    return slu_iam_read_answer(alloc, slu_view_str(body), hear, NULL, marker,
                               &error);
}

static void expect_told(const char *body, const char *wanted,
                        const char *wanted_marker)
{
    struct slu_buf marker;

    cr_assert_eq(read_all(slu_alloc_default(), body, &marker), SLU_ERR_OK, "%s",
                 error.text);
    cr_assert_str_eq(told, wanted);
    cr_assert(slu_view_equal_str(slu_buf_view(&marker), wanted_marker));
    slu_buf_fini(&marker);
}

#define HEAD                                                                   \
    "<SimulatePrincipalPolicyResponse "                                        \
    "xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">"                     \
    "<SimulatePrincipalPolicyResult>"
#define TAIL                                                                   \
    "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"

/* The order of members is the one of the API reference's sample. */
static const char two_results[] = HEAD
    "<IsTruncated>true</IsTruncated><Marker>A&amp;B=</Marker>\n"
    "<EvaluationResults>\n <member>\n  <MatchedStatements>\n   <member>"
    "<SourcePolicyId>PolicyInputList.1</SourcePolicyId><EndPosition>"
    "<Column>4</Column><Line>7</Line></EndPosition></member>\n"
    "  </MatchedStatements>\n  <MissingContextValues/>\n"
    "  <EvalResourceName>arn:aws:s3:::b</EvalResourceName>\n"
    "  <EvalDecision>allowed</EvalDecision>\n"
    "  <EvalActionName>s3:ListBucket</EvalActionName>\n </member>\n"
    " <member><MatchedStatements/><MissingContextValues><member>aws:SourceIp"
    "</member><member>aws:RequestTag/a&lt;b</member></MissingContextValues>"
    "<EvalResourceName>*</EvalResourceName>"
    "<EvalDecision>implicitDeny</EvalDecision>"
    "<EvalActionName>iam:PutRolePolicy</EvalActionName>"
    "<OrganizationsDecisionDetail><AllowedByOrganizations>false"
    "</AllowedByOrganizations></OrganizationsDecisionDetail>"
    "<PermissionsBoundaryDecisionDetail><AllowedByPermissionsBoundary>false"
    "</AllowedByPermissionsBoundary></PermissionsBoundaryDecisionDetail>"
    "</member></EvaluationResults>" TAIL;

Test(iam_text, tells_each_decision_and_what_it_hangs_on)
{
    expect_told(two_results,
                "s3:ListBucket arn:aws:s3:::b allowed []\n"
                "iam:PutRolePolicy * missing org boundary "
                "[aws:SourceIp, aws:RequestTag/a<b]\n",
                "A&B=");
}

Test(iam_text, the_results_of_single_resources_count_before_the_whole)
{
    expect_told(HEAD
                "<IsTruncated>false</IsTruncated><Marker>x</Marker>"
                "<EvaluationResults><member><EvalActionName>a:B"
                "</EvalActionName><EvalResourceName>*</EvalResourceName>"
                "<EvalDecision>explicitDeny</EvalDecision>"
                "<OrganizationsDecisionDetail><AllowedByOrganizations>true"
                "</AllowedByOrganizations></OrganizationsDecisionDetail>"
                "<ResourceSpecificResults><member><EvalResourceName>r1"
                "</EvalResourceName><EvalResourceDecision>allowed"
                "</EvalResourceDecision><MatchedStatements><member/>"
                "</MatchedStatements></member><member><EvalResourceName>r2"
                "</EvalResourceName><EvalResourceDecision>explicitDeny"
                "</EvalResourceDecision></member></ResourceSpecificResults>"
                "</member></EvaluationResults>" TAIL,
                "a:B r1 allowed []\na:B r2 denied []\n", "");
    expect_told("<EvaluationResults/>", "", "");
}

Test(iam_text, long_lists_of_keys_are_cut_between_keys)
{
    char body[2000] = "<EvaluationResults><member><EvalActionName>a"
                      "</EvalActionName><EvalResourceName>r"
                      "</EvalResourceName><EvalDecision>allowed"
                      "</EvalDecision><MissingContextValues>";
    struct slu_buf marker;

    for (int i = 0; i < 40; i++) {
        strcat(body, "<member>aws:SourceVpce</member>");
    }
    strcat(body, "</MissingContextValues></member></EvaluationResults>");
    cr_assert_eq(read_all(slu_alloc_default(), body, &marker), SLU_ERR_OK);
    cr_assert(slu_view_ends_with(slu_view_str(told), "aws:SourceVpce]\n"));
    cr_assert_lt(strlen(told), 300);
    slu_buf_fini(&marker);
}

static void expect_malformed(const char *body, const char *sentence)
{
    struct slu_buf marker;

    cr_assert_eq(read_all(slu_alloc_default(), body, &marker),
                 SLU_ERR_MALFORMED, "%s", body);
    cr_assert_str_eq(error.text, sentence);
    slu_buf_fini(&marker);
}

Test(iam_text, an_answer_that_lacks_a_part_is_malformed)
{
    expect_malformed("<html/>", "the answer has no EvaluationResults");
    expect_malformed("<EvaluationResults><member>",
                     "the answer has no EvaluationResults");
    expect_malformed("<EvaluationResults><member></member></EvaluationResults>",
                     "EvalActionName of the answer: the answer is not what "
                     "the API documents");
    expect_malformed("<EvaluationResults><member><EvalActionName>a"
                     "</EvalActionName></member></EvaluationResults>",
                     "EvalDecision of the answer: the answer is not what the "
                     "API documents");
    expect_malformed("<EvaluationResults><member><EvalActionName>a"
                     "</EvalActionName><EvalDecision>perhaps</EvalDecision>"
                     "<EvalResourceName>r</EvalResourceName></member>"
                     "</EvaluationResults>",
                     "EvalDecision of the answer: \"perhaps\" is no decision");
    expect_malformed("<IsTruncated>true</IsTruncated><EvaluationResults/>",
                     "Marker of the answer: the answer is not what the API "
                     "documents");
}

Test(iam_text, a_cut_answer_never_passes_for_a_whole_one)
{
    size_t whole = strstr(two_results, "</EvaluationResults>") - two_results;

    for (size_t len = 0; len < whole; len++) {
        struct slu_buf marker;

        slu_buf_init(&marker, slu_alloc_default(), SLU_IAM_MARKER_MAX);
        cr_assert_eq(slu_iam_read_answer(slu_alloc_default(),
                                         slu_view_make(two_results, len), hear,
                                         NULL, &marker, &error),
                     SLU_ERR_MALFORMED, "%zu", len);
        slu_buf_fini(&marker);
    }
}

Test(iam_text, survives_every_failure_of_the_allocator)
{
    for (unsigned fail_at = 1;; fail_at++) {
        struct failing_alloc memory;
        struct slu_caller caller;
        struct slu_buf marker;
        enum slu_err first;
        enum slu_err second;
        bool failed;

        failing_alloc_init(&memory, fail_at);
        error = (struct slu_error){0};
        first = slu_caller_read(&memory.alloc, slu_view_str(identity), &caller,
                                &error);
        slu_buf_init(&marker, &memory.alloc, SLU_IAM_MARKER_MAX);
        second = SLU_ERR_NOMEM;
        if (first == SLU_ERR_OK) {
            second = read_all(&memory.alloc, two_results, &marker);
        }
        failed = first == SLU_ERR_NOMEM || second == SLU_ERR_NOMEM;
        slu_buf_fini(&marker);
        cr_assert_eq(memory.live, 0);
        if (memory.calls < fail_at) {
            cr_assert_eq(first, SLU_ERR_OK);
            cr_assert_eq(second, SLU_ERR_OK);
            cr_assert_gt(fail_at, 4);
            return;
        }
        cr_assert(failed, "%u", fail_at);
        cr_assert_eq(error.code, SLU_ERR_NOMEM);
    }
}
