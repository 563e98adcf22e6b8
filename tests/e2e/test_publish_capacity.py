# SPDX-License-Identifier: Apache-2.0
"""More than GuardDuty takes, through the whole program into bucket and sets.

2,000,000 addresses and 10,000 names with the optimised program, whose clock is
the real one, as in test_memory; a tenth of it, with caps of a tenth, and the
smallest caps under the sanitizers. What must be left is known by arithmetic
(package_gti.py), to the byte.
"""

import os
import pathlib
import time
import unittest

import harness
import package_gti
import publish_harness
from publish_harness import LISTS, NOW

RELEASE = pathlib.Path(os.environ.get(
    "SLUICE_RELEASE_BIN", "build/release/bin")).resolve()
FILES = 6
MIB = 1024 * 1024
KINDS = {"ip_address": "ip", "domain": "entity"}


class CapacityCase(publish_harness.PublishCase):
    def serve(self, ips, domains, full=package_gti.FULL):
        self.crowd = package_gti.Crowd(ips, domains, NOW, full)
        self.packages = self.stack.enter_context(package_gti.Gti(self.crowd))

    def publish(self, lists="", now=NOW):
        """The report of a first run, whose bucket and sets are right."""
        self.sim = self.world(now=now)
        self.work = self.workspace(self.sim.base, now=now)
        self.configure(lists)
        report = self.succeed(self.work).report
        self.assert_objects(self.sim, self.work)
        self.assert_sets(self.sim, self.work)
        return report

    def configure(self, lists):
        self.work.gti_base = self.packages.base
        self.work.configure(
            lists=lists, publish="wait: 60s",
            gti="streams: []\nlookback_days: 4\nthreat_lists: ["
            + ", ".join(package_gti.LISTS) + "]")
        text = self.work.config.read_text()
        self.work.config.write_text(text.replace("  threat_lists: []\n", ""))

    def assert_best_kept(self, report, lines):
        """`lines` of a file of each kind; the rest in order of value."""
        categories = {}
        for kind, known in self.crowd.kinds.items():
            ranked = list(self.crowd.rank(kind))
            room = lines[kind] * FILES
            self.assertGreater(len(ranked), room, "all have room")
            for index, path in enumerate(LISTS[KINDS[kind]]):
                part = ranked[index * lines[kind]:(index + 1) * lines[kind]]
                self.assert_lines(path, [known.text(value)
                                         for value, _, _ in part])
            rest = sorted(value for value, _, _ in ranked[room:])
            self.assert_lines(f"exceeded_{kind}.txt",
                              [known.text(value) for value in rest])
            self.assertEqual(report["listed"][kind], room)
            self.assertEqual(report["exceeded"][kind], len(rest))
            self.add_coverage(categories, ranked, room)
        self.assertEqual({row.pop("name"): row
                          for row in report["categories"]}, categories)

    def assert_lines(self, path, expected):
        """assertEqual would print them all."""
        got = self.work.lines(path)
        self.assertEqual(len(got), len(expected), path)
        if got != expected:
            at = [a == b for a, b in zip(got, expected)].index(False)
            self.fail(f"{path}: line {at + 1} is {got[at]}, expected "
                      f"{expected[at]}")

    def add_coverage(self, categories, ranked, room):
        for at, (_, score, lists) in enumerate(ranked):
            for name in lists:
                row = categories.setdefault(name, {"listed": 0, "exceeded": 0})
                row["listed" if at < room else "exceeded"] += 1
                if at >= room:
                    row["cut_verdict"] = "VERDICT_MALICIOUS"
                    row["cut_score"] = max(score, row.get("cut_score", 0))

    def assert_second_run_is_quiet(self):
        """It sends nothing, and activates nothing."""
        writes, activations = self.sim.list_writes(), self.sim.activations()
        report = self.succeed(self.work).report
        self.assertEqual(report["objects_sent"], 0)
        self.assertEqual(self.sim.list_writes(), writes)
        self.assertEqual(self.sim.activations(), activations)


class UnderSanitizers(CapacityCase):
    def test_a_tenth_of_it_fills_all_files(self):
        self.serve(200000, 1000)
        lines = {"ip_address": 25000, "domain": 100}
        report = self.publish("ip_file_lines: 25000\nentity_file_lines: 100")
        self.assert_best_kept(report, lines)
        self.assert_second_run_is_quiet()

    def test_files_of_three_lines_are_filled(self):
        self.serve(2000, 700, full=80)
        report = self.publish("ip_file_lines: 3\nentity_file_lines: 3")
        self.assert_best_kept(report, {"ip_address": 3, "domain": 3})
        self.assert_second_run_is_quiet()

    def test_files_of_forty_bytes_are_filled(self):
        """Two lines of 16 bytes, three of 11."""
        self.serve(2000, 700, full=80)
        report = self.publish("file_bytes: 40")
        self.assert_best_kept(report, {"ip_address": 2, "domain": 3})
        self.assert_second_run_is_quiet()


class Full(CapacityCase):
    """The caps of the service, with the optimised program."""

    def setUp(self):
        super().setUp()
        if not (RELEASE / "sluice").is_file():
            raise RuntimeError(
                f"{RELEASE}/sluice is not there: run tools/test, or cmake "
                "--preset release && cmake --build --preset release, or set "
                "SLUICE_RELEASE_BIN")
        self.addCleanup(setattr, harness, "BIN", harness.BIN)
        harness.BIN = RELEASE

    def test_two_million_ips_and_ten_thousand_names_fill_all_files(self):
        self.serve(2000000, 10000)
        began = time.monotonic()
        report = self.publish(now=None)
        took = time.monotonic() - began
        sizes = {path.name: path.stat().st_size
                 for path in self.work.out.glob("guard_duty/*")}
        print(f"{report['items']} items in {took:.1f} s, the largest list has "
              f"{max(sizes.values()) / MIB:.1f} MiB")
        self.assert_best_kept(report, {"ip_address": 250000, "domain": 1000})
        self.assert_second_run_is_quiet()


if __name__ == "__main__":
    unittest.main()
