"""InfluxDB 2.7 and 3 Core, as their documents say that they answer the API of InfluxDB 1.x."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.certificates import Authority
from support.http_server import QuietHandler, http_server

from fintank.adapters.sinks import Refusal, SinkUnavailableError, no_answer
from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.errors import FintankError
from fintank.sink_url import SinkUrl

TOKEN = "a token=="
LINES = ["bid_ask,symbol=IVE bid=1 1", "bid_ask,symbol=IVE bid=x 2", "bid_ask,symbol=IVE bid=3 3"]

Reply = tuple[int, object]


class Influx2:
    """InfluxDB 2.7: buckets are mapped to databases, a batch with a bad line is refused whole."""

    version = "v2.7.12"
    ping_status = 204
    databases = ("prices_development",)
    unauthorized: Reply = (401, {"code": "unauthorized", "message": "unauthorized access"})

    def __init__(self) -> None:
        self.stored: list[str] = []

    def write(self, database: str, lines: list[str]) -> Reply:
        if database not in self.databases:
            return 404, {"code": "not found", "message": f"no dbrp mapping found for {database!r}"}
        bad = [line for line in lines if "=x" in line]
        if bad:
            return 400, {"code": "invalid", "message": f"unable to parse '{bad[0]}': invalid number"}
        self.stored += lines
        return 204, None

    def query(self, text: str) -> Reply:
        if text.startswith("CREATE DATABASE"):
            return 200, {"results": [{"statement_id": 0, "error": "not implemented: CREATE DATABASE"}]}
        if text == "SHOW DATABASES":
            return 200, _series("databases", ["name"], [[name] for name in self.databases])
        if text.startswith("SHOW RETENTION POLICIES"):
            row = ["autogen", "0s", "168h0m0s", 1, True]
            return 200, _series("", ["name", "duration", "groupDuration", "replicaN", "default"], [row])
        return 200, {"results": [{"statement_id": 0}]}


class Influx3(Influx2):
    """InfluxDB 3 Core: a write creates the database and stores the good lines of a batch."""

    version = "3.2.1"
    ping_status = 200
    databases = ()
    unauthorized = (401, {"error": "the request was not authenticated"})

    def write(self, database: str, lines: list[str]) -> Reply:
        bad = [number for number, line in enumerate(lines, 1) if "=x" in line]
        self.stored += [line for line in lines if "=x" not in line]
        faults = [
            {"original_line": lines[number - 1], "line_number": number, "error_message": "invalid number"}
            for number in bad
        ]
        return (
            (400, {"error": "partial write of line protocol occurred", "data": faults})
            if bad
            else (204, None)
        )

    def query(self, text: str) -> Reply:
        if text.startswith("CREATE DATABASE"):
            return 400, {"error": "unsupported statement: CREATE DATABASE"}
        if text == "SHOW DATABASES":
            return 200, {"results": [{"statement_id": 0}]}
        if text.startswith("SHOW RETENTION POLICIES"):
            columns = ["iox::database", "name", "duration"]
            return 200, _series("retention_policies", columns, [["prices_development", "autogen", None]])
        return 200, {"results": [{"statement_id": 0}]}


def _series(name: str, columns: list[str], rows: list[list[object]]) -> object:
    found = {"name": name, "columns": columns, "values": rows}
    return {"results": [{"statement_id": 0, "series": [found]}]}


@contextmanager
def serving(influx: Influx2, certificate: Path | None = None) -> Iterator[SinkUrl]:
    basic = "Basic " + base64.b64encode(f"any:{TOKEN}".encode()).decode()

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802
            url = urlsplit(self.path)
            if url.path == "/ping":
                self.reply(influx.ping_status, None)
            else:
                self.answer(lambda: influx.query(parse_qs(url.query)["q"][0]))

        def do_POST(self) -> None:  # noqa: N802
            url = urlsplit(self.path)
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if url.path == "/query":
                self.answer(lambda: influx.query(parse_qs(body)["q"][0]))
            else:
                database = parse_qs(url.query)["db"][0]
                self.answer(lambda: influx.write(database, body.split("\n")))

        def answer(self, work: object) -> None:
            self.reply(*(work() if self.headers["Authorization"] == basic else influx.unauthorized))  # type: ignore[operator]

        def reply(self, status: int, body: object) -> None:
            text = b"" if body is None else json.dumps(body).encode()
            self.respond(status, text, {"X-Influxdb-Version": influx.version})

    with http_server(Handler, certificate) as address:
        yield SinkUrl("influxdbs" if certificate else "influxdb", address)


@pytest.fixture(params=[Influx2, Influx3])
def server(request: pytest.FixtureRequest) -> Influx2:
    made: Influx2 = request.param()
    return made


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FINTANK_SINK_USER", "any")
    monkeypatch.setenv("FINTANK_SINK_PASSWORD", TOKEN)


@pytest.mark.usefixtures("token")
def test_a_server_without_create_database_does_not_stop_the_start(server: Influx2) -> None:
    with serving(server) as url:
        assert InfluxDB(url).answers()
        warnings = InfluxDB(url).prepare()
        assert len(warnings) == (0 if server.databases else 1)
        assert all("did not create prices_development" in warning for warning in warnings)
        assert InfluxDB(url).retention().seconds == 0


@pytest.mark.usefixtures("token")
def test_bad_lines_are_named_and_the_others_are_stored(server: Influx2) -> None:
    with serving(server) as url:
        (refusal,) = InfluxDB(url).write("\n".join(LINES))
    assert refusal.line_number == 1
    assert "invalid number" in refusal.answer
    assert {*server.stored} == {LINES[0], LINES[2]}


@pytest.mark.usefixtures("token")
def test_a_field_of_another_type_is_the_lines_fault() -> None:
    text = "failure writing points to database: partial write: field type conflict: dropped=1"
    server = Influx2()
    server.write = lambda *_: (422, {"code": "unprocessable entity", "message": text})  # type: ignore[method-assign]
    with serving(server) as url:
        assert InfluxDB(url).write(LINES[0]) == [Refusal(0, text)]


@pytest.mark.usefixtures("token")
def test_without_a_mapping_writes_wait_and_say_what_is_missing() -> None:
    server = Influx2()
    server.databases = ()
    with serving(server) as url:
        (warning,) = InfluxDB(url).prepare()
        assert "not implemented: CREATE DATABASE; docs/influxdb.md" in warning
        with pytest.raises(
            SinkUnavailableError, match=r"did not create prices_development: .*docs/influxdb\.md"
        ):
            InfluxDB(url).write(LINES[0])


def test_without_its_token_it_is_one_line_with_the_cure(server: Influx2) -> None:
    with serving(server) as url:
        with pytest.raises(FintankError, match="check FINTANK_SINK_USER and FINTANK_SINK_PASSWORD"):
            InfluxDB(url).prepare()
        with pytest.raises(SinkUnavailableError, match=r"answered 401.*check FINTANK_SINK_USER"):
            InfluxDB(url).write(LINES[0])


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.mark.usefixtures("token")
def test_https_with_a_ca_of_ones_own(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Influx2()
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    with serving(server, authority.sign()) as url:
        assert InfluxDB(url).answers()
        assert InfluxDB(url).prepare() == []
        assert InfluxDB(url).write(LINES[0]) == []
    assert server.stored == LINES[:1]


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    ("names", "days", "line"),
    [
        ("IP:127.0.0.1", 1, "that no trusted CA has signed .*: SSL_CERT_FILE must name the file"),
        ("IP:127.0.0.1", -1, "that has expired: renew it there"),
        ("IP:127.0.0.2", 1, "for another name .*IP address mismatch.*: use an address that it names"),
    ],
)
def test_each_fault_of_a_certificate_is_one_line(
    authority: Authority, monkeypatch: pytest.MonkeyPatch, names: str, days: int, line: str
) -> None:
    if "no trusted CA" not in line:
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca))
    with serving(Influx2(), authority.sign(names, days)) as url:
        assert not InfluxDB(url).answers()
        line = rf"^InfluxDB \(127\.0\.0\.1:\d+\) has a certificate {line}[^\n]*$"
        assert re.match(line, str(no_answer(url)))
        with pytest.raises(SinkUnavailableError, match=line):
            InfluxDB(url).write(LINES[0])
        with pytest.raises(FintankError, match=line):
            InfluxDB(url).rows("SHOW DATABASES")


def test_https_and_http_are_told_apart(authority: Authority) -> None:
    with serving(Influx2(), authority.sign()) as url:
        assert "speaks https: write influxdbs:// in" in str(no_answer(replace(url, scheme="influxdb")))
    with serving(Influx2()) as url:
        https = replace(url, scheme="influxdbs")
        assert "does not speak TLS (WRONG_VERSION_NUMBER)" in str(no_answer(https))
        with pytest.raises(SinkUnavailableError, match="does not speak TLS"):
            InfluxDB(https).write(LINES[0])
