/* SPDX-License-Identifier: Apache-2.0 */
#include "store_support.h"

#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <sluice/pack.h>
#include <stdio.h>
#include <sys/stat.h>

static char dir[64];
static char input[100];
static char output[100];
static struct slu_pack_report report;
static struct slu_error error;

static void start(void)
{
    (void)make_folder(dir);
    (void)snprintf(input, sizeof(input), "%s/in.txt", dir);
    (void)snprintf(output, sizeof(output), "%s/out", dir);
}

static void stop(void)
{
    remove_tree(dir);
}

TestSuite(pack, .init = start, .fini = stop);

static void put(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "wb");

    cr_assert_not_null(file);
    cr_assert_eq(fwrite(text, 1, len, file), len);
    cr_assert_eq(fclose(file), 0);
}

static void put_text(const char *path, const char *text)
{
    put(path, text, strlen(text));
}

static enum slu_err pack_with(struct slu_pack_options options)
{
    const char *inputs[] = {input};

    if (options.inputs == NULL) {
        options.inputs = inputs;
        options.input_count = 1;
    }
    options.output_dir = output;
    options.no_sync = true;
    return slu_pack(&options, &report, &error);
}

static enum slu_err pack(const char *text)
{
    put_text(input, text);
    return pack_with((struct slu_pack_options){0});
}

static void expect(const char *name, const char *text)
{
    const char *got = read_text(output, name);

    cr_assert_not_null(got, "%s", name);
    cr_assert_str_eq(got, text, "%s", name);
}

#define IPS(n) "guard_duty/threat-ip-" #n ".txt"
#define DOMAINS(n) "guard_duty/threat-entity-" #n ".txt"

Test(pack, sorts_and_dedupes_each_type)
{
    cr_assert_eq(
        pack("9.9.9.9\nexample.com\n8.8.8.8\r\n9.9.9.9\nA.Example.com.\n"
             "8.8.8.0/24\n9.9.9.9/32\n8.8.9.7/24\n*.example.org"),
        SLU_ERR_OK, "%s", error.text);
    expect(IPS(1), "8.8.8.0/24\n8.8.8.8\n8.8.9.0/24\n9.9.9.9\n");
    expect(IPS(2), "");
    expect(IPS(6), "");
    expect(DOMAINS(1), "*.example.org\na.example.com\nexample.com\n");
    expect(DOMAINS(6), "");
    expect("exceeded_ip_address.txt", "");
    expect("exceeded_domain.txt", "");
    expect("invalid_iocs/invalid_ip_address.txt", "");
    expect("invalid_iocs/invalid_domain.txt", "");
    expect("invalid_iocs/reasons.ndjson", "");
    cr_assert_eq(report.lines, 9);
    cr_assert_eq(report.accepted[SLU_KIND_IP], 6);
    cr_assert_eq(report.unique[SLU_KIND_IP], 4);
    cr_assert_eq(report.listed[SLU_KIND_IP], 4);
    cr_assert_eq(report.accepted[SLU_KIND_DOMAIN], 3);
    cr_assert_eq(report.listed[SLU_KIND_DOMAIN], 3);
    cr_assert_eq(report.file_count, 17);
}

Test(pack, passes_over_blanks_and_comments)
{
    cr_assert_eq(pack("\xef\xbb\xbf"
                      "# a list\n\n  \t\r\n 8.8.8.8 # why\n#\nexample.com#x\n"),
                 SLU_ERR_OK);
    expect(IPS(1), "8.8.8.8\n");
    expect(DOMAINS(1), "example.com\n");
    cr_assert_eq(report.lines, 6);
    cr_assert_eq(report.blank_lines, 4);
    cr_assert_eq(report.invalid_lines, 0);
}

Test(pack, lists_what_is_invalid_with_its_reason)
{
    cr_assert_eq(pack("8.8.8.8\n1.2.3.256\nfoo_bar.com\n01.2.3.4\nfoo_bar.com\n"
                      "http://x.com/\n"),
                 SLU_ERR_OK);
    expect("invalid_iocs/invalid_ip_address.txt", "01.2.3.4\n1.2.3.256\n");
    expect("invalid_iocs/invalid_domain.txt", "foo_bar.com\nhttp://x.com/\n");
    expect("invalid_iocs/reasons.ndjson",
           "{\"type\":\"ip_address\",\"value\":\"01.2.3.4\","
           "\"reason\":\"ip_leading_zero\"}\n"
           "{\"type\":\"ip_address\",\"value\":\"1.2.3.256\","
           "\"reason\":\"ip_octet_range\"}\n"
           "{\"type\":\"domain\",\"value\":\"foo_bar.com\","
           "\"reason\":\"domain_underscore\"}\n"
           "{\"type\":\"domain\",\"value\":\"http://x.com/\","
           "\"reason\":\"url\"}\n");
    cr_assert_eq(report.invalid_lines, 5);
    cr_assert_eq(report.reason_count, 4);
}

