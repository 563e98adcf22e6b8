/* SPDX-License-Identifier: Apache-2.0 */
#include "codecs/finding_text.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

static struct slu_finding_text *texts;
static struct slu_finding finding;
static struct slu_finding_indicator indicator;
static struct slu_view tag_names[] = {
    SLU_VIEW_LITERAL("web"), SLU_VIEW_LITERAL("prod"),
    SLU_VIEW_LITERAL("web"), SLU_VIEW_LITERAL("private"),
    SLU_VIEW_LITERAL("pro"),
};
static struct slu_view sources[] = {
    SLU_VIEW_LITERAL("Bitdefender"),
    SLU_VIEW_LITERAL("Amazon"),
};

static void set_up(void)
{
    texts = slu_finding_text_new(slu_alloc_default(), 1000);
    finding = (struct slu_finding){
        .arn = slu_view_str("arn:1"),
        .type = slu_view_str("Recon:EC2/Portscan"),
        .description = slu_view_str("It scans."),
        .instance_tags = tag_names,
        .instance_tag_count = 5,
        .scan_sources = sources,
        .scan_source_count = 2,
        .trigger_finding_id = slu_view_str("trig"),
        .serial = 1,
    };
    indicator = (struct slu_finding_indicator){
        .value = slu_view_str("v"),
        .rule = SLU_FINDING_RULE_OTHER,
        .file_name = slu_view_str("a.so"),
        .file_path = slu_view_str("/lib/a.so"),
    };
}

static void tear_down(void)
{
    slu_finding_text_free(texts);
}

TestSuite(finding_text, .init = set_up, .fini = tear_down);

static void expect_tags(enum slu_finding_rule rule, const char *expected)
{
    struct slu_finding_tags tags;
    char got[1000] = "";

    indicator.rule = rule;
    cr_assert_eq(slu_finding_text_tags(texts, &finding, &indicator, &tags),
                 SLU_ERR_OK);
    for (unsigned i = 0; i < tags.count; i++) {
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%.*s;",
                       SLU_VIEW_ARGS(tags.items[i]));
    }
    cr_assert_str_eq(got, expected);
}

static void expect_comments(const char *expected)
{
    struct slu_view comments;

    cr_assert_eq(
        slu_finding_text_comments(texts, &finding, &indicator, &comments),
        SLU_ERR_OK);
    cr_assert(slu_view_equal_str(comments, expected), "%.*s",
              SLU_VIEW_ARGS(comments));
}

/* Another finding at the same address, as a reader's next read leaves it. */
static void renew(void)
{
    finding.serial++;
}

Test(finding_text, tags_are_prefixed_sorted_and_each_once)
{
    expect_tags(SLU_FINDING_RULE_OTHER,
                "GuardDuty-private;GuardDuty-pro;GuardDuty-prod;"
                "GuardDuty-web;");
    finding.has_private = true;
    finding.has_public = true;
    renew();
    expect_tags(SLU_FINDING_RULE_OTHER,
                "GuardDuty-private;GuardDuty-pro;GuardDuty-prod;"
                "GuardDuty-public;GuardDuty-web;");
}

Test(finding_text, tags_of_nothing_are_none)
{
    finding.instance_tag_count = 0;
    finding.scan_source_count = 0;
    expect_tags(SLU_FINDING_RULE_OTHER, "");
    expect_tags(SLU_FINDING_RULE_SCAN, "");
}

Test(finding_text, blocked_is_a_tag_of_its_own_action_only)
{
    finding.instance_tag_count = 0;
    finding.blocked = 1u << SLU_FINDING_RULE_NETWORK;
    expect_tags(SLU_FINDING_RULE_NETWORK,
                "GuardDuty-NetworkConnectionAction:Blocked;");
    expect_tags(SLU_FINDING_RULE_PROBE, "");
    finding.blocked = 1u << SLU_FINDING_RULE_PROBE;
    renew();
    expect_tags(SLU_FINDING_RULE_PROBE, "GuardDuty-PortProbeAction:Blocked;");
    expect_tags(SLU_FINDING_RULE_DNS, "");
    finding.blocked = 1u << SLU_FINDING_RULE_DNS;
    renew();
    expect_tags(SLU_FINDING_RULE_DNS, "GuardDuty-DnsRequestAction:Blocked;");
    expect_tags(SLU_FINDING_RULE_OTHER, "");
    expect_tags(SLU_FINDING_RULE_NETWORK, "");
}

Test(finding_text, tags_of_a_scan_are_its_sources)
{
    finding.has_private = true;
    finding.blocked = ~0u;
    expect_tags(SLU_FINDING_RULE_SCAN,
                "GuardDuty-Amazon;GuardDuty-Bitdefender;GuardDuty-private;");
}

