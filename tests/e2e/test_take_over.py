# SPDX-License-Identifier: Apache-2.0
"""A folder that the Lambda wrote, or an earlier run whose state is gone, is
taken over as it is, and can be handed back.
"""

import json
import re
import shutil
import unittest

import oracle
from harness import NOW, KEY, Case

HOUR = 3600
DAY = 86400
OVERLAP = 300  # seconds that the stream is read again by default
DATA = ("--seed", 9, "--stream-items", 400, "--list-items", 2)
LISTS = ("malware", "phishing")
GTI = f"threat_lists: [{', '.join(LISTS)}]"
NEWEST = (NOW - 2 * HOUR) // HOUR * HOUR
IP = "guard_duty/threat-ip-{}.txt"
ENTITY = "guard_duty/threat-entity-{}.txt"


def make_checkpoint(stream, hour):
    """As the Lambda writes it."""
    return {
        "domain_last_notification_date": stream,
        "ip_address_last_notification_date": stream,
        "threat_lists": {name: oracle.hour_text(hour) for name in LISTS},
    }


class TakeOver(Case):
    def setUp(self):
        super().setUp()
        self.sim = self.simulator(*DATA)
        self.work = self.workspace(self.sim.base)
        self.work.configure(gti=GTI)

    def leave(self, files, checkpoint=None):
        """What the Lambda left in the folder."""
        for path, text in files.items():
            target = self.work.out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
        if checkpoint is not None:
            self.leave({"gti-checkpoint.json": json.dumps(checkpoint)})

    def sync(self, code=0):
        run = self.work.sync("--log-level", "debug")
        self.assertEqual(run.code, code, run.err[-3000:])
        return run

    def known(self, first, first_hour):
        """What a pull from there on brings, merged by value."""
        reader = oracle.Reader(self.sim.base, KEY)
        table = {"ip_address": {}, "domain": {}}
        for kind, canon in (("ip_address", oracle.canonical_ip),
                            ("domain", oracle.canonical_domain)):
            seen = [oracle.sighting(kind, item, "stream", date)
                    for date, item in reader.stream(kind, first, NOW)]
            for name in LISTS:
                for hour in range(first_hour, NEWEST + 1, HOUR):
                    seen += [oracle.sighting(kind, item, name, hour)
                             for item in reader.package(name, hour, kind)]
            for one in seen:
                if canon(one.value) is not None:
                    oracle.merge(table[kind], canon(one.value), one)
        return table

    def pick(self, table, kind, wanted):
        settings = oracle.Settings(NOW)
        return [oracle.entry_text(kind, value)
                for value, known in table[kind].items()
                if oracle.is_wanted(known, settings) == wanted
                and not oracle.is_guarded(kind, value)]

    def all_lines(self, pattern, work=None):
        work = work or self.work
        return [line for number in range(1, 7)
                for line in work.lines(pattern.format(number))]

    # ---- lines ----

    def test_lines_keep_their_file_and_order_and_are_mended(self):
        self.leave({
            IP.format(1): "\ufeff45.0.0.1\r\n45.0.0.2/32\r\n\r\nsome junk\r\n"
                          "45.0.0.1\r\n9.9.9.77/24\r\n10.0.0.1\r\n",
            IP.format(2): "45.0.0.3\n45.0.0.2\n45.0.0.4",
            ENTITY.format(1): "EVIL.Taken.Over.COM\r\nbad_name.com\r\n",
            ENTITY.format(3): "third.file.net.\nevil.taken.over.com\n",
        }, make_checkpoint(NOW - HOUR, NEWEST - HOUR))
        table = self.known(NOW - HOUR - OVERLAP, NEWEST)
        run = self.sync()
        self.check_places({
            IP.format(1): ["45.0.0.1", "45.0.0.2", "9.9.9.0/24"],
            IP.format(2): ["45.0.0.3", "45.0.0.4"],
            ENTITY.format(1): ["evil.taken.over.com"],
            ENTITY.format(3): ["third.file.net"],
        }, table)
        self.assertIn("some junk", self.work.lines(
            "invalid_iocs/invalid_ip_address.txt"))
        self.assertIn("bad_name.com", self.work.lines(
            "invalid_iocs/invalid_domain.txt"))
        self.assertNotIn("10.0.0.1", self.all_lines(IP))
        reasons = [json.loads(line) for line in
                   self.work.lines("invalid_iocs/reasons.ndjson")]
        self.assertIn("10.0.0.1", [one["value"] for one in reasons])
        self.assertIn("Taking over existing file: ", run.err)

    def check_places(self, taken, table):
        """The taken lines stand in their file in their order, each once, and
        beside them is exactly what the pull brought."""
        for path, lines in taken.items():
            self.assertEqual([line for line in self.work.lines(path)
                              if line in lines], lines, path)
            self.assertNotIn(b"\r", (self.work.out / path).read_bytes())
        for pattern, kind in ((IP, "ip_address"), (ENTITY, "domain")):
            old = [line for path, lines in taken.items() for line in lines
                   if path.startswith(pattern.split("-{")[0])]
            new = self.pick(table, kind, True)
            self.assertEqual(sorted(self.all_lines(pattern)),
                             sorted(set(old + new)), kind)
            self.assertTrue(new)

    def test_a_second_sync_changes_nothing_any_more(self):
        self.leave({IP.format(4): "45.0.0.1\r\n45.0.0.2\r\n"},
                   make_checkpoint(NOW - HOUR, NEWEST))
        self.sync()
        before = self.work.snapshot()
        self.assertEqual(self.work.lines(IP.format(4)),
                         ["45.0.0.1", "45.0.0.2"])
        run = self.sync()
        self.assertEqual(self.work.snapshot(), before)
        self.assertNotIn("Taking over", run.err)

    def test_a_verdict_that_is_no_longer_wanted_takes_a_line_off(self):
        table = self.known(NOW - 5 * DAY, (NOW - 5 * DAY) // HOUR * HOUR)
        # Only what GTI has a verdict on: silence takes no line off.
        judged = {kind: {value: known for value, known in rows.items()
                         if known.newest} for kind, rows in table.items()}
        gone = {kind: self.pick(judged, kind, False)[:5] for kind in table}
        self.assertEqual([len(lines) for lines in gone.values()], [5, 5])
        self.leave({
            IP.format(1): "\n".join(gone["ip_address"] + ["45.0.0.1"]),
            ENTITY.format(2): "\n".join(gone["domain"] + ["stays.net"]),
        })
        report = self.sync().report
        self.assertIn("45.0.0.1", self.work.lines(IP.format(1)))
        self.assertIn("stays.net", self.work.lines(ENTITY.format(2)))
        for kind, pattern in (("ip_address", IP), ("domain", ENTITY)):
            left = set(gone[kind]) & set(self.all_lines(pattern))
            self.assertEqual(left, set())
        self.assertEqual(report["removed"], {"ip_address": 5, "domain": 5})

    def test_taken_lines_are_the_first_to_make_room(self):
        table = self.known(NOW - 5 * DAY, (NOW - 5 * DAY) // HOUR * HOUR)
        wanted = self.pick(table, "ip_address", True)
        taken = [f"45.0.0.{i}" for i in range(1, 11)]
        self.work.configure(
            gti=GTI, lists=f"ip_file_lines: {len(wanted) + 4}\n"
                           "ip_files: [guard_duty/threat-ip-1.txt]")
        self.leave({IP.format(1): "\n".join(taken) + "\n"})
        run = self.sync()
        lines = self.work.lines(IP.format(1))
        exceeded = self.work.lines("exceeded_ip_address.txt")
        self.assertEqual(set(wanted) - set(lines), set())
        self.assertEqual(len(lines), len(wanted) + 4)
        self.assertEqual(sorted(set(taken) - set(lines)), sorted(exceeded))
        self.assertEqual(len(exceeded), 6)
        self.assertIn("Exceeded max GuardDuty ip_address files", run.err)

    def test_a_file_with_too_many_lines_overflows_into_the_next(self):
        taken = [f"45.{i >> 16}.{i >> 8 & 255}.{i & 255}"
                 for i in range(250010)]
        self.leave({IP.format(1): "\n".join(taken)},
                   make_checkpoint(NOW - HOUR, NEWEST))
        self.sync()
        counts = [len(self.work.lines(IP.format(n))) for n in (1, 2, 3)]
        self.assertEqual(counts[0], 250000)
        self.assertEqual(counts[2], 0)
        self.assertEqual(set(taken) - set(self.all_lines(IP)), set())

    # ---- checkpoint ----

    def test_the_pull_goes_on_from_the_checkpoint(self):
        stream = NOW - 3 * HOUR
        self.leave({}, make_checkpoint(stream, NEWEST - 3 * HOUR))
        run = self.sync()
        asked = self.sim.stats()["by_endpoint"]
        self.assertEqual(asked["threat_list_hour"], 3 * 2 * len(LISTS))
        self.assertLessEqual(asked["ioc_stream"], 12)
        for kind in ("domain", "ip_address"):
            self.assertIn(f"[INFO] Fetching IOC Stream ({kind}) | "
                          f"last_date={stream}\n", run.err)
        table = self.known(stream - OVERLAP, NEWEST - 2 * HOUR)
        self.check_places({}, table)

    def test_what_the_checkpoint_does_not_name_starts_at_the_look_back(self):
        self.leave({}, {"domain_last_notification_date": NOW - HOUR,
                        "threat_lists": {
                            "malware": oracle.hour_text(NEWEST),
                            "cryptominer": "2025122400"}})
        run = self.sync()
        hours = len(oracle.list_hours(oracle.Settings(NOW)))
        self.assertEqual(self.sim.stats()["by_endpoint"]["threat_list_hour"],
                         2 * hours)
        self.assertIn(f"Fetching IOC Stream (ip_address) | "
                      f"last_date={NOW - 5 * DAY}\n", run.err)
        # Of a list that isn't asked for, what was known stays.
        self.assertEqual(self.work.checkpoint()["threat_lists"], {
            "cryptominer": "2025122400",
            "malware": oracle.hour_text(NEWEST),
            "phishing": oracle.hour_text(NEWEST)})

    def test_an_old_checkpoint_is_clamped_and_the_loss_is_told(self):
        self.leave({}, make_checkpoint(NOW - 30 * DAY, NOW - 30 * DAY))
        run = self.sync()
        hours = len(oracle.list_hours(oracle.Settings(NOW)))
        self.assertEqual(self.sim.stats()["by_endpoint"]["threat_list_hour"],
                         2 * hours * len(LISTS))
        lost = re.findall(r"\[WARN\] (.*?)(?: \(.*\))?: the checkpoint is "
                          r"older than the look-back.* from (\S+) to (\S+) ",
                          run.err)
        self.assertIn(("IOC Stream", "2025-12-02T11:00:00Z",
                       "2025-12-27T11:00:00Z"), lost)
        self.assertIn(("Threat List", "2025-12-02T12:00:00Z",
                       "2025-12-27T11:00:00Z"), lost)
        self.assertEqual(len(lost), 2 + len(LISTS))

    def test_a_damaged_checkpoint_stops_before_anything_changes(self):
        self.leave({IP.format(1): "45.0.0.1\r\n"})
        for text in ("", "{", "[]", "null", '{"threat_lists": []}',
                     '{"threat_lists": {"malware": "yesterday"}}',
                     '{"domain_last_notification_date": "soon"}',
                     '{"threat_lists": {}} more', "\x00\x01"):
            with self.subTest(text=text):
                self.leave({"gti-checkpoint.json": text})
                before = self.work.snapshot()
                run = self.sync(code=2)
                self.assertEqual(self.work.snapshot(), before)
                self.assertIn("gti-checkpoint.json", run.err)
                self.assertIn("remove it", run.err)
        self.assertEqual(self.sim.stats()["requests"], 0)
        self.leave({}, make_checkpoint(NOW - HOUR, NEWEST))
        self.sync()
        self.assertIn("45.0.0.1", self.work.lines(IP.format(1)))

    # ---- our own folder, and back ----

    def test_a_lost_state_costs_no_line(self):
        self.work.configure(gti=GTI, lists="entity_file_lines: 150\n"
                                           "ip_file_lines: 150")
        self.sync()
        before = self.work.snapshot()
        self.assertTrue(self.work.lines(ENTITY.format(2)))
        shutil.rmtree(self.work.folder / "state")
        self.sim.reset()
        self.sync()
        self.assertLessEqual(self.sim.stats()["requests"], 10)
        after = self.work.snapshot()
        for path, data in before.items():
            if path.startswith("guard_duty/"):
                self.assertEqual(after[path], data, path)
        self.assertEqual(after["gti-checkpoint.json"],
                         before["gti-checkpoint.json"])

    def test_every_folder_is_taken_over_whatever_its_name(self):
        # One name begins with the other, and long ones differ at the end.
        for name in ("out2", "out", "long/" + "d" * 240 + "/1",
                     "long/" + "d" * 240 + "/2"):
            self.work.out = self.work.folder / name
            self.work.configure(gti=GTI)
            self.leave({IP.format(1): "45.0.0.1\n"})
            self.sync()
            self.assertIn("45.0.0.1", self.work.lines(IP.format(1)), name)

    def test_the_folder_can_be_handed_back(self):
        """The Lambda reads plain lines, whole seconds and hours as text."""
        self.leave({ENTITY.format(1): "TAKEN.net\r\n"},
                   make_checkpoint(NOW - HOUR, NEWEST - HOUR))
        self.sync()
        after = self.work.checkpoint()
        self.assertEqual(set(after), {"domain_last_notification_date",
                                      "ip_address_last_notification_date",
                                      "threat_lists"})
        for kind in ("domain", "ip_address"):
            date = after[f"{kind}_last_notification_date"]
            self.assertIs(type(date), int)
            self.assertGreaterEqual(date, NOW - HOUR)
            self.assertLessEqual(date, NOW)
        for name in LISTS:
            self.assertEqual(after["threat_lists"][name],
                             oracle.hour_text(NEWEST))
        for line in self.all_lines(ENTITY):
            self.assertRegex(line, r"^[a-z0-9.*-]+$")
        for line in self.all_lines(IP):
            self.assertRegex(line, r"^[0-9./]+$")


if __name__ == "__main__":
    unittest.main()
