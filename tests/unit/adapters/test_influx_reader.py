import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from fintank.adapters.influx_reader import InfluxReader
from fintank.errors import FintankError
from fintank.wire.points.point_values import FILLS

ROW = [7, "e-1", "o-1", None, "A", 10, 10.5, "NYSE", 10, -105, 8]
POINT = ("fills,symbol=IVE", 7, ("e-1", "o-1", None, "A", 10.0, 10.5, "NYSE", 10.0, -105.0, 8.0))


class Influx(HTTPServer):
    """Answers every query with `parts`, one HTTP chunk each, and keeps what it was asked."""

    parts: list[bytes]
    asked: dict[str, list[str]]


class Handler(BaseHTTPRequestHandler):
    server: Influx
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked = parse_qs(urlsplit(self.path).query)
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in self.server.parts:
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def influx() -> Iterator[Influx]:
    with Influx(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def reader(influx: Influx) -> InfluxReader:
    return InfluxReader(f"127.0.0.1:{influx.server_port}", "prices")


def answer(rows: int) -> bytes:
    series = {"name": "fills", "tags": {"symbol": "IVE"}, "columns": ["time"], "values": [ROW] * rows}
    return json.dumps({"results": [{"statement_id": 0, "series": [series]}]}).encode() + b"\n"


def test_answers_are_put_together_however_they_are_cut(influx: Influx) -> None:
    whole = answer(2) + answer(1)
    for width in (7, 100, 10_000):
        influx.parts = [whole[start : start + width] for start in range(0, len(whole), width)]
        assert list(reader(influx).points(FILLS)) == [[POINT, POINT], [POINT]]


def test_rows_come_as_they_are(influx: Influx) -> None:
    influx.parts = [answer(2), answer(1)]
    assert list(reader(influx).rows("SELECT * FROM fills")) == [ROW] * 3
    assert influx.asked["q"] == ["SELECT * FROM fills"]


def test_the_query_asks_for_the_fields_in_their_order_and_for_nanoseconds(influx: Influx) -> None:
    influx.parts = [answer(1)]
    list(reader(influx).points(FILLS, since_ns=17))
    assert (influx.asked["db"], influx.asked["epoch"]) == (["prices"], ["ns"])
    (query,) = influx.asked["q"]
    assert query.startswith('SELECT "exec_id", "cl_ord_id", ')
    assert query.endswith(' FROM "fills" WHERE time >= 17 GROUP BY *')


def test_a_database_or_a_measurement_that_is_not_there_holds_nothing(influx: Influx) -> None:
    for result in ({"error": "database not found: prices"}, {"statement_id": 0}):
        influx.parts = [json.dumps({"results": [result]}).encode()]
        assert list(reader(influx).points(FILLS)) == []


@pytest.mark.parametrize("told", [{"error": "no way"}, {"results": [{"error": "no way"}]}])
def test_a_refusal_is_told_in_one_line(influx: Influx, told: object) -> None:
    influx.parts = [json.dumps(told).encode()]
    with pytest.raises(FintankError, match="refused to be read: no way"):
        list(reader(influx).points(FILLS))


def test_an_answer_that_is_no_json_is_told_in_one_line(influx: Influx) -> None:
    influx.parts = [b"<html>"]
    with pytest.raises(FintankError, match=r"InfluxDB .* answered what is not JSON"):
        list(reader(influx).points(FILLS))


def test_nobody_there_is_told_with_its_cure() -> None:
    with pytest.raises(FintankError, match="does not answer: run `invoke up`"):
        list(InfluxReader("localhost:9").points(FILLS))
