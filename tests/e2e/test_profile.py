# SPDX-License-Identifier: Apache-2.0
"""`sync --profile`: the stages add up to the time of the sync, and the closing
sentence names what was waited for."""

import gzip
import json
import signal
import time
import unittest

import aws_harness
import publish_harness
from harness import Case, wait_until

GTI = "streams: [domain]\nthreat_lists: []\nlookback_days: 1"
DATA = ("--seed", 4, "--stream-items", 200, "--list-items", 2)
STAGES = ["network_wait", "limiter_wait", "receive", "parse", "check",
          "dedupe", "commit", "fold", "placement", "write", "other"]


class Adds:
    def assert_adds_up(self, report):
        profile = report["profile"]
        self.assertEqual(list(profile["stages"]), STAGES)
        self.assertGreaterEqual(min(profile["stages"].values()), 0)
        self.assertAlmostEqual(sum(profile["stages"].values()),
                               profile["seconds"], delta=1e-6)
        self.assertAlmostEqual(profile["seconds"], report["seconds"],
                               delta=0.01)
        return profile

    def profile(self, work, code=0):
        run = work.sync("--profile")
        self.assertEqual(run.code, code, run.err)
        return self.assert_adds_up(run.report)

    def assert_waited(self, profile, stage, seconds, limit):
        self.assertGreaterEqual(profile["stages"][stage], seconds, profile)
        self.assertEqual(profile["limit"], limit, profile)


class Lists(Case, Adds):
    def sync(self, *options, gti=GTI, limits=""):
        sim = self.simulator(*DATA, *options)
        work = self.workspace(sim.base)
        work.configure(gti=gti, limits=limits)
        return work, self.profile(work)

    def test_a_slow_server_shows_as_network_wait(self):
        work, profile = self.sync("--latency", 1000)
        self.assert_waited(profile, "network_wait", 1, "api")
        for stage in ("receive", "parse", "check", "fold", "placement",
                      "write"):
            self.assertGreater(profile["stages"][stage], 0, stage)

        text = work.run("sync", "--profile").out
        self.assertRegex(text, r"\n  network wait +[\d.]+ s +[\d.]+ %\n")
        self.assertIn("\nThe API was the limit: ", text)
        self.assertNotIn("profile", work.sync().report)

    def test_so_it_does_to_several_loops(self):
        for threads in (2, 4):
            with self.subTest(threads=threads):
                _, profile = self.sync("--latency", 700,
                                       limits=f"threads: {threads}")
                self.assert_waited(profile, "network_wait", 0.7, "api")
                self.assertGreater(profile["stages"]["parse"], 0)

    def test_a_rate_limit_shows_as_limiter_wait(self):
        _, profile = self.sync(gti="streams: []\nthreat_lists: [malware]\n"
                               "lookback_days: 1\nrequests_per_minute: 1200")
        self.assert_waited(profile, "limiter_wait", 1, "rate_limit")

    def test_what_was_stopped_adds_up(self):
        for threads in (1, 2):
            with self.subTest(threads=threads):
                sim = self.simulator(*DATA, "--latency", 20000)
                work = self.workspace(sim.base, f"w{threads}")
                work.configure(gti=GTI, limits=f"threads: {threads}")
                process = work.start("sync", "--json", "--profile")
                wait_until(lambda: sim.stats()["in_flight"] > 0)
                time.sleep(0.3)
                process.send_signal(signal.SIGINT)
                out, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 1, err)
                profile = self.assert_adds_up(json.loads(out))
                self.assertGreaterEqual(profile["stages"]["network_wait"],
                                        0.2)


class ExportWorkspace(aws_harness.AwsWorkspace):
    source = "guardduty_export"


class Findings(aws_harness.AwsCase, Adds):
    def test_a_slow_region_shows_as_network_wait(self):
        world = self.world("--gd-findings", 100, "--latency", 300)
        for threads in (1, 2):
            work = self.workspace(world.base, f"w{threads}")
            work.configure(limits=f"threads: {threads}")
            profile = self.profile(work)
            self.assert_waited(profile, "network_wait", 0.6, "api")
            for stage in ("receive", "parse", "write"):
                self.assertGreater(profile["stages"][stage], 0, stage)

    def test_files_of_a_folder_are_not_waited_for(self):
        world = self.world("--gd-findings", 100)
        folder = self.folder / "export"
        folder.mkdir()
        lines = [json.dumps(finding) for finding in world.findings()]
        text = ("\n".join(lines) + "\n").encode()
        (folder / "a.jsonl.gz").write_bytes(gzip.compress(text))
        (folder / "b.jsonl").write_bytes(text)
        for threads in (1, 2):
            work = ExportWorkspace(self.folder / f"w{threads}", world.base)
            work.configure(f"export: {folder}", limits=f"threads: {threads}")
            profile = self.profile(work)
            for stage in ("receive", "parse", "write"):
                self.assertGreater(profile["stages"][stage], 0, stage)


class Publishing(publish_harness.PublishCase, Adds):
    def test_a_slow_bucket_shows_as_network_wait(self):
        sim = self.world("--latency", 100)
        self.put_domains("evil.example", "worse.example")
        self.put_addresses("45.33.1.1", "45.33.2.0/24")
        profile = self.profile(self.workspace(sim.base))
        self.assert_waited(profile, "network_wait", 0.6, "api")


if __name__ == "__main__":
    unittest.main()
