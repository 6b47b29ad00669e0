"""An InfluxDB of a test's own: databases, stored lines, and errors on demand, over HTTP."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

from support.http_server import QuietHandler, http_server


class Influx:
    """Databases and stored lines; lines that start with `bad` are refused.

    `statuses` are answered first, one for each write: HANG_UP closes the connection, None answers normally.
    """

    HANG_UP = 0

    def __init__(self) -> None:
        self.address = ""
        self.databases = {"prices_development"}
        self.stored: list[str] = []
        self.requests: list[str] = []
        self.connections = 0
        self.statuses: list[int | None] = []

    def write(self, database: str, lines: list[str]) -> tuple[int, str]:
        status = self.statuses.pop(0) if self.statuses else None
        if status is not None:
            return status, f"status {status}"
        if database not in self.databases:
            return 404, f'database not found: "{database}"'
        bad = [line for line in lines if line.startswith("bad")]
        self.stored += [line for line in lines if line not in bad]
        return (400, f"unable to parse '{bad[0]}'") if bad else (204, "")

    def query(self, statement: str) -> tuple[int, str]:
        self.databases.add(statement.removeprefix("CREATE DATABASE ").strip('"'))
        return 200, ""


def _handler_of(state: Influx) -> type[QuietHandler]:
    """Make the HTTP handler of an InfluxDB."""

    class Handler(QuietHandler):
        def setup(self) -> None:
            super().setup()
            state.connections += 1

        def do_POST(self) -> None:  # noqa: N802
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            url = urlsplit(self.path)
            parameters = {name: values[0] for name, values in parse_qs(url.query or body).items()}
            if url.path == "/query":
                status, text = state.query(parameters["q"])
                answer = json.dumps({"results": [{"statement_id": 0}]})
            else:
                state.requests.append(self.path)
                status, text = state.write(parameters["db"], body.split("\n"))
                answer = json.dumps({"error": text}) if text else ""
            if status == state.HANG_UP:
                self.close_connection = True
                return
            self.respond(status, answer.encode())

    return Handler


@contextmanager
def influx_server() -> Iterator[Influx]:
    """Serve an empty InfluxDB on a free port."""
    state = Influx()
    with http_server(_handler_of(state)) as state.address:
        yield state
