# SPDX-License-Identifier: Apache-2.0
"""What the tests of publishing share: a bucket and detectors in the simulator,
a GTI that holds what a test says, and reading back what was published.
"""

import hashlib
import json
import time
import unittest
import urllib.parse
import urllib.request

import aws_harness
import harness
import scripted_gti

BUCKET = "threat-lists"
REGION = "us-east-1"
HOUR = 3600
# AWS goes by real time, and so must who signs; the program's own clock stands
# still while a test runs.
NOW = int(time.time())
LISTS = {
    "ip": [f"guard_duty/threat-ip-{i}.txt" for i in range(1, 7)],
    "entity": [f"guard_duty/threat-entity-{i}.txt" for i in range(1, 7)],
}
SIDES = ["invalid_iocs/invalid_ip_address.txt",
         "invalid_iocs/invalid_domain.txt", "invalid_iocs/reasons.ndjson",
         "exceeded_ip_address.txt", "exceeded_domain.txt"]
CHECKPOINT = "gti-checkpoint.json"
LAYOUT = LISTS["ip"] + LISTS["entity"] + SIDES + [CHECKPOINT]
SINKS = "[files, s3, guardduty]"


class World(aws_harness.World):
    """The simulator with an empty bucket and a detector in each region."""

    def __init__(self, *options, regions=(REGION,), bucket=BUCKET,
                 now=None):
        if "--gd-activation-delay" not in options:
            # Else each first publication waits 3 s to ask again.
            options += ("--gd-activation-delay", 0)
        super().__init__("--s3-bucket", bucket, "--gd-findings", 0,
                         "--gd-accounts", aws_harness.ACCOUNT,
                         "--gd-regions", ",".join(regions), *options, now=now)

    def s3(self):
        return json.loads(self.get("/_sim/s3"))

    def objects(self, bucket=BUCKET):
        """key -> what the simulator knows of it."""
        for known in self.s3()["buckets"]:
            if known["name"] == bucket:
                return {item["key"]: item for item in known["objects"]}
        return {}

    def all_sets(self):
        return json.loads(self.get("/_sim/sets"))

    def sets(self, region=REGION):
        """name -> what the simulator knows of our sets in a region."""
        return {item["name"]: item for item in self.all_sets()["sets"]
                if item["region"] == region}

    def post(self, path, **query):
        url = f"{self.base}{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, method="POST", data=b"")
        urllib.request.urlopen(request).close()

    def finish_sets(self):
        """Whatever sets are busy with is done now."""
        self.post("/_sim/sets", finish=1)

    def force_sets(self, status, **which):
        self.post("/_sim/sets", status=status, **which)

    def list_writes(self):
        """How often each list object was written."""
        objects = self.objects()
        return {path: objects[path]["writes"]
                for path in LISTS["ip"] + LISTS["entity"] if path in objects}

    def activations(self):
        return self.all_sets()["activations"]

    def requests(self):
        """All AWS requests so far, for --aws-fail-nth."""
        return self.aws()["requests"]

    def counts(self, service):
        """operation -> requests let in."""
        rows = {}
        for row in self.aws()["operations"]:
            if row["service"] == service:
                rows[row["operation"]] = (rows.get(row["operation"], 0)
                                          + row["requests"])
        return rows


class PublishWorkspace(aws_harness.AwsWorkspace):
    """A folder with the lists flow, published."""

    def __init__(self, folder, base, gti, now=NOW):
        self.gti_base = gti
        super().__init__(folder, base, now=now)

    def configure(self, lists="", publish="wait: 5s", aws="", gti="",
                  limits="", more="", sinks=SINKS, guardduty=""):
        sections = {
            "limits": limits, "aws": aws, "publish": publish,
            "guardduty": guardduty,
            "gti": f"base_url: {self.gti_base}\nthreat_lists: []\n{gti}",
            "lists": lists if "bucket:" in lists
            else f"bucket: {BUCKET}\n{lists}",
        }
        self.write_config(sections, more,
                          f"name: lists, source: gti, sinks: {sinks}")
        self.environment = {"GTI_API_KEY": harness.KEY, **self.signed_in()}


class PublishCase(aws_harness.AwsCase):
    """Each test has one GTI, and as many worlds as it wants."""

    def setUp(self):
        super().setUp()
        self.gti = self.stack.enter_context(scripted_gti.Gti(harness.KEY))

    def world(self, *options, **kwargs):
        return self.stack.enter_context(World(*options, **kwargs))

    def workspace(self, base, name="w", **kwargs):
        return PublishWorkspace(self.folder / name, base, self.gti.base,
                                **kwargs)

    def assert_objects(self, world, work, prefix=""):
        """The bucket says what the output folder says, byte for byte."""
        objects = world.objects()
        self.assertEqual(sorted(objects), sorted(prefix + path
                                                 for path in LAYOUT))
        for path in LAYOUT:
            content = (work.out / path).read_bytes()
            self.assertEqual(objects[prefix + path]["sha256"],
                             hashlib.sha256(content).hexdigest(), path)

    def assert_sets(self, world, work, regions=(REGION,), prefix=""):
        """Each list with lines is in use by its set, and no other is."""
        for region in regions:
            sets = world.sets(region)
            for path in LISTS["ip"] + LISTS["entity"]:
                name = "gti-" + path.split("/")[-1][:-len(".txt")]
                content = (work.out / path).read_bytes()
                if not content:
                    if name in sets:
                        self.assertEqual(sets[name]["status"], "INACTIVE")
                    continue
                self.assertIn(name, sets, f"{region}: no set of {path}")
                known = sets[name]
                self.assertEqual(known["status"], "ACTIVE", known)
                self.assertEqual(known["location"],
                                 f"s3://{BUCKET}/{prefix}{path}")
                self.assertEqual(known["content"]["sha256"],
                                 hashlib.sha256(content).hexdigest(), path)

    def assert_published(self, world, work, regions=(REGION,)):
        self.assert_objects(world, work)
        self.assert_sets(world, work, regions)
        self.assertEqual(world.all_sets()["refused_while_busy"], 0)
        self.assertEqual(sum(item["deletes"]
                             for item in world.all_sets()["sets"]), 0)

    def put_domains(self, *names, at=NOW - HOUR, **kwargs):
        for name in names:
            self.gti.put("domain", name, at, **kwargs)

    def put_addresses(self, *addresses, at=NOW - HOUR, **kwargs):
        for address in addresses:
            self.gti.put("ip_address", address, at, **kwargs)

    def succeed(self, work, *args, **env):
        run = work.sync(*args, **env)
        self.assertEqual(run.code, 0, run.err[-3000:])
        return run


try:
    import boto3
    import botocore.config
except ImportError:
    boto3 = None

NEEDS_BOTO3 = unittest.skipIf(boto3 is None,
                              "boto3 is not installed: nobody reads back")


def client(service, base, region=REGION):
    """boto3 as a stranger would use it."""
    return boto3.client(
        service, endpoint_url=base, region_name=region,
        aws_access_key_id=aws_harness.KEY_ID,
        aws_secret_access_key=aws_harness.SECRET,
        config=botocore.config.Config(retries={"max_attempts": 1}))
