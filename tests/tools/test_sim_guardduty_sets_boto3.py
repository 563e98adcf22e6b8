# SPDX-License-Identifier: Apache-2.0
"""boto3 as the judge of custom lists: it must be able to use them unaware,
and see their errors as the right exceptions."""
import datetime
import time
import unittest

from aws_signer import KEY, SECRET
from guardduty_sets_case import (DOMAINS, IDS, KINDS, SetsCase, sha256, where)

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError
except ImportError:
    boto3 = None

NOUNS = {'threatintelset': ('threat_intel_set', 'ThreatIntelSet'),
         'threatentityset': ('threat_entity_set', 'ThreatEntitySet'),
         'ipset': ('ip_set', 'IpSet'),
         'trustedentityset': ('trusted_entity_set', 'TrustedEntitySet')}


class Judge:
    """One kind of sets through one client."""

    def __init__(self, client, kind):
        self.client, self.kind = client, kind
        self.snake, self.noun = NOUNS[kind]
        self.detector = [one for page in client.get_paginator(
            'list_detectors').paginate() for one in page['DetectorIds']][0]

    def call(self, verb, item=None, **more):
        if item is not None:
            more[self.noun + 'Id'] = item
        return getattr(self.client, f'{verb}_{self.snake}')(
            DetectorId=self.detector, **more)

    def create(self, **more):
        more = {'Name': 'one', 'Format': 'TXT', 'Activate': False,
                'Location': where('one.txt'), **more}
        return self.call('create', **more)[self.noun + 'Id']

    def all(self, **more):
        pages = self.client.get_paginator(f'list_{self.snake}s').paginate(
            DetectorId=self.detector, **more)
        return [item for page in pages for item in page[self.noun + 'Ids']]

    def wait(self, item, status):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            got = self.call('get', item)
            if got['Status'] not in ('ACTIVATING', 'DEACTIVATING',
                                     'DELETE_PENDING'):
                assert got['Status'] == status, got
                return got
            time.sleep(0.01)
        raise AssertionError(f'never {status}')


