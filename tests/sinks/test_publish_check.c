/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/check_world.h"
#include "support/failing_alloc.h"

#include <criterion/criterion.h>
#include <stdio.h>

#define USER "arn:aws:iam::" WORLD_ACCOUNT ":user/u"
#define ROLE                                                                   \
    "arn:aws:iam::" WORLD_ACCOUNT ":role/aws-service-role/"                    \
    "guardduty.amazonaws.com/AWSServiceRoleForAmazonGuardDuty"
#define DETECTOR "arn:aws:guardduty:us-east-1:" WORLD_ACCOUNT ":detector/D1"

static struct check_world world;
static struct slu_error error;

static struct slu_publish_check_options options_of(void)
{
    return check_world_options(&world, slu_alloc_default());
}

static void start(void)
{
    world = (struct check_world){.regions = {{.name = "us-east-1"}}};
}

static enum slu_err run(void)
{
    struct slu_publish_check_options options = options_of();

    return check_world_run(&world, &options, &error);
}

static unsigned count_lines(const char *kind)
{
    unsigned count = 0;

    for (const char *at = world.lines; (at = strstr(at, kind)) != NULL; at++) {
        count += at == world.lines || at[-1] == '\n';
    }
    return count;
}

static void expect_line(const char *line)
{
    const char *at = strstr(world.lines, line);

    cr_assert(at != NULL && (at == world.lines || at[-1] == '\n') &&
                  at[strlen(line)] == '\n',
              "not told: %s\nbut:\n%s", line, world.lines);
}

/* ---- what is permitted ---- */

Test(publish_check, tells_what_is_permitted_in_one_order)
{
    static const char wanted[] =
        "OK signed in to AWS as " USER "\n"
        "OK s3://b/p/: s3:ListBucket, s3:GetObject and s3:PutObject are "
        "permitted on all 7 objects\n"
        "OK us-east-1: detector D1, 0 threat intel set(s), 0 threat entity "
        "set(s), 0 of them of these lists; they may be listed and read\n"
        "OK guardduty:CreateThreatIntelSet: permitted, as IAM simulates it\n"
        "OK guardduty:UpdateThreatIntelSet: permitted, as IAM simulates it\n"
        "OK guardduty:GetThreatIntelSet: permitted, as IAM simulates it\n"
        "OK guardduty:CreateThreatEntitySet: permitted, as IAM simulates it\n"
        "OK guardduty:UpdateThreatEntitySet: permitted, as IAM simulates it\n"
        "OK guardduty:GetThreatEntitySet: permitted, as IAM simulates it\n"
        "OK iam:PutRolePolicy, iam:DeleteRolePolicy: permitted, as IAM "
        "simulates it\n";

    for (size_t piece = 0; piece < 4; piece++) {
        start();
        world.piece = piece;
        world.backwards = piece % 2 == 1;
        world.has_objects = piece > 1;
        cr_assert_eq(run(), SLU_ERR_OK, "%s", world.lines);
        cr_assert_str_eq(world.lines, wanted);
        cr_assert_str_eq(error.text, "");
        cr_assert_eq(world.retries, 0);
        cr_assert_not(world.wrote);
    }
}

Test(publish_check, asks_what_it_can_try_and_nothing_that_changes)
{
    start();
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_not_null(strstr(world.requests, "s3  HEAD /\n"));
    cr_assert_not_null(strstr(world.requests, "s3  GET /p/cp.json\n"));
    cr_assert_not_null(strstr(world.requests, "s3  PUT /p/gd/ip-1.txt\n"));
    cr_assert_not_null(
        strstr(world.requests, "s3  PUT /p/odd%20name%2B.txt\n"));
    cr_assert_not_null(strstr(world.requests, "s3  PUT /p/cp.json\n"));
    cr_assert_null(strstr(world.requests, "guardduty us-east-1 POST"));
    /* Identity; the bucket's two and seven objects; detectors and two lists;
     * seven questions to IAM. */
    cr_assert_eq(world.request_count, 1 + 9 + 3 + 7, "%s", world.requests);
}

