# SPDX-License-Identifier: Apache-2.0
"""What `explain` and `indicators` say of a real sync, judged by its own files:
every line of every list is explained by itself, and what is printed of the
state agrees with the lists, line by line.
"""

import csv
import io
import json
import os
import subprocess
import unittest

from harness import BIN, NOW, Case, kill, wait_until

DATA = ("--seed", 5, "--stream-items", 400, "--list-items", 2)
GTI = "threat_lists: [malware, phishing]"
IPS = [f"guard_duty/threat-ip-{n}.txt" for n in range(1, 7)]
DOMAINS = [f"guard_duty/threat-entity-{n}.txt" for n in range(1, 7)]


class Explain(Case):
    def setUp(self):
        super().setUp()
        self.sim = self.simulator(*DATA)
        self.work = self.workspace(self.sim.base)
        self.configure()

    def configure(self, gti="", lists=""):
        self.work.configure(gti=f"{GTI}\n{gti}", lists=lists)

    def sync(self, code=0):
        run = self.work.sync()
        self.assertEqual(run.code, code, run.err[-3000:])
        return run

    def explain(self, value, code=0):
        run = self.work.run("explain", value, "--json")
        self.assertEqual(run.code, code, run.err or run.out)
        return json.loads(run.out)

    def indicators(self, *options):
        run = self.work.run("indicators", *options)
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(run.err, "")
        return run.out

    def rows(self, *options):
        text = self.indicators("--format", "ndjson", *options)
        return [json.loads(line) for line in text.splitlines()]

    def all_lines(self, paths):
        return {path: self.work.lines(path) for path in paths}

    # ---- explain ----

    def test_a_listed_one_is_found_where_it_is(self):
        self.sync()
        for path, lines in self.all_lines([IPS[0], DOMAINS[0]]).items():
            self.assertGreater(len(lines), 5)
            for number in {1, len(lines) // 2, len(lines)}:
                said = self.explain(lines[number - 1])
                self.assertEqual(said["value"], lines[number - 1])
                self.assertTrue(said["known"])
                self.assertEqual((said["list"], said["line"]), (path, number))
                self.assertEqual(said["text"], f"line {number} of {path}")
                self.assertIsNone(said["reason"])
                self.assertEqual(said["verdict"], "VERDICT_MALICIOUS")
                self.assertRegex(said["last_seen"],
                                 r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
                self.assertLessEqual(said["first_seen"], said["last_seen"])
                self.assertTrue(set(said["sources"]) <=
                                {"stream", "malware", "phishing"})

    def test_people_read_the_same(self):
        self.sync()
        name = self.work.lines(DOMAINS[0])[0]
        run = self.work.run("explain", name.upper().replace(".", "[.]") + ".")
        self.assertEqual(run.code, 0, run.err)
        self.assertTrue(run.out.startswith(f"{name}: line 1 of {DOMAINS[0]}\n"),
                        run.out)
        for word in ("sources", "first seen", "last seen", "verdict", "list"):
            self.assertIn(f"  {word}", run.out)
        for line in run.out.splitlines():
            self.assertLessEqual(len(line), 100)

    def test_unlisted_ones_have_their_reasons(self):
        self.sync()
        reasons = [json.loads(line) for line in
                   self.work.lines("invalid_iocs/reasons.ndjson")]
        self.assertTrue(reasons)
        seen = set()
        for one in reasons:
            if one["reason"] in seen or not one["value"].strip() or \
                    one["value"] != one["value"].strip() or \
                    one["value"].startswith("-"):
                continue
            seen.add(one["reason"])
            said = self.explain(one["value"])
            self.assertEqual(said["reason"], one["reason"], said)
            self.assertIsNone(said["list"])
            self.assertIn(one["reason"], said["text"])
        self.assertGreater(len(seen), 3, seen)

    def test_an_unwanted_verdict_is_told(self):
        self.sync()
        unwanted = [row for row in self.rows("--list", "none")
                    if row["verdict"] not in (None, "VERDICT_MALICIOUS")]
        self.assertTrue(unwanted)
        said = self.explain(unwanted[0]["value"])
        self.assertEqual(said["reason"], "verdict")
        self.assertIn(unwanted[0]["verdict"], said["text"])

    def test_over_capacity_names_the_cut(self):
        self.configure(lists="ip_file_lines: 3\nentity_file_lines: 3")
        self.sync()
        out = self.work.lines("exceeded_domain.txt")
        self.assertTrue(out)
        said = self.explain(out[0])
        self.assertEqual(said["reason"], "exceeded")
        self.assertIn("the last of 18 that have a place has VERDICT_",
                      said["text"])

    def test_an_expired_one_is_told_before_the_sync_that_drops_it(self):
        self.sync()
        name = self.work.lines(DOMAINS[0])[0]
        self.work.now = NOW + 91 * 86400
        said = self.explain(name)
        self.assertIn("until the next sync, which takes it out: last seen",
                      said["text"])
        self.assertEqual(said["list"], DOMAINS[0])

    def test_an_unknown_one_exits_1_and_a_url_2(self):
        self.sync()
        said = self.explain("203.0.114.77", code=1)
        self.assertFalse(said["known"])
        self.assertIsNone(said["first_seen"])
        run = self.work.run("explain", "hxxps://evil[.]example/path")
        self.assertEqual((run.code, run.out), (2, ""))
        self.assertEqual(run.err.count("\n"), 1, run.err)
        self.assertIn("(url: a URL where a domain or an address belongs); "
                      "expected an IPv4 address", run.err)

    def test_nothing_ran_yet(self):
        for command in (["explain", "1.2.3.4"], ["indicators"]):
            run = self.work.run(*command)
            self.assertEqual((run.code, run.out), (2, ""))
            self.assertIn("run `sluice sync` first", run.err)

    # ---- indicators ----

    def test_what_is_stored_agrees_with_the_lists(self):
        self.configure(lists="ip_file_lines: 4\nentity_file_lines: 7")
        self.sync()
        rows = self.rows()
        for path, lines in self.all_lines(IPS + DOMAINS).items():
            mine = [row["value"] for row in rows if row["list"] == path]
            self.assertEqual(sorted(mine), sorted(lines), path)
            text = self.indicators("--list", path.split("/")[1][:-4])
            self.assertEqual(sorted(text.splitlines()), sorted(lines))
        free = [row["value"] for row in rows if row["list"] is None]
        self.assertEqual(self.indicators("--list", "none").splitlines(), free)
        for kind in ("ip_address", "domain"):
            for name in self.work.lines(f"exceeded_{kind}.txt"):
                self.assertIn(name, free)

    def test_csv_and_text_and_ndjson_say_the_same(self):
        self.sync()
        rows = self.rows()
        table = list(csv.DictReader(
            io.StringIO(self.indicators("--format", "csv"), newline="")))
        self.assertEqual(len(table), len(rows))
        for cells, row in zip(table, rows):
            plain = {key: "" if value is None else str(value)
                     for key, value in row.items() if key != "sources"}
            self.assertEqual(cells.pop("sources").split(";"), row["sources"])
            self.assertEqual(cells, plain)
        self.assertEqual(self.indicators().splitlines(),
                         [row["value"] for row in rows])

    def test_filters_leave_what_they_say(self):
        self.sync()
        rows = self.rows()
        for options, keeps in (
                (("--type", "ip"), lambda row: row["type"] == "ip_address"),
                (("--type", "domain"), lambda row: row["type"] == "domain"),
                (("--source", "malware"),
                 lambda row: "malware" in row["sources"]),
                (("--since", "1d"),
                 lambda row: row["last_seen"] >= "2025-12-31T11:00:00Z"),
                (("--since", "2025-12-30T00:00:00Z", "--source", "stream"),
                 lambda row: row["last_seen"] >= "2025-12-30T00:00:00Z" and
                 "stream" in row["sources"])):
            wanted = [row for row in rows if keeps(row)]
            self.assertEqual(self.rows(*options), wanted, options)
            self.assertTrue(0 < len(wanted) < len(rows), options)

    def test_mistakes_are_one_line(self):
        self.sync()
        for options, part in (
                (("--source", "x"), 'no source "x": expected taken_over, '),
                (("--type", "x"), 'no type "x": expected ip or domain'),
                (("--list", "x"), 'no list "x": expected threat-ip-1, '),
                (("--since", "x"), '"x" is no time: expected one such as')):
            run = self.work.run("indicators", *options)
            self.assertEqual((run.code, run.out), (2, ""), options)
            self.assertEqual(run.err.count("\n"), 1, run.err)
            self.assertIn(part, run.err)

    # ---- beside a run, and where nobody reads ----

    def test_both_work_while_a_sync_holds_the_lock(self):
        self.sync()
        name = self.work.lines(DOMAINS[0])[0]
        slow = self.simulator(*DATA, "--latency", 60000)
        self.work.base = slow.base
        self.work.now = NOW + 3 * 3600
        self.configure()
        process = self.work.start("sync", "--json")
        self.assertTrue(wait_until(lambda: slow.stats()["requests"] > 0))
        self.assertTrue(self.explain(name)["known"])
        self.assertIn(name, self.indicators().splitlines())
        self.assertIsNone(process.poll(), "the sync ended too early to tell")
        kill(process)

    def write_to(self, stdout):
        return subprocess.run(
            [BIN / "sluice", "indicators", "--format", "ndjson", "-c",
             self.work.config], stdout=stdout, stderr=subprocess.PIPE,
            env=self.work.env(), text=True, timeout=60, check=False)

    def test_a_full_disk_is_told_and_a_closed_pipe_ends_it(self):
        self.sync()
        with open("/dev/full", "wb") as full:
            run = self.write_to(full)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, "sluice: cannot write to stdout: No space "
                                     "left on device\n")
        reader, writer = os.pipe()
        os.close(reader)
        run = self.write_to(writer)
        os.close(writer)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, "")


if __name__ == "__main__":
    unittest.main()
