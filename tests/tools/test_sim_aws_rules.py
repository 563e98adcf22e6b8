# SPDX-License-Identifier: Apache-2.0
"""What is bound to keys, time, place and rate, and the page that tells it."""
import json
import os
import subprocess
import time
import unittest
from email.utils import parsedate_to_datetime

from aws_case import (ROLE, USER, AwsCase, assume, detectors, identity,
                      keys_of)
from aws_signer import ACCOUNT, Request, instant
from sim_case import drain


class Temporary(AwsCase):
    def keys(self, sim):
        answer = self.send(sim, assume())
        self.assertEqual(answer.status, 200, answer.body)
        return keys_of(answer)

    def test_keys_work_with_their_own_token_only(self):
        sim = self.sim('--aws-role', ROLE)
        one, other = self.keys(sim), self.keys(sim)
        self.assertNotEqual(one, other)
        for keys in (one, other):
            answer = self.send(sim, identity(keys=keys))
            self.assertIn(b'arn:aws:sts::444455556666:assumed-role/reader/'
                          b'sess', answer.body)
        for token in (None, other[2], one[2] + 'x', one[2][:-1]):
            answer = self.send(sim, detectors(keys=(*one[:2], token)))
            self.refused_as(answer, 403, 'UnrecognizedClientException')
        self.assertEqual(self.page(sim)['refusals'],
                         {'wrong_or_missing_token': 4})

    def test_keys_end_when_they_were_said_to(self):
        sim = self.sim('--aws-role', ROLE + ',lifetime:4')
        keys = self.keys(sim)
        issued = self.page(sim)['last_issued'][-1]
        self.assertEqual(issued['expires'] - issued['at'], 4)
        self.assertEqual(self.send(sim, identity(keys=keys)).status, 200)
        while time.time() < issued['expires']:
            time.sleep(0.05)
        self.refused_as(self.send(sim, detectors(keys=keys)), 403,
                        'ExpiredTokenException',
                        'The security token included in the request is '
                        'expired')
        self.assertEqual(self.page(sim)['refusals'], {'expired_token': 1})
        self.assertEqual(self.page(sim)['issued'], 1)

    def test_two_runs_of_one_seed_issue_the_same_another_other(self):
        sets = [self.keys(self.sim('--aws-role', ROLE, '--seed', seed))
                for seed in ('5', '5', '6')]
        self.assertEqual(sets[0], sets[1])
        self.assertNotEqual(sets[0], sets[2])

    def test_an_old_set_is_forgotten_only_after_very_many(self):
        sim = self.sim('--aws-role', ROLE)
        first = self.keys(sim)
        with sim.connect() as sock:
            for _ in range(300):
                sock.sendall(assume().wire(close=False))
            sock.sendall(identity(keys=first).wire())
            self.assertIn(b'GetCallerIdentityResult', drain(sock)[0])


class Clock(AwsCase):
    def test_offset_moves_the_servers_clock_and_its_date_header(self):
        for offset in (3600, -3600):
            sim = self.sim('--aws-clock-offset', str(offset))
            answer = self.send(sim, detectors())
            self.refused_as(answer, 403, 'InvalidSignatureException',
                            'expired' if offset > 0 else 'not yet current')
            date = parsedate_to_datetime(answer.headers['date']).timestamp()
            self.assertLess(abs(date - time.time() - offset), 10)
            again = self.send(sim, identity(when=instant(offset)))
            self.assertEqual(again.status, 200)

    def test_others_keep_the_time(self):
        sim = self.sim('--aws-clock-offset', '3600')
        date = sim.request('/api/v3/nothing').headers['date']
        self.assertLess(
            abs(parsedate_to_datetime(date).timestamp() - time.time()), 10)


