# SPDX-License-Identifier: Apache-2.0
"""Custom lists over the raw wire: what the operations take, give, refuse."""
import unittest

from guardduty_case import FOREIGN
from guardduty_sets_case import (ADDRESSES, BUCKET, DOMAINS, ENTITY, IDS, IP,
                                 KINDS, TRUSTED_ENTITY, TRUSTED_IP, Sets,
                                 SetsCase, where)

GONE = 'The request is rejected since no such resource found.'
LIMIT = 'beyond the current AWS account limits'
NOW_S = 1754560000


class Life(SetsCase):
    def test_every_kind_is_made_seen_changed_and_deleted(self):
        client = self.sets()
        for kind in KINDS:
            with self.subTest(kind):
                item = client.create(kind, name='first', tags={'a': 'b'})
                self.assertRegex(item, '^[0-9a-f]{32}$')
                got = client.set(kind, item)
                self.assertEqual(
                    {name: got[name] for name in
                     ('name', 'format', 'location', 'status', 'tags')},
                    {'name': 'first', 'format': 'TXT', 'status': 'INACTIVE',
                     'location': where('one.txt'), 'tags': {'a': 'b'}})
                client.update(kind, item, name='second',
                              location=where('two.txt'))
                got = client.set(kind, item)
                self.assertEqual((got['name'], got['location']),
                                 ('second', where('two.txt')))
                self.assertEqual(client.all(kind), [item])
                client.delete(kind, item)
                self.assertEqual(client.all(kind), [])

    def test_members_of_get_are_those_of_the_model(self):
        client = self.sets()
        self.assertEqual(set(client.set(IP, client.create())),
                         {'name', 'format', 'location', 'status'})
        item = client.create(ENTITY, expectedBucketOwner='444455556666')
        got = client.set(ENTITY, item)
        self.assertEqual(set(got), {'name', 'format', 'location', 'status',
                                    'expectedBucketOwner', 'createdAt',
                                    'updatedAt'})
        self.assertEqual((got['createdAt'], got['updatedAt']), (NOW_S, NOW_S))
        client.sim.request('/_sim/now?epoch=%d' % (NOW_S + 5), method='POST')
        client.update(ENTITY, item, name='other')
        got = client.set(ENTITY, item)
        self.assertEqual((got['createdAt'], got['updatedAt']),
                         (NOW_S, NOW_S + 5))

    def test_members_come_in_any_order(self):
        client = self.sets('--gd-set-future')
        item = client.create(ENTITY)
        got = [client.set(ENTITY, item) for _ in range(20)]
        self.assertEqual(got, got[:1] * 20)
        self.assertGreater(len({tuple(one) for one in got}), 5)
        self.assertEqual(got[0]['lastRun']['status'], 'ERROR')
        self.assertEqual(got[0]['status'], 'INACTIVE')

    def test_errors_are_told_of_entity_sets_alone(self):
        client = self.sets()
        for kind, told in ((IP, False), (ENTITY, True)):
            item = client.create(kind, location=where('none.txt'),
                                 activate=True)
            got = client.set(kind, item)
            self.assertEqual(got['status'], 'ERROR')
            self.assertEqual('errorDetails' in got, told)
        self.assertEqual(got['errorDetails'], 'The object could not be found')

    def test_a_repeated_create_makes_one_set(self):
        client = self.sets()
        first = client.create(clientToken='t' * 64)
        self.assertEqual(client.create(clientToken='t' * 64), first)
        self.assertEqual(client.create(ENTITY, clientToken='t' * 64,
                                       name='one') == first, False)
        self.rejected(client.try_create(clientToken='t' * 64, name='other'),
                      'clientToken was used with other parameters')
        self.assertEqual(len(client.all(IP)), 1)
        # Without a token a repetition is another call.
        self.rejected(client.try_create(), 'already exists')

    def test_many_tags_come_back(self):
        client = self.sets()
        tags = {f'key-{i}': f'"v" \\ {i}' for i in range(200)}
        item = client.create(tags=tags)
        self.assertEqual(client.set(IP, item)['tags'], tags)

    def test_accounts_and_regions_are_apart(self):
        sim = self.sets('--gd-regions', 'us-east-1,eu-west-1').sim
        here, there = Sets(sim), Sets(sim, region='eu-west-1')
        item = here.create()
        self.assertEqual(there.all(IP), [])
        self.rejected(there.send('GET', there.path(IP, item)), GONE)
        there.create()
        self.rejected(there.send('GET', here.path(IP, item)), FOREIGN)


