/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/aws_error.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slu_aws_error read_body(int status, const char *type,
                                      const char *body, size_t len)
{
    struct slu_aws_error error;
    char *copy = malloc(len == 0 ? 1 : len);

    memcpy(copy, body, len);
    cr_assert_eq(slu_aws_error_read(slu_alloc_default(), status,
                                    slu_view_str(type),
                                    slu_view_make(copy, len), &error),
                 SLU_ERR_OK);
    free(copy);
    cr_assert_eq(error.status, status);
    return error;
}

static struct slu_aws_error read_error(int status, const char *type,
                                       const char *body)
{
    return read_body(status, type, body, strlen(body));
}

/* As seen on the wire: boto3, discussion of a wrong detector id. */
Test(aws_error, reads_what_guardduty_answers)
{
    struct slu_aws_error error = read_error(
        400, "BadRequestException",
        "{\"message\":\"The request is rejected because the parameter "
        "detectorId has an invalid value.\",\"__type\":"
        "\"InvalidInputException\"}");

    cr_assert_eq(error.class_, SLU_AWS_BAD_REQUEST);
    cr_assert_str_eq(error.code, "BadRequestException");
    cr_assert_str_eq(error.detail, "InvalidInputException");
    cr_assert_str_eq(error.message, "The request is rejected because the "
                                    "parameter detectorId has an invalid "
                                    "value.");
    cr_assert_str_eq(error.region, "");
}

static void check_code(const char *type, const char *body, const char *code,
                       const char *detail)
{
    struct slu_aws_error error = read_error(400, type, body);

    cr_assert_str_eq(error.code, code, "%s %s", type, body);
    cr_assert_str_eq(error.detail, detail, "%s %s", type, body);
}

Test(aws_error, prefers_header_then_code_then_type_then_status)
{
    check_code("A", "{\"code\":\"B\",\"__type\":\"C\"}", "A", "C");
    check_code("", "{\"code\":\"B\",\"__type\":\"C\"}", "B", "C");
    check_code("", "{\"__type\":\"C\",\"Code\":\"B\"}", "B", "C");
    check_code("", "{\"__type\":\"C\"}", "C", "");
    check_code("", "{\"__type\":\"C\",\"code\":\"C\"}", "C", "");
    check_code("", "{\"code\":7,\"__type\":null,\"message\":[]}", "400", "");
    check_code("", "", "400", "");
}

Test(aws_error, takes_the_name_out_of_its_namespace)
{
    check_code("AccessDeniedException:http://internal.amazon.com/x/", "",
               "AccessDeniedException", "");
    check_code("com.amazon.coral#ns#Throttled:1", "", "Throttled", "");
    check_code("", "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}",
               "QueueDoesNotExist", "");
    check_code("#", "{\"code\":\":x\"}", "400", "");
}

Test(aws_error, reads_a_message_of_either_case)
{
    cr_assert_str_eq(read_error(400, "", "{\"message\":\"m\"}").message, "m");
    cr_assert_str_eq(read_error(400, "", "{\"Message\":\"M\"}").message, "M");
    cr_assert_str_eq(
        read_error(400, "", " \r\n\xef\xbb\xbf{\"Message\":\"M\"}").message,
        "\xef\xbb\xbf{\"Message\":\"M\"}");
    cr_assert_str_eq(
        read_error(400, "", "\xef\xbb\xbf\n{\"Message\":\"M\"}").message, "M");
    cr_assert_str_eq(
        read_error(400, "", "{\"Message\":\"a\\nb\\u001b\"}").message, "a b ");
}

static const char sts[] =
    "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "  <Error>\n    <Type>Sender</Type>\n    <Code>AccessDenied</Code>\n"
    "    <Message>User: arn:aws:sts::1:assumed-role/a is not authorized to "
    "perform: sts:AssumeRole &amp; more</Message>\n  </Error>\n"
    "  <RequestId>r</RequestId>\n</ErrorResponse>";

