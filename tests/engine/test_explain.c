/* SPDX-License-Identifier: Apache-2.0 */
/* Why an indicator is where it is: each answer there is, by state, settings and
 * list files that the test has made. */
#include "query_world.h"
#include "support/failing_alloc.h"

#define IP_1 "guard_duty/threat-ip-1.txt"
#define ENTITY_1 "guard_duty/threat-entity-1.txt"
#define ENTITY_2 "guard_duty/threat-entity-2.txt"

static struct query_world world;
static struct slu_explanation what;
static char scratch[SLU_VALUE_MAX];

static void start(void)
{
    world_start(&world, "");
}

static void stop(void)
{
    world_stop(&world);
}

TestSuite(explain, .init = start, .fini = stop);

static void reopen(const char *more)
{
    slu_engine_close(world.engine);
    world_open(&world, more);
}

static struct slu_record make(enum slu_kind kind, const char *value)
{
    return world_record(kind, value, scratch);
}

static void explain(const char *value)
{
    cr_assert_eq(slu_engine_explain(world.engine, value, &what), SLU_ERR_OK,
                 "%s", slu_engine_error(world.engine)->text);
}

static void expect_text(const char *part)
{
    cr_assert_not_null(strstr(what.text, part), "%s", what.text);
}

static void expect_reason(const char *reason, const char *part)
{
    cr_assert_not_null(what.reason, "%s", what.text);
    cr_assert_str_eq(what.reason, reason);
    cr_assert_null(what.path);
    expect_text(part);
}

/* ---- in a list ---- */

Test(explain, names_the_list_and_line_and_all_that_is_known)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    record.sources |= SLU_SOURCE_LIST_FIRST << 1;
    record.place_file = 1;
    world_store(&world, &record, true);
    world_write(&world, IP_1, "45.0.0.1\n45.0.0.9\n");
    explain(" 45[.]0[.]0[.]9/32 ");
    cr_assert(what.known);
    cr_assert(slu_view_equal_str(what.indicator.value, "45.0.0.9"));
    cr_assert_eq(what.indicator.kind, SLU_KIND_IP);
    cr_assert_eq(what.indicator.sources,
                 SLU_SOURCE_STREAM | SLU_SOURCE_LIST_FIRST << 1);
    cr_assert_eq(what.indicator.verdict, SLU_VERDICT_MALICIOUS);
    cr_assert_eq(what.indicator.score, 80);
    cr_assert_eq(what.indicator.first_seen, WORLD_NOW - 2 * WORLD_DAY);
    cr_assert_eq(what.indicator.last_seen, WORLD_NOW - WORLD_DAY);
    cr_assert_eq(what.indicator.assessed_at, WORLD_NOW - WORLD_DAY);
    cr_assert_str_eq(what.path, IP_1);
    cr_assert_eq(what.line, 2);
    cr_assert_null(what.reason);
    cr_assert_str_eq(what.text, "line 2 of " IP_1);
    cr_assert_str_eq(what.covered_by, "");
    cr_assert_null(what.object);
    cr_assert_eq(what.set_count, 0);
}

Test(explain, takes_a_name_in_every_spelling)
{
    static const char *const spellings[] = {
        "evil.example.com", "EVIL.Example.Com.", "evil[.]example(dot)com"};
    struct slu_record record = make(SLU_KIND_DOMAIN, "evil.example.com");

    world_store(&world, &record, false); /* pending only */
    world_write(&world, ENTITY_2, "other.example.com\nevil.example.com\n");
    for (int i = 0; i < 3; i++) {
        explain(spellings[i]);
        cr_assert(what.known);
        cr_assert(slu_view_equal_str(what.indicator.value, "evil.example.com"));
        cr_assert_str_eq(what.path, ENTITY_2);
        cr_assert_eq(what.line, 2);
    }
}

