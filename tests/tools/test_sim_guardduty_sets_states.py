# SPDX-License-Identifier: Apache-2.0
"""Custom lists over time: states, what is read when, what it comes to."""
import os
import unittest

from guardduty_sets_case import (ADDRESSES, BUCKET, DOMAINS, ENTITY, IP, KINDS,
                                 SetsCase, sha256, where)

NOW = 1754560000
OTHER = b'192.0.2.1\n'


class States(SetsCase):
    def test_from_birth_to_end(self):
        client = self.slow()
        item = client.create(activate=True)
        self.assertEqual(client.status(IP, item), 'ACTIVATING')
        self.finish(client)
        self.assertEqual(client.status(IP, item), 'ACTIVE')
        client.update(IP, item, activate=False)
        self.assertEqual(client.status(IP, item), 'DEACTIVATING')
        self.finish(client)
        self.assertEqual(client.status(IP, item), 'INACTIVE')
        client.delete(IP, item)
        self.assertEqual(client.status(IP, item), 'DELETE_PENDING')
        self.assertEqual(client.all(IP), [item])
        self.finish(client)
        self.assertEqual(client.status(IP, item), 'DELETED')
        self.assertEqual(client.all(IP), [])
        for answer in (client.try_update(IP, item, name='x'),
                       client.try_delete(IP, item)):
            self.rejected(answer, 'no such resource')

    def test_deleted_sets_may_be_gone(self):
        client = self.sets('--gd-deleted', 'gone')
        item = client.create()
        client.delete(IP, item)
        self.rejected(client.send('GET', client.path(IP, item)),
                      'no such resource')

    def test_nothing_is_allowed_while_busy(self):
        for kind in KINDS:
            client = self.slow()
            item = client.create(kind, activate=True)
            seen = self.seen(client, item)
            for status in ('ACTIVATING', 'DEACTIVATING', 'DELETE_PENDING'):
                self.post(client, f'name=one&status={status}')
                for answer in (client.try_update(kind, item, activate=True),
                               client.try_update(kind, item, name='x'),
                               client.try_update(kind, item),
                               client.try_delete(kind, item)):
                    self.rejected(answer, f' is {status}.')
            after = self.seen(client, item)
            self.assertEqual(after['refused_while_busy'], 12)
            self.assertEqual(self.control(client)['refused_while_busy'], 12)
            for name in ('name', 'updates', 'activations', 'deletes'):
                self.assertEqual(after[name], seen[name])

    def test_states_that_stay(self):
        client = self.sets()
        item = client.create(activate=True)
        for status in ('ACTIVATING', 'DELETE_PENDING', 'ERROR', 'INACTIVE'):
            got = self.post(client, f'kind=threat-ip&name=one&status={status}')
            self.assertEqual(got['count'], 1)
            client.sim.request('/_sim/now?epoch=%d' % (NOW + 10 ** 6),
                               method='POST')
            self.assertEqual(client.status(IP, item), status)
        for query in ('name=two&status=ERROR', 'kind=trusted-ip&status=ERROR',
                      'account=1&status=ERROR', 'region=x&status=ERROR'):
            self.assertEqual(self.post(client, query)['count'], 0)
        for query in ('', 'status=GONE', 'delay=x', 'kms_denied=2'):
            answer = client.sim.request('/_sim/sets?' + query, method='POST')
            self.refused(answer, 'is expected')
        self.refused(client.sim.request('/_sim/sets', method='PUT'),
                     'GET or POST')

    def test_what_was_set_by_hand_can_be_finished(self):
        client = self.slow('--gd-set-foreign', 'threat-ip:theirs:ACTIVATING:'
                           + where('one.txt'))
        theirs = client.all(IP)[0]
        item = client.create(activate=True)
        self.finish(client)
        self.put('one.txt', OTHER)
        self.post(client, 'name=one&status=ACTIVATING')
        self.assertEqual(client.status(IP, theirs), 'ACTIVE')
        self.finish(client)
        self.assertEqual(self.in_use(client, theirs)['sha256'],
                         sha256(ADDRESSES))
        self.assertEqual(self.in_use(client, item)['sha256'], sha256(OTHER))

    def test_either_clock_ends_a_wait(self):
        client = self.sets('--gd-activation-delay', '2400000')
        item = client.create(activate=True)
        for ahead, status in ((2399, 'ACTIVATING'), (2400, 'ACTIVE')):
            client.sim.request('/_sim/now?epoch=%d' % (NOW + ahead),
                               method='POST')
            self.assertEqual(client.status(IP, item), status)
        # The clock of the data stands still; the real one goes on.
        self.post(client, 'delay=20')
        client.update(IP, item, activate=True)
        while client.status(IP, item) == 'ACTIVATING':
            pass
        self.assertEqual(client.status(IP, item), 'ACTIVE')

    def test_what_changes_an_active_set(self):
        client = self.slow()
        item = client.create(activate=True)
        self.finish(client)
        client.update(IP, item)
        client.update(IP, item, name='b', location=where('two.txt'))
        self.assertEqual(client.status(IP, item), 'ACTIVE')
        client.update(IP, item, activate=False)
        self.finish(client)
        client.update(IP, item, activate=False)
        self.assertEqual(client.status(IP, item), 'INACTIVE')
        seen = self.seen(client, item)
        self.assertEqual((seen['updates'], seen['activations']), (4, 1))


