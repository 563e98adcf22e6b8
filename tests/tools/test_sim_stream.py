# SPDX-License-Identifier: Apache-2.0
"""GET /ioc_stream, rule by rule of the reference's section 1."""
import base64
import json
import unittest
import zlib
from datetime import datetime, timezone

from sim_case import NOW, STREAM, SimCase, context, key_of


def iso(second):
    return datetime.fromtimestamp(second, timezone.utc).strftime(
        '%Y-%m-%dT%H:%M:%S')


class Walk(SimCase):
    def test_cursors_walk_the_whole_set_in_both_orders(self):
        sim = self.sim('--stream-rate', '4')
        up, pages = sim.walk(order='date+')
        down, _ = sim.walk(order='date-')
        default, _ = sim.walk()
        self.assertGreater(len(up), 1000)
        self.assertEqual([key_of(i) for i in up],
                         sorted(key_of(i) for i in up))
        self.assertEqual(len({key_of(i)[1] for i in up}), len(up))
        self.assertEqual([key_of(i) for i in down],
                         [key_of(i) for i in reversed(up)])
        self.assertEqual([key_of(i) for i in default],
                         [key_of(i) for i in down])
        self.assertEqual({p['meta']['count'] for p in pages}, {len(up)})
        for page in pages[:-1]:
            self.assertEqual(len(page['data']), 40)
            self.assertIn('next', page['links'])
        self.assertNotIn('next', pages[-1]['links'])
        self.assertNotIn('cursor', pages[-1]['meta'])

    def test_page_size_does_not_change_the_walk(self):
        sim = self.sim('--stream-rate', '1')
        forty, _ = sim.walk(limit=40, order='date+')
        three, _ = sim.walk(limit=3, order='date+')
        self.assertEqual([key_of(i) for i in forty],
                         [key_of(i) for i in three])

    def test_equal_dates_lie_across_page_edges(self):
        sim = self.sim('--stream-rate', '300')
        first = NOW - 12 * 3600
        _, pages = sim.walk(order='date+', filter=f'date:{first}+')
        edges = [(a['data'][-1], b['data'][0])
                 for a, b in zip(pages, pages[1:])]
        self.assertTrue(any(key_of(a)[0] == key_of(b)[0] for a, b in edges))

    def test_ids_are_not_monotonic_in_date(self):
        items, _ = self.sim('--stream-rate', '1').walk(order='date+')
        ids = [int(key_of(i)[1]) for i in items]
        self.assertNotEqual(ids, sorted(ids))

    def test_default_limit_is_ten(self):
        self.assertEqual(len(self.sim().page(STREAM)['data']), 10)

    def test_next_link_leads_on_in_the_servers_own_encoding(self):
        sim = self.sim()
        page = sim.page(STREAM, limit=2, order='date+',
                        filter=f'date:{iso(NOW - 7200)}+ entity_type:domain')
        link = page['links']['next']
        self.assertTrue(link.startswith(
            'http://sim.test/api/v3/ioc_stream?filter=date%3A'))
        self.assertIn('%2B+entity_type%3Adomain&', link)
        self.assertIn('order=date%2B', link)
        follow = sim.page(link[len('http://sim.test'):])
        both = sim.page(STREAM, limit=4, order='date+',
                        filter=f'date:{iso(NOW - 7200)}+ entity_type:domain')
        self.assertEqual([key_of(i) for i in both['data']],
                         [key_of(i) for i in page['data'] + follow['data']])
        self.assertIn('date%3A', page['links']['self'])
        self.assertIn('%20entity_type', page['links']['self'])


