/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/config_parse.h"
#include "engine/registry.h"

#include <fcntl.h>
#include <sluice/engine.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* The text is refused with a sentence that holds every one of the pieces. */
static void refuse_with(const char *text, enum slu_err code,
                        const char *const *pieces, size_t count)
{
    struct slu_config *config = parse(text);

    cr_assert_null(config, "accepted: %s", text);
    cr_assert_eq(error.code, code, "%s", error.text);
    for (size_t i = 0; i < count; i++) {
        cr_assert_not_null(strstr(error.text, pieces[i]),
                           "no \"%s\" in: %s\nfor:\n%s", pieces[i], error.text,
                           text);
    }
}

#define REFUSE(text, ...)                                                      \
    do {                                                                       \
        const char *const pieces[] = {__VA_ARGS__};                            \
        refuse_with(text, SLU_ERR_CONFIG, pieces,                              \
                    sizeof(pieces) / sizeof(pieces[0]));                       \
    } while (0)

static const struct slu_limits_config *
limits_of(const struct slu_config *config)
{
    return slu_config_section(config, "limits");
}

Test(config, fills_defaults_for_an_empty_map)
{
    struct slu_config *config = parse("{}");
    const struct slu_top_config *top = slu_config_section(config, "");
    const struct slu_http_config *http = slu_config_section(config, "http");

    cr_assert_str_eq(top->state_dir, "./sluice-state");
    cr_assert_str_eq(top->output_dir, "./sluice-out");
    cr_assert_not(http->http2);
    cr_assert(http->verify_tls);
    cr_assert_str_eq(http->proxy, "");
    cr_assert_str_eq(http->user_agent, "");
    cr_assert_eq(http->connect_timeout_ms, 60000);
    cr_assert_eq(http->idle_timeout_ms, 60000);
    cr_assert_eq(http->body_max, 2000000000u);
    cr_assert_eq(limits_of(config)->connections, 64);
    cr_assert_eq(limits_of(config)->threads, 1);
    cr_assert_eq(limits_of(config)->max_wait_ms, 600000);
    cr_assert_eq(limits_of(config)->record_bytes, 1000000u);
    slu_config_free(config);
}

Test(config, reads_values_and_remembers_what_was_given)
{
    struct slu_config *config = parse("state_dir: /tmp/s\n"
                                      "limits:\n"
                                      "  connections: 8\n"
                                      "  max_wait: 90s\n"
                                      "  record_bytes: 64KiB\n"
                                      "http: {http2: true, body_max: 5MB}\n");
    const struct slu_top_config *top = slu_config_section(config, "");
    const struct slu_http_config *http = slu_config_section(config, "http");

    cr_assert_str_eq(top->state_dir, "/tmp/s");
    cr_assert_eq(limits_of(config)->connections, 8);
    cr_assert_eq(limits_of(config)->max_wait_ms, 90000);
    cr_assert_eq(limits_of(config)->record_bytes, 65536u);
    cr_assert(http->http2);
    cr_assert_eq(http->body_max, 5000000u);
    cr_assert(slu_config_given(config, "limits", "connections"));
    cr_assert(slu_config_given(config, "", "state_dir"));
    cr_assert_not(slu_config_given(config, "limits", "threads"));
    cr_assert_not(slu_config_given(config, "", "output_dir"));
    cr_assert_not(slu_config_given(config, "nowhere", "threads"));
    cr_assert_not(slu_config_given(config, "limits", "nothing"));
    slu_config_free(config);
}

Test(config, has_no_section_of_a_name_that_no_table_has)
{
    struct slu_config *config = parse("{}");

    cr_assert_null(slu_config_section(config, "netskope"));
    slu_config_free(config);
}

Test(config, takes_an_empty_section_as_all_defaults)
{
    struct slu_config *config = parse("limits:\n#  connections: 1\nhttp: ~\n");

    cr_assert_eq(limits_of(config)->connections, 64);
    slu_config_free(config);
}

