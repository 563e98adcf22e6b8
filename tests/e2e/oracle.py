# SPDX-License-Identifier: Apache-2.0
"""What the output folder must say: a naive program that shares no code with
sluice. It reads, one request after the other, everything that a well-behaved
simulator serves, and applies the rules of the README with the standard
library, the idn2 program and the public suffix file of Debian.
"""

import functools
import ipaddress
import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field

DAY = 86400
HOUR = 3600
LISTS = [
    "malicious-network-infrastructure", "malware", "threat-actor", "trending",
    "cryptominer", "phishing", "vulnerability-weaponization",
]
RANKS = {
    None: 0, "VERDICT_UNKNOWN": 1, "VERDICT_BENIGN": 2,
    "VERDICT_UNDETECTED": 3, "VERDICT_SUSPICIOUS": 4, "VERDICT_MALICIOUS": 5,
}
SUFFIX_FILE = "/usr/share/publicsuffix/public_suffix_list.dat"


@dataclass
class Settings:
    """The part of the configuration that decides what is on a list."""
    now: int
    streams: tuple = ("domain", "ip_address")
    lists: tuple = tuple(LISTS)
    verdicts: tuple = ("VERDICT_MALICIOUS",)
    min_score: int = 0
    lookback_days: int = 5
    ip_lines: int = 250000
    domain_lines: int = 1000
    files: int = 6


@dataclass
class Sighting:
    kind: str            # "ip_address" or "domain"
    value: str           # as received
    source: str
    seen: int
    assessed: int
    verdict: str | None  # None: no assessment
    score: int


@dataclass
class Known:
    """All that is known of one value, after merging (rule R5)."""
    first: int
    last: int
    sources: set
    newest: tuple        # (assessed, rank of verdict, score), () for none
    reason: str = ""


@dataclass
class Expected:
    files: dict = field(default_factory=dict)     # path -> list of lines
    exceeded: dict = field(default_factory=dict)  # kind -> sorted lines
    invalid: dict = field(default_factory=dict)   # kind -> sorted lines
    checkpoint: dict = field(default_factory=dict)


# ---- reading everything that is served ----

class Reader:
    def __init__(self, base, key):
        self.base = base
        self.key = key

    def get(self, path, query):
        """The JSON of a 200, or None for a 404."""
        url = f"{self.base}{path}?{urllib.parse.urlencode(query)}"
        request = urllib.request.Request(url, headers={"x-apikey": self.key})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def stream(self, kind, first, last):
        query = {"limit": 40,
                 "filter": f"entity_type:{kind} date:{first}+"}
        while True:
            page = self.get("/api/v3/ioc_stream", query)
            for item in page.get("data") or []:
                date = item["context_attributes"]["notification_date"]
                if first <= date <= last:
                    yield date, item
            cursor = page["meta"].get("cursor")
            if not cursor:
                return
            query["cursor"] = cursor

    def package(self, name, hour, kind):
        page = self.get(f"/api/v3/threat_lists/{name}/{hour_text(hour)}",
                        {"limit": 4000, "type": kind})
        return [entry["data"] for entry in (page or {}).get("iocs") or []]


def hour_text(seconds):
    import datetime
    date = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return date.strftime("%Y%m%d%H")


def assessment(attributes):
    """(verdict or None, score) of an item."""
    found = (attributes or {}).get("gti_assessment")
    if not found:
        return None, 0
    verdict = (found.get("verdict") or {}).get("value")
    score = (found.get("threat_score") or {}).get("value") or 0
    if verdict not in RANKS or verdict is None:
        verdict = "VERDICT_UNKNOWN"
    return verdict, max(0, min(100, score))


def sighting(kind, item, source, seen):
    attributes = item.get("attributes") or {}
    verdict, score = assessment(attributes)
    assessed = attributes.get("last_modification_date") or seen
    return Sighting(kind, item["id"], source, seen, assessed, verdict, score)


def list_hours(settings):
    """The packages of the look-back, oldest first."""
    newest = (settings.now - 2 * HOUR) // HOUR * HOUR
    oldest = (settings.now - settings.lookback_days * DAY) // HOUR * HOUR
    return range(oldest, newest + 1, HOUR)


def pull(reader, settings):
    first = settings.now - settings.lookback_days * DAY
    for kind in settings.streams:
        for date, item in reader.stream(kind, first, settings.now):
            yield sighting(kind, item, "stream", date)
    for name in settings.lists:
        for hour in list_hours(settings):
            for kind in ("domain", "ip_address"):
                for item in reader.package(name, hour, kind):
                    if item.get("type") == kind:
                        yield sighting(kind, item, name, hour)


# ---- the rules of the data ----

OCTET = r"(?:0|[1-9][0-9]{0,2})"
ADDRESS = re.compile(rf"^{OCTET}(?:\.{OCTET}){{3}}(?:/(0|[1-9][0-9]?))?$",
                     re.ASCII)


def canonical_ip(text):
    """The network, or None (rule R1)."""
    if not ADDRESS.match(text) or text.endswith("\n"):
        return None
    try:
        return ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        return None


LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", re.ASCII)


