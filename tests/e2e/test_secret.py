# SPDX-License-Identifier: Apache-2.0
"""The key of GTI from AWS Secrets Manager."""

import json
import unittest

import aws_harness
import harness
import publish_harness
from publish_harness import LISTS

ENTITY = LISTS["entity"][0]
ROLE = f"arn:aws:iam::{aws_harness.ACCOUNT}:role/publisher"
OTHER = "fedcba9876543210" * 4  # clearly not a real one either


class Case(publish_harness.PublishCase):
    def make(self, secret, api_key, *options):
        self.sim = self.world("--secret", secret, *options)
        self.put_domains("a.example")
        work = self.workspace(self.sim.base)
        work.configure(gti=f"api_key: {api_key}")
        del work.environment["GTI_API_KEY"]
        return work

    def assert_silent(self, run):
        for text in (harness.KEY, OTHER):
            self.assertNotIn(text, run.out + run.err)


class Read(Case):
    def test_as_a_bare_string(self):
        work = self.make(f"gti-key={harness.KEY}", "{secret: gti-key}")
        self.assert_silent(self.succeed(work))
        self.assertEqual(work.lines(ENTITY), ["a.example"])

    def test_as_the_only_member_of_an_object(self):
        text = json.dumps({"key": harness.KEY})
        work = self.make(f"gti-key={text}", "{secret: gti-key}")
        self.succeed(work)

    def test_as_a_named_member_of_an_object(self):
        text = json.dumps({"user": "x", "GTI": harness.KEY})
        work = self.make(f"gti-key={text}", "{secret: gti-key, key: GTI}")
        self.succeed(work)

    def test_anew_when_it_is_refused(self):
        """Rotated: GTI takes the other key from now on."""
        self.gti.keys = {OTHER}
        work = self.make(f"gti-key={harness.KEY}", "{secret: gti-key}",
                         "--secret-after", f"1:gti-key={OTHER}")
        run = self.succeed(work)
        self.assert_silent(run)
        self.assertEqual(work.lines(ENTITY), ["a.example"])

    def test_once_more_only(self):
        self.gti.keys = {"neither"}
        work = self.make(f"gti-key={harness.KEY}", "{secret: gti-key}",
                         "--secret-after", f"1:gti-key={OTHER}")
        run = work.sync()
        self.assertEqual(run.code, 3, run.err)
        self.assert_silent(run)
        self.assertLessEqual(
            self.sim.counts("secretsmanager")["GetSecretValue"], 3)


class Refused(Case):
    def refuse(self, work, code, *expected):
        run = work.sync()
        self.assertEqual(run.code, code, run.err)
        for text in expected:
            self.assertIn(text, run.err)
        self.assert_silent(run)

    def test_a_secret_that_is_not_there(self):
        work = self.make(f"other={harness.KEY}", "{secret: gti-key}")
        self.refuse(work, 2, "gti-key")

    def test_a_member_that_is_not_there(self):
        text = json.dumps({"user": "x", "GTI": harness.KEY})
        work = self.make(f"gti-key={text}", "{secret: gti-key, key: nope}")
        self.refuse(work, 2, "gti-key", "nope")

    def test_several_members_and_none_named(self):
        text = json.dumps({"user": "x", "GTI": harness.KEY})
        work = self.make(f"gti-key={text}", "{secret: gti-key}")
        self.refuse(work, 2, "gti-key")

    def test_a_permission_that_is_missing(self):
        work = self.make(f"gti-key={harness.KEY}", "{secret: gti-key}",
                         "--aws-deny", "*/*/GetSecretValue")
        run = work.sync()
        self.assertIn(run.code, (1, 3))
        self.assertIn("secretsmanager:GetSecretValue", run.err)


class Session(Case):
    """The secret, what stands in the bucket, the survey, the objects and the
    sets: one sign-in, and one word about the clock."""

    def test_signs_in_once_for_a_whole_publish(self):
        work = self.make(f"gti-key={harness.KEY}", "{secret: gti-key}",
                         "--aws-role", ROLE)
        aws = work.folder / ".aws"
        aws.mkdir()
        (aws / "config").write_text(
            f"[profile dev]\nrole_arn = {ROLE}\nsource_profile = base\n")
        (aws / "credentials").write_text(
            f"[base]\naws_access_key_id = {aws_harness.KEY_ID}\n"
            f"aws_secret_access_key = {aws_harness.SECRET}\n")
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del work.environment[name]
        work.environment["AWS_PROFILE"] = "dev"
        self.succeed(work)
        self.assert_published(self.sim, work)
        self.assertEqual(self.sim.aws()["issued"], 1)
        self.succeed(work)
        self.assertEqual(self.sim.aws()["issued"], 2)

    def test_tells_a_wrong_clock_once(self):
        work = self.make(f"gti-key={harness.KEY}", "{secret: gti-key}",
                         "--aws-clock-offset", 7200)
        run = self.succeed(work)
        self.assert_published(self.sim, work)
        self.assertEqual(run.err.count("this machine's clock"), 1, run.err)


if __name__ == "__main__":
    unittest.main()
