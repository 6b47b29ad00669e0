"""From append to stored, and from order to committed execution: .venv/bin/python bench/latency.py

Uses its own services on free ports, and sends ticks and orders at a steady pace while the topology runs. An
order's latency is from the broker's append time to the moment when a consumer that reads only committed
records has its first TRADE report; both clocks are this machine's. A tick's is from the append time to the
database's answer: the loader has the percentiles of each second, and the distribution is that of the seconds.
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
import runs
from support.order_flow import build_jar, order_flow
from support.order_traffic import market_order, tick
from support.stack import fintank, stopped_stack

from fintank.adapters import sinks
from fintank.adapters.kafka_topics import partition_for, topics
from fintank.adapters.sinks import Store
from fintank.adapters.sinks.query import Query
from fintank.services import lifecycle

SYMBOLS = [f"LATENCY{number:02}" for number in range(30)]
SLICE_S = 0.01
ORDERS_A_SECOND = 20
SETTLE_S = 15
"""What is sent in the first seconds, to a cold JVM, is not measured."""
ANSWER_S = 30
PACE_MAX = 1.1
PERCENTILES = (1, 10, 25, 50, 75, 90, 95, 99)


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
        while True:
            try:
                self._producer.produce(topic, json.dumps(message), key, partition, on_delivery=on_delivery)
                return
            except BufferError:  # the broker is slower than the pace
                self._producer.poll(SLICE_S)

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


def stored_ms(store: Store, since_ms: float, until_ms: float) -> dict[str, list[float]]:
    """Return the p50 and the p99 of each second in which ticks were stored."""
    fields = ("latency_p50_ms", "latency_p99_ms")
    between = (round(since_ms * 1_000_000), round(until_ms * 1_000_000))
    query = Query("pipeline", fields, *between, tags={"component": ["tick-influxdb-loader"]})
    found = [row[1:] for row in sinks.rows(store, query)]
    return dict(zip(fields, map(list, zip(*found, strict=True)), strict=True))


def distribution(values: list[float]) -> dict[str, float]:
    """Return the percentiles, and the least and the greatest value."""
    cuts = quantiles(values, n=100)
    return {
        "least": min(values),
        **{f"p{percent}": cuts[percent - 1] for percent in PERCENTILES},
        "most": max(values),
    }


def main() -> None:
    """Measure, print and write bench/results/."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks-a-second", type=int, default=10_000, help="default: 10000")
    parser.add_argument("--seconds", type=int, default=30, help="how long it is measured (default: 30)")
    given = parser.parse_args()
    runs.end_when_told()
    build_jar()
    load = f"{given.ticks_a_second:,} ticks and {ORDERS_A_SECOND} orders a second, {given.seconds} s"
    runs.describe(load)
    with tempfile.TemporaryDirectory(prefix="fintank-bench-") as home, stopped_stack(home) as stack:
        lifecycle.up(stack.settings, lambda _: None)
        fintank(stack, "topics")
        traffic = Traffic(stack.settings.kafka, given.ticks_a_second)
        seen_ms: dict[str, float] = {}
        lasts_s = SETTLE_S + given.seconds
        with order_flow(stack.environ, Path(home)):
            reader = threading.Thread(
                target=executed_ms,
                args=(stack.settings.kafka, time.monotonic() + lasts_s + 10, seen_ms),
                daemon=True,
            )
            reader.start()
            started = time.monotonic()
            traffic.run(lasts_s)
            paced_s = time.monotonic() - started
            ended_ms = time.time() * 1000
            reader.join()
        first_ms = min(traffic.appended_ms.values()) + SETTLE_S * 1000
        stored = stored_ms(sinks.open_store(stack.settings.sink), first_ms, ended_ms)
    sent = {name: ms for name, ms in traffic.appended_ms.items() if ms >= first_ms}
    took = [seen_ms[name] - ms for name, ms in sent.items() if name in seen_ms]
    if paced_s > lasts_s * PACE_MAX:
        raise SystemExit(f"the broker took {paced_s:.0f} s for what was to be sent in {lasts_s} s")
    if len(took) < len(sent):
        raise SystemExit(f"only {len(took)} of {len(sent)} orders were executed")
    figures = {
        "order to committed execution, ms": distribution(took),
        "append to stored, p50 of each second, ms": distribution(stored["latency_p50_ms"]),
        "append to stored, p99 of each second, ms": distribution(stored["latency_p99_ms"]),
    }
    for name, found in figures.items():
        print(f"\n{name}")
        for percent, value in found.items():
            print(f"  {percent:<6}{value:8.0f}")
    print(f"\nwritten to {runs.save('latency', load, figures)}")


if __name__ == "__main__":
    main()
