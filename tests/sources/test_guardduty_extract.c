/* SPDX-License-Identifier: Apache-2.0 */
/* One finding to rows; whatever is not handed on is counted. */
#include "codecs/json_split.h"
#include "codecs/row_ndjson.h"
#include "sources/guardduty.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD                                                                   \
    "\"accountId\":\"111122223333\",\"region\":\"us-east-1\",\"id\":\"f1\","   \
    "\"arn\":\"a1\",\"type\":\"T:U/V\",\"severity\":8,"                        \
    "\"description\":\"D\",\"updatedAt\":\"2025-08-07T05:00:00.123Z\""
#define ACTION                                                                 \
    "\"action\":{\"actionType\":\"PORT_PROBE\",\"portProbeAction\":{"          \
    "\"portProbeDetails\":[{\"remoteIpDetails\":{\"ipAddressV4\":"             \
    "\"1.2.3.4\"}},{\"remoteIpDetails\":{\"ipAddressV4\":\"5.6.7.8\"}}]}}"
#define UPDATED INT64_C(1754542800123)

struct heard {
    unsigned findings;
    char id[64];
    int64_t updated_ms;
    unsigned rows;
    char values[200];
    char comments[200];
    char severity[16];
    char account[16];
    unsigned counts[SLU_REASON_COUNT];
    unsigned warnings;
    char text[400];
    enum slu_err row_err; /* what row answers */
};

static enum slu_err on_finding(void *ctx, struct slu_unit *unit,
                               const struct slu_finding_key *key)
{
    struct heard *heard = ctx;

    (void)unit;
    heard->findings++;
    heard->updated_ms = key->updated_ms;
    (void)snprintf(heard->id, sizeof(heard->id), "%.*s",
                   SLU_VIEW_ARGS(key->id));
    return SLU_ERR_OK;
}

static enum slu_err on_row(void *ctx, struct slu_unit *unit,
                           const struct slu_row *row)
{
    struct heard *heard = ctx;
    size_t len = strlen(heard->values);

    (void)unit;
    heard->rows++;
    (void)snprintf(heard->values + len, sizeof(heard->values) - len, "%.*s ",
                   SLU_VIEW_ARGS(row->value));
    (void)snprintf(heard->comments, sizeof(heard->comments), "%.*s",
                   SLU_VIEW_ARGS(row->comments));
    (void)snprintf(heard->account, sizeof(heard->account), "%.*s",
                   SLU_VIEW_ARGS(row->account));
    (void)snprintf(heard->severity, sizeof(heard->severity), "%s",
                   row->severity);
    cr_assert_eq(row->reputation, 5);
    cr_assert_str_eq(row->ce_type, "url");
    return heard->row_err;
}

static void on_count(void *ctx, struct slu_unit *unit, enum slu_reason reason)
{
    struct heard *heard = ctx;

    (void)unit;
    heard->counts[reason]++;
}

static void on_log(void *ctx, enum slu_log_level level, const char *text)
{
    struct heard *heard = ctx;

    cr_assert_eq(level, SLU_LOG_WARN);
    heard->warnings++;
    (void)snprintf(heard->text, sizeof(heard->text), "%s", text);
}

struct world {
    struct heard heard;
    struct slu_source_port port;
    struct slu_guardduty_config config;
    struct slu_unit unit;
    struct slu_extract *extract;
};

static const char *const groups[] = {"network_connection", "port_probe",
                                     "dns_request", "ebs_volume_scan"};

static void build(struct world *world)
{
    *world = (struct world){
        .config = {.indicators = {groups, 4, false}, .finding_compat = "none"},
        .unit = {.name = "page 1"},
    };
    world->port = (struct slu_source_port){
        .ctx = &world->heard,
        .finding = on_finding,
        .row = on_row,
        .count = on_count,
        .log = on_log,
        .own_list_prefix = SLU_VIEW_LITERAL("gti-"),
        .record_bytes = 1 << 20,
    };
}

static void make(struct world *world)
{
    world->extract =
        slu_extract_new(slu_alloc_default(), &world->config, &world->port);
    cr_assert_not_null(world->extract);
}

