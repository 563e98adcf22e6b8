# SPDX-License-Identifier: Apache-2.0
"""What every test of the simulator needs: a process, a raw socket, a page."""
import json
import os
import signal
import socket
import subprocess
import unittest
import zlib
from urllib.parse import quote

KEY = '51ab0000deadbeef' * 4
NOW = 1754560000            # 2025-08-07 09:46:40 UTC
HOUR = NOW // 3600
STREAM = '/api/v3/ioc_stream'
LISTS = '/api/v3/threat_lists'


class Sim:
    """One simulator process; ended cleanly, and checked to have been."""

    def __init__(self, *args, now=NOW):
        frozen = ['--now', str(now)] if now else []
        # A sanitizer's quarantine would hide what memory is really used.
        env = {**os.environ, 'ASAN_OPTIONS': 'quarantine_size_mb=1'}
        self.process = subprocess.Popen(
            [os.environ['SLUICE_SIM'], *frozen, *args], env=env,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith('listening on http://'), \
            line + self.process.stderr.read()
        self.port = int(line.rsplit(':', 1)[1])

    def stop(self, sig=signal.SIGTERM):
        self.process.send_signal(sig)
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err

    def connect(self):
        sock = socket.create_connection(('127.0.0.1', self.port), timeout=20)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def raw(self, data, timeout=20):
        """Everything that comes back until the server closes. The flag says
        whether the end was a reset."""
        with self.connect() as sock:
            sock.settimeout(timeout)
            sock.sendall(data)
            return drain(sock)

    def request(self, path, headers=None, method='GET', key=KEY):
        """One request on a connection of its own."""
        got, reset = self.raw(head(path, headers, method, key, close=True))
        assert not reset, 'connection reset'
        return Answer(got)

    def get(self, path, **params):
        return self.request(url(path, **params))

    def page(self, path, **params):
        answer = self.get(path, **params)
        assert answer.status == 200, (path, params, answer.body)
        return answer.json()

    def stats(self):
        return self.request('/_sim/stats').json()

    def walk(self, limit=40, **params):
        """All items of a stream query, cursor by cursor."""
        items, seen, pages = [], set(), []
        while True:
            page = self.page(STREAM, limit=limit, **params)
            items += page.get('data') or []
            pages.append(page)
            cursor = page['meta'].get('cursor')
            if cursor is None:
                return items, pages
            assert cursor not in seen, 'cursor repeated'
            seen.add(cursor)
            params['cursor'] = cursor


def drain(sock):
    data = b''
    while True:
        try:
            piece = sock.recv(1 << 16)
        except ConnectionResetError:
            return data, True
        except socket.timeout:
            return data, False
        if not piece:
            return data, False
        data += piece


def url(path, **params):
    if not params:
        return path
    return path + '?' + '&'.join(
        f'{name}={quote(str(value), safe="")}'
        for name, value in params.items())


def head(path, headers=None, method='GET', key=KEY, close=False):
    lines = [f'{method} {path} HTTP/1.1', 'Host: sim.test']
    if key is not None:
        lines.append(f'x-apikey: {key}')
    if close:
        lines.append('Connection: close')
    lines += [f'{name}: {value}' for name, value in (headers or {}).items()]
    return ('\r\n'.join(lines) + '\r\n\r\n').encode()


GZIP = {'Accept-Encoding': 'gzip', 'User-Agent': 'test; gzip'}


class Answer:
    """An HTTP answer, taken apart strictly: framing must be exact."""

    def __init__(self, data):
        top, sep, rest = data.partition(b'\r\n\r\n')
        assert sep, ('no head', data[:200])
        lines = top.decode('ascii').split('\r\n')
        self.status = int(lines[0].split()[1])
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(': ', 1)
            assert name.lower() not in self.headers, name
            self.headers[name.lower()] = value
        if self.headers.get('transfer-encoding') == 'chunked':
            self.wire, self.rest = unchunk(rest)
        else:
            length = int(self.headers.get('content-length', len(rest)))
            assert len(rest) >= length, 'body cut'
            self.wire, self.rest = rest[:length], rest[length:]
        self.body = self.wire
        if self.headers.get('content-encoding') == 'gzip':
            decoder = zlib.decompressobj(31)
            self.body = decoder.decompress(self.wire)
            assert decoder.eof, 'gzip stream cut'
            assert not decoder.unused_data

    def json(self):
        return json.loads(self.body.decode('utf-8'))

    def error(self):
        error = self.json()['error']
        assert set(error) == {'code', 'message'}
        return self.status, error['code'], error['message']


def unchunk(data):
    body = b''
    while True:
        size, sep, data = data.partition(b'\r\n')
        assert sep, 'chunk cut'
        length = int(size, 16)
        assert len(data) >= length + 2, 'chunk cut'
        assert data[length:length + 2] == b'\r\n'
        body += data[:length]
        data = data[length + 2:]
        if length == 0:
            return body, data


class SimCase(unittest.TestCase):
    """Tests that start simulators; each must end with 0 and say nothing."""
    maxDiff = None

    def sim(self, *args, **more):
        sim = Sim(*args, **more)
        self.addCleanup(self.end, sim)
        return sim

    def end(self, sim):
        code, _, err = sim.stop()
        self.assertEqual((code, err), (0, ''))

    def refused(self, answer, part, status=400, code='BadRequestError'):
        self.assertEqual(answer.error()[:2], (status, code))
        self.assertIn(part, answer.error()[2])


def context(item):
    return item['context_attributes']


def key_of(item):
    """The documented sort key: date, then the id as text."""
    return (context(item)['notification_date'],
            context(item)['notification_id'])
