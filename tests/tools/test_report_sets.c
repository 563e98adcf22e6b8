/* SPDX-License-Identifier: Apache-2.0 */
/* What reports and plans say about publishing: report_sets.c. */
#include "tools/report_scene.h"
#include "tools/sluice/report_sets.h"

TestSuite(report_sets, .init = start, .fini = finish);

static const struct slu_report_set sets[] = {
    {.region = "us-east-1",
     .path = "guard_duty/threat-ip-1.txt",
     .name = "gti-threat-ip-1",
     .status = "active",
     .created = true,
     .activated = true,
     .detail = ""},
    {.region = "eu-west-1",
     .path = "guard_duty/threat-ip-1.txt",
     .name = "",
     .status = "limit",
     .detail = "the region has six sets of this kind already, of which ours "
               "are none: office-1, office-2"},
    {.region = "us-east-1",
     .path = "guard_duty/threat-ip-2.txt",
     .name = "gti-threat-ip-2",
     .status = "unchanged",
     .detail = ""},
};

static struct slu_report make_report(void)
{
    return (struct slu_report){
        .bucket = "s3://b/p/",
        .objects_sent = 1,
        .objects_held = 2,
        .set_count = 3,
        .sets = sets,
        .category_count = 2,
        .categories = {{"stream", 1200, 0, NULL, 0},
                       {"malware", 300, 4500, "VERDICT_MALICIOUS", 61}},
    };
}

static const struct slu_status_set known_sets[] = {
    {"us-east-1", "guard_duty/threat-ip-1.txt", "id-1", "active", false},
    {"us-east-1", "guard_duty/threat-entity-1.txt", "id-2", "active", true},
    {"ap-southeast-1", "guard_duty/threat-ip-1.txt", "id-3", "error", true},
    {"ap-southeast-1", "guard_duty/threat-entity-1.txt", "id-4", "old", true},
    {"eu-west-1", "guard_duty/threat-ip-1.txt", "id-5", "pending", false},
};

Test(report_sets, text_names_what_changed_and_counts_the_rest)
{
    struct slu_report report = make_report();

    slu_cli_publication_text(out.file, &report);
    expect("Published to s3://b/p/: 1 object sent, 2 held back\n");
    expect("us-east-1      gti-threat-ip-1");
    expect("active (new)\n");
    expect("eu-west-1      guard_duty/threat-ip-1.txt");
    expect("    the region has six sets");
    expect("  and 1 set active and unchanged\n");
    expect_80_columns();
}

Test(report_sets, text_says_nothing_without_a_bucket)
{
    struct slu_report report = make_report();

    report.bucket = NULL;
    slu_cli_publication_text(out.file, &report);
    cr_assert_str_eq(text_file_read(&out), "");
}

Test(report_sets, text_tells_the_cut_of_each_category)
{
    struct slu_report report = make_report();

    slu_cli_categories_text(out.file, &report);
    expect("Over capacity, by category\n");
    expect("  malware                                300     4,500  61 "
           "VERDICT_MALICIOUS\n");
    expect("  stream                               1,200         0\n");
    expect_80_columns();
}

Test(report_sets, text_says_nothing_of_categories_that_fit)
{
    struct slu_report report = make_report();

    report.categories[1].exceeded = 0;
    slu_cli_categories_text(out.file, &report);
    cr_assert_str_eq(text_file_read(&out), "");
}

Test(report_sets, json_has_every_set_and_category)
{
    struct slu_report report = make_report();

    slu_cli_categories_json(out.file, &report);
    slu_cli_publication_json(out.file, &report);
    expect(",\"categories\":[{\"name\":\"stream\",\"listed\":1200,"
           "\"exceeded\":0},{\"name\":\"malware\",\"listed\":300,"
           "\"exceeded\":4500,\"cut_verdict\":\"VERDICT_MALICIOUS\","
           "\"cut_score\":61}]");
    expect(",\"bucket\":\"s3://b/p/\",\"objects_sent\":1,\"objects_held\":2,"
           "\"sets\":[{\"region\":\"us-east-1\"");
    expect("\"status\":\"limit\",\"created\":false,\"activated\":false,"
           "\"detail\":\"the region has six");
    expect("}]");
}

Test(report_sets, json_has_no_bucket_where_there_is_none)
{
    struct slu_report report = {0};

    slu_cli_publication_json(out.file, &report);
    cr_assert_str_eq(text_file_read(&out),
                     ",\"bucket\":null,\"objects_sent\":0,\"objects_held\":0,"
                     "\"sets\":[]");
}

/* ---- status ---- */

Test(report_sets, status_shows_what_each_set_was_left_as)
{
    struct slu_status status = {
        .object_count = 18, .set_count = 5, .sets = known_sets};

    slu_cli_published_text(out.file, &status);
    expect("\nPublished, as the last sync left it\n"
           "  objects of the bucket known                     18\n"
           "  us-east-1      guard_duty/threat-ip-1.txt             active\n"
           "  us-east-1      guard_duty/threat-entity-1.txt         active; "
           "newer refused\n"
           "  ap-southeast-1 guard_duty/threat-ip-1.txt             refused\n"
           "  ap-southeast-1 guard_duty/threat-entity-1.txt         older; "
           "newer refused\n"
           "  eu-west-1      guard_duty/threat-ip-1.txt             pending\n");
    for (const char *line = out.text; line != NULL;) {
        const char *end = strchr(line, '\n');

        cr_assert(end == NULL || end - line <= 80, "%.90s", line);
        line = end == NULL ? NULL : end + 1;
    }
}

Test(report_sets, status_says_that_no_object_is_known)
{
    struct slu_status status = {.set_count = 1, .sets = known_sets};

    slu_cli_published_text(out.file, &status);
    expect("no object of the bucket is known");
}

Test(report_sets, status_without_a_bucket_says_nothing_of_one)
{
    struct slu_status status = {0};

    slu_cli_published_text(out.file, &status);
    cr_assert_str_eq(text_file_read(&out), "");
}

Test(report_sets, status_tells_programs_the_same)
{
    struct slu_status status = {
        .object_count = 2, .set_count = 2, .sets = known_sets};

    slu_cli_published_json(out.file, &status);
    expect(",\"objects_known\":2,\"sets\":["
           "{\"region\":\"us-east-1\","
           "\"path\":\"guard_duty/threat-ip-1.txt\",\"id\":\"id-1\","
           "\"status\":\"active\",\"refused\":false},"
           "{\"region\":\"us-east-1\","
           "\"path\":\"guard_duty/threat-entity-1.txt\",\"id\":\"id-2\","
           "\"status\":\"active\",\"refused\":true}]");
}
