/* SPDX-License-Identifier: Apache-2.0 */
/* What is stored, as a filter lets it pass, by callback and as text. */
#include "query_world.h"
#include "support/failing_alloc.h"

static struct query_world world;
static char seen[1 << 16];

static void add(enum slu_kind kind, const char *value, uint32_t sources,
                uint8_t file)
{
    char scratch[SLU_VALUE_MAX];
    struct slu_record record = world_record(kind, value, scratch);

    record.sources = sources;
    record.place_file = file;
    /* Every other one stays pending. */
    world_store(&world, &record, strlen(value) % 2 == 0);
}

static void start(void)
{
    char scratch[SLU_VALUE_MAX];
    struct slu_record old;

    world_start(&world, "");
    add(SLU_KIND_IP, "45.0.0.9", SLU_SOURCE_STREAM, 1);
    add(SLU_KIND_IP, "9.1.0.0/16", SLU_SOURCE_LIST_FIRST << 1, 2);
    add(SLU_KIND_IP, "45.0.0.10", SLU_SOURCE_LIST_FIRST << 1, 0);
    add(SLU_KIND_DOMAIN, "b.example.com",
        SLU_SOURCE_STREAM | SLU_SOURCE_LIST_FIRST << 20, 1);
    add(SLU_KIND_DOMAIN, "a.example.com", SLU_SOURCE_TAKEN_OVER, 0);
    add(SLU_KIND_DOMAIN, "bad_name.com", SLU_SOURCE_STREAM, 0);
    add(SLU_KIND_IP, "1.2.3.400", SLU_SOURCE_STREAM, 0);
    old = world_record(SLU_KIND_DOMAIN, "old.example.com", scratch);
    old.first_seen = old.last_seen = WORLD_NOW - 30 * WORLD_DAY;
    world_store(&world, &old, true);
}

static void stop(void)
{
    world_stop(&world);
}

TestSuite(indicators, .init = start, .fini = stop);

static void note(void *ctx, const struct slu_indicator *indicator,
                 const char *path)
{
    size_t len = strlen(seen);

    (void)ctx;
    (void)snprintf(seen + len, sizeof(seen) - len, "%.*s=%s ",
                   SLU_VIEW_ARGS(indicator->value), path == NULL ? "-" : path);
}

static enum slu_err list(struct slu_filter filter)
{
    seen[0] = '\0';
    return slu_engine_indicators(world.engine, &filter, note, NULL);
}

static void expect(struct slu_filter filter, const char *text)
{
    cr_assert_eq(list(filter), SLU_ERR_OK, "%s",
                 slu_engine_error(world.engine)->text);
    cr_assert_str_eq(seen, text);
}

static void refuse(struct slu_filter filter, const char *part)
{
    cr_assert_eq(list(filter), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(slu_engine_error(world.engine)->text, part), "%s",
                       slu_engine_error(world.engine)->text);
    cr_assert_str_eq(seen, "");
}

Test(indicators, come_in_the_order_of_type_and_value)
{
    expect((struct slu_filter){0},
           "9.1.0.0/16=guard_duty/threat-ip-2.txt "
           "45.0.0.9=guard_duty/threat-ip-1.txt 45.0.0.10=- "
           "a.example.com=- b.example.com=guard_duty/threat-entity-1.txt "
           "old.example.com=- ");
}

Test(indicators, are_filtered_by_type)
{
    expect((struct slu_filter){.type = "ip", .list = "none"}, "45.0.0.10=- ");
    expect((struct slu_filter){.type = "ip_address", .list = "none"},
           "45.0.0.10=- ");
    expect((struct slu_filter){.type = "domain", .list = "none"},
           "a.example.com=- old.example.com=- ");
    refuse((struct slu_filter){.type = "url"},
           "there is no type \"url\": expected ip or domain");
}

Test(indicators, are_filtered_by_source)
{
    expect((struct slu_filter){.source = "malware"},
           "9.1.0.0/16=guard_duty/threat-ip-2.txt 45.0.0.10=- ");
    expect((struct slu_filter){.source = "taken_over"}, "a.example.com=- ");
    /* A list that has no name of its own. */
    expect((struct slu_filter){.source = "list"},
           "b.example.com=guard_duty/threat-entity-1.txt ");
    refuse((struct slu_filter){.source = "Malware"},
           "there is no source \"Malware\": expected taken_over, stream, "
           "malicious-network-infrastructure, malware, threat-actor, ");
}