Test(finding_text, kept_tags_are_made_anew_for_another_finding)
{
    expect_tags(SLU_FINDING_RULE_OTHER,
                "GuardDuty-private;GuardDuty-pro;GuardDuty-prod;"
                "GuardDuty-web;");
    finding.instance_tag_count = 1;
    renew();
    expect_tags(SLU_FINDING_RULE_OTHER, "GuardDuty-web;");
    expect_tags(SLU_FINDING_RULE_OTHER, "GuardDuty-web;");
}

Test(finding_text, most_tags_that_a_finding_may_have_have_room)
{
    static char names[SLU_FINDING_TAGS_MAX][8];
    static struct slu_view views[SLU_FINDING_TAGS_MAX];
    struct slu_finding_tags tags;

    for (unsigned i = 0; i < SLU_FINDING_TAGS_MAX; i++) {
        (void)snprintf(names[i], 8, "t%04u", SLU_FINDING_TAGS_MAX - i);
        views[i] = slu_view_str(names[i]);
    }
    finding.instance_tags = views;
    finding.instance_tag_count = SLU_FINDING_TAGS_MAX;
    finding.has_private = true;
    finding.has_public = true;
    finding.blocked = 1u << SLU_FINDING_RULE_DNS;
    indicator.rule = SLU_FINDING_RULE_DNS;
    cr_assert_eq(slu_finding_text_tags(texts, &finding, &indicator, &tags),
                 SLU_ERR_OK);
    cr_assert_eq(tags.count, SLU_FINDING_TAGS_MAX + 3);
    cr_assert(slu_view_equal_str(tags.items[3], "GuardDuty-t0001"));
}

Test(finding_text, comments_of_a_finding)
{
    expect_comments("Finding ARN: arn:1, Finding Type: Recon:EC2/Portscan, "
                    "Description: It scans.");
    finding = (struct slu_finding){.serial = 2};
    expect_comments(
        "Finding ARN: Not Found, Finding Type: Not Found, Description: None");
    finding.arn = slu_view_str("");
    renew();
    expect_comments("Finding ARN: , Finding Type: Not Found, "
                    "Description: None");
}

Test(finding_text, comments_of_a_scanned_file)
{
    indicator.rule = SLU_FINDING_RULE_SCAN;
    expect_comments("Finding Arn: arn:1, TriggerFindingId: trig, Name: a.so, "
                    "Filepath: /lib/a.so, Description: It scans.");
    indicator.file_name = slu_view_make(NULL, 0);
    expect_comments("Finding Arn: arn:1, TriggerFindingId: trig, Name: Not "
                    "Found, Filepath: /lib/a.so, Description: It scans.");
    finding = (struct slu_finding){.serial = 2};
    indicator.file_path = slu_view_make(NULL, 0);
    expect_comments(
        "Finding Arn: Not Found, TriggerFindingId: Not Found, Name: Not "
        "Found, Filepath: Not Found, Description: Not Found");
}

Test(finding_text, comments_of_the_finding_come_back_after_a_file_s)
{
    expect_comments("Finding ARN: arn:1, Finding Type: Recon:EC2/Portscan, "
                    "Description: It scans.");
    indicator.rule = SLU_FINDING_RULE_SCAN;
    expect_comments("Finding Arn: arn:1, TriggerFindingId: trig, Name: a.so, "
                    "Filepath: /lib/a.so, Description: It scans.");
    indicator.rule = SLU_FINDING_RULE_DNS;
    expect_comments("Finding ARN: arn:1, Finding Type: Recon:EC2/Portscan, "
                    "Description: It scans.");
}

static void expect_severity(double severity, const char *expected)
{
    finding.has_severity = true;
    finding.severity = severity;
    cr_assert_str_eq(slu_finding_text_severity(&finding, &indicator), expected,
                     "%g", severity);
}

Test(finding_text, severity_by_number_ends_in_critical_at_ten)
{
    expect_severity(-1, "unknown");
    expect_severity(0.99, "unknown");
    expect_severity(1, "low");
    expect_severity(3.9, "low");
    expect_severity(4, "medium");
    expect_severity(6.99, "medium");
    expect_severity(7, "high");
    expect_severity(8.9, "high");
    expect_severity(9, "critical");
    expect_severity(9.99, "critical");
    expect_severity(10, "critical");
    expect_severity(10.01, "unknown");
    finding.has_severity = false;
    cr_assert_str_eq(slu_finding_text_severity(&finding, &indicator),
                     "unknown");
}

Test(finding_text, severity_ten_is_unknown_to_the_plugin)
{
    finding.compat_netskope = true;
    expect_severity(10, "unknown");
    expect_severity(9.99, "critical");
}

