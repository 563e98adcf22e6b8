# SPDX-License-Identifier: Apache-2.0
"""Every single AWS request of a publication fails, in each way in which it can,
and the program is killed there, and where it could leave something half done:
the next run completes the publication, and nothing is lost on the way.

Three publications are shown, from the first request to the last:

    First     into an empty bucket
    Grown     in two regions: a new list and its set, lists that change, and one
              that becomes empty (--force)
    Refused   in two regions: GuardDuty refuses the content of one list, whose
              last good content is put back

Each case is a world of its own. In every other one GTI has more to say when the
next run begins, and in every other pair the sets are still busy then. Where
nothing more came, a further run has nothing to send.

Every request of the first publication fails in every way, and every request of
the two others in two: one of the ways, in turn, and the kill. The program is
killed at a sample of the 130 to 150 points of each, the same one each time.
SLUICE_EVERY_CASE=1 plays all of them, some 900, in four minutes.
"""

import concurrent.futures
import hashlib
import itertools
import os
import random
import shutil
import signal
import unittest

import harness
import publish_harness
import scripted_gti
from publish_harness import BUCKET, CHECKPOINT, NOW, SIDES

REGIONS = ("us-east-1", "eu-west-1")
IP = "guard_duty/threat-ip-1.txt"
ENTITIES = [f"guard_duty/threat-entity-{i}.txt" for i in (1, 2, 3)]
LISTS = [IP] + ENTITIES
LAYOUT = LISTS + SIDES + [CHECKPOINT]
SET_OF = {path: "gti-" + path.split("/")[-1][:-len(".txt")] for path in LISTS}
LONG = 86400000
# How the disturbed run ended.
COMPLETE, INCOMPLETE = range(2)
WORKERS = 2 * (os.cpu_count() or 1)
# Nothing was done, it was done and nobody heard, it is refused once.
WAYS = ("500", "reset", "lost", "403")
EVERY_CASE = os.environ.get("SLUICE_EVERY_CASE") == "1"


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Failed(AssertionError):
    pass


