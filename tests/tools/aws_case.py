# SPDX-License-Identifier: Apache-2.0
"""What the tests of the simulator's AWS services share."""
import os
import re
import subprocess
from urllib.parse import urlencode

from aws_signer import ACCOUNT, Request
from sim_case import Answer, SimCase

ROLE = 'arn:aws:iam::444455556666:role/team/reader'
USER = f'arn:aws:iam::{ACCOUNT}:user/sim'


class AwsCase(SimCase):
    def sim(self, *args, **more):
        return super().sim(*args, now=more.pop('now', None), **more)

    def send(self, sim, request):
        got, reset = sim.raw(request.wire())
        self.assertFalse(reset)
        return Answer(got)

    def bad_option(self, name, value):
        """The simulator ends with 2 and one line that names the option."""
        done = subprocess.run(
            [os.environ['SLUICE_SIM'], '--' + name, value],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=20, check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ''))
        self.assertRegex(done.stderr, rf'^sluice-sim: --{name}: .* is not ')
        self.assertEqual(done.stderr.count('\n'), 1)

    def page(self, sim):
        return sim.request('/_sim/aws').json()

    def refused_as(self, answer, status, code, part=''):
        """rest-json's shape of an error."""
        self.assertEqual((answer.status, answer.headers['x-amzn-errortype']),
                         (status, code), answer.body)
        self.assertRegex(answer.headers['x-amzn-requestid'],
                         r'^[0-9a-f]{8}-[0-9a-f]{4}-4')
        self.assertEqual(answer.headers['content-type'], 'application/json')
        self.assertIn(part, answer.json()['message'])


def detectors(**more):
    return Request('guardduty', target='/detector', **more)


def identity(**more):
    return Request('sts', 'POST', '/', b'Action=GetCallerIdentity&Version='
                   b'2011-06-15', [('Content-Type',
                                    'application/x-www-form-urlencoded')],
                   **more)


def assume(role=ROLE, **fields):
    fields = {'Action': 'AssumeRole', 'Version': '2011-06-15',
              'RoleArn': role, 'RoleSessionName': 'sess', **fields}
    body = urlencode({k: v for k, v in fields.items() if v is not None})
    return Request('sts', 'POST', '/', body.encode(),
                   [('Content-Type', 'application/x-www-form-urlencoded')])


def keys_of(answer):
    text = answer.body.decode()
    return tuple(re.search(f'<{name}>([^<]*)</{name}>', text).group(1)
                 for name in ('AccessKeyId', 'SecretAccessKey',
                              'SessionToken'))
