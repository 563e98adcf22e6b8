# SPDX-License-Identifier: Apache-2.0
"""`sluice pack`: plain lists into size-capped files, held against a reading of
the rules in Python, and what careless users do."""

import gzip
import ipaddress
import json
import os
import pathlib
import random
import subprocess
import tempfile
import unittest

from harness import BIN, SANITIZERS

LISTS = [f"guard_duty/threat-{kind}-{i}.txt" for kind in ("ip", "entity")
         for i in range(1, 7)]
SIDES = ["exceeded_ip_address.txt", "exceeded_domain.txt",
         "invalid_iocs/invalid_ip_address.txt",
         "invalid_iocs/invalid_domain.txt", "invalid_iocs/reasons.ndjson"]


class Pack(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.out = self.folder / "out"

    def write(self, name, data):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def pack(self, *args, stdin=None, cwd=None):
        run = subprocess.run(
            [BIN / "sluice", "pack", "--output-dir", self.out, *args],
            input=stdin, capture_output=True, cwd=cwd, timeout=120)
        for word in SANITIZERS:
            self.assertNotIn(word, run.stderr.decode())
        return run

    def packed(self, code, *args, **kwargs):
        run = self.pack("--json", *args, **kwargs)
        self.assertEqual(run.returncode, code, run.stderr)
        return json.loads(run.stdout)

    def refused(self, part, *args, **kwargs):
        run = self.pack(*args, **kwargs)
        self.assertEqual(run.returncode, 2, run.stderr)
        self.assertEqual(run.stdout, b"")
        self.assertEqual(run.stderr.count(b"\n"), 1, run.stderr)
        self.assertIn(part, run.stderr.decode())
        self.assertFalse((self.out / LISTS[0]).exists())

    def lines(self, name):
        return (self.out / name).read_text().splitlines()

    def test_a_mixed_list_becomes_what_the_rules_say(self):
        rng = random.Random(5)
        addresses = {rng.randrange(0x0b000000, 0x64000000)
                     for _ in range(40000)}
        ranges = {f"{ipaddress.ip_address(a & 0xffffff00)}/24"
                  for a in rng.sample(sorted(addresses), 300)}
        names = {f"h{rng.randrange(10**6)}.example.com" for _ in range(2500)}
        bad = {f"1.2.3.{n}" for n in range(256, 400)} | {"no_good.com", "x"}
        lines = ([str(ipaddress.ip_address(a)) for a in addresses]
                 + sorted(ranges) + [n.upper() for n in names] + sorted(bad))
        lines += rng.choices(lines, k=20000)
        rng.shuffle(lines)
        text = "".join(line + rng.choice(("\n", "\r\n", " \n", "\n# x\n\n"))
                       for line in lines)
        half = text.index("\n", len(text) // 2) + 1

        report = self.packed(1, self.write("a.txt", text[:half]), "-",
                             "--ip-lines", "6000", stdin=text[half:].encode())

        ips = sum((self.lines(name) for name in LISTS[:6]), [])
        entries = [(a, 32, str(ipaddress.ip_address(a))) for a in addresses]
        entries += [(int(ipaddress.ip_network(r).network_address), 24, r)
                    for r in ranges]
        self.assertEqual(ips + self.lines(SIDES[0]),
                         [text for _, _, text in sorted(entries)])
        self.assertEqual([len(self.lines(name)) for name in LISTS[:5]],
                         [6000] * 5)
        domains = sum((self.lines(name) for name in LISTS[6:]), [])
        self.assertEqual(domains, sorted(names))
        self.assertEqual([len(self.lines(name)) for name in LISTS[6:9]],
                         [1000, 1000, len(names) - 2000])
        wrong = self.lines(SIDES[2]) + self.lines(SIDES[3])
        self.assertEqual(set(wrong), bad)
        reasons = {row["value"]: row["reason"]
                   for row in map(json.loads, self.lines(SIDES[4]))}
        self.assertEqual(set(reasons), bad)
        self.assertEqual(reasons["1.2.3.256"], "ip_octet_range")
        self.assertEqual(sum(report["reasons"].values()), len(bad))
        self.assertEqual(report["unique"]["ip_address"], len(entries))
        self.assertEqual(report["exceeded"]["ip_address"],
                         len(self.lines(SIDES[0])))
        self.assertEqual(report["accepted"]["ip_address"]
                         + report["accepted"]["domain"]
                         + report["invalid_lines"], len(lines))
        self.assertEqual({file["path"] for file in report["files"]},
                         set(LISTS + SIDES))
        self.assertEqual(
            {str(path.relative_to(self.out))
             for path in self.out.rglob("*") if path.is_file()},
            set(LISTS + SIDES))

    def test_the_summary_says_what_became_of_the_lines(self):
        run = self.pack(self.write("a.txt", "8.8.8.8\n10.0.0.1\nx_y.com\n"))
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(run.stderr, b"")
        text = run.stdout.decode()
        for part in ("guard_private", "domain_underscore", "on the lists",
                     f"Files in {self.out}", "and 14 empty"):
            self.assertIn(part, text)
        self.assertLessEqual(max(map(len, text.splitlines())), 80)

    def test_over_capacity_is_said_with_exit_1(self):
        run = self.pack(self.write("a.txt", "8.8.8.8\n9.9.9.9\n"),
                        "--files", "1", "--ip-lines", "1", "--no-sync")
        self.assertEqual(run.returncode, 1)
        self.assertIn(b"1 IPs and 0 domains are over the capacity",
                      run.stderr)
        self.assertEqual(self.lines("exceeded_ip_address.txt"), ["9.9.9.9"])

    def test_careless_users_get_one_line(self):
        good = self.write("good.txt", "8.8.8.8\n")
        self.refused("No such file", good, self.folder / "missing.txt")
        self.refused("name the files in it", good, self.folder)
        self.refused("is compressed", self.write("a.gz", gzip.compress(b"x")))
        self.refused("is not a text", self.write("a.bin", bytes(range(256))))
        self.refused("is not a text",
                     self.write("u16.txt", "8.8.8.8\n".encode("utf-16-le")))
        self.refused("none of the 3 lines", "-", stdin=b"what\nis\nthis\n")
        self.refused("`pack` needs a file")
        self.refused("the name of input 2 is empty", good, "")
        self.refused("output_dir is empty", good, "--output-dir", "")
        self.refused("is not a text", "/dev/zero")
        self.refused("give 1 to 6", good, "--files", "7")
        self.refused("not valid", good, "--allow-file",
                     self.write("allow", "not valid\n"))

    def test_a_folder_that_cannot_be_written(self):
        good = self.write("good.txt", "8.8.8.8\n")
        self.out.write_text("a file\n")
        run = self.pack(good)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr.count(b"\n"), 1, run.stderr)
        self.assertIn(str(self.out).encode(), run.stderr)
        run = self.pack(good, "--output-dir", "/proc")
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stderr, b"sluice: cannot write to /proc: No such "
                         b"file or directory; set output_dir to a place that "
                         b"can be written\n")
        self.out.unlink()
        if os.geteuid() != 0:
            self.out.mkdir(mode=0o500)
            self.assertEqual(self.pack(good).returncode, 1)

    def test_its_own_files_are_no_input(self):
        good = self.write("good.txt", "8.8.8.8\n")
        self.assertEqual(self.pack(good).returncode, 0)
        for name in (LISTS[0], SIDES[0]):
            run = self.pack(self.out / name)
            self.assertEqual(run.returncode, 2)
            self.assertIn(b"would be overwritten", run.stderr)
        self.assertEqual(self.lines(LISTS[0]), ["8.8.8.8"])
        # A list that lies beside them is one.
        (self.out / "mine.txt").write_text("9.9.9.9\n")
        self.assertEqual(self.pack("--output-dir", ".", "mine.txt",
                                   cwd=self.out).returncode, 0)
        self.assertEqual(self.lines(LISTS[0]), ["9.9.9.9"])


if __name__ == "__main__":
    unittest.main()
