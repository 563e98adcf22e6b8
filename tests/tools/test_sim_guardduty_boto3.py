# SPDX-License-Identifier: Apache-2.0
"""boto3 as the judge: it must be able to use the simulator unaware, parse
every leaf of every finding, and see its errors as the right exceptions."""
import datetime
import unittest
from decimal import Decimal

from aws_signer import KEY, SECRET
from guardduty_case import BASE, FOREIGN, GuardDuty, GuardDutyCase, dump

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError, PaginationError
except ImportError:
    boto3 = None

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def client_of(sim, region='us-east-1'):
    return boto3.client(
        'guardduty', region_name=region, aws_access_key_id=KEY,
        aws_secret_access_key=SECRET,
        endpoint_url=f'http://127.0.0.1:{sim.port}',
        config=Config(retries={'max_attempts': 0}))


def compare(shape, raw, parsed, where, seen):
    """Every leaf of `raw` that the model knows, and nothing else, is in
    `parsed`, with its value. `seen` collects the leaves by path."""
    if shape.type_name == 'structure':
        wire = {member.serialization.get('name', name): name
                for name, member in shape.members.items()}
        known = {wire[name] for name, value in raw.items()
                 if name in wire and value is not None}
        assert set(parsed) == known, (where, set(parsed) ^ known)
        for name, value in raw.items():
            if wire.get(name) in known:
                compare(shape.members[wire[name]], value,
                        parsed[wire[name]], f'{where}.{name}', seen)
    elif shape.type_name == 'list':
        assert isinstance(raw, list) and len(raw) == len(parsed), where
        seen.add(where)
        for one, two in zip(raw, parsed):
            compare(shape.member, one, two, where + '[]', seen)
    elif shape.type_name == 'map':
        assert set(raw) == set(parsed), where
        seen.add(where)
        for key, value in raw.items():
            compare(shape.value, value, parsed[key], where + '{}', seen)
    else:
        seen.add(where)
        compare_leaf(shape, raw, parsed, where)


def compare_leaf(shape, raw, parsed, where):
    kind = shape.type_name
    if kind == 'timestamp':
        assert not isinstance(raw, (str, bool)), where
        passed = Decimal(str((parsed - EPOCH).total_seconds()))
        assert abs(passed - Decimal(str(raw))) < Decimal('0.001'), (
            where, raw, parsed)
        return
    types = {'string': str, 'boolean': bool, 'integer': int, 'long': int,
             'double': (int, float)}[kind]
    assert isinstance(raw, types), (where, kind, raw)
    assert kind == 'boolean' or not isinstance(raw, bool), where
    assert raw == parsed, (where, raw, parsed)


def leaves(shape, where='finding', above=()):
    """All paths of leaves that the model has."""
    if shape.type_name == 'structure':
        for name, member in shape.members.items():
            wire = member.serialization.get('name', name)
            if member.name not in above:
                yield from leaves(member, f'{where}.{wire}',
                                  above + (shape.name,))
    elif shape.type_name == 'list':
        yield where
        yield from leaves(shape.member, where + '[]', above)
    else:
        yield where