Test(publish_check, without_the_sink_guardduty_only_the_bucket_is_checked)
{
    struct slu_publish_check_options options;

    start();
    options = options_of();
    options.sets = false;
    cr_assert_eq(check_world_run(&world, &options, &error), SLU_ERR_OK);
    cr_assert_null(strstr(world.requests, "guardduty"));
    cr_assert_null(strstr(world.requests, "iam"));
    cr_assert_eq(world.request_count, 10, "%s", world.requests);
}

/* ---- what is missing ---- */

static void expect_one_missing(const char *action, const char *line)
{
    start();
    world.deny = action;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE, "%s", action);
    cr_assert_eq(count_lines("FAIL "), 1, "%s: %s", action, world.lines);
    expect_line(line);
    cr_assert_str_eq(error.text, line + strlen("FAIL "));
}

#define WORDS(action) USER " is not authorized to perform: " action

Test(publish_check, names_the_one_permission_of_the_bucket_that_is_missing)
{
    expect_one_missing("s3:ListBucket",
                       "FAIL missing: s3:ListBucket on arn:aws:s3:::b, without "
                       "which an object that isn't there looks like one that "
                       "may not be read");
    expect_one_missing(
        "s3:PutObject",
        "FAIL missing: s3:PutObject on arn:aws:s3:::b/p/gd/ip-1.txt and 6 more "
        "object(s), needed to publish: User: " WORDS("s3:PutObject"));
    expect_one_missing(
        "s3:GetObject",
        "FAIL missing: s3:GetObject on arn:aws:s3:::b/p/cp.json and 7 more "
        "object(s), needed to take lists over and for conditional writes: "
        "User: " WORDS("s3:GetObject"));
    /* Putting could not be tried then, and IAM was asked. */
    expect_line("OK s3:PutObject: permitted, as IAM simulates it");
}

Test(publish_check, names_the_one_permission_of_guardduty_that_is_missing)
{
    expect_one_missing("guardduty:ListDetectors",
                       "FAIL missing: guardduty:ListDetectors on "
                       "arn:aws:guardduty:us-east-1:" WORLD_ACCOUNT
                       ":*, needed "
                       "to find the sets of the lists: not detectors");
    expect_one_missing(
        "guardduty:ListThreatIntelSets",
        "FAIL missing: guardduty:ListThreatIntelSets on " DETECTOR
        ", needed to find the sets of the lists: "
        "guardduty:ListThreatIntelSets");
    expect_one_missing(
        "guardduty:ListThreatEntitySets",
        "FAIL missing: guardduty:ListThreatEntitySets on " DETECTOR
        ", needed to find the sets of the lists: "
        "guardduty:ListThreatEntitySets");
}

Test(publish_check, names_the_one_permission_that_only_iam_can_tell)
{
#define DENIED ": a policy denies it"
    expect_one_missing(
        "guardduty:CreateThreatIntelSet",
        "FAIL missing: guardduty:CreateThreatIntelSet on " DETECTOR
        ", needed to register an IP list" DENIED);
    expect_one_missing(
        "guardduty:UpdateThreatIntelSet",
        "FAIL missing: guardduty:UpdateThreatIntelSet on " DETECTOR
        "/threatintelset/*, needed to activate an IP "
        "list" DENIED);
    expect_one_missing("guardduty:GetThreatIntelSet",
                       "FAIL missing: guardduty:GetThreatIntelSet on " DETECTOR
                       "/threatintelset/*, needed to see whether an IP list is "
                       "active" DENIED);
    expect_one_missing(
        "guardduty:CreateThreatEntitySet",
        "FAIL missing: guardduty:CreateThreatEntitySet on " DETECTOR
        ", needed to register a domain list" DENIED);
    expect_one_missing(
        "guardduty:UpdateThreatEntitySet",
        "FAIL missing: guardduty:UpdateThreatEntitySet on " DETECTOR
        "/threatentityset/*, needed to activate a "
        "domain list" DENIED);
    expect_one_missing("guardduty:GetThreatEntitySet",
                       "FAIL missing: guardduty:GetThreatEntitySet on " DETECTOR
                       "/threatentityset/*, needed to see whether a "
                       "domain list is active" DENIED);
    expect_one_missing("iam:PutRolePolicy",
                       "FAIL missing: iam:PutRolePolicy on " ROLE
                       ", needed by GuardDuty to read an IP list" DENIED);
    expect_one_missing("iam:DeleteRolePolicy",
                       "FAIL missing: iam:DeleteRolePolicy on " ROLE
                       ", needed by GuardDuty to read an IP list" DENIED);
}

