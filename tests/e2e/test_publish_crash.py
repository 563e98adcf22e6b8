# SPDX-License-Identifier: Apache-2.0
"""A failure after every single request of a publication, and a kill there: the
next run completes it, and nothing is lost on the way.
"""

import shutil
import signal
import unittest

import publish_harness
from publish_harness import NOW

# One run of both: a set to be made, one to be activated again, one list that
# becomes empty, and a new checkpoint.
OLD = [f"old{i}.example" for i in range(4)]
NEW = ["new.example"]


class Case(publish_harness.PublishCase):
    def begin(self, name, *options):
        """A world with a publication behind it, and news to come."""
        self.gti.items.clear()
        sim = self.world("--gd-activation-delay", 30, *options)
        self.put_domains(*OLD)
        work = self.workspace(sim.base, name)
        self.succeed(work)
        self.put_domains(*NEW, at=NOW - 60)
        self.put_addresses("45.33.1.1", at=NOW - 60)
        return sim, work

    def complete(self, sim, work, where):
        """At most two more runs: one that mends, one that has nothing to do."""
        run = work.sync()
        self.assertEqual(run.code, 0, f"{where}: {run.err[-3000:]}")
        sim.finish_sets()
        run = work.sync()
        self.assertEqual(run.code, 0, f"{where}: {run.err[-3000:]}")
        self.assertEqual(run.report["objects_sent"], 0, where)
        self.assert_published(sim, work)
        self.assertEqual(sorted(work.lines(publish_harness.LISTS["entity"][0])),
                         sorted(OLD + NEW), where)
        self.assertEqual(work.lines(publish_harness.LISTS["ip"][0]),
                         ["45.33.1.1"], where)


class FailedRequest(Case):
    """The n-th AWS request of the second run fails, for each n and each way
    in which it can."""

    def requests_of_a_run(self):
        sim, work = self.begin("reference")
        first = sim.requests()
        self.succeed(work)
        return first, sim.requests()

    def fail_each(self, how):
        first, last = self.requests_of_a_run()
        self.assertGreater(last - first, 6)
        for nth in range(first + 1, last + 1):
            with self.subTest(how=how, nth=nth):
                sim, work = self.begin(f"{how}-{nth}", "--aws-fail-nth",
                                       f"{nth}:{how}")
                run = work.sync()
                # A request that is sent again is no failure.
                self.assertIn(run.code, (0, 1), run.err[-3000:])
                self.complete(sim, work, f"{how} at {nth}")
                sim.stop()
                shutil.rmtree(work.folder)

    def test_with_a_server_error(self):
        self.fail_each("500")

    def test_with_an_answer_that_is_lost(self):
        self.fail_each("lost")

    def test_with_a_connection_that_is_reset(self):
        self.fail_each("reset")

    def test_with_a_refusal(self):
        self.fail_each("403")


class Killed(Case):
    def points(self):
        sim, work = self.begin("reference")
        counted = self.folder / "points"
        self.succeed(work, SLUICE_CRASH_COUNT=counted)
        return int(counted.read_text())

    def test_at_every_point(self):
        points = self.points()
        kills = 0
        for point in range(1, points + 1):
            with self.subTest(point=point):
                sim, work = self.begin(f"point-{point}")
                run = work.sync(SLUICE_CRASH_AT=point)
                kills += run.code == -signal.SIGKILL
                self.complete(sim, work, f"killed at {point} of {points}")
                sim.stop()
                shutil.rmtree(work.folder)
        # Threads take turns: a point may come later than it was counted.
        self.assertGreater(kills, points * 3 // 4)


if __name__ == "__main__":
    unittest.main()
