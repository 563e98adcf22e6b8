# SPDX-License-Identifier: Apache-2.0
"""Writes to S3, byte by byte: what is refused, and how a body may come."""
import base64
import hashlib
import json
import socket
import unittest
import xml.etree.ElementTree as ET
import zlib
from urllib.parse import quote

from aws_case import AwsCase
from aws_signer import Request, sha256
from sim_case import Answer, drain


class WriteCase(AwsCase):
    def started(self, *args):
        return self.sim('--s3-bucket', 'lists', '--s3-bucket',
                        'far-away=eu-west-1', *args)

    def put(self, sim, body=b'data', headers=(), target='/lists/k', **more):
        return self.send(sim, Request('s3', 'PUT', target, body, headers,
                                      **more))

    def get(self, sim, target='/lists/k', method='GET', **more):
        return self.send(sim, Request('s3', method, target, **more))

    def head(self, sim, target='/lists/k'):
        """Status and headers; nothing may follow them."""
        got, _ = sim.raw(Request('s3', 'HEAD', target).wire())
        top, _, rest = got.decode().partition('\r\n\r\n')
        self.assertEqual(rest, '')
        lines = top.split('\r\n')
        return int(lines[0].split()[1]), dict(
            line.lower().split(': ', 1) for line in lines[1:])

    def refused(self, answer, status, code, part=''):
        self.assertEqual(answer.status, status, answer.body)
        root = ET.fromstring(answer.body)
        self.assertEqual((root.tag, root.findtext('Code')), ('Error', code),
                         answer.body)
        self.assertIn(part, root.findtext('Message'))
        return root

    def stored(self, sim, body=b'data', target='/lists/k'):
        answer = self.get(sim, target)
        self.assertEqual((answer.status, answer.body), (200, body))
        return answer

    def bent(self, sim, change, body=b'data', headers=()):
        """A PUT whose request is changed before it is signed."""
        request = Request('s3', 'PUT', '/lists/k', body, headers)
        change(request)
        return self.send(sim, request)


class Answers(WriteCase):
    def test_a_put_says_little(self):
        sim = self.started()
        answer = self.put(sim)
        self.assertEqual((answer.status, answer.body), (200, b''))
        self.assertEqual(answer.headers['etag'],
                         '"%s"' % hashlib.md5(b'data').hexdigest())
        self.assertEqual(answer.headers['x-amz-server-side-encryption'],
                         'AES256')
        self.assertNotIn('x-amz-version-id', answer.headers)
        self.assertIn('x-amz-request-id', answer.headers)
        answer = self.get(sim, method='DELETE')
        self.assertEqual((answer.status, answer.body), (204, b''))
        self.assertNotIn('content-length', answer.headers)

    def test_places(self):
        sim = self.started()
        for target, host in (('/lists/a', 'sim.test'),
                             ('/b', 'lists.s3.us-east-1.amazonaws.com'),
                             ('/c', 'lists.localhost:1')):
            self.assertEqual(self.put(sim, target=target,
                                      host=host).status, 200)
        page = json.loads(sim.request('/_sim/s3').body)
        self.assertEqual([row['key'] for row in
                          page['buckets'][0]['objects']], ['a', 'b', 'c'])
        self.assertEqual(page['buckets'][0]['objects'][0]['writer'],
                         'AKIASIMULATEDKEY0001')

    def test_pages_of_the_control(self):
        sim = self.started()
        self.put(sim)
        self.put(sim)
        self.put(sim, b'more')
        self.put(sim, headers=[('If-None-Match', '*')])
        self.get(sim)
        self.head(sim)
        self.get(sim, '/lists?list-type=2')
        bucket = sim.request('/_sim/s3').json()['buckets'][0]
        self.assertEqual(bucket['counts'], {
            'puts': 3, 'puts_of_the_same_bytes': 1, 'deletes': 0, 'gets': 1,
            'heads': 1, 'lists': 1, 'refused': 1})
        self.assertEqual((bucket['objects'][0]['writes'],
                          bucket['objects'][0]['sha256']),
                         (3, sha256(b'more')))
        sim.request('/_sim/reset', method='POST')
        bucket = sim.request('/_sim/s3').json()['buckets'][0]
        self.assertEqual(set(bucket['counts'].values()), {0})
        self.assertEqual(len(bucket['objects']), 1)

    def test_another_region(self):
        sim = self.started()
        answer = self.put(sim, target='/far-away/k')
        root = self.refused(answer, 301, 'PermanentRedirect')
        self.assertEqual(answer.headers['x-amz-bucket-region'], 'eu-west-1')
        self.assertEqual(root.findtext('Region'), 'eu-west-1')
        status, headers = self.head(sim, '/far-away')
        self.assertEqual((status, headers['x-amz-bucket-region']),
                         (301, 'eu-west-1'))
        sim = self.started('--s3-wrong-region', '400')
        answer = self.put(sim, target='/far-away/k')
        root = self.refused(answer, 400, 'AuthorizationHeaderMalformed',
                            "'us-east-1' is wrong; expecting 'eu-west-1'")
        self.assertEqual(root.findtext('Region'), 'eu-west-1')
        self.assertNotIn('x-amz-bucket-region', answer.headers)
        status, headers = self.head(sim, '/far-away')
        self.assertEqual((status, headers['x-amz-bucket-region']),
                         (400, 'eu-west-1'))


