# SPDX-License-Identifier: Apache-2.0
"""The command line as a user meets it: exit codes, one clear line for each
mistake, stdout for reports and stderr for logs, signals, and the demo's child.

Environment: SLUICE and SLUICE_SIM, the two programs.
"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

SLUICE = os.environ['SLUICE']
SIM = os.environ['SLUICE_SIM']
KEY = '0ddba11' * 9 + '0'


class Program(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix='sluice program ')
        self.addCleanup(shutil.rmtree, self.dir)

    def path(self, name):
        return os.path.join(self.dir, name)

    def write(self, text, name='s.yaml'):
        with open(self.path(name), 'w', encoding='utf-8') as file:
            file.write(text)
        return self.path(name)

    def run_sluice(self, *arguments, key=KEY):
        environment = dict(os.environ, SLU_PROGRAM_KEY=key)
        done = subprocess.run([SLUICE, *arguments], cwd=self.dir,
                              env=environment, capture_output=True,
                              encoding='utf-8', timeout=120, check=False)
        self.assertNotIn('Sanitizer', done.stderr)
        if key:
            self.assertNotIn(key, done.stdout + done.stderr)
        return done

    def start_simulator(self, *arguments):
        port_file = self.path('port')
        simulator = subprocess.Popen(
            [SIM, '--port-file', port_file, '--api-key', KEY,
             '--stream-rate', '10', '--list-items', '5', *arguments],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def stop():
            simulator.terminate()
            simulator.wait()
        self.addCleanup(stop)
        for _ in range(1500):
            if os.path.exists(port_file) and os.path.getsize(port_file):
                break
            time.sleep(0.01)
        with open(port_file, encoding='ascii') as file:
            return int(file.read())

    def config(self, port, extra=''):
        return self.write(f'gti:\n    base_url: http://127.0.0.1:{port}\n'
                          '    api_key: {env: SLU_PROGRAM_KEY}\n'
                          '    lookback_days: 1\n' + extra)

    def expect_one_line(self, done, code, *pieces):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertEqual(done.stderr.count('\n'), 1, done.stderr)
        for piece in pieces:
            self.assertIn(piece, done.stderr)

    # ---- mistakes ----

    def test_usage_mistakes_are_one_line_and_exit_2(self):
        self.expect_one_line(self.run_sluice(), 2, 'which command?')
        self.expect_one_line(self.run_sluice('snyc'), 2, 'no command snyc')
        self.expect_one_line(self.run_sluice('sync'), 2, 'needs -c FILE')
        self.expect_one_line(self.run_sluice('demo', '--frob'), 2, '--frob')
        self.expect_one_line(self.run_sluice('help', 'snyc'), 2, 'snyc')
        self.expect_one_line(self.run_sluice('sync', '--profil'), 2,
                             'written in full: --profile, not --profil;')
        done = subprocess.run([SIM, '--port', '0'], capture_output=True,
                              encoding='utf-8', timeout=60, check=False)
        self.expect_one_line(done, 2, 'in full: --port-file, not --port;')

    def test_configuration_mistakes_name_the_line_and_exit_2(self):
        config = self.write('limits:\n  conections: 7\n')
        self.expect_one_line(self.run_sluice('sync', '-c', config), 2,
                             '[ERROR] ', 's.yaml, line 2', 'conections',
                             'did you mean `connections`?')
        self.expect_one_line(self.run_sluice('check', '-c', 'nowhere.yaml'), 2,
                             'nowhere.yaml', 'No such file')
        self.expect_one_line(self.run_sluice('status', '-c', self.dir), 2,
                             'Is a directory')

    def test_a_missing_key_is_told_by_its_place(self):
        config = self.config(1)
        done = self.run_sluice('sync', '-c', config, key='')
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn('API key not found', done.stderr)
        self.assertIn('SLU_PROGRAM_KEY', done.stderr)

    def test_a_wrong_key_exits_3(self):
        config = self.config(self.start_simulator())
        done = self.run_sluice('sync', '-c', config, key='wrong' * 8)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('HTTP 401', done.stderr)
        done = self.run_sluice('check', '-c', config, key='wrong' * 8)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn('HTTP 401', done.stdout)

    def test_nobody_listening_exits_1(self):
        config = self.config(9, 'limits: {max_wait: 0s}\n')
        done = self.run_sluice('sync', '-c', config)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('127.0.0.1', done.stderr)

    def test_status_before_any_run_exits_2(self):
        done = self.run_sluice('status', '-c', self.write('{}'))
        self.assertEqual(done.returncode, 2, done.stderr)

    def test_an_unknown_flow_names_those_there_are(self):
        done = self.run_sluice('sync', '-c', self.config(1), '--flow', '2')
        self.expect_one_line(done, 2, 'no flow 2', 'lists')
        done = self.run_sluice('sync', '-c', self.config(1), '--flow', 'x')
        self.expect_one_line(done, 2, 'no flow x')

    # ---- what goes well ----

    def test_help_and_version_go_to_stdout(self):
        for arguments in (('help',), ('--help',), ('sync', '-h'),
                          ('help', 'config'), ('version',), ('--version',)):
            done = self.run_sluice(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ''))
            self.assertTrue(done.stdout)
            for line in done.stdout.splitlines():
                self.assertLessEqual(len(line), 80, line)

    def test_sync_reports_on_stdout_and_status_remembers(self):
        config = self.config(self.start_simulator())
        done = self.run_sluice('sync', '-c', config, '--flow', '1', '--json',
                               '--log-format', 'json')
        self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads(done.stdout)
        self.assertEqual(report['flow'], 'lists')
        self.assertEqual(report['exit_code'], 0)
        self.assertGreater(report['listed']['domain'], 0)
        messages = [json.loads(line) for line in done.stderr.splitlines()]
        self.assertIn('\u2714 IOC Sync Completed Successfully',
                      [line['message'] for line in messages])
        for file in report['files']:
            full = os.path.join(self.dir, 'sluice-out', file['path'])
            self.assertEqual(os.path.getsize(full), file['bytes'], file)
        done = self.run_sluice('status', '-c', config, '--json')
        self.assertEqual(done.returncode, 0, done.stderr)
        status = json.loads(done.stdout)
        self.assertEqual(status['runs'][0]['exit_code'], 0)
        self.assertEqual(status['runs'][0]['flow'], 'lists')
        self.assertEqual(len(status['checkpoints']), 9)
        self.assertNotIn('asked', str(status['checkpoints']))
        done = self.run_sluice('status', '-c', config)
        self.assertIn('exit 0', done.stdout)

    def test_text_logs_begin_with_their_level(self):
        config = self.config(self.start_simulator())
        done = self.run_sluice('sync', '-c', config, '--log-level', 'debug')
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stderr.splitlines():
            self.assertRegex(line, r'^\[(DEBUG|INFO|WARN|ERROR)\] ')
        self.assertIn('Flow lists: done', done.stdout)
        self.assertNotIn('\033', done.stderr)

    # ---- signals ----

    def signalled(self, *signals):
        """Exit code of a sync that gets the signals in the middle."""
        config = self.config(self.start_simulator('--latency', '2000'))
        sync = subprocess.Popen(
            [SLUICE, 'sync', '-c', config], cwd=self.dir,
            env=dict(os.environ, SLU_PROGRAM_KEY=KEY),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding='utf-8')
        line = ''
        while 'Fetching' not in line:
            line = sync.stderr.readline()
            self.assertTrue(line, 'ended before it fetched')
        for number in signals:
            sync.send_signal(number)
        sync.communicate(timeout=60)
        return sync.returncode

    def test_a_signal_ends_it_in_good_order(self):
        self.assertEqual(self.signalled(signal.SIGTERM), 1)

    def test_two_signals_end_it_at_once(self):
        self.assertEqual(self.signalled(signal.SIGINT, signal.SIGINT), 1)

    # ---- the demo ----

    def test_demo_is_incremental_and_leaves_no_child(self):
        first = self.run_sluice('demo', '--json')
        self.assertEqual(first.returncode, 0, first.stderr)
        again = self.run_sluice('demo')
        self.assertEqual(again.returncode, 0, again.stderr)
        for words in ('incremental', 'on the lists now', 'most in flight',
                      'IOCs a second', 'Run it again', 'sluice-demo/out',
                      '0 failures'):
            self.assertIn(words, again.stdout)
        for line in again.stdout.splitlines():
            self.assertLessEqual(len(line), 80, line)
        lists, findings = [json.loads(line)
                           for line in first.stdout.splitlines()]
        self.assertGreaterEqual(lists['in_flight_max'], 28)
        self.assertGreater(lists['requests'], 1000)
        self.assertGreaterEqual(findings['in_flight_max'], 24)
        self.assertGreater(findings['rows']['ipv4'], 100)
        requests = [int(line.split()[1].strip(','))
                    for line in again.stdout.splitlines()
                    if line.split()[:1] == ['requests']]
        self.assertLess(requests[0], 100)
        self.assertLess(requests[1], 30)
        self.assertEqual(self.simulators(), [])

    def test_demo_that_fails_does_not_point_at_lists(self):
        os.makedirs(self.path('sluice-demo/state'))
        self.write('no database' * 99, 'sluice-demo/state/state.db')
        done = self.run_sluice('demo')
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn('damaged', done.stderr)
        self.assertIn('did not come to its end', done.stdout)
        self.assertNotIn('Lists and rows are in', done.stdout)

    def test_a_reader_that_has_gone_is_not_told(self):
        read, write = os.pipe()
        os.close(read)
        done = subprocess.run([SLUICE, 'help', 'config'], stdout=write,
                              stderr=subprocess.PIPE, check=False)
        os.close(write)
        self.assertEqual((done.returncode, done.stderr), (1, b''))

    def test_demo_without_its_simulator_says_where_it_looked(self):
        alone = shutil.copy(SLUICE, self.dir)
        done = subprocess.run([alone, 'demo'], cwd=self.dir, check=False,
                              capture_output=True, encoding='utf-8')
        self.expect_one_line(done, 2, 'sluice-sim', self.dir)

    def simulators(self):
        """Processes whose command line names this test's folder, or whose
        folder it is."""
        found = []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                where = os.readlink(f'/proc/{pid}/cwd')
            except OSError:
                continue
            if where.startswith(self.dir):
                found.append(pid)
        return found


if __name__ == '__main__':
    unittest.main()
