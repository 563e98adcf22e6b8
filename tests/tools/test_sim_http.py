# SPDX-License-Identifier: Apache-2.0
"""The server itself: HTTP's rules, keys, compression, options, its end."""
import os
import random
import re
import signal
import subprocess
import tempfile
import unittest

from sim_case import (GZIP, KEY, LISTS, STREAM, Answer, Sim, SimCase,
                      drain, head, url)


class Wire(SimCase):
    def status_of(self, sim, data):
        got, reset = sim.raw(data, timeout=5)
        self.assertFalse(reset)
        return Answer(got).status

    def test_broken_heads_are_refused(self):
        sim = self.sim()
        get = b'GET /_sim/health HTTP/1.1\r\n'
        for status, data in (
                (400, get + b'\r\n'),
                (400, get + b'Host: a\r\nHost: b\r\n\r\n'),
                (400, get + b'Host:\r\n\r\n'),
                (400, get + b'Host : a\r\n\r\n'),
                (400, get + b'Host: a\r\n folded\r\n\r\n'),
                (400, get + b'Host: a\n\r\n\r\n'),
                (400, get + b'Host: a\r\nX: \x01\r\n\r\n'),
                (400, get + b'Host: a\r\nX: \x00\r\n\r\n'),
                (400, get + b'Host: a\r\nX\r\n\r\n'),
                (400, get + b'Host: a\r\nContent-Length: 2\r\n\r\nab'),
                (400, get + b'Host: a\r\nContent-Length: x\r\n\r\n'),
                (400, b'GET  /a HTTP/1.1\r\nHost: a\r\n\r\n'),
                (400, b'GET /a\r\nHost: a\r\n\r\n'),
                (400, b'GET a HTTP/1.1\r\nHost: a\r\n\r\n'),
                (400, b'GET /a"b HTTP/1.1\r\nHost: a\r\n\r\n'),
                (400, b'GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n'),
                (400, b'G(T /a HTTP/1.1\r\nHost: a\r\n\r\n'),
                (400, get + b'Host: a\r\nx-apikey: 1\r\nX-APIKEY: 1\r\n\r\n'),
                (505, b'GET /a HTTP/2.0\r\nHost: a\r\n\r\n'),
                (417, get + b'Host: a\r\nExpect: 100-continue\r\n\r\n'),
                (501, get + b'Host: a\r\nTransfer-Encoding: chunked\r\n\r\n'),
                (413, b'POST /_sim/reset HTTP/1.1\r\nHost: a\r\n'
                 b'Content-Length: 9999999\r\n\r\n'),
                (414, b'GET /' + b'a' * 8200 + b' HTTP/1.1\r\nHost: a\r\n\r\n'),
                (431, get + b'Host: a\r\nX: ' + b'a' * 20000),
                (431, get + b'Host: a\r\n' + b'X: a\r\n' * 80 + b'\r\n')):
            with self.subTest(data[:60]):
                self.assertEqual(self.status_of(sim, data), status)

    def test_pipelined_requests_are_answered_in_order(self):
        sim = self.sim('--latency', '5')
        paths = [f'{STREAM}?limit={n}' for n in range(1, 21)]
        data = b''.join(head(p) for p in paths[:-1])
        got, reset = sim.raw(data + head(paths[-1], close=True))
        self.assertFalse(reset)
        for count in range(1, 21):
            answer = Answer(got)
            self.assertEqual(len(answer.json()['data']), count)
            got = answer.rest
        self.assertEqual(got, b'')
        self.assertEqual(sim.stats()['in_flight_max'], 1)

    def test_a_head_may_come_byte_by_byte(self):
        with self.sim().connect() as sock:
            for byte in head(f'{STREAM}?limit=1', close=True):
                sock.sendall(bytes([byte]))
            self.assertEqual(Answer(drain(sock)[0]).status, 200)

    def test_connection_is_kept_and_closed_as_asked(self):
        sim = self.sim()
        with sim.connect() as sock:
            for _ in range(3):
                sock.sendall(head('/nowhere'))
                sock.recv(4096)
        self.assertEqual(sim.stats()['connections'], 1)
        old = b'GET /_sim/health HTTP/1.0\r\n\r\n'
        self.assertEqual(self.status_of(sim, old), 200)

    def test_framing_by_switch(self):
        path = f'{LISTS}/malware/latest?type=domain'
        bodies = []
        for name, field in (('auto', 'content-length'),
                            ('length', 'content-length'),
                            ('chunked', 'transfer-encoding')):
            answer = self.sim('--framing', name).request(path)
            self.assertIn(field, answer.headers)
            bodies.append(answer.body)
        self.assertEqual(len(set(bodies)), 1)

    def test_large_pages_stream_whole_in_either_framing(self):
        path = f'{LISTS}/malware/latest?type=domain'
        args = ('--list-items', '2000', '--page-bytes', '8000000',
                '--empty-every', '0', '--null-every', '0')
        auto = self.sim(*args)
        chunked = auto.request(path)
        length = self.sim('--framing', 'length', *args).request(path)
        packed = auto.request(path, GZIP)
        self.assertIn('transfer-encoding', chunked.headers)
        self.assertIn('content-length', length.headers)
        self.assertIn('content-encoding', packed.headers)
        self.assertEqual(len(chunked.json()['iocs']), 2000)
        self.assertEqual(chunked.body, length.body)
        self.assertEqual(chunked.body, packed.body)
        old, _ = auto.raw(head(path).replace(b'HTTP/1.1', b'HTTP/1.0'))
        self.assertEqual(Answer(old).body, chunked.body)


    def test_noise_never_ends_it(self):
        """Good requests with bytes changed, cut and doubled: whatever comes
        back is an HTTP answer or nothing, and the process lives."""
        chance = random.Random(5)
        sim = self.sim()
        cursor = sim.page(STREAM)['meta']['cursor']
        good = [head(url(STREAM, limit=2, order='date+', cursor=cursor,
                         filter='date:1754550000+ entity_type:url')),
                head(f'{LISTS}/malware/latest?query=gti_score:8%2B', GZIP),
                head('/_sim/reset', {'Content-Length': 3}, 'POST') + b'abc']
        for _ in range(300):
            data = bytearray(chance.choice(good) * chance.choice((1, 1, 2)))
            for _ in range(chance.randrange(1, 6)):
                data[chance.randrange(len(data))] = chance.randrange(256)
            cut = chance.randrange(len(data)) if chance.random() < .3 else None
            with sim.connect() as sock:
                sock.sendall(bytes(data[:cut]))
                sock.settimeout(0.01)
                got, _ = drain(sock)
            if got:
                self.assertRegex(got, rb'^HTTP/1.1 [1-5]\d\d ')
        self.assertEqual(sim.get(STREAM).status, 200)


