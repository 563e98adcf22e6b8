/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/gti.h"
#include "codecs/json_split.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slu_gti_reader *reader;
/* Item strings point into it. */
static char text_room[70000];

static void make_reader(void)
{
    reader = slu_gti_reader_new(slu_alloc_default());
    cr_assert_not_null(reader);
}

static void free_reader(void)
{
    slu_gti_reader_free(reader);
}

TestSuite(gti, .init = make_reader, .fini = free_reader);

static struct slu_view pad_text(const char *text)
{
    size_t len = strlen(text);

    cr_assert(len + SLU_JSON_PADDING <= sizeof(text_room));
    memcpy(text_room, text, len);
    memset(text_room + len, '}', SLU_JSON_PADDING);
    return slu_view_make(text_room, len);
}

static const struct slu_json_event *make_event(const char *text)
{
    static struct slu_json_event event;

    event = slu_json_event_of(pad_text(text));
    return &event;
}

static struct slu_gti_item read_item(enum slu_gti_shape shape, const char *text)
{
    struct slu_gti_item item;
    struct slu_error error = {0};

    memset(&item, 0x55, sizeof(item));
    cr_assert_eq(
        slu_gti_read_item(reader, shape, make_event(text), &item, &error),
        SLU_ERR_OK, "%s: %s", text, error.text);
    return item;
}

static struct slu_gti_item read_stream(const char *text)
{
    return read_item(SLU_GTI_STREAM_ITEM, text);
}

static struct slu_gti_item read_list(const char *text)
{
    return read_item(SLU_GTI_LIST_ITEM, text);
}

Test(gti, reads_a_stream_item)
{
    struct slu_gti_item item = read_stream(
        "{\"id\":\"bad.example\",\"type\":\"domain\",\"links\":{\"self\":\"x\"}"
        ","
        "\"attributes\":{\"tld\":\"example\",\"last_modification_date\":"
        "1754559000,\"gti_assessment\":{\"verdict\":{\"value\":"
        "\"VERDICT_MALICIOUS\"},\"threat_score\":{\"value\":90},\"severity\":"
        "{\"value\":\"SEVERITY_HIGH\"}}},\"context_attributes\":"
        "{\"notification_id\":\"23074586377\",\"notification_date\":1754559927,"
        "\"origin\":\"hunting\",\"hunting_info\":null,\"sources\":[]}}");

    cr_assert_eq(item.type, SLU_GTI_DOMAIN);
    cr_assert(slu_view_equal_str(item.id, "bad.example"));
    cr_assert_eq(item.verdict, SLU_VERDICT_MALICIOUS);
    cr_assert_eq(item.score, 90);
    cr_assert_eq(item.last_modification_date, 1754559000);
    cr_assert(slu_view_equal_str(item.notification_id, "23074586377"));
    cr_assert_eq(item.notification_date, 1754559927);
}

Test(gti, reads_a_list_item_with_its_members_in_another_order)
{
    struct slu_gti_item item = read_list(
        "{\"data\":{\"relationships\":{\"campaigns\":{\"data\":[{\"id\":\"no\","
        "\"type\":\"domain\"}]}},\"attributes\":{\"positives\":3,"
        "\"gti_assessment\":{\"threat_score\":{\"value\":1},\"verdict\":"
        "{\"value\":\"VERDICT_UNDETECTED\"}},\"tld\":[\"top\"],"
        "\"last_modification_date\":1700000000},\"context_attributes\":"
        "{\"threat_list_id\":\"malware\"},\"type\":\"ip_address\","
        "\"id\":\"2001:db8::1\"}}");

    cr_assert_eq(item.type, SLU_GTI_IP_ADDRESS);
    cr_assert(slu_view_equal_str(item.id, "2001:db8::1"));
    cr_assert_eq(item.verdict, SLU_VERDICT_UNDETECTED);
    cr_assert_eq(item.score, 1);
    cr_assert_eq(item.last_modification_date, 1700000000);
    cr_assert_eq(item.notification_id.len, 0);
    cr_assert_eq(item.notification_date, 0);
}

