"""A Kafka broker and an InfluxDB of the tests' own, by the code of `invoke up`, and the topology's jar."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from running import Stack, build_jar, stopped_stack

from fintank.services import lifecycle


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Start the services; nothing but the empty database is in them; stop and delete them at the end."""
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home, stopped_stack(home) as made:
        lifecycle.up(made.settings, print)
        yield made


@pytest.fixture(scope="module")
def empty_stack() -> Iterator[Stack]:
    """Services of a module's own, for tests that count all that is in them."""
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home, stopped_stack(home) as made:
        lifecycle.up(made.settings, print)
        yield made


@pytest.fixture(scope="module")
def secrets() -> Iterator[Path]:
    """Set accounts for Kafka and InfluxDB in the environment of the tests of a module: a file of secrets."""
    names = ("FINTANK_KAFKA_USER", "FINTANK_KAFKA_PASSWORD", "FINTANK_INFLUX_USER", "FINTANK_INFLUX_PASSWORD")
    # Not in pytest's own folder: another pytest of this user may delete that.
    with (
        tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        file = Path(folder) / "accounts"
        file.touch(mode=0o600)
        file.write_text("".join(f"{name}={token_hex(8)}\n" for name in names))
        patch.setenv("FINTANK_SECRETS", str(file))
        yield file


@pytest.fixture(scope="module")
def cluster(secrets: Path) -> Iterator[Stack]:
    """Services that want accounts, and a Storm cluster, of a module's own."""
    with tempfile.TemporaryDirectory(prefix="fintank-", dir="/tmp") as home, stopped_stack(home) as made:
        lifecycle.up(made.settings, print, cluster=True)
        yield made


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Services of a module's own, not started yet, in a home whose path is too long for a unix socket."""
    with stopped_stack(str(tmp_path_factory.mktemp("h" * 100))) as made:
        yield made


@pytest.fixture(scope="session")
def jar() -> Path:
    """Build the topology's jar from the sources as they are."""
    return build_jar()
