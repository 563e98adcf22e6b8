# SPDX-License-Identifier: Apache-2.0
"""S3: a folder seen as a bucket, and the errors of S3 in its XML."""
import os
import tempfile
import unittest
import xml.etree.ElementTree as ET
from urllib.parse import quote, unquote_plus

from aws_case import ROLE, AwsCase, assume, keys_of
from aws_signer import ABSENT, Request, instant, sha256

SPACE = '{http://s3.amazonaws.com/doc/2006-03-01/}'
FILES = {'a/1.jsonl.gz': b'\x1f\x8b\x00one', 'a/2': b'two', 'a/b/3': b'three',
         'a b/é+~=&<>.txt': b'odd name', 'Z': b'capitals come first',
         'a-': b'minus comes before slash', 'empty': b''}


class S3Case(AwsCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = os.path.join(folder.name, 'root')
        for bucket in ('here', 'elsewhere'):
            for key, data in FILES.items():
                path = os.path.join(cls.root, bucket, key)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'wb') as file:
                    file.write(data)
        with open(os.path.join(folder.name, 'secret'), 'wb') as file:
            file.write(b'outside')

    def started(self, *args):
        return self.sim('--s3-root', self.root, '--s3-region',
                        'elsewhere=eu-central-1', *args)

    def ask(self, sim, target, method='GET', **more):
        return self.send(sim, Request('s3', method, target, **more))

    def refused_xml(self, answer, status, code, part=''):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(answer.headers['content-type'], 'application/xml')
        root = ET.fromstring(answer.body)
        self.assertEqual(root.tag, 'Error')
        self.assertEqual(root.findtext('Code'), code, answer.body)
        self.assertIn(part, root.findtext('Message'))
        self.assertEqual(root.findtext('RequestId'),
                         answer.headers['x-amz-request-id'])
        return root


