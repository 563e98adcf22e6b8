# SPDX-License-Identifier: Apache-2.0
"""IAM on the wire: the query protocol, and what is refused how."""
import unittest
import xml.etree.ElementTree as ET
from urllib.parse import urlencode

from aws_case import USER, AwsCase
from aws_signer import Request

SPACE = '{https://iam.amazonaws.com/doc/2010-05-08/}'
FORM = 'application/x-www-form-urlencoded; charset=utf-8'


def ask(type_=FORM, region='us-east-1', host='sim.test', **fields):
    fields = {'Action': 'SimulatePrincipalPolicy', 'Version': '2010-05-08',
              'PolicySourceArn': USER,
              'ActionNames.member.1': 's3:GetObject',
              **{name.replace('_', '.'): value
                 for name, value in fields.items()}}
    body = urlencode({k: v for k, v in fields.items() if v is not None})
    return Request('iam', 'POST', '/', body.encode(),
                   [('Content-Type', type_)], region=region, host=host)


class Iam(AwsCase):
    def refused(self, answer, status, code, part=''):
        self.assertEqual((answer.status, answer.headers['content-type']),
                         (status, 'text/xml'), answer.body)
        root = ET.fromstring(answer.body)
        self.assertEqual(root.tag, SPACE + 'ErrorResponse')
        error = root.find(SPACE + 'Error')
        self.assertEqual(error.findtext(SPACE + 'Code'), code, answer.body)
        self.assertIn(part, error.findtext(SPACE + 'Message'))

    def test_an_answer(self):
        sim = self.sim('--aws-deny', '*/*/PutObject')
        answer = self.send(sim, ask(ActionNames_member_2='s3:PutObject'))
        root = ET.fromstring(answer.body)
        self.assertEqual(root.tag,
                         SPACE + 'SimulatePrincipalPolicyResponse')
        result = root.find(SPACE + 'SimulatePrincipalPolicyResult')
        rows = result.find(SPACE + 'EvaluationResults')
        self.assertEqual(
            [(row.findtext(SPACE + 'EvalActionName'),
              row.findtext(SPACE + 'EvalDecision')) for row in rows],
            [('s3:GetObject', 'allowed'), ('s3:PutObject', 'implicitDeny')])
        self.assertEqual(result.findtext(SPACE + 'IsTruncated'), 'false')

    def test_one_region_for_all(self):
        sim = self.sim()
        self.assertEqual(
            self.send(sim, ask(host='iam.amazonaws.com')).status, 200)
        for more in ({'region': 'eu-west-1'},
                     {'region': 'eu-west-1', 'host': 'iam.amazonaws.com'}):
            self.refused(self.send(sim, ask(**more)), 403,
                         'SignatureDoesNotMatch', 'expecting us-east-1')

    def test_forms(self):
        sim = self.sim()
        for more, code in (({'Version': '2011-06-15'}, 'NoSuchVersion'),
                           ({'Version': None}, 'NoSuchVersion'),
                           ({'type_': 'text/plain'}, 'MalformedInput'),
                           ({'Action': 'ListRoles'}, 'InvalidAction'),
                           ({'Action': None}, 'InvalidAction'),
                           ({'CallerArn': USER}, 'InvalidInput'),
                           ({'PolicySourceArn': None}, 'ValidationError'),
                           ({'PolicySourceArn': 'arn:aws:iam::1'},
                            'ValidationError'),
                           ({'PolicySourceArn': 'x' * 2049},
                            'ValidationError'),
                           ({'ActionNames.member.1': None},
                            'ValidationError'),
                           ({'ActionNames.member.1': 'x' * 129},
                            'InvalidInput'),
                           ({'MaxItems': '0'}, 'ValidationError'),
                           ({'MaxItems': '1001'}, 'ValidationError'),
                           ({'MaxItems': 'x'}, 'ValidationError'),
                           ({'Marker': 'm1'}, 'InvalidInput'),
                           ({'ContextEntries.member.1.ContextKeyName': 'k'},
                            'InvalidInput')):
            self.refused(self.send(sim, ask(**more)), 400, code)

    def test_principals(self):
        sim = self.sim()
        self.refused(self.send(sim, ask(PolicySourceArn=(
            'arn:aws:iam::111122223333:role/none'))), 404, 'NoSuchEntity',
            'The role with name none cannot be found.')
        self.refused(self.send(sim, ask(PolicySourceArn=(
            'arn:aws:sts::111122223333:assumed-role/sim-instance/i-1'))),
            400, 'InvalidInput', 'Invalid Entity Arn')

    def test_too_much(self):
        sim = self.sim()
        many = {f'ActionNames.member.{n}': 's3:GetObject'
                for n in range(1, 300)}
        self.refused(self.send(sim, ask(**many)), 400, 'LimitExceeded')

    def test_faults(self):
        sim = self.sim('--fault', 'throttling=nth:1,endpoint:iam',
                       '--fault', '503=nth:2,op:SimulatePrincipalPolicy')
        self.refused(self.send(sim, ask()), 400, 'Throttling')
        self.refused(self.send(sim, ask()), 503, 'ServiceUnavailable')
        self.assertEqual(self.send(sim, ask()).status, 200)


if __name__ == '__main__':
    unittest.main()
