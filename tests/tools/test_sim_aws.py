# SPDX-License-Identifier: Apache-2.0
"""The AWS door: who is let in, who isn't and with which words, how often."""
import json
import os
import re
import subprocess
import time
import unittest
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from aws_signer import ABSENT, ACCOUNT, KEY, SECRET, Request, instant, sha256
from sim_case import Answer, SimCase, drain

ROLE = 'arn:aws:iam::444455556666:role/team/reader'
USER = f'arn:aws:iam::{ACCOUNT}:user/sim'


class AwsCase(SimCase):
    def sim(self, *args, **more):
        return super().sim(*args, now=more.pop('now', None), **more)

    def send(self, sim, request):
        got, reset = sim.raw(request.wire())
        self.assertFalse(reset)
        return Answer(got)

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


class LetIn(AwsCase):
    def assert_let_in(self, sim, request):
        before = len(self.page(sim)['operations'])
        answer = self.send(sim, request)
        page = self.page(sim)
        self.assertEqual(page['refusals'], {}, answer.body)
        self.assertGreaterEqual(len(page['operations']), max(before, 1))

    def test_signed_requests_of_many_shapes(self):
        sim = self.sim()
        for request in (
                detectors(), detectors(region='eu-west-1'),
                detectors(host='guardduty.us-east-1.amazonaws.com'),
                detectors(host='guardduty-fips.us-east-1.amazonaws.com:443'),
                detectors(host='guardduty.us-east-1.api.aws'),
                Request('guardduty', target='/detector?maxResults=50&'
                        'nextToken=a%2Bb%2Fc%3D%3D%20x'),
                Request('guardduty', target='/detector?b&a=2&a=1&A=%C3%A4'),
                Request('guardduty', target='/detector/./x//../y/'),
                Request('guardduty', target='/tags/arn%3Aaws%3Aguardduty'
                        '%3Aus-east-1%3A111122223333%3Adetector%2Fabc'),
                Request('guardduty', 'POST', '/detector/abc/findings',
                        b'{"maxResults":50}',
                        [('Content-Type', 'application/json')]),
                Request('guardduty', 'POST', '/detector/abc/findings',
                        b'{' + b' ' * 200000 + b'}'),
                detectors(headers=[('X-Amz-Meta', '  a   b  '),
                                   ('x-amz-twice', '2'),
                                   ('X-Amz-Twice', '1'),
                                   ('X-Amz-Empty', '')]),
                detectors(when=instant(-290)), detectors(when=instant(290)),
                identity()):
            with self.subTest(request.wire()[:90]):
                self.assert_let_in(sim, request)
        self.assertEqual(self.send(sim, identity()).status, 200)

    def test_blanks_between_parameters_are_optional(self):
        request = identity()
        request.authorization = request.header().replace(', ', ',')
        self.assertEqual(self.send(self.sim(), request).status, 200)

    def test_body_hash_may_be_said_where_it_need_not(self):
        request = detectors(headers=[('x-amz-content-sha256', sha256(b''))])
        self.assert_let_in(self.sim(), request)

    def test_own_key_secret_and_account(self):
        sim = self.sim('--aws-key', 'AKIAOWN', '--aws-secret', 'own',
                       '--aws-account', '000000000001')
        answer = self.send(sim, identity(keys=('AKIAOWN', 'own', None)))
        self.assertIn(b'<Account>000000000001</Account>', answer.body)
        self.refused_as(self.send(sim, detectors()), 403,
                        'UnrecognizedClientException')

    def test_control_and_gti_need_no_signature(self):
        sim = self.sim()
        self.assertEqual(sim.request('/api/v3/nothing').status, 404)
        self.assertEqual(sim.request('/elsewhere').error()[1],
                         'NotFoundError')
        self.assertEqual(self.page(sim)['requests'], 0)


