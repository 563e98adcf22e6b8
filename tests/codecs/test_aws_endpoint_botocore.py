# SPDX-License-Identifier: Apache-2.0
"""Every host that sluice makes is the one that botocore's resolver makes, and
the table of GuardDuty's regions is botocore's.

botocore is an outside judge; where it is absent the test says so and is
skipped. The environment names the program: AWS_ENDPOINT_LINES.
"""
import os
import subprocess
import sys
import unittest

try:
    from botocore.endpoint_provider import EndpointProvider
    from botocore.exceptions import BotoCoreError
    from botocore.loaders import create_loader
except ImportError:
    print('skipped: python3 has no botocore to judge by', file=sys.stderr)
    sys.exit(77)

SERVICES = ('guardduty', 'sts', 'rolesanywhere', 's3', 'secretsmanager', 'sqs',
            'iam')
LOADER = create_loader()
PARTITIONS = LOADER.load_data('partitions')


def ask(lines):
    done = subprocess.run([os.environ['AWS_ENDPOINT_LINES']],
                          input='\n'.join(lines) + '\n', text=True,
                          capture_output=True, check=True)
    return done.stdout.splitlines()


def regions():
    for partition in PARTITIONS['partitions']:
        for region in partition['regions']:
            if not region.endswith('-global'):
                yield partition['id'], region


def resolve(providers, service, region, fips, dualstack, bucket):
    more = {'Bucket': bucket} if bucket else {}
    if service == 's3' and '.' in (bucket or ''):
        more['ForcePathStyle'] = True
    try:
        return providers[service].resolve_endpoint(
            Region=region, UseFIPS=fips, UseDualStack=dualstack, **more).url
    except BotoCoreError:
        return 'refused'


class Endpoints(unittest.TestCase):
    def test_every_host_is_botocores(self):
        providers = {
            service: EndpointProvider(
                LOADER.load_service_model(service, 'endpoint-rule-set-1'),
                PARTITIONS)
            for service in SERVICES}
        cases = []
        for service in SERVICES:
            buckets = ([None, 'a-bucket', 'a.dotted.bucket']
                       if service == 's3' else [None])
            cases += [(service, region, fips, dualstack, bucket)
                      for _, region in regions()
                      for fips in (False, True)
                      for dualstack in (False, True)
                      for bucket in buckets]
        # The SDKs sign dotted buckets path-style too, as sluice does.
        answers = ask('%s %s %d %d %s' % (case[:4] + (case[4] or '-',))
                      for case in cases)
        self.assertEqual(len(answers), len(cases))
        self.assertGreater(len(cases), 1400)
        for case, answer in zip(cases, answers):
            with self.subTest(case):
                self.assertEqual(answer, resolve(providers, *case))
        refused = sum(answer == 'refused' for answer in answers)
        self.assertLess(refused, len(cases) // 10)
        print(len(cases), 'hosts,', refused, 'refused by both')

    def test_iam_is_signed_for_the_region_that_botocore_says(self):
        provider = EndpointProvider(
            LOADER.load_service_model('iam', 'endpoint-rule-set-1'),
            PARTITIONS)
        known = [region for _, region in regions()]
        wanted = []
        for region in known:
            made = provider.resolve_endpoint(Region=region, UseFIPS=False,
                                             UseDualStack=False)
            wanted.append(made.properties['authSchemes'][0]['signingRegion'])
        self.assertEqual(ask('home ' + region for region in known), wanted)
        self.assertGreater(len(set(wanted)), 3)

    def test_every_region_is_of_its_partition(self):
        known = list(regions())
        answers = ask('partition ' + region for _, region in known)
        self.assertEqual(answers, [partition for partition, _ in known])

    def test_the_table_of_guardduty_is_botocores(self):
        endpoints = LOADER.load_data('endpoints')
        for partition in endpoints['partitions']:
            name = partition['partition']
            listed = partition['services'].get('guardduty', {}).get(
                'endpoints', {})
            wanted = sorted(region for region in listed
                            if not region.endswith('-fips'))
            with self.subTest(name):
                self.assertEqual(ask(['regions ' + name])[0].split(), wanted)


if __name__ == '__main__':
    unittest.main()
