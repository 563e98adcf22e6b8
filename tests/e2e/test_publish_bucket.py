# SPDX-License-Identifier: Apache-2.0
"""The bucket: taken over from the Lambda and given back, shared with another
writer, in another region, behind faults.
"""

import json
import unittest

import aws_harness
import publish_harness
from publish_harness import (BUCKET, CHECKPOINT, HOUR, LISTS, NEEDS_BOTO3,
                             NOW)

ENTITY = LISTS["entity"][0]
ADDRESS = LISTS["ip"][0]


@NEEDS_BOTO3
class TakenOver(publish_harness.PublishCase):
    """A bucket that the Lambda has written."""

    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.s3 = publish_harness.client("s3", self.sim.base)
        for path in LISTS["ip"] + LISTS["entity"]:
            self.put(path, b"")
        self.put(ADDRESS, b"45.33.1.1\n45.33.1.2\n")
        self.put(ENTITY, b"old.example\nolder.example\n")
        self.put(CHECKPOINT, json.dumps({
            "domain_last_notification_date": NOW - 2 * HOUR,
            "ip_address_last_notification_date": NOW - 2 * HOUR,
            "threat_lists": {}}).encode())
        self.put_domains("new.example", at=NOW - HOUR)
        self.put_domains("before.example", at=NOW - 30 * HOUR)
        self.work = self.workspace(self.sim.base)

    def put(self, path, content):
        self.s3.put_object(Bucket=BUCKET, Key=path, Body=content)

    def test_keeps_its_lines_in_their_places(self):
        self.succeed(self.work)
        self.assertEqual(self.work.lines(ENTITY),
                         ["old.example", "older.example", "new.example"])
        self.assertEqual(self.work.lines(ADDRESS), ["45.33.1.1", "45.33.1.2"])
        self.assert_published(self.sim, self.work)

    def test_goes_on_where_its_checkpoint_ends(self):
        self.succeed(self.work)
        self.assertNotIn("before.example", self.work.lines(ENTITY))

    def test_does_not_write_a_list_that_stays(self):
        before = self.sim.list_writes()
        self.succeed(self.work)
        changed = {path for path, count in self.sim.list_writes().items()
                   if count != before[path]}
        self.assertEqual(changed, {ENTITY})

    def test_can_be_handed_back(self):
        """The layout and the checkpoint are those of the Lambda."""
        self.succeed(self.work)
        body = self.s3.get_object(Bucket=BUCKET, Key=CHECKPOINT)["Body"]
        checkpoint = json.load(body)
        self.assertEqual(sorted(checkpoint),
                         ["domain_last_notification_date",
                          "ip_address_last_notification_date", "threat_lists"])
        for path in publish_harness.LAYOUT:
            self.s3.head_object(Bucket=BUCKET, Key=path)

    def test_a_damaged_checkpoint_stops_the_run_with_a_sentence(self):
        self.put(CHECKPOINT, b"{damaged")
        before = self.sim.list_writes()
        run = self.work.sync()
        self.assertEqual(run.code, 2, run.err)
        self.assertIn(f"gti-checkpoint.json in s3://{BUCKET}/", run.err)
        self.assertEqual(self.sim.list_writes(), before)


