# SPDX-License-Identifier: Apache-2.0
"""GET /threat_lists..., rule by rule of the reference's section 2."""
import unittest
from datetime import datetime, timezone

from sim_case import HOUR, LISTS, NOW, SimCase

PLAIN = ('--empty-every', '0', '--null-every', '0')
NETWORK = {'url', 'domain', 'ip_address'}
EVERY = NETWORK | {'file'}
ENTITIES = {
    'ransomware': {'file'}, 'malicious-network-infrastructure': NETWORK,
    'malware': EVERY, 'threat-actor': EVERY, 'trending': EVERY,
    'mobile': {'file'}, 'osx': {'file'}, 'linux': {'file'}, 'iot': {'file'},
    'cryptominer': EVERY, 'phishing': NETWORK,
    'first-stage-delivery-vectors': {'file'},
    'vulnerability-weaponization': EVERY, 'infostealer': {'file'}}


def stamp(hour):
    return datetime.fromtimestamp(hour * 3600, timezone.utc).strftime(
        '%Y%m%d%H')


def path(name, hour):
    return f'{LISTS}/{name}/{stamp(hour)}'


def data(page):
    return [entry['data'] for entry in page['iocs']]


class Packages(SimCase):
    def test_the_fourteen_lists_hold_their_entities(self):
        sim = self.sim('--list-items', '3', *PLAIN)
        listed = [entry['id'] for entry in sim.page(LISTS)['data']]
        self.assertEqual(listed, list(ENTITIES))
        for name, types in ENTITIES.items():
            items = data(sim.page(f'{LISTS}/{name}/latest'))
            self.assertEqual({i['type'] for i in items}, types)
            self.assertEqual(len(items), 3 * len(types))

    def test_answer_has_only_iocs_in_the_recorded_order(self):
        page = self.sim(*PLAIN).page(path('malware', HOUR - 2))
        self.assertEqual(list(page), ['iocs'])
        for entry in page['iocs']:
            self.assertEqual(list(entry), ['data'])
            self.assertEqual(list(entry['data']), [
                'type', 'id', 'attributes', 'relationships',
                'context_attributes'])
            self.assertEqual(entry['data']['context_attributes'],
                             {'threat_list_id': 'malware'})

    def test_sorted_by_id_within_each_type(self):
        items = data(self.sim(*PLAIN).page(path('malware', HOUR - 2)))
        types = [i['type'] for i in items]
        self.assertEqual(types, sorted(types))
        for kind in EVERY:
            ids = [i['id'].encode() for i in items if i['type'] == kind]
            self.assertEqual(ids, sorted(ids))
            self.assertEqual(len(ids), 50)

    def test_one_type_is_a_part_of_the_whole(self):
        sim = self.sim(*PLAIN)
        whole = sim.page(path('phishing', HOUR - 9))['iocs']
        for kind in NETWORK:
            part = sim.page(path('phishing', HOUR - 9), type=kind)['iocs']
            self.assertEqual(part, [e for e in whole
                                    if e['data']['type'] == kind])
        self.assertEqual(sim.page(path('phishing', HOUR - 9),
                                  type='file')['iocs'], [])

    def test_limit_cuts_silently(self):
        sim = self.sim('--list-items', '1500', *PLAIN)
        url = path('malware', HOUR - 2)
        self.assertEqual(len(sim.page(url)['iocs']), 2000)
        whole = sim.page(url, limit=4000)['iocs']
        self.assertEqual(len(whole), 4000)
        self.assertEqual(sim.page(url, limit=7)['iocs'], whole[:7])
        self.assertEqual(len(sim.page(url, limit=4000, type='url')['iocs']),
                         1500)

    def test_duplicates_inside_and_across_hours(self):
        sim = self.sim('--list-items', '400', *PLAIN)
        hours = [[i['id'] for i in data(sim.page(path('malware', hour),
                                                 type='domain'))]
                 for hour in range(HOUR - 6, HOUR - 1)]
        self.assertTrue(any(len(set(ids)) < len(ids) for ids in hours))
        self.assertTrue(set(hours[0]) & set(hours[1]))

    def test_filters_select_what_they_say(self):
        sim = self.sim('--list-items', '900', *PLAIN)
        url = path('malware', HOUR - 2)
        whole = data(sim.page(url, limit=4000, type='domain'))

        def score(item):
            return item['attributes'].get('gti_assessment', {}).get(
                'threat_score', {}).get('value')

        def positives(item):
            return item['attributes']['positives']

        for query, judge in (
                ('gti_score:80+', lambda i: score(i) is not None
                 and score(i) >= 80),
                ('gti_score:30+ gti_score:60-', lambda i: score(i) is not None
                 and 30 <= score(i) <= 60),
                ('positives:10+', lambda i: positives(i) >= 10),
                ('positives:30- gti_score:90+', lambda i: positives(i) <= 30
                 and score(i) is not None and score(i) >= 90),
                ('has:campaigns', lambda i: 'campaigns' in i['relationships']),
                ('has:reports has:threat_actors', lambda i: {
                    'reports', 'threat_actors'} <= set(i['relationships']))):
            found = data(sim.page(url, limit=4000, type='domain', query=query))
            self.assertTrue(0 < len(found) < len(whole), query)
            self.assertEqual(found, [i for i in whole if judge(i)], query)

    def test_filters_come_before_the_limit(self):
        sim = self.sim('--list-items', '900', *PLAIN)
        page = sim.page(path('malware', HOUR - 2), limit=20, type='domain',
                        query='gti_score:90+')
        self.assertEqual(len(page['iocs']), 20)


