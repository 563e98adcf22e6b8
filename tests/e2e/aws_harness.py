# SPDX-License-Identifier: Apache-2.0
"""What the tests of the findings flow share: a world in the simulator, a
configuration, an environment as AWS's SDKs know it, and reading the rows.
"""

import csv
import json
import urllib.request

import findings_oracle
import harness

KEY_ID = "AKIASIMULATED0000000"
SECRET = "simulated/secret/access/key+not+real/0000"
SECRET_WORDS = (SECRET,)
ACCOUNT = "111111111111"


class World(harness.Simulator):
    """The simulator with keys that it knows."""

    def __init__(self, *options, now=harness.NOW):
        super().__init__("--aws-key", KEY_ID, "--aws-secret", SECRET,
                         "--aws-account", ACCOUNT, *options, now=now)

    def get(self, path):
        with urllib.request.urlopen(f"{self.base}{path}") as answer:
            return answer.read().decode()

    def views(self):
        """Every finding as each detector shows it now."""
        return [json.loads(line)
                for line in self.get("/_sim/findings").splitlines()]

    def findings(self):
        return [view["finding"] for view in self.views()]

    def aws(self):
        return json.loads(self.get("/_sim/aws"))

    def guardduty(self):
        return json.loads(self.get("/_sim/guardduty"))


class AwsWorkspace(harness.Workspace):
    """A folder with the findings flow."""

    sinks = "[ndjson]"
    source = "guardduty"

    def configure(self, guardduty="regions: [us-east-1]", aws="", limits="",
                  lists="", more=""):
        """Unless told otherwise it reaches as far back as the world does."""
        if "initial_range_days" not in guardduty:
            guardduty += "\ninitial_range_days: 31"
        sections = {"limits": limits, "aws": aws, "guardduty": guardduty,
                    "lists": lists}
        self.write_config(sections, more,
                          f"name: findings, source: {self.source}, "
                          f"sinks: {self.sinks}")
        self.environment = self.signed_in()

    def signed_in(self):
        """What the SDKs read: an endpoint and keys."""
        return {
            "AWS_ENDPOINT_URL": self.base,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def run(self, *args, **options):
        run = super().run(*args, **options)
        for word in SECRET_WORDS:
            if word in run.out or word in run.err:
                raise AssertionError("a secret is in the output")
        return run

    def rows(self, path="indicators.ndjson"):
        """The rows of the file, and that each is there once."""
        rows = [json.loads(line) for line in self.lines(path)]
        keys = [findings_oracle.key(row) for row in rows]
        if len(keys) != len(set(keys)):
            raise AssertionError("a row is there twice")
        return rows

    def keys(self):
        return {findings_oracle.key(row) for row in self.rows()}

    def csv_rows(self):
        with open(self.out / "indicators.csv", encoding="utf-8",
                  newline="") as file:
            return list(csv.DictReader(file))

    def stix(self):
        return json.loads((self.out / "indicators.stix.json").read_text())


class AwsCase(harness.Case):
    def world(self, *options, **kwargs):
        return self.stack.enter_context(World(*options, **kwargs))

    def workspace(self, base, name="w", **kwargs):
        return AwsWorkspace(self.folder / name, base, **kwargs)

    def assert_rows(self, work, findings, choices=None):
        expected = findings_oracle.expect(findings, choices)
        got = work.keys()
        self.assertEqual(sorted(got - expected)[:3], [], "rows too many")
        self.assertEqual(sorted(expected - got)[:3], [], "rows missing")
        self.assertGreater(len(got), 0)