Test(publish_check, an_action_that_no_policy_allows_is_missing_too)
{
    start();
    world.deny = "iam:PutRolePolicy";
    world.implicit = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: iam:PutRolePolicy on " ROLE
                ", needed by GuardDuty to read an IP list: no policy of the "
                "user or role allows it");
}

Test(publish_check, names_the_object_that_may_not_be_put)
{
    start();
    world.deny = "s3:PutObject";
    world.deny_key = "cp.json";
    world.wordless = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: s3:PutObject on arn:aws:s3:::b/p/cp.json, "
                "needed to publish: Access Denied");
    cr_assert_eq(count_lines("FAIL "), 1);
}

Test(publish_check, names_the_key_that_may_not_be_used)
{
    start();
    world.has_objects = true;
    world.locked = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: kms:Decrypt on arn:aws:s3:::b/p/cp.json, needed "
                "to take lists over and for conditional writes: User: " WORDS(
                    "kms:Decrypt on resource: key/1"));
    cr_assert_eq(count_lines("FAIL "), 1);
}

Test(publish_check, who_may_not_list_may_yet_put_and_get)
{
    for (unsigned i = 0; i < 4; i++) {
        start();
        world.deny = "s3:ListBucket";
        world.wordless = i % 2 == 1;
        world.has_objects = i > 1;
        cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
        cr_assert_eq(count_lines("FAIL "), 1, "%s", world.lines);
        cr_assert_eq(strstr(world.lines, "s3:PutObject: permitted") != NULL,
                     !world.has_objects);
        cr_assert_eq(strstr(world.lines, "s3:GetObject: permitted") != NULL,
                     !world.has_objects);
        cr_assert_eq(count_lines("WARN "), !world.has_objects);
    }
}

Test(publish_check, a_put_that_may_fail_for_its_condition_is_asked_of_iam)
{
    start();
    world.deny = "s3:GetObject";
    world.wordless = true;
    world.backwards = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: s3:GetObject on arn:aws:s3:::b/p/cp.json, "
                "needed to take lists over and for conditional writes: "
                "Access Denied");
    expect_line("OK s3:PutObject: permitted, as IAM simulates it");
    cr_assert_eq(count_lines("FAIL "), 1);
}

Test(publish_check, everything_refused_is_the_sign_ins_fault)
{
    start();
    world.deny_all = true;
    cr_assert_eq(run(), SLU_ERR_AUTH);
    cr_assert_gt(count_lines("FAIL "), 3);
    expect_line("OK signed in to AWS as " USER);
    expect_line(
        "WARN not proved: guardduty:CreateThreatIntelSet, "
        "guardduty:UpdateThreatIntelSet, guardduty:GetThreatIntelSet, "
        "guardduty:CreateThreatEntitySet, guardduty:UpdateThreatEntitySet, "
        "guardduty:GetThreatEntitySet, iam:PutRolePolicy, "
        "iam:DeleteRolePolicy: iam:SimulatePrincipalPolicy is not permitted; "
        "grant it on " USER ", and check proves them");
}

/* ---- what can't be proved ---- */

static void expect_unproved(const char *why)
{
    char line[700];

    cr_assert_eq(run(), SLU_ERR_OK, "%s", world.lines);
    (void)snprintf(
        line, sizeof(line),
        "WARN not proved: guardduty:CreateThreatIntelSet, "
        "guardduty:UpdateThreatIntelSet, guardduty:GetThreatIntelSet, "
        "guardduty:CreateThreatEntitySet, guardduty:UpdateThreatEntitySet, "
        "guardduty:GetThreatEntitySet, iam:PutRolePolicy, "
        "iam:DeleteRolePolicy: %s",
        why);
    expect_line(line);
    cr_assert_eq(count_lines("FAIL "), 0);
}

