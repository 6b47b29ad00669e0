"""Ticks from Kafka through the running topology into InfluxDB: each is stored once, whatever happens."""

import base64
import gzip
import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from support.order_flow import OrderFlow, order_flow
from support.stack import Stack, fintank, query, stored_ticks
from support.waiting import wait_until

from fintank.adapters.kafka_topics import partition_for
from fintank.services.supervisor import Supervisor
from fintank.settings import PROJECT_ROOT

STORED_TIMEOUT_S = 60
SHARED_QUOTES = PROJECT_ROOT.parent / "shared" / "data" / "eurusd_2014-05-01_two_venues.csv.gz"
LOADER = "fintank.bolts.loader.Loader"


@pytest.fixture(scope="module")
def stack(empty_stack: Stack) -> Stack:
    """Services that no other test writes to."""
    return empty_stack


def stop_influxdb(stack: Stack) -> None:
    # supervisord would restart it at once after a kill.
    Supervisor(stack.settings.home)._call("stopProcess", "influxdb")


@pytest.fixture(scope="module")
def flow(stack: Stack, jar: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderFlow]:
    """One run, shared by the tests that do not stop it."""
    fintank(stack, "topics")
    with order_flow(stack.environ, tmp_path_factory.mktemp("flow")) as running:
        yield running
        assert running.end() == 0


@pytest.fixture(autouse=True)
def _empty(stack: Stack) -> None:
    """Empty the measurement before each test."""
    fintank(stack, "topics")
    query(stack.settings, "DROP MEASUREMENT bid_ask")


def lag(stack: Stack) -> int:
    return int(json.loads(fintank(stack, "topics", "--json"))["topics"]["ticks"]["lag"])


def test_100_000_ticks_are_stored_within_15_seconds(stack: Stack, jar: Path, tmp_path: Path) -> None:
    fintank(stack, "queue_ticks", "--count", "100000")
    with order_flow(stack.environ, tmp_path) as flow:
        seconds = wait_until(lambda: stored_ticks(stack.settings) == 100_000, 15, flow.text)
        assert flow.end() == 0
    print(f"100,000 ticks stored {seconds:.1f} s after the worker's start")
    minutes = query(
        stack.settings,
        "SELECT mean(ask), mean(bid) FROM bid_ask WHERE symbol = 'IVE' AND time > now() - 1h "
        "GROUP BY time(1m) fill(none) ORDER BY time ASC",
    )
    assert len(minutes) >= 60


@pytest.mark.soak
def test_a_new_run_after_a_kill_stores_every_tick_once(stack: Stack, jar: Path, tmp_path: Path) -> None:
    fintank(stack, "queue_ticks", "--count", "150000")
    with order_flow(stack.environ, tmp_path) as flow:
        wait_until(lambda: stored_ticks(stack.settings) > 0, STORED_TIMEOUT_S, flow.text)
        flow.kill()
    assert 0 < stored_ticks(stack.settings) < 150_000
    before = stored_ticks(stack.settings)
    with order_flow(stack.environ, tmp_path) as flow:
        wait_until(lambda: stored_ticks(stack.settings) > before, STORED_TIMEOUT_S, flow.text)
        os.kill(flow.pid_of(LOADER), signal.SIGKILL)
        assert flow.process.wait(STORED_TIMEOUT_S) != 0
    fintank(stack, "queue_ticks", "--count", "50000")
    with order_flow(stack.environ, tmp_path) as flow:
        wait_until(lambda: lag(stack) == 0, STORED_TIMEOUT_S, flow.text)
        assert flow.end() == 0
    assert stored_ticks(stack.settings) == 200_000


def test_ticks_wait_in_kafka_while_influxdb_is_down(stack: Stack, flow: OrderFlow) -> None:
    stop_influxdb(stack)
    try:
        fintank(stack, "queue_ticks", "--count", "20000")
        wait_until(lambda: "records wait in Kafka meanwhile" in flow.text(), STORED_TIMEOUT_S, flow.text)
    finally:
        Supervisor(stack.settings.home).start_service("influxdb")
    wait_until(lambda: lag(stack) == 0, STORED_TIMEOUT_S, flow.text)
    assert stored_ticks(stack.settings) == 20_000


