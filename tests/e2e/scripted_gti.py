# SPDX-License-Identifier: Apache-2.0
"""A GTI whose IOC stream holds exactly what a test has put there.

It serves the pages of `GET /api/v3/ioc_stream` by the filter's entity type and
dates (both ends included), newest first unless asked otherwise, 40 a page, and
refuses what the API refuses. There are no threat lists.
"""

import datetime
import http.server
import json
import re
import sys
import threading
import urllib.parse

PAGE_MAX = 40
TERM = re.compile(r"^(entity_type|date):(.+)$")


def _instant(text):
    if text.isdigit():
        return int(text)
    moment = datetime.datetime.fromisoformat(text)
    return int(moment.replace(tzinfo=datetime.timezone.utc).timestamp())


class Refused(Exception):
    pass


def _read_filter(text):
    """(entity type, first instant, last instant)."""
    kind, low, high = None, 0, 1 << 62
    for term in text.split():
        match = TERM.match(term)
        if match is None:
            raise Refused(f"filter term {term!r}")
        name, value = match.groups()
        if name == "entity_type":
            kind = value
        elif value.endswith("+"):
            low = _instant(value[:-1])
        elif value.endswith("-"):
            high = _instant(value[:-1])
        else:
            raise Refused(f"date without a sign {value!r}")
    return kind, low, high


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, document):
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status, code, message):
        self.answer(status, {"error": {"code": code, "message": message}})

    def do_GET(self):
        gti = self.server.gti
        parts = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(parts.query))
        if self.headers.get("x-apikey") not in gti.keys:
            return self.refuse(401, "WrongCredentialsError", "Wrong API key")
        if parts.path != "/api/v3/ioc_stream":
            return self.refuse(404, "NotFoundError", "not found")
        try:
            kind, low, high = _read_filter(query.get("filter", ""))
            limit = int(query.get("limit", 10))
            start = int(query.get("cursor", 0))
            if not 1 <= limit <= PAGE_MAX:
                raise Refused(f"limit {limit}")
        except (Refused, ValueError) as error:
            return self.refuse(400, "BadRequestError", str(error))
        items = gti.select(kind, low, high, query.get("order", "date-"))
        page = items[start:start + limit]
        meta = {"count": len(items)}
        if start + limit < len(items):
            meta["cursor"] = str(start + limit)
        self.answer(200, {"data": page, "meta": meta, "links": {}})


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A program that a test has killed does not hear its answer."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Gti:
    """Runs in a thread; `put` may be called at any time."""

    def __init__(self, *keys):
        self.keys = set(keys)
        self.items = {}
        self.lock = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), _Handler)
        self.server.gti = self
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       daemon=True)
        self.thread.start()

    def put(self, kind, value, at, verdict="VERDICT_MALICIOUS", score=80,
            assessed=None):
        """One notification, as the stream then shows it."""
        with self.lock:
            number = str(len(self.items) + 1)
            self.items[number] = {
                "id": value, "type": kind,
                "attributes": {
                    "last_modification_date": at if assessed is None
                    else assessed,
                    "gti_assessment": {
                        "verdict": {"value": verdict},
                        "threat_score": {"value": score}}},
                "context_attributes": {
                    "notification_id": number, "notification_date": at,
                    "origin": "subscriptions", "sources": [], "tags": []},
            }

    def select(self, kind, low, high, order):
        def key(item):
            context = item["context_attributes"]
            return context["notification_date"], context["notification_id"]
        with self.lock:
            found = [item for item in self.items.values()
                     if kind in (None, item["type"])
                     and low <= item["context_attributes"]["notification_date"]
                     <= high]
        return sorted(found, key=key, reverse=order == "date-")

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()
