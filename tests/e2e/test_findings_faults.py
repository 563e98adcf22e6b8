# SPDX-License-Identifier: Apache-2.0
"""Whatever the network and GuardDuty do, the rows are the oracle's, or the run
says what is missing and the next one brings it. And an hourly schedule.
"""

import json
import unittest
import urllib.request

import aws_harness
import findings_oracle
import harness

# A first page, some windows, and an instant that only its token leads through.
DATA = ("--gd-findings", 200, "--gd-equal", 110, "--latency", 1)
SEEDS = (41,)
HOUR = 3600

# Each is a fault that a well-made client gets over by itself.
PASSING = [
    "throttling=once", "too-many-requests=once", "429-no-code=every:9",
    "429-empty=every:9", "429-seconds=once", "429-html=every:9",
    "500=every:3", "503=every:3", "504=every:3", "504-html=every:3",
    "reset-head=every:4", "reset-body=every:4", "cut-body=every:4",
    "lying-length-long=every:4", "lying-length-short=every:4",
    "not-json=every:3", "truncated-json=every:3", "bad-utf8=every:3",
    "control-char=every:3", "unbalanced=every:3", "null-arrays=every:2",
    "expired-token=every:4", "empty-page=every:2", "repeated-token=once",
    "dead-cursor=once", "stall=once",
]
ENDPOINTS = ("list", "get", "detectors")


class Faults(aws_harness.AwsCase):
    def make(self, world, name="w", wait="30s"):
        work = self.workspace(world.base, name)
        work.configure(limits=f"max_wait: {wait}",
                       more="http: {idle_timeout: 1s}")
        return work

    def check(self, fault):
        for seed in SEEDS:
            world = self.world(*DATA, "--seed", seed, "--fault", fault)
            work = self.make(world, f"seed-{seed}")
            run = work.sync()
            self.assertEqual(run.code, 0, f"{fault}\n{run.err[-3000:]}")
            self.assertGreater(sum(world.stats()["faults"].values()), 0)
            self.assert_rows(work, world.findings())

    def test_each_operation_may_fail_once(self):
        for endpoint in ENDPOINTS:
            for kind in ("500", "reset-body", "not-json", "expired-token"):
                world = self.world(*DATA, "--seed", 43, "--fault",
                                   f"{kind}=first:2,endpoint:{endpoint}")
                work = self.make(world, f"{endpoint}-{kind}")
                run = work.sync()
                self.assertEqual(run.code, 0, f"{endpoint} {kind}\n{run.err}")
                self.assert_rows(work, world.findings())

    def assert_completed_later(self, fault, *words):
        """The first run can't have all and says so; the second has."""
        world = self.world(*DATA, "--seed", 44, "--fault", fault)
        work = self.make(world, fault, "3s")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err[-3000:])
        for word in words:
            self.assertIn(word, run.err)
        self.assertGreater(run.report["incomplete_units"]
                           + run.report["failed_units"], 0)
        expected = findings_oracle.expect(world.findings())
        if (work.out / "indicators.ndjson").exists():
            self.assertLessEqual(work.keys(), expected)
        world.stop()
        world = self.world(*DATA, "--seed", 44)
        work.environment["AWS_ENDPOINT_URL"] = world.base
        again = work.sync()
        self.assertEqual(again.code, 0, again.err[-3000:])
        self.assert_rows(work, world.findings())

    def test_tokens_that_repeat_for_ever_end_a_run_and_not_the_next(self):
        self.assert_completed_later("repeated-token=always,persistent",
                                    "its nextToken repeats itself")

    def test_tokens_that_are_always_dead_end_a_run_and_not_the_next(self):
        self.assert_completed_later("dead-cursor=always,persistent",
                                    "asked again in the next run")

    def test_gets_that_can_never_be_read_end_a_run_and_not_the_next(self):
        self.assert_completed_later(
            "unbalanced=persistent,always,endpoint:get",
            "could not be read at byte")

    def test_lists_that_can_never_be_read_end_a_run_and_not_the_next(self):
        self.assert_completed_later(
            "truncated-json=persistent,after:1,endpoint:list",
            "could not be read")

    def test_paging_by_offset_loses_nothing_that_is_touched(self):
        """What moves up a list while it is read shifts the pages behind it."""
        world = self.world("--gd-findings", 400, "--gd-paging", "offset",
                           "--gd-touch-every", 2, "--gd-touch", "listed",
                           "--seed", 45)
        work = self.make(world)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        ids = {row["finding_id"] for row in work.rows()}
        for finding in world.findings():
            if findings_oracle.rows_of(finding, findings_oracle.Choices()):
                self.assertIn(finding["id"], ids)

    def assert_newest(self, work, world):
        """Rows of the newest version of each finding are there."""
        expected = findings_oracle.expect(world.findings())
        self.assertEqual(sorted(expected - work.keys())[:3], [])

    def test_late_findings_come_with_the_next_run(self):
        world = self.world("--gd-findings", 300, "--gd-late-every", 3,
                           "--gd-late-max", 20, "--seed", 46)
        work = self.make(world)
        self.assertEqual(work.sync().code, 0)
        again = work.sync()
        self.assertEqual(again.code, 0, again.err)
        self.assert_newest(work, world)

    def test_findings_that_vanish_are_not_waited_for(self):
        world = self.world("--gd-findings", 300, "--gd-vanish-every", 4,
                           "--seed", 47)
        work = self.make(world)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        got = work.keys()
        expected = findings_oracle.expect(world.findings())
        self.assertLessEqual(got, expected)
        self.assertGreater(len(got), len(expected) / 2)

    def test_the_report_counts_every_finding_that_was_read(self):
        world = self.world("--gd-findings", 40, "--seed", 48)
        work = self.make(world)
        run = work.sync()
        with_rows = {row["finding_id"] for row in work.rows()}
        self.assertEqual(run.report["findings"], 40)
        self.assertEqual(run.report["barren_findings"], 40 - len(with_rows))


