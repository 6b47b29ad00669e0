"""From an order in Kafka to its committed execution: .venv/bin/python bench/latency.py

Uses its own services on free ports, and sends ticks and orders at a steady pace while the topology runs. A
latency is from the broker's append time of the order to the moment when a consumer that reads only committed
records has its first TRADE report; both clocks are this machine's.
"""

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from statistics import quantiles
from typing import Any

from confluent_kafka import Consumer, Message, Producer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.order_flow import build_jar, order_flow
from support.order_traffic import market_order, tick
from support.stack import fintank, stopped_stack

from fintank.adapters.kafka import partition_for, topics
from fintank.services import lifecycle

SYMBOLS = [f"LATENCY{number:02}" for number in range(30)]
SLICE_S = 0.01
ORDERS_A_SECOND = 20
SETTLE_S = 15
"""What is sent in the first seconds, to a cold JVM, is not measured."""
ANSWER_S = 30


class Traffic:
    """Sends ticks and orders at a steady pace; `appended_ms` has each order's append time."""

    def __init__(self, address: str, ticks_a_second: int) -> None:
        self.appended_ms: dict[str, int] = {}
        self._ticks = round(ticks_a_second * SLICE_S)
        self._producer = Producer({"bootstrap.servers": address, "linger.ms": 1, "log_level": 0})

    def run(self, seconds: float) -> None:
        symbols = itertools.cycle(SYMBOLS)
        started = time.monotonic()
        for number in range(round(seconds / SLICE_S)):
            for symbol in itertools.islice(symbols, self._ticks):
                self._send("ticks", symbol, tick(symbol))
            if number % round(1 / SLICE_S / ORDERS_A_SECOND) == 0:
                order = market_order(f"order-{number}", SYMBOLS[number % len(SYMBOLS)])
                self._send("orders", "acc-1", order, self._appended)
            self._producer.poll(0)
            time.sleep(max(0.0, started + (number + 1) * SLICE_S - time.monotonic()))
        self._producer.flush(ANSWER_S)

    def _send(self, topic: str, key: str, message: dict[str, Any], on_delivery: Any = None) -> None:
        partition = partition_for(key, topics()[topic].partitions)
        self._producer.produce(topic, json.dumps(message), key, partition, on_delivery=on_delivery)

    def _appended(self, _: object, record: Message) -> None:
        value = record.value()
        assert isinstance(value, bytes)
        self.appended_ms[json.loads(value)["cl_ord_id"]] = record.timestamp()[1]


def executed_ms(address: str, until_s: float, seen_ms: dict[str, float]) -> None:
    """Note when each order's first TRADE report was read."""
    options = {"bootstrap.servers": address, "group.id": "bench", "isolation.level": "read_committed"}
    consumer = Consumer(options | {"fetch.wait.max.ms": 5, "auto.offset.reset": "earliest"})
    consumer.subscribe(["executions"])
    while time.monotonic() < until_s:
        record = consumer.poll(0.1)
        if record is not None and not record.error():
            report = json.loads(record.value() or b"{}")
            if report["exec_type"] == "TRADE":
                seen_ms.setdefault(report["cl_ord_id"], time.time() * 1000)
    consumer.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks-a-second", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--seconds", type=int, default=30, help="how long it is measured (default: 30)")
    given = parser.parse_args()
    build_jar()
    with tempfile.TemporaryDirectory(prefix="fintank-bench-") as home, stopped_stack(home) as stack:
        lifecycle.up(stack.settings, print)
        fintank(stack, "topics")
        traffic = Traffic(stack.settings.kafka, given.ticks_a_second)
        seen_ms: dict[str, float] = {}
        lasts_s = SETTLE_S + given.seconds
        with order_flow(stack.environ, Path(home)):
            reader = threading.Thread(
                target=executed_ms, args=(stack.settings.kafka, time.monotonic() + lasts_s + 5, seen_ms)
            )
            reader.start()
            traffic.run(lasts_s)
            reader.join()
    first_ms = min(traffic.appended_ms.values()) + SETTLE_S * 1000
    sent = {name: ms for name, ms in traffic.appended_ms.items() if ms >= first_ms}
    took = [seen_ms[name] - ms for name, ms in sent.items() if name in seen_ms]
    percent = quantiles(took, n=100)
    print(f"{len(took)} of {len(sent)} orders, {given.ticks_a_second} ticks a second")
    print(f"p50 {percent[49]:.0f} ms, p99 {percent[98]:.0f} ms, most {max(took):.0f} ms")


if __name__ == "__main__":
    main()
