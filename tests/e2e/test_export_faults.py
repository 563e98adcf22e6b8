# SPDX-License-Identifier: Apache-2.0
"""The export of findings when things go wrong: damage, faults, kills, names."""

import gzip
import json
import os
import random
import re
import time
import unittest

import aws_harness
import findings_oracle
import harness
import test_export

NAMES = ("a b.jsonl.gz", "Übung/ß.jsonl", "100%.jsonl", "a+b=c&d.jsonl",
         "%41.jsonl", "x/..y/z.jsonl", "quote'\"<>.jsonl", "~/*?#;.jsonl")


def pack(findings):
    return gzip.compress("".join(json.dumps(finding) + "\n"
                                 for finding in findings).encode(), 1)


class FaultCase(aws_harness.AwsCase):
    findings_count = 200
    parts = 20

    def setUp(self):
        super().setUp()
        self.sim = self.world("--gd-findings", self.findings_count, "--seed",
                              52, "--s3-root", self.folder / "s3")
        self.findings = self.sim.findings()
        self.bucket = self.folder / "s3" / "findings-bucket"

    def put(self, name, content):
        path = self.bucket / "p" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def put_all(self):
        return [self.put(f"{part:05d}.jsonl.gz",
                         pack(self.findings[part::self.parts]))
                for part in range(self.parts)]

    def faulty(self, *faults, more=()):
        options = [word for fault in faults for word in ("--fault", fault)]
        self.sim = self.world("--s3-root", self.folder / "s3", *options, *more)

    def export(self, where="s3://findings-bucket/p/", more="",
               limits="max_wait: 20s"):
        work = test_export.ExportWorkspace(self.folder / "w", self.sim.base)
        work.configure(f"export: {json.dumps(str(where))}\n{more}",
                       limits=limits, more="http: {idle_timeout: 1s}")
        return work

    def assert_clean(self, work):
        """The next run has nothing to do."""
        before = work.lines("indicators.ndjson")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(work.lines("indicators.ndjson"), before)
        return run


class Damage(FaultCase):
    def test_good_lines_are_taken_and_the_bad_one_is_told_once(self):
        lines = [json.dumps(finding) for finding in self.findings]
        lines.insert(50, '{"id": "torn')
        lines.insert(90, json.dumps({"id": "x" * 70000}))
        path = self.put("a.jsonl", "\n".join(lines).encode())
        for where in (self.bucket, "s3://findings-bucket/"):
            work = test_export.ExportWorkspace(
                self.folder / str(where)[:5].strip("/:"), self.sim.base)
            work.configure(f"export: {where}\n",
                           limits="record_bytes: 64KB")
            run = work.sync()
            self.assertEqual(run.code, 1, run.err)
            self.assertRegex(run.err, rf"\[WARN\].*{path.name}: line 51, and 1 "
                             "more of its lines left out: ")
            self.assertEqual(run.report["reasons"]["unreadable"], 2)
            self.assert_rows(work, self.findings)
            self.assert_clean(work)

    def test_a_damaged_gzip_is_read_again_when_it_is_mended(self):
        paths = self.put_all()
        whole = paths[3].read_bytes()
        work = self.export()
        for damaged in (whole[:-9], whole[:-4] + b"abcd",
                        whole[:len(whole) // 2]):
            paths[3].write_bytes(damaged)
            run = work.sync()
            self.assertEqual(run.code, 1, run.err)
            self.assertIn(paths[3].name, run.err)
        lost = {finding["id"] for finding in self.findings[3::self.parts]}
        self.assert_rows(work, [finding for finding in self.findings
                                if finding["id"] not in lost])
        paths[3].write_bytes(whole)
        self.assertEqual(work.sync().code, 0)
        self.assert_rows(work, self.findings)

    def test_json_of_other_forms_is_read_where_its_names_are_wanted(self):
        third = len(self.findings) // 3
        self.put("firehose-1", gzip.compress("".join(
            json.dumps({"detail-type": "GuardDuty Finding",
                        "detail": finding})
            for finding in self.findings[:third]).encode()))
        self.put("array.json", json.dumps(
            self.findings[third:2 * third], indent=2).encode())
        for number, finding in enumerate(self.findings[2 * third:]):
            self.put(f"one/{number}.json.gz",
                     gzip.compress(json.dumps(finding, indent=1).encode()))
        work = self.export(more="export_names: all")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)

    def test_a_giant_is_read_in_bounded_memory_and_gone_on_with(self):
        copies = []
        for turn in range(60):
            for finding in self.findings:
                copies.append(dict(finding,
                                   id=f"{turn:04x}{finding['id'][4:]}"))
        path = self.put("giant.jsonl.gz", pack(copies))
        path.write_bytes(path.read_bytes()[:-8] + b"damaged!")
        work = self.export(self.bucket)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        some = len(work.rows())
        self.assertGreater(some, 0)
        self.assertEqual(work.sync().code, 1)
        self.assertEqual(len(work.rows()), some)
        path.write_bytes(pack(copies))
        # Now with other content: its rows come from the start.
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(len(work.lines("indicators.ndjson")),
                         some + len(findings_oracle.expect(copies)))
        self.assert_clean(work)


class Wire(FaultCase):
    def test_transient_faults_of_every_kind(self):
        self.put_all()
        self.faulty(*(f"{name}=p:0.04,endpoint:s3" for name in (
            "503", "500", "throttling", "reset-head", "reset-body", "cut-body",
            "lying-length-long", "lying-length-short")),
            "stall=once,endpoint:s3")
        work = self.export()
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)
        self.assert_clean(work)

    def test_a_server_that_is_down_ends_and_the_next_run_goes_on(self):
        self.put_all()
        self.faulty("503=always,persistent,endpoint:s3")
        work = self.export(limits="max_wait: 300ms")
        self.assertEqual(work.sync().code, 1)
        self.faulty()
        work.base = self.sim.base
        work.environment["AWS_ENDPOINT_URL"] = self.sim.base
        self.assertEqual(work.sync().code, 0)
        self.assert_rows(work, self.findings)

    def test_kills_leave_every_row_once(self):
        self.parts = 100
        self.put_all()
        self.faulty(more=("--latency", 20))
        work = self.export(limits="connections: 4")
        pick = random.Random(7)
        for _ in range(6):
            process = work.start("sync", "--json")
            time.sleep(pick.uniform(0.05, 0.6))
            harness.kill(process)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)

    def test_thousands_of_small_objects(self):
        for number in range(2500):
            self.put(f"{number:05d}.jsonl", json.dumps(
                self.findings[number % 200]).encode())
        self.faulty(more=("--latency", 20))
        work = self.export()
        run = work.sync(timeout=60)
        self.assertEqual(run.code, 0, run.err)
        self.assertGreaterEqual(self.sim.stats()["in_flight_max"], 16)
        self.assert_rows(work, self.findings)


