# SPDX-License-Identifier: Apache-2.0
"""boto3 writes to the simulated S3, unaware of what it is."""
import base64
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest
import zlib

from aws_signer import ACCOUNT
from boto_case import Boto, Config, boto3

KEYS = ('a/1', 'b c/ä+~=&(x).txt', "quote's*!", 'dots/./../x', 'z//z', 'é')


class S3Boto(Boto):
    def started(self, *args, **more):
        sim = super().started('--s3-bucket', 'lists', '--s3-bucket',
                              'far-away=eu-west-1,owner:999988887777', *args,
                              **more)
        self.s3 = self.client('s3')
        return sim

    def put(self, key='k', body=b'data', **more):
        return self.s3.put_object(Bucket='lists', Key=key, Body=body, **more)

    def read(self, key='k', **more):
        got = self.s3.get_object(Bucket='lists', Key=key, **more)
        return got['Body'].read()

    def put_code(self, *args, **more):
        return self.code(self.put, *args, **more)

    def bucket(self, sim, name='lists'):
        page = sim.request('/_sim/s3').json()
        return [one for one in page['buckets'] if one['name'] == name][0]


class Objects(S3Boto):
    def test_what_is_put_is_read_listed_and_deleted(self):
        sim = self.started()
        for key in KEYS:
            put = self.put(key, key.encode() * 3)
            self.assertEqual(put['ETag'], '"%s"' % hashlib.md5(
                key.encode() * 3).hexdigest())
            got = self.s3.get_object(Bucket='lists', Key=key)
            self.assertEqual(got['Body'].read(), key.encode() * 3)
            self.assertEqual(got['ETag'], put['ETag'])
            head = self.s3.head_object(Bucket='lists', Key=key)
            self.assertEqual(head['ContentLength'], len(key.encode()) * 3)
            self.assertEqual(head['ContentType'], 'binary/octet-stream')
        pages = self.s3.get_paginator('list_objects_v2').paginate(
            Bucket='lists', PaginationConfig={'PageSize': 2})
        rows = [row for page in pages for row in page['Contents']]
        self.assertEqual([row['Key'] for row in rows],
                         sorted(KEYS, key=str.encode))
        for key in KEYS:
            answer = self.s3.delete_object(Bucket='lists', Key=key)
            self.assertEqual(answer['ResponseMetadata']['HTTPStatusCode'],
                             204)
            self.assertEqual(self.code(self.read, key), 'NoSuchKey')
        self.s3.delete_object(Bucket='lists', Key='never')
        self.assertEqual(
            self.s3.list_objects_v2(Bucket='lists')['KeyCount'], 0)
        self.untouched(sim)
        bucket = self.bucket(sim)
        self.assertEqual((bucket['counts']['puts'],
                          bucket['counts']['deletes'], bucket['objects'],
                          len(bucket['deleted'])), (6, 7, [], 6))

    def test_metadata_and_headers_come_back(self):
        self.started()
        kept = {'ContentType': 'text/plain; charset=utf-8',
                'CacheControl': 'no-store', 'ContentLanguage': 'de',
                'ContentEncoding': 'identity',
                'ContentDisposition': 'attachment'}
        self.put(Metadata={'writer': 'x-1', 'b': '2'}, **kept)
        for function in (self.s3.get_object, self.s3.head_object):
            got = function(Bucket='lists', Key='k')
            self.assertEqual(got['Metadata'], {'writer': 'x-1', 'b': '2'})
            for name, value in kept.items():
                self.assertEqual(got[name], value)
            self.assertEqual(got['ServerSideEncryption'], 'AES256')
        self.put(body=b'other')
        self.assertEqual(self.s3.head_object(
            Bucket='lists', Key='k')['Metadata'], {})
        self.assertEqual(self.put_code(Metadata={'a': 'x' * 2048}),
                         'MetadataTooLarge')

    def test_forty_megabytes(self):
        sim = self.started()
        data = os.urandom(1 << 20) * 40
        put = self.put(body=data)
        self.assertEqual(put['ETag'].strip('"'),
                         hashlib.md5(data).hexdigest())
        self.assertEqual(hashlib.sha256(self.read()).digest(),
                         hashlib.sha256(data).digest())
        self.assertEqual(self.read(Range='bytes=41943030-'), data[-10:])
        row = self.bucket(sim)['objects'][0]
        self.assertEqual((row['size'], row['sha256']),
                         (len(data), hashlib.sha256(data).hexdigest()))

    def test_checksums(self):
        self.started()
        crc = base64.b64encode(zlib.crc32(b'data').to_bytes(4, 'big')).decode()
        self.assertEqual(crc, 'rfPzYw==')
        self.assertEqual(self.put()['ChecksumCRC32'], crc)
        self.assertEqual(self.s3.head_object(
            Bucket='lists', Key='k',
            ChecksumMode='ENABLED')['ChecksumCRC32'], crc)
        sha = base64.b64encode(hashlib.sha256(b'data').digest()).decode()
        self.assertEqual(self.put(ChecksumSHA256=sha)['ChecksumSHA256'], sha)
        self.assertEqual(self.put_code(ChecksumSHA256=sha.replace(
            sha[0], 'A' if sha[0] != 'A' else 'B', 1)), 'BadDigest')
        self.assertEqual(self.put_code(ChecksumCRC32='rfPzYg=='), 'BadDigest')
        self.assertEqual(self.put_code(ChecksumCRC32='x'), 'InvalidRequest')
        self.assertEqual(self.put_code(ContentMD5='x'), 'InvalidDigest')
        self.assertEqual(self.put_code(ContentMD5=base64.b64encode(
            b'0' * 16).decode()), 'BadDigest')

    def test_versions_if_wanted(self):
        self.started('--s3-versions')
        one = self.put()['VersionId']
        two = self.put(body=b'more')['VersionId']
        self.assertNotEqual(one, two)
        self.assertEqual(self.read(VersionId=two), b'more')
        self.assertEqual(self.code(self.read, VersionId=one),
                         'NoSuchVersion')
        gone = self.s3.delete_object(Bucket='lists', Key='k')
        self.assertTrue(gone['DeleteMarker'])
        self.assertEqual(len(gone['VersionId']), 32)
        self.assertNotIn('VersionId', self.s3.list_objects_v2(
            Bucket='lists'))

    def test_files_below_are_hidden_and_left_alone(self):
        with tempfile.TemporaryDirectory() as root:
            for key in ('one', 'two', 'deep/three'):
                path = os.path.join(root, 'files', key)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w', encoding='ascii') as file:
                    file.write('file ' + key)
            self.started('--s3-root', root)
            tag = self.s3.head_object(Bucket='files', Key='one')['ETag']
            self.s3.put_object(Bucket='files', Key='one', Body=b'written',
                               IfMatch=tag)
            self.s3.delete_object(Bucket='files', Key='two')
            self.s3.put_object(Bucket='files', Key='four', Body=b'4')
            rows = self.s3.list_objects_v2(Bucket='files')['Contents']
            self.assertEqual([(row['Key'], row['Size']) for row in rows],
                             [('deep/three', 15), ('four', 1), ('one', 7)])
            got = self.s3.get_object(Bucket='files', Key='one')
            self.assertEqual(got['Body'].read(), b'written')
            self.assertEqual(self.code(
                self.s3.get_object, Bucket='files', Key='two'), 'NoSuchKey')
            with open(os.path.join(root, 'files', 'one'),
                      encoding='ascii') as file:
                self.assertEqual(file.read(), 'file one')