Test(explain, merges_what_is_pending)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    world_store(&world, &record, true);
    record.last_seen = WORLD_NOW;
    record.assessed_at = WORLD_NOW;
    record.verdict = SLU_VERDICT_BENIGN;
    record.sources = SLU_SOURCE_LIST_FIRST;
    world_store(&world, &record, false);
    explain("45.0.0.9");
    cr_assert_eq(what.indicator.sources,
                 SLU_SOURCE_STREAM | SLU_SOURCE_LIST_FIRST);
    cr_assert_eq(what.indicator.last_seen, WORLD_NOW);
    expect_reason("verdict", "VERDICT_BENIGN, is not among gti.verdicts");
}

Test(explain, says_of_a_listed_one_that_the_next_sync_takes_it_out)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    record.verdict = SLU_VERDICT_UNDETECTED;
    record.place_file = 1;
    world_store(&world, &record, true);
    world_write(&world, IP_1, "45.0.0.9\n");
    explain("45.0.0.9");
    cr_assert_str_eq(what.path, IP_1);
    cr_assert_null(what.reason);
    expect_text("until the next sync, which takes it out");
    expect_text("VERDICT_UNDETECTED");
}

/* ---- in none ---- */

Test(explain, names_the_age_that_made_it_expire)
{
    struct slu_record record = make(SLU_KIND_DOMAIN, "evil.example.com");

    record.first_seen = record.last_seen = WORLD_NOW - 91 * WORLD_DAY;
    world_store(&world, &record, true);
    explain("evil.example.com");
    expect_reason("expired", "last seen 2025-10-02T11:00:00Z");
    expect_text("lists.max_age");
    reopen("lists:\n  max_ages:\n    - {category: stream, max_age: 10d}\n");
    explain("evil.example.com");
    expect_reason("expired", "longer ago than lists.max_ages of stream");
    reopen("lists:\n  max_ages:\n    - {category: stream, max_age: 100d}\n");
    explain("evil.example.com");
    expect_reason("pending", "the next sync");
}

Test(explain, names_the_longest_of_several_ages)
{
    struct slu_record record = make(SLU_KIND_DOMAIN, "evil.example.com");

    record.sources |= SLU_SOURCE_LIST_FIRST << 1; /* malware */
    record.first_seen = record.last_seen = WORLD_NOW - 20 * WORLD_DAY;
    world_store(&world, &record, true);
    reopen("lists:\n  max_ages:\n    - {category: stream, max_age: 1d}\n"
           "    - {category: malware, max_age: 2d}\n");
    explain("evil.example.com");
    expect_reason("expired", "lists.max_ages of malware");
}

Test(explain, names_a_score_that_is_too_low)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    world_store(&world, &record, true);
    reopen("gti: {min_score: 90}\n");
    explain("45.0.0.9");
    expect_reason("score", "its score, 80, is below gti.min_score, 90");
}

Test(explain, names_a_missing_verdict_as_the_unknown_one)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    record.verdict = SLU_VERDICT_NONE;
    record.score = 0;
    record.assessed_at = 0;
    world_store(&world, &record, true);
    explain("45.0.0.9");
    expect_reason("verdict", "VERDICT_UNKNOWN");
}

Test(explain, names_the_guard_rail)
{
    struct slu_record record = make(SLU_KIND_IP, "10.1.2.3");

    world_store(&world, &record, true);
    explain("10.1.2.3");
    expect_reason("guard_private", "guard_private (10/8");
    record = make(SLU_KIND_DOMAIN, "*.co.uk");
    world_store(&world, &record, true);
    explain("*.co.uk");
    expect_reason("guard_public_suffix", "a wildcard on a public suffix");
}

Test(explain, names_the_allow_file)
{
    struct slu_record record = make(SLU_KIND_DOMAIN, "www.example.com");
    char more[256];

    world_store(&world, &record, true);
    world_write(&world, "allow.txt", "example.com\n");
    (void)snprintf(more, sizeof(more), "lists: {allow_file: %s/out/allow.txt}",
                   world.dir);
    reopen(more);
    explain("www.example.com");
    expect_reason("allowed", "allowed (overlaps the allow file)");
}

