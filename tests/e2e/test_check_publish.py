# SPDX-License-Identifier: Apache-2.0
"""`sluice check` of a flow that publishes: each permission is proved, one that
is missing is named with its resource, and nothing is changed.
"""

import re
import socket
import time
import unittest

import aws_harness
import publish_harness as publish
from publish_harness import BUCKET, REGION

ACCOUNT = aws_harness.ACCOUNT
USER = f"arn:aws:iam::{ACCOUNT}:user/sim"
BUCKET_ARN = f"arn:aws:s3:::{BUCKET}"
SLR = (f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/guardduty.amazonaws.com/"
       "AWSServiceRoleForAmazonGuardDuty")
GUARDDUTY = f"arn:aws:guardduty:{REGION}:{ACCOUNT}:"
SIMULATED = ["guardduty:CreateThreatIntelSet", "guardduty:UpdateThreatIntelSet",
             "guardduty:GetThreatIntelSet", "guardduty:CreateThreatEntitySet",
             "guardduty:UpdateThreatEntitySet", "guardduty:GetThreatEntitySet",
             "iam:PutRolePolicy", "iam:DeleteRolePolicy"]
TRIED = {"s3:ListBucket": BUCKET_ARN, "s3:GetObject": BUCKET_ARN + "/",
         "s3:PutObject": BUCKET_ARN + "/", "guardduty:ListDetectors": GUARDDUTY,
         "guardduty:ListThreatIntelSets": GUARDDUTY + "detector/",
         "guardduty:ListThreatEntitySets": GUARDDUTY + "detector/"}


def deny(action, region="*"):
    return "--aws-deny", f"{ACCOUNT}/{region}/{action}"


def lines(run, kind):
    return [line[len(kind):].strip() for line in run.out.splitlines()
            if line.startswith(kind)]


