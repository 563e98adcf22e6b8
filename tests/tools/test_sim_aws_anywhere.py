# SPDX-License-Identifier: Apache-2.0
"""CreateSession: certificates made by OpenSSL's command, good and bad."""
import calendar
import json
import os
import shutil
import subprocess
import tempfile
import time
import unittest
from urllib.parse import urlencode

from aws_case import ROLE, AwsCase, identity
from aws_signer import ABSENT, Certified, Request, instant

ANCHOR = 'arn:aws:rolesanywhere:us-east-1:444455556666:trust-anchor/' \
         '00000000-0000-4000-8000-000000000001'
PROFILE = ANCHOR.replace('trust-anchor', 'profile')
ARNS = {'profileArn': PROFILE, 'roleArn': ROLE, 'trustAnchorArn': ANCHOR}
LEAF = 'basicConstraints=CA:false\nkeyUsage=digitalSignature\n'
CA = 'basicConstraints=critical,CA:true\nkeyUsage=keyCertSign\n'


class Files:
    """A folder of keys and certificates, made once."""

    def __init__(self, folder):
        self.folder = folder
        self.serial = 0
        self.key('root', 'RSA')
        self.make('root', None, CA)
        self.key('other', 'RSA')
        self.make('other', None, CA)
        self.key('middle', 'P-256')
        self.make('middle', 'root', CA)
        for name, kind in (('rsa', 'RSA'), ('p256', 'P-256'),
                           ('p384', 'P-384')):
            self.key(name, kind)
            self.make(name, 'root', LEAF)
        for name, issuer, extensions, days in (
                ('chained', 'middle', LEAF, 9),
                ('stranger', 'other', LEAF, 9),
                ('isca', 'root', CA, 9),
                ('nousage', 'root', 'basicConstraints=CA:false\n', 9),
                ('wrongusage', 'root', 'basicConstraints=CA:false\n'
                 'keyUsage=keyEncipherment\n', 9),
                ('expired', 'root', LEAF, -1)):
            self.key(name, 'RSA')
            self.make(name, issuer, extensions, days)

    def path(self, name, end='crt'):
        return os.path.join(self.folder, f'{name}.{end}')

    def run(self, *args):
        subprocess.run(['openssl', *args], check=True, capture_output=True)

    def key(self, name, kind):
        how = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'] \
            if kind == 'RSA' else ['-algorithm', 'EC', '-pkeyopt',
                                   f'ec_paramgen_curve:{kind}']
        self.run('genpkey', *how, '-out', self.path(name, 'key'))

    def make(self, name, issuer, extensions, days=9):
        self.serial += 1
        request, plan = self.path(name, 'csr'), self.path(name, 'ext')
        with open(plan, 'w', encoding='ascii') as file:
            file.write(extensions)
        self.run('req', '-new', '-key', self.path(name, 'key'), '-subj',
                 f'/CN={name}', '-out', request)
        signer = ['-signkey', self.path(name, 'key')] if issuer is None else [
            '-CA', self.path(issuer), '-CAkey', self.path(issuer, 'key')]
        # 160 bits with the top one set: longer than any machine's integer.
        serial = f'0xF1E2D3C4B5A6978877665544332211000000{self.serial:04X}'
        self.run('x509', '-req', '-in', request, *signer, '-days', str(days),
                 '-sha256', '-set_serial', serial, '-extfile', plan, '-out',
                 self.path(name))


def target(**arns):
    arns = {**ARNS, **arns}
    return '/sessions?' + urlencode({k: v for k, v in arns.items() if v})


class AnywhereCase(AwsCase):
    @classmethod
    def setUpClass(cls):
        if shutil.which('openssl') is None:
            print('skipped: the command openssl is absent')
            raise unittest.SkipTest('the command openssl is absent')
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.files = Files(folder.name)

    def started(self, *args):
        return self.sim('--anywhere-ca', self.files.path('root'),
                        '--aws-role', ROLE, *args)

    def request(self, name='rsa', algorithm='RSA', **more):
        more.setdefault('target', target())
        more.setdefault('body', b'{"durationSeconds":3600}')
        chain = [self.files.path(one) for one in more.pop('chain', ())]
        return Certified(self.files.path(name), self.files.path(name, 'key'),
                         chain, algorithm, **more)

    def assert_session(self, sim, request):
        answer = self.send(sim, request)
        self.assertEqual(answer.status, 201, answer.body)
        keys = answer.json()['credentialSet'][0]['credentials']
        again = self.send(sim, identity(keys=(
            keys['accessKeyId'], keys['secretAccessKey'],
            keys['sessionToken'])))
        self.assertIn(b'<Account>444455556666</Account>', again.body)
        return answer.json()


