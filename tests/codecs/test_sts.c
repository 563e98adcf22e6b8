/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/sts.h"
#include "engine/count_alloc.h"

#include <criterion/criterion.h>

#define ARN "arn:aws:iam::123456789012:role/r"

static const char answer[] =
    "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
    "<AssumeRoleResult>\n <Credentials><AccessKeyId>ASIAROLE</AccessKeyId>"
    "<SecretAccessKey>sec/ret&amp;&#x2B;</SecretAccessKey>"
    "<SessionToken>to/ken==</SessionToken>"
    "<Expiration>2026-01-01T06:00:00.123Z</Expiration></Credentials>\n"
    " <AssumedRoleUser><AssumedRoleId>AROA:s</AssumedRoleId></AssumedRoleUser>"
    "</AssumeRoleResult></AssumeRoleResponse>";

static struct slu_aws_keys keys;
static struct slu_error error;

static struct slu_sts_role make_role(void)
{
    return (struct slu_sts_role){.role_arn = slu_view_str(ARN),
                                 .session_name = slu_view_str("sluice")};
}

static void check_request(const struct slu_sts_role *role, const char *want)
{
    struct slu_buf out;

    slu_buf_init(&out, slu_alloc_default(), SLU_STS_BODY_MAX);
    cr_assert_eq(slu_sts_write_request(&out, role), SLU_ERR_OK);
    cr_assert(slu_view_equal_str(slu_buf_view(&out), want), "%.*s",
              SLU_VIEW_ARGS(slu_buf_view(&out)));
    slu_buf_fini(&out);
}

Test(sts, asks_for_a_role)
{
    struct slu_sts_role role = make_role();

    check_request(&role, "Action=AssumeRole&Version=2011-06-15&RoleArn="
                         "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr"
                         "&RoleSessionName=sluice");
    role.duration_s = 900;
    role.external_id = slu_view_str("a+b c&d");
    check_request(&role, "Action=AssumeRole&Version=2011-06-15&RoleArn="
                         "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr"
                         "&RoleSessionName=sluice&DurationSeconds=900"
                         "&ExternalId=a%2Bb%20c%26d");
}

Test(sts, asks_with_a_web_identity)
{
    struct slu_sts_role role = make_role();

    role.web_token = slu_view_str("eyJ.a_b-c=");
    check_request(&role,
                  "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn="
                  "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fr"
                  "&RoleSessionName=sluice&WebIdentityToken=eyJ.a_b-c%3D");
}

Test(sts, the_longest_request_fits)
{
    static char token[SLU_STS_WEB_TOKEN_MAX];
    static char arn[SLU_STS_ROLE_ARN_MAX];
    static char id[SLU_STS_EXTERNAL_ID_MAX];
    struct slu_sts_role role = make_role();
    struct slu_buf out;

    memset(token, '/', sizeof(token));
    memset(arn, '/', sizeof(arn));
    memset(id, '/', sizeof(id));
    role.web_token = slu_view_make(token, sizeof(token));
    role.role_arn = slu_view_make(arn, sizeof(arn));
    role.external_id = slu_view_make(id, sizeof(id));
    role.duration_s = SLU_STS_DURATION_MAX;
    cr_assert_eq(slu_sts_role_check(&role, NULL), SLU_ERR_OK);
    slu_buf_init(&out, slu_alloc_default(), SLU_STS_BODY_MAX);
    cr_assert_eq(slu_sts_write_request(&out, &role), SLU_ERR_OK);
    slu_buf_fini(&out);
    slu_buf_init(&out, slu_alloc_default(), 60);
    cr_assert_eq(slu_sts_write_request(&out, &role), SLU_ERR_LIMIT);
    slu_buf_fini(&out);
}

static void check_role(const struct slu_sts_role *role, const char *sentence)
{
    cr_assert_eq(slu_sts_role_check(role, &error), SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, sentence);
}