static const char s3[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>"
    "<Code>AuthorizationHeaderMalformed</Code><Message>The authorization "
    "header is malformed; the region 'us-east-1' is wrong; expecting "
    "'eu-west-1'</Message><Region>eu-west-1</Region><RequestId>r</RequestId>"
    "<HostId>h</HostId></Error>";

Test(aws_error, reads_the_query_protocols_xml)
{
    struct slu_aws_error error = read_error(403, "", sts);

    cr_assert_eq(error.class_, SLU_AWS_DENIED);
    cr_assert_str_eq(error.code, "AccessDenied");
    cr_assert_str_eq(error.message,
                     "User: arn:aws:sts::1:assumed-role/a is not authorized to "
                     "perform: sts:AssumeRole & more");
}

Test(aws_error, reads_s3s_xml_with_its_region)
{
    struct slu_aws_error error = read_error(400, "", s3);

    cr_assert_eq(error.class_, SLU_AWS_REDIRECT);
    cr_assert_str_eq(error.code, "AuthorizationHeaderMalformed");
    cr_assert_str_eq(error.region, "eu-west-1");
}

Test(aws_error, a_region_that_is_none_is_not_believed)
{
    static const char *const bad[] = {
        "",
        "evil.example",
        "a/b",
        "US-EAST-1",
        "us east",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "@evil",
    };

    for (unsigned i = 0; i < 6; i++) {
        char body[300];

        (void)snprintf(body, sizeof(body),
                       "<Error><Code>PermanentRedirect</Code><Region>%s"
                       "</Region></Error>",
                       bad[i]);
        cr_assert_str_eq(read_error(301, "", body).region, "", "%s", bad[i]);
    }
    cr_assert_eq(read_error(301, "", "<Error/>").class_, SLU_AWS_REDIRECT);
}

Test(aws_error, a_cut_body_gives_what_it_has)
{
    static const char json[] =
        "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}";

    for (size_t len = 0; len < sizeof(json) - 1; len++) {
        struct slu_aws_error error = read_body(400, "", json, len);

        cr_assert(strcmp(error.code, "400") == 0 ||
                      strcmp(error.code, "ThrottlingException") == 0,
                  "%zu: %s", len, error.code);
    }
    for (size_t len = 0; len < sizeof(s3) - 1; len++) {
        struct slu_aws_error error = read_body(400, "", s3, len);

        cr_assert(strcmp(error.code, "400") == 0 ||
                      strcmp(error.code, "AuthorizationHeaderMalformed") == 0,
                  "%zu: %s", len, error.code);
    }
    cr_assert_str_eq(read_body(400, "", s3, sizeof(s3) - 9).code,
                     "AuthorizationHeaderMalformed");
}

Test(aws_error, html_has_no_words_and_plain_text_has)
{
    struct slu_aws_error error =
        read_error(502, "", "<html><h1>Bad gateway</h1></html>");

    cr_assert_str_eq(error.code, "502");
    cr_assert_str_eq(error.message, "");
    cr_assert_eq(error.class_, SLU_AWS_TRANSIENT);
    error = read_error(503, "", "upstream\nis gone");
    cr_assert_str_eq(error.message, "upstream is gone");
    error = read_body(500, "", "\0\0{", 3);
    cr_assert_str_eq(error.message, "  {");
}

Test(aws_error, long_texts_are_cut)
{
    static char body[200000];
    struct slu_aws_error error;

    memset(body, 'x', sizeof(body) - 1);
    memcpy(body, "{\"code\":\"", 9);
    memcpy(body + 1000, "\",\"message\":\"", 13);
    memcpy(body + 3000, "\"}", 3);
    error = read_error(400, "", body);
    cr_assert_eq(strlen(error.code), sizeof(error.code) - 1);
    cr_assert_eq(strlen(error.message), sizeof(error.message) - 1);
    memcpy(body + 3000, "xxx", 3);
    error = read_error(400, "", body);
    /* Of a body that long only the first 64 KB are read. */
    cr_assert_str_eq(error.code, "400");
}

struct class_case {
    int status;
    const char *code;
    enum slu_aws_class class_;
};

static const struct class_case cases[] = {
    {400, "BadRequestException", SLU_AWS_BAD_REQUEST},
    {400, "ValidationError", SLU_AWS_BAD_REQUEST},
    {400, "Whatever", SLU_AWS_BAD_REQUEST},
    {400, "AccessDeniedException", SLU_AWS_DENIED},
    {403, "AccessDenied", SLU_AWS_DENIED},
    {403, "", SLU_AWS_DENIED},
    {401, "", SLU_AWS_DENIED},
    {403, "UnrecognizedClientException", SLU_AWS_NOT_ENABLED},
    {403, "InvalidClientTokenId", SLU_AWS_NOT_ENABLED},
    {403, "InvalidAccessKeyId", SLU_AWS_NOT_ENABLED},
    {401, "AuthFailure", SLU_AWS_NOT_ENABLED},
    {403, "OptInRequired", SLU_AWS_NOT_ENABLED},
    {400, "ExpiredToken", SLU_AWS_EXPIRED},
    {403, "ExpiredTokenException", SLU_AWS_EXPIRED},
    {403, "RequestTimeTooSkewed", SLU_AWS_SIGNATURE},
    {403, "InvalidSignatureException", SLU_AWS_SIGNATURE},
    {403, "SignatureDoesNotMatch", SLU_AWS_SIGNATURE},
    {400, "RequestExpired", SLU_AWS_SIGNATURE},
    {400, "RequestInTheFuture", SLU_AWS_SIGNATURE},
    {429, "", SLU_AWS_THROTTLED},
    {429, "TooManyRequestsException", SLU_AWS_THROTTLED},
    {429, "AccessDenied", SLU_AWS_THROTTLED},
    {400, "ThrottlingException", SLU_AWS_THROTTLED},
    {503, "SlowDown", SLU_AWS_THROTTLED},
    {503, "", SLU_AWS_TRANSIENT},
    {500, "InternalServerErrorException", SLU_AWS_TRANSIENT},
    {500, "AccessDenied", SLU_AWS_TRANSIENT},
    {400, "RequestTimeout", SLU_AWS_TRANSIENT},
    {400, "IDPCommunicationError", SLU_AWS_TRANSIENT},
    {408, "", SLU_AWS_TRANSIENT},
    {200, "InternalError", SLU_AWS_TRANSIENT},
    {301, "PermanentRedirect", SLU_AWS_REDIRECT},
    {307, "TemporaryRedirect", SLU_AWS_REDIRECT},
    {307, "", SLU_AWS_REDIRECT},
    {400, "AuthorizationHeaderMalformed", SLU_AWS_REDIRECT},
    {404, "NoSuchKey", SLU_AWS_NOT_FOUND},
    {404, "", SLU_AWS_NOT_FOUND},
    {400, "ResourceNotFoundException", SLU_AWS_NOT_FOUND},
    {413, "", SLU_AWS_OTHER},
    {409, "Conflict", SLU_AWS_OTHER},
};

Test(aws_error, classes_follow_code_and_status)
{
    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(read_error(cases[i].status, cases[i].code, "").class_,
                     cases[i].class_, "%d %s", cases[i].status, cases[i].code);
    }
}

static void fail_each(const char *body)
{
    struct failing_alloc failing;
    unsigned calls;

    failing_alloc_init(&failing, 0);
    {
        struct slu_aws_error error;

        cr_assert_eq(slu_aws_error_read(&failing.alloc, 400,
                                        slu_view_make(NULL, 0),
                                        slu_view_str(body), &error),
                     SLU_ERR_OK);
    }
    calls = failing.calls;
    cr_assert(calls > 0);
    for (unsigned n = 1; n <= calls; n++) {
        struct slu_aws_error error;

        failing_alloc_init(&failing, n);
        cr_assert_eq(slu_aws_error_read(&failing.alloc, 400,
                                        slu_view_make(NULL, 0),
                                        slu_view_str(body), &error),
                     SLU_ERR_NOMEM, "%u", n);
        cr_assert_eq(failing.live, 0);
    }
}

Test(aws_error, no_memory_is_said_and_nothing_leaks)
{
    fail_each(sts);
    fail_each("{\"code\":\"A\",\"message\":\"b\"}");
}
