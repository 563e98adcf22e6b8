# SPDX-License-Identifier: Apache-2.0
"""Findings of accounts and regions become rows, all of them, once."""

import datetime
import re
import time
import unittest

import aws_harness
import findings_oracle
import harness
from findings_oracle import Choices

PAGE_LINE = re.compile(
    r"Successfully fetched (\d+) indicator\(s\) and skipped (\d+) "
    r"indicator\(s\) in page (\d+)\. Pull Stats: SHA256=(\d+), IPv4=(\d+), "
    r"Domain=(\d+)(?:, IPv6=(\d+))?\. "
    r"Total indicator\(s\) fetched: (\d+)")


class OneAccount(aws_harness.AwsCase):
    def test_rows_are_those_of_the_oracle(self):
        world = self.world("--gd-findings", 600, "--seed", 11)
        work = self.workspace(world.base)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, world.findings())

    def test_the_initial_range_is_as_configured(self):
        world = self.world("--gd-findings", 600, "--seed", 11)
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1]\ninitial_range_days: 9")
        self.assertEqual(work.sync().code, 0)
        first = datetime.datetime.fromtimestamp(
            harness.NOW - 9 * 86400, datetime.timezone.utc)
        self.assert_rows(work, [
            finding for finding in world.findings()
            if datetime.datetime.fromisoformat(finding["updatedAt"]) >= first])

    def test_a_second_run_adds_nothing(self):
        world = self.world("--gd-findings", 300, "--seed", 12)
        work = self.workspace(world.base)
        self.assertEqual(work.sync().code, 0)
        before = work.lines("indicators.ndjson")
        again = work.sync()
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(work.lines("indicators.ndjson"), before)
        self.assertLess(again.report["requests"], 8)

    def test_page_lines_add_up(self):
        world = self.world("--gd-findings", 400, "--seed", 13)
        work = self.workspace(world.base)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        pages = [tuple(int(part or 0) for part in match.groups())
                 for match in PAGE_LINE.finditer(run.err)]
        rows = work.rows()
        self.assertEqual([page[2] for page in pages],
                         list(range(1, len(pages) + 1)))
        self.assertEqual(sum(page[0] for page in pages), len(rows))
        self.assertEqual(pages[-1][7], len(rows))
        for index, kind in ((3, "sha256"), (4, "ipv4"), (5, "domain")):
            self.assertEqual(sum(page[index] for page in pages),
                             sum(row["type"] == kind for row in rows), kind)

    def test_every_group_on_request(self):
        world = self.world("--gd-findings", 800, "--seed", 14)
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1]\nindicators: all\n"
                       "include_samples: true\ninclude_archived: true",
                       lists="allow_non_global: true\n"
                       "allow_public_suffixes: true")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, world.findings(), Choices(
            findings_oracle.ALL_GROUPS, samples=True, archived=True,
            guard=False))

    def test_the_plugins_choices_on_request(self):
        world = self.world("--gd-findings", 500, "--seed", 15)
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1]\nfinding_compat: netskope")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, world.findings(), Choices(compat=True))

    def test_dropped_findings_are_counted_by_reason(self):
        world = self.world("--gd-findings", 600, "--seed", 11)
        work = self.workspace(world.base)
        run = work.sync()
        reasons = run.report["reasons"]
        for reason in ("sample", "archived", "echo"):
            self.assertGreater(reasons.get(reason, 0), 0, reason)

    def test_csv_and_ndjson_say_the_same(self):
        world = self.world("--gd-findings", 300, "--seed", 16)
        work = self.workspace(world.base)
        work.sinks = "[ndjson, csv]"
        work.configure()
        self.assertEqual(work.sync().code, 0)
        rows, cells = work.rows(), work.csv_rows()
        self.assertEqual(len(rows), len(cells))
        for row, cell in zip(rows, cells):
            for name in ("value", "type", "severity", "finding_id",
                         "account", "region"):
                self.assertEqual(cell[name].lstrip("'"), row[name], name)

    def test_findings_updated_during_the_pull_are_not_lost(self):
        world = self.world("--gd-findings", 500, "--seed", 17,
                           "--gd-touch-every", 2, "--latency", 10)
        work = self.workspace(world.base)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        ids = {row["finding_id"] for row in work.rows()}
        for finding in world.findings():
            if findings_oracle.rows_of(finding, Choices()):
                self.assertIn(finding["id"], ids)

    def test_empty_pages_with_a_token_go_on(self):
        world = self.world("--gd-findings", 400, "--seed", 18,
                           "--gd-empty-every", 3)
        work = self.workspace(world.base)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, world.findings())

    def test_many_findings_of_one_millisecond(self):
        world = self.world("--gd-findings", 500, "--gd-equal", 260,
                           "--seed", 19)
        work = self.workspace(world.base)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, world.findings())

    def test_an_absent_token_ends_a_list_too(self):
        world = self.world("--gd-findings", 300, "--gd-end", "absent",
                           "--seed", 20)
        work = self.workspace(world.base)
        self.assertEqual(work.sync().code, 0)
        self.assert_rows(work, world.findings())


