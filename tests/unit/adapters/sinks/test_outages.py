"""A refused login, a full disk, another server, a missing driver: each is one line with the cure."""

import os
import re
import socketserver
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.http_server import QuietHandler, http_server

from fintank.adapters.sinks import SinkUnavailableError, open_sink, open_store
from fintank.adapters.sinks.query import Query
from fintank.errors import FintankError
from fintank.settings import parse_sink
from fintank.sink_url import SinkUrl

LINE = "pipeline,component=c,task=1 lag=1i 1"
LOGIN = "user:hunter2"
CURE = "check FINTANK_SINK_USER and FINTANK_SINK_PASSWORD"
ENCRYPTION_CODES = (80877103, 80877104)
"""Of PostgreSQL's requests for TLS and GSS."""
WANTS_A_PASSWORD = b"R" + struct.pack("!ii", 8, 3)


def refusal(text: str) -> bytes:
    """Write PostgreSQL's message for an error that ends the connection."""
    fields = f"SFATAL\0VFATAL\0C28P01\0M{text}\0\0".encode()
    return b"E" + struct.pack("!i", 4 + len(fields)) + fields


@contextmanager
def postgresql(answer: bytes, login: str) -> Iterator[SinkUrl]:
    """Answer every start of a connection so."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            while head := self.request.recv(8, 0x100):  # MSG_WAITALL
                length, code = struct.unpack("!ii", head)
                if code in ENCRYPTION_CODES:
                    self.request.sendall(b"N")
                    continue
                self.request.recv(length - 8)
                self.request.sendall(answer)
                self.request.recv(1)
                return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield parse_sink("test", f"postgresql://{login}127.0.0.1:{server.server_address[1]}")
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def web(scheme: str, status: int, body: bytes) -> Iterator[SinkUrl]:
    """Answer every request so, also one for /ping, as InfluxDB 3 does."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.respond(status, body)

        def do_POST(self) -> None:  # noqa: N802
            self.rfile.read(int(self.headers["Content-Length"]))
            self.respond(status, body)

    with http_server(Handler) as address:
        yield parse_sink("test", f"{scheme}://{LOGIN}@{address}")


def refuses(url: SinkUrl, line: str) -> None:
    for ask in (lambda: open_sink(url).prepare(), lambda: open_sink(url).write(LINE)):
        with pytest.raises(FintankError, match=line) as caught:
            ask()
        assert "\n" not in str(caught.value)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("scheme", ["influxdb", "questdb"])
def test_a_login_that_is_refused_everywhere(scheme: str, status: int) -> None:
    with web(scheme, status, b'{"error": "unauthorized"}') as url:
        assert open_sink(url).answers()
        refuses(url, rf"{status}: unauthorized; {CURE}")


@pytest.mark.parametrize(
    ("answer", "login"),
    [
        (refusal('password authentication failed for user "user"'), f"{LOGIN}@"),
        (refusal('role "user" does not exist'), f"{LOGIN}@"),
        (refusal('no pg_hba.conf entry for host "10.0.0.7", user "user"'), f"{LOGIN}@"),
        (refusal('permission denied for database "postgres"'), f"{LOGIN}@"),
        (WANTS_A_PASSWORD, ""),
    ],
)
def test_a_login_that_postgresql_refuses(answer: bytes, login: str) -> None:
    with postgresql(answer, login) as url:
        assert open_sink(url).answers()
        refuses(url, rf"^PostgreSQL \(127\.0\.0\.1:\d+\) refused: .*; {CURE}")


def test_a_postgresql_that_only_starts_does_not_answer_yet() -> None:
    with postgresql(refusal("the database system is starting up"), "") as url:
        assert not open_sink(url).answers()
        refuses(url, r"does not answer: run `invoke up` \(.*starting up\)")


@pytest.mark.parametrize(
    ("scheme", "body"),
    [
        ("influxdb", b'{"error": "engine: write /wal/1: no space left on device"}'),
        ("questdb", b'{"code": "internal error", "message": "could not append [errno=28]"}'),
    ],
)
def test_a_full_disk_has_its_cure_and_blames_no_line(scheme: str, body: bytes) -> None:
    with (
        web(scheme, 500, body) as url,
        pytest.raises(SinkUnavailableError, match=r"answered 500: .*; free disk space there\Z"),
    ):
        open_sink(url).write(LINE)


@pytest.mark.parametrize("body", [b"<html>login</html>", b"", b"{}", b"[]", b'{"dataset": null}'])
def test_a_questdb_that_is_another_server_holds_no_empty_tables(body: bytes) -> None:
    with (
        web("questdb", 200, body) as url,
        pytest.raises(FintankError, match=r"^QuestDB \(.*\) does not answer as QuestDB does: check its add"),
    ):
        open_store(url).edges_ns(Query("bid_ask", ("bid",)))


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (b"<html>\r\n<h1>Slow down</h1>\n</html>\n", "<html> <h1>Slow down</h1> </html>"),
        (b"\x1b[31m", r"\x1b[31m"),
        (b"", "Too Many Requests"),
    ],
)
@pytest.mark.parametrize("scheme", ["influxdb", "questdb"])
def test_what_a_proxy_says_is_one_harmless_line(scheme: str, body: bytes, shown: str) -> None:
    with web(scheme, 429, body) as url:
        refuses(url, re.escape(f"429: {shown}"))


WITHOUT_PSYCOPG = """
import sys
sys.modules["psycopg"] = None
from fintank import settings
from fintank.adapters.sinks import open_sink
from fintank.errors import exiting
with exiting():
    open_sink(settings.load().sink)
"""


def test_a_missing_driver_is_one_line_with_its_cure() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PSYCOPG],
        env={**os.environ, "FINTANK_SINK": f"postgresql://{LOGIN}@localhost"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "PostgreSQL needs a package: .venv/bin/pip install --requirement requirements-extra.txt\n"
    )
