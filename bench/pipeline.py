"""Ticks per second and CPU per tick through the whole topology, with one database or each of them.

    .venv/bin/python bench/pipeline.py --sink each --ticks 600000 --times 3

Uses its own services on free ports. All ticks are in Kafka before the topology starts; the broker, the
database, Storm and all bolts run on this machine. Making and sending the ticks is not measured; every
guarantee is, including the rule engine's journal. 1,000 limit orders are open meanwhile. A run counts only if
the database holds every tick, nothing is unread, the rule engine has counted every tick, and a limit order
that only the last tick reaches is filled.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil
from confluent_kafka import Consumer

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import runs
from support.order_flow import OrderFlow, build_jar, order_flow
from support.order_traffic import Message, market_order, send, tick
from support.stack import Stack, fintank, stopped_stack

from fintank.adapters import sinks
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.kafka import connect
from fintank.adapters.sinks.query import Query
from fintank.samples import fake_ticks
from fintank.services import lifecycle
from fintank.services.supervisor import Supervisor
from fintank.waiting import wait_until

SINKS = {"influxdb": "influxdb", "questdb": "questdb", "postgres": "postgresql"}
SYMBOLS = 30
OPEN_ORDERS = 1_000
LAST = "LAST"
"""The symbol of the last tick, and the id of the order that it fills."""
CHECKED_SECONDS_MAX = 60
POLL_SECONDS = 0.3
SECONDS_MAX = 300
BOLTS = ("tick_deserializer", "rule_engine", "loader")
UNITS = {"cold": "ticks/s", "warm": "ticks/s", "megabytes": "MB at the peak: Storm and the bolts"}
Figures = dict[str, float]


def main() -> None:
    """Measure, print and write bench/results/."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=600_000, help="number of ticks (default: 600000)")
    parser.add_argument("--times", type=int, default=3, help="how often each is measured (default: 3)")
    choices = (*SINKS, "each")
    parser.add_argument(
        "--sink", choices=choices, default="influxdb", help="the database (default: influxdb)"
    )
    given = parser.parse_args()
    runs.end_when_told()
    build_jar()
    load = f"{given.ticks:,} ticks of {SYMBOLS} symbols in 4 partitions, {given.times} times"
    runs.describe(load)
    results: dict[str, list[Figures]] = {}
    for number in range(given.times):
        for sink in SINKS if given.sink == "each" else [given.sink]:
            results.setdefault(sink, []).append(run(sink, given.ticks))
            figures = results[sink][-1]
            file = runs.save(f"pipeline-{given.sink}", load, results)
            print(
                f"{sink} {number + 1}: {figures['cold']:,.0f} cold, {figures['warm']:,.0f} warm", flush=True
            )
    for sink, found in results.items():
        print(f"\n{sink}")
        for name in found[0]:
            unit = UNITS.get(name, "us of CPU per tick")
            text = runs.median_and_range([one[name] for one in found], 0 if name in UNITS else 2)
            print(f"  {name:<20}{text} {unit}")
    print(f"\nwritten to {file}")