/* The record in an allocation of its own, with the padding it may count on. */
static enum slu_err read_with(struct world *world, const char *text,
                              struct slu_extracted *out)
{
    size_t len = strlen(text);
    char *copy = calloc(1, len + 64);
    struct slu_json_event record = slu_json_event_of(slu_view_make(copy, len));
    enum slu_err err;

    memcpy(copy, text, len);
    err = slu_extract_record(world->extract, &world->unit, &record, out);
    if (out->id.len > 0) {
        cr_assert_eq(memcmp(out->id.ptr, "f1", 2), 0);
    }
    free(copy);
    return err;
}

static void read_ok(struct world *world, const char *text)
{
    struct slu_extracted out;

    cr_assert_eq(read_with(world, text, &out), SLU_ERR_OK);
}

Test(guardduty_extract, hands_on_every_indicator_with_its_finding)
{
    struct world world;
    struct slu_extracted out;

    build(&world);
    make(&world);
    cr_assert_eq(read_with(&world, "{" HEAD ",\"service\":{" ACTION "}}", &out),
                 SLU_ERR_OK);
    cr_assert(out.known);
    cr_assert_eq(out.updated_ms, UPDATED);
    cr_assert_eq(world.heard.findings, 1);
    cr_assert_str_eq(world.heard.id, "f1");
    cr_assert_eq(world.heard.updated_ms, UPDATED);
    cr_assert_eq(world.heard.rows, 2);
    cr_assert_str_eq(world.heard.values, "1.2.3.4 5.6.7.8 ");
    cr_assert_str_eq(world.heard.severity, "high");
    cr_assert_str_eq(world.heard.account, "111122223333");
    cr_assert_str_eq(world.heard.comments,
                     "Finding ARN: a1, Finding Type: T:U/V, Description: D");
    cr_assert_eq(world.heard.warnings, 0);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, opens_the_envelope_of_an_event)
{
    struct world world;
    struct slu_extracted out;

    build(&world);
    make(&world);
    cr_assert_eq(
        read_with(&world,
                  "{\"version\":\"0\",\"id\":\"e\",\"detail-type\":\"GuardDuty "
                  "Finding\",\"source\":\"aws.guardduty\",\"account\":\"1\","
                  "\"detail\":{" HEAD ",\"service\":{" ACTION "}}}",
                  &out),
        SLU_ERR_OK);
    cr_assert(out.known);
    cr_assert_str_eq(world.heard.id, "f1");
    cr_assert_eq(world.heard.rows, 2);
    /* And a plain one after it. */
    read_ok(&world, "{" HEAD ",\"service\":{" ACTION "}}");
    cr_assert_eq(world.heard.rows, 4);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, is_silent_about_a_finding_without_indicators)
{
    struct world world;
    struct slu_extracted out;

    build(&world);
    make(&world);
    cr_assert_eq(read_with(&world, "{" HEAD "}", &out), SLU_ERR_OK);
    cr_assert(out.known);
    cr_assert_eq(world.heard.findings, 1);
    cr_assert_eq(world.heard.rows + world.heard.warnings, 0);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, counts_each_indicator_of_what_it_drops)
{
    static const char *const extras[] = {
        "\"additionalInfo\":{\"sample\":true},",
        "\"archived\":true,",
    };
    static const enum slu_reason reasons[] = {SLU_REASON_SAMPLE,
                                              SLU_REASON_ARCHIVED};

    for (int i = 0; i < 2; i++) {
        struct world world;
        char text[1000];

        build(&world);
        make(&world);
        (void)snprintf(text, sizeof(text),
                       "{" HEAD ",\"service\":{%s" ACTION "}}", extras[i]);
        read_ok(&world, text);
        cr_assert_eq(world.heard.rows, 0);
        cr_assert_eq(world.heard.findings, 1);
        cr_assert_eq(world.heard.counts[reasons[i]], 2);
        /* One at least. */
        (void)snprintf(text, sizeof(text), "{" HEAD ",\"service\":{%s\"x\":1}}",
                       extras[i]);
        read_ok(&world, text);
        cr_assert_eq(world.heard.counts[reasons[i]], 3);
        slu_extract_free(world.extract);
        /* And kept when wanted. */
        world.config.include_samples = true;
        world.config.include_archived = true;
        make(&world);
        (void)snprintf(text, sizeof(text),
                       "{" HEAD ",\"service\":{%s" ACTION "}}", extras[i]);
        read_ok(&world, text);
        cr_assert_eq(world.heard.rows, 2);
        slu_extract_free(world.extract);
    }
}

