# SPDX-License-Identifier: Apache-2.0
"""Instance metadata, version 2, and the endpoint of containers."""
import calendar
import time
import unittest

from aws_case import AwsCase, identity
from aws_signer import ACCOUNT
from sim_case import head

TOKEN = '/latest/api/token'
TTL = 'X-aws-ec2-metadata-token-ttl-seconds'
LISTING = '/latest/meta-data/iam/security-credentials/'


def at(text):
    return calendar.timegm(time.strptime(text, '%Y-%m-%dT%H:%M:%SZ'))


class Metadata(AwsCase):
    def token(self, sim, seconds=21600):
        answer = sim.request(TOKEN, {TTL: str(seconds)}, 'PUT', key=None)
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers[TTL.lower()], str(seconds))
        return answer.body.decode()

    def ask(self, sim, path, token):
        headers = {'X-aws-ec2-metadata-token': token} if token else {}
        return sim.request(path, headers, key=None)

    def test_role_and_keys_with_a_token(self):
        sim = self.sim('--imds-role', 'my-role', '--aws-lifetime', '600')
        token = self.token(sim)
        self.assertEqual(self.ask(sim, LISTING, token).body, b'my-role')
        answer = self.ask(sim, LISTING + 'my-role', token)
        keys = answer.json()
        self.assertEqual((keys['Code'], keys['Type']),
                         ('Success', 'AWS-HMAC'))
        self.assertEqual(at(keys['Expiration']) - at(keys['LastUpdated']),
                         600)
        again = self.send(sim, identity(keys=(
            keys['AccessKeyId'], keys['SecretAccessKey'], keys['Token'])))
        self.assertIn(b':assumed-role/my-role/i-', again.body)
        self.assertEqual(
            self.ask(sim, LISTING + 'my-role', token).json()['AccessKeyId'],
            keys['AccessKeyId'])
        self.assertEqual(self.ask(sim, LISTING + 'other', token).status, 404)

    def test_new_keys_come_after_half_their_life(self):
        sim = self.sim('--aws-lifetime', '2')
        token = self.token(sim)
        first = self.ask(sim, LISTING + 'sim-instance', token).json()
        while time.time() < at(first['Expiration']) - 1:
            time.sleep(0.05)
        second = self.ask(sim, LISTING + 'sim-instance', token).json()
        self.assertNotEqual(first['AccessKeyId'], second['AccessKeyId'])

    def test_facts_of_the_instance(self):
        sim = self.sim()
        token = self.token(sim)
        for path, text in (('placement/region', b'us-east-1'),
                           ('placement/availability-zone', b'us-east-1a'),
                           ('instance-id', b'i-0123456789abcdef0')):
            answer = self.ask(sim, '/latest/meta-data/' + path, token)
            self.assertEqual(answer.body, text)
        document = self.ask(
            sim, '/latest/dynamic/instance-identity/document', token).json()
        self.assertEqual(document['accountId'], ACCOUNT)
        self.assertEqual(
            self.ask(sim, '/latest/meta-data/nosuch', token).status, 404)

    def test_nothing_without_a_token(self):
        sim = self.sim()
        token = self.token(sim)
        for wrong in (None, 'x', token[:-1] + ('0' if token[-1] != '0'
                                               else '1'), token + '0'):
            for path in (LISTING, LISTING + 'sim-instance',
                         '/latest/meta-data/placement/region'):
                self.assertEqual(self.ask(sim, path, wrong).status, 401)

    def test_a_token_ends(self):
        sim = self.sim()
        token = self.token(sim, 1)
        end = time.time() + 1
        while time.time() < end:
            time.sleep(0.05)
        self.assertEqual(self.ask(sim, LISTING, token).status, 401)

    def test_token_needs_its_header_and_put(self):
        sim = self.sim()
        for headers, method, status in (
                ({}, 'PUT', 400), ({TTL: '0'}, 'PUT', 400),
                ({TTL: '21601'}, 'PUT', 400), ({TTL: 'x'}, 'PUT', 400),
                ({TTL: '60'}, 'GET', 405), ({TTL: '60'}, 'POST', 405),
                ({TTL: '60', 'X-Forwarded-For': '192.0.2.1'}, 'PUT', 403)):
            answer = sim.request(TOKEN, headers, method, key=None)
            self.assertEqual(answer.status, status, (headers, method))

    def test_without_a_role_without_keys_without_anybody(self):
        sim = self.sim('--imds-off', 'role')
        self.assertEqual(self.ask(sim, LISTING, self.token(sim)).status, 404)
        sim = self.sim('--imds-code', 'Failed')
        answer = self.ask(sim, LISTING + 'sim-instance', self.token(sim))
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json()['Code'], 'Failed')
        self.assertNotIn('SecretAccessKey', answer.json())
        sim = self.sim('--imds-off', 'reset')
        got, reset = sim.raw(head(TOKEN, {TTL: '60'}, 'PUT', None, True))
        self.assertEqual((got, reset), (b'', True))

    def test_faults_strike_here_too(self):
        sim = self.sim('--fault', '500=once,endpoint:imds')
        answer = sim.request(TOKEN, {TTL: '60'}, 'PUT', key=None)
        self.assertEqual(answer.status, 500)
        self.token(sim, 60)


class Container(AwsCase):
    def ask(self, sim, token=None):
        headers = {'Authorization': token} if token else {}
        return sim.request('/v1/credentials', headers, key=None)

    def test_keys_for_the_right_token(self):
        sim = self.sim('--container-token', 'Bearer x y', '--aws-lifetime',
                       '700')
        answer = self.ask(sim, 'Bearer x y')
        keys = answer.json()
        self.assertEqual(answer.status, 200)
        self.assertEqual(keys['AccountId'], ACCOUNT)
        self.assertEqual(keys['RoleArn'],
                         f'arn:aws:iam::{ACCOUNT}:role/sim-container')
        self.assertTrue(690 < at(keys['Expiration']) - time.time() <= 701)
        again = self.send(sim, identity(keys=(
            keys['AccessKeyId'], keys['SecretAccessKey'], keys['Token'])))
        self.assertIn(b':assumed-role/sim-container/task', again.body)

    def test_refusals_are_json(self):
        sim = self.sim('--container-token', 'right')
        for token, status in ((None, 401), ('wrong', 403)):
            answer = self.ask(sim, token)
            self.assertEqual(answer.status, status)
            self.assertEqual(set(answer.json()), {'code', 'message'})
        answer = sim.request('/v1/credentials', method='DELETE', key=None)
        self.assertEqual(answer.status, 405)

    def test_any_token_where_none_is_set(self):
        sim = self.sim()
        for token in (None, 'whatever'):
            self.assertEqual(self.ask(sim, token).status, 200)

    def test_faults_strike_here_too(self):
        sim = self.sim('--fault', 'throttling=once,endpoint:container')
        self.assertEqual(self.ask(sim).status, 429)
        self.assertEqual(self.ask(sim).status, 200)


if __name__ == '__main__':
    unittest.main()