class Conditions(S3Boto):
    def test_only_if_absent(self):
        self.started()
        self.put(IfNoneMatch='*')
        self.assertEqual(self.put_code(body=b'2', IfNoneMatch='*'),
                         'PreconditionFailed')
        self.assertEqual(self.read(), b'data')
        self.s3.delete_object(Bucket='lists', Key='k')
        self.put(body=b'3', IfNoneMatch='*')
        self.assertEqual(self.read(), b'3')

    def test_only_if_unchanged(self):
        self.started()
        self.assertEqual(self.put_code(IfMatch='"x"'), 'NoSuchKey')
        old = self.put()['ETag']
        new = self.put(body=b'2', IfMatch=old)['ETag']
        self.assertEqual(self.put_code(body=b'3', IfMatch=old),
                         'PreconditionFailed')
        self.put(body=b'4', IfMatch=new.strip('"'))
        self.assertEqual(self.read(), b'4')

    def test_what_s3_does_not_take(self):
        self.started()
        tag = self.put()['ETag']
        for more in ({'IfNoneMatch': tag}, {'IfMatch': '*'},
                     {'IfMatch': tag, 'IfNoneMatch': '*'}):
            self.assertEqual(self.put_code(body=b'2', **more),
                             'NotImplemented')
        self.assertEqual(self.put_code(ACL='public-read'), 'NotImplemented')
        self.assertEqual(self.put_code(StorageClass='GLACIER'),
                         'InvalidStorageClass')
        self.assertEqual(self.code(
            self.s3.copy_object, Bucket='lists', Key='c',
            CopySource='lists/k'), 'NotImplemented')
        self.assertEqual(self.read(), b'data')

    def test_deleting_what_is_known(self):
        self.started()
        tag = self.put()['ETag']

        def delete(match):
            return self.s3.delete_object(Bucket='lists', Key='k',
                                         IfMatch=match)
        self.assertEqual(self.code(delete, '"x"'), 'PreconditionFailed')
        delete(tag)
        self.assertEqual(self.code(delete, tag), 'NoSuchKey')
        self.assertEqual(self.code(delete, '*'), 'NoSuchKey')
        self.put()
        delete('*')
        self.assertEqual(self.code(self.read), 'NoSuchKey')


