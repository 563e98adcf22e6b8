# SPDX-License-Identifier: Apache-2.0
"""A second opinion on AWS signatures: signs, and can be told to sign wrongly.

Written from the IAM user guide ("Create a signed AWS API request") and from
"Signing process" of IAM Roles Anywhere, and from no other code of this tree.
"""
import base64
import hashlib
import hmac
import os
import subprocess
import time
from urllib.parse import quote, unquote_to_bytes

KEY = 'AKIASIMULATEDKEY0001'
SECRET = 'simulated/secret+0000000000000000000000'
ACCOUNT = '111122223333'
ABSENT = object()


def instant(offset=0):
    return time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(time.time() + offset))


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def recode(text):
    return quote(unquote_to_bytes(text), safe='-._~')


def canonical_path(path, service):
    if service == 's3':
        return path
    parts = []
    for part in path.split('/'):
        if part == '..':
            parts = parts[:-1]
        elif part not in ('', '.'):
            parts.append(part)
    end = '/' if parts and path.endswith(('/', '/.', '/..')) else ''
    return quote('/' + '/'.join(parts) + end, safe='/-._~')


def canonical_query(query):
    pairs = []
    for piece in filter(None, query.split('&')):
        name, _, value = piece.partition('=')
        pairs.append((recode(name), recode(value)))
    return '&'.join(f'{name}={value}' for name, value in sorted(pairs))


class Request:
    """One request; each member may be bent before wire() is called."""

    def __init__(self, service, method='GET', target='/', body=b'',
                 headers=(), keys=(KEY, SECRET, None), region='us-east-1',
                 host='sim.test', when=None):
        self.service, self.method, self.target = service, method, target
        self.body, self.region = body, region
        self.key, self.secret, token = keys
        self.when = when or instant()
        self.headers = [('Host', host), ('X-Amz-Date', self.when)]
        if token:
            self.headers.append(('X-Amz-Security-Token', token))
        if service == 's3':
            self.headers.append(('x-amz-content-sha256', sha256(body)))
        self.headers += list(headers)
        self.algorithm = 'AWS4-HMAC-SHA256'
        self.scope_date = self.when[:8]
        self.path_rule = service  # whose way to encode the path
        self.names = None       # SignedHeaders, if not all of ours
        self.unsigned = []      # headers added after the signature
        self.authorization = None

    def scope(self):
        return f'{self.scope_date}/{self.region}/{self.service}/aws4_request'

    def signed_names(self):
        if self.names is not None:
            return self.names
        return sorted({name.lower() for name, _ in self.headers})

    def canonical(self):
        path, _, query = self.target.partition('?')
        lines = [self.method, canonical_path(path, self.path_rule),
                 canonical_query(query)]
        for name in self.signed_names():
            values = [' '.join(value.split()) for key, value in self.headers
                      if key.lower() == name]
            lines.append(name + ':' + ','.join(values))
        said = [value for key, value in self.headers
                if key.lower() == 'x-amz-content-sha256']
        lines += ['', ';'.join(self.signed_names()),
                  *(said or [sha256(self.body)])]
        return '\n'.join(lines)

    def to_sign(self):
        return '\n'.join([self.algorithm, self.when, self.scope(),
                          sha256(self.canonical().encode())])

    def signature(self):
        key = ('AWS4' + self.secret).encode()
        for step in (*self.scope().split('/'), self.to_sign()):
            key = hmac.new(key, step.encode(), hashlib.sha256).digest()
        return key.hex()

    def header(self):
        if self.authorization is not None:
            return self.authorization
        return (f'{self.algorithm} Credential={self.key}/{self.scope()}, '
                f'SignedHeaders={";".join(self.signed_names())}, '
                f'Signature={self.signature()}')

    def wire(self, close=True):
        lines = [f'{self.method} {self.target} HTTP/1.1']
        lines += [f'{name}: {value}'
                  for name, value in self.headers + self.unsigned]
        if self.header() is not ABSENT:
            lines.append('Authorization: ' + self.header())
        if self.body or self.method in ('POST', 'PUT'):
            lines.append(f'Content-Length: {len(self.body)}')
        if close:
            lines.append('Connection: close')
        return ('\r\n'.join(lines) + '\r\n\r\n').encode() + self.body


class Certified(Request):
    """CreateSession, signed by OpenSSL's command with a certificate's key."""

    def __init__(self, certificate, key, chain=(), algorithm='RSA', **more):
        self.private_key = key
        der = [self.der(path) for path in (certificate, *chain)]
        headers = [('Content-Type', 'application/json'),
                   ('X-Amz-X509', der[0])]
        if chain:
            headers.append(('X-Amz-X509-Chain', ','.join(der[1:])))
        more.setdefault('headers', headers)
        super().__init__('rolesanywhere', 'POST', **more)
        self.key = str(int(self.run('x509', '-in', certificate, '-noout',
                                    '-serial').split(b'=')[1], 16))
        self.algorithm = f'AWS4-X509-{algorithm}-SHA256'

    @staticmethod
    def run(*args, data=None):
        return subprocess.run(['openssl', *args], input=data, check=True,
                              stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE).stdout

    def der(self, path):
        return base64.b64encode(self.run('x509', '-in', path, '-outform',
                                         'DER')).decode()

    def signature(self):
        return self.run('dgst', '-sha256', '-sign', self.private_key,
                        data=self.to_sign().encode()).hex()


def shared(*parts):
    """A path in the folder of samples, None where there is none."""
    for top in (os.environ.get('SLU_SHARED'), '../shared', '../../shared'):
        if top and os.path.exists(os.path.join(top, *parts)):
            return os.path.join(top, *parts)
    return None
