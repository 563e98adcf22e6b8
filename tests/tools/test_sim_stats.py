# SPDX-License-Identifier: Apache-2.0
"""What the simulator counts, its quotas, its pace, and its memory."""
import threading
import time
import unittest

from sim_case import GZIP, KEY, LISTS, NOW, STREAM, SimCase, head

FLAT = ('--empty-every', '0', '--null-every', '0')


def settle(sim, judge):
    """Waits until the statistics say so: no fixed sleep."""
    for _ in range(2000):
        stats = sim.stats()
        if judge(stats):
            return stats
        time.sleep(0.005)
    raise AssertionError(stats)


class Counting(SimCase):
    def test_requests_statuses_endpoints_and_bytes(self):
        sim = self.sim()
        total = 0
        for path in (STREAM, f'{STREAM}?limit=99', LISTS,
                     f'{LISTS}/malware/latest', f'{LISTS}/malware/2025080700',
                     '/elsewhere'):
            total += len(sim.raw(head(path, close=True))[0])
        stats = sim.stats()
        self.assertEqual(stats['requests'], 6)
        self.assertEqual(stats['answered'], 6)
        self.assertEqual(stats['by_status'], {'200': 4, '400': 1, '404': 1})
        self.assertEqual(stats['by_endpoint'], {
            'ioc_stream': 2, 'threat_lists': 1, 'threat_list_latest': 1,
            'threat_list_hour': 1, 'other': 1})
        self.assertEqual(stats['bytes_sent'], total)
        self.assertEqual(stats['connections'], 6)
        self.assertGreaterEqual(stats['last_time'], stats['first_time'])
        self.assertGreater(stats['first_time'], 0)

    def test_control_requests_are_not_counted(self):
        sim = self.sim()
        self.assertEqual(sim.request('/_sim/health').json(), {'ok': True})
        self.assertEqual(sim.request('/_sim/nothing').status, 404)
        stats = sim.stats()
        self.assertEqual((stats['requests'], stats['connections'],
                          stats['bytes_sent']), (0, 0, 0))

    def test_reset_forgets(self):
        sim = self.sim()
        sim.get(STREAM)
        self.assertEqual(sim.request('/_sim/reset').status, 404)
        sim.request('/_sim/reset', method='POST')
        stats = sim.stats()
        self.assertEqual((stats['requests'], stats['in_flight_max'],
                          stats['by_status']), (0, 0, {}))

    def test_in_flight_counts_to_the_last_byte(self):
        sim = self.sim('--latency', '100')
        socks = [sim.connect() for _ in range(20)]
        for sock in socks:
            sock.sendall(head(STREAM))
        settle(sim, lambda stats: stats['in_flight'] == 20)
        stats = settle(sim, lambda stats: stats['answered'] == 20)
        self.assertEqual((stats['in_flight'], stats['in_flight_max']),
                         (0, 20))
        for sock in socks:
            sock.close()

    def test_a_client_that_leaves_is_no_longer_in_flight(self):
        sim = self.sim('--latency', '60000')
        with sim.connect() as sock:
            sock.sendall(head(STREAM))
            settle(sim, lambda stats: stats['in_flight'] == 1)
        stats = settle(sim, lambda stats: stats['in_flight'] == 0)
        self.assertEqual((stats['aborted'], stats['answered']), (1, 0))

    def test_lapses_of_the_client(self):
        sim = self.sim()
        sim.get(STREAM)
        good = {**GZIP, 'x-tool': 'org.sluice.0.1',
                'accept': 'application/json'}
        sim.request(STREAM, good)
        sim.request(f'{STREAM}?x-apikey={KEY}', {**good, 'x-tool': 'sluice'})
        self.assertEqual(sim.stats()['lapses'], {
            'without_x_tool': 1, 'bad_x_tool': 1, 'without_gzip_user_agent': 1,
            'without_accept_encoding': 1, 'without_accept': 1,
            'unknown_parameter': 1, 'key_in_query': 1,
            'request_before_retry_after': 0})