class Burst(aws_harness.AwsCase):
    def test_one_hour_of_thirty_days_comes_in_parallel(self):
        world = self.world("--gd-findings", 6000, "--gd-days", 30,
                           "--gd-burst", "--latency", 100, "--seed", 21)
        work = self.workspace(world.base)
        work.configure("regions: [us-east-1]\ninitial_range_days: 30")
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 0, run.err[-2000:])
        self.assertGreaterEqual(run.report["in_flight_max"], 24)
        self.assertGreaterEqual(world.guardduty()["in_flight_max"], 24)
        self.assert_rows(work, world.findings())


REGIONS = ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"]
ACCOUNTS = [aws_harness.ACCOUNT, "222222222222", "333333333333"]


class FanOut(aws_harness.AwsCase):
    """3 accounts x 4 regions, one denied, one throttled, credentials that live
    20 seconds, SIGKILL and resume."""

    def options(self, *more):
        options = ["--gd-accounts", ",".join(ACCOUNTS),
                   "--gd-regions", ",".join(REGIONS),
                   "--gd-findings", 350, "--seed", 31,
                   "--aws-lifetime", 20, "--latency", 20]
        if "--aws-throttle" not in more:
            options += ["--aws-throttle", f"{ACCOUNTS[1]}/{REGIONS[1]}=6/1"]
        for account in ACCOUNTS[1:]:
            options += ["--aws-role", f"arn:aws:iam::{account}:role/reader,"
                        f"external-id:ext-{account}"]
        return options + list(more)

    def guardduty(self):
        accounts = [f"{{id: '{ACCOUNTS[0]}'}}"] + [
            f"{{id: '{account}', role_arn: 'arn:aws:iam::{account}:"
            f"role/reader', external_id: ext-{account}}}"
            for account in ACCOUNTS[1:]]
        return (f"accounts: [{', '.join(accounts)}]\n"
                f"regions: [{', '.join(REGIONS)}]\n"
                "initial_range_days: 30")

    def expected(self, world, without=()):
        return [view["finding"] for view in world.views()
                if (view["account"], view["region"]) not in without]

    def test_all_but_the_denied_region_and_it_is_told(self):
        denied = (ACCOUNTS[2], REGIONS[2])
        world = self.world(*self.options("--aws-deny", "/".join(denied)))
        work = self.workspace(world.base)
        work.configure(self.guardduty())
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 1, run.err[-2000:])
        self.assertIn("Access Denied", run.err)
        self.assertIn(denied[0], run.err)
        self.assertIn(denied[1], run.err)
        self.assert_rows(work, self.expected(world, {denied}))

    def test_all_at_once(self):
        """Denied, throttled, killed, resumed, and longer than any of its
        credentials lives."""
        denied = (ACCOUNTS[2], REGIONS[2])
        world = self.world(*self.options(
            "--aws-deny", "/".join(denied),
            "--aws-throttle", f"{ACCOUNTS[1]}/{REGIONS[1]}=1/2"))
        work = self.workspace(world.base)
        work.configure(self.guardduty())
        begun = time.monotonic()
        process = work.start("sync", "--json")
        time.sleep(2)
        harness.kill(process)
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 1, run.err[-2000:])
        self.assertGreater(time.monotonic() - begun, 20)
        self.assertNotIn("ExpiredToken", run.err)
        self.assert_rows(work, self.expected(world, {denied}))

    def test_killed_and_resumed_the_rows_are_the_same(self):
        world = self.world(*self.options())
        work = self.workspace(world.base)
        work.configure(self.guardduty())
        for wait in (0.7, 1.1, 1.6):
            process = work.start("sync", "--json")
            time.sleep(wait)
            harness.kill(process)
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 0, run.err[-2000:])
        self.assert_rows(work, self.expected(world))

    def test_credentials_that_end_during_the_pull_are_refreshed(self):
        world = self.world(*self.options("--aws-lifetime", 5))
        work = self.workspace(world.base)
        work.configure(self.guardduty())
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 0, run.err[-2000:])
        self.assertNotIn("ExpiredToken", run.err)
        self.assert_rows(work, self.expected(world))

    def test_views_of_administrator_and_member_merge(self):
        world = self.world(*self.options("--gd-admin", ACCOUNTS[0]))
        work = self.workspace(world.base)
        work.configure(self.guardduty())
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 0, run.err[-2000:])
        self.assert_rows(work, self.expected(world))

    def test_a_wrong_external_id_stops_that_account_only(self):
        world = self.world(*self.options())
        work = self.workspace(world.base)
        work.configure(self.guardduty().replace(f"ext-{ACCOUNTS[2]}",
                                                "wrong"))
        run = work.sync(timeout=300)
        self.assertEqual(run.code, 1, run.err[-2000:])
        self.assertIn(ACCOUNTS[2], run.err)
        self.assert_rows(work, self.expected(world, {
            (ACCOUNTS[2], region) for region in REGIONS}))

    def test_all_denied_is_a_refused_sign_in(self):
        denials = []
        for account in ACCOUNTS:
            for region in REGIONS:
                denials += ["--aws-deny", f"{account}/{region}"]
        world = self.world(*self.options(*denials))
        work = self.workspace(world.base)
        work.configure(self.guardduty())
        self.assertEqual(work.sync().code, 3)


if __name__ == "__main__":
    unittest.main()
