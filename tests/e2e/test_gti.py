# SPDX-License-Identifier: Apache-2.0
"""Both GTI endpoints as a user sees them: every uncertain fact of the API in
either form, and the lists still equal the oracle."""

import http.server
import json
import os
import pathlib
import re
import threading
import unittest
import urllib.parse
from datetime import datetime, timezone

import oracle
from harness import NOW, KEY, Case

HOUR = 3600
DAY = 24 * HOUR
DATA = ("--seed", 21, "--stream-items", 500, "--list-items", 3,
        "--stream-days", 2)
PULL = "threat_lists: [malware, phishing]\nlookback_days: 1"
CHOSEN = ("malware", "phishing")


def settings(now=NOW, **kwargs):
    kwargs.setdefault("lists", CHOSEN)
    kwargs.setdefault("lookback_days", 1)
    return oracle.Settings(now, **kwargs)


class Gti(Case):
    def compare(self, *options, code=0, gti=PULL, want=None, data=DATA):
        """Sync from a server with these switches; the oracle reads from one
        without them."""
        sim = self.simulator(*data, *options)
        plain = self.simulator(*data)
        work = self.workspace(sim.base)
        work.configure(gti=gti)
        run = work.sync()
        self.assertEqual(run.code, code, run.err)
        expected = oracle.expect(plain.base, KEY, want or settings())
        self.assertTrue(any(expected.files.values()))
        if "entity_type" in " ".join(map(str, options)):
            # Each stream saw the items of both, and so knows a newer date.
            self.assert_newer(work.checkpoint(), expected)
        self.assert_matches(work, expected)
        self.assert_no_leftovers(work)
        return sim, work, run

    def assert_newer(self, found, expected):
        for kind in ("domain", "ip_address"):
            key = f"{kind}_last_notification_date"
            self.assertGreaterEqual(found[key], expected.checkpoint[key])
            self.assertLessEqual(found[key], NOW)
        expected.checkpoint = found

    # ---- uncertain facts of the stream ----

    def test_dates_that_exclude_themselves(self):
        self.compare("--date-exclusive")

    def test_no_count_falls_back_to_one_serial_cursor(self):
        _, _, run = self.compare("--no-count")
        self.assertRegex(run.err, r"\[WARN\] IOC Stream \(domain\): the "
                                  "server sends no count.*serial")

    def test_count_on_the_last_page_only(self):
        self.compare("--count-as-in-2023")

    def test_date_term_that_is_ignored(self):
        _, _, run = self.compare("--ignore-filter-term", "date")
        self.assertRegex(run.err, r"\[WARN\].*ignores the date term")

    def test_entity_type_term_that_is_ignored(self):
        self.compare("--ignore-filter-term", "entity_type")

    def test_both_terms_ignored_and_no_count(self):
        self.compare("--ignore-filter-term", "date,entity_type",
                     "--no-count")

    def test_order_that_is_ignored(self):
        self.compare("--ignore-order")

    def test_order_and_count_missing(self):
        self.compare("--ignore-order", "--no-count")

    def test_empty_data_as_null_and_absent(self):
        quiet = ("--seed", 21, "--stream-items", 3, "--stream-days", 2,
                 "--list-items", 3)
        self.compare("--data-null", data=quiet)
        self.work_again("--data-absent", quiet)

    def work_again(self, option, data):
        sim = self.simulator(*data, option)
        work = self.workspace(sim.base, name="again")
        work.configure(gti=PULL)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_matches(work, oracle.expect(
            self.simulator(*data).base, KEY, settings()))

    def test_limit_that_is_cut_silently(self):
        self.compare("--clamp-limit")

    def test_cursors_that_expire(self):
        # Real time: a frozen clock would never let a cursor expire.
        sim = self.simulator("--seed", 2, "--stream-items", 150,
                             "--stream-days", 2, "--no-count",
                             "--cursor-ttl", 1, "--latency", 2100, now=None)
        work = self.workspace(sim.base, now=None)
        work.configure(gti="threat_lists: []\nlookback_days: 1")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn("its cursor is dropped", run.err)
        self.assertGreater(sim.stats()["by_status"].get("400", 0), 0)
        self.assertGreater(len(work.lines("guard_duty/threat-ip-1.txt")), 0)

    def test_repeated_and_dead_cursors(self):
        for fault in ("repeated-cursor=every:4", "dead-cursor=every:4"):
            with self.subTest(fault):
                self.stack.close()
                self.setUp()
                self.compare("--no-count", "--fault", fault)

    def test_poisoned_second_is_isolated_and_skipped(self):
        plain = self.simulator(*DATA)
        reader = oracle.Reader(plain.base, KEY)
        dates = sorted(date for date, _ in
                       reader.stream("domain", NOW - DAY, NOW))
        second = dates[len(dates) // 2]
        sim = self.simulator(*DATA, "--fault", f"poison={second}")
        work = self.workspace(sim.base)
        work.configure(gti="streams: [domain]\nthreat_lists: []\n"
                           "lookback_days: 1")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        when = datetime.fromtimestamp(second, timezone.utc)
        self.assertIn(f"the second {when:%Y-%m-%dT%H:%M:%SZ} can't be read "
                      "and is skipped", run.err)
        # Its neighbour may be named too: whether "date:X-" brings X itself is
        # not documented. Nothing of it is lost, as the oracle shows.
        self.assertLessEqual(run.report["incomplete_units"], 2)
        self.assertEqual(run.report["failed_units"], 0)
        expected = expect_without(plain.base, settings(
            streams=("domain",), lists=()), second)
        self.assert_matches(work, expected)
        # The next run does not walk into it again.
        again = work.sync()
        self.assertEqual(again.code, 0, again.err)
        self.assert_matches(work, expected)

    # ---- lists: licences, holes, delays ----

    def test_refused_list_under_all_is_left_out(self):
        lists = tuple(name for name in oracle.LISTS if name != "phishing")
        sim = self.simulator(*DATA, "--tiers", "phishing")
        work = self.workspace(sim.base)
        work.configure(gti="lookback_days: 1")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertRegex(run.err, r"\[WARN\] Threat List \(phishing\) is left "
                                  "out of this run: HTTP 403")
        plain = self.simulator(*DATA)
        self.assert_matches(work, oracle.expect(
            plain.base, KEY, settings(lists=lists)))

    def test_refused_list_that_the_user_named_ends_with_1(self):
        sim = self.simulator(*DATA, "--tiers", "phishing")
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertRegex(run.err, r"\[ERROR\] Threat List \(phishing\) ended: "
                                  "HTTP 403")
        plain = self.simulator(*DATA)
        self.assert_matches(work, oracle.expect(
            plain.base, KEY, settings(lists=("malware",))))

    def test_unknown_list_ends_with_2_and_the_rest_is_there(self):
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base)
        work.configure(gti="threat_lists: [malware, malwear]\n"
                           "lookback_days: 1")
        for _ in range(2):
            run = work.sync()
            self.assertEqual(run.code, 2, run.err)
            self.assertRegex(run.err, r"\[ERROR\].*\(malwear\).*no such list"
                                      ".*gti.threat_lists")
            self.assert_matches(work, oracle.expect(
                sim.base, KEY, settings(lists=("malware",))))

    def test_holes_empty_and_null_packages_advance(self):
        for option in ("--hole-every", "--empty-every", "--null-every"):
            with self.subTest(option):
                sim = self.simulator(*DATA, option, 3)
                work = self.workspace(sim.base, name=option)
                work.configure(gti=PULL)
                run = work.sync()
                self.assertEqual(run.code, 0, run.err)
                self.assert_matches(work, oracle.expect(
                    sim.base, KEY, settings()))

    def test_packages_not_available_yet_never_advance(self):
        for delay in (1, 2, 3):
            with self.subTest(delay):
                sim = self.simulator(*DATA, "--delay-hours", delay)
                work = self.workspace(sim.base, name=f"delay-{delay}")
                work.configure(gti=PULL)
                run = work.sync()
                self.assertEqual(run.code, 0, run.err)
                newest = NOW // HOUR * HOUR - max(delay, 2) * HOUR
                self.assertEqual(
                    work.checkpoint()["threat_lists"],
                    {name: oracle.hour_text(newest) for name in CHOSEN})
                # An hour later, that hour has come and is pulled.
                later = NOW + HOUR
                sim = self.simulator(*DATA, "--delay-hours", delay, now=later)
                work.base, work.now = sim.base, later
                work.configure(gti=PULL)
                self.assertEqual(work.sync().code, 0)
                self.assertEqual(
                    work.checkpoint()["threat_lists"]["malware"],
                    oracle.hour_text(newest + HOUR))

    def test_shorter_delay_may_be_configured(self):
        sim = self.simulator(*DATA, "--delay-hours", 1)
        work = self.workspace(sim.base)
        work.configure(gti=PULL + "\npackage_delay: 1h")
        self.assertEqual(work.sync().code, 0)
        self.assertEqual(work.checkpoint()["threat_lists"]["malware"],
                         oracle.hour_text(NOW - HOUR))

    # ---- packages over the limit ----

    BURST = ("--seed", 8, "--stream-items", 10, "--list-items", 12,
             "--list-burst-every", 6, "--list-burst-factor", 9)
    BANDS = "threat_lists: [malware]\nstreams: []\nlookback_days: 1"

    def check_bands(self, *options):
        sim = self.simulator(*self.BURST, *options)
        work = self.workspace(sim.base, name="-".join(options) or "plain")
        work.configure(gti=self.BANDS + "\nthreat_list_limit: 20")
        run = work.sync()
        want = settings(lists=("malware",), streams=())
        expected = oracle.expect(sim.base, KEY, want)
        return sim, work, run, expected

    def test_packages_over_the_limit_are_pulled_by_score_bands(self):
        for option in ((), ("--score-exclusive",)):
            with self.subTest(option):
                sim, work, run, expected = self.check_bands(*option)
                self.assertGreater(run.report["requests"], 48)
                got = got_lines(work)
                missing = {name: sorted(set(lines) - set(got[name]))
                           for name, lines in expected.files.items()}
                if run.code == 0:
                    self.assert_matches(work, expected)
                else:
                    # Only a band of one score may be left incomplete, and
                    # then it is said.
                    self.assertEqual(run.code, 1, run.err)
                    self.assertGreater(run.report["incomplete_units"], 0)
                    self.assertRegex(run.err, "incomplete|limit")
                for name, lines in got.items():
                    self.assertLessEqual(set(lines),
                                         set(expected.files[name]), name)
                if run.code == 0:
                    self.assertFalse(any(missing.values()))

    def test_one_full_score_is_told_as_incomplete(self):
        sim = self.simulator(*self.BURST)
        work = self.workspace(sim.base)
        work.configure(gti=self.BANDS + "\nthreat_list_limit: 1")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertGreater(run.report["incomplete_units"], 0)
        self.assertEqual(run.report["failed_units"], 0)
        expected = oracle.expect(sim.base, KEY, settings(
            lists=("malware",), streams=()))
        for name, lines in got_lines(work).items():
            self.assertLessEqual(set(lines), set(expected.files[name]))
        self.assertEqual(work.checkpoint(), expected.checkpoint)

    # ---- what is chosen ----

    def test_min_score_and_several_verdicts(self):
        verdicts = ("VERDICT_MALICIOUS", "VERDICT_SUSPICIOUS",
                    "VERDICT_UNKNOWN")
        self.compare(
            gti=f"{PULL}\nmin_score: 40\nverdicts: [{', '.join(verdicts)}]",
            want=settings(verdicts=verdicts, min_score=40))

    def test_unassessed_is_unknown(self):
        self.compare(gti=PULL + "\nverdicts: [VERDICT_UNKNOWN]",
                     want=settings(verdicts=("VERDICT_UNKNOWN",)))

    def test_streams_only_and_lists_only(self):
        sim, _, _ = self.compare(gti="threat_lists: []\nlookback_days: 1",
                                 want=settings(lists=()))
        self.assertEqual(sim.stats()["by_endpoint"]["threat_list_hour"], 0)
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base, name="lists")
        work.configure(gti=PULL + "\nstreams: []")
        self.assertEqual(work.sync().code, 0)
        self.assertEqual(sim.stats()["by_endpoint"]["ioc_stream"], 0)
        self.assert_matches(work, oracle.expect(sim.base, KEY,
                                                settings(streams=())))

    def test_long_lookback_is_clamped_unless_allowed(self):
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base)
        work.configure(gti="threat_lists: [malware]\nlookback_days: 6")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertRegex(run.err, r"\[WARN\].*lookback_days is 6 and is taken "
                                  "as 5.*allow_long_lookback")
        self.assertIn("Using lookback days: 5", run.err)
        clamped = sim.stats()["by_endpoint"]["threat_list_hour"]
        sim.reset()
        other = self.workspace(sim.base, name="long")
        other.configure(gti="threat_lists: [malware]\nlookback_days: 6\n"
                            "allow_long_lookback: true")
        run = other.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn("Using lookback days: 6", run.err)
        self.assertEqual(sim.stats()["by_endpoint"]["threat_list_hour"],
                         clamped + 48)

    def test_old_checkpoint_is_clamped_and_the_lost_range_printed(self):
        sim = self.simulator(*DATA, now=NOW - 3 * DAY)
        work = self.workspace(sim.base, now=NOW - 3 * DAY)
        work.configure(gti=PULL)
        self.assertEqual(work.sync().code, 0)
        sim = self.simulator(*DATA)
        work.base, work.now = sim.base, NOW
        work.configure(gti=PULL)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertIn("what came in the hours from 2025-12-29T10:00:00Z to "
                      "2025-12-31T11:00:00Z is not pulled", run.err)
        self.assertRegex(run.err, r"\[WARN\] IOC Stream \(domain\).*look-back")

    # ---- limits of the server ----

    def test_daily_quota_ends_with_its_reset_and_wastes_little(self):
        for fault in ("daily-quota=20",):
            sim = self.simulator(*DATA, "--fault", fault, "--latency", 20)
            work = self.workspace(sim.base)
            work.configure(gti=PULL, limits="max_wait: 2s\nconnections: 4")
            run = work.sync()
            self.assertEqual(run.code, 1, run.err)
            self.assertRegex(run.err, r"00:00 UTC, next at "
                                      r"2026-01-02T00:00:00Z")
            stats = sim.stats()
            self.assertEqual(stats["lapses"]["request_before_retry_after"], 0)
            self.assertLessEqual(stats["rejected"], 4 + 6, stats)

    def test_daily_quota_with_retry_after_is_not_waited_for(self):
        sim = self.simulator(*DATA, "--daily-quota", 20, "--latency", 20)
        work = self.workspace(sim.base)
        work.configure(gti=PULL, limits="max_wait: 2s\nconnections: 4")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertRegex(run.err, "00:00 UTC")
        self.assertEqual(sim.stats()["lapses"]["request_before_retry_after"], 0)
        self.assertLessEqual(sim.stats()["rejected"], 4 + 6)
        # The next day brings the rest.
        rest = self.simulator(*DATA)
        work.base = rest.base
        work.configure(gti=PULL)
        self.assertEqual(work.sync().code, 0)
        expected = oracle.expect(rest.base, KEY, settings())
        self.assertEqual(sorted(all_lines(work)), sorted(
            line for lines in expected.files.values() for line in lines))
        self.assertEqual(work.checkpoint(), expected.checkpoint)

    def test_rate_limit_is_kept_to_after_the_first_refusals(self):
        for extra in ((), ("--retry-after", "off")):
            with self.subTest(extra):
                sim = self.simulator(*DATA, "--rate-limit", 30,
                                     "--rate-window", 2, *extra)
                work = self.workspace(sim.base, name="-".join(extra) or "on")
                work.configure(gti=PULL, limits="max_wait: 60s\n"
                                                "connections: 1")
                run = work.sync()
                self.assertEqual(run.code, 0, run.err)
                stats = sim.stats()
                self.assertGreater(stats["rejected"], 0)
                self.assertLess(stats["rejected"], stats["requests"] / 2)
                early = stats["lapses"]["request_before_retry_after"]
                self.assertEqual(early, 0)
                self.assert_matches(work, oracle.expect(
                    self.simulator(*DATA).base, KEY, settings()))

    def test_requests_per_minute_is_kept(self):
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base)
        work.configure(gti="threat_lists: [malware]\nstreams: []\n"
                           "lookback_days: 1\nrequests_per_minute: 600")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        # 48 requests at ten a second; one may go at once.
        self.assertGreaterEqual(run.report["pull_seconds"], 4.5)

    # ---- several runs ----

    def test_expiry_over_several_runs(self):
        want = []
        work = None
        for step in range(4):
            now = NOW + step * 6 * HOUR
            sim = self.simulator(*DATA, now=now)
            work = work or self.workspace(sim.base)
            work.base, work.now = sim.base, now
            work.configure(gti=PULL, lists="max_age: 12h")
            run = work.sync()
            self.assertEqual(run.code, 0, run.err)
            last = self.known(sim.base, now)
            want = sorted(key for key, seen in last.items()
                          if now - seen <= 12 * HOUR)
            edge = {key for key, seen in last.items()
                    if abs(now - seen - 12 * HOUR) <= 1}
            got = sorted(all_lines(work))
            self.assertEqual([k for k in got if k not in edge],
                             [k for k in want if k not in edge])
        self.assertGreater(run.report["removed"]["domain"], 0)
        self.assertEqual(run.report["expired"]["domain"],
                         run.report["removed"]["domain"])

    def known(self, base, now):
        """Every wanted value and when it was last seen, over one day more
        than the look-back (longer than anything lives on the lists)."""
        reader = oracle.Reader(base, KEY)
        table = {"ip_address": {}, "domain": {}}
        chosen = settings(now, lookback_days=2)
        for seen in oracle.pull(reader, chosen):
            if seen.seen < NOW - DAY:
                continue
            canon = oracle.canonical_ip if seen.kind == "ip_address" \
                else oracle.canonical_domain
            value = canon(seen.value)
            if value is not None:
                oracle.merge(table[seen.kind], value, seen)
        return {oracle.entry_text(kind, value): known.last
                for kind in table for value, known in table[kind].items()
                if oracle.is_wanted(known, chosen)
                and not oracle.is_guarded(kind, value)}

    def test_revoked_verdict_leaves_the_list(self):
        first = make_item("bad.example.org", "VERDICT_MALICIOUS", NOW - 7200)
        base, pages = serve(self, [first])
        work = self.workspace(base)
        work.configure(gti="threat_lists: []\nstreams: [domain]\n"
                           "lookback_days: 1")
        self.assertEqual(work.sync().code, 0)
        self.assertEqual(work.lines("guard_duty/threat-entity-1.txt"),
                         ["bad.example.org"])
        pages.append(make_item("bad.example.org", "VERDICT_BENIGN",
                               NOW + 60))
        work.now = NOW + 120
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(work.lines("guard_duty/threat-entity-1.txt"), [])
        self.assertEqual(run.report["removed"]["domain"], 1)
        self.assertEqual(run.report["revoked"]["domain"], 1)

    def test_guard_rails_and_allow_file_tell_their_reasons(self):
        cases = {
            "10.1.2.3": "guard_private", "127.0.0.1": "guard_loopback",
            "8.0.0.0/6": "guard_wide", "*.co.uk": "guard_public_suffix",
            "good.example.org": "allow", "www.good.example.org": "allow",
            "*.example.org": "allow", "45.9.20.0/24": "allow",
            "2001:db8::1": "ipv6", "1.2.3": "ip_syntax",
            "under_score.example.com": "", "bad.example.com": None,
            "45.9.21.7": None,
        }
        items = [make_item(value, "VERDICT_MALICIOUS", NOW - 600 - i)
                 for i, value in enumerate(cases)]
        base, _ = serve(self, items)
        work = self.workspace(base)
        allow = work.folder / "allow"
        allow.write_text("# ours\ngood.example.org\n45.9.20.17\n")
        work.configure(gti="threat_lists: []\nlookback_days: 1",
                       lists=f"allow_file: {allow}")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assertEqual(sorted(all_lines(work)),
                         ["45.9.21.7", "bad.example.com"])
        told = {row["value"]: row["reason"] for row in reasons(work)}
        self.assertEqual(set(told), {value for value, reason in cases.items()
                                     if reason is not None})
        for value, reason in cases.items():
            if reason is not None:
                self.assertIn(reason, told[value], value)
        invalid = work.lines("invalid_iocs/invalid_ip_address.txt")
        self.assertEqual(invalid, ["1.2.3", "2001:db8::1"])

    # ---- recorded answers ----

    def test_recorded_answers_give_their_indicators(self):
        folder = find_samples()
        if folder is None:
            self.skipTest("there are no recorded answers (SLU_SHARED)")
        stream = json.loads((folder / "ioc_stream_items_devkit_live_"
                             "2025-08-07.json").read_text())
        found = sorted(folder.glob("threat_list_items_cryptominer_*.json"))
        self.assertEqual(len(found), 5)
        packages = {re.search(r"_(\d{10})_", path.name).group(1):
                    json.loads(path.read_text()) for path in found}
        now = 1754571600  # 2025-08-07T13:00:00Z, all is in the look-back
        chosen = settings(now, lists=("cryptominer",))
        pull = "threat_lists: [cryptominer]\nlookback_days: 1"
        base = serve_recorded(self, stream, packages)
        work = self.workspace(base, now=now)
        work.configure(gti=pull)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        # All that was recorded are files: each is read, and left out.
        self.assertEqual(all_lines(work), [])
        self.assertEqual(run.report["reasons"]["other_type"],
                         2 * sum(map(len, packages.values())))
        self.assertEqual(work.checkpoint()["threat_lists"],
                         {"cryptominer": "2025080711"})
        # The same objects under the names of domains.
        for page in [stream, *packages.values()]:
            for item in items_of(page):
                item["type"] = "domain"
                item["id"] = f"h{item['id'][:12]}.example.org"
        base = serve_recorded(self, stream, packages)
        work = self.workspace(base, name="domains", now=now)
        work.configure(gti=pull)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        want = oracle.expect(base, KEY, chosen)
        self.assertTrue(want.files["guard_duty/threat-entity-1.txt"])
        # The holes of the recording are those of the list, too.
        self.assert_matches(work, want)


