/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/threat_set.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

/* A text with the padding behind it that the reader asks for. */
static struct slu_view pad(const char *text)
{
    static char padded[20000];

    memset(padded, 0, sizeof(padded));
    (void)snprintf(padded, sizeof(padded) - SLU_JSON_PADDING, "%s", text);
    return slu_view_str(padded);
}

static struct slu_buf make_buf(size_t max)
{
    struct slu_buf buf;

    slu_buf_init(&buf, slu_alloc_default(), max);
    return buf;
}

static void assert_text(struct slu_buf *buf, const char *text)
{
    cr_assert(slu_view_equal_str(slu_buf_view(buf), text), "%.*s",
              SLU_VIEW_ARGS(slu_buf_view(buf)));
    slu_buf_fini(buf);
}

/* ---- bodies ---- */

Test(threat_set, a_create_names_format_location_and_token)
{
    struct slu_buf body = make_buf(1000);
    struct slu_threat_set_create create = {.name = "gti-a",
                                           .location = "s3://b/a \"1\".txt",
                                           .owner = "",
                                           .token = "t-1"};

    cr_assert_eq(slu_threat_set_write_create(&body, &create), SLU_ERR_OK);
    assert_text(&body, "{\"name\":\"gti-a\",\"format\":\"TXT\",\"location\":"
                       "\"s3://b/a \\\"1\\\".txt\",\"activate\":true,"
                       "\"clientToken\":\"t-1\"}");
}

Test(threat_set, an_owner_is_named_where_one_is_expected)
{
    struct slu_buf body = make_buf(1000);
    struct slu_threat_set_create create = {
        .name = "n", .location = "l", .owner = "123456789012", .token = "t"};

    cr_assert_eq(slu_threat_set_write_create(&body, &create), SLU_ERR_OK);
    assert_text(&body, "{\"name\":\"n\",\"format\":\"TXT\",\"location\":\"l\","
                       "\"activate\":true,\"expectedBucketOwner\":"
                       "\"123456789012\",\"clientToken\":\"t\"}");
}

Test(threat_set, an_update_names_only_what_changes)
{
    struct slu_buf body = make_buf(1000);

    cr_assert_eq(slu_threat_set_write_update(&body, "", "", true), SLU_ERR_OK);
    assert_text(&body, "{\"activate\":true}");
    body = make_buf(1000);
    cr_assert_eq(slu_threat_set_write_update(&body, "s3://b/k", "123", true),
                 SLU_ERR_OK);
    assert_text(&body, "{\"activate\":true,\"location\":\"s3://b/k\","
                       "\"expectedBucketOwner\":\"123\"}");
    body = make_buf(1000);
    cr_assert_eq(slu_threat_set_write_update(&body, "", "", false), SLU_ERR_OK);
    assert_text(&body, "{\"activate\":false}");
}

Test(threat_set, a_detector_is_enabled)
{
    struct slu_buf body = make_buf(1000);

    cr_assert_eq(slu_threat_detector_write_create(&body, "t"), SLU_ERR_OK);
    assert_text(&body, "{\"enable\":true,\"clientToken\":\"t\"}");
}

Test(threat_set, a_body_over_its_room_is_refused)
{
    struct slu_threat_set_create create = {"name", "location", "o", "t"};

    for (size_t max = 1; max < 40; max++) {
        struct slu_buf body = make_buf(max);

        cr_assert_eq(slu_threat_set_write_create(&body, &create),
                     SLU_ERR_LIMIT);
        slu_buf_fini(&body);
    }
}

Test(threat_set, nouns_are_the_services)
{
    cr_assert_str_eq(slu_threat_noun_path(SLU_THREAT_INTEL_SET),
                     "threatintelset");
    cr_assert_str_eq(slu_threat_noun_path(SLU_THREAT_ENTITY_SET),
                     "threatentityset");
    cr_assert_str_eq(slu_threat_noun_name(SLU_THREAT_ENTITY_SET),
                     "ThreatEntitySet");
    cr_assert_str_eq(slu_threat_noun_name(SLU_THREAT_DETECTOR), "Detector");
}

/* ---- lists ---- */

struct listing {
    struct slu_buf ids;
    struct slu_buf token;
    struct slu_error error;
    enum slu_err err;
};

static struct listing read_list(enum slu_threat_noun noun, const char *text)
{
    struct listing listing = {.ids = make_buf(5000), .token = make_buf(100)};

    listing.err =
        slu_threat_set_read_list(slu_alloc_default(), noun, pad(text),
                                 &listing.ids, &listing.token, &listing.error);
    return listing;
}

static void fini_list(struct listing *listing)
{
    slu_buf_fini(&listing->ids);
    slu_buf_fini(&listing->token);
}