class Pages(SetsCase):
    def test_pages_end_as_the_switch_says(self):
        for end, token in (('empty', ''), ('absent', None)):
            client = self.sets('--gd-end', end)
            self.assertEqual(client.page(IP).get('nextToken'), token)

    def walk(self, client, query):
        found, token = [], ''
        while True:
            page = client.page(IP, f'?{query}&nextToken={token}')
            found.append(page[IDS[IP] + 's'])
            if not page.get('nextToken'):
                return found
            token = page['nextToken'].replace('+', '%2B').replace(
                '/', '%2F').replace('=', '%3D')

    def test_pages_hold_as_many_as_asked(self):
        client = self.sets('--gd-sets-max', '60')
        items = [client.create(name=f'n{i}') for i in range(52)]
        self.assertEqual(self.walk(client, 'maxResults=1'),
                         [[item] for item in items])
        self.assertEqual([len(page) for page in self.walk(client, '')],
                         [50, 2])
        page = client.page(IP, '?maxResults=2')
        client.delete(IP, items[1])
        token = page['nextToken'].replace('+', '%2B').replace(
            '/', '%2F').replace('=', '%3D')
        after = client.page(IP, f'?maxResults=2&nextToken={token}')
        self.assertEqual(after[IDS[IP] + 's'], items[2:4])

    def test_empty_pages_with_a_token(self):
        client = self.sets('--gd-empty-every', '1')
        items = [client.create(name=name) for name in 'ab']
        self.assertEqual(self.walk(client, 'maxResults=1'),
                         [[], [items[0]], [], [items[1]]])

    def test_faults_of_lists(self):
        client = self.sets('--fault', 'empty-page=endpoint:set-lists,once')
        item = client.create()
        self.assertEqual(self.walk(client, 'maxResults=9'), [[], [item]])
        client = self.sets('--fault', 'null-arrays=endpoint:set-lists,always')
        self.assertIsNone(client.page(ENTITY)['threatEntitySetIds'])
        client = self.sets('--fault', 'throttling=endpoint:sets,once')
        self.assertEqual(client.try_create().status, 400)
        client.create()

    def test_what_a_query_may_not_say(self):
        client = self.sets('--gd-sets-max', '60')
        for i in range(3):
            client.create(name=f'n{i}')
        token = client.page(IP, '?maxResults=2')['nextToken']
        token = token.replace('+', '%2B').replace('/', '%2F').replace('=',
                                                                      '%3D')
        for query, part in (('?maxResults=0', 'maxResults'),
                            ('?maxResults=51', 'maxResults'),
                            ('?maxResults=x', 'maxResults'),
                            ('?nextToken=x', 'nextToken'),
                            (f'?maxResults=1&nextToken={token}', 'nextToken'),
                            ('?max=1', 'max is unknown'),
                            ('?maxResults=1&maxResults=1', 'repeated')):
            self.rejected(client.send('GET', client.path(IP) + query), part)
        self.rejected(client.send('GET', client.path(ENTITY) +
                                  f'?maxResults=2&nextToken={token}'),
                      'nextToken')
        item = client.all(IP)[0]
        self.rejected(client.send('GET', client.path(IP, item) +
                                  '?maxResults=1'), 'unknown')


