# SPDX-License-Identifier: Apache-2.0
"""`sluice plan` says what the sync behind it then does, and writes nothing."""

import json
import os
import unittest

import publish_harness
from publish_harness import LISTS, NOW

ENTITY = LISTS["entity"][0]
ADDRESS = LISTS["ip"][0]
WRITES = {"PutObject", "DeleteObject", "CreateThreatIntelSet",
          "UpdateThreatIntelSet", "CreateThreatEntitySet",
          "UpdateThreatEntitySet", "CreateDetector"}


class Case(publish_harness.PublishCase):
    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.put_domains("a.example", "b.example")
        self.put_addresses("45.33.1.1")
        self.work = self.workspace(self.sim.base)
        self.temporary = self.folder / "tmp"
        self.temporary.mkdir()

    def plan(self, *args):
        run = self.work.run("plan", "--json", *args, TMPDIR=self.temporary)
        rows = [json.loads(line) for line in run.out.splitlines()]
        return run, rows

    def calls(self, rows):
        return sorted((row["region"], row["action"], row["path"])
                      for row in rows if row["kind"] == "call")

    def lists(self, rows):
        return {row["path"]: row for row in rows if row["kind"] == "list"}

    def writes(self):
        counts = self.sim.counts("s3") | self.sim.counts("guardduty")
        return {name: count for name, count in counts.items()
                if name in WRITES}

    def tree(self):
        return {str(path.relative_to(self.work.folder)):
                path.read_bytes() if path.is_file() else None
                for path in sorted(self.work.folder.rglob("*"))
                if not path.name.startswith("state.db-")}


class Plan(Case):
    def test_writes_nothing_anywhere(self):
        before = self.tree()
        run, _ = self.plan()
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(self.tree(), before)
        self.assertEqual(self.writes(), {})
        self.assertEqual(os.listdir(self.temporary), [])

    def test_tells_the_requests_that_the_sync_then_makes(self):
        for news in ([], ["c.example"]):
            self.put_domains(*news, at=NOW - 60)
            run, rows = self.plan()
            self.assertEqual(run.code, 0, run.err)
            before = self.writes()
            self.succeed(self.work)
            made = {name: count - before.get(name, 0)
                    for name, count in self.writes().items()
                    if count != before.get(name, 0)}
            planned = {}
            for _, action, _ in self.calls(rows):
                planned[action] = planned.get(action, 0) + 1
            self.assertEqual(planned, made)

    def test_counts_lines_that_come_and_go(self):
        self.succeed(self.work)
        self.put_domains("c.example", at=NOW - 60)
        self.put_domains("a.example", at=NOW - 30,
                         verdict="VERDICT_BENIGN", score=0,
                         assessed=NOW - 30)
        _, rows = self.plan()
        row = self.lists(rows)[ENTITY]
        self.assertEqual((row["added"], row["removed"], row["lines"],
                          row["action"]), (1, 1, 2, "send"))
        self.assertEqual(self.lists(rows)[ADDRESS]["action"], "unchanged")
        self.assertEqual([row[1] for row in self.calls(rows)
                          if row[1].startswith("Update")],
                         ["UpdateThreatEntitySet"])

    def test_names_the_lines_that_come_and_go(self):
        self.succeed(self.work)
        self.put_domains("c.example", at=NOW - 60)
        self.put_domains("a.example", at=NOW - 30,
                         verdict="VERDICT_BENIGN", score=0,
                         assessed=NOW - 30)
        _, rows = self.plan("--diff")
        self.assertEqual([(row["action"], row["name"], row["path"])
                          for row in rows if row["kind"] == "line"],
                         [("remove", "a.example", ENTITY),
                          ("add", "c.example", ENTITY)])
        run = self.work.run("plan", "--diff", TMPDIR=self.temporary)
        self.assertIn("    - a.example\n    + c.example\n", run.out)

    def test_after_a_sync_has_nothing_to_do(self):
        self.succeed(self.work)
        run, rows = self.plan()
        self.assertEqual(self.calls(rows), [], rows)
        text = self.work.run("plan")
        self.assertIn("Nothing would be sent.", text.out)

    def test_shows_what_the_guard_holds_back(self):
        self.work.configure(lists="max_age: 2h")
        self.succeed(self.work)
        self.work.now = NOW + 5 * 3600
        _, rows = self.plan()
        self.assertEqual(self.lists(rows)[ENTITY]["action"], "held")
        self.assertNotIn("PutObject", [row[1] for row in self.calls(rows)
                                       if row[2] == ENTITY])
        _, rows = self.plan("--force")
        self.assertEqual(self.lists(rows)[ENTITY]["action"], "send")

    def test_takes_no_look_for_a_write_and_no_scratch_for_a_file(self):
        self.succeed(self.work)
        self.sim.force_sets("ACTIVATING", name="gti-threat-entity-1")
        run, rows = self.plan()
        self.assertIn("wait", [row["action"] for row in rows
                               if row["kind"] == "set"])
        self.assertEqual(self.calls(rows), [])
        self.put_domains("c.example", at=NOW - 60)
        run = self.work.run("plan", TMPDIR=self.temporary)
        self.assertNotIn("Updated file", run.err)
        self.work.configure(lists="prefix: elsewhere/")
        run = self.work.run("plan", TMPDIR=self.temporary)
        self.assertIn("its set names", run.out)
        self.assertTrue(all(len(line) <= 80 for line in run.out.splitlines()),
                        run.out)

    def test_passes_over_flows_without_lists(self):
        config = self.work.config
        config.write_text(config.read_text() + "  - {name: findings, "
                          "source: guardduty, sinks: [ndjson]}\n")
        run, rows = self.plan()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn(ENTITY, self.lists(rows))
        run, _ = self.plan("--flow", "findings")
        self.assertEqual(run.code, 2)
        self.assertIn("the flow findings has no lists to plan for", run.err)

    def test_reads_well(self):
        run = self.work.run("plan")
        self.assertEqual(run.code, 0, run.err)
        for word in ("Lists", "Sets", "create", "PutObject",
                     "CreateThreatEntitySet", "Nothing was written."):
            self.assertIn(word, run.out)
        self.assertTrue(all(len(line) <= 80 for line in run.out.splitlines()),
                        run.out)

    def test_of_lists_in_files_alone(self):
        self.work.configure(sinks="[files]")
        _, rows = self.plan()
        self.assertEqual(self.lists(rows)[ENTITY]["action"], "write")
        self.assertEqual(self.lists(rows)[ENTITY]["added"], 2)
        self.assertFalse(self.work.out.exists())
        self.succeed(self.work)
        _, rows = self.plan()
        self.assertEqual({row["action"] for row in rows}, {"unchanged"})


if __name__ == "__main__":
    unittest.main()
