"""Ticks per second through the whole topology: .venv/bin/python bench/pipeline.py [--ticks 600000]

Uses its own services on free ports. All ticks are in Kafka before the topology starts; the broker, InfluxDB,
Storm and all bolts run on this machine. Making and sending the ticks is not measured; every guarantee is,
including the rule engine's journal, and so is the JVM's warm-up.
"""

import argparse
import importlib.metadata
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.order_flow import build_jar, order_flow
from support.stack import Stack, fintank, stopped_stack

from fintank.adapters import sinks
from fintank.adapters.consumer_groups import partition_states
from fintank.adapters.kafka import connect
from fintank.adapters.sinks.query import Query
from fintank.services import lifecycle

SYMBOLS = 30
POLL_SECONDS = 0.3
SECONDS_MAX = 300
LINE = "{:<34}{:>9} ticks/s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=600_000, help="number of ticks (default: 600000)")
    ticks = parser.parse_args().ticks
    build_jar()
    with tempfile.TemporaryDirectory(prefix="fintank-bench-") as home, stopped_stack(home) as stack:
        lifecycle.up(stack.settings, print)
        fintank(stack, "queue_ticks", "--count", str(ticks), "--symbols", str(SYMBOLS), "--seed", "1")
        describe(ticks)
        with order_flow(stack.environ, Path(home)):
            measure(stack, ticks)


def describe(ticks: int) -> None:
    """Print the machine, the versions and the load."""
    java = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    packages = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("streamparse", "orjson", "confluent-kafka")
    )
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.platform()}, load {os.getloadavg()[0]:.1f}"
    )
    print(f"Python {platform.python_version()}, {java.splitlines()[0]}, {packages}")
    print(f"{ticks:,} ticks of {SYMBOLS} symbols in 4 partitions")


def measure(stack: Stack, ticks: int) -> None:
    """Watch the consumer group until it has read all ticks, check the sink, and print the rates."""
    store = sinks.open_store(stack.settings.sink)
    started, first, seen = time.monotonic(), (0.0, 0), (0.0, 0)
    with connect(stack.settings.kafka) as admin:
        while seen[1] < ticks:
            time.sleep(POLL_SECONDS)
            # Counting points costs the database time for each point, so progress is the consumer group's.
            behind = sum(state.lag or 0 for state in partition_states(admin) if state.topic == "ticks")
            seen = (time.monotonic() - started, ticks - behind)
            first = seen if not first[1] else first
            if seen[0] > SECONDS_MAX:
                raise SystemExit(f"{behind:,} ticks are not stored after {SECONDS_MAX} s")
    stored = sinks.count(store, Query("bid_ask", ("bid",), function="count"))
    if stored != ticks:
        raise SystemExit(f"{stored:,} points of {ticks:,} ticks")
    print(LINE.format("from the worker's start", f"{ticks / seen[0]:,.0f}"))
    print(LINE.format("from the first commit, warm JVM", f"{(ticks - first[1]) / (seen[0] - first[0]):,.0f}"))


if __name__ == "__main__":
    main()
