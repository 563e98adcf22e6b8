# SPDX-License-Identifier: Apache-2.0
"""What the tests of the simulator's GuardDuty share."""
import json

from urllib.parse import quote

from aws_signer import ACCOUNT as BASE
from aws_signer import Request
from sim_case import Answer, SimCase

FOREIGN = ('The request is rejected because the input detectorId is not owned '
           'by the current account.')


class GuardDuty:
    """One signed identity in one region of a simulator."""

    def __init__(self, sim, region='us-east-1', **keys):
        self.sim, self.region, self.keys = sim, region, keys

    def send(self, method, target, body=None, headers=None):
        data = b'' if body is None else body if isinstance(body, bytes) \
            else json.dumps(body).encode()
        kind = {'Content-Type': 'application/json'} if body is not None else {}
        fields = [(name, value) for name, value in
                  {**kind, **(headers or {})}.items() if value is not None]
        request = Request('guardduty', method, target, data, fields,
                          region=self.region, **self.keys)
        got, reset = self.sim.raw(request.wire())
        assert not reset, 'connection reset'
        return Answer(got)

    def ask(self, method, target, body=None):
        answer = self.send(method, target, body)
        assert answer.status == 200, (target, body, answer.body)
        assert answer.headers['content-type'] == 'application/json'
        assert answer.headers['x-amzn-requestid']
        return answer.json()

    def detector(self):
        page = self.ask('GET', '/detector')
        return page['detectorIds'][0] if page['detectorIds'] else None

    def list(self, detector, **body):
        return self.ask('POST', f'/detector/{detector}/findings', body)

    def get(self, detector, ids, **body):
        return self.ask('POST', f'/detector/{detector}/findings/get',
                        {'findingIds': ids, **body})['findings']

    def pages(self, detector, **body):
        """Pages of ids up to the end, whichever way it is said."""
        seen = set()
        while True:
            page = self.list(detector, **body)
            yield page['findingIds']
            token = page.get('nextToken', '')
            if token == '':
                return
            assert token not in seen, 'token repeated'
            seen.add(token)
            body['nextToken'] = token

    def ids(self, detector, **body):
        return [one for page in self.pages(detector, **body) for one in page]

    def detectors(self, **params):
        query = '&'.join(f'{name}={quote(str(value), safe="")}'
                         for name, value in params.items())
        return self.ask('GET', '/detector' + ('?' + query if query else ''))


def by(attribute, order='ASC'):
    return {'attributeName': attribute, 'orderBy': order}


def where(**conditions):
    """where(updatedAt={...}); a dot is two underscores."""
    return {'criterion': {name.replace('__', '.'): condition
                          for name, condition in conditions.items()}}


def dump(sim):
    """The simulator's own account of all views."""
    answer = sim.request('/_sim/findings')
    assert answer.status == 200
    return [json.loads(line) for line in answer.body.splitlines()]


class GuardDutyCase(SimCase):
    def start(self, *args, **more):
        sim = self.sim(*args, **more)
        client = GuardDuty(sim)
        return sim, client, client.detector()

    def rejected(self, answer, part, status=400, code='BadRequestException',
                 kind='InvalidInputException'):
        self.assertEqual((answer.status, answer.headers['x-amzn-errortype']),
                         (status, code), answer.body)
        body = answer.json()
        self.assertEqual(body.get('__type'), kind)
        self.assertIn(part, body['message'])
