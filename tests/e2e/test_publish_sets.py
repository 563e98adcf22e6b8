# SPDX-License-Identifier: Apache-2.0
"""The states of GuardDuty's sets: busy ones wait their turn, refused contents
are taken back, and what does not fit is told.
"""

import unittest

import publish_harness
from publish_harness import BUCKET, CHECKPOINT, LISTS, NOW, REGION

ENTITY = LISTS["entity"][0]
ADDRESS = LISTS["ip"][0]
ENTITY_SET = "gti-threat-entity-1"
ADDRESS_SET = "gti-threat-ip-1"
LONG = 86400000


class Slow(publish_harness.PublishCase):
    """GuardDuty takes longer than anybody waits."""

    def setUp(self):
        super().setUp()
        self.sim = self.world("--gd-activation-delay", LONG)
        self.put_domains("a.example", "b.example")
        self.work = self.workspace(self.sim.base)
        self.work.configure(publish="wait: 0s")
        self.first = self.succeed(self.work)

    def status(self):
        return {item["name"]: item["status"]
                for item in self.work.sync().report["sets"]}

    def test_set_is_left_pending_with_a_warning(self):
        sets = {item["name"]: item for item in self.first.report["sets"]}
        self.assertEqual(sets[ENTITY_SET]["status"], "pending")
        self.assertIn("[WARN]", self.first.err)
        self.assertIn("ACTIVATING", self.first.err)
        self.assert_objects(self.sim, self.work)

    def test_set_is_settled_by_the_next_run_without_another_activation(self):
        self.sim.finish_sets()
        self.assertEqual(self.status()[ENTITY_SET], "unchanged")
        self.assertEqual(self.sim.activations(), 1)
        self.assert_published(self.sim, self.work)

    def test_new_content_waits_its_turn(self):
        self.put_domains("c.example", at=NOW - 60)
        run = self.succeed(self.work)
        # The object is durable, and so is the checkpoint.
        self.assert_objects(self.sim, self.work)
        self.assertEqual(self.sim.activations(), 1)
        self.assertIn("pending", [item["status"]
                                  for item in run.report["sets"]])
        self.sim.finish_sets()
        self.succeed(self.work)
        self.assertEqual(self.sim.activations(), 2)
        self.sim.finish_sets()
        self.succeed(self.work)
        self.assertEqual(self.sim.activations(), 2)
        self.assert_published(self.sim, self.work)

    def test_set_that_is_deactivated_by_hand_is_activated_again(self):
        self.sim.finish_sets()
        self.sim.force_sets("INACTIVE", name=ENTITY_SET)
        self.succeed(self.work)
        self.sim.finish_sets()
        self.succeed(self.work)
        self.assert_published(self.sim, self.work)


class Waiting(publish_harness.PublishCase):
    def test_ends_when_the_set_is_active(self):
        sim = self.world("--gd-activation-delay", 1500)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(publish="wait: 60s")
        run = self.succeed(work)
        self.assertEqual(run.report["sets"][0]["status"], "active")
        self.assert_published(sim, work)

    def test_ends_when_its_time_is_over(self):
        sim = self.world("--gd-activation-delay", LONG)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(publish="wait: 4s")
        run = self.succeed(work)
        self.assertEqual(run.report["sets"][0]["status"], "pending")