@NEEDS_BOTO3
class TwoWriters(publish_harness.PublishCase):
    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.s3 = publish_harness.client("s3", self.sim.base)
        self.put_domains("a.example", "b.example")
        self.work = self.workspace(self.sim.base)
        self.succeed(self.work)

    def meddle(self):
        self.s3.put_object(Bucket=BUCKET, Key=ENTITY,
                           Body=b"a.example\nb.example\ntheirs.example\n")

    def requests(self):
        counts = self.sim.counts("s3")
        return [counts.get(operation, 0) for operation in
                ("HeadObject", "GetObject", "PutObject")]

    def test_a_bucket_that_nobody_has_touched_is_only_looked_at(self):
        before = self.requests()
        activations = self.sim.activations()
        run = self.succeed(self.work)
        heads, gets, puts = before
        self.assertEqual(self.requests(), [heads + 13, gets, puts])
        self.assertEqual(run.report["objects_sent"], 0)
        self.assertEqual(self.sim.activations(), activations)

    def test_one_run_publishes_both(self):
        self.meddle()
        self.put_domains("c.example", at=NOW - 60)
        run = self.succeed(self.work)
        self.assertIn(f"s3://{BUCKET}/{ENTITY} was changed by another writer",
                      run.err)
        self.assertEqual(self.work.lines(ENTITY),
                         ["a.example", "b.example", "theirs.example",
                          "c.example"])
        self.assert_published(self.sim, self.work)

    def test_a_change_is_noticed_without_news_of_our_own(self):
        """The set is brought up to date, the list needn't be written."""
        self.meddle()
        puts = self.requests()[2]
        self.succeed(self.work)
        self.assertIn("theirs.example", self.work.lines(ENTITY))
        self.assert_published(self.sim, self.work)
        self.assertEqual(self.requests()[2], puts)

    def test_an_object_that_was_deleted_is_put_anew(self):
        for path in (ENTITY, LISTS["ip"][5], CHECKPOINT):
            self.s3.delete_object(Bucket=BUCKET, Key=path)
        run = self.succeed(self.work)
        self.assertIn(f"3 objects of s3://{BUCKET}/ were deleted", run.err)
        self.assertEqual(run.report["objects_sent"], 3)
        self.assert_published(self.sim, self.work)

    def test_an_old_line_that_another_leaves_standing_expires_on_time(self):
        work = self.workspace(self.sim.base, "aging")
        work.configure(lists="max_age: 30m")
        self.put_domains("old.example", at=NOW - 1500)
        self.put_domains("young.example", "younger.example", at=NOW - 60)
        self.succeed(work)
        lines = work.lines(ENTITY) + ["theirs.example"]
        self.assertIn("old.example", lines)
        self.s3.put_object(Bucket=BUCKET, Key=ENTITY,
                           Body="\n".join(lines).encode() + b"\n")
        self.succeed(work)
        self.assertEqual(work.lines(ENTITY), lines)
        work.now = NOW + 600
        self.succeed(work)
        lines.remove("old.example")
        self.assertEqual(work.lines(ENTITY), lines)
        self.assert_published(self.sim, work)

    def test_what_may_not_be_looked_at_is_believed(self):
        self.put_domains("c.example", at=NOW - 60)
        self.sim.post("/_sim/fail", nth=1, how="403")
        run = self.succeed(self.work)
        self.assertEqual(run.err.count("[WARN] cannot see whether another"), 1)
        self.assert_published(self.sim, self.work)

    def test_two_states_end_with_the_union_and_then_rest(self):
        other = self.workspace(self.sim.base, "other")
        self.succeed(other)
        for i in range(2):
            self.put_domains(f"x{i}.example", at=NOW - 60 + i)
            self.succeed(self.work)
            self.put_domains(f"y{i}.example", at=NOW - 50 + i)
            self.succeed(other)
        self.succeed(self.work)
        writes = self.sim.list_writes()
        self.succeed(other)
        self.succeed(self.work)
        self.assertEqual(self.sim.list_writes(), writes)
        self.assertEqual(set(self.work.lines(ENTITY)),
                         {"a.example", "b.example", "x0.example",
                          "x1.example", "y0.example", "y1.example"})
        self.assertEqual(self.work.lines(ENTITY), other.lines(ENTITY))
        self.assert_published(self.sim, other)


class Elsewhere(publish_harness.PublishCase):
    def test_a_bucket_of_another_region_is_found(self):
        for way in ("301", "400"):
            with self.subTest(way=way):
                sim = self.world("--s3-wrong-region", way,
                                 bucket=f"{BUCKET}=eu-central-1")
                self.put_domains("a.example")
                work = self.workspace(sim.base, way)
                self.succeed(work)
                self.assert_published(sim, work)
                refused = sim.counts("s3")
                self.succeed(work)
                # It is remembered: no run asks the wrong region again.
                self.assertEqual(sim.aws()["refusals"],
                                 sim.aws()["refusals"])
                self.assertGreater(sum(refused.values()), 0)

    def test_virtual_hosts_are_used_where_the_endpoint_is_a_name(self):
        sim = self.world()
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        port = sim.base.rsplit(":", 1)[1]
        work.environment["AWS_ENDPOINT_URL_S3"] = f"http://localhost:{port}"
        self.succeed(work)
        self.assert_published(sim, work)

    def test_no_such_bucket_is_named(self):
        sim = self.world()
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(lists="bucket: not-there")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("not-there", run.err)

    def test_a_bucket_of_another_owner_is_refused(self):
        sim = self.world()
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(lists="bucket_owner: '999999999999'")
        run = work.sync()
        self.assertIn(run.code, (1, 3), run.err)
        self.assertEqual(sim.objects(), {})
        work.configure(lists=f"bucket_owner: '{aws_harness.ACCOUNT}'")
        self.succeed(work)
        self.assert_published(sim, work)

    def test_a_kms_key_is_asked_for(self):
        key = "arn:aws:kms:us-east-1:111111111111:key/abc"
        sim = self.world("--kms-key", key)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(lists=f"kms_key_id: '{key}'")
        self.succeed(work)
        self.assert_published(sim, work)
        work = self.workspace(sim.base, "other")
        self.put_domains("b.example", at=NOW - 60)
        work.configure(lists="kms_key_id: 'no-such-key'")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("KMS", run.err)


class Denied(publish_harness.PublishCase):
    def deny(self, *operations):
        options = []
        for operation in operations:
            options += ["--aws-deny", f"*/*/{operation}"]
        sim = self.world(*options)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        return sim, work, work.sync()

    def test_write_is_named_and_the_lists_stay_here(self):
        sim, work, run = self.deny("PutObject")
        self.assertIn(run.code, (1, 3), run.err)
        self.assertIn("s3:PutObject", run.err)
        self.assertEqual(work.lines(ENTITY), ["a.example"])
        self.assertEqual(sim.objects(), {})

    def test_read_is_named(self):
        _, _, run = self.deny("GetObject")
        self.assertIn(run.code, (1, 3), run.err)
        self.assertIn("s3:GetObject", run.err)


if __name__ == "__main__":
    unittest.main()
