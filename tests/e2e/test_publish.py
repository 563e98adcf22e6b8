# SPDX-License-Identifier: Apache-2.0
"""Lists in a bucket and in GuardDuty: what a run sends, and what it leaves."""

import json
import unittest

import aws_harness
import publish_harness
from publish_harness import (BUCKET, CHECKPOINT, HOUR, LISTS, NEEDS_BOTO3, NOW,
                             REGION)

ENTITY = LISTS["entity"][0]
ADDRESS = LISTS["ip"][0]


class FirstRun(publish_harness.PublishCase):
    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.put_domains("evil.example", "worse.example")
        self.put_addresses("45.33.1.1", "45.33.2.0/24")
        self.work = self.workspace(self.sim.base)

    def test_puts_the_whole_layout_and_activates_what_has_lines(self):
        self.succeed(self.work)
        self.assert_published(self.sim, self.work)
        self.assertEqual(self.work.lines(ENTITY),
                         ["evil.example", "worse.example"])
        self.assertEqual(sorted(self.sim.sets()),
                         ["gti-threat-entity-1", "gti-threat-ip-1"])

    def test_logs_as_the_lambda_does(self):
        run = self.succeed(self.work)
        self.assertIn(f"[INFO] Updated S3 file: {ENTITY} | Records: 2 | "
                      "Size: 0.00 MB", run.err)
        self.assertIn(f"[INFO] Activating threat ENTITY list: s3://{BUCKET}/"
                      f"{ENTITY}", run.err)
        self.assertIn(f"[INFO] Activating threat IP list: s3://{BUCKET}/"
                      f"{ADDRESS}", run.err)

    def test_reports_objects_and_sets(self):
        report = self.succeed(self.work).report
        self.assertEqual(report["bucket"], f"s3://{BUCKET}/")
        self.assertEqual(report["objects_sent"], len(publish_harness.LAYOUT))
        sets = {item["name"]: item for item in report["sets"]}
        self.assertEqual(sets["gti-threat-entity-1"]["status"], "active")
        self.assertTrue(sets["gti-threat-entity-1"]["created"])
        self.assertEqual(sets["gti-threat-entity-1"]["region"], REGION)

    def test_says_it_to_people(self):
        run = self.work.run("sync")
        self.assertEqual(run.code, 0, run.err)
        self.assertIn(f"Published to s3://{BUCKET}/: 18 objects sent", run.out)
        self.assertIn("gti-threat-ip-1", run.out)
        self.assertTrue(all(len(line) <= 80 for line in run.out.splitlines()),
                        run.out)

    @NEEDS_BOTO3
    def test_is_read_back_by_another_client(self):
        self.succeed(self.work)
        s3 = publish_harness.client("s3", self.sim.base)
        duty = publish_harness.client("guardduty", self.sim.base)
        body = s3.get_object(Bucket=BUCKET, Key=ENTITY)["Body"].read()
        self.assertEqual(body, b"evil.example\nworse.example\n")
        checkpoint = s3.get_object(Bucket=BUCKET, Key=CHECKPOINT)["Body"]
        self.assertEqual(json.load(checkpoint), self.work.checkpoint())
        detector = duty.list_detectors()["DetectorIds"][0]
        ids = duty.list_threat_entity_sets(
            DetectorId=detector)["ThreatEntitySetIds"]
        known = duty.get_threat_entity_set(DetectorId=detector,
                                           ThreatEntitySetId=ids[0])
        self.assertEqual(known["Status"], "ACTIVE")
        self.assertEqual(known["Format"], "TXT")
        self.assertEqual(known["Location"], f"s3://{BUCKET}/{ENTITY}")
        ids = duty.list_threat_intel_sets(
            DetectorId=detector)["ThreatIntelSetIds"]
        known = duty.get_threat_intel_set(DetectorId=detector,
                                          ThreatIntelSetId=ids[0])
        self.assertEqual((known["Status"], known["Name"]),
                         ("ACTIVE", "gti-threat-ip-1"))

    def test_keeps_to_a_prefix(self):
        self.work.configure(lists="prefix: team/gti/")
        self.succeed(self.work)
        self.assert_objects(self.sim, self.work, "team/gti/")
        self.assert_sets(self.sim, self.work, prefix="team/gti/")

    def test_takes_paths_of_the_user(self):
        self.work.configure(lists="ip_files: [a/one.txt, a/two.txt]\n"
                                  "entity_files: [names.txt]")
        self.succeed(self.work)
        objects = self.sim.objects()
        self.assertIn("a/one.txt", objects)
        self.assertIn("names.txt", objects)
        self.assertNotIn(ADDRESS, objects)
        self.assertEqual(sorted(self.sim.sets()), ["gti-names", "gti-one"])

    def test_sends_without_guardduty_where_it_is_not_asked_for(self):
        self.work.configure(sinks="[files, s3]")
        self.succeed(self.work)
        self.assert_objects(self.sim, self.work)
        self.assertEqual(self.sim.sets(), {})
        self.assertEqual(self.sim.counts("guardduty"), {})