@functools.lru_cache(maxsize=None)
def to_ascii(text):
    """UTS #46, non-transitional; None when it is refused."""
    done = subprocess.run(["idn2", "--quiet", "--lookup", "--tr46nt", "--",
                           text], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None


def canonical_domain(text):
    """The name, or None (rule R2)."""
    wildcard = text.startswith("*.")
    name = text[2:] if wildcard else text
    if not name.isascii():
        if re.search(r"[\s/:_@]", name):
            return None
        name = to_ascii(name.removesuffix("."))
        if not name:
            return None
    name = name.lower().removesuffix(".")
    labels = name.split(".")
    if len(labels) < (1 if wildcard else 2):
        return None
    if not all(LABEL.match(label) for label in labels):
        return None
    if not (labels[-1].isalpha() or labels[-1].startswith("xn--")):
        return None
    full = ("*." if wildcard else "") + name
    return full if len(name) <= 253 else None


NOT_GLOBAL = [ipaddress.IPv4Network(text) for text in (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
    "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24",
    "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
    "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4")]


@functools.lru_cache(maxsize=1)
def suffixes():
    with open(SUFFIX_FILE, encoding="utf-8") as file:
        return {line.strip() for line in file
                if line.strip() and not line.startswith("//")}


def is_public_suffix(name):
    rules = suffixes()
    labels = name.split(".")
    if "!" + name in rules:
        return False
    if name in rules or len(labels) == 1:
        return True
    return ".".join(["*"] + labels[1:]) in rules


def is_guarded(kind, canonical):
    if kind == "ip_address":
        return canonical.prefixlen < 8 or \
            any(canonical.overlaps(net) for net in NOT_GLOBAL)
    return canonical.startswith("*.") and is_public_suffix(canonical[2:])


# ---- merging, ranking, files ----

def merge(table, key, seen):
    newest = ()
    if seen.verdict is not None:
        newest = (seen.assessed, RANKS[seen.verdict], seen.score)
    known = table.get(key)
    if known is None:
        table[key] = Known(seen.seen, seen.seen, {seen.source}, newest)
        return
    known.first = min(known.first, seen.seen)
    known.last = max(known.last, seen.seen)
    known.sources.add(seen.source)
    known.newest = max(known.newest, newest)


def is_wanted(known, settings):
    rank, score = (known.newest[1], known.newest[2]) if known.newest else (1, 0)
    return rank in {RANKS[name] for name in settings.verdicts} and \
        score >= settings.min_score


def rank_key(kind, canonical, known):
    """Sorts the best first (rule R8)."""
    rank, score = (known.newest[1], known.newest[2]) if known.newest else (0, 0)
    value = (int(canonical.network_address), canonical.prefixlen) \
        if kind == "ip_address" else canonical.encode()
    return (-rank, -score, -known.last, -len(known.sources), value)


def entry_text(kind, canonical):
    if kind == "ip_address" and canonical.prefixlen == 32:
        return str(canonical.network_address)
    return str(canonical)


def escape(text):
    out = []
    for char in text:
        if char == "\\":
            out.append("\\\\")
        elif ord(char) < 0x20 or ord(char) == 0x7f:
            out.append(f"\\x{ord(char):02x}")
        else:
            out.append(char)
    return "".join(out)


def value_order(kind, canonical):
    if kind == "ip_address":
        return (int(canonical.network_address), canonical.prefixlen)
    return canonical.encode()


def list_names(kind, count):
    stem = "threat-ip" if kind == "ip_address" else "threat-entity"
    return [f"guard_duty/{stem}-{i + 1}.txt" for i in range(count)]


def settle(kind, table, settings, expected):
    lines = settings.ip_lines if kind == "ip_address" else settings.domain_lines
    candidates = [
        (canonical, known) for canonical, known in table.items()
        if is_wanted(known, settings) and not is_guarded(kind, canonical)]
    candidates.sort(key=lambda pair: rank_key(kind, *pair))
    room = lines * settings.files
    for i, name in enumerate(list_names(kind, settings.files)):
        part = candidates[i * lines:(i + 1) * lines]
        expected.files[name] = [entry_text(kind, c) for c, _ in part]
    rest = sorted((c for c, _ in candidates[room:]),
                  key=lambda c: value_order(kind, c))
    expected.exceeded[kind] = [entry_text(kind, c) for c in rest]


def expect(base, key, settings):
    """Reads everything and returns what a first sync must leave behind."""
    valid = {"ip_address": {}, "domain": {}}
    bad = {"ip_address": {}, "domain": {}}
    newest = defaultdict(int)
    reader = Reader(base, key)
    for seen in pull(reader, settings):
        canon = canonical_ip if seen.kind == "ip_address" else canonical_domain
        canonical = canon(seen.value)
        if canonical is None:
            merge(bad[seen.kind], seen.value, seen)
        else:
            merge(valid[seen.kind], canonical, seen)
        if seen.source == "stream":
            newest[seen.kind] = max(newest[seen.kind], seen.seen)
    expected = Expected()
    for kind in ("ip_address", "domain"):
        settle(kind, valid[kind], settings, expected)
        expected.invalid[kind] = [
            escape(value) for value in sorted(bad[kind], key=str.encode)
            if is_wanted(bad[kind][value], settings)]
        if newest[kind]:
            expected.checkpoint[f"{kind}_last_notification_date"] = newest[kind]
    last = list_hours(settings)[-1] if settings.lists else 0
    expected.checkpoint["threat_lists"] = {
        name: hour_text(last) for name in settings.lists}
    return expected