class Conditions(WriteCase):
    def test_words_that_are_not_taken(self):
        sim = self.started()
        tag = self.put(sim).headers['etag']
        for headers, name in (
                ([('If-None-Match', tag)], 'If-None-Match'),
                ([('If-None-Match', '')], 'If-None-Match'),
                ([('If-Match', '*')], 'If-Match'),
                ([('If-Match', f'{tag}, "x"')], 'If-Match'),
                ([('If-Match', tag), ('If-None-Match', '*')],
                 'If-Match,If-None-Match')):
            root = self.refused(self.put(sim, b'2', headers), 501,
                                'NotImplemented', 'A header you provided')
            self.assertEqual(root.findtext('Header'), name)
            self.assertTrue(root.findtext('additionalMessage'))
        for name in ('If-Modified-Since', 'If-Unmodified-Since',
                     'x-amz-tagging', 'x-amz-object-lock-mode',
                     'x-amz-write-offset-bytes'):
            root = self.refused(self.put(sim, b'2', [(name, 'x')]), 501,
                                'NotImplemented')
            self.assertEqual(root.findtext('Header'), name)
        self.refused(self.put(sim, b'2', [('If-Match', 'W/' + tag)]), 412,
                     'PreconditionFailed')
        self.stored(sim)

    def test_deletions(self):
        sim = self.started()
        self.put(sim)
        for name in ('x-amz-if-match-size', 'If-None-Match'):
            self.refused(self.get(sim, method='DELETE',
                                  headers=[(name, '4')]), 501,
                         'NotImplemented')
        self.refused(self.get(sim, '/lists/k?versionId=x', 'DELETE'), 501,
                     'NotImplemented')
        self.refused(self.get(sim, '/lists/k?tagging', 'DELETE'), 501,
                     'NotImplemented')
        self.refused(self.get(sim, method='DELETE',
                              headers=[('If-Match', '"x"')]), 412,
                     'PreconditionFailed')
        self.stored(sim)

    def begun(self, sim, body=b'slow', target='/lists/k'):
        """A PUT whose last byte hasn't come yet."""
        sock = sim.connect()
        self.addCleanup(sock.close)
        wire = Request('s3', 'PUT', target, body).wire()
        sock.sendall(wire[:-1])
        while sim.stats()['connections_open'] < 2:
            pass
        return sock, wire[-1:]

    def test_a_write_in_flight_is_a_conflict(self):
        sim = self.started()
        tag = self.put(sim).headers['etag']
        sock, rest = self.begun(sim)
        self.arrived(sim, sock)
        for headers in ([('If-Match', tag)], [('If-None-Match', '*')]):
            self.refused(self.put(sim, b'2', headers), 409,
                         'ConditionalRequestConflict')
        self.refused(self.get(sim, method='DELETE',
                              headers=[('If-Match', tag)]), 409,
                     'ConditionalRequestConflict')
        self.assertEqual(self.put(sim, b'3').status, 200)
        self.assertEqual(self.put(sim, b'o', [('If-None-Match', '*')],
                                  '/lists/other').status, 200)
        sock.sendall(rest)
        self.assertEqual(Answer(drain(sock)[0]).status, 200)
        tag = self.stored(sim, b'slow').headers['etag']
        self.assertEqual(self.put(sim, b'4', [('If-Match', tag)]).status, 200)

    def arrived(self, sim, sock):
        """The head was read: a write with conditions says so."""
        for _ in range(1000):
            if self.put(sim, b'x', [('If-None-Match', '*')]).status == 409:
                return
        self.fail('the head never arrived')


