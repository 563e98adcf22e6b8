/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_credentials.h"
#include "engine/count_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define EXPIRES 1767247200 /* 2026-01-01T06:00:00Z */

static const char metadata[] =
    "{\n  \"Code\" : \"Success\",\n  \"LastUpdated\" : "
    "\"2026-01-01T00:00:00Z\",\n  \"Type\" : \"AWS-HMAC\",\n  "
    "\"AccessKeyId\" : \"ASIAMETA\",\n  \"SecretAccessKey\" : "
    "\"se/cret+Meta\",\n  \"Token\" : \"to/ken==\",\n  \"Expiration\" : "
    "\"2026-01-01T06:00:00Z\"\n}";

static const char container[] =
    "{\"AccessKeyId\":\"ASIACONT\",\"SecretAccessKey\":\"secretCont\","
    "\"Token\":\"tokenCont\",\"Expiration\":\"2026-01-01T06:00:00.000Z\","
    "\"AccountId\":\"123456789012\",\"RoleArn\":\"r\"}";

static const char process[] =
    "\n{\"Version\":1,\"AccessKeyId\":\"AKIAPROC\",\"SecretAccessKey\":"
    "\"secretProc\"}\n";

static const char anywhere[] =
    "{\"credentialSet\":[{\"assumedRoleUser\":{\"arn\":\"a\"},"
    "\"credentials\":{\"accessKeyId\":\"ASIAANY\",\"secretAccessKey\":"
    "\"secretAny\",\"sessionToken\":\"tokenAny\",\"expiration\":"
    "\"2026-01-01T06:00:00Z\"},\"roleArn\":\"r\"},{\"credentials\":"
    "{\"accessKeyId\":\"SECOND\",\"secretAccessKey\":\"s\",\"sessionToken\":"
    "\"t\",\"expiration\":\"2036-01-01T06:00:00Z\"}}],\"subjectArn\":\"s\"}";

static struct slu_aws_keys keys;
static struct slu_error error;

static enum slu_err read_body(enum slu_aws_keys_form form, const char *body)
{
    error = (struct slu_error){0};
    return slu_aws_keys_read(slu_alloc_default(), form, slu_view_str(body),
                             &keys, &error);
}

static void check_keys(enum slu_aws_keys_form form, const char *body,
                       const char *id, const char *secret, const char *token,
                       int64_t expires_s)
{
    cr_assert_eq(read_body(form, body), SLU_ERR_OK, "%s", error.text);
    cr_assert_str_eq(keys.access_key_id, id);
    cr_assert_str_eq(keys.secret_access_key, secret);
    cr_assert_str_eq(keys.session_token, token);
    cr_assert_eq(keys.expires_s, expires_s);
}

Test(aws_credentials, of_the_metadata_service)
{
    check_keys(SLU_AWS_KEYS_METADATA, metadata, "ASIAMETA", "se/cret+Meta",
               "to/ken==", EXPIRES);
    cr_assert_eq(keys.updated_s, EXPIRES - 6 * 3600);
}

Test(aws_credentials, of_a_container)
{
    check_keys(SLU_AWS_KEYS_CONTAINER, container, "ASIACONT", "secretCont",
               "tokenCont", EXPIRES);
}

Test(aws_credentials, of_a_process_may_be_for_ever)
{
    check_keys(SLU_AWS_KEYS_PROCESS, process, "AKIAPROC", "secretProc", "", 0);
    check_keys(SLU_AWS_KEYS_PROCESS,
               "{\"SessionToken\":\"t\",\"Expiration\":"
               "\"2026-01-01T08:00:00.123456+02:00\",\"SecretAccessKey\":\"s\","
               "\"AccessKeyId\":\"a\",\"Version\":1}",
               "a", "s", "t", EXPIRES);
    check_keys(SLU_AWS_KEYS_PROCESS,
               "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\","
               "\"SessionToken\":null,\"Expiration\":null}",
               "a", "s", "", 0);
    check_keys(SLU_AWS_KEYS_PROCESS,
               "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\","
               "\"SessionToken\":\"\"}",
               "a", "s", "", 0);
}

Test(aws_credentials, of_roles_anywhere_the_first_set)
{
    check_keys(SLU_AWS_KEYS_ANYWHERE, anywhere, "ASIAANY", "secretAny",
               "tokenAny", EXPIRES);
}

Test(aws_credentials, needless_escapes_are_resolved)
{
    check_keys(SLU_AWS_KEYS_PROCESS,
               "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":"
               "\"s\\/e\\/\\u002b\\u003D\",\"note\":\"\\\\\\/\\\"\\u0022\\n\"}",
               "a", "s/e/+=", "", 0);
}

static void check_refused(enum slu_aws_keys_form form, const char *body,
                          enum slu_err code, const char *sentence)
{
    static const struct slu_aws_keys none;

    cr_assert_eq(read_body(form, body), code, "%s: %s", body, error.text);
    cr_assert_eq(error.code, code);
    cr_assert_str_eq(error.text, sentence);
    cr_assert_eq(memcmp(&keys, &none, sizeof(keys)), 0, "not wiped: %s", body);
}

Test(aws_credentials, a_code_that_is_not_success)
{
    check_refused(SLU_AWS_KEYS_METADATA,
                  "{\"Code\":\"AssumeRoleUnauthorizedAccess\",\"Message\":"
                  "\"EC2 cannot assume the role\",\"LastUpdated\":\"x\"}",
                  SLU_ERR_AUTH, "Code is \"AssumeRoleUnauthorizedAccess\"");
    check_refused(SLU_AWS_KEYS_METADATA, "{\"Code\":7}", SLU_ERR_AUTH,
                  "Code is \"\"");
}

