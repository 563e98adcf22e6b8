# SPDX-License-Identifier: Apache-2.0
"""What the tests of the simulator's custom lists share."""
import hashlib
import os
import tempfile

from aws_signer import ACCOUNT
from guardduty_case import GuardDuty, GuardDutyCase

IP, ENTITY = 'threatintelset', 'threatentityset'
TRUSTED_IP, TRUSTED_ENTITY = 'ipset', 'trustedentityset'
KINDS = {IP: 'threat-ip', ENTITY: 'threat-entity', TRUSTED_IP: 'trusted-ip',
         TRUSTED_ENTITY: 'trusted-entity'}
IDS = {IP: 'threatIntelSetId', ENTITY: 'threatEntitySetId',
       TRUSTED_IP: 'ipSetId', TRUSTED_ENTITY: 'trustedEntitySetId'}
BUCKET = 'lists-of-tests'
ADDRESSES = b'198.51.100.1\n203.0.113.0/24\n'
DOMAINS = b'example.com\n*.example.org\n198.51.100.1\n'


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def where(key):
    return f's3://{BUCKET}/{key}'


class Sets(GuardDuty):
    """A signed identity with a detector."""

    def __init__(self, sim, detector=None, **more):
        super().__init__(sim, **more)
        self.detector_id = detector or self.find_detector()

    def find_detector(self):
        """Behind an empty page too."""
        page = self.detectors()
        while not page['detectorIds'] and page.get('nextToken'):
            page = self.detectors(nextToken=page['nextToken'])
        return page['detectorIds'][0] if page['detectorIds'] else None

    def path(self, kind, item=None):
        path = f'/detector/{self.detector_id}/{kind}'
        return path if item is None else f'{path}/{item}'

    def try_create(self, kind=IP, **body):
        body = {'name': 'one', 'format': 'TXT', 'location': where('one.txt'),
                'activate': False, **body}
        return self.send('POST', self.path(kind),
                         {name: value for name, value in body.items()
                          if value is not None})

    def create(self, kind=IP, **body):
        answer = self.try_create(kind, **body)
        assert answer.status == 200, answer.body
        assert set(answer.json()) == {IDS[kind]}
        return answer.json()[IDS[kind]]

    def try_update(self, kind, item, **body):
        return self.send('POST', self.path(kind, item), body)

    def update(self, kind, item, **body):
        answer = self.try_update(kind, item, **body)
        assert (answer.status, answer.json()) == (200, {}), answer.body

    def set(self, kind, item):
        return self.ask('GET', self.path(kind, item))

    def status(self, kind, item):
        return self.set(kind, item)['status']

    def try_delete(self, kind, item):
        return self.send('DELETE', self.path(kind, item))

    def delete(self, kind, item):
        answer = self.try_delete(kind, item)
        assert (answer.status, answer.json()) == (200, {}), answer.body

    def page(self, kind, query=''):
        return self.ask('GET', self.path(kind) + query)

    def all(self, kind):
        return self.page(kind)[IDS[kind] + 's']


class SetsCase(GuardDutyCase):
    """The clock of the data stands still; changes end at once, unless a test
    says otherwise."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = folder.name
        self.put('one.txt', ADDRESSES)
        self.put('domains.txt', DOMAINS)

    def put(self, key, data, bucket=BUCKET):
        path = os.path.join(self.root, bucket, key)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'wb') as file:
            file.write(data)

    def sets(self, *args, **more):
        args = ('--s3-root', self.root, '--gd-findings', '0', *args)
        if '--gd-activation-delay' not in args:
            args += ('--gd-activation-delay', '0')
        return Sets(self.sim(*args, **more))

    def slow(self, *args, **more):
        """A server whose activations last until finish() is said."""
        return self.sets(*args, '--gd-activation-delay', '86400000', **more)

    def control(self, client):
        answer = client.sim.request('/_sim/sets')
        self.assertEqual(answer.status, 200)
        return answer.json()

    def seen(self, client, item):
        """The simulator's own account of one set."""
        for one in self.control(client)['sets']:
            if one['id'] == item:
                return one
        self.fail(f'no set {item}')

    def post(self, client, query):
        answer = client.sim.request('/_sim/sets?' + query, method='POST')
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def finish(self, client):
        self.post(client, 'finish=1')

    def in_use(self, client, item):
        return self.seen(client, item)['content']


__all__ = ['ACCOUNT', 'ADDRESSES', 'BUCKET', 'DOMAINS', 'ENTITY', 'IDS', 'IP',
           'KINDS', 'Sets', 'SetsCase', 'TRUSTED_ENTITY', 'TRUSTED_IP',
           'sha256', 'where']
