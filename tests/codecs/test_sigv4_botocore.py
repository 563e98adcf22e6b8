# SPDX-License-Identifier: Apache-2.0
"""1,000 random requests signed by sluice and by botocore must be the same.

botocore is an outside judge; where it is absent the test says so and is
skipped. The environment names the program: SIGV4_LINES.
"""
import datetime
import hashlib
import os
import random
import subprocess
import sys
import unittest
from unittest import mock
from urllib.parse import quote

try:
    import botocore.auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError:
    print('skipped: python3 has no botocore to judge by', file=sys.stderr)
    sys.exit(77)

COUNT = 1000
SERVICES = ('guardduty', 's3', 'sts', 'sqs', 'secretsmanager', 'execute-api')
LETTERS = 'abcXYZ019-._~ /%:+=&?#@!$\'()*,;[]é\u1234'


def text(chance, longest, letters=LETTERS):
    return ''.join(chance.choice(letters)
                   for _ in range(chance.randrange(longest + 1)))


def make_path(chance, service):
    parts = [quote(text(chance, 8), safe='~')
             for _ in range(chance.randrange(5))]
    if service != 's3' and chance.random() < 0.2:
        parts.insert(chance.randrange(len(parts) + 1),
                     chance.choice(['.', '..', '', 'a:b=c']))
    return '/' + '/'.join(parts)


def make_query(chance):
    return '&'.join(quote(text(chance, 5) or 'n', safe='~') + '=' +
                    quote(text(chance, 8), safe='~')
                    for _ in range(chance.randrange(6)))


def make_headers(chance):
    headers = {'User-Agent': 'sluice'}
    if chance.random() < 0.5:
        headers['Content-Type'] = 'application/x-amz-json-1.1; a  b'
    if chance.random() < 0.3:
        headers['If-None-Match'] = '*'
    for name in ('x-amz-server-side-encryption-aws-kms-key-id', 'X-Amz-Target',
                 'x-amz-server-side-encryption', 'X-Amz-Meta-0'):
        if chance.random() < 0.4:
            headers[name] = text(chance, 12, 'abc  /:;,"=').strip() or 'v'
    return headers


def make_request(chance):
    service = chance.choice(SERVICES)
    body = text(chance, 40).encode()
    return {
        'method': chance.choice(['GET', 'PUT', 'POST', 'DELETE']),
        'host': '%s.example.com%s' % (service, chance.choice(['', ':8443'])),
        'path': make_path(chance, service),
        'query': make_query(chance),
        'region': chance.choice(['us-east-1', 'eu-central-1', 'il-central-1']),
        'service': service,
        'time': chance.randrange(1400000000, 4000000000),
        'body': body,
        'hash': hashlib.sha256(body).hexdigest(),
        'key': 'AKIA%016d' % chance.randrange(5),
        'secret': text(chance, 60, 'abcABC019/+') or 'x',
        'token': text(chance, 200, 'abcABC019/+=') if
                 chance.random() < 0.5 else '',
        'headers': make_headers(chance),
    }


def line_of(request):
    fields = [str(request[name]) for name in (
        'method', 'host', 'path', 'query', 'region', 'service', 'time',
        'hash', 'key', 'secret', 'token')]
    fields += ['%s:%s' % pair for pair in request['headers'].items()]
    return '\t'.join(fields)


def freeze_clock(seconds):
    now = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    if hasattr(botocore.auth, 'get_current_datetime'):
        return mock.patch('botocore.auth.get_current_datetime',
                          return_value=now)
    # Debian 12's asks the module itself.
    fake = mock.Mock()
    fake.datetime.utcnow.return_value = now
    return mock.patch('botocore.auth.datetime', fake)


def judge(request):
    s3 = request['service'] == 's3'
    signer = botocore.auth.S3SigV4Auth if s3 else botocore.auth.SigV4Auth
    url = 'https://%s%s' % (request['host'], request['path'])
    if request['query']:
        url += '?' + request['query']
    sent = AWSRequest(method=request['method'], url=url,
                      headers=dict(request['headers'], Host=request['host']),
                      data=request['body'])
    sent.context['payload_signing_enabled'] = True
    credentials = Credentials(request['key'], request['secret'],
                              request['token'] or None)
    with freeze_clock(request['time']):
        signer(credentials, request['service'],
               request['region']).add_auth(sent)
    return sent.headers['Authorization']


class Botocore(unittest.TestCase):
    def test_signatures_are_the_same(self):
        seed = int(os.environ.get('SIGV4_SEED', '20150830'))
        chance = random.Random(seed)
        requests = [make_request(chance) for _ in range(COUNT)]
        answer = subprocess.run(
            [os.environ['SIGV4_LINES']], check=True, stdout=subprocess.PIPE,
            input='\n'.join(map(line_of, requests)).encode() + b'\n')
        lines = answer.stdout.decode().splitlines()
        self.assertEqual(len(lines), COUNT)
        for request, line in zip(requests, lines):
            self.assertEqual(line, judge(request), request)
        print('%d requests, botocore %s, seed %d' %
              (COUNT, botocore.__version__, seed))


if __name__ == '__main__':
    unittest.main()