class Poisoned(publish_harness.PublishCase):
    """One list has a line that GuardDuty will not have."""

    def setUp(self):
        super().setUp()
        self.sim = self.world("--gd-set-poison", "poison.example")
        self.put_domains("a.example", "b.example")
        self.put_addresses("45.33.1.1")
        self.work = self.workspace(self.sim.base)
        self.succeed(self.work)
        self.good = self.sim.objects()
        self.put_domains("poison.example", at=NOW - 60)
        self.put_addresses("45.33.1.2", at=NOW - 60)
        self.run_with_poison = self.work.sync()

    def test_last_good_content_is_put_back(self):
        run = self.run_with_poison
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("[ERROR]", run.err)
        self.assertEqual(self.sim.objects()[ENTITY]["sha256"],
                         self.good[ENTITY]["sha256"])
        self.assertEqual(self.sim.sets()[ENTITY_SET]["status"], "ACTIVE")
        self.assertEqual(self.sim.sets()[ENTITY_SET]["content"]["sha256"],
                         self.good[ENTITY]["sha256"])

    def test_error_details_are_shown(self):
        sets = {item["name"]: item
                for item in self.run_with_poison.report["sets"]}
        self.assertEqual(sets[ENTITY_SET]["status"], "restored")
        self.assertTrue(sets[ENTITY_SET]["detail"], sets)

    def test_the_other_list_is_published(self):
        known = self.sim.sets()[ADDRESS_SET]
        self.assertEqual((known["status"], known["content"]["lines"]),
                         ("ACTIVE", 2))

    def test_checkpoint_goes_back_with_it(self):
        self.assertEqual(self.sim.objects()[CHECKPOINT]["sha256"],
                         self.good[CHECKPOINT]["sha256"])

    def test_same_content_is_not_sent_again(self):
        before = self.sim.list_writes()
        activations = self.sim.activations()
        run = self.work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("has refused this content before", run.err)
        self.assertEqual(self.sim.list_writes(), before)
        self.assertEqual(self.sim.activations(), activations)

    def test_another_content_is_tried(self):
        self.put_domains("poison.example", at=NOW - 20,
                         verdict="VERDICT_BENIGN", score=0,
                         assessed=NOW - 20)
        self.put_domains("c.example", at=NOW - 20)
        self.succeed(self.work)
        self.assert_published(self.sim, self.work)


class PoisonedFirst(publish_harness.PublishCase):
    def test_content_without_a_good_one_before_it_is_told(self):
        sim = self.world("--gd-set-poison", "poison.example")
        self.put_domains("poison.example")
        work = self.workspace(sim.base)
        run = work.sync()
        self.assertEqual(run.code, 1)
        self.assertEqual(run.report["sets"][0]["status"], "error")
        self.assert_objects(sim, work)

    def test_pending_content_that_ends_in_error_is_taken_back_later(self):
        sim = self.world("--gd-set-poison", "poison.example")
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        self.succeed(work)
        good = sim.objects()[ENTITY]["sha256"]
        sim.post("/_sim/sets", delay=LONG)
        work.configure(publish="wait: 0s")
        self.put_domains("poison.example", at=NOW - 60)
        self.succeed(work)
        sim.finish_sets()
        sim.post("/_sim/sets", delay=20)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertEqual(sim.objects()[ENTITY]["sha256"], good)


class Foreign(publish_harness.PublishCase):
    """Sets of others take the room."""

    def fill(self, taken, lists="entity_file_lines: 2"):
        names = [f"office-{i}" for i in range(taken)]
        options = []
        for name in names:
            options += ["--gd-set-foreign", f"threat-entity:{name}"]
        self.sim = self.world(*options)
        for i in range(12):
            self.put_domains(f"d{i:02}.example", score=10 + i)
        self.work = self.workspace(self.sim.base)
        self.work.configure(lists=lists)
        return names

    def published(self):
        return [line for path in LISTS["entity"]
                for line in self.work.lines(path)]

    def test_those_that_fit_are_published_best_first(self):
        names = self.fill(4)
        run = self.work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertEqual(sorted(self.published()),
                         [f"d{i:02}.example" for i in range(8, 12)])
        self.assertEqual(self.work.lines("exceeded_domain.txt"),
                         [f"d{i:02}.example" for i in range(8)])
        for name in names:
            self.assertIn(name, run.err)
        self.assert_objects(self.sim, self.work)
        self.assert_sets(self.sim, self.work)

    def test_room_for_none_leaves_all_out(self):
        self.fill(6)
        self.put_addresses("45.33.1.1")
        run = self.work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertEqual(self.published(), [])
        self.assertEqual(len(self.work.lines("exceeded_domain.txt")), 12)
        self.assertEqual(self.sim.sets()[ADDRESS_SET]["status"], "ACTIVE")

    def test_room_enough_is_no_failure(self):
        self.fill(2, lists="entity_file_lines: 3")
        self.succeed(self.work)
        self.assertEqual(len(self.published()), 12)
        self.assert_sets(self.sim, self.work)

    def test_foreign_sets_are_never_touched(self):
        names = self.fill(4)
        self.work.sync()
        sets = self.sim.sets()
        for name in names:
            self.assertEqual((sets[name]["updates"], sets[name]["deletes"]),
                             (0, 0))

    def test_a_limit_that_only_create_tells_is_heeded(self):
        """Six of both kinds together: nobody documents that they are not."""
        self.sim = self.world("--gd-sets-shared")
        for i in range(12):
            self.put_domains(f"d{i:02}.example", score=10 + i)
        self.put_addresses("45.33.1.1")
        self.work = self.workspace(self.sim.base)
        self.work.configure(lists="entity_file_lines: 2")
        run = self.work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertEqual(self.sim.sets()[ADDRESS_SET]["status"], "ACTIVE")
        self.assertEqual(sorted(self.published()),
                         [f"d{i:02}.example" for i in range(2, 12)])
        self.assert_objects(self.sim, self.work)
        self.assert_sets(self.sim, self.work)


