# SPDX-License-Identifier: Apache-2.0
"""The states of GuardDuty's sets: busy ones wait their turn, refused contents
are taken back, and what does not fit is told.
"""

import signal
import unittest

import harness
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
        known = self.work.run("status", "--json").report["sets"]
        self.assertEqual([item["status"] for item in known], ["pending"])
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
        sim = self.world("--gd-activation-delay", 500)
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


    def test_ends_at_once_when_it_is_told_to_stop(self):
        sim = self.world("--gd-activation-delay", LONG)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(publish="wait: 30m")
        process = work.start("sync", "--json")
        # Asked for, and looked at: from here on it waits.
        self.assertTrue(harness.wait_until(
            lambda: sim.counts("guardduty").get("GetThreatEntitySet")))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, err)
        self.assertIn("stop", err)
        for word in harness.SANITIZERS:
            self.assertNotIn(word, err)
        sim.finish_sets()
        run = self.succeed(work)
        self.assertEqual([item["status"] for item in run.report["sets"]],
                         ["unchanged"])
        self.assertEqual(sim.activations(), 1)
        self.assert_published(sim, work)


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

    def test_status_shows_what_each_set_was_left_as(self):
        status = self.work.run("status", "--json").report
        self.assertEqual(status["objects_known"],
                         len(publish_harness.LAYOUT))
        sets = {item["path"]: (item["status"], item["refused"])
                for item in status["sets"]}
        self.assertEqual(sets, {ENTITY: ("active", True),
                                ADDRESS: ("active", False)})
        ids = {item["id"] for item in self.sim.all_sets()["sets"]}
        self.assertEqual({item["id"] for item in status["sets"]}, ids)
        text = self.work.run("status").out
        self.assertIn("Published, as the last sync left it", text)
        self.assertRegex(text, f"{REGION} +{ENTITY} +active; newer refused\n")
        self.assertEqual([line for line in text.split("\n")
                          if len(line) > 80 and str(self.folder) not in line],
                         [])

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

    def test_force_sends_and_asks_again(self):
        activations = self.sim.activations()
        run = self.work.sync("--force")
        self.assertEqual(run.code, 1, run.err)
        # Once with the poison, and once with what is put back.
        self.assertEqual(self.sim.activations(), activations + 2)
        self.assertEqual(self.sim.objects()[ENTITY]["sha256"],
                         self.good[ENTITY]["sha256"])
        self.assertEqual(self.sim.sets()[ENTITY_SET]["status"], "ACTIVE")

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


class Cured(publish_harness.PublishCase):
    """GuardDuty's role may not use the key at first."""

    def setUp(self):
        super().setUp()
        self.sim = self.world("--gd-kms-denied")
        self.put_domains("a.example")
        self.put_addresses("45.33.1.1")
        self.work = self.workspace(self.sim.base)
        self.work.configure(lists="kms_key_id: aws/s3")

    def fail(self):
        run = self.work.sync()
        self.assertEqual(run.code, 1, run.err)
        for item in run.report["sets"]:
            self.assertEqual(item["status"], "error")
            self.assertTrue(item["detail"])
        return run

    def test_first_content_is_asked_again_by_each_run(self):
        self.fail()
        writes = self.sim.list_writes()
        self.assertEqual(self.sim.activations(), 2)
        plan = self.work.run("plan")
        self.assertIn("it was in ERROR before", " ".join(plan.out.split()))
        self.fail()
        self.assertEqual(self.sim.activations(), 4)
        self.sim.post("/_sim/sets", kms_denied=0)
        run = self.succeed(self.work)
        self.assertEqual([item["status"] for item in run.report["sets"]],
                         ["active", "active"])
        self.assertEqual(self.sim.activations(), 6)
        self.assertEqual(self.sim.list_writes(), writes)
        self.assert_published(self.sim, self.work)
        self.succeed(self.work)
        self.assertEqual(self.sim.activations(), 6)

    def test_last_good_content_that_is_refused_too_heals(self):
        """The cause is no list: nothing stays held back when it is gone."""
        self.sim.post("/_sim/sets", kms_denied=0)
        self.succeed(self.work)
        self.sim.post("/_sim/sets", kms_denied=1)
        self.put_domains("b.example", at=NOW - 60)
        for _ in range(2):
            run = self.work.sync()
            self.assertEqual(run.code, 1, run.err)
        self.sim.post("/_sim/sets", kms_denied=0)
        self.succeed(self.work)
        self.assert_published(self.sim, self.work)