class Refused(AwsCase):
    """One test per cause; the cause is counted under its name."""

    def check(self, request, cause, status, code, part, *args):
        sim = self.sim(*args)
        answer = self.send(sim, request)
        self.refused_as(answer, status, code, part)
        self.assertEqual(self.page(sim)['refusals'], {cause: 1})
        self.assertEqual(self.page(sim)['operations'], [])

    def test_no_authorization(self):
        request = detectors()
        request.authorization = ABSENT
        self.check(request, 'missing_authorization', 403,
                   'MissingAuthenticationTokenException',
                   'Missing Authentication Token')

    def test_garbled_authorization(self):
        good = detectors().header()
        for header, part in (
                ('AWS4-HMAC-SHA256', "requires 'Credential'"),
                ('Bearer abc', 'algorithm'),
                (good.replace('HMAC', 'NONE'), 'algorithm'),
                (good.replace('Credential=', 'Credentials='), 'not known'),
                (good.replace('/aws4_request', ''), '5 slash-delimited'),
                (good.replace('aws4_request', 'aws5'), 'terminator'),
                (good.replace('Signature=', 'Signature=XY'), 'hexadecimal'),
                (good.split(', Signature')[0], "requires 'Signature'"),
                (good + ', Signature=00', 'twice'),
                (re.sub('SignedHeaders=[^,]*, ', '', good),
                 "requires 'SignedHeaders'"),
                (good.replace('host;', 'Host;'), 'lower-case'),
                (good.replace('host;', 'host;;'), 'lower-case'),
                (re.sub('/[0-9]{8}/', '/2026/', good), '8 digits')):
            with self.subTest(header):
                request = detectors()
                request.authorization = header
                self.check(request, 'garbled_authorization', 403,
                           'IncompleteSignatureException', part)

    def test_authorization_is_never_said_back(self):
        request = detectors()
        request.authorization = 'AWS4-HMAC-SHA256 secretwords'
        answer = self.send(self.sim(), request)
        self.assertNotIn(b'secretwords', answer.body)

    def test_two_authorizations(self):
        request = detectors()
        request.unsigned = [('authorization', request.header())]
        self.check(request, 'garbled_authorization', 403,
                   'IncompleteSignatureException', 'twice')

    def test_unsorted_signed_headers(self):
        request = detectors()
        request.names = ['x-amz-date', 'host']
        self.check(request, 'unsorted_signed_headers', 403,
                   'InvalidSignatureException', "'host' comes after")

    def test_duplicate_signed_headers(self):
        request = detectors()
        request.names = ['host', 'host', 'x-amz-date']
        self.check(request, 'duplicate_signed_headers', 403,
                   'InvalidSignatureException', "'host' is named twice")

    def test_unsigned_host(self):
        request = detectors()
        request.names = ['x-amz-date']
        self.check(request, 'unsigned_host', 403, 'InvalidSignatureException',
                   "must be a 'SignedHeader'")

    def test_unsigned_x_amz_header(self):
        request = detectors()
        request.unsigned = [('X-AMZ-Meta', 'late')]
        self.check(request, 'unsigned_x_amz_header', 403,
                   'InvalidSignatureException', 'X-AMZ-Meta')
        request = detectors()
        request.names = ['host']
        self.check(request, 'unsigned_x_amz_header', 403,
                   'InvalidSignatureException', 'X-Amz-Date')

    def test_signed_header_that_is_not_there(self):
        request = detectors()
        request.names = ['expect', 'host', 'x-amz-date']
        self.check(request, 'signed_header_absent', 403,
                   'IncompleteSignatureException',
                   "'expect' is named as a SignedHeader, but it does not "
                   "exist in the HTTP request")

    def test_dates(self):
        request = detectors()
        request.headers.pop(1)
        self.check(request, 'date_absent_or_malformed', 403,
                   'IncompleteSignatureException', 'X-Amz-Date')
        for when in ('20260101', '2026-01-01T00:00:00Z', '20261331T000000Z'):
            request = detectors(when=when)
            request.scope_date = '20260101'
            self.check(request, 'date_absent_or_malformed', 403,
                       'IncompleteSignatureException', 'X-Amz-Date')
        request = detectors()
        request.scope_date = '20200101'
        self.check(request, 'scope_date_differs', 403,
                   'InvalidSignatureException', "'20200101' != '")

    def test_clock_skew(self):
        late = r'^Signature expired: \d{8}T\d{6}Z is now earlier than ' \
               r'\d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$'
        early = late.replace('expired', 'not yet current').replace(
            'now earlier', 'still later').replace(' - ', r' \+ ')
        for offset, pattern in ((-320, late), (320, early)):
            sim = self.sim()
            answer = self.send(sim, detectors(when=instant(offset)))
            self.refused_as(answer, 403, 'InvalidSignatureException')
            self.assertRegex(answer.json()['message'], pattern)
            self.assertEqual(self.page(sim)['refusals'], {'clock_skew': 1})

    def test_wrong_body_hash(self):
        request = Request('guardduty', 'POST', '/detector', b'{}',
                          [('x-amz-content-sha256', sha256(b'other'))])
        self.check(request, 'body_hash_wrong', 403,
                   'InvalidSignatureException', 'x-amz-content-sha256')
        request = detectors(
            headers=[('x-amz-content-sha256', 'UNSIGNED-PAYLOAD')])
        self.check(request, 'body_hash_wrong', 403,
                   'InvalidSignatureException', 'x-amz-content-sha256')

    def test_query_without_canonical_form(self):
        for query in ('a=%zz', 'a=%4', 'a=b+c', 'a=%01',
                      '&'.join(f'a{i}=1' for i in range(40))):
            self.check(Request('guardduty', target='/detector?' + query),
                       'query_not_canonical', 403,
                       'InvalidSignatureException', '')

    def test_wrong_region_and_service(self):
        host = 'guardduty.eu-west-1.amazonaws.com'
        self.check(detectors(host=host), 'wrong_region', 403,
                   'InvalidSignatureException', 'expecting eu-west-1')
        self.check(detectors(region='nowhere'), 'wrong_region', 403,
                   'InvalidSignatureException', 'valid region')
        request = Request('guardduty', host='sts.us-east-1.amazonaws.com')
        self.check(request, 'wrong_service', 403, 'InvalidSignatureException',
                   "correct service: 'sts'")

    def test_unknown_key(self):
        self.check(detectors(keys=('AKIANOBODY', SECRET, None)),
                   'unknown_key', 403, 'UnrecognizedClientException',
                   'The security token included in the request is invalid.')

    def test_token_for_a_key_that_has_none(self):
        self.check(detectors(keys=(KEY, SECRET, 'token')),
                   'wrong_or_missing_token', 403,
                   'UnrecognizedClientException', 'invalid')

    def test_wrong_secret_or_bytes(self):
        self.check(detectors(keys=(KEY, 'wrong', None)), 'signature_mismatch',
                   403, 'InvalidSignatureException', 'does not match')
        request = Request('guardduty', 'POST', '/detector', b'{"a":1}')
        wire = request.wire().replace(b'{"a":1}', b'{"a":2}')
        sim = self.sim()
        answer = Answer(sim.raw(wire)[0])
        self.refused_as(answer, 403, 'InvalidSignatureException')
        request.body = b'{"a":2}'
        self.assertIn(f"'{request.canonical()}'", answer.json()['message'])

    def test_a_path_is_encoded_twice_but_for_s3(self):
        request = Request('guardduty', target='/tags/arn%3Aaws')
        request.path_rule = 's3'
        self.check(request, 'signature_mismatch', 403,
                   'InvalidSignatureException', '/tags/arn%253Aaws')
        request = Request('s3', target='/bucket/a%3Ab//c/../d')
        request.path_rule = 'guardduty'
        answer = self.send(self.sim(), request)
        self.assertIn(b'<Code>SignatureDoesNotMatch</Code>', answer.body)
        self.assertIn(b'/bucket/a%3Ab//c/../d', answer.body)

    def test_unknown_service(self):
        self.check(Request('dynamodb'), 'wrong_service', 403,
                   'InvalidSignatureException', '')


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
        sim = self.sim('--aws-role', ROLE + ',lifetime:2')
        keys = self.keys(sim)
        issued = self.page(sim)['last_issued'][-1]
        self.assertEqual(issued['expires'] - issued['at'], 2)
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
            f'{ACCOUNT}:detector/abc')
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
