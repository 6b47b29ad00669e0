"""One database server, started from its own files as `invoke up` does, without Kafka."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support import free_ports
from support.waiting import wait_until

from fintank import settings
from fintank.services import sink_servers
from fintank.settings import Settings

START_S = 60
STOP_S = 60


class Database:
    """A server that can be killed and started again with its data."""

    def __init__(self, chosen: Settings) -> None:
        self.settings = chosen
        self.url = chosen.sink
        (self._service,) = sink_servers.chosen(chosen)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers and has its tables."""
        self.launch()
        wait_until(self._service.answers, START_S)
        self._service.finish()

    def launch(self) -> None:
        """Start it and do not wait."""
        for path, text in self._service.files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        self._service.log.parent.mkdir(parents=True, exist_ok=True)
        (self.settings.home / "tmp").mkdir(exist_ok=True)
        self._service.prepare()
        with self._service.log.open("ab") as log:
            self._process = subprocess.Popen(self._service.command, stdout=log, stderr=log)

    def kill(self) -> None:
        """Kill it as kill -9 does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(STOP_S)


@contextmanager
def database(scheme: str) -> Iterator[Database]:
    """Start an empty server of a scheme on a free port; kill it at the end."""
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home:
        port = free_ports.consecutive(1)
        environ = {"FINTANK_HOME": str(Path(home)), "FINTANK_SINK": f"{scheme}://localhost:{port}"}
        server = Database(settings.load(environ))
        try:
            server.start()
            yield server
        finally:
            server.kill()
