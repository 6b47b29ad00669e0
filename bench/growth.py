"""What a tick costs the rule engine as shards and symbols grow: .venv/bin/python bench/growth.py

One task of the real bolt, fed Storm's messages in this process. Its transactions are serialized and counted,
but not sent: the shares of librdkafka and the broker are left out, and so are the other components.
"""

import argparse
import os
import platform
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.rule_engine import ENDS, START_MS, Kafka, ShardState, ends_report, run_engine, storm_tick

from fintank import scale
from fintank.adapters.kafka_topics import partition_for

PARTITIONS = 4
TICKS_PER_TUPLE = 600
"""As the spout makes at 60,000 ticks a second: 100 tuples a second."""
TUPLES_PER_SECOND = 100
ROUNDS = 3
SHARDS = (1, 4, 16, 64)
SYMBOLS = (3, 300, 10_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ticks", type=int, default=200_000, help="ticks a round (default: 200000)")
    ticks = parser.parse_args().ticks
    load = os.getloadavg()[0]
    machine = f"{os.cpu_count()} cores, {platform.machine()}"
    print(f"{machine}, Python {platform.python_version()}, load {load:.1f}")
    print(f"CPU of one task in us per tick, and its transactions; best of {ROUNDS} x {ticks:,} ticks")
    print(f"{'':>16}" + "".join(f"{shards:>9} shards" for shards in SHARDS))
    for count in SYMBOLS:
        tuples = list(messages(count, ticks))
        found = [min(measured(shards, tuples) for _ in range(ROUNDS)) for shards in SHARDS]
        cells = "".join(f"{seconds / ticks * 1e6:>8.2f} {commits:>6}" for seconds, commits in found)
        print(f"{count:>8,} symbols{cells}", flush=True)


def measured(shards: int, tuples: Sequence[dict[str, Any]]) -> tuple[float, int]:
    """Run the engine on these tuples; return its seconds of CPU and the transactions."""
    size = scale.Scale(shards=shards, partitions=dict.fromkeys(scale.PARTITIONED, PARTITIONS))
    scale.use(size)
    kafka = Kafka()
    kafka.shards = {number: ShardState() for number in range(shards)}
    started = time.process_time()
    _, acked = run_engine(kafka, tuples, at_once=True, are_all=True, conf={scale.OPTION: size.to_json()})
    seconds = time.process_time() - started
    if missing := {message["id"] for message in tuples if not message["id"].startswith(ENDS)} - {*acked}:
        sys.exit(f"The engine stopped before {len(missing):,} of {len(tuples):,} tuples: {kafka.events[-1]}")
    return seconds, sum(kind == "commit" for kind, _ in kafka.events)


def messages(symbols: int, ticks: int) -> Iterator[dict[str, Any]]:
    """Make the tuples of the deserializer, the spouts' reports after each, and Storm's tick each second."""
    rng = random.Random(1)
    of_partition: dict[int, list[str]] = {number: [] for number in range(PARTITIONS)}
    for number in range(symbols):
        name = f"SYM{number:05}"
        of_partition[partition_for(name, PARTITIONS)].append(name)
    partitions = [number for number, names in of_partition.items() if names]
    ends = dict.fromkeys(range(PARTITIONS), 0)
    yield from _reports(0, ends)
    for number in range(ticks // TICKS_PER_TUPLE):
        partition = partitions[number % len(partitions)]
        first = ends[partition]
        ends[partition] = first + TICKS_PER_TUPLE
        at_ms = START_MS + number * 1000 // TUPLES_PER_SECOND
        lines = "\n".join(
            _line(rng.choice(of_partition[partition]), at_ms, offset, rng.randrange(100))
            for offset in range(first, ends[partition])
        )
        runs = f"{first},{TICKS_PER_TUPLE},{at_ms}"
        values = [0, "ticks", "id of ticks", partition, first, ends[partition], runs, lines]
        yield {
            "id": str(number),
            "comp": "tick-deserializer",
            "stream": "by_owner",
            "task": 1,
            "tuple": values,
        }
        yield from _reports(number + 1, ends)
        if number % TUPLES_PER_SECOND == TUPLES_PER_SECOND - 1:
            yield storm_tick(f"second {number}")


def _line(symbol: str, at_ms: int, offset: int, cents: int) -> str:
    bid, ask = f"93.{cents:02}", f"94.{cents:02}"
    return "\t".join(map(str, (symbol, "NYSE", at_ms * 1000, offset, bid, ask)))


def _reports(number: int, ends: dict[int, int]) -> Iterator[dict[str, Any]]:
    """Make what the two spouts say after so many tuples."""
    for topic in ("ticks", "orders"):
        stand = ends if topic == "ticks" else dict.fromkeys(ends, 0)
        yield ends_report(topic, stand, number * 1000 // TUPLES_PER_SECOND)


if __name__ == "__main__":
    main()
