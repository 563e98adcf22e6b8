# SPDX-License-Identifier: Apache-2.0
"""A server that stands before the simulator and misbehaves as a test says."""

import http.server
import threading
import urllib.error
import urllib.request

HOP = ("content-length", "transfer-encoding", "connection")


def forward(base, handler, body):
    """The simulator's answer: the Host that was signed goes with it."""
    request = urllib.request.Request(
        base + handler.path, data=None if handler.command == "GET" else body,
        headers=dict(handler.headers), method=handler.command)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


class Stub:
    """judge(number of the request) gives (status, body), "stall", or None:
    what the simulator behind it answers."""

    def __init__(self, judge, base=None):
        self.seen = []     # the headers of each request
        self.answers = []  # bodies
        self.wake = threading.Event()
        stub = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def reply(self):
                length = int(self.headers.get("content-length") or 0)
                body = self.rfile.read(length)
                stub.seen.append(dict(self.headers))
                answer = judge(len(stub.seen))
                if answer == "stall":
                    stub.wake.wait(60)
                    self.close_connection = True
                    return
                if answer is None:
                    status, headers, text = forward(base, self, body)
                else:
                    status, headers, text = answer[0], {}, answer[1].encode()
                stub.answers.append(text.decode())
                self.send_response_only(status)
                for name, value in headers.items():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PUT = reply

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request, client_address):
                pass  # who was cut off in the middle

        self.server = Server(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever,
                                       args=(0.05,))
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.wake.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
