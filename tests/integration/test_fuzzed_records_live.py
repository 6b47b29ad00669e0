"""Fuzzed records in all topics of a running topology: valid ones are stored and decided, the rest rejected.

The expected result of each record is computed by the pure functions, which have tests of their own.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import psutil
import pytest
from confluent_kafka import Message, Producer
from properties.fuzzed_records import records
from properties.valid_records import (
    EXECUTIONS,
    FILLS,
    LARGE_ORDERS,
    ORDERS,
    TICKS,
    Topic,
)
from support.order_flow import OrderFlow, order_flow
from support.stack import Stack, fintank, run_fintank
from support.waiting import wait_until

from fintank.adapters.sinks.influxdb import InfluxDB
from fintank.adapters.topic_reader import open_reader
from fintank.trading.limits import Limits
from fintank.trading.messages import Order, PortfolioOrder
from fintank.trading.portfolio import components
from fintank.wire.kafka import executions, fills, orders, ticks
from fintank.wire.kafka.rejects import Reject
from fintank.wire.points import point_values

PARTITIONS = 4
SEED = 1
PROCESSES = 12
"""Python processes of the topology."""
DONE_S = 300
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
RAW = (
    b"\xff\xfe{",
    b"\xed\xa0\x80{}",
    b"\x00\x00\x00\x00\x07{}",
    b"",
    None,
    b"\x80" * 70_000,
    b" " * 3_000_000,
)
"""Records that are not text, too large once decompressed, or empty."""


COMMANDS = (
    *(f"show {topic} --last 5000" for topic in ("ticks", "orders", "executions", "fills", "rejects")),
    *(
        "order o1",
        "order p1",
        "topics",
        "reconcile",
        "reconcile --json",
        "report --since 2h --out report.html",
    ),
)
"""All commands that read the topics or the database: none may crash on their content."""


class Sent(NamedTuple):
    """A record and where the broker put it."""

    topic: str
    partition: int
    offset: int
    append_ms: int
    value: bytes

    @property
    def text(self) -> str:
        return self.value.decode().replace("\n", " ").replace("\r", " ")


def send(address: str, topic: Topic, count: int, seed: int) -> list[Sent]:
    """Send fuzzed records to random partitions, in batches of different compression."""
    random = Random(seed)
    large = LARGE_ORDERS if count > 1_000 else LARGE_ORDERS[:4]
    sent: list[Sent] = []

    def delivered(error: object, message: Message) -> None:
        assert error is None
        _, append_ms = message.timestamp()
        place = (message.topic(), message.partition(), message.offset(), append_ms)
        sent.append(Sent(*place, message.value() or b""))

    for codec in CODECS:
        limit = 4_000_000 if codec != "none" else 1_000_000
        producer = Producer(
            {
                "bootstrap.servers": address,
                "compression.type": codec,
                "message.max.bytes": limit,
                "linger.ms": 5,
            }
        )
        batch = [text.encode() for text, _ in records(topic, random, count // len(CODECS))]
        odd = [value for value in RAW if len(value or b"") < limit]
        batch += [text.encode() for text in large] if topic is ORDERS and codec == "none" else []
        for value in batch + random.choices(odd, k=max(count // 500, len(odd))):
            producer.produce(topic.name, value, partition=random.randrange(PARTITIONS), on_delivery=delivered)
            producer.poll(0)
            if producer.flush(60 if len(producer) > 1_000 else 0) > 2_000:
                producer.flush(60)
        assert producer.flush(60) == 0
    return sent


def expected_of(sent: Sent) -> tuple[Any, list[Reject]]:
    """Return the expected lines or messages of a record, and its reject."""
    place = (sent.topic, sent.partition, f"{sent.offset},1,{sent.append_ms}", sent.text)
    if sent.topic == "orders":
        return orders.read(*place)
    batch = {"ticks": ticks, "executions": executions, "fills": fills}[sent.topic].to_lines(*place)
    return batch.lines, batch.rejects


def is_text(sent: Sent) -> bool:
    """Whether the spout emits it."""
    try:
        return len(sent.value) <= 1024 * 1024 and sent.value.decode() is not None
    except UnicodeDecodeError:
        return False


def stored(stack: Stack, measurement: point_values.Measurement) -> set[tuple[str, int]]:
    return {point[:2] for series in InfluxDB(stack.settings.sink).points(measurement) for point in series}


def committed(stack: Stack, topic: str) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Yield partition, offset and message of each record that is JSON."""
    with open_reader(stack.settings.kafka, topic) as reader:
        for record in reader.read(reader.starts()):
            with suppress(ValueError, RecursionError):
                yield record.partition, record.offset, json.loads(record.value or b"")