class Listing(S3Case):
    def page(self, sim, bucket='here', **params):
        query = '&'.join(f'{name.replace("_", "-")}={quote(str(value), "")}'
                         for name, value in params.items())
        answer = self.ask(sim, f'/{bucket}?list-type=2&{query}')
        self.assertEqual(answer.status, 200, answer.body)
        root = ET.fromstring(answer.body)
        self.assertEqual(root.tag, SPACE + 'ListBucketResult')
        return root

    def keys(self, root):
        return [one.findtext(SPACE + 'Key')
                for one in root.findall(SPACE + 'Contents')]

    def test_keys_come_in_the_order_of_their_bytes(self):
        root = self.page(self.started())
        self.assertEqual(self.keys(root),
                         sorted(FILES, key=lambda key: key.encode()))
        self.assertEqual(root.findtext(SPACE + 'KeyCount'), '7')
        self.assertEqual(root.findtext(SPACE + 'IsTruncated'), 'false')
        for one in root.findall(SPACE + 'Contents'):
            key = one.findtext(SPACE + 'Key')
            self.assertEqual(int(one.findtext(SPACE + 'Size')),
                             len(FILES[key]))
            self.assertRegex(one.findtext(SPACE + 'LastModified'),
                             r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$')

    def test_names_may_be_encoded(self):
        root = self.page(self.started(), encoding_type='url')
        self.assertIn('a+b/%C3%A9%2B~%3D%26%3C%3E.txt', self.keys(root))
        self.assertEqual({unquote_plus(key) for key in self.keys(root)},
                         set(FILES))

    def test_prefix_and_start(self):
        sim = self.started()
        self.assertEqual(self.keys(self.page(sim, prefix='a/')),
                         ['a/1.jsonl.gz', 'a/2', 'a/b/3'])
        self.assertEqual(self.keys(self.page(sim, prefix='nothing')), [])
        self.assertEqual(self.keys(self.page(sim, start_after='a/2')),
                         ['a/b/3', 'empty'])

    def test_groups_by_delimiter(self):
        root = self.page(self.started(), prefix='a/', delimiter='/')
        self.assertEqual(self.keys(root), ['a/1.jsonl.gz', 'a/2'])
        self.assertEqual([one.findtext(SPACE + 'Prefix') for one in
                          root.findall(SPACE + 'CommonPrefixes')], ['a/b/'])

    def test_pages_of_every_size_hold_each_key_once(self):
        sim = self.started()
        for size in (1, 2, 3, 7, 8):
            got, token = [], None
            while True:
                more = {'continuation_token': token} if token else {}
                root = self.page(sim, max_keys=size, **more)
                got += self.keys(root)
                token = root.findtext(SPACE + 'NextContinuationToken')
                if root.findtext(SPACE + 'IsTruncated') == 'false':
                    break
            self.assertIsNone(token)
            self.assertEqual(got, sorted(FILES, key=str.encode))

    def test_bad_parameters(self):
        sim = self.started()
        for query in ('max-keys=x', 'continuation-token=zz',
                      'encoding-type=x', 'prefix=a&prefix=b'):
            answer = self.ask(sim, '/here?list-type=2&' + query)
            self.refused_xml(answer, 400, 'InvalidArgument')
        self.refused_xml(self.ask(sim, '/here?prefix=a'), 501,
                         'NotImplemented')


class Objects(S3Case):
    def test_objects_by_path_and_by_host(self):
        sim = self.started()
        for key, data in FILES.items():
            path = '/' + quote(key, safe='/-._~')
            for target, host in (
                    ('/here' + path, 's3.us-east-1.amazonaws.com'),
                    ('/here' + path, 'sim.test:99'),
                    (path, 'here.s3.us-east-1.amazonaws.com'),
                    (path, 'here.localhost:1234')):
                answer = self.ask(sim, target, host=host)
                self.assertEqual((answer.status, answer.body), (200, data))
                self.assertEqual(int(answer.headers['content-length']),
                                 len(data))

    def test_head_tells_without_a_body(self):
        sim = self.started()
        got = self.ask(sim, '/here/a/2')
        answer, reset = sim.raw(Request('s3', 'HEAD', '/here/a/2').wire())
        top, _, body = answer.decode().partition('\r\n\r\n')
        self.assertEqual((body, reset), ('', False))
        self.assertIn('Content-Length: 3\r\n', top)
        self.assertIn('ETag: ' + got.headers['etag'], top)
        top = sim.raw(Request('s3', 'HEAD', '/here').wire())[0].decode()
        self.assertTrue(top.startswith('HTTP/1.1 200 '))
        self.assertIn('x-amz-bucket-region: us-east-1\r\n', top)
        top = sim.raw(Request('s3', 'HEAD', '/here/no').wire())[0].decode()
        self.assertTrue(top.startswith('HTTP/1.1 404 '))
        self.assertTrue(top.endswith('\r\n\r\n'))

    def test_ranges(self):
        sim = self.started()
        for text, status, body, where in (
                ('bytes=1-2', 206, b'wo', 'bytes 1-2/3'),
                ('bytes=1-', 206, b'wo', 'bytes 1-2/3'),
                ('bytes=-1', 206, b'o', 'bytes 2-2/3'),
                ('bytes=-9', 206, b'two', 'bytes 0-2/3'),
                ('bytes=0-99', 206, b'two', 'bytes 0-2/3'),
                ('words=1-2', 200, b'two', None)):
            answer = self.ask(sim, '/here/a/2', headers=[('Range', text)])
            self.assertEqual((answer.status, answer.body), (status, body))
            self.assertEqual(answer.headers.get('content-range'), where)
        for text in ('bytes=3-', 'bytes=2-1', 'bytes=-0'):
            answer = self.ask(sim, '/here/a/2', headers=[('Range', text)])
            self.refused_xml(answer, 416, 'InvalidRange')

    def test_conditions_on_the_tag(self):
        sim = self.started()
        tag = self.ask(sim, '/here/a/2').headers['etag']
        self.assertRegex(tag, '^"[0-9a-f]{32}-1"$')
        for headers, status in (
                ([('If-None-Match', tag)], 304), ([('If-Match', tag)], 200),
                ([('If-None-Match', '"x"')], 200), ([('If-Match', '*')], 200)):
            answer = self.ask(sim, '/here/a/2', headers=headers)
            self.assertEqual(answer.status, status)
        self.assertEqual(
            self.ask(sim, '/here/a/2',
                     headers=[('If-None-Match', '*')]).body, b'')
        answer = self.ask(sim, '/here/a/2', headers=[('If-Match', '"x"')])
        self.refused_xml(answer, 412, 'PreconditionFailed')

    def test_what_is_not_there(self):
        sim = self.started()
        for target in ('/here/no', '/here/a', '/here/a/', '/here/a//2',
                       '/here/./a/2', '/here/../secret', '/here/a/../a/2',
                       '/here/%2E%2E/%2E%2E/secret'):
            self.refused_xml(self.ask(sim, target), 404, 'NoSuchKey')
        for target in ('/nowhere/a', '/..', '/../secret', '/', '/A/b'):
            self.refused_xml(self.ask(sim, target), 404, 'NoSuchBucket')
        self.refused_xml(self.ask(self.sim(), '/here/a/2'), 404,
                         'NoSuchBucket')
        self.refused_xml(self.ask(sim, '/here/' + 'a' * 1025), 400,
                         'KeyTooLongError')
        for method in ('PUT', 'POST', 'DELETE'):
            self.refused_xml(self.ask(sim, '/here', method), 405,
                             'MethodNotAllowed')
        self.refused_xml(self.ask(sim, '/here/a/2', 'POST'), 501,
                         'NotImplemented')

    def test_another_region_is_told(self):
        sim = self.started()
        answer = self.ask(sim, '/elsewhere/a/2')
        root = self.refused_xml(answer, 301, 'PermanentRedirect')
        self.assertEqual(answer.headers['x-amz-bucket-region'],
                         'eu-central-1')
        self.assertEqual(root.findtext('Endpoint'),
                         'elsewhere.s3.eu-central-1.amazonaws.com')
        self.assertEqual(
            self.ask(sim, '/elsewhere/a/2', region='eu-central-1').body,
            b'two')
        answer = self.ask(sim, '/elsewhere?location', region='eu-central-1')
        self.assertIn(b'>eu-central-1</LocationConstraint>', answer.body)


class Refusals(S3Case):
    def test_signatures(self):
        sim = self.started()
        request = Request('s3', target='/here/a/2')
        request.authorization = ABSENT
        self.refused_xml(self.send(sim, request), 403, 'AccessDenied')
        request = Request('s3', target='/here/a/2')
        request.secret = 'wrong'
        self.refused_xml(self.send(sim, request), 403,
                         'SignatureDoesNotMatch')
        self.refused_xml(self.ask(sim, '/here/a/2',
                                  keys=('AKIANOBODY', 'x', None)),
                         403, 'InvalidAccessKeyId')
        for offset, status in ((-880, 200), (880, 200)):
            answer = self.ask(sim, '/here/a/2', when=instant(offset))
            self.assertEqual(answer.status, status)
        for offset in (-920, 920):
            self.refused_xml(self.ask(sim, '/here/a/2', when=instant(offset)),
                             403, 'RequestTimeTooSkewed')

    def test_body_hash_is_needed_and_true(self):
        sim = self.started()
        request = Request('s3', target='/here/a/2')
        request.headers.pop()
        self.refused_xml(self.send(sim, request), 400, 'InvalidRequest',
                         'Missing required header for this request: '
                         'x-amz-content-sha256')
        for wrong in (sha256(b'x'), 'UNSIGNED-PAYLOAD'):
            request = Request('s3', target='/here/a/2')
            request.headers[-1] = ('x-amz-content-sha256', wrong)
            self.refused_xml(self.send(sim, request), 400,
                             'XAmzContentSHA256Mismatch')

    def test_tokens(self):
        sim = self.started('--aws-role', ROLE, '--aws-lifetime', '1')
        answer = self.send(sim, assume())
        key, secret, token = keys_of(answer)
        self.refused_xml(self.ask(sim, '/here/a/2',
                                  keys=(key, secret, token + 'x')),
                         400, 'InvalidToken')
        while self.ask(sim, '/here/a/2',
                       keys=(key, secret, token)).status == 200:
            pass
        self.refused_xml(self.ask(sim, '/here/a/2',
                                  keys=(key, secret, token)),
                         400, 'ExpiredToken')

    def test_scope(self):
        sim = self.started()
        answer = self.ask(sim, '/a/2', region='us-west-2',
                          host='here.s3.us-east-1.amazonaws.com')
        root = self.refused_xml(answer, 400, 'AuthorizationHeaderMalformed',
                                'expecting us-east-1')
        self.assertEqual(root.findtext('Region'), 'us-east-1')

    def test_denials_and_faults(self):
        sim = self.started('--aws-deny', '*/*/GetObject', '--aws-deny',
                           '*/eu-central-1', '--fault',
                           'throttling=once,endpoint:s3')
        self.refused_xml(self.ask(sim, '/here/a/2'), 403, 'AccessDenied',
                         's3:GetObject on resource: "arn:aws:s3:::here/a/2"')
        self.refused_xml(
            self.ask(sim, '/elsewhere?list-type=2', region='eu-central-1'),
            403, 'AccessDenied',
            's3:ListBucket on resource: "arn:aws:s3:::elsewhere"')
        self.refused_xml(self.ask(sim, '/here?list-type=2'), 503, 'SlowDown')
        self.assertEqual(self.ask(sim, '/here?list-type=2').status, 200)


if __name__ == '__main__':
    unittest.main()