Test(config, names_line_key_and_nearest_key)
{
    REFUSE("http:\n  http2: true\nlimits:\n  conections: 7\n", "t.yaml, line 4",
           "unknown key `conections` in limits", "did you mean `connections`?");
    REFUSE("\n\nhtp: {}\n", "line 3", "`htp` in the top level",
           "did you mean `http`?");
    REFUSE("flow: []\n", "line 1", "did you mean `flows`?");
    REFUSE("\nstate-dir: x\n", "line 2", "did you mean `state_dir`?");
    REFUSE("limits: {zebra: 1}\n", "unknown key `zebra` in limits",
           "expected connections, threads, max_wait", "sluice help config");
    REFUSE("zebra: 1\n", "in the top level",
           "expected state_dir, output_dir, http, limits, aws, gti,", "flows");
}

Test(config, names_the_section_a_key_belongs_to)
{
    REFUSE("connections: 3\n", "line 1", "it belongs to limits");
    REFUSE("http: {max_wait: 3s}\n", "it belongs to limits");
    REFUSE("limits: {output_dir: x}\n", "it belongs to the top level");
}

Test(config, refuses_sections_of_later_versions)
{
    REFUSE("netskope: {tenant_url: x}\n", "line 1",
           "`netskope` is not in this version");
    REFUSE("a: 1\nnetskope: {}\n", "line 1", "unknown key `a`");
}

Test(config, refuses_duplicates_with_both_lines)
{
    REFUSE("limits:\n  connections: 1\n\n  connections: 2\n", "line 4",
           "duplicate key `connections` in limits", "first on line 2");
    REFUSE("http: {}\nlimits: {}\nhttp: {}\n", "line 3", "duplicate key `http`",
           "first on line 1");
    REFUSE("state_dir: a\nstate_dir: b\n", "line 2", "first on line 1");
}

Test(config, refuses_wrong_kinds_of_section)
{
    REFUSE("limits: 7\n", "line 1", "`limits` is a section", "a single value");
    REFUSE("\nlimits: [1]\n", "line 2", "`limits` is a section", "a list");
    REFUSE("- a\n", "line 1", "at the top level");
    REFUSE("word\n", "line 1", "at the top level");
    REFUSE("? [a]\n: b\n", "line 1", "a key is a plain word");
    REFUSE("limits:\n  ? {a: b}\n  : c\n", "line 2", "a key is a plain word");
}

Test(config, refuses_wrong_types_and_ranges_in_every_section)
{
    REFUSE("limits:\n  connections: many\n", "line 2",
           "`connections` in limits: found `many`",
           "a whole number from 1 to 256");
    REFUSE("limits: {connections: 0}\n", "found `0`", "from 1 to 256");
    REFUSE("limits: {connections: 257}\n", "found `257`");
    REFUSE("limits: {connections: 99999999999999999999}\n", "from 1 to 256");
    REFUSE("limits: {threads: 65}\n", "line 1", "`threads` in limits",
           "found `65`", "a whole number from 0 to 64");
    REFUSE("limits: {threads: -1}\n", "found `-1`", "from 0 to 64");
    REFUSE("limits: {threads: auto}\n", "found `auto`", "from 0 to 64");
    REFUSE("limits: {max_wait: 10}\n", "found `10`", "a time such as",
           "from 0s to 1d");
    REFUSE("limits: {max_wait: 25h}\n", "found `25h`");
    REFUSE("limits: {record_bytes: 4KB}\n", "found `4KB`", "4096", "64MB");
    REFUSE("limits: {connections: [1]}\n", "found a list");
    REFUSE("limits: {connections: {a: 1}}\n", "found a map");
    REFUSE("limits: {connections: }\n", "found nothing");
    REFUSE("http: {http2: yes}\n", "`http2` in http", "true or false");
    REFUSE("state_dir: ''\n", "`state_dir` in the top level is empty");
    REFUSE("state_dir: [x]\n", "found a list", "a path");
}

