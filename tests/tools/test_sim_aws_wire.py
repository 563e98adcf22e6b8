# SPDX-License-Identifier: Apache-2.0
"""Signed requests as they come on a wire: in pieces, in a row, at the limits,
and as garbage."""
import random
import unittest

from aws_case import ROLE, AwsCase, assume, detectors, identity
from aws_signer import Request
from sim_case import Answer, drain

BODY_MAX = 256 << 10


def findings(body, **more):
    return Request('guardduty', 'POST', '/detector/' + 'ab' * 16 +
                   '/findings', body,
                   [('Content-Type', 'application/json')], **more)


class Pieces(AwsCase):
    def assert_let_in(self, sim, pieces):
        with sim.connect() as sock:
            for piece in pieces:
                sock.sendall(piece)
            answer = Answer(drain(sock)[0])
        self.assertEqual(self.page(sim)['refusals'], {}, answer.body)
        return answer

    def test_byte_by_byte(self):
        sim = self.sim('--aws-role', ROLE)
        wire = assume().wire()
        answer = self.assert_let_in(sim, [wire[i:i + 1]
                                          for i in range(len(wire))])
        self.assertEqual(answer.status, 200)

    def test_at_random_cuts(self):
        sim = self.sim('--aws-role', ROLE)
        chance = random.Random(5)
        for _ in range(40):
            wire = assume().wire()
            cuts = sorted(chance.sample(range(len(wire)), 3))
            answer = self.assert_let_in(sim, [
                wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)])])
            self.assertEqual(answer.status, 200)

    def test_in_a_row_with_bodies(self):
        sim = self.sim('--aws-role', ROLE)
        requests = [assume(RoleSessionName=f'name{i}') for i in range(30)]
        wire = b''.join(one.wire(close=False) for one in requests[:-1])
        got, reset = sim.raw(wire + requests[-1].wire())
        self.assertFalse(reset)
        for i in range(30):
            answer = Answer(got)
            self.assertIn(f'/name{i}</Arn>'.encode(), answer.body)
            got = answer.rest
        self.assertEqual(got, b'')
        self.assertEqual(self.page(sim)['refusals'], {})

    def test_whole_target_with_scheme_and_host(self):
        sim = self.sim()
        wire = detectors().wire().replace(b'GET /', b'GET http://sim.test/')
        self.assertEqual(self.assert_let_in(sim, [wire]).status, 200)


class Limits(AwsCase):
    def test_body_of_256_kb_and_one_more(self):
        sim = self.sim()
        for size, status in ((BODY_MAX, 400), (BODY_MAX + 1, 413)):
            body = b'{' + b' ' * (size - 2) + b'}'
            got, _ = sim.raw(findings(body).wire())
            self.assertEqual(Answer(got).status, status)
        self.assertEqual(self.page(sim)['refusals'], {})
        self.assertEqual(self.page(sim)['requests'], 1)

    def test_sixty_four_headers_and_one_more(self):
        sim = self.sim()
        for count, part in ((60, b'200 OK'), (62, b'431 ')):
            more = [(f'X-Amz-H{i:02}', 'x') for i in range(count)]
            got, _ = sim.raw(detectors(headers=more).wire())
            self.assertIn(b'HTTP/1.1 ' + part, got)

    def test_authorization_of_any_length(self):
        sim = self.sim()
        for size, status in ((3000, 403), (4096, 403), (12000, 403),
                             (20000, 431)):
            request = detectors()
            request.authorization = 'AWS4-HMAC-SHA256 Credential=' + 'A' * size
            got, _ = sim.raw(request.wire())
            self.assertEqual(Answer(got).status, status)


class Garbage(AwsCase):
    def test_mutilated_requests_never_end_the_server(self):
        sim = self.sim('--aws-role', ROLE, '--aws-web-identity-token', 'abcd')
        chance = random.Random(11)
        bases = [
            assume().wire(), identity().wire(), detectors().wire(),
            findings(b'{"maxResults":5,"nextToken":"x"}').wire(),
            Request('s3', target='/bucket?list-type=2&prefix=a').wire(),
            Request('rolesanywhere', 'POST', '/sessions?roleArn=a', b'{}',
                    [('X-Amz-X509', 'MIIB')]).wire(),
            b'GET /latest/meta-data/ HTTP/1.1\r\nHost: a\r\n'
            b'X-aws-ec2-metadata-token: ' + b'0' * 64 + b'\r\n\r\n']
        for _ in range(400):
            wire = bytearray(chance.choice(bases))
            for _ in range(chance.randint(1, 4)):
                self.mutilate(wire, chance)
            with sim.connect() as sock:
                sock.sendall(wire)
        self.assertEqual(self.send(sim, identity()).status, 200)

    @staticmethod
    def mutilate(wire, chance):
        at, other = (chance.randrange(len(wire)) for _ in range(2))
        how = chance.randrange(4)
        if how == 0:
            wire[at] = chance.choice(b'/=;,%?& +AZaz09\x7f\xff:.-')
        elif how == 1 and len(wire) > 60:
            del wire[at:at + chance.randint(1, 30)]
        elif how == 2:
            wire[at:at] = bytes(chance.choices(b'/=;,%?&+.:',
                                               k=chance.randint(1, 20)))
        else:
            wire[at:at] = wire[other:other + chance.randint(1, 60)]


if __name__ == '__main__':
    unittest.main()
