/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Real findings, where the folder of samples is there, against what the
 * Netskope plugin 1.1.0 made of them (plugin_golden.jsonl). The samples come
 * bare, in EventBridge's envelope, or as an SDK prints them: to_wire() makes
 * the wire form of all.
 */
#include "codecs/json_split.h"
#include "finding_log.h"
#include "support/json_dom.h"
#include "support/json_run.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define FILE_MAX (1u << 20)

/*
 * Where the plugin is at fault, and what is right. It drops a finding whose
 * eventLastSeen has no fraction of a second (netskope-guardduty-plugin.md 7.4).
 * The other faults of that page aren't in the samples: test_finding.c and
 * test_finding_text.c have them.
 */
static const struct {
    const char *sample;
    const char *rows; /* as write_row() has them */
} faults[] = {
    {"custodian/ec2-duty-event.json",
     "example.com|url|medium|2017-12-08T15:32:49Z|2017-12-08T15:32:49Z|"
     "Finding ARN: arn:aws:guardduty:us-east-1:883606788610:detector/"
     "883606788610/finding/b4b01b60fc24a199139f8f5f490edd81, Finding Type: "
     "Backdoor:EC2/C&CActivity.B!DNS, Description: EC2 instance i-99999999 is "
     "querying a domain name associated with a known Command & Control "
     "server.|\n"},
    {"custodian/iam-duty-event.json", ""},
};

static char *read_file(const char *name)
{
    const char *const roots[] = {getenv("SLU_SHARED"), "../shared",
                                 "../../shared"};
    FILE *file = NULL;
    char *text;
    size_t len;

    for (unsigned i = 0; i < 3 && file == NULL; i++) {
        char path[2000];

        if (roots[i] != NULL) {
            (void)snprintf(path, sizeof(path), "%s/samples/guardduty/%s",
                           roots[i], name);
            file = fopen(path, "rb");
        }
    }
    if (file == NULL) {
        return NULL;
    }
    text = malloc(FILE_MAX);
    len = fread(text, 1, FILE_MAX - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

/* Makes small the first letter of every name, of which the wire has no
 * capitals but one that isn't read. The text is minified. */
static void lower_names(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        char *start = c + 1;

        if (*c != '"') {
            continue;
        }
        for (c++; *c != '"'; c++) {
            c += *c == '\\';
        }
        if (c[1] == ':' && *start >= 'A' && *start <= 'Z') {
            *start = (char)(*start | 0x20);
        }
    }
}

static char *to_wire(const char *text)
{
    char *wire = json_dom_get(slu_view_str(text), "detail");

    if (wire == NULL) {
        wire = json_dom_minify(slu_view_str(text));
    }
    cr_assert_not_null(wire);
    lower_names(wire);
    return wire;
}

/* --- our rows and the plugin's ------------------------------------------ */

struct rows {
    FILE *out;
    struct slu_finding_text *text;
};

static void write_row(void *ctx, const struct slu_finding *finding,
                      const struct slu_finding_indicator *indicator)
{
    struct rows *rows = ctx;
    struct slu_finding_tags tags;
    struct slu_view comments;

    cr_assert_eq(
        slu_finding_text_comments(rows->text, finding, indicator, &comments),
        SLU_ERR_OK);
    cr_assert_eq(slu_finding_text_tags(rows->text, finding, indicator, &tags),
                 SLU_ERR_OK);
    fprintf(rows->out, "%.*s|%s|%s|%.*s|%.*s|%.*s|",
            SLU_VIEW_ARGS(indicator->value),
            slu_finding_text_ce_type(indicator->kind),
            slu_finding_text_severity(finding, indicator),
            SLU_VIEW_ARGS(finding->first_seen.text),
            SLU_VIEW_ARGS(finding->last_seen.text), SLU_VIEW_ARGS(comments));
    for (unsigned i = 0; i < tags.count; i++) {
        fprintf(rows->out, "\"%.*s\",", SLU_VIEW_ARGS(tags.items[i]));
    }
    fprintf(rows->out, "\n");
}

static enum slu_err read_wire(struct slu_finding_reader *reader,
                              const char *wire,
                              slu_finding_indicator_fn on_indicator, void *ctx,
                              struct slu_finding *out_finding)
{
    static char room[FILE_MAX + SLU_JSON_PADDING];
    size_t len = strlen(wire);

    struct slu_json_event event = slu_json_event_of(slu_view_make(room, len));

    memcpy(room, wire, len + 1);
    return slu_finding_read(reader, &event, on_indicator, ctx, out_finding,
                            NULL);
}

static char *make_rows(struct slu_finding_reader *reader, const char *wire)
{
    struct slu_finding finding;
    char *text;
    size_t len;
    struct rows rows = {
        .out = open_memstream(&text, &len),
        .text = slu_finding_text_new(slu_alloc_default(), FILE_MAX)};

    cr_assert_eq(read_wire(reader, wire, write_row, &rows, &finding),
                 SLU_ERR_OK);
    slu_finding_text_free(rows.text);
    (void)fclose(rows.out);
    return text;
}

static void write_member(FILE *out, struct slu_view indicator, const char *name)
{
    char *value = json_dom_get(indicator, name);

    cr_assert_not_null(value);
    fprintf(out, "%s|", value);
    free(value);
}

/* The plugin's tags are a set, and the golden file has them sorted, as ours. */
static void write_golden_row(FILE *out, struct slu_view indicator)
{
    static const char *const names[] = {"value",     "type",     "severity",
                                        "firstSeen", "lastSeen", "comments"};
    char *tags = json_dom_elements(indicator, "tags");

    cr_assert_not_null(tags);
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        write_member(out, indicator, names[i]);
    }
    for (char *c = tags; *c != '\0'; c++) {
        fputc(*c == '\n' ? ',' : *c, out);
    }
    fprintf(out, "\n");
    free(tags);
}

