# SPDX-License-Identifier: Apache-2.0
"""Findings that were exported to S3: from a folder and from a bucket."""

import gzip
import json
import os
import pathlib
import unittest

import aws_harness
import findings_oracle

ACCOUNT = aws_harness.ACCOUNT


class ExportWorkspace(aws_harness.AwsWorkspace):
    source = "guardduty_export"


class ExportCase(aws_harness.AwsCase):
    def setUp(self):
        super().setUp()
        self.sim = self.world("--gd-findings", 400, "--seed", 51,
                              "--s3-root", self.folder / "s3")
        self.findings = self.sim.findings()
        self.objects = []
        bucket = self.folder / "s3" / "findings-bucket"
        for day in range(20):
            path = (bucket / "AWSLogs" / ACCOUNT / "GuardDuty" / "us-east-1" /
                    "2025" / "12" / f"{day + 1:02d}" / f"part-{day}.jsonl.gz")
            path.parent.mkdir(parents=True)
            lines = [json.dumps(finding)
                     for finding in self.findings[day::20]]
            path.write_bytes(gzip.compress(
                ("\n".join(lines) + "\n").encode()))
            self.objects.append(path)
        self.bucket = bucket

    def export(self, where, more=""):
        work = ExportWorkspace(self.folder / "w", self.sim.base)
        work.configure(f"export: {where}\n{more}")
        return work

    def test_a_folder(self):
        work = self.export(self.bucket)
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)

    def test_a_bucket(self):
        work = self.export("s3://findings-bucket/AWSLogs/")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)

    def test_a_bucket_of_another_region(self):
        self.sim = self.world("--s3-root", self.folder / "s3", "--s3-region",
                              "findings-bucket=eu-west-1")
        work = self.export("s3://findings-bucket/AWSLogs/")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(work, self.findings)

    def test_objects_that_are_done_are_not_read_again(self):
        work = self.export("s3://findings-bucket/AWSLogs/")
        self.assertEqual(work.sync().code, 0)
        before = work.lines("indicators.ndjson")
        again = work.sync()
        self.assertEqual(again.code, 0, again.err)
        self.assertEqual(work.lines("indicators.ndjson"), before)
        self.assertLessEqual(again.report["requests"], 2)

    def test_one_damaged_object_is_told_and_the_rest_is_read(self):
        damaged = self.objects[3]
        damaged.write_bytes(damaged.read_bytes()[:-30])
        work = self.export(self.bucket)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn(damaged.name, run.err)
        lost = {finding["id"] for finding in self.findings[3::20]}
        self.assert_rows(work, [finding for finding in self.findings
                                if finding["id"] not in lost])

    def test_a_folder_that_is_not_there(self):
        work = self.export(self.folder / "nowhere")
        run = work.sync()
        self.assertEqual(run.code, 2, run.err)
        self.assertIn("nowhere", run.err)

    def test_a_bucket_that_denies(self):
        work = self.export("s3://somebody-elses-bucket/x")
        run = work.sync()
        self.assertNotEqual(run.code, 0)
        self.assertIn("somebody-elses-bucket", run.err)


def samples():
    for place in (os.environ.get("SLU_SHARED"), "../shared", "../../shared",
                  "../../../shared", "../../../../shared"):
        if place and (pathlib.Path(place) / "samples/guardduty").is_dir():
            return pathlib.Path(place) / "samples/guardduty"
    return None


# The wire's names begin in lower case but for these (botocore's model).
AS_IS = {"LoginAttributes", "IamInstanceProfile"}
# The plugin drops a finding whose eventLastSeen has no fraction of a second.
FAULTS = {"custodian/ec2-duty-event.json": 1, "custodian/iam-duty-event.json":
          0}
# It takes any text for a domain: these have no dot.
NO_DOMAINS = ("GeneratedFindingDomainName",
              "GeneratedFindingAdditionalDomainName")


def to_wire(node):
    """What an SDK prints, in the form of the wire."""
    if isinstance(node, list):
        return [to_wire(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {name if name in AS_IS else name[:1].lower() + name[1:]:
            to_wire(value) for name, value in node.items()}


def sample(item):
    found = json.loads((samples() / item["sample"]).read_text())
    found = found if isinstance(found, list) else [found]
    found = found[item["index"]]
    return found if item["form"] == "wire" else to_wire(found)


def facts(row, kind, names):
    return (row["value"], row[kind], row["severity"], tuple(sorted(
        row["tags"])), row["comments"], *(row[name] for name in names))


@unittest.skipUnless(samples(), "no samples beside the project")
class Golden(aws_harness.AwsCase):
    """What the plugin's own extractors made of real findings."""

    def pull(self, items, more):
        folder = self.folder / "in"
        folder.mkdir()
        for count, item in enumerate(items):
            found = sample(item)
            # Made-up samples share an id, which real findings don't.
            found.get("detail", found)["id"] = f"{count:032x}"
            (folder / f"{count:03d}.jsonl").write_text(
                json.dumps(found) + "\n")
        work = ExportWorkspace(self.folder / "w", "http://127.0.0.1:1")
        work.configure(f"export: {folder}\n{more}",
                       lists="allow_non_global: true")
        run = work.sync()
        self.assertEqual(run.code, 0, run.err)
        return work, run

    def golden(self):
        text = (samples() / "plugin_golden.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def test_rows_are_the_plugins_but_for_its_faults(self):
        items = self.golden()
        work, run = self.pull(items, "include_samples: true\n"
                              "include_archived: true")
        want = {facts(found, "type", ("firstSeen", "lastSeen"))
                for item in items for found in item["indicators"]
                if found["value"] and found["value"] not in NO_DOMAINS
                and item["sample"] not in FAULTS}
        got = {facts(row, "ce_type", ("first_seen", "last_seen"))
               for row in work.rows()}
        self.assertEqual(want - got, set())
        self.assertEqual(len(got - want), sum(FAULTS.values()))
        self.assertIn("domain_single_label", run.report["reasons"])

    def test_by_default_exactly_the_samples_are_dropped(self):
        items = self.golden()
        work, run = self.pull(items, "")
        kept = [finding.get("detail", finding)
                for finding in map(sample, items)]
        kept = [finding for finding in kept
                if not findings_oracle.is_sample(finding)]
        self.assertEqual({row["finding_arn"] for row in work.rows()},
                         {row["finding_arn"] for finding in kept
                          for row in findings_oracle.rows_of(
                              finding, findings_oracle.Choices(guard=False))})
        self.assertIn("sample", run.report["reasons"])


if __name__ == "__main__":
    unittest.main()
