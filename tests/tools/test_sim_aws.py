# SPDX-License-Identifier: Apache-2.0
"""The AWS door: who is let in, who isn't, and with which words."""
import re
import unittest

from aws_case import AwsCase, detectors, identity
from aws_signer import ABSENT, KEY, SECRET, Request, instant, sha256
from sim_case import Answer


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


if __name__ == '__main__':
    unittest.main()
