# SPDX-License-Identifier: Apache-2.0
"""100 random pairs of shared files, with a random environment, mean to sluice
what they mean to botocore.

botocore is an outside judge; where it is absent the test says so and is
skipped. What the two read differently on purpose is not made here: comments
behind a value, sections and keys that come twice, half a pair of keys (sluice
mixes no file's keys with the other's), AWS_REGION, which boto3 alone of the
SDKs ignores. The environment names the program:
AWS_SETTINGS_LINES.
"""
import os
import random
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

try:
    import botocore.session
    from botocore.configprovider import ConfiguredEndpointProvider
except ImportError:
    print('skipped: python3 has no botocore to judge by', file=sys.stderr)
    sys.exit(77)

COUNT = 100
PAIR = ('aws_access_key_id', 'aws_secret_access_key')
KEYS = ('region', 'role_arn', 'source_profile', 'credential_process')
OTHERS = ('output', 'cli_pager', 'retry_mode')
REGIONS = ('us-east-1', 'eu-west-3', 'us-gov-west-1', 'cn-north-1')
# As sluice signs them, and as botocore finds them.
SERVICES = {'guardduty': 'guardduty', 's3': 's3', 'sts': 'sts',
            'rolesanywhere': 'rolesanywhere', 'sqs': 'sqs',
            'secretsmanager': 'secretsmanager', 'iam': 'iam'}
IDS = {'secretsmanager': 'secrets_manager'}
NAMES = ('default', 'audit', 'a b', 'x.y@z')


def value_of(chance, key):
    if key == 'region':
        return chance.choice(REGIONS)
    if key == 'credential_process' and chance.random() < 0.3:
        return '/bin/keys\n    --account "1 2"\n\t--more=yes'
    letters = 'abcXYZ019-_/+=:.@"\'[]'
    first = chance.choice('abcXYZ019/')
    return first + ''.join(chance.choice(letters)
                           for _ in range(chance.randrange(12)))


def noise(chance):
    return chance.choice(['', '', '', '\n', '# region = no\n', '; x\n',
                          '\n  \n'])


def assign(chance, key, value):
    return '%s%s=%s%s%s' % (key, chance.choice(['', ' ', '\t']),
                            chance.choice(['', ' ', '  ']), value,
                            chance.choice(['', ' ', '\t']))


def make_section(chance, header, keys):
    lines = [header]
    for key in keys:
        lines.append(noise(chance) + assign(chance, key,
                                            value_of(chance, key)))
    return lines


def make_file(chance, config):
    lines = [noise(chance)]
    for name in NAMES:
        if chance.random() < 0.3:
            continue
        quoted = '"%s"' % name if ' ' in name else name
        header = '[%s]' % name
        if config and name != 'default':
            header = '[profile %s%s]' % (chance.choice(['', ' ']), quoted)
        keys = chance.sample(KEYS + OTHERS, chance.randrange(len(KEYS) + 1))
        keys += PAIR if chance.random() < 0.5 else ()
        lines += make_section(chance, header, keys)
        if config and chance.random() < 0.3:
            lines.append('endpoint_url = https://profile.example')
        if config and chance.random() < 0.3:
            lines.append('services = local')
        if config and chance.random() < 0.3:
            lines.append('ca_bundle = /tmp/%s.pem' % name.replace(' ', ''))
        if config and chance.random() < 0.3:
            lines.append('s3 =\n  max_concurrent_requests = 3\n'
                         '  region = no-where-1')
    if config:
        lines.append('[services local]')
        for service in chance.sample(sorted(SERVICES), 3):
            lines.append('%s =\n%sendpoint_url = https://%s.example'
                         % (IDS.get(service, service),
                            chance.choice(['  ', '\t']), service))
    return chance.choice(['\n', '\r\n']).join(
        '\n'.join(lines).split('\n')) + '\n'


def make_environment(chance, folder):
    made = {'HOME': folder}
    if chance.random() < 0.5:
        made['AWS_PROFILE'] = chance.choice(NAMES)
    if chance.random() < 0.3:
        made['AWS_DEFAULT_REGION'] = chance.choice(REGIONS)
    if chance.random() < 0.3:
        made['AWS_CA_BUNDLE'] = '/tmp/env.pem'
    if chance.random() < 0.2:
        made['AWS_ENDPOINT_URL'] = 'https://all.example'
    if chance.random() < 0.3:
        made['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = 'https://own.example'
    if chance.random() < 0.1:
        made['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'] = 'true'
    return made


def ask_sluice(environment):
    done = subprocess.run([os.environ['AWS_SETTINGS_LINES'], *NAMES],
                          env=environment, text=True, capture_output=True)
    settings, profiles = {}, {}
    for line in done.stdout.splitlines():
        if not line.startswith('profile '):
            name, _, value = line.partition(' ')
            settings[name] = value
            continue
        for name in NAMES:
            if line.startswith('profile %s ' % name):
                key, _, value = line[len(name) + 9:].partition(' ')
                profiles.setdefault(name, {})[key] = value
    return done, settings, profiles


def flat(value):
    """A value that goes on, as one line: only its words count."""
    return ' '.join(str(value).split())


class Settings(unittest.TestCase):
    def compare(self, environment):
        done, settings, profiles = ask_sluice(environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        with mock.patch.dict(os.environ, environment, clear=True):
            session = botocore.session.Session()
            known = session.full_config['profiles']
            self.compare_profiles(profiles, known)
            name = environment.get('AWS_PROFILE', 'default')
            if name in known:
                self.compare_settings(session, settings)
            return name in known

    def compare_profiles(self, profiles, known):
        self.assertEqual(sorted(profiles),
                         sorted(name for name in known if name in NAMES))
        for name, keys in profiles.items():
            for key in KEYS + PAIR:
                self.assertEqual(flat(keys[key]),
                                 flat(known[name].get(key, '')), (name, key))

    def compare_settings(self, session, settings):
        self.assertEqual(settings['region'],
                         session.get_config_variable('region') or 'us-east-1')
        self.assertEqual(settings['ca_bundle'],
                         session.get_config_variable('ca_bundle') or '')
        for service, client in SERVICES.items():
            ignored = session.get_config_variable(
                'ignore_configured_endpoint_urls')
            url = None if ignored else ConfiguredEndpointProvider(
                full_config=session.full_config,
                scoped_config=session.get_scoped_config(),
                client_name=client).provide()
            if url is None:
                self.assertIn('.amazonaws.com', settings[service])
            else:
                self.assertEqual(settings[service], url)

    def test_random_files_mean_what_they_mean_to_botocore(self):
        chance = random.Random(20261122)
        whole = 0
        for number in range(COUNT):
            with tempfile.TemporaryDirectory() as folder:
                os.mkdir(folder + '/.aws')
                for file in ('config', 'credentials'):
                    with open(folder + '/.aws/' + file, 'w',
                              newline='') as out:
                        out.write(make_file(chance, file == 'config'))
                with self.subTest(number):
                    whole += self.compare(make_environment(chance, folder))
        self.assertGreater(whole, COUNT // 2)
        print(COUNT, 'pairs of files,', whole, 'with their profile')


if __name__ == '__main__':
    unittest.main()