class TakenOver(publish_harness.PublishCase):
    """Sets that somebody else has made for our lists."""

    def test_by_location_in_any_form(self):
        for location in (f"s3://{BUCKET}/{ADDRESS}",
                         f"https://s3.amazonaws.com/{BUCKET}/{ADDRESS}",
                         f"https://s3-{REGION}.amazonaws.com/{BUCKET}/"
                         f"{ADDRESS}",
                         f"http://{BUCKET}.s3.amazonaws.com/{ADDRESS}"):
            with self.subTest(location=location):
                sim = self.world("--gd-set-foreign",
                                 f"threat-ip:of-the-lambda:ACTIVE:{location}")
                self.put_addresses("45.33.1.1")
                work = self.workspace(sim.base,
                                      f"w{abs(hash(location))}")
                self.succeed(work)
                self.assertEqual(list(sim.sets()), ["of-the-lambda"])
                known = sim.sets()["of-the-lambda"]
                self.assertEqual((known["status"], known["content"]["lines"]),
                                 ("ACTIVE", 1))

    def test_by_name_and_moved_to_our_location(self):
        sim = self.world("--gd-set-foreign",
                         f"threat-ip:{ADDRESS_SET}:INACTIVE:"
                         "s3://elsewhere/list.txt")
        self.put_addresses("45.33.1.1")
        work = self.workspace(sim.base)
        self.succeed(work)
        self.assert_sets(sim, work)
        self.assertEqual(len(sim.sets()), 1)


class Denied(publish_harness.PublishCase):
    def deny(self, operation, expected):
        sim = self.world("--aws-deny", f"*/*/{operation}")
        self.put_domains("a.example")
        self.put_addresses("45.33.1.1")
        work = self.workspace(sim.base)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn(expected, run.err)
        return sim, work

    def test_create_of_one_kind_leaves_the_other_alone(self):
        sim, work = self.deny("CreateThreatEntitySet",
                              "guardduty:CreateThreatEntitySet")
        self.assertEqual(list(sim.sets()), [ADDRESS_SET])
        self.assert_objects(sim, work)

    def test_a_list_that_may_not_be_seen_is_no_region_without_it(self):
        self.deny("ListThreatEntitySets", "guardduty:ListThreatEntitySets")

    def test_the_role_policy_is_named(self):
        self.deny("PutRolePolicy", "iam:PutRolePolicy")

    def test_one_of_several_regions(self):
        sim = self.world("--aws-deny", "*/eu-west-1",
                         regions=("us-east-1", "eu-west-1"))
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(publish="regions: [us-east-1, eu-west-1]\nwait: 5s")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("eu-west-1", run.err)
        self.assert_sets(sim, work)


if __name__ == "__main__":
    unittest.main()
