"""A Storm and an InfluxDB for one bolt."""

from collections.abc import Iterator

import pytest
from support.influx_server import Influx, influx_server
from support.rule_engine import Kafka
from support.storm import Storm

from fintank.bolts import commit_pace


@pytest.fixture
def storm() -> Storm:
    return Storm()


@pytest.fixture
def influx() -> Iterator[Influx]:
    with influx_server() as state:
        yield state


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


@pytest.fixture(autouse=True)
def _no_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is due by the clock is not due because the machine is busy."""
    monkeypatch.setattr(commit_pace, "WAIT_SECONDS_MAX", 3_600)
    monkeypatch.setattr(commit_pace, "ORDERS_WAIT_SECONDS", 3_600)
