# SPDX-License-Identifier: Apache-2.0
"""Secrets Manager on the wire: JSON 1.1, and what is refused how."""
import json
import unittest

from aws_case import AwsCase
from aws_signer import ABSENT, Request

TYPE = 'application/x-amz-json-1.1'


def ask(operation='GetSecretValue', body=None, type_=TYPE, **more):
    body = body if isinstance(body, bytes) else json.dumps(
        {'SecretId': 's'} if body is None else body).encode()
    return Request('secretsmanager', 'POST', '/', body, [
        ('Content-Type', type_),
        ('X-Amz-Target', 'secretsmanager.' + operation)], **more)


class Secrets(AwsCase):
    def started(self, *args):
        return self.sim('--secret', 's=value', *args)

    def refused(self, answer, type_, member='Message'):
        self.assertEqual((answer.status, answer.headers['content-type']),
                         (400, TYPE), answer.body)
        self.assertEqual(set(answer.json()), {'__type', member})
        self.assertEqual(answer.json()['__type'], type_, answer.body)
        self.assertNotIn('x-amzn-errortype', answer.headers)
        self.assertIn('x-amzn-requestid', answer.headers)
        return answer.json()[member]

    def test_a_value(self):
        answer = self.send(self.started(), ask())
        self.assertEqual((answer.status, answer.headers['content-type']),
                         (200, TYPE))
        got = answer.json()
        self.assertEqual(set(got), {'ARN', 'Name', 'VersionId',
                                    'SecretString', 'VersionStages',
                                    'CreatedDate'})
        self.assertIn(b'"CreatedDate":1700000000.000', answer.body)
        self.assertEqual(got['SecretString'], 'value')

    def test_hosts(self):
        sim = self.started()
        host = 'secretsmanager.us-east-1.amazonaws.com'
        self.assertEqual(self.send(sim, ask(host=host)).status, 200)
        self.refused(self.send(sim, ask(host=host, region='eu-west-1')),
                     'InvalidSignatureException', 'message')

    def test_bodies(self):
        sim = self.started()
        for body in (b'', b'{', b'[]', b'{"SecretId":1}', b'{"secretId":"s"}',
                     b'{"SecretId":"s","SecretId":"s"}',
                     b'{"SecretId":"s","Name":"x"}', b'{"SecretId":"\xff"}'):
            self.refused(self.send(sim, ask(body=body)),
                         'SerializationException')
        for body in ({}, {'SecretId': None}, {'SecretId': ''},
                     {'SecretId': 'x' * 2049}, {'SecretId': 'a b'},
                     {'SecretId': 's', 'VersionId': 'short'},
                     {'SecretId': 's', 'VersionStage': ''}):
            self.refused(self.send(sim, ask(body=body)),
                         'ValidationException')
        for request in (ask('GetEverything'), ask(type_='application/json'),
                        ask(type_='application/x-amz-json-1.0')):
            self.refused(self.send(sim, request),
                         'UnknownOperationException')

    def test_a_secret_is_never_said_back(self):
        sim = self.started()
        for body in ({'SecretId': 's', 'SecretString': 'hush' * 20000},
                     {'SecretId': 's', 'SecretBinary': 'hush!'},
                     {'SecretId': 's', 'SecretString': 'hush',
                      'SecretBinary': 'aHVzaA=='}):
            answer = self.send(sim, ask('PutSecretValue', body))
            self.assertEqual(answer.status, 400)
            self.assertNotIn(b'hush', answer.body)
            self.assertNotIn(b'aHVzaA', answer.body)

    def test_what_is_absent(self):
        sim = self.started()
        self.assertEqual(
            self.refused(self.send(sim, ask(body={'SecretId': 'no'})),
                         'ResourceNotFoundException'),
            "Secrets Manager can't find the specified secret.")
        arn = self.send(sim, ask()).json()['ARN']
        for id_ in (arn + 'x', arn[:-1], arn.replace(':secret:', ':'),
                    arn.replace('111122223333', '999988887777'), 'arn:x'):
            self.refused(self.send(sim, ask(body={'SecretId': id_})),
                         'ResourceNotFoundException')
        self.assertIn('AWSPENDING', self.refused(self.send(sim, ask(body={
            'SecretId': 's', 'VersionStage': 'AWSPENDING'})),
            'ResourceNotFoundException'))

    def test_signatures_are_refused_as_400(self):
        sim = self.started()
        request = ask()
        request.secret = 'wrong'
        self.refused(self.send(sim, request), 'InvalidSignatureException',
                     'message')
        request = ask()
        request.authorization = ABSENT
        request.headers[0] = ('Host',
                              'secretsmanager.us-east-1.amazonaws.com')
        self.refused(self.send(sim, request),
                     'MissingAuthenticationTokenException', 'message')
        self.refused(self.send(sim, ask(keys=('AKIANO', 'x', None))),
                     'UnrecognizedClientException', 'message')

    def test_faults_and_denials(self):
        sim = self.started('--fault', '500=nth:1,endpoint:secrets',
                           '--fault', 'throttling=nth:2,op:GetSecretValue',
                           '--aws-deny', '*/*/DescribeSecret')
        answer = self.send(sim, ask())
        self.assertEqual((answer.status, answer.json()['__type']),
                         (500, 'InternalServiceError'))
        self.refused(self.send(sim, ask()), 'ThrottlingException')
        self.assertEqual(self.send(sim, ask()).status, 200)
        message = self.refused(self.send(sim, ask('DescribeSecret')),
                               'AccessDeniedException')
        self.assertIn('secretsmanager:DescribeSecret on resource: s ',
                      message)

    def test_many_versions(self):
        sim = self.started()
        for n in range(105):
            body = {'SecretId': 's', 'SecretString': str(n)}
            self.assertEqual(
                self.send(sim, ask('PutSecretValue', body)).status, 200)
        self.assertEqual(self.send(sim, ask()).json()['SecretString'], '104')
        body = {'SecretId': 's', 'VersionStage': 'AWSPREVIOUS'}
        self.assertEqual(self.send(sim, ask(body=body)).json()[
            'SecretString'], '103')

    def test_bad_options(self):
        for name, value in (('secret', 'x'), ('secret', '=x'),
                            ('secret', 'x='), ('secret', 'x=@/nonexistent'),
                            ('secret-after', 'x=y'),
                            ('secret-after', '0:x=y')):
            self.bad_option(name, value)


if __name__ == '__main__':
    unittest.main()
