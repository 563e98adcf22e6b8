# SPDX-License-Identifier: Apache-2.0
"""`limits.threads`: the same files whatever the number of loops."""

import gzip
import json
import unittest

import aws_harness
from harness import Case

THREADS = (1, 2, 4)
# What arrives in an order of chance, now and then twice, and doesn't all fit.
WORLD = ("--seed", 4, "--stream-items", 1500, "--list-items", 12,
         "--jitter", 30, "--fault", "cut-body=every:40",
         "--fault", "503=every:50")
GTI = "lookback_days: 1"
LISTS = "ip_file_lines: 60\nentity_file_lines: 200"


def limits(threads):
    return f"connections: 12\nthreads: {threads}"


class Lists(Case):
    def pull(self, threads, gti=GTI):
        sim = self.simulator(*WORLD)
        work = self.workspace(sim.base, f"w{threads}")
        work.configure(gti=gti, lists=LISTS, limits=limits(threads))
        run = work.sync()
        self.assertEqual(run.code, 0, run.err[-3000:])
        self.assertLessEqual(run.report["in_flight_max"], 12)
        return work, run.report

    def test_every_file_is_the_same_to_the_last_byte(self):
        first, first_report = self.pull(THREADS[0])
        files = first.snapshot()
        self.assertGreater(len(files["exceeded_domain.txt"]), 0)
        self.assertGreater(len(files["exceeded_ip_address.txt"]), 0)
        for threads in THREADS[1:]:
            work, report = self.pull(threads)
            self.assertEqual(work.snapshot(), files, f"{threads} loops")
            # Not what came: where windows meet, a second is pulled twice,
            # and which windows there are is a matter of time.
            for key in ("listed", "exceeded"):
                self.assertEqual(report[key], first_report[key], key)

    def test_a_profile_adds_up(self):
        sim = self.simulator("--seed", 4, "--list-items", 5)
        work = self.workspace(sim.base)
        work.configure(gti="streams: []\nthreat_lists: [malware]\n" + GTI,
                       limits=limits(3))
        run = work.sync("--profile")
        self.assertEqual(run.code, 0, run.err)
        profile = run.report["profile"]
        self.assertAlmostEqual(sum(profile["stages"].values()),
                               profile["seconds"], delta=1e-6)
        self.assertAlmostEqual(profile["seconds"], run.report["seconds"],
                               delta=0.01)
        self.assertGreater(profile["stages"]["parse"], 0)


class ExportWorkspace(aws_harness.AwsWorkspace):
    source = "guardduty_export"


class Findings(aws_harness.AwsCase):
    """The order of rows is that of commits; the rows are the same."""

    def rows_of(self, work):
        run = work.sync()
        self.assertEqual(run.code, 0, run.err[-3000:])
        return sorted(work.lines("indicators.ndjson"))

    def test_the_rows_are_the_same(self):
        world = self.world("--gd-findings", 600, "--seed", 11)
        rows = []
        for threads in THREADS:
            work = self.workspace(world.base, f"w{threads}")
            work.configure(limits=limits(threads))
            rows.append(self.rows_of(work))
        self.assert_rows(work, world.findings())
        self.assertEqual(rows[1], rows[0])
        self.assertEqual(rows[2], rows[0])

    def export(self, findings):
        """Ten objects, of which one is so large that it is committed in
        parts: 33 MB of blank lines are in it."""
        folder = self.folder / "export"
        folder.mkdir()
        for number in range(10):
            lines = [json.dumps(finding).encode()
                     for finding in findings[number::10]]
            text = b"\n".join(lines) + b"\n"
            path = folder / f"{number}.jsonl.gz"
            path.write_bytes(gzip.compress(text))
            if number == 3:
                path.unlink()
                gap = b"\n" * (33 << 20)
                (folder / "3.jsonl").write_bytes(
                    lines[0] + gap + b"\n".join(lines[1:]) + b"\n")
        return folder

    def test_the_rows_of_an_export_are_the_same(self):
        world = self.world("--gd-findings", 300, "--seed", 51)
        folder = self.export(world.findings())
        rows = []
        for threads in (1, 4):
            work = ExportWorkspace(self.folder / f"w{threads}", world.base)
            work.configure(f"export: {folder}", limits=limits(threads))
            rows.append(self.rows_of(work))
        self.assert_rows(work, world.findings())
        self.assertEqual(rows[1], rows[0])
        # And nothing of it is read again.
        again = work.sync()
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(sorted(work.lines("indicators.ndjson")), rows[0])


if __name__ == "__main__":
    unittest.main()