Test(indicators, are_filtered_by_list)
{
    static const char both[] = "45.0.0.9=guard_duty/threat-ip-1.txt ";

    expect((struct slu_filter){.list = "threat-ip-1"}, both);
    expect((struct slu_filter){.list = "guard_duty/threat-ip-1.txt"}, both);
    expect((struct slu_filter){.list = "threat-entity-6"}, "");
    refuse((struct slu_filter){.list = "threat-ip-7"},
           "there is no list \"threat-ip-7\": expected threat-ip-1, ");
    refuse((struct slu_filter){.list = "threat-ip-7"}, "threat-entity-6, none");
}

/* A place in a file that is configured no longer is no place. */
Test(indicators, are_in_no_list_that_is_not_configured)
{
    slu_engine_close(world.engine);
    world_open(&world, "lists: {ip_files: [a.b/x]}\n");
    expect((struct slu_filter){.type = "ip"},
           "9.1.0.0/16=- 45.0.0.9=a.b/x 45.0.0.10=- ");
    expect((struct slu_filter){.type = "ip", .list = "x"}, "45.0.0.9=a.b/x ");
}

Test(indicators, are_filtered_by_last_seen)
{
    int64_t since = WORLD_NOW - WORLD_DAY;

    expect((struct slu_filter){.type = "domain", .since = since},
           "a.example.com=- b.example.com=guard_duty/threat-entity-1.txt ");
    expect((struct slu_filter){.since = since + 1}, "");
}

Test(indicators, know_when_nothing_ran_yet)
{
    struct slu_filter filter = {0};

    slu_engine_close(world.engine);
    remove_tree(world.dir);
    world_open(&world, "");
    cr_assert_eq(list(filter), SLU_ERR_NOT_FOUND);
    cr_assert_not_null(
        strstr(slu_engine_error(world.engine)->text, "there is no state in"));
}

/* ---- as text ---- */

struct taker {
    char text[1 << 20];
    size_t len;
    unsigned pieces;
    unsigned refuse_at; /* this piece, from 1; 0: none */
};

static struct taker taker;

static bool take(void *ctx, const char *bytes, size_t len)
{
    struct taker *self = ctx;

    cr_assert_gt(len, 0);
    cr_assert_eq(bytes[len - 1], '\n'); /* whole lines */
    cr_assert_lt(self->len + len, sizeof(self->text));
    memcpy(self->text + self->len, bytes, len);
    self->len += len;
    self->text[self->len] = '\0';
    return ++self->pieces != self->refuse_at;
}

static enum slu_err write_as(enum slu_indicator_format format,
                             struct slu_filter filter, unsigned refuse_at)
{
    taker.len = 0;
    taker.pieces = 0;
    taker.text[0] = '\0';
    taker.refuse_at = refuse_at;
    return slu_engine_write_indicators(world.engine, &filter, format, take,
                                       &taker);
}

Test(indicators, are_written_as_lines)
{
    cr_assert_eq(write_as(SLU_INDICATOR_TEXT, (struct slu_filter){0}, 0),
                 SLU_ERR_OK);
    cr_assert_str_eq(taker.text, "9.1.0.0/16\n45.0.0.9\n45.0.0.10\n"
                                 "a.example.com\nb.example.com\n"
                                 "old.example.com\n");
}

Test(indicators, are_written_as_csv_with_a_head)
{
    cr_assert_eq(write_as(SLU_INDICATOR_CSV,
                          (struct slu_filter){.list = "threat-ip-1"}, 0),
                 SLU_ERR_OK);
    cr_assert_str_eq(taker.text,
                     "value,type,sources,verdict,score,first_seen,last_seen,"
                     "assessed_at,list\r\n"
                     "45.0.0.9,ip_address,stream,VERDICT_MALICIOUS,80,"
                     "2025-12-30T11:00:00Z,2025-12-31T11:00:00Z,"
                     "2025-12-31T11:00:00Z,guard_duty/threat-ip-1.txt\r\n");
}

Test(indicators, are_written_as_ndjson_and_nothing_where_there_are_none)
{
    cr_assert_eq(write_as(SLU_INDICATOR_NDJSON,
                          (struct slu_filter){.source = "taken_over"}, 0),
                 SLU_ERR_OK);
    cr_assert_str_eq(
        taker.text,
        "{\"value\":\"a.example.com\",\"type\":\"domain\","
        "\"sources\":[\"taken_over\"],\"verdict\":\"VERDICT_MALICIOUS\","
        "\"score\":80,\"first_seen\":\"2025-12-30T11:00:00Z\","
        "\"last_seen\":\"2025-12-31T11:00:00Z\","
        "\"assessed_at\":\"2025-12-31T11:00:00Z\",\"list\":null}\n");
    cr_assert_eq(write_as(SLU_INDICATOR_NDJSON,
                          (struct slu_filter){.list = "threat-ip-6"}, 0),
                 SLU_ERR_OK);
    cr_assert_eq(taker.pieces, 0);
}

