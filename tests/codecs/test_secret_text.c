/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/secret_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slu_secret_text secret;
static struct slu_error error;

static enum slu_err read_text(const char *answer, const char *member)
{
    error = (struct slu_error){0};
    memset(&secret, 'x', sizeof(secret));
    return slu_secret_text_read(slu_view_str(answer), member, &secret, &error);
}

/* An answer with the secret as it stands in JSON. */
static enum slu_err read_secret(const char *escaped, const char *member)
{
    static char answer[2048];

    (void)snprintf(answer, sizeof(answer),
                   "{\"ARN\":\"arn:aws:secretsmanager:eu-west-1:111122223333:"
                   "secret:gti-AbCdEf\",\"CreatedDate\":1795321286.0,"
                   "\"Name\":\"gti\",\"SecretString\":\"%s\","
                   "\"VersionId\":\"v\",\"VersionStages\":[\"AWSCURRENT\"]}",
                   escaped);
    return read_text(answer, member);
}

static void expect_key(const char *escaped, const char *member, const char *key)
{
    cr_assert_eq(read_secret(escaped, member), SLU_ERR_OK, "%s: %s", escaped,
                 error.text);
    cr_assert_str_eq(secret.text, key);
}

static void expect_nothing_left(void)
{
    for (size_t i = 0; i < sizeof(secret.text); i++) {
        cr_assert_eq(secret.text[i], '\0', "byte %zu", i);
    }
}

static void refuse(const char *escaped, const char *member, const char *why)
{
    cr_assert_eq(read_secret(escaped, member), SLU_ERR_CONFIG, "%s", escaped);
    cr_assert_not_null(strstr(error.text, why), "%s", error.text);
    cr_assert_null(strstr(error.text, "5ec4e7"), "%s", error.text);
    expect_nothing_left();
}

static void refuse_answer(const char *answer, const char *why)
{
    cr_assert_eq(read_text(answer, NULL), SLU_ERR_MALFORMED, "%s", answer);
    cr_assert_not_null(strstr(error.text, why), "%s", error.text);
    cr_assert_null(strstr(error.text, "5ec4e7"), "%s", error.text);
    expect_nothing_left();
}

/* ---- a bare string ---- */

Test(secret_text, of_a_bare_string)
{
    expect_key("0123abcd", NULL, "0123abcd");
    expect_key("a/b+c==~!\\\"\\\\\\/", NULL, "a/b+c==~!\"\\/");
    expect_key("\\u0061\\u002f\\u007E", NULL, "a/~");
}

Test(secret_text, without_the_line_end_behind_it)
{
    expect_key("0123abcd\\n", NULL, "0123abcd");
    expect_key("0123abcd\\r\\n\\n", NULL, "0123abcd");
    /* And nothing of what was behind it stays. */
    expect_key("k\\n", NULL, "k");
    cr_assert_eq(secret.text[1], '\0');
    cr_assert_eq(secret.text[2], '\0');
    cr_assert_eq(secret.text[SLU_SECRET_TEXT_MAX], '\0');
}

Test(secret_text, refuses_what_is_no_key)
{
    refuse("", NULL, "it is empty");
    refuse("\\n", NULL, "it is empty");
    refuse("5ec4e7 a", NULL, "a space, a line break or another byte");
    refuse(" 5ec4e7", NULL, "a space");
    refuse("5ec4e7\\nb", NULL, "a space");
    refuse("5ec4e7\\t", NULL, "a space");
    refuse("5ec4e7\\u0000", NULL, "a space");
    refuse("5ec4e7\\u00e9", NULL, "a space");
    refuse("5ec4e7\\ud83d\\ude00", NULL, "a space");
    refuse("5ec4e7\xc3\xa9", NULL, "a space");
    refuse("5ec4e7\x7f", NULL, "a space");
}

/* ---- JSON ---- */

Test(secret_text, of_the_only_member)
{
    expect_key("{\\\"key\\\":\\\"0123\\\"}", NULL, "0123");
    expect_key(" { \\\"any name\\\" : \\\"0123\\\\n\\\" } \\n", NULL, "0123");
    expect_key("{\\\"k\\\":\\\"\\\\u0041\\\\/b\\\"}", NULL, "A/b");
}

