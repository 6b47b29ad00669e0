import json
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from support.http_server import QuietHandler

from fintank.adapters.sinks import Retention, count
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.adapters.sinks.query import Query
from fintank.errors import FintankError
from fintank.sink_url import SinkUrl
from fintank.wire.points.point_values import FILLS

ROW = [7, "e-1", "o-1", None, "A", 10, 10.5, "NYSE", 10, -105, 8]
POINT = ("fills,symbol=IVE", 7, ("e-1", "o-1", None, "A", 10.0, 10.5, "NYSE", 10.0, -105.0, 8.0))


class Server(ThreadingHTTPServer):
    """Answers every query with `parts`, one HTTP chunk each, and keeps the last query."""

    block_on_close = False
    status = 200
    parts: list[bytes]
    query: dict[str, list[str]]

    def answer(self, *results: object) -> None:
        self.parts = [json.dumps({"results": results}).encode() + b"\n"]


class Handler(QuietHandler):
    server: Server

    def do_GET(self) -> None:  # noqa: N802
        self.server.query = parse_qs(urlsplit(self.path).query)
        self.send_response(self.server.status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for part in self.server.parts:
            self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def influx(server: Server) -> InfluxDB:
    return InfluxDB(SinkUrl("influxdb", f"127.0.0.1:{server.server_port}", "prices"))


def fills(rows: int) -> bytes:
    series = {"name": "fills", "tags": {"symbol": "IVE"}, "columns": ["time"], "values": [ROW] * rows}
    return json.dumps({"results": [{"statement_id": 0, "series": [series]}]}).encode() + b"\n"


def test_rows_of_all_series_have_their_times_in_nanoseconds(server: Server, influx: InfluxDB) -> None:
    server.answer({"series": [{"columns": ["time", "bid"], "values": [[number, 94.1]]} for number in (1, 2)]})
    assert influx.rows("SELECT bid FROM bid_ask") == [[1, 94.1], [2, 94.1]]
    wanted = {"db": ["prices"], "epoch": ["ns"], "q": ["SELECT bid FROM bid_ask"]}
    assert wanted.items() <= server.query.items()


def test_answers_are_reassembled_from_any_parts(server: Server, influx: InfluxDB) -> None:
    whole = fills(2) + fills(1)
    for width in (7, 100, 10_000):
        server.parts = [whole[start : start + width] for start in range(0, len(whole), width)]
        assert list(influx.points(FILLS)) == [[POINT, POINT], [POINT]]
        assert influx.rows("SELECT * FROM fills") == [ROW] * 3


def test_points_are_queried_by_field_and_in_nanoseconds(server: Server, influx: InfluxDB) -> None:
    server.parts = [fills(1)]
    list(influx.points(FILLS, since_ns=17))
    assert (server.query["db"], server.query["epoch"]) == (["prices"], ["ns"])
    (query,) = server.query["q"]
    assert query.startswith('SELECT "exec_id", "cl_ord_id", ')
    assert query.endswith(' FROM "fills" WHERE time >= 17 GROUP BY *')


def test_points_are_counted(server: Server, influx: InfluxDB) -> None:
    server.answer({"series": [{"columns": ["time", "count"], "values": [[0, 12]]}]})
    assert count(influx, Query("bid_ask", ("bid",), 5, function="count")) == 12
    assert server.query["q"] == ['SELECT count("bid") FROM "bid_ask" WHERE time >= 5']


@pytest.mark.parametrize("result", [{"statement_id": 0}, {"error": "database not found: prices"}])
def test_a_missing_database_or_measurement_is_empty(server: Server, influx: InfluxDB, result: object) -> None:
    server.answer(result)
    assert count(influx, Query("bid_ask", ("bid",), 5, function="count")) == 0
    assert list(influx.points(FILLS)) == []


@pytest.mark.parametrize("tags", [[], [["exec_type"], ["partition"], ["symbol"]]])
def test_points_without_the_earlier_tags_are_ours(
    server: Server, influx: InfluxDB, tags: list[list[str]]
) -> None:
    server.answer({"series": [{"columns": ["tagKey"], "values": tags}]})
    influx.require_own_points()


@pytest.mark.parametrize("tag", ["account", "last_mkt"])
def test_points_of_an_earlier_version_are_an_error_with_its_cure(
    server: Server, influx: InfluxDB, tag: str
) -> None:
    server.answer({"series": [{"columns": ["tagKey"], "values": [[tag], ["side"]]}]})
    with pytest.raises(FintankError, match=r"run `invoke reset`, or .*: DROP MEASUREMENT executions; DROP M"):
        influx.require_own_points()


@pytest.mark.parametrize("answer", [{"error": "shard gone"}, {"results": [{"error": "shard gone"}]}])
def test_a_refusal_is_one_line(server: Server, influx: InfluxDB, answer: object) -> None:
    server.parts = [json.dumps(answer).encode()]
    with pytest.raises(FintankError, match="refused the query: shard gone"):
        influx.rows("SELECT bid FROM bid_ask")


@pytest.mark.parametrize(
    ("status", "wanted"),
    [
        (400, "answered 400: parse error$"),
        (401, "answered 401: parse error; .*FINTANK_SINK_USER"),
        (403, "answered 403: parse error; .*FINTANK_SINK_USER"),
    ],
)
def test_another_status_is_an_error_and_denied_access_has_a_cure(
    server: Server, influx: InfluxDB, status: int, wanted: str
) -> None:
    server.status = status
    server.parts = [b'{"error": "parse error"}']
    with pytest.raises(FintankError, match=wanted):
        influx.rows("SELECT")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"null",
        b"{}",
        b'{"error": {"code": 1}}',
        b'{"results": 5}',
        b'{"results": [null]}',
        b'{"results": [{"series": [{"name": "fills"}]}]}',
        b'{"results": [{"series": [{"values": null}]}]}',
    ],
)
def test_an_answer_of_another_server_is_one_line(server: Server, influx: InfluxDB, body: bytes) -> None:
    server.parts = [body]
    with pytest.raises(
        FintankError, match=r"^InfluxDB \(.*\) does not answer as InfluxDB does: check its ad"
    ):
        list(influx.points(FILLS))