Test(gti, takes_absent_and_null_members_as_nothing)
{
    static const char *const texts[] = {
        "{}",
        "{\"data\":null}",
        "{\"data\":{}}",
        "{\"data\":[]}",
        "{\"data\":{\"id\":null,\"type\":null,\"attributes\":null}}",
        "{\"data\":{\"attributes\":{\"gti_assessment\":null,"
        "\"last_modification_date\":null}}}",
        "{\"data\":{\"id\":7,\"type\":[],\"attributes\":\"x\"}}",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slu_gti_item item = read_list(texts[i]);

        cr_assert_eq(item.type, SLU_GTI_OTHER);
        cr_assert_eq(item.id.len, 0);
        cr_assert_eq(item.verdict, SLU_VERDICT_NONE);
        cr_assert_eq(item.score, 0);
        cr_assert_eq(item.last_modification_date, 0);
    }
    cr_assert_eq(read_stream("{\"context_attributes\":null}").notification_date,
                 0);
}

static void check_assessment(const char *assessment, enum slu_verdict verdict,
                             unsigned score)
{
    char text[400];
    struct slu_gti_item item;

    (void)snprintf(text, sizeof(text),
                   "{\"id\":\"x\",\"attributes\":{\"gti_assessment\":%s}}",
                   assessment);
    item = read_stream(text);
    cr_assert_eq(item.verdict, verdict, "%s", assessment);
    cr_assert_eq(item.score, score, "%s: %u", assessment, item.score);
}

Test(gti, tells_no_assessment_from_a_partial_one)
{
    check_assessment("null", SLU_VERDICT_NONE, 0);
    check_assessment("{}", SLU_VERDICT_UNKNOWN, 0);
    check_assessment("{\"threat_score\":{\"value\":60}}", SLU_VERDICT_UNKNOWN,
                     60);
    check_assessment("{\"verdict\":null,\"threat_score\":null}",
                     SLU_VERDICT_UNKNOWN, 0);
    check_assessment("{\"verdict\":{}}", SLU_VERDICT_UNKNOWN, 0);
    check_assessment("{\"verdict\":{\"value\":null}}", SLU_VERDICT_UNKNOWN, 0);
    check_assessment("{\"verdict\":{\"value\":\"VERDICT_BENIGN\"}}",
                     SLU_VERDICT_BENIGN, 0);
    check_assessment("{\"verdict\":{\"value\":\"VERDICT_NEW\"}}",
                     SLU_VERDICT_UNKNOWN, 0);
    check_assessment("{\"verdict\":{\"value\":\"\"}}", SLU_VERDICT_UNKNOWN, 0);
}

Test(gti, clamps_the_score)
{
    check_assessment("{\"threat_score\":{\"value\":100}}", SLU_VERDICT_UNKNOWN,
                     100);
    check_assessment("{\"threat_score\":{\"value\":101}}", SLU_VERDICT_UNKNOWN,
                     100);
    check_assessment("{\"threat_score\":{\"value\":-1}}", SLU_VERDICT_UNKNOWN,
                     0);
    check_assessment("{\"threat_score\":{\"value\":1e30}}", SLU_VERDICT_UNKNOWN,
                     100);
    check_assessment("{\"threat_score\":{\"value\":59.9}}", SLU_VERDICT_UNKNOWN,
                     59);
    check_assessment("{\"threat_score\":{\"value\":\"60\"}}",
                     SLU_VERDICT_UNKNOWN, 60);
    check_assessment("{\"threat_score\":{\"value\":\"999\"}}",
                     SLU_VERDICT_UNKNOWN, 100);
    check_assessment("{\"threat_score\":{\"value\":\"high\"}}",
                     SLU_VERDICT_UNKNOWN, 0);
}

