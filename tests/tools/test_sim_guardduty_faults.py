# SPDX-License-Identifier: Apache-2.0
"""What GuardDuty does to whoever pulls: empty pages, repeated tokens,
findings that change, come late or vanish; and what users change."""
import unittest
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

from guardduty_case import BASE, GuardDuty, GuardDutyCase, by, dump, where
from sim_case import NOW
from test_sim_guardduty_criteria import milliseconds

UP = by('updatedAt')
NOW_MS = NOW * 1000


class Pages(GuardDutyCase):
    def walk(self, *args):
        sim = self.sim('--gd-findings', '500', *args)
        client = GuardDuty(sim)
        rows = dump(sim)
        pages = list(client.pages(rows[0]['detector'], sortCriteria=UP))
        self.assertEqual([one for page in pages for one in page],
                         [row['finding']['id'] for row in rows])
        return client, pages, sum(not page for page in pages)

    def test_empty_pages_go_on(self):
        _, pages, empty = self.walk('--gd-empty-every', '3')
        self.assertTrue(0 < empty < len(pages) // 2, empty)
        _, pages, empty = self.walk()
        self.assertEqual((empty, len(pages)), (0, 10))

    def test_empty_page_before_every_page(self):
        client, pages, empty = self.walk('--gd-empty-every', '1')
        self.assertEqual((empty, len(pages)), (10, 20))
        first = client.detectors()
        self.assertEqual(first['detectorIds'], [])
        second = client.detectors(nextToken=first['nextToken'])
        self.assertEqual((len(second['detectorIds']), second['nextToken']),
                         (1, ''))
        spaced = quote(first['nextToken'].replace('+', ' '), safe='')
        self.rejected(client.send('GET', '/detector?nextToken=' + spaced),
                      'nextToken')

    def test_pages_by_offset(self):
        for more in ((), ('--gd-empty-every', '2'), ('--gd-equal', '300')):
            self.walk('--gd-paging', 'offset', *more)
        _, client, detector = self.start('--gd-paging', 'offset',
                                         '--gd-findings', '130')
        for order in ('ASC', 'DESC'):
            for name in ('updatedAt', 'severity'):
                ids = client.ids(detector, sortCriteria=by(name, order),
                                 maxResults=17)
                self.assertEqual((len(ids), len(set(ids))), (130, 130))

    def test_an_offset_loses_what_moves_up(self):
        sim = self.sim('--gd-paging', 'offset', '--gd-findings', '600',
                       '--gd-touch-every', '1', '--gd-touch', 'listed')
        client = GuardDuty(sim)
        window = where(updatedAt={'lessThan': NOW_MS})
        ids = client.ids(client.detector(), sortCriteria=UP,
                         findingCriteria=window)
        lost = {row['finding']['id'] for row in dump(sim)} - set(ids)
        self.assertGreater(len(lost), 5)

    def test_empty_page_as_a_fault(self):
        sim, client, detector = self.start(
            '--fault', 'empty-page=always,endpoint:list', '--gd-findings',
            '60')
        pages = list(client.pages(detector, sortCriteria=UP))
        self.assertEqual([len(page) for page in pages], [0, 50, 0, 10])

    def test_repeated_token_once_or_for_ever(self):
        for more, ever in (('', False), (',persistent', True)):
            _, client, detector = self.start(
                '--fault', 'repeated-token=always,endpoint:list' + more,
                '--gd-findings', '120')
            first = client.list(detector)
            token = first['nextToken']
            second = client.list(detector, nextToken=token)
            self.assertEqual(second['nextToken'], token)
            again = client.list(detector, nextToken=token)
            self.assertEqual(again['findingIds'], second['findingIds'])
            self.assertEqual(again['nextToken'] == token, ever)

    def test_dead_token_and_null_arrays(self):
        _, client, detector = self.start(
            '--fault', 'dead-cursor=always,endpoint:list')
        token = client.list(detector)['nextToken']
        path = f'/detector/{detector}/findings'
        self.rejected(client.send('POST', path, {'nextToken': token}),
                      'nextToken')
        self.assertEqual(client.send('POST', path, {'nextToken': token})
                         .status, 200)
        _, client, detector = self.start(
            '--fault', 'null-arrays=always,persistent', '--gd-findings', '0')
        self.assertIsNone(client.list(detector)['findingIds'])
        self.assertIsNone(client.get(detector, ['a']))


class Changes(GuardDutyCase):
    def pull(self, client, detector, **body):
        """List and get, as a client does; the last text of each finding and
        how often each came."""
        got, times = {}, {}
        for page in client.pages(detector, sortCriteria=UP, **body):
            for finding in client.get(detector, page) if page else []:
                got[finding['id']] = finding
                times[finding['id']] = times.get(finding['id'], 0) + 1
        return got, times

    def test_unlisted_findings_are_updated_meanwhile(self):
        sim = self.sim('--gd-touch-every', '2', '--gd-findings', '600')
        before = {row['finding']['id']: row['finding'] for row in dump(sim)}
        client = GuardDuty(sim)
        got, times = self.pull(client, client.detector())
        after = {row['finding']['id']: row['finding'] for row in dump(sim)}
        self.assertEqual(set(got), set(before))
        self.assertEqual(set(times.values()), {1})
        changed = [one for one in after if after[one] != before[one]]
        self.assertGreaterEqual(len(changed), 4)
        for one in changed:
            self.assertEqual(milliseconds(after[one]['updatedAt']), NOW_MS)
            old, new = before[one].get('service'), after[one].get('service')
            self.assertEqual({**after[one], 'service': 0, 'updatedAt': 0},
                             {**before[one], 'service': 0, 'updatedAt': 0})
            if old:
                self.assertEqual(new['count'], old['count'] + 1)
                self.assertGreater(milliseconds(new['eventLastSeen']),
                                   milliseconds(old['eventLastSeen']))
                for name in ('count', 'eventLastSeen'):
                    del new[name], old[name]
                self.assertEqual(new, old)

    def test_a_window_that_ends_before_now_misses_them(self):
        sim = self.sim('--gd-touch-every', '1', '--gd-findings', '600')
        client = GuardDuty(sim)
        got, _ = self.pull(client, client.detector(), findingCriteria=where(
            updatedAt={'lessThan': NOW_MS}))
        self.assertLess(len(got), 600)

    def test_listed_findings_come_again(self):
        sim = self.sim('--gd-touch-every', '1', '--gd-touch', 'listed',
                       '--gd-findings', '300')
        client = GuardDuty(sim)
        got, times = self.pull(client, client.detector())
        after = {row['finding']['id']: row['finding'] for row in dump(sim)}
        self.assertEqual(set(got), set(after))
        # What changed behind the last page is left for the next pull.
        stale = [one for one in got if got[one] != after[one]]
        self.assertLess(len(stale), 6)
        for one in stale:
            self.assertEqual(milliseconds(after[one]['updatedAt']), NOW_MS)
        again, _ = self.pull(client, client.detector(), findingCriteria=where(
            updatedAt={'greaterThanOrEqual': NOW_MS}))
        self.assertLessEqual(set(stale), set(again))
        self.assertGreaterEqual(sum(n == 2 for n in times.values()), 2)

    def test_late_findings_lie_in_the_past(self):
        sim = self.sim('--gd-late-every', '1', '--gd-late-minutes', '7',
                       '--gd-late-max', '3', '--gd-findings', '300')
        before = {row['finding']['id'] for row in dump(sim)}
        client = GuardDuty(sim)
        self.pull(client, client.detector())
        late = [row['finding'] for row in dump(sim)
                if row['finding']['id'] not in before]
        self.assertEqual(len(late), 3)
        for one in late:
            age = NOW_MS - milliseconds(one['updatedAt'])
            self.assertTrue(6 * 60000 <= age <= 7 * 60000, age)

    def test_ids_vanish_between_list_and_get(self):
        sim = self.sim('--gd-vanish-every', '5', '--gd-findings', '300')
        before = {row['finding']['id'] for row in dump(sim)}
        client = GuardDuty(sim)
        detector = client.detector()
        ids = client.ids(detector, sortCriteria=UP)
        got = {one['id'] for at in range(0, 300, 50)
               for one in client.get(detector, ids[at:at + 50])}
        self.assertEqual(set(ids), before)
        self.assertTrue(30 < len(before - got) < 90, len(got))
        self.assertEqual({row['finding']['id'] for row in dump(sim)}, got)
        self.assertEqual(set(client.ids(detector)), got)

    def test_members_updates_reach_the_administrator(self):
        sim = self.sim('--gd-accounts', '2', '--gd-admin', str(int(BASE) + 1),
                       '--gd-touch-every', '1', '--gd-findings', '80')
        client = GuardDuty(sim)
        client.list(client.detector())
        rows = {}
        for row in dump(sim):
            rows.setdefault(row['finding']['id'], []).append(row)
        self.assertTrue(all(len({str(row['finding']) for row in group}) == 1
                            for group in rows.values()))
        self.assertEqual(sum(len(group) == 2 for group in rows.values()), 80)
        for account in (BASE, str(int(BASE) + 1)):
            times = [milliseconds(row['finding']['updatedAt'])
                     for group in rows.values() for row in group
                     if row['account'] == account]
            self.assertIn(NOW_MS, times)


class Users(GuardDutyCase):
    def test_archive_and_back(self):
        sim, client, detector = self.start('--gd-findings', '40')
        open_ones = client.ids(detector, findingCriteria=where(
            service__archived={'equals': ['false']}))
        path = f'/detector/{detector}/findings/'
        body = {'findingIds': open_ones[:3]}
        self.assertEqual(client.ask('POST', path + 'archive', body), {})
        self.assertEqual(set(open_ones[3:]), set(client.ids(
            detector, findingCriteria=where(
                service__archived={'equals': ['false']}))))
        for one in client.get(detector, open_ones[:3]):
            if 'service' in one:
                self.assertTrue(one['service'].get('archived', True))
        client.ask('POST', path + 'unarchive', body)
        self.assertEqual(open_ones, client.ids(
            detector, findingCriteria=where(
                service__archived={'equals': ['false']})))

    def test_samples_are_made_and_renewed(self):
        sim, client, detector = self.start('--gd-findings', '5')
        path = f'/detector/{detector}/findings/create'
        kinds = ['Recon:EC2/Portscan', 'Trojan:EC2/DropPoint']
        self.rejected(client.send('POST', path, {'findingTypes': ['x']}),
                      'findingTypes')
        for count in (1, 2):
            client.ask('POST', path, {'findingTypes': kinds})
            made = [row['finding'] for row in dump(sim)
                    if row['finding']['title'].startswith('[SAMPLE]')]
            self.assertEqual(sorted(one['type'] for one in made), kinds)
            for one in made:
                self.assertIn('"sample":true',
                              one['service']['additionalInfo']['value'])
        client.ask('POST', path, {})
        self.assertGreater(len(dump(sim)), 40)

    def test_create_detector(self):
        sim = self.sim('--gd-regions', 'us-east-1,eu-west-1',
                       '--gd-no-detector', f'{BASE}/eu-west-1')
        client = GuardDuty(sim, 'eu-west-1')
        body = {'enable': True, 'clientToken': 'one', 'tags': {'a': ''},
                'findingPublishingFrequency': 'ONE_HOUR',
                'features': [{'name': 'S3_DATA_EVENTS',
                              'status': 'ENABLED'}]}
        for part, wrong in (
                ('enable is missing', {}), ('invalid type', {'enable': 'x'}),
                ('findingPublishingFrequency',
                 {**body, 'findingPublishingFrequency': 'DAILY'}),
                ('clientToken', {**body, 'clientToken': 'x' * 65}),
                ('tags', {**body, 'tags': {}}),
                ('tags', {**body, 'tags': {'aws:a': 'b'}}),
                ('features', {**body, 'features': [
                    {'name': 'FLOW_LOGS', 'status': 'ENABLED'}]}),
                ('is unknown', {**body, 'Enable': True})):
            self.rejected(client.send('POST', '/detector', wrong), part)
        self.assertIsNone(client.detector())
        made = client.ask('POST', '/detector', body)['detectorId']
        self.assertEqual(client.ask('POST', '/detector', body)['detectorId'],
                         made)
        for other in ({'enable': True}, {**body, 'clientToken': 'two'}):
            self.rejected(client.send('POST', '/detector', other),
                          'a detector already exists for the current account')
        self.assertEqual(client.detector(), made)
        got = client.ask('GET', f'/detector/{made}')
        self.assertEqual((got['status'], got['findingPublishingFrequency']),
                         ('ENABLED', 'ONE_HOUR'))
        on = [one['name'] for one in got['features']
              if one['status'] == 'ENABLED']
        self.assertEqual(on, ['CLOUD_TRAIL', 'DNS_LOGS', 'FLOW_LOGS',
                              'S3_DATA_EVENTS'])
        self.assertEqual(client.list(made)['findingIds'], [])


class Counts(GuardDutyCase):
    def counts(self, sim):
        return sim.request('/_sim/guardduty').json()

    def test_by_account_region_and_operation(self):
        sim, client, detector = self.start(
            '--gd-regions', 'us-east-1,eu-west-1',
            '--aws-throttle', f'{BASE}/eu-west-1=1/600')
        ids = client.ids(detector, maxResults=50)
        client.get(detector, ids[:50])
        other = GuardDuty(sim, 'eu-west-1')
        for _ in range(3):
            other.send('GET', '/detector')
        rows = {(row['region'], row['operation']): row
                for row in self.counts(sim)['operations']}
        self.assertEqual(rows['us-east-1', 'ListFindings']['requests'], 4)
        self.assertEqual(rows['us-east-1', 'GetFindings']['requests'], 1)
        slow = rows['eu-west-1', 'ListDetectors']
        self.assertEqual((slow['requests'], slow['throttled'],
                          slow['account']), (3, 2, BASE))

    def test_most_in_flight(self):
        sim, client, detector = self.start('--latency', '300')
        sim.raw(b'POST /_sim/reset HTTP/1.1\r\nHost: s\r\n'
                b'Connection: close\r\n\r\n')
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(lambda _: client.list(detector), range(6)))
        counts = self.counts(sim)
        self.assertGreaterEqual(counts['in_flight_max'], 2)
        self.assertLessEqual(counts['in_flight_max'], 6)
        client.list(detector)
        row = [row for row in self.counts(sim)['operations']
               if row['operation'] == 'ListFindings'][0]
        self.assertEqual(row['requests'], 7)
        self.assertEqual(row['in_flight_max'], counts['in_flight_max'])


if __name__ == '__main__':
    unittest.main()