def rejected(stack: Stack) -> set[tuple[str, int, int, bool]]:
    """Return the rejected records; those of points that InfluxDB refused are marked.

    A record of a replayed tuple, as after a rebalance of the group, is rejected again in the same words.
    """
    rejects: dict[tuple[str, int, int, bool], dict[str, object]] = {}
    for _, _, reject in committed(stack, "rejects"):
        is_refused = reject["reason"] == "INFLUXDB_REFUSED"
        place = (reject["topic"], reject["partition"], reject["offset"], is_refused)
        assert rejects.setdefault(place, reject) == reject
    return set(rejects)


def lags(stack: Stack) -> list[int]:
    topics = json.loads(fintank(stack, "topics", "--json"))["topics"]
    return [topics[name]["lag"] for name in ("ticks", "orders", "executions", "fills")]


def identities(sent: Iterable[Sent]) -> set[tuple[str, str, str]]:
    """Return the orders that must have a decision."""
    found = set()
    for record in sent:
        for message in expected_of(record)[0]:
            split = components(message, Limits()) if isinstance(message, PortfolioOrder) else [message]
            found |= {order.identity for order in split if isinstance(order, Order)}
    return found


def bolts(flow: OrderFlow) -> set[int]:
    """Return the process ids of the Python bolts."""
    return {child.pid for child in psutil.Process(flow.process.pid).children(recursive=True)}


@pytest.mark.parametrize("count", [600, pytest.param(50_000, marks=pytest.mark.soak)])
def test_no_record_stops_the_stream(
    empty_stack: Stack, jar: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    fintank(empty_stack, "topics")
    topics = (TICKS, ORDERS, EXECUTIONS, FILLS)
    with order_flow(empty_stack.environ, tmp_path) as flow:
        wait_until(lambda: len(bolts(flow)) == PROCESSES, 60, flow.text)
        before = bolts(flow)
        sent = {
            topic.name: send(empty_stack.settings.kafka, topic, count // len(topics), SEED + number)
            for number, topic in enumerate(topics)
        }
        wait_until(lambda: lags(empty_stack) == [0] * 4, DONE_S, flow.text)
        assert flow.process.poll() is None
        assert bolts(flow) == before
        assert flow.end() == 0
    check_accounted_for(empty_stack, sent)
    monkeypatch.chdir(tmp_path)
    for command in COMMANDS:
        done = run_fintank(empty_stack, *command.split())
        assert "Traceback" not in done.stdout + done.stderr, (command, done.stderr[-3000:])


def check_accounted_for(stack: Stack, sent: dict[str, list[Sent]]) -> None:
    """Check that every record ended in the right place."""
    everything = [record for of_topic in sent.values() for record in of_topic]
    bad = {
        (record.topic, record.partition, record.offset, False)
        for record in everything
        if not is_text(record) or expected_of(record)[1]
    }
    found = rejected(stack)
    refusals = len(found) - len(bad)
    print(f"{len(everything):,} records sent, {len(bad):,} rejects, {refusals:,} points refused")
    assert {place for place in found if not place[3]} == bad
    refused = {place[:3] for place in found if place[3]}
    for name, measurement in (
        ("ticks", point_values.BID_ASK),
        ("executions", point_values.EXECUTIONS),
        ("fills", point_values.FILLS),
    ):
        lines = [
            expected_of(record)[0] for record in sent[name] if is_text(record) and record[:3] not in refused
        ]
        expected = {point[:2] for line in lines for point in point_values.of_lines(measurement, line)}
        assert expected <= stored(stack, measurement), name
        assert len(expected) > len(sent[name]) / 5
    foreign = {(record.partition, record.offset) for record in sent["executions"]}
    decided = {
        (report["account"], report["symbol"], report["cl_ord_id"])
        for partition, offset, report in committed(stack, "executions")
        if (partition, offset) not in foreign
    }
    wanted = identities(record for record in sent["orders"] if is_text(record))
    assert wanted - decided == set()
    assert len(wanted) > len(sent["orders"]) / 10