Test(pack, guard_rails_hold_values_back)
{
    char allow[120];

    (void)snprintf(allow, sizeof(allow), "%s/allow.txt", dir);
    put_text(allow, "8.8.0.0/16\nexample.org\n");
    put_text(input,
             "10.0.0.1\n10.0.0.2\n8.8.4.4\n9.9.9.9\n0.0.0.0/0\n10.0.0.0/24\n"
             "*.com\nwww.example.org\nexample.com\n255.255.255.255\n");
    cr_assert_eq(pack_with((struct slu_pack_options){.allow_file = allow}),
                 SLU_ERR_OK, "%s", error.text);
    expect(IPS(1), "9.9.9.9\n");
    expect(DOMAINS(1), "example.com\n");
    cr_assert_eq(report.guarded[SLU_KIND_IP], 6);
    cr_assert_eq(report.guarded[SLU_KIND_DOMAIN], 2);
    cr_assert_not_null(strstr(read_text(output, "invalid_iocs/reasons.ndjson"),
                              "\"8.8.4.4\",\"reason\":\"allowed\""));
    cr_assert_eq(pack_with((struct slu_pack_options){.allow_non_global = true}),
                 SLU_ERR_OK);
    expect(IPS(1), "8.8.4.4\n9.9.9.9\n10.0.0.0/24\n10.0.0.1\n10.0.0.2\n"
                   "255.255.255.255\n");
}

Test(pack, cuts_files_by_lines_and_gives_the_rest_to_exceeded)
{
    put_text(input, "1.1.1.6\n1.1.1.5\n1.1.1.4\n1.1.1.3\n1.1.1.2\na.com\n"
                    "b.com\n");
    cr_assert_eq(pack_with((struct slu_pack_options){
                     .files = 2, .ip_lines = 2, .domain_lines = 1}),
                 SLU_ERR_INCOMPLETE);
    cr_assert_not_null(strstr(error.text, "1 IPs and 0 domains"));
    expect(IPS(1), "1.1.1.2\n1.1.1.3\n");
    expect(IPS(2), "1.1.1.4\n1.1.1.5\n");
    cr_assert_null(read_text(output, IPS(3)));
    expect("exceeded_ip_address.txt", "1.1.1.6\n");
    expect(DOMAINS(1), "a.com\n");
    expect(DOMAINS(2), "b.com\n");
    expect("exceeded_domain.txt", "");
    cr_assert_eq(report.exceeded[SLU_KIND_IP], 1);
    cr_assert_eq(report.listed[SLU_KIND_IP], 4);
    /* With room for all nothing stale is left. */
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_OK);
    expect("exceeded_ip_address.txt", "");
    expect(IPS(2), "");
}

Test(pack, fewer_files_leave_nothing_stale_in_the_others)
{
    put_text(input, "1.1.1.1\n1.1.1.2\n1.1.1.3\na.com\nb.com\nc.com\n");
    cr_assert_eq(pack_with((struct slu_pack_options){
                     .files = 3, .ip_lines = 1, .domain_lines = 1}),
                 SLU_ERR_OK);
    expect(IPS(3), "1.1.1.3\n");
    expect(DOMAINS(3), "c.com\n");
    cr_assert_eq(pack_with((struct slu_pack_options){.files = 1}), SLU_ERR_OK);
    expect(IPS(1), "1.1.1.1\n1.1.1.2\n1.1.1.3\n");
    expect(IPS(2), "");
    expect(IPS(3), "");
    expect(DOMAINS(3), "");
    cr_assert_null(read_text(output, IPS(4)));
}