class Dropped(publish_harness.PublishCase):
    """The configuration has fewer files than before."""

    FORMER = "gti-threat-ip-2"

    def test_set_is_deactivated_once_and_told(self):
        sim = self.world()
        self.put_addresses("45.33.1.1", "45.33.1.2", "45.33.1.3")
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(lists="ip_file_lines: 2")
        self.succeed(work)
        self.assertEqual(sim.sets()[self.FORMER]["status"], "ACTIVE")

        work.configure(lists=f"ip_files: [{ADDRESS}]\nip_file_lines: 3")
        plan = work.run("plan").out
        self.assertIn("deactivate", plan)
        self.assertIn("the configuration has no such list any more",
                      " ".join(plan.split()))
        self.assertEqual(sim.sets()[self.FORMER]["status"], "ACTIVE")

        run = self.succeed(work)
        self.assertEqual(run.err.count("Deactivating threat IP list: "
                                       f"s3://{BUCKET}/{LISTS['ip'][1]}"), 1)
        self.assertIn("its object may be deleted", run.err)
        sets = {item["path"]: item for item in run.report["sets"]}
        self.assertEqual(sets[LISTS["ip"][1]]["status"], "deactivated")
        self.assertEqual(sim.sets()[self.FORMER]["status"], "INACTIVE")
        self.assertEqual(sim.sets()[self.FORMER]["deletes"], 0)
        self.assertEqual(work.lines(ADDRESS),
                         ["45.33.1.1", "45.33.1.2", "45.33.1.3"])
        self.assertEqual(sim.sets()[ADDRESS_SET]["content"]["lines"], 3)

        for _ in range(2):
            run = self.succeed(work)
            self.assertNotIn("Deactivating", run.err)
            self.assertNotIn(LISTS["ip"][1],
                             [item["path"] for item in run.report["sets"]])
        self.assertEqual(sim.sets()[self.FORMER]["updates"], 1)


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

    @staticmethod
    def published(work):
        return sorted(line for path in LISTS["entity"]
                      for line in work.lines(path))

    def test_those_that_fit_are_published_best_first(self):
        names = self.fill(4)
        run = self.work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertEqual(self.published(self.work),
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
        self.assertEqual(self.published(self.work), [])
        self.assertEqual(len(self.work.lines("exceeded_domain.txt")), 12)
        self.assertEqual(self.sim.sets()[ADDRESS_SET]["status"], "ACTIVE")

    def test_room_enough_is_no_failure(self):
        self.fill(2, lists="entity_file_lines: 3")
        self.succeed(self.work)
        self.assertEqual(len(self.published(self.work)), 12)
        self.assert_sets(self.sim, self.work)

    def test_foreign_sets_are_never_touched(self):
        names = self.fill(4)
        self.work.sync()
        sets = self.sim.sets()
        for name in names:
            self.assertEqual((sets[name]["updates"], sets[name]["deletes"]),
                             (0, 0))

    def learn(self, name, *options):
        """Two lists fit: one of addresses, or of somebody else's domains."""
        sim = self.world(*options)
        work = self.workspace(sim.base, name)
        work.configure(lists="entity_file_lines: 2")
        for repeat in range(2):
            run = work.sync()
            self.assertEqual(run.code, 1, run.err)
            # No waiting for what no waiting helps against.
            refused = sim.all_sets()["operations"]["CreateThreatEntitySet"]
            self.assertEqual(refused["refused"], repeat + 1)
            self.assert_objects(sim, work)
            self.assert_sets(sim, work)
        return sim, work

    def test_a_limit_that_only_create_tells_is_heeded(self):
        """However it is said, and whatever of: nobody documents either."""
        for i in range(12):
            self.put_domains(f"d{i:02}.example", score=10 + i)
        self.put_addresses("45.33.1.1")
        for form in ("plain", "typed", "code", "internal"):
            said = ("--gd-limit-error", form)
            with self.subTest(form=form, limit="of both kinds together"):
                sim, work = self.learn(f"{form}-shared", *said,
                                       "--gd-sets-shared")
                self.assertEqual(sim.sets()[ADDRESS_SET]["status"], "ACTIVE")
                self.assertEqual(self.published(work),
                                 [f"d{i:02}.example" for i in range(2, 12)])
                sim.stop()
            with self.subTest(form=form, limit="five, and four are taken"):
                foreign = [word for i in range(4)
                           for word in ("--gd-set-foreign",
                                        f"threat-entity:office-{i}")]
                sim, work = self.learn(f"{form}-five", *said, *foreign,
                                       "--gd-sets-max", 5)
                self.assertEqual(self.published(work),
                                 ["d10.example", "d11.example"])
                sim.stop()


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


class Regions(publish_harness.PublishCase):
    """Three of them, and one goes away half way."""

    NAMES = ("us-east-1", "eu-west-1", "ap-south-1")

    def test_one_that_throttles_half_way_stops_no_other(self):
        sim = self.world("--aws-throttle", "111111111111/eu-west-1=2/600",
                         regions=self.NAMES)
        self.put_domains("a.example", "b.example", "c.example")
        self.put_addresses("45.33.1.1")
        work = self.workspace(sim.base)
        regions = f"regions: [{', '.join(self.NAMES)}]\nwait: 5s"
        work.configure(publish=regions, lists="entity_file_lines: 1",
                       limits="max_wait: 1s")
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("eu-west-1", run.err)
        self.assert_sets(sim, work, ("us-east-1", "ap-south-1"))
        self.assert_objects(sim, work)
        statuses = {item["status"] for item in run.report["sets"]
                    if item["region"] != "eu-west-1"}
        self.assertEqual(statuses, {"active"})

    def test_one_whose_set_can_not_be_changed_stops_no_other(self):
        sim = self.world("--aws-deny", "*/eu-west-1/UpdateThreatEntitySet",
                         regions=self.NAMES)
        self.put_domains("a.example")
        work = self.workspace(sim.base)
        work.configure(
            publish=f"regions: [{', '.join(self.NAMES)}]\nwait: 5s")
        self.succeed(work)
        self.put_domains("b.example", at=NOW - 60)
        run = work.sync()
        self.assertEqual(run.code, 1, run.err)
        self.assertIn("guardduty:UpdateThreatEntitySet", run.err)
        self.assert_sets(sim, work, ("us-east-1", "ap-south-1"))
        self.assert_objects(sim, work)
        known = sim.sets("eu-west-1")[ENTITY_SET]
        self.assertEqual((known["status"], known["content"]["lines"]),
                         ("ACTIVE", 1), "what was there is still in use")


if __name__ == "__main__":
    unittest.main()