Test(explain, tells_why_a_value_was_rejected_as_it_came)
{
    struct slu_record record = make(SLU_KIND_DOMAIN, "bad_name.example.com");

    world_store(&world, &record, true);
    record = make(SLU_KIND_DOMAIN, "http://evil.example/x");
    world_store(&world, &record, false);
    record = make(SLU_KIND_DOMAIN, "1.2.3.4"); /* where a domain belongs */
    world_store(&world, &record, true);
    explain("bad_name.example.com");
    cr_assert(what.known);
    cr_assert_eq(what.indicator.kind, SLU_KIND_DOMAIN);
    expect_reason("domain_underscore", "domain_underscore (an underscore)");
    explain("http://evil.example/x");
    expect_reason("url", "a URL where");
    cr_assert(
        slu_view_equal_str(what.indicator.value, "http://evil.example/x"));
    explain("1.2.3.4");
    cr_assert(what.known);
    expect_reason("ip_as_domain", "an address where a domain belongs");
}

Test(explain, tells_the_cut_of_what_is_over_capacity)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.1");

    record.place_file = 1;
    world_store(&world, &record, true);
    record = make(SLU_KIND_IP, "45.0.0.2");
    record.score = 70;
    record.place_file = 1;
    record.place_seat = 1;
    world_store(&world, &record, true);
    record = make(SLU_KIND_IP, "45.0.0.3");
    record.score = 60;
    world_store(&world, &record, true);
    world_write(&world, IP_1, "45.0.0.1\n45.0.0.2\n");
    /* There is room by now: it is not known to be left out. */
    explain("45.0.0.3");
    expect_reason("pending", "the next sync");
    reopen("lists: {ip_file_lines: 2, ip_files: [" IP_1 "]}\n");
    explain("45.0.0.3");
    expect_reason("exceeded", "the last of 2 that have a place has "
                              "VERDICT_MALICIOUS, score 70");
    /* By the last sync's own word, whatever room today's settings give. */
    reopen("");
    world_write(&world, "exceeded_ip_address.txt", "45.0.0.3\n");
    explain("45.0.0.3");
    expect_reason("exceeded", "score 70");
}

Test(explain, tells_of_a_place_that_no_file_shows)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.1");

    record.place_file = 1;
    world_store(&world, &record, true);
    explain("45.0.0.1");
    expect_reason("pending", "no list file has its line");
}

/* ---- wider lines ---- */

Test(explain, names_a_wider_line_beside_its_own)
{
    struct slu_record record = make(SLU_KIND_DOMAIN, "a.evil.example.com");

    record.place_file = 1;
    world_store(&world, &record, true);
    world_write(&world, ENTITY_1, "a.evil.example.com\n");
    world_write(&world, ENTITY_2, "x.com\n*.evil.example.com\n");
    explain("a.evil.example.com");
    cr_assert_str_eq(what.path, ENTITY_1);
    cr_assert_str_eq(what.covered_by, "*.evil.example.com");
    cr_assert_str_eq(what.covered_path, ENTITY_2);
    cr_assert_eq(what.covered_line, 2);
    cr_assert_null(what.reason);
}

/* As after merging: the state has the address, the file the range alone. */
Test(explain, finds_a_merged_line_that_the_state_does_not_have)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    world_store(&world, &record, true);
    world_write(&world, IP_1, "9.9.9.9\n45.0.0.8/30\n");
    explain("45.0.0.9");
    expect_reason("covered", "listed by 45.0.0.8/30, line 2 of " IP_1);
    cr_assert_eq(what.covered_line, 2);
}

/* ---- where the list went ---- */

/* SHA-256 of "45.0.0.9\n", by sha256sum. */
#define NOW_HASH                                                               \
    "39ce4bc9594aa42f27af7e32aff5b469149a0708c8799cb77f4a9ec14cd53524"