@unittest.skipIf(boto3 is None, 'boto3 is not installed')
class Boto3(GuardDutyCase):
    def test_every_leaf_of_every_finding(self):
        sim = self.sim('--gd-findings', '1500')
        client = client_of(sim)
        rows = dump(sim)
        shape = client.meta.service_model.shape_for('Finding')
        seen = set()
        raw = {row['finding']['id']: row['finding'] for row in rows}
        ids = []
        for page in client.get_paginator('list_findings').paginate(
                DetectorId=rows[0]['detector'],
                SortCriteria={'AttributeName': 'updatedAt',
                              'OrderBy': 'ASC'}):
            ids += page['FindingIds']
            got = client.get_findings(DetectorId=rows[0]['detector'],
                                      FindingIds=page['FindingIds'])
            for finding in got['Findings']:
                compare(shape, raw[finding['Id']], finding, 'finding', seen)
        self.assertEqual(ids, [row['finding']['id'] for row in rows])
        wanted = set(leaves(shape))
        self.assertGreater(len(wanted), 560)
        self.assertEqual(wanted - seen, set())

    def test_detectors(self):
        sim = self.sim('--gd-accounts', '2', '--gd-regions',
                       'us-east-1,eu-west-1', '--gd-empty-every', '1',
                       '--gd-no-detector', f'{BASE}/eu-west-1')
        client = client_of(sim)
        found = [one for page in
                 client.get_paginator('list_detectors').paginate()
                 for one in page['DetectorIds']]
        self.assertEqual(found, [dump(sim)[0]['detector']])
        got = client.get_detector(DetectorId=found[0])
        self.assertEqual(got['Status'], 'ENABLED')
        self.assertEqual(len(got['Features']), 10)
        other = client_of(sim, 'eu-west-1')
        made = other.create_detector(Enable=True, Features=[
            {'Name': 'RUNTIME_MONITORING', 'Status': 'ENABLED',
             'AdditionalConfiguration': [
                 {'Name': 'EKS_ADDON_MANAGEMENT', 'Status': 'ENABLED'}]}])
        self.assertIn(made['DetectorId'], [
            one for page in other.get_paginator('list_detectors').paginate()
            for one in page['DetectorIds']])

    def test_an_assumed_role_sees_its_account(self):
        other = '444455556666'
        role = f'arn:aws:iam::{other}:role/reader'
        sim = self.sim('--gd-accounts', f'{BASE},{other}', '--aws-role', role)
        keys = boto3.client(
            'sts', region_name='us-east-1', aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            endpoint_url=f'http://127.0.0.1:{sim.port}').assume_role(
                RoleArn=role, RoleSessionName='test')['Credentials']
        there = GuardDuty(sim, keys=(keys['AccessKeyId'],
                                     keys['SecretAccessKey'],
                                     keys['SessionToken']))
        rows = {row['account']: row['detector'] for row in dump(sim)}
        self.assertEqual(there.detector(), rows[other])
        self.assertEqual(len(there.ids(rows[other])), 200)
        self.rejected(there.send('GET', f'/detector/{rows[BASE]}'), FOREIGN)

    def test_errors_are_the_right_exceptions(self):
        sim = self.sim('--aws-deny', f'{BASE}/*/GetFindings',
                       '--aws-throttle', f'{BASE}/eu-west-1=0/60')
        client = client_of(sim)
        detector = dump(sim)[0]['detector']
        with self.assertRaisesRegex(
                client.exceptions.BadRequestException,
                'the input detectorId is not owned by the current account'):
            client.get_detector(DetectorId='ab' * 16)
        with self.assertRaisesRegex(client.exceptions.BadRequestException,
                                    'detectorId has an invalid value'):
            client.list_findings(DetectorId='x')
        with self.assertRaises(client.exceptions.AccessDeniedException):
            client.get_findings(DetectorId=detector, FindingIds=['a'])
        with self.assertRaisesRegex(
                client.exceptions.BadRequestException,
                'a detector already exists for the current account'):
            client.create_detector(Enable=True)
        with self.assertRaisesRegex(client.exceptions.BadRequestException,
                                    '32 bits'):
            client.list_findings(DetectorId=detector, FindingCriteria={
                'Criterion': {'updatedAt': {'Gte': 1486685375000}}})
        with self.assertRaises(ClientError) as caught:
            client_of(sim, 'eu-west-1').list_detectors()
        self.assertIn('hrottl', str(caught.exception) +
                      caught.exception.response['Error']['Code'])

    def test_a_repeated_token_ends_its_paginator(self):
        sim = self.sim('--fault', 'repeated-token=always,persistent',
                       '--gd-findings', '200')
        with self.assertRaises(PaginationError):
            list(client_of(sim).get_paginator('list_findings').paginate(
                DetectorId=dump(sim)[0]['detector']))

    def test_criteria_as_boto3_writes_them(self):
        sim = self.sim()
        client = client_of(sim)
        own = GuardDuty(sim)
        detector = own.detector()
        got = client.list_findings(
            DetectorId=detector, MaxResults=7, FindingCriteria={'Criterion': {
                'severity': {'GreaterThanOrEqual': 5, 'Lt': 9},
                'service.archived': {'Eq': ['false']},
                'type': {'NotEquals': ['Recon:EC2/Portscan']}}},
            SortCriteria={'AttributeName': 'severity', 'OrderBy': 'DESC'})
        same = own.list(detector, maxResults=7, findingCriteria={'criterion': {
            'severity': {'greaterThanOrEqual': 5, 'lt': 9},
            'service.archived': {'eq': ['false']},
            'type': {'notEquals': ['Recon:EC2/Portscan']}}},
            sortCriteria={'attributeName': 'severity', 'orderBy': 'DESC'})
        self.assertEqual(got['FindingIds'], same['findingIds'])
        self.assertEqual(got['NextToken'], same['nextToken'])
        client.create_sample_findings(DetectorId=detector)
        client.archive_findings(DetectorId=detector,
                                FindingIds=got['FindingIds'])
        client.unarchive_findings(DetectorId=detector,
                                  FindingIds=got['FindingIds'])


if __name__ == '__main__':
    if boto3 is None:
        print('skipped: boto3 is not installed')
    unittest.main()