Test(aws_credentials, what_is_missing_is_named)
{
    check_refused(SLU_AWS_KEYS_METADATA, "{\"Code\":\"Success\"}",
                  SLU_ERR_MALFORMED, "the answer has no AccessKeyId");
    check_refused(SLU_AWS_KEYS_CONTAINER, "{\"AccessKeyId\":\"a\"}",
                  SLU_ERR_MALFORMED, "the answer has no SecretAccessKey");
    check_refused(SLU_AWS_KEYS_METADATA,
                  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\","
                  "\"Token\":\"t\"}",
                  SLU_ERR_MALFORMED, "the answer has no Expiration");
    check_refused(SLU_AWS_KEYS_ANYWHERE, "{\"credentialSet\":[]}",
                  SLU_ERR_MALFORMED, "the answer has no accessKeyId");
    check_refused(SLU_AWS_KEYS_ANYWHERE,
                  "{\"credentialSet\":[{\"credentials\":{\"accessKeyId\":"
                  "\"a\",\"secretAccessKey\":\"s\"}}]}",
                  SLU_ERR_MALFORMED, "the answer has no sessionToken");
    check_refused(SLU_AWS_KEYS_PROCESS,
                  "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\"}",
                  SLU_ERR_MALFORMED, "its output has no Version");
}

Test(aws_credentials, what_is_wrong_is_named)
{
    check_refused(SLU_AWS_KEYS_PROCESS, "{\"Version\":2}", SLU_ERR_MALFORMED,
                  "its output has another Version than 1");
    check_refused(SLU_AWS_KEYS_PROCESS, "{\"Version\":\"1\"}",
                  SLU_ERR_MALFORMED, "its output has another Version than 1");
    check_refused(SLU_AWS_KEYS_CONTAINER, "{\"AccessKeyId\":7}",
                  SLU_ERR_MALFORMED, "AccessKeyId is no string");
    check_refused(SLU_AWS_KEYS_CONTAINER, "{\"AccessKeyId\":\"\"}",
                  SLU_ERR_MALFORMED, "AccessKeyId is empty");
    check_refused(SLU_AWS_KEYS_CONTAINER,
                  "{\"SecretAccessKey\":\"a\\r\\nX: y\"}", SLU_ERR_MALFORMED,
                  "SecretAccessKey holds a space, a line break or another "
                  "byte that no key has");
    check_refused(SLU_AWS_KEYS_CONTAINER, "{\"Expiration\":\"tomorrow\"}",
                  SLU_ERR_MALFORMED,
                  "Expiration \"tomorrow\" is no time: expected "
                  "2026-01-01T06:00:00Z");
}

Test(aws_credentials, what_is_too_long_is_refused)
{
    char body[400];

    (void)snprintf(body, sizeof(body), "{\"AccessKeyId\":\"%0129d\"}", 0);
    check_refused(SLU_AWS_KEYS_CONTAINER, body, SLU_ERR_MALFORMED,
                  "AccessKeyId has 129 bytes: at most 128 are possible");
}

Test(aws_credentials, what_is_no_object)
{
    static const char *const bad[] = {"", " \n", "[]", "null", "AKIA", "<a/>"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        check_refused(SLU_AWS_KEYS_CONTAINER, bad[i], SLU_ERR_MALFORMED,
                      "the answer is no JSON object");
    }
    cr_assert_eq(read_body(SLU_AWS_KEYS_PROCESS, "{\"Version\":1,"),
                 SLU_ERR_MALFORMED);
    cr_assert_eq(
        memcmp(error.text, "its output is no JSON object (at byte ", 38), 0,
        "%s", error.text);
}

/* Every way to cut an answer: refused, or (behind its last wanted member)
 * read; nothing is read behind it. */
Test(aws_credentials, every_cut_of_an_answer)
{
    size_t good = 0;

    for (size_t len = 0; len < sizeof(metadata) - 1; len++) {
        char *text = malloc(len == 0 ? 1 : len);

        memcpy(text, metadata, len);
        good += slu_aws_keys_read(slu_alloc_default(), SLU_AWS_KEYS_METADATA,
                                  slu_view_make(text, len), &keys,
                                  NULL) == SLU_ERR_OK;
        free(text);
    }
    cr_assert_leq(good, 2);
}

/* With the token escaped, so that a careless reader would have copied it. */
Test(aws_credentials, no_secret_stays_in_memory_given_back)
{
    static const char body[] =
        "{\"Version\":1,\"AccessKeyId\":\"a\",\"SecretAccessKey\":"
        "\"hidden\\/word\\u002b\",\"SessionToken\":\"hidden\\/word\\u002b\"}";
    static struct count_alloc counting;

    count_alloc_init(&counting);
    for (unsigned long fail_at = 0;; fail_at++) {
        unsigned long calls = counting.calls;
        enum slu_err err;

        counting.secret = "hidden/";
        counting.fail_at = fail_at == 0 ? 0 : calls + fail_at;
        err = slu_aws_keys_read(&counting.alloc, SLU_AWS_KEYS_PROCESS,
                                slu_view_str(body), &keys, &error);
        cr_assert_not(counting.freed_secret);
        cr_assert_eq(counting.live, 0);
        if (fail_at > 0 && err == SLU_ERR_OK) {
            cr_assert_gt(fail_at, 2);
            break;
        }
        cr_assert_eq(err, fail_at == 0 ? SLU_ERR_OK : SLU_ERR_NOMEM);
    }
    slu_aws_keys_wipe(&keys);
    cr_assert_eq(keys.secret_access_key[0], '\0');
}