class Filter(SimCase):
    def setUp(self):
        self.one = self.sim('--stream-rate', '8')
        self.all, _ = self.one.walk(order='date+')

    def found(self, text):
        items, pages = self.one.walk(order='date+', filter=text)
        self.assertEqual(pages[0]['meta']['count'], len(items))
        return [key_of(i) for i in items]

    def expect(self, text, judge):
        wanted = [key_of(i) for i in self.all if judge(i)]
        self.assertTrue(wanted, text)
        self.assertLess(len(wanted), len(self.all))
        self.assertEqual(self.found(text), wanted)

    def test_dates_are_inclusive_in_both_forms(self):
        low = key_of(self.all[100])[0]
        high = key_of(self.all[-100])[0]
        self.expect(f'date:{low}+ date:{high}-',
                    lambda i: low <= key_of(i)[0] <= high)
        self.expect(f'date:{iso(low)}+', lambda i: low <= key_of(i)[0])
        self.expect(f'date:{iso(high)}-', lambda i: key_of(i)[0] <= high)

    def test_each_term_alone_and_together(self):
        for kind in ('file', 'domain', 'url', 'ip_address'):
            self.expect(f'entity_type:{kind}',
                        lambda i, kind=kind: i['type'] == kind)
        for origin in ('hunting', 'subscriptions'):
            self.expect(f'origin:{origin}',
                        lambda i, o=origin: context(i)['origin'] == o)
        source = context(self.all[0])['sources'][0]
        self.expect(f'source_id:{source["id"]}',
                    lambda i: context(i)['sources'][0]['id'] == source['id'])
        self.expect(
            f'source_type:{source["type"]} entity_type:domain',
            lambda i: context(i)['sources'][0]['type'] == source['type']
            and i['type'] == 'domain')
        tag = next(t for i in self.all for t in context(i)['tags'])
        for name in ('tag', 'notification_tag'):
            self.expect(f'{name}:{tag}', lambda i: tag in context(i)['tags'])
        entity = next(i['id'] for i in self.all
                      if i['type'] == 'ip_address')
        self.expect(f'entity_id:{entity}', lambda i: i['id'] == entity)

    def test_nothing_matches_is_an_empty_page(self):
        page = self.one.page(STREAM, filter='source_id:none')
        self.assertEqual((page['data'], page['meta']), ([], {'count': 0}))

    def test_a_window_turned_round_is_empty(self):
        page = self.one.page(STREAM,
                             filter=f'date:{NOW}+ date:{NOW - 100}-')
        self.assertEqual((page['data'], page['meta']), ([], {'count': 0}))

    def test_bad_terms_are_refused(self):
        for text, part in (
                ('origin:notHunting', 'origin "notHunting" is not valid. '
                 'Valid origins are: hunting,subscriptions'),
                ('entity_type:ip', 'entity_type "ip" is not valid'),
                ('source_type:rule', 'source_type "rule" is not valid'),
                ('verdict:VERDICT_MALICIOUS', 'Unknown filter'),
                ('date:2025-08-07T10:00:00', 'Valid dates'),
                ('date:2025-08-07T10:00:00Z+', 'Valid dates'),
                ('date:2025-08-07+', 'Valid dates'),
                ('date:2025-02-30T10:00:00+', 'Valid dates'),
                ('date:2025-08-07T24:00:00+', 'Valid dates'),
                ('date:-5+', 'Valid dates'),
                ('date:1+ date:2+', 'twice'),
                ('entity_type:url entity_type:file', 'twice'),
                ('domain', 'Invalid filter term'),
                ('entity_type:', 'Invalid filter term'),
                ('entity_type:url  origin:hunting', 'Invalid filter term'),
                ('entity_type:url ', 'ends in a space'),
                ('', 'empty')):
            with self.subTest(text):
                self.refused(self.one.get(STREAM, filter=text), part)

    def test_a_raw_plus_is_a_space(self):
        raw = f'{STREAM}?filter=date:{NOW - 3600}+'
        self.refused(self.one.request(raw), 'space')
        raw = f'{STREAM}?filter=entity_type:domain+origin:hunting'
        self.assertEqual(self.one.request(raw).status, 200)


class Parameters(SimCase):
    def test_bad_values_are_refused(self):
        sim = self.sim()
        for query, part in (
                ('limit=0', 'limit'), ('limit=41', 'limit'),
                ('limit=-1', 'limit'), ('limit=', 'limit'),
                ('limit=4x', 'limit'), ('limit=1&limit=1', 'twice'),
                ('order=date', 'order'), ('order=date+', 'order'),
                ('order=score-', 'order'), ('descriptors_only=1', 'true'),
                ('output_format=stix', 'output_format'),
                ('cursor=abc', 'cursor'), ('cursor=', 'cursor'),
                ('filter=%zz', 'malformed'), ('filter=a%0ab', 'malformed'),
                ('filter=%4', 'malformed')):
            with self.subTest(query):
                self.refused(sim.request(f'{STREAM}?{query}'), part)

    def test_unknown_parameters_are_ignored_and_counted(self):
        sim = self.sim()
        self.assertEqual(sim.get(STREAM, **{'x-tool': 'a', 'b': 1}).status,
                         200)
        self.assertEqual(sim.stats()['lapses']['unknown_parameter'], 2)

    def test_descriptors_have_no_attributes(self):
        page = self.sim().page(STREAM, descriptors_only='true')
        for item in page['data']:
            self.assertEqual(set(item), {'id', 'type', 'context_attributes'})


