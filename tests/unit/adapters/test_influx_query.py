import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from fintank.adapters.influx_query import InfluxQuery, Retention
from fintank.errors import FintankError


class Influx(HTTPServer):
    """Answers every query alike, and keeps what it was asked."""

    status = 200
    answer: object
    asked: dict[str, list[str]]


class Handler(BaseHTTPRequestHandler):
    server: Influx

    def do_GET(self) -> None:
        self.server.asked = parse_qs(urlsplit(self.path).query)
        body = json.dumps(self.server.answer).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

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


def query(influx: Influx) -> InfluxQuery:
    return InfluxQuery(f"127.0.0.1:{influx.server_port}", "prices")


def test_rows_of_all_series_come_with_their_times_in_nanoseconds(influx: Influx) -> None:
    series = [{"columns": ["time", "bid"], "values": [[number, 94.1]]} for number in (1, 2)]
    influx.answer = {"results": [{"statement_id": 0, "series": series}]}
    assert query(influx).rows("SELECT bid FROM bid_ask") == [[1, 94.1], [2, 94.1]]
    assert influx.asked == {"db": ["prices"], "epoch": ["ns"], "q": ["SELECT bid FROM bid_ask"]}


def test_points_are_counted(influx: Influx) -> None:
    series = [{"columns": ["time", "count"], "values": [[0, 12]]}]
    influx.answer = {"results": [{"statement_id": 0, "series": series}]}
    assert query(influx).count("bid", "bid_ask", "time >= 5") == 12
    assert influx.asked["q"] == ["SELECT count(bid) FROM bid_ask WHERE time >= 5"]


@pytest.mark.parametrize("result", [{"statement_id": 0}, {"error": "database not found: prices"}])
def test_where_nothing_was_written_there_are_no_points(influx: Influx, result: object) -> None:
    influx.answer = {"results": [result]}
    assert query(influx).count("bid", "bid_ask", "time >= 5") == 0


@pytest.mark.parametrize("tags", [[], [["exec_type"], ["partition"], ["symbol"]]])
def test_points_with_other_tags_than_the_account_are_ours(influx: Influx, tags: list[list[str]]) -> None:
    influx.answer = {"results": [{"series": [{"columns": ["tagKey"], "values": tags}]}]}
    query(influx).require_own_points()


@pytest.mark.parametrize("tag", ["account", "last_mkt"])
def test_points_of_an_earlier_version_are_told_with_the_cure(influx: Influx, tag: str) -> None:
    influx.answer = {"results": [{"series": [{"columns": ["tagKey"], "values": [[tag], ["side"]]}]}]}
    with pytest.raises(FintankError, match=r"run `invoke reset`, or .*: DROP MEASUREMENT executions; DROP M"):
        query(influx).require_own_points()


def test_a_refusal_is_told(influx: Influx) -> None:
    influx.answer = {"results": [{"error": "shard gone"}]}
    with pytest.raises(FintankError, match="refused: shard gone"):
        query(influx).rows("SELECT bid FROM bid_ask")
    influx.status = 400
    with pytest.raises(FintankError, match="answered 400: "):
        query(influx).rows("SELECT")


def test_a_server_that_is_not_there_is_told_with_the_cure() -> None:
    with pytest.raises(FintankError, match=r"InfluxDB \(127.0.0.1:1\) does not answer: run `invoke up`"):
        InfluxQuery("127.0.0.1:1").rows("SELECT bid FROM bid_ask")


def policies(*rows: tuple[str, str, bool]) -> object:
    values = [[name, duration, "168h0m0s", 1, is_default] for name, duration, is_default in rows]
    return {"results": [{"statement_id": 0, "series": [{"values": values}]}]}


def test_retention_is_that_of_the_policy_that_is_written_to(influx: Influx) -> None:
    influx.answer = policies(("long", "720h0m0s", False), ("short", "1h30m5s", True))
    assert query(influx).retention() == Retention("short", 5405)
    assert influx.asked["q"] == ['SHOW RETENTION POLICIES ON "prices"']


def test_without_a_duration_or_a_database_points_are_kept_for_ever(influx: Influx) -> None:
    influx.answer = policies(("autogen", "0s", True))
    assert query(influx).retention().seconds == 0
    influx.answer = {"results": [{"error": "database not found: prices"}]}
    assert query(influx).retention().seconds == 0