Test(publish_check, lists_what_is_not_proved_where_iam_may_not_be_asked)
{
    start();
    world.deny = "iam:SimulatePrincipalPolicy";
    expect_unproved(
        "iam:SimulatePrincipalPolicy is not permitted; grant it on " USER
        ", and check proves them");
    start();
    world.arn = "arn:aws:iam::" WORLD_ACCOUNT ":root";
    expect_unproved("IAM simulates no root user");
    cr_assert_null(strstr(world.requests, "iam"));
    start();
    world.arn = "arn:aws:sts::" WORLD_ACCOUNT ":federated-user/f";
    expect_unproved("IAM simulates users and roles only");
    start();
    world.iam_error = "InvalidInput";
    expect_unproved("iam:SimulatePrincipalPolicy of "
                    "guardduty:CreateThreatIntelSet: HTTP 404 InvalidInput: "
                    "no");
}

Test(publish_check, a_session_asks_for_its_role)
{
    start();
    world.arn = "arn:aws:sts::" WORLD_ACCOUNT ":assumed-role/r/s";
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("OK signed in to AWS as arn:aws:sts::" WORLD_ACCOUNT
                ":assumed-role/r/s");
    cr_assert_eq(count_lines("WARN "), 0);
    start();
    world.arn = "arn:aws:sts::" WORLD_ACCOUNT ":assumed-role/r/s";
    world.iam_error = "NoSuchEntity";
    expect_unproved("IAM doesn't find arn:aws:iam::" WORLD_ACCOUNT
                    ":role/r: the role's ARN has a path, which its session "
                    "doesn't tell");
}

Test(publish_check, what_hangs_on_a_condition_is_not_called_missing)
{
    start();
    world.deny = "iam:PutRolePolicy";
    world.needs = "aws:SourceVpce";
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("WARN not proved: iam:PutRolePolicy on " ROLE
                ": it hangs on the condition aws:SourceVpce");
    cr_assert_null(strstr(world.lines, "OK iam:PutRolePolicy"));
}

Test(publish_check, what_iam_does_not_tell_is_not_called_permitted)
{
    start();
    world.iam_mute = true;
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("WARN not proved: iam:PutRolePolicy on " ROLE
                ": IAM's simulation doesn't tell");
    cr_assert_null(strstr(world.lines, "as IAM simulates it"));
}

Test(publish_check, reads_every_page_of_a_simulation)
{
    start();
    world.iam_page = 1;
    world.deny = "iam:DeleteRolePolicy";
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: iam:DeleteRolePolicy on " ROLE
                ", needed by GuardDuty to read an IP list: a policy denies it");
    cr_assert_eq(count_lines("FAIL "), 1);
    cr_assert_eq(count_lines("WARN "), 0);
}

static unsigned count_requests(const char *line)
{
    unsigned count = 0;

    for (const char *at = world.requests; (at = strstr(at, line)) != NULL;
         at++) {
        count++;
    }
    return count;
}

Test(publish_check, tells_iam_the_region_that_policies_may_look_at)
{
    start();
    world.regions[0].name = "eu-west-1";
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_eq(count_requests("iam us-east-1 POST / for eu-west-1\n"), 6);
    cr_assert_eq(count_requests("iam us-east-1 POST / for us-east-1\n"), 1);
    world.regions[1].name = "eu-west-3";
    cr_assert_eq(run(), SLU_ERR_OK);
    cr_assert_eq(count_requests("iam us-east-1 POST /\n"), 6);
    cr_assert_eq(count_requests("iam us-east-1 POST / for us-east-1\n"), 1);
}

/* ---- keys ---- */

static enum slu_err run_with_key(const char *key)
{
    struct slu_publish_check_options options = options_of();
    struct slu_bucket_config with_key = *options.publish.bucket;

    with_key.kms_key_id = key;
    options.publish.bucket = &with_key;
    return check_world_run(&world, &options, &error);
}

Test(publish_check, a_key_is_asked_of_iam)
{
#define KEY "arn:aws:kms:us-east-1:" WORLD_ACCOUNT ":key/k-1"
    start();
    cr_assert_eq(run_with_key("k-1"), SLU_ERR_OK);
    expect_line("OK kms:GenerateDataKey, kms:Decrypt: permitted, as IAM "
                "simulates it");
    world.deny = "kms:GenerateDataKey";
    cr_assert_eq(run_with_key(KEY), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: kms:GenerateDataKey on " KEY
                ", needed to encrypt the objects: a policy denies it");
    cr_assert_eq(count_lines("FAIL "), 1);
}