Test(secret_text, of_the_member_that_is_named)
{
    const char *three = "{\\\"user\\\":\\\"u\\\",\\\"apikey\\\":\\\"0123\\\","
                        "\\\"more\\\":{\\\"apikey\\\":[1,\\\"]\\\",{}]}}";

    expect_key(three, "apikey", "0123");
    expect_key(three, "user", "u");
    expect_key("{\\\"k\\\":\\\"0123\\\"}", "k", "0123");
    /* A name may be escaped, too. */
    expect_key("{\\\"\\\\u006b\\\\u00e9y\\\":\\\"0123\\\",\\\"b\\\":1}",
               "k\xc3\xa9y", "0123");
    expect_key("{\\\"\\\\ud83d\\\\ude00\\\":\\\"0123\\\",\\\"b\\\":null}",
               "\xf0\x9f\x98\x80", "0123");
    /* As with everybody else, the last of a name counts. */
    expect_key("{\\\"k\\\":\\\"old\\\",\\\"k\\\":\\\"new\\\"}", "k", "new");
}

Test(secret_text, says_which_member_it_wants)
{
    refuse("{\\\"a\\\":\\\"5ec4e7\\\",\\\"b\\\":\\\"5ec4e7\\\"}", NULL,
           "its JSON has 2 members: name one, as in {secret: NAME, key: "
           "MEMBER}");
    refuse("{\\\"a\\\":\\\"5ec4e7\\\"}", "apikey",
           "its JSON has no member `apikey`, which `key` names");
    refuse("5ec4e7", "apikey", "it is no JSON object");
    refuse("{}", NULL, "its JSON has no member");
    refuse("{\\\"a\\\":5}", NULL, "is no text: put it in quotes");
    refuse("{\\\"a\\\":null}", "a", "is no text");
    refuse("{\\\"a\\\":{\\\"b\\\":\\\"5ec4e7\\\"}}", NULL, "is no text");
    refuse("{\\\"a\\\":\\\"\\\"}", NULL, "it is empty");
    refuse("{\\\"a\\\":\\\"5ec4e7 \\\"}", NULL, "a space");
}

Test(secret_text, refuses_json_that_is_damaged)
{
    static const char *const texts[] = {
        "{",
        "{5ec4e7}",
        "{\\\"5ec4e7",
        "{\\\"a\\\"",
        "{\\\"a\\\":",
        "{\\\"a\\\":}",
        "{\\\"a\\\":\\\"5ec4e7",
        "{\\\"a\\\":\\\"5ec4e7\\\"",
        "{\\\"a\\\":\\\"5ec4e7\\\",}",
        "{\\\"a\\\":\\\"5ec4e7\\\"}x",
        "{\\\"a\\\":\\\"5ec4e7\\\"}{}",
        "{\\\"a\\\":[1}",
        "{\\\"a\\\":[[[1,\\\"5ec4e7\\\"]]",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        refuse(texts[i], NULL, "it begins as JSON but is no JSON object");
    }
    refuse("{\\\"a\\\":\\\"5ec4e7\\\\x\\\"}", NULL, "is no JSON string");
    refuse("{\\\"a\\\":\\\"5ec4e7\\\\u12\\\"}", NULL, "is no JSON string");
    refuse("{\\\"a\\\":\\\"5ec4e7\\\\udc00\\\"}", NULL, "is no JSON string");
    refuse("{\\\"a\\\":\\\"5ec4e7\\\\ud800x\\\"}", NULL, "is no JSON string");
    refuse("{\\\"a\\\":\\\"5ec4e7\\\\ud800\\\\u0041\\\"}", NULL,
           "is no JSON string");
}

Test(secret_text, goes_no_deeper_than_its_limit)
{
    char text[300] = "{\\\"a\\\":";
    size_t at = strlen(text);

    memset(text + at, '[', 64);
    memset(text + at + 64, ']', 64);
    (void)snprintf(text + at + 128, sizeof(text) - at - 128,
                   ",\\\"b\\\":\\\"k\\\"}");
    expect_key(text, "b", "k");
    memset(text + at, '[', 65);
    memset(text + at + 65, ']', 65);
    (void)snprintf(text + at + 130, sizeof(text) - at - 130,
                   ",\\\"b\\\":\\\"k\\\"}");
    refuse(text, "b", "it begins as JSON but");
}

