# SPDX-License-Identifier: Apache-2.0
"""A GTI of threat lists so large that they are known by arithmetic only: the
i-th address and the i-th name, where they were seen, and how they score. What
must be listed of them follows without reading anything back.

The packages are filled hour by hour, in each hour list by list. The last items
of a package are the first of the next one, so that some are in two lists.
"""

import calendar
import http.server
import threading
import time
import urllib.parse
from dataclasses import dataclass

HOUR = 3600
LISTS = ["malicious-network-infrastructure", "malware", "threat-actor",
         "trending", "cryptominer", "phishing", "vulnerability-weaponization"]
SCORES = 101
FULL = 3900  # just under the 4000 that the API gives at once
IPS_MAX = 2000000
DOMAINS_MAX = 100000
ITEM = ('{"data":{"type":"%s","id":"%s","attributes":{"gti_assessment":'
        '{"verdict":{"value":"VERDICT_MALICIOUS"},"threat_score":{"value":%d}},'
        '"last_modification_date":%d}}}')


def mix(number):
    """Scattered, in 32 bits."""
    number = (number ^ number >> 16) * 0x45d9f3b & 0xffffffff
    number = (number ^ number >> 16) * 0x45d9f3b & 0xffffffff
    return number ^ number >> 16


def score_of(number):
    return mix(number) % SCORES


def address(value):
    """Of 15 characters each, in numeric order."""
    return (f"{145 + value // 1000000}.{100 + value // 10000 % 100}."
            f"{100 + value // 100 % 100}.{100 + value % 100}")


def name(value):
    """Of 10 characters each, in the order of bytes."""
    return f"n{value:05d}.com"


@dataclass
class Kind:
    count: int    # indicators
    room: int     # of their values: a power of ten
    stride: int   # items of a package that the one before hasn't
    overlap: int  # and those that the next one has, too
    text: object  # value -> as it is listed

    def value(self, number):
        """Scattered over the room, none twice."""
        return number * 7919 % self.room

    def packages_of(self, number):
        """The packages that have the item, oldest first."""
        last = number // self.stride
        if last > 0 and number % self.stride < self.overlap:
            return (last - 1, last)
        return (last,)

    def numbers(self, package):
        first = package * self.stride
        return range(first, max(first, min(
            first + self.stride + self.overlap, self.count)))


class Crowd:
    """So many addresses and names in the packages up to three hours ago."""

    def __init__(self, ips, domains, now, full=FULL):
        assert ips <= IPS_MAX and domains <= DOMAINS_MAX
        self.packages = -(-ips // (full - full // 40))
        self.kinds = {
            "ip_address": self._spread(ips, IPS_MAX, full // 40, address),
            "domain": self._spread(domains, DOMAINS_MAX, 2, name)}
        self.hours = -(-self.packages // len(LISTS))
        self.first_hour = now // HOUR - 3 - self.hours

    def _spread(self, count, room, overlap, text):
        return Kind(count, room, -(-count // self.packages), overlap, text)

    def render(self, kind, package):
        known = self.kinds[kind]
        assessed = self.first_hour * HOUR
        return ('{"iocs":[' + ",".join(
            ITEM % (kind, known.text(known.value(number)), score_of(number),
                    assessed)
            for number in known.numbers(package)) + "]}").encode()

    def package_at(self, list_id, hour):
        """Its number, or None."""
        if list_id not in LISTS or hour < self.first_hour:
            return None
        package = (hour - self.first_hour) * len(LISTS) + LISTS.index(list_id)
        return package if package < self.packages else None

    def rank(self, kind):
        """Every (value, score, lists) of a kind, the best first: by score, last
        sight, number of lists, value."""
        known = self.kinds[kind]
        keys = []
        for number in range(known.count):
            packages = known.packages_of(number)
            hour = packages[-1] // len(LISTS)
            keys.append((((SCORES - score_of(number) << 12 | 4095 - hour) << 2
                          | 2 - len(packages)) << 24
                         | known.value(number)) << 24 | number)
        keys.sort()
        for key in keys:
            number = key & 0xffffff
            yield (key >> 24 & 0xffffff, score_of(number),
                   [LISTS[package % len(LISTS)]
                    for package in known.packages_of(number)])


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 1 << 16

    def log_message(self, *args):
        pass

    def do_GET(self):
        gti = self.server.gti
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        time.sleep(gti.latency)
        body = gti.find(parts.path, query.get("type"))
        self.send_response(200 if body is not None else 404)
        body = body or b'{"error":{"code":"NotFoundError","message":"?"}}'
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Gti:
    """Runs in threads. keep: a page is made once, and all of them are held."""

    def __init__(self, crowd, latency=0, keep=False):
        self.crowd = crowd
        self.latency = latency  # seconds before each answer
        self.keep = keep
        self.pages = {}
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.gti = self
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       daemon=True)
        self.thread.start()

    def find(self, path, kind):
        """A page's bytes; an hour without a package has an empty one. None: no
        such path."""
        words = path.split("/")
        if words[:4] != ["", "api", "v3", "threat_lists"] or \
                len(words) != 6 or kind not in self.crowd.kinds:
            return None
        moment = time.strptime(words[5], "%Y%m%d%H")
        hour = calendar.timegm(moment) // HOUR
        package = self.crowd.package_at(words[4], hour)
        if package is None:
            return b'{"iocs":[]}'
        body = self.pages.get((kind, package))
        if body is None:
            body = self.crowd.render(kind, package)
            if self.keep:
                self.pages[kind, package] = body
        return body

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
