# SPDX-License-Identifier: Apache-2.0
"""However often and wherever a sync is ended, the next one that comes to its
end leaves the same bytes behind as one that nobody disturbed.
"""

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from subprocess import TimeoutExpired

from harness import NOW, Case, kill, wait_until

HOUR = 3600
SEED = 20260101
SHARED_MEMORY = "/dev/shm"
KILLED = -signal.SIGKILL
STOPPED = "stopped on request; what was committed stays, run again to go on"

# So little that every point is reached in about a second of processor time,
# and lists so small that entries are displaced by lines and by bytes.
TINY = ("--seed", 5, "--stream-items", 60, "--list-items", 2,
        "--bursts", "off")
TINY_GTI = "threat_lists: [malware]\nlookback_days: 1"
TINY_LISTS = "ip_file_lines: 6\nentity_file_lines: 6\nfile_bytes: 110"

# Long enough for a random moment to be in the middle of something.
SMALL = ("--seed", 6, "--stream-items", 2000, "--list-items", 20,
         "--latency", 3, "--jitter", 3)
SMALL_GTI = "threat_lists: [malware, phishing]\nlookback_days: 2"
SMALL_LISTS = "entity_file_lines: 250\nip_file_lines: 250"
CONNECTIONS = 8


class CrashCase(Case):
    def tiny(self, sim, name, now=NOW):
        work = self.workspace(sim.base, name, now=now)
        work.configure(gti=TINY_GTI, limits="connections: 4", lists=TINY_LISTS)
        return work

    def small(self, sim, name, now=NOW):
        work = self.workspace(sim.base, name, now=now)
        work.configure(gti=SMALL_GTI, lists=SMALL_LISTS,
                       limits=f"connections: {CONNECTIONS}")
        return work


    def complete(self, work):
        run = work.sync()
        self.assertEqual(run.code, 0, run.err[-3000:])
        self.assert_no_leftovers(work)
        return work.snapshot()

    def assert_old_or_new(self, work, old, new, moment):
        """A file that was begun but not finished shows nothing of it."""
        for path, data in work.snapshot().items():
            if not path.endswith(".part"):
                self.assertIn(data, (old.get(path), new[path]),
                              f"{path} after {moment}")


