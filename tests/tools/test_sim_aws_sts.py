# SPDX-License-Identifier: Apache-2.0
"""STS: whose word is taken for which role, and the limits of its fields."""
import calendar
import re
import time
import unittest
from urllib.parse import urlencode

from aws_case import ROLE, USER, AwsCase, assume, identity, keys_of
from aws_signer import ABSENT, Request
from sim_case import Answer

FORM = [('Content-Type', 'application/x-www-form-urlencoded; charset=utf-8')]


def web(**fields):
    fields = {'Action': 'AssumeRoleWithWebIdentity', 'Version': '2011-06-15',
              'RoleArn': ROLE, 'RoleSessionName': 'web',
              'WebIdentityToken': 'eyJ0.a+b/c=.d', **fields}
    body = urlencode({k: v for k, v in fields.items() if v is not None})
    request = Request('sts', 'POST', '/', body.encode(), FORM)
    request.authorization = ABSENT
    request.headers.pop(1)  # no X-Amz-Date either
    return request


class StsCase(AwsCase):
    def refused_xml(self, answer, status, code, part=''):
        text = answer.body.decode()
        self.assertEqual(answer.status, status, text)
        self.assertEqual(answer.headers['content-type'], 'text/xml')
        self.assertIn('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/'
                      '2011-06-15/">', text)
        self.assertIn(f'<Code>{code}</Code>', text)
        self.assertIn('<Type>Sender</Type>', text)
        self.assertRegex(text, '<RequestId>[0-9a-f-]{36}</RequestId>')
        self.assertIn(part, text)


def expiration(answer):
    text = re.search('<Expiration>([^<]*)<', answer.body.decode()).group(1)
    return calendar.timegm(time.strptime(text, '%Y-%m-%dT%H:%M:%SZ'))


class Assuming(StsCase):
    def test_a_role_gives_keys_of_its_account(self):
        sim = self.sim('--aws-role', ROLE)
        before = int(time.time())
        answer = self.send(sim, assume(DurationSeconds=900))
        text = answer.body.decode()
        self.assertEqual(answer.status, 200, text)
        self.assertIn('<Arn>arn:aws:sts::444455556666:assumed-role/reader/'
                      'sess</Arn>', text)
        self.assertRegex(text, '<AssumedRoleId>AROA[0-9A-F]{16}:sess<')
        self.assertIn('<PackedPolicySize>6</PackedPolicySize>', text)
        key, secret, token = keys_of(answer)
        self.assertRegex(key, '^ASIA[A-Z2-7]{16}$')
        self.assertEqual(len(secret), 40)
        self.assertGreater(len(token), 300)
        self.assertTrue(900 <= expiration(answer) - before <= 910)

    def test_lifetime_by_role_by_option_or_as_asked(self):
        other = ROLE + '2'
        sim = self.sim('--aws-role', ROLE + ',lifetime:20',
                       '--aws-role', other, '--aws-lifetime', '77')
        for role, seconds in ((ROLE, 20), (other, 77)):
            before = int(time.time())
            answer = self.send(sim, assume(role, DurationSeconds=3600))
            self.assertTrue(
                seconds <= expiration(answer) - before <= seconds + 10)
        answer = self.send(self.sim('--aws-role', ROLE), assume())
        self.assertGreater(expiration(answer), time.time() + 3500)

    def test_external_id_must_be_the_roles(self):
        sim = self.sim('--aws-role', ROLE + ',external-id:a/b:c')
        self.assertEqual(
            self.send(sim, assume(ExternalId='a/b:c')).status, 200)
        for wrong in (None, 'a/b:d', 'a/b:cc'):
            self.refused_xml(
                self.send(sim, assume(ExternalId=wrong)), 403, 'AccessDenied',
                f'User: {USER} is not authorized to perform: sts:AssumeRole '
                f'on resource: {ROLE}')

    def test_unknown_role(self):
        sim = self.sim('--aws-role', ROLE)
        self.refused_xml(self.send(sim, assume(ROLE + 'x')), 403,
                         'AccessDenied', 'sts:AssumeRole')

    def test_limits_of_the_fields(self):
        sim = self.sim('--aws-role', ROLE)
        for fields, member, part in (
                ({'RoleSessionName': 'a'}, 'roleSessionName', 'length'),
                ({'RoleSessionName': 'a' * 65}, 'roleSessionName', 'length'),
                ({'RoleSessionName': 'a b'}, 'roleSessionName', 'pattern'),
                ({'RoleSessionName': 'a/b'}, 'roleSessionName', 'pattern'),
                ({'RoleSessionName': None}, 'roleSessionName', 'not be null'),
                ({'DurationSeconds': '899'}, 'durationSeconds', 'equal to 900'),
                ({'DurationSeconds': '43201'}, 'durationSeconds',
                 'equal to 43200'),
                ({'DurationSeconds': 'x'}, 'durationSeconds', 'equal to 900'),
                ({'RoleArn': 'arn:short'}, 'roleArn', 'length'),
                ({'RoleArn': None}, 'roleArn', 'not be null'),
                ({'ExternalId': 'a'}, 'externalId', 'length'),
                ({'ExternalId': 'a b'}, 'externalId', 'pattern')):
            with self.subTest(fields):
                answer = self.send(sim, assume(**fields))
                self.refused_xml(answer, 400, 'ValidationError', member)
                self.assertIn(part, answer.body.decode())
        self.refused_xml(self.send(sim, assume('arn:aws:s3:::bucket/an-ob')),
                         400, 'ValidationError', 'is invalid')
        for name in ('ab', 'a' * 64, 'A_z0+=,.@-'):
            answer = self.send(sim, assume(RoleSessionName=name))
            self.assertEqual(answer.status, 200, answer.body)

    def test_a_chained_role_is_for_an_hour_at_most(self):
        sim = self.sim('--aws-role', ROLE)
        keys = keys_of(self.send(sim, assume(DurationSeconds=43200)))
        request = assume(DurationSeconds=3601)
        request.key, request.secret = keys[:2]
        request.headers.append(('X-Amz-Security-Token', keys[2]))
        self.refused_xml(self.send(sim, request), 400, 'ValidationError',
                         'role chaining')

    def test_forms_that_are_none(self):
        sim = self.sim()
        for body, headers, code in (
                (b'Action=GetCallerIdentity', FORM, 'NoSuchVersion'),
                (b'Action=Dance&Version=2011-06-15', FORM, 'InvalidAction'),
                (b'Action=%4&Version=2011-06-15', FORM, 'InvalidAction'),
                (b'Action=GetCallerIdentity&Version=2011-06-15', [],
                 'MalformedInput')):
            answer = self.send(sim, Request('sts', 'POST', '/', body, headers))
            self.refused_xml(answer, 400, code)

    def test_refusals_of_signatures_in_xml(self):
        sim = self.sim()
        late = identity(keys=('AKIANOBODY', 'x', None))
        self.refused_xml(self.send(sim, late), 403, 'InvalidClientTokenId')
        request = identity()
        request.authorization = ABSENT
        self.refused_xml(self.send(sim, request), 403,
                         'MissingAuthenticationToken')
        request = identity(keys=(late.key, 'x', None))
        request.authorization = 'AWS4-HMAC-SHA256 x'
        self.refused_xml(self.send(sim, request), 400, 'IncompleteSignature')
        request = identity()
        request.secret = 'wrong'
        self.refused_xml(self.send(sim, request), 403,
                         'SignatureDoesNotMatch', 'String-to-Sign')

    def test_expired_in_xml(self):
        sim = self.sim('--aws-role', ROLE + ',lifetime:1')
        answer = self.send(sim, assume())
        while time.time() < expiration(answer):
            time.sleep(0.05)
        self.refused_xml(self.send(sim, identity(keys=keys_of(answer))), 403,
                         'ExpiredToken')