Test(config, refuses_structure_it_does_not_support)
{
    REFUSE("limits: &x {connections: 1}\nhttp: *x\n", "line 1", "anchors");
    REFUSE("http: *x\n", "line 1", "aliases");
    REFUSE("limits: {connections: !!int 1}\n", "line 1", "tags");
    REFUSE("limits: !foo {}\n", "tags");
    REFUSE("{}\n---\n{}\n", "line 2", "a second document");
    REFUSE("state_dir: \"a\\0b\"\n", "line 1", "zero byte");
    REFUSE("state_dir: \"a\\nb\"\n", "line 1", "found `a?b`");
}

Test(config, explains_tabs_and_broken_yaml)
{
    REFUSE("limits:\n\tconnections: 1\n", "line 2", "a tab indents");
    REFUSE("limits: {connections: 1\n", "not valid YAML");
    REFUSE("limits:\n  a: b\n c: d\n", "line 2", "unknown key `a`");
    REFUSE("state_dir: \"open\n", "not valid YAML");
}

Test(config, finds_the_line_of_invalid_utf8)
{
    REFUSE("http: {}\n# fine\nstate_dir: \xff\xfe\n", "line 3", "UTF-8");
    REFUSE("state_dir: \xc3\x28\n", "line 1", "UTF-8");
}

Test(config, refuses_an_empty_file_and_says_how_to_mean_it)
{
    REFUSE("", "line 1", "empty", "{}");
    REFUSE("# only a comment\n", "empty");
    REFUSE("---\n", "empty");
}

Test(config, refuses_a_huge_text)
{
    size_t len = 1000001;
    char *text = malloc(len + 1);

    cr_assert_not_null(text);
    memset(text, ' ', len);
    text[len] = '\0';
    REFUSE(text, "larger than 1000000 bytes");
    free(text);
}

Test(config, survives_deep_nesting)
{
    size_t len = 200000;
    char *text = malloc(len + 1);

    cr_assert_not_null(text);
    memset(text, '[', len);
    text[len] = '\0';
    REFUSE(text, "line 1");
    memcpy(text, "limits: ", 8);
    REFUSE(text, "line 1", "`limits` is a section");
    free(text);
}

Test(config, quotes_no_control_bytes_and_cuts_long_keys)
{
    char text[3000];

    REFUSE("\"a\\e[31mb\": 1\n", "`a?[31mb`");
    memset(text, 'k', sizeof(text));
    memcpy(text + sizeof(text) - 5, ": 1\n", 5);
    text[900] = '\0'; /* simple keys end at 1024 bytes */
    strcat(text, ": 1\n");
    REFUSE(text, "kkk...`", "sluice help config");
}

Test(config, keeps_the_end_of_a_long_file_name)
{
    char name[300];
    struct slu_config *config;

    memset(name, 'd', sizeof(name));
    strcpy(name + 200, "/the-file.yaml");
    cr_assert_eq(slu_config_parse(slu_alloc_default(), slu_view_str("x: 1"),
                                  name, &config, &error),
                 SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "/the-file.yaml, line 1: unknown"));
}

Test(config, has_the_sections_of_sources_and_sinks)
{
    struct slu_config *config =
        parse("gti: {streams: [domain], threat_lists: all}\n"
              "lists: {max_age: 15m}\n");

    cr_assert_not_null(slu_config_section(config, "gti"));
    cr_assert_not_null(slu_config_section(config, "lists"));
    cr_assert(slu_config_given(config, "gti", "streams"));
    slu_config_free(config);
    REFUSE("gti: {streams: [url]}\n", "`streams` in gti", "found `url`");
    REFUSE("gti:\n  api_key: abc\n", "line 2", "never stands in the file");
}

Test(config, checks_what_no_single_field_can_say)
{
    REFUSE("lists: {ip_files: [../x]}\n", "t.yaml, line 1: lists.ip_files");
    REFUSE("lists: {ip_files: [x], entity_files: [x]}\n", "t.yaml",
           "no other file has");
}

/* ---- flows ---- */

