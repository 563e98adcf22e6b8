# SPDX-License-Identifier: Apache-2.0
"""Every fault's bytes on the wire, read from a raw socket."""
import json
import time
import unittest
import zlib
from email.utils import parsedate_to_datetime

from sim_case import (GZIP, LISTS, NOW, STREAM, Answer, SimCase, drain, head,
                      key_of, unchunk)

FLAT = ('--empty-every', '0', '--null-every', '0')
LATEST = f'{LISTS}/malware/latest?type=domain'
QUOTA = (429, 'QuotaExceededError', 'Quota exceeded')


def parts(data):
    """Head lines and whatever followed, without judging the framing."""
    top, _, rest = data.partition(b'\r\n\r\n')
    lines = top.decode().split('\r\n')
    return lines[0], dict(line.split(': ', 1) for line in lines[1:]), rest


class FaultCase(SimCase):
    def struck(self, fault, *args, path=LATEST, headers=None):
        """The bytes of a struck answer; the same request then succeeds."""
        sim = self.sim('--fault', f'{fault}=always', *FLAT, *args)
        got, reset = sim.raw(head(path, headers, close=True), timeout=1)
        again = sim.request(path, headers)
        self.assertEqual(again.status, 200)
        self.assertTrue(again.json())
        self.assertEqual(sim.stats()['faults'], {fault: 1})
        return got, reset, again


class Answers(FaultCase):
    def test_429_in_its_forms(self):
        answer = Answer(self.struck('429-seconds')[0])
        self.assertEqual(answer.error(), QUOTA)
        self.assertEqual(answer.headers['retry-after'], '1')
        asked = time.time()
        answer = Answer(self.struck('429-date')[0])
        self.assertEqual(answer.error(), QUOTA)
        date = parsedate_to_datetime(answer.headers['retry-after'])
        self.assertGreater(date.timestamp(), asked)
        self.assertLessEqual(date.timestamp(), time.time() + 3)
        self.assertTrue(answer.headers['retry-after'].endswith(' GMT'))
        answer = Answer(self.struck('429-absent')[0])
        self.assertEqual(answer.error(), QUOTA)
        self.assertNotIn('retry-after', answer.headers)
        answer = Answer(self.struck('429-html')[0])
        self.assertEqual(answer.status, 429)
        self.assertTrue(answer.headers['content-type'].startswith('text/html'))
        self.assertEqual(answer.body,
                         b'<title>429</title>429 Too Many Requests')

    def test_5xx_in_json_and_html(self):
        self.assertEqual(Answer(self.struck('503')[0]).error()[:2],
                         (503, 'TransientError'))
        self.assertEqual(Answer(self.struck('504')[0]).error()[:2],
                         (504, 'DeadlineExceededError'))
        for fault, status in (('500', 500), ('504-html', 504)):
            answer = Answer(self.struck(fault)[0])
            self.assertEqual(answer.status, status)
            self.assertTrue(answer.body.startswith(b'<html>'))

    def test_html_with_200(self):
        answer = Answer(self.struck('not-json')[0])
        self.assertEqual(answer.status, 200)
        with self.assertRaises(ValueError):
            answer.json()

    def test_uncompressed_error_to_a_gzip_request(self):
        answer = Answer(self.struck('uncompressed-error', headers=GZIP)[0])
        self.assertNotIn('content-encoding', answer.headers)
        self.assertEqual(answer.error()[0], 503)

    def test_plain_body_to_a_gzip_request(self):
        got, _, again = self.struck('plain-body', headers=GZIP)
        answer = Answer(got)
        self.assertNotIn('content-encoding', answer.headers)
        self.assertIn('content-encoding', again.headers)
        self.assertEqual(answer.body, again.body)

    def test_not_available_strikes_the_newest_hour_once(self):
        sim = self.sim('--fault', 'not-available', *FLAT)
        self.assertEqual(sim.get(STREAM).status, 200)
        self.assertEqual(sim.get(f'{LISTS}/malware/2025080706').status, 200)
        for path in (LATEST, f'{LISTS}/malware/2025080707'):
            self.assertEqual(sim.request(path).error(), (
                400, 'NotAvailableYet', 'Package 2025080707 is not available '
                'until 2025-08-07 at 10:00 UTC because of privacy policy.'))
            self.assertEqual(sim.request(path).status, 200)


