# SPDX-License-Identifier: Apache-2.0
"""Which credentials are chosen: sluice and botocore, on the same machine.

Each case is an environment and the two shared files; a server on loopback plays
STS, the metadata service and a container's endpoint for both. What it hands out
names who asked, by which key, for what, so that the key id tells the whole way.
Where botocore refuses, sluice must, and the other way round.

botocore is an outside judge; where it is absent the test says so and is
skipped. The environment names the program: SIGNIN_RUN.
"""
import hashlib
import http.server
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from unittest import mock
from urllib.parse import parse_qs

try:
    import botocore
    import botocore.exceptions
    import botocore.session
except ImportError:
    print('skipped: python3 has no botocore to judge by', file=sys.stderr)
    sys.exit(77)

END = '2099-01-01T00:00:00Z'


def digest(*parts):
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12].upper()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *args):
        pass

    def send(self, status, body, kind='text/plain'):
        data = body.encode()
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def keys(self, key):
        return json.dumps({
            'Code': 'Success', 'LastUpdated': '2026-01-01T00:00:00Z',
            'Type': 'AWS-HMAC', 'AccessKeyId': key,
            'SecretAccessKey': 's' + key, 'Token': 't' + key,
            'Expiration': END, 'AccountId': '1'})

    def do_PUT(self):
        if self.server.imds == 'none':
            return self.send(405, '')
        self.send(200, 'imds-token')

    def do_GET(self):
        base = '/latest/meta-data/iam/security-credentials/'
        if self.path.startswith('/container'):
            token = self.headers.get('Authorization')
            self.send(200, self.keys('ASIACONT' + digest(self.path, token)))
        elif self.headers.get('x-aws-ec2-metadata-token') != 'imds-token':
            self.send(401, '')
        elif self.server.imds == 'norole':
            self.send(404, '')
        elif self.path == base:
            self.send(200, 'the-role')
        elif self.path == base + 'the-role':
            self.send(200, self.keys('ASIAIMDS'))
        else:
            self.send(404, '')

    def do_POST(self):
        length = int(self.headers.get('Content-Length', 0))
        form = parse_qs(self.rfile.read(length).decode())
        signer = re.search('Credential=([^/]*)/',
                           self.headers.get('Authorization', ''))
        form.pop('RoleSessionName' if self.server.any_name else '', None)
        key = 'ASIASTS' + digest(sorted(form.items()),
                                 signer and signer.group(1))
        action = form['Action'][0]
        self.send(200, f'<{action}Response xmlns="https://sts.amazonaws.com/'
                  f'doc/2011-06-15/"><{action}Result><Credentials>'
                  f'<AccessKeyId>{key}</AccessKeyId><SecretAccessKey>s'
                  f'</SecretAccessKey><SessionToken>t{key}</SessionToken>'
                  f'<Expiration>{END}</Expiration></Credentials>'
                  f'</{action}Result></{action}Response>', 'text/xml')


ROLE = 'role_arn = arn:aws:iam::123456789012:role/'
KEYS = 'aws_access_key_id = AKIA%s\naws_secret_access_key = s%s\n'


def keys(name):
    return KEYS % (name, name)


PROFILES = {
    'none': '',
    'keys': keys('P'),
    'token': keys('T') + 'aws_session_token = tok\n',
    'half': 'aws_access_key_id = AKIAHALF\n',
    'secret': 'aws_secret_access_key = alone\n',
    'region': 'region = eu-west-1\n',
    'role': ROLE + 'one\nsource_profile = base\n',
    'role-more': ROLE + 'more\nsource_profile = base\nexternal_id = ext+1\n'
                        'role_session_name = me\nduration_seconds = 1800\n',
    'chain': ROLE + 'two\nsource_profile = mid\n',
    'chain-keys': ROLE + 'two\nsource_profile = midkeys\n',
    'own': ROLE + 'own\nsource_profile = @\n' + keys('OWN'),
    'own-none': ROLE + 'own\nsource_profile = @\n',
    'loop': ROLE + 'loop\nsource_profile = back\n',
    'gone': ROLE + 'x\nsource_profile = nobody\n',
    'empty': ROLE + 'x\nsource_profile = empty\n',
    'both': ROLE + 'x\nsource_profile = base\n'
                   'credential_source = Environment\n',
    'neither': ROLE + 'x\n',
    'src-env': ROLE + 'x\ncredential_source = Environment\n',
    'src-ec2': ROLE + 'x\ncredential_source = Ec2InstanceMetadata\n',
    'src-ecs': ROLE + 'x\ncredential_source = EcsContainer\n',
    'src-bad': ROLE + 'x\ncredential_source = Moon\n',
    'web': ROLE + 'web\nweb_identity_token_file = {token}\n',
    'web-norole': 'web_identity_token_file = {token}\n',
    'web-source': ROLE + 'x\nweb_identity_token_file = {token}\n'
                         'source_profile = base\n',
    'role-by-web': ROLE + 'x\nsource_profile = webbase\n',
    'process': 'credential_process = {program} "a b" c\\ d\n',
    'process-bad': 'credential_process = false\n',
    'role-by-process': ROLE + 'x\nsource_profile = proc\n',
}

