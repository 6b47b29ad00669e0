"""Services of the tests' own, started as `invoke up` does."""

import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

import pytest
from confluent_kafka import Consumer
from support.core_engine import CoreEngine
from support.order_flow import OrderFlow, order_flow
from support.stack import Stack, create_topics, running_stack, stopped_stack
from support.waiting import wait_until

from fintank.adapters.consumer_groups import GROUPS


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Services shared by all tests; they start with nothing but the empty database."""
    with running_stack() as made:
        yield made


@pytest.fixture(scope="module")
def empty_stack() -> Iterator[Stack]:
    """Services of a module's own, for tests that count everything in them."""
    with running_stack() as made:
        yield made


@pytest.fixture(scope="module")
def secrets() -> Iterator[Path]:
    """Put credentials for Kafka and InfluxDB into a secrets file, and its path into the environment."""
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
    """Services that require credentials, and a Storm cluster, of a module's own."""
    with running_stack(cluster=True) as made:
        yield made


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Services of a module's own, not started yet, in a home whose path is too long for a unix socket."""
    with stopped_stack(str(tmp_path_factory.mktemp("h" * 100))) as made:
        yield made


@pytest.fixture(scope="module")
def topics(stack: Stack) -> None:
    create_topics(stack)


@pytest.fixture(scope="module")
def flow(
    stack: Stack, topics: None, jar: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[OrderFlow]:
    """One run of the topology for all tests of a module."""
    with order_flow(stack.environ, tmp_path_factory.mktemp("flow")) as running:
        yield running
        assert running.end() == 0


@pytest.fixture(scope="module")
def engine(stack: Stack, topics: None) -> CoreEngine:
    """Decide on what the tests of a module send."""
    return CoreEngine(stack)


@pytest.fixture
def orders_member(stack: Stack) -> Iterator[Consumer]:
    """Be a live member of the group that reads `orders`, as a running topology is."""
    consumer = Consumer({"bootstrap.servers": stack.settings.kafka, "group.id": GROUPS["orders"]})
    assigned = threading.Event()
    consumer.subscribe(["orders"], on_assign=lambda _consumer, _partitions: assigned.set())

    def is_assigned() -> bool:
        consumer.poll(0.1)
        return assigned.is_set()

    wait_until(is_assigned, 30)
    yield consumer
    consumer.close()