class Scene:
    """A publication, and what its world holds before."""

    regions = REGIONS[:1]
    options = ()
    args = ()
    code = 0

    def __init__(self, folder):
        """Leaves a world in which only the publication itself is to be done."""
        self.gti = scripted_gti.Gti(harness.KEY)
        self.sim = publish_harness.World("--gd-activation-delay", 0,
                                         *self.options, regions=self.regions)
        self.work = publish_harness.PublishWorkspace(folder, self.sim.base,
                                                     self.gti.base)
        self.work.configure(
            lists=f"ip_files: [{IP}]\nentity_files: [{', '.join(ENTITIES)}]\n"
                  "entity_file_lines: 2",
            publish=f"wait: 0s\nregions: [{', '.join(self.regions)}]")
        self.told = {}  # value -> whether it belongs on a list
        self.prepare()
        self.good = {key: item["sha256"]
                     for key, item in self.sim.objects().items()}
        self.bring()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.sim.stop()
        self.gti.stop()

    def prepare(self):
        pass

    def bring(self):
        raise NotImplementedError

    def bring_more(self):
        self.put("domain", "late.example", at=NOW - 30)

    def put(self, kind, value, at=NOW - 3600, wanted=True):
        self.told[value] = wanted
        verdict = "VERDICT_MALICIOUS" if wanted else "VERDICT_BENIGN"
        self.gti.put(kind, value, at, verdict=verdict)

    def sync(self, code, what):
        run = self.work.sync(*self.args)
        self.expect(run.code == code, f"{what} ended with {run.code}", run)
        return run

    def expect(self, condition, sentence, run=None):
        if not condition:
            raise Failed(sentence + (f"\n{run.err[-3000:]}" if run else ""))

    # ---- what must hold ----

    def expect_files(self):
        lines = sorted(line for path in LISTS for line in self.work.lines(path))
        wanted = sorted(value for value, wanted in self.told.items() if wanted)
        self.expect(lines == wanted, f"lists hold {lines}, not {wanted}")

    def published(self, path):
        """The content that the object must have."""
        return digest((self.work.out / path).read_bytes())

    def expect_objects(self):
        objects = self.sim.objects()
        self.expect(sorted(objects) == sorted(LAYOUT), f"keys {list(objects)}")
        for path in LAYOUT:
            self.expect(objects[path]["sha256"] == self.published(path),
                        f"{path} has another content")

    def expect_sets(self):
        known = self.sim.all_sets()
        empty = digest(b"")
        for region, path in itertools.product(self.regions, LISTS):
            sets = [item for item in known["sets"] if item["region"] == region
                    and item["name"] == SET_OF[path]]
            self.expect(len(sets) < 2, f"{len(sets)} sets of {path}")
            if self.published(path) == empty:
                self.expect(not sets or sets[0]["status"] == "INACTIVE",
                            f"an empty list is in use: {sets}")
                continue
            self.expect(sets and sets[0]["status"] == "ACTIVE"
                        and sets[0]["content"]["sha256"] == self.published(path)
                        and sets[0]["location"] == f"s3://{BUCKET}/{path}",
                        f"{region} {path} isn't in use: {sets}")
        self.expect(known["refused_while_busy"] == 0, "a busy set was asked")
        self.expect(not any(item["deletes"] for item in known["sets"]),
                    "a set was deleted")

    def expect_published(self):
        self.expect_files()
        self.expect_objects()
        self.expect_sets()

    def expect_nothing_to_do(self):
        before = (self.sim.list_writes(), self.sim.activations())
        run = self.sync(self.code, "the run after it")
        self.expect(run.report["objects_sent"] == 0, "it sent objects", run)
        self.expect((self.sim.list_writes(), self.sim.activations()) == before,
                    "it published something", run)

    def complete(self, end, late, slow):
        """The next run does what is left, or finds nothing to do."""
        if late:
            self.bring_more()
        elif not slow and end == COMPLETE:
            self.expect_nothing_to_do()
            self.expect_published()
            return
        if slow:
            self.sync(0, "the next run, with busy sets,")
            self.sim.post("/_sim/sets", delay=0)
            self.sim.finish_sets()
        self.sync(self.code, "the next run")
        self.expect_published()
        if not late:
            self.expect_nothing_to_do()


class First(Scene):
    def bring(self):
        self.put("domain", "first.example")
        self.put("ip_address", "45.33.1.1")


class Grown(Scene):
    regions = REGIONS
    args = ("--force",)

    def prepare(self):
        for i in (1, 2, 3):
            self.put("domain", f"old{i}.example")
        self.put("ip_address", "45.33.1.1")
        self.sync(0, "the run before")

    def bring(self):
        self.put("domain", "old1.example", at=NOW - 60, wanted=False)
        for i in (1, 2, 3):
            self.put("domain", f"new{i}.example", at=NOW - 60)
        self.put("ip_address", "45.33.1.1", at=NOW - 60, wanted=False)


class Refused(Scene):
    regions = REGIONS
    options = ("--gd-set-poison", "poison.example")
    code = 1

    def prepare(self):
        self.put("domain", "old.example")
        self.put("ip_address", "45.33.1.1")
        self.sync(0, "the run before")

    def bring(self):
        self.put("domain", "poison.example", at=NOW - 60)
        self.put("ip_address", "45.33.1.2", at=NOW - 60)

    def bring_more(self):
        """What GuardDuty refuses is taken back."""
        self.put("domain", "poison.example", at=NOW - 30, wanted=False)
        self.put("domain", "late.example", at=NOW - 30)
        self.code = 0

    def published(self, path):
        if self.code == 1 and path in (ENTITIES[0], CHECKPOINT):
            return self.good[path]
        return super().published(path)


