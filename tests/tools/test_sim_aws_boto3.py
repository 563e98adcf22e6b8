# SPDX-License-Identifier: Apache-2.0
"""Outside judges: boto3 uses the simulator unaware, and the signer that the
other tests use makes what AWS and botocore made."""
import json
import os
import tempfile
import unittest

from aws_case import ROLE
from aws_signer import ACCOUNT, KEY, SECRET, Request, shared
from boto_case import Boto, Config, boto3


class Judged(unittest.TestCase):
    def read(self, name):
        path = shared('samples', 'sigv4', name)
        if path is None:
            print(f'skipped: no samples/sigv4/{name}')
            return []
        with open(path, encoding='utf-8') as file:
            return json.load(file)

    def check(self, case, headers, token, signature):
        request = Request(case['service'], case['method'], case['path'],
                          case['body'].encode(), region=case['region'],
                          keys=(case['access_key_id'],
                                case['secret_access_key'], token),
                          when=case['amz_date'])
        request.headers = headers
        if case['query']:
            request.target += '?' + case['query']
        self.assertEqual(request.canonical(), case['canonical_request'])
        self.assertEqual(request.signature(), signature)

    def test_examples_of_the_s3_reference(self):
        for case in self.read('s3-doc-examples.json'):
            with self.subTest(case['name']):
                headers = [tuple(line.split(': ', 1))
                           for line in case['headers_to_sign']]
                self.check(case, headers, None, case['signature'])

    def test_requests_that_botocore_signed(self):
        for case in self.read('botocore-generated.json'):
            with self.subTest(case['name']):
                self.check(case, [tuple(h) for h in case['headers_to_sign']],
                           case['session_token'],
                           case['authorization'].split('Signature=')[1])


class Sts(Boto):
    def test_who_am_i_and_another_role(self):
        sim = self.started('--aws-role', ROLE + ',external-id:x/1')
        sts = self.client('sts')
        self.assertEqual(sts.get_caller_identity()['Account'], ACCOUNT)
        ask = {'RoleArn': ROLE, 'RoleSessionName': 'sess'}
        self.assertEqual(self.code(sts.assume_role, **ask), 'AccessDenied')
        keys = sts.assume_role(ExternalId='x/1', **ask)['Credentials']
        other = self.client(
            'sts', aws_access_key_id=keys['AccessKeyId'],
            aws_secret_access_key=keys['SecretAccessKey'],
            aws_session_token=keys['SessionToken'], region_name='eu-west-1')
        self.assertEqual(other.get_caller_identity()['Arn'],
                         'arn:aws:sts::444455556666:assumed-role/reader/sess')
        self.untouched(sim)

    def test_web_identity_by_environment(self):
        with tempfile.NamedTemporaryFile('w') as file:
            file.write('eyJ0.web')
            file.flush()
            sim = self.started(
                '--aws-role', ROLE, '--aws-web-identity-token', 'eyJ0.web',
                env=lambda url: {'AWS_ROLE_ARN': ROLE,
                                 'AWS_ROLE_SESSION_NAME': 'web',
                                 'AWS_WEB_IDENTITY_TOKEN_FILE': file.name})
            arn = self.client('sts').get_caller_identity()['Arn']
        self.assertTrue(arn.endswith(':assumed-role/reader/web'), arn)
        self.untouched(sim)

    def test_codes_of_refused_signatures(self):
        self.started()
        for more, code in (
                ({'aws_secret_access_key': 'no'}, 'SignatureDoesNotMatch'),
                ({'aws_access_key_id': 'AKIANO'}, 'InvalidClientTokenId'),
                ({'aws_session_token': 'no'}, 'InvalidClientTokenId')):
            keys = {'aws_access_key_id': KEY, 'aws_secret_access_key': SECRET}
            sts = self.client('sts', **{**keys, **more})
            self.assertEqual(self.code(sts.get_caller_identity), code)


class Sources(Boto):
    def test_instance(self):
        sim = self.started(env=lambda url: {
            'AWS_EC2_METADATA_SERVICE_ENDPOINT': url,
            'AWS_EC2_METADATA_V1_DISABLED': 'true'})
        arn = self.client('sts').get_caller_identity()['Arn']
        self.assertIn(':assumed-role/sim-instance/', arn)
        self.untouched(sim)

    def test_container(self):
        sim = self.started('--container-token', 'T', env=lambda url: {
            'AWS_CONTAINER_CREDENTIALS_FULL_URI': url + '/v1/credentials',
            'AWS_CONTAINER_AUTHORIZATION_TOKEN': 'T'})
        arn = self.client('sts').get_caller_identity()['Arn']
        self.assertIn(':assumed-role/sim-container/', arn)
        self.untouched(sim)


