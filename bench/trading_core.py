"""Speed and memory of the pure trading core: .venv/bin/python bench/trading_core.py

Quotes are made before the clock starts; only Shard.on_quote is measured, in this process.
"""

import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

from fintank.trading.limits import Limits
from fintank.trading.messages import Order, OrdType, Quote, Side, TimeInForce
from fintank.trading.shard import Shard

QUOTES = 100_000
ROUNDS = 5
RESTING = 10_000
OPEN = 100_000
START_US = 1_438_539_936_000_000
EXCHANGES = ("NYSE", "NASDAQ")
LINE = "{:<58}{:>9} {}"


def main() -> None:
    """Measure and print."""
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, {platform.machine()}, {platform.platform()}, load {load:.1f}")
    print(f"Python {platform.python_version()}, best of {ROUNDS} x {QUOTES:,} quotes of two exchanges")
    say("a quote on a symbol with no open order (goal: under 2)", microseconds(lambda: Shard(Limits())))
    far = f"a quote with {RESTING:,} limit orders far from the market (goal: under 4)"
    say(far, microseconds(resting_shard))
    memory = megabytes()
    print(LINE.format(f"{OPEN:,} open orders (goal: under 200)", f"{memory:.0f}", "MB"))
    sys.stdout.flush()


def say(what: str, value: float) -> None:
    """Print one figure."""
    print(LINE.format(what, f"{value:.2f}", "us"))


def microseconds(make: Callable[[], Shard]) -> float:
    """Return the microseconds per quote in the best round."""
    best = float("inf")
    for _ in range(ROUNDS):
        shard = make()
        quotes = list(walk())
        on_quote, log_us = shard.on_quote, START_US
        started = time.perf_counter()
        for quote in quotes:
            on_quote(quote, log_us)
        best = min(best, time.perf_counter() - started)
    return best / QUOTES * 1_000_000


def walk() -> Iterator[Quote]:
    """Make quotes of one symbol: a cent up, a cent down, with sizes."""
    for number in range(QUOTES):
        cents = 9_400 + number % 7
        bid, ask = f"{cents // 100}.{cents % 100:02d}", f"{(cents + 3) // 100}.{(cents + 3) % 100:02d}"
        time_us = START_US + number * 100
        yield Quote("IVE", EXCHANGES[number % 2], time_us, 0, number, bid, ask, "300", "200")


def resting_shard() -> Shard:
    """Make a shard with limit orders that no quote of `walk` touches."""
    shard = Shard(Limits())
    for number in range(RESTING):
        side = Side.BUY if number % 2 else Side.SELL
        cents = 5_000 + number // 10 if side is Side.BUY else 15_000 + number // 10
        shard.on_order(limit_order(number, side, Decimal(cents) / 100), START_US)
    shard.on_quote(next(walk()), START_US)
    return shard


def limit_order(number: int, side: Side, price: Decimal) -> Order:
    """Make an order with its own strings, as a parsed one has."""
    return Order(
        cl_ord_id=f"bench-20260102-030405-000006-{number}",
        account=f"A-{number % 1000}",
        symbol="IVE",
        side=side,
        order_qty=Decimal(number % 100 + 1),
        cash_order_qty=None,
        ord_type=OrdType.LIMIT,
        priority=1,
        time_in_force=TimeInForce.GTC,
        list_id=None,
        order_time_us=START_US + number,
        content_hash=f"{number:064d}",
        input=f"orders-{number % 4}-{number}",
        price=price,
    )


def megabytes() -> float:
    """Return the memory of OPEN orders: the growth of this process in MB."""
    shard = Shard(Limits())
    shard.on_quote(next(walk()), START_US)
    before = _resident_kib()
    for number in range(OPEN):
        shard.on_order(limit_order(number, Side.BUY, Decimal(5_000 + number % 4_000) / 100), START_US)
    return (_resident_kib() - before) / 1024


def _resident_kib() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return pages * resource.getpagesize() // 1024


if __name__ == "__main__":
    main()
