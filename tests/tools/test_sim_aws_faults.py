# SPDX-License-Identifier: Apache-2.0
"""The faults in the forms of AWS, and what a fault is bound to."""
import json
import time
import unittest
from email.utils import parsedate_to_datetime

from aws_case import ROLE, AwsCase, assume, detectors, identity, keys_of
from aws_signer import ACCOUNT, Request, instant
from sim_case import Answer


def findings(body=b'{"maxResults":50}', **more):
    return Request('guardduty', 'POST', '/detector/' + 'ab' * 16 +
                   '/findings', body, **more)


class FaultCase(AwsCase):
    def struck(self, fault, more='', *args):
        """The bytes of a struck answer; the same request then succeeds, though
        it is signed anew."""
        sim = self.sim('--fault', f'{fault}=always,endpoint:detectors{more}',
                       *args)
        got, reset = sim.raw(detectors().wire(), timeout=1)
        again = self.send(sim, detectors(when=instant(-7)))
        self.assertEqual(again.status, 200, again.body)
        self.assertEqual(sim.stats()['faults'], {fault: 1})
        return got, reset, again


class Answers(FaultCase):
    def test_throttling_with_a_code(self):
        for fault, status, code, message in (
                ('throttling', 400, 'ThrottlingException', 'Rate exceeded'),
                ('too-many-requests', 429, 'TooManyRequestsException',
                 'Too Many Requests'),
                ('429-absent', 429, 'TooManyRequestsException',
                 'Too Many Requests')):
            answer = Answer(self.struck(fault)[0])
            self.refused_as(answer, status, code, message)
            self.assertNotIn('retry-after', answer.headers)

    def test_throttling_with_retry_after(self):
        answer = Answer(self.struck('429-seconds', ',retry:3')[0])
        self.refused_as(answer, 429, 'TooManyRequestsException')
        self.assertEqual(answer.headers['retry-after'], '3')
        asked = time.time()
        answer = Answer(self.struck('429-date', ',retry:3')[0])
        date = parsedate_to_datetime(answer.headers['retry-after'])
        self.assertGreater(date.timestamp(), asked)
        self.assertLessEqual(date.timestamp(), time.time() + 5)

    def test_429_without_a_code(self):
        answer = Answer(self.struck('429-no-code')[0])
        self.assertEqual(answer.status, 429)
        self.assertEqual(answer.json(), {'message': 'Too Many Requests'})
        self.assertNotIn('x-amzn-errortype', answer.headers)
        answer = Answer(self.struck('429-empty')[0])
        self.assertEqual((answer.status, answer.body), (429, b''))
        self.assertNotIn('x-amzn-errortype', answer.headers)
        answer = Answer(self.struck('429-html')[0])
        self.assertEqual(answer.status, 429)
        self.assertTrue(answer.body.startswith(b'<html>'))

    def test_5xx(self):
        self.refused_as(Answer(self.struck('500')[0]), 500,
                        'InternalServerErrorException')
        self.refused_as(Answer(self.struck('503')[0]), 503,
                        'ServiceUnavailable')
        for fault in ('504', '504-html'):
            self.assertEqual(Answer(self.struck(fault)[0]).status, 504)

    def test_expired_token(self):
        self.refused_as(Answer(self.struck('expired-token')[0]), 403,
                        'ExpiredTokenException',
                        'The security token included in the request is '
                        'expired')

    def test_for_good(self):
        for fault, status, code in (
                ('daily-quota', 400, 'ThrottlingException'),
                ('401-later', 403, 'UnrecognizedClientException')):
            sim = self.sim('--fault', f'{fault}=2')
            got = [self.send(sim, detectors()) for _ in range(5)]
            self.assertEqual([one.status for one in got[:2]], [200, 200])
            for answer in got[2:]:
                self.refused_as(answer, status, code)

    def test_html_with_200(self):
        answer = Answer(self.struck('not-json')[0])
        self.assertEqual(answer.status, 200)
        with self.assertRaises(ValueError):
            answer.json()