Test(config, has_one_flow_by_default)
{
    struct slu_config *config = parse("{}");
    const struct slu_flow_config *flow = slu_config_flow(config, 0);

    cr_assert_eq(slu_config_flow_count(config), 1);
    cr_assert_str_eq(flow->name, "lists");
    cr_assert_str_eq(flow->source, "gti");
    cr_assert_eq(flow->sink_count, 1);
    cr_assert_str_eq(flow->sinks[0], "files");
    cr_assert_null(slu_config_flow(config, 1));
    slu_config_free(config);
}

Test(config, refuses_a_sink_without_the_one_it_sends_on_for)
{
    REFUSE("flows:\n  - {name: a, source: gti, sinks: [s3]}\n", "line 2",
           "the sink `s3` needs `files`", "[files, s3]");
    REFUSE("flows: [{name: a, source: gti, sinks: [files, guardduty]}]\n",
           "the sink `guardduty` needs `s3`", "[files, s3, guardduty]");
    REFUSE("flows: [{name: a, source: guardduty, sinks: [files]}]\n",
           "takes lists of indicators");
}

Test(config, reads_flows_with_and_without_sinks)
{
    struct slu_config *config =
        parse("flows:\n"
              "  - {name: lists, source: gti, sinks: [files]}\n"
              "  - {name: only-2, source: gti, sinks: []}\n");

    cr_assert_eq(slu_config_flow_count(config), 2);
    cr_assert_str_eq(slu_config_flow(config, 1)->name, "only-2");
    cr_assert_eq(slu_config_flow(config, 1)->sink_count, 0);
    cr_assert_eq(slu_config_flow(config, 1)->line, 3);
    slu_config_free(config);
    REFUSE("flows:\n  - {name: a, source: gti, sinks: []}\n"
           "  - {name: a, source: gti, sinks: []}\n",
           "line 3", "a second flow `a`", "line 2");
    REFUSE("flows: [{name: a, source: gti}]\n", "no `sinks`");
    REFUSE("flows: [{source: gti, sinks: []}]\n", "no `name`");
}

Test(config, refuses_more_flows_than_it_holds)
{
    char text[4000] = "flows:\n";

    for (int i = 0; i <= SLU_FLOWS_MAX; i++) {
        sprintf(text + strlen(text),
                "  - {name: f%d, source: gti, sinks: []}\n", i);
    }
    REFUSE(text, "line 18", "more than 16 flows");
}

Test(config, refuses_broken_flows)
{
    REFUSE("flows: x\n", "line 1", "`flows` is a list");
    REFUSE("flows: []\n", "line 1", "`flows` is empty");
    REFUSE("flows:\n  - lists\n", "line 2", "a flow is a map");
    REFUSE("flows:\n  - {name: 'a b'}\n", "line 2", "letters, digits");
    REFUSE("flows:\n  - {name: '12'}\n", "not a number");
    REFUSE("flows: [{name: [a]}]\n", "`name` of a flow");
    REFUSE("flows: [{nam: a}]\n", "unknown key `nam`", "name, source");
    REFUSE("flows: [{name: a, name: b}]\n", "duplicate key `name`");
    REFUSE("flows: [{[a]: b}]\n", "a key of a flow");
    REFUSE("flows:\n  - name: a\n    source: moon\n", "line 3",
           "no source `moon`", "has: gti");
    REFUSE("flows: [{sinks: files}]\n", "a list such as [files]");
    REFUSE("flows: [{sinks: [[files]]}]\n", "a sink of a flow is a name");
    REFUSE("flows:\n  - sinks:\n      - s4\n", "line 3", "no sink `s4`",
           "has: files");
    REFUSE("flows: [{sinks: [files, files]}]\n", "stands twice");
    REFUSE("flows:\n  - name: a\n    source: gti\n    sinks: [csv]\n", "line 4",
           "the sink `csv` takes rows of findings; the source `gti` makes "
           "lists of indicators: use one of files");
    REFUSE("flows:\n  - {name: a, sinks: [files]}\n", "line 2", "no `source`");
}

/* ---- files ---- */