class Contents(SetsCase):
    def test_what_is_in_use_is_what_was_activated(self):
        client = self.slow()
        item = client.create(activate=True)
        self.assertIsNone(self.in_use(client, item))
        self.finish(client)
        old = {'sha256': sha256(ADDRESSES), 'lines': 2}
        self.assertEqual(self.in_use(client, item), old)
        self.put('one.txt', OTHER)
        self.assertEqual(self.in_use(client, item), old)
        client.update(IP, item, name='still')
        self.assertEqual(self.in_use(client, item), old)
        client.update(IP, item, activate=True)
        self.assertEqual(client.status(IP, item), 'ACTIVATING')
        self.assertEqual(self.in_use(client, item), old)
        self.finish(client)
        self.assertEqual(self.in_use(client, item),
                         {'sha256': sha256(OTHER), 'lines': 1})
        client.update(IP, item, activate=False)
        self.assertEqual(self.in_use(client, item)['lines'], 1)
        self.finish(client)
        self.assertIsNone(self.in_use(client, item))

    def test_when_the_object_is_read(self):
        for when, data in (('start', ADDRESSES), ('end', OTHER)):
            self.put('one.txt', ADDRESSES)
            client = self.slow('--gd-set-read', when)
            item = client.create(activate=True)
            self.put('one.txt', OTHER)
            self.finish(client)
            self.assertEqual(self.in_use(client, item)['sha256'],
                             sha256(data))

    def test_an_error_ends_the_use_until_a_good_list_is_back(self):
        client = self.sets()
        item = client.create(activate=True)
        self.put('one.txt', b'example.com\n')
        client.update(IP, item, activate=True)
        self.assertEqual(client.status(IP, item), 'ERROR')
        self.assertIsNone(self.in_use(client, item))
        self.assertIn('Line 1', self.seen(client, item)['error_details'])
        self.put('one.txt', ADDRESSES)
        client.update(IP, item, activate=True)
        self.assertEqual(client.status(IP, item), 'ACTIVE')
        self.assertEqual(self.seen(client, item)['error_details'], '')

    def outcome(self, client, kind, data, **body):
        """NULL for ACTIVE, else what is said."""
        self.put('judged.txt', data)
        item = client.create(kind, location=where('judged.txt'), activate=True,
                             **body)
        seen = self.seen(client, item)
        client.delete(kind, item)
        self.control(client)            # settles
        if seen['status'] == 'ACTIVE':
            self.assertEqual(seen['content'],
                             {'sha256': sha256(data), 'lines': len(
                                 data.splitlines())})
            return None
        self.assertEqual((seen['status'], seen['content']), ('ERROR', None))
        return seen['error_details']

    def test_lines_of_addresses(self):
        client = self.sets()
        for line in ('0.0.0.0', '255.255.255.255', '10.0.0.0/8',
                     '198.51.100.7/32', '0.0.0.0/0', '198.51.100.128/25'):
            for kind in (IP, ENTITY):
                self.assertIsNone(
                    self.outcome(client, kind, line.encode() + b'\n'), line)
                self.assertIsNone(self.outcome(client, kind, line.encode()))
        for line in ('256.1.1.1', '1.2.3', '1.2.3.4.5', '01.2.3.4',
                     '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/032', '1.2.3.4/24',
                     '1.2.3.4 ', ' 1.2.3.4', '1.2.3.4#x', '2001:db8::1',
                     '::/0', '1.2.3.x',
                     'http://example.com/', 'example.com', '*.example.com',
                     '1.2.3.4-1.2.3.9', '', '1.2.3.4\r', '\x00'):
            got = self.outcome(client, IP, ADDRESSES + line.encode() + b'\n')
            self.assertTrue(got and got.startswith('Line 3 '), (line, got))

    def test_lines_of_domains(self):
        client = self.sets()
        for line in ('example.com', '*.example.org', 'EXAMPLE.com', 'a.b',
                     'xn--bcher-kva.example', '1.2.3.com', 'a' * 63 + '.com',
                     '.'.join(['a' * 49] * 5) + '.co'):
            self.assertIsNone(
                self.outcome(client, ENTITY, line.encode() + b'\n'), line)
        for line in ('com', '*.com', '*', 'a*.com', '*.*.com', 'a..b', '.a.b',
                     'a.b.', '-a.com', 'a-.com', 'a_b.com', 'a' * 64 + '.com',
                     '.'.join(['a' * 49] * 5) + '.comm', 'bücher.example',
                     'http://a.com', 'a.com/x', 'a.com:80', '1.2.3', '2001::1',
                     'a@b.com', ''):
            got = self.outcome(client, ENTITY, DOMAINS + line.encode() + b'\n')
            self.assertTrue(got and got.startswith('Line 4 '), (line, got))

    def test_doubtful_lines_pass_by_switch(self):
        for word, line in (('blank', b'\n'), ('crlf', b'1.2.3.4\r\n'),
                           ('host-bits', b'1.2.3.4/24\n')):
            self.assertIsNone(self.outcome(self.sets('--gd-lax', word), IP,
                                           ADDRESSES + line))
        client = self.sets('--gd-lax', 'blank', '--gd-lax', 'crlf')
        self.assertIsNone(self.outcome(client, IP, b'1.2.3.4\r\n\r\n'))

    def test_quotas_of_entries_and_bytes(self):
        client = self.sets()
        for kind, most, line in ((IP, 250000, b'1.2.3.4\n'),
                                 (ENTITY, 1000, b'a.bc\n'),
                                 ('ipset', 2000, b'1.2.3.4\n')):
            self.assertIsNone(self.outcome(client, kind, line * most))
            self.assertEqual(self.outcome(client, kind, line * (most + 1)),
                             f'The list has more than {most} entries: '
                             f'{most + 1}')
        self.assertIn('larger than 35 MB', self.outcome(
            client, ENTITY, b'a' * 35000001))
        self.assertEqual(self.outcome(client, IP, b''), 'The file is empty')

    def test_formats_are_known_by_how_they_begin(self):
        client = self.sets()
        files = {'TXT': b'192.0.2.1\n',
                 'STIX': b'<?xml version="1.0"?>\n<stix:STIX_Package/>\n',
                 'OTX_CSV': b'Indicator type, Indicator, Description\n',
                 'ALIEN_VAULT': b'192.0.2.1#4#2#Host#US##0.0,0.0#3\n',
                 'PROOF_POINT': b'ip, category, score, first_seen\n',
                 'FIRE_EYE': b'reportId, title, threatScape\n'}
        for name in files:
            for other, data in files.items():
                got = self.outcome(client, IP, data, format=name)
                self.assertEqual(got is None, name == other, (name, other))

    def test_files_that_cannot_be_read(self):
        client = self.sets()
        os.mkdir(os.path.join(self.root, BUCKET, 'folder'))
        for location in (where('none.txt'), where('folder'),
                         's3://no-such-bucket/x', where('one.txt') + '/x'):
            item = client.create(location=location, activate=True)
            self.assertEqual(self.seen(client, item)['error_details'],
                             'The object could not be found')
            client.delete(IP, item)
            self.control(client)

    def test_owners_of_buckets(self):
        client = self.sets('--gd-accounts', '111122223333,444455556666')
        wrong = 'The bucket is not owned by the expected account'
        for kind, owner, error in ((IP, None, ''), (IP, '1' * 12, wrong),
                                   (IP, '111122223333', ''),
                                   (ENTITY, None, ''),
                                   (ENTITY, '444455556666', wrong)):
            item = client.create(kind, activate=True,
                                 expectedBucketOwner=owner)
            self.assertEqual(self.seen(client, item)['error_details'], error)
            client.delete(kind, item)
            self.control(client)
        client = self.sets('--s3-bucket', BUCKET + ',owner:444455556666')
        for kind, owner, error in ((IP, None, ''), (ENTITY, None, wrong),
                                   (ENTITY, '444455556666', '')):
            item = client.create(kind, activate=True,
                                 expectedBucketOwner=owner)
            self.assertEqual(self.seen(client, item)['error_details'], error)
            client.delete(kind, item)
            self.control(client)

    def test_bad_content_may_be_told_by_the_call(self):
        client = self.sets('--gd-bad-content', 'refuse')
        self.rejected(client.try_create(location=where('none.txt'),
                                        activate=True), 'could not be found')
        self.assertEqual(client.all(IP), [])
        item = client.create(location=where('none.txt'))
        self.rejected(client.try_update(IP, item, activate=True),
                      'could not be found')
        self.assertEqual(client.status(IP, item), 'INACTIVE')
        client.update(IP, item, activate=True, location=where('one.txt'))
        self.assertEqual(client.status(IP, item), 'ACTIVE')