class FrontEnd(SimCase):
    def test_keys(self):
        sim = self.sim()
        missing = (401, 'AuthenticationRequiredError',
                   'X-Apikey header is missing')
        wrong = (401, 'WrongCredentialsError', 'Wrong API key')
        for path in (STREAM, LISTS, f'{LISTS}/malware/latest'):
            self.assertEqual(sim.request(path, key=None).error(), missing)
            for key in ('', KEY[:-1], KEY + '0', KEY.upper()):
                self.assertEqual(sim.request(path, key=key).error(), wrong)
        own = self.sim('--api-key', 'secret')
        self.assertEqual(own.request(STREAM, key='secret').status, 200)
        self.assertEqual(own.request(STREAM).error(), wrong)

    def test_paths_and_methods(self):
        sim = self.sim()
        for path in ('/', '/api/v3', '/api/v3/ioc_stream/', '/api/v3/domains',
                     '/api/v3/intelligence/threat_lists/malware/latest'):
            self.assertEqual(sim.request(path).error(), (
                404, 'NotFoundError', f'URL "{path}" not found'))
        for method in ('POST', 'PUT', 'DELETE', 'HEAD'):
            got, _ = sim.raw(head(STREAM, method=method, close=True))
            self.assertTrue(got.startswith(b'HTTP/1.1 405 '))
            self.assertIn(b'Allow: GET', got)
            self.assertEqual(got.endswith(b'\r\n\r\n'), method == 'HEAD')
        absolute = head(f'http://sim.test{STREAM}', close=True)
        self.assertEqual(Answer(sim.raw(absolute)[0]).status, 200)

    def test_gzip_needs_both_headers(self):
        sim = self.sim()
        accept, agent = 'Accept-Encoding', 'User-Agent'
        for headers, packed in (
                (GZIP, True), ({}, False), ({accept: 'gzip'}, False),
                ({agent: 'x; gzip'}, False),
                ({accept: 'br, gzip', agent: 'gzip'}, True),
                ({accept: 'gzip;q=0', agent: 'gzip'}, False),
                ({accept: 'gzip;q=0.5', agent: 'gzip'}, True),
                ({accept: 'xgzip', agent: 'gzip'}, False)):
            answer = sim.request(url(STREAM, limit=3), headers)
            self.assertEqual('content-encoding' in answer.headers, packed,
                             headers)
            self.assertEqual(len(answer.json()['data']), 3)
        off = self.sim('--gzip', 'off').request(STREAM, GZIP)
        self.assertNotIn('content-encoding', off.headers)

    def test_errors_are_never_compressed(self):
        answer = self.sim().request(f'{STREAM}?limit=99', GZIP)
        self.assertNotIn('content-encoding', answer.headers)
        self.assertEqual(answer.status, 400)

    def test_error_members_come_in_both_orders(self):
        sim = self.sim()
        orders = {tuple(sim.request(path).json()['error'])
                  for path in ('/a', '/ab')}
        self.assertEqual(len(orders), 2)