class Places(S3Boto):
    def test_boto3_follows_to_the_buckets_region(self):
        for how in ('301', '400'):
            with self.subTest(how):
                sim = self.started('--s3-wrong-region', how)
                self.s3.put_object(Bucket='far-away', Key='k', Body=b'x')
                got = self.s3.get_object(Bucket='far-away', Key='k')
                self.assertEqual(got['Body'].read(), b'x')
                head = self.s3.head_bucket(Bucket='far-away')
                self.assertEqual(head['BucketRegion'], 'eu-west-1')
                self.assertEqual(self.bucket(sim, 'far-away')['region'],
                                 'eu-west-1')

    def test_the_expected_owner(self):
        self.started()
        self.put(ExpectedBucketOwner=ACCOUNT)
        self.assertEqual(self.put_code(ExpectedBucketOwner='999988887777'),
                         'AccessDenied')
        self.assertEqual(self.put_code(ExpectedBucketOwner='1'),
                         'InvalidBucketOwnerAWSAccountID')
        far = self.client('s3', region_name='eu-west-1')
        far.put_object(Bucket='far-away', Key='k', Body=b'',
                       ExpectedBucketOwner='999988887777')
        self.assertEqual(self.code(far.head_bucket, Bucket='far-away',
                                   ExpectedBucketOwner=ACCOUNT), '403')

    def test_permissions_one_by_one(self):
        for name, denied in (('PutObject', 'put'), ('GetObject', 'get'),
                             ('ListObjectsV2', 'list'),
                             ('HeadBucket', 'bucket'),
                             ('DeleteObject', 'delete')):
            self.started('--aws-deny', '*/*/' + name)
            codes = {}
            for label, function in (
                    ('put', lambda: self.put()),
                    ('get', lambda: self.read()),
                    ('list', lambda: self.s3.list_objects_v2(
                        Bucket='lists')),
                    ('bucket', lambda: self.s3.head_bucket(Bucket='lists')),
                    ('delete', lambda: self.s3.delete_object(
                        Bucket='lists', Key='k'))):
                try:
                    function()
                except self.s3.exceptions.ClientError as error:
                    codes[label] = error.response['Error']['Code']
            wanted = {denied: '403' if denied == 'bucket' else 'AccessDenied'}
            if denied == 'put':
                wanted['get'] = 'NoSuchKey'
            self.assertEqual(codes, wanted)

    def test_a_condition_takes_the_right_to_read(self):
        self.started('--aws-deny', '*/*/GetObject')
        self.put(IfNoneMatch='*')
        self.assertEqual(self.put_code(IfMatch='"x"'), 'AccessDenied')
        self.assertEqual(self.code(self.s3.delete_object, Bucket='lists',
                                   Key='k', IfMatch='"x"'), 'AccessDenied')
        self.s3.delete_object(Bucket='lists', Key='k', IfMatch='*')

    def test_what_is_absent_without_the_right_to_list(self):
        for name in ('ListObjectsV2', 'ListBucket', 's3:ListBucket'):
            self.started('--aws-deny', '*/*/' + name)
            self.assertEqual(self.code(self.read, 'no'), 'AccessDenied')
            self.assertEqual(self.code(self.s3.head_object, Bucket='lists',
                                       Key='no'), '403')
            self.put()
            self.assertEqual(self.read(), b'data')


