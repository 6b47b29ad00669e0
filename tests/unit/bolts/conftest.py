"""A Storm and an InfluxDB for one bolt."""

from collections.abc import Iterator

import pytest
from support.influx_server import Influx, influx_server
from support.rule_engine import Kafka
from support.storm import Storm


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
