# SPDX-License-Identifier: Apache-2.0
"""A sync against a well-behaved server leaves what the oracle expects."""

import unittest

import oracle
from harness import NOW, KEY, Case

SMALL = ("--seed", 7, "--stream-items", 300, "--list-items", 3)
HOUR = 3600


class FirstSync(Case):
    def test_lists_equal_the_oracle_line_by_line(self):
        sim = self.simulator(*SMALL)
        work = self.workspace(sim.base)
        expected = oracle.expect(sim.base, KEY, oracle.Settings(NOW))
        self.assertTrue(expected.files["guard_duty/threat-entity-1.txt"])
        self.assertTrue(expected.files["guard_duty/threat-ip-1.txt"])
        self.assertTrue(expected.invalid["domain"])
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_matches(work, expected)
        self.assert_no_leftovers(work)

    def test_over_capacity_the_best_stay_and_the_rest_is_listed(self):
        sim = self.simulator(*SMALL)
        work = self.workspace(sim.base)
        work.configure(lists="ip_file_lines: 7\nentity_file_lines: 5")
        settings = oracle.Settings(NOW, ip_lines=7, domain_lines=5)
        expected = oracle.expect(sim.base, KEY, settings)
        self.assertTrue(expected.exceeded["domain"])
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_matches(work, expected)
        self.assertIn("Exceeded max GuardDuty ip_address files", run.err)
        self.assertIn("Exceeded max GuardDuty domain files", run.err)

    def test_all_files_exist_and_unused_ones_are_empty(self):
        sim = self.simulator(*SMALL)
        work = self.workspace(sim.base)
        self.assertEqual(work.sync().code, 0)
        for stem in ("ip", "entity"):
            for number in range(1, 7):
                path = work.out / f"guard_duty/threat-{stem}-{number}.txt"
                self.assertTrue(path.is_file(), path)
        unused = work.out / "guard_duty/threat-ip-6.txt"
        self.assertEqual(unused.read_bytes(), b"")

    def test_second_sync_asks_little_and_writes_nothing(self):
        sim = self.simulator(*SMALL)
        work = self.workspace(sim.base)
        first = work.sync()
        before = work.snapshot()
        times = {path: path.stat().st_mtime_ns
                 for path in work.out.rglob("*") if path.is_file()}
        second = work.sync()
        self.assertEqual(second.code, 0, second.err)
        self.assertEqual(work.snapshot(), before)
        for path, time in times.items():
            self.assertEqual(path.stat().st_mtime_ns, time, path)
        self.assertLessEqual(second.report["requests"], 10)
        self.assertGreater(first.report["requests"], 1000)
        self.assertFalse(any(f["changed"] for f in second.report["files"]))

    def test_later_sync_adds_what_is_new_and_moves_nothing(self):
        first_sim = self.simulator(*SMALL)
        work = self.workspace(first_sim.base)
        self.assertEqual(work.sync().code, 0)
        before = work.lines("guard_duty/threat-ip-1.txt")
        later = NOW + 3 * HOUR
        sim = self.simulator(*SMALL, now=later)
        work.base, work.now = sim.base, later
        work.configure()
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        after = work.lines("guard_duty/threat-ip-1.txt")
        gone = set(before) - set(after)
        self.assertEqual([line for line in before if line not in gone],
                         [line for line in after if line in set(before)])
        self.assertGreater(len(set(after) - set(before)), 0)
        self.assertLess(run.report["requests"], 200)

    def test_report_agrees_with_what_the_server_counted(self):
        sim = self.simulator(*SMALL)
        work = self.workspace(sim.base)
        report = work.sync().report
        stats = sim.stats()
        self.assertEqual(report["requests"], stats["requests"])
        self.assertEqual(stats.get("without_x_tool", 0), 0)
        self.assertLessEqual(stats["in_flight_max"], 64)
        listed = {"ip_address": 0, "domain": 0}
        for stem, kind in (("ip", "ip_address"), ("entity", "domain")):
            for number in range(1, 7):
                path = f"guard_duty/threat-{stem}-{number}.txt"
                listed[kind] += len(work.lines(path))
        self.assertEqual(report["listed"], listed)

    def test_log_lines_are_those_that_users_search_for(self):
        sim = self.simulator(*SMALL)
        work = self.workspace(sim.base)
        run = work.sync("--log-level", "debug")
        for line in (
                "[INFO] ===== GTI IOC Sync Lambda Starting =====",
                "[INFO] Using lookback days: 5",
                "[INFO] Fetching IOC Stream (domain) | last_date=",
                "[INFO] Updated file: guard_duty/threat-entity-1.txt | "
                "Records: ",
                "[INFO] \u2714 IOC Sync Completed Successfully"):
            self.assertIn(line, run.err)
        self.assertRegex(run.err, r"\[DEBUG\] Fetched page with \d+ items \| "
                                  r"next_cursor=\S+")
        self.assertRegex(run.err, r"Records: \d+ \| Size: \d+\.\d\d MB")


if __name__ == "__main__":
    unittest.main()
