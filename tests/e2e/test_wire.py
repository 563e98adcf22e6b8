# SPDX-License-Identifier: Apache-2.0
"""TLS, HTTP versions, compression, proxies: what goes over the wire."""

import http.client
import http.server
import os
import shutil
import socket
import subprocess
import threading
import unittest
import urllib.parse

import oracle
from harness import KEY, NOW, Case, reserve_port, wait_until

DATA = ("--seed", 33, "--stream-items", 400, "--list-items", 5,
        "--stream-days", 2)
PULL = "threat_lists: [malware]\nlookback_days: 1"
CHOSEN = oracle.Settings(NOW, lists=("malware",), lookback_days=1)
NGINX = shutil.which("nginx") or "/usr/sbin/nginx"

CONFIG = """
daemon off;
master_process off;
{user}
error_log {folder}/error.log warn;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
    log_format wire '$server_protocol $ssl_protocol $status '
                    '"$sent_http_content_encoding" $body_bytes_sent';
    access_log {folder}/access.log wire;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    large_client_header_buffers 4 16k;
    keepalive_requests 100000;
    server {{
        listen 127.0.0.1:{port} ssl http2;
        listen 127.0.0.2:{port} ssl http2;
        server_name localhost;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        location / {{
            proxy_pass {base};
            proxy_http_version 1.1;
            proxy_set_header Host $http_host;
            proxy_set_header Connection "";
        }}
    }}
}}
"""


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True,
                   capture_output=True)


def make_authority(folder):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
            "-subj", "/CN=sluice test authority",
            "-keyout", folder / "ca.key", "-out", folder / "ca.pem")


def make_certificate(folder):
    """Of 127.0.0.1 and localhost, signed by the folder's authority."""
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-nodes", "-subj", "/CN=localhost",
            "-keyout", folder / "server.key", "-out", folder / "server.csr")
    (folder / "names").write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", folder / "server.csr", "-days", 2,
            "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
            "-CAcreateserial", "-extfile", folder / "names",
            "-out", folder / "server.pem")


