# SPDX-License-Identifier: Apache-2.0
"""What goes wrong while signing in: each fault is outlived, or told in one
sentence, and no secret is left anywhere."""

import base64
import json
import os
import re
import signal
import time
import unittest

import harness
import test_sign_in
from aws_harness import ACCOUNT, KEY_ID, SECRET
from sign_in_stub import Stub
from test_sign_in import ROLE, SignIn

LONG = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
ERROR = ("<ErrorResponse><Error><Code>{}</Code><Message>{}</Message></Error>"
         "</ErrorResponse>")
KEYS = re.compile(r'"?(?<!/)(?:secretAccessKey|SecretAccessKey|sessionToken|'
                  r'SessionToken)(?:"\s*:\s*"|>)([^"<]+)')


def forms(secret):
    """As it is, in base64 at each of the three offsets, and in hex."""
    raw = secret.encode()
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + raw)
        yield text[4 if shift else 0:-4]


class Faults(SignIn):
    def stub(self, judge):
        return self.stack.enter_context(Stub(judge, self.sim.base))

    def errors(self, run):
        return [line for line in run.err.splitlines()
                if line.startswith("[ERROR]")]

    def assert_one_sentence(self, run, code, *words):
        """The cause is told once, and the end says no more than that."""
        self.assertEqual(run.code, code, run.err)
        errors = self.errors(run)
        self.assertLessEqual(len(errors), 2, run.err)
        for word in words:
            told = sum(word in line for line in errors)
            self.assertEqual(told, 1, f"{word!r} in {run.err}")

    def use_role(self, *options, limits="max_wait: 9s"):
        """One account, by its role."""
        self.start("--aws-role", ROLE, *options)
        self.work.configure(
            guardduty="accounts: [{id: \"%s\", role_arn: \"%s\"}]\n"
                      "regions: [us-east-1]" % (ACCOUNT, ROLE),
            limits=limits)
        return self.work

    def use_stub(self, judge):
        stub = self.stub(judge)
        self.work.environment["AWS_ENDPOINT_URL_STS"] = stub.base
        return stub


class Helper(Faults):
    def use(self, script):
        self.start()
        helper = self.write("helper", f"#!/bin/sh\n{script}\n", 0o700)
        self.write(".aws/config",
                   f"[default]\ncredential_process = {helper}\n")

    def test_ten_megabytes(self):
        self.use("head -c 10000000 /dev/zero | tr '\\0' x")
        self.assert_one_sentence(self.work.sync(), 2, "wrote more than")

    def test_keys_on_stderr_are_not_told(self):
        self.use(f"echo 'no: {LONG}' >&2; exit 1")
        run = self.work.sync("--log-level", "debug")
        self.assert_one_sentence(run, 3, "ended with status 1: no: [hidden]")
        self.assertNotIn(LONG, run.err + run.out)

    def test_one_that_leaves_a_child_with_its_pipes(self):
        answer = json.dumps({"Version": 1, "AccessKeyId": KEY_ID,
                             "SecretAccessKey": SECRET})
        self.use(f"sleep 1000 &\ncat <<'E'\n{answer}\nE")
        self.assert_signs_in()

    def test_a_signal_ends_one_that_never_ends(self):
        pid = self.folder / "pid"
        self.use(f"echo $$ > {pid}.part; mv {pid}.part {pid}; sleep 1000")
        process = self.work.start("sync")
        self.assertTrue(harness.wait_until(pid.exists))
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        self.assertEqual(process.returncode, 1, out + err)
        helper = int(pid.read_text())
        self.assertTrue(harness.wait_until(
            lambda: not os.path.exists(f"/proc/{helper}")))


class Settings(Faults):
    def test_profiles_in_a_circle(self):
        self.start()
        self.write(".aws/config",
                   f"[default]\nrole_arn={ROLE}\nsource_profile=b\n"
                   f"[profile b]\nrole_arn={ROLE}\nsource_profile=default\n")
        self.assert_one_sentence(self.work.sync(), 2, "leads back to itself")

    def test_nothing_goes_unencrypted_to_others(self):
        self.start()
        for place in ("http://example.com/x", "http://127.0.0.1@example.com/x",
                      "http://127.0.0.1.example.com/x"):
            run = self.work.sync(AWS_CONTAINER_CREDENTIALS_FULL_URI=place)
            self.assert_one_sentence(run, 2, place)
        run = self.work.sync(AWS_ACCESS_KEY_ID=KEY_ID,
                             AWS_SECRET_ACCESS_KEY=SECRET,
                             AWS_ENDPOINT_URL="http://example.com")
        self.assert_one_sentence(run, 2, "http is for loopback only")

    def test_a_line_break_in_a_token(self):
        self.start()
        token = self.write("token", "abc\r\nX-Other: 1")
        run = self.work.sync(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.sim.base}/v1/x",
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=token)
        self.assert_one_sentence(run, 2, "the token holds a line break")

    def test_a_token_of_4_kilobytes_goes_whole(self):
        self.start()
        token = "Ab1/" * 1024
        stub = self.stub(lambda number: (403, '{"message": "no"}'))
        run = self.work.sync(AWS_ACCESS_KEY_ID=KEY_ID, AWS_SESSION_TOKEN=token,
                             AWS_SECRET_ACCESS_KEY=SECRET,
                             AWS_ENDPOINT_URL=stub.base)
        self.assertEqual(run.code, 3, run.err)
        sent = {name.lower(): value for name, value in stub.seen[0].items()}
        self.assertEqual(sent["x-amz-security-token"], token)
        self.assertNotIn(token[:100], run.err + run.out)


