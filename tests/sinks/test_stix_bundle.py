# SPDX-License-Identifier: Apache-2.0
"""The STIX bundle, from outside: our own check of what STIX 2.1 requires, the
ids recomputed by Python's uuid, the merge against a model of a few lines, and
OASIS's stix2-validator where it is installed."""
import hashlib
import json
import os
import random
import re
import subprocess
import unittest
import uuid

SPACE = uuid.UUID("9faab7f4-7e88-49b9-bd39-59c396f64bff")
SEVERITIES = ["unknown", "low", "medium", "high", "critical"]
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
PATTERNS = {
    "ipv4": "[ipv4-addr:value = '%s']",
    "ipv6": "[ipv6-addr:value = '%s']",
    "domain": "[domain-name:value = '%s']",
    "sha256": "[file:hashes.'SHA-256' = '%s']",
}
KINDS = list(PATTERNS)


def make(rows, step=65536):
    text = "".join("\t".join(row) + "\n" for row in rows)
    done = subprocess.run([os.environ["STIX_BUNDLE"], str(step)],
                          input=text.encode(), capture_output=True, check=True)
    return done.stdout.decode()


def row(kind="ipv4", value="8.8.8.8", severity="high",
        first="2025-08-07T05:00:00.000Z", last="2025-08-07T06:00:00.000Z",
        finding="f1", tags=()):
    return (kind, value, severity, first, last, finding, "arn:" + finding,
            "Recon:EC2/X", *tags)


def indicators(text):
    return [thing for thing in json.loads(text)["objects"]
            if thing["type"] == "indicator"]


