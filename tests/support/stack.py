"""Services on free ports, and how a test runs commands and queries against them."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import urllib3
from support import free_ports

from fintank import settings
from fintank.adapters import credentials, kafka
from fintank.services import kafka_broker, lifecycle
from fintank.settings import PROJECT_ROOT, Settings
from fintank.sink_url import DATABASE

BIN = Path(sys.executable).parent
COMMAND_TIMEOUT_S = 120


@dataclass(frozen=True)
class Stack:
    """The settings of the services, and an environment that points processes to them."""

    settings: Settings
    environ: dict[str, str]


@contextmanager
def stopped_stack(home: str, sink: str = "influxdb", brokers: int = 1) -> Iterator[Stack]:
    """Choose free ports (a broker needs two, the cluster seven); stop at the end whatever was started."""
    port = free_ports.consecutive(9 + 2 * brokers)
    environ = {
        **os.environ,
        "FINTANK_HOME": home,
        "FINTANK_KAFKA": kafka_broker.addresses(f"localhost:{port + 9}", brokers),
        "FINTANK_INFLUX": f"localhost:{port}",
        "FINTANK_SINK": sink if sink == "influxdb" else f"{sink}://localhost:{port}",
        "FINTANK_ZOOKEEPER": f"localhost:{port + 1}",
        "FINTANK_NIMBUS": f"localhost:{port + 2}",
    }
    loaded = settings.load(environ)
    try:
        yield Stack(loaded, environ)
    finally:
        lifecycle.down(loaded, print)


@contextmanager
def running_stack(*, cluster: bool = False, sink: str = "influxdb") -> Iterator[Stack]:
    """Start Kafka and a database, and optionally a Storm cluster, in a new home; delete it all at the end."""
    # The home is not in pytest's own folder: another pytest of this user may delete that.
    with (
        tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home,
        stopped_stack(home, sink) as stack,
    ):
        lifecycle.up(stack.settings, print, cluster=cluster)
        yield stack


def start_fintank(stack: Stack, *words: str, program: str = "fintank") -> subprocess.Popen[str]:
    """Start a command of fintank; program is the name to call it by, `fintank` or `invoke`."""
    return subprocess.Popen(
        [BIN / program, *words],
        env=stack.environ,
        cwd=PROJECT_ROOT if program == "invoke" else None,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_fintank(stack: Stack, *words: str, program: str = "fintank") -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with start_fintank(stack, *words, program=program) as process:
        try:
            output, errors = process.communicate(timeout=COMMAND_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, output, errors)


def fintank(stack: Stack, *words: str, program: str = "fintank") -> str:
    """Run a command that must succeed; return its output."""
    done = run_fintank(stack, *words, program=program)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def create_topics(stack: Stack) -> None:
    """Create the topics that are missing."""
    with kafka.connect(stack.settings.kafka) as admin:
        kafka.ensure_topics(admin)


def query(where: Settings, text: str) -> list[dict[str, object]]:
    """Run an InfluxQL query; return its points."""
    login = credentials.sink_login(where.sink)
    headers = urllib3.make_headers(basic_auth=":".join(login)) if any(login) else {}
    method = "GET" if text.startswith(("SELECT", "SHOW")) else "POST"
    answer = urllib3.request(
        method,
        f"http://{where.sink.address}/query?{urlencode({'db': DATABASE, 'q': text})}",
        headers=headers,
    )
    (result,) = answer.json()["results"]
    assert "error" not in result, result
    return [
        dict(zip(series["columns"], row, strict=True))
        for series in result.get("series", ())
        for row in series.get("values", ())
    ]


def stored_ticks(where: Settings) -> int:
    """Count the ticks in InfluxDB."""
    points = query(where, "SELECT count(bid) FROM bid_ask")
    return int(str(points[0]["count"])) if points else 0