class GuardDuty(Boto):
    def test_detectors_and_errors(self):
        sim = self.started('--aws-deny', '*/eu-west-1', '--aws-not-enabled',
                           'me-south-1', '--aws-throttle', '*/us-west-2=0/9')
        ids = self.client('guardduty').list_detectors()['DetectorIds']
        self.assertEqual(len(ids), 1)
        for region, code in (('eu-west-1', 'AccessDeniedException'),
                             ('me-south-1', 'UnrecognizedClientException'),
                             ('us-west-2', 'ThrottlingException')):
            client = self.client('guardduty', region_name=region)
            self.assertEqual(self.code(client.list_detectors), code)
        self.untouched(sim)

    def test_arns_in_the_path_and_odd_tokens(self):
        sim = self.started()
        client = self.client('guardduty')
        for function, more in (
                (client.list_tags_for_resource, {
                    'ResourceArn': 'arn:aws:guardduty:us-east-1:'
                                   f'{ACCOUNT}:detector/ab'}),
                (client.untag_resource, {
                    'ResourceArn': 'arn:aws:guardduty:us-east-1:'
                                   f'{ACCOUNT}:detector/ab',
                    'TagKeys': ['b', 'a b', 'ä', '+/=']}),
                (client.list_detectors, {'NextToken': 'a b+/=&~ä'})):
            self.code(function, **more)
        self.untouched(sim)

    def test_retries_of_boto3_get_through_faults(self):
        sim = self.started(
            '--fault', 'throttling=once', '--fault', '503=once',
            '--fault', 'reset-head=once')
        client = boto3.Session().client('guardduty', config=Config(
            retries={'mode': 'standard', 'total_max_attempts': 5}))
        self.addCleanup(client.close)
        self.assertEqual(len(client.list_detectors()['DetectorIds']), 1)
        self.assertEqual(sum(sim.stats()['faults'].values()), 3)


class S3(Boto):
    KEYS = ('a/1', 'a/2', 'b c/ä+~=&(x).txt', "quote's*!", 'z')

    def started(self, *args, **more):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for bucket in ('here', 'there'):
            for key in self.KEYS:
                path = os.path.join(folder.name, bucket, key)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                with open(path, 'w', encoding='utf-8') as file:
                    file.write(bucket + key)
        return super().started('--s3-root', folder.name, '--s3-region',
                               'there=eu-west-1', *args, **more)

    def test_lists_and_objects(self):
        sim = self.started()
        s3 = self.client('s3')
        pages = list(s3.get_paginator('list_objects_v2').paginate(
            Bucket='here', PaginationConfig={'PageSize': 2}))
        self.assertEqual([page['KeyCount'] for page in pages], [2, 2, 1])
        keys = [one['Key'] for page in pages for one in page['Contents']]
        self.assertEqual(sorted(keys), sorted(self.KEYS))
        for key in keys:
            got = s3.get_object(Bucket='here', Key=key)
            self.assertEqual(got['Body'].read().decode(), 'here' + key)
            head = s3.head_object(Bucket='here', Key=key)
            self.assertEqual(head['ETag'], got['ETag'])
        self.untouched(sim)

    def test_redirect_to_the_buckets_region(self):
        self.started()
        s3 = self.client('s3')
        self.assertEqual(s3.head_bucket(Bucket='there')['BucketRegion'],
                         'eu-west-1')
        got = s3.get_object(Bucket='there', Key='z')
        self.assertEqual(got['Body'].read(), b'therez')

    def test_errors(self):
        self.started()
        s3 = self.client('s3')
        self.assertEqual(self.code(s3.get_object, Bucket='here', Key='no'),
                         'NoSuchKey')
        self.assertEqual(self.code(s3.list_objects_v2, Bucket='nowhere'),
                         'NoSuchBucket')
        self.assertEqual(self.code(s3.head_bucket, Bucket='nowhere'), '404')
        got = s3.get_object(Bucket='here', Key='z')
        self.assertEqual(self.code(s3.get_object, Bucket='here', Key='z',
                                   IfNoneMatch=got['ETag']), '304')


if __name__ == '__main__':
    unittest.main()