@unittest.skipIf(boto3 is None, 'boto3 is not installed')
class Boto3(SetsCase):
    def judge(self, sim, kind):
        return Judge(boto3.client(
            'guardduty', region_name='us-east-1', aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            endpoint_url=f'http://127.0.0.1:{sim.port}',
            config=Config(retries={'max_attempts': 0})), kind)

    def refuses(self, judge, verb, part, *args, code='BadRequestException',
                **more):
        kind = getattr(judge.client.exceptions, code)
        with self.assertRaises(kind) as caught:
            getattr(judge, verb)(*args, **more)
        error = caught.exception.response
        self.assertEqual(error['Error']['Code'], code)
        self.assertIn(part, error['Error']['Message'])
        return error['ResponseMetadata']['HTTPStatusCode']

    def test_the_life_of_every_kind(self):
        sim = self.sets('--gd-activation-delay', '30', now=None).sim
        for kind in KINDS:
            with self.subTest(kind):
                judge = self.judge(sim, kind)
                item = judge.create(Activate=True, Tags={'team': 'blue'},
                                    ExpectedBucketOwner='111122223333')
                got = judge.wait(item, 'ACTIVE')
                got.pop('ResponseMetadata')
                for name in ('CreatedAt', 'UpdatedAt'):
                    if 'entity' in kind:
                        age = datetime.datetime.now(
                            datetime.timezone.utc) - got.pop(name)
                        self.assertLess(abs(age.total_seconds()), 600)
                self.assertEqual(got, {
                    'Name': 'one', 'Format': 'TXT', 'Status': 'ACTIVE',
                    'Location': where('one.txt'), 'Tags': {'team': 'blue'},
                    'ExpectedBucketOwner': '111122223333'})
                judge.call('update', item, Activate=False)
                judge.wait(item, 'INACTIVE')
                judge.call('delete', item)
                judge.wait(item, 'DELETED')
                self.assertEqual(judge.all(), [])

    def test_paginators(self):
        for kind, every in (('threatintelset', '0'), ('threatentityset', '3')):
            judge = self.judge(self.sets('--gd-sets-max', '60',
                                         '--gd-empty-every', every).sim, kind)
            items = [judge.create(Name=f'n{i}') for i in range(55)]
            self.assertEqual(judge.all(), items)
            self.assertEqual(judge.all(PaginationConfig={'PageSize': 7}),
                             items)

    def test_answers_hold_what_the_model_knows_and_no_more(self):
        client = self.sets()
        for kind in KINDS:
            judge = self.judge(client.sim, kind)
            item = judge.create(Location=where('none.txt'), Activate=True,
                                Tags={'a': 'b'},
                                ExpectedBucketOwner='111122223333')
            model = judge.client.meta.service_model.operation_model(
                'Get' + ('IPSet' if kind == 'ipset' else judge.noun))
            names = {member.serialization['name'] for member in
                     model.output_shape.members.values()}
            self.assertEqual(set(client.set(kind, item)), names)
            self.assertEqual(set(model.input_shape.members) - {'DetectorId'},
                             {judge.noun + 'Id'})
            self.assertIn(IDS[kind], (judge.noun[0].lower() + judge.noun[1:]
                                      + 'Id',))

    def test_an_error_and_the_way_back(self):
        client = self.sets()
        self.put('domains.txt', DOMAINS + b'2001:db8::1\n')
        judge = self.judge(client.sim, 'threatentityset')
        item = judge.create(Location=where('domains.txt'), Activate=True)
        got = judge.wait(item, 'ERROR')
        self.assertIn('Line 4', got['ErrorDetails'])
        self.put('domains.txt', DOMAINS)
        judge.call('update', item, Activate=True)
        self.assertNotIn('ErrorDetails', judge.wait(item, 'ACTIVE'))
        self.assertEqual(self.in_use(client, item),
                         {'sha256': sha256(DOMAINS), 'lines': 3})

    def s3(self, sim):
        return boto3.client(
            's3', region_name='us-east-1', aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            endpoint_url=f'http://127.0.0.1:{sim.port}',
            config=Config(retries={'max_attempts': 0},
                          s3={'addressing_style': 'path'}))

    def test_objects_that_were_put(self):
        client = self.sets('--s3-bucket', 'put-lists')
        s3, judge = self.s3(client.sim), self.judge(client.sim,
                                                    'threatentityset')
        put = {'Bucket': 'put-lists', 'Key': 'guard_duty/one.txt'}
        item = judge.create(Location='s3://put-lists/guard_duty/one.txt',
                            Activate=True)
        judge.wait(item, 'ERROR')
        s3.put_object(Body=DOMAINS, **put)
        self.assertEqual(judge.call('get', item)['Status'], 'ERROR')
        judge.call('update', item, Activate=True)
        judge.wait(item, 'ACTIVE')
        s3.put_object(Body=DOMAINS + b'example.net\n', **put)
        self.assertEqual(self.in_use(client, item)['lines'], 3)
        judge.call('update', item, Activate=True)
        judge.wait(item, 'ACTIVE')
        self.assertEqual(self.in_use(client, item),
                         {'sha256': sha256(DOMAINS + b'example.net\n'),
                          'lines': 4})
        s3.delete_object(**put)
        self.assertEqual(self.in_use(client, item)['lines'], 4)
        judge.call('update', item, Activate=True)
        self.assertIn('not be found', judge.wait(item, 'ERROR')
                      ['ErrorDetails'])

    def test_objects_that_are_encrypted(self):
        for args, more, status in (
                ((), {'ServerSideEncryption': 'aws:kms'}, 'ACTIVE'),
                (('--gd-kms-denied',), {'ServerSideEncryption': 'aws:kms'},
                 'ERROR'),
                (('--gd-kms-denied',), {'ServerSideEncryption': 'AES256'},
                 'ACTIVE'),
                (('--s3-tls',), {'SSECustomerAlgorithm': 'AES256',
                                 'SSECustomerKey': 'k' * 32}, 'ERROR')):
            client = self.sets('--s3-bucket', 'put-lists', *args)
            judge = self.judge(client.sim, 'threatentityset')
            s3 = self.s3(client.sim)
            s3.put_object(Bucket='put-lists', Key='a', Body=DOMAINS, **more)
            item = judge.create(Location='s3://put-lists/a', Activate=True)
            judge.wait(item, status)

    def test_a_key_is_denied_and_permitted_while_it_runs(self):
        client = self.sets('--s3-bucket', 'put-lists')
        judge = self.judge(client.sim, 'threatentityset')
        self.s3(client.sim).put_object(
            Bucket='put-lists', Key='a', Body=DOMAINS,
            ServerSideEncryption='aws:kms')
        item = judge.create(Location='s3://put-lists/a', Activate=True)
        judge.wait(item, 'ACTIVE')
        for denied, status in ((1, 'ERROR'), (0, 'ACTIVE')):
            client.sim.request(f'/_sim/sets?kms_denied={denied}',
                               method='POST')
            judge.call('update', item, Activate=True)
            judge.wait(item, status)

    def test_refusals_are_its_exceptions(self):
        client = self.slow('--aws-deny', '*/*/DeleteRolePolicy')
        for kind in ('threatintelset', 'threatentityset'):
            judge = self.judge(client.sim, kind)
            self.assertEqual(400, self.refuses(
                judge, 'call', 'no such resource', 'get', '0' * 32))
            self.refuses(judge, 'create', 'location', Location='x')
            item = judge.create()
            self.refuses(judge, 'create', 'already exists')
            for i in range(5):
                judge.create(Name=f'n{i}')
            self.refuses(judge, 'create', 'account limits', Name='more')
            judge.call('update', item, Activate=True)
            for verb in ('update', 'delete'):
                self.refuses(judge, 'call', 'ACTIVATING', verb, item)
        judge = self.judge(client.sim, 'threatintelset')
        self.finish(client)
        self.assertEqual(403, self.refuses(
            judge, 'call', 'iam:DeleteRolePolicy', 'delete', judge.all()[0],
            code='AccessDeniedException'))

    def test_a_region_without_entity_sets(self):
        client = self.sets('--gd-no-entity-sets', 'us-east-1')
        judge = self.judge(client.sim, 'threatentityset')
        with self.assertRaises(ClientError) as caught:
            judge.all()
        self.assertEqual(caught.exception.response['Error']['Code'],
                         'UnknownOperationException')
        self.assertEqual(self.judge(client.sim, 'threatintelset').all(), [])

    def test_detectors_are_made_once(self):
        client = self.sets('--gd-no-detector', '111122223333/us-east-1')
        boto = boto3.client(
            'guardduty', region_name='us-east-1', aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            endpoint_url=f'http://127.0.0.1:{client.sim.port}')
        made = boto.create_detector(Enable=True)['DetectorId']
        self.assertEqual(boto.list_detectors()['DetectorIds'], [made])
        with self.assertRaises(boto.exceptions.BadRequestException) as caught:
            boto.create_detector(Enable=True)
        self.assertIn('a detector already exists', str(caught.exception))


if __name__ == '__main__':
    unittest.main()