class Refusals(SetsCase):
    def setUp(self):
        super().setUp()
        self.client = self.sets()

    def test_required_members(self):
        for name in ('name', 'format', 'location', 'activate'):
            self.rejected(self.client.try_create(**{name: None}),
                          f'the required parameter {name} is missing')

    def test_types_and_unknown_members(self):
        for name, value in (('name', 1), ('activate', 'true'), ('tags', []),
                            ('location', None), ('format', {}),
                            ('clientToken', True),
                            ('expectedBucketOwner', 111122223333)):
            body = {'name': 'one', 'format': 'TXT', 'activate': True,
                    'location': where('one.txt'), name: value}
            self.rejected(self.client.send('POST', self.client.path(IP), body),
                          f'{name} has an invalid type')
        self.rejected(self.client.try_create(Name='x'), 'Name is unknown')
        item = self.client.create()
        self.rejected(self.client.try_update(IP, item, format='TXT'),
                      'format is unknown')
        self.rejected(self.client.try_update(IP, item, tags={'a': 'b'}),
                      'tags is unknown')

    def test_values(self):
        bad = {'name': ('', 'a' * 301, 'a b', 'a.b', 'ä'),
               'format': ('', 'txt', 'CSV', 'TXT,STIX'),
               'location': ('', 's3://' + BUCKET + '/' + 'k' * 300),
               'expectedBucketOwner': ('', '1' * 11, '1' * 13, 'a' * 12),
               'clientToken': ('t' * 65,),
               'tags': ({}, {'': 'v'}, {'aws:x': 'v'}, {'a b': 'v'},
                        {'k' * 129: 'v'}, {'k': 'v' * 257}, {'k': 1},
                        {f'k{i}': '' for i in range(201)})}
        item = self.client.create(name='kept')
        for name, values in bad.items():
            for value in values:
                answer = self.client.try_create(**{name: value})
                self.rejected(answer, f'{name} has an invalid value')
                if name in ('name', 'location', 'expectedBucketOwner'):
                    self.rejected(
                        self.client.try_update(IP, item, **{name: value}),
                        f'{name} has an invalid value')
        self.assertEqual(self.client.all(IP), [item])
        self.client.create(name='Az09-_' + 'a' * 294, tags={
            'Az+,-./:;<=_09': ''}, expectedBucketOwner='0' * 12,
            clientToken='')

    def test_locations(self):
        good = (f's3://{BUCKET}/a/b c.txt',
                f'https://s3.amazonaws.com/{BUCKET}/a.txt',
                f'https://s3-eu-west-1.amazonaws.com/{BUCKET}/a.txt',
                f'https://{BUCKET}.s3.amazonaws.com/a/b.txt',
                f'http://{BUCKET}.s3.amazonaws.com/a.txt',
                f'http://{BUCKET}.s3-eu-west-1.amazonaws.com/a.txt',
                'http://s3-old.s3.s3.amazonaws.com/a.txt')
        bad = (f's3://{BUCKET}', f's3://{BUCKET}/', 's3:///a', 's3://ab/c',
               f'S3://{BUCKET}/a', f's3://{BUCKET.upper()}/a', 'a.txt',
               f'ftp://{BUCKET}.s3.amazonaws.com/a',
               f'http://s3.amazonaws.com/{BUCKET}/a',
               f'https://s3.amazonaws.com/{BUCKET}',
               f'https://s3.eu-west-1.amazonaws.com/{BUCKET}/a',
               f'https://{BUCKET}.s3.eu-west-1.amazonaws.com/a',
               f'https://{BUCKET}.s3.amazonaws.com/',
               f'https://{BUCKET}.s3.amazonaws.com',
               'https://s3-nowhere.amazonaws.com/bucket/a',
               'https://example.com/bucket/a.txt',
               f'arn:aws:s3:::{BUCKET}/a')
        for kind in (IP, ENTITY):
            item = self.client.create(kind, name='l')
            for text in good:
                self.client.update(kind, item, location=text)
                self.assertEqual(self.client.set(kind, item)['location'], text)
            for text in bad:
                for activate in (False, True):
                    self.rejected(
                        self.client.try_create(kind, location=text,
                                               activate=activate),
                        'location has an invalid value')
                self.rejected(
                    self.client.try_update(kind, item, location=text),
                    'location has an invalid value')

    def test_bad_locations_of_addresses_may_wait_for_activation(self):
        client = self.sets('--gd-ip-location', 'activation')
        client.create(location='somewhere')
        self.rejected(client.try_create(location='somewhere', name='b',
                                        activate=True), 'location')
        self.rejected(client.try_create(ENTITY, location='somewhere'),
                      'location')

    def test_unknown_sets_and_detectors(self):
        item = self.client.create()
        for path in (self.client.path(IP, '0' * 32),
                     self.client.path(ENTITY, item),
                     self.client.path(IP, 'x' * 90)):
            self.rejected(self.client.send('GET', path), GONE)
            self.rejected(self.client.send('DELETE', path), GONE)
            self.rejected(self.client.send('POST', path, {}), GONE)
        other = Sets(self.client.sim, detector='f' * 32)
        self.rejected(other.try_create(), FOREIGN)
        self.rejected(other.send('GET', other.path(IP)), FOREIGN)
        other = Sets(self.client.sim, detector='x')
        self.rejected(other.try_create(), 'detectorId has an invalid value')

    def test_paths_and_methods_that_are_none(self):
        item = self.client.create()
        for method, path in (('PUT', self.client.path(IP, item)),
                             ('POST', self.client.path(IP, item) + '/x'),
                             ('GET', self.client.path(IP) + '/'),
                             ('DELETE', self.client.path(IP)),
                             ('GET', self.client.path('threatsets'))):
            answer = self.client.send(method, path, {} if method[0] == 'P'
                                      else None)
            self.assertEqual(
                (answer.status, answer.headers['x-amzn-errortype']),
                (403, 'MissingAuthenticationTokenException'))

    def test_bodies_that_are_no_json(self):
        path = self.client.path(IP)
        self.rejected(self.client.send('POST', path, b'{"name":'), 'not JSON',
                      kind='SerializationException')
        self.rejected(self.client.send('POST', path, b'[]'), 'object')
        answer = self.client.send('POST', path, b'{}',
                                  {'Content-Type': 'text/plain'})
        self.assertEqual(answer.status, 415)

    def test_names_are_taken_once_per_kind(self):
        item = self.client.create(name='x')
        self.rejected(self.client.try_create(name='x'), 'name x already')
        self.client.create(ENTITY, name='x')
        other = self.client.create(name='y')
        self.rejected(self.client.try_update(IP, other, name='x'),
                      'name x already')
        self.client.update(IP, item, name='x')
        self.client.delete(IP, item)
        self.client.set(IP, item)       # settles
        self.client.update(IP, other, name='x')


