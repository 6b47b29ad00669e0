"""A proxy in front of InfluxDB that answers with errors, or not at all, on demand."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Event

from support.http_server import QuietHandler, http_server

from fintank.settings import host_and_port

ANSWERS = {
    "500": {"error": "timeout"},
    "429": {"error": "too many requests"},
    "413": {"error": "Request Entity Too Large"},
    "400": {"error": "bad request"},
    "400 of its own": {"error": "unable to parse"},
}
"""By mode, whose first word is the status. Errors of InfluxDB itself, with its header, blame lines."""
OWN = {"X-Influxdb-Version": "1.6.7"}
SILENT_S_MAX = 60


class InfluxProxy:
    """`mode` is None to pass requests on, one of ANSWERS, or `silence`."""

    def __init__(self, address: str) -> None:
        self.address = ""
        self.behind = host_and_port(address)
        self.mode: str | None = None
        self.answered = 0
        self.spoken = Event()
        self.spoken.set()

    @contextmanager
    def answering(self, mode: str) -> Iterator[None]:
        """Answer so during the block."""
        self.mode = mode
        if mode == "silence":
            self.spoken.clear()
        try:
            yield
        finally:
            self.mode = None
            self.spoken.set()


def _handler_of(proxy: InfluxProxy) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def handle(self) -> None:
            with suppress(ConnectionError):  # a killed client
                super().handle()

        def do_GET(self) -> None:  # noqa: N802
            self._answer()

        def do_POST(self) -> None:  # noqa: N802
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            mode = proxy.mode
            if mode is not None:
                proxy.answered += 1
            with suppress(ConnectionError):  # the client is gone
                if mode is None:
                    self._pass_on(body)
                elif mode == "silence":
                    proxy.spoken.wait(SILENT_S_MAX)
                    self.close_connection = True
                else:
                    status, _, whose = mode.partition(" ")
                    self.respond(int(status), json.dumps(ANSWERS[mode]).encode(), OWN if whose else {})

        def _pass_on(self, body: bytes) -> None:
            connection = http.client.HTTPConnection(*proxy.behind, timeout=60)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                answer = connection.getresponse()
                text = answer.read()
                kept = ("Content-Type", "X-Influxdb-Version")
                headers = {name: answer.headers[name] for name in kept if name in answer.headers}
                self.respond(answer.status, text, headers)
            except (OSError, http.client.HTTPException):
                self.close_connection = True  # as if InfluxDB itself were gone
            finally:
                connection.close()

    return Handler


@contextmanager
def influx_proxy(address: str) -> Iterator[InfluxProxy]:
    """Serve on a free port, in front of the InfluxDB at this address."""
    proxy = InfluxProxy(address)
    with http_server(_handler_of(proxy)) as proxy.address:
        yield proxy