class Digests(WriteCase):
    def test_the_body_is_the_signed_one(self):
        sim = self.started()

        def say(text):
            def change(request):
                request.headers = [(name, text if name ==
                                    'x-amz-content-sha256' else value)
                                   for name, value in request.headers]
            return change
        for text in (sha256(b'other'), 'UNSIGNED-PAYLOAD', 'x',
                     'STREAMING-UNSIGNED-PAYLOAD-TRAILER'):
            self.refused(self.bent(sim, say(text)), 400,
                         'XAmzContentSHA256Mismatch')
        self.refused(self.get(sim), 404, 'NoSuchKey')
        sim = self.started('--s3-tls')
        self.assertEqual(self.bent(sim, say('UNSIGNED-PAYLOAD')).status, 200)
        self.stored(sim)
        self.refused(self.bent(sim, say(sha256(b'other'))), 400,
                     'XAmzContentSHA256Mismatch')

    def test_checksums(self):
        sim = self.started()
        good = {
            'x-amz-checksum-crc32': zlib.crc32(b'data').to_bytes(4, 'big'),
            'x-amz-checksum-sha1': hashlib.sha1(b'data').digest(),
            'x-amz-checksum-sha256': hashlib.sha256(b'data').digest()}
        for name, digest in good.items():
            value = base64.b64encode(digest).decode()
            answer = self.put(sim, headers=[(name, value)])
            self.assertEqual((answer.status, answer.headers[name],
                              answer.headers['x-amz-checksum-type']),
                             (200, value, 'FULL_OBJECT'))
            got = self.get(sim, headers=[('x-amz-checksum-mode', 'ENABLED')])
            self.assertEqual(got.headers[name], value)
            self.assertNotIn(name, self.get(sim).headers)
            self.refused(self.put(sim, b'Data', [(name, value)]), 400,
                         'BadDigest', 'did not match')
            for bad in ('', 'x', value[:-1], value + '=', value[1:] + '=',
                        '*' + value[1:]):
                self.refused(self.put(sim, headers=[(name, bad)]), 400,
                             'InvalidRequest', f'Value for {name} header')
        self.refused(self.put(sim, headers=[
            (name, base64.b64encode(digest).decode())
            for name, digest in list(good.items())[:2]]), 400,
            'InvalidRequest', 'single')
        self.refused(self.put(sim, headers=[
            ('x-amz-sdk-checksum-algorithm', 'CRC32')]), 400,
            'InvalidRequest', 'no corresponding')
        self.refused(self.put(sim, headers=[
            ('x-amz-checksum-crc64nvme', 'AAAAAAAAAAA=')]), 501,
            'NotImplemented')

    def test_md5(self):
        sim = self.started()
        value = base64.b64encode(hashlib.md5(b'data').digest()).decode()
        self.assertEqual(
            self.put(sim, headers=[('Content-MD5', value)]).status, 200)
        self.refused(self.put(sim, b'Data', [('Content-MD5', value)]), 400,
                     'BadDigest')
        for bad in ('', 'x', value[:-2], value + '=='):
            self.refused(self.put(sim, headers=[('Content-MD5', bad)]), 400,
                         'InvalidDigest')