# ---- helpers ----

def got_lines(work):
    return {name: work.lines(name) for kind in ("ip_address", "domain")
            for name in oracle.list_names(kind, 6)}


def all_lines(work):
    return [line for lines in got_lines(work).values() for line in lines]


def reasons(work):
    return [json.loads(line)
            for line in work.lines("invalid_iocs/reasons.ndjson")]


def expect_without(base, chosen, second):
    """What the oracle expects without the items of one second."""
    class Reader(oracle.Reader):
        def stream(self, kind, first, last):
            for date, item in super().stream(kind, first, last):
                if date != second:
                    yield date, item

    kept = oracle.Reader
    oracle.Reader = Reader
    try:
        return oracle.expect(base, KEY, chosen)
    finally:
        oracle.Reader = kept


def make_item(value, verdict, date):
    kind = "domain" if re.search("[a-z]", value) and ":" not in value \
        else "ip_address"
    return {
        "id": value, "type": kind,
        "attributes": {
            "last_modification_date": date,
            "gti_assessment": {"verdict": {"value": verdict},
                               "threat_score": {"value": 80}}},
        "context_attributes": {"notification_id": str(date * 7 % 99991),
                               "notification_date": date}}


def items_of(page):
    """The objects of a recorded answer, however it was recorded."""
    if isinstance(page, dict):
        page = page.get("data") or page.get("iocs") or []
    return [item.get("data", item) for item in page]