class Quotas(SetsCase):
    def fill(self, client, kind, count):
        return [client.create(kind, name=f'n{i}') for i in range(count)]

    def test_six_of_each_kind(self):
        client = self.sets()
        for kind, most in ((IP, 6), (ENTITY, 6), (TRUSTED_IP, 1),
                           (TRUSTED_ENTITY, 1)):
            items = self.fill(client, kind, most)
            self.rejected(client.try_create(kind, name='more'), LIMIT)
            client.delete(kind, items[0])
            client.set(kind, items[0])  # settles
            client.create(kind, name='more')

    def test_a_set_counts_until_it_is_deleted(self):
        client = self.slow('--gd-sets-max', '1')
        item = client.create()
        client.delete(IP, item)
        self.rejected(client.try_create(name='two'), LIMIT)
        self.finish(client)
        client.create(name='two')

    def test_six_may_be_shared(self):
        client = self.sets('--gd-sets-shared')
        self.fill(client, IP, 4)
        self.fill(client, ENTITY, 2)
        for kind in (IP, ENTITY):
            self.rejected(client.try_create(kind, name='more'), LIMIT)
        client.create(TRUSTED_IP)

    def test_shapes_of_the_refusal(self):
        for form, code, kind in (
                ('plain', 'BadRequestException', 'InvalidInputException'),
                ('typed', 'BadRequestException', 'LimitExceededException'),
                ('code', 'LimitExceededException', None),
                ('internal', 'InternalServerErrorException', None)):
            client = self.sets('--gd-limit-error', form, '--gd-sets-max', '0')
            self.rejected(client.try_create(), LIMIT, code=code, kind=kind)

    def test_foreign_sets_are_there_from_the_start(self):
        self.put('theirs.txt', ADDRESSES)
        client = self.sets(
            '--gd-set-foreign', 'threat-ip:a,threat-entity:b:INACTIVE',
            '--gd-set-foreign', f'threat-ip:c:ACTIVE:{where("theirs.txt")}',
            '--gd-set-foreign', 'threat-ip:d:ERROR:https://s3.eu-west-1.'
            'amazonaws.com/x/y', '--gd-sets-max', '3')
        sets = [client.set(IP, item) for item in client.all(IP)]
        self.assertEqual([(one['name'], one['status'], one['location'])
                          for one in sets],
                         [('a', 'ACTIVE', 's3://foreign-bucket/a.txt'),
                          ('c', 'ACTIVE', where('theirs.txt')),
                          ('d', 'ERROR',
                           'https://s3.eu-west-1.amazonaws.com/x/y')])
        self.rejected(client.try_create(), LIMIT)
        entity = client.set(ENTITY, client.all(ENTITY)[0])
        self.assertEqual((entity['name'], entity['status']), ('b', 'INACTIVE'))
        self.assertEqual(self.in_use(client, client.all(IP)[1])['lines'], 2)

    def test_foreign_sets_need_a_detector(self):
        client = self.sets('--gd-regions', 'us-east-1,eu-west-1',
                           '--gd-no-detector', '111122223333/us-east-1',
                           '--gd-set-foreign', 'threat-ip:a')
        self.assertEqual([one['region'] for one in
                          self.control(client)['sets']], ['eu-west-1'])

    def test_foreign_sets_of_one_place(self):
        client = self.sets('--gd-regions', 'us-east-1,eu-west-1',
                           '--gd-set-foreign',
                           '111122223333/eu-west-1=threat-ip:a')
        self.assertEqual(client.all(IP), [])
        self.assertEqual(len(Sets(client.sim, region='eu-west-1').all(IP)), 1)