class Places(FaultCase):
    def test_odd_names_are_read_from_both(self):
        for number, name in enumerate(NAMES):
            self.put(name, pack(self.findings[number::len(NAMES)]))
        work = self.export()
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)
        other = test_export.ExportWorkspace(self.folder / "v", self.sim.base)
        other.configure(f"export: {json.dumps(str(self.bucket))}")
        self.assertEqual(other.sync().code, 0)
        self.assert_rows(other, self.findings)

    def test_what_changes_between_runs(self):
        paths = self.put_all()
        work = self.export(self.bucket)
        self.assertEqual(work.sync().code, 0)
        paths[0].unlink()
        os.utime(paths[1], (1, 1))
        paths[2].write_bytes(pack(self.findings[:1]) + paths[2].read_bytes())
        self.put("new.jsonl", b"")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn(" of 3 object(s) read, 17 object(s) known", run.err)

    def test_a_prefix_that_matches_nothing_is_a_warning(self):
        self.put_all()
        run = self.export("s3://findings-bucket/typo/").sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn("[WARN] guardduty.export: nothing is below "
                      "s3://findings-bucket/typo/", run.err)

    def test_folders_with_odd_things(self):
        paths = self.put_all()
        (self.bucket / "link.jsonl.gz").symlink_to(paths[0])
        (self.bucket / "gone.jsonl").symlink_to("nowhere")
        (self.bucket / "loop").symlink_to(self.bucket)
        (self.bucket / "dir.jsonl").mkdir()
        os.mkfifo(self.bucket / "pipe.jsonl")
        (self.bucket / "a\nb.jsonl").write_bytes(b"{}")
        work = self.export(self.bucket)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("control byte in its name", run.err)
        self.assertEqual({row["finding_id"] for row in map(
            json.loads, work.lines("indicators.ndjson"))} - {
                finding["id"] for finding in self.findings}, set())

    def test_places_that_are_none_are_one_sentence(self):
        path = self.put_all()[0]
        for where, sentence in (
                ("", "guardduty.export is empty"),
                ("s3://", "guardduty.export: found `s3://`"),
                ("s3:///x", "guardduty.export: found `s3:///x`"),
                (path, "guardduty.export: there is no folder")):
            run = self.export(where).sync()
            self.assertEqual(run.code, 2, run.err)
            self.assertEqual(run.err.count(sentence), 1, run.err)
            self.assertRegex(run.err, r"(?m)^\[ERROR\] .*" + re.escape(
                sentence))


if __name__ == "__main__":
    unittest.main()
