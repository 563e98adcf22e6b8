# SPDX-License-Identifier: Apache-2.0
"""What is in memory is bounded by the stated caps, not by what is served.

With the optimised binaries, for AddressSanitizer multiplies what it watches.
They have no test hooks, so the clocks are real, and the simulator's stands
still at the moment of the test.
"""

import json
import os
import pathlib
import sqlite3
import subprocess
import sys
import time
import unittest

import harness
from harness import Case, wait_until

RELEASE = pathlib.Path(os.environ.get(
    "SLUICE_RELEASE_BIN", "build/release/bin")).resolve()
MIB = 1024 * 1024
ITEMS = 3900  # in one package: just under the 4000 that the API gives at once
HOUR = 3600
QUEUE_BYTES = 8 * MIB    # the store's queue
PIECE_BYTES = 64 * 1024  # of each connection, inside libcurl
SEND_BUFFER = 128 * 1024

# The kernel reports the peak of a process with that of the one it was forked
# from; so a small one stands between this test and the program.
LAUNCHER = """
import json, os, sys
child = os.fork()
if child == 0:
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_maxrss]))
"""


def setUpModule():
    if not (RELEASE / "sluice").is_file():
        raise RuntimeError(
            f"{RELEASE}/sluice is not there: run tools/test, or cmake --preset "
            "release && cmake --build --preset release, or set "
            "SLUICE_RELEASE_BIN")
    harness.BIN, setUpModule.kept = RELEASE, harness.BIN


def tearDownModule():
    harness.BIN = setUpModule.kept


def receive_buffer_max():
    with open("/proc/sys/net/ipv4/tcp_rmem", encoding="ascii") as file:
        return int(file.read().split()[2])


class Memory(Case):
    def setUp(self):
        super().setUp()
        # Release builds have the real clock: no hour may end meanwhile.
        if time.time() % HOUR > HOUR - 60:
            time.sleep(HOUR - time.time() % HOUR + 1)
        self.now = int(time.time())

    def serve(self, *options):
        return self.simulator("--seed", 3, "--bursts", "off", "--gzip", "off",
                              "--empty-every", 0, "--null-every", 0, *options,
                              now=self.now)

    def release_workspace(self, sim, name, gti, limits):
        work = self.workspace(sim.base, name, now=None)
        work.configure(gti=f"streams: []\n{gti}", limits=limits)
        return work

    # ---- a page is never whole in memory ----

    def measure(self, name, sim, first_hour, connections):
        """Peak resident bytes of a sync that begins at a package."""
        work = self.release_workspace(
            sim, name, "threat_lists: [malware]\nlookback_days: 5",
            f"connections: {connections}")
        hour = time.strftime("%Y%m%d%H", time.gmtime(first_hour - HOUR))
        work.out.mkdir()
        (work.out / "gti-checkpoint.json").write_text(
            json.dumps({"threat_lists": {"malware": hour}}))
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-c", LAUNCHER, RELEASE / "sluice",
             "sync", "-c", work.config, "--json"], cwd=work.folder,
            env=work.env(), capture_output=True, text=True, timeout=120,
            check=False)
        *report, usage = done.stdout.splitlines()
        code, kib = json.loads(usage)
        self.assertEqual(code, 0, done.stderr[-3000:])
        return kib * 1024, json.loads("\n".join(report))

    def compare(self, connections):
        newest = (self.now - 2 * HOUR) // HOUR * HOUR
        one = self.serve("--list-items", ITEMS, "--page-bytes", 200 * MIB)
        big, big_report = self.measure("big", one, newest, connections)
        hours = 50
        many = self.serve("--list-items", ITEMS // hours,
                          "--page-bytes", MIB)
        small, small_report = self.measure(
            "small", many, newest - (hours - 1) * HOUR, connections)
        print(f"{connections} connections: pages of 200 MB "
              f"{big / MIB:.1f} MiB ({big_report['wire_bytes']} bytes), pages "
              f"of 1 MB {small / MIB:.1f} MiB ({small_report['wire_bytes']})")
        self.assertEqual(big_report["requests"], 2)
        self.assertGreater(big_report["wire_bytes"], 2 * 190 * MIB)
        self.assertEqual(small_report["requests"], 2 * hours)
        self.assertEqual(big_report["items"], small_report["items"])
        self.assertLess(big - small, 8 * MIB)

    def test_a_page_of_200_mb_takes_no_more_than_pages_of_1_mb(self):
        self.compare(2)

    def test_nor_does_it_with_the_default_limits(self):
        self.compare(64)

    # ---- back-pressure ----

    def test_a_stalled_store_stops_the_sockets(self):
        sim = self.serve("--list-items", 700, "--hot", 1000000,
                         "--send-buffer", SEND_BUFFER)
        connections = 2
        limits = f"connections: {connections}"
        work = self.release_workspace(sim, "stalled", "", limits)
        process = work.start("sync", "--json")
        self.assertTrue(wait_until(
            lambda: sim.stats()["bytes_sent"] > 20 * MIB))
        store = sqlite3.connect(work.folder / "state/state.db",
                                isolation_level=None, timeout=20)
        store.execute("BEGIN IMMEDIATE")
        before = sim.stats()["bytes_sent"]
        count, size = store.execute(
            "SELECT sum(count), sum(length(records)) FROM pending").fetchone()
        after = self.wait_for_standstill(sim)
        self.assertIsNone(process.poll())
        store.execute("ROLLBACK")
        store.close()
        out, err = process.communicate(timeout=120)
        self.assertEqual(process.returncode, 0, err[-3000:])
        report = json.loads(out)
        self.check_cap(report, before, after, size / count, connections)
        undisturbed = self.release_workspace(sim, "free", "", limits)
        self.assertEqual(undisturbed.sync().code, 0)
        self.assertEqual(work.snapshot(), undisturbed.snapshot())

    def wait_for_standstill(self, sim):
        """The bytes sent, once none have been for three seconds."""
        last, since = 0, time.monotonic()
        end = since + 20
        while time.monotonic() < min(end, since + 3):
            sent = sim.stats()["bytes_sent"]
            if sent != last:
                last, since = sent, time.monotonic()
            time.sleep(0.05)
        self.assertLess(time.monotonic(), end, "the bytes never stood still")
        return last

    def check_cap(self, report, before, after, packed, connections):
        """The queue holds packed records: so many bytes of each answer. Beside
        it are a piece of 64 KB for each connection, and the kernel's buffers,
        of which that for sending counts twice."""
        stored = report["items"] - report["duplicates"]
        wire = report["wire_bytes"] / stored
        kernel = receive_buffer_max() + 2 * SEND_BUFFER
        cap = QUEUE_BYTES / packed * wire + \
            connections * (PIECE_BYTES + kernel)
        print(f"a stalled store: {(after - before) / MIB:.0f} MiB came, the "
              f"cap is {cap / MIB:.0f} ({packed:.1f} of {wire:.0f} bytes are "
              f"stored), {(report['wire_bytes'] - before) / MIB:.0f} waited")
        self.assertLess(after - before, cap)
        self.assertGreater(report["wire_bytes"] - before, cap * 1.2)


if __name__ == "__main__":
    unittest.main()