Test(guardduty_extract, knows_the_echo_of_our_own_lists)
{
    static const char text[] =
        "{\"id\":\"f1\",\"type\":\"UnauthorizedAccess:EC2/"
        "MaliciousIPCaller.Custom\",\"updatedAt\":\"2025-08-07T05:00:00Z\","
        "\"service\":{\"additionalInfo\":{\"threatListName\":\"gti-ip-1\"}"
        "," ACTION "}}";
    struct world world;

    build(&world);
    make(&world);
    read_ok(&world, text);
    cr_assert_eq(world.heard.counts[SLU_REASON_ECHO], 2);
    cr_assert_eq(world.heard.rows, 0);
    slu_extract_free(world.extract);
    world.config.finding_compat = "netskope";
    make(&world);
    read_ok(&world, text);
    cr_assert_eq(world.heard.rows, 2);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, counts_unknown_actions_and_tells_of_the_first)
{
    struct world world;

    build(&world);
    make(&world);
    for (int i = 0; i < 3; i++) {
        read_ok(&world, "{" HEAD ",\"service\":{\"action\":{\"actionType\":"
                        "\"TELEPATHY\"}}}");
    }
    cr_assert_eq(world.heard.counts[SLU_REASON_OTHER_TYPE], 3);
    cr_assert_eq(world.heard.warnings, 1);
    cr_assert_not_null(strstr(world.heard.text, "finding f1 has the action "
                                                "TELEPATHY"),
                       "%s", world.heard.text);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, counts_what_is_no_finding_and_tells_once_a_unit)
{
    static const char *const damaged[] = {
        "{\"id\":\"f1\",\"service\":{\"action\":{\"actionType\":nul}}}",
        "{\"type\":\"T\"}",
        "{}",
        "[1]",
        "17",
        "\"text\"",
    };
    struct world world;
    struct slu_extracted out;

    build(&world);
    make(&world);
    for (unsigned i = 0; i < 6; i++) {
        cr_assert_eq(read_with(&world, damaged[i], &out), SLU_ERR_OK);
        cr_assert_not(out.known);
        cr_assert_eq(world.heard.counts[SLU_REASON_UNREADABLE], i + 1, "%s",
                     damaged[i]);
    }
    cr_assert_eq(world.heard.warnings, 1);
    cr_assert_eq(
        strncmp(world.heard.text, "page 1: a record is left out: ", 30), 0);
    (void)snprintf(world.unit.name, sizeof(world.unit.name), "page 2");
    read_ok(&world, "{}");
    cr_assert_eq(world.heard.warnings, 2);
    cr_assert_eq(world.heard.rows, 0);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, counts_values_of_no_use)
{
    struct world world;

    build(&world);
    make(&world);
    read_ok(&world,
            "{" HEAD ",\"service\":{\"action\":{\"actionType\":\"DNS_REQUEST\","
            "\"dnsRequestAction\":{\"domain\":\"\"}}}}");
    read_ok(&world,
            "{" HEAD ",\"service\":{\"action\":{\"actionType\":\"DNS_REQUEST\","
            "\"dnsRequestAction\":{\"domain\":17}}}}");
    read_ok(&world,
            "{" HEAD ",\"service\":{\"action\":{\"actionType\":\"DNS_REQUEST\","
            "\"dnsRequestAction\":{\"domain\":null}}}}");
    cr_assert_eq(world.heard.counts[SLU_REASON_EMPTY], 2);
    cr_assert_eq(world.heard.rows, 0);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, keeps_the_rows_of_a_finding_without_updatedAt)
{
    struct world world;
    struct slu_extracted out;

    build(&world);
    make(&world);
    cr_assert_eq(read_with(&world,
                           "{\"id\":\"f1\",\"type\":\"T\",\"service\":{" ACTION
                           "}}",
                           &out),
                 SLU_ERR_OK);
    cr_assert_not(out.known);
    cr_assert_eq(world.heard.rows, 2);
    cr_assert_eq(world.heard.updated_ms, 0);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, returns_what_the_port_returns)
{
    struct world world;
    struct slu_extracted out;

    build(&world);
    make(&world);
    world.heard.row_err = SLU_ERR_IO;
    cr_assert_eq(read_with(&world, "{" HEAD ",\"service\":{" ACTION "}}", &out),
                 SLU_ERR_IO);
    cr_assert_eq(world.heard.rows, 1);
    slu_extract_free(world.extract);
}

