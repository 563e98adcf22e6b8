# SPDX-License-Identifier: Apache-2.0
"""The findings flow: extraction alone, and end to end on loopback.

usage: bench/run [findings] [--findings N] [--latency MS]... [--rounds N]
                 [--burst]

First sluice-bench-findings over 20,000 findings of the simulator. Then, for
each latency, a sync of N findings into an empty folder, and one behind it that
finds nothing new; of each the median round by time. A first round, in which
the simulator makes its findings, does not count.

In flight is the mean over the whole pull: requests x latency / seconds, which
leaves out what an answer takes beyond the latency. The simulator checks every
signature; where its CPU time comes near the seconds, it is what is measured.
"""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEY_ID = "AKIASIMULATED0000000"
SECRET = "simulated/secret/access/key+not+real/0000"
TICK = os.sysconf("SC_CLK_TCK")
HEAD = ("ms an answer", "findings", "seconds", "findings/s", "indicators/min",
        "requests", "in flight, mean (most)", "peak MB", "CPU s",
        "simulator's CPU s")
CONFIG = """\
state_dir: {0}/state
output_dir: {0}/out
guardduty: {{regions: [us-east-1], initial_range_days: 31}}
flows: [{{name: findings, source: guardduty, sinks: [ndjson]}}]
"""


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
    return sum(int(field) for field in fields.split()[11:13]) / TICK


def peak_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0  # it has ended


class Simulator:
    def __init__(self, binaries, *options):
        args = [binaries / "sluice-sim", "--listen", "127.0.0.1:0",
                "--aws-key", KEY_ID, "--aws-secret", SECRET,
                "--cache-bytes", 4 << 30, *options]
        self.process = subprocess.Popen([str(arg) for arg in args],
                                        stdout=subprocess.PIPE, text=True)
        self.base = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


def watch(process):
    """Waits for its end; its peak in MB and its CPU seconds."""
    peak = 0
    while os.waitid(os.P_PID, process.pid,
                    os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, peak_kb(process.pid))
        time.sleep(0.02)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return peak / 1024, usage.ru_utime + usage.ru_stime


def sync(binaries, folder, simulator, **more):
    """Runs one sync; its report, with what it cost. more: environment."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder),
           "AWS_ENDPOINT_URL": simulator.base, "AWS_ACCESS_KEY_ID": KEY_ID,
           "AWS_SECRET_ACCESS_KEY": SECRET,
           "AWS_EC2_METADATA_DISABLED": "true", **more}
    before = cpu_seconds(simulator.process.pid)
    report = folder / "report"
    with open(folder / "log", "wb") as log, open(report, "wb") as out:
        process = subprocess.Popen(
            [binaries / "sluice", "sync", "--json", "-c",
             folder / "sluice.yaml"], stdout=out, stderr=log, env=env)
        peak, cpu = watch(process)
    if process.returncode != 0:
        raise SystemExit((folder / "log").read_text()[-2000:])
    report = json.loads(report.read_text())
    report["peak_mb"] = peak
    report["cpu"] = cpu
    report["simulator_cpu"] = cpu_seconds(simulator.process.pid) - before
    return report


def measure(binaries, simulator, rounds):
    """The reports of a first sync and of one with nothing new."""
    pairs = []
    for _ in range(rounds + 1):
        with tempfile.TemporaryDirectory(prefix="sluice-bench-") as name:
            folder = pathlib.Path(name)
            (folder / "sluice.yaml").write_text(CONFIG.format(folder))
            pairs.append([sync(binaries, folder, simulator)
                          for _ in range(2)])
    return [sorted(reports, key=lambda report: report["seconds"])[rounds // 2]
            for reports in zip(*pairs[1:])]


def measure_extraction(binaries):
    """The findings of the page are as the simulator wrote them."""
    with Simulator(binaries, "--gd-findings", 20000) as simulator:
        with urllib.request.urlopen(f"{simulator.base}/_sim/findings") as body:
            lines = body.read().splitlines()
    name = b'"finding":'
    with tempfile.NamedTemporaryFile(prefix="sluice-bench-") as page:
        page.write(b'{"findings":[')
        page.write(b",".join(line[line.index(name) + len(name):-1]
                             for line in lines))
        page.write(b"]}")
        page.flush()
        subprocess.run([binaries / "sluice-bench-findings", page.name],
                       check=True)


def print_row(latency, findings, report):
    seconds = report["seconds"]
    rows = sum(report["rows"].values())
    flying = report["requests"] * latency / 1000 / report["pull_seconds"]
    cells = (str(latency), f"{findings:,}", f"{seconds:.2f}",
             f"{findings / seconds:,.0f}", f"{rows * 60 / seconds:,.0f}",
             f"{report['requests']:,}",
             (f"{flying:.0f} " if latency > 0 else "")
             + f"({report['in_flight_max']})",
             f"{report['peak_mb']:.0f}", f"{report['cpu']:.2f}",
             f"{report['simulator_cpu']:.2f}")
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binaries", type=pathlib.Path,
                        default=ROOT / "build/release/bin")
    parser.add_argument("--findings", type=int, default=100000)
    parser.add_argument("--latency", type=int, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--burst", action="store_true",
                        help="all findings in one hour of 30 days")
    options = parser.parse_args()
    world = ["--gd-findings", options.findings, "--gd-days", 30]
    world += ["--gd-burst"] if options.burst else []
    measure_extraction(options.binaries)
    print("\n| " + " | ".join(HEAD) + " |\n|" + "---|" * len(HEAD), flush=True)
    for latency in options.latency or [0, 100]:
        with Simulator(options.binaries, *world,
                       "--latency", latency) as simulator:
            reports = measure(options.binaries, simulator, options.rounds)
        for findings, report in zip((options.findings, 0), reports):
            print_row(latency, findings, report)


if __name__ == "__main__":
    main()
