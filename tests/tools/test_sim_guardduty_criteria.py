# SPDX-License-Identifier: Apache-2.0
"""findingCriteria and sortCriteria against a second opinion in Python."""
import datetime
import unittest

from guardduty_case import GuardDuty, GuardDutyCase, by, dump, where
from sim_case import Sim


def milliseconds(text):
    if '.' not in text:
        text = text.replace('Z', '.000Z')
    moment = datetime.datetime.strptime(text, '%Y-%m-%dT%H:%M:%S.%fZ')
    delta = moment.replace(tzinfo=datetime.timezone.utc) \
        - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return delta // datetime.timedelta(milliseconds=1)


def at(finding, path):
    """Every value at a path, through arrays."""
    nodes = [finding]
    for name in path.split('.'):
        step = []
        for node in nodes:
            step += node if isinstance(node, list) else [node]
        nodes = [node[name] for node in step
                 if isinstance(node, dict) and name in node]
    flat = []
    for node in nodes:
        flat += node if isinstance(node, list) else [node]
    return [value for value in flat if value is not None]


class Conditions(GuardDutyCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Sim('--gd-findings', '300', '--gd-equal', '7')
        cls.client = GuardDuty(cls.server)
        cls.detector = cls.client.detector()
        cls.all = [row['finding'] for row in dump(cls.server)]

    @classmethod
    def tearDownClass(cls):
        assert cls.server.stop()[::2] == (0, '')

    def check(self, wanted, **conditions):
        got = self.client.ids(self.detector,
                              findingCriteria=where(**conditions))
        self.assertEqual(len(got), len(set(got)))
        self.assertEqual(set(got), {one['id'] for one in self.all
                                    if wanted(one)}, conditions)
        return len(got)

    def refuse(self, part, criteria=None, sort=None):
        body = {}
        if criteria is not None:
            body['findingCriteria'] = criteria
        if sort is not None:
            body['sortCriteria'] = sort
        self.rejected(self.client.send(
            'POST', f'/detector/{self.detector}/findings', body), part)

    def test_updated_at_ranges_hold_their_ends(self):
        times = sorted(milliseconds(one['updatedAt']) for one in self.all)
        low, high = times[40], times[200]
        for lower, upper, inside in (
                ('greaterThanOrEqual', 'lessThanOrEqual',
                 lambda t: low <= t <= high),
                ('greaterThan', 'lessThan', lambda t: low < t < high),
                ('greaterThanOrEqual', 'lessThan',
                 lambda t: low <= t < high)):
            self.check(lambda one: inside(milliseconds(one['updatedAt'])),
                       updatedAt={lower: low, upper: high})
        self.check(lambda one: False, updatedAt={'greaterThan': high,
                                                 'lessThan': high})
        self.check(lambda one: False, updatedAt={
            'greaterThanOrEqual': 2 ** 63 - 1})
        self.check(lambda one: True, updatedAt={
            'greaterThanOrEqual': 0, 'lessThan': 2 ** 63 - 1})
        self.check(lambda one: True, updatedAt={
            'greaterThanOrEqual': -2 ** 63})

    def test_one_instant_shared_by_many(self):
        times = [milliseconds(one['updatedAt']) for one in self.all]
        equal = max(set(times), key=times.count)
        self.assertGreaterEqual(times.count(equal), 7)
        for condition in ({'equals': [str(equal)]},
                          {'greaterThanOrEqual': equal,
                           'lessThan': equal + 1}):
            self.check(lambda one: milliseconds(one['updatedAt']) == equal,
                       updatedAt=condition)

    def test_severity(self):
        for condition, wanted in (
                ({'greaterThanOrEqual': 5}, lambda s: s >= 5),
                ({'greaterThan': 5}, lambda s: s > 5),
                ({'lessThan': 2}, lambda s: s < 2),
                ({'gte': 5, 'lt': 9}, lambda s: 5 <= s < 9),
                ({'lte': 2}, lambda s: s <= 2),
                ({'gt': 8}, lambda s: s > 8),
                ({'equals': ['5', '5.5', '10']},
                 lambda s: s in (5, 5.5, 10)),
                ({'notEquals': ['2.0']}, lambda s: s != 2)):
            count = self.check(lambda one: wanted(one['severity']),
                               severity=condition)
            self.assertGreater(count, 0, condition)

    def test_plain_facts(self):
        kind = 'UnauthorizedAccess:EC2/MaliciousIPCaller.Custom'
        some = [one['id'] for one in self.all[:3]]
        self.check(lambda one: one['type'] == kind, type={'equals': [kind]})
        self.check(lambda one: one['type'] != kind, type={'neq': [kind]})
        self.check(lambda one: one['id'] in some,
                   id={'eq': some + ['none']})
        self.check(lambda one: True, accountId={
            'equals': [self.all[0]['accountId']]})
        self.check(lambda one: False, region={'equals': ['eu-west-1']})

    def test_archived_is_text(self):
        def archived(one):
            return one.get('service', {}).get('archived', False)
        self.assertGreater(self.check(archived, service__archived={
            'equals': ['true']}), 5)
        self.check(lambda one: not archived(one),
                   service__archived={'eq': ['false']})
        for wrong in (['True'], [True], 'false', []):
            self.refuse('service.archived', where(
                service__archived={'equals': wrong}))

    def test_attributes_of_the_text(self):
        for path, number in (
                ('service.action.actionType', False),
                ('service.action.networkConnectionAction.blocked', False),
                ('service.action.networkConnectionAction.localPortDetails.'
                 'port', True),
                ('resource.instanceDetails.tags.value', False),
                ('resource.instanceDetails.networkInterfaces.publicIp',
                 False),
                ('service.additionalInfo.threatListName', False)):
            found = [value for one in self.all for value in at(one, path)]
            self.assertTrue(found, path)
            value = found[0]
            text = str(value).lower() if isinstance(value, bool) \
                else str(value)
            self.check(lambda one: value in at(one, path),
                       **{path: {'equals': [text]}})
            self.check(lambda one: value not in at(one, path),
                       **{path: {'notEquals': [text]}})
            if number:
                self.check(lambda one: any(v >= 80 for v in at(one, path)),
                           **{path: {'greaterThanOrEqual': 80}})

    def test_all_criteria_must_hold(self):
        self.check(lambda one: one['severity'] >= 5 and 'EC2' in one['type']
                   and one['type'].startswith('Recon'),
                   severity={'greaterThanOrEqual': 5},
                   type={'equals': ['Recon:EC2/Portscan',
                                    'Recon:EC2/PortProbeEMRUnprotectedPort']})

    def test_refused_criteria(self):
        for part, criteria in (
                ('unknown attribute: updatedat', where(updatedat={'gt': 1})),
                ('unknown attribute', where(service__count={'gt': 1})),
                ('unknown condition: matches',
                 where(type={'matches': ['a']})),
                ('range is only possible for a number',
                 where(type={'greaterThan': 1})),
                ('32 bits', where(updatedAt={'gte': 1486685375000})),
                ('32 bits', where(updatedAt={'lt': -2 ** 31 - 1})),
                ('must be an integer',
                 where(updatedAt={'greaterThan': '1'})),
                ('must be an integer',
                 where(updatedAt={'greaterThan': 1.5})),
                ('must be an integer',
                 where(updatedAt={'greaterThan': 2 ** 63})),
                ('1 to 50 strings', where(type={'equals': ['a'] * 51})),
                ('1 to 50 strings', where(type={'equals': 'a'})),
                ('must be strings', where(severity={'equals': [5]})),
                ('must be a number', where(severity={'equals': ['high']})),
                ('given twice', where(type={'equals': ['a'], 'eq': ['a']})),
                ('object with conditions', where(type={})),
                ('object with conditions', where(type=['a'])),
                ('one object, criterion', {'criteria': {}}),
                ('one object, criterion', {'criterion': []}),
                ('one object, criterion', {'criterion': {}, 'x': 1})):
            self.refuse(part, criteria)

    def test_refused_orders(self):
        for sort in ({}, {'orderBy': 'ASC'}, {'attributeName': 5},
                     {**by('updatedAt'), 'x': 1}):
            self.refuse('attributeName', sort=sort)
        for order in ('asc', '', 'ASCENDING', None):
            self.refuse('ASC or DESC', sort=by('updatedAt', order))
        self.refuse("can't be sorted", sort=by('updatedat'))

    def test_orders(self):
        keys = {
            'updatedAt': lambda one: milliseconds(one['updatedAt']),
            'createdAt': lambda one: milliseconds(one['createdAt']),
            'severity': lambda one: one['severity'],
            'type': lambda one: one['type'],
            'id': lambda one: one['id']}
        known = {one['id']: one for one in self.all}
        for name, key in keys.items():
            for order in ('ASC', 'DESC'):
                ids = self.client.ids(self.detector, maxResults=37,
                                      sortCriteria=by(name, order))
                self.assertEqual(len(set(ids)), 300)
                got = [key(known[one]) for one in ids]
                self.assertEqual(got, sorted(got, reverse=order == 'DESC'))
        ids = self.client.ids(self.detector)
        self.assertEqual(ids, sorted(known))


if __name__ == '__main__':
    unittest.main()
