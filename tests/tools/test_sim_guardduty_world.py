# SPDX-License-Identifier: Apache-2.0
"""GuardDuty's world: who has which detectors and findings, and of what kind
these are."""
import json
import os
import re
import subprocess
import unittest
from collections import Counter

from aws_signer import shared
from guardduty_case import (BASE, FOREIGN, GuardDuty, GuardDutyCase, by, dump,
                            where)
from sim_case import NOW, Sim
from test_sim_guardduty_criteria import at, milliseconds

SECOND = str(int(BASE) + 1)
DAY = 86400000
HEX = re.compile('[0-9a-f]{32}')
SHA256 = re.compile('[0-9a-fA-F]{64}')


def findings(sim):
    return [row['finding'] for row in dump(sim)]


class Places(GuardDutyCase):
    def test_every_account_and_region_has_its_own(self):
        sim = self.sim('--gd-accounts', f'{BASE},{SECOND}', '--gd-regions',
                       'us-east-1,eu-west-1,cn-north-1', '--gd-findings', '4',
                       '--gd-findings', f'{SECOND}/eu-west-1=9',
                       '--gd-no-detector', f'{BASE}/eu-west-1')
        rows = dump(sim)
        places = Counter((row['account'], row['region']) for row in rows)
        self.assertEqual(places, {
            (BASE, 'us-east-1'): 4, (BASE, 'cn-north-1'): 4,
            (SECOND, 'us-east-1'): 4, (SECOND, 'eu-west-1'): 9,
            (SECOND, 'cn-north-1'): 4})
        self.assertEqual(len({row['detector'] for row in rows}), 5)
        self.assertEqual(len({row['finding']['id'] for row in rows}), 25)
        for row in rows:
            finding = row['finding']
            self.assertRegex(row['detector'], HEX)
            self.assertRegex(finding['id'], HEX)
            self.assertEqual(finding['accountId'], row['account'])
            self.assertEqual(finding['region'], row['region'])
            partition = 'aws-cn' if row['region'] == 'cn-north-1' else 'aws'
            self.assertEqual(finding['partition'], partition)
            self.assertEqual(
                finding['arn'],
                f'arn:{partition}:guardduty:{row["region"]}:{row["account"]}:'
                f'detector/{row["detector"]}/finding/{finding["id"]}')

    def test_a_place_without_detector_and_one_outside(self):
        sim, client, detector = self.start(
            '--gd-regions', 'us-east-1,eu-west-1', '--gd-no-detector',
            f'{BASE}/eu-west-1')
        self.assertIsNotNone(detector)
        for region in ('eu-west-1', 'us-west-2'):
            other = GuardDuty(sim, region)
            self.assertIsNone(other.detector())
            self.rejected(other.send('GET', f'/detector/{detector}'), FOREIGN)

    def test_an_administrator_sees_its_members(self):
        sim, client, detector = self.start(
            '--gd-accounts', '3', '--gd-regions', 'us-east-1,eu-west-1',
            '--gd-findings', '20', '--gd-admin', BASE)
        rows = dump(sim)
        mine = [row for row in rows if row['detector'] == detector]
        self.assertEqual(len(rows), 20 * 4 + 60 * 2)
        self.assertEqual(Counter(row['finding']['accountId']
                                 for row in mine),
                         {str(int(BASE) + i): 20 for i in range(3)})
        ids = client.ids(detector, sortCriteria=by('updatedAt'))
        self.assertEqual(ids, [row['finding']['id'] for row in mine])
        members = {row['finding']['id']: row['finding'] for row in rows
                   if row['account'] == SECOND}
        got = client.get(detector, [one for one in ids if one in members])
        for finding in got:
            self.assertEqual(finding, members[finding['id']])
        only = client.ids(detector, findingCriteria=where(
            accountId={'equals': [SECOND]}))
        self.assertEqual(len(only), 20)

    def test_a_member_sees_only_its_own(self):
        sim = self.sim('--gd-accounts', '2', '--gd-admin', SECOND,
                       '--gd-findings', '5')
        self.assertEqual(Counter(row['account'] for row in dump(sim)),
                         {BASE: 5, SECOND: 10})

    def test_options_that_fit_no_world(self):
        for args in (('--gd-accounts', '0'), ('--gd-accounts', '257'),
                     ('--gd-accounts', '12345678901'),
                     ('--gd-regions', 'us-east-1,us-east-1'),
                     ('--gd-no-detector', BASE), ('--gd-findings', 'x'),
                     ('--gd-no-detector', f'{BASE}/mars-1'),
                     ('--gd-findings', f'{SECOND}/us-east-1=5'),
                     ('--gd-admin', SECOND), ('--gd-end', 'never'),
                     ('--gd-accounts', f'{BASE},{BASE}'),
                     ('--gd-touch', 'all'), ('--gd-paging', 'x'),
                     ('--gd-days', '0'),
                     ('--gd-odd', '1001')):
            run = subprocess.run([os.environ['SLUICE_SIM'], *args],
                                 capture_output=True, text=True, timeout=20)
            self.assertEqual((run.returncode, run.stdout), (2, ''), args)
            self.assertEqual(run.stderr.count('\n'), 1, args)
            self.assertIn(args[0], run.stderr)


