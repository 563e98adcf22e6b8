# SPDX-License-Identifier: Apache-2.0
"""Signing in at the simulator, which checks every signature from the bytes on
the wire and every rule of AWS that it knows. The environment names the
programs: SIGNIN_RUN, SLUICE_SIM.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / 'tools'))
from aws_case import ROLE, AwsCase  # noqa: E402
from aws_signer import KEY, SECRET  # noqa: E402
from test_sim_aws_anywhere import ANCHOR, PROFILE, Files  # noqa: E402

KEYS = {'AWS_ACCESS_KEY_ID': KEY, 'AWS_SECRET_ACCESS_KEY': SECRET}


class SigninCase(AwsCase):
    def run_signin(self, sim, **env):
        url = 'http://127.0.0.1:%d' % sim.port
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        env = {
            'PATH': os.environ['PATH'], 'HOME': folder,
            'AWS_ENDPOINT_URL': url,
            'AWS_EC2_METADATA_SERVICE_ENDPOINT': url,
            **{k: v.replace('{url}', url) for k, v in env.items()}}
        answer = subprocess.run([os.environ['SIGNIN_RUN']], env=env, timeout=60,
                                stdout=subprocess.PIPE, check=True)
        return answer.stdout.decode().rstrip('\n').split('\t')

    def good(self, sim, origin, **env):
        got = self.run_signin(sim, **env)
        self.assertEqual((got[0], got[-1]), ('OK', origin), got)
        self.assertNotEqual(got[2], '-')

    def bad(self, sim, code, part, **env):
        got = self.run_signin(sim, **env)
        self.assertEqual(got[:2], ['FAILED', code], got)
        self.assertIn(part, got[2])


class ChainCase(SigninCase):
    def test_a_role_by_keys(self):
        sim = self.sim('--aws-role', f'{ROLE},external-id:ext+1')
        self.good(sim, f'the role {ROLE}', SIGNIN_ROLE=ROLE,
                  SIGNIN_EXTERNAL_ID='ext+1', **KEYS)
        self.bad(sim, 'AUTH', 'AccessDenied', SIGNIN_ROLE=ROLE,
                 SIGNIN_EXTERNAL_ID='wrong', **KEYS)
        self.bad(sim, 'AUTH', 'SignatureDoesNotMatch', SIGNIN_ROLE=ROLE,
                 AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY='wrong')

    def test_a_server_whose_clock_differs(self):
        for offset in ('3600', '-3600'):
            sim = self.sim('--aws-role', ROLE, '--aws-clock-offset', offset)
            self.good(sim, f'the role {ROLE}', SIGNIN_ROLE=ROLE, **KEYS)

    def test_the_metadata_service(self):
        sim = self.sim('--imds-role', 'the-role', '--aws-role', ROLE)
        self.good(sim, 'the EC2 metadata service (role the-role)')
        self.good(sim, f'the role {ROLE}', SIGNIN_ROLE=ROLE)

    def test_a_metadata_service_without_a_role(self):
        words = 'Check the IAM Role attached to your EC2 Machine'
        self.bad(self.sim('--imds-off', 'role'), 'AUTH', words)
        self.bad(self.sim('--imds-code', 'AssumeRoleUnauthorizedAccess'),
                 'AUTH', words)
        self.bad(self.sim('--imds-off', 'reset'), 'AUTH',
                 'no AWS credentials found')

    def test_a_container(self):
        sim = self.sim('--container-token', 'Basic abc')
        place = {'AWS_CONTAINER_CREDENTIALS_FULL_URI':
                 '{url}/v1/credentials'}
        self.good(sim, 'the container\'s credentials endpoint',
                  AWS_CONTAINER_AUTHORIZATION_TOKEN='Basic abc', **place)
        self.bad(sim, 'AUTH', 'the container\'s credentials endpoint answers',
                 AWS_CONTAINER_AUTHORIZATION_TOKEN='Basic x', **place)

    def test_a_web_identity(self):
        sim = self.sim('--aws-role', ROLE, '--aws-web-identity-token',
                       'eyJ0.the-token')
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('eyJ0.the-token\n')
            file.flush()
            env = {'AWS_WEB_IDENTITY_TOKEN_FILE': file.name,
                   'AWS_ROLE_ARN': ROLE}
            self.good(sim, f'web identity (role {ROLE})', **env)


class AnywhereCase(SigninCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which('openssl') is None:
            print('skipped: the command openssl is absent')
            raise unittest.SkipTest('the command openssl is absent')
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.files = Files(folder.name)

    def anywhere(self, key, certificate=None, **more):
        return {'SIGNIN_KEY': self.files.path(key, 'key'),
                'SIGNIN_CERTIFICATE': self.files.path(certificate or key),
                'SIGNIN_PROFILE': PROFILE, 'SIGNIN_ANCHOR': ANCHOR,
                'SIGNIN_ANYWHERE_ROLE': ROLE, **more}

    def make_sim(self):
        return self.sim('--aws-role', ROLE, '--anywhere-ca',
                        self.files.path('root'), '--anywhere-anchor', ANCHOR,
                        '--anywhere-profile', PROFILE)

    def test_keys_of_each_kind_and_a_chain(self):
        sim = self.make_sim()
        for name in ('rsa', 'p256', 'p384'):
            self.good(sim, 'IAM Roles Anywhere', **self.anywhere(name))
        self.good(sim, 'IAM Roles Anywhere', **self.anywhere(
            'chained', SIGNIN_CHAIN=self.files.path('middle')))
        # AWS itself takes the intermediate from no other place.
        self.bad(sim, 'AUTH', 'IAM Roles Anywhere refuses the sign-in: '
                 'AccessDeniedException', **self.anywhere('chained'))

    def test_what_is_refused(self):
        sim = self.make_sim()
        self.bad(sim, 'AUTH', 'AccessDeniedException',
                 **self.anywhere('stranger'))
        self.bad(sim, 'AUTH', 'the certificate expired at',
                 **self.anywhere('expired'))
        self.bad(sim, 'CONFIG', 'does not belong to the certificate',
                 **self.anywhere('rsa', 'p256'))
        self.bad(sim, 'CONFIG', 'aws.roles_anywhere.private_key /nowhere: ',
                 **self.anywhere('rsa', SIGNIN_KEY='/nowhere'))

    def test_an_encrypted_key(self):
        sim = self.make_sim()
        path = self.files.path('encrypted', 'key')
        self.files.run('pkcs8', '-topk8', '-v2', 'aes256', '-passout',
                       'pass:geheim', '-in', self.files.path('rsa', 'key'),
                       '-out', path)
        env = self.anywhere('rsa', SIGNIN_KEY=path)
        self.good(sim, 'IAM Roles Anywhere', SIGNIN_PASSPHRASE='geheim', **env)
        self.bad(sim, 'AUTH', f'aws.roles_anywhere.private_key {path}: the '
                 'passphrase does not open the private key',
                 SIGNIN_PASSPHRASE='wrong', **env)
        self.bad(sim, 'CONFIG', 'is encrypted and no passphrase is set', **env)


if __name__ == '__main__':
    unittest.main()
