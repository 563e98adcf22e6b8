# SPDX-License-Identifier: Apache-2.0
"""What the data is like, and that it depends on the seed and on time only."""
import re
import unittest

from sim_case import HOUR, LISTS, NOW, STREAM, SimCase, context, key_of


def plain(items):
    """Items by id, whatever the order of members and of requests."""
    return {key_of(item)[1]: item for item in items}


class Determinism(SimCase):
    def test_two_processes_serve_the_same_bytes(self):
        a, b = self.sim('--seed', '7'), self.sim('--seed', '7')
        for path in (f'{STREAM}?limit=40', f'{LISTS}/malware/latest',
                     f'{STREAM}?limit=40&filter=entity_type:domain'):
            self.assertEqual(a.request(path).body, b.request(path).body)

    def test_another_seed_is_another_world(self):
        a, b = self.sim('--seed', '7'), self.sim('--seed', '8')
        ids = [{i['id'] for i in sim.page(STREAM, limit=40)['data']}
               for sim in (a, b)]
        self.assertFalse(ids[0] & ids[1])

    def test_a_later_start_sees_the_same_past_and_more(self):
        early = self.sim('--stream-rate', '5')
        late = self.sim('--stream-rate', '5', now=NOW + 3 * 3600)
        window = f'date:{NOW - 100000}+ date:{NOW}-'
        before, _ = early.walk(filter=window)
        after, _ = late.walk(filter=window)
        self.assertEqual(plain(before), plain(after))
        more, _ = late.walk(filter=f'date:{NOW + 1}+')
        self.assertGreater(len(more), 5)
        hour = '2025080706'
        self.assertEqual(early.page(f'{LISTS}/malware/{hour}'),
                         late.page(f'{LISTS}/malware/{hour}'))

    def test_the_clock_can_be_moved(self):
        sim = self.sim()
        self.assertEqual(sim.get(f'{LISTS}/malware/2025080708').status, 400)
        sim.request(f'/_sim/now?epoch={NOW + 3600}', method='POST')
        self.assertEqual(sim.get(f'{LISTS}/malware/2025080708').status, 200)

    def test_nothing_lies_in_the_future(self):
        sim = self.sim(now=None)
        newest = sim.page(STREAM, limit=40)['data'][0]
        frozen = self.sim(now=key_of(newest)[0])
        self.assertEqual(key_of(frozen.page(STREAM, limit=1)['data'][0]),
                         key_of(newest))