def run(sink: str, ticks: int) -> Figures:
    """Measure once, with services of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="fintank-bench-") as home,
        stopped_stack(home, SINKS[sink]) as stack,
    ):
        lifecycle.up(stack.settings, lambda _: None)
        sent = queue(stack, ticks)
        with order_flow(stack.environ, Path(home)) as flow:
            return measure(stack, flow, sent)


def queue(stack: Stack, ticks: int) -> int:
    """Send limit orders that no tick reaches, one that only the last tick reaches, and the ticks.

    Return the number of ticks.
    """
    fintank(stack, "topics")
    symbols = itertools.islice(itertools.cycle(fake_ticks.symbol_names(SYMBOLS)), OPEN_ORDERS)
    orders = [limit(f"open-{number}", symbol, "1") for number, symbol in enumerate(symbols)]
    send(stack.settings.kafka, "orders", "account", [*orders, limit(LAST, LAST, "101")])
    fintank(stack, "queue_ticks", "--count", str(ticks), "--symbols", str(SYMBOLS), "--seed", "1")
    send(stack.settings.kafka, "ticks", "symbol", [tick(LAST) | {"bid": 99.5, "ask": 100.5}])
    return ticks + 1


def limit(cl_ord_id: str, symbol: str, price: str) -> Message:
    """Make a limit order to buy."""
    return market_order(cl_ord_id, symbol) | {"ord_type": "LIMIT", "price": price}


def measure(stack: Stack, flow: OrderFlow, ticks: int) -> Figures:
    """Watch the consumer group until it has read all ticks, and check that the database holds them.

    Return ticks per second from the worker's start (`cold`) and from the first commit (`warm`), and from
    there the CPU microseconds per tick of each part.
    """
    started, first, seen = time.monotonic(), (0.0, 0), (0.0, 0)
    before: Mapping[str, float] = {}
    jvm = psutil.Process(flow.process.pid)
    with connect(stack.settings.kafka) as admin, runs.PeakMemory(jvm) as memory:
        while seen[1] < ticks:
            time.sleep(POLL_SECONDS)
            # Counting points costs the database time for each point, so progress is the consumer group's.
            behind = sum(state.lag or 0 for state in partition_states(admin) if state.topic == "ticks")
            seen = (time.monotonic() - started, ticks - behind)
            if not first[1] and seen[1]:
                first, before = seen, cpu(stack, flow)
            if seen[0] > SECONDS_MAX or flow.process.poll() is not None:
                last = flow.text().strip().splitlines()[-1]
                raise SystemExit(f"{behind:,} ticks are not stored after {seen[0]:.0f} s: {last}")
        after = cpu(stack, flow)
    check(stack, ticks)
    warm = ticks - first[1]
    return {
        "cold": ticks / seen[0],
        "warm": warm / (seen[0] - first[0]),
        "megabytes": memory.megabytes,
        **{name: (after[name] - before[name]) * 1_000_000 / warm for name in after},
    }


def check(stack: Stack, ticks: int) -> None:
    """End with a message unless every tick is stored and was seen by the rule engine."""
    store = sinks.open_store(stack.settings.sink)
    stored = sinks.count(store, Query("bid_ask", ("bid",), function="count"))
    if stored != ticks:
        raise SystemExit(f"{stored:,} points of {ticks:,} ticks")
    seen = Query("pipeline", ("ticks",), function="sum", tags={"component": ["rule-engine"]})
    # Its metrics are written every few seconds.
    if not wait_until(lambda: sinks.count(store, seen) >= ticks, CHECKED_SECONDS_MAX):
        raise SystemExit(f"the rule engine counted {sinks.count(store, seen):,} of {ticks:,} ticks")
    new, filled = reports(stack.settings.kafka)
    if new != OPEN_ORDERS + 1 or filled != {LAST}:
        raise SystemExit(f"{new:,} orders were accepted and {sorted(filled)} filled, not only {LAST}")


def reports(address: str) -> tuple[int, set[str]]:
    """Return how many orders were accepted, and the ids of those that traded, by the topic executions."""
    options = {"bootstrap.servers": address, "group.id": "bench", "isolation.level": "read_committed"}
    consumer = Consumer(options | {"auto.offset.reset": "earliest", "enable.auto.commit": False})
    consumer.subscribe(["executions"])
    new, filled, deadline = 0, set[str](), time.monotonic() + CHECKED_SECONDS_MAX
    while time.monotonic() < deadline and (new <= OPEN_ORDERS or LAST not in filled):
        for record in consumer.consume(1_000, timeout=1):
            report = json.loads(record.value() or b"{}")
            new += report["exec_type"] == "NEW"
            if report["exec_type"] == "TRADE":
                filled.add(report["cl_ord_id"])
    consumer.close()
    return new, filled


def services_cpu(stack: Stack) -> dict[str, float]:
    """Return the CPU seconds of the broker and the database."""
    services = {
        name: psutil.Process(int(info["pid"]))
        for name, info in Supervisor(stack.settings.home).states().items()
        if info["pid"]
    }
    broker = services.pop("kafka")
    return {"broker": runs.cpu_seconds([broker]), "database": runs.cpu_seconds(services.values())}


def cpu(stack: Stack, flow: OrderFlow) -> dict[str, float]:
    """Return the CPU seconds of the broker, the database, the JVM and the bolts on the ticks' way."""
    jvm = psutil.Process(flow.process.pid)
    times = jvm.cpu_times()
    found = services_cpu(stack) | {"JVM": times.user + times.system}
    found |= dict.fromkeys((*BOLTS, "other bolts"), 0.0)
    for child in jvm.children():
        command = " ".join(child.cmdline())
        name = next((bolt for bolt in BOLTS if f"bolts.{bolt}." in command), "other bolts")
        found[name] += runs.cpu_seconds([child])
    found["all"] = sum(found.values())
    return found


if __name__ == "__main__":
    os.environ.setdefault("LEIN_ROOT", "1")
    main()