class Wire(FaultCase):
    def test_resets_and_cuts(self):
        self.assertEqual(self.struck('reset-head')[:2], (b'', True))
        for fault, wanted in (('reset-body', True), ('cut-body', False)):
            got, reset, again = self.struck(fault)
            top, _, rest = got.partition(b'\r\n\r\n')
            self.assertEqual(reset, wanted)
            self.assertIn(f'Content-Length: {len(again.body)}'.encode(), top)
            self.assertEqual(rest, again.body[:len(again.body) // 2])

    def test_stall_and_slow(self):
        sim = self.sim('--fault', 'stall=once,endpoint:detectors')
        with sim.connect() as sock:
            sock.settimeout(0.3)
            sock.sendall(detectors().wire())
            self.assertIn(b'200 OK', sock.recv(1 << 16))
            with self.assertRaises(TimeoutError):
                sock.recv(1 << 16)
            self.assertEqual(self.page(sim)['in_flight'], 1)
        sim = self.sim('--fault', 'slow=once,ms:5')
        slow = self.send(sim, detectors())
        self.assertEqual(slow.body, self.send(sim, detectors()).body)

    def test_lying_lengths(self):
        for fault, sign in (('lying-length-long', 1),
                            ('lying-length-short', -1)):
            got, _, again = self.struck(fault)
            top, _, rest = got.partition(b'\r\n\r\n')
            said = int(top.split(b'Content-Length: ')[1].split(b'\r\n')[0])
            self.assertEqual(rest, again.body)
            self.assertGreater(sign * (said - len(rest)), 0)

    def test_spoilt_json(self):
        for fault in ('truncated-json', 'bad-utf8', 'control-char',
                      'unbalanced'):
            got, reset, again = self.struck(fault)
            answer = Answer(got)  # the HTTP around it is faultless
            self.assertFalse(reset)
            self.assertEqual(answer.status, 200)
            with self.assertRaises(ValueError):
                json.loads(answer.body.decode('utf-8'))
            self.assertTrue(again.json())


class Bound(FaultCase):
    def test_an_endpoint_is_struck_alone(self):
        requests = {'list': findings(), 'detectors': detectors(),
                    'sts': identity(),
                    'get': Request('guardduty', 'POST', '/detector/' +
                                   'ab' * 16 + '/findings/get',
                                   b'{"findingIds":[]}')}
        for struck in requests:
            sim = self.sim('--fault',
                           f'429-empty=always,persistent,endpoint:{struck}')
            for name, request in requests.items():
                status = self.send(sim, request).status
                self.assertEqual(status == 429, name == struck,
                                 (struck, name, status))
            sim.request('/api/v3/ioc_stream?limit=1')
            self.assertEqual(sim.stats()['faults'], {'429-empty': 1})

    def test_gti_knows_none_of_them(self):
        sim = self.sim('--fault', 'throttling=always,persistent')
        self.assertEqual(
            sim.request('/api/v3/ioc_stream?limit=1').status, 200)
        self.assertEqual(self.send(sim, detectors()).status, 400)

    def test_each_account_region_and_body_is_a_request_of_its_own(self):
        sim = self.sim('--aws-role', ROLE, '--fault',
                       '429-empty=always,endpoint:list')
        keys = keys_of(self.send(sim, assume()))
        for request in (findings, lambda: findings(b'{"maxResults":49}'),
                        lambda: findings(region='eu-west-1'),
                        lambda: findings(keys=keys)):
            self.assertEqual(self.send(sim, request()).status, 429)
            self.assertNotEqual(self.send(sim, request()).status, 429)

    def test_who_may_not_is_told_so_before_any_fault(self):
        sim = self.sim('--fault', '500=always,persistent', '--aws-deny',
                       f'{ACCOUNT}/*')
        self.refused_as(self.send(sim, detectors()), 403,
                        'AccessDeniedException')
        answer = self.send(sim, detectors(keys=('AKIANOBODY', 'x', None)))
        self.refused_as(answer, 403, 'UnrecognizedClientException')


if __name__ == '__main__':
    unittest.main()
