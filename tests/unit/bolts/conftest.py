"""A Storm for one bolt, over the bytes of the multilang protocol, and a small InfluxDB."""

import io
import json
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pacing import stream_of


def _ending_softly(bolt: type) -> type:
    """Make a bolt leave by SystemExit: pystorm would end the tests, as other threads are alive."""

    def leave(_: object, status: int) -> None:
        raise SystemExit(status)

    return type(bolt.__name__, (bolt,), {"_exit": leave})


class Storm:
    """Makes messages to a bolt, and runs one."""

    @staticmethod
    def heartbeat() -> dict[str, Any]:
        """Make the message that asks whether the bolt is alive."""
        return {"id": "beat", "comp": "__system", "stream": "__heartbeat", "task": -1, "tuple": []}

    @staticmethod
    def tuple_of(tuple_id: str, *values: object) -> dict[str, Any]:
        """Make the message of a tuple on the stream `default` of `tick-spout`."""
        return {"id": tuple_id, "comp": "tick-spout", "stream": "default", "task": 1, "tuple": list(values)}

    @staticmethod
    def acked(tuple_id: str) -> dict[str, Any]:
        """Make the message of an ack."""
        return {"command": "ack", "id": tuple_id}

    @staticmethod
    def failed(tuple_id: str) -> dict[str, Any]:
        """Make the message of a fail."""
        return {"command": "fail", "id": tuple_id}

    @staticmethod
    def run(
        bolt: type,
        *messages: dict[str, Any],
        tasks: dict[str, str] | None = None,
        at_once: bool = False,
        **options: str,
    ) -> list[dict[str, Any]]:
        """Run a bolt until the messages end; return what it sent, without the handshake and its log.

        `tasks` are the topology's: task id -> component id. at_once: all messages are there from the start.
        """
        output = io.BytesIO()
        with tempfile.TemporaryDirectory() as pid_folder:
            conf = {"topology.name": "order_flow", **options}
            context = {"taskid": 3, "componentid": "bolt-under-test", "task->component": tasks or {}}
            handshake = {"pidDir": pid_folder, "conf": conf, "context": context}
            text = "".join(f"{json.dumps(message)}\nend\n" for message in (handshake, *messages))
            with pytest.raises(SystemExit):
                _ending_softly(bolt)(input_stream=stream_of(text, at_once), output_stream=output).run()
            assert len(list(Path(pid_folder).iterdir())) == 1
        sent = [json.loads(message) for message in output.getvalue().split(b"\nend\n") if message]
        return [message for message in sent if "pid" not in message and message["command"] != "log"]


class Influx:
    """Databases and stored lines; a line that starts with `bad` is refused.

    `statuses` are answered first, one a write: HANG_UP breaks the connection, None is as the lines deserve.
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


def handler_of(state: Influx) -> type[BaseHTTPRequestHandler]:
    """Make the HTTP side of an InfluxDB."""

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


@pytest.fixture
def storm() -> Storm:
    return Storm()


@pytest.fixture
def influx() -> Iterator[Influx]:
    state = Influx()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler_of(state)) as server:
        state.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()