Test(publish_check, a_key_that_its_own_policy_may_open_is_not_called_missing)
{
    start();
    world.deny = "kms:Decrypt";
    world.implicit = true;
    cr_assert_eq(run_with_key("k-1"), SLU_ERR_OK);
    expect_line("WARN not proved: kms:Decrypt on " KEY
                ": no policy of the user or role allows it; the resource's own "
                "policy may");
    cr_assert_eq(run_with_key("alias/mine"), SLU_ERR_OK);
    expect_line("WARN not proved: kms:GenerateDataKey and kms:Decrypt on "
                "alias/mine, for an alias doesn't tell its key; give the key's "
                "ARN");
    cr_assert_eq(run_with_key("aws/s3"), SLU_ERR_OK);
    cr_assert_null(strstr(world.lines, "kms"));
}

/* ---- the bucket ---- */

Test(publish_check, a_bucket_that_is_not_there_is_told_once)
{
    start();
    world.no_bucket = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL the bucket b does not exist; make it, or set "
                "lists.bucket to one that does");
    cr_assert_null(strstr(world.requests, "PUT"));
    cr_assert_eq(count_lines("FAIL "), 1);
    /* The rest was checked all the same. */
    expect_line("OK iam:PutRolePolicy, iam:DeleteRolePolicy: permitted, as IAM "
                "simulates it");
}

Test(publish_check, follows_the_bucket_into_its_region)
{
    start();
    world.bucket_region = "eu-west-3";
    cr_assert_eq(run(), SLU_ERR_OK, "%s", world.lines);
    cr_assert_not_null(strstr(world.requests, "s3 eu-west-3 HEAD /\n"));
    cr_assert_not_null(strstr(world.requests, "s3 eu-west-3 PUT /p/cp.json\n"));
    cr_assert_null(strstr(world.requests, "s3  PUT"));
}

Test(publish_check, tells_a_server_that_ignores_conditions)
{
    start();
    world.ignores_conditions = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL a trial PUT of s3://b/p/gd/ip-1.txt was done although "
                "its If-Match can't be true: the service behind this bucket "
                "ignores conditions, so two writers could undo each other; the "
                "object now holds one line break and is to be restored");
    cr_assert_null(strstr(world.requests, "PUT /p/gd/ip-2.txt"));
}

Test(publish_check, sends_the_owner_that_is_expected)
{
    struct slu_publish_check_options options;
    struct slu_bucket_config owned;

    start();
    options = options_of();
    owned = *options.publish.bucket;
    owned.owner = WORLD_ACCOUNT;
    options.publish.bucket = &owned;
    cr_assert_eq(check_world_run(&world, &options, &error), SLU_ERR_OK);
    cr_assert_not_null(strstr(world.requests, "HEAD / owner\n"));
    cr_assert_not_null(strstr(world.requests, "PUT /p/cp.json owner\n"));
    world.deny_all = true;
    cr_assert_eq(check_world_run(&world, &options, &error), SLU_ERR_AUTH);
    expect_line(
        "WARN s3 refuses everything, as it does when the bucket b "
        "belongs to another account than the configured owner " WORLD_ACCOUNT);
}

/* ---- regions ---- */

static void add_sets(struct check_world_set *sets, unsigned count)
{
    static char texts[WORLD_SETS_MAX][3][60];

    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(texts[i][0], 60, "s%u", i);
        (void)snprintf(texts[i][1], 60, "other-%u", i);
        (void)snprintf(texts[i][2], 60, "s3://elsewhere/%u", i);
        sets[i] =
            (struct check_world_set){texts[i][0], texts[i][1], texts[i][2]};
    }
}