Test(gti, undoes_escapes_in_ids)
{
    struct slu_gti_item item = read_stream(
        "{\"type\":\"doma\\u0069n\",\"id\":\"b\\u00fccher\\t.de\","
        "\"context_attributes\":{\"notification_id\":\"1\\u0032\"}}");

    cr_assert_eq(item.type, SLU_GTI_DOMAIN);
    cr_assert(slu_view_equal_str(item.id, "b\xc3\xbc"
                                          "cher\t.de"));
    cr_assert(slu_view_equal_str(item.notification_id, "12"));
}

Test(gti, takes_numbers_and_digits_for_each_other)
{
    struct slu_gti_item item = read_stream(
        "{\"attributes\":{\"last_modification_date\":\"1700000000\"},"
        "\"context_attributes\":{\"notification_id\":23074586377,"
        "\"notification_date\":1.7e9}}");

    cr_assert_eq(item.last_modification_date, 1700000000);
    cr_assert(slu_view_equal_str(item.notification_id, "23074586377"));
    cr_assert_eq(item.notification_date, 1700000000);
    item = read_stream("{\"attributes\":{\"last_modification_date\":\"17x\"},"
                       "\"context_attributes\":{\"notification_date\":-5}}");
    cr_assert_eq(item.last_modification_date, 0);
    cr_assert_eq(item.notification_date, 0);
}

Test(gti, names_other_types_other)
{
    cr_assert_eq(read_stream("{\"type\":\"file\"}").type, SLU_GTI_OTHER);
    cr_assert_eq(read_stream("{\"type\":\"url\"}").type, SLU_GTI_OTHER);
    cr_assert_eq(read_stream("{\"type\":\"Domain\"}").type, SLU_GTI_OTHER);
    cr_assert_eq(read_stream("{\"type\":\"\"}").type, SLU_GTI_OTHER);
}

static void check_bad_item(const char *text, uint64_t offset)
{
    struct slu_gti_item item;
    struct slu_error error = {0};

    cr_assert_eq(slu_gti_read_item(reader, SLU_GTI_LIST_ITEM, make_event(text),
                                   &item, &error),
                 SLU_ERR_MALFORMED, "%s", text);
    cr_assert_eq(error.code, SLU_ERR_MALFORMED);
    cr_assert_eq(error.offset, offset, "%s: %s", text, error.text);
}

Test(gti, refuses_what_is_no_item)
{
    check_bad_item("null", 0);
    check_bad_item("[]", 0);
    check_bad_item("\"x\"", 0);
    check_bad_item("1", 0);
    check_bad_item("", 0);
    check_bad_item("{\"data\":{\"id\":x}}", 14);
    check_bad_item("{\"data\":{\"id\" \"x\"}}", 14);
}

static struct slu_gti_meta read_meta(const char *text)
{
    struct slu_gti_meta meta;

    memset(&meta, 0x55, sizeof(meta));
    cr_assert_eq(slu_gti_read_meta(reader, pad_text(text), &meta, NULL),
                 SLU_ERR_OK, "%s", text);
    return meta;
}

Test(gti, reads_meta)
{
    struct slu_gti_meta meta =
        read_meta("{\"count\":2545,\"cursor\":\"eJw_-=\\u003d\"}");

    cr_assert(meta.has_count && meta.has_cursor);
    cr_assert_eq(meta.count, 2545);
    cr_assert(slu_view_equal_str(meta.cursor, "eJw_-=="));
    meta = read_meta("{\"cursor\":null,\"count\":\"17\"}");
    cr_assert(meta.has_count && !meta.has_cursor);
    cr_assert_eq(meta.count, 17);
    meta = read_meta("{\"cursor\":\"\",\"count\":0}");
    cr_assert(meta.has_count && !meta.has_cursor);
    cr_assert_eq(meta.count, 0);
}

Test(gti, takes_a_meta_without_anything)
{
    static const char *const texts[] = {"null",
                                        "{}",
                                        "{\"count\":null}",
                                        "{\"count\":-1}",
                                        "{\"count\":\"\"}",
                                        "{\"count\":\"1e3\"}",
                                        "{\"count\":\"9999999999999999999\"}",
                                        "{\"count\":[],\"cursor\":{}}",
                                        "{\"count\":false,\"cursor\":5}"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct slu_gti_meta meta = read_meta(texts[i]);

        cr_assert(!meta.has_count && !meta.has_cursor, "%s", texts[i]);
    }
}