class Amount(SimCase):
    def test_stream_items_are_what_was_asked_for(self):
        sim = self.sim('--stream-items', '1001', '--stream-days', '5')
        day = NOW // 86400 * 86400
        page = sim.page(STREAM, filter=f'entity_type:domain '
                        f'date:{day - 5 * 86400}+ date:{day - 1}-')
        self.assertIn(page['meta']['count'], (1000, 1001, 1002))

    def test_rate_is_the_mean_of_a_day(self):
        sim = self.sim('--stream-rate', '50')
        day = NOW // 86400 * 86400
        page = sim.page(STREAM, filter=f'entity_type:ip_address '
                        f'date:{day - 86400}+ date:{day - 1}-')
        self.assertEqual(page['meta']['count'], 50 * 24)

    def test_bursts_can_be_switched_off(self):
        sim = self.sim('--stream-rate', '50', '--bursts', 'off')
        for hour in range(HOUR - 5, HOUR):
            page = sim.page(STREAM, filter=f'entity_type:url date:'
                            f'{hour * 3600}+ date:{hour * 3600 + 3599}-')
            self.assertEqual(page['meta']['count'], 50)

    def test_items_are_padded_to_a_page_of_the_size_asked(self):
        for size in (100000, 1000000, 10000000):
            sim = self.sim('--page-bytes', str(size), '--list-items', '2000',
                           '--empty-every', '0', '--null-every', '0')
            answer = sim.get(f'{LISTS}/malware/latest', type='domain',
                             limit=min(2000, size // 1000))
            self.assertEqual(answer.status, 200)
            answer.json()
            if size > 1000000:
                self.assertAlmostEqual(len(answer.body) / size, 1, delta=0.2)


class Mix(SimCase):
    def load(self):
        sim = self.sim('--stream-rate', '15', '--odd', '100')
        items, _ = sim.walk(filter=f'date:{NOW - 5 * 86400}+')
        return items

    def test_stream_holds_every_oddity_of_the_reference(self):
        items = self.load()
        domains = [i['id'] for i in items if i['type'] == 'domain']
        ips = [i['id'] for i in items if i['type'] == 'ip_address']
        verdicts = {i['attributes'].get('gti_assessment', {}).get(
            'verdict', {}).get('value') for i in items}
        self.assertLessEqual({
            'VERDICT_MALICIOUS', 'VERDICT_SUSPICIOUS', 'VERDICT_UNDETECTED',
            'VERDICT_BENIGN', None}, verdicts)
        self.assertTrue(any('gti_assessment' not in i['attributes']
                            for i in items))
        self.assertTrue(any('last_modification_date' not in i['attributes']
                            for i in items))
        infos = [context(i).get('hunting_info', 'absent') for i in items]
        self.assertTrue(any(i is None for i in infos))
        self.assertIn('absent', infos)
        self.assertTrue(any(context(i)['tags'] == [] for i in items))
        self.assertTrue(any(isinstance(i, dict) for i in infos))
        for sort, shape in (
                (domains, r'^_'), (domains, r'^[^.]+$'), (domains, r'^http:'),
                (domains, r'^[A-Z]'), (domains, r'\.$'),
                (domains, r'[^\x00-\x7f]'), (domains, r'^\*\.'),
                (domains, r'xn--'), (domains, r' $'), (ips, r':'),
                (ips, r'^(10|127)\.'), (ips, r'^203\.0\.113\.'), (ips, r'/24$'),
                (ips, r'\.0\d')):
            self.assertTrue(any(re.search(shape, v) for v in sort), shape)
        self.assertLess(len(set(domains)), len(domains))

    def test_most_is_malicious_and_plain(self):
        items = self.load()
        bad = [i for i in items if i['attributes'].get(
            'gti_assessment', {}).get('verdict', {}).get(
                'value') == 'VERDICT_MALICIOUS']
        self.assertGreater(len(bad), len(items) * 0.6)

    def test_verdicts_change_with_a_newer_modification_date(self):
        sim = self.sim('--stream-rate', '30', '--hot', '20')
        items, _ = sim.walk(filter=f'entity_type:domain date:'
                            f'{NOW - 5 * 86400}+')
        seen = {}
        for item in items:
            of = item['attributes']
            if 'gti_assessment' in of and 'last_modification_date' in of:
                seen.setdefault(item['id'], {}).setdefault(
                    of['last_modification_date'], set()).add(
                        str(of['gti_assessment'].get('verdict')))
        changed = [v for v in seen.values()
                   if len({tuple(w) for w in v.values()}) > 1]
        self.assertTrue(changed)
        for verdicts in seen.values():  # equal dates never disagree
            self.assertTrue(all(len(v) == 1 for v in verdicts.values()))

    def test_members_come_in_changing_order(self):
        sim = self.sim()
        first, second = (sim.get(STREAM, limit=40) for _ in range(2))
        self.assertNotEqual(first.body, second.body)
        self.assertEqual(first.json()['data'], second.json()['data'])
        still = self.sim('--shuffle', 'off')
        self.assertEqual(still.get(STREAM).body, still.get(STREAM).body)

    def test_the_two_endpoints_have_their_own_shapes(self):
        sim = self.sim('--empty-every', '0', '--null-every', '0')
        stream = sim.page(STREAM, limit=40, filter='entity_type:domain')
        for item in stream['data']:
            self.assertIsInstance(item['attributes']['tld'], str)
            self.assertEqual(set(item['attributes']['last_analysis_stats']),
                             {'harmless', 'malicious', 'suspicious',
                              'undetected', 'timeout'})
        items = [e['data']['attributes'] for e in sim.page(
            f'{LISTS}/malware/latest', type='domain')['iocs']]
        self.assertTrue(all(isinstance(i['tld'], list) for i in items))
        stats = [i['last_analysis_stats'] for i in items]
        self.assertTrue(any('typeUnsupported' in s for s in stats))
        self.assertTrue(any('malicious' not in s for s in stats))
        self.assertFalse(any('harmless' in s for s in stats))


if __name__ == '__main__':
    unittest.main()