Test(pack, cuts_files_by_bytes)
{
    static char text[300 * 16];
    size_t len = 0;
    size_t total = 0;

    for (unsigned i = 0; i < 300; i++) {
        len += (size_t)sprintf(text + len, "100.200.%u.1\n", i % 256);
    }
    put(input, text, len);
    cr_assert_eq(
        pack_with((struct slu_pack_options){.files = 6, .file_bytes = 1000}),
        SLU_ERR_OK, "%s", error.text);
    for (unsigned i = 0; i < report.file_count; i++) {
        cr_assert_leq(report.files[i].bytes, 1000);
        total += report.files[i].lines;
    }
    cr_assert_eq(total, 256);
    cr_assert_gt(report.files[1].lines, 0);
}

/* Whatever ends a block: lines of every length around the 256 KB border. */
Test(pack, reads_lines_across_blocks)
{
    size_t len = 0;
    size_t room = (size_t)900 << 10;
    char *text = malloc(room + 100);
    unsigned count = 0;
    const char *got;
    unsigned lines = 0;

    while (len < room) {
        len += (size_t)sprintf(text + len, "20.%u.%u.%u\n", count >> 16 & 255,
                               count >> 8 & 255, count & 255);
        count++;
    }
    put(input, text, len);
    free(text);
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_OK);
    cr_assert_eq(report.lines, count);
    cr_assert_eq(report.unique[SLU_KIND_IP], count);
    got = read_text(output, IPS(1));
    for (; *got != '\0'; got++) {
        lines += *got == '\n';
    }
    cr_assert_eq(lines, count);
}

Test(pack, a_line_without_end_is_one_invalid_value)
{
    size_t len = (size_t)600 << 10;
    char *text = malloc(len);

    memset(text, 'x', len);
    memcpy(text, "8.8.8.8\n", 8);
    memcpy(text + len - 9, "\n9.9.9.9\n", 9);
    put(input, text, len);
    free(text);
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_OK);
    expect(IPS(1), "8.8.8.8\n9.9.9.9\n");
    cr_assert_eq(report.lines, 3);
    cr_assert_eq(report.invalid_lines, 1);
    cr_assert_str_eq(report.reasons[0].reason, "too_long");
}

/* Of 300 KiB, more than a block: "8.8.8.8 # why, ..." and a comment alone. */
Test(pack, a_comment_may_be_longer_than_a_block)
{
    size_t len = (size_t)600 << 10;
    char *text = malloc(len);

    memset(text, ' ', len);
    memcpy(text, "8.8.8.8 # why", 13);
    memcpy(text + len / 2, "\n#", 2);
    memcpy(text + len - 9, "\n9.9.9.9\n", 9);
    put(input, text, len);
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_OK);
    expect(IPS(1), "8.8.8.8\n9.9.9.9\n");
    cr_assert_eq(report.lines, 3);
    cr_assert_eq(report.blank_lines, 1);
    cr_assert_eq(report.invalid_lines, 0);
    memset(text, 0, len);
    put(input, text, len);
    free(text);
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "line 1 "), "%s", error.text);
}

static void expect_refused(enum slu_err got, enum slu_err err, const char *part)
{
    cr_assert_eq(got, err, "%s: %s", slu_err_name(got), error.text);
    cr_assert_not_null(strstr(error.text, part), "%s", error.text);
    cr_assert_null(read_text(output, IPS(1)));
}

Test(pack, refuses_what_is_no_text)
{
    put(input, "8.8.8.8\nabc\0def\n", 16);
    expect_refused(pack_with((struct slu_pack_options){0}), SLU_ERR_CONFIG,
                   "is not a text: line 2");
    put(input, "\x1f\x8b\x08 8.8.8.8", 11);
    expect_refused(pack_with((struct slu_pack_options){0}), SLU_ERR_CONFIG,
                   "is compressed");
    put_text(input, "hello world\nfoo\n");
    expect_refused(pack_with((struct slu_pack_options){0}), SLU_ERR_CONFIG,
                   "none of the 2 lines");
}

/* As of a pipe whose program has failed. */
Test(pack, no_entry_at_all_leaves_the_lists_as_they_are)
{
    cr_assert_eq(pack("8.8.8.8\n"), SLU_ERR_OK);
    cr_assert_eq(pack(""), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "are empty"), "%s", error.text);
    cr_assert_eq(pack("\n# nothing today\n"), SLU_ERR_CONFIG);
    expect(IPS(1), "8.8.8.8\n");
}

