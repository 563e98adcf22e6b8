# SPDX-License-Identifier: Apache-2.0
"""boto3 fills and reads the simulated Secrets Manager, unaware."""
import os
import tempfile
import unittest

from aws_case import ROLE
from aws_signer import ACCOUNT
from boto_case import Boto

ARN = (rf'^arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:'
       '%s-[A-Za-z0-9]{6}$')


class SecretsBoto(Boto):
    def started(self, *args, **more):
        sim = super().started(*args, **more)
        self.secrets = self.client('secretsmanager')
        return sim

    def value(self, name='gti', **more):
        return self.secrets.get_secret_value(SecretId=name,
                                             **more)['SecretString']

    def value_code(self, *args, **more):
        return self.code(self.value, *args, **more)


class Given(SecretsBoto):
    def test_by_name_and_by_arn(self):
        sim = self.started('--secret', 'gti=KEY=1', '--secret',
                           'team/a={"key":"K"}')
        got = self.secrets.get_secret_value(SecretId='gti')
        self.assertEqual((got['SecretString'], got['Name'],
                          got['VersionStages']),
                         ('KEY=1', 'gti', ['AWSCURRENT']))
        self.assertRegex(got['ARN'], ARN % 'gti')
        self.assertRegex(got['VersionId'], r'^[0-9a-f]{8}-')
        self.assertEqual(self.value(got['ARN']), 'KEY=1')
        self.assertEqual(self.value(got['ARN'][:-7]), 'KEY=1')
        self.assertEqual(self.value('team/a'), '{"key":"K"}')
        wrong = got['ARN'][:-1] + ('a' if got['ARN'][-1] != 'a' else 'b')
        for absent in ('other', wrong, got['ARN'].replace('us-east-1',
                                                          'eu-west-1')):
            self.assertEqual(self.value_code(absent),
                             'ResourceNotFoundException')
        self.untouched(sim)

    def test_each_region_has_its_own(self):
        self.started('--secret', 'gti=K', '--aws-role', ROLE)
        far = self.client('secretsmanager', region_name='eu-west-1')
        arn = far.get_secret_value(SecretId='gti')['ARN']
        self.assertIn(':eu-west-1:', arn)
        self.assertEqual(self.value_code(arn), 'ResourceNotFoundException')
        keys = self.client('sts').assume_role(
            RoleArn=ROLE, RoleSessionName='sess')['Credentials']
        other = self.client(
            'secretsmanager', aws_access_key_id=keys['AccessKeyId'],
            aws_secret_access_key=keys['SecretAccessKey'],
            aws_session_token=keys['SessionToken'])
        self.assertEqual(self.code(other.get_secret_value, SecretId='gti'),
                         'ResourceNotFoundException')

    def test_files_and_bytes(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, data in (('text', 'ключ\n'.encode()),
                               ('bytes', b'\xff\x00\x01'),
                               ('large', b'x' * 65536)):
                with open(os.path.join(folder, name), 'wb') as file:
                    file.write(data)
            args = [part for name in ('text', 'bytes', 'large') for part in
                    ('--secret', f'{name}=@{folder}/{name}')]
            self.started(*args)
            self.assertEqual(self.value('text'), 'ключ\n')
            self.assertEqual(len(self.value('large')), 65536)
            got = self.secrets.get_secret_value(SecretId='bytes')
            self.assertEqual(got['SecretBinary'], b'\xff\x00\x01')
            self.assertNotIn('SecretString', got)

    def test_another_value_after_so_many_reads(self):
        self.started('--secret', 'gti=old', '--secret-after', '2:gti=new')
        self.assertEqual([self.value() for _ in range(4)],
                         ['old', 'old', 'new', 'new'])
        self.assertEqual(self.value(VersionStage='AWSPREVIOUS'), 'old')


class Filled(SecretsBoto):
    def test_versions_and_labels(self):
        sim = self.started()
        made = self.secrets.create_secret(Name='s', SecretString='1',
                                          Description='d')
        self.assertRegex(made['ARN'], ARN % 's')
        self.assertEqual(self.code(self.secrets.create_secret, Name='s',
                                   SecretString='x'),
                         'ResourceExistsException')
        put = self.secrets.put_secret_value(SecretId='s', SecretString='2')
        self.assertEqual(put['VersionStages'], ['AWSCURRENT'])
        self.assertEqual((self.value('s'),
                          self.value('s', VersionStage='AWSPREVIOUS')),
                         ('2', '1'))
        self.secrets.put_secret_value(SecretId='s', SecretString='3',
                                      VersionStages=['AWSPENDING'])
        self.assertEqual((self.value('s'),
                          self.value('s', VersionStage='AWSPENDING')),
                         ('2', '3'))
        self.secrets.put_secret_value(SecretId='s', SecretBinary=b'\x00four')
        got = self.secrets.get_secret_value(SecretId='s')
        self.assertEqual(got['SecretBinary'], b'\x00four')
        self.assertEqual(self.value('s', VersionId=put['VersionId']), '2')
        stages = self.secrets.describe_secret(
            SecretId='s')['VersionIdsToStages']
        self.assertEqual(sorted(sum(stages.values(), [])),
                         ['AWSCURRENT', 'AWSPENDING', 'AWSPREVIOUS'])
        self.assertEqual(self.value_code('s', VersionStage='NO'),
                         'ResourceNotFoundException')
        self.assertEqual(self.value_code('s', VersionId='0' * 32),
                         'ResourceNotFoundException')
        self.assertEqual(self.value_code('s', VersionId=put['VersionId'],
                                         VersionStage='AWSPENDING'),
                         'InvalidRequestException')
        self.untouched(sim)

    def test_a_token_is_good_once(self):
        self.started('--secret', 's=1')
        token = {'SecretId': 's', 'ClientRequestToken': 't' * 32}
        one = self.secrets.put_secret_value(SecretString='2', **token)
        self.assertEqual(one['VersionId'], 't' * 32)
        self.secrets.put_secret_value(SecretString='2', **token)
        self.assertEqual(self.code(self.secrets.put_secret_value,
                                   SecretString='3', **token),
                         'ResourceExistsException')
        self.assertEqual(self.value('s'), '2')

    def test_marked_for_deletion(self):
        self.started('--secret', 's=1')
        self.secrets.delete_secret(SecretId='s', RecoveryWindowInDays=7)
        self.assertEqual(self.value_code('s'), 'InvalidRequestException')
        self.assertIn('DeletedDate',
                      self.secrets.describe_secret(SecretId='s'))
        self.assertEqual(self.secrets.list_secrets()['SecretList'], [])
        self.secrets.restore_secret(SecretId='s')
        self.assertEqual(self.value('s'), '1')
        self.secrets.delete_secret(SecretId='s',
                                   ForceDeleteWithoutRecovery=True)
        self.assertEqual(self.value_code('s'), 'ResourceNotFoundException')
        self.secrets.create_secret(Name='s', SecretString='anew')
        self.assertEqual(self.value('s'), 'anew')

    def test_lists(self):
        self.started('--secret', 'one=1', '--secret', 'two=2')
        self.secrets.create_secret(Name='three', SecretString='3')
        names = [row['Name'] for row in
                 self.secrets.list_secrets()['SecretList']]
        self.assertEqual(sorted(names), ['one', 'three', 'two'])


class Refused(SecretsBoto):
    def test_permissions_and_keys(self):
        self.started('--secret', 's=1', '--aws-deny', '*/*/GetSecretValue')
        with self.assertRaises(self.secrets.exceptions.ClientError) as caught:
            self.value('s')
        error = caught.exception.response['Error']
        self.assertEqual(error['Code'], 'AccessDeniedException')
        self.assertIn('secretsmanager:GetSecretValue on resource: s because '
                      'no identity-based policy', error['Message'])
        self.started('--secret', 's=1', '--aws-deny', '*/*/kms:Decrypt')
        self.assertEqual(self.value_code('s'), 'AccessDeniedException')
        self.started('--secret', 's=1', '--kms-broken')
        self.assertEqual(self.value_code('s'), 'DecryptionFailure')

    def test_parameters(self):
        self.started('--secret', 's=1')
        self.assertEqual(self.value_code('a b'), 'ValidationException')
        self.assertEqual(self.code(self.secrets.put_secret_value,
                                   SecretId='s'), 'InvalidParameterException')
        self.assertEqual(self.code(self.secrets.put_secret_value,
                                   SecretId='s', SecretString='x',
                                   SecretBinary=b'y'),
                         'InvalidParameterException')
        self.assertEqual(self.code(self.secrets.delete_secret, SecretId='s',
                                   RecoveryWindowInDays=3),
                         'InvalidParameterException')

    def test_keys_that_sign(self):
        self.started('--secret', 's=1')
        for more, code in (
                ({'aws_secret_access_key': 'no'}, 'InvalidSignatureException'),
                ({'aws_access_key_id': 'AKIANO'},
                 'UnrecognizedClientException')):
            keys = {'aws_access_key_id': os.environ['AWS_ACCESS_KEY_ID'],
                    'aws_secret_access_key':
                        os.environ['AWS_SECRET_ACCESS_KEY']}
            client = self.client('secretsmanager', **{**keys, **more})
            self.assertEqual(self.code(client.get_secret_value,
                                       SecretId='s'), code)


if __name__ == '__main__':
    unittest.main()