OTHERS = ('[profile base]\n' + keys('BASE') +
          '[profile mid]\n' + ROLE + 'mid\nsource_profile = base\n'
          '[profile midkeys]\n' + ROLE + 'mid\nsource_profile = base\n' +
          keys('MID') +
          '[profile back]\n' + ROLE + 'back\nsource_profile = @\n'
          '[profile empty]\nregion = eu-west-1\n'
          '[profile webbase]\n' + ROLE + 'wb\n'
          'web_identity_token_file = {token}\n'
          '[profile proc]\ncredential_process = {program} x y\n')

ENVIRONMENTS = {
    'none': {},
    'keys': {'AWS_ACCESS_KEY_ID': 'AKIAENV', 'AWS_SECRET_ACCESS_KEY': 'senv'},
    'token': {'AWS_ACCESS_KEY_ID': 'AKIAENV', 'AWS_SECRET_ACCESS_KEY': 'senv',
              'AWS_SESSION_TOKEN': 'envtok'},
    'half': {'AWS_ACCESS_KEY_ID': 'AKIAENV'},
    'secret': {'AWS_SECRET_ACCESS_KEY': 'senv'},
    'empty': {'AWS_ACCESS_KEY_ID': '', 'AWS_SECRET_ACCESS_KEY': ''},
    'web': {'AWS_WEB_IDENTITY_TOKEN_FILE': '{token}',
            'AWS_ROLE_ARN': 'arn:aws:iam::123456789012:role/envweb',
            'AWS_ROLE_SESSION_NAME': 'envname'},
    'web-norole': {'AWS_WEB_IDENTITY_TOKEN_FILE': '{token}'},
    'container': {'AWS_CONTAINER_CREDENTIALS_FULL_URI':
                  '{server}/container?x=1',
                  'AWS_CONTAINER_AUTHORIZATION_TOKEN': 'Basic abc'},
    'container-file': {'AWS_CONTAINER_CREDENTIALS_FULL_URI':
                       '{server}/container',
                       'AWS_CONTAINER_AUTHORIZATION_TOKEN': 'not this',
                       'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE': '{token}'},
    'container-bad': {'AWS_CONTAINER_CREDENTIALS_FULL_URI':
                      'http://203.0.113.7/container'},
}

IMDS = ('good', 'norole', 'off')

# Environments that settle it alone, or change little: not with every profile.
PLAIN = ('token', 'half', 'secret', 'empty', 'web-norole', 'container-bad')
FEW = ('none', 'keys', 'half', 'role', 'src-env', 'src-ecs', 'web', 'process')