#define OLD_HASH                                                               \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void expect_set(unsigned index, const char *region, const char *id,
                       const char *status)
{
    cr_assert_lt(index, what.set_count);
    cr_assert_str_eq(what.sets[index].region, region);
    cr_assert_str_eq(what.sets[index].id, id);
    cr_assert_str_eq(what.sets[index].status, status);
}

Test(explain, names_the_object_and_the_sets_of_its_list)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");
    const char *const pairs[] = {
        "s3/object/" IP_1,
        "s3://b/p/" IP_1 " etag=\"x\" sha256=" NOW_HASH " lines=1 bytes=9",
        "s3/object/" IP_1 "2",
        "s3://b/other etag=\"x\" sha256=" OLD_HASH " lines=1 bytes=9",
        "sets/a/" IP_1,
        "id-a " NOW_HASH " " NOW_HASH " -",
        "sets/b/" IP_1,
        "id-b " NOW_HASH " " OLD_HASH " -",
        "sets/c/" IP_1,
        "id-c " OLD_HASH " " OLD_HASH " -",
        "sets/d/" IP_1,
        "id-d " OLD_HASH " " OLD_HASH " " NOW_HASH,
        "sets/e/" IP_1,
        "id-e - - -",
        "sets/f/" IP_1,
        "- - - -",
        "sets/g/guard_duty/threat-ip-2.txt",
        "id-g - - -",
        "sets/h",
        "junk",
        NULL,
    };

    world_store(&world, &record, true);
    world_entries(&world, pairs);
    world_write(&world, IP_1, "45.0.0.9\n");
    explain("45.0.0.9");
    cr_assert_str_eq(what.object, "s3://b/p/" IP_1);
    cr_assert(what.object_current);
    cr_assert_eq(what.set_count, 5);
    expect_set(0, "a", "id-a", "active");
    expect_set(1, "b", "id-b", "pending");
    expect_set(2, "c", "id-c", "old");
    expect_set(3, "d", "id-d", "error");
    expect_set(4, "e", "id-e", "inactive");
    world_write(&world, IP_1, "45.0.0.9\n45.0.0.10\n");
    explain("45.0.0.9");
    cr_assert_not(what.object_current);
    explain("45.0.0.11");
    cr_assert_null(what.object);
}

Test(explain, a_prefix_may_hold_blanks)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");
    const char *const pairs[] = {"s3/object/" IP_1,
                                 "s3://b/my own etag=lists/" IP_1
                                 " etag=\"x\" sha256=" NOW_HASH
                                 " lines=1 bytes=9",
                                 NULL};

    world_store(&world, &record, true);
    world_entries(&world, pairs);
    world_write(&world, IP_1, "45.0.0.9\n");
    explain("45.0.0.9");
    cr_assert_str_eq(what.object, "s3://b/my own etag=lists/" IP_1);
    cr_assert(what.object_current);
}

Test(explain, names_the_object_of_a_wider_line_and_takes_no_nonsense)
{
    const char *const pairs[] = {"s3/object/" IP_1,
                                 "s3://b/" IP_1 " etag=\"x\" sha256=" OLD_HASH
                                 " lines=1 bytes=9",
                                 "sets/a/" IP_1,
                                 "id-a",
                                 "sets/b/" IP_1,
                                 "id-b x y z",
                                 "sets/c/" IP_1,
                                 "id-c - - -",
                                 NULL};

    world_entries(&world, pairs);
    world_write(&world, IP_1, "45.0.0.0/24\n");
    explain("45.0.0.9");
    cr_assert_not(what.known);
    cr_assert_str_eq(what.object, "s3://b/" IP_1);
    cr_assert_not(what.object_current);
    cr_assert_eq(what.set_count, 1);
    expect_set(0, "c", "id-c", "inactive");
}