static char *make_golden_rows(struct slu_view line)
{
    char *text;
    size_t len;
    FILE *out = open_memstream(&text, &len);
    char *indicators = json_dom_elements(line, "indicators");

    cr_assert_not_null(indicators);
    for (char *at = indicators; *at != '\0';) {
        char *end = strchr(at, '\n');

        write_golden_row(out, slu_view_make(at, (size_t)(end - at)));
        at = end + 1;
    }
    free(indicators);
    (void)fclose(out);
    return text;
}

static const char *find_fault(const char *sample)
{
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (strcmp(sample, faults[i].sample) == 0) {
            return faults[i].rows;
        }
    }
    return NULL;
}

/* --- the tests ---------------------------------------------------------- */

typedef void (*sample_fn)(void *ctx, const char *name, const char *wire,
                          struct slu_view golden);

/* Calls on each line of the golden file; returns how many there are. */
static unsigned each_sample(sample_fn on_sample, void *ctx)
{
    char *golden = read_file("plugin_golden.jsonl");
    unsigned count = 0;

    if (golden == NULL) {
        cr_skip_test("skipped: no samples here");
    }
    for (char *line = strtok(golden, "\n"); line != NULL;
         line = strtok(NULL, "\n")) {
        struct slu_view view = slu_view_str(line);
        char *name = json_dom_get(view, "sample");
        char *text = read_file(name);
        char *wire = to_wire(text);

        on_sample(ctx, name, wire, view);
        count++;
        free(wire);
        free(text);
        free(name);
    }
    free(golden);
    return count;
}

static void compare_rows(void *ctx, const char *name, const char *wire,
                         struct slu_view golden)
{
    char *got = make_rows(ctx, wire);
    char *want = make_golden_rows(golden);
    const char *right = find_fault(name);

    if (right != NULL) {
        char *error = json_dom_get(golden, "error");

        cr_assert_not_null(strstr(error, "does not match format"), "%s", name);
        cr_assert_str_eq(want, "");
        cr_assert_str_eq(got, right, "%s", name);
        free(error);
    } else {
        cr_assert_str_eq(got, want, "%s", name);
    }
    free(got);
    free(want);
}

static struct slu_finding_reader *make_reader(bool keep_all)
{
    struct slu_finding_options options = {.alloc = slu_alloc_default(),
                                          .record_max = FILE_MAX,
                                          .groups = SLU_FINDING_GROUPS_DEFAULT,
                                          .include_samples = keep_all,
                                          .include_archived = keep_all};

    return slu_finding_reader_new(&options);
}

Test(finding_samples, give_what_the_plugin_gives_but_for_its_faults)
{
    struct slu_finding_reader *reader = make_reader(true);

    cr_assert_geq(each_sample(compare_rows, reader), 21);
    slu_finding_reader_free(reader);
}