Test(finding_text, severity_of_a_scan_is_its_word)
{
    static const char *const words[][2] = {
        {"HIGH", "high"},
        {"Low", "low"},
        {"medium", "medium"},
        {"CRITICAL", "critical"},
        {"Unknown", "unknown"},
        {"severe", "unknown"},
        {"hig", "unknown"},
        {"highh", "unknown"},
        {"", "unknown"},
        {"\x0c"
         "ow",
         "unknown"},
    };

    indicator.rule = SLU_FINDING_RULE_SCAN;
    finding.has_severity = true;
    finding.severity = 8;
    cr_assert_str_eq(slu_finding_text_severity(&finding, &indicator),
                     "unknown");
    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        finding.scan_severity = slu_view_str(words[i][0]);
        cr_assert_str_eq(slu_finding_text_severity(&finding, &indicator),
                         words[i][1]);
    }
}

Test(finding_text, cloud_exchange_knows_two_types)
{
    cr_assert_str_eq(slu_finding_text_ce_type(SLU_ROW_SHA256), "sha256");
    cr_assert_str_eq(slu_finding_text_ce_type(SLU_ROW_IPV4), "url");
    cr_assert_str_eq(slu_finding_text_ce_type(SLU_ROW_IPV6), "url");
    cr_assert_str_eq(slu_finding_text_ce_type(SLU_ROW_DOMAIN), "url");
    cr_assert_eq(SLU_FINDING_REPUTATION, 5);
}

Test(finding_text, over_its_limit_is_told_and_leaves_nothing_kept)
{
    static char longest[40000];
    struct slu_finding_tags tags;
    struct slu_view comments;

    memset(longest, 'x', sizeof(longest));
    finding.description = slu_view_make(longest, sizeof(longest));
    cr_assert_eq(
        slu_finding_text_comments(texts, &finding, &indicator, &comments),
        SLU_ERR_LIMIT);
    cr_assert_eq(comments.len, 0);
    finding.instance_tags = &finding.description;
    finding.instance_tag_count = 1;
    for (unsigned i = 0; i < 2; i++) {
        cr_assert_eq(slu_finding_text_tags(texts, &finding, &indicator, &tags),
                     SLU_ERR_LIMIT);
        cr_assert_eq(tags.count, 0);
    }
}

Test(finding_text, survives_the_failure_of_every_allocation)
{
    static const char *want = "GuardDuty-private;GuardDuty-pro;GuardDuty-prod;"
                              "GuardDuty-web;";
    enum slu_err err = SLU_ERR_NOMEM;
    unsigned n = 0;

    while (err == SLU_ERR_NOMEM) {
        struct failing_alloc failing;
        struct slu_finding_tags tags;
        struct slu_view comments;

        slu_finding_text_free(texts);
        failing_alloc_init(&failing, ++n);
        texts = slu_finding_text_new(&failing.alloc, 1000);
        if (texts != NULL) {
            err = slu_finding_text_tags(texts, &finding, &indicator, &tags);
            if (err == SLU_ERR_OK) {
                err = slu_finding_text_comments(texts, &finding, &indicator,
                                                &comments);
            }
            failing.fail_at = 0;
            expect_tags(SLU_FINDING_RULE_OTHER, want);
        }
        cr_assert(err == SLU_ERR_OK || err == SLU_ERR_NOMEM);
        slu_finding_text_free(texts);
        texts = NULL;
        cr_assert_eq(failing.live, 0);
    }
    cr_assert_geq(n, 4);
}

Test(finding_text, siblings_share_what_was_made_once)
{
    struct slu_finding_tags first;
    struct slu_finding_tags second;

    indicator.rule = SLU_FINDING_RULE_PROBE;
    cr_assert_eq(slu_finding_text_tags(texts, &finding, &indicator, &first),
                 SLU_ERR_OK);
    /* What isn't read again can't be seen to have changed. */
    finding.instance_tag_count = 0;
    indicator.index++;
    cr_assert_eq(slu_finding_text_tags(texts, &finding, &indicator, &second),
                 SLU_ERR_OK);
    cr_assert_eq(first.count, 4);
    cr_assert_eq(second.count, 4);
    cr_assert_eq(first.items, second.items);
    cr_assert_eq(first.items[0].ptr, second.items[0].ptr);
}

Test(finding_text, steady_state_allocates_nothing)
{
    struct failing_alloc counting;
    struct slu_finding_tags tags;
    struct slu_view comments;
    unsigned calls = 0;

    slu_finding_text_free(texts);
    failing_alloc_init(&counting, 0);
    texts = slu_finding_text_new(&counting.alloc, 1000);
    for (unsigned i = 0; i < 100; i++) {
        renew();
        indicator.rule = (enum slu_finding_rule)(i % 5);
        cr_assert_eq(slu_finding_text_tags(texts, &finding, &indicator, &tags),
                     SLU_ERR_OK);
        cr_assert_eq(
            slu_finding_text_comments(texts, &finding, &indicator, &comments),
            SLU_ERR_OK);
        calls = i == 9 ? counting.calls : calls;
    }
    cr_assert_eq(counting.calls, calls);
    slu_finding_text_free(texts);
    texts = NULL;
    cr_assert_eq(counting.live, 0);
}