class Rules(AwsCase):
    def test_denials_name_user_operation_and_resource(self):
        sim = self.sim('--aws-deny', f'{ACCOUNT}/eu-west-1',
                       '--aws-deny', '*/us-east-1/ListFindings',
                       '--aws-deny', '444455556666/*')

        def findings(region):
            return Request('guardduty', 'POST', '/detector/abc/findings',
                           b'{}', region=region)
        answer = self.send(sim, findings('us-east-1'))
        self.refused_as(
            answer, 403, 'AccessDeniedException',
            f'User: {USER} is not authorized to perform: '
            'guardduty:ListFindings on resource: arn:aws:guardduty:us-east-1:'
            f'{ACCOUNT}:detector/abc because no identity-based policy allows '
            'the guardduty:ListFindings action')
        answer = self.send(sim, detectors(region='eu-west-1'))
        self.refused_as(answer, 403, 'AccessDeniedException',
                        f':eu-west-1:{ACCOUNT}:detector/* because')
        for request in (findings('eu-west-1'), detectors(region='eu-west-1')):
            self.refused_as(self.send(sim, request), 403,
                            'AccessDeniedException')
        for request in (findings('us-west-2'), detectors()):
            answer = self.send(sim, request)
            self.assertNotEqual(answer.status, 403)
        rows = {(row['operation'], row['region']): row['denied']
                for row in self.page(sim)['operations']}
        self.assertEqual(rows[('ListFindings', 'us-east-1')], 1)
        self.assertEqual(rows[('ListDetectors', 'us-east-1')], 0)

    def test_denial_in_the_form_of_sts(self):
        sim = self.sim('--aws-role', ROLE, '--aws-deny', '*/*/AssumeRole')
        answer = self.send(sim, assume())
        self.assertEqual(answer.status, 403)
        self.assertIn(b'<Code>AccessDenied</Code>', answer.body)
        self.assertIn(f'sts:AssumeRole on resource: {ROLE} '.encode(),
                      answer.body)
        self.assertEqual(self.send(sim, identity()).status, 200)

    def test_throttle_counts_each_operation_and_place_alone(self):
        sim = self.sim('--aws-throttle', f'{ACCOUNT}/us-east-1=2/3600',
                       '--aws-throttle', '*/eu-west-1=0/1')

        def get(**more):
            return Request('guardduty', target='/detector/a/nosuch', **more)
        got = [self.send(sim, get()).headers['x-amzn-errortype']
               for _ in range(4)]
        self.assertEqual(got[2:], ['ThrottlingException'] * 2)
        self.assertNotIn('ThrottlingException', got[:2])
        answer = self.send(sim, get())
        self.refused_as(answer, 400, 'ThrottlingException', 'Rate exceeded')
        self.assertNotEqual(
            self.send(sim, get(region='us-west-2'))
            .headers['x-amzn-errortype'], 'ThrottlingException')
        self.refused_as(self.send(sim, detectors(region='eu-west-1')), 400,
                        'ThrottlingException')
        self.assertEqual(sum(row['throttled']
                             for row in self.page(sim)['operations']), 4)

    def test_throttle_lets_in_again_when_its_time_is_over(self):
        sim = self.sim('--aws-throttle', '*/*=1/1')
        wanted = time.monotonic() + 20
        self.assertEqual(self.send(sim, identity()).status, 200)
        while self.send(sim, identity()).status != 200:
            self.assertLess(time.monotonic(), wanted)
            time.sleep(0.1)

    def test_a_region_that_is_not_enabled_refuses_every_key(self):
        sim = self.sim('--aws-not-enabled', 'me-south-1')
        self.refused_as(self.send(sim, detectors(region='me-south-1')), 403,
                        'UnrecognizedClientException',
                        'The security token included in the request is '
                        'invalid.')
        answer = self.send(sim, identity(region='me-south-1'))
        self.assertIn(b'<Code>InvalidClientTokenId</Code>', answer.body)
        self.assertEqual(self.send(sim, identity()).status, 200)

    def test_bad_options_say_one_line(self):
        for args, part in (
                (['--aws-account', '12'], '12 digits'),
                (['--imds-off', 'maybe'], 'no, role or reset'),
                (['--aws-role', 'arn:aws:iam::1:role/x'], 'arn:aws:iam'),
                (['--aws-role', ROLE + ',lifetime:x'], 'lifetime:S'),
                (['--aws-role', ROLE + ',other:x'], 'lifetime:S'),
                (['--aws-deny', 'x/us-east-1'], 'ACCOUNT/REGION'),
                (['--aws-deny', f'{ACCOUNT}/us-east-1/A/B'],
                 'ACCOUNT/REGION'),
                (['--aws-deny', f'{ACCOUNT}'], 'ACCOUNT/REGION'),
                (['--aws-throttle', f'{ACCOUNT}/us-east-1'], '=REQUESTS'),
                (['--aws-throttle', f'{ACCOUNT}/us-east-1=1/0'],
                 '=REQUESTS'),
                (['--aws-throttle', f'{ACCOUNT}/us-east-1=1/1x'],
                 '=REQUESTS'),
                (['--aws-not-enabled', 'Mars'], "a region's name"),
                (['--s3-region', 'bucket'], 'BUCKET=REGION'),
                (['--anywhere-ca', '/nonexistent'], 'not a file with'),
                (['--fault', '500=endpoint:moon'], 'arguments')):
            self.refused_option(args, part)

    def refused_option(self, args, part):
        done = subprocess.run([os.environ['SLUICE_SIM'], *args], text=True,
                              capture_output=True, timeout=30)
        self.assertEqual(done.returncode, 2, (args, done.stderr))
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        self.assertIn(part, done.stderr)