class Sessions(AnywhereCase):
    def test_rsa_and_ec_keys_sign_in(self):
        sim = self.started()
        for name, algorithm in (('rsa', 'RSA'), ('p256', 'ECDSA'),
                                ('p384', 'ECDSA')):
            self.assert_session(sim, self.request(name, algorithm))

    def test_the_answer_is_whole(self):
        sim = self.started('--aws-lifetime', '1234')
        whole = self.assert_session(sim, self.request())
        one = whole['credentialSet'][0]
        self.assertEqual(one['roleArn'], ROLE)
        self.assertTrue(one['assumedRoleUser']['arn'].startswith(
            'arn:aws:sts::444455556666:assumed-role/reader/'))
        self.assertTrue(whole['subjectArn'].startswith(
            'arn:aws:rolesanywhere:us-east-1:444455556666:subject/'))
        end = calendar.timegm(time.strptime(
            one['credentials']['expiration'], '%Y-%m-%dT%H:%M:%SZ'))
        self.assertTrue(1220 < end - time.time() <= 1235)
        row = self.page(sim)['operations'][0]
        self.assertEqual((row['operation'], row['account']),
                         ('CreateSession', '444455556666'))

    def test_a_chain_leads_to_the_anchor(self):
        sim = self.started()
        self.assert_session(sim, self.request('chained', chain=['middle']))
        answer = self.send(sim, self.request('chained'))
        self.refused_as(answer, 403, 'AccessDeniedException', 'Untrusted')

    def test_an_intermediate_may_be_the_anchor(self):
        sim = self.sim('--aws-role', ROLE, '--anywhere-ca',
                       self.files.path('middle'))
        self.assert_session(sim, self.request('chained'))

    def test_arns_may_be_in_the_body(self):
        sim = self.started()
        body = json.dumps({**ARNS, 'durationSeconds': 900,
                           'roleSessionName': 'my.name'}).encode()
        whole = self.assert_session(
            sim, self.request(target='/sessions', body=body))
        arn = whole['credentialSet'][0]['assumedRoleUser']['arn']
        self.assertTrue(arn.endswith(':assumed-role/reader/my.name'), arn)


class Certificates(AnywhereCase):
    def check(self, request, part, cause='certificate'):
        sim = self.started()
        answer = self.send(sim, request)
        self.refused_as(answer, 403, 'AccessDeniedException', part)
        self.assertEqual(self.page(sim)['refusals'], {cause: 1})

    def test_certificates_that_are_not_believed(self):
        for name, part in (('stranger', 'Untrusted signing certificate'),
                           ('isca', 'must not be a CA'),
                           ('nousage', 'Digital Signature'),
                           ('wrongusage', 'Digital Signature'),
                           ('expired', 'expired')):
            with self.subTest(name):
                self.check(self.request(name), part)

    def test_not_yet_valid(self):
        sim = self.started('--aws-clock-offset', '-172800')
        answer = self.send(sim, self.request(when=instant(-172800)))
        self.refused_as(answer, 403, 'AccessDeniedException', 'not yet valid')

    def test_no_anchor_trusts_nobody(self):
        sim = self.sim('--aws-role', ROLE)
        answer = self.send(sim, self.request())
        self.refused_as(answer, 403, 'AccessDeniedException', 'Untrusted')

    def test_serial_must_be_the_certificates_in_decimal(self):
        request = self.request()
        for wrong in ('21', hex(int(request.key))[2:].upper()):
            request.key = wrong
            self.check(request, 'serial number')

    def test_signature_by_another_key_or_of_other_bytes(self):
        request = self.request()
        request.private_key = self.files.path('stranger', 'key')
        self.check(request, 'Invalid signature',
                   'certificate_signature_mismatch')
        request = self.request()
        request.authorization = request.header()
        request.body = b'{"durationSeconds":3601}'
        self.check(request, 'Invalid signature',
                   'certificate_signature_mismatch')

    def test_algorithm_must_fit_the_key(self):
        for name, algorithm in (('rsa', 'ECDSA'), ('p256', 'RSA')):
            self.check(self.request(name, algorithm), 'Invalid signature',
                       'certificate_signature_mismatch')

    def test_an_access_key_is_no_certificate(self):
        request = Request('rolesanywhere', 'POST', target(), b'{}',
                          [('Content-Type', 'application/json')])
        self.check(request, 'X-Amz-X509 is missing')

    def test_certificates_that_are_no_base64(self):
        request = self.request()
        request.headers[-1] = ('X-Amz-X509', 'abc')
        self.check(request, 'not one certificate in base64')
        request = self.request()
        request.headers.append(('X-Amz-X509-Chain', 'abcd,'))
        self.check(request, 'X-Amz-X509-Chain')

    def test_unsigned_certificate_header(self):
        request = self.request()
        request.names = ['content-type', 'host', 'x-amz-date']
        sim = self.started()
        answer = self.send(sim, request)
        self.refused_as(answer, 403, 'InvalidSignatureException',
                        'X-Amz-X509')
        self.assertEqual(self.page(sim)['refusals'],
                         {'unsigned_x_amz_header': 1})

    def test_without_authorization(self):
        request = self.request()
        request.authorization = ABSENT
        self.refused_as(self.send(self.started(), request), 403,
                        'MissingAuthenticationTokenException')

    def test_skew(self):
        answer = self.send(self.started(), self.request(when=instant(-400)))
        self.refused_as(answer, 403, 'InvalidSignatureException', 'expired')


