# SPDX-License-Identifier: Apache-2.0
"""However often a pull is killed, and whatever happens to its files between
runs, no row is torn, doubled or lost without a word.
"""

import os
import random
import resource
import shutil
import signal
import subprocess
import time
import unittest

import aws_harness
import findings_oracle
import harness

ACCOUNTS = [aws_harness.ACCOUNT, "222222222222"]
REGIONS = ["us-east-1", "eu-west-1"]
ROLE = f"arn:aws:iam::{ACCOUNTS[1]}:role/reader"
DATA = ("--gd-accounts", ",".join(ACCOUNTS), "--gd-regions",
        ",".join(REGIONS), "--gd-findings", 120, "--seed", 51,
        "--aws-role", ROLE)
GUARDDUTY = (f"accounts: [{{id: '{ACCOUNTS[0]}'}}, {{id: '{ACCOUNTS[1]}', "
             f"role_arn: '{ROLE}'}}]\nregions: [{', '.join(REGIONS)}]")
ROWS, CELLS, BUNDLE = ("indicators.ndjson", "indicators.csv",
                       "indicators.stix.json")
MINE = '{"mine":1}'
POINTS = 24
SHARED_MEMORY = "/dev/shm"


class Case(aws_harness.AwsCase):
    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None

    def setUp(self):
        super().setUp()
        self.sim = self.world(*DATA)
        self.expected = findings_oracle.expect(self.sim.findings())
        self.counted = self.folder / "points"
        reference = self.make("reference")
        run = reference.sync(SLUICE_CRASH_COUNT=self.counted)
        self.assertEqual(run.code, 0, run.err)
        self.bundle = (reference.out / BUNDLE).read_bytes()
        self.assert_whole(reference)

    def make(self, name):
        work = self.workspace(self.sim.base, name)
        work.sinks = "[ndjson, csv, stix]"
        work.configure(GUARDDUTY)
        return work

    def assert_whole(self, work):
        self.assertEqual(work.keys(), self.expected)
        rows, cells = work.rows(), work.csv_rows()
        self.assertEqual(len(cells), len(rows))
        for row, cell in zip(rows, cells):
            for name in ("value", "finding_id", "account", "region"):
                self.assertEqual(cell[name].lstrip("'"), row[name])
        self.assertEqual((work.out / BUNDLE).read_bytes(), self.bundle)

    def complete(self, work):
        run = work.sync()
        self.assertEqual(run.code, 0, run.err[-3000:])
        self.assert_whole(work)


class Killed(Case):
    def test_at_any_point(self):
        chance = random.Random(51)
        points = chance.sample(range(1, int(self.counted.read_text())),
                               POINTS)
        kills = 0
        for point in points:
            work = self.make(f"point-{point}")
            kills += work.sync(
                SLUICE_CRASH_AT=point).code == -signal.SIGKILL
            self.complete(work)
            shutil.rmtree(work.folder)
        self.assertGreater(kills, POINTS / 2)

    def test_again_and_again(self):
        """The same run, killed thirteen times in a row and then let be."""
        chance = random.Random(52)
        work = self.make("again")
        for _ in range(8):
            work.sync(SLUICE_CRASH_AT=chance.randint(1, 150))
        for _ in range(5):
            process = work.start("sync", "--json")
            time.sleep(chance.uniform(0, 0.4))
            harness.kill(process)
        self.complete(work)

    def test_by_a_polite_signal(self):
        # From some answer on none comes whole: it can't end before that.
        sim = self.world(*DATA, "--fault",
                         "stall=after:2,always,persistent,endpoint:get")
        work = self.make("term")
        work.environment["AWS_ENDPOINT_URL"] = sim.base
        process = work.start("sync", "--json")
        self.assertTrue(harness.wait_until(
            lambda: sim.stats()["faults"].get("stall")))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn("run again", err)
        work.environment["AWS_ENDPOINT_URL"] = self.sim.base
        self.complete(work)