class Page(AwsCase):
    def test_counts_by_operation_account_and_region(self):
        sim = self.sim('--aws-role', ROLE)
        keys = keys_of(self.send(sim, assume()))
        for request in (detectors(keys=keys), detectors(keys=keys),
                        detectors(region='eu-west-1')):
            self.send(sim, request)
        page = self.page(sim)
        rows = [(row['service'], row['operation'], row['account'],
                 row['region'], row['requests'])
                for row in page['operations']]
        self.assertEqual(rows, [
            ('sts', 'AssumeRole', ACCOUNT, 'us-east-1', 1),
            ('guardduty', 'ListDetectors', '444455556666', 'us-east-1', 2),
            ('guardduty', 'ListDetectors', ACCOUNT, 'eu-west-1', 1)])
        self.assertEqual((page['requests'], page['in_flight'],
                          page['in_flight_max']), (4, 0, 1))
        self.assertEqual(page['last_issued'][0]['access_key'], keys[0])
        self.assertNotIn(keys[1], json.dumps(page))

    def test_lapses_are_counted_and_let_pass(self):
        sim = self.sim()
        request = Request('guardduty', 'POST', '/detector', b'{}')
        request.unsigned = [('Content-Type', 'application/json')]
        self.send(sim, request)
        self.send(sim, detectors(headers=[('User-Agent', 'a')]))
        self.send(sim, Request('guardduty', target='/detector?a=b/c'))
        self.assertEqual(self.page(sim)['lapses'], {
            'unsigned_content_type': 1, 'signed_header_that_hops_change': 1,
            'query_not_strictly_encoded': 1, 'web_identity_signed': 0,
            'content_type_without_body': 0})
        self.assertEqual(self.page(sim)['refusals'], {})

    def test_in_flight_counts_answers_that_wait(self):
        sim = self.sim('--latency', '60000')
        socks = [sim.connect() for _ in range(5)]
        for sock in socks:
            sock.sendall(identity().wire())
        while self.page(sim)['in_flight'] < 5:
            time.sleep(0.02)
        for sock in socks:
            sock.close()
        while self.page(sim)['in_flight'] > 0:
            time.sleep(0.02)
        self.assertEqual(self.page(sim)['in_flight_max'], 5)

    def test_reset_forgets_but_keeps_the_keys(self):
        sim = self.sim('--aws-role', ROLE)
        keys = keys_of(self.send(sim, assume()))
        sim.request('/_sim/reset', method='POST')
        page = self.page(sim)
        self.assertEqual((page['requests'], page['operations'],
                          page['issued']), (0, [], 0))
        self.assertEqual(self.send(sim, identity(keys=keys)).status, 200)

    def test_help_tells_every_option(self):
        text = subprocess.run([os.environ['SLUICE_SIM'], '--help'],
                              capture_output=True, text=True).stdout
        for name in ('aws-key', 'aws-secret', 'aws-account', 'aws-lifetime',
                     'aws-clock-offset', 'aws-role', 'aws-deny',
                     'aws-throttle', 'aws-not-enabled', 's3-root',
                     'aws-web-identity-token', 'imds-role', 'imds-off',
                     'imds-code', 'container-token', 'anywhere-ca',
                     'anywhere-anchor', 'anywhere-profile', 's3-region'):
            self.assertRegex(text, rf'--{name} (TEXT|N) +\S')


if __name__ == '__main__':
    unittest.main()