class Framing(WriteCase):
    def chunked(self, data, sizes=(1, 2, 3)):
        out, at, i = b'', 0, 0
        while at < len(data):
            part = data[at:at + sizes[i % len(sizes)]]
            out += b'%x\r\n%s\r\n' % (len(part), part)
            at, i = at + len(part), i + 1
        return out

    def streaming(self, data, trailer='x-amz-checksum-crc32', value=None,
                  length=None, coding='aws-chunked', wrapped=None):
        value = value or base64.b64encode(
            zlib.crc32(data).to_bytes(4, 'big')).decode()
        body = wrapped if wrapped is not None else (
            self.chunked(data) +
            b'0\r\nx-amz-checksum-crc32:%s\r\n\r\n' % value.encode())
        headers = [('Content-Encoding', coding),
                   ('x-amz-decoded-content-length',
                    str(len(data) if length is None else length)),
                   ('x-amz-trailer', trailer)]
        request = Request('s3', 'PUT', '/lists/k', body,
                          [one for one in headers if one[1]])
        request.headers = [
            (name, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' if name ==
             'x-amz-content-sha256' else text)
            for name, text in request.headers]
        return request

    def test_trailers(self):
        sim = self.started('--s3-tls')
        for data in (b'', b'x', b'0123456789' * 50):
            self.assertEqual(self.send(sim, self.streaming(data)).status, 200)
            self.assertNotIn('content-encoding',
                             self.stored(sim, data).headers)
        self.assertEqual(self.send(sim, self.streaming(
            b'z', coding='br,aws-chunked')).status, 200)
        self.assertEqual(self.stored(sim, b'z').headers['content-encoding'],
                         'br')

    def test_bad_trailers(self):
        sim = self.started('--s3-tls')
        for more, code in (
                ({'value': 'AAAAAA=='}, 'BadDigest'),
                ({'value': 'AAAA'}, 'InvalidRequest'),
                ({'trailer': 'x-amz-checksum-sha256'},
                 'MalformedTrailerError'),
                ({'trailer': ''}, 'MalformedTrailerError'),
                ({'length': 3}, 'IncompleteBody'),
                ({'coding': 'gzip'}, 'InvalidRequest'),
                ({'wrapped': b'4\r\ndata\r\n'}, 'IncompleteBody'),
                ({'wrapped': b'4\r\ndataX\r\n0\r\n\r\n'}, 'IncompleteBody'),
                ({'wrapped': b'4\r\ndata\r\n0\r\n\r\n'},
                 'MalformedTrailerError')):
            answer = self.send(sim, self.streaming(b'data', **more))
            self.refused(answer, 400, code)
        request = self.streaming(b'data')
        request.headers = [one for one in request.headers
                           if one[0] != 'x-amz-decoded-content-length']
        self.refused(self.send(sim, request), 411, 'MissingContentLength')
        self.refused(self.get(sim), 404, 'NoSuchKey')

    def in_chunks(self, request, cuts=1 << 20):
        """The same request, its body in HTTP's own chunks."""
        wire = request.wire().replace(
            b'Content-Length: %d' % len(request.body),
            b'Transfer-Encoding: chunked')
        head, _, body = wire.partition(b'\r\n\r\n')
        return head + b'\r\n\r\n' + self.chunked(body, (cuts,)) + \
            b'0\r\n\r\n'

    def test_http_chunks_around_a_stream(self):
        sim = self.started('--s3-tls')
        data = b'0123456789' * 100
        for cuts in (7, 100000):
            got, _ = sim.raw(self.in_chunks(self.streaming(data), cuts))
            self.assertEqual(Answer(got).status, 200)
        self.stored(sim, data)
        self.refused(Answer(sim.raw(self.in_chunks(
            Request('s3', 'PUT', '/lists/k', b'data')))[0]), 501,
            'NotImplemented')

    def test_bad_chunks(self):
        sim = self.started('--s3-tls')
        wire = self.in_chunks(self.streaming(b'data'))
        head, _, _ = wire.partition(b'\r\n\r\n')
        for body in (b'x\r\n', b'\r\n', b'123456789\r\n', b'1\nx\r\n',
                     b'1\r\nxy\r\n', b'0\r\nno colon\r\n\r\n',
                     b'1' + b';' * 5000 + b'\r\n'):
            got, _ = sim.raw(head + b'\r\n\r\n' + body)
            self.assertEqual(Answer(got).status, 400, body)
        got, _ = sim.raw(wire.replace(
            b'\r\n\r\n', b'\r\nContent-Length: 4\r\n\r\n', 1))
        self.assertEqual(Answer(got).status, 400)

    def test_a_length_is_needed(self):
        sim = self.started()
        wire = Request('s3', 'PUT', '/lists/k').wire()
        got, _ = sim.raw(wire.replace(b'Content-Length: 0\r\n', b''))
        self.refused(Answer(got), 411, 'MissingContentLength')
        got, _ = sim.raw(wire.replace(b'Content-Length: 0',
                                      b'Content-Length: 99999999'))
        self.assertEqual(Answer(got).status, 413)

    def test_who_asks_first_is_told_to_go_on(self):
        sim = self.started()
        wire = Request('s3', 'PUT', '/lists/k', b'data', [
            ('Expect', '100-continue')]).wire()
        with sim.connect() as sock:
            sock.sendall(wire[:-4])
            self.assertEqual(sock.recv(100),
                             b'HTTP/1.1 100 Continue\r\n\r\n')
            sock.sendall(b'data')
            self.assertEqual(Answer(drain(sock)[0]).status, 200)
        got, _ = sim.raw(wire.replace(b'100-continue', b'more'))
        self.assertEqual(Answer(got).status, 417)

    def test_bodies_in_pieces_and_requests_in_a_row(self):
        sim = self.started()
        wire = b''.join(
            Request('s3', 'PUT', f'/lists/{n}', b'body %d' % n).wire(
                close=n == 4) for n in range(5))
        for step in (1, 97, len(wire)):
            with sim.connect() as sock:
                for at in range(0, len(wire), step):
                    sock.sendall(wire[at:at + step])
                data, reset = drain(sock)
            self.assertFalse(reset)
            self.assertEqual(data.count(b'HTTP/1.1 200 OK'), 5)
        for n in range(5):
            self.stored(sim, b'body %d' % n, f'/lists/{n}')

    def test_a_client_that_goes_leaves_nothing(self):
        sim = self.started()
        wire = Request('s3', 'PUT', '/lists/k', b'x' * 1000).wire()
        with sim.connect() as sock:
            sock.sendall(wire[:-1])
            sock.shutdown(socket.SHUT_WR)
            drain(sock)
        self.refused(self.get(sim), 404, 'NoSuchKey')
        self.assertEqual(self.put(sim, headers=[
            ('If-None-Match', '*')]).status, 200)


