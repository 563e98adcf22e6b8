# SPDX-License-Identifier: Apache-2.0
"""One AWS request of all fails, told by its number; and the faults that are
told by operation and count."""
import socket
import unittest

from aws_case import AwsCase, detectors, identity
from aws_signer import ABSENT, Request
from sim_case import Answer


def put(n=0, **more):
    return Request('s3', 'PUT', f'/lists/{n}', b'data', **more)


class NthCase(AwsCase):
    def started(self, *args):
        return self.sim('--s3-bucket', 'lists', *args)

    def statuses(self, sim, requests):
        """Each one's status; 'reset' or 'closed' where there was none."""
        out = []
        for request in requests:
            got, reset = sim.raw(request.wire())
            out.append('reset' if reset else
                       Answer(got).status if got else 'closed')
        return out

    def kept(self, sim):
        buckets = sim.request('/_sim/s3').json()['buckets']
        return [row['key'] for row in buckets[0]['objects']]

    def arm(self, sim, query):
        return sim.request('/_sim/fail?' + query, method='POST')


class Numbers(NthCase):
    def test_each_way_to_fail(self):
        for how, status, done in (
                ('', 500, False), (':503', 503, False), (':409', 409, False),
                (':reset', 'reset', False), (':lost', 'closed', True),
                (':done', 500, True)):
            with self.subTest(how):
                sim = self.started('--aws-fail-nth', '2' + how)
                self.assertEqual(
                    self.statuses(sim, [put(0), put(1), put(2)]),
                    [200, status, 200])
                self.assertEqual(self.kept(sim),
                                 ['0', '1', '2'] if done else ['0', '2'])
                page = self.page(sim)
                self.assertEqual((page['arrived'], page['failed_nth']),
                                 (3, 1))

    def test_silence(self):
        sim = self.started('--aws-fail-nth', '1:hang')
        with sim.connect() as sock:
            sock.sendall(put().wire())
            while not self.page(sim)['arrived']:
                pass
            self.assertEqual(self.kept(sim), ['0'])
            sock.settimeout(0.05)
            self.assertRaises(socket.timeout, sock.recv, 1)
        self.assertEqual(self.statuses(sim, [put(1)]), [200])

    def test_all_services_and_refused_requests_count(self):
        sim = self.started('--aws-fail-nth', '5')
        unsigned = detectors()
        unsigned.authorization = ABSENT
        wanted = [200, 200, 403, 401, 500, 200]
        plain = Request('guardduty', target='/latest/meta-data/')
        plain.authorization = ABSENT
        self.assertEqual(self.statuses(sim, [
            identity(), detectors(), unsigned, plain, detectors(),
            detectors()]), wanted)
        sim.request('/api/v3/ioc_stream')
        self.assertEqual(self.page(sim)['arrived'], 6)

    def test_forms_of_the_services(self):
        for request, type_ in (
                (detectors(), 'application/json'), (identity(), 'text/xml'),
                (put(), 'application/xml'),
                (Request('secretsmanager', 'POST', '/', b'{}'),
                 'application/x-amz-json-1.1'),
                (Request('iam', 'POST', '/', b''), 'text/xml')):
            sim = self.started('--aws-fail-nth', '1')
            answer = self.send(sim, request)
            self.assertEqual((answer.status, answer.headers['content-type']),
                             (500, type_))

    def test_from_now_on(self):
        sim = self.started()
        self.statuses(sim, [put(0)])
        self.assertEqual(self.arm(sim, 'nth=2&how=lost').status, 200)
        self.assertEqual(self.statuses(sim, [put(1), put(2), put(3)]),
                         [200, 'closed', 200])
        self.arm(sim, 'nth=1')
        self.arm(sim, 'nth=0')
        self.assertEqual(self.statuses(sim, [put(4)]), [200])
        sim.request('/_sim/reset', method='POST')
        self.assertEqual(self.page(sim)['arrived'], 5)
        for query in ('', 'nth=x', 'nth=1&how=', 'nth=1&how=200', 'nth=-1',
                      'nth=1&how=600', 'nth=1&how=often', 'nth=1&nth=2'):
            self.assertEqual(self.arm(sim, query).status, 400, query)

    def test_bad_options(self):
        for value in ('x', '1:x', '1:200', ':500', '1:'):
            self.bad_option('aws-fail-nth', value)


class Faults(NthCase):
    def test_by_operation_and_number(self):
        sim = self.started('--fault', 'status=503,op:PutObject,nth:2')
        get = Request('s3', 'GET', '/lists/0')
        self.assertEqual(
            self.statuses(sim, [put(0), get, put(0), put(0), get]),
            [200, 200, 503, 200, 200])

    def test_at_most_so_often(self):
        sim = self.started('--fault', '500=after:1,times:2,persistent')
        self.assertEqual(self.statuses(sim, [put(n) for n in range(5)]),
                         [200, 500, 500, 200, 200])

    def test_done_or_not(self):
        for fault, status, done in (
                ('reset-undone', 'reset', False), ('lost', 'closed', True),
                ('500-done', 500, True), ('500', 500, False),
                ('503', 503, False), ('reset-head', 'reset', True)):
            sim = self.started('--fault', fault + '=nth:1,endpoint:s3')
            self.assertEqual(self.statuses(sim, [put()]), [status])
            self.assertEqual(self.kept(sim) == ['0'], done, fault)

    def test_an_error_in_a_200(self):
        sim = self.started('--fault', 'error-in-200=always')
        self.assertEqual(self.statuses(sim, [detectors()]), [200])
        answer = self.send(sim, put())
        self.assertEqual(answer.status, 200)
        self.assertRegex(answer.body, rb'^\s+<Error><Code>InternalError<')
        self.assertEqual(self.kept(sim), [])

    def test_conflicts_meet_conditions_alone(self):
        sim = self.started('--fault', 'conflict=always,persistent')
        first = put(headers=[('If-None-Match', '*')])
        self.assertEqual(self.statuses(sim, [put(), first, put(1)]),
                         [200, 409, 200])
        answer = self.send(sim, first)
        self.assertIn(b'<Code>ConditionalRequestConflict</Code>', answer.body)

    def test_bad_arguments(self):
        for fault in ('status=200', 'status=always', '500=op:', '500=nth:x',
                      '500=times:'):
            self.bad_option('fault', fault)


if __name__ == '__main__':
    unittest.main()