def add_tests():
    for fault in PASSING:
        name = fault.split("=")[0].replace("-", "_")

        def test(self, fault=fault):
            self.check(fault)
        setattr(Faults, f"test_{name}_is_got_over", test)


add_tests()


class Schedule(aws_harness.AwsCase):
    def test_each_version_comes_once_and_an_idle_hour_costs_little(self):
        """Ten hours; each list that is asked for updates a finding."""
        world = self.world("--gd-findings", 300, "--gd-touch-every", 1,
                           "--seed", 49)
        work = self.workspace(world.base)
        work.sinks = "[ndjson, csv, stix]"
        work.configure()
        idle, sizes, seen = [], [], set()
        for hour in range(10):
            now = harness.NOW + hour * HOUR
            self.set_clock(world, now)
            work.now = now
            run = work.sync()
            self.assertEqual(run.code, 0, run.err[-2000:])
            keys = work.keys()
            self.assertLessEqual(seen, keys)
            seen = keys
            self.assertEqual(len(work.csv_rows()), len(seen))
            if hour > 0:
                idle.append(run.report["requests"])
            sizes.append(self.state_bytes(work))
        self.assert_newest_but_one(work, world)
        print(f"requests of an hour {idle}, state {sizes}")
        self.assertLess(max(idle), 10)
        self.assertLess(max(sizes[5:]), 2 * max(sizes[:3]))

    def assert_newest_but_one(self, work, world):
        """What the last list updated comes with the next run."""
        missing = findings_oracle.expect(world.findings()) - work.keys()
        self.assertLess(len({json.loads(key)["finding_id"]
                             for key in missing}), 4)

    @staticmethod
    def set_clock(world, now):
        urllib.request.urlopen(urllib.request.Request(
            f"{world.base}/_sim/now?epoch={now}", method="POST")).close()

    @staticmethod
    def state_bytes(work):
        return sum(path.stat().st_size
                   for path in (work.folder / "state").iterdir())


if __name__ == "__main__":
    unittest.main()