class Refusals(SimCase):
    def test_bad_parameters(self):
        sim = self.sim()
        for query, part in (
                ('limit=4001', 'limit'), ('limit=0', 'limit'),
                ('limit=1&limit=1', 'twice'), ('type=ip', 'type'),
                ('type=url,domain', 'type'), ('type=', 'type'),
                ('format=csv', 'format'), ('query=', 'empty'),
                ('query=score:80%2B', 'Unknown filter'),
                ('query=gti_score:80', 'expected'),
                ('query=gti_score:80+', 'space'),
                ('query=gti_score:x%2B', 'expected'),
                ('query=gti_score:8%2B%20gti_score:9%2B', 'twice'),
                ('query=has:friends', 'Valid values')):
            with self.subTest(query):
                self.refused(sim.request(
                    f'{LISTS}/malware/latest?{query}'), part)

    def test_unknown_list_hour_and_path(self):
        sim = self.sim()
        for rest in ('nolist/latest', 'malware/2025', 'malware/2025080725',
                     'malware/20250807060', 'malware/2025023001',
                     'malware/iocs', 'malware', 'malware/latest/more',
                     '/latest', 'malware/'):
            answer = sim.request(f'{LISTS}/{rest}')
            self.assertEqual(answer.error()[:2], (404, 'NotFoundError'), rest)

    def test_licence_tiers(self):
        sim = self.sim('--tiers', 'malware,phishing')
        for name in ('malware', 'phishing'):
            self.assertEqual(sim.get(f'{LISTS}/{name}/latest').error(), (
                403, 'ForbiddenError',
                'You are not authorized to perform the requested operation'))
        self.assertEqual(sim.get(f'{LISTS}/trending/latest').status, 200)
        listed = [entry['id'] for entry in sim.page(LISTS)['data']]
        self.assertEqual(len(listed), 12)
        self.assertNotIn('malware', listed)


class Availability(SimCase):
    def test_too_early_in_the_exact_words(self):
        sim = self.sim(now=1741863600 + 3599)  # 2025-03-13 11:59:59
        url = f'{LISTS}/malware/2025031310'
        self.assertEqual(sim.get(url).error(), (
            400, 'NotAvailableYet',
            'Package 2025031310 is not available until 2025-03-13 at 12:00 '
            'UTC because of privacy policy.'))
        punctual = self.sim(now=1741863600 + 3600)
        self.assertEqual(punctual.get(url).status, 200)

    def test_delay_of_one_hour_by_switch(self):
        sim = self.sim('--delay-hours', '1', now=1741863600 - 1)
        self.assertEqual(
            sim.get(f'{LISTS}/malware/2025031310').error()[2],
            'Package 2025031310 is not available until 2025-03-13 at 11:00 '
            'UTC because of privacy policy.')

    def test_latest_is_the_newest_available(self):
        sim = self.sim(*PLAIN)
        self.assertEqual(sim.page(f'{LISTS}/malware/latest'),
                         sim.page(path('malware', HOUR - 2)))
        self.assertEqual(sim.get(path('malware', HOUR - 1)).status, 400)

    def test_older_than_seven_days_is_not_found(self):
        sim = self.sim()
        self.assertEqual(sim.get(path('malware', HOUR - 168)).status, 200)
        self.assertEqual(sim.get(path('malware', HOUR - 169)).error(), (
            404, 'NotFoundError',
            f'Package {stamp(HOUR - 169)} not found'))

    def test_holes_empty_and_null_packages(self):
        sim = self.sim('--hole-every', '6', '--empty-every', '6',
                       '--null-every', '6')
        seen = {'hole': 0, 'null': 0, 'empty': 0, 'full': 0}
        for hour in range(HOUR - 100, HOUR - 1):
            answer = sim.get(path('malware', hour))
            if answer.status == 404:
                seen['hole'] += 1
                continue
            iocs = answer.json()['iocs']
            seen['null' if iocs is None else 'full' if iocs else 'empty'] += 1
        self.assertTrue(all(seen.values()), seen)

    def test_every_hour_may_be_a_hole(self):
        sim = self.sim('--hole-every', '1')
        self.assertEqual(sim.get(f'{LISTS}/malware/latest').status, 404)


class Switches(SimCase):
    def test_malformed_hour_may_be_400(self):
        sim = self.sim('--malformed-hour', '400')
        self.refused(sim.get(f'{LISTS}/malware/2025'), 'not valid')

    def test_type_may_be_a_list(self):
        sim = self.sim('--type-list', *PLAIN)
        page = sim.page(f'{LISTS}/malware/latest', type='url,domain')
        self.assertEqual({i['type'] for i in data(page)}, {'url', 'domain'})

    def test_context_attributes_may_be_absent(self):
        sim = self.sim('--context-attributes', 'off', *PLAIN)
        for item in data(sim.page(f'{LISTS}/malware/latest')):
            self.assertNotIn('context_attributes', item)

    def test_filters_may_be_exclusive_or_ignored(self):
        url = path('malware', HOUR - 2)
        sharp = self.sim('--score-exclusive', '--list-items', '500', *PLAIN)
        plain = self.sim('--list-items', '500', *PLAIN)
        self.assertEqual(sharp.page(url, query='gti_score:79+'),
                         plain.page(url, query='gti_score:80+'))
        deaf = self.sim('--ignore-filter-term', 'gti_score,positives,has',
                        '--list-items', '500', *PLAIN)
        self.assertEqual(
            deaf.page(url, query='gti_score:99+ positives:1- has:reports'),
            plain.page(url))

    def test_some_packages_may_be_larger(self):
        sim = self.sim('--list-items', '5', '--list-burst-every', '3',
                       '--list-burst-factor', '7', *PLAIN)
        sizes = {len(sim.page(path('malware', hour), type='url')['iocs'])
                 for hour in range(HOUR - 20, HOUR - 1)}
        self.assertEqual(sizes, {5, 35})


if __name__ == '__main__':
    unittest.main()
