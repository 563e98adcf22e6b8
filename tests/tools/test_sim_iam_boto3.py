# SPDX-License-Identifier: Apache-2.0
"""boto3 asks the simulated IAM what its rules say; the services obey them."""
import unittest

from aws_case import ROLE, USER
from aws_signer import ACCOUNT
from boto_case import Boto

DETECTOR = f'arn:aws:guardduty:eu-west-1:{ACCOUNT}:detector/*'


class IamBoto(Boto):
    def started(self, *args, **more):
        sim = super().started(*args, **more)
        self.iam = self.client('iam')
        return sim

    def ask(self, *actions, source=USER, **more):
        return self.iam.simulate_principal_policy(
            PolicySourceArn=source, ActionNames=list(actions), **more)

    def decisions(self, *actions, **more):
        return [(one['EvalActionName'], one['EvalResourceName'],
                 one['EvalDecision'])
                for one in self.ask(*actions, **more)['EvaluationResults']]

    def decision(self, action, **more):
        (one,) = self.decisions(action, **more)
        return one[2]

    def region(self, name):
        return [{'ContextKeyName': 'aws:RequestedRegion',
                 'ContextKeyValues': [name], 'ContextKeyType': 'string'}]


class Decisions(IamBoto):
    def test_allowed_and_denied(self):
        sim = self.started('--aws-deny', '*/*/PutRolePolicy',
                           '--aws-deny-explicit',
                           f'{ACCOUNT}/*/iam:DeleteRolePolicy',
                           '--aws-deny', '444455556666/*/PutObject')
        self.assertEqual(
            self.decisions('iam:PutRolePolicy', 'iam:DeleteRolePolicy',
                           's3:PutObject'),
            [('iam:PutRolePolicy', '*', 'implicitDeny'),
             ('iam:DeleteRolePolicy', '*', 'explicitDeny'),
             ('s3:PutObject', '*', 'allowed')])
        self.untouched(sim)

    def test_rules_by_operation_and_by_action(self):
        self.started('--aws-deny', '*/*/ListObjectsV2', '--aws-deny',
                     '*/*/guardduty:CreateThreatIntelSet')
        for action, decision in (
                ('s3:ListBucket', 'implicitDeny'), ('s3:GetObject', 'allowed'),
                ('s3:listBUCKET', 'implicitDeny'),
                ('guardduty:CreateThreatIntelSet', 'implicitDeny'),
                ('other:CreateThreatIntelSet', 'allowed')):
            self.assertEqual(self.decision(action), decision, action)

    def test_regions(self):
        self.started('--aws-deny', '*/eu-west-1/GetDetector',
                     '--aws-deny', '*/eu-west-1/PutObject',
                     '--s3-bucket', 'far=eu-west-1', '--s3-bucket', 'here')
        action = 'guardduty:GetDetector'
        self.assertEqual(self.decision(action), 'allowed')
        self.assertEqual(
            self.ask(action)['EvaluationResults'][0]['MissingContextValues'],
            ['aws:RequestedRegion'])
        self.assertEqual(self.decision(action, ResourceArns=[DETECTOR]),
                         'implicitDeny')
        for region, decision in (('eu-west-1', 'implicitDeny'),
                                 ('us-east-1', 'allowed')):
            self.assertEqual(self.decision(
                action, ContextEntries=self.region(region)), decision)
        self.assertEqual(
            self.decisions('s3:PutObject', ResourceArns=[
                'arn:aws:s3:::far/k', 'arn:aws:s3:::here/k']),
            [('s3:PutObject', 'arn:aws:s3:::far/k', 'implicitDeny'),
             ('s3:PutObject', 'arn:aws:s3:::here/k', 'allowed')])

    def test_what_is_said_is_what_is_done(self):
        self.started('--aws-deny', '*/*/PutObject', '--s3-bucket', 'lists')
        self.assertEqual(self.decision('s3:PutObject'), 'implicitDeny')
        s3 = self.client('s3')
        self.assertEqual(self.code(s3.put_object, Bucket='lists', Key='k',
                                   Body=b''), 'AccessDenied')

    def test_it_can_be_denied_itself(self):
        self.started('--aws-deny', '*/*/SimulatePrincipalPolicy')
        self.assertEqual(self.code(self.ask, 's3:GetObject'), 'AccessDenied')


class Principals(IamBoto):
    def test_roles_by_their_whole_arn(self):
        role = f'arn:aws:iam::{ACCOUNT}:role/team/writer'
        self.started('--aws-role', role, '--aws-role', ROLE)
        self.assertEqual(self.decision('s3:GetObject', source=role),
                         'allowed')
        for source, code in (
                (f'arn:aws:iam::{ACCOUNT}:role/writer', 'NoSuchEntity'),
                (f'arn:aws:iam::{ACCOUNT}:user/nobody', 'NoSuchEntity'),
                (ROLE, 'NoSuchEntity'),
                (f'arn:aws:sts::{ACCOUNT}:assumed-role/writer/sess',
                 'InvalidInput'),
                (f'arn:aws:iam::{ACCOUNT}:root', 'InvalidInput'),
                ('arn:aws:iam::1:user/sim', 'InvalidInput')):
            self.assertEqual(self.code(self.ask, 's3:GetObject',
                                       source=source), code, source)

    def test_the_instance_and_the_task(self):
        self.started()
        for name in ('sim-instance', 'sim-container'):
            self.assertEqual(self.decision(
                's3:GetObject',
                source=f'arn:aws:iam::{ACCOUNT}:role/{name}'), 'allowed')


class Pages(IamBoto):
    def test_pages_hold_each_result_once(self):
        actions = [f's3:Get{n}' for n in 'ABCDE']
        resources = ['arn:aws:s3:::a', 'arn:aws:s3:::b', '*']
        wanted = [(action, resource) for action in actions
                  for resource in resources]
        for args, size in (((), 4), (('--iam-page', '2'), 100), ((), 100)):
            self.started(*args)
            pages = list(self.iam.get_paginator(
                'simulate_principal_policy').paginate(
                    PolicySourceArn=USER, ActionNames=actions,
                    ResourceArns=resources,
                    PaginationConfig={'PageSize': size}))
            got = [(one['EvalActionName'], one['EvalResourceName'])
                   for page in pages for one in page['EvaluationResults']]
            self.assertEqual(got, wanted)
            self.assertEqual(len(pages), {4: 4, 100: 8 if args else 1}[size])

    def test_bad_parameters(self):
        self.started()
        for more, code in (
                ({'Marker': 'x'}, 'InvalidInput'),
                ({'Marker': 'm7'}, 'InvalidInput'),
                ({'ResourceArns': ['nothing']}, 'InvalidInput'),
                ({'ResourcePolicy': '{}'}, 'InvalidInput')):
            self.assertEqual(self.code(self.ask, 's3:GetObject', **more),
                             code)
        for action in ('GetObject', 's3:*', 's3:', 's3:Get Object'):
            self.assertEqual(self.code(self.ask, action), 'InvalidInput')

    def test_one_scope_for_all_regions(self):
        self.started()
        far = self.client('iam', region_name='eu-west-1')
        self.assertEqual(self.code(far.simulate_principal_policy,
                                   PolicySourceArn=USER,
                                   ActionNames=['s3:GetObject']),
                         'SignatureDoesNotMatch')


if __name__ == '__main__':
    unittest.main()