class Permissions(SetsCase):
    def denied(self, answer, action, status=403, code='AccessDeniedException',
               kind=None):
        self.rejected(answer, action, status, code, kind)

    def test_operations_are_denied_one_by_one(self):
        for name, call in (
                ('CreateThreatIntelSet', lambda c, i: c.try_create(name='b')),
                ('GetThreatIntelSet', lambda c, i: c.send(
                    'GET', c.path(IP, i))),
                ('UpdateThreatIntelSet', lambda c, i: c.try_update(IP, i)),
                ('ListThreatIntelSets', lambda c, i: c.send(
                    'GET', c.path(IP))),
                ('DeleteThreatIntelSet', lambda c, i: c.try_delete(IP, i))):
            client = self.sets('--aws-deny', f'*/*/{name}',
                               '--gd-set-foreign', 'threat-ip:a:INACTIVE')
            item = self.control(client)['sets'][0]['id']
            self.denied(call(client, item), f'guardduty:{name}')

    def test_lists_of_addresses_need_the_roles_policy(self):
        client = self.sets('--aws-deny', '*/*/PutRolePolicy',
                           '--gd-set-foreign', 'threat-ip:a:INACTIVE')
        item = client.all(IP)[0]
        for answer in (client.try_create(),
                       client.try_update(IP, item, activate=True),
                       client.try_delete(IP, item)):
            self.denied(answer, 'iam:PutRolePolicy')
        client.update(IP, item, name='b')
        client.create(ENTITY)
        client = self.sets('--aws-deny', '*/*/DeleteRolePolicy')
        self.denied(client.try_delete(IP, client.create()),
                    'iam:DeleteRolePolicy')
        client = self.sets('--aws-deny', '*/*/PutRolePolicy',
                           '--gd-iam-denied', '400')
        self.denied(client.try_create(), 'iam:PutRolePolicy', 400,
                    'BadRequestException', 'InvalidInputException')

    def test_lists_of_entities_need_the_object(self):
        client = self.sets('--aws-deny', '*/*/GetObject',
                           '--gd-set-foreign', 'threat-entity:a:INACTIVE')
        item = client.all(ENTITY)[0]
        for answer in (client.try_create(ENTITY),
                       client.try_update(ENTITY, item, activate=True)):
            self.rejected(answer, 's3:GetObject')
        client.create(IP)
        client.delete(ENTITY, item)

    def test_members_see_and_cannot_touch(self):
        sim = self.sets('--gd-accounts', '111122223333,444455556666',
                        '--gd-admin', '444455556666', '--gd-member',
                        '111122223333', '--gd-set-foreign',
                        '444455556666/us-east-1=threat-ip:admins').sim
        client = Sets(sim)
        item = client.all(IP)[0]
        self.assertEqual(client.set(IP, item)['name'], 'admins')
        for answer in (client.try_create(), client.try_delete(IP, item),
                       client.try_update(IP, item, activate=True)):
            self.rejected(answer, 'member accounts cannot manage specified '
                          'resources or properties')

    def test_rates_are_limited_by_operation(self):
        client = self.sets('--aws-throttle', '*/us-east-1=1/3600')
        client.create()
        answer = client.try_create(name='two')
        self.assertEqual((answer.status, answer.headers['x-amzn-errortype']),
                         (400, 'ThrottlingException'))
        client.create(ENTITY)
        self.assertEqual(len(client.all(IP)), 1)

    def test_regions_without_entity_sets(self):
        for form, status, code in (
                ('404', 404, 'UnknownOperationException'),
                ('403', 403, 'MissingAuthenticationTokenException'),
                ('400', 400, 'BadRequestException')):
            client = self.sets('--gd-no-entity-sets', 'us-east-1',
                               '--gd-no-entity-error', form)
            for answer in (client.try_create(ENTITY),
                           client.send('GET', client.path(ENTITY)),
                           client.send('GET', client.path(TRUSTED_ENTITY))):
                self.assertEqual(
                    (answer.status, answer.headers['x-amzn-errortype']),
                    (status, code))
            client.create(IP)