Test(sts, what_sts_would_refuse_is_not_asked)
{
    struct slu_sts_role role = make_role();

    cr_assert_eq(slu_sts_role_check(&role, &error), SLU_ERR_OK);
    role.role_arn = slu_view_str("arn:aws:iam::1:r");
    check_role(&role, "role_arn has 16 characters: STS takes 20 to 2048");
    role = make_role();
    role.session_name = slu_view_str("a");
    check_role(&role, "role_session_name has 1 characters: STS takes 2 to 64");
    role.session_name = slu_view_str("a b");
    check_role(&role, "role_session_name \"a b\" has a character that STS "
                      "refuses: letters, digits and _+=,.@- are taken");
    role = make_role();
    role.external_id = slu_view_str("x");
    check_role(&role, "external_id has 1 characters: STS takes 2 to 1224");
    role = make_role();
    role.duration_s = 899;
    check_role(&role, "duration_seconds is 899: STS takes 900 to 43200");
    role.duration_s = 43201;
    check_role(&role, "duration_seconds is 43201: STS takes 900 to 43200");
    role = make_role();
    role.web_token = slu_view_str("abc");
    check_role(&role, "the token has 3 characters: STS takes 4 to 20000");
}

Test(sts, reads_the_credentials)
{
    cr_assert_eq(slu_sts_read_answer(slu_alloc_default(), slu_view_str(answer),
                                     &keys, &error),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_str_eq(keys.access_key_id, "ASIAROLE");
    cr_assert_str_eq(keys.secret_access_key, "sec/ret&+");
    cr_assert_str_eq(keys.session_token, "to/ken==");
    cr_assert_eq(keys.expires_s, 1767247200);
}

static void check_refused(const char *body, const char *sentence)
{
    static const struct slu_aws_keys none;

    cr_assert_eq(slu_sts_read_answer(slu_alloc_default(), slu_view_str(body),
                                     &keys, &error),
                 SLU_ERR_MALFORMED);
    cr_assert_str_eq(error.text, sentence);
    cr_assert_eq(memcmp(&keys, &none, sizeof(keys)), 0);
}

Test(sts, what_is_missing_or_damaged_is_named)
{
    check_refused("", "the answer of STS has no Credentials");
    check_refused("<html>sign in</html>",
                  "the answer of STS has no Credentials");
    check_refused("<Credentials/>", "the answer of STS has no AccessKeyId");
    check_refused("<Credentials><AccessKeyId>a</AccessKeyId></Credentials>",
                  "the answer of STS has no SecretAccessKey");
    check_refused("<Credentials><AccessKeyId>&what;</AccessKeyId>"
                  "</Credentials>",
                  "AccessKeyId in the answer of STS is damaged");
    check_refused("<Credentials><AccessKeyId></AccessKeyId></Credentials>",
                  "AccessKeyId is empty");
    check_refused("<Credentials><AccessKeyId>a</AccessKeyId><SecretAccessKey>"
                  "s</SecretAccessKey><SessionToken>t</SessionToken>"
                  "<Expiration>soon</Expiration></Credentials>",
                  "Expiration \"soon\" is no time: expected "
                  "2026-01-01T06:00:00Z");
}

Test(sts, every_cut_is_refused)
{
    size_t whole = (size_t)(strstr(answer, "</Credentials>") - answer) +
                   strlen("</Credentials>");

    for (size_t len = 0; len < whole; len++) {
        char *text = malloc(len == 0 ? 1 : len);

        memcpy(text, answer, len);
        cr_assert_eq(slu_sts_read_answer(slu_alloc_default(),
                                         slu_view_make(text, len), &keys, NULL),
                     SLU_ERR_MALFORMED);
        free(text);
    }
}

Test(sts, no_secret_stays_in_memory_given_back)
{
    static struct count_alloc counting;

    count_alloc_init(&counting);
    counting.secret = "to/ken";
    cr_assert_eq(slu_sts_read_answer(&counting.alloc, slu_view_str(answer),
                                     &keys, &error),
                 SLU_ERR_OK);
    cr_assert_not(counting.freed_secret);
    cr_assert_eq(counting.live, 0);
    counting.fail_at = counting.calls + 1;
    cr_assert_eq(slu_sts_read_answer(&counting.alloc, slu_view_str(answer),
                                     &keys, &error),
                 SLU_ERR_NOMEM);
}