class Encryption(S3Boto):
    ID = '1234abcd-12ab-34cd-56ef-1234567890ab'

    def test_kms(self):
        arn = f'arn:aws:kms:us-east-1:{ACCOUNT}:key/{self.ID}'
        sim = self.started('--kms-key', self.ID, '--kms-key', 'alias/lists')
        for key in (self.ID, arn, 'alias/lists', None):
            more = {'SSEKMSKeyId': key} if key else {}
            put = self.put(ServerSideEncryption='aws:kms', **more)
            self.assertEqual(put['ServerSideEncryption'], 'aws:kms')
            if key in (self.ID, arn):
                self.assertEqual(put['SSEKMSKeyId'], arn)
            self.assertRegex(put['ETag'], '^"[0-9a-f]{32}"$')
            self.assertNotEqual(put['ETag'].strip('"'),
                                hashlib.md5(b'data').hexdigest())
            got = self.s3.get_object(Bucket='lists', Key='k')
            self.assertEqual((got['ServerSideEncryption'], got['ETag'],
                              got['Body'].read()),
                             ('aws:kms', put['ETag'], b'data'))
        self.assertEqual(self.bucket(sim)['objects'][0]['encryption'],
                         'aws:kms')
        for key in ('00000000-12ab-34cd-56ef-1234567890ab', 'alias/other',
                    arn.replace('us-east-1', 'eu-west-1')):
            self.assertEqual(
                self.put_code(ServerSideEncryption='aws:kms',
                              SSEKMSKeyId=key), 'KMS.NotFoundException')
        self.assertEqual(self.put_code(SSEKMSKeyId=self.ID),
                         'InvalidArgument')
        self.assertEqual(self.put_code(ServerSideEncryption='rot13'),
                         'InvalidArgument')

    def test_the_right_to_the_key(self):
        self.started('--aws-deny', '*/*/kms:GenerateDataKey')
        self.put()
        self.assertEqual(self.put_code(ServerSideEncryption='aws:kms'),
                         'AccessDenied')
        self.started('--aws-deny', '*/*/kms:Decrypt')
        self.put(ServerSideEncryption='aws:kms')
        self.assertEqual(self.code(self.read), 'AccessDenied')


class Proxy:
    """TLS before the simulator, as a load balancer would have it."""

    def __init__(self, folder, port):
        pem = os.path.join(folder, 'cert.pem')
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048',
                        '-nodes', '-keyout', pem, '-out', pem + '.crt',
                        '-days', '2', '-subj', '/CN=localhost', '-addext',
                        'subjectAltName=DNS:localhost'], check=True,
                       capture_output=True)
        self.bundle = pem + '.crt'
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.bundle, pem)
        self.target = port
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        try:
            with self.context.wrap_socket(sock, server_side=True) as tls, \
                    socket.create_connection(
                        ('127.0.0.1', self.target)) as plain:
                back = threading.Thread(target=self.copy, args=(plain, tls))
                back.start()
                self.copy(tls, plain)
                back.join()
        except OSError:
            pass

    @staticmethod
    def copy(one, other):
        try:
            while data := one.recv(1 << 16):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
        except OSError:
            pass