Test(config, loads_a_file)
{
    char path[] = "/tmp/slu-config-XXXXXX";
    int fd = mkstemp(path);
    struct slu_config *config = NULL;

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, "limits: {connections: 3}\n", 25), 25);
    close(fd);
    cr_assert_eq(slu_config_load(slu_alloc_default(), path, &config, &error),
                 SLU_ERR_OK);
    cr_assert_eq(limits_of(config)->connections, 3);
    slu_config_free(config);
    unlink(path);
}

Test(config, names_a_missing_file)
{
    struct slu_config *config;

    cr_assert_eq(slu_config_load(slu_alloc_default(), "/nowhere/s.yaml",
                                 &config, &error),
                 SLU_ERR_NOT_FOUND);
    cr_assert_not_null(strstr(error.text, "/nowhere/s.yaml"));
    cr_assert_null(config);
}

Test(config, refuses_a_folder_and_an_endless_file)
{
    struct slu_config *config;

    cr_assert_eq(slu_config_load(slu_alloc_default(), "/tmp", &config, &error),
                 SLU_ERR_IO);
    cr_assert_not_null(strstr(error.text, "/tmp"));
    cr_assert_eq(
        slu_config_load(slu_alloc_default(), "/dev/zero", &config, &error),
        SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "larger than"));
}

/* ---- out of memory ---- */

struct failing {
    unsigned calls;
    unsigned fail_at;
    size_t live;
};

static void *fail_nth(void *ctx, void *ptr, size_t old_len, size_t new_len)
{
    struct failing *self = ctx;
    void *result;

    if (new_len > 0 && ++self->calls == self->fail_at) {
        return NULL;
    }
    result = slu_alloc_default()->realloc_fn(slu_alloc_default()->ctx, ptr,
                                             old_len, new_len);
    self->live += new_len - (ptr == NULL ? 0 : old_len);
    return result;
}

Test(config, survives_every_failed_allocation)
{
    char text[20000] = "state_dir: ";
    struct failing failing = {0};
    struct slu_alloc alloc = {fail_nth, &failing};
    struct slu_config *config;
    enum slu_err err = SLU_ERR_NOMEM;

    /* Longer than a chunk of the arena, so that several are asked for. */
    memset(text + 11, 'x', 9000);
    strcpy(text + 9011, "\noutput_dir: ");
    memset(text + 9024, 'y', 9000);
    for (unsigned n = 1; err == SLU_ERR_NOMEM; n++) {
        failing = (struct failing){.fail_at = n};
        err =
            slu_config_parse(&alloc, slu_view_str(text), "t", &config, &error);
        if (err == SLU_ERR_NOMEM) {
            cr_assert_null(config);
            cr_assert_eq(failing.live, 0, "leak at allocation %u", n);
            cr_assert_lt(n, 100);
        }
    }
    cr_assert_eq(err, SLU_ERR_OK, "%s", error.text);
    cr_assert_geq(failing.calls, 4);
    slu_config_free(config);
    cr_assert_eq(failing.live, 0);
}

Test(config, free_takes_null)
{
    slu_config_free(NULL);
}

/* ---- the reference ---- */

struct collected {
    char text[65536];
    size_t len;
};

static void collect(void *ctx, const char *text)
{
    struct collected *to = ctx;
    size_t len = strlen(text);

    cr_assert_lt(to->len + len, sizeof(to->text));
    memcpy(to->text + to->len, text, len + 1);
    to->len += len;
}

Test(config, reference_loads_and_names_every_key)
{
    static struct collected reference;
    struct slu_config *config;
    const struct slu_section *section;

    slu_config_reference(collect, &reference);
    config = parse(reference.text);
    cr_assert_not_null(config, "%s", error.text);
    for (unsigned i = 0; (section = slu_registry_section(i)) != NULL; i++) {
        for (unsigned j = 0; j < section->field_count; j++) {
            cr_assert(
                slu_config_given(config, section->name, section->fields[j].key),
                "%s", section->fields[j].key);
        }
    }
    slu_config_free(config);
}

Test(config, reference_fits_80_columns)
{
    static struct collected reference;

    slu_config_reference(collect, &reference);
    for (char *line = strtok(reference.text, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        cr_assert_leq(strlen(line), 80, "%s", line);
    }
}