Test(explain, passes_over_an_object_that_is_none)
{
    const char *const pairs[] = {
        "s3/object/" IP_1, "s3://b/" IP_1 " etag=\"x\" sha256=12 lines", NULL};

    world_entries(&world, pairs);
    world_write(&world, IP_1, "45.0.0.0/24\n");
    explain("45.0.0.9");
    cr_assert_null(what.object);
    cr_assert_not(what.object_current);
}

/* ---- not known ---- */

Test(explain, says_that_it_is_not_known)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    world_store(&world, &record, true);
    explain("45.0.0.10");
    cr_assert_not(what.known);
    cr_assert(slu_view_equal_str(what.indicator.value, "45.0.0.10"));
    cr_assert_null(what.reason);
    expect_text("not known: no source has brought it");
    world_write(&world, IP_1, "45.0.0.0/24\n");
    explain("45.0.0.10");
    cr_assert_not(what.known);
    expect_text("not known itself, but listed by 45.0.0.0/24, line 1 of");
    world_write(&world, IP_1, "45.0.0.10\n");
    explain("45.0.0.10");
    expect_text("line 1 of " IP_1 ", but not known");
}

static void refuse(const char *value, enum slu_err code, const char *part)
{
    cr_assert_eq(slu_engine_explain(world.engine, value, &what), code);
    cr_assert_not_null(strstr(slu_engine_error(world.engine)->text, part), "%s",
                       slu_engine_error(world.engine)->text);
}

Test(explain, refuses_what_is_no_indicator_in_one_sentence)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    world_store(&world, &record, true);
    refuse("hxxp://evil[.]com/a", SLU_ERR_CONFIG,
           "\"hxxp://evil[.]com/a\" is no indicator (url: a URL where a domain "
           "or an address belongs); expected an IPv4 address, a CIDR range or "
           "a domain");
    refuse("2001:db8::1", SLU_ERR_CONFIG, "(ipv6: an IPv6 address)");
    refuse("", SLU_ERR_CONFIG, "(empty: no value)");
    refuse("a\033[31mb", SLU_ERR_CONFIG, "domain_character");
    cr_assert_null(strchr(slu_engine_error(world.engine)->text, '\033'));
}

Test(explain, says_when_nothing_ran_yet)
{
    refuse("45.0.0.9", SLU_ERR_NOT_FOUND, "there is no state in");
}

Test(explain, tells_of_a_list_that_cannot_be_read)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");

    world_store(&world, &record, true);
    world_write(&world, IP_1 "/x", ""); /* a folder of that name */
    refuse("45.0.0.9", SLU_ERR_IO, IP_1 ": ");
}

Test(explain, survives_every_failed_allocation)
{
    struct slu_record record = make(SLU_KIND_IP, "45.0.0.9");
    const char *const pairs[] = {
        "s3/object/" IP_1,
        "s3://b/" IP_1 " etag=\"x\" sha256=" NOW_HASH " lines=1 bytes=9",
        "sets/a/" IP_1, "id-a " NOW_HASH " " NOW_HASH " -", NULL};
    struct failing_alloc failing;
    enum slu_err err = SLU_ERR_NOMEM;

    world_store(&world, &record, true);
    world_store(&world, &record, false);
    world_entries(&world, pairs);
    world_write(&world, IP_1, "45.0.0.9\n");
    failing_alloc_init(&failing, 0);
    slu_engine_close(world.engine);
    world.alloc = failing.alloc;
    world_open(&world, "");
    for (unsigned n = 1; err != SLU_ERR_OK; n++) {
        cr_assert_lt(n, 200);
        failing.fail_at = failing.calls + n;
        err = slu_engine_explain(world.engine, "45.0.0.9", &what);
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%s",
                  slu_engine_error(world.engine)->text);
    }
    cr_assert(what.known);
    cr_assert(what.object_current);
    cr_assert_eq(what.set_count, 1);
    slu_engine_close(world.engine);
    world.engine = NULL;
    cr_assert_eq(failing.live, 0);
}