class ThreeRuns(publish_harness.PublishCase):
    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.put_domains(*(f"d{i}.example" for i in range(20)))
        self.put_addresses(*(f"45.33.9.{i}" for i in range(20)))
        self.work = self.workspace(self.sim.base)
        self.succeed(self.work)
        self.writes = self.sim.list_writes()
        self.activated = self.sim.activations()

    def test_second_sends_no_list_and_activates_nothing(self):
        run = self.succeed(self.work)
        self.assertEqual(self.sim.list_writes(), self.writes)
        self.assertEqual(self.sim.activations(), self.activated)
        self.assertNotIn("Updated S3 file", run.err)
        self.assertEqual(run.report["objects_sent"], 0)
        self.assertEqual({item["status"] for item in run.report["sets"]},
                         {"unchanged"})

    def test_third_with_one_domain_sends_one_object_and_activates_one_set(self):
        self.succeed(self.work)
        self.put_domains("new.example", at=NOW - 60)
        run = self.succeed(self.work)
        changed = {path for path, count in self.sim.list_writes().items()
                   if count != self.writes[path]}
        self.assertEqual(changed, {ENTITY})
        self.assertEqual(self.sim.list_writes()[ENTITY],
                         self.writes[ENTITY] + 1)
        self.assertEqual(self.sim.activations(), self.activated + 1)
        self.assert_published(self.sim, self.work)
        sets = {item["name"]: item for item in run.report["sets"]}
        self.assertTrue(sets["gti-threat-entity-1"]["activated"])
        self.assertFalse(sets["gti-threat-ip-1"]["activated"])

    def test_a_lost_state_does_not_send_again_what_is_there(self):
        before = self.sim.list_writes()
        other = self.workspace(self.sim.base, "other")
        self.succeed(other)
        self.assertEqual(self.sim.list_writes(), before)
        self.assert_published(self.sim, other)


class Leaving(publish_harness.PublishCase):
    """What expires or is revoked leaves at the next run, with nothing new."""

    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.put_domains("old.example", at=NOW - 50 * 60)
        self.put_domains(*(f"d{i}.example" for i in range(9)),
                         at=NOW - 60)

    def test_an_expired_one(self):
        work = self.workspace(self.sim.base)
        work.configure(lists="max_age: 1h")
        self.succeed(work)
        self.assertIn("old.example", work.lines(ENTITY))
        work.now = NOW + 15 * 60
        run = self.succeed(work)
        self.assertNotIn("old.example", work.lines(ENTITY))
        self.assertEqual(len(work.lines(ENTITY)), 9)
        self.assertEqual(run.report["expired"]["domain"], 1)
        self.assert_published(self.sim, work)

    def test_one_of_a_category_with_an_age_of_its_own(self):
        work = self.workspace(self.sim.base)
        work.configure(lists="max_ages: [{category: stream, max_age: 40m}]")
        self.succeed(work)
        self.assertNotIn("old.example", work.lines(ENTITY))
        self.assertEqual(len(work.lines(ENTITY)), 9)

    def test_a_revoked_one(self):
        work = self.workspace(self.sim.base)
        self.succeed(work)
        self.put_domains("d3.example", at=NOW - 30,
                         verdict="VERDICT_BENIGN", score=0,
                         assessed=NOW - 30)
        run = self.succeed(work)
        self.assertNotIn("d3.example", work.lines(ENTITY))
        self.assertEqual(run.report["revoked"]["domain"], 1)
        self.assert_published(self.sim, work)