class Forced(SetsCase):
    def test_a_line_that_spoils_every_list(self):
        client = self.sets('--gd-set-poison', '203.0.113.0/24', '--gd-set-'
                           'poison', 'example.org')
        item = client.create(activate=True)
        self.assertEqual(client.status(IP, item), 'ERROR')
        self.assertEqual(self.seen(client, item)['error_details'],
                         "Line 2 can't be processed: 203.0.113.0/24")
        item = client.create(ENTITY, location=where('domains.txt'),
                             activate=True)
        self.assertEqual(client.status(ENTITY, item), 'ACTIVE')

    def test_the_nth_activation(self):
        client = self.sets('--gd-set-error', '2,4')
        item = client.create(activate=True)
        got = [client.status(IP, item)]
        for _ in range(4):
            client.update(IP, item, activate=True)
            got.append(client.status(IP, item))
        self.assertEqual(got, ['ACTIVE', 'ERROR', 'ACTIVE', 'ERROR', 'ACTIVE'])

    def test_activations_are_numbered_as_they_begin(self):
        client = self.slow('--gd-set-error', '1', '--gd-set-read', 'end')
        items = [client.create(name=name, activate=True) for name in 'ab']
        self.finish(client)
        self.assertEqual([client.status(IP, item) for item in items],
                         ['ERROR', 'ACTIVE'])

    def test_one_content(self):
        client = self.sets('--gd-set-error', sha256(OTHER))
        item = client.create(activate=True)
        self.assertEqual(client.status(IP, item), 'ACTIVE')
        self.put('one.txt', OTHER)
        client.update(IP, item, activate=True)
        self.assertEqual(client.status(IP, item), 'ERROR')