Test(guardduty_extract, survives_each_failing_allocation)
{
    bool whole = false;

    for (unsigned n = 1; !whole; n++) {
        struct world world;
        struct failing_alloc failing;
        struct slu_extracted out;
        enum slu_err err = SLU_ERR_NOMEM;

        build(&world);
        failing_alloc_init(&failing, n);
        world.extract =
            slu_extract_new(&failing.alloc, &world.config, &world.port);
        if (world.extract != NULL) {
            err = read_with(&world,
                            "{\"id\":\"e\",\"detail\":{" HEAD
                            ",\"service\":{" ACTION "}}}",
                            &out);
        }
        whole = failing.calls < n;
        cr_assert_eq(err, whole ? SLU_ERR_OK : SLU_ERR_NOMEM, "%u", n);
        slu_extract_free(world.extract);
        cr_assert_eq(failing.live, 0);
        cr_assert_lt(n, 1000);
    }
}

static void ignore_count(void *ctx, struct slu_unit *unit,
                         enum slu_reason reason)
{
    (void)ctx;
    (void)unit;
    (void)reason;
}

struct written {
    struct slu_buf out;
    unsigned rows;
};

static enum slu_err on_finding_written(void *ctx, struct slu_unit *unit,
                                       const struct slu_finding_key *key)
{
    (void)ctx;
    (void)unit;
    (void)key;
    return SLU_ERR_OK;
}

static enum slu_err on_row_written(void *ctx, struct slu_unit *unit,
                                   const struct slu_row *row)
{
    struct written *written = ctx;

    (void)unit;
    written->rows++;
    return slu_row_ndjson_append(row, &written->out);
}

/* A page of what varies most, read over and over: bytes to rows of NDJSON. */
Test(guardduty_extract, steady_state_allocates_nothing_from_bytes_to_rows)
{
    static const char page[] =
        "{\"findings\":[{" HEAD ",\"service\":{" ACTION "}},{" HEAD
        ",\"service\":{" ACTION ",\"archived\":true}},{" HEAD
        ",\"title\":\"\\u00e9\",\"service\":{\"additionalInfo\":{"
        "\"value\":\"{\\\"sample\\\":true}\"}," ACTION "}}]}";
    struct failing_alloc counting;
    struct slu_json_split_options options = {.array = "findings",
                                             .record_max = 1 << 20};
    struct slu_json_event event;
    struct slu_extracted extracted;
    struct written written = {.rows = 0};
    struct slu_json_split *split;
    struct world world;
    unsigned calls = 0;

    failing_alloc_init(&counting, 0);
    options.alloc = &counting.alloc;
    split = slu_json_split_new(&options);
    slu_buf_init(&written.out, &counting.alloc, 1 << 20);
    build(&world);
    world.port.ctx = &written;
    world.port.finding = on_finding_written;
    world.port.row = on_row_written;
    world.port.count = ignore_count;
    world.extract =
        slu_extract_new(&counting.alloc, &world.config, &world.port);
    for (unsigned i = 0; i < 50; i++) {
        slu_buf_clear(&written.out);
        slu_json_split_reset(split);
        slu_json_split_feed(split, slu_view_str(page));
        while (slu_json_split_next(split, &event) == SLU_JSON_RECORD) {
            cr_assert_eq(slu_extract_record(world.extract, &world.unit, &event,
                                            &extracted),
                         SLU_ERR_OK);
        }
        cr_assert_eq(slu_json_split_finish(split), SLU_ERR_OK);
        calls = i == 1 ? counting.calls : calls;
    }
    cr_assert_eq(written.rows, 100);
    cr_assert_eq(counting.calls, calls);
    slu_extract_free(world.extract);
    slu_json_split_free(split);
    slu_buf_fini(&written.out);
    cr_assert_eq(counting.live, 0);
}