class Meddled(Case):
    def after(self, name, meddle, code=0):
        work = self.make(name)
        self.assertEqual(work.sync().code, 0)
        meddle(work)
        run = work.sync()
        self.assertEqual(run.code, code, run.err[-3000:])
        return work, run

    def test_lines_of_others_stay(self):
        def append(work):
            with open(work.out / ROWS, "a", encoding="utf-8") as file:
                file.write(MINE + "\n")
        work, run = self.after("appended", append)
        self.assertIn("was changed since the last run", run.err)
        self.assertEqual(work.lines(ROWS)[-1], MINE)
        self.assertEqual(len(work.lines(ROWS)), len(self.expected) + 1)

    def test_a_file_that_was_moved_away_is_begun_anew_and_told(self):
        work, run = self.after("moved", lambda work: (work.out / ROWS).unlink())
        self.assertIn("don't come again", run.err)
        self.assertEqual(work.lines(ROWS), [])

    def test_a_file_that_was_cut_is_told(self):
        work, run = self.after(
            "cut", lambda work: os.truncate(work.out / CELLS, 1000))
        self.assertIn("was changed since the last run", run.err)
        self.assertIn("torn line", run.err)
        work.csv_rows()

    def test_a_bundle_that_was_deleted_is_made_again(self):
        work, _ = self.after(
            "bundle", lambda work: (work.out / BUNDLE).unlink())
        self.assert_whole(work)

    def test_what_is_no_file_is_refused(self):
        def link(work):
            (work.out / ROWS).rename(work.folder / "elsewhere")
            (work.out / ROWS).symlink_to(work.folder / "elsewhere")

        def folder(work):
            (work.out / ROWS).unlink()
            (work.out / ROWS).mkdir()

        def pipe(work):
            (work.out / ROWS).unlink()
            os.mkfifo(work.out / ROWS)
        for name, meddle, word in (("link", link, "symbolic link"),
                                   ("folder", folder, "folder"),
                                   ("pipe", pipe, "no ordinary file")):
            _, run = self.after(name, meddle, code=1)
            self.assertIn(word, run.err)

    def test_a_lost_state_is_told(self):
        work, run = self.after(
            "state", lambda work: shutil.rmtree(work.folder / "state"))
        self.assertIn("knows nothing of", run.err)
        self.assertEqual(len(work.lines(ROWS)), 2 * len(self.expected))
        self.assertEqual((work.out / BUNDLE).read_bytes(), self.bundle)

    def test_a_sink_that_came_later_is_told(self):
        work = self.make("later")
        work.sinks = "[ndjson]"
        work.configure(GUARDDUTY)
        self.assertEqual(work.sync().code, 0)
        work.sinks = "[ndjson, csv]"
        work.configure(GUARDDUTY)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn(f"{CELLS} is new to this flow", run.err)


class Crowded(Case):
    def test_a_full_disk_leaves_whole_rows_and_is_gone_on_with(self):
        work = self.make("full")

        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (90000, 90000))
        process = subprocess.Popen(
            [harness.BIN / "sluice", "sync", "--json", "-c", work.config],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=work.folder, env=work.env(), preexec_fn=limit)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.complete(work)

    def test_of_two_at_once_one_is_refused(self):
        sim = self.world(*DATA, "--latency", 150)
        work = self.make("two")
        work.environment["AWS_ENDPOINT_URL"] = sim.base
        process = work.start("sync", "--json")
        self.assertTrue(harness.wait_until(
            lambda: sim.stats()["requests"] > 4))
        # However long the second takes, the first is there.
        process.send_signal(signal.SIGSTOP)
        second = work.sync()
        process.send_signal(signal.SIGCONT)
        self.assertEqual(second.code, 1, second.err)
        self.assertIn("another", second.err)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assert_whole(work)


if __name__ == "__main__":
    unittest.main()
