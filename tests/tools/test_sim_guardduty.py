# SPDX-License-Identifier: Apache-2.0
"""GuardDuty's operations: what they give, and what they refuse."""
import json
import random
import unittest

from guardduty_case import FOREIGN, GuardDuty, GuardDutyCase, by, dump

UP = by('updatedAt')


def once(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError('a repeated member')
    return dict(pairs)


def is_json(body):
    """By Python, whose reader is lax about repeated members, names of
    numbers and halves of surrogate pairs."""
    try:
        value = json.loads(body.decode(), object_pairs_hook=once,
                           parse_constant=int)
        json.dumps(value, ensure_ascii=False).encode()
        return True
    except ValueError:
        return False


class Pull(GuardDutyCase):
    def test_all_findings_come_once_in_order(self):
        sim, client, detector = self.start('--gd-findings', '230')
        ids = client.ids(detector, sortCriteria=UP)
        want = [row['finding'] for row in dump(sim)]
        self.assertEqual(len(ids), 230)
        self.assertEqual(ids, [finding['id'] for finding in want])
        got = {}
        for at in range(0, 230, 50):
            for finding in client.get(detector, ids[at:at + 50]):
                got[finding['id']] = finding
        self.assertEqual(got, {one['id']: one for one in want})

    def test_the_same_past_in_two_processes(self):
        lines = [dump(self.sim('--gd-findings', '120')) for _ in range(2)]
        self.assertEqual(*lines)
        other = dump(self.sim('--gd-findings', '120', '--seed', '2'))
        self.assertNotEqual(lines[0][0]['detector'], other[0]['detector'])

    def test_get_is_shuffled_unless_sorted(self):
        _, client, detector = self.start()
        ids = client.list(detector, sortCriteria=UP)['findingIds']
        got = [one['id'] for one in client.get(detector, ids)]
        self.assertEqual(sorted(got), sorted(ids))
        self.assertNotEqual(got, ids)
        got = client.get(detector, ids, sortCriteria=by('severity', 'DESC'))
        severity = [one['severity'] for one in got]
        self.assertEqual(severity, sorted(severity, reverse=True))

    def test_unknown_ids_are_absent(self):
        _, client, detector = self.start()
        one = client.list(detector, maxResults=1)['findingIds'][0]
        got = client.get(detector, ['0' * 32, 'x', one, one])
        self.assertEqual([finding['id'] for finding in got], [one])
        self.assertEqual(client.get(detector, ['f' * 32]), [])

    def test_last_page_says_so_by_switch(self):
        for end, token in (('empty', ''), ('absent', None)):
            _, client, detector = self.start('--gd-end', end, '--gd-findings',
                                             '3')
            page = client.list(detector)
            self.assertEqual(page.get('nextToken'), token)
            self.assertEqual(client.detectors().get('nextToken'), token)


class Refusals(GuardDutyCase):
    def setUp(self):
        self.server, self.client, self.detector = self.start()

    def post(self, rest, body, **more):
        return self.client.send('POST', f'/detector/{self.detector}{rest}',
                                body, **more)

    def test_detector_of_another_place(self):
        for client in (GuardDuty(self.server, 'eu-west-1'), self.client):
            other = self.detector if client is not self.client \
                else 'ab' * 16
            self.rejected(client.send('GET', f'/detector/{other}'), FOREIGN)
        for wrong in ('ab', 'a' * 33, 'A' * 32):
            self.rejected(
                self.client.send('GET', f'/detector/{wrong}'),
                'the parameter detectorId has an invalid value.')

    def test_max_results_outside_1_to_50(self):
        for wrong in (0, 51, -1, 1.5, 2e1, '5', None, True):
            self.rejected(self.post('/findings', {'maxResults': wrong}),
                          'maxResults')
        for wrong in ('0', '51', 'x', '-1', ''):
            self.rejected(
                self.client.send('GET', f'/detector?maxResults={wrong}'),
                'maxResults')

    def test_get_needs_1_to_50_ids(self):
        for wrong in ([], ['a'] * 51, [1], [''], ['a' * 301]):
            self.rejected(self.post('/findings/get', {'findingIds': wrong}),
                          'findingIds')
        self.rejected(self.post('/findings/get', {}), 'findingIds is missing')
        self.rejected(self.post('/findings/get', {'findingIds': 'a'}),
                      'invalid type')

    def test_unknown_members(self):
        for rest, body in (('/findings', {'maxresults': 5}),
                           ('/findings/get', {'findingIds': ['a'],
                                              'findingCriteria': {}}),
                           ('/findings/create', {'types': []}),
                           ('/findings/archive', {'findingIds': ['a'],
                                                  'x': 1})):
            self.rejected(self.post(rest, body), 'is unknown')

    def test_bodies_that_are_not_json(self):
        for body in (b'', b'{', b'{}{}', b"{'a':1}", b'{"a":01}', b'[1,]',
                     b'{"maxResults":5,"maxResults":5}', b'\xff', b'nul',
                     b'{"nextToken":"\\ud800"}', b'{"nextToken":"\x01"}',
                     b'{"nextToken":"\xc0\xaf"}', b'{"a":1.}', b'{"a":"\\x"}',
                     b'{"a":' + b'[' * 40 + b']' * 40 + b'}'):
            self.rejected(self.post('/findings', body), 'not JSON',
                          kind='SerializationException')
        self.rejected(self.post('/findings', b'[]'), 'object was expected')
        self.assertEqual(self.post('/findings', b' { } ').status, 200)

    def test_bodies_bent_at_random_as_python_judges_them(self):
        chance = random.Random(7)
        plain = (b'{"findingCriteria":{"criterion":{"updatedAt":{"gte":-12},'
                 b'"type":{"eq":["\\u00e9\\ud83d\\ude80 \xc3\xa9"]}}},'
                 b' "maxResults" : 5 }')
        verdicts = set()
        for _ in range(300):
            body = bytearray(plain)
            for _ in range(chance.randint(1, 2)):
                at = chance.randrange(len(body))
                if chance.random() < 0.5:
                    body[at:at + 1] = b''
                else:
                    body[at] = chance.choice(b'{}[],:"\\0e.-+u \xff\t\x01')
            answer = self.post('/findings', bytes(body))
            refused = 'not JSON' in answer.json().get('message', '')
            self.assertEqual(refused, not is_json(bytes(body)), bytes(body))
            verdicts.add(refused)
        self.assertEqual(verdicts, {True, False})

    def test_content_type_is_needed(self):
        for kind in (None, 'text/plain', 'application/x-amz-json-1.1'):
            answer = self.post('/findings', {},
                               headers={'Content-Type': kind})
            self.assertEqual(answer.status, 415)

    def test_a_get_has_no_body(self):
        for target in ('/detector', f'/detector/{self.detector}'):
            answer = self.client.send('GET', target, {})
            self.assertEqual(answer.status, 400)

    def test_unknown_paths_and_methods(self):
        for method, path in (('GET', '/detectors'), ('DELETE', '/detector'),
                             ('GET', '/detector/'),
                             ('GET', f'/detector/{self.detector}/findings'),
                             ('GET', f'/detector/{self.detector}/')):
            answer = self.client.send(method, path)
            self.assertIn(answer.status, (403, 404), path)

    def test_queries_where_none_belong(self):
        for target in ('/detector?maxresults=5', '/detector?maxResults=5&'
                       'maxResults=5', f'/detector/{self.detector}?a=b'):
            self.rejected(self.client.send('GET', target),
                          'unknown or repeated')

    def test_tokens_are_bound_to_what_was_asked(self):
        body = {'maxResults': 5, 'sortCriteria': UP}
        token = self.client.list(self.detector, **body)['nextToken']
        for sign in '+/=':
            self.assertIn(sign, token)
        self.client.list(self.detector, **body, nextToken=token)
        for other in ({**body, 'maxResults': 6}, {'maxResults': 5},
                      {**body, 'sortCriteria': by('updatedAt', 'DESC')},
                      {**body, 'findingCriteria': {}}):
            self.rejected(self.post('/findings',
                                    {**other, 'nextToken': token}),
                          'nextToken')
        for wrong in ('x', token[:-1], token.lower(), token[4:] + token[:4],
                      token.replace('+', ' ')):
            self.rejected(self.post('/findings', {**body,
                                                  'nextToken': wrong}),
                          'nextToken')
        again = self.client.list(self.detector, **{
            'sortCriteria': {'orderBy': 'ASC', 'attributeName': 'updatedAt'},
            'maxResults': 5, 'nextToken': ''})
        self.assertEqual(again['nextToken'], token)


if __name__ == '__main__':
    unittest.main()
