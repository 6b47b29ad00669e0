"""How each answer to a write is understood, with a server of our own: InfluxDB never sends some of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from support.http_server import QuietHandler, http_server

from fintank.adapters.sinks import Refusal, SinkUnavailableError
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.sink_url import SinkUrl

LINES = "\n".join(f"bid_ask bid={number} {number}" for number in range(100))
OWN = {"X-Influxdb-Version": "1.6.7"}
STORED = (204, {}, b"")


@dataclass
class Server:
    """Answers a write depending on its lines, and counts the requests."""

    requests: int = 0
    stored: set[str] = field(default_factory=set)

    def answer(self, lines: list[str]) -> tuple[int, dict[str, str], bytes]:
        return STORED

    def take(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
        self.requests += 1
        lines = body.decode().split("\n")
        answer = self.answer(lines)
        if answer[0] == 204:
            self.stored.update(lines)
        return answer


@contextmanager
def serving(server: Server) -> Iterator[InfluxDB]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802
            status, headers, body = server.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.respond(status, body, headers)

    with http_server(Handler) as address:
        yield InfluxDB(SinkUrl("influxdb", address))


def error(text: object) -> bytes:
    return json.dumps({"error": text}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        (400, {}, b"Client sent an HTTP request to an HTTPS server."),
        (400, {}, b"<html><head><title>400 Bad Request</title></head></html>"),
        (400, {}, b""),
        (400, {}, error("Bad Request")),
        (400, OWN, b"not JSON"),
        (400, OWN, b"[]"),
        (400, OWN, b"[" * 100_000),
        (400, OWN, error({"code": 400})),
        (400, OWN, json.dumps({"message": "partial write: x dropped=100"}).encode()),
        (429, {}, b""),
        (500, OWN, error("timeout")),
        (503, {}, b"<html>"),
        (401, OWN, error("authorization failed")),
        (301, {"Location": "/elsewhere"}, b""),
        (200, {}, b"{}"),
    ],
)
def test_an_answer_that_does_not_blame_lines_is_an_outage(answer) -> None:
    server = Server()
    server.answer = lambda lines: answer
    with serving(server) as writer, pytest.raises(SinkUnavailableError, match=f"answered {answer[0]}"):
        writer.write(LINES)
    assert server.requests == 1


def test_a_database_that_can_not_be_created_is_an_outage() -> None:
    server = Server()
    server.answer = lambda lines: (404, {}, b"<html>no such page</html>")
    with serving(server) as writer, pytest.raises(SinkUnavailableError, match="did not create"):
        writer.write(LINES)


@pytest.mark.parametrize("headers", [OWN, {}])
@pytest.mark.parametrize("text", ["unable to parse 'x': bad timestamp", "partial write: field type conflict"])
def test_lines_that_influxdb_blames_are_found_and_the_others_are_stored(headers, text) -> None:
    bad = {7, 50, 51, 99}
    server = Server()
    server.answer = lambda lines: (
        (400, headers, error(text)) if any(int(line.split()[-1]) in bad for line in lines) else STORED
    )
    with serving(server) as writer:
        assert writer.write(LINES) == [Refusal(number, text) for number in sorted(bad)]
    assert len(server.stored) == 96


def test_lines_that_are_all_dropped_cost_one_request() -> None:
    server = Server()
    text = "partial write: points beyond retention policy dropped=100"
    server.answer = lambda lines: (400, OWN, error(text))
    with serving(server) as writer:
        assert writer.write(LINES) == [Refusal(number, text) for number in range(100)]
    assert server.requests == 1


@pytest.mark.parametrize("body", [b"", error("Request Entity Too Large"), b"<html>413</html>"])
def test_a_batch_that_is_too_large_is_halved(body) -> None:
    server = Server()
    server.answer = lambda lines: (413, {}, body) if len("\n".join(lines)) > 500 else STORED
    with serving(server) as writer:
        assert writer.write(LINES) == []
    assert server.stored == set(LINES.split("\n"))


def test_a_line_that_is_too_large_alone_is_refused() -> None:
    server = Server()
    server.answer = lambda lines: (413, {}, b"too large") if "x" in "".join(lines) else STORED
    note = "x" * 20_000
    with serving(server) as writer:
        assert writer.write(f'{LINES}\nbid_ask note="{note}" 5') == [Refusal(100, "too large")]
    assert len(server.stored) == 100


def test_a_proxy_that_finds_everything_too_large_is_an_outage() -> None:
    server = Server()
    server.answer = lambda lines: (413, {}, b"too large")
    with serving(server) as writer, pytest.raises(SinkUnavailableError):
        writer.write(LINES)