Test(pack, refuses_inputs_that_are_not_there)
{
    const char *inputs[] = {input, dir};

    expect_refused(pack_with((struct slu_pack_options){0}), SLU_ERR_NOT_FOUND,
                   "No such file");
    put_text(input, "8.8.8.8\n");
    expect_refused(pack_with((struct slu_pack_options){.inputs = inputs,
                                                       .input_count = 2}),
                   SLU_ERR_CONFIG, "name the files in it");
    expect_refused(
        pack_with((struct slu_pack_options){.allow_file = "/nowhere/x"}),
        SLU_ERR_NOT_FOUND, "the allow file /nowhere/x");
}

Test(pack, refuses_limits_that_guardduty_would_not_take)
{
    put_text(input, "8.8.8.8\n");
    expect_refused(pack_with((struct slu_pack_options){.files = 7}),
                   SLU_ERR_CONFIG, "the number of files is 7; give 1 to 6");
    expect_refused(pack_with((struct slu_pack_options){.ip_lines = 250001}),
                   SLU_ERR_CONFIG, "give 1 to 250000");
    expect_refused(pack_with((struct slu_pack_options){.domain_lines = 1001}),
                   SLU_ERR_CONFIG, "give 1 to 1000");
    expect_refused(pack_with((struct slu_pack_options){.file_bytes = 10}),
                   SLU_ERR_CONFIG, "give 1000 to 35000000");
}

Test(pack, refuses_an_input_that_it_would_overwrite)
{
    cr_assert_eq(pack("8.8.8.8\n"), SLU_ERR_OK);
    (void)snprintf(input, sizeof(input), "%s/" IPS(1), output);
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_CONFIG);
    cr_assert_not_null(strstr(error.text, "would be overwritten"));
    expect(IPS(1), "8.8.8.8\n");
}

Test(pack, tells_of_a_folder_that_cannot_be_written)
{
    put_text(input, "8.8.8.8\n");
    put_text(output, "a file");
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_IO);
    cr_assert_not_null(strstr(error.text, "out"), "%s", error.text);
}

Test(pack, writes_nothing_that_is_the_same)
{
    struct stat before;
    struct stat after;
    char path[200];

    cr_assert_eq(pack("8.8.8.8\nx_y.com\n"), SLU_ERR_OK);
    (void)snprintf(path, sizeof(path), "%s/" IPS(1), output);
    cr_assert_eq(stat(path, &before), 0);
    cr_assert_eq(pack_with((struct slu_pack_options){0}), SLU_ERR_OK);
    cr_assert_eq(stat(path, &after), 0);
    cr_assert_eq(before.st_ino, after.st_ino);
    for (unsigned i = 0; i < report.file_count; i++) {
        cr_assert_not(report.files[i].changed, "%s", report.files[i].path);
    }
}

static size_t measure_peak(const char *text, size_t len)
{
    struct failing_alloc alloc;

    put(input, text, len);
    failing_alloc_init(&alloc, 0);
    cr_assert_eq(pack_with((struct slu_pack_options){.alloc = &alloc.alloc}),
                 SLU_ERR_OK);
    expect(IPS(1), "8.8.8.0/24\n");
    return alloc.peak;
}

Test(pack, repeats_of_a_cidr_take_no_memory)
{
    static const char line[] = "8.8.8.8/24\n";
    const size_t len = sizeof(line) - 1;
    const size_t count = 100000;
    char *text = malloc(count * len);
    size_t once;

    for (size_t i = 0; i < count; i++) {
        memcpy(text + i * len, line, len);
    }
    once = measure_peak(text, len);
    cr_assert_eq(measure_peak(text, count * len), once);
    cr_assert_eq(report.accepted[SLU_KIND_IP], count);
    free(text);
}

Test(pack, every_failure_of_memory_is_told_and_leaks_nothing)
{
    struct failing_alloc own;
    unsigned fail_at = 0;

    put_text(input, "8.8.8.8\n8.8.8.0/24\nexample.com\nx_y.com\n1.2.3\n");
    do {
        enum slu_err err;

        failing_alloc_init(&own, ++fail_at);
        err = pack_with((struct slu_pack_options){.alloc = &own.alloc});
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM, "%u: %s", fail_at,
                  error.text);
        cr_assert_eq(own.live, 0, "%u", fail_at);
    } while (own.calls >= fail_at && fail_at < 500);
    cr_assert_gt(fail_at, 20);
    cr_assert_lt(fail_at, 500);
    expect(IPS(1), "8.8.8.0/24\n8.8.8.8\n");
}
