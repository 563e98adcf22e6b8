# SPDX-License-Identifier: Apache-2.0
"""Publishing against moto, which knows nothing of us: objects with conditional
writes, a secret, detectors. moto has no threat sets, so the flow ends at the
bucket; the detectors are asked for by the run that finds them without sets.
"""

import contextlib
import json
import subprocess
import sys
import time
import unittest
import urllib.request

import harness
import publish_harness
from publish_harness import BUCKET, CHECKPOINT, LAYOUT, LISTS, NOW

try:
    import moto.server  # pylint: disable=unused-import
    HAS_MOTO = publish_harness.boto3 is not None
except ImportError:
    HAS_MOTO = False

ENTITY = LISTS["entity"][0]


class Moto:
    """moto's server on a free loopback port."""

    def __init__(self, log):
        self.stack = contextlib.ExitStack()
        port = harness.reserve_port(self.stack)
        self.base = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p",
             str(port)], stdout=log, stderr=log)
        if not harness.wait_until(self.is_up, 60):
            self.stop()
            raise RuntimeError("moto does not answer")

    def is_up(self):
        try:
            urllib.request.urlopen(f"{self.base}/moto-api/data.json").close()
            return True
        except OSError:
            time.sleep(0.1)
            return False

    def reset(self):
        request = urllib.request.Request(f"{self.base}/moto-api/reset",
                                         method="POST", data=b"")
        urllib.request.urlopen(request).close()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        self.stack.close()


@unittest.skipUnless(HAS_MOTO, "moto or boto3 is not installed: no outsider "
                               "judges the requests")
class Case(publish_harness.PublishCase):
    moto = None  # one for the module: it takes two seconds to start

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if Case.moto is None:
            Case.moto = Moto(subprocess.DEVNULL)
            unittest.addModuleCleanup(Case.moto.stop)

    def setUp(self):
        super().setUp()
        self.moto.reset()
        self.s3 = publish_harness.client("s3", self.moto.base)
        self.s3.create_bucket(Bucket=BUCKET)
        self.put_domains("a.example", "b.example")
        self.put_addresses("45.33.1.1")
        self.work = self.workspace(self.moto.base)
        self.work.configure(sinks="[files, s3]")

    def read(self, path):
        return self.s3.get_object(Bucket=BUCKET, Key=path)["Body"].read()

    def assert_bucket(self):
        for path in LAYOUT:
            self.assertEqual(self.read(path),
                             (self.work.out / path).read_bytes(), path)


class Objects(Case):
    def test_whole_layout_is_read_back(self):
        self.succeed(self.work)
        self.assert_bucket()

    def test_three_runs_send_what_changed(self):
        self.succeed(self.work)
        first = {path: self.s3.head_object(Bucket=BUCKET, Key=path)
                 ["LastModified"] for path in LAYOUT}
        self.assertEqual(self.succeed(self.work).report["objects_sent"], 0)
        time.sleep(1.1)  # moto tells whole seconds
        self.put_domains("c.example", at=NOW - 60)
        self.succeed(self.work)
        self.assert_bucket()
        changed = [path for path in LISTS["ip"] + LISTS["entity"]
                   if self.s3.head_object(Bucket=BUCKET, Key=path)
                   ["LastModified"] != first[path]]
        self.assertEqual(changed, [ENTITY])

    def test_another_writer_is_not_undone(self):
        self.succeed(self.work)
        self.s3.put_object(Bucket=BUCKET, Key=ENTITY,
                           Body=b"a.example\ntheirs.example\n")
        self.put_domains("c.example", at=NOW - 60)
        self.succeed(self.work)
        self.assertEqual(sorted(self.read(ENTITY).decode().split()),
                         ["a.example", "b.example", "c.example",
                          "theirs.example"])

    def test_a_deleted_object_is_put_anew(self):
        self.succeed(self.work)
        self.s3.delete_object(Bucket=BUCKET, Key=ENTITY)
        self.put_domains("c.example", at=NOW - 60)
        self.succeed(self.work)
        self.assert_bucket()

    def test_lambdas_bucket_is_taken_over(self):
        self.s3.put_object(Bucket=BUCKET, Key=ENTITY, Body=b"old.example\n")
        self.s3.put_object(Bucket=BUCKET, Key=CHECKPOINT, Body=json.dumps({
            "domain_last_notification_date": NOW - 7200,
            "ip_address_last_notification_date": NOW - 7200,
            "threat_lists": {}}).encode())
        self.succeed(self.work)
        self.assertEqual(self.read(ENTITY),
                         b"old.example\na.example\nb.example\n")


class Secret(Case):
    def test_key_of_gti_is_read(self):
        secrets = publish_harness.client("secretsmanager", self.moto.base)
        secrets.create_secret(Name="gti-key", SecretString=harness.KEY)
        self.work.configure(sinks="[files, s3]",
                            gti="api_key: {secret: gti-key}")
        del self.work.environment["GTI_API_KEY"]
        self.succeed(self.work)
        self.assert_bucket()


class Detectors(Case):
    def test_detector_is_found_and_its_missing_sets_are_told(self):
        duty = publish_harness.client("guardduty", self.moto.base)
        duty.create_detector(Enable=True)
        self.work.configure()
        run = self.work.sync()
        self.assertNotIn("No GuardDuty detector found", run.err)
        self.assertNotEqual(run.code, 0)  # moto has no threat sets at all
        self.assert_bucket()

    def test_detector_is_made_where_there_is_none(self):
        self.work.configure(guardduty="create_detector: true")
        self.work.sync()
        duty = publish_harness.client("guardduty", self.moto.base)
        self.assertEqual(len(duty.list_detectors()["DetectorIds"]), 1)


if __name__ == "__main__":
    unittest.main()