class Fields(AnywhereCase):
    def check(self, status, code, part, *args, **more):
        sim = self.started(*args)
        answer = self.send(sim, self.request(**more))
        self.refused_as(answer, status, code, part)
        self.assertEqual(self.page(sim)['refusals'], {})

    def invalid(self, part, **more):
        self.check(400, 'ValidationException', part, **more)

    def test_arns(self):
        for arns, part in (
                ({'roleArn': None}, 'roleArn must be given'),
                ({'profileArn': None}, 'profileArn must be given'),
                ({'trustAnchorArn': None}, 'trustAnchorArn must be given'),
                ({'trustAnchorArn': PROFILE}, 'of a trust anchor'),
                ({'profileArn': ANCHOR}, 'of a profile'),
                ({'roleArn': PROFILE}, 'of a role'),
                ({'profileArn': PROFILE.replace('east', 'west')},
                 'of the region'),
                ({'profileArn': PROFILE.replace('4444', '7777')},
                 'one account')):
            with self.subTest(arns):
                self.invalid(part, target=target(**arns))
        self.invalid('roleArn', body=json.dumps({'roleArn': ROLE}).encode())
        self.invalid('of the region', region='eu-west-1')

    def test_duration_name_and_body(self):
        for body, part in ((b'{"durationSeconds":899}', '900 to 43200'),
                           (b'{"durationSeconds":43201}', '900 to 43200'),
                           (b'{"durationSeconds":"900"}', '900 to 43200'),
                           (b'{"roleSessionName":"a"}', 'roleSessionName'),
                           (b'{"roleSessionName":"a b"}', 'roleSessionName'),
                           (b'{', 'not a JSON object'),
                           (b'[]', 'not a JSON object')):
            self.invalid(part, body=body)

    def test_type_of_the_body(self):
        request = self.request()
        request.headers[2] = ('Content-Type', 'text/plain')
        self.refused_as(self.send(self.started(), request), 400,
                        'ValidationException', 'application/json')

    def test_unknown_anchor_profile_and_role(self):
        self.check(404, 'ResourceNotFoundException', 'Trust anchor not found',
                   '--anywhere-anchor', ANCHOR[:-1] + '2')
        self.check(404, 'ResourceNotFoundException', 'Profile not found',
                   '--anywhere-anchor', ANCHOR,
                   '--anywhere-profile', PROFILE[:-1] + '2')
        self.check(403, 'AccessDeniedException',
                   f'Unable to assume role for {ROLE}x',
                   target=target(roleArn=ROLE + 'x'))

    def test_faults_strike_here_too(self):
        sim = self.started('--fault', '503=once,endpoint:anywhere')
        self.assertEqual(self.send(sim, self.request()).status, 503)
        self.assert_session(sim, self.request())


if __name__ == '__main__':
    unittest.main()