class Options(WriteCase):
    def test_bad_ones(self):
        for name, value in (('s3-bucket', 'b=nowhere'), ('s3-bucket', '=x'),
                            ('s3-bucket', 'b,owner:1'), ('s3-bucket', 'b,x'),
                            ('s3-region', 'b'), ('s3-wrong-region', '302')):
            self.bad_option(name, value)

    def test_keys_may_be_named_by_comma_or_again(self):
        sim = self.started('--kms-key', 'one,other', '--gd-findings', '5',
                           '--kms-key', 'two')
        for key, status in (('one', 200), ('two', 200), ('three', 400)):
            answer = self.put(sim, headers=[
                ('x-amz-server-side-encryption', 'aws:kms'),
                ('x-amz-server-side-encryption-aws-kms-key-id', key)])
            self.assertEqual(answer.status, status, key)

    def test_regions_and_owners_in_any_order(self):
        sim = self.sim('--s3-region', 'one=eu-west-1', '--s3-bucket', 'one',
                       '--s3-bucket', 'two,owner:999988887777',
                       '--s3-region', 'two=eu-west-1', '--s3-bucket',
                       'three=eu-west-1,owner:999988887777')
        self.assertEqual(
            [(row['name'], row['region'], row['owner'])
             for row in sim.request('/_sim/s3').json()['buckets']],
            [('one', 'eu-west-1', '111122223333'),
             ('two', 'eu-west-1', '999988887777'),
             ('three', 'eu-west-1', '999988887777')])