Test(publish_check, tells_how_many_lists_can_have_no_set)
{
    start();
    add_sets(world.regions[0].sets[SLU_KIND_IP], 5);
    add_sets(world.regions[0].sets[SLU_KIND_DOMAIN], 4);
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("OK us-east-1: detector D1, 5 threat intel set(s), 4 threat "
                "entity set(s), 0 of them of these lists; they may be listed "
                "and read");
    expect_line("WARN us-east-1: 1 of 2 IP lists can have no set: GuardDuty "
                "allows 6, and others' are other-0, other-1, other-2, other-3, "
                "other-4");
    cr_assert_null(strstr(world.lines, "domain lists can have no set"));
    /* Reading was tried, so IAM is not asked. */
    cr_assert_null(strstr(world.lines, "guardduty:GetThreatIntelSet"));
}

Test(publish_check, knows_its_own_sets_by_location_or_name)
{
    struct check_world_set *sets;

    start();
    world.pages = 1;
    sets = world.regions[0].sets[SLU_KIND_IP];
    add_sets(sets, 6);
    sets[1].location = "https://b.s3.amazonaws.com/p/gd/ip-2.txt";
    sets[3].name = "gti-ip-1";
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("OK us-east-1: detector D1, 6 threat intel set(s), 0 threat "
                "entity set(s), 2 of them of these lists; they may be listed "
                "and read");
    cr_assert_eq(count_lines("WARN "), 0, "%s", world.lines);
    /* Each has one: none is created, and those are updated. */
    cr_assert_null(strstr(world.lines, "guardduty:CreateThreatIntelSet"));
    world.deny = "guardduty:UpdateThreatIntelSet";
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: guardduty:UpdateThreatIntelSet on " DETECTOR
                "/threatintelset/s1 and 1 more, needed to activate an IP list: "
                "a policy denies it");
}

Test(publish_check, a_set_that_may_not_be_read_is_named)
{
    start();
    add_sets(world.regions[0].sets[SLU_KIND_IP], 3);
    world.deny = "guardduty:GetThreatIntelSet";
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: guardduty:GetThreatIntelSet on " DETECTOR
                ", needed to find the sets of the lists: "
                "guardduty:GetThreatIntelSet");
    cr_assert_eq(count_lines("FAIL "), 1, "%s", world.lines);
}

Test(publish_check, a_region_without_a_detector_fails_unless_one_is_created)
{
    struct slu_publish_check_options options;

    start();
    world.regions[0].no_detector = true;
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL No GuardDuty detector found in the region us-east-1; "
                "enable GuardDuty there, or set guardduty.create_detector");
    options = options_of();
    options.publish.create_detector = true;
    cr_assert_eq(check_world_run(&world, &options, &error), SLU_ERR_OK);
    expect_line("OK No GuardDuty detector found in the region us-east-1; a "
                "sync creates one");
    expect_line("OK guardduty:CreateDetector: permitted, as IAM simulates it");
    world.deny = "guardduty:CreateDetector";
    cr_assert_eq(check_world_run(&world, &options, &error), SLU_ERR_INCOMPLETE);
    expect_line("FAIL missing: guardduty:CreateDetector on *, needed by "
                "guardduty.create_detector: a policy denies it");
}

Test(publish_check, a_named_detector_is_not_looked_for)
{
    struct slu_publish_check_options options;

    start();
    world.deny = "guardduty:ListDetectors";
    options = options_of();
    options.publish.detector = "D1";
    cr_assert_eq(check_world_run(&world, &options, &error), SLU_ERR_OK);
}

Test(publish_check, a_region_without_entity_sets_goes_on_with_ips)
{
    start();
    world.regions[0].no_entities = true;
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("WARN us-east-1 has no threat entity sets: domains are not "
                "published there");
    cr_assert_null(strstr(world.lines, "ThreatEntitySet:"));
    start();
    world.regions[0].name = "us-gov-west-1";
    cr_assert_eq(run(), SLU_ERR_OK);
    expect_line("WARN us-gov-west-1 has no threat entity sets: domains are "
                "not published there");
    cr_assert_null(strstr(world.requests, "threatentityset"));
}

Test(publish_check, one_region_that_fails_does_not_stop_the_others)
{
    start();
    world.regions[1].name = "eu-west-3";
    world.regions[1].disabled = true;
    world.regions[2].name = "eu-west-1";
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    expect_line("FAIL guardduty:ListDetectors in eu-west-3: HTTP 403 "
                "UnrecognizedClientException: the keys are not known there; is "
                "the region enabled for this account?");
    cr_assert_eq(count_lines("FAIL "), 1);
    cr_assert_not_null(strstr(world.lines, "OK us-east-1: detector D1"));
    cr_assert_not_null(strstr(world.lines, "OK eu-west-1: detector D1"));
}