static void add_many(unsigned count)
{
    char dir[128];
    struct slu_store_options options = {.alloc = slu_alloc_default(),
                                        .dir = dir};
    struct slu_store *store;
    struct slu_buf packed;

    (void)snprintf(dir, sizeof(dir), "%s/state", world.dir);
    cr_assert_eq(slu_store_open(&options, &store, NULL), SLU_ERR_OK);
    slu_buf_init(&packed, slu_alloc_default(), 1 << 24);
    for (unsigned i = 0; i < count; i++) {
        char key[SLU_RECORD_IP_KEY_LEN];
        struct slu_record record = {.kind = SLU_RECORD_IP,
                                    .key = slu_view_make(key, sizeof(key)),
                                    .sources = SLU_SOURCE_STREAM,
                                    .first_seen = WORLD_NOW,
                                    .last_seen = WORLD_NOW};

        slu_record_key_from_cidr((struct slu_cidr){0x60000000 + i, 32}, key);
        cr_assert_eq(slu_record_pack(&record, &packed), SLU_ERR_OK);
    }
    cr_assert_eq(slu_store_commit(store, slu_store_answer_id(store),
                                  slu_buf_view(&packed), count,
                                  slu_view_make(NULL, 0)),
                 SLU_ERR_OK);
    slu_buf_fini(&packed);
    slu_store_close(store);
}

Test(indicators, are_written_in_pieces_and_end_when_nobody_takes_them)
{
    struct slu_filter filter = {.since = WORLD_NOW};
    size_t len;

    add_many(20000);
    cr_assert_eq(write_as(SLU_INDICATOR_TEXT, filter, 0), SLU_ERR_OK);
    cr_assert_gt(taker.pieces, 3);
    len = taker.len;
    for (unsigned piece = 1; piece <= taker.pieces; piece++) {
        unsigned all = taker.pieces;

        cr_assert_eq(write_as(SLU_INDICATOR_TEXT, filter, piece),
                     SLU_ERR_STOPPED);
        cr_assert_eq(taker.pieces, piece);
        cr_assert(taker.len < len || piece == all);
        taker.pieces = all;
    }
}

Test(indicators, survive_every_failed_allocation)
{
    struct slu_filter filter = {0};
    struct failing_alloc failing;
    enum slu_err err = SLU_ERR_NOMEM;

    failing_alloc_init(&failing, 0);
    slu_engine_close(world.engine);
    world.alloc = failing.alloc;
    world_open(&world, "");
    for (unsigned n = 1; err != SLU_ERR_OK; n++) {
        size_t live = failing.live;

        cr_assert_lt(n, 200);
        failing.fail_at = failing.calls + n;
        err = write_as(SLU_INDICATOR_CSV, filter, 0);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%d", (int)err);
        cr_assert_eq(failing.live, live);
    }
    slu_engine_close(world.engine);
    world.engine = NULL;
    cr_assert_eq(failing.live, 0);
}

/* ---- since ---- */

static void expect_since(const char *text, int64_t seconds)
{
    int64_t since = 0;

    cr_assert_eq(slu_engine_since(world.engine, text, &since), SLU_ERR_OK, "%s",
                 text);
    cr_assert_eq(since, seconds, "%s", text);
}

Test(indicators, know_since_when)
{
    int64_t since;

    expect_since("4h", WORLD_NOW - 4 * 3600);
    expect_since("7d", WORLD_NOW - 7 * WORLD_DAY);
    expect_since("2026-01-01T10:00:00Z", WORLD_NOW - 3600);
    expect_since("2026-01-01T12:00:00+02:00", WORLD_NOW - 3600);
    expect_since("2026-01-01", WORLD_NOW - 11 * 3600);
    cr_assert_eq(slu_engine_since(world.engine, "yesterday", &since),
                 SLU_ERR_CONFIG);
    cr_assert_str_eq(slu_engine_error(world.engine)->text,
                     "\"yesterday\" is no time: expected one such as "
                     "2026-01-31T08:00:00Z or 2026-01-31, or a time back such "
                     "as 4h or 7d");
    cr_assert_eq(slu_engine_since(world.engine, "2026-13-01", &since),
                 SLU_ERR_CONFIG);
    cr_assert_eq(slu_engine_since(world.engine, "", &since), SLU_ERR_CONFIG);
}
