"""An InfluxDB of a test's own: databases, stored lines, and errors on demand, over HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


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


def _handler_of(state: Influx) -> type[BaseHTTPRequestHandler]:
    """Make the HTTP handler of an InfluxDB."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            super().setup()
            state.connections += 1

        def do_POST(self) -> None:
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
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    return Handler


@contextmanager
def influx_server() -> Iterator[Influx]:
    """Serve an empty InfluxDB on a free port."""
    state = Influx()
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(state)) as server:
        state.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