def listen(case, answer):
    """answer(path, query) -> (status, object)."""
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            url = urllib.parse.urlsplit(self.path)
            query = dict(urllib.parse.parse_qsl(url.query))
            status, page = answer(url.path, query)
            body = json.dumps(page).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    case.stack.callback(server.server_close)
    case.stack.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


def select(items, query):
    """The part of the stream that a filter asks for, oldest first."""
    kind = re.search(r"entity_type:(\w+)", query["filter"])
    bounds = re.findall(r"date:(\d+)([+-])", query["filter"])
    chosen = [item for item in items
              if item["type"] == kind.group(1) and all(
                  (item["context_attributes"]["notification_date"]
                   - int(second)) * (1 if sign == "+" else -1) >= 0
                  for second, sign in bounds)]
    return sorted(chosen, key=lambda item:
                  item["context_attributes"]["notification_date"])


def serve(case, items):
    """A stream of these items, which the caller may add to."""
    def answer(path, query):
        chosen = select(items, query)
        return 200, {"data": chosen, "meta": {"count": len(chosen)},
                     "links": {}}

    return listen(case, answer), items


def serve_recorded(case, stream, packages):
    def answer(path, query):
        if path == "/api/v3/ioc_stream":
            chosen = select(items_of(stream), query)
            return 200, {"data": chosen, "meta": {"count": len(chosen)}}
        hour = path.rsplit("/", 1)[1]
        if hour not in packages:
            return 404, {"error": {"code": "NotFoundError",
                                   "message": "not found"}}
        return 200, {"iocs": packages[hour]}

    return listen(case, answer)


def find_samples():
    shared = [os.environ.get("SLU_SHARED"), "../../../shared",
              "../../../../shared"]
    for place in shared:
        if place and (pathlib.Path(place) / "samples/gti").is_dir():
            return pathlib.Path(place) / "samples/gti"
    return None


if __name__ == "__main__":
    unittest.main()
