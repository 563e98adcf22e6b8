# SPDX-License-Identifier: Apache-2.0
"""A fault that passes leaves the same bytes behind as no fault at all."""

import unittest

import oracle
from harness import NOW, KEY, Case

DATA = ("--seed", 11, "--stream-items", 400, "--list-items", 2)
LISTS = "threat_lists: [malware, phishing]\nlookback_days: 1"

# Each is a fault that a well-made client gets over by itself.
PASSING = [
    "429-seconds=every:9", "429-date=every:9", "429-absent=every:25",
    "429-html=once", "500=every:5", "503=every:5", "504-html=every:5",
    "reset-head=every:6", "reset-body=every:6", "cut-body=every:6",
    "lying-length-long=every:6", "lying-length-short=every:6",
    "not-json=every:7", "truncated-json=every:7", "bad-utf8=every:7",
    "control-char=every:7", "unbalanced=every:7", "gzip-cut=every:6",
    "uncompressed-error=every:6",
    "repeated-cursor=once", "dead-cursor=once", "slow=every:20",
]


class Faults(Case):
    def setUp(self):
        super().setUp()
        sim = self.simulator(*DATA)
        settings = oracle.Settings(NOW, lists=("malware", "phishing"),
                                   lookback_days=1)
        self.expected = oracle.expect(sim.base, KEY, settings)

    def check(self, fault, code=0):
        sim = self.simulator(*DATA, "--latency", 1, "--fault", fault)
        work = self.workspace(sim.base, name=fault.replace("=", "-"))
        work.configure(gti=LISTS, limits="max_wait: 90s",
                       http="idle_timeout: 3s")
        run = work.sync()
        self.assertEqual(run.code, code, f"{fault}\n{run.err[-3000:]}")
        self.assert_matches(work, self.expected)
        self.assert_no_leftovers(work)


def add_tests():
    for fault in PASSING:
        name = fault.split("=")[0].replace("-", "_")

        def test(self, fault=fault):
            self.check(fault)
        setattr(Faults, f"test_{name}_is_got_over", test)


add_tests()

if __name__ == "__main__":
    unittest.main()
