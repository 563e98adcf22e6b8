# SPDX-License-Identifier: Apache-2.0
"""`sync --profile`: the stages add up to the time of the sync, and the closing
sentence names what was waited for."""

import unittest

from harness import Case

GTI = "streams: [domain]\nthreat_lists: []\nlookback_days: 1"
DATA = ("--seed", 4, "--stream-items", 200, "--list-items", 2)
STAGES = ["network_wait", "limiter_wait", "receive", "parse", "check",
          "dedupe", "commit", "fold", "placement", "write", "other"]


class Profile(Case):
    def sync(self, *options, gti=GTI):
        sim = self.simulator(*DATA, *options)
        work = self.workspace(sim.base)
        work.configure(gti=gti)
        run = work.sync("--profile")
        self.assertEqual(run.code, 0, run.err)
        report = run.report
        profile = report["profile"]
        self.assertEqual(list(profile["stages"]), STAGES)
        self.assertGreaterEqual(min(profile["stages"].values()), 0)
        self.assertAlmostEqual(sum(profile["stages"].values()),
                               profile["seconds"], delta=1e-6)
        self.assertAlmostEqual(profile["seconds"], report["seconds"],
                               delta=0.002)
        return work, profile

    def test_a_slow_server_shows_as_network_wait(self):
        work, profile = self.sync("--latency", 1000)
        self.assertEqual(profile["limit"], "api")
        self.assertGreaterEqual(profile["stages"]["network_wait"], 1)
        for stage in ("receive", "parse", "check", "fold", "placement",
                      "write"):
            self.assertGreater(profile["stages"][stage], 0, stage)

        text = work.run("sync", "--profile").out
        self.assertRegex(text, r"\n  network wait +[\d.]+ s +[\d.]+ %\n")
        self.assertIn("\nThe API was the limit: ", text)
        self.assertNotIn("profile", work.sync().report)

    def test_a_rate_limit_shows_as_limiter_wait(self):
        _, profile = self.sync(gti="streams: []\nthreat_lists: [malware]\n"
                               "lookback_days: 1\nrequests_per_minute: 1200")
        self.assertEqual(profile["limit"], "rate_limit")
        self.assertGreaterEqual(profile["stages"]["limiter_wait"], 1)


if __name__ == "__main__":
    unittest.main()