Test(gti, refuses_a_meta_of_another_kind)
{
    struct slu_gti_meta meta;
    struct slu_error error;

    cr_assert_eq(slu_gti_read_meta(reader, pad_text("[]"), &meta, &error),
                 SLU_ERR_MALFORMED);
    cr_assert_eq(
        slu_gti_read_meta(reader, pad_text("{\"count\":1 2}"), &meta, &error),
        SLU_ERR_MALFORMED);
    cr_assert_eq(error.offset, 11);
}

/* The body in an allocation of its own length. */
static struct slu_gti_error read_error(const char *text, size_t len)
{
    struct slu_gti_error error;
    char *copy = malloc(len == 0 ? 1 : len);

    memcpy(copy, text, len);
    memset(&error, 0x55, sizeof(error));
    slu_gti_read_error(reader, slu_view_make(copy, len), &error);
    free(copy);
    return error;
}

static void check_error(const char *text, enum slu_gti_error_code code,
                        const char *message)
{
    struct slu_gti_error error = read_error(text, strlen(text));

    cr_assert_eq(error.code, code, "%s", text);
    cr_assert_str_eq(error.message, message, "%s: %s", text, error.message);
}

Test(gti, reads_error_bodies_in_either_order)
{
    check_error("{\"error\":{\"code\":\"QuotaExceededError\",\"message\":"
                "\"Quota exceeded\"}}",
                SLU_GTI_ERROR_QUOTA_EXCEEDED, "Quota exceeded");
    check_error(" {\"x\":[{}],\"error\": {\"details\":{\"message\":\"no\"},"
                "\"message\":\"Wrong API key\", "
                "\"code\":\"WrongCredentialsError\"}}\n",
                SLU_GTI_ERROR_WRONG_CREDENTIALS, "Wrong API key");
}