class Cursor(SimCase):
    def cursor(self, sim, **params):
        return sim.page(STREAM, limit=1, **params)['meta']['cursor']

    def test_has_the_shape_of_version_three(self):
        page = self.sim().page(STREAM, limit=1)
        text = page['meta']['cursor']
        outer = zlib.decompress(base64.urlsafe_b64decode(text))
        self.assertEqual(outer[:1], b'|')
        inner = base64.urlsafe_b64decode(outer[1:] + b'=' *
                                         (-len(outer[1:]) % 4)).decode()
        position, version, issued, seal = inner.split('||')
        date, number = key_of(page['data'][0])
        self.assertEqual(json.loads(base64.b64decode(position)),
                         {'offset': 0, 'provider': 'DPS',
                          'sort': [date, number]})
        self.assertEqual((version, int(issued)), ('v3', NOW))
        self.assertRegex(seal, '^[0-9a-f]{64}$')

    def test_is_bound_to_filter_and_order_but_not_to_limit(self):
        sim = self.sim()
        cursor = self.cursor(sim, filter='entity_type:domain')
        for params in ({'filter': 'entity_type:url'}, {},
                       {'filter': 'entity_type:domain', 'order': 'date+'}):
            self.refused(sim.get(STREAM, cursor=cursor, **params), 'cursor')
        self.assertEqual(sim.get(STREAM, cursor=cursor, limit=7,
                                 filter='entity_type:domain').status, 200)

    def test_any_changed_character_is_refused(self):
        sim = self.sim()
        cursor = self.cursor(sim)
        for at in range(8, len(cursor) - 4, 17):
            other = 'A' if cursor[at] != 'A' else 'B'
            bad = cursor[:at] + other + cursor[at + 1:]
            self.refused(sim.get(STREAM, cursor=bad), 'cursor')

    def test_survives_a_restart_and_expires_only_by_switch(self):
        first = self.sim('--cursor-ttl', '60')
        cursor = self.cursor(first)
        later = self.sim('--cursor-ttl', '60', now=NOW + 60)
        self.assertEqual(later.get(STREAM, cursor=cursor).status, 200)
        late = self.sim('--cursor-ttl', '60', now=NOW + 61)
        self.refused(late.get(STREAM, cursor=cursor), 'expired')
        never = self.sim(now=NOW + 61)
        self.assertEqual(never.get(STREAM, cursor=cursor).status, 200)


class Switches(SimCase):
    def test_dates_may_exclude_their_edge(self):
        plain = self.sim('--stream-rate', '60')
        other = self.sim('--stream-rate', '60', '--date-exclusive')
        second = key_of(plain.page(STREAM, limit=5)['data'][-1])[0]
        for sign, edge in (('+', second + 1), ('-', second - 1)):
            want = plain.page(STREAM, filter=f'date:{edge}{sign}')
            have = other.page(STREAM, filter=f'date:{second}{sign}')
            self.assertEqual(want['meta']['count'], have['meta']['count'])

    def test_count_may_be_missing(self):
        meta = self.sim('--no-count').page(STREAM)['meta']
        self.assertEqual(set(meta), {'cursor'})
        old = self.sim('--count-as-in-2023', '--stream-rate', '1')
        self.assertEqual(set(old.page(STREAM)['meta']), {'cursor'})
        last = old.page(STREAM, filter=f'date:{NOW - 1}+')
        self.assertEqual(set(last['meta']), {'count'})

    def test_terms_may_be_ignored(self):
        sim = self.sim('--ignore-filter-term', 'date,entity_type')
        whole = sim.page(STREAM)['meta']['count']
        for text in ('entity_type:url', f'date:{NOW - 5}+'):
            self.assertEqual(sim.page(STREAM, filter=text)['meta']['count'],
                             whole)
        self.refused(sim.get(STREAM, filter='entity_type:x'), 'entity_type')

    def test_order_may_be_ignored(self):
        sim = self.sim('--ignore-order')
        keys = [key_of(i) for i in sim.page(STREAM, order='date+')['data']]
        self.assertEqual(keys, sorted(keys, reverse=True))

    def test_empty_data_may_be_null_or_absent(self):
        none = {'filter': 'source_id:none'}
        self.assertIsNone(self.sim('--data-null').page(STREAM, **none)['data'])
        self.assertNotIn('data', self.sim('--data-absent').page(STREAM, **none))

    def test_stream_may_be_outside_the_licence(self):
        answer = self.sim('--stream-forbidden').get(STREAM)
        self.assertEqual(answer.error(), (
            403, 'ForbiddenError',
            'You are not authorized to perform the requested operation'))

    def test_limit_may_be_cut_instead(self):
        page = self.sim('--clamp-limit').page(STREAM, limit=1000)
        self.assertEqual(len(page['data']), 40)

    def test_retention_bounds_the_stream(self):
        items, _ = self.sim('--stream-rate', '4', '--retention-days',
                            '1').walk(order='date+')
        self.assertGreaterEqual(key_of(items[0])[0], NOW - 86400)
        self.assertLess(key_of(items[0])[0], NOW - 86400 + 7200)


if __name__ == '__main__':
    unittest.main()