class Detectors(SetsCase):
    def test_one_detector_per_region(self):
        client = self.sets('--gd-no-detector', '111122223333/us-east-1')
        body = {'enable': True, 'clientToken': 'x', 'tags': {'k': 'v'}}
        self.assertIsNone(client.detector_id)
        first = client.ask('POST', '/detector', body)
        self.assertEqual(client.ask('POST', '/detector', body), first)
        self.assertEqual(client.detector(), first['detectorId'])
        for other in ({'enable': True}, {**body, 'clientToken': 'y'},
                      {**body, 'enable': False}):
            self.rejected(client.send('POST', '/detector', other),
                          'a detector already exists for the current account')
        Sets(client.sim).create()

    def test_sets_need_a_detector(self):
        client = self.sets('--gd-no-detector', '111122223333/us-east-1')
        self.rejected(Sets(client.sim, detector='f' * 32).try_create(),
                      FOREIGN)


class Options(SetsCase):
    def test_bad_options_are_refused(self):
        import os
        import subprocess
        for name, value, part in (
                ('gd-set-foreign', 'threat-ip', 'KIND:NAME'),
                ('gd-set-foreign', 'ip:a', 'KIND:NAME'),
                ('gd-set-foreign', 'threat-ip:', 'KIND:NAME'),
                ('gd-set-foreign', 'threat-ip:a:GONE', 'KIND:NAME'),
                ('gd-set-foreign', '1/x=threat-ip:a', 'KIND:NAME'),
                ('gd-set-read', 'now', 'start or end'),
                ('gd-limit-error', 'x', 'plain, typed, code or internal'),
                ('gd-no-entity-error', '500', '404, 403 or 400'),
                ('gd-sets-max', '-1', 'a number')):
            run = subprocess.run(
                [os.environ['SLUICE_SIM'], f'--{name}', value],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                timeout=60)
            self.assertEqual(run.returncode, 2, (name, value))
            self.assertIn(f'--{name}: "{value}" is not ', run.stderr)
            self.assertIn(part, run.stderr)

    def test_samples_of_the_user_guide(self):
        self.put('domains.txt', DOMAINS)
        client = self.sets()
        for kind, key in ((IP, 'one.txt'), (ENTITY, 'domains.txt')):
            item = client.create(kind, location=where(key), activate=True)
            self.assertEqual(client.status(kind, item), 'ACTIVE')


if __name__ == '__main__':
    unittest.main()