Test(gti, knows_every_documented_code)
{
    static const struct {
        const char *name;
        enum slu_gti_error_code code;
    } codes[] = {
        {"BadRequestError", SLU_GTI_ERROR_BAD_REQUEST},
        {"InvalidArgumentError", SLU_GTI_ERROR_INVALID_ARGUMENT},
        {"NotAvailableYet", SLU_GTI_ERROR_NOT_AVAILABLE_YET},
        {"AuthenticationRequiredError", SLU_GTI_ERROR_AUTHENTICATION_REQUIRED},
        {"WrongCredentialsError", SLU_GTI_ERROR_WRONG_CREDENTIALS},
        {"UserNotActiveError", SLU_GTI_ERROR_USER_NOT_ACTIVE},
        {"ForbiddenError", SLU_GTI_ERROR_FORBIDDEN},
        {"NotFoundError", SLU_GTI_ERROR_NOT_FOUND},
        {"QuotaExceededError", SLU_GTI_ERROR_QUOTA_EXCEEDED},
        {"TooManyRequestsError", SLU_GTI_ERROR_TOO_MANY_REQUESTS},
        {"TooManyRequests", SLU_GTI_ERROR_TOO_MANY_REQUESTS},
        {"TransientError", SLU_GTI_ERROR_TRANSIENT},
        {"DeadlineExceededError", SLU_GTI_ERROR_DEADLINE_EXCEEDED},
        {"SomethingElseError", SLU_GTI_ERROR_UNKNOWN},
        {"Error", SLU_GTI_ERROR_UNKNOWN},
        {"forbiddenerror", SLU_GTI_ERROR_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char text[200];

        (void)snprintf(text, sizeof(text), "{\"error\":{\"code\":\"%s\"}}",
                       codes[i].name);
        /* Without a message the code is the message. */
        check_error(text, codes[i].code, codes[i].name);
    }
}

Test(gti, survives_what_is_no_error_body)
{
    check_error("", SLU_GTI_ERROR_UNKNOWN, "");
    check_error("<title>429</title>429 Too Many Requests",
                SLU_GTI_ERROR_UNKNOWN,
                "<title>429</title>429 Too Many Requests");
    check_error("<p>\r\n\x1b[31mno\xff\x80</p>", SLU_GTI_ERROR_UNKNOWN,
                "<p>   [31mno  </p>");
    check_error("{\"error\":{\"code\":\"Quota", SLU_GTI_ERROR_UNKNOWN,
                "{\"error\":{\"code\":\"Quota");
    check_error("{\"error\":null}", SLU_GTI_ERROR_UNKNOWN, "{\"error\":null}");
    check_error("{\"error\":{\"code\":5,\"message\":null}}",
                SLU_GTI_ERROR_UNKNOWN,
                "{\"error\":{\"code\":5,\"message\":null}}");
    check_error("[]", SLU_GTI_ERROR_UNKNOWN, "[]");
    check_error("null", SLU_GTI_ERROR_UNKNOWN, "null");
    check_error("{\"error\":{\"message\":\"half\",\"code\":tru}}",
                SLU_GTI_ERROR_UNKNOWN,
                "{\"error\":{\"message\":\"half\",\"code\":tru}}");
}

Test(gti, replaces_control_characters_of_a_message)
{
    check_error("{\"error\":{\"code\":\"NotFoundError\",\"message\":"
                "\"a\\u0000b\\n\\u001bc\\u007f\\u0085d\xc3\xa9\"}}",
                SLU_GTI_ERROR_NOT_FOUND, "a b  c   d\xc3\xa9");
}

Test(gti, cuts_a_long_message_between_characters)
{
    for (unsigned fill = 190; fill < 204; fill++) {
        char text[3000];
        struct slu_gti_error error;
        int len = snprintf(text, sizeof(text),
                           "{\"error\":{\"message\":\"%0*d\xf0\x9d\x84\x9e"
                           "%01000d\",\"code\":\"NotFoundError\"}}",
                           (int)fill, 0, 0);
        /* The clef needs four bytes of the 199. */
        bool fits = fill + 4 <= sizeof(error.message) - 1;

        error = read_error(text, (size_t)len);
        cr_assert_eq(error.code, SLU_GTI_ERROR_NOT_FOUND);
        cr_assert_eq(strchr(error.message, '\xf0') != NULL, fits, "%u", fill);
        cr_assert_eq(strlen(error.message),
                     fits || fill >= sizeof(error.message) - 1
                         ? sizeof(error.message) - 1
                         : fill);
    }
}

Test(gti, does_not_read_a_huge_body_as_json)
{
    char *text = malloc(70000);
    struct slu_gti_error error;
    int len = snprintf(text, 70000,
                       "{\"error\":{\"code\":\"NotFoundError\",\"x\":\"%*s\"}}",
                       66000, "");

    error = read_error(text, (size_t)len);
    cr_assert_eq(error.code, SLU_GTI_ERROR_UNKNOWN);
    cr_assert_eq(strncmp(error.message, "{\"error\":", 9), 0);
    free(text);
}

Test(gti, survives_every_failing_allocation)
{
    bool done = false;

    for (unsigned nth = 1; !done; nth++) {
        struct failing_alloc failing;
        struct slu_gti_reader *own;
        struct slu_gti_error error = {0};

        cr_assert(nth < 40);
        failing_alloc_init(&failing, nth);
        own = slu_gti_reader_new(&failing.alloc);
        if (own != NULL) {
            static const char body[] =
                "{\"error\":{\"code\":\"\\u004eotFoundError\"}}";

            slu_gti_read_error(own, slu_view_str(body), &error);
            done = nth > failing.calls;
            cr_assert_eq(error.code == SLU_GTI_ERROR_NOT_FOUND, done);
        }
        slu_gti_reader_free(own);
        cr_assert_eq(failing.live, 0);
    }
    slu_gti_reader_free(NULL);
}
