# SPDX-License-Identifier: Apache-2.0
"""Starts the simulator, writes configurations, runs the real program."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request

BIN = pathlib.Path(os.environ.get("SLUICE_BIN", "build/asan/bin")).resolve()
KEY = "0123456789abcdef" * 4  # clearly not a real one
NOW = 1767265200              # 2026-01-01T11:00:00Z
SANITIZERS = ("AddressSanitizer", "LeakSanitizer", "runtime error:")


class Simulator:
    """A child process that serves on a free loopback port."""

    def __init__(self, *options, now=NOW):
        args = [BIN / "sluice-sim", "--listen", "127.0.0.1:0",
                "--api-key", KEY]
        if now is not None:
            args += ["--now", str(now)]
        args += [str(option) for option in options]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.stop()
            raise RuntimeError(f"the simulator said {line!r}")
        self.base = line.split()[-1]

    def stats(self):
        with urllib.request.urlopen(f"{self.base}/_sim/stats") as answer:
            return json.load(answer)

    def reset(self):
        request = urllib.request.Request(f"{self.base}/_sim/reset",
                                         method="POST")
        urllib.request.urlopen(request).close()

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(timeout=30)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()


class Run:
    """What one run of the program left: exit code, output, report."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err

    @property
    def report(self):
        return json.loads(self.out)


class Workspace:
    """A folder with a configuration, a state and an output folder."""

    def __init__(self, folder, base, now=NOW):
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.base = base
        self.now = now
        self.out = self.folder / "out"
        self.config = self.folder / "sluice.yaml"
        self.environment = {"GTI_API_KEY": KEY}
        self.configure()

    def configure(self, gti="", limits="", http="", lists="", top=""):
        """Each part is YAML of one indentation level under its section."""
        sections = {
            "http": http,
            "limits": limits,
            "gti": f"base_url: {self.base}\n{gti}",
            "lists": lists,
        }
        self.write_config(sections, top)

    def write_config(self, sections, top="", flow=None):
        """sections: name -> YAML without its indentation; flow: the only one,
        else the default."""
        text = (f"state_dir: {self.folder}/state\noutput_dir: {self.out}\n"
                f"{top}\n")
        for name, body in sections.items():
            if body.strip():
                text += f"{name}:\n"
                text += "".join(f"  {line}\n" for line in body.splitlines()
                                if line.strip())
        if flow is not None:
            text += f"flows:\n  - {{{flow}}}\n"
        self.config.write_text(text, encoding="utf-8")

    def env(self, **more):
        env = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"):
            if name in os.environ:
                env[name] = os.environ[name]
        env.update(self.environment)
        if self.now is not None:
            env["SLUICE_CLOCK"] = str(self.now)
        env.update({name: str(value) for name, value in more.items()})
        return env

    def start(self, *args, **env):
        return subprocess.Popen(
            [BIN / "sluice", *map(str, args), "-c", self.config],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            cwd=self.folder, env=self.env(**env))

    def run(self, *args, timeout=120, **env):
        process = self.start(*args, **env)
        out, err = process.communicate(timeout=timeout)
        if any(word in err for word in SANITIZERS):
            raise AssertionError(f"a sanitizer spoke:\n{err[-4000:]}")
        if KEY in out or KEY in err:
            raise AssertionError("the API key is in the output")
        return Run(process.returncode, out, err)

    def sync(self, *args, **options):
        return self.run("sync", "--json", *args, **options)

    def lines(self, path):
        text = (self.out / path).read_text(encoding="utf-8")
        if text and not text.endswith("\n"):
            raise AssertionError(f"{path} does not end in a newline")
        return text.split("\n")[:-1]

    def snapshot(self):
        """Every file of the output folder with its bytes."""
        return {str(path.relative_to(self.out)): path.read_bytes()
                for path in sorted(self.out.rglob("*")) if path.is_file()}

    def checkpoint(self):
        return json.loads((self.out / "gti-checkpoint.json").read_text())


class Case(unittest.TestCase):
    """A test with a temporary folder and as many simulators as it wants."""

    maxDiff = 4000
    parent = None  # of the temporary folder; None: the system's

    def setUp(self):
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)
        self.folder = pathlib.Path(self.stack.enter_context(
            tempfile.TemporaryDirectory(prefix="sluice-e2e-",
                                        dir=self.parent)))

    def simulator(self, *options, **kwargs):
        return self.stack.enter_context(Simulator(*options, **kwargs))

    def workspace(self, base, name="w", **kwargs):
        return Workspace(self.folder / name, base, **kwargs)

    def assert_matches(self, work, expected):
        """The output folder says what the oracle says, line by line."""
        for path, lines in expected.files.items():
            self.assertEqual(work.lines(path), lines, path)
        for kind, lines in expected.exceeded.items():
            self.assertEqual(work.lines(f"exceeded_{kind}.txt"), lines, kind)
        for kind, lines in expected.invalid.items():
            self.assertEqual(
                work.lines(f"invalid_iocs/invalid_{kind}.txt"), lines, kind)
        self.assertEqual(work.checkpoint(), expected.checkpoint)

    def assert_no_leftovers(self, work):
        parts = [name for name in work.snapshot() if name.endswith(".part")]
        self.assertEqual(parts, [])


def reserve_port(stack):
    """A port of loopback for a program that can't say which it took, or for
    nobody. Until the stack is closed a socket is bound to it, so that nobody
    else is given it; one that reuses addresses may listen there."""
    holder = stack.enter_context(socket.socket())
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return holder.getsockname()[1]


def wait_until(condition, seconds=20):
    """Polls; true as soon as the condition holds, false when time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    process.stdout.close()
    process.stderr.close()
