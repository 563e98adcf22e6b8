# SPDX-License-Identifier: Apache-2.0
"""What a careless user writes about findings gets one clear sentence; and what
`check` says."""

import unittest

import aws_harness


class BadInput(aws_harness.AwsCase):
    def refuse(self, guardduty, *words, code=2, **sections):
        world = self.world("--gd-findings", 60)
        work = self.workspace(world.base)
        work.configure(guardduty, **sections)
        run = work.run("sync")
        self.assertEqual(run.code, code, run.err)
        errors = [line for line in run.err.splitlines()
                  if line.startswith("[ERROR]")]
        self.assertEqual(len(errors), 1, run.err)
        for word in words:
            self.assertIn(word, run.err)
        self.assertFalse((work.out / "indicators.ndjson").exists())

    def test_initial_range_of_zero(self):
        self.refuse("initial_range_days: 0", "initial_range_days", "1 to 90")

    def test_initial_range_of_ninety_one(self):
        self.refuse("initial_range_days: 91", "initial_range_days", "1 to 90")

    def test_a_region_that_is_none(self):
        self.refuse("regions: [us_east_1]", "us_east_1")

    def test_an_unknown_group(self):
        self.refuse("indicators: [network]", "indicators", "network")

    def test_an_account_without_twelve_digits(self):
        self.refuse("accounts: [{id: '123', role_arn: 'arn:aws:iam::"
                    "123456789012:role/r'}]", "123", "12 digits")

    def test_a_role_that_is_no_arn(self):
        self.refuse("accounts: [{id: '123456789012', role_arn: reader}]",
                    "role_arn", "reader")

    def test_a_misspelt_key_of_an_account(self):
        self.refuse("accounts: [{id: '123456789012', role_ann: x}]",
                    "role_ann", "role_arn")

    def test_an_unknown_way_to_sign_in(self):
        self.refuse("regions: [us-east-1]", "auth", "roles_anywhere",
                    aws="auth: magic")


class Detector(aws_harness.AwsCase):
    def test_a_detector_that_is_not_there(self):
        world = self.world("--gd-findings", 60)
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1]\ndetector: " + "0" * 32)
        for command in ("check", "sync"):
            run = work.run(command)
            self.assertNotEqual(run.code, 0)
            self.assertIn("Bad Request, Verify Detector ID and Region Name",
                          run.out + run.err)

    def test_no_detector_is_a_warning(self):
        world = self.world("--gd-findings", 60, "--gd-regions",
                           "us-east-1,eu-west-1", "--gd-no-detector",
                           f"{aws_harness.ACCOUNT}/eu-west-1")
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1, eu-west-1]")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn("[WARN]", run.err)
        self.assertIn("eu-west-1", run.err)
        self.assert_rows(work, world.findings())

    def test_a_region_that_is_not_enabled_is_a_warning(self):
        world = self.world("--gd-findings", 60, "--gd-regions",
                           "us-east-1,me-south-1", "--aws-not-enabled",
                           "me-south-1")
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1, me-south-1]")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn("not enabled", run.err)
        self.assertIn("me-south-1", run.err)


class Check(aws_harness.AwsCase):
    def check(self, *options, guardduty="regions: [us-east-1, eu-west-1]"):
        world = self.world("--gd-findings", 60, "--gd-regions",
                           "us-east-1,eu-west-1", *options)
        work = self.workspace(world.base)
        work.configure(guardduty)
        run = work.run("check")
        self.assertFalse((work.out / "indicators.ndjson").exists())
        return run

    def test_everything_permitted(self):
        run = self.check()
        self.assertEqual(run.code, 0, run.out)
        for region in ("us-east-1", "eu-west-1"):
            lines = [line for line in run.out.splitlines() if region in line]
            self.assertEqual(len(lines), 1, run.out)
            self.assertIn("permitted", lines[0])

    def test_the_missing_permission_is_named(self):
        for operation in ("ListFindings", "GetFindings", "ListDetectors"):
            with self.subTest(operation):
                run = self.check("--aws-deny", f"{aws_harness.ACCOUNT}/"
                                 f"eu-west-1/{operation}")
                self.assertEqual(run.code, 1, run.out)
                self.assertIn("Access Denied, Verify the permissions",
                              run.out)
                self.assertIn(f"guardduty:{operation}", run.out)

    def test_everything_denied(self):
        run = self.check("--aws-deny", f"{aws_harness.ACCOUNT}/us-east-1",
                         "--aws-deny", f"{aws_harness.ACCOUNT}/eu-west-1")
        self.assertEqual(run.code, 3, run.out)


if __name__ == "__main__":
    unittest.main()
