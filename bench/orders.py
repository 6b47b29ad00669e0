"""Portfolio orders at a steady rate, from append to committed fills: .venv/bin/python bench/orders.py

Uses its own services on free ports. Each portfolio order has three components, and the symbols have quotes
without sizes, so that each order is filled at once. The run counts only if each component has one fill, in
the topic and in the database.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import runs
from support.order_flow import build_jar, order_flow
from support.order_traffic import producer_of, send, tick
from support.stack import fintank, stopped_stack

from fintank.adapters import sinks
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.kafka import connect
from fintank.adapters.kafka_topics import partition_for, topics
from fintank.adapters.sinks.query import Query
from fintank.services import lifecycle

SYMBOLS = ("VTI", "IVE", "IWS")
SLICE_S = 0.05
TICKS_EVERY_S = 1.0
SETTLE_S = 5
SECONDS_MAX = 300


def main() -> None:
    """Measure, print and write bench/results/."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders-a-second", type=int, default=1_000, help="default: 1000")
    parser.add_argument("--seconds", type=int, default=10, help="how long they are sent (default: 10)")
    given = parser.parse_args()
    runs.end_when_told()
    build_jar()
    load = f"{given.orders_a_second:,} portfolio orders of 3 components a second, {given.seconds} s"
    runs.describe(load)
    with tempfile.TemporaryDirectory(prefix="fintank-bench-") as home, stopped_stack(home) as stack:
        lifecycle.up(stack.settings, lambda _: None)
        fintank(stack, "topics")
        with order_flow(stack.environ, Path(home)) as flow, connect(stack.settings.kafka) as admin:
            jvm = psutil.Process(flow.process.pid)
            components = 3 * given.orders_a_second * given.seconds
            with runs.PeakMemory(jvm) as memory:
                flowing(stack.settings.kafka, SETTLE_S, 1)
                wait_until_read(admin)
                before = runs.cpu_seconds([jvm])
                started = time.monotonic()
                flowing(stack.settings.kafka, given.seconds, given.orders_a_second)
                sent_s = time.monotonic() - started
                wait_until_read(admin)
                read_s = time.monotonic() - started
            cpu_ms = (runs.cpu_seconds([jvm]) - before) * 1000 / components
        components += 3 * SETTLE_S
        store = sinks.open_store(stack.settings.sink)
        stored = sinks.count(store, Query("fills", ("exec_id",), function="count"))
    if stored != components:
        raise SystemExit(f"{stored:,} fills of {components:,} components")
    figures = {
        "sent, s": sent_s,
        "lag 0 after the last order, s": read_s - sent_s,
        "components a second": components / read_s,
        "CPU of Storm and bolts per component, ms": cpu_ms,
        "MB at the peak: Storm and bolts": memory.megabytes,
    }
    for name, value in figures.items():
        print(f"{name:<44}{value:,.1f}")
    print(f"\nwritten to {runs.save('orders', load, figures)}")


def flowing(address: str, seconds: int, orders_a_second: int) -> None:
    """Send orders at a steady rate, and a tick of each symbol every second."""
    producer = producer_of(address)
    partitions = topics()["orders"].partitions
    portfolio = [{"symbol": symbol, "weight": weight} for symbol, weight in zip(SYMBOLS, "523", strict=True)]
    for part in portfolio:
        part["weight"] = f"0.{part['weight']}"
    started, number, next_ticks = time.monotonic(), 0, 0.0
    while (now := time.monotonic() - started) < seconds:
        if now >= next_ticks:
            send(address, "ticks", "symbol", map(tick, SYMBOLS))
            next_ticks += TICKS_EVERY_S
        while number < min(now + SLICE_S, seconds) * orders_a_second:
            order = {
                "msg_type": "portfolio_order",
                "order_id": f"bench-{orders_a_second}-{number}",
                "account": f"A-{number % 100}",
                "side": "BUY" if number % 2 else "SELL",
                "amount": "10000.00",
                "portfolio": portfolio,
                "priority": 1,
                "timestamp": round(time.time(), 6),
            }
            key = str(order["account"])
            producer.produce("orders", json.dumps(order), key, partition_for(key, partitions))
            number += 1
        producer.poll(0)
        time.sleep(SLICE_S)
    producer.flush(SECONDS_MAX)
    send(address, "ticks", "symbol", map(tick, SYMBOLS))


def wait_until_read(admin: object) -> None:
    """Wait until no topic has unread records."""
    deadline = time.monotonic() + SECONDS_MAX
    still = 0
    while still < 3:
        behind = sum(state.lag or 0 for state in partition_states(admin))
        still = still + 1 if behind == 0 else 0
        if time.monotonic() > deadline:
            raise SystemExit(f"{behind:,} records are unread after {SECONDS_MAX} s")
        time.sleep(0.2)


if __name__ == "__main__":
    main()