def test_an_empty_answer_is_no_empty_database(server: Server, influx: InfluxDB) -> None:
    server.parts = []
    with pytest.raises(FintankError, match="does not answer as InfluxDB does"):
        influx.rows("SELECT bid FROM bid_ask")


def test_without_a_server_the_error_has_the_cure() -> None:
    with pytest.raises(FintankError, match=r"InfluxDB \(127.0.0.1:1\) does not answer: run `invoke up`"):
        InfluxDB(SinkUrl("influxdb", "127.0.0.1:1")).rows("SELECT bid FROM bid_ask")
    assert not InfluxDB(SinkUrl("influxdb", "127.0.0.1:1")).answers()


def policies(*rows: tuple[str, str, bool]) -> object:
    values = [[name, duration, "168h0m0s", 1, is_default] for name, duration, is_default in rows]
    return {"statement_id": 0, "series": [{"values": values}]}


def test_the_retention_is_that_of_the_default_policy(server: Server, influx: InfluxDB) -> None:
    server.answer(policies(("long", "720h0m0s", False), ("short", "1h30m5s", True)))
    assert influx.retention() == Retention(
        5405, '`ALTER RETENTION POLICY "short" ON "prices" DURATION INF` in `influx` keeps all'
    )
    assert server.query["q"] == ['SHOW RETENTION POLICIES ON "prices"']


def test_without_a_duration_or_a_database_points_are_kept_for_ever(server: Server, influx: InfluxDB) -> None:
    server.answer(policies(("autogen", "0s", True)))
    assert influx.retention().seconds == 0
    server.answer({"error": "database not found: prices"})
    assert influx.retention().seconds == 0