class Quotas(SimCase):
    def test_rate_limit_says_when_to_return(self):
        sim = self.sim('--rate-limit', '3')
        self.assertEqual([sim.get(STREAM).status for _ in range(3)],
                         [200] * 3)
        answer = sim.get(STREAM)
        self.assertEqual(answer.error(),
                         (429, 'QuotaExceededError', 'Quota exceeded'))
        self.assertTrue(1 <= int(answer.headers['retry-after']) <= 60)
        sim.get(STREAM)
        stats = sim.stats()
        self.assertEqual(stats['rejected'], 2)
        self.assertEqual(stats['lapses']['request_before_retry_after'], 1)

    def test_rate_limit_window_ends(self):
        sim = self.sim('--rate-limit', '1', '--rate-window', '1')
        while sim.get(STREAM).status != 429:
            pass
        while sim.get(STREAM).status == 429:
            time.sleep(0.02)

    def test_rate_limit_may_say_nothing(self):
        sim = self.sim('--rate-limit', '1', '--retry-after', 'off')
        sim.get(STREAM)
        self.assertNotIn('retry-after', sim.get(STREAM).headers)

    def test_daily_quota_ends_at_midnight(self):
        sim = self.sim('--daily-quota', '2')
        self.assertEqual([sim.get(STREAM).status for _ in range(4)],
                         [200, 200, 429, 429])
        self.assertNotIn('retry-after', sim.get(STREAM).headers)
        midnight = NOW // 86400 * 86400 + 86400
        sim.request(f'/_sim/now?epoch={midnight}', method='POST')
        self.assertEqual(sim.get(STREAM).status, 200)

    def test_a_wrong_key_costs_nothing(self):
        sim = self.sim('--daily-quota', '1')
        for _ in range(3):
            self.assertEqual(sim.request(STREAM, key='x').status, 401)
        self.assertEqual(sim.get(STREAM).status, 200)


class Pace(SimCase):
    def test_latency_holds_the_answer_back(self):
        sim = self.sim('--latency', '150', '--jitter', '50')
        start = time.monotonic()
        sim.get(STREAM)
        self.assertGreaterEqual(time.monotonic() - start, 0.15)

    def test_bandwidth_is_bounded(self):
        sim = self.sim('--bandwidth', '2000000', '--list-items', '900', *FLAT)
        start = time.monotonic()
        answer = sim.get(f'{LISTS}/malware/latest', type='domain')
        took = time.monotonic() - start
        self.assertGreater(took, (len(answer.body) - 200000) / 2000000)

    def test_a_stalled_reader_stops_the_page(self):
        sim = self.sim('--list-items', '1000', '--page-bytes', '50000000',
                       '--send-buffer', '65536', *FLAT)
        with sim.connect() as sock:
            sock.sendall(head(f'{LISTS}/malware/latest?type=domain'))
            last, still = -1, 0
            while still < 10:
                sent = sim.stats()['bytes_sent']
                still = still + 1 if sent == last > 0 else 0
                last = sent
                time.sleep(0.02)
            self.assertLess(last, 20000000)
        settle(sim, lambda stats: stats['in_flight'] == 0)


class Memory(SimCase):
    def rss(self, sim):
        with open(f'/proc/{sim.process.pid}/status', encoding='ascii') as file:
            for line in file:
                if line.startswith('VmHWM:'):
                    return int(line.split()[1]) * 1024
        return 0

    def test_a_large_page_costs_no_memory(self):
        """60 MB, for sanitizers are slow; what is asserted is the slope."""
        small = self.sim('--page-bytes', '4000000', '--list-items', '1000',
                         *FLAT)
        large = self.sim('--page-bytes', '60000000', '--list-items', '1000',
                         *FLAT)
        path = f'{LISTS}/malware/latest?type=domain'
        for sim in (small, large):
            with sim.connect() as sock:
                sock.sendall(head(path, close=True))
                total = 0
                while piece := sock.recv(1 << 20):
                    total += len(piece)
        self.assertGreater(total, 50000000)
        self.assertLess(self.rss(large) - self.rss(small), 16 << 20)

    def test_many_pages_stay_in_the_cache_bound(self):
        sim = self.sim('--cache-bytes', '1000000', '--stream-rate', '30')
        before = None
        for limit in range(1, 41):
            for kind in ('domain', 'url', 'file', 'ip_address'):
                sim.page(STREAM, limit=limit, filter=f'entity_type:{kind}')
            if limit == 20:
                before = self.rss(sim)
        self.assertLess(self.rss(sim) - before, 8 << 20)

    def test_hundreds_of_connections_at_once(self):
        sim = self.sim('--latency', '20')
        answers = []

        def ask():
            for _ in range(5):
                answers.append(sim.get(STREAM).status)

        threads = [threading.Thread(target=ask) for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(answers, [200] * 300)
        stats = sim.stats()
        self.assertEqual((stats['requests'], stats['in_flight']), (300, 0))
        self.assertGreater(stats['in_flight_max'], 1)


if __name__ == '__main__':
    unittest.main()