/* ---- the answer ---- */

Test(secret_text, finds_the_string_wherever_it_stands)
{
    cr_assert_eq(read_text("{\"SecretString\":\"k\"}", NULL), SLU_ERR_OK);
    cr_assert_eq(read_text("\r\n{\"a\":{\"SecretString\":\"no\"},\n"
                           "\"SecretBinary\":null , \"SecretString\" :\"k\"}\n",
                           NULL),
                 SLU_ERR_OK, "%s", error.text);
    cr_assert_str_eq(secret.text, "k");
}

Test(secret_text, says_that_a_secret_is_binary)
{
    cr_assert_eq(
        read_text("{\"Name\":\"x\",\"SecretBinary\":\"NWVjNGU3\"}", NULL),
        SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "it is binary: store the key as text");
    expect_nothing_left();
}

Test(secret_text, refuses_an_answer_that_is_none)
{
    refuse_answer("", "the answer is no JSON object");
    refuse_answer("<html>5ec4e7</html>", "the answer is no JSON object");
    refuse_answer("[\"5ec4e7\"]", "the answer is no JSON object");
    refuse_answer("{\"SecretString\":\"5ec4e7\"", "is no JSON object");
    refuse_answer("{\"SecretString\":\"5ec4e7", "is no JSON object");
    refuse_answer("{\"SecretString\":\"5ec4e7\\", "is no JSON object");
    refuse_answer("{}", "the answer has no SecretString");
    refuse_answer("{\"SecretString\":null}", "the answer has no SecretString");
    refuse_answer("{\"SecretString\":7}", "the answer has no SecretString");
    refuse_answer("{\"SecretString\":\"5ec4e7\\q\"}", "is no JSON string");
    refuse_answer("{\"SecretString\":\"5ec4e7\n\"}", "is no JSON string");
}

/* The whole room, and one byte more; every byte escaped in six. */
Test(secret_text, takes_the_largest_secret)
{
    size_t max = SLU_SECRET_TEXT_MAX;
    char *answer = malloc(SLU_SECRET_ANSWER_MAX);
    struct slu_view text;
    char *at = answer;

    cr_assert_not_null(answer);
    at += sprintf(at, "{\"SecretString\":\"{\\\"k\\\":\\\"key\\\",\\\"z\\\":"
                      "\\\"");
    for (size_t i = 0; i < max - strlen("{\"k\":\"key\",\"z\":\"\"}"); i++) {
        at += sprintf(at, "\\u0041");
    }
    at += sprintf(at, "\\\"}\"}");
    text = slu_view_make(answer, (size_t)(at - answer));
    cr_assert_eq(slu_secret_text_read(text, "k", &secret, &error), SLU_ERR_OK,
                 "%s", error.text);
    cr_assert_str_eq(secret.text, "key");
    cr_assert_eq(slu_secret_text_read(text, "z", &secret, &error),
                 SLU_ERR_CONFIG);
    cr_assert_str_eq(error.text, "it is too large for a key");
    at -= strlen("\\\"}\"}");
    at += sprintf(at, "A\\\"}\"}");
    text.len++;
    cr_assert_eq(slu_secret_text_read(text, "k", &secret, &error),
                 SLU_ERR_MALFORMED);
    cr_assert_not_null(strstr(error.text, "at most 65536 bytes"), "%s",
                       error.text);
    free(answer);
}

/* No prefix of a good answer is one, and none is read beyond its end. */
Test(secret_text, is_whole_or_not_read)
{
    static const char whole[] =
        "{\"a\":[1.5e+3,{\"b\":\"\\\\\"}],\"SecretString\":"
        "\"{\\\"k\\\":\\\"5ec4e7\\\"}\"}";

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        char *copy = malloc(len + 1);

        memcpy(copy, whole, len);
        cr_assert_eq(slu_secret_text_read(slu_view_make(copy, len), NULL,
                                          &secret, &error),
                     SLU_ERR_MALFORMED, "%zu", len);
        free(copy);
    }
    cr_assert_eq(read_text(whole, NULL), SLU_ERR_OK, "%s", error.text);
}