class Wire(FaultCase):
    def test_reset_before_the_first_byte(self):
        self.assertEqual(self.struck('reset-head')[:2], (b'', True))

    def test_reset_and_cut_after_half_the_body(self):
        for fault, wanted in (('reset-body', True), ('cut-body', False)):
            got, reset, again = self.struck(fault)
            line, headers, rest = parts(got)
            self.assertEqual(line, 'HTTP/1.1 200 OK')
            self.assertEqual(reset, wanted)
            self.assertEqual(int(headers['Content-Length']), len(again.body))
            self.assertEqual(rest, again.body[:len(again.body) // 2])

    def test_cut_in_chunks(self):
        got, reset, again = self.struck('cut-body', '--framing', 'chunked')
        _, headers, rest = parts(got)
        self.assertEqual(headers['Transfer-Encoding'], 'chunked')
        with self.assertRaises(AssertionError):
            unchunk(rest)

    def test_stall_sends_half_and_holds_the_connection(self):
        sim = self.sim('--fault', 'stall=always', *FLAT)
        with sim.connect() as sock:
            sock.settimeout(0.5)
            sock.sendall(head(LATEST))
            got, reset = drain(sock)
            self.assertFalse(reset)
            self.assertEqual(sim.stats()['in_flight'], 1)
            _, headers, rest = parts(got)
        whole = sim.request(LATEST)
        self.assertEqual(int(headers['Content-Length']), len(whole.body))
        self.assertEqual(rest, whole.body[:len(whole.body) // 2])
        self.assertEqual(sim.stats()['in_flight'], 0)

    def test_slow_comes_whole_in_pieces(self):
        sim = self.sim('--fault', 'slow=always,ms:10', *FLAT)
        start = time.monotonic()
        slow = sim.request(LATEST)
        self.assertGreater(time.monotonic() - start, 0.25)
        self.assertEqual(slow.body, sim.request(LATEST).body)

    def test_lying_lengths(self):
        for fault, sign in (('lying-length-long', 1),
                            ('lying-length-short', -1)):
            got, reset, again = self.struck(fault)
            _, headers, rest = parts(got)
            self.assertFalse(reset)
            self.assertEqual(rest, again.body)
            self.assertGreater(
                sign * (int(headers['Content-Length']) - len(rest)), 0)

    def test_every_wire_fault_on_a_large_page(self):
        args = ('--list-items', '1000', '--page-bytes', '6000000')
        for fault in ('reset-body', 'cut-body', 'truncated-json', 'bad-utf8',
                      'control-char', 'unbalanced', 'lying-length-long'):
            with self.subTest(fault):
                got, reset, again = self.struck(fault, *args)
                self.assertEqual(reset, fault == 'reset-body')
                self.assertGreater(len(again.body), 5000000)
                with self.assertRaises((AssertionError, ValueError)):
                    Answer(got).json()


class Content(FaultCase):
    def spoilt(self, fault, *args, headers=None):
        got, _, again = self.struck(fault, *args, headers=headers)
        answer = Answer(got)  # the HTTP around it is faultless
        self.assertEqual(answer.status, 200)
        return answer.body, again.body

    def test_truncated_json_is_half_of_it(self):
        for headers in (None, GZIP):
            bad, good = self.spoilt('truncated-json', headers=headers)
            self.assertEqual(bad, good[:len(good) // 2])

    def test_one_byte_differs(self):
        for fault, byte in (('bad-utf8', 0xff), ('control-char', 1),
                            ('unbalanced', ord(']'))):
            bad, good = self.spoilt(fault)
            self.assertEqual(len(bad), len(good))
            wrong = [i for i in range(len(bad)) if bad[i] != good[i]]
            self.assertEqual([bad[i] for i in wrong], [byte])
            self.assertGreaterEqual(wrong[0], len(good) // 2)
            with self.assertRaises(ValueError):
                json.loads(bad.decode('utf-8'))

    def test_spoilt_stream_pages_too(self):
        for fault in ('bad-utf8', 'control-char', 'unbalanced',
                      'truncated-json'):
            got, _, _ = self.struck(fault, path=f'{STREAM}?limit=40')
            with self.assertRaises(ValueError):
                Answer(got).json()

    def test_null_arrays(self):
        sim = self.sim('--fault', 'null-arrays', '--empty-every', '2')
        self.assertIsNone(sim.page(STREAM, filter='source_id:no')['data'])
        bodies = [sim.get(f'{LISTS}/malware/20250807{h:02}').body
                  for h in range(7)]
        self.assertIn(b'{"iocs":null}', bodies)
        self.assertTrue(any(b'"tags":null' in body for body in bodies))
        self.assertFalse(any(b'[]' in body for body in bodies))

    def test_gzip_bomb(self):
        sim = self.sim('--fault', 'gzip-bomb=once,mb:32')
        got, _ = sim.raw(head(STREAM, GZIP, close=True))
        answer = Answer(got)
        self.assertGreater(len(answer.body), 32 << 20)
        self.assertLess(len(answer.wire) * 200, len(answer.body))
        self.assertEqual(sim.request(STREAM, GZIP).status, 200)

    def test_gzip_cut(self):
        for args in ((), ('--list-items', '1000', '--page-bytes', '6000000')):
            got, _, _ = self.struck('gzip-cut', *args, headers=GZIP)
            _, headers, rest = parts(got)
            if 'Content-Length' in headers:
                self.assertEqual(int(headers['Content-Length']), len(rest))
            else:
                rest, left = unchunk(rest)
                self.assertEqual(left, b'')
            decoder = zlib.decompressobj(31)
            self.assertTrue(decoder.decompress(rest))
            self.assertFalse(decoder.eof)


class Cursors(FaultCase):
    def second_page(self, sim):
        first = sim.page(STREAM, limit=5)
        cursor = first['meta']['cursor']
        return cursor, sim.get(STREAM, limit=5, cursor=cursor)

    def test_repeated_cursor(self):
        sim = self.sim('--fault', 'repeated-cursor=always')
        cursor, answer = self.second_page(sim)
        self.assertEqual(answer.json()['meta']['cursor'], cursor)
        _, again = self.second_page(sim)
        self.assertNotEqual(again.json()['meta']['cursor'], cursor)
        self.assertEqual([key_of(i) for i in answer.json()['data']],
                         [key_of(i) for i in again.json()['data']])

    def test_dead_cursor(self):
        sim = self.sim('--fault', 'dead-cursor=always')
        _, answer = self.second_page(sim)
        self.refused(answer, 'cursor')
        self.assertEqual(self.second_page(sim)[1].status, 200)

    def test_dead_cursor_for_good(self):
        sim = self.sim('--fault', 'dead-cursor=always,persistent')
        for _ in range(3):
            self.refused(self.second_page(sim)[1], 'cursor')

    def test_identity_is_the_position_not_the_cursors_text(self):
        sim = self.sim('--fault', 'dead-cursor=always')
        first, answer = self.second_page(sim)
        self.assertEqual(answer.status, 400)
        sim.request(f'/_sim/now?epoch={NOW + 1}', method='POST')
        window = {'limit': 5, 'cursor': first}
        self.assertEqual(sim.get(STREAM, **window).status, 200)


class Permanent(FaultCase):
    def test_poison_strikes_exactly_pages_with_its_second(self):
        clean = self.sim('--stream-rate', '6')
        items, _ = clean.walk(order='date+')
        second = key_of(items[len(items) // 2])[0]
        sim = self.sim('--stream-rate', '6', '--fault', f'poison={second}')
        around = f'date:{second - 60}+ date:{second + 60}-'
        for _ in range(3):
            self.refused(sim.get(STREAM, limit=40, filter=around), '500 bytes')
        for part in (f'date:{second - 9000}+ date:{second - 1}-',
                     f'date:{second + 1}+ date:{second + 9000}-'):
            have, _ = sim.walk(filter=part)
            want, _ = clean.walk(filter=part)
            self.assertEqual([key_of(i) for i in have],
                             [key_of(i) for i in want])
        alone = f'date:{second}+ date:{second}-'
        self.refused(sim.get(STREAM, filter=alone), '500 bytes')

    def test_daily_quota_and_401_come_after_n_and_stay(self):
        for fault, status, code in (
                ('daily-quota', 429, 'QuotaExceededError'),
                ('401-later', 401, 'WrongCredentialsError')):
            sim = self.sim('--fault', f'{fault}=3')
            self.assertEqual([sim.get(STREAM).status for _ in range(3)],
                             [200] * 3)
            for _ in range(3):
                answer = sim.get(STREAM)
                self.assertEqual(answer.error()[:2], (status, code))
                self.assertNotIn('retry-after', answer.headers)


class Schedules(FaultCase):
    def statuses(self, fault, count=20):
        sim = self.sim('--fault', fault)
        return [sim.get(STREAM, limit=n + 1).status for n in range(count)]

    def test_every_first_after_once(self):
        self.assertEqual([i for i, s in enumerate(self.statuses('503'), 1)
                          if s == 503], [5, 10, 15, 20])
        self.assertEqual(self.statuses('503=every:2', 6), [200, 503] * 3)
        self.assertEqual(self.statuses('503=once', 3), [503, 200, 200])
        self.assertEqual(self.statuses('503=first:2', 4), [503] * 2 + [200] * 2)
        self.assertEqual(self.statuses('503=after:2', 4), [200] * 2 + [503] * 2)
        self.assertEqual(self.statuses('503=always', 4), [503] * 4)

    def test_chance_follows_the_seed(self):
        once = self.statuses('503=p:0.4', 40)
        self.assertEqual(once, self.statuses('503=p:0.4', 40))
        self.assertTrue(5 < once.count(503) < 30)

    def test_persistent_strikes_again(self):
        sim = self.sim('--fault', '503=always,persistent')
        self.assertEqual([sim.get(STREAM).status for _ in range(4)],
                         [503] * 4)

    def test_endpoint_can_be_chosen(self):
        sim = self.sim('--fault', '503=always,on:list')
        self.assertEqual(sim.get(STREAM).status, 200)
        self.assertEqual(sim.request(LATEST).status, 503)

    def test_several_faults_share_the_requests(self):
        sim = self.sim('--fault', '503=once', '--fault', '429-html=first:1')
        self.assertEqual([sim.get(STREAM).status for _ in range(4)],
                         [503, 429, 200, 200])


if __name__ == '__main__':
    unittest.main()
