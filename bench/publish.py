# SPDX-License-Identifier: Apache-2.0
"""Lists that are full, published: twelve of them, and what lies beside them.

usage: bench/run publish [--ips N] [--domains N] [--latency MS]... [--rounds N]

For each latency a sync into an empty folder, an empty bucket and a detector
without sets, and two behind it that find nothing new; of each the median round
by time. The second one still tidies the state up after the first; the row is
of the last. "to the lists" is the pull, behind it come lists, objects and sets.

GTI is played by package_gti.py of the tests, whose pages are made before the
clock starts, AWS by the simulator. Both share the machine with the program; the
latency is that of every answer of either.
"""

import argparse
import pathlib
import sys
import tempfile
import time

import findings

sys.path.insert(0, str(findings.ROOT / "tests/e2e"))
import package_gti  # noqa: E402 (it is there from now on)

HEAD = ("ms an answer", "run", "seconds", "of them to the lists", "requests",
        "objects sent", "sets activated", "peak MB", "CPU s")
ACCOUNT = "111122223333"
CONFIG = """\
state_dir: {folder}/state
output_dir: {folder}/out
gti:
  base_url: {gti}
  streams: []
  lookback_days: 4
  threat_lists: [{lists}]
lists: {{bucket: bench-lists}}
publish: {{wait: 60s}}
flows: [{{name: lists, source: gti, sinks: [files, s3, guardduty]}}]
"""


def make_pages(gti):
    """Of the time that making them takes, nothing is measured."""
    for kind in gti.crowd.kinds:
        for package in range(gti.crowd.packages):
            gti.pages[kind, package] = gti.crowd.render(kind, package)


def run_thrice(options, latency, gti):
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name, \
            findings.Simulator(
                options.binaries, "--aws-account", ACCOUNT, "--gd-accounts",
                ACCOUNT, "--gd-findings", 0, "--s3-bucket", "bench-lists",
                "--latency", latency) as simulator:
        folder = pathlib.Path(name)
        (folder / "sluice.yaml").write_text(CONFIG.format(
            folder=folder, gti=gti.base, lists=", ".join(package_gti.LISTS)))
        return [findings.sync(options.binaries, folder, simulator,
                              GTI_API_KEY="bench" * 8) for _ in range(3)]


def print_row(latency, title, report):
    activated = sum(item["activated"] for item in report["sets"])
    cells = (str(latency), title, f"{report['seconds']:.2f}",
             f"{report['pull_seconds']:.2f}", f"{report['requests']:,}",
             str(report["objects_sent"]), str(activated),
             f"{report['peak_mb']:.0f}", f"{report['cpu']:.2f}")
    print("| " + " | ".join(cells) + " |", flush=True)


def measure(options, latency, gti):
    gti.latency = latency / 1000
    rounds = [run_thrice(options, latency, gti)
              for _ in range(options.rounds)]
    for title, reports in zip(("all new", None, "nothing new"), zip(*rounds)):
        if title is not None:
            reports = sorted(reports, key=lambda report: report["seconds"])
            print_row(latency, title, reports[len(reports) // 2])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path,
                        default=findings.ROOT / "build/release/bin")
    parser.add_argument("--ips", type=int, default=1500000)
    parser.add_argument("--domains", type=int, default=6000)
    parser.add_argument("--latency", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    crowd = package_gti.Crowd(options.ips, options.domains, int(time.time()))
    with package_gti.Gti(crowd, keep=True) as gti:
        make_pages(gti)
        print("| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD),
              flush=True)
        for latency in options.latency or [0, 100]:
            measure(options, latency, gti)


if __name__ == "__main__":
    main()