class Bundle(unittest.TestCase):
    def check_common(self, thing):
        self.assertEqual(thing["spec_version"], "2.1")
        kind, _, ident = thing["id"].partition("--")
        self.assertEqual(kind, thing["type"])
        self.assertEqual(str(uuid.UUID(ident)), ident)
        self.assertEqual(uuid.UUID(ident).version, 5)
        self.assertRegex(thing["created"], TIME)
        self.assertRegex(thing["modified"], TIME)
        self.assertGreaterEqual(thing["modified"], thing["created"])

    def check_indicator(self, thing):
        self.check_common(thing)
        self.assertEqual(thing["pattern_type"], "stix")
        self.assertRegex(thing["valid_from"], TIME)
        self.assertTrue(thing["indicator_types"])
        kinds = [kind for kind, pattern in PATTERNS.items()
                 if thing["pattern"] == pattern % thing["name"]]
        self.assertEqual(len(kinds), 1, thing["pattern"])
        name = "%s:%s" % (kinds[0], thing["name"])
        self.assertEqual(thing["id"],
                         "indicator--%s" % uuid.uuid5(SPACE, name))
        self.assertEqual(thing["created_by_ref"],
                         "identity--%s" % uuid.uuid5(SPACE, "identity"))
        self.assertNotEqual(thing.get("labels"), [])
        self.assertNotEqual(thing.get("external_references"), [])
        for reference in thing.get("external_references", []):
            self.assertTrue(reference["source_name"])
            self.assertTrue(reference["external_id"])

    def check_bundle(self, text):
        bundle = json.loads(text)
        self.assertEqual(set(bundle), {"type", "id", "objects"})
        self.assertEqual(bundle["type"], "bundle")
        head = '{"type":"bundle","objects":[\n'
        self.assertTrue(text.startswith(head))
        objects = text[len(head):text.rindex("\n],\"id\":")]
        name = "bundle:" + hashlib.sha256(objects.encode()).hexdigest()
        self.assertEqual(bundle["id"], "bundle--%s" % uuid.uuid5(SPACE, name))
        ids = [thing["id"] for thing in bundle["objects"]]
        self.assertEqual(len(ids), len(set(ids)))
        for thing in bundle["objects"]:
            if thing["type"] == "identity":
                self.check_common(thing)
                self.assertEqual(thing["identity_class"], "system")
                self.assertTrue(thing["name"])
            else:
                self.check_indicator(thing)

    def test_empty_bundle_has_its_identity(self):
        text = make([])
        self.check_bundle(text)
        self.assertEqual(len(json.loads(text)["objects"]), 1)

    def test_every_kind_has_its_pattern(self):
        text = make([row("sha256", "ab" * 32), row("ipv6", "2606:4700::1111"),
                     row("domain", "a.example.com"), row()])
        self.check_bundle(text)
        self.assertEqual([thing["pattern"] for thing in indicators(text)], [
            "[ipv4-addr:value = '8.8.8.8']",
            "[ipv6-addr:value = '2606:4700::1111']",
            "[domain-name:value = 'a.example.com']",
            "[file:hashes.'SHA-256' = '" + "ab" * 32 + "']"])

    def test_texts_from_outside_are_escaped(self):
        text = make([row("domain", "it's\\a", tags=['say "x"', "\u00fc"])])
        thing = indicators(text)[0]
        self.assertEqual(thing["pattern"],
                         "[domain-name:value = 'it\\'s\\\\a']")
        self.assertEqual(thing["labels"], ['say "x"', "\u00fc"])

    def test_rows_merge(self):
        text = make([
            row(first="2025-08-07T05:00:00Z", severity="low", tags=["b"]),
            row(finding="f2", first="2025-08-01T00:00:00.5Z",
                last="2025-08-09T00:00:00.250Z", severity="critical",
                tags=["a", "b"]),
            row(finding="f2", first="-", last="-", severity="unknown")])
        self.check_bundle(text)
        thing, = indicators(text)
        self.assertEqual(thing["valid_from"], "2025-08-01T00:00:00.500Z")
        self.assertEqual(thing["created"], "2017-11-28T00:00:00.000Z")
        self.assertEqual(thing["modified"], "2025-08-09T00:00:00.250Z")
        self.assertEqual(thing["labels"], ["a", "b"])
        self.assertEqual(
            thing["description"],
            "Severity critical, in 2 findings of Amazon GuardDuty")
        self.assertEqual([reference["external_id"] for reference
                          in thing["external_references"]],
                         ["arn:f2", "arn:f1"])

    def test_times_may_be_absent(self):
        text = make([row(first="-", last="-"),
                     row(value="9.9.9.9", first="-")])
        self.check_bundle(text)
        self.assertEqual([thing["valid_from"] for thing in indicators(text)],
                         ["1970-01-01T00:00:00.000Z",
                          "2025-08-07T06:00:00.000Z"])

    def test_labels_and_references_are_capped_and_findings_counted(self):
        text = make([row(finding="f%03d" % i, tags=["t%03d" % i],
                         last="2025-08-07T06:%02d:00Z" % (i % 60))
                     for i in range(100)])
        self.check_bundle(text)
        thing, = indicators(text)
        self.assertEqual(thing["labels"], ["t%03d" % i for i in range(64)])
        newest = sorted(range(100), key=lambda i: (-(i % 60), i))[:20]
        self.assertEqual([reference["external_id"] for reference
                          in thing["external_references"]],
                         ["arn:f%03d" % i for i in newest])
        self.assertIn("in 100 findings", thing["description"])

    def random_rows(self, dice):
        for _ in range(2000):
            kind = dice.choice(KINDS)
            yield row(kind, "%s%d" % (kind, dice.randrange(40)),
                      dice.choice(SEVERITIES),
                      "2025-08-%02dT05:00:00.000Z" % dice.randrange(1, 15),
                      "2025-08-%02dT05:00:00.000Z" % dice.randrange(15, 30),
                      "f%d" % dice.randrange(300),
                      sorted(dice.sample("abcdefgh", dice.randrange(4))))

    def model(self, rows):
        found = {}
        for kind, value, severity, first, last, ident, _, _, *tags in rows:
            one = found.setdefault((KINDS.index(kind), value.encode()),
                                   [first, last, 0, set(), set()])
            one[0] = min(one[0], first)
            one[1] = max(one[1], last)
            one[2] = max(one[2], SEVERITIES.index(severity))
            one[3] |= set(tags)
            one[4].add(ident)
        return [(key[1].decode(), one[0], one[1], SEVERITIES[one[2]],
                 sorted(one[3]), len(one[4]))
                for key, one in sorted(found.items())]

    def test_any_rows_merge_as_the_model_does_in_any_order(self):
        dice = random.Random(1)
        rows = list(self.random_rows(dice))
        text = make(rows)
        self.check_bundle(text)
        got = [(thing["name"], thing["valid_from"], thing["modified"],
                thing["description"].split()[1].rstrip(","),
                thing.get("labels", []),
                int(re.search(r"in (\d+) finding", thing["description"])[1]))
               for thing in indicators(text)]
        self.assertEqual(got, self.model(rows))
        for step in (1, 7, 100, 4096):
            dice.shuffle(rows)
            self.assertEqual(make(rows, step), text)

    def test_stix2_validator_finds_no_fault(self):
        try:
            from stix2validator import validate_string
        except ImportError:
            self.skipTest("stix2-validator is not installed")
        found = validate_string(make(list(self.random_rows(random.Random(2)))
                                     [:50] + [row(tags=["x"])]))
        self.assertTrue(found.is_valid, found)


if __name__ == "__main__":
    unittest.main(verbosity=2)
