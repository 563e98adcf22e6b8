# SPDX-License-Identifier: Apache-2.0
"""Many requests are in flight at once, as many as allowed and no more, and
every stream and list gets its turn.
"""

import collections
import os
import pathlib
import re
import time
import unittest

import harness
import oracle
from harness import NOW, Case

RELEASE = pathlib.Path(os.environ.get(
    "SLUICE_RELEASE_BIN", "build/release/bin")).resolve()
BACKFILL = ("--seed", 4, "--stream-items", 3000, "--list-items", 3,
            "--latency", 50, "--jitter", 50)
LANE = re.compile(r"^\[DEBUG\] Fetched (?:page with|Threat List \(([^)]+)\))")


class Parallel(Case):
    def backfill(self, limits="", *args, gti="", options=()):
        """Five days, all lists and both streams, each answer 50-100 ms."""
        sim = self.simulator(*BACKFILL, *options)
        work = self.workspace(sim.base, limits.replace(": ", "-") or "w")
        work.configure(limits=limits, gti=gti)
        began = time.monotonic()
        run = work.sync(*args)
        seconds = time.monotonic() - began
        self.assertEqual(run.code, 0, run.err[-3000:])
        stats = sim.stats()
        self.assertEqual(run.report["requests"], stats["requests"])
        # What has come and isn't read yet is in flight for us alone.
        self.assertLessEqual(stats["in_flight_max"],
                             run.report["in_flight_max"])
        print(f"{limits or 'default limits'}: {stats['requests']} requests in "
              f"{seconds:.1f} s, {stats['in_flight_max']} in flight, "
              f"{stats['connections']} connections")
        return run, stats

    def test_default_limits_keep_many_requests_in_flight(self):
        _, stats = self.backfill()
        self.assertGreaterEqual(stats["in_flight_max"], 28)
        self.assertLessEqual(stats["in_flight_max"], 64)
        # Connections are used again: a new one for each would be 1,800.
        self.assertLessEqual(stats["connections"], 2 * 64)

    def test_the_limit_is_reached_and_never_exceeded(self):
        # Answers that take long enough for all of them to be asked for, however
        # busy this machine is.
        for connections, latency in ((4, 50), (16, 50), (64, 400)):
            with self.subTest(connections=connections):
                run, stats = self.backfill(f"connections: {connections}",
                                           gti="lookback_days: 1",
                                           options=("--latency", latency))
                self.assertEqual(run.report["in_flight_max"], connections)
                self.assertEqual(stats["in_flight_max"], connections)
                self.assertLessEqual(stats["connections"], 2 * connections)

    def test_every_stream_and_list_gets_its_turn(self):
        run, _ = self.backfill("connections: 16", "--log-level", "debug",
                               gti="lookback_days: 2")
        lanes = [match.group(1) or "streams"
                 for match in map(LANE.match, run.err.splitlines()) if match]
        total = collections.Counter(lanes)
        self.assertEqual(set(total), {"streams", *oracle.LISTS})
        print("answers of each:", dict(total))
        # Nine lanes take turns while all have something to ask, so the first
        # third of the answers are as good as evenly divided.
        first = collections.Counter(lanes[:len(lanes) // 3])
        print("in the first third:", dict(first))
        share = len(lanes) // 3 / 9
        for name in oracle.LISTS:
            self.assertGreater(first[name], share * 0.7, name)
            self.assertLess(first[name], share * 1.5, name)
        self.assertGreater(first["streams"], share)

    def test_requests_per_minute_are_respected(self):
        sim = self.simulator("--seed", 4, "--stream-items", 50,
                             "--list-items", 2, "--bursts", "off")
        work = self.workspace(sim.base)
        rate = 1200
        work.configure(gti="threat_lists: [malware]\nlookback_days: 2\n"
                           f"requests_per_minute: {rate}")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err[-3000:])
        stats = sim.stats()
        # By the clock of who keeps to it: requests that lie about on their way
        # come faster than they were sent.
        seconds = run.report["pull_seconds"]
        allowed = seconds * rate / 60 + rate / 600 + 1
        print(f"{stats['requests']} requests in {seconds:.2f} s, allowed "
              f"{allowed:.1f}")
        self.assertGreater(stats["requests"], 80)
        self.assertLessEqual(stats["requests"], allowed)


class Backfill(Case):
    """The figure of the optimised build, told and not asserted."""

    def setUp(self):
        super().setUp()
        if not (RELEASE / "sluice").is_file():
            self.fail(f"{RELEASE}/sluice is not there: run tools/test, or set "
                      "SLUICE_RELEASE_BIN")
        kept, harness.BIN = harness.BIN, RELEASE
        self.addCleanup(setattr, harness, "BIN", kept)

    def test_1680_packages_at_100_ms(self):
        sim = self.simulator("--seed", 4, "--list-items", 50, "--latency", 100,
                             now=int(time.time()))
        work = self.workspace(sim.base, now=None)
        work.configure(gti="streams: []")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err[-3000:])
        stats = sim.stats()
        report = run.report
        self.assertGreaterEqual(stats["requests"], 7 * 2 * 118)
        print(f"{stats['requests']} packages at 100 ms: {report['seconds']} s, "
              f"{stats['in_flight_max']} in flight; one after the other would "
              f"take {stats['requests'] / 10:.0f} s")
        self.assertEqual(stats["in_flight_max"], 64)


if __name__ == "__main__":
    unittest.main()