class Emptied(publish_harness.PublishCase):
    def setUp(self):
        super().setUp()
        self.sim = self.world()
        self.put_domains("a.example", "b.example")
        self.put_addresses("45.33.1.1")
        self.work = self.workspace(self.sim.base)
        self.work.configure(lists="max_age: 2h")
        self.succeed(self.work)
        self.work.now = NOW + 3 * HOUR

    def test_list_is_held_back_by_the_guard(self):
        before = self.sim.objects()[ENTITY]
        run = self.work.sync()
        self.assertEqual(run.code, 1)
        self.assertIn("by more than publish.max_shrink (30%)", run.err)
        self.assertEqual(self.work.lines(ENTITY), [])
        self.assertEqual(self.sim.objects()[ENTITY], before)
        self.assertEqual(self.sim.sets()["gti-threat-entity-1"]["status"],
                         "ACTIVE")
        self.assertEqual(run.report["objects_held"], 2)

    def test_list_is_deactivated_by_force(self):
        self.succeed(self.work, "--force")
        self.sim.finish_sets()
        self.assert_objects(self.sim, self.work)
        self.assertEqual({item["status"] for item in self.sim.sets().values()},
                         {"INACTIVE"})
        updates = self.sim.counts("guardduty").get("UpdateThreatEntitySet")
        self.succeed(self.work)
        self.assertEqual(
            self.sim.counts("guardduty").get("UpdateThreatEntitySet"), updates)

    def test_list_that_fills_again_is_activated_again(self):
        self.succeed(self.work, "--force")
        self.sim.finish_sets()
        self.put_domains("c.example", at=self.work.now - 60)
        self.succeed(self.work)
        self.assertEqual(self.work.lines(ENTITY), ["c.example"])
        self.assertEqual(self.sim.sets()["gti-threat-entity-1"]["status"],
                         "ACTIVE")


class Regions(publish_harness.PublishCase):
    REGIONS = ("us-east-1", "eu-west-1", "ap-southeast-2")

    def test_all_are_served_from_one_run(self):
        sim = self.world(regions=self.REGIONS)
        self.put_domains("a.example")
        self.put_addresses("45.33.1.1")
        work = self.workspace(sim.base)
        work.configure(publish=f"regions: [{', '.join(self.REGIONS)}]\n"
                               "wait: 5s")
        self.succeed(work)
        self.assert_published(sim, work, self.REGIONS)

    def test_one_without_a_detector_does_not_stop_the_others(self):
        sim = self.world("--gd-no-detector",
                         f"{aws_harness.ACCOUNT}/{self.REGIONS[2]}",
                         regions=self.REGIONS)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(publish=f"regions: [{', '.join(self.REGIONS)}]\n"
                               "wait: 5s")
        run = work.sync()
        self.assertEqual(run.code, 1)
        self.assertIn("No GuardDuty detector found in the region", run.err)
        self.assertIn("ap-southeast-2", run.err)
        self.assert_published(sim, work, self.REGIONS[:2])

    def test_a_detector_is_made_where_that_is_wanted(self):
        sim = self.world("--gd-no-detector",
                         f"{aws_harness.ACCOUNT}/eu-west-1",
                         regions=self.REGIONS[:2])
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(publish="regions: [us-east-1, eu-west-1]\nwait: 5s",
                       guardduty="create_detector: true")
        self.succeed(work)
        self.assert_published(sim, work, self.REGIONS[:2])

    def test_one_without_entity_sets_says_so_and_takes_ips(self):
        for shape in ("404", "403", "400"):
            with self.subTest(shape=shape):
                sim = self.world("--gd-no-entity-sets", REGION,
                                 "--gd-no-entity-error", shape)
                self.put_domains("a.example")
                self.put_addresses("45.33.1.1")
                work = self.workspace(sim.base, f"w{shape}")
                run = self.succeed(work)
                self.assertIn("[WARN] us-east-1 has no threat entity lists",
                              run.err)
                self.assertEqual(list(sim.sets()), ["gti-threat-ip-1"])
                self.assert_objects(sim, work)


class Refused(publish_harness.PublishCase):
    """What a careless configuration gets."""

    def refuse(self, expected, **sections):
        sim = self.world()
        work = self.workspace(sim.base)
        work.configure(**sections)
        run = work.sync()
        self.assertEqual(run.code, 2, run.err)
        self.assertIn(expected, run.err)
        self.assertFalse((work.folder / "state").exists())

    def test_s3_without_files(self):
        self.refuse("the sink `s3` needs `files`", sinks="[s3]")

    def test_guardduty_without_s3(self):
        self.refuse("the sink `guardduty` needs `s3`",
                    sinks="[files, guardduty]")

    def test_no_bucket(self):
        self.refuse("lists.bucket is not given", lists="bucket: ''")

    def test_a_category_that_is_none(self):
        self.refuse("there is no category \"moon\"",
                    lists="max_ages: [{category: moon, max_age: 1h}]")

    def test_a_region_that_is_none(self):
        self.refuse("\"nowhere\" is no region", publish="regions: [nowhere]")


if __name__ == "__main__":
    unittest.main()
