# SPDX-License-Identifier: Apache-2.0
"""Whatever is wrong outside: one clear line with its cure, the exit code, and
no list worse than before."""

import http.server
import os
import pathlib
import re
import resource
import sqlite3
import subprocess
import threading
import unittest

from harness import (
    BIN, KEY, NOW, Case, Run, kill, reserve_port, wait_until)

DATA = ("--seed", 3, "--stream-items", 100, "--list-items", 3)
PULL = "threat_lists: [malware]\nlookback_days: 1"
SHORT = "max_wait: 2s"
LATER = NOW + 3 * 3600


def errors(run):
    return [line for line in run.err.splitlines()
            if line.startswith("[ERROR]")]


class BadInput(Case):
    def prepared(self, **kwargs):
        """A folder with the lists of a good run, ready to be spoilt."""
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base, **kwargs)
        work.configure(gti=PULL)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        return sim, work

    def assert_refused(self, run, code, *parts, lines=1):
        self.assertEqual(run.code, code, run.err)
        found = errors(run)
        self.assertEqual(len(found), lines, run.err)
        for part in parts:
            self.assertRegex(found[-1], part)

    def spoilt(self, base):
        """Good lists, then the base URL of somebody else and a later hour."""
        _, work = self.prepared()
        work.base = base
        work.now = LATER
        work.configure(gti=PULL, limits=SHORT)
        return work, work.snapshot()

    def assert_lists_kept(self, work, before):
        self.assertEqual(work.snapshot(), before)
        self.assert_no_leftovers(work)

    # ---- the configuration ----

    def test_unknown_key_is_told_with_line_and_expectation(self):
        _, work = self.prepared()
        before = work.snapshot()
        work.configure(gti=PULL + "\nlookback_dayz: 3")
        line = work.config.read_text().split("\n").index(
            "  lookback_dayz: 3") + 1
        run = work.run("sync")
        self.assert_refused(run, 2, rf"line {line}:", "`lookback_dayz`",
                            "did you mean `lookback_days`")
        work.configure(gti=PULL + "\nzzz: 3")
        self.assert_refused(work.run("sync"), 2, rf"line {line}:", "`zzz`",
                            "expected base_url, api_key, streams")
        self.assert_lists_kept(work, before)

    def test_bad_values_are_told_with_what_was_expected(self):
        _, work = self.prepared()
        before = work.snapshot()
        for text, parts in (
                ("lookback_days: many", ("`many`", "whole number from 1")),
                ("lookback_days: 0", ("`0`", "from 1")),
                ("streams: [url]", ("`url`", "domain, ip_address")),
                ("verdicts: [EVIL]", ("`EVIL`", "VERDICT_MALICIOUS")),
                ("min_score: 101", ("`101`", "0 to 100")),
                ("threat_lists: [Malware!]", ("Malware!", "malware")),
                ("api_key: secret", ("api_key", "env: NAME"))):
            with self.subTest(text):
                work.configure(gti=text)
                self.assert_refused(work.run("sync"), 2, *parts)
        self.assert_lists_kept(work, before)

    def test_missing_configuration_is_named(self):
        _, work = self.prepared()
        work.config.unlink()
        for verb in ("sync", "check", "status"):
            self.assert_refused(work.run(verb), 2,
                                re.escape(str(work.config)),
                                "No such file or directory")

    def test_broken_yaml_is_told_with_its_line(self):
        _, work = self.prepared()
        work.config.write_text("gti:\n  streams: [domain\nlimits: {}\n")
        self.assert_refused(work.run("sync"), 2, r"line [23]")

    def test_http_to_another_host_is_refused(self):
        _, work = self.prepared()
        for host in ("example.org", "127.0.0.1.example.org", "10.0.0.1"):
            work.base = f"http://{host}"
            work.configure(gti=PULL)
            self.assert_refused(work.run("sync"), 2, "gti.base_url",
                                "https", "loopback")

    def test_bad_allow_file_is_told_with_its_line(self):
        _, work = self.prepared()
        before = work.snapshot()
        allow = work.folder / "allow.txt"
        work.configure(gti=PULL, lists=f"allow_file: {allow}")
        self.assert_refused(work.run("sync"), 2, re.escape(str(allow)),
                            "No such file or directory")
        allow.write_text("good.example\n# a comment\nnot a name!\n")
        self.assert_refused(work.run("sync"), 2, re.escape(str(allow)),
                            "line 3")
        self.assert_lists_kept(work, before)

    # ---- the key ----

    def test_missing_key_says_where_it_was_looked_for(self):
        _, work = self.prepared()
        before = work.snapshot()
        work.environment = {}
        self.assert_refused(work.run("sync"), 2, "API key not found",
                            "GTI_API_KEY", "gti.api_key")
        work.environment = {"GTI_API_KEY": ""}
        self.assert_refused(work.run("sync"), 2, "API key not found")
        self.assert_lists_kept(work, before)
        checked = work.run("check")
        self.assertEqual(checked.code, 2)
        self.assertIn("FAIL  API key not found", checked.out)

    def test_missing_key_file_is_named(self):
        _, work = self.prepared()
        path = work.folder / "key"
        work.configure(gti=f"{PULL}\napi_key: {{file: {path}}}")
        self.assert_refused(work.run("sync"), 2, re.escape(str(path)),
                            "No such file or directory")
        path.write_text(KEY + "\n")
        path.chmod(0o600)
        self.assertEqual(work.run("sync").code, 0)

    def test_wrong_key_ends_with_3_and_the_cure(self):
        sim, work = self.prepared()
        before = work.snapshot()
        work.environment = {"GTI_API_KEY": "b" * 64}
        work.now = LATER
        sim.reset()
        run = work.run("sync")
        self.assert_refused(run, 3, "HTTP 401", "Wrong API key",
                            "check that gti.api_key")
        self.assertEqual(sim.stats()["requests"], 1)
        self.assert_lists_kept(work, before)
        self.assertNotIn("b" * 64, run.err + run.out)
        checked = work.run("check")
        self.assertEqual(checked.code, 3)
        self.assertRegex(checked.out, "FAIL .*HTTP 401.*gti.api_key")

    def test_key_that_goes_wrong_midway_ends_with_3(self):
        sim = self.simulator(*DATA, "--fault", "401-later=2", now=LATER)
        work, before = self.spoilt(sim.base)
        work.configure(gti=PULL, limits="connections: 2")
        run = work.run("sync")
        self.assert_refused(run, 3, "HTTP 401")
        self.assert_lists_kept(work, before)

    def test_inactive_user_ends_with_3(self):
        body = (b'{"error":{"message":"User is not active",'
                b'"code":"UserNotActiveError"}}')
        base = self.serve(401, body, "application/json")
        work, before = self.spoilt(base)
        self.assert_refused(work.run("sync"), 3, "HTTP 401",
                            "not active", "active account")
        self.assert_lists_kept(work, before)

    def test_refused_everywhere_ends_with_3(self):
        sim = self.simulator(*DATA, "--stream-forbidden", "--tiers",
                             "malware", now=LATER)
        work, before = self.spoilt(sim.base)
        run = work.run("sync")
        self.assertEqual(run.code, 3, run.err)
        self.assertRegex(errors(run)[-1], "HTTP 403.*licence")
        self.assert_lists_kept(work, before)
        self.assertEqual(work.run("check").code, 3)

    def test_key_is_nowhere_but_in_the_environment(self):
        sim = self.simulator(*DATA, "--latency", 300)
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        process = work.start("sync", "--log-level", "debug")
        proc = pathlib.Path(f"/proc/{process.pid}")
        self.assertTrue(wait_until(lambda: sim.stats()["requests"] > 0))
        self.assertNotIn(KEY.encode(), (proc / "cmdline").read_bytes())
        self.assertNotIn(KEY, (proc / "comm").read_text())
        limit = next(line for line in (proc / "limits").read_text()
                     .splitlines() if line.startswith("Max core file"))
        self.assertEqual(limit.split()[4:6], ["0", "0"])
        if os.geteuid() != 0:
            # Undumpable: what is in /proc belongs to root.
            self.assertEqual((proc / "mem").stat().st_uid, 0)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        self.assertNotIn(KEY, out + err)
        for path in work.folder.rglob("*"):
            if path.is_file():
                self.assertNotIn(KEY.encode(), path.read_bytes(), path)
        mode = (work.folder / "state" / "state.db").stat().st_mode
        self.assertEqual(mode & 0o077, 0)

    # ---- folders ----

    def test_state_dir_that_is_a_file(self):
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        state = work.folder / "state"
        state.write_text("mine")
        self.assert_refused(work.run("sync"), 1, re.escape(str(state)),
                            "Not a directory", "state_dir")
        self.assertEqual(state.read_text(), "mine")
        self.assertFalse(work.out.exists())
        checked = work.run("check")
        self.assertEqual(checked.code, 1)
        self.assertRegex(checked.out, f"FAIL .*{re.escape(str(state))}")

    def test_output_dir_that_is_a_file(self):
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        work.out.write_text("mine")
        self.assert_refused(work.run("sync"), 1, re.escape(str(work.out)),
                            "Not a directory", "output_dir")
        self.assertEqual(work.out.read_text(), "mine")
        self.assertEqual(sim.stats()["requests"], 0)

    def mount(self, folder, options):
        """A tmpfs on the folder; skips where that is not allowed."""
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs",
                               folder], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"no tmpfs can be mounted: {done.stderr.strip()}")
        self.stack.callback(subprocess.run, ["umount", "-l", folder],
                            check=True)

    def remount(self, folder, options):
        subprocess.run(["mount", "-o", f"remount,{options}", folder],
                       check=True)

    def test_read_only_folders(self):
        sim = self.simulator(*DATA)
        for name in ("state", "out"):
            with self.subTest(name):
                work = self.workspace(sim.base, name=f"ro-{name}")
                work.configure(gti=PULL)
                folder = work.folder / name
                self.mount(folder, "size=16m,ro")
                self.assert_refused(work.run("sync"), 1,
                                    re.escape(str(folder)), "Read-only")
                self.remount(folder, "rw")
                self.assertEqual(work.run("sync").code, 0)

    # ---- no space ----

    def check_full(self, work, folder):
        """Sync into a full folder, give it room again, compare."""
        sim = self.simulator(*BIG)
        plain = self.workspace(sim.base, name="plain")
        plain.configure(gti=PULL)
        self.assertEqual(plain.sync().code, 0)
        work.base = sim.base
        work.configure(gti=PULL)
        self.mount(folder, "size=256k")
        run = work.run("sync")
        self.assertEqual(run.code, 1, run.err)
        self.assertEqual(len(errors(run)), 1, run.err)
        self.assertRegex(errors(run)[0], "[Nn]o space left|disk is full|full")
        for path in work.out.rglob("*.txt"):
            name = str(path.relative_to(work.out))
            self.assertIn(path.read_bytes(),
                          (b"", (plain.out / name).read_bytes()), name)
        self.remount(folder, "size=64m")
        again = work.run("sync")
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(work.snapshot(), plain.snapshot())

    def test_full_disk_of_the_state(self):
        work = self.workspace("http://127.0.0.1:1")
        self.check_full(work, work.folder / "state")

    def test_full_disk_of_the_output(self):
        work = self.workspace("http://127.0.0.1:1")
        self.check_full(work, work.out)

    def test_files_limited_in_size_are_told(self):
        sim = self.simulator(*BIG)
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        process = subprocess.Popen(
            [BIN / "sluice", "sync", "-c", work.config], env=work.env(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            preexec_fn=lambda: resource.setrlimit(
                resource.RLIMIT_FSIZE, (100000, 100000)))
        out, err = process.communicate(timeout=60)
        run = Run(process.returncode, out, err)
        self.assert_refused(run, 1, "File too large|disk|space|limit")
        self.assertEqual(work.run("sync").code, 0)

    # ---- the server ----

    def serve(self, status, body, kind, headers=()):
        """An HTTP server that gives the same answer to everything."""
        self.asked = []
        asked = self.asked

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                asked.append((self.path, dict(self.headers)))
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        server = Server(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.stack.callback(server.server_close)
        self.stack.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def check_hopeless(self, base, *parts):
        work, before = self.spoilt(base)
        run = work.run("sync")
        self.assertEqual(run.code, 1, run.err)
        for part in parts:
            self.assertRegex(errors(run)[-1], part)
        self.assert_lists_kept(work, before)
        checked = work.run("check")
        self.assertEqual(checked.code, 1, checked.out)
        self.assertRegex(checked.out, "FAIL  IOC Stream .domain.: ")
        return run

    def test_port_nobody_listens_on(self):
        place = f"127.0.0.1:{reserve_port(self.stack)}"
        run = self.check_hopeless(f"http://{place}", re.escape(place),
                                  "Connection refused", "limits.max_wait")
        self.assertEqual(len(errors(run)), 1, run.err)

    def test_answers_that_are_never_json(self):
        base = self.serve(200, b"<html>welcome</html>", "text/html")
        run = self.check_hopeless(base, "JSON|malformed")
        self.assertEqual(len(errors(run)), 1, run.err)

    def test_redirect_is_told_and_not_followed(self):
        sim = self.simulator(*DATA)
        base = self.serve(302, b"", "text/plain",
                          [("Location", f"{sim.base}/api/v3/ioc_stream")])
        self.check_hopeless(base, "302", "redirect|base_url")
        self.assertEqual(sim.stats()["requests"], 0)

    # ---- the state ----

    def test_two_runs_at_once_are_kept_apart(self):
        sim = self.simulator(*DATA, "--latency", 2000)
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        first = work.start("sync")
        try:
            self.assertTrue(wait_until(lambda: sim.stats()["requests"] > 0))
            second = work.run("sync")
            self.assert_refused(second, 1, f"{first.pid}", "state")
            status = work.run("status")
            self.assertEqual(status.code, 0, status.err)
            self.assertIn("not ended", status.out)
        finally:
            kill(first)
        self.assertEqual(work.run("sync").code, 0)

    def test_state_of_a_newer_version_is_left_alone(self):
        _, work = self.prepared()
        before = work.snapshot()
        path = work.folder / "state" / "state.db"
        with sqlite3.connect(path) as state:
            version = state.execute("PRAGMA user_version").fetchone()[0]
            state.execute(f"PRAGMA user_version = {version + 7}")
        state.close()
        for verb in ("sync", "status"):
            run = work.run(verb)
            self.assertIn(run.code, (1, 2), run.err)
            self.assertEqual(len(errors(run)), 1, run.err)
            self.assertRegex(errors(run)[0], "newer sluice")
        self.assert_lists_kept(work, before)

    def test_damaged_state_is_told_with_the_cure(self):
        _, work = self.prepared()
        before = work.snapshot()
        path = work.folder / "state" / "state.db"
        for name in ("state.db-wal", "state.db-shm"):
            (work.folder / "state" / name).unlink(missing_ok=True)
        path.write_bytes(b"this was never a database" * 400)
        for verb in ("sync", "status"):
            self.assert_refused(work.run(verb), 1, re.escape(str(path)),
                                "damaged", "move it away")
        self.assert_lists_kept(work, before)
        path.rename(path.with_suffix(".old"))
        run = work.run("sync")
        self.assertEqual(run.code, 0, run.err)
        for stem in ("ip", "entity"):
            name = f"guard_duty/threat-{stem}-1.txt"
            self.assertEqual(work.snapshot()[name], before[name])

    def test_damaged_pages_are_told_with_the_cure(self):
        _, work = self.prepared()
        before = work.snapshot()
        path = work.folder / "state" / "state.db"
        data = bytearray(path.read_bytes())
        data[4096:] = b"\xa5" * (len(data) - 4096)
        path.write_bytes(bytes(data))
        work.now = LATER
        run = work.run("sync")
        self.assert_refused(run, 1, "damaged", "move it away")
        self.assert_lists_kept(work, before)

    # ---- the command line ----

    def test_bad_options_are_named(self):
        _, work = self.prepared()
        for args, part in ((("sync", "--bogus"), "--bogus"),
                           (("sync", "--log-level", "loud"), "loud"),
                           (("frob",), "frob"),
                           (("sync", "--flow", "nope"), "nope.*lists"),
                           (("sync", "--flow", "2"), "2"),
                           (("sync", "extra"), "extra")):
            with self.subTest(args):
                run = work.run(*args)
                self.assertEqual(run.code, 2)
                self.assertRegex(run.err, part)
                self.assertEqual(len(run.err.strip().splitlines()), 1)
                self.assertEqual(run.out, "")
        bare = subprocess.run([BIN / "sluice", "sync"], env=work.env(),
                              capture_output=True, text=True)
        self.assertEqual(bare.returncode, 2)
        self.assertRegex(bare.stderr, "-c")

    def test_status_before_and_after(self):
        sim = self.simulator(*DATA)
        work = self.workspace(sim.base)
        work.configure(gti=PULL)
        early = work.run("status")
        self.assert_refused(early, 2, "no state", "sluice sync")
        self.assertFalse((work.folder / "state").exists())
        self.assertEqual(work.run("sync").code, 0)
        late = work.run("status")
        self.assertEqual(late.code, 0)
        self.assertRegex(late.out, r"gti/list/malware +2026-01-01T09:00:00Z")
        self.assertRegex(late.out, r"guard_duty/threat-ip-1\.txt")
        self.assertIn("exit 0", late.out)
        told = work.run("status", "--json").report
        self.assertEqual(told["checkpoints"]["gti/list/malware"],
                         "2026-01-01T09:00:00Z")

    def test_check_names_each_permission_and_changes_nothing(self):
        sim, work = self.prepared()
        before = work.snapshot()
        sim.reset()
        checked = work.run("check")
        self.assertEqual(checked.code, 0)
        for line in ("IOC Stream (domain): permitted",
                     "IOC Stream (ip_address): permitted",
                     "Threat List (malware): permitted"):
            self.assertIn(line, checked.out)
        self.assertEqual(sim.stats()["requests"], 3)
        self.assert_lists_kept(work, before)

    def test_closed_stdout_is_an_error_that_is_told(self):
        _, work = self.prepared()
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [BIN / "sluice", "status", "-c", work.config],
                env=work.env(), stdout=full, stderr=subprocess.PIPE,
                text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot write to stdout", done.stderr)


BIG = ("--seed", 5, "--stream-items", 4000, "--stream-days", 1,
       "--list-items", 200)

if __name__ == "__main__":
    unittest.main()
