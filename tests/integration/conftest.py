"""A Kafka broker and an InfluxDB of the tests' own, for the whole run, by the code of `invoke up`."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import running

from fintank import settings
from fintank.settings import Settings
from fintank.stack import lifecycle, ports


@dataclass(frozen=True)
class Stack:
    """Running services: their settings, and the environment that leads a process of its own to them."""

    settings: Settings
    environ: dict[str, str]


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start the services; nothing but the empty database is in them; stop and delete them at the end."""
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home, _stopped_stack(home) as made:
        lifecycle.up(made.settings, print)
        yield made


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Services of a module's own, not started yet, in a home whose path is too long for a unix socket."""
    with _stopped_stack(str(tmp_path_factory.mktemp("h" * 100))) as made:
        yield made


@contextlib.contextmanager
def _stopped_stack(home: str) -> Iterator[Stack]:
    """Choose free ports, two for Kafka and one for InfluxDB; stop at the end whatever was started."""
    port = ports.free_neighbours(3)
    environ = {
        **os.environ,
        "FINTANK_HOME": home,
        "FINTANK_KAFKA": f"localhost:{port}",
        "FINTANK_INFLUX": f"localhost:{port + 2}",
    }
    loaded = settings.load(environ)
    try:
        yield Stack(loaded, environ)
    finally:
        lifecycle.down(loaded, print)


@pytest.fixture(scope="session")
def jar() -> Path:
    """Build the topology's jar from the sources as they are."""
    return running.build_jar()