Test(threat_set, a_list_gives_its_ids_and_token)
{
    struct listing listing = read_list(
        SLU_THREAT_INTEL_SET, " {\"new\":{\"a\":[1]},\"nextToken\":\"a\\/b+=\","
                              "\"threatIntelSetIds\":[\"one\",\"two\"]}");

    cr_assert_eq(listing.err, SLU_ERR_OK);
    cr_assert(slu_view_equal(slu_buf_view(&listing.ids),
                             slu_view_make("one\0two", 8)));
    cr_assert(slu_view_equal_str(slu_buf_view(&listing.token), "a/b+="));
    fini_list(&listing);
}

Test(threat_set, an_empty_null_or_absent_token_is_none)
{
    static const char *const ends[] = {",\"nextToken\":\"\"",
                                       ",\"nextToken\":null", ""};

    for (int i = 0; i < 3; i++) {
        char text[200];
        struct listing listing;

        (void)snprintf(text, sizeof(text), "{\"threatEntitySetIds\":[]%s}",
                       ends[i]);
        listing = read_list(SLU_THREAT_ENTITY_SET, text);
        cr_assert_eq(listing.err, SLU_ERR_OK);
        cr_assert_eq(listing.ids.len, 0);
        cr_assert_eq(listing.token.len, 0);
        fini_list(&listing);
    }
}

Test(threat_set, detectors_are_listed_alike)
{
    struct listing listing =
        read_list(SLU_THREAT_DETECTOR, "{\"detectorIds\":[\"d1\"]}");

    cr_assert_eq(listing.err, SLU_ERR_OK);
    cr_assert_str_eq(listing.ids.ptr, "d1");
    fini_list(&listing);
}

static void assert_bad_list(const char *text, const char *sentence)
{
    struct listing listing = read_list(SLU_THREAT_INTEL_SET, text);

    cr_assert_eq(listing.err, SLU_ERR_MALFORMED, "%s", text);
    cr_assert_not_null(strstr(listing.error.text, sentence), "%s",
                       listing.error.text);
    fini_list(&listing);
}

Test(threat_set, a_list_that_is_none_is_refused)
{
    assert_bad_list("", "no JSON object");
    assert_bad_list("[]", "no JSON object");
    assert_bad_list("<html>", "no JSON object");
    assert_bad_list("{}", "has no threatIntelSetIds");
    assert_bad_list("{\"threatEntitySetIds\":[]}", "has no threatIntelSetIds");
    assert_bad_list("{\"threatIntelSetIds\":\"a\"}",
                    "has no threatIntelSetIds");
    assert_bad_list("{\"threatIntelSetIds\":[1]}", "an id or a nextToken");
    assert_bad_list("{\"threatIntelSetIds\":[\"\"]}", "an id or a nextToken");
    assert_bad_list("{\"threatIntelSetIds\":[\"a b\"]}",
                    "an id or a nextToken");
    assert_bad_list("{\"threatIntelSetIds\":[],\"nextToken\":7}",
                    "an id or a nextToken");
}

Test(threat_set, an_id_or_token_without_end_is_refused)
{
    char text[1000];
    struct listing listing;

    (void)snprintf(text, sizeof(text), "{\"threatIntelSetIds\":[\"%0301d\"]}",
                   0);
    assert_bad_list(text, "an id");
    (void)snprintf(text, sizeof(text),
                   "{\"threatIntelSetIds\":[],\"nextToken\":\"%0101d\"}", 0);
    listing = read_list(SLU_THREAT_INTEL_SET, text);
    cr_assert_eq(listing.err, SLU_ERR_LIMIT);
    fini_list(&listing);
}

/* ---- Create's answer ---- */

Test(threat_set, a_created_set_has_an_id)
{
    char id[SLU_THREAT_SET_ID_MAX + 1];
    struct slu_error error = {0};

    cr_assert_eq(slu_threat_set_read_created(
                     slu_alloc_default(), SLU_THREAT_ENTITY_SET,
                     pad("{\"x\":1,\"threatEntitySetId\":\"abc\"}"), id,
                     &error),
                 SLU_ERR_OK);
    cr_assert_str_eq(id, "abc");
    cr_assert_eq(slu_threat_set_read_created(
                     slu_alloc_default(), SLU_THREAT_INTEL_SET,
                     pad("{\"threatEntitySetId\":\"abc\"}"), id, &error),
                 SLU_ERR_MALFORMED);
    cr_assert_str_eq(error.text, "the answer has no threatIntelSetId");
    cr_assert_eq(
        slu_threat_set_read_created(slu_alloc_default(), SLU_THREAT_DETECTOR,
                                    pad("{\"detectorId\":null}"), id, &error),
        SLU_ERR_MALFORMED);
}

/* ---- Get ---- */