class Process(SimCase):
    def run_sim(self, *args):
        return subprocess.run([os.environ['SLUICE_SIM'], *args],
                              capture_output=True, text=True, timeout=30)

    def test_both_signals_end_it_cleanly_amid_requests(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            sim = Sim('--latency', '60000')
            with sim.connect() as sock:
                sock.sendall(head(STREAM))
                while sim.stats()['in_flight'] == 0:
                    pass
                code, out, err = sim.stop(sig)
            self.assertEqual((code, out, err), (0, '', ''))

    def test_help_prints_every_option_and_fault(self):
        done = self.run_sim('--help')
        self.assertEqual((done.returncode, done.stderr), (0, ''))
        self.assertIn(KEY, done.stdout)
        source = open('tools/sim/options.c', encoding='utf-8').read()
        for name in re.findall(r'(?:TEXT|NUMBER|SWITCH|FLAG)\("([a-z0-9-]+)"',
                               source):
            self.assertIn(f'--{name} ', done.stdout)
        faults = open('tools/sim/faults.h', encoding='utf-8').read()
        names = re.findall(r'X\(\w+, "([a-z0-9-]+)"', faults)
        self.assertGreater(len(names), 25)
        for name in names:
            self.assertIn(f'  {name} ', done.stdout)

    def test_bad_options_say_one_line_and_exit_2(self):
        for args, part in (
                (['--seed', 'x'], '"x" is not a number from 0'),
                (['--latency', '-1'], 'a number from 0 to 600000'),
                (['--gzip', 'maybe'], 'is not on or off'),
                (['--framing', 'x'], 'auto, length or chunked'),
                (['--malformed-hour', '500'], '404 or 400'),
                (['--nosuch'], 'nosuch'), (['--seed'], 'seed'),
                (['word'], 'unexpected argument "word"'),
                (['--listen', 'nowhere'], 'is not an address:port'),
                (['--listen', '192.0.2.1:80'], 'cannot listen'),
                (['--port-file', '/nonexistent/x'], 'cannot write'),
                (['--fault', 'nosuch'], 'the name of a fault'),
                (['--fault', '503=often'], 'arguments that it takes'),
                (['--fault', '503=every:0'], 'arguments that it takes'),
                (['--fault', '503=p:2'], 'arguments that it takes')):
            done = self.run_sim(*args)
            self.assertEqual(done.returncode, 2, args)
            self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
            self.assertIn(part, done.stderr)

    def test_port_file_names_the_port(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'port')
            sim = self.sim('--port-file', path)
            with open(path, encoding='ascii') as file:
                self.assertEqual(int(file.read()), sim.port)

    def test_it_links_nothing_of_the_other_folders(self):
        with open(os.environ['SLUICE_SIM_MAP'], encoding='utf-8') as file:
            link_map = file.read()
        self.assertIn('conn.c.o', link_map)
        self.assertNotRegex(link_map, r'\bslu_')
        self.assertNotRegex(link_map, r'libslu(ice|_)')
        names = subprocess.run(['nm', os.environ['SLUICE_SIM']], check=True,
                               capture_output=True, text=True).stdout
        self.assertIn(' sim_conn_open', names)
        self.assertNotRegex(names, r'\bslu_')

    def test_it_includes_no_header_of_the_other_folders(self):
        for name in os.listdir('tools/sim'):
            with open(f'tools/sim/{name}', encoding='utf-8') as file:
                text = file.read()
                for include in re.findall(r'#include [<"]([^>"]+)', text):
                    self.assertNotRegex(
                        include,
                        r'^(sluice|codecs|sources|sinks|engine|tools)/', name)


if __name__ == '__main__':
    unittest.main()
