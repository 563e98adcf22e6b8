# SPDX-License-Identifier: Apache-2.0
"""Every way to sign in ends in the same rows, and every way that is wrong in
one sentence."""

import json
import subprocess
import unittest

import aws_harness
from aws_harness import ACCOUNT, KEY_ID, SECRET

ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
ANCHOR = (f"arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:trust-anchor/"
          "11111111-2222-3333-4444-555555555555")
PROFILE = (f"arn:aws:rolesanywhere:us-east-1:{ACCOUNT}:profile/"
           "66666666-7777-8888-9999-000000000000")


class SignIn(aws_harness.AwsCase):
    def start(self, *options):
        self.sim = self.world("--gd-findings", 120, "--seed", 41, *options)
        self.work = self.workspace(self.sim.base)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            del self.work.environment[name]
        return self.work

    def assert_signs_in(self):
        run = self.work.sync()
        self.assertEqual(run.code, 0, run.err)
        self.assert_rows(self.work, self.sim.findings())

    def write(self, name, text, mode=0o600):
        path = self.work.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path


class Chain(SignIn):
    def test_environment(self):
        self.start()
        self.work.environment.update(AWS_ACCESS_KEY_ID=KEY_ID,
                                     AWS_SECRET_ACCESS_KEY=SECRET)
        self.assert_signs_in()

    def test_static_keys_of_the_configuration(self):
        self.start()
        secret = self.write("secret", SECRET + "\n")
        self.work.configure(
            aws="auth: static\n"
                "static: {access_key_id: {env: MY_KEY}, "
                f"secret_access_key: {{file: {secret}}}}}")
        self.work.environment = {"AWS_ENDPOINT_URL": self.sim.base,
                                 "MY_KEY": KEY_ID}
        self.assert_signs_in()

    def test_shared_credentials_file(self):
        self.start()
        self.write(".aws/credentials",
                   f"[default]\naws_access_key_id = {KEY_ID}\n"
                   f"aws_secret_access_key = {SECRET}\n")
        self.assert_signs_in()

    def test_profile_with_a_role(self):
        self.start("--aws-role", f"{ROLE},external-id:x1")
        self.write(".aws/credentials",
                   f"[base]\naws_access_key_id={KEY_ID}\n"
                   f"aws_secret_access_key={SECRET}\n")
        self.write(".aws/config",
                   f"[profile dev]\nrole_arn = {ROLE}\n"
                   "source_profile = base\nexternal_id = x1\n")
        self.work.environment["AWS_PROFILE"] = "dev"
        self.assert_signs_in()

    def test_credential_process(self):
        self.start()
        answer = json.dumps({"Version": 1, "AccessKeyId": KEY_ID,
                             "SecretAccessKey": SECRET})
        script = self.write("helper", f"#!/bin/sh\ncat <<'E'\n{answer}\nE\n",
                            0o700)
        self.write(".aws/config",
                   f"[default]\ncredential_process = {script} --some 'a b'\n")
        self.assert_signs_in()

    def test_web_identity(self):
        self.start("--aws-role", ROLE, "--aws-web-identity-token",
                   "eyJfake.token.here")
        token = self.write("token", "eyJfake.token.here")
        self.work.environment.update(AWS_ROLE_ARN=ROLE,
                                     AWS_WEB_IDENTITY_TOKEN_FILE=str(token))
        self.assert_signs_in()

    def test_container(self):
        self.start("--container-token", "Bearer-fake")
        token = self.write("token", "Bearer-fake")
        self.work.environment.update(
            AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{self.sim.base}"
            "/v1/credentials",
            AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=str(token))
        self.assert_signs_in()

    def test_metadata_service(self):
        self.start("--imds-role", "reader")
        del self.work.environment["AWS_EC2_METADATA_DISABLED"]
        self.work.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = \
            self.sim.base
        self.assert_signs_in()

    def test_metadata_service_without_a_role_names_the_cure(self):
        self.start("--imds-off", "role")
        del self.work.environment["AWS_EC2_METADATA_DISABLED"]
        self.work.environment["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = \
            self.sim.base
        for command in ("sync", "check"):
            run = self.work.run(command)
            self.assertEqual(run.code, 3, run.err)
            self.assertIn("Check the IAM Role attached to your EC2 Machine",
                          run.out + run.err)

    def test_an_unknown_profile(self):
        self.start()
        self.work.environment["AWS_PROFILE"] = "nobody"
        run = self.work.sync()
        self.assertEqual(run.code, 2, run.err)
        self.assertIn("nobody", run.err)

    def test_a_key_without_its_secret(self):
        self.start()
        self.work.environment["AWS_ACCESS_KEY_ID"] = KEY_ID
        run = self.work.sync()
        self.assertEqual(run.code, 2, run.err)
        self.assertIn("AWS_SECRET_ACCESS_KEY", run.err)

    def test_a_wrong_secret_is_a_refused_sign_in(self):
        self.start()
        self.work.environment.update(AWS_ACCESS_KEY_ID=KEY_ID,
                                     AWS_SECRET_ACCESS_KEY="wrong" * 8)
        run = self.work.sync()
        self.assertEqual(run.code, 3, run.err)


def openssl(*args, **kwargs):
    subprocess.run(["openssl", *map(str, args)], check=True,
                   capture_output=True, **kwargs)


class Anywhere(SignIn):
    """IAM Roles Anywhere with keys made here."""

    def make(self, kind="rsa", days=30, start=None):
        folder = self.folder / "pki"
        folder.mkdir(exist_ok=True)
        new = ["-newkey", "rsa:2048"] if kind == "rsa" else \
            ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 60,
                "-subj", "/CN=Test CA", "-keyout", folder / "ca.key",
                "-out", folder / "ca.pem",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        openssl("req", *new, "-nodes", "-subj", "/CN=worker",
                "-keyout", folder / "key.pem", "-out", folder / "csr.pem")
        (folder / "ext").write_text("basicConstraints=CA:FALSE\n"
                                    "keyUsage=critical,digitalSignature\n")
        openssl("x509", "-req", "-in", folder / "csr.pem", "-CA",
                folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-days", days, "-extfile", folder / "ext",
                "-out", folder / "cert.pem")
        self.pki = folder
        return folder

    def configure(self, key="key.pem", cert="cert.pem", anchor=ANCHOR,
                  profile=PROFILE, extra=""):
        self.work.configure(
            aws="auth: roles_anywhere\nroles_anywhere:\n"
                f"  private_key: {self.pki / key}\n"
                f"  certificate: {self.pki / cert}\n"
                f"  profile_arn: {profile}\n  role_arn: {ROLE}\n"
                f"  trust_anchor_arn: {anchor}\n{extra}")
        self.work.environment = {"AWS_ENDPOINT_URL": self.sim.base}

    def start(self, *options):
        # Certificates are of today: so is the simulator's clock.
        self.sim = self.world("--gd-findings", 120, "--seed", 41,
                              "--anywhere-ca", self.pki / "ca.pem",
                              "--aws-role", ROLE, *options, now=None)
        self.work = self.workspace(self.sim.base, now=None)

    def test_rsa_key(self):
        self.make()
        self.start()
        self.configure()
        self.assert_signs_in()

    def test_elliptic_curve_key(self):
        self.make("ec")
        self.start()
        self.configure()
        self.assert_signs_in()

    def encrypt(self, *how):
        openssl("pkcs8", "-topk8", "-in", self.pki / "key.pem", "-out",
                self.pki / "locked.pem", *how, "-passout", "pass:opensesame")

    def test_encrypted_key(self):
        self.make()
        self.start()
        self.encrypt("-v2", "aes-256-cbc")
        self.configure(key="locked.pem",
                       extra="  passphrase: {env: MY_PASSPHRASE}\n")
        self.work.environment["MY_PASSPHRASE"] = "opensesame"
        self.assert_signs_in()

    def assert_refused(self, code, *words):
        for command in ("sync", "check"):
            run = self.work.run(command)
            self.assertEqual(run.code, code, run.out + run.err)
            for word in words:
                self.assertIn(word, run.out + run.err)
        self.assertFalse((self.work.out / "indicators.ndjson").exists() and
                         self.work.rows())

    def test_wrong_passphrase(self):
        self.make()
        self.start()
        self.encrypt("-v2", "aes-256-cbc")
        self.configure(key="locked.pem",
                       extra="  passphrase: {env: MY_PASSPHRASE}\n")
        self.work.environment["MY_PASSPHRASE"] = "not it"
        self.assert_refused(3, "passphrase", "locked.pem")

    def test_encrypted_key_without_a_passphrase_asks_nobody(self):
        self.make()
        self.start()
        self.encrypt("-v2", "aes-256-cbc")
        self.configure(key="locked.pem")
        self.assert_refused(2, "passphrase", "locked.pem")

    def test_unreadable_key_file(self):
        self.make()
        self.start()
        self.configure(key="absent.pem")
        self.assert_refused(2, "absent.pem", "private_key")

    def test_certificate_of_another_key(self):
        self.make()
        self.start()
        openssl("genrsa", "-out", self.pki / "other.pem", 2048)
        self.configure(key="other.pem")
        self.assert_refused(2, "does not belong to the certificate")

    def test_expired_certificate(self):
        self.make(days=0)
        self.start()
        self.configure()
        self.work.environment["SLUICE_CLOCK"] = "1900000000"
        self.assert_refused(3, "expired", "cert.pem")

    def test_trust_anchor_and_profile_of_two_regions(self):
        self.make()
        self.start()
        self.configure(profile=PROFILE.replace("us-east-1", "eu-west-1"))
        self.assert_refused(2, "us-east-1", "eu-west-1")


if __name__ == "__main__":
    unittest.main()