Test(finding_samples, give_the_same_under_compat)
{
    struct slu_finding_options options = {.alloc = slu_alloc_default(),
                                          .record_max = FILE_MAX,
                                          .groups = SLU_FINDING_GROUPS_DEFAULT,
                                          .compat_netskope = true};
    struct slu_finding_reader *reader = slu_finding_reader_new(&options);

    cr_assert_geq(each_sample(compare_rows, reader), 21);
    slu_finding_reader_free(reader);
}

struct drops {
    struct slu_finding_reader *reader;
    unsigned samples;
    unsigned others;
};

static void ignore(void *ctx, const struct slu_finding *finding,
                   const struct slu_finding_indicator *indicator)
{
    (void)ctx, (void)finding, (void)indicator;
}

static void check_drop(void *ctx, const char *name, const char *wire,
                       struct slu_view golden)
{
    struct drops *drops = ctx;
    struct slu_finding finding;
    bool is_sample = strstr(wire, "\"sample\":true") != NULL ||
                     strstr(wire, "\\\"sample\\\":true") != NULL;

    (void)golden;
    cr_assert_eq(read_wire(drops->reader, wire, ignore, NULL, &finding),
                 SLU_ERR_OK);
    cr_assert_eq(finding.reason,
                 is_sample ? SLU_REASON_SAMPLE : SLU_REASON_NONE, "%s: %s",
                 name, slu_reason_name(finding.reason));
    cr_assert(finding.updated_at.known && !finding.unknown_action, "%s", name);
    cr_assert_eq(finding.unusable + finding.cut, 0);
    drops->samples += is_sample;
    drops->others += !is_sample;
}

Test(finding_samples, drop_exactly_the_sample_findings_by_default)
{
    struct drops drops = {make_reader(false), 0, 0};

    (void)each_sample(check_drop, &drops);
    cr_assert_geq(drops.samples, 20);
    cr_assert_geq(drops.others, 1);
    slu_finding_reader_free(drops.reader);
}

struct page {
    FILE *out;
    unsigned count;
};

static void add_to_page(void *ctx, const char *name, const char *wire,
                        struct slu_view golden)
{
    struct page *page = ctx;

    (void)name, (void)golden;
    fprintf(page->out, "%s%s", page->count++ == 0 ? "" : ",\n", wire);
}

/* The log of a page that comes in pieces of at most so many bytes, each in its
 * own allocation. */
static char *log_page(struct slu_view page, size_t piece_max)
{
    struct slu_json_split *split =
        json_split_make("findings", "nextToken", NULL, FILE_MAX);
    struct slu_finding_reader *reader = make_reader(true);
    struct finding_log log = {
        .text = slu_finding_text_new(slu_alloc_default(), FILE_MAX)};
    uint32_t state = (uint32_t)piece_max + 1;
    char *text;
    size_t text_len;

    log.out = open_memstream(&text, &text_len);
    for (size_t pos = 0, len; pos < page.len; pos += len) {
        struct slu_json_event event;
        struct slu_finding finding;
        char *piece;

        len = json_random(&state) % piece_max + 1;
        len = len < page.len - pos ? len : page.len - pos;
        piece = malloc(len);
        memcpy(piece, page.ptr + pos, len);
        slu_json_split_feed(split, slu_view_make(piece, len));
        while (slu_json_split_next(split, &event) == SLU_JSON_RECORD) {
            cr_assert_eq(slu_finding_read(reader, &event, finding_log_indicator,
                                          &log, &finding, NULL),
                         SLU_ERR_OK);
            finding_log_head(&log, &finding);
        }
        free(piece);
    }
    cr_assert_eq(slu_json_split_finish(split), SLU_ERR_OK);
    (void)fclose(log.out);
    slu_finding_text_free(log.text);
    slu_finding_reader_free(reader);
    slu_json_split_free(split);
    return text;
}

Test(finding_samples, read_the_same_wherever_their_page_is_cut)
{
    static const size_t pieces[] = {1, 70, 900, 16384};
    struct page page = {0};
    char *text;
    char *whole;
    size_t len;

    page.out = open_memstream(&text, &len);
    fprintf(page.out, "{\"findings\":[");
    (void)each_sample(add_to_page, &page);
    fprintf(page.out, "]}");
    (void)fclose(page.out);
    whole = log_page(slu_view_make(text, len), len * 4);
    cr_assert_not_null(strstr(whole, "198.51.100.3 ipv4 port_probe url"));
    for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        char *cut = log_page(slu_view_make(text, len), pieces[i]);

        cr_assert_str_eq(cut, whole);
        free(cut);
    }
    free(whole);
    free(text);
}
