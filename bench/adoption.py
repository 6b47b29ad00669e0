"""Time and memory to adopt a shard of terminal orders: .venv/bin/python bench/adoption.py [--orders 1000000]

Uses its own broker on a free port. Writing the orders is not measured; reading and restoring them is, in a
process of its own.
"""

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.stack import stopped_stack

from fintank.adapters.journal import adopt
from fintank.adapters.kafka import connect, ensure_topics
from fintank.services import lifecycle
from fintank.trading.changes import ClosedOrder
from fintank.trading.limits import Limits
from fintank.trading.messages import Identity, OrdStatus
from fintank.trading.recovery import restore

ACCOUNTS = 1_000
TRANSACTION_RECORDS = 50_000
START_US = 1_438_539_936_000_000
LINE = "{:<58}{:>9} {}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--orders", type=int, default=1_000_000, help="number of orders (default: 1000000)")
    orders = parser.parse_args().orders
    with tempfile.TemporaryDirectory(prefix="fintank-bench-") as home, stopped_stack(home) as stack:
        lifecycle.up(stack.settings, print)
        with connect(stack.settings.kafka) as admin:
            ensure_topics(admin)
        write(stack.settings.kafka, 0, orders)
        seconds, cpu_seconds, megabytes = measured(stack.settings.kafka, 0)
        megabytes_of_none = measured(stack.settings.kafka, 1)[-1]
    what = f"adopting a shard of {orders:,} terminal orders (goal: under 20)"
    print(LINE.format(what, f"{seconds:.1f}", f"s ({cpu_seconds:.1f} s of CPU)"))
    print(LINE.format("memory at its peak (goal: under 500)", f"{megabytes:.0f}", "MB"))
    print(LINE.format("the same for a shard without orders", f"{megabytes_of_none:.0f}", "MB"))


def write(address: str, shard: int, orders: int) -> None:
    """Write a shard's journal of so many terminal orders."""
    log, _ = adopt(address, shard, print)
    made = terminal_orders(orders)
    for start in range(0, orders, TRANSACTION_RECORDS):
        log.commit((), (), [next(made) for _ in range(start, min(start + TRANSACTION_RECORDS, orders))])


def terminal_orders(orders: int) -> Iterator[ClosedOrder]:
    """Make orders of one symbol, one a millisecond."""
    for number in range(orders):
        identity = Identity(f"A-{number % ACCOUNTS}", "IVE", f"deposit-20260102-030405-{number:09d}-IVE")
        yield ClosedOrder(START_US + 1_000 * number, identity, f"{number:064x}", OrdStatus.FILLED)


def measured(address: str, shard: int) -> tuple[float, float, float]:
    """Do `adopted` in a new process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(adopted, address, shard).result()


def adopted(address: str, shard: int) -> tuple[float, float, float]:
    """Adopt a shard; return the seconds, those of CPU, and the most megabytes that this process ever had."""
    started, started_cpu = time.monotonic(), time.process_time()
    _, entries = adopt(address, shard, print)
    shard_ = restore(Limits(), entries)
    seconds, cpu_seconds = time.monotonic() - started, time.process_time() - started_cpu
    assert shard_.state.registry.open_count == 0
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    )
    return seconds, cpu_seconds, int(status["VmHWM"].split()[0]) / 1024


if __name__ == "__main__":
    main()