static enum slu_err read_get(const char *text, struct slu_threat_set *set,
                             struct slu_error *error)
{
    return slu_threat_set_read_get(slu_alloc_default(), pad(text), set, error);
}

Test(threat_set, a_set_tells_all_of_itself)
{
    struct slu_threat_set set;
    struct slu_error error;

    cr_assert_eq(read_get("{\"createdAt\":1.5,\"errorDetails\":\"bad\\nline\","
                          "\"status\":\"ERROR\",\"location\":\"s3://b/k\","
                          "\"format\":\"TXT\",\"name\":\"n\",\"tags\":null}",
                          &set, &error),
                 SLU_ERR_OK);
    cr_assert_eq(set.status, SLU_THREAT_ERROR);
    cr_assert_str_eq(set.status_text, "ERROR");
    cr_assert_str_eq(set.name, "n");
    cr_assert_str_eq(set.format, "TXT");
    cr_assert_str_eq(set.location, "s3://b/k");
    cr_assert_str_eq(set.error_details, "bad line");
}

Test(threat_set, only_the_status_must_be_there)
{
    struct slu_threat_set set;
    struct slu_error error;

    cr_assert_eq(read_get("{\"status\":\"ACTIVE\"}", &set, &error), SLU_ERR_OK);
    cr_assert_eq(set.status, SLU_THREAT_ACTIVE);
    cr_assert_str_eq(set.name, "");
    cr_assert_str_eq(set.format, "");
    cr_assert_str_eq(set.error_details, "");
    cr_assert_eq(read_get("{\"name\":\"n\"}", &set, &error), SLU_ERR_MALFORMED);
    cr_assert_str_eq(error.text, "the answer has no status");
    cr_assert_eq(read_get("{\"status\":null}", &set, &error),
                 SLU_ERR_MALFORMED);
}

Test(threat_set, every_status_is_known_and_a_new_one_taken)
{
    static const struct {
        const char *text;
        enum slu_threat_status status;
    } cases[] = {
        {"INACTIVE", SLU_THREAT_INACTIVE},
        {"ACTIVATING", SLU_THREAT_ACTIVATING},
        {"ACTIVE", SLU_THREAT_ACTIVE},
        {"DEACTIVATING", SLU_THREAT_DEACTIVATING},
        {"ERROR", SLU_THREAT_ERROR},
        {"DELETE_PENDING", SLU_THREAT_DELETE_PENDING},
        {"DELETED", SLU_THREAT_DELETED},
        {"VALIDATING", SLU_THREAT_UNKNOWN},
        {"active", SLU_THREAT_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct slu_threat_set set;
        char text[100];

        (void)snprintf(text, sizeof(text), "{\"status\":\"%s\"}",
                       cases[i].text);
        cr_assert_eq(read_get(text, &set, NULL), SLU_ERR_OK);
        cr_assert_eq(set.status, cases[i].status, "%s", cases[i].text);
        cr_assert_str_eq(set.status_text, cases[i].text);
    }
}

Test(threat_set, a_name_that_is_too_long_is_no_name)
{
    struct slu_threat_set set;
    char text[2000];

    (void)snprintf(text, sizeof(text),
                   "{\"status\":\"ACTIVE\",\"name\":\"%0301d\","
                   "\"errorDetails\":\"%0900d\"}",
                   0, 0);
    cr_assert_eq(read_get(text, &set, NULL), SLU_ERR_OK);
    cr_assert_str_eq(set.name, "");
    cr_assert_eq(strlen(set.error_details), 8, "a run of digits is hidden");
}

/* ---- memory ---- */

Test(threat_set, every_failed_allocation_is_told)
{
    for (unsigned at = 1;; at++) {
        struct failing_alloc failing;
        struct slu_threat_set set;
        struct slu_buf ids;
        struct slu_buf token;
        enum slu_err err;

        failing_alloc_init(&failing, at);
        slu_buf_init(&ids, &failing.alloc, 5000);
        slu_buf_init(&token, &failing.alloc, 100);
        err = slu_threat_set_read_list(
            &failing.alloc, SLU_THREAT_INTEL_SET,
            pad("{\"threatIntelSetIds\":[\"a\"],\"nextToken\":\"t\"}"), &ids,
            &token, NULL);
        if (err == SLU_ERR_OK) {
            err = slu_threat_set_read_get(
                &failing.alloc, pad("{\"status\":\"ACTIVE\"}"), &set, NULL);
        }
        slu_buf_fini(&ids);
        slu_buf_fini(&token);
        cr_assert_eq(failing.live, 0);
        if (failing.calls < at) {
            cr_assert_eq(err, SLU_ERR_OK);
            break;
        }
        cr_assert_eq(err, SLU_ERR_NOMEM);
    }
}