class Nginx:
    """Debian's nginx in front of the simulator, with TLS, as our child."""

    def __init__(self, stack, folder, base):
        self.folder = folder
        self.port = reserve_port(stack)
        folder.mkdir()
        make_authority(folder)
        make_certificate(folder)
        user = "user root;" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(CONFIG.format(
            folder=folder, port=self.port, base=base, user=user))
        self.process = subprocess.Popen(
            [NGINX, "-p", folder, "-e", folder / "error.log",
             "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
        if not wait_until(self.answers, 60):
            self.stop()
            raise RuntimeError((folder / "error.log").read_text())
        self.base = f"https://127.0.0.1:{self.port}"

    def answers(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def lines(self):
        return [line.split() for line in
                (self.folder / "access.log").read_text().splitlines()]

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


class Proxy:
    """CONNECT and absolute-form; remembers every head it saw."""

    def __init__(self):
        heads = self.heads = []

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def note(self):
                heads.append(f"{self.requestline}\n{self.headers}")

            def do_CONNECT(self):
                self.note()
                host, port = self.path.split(":")
                with socket.create_connection((host, int(port))) as far:
                    self.send_response(200)
                    self.end_headers()
                    pump(self.connection, far)
                self.close_connection = True

            def do_GET(self):
                self.note()
                url = urllib.parse.urlsplit(self.path)
                client = http.client.HTTPConnection(url.netloc)
                self.forward(client, url)

            def forward(self, client, url):
                client.request("GET", f"{url.path}?{url.query}",
                               headers=dict(self.headers))
                answer = client.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() in ("content-type", "content-encoding"):
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                client.close()

            def log_message(self, *args):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 128
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def pump(near, far):
    def copy(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    back = threading.Thread(target=copy, args=(far, near), daemon=True)
    back.start()
    copy(near, far)
    back.join(timeout=30)


class Wire(Case):
    def setUp(self):
        super().setUp()
        self.sim = self.simulator(*DATA)

    def nginx(self):
        if not os.path.exists(NGINX):
            self.skipTest("nginx is not installed")
        server = Nginx(self.stack, self.folder / "nginx",
                       self.sim.base)
        self.stack.callback(server.stop)
        return server

    def tls(self, server, name="tls", http=""):
        work = self.workspace(server.base, name=name)
        work.configure(gti=PULL, limits="max_wait: 2s",
                       http=f"ca_bundle: {server.folder}/ca.pem\n{http}")
        return work

    def check(self, work, *args, **env):
        run = work.sync(*args, **env)
        self.assertEqual(run.code, 0, run.err)
        self.assert_matches(work, oracle.expect(self.sim.base, KEY, CHOSEN))
        return run

    def test_http_1_1_over_tls(self):
        server = self.nginx()
        run = self.check(self.tls(server))
        lines = server.lines()
        self.assertEqual(len(lines), run.report["requests"])
        self.assertEqual({line[0] for line in lines}, {"HTTP/1.1"})
        self.assertLessEqual({line[1] for line in lines},
                             {"TLSv1.2", "TLSv1.3"})

    def test_http_2_over_tls(self):
        server = self.nginx()
        run = self.check(self.tls(server, http="http2: true"))
        lines = server.lines()
        self.assertEqual(len(lines), run.report["requests"])
        self.assertEqual({line[0] for line in lines}, {"HTTP/2.0"})

    def test_wrong_authority_is_refused_at_once(self):
        server = self.nginx()
        other = self.folder / "other"
        other.mkdir()
        make_authority(other)
        work = self.tls(server)
        work.configure(gti=PULL, http=f"ca_bundle: {other}/ca.pem",
                       limits="max_wait: 60s")
        run = work.run("sync", timeout=30)
        self.assertEqual(run.code, 2, run.err)
        self.assertRegex(run.err, "certificate")
        self.assertRegex(run.err, "http.ca_bundle")
        self.assertEqual(server.lines(), [])
        self.assertEqual(self.sim.stats()["requests"], 0)
        checked = work.run("check")
        self.assertEqual(checked.code, 2)
        self.assertRegex(checked.out, "FAIL .*certificate")

    def test_name_of_another_host_is_refused(self):
        server = self.nginx()
        work = self.tls(server)
        # The certificate is for 127.0.0.1 and localhost.
        work.base = work.base.replace("127.0.0.1", "127.0.0.2")
        work.configure(gti=PULL, limits="max_wait: 2s",
                       http=f"ca_bundle: {server.folder}/ca.pem")
        run = work.run("sync")
        self.assertEqual(run.code, 2, run.err)
        self.assertRegex(run.err, r"\[ERROR\].*127\.0\.0\.2")
        self.assertRegex(run.err, "certificate")
        self.assertEqual(self.sim.stats()["requests"], 0)

    def test_verification_may_be_switched_off(self):
        server = self.nginx()
        work = self.tls(server)
        work.configure(gti=PULL, http="verify_tls: false")
        self.check(work)

    def test_missing_ca_bundle_is_named(self):
        work = self.workspace("https://127.0.0.1:1")
        work.configure(gti=PULL, http="ca_bundle: /nonexistent/ca.pem",
                       limits="max_wait: 1s")
        run = work.run("sync")
        self.assertIn(run.code, (1, 2), run.err)
        self.assertRegex(run.err, r"\[ERROR\].*/nonexistent/ca.pem")

    # ---- compression ----

    def test_gzip_saves_bytes_and_changes_nothing(self):
        big = ("--seed", 33, "--stream-items", 400, "--list-items", 60)
        sizes = []
        folders = []
        for switch in ("on", "off"):
            sim = self.simulator(*big, "--gzip", switch)
            work = self.workspace(sim.base, name=switch)
            work.configure(gti=PULL)
            run = work.sync()
            self.assertEqual(run.code, 0, run.err)
            sizes.append(sim.stats()["bytes_sent"])
            folders.append(work.snapshot())
            lapses = sim.stats()["lapses"]
            self.assertFalse(any(lapses.values()), lapses)
            if switch == "on":
                self.assertGreater(run.report["body_bytes"],
                                   3 * run.report["wire_bytes"])
        self.assertLess(sizes[0] * 3, sizes[1])
        self.assertEqual(folders[0], folders[1])

    def test_own_user_agent_still_gets_gzip(self):
        work = self.workspace(self.sim.base)
        work.configure(gti=PULL, http="user_agent: mine/1")
        self.assertEqual(work.sync().code, 0)
        lapses = self.sim.stats()["lapses"]
        self.assertEqual(lapses["without_gzip_user_agent"], 0)

    def test_gzip_through_nginx_is_seen_in_its_log(self):
        server = self.nginx()
        self.check(self.tls(server))
        encodings = {line[3] for line in server.lines()}
        self.assertIn('"gzip"', encodings)

    def test_gzip_bomb_is_refused_by_its_cap(self):
        sim = self.simulator(*DATA, "--fault", "gzip-bomb=always,mb:1000,"
                                               "persistent")
        work = self.workspace(sim.base)
        work.configure(gti="threat_lists: []\nstreams: [domain]\n"
                           "lookback_days: 1",
                       http="body_max: 10MB", limits="max_wait: 2s")
        process = work.start("sync", "--json")
        out, err = process.stdout.read(), process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.returncode, 1, err)
        self.assertRegex(err, "larger|limit|body_max|ratio|inflate")
        self.assertLess(usage.ru_maxrss, self.quiet_rss() + 24 * 1024)

    def quiet_rss(self):
        """KB of a run without a bomb: what the build itself needs."""
        work = self.workspace(self.sim.base, name="quiet")
        work.configure(gti="threat_lists: []\nstreams: [domain]\n"
                           "lookback_days: 1")
        process = work.start("sync")
        process.stdout.read()
        process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        process.stdout.close()
        process.stderr.close()
        self.assertEqual(process.returncode, 0)
        return usage.ru_maxrss

    # ---- proxies ----

    def proxy(self):
        proxy = Proxy()
        self.stack.callback(proxy.stop)
        return proxy

    def test_proxy_over_tls_sees_hosts_and_no_key(self):
        server = self.nginx()
        proxy = self.proxy()
        run = self.check(self.tls(server, http=f"proxy: {proxy.url}"))
        self.assertTrue(proxy.heads)
        for head in proxy.heads:
            self.assertTrue(head.startswith(
                f"CONNECT 127.0.0.1:{server.port} "), head)
            self.assertNotIn(KEY, head)
            self.assertNotIn("x-apikey", head.lower())
        self.assertEqual(len(server.lines()), run.report["requests"])

    def test_proxy_for_plain_http_gets_absolute_addresses(self):
        proxy = self.proxy()
        work = self.workspace(self.sim.base)
        work.configure(gti=PULL, http=f"proxy: {proxy.url}")
        run = self.check(work)
        self.assertEqual(len(proxy.heads), run.report["requests"])
        for head in proxy.heads:
            self.assertTrue(head.startswith(f"GET {self.sim.base}/api/v3/"),
                            head)

    def test_proxy_of_the_environment_is_not_asked_for_loopback(self):
        proxy = self.proxy()
        work = self.workspace(self.sim.base)
        work.configure(gti=PULL)
        names = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
                 "all_proxy", "ALL_PROXY")
        self.check(work, **{name: proxy.url for name in names})
        self.assertEqual(proxy.heads, [])

    def test_proxy_that_is_not_there_is_named(self):
        place = f"127.0.0.1:{reserve_port(self.stack)}"
        work = self.workspace(self.sim.base)
        work.configure(gti=PULL, http=f"proxy: http://{place}",
                       limits="max_wait: 1s")
        run = work.run("sync")
        self.assertEqual(run.code, 1, run.err)
        self.assertRegex(run.err, rf"\[ERROR\].*{place}")
        self.assertEqual(self.sim.stats()["requests"], 0)


if __name__ == "__main__":
    unittest.main()