class Judged(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        cls.url = 'http://127.0.0.1:%d' % cls.server.server_port
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.token = self.write('token', 'eyJ0.webtoken')
        self.program = self.write(
            'program', '#!/bin/sh\nprintf \'{"Version":1,"AccessKeyId":"AKIA'
            'PROC%s%s","SecretAccessKey":"s"}\' "$#" "$(printf %s "$1$2" | '
            'tr -d " ")"\n')
        os.chmod(self.program, 0o700)

    def write(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def fill(self, text, profile):
        return (text.replace('{token}', self.token)
                .replace('{program}', self.program)
                .replace('{server}', self.url).replace('@', profile))

    def prepare(self, profile, name, variables, imds, as_credentials=''):
        """The environment of one case; its files are written."""
        section = name if name == 'default' else 'profile ' + name
        config = self.fill('[%s]\n' % section + PROFILES[profile] + OTHERS,
                           name)
        env = {
            'PATH': os.environ['PATH'], 'HOME': self.folder.name,
            'AWS_CONFIG_FILE': self.write('config', config),
            'AWS_SHARED_CREDENTIALS_FILE':
                self.write('credentials', as_credentials),
            'AWS_DEFAULT_REGION': 'us-east-1',
            'AWS_ENDPOINT_URL_STS': self.url,
            'AWS_EC2_METADATA_SERVICE_ENDPOINT': self.url,
            'AWS_EC2_METADATA_V1_DISABLED': 'true',
            'AWS_EC2_METADATA_DISABLED': 'true' if imds == 'off' else 'false',
            'AWS_METADATA_SERVICE_NUM_ATTEMPTS': '1',
        }
        for variable in ('ASAN_OPTIONS', 'LSAN_OPTIONS', 'UBSAN_OPTIONS'):
            if variable in os.environ:
                env[variable] = os.environ[variable]
        if name != 'default':
            env['AWS_PROFILE'] = name
        for key, value in ENVIRONMENTS[variables].items():
            env[key] = self.fill(value, name)
        self.server.imds = imds
        return env

    def judge(self, env):
        with mock.patch.dict(os.environ, env, clear=True):
            try:
                found = botocore.session.Session().get_credentials()
                if found is None:
                    return None
                found = found.get_frozen_credentials()
            # A damaged set-up is told by many kinds of exceptions.
            except Exception as error:  # pylint: disable=broad-except
                return 'FAILED', type(error).__name__
            return 'OK', found.access_key, found.token or '-'

    def run_ours(self, env):
        answer = subprocess.run([os.environ['SIGNIN_RUN']], env=env, timeout=60,
                                stdout=subprocess.PIPE, check=True)
        return tuple(answer.stdout.decode().rstrip('\n').split('\t'))

    def compare(self, case, env, any_name=True):
        self.server.any_name = any_name
        theirs = self.judge(env)
        ours = self.run_ours(env)
        if theirs is None or theirs[0] == 'FAILED':
            self.assertEqual(ours[0], 'FAILED', (case, theirs, ours))
            self.assertLess(len(ours[2]), 319, 'the sentence is cut')
        else:
            self.assertEqual(ours[:3], theirs, case)
        return ours

    def test_every_profile_in_every_environment(self):
        count = refused = 0
        for profile, variables in itertools.product(PROFILES, ENVIRONMENTS):
            if variables in PLAIN and profile not in FEW:
                continue
            for imds in IMDS if variables == 'none' else IMDS[:1]:
                name = 'dev' if count % 2 else 'default'
                env = self.prepare(profile, name, variables, imds)
                case = (profile, name, variables, imds)
                ours = self.compare(case, env)
                refused += ours[0] == 'FAILED'
                count += 1
        self.assertGreater(count, 200)
        self.assertGreater(refused, 50)
        print('%d cases, %d refused, botocore %s' %
              (count, refused, botocore.__version__))

    def test_a_profile_in_both_files(self):
        env = self.prepare('keys', 'dev', 'none', 'off',
                           '[dev]\n' + keys('CREDFILE'))
        self.assertEqual(self.compare('both files', env)[1], 'AKIACREDFILE')

    def test_an_unknown_profile(self):
        env = self.prepare('keys', 'dev', 'none', 'off')
        env['AWS_PROFILE'] = 'nobody'
        ours = self.compare('unknown', env)
        self.assertIn('nobody', ours[2])

    def test_session_names_that_are_given(self):
        for profile, variables in (('role-more', 'none'), ('none', 'web')):
            env = self.prepare(profile, 'dev', variables, 'off')
            self.compare((profile, variables), env, any_name=False)

    def test_words_of_a_machine_of_ec2_without_a_role(self):
        env = self.prepare('none', 'default', 'none', 'norole')
        self.assertIn('Check the IAM Role attached to your EC2 Machine',
                      self.compare('no role', env)[2])


if __name__ == '__main__':
    unittest.main()