class Sts(Faults):
    def keys(self):
        return {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}

    def test_a_page_and_half_an_answer_are_asked_again(self):
        self.use_role()
        answers = {1: (200, "<html>Sign in to this network</html>"),
                   2: (200, "<AssumeRoleResponse><AssumeRoleResult><Credent")}
        stub = self.use_stub(answers.get)
        self.work.environment.update(self.keys())
        self.assert_signs_in()
        self.assertGreaterEqual(len(stub.seen), 3)

    def test_a_proxys_page_is_told_by_its_status(self):
        self.use_role()
        self.use_stub(lambda number: (403, "<html>no</html>"))
        run = self.work.sync(**self.keys())
        self.assert_one_sentence(run, 3, "cannot be assumed: HTTP 403")

    def test_a_token_that_is_sent_back_is_not_told(self):
        self.use_role()
        self.use_stub(lambda number: (403, ERROR.format(
            "SignatureDoesNotMatch", f"It is x-amz-security-token:{LONG * 4}")))
        run = self.work.sync("--log-level", "debug", **self.keys())
        self.assert_one_sentence(run, 3, "x-amz-security-token:[hidden]")
        self.assertNotIn(LONG[:20], run.err + run.out)

    def test_one_that_is_never_there_is_told_once(self):
        self.use_role(limits="max_wait: 1s")
        self.use_stub(lambda number: (200, "<html>"))
        run = self.work.sync(**self.keys())
        self.assert_one_sentence(run, 1, "the answer of STS has no Cred")

    def test_thirty_accounts_with_one_denied(self):
        ids = [str(int(ACCOUNT) + i) for i in range(30)]
        roles = [f"arn:aws:iam::{one}:role/reader" for one in ids]
        known = [part for role in roles[:-1] for part in ("--aws-role", role)]
        self.start("--gd-accounts", ",".join(ids), *known, "--gd-findings", 8)
        listed = ", ".join(f'{{id: "{one}", role_arn: "{role}"}}'
                           for one, role in zip(ids, roles))
        self.work.configure(guardduty=f"accounts: [{listed}]\n"
                                      "regions: [us-east-1]")
        run = self.work.sync(**self.keys())
        self.assert_one_sentence(run, 1, roles[-1])
        accounts = {row["account"] for row in self.work.rows()}
        self.assertEqual(len(accounts), 29)
        self.assertNotIn(ids[-1], accounts)


class Clocks(Faults):
    def test_hours_off_at_guardduty_and_sts(self):
        for offset in (7200, -7200):
            self.use_role("--aws-clock-offset", offset)
            self.work.environment.update(AWS_ACCESS_KEY_ID=KEY_ID,
                                         AWS_SECRET_ACCESS_KEY=SECRET)
            self.assert_signs_in()


