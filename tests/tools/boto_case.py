# SPDX-License-Identifier: Apache-2.0
"""boto3 against the simulator: an environment of its own, clients that don't
try again, and what it must not have been refused."""
import os
import unittest
from unittest import mock

from aws_case import AwsCase
from aws_signer import KEY, SECRET

try:
    import boto3
    import botocore
    from botocore.config import Config
except ImportError:
    print('skipped: boto3 is absent')
    boto3 = botocore = Config = None


@unittest.skipIf(boto3 is None, 'boto3 is absent')
class Boto(AwsCase):
    def setUp(self):
        env = {'AWS_ACCESS_KEY_ID': KEY, 'AWS_SECRET_ACCESS_KEY': SECRET,
               'AWS_DEFAULT_REGION': 'us-east-1',
               'AWS_CONFIG_FILE': '/nonexistent',
               'AWS_SHARED_CREDENTIALS_FILE': '/nonexistent'}
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith('AWS_')}
        patch = mock.patch.dict(os.environ, {**kept, **env}, clear=True)
        patch.start()
        self.addCleanup(patch.stop)

    def started(self, *args, env=None):
        sim = self.sim(*args)
        self.url = f'http://127.0.0.1:{sim.port}'
        os.environ['AWS_ENDPOINT_URL'] = self.url
        os.environ.update(env(self.url) if env else {})
        for name in ('ACCESS_KEY_ID', 'SECRET_ACCESS_KEY'):
            if env:
                del os.environ['AWS_' + name]
        return sim

    def client(self, service, **more):
        client = boto3.Session().client(
            service, config=Config(retries={'total_max_attempts': 1}), **more)
        self.addCleanup(client.close)
        return client

    def code(self, function, *args, **kwargs):
        with self.assertRaises(botocore.exceptions.ClientError) as caught:
            function(*args, **kwargs)
        return caught.exception.response['Error']['Code']

    def untouched(self, sim):
        page = self.page(sim)
        self.assertEqual(page['refusals'], {})
        self.assertEqual({name: count for name, count in
                          page['lapses'].items() if count}, {})