def test_each_bad_record_is_one_reject_and_every_good_tick_around_it_is_stored(
    stack: Stack, flow: OrderFlow
) -> None:
    now = time.time()
    good = {"symbol": "IVE", "exchange": "NYSE", "bid": 93.9, "ask": 94.1, "timestamp": now}
    bad: list[tuple[bytes, str]] = [
        (b"\xff\xfe", "NOT_UTF8"),
        (b"not json", "NOT_JSON"),
        (b"", "EMPTY"),
        (b"[1, 2]", "NOT_AN_OBJECT"),
        (json.dumps({**good, "bid": "dear"}).encode(), "BAD_TYPE"),
        (json.dumps({name: good[name] for name in good if name != "symbol"}).encode(), "MISSING_FIELD"),
        (json.dumps({**good, "bid": float("nan")}).encode(), "NOT_FINITE"),
        (json.dumps({**good, "ask": -1.5}).encode(), "NOT_POSITIVE"),
        (json.dumps({**good, "timestamp": 600_000_000}).encode(), "TIMESTAMP_OUT_OF_RANGE"),
        (json.dumps({**good, "timestamp": now + 3600}).encode(), "TIMESTAMP_OUT_OF_RANGE"),
        *((json.dumps({**good, "symbol": f"A{sign}B"}).encode(), "BAD_SYMBOL") for sign in "\n\0"),
        (b"x" * 1_000_000, "NOT_JSON"),
    ]
    first_reject = end_offset(stack, "rejects")
    producer = Producer({"bootstrap.servers": stack.settings.kafka, "message.max.bytes": 2_000_000})
    partition = partition_for("IVE", 4)
    for number, (value, _) in enumerate(bad):
        tick = {**good, "timestamp": now + number / 1000}
        producer.produce("ticks", json.dumps(tick).encode(), b"IVE", partition)
        producer.produce("ticks", value, b"IVE", partition)
    producer.produce("ticks", json.dumps({**good, "timestamp": now + 1}).encode(), b"IVE", partition)
    assert producer.flush(10) == 0
    wait_until(lambda: lag(stack) == 0, STORED_TIMEOUT_S, flow.text)
    rejects = read_rejects(stack, first_reject)
    assert Counter(reject["reason"] for reject in rejects) == Counter(reason for _, reason in bad)
    assert len({(reject["partition"], reject["offset"]) for reject in rejects}) == len(bad)
    payloads = {base64.b64decode(str(reject["payload"]))[:100] for reject in rejects}
    assert {value[:100] for value, _ in bad} == payloads
    assert stored_ticks(stack.settings) == len(bad) + 1


def test_every_quote_of_a_real_day_on_two_venues_is_stored(
    stack: Stack, flow: OrderFlow, tmp_path: Path
) -> None:
    quotes = SHARED_QUOTES if SHARED_QUOTES.exists() else made_up_day(tmp_path / "quotes.csv")
    expected = sum(1 for _ in open_text(quotes)) - 1
    fintank(stack, "replay", str(quotes))
    wait_until(lambda: lag(stack) == 0, STORED_TIMEOUT_S, flow.text)
    assert stored_ticks(stack.settings) == expected


def made_up_day(path: Path) -> Path:
    """Write quotes many of which share their millisecond, like real ones."""
    rows = [
        f"{1_398_902_400 + number // 3 / 1000:.3f},EURUSD,OANDA,1.38676,1.38686,," for number in range(5000)
    ]
    path.write_text("\n".join(["timestamp,symbol,exchange,bid,ask,bid_size,ask_size", *rows, ""]))
    return path


def open_text(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        yield from file


def end_offset(stack: Stack, topic: str) -> int:
    topics = json.loads(fintank(stack, "topics", "--json"))["topics"]
    return int(topics[topic]["partitions"][0]["end_offset"])


def read_rejects(stack: Stack, first: int) -> list[dict[str, object]]:
    """Read the records of `rejects` from an offset to its end."""
    consumer = Consumer({"bootstrap.servers": stack.settings.kafka, "group.id": "test"})
    end = end_offset(stack, "rejects")
    consumer.assign([TopicPartition("rejects", 0, first)])
    values: list[dict[str, object]] = []
    deadline = time.monotonic() + STORED_TIMEOUT_S
    while len(values) < end - first and time.monotonic() < deadline:
        message = consumer.poll(1)
        if message is not None and message.error() is None:
            values.append(json.loads(message.value() or b""))
    consumer.close()
    return values