class Times(GuardDutyCase):
    def test_spread_over_the_days_before_now(self):
        for one in findings(self.sim('--gd-days', '3', '--gd-findings',
                                     '400')):
            updated = milliseconds(one['updatedAt'])
            self.assertLessEqual(NOW * 1000 - 3 * DAY, updated)
            self.assertLess(updated, NOW * 1000)
            created = milliseconds(one['createdAt'])
            self.assertLessEqual(created, updated)
            if 'service' in one:
                first = milliseconds(one['service']['eventFirstSeen'])
                last = milliseconds(one['service']['eventLastSeen'])
                self.assertLessEqual(first, created)
                self.assertLessEqual(first, last)
                self.assertLessEqual(last, updated)

    def test_a_burst_is_one_hour(self):
        sim = self.sim('--gd-burst', '--gd-findings', '600', '--gd-equal',
                       '120')
        times = [milliseconds(one['updatedAt']) for one in findings(sim)]
        self.assertEqual(len({time // 3600000 for time in times}), 1)
        self.assertGreater(len(set(times)), 300)
        self.assertGreaterEqual(max(Counter(times).values()), 120)
        self.assertTrue(any(time % 1000 for time in times))

    def test_with_and_without_fraction(self):
        text = [one['updatedAt'] for one in
                findings(self.sim('--gd-findings', '300'))]
        self.assertTrue(any('.' not in one for one in text))
        self.assertTrue(any('.000Z' in one for one in text))
        self.assertTrue(any(re.search(r'\.\d\d[1-9]Z', one) for one in text))


class Variety(GuardDutyCase):
    @classmethod
    def setUpClass(cls):
        server = Sim('--gd-findings', '2000')
        cls.raw = server.request('/_sim/findings').body.decode()
        cls.all = findings(server)
        assert server.stop()[::2] == (0, '')

    def some(self, path, wanted=lambda value: True):
        found = [one for one in self.all
                 if any(wanted(value) for value in at(one, path))]
        self.assertTrue(found, path)
        return found

    def test_every_action(self):
        kinds = Counter(kind for one in self.all
                        for kind in at(one, 'service.action.actionType'))
        for kind in ('NETWORK_CONNECTION', 'PORT_PROBE', 'DNS_REQUEST',
                     'AWS_API_CALL', 'KUBERNETES_API_CALL',
                     'RDS_LOGIN_ATTEMPT', 'QUANTUM_CALL'):
            self.assertGreater(kinds[kind], 20, kind)

    def test_peers_in_all_their_forms(self):
        base = 'service.action.networkConnectionAction'
        self.some(base + '.remoteIpDetails.ipAddressV4')
        self.assertTrue([one for one in self.some(base) if not at(
            one, base + '.remoteIpDetails')])
        self.assertTrue([one for one in self.some(
            base + '.remoteIpDetails.ipAddressV6') if not at(
                one, base + '.remoteIpDetails.ipAddressV4')])
        self.some(base + '.blocked', lambda value: value is True)
        probes = 'service.action.portProbeAction.portProbeDetails'
        for one in self.some(probes + '.remoteIpDetails.ipAddressV4'):
            count = len(at(one, probes))
            if count > 1:
                self.assertLess(len(at(
                    one, probes + '.remoteIpDetails.ipAddressV4')), count)

    def test_names_in_all_their_forms(self):
        domain = 'service.action.dnsRequestAction.domain'
        self.some(domain, lambda text: text.endswith('.'))
        self.some(domain, lambda text: text != text.lower())
        self.some('service.action.dnsRequestAction.domainWithSuffix')
        self.some('service.action.awsApiCallAction.domainDetails.domain')
        self.some('service.action.rdsLoginAttemptAction.LoginAttributes')

    def test_digests_in_all_their_places(self):
        base = 'service.ebsVolumeScanDetails.scanDetections.' \
            'threatDetectedByName.'
        for path in (base + 'threatNames.filePaths.hash',
                     'service.runtimeDetails.process.executableSha256',
                     'service.runtimeDetails.context.modifyingProcess.'
                     'executableSha256',
                     'service.runtimeDetails.context.targetProcess.'
                     'executableSha256',
                     'service.runtimeDetails.context.moduleSha256',
                     'service.malwareScanDetails.threats.hash',
                     'service.malwareScanDetails.threats.itemPaths.hash',
                     'service.malwareScanDetails.threats.itemDetails.hash',
                     'service.evidence.threatIntelligenceDetails.'
                     'threatFileSha256',
                     'resource.s3BucketDetails.s3ObjectDetails.hash',
                     'service.detection.sequence.actors.process.sha256'):
            values = [value for one in self.some(path)
                      for value in at(one, path)]
            good = sum(bool(SHA256.fullmatch(value)) for value in values)
            self.assertGreater(good, 0.9 * len(values), path)
        self.some(base + 'shortened', lambda value: value is True)
        twice = self.some(base + 'threatNames.filePaths.filePath',
                          lambda path: '=>' in path)[0]
        hashes = at(twice, base + 'threatNames.filePaths.hash')
        self.assertEqual(len(hashes) - len(set(hashes)), 2)

    def test_samples_in_each_form(self):
        def form(one):
            info = one.get('service', {}).get('additionalInfo') or {}
            value = json.loads(info.get('value') or '{}')
            return info.get('sample'), value.get('sample'), 'value' in info
        forms = Counter(form(one) for one in self.all)
        for wanted in ((True, None, False), (None, True, True),
                       (True, None, True), (False, None, True)):
            self.assertGreater(forms[wanted], 10, wanted)

    def test_own_lists_are_named(self):
        own = self.some('service.evidence.threatIntelligenceDetails.'
                        'threatListName', lambda name: name[:4] == 'gti-')
        self.assertTrue(all('.Custom' in one['type'] for one in own))
        self.some('service.additionalInfo.threatListName',
                  lambda name: name == 'gti-malicious-ip-1')
        self.some('service.additionalInfo.value',
                  lambda text: 'gti-malicious-ip-2' in text)

    def test_what_may_be_missing_null_or_new(self):
        self.assertTrue([one for one in self.all if 'service' not in one])
        self.assertTrue([one for one in self.all
                         if 'description' not in one])
        self.assertTrue([one for one in self.all if 'futureMember' in one])
        self.assertTrue([one for one in self.all if 'service' in one and
                         one['service'].get('evidence', 1) is None])
        self.assertIn('"remoteIpDetails":null', self.raw)
        self.assertIn('"tags":null', self.raw)
        self.some('resource.instanceDetails.tags.value',
                  lambda text: text == '')
        self.some('service.archived', lambda value: value is True)

    def test_numbers_in_all_their_forms(self):
        for form in (r'"severity":8[,}]', r'"severity":8\.0[,}]',
                     r'"severity":10\.0[,}]', r'"severity":5\.5[,}]',
                     r'"severity":\d\.\dE0', r'"startTime":1\.\d+E9',
                     r'"startTime":\d{10}[,}]',
                     r'"startTime":\d{10}\.\d{3}[,}]'):
            self.assertRegex(self.raw, form)

    def test_text_is_hard_to_read(self):
        for piece in ('\\u00e9', '\\ud83d\\ude80', '\\"', '\\\\', '\\/',
                      '\u2013', '\\u0026', '\\u003e', '\\t', '\\n'):
            self.assertIn(piece, self.raw)

    def test_few_values_are_odd(self):
        path = 'service.action.networkConnectionAction.remoteIpDetails.' \
            'ipAddressV4'
        values = [value for one in self.all for value in at(one, path)]
        plain = [value for value in values
                 if re.fullmatch(r'(\d{1,3}\.){3}\d{1,3}', value)]
        self.assertGreater(len(plain), 0.9 * len(values))
        self.assertLess(len(set(values)), len(values))

    def test_odd_values_by_switch(self):
        path = 'service.action.dnsRequestAction.domain'
        for odd, wanted in (('0', 0), ('1000', 1)):
            values = [value for one in findings(self.sim(
                '--gd-odd', odd, '--gd-findings', '600'))
                for value in at(one, path)]
            plain = [value for value in values if re.fullmatch(
                r'[a-zA-Z0-9.-]+', value) and value == value.strip('-')]
            self.assertEqual(len(plain) < len(values), bool(wanted))

    def test_long_descriptions(self):
        long = [len(one.get('description', '')) for one in findings(self.sim(
            '--gd-finding-bytes', '100000', '--gd-findings', '200'))]
        self.assertGreater(max(long), 85000)  # escapes take the rest
        self.assertLess(sorted(long)[100], 1000)

    def test_every_path_of_the_model(self):
        path = shared('reference', 'guardduty-finding-paths.txt')
        if path is None:
            print('skipped: no ../shared with the paths of the model')
            return
        seen = set()

        def walk(value, name):
            if isinstance(value, dict):
                seen.add(name)
                for key, inner in value.items():
                    walk(inner, name + '.' + key)
            elif isinstance(value, list):
                for inner in value:
                    walk(inner, name + '[]')
            elif value is not None:
                seen.add(name)

        for one in self.all:
            walk(one, 'finding')
        with open(path) as lines:
            wanted = {line.split()[0] for line in lines if line.strip()}
        self.assertGreater(len(wanted), 500)
        self.assertEqual(wanted - seen, set())


if __name__ == '__main__':
    unittest.main()