Test(publish_check, too_many_regions_are_refused)
{
    struct slu_publish_check_options options;
    struct slu_strings regions = {NULL, SLU_SETS_REGIONS_MAX + 1, false};
    struct slu_publish_check *check;

    start();
    options = options_of();
    options.publish.regions = &regions;
    cr_assert_eq(slu_publish_check_new(&options, &check, &error),
                 SLU_ERR_LIMIT);
    cr_assert_str_eq(error.text, "publish.regions has 65 regions; at most 64");
    cr_assert_null(check);
}

/* ---- what goes wrong on the way ---- */

Test(publish_check, a_sign_in_that_fails_is_told_once)
{
    start();
    world.sign_in = "no credentials were found";
    cr_assert_eq(run(), SLU_ERR_AUTH);
    cr_assert_str_eq(world.lines, "FAIL no credentials were found\n");
    cr_assert_str_eq(error.text, "no credentials were found");
    cr_assert_eq(world.retries, 0);
}

Test(publish_check, a_service_that_is_down_does_not_stop_the_others)
{
    static const char *const services[] = {"sts", "s3", "guardduty", "iam"};

    for (unsigned i = 0; i < 4; i++) {
        start();
        world.down = services[i];
        cr_assert_eq(run(), SLU_ERR_INCOMPLETE, "%s", services[i]);
        cr_assert_eq(count_lines("FAIL "), 1, "%s", world.lines);
        cr_assert_not_null(strstr(world.lines, "no connection"));
        cr_assert_eq(strstr(world.lines, "OK s3://b/p/: ") == NULL, i == 1);
        cr_assert_eq(strstr(world.lines, "OK us-east-1: ") == NULL, i == 2);
        cr_assert_eq(strstr(world.lines, "as IAM simulates it") == NULL,
                     i == 0 || i == 3);
    }
}

Test(publish_check, who_says_nothing_is_not_waited_for_again)
{
    start();
    world.down = "guardduty";
    world.silent = true;
    world.regions[1].name = "eu-west-3";
    cr_assert_eq(run(), SLU_ERR_INCOMPLETE);
    cr_assert_eq(world.retries, 0);
    expect_line("FAIL guardduty:ListDetectors in us-east-1: no connection");
    expect_line("FAIL guardduty:ListDetectors in eu-west-3: no connection");
    cr_assert_eq(count_lines("FAIL "), 2);
}

Test(publish_check, what_fails_for_a_moment_is_asked_again)
{
    static const struct {
        const char *service;
        unsigned requests;
    } rows[] = {{"sts", 1}, {"s3", 9}, {"guardduty", 3}, {"iam", 7}};

    for (unsigned i = 0; i < 4; i++) {
        start();
        world.flaky = rows[i].service;
        cr_assert_eq(run(), SLU_ERR_OK, "%s", world.lines);
        cr_assert_eq(count_lines("OK "), 10, "%s", world.lines);
        cr_assert_eq(world.retries, rows[i].requests);
    }
}

Test(publish_check, survives_every_failure_of_the_allocator)
{
    unsigned failed = 0;

    for (unsigned fail_at = 1;; fail_at++) {
        struct failing_alloc memory;
        struct slu_publish_check_options options;
        enum slu_err err;

        start();
        add_sets(world.regions[0].sets[SLU_KIND_IP], 2);
        failing_alloc_init(&memory, fail_at);
        options = check_world_options(&world, &memory.alloc);
        err = check_world_run(&world, &options, &error);
        cr_assert_eq(memory.live, 0, "%u", fail_at);
        if (memory.calls < fail_at) {
            cr_assert_eq(err, SLU_ERR_OK);
            break;
        }
        cr_assert(err == SLU_ERR_NOMEM, "%u: %s", fail_at, world.lines);
        cr_assert_neq(error.text[0], '\0');
        failed++;
    }
    cr_assert_gt(failed, 30);
}