class Keys(WriteCase):
    def test_odd_keys(self):
        sim = self.started()
        for key in ('a' * 1024, 'é' * 512, 'a/../b', './x', 'x//', '/x',
                    'a/b/../../c', ' ', '...', 'a..b', '?#&+%'):
            target = '/lists/' + quote(key, safe='/-._~')
            answer = self.put(sim, key.encode(), target=target)
            self.assertEqual(answer.status, 200, (key, answer.body))
            self.stored(sim, key.encode(), target)

    def test_keys_that_are_none(self):
        sim = self.started()
        self.refused(self.put(sim, target='/lists/' + 'a' * 1025), 400,
                     'KeyTooLongError')
        for key in ('..', '../x', 'a/../../b', '%2E%2E/x'):
            self.refused(self.put(sim, target='/lists/' + key), 400,
                         'InvalidURI')
        for key in ('a%00b', 'a%zz'):
            self.refused(self.put(sim, target='/lists/' + key), 400,
                         'InvalidURI')
        self.refused(self.put(sim, target='/nowhere/k'), 404, 'NoSuchBucket')
        for query in ('?uploads', '?partNumber=1&uploadId=x', '?acl'):
            self.refused(self.put(sim, target='/lists/k' + query), 501,
                         'NotImplemented')

    def test_metadata(self):
        sim = self.started()
        headers = [('x-amz-meta-A', 'x' * 2047)]
        self.assertEqual(self.put(sim, headers=headers).status, 200)
        self.assertEqual(self.stored(sim).headers['x-amz-meta-a'],
                         'x' * 2047)
        self.refused(self.put(sim, headers=[('x-amz-meta-A', 'x' * 2048)]),
                     400, 'MetadataTooLarge')
        self.refused(self.put(sim, headers=[('Content-Type', 'x' * 256)]),
                     400, 'InvalidArgument')
        self.assertEqual(self.put(sim, headers=[
            ('Content-Type', 'text/plain')]).status, 200)
        self.assertEqual(self.stored(sim).headers['content-type'],
                         'text/plain')

    def test_ranges_and_tags_of_what_was_put(self):
        sim = self.started()
        tag = self.put(sim).headers['etag']
        answer = self.get(sim, headers=[('Range', 'bytes=1-2')])
        self.assertEqual((answer.status, answer.body,
                          answer.headers['content-range']),
                         (206, b'at', 'bytes 1-2/4'))
        self.refused(self.get(sim, headers=[('Range', 'bytes=4-')]), 416,
                     'InvalidRange')
        self.assertEqual(self.get(sim, headers=[
            ('If-None-Match', tag)]).status, 304)
        self.refused(self.get(sim, headers=[('If-Match', '"x"')]), 412,
                     'PreconditionFailed')


class Encryption(WriteCase):
    SSE = 'x-amz-server-side-encryption'

    def test_customers_keys_need_tls(self):
        sim = self.started()
        self.refused(self.put(sim, headers=[
            (self.SSE + '-customer-algorithm', 'AES256')]), 400,
            'InvalidRequest', 'secure connection')
        sim = self.started('--s3-tls')
        key = base64.b64encode(b'k' * 32).decode()
        md5 = base64.b64encode(hashlib.md5(b'k' * 32).digest()).decode()
        for headers in (
                {'algorithm': 'AES256'}, {'algorithm': 'AES256', 'key': key},
                {'algorithm': 'AES128', 'key': key, 'key-MD5': md5},
                {'algorithm': 'AES256', 'key': 'eHg=', 'key-MD5': md5},
                {'algorithm': 'AES256', 'key': key, 'key-MD5': 'eHg='}):
            self.refused(self.put(sim, headers=[
                (f'{self.SSE}-customer-{name}', value)
                for name, value in headers.items()]), 400, 'InvalidArgument')

    def test_explicit_words_of_denials(self):
        sim = self.started('--aws-deny-explicit', '*/*/PutObject')
        self.refused(self.put(sim), 403, 'AccessDenied',
                     'with an explicit deny in an identity-based policy')


if __name__ == '__main__':
    unittest.main()