class CheckPublish(publish.PublishCase):
    def check(self, *options, env=None, name="w", regions=(REGION,),
              **configuration):
        world = self.world(*options, regions=regions)
        work = self.workspace(world.base, name=name)
        configuration.setdefault(
            "publish", f"wait: 5s\nregions: [{', '.join(regions)}]")
        work.configure(**configuration)
        run = work.run("check", **(env or {}))
        self.assertEqual(world.objects(), {}, "an object was written")
        self.assertEqual(world.all_sets()["sets"], [], "a set was made")
        if not run.out:
            self.fail(run.err)
        return world, run

    def test_a_name_that_guardduty_does_not_take_is_said(self):
        _, run = self.check(lists="set_name_prefix: " + "x" * 290)
        self.assertEqual(run.code, 2, run.out)
        self.assertIn("the name of its set is longer than the 300 bytes",
                      "\n".join(lines(run, "FAIL")))

    def test_all_that_is_permitted_is_said(self):
        world, run = self.check()
        self.assertEqual(run.code, 0, run.out)
        self.assertEqual(lines(run, "FAIL") + lines(run, "WARN"), [])
        told = "\n".join(lines(run, "ok"))
        self.assertIn(f"signed in to AWS as {USER}", told)
        self.assertIn(f"s3://{BUCKET}/: s3:ListBucket, s3:GetObject and "
                      "s3:PutObject are permitted on all 18 objects", told)
        self.assertRegex(told, f"{REGION}: detector [0-9a-f]{{32}}, 0 threat "
                               r"intel set\(s\), 0 threat entity set\(s\)")
        for action in SIMULATED:
            self.assertRegex(told, f"{action}.*: permitted, as IAM simulates")
        self.assertEqual(set(world.counts("iam")), {"SimulatePrincipalPolicy"})
        self.assertEqual(set(world.counts("guardduty")),
                         {"ListDetectors", "ListThreatIntelSets",
                          "ListThreatEntitySets"})

    def assert_one_missing(self, run, action, resource, why=""):
        failed = lines(run, "FAIL")
        self.assertEqual(run.code, 1, f"{action}: {run.out}")
        self.assertEqual(len(failed), 1, f"{action}: {run.out}")
        self.assertTrue(
            failed[0].startswith(f"missing: {action} on {resource}"), failed)
        self.assertIn(why, failed[0])

    def test_each_one_that_can_be_tried_is_named_alone(self):
        for number, (action, resource) in enumerate(TRIED.items()):
            with self.subTest(action):
                _, run = self.check(*deny(action), name=f"w{number}")
                self.assert_one_missing(run, action, resource)

    def test_each_one_that_only_iam_can_tell_is_named_alone(self):
        for number, action in enumerate(SIMULATED):
            resource = SLR if action.startswith("iam:") else GUARDDUTY
            with self.subTest(action):
                _, run = self.check(*deny(action), name=f"w{number}")
                self.assert_one_missing(
                    run, action, resource,
                    "no policy of the user or role allows it")

    def test_a_policy_that_denies_is_told_as_such(self):
        _, run = self.check("--aws-deny-explicit",
                            f"{ACCOUNT}/*/iam:PutRolePolicy")
        self.assert_one_missing(run, "iam:PutRolePolicy", SLR,
                                "a policy denies it")

    def test_the_key_of_the_bucket_is_asked_for(self):
        key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0123"
        _, run = self.check(lists=f"kms_key_id: {key}", name="w1")
        self.assertEqual(run.code, 0, run.out)
        self.assertIn("kms:GenerateDataKey, kms:Decrypt: permitted", run.out)
        _, run = self.check("--aws-deny-explicit",
                            f"{ACCOUNT}/*/kms:GenerateDataKey",
                            lists=f"kms_key_id: {key}", name="w2")
        self.assert_one_missing(run, "kms:GenerateDataKey", key)

    def test_pages_of_a_simulation_are_followed(self):
        world, run = self.check("--iam-page", 1, *deny("iam:DeleteRolePolicy"))
        self.assert_one_missing(run, "iam:DeleteRolePolicy", SLR)
        self.assertEqual(world.counts("iam")["SimulatePrincipalPolicy"], 8)

    def test_what_can_not_be_proved_is_listed(self):
        _, run = self.check(*deny("iam:SimulatePrincipalPolicy"))
        self.assertEqual(run.code, 0, run.out)
        warned = lines(run, "WARN")
        self.assertEqual(len(warned), 1, run.out)
        for action in SIMULATED:
            self.assertIn(action, warned[0])
        self.assertIn(f"grant it on {USER}", warned[0])

    def role_environment(self, role):
        """Signs in as a session of that role."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / "aws-config"
        config.write_text(
            f"[profile p]\nrole_arn = {role}\nsource_profile = base\n"
            f"role_session_name = session\n[profile base]\n"
            f"aws_access_key_id = {aws_harness.KEY_ID}\n"
            f"aws_secret_access_key = {aws_harness.SECRET}\n",
            encoding="utf-8")
        return {"AWS_CONFIG_FILE": str(config), "AWS_PROFILE": "p",
                "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}

    def test_a_session_is_proved_by_its_role(self):
        role = f"arn:aws:iam::{ACCOUNT}:role/publisher"
        _, run = self.check("--aws-role", role, *deny("iam:PutRolePolicy"),
                            env=self.role_environment(role))
        self.assertIn(f"signed in to AWS as arn:aws:sts::{ACCOUNT}:"
                      "assumed-role/publisher/session", run.out)
        self.assert_one_missing(run, "iam:PutRolePolicy", SLR)

    def test_a_role_with_a_path_can_not_be_found_by_its_session(self):
        role = f"arn:aws:iam::{ACCOUNT}:role/team/publisher"
        _, run = self.check("--aws-role", role,
                            env=self.role_environment(role))
        self.assertEqual(run.code, 0, run.out)
        self.assertIn(f"IAM doesn't find arn:aws:iam::{ACCOUNT}:role/publisher:"
                      " the role's ARN has a path", run.out)

    def test_one_region_of_several_that_is_denied(self):
        regions = (REGION, "eu-west-3", "ap-southeast-2")
        _, run = self.check(*deny("*", region="eu-west-3"), regions=regions)
        failed = lines(run, "FAIL")
        self.assertEqual(run.code, 1, run.out)
        self.assertEqual(len([line for line in failed
                              if "ListDetectors on arn:aws:guardduty:eu-west-3"
                              in line]), 1, run.out)
        self.assertTrue(all("eu-west-3" in line for line in failed), run.out)
        for region in (REGION, "ap-southeast-2"):
            self.assertRegex(run.out, f"ok +{region}: detector")

    def test_a_region_that_is_not_enabled(self):
        _, run = self.check("--aws-not-enabled", "eu-west-3",
                            regions=(REGION, "eu-west-3"))
        self.assertEqual(run.code, 1, run.out)
        self.assertEqual(len(lines(run, "FAIL")), 1, run.out)
        self.assertRegex(run.out, "FAIL .*eu-west-3.*is the region enabled")

    def test_a_region_without_a_detector(self):
        options = "--gd-no-detector", f"{ACCOUNT}/{REGION}"
        _, run = self.check(*options, name="w1")
        self.assertEqual(run.code, 1, run.out)
        self.assertIn("No GuardDuty detector found in the region", run.out)
        world, run = self.check(*options, name="w2",
                                guardduty="create_detector: true")
        self.assertEqual(run.code, 0, run.out)
        self.assertIn("guardduty:CreateDetector: permitted", run.out)
        self.assertNotIn("CreateDetector", world.counts("guardduty"))
        _, run = self.check(*options, *deny("guardduty:CreateDetector"),
                            name="w3", guardduty="create_detector: true")
        self.assert_one_missing(run, "guardduty:CreateDetector", "*")

    def test_sets_that_were_published_are_read(self):
        world = self.world()
        work = self.workspace(world.base)
        work.configure()
        self.put_domains("a.example.com")
        self.put_addresses("1.2.3.4")
        self.succeed(work)
        run = work.run("check")
        self.assertEqual(run.code, 0, run.out)
        self.assertRegex(run.out, r"1 threat intel set\(s\), 1 threat entity "
                                  r"set\(s\), 2 of them of these lists")
        self.assertEqual(lines(run, "WARN"), [])
        self.assert_published(world, work)

    def test_everything_refused_is_three(self):
        _, run = self.check(*deny("s3:*"), *deny("guardduty:*"))
        self.assertEqual(run.code, 3, run.out)
        self.assertGreater(len(lines(run, "FAIL")), 3)

    def test_wrong_keys_are_three_and_told_once(self):
        _, run = self.check(env={"AWS_SECRET_ACCESS_KEY": "wrong" * 8})
        self.assertEqual(run.code, 3, run.out)
        self.assertRegex(run.out, "FAIL .*AWS refuses the credentials")

    def test_a_bucket_that_is_not_there(self):
        _, run = self.check(lists="bucket: nowhere-at-all")
        self.assertEqual(run.code, 1, run.out)
        self.assertEqual(len(lines(run, "FAIL")), 1, run.out)
        self.assertRegex(run.out, "FAIL .*nowhere-at-all does not exist")

    def test_a_server_that_says_nothing_is_waited_for_once(self):
        with socket.create_server(("127.0.0.1", 0)) as deaf:
            begun = time.monotonic()
            _, run = self.check(env={"AWS_ENDPOINT_URL": "http://127.0.0.1:%d"
                                     % deaf.getsockname()[1]})
        self.assertLess(time.monotonic() - begun, 60)
        self.assertEqual(run.code, 1, run.out)
        self.assertEqual(len(lines(run, "FAIL")), 3, run.out)
        for line in lines(run, "FAIL"):
            self.assertIn("sent nothing", line)

    def test_a_service_that_is_down_ends_soon_and_alone(self):
        begun = time.monotonic()
        _, run = self.check(
            env={"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9"})
        self.assertLess(time.monotonic() - begun, 60)
        self.assertEqual(run.code, 1, run.out)
        self.assertEqual(len(lines(run, "FAIL")), 1, run.out)
        self.assertRegex(run.out, f"ok +{REGION}: detector")
        self.assertIn("iam:PutRolePolicy", re.sub("FAIL.*", "", run.out))


if __name__ == "__main__":
    unittest.main()
