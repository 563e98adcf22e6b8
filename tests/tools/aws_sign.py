# SPDX-License-Identifier: Apache-2.0
"""SigV4 for tests, from AWS's description of it: headers for one request."""
import datetime
import hashlib
import hmac
from urllib.parse import quote, unquote

KEY_ID = 'AKIASIMULATEDKEY0001'
SECRET = 'simulated/secret+0000000000000000000000'


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def canonical_query(query):
    pairs = [part.partition('=')[::2] for part in query.split('&') if part]
    coded = [(quote(unquote(name), safe='-_.~'),
              quote(unquote(value), safe='-_.~')) for name, value in pairs]
    return '&'.join(f'{name}={value}' for name, value in sorted(coded))


def sign(method, target, headers, body=b'', *, service, region,
         key_id=KEY_ID, secret=SECRET, token=None, now=None):
    """The headers to send, Authorization among them; `headers` has Host."""
    now = now or datetime.datetime.now(datetime.timezone.utc)
    stamp = now.strftime('%Y%m%dT%H%M%SZ')
    path, _, query = target.partition('?')
    out = dict(headers)
    out['X-Amz-Date'] = stamp
    if token is not None:
        out['X-Amz-Security-Token'] = token
    signed = sorted((name.lower(), ' '.join(value.split()))
                    for name, value in out.items())
    names = ';'.join(name for name, _ in signed)
    canonical = '\n'.join([
        method, quote(path, safe='/-_.~'), canonical_query(query),
        *[f'{name}:{value}' for name, value in signed], '', names,
        hashlib.sha256(body).hexdigest()])
    scope = f'{stamp[:8]}/{region}/{service}/aws4_request'
    key = ('AWS4' + secret).encode()
    for part in scope.split('/'):
        key = mac(key, part)
    text = '\n'.join(['AWS4-HMAC-SHA256', stamp, scope,
                      hashlib.sha256(canonical.encode()).hexdigest()])
    out['Authorization'] = (
        f'AWS4-HMAC-SHA256 Credential={key_id}/{scope}, '
        f'SignedHeaders={names}, Signature={mac(key, text).hex()}')
    return out
