"""Ticks per second and CPU per tick through the whole topology, with one database or each of them.

    .venv/bin/python bench/pipeline.py --sink each --ticks 600000 --times 3

Uses its own services on free ports. All ticks are in Kafka before the topology starts; the broker, the
database, Storm and all bolts run on this machine. Making and sending the ticks is not measured; every
guarantee is, including the rule engine's journal. A run counts only if the database holds every tick.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
import runs
from support.order_flow import OrderFlow, build_jar, order_flow
from support.stack import Stack, fintank, stopped_stack

from fintank.adapters import sinks
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.kafka import connect
from fintank.adapters.sinks.query import Query
from fintank.services import lifecycle
from fintank.services.supervisor import Supervisor

SINKS = {"influxdb": "influxdb", "questdb": "questdb", "postgres": "postgresql"}
SYMBOLS = 30
POLL_SECONDS = 0.3
SECONDS_MAX = 300
BOLTS = ("tick_deserializer", "rule_engine", "loader")
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
    build_jar()
    load = f"{given.ticks:,} ticks of {SYMBOLS} symbols in 4 partitions, {given.times} times"
    runs.describe(load)
    results: dict[str, list[Figures]] = {}
    for number in range(given.times):
        for sink in SINKS if given.sink == "each" else [given.sink]:
            results.setdefault(sink, []).append(run(sink, given.ticks))
            figures = results[sink][-1]
            print(
                f"{sink} {number + 1}: {figures['cold']:,.0f} cold, {figures['warm']:,.0f} warm", flush=True
            )
    for sink, found in results.items():
        print(f"\n{sink}")
        for name in found[0]:
            unit = "ticks/s" if name in ("cold", "warm") else "us of CPU per tick"
            text = runs.median_and_range([one[name] for one in found], 0 if unit == "ticks/s" else 2)
            print(f"  {name:<20}{text} {unit}")
    print(f"\nwritten to {runs.save(f'pipeline-{given.sink}', load, results)}")


def run(sink: str, ticks: int) -> Figures:
    """Measure once, with services of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="fintank-bench-") as home,
        stopped_stack(home, SINKS[sink]) as stack,
    ):
        lifecycle.up(stack.settings, lambda _: None)
        fintank(stack, "queue_ticks", "--count", str(ticks), "--symbols", str(SYMBOLS), "--seed", "1")
        with order_flow(stack.environ, Path(home)) as flow:
            return measure(stack, flow, ticks)


def measure(stack: Stack, flow: OrderFlow, ticks: int) -> Figures:
    """Watch the consumer group until it has read all ticks, and check that the database holds them.

    Return ticks per second from the worker's start (`cold`) and from the first commit (`warm`), and from
    there the CPU microseconds per tick of each part.
    """
    started, first, seen = time.monotonic(), (0.0, 0), (0.0, 0)
    before: Mapping[str, float] = {}
    with connect(stack.settings.kafka) as admin:
        while seen[1] < ticks:
            time.sleep(POLL_SECONDS)
            # Counting points costs the database time for each point, so progress is the consumer group's.
            behind = sum(state.lag or 0 for state in partition_states(admin) if state.topic == "ticks")
            seen = (time.monotonic() - started, ticks - behind)
            if not first[1] and seen[1]:
                first, before = seen, cpu(stack, flow)
            if seen[0] > SECONDS_MAX:
                raise SystemExit(f"{behind:,} ticks are not stored after {SECONDS_MAX} s")
    after = cpu(stack, flow)
    store = sinks.open_store(stack.settings.sink)
    stored = sinks.count(store, Query("bid_ask", ("bid",), function="count"))
    if stored != ticks:
        raise SystemExit(f"{stored:,} points of {ticks:,} ticks")
    warm = ticks - first[1]
    return {
        "cold": ticks / seen[0],
        "warm": warm / (seen[0] - first[0]),
        **{name: (after[name] - before[name]) * 1_000_000 / warm for name in after},
    }


def cpu(stack: Stack, flow: OrderFlow) -> dict[str, float]:
    """Return the CPU seconds of the broker, the database, the JVM and the bolts on the ticks' way."""
    services = {
        name: psutil.Process(int(info["pid"]))
        for name, info in Supervisor(stack.settings.home).states().items()
        if info["pid"]
    }
    broker = services.pop("kafka")
    jvm = psutil.Process(flow.process.pid)
    times = jvm.cpu_times()
    found = {
        "broker": runs.cpu_seconds([broker]),
        "database": runs.cpu_seconds(services.values()),
        "JVM": times.user + times.system,
    }
    bolts = [(child, " ".join(child.cmdline())) for child in jvm.children(recursive=True)]
    for name in BOLTS:
        found[name] = runs.cpu_seconds(child for child, command in bolts if f"bolts.{name}." in command)
    found["other bolts"] = runs.cpu_seconds(child for child, _ in bolts) - sum(found[name] for name in BOLTS)
    found["all"] = sum(found.values())
    return found


if __name__ == "__main__":
    os.environ.setdefault("LEIN_ROOT", "1")
    main()