class Secrets(test_sign_in.Anywhere):
    """Roles Anywhere by a locked key, then a role, each for a few seconds."""

    passphrase = "open-sesame-by-a-long-phrase-71"

    def begin(self, findings):
        self.make()
        openssl = test_sign_in.openssl
        openssl("pkcs8", "-topk8", "-in", self.pki / "key.pem", "-out",
                self.pki / "locked.pem", "-passout", f"pass:{self.passphrase}")
        self.start("--aws-lifetime", 5, "--latency", 150, "--gd-findings",
                   findings)
        self.stub = self.stack.enter_context(
            Stub(lambda number: None, self.sim.base))
        phrase = self.write("phrase", self.passphrase)
        self.configure(key="locked.pem",
                       extra=f"  passphrase: {{file: {phrase}}}\n")
        text = self.work.config.read_text()
        text = text.replace(
            "guardduty:\n", "limits: {connections: 1}\nguardduty:\n"
            f'  accounts: [{{id: "{ACCOUNT}", role_arn: "{ROLE}"}}]\n')
        self.work.config.write_text(text)
        self.work.environment.update(
            AWS_ENDPOINT_URL_STS=self.stub.base,
            AWS_ENDPOINT_URL_ROLESANYWHERE=self.stub.base)

    def issued(self):
        """Secrets and tokens, in the order in which they were issued."""
        return [KEYS.findall(answer) for answer in self.stub.answers]

    def key_bytes(self):
        lines = (self.pki / "key.pem").read_text().splitlines()
        der = base64.b64decode("".join(lines[1:-1]))
        return [lines[3].encode(), der[400:432], der[700:732]]

    def memory(self, pid):
        """Every readable piece of a process, with a little of the next."""
        with open(f"/proc/{pid}/maps", encoding="ascii") as maps, \
                open(f"/proc/{pid}/mem", "rb") as memory:
            for line in maps:
                low, high = (int(part, 16)
                             for part in line.split()[0].split("-"))
                if "rw" not in line.split()[1] or high - low > 1 << 32:
                    continue  # a sanitizer's shadow holds no bytes of ours
                for at in range(low, high, 1 << 24):
                    try:
                        memory.seek(at)
                        yield memory.read(min((1 << 24) + 4096, high - at))
                    except OSError:
                        continue

    def stop_after(self, answers):
        process = self.work.start("sync", "--log-level", "debug")
        self.addCleanup(process.kill)
        self.assertTrue(harness.wait_until(
            lambda: len(self.stub.answers) >= answers), "no refresh came")
        time.sleep(0.5)  # the last answer is taken
        process.send_signal(signal.SIGSTOP)
        return process

    def test_what_is_replaced_is_wiped(self):
        self.begin(900)
        process = self.stop_after(4)
        try:
            os.close(os.open(f"/proc/{process.pid}/mem", os.O_RDONLY))
        except PermissionError:
            self.skipTest("the memory of others may not be read here")
        left = self.look(process)
        for _ in range(5):
            if left:  # on a busy machine, the last answer was not taken yet
                process.send_signal(signal.SIGCONT)
                time.sleep(0.5)
                process.send_signal(signal.SIGSTOP)
                left = self.look(process)
        process.kill()
        process.communicate(timeout=60)
        self.assertEqual(left, {})

    def look(self, process):
        """How often each secret that was replaced is still in memory."""
        issued = self.issued()
        live = {word for words in issued[-2:] for word in words}
        gone = {word for words in issued[:-2] for word in words} - live
        self.assertGreaterEqual(len(gone), 4)
        wanted = [word.encode()[-60:] for word in gone] + self.key_bytes()
        found = {word: 0 for word in wanted}
        alive = 0
        for piece in self.memory(process.pid):
            alive += sum(word.encode()[-60:] in piece for word in live)
            for word in wanted:
                found[word] += word in piece
        self.assertGreater(alive, 0, "nothing was looked at")
        return {word: n for word, n in found.items() if n}

    def test_none_is_in_what_is_left(self):
        self.begin(150)
        process = self.stop_after(2)
        with open(f"/proc/{process.pid}/cmdline", "rb") as file:
            places = {"cmdline": file.read()}
        process.send_signal(signal.SIGCONT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, err)
        places.update(out=out.encode(), err=err.encode())
        for path in list(self.work.folder.rglob("*")):
            if path.is_file() and path.name != "phrase":
                places[str(path)] = path.read_bytes()
        secrets = [word for words in self.issued() for word in words]
        self.assertGreaterEqual(len(secrets), 4)
        for secret in secrets + [self.passphrase]:
            for form in forms(secret):
                for name, data in places.items():
                    self.assertNotIn(form, data, name)


# The tests of the class it borrows from are run where they are.
for name in dir(test_sign_in.Anywhere):
    if name.startswith("test_"):
        setattr(Secrets, name, None)


class Judge(Faults):
    """moto's STS, which nobody here has written."""

    def test_a_role_is_assumed_of_moto(self):
        try:
            import boto3
            from moto.server import ThreadedMotoServer
        except ImportError:
            self.skipTest("boto3 or moto's server is not installed")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0,
                                    verbose=False)
        server.start()
        self.addCleanup(server.stop)
        host, port = server.get_host_and_port()
        sts = f"http://{host}:{port}"
        self.use_role()
        self.work.now = None
        stub = self.stub(lambda number: (403, '{"message": "no"}'))
        run = self.work.sync(AWS_ACCESS_KEY_ID=KEY_ID,
                             AWS_SECRET_ACCESS_KEY=SECRET,
                             AWS_ENDPOINT_URL=stub.base,
                             AWS_ENDPOINT_URL_STS=sts)
        self.assertEqual(run.code, 3, run.err)
        sent = {name.lower(): value for name, value in stub.seen[0].items()}
        key = re.search(r"Credential=(ASIA\w+)/", sent["authorization"])
        self.assertIsNotNone(key, sent["authorization"])
        identity = boto3.client(
            "sts", region_name="us-east-1", endpoint_url=sts,
            aws_access_key_id=key.group(1), aws_secret_access_key="any",
            aws_session_token=sent["x-amz-security-token"]
        ).get_caller_identity()
        self.assertEqual(identity["Arn"], f"arn:aws:sts::{ACCOUNT}:"
                         "assumed-role/reader/sluice")


if __name__ == "__main__":
    unittest.main()