class Case(harness.Case):
    def play(self, scene, name, act, number, busy):
        """One case: the failure, what comes meanwhile, the next run; whether
        the failure struck, and what was wrong then."""
        late, slow = number % 2 == 1, number // 2 % 2 == 1 and busy
        try:
            with scene(self.folder / name) as world:
                if slow:
                    world.sim.post("/_sim/sets", delay=LONG)
                end, struck = act(world)
                world.complete(end, late, slow)
                shutil.rmtree(world.work.folder)
                return struck, None
        except (Failed, AssertionError, OSError, ValueError) as failure:
            return True, f"{name}, late {late}, busy {slow}: {failure}"

    def play_all(self, scene, acts):
        """How many cases were struck; of (name, act, whether sets may be busy
        after it)."""
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            results = list(pool.map(
                lambda case: self.play(scene, case[1][0], case[1][1], case[0],
                                       case[1][2]),
                enumerate(acts)))
        failures = [failure for _, failure in results if failure is not None]
        if failures:
            self.fail(f"{len(failures)} of {len(results)} cases:\n"
                      + "\n".join(failures[:20]))
        return sum(struck for struck, _ in results)

    def count(self, scene, slow=False):
        """The requests and the points of an undisturbed publication."""
        counted = self.folder / f"points-{slow}"
        with scene(self.folder / f"reference-{slow}") as world:
            if slow:
                world.sim.post("/_sim/sets", delay=LONG)
            before = world.sim.requests()
            run = world.work.sync(*world.args, SLUICE_CRASH_COUNT=counted)
            requests = world.sim.requests() - before
            self.assertEqual(run.code, 0 if slow else world.code, run.err)
            world.complete(COMPLETE, False, slow)
        return requests, int(counted.read_text())

    def fail_requests(self, scene, every_way=EVERY_CASE):
        """Those that come only when no set is busy are failed without."""
        requests, _ = self.count(scene)
        with_busy, _ = self.count(scene, slow=True)

        def fail(nth, how):
            def act(world):
                world.sim.post("/_sim/fail", nth=nth, how=how)
                run = world.work.sync(*world.args)
                if how == "403":
                    world.expect(run.code in (0, 1, 3), f"{run.code}", run)
                else:
                    world.expect(run.code in (0, world.code), f"{run.code}",
                                 run)
                return (INCOMPLETE if how == "403" else COMPLETE,
                        world.sim.aws()["failed_nth"] == 1)
            return f"{how}-{nth}", act, nth <= with_busy

        def hang(nth):
            def act(world):
                world.sim.post("/_sim/fail", nth=nth, how="hang")
                process = world.work.start("sync", *world.args)
                struck = harness.wait_until(
                    lambda: world.sim.aws()["failed_nth"] == 1)
                harness.kill(process)
                return INCOMPLETE, struck
            return f"hang-{nth}", act, nth <= with_busy

        acts = [fail(nth, how) for place, how in enumerate(WAYS)
                for nth in range(1, requests + 1)
                if every_way or nth % len(WAYS) == place]
        acts += [hang(nth) for nth in range(1, requests + 1)]
        self.assertEqual(self.play_all(scene, acts), len(acts))

    def kill_at_points(self, scene, sample):
        _, points = self.count(scene)
        chosen = range(1, points + 1)
        if not EVERY_CASE:
            chosen = random.Random(points).sample(chosen, sample)

        def kill(point):
            def act(world):
                run = world.work.sync(*world.args, SLUICE_CRASH_AT=point)
                return INCOMPLETE, run.code == -signal.SIGKILL
            return f"point-{point}", act, True

        struck = self.play_all(scene, [kill(point) for point in chosen])
        # Threads take turns: a point may come later than it was counted, and
        # a run with busy sets has fewer.
        self.assertGreater(struck, len(chosen) * 2 // 3)


class FirstPublication(Case):
    def test_each_request_fails(self):
        self.fail_requests(First, every_way=True)

    def test_killed_at_points_of_a_sample(self):
        self.kill_at_points(First, sample=60)


class GrownPublication(Case):
    def test_each_request_fails(self):
        self.fail_requests(Grown)

    def test_killed_at_points_of_a_sample(self):
        self.kill_at_points(Grown, sample=20)


class RefusedPublication(Case):
    def test_each_request_fails(self):
        self.fail_requests(Refused)

    def test_killed_at_points_of_a_sample(self):
        self.kill_at_points(Refused, sample=20)


if __name__ == "__main__":
    unittest.main()
