"""The servers of compose.yaml with its settings, on free ports, run from our own programs."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaAdminClient
from ruamel.yaml import YAML
from support import free_ports
from support.stack import BIN
from support.waiting import wait_until

from fintank import settings
from fintank.adapters import ports
from fintank.adapters.sinks import open_sink
from fintank.services import programs
from fintank.settings import PORTS, PROJECT_ROOT

pytestmark = pytest.mark.soak

SERVICES: dict[str, dict[str, Any]] = YAML(typ="safe").load((PROJECT_ROOT / "compose.yaml").read_text())[
    "services"
]
BROKER_PORT_INSIDE = 19092
UP_S = 60


@contextmanager
def running(command: list[str], environ: dict[str, str], log: Path) -> Iterator[None]:
    """Run a server during the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield
    finally:
        process.terminate()
        process.wait(UP_S)


def moved(name: str, replaced: dict[str, str]) -> dict[str, str]:
    """Return the variables of a service with other ports, hosts and folders, for a process here."""
    environ = {"PATH": os.environ["PATH"]}
    for variable, value in SERVICES[name]["environment"].items():
        text = str(value)
        for old, new in replaced.items():
            text = text.replace(old, new)
        environ[variable] = text
    return environ


def broker(folder: Path, first: int) -> tuple[list[str], dict[str, str]]:
    """Prepare a broker with the image's own program; return its command and environment."""
    numbers = (PORTS["kafka"], BROKER_PORT_INSIDE, PORTS["kafka_controller"])
    replaced = {f":{number}": f":{first + place}" for place, number in enumerate(numbers)}
    replaced |= {"kafka:": "localhost:", "/var/lib/kafka/data": f"{folder}/data"}
    environ = moved("kafka", replaced)
    java = ["java", "-cp", programs.class_path(settings.load({}), "kafka")]
    setup = [*java, "kafka.docker.KafkaDockerWrapper", "setup"]
    for kind in ("default", "mounted", "final"):
        setup += [f"--{kind}-configs-dir", str(folder)]
    subprocess.run(setup, env=environ, check=True)
    return [*java, "kafka.Kafka", str(folder / "server.properties")], environ


def test_the_broker_takes_programs_outside_and_other_containers(tmp_path: Path) -> None:
    first = free_ports.consecutive(3)
    command, environ = broker(tmp_path, first)
    with running(command, environ, tmp_path / "kafka.log"):
        for port in (first, first + 1):
            wait_until(lambda: ports.listens(f"localhost:{port}"), UP_S)  # noqa: B023
            admin = KafkaAdminClient(bootstrap_servers=f"localhost:{port}")
            (told,) = admin.describe_cluster()["brokers"]
            admin.close()
            assert (told["host"], told["port"]) == ("localhost", port)
        addresses = {"FINTANK_KAFKA": f"localhost:{first + 1}", "FINTANK_HOME": str(tmp_path / "home")}
        done = subprocess.run(
            [BIN / "fintank", "topics"],
            env={**os.environ, **addresses},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "journal" in done.stdout


def test_the_database_answers(tmp_path: Path) -> None:
    port = free_ports.consecutive(2)
    environ = moved("influxdb", {}) | {
        "INFLUXDB_HTTP_BIND_ADDRESS": f"127.0.0.1:{port}",
        "INFLUXDB_BIND_ADDRESS": f"127.0.0.1:{port + 1}",
        "INFLUXDB_META_DIR": f"{tmp_path}/meta",
        "INFLUXDB_DATA_DIR": f"{tmp_path}/data",
        "INFLUXDB_DATA_WAL_DIR": f"{tmp_path}/wal",
    }
    sink = open_sink(settings.parse_sink("FINTANK_SINK", f"influxdb://localhost:{port}/prices_development"))
    with running([str(programs.influxd(settings.load({})))], environ, tmp_path / "influxdb.log"):
        wait_until(sink.answers, UP_S)
        sink.prepare()