class OverTls(S3Boto):
    """Where boto3 signs no bodies and sends checksums as trailers."""

    def setUp(self):
        super().setUp()
        if shutil.which('openssl') is None:
            print('skipped: the command openssl is absent')
            raise unittest.SkipTest('the command openssl is absent')

    def started(self, *args, **more):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        sim = super().started(*args, **more)
        proxy = Proxy(folder.name, sim.port)
        self.addCleanup(proxy.listener.close)
        self.s3 = self.client(
            's3', endpoint_url=f'https://localhost:{proxy.port}',
            verify=proxy.bundle)
        return sim

    def test_streams_with_trailers(self):
        seen = []
        sim = self.started('--s3-tls')
        self.s3.meta.events.register(
            'before-send.s3.PutObject',
            lambda request, **_: seen.append(dict(request.headers)))
        for size in (0, 1, 70000, 3000000):
            data = os.urandom(size)
            self.put(body=data)
            self.assertEqual(self.read(), data)
            head = self.s3.head_object(Bucket='lists', Key='k',
                                       ChecksumMode='ENABLED')
            self.assertEqual(base64.b64decode(head['ChecksumCRC32']),
                             zlib.crc32(data).to_bytes(4, 'big'))
            self.assertNotIn('ContentEncoding', head)
        self.put(body=b'x', ContentEncoding='gzip', ChecksumAlgorithm='SHA256')
        self.assertEqual(self.s3.head_object(
            Bucket='lists', Key='k')['ContentEncoding'], 'gzip')
        for headers in seen:
            self.assertEqual(headers['X-Amz-Content-SHA256'],
                             b'STREAMING-UNSIGNED-PAYLOAD-TRAILER')
        self.assertEqual(len(seen), 5)
        self.untouched(sim)

    def test_not_without_the_switch(self):
        self.started()
        self.assertEqual(self.put_code(), 'XAmzContentSHA256Mismatch')

    def test_customers_keys(self):
        sim = self.started('--s3-tls')
        key = {'SSECustomerAlgorithm': 'AES256', 'SSECustomerKey': b'k' * 32}
        self.put(**key)
        self.assertEqual(self.read(**key), b'data')
        self.assertEqual(self.code(self.read), 'InvalidRequest')
        self.assertEqual(self.code(self.read, SSECustomerAlgorithm='AES256',
                                   SSECustomerKey=b'o' * 32),
                         'InvalidRequest')
        self.assertEqual(self.bucket(sim)['objects'][0]['encryption'],
                         'customer')


class Faults(S3Boto):
    def test_boto3_tries_again(self):
        for fault in ('503', '500', 'error-in-200', 'reset-undone',
                      'throttling'):
            sim = self.started('--fault', f'{fault}=nth:1,op:PutObject')
            self.s3 = boto3.Session().client('s3', config=Config(
                retries={'mode': 'standard', 'total_max_attempts': 3}))
            self.addCleanup(self.s3.close)
            self.put(IfNoneMatch='*')
            self.assertEqual(sim.stats()['faults'], {fault: 1})
            self.assertEqual(self.bucket(sim)['counts']['puts'], 1)

    def test_our_own_write_stands_in_our_way(self):
        for fault in ('lost', '500-done'):
            sim = self.started('--fault', f'{fault}=nth:1,op:PutObject')
            self.s3 = boto3.Session().client('s3', config=Config(
                retries={'mode': 'standard', 'total_max_attempts': 3}))
            self.addCleanup(self.s3.close)
            self.assertEqual(self.put_code(IfNoneMatch='*'),
                             'PreconditionFailed')
            self.assertEqual(self.read(), b'data')
            self.assertEqual(self.bucket(sim)['counts']['refused'], 1)

    def test_a_conflict(self):
        self.started('--fault', 'conflict=always')
        self.put()
        tag = self.s3.head_object(Bucket='lists', Key='k')['ETag']
        self.assertEqual(self.put_code(body=b'2', IfMatch=tag),
                         'ConditionalRequestConflict')
        self.put(body=b'2', IfMatch=tag)


if __name__ == '__main__':
    unittest.main()