class Counts(SetsCase):
    def test_operations_are_counted(self):
        client = self.sets()
        item = client.create(activate=True)
        client.try_create()
        client.set(IP, item)
        client.all(ENTITY)
        client.update(IP, item, activate=True)
        client.delete(IP, item)
        page = self.control(client)
        self.assertEqual(page['operations'], {
            'CreateThreatIntelSet': {'accepted': 1, 'refused': 1},
            'GetThreatIntelSet': {'accepted': 1, 'refused': 0},
            'UpdateThreatIntelSet': {'accepted': 1, 'refused': 0},
            'DeleteThreatIntelSet': {'accepted': 1, 'refused': 0},
            'ListThreatEntitySets': {'accepted': 1, 'refused': 0}})
        one = page['sets'][0]
        self.assertEqual(
            [one[name] for name in ('activations', 'updates', 'deletes',
                                    'refused_while_busy', 'account', 'region',
                                    'kind', 'format')],
            [2, 1, 1, 0, '111122223333', 'us-east-1', 'threat-ip', 'TXT'])
        client.sim.request('/_sim/reset', method='POST')
        page = self.control(client)
        self.assertEqual(page['operations'], {})
        self.assertEqual(page['sets'][0]['activations'], 0)

    def test_lost_answers_are_done_all_the_same(self):
        client = self.sets('--fault', 'reset-head=endpoint:sets,once')
        with self.assertRaises(AssertionError):
            client.try_create(clientToken='t')
        seen = self.control(client)['sets'][0]
        self.assertEqual(client.create(clientToken='t'), seen['id'])

    def test_failures_before_and_after_the_deed(self):
        for how, made in (('500', 0), ('reset', 0), ('lost', 1), ('done', 1)):
            client = self.sets()
            answer = client.sim.request(f'/_sim/fail?nth=1&how={how}',
                                        method='POST')
            self.assertEqual(answer.status, 200)
            try:
                self.assertEqual(client.try_create(clientToken='t').status,
                                 500)
            except AssertionError:
                self.assertIn(how, ('reset', 'lost'))
            self.assertEqual(len(self.control(client)['sets']), made, how)
            client.create(clientToken='t')
            self.assertEqual(len(client.all(IP)), 1)


if __name__ == '__main__':
    unittest.main()
