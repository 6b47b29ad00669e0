"""A Kafka broker and an InfluxDB of the tests' own, for the whole run, by the code of `invoke up`."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fintank import settings
from fintank.settings import Settings
from fintank.stack import lifecycle, ports


@dataclass(frozen=True)
class Stack:
    """Running services: their settings, and the environment that leads a process of its own to them."""

    settings: Settings
    environ: dict[str, str]


def environ_of(home: Path) -> dict[str, str]:
    """Make the environment of a fintank in `home` on free ports: two for Kafka, one for InfluxDB."""
    port = ports.free_neighbours(3)
    return {
        **os.environ,
        "FINTANK_HOME": str(home),
        "FINTANK_KAFKA": f"localhost:{port}",
        "FINTANK_INFLUX": f"localhost:{port + 2}",
    }


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start the services; nothing but the empty database is in them; stop and delete them at the end."""
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home:
        environ = environ_of(Path(home))
        loaded = settings.load(environ)
        try:
            lifecycle.up(loaded, print)
            yield Stack(loaded, environ)
        finally:
            lifecycle.down(loaded, print)