class WebIdentity(StsCase):
    ARGS = ('--aws-role', ROLE, '--aws-web-identity-token', 'eyJ0.a+b/c=.d')

    def test_a_token_stands_for_a_signature(self):
        sim = self.sim(*self.ARGS)
        answer = self.send(sim, web())
        self.assertEqual(answer.status, 200, answer.body)
        self.assertIn(b'<AssumeRoleWithWebIdentityResult>', answer.body)
        answer = self.send(sim, identity(keys=keys_of(answer)))
        self.assertIn(b':assumed-role/reader/web', answer.body)
        page = self.page(sim)
        self.assertEqual(page['refusals'], {})
        self.assertEqual(page['lapses']['web_identity_signed'], 0)

    def test_another_token_or_role(self):
        sim = self.sim(*self.ARGS)
        self.refused_xml(self.send(sim, web(WebIdentityToken='eyJ0.x')), 400,
                         'InvalidIdentityToken')
        self.refused_xml(self.send(sim, web(RoleArn=ROLE + 'x')), 403,
                         'AccessDenied', 'AssumeRoleWithWebIdentity')
        self.refused_xml(self.send(sim, web(WebIdentityToken=None)), 400,
                         'ValidationError', 'webIdentityToken')
        self.refused_xml(self.send(sim, web(WebIdentityToken='a' * 20001)),
                         400, 'ValidationError', 'webIdentityToken')
        sim = self.sim('--aws-role', ROLE)
        self.refused_xml(self.send(sim, web()), 400, 'InvalidIdentityToken')

    def test_a_needless_signature_is_counted(self):
        sim = self.sim(*self.ARGS)
        request = web()
        request.authorization = Request('sts').header()
        self.assertEqual(self.send(sim, request).status, 200)
        self.assertEqual(self.page(sim)['lapses']['web_identity_signed'], 1)


class Faults(StsCase):
    def test_faults_have_the_form_of_sts(self):
        for fault, status, code in (
                ('throttling', 400, 'Throttling'),
                ('too-many-requests', 400, 'Throttling'),
                ('expired-token', 403, 'ExpiredToken')):
            sim = self.sim('--fault', f'{fault}=once,endpoint:sts')
            self.refused_xml(self.send(sim, identity()), status, code)
            self.assertEqual(self.send(sim, identity()).status, 200)
        sim = self.sim('--fault', '503=once,endpoint:sts')
        answer = self.send(sim, identity())
        self.assertEqual(answer.status, 503)
        self.assertIn(b'<Type>Receiver</Type>', answer.body)

    def test_a_cut_answer(self):
        sim = self.sim('--fault', 'cut-body=once,endpoint:sts')
        got, _ = sim.raw(identity().wire())
        with self.assertRaises(AssertionError):
            Answer(got)
        self.assertEqual(self.send(sim, identity()).status, 200)


if __name__ == '__main__':
    unittest.main()
