# SPDX-License-Identifier: Apache-2.0
"""sluice-bench as a user meets it: one clear line for each mistake before
anything is measured, and a page that holds every figure of the JSON.

Environment: SLUICE_BENCH, the program.
"""
import html.parser
import json
import os
import re
import subprocess
import tempfile
import unittest

BENCH = os.environ['SLUICE_BENCH']
VOID = {'meta', 'br', 'rect', 'circle', 'line', 'path'}


def run(*arguments):
    done = subprocess.run([BENCH, *arguments], capture_output=True,
                          encoding='utf-8', timeout=120, check=False)
    assert 'Sanitizer' not in done.stderr, done.stderr
    return done


class Page(html.parser.HTMLParser):
    """Open tags, texts, and what would be fetched from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open = []
        self.wrong = []
        self.ids = []
        self.links = []
        self.foreign = []
        self.texts = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == 'id':
                self.ids.append(value)
            elif name == 'href' and value.startswith('#'):
                self.links.append(value[1:])
            elif name in ('href', 'src', 'srcset', 'xlink:href', 'data'):
                self.foreign.append(value)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.wrong.append(f'<{tag}/>')

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f'</{tag}>')

    def handle_data(self, data):
        self.texts.append(data)
        if re.search(r'url\(|@import|https?:', data):
            self.foreign.append(data)


class Program(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix='sluice bench ')
        self.addCleanup(folder.cleanup)
        self.dir = folder.name

    def path(self, name):
        return os.path.join(self.dir, name)

    def expect_refusal(self, sentence, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, '')
        self.assertEqual(done.stderr, f'sluice-bench: {sentence}\n')

    def test_mistakes_are_one_line_before_anything_is_measured(self):
        lost = self.path('lost/report')
        self.expect_refusal(f'cannot write {lost}: No such file or directory',
                            '--html', lost)
        self.expect_refusal(f'cannot write {self.dir}: Is a directory',
                            f'--json={self.dir}')
        self.expect_refusal(f'cannot write {lost}: No such file or directory',
                            '--renew-baseline', lost)
        self.expect_refusal('--rounds takes a number from 1 to 101, not 0; '
                            'see --help', '--rounds', '0')
        self.expect_refusal('an option is written in full: --smoke, not '
                            '--smok; see --help', '--smok')

    def test_the_list_can_be_read_by_columns(self):
        done = run('--list')
        self.assertEqual(done.returncode, 0, done.stderr)
        names = re.findall(r'^([a-z][a-z0-9-]*) +\S', done.stdout, re.M)
        for name in ('json', 'fingerprints', 'start'):
            self.assertIn(name, names)

    def test_the_page_is_whole_and_has_every_figure(self):
        page, data = self.path('report.html'), self.path('report.json')
        done = run('--smoke', '--rounds', '2', '--only', 'sigv4',
                   '--only', 'matchers', '--html', page, f'--json={data}')
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        with open(page, encoding='utf-8') as file:
            read = Page(file.read())
        with open(data, encoding='utf-8') as file:
            report = json.load(file)
        self.assertEqual((read.open, read.wrong, read.foreign), ([], [], []))
        self.assertEqual(len(read.ids), len(set(read.ids)))
        self.assertLessEqual(set(read.links), set(read.ids))
        self.assertEqual([case['name'] for case in report['cases']],
                         ['matchers', 'sigv4'])
        texts = [text.strip() for text in read.texts]
        for case in report['cases']:
            self.assertIn(case['title'], texts)
            self.assertGreater(len(case['figures']), 0)
            for figure in case['figures']:
                self.assertIn(figure['name'], texts)
                for rival in figure['rivals']:
                    self.assertIn(rival['name'], texts)
        drawn = sum(len(case['figures']) for case in report['cases'])
        self.assertEqual(len(read.ids), drawn)


if __name__ == '__main__':
    unittest.main()