class EveryPoint(CrashCase):
    """SIGKILL after each write, fsync, rename and commit. What a killed
    process has written is the kernel's, so a file system in memory, where
    there is one, shows the same and spares thousands of waits for a disk."""

    parent = SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else None

    def crash_at(self, work, point, old, new):
        """False when the run came to its end before that point."""
        run = work.sync(SLUICE_CRASH_AT=point)
        if run.code == 0:
            return False
        self.assertEqual(run.code, KILLED, run.err[-3000:])
        self.assert_old_or_new(work, old, new, f"point {point}")
        self.assertEqual(self.complete(work), new, f"point {point}")
        return True

    def crash_everywhere(self, prepare, old, new):
        """prepare(point) makes a workspace. Two at a time; the number of
        points differs a little from run to run, for answers that come
        together are committed together, so the end is where none is met."""
        points = 0

        def one(point):
            work = prepare(point)
            met = self.crash_at(work, point, old, new)
            shutil.rmtree(work.folder)
            return met

        with ThreadPoolExecutor(2) as pool:
            while True:
                batch = range(points + 1, points + 21)
                met = sum(pool.map(one, batch))
                points += met
                if met < len(batch):
                    return points

    def test_a_first_sync_survives_each_point(self):
        sim = self.simulator(*TINY)
        work = self.tiny(sim, "reference")
        counted = self.folder / "points"
        self.assertEqual(work.sync(SLUICE_CRASH_COUNT=counted).code, 0)
        new = work.snapshot()
        self.assertTrue(new["exceeded_domain.txt"])
        self.assertTrue(new["guard_duty/threat-ip-6.txt"])
        points = self.crash_everywhere(
            lambda point: self.tiny(sim, f"point-{point}"), {}, new)
        print(f"first sync: killed at {points} points")
        self.assertGreater(points, int(counted.read_text()) * 0.8)
        self.assertGreater(points, 150)

    def test_a_later_sync_survives_each_point(self):
        sim = self.simulator(*TINY)
        first = self.tiny(sim, "first")
        old = self.complete(first)
        later = NOW + 5 * HOUR
        sim = self.simulator(*TINY, now=later)

        def later_copy(name):
            shutil.copytree(first.folder / "state",
                            self.folder / name / "state")
            shutil.copytree(first.out, self.folder / name / "out")
            return self.tiny(sim, name, now=later)

        new = self.complete(later_copy("reference"))
        changed = [path for path in new if new[path] != old[path]]
        self.assertGreater(len(changed), 4)
        points = self.crash_everywhere(
            lambda point: later_copy(f"point-{point}"), old, new)
        print(f"later sync: killed at {points} points, "
              f"{len(changed)} files change")
        self.assertGreater(points, 60)

    def test_a_take_over_survives_each_point(self):
        sim = self.simulator(*TINY)
        left = {
            "guard_duty/threat-ip-2.txt": b"45.0.0.2\r\n45.0.0.1/32\r\n",
            "guard_duty/threat-ip-3.txt": b"not an address\n45.0.0.3",
            "guard_duty/threat-entity-1.txt": b"TAKEN.net\r\nover.net\r\n",
            "gti-checkpoint.json":
                b'{"domain_last_notification_date": %d,'
                b' "threat_lists": {"malware": "2026010103"}}' % (NOW - HOUR),
        }

        def lambda_folder(name):
            work = self.tiny(sim, name)
            for path, data in left.items():
                (work.out / path).parent.mkdir(parents=True, exist_ok=True)
                (work.out / path).write_bytes(data)
            return work

        new = self.complete(lambda_folder("reference"))
        for path, lines in (("guard_duty/threat-ip-2.txt",
                             b"45.0.0.2\n45.0.0.1\n"),
                            ("guard_duty/threat-entity-1.txt",
                             b"taken.net\nover.net\n")):
            self.assertTrue(new[path].startswith(lines), new[path])
        points = self.crash_everywhere(
            lambda point: lambda_folder(f"point-{point}"), left, new)
        print(f"take-over: killed at {points} points")
        self.assertGreater(points, 100)

    def test_a_state_of_version_1_survives_each_point_of_its_change(self):
        sim = self.simulator(*TINY)
        first = self.tiny(sim, "first")
        old = self.complete(first)
        later = NOW + 5 * HOUR
        sim = self.simulator(*TINY, now=later)

        def older_copy(name):
            shutil.copytree(first.folder / "state",
                            self.folder / name / "state")
            shutil.copytree(first.out, self.folder / name / "out")
            path = self.folder / name / "state" / "state.db"
            with contextlib.closing(sqlite3.connect(path)) as state:
                rows = state.execute("SELECT count(*) FROM blocks").fetchone()
                self.assertEqual(rows, (0,))
                state.execute("DROP TABLE blocks")
                state.execute("PRAGMA user_version = 1")
                state.commit()
            return self.tiny(sim, name, now=later)

        def version(work):
            with contextlib.closing(sqlite3.connect(
                    work.folder / "state" / "state.db")) as state:
                return state.execute("PRAGMA user_version").fetchone()[0]

        new = self.complete(older_copy("reference"))
        seen = set()
        for point in range(1, 13):
            work = older_copy(f"point-{point}")
            run = work.sync(SLUICE_CRASH_AT=point)
            self.assertEqual(run.code, KILLED, run.err[-3000:])
            seen.add(version(work))
            self.assert_old_or_new(work, old, new, f"point {point}")
            self.assertEqual(self.complete(work), new, f"point {point}")
            self.assertEqual(version(work), 2)
            shutil.rmtree(work.folder)
        # Before the change and behind it.
        self.assertEqual(seen, {1, 2})

    def test_a_second_kill_during_the_recovery_changes_nothing(self):
        sim = self.simulator(*TINY)
        counted = self.folder / "points"
        work = self.tiny(sim, "reference")
        self.assertEqual(work.sync(SLUICE_CRASH_COUNT=counted).code, 0)
        new = work.snapshot()
        chance = random.Random(SEED)
        count = int(counted.read_text())
        pairs = [(chance.randint(1, count), chance.randint(1, count // 2))
                 for _ in range(20)]
        # The first points of a recovery are those of opening the state.
        pairs += [(chance.randint(1, count), n) for n in range(1, 21)]

        def one(pair):
            work = self.tiny(sim, f"pair-{pair[0]}-{pair[1]}")
            codes = [work.sync(SLUICE_CRASH_AT=point).code for point in pair]
            self.assertLessEqual(set(codes), {0, KILLED}, pair)
            self.assertEqual(self.complete(work), new, pair)
            return codes.count(KILLED)

        with ThreadPoolExecutor(2) as pool:
            kills = list(pool.map(one, pairs))
        self.assertGreater(kills.count(2), 20)


class RandomMoments(CrashCase):
    def setUp(self):
        super().setUp()
        self.sim = self.simulator(*SMALL)
        self.reference = self.small(self.sim, "reference")
        began = time.monotonic()
        self.new = self.complete(self.reference)
        self.seconds = time.monotonic() - began
        self.requests = self.sim.stats()["requests"]

    def kill_until_done(self, work, chance):
        """Kills one run after the other; returns how often. The run that is
        faster than its killer has to leave the right bytes."""
        kills = 0
        while True:
            process = work.start("sync")
            try:
                process.communicate(
                    timeout=chance.uniform(0, 0.7 * self.seconds))
            except TimeoutExpired:
                kill(process)
            if process.returncode == 0:
                return kills
            self.assertEqual(process.returncode, KILLED)
            self.assert_old_or_new(work, {}, self.new, f"kill {kills}")
            kills += 1

    def test_fifty_kills_leave_the_bytes_of_an_undisturbed_run(self):
        chance = random.Random(SEED)
        kills = rounds = total = worst = 0
        while kills < 50:
            self.sim.reset()
            work = self.small(self.sim, f"round-{rounds}")
            count = self.kill_until_done(work, chance)
            self.assertEqual(self.complete(work), self.new,
                             f"round {rounds}, {count} kills")
            asked = self.sim.stats()["requests"]
            # What was under way is asked again, and what had come but was
            # not durable yet: as much as comes in the time of a commit, on
            # a disk that others use too.
            extra = asked - self.requests
            worst = max(worst, extra / max(1, count))
            self.assertLessEqual(extra, 20 + 10 * CONNECTIONS * count,
                                 f"round {rounds}, {count} kills")
            total += extra
            kills += count
            rounds += 1
        print(f"{kills} kills in {rounds} rounds; a whole run takes "
              f"{self.requests} requests, a kill costs {total / kills:.1f}, "
              f"at most {worst:.1f}")
        self.assertLess(total / kills, self.requests / 4)

    def test_a_stop_changes_no_list_and_says_how_to_go_on(self):
        chance = random.Random(SEED + 1)
        later = NOW + 20 * HOUR
        self.sim = self.simulator(*SMALL, "--latency", 20, now=later)
        reference = self.later_copy("later", later)
        self.sim.reset()
        new = self.complete(reference)
        stopped = 0
        for number in range(8):
            work = self.later_copy(f"stop-{number}", later)
            self.sim.reset()
            code, err = self.stop_after(work, chance.uniform(0, 0.15))
            if code == 0:
                self.assertEqual(work.snapshot(), new)
                continue
            stopped += 1
            self.assertEqual(code, 1, err)
            self.assertIn(STOPPED, err)
            self.assertEqual(work.snapshot(), self.new)
            self.assertEqual(self.complete(work), new)
        self.assertGreater(stopped, 3)

    def later_copy(self, name, now):
        for part in ("state", "out"):
            shutil.copytree(self.reference.folder / part,
                            self.folder / name / part)
        return self.small(self.sim, name, now=now)

    def stop_after(self, work, seconds):
        process = work.start("sync")
        self.assertTrue(wait_until(lambda: self.sim.stats()["requests"] > 0))
        time.sleep(seconds)
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
        return process.returncode, err


if __name__ == "__main__":
    unittest.main()
